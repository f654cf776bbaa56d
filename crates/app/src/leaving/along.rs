//! What an organization takes along: everything of its own as a zip of JSON lines, one file after
//! the other for each table, personal data opened, made while it is read.
//!
//! The format is told in `docs/leaving.md`, in the archive's own `README.txt`, and for programs in
//! its `manifest.json`.

use std::collections::VecDeque;
use std::fmt::Write as _;

use domain::limit::EXPORT_PER_MEMBER;
use domain::{
    Actor, AuditId, Confidential, Grant, Guarded, MemberId, OrganizationId, Purpose, Restricted, Timestamp,
    TypedId as _,
};
use serde_json::{Map, Value, json};
use store::backup::{self as tables, Table};
use store::keys::KeyOwner;
use store::leaving::OWNER;
use store::{StoreError, StoreResult, Tenant, Val};
use vault::{DataKey, Place, Sealed};

use super::zip::{TooLarge, Zip};
use crate::App;
use crate::audit::{Deed, NotDone};
use crate::error::AppError;

/// Bytes of rows in one file of the archive before it is compressed, after which the next one begins:
/// 1 MiB. So much, the rows of one more reading and what that compresses to are in memory at once,
/// however large the organization is.
pub const PART_BYTES: usize = 1 << 20;
/// Rows read at once.
const ROWS_READ: u32 = 256;
/// The last millisecond that RFC 3339 can say: 9999-12-31T23:59:59.999Z.
const LAST_INSTANT: i64 = 253_402_300_799_999;

/// Tables with rows of the organization that are not taken along, and why.
pub const LEFT_HERE: [(&str, &str); 17] = [
    ("authenticator", "secrets of members' second factors"),
    ("authorization_attempt", "works once, for minutes"),
    ("buyer_term", "keyed hashes, of no use elsewhere"),
    ("challenge", "works once, for minutes"),
    ("data_key", "keys; what they seal is in the files as it is"),
    ("device", "marks of members' browsers"),
    ("familiar_network", "keyed hashes, of no use elsewhere"),
    ("job", "work of this installation that waits"),
    ("mail", "letters that wait for minutes"),
    ("outbox", "work of this installation that waits"),
    ("pace", "how fast a platform is asked just now"),
    ("passkey", "opens nothing elsewhere"),
    ("privacy_ticket", "works once, for minutes"),
    ("provider_attempt", "works once, for minutes"),
    ("recovery_code", "hashes of members' codes"),
    ("recovery_link", "works once, for an hour"),
    ("session", "who is signed in just now"),
];
/// Texts that are secrets or hashes of them.
const SECRETS: [&str; 1] = ["password_hash"];
/// Instants whose names do not end as the others' do, and what ends so and is none.
const INSTANTS: [&str; 7] =
    ["at", "ship_by", "review_by", "swept_to", "covered_to", "orders_from", "orders_to"];
const NO_INSTANT: &str = "place_at";

/// Sealed columns that are opened, and what they are called in the file.
pub const OPENED: [(&str, &str, &str); 5] = [
    ("case_answer", "text_sealed", "text"),
    ("invitation", "email_sealed", "email"),
    ("member", "email_sealed", "email"),
    ("privacy_request", "answer_sealed", "answer"),
    ("privacy_request", "person_sealed", "person"),
];

/// Columns that are files of their own in the archive: table, column, the end of their names. A row says in
/// `file` which one is its.
const FILES: [(&str, &str, &str); 1] = [("product_picture", "bytes", "jpg")];

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Readme,
    Tables,
    Manifest,
    Over,
}

/// An archive under way: each piece of it is made when it is asked for.
pub struct TakenAlong {
    app: App,
    organization: OrganizationId,
    by: MemberId,
    name: String,
    made_at: Timestamp,
    begun_at: Timestamp,
    readme: String,
    stage: Stage,
    zip: Zip,
    /// Tables that are still to come, the one that is being read first.
    left: VecDeque<Table>,
    /// The key of the row that was read last of it.
    after: Option<Vec<u8>>,
    /// Files of it so far.
    parts: u32,
    /// What the manifest says of the files.
    files: Vec<Value>,
    rows: u64,
}

impl std::fmt::Debug for TakenAlong {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "TakenAlong({}, {:?}, {} rows)", self.organization, self.stage, self.rows)
    }
}

/// Rows of a table as JSON lines.
struct Part {
    text: String,
    /// Files that the rows speak of, by name.
    files: Vec<(String, Vec<u8>)>,
    rows: u64,
    /// The key of the last one, if there may be more.
    after: Option<Vec<u8>>,
}

