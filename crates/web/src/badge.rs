//! States as a word with an icon and a tone; colour never stands alone.

use domain::{ConnectionState, ListingState, OrderState, StockPosition};

use crate::Chrome;

/// How something stands, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to do, nothing to look at.
    Quiet,
    /// In motion.
    Info,
    /// As it should be.
    Good,
    /// Somebody should act.
    Watch,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// The class in the style sheet.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Info => "info",
            Self::Good => "good",
            Self::Watch => "watch",
            Self::Bad => "bad",
        }
    }

    /// The icon beside a sentence of this tone.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Quiet | Self::Info => "info",
            Self::Good => "check",
            Self::Watch | Self::Bad => "alert",
        }
    }
}

/// A state in a word, with its icon and tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// How it stands.
    pub tone: Tone,
    /// Name of a symbol in `icons.svg`.
    pub icon: &'static str,
    /// The word.
    pub text: &'static str,
    /// Why, where there is more to say.
    pub detail: Option<&'static str>,
}

impl Chrome {
    /// The badge of an order's state.
    #[must_use]
    pub fn order_badge(&self, state: &OrderState) -> Badge {
        let (word, detail) = state.as_words();
        let (tone, icon) = match state {
            OrderState::AwaitingPayment => (Tone::Quiet, "clock"),
            OrderState::ToDispatch => (Tone::Info, "box"),
            OrderState::Shipped => (Tone::Good, "truck"),
            OrderState::Delivered => (Tone::Good, "check"),
            OrderState::Cancelled(_) => (Tone::Quiet, "cross"),
            OrderState::NeedsAttention(_) => (Tone::Watch, "alert"),
        };
        let detail = (!detail.is_empty()).then(|| self.t(&format!("order-detail-{detail}")));
        Badge { tone, icon, text: self.t(&format!("order-state-{word}")), detail }
    }

    /// The badge of a listing's state.
    #[must_use]
    pub fn listing_badge(&self, state: &ListingState) -> Badge {
        let (tone, icon) = match state {
            ListingState::Active => (Tone::Good, "check"),
            ListingState::Paused => (Tone::Quiet, "pause"),
            ListingState::UnderReview => (Tone::Watch, "eye"),
            ListingState::Closed => (Tone::Quiet, "cross"),
            ListingState::NeedsAttention => (Tone::Watch, "alert"),
        };
        Badge { tone, icon, text: self.t(&format!("listing-state-{}", state.as_str())), detail: None }
    }

    /// The badge of a connection's state.
    #[must_use]
    pub fn connection_badge(&self, state: &ConnectionState) -> Badge {
        let (word, reason) = state.as_words();
        let (tone, icon) = match state {
            ConnectionState::DryRun => (Tone::Info, "eye"),
            ConnectionState::Active => (Tone::Good, "check"),
            ConnectionState::NeedsReauthorization(_) => (Tone::Bad, "alert"),
            ConnectionState::Disconnected => (Tone::Quiet, "cross"),
        };
        let detail = reason.map(|reason| self.t(&format!("reauthorization-{reason}")));
        Badge { tone, icon, text: self.t(&format!("connection-state-{word}")), detail }
    }

    /// The badge of what has happened to the stock of an order line.
    #[must_use]
    pub fn position_badge(&self, position: &StockPosition) -> Badge {
        let (tone, icon) = match position {
            StockPosition::Untouched | StockPosition::BeforeOpening => (Tone::Quiet, "dot"),
            StockPosition::Reserved => (Tone::Info, "box"),
            StockPosition::Released => (Tone::Quiet, "undo"),
            StockPosition::Taken => (Tone::Good, "truck"),
        };
        Badge { tone, icon, text: self.t(&format!("position-{}", position.as_str())), detail: None }
    }
}
