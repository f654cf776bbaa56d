//! The table of calls. The router and the description (`OpenAPI` 3.1) are both made of it, so
//! that neither can know what the other does not.

use std::sync::LazyLock;

use axum::routing::{MethodRouter, get};
use domain::{OrderId, Permission};
use serde_json::{Map, Value, json};
use store::pages::PAGE_ROWS;

use super::parameters::MAX_AFTER_CHARS;
use super::problem::{self, PROBLEM_TYPE};
use super::shape::{self, Order, Shape as _, Sku};
use super::{MAX_INSTANT_DIGITS, Web};

/// The name of the scheme by which a key is shown.
const KEY: &str = "key";
/// The media type of answers.
const JSON: &str = "application/json";

/// Something that programs can ask for.
pub(super) struct Call {
    /// Its address, as the router has it.
    pub(super) path: &'static str,
    /// Who answers.
    pub(super) route: fn() -> MethodRouter<Web>,
    /// What programs may call it.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) summary: &'static str,
    /// What a key has to be made for; `None` where nobody needs a key.
    pub(super) scope: Option<Permission>,
    /// What it is asked with.
    pub(super) parameters: &'static [Parameter],
    /// What its answer says.
    pub(super) answer: &'static str,
    /// What its answer looks like.
    pub(super) schema: fn() -> Value,
    /// Where its answer leads.
    pub(super) leads: &'static [Lead],
}

/// A call that an answer leads to: its name, the parameter, and where the answer holds its value.
pub(super) type Lead = (&'static str, &'static str, &'static str);

/// What a call is asked with.
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// Where it stands: `path` or `query`.
    pub(super) place: &'static str,
    /// What it says.
    pub(super) about: &'static str,
    /// What it looks like.
    pub(super) schema: fn() -> Value,
}

const AFTER_ORDER: Parameter = Parameter {
    name: "after",
    place: "query",
    about: "The `next` of the page before; the first page without.",
    schema: || {
        let id = shape::id_pattern::<OrderId>();
        json!({ "type": "string", "pattern": format!("^[0-9]{{1,{MAX_INSTANT_DIGITS}}}\\.{id}$") })
    },
};
const AFTER_CODE: Parameter = Parameter {
    name: "after",
    place: "query",
    about: "The `next` of the page before; the first page without. A code: what sorts after it is shown.",
    schema: || json!({ "type": "string", "minLength": 1, "maxLength": MAX_AFTER_CHARS, "pattern": "^[^\\u0000]+$" }),
};
const ORDER: Parameter =
    Parameter { name: "id", place: "path", about: "The order's id.", schema: shape::id_schema::<OrderId> };

/// All calls.
const CALLS: [Call; 4] = [
    Call {
        path: "/api/v1/openapi.json",
        route: || get(super::description),
        name: "description",
        summary: "This description",
        scope: None,
        parameters: &[],
        answer: "What you read.",
        schema: || json!({ "type": "object", "required": ["openapi", "info", "paths", "components"] }),
        leads: &[],
    },
    Call {
        path: "/api/v1/orders",
        route: || get(super::orders),
        name: "orders",
        summary: "Orders, the newest first, nothing of their buyers",
        scope: Some(Permission::SeeOrders),
        parameters: &[AFTER_ORDER],
        answer: "A page of orders.",
        schema: || shape::page_schema::<Order>(PAGE_ROWS),
        leads: &[("orders", "after", "$response.body#/next"), ("order", "id", "$response.body#/items/0/id")],
    },
    Call {
        path: "/api/v1/orders/{id}",
        route: || get(super::order),
        name: "order",
        summary: "One order",
        scope: Some(Permission::SeeOrders),
        parameters: &[ORDER],
        answer: "The order.",
        schema: Order::schema,
        leads: &[],
    },
    Call {
        path: "/api/v1/skus",
        route: || get(super::skus),
        name: "skus",
        summary: "SKUs by code, with their units and how many listings sell them",
        scope: Some(Permission::SeeStock),
        parameters: &[AFTER_CODE],
        answer: "A page of SKUs.",
        schema: || shape::page_schema::<Sku>(PAGE_ROWS),
        leads: &[("skus", "after", "$response.body#/next")],
    },
];

