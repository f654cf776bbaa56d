//! A source file as the rules see it: code, comments and tests told apart.

use std::ops::Range;

use crate::workspace::is_rust;

/// A file: its text, and for Rust also the text with everything but the code, and with
/// everything but the comments, replaced by blanks (places stay the same).
#[derive(Debug, Clone)]
pub struct Source {
    path: String,
    text: String,
    code: String,
    comments: String,
    line_starts: Vec<usize>,
    tests: Vec<Range<usize>>,
}

impl Source {
    /// Takes a file apart. In a file that is not Rust all text counts as code and comment.
    #[must_use]
    pub fn new(path: String, text: String) -> Self {
        let (code, comments) = if is_rust(&path) { mask(&text) } else { (text.clone(), text.clone()) };
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let in_test_folder =
            path.starts_with("tests/") || path.contains("/tests/") || path.contains("_tests/");
        let in_test_file = path.ends_with("/tests.rs") || path.ends_with("_tests.rs");
        let is_test = in_test_folder || in_test_file || path.contains("/benches/");
        let tests = if is_test { std::iter::once(0..text.len()).collect() } else { test_blocks(&code) };
        Self { path, text, code, comments, line_starts, tests }
    }

    /// The path from the root of the project.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text as it stands in the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text with comments and the insides of strings blanked.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The text with everything but comments blanked.
    #[must_use]
    pub fn comments(&self) -> &str {
        &self.comments
    }

    /// The line, from 1, that the byte `at` stands in.
    #[must_use]
    pub fn line_of(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// How many lines the file has.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.text.lines().count()
    }

    /// Whether the byte `at` belongs to a test.
    #[must_use]
    pub fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|block| block.contains(&at))
    }

    /// Whether `line` (from 1) or the line above it contains `words`.
    #[must_use]
    pub fn says_near(&self, line: usize, words: &str) -> bool {
        let first = line.saturating_sub(2);
        self.text.lines().skip(first).take(line - first).any(|line| line.contains(words))
    }

    /// The bytes of each function, from `fn` to its closing brace. A macro that writes
    /// functions in a grammar of its own may hide some.
    #[must_use]
    pub fn functions(&self) -> Vec<Range<usize>> {
        let named = |at: &usize| {
            let after = &self.code[at + 2..];
            after.starts_with(' ') && after.trim_start().starts_with(|letter: char| is_name(letter))
        };
        words(&self.code, "fn").filter(named).filter_map(|at| block(&self.code, at)).collect()
    }
}

/// Whether `letter` may be part of a name.
#[must_use]
pub(crate) fn is_name(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

/// Where `needle` stands in `text` as a word: no letter of a name directly before it, nor
/// directly after it if it ends with one.
pub(crate) fn words<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let starts_open = needle.starts_with(is_name);
    let ends_open = needle.ends_with(is_name);
    text.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        let before = starts_open && text[..*at].ends_with(is_name);
        let after = ends_open && text[at + needle.len()..].starts_with(is_name);
        !before && !after
    })
}

/// From `from` to the end of the first `{…}` behind it; `None` if a `;` ends it before.
fn block(code: &str, from: usize) -> Option<Range<usize>> {
    let mut depth = 0_usize;
    let open = code[from..].char_indices().find_map(|(at, letter)| {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' | ';' if depth == 0 => return Some((from + at, letter)),
            _ => {}
        }
        None
    });
    let (open, '{') = open? else { return None };
    Some(from..closing(code, open)?)
}

/// The byte after the bracket that closes the one at `open`, whatever its kind.
pub(crate) fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    code[open..].char_indices().find_map(|(at, letter)| {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        (depth == 0).then_some(open + at + 1)
    })
}

fn test_blocks(code: &str) -> Vec<Range<usize>> {
    let marks = code.match_indices("#[cfg(test)]").chain(code.match_indices("#[test]"));
    marks.filter_map(|(at, _)| block(code, at)).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Text,
}

/// The code of a Rust file, and its comments, each with all else blanked.
fn mask(text: &str) -> (String, String) {
    let mut code = String::with_capacity(text.len());
    let mut comments = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (kind, length) = piece(text, at);
        for letter in text[at..at + length].chars() {
            push(&mut code, letter, kind == Kind::Code);
            push(&mut comments, letter, kind == Kind::Comment);
        }
        at += length;
    }
    (code, comments)
}

