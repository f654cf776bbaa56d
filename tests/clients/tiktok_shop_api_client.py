"""tiktok-shop-api: generated from the platform's documents, one method for each operation, one class for each body.

Hosts built in, reached through the gateway. Since its classes are the documents' own names and types, every answer is
held against them: a field they do not know, or of another type, is a failed step.
"""

import http.server
import io
import struct
import threading
import urllib.request
import zlib

import attrs
from kit import Steps, eventually, refused, same
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError, Webhooks, WebhookSignatureError
from tiktok_shop_api.generated import models
from tiktok_shop_api.generated.types import UNSET, File
from tiktok_shop_kit import APP_KEY, APP_SECRET, CASA, MANIFEST, SERRA, consent, control, note, pass_time, sell

step = Steps("tiktok-shop-api")
auth = TikTokShopAuth(APP_KEY, APP_SECRET, MANIFEST["service_id"])
shop = TikTokShop(APP_KEY, APP_SECRET)

SIMPLE = {"str": str, "int": int, "bool": bool, "float": (int, float)}
# What the sandbox sends on purpose although these documents do not list it.
KNOWN = set()


def oddities(value, where=""):
    """Fields of an answer that the documents do not know, or know as something else."""
    if isinstance(value, list):
        for entry in value:
            yield from oddities(entry, where)
    elif attrs.has(type(value)):
        for name in value.additional_properties:
            yield f"{where}.{name} is not documented"
        for field in attrs.fields(type(value)):
            found = getattr(value, field.name)
            if field.name == "additional_properties" or found is UNSET or found is None:
                continue
            words = str(field.type).split(" | ")
            wanted = tuple(SIMPLE[word] for word in words if word in SIMPLE)
            fits = isinstance(found, wanted) and isinstance(found, bool) == ("bool" in words) if wanted else True
            if not fits:
                yield f"{where}.{field.name} is a {type(found).__name__}, documented as {words[0]}"
            yield from oddities(found, f"{where}.{field.name}")


def data_of(answer):
    """The data of an answer that holds nothing but what is documented."""
    found = sorted(set(oddities(answer)) - KNOWN)
    if found:
        raise AssertionError("; ".join(found))
    return answer.data


def body(name, **fields):
    return getattr(models, name).from_dict(fields)


def refusal(call, code, status=200):
    error = refused(TikTokShopError, call)
    same((error.code, error.http_status), (code, status))
    same(error.request_id != "", True)
    return error


