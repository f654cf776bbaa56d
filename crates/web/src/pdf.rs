//! Papers as PDF (ISO 32000-1): text on as many pages as it takes, in the reader's standard Helvetica, so
//! that no font travels along. What that font cannot draw is written by its number.

mod latin;

use std::fmt::Write as _;

use crate::{Lang, i18n};

/// A4 in points of 1/72 inch.
const WIDTH: u32 = 595;
const HEIGHT: u32 = 842;
/// Free on each side, in points.
const MARGIN: u32 = 56;
/// Where the names of facts end and what they are begins, in points from the left.
const SECOND_COLUMN: u32 = MARGIN + 150;
/// Sizes in points, and from one line to the next.
const TITLE: u32 = 18;
const HEADING: u32 = 13;
const TEXT: u32 = 10;
const SMALL: u32 = 8;
const LINE: u32 = 14;
/// Where the first line stands, under the head of each page, and the last one may.
const TOP: u32 = HEIGHT - MARGIN - 24;
const BOTTOM: u32 = MARGIN + 24;
/// A heading is not left alone at the foot of a page: so much has to fit under it.
const WITH_HEADING: u32 = 3 * LINE;

/// One thing on a paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// What follows is about this.
    Heading(String),
    /// A name, and what it is.
    Fact(String, String),
    /// A paragraph.
    Text(String),
    /// A gap between two things.
    Gap,
}

/// A paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paper {
    /// In whose language.
    pub(crate) lang: Lang,
    /// What it is.
    pub(crate) title: String,
    /// Whose it is: stands at the head of each page.
    pub(crate) shop: String,
    /// Its number and date: stand at the foot of each page.
    pub(crate) foot: String,
    /// What stands on it.
    pub(crate) blocks: Vec<Block>,
}

/// A piece of a line.
struct Piece {
    x: u32,
    size: u32,
    grey: bool,
    bytes: Vec<u8>,
}

/// The pages under way.
struct Pages {
    done: Vec<String>,
    page: String,
    y: u32,
    /// Whether all letters could be drawn so far.
    whole: bool,
}

impl Paper {
    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut pages = Pages { done: Vec::new(), page: String::new(), y: TOP, whole: true };
        pages.paragraph(&self.title, TITLE, TITLE + 8);
        for block in &self.blocks {
            pages.block(block);
        }
        // The head of the pages is text, too.
        let head = [&self.shop, &self.title, &self.foot];
        pages.whole &= head.iter().all(|text| latin::encoded(text).1);
        if !pages.whole {
            pages.block(&Block::Gap);
            pages.block(&Block::Text(i18n::text(self.lang, "pdf-outside").to_owned()));
        }
        pages.turn();
        let all = pages.done.len();
        let streams =
            pages.done.into_iter().enumerate().map(|(index, page)| self.framed(page, index + 1, all));
        file(&self.title, self.lang, streams.collect())
    }

    /// A page with its head and foot.
    fn framed(&self, mut page: String, number: usize, all: usize) -> String {
        let (number, all) = (number.to_string(), all.to_string());
        let count = i18n::t(self.lang, "pdf-page", &[("n", &number), ("all", &all)]);
        let count = latin::encoded(&count).0;
        let right = WIDTH - MARGIN - points(&count, SMALL);
        let room = WIDTH - 2 * MARGIN;
        for (text, x, y) in [
            (fitting(&self.shop, room), MARGIN, HEIGHT - MARGIN),
            (fitting(&self.foot, right - MARGIN - LINE), MARGIN, MARGIN),
            (count, right, MARGIN),
        ] {
            show(&mut page, &Piece { x, size: SMALL, grey: true, bytes: text }, y);
        }
        page
    }
}

