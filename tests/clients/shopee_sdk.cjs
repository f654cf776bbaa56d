// @congminh1254/shopee-sdk: kept up with the documents by its maintainers, who generate most of it. Its addresses are
// settings; it refreshes by itself when a token has ended. Every answer is held against the type it has for it.

const {
  api, assert, company, consent, control, imported, manifest, note, passTime, person, png, redirectUri, run, sell,
} = require("./shopee_kit.cjs");
const { held } = require("./shopee_types.cjs");

const MODULES = ["shop", "public", "push", "product", "mediaSpace", "order", "logistics", "returns", "payment"];
// What the sandbox sends on purpose although these types do not have it.
const KNOWN = new Set([
  // The sample spells it so, the reference does not.
  "getReturnDetail.reverse_logistic_status is not documented",
  // Seen so on the wire, or in the reference's samples.
  "getOrderDetail.order_list.item_list.product_location_id is a list, documented as string",
  "getOrderDetail.order_list.package_list.parcel_chargeable_weight_gram is not documented",
  ...["description_type", "stock_info_v2"].map((name) => `getItemBaseInfo.item_list.${name} is not documented`),
  // Numbers when they are sent, and lists and text elsewhere: slips of the reference.
  "getComment.item_comment_list.comment_id is a number, documented as string",
  ...["buyer_payment_method", "instalment_plan"].map(
    (name) => `getEscrowDetailBatch.escrow_detail.order_income.${name} is a string, documented as number`),
  "getEscrowDetailBatch.escrow_detail.order_income.seller_voucher_code is a list, documented as number",
  // A list of what an address is for, though its type is that of one.
  "getAddressList.address_list.address_type is a list, documented as AddressType | string | number",
  // What a dispute has to name.
  "getReturnDisputeReason.dispute_reason_list.dispute_reason_id is not documented",
  // Seen beside the answer as well as in it.
  "getItemLimit.gtin_limit is not documented",
]);

const settings = {
  partner_id: manifest.partner_id, partner_key: manifest.partner_key,
  base_url: `${api}/api/v2`, base_auth_url: manifest.authorization_url,
};
let ShopeeSDK;
let sdk;
let leaf;
let published;
let order;
let parcel;

/** What the platform refuses with, or the failure that it refused nothing. */
async function refusal(call) {
  try {
    await call;
  } catch (error) {
    assert.equal(error.name, "ShopeeApiError", error.message);
    return error;
  }
  throw new Error("nothing was refused");
}

const refused = async (call, code, status = 200) => {
  const error = await refusal(call);
  assert.deepEqual([error.data.error, error.status], [code, status]);
  return error.data.message;
};

/** The client signed in to a shop, the way a seller does it. */
async function signedIn(shop) {
  const client = held(new ShopeeSDK({ ...settings }), MODULES, KNOWN);
  const back = await consent(client.getAuthorizationUrl(redirectUri), shop.shop_id);
  await client.authenticateWithCode(back.code, Number(back.shop_id));
  return client;
}

const secondsAgo = (seconds) => Math.floor(Date.now() / 1000) - seconds;
const window = (more = {}) =>
  ({ time_range_field: "create_time", time_from: secondsAgo(3600), time_to: secondsAgo(-3600), page_size: 20, ...more });

/** Arranges the parcel of an order of the person's shop by drop-off, and waits for its number. */
async function arrange(client, sn) {
  await client.logistics.shipOrder({ order_sn: sn, dropoff: {} });
  await passTime(60);
  return (await client.logistics.getTrackingNumber({ order_sn: sn })).response.tracking_number;
}

/** The number of an order's only package. */
async function packageOf(sn) {
  const asked = { order_sn_list: [sn], response_optional_fields: "package_list" };
  return (await sdk.order.getOrderDetail(asked)).response.order_list[0].package_list[0].package_number;
}

