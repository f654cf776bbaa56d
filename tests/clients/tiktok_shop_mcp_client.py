"""tiktok-shop-mcp: the tools of an assistant's server, called without the assistant. Hosts built in, token in header and
query, tokens kept in a file that it writes anew when it has refreshed. Reached through the gateway."""

import asyncio
import json
import os
import pathlib
import time

from kit import Steps, refused, same
from tiktok_shop_kit import APP_KEY, APP_SECRET, CASA, SERRA, control, pass_time, sell

keys = pathlib.Path(os.environ["SANDBOX_SCRATCH"]) / "tiktok-shop-mcp" / "shops.json"
keys.parent.mkdir(mode=0o700, exist_ok=True)
os.environ["TIKTOK_SHOP_CONFIG"] = str(keys)


def record(shop, secret=APP_SECRET):
    return {
        "seller_name": shop["name"], "seller_base_region": "BR", "app_key": APP_KEY, "app_secret": secret,
        "access_token": shop["access_token"], "refresh_token": shop["refresh_token"],
        "shop_id": shop["shop_id"], "shop_cipher": shop["cipher"],
    }


keys.write_text(json.dumps([record(CASA), record(SERRA)]), encoding="utf-8")

# It reads that file when it is imported.
from tiktok_shop_mcp.client import TikTokShopClient  # noqa: E402
from tiktok_shop_mcp.config import ShopCredentials, config  # noqa: E402
from tiktok_shop_mcp.tools import (  # noqa: E402
    get_order_detail, get_orders, get_product_detail, get_products, get_statements, get_transactions, search_cancellations,
    search_returns,
)

step = Steps("tiktok-shop-mcp")
casa, serra = (TikTokShopClient(config.get_shop(shop["name"])) for shop in (CASA, SERRA))


def run(tool, client=casa, **fields):
    return asyncio.run(tool(client, **fields))


@step("products of two shops, page by page")
def product():
    seen, token = [], None
    while True:
        page = run(get_products, page_size=5, next_page_token=token)
        seen += page["products"]
        token = page["next_page_token"]
        if not token:
            break
    same(len({row["product_id"] for row in seen}), page["total_count"])
    others = run(get_products, serra, page_size=5)["products"]
    same({row["product_id"] for row in others} & {row["product_id"] for row in seen}, set())
    return seen[0]


@step("a product in detail, with the default switches that it always sends")
def _():
    shown = run(get_product_detail, product_id=product["product_id"])
    same((shown["product_id"], shown["status"]), (product["product_id"], "ACTIVATE"))
    same(shown["skus"][0]["price"]["currency"], "BRL")
    same(shown["main_images"][0]["uri"].startswith("tos-br/"), True)


@step("orders are searched with filters and an empty body, and read by ids joined with commas")
def order():
    bought = [sell("ORG-GAV-6", 2), sell("ORG-GAV-6")]
    same({row["order_id"] for row in run(get_orders)["orders"]}, set(bought))
    page = run(get_orders, order_status="AWAITING_SHIPMENT", create_time_ge=int(time.time()) - 3600, page_size=1)
    same((len(page["orders"]), page["total_count"]), (1, 2))
    rest = run(
        get_orders, order_status="AWAITING_SHIPMENT", create_time_ge=int(time.time()) - 3600, page_size=1,
        next_page_token=page["next_page_token"])
    same({row["order_id"] for row in page["orders"] + rest["orders"]}, set(bought))
    rows = run(get_order_detail, order_ids=bought)
    same([len(row["line_items"]) for row in rows], [2, 1])
    same(rows[0]["currency"], "BRL")
    return bought[0]


@step("returns and cancellations")
def _():
    asked = sell("ORG-GAV-6")
    control("POST", f"/orders/{asked}/cancel", {})
    same([row["order_id"] for row in run(search_cancellations)["cancellations"]], [asked])
    same(run(search_returns)["returns"], [])


@step("statements; a path that the platform does not have is told so")
def _():
    same(run(get_statements)["statements"], [])
    same("36009009" in str(refused(Exception, lambda: run(get_transactions, statement_id="1"))), True)


@step("an expired token is refreshed on the way, and the new pair kept in its file")
def _():
    before = json.loads(keys.read_text(encoding="utf-8"))[0]
    control("POST", "/tokens/expire", {"shop_id": CASA["shop_id"]})
    same(len(run(get_orders)["orders"]) > 0, True)
    after = json.loads(keys.read_text(encoding="utf-8"))[0]
    same(after["access_token"] != before["access_token"] and after["refresh_token"] != before["refresh_token"], True)


@step("a spent refresh token and a consent taken back end in its own words")
def _():
    spent = TikTokShopClient(ShopCredentials(record(CASA)))
    same("No matching" in str(refused(Exception, lambda: asyncio.run(spent.refresh_access_token()))), True)
    control("POST", "/tokens/revoke", {"shop_id": SERRA["shop_id"]})
    same("auto-refresh failed" in str(refused(Exception, lambda: run(get_orders, serra))), True)


@step("a wrong secret is refused, whatever it tries")
def _():
    thief = TikTokShopClient(ShopCredentials(record(CASA, secret="wrong")))
    same("auto-refresh failed" in str(refused(Exception, lambda: run(get_orders, thief))), True)


@step("a burst is waited out")
def _():
    control("PUT", "/faults", [{"path_prefix": "/order", "kind": "status", "status": 429, "count": 1}])
    same(len(run(get_orders)["orders"]) > 0, True)


@step("a day later its own clock is still right")
def _():
    pass_time(86_400)
    same(len(run(get_products, page_size=5)["products"]), 5)


step.end()