impl App {
    /// Begins an archive of everything of the organization; that it was begun is an event, and how it
    /// ended another one. `readme` is what stands in it for people.
    pub async fn take_along(
        &self,
        organization: OrganizationId,
        by: MemberId,
        readme: String,
    ) -> Result<TakenAlong, AppError> {
        self.limits().bound(EXPORT_PER_MEMBER, by).await?;
        let (app, deed) = (self.clone(), deed(organization, by));
        let held = self.organization(organization);
        let name = held.write(move |tenant| {
            app.intent(tenant, &deed)?;
            tenant.name()
        });
        let name = name.await?;
        let db = self.store().installation();
        let read = move |tx: &mut store::Tx<'_>| {
            Ok((tables::tables(tx)?, store::leaving::made_at(tx, organization)?))
        };
        let (all, made_at) = db.read(read).await?;
        Ok(TakenAlong {
            app: self.clone(),
            organization,
            by,
            name,
            made_at: made_at.ok_or(AppError::NotFound("organization"))?,
            begun_at: self.clock().now(),
            readme,
            stage: Stage::Readme,
            zip: Zip::default(),
            left: taken(all).into(),
            after: None,
            parts: 0,
            files: Vec::new(),
            rows: 0,
        })
    }
}

fn deed(organization: OrganizationId, by: MemberId) -> Deed {
    let deed = Deed::new(Actor::Member(by), "organization.copied", organization.to_string());
    deed.with("purpose", Purpose::Disclose.as_str())
}

/// The tables whose rows are taken along.
#[must_use]
pub fn taken(tables: Vec<Table>) -> Vec<Table> {
    let stays = |name: &str| LEFT_HERE.iter().any(|(left, _)| *left == name);
    let theirs = |table: &Table| table.columns.iter().any(|column| column == OWNER) && !stays(&table.name);
    tables.into_iter().filter(theirs).collect()
}

impl TakenAlong {
    /// The next bytes of the archive, and what comes behind them; `None` when that was all. A failure
    /// stands in the log, and the file lacks its end, so that nobody takes a part for the whole.
    pub async fn next(mut self) -> Result<Option<(Vec<u8>, Self)>, AppError> {
        match self.piece().await {
            Ok(piece) => Ok(piece.map(|bytes| (bytes, self))),
            Err(error) => {
                let (app, deed) = (self.app.clone(), deed(self.organization, self.by));
                let why = error.problem().as_str();
                let told = self.app.organization(self.organization);
                told.write(move |tenant| app.not_done(tenant, &deed, NotDone::Failed, why)).await?;
                Err(error)
            }
        }
    }

    async fn piece(&mut self) -> Result<Option<Vec<u8>>, AppError> {
        match self.stage {
            Stage::Readme => {
                self.stage = Stage::Tables;
                let text = self.readme.clone();
                self.pack(vec![("README.txt".to_owned(), text.into_bytes())]).await.map(Some)
            }
            Stage::Tables => {
                while let Some(table) = self.left.front().cloned() {
                    if let Some(bytes) = self.part_of(table).await? {
                        return Ok(Some(bytes));
                    }
                }
                self.stage = Stage::Manifest;
                let text = format!("{:#}\n", self.manifest());
                self.pack(vec![("manifest.json".to_owned(), text.into_bytes())]).await.map(Some)
            }
            Stage::Manifest => {
                self.stage = Stage::Over;
                let (app, rows) = (self.app.clone(), self.rows);
                let deed = deed(self.organization, self.by).with("rows", rows);
                let told = self.app.organization(self.organization);
                told.write(move |tenant| app.outcome(tenant, &deed, "ok")).await?;
                Ok(Some(std::mem::take(&mut self.zip).end()))
            }
            Stage::Over => Ok(None),
        }
    }

    /// The next file of a table; `None` when it has no more rows.
    async fn part_of(&mut self, table: Table) -> Result<Option<Vec<u8>>, AppError> {
        let name = table.name.clone();
        let Part { text, mut files, rows, after } = self.read(table).await?;
        let ends = after.is_none();
        self.after = after;
        if ends {
            self.left.pop_front();
        }
        self.parts += 1;
        let file = format!("{name}-{:05}.jsonl", self.parts);
        if ends {
            self.parts = 0;
        }
        if rows == 0 {
            return Ok(None);
        }
        self.rows += rows;
        self.files.push(json!({"file": file, "table": name, "rows": rows}));
        files.insert(0, (file, text.into_bytes()));
        self.pack(files).await.map(Some)
    }

