//! The network: the one place that builds an HTTP client.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::address::Reach;
use super::transport::{Sending, Transport, TransportError, WireRequest, WireResponse};

/// Time for the connection, TLS included.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Largest answer taken, in bytes: twenty listings with all their variations stay below.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Idle connections are dropped after this span, before platforms drop them.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// HTTP/1.1 over TLS; no proxy, no redirect, no cookie.
#[derive(Debug)]
pub struct HttpTransport {
    public: reqwest::Client,
    loopback: reqwest::Client,
    own: reqwest::Client,
}

impl HttpTransport {
    /// Sets the network up; connects to nothing yet.
    pub fn new() -> Result<Self, TransportError> {
        Ok(Self {
            public: client(Reach::Public)?,
            loopback: client(Reach::Loopback)?,
            own: client(Reach::Own)?,
        })
    }

    async fn exchange(&self, request: WireRequest) -> Result<WireResponse, TransportError> {
        let reach = request.reach;
        if literal_address(&request.url).is_some_and(|address| !reach.allows(address)) {
            return Err(TransportError::AddressNotAllowed);
        }
        let client = match reach {
            Reach::Public => &self.public,
            Reach::Loopback => &self.loopback,
            Reach::Own => &self.own,
        };
        let mut response = client
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .timeout(request.deadline)
            .send()
            .await
            .map_err(|error| refusal(&error))?;
        let body = bounded_body(&mut response, request.answer_limit).await?;
        let headers = std::mem::take(response.headers_mut());
        Ok(WireResponse { status: response.status(), headers, body })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        Box::pin(self.exchange(request))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place behind connect::Outbound")]
fn client(reach: Reach) -> Result<reqwest::Client, TransportError> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .pool_idle_timeout(POOL_IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .http1_only()
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("lojista/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(GuardedResolver { reach }))
        .build()
        .map_err(|_| TransportError::Setup)
}

/// Hosts that are addresses never meet the resolver.
fn literal_address(url: &url::Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    }
}

async fn bounded_body(response: &mut reqwest::Response, limit_bytes: usize) -> Result<Bytes, TransportError> {
    let too_large = TransportError::TooLarge { limit_bytes };
    let announced = response.content_length().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    if announced > limit_bytes {
        return Err(too_large);
    }
    let mut body = BytesMut::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(|error| refusal(&error))? {
        if body.len() + chunk.len() > limit_bytes {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn refusal(error: &reqwest::Error) -> TransportError {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<OutOfReach>() {
            return TransportError::AddressNotAllowed;
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        TransportError::Deadline
    } else if error.is_connect() {
        TransportError::Connect
    } else {
        TransportError::Broken
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address out of reach")]
struct OutOfReach;

/// Resolves a name once and hands the connector only those addresses it has checked, so
/// a name cannot show one address to the check and another to the connection.
#[derive(Debug)]
struct GuardedResolver {
    reach: Reach,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            // Every name below it is this machine (RFC 6761 §6.3), which not all systems know.
            let is_here = reach == Reach::Loopback && name.as_str().ends_with(".localhost");
            let name = if is_here { "localhost" } else { name.as_str() };
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
            if found.iter().any(|address| !reach.allows(address.ip())) {
                return Err(OutOfReach.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
