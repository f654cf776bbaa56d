//! Pictures on a product's page.

use domain::catalogue::Product;
use domain::product_picture::{
    KEPT_SIDE_PX, MAX_FILE_BYTES, MAX_PICTURES, MAX_PIXELS, PictureFault, THUMB_SIDE_PX, scaled,
};
use domain::{PictureId, SkuId};
use store::pictures::HeldPicture;

use crate::pages::Choice;
use crate::server::MAX_UPLOAD_BYTES;
use crate::{Chrome, i18n};

/// A picture of a product.
#[derive(Debug, Clone)]
pub struct PictureLine {
    /// Its id.
    pub id: PictureId,
    /// Its place, from 1 on.
    pub place: usize,
    /// The variant that it shows, where it does not show them all.
    pub variant: Option<String>,
    /// Pixels of its thumbnail, across and down.
    pub thumb_px: (u32, u32),
}

/// The pictures of a product, and what came of handing some in.
#[derive(Debug, Clone, Default)]
pub struct Pictures {
    /// The pictures, in their order.
    pub lines: Vec<PictureLine>,
    /// Variants that a picture may show alone; none where there is but one.
    pub variants: Vec<Choice>,
    /// Why none of the files was taken, line by line.
    pub wrong: Vec<String>,
}

impl Pictures {
    /// Those of a product.
    #[must_use]
    pub fn of(product: &Product, held: &[HeldPicture]) -> Self {
        let named = |sku: SkuId| {
            let variant = product.variants.iter().find(|variant| variant.sku == Some(sku))?;
            let name = variant.options.join(" · ");
            Some(if name.is_empty() { variant.code.clone() } else { name })
        };
        let line = |(at, held): (usize, &HeldPicture)| {
            let side = |pixels: i64| u32::try_from(pixels).unwrap_or(1);
            PictureLine {
                id: held.id,
                place: at + 1,
                variant: held.sku.and_then(named),
                thumb_px: scaled(side(held.width_px), side(held.height_px), THUMB_SIDE_PX),
            }
        };
        let skus = product.variants.iter().filter_map(|variant| variant.sku);
        let choice = |sku: SkuId| Some(Choice { value: sku.to_string(), label: named(sku)? });
        let variants =
            if product.variants.len() > 1 { skus.filter_map(choice).collect() } else { Vec::new() };
        Self { lines: held.iter().enumerate().map(line).collect(), variants, wrong: Vec::new() }
    }

    /// Whether there is room for one more.
    #[must_use]
    pub const fn has_room(&self) -> bool {
        self.lines.len() < MAX_PICTURES
    }
}

/// The limits that sentences speak of.
#[must_use]
pub fn limits(chrome: &Chrome) -> [(&'static str, String); 5] {
    let megabytes = |bytes: usize| (bytes >> 20).to_string();
    let millions = i64::try_from(MAX_PIXELS / 1_000_000).unwrap_or(i64::MAX);
    [
        ("most", MAX_PICTURES.to_string()),
        ("mb", megabytes(MAX_FILE_BYTES)),
        ("sum", megabytes(MAX_UPLOAD_BYTES)),
        ("side", chrome.number(&i64::from(KEPT_SIDE_PX))),
        ("millions", chrome.number(&millions)),
    ]
}

/// Why a file was not taken, in the reader's language.
#[must_use]
pub fn fault(chrome: &Chrome, name: &str, fault: PictureFault) -> String {
    let values = limits(chrome);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let why = i18n::t(chrome.lang, &format!("picture-wrong-{}", fault.as_str()), &values);
    let name = if name.is_empty() { chrome.t("picture-nameless") } else { name };
    i18n::t(chrome.lang, "picture-wrong-line", &[("file", name), ("why", &why)])
}

/// A sentence that speaks of limits, or of how many more there is room for, in the reader's language.
#[must_use]
pub fn told(chrome: &Chrome, key: &str, room: usize) -> String {
    let room = room.to_string();
    let values = limits(chrome);
    let values = values.iter().map(|(name, value)| (*name, value.as_str()));
    let values: Vec<(&str, &str)> = values.chain([("room", room.as_str())]).collect();
    i18n::t(chrome.lang, key, &values)
}
