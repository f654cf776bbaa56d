//! What all channels make of packages in the same way.

use connect::{ChannelError, ErrorKind};
use domain::dispatch::{Due, Handover, InvoiceState, PackageSnapshot, PackageState, Way};

use super::loose::Loose;
use super::refusal;

/// Millimetres in a centimetre.
pub(super) const CM: u32 = 10;
/// Grams in a kilogram.
pub(super) const KG: u32 = 1_000;

/// A length or weight in units of which one has `parts`: whole parts, rounded up, as a package
/// is never smaller than it is. A comma is a point.
pub(super) fn measure(told: Option<&Loose>, parts: u32) -> Option<u32> {
    let text = told?.filled()?.replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse::<u32>().ok()?.checked_mul(parts)?;
    if fraction.is_empty() {
        return Some(whole);
    }
    // Nine digits are more than any scale has.
    let fraction = fraction.get(..fraction.len().min(9))?;
    let digits = u64::from(fraction.parse::<u32>().ok()?);
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let rest = (digits * u64::from(parts)).div_ceil(scale);
    whole.checked_add(u32::try_from(rest).ok()?)
}

/// What an arrangement has to do with a package that was looked at first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing: it is arranged.
    Done,
    /// Arrange it.
    Arrange,
}

/// Whether a package is to be arranged; the reason where it cannot be.
pub(super) fn look(operation: &'static str, package: &PackageSnapshot) -> Result<Look, ChannelError> {
    let refuse = |kind| Err(ChannelError::new(kind, operation));
    if package.by_platform {
        return refuse(refusal::dispatch("sent_by_platform", "the platform sends this package itself"));
    }
    if package.state.is_arranged() {
        return Ok(Look::Done);
    }
    match package.due() {
        Some(Due::Handover) => Ok(Look::Arrange),
        Some(Due::Invoice) => refuse(ErrorKind::InvoiceMissing),
        Some(Due::Label) => Ok(Look::Done),
        None if package.invoice == InvoiceState::InReview && package.state == PackageState::ToArrange => {
            refuse(ErrorKind::NotYet)
        }
        None => refuse(refusal::dispatch(
            "not_to_be_sent",
            &format!("the platform has the package at {}", package.platform_status),
        )),
    }
}

/// A way that the platform does not offer for a package.
pub(super) fn other_way(operation: &'static str) -> ChannelError {
    ChannelError::new(
        refusal::dispatch("handover_not_possible", "the package is not handed over in this way"),
        operation,
    )
}

/// The number that the seller's own carrier gave; letters, digits and `- _ . /`, 4 to 50.
pub(super) fn tracking_code(operation: &'static str, handover: &Handover) -> Result<String, ChannelError> {
    let Handover::OwnCarrier { tracking_code, .. } = handover else { return Err(other_way(operation)) };
    let code = tracking_code.trim();
    let fits = |sign: char| sign.is_ascii_alphanumeric() || "-_./".contains(sign);
    if (4..=50).contains(&code.len()) && code.chars().all(fits) {
        return Ok(code.to_owned());
    }
    let message = "a tracking code has 4 to 50 letters, digits and - _ . /";
    Err(ChannelError::new(refusal::dispatch("tracking_code_not_possible", message), operation))
}

/// The arranged package, as it is read back.
pub(super) fn arranged(
    operation: &'static str,
    package: PackageSnapshot,
) -> Result<PackageSnapshot, ChannelError> {
    if package.state.is_arranged() {
        return Ok(package);
    }
    Err(ChannelError::new(ErrorKind::WriteNotApplied, operation))
}

/// Ways of a package: there is something to say only while it is to be arranged.
pub(super) fn open_ways(
    operation: &'static str,
    package: &PackageSnapshot,
) -> Result<Option<Vec<Way>>, ChannelError> {
    match package.due() {
        Some(Due::Handover) => Ok(None),
        Some(Due::Invoice) => Err(ChannelError::new(ErrorKind::InvoiceMissing, operation)),
        Some(Due::Label) | None => Ok(Some(Vec::new())),
    }
}

