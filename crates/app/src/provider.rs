//! Signing in with the team's identity provider (`docs/decisions/0028`).
//!
//! Who somebody is, the provider's name and their id there say, and nothing else: an e-mail address
//! never leads into an account that exists. A member links theirs after a fresh proof. Who has none
//! comes in by it only where an invitation to their checked address is open and the operator named
//! the address's domain.

use std::sync::Arc;
use std::time::Duration;

use connect::identity::Errand as Sent;
use connect::{IdentityProvider, ProviderError};
use domain::member::{Proof, SecurityNotice};
use domain::retention::ERRAND_LIFE;
use domain::{Actor, Confidential, MemberId, OrganizationId, Restricted};
use store::invitations::invitations_to;
pub use store::provider::Errand;
use store::provider::{self, Attempt, LinkRow, Traveller};
use store::sessions::SignedIn;
use store::{StoreError, StoreResult, Tenant, Tx};
use vault::errand::Bond;
use vault::id_token::{Claims, IdTokenError, SKEW};
use vault::{PasswordHash, SubKey, Token};

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::error::AppError;
use crate::people::normalised;
use crate::sign_in::{SignIn, SignInError, Visit, choices_of};

/// Where the provider sends browsers back to.
pub const CALLBACK: &str = "/sign-in/provider/callback";
/// Longest path gone on to afterwards, in bytes.
const MAX_NEXT_BYTES: usize = 1_024;

/// What the operator says of the provider.
#[derive(Debug, Clone, Default)]
pub struct ProviderRules {
    /// Domains of addresses that invitations may be accepted with.
    pub domains: Vec<String>,
    /// Words of `acr` that stand for a second factor.
    pub trusted_acr: Vec<String>,
    /// Words of `amr` (RFC 8176) that stand for a second factor.
    pub trusted_amr: Vec<String>,
}

impl ProviderRules {
    /// Whether any word of the provider's stands for a second factor.
    fn trusts(&self) -> bool {
        !self.trusted_acr.is_empty() || !self.trusted_amr.is_empty()
    }

    fn believes(&self, claims: &Claims) -> bool {
        claims.acr.iter().any(|word| self.trusted_acr.contains(word))
            || claims.amr.iter().any(|word| self.trusted_amr.contains(word))
    }

    fn knows_domain_of(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(_, domain)| self.domains.iter().any(|known| known == domain))
    }

    fn proof(&self, claims: &Claims) -> Proof {
        if self.believes(claims) { Proof::TrustedProvider } else { Proof::Provider }
    }
}

/// The provider and what the operator says of it.
#[derive(Debug)]
pub(crate) struct Team {
    provider: IdentityProvider,
    rules: ProviderRules,
}

/// What a browser brings back.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    /// What it left with.
    pub state: String,
    /// What is redeemed.
    pub code: String,
    /// Whom it comes from, where the provider says so (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// What became of an errand.
#[derive(Debug)]
pub enum Arrived {
    /// Somebody came in, or has a second step to take.
    SignedIn(SignIn),
    /// The account signs in from now on.
    Linked,
    /// The session has its proof, and another token.
    Proven(Token),
}

