//! Pictures of products: how many, how large, in which order, and why one is not taken.

mod file;

pub use file::{FileKind, file_kind};

use crate::PictureId;

/// Pictures of a product, at most: no channel of ours shows more in one listing but Shopee and
/// TikTok Shop with 9 and Mercado Livre with 10 to 12, by category.
pub const MAX_PICTURES: usize = 12;
/// Largest file that is taken, in bytes: 10 MiB. Phones make pictures of 2 to 6.
pub const MAX_FILE_BYTES: usize = 10 << 20;
/// Most pixels of a picture that is taken: 36 million. Phones make 12 or 24.
pub const MAX_PIXELS: u64 = 36_000_000;
/// Longest side of a picture that is taken, in pixels.
pub const MAX_SIDE_PX: u32 = 16_000;
/// Longest side of a picture as it is kept, in pixels: more is shown by no channel.
pub const KEPT_SIDE_PX: u32 = 2_000;
/// Longest side of a thumbnail, in pixels.
pub const THUMB_SIDE_PX: u32 = 320;
/// Largest file that is kept, in bytes: 2 MiB, which every channel takes.
pub const MAX_KEPT_BYTES: usize = 2 << 20;
/// Longest name of a file that is repeated to whoever handed it in, in characters.
pub const MAX_NAME_CHARS: usize = 60;

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More than [`MAX_FILE_BYTES`].
    #[error("the file is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// Neither JPEG nor PNG nor WebP, whatever its name says.
    #[error("the file is no JPEG, PNG or WebP picture")]
    NoPicture,
    /// It begins as a picture and cannot be read to its end.
    #[error("the picture is damaged or broken off")]
    Broken,
    /// More than [`MAX_PIXELS`], or longer than [`MAX_SIDE_PX`].
    #[error("the picture has too many pixels")]
    TooManyPixels,
    /// It moves.
    #[error("the picture is animated")]
    Animated,
    /// The product has it already, or the form holds it twice.
    #[error("the product has this picture already")]
    Twice,
}

impl PictureFault {
    /// Every one of them.
    pub const ALL: [Self; 7] = [
        Self::Empty,
        Self::TooLarge,
        Self::NoPicture,
        Self::Broken,
        Self::TooManyPixels,
        Self::Animated,
        Self::Twice,
    ];

    /// Its word, in the keys of translations (`picture-wrong-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "large",
            Self::NoPicture => "kind",
            Self::Broken => "broken",
            Self::TooManyPixels => "pixels",
            Self::Animated => "animated",
            Self::Twice => "twice",
        }
    }
}

/// Whether a picture of so many pixels is taken; asked before any of them is read.
pub const fn fits(width_px: u32, height_px: u32) -> Result<(), PictureFault> {
    if width_px == 0 || height_px == 0 {
        return Err(PictureFault::Broken);
    }
    // Both are below 2^32, so their product is below 2^64.
    let pixels = width_px as u64 * height_px as u64;
    if width_px > MAX_SIDE_PX || height_px > MAX_SIDE_PX || pixels > MAX_PIXELS {
        return Err(PictureFault::TooManyPixels);
    }
    Ok(())
}

/// Pixels across and down once the longest side has at most so many; a picture is never made larger.
#[must_use]
pub fn scaled(width_px: u32, height_px: u32, longest_px: u32) -> (u32, u32) {
    let long = width_px.max(height_px);
    if long <= longest_px {
        return (width_px, height_px);
    }
    let side = |side_px: u32| {
        let scaled = u64::from(side_px) * u64::from(longest_px) / u64::from(long.max(1));
        u32::try_from(scaled).unwrap_or(longest_px).max(1)
    };
    (side(width_px), side(height_px))
}

/// Where a picture goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// One place towards the first.
    Earlier,
    /// One place towards the last.
    Later,
    /// To this place, from 1 on; beyond the last it is the last.
    To(usize),
}

impl Shift {
    /// What a form asks for: `earlier`, `later`, or `to` and a place.
    #[must_use]
    pub fn parse(word: &str, place: &str) -> Option<Self> {
        match word {
            "earlier" => Some(Self::Earlier),
            "later" => Some(Self::Later),
            "to" => place.parse().ok().filter(|place| *place >= 1).map(Self::To),
            _ => None,
        }
    }
}

/// The order once one of the pictures went elsewhere; `None` when it is not among them.
#[must_use]
pub fn shifted(order: &[PictureId], id: PictureId, shift: Shift) -> Option<Vec<PictureId>> {
    let from = order.iter().position(|it| *it == id)?;
    let to = match shift {
        Shift::Earlier => from.saturating_sub(1),
        Shift::Later => from.saturating_add(1),
        Shift::To(place) => place.saturating_sub(1),
    };
    let mut order = order.to_vec();
    order.remove(from);
    order.insert(to.min(order.len()), id);
    Some(order)
}

