//! Drafts: kept as they were typed, read by each platform's rules, brought to the platforms once and
//! only once, and followed until they sell what is on the shelf.

use std::collections::BTreeMap;
use std::time::Duration;

use app::drafts::{DraftError, DraftWish, OpenDraft};
use app::publish::Answer;
use app::steps;
use domain::catalogue::{Agreed, Typed, TypedRow};
use domain::draft::{Draft, MAX_TITLE_CHARS, PublicationState, TooMuch, attribute_cell, price_cell};
use domain::offer::{Field, Mend};
use domain::{Actor, ChannelKind, ConnectionId, ListingState, PictureId, ProductId};
use http::Method;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use sandbox::{Fault, FaultRule, SaleRequest};
use store::drafts::HeldPublication;
use store::pictures::NewPicture;
use tests::{Marketplace, TestApp};

const CODES: [&str; 6] =
    ["GAR-PRETO-P", "GAR-PRETO-M", "GAR-PRETO-G", "GAR-AZUL-P", "GAR-AZUL-M", "GAR-AZUL-G"];
const UNITS: i64 = 7;
const MINUTE: Duration = Duration::from_mins(1);

/// A product in two colours and three sizes, counted and with a picture.
pub(crate) async fn product(shop: &TestApp) -> ProductId {
    product_of(shop, "GAR").await
}

/// The same under codes that begin otherwise.
pub(crate) async fn product_of(shop: &TestApp, codes: &str) -> ProductId {
    let mut typed = Typed {
        title: "Garrafa Térmica Inox 500 ml".into(),
        description: "Mantém quente por oito horas.\nTampa de pressão, corpo de aço.".into(),
        brand: "Casa Verde".into(),
        ..Typed::default()
    };
    for (axis, (name, options)) in typed.axes.iter_mut().zip([("Cor", "Preto, Azul"), ("Tamanho", "P, M, G")])
    {
        (axis.name, axis.options) = (name.into(), options.into());
    }
    typed.spread(codes).expect("six combinations");
    let cells = TypedRow {
        weight: "420".into(),
        length: "26".into(),
        width: "9".into(),
        height: "9".into(),
        ..TypedRow::default()
    };
    typed.fill(&cells);
    let wish = app::catalogue::Wish {
        of: None,
        product: typed.check().expect("nothing is wrong"),
        agreed: Agreed::default(),
    };
    let id = shop.app().save_product(shop.organization, shop.member, wish).await.expect("it is kept");
    for code in CODES.map(|code| code.replacen("GAR", codes, 1)) {
        let sku = shop.sku(&code).await.id;
        shop.app()
            .adjust(shop.organization, shop.member, sku, UNITS, 0, "contagem")
            .await
            .expect("it is counted");
    }
    illustrate(shop, id).await;
    id
}

/// A picture of 800 pixels on each side.
async fn illustrate(shop: &TestApp, product: ProductId) {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x03\x20\x08\0\0\0\0";
    let app = shop.app();
    let (id, now) = (PictureId::new(app.clock().now(), app.entropy()), app.clock().now());
    let new = NewPicture {
        id,
        product,
        sku: None,
        sha256: [7; 32],
        width_px: 800,
        height_px: 800,
        bytes: head.to_vec(),
        thumb: head.to_vec(),
    };
    let kept = app.organization(shop.organization);
    kept.write(move |tenant| tenant.add_picture(&new, &Actor::Unknown, now)).await.expect("it is kept");
}

async fn open(shop: &TestApp, product: ProductId, account: ConnectionId) -> OpenDraft {
    shop.app().open_draft(shop.organization, product, account).await.expect("it is there")
}

async fn save(
    shop: &TestApp,
    product: ProductId,
    account: ConnectionId,
    seen: i64,
    draft: Draft,
) -> Result<i64, DraftError> {
    let wish = DraftWish { product, connection: account, seen, draft };
    shop.app().save_draft(shop.organization, shop.member, wish).await
}

async fn choose(shop: &TestApp, product: ProductId, account: ConnectionId) -> Result<i64, DraftError> {
    let title = open(shop, product, account).await.draft.title;
    let shelf =
        shop.app().category_shelf(shop.organization, account, &title, None).await.expect("categories");
    let category = shelf.proposed.first().expect("bottles are known").external_id.clone();
    shop.app().choose_category(shop.organization, shop.member, product, account, &category).await
}

/// What stands in the way of a draft.
fn faults(open: &OpenDraft) -> BTreeMap<Field, Mend> {
    let asked = open.asked.as_ref().expect("the platform says").as_ref().expect("a category is chosen");
    let reading = open.stock.read(&open.draft, &open.product, asked);
    reading.faults.into_iter().map(|fault| (fault.field, fault.mend)).collect()
}

