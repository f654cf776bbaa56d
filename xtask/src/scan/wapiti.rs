//! wapiti: pages and forms, as the owner sees them and as strangers do. It begins at every page
//! of the approved matrix, follows links and sends forms.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::matrix::{self, Route};
use super::stage::Demo;
use super::tools::{End, no_report};
use super::{Finding, Scan, Scanner};
use crate::failure::Failure;

const ME: Scanner = Scanner::Wapiti;
/// What it looks for. Left out: what asks a server of wapiti's authors (ssrf, xxe, log4shell),
/// what looks for other programs (cms, wapp, `wp_enum`, htp, nikto, shellshock …) or for LDAP, which nothing here speaks
/// (it compares pages, and takes one that a limit changes for a finding), what guesses
/// passwords or names (`brute_login_form`, buster), and TLS, which is sslyze's.
const MODULES: &str =
    "cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,redirect,sql,upload,xss";
/// Where a form would end the very session that it scans with, change its password, or take its
/// owner's access. Each has its own tests.
const LEFT_ALONE: [&str; 9] = [
    "/sign-out",
    "/security/password",
    "/security/sessions/end",
    "/security/break-glass",
    "/members/sign-out",
    "/members/*/sign-out",
    "/members/*/leave",
    "/members/*/end/*",
    "/members/review/*",
];
/// Pages that stay open for news: a crawler would wait for their end.
const ENDLESS: [&str; 2] = ["/orders/live", "/connections/*/import/live"];
/// The first level that is more than a remark (0 informational, 1 low … 4 critical).
const LOW: i64 = 1;
/// What part of the whole time crawling may take, and each module.
const SHARE: u64 = 3;
/// What it says when it left something out because the time was over.
const TIME_OVER: [&str; 2] = ["Max scan time was reached", "Max attack time was reached"];
/// Requests that it finds at least when it is signed in; a stranger finds 40, the owner 300.
const LEAST_REQUESTS: u64 = 120;
/// What is planted.
const PLANTED: &str = "/planted/echo?text=caneca";
/// So deep it follows links: forms are sent, and what links lead to is attacked and read no further. It begins at a page of
/// every route; deeper it would do the same again for every SKU and every listing.
const DEPTH: &str = "1";

pub(super) fn scan(scan: &Scan<'_>) -> Result<Vec<Finding>, Failure> {
    let mut demo = Demo::start(scan.program)?;
    let folder = scan.folder(ME)?;
    let (report, log) = (folder.join("report.json"), folder.join("log"));
    let routes = matrix::routes(scan.root)?;
    let url = demo.url();
    let mut command = Command::new(scan.tool(ME));
    command.args(["--url", &format!("{url}/"), "--scope", "folder", "--module", MODULES, "--depth", DEPTH]);
    command.args(["--cookie-value", &demo.owner.cookie_header()]);
    command.args(["--header", &format!("Origin: {url}"), "--timeout", "20", "--tasks", "4"]);
    command.args(["--flush-session", "--no-bugreport", "--store-session"]).arg(folder.join("session"));
    command.arg("--store-config").arg(folder.join("config"));
    command.args(["--max-links-per-page", "60", "--max-files-per-dir", "12"]);
    let share = (scan.limit.as_secs() / SHARE).to_string();
    command.args(["--max-scan-time", &share, "--max-attack-time", &share]);
    for path in LEFT_ALONE.iter().chain(&ENDLESS) {
        command.args(["--exclude", &format!("{url}{path}")]);
    }
    for path in starts(&routes, &mut demo, scan.planted)? {
        command.args(["--start", &format!("{url}{path}")]);
    }
    command.args(["--format", "json", "--output"]).arg(&report);
    let end = scan.run(&command, scan.limit, &log)?;
    let said = fs::read_to_string(&log).map_err(Failure::of)?;
    if end == End::TimeOver || TIME_OVER.iter().any(|words| said.contains(words)) {
        return Err(Failure::of(format!(
            "wapiti's time was over before it had seen everything: --minutes; {}",
            log.display()
        )));
    }
    let report = fs::read_to_string(&report).ok().and_then(|text| serde_json::from_str(&text).ok());
    let found = report
        .and_then(|report| findings(&report, &routes, LEAST_REQUESTS))
        .ok_or_else(|| no_report(ME, &log))?;
    still_signed_in(&mut demo)?;
    Ok(found)
}

/// Fails when the scan lost its session on the way: what it saw after that was the sign-in page.
fn still_signed_in(demo: &mut Demo) -> Result<(), Failure> {
    let status = demo.owner.get("/orders")?.status;
    if status == 200 { Ok(()) } else { Err(Failure::of(format!("wapiti ended its own session ({status})"))) }
}

