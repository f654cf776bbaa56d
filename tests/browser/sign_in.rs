//! A member's own sign-in: a passkey by a virtual authenticator, an app's codes, recovery
//! codes, and what is asked for again.

use serde_json::{Value, json};

use crate::shop::{EMAIL, PASSWORD};
use crate::visitor::Visitor;

/// What is said in code: a secret, or recovery codes.
const IN_CODE: &str = "return [...document.querySelectorAll('main code')].map((code) => code.textContent)";

/// Gives the browser a device that verifies its user by itself (Chrome `DevTools`, WebAuthn).
pub(crate) async fn carries_an_authenticator(visitor: &Visitor) {
    visitor.devtools("WebAuthn.enable", &json!({})).await;
    let device = json!({ "options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    }});
    visitor.devtools("WebAuthn.addVirtualAuthenticator", &device).await;
}

async fn in_code(visitor: &Visitor) -> Vec<String> {
    let found: Value = visitor.script(IN_CODE, &json!([])).await;
    found.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

async fn signs_in_with_the_password(visitor: &Visitor) {
    visitor.fills("field-email", EMAIL).await;
    visitor.fills("field-password", PASSWORD).await;
    visitor.presses("sign-in-button").await;
}

in_every_language! {
    async fn a_passkey_is_added_and_opens_the_shop_without_a_password(visitor, shop) {
        drop(shop.owned_by(visitor).await);
        carries_an_authenticator(visitor).await;
        visitor.opens("/security").await;
        visitor.fills("passkey-name", "celular da loja").await;
        visitor.presses("passkey-add").await;
        visitor.reads("codes-once").await;
        assert_eq!(in_code(visitor).await.len(), vault::recovery::CODES);
        visitor.presses("codes-kept").await;
        visitor.sees("celular da loja").await;
        visitor.sees(visitor.word("security-notice-passkey-added")).await;
        visitor.presses("notices-read").await;
        visitor.nothing_went_wrong().await;

        visitor.forgets_the_session().await;
        // The browser offers its passkey by itself, and its device says yes.
        visitor.opens("/sign-in").await;
        visitor.arrives_at("/orders").await;
        visitor.opens("/security").await;
        visitor.sees("celular da loja").await;
    }

    async fn an_apps_code_is_the_second_step_and_a_recovery_code_in_its_place(visitor, shop) {
        drop(shop.owned_by(visitor).await);
        visitor.opens("/security").await;
        visitor.presses("app-add").await;
        visitor.is_headed(visitor.word("app-title")).await;
        let secret = in_code(visitor).await.swap_remove(0);
        visitor.fills("app-code", "000000").await;
        visitor.presses("app-code-button").await;
        visitor.reads("app-code-wrong").await;
        visitor.was_refused(422).await;
        visitor.fills("app-code", &tests::authenticator::given(&secret).code(shop.now())).await;
        visitor.presses("app-code-button").await;
        visitor.reads("codes-once").await;
        let codes = in_code(visitor).await;

        visitor.forgets_the_session().await;
        visitor.opens("/skus").await;
        signs_in_with_the_password(visitor).await;
        visitor.is_headed(visitor.word("second-step-title")).await;
        visitor.fills("field-code", "123456").await;
        visitor.presses("second-step-button").await;
        visitor.reads("second-step-wrong").await;
        visitor.was_refused(401).await;
        visitor.fills("field-code", &codes[3]).await;
        visitor.presses("second-step-button").await;
        visitor.arrives_at("/skus").await;
        visitor.presses("security-notices-show").await;
        visitor.sees(visitor.word("security-notice-code-used")).await;
        visitor.sees(&visitor.word("codes-left.other").replace("{n}", "9")).await;
    }
}
