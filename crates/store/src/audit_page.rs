//! The audit trail as its page shows and exports it: narrowed by index, page by page.

use domain::{AuditId, MemberId, OrganizationId, Timestamp, TypedId};

use crate::audit::{COLUMNS, Event, event};
use crate::db::{StoreResult, Val};
use crate::pages::Query;
use crate::{Tenant, params};

/// Members that a choice shows at most.
pub const MAX_AUDIT_MEMBERS: u32 = 200;

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditEnd {
    /// Done.
    Done,
    /// Refused.
    Refused,
    /// Tried, and failed.
    Failed,
    /// Begun, and nothing tells how it ended: it runs, or the program was cut off.
    Open,
}

impl AuditEnd {
    /// Every end.
    pub const ALL: [Self; 4] = [Self::Done, Self::Refused, Self::Failed, Self::Open];

    /// The word in addresses and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Open => "open",
        }
    }

    /// The end of a word; `None` for a word that is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == word)
    }
}

/// Whose events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// Those of the organization.
    #[default]
    Organization,
    /// Those that belong to no organization: backups, keys, tries to sign in to no account.
    Installation,
}

/// Which events are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Whose.
    pub whose: Whose,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Who, as the log writes it (`member:mem_…`, `system:ingest`).
    pub actor: Option<String>,
    /// What kind of thing (`order`).
    pub kind: Option<String>,
    /// What was done (`order.changed`).
    pub action: Option<String>,
    /// How it ended.
    pub end: Option<AuditEnd>,
    /// The id of a thing.
    pub subject: Option<String>,
}

/// The first id that an event of this instant can have: ids begin with their time.
fn first_id(at: Timestamp) -> AuditId {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&at.as_millis().max(0).to_be_bytes()[2..]);
    AuditId::from_bytes(bytes)
}

// What each index leaves out (migration 9), said once more to whom it is to be used for. The
// words are those of the index, or neither engine would know it again.
const RARE_ACTOR: &str = "actor <> 'system:ingest' AND actor <> 'system:fan-out'";
const RARE_KIND: &str = "subject_kind <> 'order' AND subject_kind <> 'listing'";
const RARE_ACTION: &str =
    "action <> 'order.taken_in' AND action <> 'order.changed' AND action <> 'listing.stock_written'";
const UNDONE: &str = "phase IN ('refused', 'failed')";
/// The next event of the same deed on the same thing is none, or begins it once more. The
/// installation has no such events: none of its deeds lies outside the transaction that does it.
const OPEN: &str = "phase = 'intent' AND COALESCE((SELECT n.phase FROM audit_event n \
    WHERE n.organization_id = audit_event.organization_id AND n.subject_id = audit_event.subject_id \
    AND n.action = audit_event.action AND n.id > audit_event.id ORDER BY n.id LIMIT 1), 'intent') = 'intent'";

fn conditions(organization: OrganizationId, filter: &AuditFilter) -> Query<'_> {
    let mut query = Query::empty();
    match filter.whose {
        Whose::Organization => query.and("organization_id = ?", &[organization.into()]),
        Whose::Installation => query.and("organization_id IS NULL", &[]),
    }
    if let Some(from) = filter.from {
        query.and("id >= ?", &[first_id(from).into()]);
    }
    if let Some(until) = filter.until {
        query.and("id < ?", &[first_id(until).into()]);
    }
    if let Some(actor) = &filter.actor {
        query.and("actor = ?", &[Val::from(actor)]);
        if !matches!(actor.as_str(), "system:ingest" | "system:fan-out") {
            query.and(RARE_ACTOR, &[]);
        }
    }
    if let Some(kind) = &filter.kind {
        query.and("subject_kind = ?", &[Val::from(kind)]);
        if !matches!(kind.as_str(), "order" | "listing") {
            query.and(RARE_KIND, &[]);
        }
    }
    if let Some(action) = &filter.action {
        query.and("action = ?", &[Val::from(action)]);
        if !matches!(action.as_str(), "order.taken_in" | "order.changed" | "listing.stock_written") {
            query.and(RARE_ACTION, &[]);
        }
    }
    if let Some(subject) = &filter.subject {
        query.and("subject_id = ?", &[Val::from(subject)]);
    }
    match filter.end {
        None => {}
        Some(AuditEnd::Done) => query.and("phase = 'done'", &[]),
        Some(AuditEnd::Open) => query.and(OPEN, &[]),
        Some(AuditEnd::Refused) => {
            query.and("phase = 'refused'", &[]);
            query.and(UNDONE, &[]);
        }
        Some(AuditEnd::Failed) => {
            query.and("phase = 'failed'", &[]);
            query.and(UNDONE, &[]);
        }
    }
    query
}

