//! Dispatch: packages that are to be sent, how they are handed over, what is printed for
//! them and where they are. Nothing of a buyer is in it (docs/decisions/0008).

use crate::connection::ChannelKind;
use crate::time::Timestamp;

/// Where a package stands, as far as the seller's work is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageState {
    /// The platform is not ready for it: a payment, a day, a check of its own.
    Waiting,
    /// The seller has to say how it is handed over.
    ToArrange,
    /// That is said: it is printed for and handed over.
    Arranged,
    /// The carrier has it, or has had it.
    Sent,
    /// The buyer has it.
    Delivered,
    /// It is off, and its goods never left.
    Cancelled,
    /// A word that nobody knows, or something that only a person can decide.
    NeedsAttention,
}

impl PackageState {
    /// Every state there is.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::ToArrange,
        Self::Arranged,
        Self::Sent,
        Self::Delivered,
        Self::Cancelled,
        Self::NeedsAttention,
    ];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::ToArrange => "to_arrange",
            Self::Arranged => "arranged",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::NeedsAttention => "needs_attention",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether its way to the carrier is arranged, or was.
    #[must_use]
    pub const fn is_arranged(self) -> bool {
        matches!(self, Self::Arranged | Self::Sent | Self::Delivered)
    }
}

/// Whether the platform has the invoice that it wants before a package leaves (Brazil: the
/// NF-e).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvoiceState {
    /// It asks for none, or for none any more.
    NotAsked,
    /// It waits for it.
    Missing,
    /// It has it and has not decided yet.
    InReview,
    /// It has taken it.
    Accepted,
    /// A word that nobody knows.
    Unknown,
}

/// Goods in a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageLine {
    /// The platform's id of the order.
    pub order_external_id: String,
    /// The platform's id of the listing that sold them.
    pub listing_external_id: String,
    /// Its variation, where it has some.
    pub variation_external_id: Option<String>,
    /// Units.
    pub units: i64,
}

/// How large a package is, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PackageSize {
    /// Weight, in grams.
    pub weight_grams: Option<u32>,
    /// Its sides, the longest first, in millimetres.
    pub sides_mm: Option<[u32; 3]>,
}

impl PackageSize {
    /// What is told; `None` when nothing is.
    #[must_use]
    pub fn told(weight_grams: Option<u32>, sides_mm: Option<[u32; 3]>) -> Option<Self> {
        let longest_first = |mut sides: [u32; 3]| {
            sides.sort_unstable_by(|a, b| b.cmp(a));
            sides
        };
        let size = Self {
            weight_grams: weight_grams.filter(|grams| *grams > 0),
            sides_mm: sides_mm.filter(|sides| sides.iter().all(|side| *side > 0)).map(longest_first),
        };
        (size != Self::default()).then_some(size)
    }
}

/// What a seller does next for a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// Tell the invoice.
    Invoice,
    /// Say how it is handed over.
    Handover,
    /// Print its label and hand it over.
    Label,
}

/// A package as its platform shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSnapshot {
    /// The channel.
    pub channel: ChannelKind,
    /// The platform's id of the package.
    pub external_id: String,
    /// The platform's ids of the orders that it carries, each once.
    pub orders: Vec<String>,
    /// What is in it.
    pub lines: Vec<PackageLine>,
    /// Where it stands, in our words.
    pub state: PackageState,
    /// Where it stands, in the platform's word.
    pub platform_status: String,
    /// Who carries it, in the platform's word.
    pub carrier: Option<String>,
    /// The carrier's number of it; often told a while after it was arranged.
    pub tracking_code: Option<String>,
    /// Whether an invoice is waited for.
    pub invoice: InvoiceState,
    /// Whether the platform sends it from a warehouse of its own: nothing is for the seller.
    pub by_platform: bool,
    /// When it has to be handed over.
    pub ship_by: Option<Timestamp>,
    /// How large it is.
    pub size: Option<PackageSize>,
}

impl PackageSnapshot {
    /// What the seller does next; `None` while there is nothing to do but wait.
    #[must_use]
    pub const fn due(&self) -> Option<Due> {
        // What waits for a decision about its invoice would be refused.
        let is_decided = !matches!(self.invoice, InvoiceState::InReview);
        if self.by_platform || (matches!(self.state, PackageState::ToArrange) && !is_decided) {
            return None;
        }
        match (self.state, self.invoice) {
            (PackageState::Waiting | PackageState::ToArrange, InvoiceState::Missing) => Some(Due::Invoice),
            (PackageState::ToArrange, _) => Some(Due::Handover),
            (PackageState::Arranged, _) => Some(Due::Label),
            (
                PackageState::Waiting
                | PackageState::Sent
                | PackageState::Delivered
                | PackageState::Cancelled
                | PackageState::NeedsAttention,
                _,
            ) => None,
        }
    }
}

/// Something that the platform has an id of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: String,
    /// What people read.
    pub name: String,
}

/// A time at which the carrier comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The platform's id of it.
    pub id: String,
    /// Its beginning, where it is told, or else of its day.
    pub from: Option<Timestamp>,
    /// Its end, where it is told.
    pub to: Option<Timestamp>,
    /// What the platform says of it; empty where it says nothing.
    pub words: String,
}

/// A place of the seller's that the carrier comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickupPlace {
    /// Which; `None` where there is one alone.
    pub place: Option<Named>,
    /// The times that can be chosen; none where the platform chooses.
    pub slots: Vec<Slot>,
}

/// A way to hand a package over that the platform offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The seller says that the goods are there.
    Ready,
    /// The seller takes it to one of these branches, or to any where none is named.
    DropOff {
        /// Branches.
        branches: Vec<Named>,
    },
    /// The carrier comes to one of these places.
    Pickup {
        /// Places.
        places: Vec<PickupPlace>,
    },
    /// The seller sends it with one of these carriers, or any where none is named, and tells
    /// the carrier's number of it.
    OwnCarrier {
        /// Carriers.
        carriers: Vec<Named>,
    },
}

