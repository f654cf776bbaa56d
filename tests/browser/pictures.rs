//! Pictures of a product: sent from the disk, put in order by keyboard and by drag, removed after a question.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::json;

use crate::visitor::Visitor;

/// What stands on each picture's left: its first pixel's red tells them apart.
const ORDER: &str = "return Promise.all([...document.querySelectorAll('.pictures img')].map(async (img) => { \
    await img.decode(); \
    const canvas = document.createElement('canvas').getContext('2d'); \
    canvas.drawImage(img, 0, 0); \
    return Math.round(canvas.getImageData(9, 9, 1, 1).data[0] / 20); \
  })).then((order) => order.join(' ') === arguments[0])";
/// A hand takes the picture at one place and drops it at another.
const DRAG: &str = "const items = document.querySelectorAll('.pictures > li'); \
    const told = (item, kind) => item.dispatchEvent(new DragEvent(kind, \
      {bubbles: true, cancelable: true, dataTransfer: new DataTransfer()})); \
    const [from, to] = [items[arguments[0]], items[arguments[1]]]; \
    told(from, 'dragstart'); told(to, 'dragover'); \
    const kind = arguments[2]; \
    if (kind === 'drop') told(to, 'drop'); \
    told(from, 'dragend')";
/// The element that has the focus is pressed as the keyboard does.
const IS_FOCUSED: &str = "return document.activeElement.closest('.pictures > li') !== null";

/// A picture of one colour: its red is twenty times a number.
pub(crate) fn png(number: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(80, 60, Rgb([number.saturating_mul(20), 60, 60]));
    let picture = DynamicImage::ImageRgb8(picture);
    picture.write_to(&mut bytes, ImageFormat::Png).expect("it is written");
    bytes.into_inner()
}

/// Files on the disk, as a file field takes them.
fn on_the_disk(folder: &Path, files: &[(&str, Vec<u8>)]) -> String {
    let put = |(name, bytes): &(&str, Vec<u8>)| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        path.display().to_string()
    };
    files.iter().map(put).collect::<Vec<_>>().join("\n")
}

async fn are_in_order(visitor: &Visitor, order: &str) {
    visitor.waits_for(&format!("the order {order}"), ORDER, &json!([order])).await;
}

in_every_language! {
    async fn pictures_are_sent_put_in_order_and_removed(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let product = owner.has_a_product().await;
        let folder = tests::database::folder();
        let good = on_the_disk(folder.path(), &[("1.png", png(1)), ("2.png", png(2)), ("3.png", png(3))]);
        let bad = on_the_disk(folder.path(), &[("4.png", png(4)), ("page.jpg", b"<!doctype html>".to_vec())]);

        visitor.opens(&format!("/products/{product}")).await;
        visitor.reads("pictures-none").await;
        visitor.fills("pictures-choose", &bad).await;
        visitor.presses("pictures-add").await;
        visitor.reads("pictures-wrong").await;
        visitor.sees("page.jpg").await;
        visitor.was_refused(422).await;
        visitor.reads("pictures-none").await;

        visitor.fills("pictures-choose", &good).await;
        visitor.presses("pictures-add").await;
        visitor.reads("flash-pictures-added").await;
        are_in_order(visitor, "1 2 3").await;

        let later = web::i18n::t(visitor.lang(), "picture-later", &[("n", "1")]);
        visitor.presses_at("", &later).await;
        visitor.reads("flash-picture-moved").await;
        are_in_order(visitor, "2 1 3").await;
        visitor.waits_for("the focus at the picture that went", IS_FOCUSED, &json!([])).await;

        visitor.script(DRAG, &json!([2, 0, "away"])).await;
        are_in_order(visitor, "2 1 3").await;
        visitor.script(DRAG, &json!([2, 0, "drop"])).await;
        are_in_order(visitor, "3 2 1").await;
        visitor.opens(&format!("/products/{product}")).await;
        are_in_order(visitor, "3 2 1").await;

        let name = web::i18n::t(visitor.lang(), "picture-name", &[("n", "1")]);
        visitor.presses_at("", &format!("{} {name}", visitor.word("picture-remove"))).await;
        visitor.presses_at("", &web::i18n::t(visitor.lang(), "picture-remove-confirm", &[("n", "1")])).await;
        visitor.reads("flash-picture-removed").await;
        are_in_order(visitor, "2 1").await;
        visitor.opens("/products").await;
        visitor.waits_for("the first picture in the list", "return document.querySelector('.thumb').naturalWidth > 0", &json!([])).await;
    }
}

in_one_language! {
    async fn without_script_pictures_are_sent_moved_and_removed_as_well(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let product = owner.has_a_product().await;
        let folder = tests::database::folder();
        let files = on_the_disk(folder.path(), &[("1.png", png(1)), ("2.png", png(2))]);
        visitor.allows_scripts(false).await;
        visitor.opens(&format!("/products/{product}")).await;
        visitor.fills("pictures-choose", &files).await;
        visitor.presses("pictures-add").await;
        visitor.reads("flash-pictures-added").await;
        visitor.presses_at("", "Mover a foto 2 para antes").await;
        visitor.reads("flash-picture-moved").await;
        visitor.presses_at("", "Remover foto 1").await;
        visitor.presses_at("", "Remover a foto 1").await;
        visitor.reads("flash-picture-removed").await;
        visitor.sees("1 · aparece na lista").await;
    }
}
