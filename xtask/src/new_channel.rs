//! `cargo xtask new-channel`: a channel's folder and its lines elsewhere, so that what is
//! left is to write what the platform's documents say. `docs/adding-a-channel.md` tells how.

mod lines;
mod name;
mod proof;

use std::fs;
use std::path::Path;
use std::process::Stdio;

pub use name::Name;
pub use proof::prove;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::workspace;

/// The folder of all channels.
const MARKET: &str = "crates/channels/src/market";
/// What the test of the document writes into the target folder when it is behind the code.
const NEW_DOCUMENT: &str = "channels.md";

macro_rules! templates {
    ($($file:literal)*) => {
        [$(($file, include_str!(concat!("../templates/channel/", $file)))),*]
    };
}

/// The files of a channel's folder, for a platform called Acme Market.
const TEMPLATES: [(&str, &str); 22] = templates! {
    "mod.rs" "auth.rs" "error.rs" "facts.rs" "hook.rs" "listings.rs" "map.rs" "orders.rs" "settings.rs"
    "stock.rs" "wire.rs" "QUIRKS.md" "tests/mod.rs" "tests/conformance.rs"
    "fixtures/account.json" "fixtures/listing.json" "fixtures/listings_search.json"
    "fixtures/notification.json" "fixtures/order.json" "fixtures/orders_search.json"
    "fixtures/shipment.json" "fixtures/tokens.json"
};

/// Makes the channel called `word`, by people `label`, and says what comes next.
///
/// # Errors
/// When the name is none or taken, or a file has changed its form: nothing is written then.
/// When a tool fails.
pub fn run(word: &str, label: Option<&str>) -> Result<(), Failure> {
    let interrupt = Interrupt::install().map_err(Failure::of)?;
    let name = Name::parse(word, label)?;
    let outside = create(&workspace::root()?, &name, &interrupt)?;
    eprintln!("xtask: {} has its folder, {MARKET}/{word}, and its lines outside of it:", name.label());
    for path in outside {
        eprintln!("  {path}");
    }
    eprintln!(
        "xtask: what comes next stands in docs/adding-a-channel.md; what is left to write, each failing test \
         says:\n  cargo nextest run -p channels {word}"
    );
    Ok(())
}

/// Writes all that a new channel consists of into the workspace at `root`; gives the files
/// outside of its folder.
fn create(root: &Path, name: &Name, interrupt: &Interrupt) -> Result<Vec<String>, Failure> {
    let files = plan(root, name)?;
    for (path, text) in &files {
        write(&root.join(path), text)?;
    }
    let mut format = workspace::cargo();
    interrupt.run(format.args(["fmt", "--package", "domain", "--package", "channels"]).current_dir(root))?;
    take_over_document(root, interrupt)?;
    let own = folder(name);
    let outside = files.into_iter().map(|(path, _)| path).filter(|path| !path.starts_with(&own));
    Ok(outside.chain(["docs/channels.md".to_owned()]).collect())
}

fn folder(name: &Name) -> String {
    format!("{MARKET}/{}", name.word())
}

/// All files that are written for the channel, and their texts.
fn plan(root: &Path, name: &Name) -> Result<Vec<(String, String)>, Failure> {
    let texts = lines::Texts::read(root)?;
    name.check_free(&texts.market, &TEMPLATES)?;
    let folder = folder(name);
    if root.join(&folder).exists() {
        return Err(Failure::of(format!("{folder} is there already; nothing was written")));
    }
    let new = TEMPLATES.map(|(file, template)| (format!("{folder}/{file}"), name.fill(template)));
    Ok(new.into_iter().chain(texts.with(name)?).collect())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|error| Failure::of(format!("{} cannot be written: {error}", path.display())))
}

/// Gives `docs/channels.md` its new column: the test that compares the document writes it.
fn take_over_document(root: &Path, interrupt: &Interrupt) -> Result<(), Failure> {
    eprintln!("xtask: the new column of docs/channels.md (builds the channels' tests) …");
    let right = workspace::target_folder(root)?.join(NEW_DOCUMENT);
    if right.exists() {
        fs::remove_file(&right).map_err(Failure::of)?;
    }
    let test = ["test", "--quiet", "--package", "channels", "--lib"];
    interrupt.run(workspace::cargo().args(test).arg("--no-run").current_dir(root))?;
    let mut run = workspace::cargo();
    run.args(test).arg("market::document").stdout(Stdio::null()).stderr(Stdio::null());
    // It fails, because the document is behind; that it was written anew is what counts.
    let _ = interrupt.run(run.current_dir(root));
    interrupt.check()?;
    if !right.exists() {
        let mend = "see what `cargo nextest run -p channels document` says";
        return Err(Failure::of(format!("docs/channels.md got no new column: {mend}")));
    }
    fs::copy(&right, root.join("docs/channels.md")).map_err(Failure::of)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_template_is_written_and_none_is_forgotten() {
        let files = workspace::files(&workspace::root().unwrap()).unwrap();
        let prefix = "xtask/templates/channel/";
        let there: BTreeSet<_> = files.iter().filter_map(|file| file.strip_prefix(prefix)).collect();
        let known: BTreeSet<_> =
            TEMPLATES.iter().map(|(file, _)| *file).chain([lines::SECTION_FILE]).collect();
        assert_eq!(there, known);
    }

    #[test]
    fn what_can_be_set_stands_in_the_section_for_operators() {
        let (_, settings) = TEMPLATES.into_iter().find(|(file, _)| *file == "settings.rs").unwrap();
        let told = |field: &str| {
            let lines = settings.lines().filter_map(move |line| line.trim().strip_prefix(field));
            lines.map(|value| value.trim_matches([':', ' ', ',', '"']).to_owned()).collect::<Vec<_>>()
        };
        let (keys, variables, secrets) = (told("key"), told("variable"), told("secret"));
        let (defaults, abouts) = (told("default"), told("about"));
        assert_eq!(keys.len(), 4);
        for at in 0..keys.len() {
            let (key, variable, default, about) = (&keys[at], &variables[at], &defaults[at], &abouts[at]);
            let file = if secrets[at] == "true" { format!(", `{variable}_FILE`") } else { String::new() };
            let row = format!("| `{key}` | `{variable}`{file} | {default} | {about} |");
            assert!(lines::SECTION.contains(&row), "{row}");
        }
    }

    #[test]
    fn a_folder_that_is_there_is_not_written_into() {
        let root = workspace::root().unwrap();
        let copy = tempfile::tempdir().unwrap();
        let name = Name::parse("acme", None).unwrap();
        for (path, _) in lines::Texts::read(&root).unwrap().with(&name).unwrap() {
            write(&copy.path().join(&path), &fs::read_to_string(root.join(&path)).unwrap()).unwrap();
        }
        assert_eq!(plan(copy.path(), &name).unwrap().len(), TEMPLATES.len() + 4);
        fs::create_dir(copy.path().join(MARKET).join("acme")).unwrap();
        let refusal = plan(copy.path(), &name).unwrap_err().say.unwrap();
        assert_eq!(refusal, "crates/channels/src/market/acme is there already; nothing was written");
    }
}
