//! The pages where a seller consents and takes the consent back (fact sheet §3).

use std::collections::BTreeSet;

use http::StatusCode;

use super::World;
use super::auth::{CONSENT_DAYS, consent, leave, open_code};
use super::envelope::refuse;
use super::market::Door;
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};
use crate::text::{form_pairs, html_escape, query_escape};

/// The password that every seller of the simulated world was sent.
const OTP: &str = "123456";
/// Fields of a consent request, carried through the form.
const FIELDS: [&str; 5] = ["partner_id", "auth_type", "redirect_uri", "response_type", "state"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/auth", Door::Open, show),
        post("/auth", Door::Open, decide),
        get("/cancel_auth", Door::Open, |world, _| Ok(show_cancel(world))),
        post("/cancel_auth", Door::Open, |world, call| Ok(cancel(world, call))),
        get("/api/v2/shop/auth_partner", Door::Public, legacy),
        get("/api/v2/shop/cancel_auth_partner", Door::Public, |world, _| {
            Ok(Reply::redirect(format!("{}/cancel_auth", world.base_url)))
        }),
    ]
}

/// What a client asked a seller for.
struct Wish {
    redirect_uri: String,
    state: Option<String>,
}

fn page(status: StatusCode, title: &str, content: &str) -> Reply {
    Reply::html(
        status,
        format!(
            "<!doctype html><html lang=\"pt-BR\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>body{{font:1rem/1.5 sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}\
             button{{font:inherit;padding:.5rem 1rem;margin:.25rem}}</style></head>\
             <body><h1>{title}</h1>{content}</body></html>"
        ),
    )
}

fn page_error(message: &str) -> Reply {
    page(StatusCode::BAD_REQUEST, "Não foi possível autorizar", &format!("<p>{}</p>", html_escape(message)))
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(field, value)| field == name && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

/// `http://host:port` of an address.
fn origin(address: &str) -> Option<String> {
    let uri: http::Uri = address.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

fn read(world: &World, fields: &[(String, String)]) -> Result<Wish, Reply> {
    if field(fields, "partner_id").and_then(|id| id.parse().ok()) != Some(world.partner.id) {
        return Err(page_error("partner_id is unknown"));
    }
    if field(fields, "auth_type") != Some("seller") {
        return Err(page_error("auth_type must be seller"));
    }
    if field(fields, "response_type") != Some("code") {
        return Err(page_error("response_type must be code"));
    }
    let redirect_uri = field(fields, "redirect_uri").unwrap_or_default();
    let declared = world.partner.redirect_domain.as_deref();
    if origin(redirect_uri).is_none() || declared.is_some_and(|it| origin(redirect_uri) != origin(it)) {
        let message =
            "The domain of redirect_uri is not consistent with the Redirect URL Domain declared in console.";
        let body =
            serde_json::json!({"code": 1, "error": "error_param", "msg": message, "debug_message": ""});
        return Err(Reply::ok(body));
    }
    let state = field(fields, "state").map(str::to_owned);
    Ok(Wish { redirect_uri: redirect_uri.to_owned(), state })
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
    let choice = |value: &str, label: &str, checked: bool| {
        let checked = if checked { " checked" } else { "" };
        format!(
            "<label><input type=\"radio\" name=\"account\" value=\"{value}\"{checked}> {label}</label><br>"
        )
    };
    let shops = world.shops.values().enumerate();
    let mut accounts: Vec<String> = shops
        .map(|(index, shop)| choice(&shop.id.to_string(), &html_escape(&shop.name), index == 0))
        .collect();
    accounts.push(choice("main", "Conta principal (todas as lojas)", false));
    accounts.push(choice("sub", "Subconta", false));
    let content = format!(
        "<form method=\"post\" action=\"/auth\">{hidden}<fieldset><legend>Entrar como</legend>{}</fieldset>\
         <p><label>Código enviado por SMS <input name=\"otp\" value=\"{OTP}\"></label></p>\
         <p><label>Validade em dias <input name=\"days\" type=\"number\" min=\"1\" max=\"{CONSENT_DAYS}\" value=\"{CONSENT_DAYS}\"></label></p>\
         <button name=\"decision\" value=\"approve\">Autorizar</button></form>",
        accounts.concat()
    );
    Ok(page(StatusCode::OK, "Shopee simulada", &content))
}

fn decide(world: &mut World, call: &Call) -> Answer {
    let fields = form_pairs(&String::from_utf8_lossy(&call.body));
    let wish = read(world, &fields)?;
    if field(&fields, "otp").is_some_and(|otp| otp != OTP) {
        return Err(page_error("The verification code is wrong"));
    }
    let days: u32 = field(&fields, "days").map_or(Ok(CONSENT_DAYS), str::parse).unwrap_or(0);
    if !(1..=CONSENT_DAYS).contains(&days) {
        return Err(page_error("The authorization lasts between 1 and 365 days"));
    }
    let (shops, main_account) = match field(&fields, "account") {
        Some("main") => (world.shops.keys().copied().collect(), Some(world.partner.main_account)),
        Some("sub") => return Err(page_error("A sub-account cannot authorize")),
        account => {
            let shop = account.and_then(|id| id.parse().ok()).filter(|id| world.shops.contains_key(id));
            (BTreeSet::from([shop.ok_or_else(|| page_error("The shop is unknown"))?]), None)
        }
    };
    consent(world, &shops, days);
    let subject = match main_account {
        Some(id) => format!("main_account_id={id}"),
        None => shops.first().map(|id| format!("shop_id={id}")).unwrap_or_default(),
    };
    let code = open_code(world, shops, main_account);
    let mut answer = format!("code={code}&{subject}");
    if let Some(state) = wish.state {
        answer = format!("{answer}&state={}", query_escape(&state));
    }
    let separator = if wish.redirect_uri.contains('?') { '&' } else { '?' };
    Ok(Reply::redirect(format!("{}{separator}{answer}", wish.redirect_uri)))
}

fn show_cancel(world: &World) -> Reply {
    let linked = world.shops.values().filter(|shop| world.auth.links.contains_key(&shop.id));
    let shops = linked.map(|shop| {
        let name = html_escape(&shop.name);
        format!("<label><input type=\"checkbox\" name=\"shop_id\" value=\"{}\"> {name}</label><br>", shop.id)
    });
    let content = format!(
        "<form method=\"post\" action=\"/cancel_auth\">{}<button>Cancelar a autorização</button></form>",
        shops.collect::<Vec<_>>().concat()
    );
    page(StatusCode::OK, "Cancelar autorização", &content)
}

fn cancel(world: &mut World, call: &Call) -> Reply {
    let fields = form_pairs(&String::from_utf8_lossy(&call.body));
    let shops = fields.iter().filter(|(name, _)| name == "shop_id").filter_map(|(_, id)| id.parse().ok());
    for shop in shops {
        leave(world, shop, "user cancel shop authorization");
    }
    page(StatusCode::OK, "Autorização cancelada", "<p>Você pode fechar esta página.</p>")
}

/// The signed link of old, which leads to the same page.
fn legacy(world: &mut World, call: &Call) -> Answer {
    let redirect =
        call.query("redirect").ok_or_else(|| refuse("error_param", "There is no redirect in query."))?;
    Ok(Reply::redirect(format!(
        "{}/auth?partner_id={}&auth_type=seller&response_type=code&redirect_uri={}",
        world.base_url,
        world.partner.id,
        query_escape(redirect)
    )))
}
