use std::fmt::Write as _;

use domain::sheet::{MAX_COLUMNS, MAX_ROWS, Sheet};
use miniz_oxide::deflate::compress_to_vec;

use super::{MAX_FILE_BYTES, ReadError, read};

const WORKBOOK: &str = r#"<?xml version="1.0"?><workbook xmlns:r="r"><sheets><sheet name="X" state="hidden" r:id="r9"/><sheet name="P" r:id="r1"/></sheets></workbook>"#;
const RELS: &str = r#"<Relationships><Relationship Id="r9" Type="x/worksheet" Target="worksheets/hidden.xml"/><Relationship Id="r1" Type="x/worksheet" Target="/xl/worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;

/// A file of an archive, and how long the directory says that it is.
struct Entry<'a> {
    name: &'a str,
    content: &'a [u8],
    promised: Option<u32>,
}

fn long(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("a short file").to_le_bytes()
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).expect("a short name").to_le_bytes()
}

/// An archive of these files, deflated; nobody looks at checksums.
fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let (packed, at) = (compress_to_vec(entry.content, 6), bytes.len());
        let unpacked = entry.promised.map_or_else(|| long(entry.content.len()), u32::to_le_bytes);
        let mut about = vec![0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        about.extend(long(packed.len()));
        about.extend(unpacked);
        about.extend(short(entry.name.len()));
        bytes.extend(b"PK\x03\x04\x14\0");
        bytes.extend(&about);
        bytes.extend(short(0));
        bytes.extend(entry.name.as_bytes());
        bytes.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\0\x14\0");
        directory.extend(&about);
        directory.extend([0; 12]);
        directory.extend(long(at));
        directory.extend(entry.name.as_bytes());
    }
    let (begins, length) = (bytes.len(), directory.len());
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(short(entries.len()).repeat(2));
    bytes.extend(long(length));
    bytes.extend(long(begins));
    bytes.extend(short(0));
    bytes
}

fn file<'a>(name: &'a str, content: &'a str) -> Entry<'a> {
    Entry { name, content: content.as_bytes(), promised: None }
}

fn workbook(sheet: &str, shared: &str) -> Vec<u8> {
    archive(&[
        file("xl/workbook.xml", WORKBOOK),
        file("xl/_rels/workbook.xml.rels", RELS),
        file("xl/worksheets/sheet1.xml", sheet),
        file("xl/sharedStrings.xml", shared),
    ])
}

fn table(sheet: &Sheet) -> Vec<Vec<&str>> {
    let rows = sheet.rows.iter().map(|row| &row.cells);
    std::iter::once(&sheet.header)
        .chain(rows)
        .map(|cells| cells.iter().map(String::as_str).collect())
        .collect()
}

/// ASVS 5.2.2.
#[test]
fn what_is_no_table_is_refused_and_says_why() {
    let cases: [(&[u8], ReadError); 8] = [
        (b"", ReadError::Empty),
        (b"\xef\xbb\xbf \r\n ;; \n", ReadError::Empty),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ReadError::OldWorkbook),
        (b"PK\x03\x04 and no more", ReadError::Broken),
        (b"\x89PNG\r\n\x1a\n\0\0\0", ReadError::Broken),
        (b"\xff\xfe\x00\xd8", ReadError::Broken),
        (b"\xef\xbb\xbfSKU\xff", ReadError::Broken),
        (b"SKU;T\n\"A;1\nB;2\n", ReadError::OpenQuote),
    ];
    for (bytes, why) in cases {
        assert_eq!(read(bytes), Err(why), "{bytes:?}");
    }
    assert_eq!(read(&vec![b'a'; MAX_FILE_BYTES + 1]), Err(ReadError::TooLong));
}

/// ASVS 5.2.1.
#[test]
fn more_rows_or_columns_than_are_taken_are_refused() {
    let rows = format!("SKU\n{}", "A\n".repeat(MAX_ROWS + 1));
    assert_eq!(read(rows.as_bytes()), Err(ReadError::TooManyRows));
    assert_eq!(read("A;".repeat(MAX_COLUMNS + 1).as_bytes()), Err(ReadError::TooManyColumns));
    assert!(
        read(format!("A{}", ";".repeat(MAX_COLUMNS + 9)).as_bytes()).is_ok(),
        "empty cells far out are none"
    );
    assert_eq!(read("x".repeat(70_000).as_bytes()), Err(ReadError::TooMuchText));
    assert_eq!(
        read(&workbook(r#"<row r="1"><c r="ZZ1"><v>1</v></c></row>"#, "")),
        Err(ReadError::TooManyColumns)
    );
}

#[test]
fn every_way_of_writing_letters_is_read() {
    let text = "SKU;Descrição\r\nA;Caneca – ação €\r\n";
    let wide = |of: fn(u16) -> [u8; 2], mark: [u8; 2]| -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(of)).collect()
    };
    let windows: Vec<u8> = text
        .chars()
        .map(|letter| match letter {
            '–' => 0x96,
            '€' => 0x80,
            letter => u8::try_from(u32::from(letter)).expect("a letter of Latin-1"),
        })
        .collect();
    let files = [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        wide(u16::to_le_bytes, [0xff, 0xfe]),
        wide(u16::to_be_bytes, [0xfe, 0xff]),
        windows,
    ];
    for bytes in files {
        let sheet = read(&bytes).expect("a table");
        assert_eq!(table(&sheet), [["SKU", "Descrição"], ["A", "Caneca – ação €"]]);
    }
}

