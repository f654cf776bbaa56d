//! Section `server`: where the program listens and how others reach it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use app::UNASKED_CHANGES;
use connect::settings::SettingError;
use domain::member::SecondFactorRule;
use url::{Host, Url};

use super::{ConfigError, Setting, Values};

/// What this section takes.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        key: "server.listen",
        variable: "LOJISTA_LISTEN",
        secret: false,
        default: "127.0.0.1:8080",
        about: "Address and port to listen on; port 0 takes a free one.",
    },
    Setting {
        key: "server.public_url",
        variable: "LOJISTA_PUBLIC_URL",
        secret: false,
        default: "the address listened on",
        about: "Where browsers and marketplaces reach the shop, as in https://hub.example. It must begin with https:// unless it is this machine.",
    },
    Setting {
        key: "server.trusted_proxies",
        variable: "LOJISTA_TRUSTED_PROXIES",
        secret: false,
        default: "none",
        about: "IP addresses of the proxies whose X-Forwarded-For is believed, with commas between.",
    },
    Setting {
        key: "server.threads",
        variable: "LOJISTA_THREADS",
        secret: false,
        default: "2",
        about: "Threads that answer requests and run jobs.",
    },
    Setting {
        key: "server.second_factor",
        variable: "LOJISTA_SECOND_FACTOR",
        secret: false,
        default: "everyone",
        about: "Of whom a second factor is demanded: `everyone`, as Mercado Livre asks of its integrators, or `administrators`.",
    },
    Setting {
        key: "server.pages_per_minute",
        variable: "LOJISTA_PAGES_PER_MINUTE",
        secret: false,
        default: "600",
        about: "Pages that one member may open in a minute, so that nobody copies a shop page by page; 0 bounds nobody.",
    },
    Setting {
        key: "server.unasked_changes",
        variable: "LOJISTA_UNASKED_CHANGES",
        secret: false,
        default: "20",
        about: "Prices or products that one form may change without asking first; 0 always asks.",
    },
];

/// Threads when nobody says.
const THREADS: usize = 2;
/// Pages of a member a minute when nobody says: ten a second, more than anybody clicks.
const PAGES_PER_MINUTE: u32 = 600;
/// More threads than this help nobody.
const MAX_THREADS: usize = 256;

/// Where the program listens and how others reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// `server.listen`, `LOJISTA_LISTEN`.
    pub(crate) listen: SocketAddr,
    /// `server.public_url`, `LOJISTA_PUBLIC_URL`, without a slash at its end.
    pub(crate) public_url: Option<String>,
    /// `server.trusted_proxies`, `LOJISTA_TRUSTED_PROXIES`.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// `server.threads`, `LOJISTA_THREADS`.
    pub(crate) threads: usize,
    /// `server.second_factor`, `LOJISTA_SECOND_FACTOR`.
    pub(crate) second_factor: SecondFactorRule,
    /// `server.pages_per_minute`, `LOJISTA_PAGES_PER_MINUTE`; `None` bounds nobody.
    pub(crate) pages_per_minute: Option<NonZeroU32>,
    /// `server.unasked_changes`, `LOJISTA_UNASKED_CHANGES`.
    pub(crate) unasked_changes: usize,
}

impl Server {
    /// Reads the section.
    pub(crate) fn read(values: &Values) -> Result<Self, ConfigError> {
        let listen = match values.get("server.listen") {
            Some(given) => given.read("an address and port, as in 127.0.0.1:8080")?,
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
        };
        let public_url = match values.get("server.public_url") {
            Some(given) => Some(public_url(&given.text).map_err(|expected| given.wrong(expected))?),
            None if listen.ip().is_loopback() => None,
            None => {
                return Err(SettingError::Contradiction(format!(
                    "the program listens on {listen} for others, but nobody says how they reach it: set \
                     LOJISTA_PUBLIC_URL to its https:// address"
                ))
                .into());
            }
        };
        let trusted_proxies = match values.get("server.trusted_proxies") {
            Some(given) => given
                .text
                .split(',')
                .map(|address| address.trim().parse())
                .collect::<Result<_, _>>()
                .map_err(|_| given.wrong("IP addresses with commas between"))?,
            None => Vec::new(),
        };
        let threads = match values.get("server.threads") {
            Some(given) => given
                .read("a number")
                .ok()
                .filter(|threads| (1..=MAX_THREADS).contains(threads))
                .ok_or_else(|| given.wrong(format!("a number from 1 to {MAX_THREADS}")))?,
            None => THREADS,
        };
        let second_factor = match values.get("server.second_factor") {
            Some(given) => SecondFactorRule::parse(given.text.trim())
                .ok_or_else(|| given.wrong("`everyone` or `administrators`"))?,
            None => SecondFactorRule::default(),
        };
        let pages_per_minute = match values.get("server.pages_per_minute") {
            Some(given) => given.read("a number of pages, or 0 for no bound")?,
            None => PAGES_PER_MINUTE,
        };
        let pages_per_minute = NonZeroU32::new(pages_per_minute);
        let unasked_changes = match values.get("server.unasked_changes") {
            Some(given) => given.read("a number of changes, or 0 to ask always")?,
            None => UNASKED_CHANGES,
        };
        Ok(Self {
            listen,
            public_url,
            trusted_proxies,
            threads,
            second_factor,
            pages_per_minute,
            unasked_changes,
        })
    }

    /// How others reach the program, once it is known which port it got.
    pub(crate) fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }
}

/// Whether an address leads to this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Checks a public address; the error says what would be right.
fn public_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "an address, as in https://hub.example")?;
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || url.host().is_none() {
        return Err("an address without a path, as in https://hub.example");
    }
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(&url) => {}
        _ => {
            return Err(
                "an https:// address: passwords and orders do not travel in clear; put a proxy with a \
                        certificate before the program",
            );
        }
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
