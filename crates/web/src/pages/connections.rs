//! Authorised accounts: their life-line, their dry run, their first import.

use std::time::Duration;

use askama::Template;
use domain::connection::TokenAdvice;
use domain::pace::{Pace, Reason};
use domain::silence::Silence;
use domain::{ChannelKind, ConnectionId, ConnectionState, Problem, Timestamp, TokenLife};

use crate::{Chrome, Tone};

/// One connection in the list.
#[derive(Debug, Clone)]
pub struct ConnectionRow {
    /// Its id.
    pub id: ConnectionId,
    /// Which channel.
    pub channel: ChannelKind,
    /// The shop's public name.
    pub name: String,
    /// The account's number at the platform.
    pub number: String,
    /// Where it stands.
    pub state: ConnectionState,
    /// How long its consent lasts; `None` once it was left.
    pub life: Option<TokenLife>,
    /// When the owner last consented.
    pub consented_at: Timestamp,
    /// When the last hook came.
    pub last_hook: Option<Timestamp>,
    /// When the last sweep ended.
    pub last_sweep: Option<Timestamp>,
    /// Age of the oldest waiting job.
    pub queue_age: Option<Duration>,
    /// Orders are missing.
    pub silent: bool,
    /// Why its work is held back, if it is.
    pub held_back: Option<Reason>,
    /// Dead letters of it.
    pub problems: i64,
}

/// `GET /connections`.
#[derive(Debug, Template)]
#[template(path = "connections.html")]
pub struct ConnectionsPage {
    /// Around it.
    pub chrome: Chrome,
    /// The connections.
    pub rows: Vec<ConnectionRow>,
}

/// A channel that can be connected.
#[derive(Debug, Clone)]
pub struct ChannelChoice {
    /// Which.
    pub kind: ChannelKind,
    /// The scopes that will be asked, in the platform's words (`read`).
    pub scopes: &'static [&'static str],
    /// The app's credentials are configured.
    pub ready: bool,
    /// The address that the channel's app has to name for coming back from consent.
    pub redirect_uri: String,
    /// The address that the channel's app has to name for its notifications.
    pub hook_url: String,
}

/// `GET /connections/new`; `POST` takes `channel` and sends the browser to the platform.
#[derive(Debug, Template)]
#[template(path = "connect.html")]
pub struct ConnectPage {
    /// Around it.
    pub chrome: Chrome,
    /// Channels to choose from.
    pub channels: Vec<ChannelChoice>,
}

/// What the dry run means to do with a listing.
#[derive(Debug, Clone)]
pub enum Plan {
    /// Link it to a SKU that exists.
    Link {
        /// The SKU's code.
        code: String,
    },
    /// Make a SKU of it, with the shown quantity as first count.
    Create {
        /// The new SKU's code.
        code: String,
    },
    /// Leave it as it is.
    Leave(LeaveReason),
}

/// Why the dry run leaves a listing alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveReason {
    /// It is over.
    Closed,
    /// The platform's own warehouse decides its quantity.
    PlatformStock,
    /// It has no code of the seller; a person links it.
    WithoutCode,
}

impl LeaveReason {
    const fn key(self) -> &'static str {
        match self {
            Self::Closed => "plan-leave-closed",
            Self::PlatformStock => "plan-leave-platform_stock",
            Self::WithoutCode => "plan-leave-without_code",
        }
    }
}

/// One listing in the dry run.
#[derive(Debug, Clone)]
pub struct PlanRow {
    /// Its number at the platform.
    pub number: String,
    /// Title.
    pub title: String,
    /// What it shows.
    pub shows_units: i64,
    /// What it would show after the import.
    pub will_show_units: i64,
    /// What would happen.
    pub plan: Plan,
}

/// Counts over all listings, not only the rows shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanTotals {
    /// Listings to link to a SKU that exists.
    pub link: i64,
    /// SKUs to make.
    pub create: i64,
    /// Listings left alone.
    pub leave: i64,
    /// Quantities that would change at the platform.
    pub change: i64,
    /// Open orders that would be taken in.
    pub orders: i64,
}