/// Fills in whatever the platform asks, as somebody does who reads what is missing.
pub(crate) async fn complete(shop: &TestApp, product: ProductId, account: ConnectionId) {
    choose(shop, product, account).await.expect("it is a leaf");
    let held = open(shop, product, account).await;
    let mut draft = held.draft.clone();
    draft.price = "89,90".into();
    let asked = held.asked.as_ref().expect("the platform says").clone().expect("a category is chosen");
    if let Some(brand) = asked.brands.first() {
        draft.brand.clone_from(&brand.name);
    }
    for field in faults(&held).into_keys() {
        let Field::Attribute(id) = field else { continue };
        let rule = asked.rules.attribute(&id).expect("the rules name it");
        let first = rule
            .listed
            .first()
            .map(|listed| if rule.widget().sends_ids() { listed.id.clone() } else { listed.name.clone() });
        draft.put(&attribute_cell(&id), vec![first.unwrap_or_else(|| "10".into())]);
    }
    save(shop, product, account, held.version, draft).await.expect("it is kept");
    let after = open(shop, product, account).await;
    assert_eq!(faults(&after), BTreeMap::new(), "{:?}", after.connection.channel);
}

async fn publish(shop: &TestApp, product: ProductId, accounts: &[ConnectionId]) -> Vec<Answer> {
    let answers = shop
        .app()
        .publish_product(shop.organization, shop.member, product, accounts)
        .await
        .expect("an answer");
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn publication(shop: &TestApp, product: ProductId, account: ConnectionId) -> HeldPublication {
    open(shop, product, account).await.publication.expect("somebody asked for it")
}

async fn state(shop: &TestApp, product: ProductId, account: ConnectionId) -> PublicationState {
    publication(shop, product, account).await.publication.state
}

/// What a marketplace shows of a variant.
fn shown_of(shop: &TestApp, market: &dyn Marketplace, code: &str) -> Vec<i64> {
    if market.kind() != ChannelKind::MercadoLivre {
        return market.shown(code);
    }
    let sandbox = shop.market().sandbox();
    let products: Vec<String> = sandbox.with_world(|world| {
        let ours = world.items.values().filter(|item| item.seller_id == CLASSIC_SELLER);
        let variations =
            ours.flat_map(|item| item.variations.iter().map(move |it| (item.sku_of(Some(it.id)), it)));
        let fits = variations.filter(|(sku, _)| *sku == Some(code));
        fits.map(|(_, it)| it.user_product_id.clone()).collect()
    });
    let stock = sandbox.snapshot().stock;
    let of = |product: &String| stock.iter().find(|it| it.user_product_id == *product).map(|it| it.quantity);
    products.iter().filter_map(of).collect()
}

/// What is on sale of each variant at a marketplace.
fn shown(shop: &TestApp, market: &dyn Marketplace) -> Vec<Vec<i64>> {
    CODES.iter().map(|code| shown_of(shop, market, code)).collect()
}

/// A buyer buys one.
fn sell(shop: &TestApp, market: &dyn Marketplace, code: &str) {
    if market.kind() == ChannelKind::MercadoLivre {
        shop.market().sandbox().sell(&SaleRequest::of_sku(code, 1)).expect("it is for sale");
    } else {
        market.sell_sku(code, 1);
    }
}

async fn connect_all(shop: &TestApp) -> Vec<(&dyn Marketplace, ConnectionId)> {
    let mut connected = Vec::new();
    for market in shop.marketplaces() {
        connected.push((market, shop.connect_to(market).await));
    }
    connected
}

/// Works, and lets time pass, until the program ends.
async fn works_until_it_ends(shop: &TestApp) {
    for _ in 0..100 {
        shop.settle().await;
        if shop.crash().has_ended() {
            return;
        }
        shop.wait(MINUTE);
    }
    panic!("it never comes to its step");
}

/// Where a listing is made.
const fn making(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::MercadoLivre => "/items",
        ChannelKind::Shopee => "/api/v2/product/add_item",
        ChannelKind::TikTokShop => "/product/202309/products",
    }
}

