//! What people do with the sums of money: enter a cost of before, take a table out.

use super::{SHARED, Visitor};

/// Enters what a SKU cost, and takes the table of SKUs out.
pub(super) async fn is_pressed(visitor: &mut Visitor<'_>, sku: &str) {
    let past = [("sku", sku), ("cost", "12,50"), ("tax", "6"), ("from", "2026-01-02")];
    visitor.press("/money/costs", "/money/costs", &past, Some("sku.cost_set")).await;
    for wrong in [("cost", "1.234"), ("tax", "101"), ("from", "2099-01-01"), ("from", "ontem")] {
        let mut fields = past.to_vec();
        fields.retain(|(name, _)| *name != wrong.0);
        fields.push(wrong);
        let before = visitor.events(Some("sku.cost_set")).await;
        let path = "/money/costs";
        let body = super::form(&[&fields[..], &[("csrf", visitor.csrf.as_str())]].concat());
        let answer = super::ask(&visitor.router, http::Method::POST, path, &visitor.cookie, body).await;
        assert_eq!(answer.status, http::StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        for (_, value) in fields.iter().filter(|(name, _)| *name != "sku") {
            assert!(
                answer.text.contains(&format!("value=\"{value}\"")),
                "{wrong:?}: {value} stands where it was typed"
            );
        }
        assert_eq!(visitor.events(Some("sku.cost_set")).await, before, "{wrong:?} was not kept");
    }
    let table = [("by", "sku"), ("period", "90")];
    let file = visitor.press("/money/export", "/money/export", &table, Some("money.exported")).await;
    assert!(file.headers[http::header::CONTENT_TYPE] == "text/csv; charset=utf-8");
    assert!(file.text.contains(SHARED), "{}", file.text);
}