/// `GET /connections/{id}/plan`. Buttons: `POST /connections/{id}/import` and
/// `POST /connections/{id}/disconnect` with `leave=1`.
#[derive(Debug, Template)]
#[template(path = "plan.html")]
pub struct PlanPage {
    /// Around it.
    pub chrome: Chrome,
    /// The connection.
    pub connection: ConnectionId,
    /// Which channel.
    pub channel: ChannelKind,
    /// The shop's public name: is it the one that was meant?
    pub name: String,
    /// The account's number at the platform.
    pub number: String,
    /// The platform's site (`MLB`).
    pub site: String,
    /// Whether the platform lets it sell now.
    pub may_sell: bool,
    /// Counts over all listings.
    pub totals: PlanTotals,
    /// The first listings, those with a change before the others.
    pub rows: Vec<PlanRow>,
}

/// How an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// Running.
    Running,
    /// Stopped; goes on where it was.
    Paused,
    /// Over.
    Done,
}

impl ImportState {
    const fn key(self) -> &'static str {
        match self {
            Self::Running => "import-running",
            Self::Paused => "import-paused",
            Self::Done => "import-done",
        }
    }
}

/// A part of an import.
#[derive(Debug, Clone, Copy)]
pub struct ImportStage {
    /// `listings`, `orders` or `stock`.
    pub word: &'static str,
    /// How many are done.
    pub done: i64,
    /// Of how many; `None` until the platform has said.
    pub total: Option<i64>,
}

/// Alike troubles of an import or a connection.
#[derive(Debug, Clone, Copy)]
pub struct ProblemCount {
    /// What.
    pub problem: Problem,
    /// How often.
    pub count: i64,
}

/// `GET /connections/{id}/import`; `POST` there starts or goes on. The live event
/// `fragment` carries [`ImportProgress`].
#[derive(Debug, Template)]
#[template(path = "import.html")]
pub struct ImportPage {
    /// Around it.
    pub chrome: Chrome,
    /// The connection.
    pub connection: ConnectionId,
    /// The shop's public name.
    pub name: String,
    /// How it stands.
    pub state: ImportState,
    /// When it began.
    pub started_at: Timestamp,
    /// Its parts, in order.
    pub stages: Vec<ImportStage>,
    /// What went wrong.
    pub problems: Vec<ProblemCount>,
    /// Where live progress comes from.
    pub live: Option<String>,
}

/// The moving part of the import page alone.
#[derive(Debug, Template)]
#[template(path = "import_progress.html")]
pub struct ImportProgress<'a> {
    /// The reader.
    pub chrome: &'a Chrome,
    /// The connection.
    pub connection: &'a ConnectionId,
    /// How it stands.
    pub state: ImportState,
    /// Its parts.
    pub stages: &'a [ImportStage],
    /// What went wrong.
    pub problems: &'a [ProblemCount],
}

/// `GET /connections/{id}`. Buttons post to `…/sweep`, `…/reconnect`, `…/disconnect`.
#[derive(Debug, Template)]
#[template(path = "connection.html")]
pub struct ConnectionPage {
    /// Around it.
    pub chrome: Chrome,
    /// The connection as the list shows it.
    pub row: ConnectionRow,
    /// What holds its work back: which work (`connection` for all), and how.
    pub paces: Vec<(&'static str, Pace)>,
    /// When the next sweep is due.
    pub next_sweep: Option<Timestamp>,
    /// Jobs that wait.
    pub queue_length: i64,
    /// From hook to applied, the slowest of the last hundred but five.
    pub lag: Option<Duration>,
    /// How long news of a sale takes, from the sale until it is known here: a mean.
    pub news_delay: Option<Duration>,
    /// How long a change takes until the platform shows it: a mean.
    pub write_delay: Option<Duration>,
    /// Whether orders are missing.
    pub silence: Silence,
    /// What went wrong.
    pub problems: Vec<ProblemCount>,
    /// An import that is not over.
    pub import: Option<ImportState>,
}

impl ConnectionPage {
    const fn silence_key(&self) -> &'static str {
        match self.silence {
            Silence::Unknown => "silence-unknown",
            Silence::Usual => "silence-usual",
            Silence::Alarm { .. } => "silence-short",
        }
    }

