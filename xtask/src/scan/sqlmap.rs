//! sqlmap: every parameter of the probes below, by boolean, by error and by union.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::http::encode;
use super::stage::Demo;
use super::tools::{End, no_report};
use super::{Finding, Scan, Scanner};
use crate::failure::Failure;

const ME: Scanner = Scanner::Sqlmap;
/// What it says when it has tried everything and found nothing.
const CLEAN: &str = "all tested parameters do not appear to be injectable";
/// What it says when the program bounded it: what was refused was not tried.
const BOUNDED: &str = "429 (Too Many Requests)";
/// Ways of injection that need no waiting: boolean, error, union. What is left are delays and
/// stacked statements, which find nothing that these do not where a statement is one text.
const TECHNIQUES: &str = "BEU";
/// Between two calls with one key, in seconds.
const KEY_PACE: &str = "0.5";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Owner,
    Program,
}

/// A request whose parameters are tried out. `{order}` and `{sku}` stand for ids of the demo's; a
/// star is put behind what is tried in an address.
struct Probe {
    who: As,
    method: &'static str,
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

const fn page(path: &'static str, fields: &'static [(&'static str, &'static str)]) -> Probe {
    Probe { who: As::Owner, method: "GET", path, fields }
}

const fn form(path: &'static str, fields: &'static [(&'static str, &'static str)]) -> Probe {
    Probe { who: As::Owner, method: "POST", path, fields }
}

const fn call(path: &'static str, fields: &'static [(&'static str, &'static str)]) -> Probe {
    Probe { who: As::Program, method: "GET", path, fields }
}

/// Everything whose text gets as far as a statement of the store. Left out is what is bounded to a
/// few goes: a search by buyer, whose text only gets there as a keyed hash, and an export of the
/// log, whose filter is that of its page.
const PROBES: &[Probe] = &[
    page("/orders", &[("text", "can"), ("state", "shipped"), ("period", "30d"), ("kind", ""), ("ship", "")]),
    page("/orders", &[("connection", "1"), ("buyer", ""), ("older", "")]),
    page("/orders/{order}*", &[]),
    page("/skus", &[("text", "can"), ("show", ""), ("after", "C")]),
    page("/skus/{sku}*", &[]),
    page("/listings", &[("text", "can"), ("connection", "1"), ("show", ""), ("after", "")]),
    page("/differences", &[("channel", "shopee"), ("before", "")]),
    page("/desk", &[("kind", ""), ("channel", ""), ("state", ""), ("after", "")]),
    page(
        "/audit",
        &[("period", "7d"), ("who", ""), ("kind", ""), ("action", ""), ("end", ""), ("thing", "1")],
    ),
    form("/orders/views", &[("filter", "state=shipped"), ("name", "meus")]),
    form("/skus/{sku}/adjust", &[("on_hand_units", "5"), ("safety_units", "0"), ("reason", "contagem")]),
    form("/members/invite", &[("email", "bia@loja.example"), ("role", "analyst"), ("reason", "equipe")]),
    form("/problems/retry", &[("problem", "x"), ("kind", "x"), ("connection", "x"), ("job", "x")]),
    form("/preferences", &[("lang", "pt-BR"), ("theme", "light"), ("next", "/orders")]),
    call("/api/v1/skus", &[("after", "C")]),
    call("/api/v1/orders/{order}*", &[]),
];

/// What is planted, under the same settings.
const PLANTED: &[Probe] = &[page("/planted/find", &[("code", "1")])];

pub(super) fn scan(scan: &Scan<'_>) -> Result<Vec<Finding>, Failure> {
    let mut demo = Demo::start(scan.program)?;
    let folder = scan.folder(ME)?;
    let (order, sku) = (demo.first("orders", "id")?, demo.first("skus", "id")?);
    let begun = Instant::now();
    let mut findings = Vec::new();
    for (number, probe) in (if scan.planted { PLANTED } else { PROBES }).iter().enumerate() {
        let (report, log) = (folder.join(format!("{number}.json")), folder.join(format!("{number}.log")));
        let path = probe.path.replace("{order}", &order).replace("{sku}", &sku);
        reached(&mut demo, probe, &path)?;
        let mut command = Command::new(scan.tool(ME));
        command.args(["--batch", "--flush-session", "--disable-coloring", "--technique", TECHNIQUES]);
        command.args(["--timeout", "20", "--retries", "1", "--skip", "csrf", "--ignore-code", "*"]);
        command.args(["--ignore-redirects", "--output-dir"]).arg(folder.join("sessions"));
        command.arg("--report-json").arg(&report);
        aim(&mut command, probe, &path, &demo, number);
        let left = scan.limit.saturating_sub(begun.elapsed());
        if left.is_zero() || scan.run(&command, left, &log)? == End::TimeOver {
            let (done, all) = (number, PROBES.len());
            return Err(Failure::of(format!(
                "sqlmap's time was over after {done} of {all} requests: --minutes"
            )));
        }
        let route = probe.path.replace("{order}*", "{id}").replace("{sku}*", "{id}").replace("{sku}", "{id}");
        let place = format!("{} {route}", probe.method);
        findings.extend(read(&report, &log, &place).ok_or_else(|| no_report(ME, &log))?);
    }
    reached(&mut demo, &PROBES[0], PROBES[0].path)?;
    Ok(findings)
}

/// Fails when who asks is not answered: what is tried out then is the way to the sign-in.
fn reached(demo: &mut Demo, probe: &Probe, path: &str) -> Result<(), Failure> {
    let address = format!("{}?{}", path.trim_end_matches('*'), encode(probe.fields));
    let status = match (probe.who, probe.method) {
        (As::Program, _) => demo.read(address.trim_end_matches('?'))?,
        (As::Owner, "GET") => demo.owner.get(&address)?.status,
        (As::Owner, _) => return Ok(()),
    };
    if status == 200 {
        Ok(())
    } else {
        Err(Failure::of(format!("sqlmap would not get as far as {address}: {status}")))
    }
}

/// Aims at a probe.
fn aim(command: &mut Command, probe: &Probe, path: &str, demo: &Demo, number: usize) {
    let url = format!("{}{path}", demo.url());
    let mut fields = probe.fields.to_vec();
    if probe.method == "POST" {
        fields.push(("csrf", &demo.token));
        command.args(["--url", &url, "--data", &encode(&fields)]);
    } else if fields.is_empty() {
        command.args(["--url", &url]);
    } else {
        command.args(["--url", &format!("{url}?{}", encode(&fields))]);
    }
    match probe.who {
        As::Owner => {
            command.args([
                "--cookie",
                &demo.owner.cookie_header(),
                "--header",
                &format!("Origin: {}", demo.url()),
            ]);
        }
        As::Program => {
            let key = &demo.keys[number % demo.keys.len()];
            command.args(["--header", &format!("Authorization: Bearer {key}"), "--delay", KEY_PACE]);
        }
    }
}

fn read(report: &Path, log: &Path, place: &str) -> Option<Vec<Finding>> {
    let said = fs::read_to_string(log).ok()?;
    findings(&serde_json::from_str(&fs::read_to_string(report).ok()?).ok()?, &said, place)
}

/// Findings of one probe's report; `None` when it was not tried to the end.
fn findings(report: &Value, said: &str, place: &str) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for data in report["data"].as_array()? {
        for injection in data["value"].as_array().into_iter().flatten() {
            if let Some(parameter) = injection["parameter"].as_str() {
                let what = format!("SQL injection by the parameter {parameter}");
                findings.push(Finding { scanner: ME, place: place.to_owned(), what });
            }
        }
    }
    let tried = said.contains(CLEAN) && !said.contains(BOUNDED);
    (tried || !findings.is_empty()).then_some(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::matrix;
    use super::*;

    #[test]
    fn every_probe_is_a_route() {
        let routes = matrix::routes(&crate::workspace::root().unwrap()).unwrap();
        for probe in PROBES {
            let path = probe.path.replace('*', "").replace("{order}", "x").replace("{sku}", "x");
            assert!(matrix::of(&routes, probe.method, &path).is_some(), "{} {path}", probe.method);
        }
    }

    #[test]
    fn an_injection_is_a_finding_by_its_parameter() {
        let data = json!([{ "type": 0, "value": { "url": "x", "query": "code=1" } },
                          { "type": 1, "value": [{ "place": "GET", "parameter": "code", "data": [] }] }]);
        let found = findings(&json!({ "success": true, "data": data }), "", "GET /planted/find").unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "SQL injection by the parameter code");
    }

    #[test]
    fn nothing_found_counts_only_when_it_was_tried_to_the_end() {
        let nothing = json!({ "success": true, "data": [] });
        assert_eq!(findings(&nothing, &format!("[CRITICAL] {CLEAN}."), "GET /"), Some(Vec::new()));
        assert_eq!(findings(&nothing, "[CRITICAL] unable to connect to the target URL", "GET /"), None);
        assert_eq!(findings(&nothing, &format!("{CLEAN}\n{BOUNDED} - 16 times"), "GET /"), None);
        assert_eq!(findings(&json!({}), CLEAN, "GET /"), None);
    }
}
