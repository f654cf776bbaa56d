//! Values on their way in and columns on their way out, the same for both engines.

use bytes::BytesMut;
use domain::{Timestamp, TypedId};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::error::{StoreError, StoreResult};

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Val<'a> {
    /// SQL NULL.
    Null,
    /// A whole number, a time in milliseconds, or a yes/no as 1/0.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A typed id: 16 bytes on SQLite, `uuid` on PostgreSQL.
    Id([u8; 16]),
}

/// A parameter that outlives what it was taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnVal {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id([u8; 16]),
}

impl OwnVal {
    pub(super) fn lent(&self) -> Val<'_> {
        match self {
            Self::Null => Val::Null,
            Self::Int(value) => Val::Int(*value),
            Self::Text(value) => Val::Text(value),
            Self::Bytes(value) => Val::Bytes(value),
            Self::Id(value) => Val::Id(*value),
        }
    }
}

impl From<Val<'_>> for OwnVal {
    fn from(value: Val<'_>) -> Self {
        match value {
            Val::Null => Self::Null,
            Val::Int(value) => Self::Int(value),
            Val::Text(value) => Self::Text(value.to_owned()),
            Val::Bytes(value) => Self::Bytes(value.to_owned()),
            Val::Id(value) => Self::Id(value),
        }
    }
}

impl From<i64> for Val<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Val<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<bool> for Val<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<Timestamp> for Val<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_millis())
    }
}

impl<'a> From<&'a str> for Val<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Val<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Val<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Val<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<'a, T: Into<Val<'a>>> From<Option<T>> for Val<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Val<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value, ValueRef};
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
            Self::Id(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

impl ToSql for Val<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
            Self::Id(value) => {
                out.extend_from_slice(value);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// One row of an answer.
#[derive(Debug)]
pub enum Row<'r> {
    /// Of SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of PostgreSQL.
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// The column at `index`.
    pub fn get<T: Column>(&self, index: usize) -> StoreResult<T> {
        T::from_row(self, index)
    }

    /// The column at `index` through a parser of words; names table and column when the
    /// word is not known.
    pub fn word<T>(
        &self,
        index: usize,
        table: &'static str,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> StoreResult<T> {
        let text: String = self.get(index)?;
        parse(&text).ok_or(StoreError::Inconsistent { table, column, value: text })
    }
}

/// A type that a column can be read as.
pub trait Column: Sized {
    /// Reads the column at `index`.
    fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self>;
}

macro_rules! plain_column {
    ($($ty:ty),*) => {$(
        impl Column for $ty {
            fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
                match row {
                    Row::Sqlite(row) => Ok(row.get(index)?),
                    Row::Postgres(row) => Ok(row.try_get(index)?),
                }
            }
        }
        impl Column for Option<$ty> {
            fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
                match row {
                    Row::Sqlite(row) => Ok(row.get(index)?),
                    Row::Postgres(row) => Ok(row.try_get(index)?),
                }
            }
        }
    )*};
}

plain_column!(i64, String, Vec<u8>);

impl Column for bool {
    fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
        Ok(i64::from_row(row, index)? != 0)
    }
}

impl Column for Timestamp {
    fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
        Ok(Self::from_millis(i64::from_row(row, index)?))
    }
}

impl Column for Option<Timestamp> {
    fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
        Ok(Option::<i64>::from_row(row, index)?.map(Timestamp::from_millis))
    }
}

/// 16 raw bytes of a `uuid` column.
pub(super) struct RawId(pub(super) [u8; 16]);

impl<'a> tokio_postgres::types::FromSql<'a> for RawId {
    fn from_sql(_ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}

impl Row<'_> {
    fn id_bytes(&self, index: usize) -> StoreResult<Option<[u8; 16]>> {
        Ok(match self {
            Row::Sqlite(row) => row.get(index)?,
            Row::Postgres(row) => row.try_get::<_, Option<RawId>>(index)?.map(|raw| raw.0),
        })
    }
}

macro_rules! id_columns {
    ($($id:ident),* $(,)?) => {$(
        impl From<domain::$id> for Val<'_> {
            fn from(value: domain::$id) -> Self {
                Self::Id(value.to_bytes())
            }
        }
        impl Column for Option<domain::$id> {
            fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
                Ok(row.id_bytes(index)?.map(domain::$id::from_bytes))
            }
        }
        impl Column for domain::$id {
            fn from_row(row: &Row<'_>, index: usize) -> StoreResult<Self> {
                Option::<Self>::from_row(row, index)?.ok_or_else(|| {
                    StoreError::Driver(format!("column {index} holds no {} id", Self::PREFIX))
                })
            }
        }
    )*};
}

id_columns!(
    AnswerId,
    AuditId,
    BackupRunId,
    CaseId,
    ApiKeyId,
    GrantId,
    InvitationId,
    ReviewId,
    ConnectionId,
    DataKeyId,
    DraftId,
    ImportId,
    JobId,
    KeyRotationId,
    LedgerEntryId,
    LineId,
    HoldId,
    ListingId,
    MailId,
    MemberId,
    OrderId,
    OrganizationId,
    OutboxId,
    PictureId,
    PriceBatchId,
    PriceChangeId,
    ProductId,
    SessionId,
    SkuId,
    StockTakeId,
    SubjectId,
    TicketId,
    DifferenceId,
    NoticeId,
    PasskeyId,
    RequestId,
    SheetId,
    ViewId,
);

/// Builds the parameter list of a statement.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Val::from($value)),*] };
}
