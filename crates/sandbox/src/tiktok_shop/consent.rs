//! The page on which a seller agrees, in its newer and its older address (fact sheet §1, §2).

use http::StatusCode;

use super::World;
use super::gate::Door;
use super::grants::open_code;
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::{form_pairs, html_escape, query_escape};

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/open/authorize", Door::Open, show),
        get("/oauth/authorize", Door::Open, show),
        post("/open/authorize", Door::Open, decide),
    ]
}

/// Why a request is not even shown: the browser must not be sent back anywhere.
fn page_error(message: &str) -> Reply {
    let page = format!(
        "<!doctype html><html lang=\"pt-BR\"><meta charset=\"utf-8\"><title>Erro</title>\
         <h1>O aplicativo não pode ser autorizado</h1><p>{}</p></html>",
        html_escape(message)
    );
    Reply::html(StatusCode::BAD_REQUEST, page)
}

/// The application is named by `service_id`, or by `app_key` on the older form.
fn check(world: &World, fields: &[(String, String)]) -> Result<(), Reply> {
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let fits = match (field("service_id"), field("app_key")) {
        (Some(service), _) => service.parse() == Ok(world.app.service_id),
        (None, Some(key)) => key == world.app.key,
        (None, None) => false,
    };
    if fits { Ok(()) } else { Err(page_error("service_id is unknown")) }
}

fn show(world: &mut World, call: &Call) -> Answer {
    check(world, &call.query)?;
    let hidden = ["service_id", "app_key", "state"]
        .into_iter()
        .filter_map(|name| Some((name, call.query(name)?)))
        .map(|(name, value)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", html_escape(value))
        })
        .collect::<Vec<_>>()
        .concat();
    let shops = world
        .shops
        .values()
        .enumerate()
        .map(|(index, shop)| {
            let checked = if index == 0 { " checked" } else { "" };
            format!(
                "<label><input type=\"radio\" name=\"shop_id\" value=\"{}\"{checked}> {}</label><br>",
                shop.id,
                html_escape(&shop.name)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let scopes =
        world.app.scopes.iter().map(|scope| format!("<li>{scope}</li>")).collect::<Vec<_>>().concat();
    let page = format!(
        "<!doctype html><html lang=\"pt-BR\"><head><meta charset=\"utf-8\"><title>Autorizar aplicativo</title>\
         <style>body{{font:1rem/1.5 sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}button{{font:inherit;padding:.5rem 1rem;margin:.25rem}}</style></head>\
         <body><h1>TikTok Shop simulado</h1><form method=\"post\" action=\"/open/authorize\">{hidden}\
         <fieldset><legend>Entrar como</legend>{shops}</fieldset><p>O aplicativo pede acesso a:</p><ul>{scopes}</ul>\
         <button name=\"decision\" value=\"approve\">Autorizar</button>\
         <button name=\"decision\" value=\"deny\">Cancelar</button></form></body></html>"
    );
    Ok(Reply::html(StatusCode::OK, page))
}

fn decide(world: &mut World, call: &Call) -> Answer {
    let fields = form_pairs(&String::from_utf8_lossy(&call.body));
    check(world, &fields)?;
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let mut answer = match field("decision") {
        Some("approve") => {
            let shop_id: Option<i64> = field("shop_id").and_then(|id| id.parse().ok());
            let shop = shop_id.and_then(|id| world.shops.get(&id));
            let shop = shop.ok_or_else(|| page_error("shop_id is unknown"))?;
            let (id, region) = (shop.id, shop.region.clone());
            let code = open_code(world, id);
            let key = query_escape(&world.app.key);
            format!("app_key={key}&code={}&locale=pt-BR&shop_region={region}", query_escape(&code))
        }
        Some("deny") => "code=null&error=auth_denied".to_owned(),
        _ => return Err(page_error("decision must be approve or deny")),
    };
    if let Some(state) = field("state") {
        answer = format!("{answer}&state={}", query_escape(state));
    }
    let target = &world.app.redirect_url;
    let separator = if target.contains('?') { '&' } else { '?' };
    Ok(Reply::redirect(format!("{target}{separator}{answer}")))
}
