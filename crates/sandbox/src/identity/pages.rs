//! The provider's addresses, and its control API.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{
    Identity, IdentityAlgorithm, IdentityDocument, IdentityFault, IdentityFaultRule, IdentitySandbox,
};
use crate::text::{form_pairs, html_escape};

/// Longer than any document of a provider, in bytes.
const HUGE_BYTES: usize = 10 * 1024 * 1024;

impl IdentitySandbox {
    /// Its pages and documents, for calls in process or over any listener.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(page).post(decided))
            .route("/token", post(token))
            .route("/_sandbox/identity/people", get(people).put(welcome))
            .route("/_sandbox/identity/faults", put(set_faults))
            .route("/_sandbox/identity/rotate", post(rotate))
            .with_state(self.clone())
    }

    /// Answers on a listener until the task is aborted (dropping the set does).
    pub fn spawn(&self, listener: TcpListener) -> JoinSet<()> {
        let (mut tasks, router) = (JoinSet::new(), self.router());
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the identity provider stopped answering");
            }
        });
        tasks
    }

    /// A document, or what stands in its place today.
    fn show(&self, at: IdentityDocument, document: impl FnOnce() -> Response) -> Response {
        if self.strikes(IdentityFault::ServerError, Some(at)) {
            return (StatusCode::SERVICE_UNAVAILABLE, "upstream connect error").into_response();
        }
        if self.strikes(IdentityFault::Html, Some(at)) {
            return Html("<!doctype html><title>Maintenance</title><h1>Back soon</h1>").into_response();
        }
        if self.strikes(IdentityFault::Huge, Some(at)) {
            let long = format!("{{\"keys\":[],\"padding\":\"{}\"}}", "x".repeat(HUGE_BYTES));
            return ([(header::CONTENT_TYPE, "application/json")], long).into_response();
        }
        document()
    }
}

/// Discovery 1.0 §3.
async fn discovery(State(provider): State<IdentitySandbox>) -> Response {
    provider.show(IdentityDocument::Discovery, || {
        let at = |path: &str| format!("{}{path}", provider.issuer());
        let other = provider.strikes(IdentityFault::OtherName, None);
        Json(json!({
            "issuer": if other { "https://another.example" } else { provider.issuer() },
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
            "scopes_supported": ["openid", "email"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "claims_supported": ["sub", "iss", "auth_time", "acr", "amr", "email", "email_verified"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        }))
        .into_response()
    })
}

/// RFC 7517 §5.
async fn keys(State(provider): State<IdentitySandbox>) -> Response {
    provider.show(IdentityDocument::Keys, || {
        let keys: Vec<Value> = provider.hold().keys.iter().map(super::SigningKey::public).collect();
        Json(json!({ "keys": keys })).into_response()
    })
}

/// The page at which somebody chooses who they are.
async fn page(State(provider): State<IdentitySandbox>, RawQuery(query): RawQuery) -> Html<String> {
    let asked = form_pairs(query.as_deref().unwrap_or_default());
    let field = |(name, value): &(String, String)| {
        format!("<input type=hidden name=\"{}\" value=\"{}\">", html_escape(name), html_escape(value))
    };
    let hidden = asked.iter().map(field).collect::<Vec<_>>().concat();
    let button = |person: &Identity| {
        let (sub, email) = (html_escape(&person.sub), html_escape(&person.email));
        format!("<p><button name=person value=\"{sub}\">{email}</button></p>")
    };
    let buttons: String = provider.people().iter().map(button).collect();
    Html(format!(
        "<!doctype html><html lang=en><title>Sandbox sign-in</title><h1>Who are you?</h1>\
         <form method=post action=/authorize>{hidden}{buttons}<p><button name=person value=\"\">Nobody: deny</button></p></form>"
    ))
}

async fn decided(State(provider): State<IdentitySandbox>, body: Bytes) -> Response {
    let fields = form_pairs(&String::from_utf8_lossy(&body));
    let person = fields.iter().find(|(name, _)| name == "person").map_or("", |(_, value)| value.as_str());
    match provider.decide(&fields, person, !person.is_empty()) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    }
}

/// RFC 6749 §3.2.1: the application shows who it is in the header or in the form.
fn is_our_application(provider: &IdentitySandbox, headers: &HeaderMap, form: &[(String, String)]) -> bool {
    let config = provider.config();
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(BASE64.decode(text).ok()?).ok());
    if let Some(basic) = basic {
        let decoded =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        return basic.split_once(':').is_some_and(|(id, secret)| {
            decoded(id) == config.client_id && decoded(secret) == config.client_secret
        });
    }
    let shows = |name: &str, right: &str| form.iter().any(|(known, value)| known == name && value == right);
    shows("client_id", &config.client_id) && shows("client_secret", &config.client_secret)
}

async fn token(State(provider): State<IdentitySandbox>, headers: HeaderMap, body: Bytes) -> Response {
    provider.show(IdentityDocument::Token, || {
        let form = form_pairs(&String::from_utf8_lossy(&body));
        let refused = |status, word: &str| (status, Json(json!({"error": word}))).into_response();
        if !is_our_application(&provider, &headers, &form) {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client");
        }
        match provider.redeem(&form) {
            Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
            Err(word) => refused(StatusCode::BAD_REQUEST, word),
        }
    })
}

async fn people(State(provider): State<IdentitySandbox>) -> Json<Vec<Identity>> {
    Json(provider.people())
}

async fn welcome(State(provider): State<IdentitySandbox>, body: Bytes) -> Response {
    read(&body, |person: Identity| provider.welcome(person))
}

async fn set_faults(State(provider): State<IdentitySandbox>, body: Bytes) -> Response {
    read(&body, |faults: Vec<IdentityFaultRule>| provider.set_faults(faults))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Rotation {
    #[serde(default)]
    alg: IdentityAlgorithm,
}

async fn rotate(State(provider): State<IdentitySandbox>, body: Bytes) -> Response {
    if body.is_empty() {
        provider.rotate(IdentityAlgorithm::default());
        return StatusCode::NO_CONTENT.into_response();
    }
    read(&body, |rotation: Rotation| provider.rotate(rotation.alg))
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8], take: impl FnOnce(T)) -> Response {
    match serde_json::from_slice(body) {
        Ok(found) => {
            take(found);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}
