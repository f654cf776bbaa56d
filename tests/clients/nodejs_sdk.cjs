// mercadolibre-nodejs-sdk: the official Node client, generated. Its base path is a setting; what reads without a
// token gets it as a default header, which is a setting as well.

const { api, app, assert, classic, consent, control, item, redirectUri, run, sell } = require("./kit.cjs");
const meli = require("mercadolibre-nodejs-sdk");

const settings = meli.ApiClient.instance;
settings.basePath = api;
const [oauth, items, categories, rest] = [
  new meli.OAuth20Api(), new meli.ItemsApi(), new meli.CategoriesApi(), new meli.RestClientApi(),
];
let token;
let refreshToken;
let published;

/** A call of the client as a promise of the answer's document. */
const call = (api, method, ...args) =>
  new Promise((resolve, reject) =>
    api[method](...args, (error, _, response) => {
      if (error) {
        reject(Object.assign(new Error(`${error.status} ${response?.text ?? error.message}`), { status: error.status, body: response?.body }));
      } else {
        resolve(response.body);
      }
    }));

const login = { clientId: app.client_id, clientSecret: app.client_secret };

function keep(pair) {
  token = pair.access_token;
  refreshToken = pair.refresh_token;
  settings.defaultHeaders = { Authorization: `Bearer ${token}`, "x-format-new": "true" };
}

run("mercadolibre-nodejs-sdk", [
  ["the authorization page answers", async () => {
    await call(oauth, "auth", "code", app.client_id, redirectUri);
  }],
  ["a code becomes tokens", async () => {
    const query = new URLSearchParams({ response_type: "code", client_id: app.client_id, redirect_uri: redirectUri });
    const code = await consent(`${api}/authorization?${query}`);
    keep(await call(oauth, "getToken", { grantType: "authorization_code", ...login, redirectUri, code }));
    await assert.rejects(
      call(oauth, "getToken", { grantType: "authorization_code", ...login, redirectUri, code }),
      (error) => error.status === 400 && error.body.error === "invalid_grant");
  }],
  ["a refresh gives a new pair", async () => {
    const before = refreshToken;
    keep(await call(oauth, "getToken", { grantType: "refresh_token", ...login, refreshToken }));
    assert.notEqual(refreshToken, before);
  }],
  ["categories and the predictor", async () => {
    assert.ok((await call(categories, "sitesSiteIdCategoriesGet", "MLB")).length > 0);
    assert.equal((await call(categories, "categoriesCategoryIdGet", "MLB3530")).id, "MLB3530");
    const found = await call(categories, "sitesSiteIdDomainDiscoverySearchGet", "MLB", "fone bluetooth", "1");
    assert.match(found[0].category_id, /^MLB/);
  }],
  ["an item is created, changed and read back", async () => {
    published = (await call(items, "itemsPost", token, item("Item de Teste"))).id;
    await call(items, "itemsIdPut", published, token, { available_quantity: 4 });
    assert.equal((await call(items, "itemsIdGet", published)).available_quantity, 4);
  }],
  ["a listing that lacks its category is refused in the platform's words", async () => {
    await assert.rejects(
      call(items, "itemsPost", token, item("Item de Teste", { category_id: undefined })),
      (error) => error.status === 400 && error.body.error === "validation_error");
  }],
  ["the general client reaches a resource whose slashes it escapes", async () => {
    assert.equal((await call(rest, "resourceGet", "users/me", token)).id, classic.user_id);
    const order = await sell("CAN-INOX-500");
    assert.equal((await call(rest, "resourceGet", `orders/${order}`, token)).id, order);
  }],
  ["the general client writes", async () => {
    const written = await call(rest, "resourcePut", `items/${published}`, token, { price: 61.5 });
    assert.equal(written.price, 61.5);
    const { id } = await call(rest, "resourcePost", "items", token, item("Item de Teste 2"));
    assert.match(id, /^MLB/);
    const asked = await control("POST", "/questions", { item_id: published, text: "Serve?" });
    await call(rest, "resourceDelete", `questions/${asked.question_id}`, token);
  }],
  ["a token in the query alone counts only where the rules allow it", async () => {
    settings.defaultHeaders = {};
    await assert.rejects(call(rest, "resourceGet", "users/me", token), (error) => error.status === 401);
    await control("PUT", "/rules", { access_token_query_allowed: true });
    assert.equal((await call(rest, "resourceGet", "users/me", token)).id, classic.user_id);
  }],
]);
