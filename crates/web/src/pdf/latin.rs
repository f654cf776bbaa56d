//! The letters of a PDF's standard font: Windows code page 1252 (`WinAnsiEncoding`, ISO 32000-1 annex D.2)
//! and how wide Helvetica draws each (Adobe's metrics of the 14 standard fonts, `Helvetica.afm`).

use std::fmt::Write as _;

/// What stands at 0x80 to 0x9F; where nothing does, a control character that no text holds.
const UPPER: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The byte of a letter; `None` for one that the font does not have.
pub(super) fn byte(letter: char) -> Option<u8> {
    if letter.is_control() {
        return None;
    }
    if let Ok(byte) = u8::try_from(letter) {
        return Some(byte);
    }
    let place = UPPER.iter().position(|upper| *upper == letter)?;
    u8::try_from(place).ok().map(|place| place + 0x80)
}

/// A line of text as bytes of the font, and whether all of it could be drawn. A letter that cannot is
/// written by its number, `[U+4E2D]`, so that nothing is lost.
pub(super) fn encoded(text: &str) -> (Vec<u8>, bool) {
    let (mut out, mut whole) = (Vec::with_capacity(text.len()), true);
    for letter in text.chars() {
        if let Some(byte) = byte(letter) {
            out.push(byte);
        } else if letter == '\t' {
            out.push(b' ');
        } else {
            whole = false;
            let mut number = String::new();
            // Writing to a text cannot fail.
            let _ = write!(number, "[U+{:04X}]", u32::from(letter));
            out.extend_from_slice(number.as_bytes());
        }
    }
    (out, whole)
}

/// Widths of 0x20 to 0x7E, in thousandths of the size.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// Widths of 0x80 to 0xFF; those of nothing are a letter's.
const REST: [u16; 128] = [
    556, 556, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 556, 611, 556, 556, 222, 222, 333,
    333, 350, 556, 1000, 333, 1000, 500, 333, 944, 556, 500, 667, 278, 333, 556, 556, 556, 556, 260, 556,
    333, 737, 370, 556, 584, 333, 737, 333, 400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834,
    834, 834, 611, 667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278, 722, 722,
    778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611, 556, 556, 556, 556, 556, 556, 889,
    500, 556, 556, 556, 556, 278, 278, 278, 278, 556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556,
    556, 500, 556, 500,
];

/// How wide a byte is drawn, in thousandths of the size.
pub(super) fn width(byte: u8) -> u32 {
    let at = usize::from(byte);
    let known = if byte < 0x80 { ASCII.get(at.wrapping_sub(0x20)) } else { REST.get(at - 0x80) };
    u32::from(known.copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_our_languages_are_all_there() {
        let text = "ÁÀÂÃÇÉÊÍÓÔÕÚÜÑáàâãçéêíóôõúüñ¿¡ºª “aspas” – travessão — R$ 1,50 € 5’ · … \u{a0}|";
        let (bytes, whole) = encoded(text);
        assert!(whole, "{bytes:?}");
        assert_eq!(bytes.len(), text.chars().count(), "one byte each");
        assert!(bytes.iter().all(|byte| width(*byte) > 0));
        assert_eq!(encoded("ção€").0, [0xe7, 0xe3, 0x6f, 0x80]);
    }

    #[test]
    fn what_the_font_lacks_is_written_by_its_number() {
        for (text, shown) in [
            ("中", "[U+4E2D]"),
            ("😀", "[U+1F600]"),
            ("a\u{301}", "a[U+0301]"),
            ("\u{7}\u{85}\u{81}", "[U+0007][U+0085][U+0081]"),
        ] {
            assert_eq!(encoded(text), (shown.as_bytes().to_vec(), false), "{text:?}");
        }
        assert_eq!(encoded("a\tb"), (b"a b".to_vec(), true));
    }

    #[test]
    fn widths_are_those_of_the_font() {
        let text = |text: &str| encoded(text).0.into_iter().map(width).sum::<u32>();
        assert_eq!((text("i"), text("W"), text("0"), text(" "), text("~")), (222, 944, 556, 278, 584));
        assert_eq!((text("ç"), text("ã"), text("Í"), text("—"), text("ÿ")), (500, 556, 278, 1000, 500));
        assert_eq!((width(0x1f), width(0x7f)), (0, 0));
    }
}
