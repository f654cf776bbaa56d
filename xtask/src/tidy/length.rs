//! Files and functions short enough to be read.

use super::{Finding, Tree};

/// Lines of a Rust file.
const FILE_LINES: usize = 600;
/// Lines of a function, from `fn` to the closing brace.
const FUNCTION_LINES: usize = 70;
/// What a file (at the start of a line) or a function (in its body) says that has to be
/// long; a reason follows.
const LONG: &str = "// tidy: long because ";

/// Finds Rust files and functions that are too long and do not say why.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.rust() {
        let lines = source.line_count();
        if lines > FILE_LINES && !source.text().lines().any(|line| line.starts_with(LONG)) {
            findings.push(Finding {
                file: source.path().to_owned(),
                line: FILE_LINES + 1,
                what: format!("{lines} lines; a file has at most {FILE_LINES}"),
                mend: format!("split it by what its parts are about, or say `{LONG}…`"),
            });
        }
        for function in source.functions() {
            let line = source.line_of(function.start);
            let lines = source.line_of(function.end) - line + 1;
            if lines > FUNCTION_LINES && !source.comments()[function].contains(LONG) {
                findings.push(Finding {
                    file: source.path().to_owned(),
                    line,
                    what: format!("a function of {lines} lines; it has at most {FUNCTION_LINES}"),
                    mend: format!("give its steps names, or say `{LONG}…` in it"),
                });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_found(text: String) -> Vec<usize> {
        let tree = Tree::from_iter([("crates/app/src/a.rs", text)]);
        check(&tree).into_iter().map(|finding| finding.line).collect()
    }

    fn function(lines: usize, inside: &str) -> String {
        format!("fn long() {{{inside}{}}}\n", "\n".repeat(lines - 1))
    }

    #[test]
    fn a_file_of_the_greatest_length_is_fine_and_one_more_line_is_not() {
        assert!(lines_found("// a\n".repeat(FILE_LINES)).is_empty());
        assert_eq!(lines_found("// a\n".repeat(FILE_LINES + 1)), [FILE_LINES + 1]);
    }

    #[test]
    fn a_function_of_the_greatest_length_is_fine_and_one_more_line_is_not() {
        assert!(lines_found(function(FUNCTION_LINES, "")).is_empty());
        assert_eq!(lines_found(format!("\n{}", function(FUNCTION_LINES + 1, ""))), [2]);
    }

    #[test]
    fn what_says_why_it_is_long_may_be() {
        assert!(lines_found(format!("{LONG}it is one table\n{}", "// a\n".repeat(FILE_LINES))).is_empty());
        assert!(
            lines_found(function(FUNCTION_LINES + 1, " // tidy: long because it is one table")).is_empty()
        );
    }

    #[test]
    fn a_function_that_says_why_does_not_excuse_its_file() {
        let text = format!("fn a() {{\n    {LONG}it is one table\n}}\n{}", "// a\n".repeat(FILE_LINES));
        assert_eq!(lines_found(text), [FILE_LINES + 1]);
    }
}
