// Holds answers against the types that @congminh1254/shopee-sdk declares for them, which were generated from the
// platform's documents: what they do not know, or know as something else, is an oddity.

const fs = require("node:fs");
const path = require("node:path");

const FOLDER = path.join(process.env.NODE_PATH, "@congminh1254/shopee-sdk/lib/schemas");
const ENVELOPE = ["error", "message", "msg", "warning", "request_id", "debug_message"];
const SIMPLE = { string: "string", number: "number", boolean: "boolean" };

/** The interfaces of a module: for each its fields, and of each field its type as it is written. */
function declared(module) {
  const file = `${module.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.d.ts`;
  const text = fs.readFileSync(path.join(FOLDER, file), "utf8").replaceAll(/\/\*\*[^]*?\*\//g, "");
  const found = new Map();
  for (const [, name, body] of text.matchAll(/export interface (\w+)[^{]*\{\n([^]*?)\n\}/g)) {
    found.set(name, new Map([...body.matchAll(/^\s+"?(\w+)"?\??: (.+);$/gm)].map(([, field, type]) => [field, type])));
  }
  return found;
}

function* oddities(types, value, type, where) {
  if (value === null || value === undefined || type === "any") {
    return;
  }
  if (type.endsWith("[]")) {
    if (Array.isArray(value)) {
      for (const entry of value) {
        yield* oddities(types, entry, type.slice(0, -2), where);
      }
    } else {
      yield `${where} is no list`;
    }
    return;
  }
  const words = type.split(" | ");
  const fields = words.map((word) => types.get(word)).find(Boolean);
  if (fields && typeof value === "object") {
    for (const [name, inner] of Object.entries(value)) {
      if (fields.has(name)) {
        yield* oddities(types, inner, fields.get(name), `${where}.${name}`);
      } else {
        yield `${where}.${name} is not documented`;
      }
    }
    return;
  }
  const kind = Array.isArray(value) ? "list" : value instanceof Date ? "number" : typeof value;
  const known = words.filter((word) => SIMPLE[word]);
  if (fields || (known.length && !known.includes(kind))) {
    yield `${where} is a ${kind}, documented as ${type}`;
  }
}

/** `client` with every answer of these modules held against its type, oddities but the `known` ones being failures. */
function held(client, modules, known = new Set()) {
  for (const module of modules) {
    const types = declared(module);
    client[module] = new Proxy(client[module], {
      get: (target, method) => typeof target[method] !== "function" ? target[method] : async (...args) => {
        const answer = await target[method](...args);
        const name = `${method[0].toUpperCase()}${method.slice(1)}`;
        if (!Buffer.isBuffer(answer)) {
          const flat = Object.fromEntries(Object.entries(answer).filter(([field]) => !ENVELOPE.includes(field)));
          const content = answer.response ?? flat;
          const type = Array.isArray(content) ? `${name}ResponseDataItem[]` : `${name}ResponseData`;
          const found = new Set(oddities(types, content, type, method));
          const odd = [...found].filter((oddity) => !known.has(oddity));
          if (odd.length) {
            throw new Error(odd.join("; "));
          }
        }
        return answer;
      },
    });
  }
  return client;
}

module.exports = { held };
