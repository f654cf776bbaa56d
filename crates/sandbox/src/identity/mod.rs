//! A team's identity provider: OpenID Connect Core 1.0 (the code flow), Discovery 1.0, PKCE (RFC 7636)
//! and the `iss` of its answers (RFC 9207), written from these texts alone. Whoever stands at its
//! page chooses who they are. It goes wrong on demand, as forgers and bad days do.

mod pages;
mod sign;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use domain::{Clock, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::sign::IdentityAlgorithm;
use self::sign::SigningKey;
use crate::text::query_escape;

/// A code is redeemed within this span (RFC 6749 §4.1.2 allows ten minutes).
const CODE_LIFE: Duration = Duration::from_mins(1);
/// How long a token is good.
const TOKEN_LIFE: Duration = Duration::from_mins(5);
/// Codes that wait at most; the oldest go first.
const MAX_CODES: usize = 200;

/// Who is registered, and where the provider is.
#[derive(Debug, Clone)]
pub struct IdentityConfig {
    /// What it calls itself: its own address.
    pub issuer: String,
    /// The application's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Where browsers may be sent back to, exactly.
    pub redirect_uris: Vec<String>,
    /// Grows the codes.
    pub seed: u64,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Their id, which never changes.
    pub sub: String,
    /// Their address.
    pub email: String,
    /// Whether it was checked.
    #[serde(default)]
    pub email_verified: bool,
    /// How well they showed who they are.
    #[serde(default)]
    pub acr: Option<String>,
    /// What they showed.
    #[serde(default)]
    pub amr: Vec<String>,
}

/// A document of the provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityDocument {
    /// What it shows of itself.
    Discovery,
    /// Its keys.
    Keys,
    /// What a code is worth.
    Token,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say what is wrong")]
pub enum IdentityFault {
    WrongNonce,
    WrongAudience,
    WrongIssuer,
    Expired,
    FromTheFuture,
    AlgNone,
    HmacWithPublicKey,
    /// Signed with a key that is not published.
    UnknownKey,
    BadSignature,
    UnverifiedEmail,
    /// The person was not asked anew.
    OldAuthTime,
    NoIdToken,
    /// The browser comes back with another provider's name (RFC 9207: mix-up).
    AnswerOfAnother,
    /// It comes back without a name, although the provider says that it names itself.
    AnswerOfNobody,
    /// What the provider shows of itself has another name in it.
    OtherName,
    /// A document is answered with 503.
    ServerError,
    /// A document is a web page.
    Html,
    /// A document is longer than any is (ten megabytes).
    Huge,
}

/// A fault, where it strikes and how often.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFaultRule {
    /// What.
    pub fault: IdentityFault,
    /// At which document, for those that strike documents; at any when absent.
    #[serde(default)]
    pub at: Option<IdentityDocument>,
    /// How often.
    pub count: u32,
}

/// What a code stands for.
#[derive(Debug, Clone)]
struct Granted {
    sub: String,
    redirect_uri: String,
    nonce: Option<String>,
    challenge: String,
    at: Timestamp,
}

struct Inside {
    people: BTreeMap<String, Identity>,
    codes: BTreeMap<u64, (String, Granted)>,
    count: u64,
    faults: Vec<IdentityFaultRule>,
    keys: Vec<SigningKey>,
    algorithm: IdentityAlgorithm,
    keys_made: u64,
}

/// The provider. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct IdentitySandbox {
    config: Arc<IdentityConfig>,
    clock: Arc<dyn Clock>,
    inside: Arc<Mutex<Inside>>,
}

impl std::fmt::Debug for IdentitySandbox {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "IdentitySandbox({})", self.config.issuer)
    }
}

/// Why a code is worth nothing (RFC 6749 §5.2).
type TokenRefusal = &'static str;

impl IdentitySandbox {
    /// A provider with two people: Ana, who shows a second factor, and Bia, who does not.
    #[must_use]
    pub fn new(config: IdentityConfig, clock: Arc<dyn Clock>) -> Self {
        let person = |sub: &str, amr: &[&str]| Identity {
            sub: format!("{sub}-0001"),
            email: format!("{sub}@casa.example"),
            email_verified: true,
            acr: None,
            amr: amr.iter().map(|word| (*word).to_owned()).collect(),
        };
        let people = [person("ana", &["pwd", "mfa"]), person("bia", &["pwd"])];
        let inside = Inside {
            people: people.into_iter().map(|person| (person.sub.clone(), person)).collect(),
            codes: BTreeMap::new(),
            count: 0,
            faults: Vec::new(),
            keys: Vec::new(),
            algorithm: IdentityAlgorithm::default(),
            keys_made: 0,
        };
        let provider = Self { config: Arc::new(config), clock, inside: Arc::new(Mutex::new(inside)) };
        provider.rotate(IdentityAlgorithm::default());
        provider
    }

