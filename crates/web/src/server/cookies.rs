//! What browsers keep for us: the session, which browser it is, the question it has to
//! answer, language and theme, and the sentence of the last action.

use std::time::Duration;

use app::sign_in::{Entry, QUESTION_LIFE};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use domain::retention::{ERRAND_LIFE, TICKET_LIFE};
use store::sessions;
use vault::Token;

use super::Web;
use crate::{Flash, Lang, Theme, Tone};

/// A cookie by its name over TLS and its name over plain loopback. The prefix binds it to
/// this very host (RFC 6265bis §4.1.3.2).
pub(super) type CookieNames = (&'static str, &'static str);

/// Holds the session.
const SESSION: CookieNames = ("__Host-session", "session");
/// Says which browser this is.
pub(super) const DEVICE: CookieNames = ("__Host-device", "device");
/// Holds the question that the browser has to answer next.
const QUESTION: CookieNames = ("__Host-question", "question");
/// Binds a browser that was sent to the team's identity provider.
const ERRAND: CookieNames = ("__Host-errand", "errand");
/// Holds what a browser has shown to the privacy centre.
const TICKET: CookieNames = ("__Host-ticket", "ticket");
/// Cookie with the language and theme of somebody who is not signed in.
const LOOK: &str = "look";
/// Cookie with the sentence that the next page shows.
pub(super) const FLASH: &str = "flash";

pub(super) fn read_flash(text: &str, lang: Lang) -> Option<Flash> {
    let (tone, key) = text.split_once('.')?;
    let tone = match tone {
        "good" => Tone::Good,
        "watch" => Tone::Watch,
        "bad" => Tone::Bad,
        _ => Tone::Info,
    };
    // Only sentences made for this: a cookie can hold anything.
    let key = key.strip_prefix("flash-")?;
    let text = crate::i18n::find(lang, &format!("flash-{key}"))?;
    Some(Flash { tone, text: text.to_owned() })
}

impl Web {
    pub(super) fn cookie_name(&self, (secure, plain): CookieNames) -> &'static str {
        if self.config.secure_cookies { secure } else { plain }
    }
}

pub(super) fn session_cookie(web: &Web) -> &'static str {
    web.cookie_name(SESSION)
}

/// Puts a session into the browser.
pub(crate) fn keep_session(response: &mut Response, web: &Web, token: &Token) {
    let life = Some(sessions::SESSION_MAX);
    set_cookie(response, session_cookie(web), token.expose(), life, web.config.secure_cookies);
    clear_cookie(response, web.cookie_name(QUESTION));
}

/// Puts what signing in brought into the browser.
pub(crate) fn keep_entry(response: &mut Response, web: &Web, entry: &Entry) {
    keep_session(response, web, &entry.session);
    if let Some(device) = &entry.device {
        let life = Some(sessions::DEVICE_KEPT);
        set_cookie(response, web.cookie_name(DEVICE), device.expose(), life, web.config.secure_cookies);
    }
}

/// Gives the browser a question to answer.
pub(crate) fn keep_question(response: &mut Response, web: &Web, token: &Token) {
    let life = Some(QUESTION_LIFE);
    set_cookie(response, web.cookie_name(QUESTION), token.expose(), life, web.config.secure_cookies);
}

/// Binds the browser to its way to the identity provider.
pub(crate) fn keep_errand(response: &mut Response, web: &Web, token: &Token) {
    let name = web.cookie_name(ERRAND);
    set_cookie(response, name, token.expose(), Some(ERRAND_LIFE), web.config.secure_cookies);
}

/// What it is bound by; empty when it is on no way.
pub(crate) fn errand(web: &Web, headers: &HeaderMap) -> String {
    cookie(headers, web.cookie_name(ERRAND)).unwrap_or_default()
}

/// Takes the bond away.
pub(crate) fn drop_errand(response: &mut Response, web: &Web) {
    clear_cookie(response, web.cookie_name(ERRAND));
}

/// Gives the browser a ticket of the privacy centre.
pub(crate) fn keep_ticket(response: &mut Response, web: &Web, token: &Token) {
    let life = Some(TICKET_LIFE.saturating_mul(2));
    set_cookie(response, ticket_cookie(web), token.expose(), life, web.config.secure_cookies);
}

/// Takes the ticket away.
pub(crate) fn drop_ticket(response: &mut Response, web: &Web) {
    clear_cookie(response, ticket_cookie(web));
}

pub(super) fn ticket_cookie(web: &Web) -> &'static str {
    web.cookie_name(TICKET)
}

/// The question that a browser answers; empty when it has none.
pub(crate) fn question(web: &Web, headers: &HeaderMap) -> String {
    cookie(headers, web.cookie_name(QUESTION)).unwrap_or_default()
}

/// Takes the session out of the browser.
pub(crate) fn drop_session(response: &mut Response, web: &Web) {
    clear_cookie(response, session_cookie(web));
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
}

/// Keeps language and theme of somebody who is not signed in.
pub(crate) fn keep_look(response: &mut Response, lang: Lang, theme: Theme) {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    set_cookie(response, LOOK, &format!("{}.{}", lang.tag(), theme.as_str()), Some(YEAR), false);
}

pub(super) fn look(headers: &HeaderMap) -> (Lang, Theme) {
    let kept = cookie(headers, LOOK);
    let parts = kept.as_deref().and_then(|text| text.split_once('.'));
    let accepted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let lang = parts.and_then(|(lang, _)| Lang::parse(lang)).unwrap_or_else(|| Lang::negotiate(accepted));
    (lang, parts.and_then(|(_, theme)| Theme::parse(theme)).unwrap_or_default())
}

pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

pub(super) fn set_cookie(
    response: &mut Response,
    name: &str,
    value: &str,
    life: Option<Duration>,
    secure: bool,
) {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if let Some(life) = life {
        text.push_str("; Max-Age=");
        text.push_str(&life.as_secs().to_string());
    }
    if secure {
        text.push_str("; Secure");
    }
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

pub(super) fn clear_cookie(response: &mut Response, name: &str) {
    let secure = name.starts_with("__Host-");
    set_cookie(response, name, "", Some(Duration::ZERO), secure);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_shown_only_if_it_is_one_of_ours() {
        assert!(read_flash("good.<script>", Lang::En).is_none());
        assert!(read_flash("good.sign-in-title", Lang::En).is_none());
    }
}
