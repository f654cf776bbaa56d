//! Just enough of PNG and JPEG to know how large a picture is.

/// What an upload turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
}

const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The size of a PNG (W3C PNG §11.2.2) or JPEG (ITU T.81 §B.2.2); `None` for anything else.
#[must_use]
pub(crate) fn measure(bytes: &[u8]) -> Option<Image> {
    if bytes.starts_with(PNG_MAGIC) {
        let header = bytes.get(16..24)?;
        let read = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
        return Some(Image { width: read(0)?, height: read(4)? });
    }
    bytes.starts_with(b"\xff\xd8").then(|| jpeg(bytes))?
}

fn jpeg(bytes: &[u8]) -> Option<Image> {
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let mut at = 2;
    while *bytes.get(at)? == 0xff {
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xff => at += 1,
            // Start of frame, all kinds; 0xc4, 0xc8 and 0xcc mean something else.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some(Image { height: word(at + 5)?.into(), width: word(at + 7)?.into() });
            }
            _ => at += 2 + usize::from(word(at + 2)?),
        }
    }
    None
}

#[cfg(test)]
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = PNG_MAGIC.to_vec();
    bytes.extend(13_u32.to_be_bytes());
    bytes.extend(b"IHDR");
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_tells_its_size() {
        assert_eq!(measure(&png(800, 600)), Some(Image { width: 800, height: 600 }));
    }

    #[test]
    fn a_jpeg_tells_its_size_behind_other_segments() {
        let bytes = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x02\x58\x03\x20\x03";
        assert_eq!(measure(bytes), Some(Image { width: 800, height: 600 }));
    }

    #[test]
    fn what_is_no_picture_or_is_cut_short_has_no_size() {
        let whole = png(800, 600);
        for bytes in [&b"GIF89a"[..], b"", b"\xff\xd8\xff", &whole[..20]] {
            assert_eq!(measure(bytes), None);
        }
    }
}
