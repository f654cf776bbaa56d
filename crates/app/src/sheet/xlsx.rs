//! Workbooks of 2007 and later (ECMA-376, part 1, §18): the first sheet that is not hidden, row by row.
//!
//! Read event by event: what is held is the table of shared texts and the cells themselves.

use std::io::{self, BufRead, BufReader, Read};

use domain::sheet::{MAX_COLUMNS, MAX_TEXT_BYTES};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::read::{Gather, ReadError};
use super::zip::{Archive, Unpacked};

/// Longest piece of XML between two marks, in bytes: the longest cell, and what stands around it.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// Texts that cells share.
const MAX_SHARED: usize = 4_000_000;
/// Digits of a number that mean something: more are the trace of binary fractions.
const SIGNIFICANT: usize = 15;
/// Digits of a number written out at most, with those that an exponent adds.
const MAX_PLAIN_DIGITS: usize = 40;

/// Counts what comes between two events, so that one of them cannot fill the memory.
struct Meter<R> {
    inner: BufReader<R>,
    since: usize,
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.inner.read(out)
    }
}

impl<R: Read> BufRead for Meter<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since > MAX_EVENT_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a piece of XML is too long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.since = self.since.saturating_add(bytes);
        self.inner.consume(bytes);
    }
}

/// The events of a file.
struct Events<'a> {
    reader: Reader<Meter<Unpacked<'a>>>,
    buffer: Vec<u8>,
}

impl<'a> Events<'a> {
    fn of(archive: &Archive<'a>, name: &str) -> Result<Option<Self>, ReadError> {
        let Some(file) = archive.file(name)? else { return Ok(None) };
        let mut reader = Reader::from_reader(Meter { inner: BufReader::new(file), since: 0 });
        reader.config_mut().expand_empty_elements = true;
        Ok(Some(Self { reader, buffer: Vec::new() }))
    }

    /// The next one; `None` at the end.
    fn next(&mut self) -> Result<Option<Event<'_>>, ReadError> {
        self.buffer.clear();
        self.reader.get_mut().since = 0;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::Eof) => Ok(None),
            // Nobody needs entities of their own in a table.
            Ok(Event::DocType(_)) | Err(_) => Err(ReadError::Broken),
            Ok(event) => Ok(Some(event)),
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, ReadError> {
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| ReadError::Broken)?;
        if attribute.key.local_name().as_ref() == name.as_bytes() {
            let value = std::str::from_utf8(&attribute.value).map_err(|_| ReadError::Broken)?;
            return Ok(Some(value.replace("&amp;", "&")));
        }
    }
    Ok(None)
}

fn entity(reference: &BytesRef<'_>) -> Result<char, ReadError> {
    if let Some(letter) = reference.resolve_char_ref().map_err(|_| ReadError::Broken)? {
        return Ok(letter);
    }
    match &**reference {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        _ => Err(ReadError::Broken),
    }
}

/// Adds what an event says to a text.
fn add(text: &mut String, event: &Event<'_>) -> Result<(), ReadError> {
    match event {
        Event::Text(part) => text.push_str(&part.decode().map_err(|_| ReadError::Broken)?),
        Event::CData(part) => text.push_str(&part.decode().map_err(|_| ReadError::Broken)?),
        Event::GeneralRef(reference) => text.push(entity(reference)?),
        Event::Start(_)
        | Event::End(_)
        | Event::Empty(_)
        | Event::Comment(_)
        | Event::Decl(_)
        | Event::PI(_)
        | Event::DocType(_)
        | Event::Eof => {}
    }
    Ok(())
}

/// Where things are in the workbook.
struct Places {
    sheet: String,
    shared: Option<String>,
}

/// A target beside the workbook, or from the root on.
fn path(target: &str) -> String {
    target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned)
}