/// Why an errand came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no provider.
    #[error("no identity provider is configured")]
    Off,
    /// Too many errands.
    #[error("too many errands; wait {} seconds", .0.as_secs())]
    Wait(Duration),
    /// Another browser, another session, too late, or for the second time.
    #[error("this errand is not this browser's, too old or was ended before")]
    StartAgain,
    /// The provider does not answer as it should.
    #[error("the identity provider is away")]
    Away,
    /// Its clock and ours are too far apart.
    #[error("the identity provider's token is not of this time")]
    Clock,
    /// What it says is not believed.
    #[error("{0}")]
    NotBelieved(IdTokenError),
    /// Its person said no.
    #[error("denied at the identity provider")]
    Denied,
    /// The account is nobody's here.
    #[error("no member has linked this account")]
    NotLinked,
    /// The account is somebody's, or the member has one.
    #[error("the account or the member is linked already")]
    Taken,
    /// The account is not the one that the member linked.
    #[error("this is not the account that the member linked")]
    OtherAccount,
    /// The person was not asked anew.
    #[error("the identity provider did not ask its person anew")]
    NotFresh,
    /// The member has a second factor of their own, and the provider's word does not stand for it.
    #[error("the identity provider's word is not a second factor")]
    NotEnough,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl Refused {
    /// The end of its translation key (`flash-provider-…`).
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Off | Self::Away | Self::App(_) => "away",
            Self::Wait(_) => "wait",
            Self::StartAgain => "start-again",
            Self::Clock => "clock",
            Self::NotBelieved(_) => "not-believed",
            Self::Denied => "denied",
            Self::NotLinked => "not-linked",
            Self::Taken => "taken",
            Self::OtherAccount => "other-account",
            Self::NotFresh => "not-fresh",
            Self::NotEnough => "not-enough",
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl From<SignInError> for Refused {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wait(wait) => Self::Wait(wait),
            SignInError::Wrong | SignInError::Closed => Self::StartAgain,
            SignInError::App(error) => Self::App(error),
        }
    }
}

impl From<ProviderError> for Refused {
    fn from(error: ProviderError) -> Self {
        tracing::warn!(error = %error, "the identity provider could not be asked");
        match error {
            ProviderError::Refused(word) if word == "invalid_grant" => Self::StartAgain,
            ProviderError::Away(_) | ProviderError::Refused(_) => Self::Away,
            ProviderError::NotBelieved(IdTokenError::Expired | IdTokenError::NotYet) => Self::Clock,
            ProviderError::NotBelieved(error) => Self::NotBelieved(error),
        }
    }
}

/// An errand that came to nothing, and where its browser goes.
#[derive(Debug)]
pub struct Turned {
    /// Why.
    pub refused: Refused,
    /// What it was for.
    pub errand: Errand,
    /// Where it would have gone.
    pub next: String,
}

impl App {
    /// The same application, whose members may sign in with this provider; without one, none.
    #[must_use]
    pub fn with_provider(self, provider: Option<(IdentityProvider, ProviderRules)>) -> Self {
        let team = provider.map(|(provider, rules)| Arc::new(Team { provider, rules }));
        Self { team, ..self }
    }

    /// Where the provider is, for people; `None` where there is none.
    #[must_use]
    pub fn provider_host(&self) -> Option<String> {
        self.team.as_ref().map(|team| team.provider.host())
    }

    /// Sends a browser to the provider: the token for its cookie, and the address. `who` is signed
    /// in there, where somebody is.
    pub async fn to_provider(
        &self,
        errand: Errand,
        who: Option<&SignedIn>,
        next: &str,
        visit: &Visit,
    ) -> Result<(Token, String), Refused> {
        let team = self.team.as_ref().ok_or(Refused::Off)?;
        self.count_errand(visit).await?;
        let (token, now) = (Token::random(self.entropy()), self.clock().now());
        let (bond, redirect_uri) = (self.bond(&token), self.provider_callback());
        let sent = Sent { bond: &bond, redirect_uri: &redirect_uri, fresh: errand == Errand::Confirm };
        let address = team.provider.authorization_url(&sent).await?;
        let of = who.map(traveller);
        let next = if next.len() > MAX_NEXT_BYTES { "/" } else { next };
        let attempt = Attempt { errand, of, next: next.to_owned(), began_at: now };
        let digest = token.digest();
        let until = now.plus(ERRAND_LIFE);
        self.store()
            .installation()
            .write(move |tx| provider::keep_attempt(tx, &digest, &attempt, until))
            .await?;
        Ok((token, address))
    }

