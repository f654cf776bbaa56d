//! schemathesis: the API for programs, called in every way that its description allows, and in
//! many that it forbids. Nothing may fail inside, and every answer has to be as described.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::stage::Demo;
use super::tools::no_report;
use super::{Finding, Scan, Scanner};
use crate::failure::Failure;

const ME: Scanner = Scanner::Schemathesis;
/// Examples of each call, good and bad ones.
const EXAMPLES: &str = "200";
/// Calls a second: fewer than all keys together have.
const PACE: &str = "24/s";
/// The chance of the examples: the same on each run.
const SEED: &str = "1";

pub(super) fn scan(scan: &Scan<'_>) -> Result<Vec<Finding>, Failure> {
    let demo = Demo::start(scan.program)?;
    let folder = scan.folder(ME)?;
    let (keys, report, log) = (folder.join("keys"), folder.join("report.json"), folder.join("log"));
    fs::write(&keys, demo.keys.join("\n")).map_err(Failure::of)?;
    let mut command = Command::new(scan.tool(ME));
    command.current_dir(&folder);
    command.env("SCHEMATHESIS_HOOKS", scan.root.join("xtask/scan/keys.py")).env("LOJISTA_SCAN_KEYS", &keys);
    command.arg("run").arg(format!("{}/api/v1/openapi.json", demo.url()));
    command.args(["--checks", "all", "--continue-on-failure", "--no-color", "--mode", "all"]);
    command.args([
        "--max-examples",
        EXAMPLES,
        "--rate-limit",
        PACE,
        "--seed",
        SEED,
        "--generation-database",
        "none",
    ]);
    command.arg("--report-json-path").arg(&report);
    scan.run(&command, scan.limit, &log)?;
    fs::remove_file(&keys).map_err(Failure::of)?;
    read(&report).ok_or_else(|| no_report(ME, &log))
}

fn read(report: &Path) -> Option<Vec<Finding>> {
    findings(&serde_json::from_str(&fs::read_to_string(report).ok()?).ok()?)
}

/// What it says when calls were made and their insides not reached.
const UNREACHED: [&str; 4] = ["missing_test_data", "missing_auth", "rate_limited", "unsupported_regex"];

/// Findings of a report; `None` for one that does not say that every call was tried.
fn findings(report: &Value) -> Option<Vec<Finding>> {
    let (tested, all) = (report["operations"]["tested"].as_u64()?, report["operations"]["total"].as_u64()?);
    let cases = report["test_cases"]["generated"].as_u64()?;
    let errors = report["errors"].as_array()?;
    let warned = |kind: &&str| report["warnings"][kind].as_array().is_none_or(|calls| !calls.is_empty());
    if tested != all || cases == 0 || !errors.is_empty() || UNREACHED.iter().any(warned) {
        return None;
    }
    let mut findings = Vec::new();
    for failure in report["failures"].as_array()? {
        let what = format!("{} ({})", failure["title"].as_str()?, failure["severity"].as_str()?);
        for place in failure["operations"].as_array()? {
            findings.push(Finding { scanner: ME, place: place.as_str()?.to_owned(), what: what.clone() });
        }
    }
    Some(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(tested: u64, failures: &Value) -> Value {
        json!({ "operations": { "total": 4, "tested": tested }, "test_cases": { "generated": 800 },
                "errors": [], "failures": failures,
                "warnings": { "missing_test_data": [], "missing_auth": [], "rate_limited": [], "unsupported_regex": [] } })
    }

    #[test]
    fn a_failure_is_a_finding_at_each_of_its_calls() {
        let failures = json!([{ "title": "Server error", "severity": "CRITICAL",
                                "operations": ["GET /api/v1/orders", "GET /api/v1/skus"] }]);
        let found = findings(&report(4, &failures)).unwrap();
        assert_eq!(found[1].place, "GET /api/v1/skus");
        assert_eq!(found[0].what, "Server error (CRITICAL)");
    }

    #[test]
    fn nothing_found_counts_only_when_everything_was_tried() {
        assert_eq!(findings(&report(4, &json!([]))), Some(Vec::new()));
        assert_eq!(findings(&report(3, &json!([]))), None);
        assert_eq!(findings(&json!({})), None);
        let mut broken = report(4, &json!([]));
        broken["errors"] = json!([{ "title": "Schema Loading Error" }]);
        assert_eq!(findings(&broken), None);
        let mut shallow = report(4, &json!([]));
        shallow["warnings"]["missing_test_data"] = json!(["GET /api/v1/orders/{id}"]);
        assert_eq!(findings(&shallow), None);
    }
}
