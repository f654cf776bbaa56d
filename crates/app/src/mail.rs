//! Letters to people. A letter is kept, sealed, in the transaction that makes it necessary; a
//! job hands it to the operator's mail server, and then it is deleted (docs/decisions/0026).

use std::sync::Arc;
use std::time::Duration;

use connect::{Letter, MailError, Mailer};
use domain::{Actor, Confidential, Grant, MailId, OrganizationId, Purpose, Verdict};
use serde::{Deserialize, Serialize};
use store::keys::KeyOwner;
use store::mail::WaitingMail;
use store::{StoreError, StoreResult, Tenant};
use vault::Place;
use zeroize::Zeroize;

use crate::App;
use crate::audit::{Deed, NotDone};
use crate::error::{AppError, JobError};
use crate::jobs::Work;

/// A letter as it is written; nobody reads it here but its recipient.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is about: a word for the log.
    pub kind: &'static str,
    /// The recipient's address.
    pub to: Confidential<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: Confidential<String>,
    /// From so long after it was written on it is too late to send it.
    pub good_for: Duration,
}

/// How a letter waits in the database, sealed as a whole.
#[derive(Serialize, Deserialize)]
struct Kept {
    to: String,
    subject: String,
    text: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.to.zeroize();
        self.text.zeroize();
    }
}

impl App {
    /// The same application, which sends its letters by this server; without one, none.
    #[must_use]
    pub fn mailing(self, mailer: Option<Mailer>) -> Self {
        Self { mailer: mailer.map(Arc::new), ..self }
    }

    /// Whether letters can be sent.
    #[must_use]
    pub const fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Keeps a letter and asks for its sending, in the running transaction.
    pub fn post(&self, tenant: &mut Tenant<'_, '_>, draft: &Draft) -> StoreResult<MailId> {
        let now = self.clock().now();
        let id = MailId::new(now, self.entropy());
        // tidy: allowed because the program itself seals the letter; nobody sees it
        let grant = Grant::issue(Actor::system("mail"), Purpose::Seal, now);
        let kept = Kept {
            to: draft.to.reveal(&grant).clone(),
            subject: draft.subject.clone(),
            text: draft.text.reveal(&grant).clone(),
        };
        let letter = serde_json::to_string(&kept).map_err(|error| StoreError::Driver(error.to_string()))?;
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = place(tenant.organization_id(), id);
        let sealed = self.seal(&key, &place, &Confidential::new(letter))?;
        tenant.keep_mail(id, draft.kind, &sealed, now, now.plus(draft.good_for))?;
        self.ask_for_house(tenant, &Work::SendMail { mail: id }, draft.kind, now)?;
        Ok(id)
    }

    /// Hands a letter to the mail server. False when there is none to send: it went before, or
    /// it is too late for it.
    pub(crate) async fn send_mail(
        &self,
        organization: OrganizationId,
        id: MailId,
        is_last_try: bool,
    ) -> Result<bool, JobError> {
        let held = self.organization(organization);
        let Some(waiting) = held.read(move |tenant| tenant.waiting_mail(id)).await? else { return Ok(false) };
        let now = self.clock().now();
        if waiting.expires_at <= now {
            held.write(move |tenant| tenant.drop_mail(id)).await?;
            return Ok(false);
        }
        let deed = Deed::new(Actor::system("mail"), "mail.sent", id.to_string()).with("about", &waiting.kind);
        let letter = self.open_letter(organization, id, waiting).await?;
        let sent = match &self.mailer {
            Some(mailer) => mailer.send(&letter).await,
            None => Err(MailError::NoServer),
        };
        let app = self.clone();
        match sent {
            Ok(()) => {
                held.write(move |tenant| {
                    tenant.drop_mail(id)?;
                    app.outcome(tenant, &deed, "taken")
                })
                .await?;
                Ok(true)
            }
            Err(error) => {
                if error.verdict() == Verdict::Fail || is_last_try {
                    let why = error.problem().as_str();
                    held.write(move |tenant| app.not_done(tenant, &deed, NotDone::Failed, why)).await?;
                }
                Err(error.into())
            }
        }
    }

    async fn open_letter(
        &self,
        organization: OrganizationId,
        id: MailId,
        waiting: WaitingMail,
    ) -> Result<Letter, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        // tidy: allowed because the program itself opens the letter to send it, and shows it to nobody
        let grant = Grant::issue(Actor::system("mail"), Purpose::SendMail, now);
        let at = waiting.created_at;
        let text = self
            .organization(organization)
            .read(move |tenant| {
                let key = app.data_key(tenant, KeyOwner::Organization)?;
                let place = place(tenant.organization_id(), id);
                let letter = crate::secrets::open(&key, &place, &waiting.letter, &grant)?;
                serde_json::from_str::<Kept>(letter.reveal(&grant))
                    .map_err(|_| StoreError::Driver("a letter is not in its form".into()))
            })
            .await?;
        Ok(Letter {
            id: id.to_string(),
            at,
            to: Confidential::new(text.to.clone()),
            subject: Confidential::new(text.subject.clone()),
            text: Confidential::new(text.text.clone()),
        })
    }
}

fn place(organization: OrganizationId, id: MailId) -> Place {
    Place::new(organization, "mail", "letter_sealed", id, 1)
}
