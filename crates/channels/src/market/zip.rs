//! Zip archives, as far as platforms put documents into them: a few files, stored or
//! deflated (APPNOTE.TXT 6.3.10, §4.3).

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Files of one archive that are read.
const MAX_FILES: usize = 64;
/// The record at the end, and the longest comment behind it.
const END_BYTES: usize = 22;
const MAX_COMMENT_BYTES: usize = 65_535;

/// Why an archive gives no files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZipFault {
    /// Not one, or not whole.
    Broken,
    /// More or larger files than are taken.
    TooLarge,
}

/// Whether these bytes begin like an archive.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// The files of an archive in its order, without folders; together at most `most_bytes`.
pub(super) fn files(archive: &[u8], most_bytes: usize) -> Result<Vec<Vec<u8>>, ZipFault> {
    let end = end_record(archive).ok_or(ZipFault::Broken)?;
    let count = number(archive, end + 10, 2).ok_or(ZipFault::Broken)?;
    let mut at = number(archive, end + 16, 4).ok_or(ZipFault::Broken)?;
    if count > MAX_FILES {
        return Err(ZipFault::TooLarge);
    }
    let (mut files, mut left) = (Vec::new(), most_bytes);
    for _ in 0..count {
        let entry = Entry::read(archive, at).ok_or(ZipFault::Broken)?;
        at = entry.next;
        if entry.is_folder {
            continue;
        }
        let content = entry.content(archive, left)?;
        left -= content.len();
        files.push(content);
    }
    Ok(files)
}

/// Where the record at the end begins.
fn end_record(archive: &[u8]) -> Option<usize> {
    let last = archive.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(MAX_COMMENT_BYTES);
    (first..=last).rev().find(|at| archive[*at..].starts_with(b"PK\x05\x06"))
}

