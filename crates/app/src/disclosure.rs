//! What is on file of a person who has shown who they are: read on the spot, handed out once, and
//! never kept.

use domain::{Actor, Grant, Purpose, RequestId, Timestamp};
use store::keys::KeyOwner;
use store::requests::{RequestState, Ticket};
use store::{StoreError, StoreResult, Tenant};
use vault::Place;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::privacy::{Asked, Person};

/// One thing on file: its fields, by name.
pub type Entry = Vec<(&'static str, String)>;

/// Things of one sort. Shows none of them in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Section {
    /// The word in translation keys (`export-<word>`).
    pub name: &'static str,
    /// The things.
    pub entries: Vec<Entry>,
}

impl std::fmt::Debug for Section {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}({})", self.name, self.entries.len())
    }
}

/// Everything on file of a person. It is theirs alone: no `Serialize`, so that nobody writes it
/// down by accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// When it was read.
    pub at: Timestamp,
    /// The entry of the register that it answers.
    pub request: RequestId,
    /// What there is.
    pub sections: Vec<Section>,
}

impl App {
    /// Reads everything on file of whoever a ticket has shown, and notes in the register that it
    /// was given.
    pub async fn disclose(
        &self,
        ticket: Ticket,
        asked: Asked,
        language: &str,
    ) -> Result<Disclosure, AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let new = self.new_request(asked, Some(ticket.member), language, now);
        let request = new.id;
        let sections = self
            .organization(ticket.organization)
            .write(move |tenant| {
                app.keep_request(tenant, new, &Person::default())?;
                app.answer_on_the_spot(tenant, request, ticket.member, now)?;
                let deed = Deed::new(Actor::Member(ticket.member), "privacy.disclosed", request.to_string());
                app.outcome(tenant, &deed, "ok")?;
                app.sections(tenant, ticket, now)
            })
            .await?;
        Ok(Disclosure { at: now, request, sections })
    }

    fn sections(
        &self,
        tenant: &mut Tenant<'_, '_>,
        ticket: Ticket,
        now: Timestamp,
    ) -> StoreResult<Vec<Section>> {
        Ok(vec![
            Section { name: "person", entries: vec![self.person(tenant, ticket, now)?] },
            Section { name: "passkeys", entries: passkeys(tenant, ticket)? },
            Section { name: "sessions", entries: sessions(tenant, ticket, now)? },
            Section { name: "devices", entries: devices(tenant, ticket)? },
            Section { name: "notices", entries: notices(tenant, ticket)? },
            Section { name: "views", entries: views(tenant, ticket)? },
            Section { name: "requests", entries: requests(tenant, ticket)? },
            Section { name: "events", entries: events(tenant, ticket)? },
        ])
    }

    fn person(&self, tenant: &mut Tenant<'_, '_>, ticket: Ticket, now: Timestamp) -> StoreResult<Entry> {
        let missing = || StoreError::RowCount { expected: 1, touched: 0 };
        let member = ticket.member;
        // tidy: allowed because a person reads their own address; that they did is in the log
        let grant = Grant::issue(Actor::Member(member), Purpose::Disclose, now);
        let sealed = tenant.member_email(member)?.ok_or_else(missing)?;
        let facts = tenant.member_facts(member)?.ok_or_else(missing)?;
        let key = self.data_key(tenant, KeyOwner::Organization)?;
        let place = Place::new(tenant.organization_id(), "member", "email_sealed", member, 1);
        let email = crate::secrets::open(&key, &place, &sealed, &grant)?;
        let granted = tenant.grants(now)?.into_iter().filter(|grant| grant.member == member);
        let granted: Vec<String> = granted.map(|grant| grant.access).collect();
        let has_app = tenant.authenticator(member)?.is_some_and(|app| app.confirmed_at.is_some());
        Ok(vec![
            ("id", member.to_string()),
            ("email", email.reveal(&grant).clone()),
            ("role", granted.join(", ")),
            ("language", facts.language),
            ("theme", facts.theme),
            ("since", facts.created_at.to_rfc3339()),
            ("authenticator", if has_app { "yes" } else { "no" }.to_owned()),
            ("recovery_codes", tenant.codes_left(member)?.to_string()),
            ("provider", tenant.provider_link(member)?.map(|link| link.issuer).unwrap_or_default()),
        ])
    }
}

fn optional(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_rfc3339).unwrap_or_default()
}

fn passkeys(tenant: &mut Tenant<'_, '_>, ticket: Ticket) -> StoreResult<Vec<Entry>> {
    let rows = tenant.passkeys(ticket.member)?;
    let entry = |row: store::factors::PasskeyRow| {
        vec![
            ("name", row.name),
            ("since", row.created_at.to_rfc3339()),
            ("last_used", optional(row.last_used_at)),
        ]
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn sessions(tenant: &mut Tenant<'_, '_>, ticket: Ticket, now: Timestamp) -> StoreResult<Vec<Entry>> {
    let rows = tenant.sessions(ticket.member, now)?;
    let entry = |row: store::sessions::SessionRow| {
        vec![
            ("device", row.device),
            ("since", row.created_at.to_rfc3339()),
            ("last_used", row.last_seen_at.to_rfc3339()),
        ]
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn devices(tenant: &mut Tenant<'_, '_>, ticket: Ticket) -> StoreResult<Vec<Entry>> {
    let rows = tenant.devices(ticket.member)?;
    let entry = |(device, first, last): (String, Timestamp, Timestamp)| {
        vec![("device", device), ("since", first.to_rfc3339()), ("last_used", last.to_rfc3339())]
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn notices(tenant: &mut Tenant<'_, '_>, ticket: Ticket) -> StoreResult<Vec<Entry>> {
    let rows = tenant.notices(ticket.member)?;
    let entry = |row: store::sessions::NoticeRow| {
        vec![("what", row.kind), ("device", row.device), ("at", row.at.to_rfc3339())]
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn views(tenant: &mut Tenant<'_, '_>, ticket: Ticket) -> StoreResult<Vec<Entry>> {
    let rows = tenant.views(ticket.member)?;
    Ok(rows.into_iter().map(|view| vec![("name", view.name), ("what", view.filter)]).collect())
}

fn requests(tenant: &mut Tenant<'_, '_>, ticket: Ticket) -> StoreResult<Vec<Entry>> {
    let rows = tenant.requests_of(ticket.member)?;
    let entry = |row: store::requests::RequestRow| {
        let state: RequestState = row.state;
        vec![
            ("id", row.id.to_string()),
            ("what", row.kind.as_str().to_owned()),
            ("law", row.regime.as_str().to_owned()),
            ("state", state.as_str().to_owned()),
            ("at", row.received_at.to_rfc3339()),
            ("due", row.due_at.to_rfc3339()),
            ("ended", optional(row.ended_at)),
        ]
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn events(tenant: &mut Tenant<'_, '_>, ticket: Ticket) -> StoreResult<Vec<Entry>> {
    let rows = tenant.events_of(ticket.member)?;
    let entry = |(at, action, subject): (Timestamp, String, String)| {
        vec![("at", at.to_rfc3339()), ("what", action), ("id", subject)]
    };
    Ok(rows.into_iter().map(entry).collect())
}