fn statement(conditions: &str, limit: u32) -> String {
    // With its first column, PostgreSQL knows the index' order again where that column is NULL.
    format!(
        "SELECT {COLUMNS} FROM audit_event WHERE {conditions} ORDER BY organization_id DESC, id DESC LIMIT {limit}"
    )
}

impl Tenant<'_, '_> {
    /// Events of this organization, or of the installation that it is in, before `before`, the
    /// newest first.
    pub fn audit_page(
        &mut self,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: u32,
    ) -> StoreResult<Vec<Event>> {
        let mut query = conditions(self.id, filter);
        if let Some(before) = before {
            query.and("id < ?", &[before.into()]);
        }
        self.tx.rows(&statement(query.conditions(), limit), query.params(), event)
    }

    /// The members of this organization, the oldest first: who can be asked for.
    pub fn audit_members(&mut self) -> StoreResult<Vec<MemberId>> {
        self.tx.rows(
            "SELECT id FROM member WHERE organization_id = $1 ORDER BY id LIMIT $2",
            params![self.id, MAX_AUDIT_MEMBERS],
            |row| row.get(0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, Store};

    fn filter(narrow: impl FnOnce(&mut AuditFilter)) -> AuditFilter {
        let mut filter = AuditFilter::default();
        narrow(&mut filter);
        filter
    }

    /// How SQLite reaches the first page.
    async fn plan(store: &Store, filter: AuditFilter) -> String {
        let read = store.installation().read(move |tx| {
            let query = conditions(OrganizationId::from_bytes([1; 16]), &filter);
            let sql = format!("EXPLAIN QUERY PLAN {}", statement(query.conditions(), 51));
            tx.rows(&sql, query.params(), |row| row.get::<String>(3))
        });
        read.await.unwrap().join("; ")
    }

    #[tokio::test]
    async fn every_filter_walks_an_index_in_the_order_of_the_page() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("plan.sqlite"));
        let store = tokio::task::spawn_blocking(move || Store::open(&location)).await.unwrap().unwrap();
        let word = |text: &str| Some(text.to_owned());
        for (filter, index) in [
            (AuditFilter::default(), "audit_event_page"),
            (filter(|it| it.from = Some(Timestamp::from_millis(5))), "audit_event_page"),
            (filter(|it| it.actor = word("member:mem_1")), "audit_event_actor"),
            (filter(|it| it.actor = word("system:ingest")), "audit_event_page"),
            (filter(|it| it.kind = word("session")), "audit_event_kind"),
            (filter(|it| it.action = word("sku.adjusted")), "audit_event_action"),
            (filter(|it| it.subject = word("ord_1")), "audit_event_subject"),
            (filter(|it| it.end = Some(AuditEnd::Refused)), "audit_event_undone"),
            (filter(|it| it.end = Some(AuditEnd::Failed)), "audit_event_undone"),
            (filter(|it| it.end = Some(AuditEnd::Open)), "audit_event_subject"),
        ] {
            for whose in [Whose::Organization, Whose::Installation] {
                let filter = AuditFilter { whose, ..filter.clone() };
                let plan = plan(&store, filter.clone()).await;
                assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
            }
        }
    }

    #[test]
    fn the_first_id_of_an_instant_is_not_behind_any_of_it() {
        let at = Timestamp::from_millis(1_795_366_991_000);
        let one = AuditId::new(at, &domain::SeededEntropy::new(1));
        assert!(first_id(at) <= one && one < first_id(Timestamp::from_millis(at.as_millis() + 1)));
    }
}