    /// Ends an errand. `token` is from the browser's cookie, `session` whose session it holds;
    /// returns where to go on to as well.
    pub async fn back_from_provider(
        &self,
        token: &str,
        returned: &Returned,
        session: Option<&SignedIn>,
        language: &str,
        visit: &Visit,
    ) -> Result<(Arrived, String), Turned> {
        let turned = |refused, errand, next| Turned { refused, errand, next };
        let (attempt, bond) = match self.taken(token, returned).await {
            Ok(found) => found,
            Err(refused) => {
                self.note_turned(None, &refused).await;
                return Err(turned(refused, Errand::SignIn, "/".to_owned()));
            }
        };
        let arrived = match self.asked(&attempt, &bond, returned).await {
            Ok(claims) => self.arrive(&attempt, &claims, session, language, visit).await,
            Err(refused) => Err(refused),
        };
        match arrived {
            Ok(arrived) => Ok((arrived, attempt.next)),
            Err(refused) => {
                self.note_turned(attempt.of, &refused).await;
                Err(turned(refused, attempt.errand, attempt.next))
            }
        }
    }

    /// A member's account at the provider.
    pub(crate) fn own_link(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
    ) -> StoreResult<Option<LinkRow>> {
        let link = tenant.provider_link(member)?;
        Ok(link.filter(|link| self.team.as_ref().is_some_and(|team| team.provider.issuer() == link.issuer)))
    }

    /// Whether the provider may be asked for a member's fresh proof.
    pub(crate) fn provider_proves(&self, has_second_factor: bool) -> bool {
        self.team.as_ref().is_some_and(|team| !has_second_factor || team.rules.trusts())
    }

