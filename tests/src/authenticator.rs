//! An authenticator app, as far as tests need one: it is given a secret and shows codes.

use domain::Restricted;
use vault::totp::Seed;

/// RFC 4648 §6.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an app makes of a secret that is typed into it. Blanks mean nothing.
#[must_use]
pub fn given(secret: &str) -> Seed {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_usize, 0);
    for digit in secret.chars().filter_map(|letter| ALPHABET.find(letter)) {
        held = ((held << 5) | digit) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.extend(u8::try_from((held >> bits) & 0xff));
        }
    }
    Seed::from_kept(Restricted::new(bytes))
}
