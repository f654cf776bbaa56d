//! A QR code as one path of an SVG: no script, no image file, nothing inline that the
//! content policy forbids.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code that scanners need (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

/// A code, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Width and height of the drawing, in modules.
    pub size: i32,
    /// The dark modules as an SVG path.
    pub path: String,
}

/// Draws a text; `None` for one that is too long for a code.
#[must_use]
pub(crate) fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Some(Drawing { size: code.size() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finder_in_the_corner_and_room_around() {
        let drawing = draw("otpauth://totp/Lojista:ana?secret=GEZDGNBVGY3TQOJQ").unwrap();
        assert!(drawing.path.starts_with("M4 4h1v1h-1zM5 4h1v1h-1z"), "{}", &drawing.path[..40]);
        assert!((21 + 8..=177 + 8).contains(&drawing.size));
    }

    #[test]
    fn a_text_beyond_the_largest_code_is_not_drawn() {
        assert_eq!(draw(&"x".repeat(3_000)), None);
    }
}
