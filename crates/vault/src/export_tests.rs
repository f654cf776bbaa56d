use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::audit::tests::event;
use crate::checkpoint::LogSigner;
use domain::SeededEntropy;
use proptest::prelude::*;

const NAME: &str = "shop.example/audit";

/// An honest log that a test then tampers with, and what an outsider finds in its export.
struct Log {
    signer: LogSigner,
    entries: Vec<Vec<u8>>,
    notes: Vec<String>,
    /// Entries in one file of the export.
    per_file: usize,
    /// Bytes cut off the end of the last entry file.
    cut: usize,
}

impl Log {
    /// Twelve entries with checkpoints at 4, 8 and 12.
    fn honest() -> Self {
        Self::with(12, &[4, 8, 12])
    }

    fn with(count: u64, checkpoints: &[usize]) -> Self {
        let entries = (0..count).map(|sequence| event(sequence).encode().unwrap()).collect();
        let mut log = Self { signer: signer(1), entries, notes: Vec::new(), per_file: 5, cut: 0 };
        for size in checkpoints {
            let note = log.note_at(*size);
            log.notes.push(note);
        }
        log
    }

    fn note_at(&self, size: usize) -> String {
        self.signer.sign(size as u64, self.root_at(size))
    }

    fn root_at(&self, size: usize) -> Hash {
        let mut frontier = Frontier::empty();
        for entry in &self.entries[..size] {
            frontier.append(leaf_hash(entry));
        }
        frontier.root()
    }

    /// Gives the entries the numbers of their positions, as a careful forger would.
    fn renumber(&mut self) {
        for (position, entry) in (0..).zip(&mut self.entries) {
            let mut event = AuditEvent::decode(entry).unwrap();
            event.sequence = position;
            *entry = event.encode().unwrap();
        }
    }

    fn edit(&mut self, position: usize) {
        let mut event = AuditEvent::decode(&self.entries[position]).unwrap();
        event.actor = "member:somebody_else".to_owned();
        self.entries[position] = event.encode().unwrap();
    }

    fn verify(&self) -> Report {
        self.verify_with(&[])
    }

    /// The same with notes that were kept outside, in files `kept-0`, `kept-1` …
    fn verify_with(&self, kept: &[String]) -> Report {
        static EXPORTS: AtomicU32 = AtomicU32::new(0);
        let number = EXPORTS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("export-{}-{number}", std::process::id()));
        let file = |kind, number| folder.join(kind).join(format!("{number:012}"));
        fs::create_dir_all(folder.join(ENTRIES_FOLDER)).unwrap();
        fs::create_dir_all(folder.join(CHECKPOINTS_FOLDER)).unwrap();
        let files = self.entries.len().div_ceil(self.per_file);
        for (index, entries) in self.entries.chunks(self.per_file).enumerate() {
            let mut bytes = Vec::new();
            for entry in entries {
                write_entry(&mut bytes, entry).unwrap();
            }
            let cut = if index + 1 == files { self.cut } else { 0 };
            bytes.truncate(bytes.len() - cut);
            fs::write(file(ENTRIES_FOLDER, index * self.per_file), bytes).unwrap();
        }
        for (index, note) in self.notes.iter().enumerate() {
            fs::write(file(CHECKPOINTS_FOLDER, index), note).unwrap();
        }
        let mut files = Vec::new();
        for (index, note) in kept.iter().enumerate() {
            files.push(folder.join(format!("kept-{index}")));
            fs::write(&files[index], note).unwrap();
        }
        let mut report = verify_export_with(&folder, signer(1).verifier(), &files).unwrap();
        for it in &mut report.kept {
            it.checkpoint = name_of(Path::new(&it.checkpoint));
        }
        fs::remove_dir_all(&folder).unwrap();
        report
    }
}

fn signer(seed: u64) -> LogSigner {
    LogSigner::generate(NAME, &SeededEntropy::new(seed)).unwrap()
}

fn note_file(index: usize) -> String {
    format!("{index:012}")
}

fn changed(after: u64, up_to: u64, note: usize) -> Finding {
    Finding::Changed { after, up_to, checkpoint: note_file(note) }
}

