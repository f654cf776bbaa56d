//! A connection: one authorised account on a channel, and how long its consent lasts.

use std::time::Duration;

use crate::time::Timestamp;

/// The kind of a connection. Kept as text in the database and checked on read, so that
/// a new channel needs no migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    /// Mercado Livre (Mercado Libre outside Brazil).
    MercadoLivre,
    /// Shopee.
    Shopee,
    /// TikTok Shop.
    TikTokShop,
}

impl ChannelKind {
    /// Every channel there is.
    pub const ALL: [Self; 3] = [Self::MercadoLivre, Self::Shopee, Self::TikTokShop];

    /// The word in addresses, databases and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MercadoLivre => "mercado_livre",
            Self::Shopee => "shopee",
            Self::TikTokShop => "tiktok_shop",
        }
    }

    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::MercadoLivre => "Mercado Livre",
            Self::Shopee => "Shopee",
            Self::TikTokShop => "TikTok Shop",
        }
    }

    /// The channel of the word in addresses and databases.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Why a connection needs its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReauthorizationReason {
    /// The platform refused the refresh token for good (`invalid_grant`).
    ConsentEnded,
    /// The app's own credentials were refused (`invalid_client`): the operator has to
    /// mend the configuration, not the seller.
    AppRefused,
    /// A permission that a switched-on feature needs is missing.
    PermissionMissing,
}

impl ReauthorizationReason {
    /// The word in databases; also the tail of the translation key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentEnded => "consent_ended",
            Self::AppRefused => "app_refused",
            Self::PermissionMissing => "permission_missing",
        }
    }

    /// The reason of the word in databases.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::ConsentEnded, Self::AppRefused, Self::PermissionMissing]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Authorised, but the owner has not yet agreed to the dry run: nothing is linked
    /// and nothing is written to the account.
    DryRun,
    /// Running.
    Active,
    /// Stopped until a person acts; everything learned is kept.
    NeedsReauthorization(ReauthorizationReason),
    /// Left by the seller; kept for its history.
    Disconnected,
}

impl ConnectionState {
    /// The pair of words that databases hold: state and reason.
    #[must_use]
    pub const fn as_words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::DryRun => ("dry_run", None),
            Self::Active => ("active", None),
            Self::NeedsReauthorization(reason) => ("needs_reauthorization", Some(reason.as_str())),
            Self::Disconnected => ("disconnected", None),
        }
    }

    /// The state of the pair of words that databases hold.
    #[must_use]
    pub fn parse(state: &str, reason: Option<&str>) -> Option<Self> {
        match (state, reason) {
            ("dry_run", None) => Some(Self::DryRun),
            ("active", None) => Some(Self::Active),
            ("disconnected", None) => Some(Self::Disconnected),
            ("needs_reauthorization", Some(reason)) => {
                ReauthorizationReason::parse(reason).map(Self::NeedsReauthorization)
            }
            _ => None,
        }
    }
}

/// How long the consent behind a connection lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLife {
    /// When the pair in use was issued.
    pub issued_at: Timestamp,
    /// When calls with the access token start to be refused.
    pub access_expires_at: Timestamp,
    /// When only the account's owner can renew; `None` where the platform sets no end.
    pub consent_expires_at: Option<Timestamp>,
}

/// What the life-line of a connection says to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAdvice {
    /// Nothing: renewal runs by itself.
    Fine,
    /// The access token is due for its renewal.
    Renew,
    /// The consent ends soon: its owner should click now, while nothing stands still.
    AskOwner,
    /// The consent has ended: only its owner can bring it back.
    Ended,
}

impl TokenLife {
    /// Renewal starts this long before the access token ends, so that a call never
    /// meets a token in its last seconds and a platform outage has time to pass.
    pub const RENEW_MARGIN: Duration = Duration::from_mins(10);
    /// The owner is asked this long before the consent ends.
    pub const OWNER_NOTICE: Duration = Duration::from_hours(14 * 24);

    /// What to do at `now`.
    #[must_use]
    pub fn advice(&self, now: Timestamp) -> TokenAdvice {
        match self.consent_expires_at {
            Some(end) if end <= now => return TokenAdvice::Ended,
            Some(end) if end.since(now) <= Self::OWNER_NOTICE => return TokenAdvice::AskOwner,
            _ => {}
        }
        if self.access_expires_at.since(now) <= Self::RENEW_MARGIN {
            TokenAdvice::Renew
        } else {
            TokenAdvice::Fine
        }
    }

    /// Whether the access token is due for renewal, whatever the consent says.
    #[must_use]
    pub fn renewal_due(&self, now: Timestamp) -> bool {
        self.access_expires_at.since(now) <= Self::RENEW_MARGIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life() -> TokenLife {
        TokenLife {
            issued_at: Timestamp::EPOCH,
            access_expires_at: Timestamp::EPOCH.plus(Duration::from_hours(6)),
            consent_expires_at: Some(Timestamp::EPOCH.plus(Duration::from_hours(180 * 24))),
        }
    }

    #[test]
    fn a_fresh_token_needs_nothing_and_an_old_one_its_renewal() {
        assert_eq!(life().advice(Timestamp::EPOCH), TokenAdvice::Fine);
        let late = life().access_expires_at.minus(Duration::from_mins(9));
        assert_eq!(life().advice(late), TokenAdvice::Renew);
    }

    #[test]
    fn the_owner_is_asked_two_weeks_ahead_and_told_when_it_is_over() {
        let end = life().consent_expires_at.unwrap();
        assert_eq!(life().advice(end.minus(Duration::from_hours(24))), TokenAdvice::AskOwner);
        assert_eq!(life().advice(end), TokenAdvice::Ended);
    }

    #[test]
    fn every_state_survives_its_words() {
        let states = [
            ConnectionState::DryRun,
            ConnectionState::Active,
            ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded),
            ConnectionState::NeedsReauthorization(ReauthorizationReason::AppRefused),
            ConnectionState::NeedsReauthorization(ReauthorizationReason::PermissionMissing),
            ConnectionState::Disconnected,
        ];
        for state in states {
            let (word, reason) = state.as_words();
            assert_eq!(ConnectionState::parse(word, reason), Some(state));
        }
        assert_eq!(ConnectionState::parse("needs_reauthorization", None), None);
    }
}
