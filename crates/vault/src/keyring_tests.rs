use super::*;
use domain::{OrganizationId, SeededEntropy, Timestamp};
use proptest::prelude::*;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vault-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn keyring(seed: u64) -> Keyring {
    Keyring::generate(&SeededEntropy::new(seed))
}

fn data_key() -> DataKey {
    DataKey::generate(Timestamp::EPOCH, &SeededEntropy::new(77))
}

fn context(owner: &str) -> KeyContext<'_> {
    let organization = OrganizationId::new(Timestamp::EPOCH, &SeededEntropy::new(78));
    KeyContext { organization: Some(organization), owner }
}

fn wrap(keyring: &Keyring, key: &DataKey) -> WrappedKey {
    keyring.wrap(key, &context("sub_1"), &SeededEntropy::new(79)).unwrap()
}

#[test]
fn a_new_key_file_is_readable_by_its_owner_alone_and_loads() {
    let folder = Folder::new("create");
    let created = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o400);
    let loaded = Keyring::load(&folder.file()).unwrap();
    assert_eq!(loaded.primary(), created.primary());
    assert_eq!(loaded.key_check(), created.key_check());
}

#[test]
fn a_key_file_is_never_overwritten() {
    let folder = Folder::new("overwrite");
    let entropy = SeededEntropy::new(1);
    let first = Keyring::create(&folder.file(), &entropy).unwrap();
    let second = Keyring::create(&folder.file(), &entropy);
    assert!(matches!(second, Err(KeyringError::Exists(_))), "{second:?}");
    assert_eq!(Keyring::load(&folder.file()).unwrap().primary(), first.primary());
}

/// ASVS 13.3.1.
#[test]
fn a_key_file_that_others_may_read_is_refused_with_the_mend() {
    let folder = Folder::new("mode");
    Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    for mode in [0o440, 0o404, 0o420, 0o644] {
        fs::set_permissions(folder.file(), fs::Permissions::from_mode(mode)).unwrap();
        let refused = Keyring::load(&folder.file()).unwrap_err().to_string();
        assert!(refused.contains(&format!("mode {mode:o}")), "{refused}");
        assert!(refused.contains("chmod 400"), "{refused}");
    }
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Keyring::load(&folder.file()).is_ok());
}

#[test]
fn a_missing_key_file_says_which() {
    let folder = Folder::new("missing");
    let refused = Keyring::load(&folder.file()).unwrap_err().to_string();
    assert!(refused.contains("cannot read the key file"), "{refused}");
    assert!(refused.contains("keys"), "{refused}");
}

#[test]
fn a_damaged_key_file_names_the_line_and_what_is_wrong() {
    let text = keyring(1).to_text();
    let lines: Vec<&str> = text.lines().collect();
    let [head, note, derive, primary] = lines.as_slice() else { panic!("four lines: {lines:?}") };
    let altered = primary.replacen(&primary[26..27], if &primary[26..27] == "A" { "B" } else { "A" }, 1);
    let join = |lines: &[&str]| lines.join("\n");
    let cases = [
        (String::new(), "line 0: the file is empty"),
        (join(&["lojista-keys v2", derive, primary]), "line 1: expected `lojista-keys v1`"),
        (join(&[head, note, primary]), "line 0: no `derive` line"),
        (join(&[head, note, derive]), "line 0: no `primary` line"),
        (join(&[head, derive, derive, primary]), "line 3: a second `derive` line"),
        (join(&[head, derive, primary, primary]), "line 4: a second `primary` line"),
        (join(&[head, derive, primary, "keys"]), "line 4: expected `derive`, `primary` or `key`"),
        (join(&[head, derive, "primary"]), "line 3: expected `derive`, `primary` or `key`"),
        (join(&[head, "derive AAAA", primary]), "line 2: the key is not 32 bytes in base64"),
        (join(&[head, derive, &altered]), "line 3: the key does not fit its id"),
    ];
    for (text, expected) in cases {
        let refused = Keyring::parse(&text).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused} instead of {expected}");
        assert!(refused.contains("put back a copy"), "{refused}");
    }
}

#[test]
fn the_key_file_of_another_installation_stops_the_boot() {
    let stored = keyring(1).key_check();
    assert!(keyring(1).verify_key_check(&stored).is_ok());
    assert!(matches!(keyring(2).verify_key_check(&stored), Err(KeyringError::WrongKeys)));
    assert!(matches!(keyring(1).verify_key_check(&stored[..31]), Err(KeyringError::WrongKeys)));
}

#[test]
fn a_wrapped_key_unwraps_to_the_same_key() {
    let (keyring, key) = (keyring(1), data_key());
    let wrapped = WrappedKey::from_bytes(wrap(&keyring, &key).as_bytes().to_vec());
    let back = keyring.unwrap(key.id(), &wrapped, &context("sub_1")).unwrap();
    assert_eq!(back.bytes(), key.bytes());
}

