//! What proposals are made of: listings that wait, and SKUs that are found for them.

use domain::catalogue::{Facts, Gtin, Product, Variant};
use domain::proposal::{Offered, best};
use domain::{Actor, ListingId, ListingState, ProductId, SkuId};

use crate::kit::House;
use crate::shop::{Shop, seen};

impl Shop<'_> {
    async fn titled(&self, code: &str, title: &str) -> SkuId {
        let (id, now, code, title) = (self.house.id(), self.house.now(), code.to_owned(), title.to_owned());
        self.write(move |shop| shop.create_sku(id, &code, &title, now)).await.id
    }

    async fn proposed_for(&self, title: &str, code: Option<&str>) -> Vec<String> {
        let (title, code) = (title.to_owned(), code.map(str::to_owned));
        self.read(move |shop| {
            let offered = Offered::read(&title, false, code.as_deref());
            let goods = shop.goods_for(&offered, &title)?;
            Ok(best(&offered, &goods).into_iter().map(|one| one.code).collect())
        })
        .await
    }

    async fn waiting(&self) -> Vec<ListingId> {
        let listings = self.read(|shop| shop.unlinked_page(None, 9)).await;
        listings.into_iter().map(|listing| listing.id).collect()
    }

    async fn product_of_one(&self, sku: SkuId, code: &str, title: &str) -> ProductId {
        let (id, now): (ProductId, _) = (self.house.id(), self.house.now());
        let variant =
            Variant { sku: Some(sku), options: Vec::new(), code: code.into(), facts: Facts::default() };
        let product = Product {
            title: title.into(),
            brand: String::new(),
            description: String::new(),
            tags: Vec::new(),
            axes: Vec::new(),
            variants: vec![variant],
        };
        self.write(move |shop| shop.insert_product(id, &product, &Actor::Unknown, now)).await;
        id
    }
}

on_both! {
    async fn what_says_nothing_finds_nothing(house: House) {
        let shop = Shop::open(&house).await;
        shop.titled("GAR-1", "Garrafa térmica inox").await;
        for (title, code) in [("", None), ("de da do", Some("--")), ("(%_')", Some("'; DROP TABLE sku")), ("x\u{0}y", None)] {
            assert!(shop.proposed_for(title, code).await.is_empty(), "{title}");
        }
    }

    async fn a_sku_is_found_by_bar_code_by_code_without_its_marks_and_by_words(house: House) {
        let shop = Shop::open(&house).await;
        let bottle = shop.titled("GAR-1L-INOX", "Garrafa térmica inox 1 litro").await;
        shop.titled("CAN-AZ", "Caneca esmaltada azul").await;
        assert_eq!(shop.proposed_for("Outra coisa", Some("gar1l inox")).await, ["GAR-1L-INOX"]);
        assert_eq!(shop.proposed_for("Garrafas termicas de 1 litro em inox", None).await, ["GAR-1L-INOX"]);
        assert!(shop.proposed_for("Caneca esmaltada vermelha", None).await.is_empty());
        let facts = Facts { gtin: Gtin::parse("7891234567895").ok(), ..Facts::default() };
        shop.write(move |shop| shop.keep_facts(bottle, &facts)).await;
        assert_eq!(shop.proposed_for("Qualquer", Some("7891234567895")).await, ["GAR-1L-INOX"]);
    }

    async fn what_was_put_away_is_not_proposed(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.titled("GAR-1", "Garrafa térmica inox").await;
        let product = shop.product_of_one(sku, "GAR-1", "Garrafa térmica inox").await;
        assert_eq!(shop.proposed_for("Garrafa térmica inox", Some("gar1")).await, ["GAR-1"]);
        let now = house.now();
        shop.write(move |shop| shop.archive_product(product, Some(now), &Actor::Unknown, now)).await;
        assert!(shop.proposed_for("Garrafa térmica inox", Some("gar1")).await.is_empty());
        assert_eq!(shop.read(move |shop| shop.goods(sku)).await, None);
    }

    async fn words_that_many_skus_have_hide_none_that_has_a_rarer_one(house: House) {
        const MANY: usize = 1_010;
        let shop = Shop::open(&house).await;
        let (first, now): (Vec<SkuId>, _) = ((0..MANY).map(|_| house.id()).collect(), house.now());
        shop.write(move |shop| {
            for (number, id) in first.into_iter().enumerate() {
                shop.create_sku(id, &format!("CAM{number:04}"), "Camiseta algodão lisa", now)?;
            }
            Ok(())
        }).await;
        shop.titled("DRAGAO", "Camiseta algodão estampa dragão").await;
        assert_eq!(shop.proposed_for("Camiseta algodão estampa dragão", None).await, ["DRAGAO"]);
        assert_eq!(shop.proposed_for("Camiseta algodão lisa", None).await.len(), 3, "of those that have all words");
    }

    async fn only_what_is_on_sale_without_a_sku_waits(house: House) {
        let shop = Shop::open(&house).await;
        let (connection, sku) = (shop.connection().await, shop.sku("CAN-1").await);
        let (one, two) = (shop.listing(connection, "1").await, shop.listing(connection, "2").await);
        let over = shop.listing(connection, "3").await;
        let now = house.now();
        shop.write(move |shop| shop.note_shown(over, 0, ListingState::Closed, "closed", now)).await;
        let mut both = [one, two];
        both.sort_unstable();
        assert_eq!(shop.waiting().await, both);
        assert_eq!(shop.read(|shop| shop.unlinked_count()).await, 2);
        assert_eq!(shop.read(move |shop| shop.unlinked_page(Some(both[0]), 9)).await.len(), 1);
        assert!(!shop.write(move |shop| shop.link_unlinked(over, sku)).await, "it is over");
        assert!(shop.write(move |shop| shop.link_unlinked(one, sku)).await);
        assert!(!shop.write(move |shop| shop.link_unlinked(one, sku)).await, "it has one");
        assert_eq!(shop.waiting().await, [two]);
        let again = (house.id(), seen("2"));
        shop.write(move |shop| shop.keep_listing(again.0, connection, &again.1, now)).await;
        assert_eq!(shop.waiting().await, [two], "it was seen again");
    }
}
