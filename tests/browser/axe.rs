//! axe-core, as published, in the page that is shown.

use serde_json::{Value, json};

use crate::visitor::Visitor;

/// The published file; where it comes from stands in `vendor/README.md`.
const AXE: &str = include_str!("vendor/axe.min.js");
/// Its SHA-256 as published.
const SUM: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";
/// Everything that axe knows, the size of targets too (WCAG 2.2, 2.5.8), which it leaves
/// out unless it is asked.
const EVERYTHING: &str = "{rules: {'target-size': {enabled: true}}}";
/// What another theme can change.
const COLOURS: &str = "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}";

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// All rules.
    Everything,
    /// Colours alone: all else was looked at in another theme.
    Colours,
}

impl Visitor {
    /// What axe-core finds wrong with the page, one line for each place.
    pub(crate) async fn findings(&self, depth: Depth) -> Vec<String> {
        if self.script("return typeof axe", &json!([])).await == "undefined" {
            self.script(AXE, &json!([])).await;
        }
        let options = match depth {
            Depth::Everything => EVERYTHING,
            Depth::Colours => COLOURS,
        };
        let script = format!(
            "const {{violations}} = await axe.run(document, {{resultTypes: ['violations'], ...{options}}}); \
             return violations.flatMap(({{id, help, nodes}}) => \
               nodes.map(({{target, failureSummary}}) => `${{id}} (${{help}}): ${{target}} ${{failureSummary}}`))"
        );
        let script = format!("return (async () => {{ {script} }})()");
        let said = self.script(&script, &json!([])).await;
        said.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

#[test]
fn axe_is_the_published_one() {
    let sum = vault::token::sha256(AXE.as_bytes());
    assert!(
        sum.iter().zip(SUM.as_bytes().chunks(2)).all(|(byte, two)| format!("{byte:02x}").as_bytes() == two)
    );
    assert_eq!(SUM.len(), 2 * sum.len());
    assert!(include_str!("vendor/README.md").contains(SUM), "the table says another sum");
}
