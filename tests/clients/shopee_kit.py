"""What the Python scripts for Shopee share: its shops, buyers and a seller's consent."""

import kit

MANIFEST = kit.MANIFEST["shopee"]
API = MANIFEST["api_url"]
# The shop of a company, which needs an NF-e for each parcel, and the one of a person, which does not.
COMPANY, PERSON = MANIFEST["shops"]
REDIRECT_URI = "http://127.0.0.1:8080/callback"


def control(method, path, body=None):
    return kit.control(method, path, body, api=API)


def consent(url, shop):
    """Approves on Shopee's page; gives the query that the browser comes back with."""
    return kit.query_of(kit.decide(url, account=str(shop["shop_id"]), otp="123456"))


def sell(sku, **fields):
    """A buyer buys; gives the number of the order."""
    return control("POST", "/sales", {"sku": sku} | fields)["orders"][0]


def pass_time(seconds):
    control("POST", "/time", {"advance_seconds": seconds})
