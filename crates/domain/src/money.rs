//! Money as minor units and a currency. No floats anywhere.

use std::fmt;

/// A currency of ISO 4217 that the supported marketplaces use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "ISO 4217 codes say what they are")]
pub enum Currency {
    Ars,
    Bob,
    Brl,
    Clp,
    Cop,
    Mxn,
    Pen,
    Pyg,
    Usd,
    Uyu,
}

impl Currency {
    const ALL: [(Self, &'static str, u32, &'static str); 10] = [
        (Self::Ars, "ARS", 2, "$"),
        (Self::Bob, "BOB", 2, "Bs"),
        (Self::Brl, "BRL", 2, "R$"),
        (Self::Clp, "CLP", 0, "$"),
        (Self::Cop, "COP", 2, "$"),
        (Self::Mxn, "MXN", 2, "$"),
        (Self::Pen, "PEN", 2, "S/"),
        (Self::Pyg, "PYG", 0, "₲"),
        (Self::Usd, "USD", 2, "US$"),
        (Self::Uyu, "UYU", 2, "$"),
    ];

    fn row(self) -> (Self, &'static str, u32, &'static str) {
        // Every variant has its row; the fallback is never reached (see the test).
        Self::ALL.into_iter().find(|row| row.0 == self).unwrap_or(Self::ALL[2])
    }

    /// The ISO 4217 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// Digits after the decimal mark.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.row().2
    }

    /// The sign people write before an amount.
    #[must_use]
    pub fn sign(self) -> &'static str {
        self.row().3
    }

    /// The currency of an ISO 4217 code, or `None` for one we do not know.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.1 == code).map(|row| row.0)
    }
}

/// An amount: minor units (centavos) of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units; negative for what is taken away.
    pub minor: i64,
    /// The currency the minor units are of.
    pub currency: Currency,
}

/// A sum that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies in one sum.
    #[error("amounts of {} and {} cannot be added", .0.code(), .1.code())]
    MixedCurrencies(Currency, Currency),
    /// Beyond 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// An amount from minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads the decimal text of a JSON number (`49.9`, `1e2`, `-0.5`) exactly.
    /// Digits beyond the minor unit round half away from zero: platforms send `0.1 + 0.2`
    /// artefacts such as `10.000000000000002`. `None` when it is no decimal number.
    #[must_use]
    pub fn parse_decimal(text: &str, currency: Currency) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = [whole, fraction].concat();
        if whole.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // The decimal point sits after `point` digits of `all`, counted in minor units.
        let point = i32::try_from(whole.len()).ok()? + exponent + i32::try_from(currency.exponent()).ok()?;
        let mut minor: i64 = 0;
        for index in 0..point.max(0) {
            let digit = all.as_bytes().get(usize::try_from(index).ok()?).map_or(0, |byte| byte - b'0');
            minor = minor.checked_mul(10)?.checked_add(i64::from(digit))?;
        }
        let next = usize::try_from(point).ok().and_then(|at| all.as_bytes().get(at));
        if next.is_some_and(|byte| *byte >= b'5') {
            minor = minor.checked_add(1)?;
        }
        Some(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// The sum of two amounts of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies(self.currency, other.currency));
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// The amount times a count.
    pub fn checked_mul(self, count: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(count).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// The amount as a plain decimal with a point (`1234.50`), for JSON bodies.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let exponent = self.currency.exponent();
        let unit = 10_u64.pow(exponent);
        let size = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        if exponent == 0 {
            return format!("{sign}{size}");
        }
        let width = usize::try_from(exponent).unwrap_or_default();
        format!("{sign}{}.{:0width$}", size / unit, size % unit)
    }
}

/// As Brazil writes it: `R$ 1.234,50`. Other languages format in `web`.
impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.to_decimal();
        let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        write!(out, "{sign}{} {grouped}", self.currency.sign())?;
        if !fraction.is_empty() {
            write!(out, ",{fraction}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_currency_has_its_own_row() {
        for (currency, code, ..) in Currency::ALL {
            assert_eq!(Currency::from_code(code), Some(currency));
            assert_eq!(currency.code(), code);
        }
        assert_eq!(Currency::from_code("EUR"), None);
    }

    #[test]
    fn json_numbers_become_exact_minor_units() {
        let cases = [
            ("49.9", 4_990),
            ("0.005", 1),
            ("10.000000000000002", 1_000),
            ("19.999999999999996", 2_000),
            ("1e2", 10_000),
            ("1.5E1", 1_500),
            ("-0.5", -50),
            ("100", 10_000),
            ("2e-2", 2),
        ];
        for (text, minor) in cases {
            assert_eq!(
                Money::parse_decimal(text, Currency::Brl),
                Some(Money::new(minor, Currency::Brl)),
                "{text}"
            );
        }
        assert_eq!(Money::parse_decimal("1500.4", Currency::Clp).map(|money| money.minor), Some(1_500));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".5", "abc", "1,5", "1e", "99999999999999999999", "NaN"] {
            assert_eq!(Money::parse_decimal(text, Currency::Brl), None, "{text}");
        }
    }

    #[test]
    fn brazil_reads_points_for_thousands_and_a_comma() {
        assert_eq!(Money::new(123_456_750, Currency::Brl).to_string(), "R$ 1.234.567,50");
        assert_eq!(Money::new(-5, Currency::Brl).to_string(), "-R$ 0,05");
        assert_eq!(Money::new(1_500, Currency::Clp).to_string(), "$ 1.500");
    }

    #[test]
    fn two_currencies_never_add_up() {
        let sum = Money::new(1, Currency::Brl).checked_add(Money::new(1, Currency::Ars));
        assert_eq!(sum, Err(MoneyError::MixedCurrencies(Currency::Brl, Currency::Ars)));
    }

    proptest! {
        #[test]
        fn decimal_text_round_trips(minor in -1_000_000_000_000_i64..1_000_000_000_000) {
            for currency in [Currency::Brl, Currency::Usd, Currency::Clp] {
                let money = Money::new(minor, currency);
                prop_assert_eq!(Money::parse_decimal(&money.to_decimal(), currency), Some(money));
            }
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "[-0-9.eE]{0,40}") {
            let _ = Money::parse_decimal(&text, Currency::Brl);
        }
    }
}
