//! What is scanned: a real demo on a free port of this machine, with a signed-in owner and keys
//! for programs; and nginx before it, as `deploy/nginx.conf` has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::http::{Visitor, hidden};
use super::tools::program_at;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::services::{Process, free_port};
use crate::workspace;

/// Orders that arrive while it is scanned: a shop at rest would not be one.
const ORDERS_PER_MINUTE: &str = "30";
/// The longest wait for the first of them.
const FIRST_ORDER_LIMIT: Duration = Duration::from_mins(1);
/// Keys for programs: each has calls of its own, so that a scanner is not told to wait.
const KEYS: usize = 16;
/// A page that only the program with planted flaws has.
const PLANTED_PAGE: &str = "/planted/echo";
/// What a key stands behind on the page that shows it.
const KEY_MARK: &str = "<pre tabindex=\"0\">";

/// The program that is scanned.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    planted: bool,
}

impl Program {
    /// Builds it; with planted flaws it is another program, of another name.
    pub(super) fn build(interrupt: &Interrupt, root: &Path, planted: bool) -> Result<Self, Failure> {
        let name = if planted { "lojista-planted" } else { "lojista" };
        let mut build = workspace::cargo();
        build.args(["build", "--locked", "--package", "lojista", "--bin", name]).current_dir(root);
        if planted {
            build.args(["--features", "planted-flaws"]);
        }
        interrupt.run(&mut build)?;
        Ok(Self { path: workspace::target_folder(root)?.join("debug").join(name), planted })
    }
}

/// A demo that runs until this value is dropped, and who is signed in there.
#[derive(Debug)]
pub(super) struct Demo {
    /// Its port on this machine.
    pub(super) port: u16,
    /// The owner's browser.
    pub(super) owner: Visitor,
    /// What the owner's forms carry.
    pub(super) token: String,
    /// Keys for programs.
    pub(super) keys: Vec<String>,
    // In this order: the program ends before its folder goes.
    _process: Process,
    _folder: TempDir,
}

impl Demo {
    /// Starts one and signs in.
    pub(super) fn start(program: &Program) -> Result<Self, Failure> {
        let folder = temporary()?;
        let port = free_port().map_err(Failure::of)?;
        let mut command = dying_with_us(&program.path);
        command.args(["demo", "--json", "--orders-per-minute", ORDERS_PER_MINUTE]);
        command.arg("--listen").arg(format!("127.0.0.1:{port}"));
        command.arg("--data").arg(folder.path().join("data")).current_dir(folder.path());
        let log = folder.path().join("log");
        let ready = || fs::read_to_string(&log).ok().and_then(|text| said(&text));
        let process = Process::start("lojista demo", command, Signal::TERM, None, || ready().is_some())
            .map_err(Failure::of)?;
        let said = ready().ok_or_else(|| Failure::of("the demo does not say how to sign in"))?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let mut owner = Visitor::new(port);
        owner.get("/sign-in")?;
        let fields = [("email", &*text("email")), ("password", &*text("password")), ("next", "/orders")];
        let entered = owner.post("/sign-in", &fields)?;
        let token = hidden(&owner.get("/security/api-keys")?.body, "csrf")
            .ok_or_else(|| Failure::of(format!("the demo's owner cannot sign in ({})", entered.status)))?;
        let flawed = owner.get(PLANTED_PAGE)?.status == 200;
        if flawed != program.planted {
            return Err(Failure::of("the program that is scanned is not the one that was to be scanned"));
        }
        let mut demo = Self { port, owner, token, keys: Vec::new(), _process: process, _folder: folder };
        for _ in 0..KEYS {
            let key = demo.make_key()?;
            demo.keys.push(key);
        }
        let begun = Instant::now();
        while demo.first("orders", "id").is_err() && begun.elapsed() < FIRST_ORDER_LIMIT {
            wait_for_an_order();
        }
        Ok(demo)
    }

    fn make_key(&mut self) -> Result<String, Failure> {
        let fields = [
            ("csrf", &*self.token),
            ("name", "scan"),
            ("scope", "see_orders"),
            ("scope", "see_stock"),
            ("days", "30"),
        ];
        let page = self.owner.post("/security/api-keys", &fields)?.body;
        let key = page.split_once(KEY_MARK).and_then(|(_, rest)| rest.split('<').next());
        key.map(str::to_owned).ok_or_else(|| Failure::of("the demo made no key for programs"))
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        self.owner.origin()
    }

    /// The status with which the API answers a program.
    pub(super) fn read(&self, path: &str) -> Result<u16, Failure> {
        let key = self.keys.first().map(String::as_str).unwrap_or_default();
        Ok(Visitor::new(self.port).get_with_key(path, key)?.status)
    }

    /// The first thing of a list of the API, by its field.
    pub(super) fn first(&self, list: &str, field: &str) -> Result<String, Failure> {
        let key = self.keys.first().map(String::as_str).unwrap_or_default();
        let body = Visitor::new(self.port).get_with_key(&format!("/api/v1/{list}"), key)?.body;
        let page: Value = serde_json::from_str(&body).map_err(Failure::of)?;
        let found = page["items"][0][field].as_str().map(str::to_owned);
        found.ok_or_else(|| Failure::of(format!("the demo's list of {list} is empty")))
    }
}

