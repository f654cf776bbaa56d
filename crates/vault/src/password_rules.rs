//! What a new password may be. Only what is soon guessed is refused; signs and digits are
//! demanded of nobody, unless a platform demands it of the operator.

use domain::Restricted;
use zeroize::Zeroizing;

use crate::breached::BreachedPasswords;
use crate::password::{MAX_BYTES, sign_in_grant};
use crate::token::sha256;

/// Shortest new password of who shows a second factor beside it, in characters.
pub const MIN_CHARS: usize = 12;
/// Shortest new password that is all there is, in characters (NIST SP 800-63B-4 §3.1.1.2).
pub const MIN_CHARS_ALONE: usize = 15;
/// Shortest piece of a name or address that tells nothing new, in characters: shorter ones are in
/// too many words.
const MIN_NAME_CHARS: usize = 4;
/// Digits and signs in front of a listed word that do not make it another…
const MAX_BEFORE: usize = 6;
/// …and behind it: a year, a date, a telephone number.
const MAX_BEHIND: usize = 10;

/// Why a new password is not accepted. The texts are for logs; `web` says it to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Shorter than so many characters.
    #[error("shorter than {0} characters")]
    TooShort(usize),
    /// Longer than [`MAX_BYTES`].
    #[error("longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Little else than what stands in the e-mail address.
    #[error("is little else than the e-mail address")]
    ContainsEmail,
    /// Little else than the name of the organization, of a marketplace or of this program.
    #[error("is little else than the name of the shop or of a marketplace")]
    ContainsName,
    /// One piece, over and over: `abcabcabcabc`.
    #[error("repeats one piece over and over")]
    Repetitive,
    /// Mostly neighbours in the alphabet, among the digits or on the keyboard.
    #[error("is mostly a sequence of neighbouring letters, digits or keys")]
    Sequence,
    /// One of the commonest passwords, or a word of theirs with digits and signs around it.
    #[error("is among the commonest passwords")]
    Common,
    /// Lacks a small letter, a capital, a digit or a sign where the operator demands all four.
    #[error("has not all four classes of characters")]
    Classes,
    /// In the operator's list of passwords that leaked.
    #[error("is in the list of breached passwords")]
    Breached,
    /// That list could not be read just now: try again.
    #[error("could not be looked up in the list of breached passwords")]
    Unchecked,
}

/// Whose password it will be.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The e-mail address.
    pub email: &'a str,
    /// The organization's name.
    pub organization: &'a str,
    /// Fewest characters.
    pub min_chars: usize,
}

/// What an operator may add to what always holds.
#[derive(Debug, Default)]
pub struct Rules {
    /// Demands a small letter, a capital, a digit and a sign. ASVS 6.2.5 forbids such a rule;
    /// the questionnaire of a marketplace may demand it.
    pub four_classes: bool,
    /// The operator's list of passwords that leaked.
    pub breached: Option<BreachedPasswords>,
}

/// Names that everybody here knows.
const KNOWN_NAMES: [&str; 9] = [
    "mercado livre",
    "mercado libre",
    "mercadolivre",
    "mercadolibre",
    "shopee",
    "tiktok shop",
    "tiktokshop",
    "tiktok",
    "lojista",
];

/// The commonest words in passwords of our users' languages, in lower case, without
/// signs. Digits and signs around them, and digits for letters, do not help them.
const COMMON_WORDS: [&str; 44] = [
    "password",
    "senha",
    "contrasena",
    "clave",
    "mudar",
    "trocar",
    "cambiar",
    "change",
    "admin",
    "administrador",
    "administrator",
    "root",
    "user",
    "usuario",
    "teste",
    "test",
    "prueba",
    "login",
    "welcome",
    "bemvindo",
    "bienvenido",
    "brasil",
    "brazil",
    "loja",
    "lojista",
    "tienda",
    "shop",
    "vendas",
    "ventas",
    "master",
    "mestre",
    "secret",
    "segredo",
    "secreto",
    "iloveyou",
    "teamo",
    "amor",
    "princesa",
    "flamengo",
    "corinthians",
    "palmeiras",
    "me",
    "my",
    "minha",
];

