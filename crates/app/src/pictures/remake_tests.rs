//! Files that are no pictures, pictures that are bombs, and what is left of one that is neither.

use std::io::Cursor;

use domain::product_picture::{
    KEPT_SIDE_PX, MAX_FILE_BYTES, MAX_KEPT_BYTES, PictureFault, THUMB_SIDE_PX, file_kind,
};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::remake::{Remade, encode_within, remake};

const RED: [u8; 3] = [220, 20, 20];
const BLUE: [u8; 3] = [20, 20, 220];

/// Red on the left, blue on the right.
fn flag(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { RED } else { BLUE }))
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("it is written");
    bytes.into_inner()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&flag(width, height)).expect("it is written");
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    file(&DynamicImage::ImageRgb8(flag(width, height)), ImageFormat::Png)
}

fn webp(width: u32, height: u32) -> Vec<u8> {
    file(&DynamicImage::ImageRgb8(flag(width, height)), ImageFormat::WebP)
}

/// A JPEG as a phone makes it: turned, and with the place where it was taken.
fn turned(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0]);
    // Who made it: 40 letters at byte 38 of the TIFF part.
    exif.extend(b"\x0f\x01\x02\0\x28\0\0\0\x26\0\0\0\0\0\0\0");
    exif.extend(b"GPS -23.5505 -46.6333 Rua das Canecas 42");
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    let plain = jpeg(width, height);
    [&plain[..2], &[0xFF, 0xE1], &length, &exif, &plain[2..]].concat()
}

fn fault(file: &[u8]) -> PictureFault {
    remake(file).expect_err("it is refused")
}

fn opened(bytes: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).expect("a JPEG").into_rgb8()
}

/// Whether a pixel is of a colour, as nearly as JPEG keeps it.
fn is_at(picture: &RgbImage, x: u32, y: u32, colour: [u8; 3]) -> bool {
    picture.get_pixel(x, y).0.iter().zip(colour).all(|(one, other)| one.abs_diff(other) < 24)
}

fn made(file: &[u8]) -> Remade {
    let made = remake(file).expect("it is taken");
    for bytes in [&made.bytes, &made.thumb] {
        assert_eq!(file_kind(bytes), Ok(domain::product_picture::FileKind::Jpeg));
    }
    let (kept, thumb) = (opened(&made.bytes), opened(&made.thumb));
    assert_eq!(kept.dimensions(), (made.width_px, made.height_px));
    assert!(made.width_px.max(made.height_px) <= KEPT_SIDE_PX && made.bytes.len() <= MAX_KEPT_BYTES);
    assert!(thumb.width().max(thumb.height()) <= THUMB_SIDE_PX);
    made
}

#[test]
fn what_is_no_picture_is_refused_whatever_its_name_says() {
    for file in [
        &b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..],
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
        b"%PDF-1.7 foto.jpg",
        b"MZ",
    ] {
        assert_eq!(fault(file), PictureFault::NoPicture, "{file:?}");
    }
    assert_eq!(fault(b""), PictureFault::Empty);
    assert_eq!(fault(&vec![0xFF; MAX_FILE_BYTES + 1]), PictureFault::TooLarge);
}

#[test]
fn a_picture_that_was_cut_is_refused_wherever_it_was() {
    for file in [jpeg(64, 48), png(64, 48), webp(64, 48)] {
        for length in (16..file.len()).step_by(7) {
            assert_eq!(fault(&file[..length]), PictureFault::Broken, "{length} of {} bytes", file.len());
        }
    }
}

#[test]
fn a_picture_whose_inside_was_damaged_is_refused_or_made_anew_and_never_kept_as_it_is() {
    for mut file in [jpeg(64, 48), png(64, 48), webp(64, 48)] {
        let middle = file.len() / 2;
        file[middle..middle + 8].fill(0xA5);
        if let Ok(made) = remake(&file) {
            assert_ne!(made.bytes, file);
            opened(&made.bytes);
        }
    }
    let mut png = png(64, 48);
    let data = png.windows(4).position(|four| four == b"IDAT").expect("its data");
    png[data + 8] ^= 0xFF;
    assert_eq!(fault(&png), PictureFault::Broken, "its checksum says so");
}

/// A PNG that says it has so many pixels and has a few bytes of them.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = png(8, 8);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.to_be_bytes());
    file
}

