//! Buyers, as a shop looks for them: by the words that a caller gives, of which nothing but
//! keyed hashes is kept (`docs/decisions/0019`).
//!
//! What a platform tells of a buyer and what a member types are brought into one form here,
//! so that equal people have equal [`Term`]s. A term is guarded: it goes into its hash, and
//! nobody sees it.

use crate::access::Grant;
use crate::class::Confidential;
use crate::order_list::title_key;

/// Longest text that buyers are looked for by, in characters.
pub const MAX_BUYER_TEXT_CHARS: usize = 120;
/// Words of a name that are looked for; the rest tells nobody apart.
const MAX_NAME_WORDS: usize = 8;
/// Digits of a CPF ("Cadastro de Pessoas Físicas", Receita Federal).
const CPF_DIGITS: usize = 11;
/// Characters of a CNPJ: since July 2026 the first twelve may be letters, the last two are
/// digits (Instrução Normativa RFB 2.229/2024).
const CNPJ_CHARS: usize = 14;
/// Digits of a telephone number without its country, and the most with it (ITU-T E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Brazil's country code, and the digits that a number has with it.
const BRAZIL: (&str, std::ops::RangeInclusive<usize>) = ("55", 12..=13);
/// Words between names that people leave out as often as not.
const PARTICLES: [&str; 9] = ["da", "das", "de", "del", "della", "di", "do", "dos", "la"];

/// Who gets a package, and where: shown to a member who was granted it, and kept nowhere.
#[derive(Debug, Clone)]
pub struct Recipient(Confidential<Vec<String>>);

impl Recipient {
    /// A recipient of lines, the name first. What the platform masks stays masked; empty lines
    /// are left out.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let filled = lines.into_iter().map(str::trim).filter(|line| !line.is_empty());
        Self(Confidential::new(filled.map(str::to_owned).collect()))
    }

    /// The lines, for the holder of a grant.
    #[must_use]
    pub const fn reveal(&self, grant: &Grant) -> &Vec<String> {
        self.0.reveal(grant)
    }
}

/// What a term is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TermKind {
    /// A first name with one of the names behind it, or the only name there is.
    Name,
    /// A CPF or CNPJ.
    Document,
    /// A telephone number.
    Phone,
}

impl TermKind {
    /// The word that its hash is bound to.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Document => "document",
            Self::Phone => "phone",
        }
    }
}

/// Something that a buyer is found by.
#[derive(Debug, Clone)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// Small letters without accents, or digits alone.
    pub text: Confidential<String>,
}

impl Term {
    fn new(kind: TermKind, text: String) -> Self {
        Self { kind, text: Confidential::new(text) }
    }
}

/// What a buyer is found by; nothing where the platform tells nothing.
#[derive(Debug, Clone, Default)]
pub struct Buyer {
    /// Each once.
    pub terms: Vec<Term>,
}

/// What a platform says of a buyer, in its own writing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// First and further names, or a firm's name.
    pub name: Option<&'a str>,
    /// The same of who receives the package.
    pub receiver: Option<&'a str>,
    /// CPF or CNPJ.
    pub document: Option<&'a str>,
    /// Telephone number.
    pub phone: Option<&'a str>,
}

impl Buyer {
    /// What remains of what a platform says. A value with an asterisk is masked and tells
    /// nothing: platforms mask by order, by field, and without saying so.
    #[must_use]
    pub fn of(told: Told<'_>) -> Self {
        let open = |text: Option<&str>| text.map(str::to_owned).filter(|text| !text.contains('*'));
        let given = [told.name, told.receiver].into_iter().filter_map(open);
        let mut terms: Vec<Term> = given.flat_map(|name| names(&name)).collect();
        terms.extend(open(told.document).and_then(|text| document(&text)));
        terms.extend(open(told.phone).and_then(|text| phone(&text)));
        Self { terms }
    }
}

/// What a member may mean by a text: each reading is terms that must all be a buyer's. A
/// text of eleven digits is a CPF or a mobile number; one that can be nothing has no reading.
#[must_use]
pub fn readings(text: &str) -> Vec<Vec<Term>> {
    if text.chars().count() > MAX_BUYER_TEXT_CHARS {
        return Vec::new();
    }
    let name = if text.chars().any(char::is_alphabetic) { names(text) } else { Vec::new() };
    let single = |term: Option<Term>| term.into_iter().collect();
    let all = [name, single(document(text)), single(phone(text))];
    all.into_iter().filter(|terms| !terms.is_empty()).collect()
}

/// The first name with each of the others. Single words are kept of nobody who has two: half
/// the country shares twenty first names, and equal hashes can be counted.
fn names(text: &str) -> Vec<Term> {
    let key = title_key(text);
    let (words, initials): (Vec<&str>, Vec<&str>) = key
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !PARTICLES.contains(word))
        .take(MAX_NAME_WORDS)
        .partition(|word| word.chars().nth(1).is_some());
    match words.as_slice() {
        [] => Vec::new(),
        // "Maria S." is not all of her name.
        [_] if !initials.is_empty() => Vec::new(),
        [only] => vec![Term::new(TermKind::Name, (*only).to_owned())],
        [first, others @ ..] => {
            let mut pairs: Vec<String> = others.iter().map(|other| format!("{first} {other}")).collect();
            pairs.sort_unstable();
            pairs.dedup();
            pairs.into_iter().map(|pair| Term::new(TermKind::Name, pair)).collect()
        }
    }
}

