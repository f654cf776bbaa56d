//! Where a request comes from.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The address of whoever asks: the peer, or what the nearest trusted proxy says.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for");
    let hops: Vec<IpAddr> = forwarded
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .filter_map(|hop| hop.trim().parse().ok())
        .collect();
    // From the right: what a stranger wrote stands on the left.
    hops.into_iter().rev().find(|hop| !trusted.contains(hop)).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::http::{HeaderValue, header};

    use super::*;

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

    fn forwarded(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            header::HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static(text),
        )])
    }

    /// ASVS 4.1.3.
    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let headers = forwarded("198.51.100.7");
        assert_eq!(client(STRANGER, &headers, &[PROXY]), STRANGER);
        assert_eq!(client(PROXY, &headers, &[PROXY]).to_string(), "198.51.100.7");
    }

    /// ASVS 15.3.4.
    #[test]
    fn what_a_stranger_wrote_before_the_proxy_is_not_believed() {
        let headers = forwarded("1.1.1.1, 203.0.113.9, 10.0.0.1");
        assert_eq!(client(PROXY, &headers, &[PROXY]), STRANGER);
    }
}
