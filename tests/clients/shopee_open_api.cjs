// shopee-open-api: a small wrapper of 2021. Its host is a setting; it adds the business parameters of a GET behind a
// query that ends in an ampersand, and knows only the code error_auth for a token to be refreshed.

const {
  api, assert, company, consent, control, manifest, passTime, person, redirectUri, run, sell,
} = require("./shopee_kit.cjs");
const { default: ShopeeOpenAPI, ORDER_STATUS } = require("shopee-open-api");

const { partner_id, partner_key } = manifest;
const shopee = ShopeeOpenAPI({ host: api, partner_id, partner_key, redirect: redirectUri });
let tokens;
let shop;
let order;

/** What axios says of an answer that is not 2xx. */
const refusal = (call) => assert.rejects(call).then(() => call.catch((error) => error.response));

const open = (token, onRefreshAccessToken) =>
  shopee.createShop({ shop_id: person.shop_id, onGetAccessToken: async () => token(), onRefreshAccessToken });

const seconds = () => Math.floor(Date.now() / 1000);

run("shopee-open-api", [
  ["the signed link of old leads to the consent page", async () => {
    const back = await consent(shopee.getAuthLink(), person.shop_id);
    assert.equal(back.shop_id, String(person.shop_id));
    tokens = await shopee.getAccessToken({ code: back.code, shop_id: person.shop_id });
    assert.deepEqual([tokens.error, tokens.expire_in], ["", 14400]);
    const again = await refusal(shopee.getAccessToken({ code: back.code, shop_id: person.shop_id }));
    assert.deepEqual([again.status, again.data.error], [403, "invalid_code"]);
  }],
  ["the link by which a seller takes the consent back", async () => {
    const page = await fetch(shopee.getUnAuthLink());
    assert.match(await page.text(), /cancel_auth/);
  }],
  ["a refresh token is good once", async () => {
    const { refresh_token: spent } = tokens;
    tokens = await shopee.refreshAccessToken({ refresh_token: spent, shop_id: person.shop_id });
    assert.notEqual(tokens.refresh_token, spent);
    const again = await refusal(shopee.refreshAccessToken({ refresh_token: spent, shop_id: person.shop_id }));
    assert.equal(again.data.error, "error_auth");
  }],
  ["shops of the partner", async () => {
    const { authed_shop_list: shops } = await shopee.getShopsByPartner({ page_size: 10, page_no: 1 });
    assert.deepEqual(shops.map((entry) => entry.shop_id), [company.shop_id, person.shop_id]);
  }],
  ["shop and profile", async () => {
    shop = open(() => tokens.access_token);
    assert.equal((await shop.getShopInfo()).shop_name, person.shop_name);
    assert.equal((await shop.getProfile()).response.shop_name, person.shop_name);
  }],
  ["a wrong key and a token that nobody gave out", async () => {
    const thief = ShopeeOpenAPI({ host: api, partner_id, partner_key: "wrong", redirect: redirectUri });
    const stranger = thief.createShop({ shop_id: person.shop_id, onGetAccessToken: async () => tokens.access_token });
    assert.equal((await refusal(stranger.getShopInfo())).data.error, "error_sign");
    assert.equal((await refusal(open(() => "x").getShopInfo())).data.error, "invalid_acceess_token");
  }],
  ["a token of another shop is refreshed on the way, and the call repeated", async () => {
    let asked = 0;
    const mixedUp = open(() => company.access_token, async () => {
      asked += 1;
      return tokens.access_token;
    });
    const page = await mixedUp.Product.getItemList({ offset: 0, page_size: 3, item_status: "NORMAL" });
    assert.deepEqual([asked, page.response.item.length], [1, 3]);
  }],
  ["items, their details and models", async () => {
    const asked = { offset: 0, page_size: 2, item_status: "NORMAL" };
    const { item, total_count: total } = (await shop.Product.getItemList(asked)).response;
    assert.ok(item.length === 2 && total > 2);
    const ids = item.map((entry) => entry.item_id);
    const { item_list: shown } = (await shop.Product.getItemBaseInfo({ item_id_list: ids })).response;
    assert.deepEqual(shown.map((entry) => entry.item_id).sort(), [...ids].sort());
    assert.equal((await shop.Product.getItemExtraInfo({ item_id_list: ids })).response.item_list.length, 2);
    assert.ok(Array.isArray((await shop.Product.getModelList({ item_id: ids[0] })).response.model));
    assert.deepEqual((await shop.Product.searchItem({ item_sku: "PEN-64", page_size: 5 })).response.total_count, 1);
  }],
  ["categories, brands, limits and comments", async () => {
    const { category_list: all } = (await shop.Product.getCategory({ language: "pt-br" })).response;
    const leaf = all.find((entry) => !entry.has_children).category_id;
    const brands = { category_id: leaf, status: 1, offset: 0, page_size: 10 };
    assert.ok((await shop.Product.getBrandList(brands)).response.brand_list.length > 0);
    assert.ok((await shop.Product.getItemLimit()).response.price_limit);
    assert.deepEqual((await shop.Product.getComment({ cursor: "", page_size: 10 })).error, "");
  }],
  ["stock is written", async () => {
    const [item_id] = (await shop.Product.searchItem({ item_sku: "PEN-64", page_size: 5 })).response.item_id_list;
    const { model } = (await shop.Product.getModelList({ item_id })).response;
    const model_id = model.length ? model[0].model_id : 0;
    const stock_list = [{ model_id, seller_stock: [{ stock: 33 }] }];
    assert.equal((await shop.Product.updateStock({ item_id, stock_list })).response.success_list[0].stock, 33);
  }],
  ["orders are listed and read", async () => {
    order = await sell("PEN-64");
    const span = { time_from: seconds() - 3600, time_to: seconds() + 3600, page_size: 10 };
    const ready = { ...span, order_status: ORDER_STATUS.READY_TO_SHIP };
    const { order_list: rows } = (await shop.Order.getOrderList(ready)).response;
    assert.deepEqual(rows.map((row) => row.order_sn), [order]);
    const asked = { order_sn_list: order, response_optional_fields: "item_list,total_amount" };
    assert.equal((await shop.Order.getOrderDetail(asked)).response.order_list[0].item_list.length, 1);
    assert.equal((await shop.Order.getShipmentList({ page_size: 10 })).response.order_list.length, 1);
  }],
  ["its order writes, which wrap the body once more, are refused and change nothing", async () => {
    const answer = await shop.Order.setNote({ order_sn: order, note: "x" });
    assert.match(answer.error, /error_param$/);
    assert.match(answer.message, /OrderSn/);
  }],
  ["a parcel is arranged and followed", async () => {
    const { info_needed: needed } = (await shop.Logistics.getShippingParameter({ order_sn: order })).response;
    assert.ok("dropoff" in needed);
    assert.equal((await shop.Logistics.shipOrder({ order_sn: order, dropoff: {} })).error, "");
    await passTime(60);
    assert.match((await shop.Logistics.getTrackingNumber({ order_sn: order })).response.tracking_number, /^BR/);
    assert.equal((await shop.Logistics.getTrackingInfo({ order_sn: order })).response.order_sn, order);
    assert.ok((await shop.Logistics.getChannelList()).response.logistics_channel_list.length > 0);
    assert.ok((await shop.Logistics.getAddressList()).response.address_list.length > 0);
  }],
  ["its label comes as PDF", async () => {
    await control("PUT", "/rules", { label_polls: 0 });
    const { tracking_number } = (await shop.Logistics.getTrackingNumber({ order_sn: order })).response;
    const order_list = [{ order_sn: order, tracking_number, shipping_document_type: "NORMAL_AIR_WAYBILL" }];
    assert.ok((await shop.Logistics.getShippingDocumentParameter({ order_list })).response.result_list.length);
    assert.equal((await shop.Logistics.createShippingDocument({ order_list })).error, "");
    const { result_list: rows } = (await shop.Logistics.getShippingDocumentResult({ order_list })).response;
    assert.equal(rows[0].status, "READY");
    const { shipping_document_type } = order_list[0];
    const label = await shop.Logistics.downloadShippingDocument({ shipping_document_type, order_list });
    assert.match(label, /^%PDF/);
  }],
  ["returns", async () => {
    const { package_number } = (await shop.Order.getOrderDetail(
      { order_sn_list: order, response_optional_fields: "package_list" })).response.order_list[0].package_list[0];
    await control("POST", `/packages/${package_number}/pickup`, {});
    const { return_sn } = await control("POST", "/returns", { order_sn: order });
    const listed = (await shop.Returns.getReturnList({ page_no: 0, page_size: 10 })).response.return;
    assert.deepEqual(listed.map((row) => row.return_sn), [return_sn]);
    assert.equal((await shop.Returns.getReturnDetail({ return_sn })).response.status, "REQUESTED");
    assert.equal((await shop.Returns.confirm({ return_sn })).error, "");
  }],
  ["chat is not open to this kind of application", async () => {
    assert.equal((await refusal(shop.Chat.getUnreadConversationCount())).status, 404);
  }],
]);