const KEYBOARD_ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Sorted beginnings of the SHA-256 of each listed text; data/README.md says of which.
static LISTED: &[u8] = include_bytes!("../data/common-passwords.bin");
/// Bytes of each.
const PREFIX_BYTES: usize = 5;

impl Rules {
    /// Whether a new password is good enough for an account. May read a file, and so blocks.
    pub fn check(&self, password: &Restricted<String>, of: &Account<'_>) -> Result<(), PasswordProblem> {
        let text = password.reveal(sign_in_grant());
        if text.len() > MAX_BYTES {
            return Err(PasswordProblem::TooLong);
        }
        let lower = Zeroizing::new(text.to_lowercase());
        let letters = Zeroizing::new(lower.chars().collect::<Vec<char>>());
        if letters.len() < of.min_chars {
            return Err(PasswordProblem::TooShort(of.min_chars));
        }
        if is_little_else_than(&lower, &parts_of_email(of.email)) {
            return Err(PasswordProblem::ContainsEmail);
        }
        if is_little_else_than(&lower, &names(of.organization)) {
            return Err(PasswordProblem::ContainsName);
        }
        if is_repetitive(&letters) {
            return Err(PasswordProblem::Repetitive);
        }
        if is_sequence(&letters) {
            return Err(PasswordProblem::Sequence);
        }
        if is_common(&lower) || is_listed(&letters) {
            return Err(PasswordProblem::Common);
        }
        if self.four_classes && !has_four_classes(text) {
            return Err(PasswordProblem::Classes);
        }
        match self.breached.as_ref().map(|list| list.contains(text)) {
            None | Some(Ok(false)) => Ok(()),
            Some(Ok(true)) => Err(PasswordProblem::Breached),
            Some(Err(_)) => Err(PasswordProblem::Unchecked),
        }
    }
}

fn has_four_classes(text: &str) -> bool {
    text.chars().any(char::is_lowercase)
        && text.chars().any(char::is_uppercase)
        && text.chars().any(char::is_numeric)
        && text.chars().any(|letter| !letter.is_alphanumeric())
}

/// An e-mail address, its local part and host, and their pieces.
fn parts_of_email(email: &str) -> Vec<String> {
    let email = email.to_lowercase();
    let (local, host) = email.split_once('@').unwrap_or((&email, ""));
    let mut parts = vec![email.clone(), local.to_owned(), host.to_owned()];
    parts.extend(pieces(local));
    parts.extend(pieces(host));
    parts
}

/// The organization's name, together and in pieces, and those that everybody knows.
fn names(organization: &str) -> Vec<String> {
    let organization = organization.to_lowercase();
    let mut names: Vec<String> = KNOWN_NAMES.map(str::to_owned).into();
    names.push(organization.split_whitespace().collect());
    names.extend(pieces(&organization));
    names.push(organization);
    names
}

fn pieces(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned)
}

/// Whether fewer characters than a password needs are left without these words.
fn is_little_else_than(lower: &str, words: &[String]) -> bool {
    let mut words: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| word.chars().count() >= MIN_NAME_CHARS).collect();
    // The longest first: a piece of a name must not break the name.
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let plain: Zeroizing<String> = Zeroizing::new(lower.chars().map(plain_letter).collect());
    [lower, &plain].into_iter().any(|text| {
        let mut rest = Zeroizing::new(text.to_owned());
        for word in &words {
            let shorter = rest.replace(word, "");
            rest = Zeroizing::new(shorter);
        }
        rest.len() < text.len() && rest.chars().count() < MIN_CHARS
    })
}

/// Whether some piece of at most half the length makes up the whole.
fn is_repetitive(letters: &[char]) -> bool {
    (1..=letters.len() / 2)
        .any(|period| letters.iter().zip(&letters[period..]).all(|(one, next)| one == next))
}

