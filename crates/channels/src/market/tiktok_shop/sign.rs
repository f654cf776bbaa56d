//! How the platform wants its calls signed: HMAC-SHA-256 with the app's secret over path,
//! sorted query and the raw body, the whole of it between two copies of the secret.

use connect::{Signer, Unsigned};
use domain::{Grant, Restricted};
use vault::hmac::HmacKey;

/// Parameters that are never part of what is signed.
const UNSIGNED: [&str; 2] = ["sign", "access_token"];
/// The platform tells time in seconds.
const SECOND_MS: i64 = 1_000;

/// The app's signature. The body of an upload (`multipart/form-data`) is not signed, and
/// does not come this far.
#[derive(Debug)]
pub(super) struct AppSignature {
    secret: Restricted<String>,
}

impl AppSignature {
    pub(super) const fn new(secret: Restricted<String>) -> Self {
        Self { secret }
    }
}

impl Signer for AppSignature {
    fn sign(&self, call: &Unsigned<'_>, grant: &Grant) -> Vec<(&'static str, String)> {
        let timestamp = call.at.as_millis().div_euclid(SECOND_MS).to_string();
        let given = call.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut query: Vec<_> = given.filter(|(name, _)| !UNSIGNED.contains(name)).collect();
        query.push(("timestamp", &timestamp));
        query.sort_unstable();
        let secret = self.secret.reveal(grant).as_bytes();
        let mut parts = vec![secret, call.path.as_bytes()];
        parts.extend(query.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        parts.extend([call.body, secret]);
        // The text holds the secret: under guard it is wiped.
        let text = Restricted::new(parts.concat());
        let sign = HmacKey::of_text(&self.secret).sign_hex(text.reveal(grant));
        vec![("timestamp", timestamp), ("sign", sign)]
    }
}
