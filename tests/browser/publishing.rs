//! A product on its way: made with six variants, photographed, drafted and published to every account
//! from its pages; then one is sold, and the other account follows.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use serde_json::json;
use web::i18n;

use crate::visitor::Visitor;

/// What the variants are found by.
pub(crate) const CODES: [&str; 6] =
    ["GAR-PRETO-P", "GAR-PRETO-M", "GAR-PRETO-G", "GAR-AZUL-P", "GAR-AZUL-M", "GAR-AZUL-G"];

/// The label of a text with a number in it.
fn numbered(visitor: &Visitor, key: &str, number: &str) -> String {
    i18n::t(visitor.lang(), key, &[("n", number)])
}

/// A picture as marketplaces take them: 800 pixels on each side.
fn photograph() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(800, 800, Rgb([30, 90, 80])));
    picture.write_to(&mut bytes, ImageFormat::Png).expect("it is written");
    bytes.into_inner()
}

/// Makes the product and gives its address.
pub(crate) async fn makes_it(visitor: &Visitor) -> String {
    visitor.opens("/products/new").await;
    visitor.fills("product-field-title", "Garrafa Térmica Inox 500 ml").await;
    visitor.fills("product-field-brand", "Casa Verde").await;
    visitor.fills("product-field-description", "Mantém quente por oito horas.").await;
    for (number, name, options) in [("1", "Cor", "Preto, Azul"), ("2", "Tamanho", "P, M, G")] {
        visitor.fills_at("", &numbered(visitor, "product-axis", number), name).await;
        visitor.fills_at("", &numbered(visitor, "product-options", number), options).await;
    }
    visitor.fills("product-base", "GAR").await;
    visitor.presses("product-common").await;
    for (cell, value) in [("weight", "420"), ("length", "10"), ("width", "8"), ("height", "24")] {
        visitor.fills(&format!("product-cell-{cell}"), value).await;
    }
    visitor.presses("product-spread").await;
    visitor.sees("Azul · G").await;
    visitor.presses("product-save").await;
    visitor.reads("flash-product-saved").await;
    let address = visitor.arrives_at("/products/prd_").await;
    address.find("/products/").map(|at| address[at..].to_owned()).expect("it is the product's")
}

/// Adds a picture to the product whose page is open.
pub(crate) async fn photographs_it(visitor: &Visitor) {
    let folder = tests::database::folder();
    let file = folder.path().join("frente.png");
    std::fs::write(&file, photograph()).expect("the file is written");
    visitor.fills("pictures-choose", &file.display().to_string()).await;
    visitor.presses("pictures-add").await;
    visitor.reads("flash-pictures-added").await;
}

/// Takes the category that the marketplace proposes for the open draft, and types its price.
pub(crate) async fn drafts_it(visitor: &Visitor) {
    visitor.reads("draft-no-category").await;
    visitor.presses("draft-choose-category").await;
    visitor.reads("draft-proposed").await;
    visitor.presses("draft-take-category").await;
    visitor.reads("flash-draft-category").await;
    visitor.fills("offer-field-price-all", "89,90").await;
    visitor.presses("draft-save").await;
    visitor.reads("flash-draft-saved").await;
}

in_every_language! {
    async fn a_product_is_published_to_every_account_and_what_one_sells_the_other_does_not_offer(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let accounts = [owner.connected(CLASSIC_SELLER).await, owner.connected(FAMILY_SELLER).await];
        let product = makes_it(visitor).await;
        photographs_it(visitor).await;
        for code in CODES {
            owner.counts(code, 7).await;
        }
        for account in accounts {
            visitor.opens(&format!("{product}/drafts/{account}")).await;
            drafts_it(visitor).await;
            visitor.reads("draft-complete").await;
            visitor.holds("offer-field-price-all", "89,90").await;
        }
        visitor.presses("draft-to-publish").await;
        visitor.reads("drafts-complete").await;
        visitor.presses("drafts-publish").await;
        visitor.reads("flash-publish-asked").await;
        owner.rest().await;
        visitor.opens(&format!("{product}/drafts")).await;
        visitor.reads("publication-taken").await;
        shop.sells("GAR-AZUL-M");
        owner.rest().await;
        assert_eq!(shop.offered("GAR-AZUL-M"), [6, 6], "both accounts show one less");
        assert_eq!(shop.offered("GAR-AZUL-P"), [7, 7]);
    }
}

