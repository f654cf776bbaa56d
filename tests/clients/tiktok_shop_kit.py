"""What the Python scripts for TikTok Shop share: its shops, buyers, notes and a seller's consent."""

import base64

import kit

MANIFEST = kit.MANIFEST["tiktok_shop"]
API = MANIFEST["api_url"]
APP_KEY, APP_SECRET = MANIFEST["app_key"], MANIFEST["app_secret"]
CASA, SERRA = MANIFEST["shops"]


def control(method, path, body=None):
    return kit.control(method, path, body, api=API)


def consent(url, shop=CASA, decision="approve"):
    """Decides on the consent page; gives the query that the browser comes back with."""
    return kit.query_of(kit.decide(url, shop_id=shop["shop_id"], decision=decision))


def sell(sku, quantity=1, **fields):
    """A buyer buys and is past the hour of remorse; gives the id of the order."""
    request = {"sku": sku, "quantity": quantity, "shop_id": CASA["shop_id"]} | fields
    order = control("POST", "/sales", request)["orders"][0]
    control("POST", f"/orders/{order}/end_remorse", {})
    return order


def pass_time(seconds):
    control("POST", "/time", {"advance_seconds": seconds})


def note(number, shop=CASA):
    """The base64 of a small NF-e of a shop, its key with the check digit that belongs to it."""
    body = f"352611{shop['cnpj']:0>14}55001{number:09}1{number:08}"
    total = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(reversed(body)))
    check = 0 if total % 11 < 2 else 11 - total % 11
    xml = f'<nfeProc><NFe><infNFe Id="NFe{body}{check}" versao="4.00"></infNFe></NFe></nfeProc>'
    return base64.b64encode(xml.encode()).decode()
