//! Products: kept whole or not at all, asked about where something looks like a slip, and of no
//! harm to the stock and listings of SKUs that are there.

use app::AppError;
use app::catalogue::{ProductError, Wish};
use domain::catalogue::{Agreed, MAX_VARIANTS, Product, Question, Typed, TypedRow};
use domain::{Currency, Money, ProductId};
use http::Method;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::catalogue::HeldProduct;
use tests::TestApp;

const SHARED: &str = "CAN-INOX-500";
const ALL: Agreed = Agreed { cost: true, adopt: true, drop: true };
/// Everything that a product can leave behind.
const TRACES: &str = "SELECT (SELECT COUNT(*) FROM product) + (SELECT COUNT(*) FROM product_variant) \
    + (SELECT COUNT(*) FROM product_word) + (SELECT COUNT(*) FROM sku) + (SELECT COUNT(*) FROM sku_fact) \
    + (SELECT COUNT(*) FROM sku_cost)";

/// A product in two colours and three sizes, as somebody types it.
fn six() -> Typed {
    let mut typed = Typed { title: "Caneca esmaltada".into(), tags: "cozinha".into(), ..Typed::default() };
    for (axis, (name, options)) in
        typed.axes.iter_mut().zip([("Cor", "Preta, Branca"), ("Tamanho", "P, M, G")])
    {
        (axis.name, axis.options) = (name.into(), options.into());
    }
    typed.spread("CAN").expect("six combinations");
    typed.fill(&TypedRow { cost: "12,50".into(), weight: "350".into(), ..TypedRow::default() });
    typed
}

fn checked(typed: &Typed) -> Product {
    typed.check().expect("nothing is wrong")
}

/// One variant with this code.
fn single(title: &str, code: &str) -> Product {
    let row = TypedRow { code: code.into(), ..TypedRow::default() };
    checked(&Typed { title: title.into(), rows: vec![row], ..Typed::default() })
}

fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

async fn save(
    shop: &TestApp,
    of: Option<(ProductId, i64)>,
    product: Product,
    agreed: Agreed,
) -> Result<ProductId, ProductError> {
    shop.app().save_product(shop.organization, shop.member, Wish { of, product, agreed }).await
}

async fn made(shop: &TestApp, product: Product) -> ProductId {
    save(shop, None, product, Agreed::default()).await.expect("it is kept")
}

async fn held(shop: &TestApp, id: ProductId) -> HeldProduct {
    shop.see(move |tenant| tenant.product(id)).await.expect("the product is there")
}

/// What the log has of products and SKUs, by the alphabet.
async fn told(shop: &TestApp) -> Vec<String> {
    shop.texts("SELECT action FROM audit_event WHERE subject_kind IN ('product', 'sku') ORDER BY action")
        .await
}

fn asked(refused: Result<ProductId, ProductError>) -> Vec<Question> {
    match refused {
        Err(ProductError::Asks(questions)) => questions,
        other => panic!("nothing was asked: {other:?}"),
    }
}

