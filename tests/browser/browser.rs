//! One Chromium, driven over WebDriver (W3C Recommendation) through Debian's chromedriver.
//! The protocol is JSON over HTTP on loopback; what we need of it is this file.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::bench::http;

/// Set where a missing browser is a failure, not a shorter run.
const REQUIRED: &str = "CI_REQUIRE_BROWSER";
/// The longest that a page or a script may take, in milliseconds: the machine may be busy.
const PATIENCE_MS: u64 = 60_000;
/// How long chromedriver may take to close its browser.
const CLOSING: Duration = Duration::from_secs(20);
/// The key under which WebDriver hands out an element (§12.1 of the Recommendation).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The programs that make a browser.
#[derive(Debug)]
pub(crate) struct Programs {
    chromium: PathBuf,
    driver: PathBuf,
}

impl Programs {
    /// Finds them. Without them it says so, unless the environment asks for a browser.
    pub(crate) fn find() -> Option<Self> {
        let find = |name: &str| {
            let folders = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
        };
        let found = find("chromium").zip(find("chromedriver"));
        assert!(
            found.is_some() || env::var(REQUIRED).is_err(),
            "{REQUIRED} is set, but chromium or chromedriver is missing: run cargo xtask test"
        );
        if found.is_none() {
            eprintln!("not run: chromium or chromedriver (Debian: chromium-driver) is missing");
        }
        found.map(|(chromium, driver)| Self { chromium, driver })
    }
}

/// What WebDriver refused, in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

pub(crate) type Result<T> = std::result::Result<T, Refused>;

/// An element of the page that is shown now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element(String);

impl Element {
    /// The element that a script returned, if it is one.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        value.get(ELEMENT)?.as_str().map(|id| Self(id.to_owned()))
    }

    /// The element as an argument of a script.
    pub(crate) fn handle(&self) -> Value {
        json!({ELEMENT: self.0})
    }
}

/// A driver takes one port of two kinds of loopback; when another one has just taken the
/// second, it gives up, and the next try gets another port.
const DRIVER_ATTEMPTS: usize = 5;

/// A browser with one window and a profile of its own; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: Child,
    /// Kept open: a driver that cannot write ends.
    _said: BufReader<ChildStdout>,
    address: SocketAddr,
    session: String,
    profile: TempDir,
}

impl Browser {
    /// Starts one that asks for pages in `language` (BCP 47).
    pub(crate) async fn open(programs: &Programs, language: &str) -> Self {
        let (driver, said, port) = (0..DRIVER_ATTEMPTS)
            .find_map(|_| start(programs))
            .expect("chromedriver starts and says its port");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let profile = tests::database::folder();
        let browser = Self { driver, _said: said, address, session: String::new(), profile };
        let wishes = wishes(programs, browser.profile.path(), language);
        let session = browser.ask("POST", "/session", &wishes).await.expect("Chromium starts");
        browser.named(session["sessionId"].as_str().expect("a session has a name"))
    }

    fn named(mut self, session: &str) -> Self {
        session.clone_into(&mut self.session);
        self
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = http::request(method, path, "Content-Type: application/json\r\n", &text);
        let answer = http::once(self.address, &request).await.map_err(|error| Refused(error.to_string()))?;
        let mut said: Value =
            serde_json::from_slice(&answer.body).map_err(|error| Refused(error.to_string()))?;
        let value = said["value"].take();
        if answer.status == 200 {
            return Ok(value);
        }
        let message = value["message"].as_str().and_then(|text| text.lines().next()).unwrap_or_default();
        Err(Refused(format!("{}: {message}", value["error"].as_str().unwrap_or_default())))
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.ask(method, &format!("/session/{}{path}", self.session), body).await
    }

    /// Goes to an address and waits until the page is loaded.
    pub(crate) async fn go(&self, url: &str) -> Result<()> {
        self.call("POST", "/url", &json!({"url": url})).await.map(drop)
    }

