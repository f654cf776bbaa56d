//! Files in a zip, unpacked as they are read and never held as a whole (PKWARE's APPNOTE 6.3.10, §4.3).
//!
//! A small archive can unpack to any size. So what the directory promises is added up before anything is
//! unpacked, and what really comes is counted against the same limit.

use std::io::{self, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::read::ReadError;

/// Files of one archive: a workbook has about ten, and one more for each sheet or drawing.
const MAX_FILES: usize = 1_000;
/// Bytes that a workbook may unpack to, all its files together: 50,000 rows of 25 columns are about
/// 60 MB of XML.
const MAX_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// The record at the end, and the longest comment behind it.
const END_BYTES: usize = 22;
const MAX_COMMENT_BYTES: usize = 65_535;

/// An archive in memory.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    files: Vec<File>,
}

struct File {
    name: Vec<u8>,
    method: u64,
    packed: u64,
    unpacked: u64,
    header_at: u64,
}

/// A number of `count` bytes, the least first.
fn number(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let digits = bytes.get(at..at.checked_add(count)?)?;
    Some(digits.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn place(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let files = directory(bytes).ok_or(ReadError::Broken)?;
        if files.len() > MAX_FILES {
            return Err(ReadError::Bomb);
        }
        let all = files.iter().fold(0_u64, |all, file| all.saturating_add(file.unpacked));
        if all > MAX_UNPACKED_BYTES { Err(ReadError::Bomb) } else { Ok(Self { bytes, files }) }
    }

    /// A file of the archive, to be read; `None` where there is none of this name.
    pub(super) fn file(&self, name: &str) -> Result<Option<Unpacked<'a>>, ReadError> {
        let Some(file) = self.files.iter().find(|file| file.name.eq_ignore_ascii_case(name.as_bytes()))
        else {
            return Ok(None);
        };
        let packed = self.packed(file).ok_or(ReadError::Broken)?;
        let inflating = match file.method {
            0 => None,
            8 => Some(InflateState::new_boxed(DataFormat::Raw)),
            _ => return Err(ReadError::Broken),
        };
        Ok(Some(Unpacked { packed, inflating, left: file.unpacked }))
    }

    fn packed(&self, file: &File) -> Option<&'a [u8]> {
        let header = self.bytes.get(place(file.header_at)?..)?;
        if !header.starts_with(b"PK\x03\x04") {
            return None;
        }
        let begin = 30 + place(number(header, 26, 2)? + number(header, 28, 2)?)?;
        header.get(begin..begin.checked_add(place(file.packed)?)?)
    }
}

fn directory(bytes: &[u8]) -> Option<Vec<File>> {
    let last = bytes.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(MAX_COMMENT_BYTES);
    let end = (first..=last).rev().find(|at| bytes[*at..].starts_with(b"PK\x05\x06"))?;
    let count = place(number(bytes, end + 10, 2)?)?;
    let mut at = place(number(bytes, end + 16, 4)?)?;
    let mut files = Vec::new();
    for _ in 0..count.min(MAX_FILES + 1) {
        let entry = bytes.get(at..)?;
        if !entry.starts_with(b"PK\x01\x02") {
            return None;
        }
        let length = |at| place(number(entry, at, 2)?);
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        files.push(File {
            method: number(entry, 10, 2)?,
            packed: number(entry, 20, 4)?,
            unpacked: number(entry, 24, 4)?,
            header_at: number(entry, 42, 4)?,
            name: entry.get(46..46 + name)?.to_vec(),
        });
        at = at.checked_add(46 + name + extra + comment)?;
    }
    Some(files)
}

/// A file as it unpacks.
pub(super) struct Unpacked<'a> {
    packed: &'a [u8],
    inflating: Option<Box<InflateState>>,
    /// What the directory promised and did not come yet, in bytes.
    left: u64,
}

fn wrong(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl Read for Unpacked<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let came = match &mut self.inflating {
            None => self.packed.read(out)?,
            Some(state) => {
                let step = inflate(state, self.packed, out, MZFlush::None);
                self.packed = self.packed.get(step.bytes_consumed..).unwrap_or_default();
                match step.status {
                    Ok(MZStatus::Ok | MZStatus::StreamEnd) => step.bytes_written,
                    Err(MZError::Buf) if step.bytes_written > 0 => step.bytes_written,
                    Ok(MZStatus::NeedDict) | Err(_) => return Err(wrong("the archive is broken")),
                }
            }
        };
        let came_bytes = u64::try_from(came).unwrap_or(u64::MAX);
        self.left =
            self.left.checked_sub(came_bytes).ok_or_else(|| wrong("more unpacks than was promised"))?;
        Ok(came)
    }
}
