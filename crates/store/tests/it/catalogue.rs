//! Products: kept whole, found by the beginnings of their words, and never half changed.

use std::time::Duration;

use domain::catalogue::{Axis, Facts, Gtin, Ncm, Origin, Product, Variant, search_ranges};
use domain::{Actor, Currency, Money, ProductId, SkuId};
use store::StoreError;
use store::catalogue::ProductFilter;
use store::pages::PAGE_ROWS;

use crate::kit::House;
use crate::shop::Shop;

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

fn variant(sku: SkuId, code: &str, options: &[&str]) -> Variant {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Variant { sku: Some(sku), options, code: code.into(), facts: Facts::default() }
}

fn product(title: &str, tags: &[&str], axes: Vec<Axis>, variants: Vec<Variant>) -> Product {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let (brand, description) = ("Casa Verde".into(), "Duas linhas,\numa delas longa.".into());
    Product { title: title.into(), brand, description, tags, axes, variants }
}

fn colours() -> Vec<Axis> {
    vec![Axis { name: "Cor".into(), options: vec!["Preta".into(), "Branca".into()] }]
}

fn facts() -> Facts {
    Facts {
        gtin: Gtin::parse("7891234567895").ok(),
        cost: Some(brl(1_250)),
        tax_basis_points: Some(1_800),
        weight_g: Some(350),
        length_mm: Some(125),
        width_mm: Some(90),
        height_mm: Some(100),
        ncm: Ncm::parse("73239300"),
        origin: Origin::parse("2"),
    }
}

impl Shop<'_> {
    async fn product(&self, what: &Product) -> ProductId {
        let (id, now, what) = (self.house.id(), self.house.now(), what.clone());
        self.write(move |shop| shop.insert_product(id, &what, &Actor::Unknown, now)).await;
        id
    }

    async fn rewrite(&self, id: ProductId, seen: i64, what: &Product) -> bool {
        let (now, what) = (self.house.now(), what.clone());
        self.write(move |shop| shop.update_product(id, seen, &what, &Actor::Unknown, now)).await
    }

    async fn titles(&self, text: &str, tag: &str, archived: bool) -> Vec<String> {
        let words = (!text.is_empty()).then(|| search_ranges(text));
        let filter = ProductFilter { words, tag: tag.into(), archived };
        let rows = self.read(move |shop| shop.product_page(None, &filter)).await;
        rows.into_iter().map(|row| row.title).collect()
    }
}

