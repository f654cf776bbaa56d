//! The lines of a channel outside of its folder: its name, its place in the two lists of
//! channels, and its section for operators.

use std::fs;
use std::path::Path;

use super::Name;
use crate::failure::Failure;

const KIND_FILE: &str = "crates/domain/src/connection.rs";
pub(super) const MARKET_FILE: &str = "crates/channels/src/market/mod.rs";
const SHEETS_FILE: &str = "crates/channels/src/market/document/mod.rs";
const OPERATORS_FILE: &str = "docs/configuration.md";

/// The template of what operators read.
#[cfg(test)]
pub(super) const SECTION_FILE: &str = "configuration.md";
pub(super) const SECTION: &str = include_str!("../../templates/channel/configuration.md");

/// The number of channels stands behind this.
const COUNT: &str = "pub const ALL: [Self; ";

/// Something that is put in.
struct Line {
    /// What stands before it, one behind the other.
    behind: &'static [&'static str],
    /// What stands next after it.
    before: &'static str,
    /// What it says, of Acme Market.
    says: &'static str,
}

const KIND: [Line; 4] = [
    Line { behind: &["pub enum ChannelKind {"], before: "\n}", says: "\n    /// Acme Market.\n    Acme," },
    Line { behind: &[COUNT], before: "];", says: "Self::Acme" },
    Line {
        behind: &["impl ChannelKind {", "fn as_str(", "match self {"],
        before: "\n        }",
        says: "\n            Self::Acme => \"acme\",",
    },
    Line {
        behind: &["impl ChannelKind {", "fn label(", "match self {"],
        before: "\n        }",
        says: "\n            Self::Acme => \"Acme Market\",",
    },
];
const MARKET: [Line; 2] = [
    Line { behind: &["mod loose;"], before: "\n", says: "\npub mod acme;" },
    Line { behind: &["static MARKETS:", "=", "["], before: "];", says: "acme::MARKET" },
];
const SHEETS: [Line; 3] = [
    Line { behind: &["fn sheets()", "vec!["], before: "]\n}", says: "super::acme::facts::sheet()" },
    Line { behind: &["fn service_sheets()", "vec!["], before: "]\n}", says: "super::acme::facts::service()" },
    Line {
        behind: &["fn dispatch_sheets()", "vec!["],
        before: "]\n}",
        says: "super::acme::facts::dispatch()",
    },
];
const OPERATORS: [Line; 1] = [Line { behind: &["\n"], before: "## The demo and the sandbox", says: SECTION }];

/// The files that change, as they are.
pub(super) struct Texts {
    kind: String,
    pub(super) market: String,
    sheets: String,
    operators: String,
}

impl Texts {
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let text = |file: &str| {
            fs::read_to_string(root.join(file))
                .map_err(|error| Failure::of(format!("{file} cannot be read: {error}")))
        };
        Ok(Self {
            kind: text(KIND_FILE)?,
            market: text(MARKET_FILE)?,
            sheets: text(SHEETS_FILE)?,
            operators: text(OPERATORS_FILE)?,
        })
    }

    /// The files as they are with the channel; their format is not always rustfmt's.
    pub(super) fn with(&self, name: &Name) -> Result<[(String, String); 4], Failure> {
        let kind = one_more(&self.kind).ok_or_else(|| lost(KIND_FILE, COUNT))?;
        Ok([
            (KIND_FILE.to_owned(), all(KIND_FILE, &kind, &KIND, name)?),
            (MARKET_FILE.to_owned(), all(MARKET_FILE, &self.market, &MARKET, name)?),
            (SHEETS_FILE.to_owned(), all(SHEETS_FILE, &self.sheets, &SHEETS, name)?),
            (OPERATORS_FILE.to_owned(), all(OPERATORS_FILE, &self.operators, &OPERATORS, name)?),
        ])
    }
}

fn lost(file: &str, what: &str) -> Failure {
    Failure::of(format!(
        "{file} has another form than it had: there is no place for {what:?}; nothing was written \
         (mend: xtask/src/new_channel/lines.rs)"
    ))
}

fn all(file: &str, text: &str, lines: &[Line], name: &Name) -> Result<String, Failure> {
    lines.iter().try_fold(text.to_owned(), |text, line| {
        line.put_into(&text, name).ok_or_else(|| lost(file, &name.fill(line.says)))
    })
}

/// The text with one channel more in the list of all.
fn one_more(text: &str) -> Option<String> {
    let at = text.find(COUNT)? + COUNT.len();
    let digits = text[at..].split(']').next()?;
    let count: u32 = digits.parse().ok()?;
    Some(format!("{}{}{}", &text[..at], count + 1, &text[at + digits.len()..]))
}

impl Line {
    fn put_into(&self, text: &str, name: &Name) -> Option<String> {
        let behind = self
            .behind
            .iter()
            .try_fold(0, |at, anchor| text[at..].find(anchor).map(|found| at + found + anchor.len()))?;
        let (head, tail) = text.split_at(behind + text[behind..].find(self.before)?);
        let is_list = self.before.starts_with(']');
        // The last of a list has a comma behind it or, on one line, none.
        let head = if is_list { head.trim_end().trim_end_matches(',') } else { head };
        let comma = if is_list { ", " } else { "" };
        Some([head, comma, &name.fill(self.says), tail].concat())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace;

    fn acme() -> Name {
        Name::parse("acme", Some("Acme Market")).unwrap()
    }

    #[test]
    fn a_list_takes_one_more_on_one_line_and_on_several() {
        let line = Line { behind: &["ALL: ", "= ["], before: "];", says: "Acme" };
        for list in ["ALL: u8 = [A, B];", "ALL: u8 = [\n    A,\n    B,\n];"] {
            let longer: String = line.put_into(list, &acme()).unwrap().split_whitespace().collect();
            assert_eq!(longer, "ALL:u8=[A,B,Acme];");
        }
        assert_eq!(line.put_into("ALL: u8 = (A, B);", &acme()), None);
    }

    #[test]
    fn the_number_of_channels_is_one_more() {
        assert_eq!(one_more("pub const ALL: [Self; 9] = [").unwrap(), "pub const ALL: [Self; 10] = [");
        assert_eq!(one_more("pub const ALL: &[Self] = ["), None);
    }

    #[test]
    fn a_file_of_another_form_is_named_with_what_does_not_fit() {
        let texts = Texts::read(&workspace::root().unwrap()).unwrap();
        let other = Texts { sheets: String::new(), ..texts };
        let lost = other.with(&acme()).unwrap_err().say.unwrap();
        assert!(lost.starts_with(SHEETS_FILE) && lost.contains("acme::facts::sheet()"), "{lost}");
    }

    #[test]
    fn a_channel_has_at_most_ten_lines_of_code_outside_of_its_folder() {
        let texts = Texts::read(&workspace::root().unwrap()).unwrap();
        let before = [&texts.kind, &texts.market, &texts.sheets];
        let mut new = Vec::new();
        for (before, (file, after)) in before.into_iter().zip(texts.with(&acme()).unwrap()) {
            let known: BTreeSet<&str> = before.lines().collect();
            let added = after.lines().filter(|line| !known.contains(line));
            new.extend(added.map(|line| format!("{file}: {}", line.trim())));
        }
        assert!((1..=10).contains(&new.len()), "{new:#?}");
    }
}
