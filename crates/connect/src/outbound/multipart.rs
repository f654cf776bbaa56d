//! Forms with files (`multipart/form-data`, RFC 7578).

use std::fmt;

use bytes::{Bytes, BytesMut};
use domain::picture::Picture;
use domain::{Confidential, Grant};

/// A part of such a form. Names are the program's own words and need no quoting.
#[derive(Clone)]
pub enum Part {
    /// A field.
    Field {
        /// Its name.
        name: &'static str,
        /// What it says.
        value: String,
    },
    /// A file.
    File {
        /// The name of its field.
        name: &'static str,
        /// The name of the file, made by the program and never a person's.
        file_name: String,
        /// What it is.
        media_type: &'static str,
        /// Its content.
        content: Bytes,
    },
    /// A file that names a person: opened only on the wire.
    Guarded {
        /// The name of its field.
        name: &'static str,
        /// The name of the file, made by the program and never a person's.
        file_name: &'static str,
        /// What it is.
        media_type: &'static str,
        /// Its content.
        content: Confidential<String>,
    },
}

/// Shows names and sizes, no content.
impl fmt::Debug for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field { name, value } => write!(out, "{name}: {} bytes", value.len()),
            Self::File { name, media_type, content, .. } => {
                write!(out, "{name}: {media_type}, {} bytes", content.len())
            }
            Self::Guarded { name, media_type, .. } => write!(out, "{name}: {media_type}, guarded"),
        }
    }
}

impl Part {
    /// A picture as a file, under a name that says nothing but what it is.
    #[must_use]
    pub fn picture(name: &'static str, picture: &Picture) -> Self {
        let kind = picture.kind();
        Self::File {
            name,
            file_name: format!("picture.{}", kind.extension()),
            media_type: kind.media_type(),
            content: Bytes::copy_from_slice(picture.bytes()),
        }
    }

    fn content(&self, grant: &Grant) -> &[u8] {
        match self {
            Self::Field { value, .. } => value.as_bytes(),
            Self::File { content, .. } => content,
            Self::Guarded { content, .. } => content.reveal(grant).as_bytes(),
        }
    }

    fn head(&self) -> String {
        let file = |name: &str, file_name: &str, media_type: &str| {
            format!(
                "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
                 Content-Type: {media_type}\r\n\r\n"
            )
        };
        match self {
            Self::Field { name, .. } => format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n"),
            Self::File { name, file_name, media_type, .. } => file(name, file_name, media_type),
            Self::Guarded { name, file_name, media_type, .. } => file(name, file_name, media_type),
        }
    }
}

/// Content type, and the bytes as they are sent.
pub(super) fn encode(parts: &[Part], grant: &Grant) -> (String, Bytes) {
    let boundary = boundary(parts, grant);
    let mut body = BytesMut::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n{}", part.head()).as_bytes());
        body.extend_from_slice(part.content(grant));
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body.freeze())
}

/// A line that stands in no part: chance would make it unlikely, looking makes it sure.
fn boundary(parts: &[Part], grant: &Grant) -> String {
    let stands_in = |boundary: &str| {
        parts.iter().any(|part| {
            part.content(grant).windows(boundary.len()).any(|window| window == boundary.as_bytes())
        })
    };
    let mut number = 0_u64;
    loop {
        let boundary = format!("lojista-form-boundary-{number}");
        if !stands_in(&boundary) {
            return boundary;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use domain::{Actor, Purpose, Timestamp};

    use super::*;

    fn grant() -> Grant {
        Grant::issue(Actor::system("test"), Purpose::CallChannel, Timestamp::EPOCH)
    }

    fn file(content: &'static [u8]) -> Part {
        let content = Bytes::from_static(content);
        Part::File { name: "file", file_name: "picture.png".into(), media_type: "image/png", content }
    }

    #[test]
    fn fields_and_files_follow_each_other() {
        let field = Part::Field { name: "scene", value: "normal".into() };
        let (kind, body) = encode(&[field, file(b"\x89PNG\r\n")], &grant());
        assert_eq!(kind, "multipart/form-data; boundary=lojista-form-boundary-0");
        let due = b"--lojista-form-boundary-0\r\nContent-Disposition: form-data; name=\"scene\"\r\n\r\nnormal\r\n\
            --lojista-form-boundary-0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"picture.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--lojista-form-boundary-0--\r\n";
        assert_eq!(body, due.as_slice());
    }

    #[test]
    fn a_file_that_holds_the_boundary_gets_another() {
        let (kind, _) = encode(&[file(b"lojista-form-boundary-0 lojista-form-boundary-1")], &grant());
        assert_eq!(kind, "multipart/form-data; boundary=lojista-form-boundary-2");
    }

    #[test]
    fn no_content_shows() {
        assert_eq!(format!("{:?}", [file(b"secret")]), "[file: image/png, 6 bytes]");
        let content = Confidential::new("<CPF>12345678909</CPF>".to_owned());
        let guarded =
            Part::Guarded { name: "file", file_name: "nfe.xml", media_type: "application/xml", content };
        assert_eq!(format!("{guarded:?}"), "file: application/xml, guarded");
        let (_, body) = encode(&[guarded], &grant());
        assert!(String::from_utf8_lossy(&body).contains("filename=\"nfe.xml\""), "{body:?}");
        assert!(String::from_utf8_lossy(&body).contains("<CPF>12345678909</CPF>"), "{body:?}");
    }
}