    /// What it calls itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Who is registered.
    #[must_use]
    pub fn config(&self) -> &IdentityConfig {
        &self.config
    }

    /// Everybody with an account.
    #[must_use]
    pub fn people(&self) -> Vec<Identity> {
        self.hold().people.values().cloned().collect()
    }

    /// Gives somebody an account, or changes it.
    pub fn welcome(&self, person: Identity) {
        self.hold().people.insert(person.sub.clone(), person);
    }

    /// What goes wrong from now on, in place of what did before.
    pub fn set_faults(&self, faults: Vec<IdentityFaultRule>) {
        self.hold().faults = faults;
    }

    /// Has one thing go wrong once.
    pub fn fails_once(&self, fault: IdentityFault) {
        self.set_faults(vec![IdentityFaultRule { fault, at: None, count: 1 }]);
    }

    /// Signs with a new key from now on; the one of before is not published any more.
    pub fn rotate(&self, algorithm: IdentityAlgorithm) {
        let mut inside = self.hold();
        inside.keys_made += 1;
        let id = format!("key-{}", inside.keys_made);
        inside.algorithm = algorithm;
        inside.keys = SigningKey::new(id, algorithm).into_iter().collect();
    }

    /// Somebody stands at the page that a browser was sent to (Core §3.1.2): the address that the
    /// browser goes back to, or why it is told so at the page itself (§3.1.2.6: where no address is
    /// to be believed, nobody is sent anywhere).
    pub fn decide(&self, asked: &[(String, String)], sub: &str, allows: bool) -> Result<String, String> {
        let field =
            |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if field("client_id") != Some(&self.config.client_id) {
            return Err("no such application".into());
        }
        let redirect_uri = field("redirect_uri").unwrap_or_default().to_owned();
        if !self.config.redirect_uris.contains(&redirect_uri) {
            return Err("this address is not registered for the application".into());
        }
        let state = field("state").map(|state| format!("&state={}", query_escape(state))).unwrap_or_default();
        let back = |answer: String| format!("{redirect_uri}?{answer}{state}{}", self.name_of_answer());
        let error = |word: &str| Ok(back(format!("error={word}")));
        if field("response_type") != Some("code") {
            return error("unsupported_response_type");
        }
        if !field("scope").unwrap_or_default().split(' ').any(|word| word == "openid") {
            return error("invalid_scope");
        }
        // RFC 7636 §4.4.1.
        let Some(challenge) = field("code_challenge").filter(|text| text.len() == 43) else {
            return error("invalid_request");
        };
        if field("code_challenge_method") != Some("S256") {
            return error("invalid_request");
        }
        if !allows || !self.hold().people.contains_key(sub) {
            return error("access_denied");
        }
        let granted = Granted {
            sub: sub.to_owned(),
            redirect_uri: redirect_uri.clone(),
            nonce: field("nonce").map(str::to_owned),
            challenge: challenge.to_owned(),
            at: self.clock.now(),
        };
        let code = self.grant(granted);
        Ok(back(format!("code={code}")))
    }

    /// Exchanges a code (Core §3.1.3.3, RFC 7636 §4.6). It is good once.
    fn redeem(&self, form: &[(String, String)]) -> Result<Value, TokenRefusal> {
        let field =
            |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("authorization_code") {
            return Err("unsupported_grant_type");
        }
        let code = field("code").ok_or("invalid_request")?;
        let verifier = field("code_verifier").ok_or("invalid_request")?;
        let granted = self.take(code).ok_or("invalid_grant")?;
        let shown = BASE64URL.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let is_theirs =
            constant_time::verify_slices_are_equal(shown.as_bytes(), granted.challenge.as_bytes());
        let is_late = self.clock.now().since(granted.at) >= CODE_LIFE;
        if is_theirs.is_err() || is_late || field("redirect_uri") != Some(&granted.redirect_uri) {
            return Err("invalid_grant");
        }
        let mut answer = json!({
            "access_token": self.number("access", 0), "token_type": "Bearer",
            "expires_in": TOKEN_LIFE.as_secs(), "scope": "openid email",
        });
        if !self.strikes(IdentityFault::NoIdToken, None) {
            answer["id_token"] = self.id_token(&granted).ok_or("invalid_grant")?.into();
        }
        Ok(answer)
    }