#[test]
fn an_honest_log_is_clean_and_proven_to_its_newest_checkpoint() {
    let report = Log::honest().verify();
    let expected = Report { entries: 12, checkpoints: 3, proven: 12, ..Report::default() };
    assert_eq!(report, expected);
    assert!(report.is_clean());
}

#[test]
fn entries_behind_the_newest_checkpoint_are_counted_but_not_proven() {
    let report = Log::with(12, &[8]).verify();
    assert!(report.is_clean());
    assert_eq!((report.entries, report.proven), (12, 8));
}

#[test]
fn an_empty_log_with_its_checkpoint_is_clean() {
    let report = Log::with(0, &[0]).verify();
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn the_same_checkpoint_published_twice_is_harmless() {
    let mut log = Log::honest();
    log.notes.push(log.note_at(12));
    assert!(log.verify().is_clean());
}

/// ASVS 16.4.2.
#[test]
fn an_edited_entry_is_found_between_two_checkpoints() {
    let mut log = Log::honest();
    log.edit(5);
    let report = log.verify();
    assert_eq!(report.findings, [changed(4, 8, 1)]);
    assert_eq!(report.proven, 4);
}

#[test]
fn a_deleted_entry_is_named() {
    let mut log = Log::honest();
    log.entries.remove(5);
    let findings = log.verify().findings;
    assert_eq!(findings, [changed(4, 8, 1), Finding::Deleted { from: 5, to: 6 }]);
}

#[test]
fn an_entry_deleted_and_the_rest_renumbered_is_found_all_the_same() {
    let mut log = Log::honest();
    log.entries.remove(5);
    log.renumber();
    let truncated = Finding::Truncated { found: 11, signed: 12, checkpoint: note_file(2) };
    assert_eq!(log.verify().findings, [changed(4, 8, 1), truncated]);
}

#[test]
fn an_inserted_entry_is_named() {
    let mut log = Log::honest();
    let mut forged = event(5);
    forged.action = "token.reveal".to_owned();
    log.entries.insert(5, forged.encode().unwrap());
    let inserted = Finding::Inserted { sequence: 5, position: 6 };
    assert_eq!(log.verify().findings, [inserted, changed(4, 8, 1)]);
}

#[test]
fn an_entry_inserted_and_the_rest_renumbered_is_found_all_the_same() {
    let mut log = Log::honest();
    log.entries.insert(5, event(99).encode().unwrap());
    log.renumber();
    assert_eq!(log.verify().findings, [changed(4, 8, 1)]);
}

#[test]
fn reordered_entries_are_named() {
    let mut log = Log::honest();
    log.entries.swap(5, 6);
    let reordered = Finding::Reordered { sequence: 5, position: 6 };
    assert_eq!(log.verify().findings, [reordered, changed(4, 8, 1)]);
}

#[test]
fn an_entry_moved_out_of_a_deleted_run_leaves_the_rest_of_the_run_deleted() {
    let mut log = Log::with(12, &[]);
    log.notes = vec![log.note_at(12)];
    let moved = log.entries.remove(6);
    log.entries.insert(8, moved);
    log.entries.drain(5..7);
    let reordered = Finding::Reordered { sequence: 6, position: 6 };
    let deleted = [Finding::Deleted { from: 5, to: 6 }, Finding::Deleted { from: 7, to: 8 }];
    let findings = log.verify().findings;
    assert_eq!(findings[0], reordered);
    assert_eq!(findings[1..], deleted);
}

#[test]
fn a_truncated_tail_is_named() {
    for left in [0, 1, 5, 8, 10, 11] {
        let mut log = Log::honest();
        log.entries.truncate(left);
        let found = left as u64;
        let truncated = Finding::Truncated { found, signed: 12, checkpoint: note_file(2) };
        assert_eq!(log.verify().findings, [truncated], "{left} left");
    }
}

#[test]
fn a_tail_cut_together_with_its_checkpoint_is_exposed_by_one_that_an_outsider_kept() {
    let kept = Log::honest().note_at(12);
    let mut log = Log::honest();
    log.entries.truncate(8);
    log.notes.pop();
    assert!(log.verify().is_clean(), "nothing published is missing");
    log.notes.push(kept);
    let truncated = Finding::Truncated { found: 8, signed: 12, checkpoint: note_file(2) };
    assert_eq!(log.verify().findings, [truncated]);
}

#[test]
fn a_fork_is_named() {
    let mut other_view = Log::honest();
    other_view.edit(9);
    let mut log = Log::honest();
    log.notes.push(other_view.note_at(12));
    let forked = Finding::Forked { size: 12, one: note_file(2), other: note_file(3) };
    assert_eq!(log.verify().findings, [forked]);
}

#[test]
fn a_history_rewritten_and_signed_anew_does_not_fit_an_older_checkpoint() {
    let old = Log::honest().note_at(8);
    let mut log = Log::with(12, &[]);
    log.edit(3);
    log.notes = vec![old, log.note_at(12)];
    assert_eq!(log.verify().findings, [changed(0, 8, 0)]);
}

#[test]
fn an_old_checkpoint_shown_again_is_named() {
    let mut log = Log::honest();
    log.notes.push(log.note_at(8));
    let replayed = Finding::Replayed { checkpoint: note_file(3), size: 8, newest: 12 };
    assert_eq!(log.verify().findings, [replayed]);
}

#[test]
fn a_swapped_signing_key_is_named() {
    let mut log = Log::honest();
    log.notes[2] = signer(2).sign(12, log.root_at(12));
    let report = log.verify();
    assert_eq!(report.findings, [Finding::ForeignKey { checkpoint: note_file(2) }]);
    assert_eq!(report.proven, 8);
}

#[test]
fn a_log_signed_throughout_by_another_key_proves_nothing() {
    let mut log = Log::with(12, &[]);
    log.notes = vec![signer(2).sign(12, log.root_at(12))];
    let foreign = Finding::ForeignKey { checkpoint: note_file(0) };
    assert_eq!(log.verify().findings, [foreign, Finding::NoCheckpoint]);
}

#[test]
fn a_changed_checkpoint_is_named() {
    let mut log = Log::honest();
    log.notes[2] = log.notes[2].replacen("\n12\n", "\n11\n", 1);
    let reason = CheckpointError::BadSignature(NAME.to_owned());
    let bad = Finding::BadCheckpoint { checkpoint: note_file(2), reason };
    assert_eq!(log.verify().findings, [bad]);
}

#[test]
fn a_half_written_entry_is_named() {
    let last = Log::honest().entries[11].len();
    for cut in [1, last, last + 1] {
        let log = Log { cut, ..Log::honest() };
        let half = Finding::HalfWritten { file: "000000000010".to_owned(), position: 11 };
        let truncated = Finding::Truncated { found: 11, signed: 12, checkpoint: note_file(2) };
        assert_eq!(log.verify().findings, [half, truncated], "{cut} bytes cut");
    }
}

#[test]
fn bytes_that_are_no_event_are_named() {
    let mut log = Log::with(12, &[]);
    log.entries[3] = b"not an event".to_vec();
    log.notes = vec![log.note_at(12)];
    let unreadable = Finding::Unreadable { position: 3, reason: AuditError::UnknownVersion(b'n') };
    assert_eq!(log.verify().findings, [unreadable, Finding::Deleted { from: 3, to: 4 }]);
}

#[test]
fn a_log_without_checkpoints_proves_nothing() {
    assert_eq!(Log::with(3, &[]).verify().findings, [Finding::NoCheckpoint]);
}

fn kept(index: usize, size: u64, contained: bool) -> Kept {
    Kept { checkpoint: format!("kept-{index}"), size, contained }
}

#[test]
fn checkpoints_kept_outside_are_contained_in_the_log_that_grew_since() {
    let log = Log::honest();
    let report = log.verify_with(&[log.note_at(6), log.note_at(12), log.note_at(1)]);
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.kept, [kept(0, 6, true), kept(1, 12, true), kept(2, 1, true)]);
}