    async fn read(&self, table: Table) -> Result<Part, AppError> {
        let app = self.app.clone();
        let after = self.after.clone();
        // tidy: allowed because an owner takes along what is the organization's; that they do is in the log
        let grant = Grant::issue(Actor::Member(self.by), Purpose::Disclose, self.app.clock().now());
        let held = self.app.organization(self.organization);
        let read = held.read(move |tenant| {
            let is_opened = OPENED.iter().any(|(opened, ..)| *opened == table.name);
            let key = is_opened.then(|| app.data_key(tenant, KeyOwner::Organization)).transpose()?;
            let reader = Reader { organization: tenant.organization_id(), table: &table, key, grant };
            reader.part(tenant, after)
        });
        Ok(read.await?)
    }

    /// Compresses files off the threads that answer requests.
    async fn pack(&mut self, files: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>, AppError> {
        let mut zip = std::mem::take(&mut self.zip);
        let packed = tokio::task::spawn_blocking(move || {
            let each = files.iter().map(|(name, content)| zip.file(name, content));
            let bytes = each.collect::<Result<Vec<_>, TooLarge>>().map(|each| each.concat());
            (zip, bytes)
        });
        let (zip, bytes) = packed.await.map_err(|_| StoreError::Panicked)?;
        self.zip = zip;
        bytes.map_err(|TooLarge| AppError::BadJob("a file is too large for the archive".to_owned()))
    }

    /// What the archive holds, for programs.
    fn manifest(&self) -> Value {
        let left: Vec<Value> =
            LEFT_HERE.iter().map(|(table, why)| json!({"table": table, "why": why})).collect();
        json!({
            "format": "lojista organization 1",
            "program": env!("CARGO_PKG_VERSION"),
            "organization": {
                "id": self.organization.to_string(),
                "name": self.name,
                "created_at": self.made_at.to_rfc3339(),
            },
            "begun_at": self.begun_at.to_rfc3339(),
            "files": self.files,
            "not_taken": left,
        })
    }
}

/// Reads rows of one table for whoever takes them along.
struct Reader<'a> {
    organization: OrganizationId,
    table: &'a Table,
    key: Option<DataKey>,
    grant: Grant,
}

impl Reader<'_> {
    fn part(&self, tenant: &mut Tenant<'_, '_>, mut after: Option<Vec<u8>>) -> StoreResult<Part> {
        let (mut text, mut files, mut rows) = (String::new(), Vec::new(), 0);
        let at_once = self.table.rows_at_once(ROWS_READ);
        while text.len() + files.iter().map(|(_, it): &(_, Vec<u8>)| it.len()).sum::<usize>() < PART_BYTES {
            let page = tenant.own_rows(self.table, after.as_deref(), at_once)?;
            let mut read = 0;
            for (row, key) in page.each() {
                // Writing to a text cannot fail.
                let _ = writeln!(text, "{}", Value::Object(self.line(row, &mut files)?));
                after = Some(key.to_vec());
                read += 1;
            }
            rows += u64::from(read);
            if read < at_once {
                return Ok(Part { text, files, rows, after: None });
            }
        }
        Ok(Part { text, files, rows, after })
    }

    /// A row: ids as pages show them but for their prefix, instants in RFC 3339, what is sealed opened
    /// or left out, hashes left out, what is a file put beside it.
    fn line(&self, row: &[u8], files: &mut Vec<(String, Vec<u8>)>) -> StoreResult<Map<String, Value>> {
        let values = tables::values(row, self.table.columns.len())?;
        let id = self.table.columns.iter().zip(&values).find(|(column, _)| *column == "id");
        let id = id.and_then(|(_, value)| bytes_of(value)).and_then(|bytes| bytes.try_into().ok());
        let mut fields = Map::new();
        for (column, value) in self.table.columns.iter().zip(&values) {
            if column == OWNER || SECRETS.contains(&column.as_str()) {
                continue;
            }
            let opened =
                OPENED.iter().find(|(table, sealed, _)| self.table.name == *table && column == sealed);
            let is_file = FILES.iter().find(|(table, it, _)| self.table.name == *table && column == it);
            if let Some((table, _, end)) = is_file {
                let (Some(id), Some(bytes)) = (id, bytes_of(value)) else { continue };
                let id = AuditId::from_bytes(id).to_string();
                let name = format!("{table}/{}.{end}", id.split_once('_').map_or("", |(_, id)| id));
                fields.insert("file".to_owned(), name.clone().into());
                files.push((name, bytes.to_vec()));
            } else if let Some((.., sealed, name)) = opened {
                fields.insert((*name).to_owned(), self.open(sealed, id, value)?);
            } else if let Some(told) = told(column, value) {
                fields.insert(column.clone(), told);
            }
        }
        Ok(fields)
    }

    fn open(&self, column: &'static str, id: Option<[u8; 16]>, value: &Val<'_>) -> StoreResult<Value> {
        let Some(sealed) = bytes_of(value) else { return Ok(Value::Null) };
        let (Some(key), Some(id)) = (&self.key, id) else {
            return Err(StoreError::Driver(format!("{} cannot be opened", self.table.name)));
        };
        let opened = OPENED.iter().find(|(table, it, _)| self.table.name == *table && *it == column);
        let table = opened.map_or("", |(table, ..)| *table);
        // A place takes the bytes of an id alone, whosever they are.
        let place = Place::new(self.organization, table, column, AuditId::from_bytes(id), 1);
        let text = match table {
            "case_answer" => self.opened::<Restricted<String>>(key, &place, sealed)?,
            _ => self.opened::<Confidential<String>>(key, &place, sealed)?,
        };
        if column != "person_sealed" {
            return Ok(Value::String(text));
        }
        let person = serde_json::from_str::<Map<String, Value>>(&text);
        person.map(Value::Object).map_err(|error| crate::privacy::unreadable(&error))
    }

    fn opened<T>(&self, key: &DataKey, place: &Place, sealed: &[u8]) -> StoreResult<String>
    where
        T: Guarded<Value = String>,
    {
        let opened =
            crate::secrets::open::<T>(key, place, &Sealed::from_bytes(sealed.to_vec()), &self.grant)?;
        Ok(opened.value(&self.grant).clone())
    }
}

