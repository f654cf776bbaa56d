//! The authorization page: sign in as one of the sellers, approve or deny (fact sheet §2).

use http::StatusCode;

use super::World;
use super::account::App;
use super::auth::{CODE_LIFE, ChallengeMethod, Code};
use super::gate::{Door, Group};
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::{form_pairs, html_escape, query_escape};

/// The fields of an authorization request, carried through the form.
const FIELDS: [&str; 6] =
    ["response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/authorization", Door::Open, show).counted_in(Group::Free),
        post("/authorization", Door::Open, decide).counted_in(Group::Free),
    ]
}

/// A request that may be put before a seller.
struct Request {
    client_id: i64,
    redirect_uri: String,
    state: Option<String>,
    challenge: Option<(String, ChallengeMethod)>,
}

/// Why a request is not even shown: the browser must not be sent back anywhere.
fn page_error(message: &str) -> Reply {
    let page = format!(
        "<!doctype html><html lang=\"pt-BR\"><meta charset=\"utf-8\"><title>Erro</title>\
         <h1>Desculpe, a aplicação não pode se conectar à sua conta</h1><p>{}</p></html>",
        html_escape(message)
    );
    Reply::html(StatusCode::BAD_REQUEST, page)
}

fn read(world: &World, fields: &[(String, String)]) -> Result<Request, Reply> {
    let field = |name: &str| {
        fields
            .iter()
            .find(|(field, value)| field == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    let app = field("client_id")
        .and_then(|id| world.apps.get(&id.parse().ok()?))
        .ok_or_else(|| page_error("client_id is unknown"))?;
    if field("response_type") != Some("code") {
        return Err(page_error("response_type must be code"));
    }
    let redirect_uri = field("redirect_uri").unwrap_or_default();
    if !app.redirect_uris.iter().any(|registered| registered == redirect_uri) {
        return Err(page_error("redirect_uri is not the one registered for the application"));
    }
    Ok(Request {
        client_id: app.id,
        redirect_uri: redirect_uri.to_owned(),
        state: field("state").map(str::to_owned),
        challenge: read_challenge(app, field("code_challenge"), field("code_challenge_method"))?,
    })
}

fn read_challenge(
    app: &App,
    challenge: Option<&str>,
    method: Option<&str>,
) -> Result<Option<(String, ChallengeMethod)>, Reply> {
    match (challenge, method) {
        (Some(challenge), Some(method)) => {
            let method = ChallengeMethod::from_word(method)
                .ok_or_else(|| page_error("code_challenge_method must be S256 or plain"))?;
            Ok(Some((challenge.to_owned(), method)))
        }
        (None, None) if !app.pkce_required => Ok(None),
        _ => Err(page_error("code_challenge and code_challenge_method are both required")),
    }
}

fn show(world: &mut World, call: &Call) -> Answer {
    read(world, &call.query)?;
    let hidden = FIELDS
        .iter()
        .filter_map(|name| Some((name, call.query(name)?)))
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", html_escape(value))
        })
        .collect::<Vec<_>>()
        .concat();
    let sellers = world
        .users
        .values()
        .filter(|user| user.seller)
        .enumerate()
        .map(|(index, user)| {
            let checked = if index == 0 { " checked" } else { "" };
            let nickname = html_escape(&user.nickname);
            format!(
                "<label><input type=\"radio\" name=\"user_id\" value=\"{}\"{checked}> {nickname}</label><br>",
                user.id
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let page = format!(
        "<!doctype html><html lang=\"pt-BR\"><head><meta charset=\"utf-8\"><title>Autorizar aplicação</title>\
         <style>body{{font:1rem/1.5 sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}button{{font:inherit;padding:.5rem 1rem;margin:.25rem}}</style></head>\
         <body><h1>Mercado Livre simulado</h1><form method=\"post\" action=\"/authorization\">{hidden}\
         <fieldset><legend>Entrar como</legend>{sellers}</fieldset>\
         <p>A aplicação quer ler e alterar seus anúncios, vendas e mensagens.</p>\
         <button name=\"decision\" value=\"approve\">Autorizar</button>\
         <button name=\"decision\" value=\"deny\">Cancelar</button>\
         <button name=\"decision\" value=\"collaborator\">Entrar como colaborador</button>\
         </form></body></html>"
    );
    Ok(Reply::html(StatusCode::OK, page))
}

fn decide(world: &mut World, call: &Call) -> Answer {
    let fields = form_pairs(&String::from_utf8_lossy(&call.body));
    let request = read(world, &fields)?;
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let user = field("user_id")
        .and_then(|id| world.users.get(&id.parse().ok()?))
        .ok_or_else(|| page_error("user_id is unknown"))?;
    let outcome = match field("decision") {
        Some("approve") if user.active => Ok(user.id),
        Some("approve") => Err(("access_denied", "application cannot connect to your account")),
        Some("collaborator") => {
            Err(("invalid_operator_user_id", "The user must be the owner of the account"))
        }
        Some("deny") => Err(("access_denied", "The user denied the access")),
        _ => return Err(page_error("decision must be approve, deny or collaborator")),
    };
    let mut answer = match outcome {
        Ok(user_id) => format!("code={}", query_escape(&open_code(world, &request, user_id))),
        Err((error, description)) => format!("error={error}&error_description={}", query_escape(description)),
    };
    if let Some(state) = &request.state {
        answer = format!("{answer}&state={}", query_escape(state));
    }
    let separator = if request.redirect_uri.contains('?') { '&' } else { '?' };
    Ok(Reply::redirect(format!("{}{separator}{answer}", request.redirect_uri)))
}

fn open_code(world: &mut World, request: &Request, user_id: i64) -> String {
    let now = world.now;
    let code = format!("TG-{}-{user_id}", world.dice.hex(24));
    world.auth.codes.retain(|code| code.until > now);
    world.auth.codes.push(Code {
        code: code.clone(),
        user_id,
        client_id: request.client_id,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        until: now.plus(CODE_LIFE),
    });
    code
}
