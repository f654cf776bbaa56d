"""pyshopee, its client of the second version: host built in, the signed link of old, addresses put together by hand.
Reached through the gateway. It turns every answer that is not 2xx into its status."""

import os
import sys
import time

from kit import Steps, refused, same
from pyshopee2 import Client
from shopee_kit import COMPANY, MANIFEST, PERSON, REDIRECT_URI, consent, control, pass_time, sell

step = Steps("pyshopee")
sys.stdout = open(os.devnull, "w", encoding="utf-8")  # it prints each address, token and all


def client_of(shop, key=MANIFEST["partner_key"], **tokens):
    return Client(shop["shop_id"], MANIFEST["partner_id"], key, REDIRECT_URI, **tokens)


client = client_of(PERSON)


def good(answer):
    same(answer["error"], "")
    return answer.get("response", answer)


@step("the signed link of old gives a code, which becomes tokens once")
def _():
    back = consent(client.shop_authorization(REDIRECT_URI), PERSON)
    same(back["shop_id"], str(PERSON["shop_id"]))
    client.code = back["code"]
    same(client.get_token()[1], 14400)
    refused(KeyError, client.get_token)


@step("a refresh token is good once")
def _():
    spent = client.refresh_token

    def refresh(token):
        return client.get_access_token(PERSON["shop_id"], MANIFEST["partner_id"], MANIFEST["partner_key"], token)

    same(refresh(spent)[2] != spent, True)
    refused(KeyError, lambda: refresh(spent))


@step("shop and profile")
def _():
    same(good(client.shop.get_shop_info())["shop_name"], PERSON["shop_name"])
    same(good(client.shop.get_profile())["shop_name"], PERSON["shop_name"])


@step("a wrong key and a garbage token are refused by the gateway")
def _():
    same(client_of(PERSON, key="wrong", access_token=client.access_token).shop.get_shop_info()["error"], 403)
    same(client_of(PERSON, access_token="x").shop.get_shop_info()["error"], 403)


@step("what the platform has renamed since is not found")
def _():
    for old in (client.public.get_shop_by_partner, client.push.get_push_config):
        same(old()["error"], 404)
    same(client.product.get_attributes(category_id=1)["error"], 404)


@step("categories, a recommendation, brands and limits")
def _():
    tree = good(client.product.get_category(language="pt-br"))["category_list"]
    leaf = next(row for row in tree if not row["has_children"])
    brands = good(client.product.get_brand_list(category_id=leaf["category_id"], status=1, offset=0, page_size=10))
    same(brands["brand_list"][0]["brand_id"], 0)
    same(len(good(client.product.category_recommend(item_name="Garrafa térmica inox"))["category_id"]) > 0, True)
    same("price_limit" in good(client.product.get_item_limit(category_id=leaf["category_id"])), True)


@step("items are listed page by page, two statuses in one parameter")
def listed():
    seen, offset = [], 0
    while True:
        page = good(client.product.get_item_list(offset=offset, page_size=4, item_status="NORMAL,UNLIST"))
        seen += [row["item_id"] for row in page["item"]]
        if not page["has_next_page"]:
            same(len(set(seen)), page["total_count"])
            return seen
        offset = page["next_offset"]


@step("items are read together, joined by commas and as a list in brackets")
def _():
    for ids in (f"{listed[0]},{listed[1]}", listed[:2]):
        rows = good(client.product.get_item_base_info(item_id_list=ids))["item_list"]
        same({row["item_id"] for row in rows}, set(listed[:2]))
    same(len(good(client.product.get_item_extra_info(item_id_list=f"{listed[0]}"))["item_list"]), 1)


@step("stock and price are written and read back")
def _():
    item = good(client.product.search_item(item_sku="PEN-64", page_size=5))["item_id_list"][0]
    models = good(client.product.get_model_list(item_id=item))["model"]
    model = models[0]["model_id"] if models else 0
    stock = client.product.update_stock(item_id=item, stock_list=[{"model_id": model, "seller_stock": [{"stock": 21}]}])
    same(good(stock)["success_list"][0]["stock"], 21)
    price = client.product.update_price(item_id=item, price_list=[{"model_id": model, "original_price": 31.5}])
    same(good(price)["success_list"][0]["original_price"], 31.5)


