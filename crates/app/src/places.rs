//! Where somebody signs in from, how well that account knows the place, and what their try is
//! counted by.

use std::fmt::Write as _;

use domain::limit::{self, Limit, Place};
use domain::member::SecurityNotice;
use domain::{Actor, MemberId, OrganizationId, TypedId as _};
use store::{StoreResult, Tenant};
use vault::{SubKey, Token, TokenDigest};

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::limits::Try;
use crate::sign_in::{SignInError, Visit};

/// How an account knows a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Browser,
    Network,
    Not,
}

impl Visit {
    /// The digest of the mark that an earlier sign-in left in the browser, of whomever.
    pub(crate) fn mark(&self) -> Option<TokenDigest> {
        Some(Token::parse(self.device.as_deref()?).ok()?.digest())
    }

    /// The mark as a limit's subject.
    fn mark_text(&self) -> String {
        let mut text = String::new();
        for byte in self.mark().iter().flat_map(|digest| digest.as_bytes()) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn origin(&self) -> String {
        limit::network_of(&self.network)
    }
}

impl App {
    /// How a member knows the place of a visit.
    pub(crate) fn place_of(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        visit: &Visit,
    ) -> StoreResult<Known> {
        let browser = visit.mark().map_or(Ok(false), |mark| tenant.knows_device(member, &mark))?;
        let network = tenant.knows_network(member, &self.network_hash(member, visit), self.clock().now())?;
        Ok(match (browser, network) {
            (true, _) => Known::Browser,
            (false, true) => Known::Network,
            (false, false) => Known::Not,
        })
    }

    /// What the network of a visit is kept as for a member who signed in there.
    pub(crate) fn network_hash(&self, member: MemberId, visit: &Visit) -> [u8; 32] {
        let (member, origin) = (member.to_bytes(), visit.origin());
        let what = [b"familiar network\0".as_slice(), member.as_slice(), origin.as_bytes()];
        self.keyring().derived(SubKey::Limits).sign(&what.concat())
    }

    /// How long whoever tries passwords for an account from a place still has to wait, where they
    /// were told so a moment ago; who it is, where the limits have to be asked.
    pub(crate) fn still_refused(&self, email: &str, visit: &Visit) -> Result<[u8; 32], SignInError> {
        // Neither a network's text nor a browser's mark has such a character.
        let who = format!("{}\n{}\n{email}", visit.origin(), visit.mark_text());
        let who = self.keyring().derived(SubKey::Limits).sign(&[b"refused\0", who.as_bytes()].concat());
        match self.refusals.still(&who, self.clock().now()) {
            Some(wait) => {
                self.tallies.add("sign_in_refused", "wait");
                Err(SignInError::Wait(wait))
            }
            None => Ok(who),
        }
    }

    /// Begins to try a password for an account.
    pub(crate) async fn try_password(
        &self,
        email: &str,
        known: Known,
        visit: &Visit,
    ) -> Result<Try, SignInError> {
        let mark = visit.mark_text();
        let place = match known {
            Known::Browser => Place::Browser(&mark),
            Known::Network => Place::Network,
            Known::Not => Place::New,
        };
        self.begin_try(&limit::sign_in_limits(&visit.origin(), email, place)).await
    }

    /// What a code of a member is counted by.
    pub(crate) async fn code_limit(
        &self,
        organization: OrganizationId,
        member: MemberId,
        visit: &Visit,
    ) -> Result<(Limit, String), SignInError> {
        let mark = visit.mark();
        let known = self
            .organization(organization)
            .read(move |tenant| mark.map_or(Ok(false), |mark| tenant.knows_device(member, &mark)))
            .await?;
        let browser = visit.mark_text();
        Ok(limit::code_limit(&member.to_string(), known.then_some(browser.as_str())))
    }

    /// Begins to try a passkey.
    pub(crate) async fn try_passkey(&self, visit: &Visit) -> Result<Try, SignInError> {
        self.begin_try(&[(limit::PASSKEY_PER_NETWORK, visit.origin())]).await
    }

    /// Counts a question for a passkey, right or wrong.
    pub(crate) async fn count_passkey_question(&self, visit: &Visit) -> Result<(), SignInError> {
        let _for_good = self.begin_try(&[(limit::PASSKEY_QUESTION_PER_NETWORK, visit.origin())]).await?;
        Ok(())
    }

    /// Counts a browser that is sent to the team's identity provider.
    pub(crate) async fn count_errand(&self, visit: &Visit) -> Result<(), SignInError> {
        let _for_good = self.begin_try(&[(limit::PROVIDER_PER_NETWORK, visit.origin())]).await?;
        Ok(())
    }

    /// Takes the goes of a try; refuses whoever has to wait, before anything costly is done.
    pub(crate) async fn begin_try(&self, wanted: &[(Limit, String)]) -> Result<Try, SignInError> {
        let wanted: Vec<_> = wanted.iter().map(|(limit, subject)| (*limit, subject.as_str())).collect();
        self.limits().begin(&wanted).await?.map_err(|wait| {
            self.tallies.add("sign_in_refused", "wait");
            SignInError::Wait(wait)
        })
    }

    /// Notes that what was shown is wrong: where it was shown for a member, in the log of their
    /// organization.
    pub(crate) async fn note_wrong(
        &self,
        actor: Actor,
        of: Option<(OrganizationId, MemberId)>,
    ) -> Result<(), SignInError> {
        let app = self.clone();
        self.tallies.add("sign_in_refused", "wrong");
        let subject = of.map(|(_, member)| member.to_string()).unwrap_or_default();
        let deed = Deed::new(actor, "session.refused", subject);
        // One row either way: the time that it takes does not tell who has an account.
        if let Some((organization, _)) = of {
            let organization = self.organization(organization);
            organization.write(move |tenant| app.not_done(tenant, &deed, NotDone::Refused, "wrong")).await?;
        } else {
            let deed = deed.with("why", "wrong");
            let db = self.store().installation();
            db.write(move |tx| app.installation_event(tx, &deed, "refused")).await?;
        }
        Ok(())
    }

    /// Somebody has the password and guesses the rest: when they have to wait, the member has to
    /// know.
    pub(crate) async fn warn_of_tries(
        &self,
        organization: OrganizationId,
        member: MemberId,
        counted: &(Limit, String),
        visit: &Visit,
    ) -> Result<(), SignInError> {
        if self.limits().wait(&[(counted.0, &counted.1)]).await?.is_none() {
            return Ok(());
        }
        let (app, device) = (self.clone(), visit.name());
        self.organization(organization)
            .write(move |tenant| {
                app.notify_member(tenant, member, SecurityNotice::SecondFactorRefused, &device)?;
                let deed = Deed::new(Actor::Unknown, "session.refused", member.to_string());
                app.not_done(tenant, &deed, NotDone::Refused, "second factor")
            })
            .await?;
        Ok(())
    }
}
