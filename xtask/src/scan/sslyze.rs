//! sslyze: TLS as the recommended proxy speaks it, against Mozilla's "intermediate"
//! configuration and the known attacks on TLS.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::stage::{Demo, HOST, Proxy};
use super::tools::no_report;
use super::{Finding, Scan, Scanner};
use crate::failure::Failure;

const ME: Scanner = Scanner::Sslyze;

pub(super) fn scan(scan: &Scan<'_>) -> Result<Vec<Finding>, Failure> {
    let demo = Demo::start(scan.program)?;
    let proxy = Proxy::start(scan.root, &demo, scan.planted)?;
    let folder = scan.folder(ME)?;
    let (report, log) = (folder.join("report.json"), folder.join("log"));
    let mut command = Command::new(scan.tool(ME));
    command.args(["--mozilla_config", "intermediate", "--certinfo_ca_file"]).arg(&proxy.authority);
    command.arg("--json_out").arg(&report).arg(format!("{HOST}:{}", proxy.port));
    scan.run(&command, scan.limit, &log)?;
    let said = fs::read_to_string(&log).map_err(Failure::of)?;
    let report = fs::read_to_string(&report).ok().and_then(|text| serde_json::from_str(&text).ok());
    report.and_then(|report| findings(&said, &report)).ok_or_else(|| no_report(ME, &log))
}

/// Findings of what it said and of its report; `None` when it did not finish its work.
fn findings(said: &str, report: &Value) -> Option<Vec<Finding>> {
    let server = &report["server_scan_results"][0];
    if server["scan_status"] != "COMPLETED" {
        return None;
    }
    let mut findings = Vec::new();
    for (name, looked) in server["scan_result"].as_object()? {
        match looked["status"].as_str()? {
            "COMPLETED" => {}
            // What a profile does not ask for.
            "NOT_SCHEDULED" => continue,
            _ => return None,
        }
        for (word, value) in looked["result"].as_object()? {
            let is_vulnerable = word.starts_with("is_vulnerable_to") && *value == true;
            if is_vulnerable || (word == "robot_result" && value.as_str()?.starts_with("VULNERABLE")) {
                findings.push(finding(name, &format!("{word}: {value}")));
            }
        }
    }
    let (_, verdict) = said.split_once("COMPLIANCE AGAINST TLS CONFIGURATION")?;
    if !verdict.contains("OK - Compliant.") && !verdict.contains("FAILED - Not compliant.") {
        return None;
    }
    for line in verdict.lines().filter_map(|line| line.trim_start().strip_prefix("* ")) {
        let (name, words) = line.split_once(": ")?;
        findings.push(finding(name, words));
    }
    if findings.is_empty() && !verdict.contains("OK - Compliant.") {
        return None;
    }
    Some(findings)
}

fn finding(name: &str, words: &str) -> Finding {
    Finding { scanner: ME, place: format!("TLS {name}"), what: words.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HEAD: &str = "COMPLIANCE AGAINST TLS CONFIGURATION\n    Checking results\n\n    localhost:1: ";

    fn report(heartbleed: bool, status: &str) -> Value {
        let result = json!({ "heartbleed": { "status": status,
                                             "result": { "is_vulnerable_to_heartbleed": heartbleed } },
                             "http_headers": { "status": "NOT_SCHEDULED", "result": null } });
        json!({ "server_scan_results": [{ "scan_status": "COMPLETED", "scan_result": result }] })
    }

    #[test]
    fn what_does_not_comply_is_a_finding_and_so_is_a_known_attack() {
        let said = format!(
            "{HEAD}FAILED - Not compliant.\n        * tls_versions: TLS versions {{'TLSv1'}} are supported.\n"
        );
        let found = findings(&said, &report(true, "COMPLETED")).unwrap();
        let places: Vec<&str> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["TLS heartbleed", "TLS tls_versions"]);
    }

    #[test]
    fn nothing_found_counts_only_when_it_says_that_all_is_well() {
        let fine = format!("{HEAD}OK - Compliant.\n");
        assert_eq!(findings(&fine, &report(false, "COMPLETED")), Some(Vec::new()));
        assert_eq!(findings(HEAD, &report(false, "COMPLETED")), None);
        assert_eq!(findings(&fine, &report(false, "ERROR")), None);
        assert_eq!(findings(&fine, &json!({})), None);
    }
}
