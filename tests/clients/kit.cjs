// What the Node scripts of this folder share: steps, the world behind the sandbox, and a person's consent.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const zlib = require("node:zlib");

const manifest = JSON.parse(fs.readFileSync(process.env.SANDBOX_MANIFEST, "utf8"));
const api = manifest.api_url;
const app = manifest.apps[0];
const redirectUri = app.redirect_uris[0];
const [classic, family] = manifest.sellers;

/** Runs the steps in order and prints one line for each; a step that fails does not end the others. */
async function run(client, steps) {
  let failed = 0;
  for (const [name, step] of steps) {
    try {
      await step();
      console.log(`ok   ${client}: ${name}`);
    } catch (error) {
      failed += 1;
      const said = error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error);
      console.log(`FAIL ${client}: ${name}: ${said.replaceAll("\n", " ")}`);
    }
  }
  process.exitCode = failed ? 1 : 0;
}

/** A call of the control API of the sandbox at `base`. */
async function control(method, path, body, base = api) {
  const answer = await fetch(`${base}/_sandbox${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A buyer buys and the parcel is made; gives the id of the order. */
async function sell(sku, quantity = 1) {
  const { orders } = await control("POST", "/sales", { sku, quantity });
  await control("POST", "/time", { advance_seconds: 60 });
  return orders[0];
}

/** A listing of the classic model that is in order. */
const item = (title, fields = {}) => ({
  title, category_id: "MLB3530", price: 49.9, currency_id: "BRL", available_quantity: 10, buying_mode: "buy_it_now",
  condition: "new", listing_type_id: "gold_special", pictures: [{ source: "https://img.example/a.jpg" }],
  attributes: [{ id: "SELLER_SKU", value_name: "CLIENT-1" }], ...fields,
});

/** A grey square as PNG, `side` pixels wide. */
function png(side) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8; // bits of grey
  const rows = Buffer.alloc(side * (side + 1), 0x80).map((byte, place) => (place % (side + 1) ? byte : 0));
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([
    signature, chunk("IHDR", header), chunk("IDAT", zlib.deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
  }
  return (sum ^ 0xffffffff) >>> 0;
}

const unescape = (text) =>
  text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Opens a consent page as a person would and sends its form; gives the query that the browser comes back with. */
async function decide(url, choice) {
  const answered = await fetch(url);
  const page = await answered.text();
  const action = page.match(/<form method="post" action="([^"]+)"/);
  assert.ok(action, page);
  const fields = new URLSearchParams(choice);
  for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)) {
    fields.set(name, unescape(value));
  }
  const target = new URL(action[1], answered.url);
  const answer = await fetch(target, { method: "POST", body: fields, redirect: "manual" });
  assert.equal(answer.status, 302, await answer.text());
  return Object.fromEntries(new URL(answer.headers.get("location")).searchParams);
}

/** Approves on Mercado Livre's authorization page; gives the code. */
async function consent(url, seller = classic) {
  return (await decide(url, { user_id: String(seller.user_id), decision: "approve" })).code;
}

/** Leads this process's own `fetch` to the gateway, as HTTPS_PROXY asks: Node 20 does not look at that by itself. */
function throughGateway() {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = require("undici");
  setGlobalDispatcher(new EnvHttpProxyAgent());
}

/** A package that can only be imported, which does not look into NODE_PATH by itself. */
function imported(name) {
  const folder = path.join(process.env.NODE_PATH, name);
  const { main } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  return import(pathToFileURL(path.join(folder, main)));
}

module.exports = {
  api, app, assert, classic, consent, control, decide, family, imported, item, manifest, png, redirectUri, run, sell,
  throughGateway,
};
