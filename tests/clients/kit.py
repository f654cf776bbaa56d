"""What the Python scripts of this folder share: steps, the world behind the sandbox, and a person's consent.

Only the standard library, so that nothing here changes what a client brings along.
"""

import html
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

with open(os.environ["SANDBOX_MANIFEST"], encoding="utf-8") as file:
    MANIFEST = json.load(file)
API = MANIFEST["api_url"]
APP = MANIFEST["apps"][0]
REDIRECT_URI = APP["redirect_uris"][0]
CLASSIC, FAMILY = MANIFEST["sellers"][:2]


class Steps:
    """Prints one line for each step; a step that fails does not end the others."""

    def __init__(self, client):
        self.client = client
        self.failed = 0

    def __call__(self, name):
        """Runs the decorated function at once as the step `name`; gives what it gave."""

        def run(step):
            try:
                value = step()
            except Exception as error:  # whatever a client raises is what the step found
                self.failed += 1
                said = f"{type(error).__name__}: {error}".replace("\n", " ")
                print(f"FAIL {self.client}: {name}: {said}", file=sys.__stdout__, flush=True)
                return None
            # Clients print as well, and their words are no steps.
            print(f"ok   {self.client}: {name}", file=sys.__stdout__, flush=True)
            return value

        return run

    def end(self):
        sys.exit(1 if self.failed else 0)


def same(found, wanted):
    if found != wanted:
        raise AssertionError(f"expected {wanted!r}, got {found!r}")


def refused(error_type, act):
    """What `act` raises, which must be of `error_type`."""
    try:
        act()
    except error_type as error:
        return error
    raise AssertionError(f"expected {error_type.__name__}, and nothing was refused")


def control(method, path, body=None, api=API):
    """A call of the control API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{api}/_sandbox{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def rules(**switches):
    control("PUT", "/rules", switches)


def sell(sku, quantity=1):
    """A buyer buys and the parcel is made; gives the id of the order."""
    order = control("POST", "/sales", {"sku": sku, "quantity": quantity})["orders"][0]
    control("POST", "/time", {"advance_seconds": 60})
    return order


def item(title, **fields):
    """A listing of the classic model that is in order."""
    listing = {
        "title": title, "category_id": "MLB3530", "price": 49.9, "currency_id": "BRL", "available_quantity": 10,
        "buying_mode": "buy_it_now", "condition": "new", "listing_type_id": "gold_special",
        "pictures": [{"source": "https://img.example/a.jpg"}],
        "attributes": [{"id": "SELLER_SKU", "value_name": "CLIENT-1"}],
    }
    return listing | fields


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


BROWSER = urllib.request.build_opener(NoRedirect)


def sent_on(url, data=None):
    """The page at an address and, when it sends the browser on, where to."""
    try:
        return BROWSER.open(url, data, timeout=10).read().decode(), None
    except urllib.error.HTTPError as answer:
        if answer.code == 302:
            return "", answer.headers["location"]
        raise


def decide(url, **choice):
    """Opens a consent page as a person would and sends its form; gives the address that the browser is sent to."""
    page, onwards = sent_on(url)
    if onwards:
        return decide(onwards, **choice)
    action = re.search(r'<form method="post" action="([^"]+)"', page)[1]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    fields = {name: html.unescape(value) for name, value in fields.items()} | choice
    _, callback = sent_on(urllib.parse.urljoin(url, action), urllib.parse.urlencode(fields).encode())
    if not callback:
        raise AssertionError("the consent page sent the browser nowhere")
    return callback


def consent(url, seller=CLASSIC, decision="approve"):
    """Decides on Mercado Livre's authorization page; gives the address that the browser is sent to."""
    return decide(url, user_id=str(seller["user_id"]), decision=decision)


def query_of(address):
    """The fields of an address's query."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


def code_from(callback):
    return query_of(callback)["code"]


def eventually(look, tries=50):
    """What `look` finds, asked again for five seconds while it finds nothing."""
    for _ in range(tries):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")
