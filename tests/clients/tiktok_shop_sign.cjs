// tiktok-shop: fetches tokens and signs addresses; the calls themselves are made here, with its signatures. Hosts built
// in, reached through the gateway. It signs query, path and body in two ways of its own.

const { assert, casa, consent, manifest, run, sell, throughGateway } = require("./tiktok_shop_kit.cjs");
const TikTokShop = require("tiktok-shop");

throughGateway();
const { app_key: appKey, app_secret: appSecret, service_id } = manifest;
const HOST = "https://open-api.tiktokglobalshop.com";
const shop = new TikTokShop({ appKey, appSecret });
let tokens;

const now = () => Math.floor(Date.now() / 1000);

/** A call whose signature comes from the client; `body` is signed as the client serializes it. */
async function call(method, path, query = {}, body = undefined, signer = shop) {
  const url = new URL(path, HOST);
  url.search = new URLSearchParams({ app_key: appKey, timestamp: now(), ...query });
  const { signature } = signer.signByUrl(url.href, body ?? {});
  url.searchParams.set("sign", signature);
  const headers = { "x-tts-access-token": tokens.access_token, "content-type": "application/json" };
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
}

run("tiktok-shop", [
  ["a code becomes tokens", async () => {
    const query = new URLSearchParams({ service_id, state: "s" });
    const { code } = await consent(`https://services.tiktokshop.com/open/authorize?${query}`);
    const answer = await shop.authCodeToken(code);
    assert.deepEqual([answer.code, answer.message, answer.data.seller_name], [0, "success", casa.name]);
    tokens = answer.data;
    assert.equal((await shop.authCodeToken(code)).code, 36004004);
  }],
  ["a refresh gives a new pair, in the older form of the call as well", async () => {
    const { refresh_token: spent } = tokens;
    tokens = await shop.refreshToken(spent);
    assert.notEqual(tokens.refresh_token, spent);
    assert.equal((await shop.refreshToken(spent)).code, 36004005);
    tokens = await TikTokShop.generateToken({ app_key: appKey, app_secret: appSecret }, tokens.refresh_token);
    assert.ok(tokens.access_token);
  }],
  ["a signed GET", async () => {
    const answer = await call("GET", "/authorization/202309/shops");
    assert.equal(answer.data.shops[0].cipher, casa.cipher);
  }],
  ["a signed POST with a body, and one without", async () => {
    const order = await sell("ORG-GAV-6");
    const query = { shop_cipher: casa.cipher, page_size: 10 };
    const found = await call("POST", "/order/202309/orders/search", query, { order_status: "AWAITING_SHIPMENT" });
    assert.deepEqual(found.data.orders.map((row) => row.id), [order]);
    assert.equal((await call("POST", "/order/202309/orders/search", query)).data.total_count, 1);
  }],
  ["parameters of the first version are signed along and do no harm", async () => {
    const query = { shop_cipher: casa.cipher, version: "202309", shop_id: "", page_size: 1 };
    assert.equal((await call("POST", "/order/202309/orders/search", query)).code, 0);
  }],
  ["the access token in the query is not signed", async () => {
    assert.equal((await call("GET", "/authorization/202309/shops", { access_token: tokens.access_token })).code, 0);
  }],
  ["a wrong secret", async () => {
    const thief = new TikTokShop({ appKey, appSecret: "wrong" });
    const answer = await call("GET", "/authorization/202309/shops", {}, undefined, thief);
    assert.deepEqual([answer.status, answer.code, answer.data], [401, 106001, null]);
    assert.match(answer.message, /^Invalid credentials. The .sign. query parameter is invalid/);
  }],
]);
