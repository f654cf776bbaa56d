//! Log fields that would carry a secret or a person's data.

use super::source::{closing, is_name, words};
use super::{Finding, Source, Tree};

/// The macros of `tracing` that take fields.
const MACROS: &[&str] = &[
    "trace!(",
    "debug!(",
    "info!(",
    "warn!(",
    "error!(",
    "event!(",
    "span!(",
    "trace_span!(",
    "debug_span!(",
    "info_span!(",
    "warn_span!(",
    "error_span!(",
    "fields(",
];
/// Names that are secrets or personal data, alone or as the last part of a longer name.
const GUARDED: &[&str] = &["address", "cpf", "email", "password", "phone", "secret", "token"];

/// Finds log macros that name guarded data as a field, as its value, or inside the message.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(findings).collect()
}

fn findings(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for start in MACROS.iter().flat_map(|name| words(source.code(), name).map(|at| at + name.len() - 1)) {
        let Some(end) = closing(source.code(), start) else { continue };
        let inside = start + 1..end - 1;
        let fields = arguments(&source.code()[inside.clone()]).flat_map(names_of);
        let named = fields.chain(placeholders(&source.text()[inside])).find(|name| is_guarded(name));
        if let (Some(name), false) = (named, source.is_test(start)) {
            findings.push(Finding {
                file: source.path().to_owned(),
                line: source.line_of(start),
                what: format!("`{name}` would reach the log"),
                mend: "log the id of what it belongs to, or a name that says what is really meant".into(),
            });
        }
    }
    findings
}

fn is_guarded(name: &str) -> bool {
    name.rsplit('_').next().is_some_and(|last| GUARDED.contains(&last.to_lowercase().as_str()))
}

/// What stands between the commas, those inside brackets apart.
fn arguments(code: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    code.split(move |letter| {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && letter == ','
    })
}

/// The names that one argument logs: the field's, and the value's if it is a plain path.
fn names_of(argument: &str) -> impl Iterator<Item = &str> {
    argument.splitn(2, '=').filter_map(|side| {
        let path = side.trim().trim_start_matches(['%', '?', '&']);
        let plain = path.chars().all(|letter| is_name(letter) || ".:".contains(letter));
        path.rsplit(['.', ':']).next().filter(|_| plain)
    })
}

/// The names in `{name}` and `{name:…}` of a message.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|after| after.split(|letter| !is_name(letter)).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree::from_iter([("crates/app/src/a.rs", format!("fn a() {{ {text}; }}"))])).len()
    }

    #[test]
    fn guarded_names_are_found_in_every_form() {
        for text in [
            "info!(token = %x, \"refreshed\")",
            "info!(%email, \"signed in\")",
            "tracing::warn!(who = ?member.email, \"refused\")",
            "debug!(refresh_token, \"kept\")",
            "error!(\"no parcel for {address:?}\")",
            "info_span!(\"sign-in\", password = tracing::field::Empty)",
            "info!(connection = %id,\n    access_token = %x, \"refreshed\")",
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
    }

    #[test]
    fn an_instrumented_function_is_read_too() {
        let text = "#[instrument(skip_all, fields(cpf = %buyer))]\nfn a() {}";
        assert_eq!(check(&Tree::from_iter([("crates/app/src/a.rs", text)])).len(), 1);
    }

    #[test]
    fn what_is_about_a_secret_and_does_not_hold_it_may_be_logged() {
        for text in [
            "info!(token_age_s = 5, \"the token was refreshed\")",
            "info!(connection = %connection.id(), \"email sent\")",
            "info!(left = count(token, 2), \"counted\")",
            "store.save(token)",
        ] {
            assert_eq!(found(text), 0, "{text}");
        }
    }

    #[test]
    fn tests_may_log_what_they_like() {
        let text = "#[cfg(test)]\nmod tests { fn a() { info!(token = 1); } }";
        assert!(check(&Tree::from_iter([("crates/app/src/a.rs", text)])).is_empty());
    }
}