/// Whether three of four steps go to a neighbour.
fn is_sequence(letters: &[char]) -> bool {
    let neighbours = letters.windows(2).filter(|pair| are_neighbours(pair[0], pair[1])).count();
    neighbours * 4 >= (letters.len() - 1) * 3
}

fn are_neighbours(one: char, next: char) -> bool {
    let on_keyboard = KEYBOARD_ROWS.iter().any(|row| {
        let at = |key| row.find(key);
        at(one).zip(at(next)).is_some_and(|(one, next)| one.abs_diff(next) <= 1)
    });
    on_keyboard || u32::from(one).abs_diff(u32::from(next)) <= 1
}

/// The letter that a digit or sign stands for, or that carries an accent.
const fn plain_letter(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' | 'ã' | 'á' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        'ñ' => 'n',
        other => other,
    }
}

fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|letter: char| !letter.is_alphabetic());
    let core: Zeroizing<String> =
        Zeroizing::new(core.chars().map(plain_letter).filter(|letter| letter.is_alphabetic()).collect());
    is_made_of_common_words(&core)
}

fn is_made_of_common_words(text: &str) -> bool {
    // reachable[i]: the first i bytes are common words, one behind the other.
    let mut reachable = vec![false; text.len() + 1];
    reachable[0] = true;
    for start in 0..text.len() {
        if reachable[start] {
            for word in COMMON_WORDS {
                if text.as_bytes()[start..].starts_with(word.as_bytes()) {
                    reachable[start + word.len()] = true;
                }
            }
        }
    }
    reachable[text.len()]
}

/// Whether a password is listed: as it is, backwards, with letters for digits and signs, and
/// without some digits and signs at its ends.
fn is_listed(letters: &[char]) -> bool {
    let no_letters = |letters: &mut dyn Iterator<Item = &char>, most| {
        letters.take(most).take_while(|letter| !letter.is_alphabetic()).count()
    };
    let before = no_letters(&mut letters.iter(), MAX_BEFORE);
    let behind = no_letters(&mut letters.iter().rev(), MAX_BEHIND);
    for from in 0..=before {
        for to in letters.len() - behind..=letters.len() {
            let core = letters.get(from..to).unwrap_or_default();
            let spelled =
                |letters: &mut dyn Iterator<Item = char>| Zeroizing::new(letters.collect::<String>());
            let variants = [
                spelled(&mut core.iter().copied()),
                spelled(&mut core.iter().rev().copied()),
                spelled(&mut core.iter().copied().map(plain_letter)),
            ];
            if variants.iter().any(|variant| has_prefix(variant)) {
                return true;
            }
        }
    }
    false
}