impl Pages {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => {
                self.y = self.y.saturating_sub(LINE);
                if self.y < BOTTOM + WITH_HEADING {
                    self.turn();
                }
                self.paragraph(text, HEADING, HEADING + 6);
            }
            Block::Fact(name, value) => self.fact(name, value),
            Block::Text(text) => self.paragraph(text, TEXT, LINE),
            Block::Gap => self.y = self.y.saturating_sub(LINE / 2),
        }
    }

    fn paragraph(&mut self, text: &str, size: u32, leading: u32) {
        for bytes in self.lines(text, size, WIDTH - 2 * MARGIN) {
            self.line([Piece { x: MARGIN, size, grey: false, bytes }], leading);
        }
    }

    fn fact(&mut self, name: &str, value: &str) {
        let names = self.lines(name, TEXT, SECOND_COLUMN - MARGIN - LINE);
        let values = self.lines(value, TEXT, WIDTH - MARGIN - SECOND_COLUMN);
        let (mut names, mut values) = (names.into_iter(), values.into_iter());
        loop {
            let name = names.next().map(|bytes| Piece { x: MARGIN, size: TEXT, grey: true, bytes });
            let value = values.next().map(|bytes| Piece { x: SECOND_COLUMN, size: TEXT, grey: false, bytes });
            if name.is_none() && value.is_none() {
                break;
            }
            self.line(name.into_iter().chain(value), LINE);
        }
    }

    /// A text as lines that fit.
    fn lines(&mut self, text: &str, size: u32, room: u32) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for line in text.lines() {
            let (bytes, whole) = latin::encoded(line);
            self.whole &= whole;
            wrap(&bytes, size, room, &mut lines);
        }
        lines
    }

    fn line(&mut self, pieces: impl IntoIterator<Item = Piece>, leading: u32) {
        if self.y < BOTTOM + leading {
            self.turn();
        }
        self.y -= leading;
        for piece in pieces {
            show(&mut self.page, &piece, self.y);
        }
    }

    fn turn(&mut self) {
        self.done.push(std::mem::take(&mut self.page));
        self.y = TOP;
    }
}

/// How wide bytes are drawn, in points, rounded up.
fn points(bytes: &[u8], size: u32) -> u32 {
    let thousandths: u32 = bytes.iter().map(|byte| latin::width(*byte)).sum();
    (thousandths * size).div_ceil(1_000)
}

/// As much of a text as fits into a line.
fn fitting(text: &str, room: u32) -> Vec<u8> {
    let mut lines = Vec::new();
    wrap(&latin::encoded(text).0, SMALL, room, &mut lines);
    lines.into_iter().next().unwrap_or_default()
}

/// Parts a line at its blanks; a word that is longer than a line, anywhere.
fn wrap(bytes: &[u8], size: u32, room: u32, lines: &mut Vec<Vec<u8>>) {
    let mut line: Vec<u8> = Vec::new();
    for word in bytes.split(|byte| *byte == b' ') {
        let mut longer = line.clone();
        if !line.is_empty() {
            longer.push(b' ');
        }
        longer.extend_from_slice(word);
        if points(&longer, size) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for byte in word {
            line.push(*byte);
            if points(&line, size) > room {
                line.pop();
                lines.push(std::mem::replace(&mut line, vec![*byte]));
            }
        }
    }
    lines.push(line);
}

/// Draws a piece of text (§9.4). What is not plain ASCII is written in octal (§7.3.4.2).
fn show(page: &mut String, piece: &Piece, y: u32) {
    let grey = if piece.grey { "0.35" } else { "0" };
    let _ = write!(page, "BT /F1 {} Tf {grey} g {} {y} Td (", piece.size, piece.x);
    for byte in &piece.bytes {
        let _ = match byte {
            b'(' | b')' | b'\\' => write!(page, "\\{}", char::from(*byte)),
            b' '..=b'~' => write!(page, "{}", char::from(*byte)),
            _ => write!(page, "\\{byte:03o}"),
        };
    }
    page.push_str(") Tj ET\n");
}

/// A text outside the pages: UTF-16 with its mark, in hexadecimal (§7.9.2.2).
fn title_string(text: &str) -> String {
    let mut out = String::from("<FEFF");
    for unit in text.encode_utf16() {
        let _ = write!(out, "{unit:04X}");
    }
    out.push('>');
    out
}