/// All calls that this program answers.
#[cfg(not(feature = "planted-flaws"))]
pub(super) fn all() -> &'static [Call] {
    &CALLS
}

/// All calls, and the one that is wrong on purpose.
#[cfg(feature = "planted-flaws")]
pub(super) fn all() -> &'static [Call] {
    static ALL: LazyLock<Vec<Call>> =
        LazyLock::new(|| CALLS.into_iter().chain([super::planted::call()]).collect());
    &ALL
}

/// The description, as it is sent.
pub(super) fn description() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document(all()).to_string());
    &TEXT
}

fn document(calls: &[Call]) -> Value {
    let paths: Map<String, Value> =
        calls.iter().map(|call| (call.path.to_owned(), json!({ "get": operation(call) }))).collect();
    let mut schemas = shape::components();
    schemas.insert("Problem".into(), problem::schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lojista",
            "version": "1",
            "summary": "A shop's orders and stock, for programs",
            "description": "Everything is read by GET; another method gets a 405. Whatever goes wrong is a problem of \
                            RFC 9457. A parameter that is not named here is refused.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problems(),
            "securitySchemes": {
                KEY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key that a member made at Sign-in and security, Keys for programs.",
                },
            },
        },
    })
}

fn operation(call: &Call) -> Value {
    let parameters: Vec<Value> = call.parameters.iter().map(Parameter::said).collect();
    let mut responses = Map::new();
    let mut answer =
        json!({ "description": call.answer, "content": { JSON: { "schema": (call.schema)() } } });
    for (to, parameter, place) in call.leads {
        answer["links"][format!("{parameter}_of_{to}")] =
            json!({ "operationId": to, "parameters": { *parameter: place } });
    }
    responses.insert("200".into(), answer);
    let in_path = call.parameters.iter().any(|parameter| parameter.place == "path");
    for (status, name, _, _) in PROBLEMS {
        let comes = match status {
            "401" | "403" | "429" | "500" => call.scope.is_some(),
            "404" => in_path,
            _ => true,
        };
        if comes {
            responses.insert(status.into(), json!({ "$ref": format!("#/components/responses/{name}") }));
        }
    }
    let security = call.scope.map(|scope| json!({ KEY: [scope.as_str()] }));
    json!({
        "operationId": call.name,
        "summary": call.summary,
        "parameters": parameters,
        "security": security.map_or_else(Vec::new, |security| vec![security]),
        "responses": responses,
    })
}

impl Parameter {
    fn said(&self) -> Value {
        json!({
            "name": self.name,
            "in": self.place,
            "required": self.place == "path",
            "description": self.about,
            "schema": (self.schema)(),
        })
    }
}

/// A header's name and type.
type Header = (&'static str, &'static str);

/// What can go wrong: status, name, when it comes, and a header that comes with it.
const PROBLEMS: [(&str, &str, &str, Option<Header>); 6] = [
    ("400", "BadRequest", "A parameter means nothing, or is none.", None),
    ("401", "NoKey", "No key, or one that is unknown or has ended.", Some(("WWW-Authenticate", "string"))),
    ("403", "NotAllowed", "The key was not made for this, or its member may not do it any more.", None),
    ("404", "NotFound", "There is no such thing.", None),
    ("429", "TooOften", "Too many calls with this key.", Some(("Retry-After", "integer"))),
    ("500", "Failed", "Something failed here; it is in the program's log.", None),
];

fn problems() -> Map<String, Value> {
    let mut responses = Map::new();
    for (_, name, about, header) in PROBLEMS {
        let mut response = json!({
            "description": about,
            "content": { PROBLEM_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        if let Some((header, kind)) = header {
            response["headers"] = json!({ header: { "required": true, "schema": { "type": kind } } });
        }
        responses.insert(name.to_owned(), response);
    }
    responses
}