    fn id_token(&self, granted: &Granted) -> Option<String> {
        let claims = self.claims(granted)?;
        let struck = |fault| self.strikes(fault, None);
        if struck(IdentityFault::AlgNone) {
            return Some(sign::unsigned(&claims));
        }
        if struck(IdentityFault::UnknownKey) {
            return Some(SigningKey::new("key-0".into(), self.hold().algorithm)?.sign(&claims));
        }
        let of_another = struck(IdentityFault::HmacWithPublicKey);
        let is_cut = struck(IdentityFault::BadSignature);
        let inside = self.hold();
        let key = inside.keys.first()?;
        if of_another {
            return Some(key.mac_with_public(&claims));
        }
        let token = key.sign(&claims);
        if !is_cut {
            return Some(token);
        }
        // The signature of other claims.
        let other = key.sign(&json!({"sub": "nobody"}));
        let (head, _) = token.rsplit_once('.')?;
        let (_, signature) = other.rsplit_once('.')?;
        Some(format!("{head}.{signature}"))
    }

    fn claims(&self, granted: &Granted) -> Option<Value> {
        let person = self.hold().people.get(&granted.sub)?.clone();
        let struck = |fault| self.strikes(fault, None);
        let now = self.clock.now();
        let (issued, expires) = if struck(IdentityFault::Expired) {
            (now.minus(TOKEN_LIFE * 3), now.minus(TOKEN_LIFE * 2))
        } else if struck(IdentityFault::FromTheFuture) {
            (now.plus(TOKEN_LIFE * 2), now.plus(TOKEN_LIFE * 3))
        } else {
            (now, now.plus(TOKEN_LIFE))
        };
        let shown_at = if struck(IdentityFault::OldAuthTime) {
            granted.at.minus(Duration::from_hours(1))
        } else {
            granted.at
        };
        let seconds = |at: Timestamp| at.as_millis() / 1_000;
        let mut claims = json!({
            "iss": self.config.issuer, "sub": person.sub, "aud": self.config.client_id,
            "iat": seconds(issued), "exp": seconds(expires), "auth_time": seconds(shown_at),
            "amr": person.amr, "email": person.email,
            "email_verified": person.email_verified && !struck(IdentityFault::UnverifiedEmail),
        });
        if struck(IdentityFault::WrongIssuer) {
            claims["iss"] = "https://another.example".into();
        }
        if struck(IdentityFault::WrongAudience) {
            claims["aud"] = "another-application".into();
        }
        if struck(IdentityFault::WrongNonce) {
            claims["nonce"] = "of another browser".into();
        } else if let Some(nonce) = &granted.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        if let Some(acr) = person.acr {
            claims["acr"] = acr.into();
        }
        Some(claims)
    }

    /// RFC 9207 §2.
    fn name_of_answer(&self) -> String {
        if self.strikes(IdentityFault::AnswerOfNobody, None) {
            return String::new();
        }
        let another = self.strikes(IdentityFault::AnswerOfAnother, None);
        let name = if another { "https://another.example" } else { &self.config.issuer };
        format!("&iss={}", query_escape(name))
    }

    fn grant(&self, granted: Granted) -> String {
        let number = {
            let mut inside = self.hold();
            inside.count += 1;
            inside.count
        };
        let code = self.number("code", number);
        let mut inside = self.hold();
        inside.codes.insert(number, (code.clone(), granted));
        if inside.codes.len() > MAX_CODES {
            inside.codes.pop_first();
        }
        code
    }

    fn take(&self, code: &str) -> Option<Granted> {
        let mut inside = self.hold();
        let number = inside.codes.iter().find(|(_, (known, _))| known == code).map(|(number, _)| *number)?;
        inside.codes.remove(&number).map(|(_, granted)| granted)
    }

