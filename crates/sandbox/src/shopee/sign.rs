//! Signatures (fact sheet §2 and §11): lower-case hexadecimal HMAC-SHA256 under the text of
//! the partner key.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

/// The signature of `base`.
pub(crate) fn signature(partner_key: &str, base: &str) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, partner_key.as_bytes()), base.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// True when `given` is, byte for byte, the signature of `base`.
pub(crate) fn is_signed(partner_key: &str, base: &str, given: &str) -> bool {
    verify_slices_are_equal(signature(partner_key, base).as_bytes(), given.as_bytes()).is_ok()
}

/// What a Public API signs.
pub(crate) fn public_base(partner_id: &str, path: &str, timestamp: &str) -> String {
    [partner_id, path, timestamp].concat()
}

/// What a Shop API signs.
pub(crate) fn shop_base(
    partner_id: &str,
    path: &str,
    timestamp: &str,
    access_token: &str,
    shop_id: &str,
) -> String {
    [partner_id, path, timestamp, access_token, shop_id].concat()
}

/// What stands in the `Authorization` header of a push.
pub(crate) fn push_signature(partner_key: &str, callback_url: &str, body: &str) -> String {
    signature(partner_key, &format!("{callback_url}|{body}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "shpk6d61726b65742d6f662d746573742d30303031";

    // The vectors come from `printf %s "$base" | openssl dgst -sha256 -hmac "$KEY"`.

    #[test]
    fn a_public_call_is_signed_over_partner_path_and_time() {
        let base = public_base("2011001", "/api/v2/auth/token/get", "1793000000");
        assert_eq!(base, "2011001/api/v2/auth/token/get1793000000");
        assert_eq!(signature(KEY, &base), "9ad3e983acc535ed86d4ace8d75b4d1c18305c0eabc9bc960398f91df3acc503");
    }

    #[test]
    fn a_shop_call_adds_token_and_shop() {
        let base =
            shop_base("2011001", "/api/v2/order/get_order_list", "1793000000", "6163636573732d31", "770011");
        assert_eq!(signature(KEY, &base), "63944b4fbe5a549931442f048eff86a0825ea0ad94f623cd906e0448c85129cb");
        assert!(is_signed(KEY, &base, "63944b4fbe5a549931442f048eff86a0825ea0ad94f623cd906e0448c85129cb"));
    }

    #[test]
    fn a_push_is_signed_over_address_and_body() {
        let body =
            "{\"code\":3,\"data\":{\"ordersn\":\"261101ABC\"},\"shop_id\":770011,\"timestamp\":1793000001}";
        let signed = push_signature(KEY, "https://shop.example/hooks/shopee", body);
        assert_eq!(signed, "4f20b8174d5f9ae930c436bb55380eb88f5af0a18e8c5f478184f2a103f9f47d");
    }

    #[test]
    fn capitals_and_other_orders_are_wrong() {
        let base = public_base("1", "/p", "2");
        assert!(!is_signed(KEY, &base, &signature(KEY, &base).to_uppercase()));
        assert!(!is_signed(KEY, &public_base("1", "2", "/p"), &signature(KEY, &base)));
        assert!(!is_signed(KEY, &base, ""));
    }
}
