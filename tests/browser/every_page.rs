//! Every page, in every language, light and dark, on a phone and on a desk, and without
//! its script.

use std::collections::BTreeSet;

use sandbox::mercado_livre::seed::{CLASSIC_SELLER, FAMILY_SELLER};
use serde_json::{Value, json};
use web::Lang;

use crate::axe::Depth;
use crate::look::{Light, Screen};
use crate::shop::{Owned, Shop};
use crate::visitor::Visitor;

/// Where the links of a page lead that stay in the shop.
const OUR_LINKS: &str = "return [...document.links].filter((link) => link.origin === location.origin && !link.hash) \
                         .map((link) => link.pathname + link.search)";
/// The status that each address is answered with.
const STATUS_OF_EACH: &str = "return Promise.all(arguments[0].map( \
                              (link) => fetch(link).then((answer) => [link, answer.status])))";

/// Opens whatever is folded in the page.
const UNFOLD: &str = "for (const folded of document.querySelectorAll('main details')) folded.open = true";

/// A page: its name, its path, and the status it is answered with if that is no success.
struct Page {
    name: &'static str,
    path: String,
    refused: Option<u16>,
}

impl Page {
    fn at(name: &'static str, path: impl Into<String>) -> Self {
        Self { name, path: path.into(), refused: None }
    }
}

/// A shop in which every page has something to show, and its pages.
async fn furnished(shop: &Shop, owner: &Owned<'_>) -> Vec<Page> {
    // tidy: long because it is the list of all pages
    let shared = shop.items("CAN-INOX-500");
    let early = shop.sell(&shared[0]);
    let active = owner.connected(CLASSIC_SELLER).await;
    let looked_at = owner.authorized(FAMILY_SELLER).await;
    shop.sell(&shared[1]);
    shop.sell(&shop.items("RPG-DADOS-7")[0]);
    owner.rest().await;
    shop.refuses_changes(true);
    shop.sell(&shared[1]);
    owner.rest().await;
    let (order, sku) = (owner.order(&early).await, owner.sku("CAN-INOX-500").await);
    let (kit, part, take) = owner.has_a_kit_and_a_count().await;
    owner.saves_view("Um item, hoje", "ship=today&kind=single").await;
    let product = owner.has_a_product().await;
    let sheet = owner.brings_a_table().await;
    owner.has_pictures(product, 3).await;
    owner.unlinks("RPG-DADOS-7").await;
    owner.saves_view("Atrasados de vários itens", "ship=late&kind=mixed").await;
    vec![
        Page::at("problems", "/problems"),
        Page::at("orders", "/orders"),
        Page::at("orders-nothing-found", "/orders?text=nothing-like-this"),
        Page::at("orders-view", "/orders?ship=late&kind=mixed"),
        Page::at("order-views", "/orders/views"),
        Page::at("order", format!("/orders/{order}")),
        Page::at("returns", "/returns"),
        Page::at("return", format!("/orders/{order}/return")),
        Page::at("prices", "/prices"),
        Page::at("price-account", format!("/prices/{active}?sku=CAN-INOX-500&price=49,90")),
        Page::at("price-listings", format!("/prices/{active}/listings")),
        Page::at("products", "/products"),
        Page::at("products-nothing-found", "/products?text=nothing-like-this"),
        Page::at("product-new", "/products/new"),
        Page::at("product", format!("/products/{product}")),
        Page::at("sheets", "/products/import"),
        Page::at("sheet", sheet),
        Page::at("drafts", format!("/products/{product}/drafts")),
        Page::at("draft", format!("/products/{product}/drafts/{active}")),
        Page::at("publish", format!("/products/publish?product={product}")),
        Page::at("publish-result", format!("/products/publish?product={product}&to={active}")),
        Page::at("draft-category", format!("/products/{product}/drafts/{active}/category")),
        Page::at("skus", "/skus"),
        Page::at("sku-edit", "/skus/edit"),
        Page::at("sku", format!("/skus/{sku}")),
        Page::at("sku-then", format!("/skus/{sku}?at=2099-01-01T00:00")),
        Page::at("sku-before", format!("/skus/{sku}?at=2020-01-01T00:00")),
        Page::at("sku-replay", format!("/skus/{sku}/replay")),
        Page::at("sku-kit", format!("/skus/{kit}")),
        Page::at("sku-in-kit", format!("/skus/{part}")),
        Page::at("stock-takes", "/stock-takes"),
        Page::at("stock-take", take),
        Page::at("listings", "/listings"),
        Page::at("listings-unlinked", "/listings?show=unlinked"),
        Page::at("listing-proposals", "/listings/proposals"),
        Page::at("connections", "/connections"),
        Page::at("connection", format!("/connections/{active}")),
        Page::at("connection-looked-at", format!("/connections/{looked_at}")),
        Page::at("connect", "/connections/new"),
        Page::at("plan", format!("/connections/{looked_at}/plan")),
        Page::at("import", format!("/connections/{active}/import")),
        Page::at("differences", "/differences"),
        Page::at("money", "/money?period=90&by=sku"),
        Page::at("money-by-day", "/money?period=30"),
        Page::at("money-costs", "/money/costs"),
        Page::at("money-fees", "/money/fees"),
        Page::at("money-payouts", "/money/payouts"),
        Page::at("audit", "/audit"),
        Page::at("members", "/members"),
        Page::at("review", "/members/review"),
        Page::at("privacy", "/privacy"),
        Page::at("register", "/privacy/requests"),
        Page::at("leaving", "/privacy/leaving"),
        Page::at("your-data", "/your-data"),
        Page::at("backups", "/backups"),
        Page::at("keys", "/keys"),
        Page::at("desk", "/desk"),
        Page::at("security", "/security"),
        Page::at("api-keys", "/security/api-keys"),
        Page::at("recover", shop.recovery_path().await),
        Page::at("confirm", "/confirm?next=%2Fsecurity"),
        Page { name: "nowhere", path: "/nowhere".into(), refused: Some(404) },
    ]
}

