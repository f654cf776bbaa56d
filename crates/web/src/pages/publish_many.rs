//! Several products at once: where each draft stands at each account, which of them go out, and what became of them.

use app::publish::Readiness;
use askama::Template;
use domain::draft::PublicationState;
use domain::offer::Objection;
use domain::{ConnectionId, Problem, ProductId};

use crate::pages::drafts::{MadeLine, Tab, said};
use crate::pages::query_of;
use crate::{Badge, Chrome, Tone};

/// A product at an account.
#[derive(Debug, Clone)]
pub struct PlaceLine {
    /// The product.
    pub product: ProductId,
    /// Its title.
    pub title: String,
    /// The account.
    pub tab: Tab,
    /// Whether it can be published there now.
    pub readiness: Readiness,
    /// How far it is; `None` where nobody asked for it.
    pub state: Option<PublicationState>,
    /// What went wrong with the last try.
    pub trouble: Option<Problem>,
    /// What the platform has against the offer.
    pub objections: Vec<Objection>,
    /// The listings that it became.
    pub made: Vec<MadeLine>,
}

impl PlaceLine {
    /// Whether the page shows something else in a moment.
    fn is_moving(&self) -> bool {
        match self.readiness {
            Readiness::UnderWay => true,
            Readiness::Published => are_looked_for(&self.made),
            Readiness::Ready
            | Readiness::Faults(_)
            | Readiness::Missing
            | Readiness::NotRunning
            | Readiness::Trouble(_) => false,
        }
    }

    /// How many things have to be mended first.
    fn faults(&self) -> Option<i64> {
        let Readiness::Faults(faults) = self.readiness else { return None };
        Some(i64::try_from(faults).unwrap_or(i64::MAX))
    }

    /// Why the platform does not say what it asks.
    fn away(&self) -> Option<Problem> {
        let Readiness::Trouble(problem) = self.readiness else { return None };
        Some(problem)
    }

    fn is_under_way(&self) -> bool {
        self.readiness == Readiness::UnderWay
    }

    fn is_published(&self) -> bool {
        self.readiness == Readiness::Published
    }

    fn is_stopped(&self) -> bool {
        self.readiness == Readiness::NotRunning
    }
}

/// Whether listings were made that nobody has looked at yet.
#[must_use]
pub fn are_looked_for(made: &[MadeLine]) -> bool {
    made.iter().any(|made| made.state.is_none())
}

/// An account to choose.
#[derive(Debug, Clone)]
pub struct AccountChoice {
    /// The account.
    pub tab: Tab,
    /// How many of the products are ready for it.
    pub ready: i64,
}

/// `GET /products/publish?product=…&to=…`: where the products stand. Without `to` it asks which accounts; with it, it
/// shows what became of them there.
#[derive(Debug, Template)]
#[template(path = "publish.html")]
pub struct PublishPage {
    /// Around it.
    pub chrome: Chrome,
    /// The products.
    pub products: Vec<ProductId>,
    /// The accounts to choose from; empty where they were chosen.
    pub accounts: Vec<AccountChoice>,
    /// Each product at each account.
    pub rows: Vec<PlaceLine>,
    /// Whether accounts were chosen: then it shows what became of it.
    pub is_result: bool,
}

impl PublishPage {
    fn may_change(&self) -> bool {
        self.chrome.may(domain::Permission::ChangeCatalogue)
    }

    /// Whether something is under way.
    fn is_moving(&self) -> bool {
        self.rows.iter().any(PlaceLine::is_moving)
    }

    /// How many are where, in a sentence.
    fn progress(&self) -> String {
        let of = |fits: &dyn Fn(&PlaceLine) -> bool| {
            i64::try_from(self.rows.iter().filter(|row| fits(row)).count()).unwrap_or(i64::MAX)
        };
        let ready = of(&|row| row.readiness == Readiness::Ready);
        let on_way = of(&|row| row.readiness == Readiness::UnderWay);
        let published = of(&|row| row.readiness == Readiness::Published);
        let rest = of(&|_| true) - ready - on_way - published;
        let told = [
            (on_way, "publish-count-on-way"),
            (published, "publish-count-published"),
            (ready, "publish-count-ready"),
            (rest, "publish-count-rest"),
        ];
        let told = told.iter().filter(|(count, _)| *count > 0);
        told.map(|(count, key)| self.chrome.tn(key, count)).collect::<Vec<_>>().join(" · ")
    }

    /// The address where accounts are chosen for the same products.
    fn again(&self) -> String {
        address(&self.products, &[])
    }

    /// How a place stands: what became of it, else whether it could be published.
    fn badge(&self, row: &PlaceLine) -> Badge {
        if let Some(state) = &row.state {
            return state_badge(&self.chrome, *state);
        }
        let (tone, icon) = match row.readiness {
            Readiness::Ready => (Tone::Good, "check"),
            Readiness::UnderWay | Readiness::Published => (Tone::Info, "clock"),
            Readiness::Faults(_) | Readiness::Missing | Readiness::NotRunning | Readiness::Trouble(_) => {
                (Tone::Watch, "alert")
            }
        };
        let text = self.chrome.t(&format!("readiness-{}", row.readiness.as_str()));
        Badge { tone, icon, text, detail: None }
    }

    fn said(&self, objection: &Objection) -> String {
        said(&self.chrome, objection)
    }
}

/// The page's address.
#[must_use]
pub fn address(products: &[ProductId], accounts: &[ConnectionId]) -> String {
    let mut pairs = query_of("/products/publish");
    for product in products {
        pairs.append_pair("product", &product.to_string());
    }
    for account in accounts {
        pairs.append_pair("to", &account.to_string());
    }
    pairs.finish()
}

/// The badge of a publication's state.
#[must_use]
pub fn state_badge(chrome: &Chrome, state: PublicationState) -> Badge {
    let (tone, icon) = match state {
        PublicationState::Asked | PublicationState::Uploading | PublicationState::HandingIn => {
            (Tone::Info, "clock")
        }
        PublicationState::Taken => (Tone::Good, "check"),
        PublicationState::Refused => (Tone::Bad, "alert"),
        PublicationState::Failed | PublicationState::Unknown => (Tone::Watch, "alert"),
    };
    let text = chrome.t(&format!("publication-{}", state.as_str()));
    Badge { tone, icon, text, detail: None }
}
