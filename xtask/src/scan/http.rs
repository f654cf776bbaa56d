//! As much of HTTP as it takes to sign in at a demo on this machine: one request, one answer,
//! one connection.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::Failure;

/// The longest wait for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Who asks: a browser with its cookies.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    port: u16,
    /// Cookies, as they are sent.
    pub(super) cookies: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: String,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Self { status, headers, body: body.to_owned() })
    }
}

impl Visitor {
    /// A browser without cookies.
    pub(super) fn new(port: u16) -> Self {
        Self { port, cookies: Vec::new() }
    }

    /// The origin of what it visits: where the demo says that it answers, and takes forms from.
    pub(super) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Its cookies as one header.
    pub(super) fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// Reads a page.
    pub(super) fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.ask(&format!("GET {path} HTTP/1.0\r\n"), "")
    }

    /// Asks as a program with a key.
    pub(super) fn get_with_key(&mut self, path: &str, key: &str) -> Result<Answer, Failure> {
        self.ask(&format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {key}\r\n"), "")
    }

    /// Sends a form.
    pub(super) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Failure> {
        let body = encode(fields);
        let head = format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            body.len()
        );
        self.ask(&head, &body)
    }

    fn ask(&mut self, head: &str, body: &str) -> Result<Answer, Failure> {
        let (origin, cookies) = (self.origin(), self.cookie_header());
        let host = origin.trim_start_matches("http://");
        let request = format!(
            "{head}Host: {host}\r\nOrigin: {origin}\r\nCookie: {cookies}\r\nUser-Agent: lojista-scan\r\n\r\n{body}"
        );
        let told = |error: std::io::Error| Failure::of(format!("the demo does not answer: {error}"));
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&server, ANSWER_LIMIT).map_err(told)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT)).map_err(told)?;
        stream.write_all(request.as_bytes()).map_err(told)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map_err(told)?;
        let answer = Answer::parse(&String::from_utf8_lossy(&bytes))
            .ok_or_else(|| Failure::of("the demo answered with something else than HTTP"))?;
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.keep(cookie);
        }
        Ok(answer)
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// Fields as a form sends them.
pub(super) fn encode(fields: &[(&str, &str)]) -> String {
    let text = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
    pairs.join("&")
}

/// The value of a hidden field of this name on a page.
pub(super) fn hidden(page: &str, name: &str) -> Option<String> {
    let field =
        page.split('<').find(|tag| tag.starts_with("input") && tag.contains(&format!("name=\"{name}\"")))?;
    Some(field.split_once("value=\"")?.1.split('"').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_status_its_headers_and_its_body() {
        let answer = Answer::parse("HTTP/1.0 303 See Other\r\nSet-Cookie: a=b; Path=/\r\n\r\n<p>").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (303, "<p>"));
        assert_eq!(answer.headers, [("set-cookie".to_owned(), "a=b; Path=/".to_owned())]);
        assert!(Answer::parse("SSH-2.0").is_none());
    }

    #[test]
    fn a_cookie_is_kept_until_it_is_taken_away() {
        let mut visitor = Visitor::new(1);
        for cookie in ["session=x; Path=/", "flash=good; Path=/", "session=y", "flash=; Max-Age=0"] {
            visitor.keep(cookie);
        }
        assert_eq!(visitor.cookie_header(), "session=y");
    }

    #[test]
    fn a_form_is_encoded_and_its_token_found() {
        assert_eq!(encode(&[("a", "x y"), ("b", "é&=")]), "a=x%20y&b=%C3%A9%26%3D");
        let page = "<form><input type=\"hidden\" name=\"csrf\" value=\"t0\"><input name=\"x\" value=\"1\">";
        assert_eq!(hidden(page, "csrf").as_deref(), Some("t0"));
        assert_eq!(hidden(page, "none"), None);
    }
}
