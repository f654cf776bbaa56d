"""What the Python scripts of this folder share: steps, the world behind the sandbox, and a person's consent.

Only the standard library, so that nothing here changes what a client brings along.
"""

import html
import json
import os
import re
import sys
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
                print(f"FAIL {self.client}: {name}: {type(error).__name__}: {error}", flush=True)
                return None
            print(f"ok   {self.client}: {name}", flush=True)
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


def control(method, path, body=None):
    """A call of the control API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{API}/_sandbox{path}", data=data, method=method)
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


def consent(url, seller=CLASSIC, decision="approve"):
    """Opens an authorization URL as a person would and decides; gives the address that the browser is sent to."""
    page = BROWSER.open(url, timeout=10).read().decode()
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    fields = {name: html.unescape(value) for name, value in fields.items()}
    fields |= {"user_id": str(seller["user_id"]), "decision": decision}
    try:
        BROWSER.open(urllib.parse.urljoin(url, "/authorization"), urllib.parse.urlencode(fields).encode(), timeout=10)
    except urllib.error.HTTPError as answer:
        if answer.code == 302:
            return answer.headers["location"]
        raise
    raise AssertionError("the authorization page sent the browser nowhere")


def code_from(callback):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)["code"][0]
