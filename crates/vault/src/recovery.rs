//! Recovery codes: what lets a person in who has lost the second factor. Each is good once.

use domain::Entropy;
use zeroize::Zeroizing;

use crate::token::sha256;

/// Codes given at once.
pub const CODES: usize = 10;
/// Letters of a code. Five bits each: 120 bits need no slow hash (ASVS 5.0, 6.5.2: at
/// least 112).
const LETTERS: usize = 24;
/// Letters between two dashes.
const GROUP: usize = 6;
/// Without I, L, O and U: what is written down by hand is read by eye (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh set, as it is shown once.
#[must_use]
pub fn codes(entropy: &dyn Entropy) -> Vec<Zeroizing<String>> {
    (0..CODES).map(|_| code(entropy)).collect()
}

fn code(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; LETTERS]);
    entropy.fill(&mut *bytes);
    let mut text = Zeroizing::new(String::with_capacity(LETTERS + LETTERS / GROUP));
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index.is_multiple_of(GROUP) {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    text
}

/// What is kept of a code, and found by one that was typed: dashes, blanks and case mean
/// nothing, and letters that look like digits are those digits. `None` when the text is no
/// code at all.
#[must_use]
pub fn digest(typed: &str) -> Option<[u8; 32]> {
    let letters: Zeroizing<String> = Zeroizing::new(
        typed
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect(),
    );
    let whole = letters.len() == LETTERS && letters.bytes().all(|letter| ALPHABET.contains(&letter));
    whole.then(|| sha256(letters.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use domain::SeededEntropy;

    #[test]
    fn a_set_has_ten_different_codes() {
        let set = codes(&SeededEntropy::new(1));
        let different: BTreeSet<&str> = set.iter().map(|code| code.as_str()).collect();
        assert_eq!(different.len(), CODES);
        for code in different {
            assert_eq!(code.len(), LETTERS + 3, "{code}");
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = &codes(&SeededEntropy::new(2))[0];
        let kept = digest(code);
        assert!(kept.is_some());
        assert_eq!(digest(&code.to_lowercase()), kept);
        assert_eq!(digest(&code.replace('-', " ")), kept);
        assert_eq!(digest(&code.replace('0', "o").replace('1', "l")), kept);
    }

    #[test]
    fn what_is_no_code_has_no_digest() {
        let code = &codes(&SeededEntropy::new(3))[0];
        for wrong in ["", "123456", &code[1..], &format!("{}0", **code), &code.replace('-', "!")] {
            assert_eq!(digest(wrong), None, "{wrong:?}");
        }
    }
}