#[test]
fn cells_are_parted_by_whatever_mark_the_heading_has() {
    for (text, mark) in
        [("a;b\n\"x;\"\"y\"\"\";2,5", ';'), ("a,b\n\"x,\"\"y\"\"\",2", ','), ("a\tb\nx\t2", '\t')]
    {
        let sheet = read(text.as_bytes()).expect("a table");
        assert_eq!((sheet.header.len(), sheet.rows[0].cells.len()), (2, 2), "{mark}");
    }
    let sheet = read(b"a;b\n\"line\nline\";1\n\n'=1+1;'n").expect("a table");
    assert_eq!(table(&sheet), [vec!["a", "b"], vec!["line\nline", "1"], vec!["=1+1", "'n"]]);
    assert_eq!(sheet.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 4], "a row keeps its number");
}

#[test]
fn a_workbook_is_read_with_all_kinds_of_cells() {
    let shared = "<sst><si><t>SKU</t></si><si><r><t>Ca</t></r><r><t>neca &amp; ç&#233;</t></r><rPh><t>x</t></rPh></si></sst>";
    let sheet = r#"<worksheet><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Custo</t></is></c><c r="D1" t="str"><f>A1</f><v>Fim</v></c></row>
        <row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"><f>1+1</f><v>1.234</v></c><c r="C3"/><c r="D3" t="b"><v>1</v></c></row>
        <row r="4"><c r="A4" s="5"/></row>
        </sheetData></worksheet>"#;
    let read = read(&workbook(sheet, shared)).expect("a table");
    assert_eq!(table(&read), [vec!["SKU", "Custo", "", "Fim"], vec!["Caneca & çé", "1.2340", "", "1"]]);
    assert_eq!((read.rows[0].number, read.knows_numbers), (3, true));
}

/// ASVS 5.2.3.
#[test]
fn a_workbook_that_is_a_trap_is_refused_before_it_unpacks() {
    let cell = r#"<row r="1"><c t="s"><v>7</v></c></row>"#;
    assert_eq!(read(&workbook(cell, "<sst/>")), Err(ReadError::Broken), "a text that is not there");
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><sst><si><t>&a;</t></si></sst>";
    assert_eq!(read(&workbook("<row/>", entities)), Err(ReadError::Broken), "entities of its own");
    let many = Entry { name: "xl/huge.xml", content: b"x", promised: Some(300 * 1024 * 1024) };
    assert_eq!(read(&archive(&[many])), Err(ReadError::Bomb), "what it promises");
    let zeros = " ".repeat(3_000_000);
    let liar = Entry { name: "xl/workbook.xml", content: zeros.as_bytes(), promised: Some(10) };
    assert_eq!(read(&archive(&[liar])), Err(ReadError::Broken), "more comes than it promised");
    let long = format!("<row r=\"1\"><c t=\"str\"><v>{}</v></c></row>", "x".repeat(2_000_000));
    assert!(read(&workbook(&long, "<sst/>")).is_err(), "one text of two megabytes");
    let names: Vec<String> = (0..1_200).map(|at| format!("f{at}")).collect();
    let crowd: Vec<Entry<'_>> = names.iter().map(|name| file(name, "")).collect();
    assert_eq!(read(&archive(&crowd)), Err(ReadError::Bomb), "a crowd of files");
}

#[test]
fn a_workbook_that_was_cut_anywhere_is_refused_and_nothing_panics() {
    let mut sheet = String::from("<sheetData>");
    for row in 1..40 {
        write!(sheet, "<row r=\"{row}\"><c t=\"inlineStr\"><is><t>v{row}</t></is></c></row>")
            .expect("a text");
    }
    let whole = workbook(&sheet, "<sst/>");
    assert!(read(&whole).is_ok());
    for end in (4..whole.len()).step_by(7) {
        assert!(read(&whole[..end]).is_err(), "cut at {end}");
    }
    for at in (4..whole.len()).step_by(5) {
        let mut bent = whole.clone();
        bent[at] ^= 0x55;
        let _ = read(&bent);
    }
}