    fn expected_orders(&self) -> String {
        match self.silence {
            Silence::Alarm { expected_orders, .. } => format!("{expected_orders:.0}"),
            Silence::Unknown | Silence::Usual => String::new(),
        }
    }

    /// Whether only the account's owner can help now.
    fn wants_owner(&self) -> bool {
        let asked = self.row.life.is_some_and(|life| {
            matches!(life.advice(self.chrome.now), TokenAdvice::AskOwner | TokenAdvice::Ended)
        });
        asked || matches!(self.row.state, ConnectionState::NeedsReauthorization(_))
    }
}

/// The drawing of a token's life: positions in thousandths of its whole length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeLine {
    /// How much is over.
    pub spent_permille: u64,
    /// Where the owner's notice begins.
    pub notice_permille: u64,
}

/// Places an instant of a life on its line, which begins when the owner consented.
#[must_use]
pub fn life_line(life: &TokenLife, consented_at: Timestamp, now: Timestamp) -> Option<LifeLine> {
    let end = life.consent_expires_at?;
    let whole_ms = end.since(consented_at).as_millis().max(1);
    let permille = |at: Timestamp| {
        let part = at.since(consented_at).as_millis().min(whole_ms);
        u64::try_from(part * 1_000 / whole_ms).unwrap_or(1_000)
    };
    Some(LifeLine {
        spent_permille: permille(now),
        notice_permille: permille(end.minus(TokenLife::OWNER_NOTICE)),
    })
}

impl Chrome {
    /// The drawing of a token's life.
    #[must_use]
    pub fn life_line(&self, life: &TokenLife, consented_at: &Timestamp) -> Option<LifeLine> {
        life_line(life, *consented_at, self.now)
    }

    /// What to do about a token's life, in words, with its tone.
    #[must_use]
    pub fn life_advice(&self, life: &TokenLife) -> (Tone, &'static str) {
        match life.advice(self.now) {
            TokenAdvice::Fine => (Tone::Good, self.t("life-fine")),
            TokenAdvice::Renew => (Tone::Info, self.t("life-renew")),
            TokenAdvice::AskOwner => (Tone::Watch, self.t("life-ask_owner")),
            TokenAdvice::Ended => (Tone::Bad, self.t("life-ended")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn life() -> TokenLife {
        TokenLife {
            issued_at: Timestamp::EPOCH,
            access_expires_at: Timestamp::EPOCH.plus(DAY / 4),
            consent_expires_at: Some(Timestamp::EPOCH.plus(100 * DAY)),
        }
    }

    #[test]
    fn a_life_line_shows_what_is_spent_and_when_the_owner_is_asked() {
        let line = life_line(&life(), Timestamp::EPOCH, Timestamp::EPOCH.plus(25 * DAY)).unwrap();
        assert_eq!(line, LifeLine { spent_permille: 250, notice_permille: 860 });
    }

    #[test]
    fn a_life_line_never_leaves_its_frame() {
        let late = life_line(&life(), Timestamp::EPOCH, Timestamp::EPOCH.plus(900 * DAY)).unwrap();
        assert_eq!(late.spent_permille, 1_000);
        let short = TokenLife { consent_expires_at: Some(Timestamp::EPOCH), ..life() };
        assert_eq!(life_line(&short, Timestamp::EPOCH, Timestamp::EPOCH).unwrap().notice_permille, 0);
    }

    #[test]
    fn a_consent_without_end_has_no_line() {
        let endless = TokenLife { consent_expires_at: None, ..life() };
        assert_eq!(life_line(&endless, Timestamp::EPOCH, Timestamp::EPOCH), None);
    }
}