fn push(to: &mut String, letter: char, keep: bool) {
    if keep || letter == '\n' {
        to.push(letter);
    } else {
        // A blank for each byte: places must stay the same.
        to.extend(std::iter::repeat_n(' ', letter.len_utf8()));
    }
}

/// The kind and length in bytes of what begins at `at`: a comment, the inside of a text, or
/// a single character of code.
fn piece(text: &str, at: usize) -> (Kind, usize) {
    let rest = &text[at..];
    let letter = rest.chars().next().map_or(1, char::len_utf8);
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Text, quoted(rest));
    }
    if rest.starts_with('\'') {
        return char_literal(rest).map_or((Kind::Code, 1), |length| (Kind::Text, length));
    }
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        let after = rest.strip_prefix(*prefix).map(|after| after.trim_start_matches('#'));
        after.is_some_and(|after| after.starts_with('"')) && !text[..at].ends_with(is_name)
    });
    match prefix {
        Some(prefix) => (Kind::Text, raw(rest, prefix.len())),
        None => (Kind::Code, letter),
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, letter)| {
        let ends = !escaped && *letter == '"';
        escaped = !escaped && *letter == '\\';
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

fn raw(rest: &str, prefix: usize) -> usize {
    let hashes = rest[prefix..].bytes().take_while(|byte| *byte == b'#').count();
    let open = prefix + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len())
}

/// The length of a character literal; `None` for a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let inside = rest[1..].chars().next()?;
    if inside == '\\' {
        return rest.get(3..)?.find('\'').map(|at| 3 + at + 1);
    }
    let end = 1 + inside.len_utf8();
    rest[end..].starts_with('\'').then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        mask(text).0.split_whitespace().collect()
    }

    #[test]
    fn comments_and_texts_are_no_code() {
        assert_eq!(code("a /* x /* y */ z */ b // c\nd"), "abd");
        assert_eq!(code(r#"f("x\"y", 'q', '\'', b"z")"#), "f(,,,b)");
        assert_eq!(code("r#\"x\" y\"# + br\"z\""), "+");
    }

    #[test]
    fn a_lifetime_is_code_and_opens_no_text() {
        assert_eq!(code("fn f<'a>(x: &'a str) { 'a' }"), "fnf<'a>(x:&'astr){}");
    }

    #[test]
    fn places_stay_the_same_beside_letters_of_many_bytes() {
        let text = "/* ação */ let x = \"é\"; // 日本\nlet y = 1;";
        let (code, comments) = mask(text);
        assert_eq!((code.len(), comments.len()), (text.len(), text.len()));
        assert_eq!(code.find("let y"), text.find("let y"));
        assert!(comments.contains("ação") && !comments.contains("let"));
    }

    #[test]
    fn what_never_ends_makes_nothing_panic() {
        for text in ["\"abc", "/* a /* b */", "r##\"x\"#", "'", "'\\", "'\\n", "fn a() { {", "#[cfg(test)]"] {
            let source = Source::new("a.rs".into(), text.into());
            assert_eq!(source.code().len(), text.len(), "{text}");
            assert!(source.functions().is_empty(), "{text}");
        }
    }

    #[test]
    fn a_test_module_is_told_from_the_code_around_it() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let source = Source::new("a.rs".into(), text.into());
        let is_test = |name: &str| source.is_test(text.find(name).unwrap());
        assert_eq!([is_test("fn a"), is_test("fn b"), is_test("fn c")], [false, true, false]);
        for path in ["tests/src/a.rs", "crates/app/src/a/tests.rs", "crates/app/src/a_tests.rs"] {
            assert!(Source::new(path.into(), text.into()).is_test(0), "{path}");
        }
    }

    #[test]
    fn functions_are_found_with_their_whole_body() {
        let text =
            "type F = fn(u8);\ntrait T { fn a(x: [u8; 2]); }\nfn b(x: [u8; 2]) -> u8 {\n    { x[0] }\n}\n";
        let source = Source::new("a.rs".into(), text.into());
        let found: Vec<&str> = source.functions().into_iter().map(|bytes| &text[bytes]).collect();
        assert_eq!(found, ["fn b(x: [u8; 2]) -> u8 {\n    { x[0] }\n}"]);
    }

    #[test]
    fn a_word_is_not_part_of_a_longer_one() {
        assert_eq!(words("eprintln!(println!())", "println!").collect::<Vec<_>>(), [10]);
        assert_eq!(words("f64x f64", "f64").collect::<Vec<_>>(), [5]);
        assert_eq!(words("x.unwrap()", ".unwrap()").collect::<Vec<_>>(), [1]);
    }
}
