//! Tries that failed, and how long whoever made them waits. What is counted together is chosen
//! so that nobody can keep somebody else out.

use domain::member::SecurityNotice;
use domain::{Actor, MemberId, OrganizationId, TypedId as _};
use store::people;

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::sign_in::{SignInError, Visit};

/// Failures that count together.
pub(crate) struct Counted {
    subjects: Vec<[u8; 32]>,
}

impl Counted {
    pub(crate) fn of(parts: &[&[u8]]) -> [u8; 32] {
        vault::token::sha256(&parts.concat())
    }

    /// A password is tried: by network, and by network and address together, so that a
    /// stranger's failures elsewhere keep nobody out.
    pub(crate) fn password(network: &str, index: &[u8; 32]) -> Self {
        let network = Self::of(&[b"network ", network.as_bytes()]);
        Self { subjects: vec![network, Self::of(&[index, &network])] }
    }

    /// A code is tried, which only who has the password can do: by member wherever from,
    /// for six digits are soon guessed from many networks. A passkey is not a guess.
    pub(crate) fn code(member: MemberId) -> Self {
        Self { subjects: vec![Self::of(&[b"code ", &member.to_bytes()])] }
    }

    /// Somebody signed in types the password once more.
    pub(crate) fn own_password(member: MemberId) -> Self {
        Self { subjects: vec![Self::of(&[b"own password ", &member.to_bytes()])] }
    }

    pub(crate) fn passkey(network: &str) -> Self {
        Self { subjects: vec![Self::of(&[b"network ", network.as_bytes()])] }
    }
}

impl App {
    /// Refuses whoever has to wait, before anything costly is done.
    pub(crate) async fn refuse_early(&self, counted: &Counted) -> Result<(), SignInError> {
        let (subjects, now) = (counted.subjects.clone(), self.clock().now());
        let wait = self
            .store()
            .installation()
            .read(move |tx| {
                let mut longest = None;
                for subject in &subjects {
                    longest = longest.max(people::sign_in_wait(tx, subject, now)?);
                }
                Ok(longest)
            })
            .await?;
        wait.map_or(Ok(()), |wait| Err(SignInError::Wait(wait)))
    }

    pub(crate) async fn count_failure(&self, counted: Counted, actor: Actor) -> Result<(), SignInError> {
        let (app, now) = (self.clone(), self.clock().now());
        self.tallies.add("sign_in_refused", "wrong");
        self.store()
            .installation()
            .write(move |tx| {
                for subject in &counted.subjects {
                    people::count_sign_in_failure(tx, subject, now)?;
                }
                app.installation_event(tx, &Deed::new(actor, "session.refused", String::new()), "refused")
            })
            .await?;
        Ok(())
    }

    pub(crate) async fn forget_failures(&self, counted: Counted) -> Result<(), SignInError> {
        // The network's count stays: others may be trying from there.
        let Some(last) = counted.subjects.last().copied() else { return Ok(()) };
        self.store().installation().write(move |tx| people::forget_sign_in_failures(tx, &last)).await?;
        Ok(())
    }

    /// Somebody has the password and guesses the rest: the member has to know.
    pub(crate) async fn warn_of_tries(
        &self,
        organization: OrganizationId,
        member: MemberId,
        visit: &Visit,
    ) -> Result<(), SignInError> {
        if self.refuse_early(&Counted::code(member)).await.is_ok() {
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
