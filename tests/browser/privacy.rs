//! Personal data: a member decides that orders are found by their buyers, finds one by a
//! name, and has everybody forgotten.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use serde_json::json;
use tests::mailbox::code_in;

use crate::shop::EMAIL;

const ROWS: &str = "return document.querySelectorAll('tbody tr').length";

in_every_language! {
    /// ASVS 14.2.1.
    async fn an_order_is_found_by_its_buyer_and_the_buyer_forgotten(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let connection = owner.connected(CLASSIC_SELLER).await;
        let number = shop.sell(&shop.items("LUM-LUA-15")[0]);
        owner.rest().await;

        visitor.opens("/orders").await;
        visitor.presses("buyer-find").await;
        visitor.presses("buyer-find-off-link").await;
        visitor.is_headed(visitor.word("nav-privacy")).await;
        visitor.presses("buyer-search-on").await;
        visitor.reads("flash-buyer-search-on").await;
        visitor.opens(&format!("/connections/{connection}")).await;
        visitor.presses("sweep-now").await;
        owner.rest().await;

        let name = shop.buyer_of(&number);
        visitor.opens("/orders?kind=single").await;
        visitor.presses("buyer-find").await;
        visitor.fills("buyer-find-label", &name).await;
        visitor.presses("buyer-find-button").await;
        visitor.sees(&visitor.word("orders-of-buyers.one").replace("{n}", "1")).await;
        visitor.sees(&number).await;
        let address = visitor.script("return location.href", &json!([])).await;
        let address = address.as_str().unwrap_or_default().to_lowercase();
        let told = name.to_lowercase().split(' ').any(|word| address.contains(word));
        assert!(address.contains("kind=single") && !told, "no name stands in an address: {address}");

        visitor.presses("buyer-find").await;
        visitor.fills("buyer-find-label", "Zuleica Inexistente").await;
        visitor.presses("buyer-find-button").await;
        visitor.reads("flash-buyer-nobody").await;
        visitor.sees(&number).await;

        visitor.opens("/privacy").await;
        visitor.sees(&visitor.word("count-buyers.one").replace("{n}", "1")).await;
        visitor.presses("buyer-search-off").await;
        visitor.reads("flash-buyer-search-off").await;
        visitor.reads("buyer-search-is-off").await;
    }
}

in_one_language! {
    async fn a_text_that_nobody_can_be_called_says_what_to_type(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        visitor.opens("/privacy").await;
        visitor.presses("buyer-search-on").await;
        visitor.opens("/orders").await;
        let before = visitor.script(ROWS, &json!([])).await;
        visitor.presses("buyer-find").await;
        visitor.fills("buyer-find-label", "123").await;
        visitor.presses("buyer-find-button").await;
        visitor.reads("flash-buyer-unreadable").await;
        assert_eq!(visitor.script(ROWS, &json!([])).await, before, "the list is as it was");
    }
}

in_every_language! {
    async fn a_person_gets_a_code_by_mail_and_reads_what_is_on_file(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        visitor.forgets_the_session().await;
        visitor.opens("/your-data").await;
        visitor.is_headed(visitor.word("centre-title")).await;
        visitor.fills("centre-email", EMAIL).await;
        visitor.presses("centre-email-button").await;
        visitor.is_headed(visitor.word("centre-code-title")).await;
        owner.rest().await;
        let mails = shop.mailbox.catcher.mails();
        assert_eq!(mails[0].subject, visitor.word("mail-code-subject"));
        visitor.fills("centre-code", &code_in(&mails[0].text)).await;
        visitor.presses("centre-code-button").await;
        visitor.is_headed(visitor.word("centre-yours-title")).await;
        visitor.presses("centre-copy-read").await;
        visitor.is_headed(visitor.word("centre-copy-page")).await;
        visitor.sees(EMAIL).await;
    }
}
