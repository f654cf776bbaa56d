//! Which addresses may be called: the configured hosts and no others, and behind their
//! names only public addresses (or only loopback ones, when the sandbox is configured).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What an address may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet and nothing else.
    Public,
    /// This machine and nothing else: the sandbox.
    Loopback,
    /// Wherever the operator's own server stands, private networks too. For addresses that only
    /// the operator's settings name, never for one that came from outside.
    Own,
}

impl Reach {
    /// Whether a resolved address lies within reach.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Loopback => address.is_loopback(),
            // What never is a server of anybody's: the cloud metadata address, above all.
            Self::Own => match address {
                IpAddr::V4(address) => {
                    let [first, ..] = address.octets();
                    !(address.is_link_local() || address.is_multicast() || first == 0 || first >= 240)
                }
                IpAddr::V6(address) => {
                    let is_link_local = address.segments()[0] & 0xffc0 == 0xfe80;
                    !(is_link_local || address.is_multicast() || address.is_unspecified())
                }
            },
            Self::Public => match address {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            },
        }
    }
}

/// Not in the special-purpose registry of RFC 6890 (which covers the cloud metadata
/// address 169.254.169.254 as link-local).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || matches!((a, b, c), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99));
    !special
}

/// Global unicast (2000::/3) without the ranges that only wrap another address or stand
/// in examples: through them a private IPv4 address could be reached.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = a & 0xe000 == 0x2000;
    let teredo_or_special = a == 0x2001 && b < 0x0200;
    let six_to_four = a == 0x2002;
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    global && !teredo_or_special && !six_to_four && !documentation
}

/// Why a text is no base address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// No URL at all.
    #[error("not an address of the form https://host")]
    NotAnAddress,
    /// Neither https, nor http to this machine.
    #[error("only https is called; http is for a sandbox on this machine")]
    NotHttps,
    /// User name, password, query or fragment in it.
    #[error("an address has a host and perhaps a path, nothing else")]
    NotPlain,
    /// The host is written in a disguise (decimal, hexadecimal, octal, other letters).
    #[error("write the host in its plain form: {0}")]
    Disguised(String),
    /// An address that is neither public nor this machine.
    #[error("the address lies in a network that is not called")]
    NotAllowed,
}

/// The beginning of every address that a channel calls, checked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    reach: Reach,
}

impl BaseUrl {
    /// Checks a configured address.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        Self::within(Reach::Public, text)
    }

    /// Checks the address of a server that the operator chose, which may stand in a network of
    /// their own. Never for an address that came from outside.
    pub fn of_own_server(text: &str) -> Result<Self, BaseUrlError> {
        Self::within(Reach::Own, text)
    }

    fn within(widest: Reach, text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|_| BaseUrlError::NotAnAddress)?;
        let reach = match url.host() {
            None => return Err(BaseUrlError::NotAnAddress),
            Some(Host::Domain(name)) => {
                if name.trim_end_matches('.') == "localhost" || name.ends_with(".localhost") {
                    Reach::Loopback
                } else {
                    widest
                }
            }
            Some(Host::Ipv4(address)) => reach_of(widest, IpAddr::V4(address))?,
            Some(Host::Ipv6(address)) => reach_of(widest, IpAddr::V6(address))?,
        };
        let plain = url.host_str().unwrap_or_default();
        if !written_host(text).eq_ignore_ascii_case(plain) {
            return Err(BaseUrlError::Disguised(plain.to_owned()));
        }
        let has_login = !url.username().is_empty() || url.password().is_some();
        if has_login || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::NotPlain);
        }
        match (url.scheme(), reach) {
            ("https", _) | ("http", Reach::Loopback) => Ok(Self { url, reach }),
            _ => Err(BaseUrlError::NotHttps),
        }
    }

    /// What calls to it may lead to.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// An address below this one. `None` when a segment could change which resource is
    /// meant (empty, `.` or `..`); a slash within a segment is encoded.
    #[must_use]
    pub fn below(&self, segments: &[&str]) -> Option<Url> {
        let mut url = self.url.clone();
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        Some(url)
    }

    /// The address itself.
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// The same server under a name that begins with one more label; `None` where it has no name
    /// but an address, or the label fits no name.
    pub(crate) fn with_label(&self, label: &str) -> Option<Self> {
        let Some(Host::Domain(name)) = self.url.host() else { return None };
        let name = format!("{label}.{name}");
        let mut url = self.url.clone();
        url.set_host(Some(&name)).ok()?;
        (url.host_str() == Some(&name)).then_some(Self { url, reach: self.reach })
    }

    /// Whether `url` leads to the same host, port and scheme.
    #[must_use]
    pub fn holds(&self, url: &Url) -> bool {
        self.url.origin() == url.origin()
    }
}