in_every_language! {
    async fn what_is_ready_of_several_products_goes_out_and_the_table_follows_it_by_itself(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let account = owner.connected(CLASSIC_SELLER).await;
        let left_out = owner.has_a_product().await;
        let product = makes_it(visitor).await;
        let ready = product.trim_start_matches("/products/").to_owned();
        photographs_it(visitor).await;
        for code in CODES {
            owner.counts(code, 7).await;
        }
        visitor.opens(&format!("{product}/drafts/{account}/category")).await;
        visitor.presses("draft-take-category").await;
        visitor.reads("flash-draft-category").await;
        visitor.fills("offer-field-price-all", "89,90").await;
        visitor.presses("draft-save").await;
        visitor.reads("draft-complete").await;

        visitor.opens("/products").await;
        visitor.presses("publish-begin").await;
        visitor.reads("flash-no-product-picked").await;
        let tick = "return document.getElementById('pick-' + arguments[0]).click()";
        for product in [&ready, &left_out.to_string()] {
            visitor.script(tick, &json!([product])).await;
        }
        visitor.sees(&visitor.word("products-picked.other").replace("{n}", "2")).await;
        visitor.presses("publish-begin").await;
        visitor.reads("readiness-ready").await;
        visitor.reads("readiness-missing").await;
        visitor.presses("publish-press").await;
        visitor.reads("flash-publish-many-some").await;
        visitor.reads("readiness-missing").await;
        owner.rest().await;
        // Nobody reloads the page.
        visitor.reads("publication-taken").await;
        visitor.sees(&visitor.word("publish-count-published.one").replace("{n}", "1")).await;
        assert_eq!(shop.offered("GAR-AZUL-M"), [7]);
    }
}

in_one_language! {
    async fn what_is_missing_is_told_without_script_and_nothing_typed_is_lost(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let account = owner.connected(CLASSIC_SELLER).await;
        let product = owner.has_a_product().await;
        visitor.allows_scripts(false).await;
        visitor.opens(&format!("/products/{product}/drafts/{account}/category")).await;
        visitor.presses("draft-take-category").await;
        visitor.reads("flash-draft-category").await;
        visitor.fills("offer-field-title", &"x".repeat(200)).await;
        visitor.fills("offer-field-price-all", "1.234").await;
        visitor.presses("draft-save").await;
        visitor.reads("flash-draft-saved").await;
        visitor.reads("draft-snags").await;
        visitor.sees("escreva no máximo 60 caracteres.").await;
        visitor.sees("escreva um número, por exemplo 49,90.").await;
        visitor.holds("offer-field-price-all", "1.234").await;
    }
}

in_every_language! {
    async fn a_draft_saves_itself_and_what_somebody_else_saves_stops_it(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let account = owner.connected(CLASSIC_SELLER).await;
        let product = owner.has_a_product().await;
        let page = format!("/products/{product}/drafts/{account}");
        visitor.opens(&format!("{page}/category")).await;
        visitor.presses("draft-take-category").await;
        visitor.reads("flash-draft-category").await;
        visitor.fills("offer-field-title", "Caneca que se guarda").await;
        // Nothing is pressed: the part for buyers shows what was kept.
        visitor.sees("Caneca que se guarda").await;
        visitor.fills("offer-field-price-all", "caro").await;
        visitor.reads("mend-write_number").await;
        visitor.opens(&page).await;
        visitor.holds("offer-field-title", "Caneca que se guarda").await;
        visitor.holds("offer-field-price-all", "caro").await;

        owner.retitles_the_draft(product, account, "Caneca de outra pessoa").await;
        visitor.reads("draft-meanwhile").await;
        visitor.fills("offer-field-title", "Caneca minha").await;
        visitor.presses("draft-save").await;
        visitor.reads("draft-stale-title").await;
        visitor.was_refused(409).await;
        visitor.sees("Caneca de outra pessoa").await;
        visitor.holds("offer-field-title", "Caneca minha").await;
        visitor.presses("draft-save").await;
        visitor.reads("flash-draft-saved").await;
        visitor.holds("offer-field-title", "Caneca minha").await;
    }
}

in_one_language! {
    async fn how_it_comes_out_is_shown_without_script_and_without_saving(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let account = owner.connected(CLASSIC_SELLER).await;
        let product = owner.has_a_product().await;
        let page = format!("/products/{product}/drafts/{account}");
        visitor.allows_scripts(false).await;
        visitor.opens(&format!("{page}/category")).await;
        visitor.presses("draft-take-category").await;
        visitor.reads("flash-draft-category").await;
        visitor.fills("offer-field-description", "Só para ver.").await;
        visitor.presses("draft-show-preview").await;
        visitor.reads("draft-preview-unsaved").await;
        visitor.holds("offer-field-description", "Só para ver.").await;
        visitor.opens(&page).await;
        visitor.holds("offer-field-description", "").await;
    }
}
