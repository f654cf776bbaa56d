// What the Node scripts for Shopee share: its shops, buyers and a seller's consent.

const kit = require("./kit.cjs");

const manifest = kit.manifest.shopee;
const api = manifest.api_url;
// The shop of a company, which needs an NF-e for each parcel, and the one of a person, which does not.
const [company, person] = manifest.shops;
const redirectUri = "http://127.0.0.1:8080/callback";

const control = (method, path, body) => kit.control(method, path, body, api);

/** Approves on Shopee's page, as a shop or as the main account; gives the query that the browser comes back with. */
const consent = (url, account) => kit.decide(url, { account: String(account), otp: "123456" });

/** A buyer buys; gives the number of the order. */
const sell = async (sku, fields = {}) => (await control("POST", "/sales", { sku, ...fields })).orders[0];

const passTime = (seconds) => control("POST", "/time", { advance_seconds: seconds });

/** A small NF-e, of which only its number differs. */
const note = (number) => {
  const key = `3526111234567800019555001${String(number).padStart(9, "0")}1000000017`;
  return Buffer.from(
    `<nfeProc><NFe><infNFe Id="NFe${key}"><ide><serie>1</serie><nNF>${number}</nNF></ide>` +
    "<det><prod><CFOP>6102</CFOP><vProd>229.00</vProd></prod></det><total><vNF>241.00</vNF></total></infNFe></NFe></nfeProc>",
  );
};

module.exports = { ...kit, api, company, consent, control, manifest, note, passTime, person, redirectUri, sell };
