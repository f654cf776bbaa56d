//! A call that is wrong on purpose: half of its good numbers make it fail, the other half get
//! what is not described.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;

use super::calls::{Call, Parameter};
use super::parameters;
use super::problem::Problem;
use crate::server::Web;

const NUMBER: Parameter = Parameter {
    name: "number",
    place: "query",
    about: "Any number.",
    schema: || json!({ "type": "integer", "minimum": 0, "maximum": 99 }),
};

/// The call, for the table.
pub(super) fn call() -> Call {
    Call {
        path: "/api/v1/planted",
        route: || get(answer),
        name: "planted",
        summary: "A flaw for schemathesis to find",
        scope: None,
        parameters: &[NUMBER],
        answer: "The number.",
        schema: || {
            json!({ "type": "object", "required": ["number"], "additionalProperties": false,
                           "properties": { "number": { "type": "integer" } } })
        },
        leads: &[],
    }
}

async fn answer(asked: Asked) -> Response {
    let number = asked.0;
    if number % 2 == 1 {
        return (StatusCode::INTERNAL_SERVER_ERROR, "index out of bounds\n").into_response();
    }
    axum::Json(json!({ "number": number.to_string() })).into_response()
}

struct Asked(u8);

impl axum::extract::FromRequestParts<Web> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &Web) -> Result<Self, Problem> {
        let [number] = parameters::parse(parts.uri.query().unwrap_or_default(), ["number"])?;
        let number = number.unwrap_or_else(|| "0".into()).parse().ok().filter(|number| *number < 100);
        number.map(Self).ok_or_else(|| Problem::of_parameter("number", "it is none below 100"))
    }
}
