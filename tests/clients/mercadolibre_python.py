"""mercadolibre-python: hosts built in, token and OAuth fields in the query. Reached through the gateway."""

from kit import APP, CLASSIC, REDIRECT_URI, Steps, code_from, consent, rules, same
from mercadolibre.client import Client

step = Steps("mercadolibre-python")
rules(token_query_allowed=True, access_token_query_allowed=True)
client = Client(APP["client_id"], APP["client_secret"], site="MLB")
seller = CLASSIC["user_id"]


@step("a code becomes tokens, at the built-in hosts")
def _():
    token = client.exchange_code(REDIRECT_URI, code_from(consent(client.authorization_url(REDIRECT_URI))))
    same(token["user_id"], seller)
    client.set_token(token)
    same(client.is_valid_token, True)


@step("a refresh gives a new pair")
def _():
    before = client.access_token
    client.set_token(client.refresh_token())
    same(client.access_token not in (None, before), True)


@step("users, addresses and the application")
def _():
    same(client.me()["id"], seller)
    same(client.get_user(seller)["nickname"], CLASSIC["nickname"])
    same(client.get_user_address(seller)[0]["country"]["id"], "BR")
    same(client.get_application(APP["client_id"])["max_requests_per_hour"], 18000)


@step("sites, currencies and listing types")
def _():
    same("MLB" in [site["id"] for site in client.get_sites()], True)
    same(client.get_currency("BRL")["decimal_places"], 2)
    same("gold_special" in [kind["id"] for kind in client.get_listing_types("MLB")], True)


@step("categories and attributes")
def _():
    same(len(client.get_categories("MLB")) > 0, True)
    same(client.get_category("MLB3530")["id"], "MLB3530")
    same(len(client.get_category_attributes("MLB3530")) > 0, True)


@step("an item is listed; the description in the same body is dropped")
def _():
    listed = client.list_item(
        "Item de Teste", "new", "MLB3530", 49.9, "BRL", 3, "buy_it_now", "gold_special", "90 dias",
        description="Uma frase", pictures="https://img.example/a.jpg")
    same(listed.get("id", listed)[:3], "MLB")
    same(listed["descriptions"], [])


@step("errors come as the documents that the client hands on")
def _():
    same(client.get_category("MLB999999999")["status"], 404)
    client.set_token("APP_USR-0-0-0-0")
    same(client.me(), {"code": "unauthorized", "message": "invalid access token"})


step.end()