/// Numbers of the objects that stand before the pages: catalogue, list of pages, font, information.
const BEFORE_PAGES: usize = 4;

/// The file of pages: its objects, where each begins, and the way to the first (§7.5).
fn file(title: &str, lang: Lang, pages: Vec<String>) -> Vec<u8> {
    let kids: Vec<String> =
        (0..pages.len()).map(|page| format!("{} 0 R", BEFORE_PAGES + 1 + 2 * page)).collect();
    let mut objects = vec![
        format!(
            "<< /Type /Catalog /Pages 2 0 R /Lang ({}) /ViewerPreferences << /DisplayDocTitle true >> >>",
            lang.tag()
        ),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        format!("<< /Title {} /Producer (Lojista) >>", title_string(title)),
    ];
    for (page, content) in pages.into_iter().enumerate() {
        let stream = BEFORE_PAGES + 2 + 2 * page;
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {stream} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>"
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}endstream", content.len()));
    }
    // The second line tells that there may be bytes of any kind.
    let mut out = "%PDF-1.7\n%âãÏÓ\n".as_bytes().to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        out.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    let begins = out.len();
    out.extend_from_slice(table.as_bytes());
    let size = objects.len() + 1;
    out.extend_from_slice(
        format!("trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{begins}\n%%EOF\n")
            .as_bytes(),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(blocks: Vec<Block>) -> Paper {
        Paper {
            lang: Lang::PtBr,
            title: "Cópia dos seus dados".to_owned(),
            shop: "Casa (Verde) \\ Utilidades".to_owned(),
            foot: "req_01 · 23/11/2026".to_owned(),
            blocks,
        }
    }

    /// What a reader of the file finds: it goes from its end to the table, from there to each object, and
    /// from the list of pages to their texts, one line each.
    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        // Only the mark in its second line is no ASCII.
        let text: String =
            bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
        let begins = text.rsplit("startxref\n").next().and_then(|rest| rest.lines().next()).unwrap();
        let table = &text[begins.parse().unwrap()..];
        let mut lines = table.lines();
        assert_eq!(lines.next(), Some("xref"));
        let count: usize = lines.next().unwrap().strip_prefix("0 ").unwrap().parse().unwrap();
        let offsets: Vec<usize> = lines.take(count).map(|line| line[..10].parse().unwrap()).collect();
        let object = |number: usize| {
            let object = &text[offsets[number]..];
            assert!(object.starts_with(&format!("{number} 0 obj\n")), "{number}");
            object.split("\nendobj").next().unwrap()
        };
        for number in 1..count {
            object(number);
        }
        let number_in = |object: &str, name: &str| -> usize {
            let rest = object.split(name).nth(1).unwrap();
            rest.trim_start().split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap()
        };
        let list = object(number_in(object(number_in(table, "/Root")), "/Pages"));
        let kids = list.split('[').nth(1).unwrap().split(']').next().unwrap();
        let kids: Vec<usize> = kids.split(" 0 R").filter_map(|kid| kid.trim().parse().ok()).collect();
        assert_eq!(kids.len(), number_in(list, "/Count"));
        kids.into_iter()
            .map(|kid| {
                let stream = object(number_in(object(kid), "/Contents"));
                let (head, body) = stream.split_once("stream\n").unwrap();
                let content = body.strip_suffix("endstream").unwrap();
                assert_eq!(content.len(), number_in(head, "/Length"));
                content.lines().map(shown).collect()
            })
            .collect()
    }

    /// The text of one line of a page.
    fn shown(line: &str) -> String {
        let inner = line.split_once('(').unwrap().1.strip_suffix(") Tj ET").unwrap();
        let (mut out, mut left) = (String::new(), inner.chars());
        while let Some(letter) = left.next() {
            if letter != '\\' {
                out.push(letter);
                continue;
            }
            let next = left.next().unwrap();
            if next.is_ascii_digit() {
                let octal: String = [next, left.next().unwrap(), left.next().unwrap()].into_iter().collect();
                let byte = u8::from_str_radix(&octal, 8).unwrap();
                let mut letters = '\0'..='™';
                out.push(letters.find(|it| latin::byte(*it) == Some(byte)).unwrap());
            } else {
                out.push(next);
            }
        }
        out
    }

    #[test]
    fn a_paper_of_nothing_is_one_page_with_its_head_and_foot() {
        let pages = read(&paper(Vec::new()).bytes());
        assert_eq!(
            pages,
            [["Cópia dos seus dados", "Casa (Verde) \\ Utilidades", "req_01 · 23/11/2026", "Página 1 de 1"]]
        );
    }

    #[test]
    fn words_are_found_again_on_two_pages_and_none_is_lost() {
        let mut blocks = vec![Block::Heading("Você".to_owned())];
        blocks.extend((0..60).map(|number| {
            let value = format!("número {number}: ação às três, “não” é €5 – {}", "coração ".repeat(9));
            Block::Fact("Situação".to_owned(), value)
        }));
        let pages = read(&paper(blocks.clone()).bytes());
        assert!(pages.len() > 2, "{}", pages.len());
        for (index, page) in pages.iter().enumerate() {
            assert!(page.iter().any(|line| line == "Casa (Verde) \\ Utilidades"));
            assert_eq!(page.last(), Some(&format!("Página {} de {}", index + 1, pages.len())));
        }
        let all = pages.concat().join(" ");
        for number in 0..60 {
            assert!(all.contains(&format!("número {number}: ação às três")), "{number}");
        }
        assert_eq!(all.matches("coração").count(), 60 * 9);
        assert!(pages[0].join(" ").contains("número 0:") && pages[1].join(" ").contains("coração"));
    }

    #[test]
    fn a_word_longer_than_a_line_is_parted_and_nothing_leaves_the_page() {
        let long = "Ω".to_owned() + &"w".repeat(400);
        let file = paper(vec![Block::Text(long), Block::Fact("x".repeat(90), "y".repeat(300))]).bytes();
        let pages = read(&file);
        let all = pages.concat().concat();
        assert_eq!((all.matches('w').count(), all.matches('y').count()), (400, 300));
        assert!(all.contains("[U+03A9]"), "{all}");
        let told = i18n::text(Lang::PtBr, "pdf-outside");
        assert!(pages.concat().join(" ").contains(told), "who reads it is told what that means");
        let text: String = file.iter().map(|byte| char::from(*byte)).collect();
        for line in text.lines().filter(|line| line.starts_with("BT ")) {
            let words: Vec<&str> = line.split(' ').collect();
            let (size, x): (u32, u32) = (words[2].parse().unwrap(), words[6].parse().unwrap());
            let right = x + points(&latin::encoded(&shown(line)).0, size);
            assert!(right <= WIDTH - MARGIN, "{line}");
        }
    }

    #[test]
    fn where_all_letters_are_there_nothing_is_said_of_others() {
        let pages = read(&paper(vec![Block::Text("linha um\n\nlinha três".to_owned())]).bytes());
        let lines: Vec<&str> = pages[0].iter().map(String::as_str).collect();
        assert_eq!(&lines[1..4], ["linha um", "", "linha três"]);
        assert!(!pages.concat().join(" ").contains("U+"));
    }

    #[test]
    fn a_heading_does_not_stand_alone_at_the_foot() {
        for before in 0..60 {
            let mut blocks: Vec<Block> = (0..before).map(|_| Block::Text("linha".to_owned())).collect();
            blocks.extend([Block::Heading("Sessões".to_owned()), Block::Text("aberta".to_owned())]);
            let pages = read(&paper(blocks).bytes());
            let with = |word: &str| pages.iter().position(|page| page.iter().any(|line| line == word));
            assert_eq!(with("Sessões"), with("aberta"), "after {before} lines");
        }
    }
}
