//! Whatever opens something for a member is known, and says its event.

use std::collections::BTreeSet;
use std::path::Path;

use super::REVEALS;

/// Files of this folder and those below it.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_place_that_opens_something_for_a_member_is_known_and_says_its_event() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned();
    let mut files = Vec::new();
    for room in ["app", "web", "lojista"] {
        sources(&root.join("crates").join(room).join("src"), &mut files);
    }
    let opening: BTreeSet<String> = files
        .iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            text.contains("Grant::issue(Actor::Member")
        })
        .map(|file| file.strip_prefix(&root).expect("below the root").display().to_string())
        .collect();
    let known: BTreeSet<String> = REVEALS.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(opening, known, "say in REVEALS which event tells that a member was shown something");
    for (file, event) in REVEALS {
        let told = event.starts_with("none: ") || vault::ocsf::ACTIONS.iter().any(|(it, ..)| it == event);
        assert!(told, "{file}: {event} is no event");
    }
}
