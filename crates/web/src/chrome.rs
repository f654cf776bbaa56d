//! What every page has around its content, and the reader's way of writing things.

use std::time::Duration;

use domain::{Access, ChannelKind, ConnectionId, Granted, Money, Permission, Timestamp};

use crate::Tone;
use crate::assets;
use crate::format;
use crate::i18n::{self, Lang};

/// Light, dark, or what the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// What the device says.
    #[default]
    Auto,
    /// Dark ink on paper.
    Light,
    /// Light ink on slate.
    Dark,
}

impl Theme {
    /// Every theme there is.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in cookies, forms and `data-theme`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a word; `None` for a word that is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// A place in the side navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the pages")]
pub enum Nav {
    Orders,
    Products,
    Skus,
    Listings,
    Connections,
    Money,
    Problems,
    Audit,
    Desk,
    Members,
    Privacy,
    Backups,
    /// Keys.
    Keys,
}

impl Nav {
    /// Every place, in the order shown.
    pub const ALL: [Self; 13] = [
        Self::Orders,
        Self::Desk,
        Self::Products,
        Self::Skus,
        Self::Listings,
        Self::Connections,
        Self::Money,
        Self::Problems,
        Self::Audit,
        Self::Members,
        Self::Privacy,
        Self::Backups,
        Self::Keys,
    ];

    /// The word in addresses, translation keys and icon names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Products => "products",
            Self::Skus => "skus",
            Self::Listings => "listings",
            Self::Connections => "connections",
            Self::Money => "money",
            Self::Problems => "problems",
            Self::Audit => "audit",
            Self::Desk => "desk",
            Self::Members => "members",
            Self::Privacy => "privacy",
            Self::Backups => "backups",
            Self::Keys => "keys",
        }
    }

    /// What a member needs to go there.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Orders => Permission::SeeOrders,
            Self::Products => Permission::SeeCatalogue,
            Self::Skus | Self::Listings => Permission::SeeStock,
            Self::Connections => Permission::SeeConnections,
            Self::Money => Permission::SeeMoney,
            Self::Problems => Permission::SeeProblems,
            Self::Audit => Permission::SeeAudit,
            Self::Desk => Permission::SeeCases,
            Self::Members => Permission::SeeMembers,
            Self::Privacy => Permission::SeePrivacy,
            Self::Backups => Permission::SeeBackups,
            Self::Keys => Permission::SeeKeys,
        }
    }

    /// The key that leads there after `g`.
    #[must_use]
    pub const fn key(self) -> char {
        match self {
            Self::Orders => 'o',
            // What is for sale: goods on a rack.
            Self::Products => 'r',
            Self::Skus => 's',
            Self::Listings => 'l',
            Self::Connections => 'c',
            Self::Money => 'm',
            Self::Problems => 'p',
            Self::Audit => 'a',
            Self::Desk => 'd',
            // Everybody who works here.
            Self::Members => 'e',
            Self::Privacy => 'y',
            Self::Backups => 'b',
            Self::Keys => 'k',
        }
    }
}

/// An account that its owner has to connect again, told on every page until it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerNotice {
    /// The connection.
    pub connection: ConnectionId,
    /// Where the account is.
    pub channel: ChannelKind,
    /// What the account is called.
    pub account: String,
    /// When the consent ends; `None` where the connection stands still already.
    pub ends_at: Option<Timestamp>,
}

impl OwnerNotice {
    /// How much it matters.
    #[must_use]
    pub const fn tone(&self) -> Tone {
        if self.ends_at.is_some() { Tone::Watch } else { Tone::Bad }
    }
}

/// The signed-in side of the chrome.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The organization's name.
    pub organization: String,
    /// The member's e-mail.
    pub email: String,
    /// What the member was granted.
    pub granted: Granted,
    /// Dead letters that wait for a person.
    pub problem_count: i64,
    /// Whether nothing can be written for want of space.
    pub disk_full: bool,
    /// Accounts that wait for their owner, or will soon.
    pub owner_notices: Vec<OwnerNotice>,
    /// What the member has not read yet of their own sign-in.
    pub security_notices: i64,
}

/// What the last action did, shown once.
#[derive(Debug, Clone)]
pub struct Flash {
    /// How it went.
    pub tone: Tone,
    /// The sentence, already in the reader's language.
    pub text: String,
}

/// What every page has around its content.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// The reader's language.
    pub lang: Lang,
    /// The reader's theme.
    pub theme: Theme,
    /// The instant that ages and countdowns are counted from.
    pub now: Timestamp,
    /// Goes back in the hidden field `csrf` of every form.
    pub csrf: String,
    /// Path and query of this page; `/preferences` and `/sign-in` come back here.
    pub path: String,
    /// Where in the navigation this page stands.
    pub nav: Option<Nav>,
    /// Who is signed in; without one, the page has no navigation.
    pub member: Option<SignedIn>,
    /// What the last action did.
    pub flash: Option<Flash>,
}