#[test]
fn a_wrapped_key_is_refused_for_another_owner_tenant_or_id() {
    let (keyring, key) = (keyring(1), data_key());
    let wrapped = wrap(&keyring, &key);
    let refused = |id, context: &KeyContext<'_>| keyring.unwrap(id, &wrapped, context).err();
    assert_eq!(refused(key.id(), &context("sub_2")), Some(SealError::Refused));
    let nobody = KeyContext { organization: None, owner: "sub_1" };
    assert_eq!(refused(key.id(), &nobody), Some(SealError::Refused));
    let other = DataKey::generate(Timestamp::EPOCH, &SeededEntropy::new(99));
    assert_eq!(refused(other.id(), &context("sub_1")), Some(SealError::Refused));
}

#[test]
fn a_change_or_cut_anywhere_in_a_wrapped_key_is_refused() {
    let (keyring, key) = (keyring(1), data_key());
    let wrapped = wrap(&keyring, &key);
    let opens =
        |bytes: Vec<u8>| keyring.unwrap(key.id(), &WrappedKey::from_bytes(bytes), &context("sub_1")).is_ok();
    for index in 0..wrapped.as_bytes().len() {
        let mut bytes = wrapped.as_bytes().to_vec();
        bytes[index] ^= 1;
        assert!(!opens(bytes), "byte {index}");
        assert!(!opens(wrapped.as_bytes()[..index].to_vec()), "{index} bytes");
    }
}

#[test]
fn a_key_that_the_file_lacks_is_named() {
    let (home, key) = (keyring(1), data_key());
    let refused = keyring(2).unwrap(key.id(), &wrap(&home, &key), &context("sub_1"));
    assert_eq!(refused.err(), Some(SealError::UnknownKek(home.primary())));
}

#[test]
fn after_rotation_old_keys_unwrap_new_ones_use_the_new_primary_and_indexes_stay() {
    let folder = Folder::new("rotate");
    let before = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let key = data_key();
    let old = wrap(&before, &key);
    fs::write(folder.file().with_added_extension("new"), "left by a crash").unwrap();

    Keyring::rotate(&folder.file(), &SeededEntropy::new(2)).unwrap();
    let after = Keyring::load(&folder.file()).unwrap();

    assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o400);
    assert_ne!(after.primary(), before.primary());
    assert_eq!(after.kek_ids(), [after.primary(), before.primary()]);
    let opened = after.unwrap(key.id(), &old, &context("sub_1")).unwrap();
    let rewrapped = wrap(&after, &opened);
    assert_eq!(rewrapped.kek_id(), Ok(after.primary()));
    assert_eq!(after.unwrap(key.id(), &rewrapped, &context("sub_1")).unwrap().bytes(), key.bytes());
    assert_eq!(after.key_check(), before.key_check());
    let index = |keyring: &Keyring| keyring.derived(SubKey::BlindIndex).sign(b"x");
    assert_eq!(index(&after), index(&before));
}

#[test]
fn nothing_derived_changes_when_the_keys_are_turned_or_given_up() {
    let folder = Folder::new("derived");
    let first = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let purposes = [SubKey::BlindIndex, SubKey::Session, SubKey::ErasureLedger, SubKey::Limits];
    let derived = |keyring: &Keyring| purposes.map(|purpose| keyring.derived(purpose).sign(b"x"));
    let second = Keyring::rotate(&folder.file(), &SeededEntropy::new(2)).unwrap();
    assert_eq!(derived(&second), derived(&first));
    first.refresh().unwrap();
    assert!(first.prefer(second.primary()));
    assert_eq!(derived(&first), derived(&second));
    let third = Keyring::retire(&folder.file(), second.kek_ids()[1]).unwrap();
    assert_eq!(derived(&third), derived(&second));
}

#[test]
fn a_running_keyring_takes_over_what_came_into_its_file_and_wraps_by_it_when_told() {
    let folder = Folder::new("refresh");
    let running = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let (key, old) = (data_key(), running.primary());
    let new = Keyring::rotate(&folder.file(), &SeededEntropy::new(2)).unwrap().primary();
    let refused = running.wrap_under(new, &key, &context("sub_1"), &SeededEntropy::new(3));
    assert_eq!(refused.err(), Some(SealError::UnknownKek(new)));
    assert!(!running.prefer(new));

    assert_eq!(running.refresh().unwrap(), [new, old]);
    assert_eq!(running.primary(), old, "what wraps is not the file's to say");
    assert!(running.prefer(new));
    assert_eq!(wrap(&running, &key).kek_id(), Ok(new));
    let under_old = running.wrap_under(old, &key, &context("sub_1"), &SeededEntropy::new(3)).unwrap();
    assert_eq!(under_old.kek_id(), Ok(old));
    running.forget(new);
    assert_eq!(running.kek_ids(), [new, old], "the one that wraps stays");
    running.forget(old);
    assert_eq!(running.kek_ids(), [new]);
}