#[test]
fn a_log_rewritten_and_signed_anew_does_not_contain_what_was_kept() {
    let before = Log::honest().note_at(6);
    let mut log = Log::with(12, &[]);
    log.edit(3);
    log.notes = vec![log.note_at(12)];
    assert!(log.verify().is_clean(), "by itself it looks whole");
    let report = log.verify_with(&[before, log.note_at(2)]);
    assert_eq!(report.kept, [kept(0, 6, false), kept(1, 2, true)]);
    assert!(!report.is_clean());
}

#[test]
fn a_log_that_was_put_back_does_not_contain_what_was_kept_later() {
    let later = Log::honest().note_at(12);
    let report = Log::with(8, &[8]).verify_with(&[later]);
    assert_eq!(report.kept, [kept(0, 12, false)]);
    assert!(matches!(report.findings[..], [Finding::Truncated { found: 8, signed: 12, .. }]), "{report:?}");
}

#[test]
fn a_kept_note_that_cannot_be_believed_is_named() {
    let log = Log::honest();
    let forged = signer(2).sign(6, log.root_at(6));
    let changed = log.note_at(6).replacen("\n6\n", "\n5\n", 1);
    let report = log.verify_with(&[forged, changed]);
    assert!(report.kept.is_empty());
    assert!(
        matches!(report.findings[..], [Finding::ForeignKey { .. }, Finding::BadCheckpoint { .. }]),
        "{report:?}"
    );
}