/// The reader's way of writing things. Values come by reference because templates lend.
impl Chrome {
    /// The text of `key`.
    #[must_use]
    pub fn t(&self, key: &str) -> &'static str {
        i18n::text(self.lang, key)
    }

    /// The text of `key` with one value in it.
    #[must_use]
    pub fn ta(&self, key: &str, name: &str, value: &str) -> String {
        i18n::t(self.lang, key, &[(name, value)])
    }

    /// The text of `key` for a count.
    #[must_use]
    pub fn tn(&self, key: &str, count: &i64) -> String {
        i18n::plural(self.lang, key, *count)
    }

    /// The label of a platform's or program's word, or the word itself where we have
    /// none: unknown words are shown, never hidden.
    #[must_use]
    pub fn word<'a>(&self, group: &str, word: &'a str) -> &'a str {
        let label = |word: &str| i18n::find(self.lang, &format!("{group}-{word}"));
        label(word).or_else(|| label(&word.replace('.', "-"))).unwrap_or(word)
    }

    /// A whole number.
    #[must_use]
    pub fn number(&self, value: &i64) -> String {
        format::number(self.lang, *value)
    }

    /// A change, with its sign.
    #[must_use]
    pub fn signed(&self, value: &i64) -> String {
        format::signed(self.lang, *value)
    }

    /// An amount.
    #[must_use]
    pub fn money(&self, amount: &Money) -> String {
        format::money(self.lang, *amount)
    }

    /// An instant, no longer than needed.
    #[must_use]
    pub fn instant(&self, at: &Timestamp) -> String {
        format::instant(self.lang, *at, self.now)
    }

    /// An instant to the second.
    #[must_use]
    pub fn exact(&self, at: &Timestamp) -> String {
        format::exact(self.lang, *at)
    }

    /// A day with its year.
    #[must_use]
    pub fn day(&self, at: &Timestamp) -> String {
        format::day(self.lang, *at)
    }

    /// The hour to the second.
    #[must_use]
    pub fn clock(&self, at: &Timestamp) -> String {
        format::clock(*at)
    }

    /// How long ago or how far ahead.
    #[must_use]
    pub fn relative(&self, at: &Timestamp) -> String {
        format::relative(self.lang, *at, self.now)
    }

    /// A share, given in basis points.
    #[must_use]
    pub fn percent(&self, basis_points: &i64) -> String {
        format::percent(self.lang, *basis_points)
    }

    /// A span.
    #[must_use]
    pub fn span(&self, span: &Duration) -> String {
        format::span(self.lang, *span)
    }

    /// A delay, to the tenth of a second while it is short.
    #[must_use]
    pub fn delay(&self, delay: &Duration) -> String {
        format::delay(self.lang, *delay)
    }

    /// Whether an instant has passed.
    #[must_use]
    pub fn is_past(&self, at: &Timestamp) -> bool {
        *at <= self.now
    }

    /// Whether an instant lies within the next hours.
    #[must_use]
    pub fn is_within_hours(&self, at: &Timestamp, hours: u64) -> bool {
        at.since(self.now) <= Duration::from_hours(hours)
    }

    /// The address of a static file.
    #[must_use]
    pub fn asset(&self, name: &str) -> &'static str {
        assets::path(name)
    }

    /// Whether the member may do something: what they may not do is not offered.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.member.as_ref().is_some_and(|member| member.granted.may(permission))
    }

    /// Whether something beyond a role was granted to the member.
    #[must_use]
    pub fn was_granted(&self, access: Access) -> bool {
        self.member.as_ref().is_some_and(|member| member.granted.has(access))
    }

    /// Where accounts are connected; empty for who may not.
    #[must_use]
    pub fn connect_href(&self) -> &'static str {
        if self.may(Permission::ManageConnections) { "/connections/new" } else { "" }
    }

    /// The places that the member may go to.
    #[must_use]
    pub fn places(&self) -> Vec<Nav> {
        Nav::ALL.into_iter().filter(|place| self.may(place.permission())).collect()
    }

    /// Whether this page stands at `place`.
    #[must_use]
    pub fn is_at(&self, place: &Nav) -> bool {
        self.nav == Some(*place)
    }

    /// What the owner of an account has to know.
    #[must_use]
    pub fn owner_notice(&self, notice: &OwnerNotice) -> String {
        let (key, when) = match &notice.ends_at {
            Some(end) => ("owner-notice-ends", self.relative(end)),
            None => ("owner-notice-stopped", String::new()),
        };
        let values =
            [("account", notice.account.as_str()), ("channel", notice.channel.label()), ("when", &when)];
        i18n::t(self.lang, key, &values)
    }

    /// Whether dead letters wait for a person.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.problem_count > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_places_share_a_key() {
        let keys: BTreeSet<char> = Nav::ALL.into_iter().map(Nav::key).collect();
        assert_eq!(keys.len(), Nav::ALL.len());
    }
}
