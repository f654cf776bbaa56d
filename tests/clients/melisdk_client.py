"""melisdk: the old official Python client, kept alive. It sends the OAuth fields in the query."""

import requests
from kit import API, APP, CLASSIC, REDIRECT_URI, Steps, code_from, consent, control, item, refused, rules, same, sell
from melisdk import Meli

step = Steps("melisdk")
meli = Meli(APP["client_id"], APP["client_secret"], auth_url_key="BRA")
meli.API_ROOT_URL = meli.AUTH_URL = API
seller = CLASSIC["user_id"]


def headers():
    return {"Authorization": f"Bearer {meli.access_token}", "x-format-new": "true", "X-New-Domain": "true"}


def ok(answer, status=200):
    if answer.status_code != status:
        raise AssertionError(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}")
    return answer


def get(path, **params):
    return ok(meli.get(path, params, headers())).json()


@step("OAuth fields in the query are refused while the rules are strict")
def _():
    code = code_from(consent(meli.auth_url(REDIRECT_URI)))
    same(refused(requests.HTTPError, lambda: meli.authorize(code, REDIRECT_URI)).response.json()["error"], "invalid_request")


@step("a code becomes tokens")
def _():
    rules(token_query_allowed=True)
    meli.authorize(code_from(consent(meli.auth_url(REDIRECT_URI))), REDIRECT_URI)
    same(meli.access_token.startswith("APP_USR-") and meli.refresh_token.startswith("TG-"), True)


@step("a refresh gives a new pair")
def _():
    before = (meli.access_token, meli.refresh_token)
    meli.get_refresh_token()
    same(meli.access_token != before[0] and meli.refresh_token != before[1], True)
    same(meli.expires_in, 21600)


@step("users/me")
def _():
    same(get("/users/me")["id"], seller)


@step("categories, their attributes, the predictor and the fees")
def _():
    leaf = get("/categories/MLB3530")
    same(leaf["settings"]["listing_allowed"], True)
    same(any(entry["id"] == "SELLER_SKU" for entry in get("/categories/MLB3530/attributes")), True)
    same(get("/sites/MLB/domain_discovery/search", q="fone bluetooth", limit=1)[0]["category_id"][:3], "MLB")
    fees = get("/sites/MLB/listing_prices", price=100, category_id="MLB3530", listing_type_id="gold_special")
    fees = fees if isinstance(fees, dict) else fees[0]
    same(fees["sale_fee_amount"] > 0, True)


@step("an item that lacks something is refused with its causes")
def _():
    answer = meli.post("/items", item("Item de Teste", pictures=[], price=0), extra_headers=headers())
    same((answer.status_code, answer.json()["error"]), (400, "validation_error"))
    same({"cause_id", "code", "message", "type"} <= set(answer.json()["cause"][0]), True)


@step("an item is validated and created")
def published():
    body = item("Item de Teste - Nao Ofertar")
    ok(meli.post("/items/validate", body, extra_headers=headers()), 204)
    return ok(meli.post("/items", body, extra_headers=headers()), 201).json()["id"]


@step("an item is changed and read back")
def _():
    ok(meli.put(f"/items/{published}", {"price": 59.9, "available_quantity": 7}, extra_headers=headers()))
    shown = get(f"/items/{published}", attributes="price,available_quantity")
    same(shown, {"price": 59.9, "available_quantity": 7})


@step("a description is written and read back")
def _():
    ok(meli.post(f"/items/{published}/description", {"plain_text": "Linha 1\nLinha 2"}, extra_headers=headers()), 201)
    same(get(f"/items/{published}/description")["plain_text"], "Linha 1\nLinha 2")


@step("items are searched and read together")
def _():
    found = get(f"/users/{seller}/items/search", seller_sku="CLIENT-1")["results"]
    same(published in found, True)
    entry = get("/items/bulk", ids=f"{published},MLB1")
    same([one["status_code"] for one in entry], [200, 404])


