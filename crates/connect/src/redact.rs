//! Takes secrets and personal data out of what is kept of a call.
//!
//! Three nets, because each alone has holes: values under known names, texts of the form
//! of a token, and the very secrets that this call was made with, wherever they turn up.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::exchange::MAX_BODY_BYTES;

/// Stands where something was taken out.
pub const REDACTED: &str = "[redacted]";

/// Names whose values are keys to something, in requests and answers.
const SECRET_NAMES: [&str; 16] = [
    "access_token",
    "refresh_token",
    "client_secret",
    "code_verifier",
    "id_token",
    "authorization",
    "password",
    "secret",
    "cookie",
    "sign",
    "app_secret",
    "auth_code",
    "partner_key",
    "resend_code",
    "x-tts-access-token",
    "doc_url",
];

/// Names whose values are about a person.
const PERSONAL_NAMES: [&str; 63] = [
    "name",
    "first_name",
    "last_name",
    "full_name",
    "nickname",
    "email",
    "phone",
    "alternative_phone",
    "phones",
    "area_code",
    "identification",
    "document",
    "doc_number",
    "cpf",
    "cnpj",
    "birth_date",
    "address",
    "address_line",
    "addresses",
    "shipping_address",
    "street",
    "street_name",
    "street_number",
    "neighborhood",
    "zip_code",
    "comment",
    "comments",
    "latitude",
    "longitude",
    "billing_info",
    "state_registration",
    "sender_name",
    "buyer_name",
    "buyer_username",
    "buyer_cpf_id",
    "buyer_email",
    "buyer_message",
    "message_to_seller",
    "cpf_name",
    "recipient_address",
    "phone_number",
    "full_address",
    "address_detail",
    "postal_code",
    "zipcode",
    "town",
    "district_info",
    "dropshipper",
    "dropshipper_phone",
    "buyer_user_name",
    "username",
    "sender_real_name",
    "text_reason",
    "payment_auth_code",
    "seller_note",
    "seller_name",
    "sender_address",
    "contact_person",
    "address_line1",
    "address_line2",
    "address_line3",
    "address_line4",
    // An invoice, as TikTok Shop is told it.
    "file",
];

/// Every field of the person who receives a package begins so.
const PERSONAL_PREFIX: &str = "receiver_";

/// How tokens of the known platforms begin, and what announces one in a header.
const TOKEN_PREFIXES: [&str; 7] = ["APP_USR-", "TG-", "TTP_", "ROW_", "GCP_", "Bearer ", "bearer "];

/// Which half of an exchange is redacted: `code` is a one-time password in a request and
/// an error's name in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// What we sent.
    Request,
    /// What came back.
    Answer,
}

impl Half {
    fn hides(self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        SECRET_NAMES.contains(&name.as_str())
            || PERSONAL_NAMES.contains(&name.as_str())
            || name.starts_with(PERSONAL_PREFIX)
            || (self == Self::Request && name == "code")
    }
}

/// Redacts the parts of one call.
#[derive(Debug)]
pub struct Redactor {
    /// The call's own secrets, in every spelling that they can come back in.
    needles: Vec<String>,
}

