//! Audit events and the bytes that stand in the log for them.
//!
//! Leaf, version 1: the byte 1, then length-prefixed fields (32-bit big-endian lengths):
//! sequence (8), id (16), instant in ms (8), phase and outcome (1), actor, action,
//! organization (16 or empty), subject kind, subject id, and for each detail its key and
//! its value, sorted by key. One event has one encoding and one encoding one event.
//! Personal data never goes in: subjects stand by id, so erasure leaves the log whole.

use std::collections::BTreeMap;

use domain::{AuditId, OrganizationId, Timestamp, TypedId};

use crate::encode::Fields;

/// Longest encoded event, in bytes: C2SP tlog-tiles carries lengths in 16 bits.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;
const LEAF_VERSION: u8 = 1;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was tried and went wrong.
    Failed,
}

/// Before or after: an intent without an outcome shows a crash in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// About to be done.
    Intent,
    /// Ended.
    Outcome(Outcome),
}

impl Phase {
    const ALL: [(Self, u8); 4] = [
        (Self::Intent, 0),
        (Self::Outcome(Outcome::Done), 1),
        (Self::Outcome(Outcome::Refused), 2),
        (Self::Outcome(Outcome::Failed), 3),
    ];
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The kind of thing, as the table names it (`order`, `connection`).
    pub kind: String,
    /// Its id; never a name or another personal datum.
    pub id: String,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Position in the log, from 0 without gaps: shows what was deleted or moved.
    pub sequence: u64,
    /// The event itself.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Before or after.
    pub phase: Phase,
    /// Who, as `domain::Actor` prints it.
    pub actor: String,
    /// What, as a verb with its object (`token.reveal`).
    pub action: String,
    /// In which organization; `None` for the installation itself.
    pub organization: Option<OrganizationId>,
    /// About what.
    pub subject: Subject,
    /// More, by name. No personal data.
    pub details: BTreeMap<String, String>,
}

/// Why an event has no bytes, or bytes are no event. Trying again never helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Longer than [`MAX_ENTRY_BYTES`].
    #[error("an audit event of {0} bytes: the limit is {MAX_ENTRY_BYTES}; shorten its details")]
    TooLong(usize),
    /// Written by a newer program, or no event at all.
    #[error("version {0} of an audit event is unknown")]
    UnknownVersion(u8),
    /// Not the encoding of an event.
    #[error("not an audit event: {0}")]
    Malformed(&'static str),
}

