//! Snapshots that no test reads any more.

use super::{Finding, Source, Tree};

/// Finds `.snap` files whose test is gone. It believes the `source:` line that insta writes,
/// and a mention of the snapshot's name in that file.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files().filter_map(|source| finding(tree, source)).collect()
}

fn finding(tree: &Tree, snapshot: &Source) -> Option<Finding> {
    let name = snapshot.path().rsplit('/').next()?.strip_suffix(".snap")?;
    let origin = snapshot.text().lines().find_map(|line| line.strip_prefix("source: "));
    let what = match origin.map(|path| (path, tree.get(path.trim().trim_matches('"')))) {
        None => "a snapshot that does not name its test".to_owned(),
        Some((path, None)) => format!("a snapshot of a test in {path}, which does not exist"),
        Some((path, Some(source))) => {
            if source.text().contains("snapshot!") && source.text().contains(test_name(name)) {
                return None;
            }
            format!("a snapshot that no test in {path} reads")
        }
    };
    Some(Finding { file: snapshot.path().to_owned(), line: 1, what, mend: "remove it".into() })
}

/// `order_page` from `web__pages__tests__order_page-2`: insta numbers the later ones of a test.
fn test_name(file: &str) -> &str {
    let name = file.rsplit("__").next().unwrap_or(file);
    match name.rsplit_once('-') {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: (&str, &str) = (
        "crates/web/src/snapshots/web__page__tests__order_page-2.snap",
        "---\nsource: crates/web/src/page.rs\nexpression: html\n---\n<p>\n",
    );

    #[test]
    fn a_snapshot_that_its_test_reads_stays() {
        let source = ("crates/web/src/page.rs", "fn order_page() { insta::assert_snapshot!(html); }");
        assert_eq!(check(&Tree::from_iter([SNAPSHOT, source])), []);
    }

    #[test]
    fn a_snapshot_of_a_file_that_is_gone_is_found() {
        assert_eq!(check(&Tree::from_iter([SNAPSHOT])).len(), 1);
    }

    #[test]
    fn a_snapshot_of_a_test_that_is_gone_is_found() {
        for text in ["fn order_page() {}", "fn other() { assert_snapshot!(html); }"] {
            assert_eq!(
                check(&Tree::from_iter([SNAPSHOT, ("crates/web/src/page.rs", text)])).len(),
                1,
                "{text}"
            );
        }
    }

    #[test]
    fn a_snapshot_without_an_origin_is_found() {
        assert_eq!(check(&Tree::from_iter([("a/b.snap", "---\n---\n<p>\n")])).len(), 1);
    }
}