@step("the stock of old, normal_stock, is refused")
def _():
    answer = client.product.update_stock(item_id=listed[0], stock_list=[{"model_id": 0, "normal_stock": 5}])
    failed = answer.get("response", {}).get("failure_list") or answer["error"]
    same(bool(failed), True)


@step("orders are listed with a cursor and read")
def order():
    bought = sorted(sell("PEN-64") for _ in range(3))
    now, seen, cursor = int(time.time()), [], ""
    while True:
        page = good(client.order.get_order_list(
            time_range_field="create_time", time_from=now - 3600, time_to=now + 3600, page_size=2, cursor=cursor))
        seen += [row["order_sn"] for row in page["order_list"]]
        if not page["more"]:
            break
        cursor = page["next_cursor"]
    same(sorted(seen), bought)
    fields = "item_list,package_list,recipient_address"
    detail = client.order.get_order_detail(order_sn_list=",".join(bought), response_optional_fields=fields)
    rows = good(detail)["order_list"]
    same([row["order_sn"] for row in rows], bought)
    same(rows[0]["recipient_address"]["phone"], "****")
    return rows[0]


@step("a note, a cancellation, and an unknown order")
def _():
    same(client.order.set_note(order_sn=order["order_sn"], note="presente")["error"], "")
    bought = sell("PEN-64")
    same("update_time" in good(client.order.cancel_order(order_sn=bought, cancel_reason="CUSTOMER_REQUEST")), True)
    same(client.order.get_order_detail(order_sn_list="260101NOBODY00")["error"], "error_not_found")


@step("a parcel is arranged, gets its number and a label")
def _():
    sn = order["order_sn"]
    same("dropoff" in good(client.logistics.get_shipping_parameter(order_sn=sn))["info_needed"], True)
    same(client.logistics.ship_order(order_sn=sn, dropoff={})["error"], "")
    pass_time(60)
    number = good(client.logistics.get_tracking_number(order_sn=sn))["tracking_number"]
    rows = [{"order_sn": sn, "tracking_number": number, "shipping_document_type": "THERMAL_AIR_WAYBILL"}]
    good(client.logistics.create_shipping_document(order_list=rows))
    for state in ("PROCESSING", "READY"):
        shown = good(client.logistics.get_shipping_document_result(order_list=rows))["result_list"][0]
        same(shown["status"], state)


@step("it reads every answer as JSON, so a label fails in its hands and not in the sandbox")
def _():
    rows = [{"order_sn": order["order_sn"]}]
    refused(ValueError, lambda: client.logistics.download_shipping_document(
        shipping_document_type="THERMAL_AIR_WAYBILL", order_list=rows))


@step("a company's parcel waits for its NF-e")
def _():
    company = client_of(COMPANY, access_token=COMPANY["access_token"])
    answer = company.logistics.get_shipping_parameter(order_sn=sell("TEC-MEC-60"))
    same(answer["error"], "logistics.lack_of_invoice_data")


@step("channels, addresses and money")
def _():
    same(len(good(client.logistics.get_channel_list())["logistics_channel_list"]) > 0, True)
    same(len(good(client.logistics.get_address_list())["address_list"]), 1)
    same(good(client.payment.get_escrow_detail(order_sn=order["order_sn"]))["order_sn"], order["order_sn"])
    same(client.payment.get_wallet_transaction_list(page_no=0, page_size=10)["error"], "")


@step("comments are read and answered")
def _():
    made = control("POST", "/comments", {"order_sn": order["order_sn"], "stars": 5})["comment_id"]
    page = good(client.product.get_comment(cursor="", page_size=10))
    same(page["item_comment_list"][0]["comment_id"], made)
    same(client.product.reply_comment(comment_list=[{"comment_id": made, "comment": "Obrigado!"}])["error"], "")


step.end()