/// The way that a seller chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// [`Way::Ready`].
    Ready,
    /// [`Way::DropOff`].
    DropOff {
        /// One of its branches.
        branch: Option<String>,
    },
    /// [`Way::Pickup`].
    Pickup {
        /// One of its places.
        place: Option<String>,
        /// One of the place's times.
        slot: Option<String>,
    },
    /// [`Way::OwnCarrier`].
    OwnCarrier {
        /// One of its carriers.
        carrier: Option<String>,
        /// The carrier's number of it.
        tracking_code: String,
    },
}

/// What can be printed for a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// What is glued to it.
    Label,
    /// What is in it, for who packs.
    PackingList,
    /// The invoice in short (Brazil: the simplified DANFE).
    InvoiceLabel,
    /// What a private person declares to send.
    ContentDeclaration,
}

/// Of what form a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Pages.
    Pdf,
    /// The words of label printers (Zebra Programming Language).
    Zpl,
}

/// Where a PDF's end is looked for, in bytes, and how it is marked (ISO 32000-1, §7.5.5 and
/// annex H.3).
const PDF_TAIL_BYTES: usize = 1_024;
const PDF_END: &[u8] = b"%%EOF";

impl Format {
    /// The form that these bytes have, whatever they are called; `None` for any other, and
    /// for half a document.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
        if bytes.starts_with(b"%PDF-") {
            let tail = &bytes[bytes.len().saturating_sub(PDF_TAIL_BYTES)..];
            let is_whole = tail.windows(PDF_END.len()).any(|part| part == PDF_END);
            return is_whole.then_some(Self::Pdf);
        }
        // A label begins and ends; before its beginning the printer may be set up.
        (!bytes.contains(&0) && holds(b"^XA") && holds(b"^XZ")).then_some(Self::Zpl)
    }

    /// What it is called on the wire.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Zpl => "application/zpl",
        }
    }
}

/// Something that happened to a package on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelEvent {
    /// When.
    pub at: Timestamp,
    /// What the platform says of it.
    pub words: String,
    /// The platform's own word, where there is one beside.
    pub platform_word: Option<String>,
    /// Where, if that is told.
    pub place: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(state: PackageState, invoice: InvoiceState) -> PackageSnapshot {
        PackageSnapshot {
            channel: ChannelKind::Shopee,
            external_id: "P1".into(),
            orders: vec!["O1".into()],
            lines: Vec::new(),
            state,
            platform_status: String::new(),
            carrier: None,
            tracking_code: None,
            invoice,
            by_platform: false,
            ship_by: None,
            size: None,
        }
    }

    #[test]
    fn every_state_survives_its_word() {
        for state in PackageState::ALL {
            assert_eq!(PackageState::parse(state.as_str()), Some(state));
        }
        assert_eq!(PackageState::parse("TO_FULFILL"), None);
    }

    #[test]
    fn the_invoice_comes_before_the_handover_and_the_handover_before_the_label() {
        let due = |state, invoice| package(state, invoice).due();
        for state in [PackageState::Waiting, PackageState::ToArrange] {
            assert_eq!(due(state, InvoiceState::Missing), Some(Due::Invoice));
            assert_eq!(due(state, InvoiceState::InReview), None);
        }
        for invoice in [InvoiceState::NotAsked, InvoiceState::Accepted, InvoiceState::Unknown] {
            assert_eq!(due(PackageState::ToArrange, invoice), Some(Due::Handover));
            assert_eq!(due(PackageState::Waiting, invoice), None);
        }
        assert_eq!(due(PackageState::Arranged, InvoiceState::Accepted), Some(Due::Label));
        for over in [PackageState::Sent, PackageState::Delivered, PackageState::Cancelled] {
            assert_eq!(due(over, InvoiceState::Missing), None);
        }
        assert_eq!(due(PackageState::NeedsAttention, InvoiceState::NotAsked), None);
    }

    #[test]
    fn what_the_platform_sends_leaves_the_seller_nothing_to_do() {
        for state in PackageState::ALL {
            let mut full = package(state, InvoiceState::Missing);
            full.by_platform = true;
            assert_eq!(full.due(), None, "{state:?}");
        }
    }

    #[test]
    fn a_size_has_its_longest_side_first_and_nothing_that_is_nothing() {
        let size = PackageSize::told(Some(500), Some([100, 200, 150])).unwrap();
        assert_eq!((size.weight_grams, size.sides_mm), (Some(500), Some([200, 150, 100])));
        let weight = PackageSize::told(Some(500), Some([100, 0, 150])).unwrap();
        assert_eq!(weight.sides_mm, None);
        assert_eq!(PackageSize::told(Some(0), None), None);
        assert_eq!(PackageSize::told(None, None), None);
    }

    #[test]
    fn a_document_is_what_its_bytes_are() {
        assert_eq!(Format::of(b"%PDF-1.4\n...\n%%EOF\n"), Some(Format::Pdf));
        assert_eq!(Format::of(b"^XA\n^FDx^FS\n^XZ\n"), Some(Format::Zpl));
        assert_eq!(Format::of(b"CT~~CD,~CC^~CT~\n^XA^FDx^FS^XZ"), Some(Format::Zpl));
        for other in [
            &b""[..],
            b"%PDF-1.4\nhalf",
            b"<html>%PDF-1.4</html>",
            b"PK\x03\x04^XA^XZ\0",
            b"^XA^FDhalf",
            b"{\"error\":1}",
        ] {
            assert_eq!(Format::of(other), None, "{other:?}");
        }
    }
}