def picture(side):
    """A grey square as PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = (b"\0" + b"\x80" * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@step("the consent page gives a code and the state back")
def code():
    url = auth.authorization_url(type="seller", region="row", state="s 1")
    back = consent(url)
    same((back["state"], back["app_key"]), ("s 1", APP_KEY))
    same(consent(url, decision="deny")["error"], "auth_denied")
    return back["code"]


@step("a code becomes tokens once")
def tokens():
    pair = auth.exchange_code(code)
    same((pair.seller_name, pair.seller_base_region, pair.user_type), (CASA["name"], "BR", 0))
    same("seller.order.info" in pair.granted_scopes and pair.access_token_expire_in > 1_700_000_000, True)
    refusal(lambda: auth.exchange_code(code), 36_004_004)
    return pair


@step("a refresh token is good once")
def _():
    global shop
    pair = auth.refresh(tokens.refresh_token)
    refusal(lambda: auth.refresh(tokens.refresh_token), 36_004_005)
    same(pair.refresh_token != tokens.refresh_token, True)
    shop = shop.with_shop(access_token=pair.access_token)
    found = data_of(shop.authorization.get_authorized_shops()).shops[0]
    same((found.id, found.cipher, found.region), (CASA["shop_id"], CASA["cipher"], "BR"))
    shop = shop.with_shop(shop_cipher=found.cipher)


@step("shops and permissions of the seller, warehouses, delivery options, carriers")
def warehouse():
    same(data_of(shop.seller.get_active_shops()).shops[0].id, CASA["shop_id"])
    data_of(shop.seller.get_global_product_permission())
    rows = data_of(shop.logistics.get_warehouse_list()).warehouses
    sales = next(row for row in rows if row.type_ == "SALES_WAREHOUSE")
    options = data_of(shop.logistics.get_warehouse_delivery_options(sales.id)).delivery_options
    refusal(lambda: shop.logistics.get_shipping_providers(options[0].id), 21_008_117)
    same(len(data_of(shop.logistics.get_shipping_providers(options[1].id)).shipping_providers) > 0, True)
    return sales.id


@step("a wrong secret, a garbage token, another shop's cipher and a missing one are told apart")
def _():
    call = {"access_token": CASA["access_token"], "shop_cipher": CASA["cipher"]}
    orders = lambda client: lambda: client.orders.get_order_list(page_size=1)  # noqa: E731
    refusal(orders(TikTokShop(APP_KEY, "wrong", **call)), 106_001, 401)
    refusal(orders(TikTokShop("nobody", APP_SECRET, **call)), 36_009_004, 400)
    refusal(orders(shop.with_shop(access_token="x")), 36_009_004, 401)
    refusal(orders(shop.with_shop(shop_cipher=SERRA["cipher"])), 101_000, 400)
    refusal(orders(shop.with_shop(shop_cipher=None)), 106_013, 400)


@step("the catalogue: categories, attributes, rules, brands, a recommendation, prerequisites")
def _():
    products = shop.products
    title = body("RecommendCategoryRequest", product_title="Garrafa Térmica Inox")
    found = data_of(products.recommend_category(body=title))
    same(len(data_of(products.get_categories()).categories) > 10, True)
    attributes = data_of(products.get_category_attributes(found.leaf_category_id)).attributes
    same(any(row.id == "100157" for row in attributes), True)
    data_of(products.get_category_rules(found.leaf_category_id))
    same(len(data_of(products.get_brands(page_size=10)).brands) > 0, True)
    same(any(row.is_failed for row in data_of(products.check_listing_prerequisites()).check_results), False)


@step("products are searched page by page, with a token that has to be escaped")
def product():
    seen, token = [], UNSET
    while True:
        page = data_of(shop.products.search_products(
            page_size=4, page_token=token, body=body("SearchProductsRequest", status="ACTIVATE")))
        seen += page.products
        if not page.next_page_token:
            break
        token = page.next_page_token
    same((len({row.id for row in seen}), len(seen)), (page.total_count, page.total_count))
    refusal(lambda: shop.products.search_products(page_size=4, page_token="bm8="), 98_001_004)
    return next(row for row in seen if row.skus[0].seller_sku == "ORG-GAV-6")


@step("a product is read, its stock and price written, and both read back")
def _():
    shown = data_of(shop.products.get_product(product.id))
    same((shown.id, shown.status), (product.id, "ACTIVATE"))
    sku = shown.skus[0]
    update = body("UpdateInventoryRequest", skus=[{"id": sku.id, "inventory": [{"quantity": 17}]}])
    same(data_of(shop.products.update_inventory(product.id, body=update)).errors, UNSET)
    price = {"id": sku.id, "price": {"amount": "88.90", "currency": "BRL"}}
    shop.products.update_price(product.id, body=body("UpdatePriceRequest", skus=[price]))
    shown = data_of(shop.products.get_product(product.id)).skus[0]
    same((shown.inventory[0].quantity, shown.price.sale_price), (17, "88.90"))
    stock = data_of(shop.products.inventory_search(body=body("InventorySearchRequest", sku_ids=[sku.id])))
    same(stock.inventory[0].skus[0].total_available_quantity, 17)


@step("an entry that fails is named inside a good answer")
def _():
    update = body("UpdateInventoryRequest", skus=[{"id": "1", "inventory": [{"quantity": 1}]}])
    failed = data_of(shop.products.update_inventory(product.id, body=update)).errors[0]
    same((failed.code, failed.detail.sku_id), (12_052_990, "1"))


@step("a picture is uploaded, a product created, audited, edited, and taken off")
def _():
    file = File(payload=io.BytesIO(picture(600)), file_name="a.png", mime_type="image/png")
    image = data_of(shop.products.upload_product_image(body=models.UploadProductImageRequest(data=file)))
    same((image.width, image.height), (600, 600))
    fields = {
        "title": "Organizador de teste do cliente", "description": "<p>Uma descrição de teste.</p>",
        "category_id": "601231",
        "main_images": [{"uri": image.uri}], "package_weight": {"value": "0.500", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "20", "width": "15", "height": "10", "unit": "CENTIMETER"},
        "product_attributes": [{"id": "100157", "values": [{"name": "Plástico"}]}],
        "skus": [{"seller_sku": "CLIENT-1", "price": {"amount": "49.90", "currency": "BRL"},
                  "inventory": [{"warehouse_id": warehouse, "quantity": 5}]}],
    }
    checked = data_of(shop.products.check_product_listing(body=body("CheckProductListingRequest", **fields)))
    same(checked.check_result, "PASS")
    made = data_of(shop.products.create_product(body=body("CreateProductRequest", **fields)))
    same(data_of(shop.products.get_product(made.product_id)).status, "PENDING")
    pass_time(60)
    same(data_of(shop.products.get_product(made.product_id)).status, "ACTIVATE")
    edit = body("PartialEditProductRequest", title="Organizador de teste, agora maior")
    data_of(shop.products.partial_edit_product(made.product_id, body=edit))
    pass_time(60)
    same(data_of(shop.products.get_product(made.product_id)).title, "Organizador de teste, agora maior")
    ids = {"product_ids": [made.product_id]}
    for act, name, status in [
        (shop.products.deactivate_products, "DeactivateProductsRequest", "SELLER_DEACTIVATED"),
        (shop.products.delete_products, "DeleteProductsRequest", "DELETED"),
        (shop.products.recover_products, "RecoverProductsRequest", "SELLER_DEACTIVATED"),
    ]:
        data_of(act(body=body(name, **ids)))
        same(data_of(shop.products.get_product(made.product_id)).status, status)


@step("a product without what it needs is refused by the code of the want")
def _():
    fields = {
        "title": "Organizador", "description": "<p>x</p>", "category_id": "601231", "main_images": [{"uri": "tos-br/none"}],
        "package_weight": {"value": "0.5", "unit": "KILOGRAM"},
        "skus": [{"price": {"amount": "1", "currency": "BRL"}, "inventory": [{"warehouse_id": warehouse, "quantity": 1}]}],
    }
    error = refused(TikTokShopError, lambda: shop.products.create_product(body=body("CreateProductRequest", **fields)))
    same(12_052_000 <= error.code < 12_053_000, True)


@step("orders are searched and read together")
def order():
    bought = [sell("ORG-GAV-6", 2), sell("ORG-GAV-6")]
    seen, token = [], UNSET
    while True:
        page = data_of(shop.orders.get_order_list(
            page_size=1, page_token=token, sort_field=models.GetOrderListSortField("create_time"),
            body=body("GetOrderListRequest", order_status="AWAITING_SHIPMENT")))
        seen += [row.id for row in page.orders]
        if not page.next_page_token:
            break
        token = page.next_page_token
    same(sorted(seen), sorted(bought))
    rows = data_of(shop.orders.get_order_detail(ids=bought)).orders
    same([len(row.line_items) for row in rows], [2, 1])
    same((rows[0].payment.currency, rows[0].need_upload_invoice), ("BRL", "NEED_INVOICE"))
    data_of(shop.orders.get_order_price_details(bought[0]))
    refusal(lambda: shop.orders.get_order_detail(ids=["1"]), 21_008_111)
    return rows[0]


@step("an order carries its name in another system")
def _():
    lines = [{"id": "L1", "origin_id": order.line_items[0].id}]
    row = {"id": order.id, "external_order": {"id": "ERP-1", "platform": "ERP_SYSTEM", "line_items": lines}}
    unknown = row | {"id": "1"}
    failed = data_of(shop.orders.add_external_order_references(
        body=body("AddExternalOrderReferencesRequest", orders=[row, unknown]))).errors
    same([(entry.code, entry.detail.order_id) for entry in failed], [("21008111", "1")])
    shown = data_of(shop.orders.get_external_order_references(
        order.id, platform=models.GetExternalOrderReferencesPlatform("ERP_SYSTEM"))).external_orders
    same([entry.id for entry in shown], ["ERP-1"])
    found = data_of(shop.orders.search_orders_by_external_order_reference(
        platform=models.SearchOrdersByExternalOrderReferencePlatform("ERP_SYSTEM"), external_order_id="ERP-1")).orders
    same([entry.id for entry in found], [order.id])


@step("a parcel waits for its note, is handed over and gets its label")
def package():
    parcel = order.packages[0].id
    fulfil = shop.fulfillment
    slots = data_of(fulfil.get_package_handover_time_slots(parcel)).pickup_slots
    slot = {"start_time": slots[0].start_time, "end_time": slots[0].end_time}
    hand_over = body("ShipPackageRequest", handover_method="PICKUP", pickup_slot=slot)
    refused(TikTokShopError, lambda: fulfil.ship_package(parcel, body=hand_over))
    row = {"package_id": parcel, "order_ids": [order.id], "file_type": "XML", "file": note(1)}
    same(data_of(fulfil.upload_invoice(body=body("UploadInvoiceRequest", invoices=[row]))).errors, UNSET)
    pass_time(10)
    same(data_of(shop.orders.get_order_detail(ids=[order.id])).orders[0].need_upload_invoice, "INVOICE_UPLOADED")
    fulfil.ship_package(parcel, body=hand_over)
    refusal(lambda: fulfil.ship_package(parcel, body=hand_over), 11_006_021)
    refusal(lambda: fulfil.get_package_shipping_document(parcel, document_type="SHIPPING_LABEL"), 11_034_037)
    pass_time(3)
    label = data_of(fulfil.get_package_shipping_document(parcel, document_type="SHIPPING_LABEL"))
    same(urllib.request.urlopen(label.doc_url, timeout=10).read()[:5], b"%PDF-")
    return parcel


@step("parcels are searched, read and followed")
def _():
    rows = data_of(shop.fulfillment.search_package(
        page_size=10, body=body("SearchPackageRequest", package_status="PROCESSING"))).packages
    same([row.id for row in rows], [package])
    same(data_of(shop.fulfillment.get_package_detail(package)).package_status, "PROCESSING")
    for action in ("collect", "deliver"):
        control("POST", f"/packages/{package}/{action}", {})
    same(len(data_of(shop.fulfillment.get_order_tracking(order.id)).tracking) > 0, True)
    same(data_of(shop.orders.get_order_detail(ids=[order.id])).orders[0].status, "DELIVERED")


@step("an order is split by its goods, and two of one buyer are offered together")
def _():
    cart = [{"sku": "ORG-GAV-6", "quantity": 1}, {"sku": "CAN-INOX-500", "quantity": 1}]
    bought = control("POST", "/sales", {"cart": cart, "shop_id": CASA["shop_id"]})["orders"][0]
    control("POST", f"/orders/{bought}/end_remorse", {})
    can = data_of(shop.fulfillment.get_order_split_attributes(order_ids=[bought])).split_attributes[0]
    same(can.can_split, True)
    lines = data_of(shop.orders.get_order_detail(ids=[bought])).orders[0].line_items
    groups = [{"id": str(place), "order_line_item_ids": [line.id]} for place, line in enumerate(lines, 1)]
    split = body("ConfirmOrderSplitRequest", splittable_groups=groups)
    made = data_of(shop.fulfillment.confirm_order_split(bought, body=split))
    same(len(made.packages), 2)
    data_of(shop.fulfillment.search_combinable_packages(page_size=10))


@step("what a seller and a buyer cancel")
def _():
    after = shop.return_and_refund
    bought = sell("ORG-GAV-6")
    reasons = data_of(after.get_aftersale_eligibility(
        bought, initiate_aftersale_user=models.GetAftersaleEligibilityInitiateAftersaleUser("SELLER"))).sku_eligibility
    row = next(row for row in reasons[0].line_item_eligibility if row.request_type == "CANCEL")
    cancellation = body("CancelOrderRequest", order_id=bought, cancel_reason=row.available_reason_names[0])
    data_of(after.cancel_order(body=cancellation))
    asked = sell("ORG-GAV-6")
    control("POST", f"/orders/{asked}/cancel", {})
    search = body("SearchCancellationsRequest", order_ids=[asked])
    found = data_of(after.search_cancellations(body=search)).cancellations[0]
    same((found.order_id, found.cancel_status), (asked, "CANCELLATION_REQUEST_PENDING"))
    after.approve_cancellation(found.cancel_id, body=body("ApproveCancellationRequest"))
    rows = data_of(shop.orders.get_order_detail(ids=[bought, asked])).orders
    same([row.status for row in rows], ["CANCELLED", "CANCELLED"])


@step("a return is read with its records and granted")
def _():
    after = shop.return_and_refund
    made = control("POST", "/returns", {"order_id": order.id, "type": "REFUND"})["return_id"]
    found = data_of(after.search_returns(body=body("SearchReturnsRequest", order_ids=[order.id]))).return_orders[0]
    same((found.return_id, found.return_status), (made, "RETURN_OR_REFUND_REQUEST_PENDING"))
    same(len(data_of(after.get_return_records(made)).records) > 0, True)
    same(len(data_of(after.get_reject_reasons(return_or_cancel_id=made)).reasons) > 0, True)
    yes = body("ApproveReturnRequest", decision="APPROVE_REFUND")
    after.approve_return(made, body=yes)
    refused(TikTokShopError, lambda: after.approve_return(made, body=yes))


@step("statements, what an order brought, payments, what is still to come, withdrawals")
def _():
    bought = sell("ORG-GAV-6")
    parcel = data_of(shop.orders.get_order_detail(ids=[bought])).orders[0].packages[0].id
    control("POST", f"/packages/{parcel}/invoice", {"status": "SUCCESS"})
    for action in ("ship", "collect", "deliver"):
        control("POST", f"/packages/{parcel}/{action}", {})
    data_of(shop.finance.get_unsettled_transactions(sort_field="order_create_time"))
    control("POST", f"/orders/{bought}/complete", {})
    pass_time(2 * 86_400)
    statement = data_of(shop.finance.get_statements(sort_field="statement_time")).statements[0]
    rows = data_of(shop.finance.get_transactions_by_statement(statement.id, sort_field="order_create_time")).transactions
    same(any(row.order_id == bought for row in rows), True)
    data_of(shop.finance.get_transactions_by_order(bought))
    same(len(data_of(shop.finance.get_payments(sort_field="create_time")).payments) > 0, True)
    kinds = [models.GetSellerFinancialTransactionsTypesItem(word) for word in ("WITHDRAW", "SETTLE")]
    data_of(shop.finance.get_seller_financial_transactions(types=kinds))


class Ears(http.server.BaseHTTPRequestHandler):
    heard = []

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append((raw, self.headers["authorization"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@step("webhooks are registered, verified and understood, and forgotten")
def _():
    ears = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ears)
    threading.Thread(target=ears.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{ears.server_address[1]}/hooks"
    for name in ("ORDER_STATUS_CHANGE", "INVOICE_STATUS_CHANGE", "PACKAGE_UPDATE", "CANCELLATION_STATUS_CHANGE"):
        shop.event.update_shop_webhook(body=body("UpdateShopWebhookRequest", address=address, event_type=name))
    same(data_of(shop.event.get_shop_webhooks()).total_count, 4)
    control("POST", f"/orders/{sell('ORG-GAV-6')}/cancel", {})
    kinds = set()

    def all_came():
        while Ears.heard:
            raw, sign = Ears.heard.pop(0)
            event = Webhooks.verify_and_parse(app_key=APP_KEY, app_secret=APP_SECRET, raw_body=raw, signature=sign)
            found = sorted(set(oddities(event)))
            if found:
                raise AssertionError("; ".join(found))
            refused(WebhookSignatureError, lambda: Webhooks.verify_and_parse(
                app_key=APP_KEY, app_secret=APP_SECRET, raw_body=raw + b" ", signature=sign))
            kinds.add(type(event).__name__)
        return len(kinds) >= 2

    eventually(all_came)
    shop.event.delete_webhook_for_an_event(body=body("DeleteWebhookForAnEventRequest", event_type="PACKAGE_UPDATE"))
    same(data_of(shop.event.get_shop_webhooks()).total_count, 3)
    ears.shutdown()


@step("too many calls, and an expired token")
def _():
    control("PUT", "/faults", [{"path_prefix": "/order", "kind": "status", "status": 429, "count": 1}])
    refusal(lambda: shop.orders.get_order_list(page_size=1), 36_009_002, 429)
    control("POST", "/tokens/expire", {"shop_id": CASA["shop_id"]})
    refusal(lambda: shop.orders.get_order_list(page_size=1), 105_002, 401)


step.end()
