//! Zip files, written in one go and never held as a whole (PKWARE's APPNOTE 6.3.10): deflated, names in
//! UTF-8, and the wider numbers (zip64) where 32 or 16 bits are too few.

/// How hard entries are compressed, 0 to 10.
const COMPRESSION: u8 = 6;
/// Version 2.0 reads deflated entries, 4.5 wider numbers (§4.4.3.2).
const VERSION: u16 = 20;
const VERSION_WIDE: u16 = 45;
/// Names are UTF-8 (§4.4.4, bit 11).
const FLAGS: u16 = 1 << 11;
/// Method 8 (§4.4.5).
const DEFLATED: u16 = 8;
/// 1 January 1980, the first day that the format knows: the content tells its own times.
const DAY: u16 = (1 << 5) | 1;
/// The kind of an extra field with wider numbers, and its length with one of them (§4.5.3).
const WIDE: [u16; 2] = [1, 8];
/// Length of the wider end of the directory behind its own length field (§4.3.14).
const WIDE_END: u64 = 44;

/// A zip file under way: what was given out is not kept but for its directory.
#[derive(Debug, Default)]
pub(super) struct Zip {
    /// Bytes given out so far.
    given: u64,
    directory: Vec<u8>,
    entries: u64,
}

/// A name or content that no entry can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

fn put(out: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

impl Zip {
    /// A file, as the bytes that come next.
    pub(super) fn file(&mut self, name: &str, content: &[u8]) -> Result<Vec<u8>, TooLarge> {
        let short = |length: usize| u32::try_from(length).map_err(|_| TooLarge);
        let packed = miniz_oxide::deflate::compress_to_vec(content, COMPRESSION);
        let name_length = u16::try_from(name.len()).map_err(|_| TooLarge)?;
        let mut about = Vec::new();
        put(&mut about, &[FLAGS, DEFLATED, 0, DAY]);
        for long in [crc32(content), short(packed.len())?, short(content.len())?] {
            about.extend_from_slice(&long.to_le_bytes());
        }
        put(&mut about, &[name_length]);
        // The directory says it again, with where the entry begins: wider, if that is far away.
        let (version, begins, extra) = match u32::try_from(self.given) {
            Ok(begins) if begins < u32::MAX => (VERSION, begins, Vec::new()),
            Ok(_) | Err(_) => {
                let mut extra = Vec::new();
                put(&mut extra, &WIDE);
                extra.extend_from_slice(&self.given.to_le_bytes());
                (VERSION_WIDE, u32::MAX, extra)
            }
        };
        self.directory.extend_from_slice(b"PK\x01\x02");
        put(&mut self.directory, &[version, version]);
        self.directory.extend_from_slice(&about);
        // No comment, the first disk, nothing special about the file.
        put(&mut self.directory, &[u16::try_from(extra.len()).map_err(|_| TooLarge)?, 0, 0, 0, 0, 0]);
        self.directory.extend_from_slice(&begins.to_le_bytes());
        for part in [name.as_bytes(), &extra] {
            self.directory.extend_from_slice(part);
        }
        self.entries += 1;
        let mut out = b"PK\x03\x04".to_vec();
        put(&mut out, &[VERSION]);
        out.extend_from_slice(&about);
        put(&mut out, &[0]);
        for part in [name.as_bytes(), &packed] {
            out.extend_from_slice(part);
        }
        self.given += out.len() as u64;
        Ok(out)
    }

    /// The end of the file: without it nobody takes a part for the whole.
    pub(super) fn end(self) -> Vec<u8> {
        let (begins, length) = (self.given, self.directory.len() as u64);
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX);
        let is_wide = [narrow(begins), narrow(length)].contains(&u32::MAX) || entries == u16::MAX;
        let mut out = self.directory;
        if is_wide {
            let end_begins = begins + length;
            out.extend_from_slice(b"PK\x06\x06");
            out.extend_from_slice(&WIDE_END.to_le_bytes());
            put(&mut out, &[VERSION_WIDE, VERSION_WIDE, 0, 0, 0, 0]);
            for number in [self.entries, self.entries, length, begins] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            out.extend_from_slice(&end_begins.to_le_bytes());
            out.extend_from_slice(&1_u32.to_le_bytes());
        }
        out.extend_from_slice(b"PK\x05\x06");
        put(&mut out, &[0, 0, entries, entries]);
        for long in [narrow(length), narrow(begins)] {
            out.extend_from_slice(&long.to_le_bytes());
        }
        put(&mut out, &[0]);
        out
    }
}

/// CRC-32 as zip has it (§4.4.7): reflected, polynomial 0xEDB88320.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index: u32 = 0;
        while index < 256 {
            let mut value = index;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
                bit += 1;
            }
            table[index as usize] = value;
            index += 1;
        }
        table
    };
    let step = |sum: u32, byte: &u8| TABLE[usize::from(sum.to_le_bytes()[0] ^ byte)] ^ (sum >> 8);
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
        bytes[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    #[test]
    fn the_sum_is_the_one_of_the_usual_check() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_name_that_no_entry_can_hold_is_refused() {
        assert_eq!(Zip::default().file(&"a".repeat(65_536), b""), Err(TooLarge));
    }

    #[test]
    fn each_entry_is_named_at_the_end_and_unpacks_to_what_it_was() {
        let mut zip = Zip::default();
        let long = "linha de teste\n".repeat(500);
        let mut bytes = zip.file("um.txt", b"um").unwrap();
        let second = bytes.len();
        bytes.extend(zip.file("ação.jsonl", long.as_bytes()).unwrap());
        bytes.extend(zip.end());
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        assert_eq!(number(&bytes, end + 10, 2), 2, "two entries");
        let (length, begins) = (number(&bytes, end + 12, 4), number(&bytes, end + 16, 4));
        assert_eq!(begins + length, end as u64, "the directory ends where its end begins");
        assert_eq!(&bytes[second..second + 4], b"PK\x03\x04");
        let content = second + 30 + "ação.jsonl".len();
        let packed = usize::try_from(number(&bytes, second + 18, 4)).unwrap();
        let unpacked = miniz_oxide::inflate::decompress_to_vec(&bytes[content..content + packed]).unwrap();
        assert_eq!(unpacked, long.as_bytes());
        assert_eq!(number(&bytes, second + 14, 4), u64::from(crc32(long.as_bytes())));
        assert_eq!(number(&bytes, second + 22, 4), long.len() as u64);
    }

    #[test]
    fn what_lies_beyond_four_gigabytes_has_wider_numbers() {
        let far = 5_u64 << 30;
        let mut zip = Zip { given: far, ..Zip::default() };
        let entry = zip.file("a", b"a").unwrap();
        let end = zip.end();
        assert_eq!(number(&end, 42, 4), u64::from(u32::MAX), "the narrow number says: look further");
        assert_eq!((number(&end, 47, 2), number(&end, 49, 2), number(&end, 51, 8)), (1, 8, far));
        let wide = 59;
        assert_eq!(&end[wide..wide + 4], b"PK\x06\x06");
        let begins = far + entry.len() as u64;
        assert_eq!((number(&end, wide + 24, 8), number(&end, wide + 48, 8)), (1, begins));
        let locator = wide + 56;
        assert_eq!(&end[locator..locator + 4], b"PK\x06\x07");
        assert_eq!(number(&end, locator + 8, 8), begins + wide as u64);
        assert_eq!(&end[locator + 20..locator + 24], b"PK\x05\x06");
        assert_eq!(end.len(), locator + 42);
    }
}
