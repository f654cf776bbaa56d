//! Signatures: HMAC-SHA-256 under the app's key, in lower-case hexadecimal.
//!
//! Verb, query and body of a call are not signed. What is: the app's number, the path, the
//! time and, for a call on behalf of a shop, its token and number, with nothing in between.

use connect::outbound::{Signer, Unsigned};
use domain::Grant;
use vault::hmac::HmacKey;

/// Where the signed part of a path begins, whatever stands before it in a configured
/// address.
const PATH_BEGINS: &str = "/api/v2/";

/// Signs calls of one app.
#[derive(Debug)]
pub(super) struct PartnerSigner {
    partner_id: String,
    key: HmacKey,
}

impl PartnerSigner {
    /// For the app `partner_id` with its key.
    pub(super) fn new(partner_id: &str, key: HmacKey) -> Self {
        Self { partner_id: partner_id.to_owned(), key }
    }

    /// The text that is signed for a call at `timestamp` (Unix seconds).
    fn base(&self, call: &Unsigned<'_>, timestamp: i64) -> String {
        let value = |name: &str| {
            let found = call.query.iter().find(|(given, _)| given == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let path = call.path.find(PATH_BEGINS).map_or(call.path, |at| &call.path[at..]);
        let (token, shop) = (value("access_token"), value("shop_id"));
        format!("{}{path}{timestamp}{token}{shop}", self.partner_id)
    }
}

impl Signer for PartnerSigner {
    fn sign(&self, call: &Unsigned<'_>, _grant: &Grant) -> Vec<(&'static str, String)> {
        let timestamp = call.at.as_millis().div_euclid(1_000);
        let sign = self.key.sign_hex(self.base(call, timestamp).as_bytes());
        vec![("timestamp", timestamp.to_string()), ("sign", sign)]
    }
}

/// Whether `sign` is the signature of a push: over the address that the console holds, byte
/// for byte, a bar and the raw body. Takes the same time wherever they differ.
pub(super) fn is_push_of(key: &HmacKey, url: &str, body: &[u8], sign: &str) -> bool {
    let mut signed = Vec::with_capacity(url.len() + 1 + body.len());
    signed.extend_from_slice(url.as_bytes());
    signed.push(b'|');
    signed.extend_from_slice(body);
    key.verify_hex(&signed, sign)
}

/// The worked examples of invented credentials, each computed a second time by another
/// implementation (Python's `hmac`).
#[cfg(test)]
mod unit {
    use domain::{Actor, Purpose, Restricted, Timestamp};

    use super::*;

    const KEY: &str = "4c6f6a697374615f696e76656e7465645f7061727465725f6b65795f30303031";
    const TOKEN: &str = "6c6f6a697374615f746f6b656e5f3031";

    fn signature(key: &str, path: &str, query: &[(&str, &str)], at_ms: i64) -> String {
        let key = HmacKey::of_text(&Restricted::new(key.to_owned()));
        let signer = PartnerSigner::new("2099001", key);
        let query: Vec<_> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let at = Timestamp::from_millis(at_ms);
        let grant = Grant::issue(Actor::system("test"), Purpose::CallChannel, at);
        let added = signer.sign(&Unsigned { path, query: &query, body: b"", at }, &grant);
        assert_eq!(added[0], ("timestamp", at_ms.div_euclid(1_000).to_string()));
        assert_eq!(added[1].0, "sign");
        added[1].1.clone()
    }

    const SHOP: [(&str, &str); 4] =
        [("partner_id", "2099001"), ("shop_id", "880012345"), ("page_size", "50"), ("access_token", TOKEN)];
    const ORDER_LIST: &str = "/api/v2/order/get_order_list";
    const ORDER_LIST_SIGN: &str = "681d83f217e06dcfb9d31a69d97c012568c55d106a4d0ae53aa1f153ab33caee";
    const AT_MS: i64 = 1_790_000_000_000;

    #[test]
    fn a_call_of_the_app_signs_number_path_and_time() {
        let expected = [
            ("/api/v2/auth/token/get", "e47cbe9535f76193fc40ee1802efbce55f0c9bc3adb457b4d28bc69873526f93"),
            ("/api/v2/shop/auth_partner", "279ca986706c38107274c9ab9e7c15eb4bb2f99f7fb47de5c7145ba09724a882"),
        ];
        for (path, sign) in expected {
            assert_eq!(signature(KEY, path, &[("partner_id", "2099001")], AT_MS), sign, "{path}");
        }
    }

    #[test]
    fn a_call_for_a_shop_signs_its_token_and_number_besides() {
        assert_eq!(signature(KEY, ORDER_LIST, &SHOP, AT_MS), ORDER_LIST_SIGN);
        let last_of_the_second = AT_MS + 999;
        assert_eq!(signature(KEY, ORDER_LIST, &SHOP, last_of_the_second), ORDER_LIST_SIGN);
    }

    #[test]
    fn a_path_in_front_of_the_api_is_not_signed() {
        let below = format!("/shopee{ORDER_LIST}");
        assert_eq!(signature(KEY, &below, &SHOP, AT_MS), ORDER_LIST_SIGN);
    }

    #[test]
    fn the_key_is_its_text_and_not_the_bytes_that_it_spells() {
        let decoded = "Lojista_invented_parter_key_0001";
        assert_ne!(signature(decoded, ORDER_LIST, &SHOP, AT_MS), ORDER_LIST_SIGN);
    }

    #[test]
    fn one_character_more_or_less_is_another_signature() {
        let other_shop = [SHOP[0], ("shop_id", "880012346"), SHOP[3]];
        let other_token = [SHOP[0], SHOP[1], ("access_token", "6c6f6a697374615f746f6b656e5f3032")];
        let others = [
            signature(KEY, "/api/v2/order/get_order_lisu", &SHOP, AT_MS),
            signature(KEY, ORDER_LIST, &SHOP, AT_MS + 1_000),
            signature(KEY, ORDER_LIST, &other_shop, AT_MS),
            signature(KEY, ORDER_LIST, &other_token, AT_MS),
            signature(&KEY.replace("30303031", "30303032"), ORDER_LIST, &SHOP, AT_MS),
        ];
        for other in others {
            assert_ne!(other, ORDER_LIST_SIGN);
        }
    }

    #[test]
    fn what_is_not_signed_may_change() {
        let other = [SHOP[0], SHOP[1], ("page_size", "100"), SHOP[3]];
        assert_eq!(signature(KEY, ORDER_LIST, &other, AT_MS), ORDER_LIST_SIGN);
    }

    const URL: &str = "https://lojista.example/webhooks/shopee";
    const PUSH: &str = r#"{"data":{"items":[],"ordersn":"260921ABCDEF01","status":"READY_TO_SHIP","completed_scenario":"","update_time":1790000000},"shop_id":880012345,"code":3,"timestamp":1790000001}"#;
    const PUSH_SIGN: &str = "567123699610a0282a215c8e765a4adf778df3171bf1f3ca9bbc2dd0b2f0b142";

    #[test]
    fn a_push_is_known_by_its_signature_over_address_and_bytes() {
        let key = HmacKey::new(KEY.as_bytes());
        assert!(is_push_of(&key, URL, PUSH.as_bytes(), PUSH_SIGN));
        for at in 0..PUSH.len() {
            let mut body = PUSH.as_bytes().to_vec();
            body[at] ^= 1;
            assert!(!is_push_of(&key, URL, &body, PUSH_SIGN), "byte {at}");
        }
        for at in 0..PUSH_SIGN.len() {
            let mut sign = PUSH_SIGN.as_bytes().to_vec();
            sign[at] = if sign[at] == b'0' { b'1' } else { b'0' };
            assert!(!is_push_of(&key, URL, PUSH.as_bytes(), &String::from_utf8(sign).unwrap()), "digit {at}");
        }
        for url in ["https://lojista.example/webhooks/shopee/", "http://lojista.example/webhooks/shopee", ""]
        {
            assert!(!is_push_of(&key, url, PUSH.as_bytes(), PUSH_SIGN), "{url}");
        }
        assert!(!is_push_of(&HmacKey::new(&KEY.as_bytes()[1..]), URL, PUSH.as_bytes(), PUSH_SIGN));
    }
}