#[test]
fn a_flood_of_findings_is_counted_not_kept() {
    let mut log = Log::with(2, &[2]);
    log.entries.extend(vec![event(0).encode().unwrap(); MAX_FINDINGS + 5]);
    log.per_file = 10_000;
    let report = log.verify();
    assert_eq!((report.findings.len(), report.more_findings), (MAX_FINDINGS, 5));
}

#[test]
fn a_folder_that_is_no_export_is_an_error() {
    let missing = std::env::temp_dir().join(format!("no-export-{}", std::process::id()));
    let refused = verify_export(&missing, signer(1).verifier());
    assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn an_entry_too_long_for_its_length_field_is_refused() {
    let refused = write_entry(&mut Vec::new(), &vec![0; MAX_ENTRY_BYTES + 1]);
    assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

/// One way to tamper with the entries of a log.
#[derive(Debug, Clone)]
enum Tampering {
    Flip { entry: prop::sample::Index, byte: prop::sample::Index, bits: u8 },
    Delete(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Truncate(prop::sample::Index),
}

impl Tampering {
    fn any() -> impl Strategy<Value = Self> {
        let index = any::<prop::sample::Index>;
        prop_oneof![
            (index(), index(), 1_u8..).prop_map(|(entry, byte, bits)| Self::Flip { entry, byte, bits }),
            index().prop_map(Self::Delete),
            index().prop_map(Self::Repeat),
            (index(), index()).prop_map(|(one, other)| Self::Swap(one, other)),
            index().prop_map(Self::Truncate),
        ]
    }

    fn apply(&self, entries: &mut Vec<Vec<u8>>) {
        let count = entries.len();
        match self {
            Self::Flip { entry, byte, bits } => {
                let entry = &mut entries[entry.index(count)];
                let at = byte.index(entry.len());
                entry[at] ^= bits;
            }
            Self::Delete(at) => drop(entries.remove(at.index(count))),
            Self::Repeat(at) => {
                let at = at.index(count);
                entries.insert(at, entries[at].clone());
            }
            Self::Swap(one, other) => entries.swap(one.index(count), other.index(count)),
            Self::Truncate(left) => entries.truncate(left.index(count)),
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_done_to_signed_entries_is_exposed(tampering in Tampering::any(), renumbered: bool) {
        let mut log = Log::honest();
        let honest = log.entries.clone();
        tampering.apply(&mut log.entries);
        if renumbered && !matches!(tampering, Tampering::Flip { .. }) {
            log.renumber();
        }
        // What only comes behind the signed entries leaves them as they were.
        let intact = log.entries.starts_with(&honest);
        prop_assert!(intact || !log.verify().is_clean());
    }
}