impl AuditEvent {
    /// The bytes that stand in the log.
    pub fn encode(&self) -> Result<Vec<u8>, AuditError> {
        let phase = Phase::ALL.iter().find(|(phase, _)| *phase == self.phase).map_or(0, |(_, byte)| *byte);
        let organization = self.organization.map(TypedId::to_bytes);
        let mut fields = Fields::default()
            .field(&self.sequence.to_be_bytes())
            .field(&self.id.to_bytes())
            .field(&self.at.as_millis().to_be_bytes())
            .field(&[phase])
            .field(self.actor.as_bytes())
            .field(self.action.as_bytes())
            .field(organization.as_ref().map_or(&[], <[u8; 16]>::as_slice))
            .field(self.subject.kind.as_bytes())
            .field(self.subject.id.as_bytes());
        for (key, value) in &self.details {
            fields = fields.field(key.as_bytes()).field(value.as_bytes());
        }
        let bytes = [[LEAF_VERSION].as_slice(), &fields.finish()].concat();
        if bytes.len() > MAX_ENTRY_BYTES { Err(AuditError::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// The event of these bytes. Accepts only what [`encode`](Self::encode) writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(AuditError::TooLong(bytes.len()));
        }
        let (version, rest) = bytes.split_first().ok_or(AuditError::Malformed("no bytes"))?;
        if *version != LEAF_VERSION {
            return Err(AuditError::UnknownVersion(*version));
        }
        let mut reader = Reader(rest);
        let sequence = u64::from_be_bytes(reader.array()?);
        let id = AuditId::from_bytes(reader.array()?);
        let at = Timestamp::from_millis(i64::from_be_bytes(reader.array()?));
        let [phase] = reader.array()?;
        let phase = Phase::ALL.iter().find(|(_, byte)| *byte == phase).map(|(phase, _)| *phase);
        let phase = phase.ok_or(AuditError::Malformed("an unknown phase"))?;
        let (actor, action) = (reader.text()?, reader.text()?);
        let organization = reader.organization()?;
        let subject = Subject { kind: reader.text()?, id: reader.text()? };
        let details = reader.details()?;
        Ok(Self { sequence, id, at, phase, actor, action, organization, subject, details })
    }
}

/// Reads length-prefixed fields.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn field(&mut self) -> Result<&'a [u8], AuditError> {
        let cut = AuditError::Malformed("a field is cut off");
        let (length, rest) = self.0.split_first_chunk().ok_or(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut)?;
        let (field, rest) = rest.split_at_checked(length).ok_or(cut)?;
        self.0 = rest;
        Ok(field)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], AuditError> {
        self.field()?.try_into().map_err(|_| AuditError::Malformed("a field of another length"))
    }

    fn text(&mut self) -> Result<String, AuditError> {
        let text = std::str::from_utf8(self.field()?);
        text.map(str::to_owned).map_err(|_| AuditError::Malformed("a text that is not UTF-8"))
    }

    fn organization(&mut self) -> Result<Option<OrganizationId>, AuditError> {
        let field = self.field()?;
        if field.is_empty() {
            return Ok(None);
        }
        let bytes =
            field.try_into().map_err(|_| AuditError::Malformed("an organization of another length"))?;
        Ok(Some(OrganizationId::from_bytes(bytes)))
    }

    fn details(&mut self) -> Result<BTreeMap<String, String>, AuditError> {
        let mut details: BTreeMap<String, String> = BTreeMap::new();
        while !self.0.is_empty() {
            let (key, value) = (self.text()?, self.text()?);
            if details.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(AuditError::Malformed("details out of order"));
            }
            details.insert(key, value);
        }
        Ok(details)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use domain::{Actor, SeededEntropy};
    use proptest::prelude::*;

    pub(crate) fn event(sequence: u64) -> AuditEvent {
        let entropy = SeededEntropy::new(sequence);
        let at = Timestamp::from_millis(1_767_623_400_000 + i64::try_from(sequence).unwrap());
        AuditEvent {
            sequence,
            id: AuditId::new(at, &entropy),
            at,
            phase: Phase::Outcome(Outcome::Done),
            actor: Actor::system("test").to_string(),
            action: "order.read".to_owned(),
            organization: Some(OrganizationId::new(at, &entropy)),
            subject: Subject { kind: "order".to_owned(), id: format!("ord_{sequence}") },
            details: BTreeMap::from([("purpose".to_owned(), "dispatch_order".to_owned())]),
        }
    }

    #[test]
    fn the_encoding_is_the_documented_one() {
        let event = AuditEvent {
            sequence: 5,
            id: AuditId::from_bytes([0xaa; 16]),
            at: Timestamp::from_millis(-1),
            phase: Phase::Intent,
            actor: "a".to_owned(),
            action: "b".to_owned(),
            organization: None,
            subject: Subject { kind: "c".to_owned(), id: String::new() },
            details: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        };
        let expected = [
            "01",
            "00000008 0000000000000005",
            "00000010 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "00000008 ffffffffffffffff",
            "00000001 00",
            "00000001 61",
            "00000001 62",
            "00000000",
            "00000001 63",
            "00000000",
            "00000001 6b 00000001 76",
        ];
        let hex = expected.concat().replace(' ', "");
        assert_eq!(crate::encode::to_hex(&event.encode().unwrap()), hex);
    }

    #[test]
    fn every_phase_survives() {
        for (phase, _) in Phase::ALL {
            let event = AuditEvent { phase, ..event(1) };
            assert_eq!(AuditEvent::decode(&event.encode().unwrap()), Ok(event));
        }
    }

    #[test]
    fn an_event_of_64_kib_is_refused_and_the_longest_allowed_one_is_not() {
        let with = |length| {
            let details = BTreeMap::from([("text".to_owned(), "x".repeat(length))]);
            AuditEvent { details, ..event(1) }.encode()
        };
        let overhead = with(0).unwrap().len();
        let longest = with(MAX_ENTRY_BYTES - overhead).unwrap();
        assert_eq!(longest.len(), MAX_ENTRY_BYTES);
        assert!(AuditEvent::decode(&longest).is_ok());
        let refused = with(MAX_ENTRY_BYTES - overhead + 1);
        assert_eq!(refused, Err(AuditError::TooLong(MAX_ENTRY_BYTES + 1)));
    }

    #[test]
    fn a_cut_event_is_refused_at_any_length() {
        let bytes = AuditEvent { details: BTreeMap::new(), ..event(1) }.encode().unwrap();
        for length in 0..bytes.len() {
            assert!(AuditEvent::decode(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn details_out_of_order_or_twice_are_refused() {
        let base = AuditEvent { details: BTreeMap::new(), ..event(1) }.encode().unwrap();
        let with = |pairs: [&str; 2]| {
            let fields =
                pairs.iter().fold(Fields::default(), |fields, key| fields.field(key.as_bytes()).field(b""));
            AuditEvent::decode(&[base.clone(), fields.finish()].concat())
        };
        assert!(with(["a", "b"]).is_ok());
        for pairs in [["b", "a"], ["a", "a"]] {
            assert_eq!(with(pairs), Err(AuditError::Malformed("details out of order")), "{pairs:?}");
        }
    }

    #[test]
    fn an_unknown_version_or_phase_is_refused() {
        let mut bytes = event(1).encode().unwrap();
        bytes[0] = 2;
        assert_eq!(AuditEvent::decode(&bytes), Err(AuditError::UnknownVersion(2)));
        bytes[0] = 1;
        // Behind the version: sequence, id and instant with their lengths, then the phase's length.
        bytes[1 + 12 + 20 + 12 + 4] = 4;
        assert_eq!(AuditEvent::decode(&bytes), Err(AuditError::Malformed("an unknown phase")));
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(details: BTreeMap<String, String>, actor: String) {
            let event = AuditEvent { actor, details, ..event(7) };
            let bytes = event.encode().unwrap();
            prop_assert_eq!(AuditEvent::decode(&bytes), Ok(event));
        }

        #[test]
        fn a_changed_byte_is_refused_or_is_another_event(at: prop::sample::Index, flip in 1_u8..) {
            let mut bytes = event(7).encode().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(other) = AuditEvent::decode(&bytes) {
                prop_assert_ne!(&other, &event(7));
                prop_assert_eq!(other.encode().unwrap(), bytes);
            }
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            let _ = AuditEvent::decode(&[vec![LEAF_VERSION], bytes].concat());
        }
    }
}
