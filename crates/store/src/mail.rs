//! Letters that wait for the mail server: sealed, and deleted once it has them.

use domain::{Confidential, MailId, Timestamp};
use vault::Sealed;

use crate::db::StoreResult;
use crate::{Tenant, params};

/// A letter that waits.
#[derive(Debug)]
pub struct WaitingMail {
    /// What it is about, in a word.
    pub kind: String,
    /// Recipient, subject and text.
    pub letter: Sealed<Confidential<String>>,
    /// When it was written.
    pub created_at: Timestamp,
    /// From then on it is too late to send it.
    pub expires_at: Timestamp,
}

impl Tenant<'_, '_> {
    /// Keeps a letter until it is sent.
    pub fn keep_mail(
        &mut self,
        id: MailId,
        kind: &str,
        letter: &Sealed<Confidential<String>>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO mail (id, organization_id, kind, letter_sealed, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![id, self.id, kind, letter.as_bytes(), now, expires_at],
        )
    }

    /// A letter that waits, if it still does.
    pub fn waiting_mail(&mut self, id: MailId) -> StoreResult<Option<WaitingMail>> {
        self.tx.row(
            "SELECT kind, letter_sealed, created_at, expires_at FROM mail \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            |row| {
                Ok(WaitingMail {
                    kind: row.get(0)?,
                    letter: Sealed::from_bytes(row.get(1)?),
                    created_at: row.get(2)?,
                    expires_at: row.get(3)?,
                })
            },
        )
    }

    /// Deletes a letter: the server has it, or it is not wanted any more.
    pub fn drop_mail(&mut self, id: MailId) -> StoreResult<bool> {
        let sql = "DELETE FROM mail WHERE organization_id = $1 AND id = $2";
        Ok(self.tx.execute(sql, params![self.id, id])? == 1)
    }
}