fn document(text: &str) -> Option<Term> {
    let is_mark = |letter: char| matches!(letter, '.' | '-' | '/' | ' ');
    let bare: String = text.trim().chars().filter(|letter| !is_mark(*letter)).collect();
    let bare = bare.to_ascii_uppercase();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_document = match bare.len() {
        CPF_DIGITS => is_digits(&bare),
        CNPJ_CHARS => {
            let ends_in_digits = bare.get(CNPJ_CHARS - 2..).is_some_and(is_digits);
            ends_in_digits && bare.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        _ => false,
    };
    is_document.then(|| Term::new(TermKind::Document, bare))
}

fn phone(text: &str) -> Option<Term> {
    let is_written =
        |letter: char| letter.is_ascii_digit() || matches!(letter, '+' | '(' | ')' | '-' | '.' | ' ');
    if !text.trim().chars().all(is_written) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let (code, lengths) = BRAZIL;
    let national = digits.strip_prefix(code).filter(|_| lengths.contains(&digits.len()));
    let number = national.unwrap_or(digits);
    PHONE_DIGITS.contains(&number.len()).then(|| Term::new(TermKind::Phone, number.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::{Actor, Grant, Purpose};
    use crate::time::Timestamp;

    fn shown(terms: &[Term]) -> Vec<String> {
        let grant = Grant::issue(Actor::system("test"), Purpose::Seal, Timestamp::EPOCH);
        terms.iter().map(|term| format!("{}:{}", term.kind.as_str(), term.text.reveal(&grant))).collect()
    }

    fn of_name(name: &str) -> Vec<String> {
        shown(&Buyer::of(Told { name: Some(name), ..Told::default() }).terms)
    }

    fn read(text: &str) -> Vec<Vec<String>> {
        readings(text).iter().map(|terms| shown(terms)).collect()
    }

    /// Whether a buyer of this name is found by a text.
    fn is_found(name: &str, text: &str) -> bool {
        let kept = of_name(name);
        read(text).iter().any(|terms| terms.iter().all(|term| kept.contains(term)))
    }

    #[test]
    fn a_buyer_is_found_by_the_first_name_and_any_of_the_others() {
        assert_eq!(of_name("Maria da Silva Souza"), ["name:maria silva", "name:maria souza"]);
        for text in
            ["maria silva", "MARIA SOUZA", "Maria  Souza Silva", "maria da silva e souza", "maria s souza"]
        {
            assert!(is_found("Maria da Silva Souza", text), "{text}");
        }
        for text in ["maria", "silva souza", "maria silva pereira", "mari silva", ""] {
            assert!(!is_found("Maria da Silva Souza", text), "{text}");
        }
    }

    #[test]
    fn accents_and_case_tell_nobody_apart() {
        assert!(is_found("João Conceição", "joao conceicao"));
        assert!(is_found("Joana D'Ávila", "joana avila"));
    }

    #[test]
    fn who_gave_one_name_is_found_by_it() {
        assert_eq!(of_name("Anitta"), ["name:anitta"]);
        assert!(is_found("Anitta", "anitta"));
        assert!(!is_found("Anitta Silva", "anitta"), "one word would be a list of half the country");
    }

    #[test]
    fn a_name_that_was_cut_to_its_initials_tells_nothing() {
        assert!(of_name("Maria E.").is_empty());
        assert_eq!(of_name("Maria E. Souza"), ["name:maria souza"]);
        assert!(read("Maria S").is_empty());
    }

    #[test]
    fn a_document_is_found_however_it_is_written() {
        let told = Told { document: Some("123.456.789-09"), ..Told::default() };
        assert_eq!(shown(&Buyer::of(told).terms), ["document:12345678909"]);
        assert!(read(" 123456789-09").contains(&vec!["document:12345678909".to_owned()]));
        let firm = vec!["document:12ABC34501DE35".to_owned()];
        assert!(read("12.abc.345/01de-35").contains(&firm));
    }

    #[test]
    fn a_telephone_number_is_found_with_and_without_its_country() {
        let told = Told { phone: Some("+55 (41) 99999-1234"), ..Told::default() };
        let kept = shown(&Buyer::of(told).terms);
        assert_eq!(kept, ["phone:41999991234"]);
        for text in ["41999991234", "(41) 99999-1234", "041 99999 1234", "+55 41 99999-1234", "5541999991234"]
        {
            assert!(read(text).contains(&kept), "{text}");
        }
        assert_eq!(read("+1 415 555-2671"), [["phone:14155552671".to_owned()]]);
    }

    #[test]
    fn eleven_digits_are_a_cpf_or_a_mobile_number() {
        let both = [vec!["document:41999991234".to_owned()], vec!["phone:41999991234".to_owned()]];
        assert_eq!(read("41999991234"), both);
    }

    #[test]
    fn what_is_masked_tells_nothing() {
        let told = Told {
            name: Some("M***a S."),
            receiver: Some("M***a"),
            document: Some("***.456.789-**"),
            phone: Some("****"),
        };
        assert!(Buyer::of(told).terms.is_empty());
    }

    #[test]
    fn what_can_be_nothing_has_no_reading() {
        let long = "ana ".repeat(MAX_BUYER_TEXT_CHARS);
        for text in ["", "  ", "---", "123", "da", &long] {
            assert!(read(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_name() {
        let buyer = Buyer::of(Told { name: Some("Maria Silva"), ..Told::default() });
        let shown = format!("{buyer:?}").to_lowercase();
        assert!(shown.contains("name") && !shown.contains("maria"), "{shown}");
    }

    proptest! {
        #[test]
        fn everybody_is_found_by_the_name_that_they_gave(name in "[\\PC ]{0,60}") {
            let kept = of_name(&name);
            prop_assume!(!kept.is_empty() && !name.contains('*'));
            prop_assert!(!name.chars().any(char::is_alphabetic) || is_found(&name, &name));
        }

        #[test]
        fn no_text_makes_reading_panic(text: String) {
            let _ = readings(&text);
        }
    }
}