    /// The address of the page that is shown.
    pub(crate) async fn url(&self) -> Result<String> {
        Ok(self.call("GET", "/url", &Value::Null).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Runs the body of a function in the page; gives what it returns, awaited.
    pub(crate) async fn script(&self, body: &str, arguments: &Value) -> Result<Value> {
        self.call("POST", "/execute/sync", &json!({"script": body, "args": arguments})).await
    }

    /// Presses an element as a person does: in the middle, and only if nothing covers it.
    pub(crate) async fn click(&self, element: &Element) -> Result<()> {
        self.call("POST", &format!("/element/{}/click", element.0), &json!({})).await.map(drop)
    }

    /// Empties a field and types into it.
    pub(crate) async fn type_into(&self, element: &Element, text: &str) -> Result<()> {
        self.call("POST", &format!("/element/{}/clear", element.0), &json!({})).await?;
        self.call("POST", &format!("/element/{}/value", element.0), &json!({"text": text})).await.map(drop)
    }

    /// Gives the browser a cookie for the page that is shown.
    pub(crate) async fn keep_cookie(&self, name: &str, value: &str) -> Result<()> {
        let cookie = json!({"cookie": {"name": name, "value": value, "path": "/", "httpOnly": true}});
        self.call("POST", "/cookie", &cookie).await.map(drop)
    }

    /// Takes all cookies of the page that is shown.
    pub(crate) async fn forget_cookies(&self) -> Result<()> {
        self.call("DELETE", "/cookie", &Value::Null).await.map(drop)
    }

    /// A command of the `DevTools` protocol, for what WebDriver has no word for.
    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        self.call("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await
    }

    /// What a log of the browser gained since it was last asked: `browser` or `performance`.
    pub(crate) async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let entries = self.call("POST", "/se/log", &json!({"type": kind})).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// Asks chromedriver to close the browser and to end.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect_timeout(&self.address, CLOSING)?;
        stream.set_read_timeout(Some(CLOSING))?;
        stream.write_all(&http::request("GET", "/shutdown", "Connection: close\r\n", ""))?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Not asynchronous: a test that panics has to close its browser, too.
        if self.shut_down().is_err() {
            let _ = self.driver.kill();
        }
        let _ = self.driver.wait();
    }
}

/// Starts a driver; `None` when it ended before it had a port.
fn start(programs: &Programs) -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let mut driver = Command::new(&programs.driver)
        .args(["--port=0", "--log-level=SEVERE"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts");
    let mut said = BufReader::new(driver.stdout.take().expect("it has an output"));
    if let Some(port) = port_of(&mut said) {
        return Some((driver, said, port));
    }
    // Without a port its output has ended, so it has, too.
    let _ = driver.kill();
    let _ = driver.wait();
    None
}

/// The port that chromedriver chose: "… was started successfully on port 12345."
fn port_of(said: &mut impl std::io::BufRead) -> Option<u16> {
    said.lines().map_while(std::result::Result::ok).find_map(|line| {
        line.rsplit_once("on port ")?.1.trim_end_matches('.').parse().ok().filter(|port| *port > 0)
    })
}

/// What the session is to be like.
fn wishes(programs: &Programs, profile: &std::path::Path, language: &str) -> Value {
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "timeouts": {"implicit": 0, "pageLoad": PATIENCE_MS, "script": PATIENCE_MS},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": {
            "binary": programs.chromium,
            "prefs": {"intl.accept_languages": language},
            "args": [
                "--headless=new",
                // Over a pipe, a browser whose driver was killed ends by itself.
                "--remote-debugging-pipe",
                format!("--user-data-dir={}", profile.display()),
                // It sees our own pages only, and root may not use the sandbox of Chromium.
                "--no-sandbox",
                "--no-proxy-server",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-first-run",
                "--hide-scrollbars",
            ],
        },
    }}})
}

#[test]
fn the_port_is_read_from_what_chromedriver_says() {
    let said = "Starting ChromeDriver 1 on port 0\nChromeDriver was started successfully on port 41427.\n";
    assert_eq!(port_of(&mut said.as_bytes()), Some(41_427));
    assert_eq!(port_of(&mut "bind() failed\n".as_bytes()), None);
}
