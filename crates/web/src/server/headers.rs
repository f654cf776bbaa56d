//! Headers that every answer carries, and the check of where an unsafe request comes from.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Web;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Two years: the least that browsers' preload lists ask for is one.
pub(super) const STRICT_TRANSPORT: HeaderValue =
    HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// Nothing but our own files; forms go to ourselves or, through our own redirect, to a
/// platform's consent page (browsers hold redirects of forms against `form-action` too).
pub(crate) fn content_policy(app: &app::App) -> HeaderValue {
    let mut forms = String::from("'self'");
    for kind in app.channel_kinds() {
        let Some(channel) = app.channel(kind) else { continue };
        let sample = channel.authorization().authorize_url("s", "c", &app.redirect_uri(kind));
        if let Ok(url) = url::Url::parse(&sample) {
            forms.push(' ');
            forms.push_str(&url.origin().ascii_serialization());
        }
    }
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'; form-action {forms}"
    );
    HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// Refuses unsafe requests of other sites, and puts the headers on every answer.
pub(crate) async fn protect(State(web): State<Web>, request: Request, next: Next) -> Response {
    if !comes_from_us(request.method(), request.headers(), web.app.public_url()) {
        return (StatusCode::FORBIDDEN, "This request comes from another site.\n").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, web.policy.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers
        .insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    if web.config.secure_cookies {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
        keep_to_tls(headers);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.append(header::VARY, HeaderValue::from_static("Sec-Fetch-Site, Origin, Cookie, Accept-Language"));
    response
}

/// No cookie goes back in clear, also none that tells nothing: a page's language, the sentence of
/// the last action.
fn keep_to_tls(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        let bare = cookie.to_str().ok().filter(|text| !text.contains("; Secure"));
        let secured = bare.and_then(|text| HeaderValue::from_str(&format!("{text}; Secure")).ok());
        headers.append(header::SET_COOKIE, secured.unwrap_or(cookie));
    }
}

/// OWASP's order: fetch metadata first; a browser that sends none shows its origin.
fn comes_from_us(method: &Method, headers: &HeaderMap, public_url: &str) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let source = text(&header::ORIGIN).or_else(|| text(&header::REFERER));
    let origin_of = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
    source.and_then(origin_of).is_some_and(|origin| Some(origin) == origin_of(public_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://hub.example";

    fn post(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        comes_from_us(&Method::POST, &headers, OURS)
    }

    /// ASVS 3.3.1.
    #[test]
    fn over_tls_every_cookie_is_kept_to_it() {
        let given =
            ["__Host-session=x; Path=/; Secure", "look=pt-BR.dark; Path=/; HttpOnly", "flash=; Path=/"];
        let mut headers: HeaderMap =
            given.iter().map(|cookie| (header::SET_COOKIE, HeaderValue::from_static(cookie))).collect();
        keep_to_tls(&mut headers);
        let kept: Vec<&str> =
            headers.get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()).collect();
        assert_eq!(kept.len(), given.len());
        for (kept, given) in kept.iter().zip(given) {
            assert!(kept.starts_with(given) && kept.matches("; Secure").count() == 1, "{kept}");
        }
    }

    #[test]
    fn our_own_forms_pass() {
        assert!(post(&[("sec-fetch-site", "same-origin")]));
        assert!(post(&[("origin", "https://hub.example")]));
        assert!(post(&[("referer", "https://hub.example/orders?state=shipped")]));
    }

    /// ASVS 3.5.1.
    #[test]
    fn other_sites_are_refused_sibling_domains_included() {
        assert!(!post(&[("sec-fetch-site", "cross-site")]));
        assert!(!post(&[("sec-fetch-site", "same-site"), ("origin", "https://shop.example")]));
        assert!(!post(&[("origin", "https://evil.example")]));
        assert!(!post(&[("origin", "http://hub.example")]));
        assert!(!post(&[("origin", "null")]));
    }

    #[test]
    fn a_form_that_shows_no_origin_at_all_is_refused() {
        assert!(!post(&[]));
    }

    #[test]
    fn reading_is_open_to_links_from_anywhere() {
        assert!(comes_from_us(&Method::GET, &HeaderMap::new(), OURS));
    }
}