fn reach_of(widest: Reach, address: IpAddr) -> Result<Reach, BaseUrlError> {
    [Reach::Loopback, widest].into_iter().find(|reach| reach.allows(address)).ok_or(BaseUrlError::NotAllowed)
}

/// The host as the text has it, before the URL standard makes `0x7f.1` a plain address.
fn written_host(text: &str) -> &str {
    let rest = text.trim().split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ASVS 13.2.4.
    #[test]
    fn private_networks_and_the_metadata_address_are_out_of_reach() {
        let refused = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:0:a00:1::",
            "2001:db8::1",
            "ff02::1",
        ];
        for address in refused {
            assert!(!Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "54.88.218.97", "2600:1f18::1", "::ffff:8.8.8.8"] {
            assert!(Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_sandbox_reaches_this_machine_and_nothing_else() {
        assert!(Reach::Loopback.allows("127.0.0.1".parse().unwrap()));
        assert!(Reach::Loopback.allows("::1".parse().unwrap()));
        assert!(!Reach::Loopback.allows("8.8.8.8".parse().unwrap()));
        assert!(!Reach::Loopback.allows("169.254.169.254".parse().unwrap()));
    }

    #[test]
    fn an_operators_own_server_may_stand_in_a_private_network_and_never_where_metadata_is() {
        for address in ["10.0.0.1", "192.168.1.1", "fd00::1", "8.8.8.8"] {
            assert!(Reach::Own.allows(address.parse().unwrap()), "{address}");
        }
        for address in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::"]
        {
            assert!(!Reach::Own.allows(address.parse().unwrap()), "{address}");
        }
        assert_eq!(BaseUrl::of_own_server("https://10.0.0.1:9000").map(|base| base.reach()), Ok(Reach::Own));
        assert_eq!(BaseUrl::of_own_server("http://127.0.0.1").map(|base| base.reach()), Ok(Reach::Loopback));
        assert_eq!(BaseUrl::of_own_server("http://10.0.0.1"), Err(BaseUrlError::NotHttps));
        assert_eq!(BaseUrl::of_own_server("https://169.254.169.254"), Err(BaseUrlError::NotAllowed));
    }

    #[test]
    fn a_disguised_host_is_refused() {
        let disguises = [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "https://0x08080808",
            "http://[::ffff:7f00:1]x/",
            "https://８.８.８.８/",
            "https://api.example.com%2e",
        ];
        for text in disguises {
            assert!(BaseUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_https_or_this_machine_is_called() {
        assert_eq!(BaseUrl::parse("http://api.example.com"), Err(BaseUrlError::NotHttps));
        assert_eq!(BaseUrl::parse("ftp://127.0.0.1"), Err(BaseUrlError::NotHttps));
        assert_eq!(BaseUrl::parse("https://10.0.0.8"), Err(BaseUrlError::NotAllowed));
        assert_eq!(BaseUrl::parse("https://user:word@example.com"), Err(BaseUrlError::NotPlain));
        assert_eq!(BaseUrl::parse("nonsense"), Err(BaseUrlError::NotAnAddress));
        assert_eq!(BaseUrl::parse("https://api.example.com").unwrap().reach(), Reach::Public);
        assert_eq!(BaseUrl::parse("http://127.0.0.1:9000/ml/").unwrap().reach(), Reach::Loopback);
        assert_eq!(BaseUrl::parse("http://[::1]:9000").unwrap().reach(), Reach::Loopback);
        assert_eq!(BaseUrl::parse("http://localhost:9000").unwrap().reach(), Reach::Loopback);
    }

    #[test]
    fn a_path_is_built_from_segments_that_cannot_climb() {
        let base = BaseUrl::parse("http://127.0.0.1:9000/ml/").unwrap();
        let url = base.below(&["orders", "1/../2?x#y"]).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:9000/ml/orders/1%2F..%2F2%3Fx%23y");
        for segment in ["", ".", ".."] {
            assert_eq!(base.below(&["orders", segment]), None);
        }
    }

    #[test]
    fn another_host_port_or_scheme_is_another_address() {
        let base = BaseUrl::parse("https://api.example.com").unwrap();
        assert!(base.holds(&"https://api.example.com/x".parse().unwrap()));
        for other in ["https://api.example.com:444/", "http://api.example.com/", "https://evil.example.com/"]
        {
            assert!(!base.holds(&other.parse().unwrap()), "{other}");
        }
    }
}