    /// A text that nobody guesses and a seed repeats.
    fn number(&self, what: &str, number: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.config.seed.to_be_bytes());
        BASE64URL.encode(hmac::sign(&key, format!("{what} {number}").as_bytes()))
    }

    /// Whether a fault strikes, counted down.
    fn strikes(&self, fault: IdentityFault, at: Option<IdentityDocument>) -> bool {
        let mut inside = self.hold();
        let due = inside
            .faults
            .iter_mut()
            .find(|rule| rule.fault == fault && rule.count > 0 && (rule.at.is_none() || rule.at == at));
        due.is_some_and(|rule| {
            rule.count -= 1;
            true
        })
    }

    fn hold(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::ManualClock;

    use super::*;
    use crate::text::form_pairs;

    const BACK: &str = "http://127.0.0.1:8080/sign-in/provider/callback";
    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const ANA: &str = "ana-0001";

    fn provider() -> (IdentitySandbox, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_767_623_400_000)));
        let config = IdentityConfig {
            issuer: "http://127.0.0.1:9105".into(),
            client_id: "lojista".into(),
            client_secret: "s".into(),
            redirect_uris: vec![BACK.into()],
            seed: 1,
        };
        (IdentitySandbox::new(config, clock.clone()), clock)
    }

    fn asked(changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut fields = BTreeMap::from([
            ("client_id", "lojista"),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("state", "a b"),
            ("nonce", "n"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        fields.extend(changes.iter().copied());
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What a browser brings back, by name.
    fn brought(location: &str) -> BTreeMap<String, String> {
        let (address, query) = location.split_once('?').expect("a query");
        assert_eq!(address, BACK);
        form_pairs(query).into_iter().collect()
    }

    fn redeem(provider: &IdentitySandbox, code: &str, verifier: &str) -> Result<Value, &'static str> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ];
        let form: Vec<_> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        provider.redeem(&form)
    }

    #[test]
    fn a_code_is_worth_a_token_once_in_time_and_for_its_verifier() {
        let (provider, clock) = provider();
        let code = |provider: &IdentitySandbox| {
            let mut back = brought(&provider.decide(&asked(&[]), ANA, true).unwrap());
            assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("a b", provider.issuer()));
            back.remove("code").expect("a code")
        };
        let first = code(&provider);
        let answer = redeem(&provider, &first, VERIFIER).unwrap();
        assert_eq!(answer["id_token"].as_str().map(|token| token.split('.').count()), Some(3));
        assert_eq!(redeem(&provider, &first, VERIFIER), Err("invalid_grant"), "once");
        let other = code(&provider);
        assert_eq!(redeem(&provider, &other, &VERIFIER.replace('d', "e")), Err("invalid_grant"));
        let late = code(&provider);
        clock.advance(CODE_LIFE);
        assert_eq!(redeem(&provider, &late, VERIFIER), Err("invalid_grant"));
    }

    #[test]
    fn what_is_not_asked_as_the_specifications_have_it_is_refused() {
        let (provider, _) = provider();
        for wrong in
            [("client_id", "other"), ("redirect_uri", "http://127.0.0.1:8080/sign-in/provider/callback/")]
        {
            assert!(
                provider.decide(&asked(&[wrong]), ANA, true).is_err(),
                "{wrong:?}: nobody is sent anywhere"
            );
        }
        for (wrong, word) in [
            (("response_type", "token"), "unsupported_response_type"),
            (("scope", "email"), "invalid_scope"),
            (("code_challenge", ""), "invalid_request"),
            (("code_challenge_method", "plain"), "invalid_request"),
        ] {
            let back = brought(&provider.decide(&asked(&[wrong]), ANA, true).unwrap());
            assert_eq!((back["error"].as_str(), back.get("code")), (word, None), "{wrong:?}");
        }
        for (sub, allows) in [(ANA, false), ("nobody", true)] {
            let back = brought(&provider.decide(&asked(&[]), sub, allows).unwrap());
            assert_eq!(back["error"], "access_denied");
        }
    }

    #[test]
    fn a_turned_key_is_published_alone() {
        let (provider, _) = provider();
        let id = |provider: &IdentitySandbox| provider.hold().keys[0].public()["kid"].clone();
        let first = id(&provider);
        provider.rotate(IdentityAlgorithm::Rs256);
        assert_ne!(id(&provider), first);
        assert_eq!(provider.hold().keys.len(), 1);
    }
}