/// A number of `bytes` bytes, the least first.
fn number(archive: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let digits = archive.get(at..at.checked_add(bytes)?)?;
    Some(digits.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// A file, as the directory tells it.
struct Entry {
    method: usize,
    packed_bytes: usize,
    bytes: usize,
    header_at: usize,
    is_folder: bool,
    next: usize,
}

impl Entry {
    fn read(archive: &[u8], at: usize) -> Option<Self> {
        if !archive.get(at..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let field = |offset, bytes| number(archive, at.checked_add(offset)?, bytes);
        let (name, extra, comment) = (field(28, 2)?, field(30, 2)?, field(32, 2)?);
        let name_at = at + 46;
        let last = archive.get(name_at..name_at + name)?.last();
        Some(Self {
            method: field(10, 2)?,
            packed_bytes: field(20, 4)?,
            bytes: field(24, 4)?,
            header_at: field(42, 4)?,
            is_folder: last == Some(&b'/'),
            next: name_at + name + extra + comment,
        })
    }

    fn content(&self, archive: &[u8], most_bytes: usize) -> Result<Vec<u8>, ZipFault> {
        if self.bytes > most_bytes {
            return Err(ZipFault::TooLarge);
        }
        let packed = self.packed(archive).ok_or(ZipFault::Broken)?;
        let content = match self.method {
            0 => packed.to_vec(),
            8 => decompress_to_vec_with_limit(packed, self.bytes).map_err(|_| ZipFault::Broken)?,
            _ => return Err(ZipFault::Broken),
        };
        if content.len() == self.bytes { Ok(content) } else { Err(ZipFault::Broken) }
    }

    /// The packed bytes: name and extras before them may be others than in the directory.
    fn packed<'a>(&self, archive: &'a [u8]) -> Option<&'a [u8]> {
        let header = archive.get(self.header_at..)?;
        if !header.starts_with(b"PK\x03\x04") {
            return None;
        }
        let begin = 30 + number(header, 26, 2)? + number(header, 28, 2)?;
        header.get(begin..begin.checked_add(self.packed_bytes)?)
    }
}

#[cfg(test)]
pub(super) mod unit {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    /// An archive of these files, deflated or stored.
    pub(in crate::market) fn archive(files: &[(&str, &[u8])], deflated: bool) -> Vec<u8> {
        let (mut archive, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let packed = if deflated { compress_to_vec(content, 6) } else { content.to_vec() };
            let at = u32::try_from(archive.len()).unwrap();
            let mut head = vec![20, 0, 0, 8, if deflated { 8 } else { 0 }, 0, 0, 0, 0x21, 0, 0, 0, 0, 0];
            head.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
            head.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
            head.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            head.extend([0, 0]);
            archive.extend(b"PK\x03\x04");
            archive.extend(&head);
            archive.extend(name.as_bytes());
            archive.extend(&packed);
            directory.extend(b"PK\x01\x02\x14\0");
            directory.extend(&head);
            directory.extend([0; 10]);
            directory.extend(at.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let at = u32::try_from(archive.len()).unwrap();
        let count = u16::try_from(files.len()).unwrap().to_le_bytes();
        archive.extend(&directory);
        archive.extend(b"PK\x05\x06\0\0\0\0");
        archive.extend([count, count].concat());
        archive.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        archive.extend(at.to_le_bytes());
        archive.extend([0, 0]);
        archive
    }

    const LABEL: &[u8] = b"^XA^FDlabel label label label label^FS^XZ";

    #[test]
    fn stored_and_deflated_files_come_out_as_they_went_in() {
        for deflated in [false, true] {
            let zip =
                archive(&[("pasta/", b""), ("Etiqueta de envio.txt", LABEL), ("b.pdf", b"%PDF-")], deflated);
            assert!(is_zip(&zip));
            assert_eq!(files(&zip, 1_000), Ok(vec![LABEL.to_vec(), b"%PDF-".to_vec()]), "{deflated}");
        }
    }

    /// Made by Info-ZIP's `zip`: `printf 'hello hello hello hello hello' > a.txt; zip -X a.zip a.txt`.
    #[test]
    fn an_archive_of_another_program_is_read() {
        let zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\x5c\xf6\xd2S8\x0b\0\0\0\x1d\0\0\0\x05\0\0\0a.txt\xcbH\xcd\xc9\xc9W\xc8\xc0N\x02\0\
            PK\x01\x02\x1e\x03\x14\0\0\0\x08\0\0\0!\x5c\xf6\xd2S8\x0b\0\0\0\x1d\0\0\0\x05\0\0\0\0\0\0\0\x01\0\0\0\xa4\x81\0\0\0\0a.txt\
            PK\x05\x06\0\0\0\0\x01\0\x01\0\x33\0\0\0.\0\0\0\0\0";
        assert_eq!(files(zip, 100), Ok(vec![b"hello hello hello hello hello".to_vec()]));
    }

    #[test]
    fn a_file_that_swells_is_refused() {
        let bomb = archive(&[("a", &vec![0; 1_000_000])], true);
        assert!(bomb.len() < 5_000);
        assert_eq!(files(&bomb, 999_999), Err(ZipFault::TooLarge));
        let two = archive(&[("a", &[0; 600]), ("b", &[0; 600])], true);
        assert_eq!(files(&two, 1_000), Err(ZipFault::TooLarge));
        let many: Vec<(&str, &[u8])> = vec![("a", b"x"); MAX_FILES + 1];
        assert_eq!(files(&archive(&many, false), 1_000), Err(ZipFault::TooLarge));
    }

    #[test]
    fn a_size_that_lies_is_broken() {
        let mut zip = archive(&[("a", &[7; 600])], true);
        let at = zip.windows(4).position(|part| part == b"PK\x01\x02").unwrap() + 24;
        zip[at] = 1;
        zip[at + 1] = 0;
        assert_eq!(files(&zip, 1_000), Err(ZipFault::Broken));
    }

    #[test]
    fn an_archive_cut_or_changed_anywhere_never_panics() {
        let zip = archive(&[("a", LABEL), ("b", LABEL)], true);
        for at in 0..zip.len() {
            assert_eq!(files(&zip[..at], 1_000), Err(ZipFault::Broken), "cut at {at}");
            for byte in [0, 0x7f, 0xff] {
                let mut odd = zip.clone();
                odd[at] = byte;
                let _ = files(&odd, 1_000);
            }
        }
    }
}