/// Whether an invoice is to be told for a package.
pub(super) fn wants_invoice(
    operation: &'static str,
    package: &PackageSnapshot,
) -> Result<bool, ChannelError> {
    match package.invoice {
        InvoiceState::Missing | InvoiceState::Unknown => Ok(true),
        InvoiceState::InReview | InvoiceState::Accepted => Ok(false),
        InvoiceState::NotAsked => Err(ChannelError::new(
            refusal::dispatch("invoice_not_asked", "the platform asks for no invoice for this package"),
            operation,
        )),
    }
}

#[cfg(test)]
mod unit {
    use domain::ChannelKind;

    use super::*;

    fn package(state: PackageState, invoice: InvoiceState) -> PackageSnapshot {
        PackageSnapshot {
            channel: ChannelKind::Shopee,
            external_id: "P1".into(),
            orders: vec!["O1".into()],
            lines: Vec::new(),
            state,
            platform_status: "WORD".into(),
            carrier: None,
            tracking_code: None,
            invoice,
            by_platform: false,
            ship_by: None,
            size: None,
        }
    }

    fn kind(state: PackageState, invoice: InvoiceState) -> ErrorKind {
        look("x", &package(state, invoice)).unwrap_err().kind
    }

    #[test]
    fn a_measure_is_rounded_up_and_never_a_float() {
        let cm = |text: &str| measure(Some(&Loose(text.into())), CM);
        for (text, mm) in [("20", 200), ("20.0", 200), ("20.5", 205), ("20,51", 206), ("0.01", 1), ("0", 0)] {
            assert_eq!(cm(text), Some(mm), "{text}");
        }
        assert_eq!(measure(Some(&Loose("0.42".into())), KG), Some(420));
        for odd in ["", "-1", "1e3", "x", "1.2.3", "4294967295", "1.x", "é.é"] {
            assert_eq!(cm(odd), None, "{odd}");
        }
        assert_eq!(measure(None, CM), None);
    }

    #[test]
    fn what_is_arranged_is_left_alone_and_what_cannot_be_says_why() {
        use InvoiceState::{Accepted, InReview, Missing};
        for state in [PackageState::Arranged, PackageState::Sent, PackageState::Delivered] {
            assert_eq!(look("x", &package(state, Missing)).unwrap(), Look::Done);
        }
        assert_eq!(look("x", &package(PackageState::ToArrange, Accepted)).unwrap(), Look::Arrange);
        assert_eq!(kind(PackageState::ToArrange, Missing), ErrorKind::InvoiceMissing);
        assert_eq!(kind(PackageState::Waiting, Missing), ErrorKind::InvoiceMissing);
        assert_eq!(kind(PackageState::ToArrange, InReview), ErrorKind::NotYet);
        for state in [PackageState::Waiting, PackageState::Cancelled, PackageState::NeedsAttention] {
            let refused = kind(state, Accepted);
            assert!(matches!(&refused, ErrorKind::Refused { code, .. } if code == "not_to_be_sent"));
        }
        let mut full = package(PackageState::ToArrange, Accepted);
        full.by_platform = true;
        assert!(matches!(look("x", &full).unwrap_err().kind, ErrorKind::Refused { .. }));
    }

    #[test]
    fn a_tracking_code_is_letters_digits_and_four_signs() {
        let code = |text: &str| {
            tracking_code("x", &Handover::OwnCarrier { carrier: None, tracking_code: text.into() })
        };
        assert_eq!(code(" AB-1_2./3 ").unwrap(), "AB-1_2./3");
        for odd in ["", "123", "A B C D", "ação", &"1".repeat(51)] {
            assert!(code(odd).is_err(), "{odd}");
        }
        assert!(tracking_code("x", &Handover::Ready).is_err());
    }
}