#[expect(clippy::disallowed_methods, reason = "an order of the demo gives no event to wait for")]
fn wait_for_an_order() {
    // Half of what a key may ask.
    std::thread::sleep(Duration::from_secs(1));
}

/// What the program says once it is ready.
fn said(log: &str) -> Option<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["password"].is_string())
}

fn temporary() -> Result<TempDir, Failure> {
    tempfile::Builder::new().prefix("lojista-scan-").tempdir().map_err(Failure::of)
}

/// A program that is told to end when we die, `kill -9` included.
fn dying_with_us(program: &Path) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// nginx before a demo, until this value is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    /// Where it speaks TLS.
    pub(super) port: u16,
    /// The authority that its certificate is believed by.
    pub(super) authority: PathBuf,
    _process: Process,
    _folder: TempDir,
}

/// The name in the certificate.
pub(super) const HOST: &str = "localhost";
/// The configuration that operators are told to take.
const SITE: &str = "deploy/nginx.conf";
/// What the planted flaw makes of its TLS: versions and ciphers that were given up long ago.
const PLANTED: [(&str, &str); 2] = [
    ("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
    ("ssl_ciphers ", "ssl_ciphers DEFAULT@SECLEVEL=0:"),
];

impl Proxy {
    /// Starts nginx with the recommended file, but for names, ports and places.
    pub(super) fn start(root: &Path, demo: &Demo, planted: bool) -> Result<Self, Failure> {
        let folder = temporary()?;
        let at = folder.path().display().to_string();
        certify(folder.path())?;
        let (port, clear) = (free_port().map_err(Failure::of)?, free_port().map_err(Failure::of)?);
        let site =
            fs::read_to_string(root.join(SITE)).map_err(|error| Failure::of(format!("{SITE}: {error}")))?;
        let mut changes = vec![
            ("listen 443 ssl".to_owned(), format!("listen 127.0.0.1:{port} ssl")),
            ("listen 80;".to_owned(), format!("listen 127.0.0.1:{clear};")),
            ("server_name hub.example;".to_owned(), format!("server_name {HOST};")),
            ("/etc/lojista/tls/".to_owned(), format!("{at}/")),
            ("http://127.0.0.1:8080;".to_owned(), format!("http://127.0.0.1:{};", demo.port)),
        ];
        if planted {
            changes.extend(PLANTED.map(|(from, to)| (from.to_owned(), to.to_owned())));
        }
        fs::write(folder.path().join("site.conf"), changed(site, &changes)?).map_err(Failure::of)?;
        fs::write(folder.path().join("nginx.conf"), around(&at)).map_err(Failure::of)?;
        let nginx = program_at("nginx").ok_or_else(|| Failure::of("nginx is not installed"))?;
        let mut command = dying_with_us(&nginx);
        command
            .args(["-p", &at, "-e", "stderr", "-c", &format!("{at}/nginx.conf")])
            .current_dir(folder.path());
        let answers = || std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).is_ok();
        let process = Process::start("nginx", command, Signal::TERM, None, answers).map_err(Failure::of)?;
        Ok(Self { port, authority: folder.path().join("ca.pem"), _process: process, _folder: folder })
    }
}

/// A text with each of these in place of those; all of them have to be there.
fn changed(mut text: String, changes: &[(String, String)]) -> Result<String, Failure> {
    for (from, to) in changes {
        if !text.contains(from.as_str()) {
            return Err(Failure::of(format!(
                "{SITE} has no `{from}` any more: xtask/src/scan/stage.rs changes it"
            )));
        }
        text = text.replace(from.as_str(), to);
    }
    Ok(text)
}

/// What is around a site: one process, and everything in one folder.
fn around(at: &str) -> String {
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places: Vec<String> = places.iter().map(|name| format!("{name}_temp_path {at}/{name};")).collect();
    format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{}\ninclude {at}/site.conf;\n}}\n",
        places.join("\n")
    )
}

/// An authority of its own, and a certificate for [`HOST`] that it signed.
fn certify(folder: &Path) -> Result<(), Failure> {
    fs::write(
        folder.join("extensions"),
        format!("subjectAltName=DNS:{HOST}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"),
    )
    .map_err(Failure::of)?;
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for arguments in [
        format!(
            "req -x509 {key} -days 2 -subj /CN=scan-authority -addext keyUsage=critical,keyCertSign,cRLSign \
             -keyout ca.key -out ca.pem"
        ),
        format!("req {key} -subj /CN={HOST} -keyout key.pem -out key.csr"),
        "x509 -req -in key.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out chain.pem"
            .to_owned(),
    ] {
        workspace::output(Command::new("openssl").current_dir(folder).args(arguments.split_whitespace()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_demo_says_is_found_among_its_log() {
        let log = "2026-07-31 INFO starting\n{\"url\":\"x\",\"email\":\"a\",\"password\":\"b\"}\n";
        assert_eq!(said(log).unwrap()["email"], "a");
        assert!(said("{\"url\":\"x\"}").is_none());
    }

    #[test]
    fn the_recommended_file_is_scanned_as_it_is_but_for_names_and_places() {
        let site = fs::read_to_string(workspace::root().unwrap().join(SITE)).unwrap();
        let changes = PLANTED.map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert!(changed(site, &changes).unwrap().contains("TLSv1.1"));
        let gone = changed("listen 443;".into(), &[("listen 80;".into(), String::new())]);
        assert!(gone.unwrap_err().say.unwrap().contains("listen 80;"));
    }
}