/// From where pages are looked at, and how much. Words differ in length, not in colour: the
/// night is for the source language alone.
fn sides(lang: Lang) -> Vec<(Screen, Light, Depth)> {
    let mut sides =
        vec![(Screen::Desk, Light::Day, Depth::Everything), (Screen::Phone, Light::Day, Depth::Everything)];
    if lang == Lang::default() {
        sides.push((Screen::Phone, Light::Night, Depth::Colours));
        sides.push((Screen::Desk, Light::Night, Depth::Colours));
    }
    sides
}

/// Looks at the page that is shown from all sides; gives what is wrong with it.
async fn complaints(visitor: &Visitor, name: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (screen, light, depth) in sides(visitor.lang()) {
        visitor.looks(screen, light).await;
        let side = format!("{name}-{}-{screen:?}-{light:?}", visitor.lang().tag()).to_lowercase();
        visitor.pictures(&side).await;
        let out = visitor.sticks_out().await;
        if out > 0 {
            complaints.push(format!("{side}: sticks out by {out} pixels"));
        }
        complaints
            .extend(visitor.squeezed().await.into_iter().map(|text| format!("{side}: squeezed: {text}")));
        complaints.extend(visitor.findings(depth).await.into_iter().map(|found| format!("{side}: {found}")));
    }
    complaints
}