fn places(archive: &Archive<'_>) -> Result<Places, ReadError> {
    let mut events = Events::of(archive, "xl/workbook.xml")?.ok_or(ReadError::Broken)?;
    let mut first = None;
    while let Some(event) = events.next()? {
        if let Event::Start(start) = &event
            && start.local_name().as_ref() == b"sheet"
            && first.is_none()
            && attribute(start, "state")?.is_none_or(|state| state == "visible")
        {
            first = attribute(start, "id")?;
        }
    }
    let wanted = first.ok_or(ReadError::Empty)?;
    let mut events = Events::of(archive, "xl/_rels/workbook.xml.rels")?.ok_or(ReadError::Broken)?;
    let (mut sheet, mut shared) = (None, None);
    while let Some(event) = events.next()? {
        let Event::Start(start) = &event else { continue };
        let Some(target) = attribute(start, "Target")? else { continue };
        if attribute(start, "Id")?.as_deref() == Some(&wanted) {
            sheet = Some(path(&target));
        } else if attribute(start, "Type")?.is_some_and(|kind| kind.ends_with("/sharedStrings")) {
            shared = Some(path(&target));
        }
    }
    Ok(Places { sheet: sheet.ok_or(ReadError::Broken)?, shared })
}

fn shared_texts(archive: &Archive<'_>, name: &str) -> Result<Vec<Box<str>>, ReadError> {
    let Some(mut events) = Events::of(archive, name)? else { return Ok(Vec::new()) };
    let (mut texts, mut text, mut bytes) = (Vec::new(), String::new(), 0_usize);
    let (mut inside, mut phonetic) = (false, false);
    while let Some(event) = events.next()? {
        if let Event::Start(start) = &event {
            match start.local_name().as_ref() {
                b"t" => inside = !phonetic,
                b"rPh" => phonetic = true,
                _ => {}
            }
        } else if let Event::End(end) = &event {
            match end.local_name().as_ref() {
                b"t" => inside = false,
                b"rPh" => phonetic = false,
                b"si" => {
                    bytes += text.len();
                    if bytes > MAX_TEXT_BYTES || texts.len() >= MAX_SHARED {
                        return Err(ReadError::TooMuchText);
                    }
                    texts.push(std::mem::take(&mut text).into_boxed_str());
                }
                _ => {}
            }
        } else if inside {
            add(&mut text, &event)?;
        }
    }
    Ok(texts)
}