/// The name of a file as it is repeated: its last part, without what cannot be shown.
#[must_use]
pub fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|letter| !letter.is_control()).take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::TypedId as _;

    fn ids(count: usize) -> Vec<PictureId> {
        (0..count).map(|at| PictureId::from_bytes([u8::try_from(at).unwrap_or_default(); 16])).collect()
    }

    #[test]
    fn pixels_are_counted_before_they_are_read() {
        assert_eq!(fits(6_000, 6_000), Ok(()));
        assert_eq!(fits(6_001, 6_000), Err(PictureFault::TooManyPixels));
        assert_eq!(fits(MAX_SIDE_PX, 1), Ok(()));
        assert_eq!(fits(MAX_SIDE_PX + 1, 1), Err(PictureFault::TooManyPixels));
        assert_eq!(fits(u32::MAX, u32::MAX), Err(PictureFault::TooManyPixels));
        assert_eq!(fits(0, 5), Err(PictureFault::Broken));
    }

    #[test]
    fn each_fault_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> =
            PictureFault::ALL.iter().map(|fault| fault.as_str()).collect();
        assert_eq!(words.len(), PictureFault::ALL.len());
    }

    #[test]
    fn names_are_repeated_without_folders_and_without_what_steers_a_screen() {
        assert_eq!(shown_name("C:\\fotos\\frente.jpg"), "frente.jpg");
        assert_eq!(shown_name("../../etc/passwd"), "passwd");
        assert_eq!(shown_name("a\u{1b}[2J\r\nb.png"), "a[2Jb.png");
        assert_eq!(shown_name(&"x".repeat(500)).chars().count(), MAX_NAME_CHARS);
    }

    #[test]
    fn a_form_asks_for_places_that_there_are() {
        assert_eq!(Shift::parse("earlier", ""), Some(Shift::Earlier));
        assert_eq!(Shift::parse("later", "9"), Some(Shift::Later));
        assert_eq!(Shift::parse("to", "3"), Some(Shift::To(3)));
        for (word, place) in [("to", "0"), ("to", "-1"), ("to", ""), ("to", "1e9"), ("", ""), ("up", "1")] {
            assert_eq!(Shift::parse(word, place), None, "{word} {place}");
        }
    }

    #[test]
    fn one_place_is_one_place_and_the_ends_are_the_ends() {
        let order = ids(3);
        let moved = |at: usize, shift| shifted(&order, order[at], shift).expect("it is there");
        assert_eq!(moved(1, Shift::Earlier), [order[1], order[0], order[2]]);
        assert_eq!(moved(1, Shift::Later), [order[0], order[2], order[1]]);
        assert_eq!(moved(0, Shift::Earlier), order);
        assert_eq!(moved(2, Shift::Later), order);
        assert_eq!(moved(0, Shift::To(3)), [order[1], order[2], order[0]]);
        assert_eq!(moved(0, Shift::To(usize::MAX)), [order[1], order[2], order[0]]);
        assert_eq!(shifted(&order, ids(4)[3], Shift::Later), None);
    }

    proptest! {
        #[test]
        fn moving_loses_nothing_and_keeps_the_others_in_order(
            count in 1_usize..20, from in 0_usize..20, to in 0_usize..30,
        ) {
            let (order, from) = (ids(count), from % count);
            let moved = shifted(&order, order[from], Shift::To(to)).expect("it is there");
            prop_assert_eq!(moved[to.saturating_sub(1).min(count - 1)], order[from]);
            let rest = |order: &[PictureId], id| order.iter().copied().filter(|it| *it != id).collect::<Vec<_>>();
            prop_assert_eq!(rest(&moved, order[from]), rest(&order, order[from]));
        }

        #[test]
        fn what_is_scaled_keeps_its_shape_and_its_bounds(
            width in 1_u32..=MAX_SIDE_PX, height in 1_u32..=MAX_SIDE_PX, longest in 1_u32..3_000,
        ) {
            let (across, down) = scaled(width, height, longest);
            prop_assert!(across >= 1 && down >= 1);
            prop_assert!(across.max(down) <= longest.max(1));
            prop_assert!(across <= width && down <= height);
            if width.max(height) > longest {
                prop_assert_eq!(across.max(down), longest);
                prop_assert_eq!(across >= down, width >= height || across == down);
            }
        }
    }
}
