// mercadolibre: a community client for Node from the days of tokens in the query. Its addresses are settings.

const { api, app, assert, classic, consent, control, item, png, redirectUri, run, sell } = require("./kit.cjs");
const { config } = require("mercadolibre/config.js");
const { Meli } = require("mercadolibre");

config.api_root_url = api;
config.auth_url = `${api}/authorization`;
config.oauth_url = `${api}/oauth/token`;
const meli = new Meli(app.client_id, app.client_secret);

/** A call of the client as a promise of what it hands on, errors of the API included. */
const call = (method, ...args) =>
  new Promise((resolve, reject) =>
    meli[method](...args, (error, body) => (error ? reject(error) : resolve(body))));

/** The same for an answer that must be no error. */
async function ok(method, ...args) {
  const body = await call(method, ...args);
  assert.ok(!(body?.status >= 400), JSON.stringify(body));
  return body;
}

let published;
let order;

run("mercadolibre", [
  ["a code becomes tokens", async () => {
    const query = meli.getAuthURL(redirectUri);
    const pair = await call("authorize", await consent(query), redirectUri);
    assert.equal(pair.user_id, classic.user_id);
  }],
  ["a refresh gives a new pair", async () => {
    const pair = await call("refreshAccessToken");
    assert.match(pair.access_token, /^APP_USR-/);
  }],
  ["users/me with the token in the query", async () => {
    assert.equal((await call("get", "/users/me")).message, "authorization value not present");
    await control("PUT", "/rules", { access_token_query_allowed: true, old_shipment_format_allowed: true });
    assert.equal((await ok("get", "/users/me")).id, classic.user_id);
  }],
  ["a picture is uploaded, an item is made with it", async () => {
    const file = { file: { buffer: png(600), filename: "a.png", content_type: "image/png" } };
    const picture = await ok("upload", "/pictures/items/upload", file);
    published = (await ok("post", "/items", item("Item de Teste", { pictures: [{ id: picture.id }] }))).id;
    assert.equal((await ok("get", `/items/${published}`)).pictures[0].id, picture.id);
  }],
  ["an item is changed", async () => {
    assert.equal((await ok("put", `/items/${published}`, { price: 70 })).price, 70);
  }],
  ["several items at once, fields chosen", async () => {
    const found = await ok("get", "/items/bulk", { ids: [published], attributes: ["body.id", "body.price"] });
    assert.deepEqual(found[0].body, { id: published, price: 70 });
  }],
  ["orders are searched, one is read with its parcel", async () => {
    order = await sell("CAN-INOX-500");
    const found = await ok("get", "/orders/search", { seller: classic.user_id, sort: "date_desc" });
    assert.equal(found.results[0].id, order);
    const { shipping } = await ok("get", `/orders/${order}`);
    assert.equal((await ok("get", `/shipments/${shipping.id}`)).id, shipping.id);
  }],
  ["a label comes as bytes", async () => {
    const { shipping } = await ok("get", `/orders/${order}`);
    await control("PUT", `/shipments/${shipping.id}`, { status: "ready_to_ship", substatus: "ready_to_print" });
    const label = await ok("get", "/shipment_labels", { shipment_ids: shipping.id, response_type: "pdf" });
    assert.equal(Buffer.from(label).subarray(0, 5).toString("latin1"), "%PDF-");
  }],
  ["a question is answered, another one deleted", async () => {
    const ids = [];
    for (const text of ["Tem azul?", "Tem verde?"]) {
      ids.push((await control("POST", "/questions", { item_id: published, text })).question_id);
    }
    const answered = await ok("post", "/answers", { question_id: ids[0], text: "Temos." });
    assert.equal(answered.status, "ANSWERED");
    assert.deepEqual(await ok("delete", `/questions/${ids[1]}`), ["Question deleted."]);
  }],
]);
