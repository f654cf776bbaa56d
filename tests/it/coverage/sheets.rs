//! What is pressed with tables that people bring along.

use super::Visitor;

/// A table goes out, another comes in, is applied and taken back.
pub(super) async fn are_pressed(visitor: &mut Visitor<'_>) {
    visitor.press("/products/export", "/products/export", &[], Some("sheet.exported")).await;
    let table = [("text", "SKU;Título\nPRATO;Prato\n")];
    let read = visitor.press("/products/import", "/products/import", &table, Some("sheet.staged")).await;
    let path = read.location().to_owned();
    visitor.press("/products/import/{id}", &path, &[("do", "apply")], Some("sheet.agreed")).await;
    visitor.shop.run_until_idle().await;
    visitor.press("/products/import/{id}", &path, &[("do", "undo")], Some("sheet.undo_begun")).await;
    visitor.shop.run_until_idle().await;
}