on_both! {
    async fn six_variants_are_kept_with_their_skus_and_what_they_cost(shop) {
        let product = checked(&six());
        let id = made(&shop, product.clone()).await;
        let kept = held(&shop, id).await;
        assert!(kept.product.variants.iter().all(|variant| variant.sku.is_some()));
        let mut anew = kept.product.clone();
        anew.variants.iter_mut().for_each(|variant| variant.sku = None);
        assert_eq!(anew, product, "what was typed is what is kept");
        let sku = shop.sku("CAN-PRETA-P").await;
        assert_eq!((sku.title.as_str(), sku.tally.on_hand_units), ("Caneca esmaltada · Preta · P", 0));
        let mut expected = vec!["sku.cost_set"; 6];
        expected.insert(0, "product.created");
        assert_eq!(told(&shop).await, expected);
    }

    async fn saving_what_is_there_already_changes_nothing(shop) {
        let id = made(&shop, checked(&six())).await;
        let (before, events) = (held(&shop, id).await, told(&shop).await.len());
        let again = save(&shop, Some((id, before.version)), before.product.clone(), Agreed::default()).await;
        assert_eq!(again.expect("there is nothing to do"), id);
        assert_eq!((held(&shop, id).await, told(&shop).await.len()), (before, events));
    }

    async fn who_looked_at_an_older_version_is_shown_the_newer_one_and_changes_nothing(shop) {
        let id = made(&shop, checked(&six())).await;
        let seen = held(&shop, id).await;
        let theirs = Product { title: "Caneca azul".into(), ..seen.product.clone() };
        save(&shop, Some((id, seen.version)), theirs, Agreed::default()).await.expect("the first one is kept");
        shop.wait(std::time::Duration::from_secs(1));
        let ours = Product { brand: "Casa Verde".into(), ..seen.product.clone() };
        let refused = save(&shop, Some((id, seen.version)), ours.clone(), ALL).await;
        let Err(ProductError::Stale(now)) = refused else { panic!("it was overwritten: {refused:?}") };
        assert_eq!((now.product.title.as_str(), now.version), ("Caneca azul", seen.version + 1));
        assert_eq!(held(&shop, id).await.product.brand, "");
        save(&shop, Some((id, now.version)), ours, Agreed::default()).await.expect("who has seen it may");
        assert_eq!(shop.sku("CAN-PRETA-P").await.title, "Caneca esmaltada · Preta · P", "the SKU is called as its product");
    }

    /// ASVS 2.3.3.
    async fn a_code_of_another_product_is_refused_and_nothing_is_half_made(shop) {
        made(&shop, single("Balde", "CAN-BRANCA-G")).await;
        let before = shop.number(TRACES).await;
        let refused = save(&shop, None, checked(&six()), ALL).await;
        let Err(ProductError::Taken(codes)) = refused else { panic!("it was taken: {refused:?}") };
        assert_eq!(codes, ["CAN-BRANCA-G"]);
        assert_eq!(shop.number(TRACES).await, before);
    }

    async fn a_sku_that_is_there_is_asked_about_and_keeps_stock_and_listings(shop) {
        shop.connect_classic().await;
        let (before, items) = (shop.sku(SHARED).await, shop.market().items_of(CLASSIC_SELLER, SHARED));
        let shown: Vec<i64> = items.iter().map(|item| shop.market().shows(item)).collect();
        let traces = shop.number(TRACES).await;
        let asked = asked(save(&shop, None, single("Caneca", SHARED), Agreed::default()).await);
        assert!(matches!(&asked[..], [Question::Adopt(found)] if found.on_hand_units == before.tally.on_hand_units), "{asked:?}");
        assert_eq!(shop.number(TRACES).await, traces, "asking keeps nothing");
        let writes = shop.market().count(&Method::PUT, "/");
        let id = save(&shop, None, single("Caneca", SHARED), Agreed { adopt: true, ..Agreed::default() }).await;
        let kept = held(&shop, id.expect("it is agreed to")).await;
        let after = shop.sku(SHARED).await;
        assert_eq!((kept.product.variants[0].sku, after.tally), (Some(before.id), before.tally));
        assert_eq!(after.title, "Caneca");
        shop.run_until_idle().await;
        assert_eq!(items.iter().map(|item| shop.market().shows(item)).collect::<Vec<_>>(), shown);
        assert_eq!(shop.market().count(&Method::PUT, "/"), writes, "no listing had to be told anything");
    }

    async fn a_product_made_before_the_account_is_connected_takes_its_count_from_the_listings(shop) {
        made(&shop, single("Caneca", SHARED)).await;
        let items = shop.market().items_of(CLASSIC_SELLER, SHARED);
        let least = items.iter().map(|item| shop.market().shows(item)).min().expect("listings");
        assert!(least > 0);
        let id = shop.authorize(CLASSIC_SELLER).await.expect("the seller consents");
        let plan = shop.app().plan(shop.organization, id).await.expect("the account is readable");
        for row in plan.rows.iter().filter(|row| items.contains(&row.number)) {
            assert_eq!(row.will_show, least, "the dry run promises no zero: {row:?}");
        }
        shop.app().start_import(shop.organization, shop.member, id).await.expect("the import begins");
        shop.run_until_idle().await;
        for item in &items {
            assert_eq!(shop.market().shows(item), least, "{item} sells on");
        }
        assert_eq!(shop.sku(SHARED).await.tally.available_units(), least);
    }

    async fn what_a_person_counted_of_a_new_product_stands_when_the_account_is_connected(shop) {
        made(&shop, single("Caneca", SHARED)).await;
        let sku = shop.sku(SHARED).await.id;
        shop.app().adjust(shop.organization, shop.member, sku, 5, 0, "contagem").await.expect("a count");
        shop.wait(std::time::Duration::from_secs(1));
        shop.connect_classic().await;
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, 5);
        for item in shop.market().items_of(CLASSIC_SELLER, SHARED) {
            assert_eq!(shop.market().shows(&item), 5, "{item}");
        }
    }

    async fn a_cost_a_hundred_times_off_is_asked_about_and_its_past_stays_known(shop) {
        let id = made(&shop, checked(&six())).await;
        let seen = held(&shop, id).await;
        let mut dear = seen.product.clone();
        dear.variants[1].facts.cost = Some(brl(125_000));
        let asked = asked(save(&shop, Some((id, 1)), dear.clone(), Agreed::default()).await);
        let question = Question::Cost { code: "CAN-PRETA-M".into(), before: brl(1_250), after: brl(125_000) };
        assert_eq!(asked, [question]);
        assert_eq!(held(&shop, id).await, seen, "asking keeps nothing");
        shop.wait(std::time::Duration::from_secs(1));
        save(&shop, Some((id, 1)), dear, Agreed { cost: true, ..Agreed::default() }).await.expect("it is agreed to");
        let costs = shop.see(move |tenant| tenant.costs_of(id)).await;
        let of: Vec<_> = costs.iter().filter(|row| row.code == "CAN-PRETA-M").map(|row| row.cost).collect();
        assert_eq!((of, costs.len()), (vec![Some(brl(125_000)), Some(brl(1_250))], 7));
        let details = shop.texts("SELECT details FROM audit_event WHERE action = 'sku.cost_set' ORDER BY id DESC").await;
        assert!(details[0].contains("\"from_minor\":\"1250\"") && details[0].contains("\"to_minor\":\"125000\""), "{details:?}");
    }

    async fn a_variant_that_goes_is_asked_about_and_its_sku_stays_with_its_stock(shop) {
        let id = made(&shop, checked(&six())).await;
        let sku = shop.sku("CAN-BRANCA-G").await.id;
        shop.app().adjust(shop.organization, shop.member, sku, 4, 0, "contagem").await.expect("a count");
        let mut fewer = held(&shop, id).await.product;
        fewer.variants.pop();
        let asked = asked(save(&shop, Some((id, 1)), fewer.clone(), Agreed::default()).await);
        assert_eq!(asked, [Question::Drop { code: "CAN-BRANCA-G".into() }]);
        save(&shop, Some((id, 1)), fewer, Agreed { drop: true, ..Agreed::default() }).await.expect("it is agreed to");
        assert_eq!(shop.sku("CAN-BRANCA-G").await.tally.on_hand_units, 4);
        let again = save(&shop, None, single("Só a grande", "CAN-BRANCA-G"), ALL).await.expect("another product takes it");
        let facts = held(&shop, again).await.product.variants.remove(0).facts;
        assert_eq!((facts.cost, facts.weight_g), (Some(brl(1_250)), Some(350)), "what is known of it goes with it");
    }

    async fn a_sku_of_somebody_elses_product_is_not_found(shop) {
        let (mugs, bucket) = (made(&shop, checked(&six())).await, made(&shop, single("Balde", "BAL")).await);
        let mut forged = held(&shop, bucket).await.product;
        forged.variants[0].sku = held(&shop, mugs).await.product.variants[0].sku;
        let refused = save(&shop, Some((bucket, 1)), forged, ALL).await;
        assert!(matches!(refused, Err(ProductError::App(AppError::NotFound(_)))), "{refused:?}");
        let mut renamed = held(&shop, bucket).await.product;
        "STOLEN".clone_into(&mut renamed.variants[0].code);
        renamed.title = "Balde novo".into();
        save(&shop, Some((bucket, 1)), renamed, ALL).await.expect("the title changes");
        assert_eq!(held(&shop, bucket).await.product.variants[0].code, "BAL", "a code stays");
    }

    async fn two_who_take_the_same_code_at_once_get_one_product(shop) {
        let (one, two) = tokio::join!(
            save(&shop, None, single("Uma", "CAN-1"), ALL),
            save(&shop, None, single("Outra", "CAN-1"), ALL),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert_eq!(shop.number("SELECT COUNT(*) FROM product").await, 1);
    }

    async fn a_product_that_is_put_away_leaves_its_listings_alone(shop) {
        shop.connect_classic().await;
        let id = save(&shop, None, single("Caneca", SHARED), ALL).await.expect("it is kept");
        let writes = shop.market().count(&Method::PUT, "/");
        for away in [true, true, false] {
            shop.app().archive_product(shop.organization, shop.member, id, away).await.expect("it is there");
            shop.run_until_idle().await;
            assert_eq!(held(&shop, id).await.archived_at.is_some(), away);
        }
        assert_eq!(shop.market().count(&Method::PUT, "/"), writes);
        let events = told(&shop).await;
        assert_eq!(events[..3], ["product.archived", "product.created", "product.restored"], "twice is once");
        let none = shop.app().archive_product(shop.organization, shop.member, ProductId::new(shop.now(), &domain::SeededEntropy::new(9)), true).await;
        assert!(matches!(none, Err(AppError::NotFound("product"))), "{none:?}");
    }

    async fn as_many_variants_as_there_may_be_are_kept_at_once(shop) {
        let mut typed = six();
        for (axis, count) in typed.axes.iter_mut().zip([20, MAX_VARIANTS / 20]) {
            axis.options = (0..count).map(|at| format!("o{at}")).collect::<Vec<_>>().join(",");
        }
        typed.rows.clear();
        typed.spread("MANY").expect("just as many as there may be");
        let id = made(&shop, checked(&typed)).await;
        assert_eq!(held(&shop, id).await.product.variants.len(), MAX_VARIANTS);
    }
}
