// openid-client: the OpenID Connect client of Node, certified by the OpenID Foundation. It is given the provider's
// address and what it is registered as, and believes what it checks by its own code.

const { assert, manifest, run } = require("./kit.cjs");
const { Issuer, generators } = require("openid-client");

const { issuer, client_id, client_secret, redirect_uri } = manifest.identity;
const ANA = "ana-0001";
let client;

/** Has one thing go wrong. */
async function fails(fault) {
  const answer = await fetch(`${issuer}/_sandbox/identity/faults`, {
    method: "PUT", body: JSON.stringify([{ fault, count: 1 }]),
  });
  assert.equal(answer.status, 204, await answer.text());
}

/** Somebody stands at the provider's page; gives the address that the browser comes back with. */
async function stands(url, person) {
  const page = await (await fetch(url)).text();
  assert.ok(page.includes("Who are you?"), page);
  const fields = new URL(url).searchParams;
  fields.set("person", person);
  const answer = await fetch(`${issuer}/authorize`, { method: "POST", body: fields, redirect: "manual" });
  assert.equal(answer.status, 302, await answer.text());
  return answer.headers.get("location");
}

/** The whole way, with `asked` beside what the client always sends; gives the claims that the client believes. */
async function signIn(person = ANA, asked = {}, changed = {}) {
  const checks = { state: generators.state(), nonce: generators.nonce(), code_verifier: generators.codeVerifier() };
  const url = client.authorizationUrl({
    scope: "openid email", state: checks.state, nonce: checks.nonce, code_challenge_method: "S256",
    code_challenge: generators.codeChallenge(checks.code_verifier), ...asked,
  });
  const params = client.callbackParams(await stands(url, person));
  const tokens = await client.callback(redirect_uri, params, { ...checks, response_type: "code", ...changed });
  return tokens.claims();
}

const refused = (fault, expected) => [`${fault} is refused`, async () => {
  await fails(fault);
  await assert.rejects(signIn(), expected);
}];

run("openid-client", [
  ["what the provider shows of itself is read", async () => {
    const found = await Issuer.discover(issuer);
    assert.equal(found.metadata.authorization_response_iss_parameter_supported, true);
    client = new found.Client({
      client_id, client_secret, redirect_uris: [redirect_uri], response_types: ["code"],
      id_token_signed_response_alg: "ES256",
    });
  }],
  ["a code becomes a token that it believes", async () => {
    const claims = await signIn();
    assert.deepEqual([claims.sub, claims.email, claims.email_verified], [ANA, "ana@casa.example", true]);
    assert.ok(claims.amr.includes("mfa"));
  }],
  ["a fresh proof has its time", async () => {
    const claims = await signIn(ANA, { max_age: 0, prompt: "login" }, { max_age: 0 });
    assert.ok(Math.abs(claims.auth_time - Date.now() / 1000) < 60);
  }],
  ["the secret may stand in the form", async () => {
    const before = client;
    client = new before.issuer.Client({ ...before.metadata, token_endpoint_auth_method: "client_secret_post" });
    await signIn();
    client = before;
  }],
  ["no is no", async () => assert.rejects(signIn(""), { error: "access_denied" })],
  ["another verifier redeems nothing", async () =>
    assert.rejects(signIn(ANA, {}, { code_verifier: generators.codeVerifier() }), { error: "invalid_grant" })],
  refused("wrong_nonce", /nonce mismatch/),
  refused("wrong_audience", /aud/),
  refused("wrong_issuer", /iss/),
  refused("expired", /expired/),
  refused("alg_none", /alg/),
  refused("hmac_with_public_key", /alg/),
  refused("bad_signature", /signature/),
  refused("answer_of_another", /iss mismatch/),
  refused("no_id_token", /id_token/),
  ["a turned key is asked for", async () => {
    const answer = await fetch(`${issuer}/_sandbox/identity/rotate`, { method: "POST", body: '{"alg":"RS256"}' });
    assert.equal(answer.status, 204);
    const found = await Issuer.discover(issuer);
    client = new found.Client({ client_id, client_secret, redirect_uris: [redirect_uri], response_types: ["code"] });
    assert.equal((await signIn("bia-0001")).sub, "bia-0001");
  }],
]);
