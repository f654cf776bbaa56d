//! A picture is made anew: nothing of the file that was handed in is kept but what is to be seen.
//! Where it was taken, with what, and whatever was hidden in or behind it stays outside.

use std::io::Cursor;

use domain::product_picture::{
    FileKind, KEPT_SIDE_PX, MAX_FILE_BYTES, MAX_KEPT_BYTES, MAX_SIDE_PX, PictureFault, THUMB_SIDE_PX,
    file_kind, fits, scaled,
};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};

/// Bytes that one picture may take while it is decoded, at most: 288 MiB are eight for each of
/// the most pixels that are taken.
const MAX_DECODED_BYTES: u64 = 288 << 20;
/// How well pictures are kept, of 100; the first of these at which the file is small enough.
const QUALITIES: [u8; 5] = [85, 75, 60, 45, 30];
/// How well thumbnails are kept, of 100.
const THUMB_QUALITY: u8 = 75;

/// A picture as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remade {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// A JPEG.
    pub(super) bytes: Vec<u8>,
    /// A small JPEG of the same.
    pub(super) thumb: Vec<u8>,
}

/// Makes a picture anew, or says why the file is none that is taken.
pub(super) fn remake(file: &[u8]) -> Result<Remade, PictureFault> {
    if file.len() > MAX_FILE_BYTES {
        return Err(PictureFault::TooLarge);
    }
    let decoded = match file_kind(file)? {
        FileKind::Jpeg => JpegDecoder::new(Cursor::new(file)).map(decode),
        FileKind::Png => PngDecoder::with_limits(Cursor::new(file), limits()).map(decode),
        FileKind::Webp => WebPDecoder::new(Cursor::new(file)).map(decode),
    };
    let kept = decoded.map_err(|error| fault_of(&error))??;
    let (width_px, height_px) = kept.dimensions();
    let (across, down) = scaled(width_px, height_px, THUMB_SIDE_PX);
    let small = if (across, down) == (width_px, height_px) {
        encode(&kept, THUMB_QUALITY)?
    } else {
        encode(&imageops::thumbnail(&kept, across, down), THUMB_QUALITY)?
    };
    let bytes = encode_within(&kept, MAX_KEPT_BYTES)?;
    Ok(Remade { width_px, height_px, bytes, thumb: small })
}

/// What the format's own reader cannot read is no picture for anybody else either.
const fn fault_of(error: &ImageError) -> PictureFault {
    match error {
        ImageError::Limits(_) => PictureFault::TooManyPixels,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => PictureFault::Broken,
    }
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits
}

/// Reads the pixels, upright, on white and not larger than they are kept. How many there are is
/// asked before any of them.
fn decode(mut decoder: impl ImageDecoder) -> Result<RgbImage, PictureFault> {
    let (width_px, height_px) = decoder.dimensions();
    fits(width_px, height_px)?;
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        return Err(PictureFault::TooManyPixels);
    }
    let fault = |error| fault_of(&error);
    decoder.set_limits(limits()).map_err(fault)?;
    let upright = decoder.orientation().map_err(fault)?;
    let whole = on_white(DynamicImage::from_decoder(decoder).map_err(fault)?);
    let mut kept = DynamicImage::ImageRgb8(smaller(whole));
    kept.apply_orientation(upright);
    Ok(kept.into_rgb8())
}

/// What can be seen through is seen on white, as marketplaces show it.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let through = picture.into_rgba8();
    let (width_px, height_px) = through.dimensions();
    let mut seen = RgbImage::new(width_px, height_px);
    for (pixel, [red, green, blue, alpha]) in seen.pixels_mut().zip(through.pixels().map(|it| it.0)) {
        let on = |colour: u8| {
            let sum = u32::from(colour) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
        };
        pixel.0 = [on(red), on(green), on(blue)];
    }
    seen
}

/// At most as large as pictures are kept.
fn smaller(picture: RgbImage) -> RgbImage {
    let (width_px, height_px) = picture.dimensions();
    let (across, down) = scaled(width_px, height_px, KEPT_SIDE_PX);
    if (across, down) == (width_px, height_px) {
        return picture;
    }
    // The careful way needs 16 bytes for each pixel between, so it begins at twice the size.
    let (between_across, between_down) = scaled(width_px, height_px, 2 * KEPT_SIDE_PX);
    let between = if (between_across, between_down) == (width_px, height_px) {
        picture
    } else {
        imageops::thumbnail(&picture, between_across, between_down)
    };
    imageops::resize(&between, across, down, FilterType::CatmullRom)
}

/// As well as so many bytes allow.
pub(super) fn encode_within(picture: &RgbImage, most_bytes: usize) -> Result<Vec<u8>, PictureFault> {
    for quality in QUALITIES {
        let bytes = encode(picture, quality)?;
        if bytes.len() <= most_bytes {
            return Ok(bytes);
        }
    }
    Err(PictureFault::TooLarge)
}

fn encode(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, PictureFault> {
    let mut bytes = Vec::new();
    let written = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture);
    written.map(|()| bytes).map_err(|_| PictureFault::Broken)
}
