//! What members are told of their own sign-in: on every page until they read it, and by letter, so
//! that whoever took their place in the browser cannot keep it from them.

use std::sync::Arc;

use domain::member::SecurityNotice;
use domain::retention::MAIL_KEPT;
use domain::{Actor, Confidential, Grant, MemberId, NoticeId, Purpose, Timestamp};
use store::keys::KeyOwner;
use store::{StoreError, StoreResult, Tenant};
use vault::Place;

use crate::App;
use crate::mail::Draft;

/// What a member is told by letter.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What happened.
    pub notice: SecurityNotice,
    /// The browser that it came from, in a few words; may be empty.
    pub device: &'a str,
    /// When.
    pub at: Timestamp,
    /// The member's language.
    pub language: &'a str,
    /// What the organization is called.
    pub organization: &'a str,
    /// Where the shop is.
    pub public_url: &'a str,
}

/// Who has the words for it.
pub trait Wording: Send + Sync {
    /// A letter's subject and text. Neither a secret nor a link that signs in stands in them.
    fn notice(&self, told: &Told<'_>) -> (String, String);
}

impl App {
    /// The same application, which has words for what it tells by letter.
    #[must_use]
    pub fn worded(self, words: Arc<dyn Wording>) -> Self {
        Self { words: Some(words), ..self }
    }

    /// Tells a member something of their own sign-in, in the running transaction.
    pub(crate) fn notify_member(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        notice: SecurityNotice,
        device: &str,
    ) -> StoreResult<()> {
        let now = self.clock().now();
        tenant.notify(NoticeId::new(now, self.entropy()), member, notice, device, now)?;
        match &self.words {
            Some(words) if self.sends_mail() => {
                self.write_notice(tenant, &**words, member, notice, device, now)
            }
            _ => Ok(()),
        }
    }

    fn write_notice(
        &self,
        tenant: &mut Tenant<'_, '_>,
        words: &dyn Wording,
        member: MemberId,
        notice: SecurityNotice,
        device: &str,
        at: Timestamp,
    ) -> StoreResult<()> {
        let missing = || StoreError::RowCount { expected: 1, touched: 0 };
        let language = tenant.member_facts(member)?.ok_or_else(missing)?.language;
        let (organization, to) = (tenant.name()?, self.letter_goes_to(tenant, member, at)?);
        let told = Told {
            notice,
            device,
            at,
            language: &language,
            organization: &organization,
            public_url: self.public_url(),
        };
        let (subject, text) = words.notice(&told);
        let draft = Draft {
            kind: "security notice",
            to,
            subject,
            text: Confidential::new(text),
            good_for: MAIL_KEPT,
        };
        self.post(tenant, &draft)?;
        Ok(())
    }

    /// Whom a letter goes to.
    fn letter_goes_to(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        now: Timestamp,
    ) -> StoreResult<Confidential<String>> {
        // tidy: allowed because the program itself reads whom a letter is for, and shows it to nobody
        let grant = Grant::issue(Actor::system("mail"), Purpose::SendMail, now);
        let sealed = tenant.member_email(member)?.ok_or(StoreError::RowCount { expected: 1, touched: 0 })?;
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = Place::new(tenant.organization_id(), "member", "email_sealed", member, 1);
        crate::secrets::open(&key, &place, &sealed, &grant)
    }
}
