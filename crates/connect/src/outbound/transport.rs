//! What carries a request: the network in the program, a script or simulator in tests.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::address::Reach;

/// A request as it goes over the wire, its secrets in clear: never logged or kept.
#[derive(Clone)]
pub struct WireRequest {
    /// Method.
    pub method: Method,
    /// Full address.
    pub url: Url,
    /// Headers, `Authorization` included.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
    /// What the address may lead to.
    pub reach: Reach,
    /// Time for the whole exchange, the answer's body included.
    pub deadline: Duration,
    /// Largest body of an answer that is taken, in bytes.
    pub answer_limit: usize,
}

/// Shows no address, header or body: all three can hold secrets.
impl fmt::Debug for WireRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WireRequest({} …, {} bytes)", self.method, self.body.len())
    }
}

/// An answer as it came over the wire.
#[derive(Clone)]
pub struct WireResponse {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// Shows no header or body: both can hold secrets.
impl fmt::Debug for WireResponse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WireResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection (name unknown, refused, TLS).
    #[error("no connection")]
    Connect,
    /// The connection broke. Whether the other side acted is unknown.
    #[error("the connection broke")]
    Broken,
    /// The deadline passed. Whether the other side acted is unknown.
    #[error("no answer within the deadline")]
    Deadline,
    /// The answer is larger than anything we ask for.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The name leads to an address out of reach.
    #[error("the address may not be called")]
    AddressNotAllowed,
    /// The client could not be built (no certificates of the system, for one).
    #[error("the client could not be set up")]
    Setup,
}

/// A transport's answer to come.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<WireResponse, TransportError>> + Send + 'a>>;

/// Carries requests. It follows no redirect and retries nothing.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends one request.
    fn send(&self, request: WireRequest) -> Sending<'_>;
}
