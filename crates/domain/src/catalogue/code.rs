//! Codes that other people gave out: bar codes, nomenclature, origin.

use std::fmt;

/// Lengths of a bar code: GTIN-8, GTIN-12 (UPC-A), GTIN-13 (EAN), GTIN-14 (GS1 General
/// Specifications, section 3: GTIN).
const GTIN_DIGITS: [usize; 4] = [8, 12, 13, 14];
/// Digits of a code of the Nomenclatura Comum do Mercosul.
const NCM_DIGITS: usize = 8;

/// What is wrong with a bar code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GtinFault {
    /// Something else than digits.
    Letters,
    /// So many digits as no bar code has.
    Length(usize),
    /// Nothing but zeros.
    Zeros,
    /// The last digit does not fit the others: it would have to be this one.
    CheckDigit(u8),
}

/// A bar code whose last digit fits the others. Codes of books (ISBN-13) are such codes, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin(String);

impl Gtin {
    /// The bar code that somebody typed or scanned; blanks and hyphens between its digits are left out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, GtinFault> {
        let code: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        if !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(GtinFault::Letters);
        }
        if !GTIN_DIGITS.contains(&code.len()) {
            return Err(GtinFault::Length(code.len()));
        }
        if code.bytes().all(|byte| byte == b'0') {
            return Err(GtinFault::Zeros);
        }
        let (data, last) = code.split_at(code.len() - 1);
        let wanted = check_digit(data);
        if last.as_bytes() == [b'0' + wanted] { Ok(Self(code)) } else { Err(GtinFault::CheckDigit(wanted)) }
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The digit that makes a bar code of these digits: weights 3 and 1 in turn, 3 beside the check
/// digit, up to the next multiple of ten (GS1 General Specifications, section 7.9.1).
fn check_digit(data: &str) -> u8 {
    let weighted = data.bytes().rev().enumerate().map(|(place, byte)| {
        let weight = if place % 2 == 0 { 3 } else { 1 };
        u32::from(byte - b'0') * weight
    });
    let over = weighted.sum::<u32>() % 10;
    u8::try_from((10 - over) % 10).unwrap_or_default()
}

impl fmt::Display for Gtin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A code of the Nomenclatura Comum do Mercosul: eight digits (Decreto 11.158/2022).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ncm(String);

impl Ncm {
    /// The code that somebody typed, with the points of the table (`7323.93.00`) or without.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '.').collect();
        let is_code = code.len() == NCM_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self(code))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where goods come from, as an invoice tells it: 0 to 8 (table A of the Convênio s/n of 1970, as
/// Ajuste SINIEF 20/2012 has it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(u8);

impl Origin {
    /// The greatest code of the table.
    const LAST: u8 = 8;

    /// Every code there is.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=Self::LAST).map(Self)
    }

    /// The origin of a code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: u8 = text.trim().parse().ok()?;
        Self::all().find(|origin| origin.0 == code)
    }

    /// Its code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_known_by_its_last_digit() {
        // The examples of GS1's own calculator, a book, and codes of every length.
        for good in ["6291041500213", "9780306406157", "96385074", "036000291452", "10614141000415"] {
            assert_eq!(Gtin::parse(good).map(|gtin| gtin.to_string()).as_deref(), Ok(good));
        }
        assert_eq!(Gtin::parse("6291041500214"), Err(GtinFault::CheckDigit(3)));
        assert_eq!(
            Gtin::parse("978-0-306-40615-7").map(|gtin| gtin.to_string()).as_deref(),
            Ok("9780306406157")
        );
    }

    #[test]
    fn what_is_no_bar_code_is_refused_and_why() {
        assert_eq!(Gtin::parse("SEM GTIN"), Err(GtinFault::Letters));
        assert_eq!(Gtin::parse("12345"), Err(GtinFault::Length(5)));
        assert_eq!(Gtin::parse(""), Err(GtinFault::Length(0)));
        assert_eq!(Gtin::parse("0000000000000"), Err(GtinFault::Zeros));
        assert_eq!(
            Gtin::parse("７８９１２３４５６７８９５"),
            Err(GtinFault::Letters),
            "digits of another script"
        );
    }

    #[test]
    fn nomenclature_and_origin_are_of_their_tables() {
        assert_eq!(Ncm::parse("7323.93.00").as_ref().map(Ncm::as_str), Some("73239300"));
        assert_eq!(Ncm::parse("7323930"), None);
        assert_eq!(Ncm::parse("7323930A"), None);
        assert_eq!(Origin::parse(" 8 ").map(Origin::code), Some(8));
        assert_eq!((Origin::parse("9"), Origin::parse(""), Origin::parse("-1")), (None, None, None));
        assert_eq!(Origin::all().count(), 9);
    }

    proptest! {
        #[test]
        fn each_body_has_exactly_one_last_digit(body in "[0-9]{12}", last in 0_u8..10) {
            let good = Gtin::parse(&format!("{body}{last}")).is_ok();
            prop_assert_eq!(good, check_digit(&body) == last && (body.bytes().any(|byte| byte != b'0') || last != 0));
        }

        #[test]
        fn one_wrong_digit_is_always_noticed(body in "[1-9][0-9]{11}", at in 0_usize..12, other in 1_u8..10) {
            let mut code = format!("{body}{}", check_digit(&body)).into_bytes();
            code[at] = b'0' + (code[at] - b'0' + other) % 10;
            let code = String::from_utf8(code).expect("digits");
            prop_assert!(Gtin::parse(&code).is_err());
        }

        #[test]
        fn no_text_makes_parsing_panic(text: String) {
            let _ = (Gtin::parse(&text), Ncm::parse(&text), Origin::parse(&text));
        }
    }
}