const item = (fields = {}) => ({
  item_name: "Item de teste do cliente de fora", description: "Uma descrição de teste, com mais de vinte letras.",
  category_id: 0, original_price: 49.9, weight: 0.4, brand: { brand_id: 0, original_brand_name: "NoBrand" },
  logistic_info: [{ logistic_id: 90003, enabled: true }], seller_stock: [{ stock: 10 }], item_sku: "CLIENT-1", ...fields,
});

run("@congminh1254/shopee-sdk", [
  ["the consent link gives a code, and the state back", async () => {
    ({ ShopeeSDK } = await imported("@congminh1254/shopee-sdk"));
    sdk = held(new ShopeeSDK({ ...settings }), MODULES, KNOWN);
    const back = await consent(sdk.getAuthorizationUrl(redirectUri, { state: "s 1" }), company.shop_id);
    assert.deepEqual([back.shop_id, back.state], [String(company.shop_id), "s 1"]);
    const pair = await sdk.authenticateWithCode(back.code, company.shop_id);
    assert.deepEqual([pair.shop_id_list, pair.expire_in], [[company.shop_id], 14400]);
    await refused(sdk.auth.getAccessToken(back.code, company.shop_id), "invalid_code", 403);
  }],
  ["a refresh token is good once", async () => {
    const { refresh_token: spent } = await sdk.getAuthToken();
    const pair = await sdk.refreshToken(company.shop_id);
    assert.notEqual(pair.refresh_token, spent);
    await refused(sdk.auth.getRefreshToken(spent, company.shop_id), "error_auth", 403);
  }],
  ["a main account's pair is refreshed by each of its shops", async () => {
    const main = manifest.main_account_id;
    const back = await consent(sdk.getAuthorizationUrl(redirectUri), "main");
    assert.equal(back.main_account_id, String(main));
    const pair = await sdk.auth.getAccessToken(back.code, undefined, main);
    assert.deepEqual(pair.shop_id_list, [company.shop_id, person.shop_id]);
    for (const shop of pair.shop_id_list) {
      const own = await sdk.auth.getRefreshToken(pair.refresh_token, shop);
      assert.equal(own.shop_id, shop);
    }
    await refused(sdk.auth.getRefreshToken(pair.refresh_token, company.shop_id), "error_auth", 403);
  }],
  ["a code that the console sent again gives a pair", async () => {
    const { resend_code } = await control("POST", "/codes", { shop_id: person.shop_id, resend: true });
    assert.ok((await sdk.auth.getAccessTokenByResendCode({ resend_code })).access_token);
  }],
  ["what the partner may ask without a token", async () => {
    const { authed_shop_list: shops, more } = await sdk.public.getShopsByPartner({ page_size: 1, page_no: 1 });
    assert.deepEqual([shops.length, more, shops[0].region], [1, true, "BR"]);
    assert.ok(shops[0].expire_time > new Date());
    assert.ok((await sdk.public.getShopeeIpRanges()).ip_list.length > 0);
  }],
  ["the shop, its profile, its papers; no second warehouse", async () => {
    sdk = await signedIn(company);
    const shop = await sdk.shop.getShopInfo();
    assert.deepEqual([shop.shop_name, shop.region, shop.status], [company.shop_name, "BR", "NORMAL"]);
    assert.ok(shop.auth_time instanceof Date);
    assert.equal((await sdk.shop.getProfile()).response.shop_name, company.shop_name);
    assert.ok((await sdk.shop.getBrShopOnboardingInfo()).response);
    await refused(sdk.shop.getWarehouseDetail(), "warehouse.error_not_in_whitelist");
  }],
  ["a wrong key, an unknown partner and another shop's token are told apart", async () => {
    const pair = await sdk.getAuthToken();
    const as = async (change, shop = company.shop_id) => {
      const other = new ShopeeSDK({ ...settings, ...change });
      await other.tokenStorage.store({ ...pair, shop_id: shop });
      return other.shop.getShopInfo();
    };
    await refused(as({ partner_key: "wrong" }), "error_sign", 403);
    await refused(as({ partner_id: 1 }), "invalid_partner_id", 403);
    // It takes error_auth for an ended token, and what it meets on the way to a new one for the answer.
    await refused(as({}, person.shop_id), "error_shop_refresh_token", 403);
  }],
  ["a token that has ended is refreshed on the way", async () => {
    const before = (await sdk.getAuthToken()).access_token;
    await control("POST", "/tokens/revoke", { shop_id: company.shop_id, access_only: true });
    assert.equal((await sdk.shop.getShopInfo()).shop_name, company.shop_name);
    assert.notEqual((await sdk.getAuthToken()).access_token, before);
  }],
  ["categories, attributes, brands, limits and a recommendation", async () => {
    const { category_list: all } = (await sdk.product.getCategory({ language: "pt-br" })).response;
    leaf = all.find((entry) => !entry.has_children).category_id;
    const tree = (await sdk.product.getAttributeTree({ category_id_list: [leaf], language: "pt-BR" })).response;
    assert.equal(tree.list[0].category_id, leaf);
    const brands = await sdk.product.getBrandList({ category_id: leaf, status: 1, offset: 0, page_size: 10 });
    assert.equal(brands.response.brand_list[0].brand_id, 0);
    assert.ok((await sdk.product.getItemLimit({ category_id: leaf })).response.price_limit);
    const search = { attribute_id: tree.list[0].attribute_tree[0].attribute_id, value_name: "", cursor: 0, limit: 10 };
    assert.equal((await sdk.product.searchAttributeValueList(search)).response.page_info.has_next, false);
    const named = { item_name: "Garrafa térmica inox" };
    [leaf] = (await sdk.product.categoryRecommend(named)).response.category_id;
  }],
  ["a picture is uploaded and an item made of it", async () => {
    const { image_info: image } = (await sdk.mediaSpace.uploadImage({ image: png(600), scene: "normal" })).response;
    const tree = await sdk.product.getAttributeTree({ category_id_list: [leaf] });
    const mandatory = tree.response.list[0].attribute_tree.filter((entry) => entry.mandatory);
    const attributes = mandatory.map((entry) => ({
      attribute_id: entry.attribute_id, attribute_value_list: [{ value_id: entry.attribute_value_list[0].value_id }],
    }));
    const body = item({
      category_id: leaf, image: { image_id_list: [image.image_id] }, attribute_list: attributes,
    });
    published = (await sdk.product.addItem(body)).response.item_id;
    const [shown] = (await sdk.product.getItemBaseInfo({ item_id_list: [published] })).response.item_list;
    assert.deepEqual(
      [shown.item_sku, shown.item_status, shown.price_info[0].original_price], ["CLIENT-1", "NORMAL", 49.9]);
    assert.ok(shown.create_time instanceof Date);
  }],
  ["an item that lacks something is refused in the module's words", async () => {
    assert.match(await refused(sdk.product.addItem({ item_name: "Item" }), "product.error_param"), /required/);
    await refused(sdk.product.getItemBaseInfo({ item_id_list: [1] }), "product.error_item_not_found");
  }],
  ["stock and price are written and read back", async () => {
    const stock = { item_id: published, stock_list: [{ model_id: 0, seller_stock: [{ stock: 7 }] }] };
    assert.equal((await sdk.product.updateStock(stock)).response.success_list[0].stock, 7);
    const price = { item_id: published, price_list: [{ model_id: 0, original_price: 59.9 }] };
    assert.equal((await sdk.product.updatePrice(price)).response.success_list[0].original_price, 59.9);
    const [shown] = (await sdk.product.getItemBaseInfo({ item_id_list: [published] })).response.item_list;
    assert.deepEqual(
      [shown.stock_info_v2.summary_info.total_available_stock, shown.price_info[0].current_price], [7, 59.9]);
  }],
  ["an item is changed, and price and stock not that way", async () => {
    const change = { item_id: published, item_name: "Item de teste, com outro nome" };
    assert.equal((await sdk.product.updateItem(change)).response.item_name, change.item_name);
    await refused(sdk.product.updateItem({ item_id: published, original_price: 1 }), "product.error_param");
  }],
  ["variations are made, read and stocked each by itself", async () => {
    await sdk.product.initTierVariation({
      item_id: published,
      tier_variation: [{ name: "Cor", option_list: [{ option: "Preta" }, { option: "Azul" }] }],
      model: [0, 1].map((index) => (
        { tier_index: [index], original_price: 59.9, model_sku: `CLIENT-1-${index}`, seller_stock: [{ stock: 4 }] })),
    });
    const made = (await sdk.product.getModelList({ item_id: published })).response;
    assert.deepEqual(made.model.map((model) => model.model_sku), ["CLIENT-1-0", "CLIENT-1-1"]);
    assert.equal(made.standardise_tier_variation[0].variation_name, "Cor");
    const list = [made.model[1].model_id, 1].map((model_id) => ({ model_id, seller_stock: [{ stock: 9 }] }));
    const written = (await sdk.product.updateStock({ item_id: published, stock_list: list })).response;
    assert.deepEqual([written.success_list.length, written.failure_list[0].model_id], [1, 1]);
  }],
  ["items are searched, and listed page by page", async () => {
    const { item_id_list: hits } = (await sdk.product.searchItem({ item_sku: "CLIENT-1-0", page_size: 10 })).response;
    assert.deepEqual(hits, [published]);
    const seen = [];
    for (let offset = 0, more = true; more;) {
      const page = (await sdk.product.getItemList({ offset, page_size: 5, item_status: ["NORMAL", "UNLIST"] })).response;
      seen.push(...page.item.map((entry) => entry.item_id));
      assert.equal(page.total_count >= seen.length, true);
      ({ has_next_page: more, next_offset: offset } = page);
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(seen.length > 5 && seen.includes(published));
  }],
  ["what else is told of an item: visits, campaigns, complaints", async () => {
    const { item_id_list: hits } = (await sdk.product.searchItem({ item_sku: "LUM-LUA-15", page_size: 1 })).response;
    const [item_id] = hits;
    await control("PUT", `/items/${item_id}`, { campaign: { price: 59.9, reserved: 10 } });
    const asked = { item_id_list: [item_id] };
    assert.equal((await sdk.product.getItemExtraInfo(asked)).response.item_list[0].item_id, item_id);
    const { promotion } = (await sdk.product.getItemPromotion(asked)).response.success_list[0];
    assert.ok(promotion[0].end_time instanceof Date);
    assert.equal((await sdk.product.getItemViolationInfo(asked)).response.item_list[0].deboost, false);
  }],
  ["an item leaves the shelf and is deleted", async () => {
    const off = await sdk.product.unlistItem({ item_list: [{ item_id: published, unlist: true }] });
    assert.equal(off.response.success_list[0].item_id, published);
    await sdk.product.deleteItem({ item_id: published });
    const [shown] = (await sdk.product.getItemBaseInfo({ item_id_list: [published] })).response.item_list;
    assert.equal(shown.item_status, "SELLER_DELETE");
  }],
  ["orders are listed page by page", async () => {
    const bought = [];
    for (let count = 0; count < 3; count += 1) {
      bought.push(await sell("TEC-MEC-60"));
    }
    const seen = [];
    for (let cursor = "", more = true; more;) {
      const asked = window({ page_size: 2, cursor, response_optional_fields: "order_status" });
      const page = (await sdk.order.getOrderList(asked)).response;
      seen.push(...page.order_list.map((row) => `${row.order_sn} ${row.order_status}`));
      ({ more, next_cursor: cursor } = page);
    }
    assert.deepEqual(seen.sort(), bought.map((sn) => `${sn} READY_TO_SHIP`).sort());
    [order] = bought;
    const waiting = (await sdk.order.getOrderList(window({ order_status: "INVOICE_PENDING" }))).response.order_list;
    assert.equal(waiting.length, 3);
  }],
  ["a window of more than fifteen days is refused", async () => {
    const long = { time_from: secondsAgo(16 * 86_400), time_to: secondsAgo(0) };
    assert.match(await refused(sdk.order.getOrderList(window(long)), "order.order_list_invalid_time"), /15days/);
  }],
  ["an order shows what was asked for, and an unknown one is left out", async () => {
    const fields = ["item_list", "recipient_address", "pay_time", "total_amount", "buyer_cpf_id", "package_list"];
    const { order_list: rows } = (await sdk.order.getOrderDetail(
      { order_sn_list: [order, "260101NOBODY00"], response_optional_fields: fields })).response;
    assert.equal(rows.length, 1);
    const [shown] = rows;
    assert.deepEqual([shown.order_sn, shown.item_list[0].model_quantity_purchased], [order, 1]);
    assert.ok(shown.create_time instanceof Date && shown.pay_time instanceof Date);
    assert.equal("payment_info" in shown, false);
    parcel = shown.package_list[0].package_number;
    await refused(sdk.order.getOrderDetail({ order_sn_list: ["260101NOBODY00"] }), "error_not_found");
  }],
  ["a note is kept at an order", async () => {
    await sdk.order.setNote({ order_sn: order, note: "embalar para presente" });
    const asked = { order_sn_list: [order], response_optional_fields: "note" };
    assert.equal((await sdk.order.getOrderDetail(asked)).response.order_list[0].note, "embalar para presente");
  }],
  ["nothing leaves without its NF-e, which is uploaded and read back", async () => {
    await refused(sdk.logistics.getShippingParameter({ order_sn: order }), "logistics.lack_of_invoice_data");
    await sdk.order.uploadInvoiceDoc({ order_sn: order, file_type: 4, file: note(1) });
    assert.ok((await sdk.logistics.getShippingParameter({ order_sn: order })).response.pickup.address_list.length > 0);
  }],
  ["a parcel is arranged once, and its number comes later", async () => {
    const { pickup } = (await sdk.logistics.getShippingParameter({ order_sn: order })).response;
    const [{ address_id, time_slot_list: [slot] }] = pickup.address_list;
    const body = { order_sn: order, pickup: { address_id, pickup_time_id: slot.pickup_time_id } };
    await sdk.logistics.shipOrder(body);
    await refused(sdk.logistics.shipOrder(body), "logistics.package_already_shipped");
    assert.equal((await sdk.logistics.getTrackingNumber({ order_sn: order })).response.tracking_number, "");
    await passTime(60);
    const shown = (await sdk.order.getPackageDetail({ package_number_list: [parcel] })).response.package_list[0];
    assert.deepEqual([shown.order_sn, shown.is_shipment_arranged], [order, true]);
    assert.match(shown.tracking_number, /^BR/);
  }],
  ["the label is asked for, made and downloaded", async () => {
    const { tracking_number } = (await sdk.logistics.getTrackingNumber({ order_sn: order })).response;
    const shipping_document_type = "NORMAL_AIR_WAYBILL";
    const rows = [{ order_sn: order, package_number: parcel, tracking_number, shipping_document_type }];
    const kinds = await sdk.logistics.getShippingDocumentParameter({ order_list: rows });
    assert.ok(kinds.response.result_list[0].selectable_shipping_document_type.includes("THERMAL_AIR_WAYBILL"));
    await sdk.logistics.createShippingDocument({ order_list: rows });
    const status = async () =>
      (await sdk.logistics.getShippingDocumentResult({ order_list: rows })).response.result_list[0].status;
    assert.deepEqual([await status(), await status()], ["PROCESSING", "READY"]);
    const label = await sdk.logistics.downloadShippingDocument(
      { shipping_document_type, order_list: [{ order_sn: order, package_number: parcel }] });
    assert.ok(Buffer.isBuffer(label) && label.subarray(0, 4).toString() === "%PDF");
  }],
  ["a batch in which every row fails is an error that names them", async () => {
    const failed = await refusal(sdk.logistics.createShippingDocument({ order_list: [{ order_sn: "260101NOBODY00" }] }));
    assert.equal(failed.data.error, "common.batch_api_all_failed");
    assert.ok(failed.data.response.result_list[0].fail_error);
  }],
  ["packages are searched by what is to be done with them", async () => {
    const pagination = { page_size: 10, cursor: "" };
    const search = async (package_status) =>
      (await sdk.order.searchPackageList({ filter: { package_status }, pagination })).response;
    assert.deepEqual((await search(3)).packages_list.map((row) => row.package_number), [parcel]);
    assert.equal((await search(1)).pagination.total_count, 2);
    assert.equal((await sdk.order.getShipmentList({ page_size: 10 })).response.order_list.length, 2);
    assert.equal((await sdk.order.getPendingBuyerInvoiceOrderList({ page_size: 10 })).response.order_list.length, 2);
  }],
  ["channels and addresses", async () => {
    const { logistics_channel_list: all } = (await sdk.logistics.getChannelList()).response;
    assert.ok(all.some((channel) => channel.logistics_channel_id === 90003 && channel.enabled));
    assert.ok((await sdk.logistics.getAddressList()).response.address_list[0].address_id);
  }],
  ["an order is cancelled by the seller, another after the buyer asked", async () => {
    const cancelled = await sell("TEC-MEC-60");
    await sdk.order.cancelOrder({ order_sn: cancelled, cancel_reason: "CUSTOMER_REQUEST" });
    const asked = await sell("TEC-MEC-60");
    await control("POST", `/orders/${asked}/request_cancel`, {});
    await sdk.order.handleBuyerCancellation({ order_sn: asked, operation: "ACCEPT" });
    const rows = (await sdk.order.getOrderDetail({ order_sn_list: [cancelled, asked] })).response.order_list;
    assert.deepEqual(rows.map((row) => row.order_status), ["CANCELLED", "CANCELLED"]);
    await refused(
      sdk.order.handleBuyerCancellation({ order_sn: asked, operation: "ACCEPT" }), "order.cancel_order_invalid_status");
  }],
  ["the other shop ships without a note, and its parcel arrives", async () => {
    sdk = await signedIn(person);
    order = await sell("PEN-64", { quantity: 2 });
    assert.match(await arrange(sdk, order), /^BR/);
    parcel = await packageOf(order);
    await control("POST", `/packages/${parcel}/pickup`, {});
    await control("POST", `/packages/${parcel}/deliver`, {});
    const [shown] = (await sdk.order.getOrderDetail({ order_sn_list: [order] })).response.order_list;
    assert.equal(shown.order_status, "TO_CONFIRM_RECEIVE");
    const way = (await sdk.logistics.getTrackingInfo({ order_sn: order, package_number: parcel })).response;
    assert.equal(way.tracking_info[0].logistics_status, "DELIVERED");
    assert.ok(way.tracking_info[0].update_time instanceof Date);
  }],
  ["a return is read, and granted", async () => {
    const { return_sn } = await control("POST", "/returns", { order_sn: order });
    const found = (await sdk.returns.getReturnList({ page_no: 0, page_size: 10 })).response.return;
    assert.deepEqual(found.map((row) => row.return_sn), [return_sn]);
    const shown = (await sdk.returns.getReturnDetail({ return_sn })).response;
    assert.deepEqual([shown.status, shown.order_sn, shown.item[0].amount], ["REQUESTED", order, 2]);
    assert.equal((await sdk.returns.getAvailableSolutions({ return_sn })).response.offer_refund.eligibility, true);
    assert.ok((await sdk.returns.getReturnDisputeReason({ return_sn })).response.dispute_reason_list.length > 0);
    await sdk.returns.uploadProof({ return_sn, photo: [], description: "Saiu inteiro" });
    assert.equal((await sdk.returns.queryProof({ return_sn })).response.description, "Saiu inteiro");
    assert.equal((await sdk.returns.getReverseTrackingInfo({ return_sn })).response.return_sn, return_sn);
    await sdk.returns.confirm({ return_sn });
    assert.equal((await sdk.returns.getReturnDetail({ return_sn })).response.status, "ACCEPTED");
    await refused(sdk.returns.confirm({ return_sn }), "error_return_status");
  }],
  ["a comment is read and answered", async () => {
    const { comment_id } = await control("POST", "/comments", { order_sn: order, stars: 4, text: "Gostei" });
    const page = (await sdk.product.getComment({ cursor: "", page_size: 10 })).response;
    assert.deepEqual([page.item_comment_list[0].comment_id, page.item_comment_list[0].rating_star], [comment_id, 4]);
    const said = await sdk.product.replyComment({ comment_list: [{ comment_id, comment: "Obrigado!" }] });
    assert.equal(said.response.result_list[0].comment_id, comment_id);
  }],
  ["money: one order, several, what was released, the wallet", async () => {
    const kept = await sell("PEN-64");
    await arrange(sdk, kept);
    for (const step of ["pickup", "deliver"]) {
      await control("POST", `/packages/${await packageOf(kept)}/${step}`, {});
    }
    await control("POST", `/orders/${kept}/receive`, {});
    const { order_income: income } = (await sdk.payment.getEscrowDetail({ order_sn: kept })).response;
    assert.ok(income.escrow_amount > 0 && income.items[0].quantity_purchased === 1);
    const both = (await sdk.payment.getEscrowDetailBatch({ order_sn_list: [kept, order] })).response;
    assert.equal(both.length, 2);
    await passTime(3600);
    const span = { release_time_from: secondsAgo(86_400), release_time_to: secondsAgo(-86_400) };
    const { escrow_list: released } = (await sdk.payment.getEscrowList({ ...span, page_size: 10, page_no: 1 })).response;
    assert.ok(released.some((row) => row.order_sn === kept && row.escrow_release_time instanceof Date));
    const wallet = (await sdk.payment.getWalletTransactionList({ page_no: 0, page_size: 10 })).response;
    assert.ok(wallet.transaction_list.some((row) => row.order_sn === kept));
    assert.ok((await sdk.payment.getIncomeOverview({ income_status: 1 })).total_income.released_amount > 0);
    assert.ok((await sdk.payment.getPaymentMethodList()).response[0].payment_method.includes("Pix"));
    await refused(sdk.payment.getEscrowDetail({ order_sn: "260101NOBODY00" }), "order_not_found");
  }],
  ["pushes: where they go, and those that were lost", async () => {
    await sdk.push.setAppPushConfig({ callback_url: "http://127.0.0.1:9/hooks", set_push_config_on: [3, 4] });
    const shown = (await sdk.push.getAppPushConfig()).response;
    assert.equal(shown.callback_url, "http://127.0.0.1:9/hooks");
    assert.ok(shown.push_config_on_list.includes(3));
    const lost = (await sdk.push.getLostPushMessage()).response;
    assert.ok(Array.isArray(lost.push_message_list));
  }],
  ["a burst, and a bad hour of the platform", async () => {
    const fault = (code) => [{ path_prefix: "/api/v2/shop", kind: "code", code, message: "Too many requests", count: 1 }];
    for (const code of ["error_rate_limit", "error_server"]) {
      await control("PUT", "/faults", fault(code));
      await refused(sdk.shop.getShopInfo(), code);
    }
    assert.equal((await sdk.shop.getShopInfo()).shop_name, person.shop_name);
  }],
  ["a day later the token is refreshed, though the machine's clock has not moved", async () => {
    await passTime(86_400);
    assert.equal((await sdk.shop.getShopInfo()).shop_name, person.shop_name);
  }],
  ["a shop that left is told so", async () => {
    await control("POST", `/shops/${person.shop_id}/leave`, {});
    await refused(sdk.shop.getShopInfo(), "shop_no_linked", 403);
  }],
]);