impl Redactor {
    /// For a call made with `secrets`.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles: Vec<String> =
            secrets.into_iter().filter(|secret| !secret.is_empty()).flat_map(spellings).collect();
        // The longest first: a secret that contains another must not leave its ends behind.
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    /// Any text: takes out tokens and the call's own secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for needle in &self.needles {
            clean = clean.replace(needle.as_str(), REDACTED);
        }
        TOKEN_PREFIXES.into_iter().fold(clean, |clean, prefix| without_tokens(&clean, prefix))
    }

    /// Host, path and query of an address.
    #[must_use]
    pub fn url(&self, url: &Url) -> String {
        let mut out = url.host_str().unwrap_or_default().to_owned();
        if let Some(port) = url.port() {
            out = format!("{out}:{port}");
        }
        out.push_str(&self.text(&percent_decode_str(url.path()).decode_utf8_lossy()));
        if let Some(query) = url.query() {
            out.push('?');
            out.push_str(&self.pairs(query.as_bytes(), Half::Request));
        }
        out
    }

    /// A body, cut at [`MAX_BODY_BYTES`] where a character ends.
    #[must_use]
    pub fn body(&self, bytes: &[u8], content_type: &str, half: Half) -> String {
        if content_type.starts_with("multipart/") {
            return format!("[a form with files, {} bytes]", bytes.len());
        }
        if is_document(bytes, content_type) {
            return format!("[a document, {} bytes]", bytes.len());
        }
        let mut clean = if content_type.starts_with("application/x-www-form-urlencoded") {
            self.pairs(bytes, half)
        } else if let Ok(mut value) = serde_json::from_slice::<Value>(bytes) {
            hide_values(&mut value, half);
            self.text(&value.to_string())
        } else {
            self.text(unreadable(&String::from_utf8_lossy(bytes)))
        };
        clean.truncate(clean.floor_char_boundary(MAX_BODY_BYTES));
        clean
    }

    fn pairs(&self, encoded: &[u8], half: Half) -> String {
        let pairs = form_urlencoded::parse(encoded).map(|(name, value)| {
            let value = if half.hides(&name) { REDACTED.to_owned() } else { self.text(&value) };
            format!("{}={value}", self.text(&name))
        });
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Labels and invoices name a person, and no name of a field tells where.
fn is_document(bytes: &[u8], content_type: &str) -> bool {
    const TYPES: [&str; 5] =
        ["application/pdf", "application/xml", "application/zip", "application/zpl", "image/"];
    const BEGINNINGS: [&[u8]; 4] = [b"%PDF", b"PK\x03\x04", b"^XA", b"<?xml"];
    TYPES.iter().any(|kind| content_type.starts_with(kind))
        || BEGINNINGS.iter().any(|beginning| bytes.trim_ascii_start().starts_with(beginning))
}

fn spellings(secret: &str) -> Vec<String> {
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = Value::from(secret).to_string();
    let lower = encoded.to_ascii_lowercase();
    let mut all = vec![secret.to_owned(), encoded, form, json.trim_matches('"').to_owned()];
    if lower.contains('%') {
        all.push(lower);
    }
    all.retain(|spelling| !spelling.is_empty());
    all
}

fn hide_values(value: &mut Value, half: Half) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                if half.hides(name) && !inner.is_null() {
                    *inner = Value::from(REDACTED);
                } else {
                    hide_values(inner, half);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_values(item, half)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A body that is no JSON (an error page, half an answer): kept only up to the first
/// place from where values could no longer be told apart.
fn unreadable(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let secret = SECRET_NAMES.into_iter().filter_map(|name| lower.find(name).map(|at| at + name.len()));
    let is_json = text.trim_start().starts_with(['{', '[']);
    let personal = PERSONAL_NAMES.into_iter().filter(|_| is_json).filter_map(|name| {
        let quoted = format!("\"{name}\"");
        lower.find(&quoted).map(|at| at + quoted.len())
    });
    let receiver = lower.find(PERSONAL_PREFIX).map(|at| at + PERSONAL_PREFIX.len());
    // An escape could spell a name or a secret so that no search finds it.
    let escape = text.find('\\');
    let end = secret.chain(personal).chain(receiver).chain(escape).min().unwrap_or(text.len());
    &text[..end]
}

fn without_tokens(text: &str, prefix: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        out.push_str(&rest[..at]);
        out.push_str(REDACTED);
        rest = &rest[at + prefix.len()..];
        let token = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.~+/=".contains(c)));
        rest = &rest[token.unwrap_or(rest.len())..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_a_document_its_length_is_kept_and_nothing_else() {
        let redactor = Redactor::new([]);
        let texts: [(&[u8], &str); 5] = [
            (b"%PDF-1.4 Maria", "application/octet-stream"),
            (b"PK\x03\x04 Maria", ""),
            (b"\n^XA^FDMaria^XZ", "text/plain"),
            (b"<nfeProc>Maria</nfeProc>", "application/xml"),
            (b"<?xml version=\"1.0\"?>Maria", ""),
        ];
        for (bytes, kind) in texts {
            let kept = redactor.body(bytes, kind, Half::Answer);
            assert_eq!(kept, format!("[a document, {} bytes]", bytes.len()));
        }
        let told = br#"{"invoices":[{"file":"TWFyaWE="}]}"#;
        assert!(!redactor.body(told, "application/json", Half::Request).contains("TWFyaWE"));
    }

    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    fn answer(body: &str) -> String {
        Redactor::new([]).body(body.as_bytes(), JSON, Half::Answer)
    }

    #[test]
    fn a_token_answer_keeps_its_shape_and_loses_its_tokens() {
        let kept = answer(r#"{"access_token":"abc","expires_in":21600,"refresh_token":"def","user_id":1}"#);
        assert_eq!(
            kept,
            r#"{"access_token":"[redacted]","expires_in":21600,"refresh_token":"[redacted]","user_id":1}"#
        );
    }

    #[test]
    fn people_are_taken_out_of_a_shipment_at_any_depth() {
        let kept = answer(
            r#"{"id":4,"destination":{"receiver_id":5,"receiver_name":"Maria","shipping_address":
               {"street_name":"Rua","zip_code":"20040002"}},"lines":[{"buyer":{"id":9,"email":"m@example.com"}}]}"#,
        );
        for personal in ["Maria", "Rua", "20040002", "m@example.com"] {
            assert!(!kept.contains(personal), "{kept}");
        }
        assert!(kept.contains(r#""id":4"#) && kept.contains(r#""id":9"#), "{kept}");
    }

    #[test]
    fn people_are_taken_out_of_an_order_of_shopee_and_its_number_stays() {
        let kept = answer(
            r#"{"response":{"order_list":[{"order_sn":"260921ABCDEF01","buyer_username":"maria_s","buyer_cpf_id":"12345678909",
               "message_to_seller":"para a Maria","dropshipper_phone":"1199","recipient_address":{"name":"Maria","town":"Centro"}}],
               "buyer_user_name":"maria_s","user":{"username":"m****s","email":"m@example.com"},"text_reason":"veio para a Maria"}}"#,
        );
        for personal in ["maria", "Maria", "m****s", "12345678909", "1199", "Centro", "m@example.com"] {
            assert!(!kept.contains(personal), "{kept}");
        }
        assert!(kept.contains("260921ABCDEF01"), "{kept}");
    }

    #[test]
    fn people_are_taken_out_of_an_order_of_tiktok_shop() {
        let kept = answer(
            r#"{"id":"5","seller_note":"por Maria","payment_auth_code":"E1","seller_name":"Maria","buyer_email":"m@example.com",
               "sender_address":{"x":"Rua"},"recipient_address":{"y":"Rua"},"contact_person":"Maria","cpf":"1","cpf_name":"Maria",
               "address":{"z":"Rua"},"lines":[{"address_line1":"Rua","address_line2":"Rua","address_line3":"Rua","address_line4":"Rua"}]}"#,
        );
        for personal in ["Maria", "Rua", "E1", "m@example.com"] {
            assert!(!kept.contains(personal), "{kept}");
        }
        assert!(kept.contains(r#""id":"5""#), "{kept}");
    }

    #[test]
    fn an_error_code_stays_and_an_authorization_code_goes() {
        assert!(answer(r#"{"code":"item.price.invalid"}"#).contains("item.price.invalid"));
        let sent = Redactor::new([]).body(b"grant_type=authorization_code&code=abc", FORM, Half::Request);
        assert_eq!(sent, "grant_type=authorization_code&code=[redacted]");
    }

    #[test]
    fn a_page_of_html_is_kept_and_half_a_token_answer_is_cut() {
        assert_eq!(answer("<html><h1>502</h1></html>"), "<html><h1>502</h1></html>");
        assert_eq!(answer(r#"{"user_id":1,"access_token":"abc"#), r#"{"user_id":1,"access_token"#);
        assert_eq!(answer(r#"{"nam\u0065":"Maria"#), r#"{"nam"#);
    }

    #[test]
    fn a_page_may_repeat_a_secret_in_any_encoding() {
        let redactor = Redactor::new(["a/b&c"]);
        let page = "<p>a/b&c a%2Fb%26c a%2fb%26c</p>";
        assert_eq!(
            redactor.body(page.as_bytes(), "text/html", Half::Answer),
            "<p>[redacted] [redacted] [redacted]</p>"
        );
    }

    #[test]
    fn a_long_body_is_cut_where_a_character_ends() {
        let kept = answer(&"ã".repeat(MAX_BODY_BYTES));
        assert!(kept.len() <= MAX_BODY_BYTES && kept.len() > MAX_BODY_BYTES - 4);
        assert!(kept.chars().all(|c| c == 'ã'));
    }

    #[test]
    fn an_address_keeps_its_path_and_loses_its_secrets() {
        let url = Url::parse("https://a.example:8443/users/TG-12ab-9?access_token=x&limit=50").unwrap();
        assert_eq!(
            Redactor::new([]).url(&url),
            "a.example:8443/users/[redacted]?access_token=[redacted]&limit=50"
        );
    }

    proptest! {
        #[test]
        fn no_secret_survives_wherever_it_stands(
            secret in "[A-Za-z0-9_.%&\"\\\\=+/ é-]{8,40}",
            key in "[a-z_]{1,12}",
            half in prop_oneof![Just(Half::Request), Just(Half::Answer)],
        ) {
            let redactor = Redactor::new([secret.as_str()]);
            let json = serde_json::json!({ &key: [{ "deep": secret }], "text": format!("<{secret}>"), &secret: 1 });
            let form: String = form_urlencoded::Serializer::new(String::new())
                .append_pair(&key, &secret).append_pair(&secret, "1").finish();
            let mut url = Url::parse("https://a.example").unwrap();
            url.path_segments_mut().unwrap().extend([&key, &format!("x{secret}y")]);
            url.query_pairs_mut().append_pair(&key, &secret);
            let page = format!("<p>invalid: {secret}</p>");
            for kept in [
                redactor.body(json.to_string().as_bytes(), JSON, half),
                redactor.body(form.as_bytes(), FORM, half),
                redactor.body(page.as_bytes(), "text/html", half),
                redactor.url(&url),
            ] {
                for spelling in spellings(&secret) {
                    prop_assert!(!kept.contains(&spelling), "{kept}");
                }
            }
        }

        #[test]
        fn no_token_survives_even_when_the_call_did_not_know_it(
            digits in "[0-9]{16}", hex in "[0-9a-f]{32}", around in "[^A-Za-z0-9]{0,5}",
        ) {
            let token = format!("APP_USR-{digits}-112233-{hex}-100200300");
            let refresh = format!("TG-{hex}-100200300");
            for body in [
                format!("{around}{token}{around}{refresh}"),
                serde_json::json!({ "x": around, "y": [token, refresh] }).to_string(),
            ] {
                let kept = Redactor::new([]).body(body.as_bytes(), JSON, Half::Answer);
                prop_assert!(!kept.contains(&hex) && !kept.contains(&digits), "{}", kept);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, content in prop_oneof![Just(JSON), Just(FORM), Just("")]) {
            let kept = Redactor::new(["secret"]).body(&bytes, content, Half::Answer);
            prop_assert!(kept.len() <= MAX_BODY_BYTES);
        }
    }
}