/// The checksum of PNG's chunks (ISO 3309, as W3C's PNG §D has it).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 },
        )
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn a_small_file_of_huge_dimensions_is_refused_before_any_pixel_is_made() {
    assert_eq!(fault(&bomb(60_000, 60_000)), PictureFault::TooManyPixels);
    assert_eq!(fault(&bomb(6_001, 6_001)), PictureFault::TooManyPixels);
    assert_eq!(fault(&bomb(0x7FFF_FFFF, 0x7FFF_FFFF)), PictureFault::TooManyPixels);
    assert_eq!(fault(&bomb(900, 900)), PictureFault::Broken, "the pixels that it promised are not there");
    let mut wide = jpeg(16, 16);
    let frame = wide.windows(2).position(|two| two == [0xFF, 0xC0]).expect("its frame");
    wide[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(fault(&wide), PictureFault::TooManyPixels);
}

#[test]
fn of_a_polyglot_nothing_is_left_but_its_picture() {
    let hidden = b"<script>alert('x')</script>PK\x03\x04#!/bin/sh";
    for file in [jpeg(64, 48), png(64, 48), webp(64, 48)] {
        let polyglot = [&file[..], hidden].concat();
        let made = made(&polyglot);
        for bytes in [&made.bytes, &made.thumb] {
            assert!(!bytes.windows(8).any(|eight| eight == &hidden[..8]));
        }
        assert_eq!(made.bytes, remake(&file).expect("it is taken").bytes, "as if it were not there");
    }
}

#[test]
fn where_it_was_taken_is_not_kept_and_it_stands_upright() {
    // 1: as it is. 3: upside down. 6: its top is on the right. 8: on the left. 2: mirrored.
    for (orientation, size, red_at, blue_at) in [
        (1, (80, 40), (8, 20), (72, 20)),
        (2, (80, 40), (72, 20), (8, 20)),
        (3, (80, 40), (72, 20), (8, 20)),
        (6, (40, 80), (20, 8), (20, 72)),
        (8, (40, 80), (20, 72), (20, 8)),
    ] {
        let file = turned(80, 40, orientation);
        assert!(file.windows(4).any(|four| four == b"GPS "));
        let made = made(&file);
        assert_eq!((made.width_px, made.height_px), size, "{orientation}");
        let kept = opened(&made.bytes);
        assert!(
            is_at(&kept, red_at.0, red_at.1, RED) && is_at(&kept, blue_at.0, blue_at.1, BLUE),
            "{orientation}"
        );
        for bytes in [&made.bytes, &made.thumb] {
            assert!(!bytes.windows(4).any(|four| four == b"GPS " || four == b"Exif"), "{orientation}");
        }
    }
}

#[test]
fn what_can_be_seen_through_is_seen_on_white() {
    let clear =
        RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 32 { [0, 0, 0, 0] } else { [20, 20, 220, 255] }));
    let clear = DynamicImage::ImageRgba8(clear);
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let kept = opened(&made(&file(&clear, format)).bytes);
        assert!(is_at(&kept, 8, 8, [255, 255, 255]) && is_at(&kept, 56, 56, BLUE), "{format:?}");
    }
}

#[test]
fn grey_deep_and_transparent_pictures_are_taken_as_well() {
    let picture = DynamicImage::ImageRgb8(flag(40, 30));
    for (what, file) in [
        ("grey", file(&DynamicImage::ImageLuma8(picture.to_luma8()), ImageFormat::Png)),
        ("grey JPEG", file(&DynamicImage::ImageLuma8(picture.to_luma8()), ImageFormat::Jpeg)),
        ("16 bits", file(&DynamicImage::ImageRgb16(picture.to_rgb16()), ImageFormat::Png)),
        ("16 bits and clear", file(&DynamicImage::ImageRgba16(picture.to_rgba16()), ImageFormat::Png)),
        ("one pixel", png(1, 1)),
    ] {
        let made = made(&file);
        assert!(made.width_px >= 1 && made.height_px >= 1, "{what}");
    }
}

#[test]
fn a_large_picture_is_kept_smaller_and_a_small_one_as_it_is() {
    // More than twice as wide as pictures are kept, and a bit more.
    for (width, height) in [(4_400, 220), (2_200, 110)] {
        let large = made(&png(width, height));
        assert_eq!((large.width_px, large.height_px), (KEPT_SIDE_PX, KEPT_SIDE_PX / 20));
        assert_eq!(opened(&large.thumb).dimensions(), (THUMB_SIDE_PX, THUMB_SIDE_PX / 20));
        let kept = opened(&large.bytes);
        assert!(is_at(&kept, 100, 50, RED) && is_at(&kept, 1_900, 50, BLUE));
    }
    let small = made(&jpeg(120, 90));
    assert_eq!((small.width_px, small.height_px), (120, 90));
    assert_eq!(opened(&small.thumb).dimensions(), (120, 90));
    let thin = made(&png(3_000, 1));
    assert_eq!((thin.width_px, thin.height_px), (KEPT_SIDE_PX, 1));
}

#[test]
fn a_picture_that_is_hard_to_make_small_is_kept_less_well() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let noise = RgbImage::from_fn(200, 200, |_, _| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes = state.to_le_bytes();
        Rgb([bytes[0], bytes[1], bytes[2]])
    });
    let best = encode_within(&noise, MAX_KEPT_BYTES).expect("it fits");
    let small = encode_within(&noise, best.len() - 1).expect("it fits, less well");
    assert!(small.len() < best.len() && opened(&small).dimensions() == (200, 200));
    assert_eq!(encode_within(&noise, 99), Err(PictureFault::TooLarge));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_change_of_a_file_makes_reading_it_panic(
        kind in 0_usize..3, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = match kind {
            0 => jpeg(24, 16),
            1 => png(24, 16),
            _ => webp(24, 16),
        };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(made) = remake(&file) {
            prop_assert!(made.width_px.max(made.height_px) <= KEPT_SIDE_PX);
        }
    }
}
