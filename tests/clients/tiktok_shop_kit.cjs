// What the Node scripts for TikTok Shop share: its shops, buyers and a seller's consent.

const kit = require("./kit.cjs");

const manifest = kit.manifest.tiktok_shop;
const [casa, serra] = manifest.shops;
const api = manifest.api_url;

const control = (method, path, body) => kit.control(method, path, body, api);

/** Approves on the consent page; gives the query that the browser comes back with. */
const consent = (url, shop = casa) => kit.decide(url, { shop_id: shop.shop_id, decision: "approve" });

/** A buyer buys and is past the hour of remorse; gives the id of the order. */
async function sell(sku, quantity = 1, fields = {}) {
  const { orders } = await control("POST", "/sales", { sku, quantity, shop_id: casa.shop_id, ...fields });
  await control("POST", `/orders/${orders[0]}/end_remorse`, {});
  return orders[0];
}

const passTime = (seconds) => control("POST", "/time", { advance_seconds: seconds });

module.exports = { ...kit, api, casa, consent, control, manifest, passTime, sell, serra };
