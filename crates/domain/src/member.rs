//! How members prove who they are, and what they are told of it.

use std::time::Duration;

use crate::time::Timestamp;

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// A password alone.
    Password,
    /// A first factor and a code of an authenticator app.
    Authenticator,
    /// A first factor and a recovery code.
    RecoveryCode,
    /// A passkey whose device verified its user: two factors at once.
    Passkey,
    /// The word of the team's identity provider, as good as a password.
    Provider,
    /// The same, where the operator believes what it says of its own second factor.
    TrustedProvider,
}

impl Proof {
    /// How long a proof opens what is sensitive; then it is asked for again.
    pub const LIFE: Duration = Duration::from_mins(15);
    /// Every proof there is.
    pub const ALL: [Self; 6] = [
        Self::Password,
        Self::Authenticator,
        Self::RecoveryCode,
        Self::Passkey,
        Self::Provider,
        Self::TrustedProvider,
    ];

    /// The word in rows and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Authenticator => "authenticator",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
            Self::TrustedProvider => "trusted_provider",
        }
    }

    /// The proof of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.as_str() == word)
    }

    /// Whether something beside a password, or what stands for one, was shown.
    #[must_use]
    pub const fn is_second_factor(self) -> bool {
        !matches!(self, Self::Password | Self::Provider)
    }
}

/// Of whom a second factor is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecondFactorRule {
    /// Of every member: Mercado Livre asks its integrators for that.
    #[default]
    Everyone,
    /// Of those who administer; others are offered it.
    Administrators,
    /// Of nobody. For the demo alone, whose shop is made up and which listens on this
    /// machine: no setting of a shop leads here.
    Offered,
}

impl SecondFactorRule {
    /// The rule of a setting's word; [`SecondFactorRule::Offered`] has none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "everyone" => Some(Self::Everyone),
            "administrators" => Some(Self::Administrators),
            _ => None,
        }
    }

    /// Whether a member needs a second factor.
    #[must_use]
    pub const fn demands(self, administers: bool) -> bool {
        match self {
            Self::Everyone => true,
            Self::Administrators => administers,
            Self::Offered => false,
        }
    }
}

/// What a session still lacks before it opens a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A second factor is demanded and the member has none yet.
    Factor,
    /// The member has one, and this session has not shown it.
    Proof,
    /// What is asked for is sensitive, and the last proof is too old.
    FreshProof,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How its person last proved who they are…
    pub proof: Proof,
    /// …and when.
    pub proven_at: Timestamp,
    /// Whether the member has a second factor.
    pub has_factor: bool,
    /// Whether the member administers.
    pub administers: bool,
}

impl Standing {
    /// What is lacking for an ordinary page, or for a sensitive one.
    #[must_use]
    pub fn lack(&self, rule: SecondFactorRule, sensitive: bool, now: Timestamp) -> Option<Lack> {
        if self.has_factor && !self.proof.is_second_factor() {
            return Some(Lack::Proof);
        }
        // What a trusted provider asked for stands for a factor of the house's own.
        let has_shown = self.has_factor || self.proof == Proof::TrustedProvider;
        if !has_shown && rule.demands(self.administers) {
            return Some(Lack::Factor);
        }
        (sensitive && now.since(self.proven_at) >= Proof::LIFE).then_some(Lack::FreshProof)
    }
}

/// What a member is told of their own sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say what happened")]
pub enum SecurityNotice {
    NewDevice,
    PasswordChanged,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    /// A passkey signed with a count that it had passed before: there may be a copy of it.
    PasskeyMayBeCopied,
    CodesMade,
    CodeUsed,
    SessionsEnded,
    /// The password was right and the second factor was wrong too often.
    SecondFactorRefused,
    /// Something was granted to the member, or taken.
    AccessChanged,
    /// Somebody made themselves an administrator for an hour.
    GlassBroken,
    /// Whoever runs the server made a link to come back in with.
    RecoveryBegun,
    /// Such a link was used: password, second factors and sessions of before are gone.
    Recovered,
    /// The member's account at the team's identity provider signs in here from now on…
    ProviderLinked,
    /// …or does not any more.
    ProviderUnlinked,
    /// A key for programs was made.
    ApiKeyMade,
    /// An owner asked that the shop is closed and everything of it destroyed…
    LeavingAsked,
    /// …and one called it off.
    LeavingCalledOff,
}