/// The column of a cell's name (`C7` is 2).
fn column_of(name: &str) -> Option<usize> {
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters
        .take(4)
        .fold(0_usize, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// Reads the first sheet's rows.
pub(super) fn rows(bytes: &[u8], gather: &mut Gather) -> Result<(), ReadError> {
    let archive = Archive::open(bytes)?;
    let places = places(&archive)?;
    let shared = match &places.shared {
        Some(name) => shared_texts(&archive, name)?,
        None => Vec::new(),
    };
    let mut events = Events::of(&archive, &places.sheet)?.ok_or(ReadError::Broken)?;
    let mut at = Cursor { row: 0, column: 0, kind: String::new(), text: String::new(), inside: false };
    while let Some(event) = events.next()? {
        at.take(&event, &shared, gather)?;
    }
    Ok(())
}

/// Where reading stands.
struct Cursor {
    row: u32,
    column: usize,
    kind: String,
    text: String,
    inside: bool,
}

impl Cursor {
    fn take(&mut self, event: &Event<'_>, shared: &[Box<str>], gather: &mut Gather) -> Result<(), ReadError> {
        if let Event::Start(start) = event {
            match start.local_name().as_ref() {
                b"row" => {
                    let named = attribute(start, "r")?.and_then(|number| number.parse().ok());
                    self.row = named.unwrap_or(self.row.saturating_add(1));
                }
                b"c" => {
                    self.kind = attribute(start, "t")?.unwrap_or_default();
                    self.column = attribute(start, "r")?
                        .and_then(|name| column_of(&name))
                        .unwrap_or_else(|| gather.width());
                    self.text.clear();
                }
                b"v" | b"t" => self.inside = true,
                _ => {}
            }
        } else if let Event::End(end) = event {
            match end.local_name().as_ref() {
                b"v" | b"t" => self.inside = false,
                b"c" => self.cell(shared, gather)?,
                b"row" => gather.end_row(self.row)?,
                _ => {}
            }
        } else if self.inside {
            add(&mut self.text, event)?;
        }
        Ok(())
    }

    fn cell(&mut self, shared: &[Box<str>], gather: &mut Gather) -> Result<(), ReadError> {
        if self.text.is_empty() {
            return Ok(());
        }
        if self.column >= MAX_COLUMNS {
            return Err(ReadError::TooManyColumns);
        }
        let text = match self.kind.as_str() {
            "s" => {
                let at: usize = self.text.trim().parse().map_err(|_| ReadError::Broken)?;
                shared.get(at).ok_or(ReadError::Broken)?.to_string()
            }
            "" | "n" => plain(&self.text),
            _ => std::mem::take(&mut self.text),
        };
        while gather.width() < self.column {
            gather.cell(String::new())?;
        }
        gather.cell(text)
    }
}

/// A number of a workbook as people write it, with a point that has one reading only: `1.234` is written
/// `1.2340`, and `7.8E+12` in full. What is no such number stays as it is.
fn plain(text: &str) -> String {
    number(text.trim()).unwrap_or_else(|| text.to_owned())
}

fn number(text: &str) -> Option<String> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (digits, exponent) = match rest.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || digits.len() > MAX_PLAIN_DIGITS {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let (all, point) = rounded(&format!("{whole}{fraction}"), point);
    if !(-20..=20).contains(&point) {
        return None;
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let length = i32::try_from(all.len()).ok()?;
    let all = format!("{}{all}{}", zeros(1 - point), zeros(point - length));
    let (whole, fraction) = all.split_at(usize::try_from(point.max(1)).ok()?);
    let whole = whole.trim_start_matches('0');
    let (whole, fraction) = (if whole.is_empty() { "0" } else { whole }, fraction.trim_end_matches('0'));
    Some(match fraction.len() {
        0 => format!("{sign}{whole}"),
        3 => format!("{sign}{whole}.{fraction}0"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

/// The digits that mean something, and where the point stands among them.
fn rounded(digits: &str, point: i32) -> (String, i32) {
    let lead = digits.len() - digits.trim_start_matches('0').len();
    let keep = lead + SIGNIFICANT;
    let Some(next) = digits.as_bytes().get(keep) else { return (digits.to_owned(), point) };
    let mut kept: Vec<u8> = digits.as_bytes()[..keep].to_vec();
    let mut carry = *next >= b'5';
    for digit in kept.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *digit == b'9';
        *digit = if carry { b'0' } else { *digit + 1 };
    }
    let point = if carry { point + 1 } else { point };
    let all = kept.iter().map(|digit| char::from(*digit));
    let all: String = carry.then_some('1').into_iter().chain(all).collect();
    (all, point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_so_that_it_has_one_reading() {
        let cases = [
            ("12.5", "12.5"),
            ("1.234", "1.2340"),
            ("1234", "1234"),
            ("0.1", "0.1"),
            ("12.100000000000001", "12.1"),
            ("0.30000000000000004", "0.3"),
            ("9.9999999999999999", "10"),
            ("7.891234567895E12", "7891234567895"),
            ("7891234567895", "7891234567895"),
            ("1E-3", "0.0010"),
            ("-3", "-3"),
            ("0", "0"),
            ("00", "0"),
            ("#N/A", "#N/A"),
            ("1e999", "1e999"),
            (".5", ".5"),
        ];
        for (cell, written) in cases {
            assert_eq!(plain(cell), written, "{cell}");
        }
    }

    #[test]
    fn a_cell_knows_its_column() {
        for (name, column) in [("A1", Some(0)), ("Z9", Some(25)), ("AA1", Some(26)), ("7", None)] {
            assert_eq!(column_of(name), column, "{name}");
        }
    }
}
