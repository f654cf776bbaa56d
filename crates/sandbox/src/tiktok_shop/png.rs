//! The smallest PNG: grey, uncompressed (W3C PNG, RFC 1950, RFC 1951).

use crate::zip::crc32;

/// The longest stored block of a deflate stream.
const BLOCK_MAX: usize = 65_535;
/// The modulus of Adler-32.
const ADLER_MODULUS: u32 = 65_521;

fn adler32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % ADLER_MODULUS;
        high = (high + low) % ADLER_MODULUS;
    }
    high << 16 | low
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    file.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(content);
    let sum = crc32(&file[start..]);
    file.extend(sum.to_be_bytes());
}

/// A zlib stream of stored blocks.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = bytes.chunks(BLOCK_MAX).collect();
    for (index, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(index + 1 == blocks.len()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(*block);
    }
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

/// A grey picture whose pixel at (x, y) is `shade(x, y)`.
fn grey(width: u32, height: u32, shade: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..height {
        rows.push(0);
        rows.extend((0..width).map(|x| shade(x, y)));
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    // Eight bits of grey, no interlacing.
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"IDAT", &stored(&rows));
    chunk(&mut file, *b"IEND", &[]);
    file
}

/// A picture without anything on it.
#[must_use]
pub(crate) fn blank(width: u32, height: u32) -> Vec<u8> {
    grey(width, height, |_, _| 0xe0)
}

/// A label of 10 × 15 cm at 102 dpi: the bits of `text` as bars.
#[must_use]
pub(crate) fn bars(text: &str) -> Vec<u8> {
    const WIDTH: u32 = 400;
    const HEIGHT: u32 = 600;
    const MARGIN: u32 = 40;
    const BAR: u32 = 2;
    let bits: Vec<bool> =
        text.bytes().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1 == 1)).collect();
    grey(WIDTH, HEIGHT, |x, y| {
        let bit = x.checked_sub(MARGIN).and_then(|at| bits.get(usize::try_from(at / BAR).ok()?));
        let inside = (MARGIN..HEIGHT / 2).contains(&y);
        if inside && bit.copied().unwrap_or(false) { 0x00 } else { 0xff }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
    }

    #[test]
    fn a_picture_says_its_size_and_ends_where_it_should() {
        let file = blank(7, 5);
        let size = crate::mercado_livre::catalogue::image::measure(&file).unwrap();
        assert_eq!((size.width, size.height), (7, 5));
        assert!(file.ends_with(b"IEND\xae\x42\x60\x82"));
    }

    #[test]
    fn two_labels_differ() {
        assert_ne!(bars("BR1"), bars("BR2"));
    }
}
