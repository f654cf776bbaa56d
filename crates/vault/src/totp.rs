//! Codes of authenticator apps (TOTP, RFC 6238, over HOTP, RFC 4226): six digits, 30
//! seconds, HMAC-SHA-1. SHA-1 because apps know no other; its collisions do not touch an HMAC.

use aws_lc_rs::hmac;
use domain::{Actor, Entropy, Grant, Purpose, Restricted, Timestamp};
use zeroize::Zeroizing;

use crate::token::equal;

/// Length of a seed, in bytes: RFC 4226 §4 (R6) recommends 160 bits.
pub const SEED_BYTES: usize = 20;
/// How long a code is shown, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Steps before and after the present one that are accepted: clocks differ (RFC 6238 §5.2).
const WINDOW: i64 = 1;
/// RFC 4648 §6, as apps take a seed that is typed.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an authenticator app and we both know. `Debug` hides it.
#[derive(Debug, Clone)]
pub struct Seed(Restricted<Vec<u8>>);

impl Seed {
    /// A fresh seed.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = vec![0; SEED_BYTES];
        entropy.fill(&mut bytes);
        Self(Restricted::new(bytes))
    }

    /// A seed that was kept.
    #[must_use]
    pub const fn from_kept(bytes: Restricted<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The seed, to be sealed.
    #[must_use]
    pub const fn to_keep(&self) -> &Restricted<Vec<u8>> {
        &self.0
    }

    /// The seed as it is typed into an app.
    #[must_use]
    pub fn to_base32(&self, grant: &Grant) -> Zeroizing<String> {
        let bytes = self.0.reveal(grant);
        let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 8 / 5 + 1));
        let (mut held, mut bits) = (0_u32, 0);
        for byte in bytes {
            held = (held << 8) | u32::from(*byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                text.push(char::from(BASE32[usize::try_from((held >> bits) & 31).unwrap_or_default()]));
            }
        }
        if bits > 0 {
            text.push(char::from(BASE32[usize::try_from((held << (5 - bits)) & 31).unwrap_or_default()]));
        }
        text
    }

    /// The address that an app scans (Google Authenticator's "Key Uri Format").
    /// `issuer` and `account` are shown in the app.
    #[must_use]
    pub fn to_uri(&self, issuer: &str, account: &str, grant: &Grant) -> Zeroizing<String> {
        let encode = |text: &str| -> String {
            text.bytes()
                .map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        char::from(byte).to_string()
                    }
                    other => format!("%{other:02X}"),
                })
                .collect()
        };
        let (issuer, account) = (encode(issuer), encode(account));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            *self.to_base32(grant)
        ))
    }

    /// The step whose code this is, if it is one of the present and newer than `last_step`,
    /// the step of the last code that was taken: a code is good once (RFC 6238 §5.2).
    /// Blanks in the code mean nothing.
    #[must_use]
    pub fn accept(&self, code: &str, now: Timestamp, last_step: Option<i64>) -> Option<i64> {
        let code: Zeroizing<String> =
            Zeroizing::new(code.chars().filter(|letter| !letter.is_whitespace()).collect());
        if code.len() != DIGITS {
            return None;
        }
        let present = step_of(now);
        let mut taken = None;
        for step in present - WINDOW..=present + WINDOW {
            // Each is compared, so that the time tells nothing.
            if equal(self.code_at(step).as_bytes(), code.as_bytes())
                && last_step.is_none_or(|last| step > last)
            {
                taken = Some(step);
            }
        }
        taken
    }

    /// The code that an app shows at an instant.
    #[must_use]
    pub fn code(&self, now: Timestamp) -> Zeroizing<String> {
        self.code_at(step_of(now))
    }

    fn code_at(&self, step: i64) -> Zeroizing<String> {
        Zeroizing::new(format!("{:0DIGITS$}", hotp(self.0.reveal(checking_grant()), step) % 1_000_000))
    }
}

/// The number of the 30 seconds that an instant lies in.
const fn step_of(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(1_000 * STEP_SECONDS)
}

/// RFC 4226 §5.3: the tag's last four bits say where its 31 bits are.
fn hotp(seed: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0x0f);
    u32::from_be_bytes([tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]])
}

fn checking_grant() -> &'static Grant {
    // tidy: allowed because a code is compared with its seed here and nobody sees it.
    static GRANT: Grant = Grant::issue(Actor::system("vault"), Purpose::SignIn, Timestamp::EPOCH);
    &GRANT
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SeededEntropy;

    /// RFC 4226 appendix D and RFC 6238 appendix B: the ASCII digits over and over.
    fn published() -> Seed {
        Seed::from_kept(Restricted::new(b"12345678901234567890".to_vec()))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn codes_agree_with_rfc_4226() {
        let codes =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(hotp(b"12345678901234567890", step) % 1_000_000, code, "step {step}");
        }
    }

    #[test]
    fn codes_agree_with_rfc_6238() {
        // The table has eight digits; apps show the last six.
        let table = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (seconds, code) in table {
            assert_eq!(published().code(at(seconds)).as_str(), &code[2..], "{seconds} s");
        }
    }

    /// ASVS 6.5.5.
    #[test]
    fn a_code_of_the_present_or_a_neighbouring_step_is_taken() {
        let seed = published();
        let now = 1_000_000;
        for (offset, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let code = seed.code(at(now + offset));
            assert_eq!(seed.accept(&code, at(now), None).is_some(), taken, "{offset} s");
        }
    }

    #[test]
    fn a_code_is_good_once_and_so_are_those_before_it() {
        let seed = published();
        let now = at(1_000_000);
        let step = seed.accept(&seed.code(now), now, None).unwrap();
        assert_eq!(seed.accept(&seed.code(now), now, Some(step)), None);
        let before = seed.code(at(1_000_000 - STEP_SECONDS));
        assert_eq!(seed.accept(&before, now, Some(step)), None);
        let next = at(1_000_000 + STEP_SECONDS);
        assert_eq!(seed.accept(&seed.code(next), next, Some(step)), Some(step + 1));
    }

    #[test]
    fn blanks_mean_nothing_and_anything_else_is_no_code() {
        let (seed, now) = (published(), at(59));
        assert!(seed.accept("287 082", now, None).is_some());
        for wrong in ["", "28708", "2870820", "28708a", "２８７０８２", "287083"] {
            assert_eq!(seed.accept(wrong, now, None), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_seed_is_written_as_apps_take_it() {
        let grant = checking_grant();
        assert_eq!(published().to_base32(grant).as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = published().to_uri("Lojista", "ana+1@casa verde.example", grant);
        assert!(
            uri.starts_with("otpauth://totp/Lojista:ana%2B1%40casa%20verde.example?secret=GEZDGNBVGY3TQOJQ"),
            "{}",
            *uri
        );
        let odd = Seed::from_kept(Restricted::new(b"fo".to_vec()));
        assert_eq!(odd.to_base32(grant).as_str(), "MZXQ");
    }

    #[test]
    fn seeds_differ_and_are_not_shown() {
        let entropy = SeededEntropy::new(1);
        let (one, other) = (Seed::random(&entropy), Seed::random(&entropy));
        let grant = checking_grant();
        assert_ne!(*one.to_base32(grant), *other.to_base32(grant));
        assert!(!format!("{one:?}").contains(one.to_base32(grant).as_str()));
    }
}
