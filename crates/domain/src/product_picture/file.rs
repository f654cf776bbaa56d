//! What a file is by its own bytes, and whether all of it is there: asked before anything of it is
//! decoded. PNG: <https://www.w3.org/TR/png-3/> §5; JPEG: ITU-T T.81 annex B; WebP: RFC 9649 §2.

use super::PictureFault;

/// What a picture is when it is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a file is. Neither its name nor what a browser calls it is asked.
pub fn file_kind(bytes: &[u8]) -> Result<FileKind, PictureFault> {
    let (kind, whole) = match bytes {
        [] => return Err(PictureFault::Empty),
        [0xFF, 0xD8, 0xFF, ..] => (FileKind::Jpeg, jpeg_ends(bytes)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            (FileKind::Webp, webp_chunks(bytes)?)
        }
        _ if bytes.starts_with(PNG) => (FileKind::Png, png_chunks(bytes)?),
        _ => return Err(PictureFault::NoPicture),
    };
    whole.map(|()| kind).ok_or(PictureFault::Broken)
}

fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok()
}

/// Walks the chunks up to the end that every PNG has.
fn png_chunks(bytes: &[u8]) -> Result<Option<()>, PictureFault> {
    let mut at = PNG.len();
    loop {
        let (Some(length), Some(name)) = (four(bytes, at), four(bytes, at.saturating_add(4))) else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        // Length, name and checksum stand around it.
        at = at.saturating_add(length).saturating_add(12);
        if at > bytes.len() {
            return Ok(None);
        }
        match &name {
            b"acTL" => return Err(PictureFault::Animated),
            b"IEND" => return Ok(Some(())),
            _ => {}
        }
    }
}

/// Walks the chunks of the container.
fn webp_chunks(bytes: &[u8]) -> Result<Option<()>, PictureFault> {
    let size = |at: usize| {
        let four = four(bytes, at)?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    let Some(end) = size(4).map(|size| size.saturating_add(8)) else { return Ok(None) };
    if end > bytes.len() {
        return Ok(None);
    }
    let mut at = 12;
    while at < end {
        let (Some(name), Some(length)) = (four(bytes, at), size(at.saturating_add(4))) else {
            return Ok(None);
        };
        if matches!(&name, b"ANIM" | b"ANMF") {
            return Err(PictureFault::Animated);
        }
        at = at.saturating_add(8).saturating_add(length);
        if at > end {
            return Ok(None);
        }
        // Chunks begin at even places.
        at = at.saturating_add(length & 1);
    }
    Ok((at > 12).then_some(()))
}

/// Walks segments and scans up to the marker that ends every picture.
fn jpeg_ends(bytes: &[u8]) -> Option<()> {
    let mut at = 2;
    let mut has_scan = false;
    loop {
        match (*bytes.get(at)?, *bytes.get(at.checked_add(1)?)?) {
            // A marker may be filled up.
            (0xFF, 0xFF) => at += 1,
            (0xFF, 0xD9) => return has_scan.then_some(()),
            // Within a scan: a byte of data that looks like a marker, and restarts.
            (0xFF, 0x00 | 0xD0..=0xD7) if has_scan => at += 2,
            (0xFF, marker) => {
                let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
                at = at.checked_add(usize::from(length.max(2)))?.checked_add(2)?;
                has_scan |= marker == 0xDA;
            }
            _ if has_scan => at += 1,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = PNG.to_vec();
        for (name, content) in chunks {
            file.extend(u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
            file.extend([name.as_slice(), content, &[0; 4]].concat());
        }
        file
    }

    fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        for (name, content) in chunks {
            body.extend(name.as_slice());
            body.extend(u32::try_from(content.len()).unwrap_or_default().to_le_bytes());
            body.extend(*content);
            body.extend(vec![0; content.len() & 1]);
        }
        [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap_or_default().to_le_bytes(), &body].concat()
    }

    fn jpeg() -> Vec<u8> {
        // A thumbnail with an end of its own stands inside a segment and ends nothing.
        let inside = [0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9];
        let scan = [0xFF, 0xDA, 0, 3, 1, 7, 0xFF, 0x00, 0xFF, 0xD0, 9, 0xFF, 0xDA, 0, 2, 5];
        [&[0xFF, 0xD8][..], &inside, &[0xFF], &scan, &[0xFF, 0xD9]].concat()
    }

    fn samples() -> [Vec<u8>; 3] {
        [
            png(&[(b"IHDR", &[0; 13]), (b"IDAT", &[1, 2, 3]), (b"IEND", &[])]),
            webp(&[(b"VP8L", &[1, 2, 3])]),
            jpeg(),
        ]
    }

    #[test]
    fn each_kind_is_known_by_its_bytes_whatever_stands_behind_it() {
        let kinds = [FileKind::Png, FileKind::Webp, FileKind::Jpeg];
        for (file, kind) in samples().into_iter().zip(kinds) {
            assert_eq!(file_kind(&file), Ok(kind));
            let polyglot = [&file[..], b"<script>alert(1)</script>PK\x03\x04"].concat();
            assert_eq!(file_kind(&polyglot), Ok(kind), "what stands behind it is thrown away later");
        }
    }

    #[test]
    fn what_only_says_that_it_is_a_picture_is_none() {
        for file in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..],
            b"<!doctype html><title>foto.jpg</title>",
            b"GIF89a\x01\x00\x01\x00",
            b"BM\x00\x00",
            b"%PDF-1.7",
            b"RIFF\x04\x00\x00\x00WAVE",
            b"\x89PNG\n",
            b"\x00\x00\x00\x18ftypheic",
            &[0xFF, 0xD8],
        ] {
            assert_eq!(file_kind(file), Err(PictureFault::NoPicture), "{file:?}");
        }
        assert_eq!(file_kind(&[]), Err(PictureFault::Empty));
    }

    #[test]
    fn a_file_that_was_cut_is_told_at_any_length() {
        for file in samples() {
            for length in 13..file.len() {
                assert_eq!(file_kind(&file[..length]), Err(PictureFault::Broken), "{length} of {file:?}");
            }
        }
    }

    #[test]
    fn what_moves_is_told() {
        assert_eq!(file_kind(&png(&[(b"IHDR", &[0; 13]), (b"acTL", &[0; 8])])), Err(PictureFault::Animated));
        assert_eq!(file_kind(&webp(&[(b"VP8X", &[0; 10]), (b"ANIM", &[0; 6])])), Err(PictureFault::Animated));
    }

    #[test]
    fn a_length_beyond_the_file_is_no_length() {
        let huge = [PNG, &u32::MAX.to_be_bytes(), b"IHDR"].concat();
        assert_eq!(file_kind(&huge), Err(PictureFault::Broken));
        let mut chunk = webp(&[(b"EXIF", &[0; 4])]);
        chunk[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(file_kind(&chunk), Err(PictureFault::Broken));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), kind in 0_usize..4) {
            let heads = [&b""[..], PNG, b"RIFF\x20\0\0\0WEBP", &[0xFF, 0xD8, 0xFF]];
            let _ = file_kind(&[heads[kind], &bytes].concat());
        }
    }
}
