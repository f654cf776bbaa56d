//! What is pressed with tables that people bring along.

use super::Visitor;

/// SKUs but for those of products that were put away.
const NOT_PUT_AWAY: &str = "SELECT COUNT(*) FROM sku s LEFT JOIN product_variant v ON v.sku_id = s.id \
                            LEFT JOIN product p ON p.id = v.product_id WHERE p.archived_at IS NULL";

/// A table goes out, another comes in, is applied and taken back.
pub(super) async fn are_pressed(visitor: &mut Visitor<'_>) {
    let away = visitor.press("/products/export", "/products/export", &[], Some("sheet.exported")).await;
    comes_in_again(visitor, &away.text).await;
    let table = [("text", "SKU;Título\nPRATO;Prato\n")];
    let read = visitor.press("/products/import", "/products/import", &table, Some("sheet.staged")).await;
    let path = read.location().to_owned();
    visitor.press("/products/import/{id}", &path, &[("do", "apply")], Some("sheet.agreed")).await;
    visitor.shop.run_until_idle().await;
    visitor.press("/products/import/{id}", &path, &[("do", "undo")], Some("sheet.undo_begun")).await;
    visitor.shop.run_until_idle().await;
    let counted = [("on_hand-CAPA-SIL-RS", "9"), ("was-on_hand-CAPA-SIL-RS", "0")];
    visitor.press("/skus/edit", "/skus/edit", &counted, Some("sheet.agreed")).await;
    visitor.shop.run_until_idle().await;
}

/// What went out changes nothing when it comes in.
async fn comes_in_again(visitor: &Visitor<'_>, text: &str) {
    let shop = visitor.shop;
    let table = app::sheet::read(text.as_bytes()).expect("a table");
    let skus = shop.number(NOT_PUT_AWAY).await;
    assert_eq!(i64::try_from(table.rows.len()), Ok(skus), "every SKU that is not put away is in it");
    let staged = shop.app().stage_sheet(shop.organization, shop.member, "de volta.csv", table).await;
    let id = staged.expect("it is read");
    let counts = shop.see(move |tenant| tenant.sheet(id)).await.expect("the table is there").counts;
    assert_eq!((counts.creates, counts.changes, counts.refused), (0, 0, 0), "{text}");
}