impl SecurityNotice {
    /// Every notice there is.
    pub const ALL: [Self; 20] = [
        Self::NewDevice,
        Self::PasswordChanged,
        Self::AuthenticatorAdded,
        Self::AuthenticatorRemoved,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::PasskeyMayBeCopied,
        Self::CodesMade,
        Self::CodeUsed,
        Self::SessionsEnded,
        Self::SecondFactorRefused,
        Self::AccessChanged,
        Self::GlassBroken,
        Self::RecoveryBegun,
        Self::Recovered,
        Self::ProviderLinked,
        Self::ProviderUnlinked,
        Self::ApiKeyMade,
        Self::LeavingAsked,
        Self::LeavingCalledOff,
    ];

    /// The word in rows and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewDevice => "new-device",
            Self::PasswordChanged => "password-changed",
            Self::AuthenticatorAdded => "authenticator-added",
            Self::AuthenticatorRemoved => "authenticator-removed",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRemoved => "passkey-removed",
            Self::PasskeyMayBeCopied => "passkey-may-be-copied",
            Self::CodesMade => "codes-made",
            Self::CodeUsed => "code-used",
            Self::SessionsEnded => "sessions-ended",
            Self::SecondFactorRefused => "second-factor-refused",
            Self::AccessChanged => "access-changed",
            Self::GlassBroken => "glass-broken",
            Self::RecoveryBegun => "recovery-begun",
            Self::Recovered => "recovered",
            Self::ProviderLinked => "provider-linked",
            Self::ProviderUnlinked => "provider-unlinked",
            Self::ApiKeyMade => "api-key-made",
            Self::LeavingAsked => "leaving-asked",
            Self::LeavingCalledOff => "leaving-called-off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn standing(proof: Proof, has_factor: bool) -> Standing {
        Standing { proof, proven_at: NOW, has_factor, administers: true }
    }

    #[test]
    fn words_lead_back_to_their_proof() {
        for proof in Proof::ALL {
            assert_eq!(Proof::parse(proof.as_str()), Some(proof));
        }
        assert_eq!(Proof::parse("sms"), None);
    }

    #[test]
    fn no_setting_lifts_the_rule_altogether() {
        assert_eq!(SecondFactorRule::parse("everyone"), Some(SecondFactorRule::Everyone));
        assert_eq!(SecondFactorRule::parse("administrators"), Some(SecondFactorRule::Administrators));
        for word in ["offered", "nobody", "off", ""] {
            assert_eq!(SecondFactorRule::parse(word), None, "{word}");
        }
    }

    #[test]
    fn whoever_must_have_a_factor_and_has_none_gets_one_first() {
        let mut member = standing(Proof::Password, false);
        assert_eq!(member.lack(SecondFactorRule::Everyone, false, NOW), Some(Lack::Factor));
        assert_eq!(member.lack(SecondFactorRule::Administrators, false, NOW), Some(Lack::Factor));
        assert_eq!(member.lack(SecondFactorRule::Offered, false, NOW), None);
        member.administers = false;
        assert_eq!(member.lack(SecondFactorRule::Administrators, false, NOW), None);
        assert_eq!(member.lack(SecondFactorRule::Everyone, false, NOW), Some(Lack::Factor));
    }

    #[test]
    fn a_password_alone_does_not_do_for_whoever_has_a_factor() {
        for rule in [SecondFactorRule::Everyone, SecondFactorRule::Administrators, SecondFactorRule::Offered]
        {
            assert_eq!(standing(Proof::Password, true).lack(rule, false, NOW), Some(Lack::Proof));
            assert_eq!(standing(Proof::Provider, true).lack(rule, false, NOW), Some(Lack::Proof));
            for proof in [Proof::Authenticator, Proof::RecoveryCode, Proof::Passkey, Proof::TrustedProvider] {
                assert_eq!(standing(proof, true).lack(rule, false, NOW), None, "{proof:?}");
            }
        }
    }

    #[test]
    fn a_trusted_provider_stands_for_a_factor_and_another_one_does_not() {
        let rule = SecondFactorRule::Everyone;
        assert_eq!(standing(Proof::TrustedProvider, false).lack(rule, false, NOW), None);
        assert_eq!(standing(Proof::Provider, false).lack(rule, false, NOW), Some(Lack::Factor));
    }

    #[test]
    fn what_is_sensitive_wants_a_fresh_proof() {
        let member = standing(Proof::Passkey, true);
        let rule = SecondFactorRule::Everyone;
        let just_before = NOW.plus(Proof::LIFE).minus(Duration::from_millis(1));
        assert_eq!(member.lack(rule, true, just_before), None);
        assert_eq!(member.lack(rule, true, NOW.plus(Proof::LIFE)), Some(Lack::FreshProof));
        assert_eq!(member.lack(rule, false, NOW.plus(Proof::LIFE)), None);
    }
}
