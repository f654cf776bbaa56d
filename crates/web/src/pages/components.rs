//! Every component on one page, for whoever changes the style sheet.

use askama::Template;
use domain::{Money, OrderState, Timestamp};

use crate::pages::{Errors, Pager};
use crate::{Chrome, Tone};

/// `GET /dev/components`.
#[derive(Debug, Template)]
#[template(path = "components_page.html")]
pub struct ComponentsPage {
    /// Around it.
    pub chrome: Chrome,
    /// Every state of an order.
    pub states: Vec<OrderState>,
    /// Amounts of all sizes.
    pub amounts: Vec<Money>,
    /// Instants near and far.
    pub instants: Vec<Timestamp>,
    /// Wrong input.
    pub errors: Errors,
    /// Both ways.
    pub pager: Pager,
}

impl ComponentsPage {
    const TONES: [Tone; 5] = [Tone::Quiet, Tone::Info, Tone::Good, Tone::Watch, Tone::Bad];
}