on_both! { three_markets:
    async fn a_product_is_published_everywhere_and_what_one_sells_the_others_do_not_offer(shop) {
        let connected = connect_all(&shop).await;
        let product = product(&shop).await;
        let accounts: Vec<ConnectionId> = connected.iter().map(|(_, id)| *id).collect();
        for account in &accounts {
            complete(&shop, product, *account).await;
        }
        assert_eq!(publish(&shop, product, &accounts).await, [Answer::Asked; 3]);
        assert_eq!(publish(&shop, product, &accounts).await, [Answer::UnderWay; 3]);
        shop.run_until_idle().await;
        for (market, account) in &connected {
            let held = publication(&shop, product, *account).await;
            assert_eq!(held.publication.state, PublicationState::Taken, "{:?}", market.kind());
            assert!(held.listings.iter().all(|made| made.state == Some(ListingState::Active) && made.is_linked), "{held:?}");
            assert_eq!(shown(&shop, *market), vec![vec![UNITS]; 6], "{:?}: each variant once", market.kind());
        }
        assert_eq!(publish(&shop, product, &accounts).await, [Answer::Published; 3]);
        for (number, (market, _)) in (1..).zip(&connected) {
            sell(&shop, *market, "GAR-AZUL-M");
            shop.run_until_idle().await;
            for (other, _) in &connected {
                assert_eq!(shown_of(&shop, *other, "GAR-AZUL-M"), [UNITS - number], "{:?} after {:?}", other.kind(), market.kind());
                assert_eq!(shown_of(&shop, *other, "GAR-AZUL-P"), [UNITS], "{:?}", other.kind());
            }
        }
        let handed_in = "SELECT COUNT(*) FROM audit_event WHERE action = 'draft.handed_in' AND phase = 'done'";
        assert_eq!(shop.number(handed_in).await, 3);
    }

    async fn an_answer_that_was_lost_publishes_nothing_twice(shop) {
        let connected = connect_all(&shop).await;
        let product = product(&shop).await;
        for (market, account) in &connected {
            complete(&shop, product, *account).await;
            market.suffer(vec![FaultRule::new(making(market.kind()), Fault::TimeoutAfterCommit { ms: 0 }).method(&Method::POST)]);
            assert_eq!(publish(&shop, product, &[*account]).await, [Answer::Asked]);
            shop.settle().await;
            let held = publication(&shop, product, *account).await;
            assert_eq!(held.publication.state, PublicationState::HandingIn, "{:?}", market.kind());
            assert!(held.publication.tried_since.is_some() && held.trouble.is_some(), "the page says that it is tried on");
            market.suffer(Vec::new());
            shop.run_until_idle().await;
            assert_eq!(state(&shop, product, *account).await, PublicationState::Taken, "{:?}", market.kind());
            assert_eq!(shown(&shop, *market), vec![vec![UNITS]; 6], "{:?}: each variant once", market.kind());
        }
    }

    async fn wherever_the_program_ends_it_goes_on_and_publishes_once(shop) {
        let connected = connect_all(&shop).await;
        let product = product(&shop).await;
        for (_, account) in &connected {
            complete(&shop, product, *account).await;
        }
        let accounts: Vec<ConnectionId> = connected.iter().map(|(_, id)| *id).collect();
        assert_eq!(publish(&shop, product, &accounts).await, [Answer::Asked; 3]);
        for (number, step) in steps::PUBLISHING.into_iter().enumerate() {
            shop.crash().at(step);
            works_until_it_ends(&shop).await;
            assert_eq!(shop.crash().ended_at(), Some(step));
            shop.wait(store::jobs::LEASE + MINUTE);
            shop.restart(&format!("node-{}", number + 2)).await;
        }
        shop.run_until_idle().await;
        for (market, account) in &connected {
            assert_eq!(state(&shop, product, *account).await, PublicationState::Taken, "{:?}", market.kind());
            assert_eq!(shown(&shop, *market), vec![vec![UNITS]; 6], "{:?}: each variant once", market.kind());
        }
    }
}