const fn bytes_of<'v>(value: &'v Val<'_>) -> Option<&'v [u8]> {
    match value {
        Val::Bytes(bytes) => Some(bytes),
        Val::Id(id) => Some(id),
        Val::Null | Val::Int(_) | Val::Text(_) => None,
    }
}

/// A value as the file has it; `None` for what stays here.
fn told(column: &str, value: &Val<'_>) -> Option<Value> {
    let names = |last: &[&str]| last.iter().any(|last| column.ends_with(last));
    Some(match value {
        Val::Null if column.ends_with("_sealed") => return None,
        Val::Null => Value::Null,
        Val::Int(at) if is_instant(column) && (0..=LAST_INSTANT).contains(at) => {
            Timestamp::from_millis(*at).to_rfc3339().into()
        }
        Val::Int(number) => (*number).into(),
        Val::Text(text) => (*text).into(),
        Val::Bytes(_) | Val::Id(_) if column != "id" && !names(&["_id", "_by"]) => return None,
        Val::Bytes(_) | Val::Id(_) => {
            let id = AuditId::from_bytes(bytes_of(value)?.try_into().ok()?).to_string();
            id.split_once('_').map(|(_, id)| id.to_owned())?.into()
        }
    })
}

fn is_instant(column: &str) -> bool {
    column != NO_INSTANT && (column.ends_with("_at") || INSTANTS.contains(&column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_as_people_read_them_and_hashes_stay() {
        let id = [7; 16];
        assert_eq!(told("placed_at", &Val::Int(0)), Some("1970-01-01T00:00:00.000Z".into()));
        assert_eq!(told("ship_by", &Val::Int(0)), Some("1970-01-01T00:00:00.000Z".into()));
        assert_eq!(told("ended_at", &Val::Null), Some(Value::Null));
        for (column, number) in [("units", 3), ("place_at", 3), ("placed_at", i64::MAX), ("placed_at", -1)] {
            assert_eq!(told(column, &Val::Int(number)), Some(number.into()), "{column}");
        }
        let text = AuditId::from_bytes(id).to_string();
        for column in ["id", "order_id", "asked_by"] {
            let told = told(column, &Val::Bytes(&id)).expect("an id is told");
            assert!(text.ends_with(told.as_str().unwrap()) && told.as_str().unwrap().len() == 26, "{told}");
        }
        for column in ["email_index", "token_hash", "leaf", "access_sealed"] {
            assert_eq!(told(column, &Val::Bytes(&id)), None, "{column}");
        }
        assert_eq!(told("refresh_sealed", &Val::Null), None);
        assert_eq!(told("order_id", &Val::Bytes(&[1, 2])), None, "what is no id is not shown as one");
    }
}
