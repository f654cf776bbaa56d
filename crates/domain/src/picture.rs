//! A picture that is to be uploaded: what it is by its own bytes, never by its name.

use std::fmt;

/// What a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl PictureKind {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// The end of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// A picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    kind: PictureKind,
    width_px: u32,
    height_px: u32,
    bytes: Vec<u8>,
}

/// Shows what it is and none of its bytes.
impl fmt::Debug for Picture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = (self.width_px, self.height_px);
        write!(out, "Picture({:?}, {width}x{height} px, {} bytes)", self.kind, self.bytes.len())
    }
}

/// What a channel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimits {
    /// Largest file, in bytes.
    pub most_bytes: usize,
    /// Each side has at least so many pixels.
    pub least_side_px: u32,
    /// The longer side has at least so many pixels.
    pub least_long_side_px: u32,
    /// Each side has at most so many pixels.
    pub most_side_px: u32,
}

/// Why a picture is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// Neither JPEG nor PNG, or broken off.
    #[error("the file is no JPEG or PNG picture; save it as one of them")]
    NoPicture,
    /// Too large a file.
    #[error("the file has {bytes} bytes, and at most {most} are taken; save it smaller")]
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What is taken.
        most: usize,
    },
    /// Too few pixels.
    #[error(
        "the picture has {width_px}x{height_px} pixels, which is too small; take one of {least_px} pixels and more"
    )]
    TooSmall {
        /// Pixels across.
        width_px: u32,
        /// Pixels down.
        height_px: u32,
        /// What is needed.
        least_px: u32,
    },
    /// Too many pixels.
    #[error(
        "the picture has {width_px}x{height_px} pixels, and at most {most_px} on a side are taken; scale it down"
    )]
    TooManyPixels {
        /// Pixels across.
        width_px: u32,
        /// Pixels down.
        height_px: u32,
        /// What is taken.
        most_px: u32,
    },
}

impl Picture {
    /// The picture in a file.
    pub fn read(bytes: Vec<u8>) -> Result<Self, PictureFault> {
        let (kind, size) = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => (PictureKind::Png, png_size(&bytes)),
            [0xFF, 0xD8, 0xFF, ..] => (PictureKind::Jpeg, jpeg_size(&bytes)),
            _ => return Err(PictureFault::NoPicture),
        };
        let sized = size.filter(|(width, height)| *width > 0 && *height > 0);
        let (width_px, height_px) = sized.ok_or(PictureFault::NoPicture)?;
        Ok(Self { kind, width_px, height_px, bytes })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> PictureKind {
        self.kind
    }

    /// Pixels across and down.
    #[must_use]
    pub const fn size_px(&self) -> (u32, u32) {
        (self.width_px, self.height_px)
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a channel of these limits takes it.
    pub fn fits(&self, limits: &PictureLimits) -> Result<(), PictureFault> {
        let (width_px, height_px) = (self.width_px, self.height_px);
        let (short, long) = (width_px.min(height_px), width_px.max(height_px));
        if self.bytes.len() > limits.most_bytes {
            return Err(PictureFault::TooLarge { bytes: self.bytes.len(), most: limits.most_bytes });
        }
        if short < limits.least_side_px || long < limits.least_long_side_px {
            let least_px = limits.least_side_px.max(limits.least_long_side_px);
            return Err(PictureFault::TooSmall { width_px, height_px, least_px });
        }
        if long > limits.most_side_px {
            return Err(PictureFault::TooManyPixels { width_px, height_px, most_px: limits.most_side_px });
        }
        Ok(())
    }
}

/// Four bytes, the highest first.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// Two bytes, the highest first.
fn short_number(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}

/// The header is the first chunk of every PNG.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((number(bytes, 16)?, number(bytes, 20)?))
}

/// The size stands in the frame header, behind any number of other segments.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xFF {
            return None;
        }
        match *bytes.get(at + 1)? {
            // A marker may be filled up.
            0xFF => at += 1,
            // Frame headers of all processes; C4, C8 and CC are tables.
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let (height, width) = (short_number(bytes, at + 5)?, short_number(bytes, at + 7)?);
                return Some((u32::from(width), u32::from(height)));
            }
            // The picture itself, or its end, and no frame header before it.
            0xDA | 0xD9 => return None,
            _ => at += 2 + usize::from(short_number(bytes, at + 2)?.max(2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let header =
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()];
        [header.concat(), vec![8, 0, 0, 0, 0]].concat()
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let comment = [0xFF, 0xFE, 0, 4, b'o', b'i'];
        let frame = [&[0xFF, 0xC2, 0, 17, 8][..], &height.to_be_bytes(), &width.to_be_bytes()].concat();
        [&[0xFF, 0xD8, 0xFF, 0xFF][..], &comment[1..], &frame].concat()
    }

    const LIMITS: PictureLimits =
        PictureLimits { most_bytes: 1_000, least_side_px: 100, least_long_side_px: 500, most_side_px: 4_000 };

    fn fault(bytes: Vec<u8>) -> Option<PictureFault> {
        Picture::read(bytes).and_then(|picture| picture.fits(&LIMITS)).err()
    }

    #[test]
    fn kind_and_size_are_read_from_the_bytes() {
        let read = |bytes| Picture::read(bytes).map(|picture| (picture.kind(), picture.size_px()));
        assert_eq!(read(png(800, 600)), Ok((PictureKind::Png, (800, 600))));
        assert_eq!(read(jpeg(1_200, 900)), Ok((PictureKind::Jpeg, (1_200, 900))));
    }

    #[test]
    fn what_is_no_picture_is_told() {
        for bytes in
            [Vec::new(), b"GIF89a".to_vec(), b"<svg/>".to_vec(), png(0, 5), vec![0xFF, 0xD8, 0xFF, 0xD9]]
        {
            assert_eq!(Picture::read(bytes), Err(PictureFault::NoPicture));
        }
    }

    #[test]
    fn each_limit_is_kept() {
        assert_eq!(fault(png(500, 100)), None);
        assert!(matches!(fault(png(499, 499)), Some(PictureFault::TooSmall { .. })));
        assert!(matches!(fault(png(500, 99)), Some(PictureFault::TooSmall { .. })));
        assert!(matches!(fault(png(4_001, 600)), Some(PictureFault::TooManyPixels { .. })));
        let large = [png(600, 600), vec![0; 1_000]].concat();
        assert!(matches!(fault(large), Some(PictureFault::TooLarge { .. })));
    }

    #[test]
    fn nothing_of_it_shows() {
        let picture = Picture::read(png(800, 600)).expect("a picture");
        assert_eq!(format!("{picture:?}"), "Picture(Png, 800x600 px, 29 bytes)");
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), jpeg in any::<bool>()) {
            let head: &[u8] = if jpeg { &[0xFF, 0xD8, 0xFF] } else { b"\x89PNG\r\n\x1a\n" };
            let _ = Picture::read([head, &bytes].concat());
        }
    }
}
