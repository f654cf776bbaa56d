//! The signature of a call and of a webhook (fact sheet §3 and §15).

use aws_lc_rs::hmac;

/// Query fields that are never signed.
const UNSIGNED: [&str; 2] = ["sign", "access_token"];

/// What stands between the two secrets: path, sorted decoded query pairs, raw body.
/// A field that comes twice is signed twice, in the order it came.
fn content(path: &str, query: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<_> = query.iter().filter(|(name, _)| !UNSIGNED.contains(&name.as_str())).collect();
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let mut text = path.as_bytes().to_vec();
    for (name, value) in pairs {
        text.extend(name.as_bytes());
        text.extend(value.as_bytes());
    }
    text.extend(body);
    text
}

fn hex_hmac(secret: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, message).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The `sign` of a call, in lower-case hex. `body` is empty for a multipart upload.
#[must_use]
pub fn of_call(secret: &str, path: &str, query: &[(String, String)], body: &[u8]) -> String {
    let wrapped = [secret.as_bytes(), &content(path, query, body), secret.as_bytes()].concat();
    hex_hmac(secret, &wrapped)
}

/// The `Authorization` header of a webhook, in lower-case hex.
#[must_use]
pub fn of_webhook(secret: &str, app_key: &str, body: &[u8]) -> String {
    hex_hmac(secret, &[app_key.as_bytes(), body].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::form_pairs;

    /// The application of the fact sheet's worked examples.
    const SHEET: &str = "f00dfeedcafe0123456789abcdef0123456789ab";
    /// An application made up here. Its signatures were computed apart from this code, with
    /// `printf '%s' "$S$text$S" | openssl dgst -sha256 -hmac "$S"`.
    const OURS: &str = "9c1e5b7a0d2f4e6881a3c5e7f9b1d3f5a7c9e1b3";

    fn sign(secret: &str, path: &str, query: &str, body: &str) -> String {
        of_call(secret, path, &form_pairs(query), body.as_bytes())
    }

    #[test]
    fn the_worked_examples_of_the_fact_sheet_come_out() {
        let common = "app_key=6lojista01&timestamp=1767225600";
        let cipher = "app_key=6lojista01&timestamp=1767225600&shop_cipher=ROW_inventado0001";
        let cases = [
            (
                "/authorization/202309/shops",
                common.to_owned(),
                "",
                "9417a7ccbb8fa22736fbc90f81bdabbad4e854ab3380be2678c773aedcc2b358",
            ),
            (
                "/order/202309/orders/search",
                format!("{cipher}&page_size=20&sort_field=update_time&sort_order=ASC"),
                "{\"order_status\":\"AWAITING_SHIPMENT\",\"update_time_ge\":1767139200}",
                "ec87765f5720f94ed4e385e04ae1ed9866572944c5139e57d62bc6babbf0f6ba",
            ),
            (
                "/product/202309/images/upload",
                common.to_owned(),
                "",
                "5e7432811883202880010e9b36e2957b0a42a99c019b8e09635a1a8d266a2e93",
            ),
            (
                "/product/202309/brands",
                format!("{cipher}&brand_name=Caf%C3%A9%20%26%20Cia&page_size=10"),
                "",
                "8df8cef1593898b9f097d96f14d954d72fd2ec7ab83f7d47f6d822c0b2a4a115",
            ),
            (
                "/order/202507/orders",
                format!("{cipher}&ids=580000000000000001,580000000000000002"),
                "",
                "99af635887a89183795c53332493b3e9f411eb6b85089c342ae2289ae8f0946b",
            ),
        ];
        for (path, query, body, expected) in cases {
            assert_eq!(sign(SHEET, path, &query, body), expected, "{path}");
        }
    }

    #[test]
    fn signatures_agree_with_the_command_line() {
        let common = "app_key=6sandbox&timestamp=1794315600&shop_cipher=BRL_abc";
        assert_eq!(
            sign(
                OURS,
                "/product/202309/products/1729500000000000010/inventory/update",
                "app_key=6sandbox&timestamp=1794315600&shop_cipher=BRL_abc%2B%2F%3D&sign=ignored&access_token=ignored",
                "{\"skus\":[{\"id\":\"1\",\"inventory\":[{\"quantity\":3}]}]}"
            ),
            "555c71758ba6496edb66f29085efe99951d30a7acf5c011b73d1453f565a3379"
        );
        assert_eq!(
            sign(
                OURS,
                "/order/202309/orders/search",
                &format!("page_token=YWI%2B%2Fw%3D%3D&page_size=50&{common}"),
                ""
            ),
            "e141bf4798907f2477d8dfef2d324759c1367222d77072011d8871db149d996e"
        );
        assert_eq!(
            sign(
                OURS,
                "/fulfillment/202309/orders/split_attributes",
                &format!("order_ids=1&order_ids=2&{common}"),
                ""
            ),
            "b78edf023fc5e7f3f6ec769308f157fc2ed328058ca92e1492fc15be1eb7b14b"
        );
    }

    #[test]
    fn the_order_of_repeated_fields_counts() {
        let one = sign(OURS, "/x", "ids=1&ids=2", "");
        assert_ne!(one, sign(OURS, "/x", "ids=2&ids=1", ""));
    }

    #[test]
    fn a_webhook_is_signed_over_key_and_body() {
        let body = br#"{"type":1,"tts_notification_id":"7400000000000000001","shop_id":"7490000000000000001","timestamp":1767225601,"data":{"order_id":"580000000000000001","order_status":"AWAITING_SHIPMENT","is_on_hold_order":false,"update_time":1767225600}}"#;
        let expected = "46397e9bf344345d01e5f357f0388190ae82b6321baaf52d267df66daf26d23f";
        assert_eq!(of_webhook(SHEET, "6lojista01", body), expected);
        // printf '%s' '6sandbox{"type":1,"data":{"order_id":"1"}}' | openssl dgst -sha256 -hmac "$S"
        let ours = br#"{"type":1,"data":{"order_id":"1"}}"#;
        let expected = "0c229603de626b2c83e28bd3594008017c11cdcd221819f8b10f317e8076da65";
        assert_eq!(of_webhook(OURS, "6sandbox", ours), expected);
    }
}