fn has_prefix(text: &str) -> bool {
    let hash = sha256(text.as_bytes());
    let (listed, _) = LISTED.as_chunks::<PREFIX_BYTES>();
    listed.binary_search_by(|prefix| prefix.as_slice().cmp(&hash[..PREFIX_BYTES])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Account<'_> = Account {
        email: "maria.teste@lojadamaria.example",
        organization: "Casa Verde",
        min_chars: MIN_CHARS,
    };

    fn secret(text: &str) -> Restricted<String> {
        Restricted::new(text.to_owned())
    }

    fn check(text: &str) -> Result<(), PasswordProblem> {
        Rules::default().check(&secret(text), &ANA)
    }

    /// ASVS 6.2.5.
    #[test]
    fn good_passwords_are_accepted_whatever_they_are_made_of() {
        for text in [
            "correct horse battery",
            "jabuticaba no quintal",
            "k7#Wq9!tZr2m",
            "minha avó faz pamonha",
            "maria come pamonha no quintal",
            "na shopee vendo caneca de louça",
            "casa verde com janela amarela",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    /// ASVS 6.2.1, 6.2.11.
    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        use PasswordProblem::{Common, ContainsEmail, ContainsName, Repetitive, Sequence, TooLong, TooShort};
        let long = "ab ".repeat(400);
        let cases = [
            ("", TooShort(MIN_CHARS)),
            ("elevenchars", TooShort(MIN_CHARS)),
            ("ãããããããããã1", TooShort(MIN_CHARS)),
            (long.as_str(), TooLong),
            ("Maria.Teste no 7", ContainsEmail),
            ("m4r1a.t3st3 2026", ContainsEmail),
            ("LojaDaMaria-2026", ContainsEmail),
            ("Casa Verde 2026", ContainsName),
            ("c4s4v3rd3c4s4v3rd3!", ContainsName),
            ("MercadoLivre123", ContainsName),
            ("Shopee-TikTok-1", ContainsName),
            ("aaaaaaaaaaaa", Repetitive),
            ("abcxabcxabcxab", Repetitive),
            ("batata99batata99", Repetitive),
            ("123456789012", Sequence),
            ("qwertyuiopasdf", Sequence),
            ("abcdefghijkl", Sequence),
            ("lkjhgfdsa987", Sequence),
            ("Senha@123456", Common),
            ("p4ssw0rd2024!!", Common),
            ("123Mudar-12345", Common),
            ("MinhaSenhaLoja1", Common),
        ];
        for (text, problem) in cases {
            assert_eq!(check(text), Err(problem), "{text}");
        }
    }

    /// ASVS 6.2.4, 6.2.12.
    #[test]
    fn the_commonest_passwords_that_are_long_enough_are_refused() {
        for text in [
            "1qaz2wsx3edc",
            "q1w2e3r4t5y6",
            "123qweasdzxc",
            "motherfucker",
            "leavemealone",
            "departamentos",
            "Minecrafter2014",
            "thinkhappythoughts123",
            "crackerjack2015",
        ] {
            assert_eq!(check(text), Err(PasswordProblem::Common), "{text}");
        }
    }

    #[test]
    fn a_listed_word_is_no_other_with_capitals_digits_a_year_or_backwards() {
        for text in [
            "LeaveMeAlone",
            "l3av3m3al0n3",
            "enolaemevael",
            "leavemealone99",
            "1leavemealone!",
            "Dragon20261122",
            "$unshine-31-12-99",
            "football!!!!!",
            "2026 superman",
        ] {
            assert_eq!(check(text), Err(PasswordProblem::Common), "{text}");
        }
    }

    #[test]
    fn whoever_has_nothing_beside_it_needs_a_longer_one() {
        let alone = Account { min_chars: MIN_CHARS_ALONE, ..ANA };
        let short = Rules::default().check(&secret("k7#Wq9!tZr2m"), &alone);
        assert_eq!(short, Err(PasswordProblem::TooShort(MIN_CHARS_ALONE)));
        assert_eq!(Rules::default().check(&secret("k7#Wq9!tZr2mP5x"), &alone), Ok(()));
    }

    #[test]
    fn a_short_or_missing_name_bans_nothing() {
        for email in ["eu@ab.br", "@example.com", ""] {
            let account = Account { email, organization: "Lu", min_chars: MIN_CHARS };
            assert_eq!(Rules::default().check(&secret("quero meu cafezinho"), &account), Ok(()), "{email}");
        }
    }

    #[test]
    fn all_four_classes_are_demanded_where_the_operator_says_so() {
        let rules = Rules { four_classes: true, breached: None };
        for text in [
            "jabuticaba no quintal 7",
            "JABUTICABA NO QUINTAL 7",
            "Jabuticaba no quintal",
            "Jabuticaba7noquintal",
        ] {
            assert_eq!(rules.check(&secret(text), &ANA), Err(PasswordProblem::Classes), "{text}");
        }
        assert_eq!(rules.check(&secret("Jabuticaba no quintal 7"), &ANA), Ok(()));
    }

    #[test]
    fn the_list_is_whole_and_sorted() {
        let (prefixes, rest) = LISTED.as_chunks::<PREFIX_BYTES>();
        assert_eq!((LISTED.len(), rest.len()), (186_960, 0));
        assert!(prefixes.is_sorted_by(|one, next| one < next));
    }
}
