//! The audit trail in files for others: what a member's filter shows, and the whole log from
//! the command line. That somebody took it out is an event, too.

use std::io::{self, Write as _};
use std::path::Path;

use domain::limit::EXPORT_PER_MEMBER;
use domain::{Actor, AuditId, MemberId, OrganizationId};
use store::audit::{self, Event};
use store::audit_page::{AuditFilter, Whose};
use vault::ocsf;

use crate::App;
use crate::audit::{Deed, ExportError, told};
use crate::error::AppError;

/// Events in one export of a page at most; the newest ones are taken.
pub const MAX_EXPORTED: usize = 100_000;
/// Events read at a time.
pub const EXPORT_CHUNK: u32 = 500;
/// The file of the whole log beside the entries.
pub const OCSF_FILE: &str = "ocsf.jsonl";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportForm {
    /// One object of the Open Cybersecurity Schema Framework a line.
    Ocsf,
    /// A table for spreadsheets.
    Csv,
}

impl ExportForm {
    /// The word in forms and in the log; also how the file's name ends.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ocsf => "ocsf",
            Self::Csv => "csv",
        }
    }

    /// The form of a word; `None` for a word that is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ocsf, Self::Csv].into_iter().find(|form| form.as_str() == word)
    }
}

/// An event as a line of OCSF, with its line end.
pub fn ocsf_line(event: &Event) -> Result<String, AppError> {
    let place = event.seq.map(i64::cast_unsigned);
    let told = told(event, place.unwrap_or_default())?;
    Ok(format!("{}\n", ocsf::record(&told, place)))
}

/// By what a filter narrows. Never the values: people type anything into a field.
fn narrowed_by(filter: &AuditFilter) -> String {
    let fields = [
        ("installation", filter.whose == Whose::Installation),
        ("from", filter.from.is_some()),
        ("until", filter.until.is_some()),
        ("who", filter.actor.is_some()),
        ("kind", filter.kind.is_some()),
        ("action", filter.action.is_some()),
        ("end", filter.end.is_some()),
        ("thing", filter.subject.is_some()),
    ];
    let set: Vec<&str> = fields.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect();
    if set.is_empty() { "nothing".to_owned() } else { set.join(" ") }
}

impl App {
    /// Keeps that a member takes events out. Returns the event's id: what is older is exported.
    pub async fn begin_audit_export(
        &self,
        organization: OrganizationId,
        member: MemberId,
        form: ExportForm,
        filter: &AuditFilter,
    ) -> Result<AuditId, AppError> {
        self.limits().bound(EXPORT_PER_MEMBER, member).await?;
        let deed = Deed::new(Actor::Member(member), "audit.exported", organization.to_string())
            .with("form", form.as_str())
            .with("narrowed_by", narrowed_by(filter))
            .with("result", "ok");
        let event = self.event(Some(organization), &deed, "done");
        let id = event.id;
        self.organization(organization).write(move |tenant| tenant.record(&event)).await?;
        Ok(id)
    }

    /// Keeps that whoever may run the program's commands takes the whole log out.
    pub async fn note_export_by_command(&self, form: &'static str) -> Result<(), AppError> {
        let deed = Deed::new(Actor::system("command"), "audit.exported", String::from("all"))
            .with("form", form)
            .with("result", "ok");
        let app = self.clone();
        self.store().installation().write(move |tx| app.installation_event(tx, &deed, "done")).await?;
        Ok(())
    }

    /// Writes the events that have their places as OCSF into a folder that is there. Returns
    /// how many.
    pub async fn export_ocsf(&self, folder: &Path) -> Result<i64, ExportError> {
        let mut file = io::BufWriter::new(std::fs::File::create(folder.join(OCSF_FILE))?);
        let mut next = 0;
        loop {
            let first = next;
            let db = self.store().installation();
            let events = db.read(move |tx| audit::sequenced(tx, first, EXPORT_CHUNK)).await?;
            if events.is_empty() {
                break;
            }
            for (event, _) in events {
                file.write_all(ocsf_line(&event)?.as_bytes())?;
                next = event.seq.unwrap_or(next) + 1;
            }
        }
        file.flush()?;
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    /// Names of files look like actions.
    const FILES: [&str; 4] = [OCSF_FILE, "lojista.sqlite", "manifest.json", "um.txt"];

    /// Every `thing.verb` that stands between quotes in this room's sources.
    fn actions_written() -> BTreeSet<String> {
        let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("src");
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        let (mut found, mut paths) = (BTreeSet::new(), vec![folder]);
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let pieces = text
                .split('"')
                .filter(|piece| piece.split_once('.').is_some_and(|(thing, verb)| word(thing) && word(verb)));
            found.extend(pieces.filter(|piece| !FILES.contains(piece)).map(ToOwned::to_owned));
        }
        found
    }

    #[test]
    fn every_action_of_the_house_has_its_row_in_the_schema_and_every_row_its_action() {
        let table: BTreeSet<String> = ocsf::ACTIONS.iter().map(|(action, ..)| (*action).to_owned()).collect();
        let written = actions_written();
        let unmapped: Vec<_> = written.difference(&table).collect();
        assert!(unmapped.is_empty(), "no row in vault::ocsf::ACTIONS: {unmapped:?}");
        let unused: Vec<_> = table.difference(&written).collect();
        assert!(unused.is_empty(), "rows of vault::ocsf::ACTIONS that nobody does: {unused:?}");
    }

    #[test]
    fn what_a_filter_looks_for_stays_out_of_the_log() {
        let filter = AuditFilter { subject: Some("ana@casa.example".into()), ..AuditFilter::default() };
        assert_eq!(narrowed_by(&filter), "thing");
        assert_eq!(narrowed_by(&AuditFilter::default()), "nothing");
    }
}