@step("an item is paused and closed")
def _():
    for status in ("paused", "closed"):
        same(ok(meli.put(f"/items/{published}", {"status": status}, extra_headers=headers())).json()["status"], status)


@step("a sale is found and read")
def order():
    bought = sell("CAN-INOX-500", 2)
    found = get("/orders/search", seller=seller, q=bought)
    same([one["id"] for one in found["results"]], [bought])
    shown = get(f"/orders/{bought}")
    same((shown["status"], shown["order_items"][0]["quantity"]), ("paid", 2))
    return shown


@step("its parcel is read, and its costs, items and history")
def shipment():
    shown = get(f"/shipments/{order['shipping']['id']}")
    same((shown["status"], shown["substatus"]), ("ready_to_ship", "invoice_pending"))
    same(get(f"/shipments/{shown['id']}/costs")["senders"][0]["user_id"], seller)
    same(get(f"/shipments/{shown['id']}/orders")[0]["order_id"], str(order["id"]))
    same(len(get(f"/shipments/{shown['id']}/history")) > 0, True)
    return shown["id"]


@step("the label waits for the note, then comes as PDF and as ZPL")
def _():
    waiting = meli.get("/shipment_labels", {"shipment_ids": shipment, "response_type": "pdf"}, headers())
    same((waiting.status_code, waiting.json()["error"]), (400, "not_printable_status"))
    control("PUT", f"/shipments/{shipment}", {"status": "ready_to_ship", "substatus": "ready_to_print"})
    pdf = ok(meli.get("/shipment_labels", {"shipment_ids": shipment, "response_type": "pdf"}, headers()))
    same(pdf.content[:5], b"%PDF-")
    zpl = ok(meli.get("/shipment_labels", {"shipment_ids": shipment, "response_type": "zpl2"}, headers()))
    same(zpl.content[:2], b"PK")
    same(get(f"/shipments/{shipment}")["substatus"], "printed")


@step("a question is found and answered once")
def _():
    asked = get(f"/users/{seller}/items/search")["results"][0]
    control("POST", "/questions", {"item_id": asked, "text": "Tem na cor azul?"})
    found = get("/questions/search", seller_id=seller, status="UNANSWERED", api_version=4)["questions"][0]
    answer = {"question_id": found["id"], "text": "Temos sim."}
    same(ok(meli.post("/answers", answer, extra_headers=headers())).json()["status"], "ANSWERED")
    same(meli.post("/answers", answer, extra_headers=headers()).status_code, 400)


@step("the conversation after the sale is read")
def _():
    control("POST", "/messages", {"order_id": order["id"], "text": "Quando chega?"})
    pack = order["pack_id"] or order["id"]
    page = get(f"/messages/packs/{pack}/sellers/{seller}", tag="post_sale", mark_as_read="false")
    same(page["messages"][0]["text"], "Quando chega?")


@step("a claim is found")
def _():
    claim = control("POST", "/claims", {"order_id": order["id"], "problem": "PNR"})["claim_id"]
    found = get("/post-purchase/v1/claims/search", **{"order_id": order["id"]})["data"]
    same([one["id"] for one in found], [claim])


@step("an unknown item, a garbage token and a missing one are told apart")
def _():
    same(meli.get("/items/MLB1", None, headers()).status_code, 404)
    same(meli.get("/users/me", None, {"Authorization": "Bearer x"}).status_code, 400)
    same(meli.get("/users/me").json()["message"], "authorization value not present")


@step("a refresh token that was used kills its family")
def _():
    spent = meli.refresh_token
    meli.get_refresh_token()
    thief = Meli(APP["client_id"], APP["client_secret"], refresh_token=spent)
    thief.API_ROOT_URL = API
    same(refused(requests.HTTPError, thief.get_refresh_token).response.json()["error"], "invalid_grant")
    same(meli.get("/users/me", None, headers()).status_code, 401)


step.end()