#[test]
fn a_key_that_was_rotated_a_moment_ago_is_looked_for_in_the_file() {
    let folder = Folder::new("unwrap-refresh");
    let running = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let elsewhere = Keyring::rotate(&folder.file(), &SeededEntropy::new(2)).unwrap();
    let (key, wrapped) = (data_key(), wrap(&elsewhere, &data_key()));
    let opened = running.unwrap(key.id(), &wrapped, &context("sub_1")).unwrap();
    assert_eq!(opened.bytes(), key.bytes());
}

#[test]
fn a_running_keyring_keeps_its_keys_whatever_becomes_of_the_file() {
    let folder = Folder::new("lost");
    let running = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let primary = running.primary();
    let stranger = keyring(2).to_text();
    for text in ["", "lojista-keys v1\n", stranger.as_str()] {
        let _ = fs::remove_file(folder.file());
        fs::write(folder.file(), text).unwrap();
        fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o400)).unwrap();
        assert!(running.refresh().is_err(), "{text}");
        assert_eq!(running.kek_ids(), [primary]);
    }
    fs::remove_file(folder.file()).unwrap();
    assert!(matches!(running.refresh(), Err(KeyringError::Io { .. })));
    assert_eq!(running.kek_ids(), [primary]);
}

#[test]
fn what_cannot_be_rotated_is_left_as_it_is() {
    let folder = Folder::new("left");
    Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let whole = fs::read(folder.file()).unwrap();
    for (content, mode) in [(&whole[..], 0o444), (&whole[..whole.len() / 2], 0o400), (&[][..], 0o400)] {
        fs::remove_file(folder.file()).unwrap();
        fs::write(folder.file(), content).unwrap();
        fs::set_permissions(folder.file(), fs::Permissions::from_mode(mode)).unwrap();
        assert!(Keyring::rotate(&folder.file(), &SeededEntropy::new(2)).is_err());
        assert_eq!(fs::read(folder.file()).unwrap(), content);
    }
}

#[test]
fn a_link_to_a_key_file_stays_a_link() {
    let folder = Folder::new("link");
    let link = folder.0.join("link");
    Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    std::os::unix::fs::symlink(folder.file(), &link).unwrap();
    let rotated = Keyring::rotate(&link, &SeededEntropy::new(2)).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Keyring::load(&folder.file()).unwrap().primary(), rotated.primary());
}

#[test]
fn the_id_of_a_key_reads_back_and_nothing_else_does() {
    let id = keyring(1).primary();
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in ["", "00", "zzzzzzzzzzzzzzzz", "00112233445566778"] {
        assert_eq!(text.parse::<KekId>(), Err(NotAKekId), "{text}");
    }
}

#[test]
fn a_retired_key_unwraps_nothing_any_more() {
    let folder = Folder::new("retire");
    let before = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap();
    let key = data_key();
    let old = wrap(&before, &key);
    Keyring::rotate(&folder.file(), &SeededEntropy::new(2)).unwrap();

    Keyring::retire(&folder.file(), before.primary()).unwrap();
    let after = Keyring::load(&folder.file()).unwrap();

    let refused = after.unwrap(key.id(), &old, &context("sub_1"));
    assert_eq!(refused.err(), Some(SealError::UnknownKek(before.primary())));
    assert_eq!(after.key_check(), before.key_check());
}

#[test]
fn neither_the_primary_nor_an_unknown_key_can_be_retired() {
    let folder = Folder::new("retire-primary");
    let primary = Keyring::create(&folder.file(), &SeededEntropy::new(1)).unwrap().primary();
    let refused = Keyring::retire(&folder.file(), primary);
    assert!(matches!(refused, Err(KeyringError::StillPrimary(id)) if id == primary), "{refused:?}");
    let stranger = keyring(2).primary();
    let refused = Keyring::retire(&folder.file(), stranger);
    assert!(matches!(refused, Err(KeyringError::NoSuchKey(id)) if id == stranger), "{refused:?}");
    assert_eq!(Keyring::load(&folder.file()).unwrap().primary(), primary);
}

#[test]
fn an_endless_key_file_is_refused() {
    let folder = Folder::new("endless");
    fs::write(folder.file(), "#".repeat(MAX_FILE_BYTES + 1)).unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o400)).unwrap();
    let refused = Keyring::load(&folder.file()).unwrap_err().to_string();
    assert!(refused.contains("the file is too long"), "{refused}");
}

#[test]
fn each_purpose_has_a_key_of_its_own() {
    let keyring = keyring(1);
    let tags = [SubKey::BlindIndex, SubKey::Session, SubKey::ErasureLedger, SubKey::Limits]
        .map(|purpose| keyring.derived(purpose).sign(b"same message"));
    assert_ne!(tags[0], tags[1]);
    assert_ne!(tags[1], tags[2]);
    assert_ne!(tags[0], tags[2]);
}

#[test]
fn debug_shows_ids_only() {
    let keyring = keyring(1);
    assert_eq!(format!("{keyring:?}"), format!("[{}]", keyring.primary()));
}

proptest! {
    #[test]
    fn no_text_makes_parsing_panic(text: String) {
        let _ = Keyring::parse(&text);
        let _ = Keyring::parse(&format!("{FIRST_LINE}\n{text}"));
    }
}