on_both! {
    async fn a_product_comes_back_as_it_was_kept(house: House) {
        let shop = Shop::open(&house).await;
        let (one, two) = (shop.stocked("CAN-P", 3).await, shop.stocked("CAN-B", -1).await);
        let variants = vec![variant(one, "CAN-P", &["Preta"]), variant(two, "CAN-B", &["Branca"])];
        let mut what = product("Caneca", &["cozinha", "Presente"], colours(), variants);
        let id = shop.product(&what).await;
        let now = house.now();
        shop.write(move |shop| {
            shop.keep_facts(one, &facts())?;
            shop.keep_cost(one, &facts(), &Actor::Unknown, now)
        }).await;
        what.variants[0].facts = facts();
        let held = shop.read(move |shop| shop.product(id)).await.expect("it is kept");
        assert_eq!((held.version, held.archived_at), (1, None));
        assert_eq!(held.product, what);
        let rows = shop.read(|shop| shop.product_page(None, &ProductFilter::default())).await;
        assert_eq!((rows[0].variants, rows[0].available_units), (2, 3), "what is oversold takes nothing from the others");
        assert_eq!(shop.read(move |shop| shop.product_of(two)).await, Some((id, "Caneca".into())));
        assert_eq!(shop.read(|shop| shop.product_tags()).await, ["cozinha", "presente"]);
    }

    async fn only_who_saw_the_last_version_changes_it_and_options_may_change_places(house: House) {
        let shop = Shop::open(&house).await;
        let (one, two) = (shop.sku("CAN-P").await, shop.sku("CAN-B").await);
        let both = |first: &str, second: &str| vec![variant(one, "CAN-P", &[first]), variant(two, "CAN-B", &[second])];
        let id = shop.product(&product("Caneca", &["velha"], colours(), both("Preta", "Branca"))).await;
        let swapped = product("Xícara", &["nova"], colours(), both("Branca", "Preta"));
        assert!(shop.rewrite(id, 1, &swapped).await);
        assert!(!shop.rewrite(id, 1, &product("Outra", &[], vec![], vec![])).await, "that version is gone");
        let held = shop.read(move |shop| shop.product(id)).await.expect("it is kept");
        assert_eq!((held.version, held.product), (2, swapped));
        assert_eq!(shop.titles("caneca", "", false).await, [] as [&str; 0]);
        assert_eq!(shop.titles("xicara", "nova", false).await, ["Xícara"]);
        assert_eq!(shop.titles("", "velha", false).await, [] as [&str; 0]);
    }

    async fn a_sku_is_one_variant_of_one_product(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.sku("CAN-P").await;
        shop.product(&product("Caneca", &[], vec![], vec![variant(sku, "CAN-P", &[])])).await;
        let (id, now) = (house.id(), house.now());
        let other = product("Outra", &[], vec![], vec![variant(sku, "CAN-P", &[])]);
        let kept = shop.data.write(move |shop| shop.insert_product(id, &other, &Actor::Unknown, now)).await;
        assert!(matches!(kept, Err(StoreError::Duplicate(_))), "{kept:?}");
        assert_eq!(shop.titles("", "", false).await, ["Caneca"], "nothing of the other one was kept");
        let owner = shop.read(|shop| shop.code_owner("CAN-P")).await.expect("it is there");
        assert_eq!((owner.sku, owner.product.is_some(), owner.tally.version), (sku, true, 0));
        assert_eq!(shop.read(|shop| shop.code_owner("can-p")).await, None, "codes are written one way");
    }

    async fn products_are_found_by_title_code_and_bar_code(house: House) {
        let shop = Shop::open(&house).await;
        let mut mug = variant(shop.sku("CAN-INOX-500").await, "CAN-INOX-500", &[]);
        mug.facts.gtin = Gtin::parse("7891234567895").ok();
        shop.product(&product("Caneca térmica de aço", &[], vec![], vec![mug])).await;
        let bowl = variant(shop.sku("TIG-20").await, "TIG-20", &[]);
        shop.product(&product("Tigela CANELADA", &[], vec![], vec![bowl])).await;
        for (text, found) in [
            ("caneca", &["Caneca térmica de aço"][..]),
            ("CANE", &["Tigela CANELADA", "Caneca térmica de aço"]),
            ("aco termica", &["Caneca térmica de aço"]),
            ("can-inox", &["Caneca térmica de aço"]),
            ("7891234567895", &["Caneca térmica de aço"]),
            ("7891", &["Caneca térmica de aço"]),
            ("tig-20", &["Tigela CANELADA"]),
            ("caneca tigela", &[]),
            ("anelada", &[]),
            ("%", &[]),
            ("'; DROP TABLE product; --", &[]),
        ] {
            assert_eq!(shop.titles(text, "", false).await, found, "{text}");
        }
    }

    async fn the_list_goes_on_page_by_page_and_shows_what_was_put_away_by_itself(house: House) {
        let shop = Shop::open(&house).await;
        let mut ids = Vec::new();
        for at in 0..=PAGE_ROWS {
            house.wait(Duration::from_millis(1));
            let code = format!("S{at}");
            let sku = shop.sku(&code).await;
            ids.push(shop.product(&product(&code, &[], vec![], vec![variant(sku, &code, &[])])).await);
        }
        let page = shop.read(|shop| shop.product_page(None, &ProductFilter::default())).await;
        assert_eq!((page.len(), page[0].id), (PAGE_ROWS as usize + 1, ids[PAGE_ROWS as usize]));
        let after = page[PAGE_ROWS as usize - 1].id;
        let rest = shop.read(move |shop| shop.product_page(Some(after), &ProductFilter::default())).await;
        assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[0]]);
        let (first, now) = (ids[0], house.now());
        assert!(shop.write(move |shop| shop.archive_product(first, Some(now), &Actor::Unknown, now)).await);
        assert!(!shop.write(move |shop| shop.archive_product(first, Some(now), &Actor::Unknown, now)).await, "it is away");
        assert_eq!(shop.titles("", "", true).await, ["S0"]);
        assert_eq!(shop.titles("s0", "", false).await, [] as [&str; 0]);
        assert!(!shop.rewrite(first, 1, &product("late", &[], vec![], vec![])).await, "that is a change, too");
        assert!(shop.write(move |shop| shop.archive_product(first, None, &Actor::Unknown, now)).await);
        assert_eq!(shop.titles("s0", "", false).await, ["S0"]);
    }

    async fn what_a_sku_cost_is_known_from_each_instant_on(house: House) {
        let shop = Shop::open(&house).await;
        let sku = shop.sku("CAN-P").await;
        let id = shop.product(&product("Caneca", &[], vec![], vec![variant(sku, "CAN-P", &[])])).await;
        for cost in [Some(brl(1_000)), Some(brl(1_100)), None] {
            let now = house.wait(Duration::from_hours(1));
            let facts = Facts { cost, tax_basis_points: Some(400), ..Facts::default() };
            shop.write(move |shop| shop.keep_cost(sku, &facts, &Actor::Unknown, now)).await;
        }
        let costs = shop.read(move |shop| shop.costs_of(id)).await;
        assert_eq!(costs.iter().map(|row| row.cost).collect::<Vec<_>>(), [None, Some(brl(1_100)), Some(brl(1_000))]);
        let now = shop.read(move |shop| shop.facts_of(sku)).await;
        assert_eq!((now.cost, now.tax_basis_points), (None, Some(400)));
    }

    async fn a_sku_that_nobody_counted_says_so(house: House) {
        let shop = Shop::open(&house).await;
        let (counted, fresh) = (shop.stocked("A", 0).await, shop.sku("B").await);
        assert_eq!(shop.read(move |shop| shop.sku_counted_at(counted)).await, Some(house.now()));
        assert_eq!(shop.read(move |shop| shop.sku_counted_at(fresh)).await, None);
    }
}