    /// Has the account at the provider sign nobody in any more.
    pub async fn unlink_provider(&self, who: &SignedIn) -> Result<(), AppError> {
        let (app, member) = (self.clone(), who.member);
        self.organization(who.organization)
            .write(move |tenant| {
                if tenant.unlink_provider(member)? {
                    let notice = SecurityNotice::ProviderUnlinked;
                    app.changed(tenant, member, "member.provider_unlinked", notice)?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    fn bond(&self, token: &Token) -> Bond {
        Bond::of(token, &self.keyring().derived(SubKey::Session))
    }

    fn provider_callback(&self) -> String {
        format!("{}{CALLBACK}", self.public_url())
    }

    /// The errand that this browser was sent on. Whoever brings another state changes nothing.
    async fn taken(&self, token: &str, returned: &Returned) -> Result<(Attempt, Bond), Refused> {
        let token = Token::parse(token).map_err(|_| Refused::StartAgain)?;
        let bond = self.bond(&token);
        if !bond.is_state(&returned.state) {
            return Err(Refused::StartAgain);
        }
        let (digest, now) = (token.digest(), self.clock().now());
        let found =
            self.store().installation().write(move |tx| provider::take_attempt(tx, &digest, now)).await?;
        Ok((found.ok_or(Refused::StartAgain)?, bond))
    }

    /// Whom the provider says it is.
    async fn asked(&self, attempt: &Attempt, bond: &Bond, returned: &Returned) -> Result<Claims, Refused> {
        let team = self.team.as_ref().ok_or(Refused::Off)?;
        if !team.provider.is_from_here(returned.iss.as_deref()).await? {
            return Err(Refused::NotBelieved(IdTokenError::Foreign("issuer")));
        }
        match returned.error.as_deref() {
            None => {}
            Some("access_denied") => return Err(Refused::Denied),
            Some(_) => return Err(Refused::Away),
        }
        let redirect_uri = self.provider_callback();
        let sent = Sent { bond, redirect_uri: &redirect_uri, fresh: attempt.errand == Errand::Confirm };
        Ok(team.provider.redeem(&returned.code, &sent).await?)
    }

    async fn arrive(
        &self,
        attempt: &Attempt,
        claims: &Claims,
        session: Option<&SignedIn>,
        language: &str,
        visit: &Visit,
    ) -> Result<Arrived, Refused> {
        let team = self.team.as_ref().ok_or(Refused::Off)?;
        let index = self.keyring().derived(SubKey::BlindIndex).blind_index(
            None,
            "provider_link",
            team.provider.issuer(),
            &claims.subject,
        );
        match attempt.errand {
            Errand::SignIn => self.let_in(team, claims, index, language, visit).await.map(Arrived::SignedIn),
            // The browser is still signed in as whoever sent it.
            Errand::Link | Errand::Confirm => {
                let who = session.filter(|who| attempt.of == Some(traveller(who)));
                let who = who.ok_or(Refused::StartAgain)?;
                if attempt.errand == Errand::Link {
                    self.link_account(team, who, index).await.map(|()| Arrived::Linked)
                } else {
                    self.prove_by_provider(team, attempt, claims, who, index).await.map(Arrived::Proven)
                }
            }
        }
    }

    async fn let_in(
        &self,
        team: &Team,
        claims: &Claims,
        index: [u8; 32],
        language: &str,
        visit: &Visit,
    ) -> Result<SignIn, Refused> {
        let found = self.store().installation().read(move |tx| provider::linked_member(tx, &index)).await?;
        let found = match found {
            Some(found) => Some(found),
            None => self.join_by_provider(team, claims, index, language).await?,
        };
        let (organization, member) = found.ok_or(Refused::NotLinked)?;
        let (app, now, proof) = (self.clone(), self.clock().now(), team.rules.proof(claims));
        let choices = self
            .organization(organization)
            .write(move |tenant| {
                tenant.provider_used(member, now)?;
                let deed = Deed::new(Actor::Member(member), "session.vouched", member.to_string());
                app.outcome(tenant, &deed, proof.as_str())?;
                choices_of(tenant, member)
            })
            .await?;
        if choices.second_factor() && !proof.is_second_factor() {
            return Ok(SignIn::SecondStep(self.ask_second_step(organization, member).await?));
        }
        Ok(SignIn::Entered(self.enter(organization, member, proof, visit).await?))
    }

    /// Makes whoever holds an invitation to their checked address a member, whose account it is from
    /// then on.
    async fn join_by_provider(
        &self,
        team: &Team,
        claims: &Claims,
        index: [u8; 32],
        language: &str,
    ) -> Result<Option<(OrganizationId, MemberId)>, Refused> {
        let Some(email) = &claims.verified_email else { return Ok(None) };
        let address = normalised(email.reveal(&self.joining()));
        if !team.rules.knows_domain_of(&address) {
            return Ok(None);
        }
        let email = Confidential::new(address);
        let (db, now, email_index) =
            (self.store().installation(), self.clock().now(), self.email_index(&email));
        let invited = db.read(move |tx| invitations_to(tx, &email_index, now)).await?;
        if invited.len() != 1 {
            return Ok(None);
        }
        // Nobody knows this password.
        let unknown = Restricted::new(Token::random(self.entropy()).expose().to_owned());
        let hash = self.hash_password(unknown).await?;
        let joining = Joining {
            email,
            email_index,
            hash,
            language: language.to_owned(),
            issuer: team.provider.issuer().to_owned(),
            index,
        };
        let app = self.clone();
        Ok(db.write(move |tx| app.join_linked(tx, &joining)).await?)
    }

    fn join_linked(
        &self,
        tx: &mut Tx<'_>,
        joining: &Joining,
    ) -> StoreResult<Option<(OrganizationId, MemberId)>> {
        let now = self.clock().now();
        let invited = invitations_to(tx, &joining.email_index, now)?;
        // Of two organizations nobody says which one is meant.
        let [row] = invited.as_slice() else { return Ok(None) };
        let mut tenant = Tenant::of(tx, row.organization);
        if tenant.is_taken(&joining.email_index)? {
            return Ok(None);
        }
        let made = self.make_member(&mut tenant, row, &joining.email, &joining.hash, &joining.language)?;
        let Some(member) = made else { return Ok(None) };
        tenant.link_provider(member, &joining.issuer, &joining.index, now)?;
        let deed = Deed::new(Actor::Member(member), "member.provider_linked", member.to_string());
        self.outcome(&mut tenant, &deed, "joined")?;
        Ok(Some((row.organization, member)))
    }

    async fn link_account(&self, team: &Team, who: &SignedIn, index: [u8; 32]) -> Result<(), Refused> {
        let (app, member, now) = (self.clone(), who.member, self.clock().now());
        let issuer = team.provider.issuer().to_owned();
        let linked = self
            .organization(who.organization)
            .write(move |tenant| {
                match tenant.provider_link(member)? {
                    Some(kept) if kept.issuer == issuer => return Ok(false),
                    // The provider of before signs nobody in any more.
                    Some(_) => drop(tenant.unlink_provider(member)?),
                    None => {}
                }
                tenant.link_provider(member, &issuer, &index, now)?;
                let notice = SecurityNotice::ProviderLinked;
                app.changed(tenant, member, "member.provider_linked", notice)?;
                Ok(true)
            })
            .await;
        match linked {
            Ok(true) => Ok(()),
            Ok(false) | Err(StoreError::Duplicate(_)) => Err(Refused::Taken),
            Err(error) => Err(error.into()),
        }
    }

    async fn prove_by_provider(
        &self,
        team: &Team,
        attempt: &Attempt,
        claims: &Claims,
        who: &SignedIn,
        index: [u8; 32],
    ) -> Result<Token, Refused> {
        let (organization, member) = (who.organization, who.member);
        let found = self.store().installation().read(move |tx| provider::linked_member(tx, &index)).await?;
        if found != Some((organization, member)) {
            return Err(Refused::OtherAccount);
        }
        if claims.auth_time.is_none_or(|at| at.plus(SKEW) < attempt.began_at) {
            return Err(Refused::NotFresh);
        }
        let proof = team.rules.proof(claims);
        let choices = self.organization(organization).read(move |tenant| choices_of(tenant, member)).await?;
        if choices.second_factor() && !proof.is_second_factor() {
            return Err(Refused::NotEnough);
        }
        Ok(self.note_proof(organization, member, who.session, proof).await?)
    }

    /// Keeps that somebody was turned away. What cannot be kept is told in the program's log.
    async fn note_turned(&self, of: Option<Traveller>, refused: &Refused) {
        self.tallies.add("sign_in_refused", "provider");
        let (app, why) = (self.clone(), format!("identity provider: {refused}"));
        let noted = if let Some(of) = of {
            let deed = Deed::new(Actor::Member(of.member), "session.refused", of.member.to_string());
            let organization = self.organization(of.organization);
            organization.write(move |tenant| app.not_done(tenant, &deed, NotDone::Refused, &why)).await
        } else {
            let deed = Deed::new(Actor::Unknown, "session.refused", String::new()).with("why", why);
            let db = self.store().installation();
            db.write(move |tx| app.installation_event(tx, &deed, "refused")).await
        };
        if let Err(error) = noted {
            tracing::error!(error = %error, "a refused sign-in could not be noted");
        }
    }
}

/// What a new member with an account at the provider is made of.
struct Joining {
    email: Confidential<String>,
    email_index: [u8; 32],
    hash: PasswordHash,
    language: String,
    issuer: String,
    index: [u8; 32],
}

const fn traveller(who: &SignedIn) -> Traveller {
    Traveller { organization: who.organization, member: who.member, session: who.session }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_domain_of_an_address_counts() {
        let rules = ProviderRules { domains: vec!["casa-verde.example".into()], ..ProviderRules::default() };
        assert!(rules.knows_domain_of("ana@casa-verde.example"));
        for other in [
            "ana@not-casa-verde.example",
            "ana@casa-verde.example.evil",
            "casa-verde.example",
            "ana@x.casa-verde.example",
            "a@casa-verde.example@evil",
        ] {
            assert!(!rules.knows_domain_of(other), "{other}");
        }
        assert!(!ProviderRules::default().knows_domain_of("ana@casa-verde.example"));
    }
}
