//! What every channel refuses in the same way and in the same words, most of it before
//! anything is sent.

use connect::service::{Reply, Verb};
use connect::{ChannelError, ErrorKind, HookRejection, Spec};
use domain::picture::{Picture, PictureLimits};
use domain::{Money, Restricted};

/// A quantity that a listing cannot show.
pub(super) fn quantity(operation: &'static str, units: i64, spec: &Spec) -> Result<(), ChannelError> {
    let most = spec.max_quantity_units;
    if (0..=most).contains(&units) {
        return Ok(());
    }
    let message = format!("{units} units; a listing shows 0 to {most}");
    Err(ChannelError::new(refused("quantity_out_of_range", message), operation))
}

/// A price that nothing can have.
pub(super) fn price(operation: &'static str, price: Money) -> Result<(), ChannelError> {
    if price.minor > 0 {
        return Ok(());
    }
    Err(ChannelError::new(refused("price_not_possible", "a price is above zero".into()), operation))
}

/// A price in another currency than the listing's.
pub(super) fn other_currency() -> ErrorKind {
    refused("price_not_possible", "the listing has another currency".into())
}

/// A picture beyond what the channel takes.
pub(super) fn picture(
    operation: &'static str,
    picture: &Picture,
    limits: &PictureLimits,
) -> Result<(), ChannelError> {
    picture
        .fits(limits)
        .map_err(|fault| ChannelError::new(refused("picture_not_possible", fault.to_string()), operation))
}

/// A category that no offer goes into.
pub(super) fn no_leaf() -> ErrorKind {
    refused("category_not_possible", "the category takes no offers; choose one below it".into())
}

fn refused(code: &str, message: String) -> ErrorKind {
    ErrorKind::Refused { code: code.into(), message }
}

/// A cursor that comes back from a database and is not the channel's. A retry of the whole
/// list mends it.
pub(super) fn cursor(operation: &'static str) -> ChannelError {
    let kind = ErrorKind::Garbled { what: "a cursor that this channel did not give out".into() };
    ChannelError::new(kind, operation)
}

/// An id that no call may carry.
pub(super) const fn id(operation: &'static str) -> ChannelError {
    ChannelError::new(ErrorKind::AddressNotAllowed, operation)
}

/// A hook that is not of the documented form.
pub(super) fn hook(what: &str) -> HookRejection {
    HookRejection::Malformed(what.to_owned())
}

/// An answer that a case does not take (any more).
pub(super) fn service(code: &str, message: &str) -> ErrorKind {
    refused(code, message.to_owned())
}

/// The text of an answer that is one, of a length that the platform takes.
pub(super) fn text(
    operation: &'static str,
    reply: &Reply,
    verb: Verb,
    max_chars: usize,
) -> Result<Restricted<String>, ChannelError> {
    let refuse = |message: String| ChannelError::new(refused("text_not_possible", message), operation);
    let chars = reply.chars();
    match &reply.text {
        _ if reply.verb != verb => Err(refuse(format!("{} is no text", reply.verb.as_str()))),
        Some(text) if (1..=max_chars).contains(&chars) => Ok(text.clone()),
        _ => Err(refuse(format!("{chars} characters; a text has 1 to {max_chars}"))),
    }
}

/// Something about a package or its documents that cannot be.
pub(super) fn dispatch(code: &str, message: &str) -> ErrorKind {
    refused(code, message.to_owned())
}
