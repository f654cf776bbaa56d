// tiktok-shop-sdk: hosts built in, reached through the gateway. Lists in a query are joined with commas.

const {
  assert, casa, consent, control, manifest, passTime, run, sell, serra, throughGateway,
} = require("./tiktok_shop_kit.cjs");
const { TikTokAPIError, TikTokShopSDK } = require("tiktok-shop-sdk");

throughGateway();
const { app_key: appKey, app_secret: appSecret } = manifest;
const sdk = new TikTokShopSDK({ appKey, appSecret });
let tokens;
let product;
let order;
let warehouse;

/** The code of what the platform refuses. */
async function refusal(call) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof TikTokAPIError, String(error));
    return error.code;
  }
  throw new Error("nothing was refused");
}

const dataOf = async (call) => (await call).data;
const shown = async () => (await dataOf(sdk.product.getProduct({ product_id: product }))).skus[0];

run("tiktok-shop-sdk", [
  ["the consent page by application key, as of old, gives a code", async () => {
    const query = new URLSearchParams({ app_key: appKey, state: "s 1" });
    const back = await consent(`https://auth.tiktok-shops.com/oauth/authorize?${query}`);
    assert.equal(back.state, "s 1");
    const pair = await dataOf(sdk.auth.getAccessToken({ auth_code: back.code }));
    assert.deepEqual([pair.seller_name, pair.user_type], [casa.name, 0]);
    assert.equal(await refusal(sdk.auth.getAccessToken({ auth_code: back.code })), 36004004);
    tokens = pair;
  }],
  ["a refresh token is good once", async () => {
    const { refresh_token: spent } = tokens;
    tokens = await dataOf(sdk.auth.refreshAccessToken({ refresh_token: spent }));
    assert.notEqual(tokens.refresh_token, spent);
    assert.equal(await refusal(sdk.auth.refreshAccessToken({ refresh_token: spent })), 36004005);
  }],
  ["the shop of the token, and its cipher", async () => {
    assert.equal(await refusal(sdk.shop.getAuthorizedShops()), 36009004);
    sdk.setAccessToken(tokens.access_token);
    const [shop] = (await dataOf(sdk.shop.getAuthorizedShops())).shops;
    assert.equal(await refusal(sdk.order.getOrderList({ query: { page_size: 1 } })), 106013);
    sdk.setShopCipher(shop.cipher);
    assert.deepEqual([shop.id, shop.cipher], [casa.shop_id, casa.cipher]);
    assert.equal((await dataOf(sdk.seller.getActiveShops())).shops[0].id, casa.shop_id);
    assert.ok((await dataOf(sdk.seller.getSellerPermissions())).permissions);
  }],
  ["a wrong secret and another shop's cipher", async () => {
    const thief = new TikTokShopSDK({ appKey, appSecret: "wrong" });
    thief.setAccessToken(tokens.access_token);
    assert.equal(await refusal(thief.shop.getAuthorizedShops()), 106001);
    sdk.setShopCipher(serra.cipher);
    assert.equal(await refusal(sdk.order.getOrderList({ query: { page_size: 1 } })), 101000);
    sdk.setShopCipher(casa.cipher);
  }],
  ["warehouses and delivery options", async () => {
    const { warehouses } = await dataOf(sdk.logistic.getWarehouseList());
    warehouse = warehouses.find((entry) => entry.type === "SALES_WAREHOUSE").id;
    const { delivery_options: options } = await dataOf(sdk.logistic.getWarehouseDeliveryOptions(warehouse));
    assert.equal(await refusal(sdk.logistic.getShippingProviders(options[0].id)), 21008117);
    assert.ok((await dataOf(sdk.logistic.getShippingProviders(options[1].id))).shipping_providers.length > 0);
  }],
  ["the catalogue: categories, rules, attributes, brands, a recommendation", async () => {
    assert.ok((await dataOf(sdk.product.getCategories({ locale: "pt-BR" }))).categories.length > 10);
    const title = { product_title: "Garrafa Térmica Inox" };
    const { leaf_category_id: leaf } = await dataOf(sdk.product.recommendCategory(title));
    assert.ok((await dataOf(sdk.product.getCategoryRules({ category_id: leaf }))).package_dimension.is_required);
    assert.ok((await dataOf(sdk.product.getAttributes({ category_id: leaf }))).attributes.length > 0);
    assert.ok((await dataOf(sdk.product.getBrands({ page_size: 10 }))).brands.length > 0);
    assert.ok((await dataOf(sdk.product.getProductPrerequisites())).check_results.length > 0);
    assert.equal(await refusal(sdk.product.createCustomBrands({ name: "Marca da casa" })), 36009004);
  }],
  ["products are searched page by page and read", async () => {
    const seen = [];
    for (let token; token !== "";) {
      const query = { page_size: 5, ...(token && { page_token: token }) };
      const page = await dataOf(sdk.product.searchProducts({ query, body: { status: "ACTIVATE" } }));
      seen.push(...page.products);
      token = page.next_page_token;
      assert.ok(seen.length <= page.total_count);
    }
    product = seen.find((entry) => entry.skus[0].seller_sku === "ORG-GAV-6").id;
    assert.ok((await shown()).price.sale_price);
  }],
  ["stock and price are written and read back", async () => {
    const { id } = await shown();
    const of = (body) => ({ product_id: product, body });
    await sdk.product.updateProductInventory(of({ skus: [{ id, inventory: [{ quantity: 12 }] }] }));
    await sdk.product.updateProductPrice(of({ skus: [{ id, price: { amount: "77.70", currency: "BRL" } }] }));
    const sku = await shown();
    assert.deepEqual([sku.inventory[0].quantity, sku.price.sale_price], [12, "77.70"]);
    const { inventory } = await dataOf(sdk.product.searchInventory({ sku_ids: [id] }));
    assert.equal(inventory[0].skus[0].total_available_quantity, 12);
    const bad = { skus: [{ id: "1", inventory: [{ quantity: 1 }] }] };
    const { errors } = await dataOf(sdk.product.updateProductInventory({ product_id: product, body: bad }));
    assert.equal(errors[0].code, 12052990);
  }],
  ["a product is created of pictures that are there, edited whole and in part, and deleted", async () => {
    const { main_images: [{ uri }] } = await dataOf(sdk.product.getProduct({ product_id: product }));
    const fields = {
      title: "Organizador de teste do cliente", description: "<p>Uma descrição de teste.</p>", category_id: "601231",
      main_images: [{ uri }], package_weight: { value: "0.500", unit: "KILOGRAM" },
      package_dimensions: { length: "20", width: "15", height: "10", unit: "CENTIMETER" },
      product_attributes: [{ id: "100157", values: [{ name: "Plástico" }] }],
      skus: [{
        seller_sku: "CLIENT-1", price: { amount: "49.90", currency: "BRL" },
        inventory: [{ warehouse_id: warehouse, quantity: 5 }],
      }],
    };
    const { product_id } = await dataOf(sdk.product.createProduct(fields));
    const titled = async () => (await dataOf(sdk.product.getProduct({ product_id }))).title;
    await passTime(60);
    await sdk.product.editProduct({ product_id, body: { ...fields, title: "Organizador de teste, inteiro" } });
    await passTime(60);
    assert.equal(await titled(), "Organizador de teste, inteiro");
    await sdk.product.partialEditProduct({ product_id, body: { title: "Organizador de teste, em parte" } });
    await passTime(60);
    assert.equal(await titled(), "Organizador de teste, em parte");
    const acts = { deactivateProducts: "SELLER_DEACTIVATED", deleteProducts: "DELETED", recoverProduct: "SELLER_DEACTIVATED" };
    for (const [act, status] of Object.entries(acts)) {
      await sdk.product[act]({ product_ids: [product_id] });
      assert.equal((await dataOf(sdk.product.getProduct({ product_id }))).status, status);
    }
  }],
  ["orders are searched page by page and read together", async () => {
    const bought = [await sell("ORG-GAV-6", 2), await sell("ORG-GAV-6")];
    const seen = [];
    for (let token; token !== "";) {
      const query = { page_size: 1, sort_field: "create_time", sort_order: "ASC", ...(token && { page_token: token }) };
      const page = await dataOf(sdk.order.getOrderList({ query, body: { order_status: "AWAITING_SHIPMENT" } }));
      seen.push(...page.orders.map((row) => row.id));
      token = page.next_page_token;
    }
    assert.deepEqual(seen, bought);
    const { orders } = await dataOf(sdk.order.getOrderDetail({ ids: bought }));
    assert.deepEqual(orders.map((row) => row.line_items.length), [2, 1]);
    assert.ok((await dataOf(sdk.order.getPriceDetail({ order_id: bought[0] }))).total);
    [order] = orders;
  }],
  ["an order carries its name in another system", async () => {
    const line_items = [{ id: "L1", origin_id: order.line_items[0].id }];
    const row = { id: order.id, external_order: { id: "ERP-1", platform: "ERP_SYSTEM", line_items } };
    assert.equal((await dataOf(sdk.order.addExternalOrderReferences({ orders: [row] }))).errors, undefined);
    const asked = { order_id: order.id, query: { platform: "ERP_SYSTEM" } };
    const shown = await dataOf(sdk.order.getExternalOrderReferences(asked));
    assert.equal(shown.external_orders[0].id, "ERP-1");
    const query = { platform: "ERP_SYSTEM", external_order_id: "ERP-1" };
    assert.equal((await dataOf(sdk.order.searchOrderByExternalOrderReference(query))).orders[0].id, order.id);
  }],
  ["parcels are searched, and their pick-ups offered", async () => {
    const search = { query: { page_size: 10 }, body: { package_status: "TO_FULFILL" } };
    const { packages } = await dataOf(sdk.fulfillment.searchPackage(search));
    assert.equal(packages.length, 2);
    assert.ok((await dataOf(sdk.fulfillment.getPackageHandoverTimeSlots(packages[0].id))).pickup_slots.length > 0);
    const { split_attributes: can } = await dataOf(sdk.fulfillment.getOrderSplitAttributes({ order_ids: [order.id] }));
    assert.equal(can[0].order_id, order.id);
    assert.ok(await dataOf(sdk.fulfillment.searchCombinablePackages({ page_size: 10 })));
  }],
  ["what a seller and a buyer cancel", async () => {
    const [own, asked] = [await sell("ORG-GAV-6"), await sell("ORG-GAV-6")];
    await sdk.return_refund.cancelOrder({ order_id: own, cancel_reason: "seller_cancel_reason_out_of_stock" });
    await control("POST", `/orders/${asked}/cancel`, {});
    const search = { query: { page_size: 10 }, body: { order_ids: [asked] } };
    const { cancellations: [request] } = await dataOf(sdk.return_refund.searchCancellation(search));
    await sdk.return_refund.approveCancellation({ cancel_id: request.cancel_id });
    const { orders } = await dataOf(sdk.order.getOrderDetail({ ids: [own, asked] }));
    assert.deepEqual(orders.map((row) => row.status), ["CANCELLED", "CANCELLED"]);
  }],
  ["a return is read with its records and granted", async () => {
    const parcel = order.packages[0].id;
    await control("POST", `/packages/${parcel}/invoice`, { status: "SUCCESS" });
    for (const action of ["ship", "collect", "deliver"]) {
      await control("POST", `/packages/${parcel}/${action}`, {});
    }
    const { return_id } = await control("POST", "/returns", { order_id: order.id, type: "REFUND" });
    const { return_orders: [found] } = await dataOf(
      sdk.return_refund.searchReturn({ query: { page_size: 10 }, body: { order_ids: [order.id] } }));
    assert.equal(found.return_id, return_id);
    assert.ok((await dataOf(sdk.return_refund.getReturnRecord({ return_id }))).records.length > 0);
    assert.ok((await dataOf(sdk.return_refund.getRejectReasons({ return_or_cancel_id: return_id }))).reasons.length > 0);
    await sdk.return_refund.approveReturn({ return_id, body: { decision: "APPROVE_REFUND" } });
  }],
  ["statements and payments", async () => {
    const bought = await sell("ORG-GAV-6");
    const { orders: [{ packages: [{ id: parcel }] }] } = await dataOf(sdk.order.getOrderDetail({ ids: [bought] }));
    await control("POST", `/packages/${parcel}/invoice`, { status: "SUCCESS" });
    for (const action of ["ship", "collect", "deliver"]) {
      await control("POST", `/packages/${parcel}/${action}`, {});
    }
    await control("POST", `/orders/${bought}/complete`, {});
    await passTime(2 * 86_400);
    const { statements } = await dataOf(sdk.finance.getStatements({ sort_field: "statement_time" }));
    const query = { sort_field: "order_create_time" };
    const { transactions } = await dataOf(sdk.finance.getTransactionsByStatement({ statement_id: statements[0].id, query }));
    assert.ok(transactions.some((row) => row.order_id === bought));
    assert.equal((await dataOf(sdk.finance.getTransactionsByOrder(bought))).order_id, bought);
    assert.ok((await dataOf(sdk.finance.getPayments({ sort_field: "create_time" }))).payments.length > 0);
    assert.ok(await dataOf(sdk.finance.getWithdrawals({ types: ["WITHDRAW", "SETTLE"] })));
  }],
  ["addresses for webhooks are registered and forgotten; the DELETE has a signed body", async () => {
    await sdk.event.updateShopWebhook({ address: "https://shop.example/hooks", event_type: "ORDER_STATUS_CHANGE" });
    assert.equal((await dataOf(sdk.event.getShopWebhooks())).webhooks[0].address, "https://shop.example/hooks");
    await sdk.event.deleteShopWebhook({ event_type: "ORDER_STATUS_CHANGE" });
    assert.equal((await dataOf(sdk.event.getShopWebhooks())).total_count, 0);
  }],
  ["an empty object is sent but not signed, and refused for it", async () => {
    assert.equal(await refusal(sdk.return_refund.searchReturn({ query: { page_size: 10 }, body: {} })), 106001);
  }],
  ["an expired token and a burst have codes of their own", async () => {
    await control("PUT", "/faults", [{ path_prefix: "/order", kind: "status", status: 429, count: 1 }]);
    assert.equal(await refusal(sdk.order.getOrderList({ query: { page_size: 1 } })), 36009002);
    await control("POST", "/tokens/expire", { shop_id: casa.shop_id });
    assert.equal(await refusal(sdk.order.getOrderList({ query: { page_size: 1 } })), 105002);
  }],
]);
