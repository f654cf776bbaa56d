"""mercadolibre-wrapper: hosts built in, Bearer and x-format-new on every call. Reached through the gateway."""

from kit import APP, CLASSIC, Steps, refused, rules, same, sell
from mercadolibre.client import MercadoLibre
from mercadolibre.error import Error
from mercadolibre.exceptions import ItemNotFount

step = Steps("mercadolibre-wrapper")
client = MercadoLibre(APP["client_id"], APP["client_secret"], site_id="MLB")
seller = CLASSIC["user_id"]
# Its own sign-in waits for the browser on every address of the machine, so it starts from a pair of tokens.
client.access_token, client._refresh_token = CLASSIC["access_token"], CLASSIC["refresh_token"]


@step("a refresh gives a new pair")
def _():
    rules(token_query_allowed=True)
    client.refresh_token()
    rules(token_query_allowed=False)
    same((client.user_id, client.access_token != CLASSIC["access_token"]), (seller, True))


@step("a seller by id, with the trailing slash it always sends")
def _():
    same(client.get_seller_name(seller), CLASSIC["nickname"])


@step("items of a seller, and one of them")
def _():
    found = client.get_products_by_seller(seller).get_data()
    same(client.get_product(found[0]).data["seller_id"], seller)


@step("orders, and one of them with its pack")
def order():
    bought = sell("CAN-INOX-500")
    same(bought in [one["id"] for one in client.get_orders_by_seller(seller).get_data()], True)
    shown = client.get_order(bought).data
    if shown["pack_id"]:
        same({"id": bought} in client.get_pack(shown["pack_id"]).data["orders"], True)
    return shown


@step("a parcel in the new format, and its costs")
def _():
    parcel = client.get_shipment_by_shipment_id(order["shipping"]["id"]).data
    same(parcel["logistic"]["mode"], "me2")
    same(client.get_shipment_costs(parcel["id"]).data["receiver"]["user_id"], order["buyer"]["id"])


@step("an unknown item is recognised by its error code")
def _():
    refused(ItemNotFount, lambda: client.get_product("MLB1"))


@step("the public search is forbidden")
def _():
    same(refused(Error, lambda: client.search_items_by_query("caneca")).http_status, 403)


step.end()