on_both! {
    async fn what_is_typed_is_kept_however_incomplete(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        let mut draft = open(&shop, product, account).await.draft;
        assert_eq!(draft.title, "Garrafa Térmica Inox 500 ml", "it begins with what the product tells");
        draft.title = "x".repeat(300);
        draft.price = "1.234".into();
        draft.put("attr-WHATEVER", vec!["a".into(), "b".into()]);
        assert_eq!(save(&shop, product, account, 0, draft.clone()).await.expect("it is kept"), 1);
        assert_eq!(open(&shop, product, account).await.draft, draft);
        assert_eq!(save(&shop, product, account, 0, draft.clone()).await.expect("nothing to do"), 1);
        let events = "SELECT COUNT(*) FROM audit_event WHERE action LIKE 'draft.%'";
        assert_eq!(shop.number(events).await, 1);
        draft.title = "x".repeat(MAX_TITLE_CHARS + 1);
        let refused = save(&shop, product, account, 1, draft).await;
        assert!(matches!(refused, Err(DraftError::TooMuch(TooMuch::Text { field: "title", .. }))), "{refused:?}");
    }

    /// ASVS 2.3.3.
    async fn who_looked_at_an_older_draft_is_shown_the_newer_one_and_changes_nothing(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        let seen = open(&shop, product, account).await.draft;
        save(&shop, product, account, 0, Draft { price: "10".into(), ..seen.clone() }).await.expect("the first is kept");
        let ours = Draft { price: "20".into(), ..seen };
        let refused = save(&shop, product, account, 0, ours.clone()).await;
        let Err(DraftError::Stale(now)) = refused else { panic!("it was overwritten: {refused:?}") };
        assert_eq!((now.version, now.draft.price.as_str()), (1, "10"));
        assert_eq!(open(&shop, product, account).await.draft.price, "10");
        save(&shop, product, account, now.version, ours).await.expect("who has seen it may");
        assert_eq!(open(&shop, product, account).await.draft.price, "20");
    }

    async fn a_category_that_has_others_below_it_is_not_taken(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        let shelf = shop.app().category_shelf(shop.organization, account, "", None).await.expect("the roots");
        let root = shelf.below.first().expect("a root").external_id.clone();
        for none in [root.as_str(), "MLB0", "nothing"] {
            let refused = shop.app().choose_category(shop.organization, shop.member, product, account, none).await;
            assert!(matches!(refused, Err(DraftError::NoLeaf)), "{none}: {refused:?}");
        }
        assert_eq!(open(&shop, product, account).await.version, 0);
    }

    async fn what_is_missing_is_named_before_anything_is_asked_of_the_platform(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        assert_eq!(publish(&shop, product, &[account]).await, [Answer::Faults(1)], "there is no category");
        choose(&shop, product, account).await.expect("it is a leaf");
        let held = open(&shop, product, account).await;
        assert_eq!(faults(&held).get(&Field::Price(0)), Some(&Mend::Fill));
        complete(&shop, product, account).await;
        let held = open(&shop, product, account).await;
        let mut zero = held.draft.clone();
        zero.put(&price_cell(shop.sku(CODES[2]).await.id), vec!["0".into()]);
        save(&shop, product, account, held.version, zero).await.expect("it is kept all the same");
        let held = open(&shop, product, account).await;
        assert!(matches!(faults(&held).get(&Field::Price(2)), Some(Mend::Raise(_))), "{:?}", faults(&held));
        assert_eq!(publish(&shop, product, &[account]).await, [Answer::Faults(1)]);
        assert_eq!(shop.market().count(&Method::POST, "/items"), 0);
    }

    async fn a_platform_that_is_down_is_tried_again_and_the_page_says_so(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        complete(&shop, product, account).await;
        let down = FaultRule::new("/pictures", Fault::Status { status: 503 });
        shop.market().storm(vec![down]);
        assert_eq!(publish(&shop, product, &[account]).await, [Answer::Asked]);
        shop.settle().await;
        let held = publication(&shop, product, account).await;
        assert!(held.publication.state.is_under_way() && held.trouble.is_some(), "{held:?}");
        shop.market().storm(Vec::new());
        shop.run_until_idle().await;
        let held = publication(&shop, product, account).await;
        assert_eq!((held.publication.state, held.trouble), (PublicationState::Taken, None));
    }

    async fn an_account_that_left_meanwhile_publishes_nothing(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        complete(&shop, product, account).await;
        assert_eq!(publish(&shop, product, &[account]).await, [Answer::Asked]);
        shop.app().disconnect(shop.organization, shop.member, account).await.expect("it leaves");
        shop.run_until_idle().await;
        shop.leaves_dead_letters();
        assert_eq!(shop.market().count(&Method::POST, "/items"), 0);
        assert_eq!(publish(&shop, product, &[account]).await, [Answer::NotRunning]);
    }

    async fn a_picture_is_uploaded_once_for_each_account(shop) {
        let account = shop.connect_classic().await;
        let product = product(&shop).await;
        complete(&shop, product, account).await;
        let refusing = FaultRule::new("/items", Fault::Status { status: 503 }).method(&Method::POST);
        shop.market().storm(vec![refusing]);
        publish(&shop, product, &[account]).await;
        shop.settle().await;
        shop.market().storm(Vec::new());
        shop.run_until_idle().await;
        assert_eq!(state(&shop, product, account).await, PublicationState::Taken);
        assert_eq!(shop.market().count(&Method::POST, "/pictures"), 1);
    }
}