in_every_language! {
    async fn pages_are_accessible_fit_their_screen_and_leave_the_console_silent(visitor, shop) {
        let mut found = Vec::new();
        visitor.goes_to(&shop.setup_link().await).await;
        found.extend(complaints(visitor, "setup").await);
        let owner = shop.owned_by(visitor).await;
        visitor.opens("/orders").await;
        found.extend(complaints(visitor, "orders-no-connection").await);
        let pages = furnished(shop, &owner).await;
        for page in &pages {
            visitor.opens(&page.path).await;
            visitor.script(UNFOLD, &json!([])).await;
            found.extend(complaints(visitor, page.name).await);
            match page.refused {
                Some(status) => visitor.was_refused(status).await,
                None => found.extend(visitor.trouble().await.into_iter().map(|line| format!("{}: {line}", page.name))),
            }
        }
        visitor.looks(Screen::Desk, Light::Day).await;
        visitor.opens("/orders").await;
        visitor.opens_the_menu().await;
        found.extend(complaints(visitor, "menu").await);
        visitor.presses("keys-title").await;
        found.extend(complaints(visitor, "keys").await);
        visitor.forgets_the_session().await;
        visitor.opens("/sign-in").await;
        found.extend(complaints(visitor, "sign-in").await);
        assert!(found.is_empty(), "{} complaints:\n{}", found.len(), found.join("\n"));
    }
}

in_one_language! {
    async fn a_flaw_in_a_page_is_found(visitor, _shop) {
        visitor.opens("/sign-in").await;
        assert_eq!(visitor.findings(Depth::Everything).await, [] as [String; 0]);
        let flaw = "const main = document.querySelector('main'); \
                    main.innerHTML = '<img src=\"/static/none.png\"><p>Pouco contraste</p>'; \
                    main.querySelector('p').style.color = '#bbb'";
        visitor.script(flaw, &json!([])).await;
        let found = visitor.findings(Depth::Everything).await.join("\n");
        for rule in ["image-alt", "color-contrast", "page-has-heading-one"] {
            assert!(found.contains(rule), "{rule} is not in {found}");
        }
        visitor.was_refused(404).await;
    }

    async fn pages_can_be_read_without_their_script(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let pages = furnished(shop, &owner).await;
        visitor.allows_scripts(false).await;
        for page in pages.iter().filter(|page| page.refused.is_none()) {
            visitor.opens(&page.path).await;
            let read = visitor.script("return document.querySelector('main').innerText.trim().length > 40", &json!([])).await;
            assert_eq!(read, true, "{} says something", page.name);
        }
        visitor.opens("/orders").await;
        visitor.reads("live-off").await;
        visitor.presses("order-state-to_dispatch").await;
        visitor.arrives_at("/orders?state=to_dispatch").await;
        visitor.fills("filter-order-text", "nothing-like-this").await;
        visitor.presses("filter-button").await;
        visitor.reads("orders-none-match").await;
    }

    async fn every_link_leads_somewhere(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let mut links = BTreeSet::new();
        for page in furnished(shop, &owner).await {
            visitor.opens(&page.path).await;
            let found = visitor.script(OUR_LINKS, &json!([])).await;
            links.extend(found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        }
        visitor.opens("/orders").await;
        visitor.was_refused(404).await;
        let answers = visitor.script(STATUS_OF_EACH, &json!([links])).await;
        let lost: Vec<&Value> = answers.as_array().into_iter().flatten().filter(|answer| answer[1] != 200).collect();
        assert!(links.len() > 40 && lost.is_empty(), "{} links, lost: {lost:?}", links.len());
    }

    async fn another_language_is_chosen_on_every_page_and_stays(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        let pages = furnished(shop, &owner).await;
        let languages = Lang::ALL.into_iter().cycle().skip_while(|lang| *lang != visitor.lang()).skip(1);
        // Who has something to show first has no menu, nor has a page that anybody sees.
        let with_menu = pages.iter().filter(|page| page.refused.is_none() && !matches!(page.name, "confirm" | "recover" | "your-data"));
        for (page, next) in with_menu.zip(languages) {
            visitor.opens(&page.path).await;
            visitor.opens_the_menu().await;
            visitor.chooses_language(next).await;
            // The page stays where it is, so only its language tells that it came anew.
            visitor.is_spoken_to_in(next).await;
            visitor.arrives_at(&page.path).await;
        }
    }
}
