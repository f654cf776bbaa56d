//! The proof that `new-channel` keeps its word: a channel is made in a copy of the rooms
//! below the channels, which has to build without a warning, to leave every other test as
//! it was, and to fail its own conformance tests with what is to be written, and where.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{Name, create};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::workspace;

/// The rooms that are copied.
const ROOMS: [&str; 4] = ["crates/domain/", "crates/vault/", "crates/connect/", "crates/channels/"];
/// What they need besides.
const FILES: [&str; 4] = ["clippy.toml", "rustfmt.toml", "docs/channels.md", "docs/configuration.md"];
/// What the manifest of the workspace says, and what that of the copy says instead. Cargo
/// names what it builds by the folder of a package within its workspace: the same folders
/// would overwrite the workspace's own.
const MANIFEST: [(&str, &str); 2] = [
    (r#"members = ["crates/*", "tests", "xtask"]"#, r#"members = ["copied/crates/*"]"#),
    (r#"path = "crates/"#, r#"path = "copied/crates/"#),
];
/// What the channel is called.
const WORD: &str = "acme";

/// The checks that a channel passes which does nothing: it takes no hook and no cursor, and
/// says that it has neither prices nor missed hooks, publishes nothing, and tells neither of
/// money nor of buyers.
const HOLD_ALREADY: [&str; 28] = [
    "a_buyer_is_asked_for_by_an_orders_id_alone",
    "a_cursor_of_somebody_else_is_refused",
    "a_listing_is_changed_and_nothing_is_no_change",
    "a_listing_is_ended",
    "a_listing_is_taken_down_and_put_up",
    "a_listings_id_that_climbs_is_never_published",
    "a_malformed_hook_is_refused",
    "a_picture_is_uploaded_and_an_impossible_one_is_never_sent",
    "a_price_is_written_and_read_back_or_there_are_no_prices",
    "a_price_that_was_ignored_is_no_success",
    "a_refused_offer_names_its_field",
    "an_impossible_price_is_never_sent",
    "an_odd_hook_is_refused_or_read_and_nothing_else",
    "an_offer_is_published",
    "an_offer_whose_answer_was_lost_is_found_and_not_doubled",
    "an_oversized_hook_is_refused",
    "brands_are_listed_or_there_are_none",
    "categories_hang_together_or_there_are_none",
    "missed_hooks_are_listed_or_there_are_none",
    "money_is_asked_for_by_ids_and_cursors_of_its_own",
    "money_of_another_order_is_no_answer",
    "money_that_was_told_twice_changes_nothing",
    "settled_orders_are_listed_or_there_is_no_list",
    "the_buyer_of_an_order_is_told_or_nobody_is",
    "the_buyer_of_another_order_is_no_answer",
    "the_money_of_an_order_is_told_or_there_is_none",
    "the_rules_of_a_category_let_a_good_offer_pass",
    "what_moderation_objects_to_is_told_with_its_own_words",
];
/// What every failing check says besides: where to read what it wants.
const SIGNPOST: &str = "docs/adding-a-channel.md, step ";

/// Makes a channel in a copy of the workspace at `root`, and judges it.
///
/// # Errors
/// When it does not build, or its tests do not say what they should.
pub fn prove(root: &Path, interrupt: &Interrupt) -> Result<(), Failure> {
    let copy = copy(root)?;
    create(&copy, &Name::parse(WORD, None)?, interrupt)?;
    let mut clippy = workspace::cargo();
    clippy.args(["clippy", "--quiet", "--package", "channels", "--all-targets", "--", "-D", "warnings"]);
    interrupt.run(clippy.current_dir(&copy))?;
    let said = copy.join("said.txt");
    let mut tests = workspace::cargo();
    tests.args(["test", "--package", "channels", "--lib"]);
    tests.stdout(File::create(&said).map_err(Failure::of)?).stderr(Stdio::null());
    // They fail, as they should: what they say counts.
    let _ = interrupt.run(tests.current_dir(&copy));
    interrupt.check()?;
    let said = fs::read_to_string(&said).map_err(Failure::of)?;
    let troubles = judge(&said);
    if troubles.is_empty() {
        return Ok(());
    }
    for trouble in &troubles {
        eprintln!("xtask: {trouble}");
    }
    Err(Failure::of(format!(
        "new-channel: {} troubles; the channel is in {}",
        troubles.len(),
        copy.display()
    )))
}

/// Copies the rooms to a workspace of their own below the target folder, and gives the
/// folder that they are in. It is the same one each time, so that what was built there is
/// of use again.
fn copy(root: &Path) -> Result<PathBuf, Failure> {
    let target = workspace::target_folder(root)?;
    let files = workspace::files(root)?;
    let whole = target.join("new-channel");
    let copy = whole.join("copied");
    let copied = || {
        if whole.exists() {
            fs::remove_dir_all(&whole)?;
        }
        for file in files {
            let is_needed = FILES.contains(&file.as_str()) || ROOMS.iter().any(|room| file.starts_with(room));
            if is_needed && root.join(&file).is_file() {
                let to = copy.join(&file);
                to.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::copy(root.join(&file), to)?;
            }
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
        let manifest = MANIFEST.iter().fold(manifest, |text, (ours, copys)| text.replace(ours, copys));
        fs::write(whole.join("Cargo.toml"), manifest)?;
        fs::copy(root.join("Cargo.lock"), whole.join("Cargo.lock"))?;
        fs::create_dir_all(whole.join(".cargo"))?;
        // Everything is there already: the copy needs nothing that the workspace does not. A
        // text of JSON is one of TOML, too.
        let target = serde_json::Value::from(target.display().to_string());
        let settings = format!("[build]\ntarget-dir = {target}\n\n[net]\noffline = true\n");
        fs::write(whole.join(".cargo/config.toml"), settings)
    };
    copied().map_err(|error: std::io::Error| Failure::of(format!("{}: {error}", whole.display())))?;
    Ok(copy)
}

/// What is wrong with what the tests said.
fn judge(said: &str) -> Vec<String> {
    let results: Vec<(&str, bool)> = said.lines().filter_map(result).collect();
    if results.is_empty() {
        return vec!["the tests did not run".into()];
    }
    let own = format!("market::{WORD}::tests::conformance::");
    let mut troubles = Vec::new();
    for (test, passed) in &results {
        match (test.strip_prefix(&own), passed) {
            (None, false) => troubles.push(format!("{test} fails, which a new channel is not to change")),
            (Some(check), true) if !HOLD_ALREADY.contains(&check) => {
                troubles.push(format!("{check} passes for a channel of which nothing is written"));
            }
            (Some(check), false) if HOLD_ALREADY.contains(&check) => {
                troubles.push(format!("{check} fails for a channel that does nothing"));
            }
            (None | Some(_), true) => {}
            (Some(check), false) => {
                let message = message(said, test);
                if !message.contains(SIGNPOST) {
                    troubles.push(format!("{check} does not say where to read on:\n{message}"));
                }
            }
        }
    }
    let is_checked = |check: &&str| results.iter().any(|(test, _)| test.strip_prefix(&own) == Some(check));
    let missing = HOLD_ALREADY.iter().filter(|check| !is_checked(check));
    troubles.extend(missing.map(|check| format!("there is no check {check}")));
    if !results.iter().any(|(test, passed)| test.starts_with(&own) && !passed) {
        troubles.push(format!("no check of {WORD} fails"));
    }
    troubles
}

/// A test and whether it passed.
fn result(line: &str) -> Option<(&str, bool)> {
    let (test, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    match outcome {
        "ok" => Some((test, true)),
        "FAILED" => Some((test, false)),
        _ => None,
    }
}

/// What a test that failed said.
fn message<'a>(said: &'a str, test: &str) -> &'a str {
    let head = format!("---- {test} stdout ----\n");
    let Some(at) = said.find(&head) else { return "" };
    let message = &said[at + head.len()..];
    let end = message.find("\n---- ").or_else(|| message.find("\nfailures:\n"));
    message[..end.unwrap_or(message.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_a_workspace_of_the_rooms_alone() {
        let manifest = fs::read_to_string(workspace::root().unwrap().join("Cargo.toml")).unwrap();
        for (ours, _) in MANIFEST {
            assert!(manifest.contains(ours), "{ours}");
        }
    }

    const OWN: &str = "market::acme::tests::conformance::";

    /// What the test runner prints of `results`; what fails says `message`.
    fn said(results: &[(String, bool)], message: &str) -> String {
        let failing = || results.iter().filter(|(_, passed)| !passed).map(|(test, _)| test);
        let lines = results
            .iter()
            .map(|(test, passed)| format!("test {test} ... {}\n", if *passed { "ok" } else { "FAILED" }));
        let messages = failing().map(|test| format!("---- {test} stdout ----\n\n{message}\n\n"));
        let names = failing().map(|test| format!("    {test}\n"));
        let (lines, messages): (String, String) = (lines.collect(), messages.collect());
        format!(
            "\nrunning 9 tests\n{lines}\nfailures:\n\n{messages}\nfailures:\n{}",
            names.collect::<String>()
        )
    }

    /// A channel as it should be, with `more` of its tests or of others.
    fn results(more: &[(&str, bool)]) -> Vec<(String, bool)> {
        let hold = HOLD_ALREADY.map(|check| (format!("{OWN}{check}"), true));
        let rest = [(format!("{OWN}an_order_is_fetched"), false), ("market::loose::unit::a".into(), true)];
        let more = more.iter().map(|(test, passed)| ((*test).to_owned(), *passed));
        hold.into_iter().chain(rest).chain(more).collect()
    }

    const GOOD: &str = "Orders::fetch has to succeed (docs/adding-a-channel.md, step 4)";

    #[test]
    fn a_channel_that_says_what_it_lacks_is_as_it_should_be() {
        assert_eq!(judge(&said(&results(&[]), GOOD)), [""; 0]);
    }

    #[test]
    fn a_check_that_does_not_say_where_to_read_on_is_named_with_its_words() {
        let troubles = judge(&said(&results(&[]), "assertion failed"));
        assert_eq!(troubles.len(), 1);
        assert!(troubles[0].contains("an_order_is_fetched") && troubles[0].contains("assertion failed"));
    }

    #[test]
    fn a_test_of_another_channel_that_fails_is_named() {
        let troubles = judge(&said(&results(&[("market::shopee::tests::a", false)]), GOOD));
        assert_eq!(troubles, ["market::shopee::tests::a fails, which a new channel is not to change"]);
    }

    #[test]
    fn a_check_that_cannot_fail_is_named() {
        let vain = format!("{OWN}listings_are_listed");
        let troubles = judge(&said(&results(&[(&vain, true)]), GOOD));
        assert_eq!(troubles, ["listings_are_listed passes for a channel of which nothing is written"]);
    }

    #[test]
    fn tests_that_did_not_run_prove_nothing() {
        assert_eq!(judge("error: could not compile `channels`\n"), ["the tests did not run"]);
        let others = said(&[("market::loose::unit::a".into(), true)], GOOD);
        assert!(judge(&others).iter().any(|trouble| trouble == "no check of acme fails"));
    }
}