/// Where it begins: every page that has an address of its own, and of each other route the first page that one of
/// these leads to.
fn starts(routes: &[Route], demo: &mut Demo, planted: bool) -> Result<Vec<String>, Failure> {
    let pages = routes.iter().filter(|route| route.method == "GET" && !route.path.contains('{'));
    let mut starts: Vec<String> =
        pages.map(|route| route.path.clone()).filter(|path| !ENDLESS.contains(&path.as_str())).collect();
    starts.push(format!("/orders/{}", demo.first("orders", "id")?));
    starts.push(format!("/skus/{}", demo.first("skus", "id")?));
    let mut seen: Vec<&Route> = starts.iter().filter_map(|path| matrix::of(routes, "GET", path)).collect();
    let mut next = 0;
    while let Some(path) = starts.get(next) {
        next += 1;
        for link in links(&demo.owner.get(path)?.body, &demo.url()) {
            let Some(route) = matrix::of(routes, "GET", &link) else { continue };
            if !seen.contains(&route) && !route.path.ends_with("/live") {
                seen.push(route);
                starts.push(link);
            }
        }
    }
    for list in
        ["/orders?text=caneca&state=shipped", "/skus?text=can", "/listings?text=can", "/sign-in?next=/skus"]
    {
        starts.push(list.into());
    }
    starts.extend(planted.then(|| PLANTED.to_owned()));
    Ok(starts)
}

/// The paths that a page's links lead to within the shop at `url`, without their questions.
fn links(page: &str, url: &str) -> Vec<String> {
    let targets = page.split("href=\"").skip(1).filter_map(|rest| rest.split(['"', '?', '#']).next());
    let targets = targets.map(|target| target.strip_prefix(url).unwrap_or(target));
    targets.filter(|path| path.starts_with('/') && !path.starts_with("//")).map(str::to_owned).collect()
}

/// Findings of a report; `None` when it saw fewer than so many requests.
fn findings(report: &Value, routes: &[Route], least: u64) -> Option<Vec<Finding>> {
    if report["infos"]["crawled_pages_nbr"].as_u64()? < least {
        return None;
    }
    let mut findings = Vec::new();
    for kind in ["vulnerabilities", "anomalies"] {
        for (category, found) in report[kind].as_object()? {
            for one in found.as_array()?.iter().filter(|one| one["level"].as_i64() >= Some(LOW)) {
                let (method, path) = (one["method"].as_str()?, one["path"].as_str()?);
                let path = matrix::of(routes, method, path).map_or(path, |route| &route.path);
                let what = format!("{category}: {}", one["info"].as_str()?);
                findings.push(Finding { scanner: ME, place: format!("{method} {path}"), what });
            }
        }
    }
    Some(findings)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_within_the_shop_are_followed_without_their_questions() {
        let page = r##"<a href="/skus/sku_1?after=2#top">…</a><link href="//else.example/x"><a href="https://else.example"><a href="http://localhost:1/your-data/org_1">
            <a href="#main"><a href='/not-ours'>"##;
        assert_eq!(links(page, "http://localhost:1"), ["/skus/sku_1", "/your-data/org_1"]);
    }

    fn report(level: i64, pages: u64) -> Value {
        let one = json!({ "method": "GET", "path": "/orders/ord_1", "info": "found", "level": level });
        json!({ "infos": { "crawled_pages_nbr": pages }, "vulnerabilities": { "Cross Site Scripting": [one] },
                "anomalies": { "Internal Server Error": [] }, "additionals": {} })
    }

    #[test]
    fn what_is_above_informational_is_a_finding_at_its_route() {
        let routes = [Route { method: "GET".into(), path: "/orders/{id}".into() }];
        let found = findings(&report(2, 9), &routes, 9).unwrap();
        assert_eq!(
            (found[0].place.as_str(), found[0].what.as_str()),
            ("GET /orders/{id}", "Cross Site Scripting: found")
        );
        assert_eq!(findings(&report(0, 9), &routes, 9), Some(Vec::new()));
    }

    #[test]
    fn nothing_found_counts_only_when_enough_was_looked_at() {
        assert_eq!(findings(&report(0, 8), &[], 9), None);
        assert_eq!(findings(&json!({}), &[], 0), None);
    }

    #[test]
    fn what_is_left_alone_exists() {
        let routes = matrix::routes(&crate::workspace::root().unwrap()).unwrap();
        for path in LEFT_ALONE {
            assert!(matrix::of(&routes, "POST", &path.replace('*', "x")).is_some(), "{path}");
        }
        for path in ENDLESS {
            assert!(matrix::of(&routes, "GET", &path.replace('*', "x")).is_some(), "{path}");
        }
    }
}
