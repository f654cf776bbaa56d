//! A product is made, with all its variants, and nothing that was typed is ever lost.

use web::i18n;

use crate::visitor::Visitor;

/// The label of a text with a number in it.
fn numbered(visitor: &Visitor, key: &str, number: &str) -> String {
    i18n::t(visitor.lang(), key, &[("n", number)])
}

/// Types a product in two colours and three sizes into the empty form.
async fn types_six_variants(visitor: &Visitor) {
    visitor.fills("product-field-title", "Caneca esmaltada").await;
    visitor.fills("product-field-tags", "cozinha, presente").await;
    for (number, name, options) in [("1", "Cor", "Preta, Branca"), ("2", "Tamanho", "P, M, G")] {
        visitor.fills_at("", &numbered(visitor, "product-axis", number), name).await;
        visitor.fills_at("", &numbered(visitor, "product-options", number), options).await;
    }
    visitor.fills("product-base", "CAN").await;
    visitor.presses("product-spread").await;
    visitor.sees("Branca · G").await;
}

in_every_language! {
    async fn a_product_with_six_variants_is_made_and_found_by_a_code(visitor, shop) {
        shop.owned_by(visitor).await;
        visitor.opens("/products").await;
        visitor.reads("products-none-yet").await;
        visitor.presses("product-new").await;
        types_six_variants(visitor).await;
        visitor.fills_at("Branca · G", visitor.word("product-cell-cost"), "12,50").await;
        visitor.fills_at("Branca · G", visitor.word("product-cell-gtin"), "7891234567895").await;
        visitor.presses("product-save").await;
        visitor.reads("flash-product-saved").await;
        visitor.arrives_at("/products/prd_").await;
        for code in ["CAN-PRETA-P", "CAN-PRETA-M", "CAN-PRETA-G", "CAN-BRANCA-P", "CAN-BRANCA-M", "CAN-BRANCA-G"] {
            visitor.sees(code).await;
        }
        visitor.opens("/products?text=78912345").await;
        visitor.presses_at("", "Caneca esmaltada").await;
        visitor.is_headed("Caneca esmaltada").await;
        visitor.presses_at("", "CAN-PRETA-P").await;
        visitor.sees("Caneca esmaltada · Preta · P").await;
    }
}

in_one_language! {
    async fn what_is_wrong_stands_beside_its_field_and_nothing_is_lost(visitor, shop) {
        shop.owned_by(visitor).await;
        visitor.allows_scripts(false).await;
        visitor.opens("/products/new").await;
        types_six_variants(visitor).await;
        visitor.fills_at("Preta · M", visitor.word("product-cell-cost"), "1.299").await;
        visitor.presses("product-save").await;
        visitor.sees("Pode ser 1299 ou 1,299").await;
        visitor.holds("product-field-title", "Caneca esmaltada").await;
        visitor.was_refused(422).await;
        visitor.fills_at("Preta · M", visitor.word("product-cell-cost"), "12,99").await;
        visitor.presses("product-save").await;
        visitor.reads("flash-product-saved").await;
        visitor.fills_at("Preta · M", visitor.word("product-cell-cost"), "1299").await;
        visitor.presses("product-save").await;
        visitor.reads("product-asks-title").await;
        visitor.sees("de R$ 12,99 para R$ 1.299,00").await;
        visitor.was_refused(422).await;
    }

    async fn a_table_is_pasted_looked_at_applied_and_taken_back_without_script(visitor, shop) {
        shop.owned_by(visitor).await;
        visitor.allows_scripts(false).await;
        visitor.opens("/products/import").await;
        visitor.presses("sheets-paste").await;
        visitor.fills("sheets-text", "SKU;Título;Estoque\nPRATO;Prato fundo;7\nCOPO;Copo;-1").await;
        visitor.presses("sheets-look").await;
        visitor.reads("sheet-nothing-yet").await;
        visitor.sees("Prato fundo").await;
        visitor.reads("sheet-trouble-negative").await;
        visitor.presses("sheet-apply").await;
        visitor.reads("sheet-open").await;
        visitor.was_refused(422).await;
        visitor.opens("/products").await;
        visitor.reads("products-none-yet").await;
    }

    async fn who_comes_late_sees_what_the_other_saved_beside_what_they_typed(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let product = owner.has_a_product().await;
        visitor.opens(&format!("/products/{product}")).await;
        visitor.fills("product-field-brand", "Minha marca").await;
        owner.renames(product, "Caneca da outra pessoa").await;
        visitor.presses("product-save").await;
        visitor.reads("product-stale-title").await;
        visitor.sees("Caneca da outra pessoa").await;
        visitor.holds("product-field-brand", "Minha marca").await;
        visitor.was_refused(409).await;
        visitor.presses("product-save").await;
        visitor.reads("flash-product-saved").await;
        visitor.holds("product-field-brand", "Minha marca").await;
    }
}
