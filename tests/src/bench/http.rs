//! The smallest HTTP/1.1 client that keeps its connection: a load generator must cost
//! less than what it loads. Bodies come with a length, as this house and its sandbox
//! send them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Result;

/// Room for an answer, grown when one is longer.
const ANSWER_BYTES: usize = 16 * 1024;

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if the status says success.
    pub fn json(&self) -> Result<serde_json::Value> {
        if !(200..300).contains(&self.status) {
            return Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)).into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// A request, ready to be sent as it is.
#[must_use]
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(ANSWER_BYTES) })
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        self.read.clear();
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("the connection was closed before the answer ended".into());
            }
            if let Some(answer) = parse(&self.read)? {
                return Ok(answer);
            }
        }
    }
}

/// Connects, sends one request, hangs up.
pub async fn once(address: SocketAddr, request: &[u8]) -> Result<Answer> {
    Connection::open(address).await?.send(request).await
}

/// The answer, if all of it is there.
fn parse(read: &[u8]) -> Result<Option<Answer>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(end) = read.windows(END.len()).position(|window| window == END) else { return Ok(None) };
    let head = std::str::from_utf8(&read[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status line")?.parse()?;
    let mut answer = Answer { status, ..Answer::default() };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        } else if name.eq_ignore_ascii_case("location") {
            answer.location = Some(value.trim().to_owned());
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("an answer in chunks is not understood here".into());
        }
    }
    let body = &read[end + END.len()..];
    if body.len() < length {
        return Ok(None);
    }
    body[..length].clone_into(&mut answer.body);
    Ok(Some(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        let answer = Answer { status: 200, location: None, body: b"abc".to_vec() };
        assert_eq!(parse(whole).unwrap(), Some(answer));
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]).unwrap(), None, "{cut}");
        }
    }

    #[test]
    fn where_a_browser_is_sent_is_told() {
        let answer = parse(b"HTTP/1.1 303 See Other\r\nLocation: /orders\r\n\r\n").unwrap().unwrap();
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/orders")));
    }

    #[test]
    fn what_is_not_understood_is_an_error_not_a_figure() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").is_err());
        assert!(parse(b"hello\r\n\r\n").is_err());
    }

    #[test]
    fn a_refusal_is_no_document() {
        let refused = Answer { status: 503, body: b"{}".to_vec(), ..Answer::default() };
        assert!(refused.json().is_err());
    }
}
