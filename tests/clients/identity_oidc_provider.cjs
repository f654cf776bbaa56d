// oidc-provider: an OpenID provider of Node, certified by the OpenID Foundation. Here the program itself is
// the client: the owner links an account there, signs out, comes in by it, and proves once more who they are.

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { spawn } = require("node:child_process");
const { assert, imported, run } = require("./kit.cjs");

const OWNER = { email: "dona@loja.example", password: "caneca vermelha na prateleira 42" };
const CALLBACK = "/sign-in/provider/callback";
let shop;
let program;
let server;

/** A browser: it keeps cookies by host and goes nowhere by itself. */
class Browser {
  jar = new Map();

  async ask(url, fields) {
    const { origin } = new URL(url);
    const kept = this.jar.get(origin) ?? new Map();
    this.jar.set(origin, kept);
    const answer = await fetch(url, {
      method: fields ? "POST" : "GET", redirect: "manual", body: fields && new URLSearchParams(fields),
      headers: { cookie: [...kept].map((pair) => pair.join("=")).join("; "), "sec-fetch-site": "same-origin" },
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, ...value] = cookie.split(";")[0].split("=");
      kept.set(name, value.join("="));
    }
    const location = answer.headers.get("location");
    return { status: answer.status, text: await answer.text(), headers: answer.headers,
             location: location && new URL(location, url).href };
  }

  /** Forgets everything but the shop. */
  leavesTheProvider() {
    this.jar = new Map([[shop, this.jar.get(shop)]]);
  }

  /** Presses a button of the shop's, with the token of the member's forms. */
  async press(place, fields = {}) {
    const page = await this.ask(`${shop}/security`);
    const csrf = page.text.match(/name="csrf" value="([^"]*)"/)?.[1] ?? "";
    return this.ask(`${shop}${place}`, { ...fields, csrf });
  }

  /** From a button to the provider, through its pages as `login`, and back; gives where that leads. */
  async travels(place, login, fields = {}) {
    const sent = await this.press(place, fields);
    const address = sent.headers.get("refresh")?.replace("0; url=", "");
    assert.ok(address, `${sent.status} ${sent.location}`);
    let at = await this.ask(address);
    for (let steps = 0; steps < 20; steps += 1) {
      const form = at.text.match(/<form[^>]*action="([^"]+)"[^>]*method="post"/);
      if (at.location?.startsWith(`${shop}${CALLBACK}`)) {
        return this.ask(at.location);
      }
      if (at.location) {
        at = await this.ask(at.location);
      } else if (form) {
        const prompt = at.text.match(/name="prompt" value="([^"]+)"/)[1];
        at = await this.ask(new URL(form[1], address).href, { prompt, login, password: "any" });
      } else {
        throw new Error(`nowhere to go: ${at.status} ${at.text.slice(0, 300)}`);
      }
    }
    throw new Error("the provider goes round in circles");
  }
}

/** A free port of this machine. */
const freePort = () => new Promise((resolve) => {
  const probe = http.createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

async function open() {
  const [idPort, shopPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${idPort}`;
  shop = `http://127.0.0.1:${shopPort}`;
  const { default: Provider } = await imported("oidc-provider");
  const provider = new Provider(issuer, {
    clients: [{ client_id: "lojista", client_secret: "a secret & more: 100%", redirect_uris: [`${shop}${CALLBACK}`],
                response_types: ["code"], grant_types: ["authorization_code"] }],
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  });
  server = await new Promise((resolve) => {
    const listening = http.createServer(provider.callback()).listen(idPort, "127.0.0.1", () => resolve(listening));
  });
  const data = fs.mkdtempSync(path.join(process.env.SANDBOX_SCRATCH, "shop-"));
  program = spawn(process.env.LOJISTA_PROGRAM, ["serve", "--json"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH, LOJISTA_DATA: path.join(data, "data"), LOJISTA_LISTEN: `127.0.0.1:${shopPort}`,
           LOJISTA_OIDC_ISSUER: issuer, LOJISTA_OIDC_CLIENT_ID: "lojista",
           LOJISTA_OIDC_CLIENT_SECRET: "a secret & more: 100%" },
  });
  const line = await new Promise((resolve, reject) => {
    program.stdout.once("data", (bytes) => resolve(bytes.toString()));
    program.once("exit", (code) => reject(new Error(`the program ended: ${code}`)));
  });
  return JSON.parse(line).setup_link;
}

const owner = new Browser();
let session;

run("oidc-provider", [
  ["a shop opens that signs in by it", async () => {
    const link = await open();
    const made = await owner.ask(link, { ...OWNER, organization: "Casa Verde" });
    assert.equal(made.status, 303, made.text);
  }],
  ["an account that nobody linked opens nothing", async () => {
    const landed = await new Browser().travels("/sign-in/provider", "ana", { next: "/security" });
    assert.ok(landed.location.startsWith(`${shop}/sign-in?`), landed.location);
  }],
  ["the owner links theirs", async () => {
    const landed = await owner.travels("/security/provider", "ana");
    assert.equal(landed.location, `${shop}/security`);
    const page = await owner.ask(landed.location);
    assert.ok(page.text.includes("/security/provider/remove"), page.text);
  }],
  ["and comes in by it with another browser", async () => {
    session = new Browser();
    const landed = await session.travels("/sign-in/provider", "ana", { next: "/security" });
    assert.equal(landed.location, `${shop}/security`);
    assert.equal((await session.ask(landed.location)).status, 200);
  }],
  ["a fresh proof is asked for anew", async () => {
    const landed = await session.travels("/confirm/provider", "ana", { next: "/security" });
    assert.equal(landed.location, `${shop}/security`);
  }],
  ["another account proves nothing", async () => {
    session.leavesTheProvider();
    const landed = await session.travels("/confirm/provider", "eva", { next: "/security" });
    assert.ok(landed.location.startsWith(`${shop}/confirm?`), landed.location);
  }],
]).finally(() => {
  program?.kill();
  server?.close();
  server?.closeAllConnections();
});
