//! Goods on their way to every marketplace: one offer with two variants and a picture, from
//! the category for its title to the end of its listing, against the sandboxes in process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use channels::market::mercado_livre::Limits;
use connect::conformance::now;
use connect::outbound::Outbound;
use connect::{Account, Channel, ErrorKind, ListingSnapshot, PictureUse, Publishing, Standing, Submission};
use domain::attribute::{Need, Rules, Value};
use domain::offer::{
    Attribute, Axis, Brand, Change, Choice, Condition, Field, Offer, Package, Reason, Variant,
};
use domain::picture::Picture;
use domain::{ChannelKind, Clock, Currency, ListingState, ManualClock, Money, Timestamp};
use sandbox::mercado_livre::seed::FAMILY_SELLER;
use sandbox::{Fault, FaultRule, ShiftedClock};
use tests::marketplace::Marketplaces;
use tests::shop::PUBLIC_URL;
use tests::{Market, Marketplace, marketplace};

/// 2026-11-10T13:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_794_315_600_000);
const TITLE: &str = "Garrafa Térmica Inox 500 ml";
const DESCRIPTION: &str = "Mantém quente por oito horas.\nTampa de pressão, corpo de aço.";
/// Mercado Livre locks a listing for some seconds after closing it; an audit of TikTok Shop
/// takes a minute.
const A_WHILE: Duration = Duration::from_mins(2);
const SECOND: Duration = Duration::from_secs(1);
/// A seller at one marketplace.
struct Stall {
    kind: ChannelKind,
    channel: Arc<dyn Channel>,
    account: Account,
    clock: Arc<ManualClock>,
    markets: Marketplaces,
}

/// The three marketplaces, and a seller at this one.
fn stall(kind: ChannelKind) -> Stall {
    opened(kind, |markets, url| markets.at(kind).approve(url))
}

fn opened(kind: ChannelKind, approve: impl FnOnce(&Marketplaces, &str) -> BTreeMap<String, String>) -> Stall {
    let clock = Arc::new(ManualClock::at(START));
    let first = Market::new(7, clock.clone(), &marketplace::redirect(ChannelKind::MercadoLivre));
    let shifted = ShiftedClock::new(clock.clone());
    let markets = Marketplaces::one(first, Limits::default()).and_two_more(7, shifted, PUBLIC_URL);
    let outbound = Arc::new(Outbound::new(Arc::new(markets.clone()), clock.clone()));
    let channel = Arc::clone(&markets.channels(&outbound)[&kind]);
    let account = now(marketplace::consent(channel.as_ref(), |url| approve(&markets, url)));
    Stall { kind, channel, account, clock, markets }
}

/// A picture of 800 pixels on each side.
fn picture() -> Picture {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x03\x20\x08\0\0\0\0";
    Picture::read(head.to_vec()).expect("a picture")
}

impl Stall {
    fn market(&self) -> &dyn Marketplace {
        self.markets.at(self.kind)
    }

    fn publishing(&self) -> &dyn Publishing {
        self.channel.publishing().expect("all three publish")
    }

    /// The category that the platform proposes, with what it asks.
    fn rules(&self) -> Rules {
        let tree = self.channel.categories().expect("all three have categories");
        let proposed = now(tree.predict(&self.account, TITLE)).expect("a proposal");
        let category = &proposed.first().expect("bottles are known").external_id;
        let path = now(tree.path(&self.account, category)).expect("a path");
        assert_eq!(path.last().and_then(|last| last.takes_offers), Some(true), "{path:?}");
        let below = now(tree.children(&self.account, Some(&path[0].external_id))).expect("children");
        assert!(below.iter().any(|child| child.external_id == path[1].external_id), "{below:?}");
        let attributes = self.channel.attributes().expect("all three tell what they ask");
        now(attributes.rules(&self.account, category)).expect("rules")
    }

    /// The offer: what is required is told, and the variants differ in their colour.
    fn offer(&self, codes: [&str; 2]) -> Offer {
        let rules = self.rules();
        let pictures = self.channel.pictures().expect("all three take pictures");
        let uploaded = now(pictures.upload(&self.account, &picture(), PictureUse::Offer)).expect("a picture");
        let colour = rules.attributes.iter().find(|rule| rule.tells_variants && rule.name == "Cor");
        let id = colour.map(|rule| rule.id.clone());
        let option = |at: usize, name: &str| {
            let listed = colour.and_then(|rule| rule.listed.get(at));
            Choice {
                id: listed.map(|listed| listed.id.clone()),
                name: listed.map_or(name.to_owned(), |listed| listed.name.clone()),
            }
        };
        let variant = |(at, name): (usize, &str), code: &str| Variant {
            choices: vec![option(at, name)],
            seller_sku: code.to_owned(),
            gtin: None,
            price: Money::new(8_990, Currency::Brl),
            quantity_units: 5,
            picture: None,
        };
        let required = rules.attributes.iter().filter(|rule| {
            matches!(rule.need, Need::Required | Need::RequiredOfNew) && Some(&rule.id) != id.as_ref()
        });
        let told = required.map(|rule| {
            let listed = rule.listed.first().map(|listed| Value::Listed(listed.id.clone()));
            let value = listed.unwrap_or_else(|| Value::Text("Aço".to_owned()));
            Attribute { id: rule.id.clone(), values: vec![value] }
        });
        let offer = Offer {
            reference: "7d3c9a52-0b1e-4f68-9a3d-5c2e8f104b77".to_owned(),
            title: TITLE.to_owned(),
            description: DESCRIPTION.to_owned(),
            category: rules.category.clone(),
            condition: Condition::New,
            brand: (rules.brand == Need::Required)
                .then(|| Brand { id: Some("0".to_owned()), name: "NoBrand".to_owned() }),
            attributes: told.collect(),
            pictures: vec![uploaded],
            axes: vec![Axis { id, name: "Cor".to_owned() }],
            variants: vec![variant((0, "Preta"), codes[0]), variant((1, "Azul"), codes[1])],
            package: Some(Package { weight_grams: 420, length_mm: 260, width_mm: 90, height_mm: 90 }),
            fiscal: None,
            plan: None,
        };
        assert_eq!(offer.check(&rules), [], "the offer is good by {rules:?}");
        let attributes = self.channel.attributes().expect("all three tell what they ask");
        assert_eq!(now(attributes.owed(&self.account, &offer)).expect("an answer"), Vec::<String>::new());
        offer
    }

    fn create(&self, offer: &Offer, tried_since: Option<Timestamp>) -> Vec<String> {
        match now(self.publishing().create(&self.account, offer, tried_since)) {
            Ok(Submission::Taken { external_ids, .. }) => external_ids,
            other => panic!("{:?}: a good offer is not taken: {other:?}", self.kind),
        }
    }

    fn shown(&self, ids: &[String]) -> Vec<ListingSnapshot> {
        let fetch = |id: &String| now(self.channel.listings().fetch(&self.account, id)).expect("a listing");
        ids.iter().flat_map(fetch).collect()
    }

    /// All listings of the shop that carry one of these codes.
    fn carrying(&self, codes: [&str; 2]) -> Vec<ListingSnapshot> {
        let (mut cursor, mut all) = (None, Vec::new());
        loop {
            let page = now(self.channel.listings().page(&self.account, cursor.as_deref())).expect("a page");
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        all.retain(|shown| shown.seller_sku.as_deref().is_some_and(|code| codes.contains(&code)));
        all
    }

    /// Time goes by, and the platform does what it does by itself.
    fn wait(&self) {
        let end = self.clock.now().plus(A_WHILE);
        while self.clock.now() < end {
            self.clock.advance(SECOND * 10);
            let _ = self.market().due_hooks(self.clock.now());
        }
    }

    fn set_on_sale(&self, id: &str, on_sale: bool) -> Standing {
        now(self.publishing().set_on_sale(&self.account, id, on_sale)).expect("a new standing")
    }
}

/// From the offer to the end of its listing.
fn lives_and_ends(stall: &Stall) {
    let codes = ["GAR-P-500", "GAR-A-500"];
    let offer = stall.offer(codes);
    let ids = stall.create(&offer, None);
    stall.wait();
    let shown = stall.shown(&ids);
    let mut held: Vec<_> = shown.iter().filter_map(|it| it.seller_sku.as_deref()).collect();
    held.sort_unstable();
    assert_eq!(held, ["GAR-A-500", "GAR-P-500"], "{shown:?}");
    for listing in &shown {
        assert_eq!((listing.state, listing.quantity_units), (ListingState::Active, 5), "{listing:?}");
        assert_eq!(listing.price, Some(Money::new(8_990, Currency::Brl)), "{listing:?}");
        assert!(listing.title.starts_with(TITLE), "{listing:?}");
    }
    for id in &ids {
        let standing = now(stall.publishing().standing(&stall.account, id)).expect("a standing");
        assert_eq!(standing.state, ListingState::Active, "{standing:?}");
        assert!(standing.objections.is_empty(), "{standing:?}");
    }
    changes(stall, &ids);
    for id in &ids {
        let down = stall.set_on_sale(id, false);
        assert_eq!(down.state, ListingState::Paused, "{down:?}");
        stall.set_on_sale(id, true);
    }
    stall.wait();
    assert!(stall.shown(&ids).iter().all(|it| it.state == ListingState::Active), "they are on sale again");
    for id in &ids {
        let first = now(stall.publishing().delete(&stall.account, id));
        let is_locked = first.as_ref().is_err_and(|error| error.kind == ErrorKind::Conflict);
        assert!(first.is_ok() || is_locked, "{first:?}");
        stall.wait();
        now(stall.publishing().delete(&stall.account, id)).expect("an end, and once it has ended");
    }
    assert!(stall.shown(&ids).iter().all(|it| it.state == ListingState::Closed), "all have ended");
    assert_eq!(stall.markets.unmatched(), Vec::<String>::new(), "every address is one of the platform's");
}

/// Another title, and another price.
fn changes(stall: &Stall, ids: &[String]) {
    let title = "Garrafa Térmica Inox 500 ml com Alça";
    let change = Change { title: Some(title.to_owned()), ..Change::default() };
    for id in ids {
        let changed = now(stall.publishing().update(&stall.account, id, &change));
        assert!(matches!(changed, Ok(Submission::Taken { .. })), "{changed:?}");
    }
    stall.wait();
    let price = Money::new(9_490, Currency::Brl);
    let prices = stall.channel.prices().expect("all three write prices");
    for listing in stall.shown(ids) {
        assert!(listing.title.starts_with(title), "{listing:?}");
        let written = now(prices.write(&stall.account, &listing.key, price)).expect("another price");
        assert_eq!(written.price, Some(price));
    }
}

#[test]
fn an_offer_lives_and_ends_on_mercado_livre() {
    lives_and_ends(&stall(ChannelKind::MercadoLivre));
}

#[test]
fn an_offer_lives_and_ends_on_mercado_livre_as_user_products() {
    let family =
        |markets: &Marketplaces, url: &str| markets.mercado_livre().consent(url, FAMILY_SELLER, "approve");
    lives_and_ends(&opened(ChannelKind::MercadoLivre, family));
}

#[test]
fn an_offer_lives_and_ends_on_shopee() {
    lives_and_ends(&stall(ChannelKind::Shopee));
}

#[test]
fn an_offer_lives_and_ends_on_tiktok_shop() {
    lives_and_ends(&stall(ChannelKind::TikTokShop));
}

/// Where a listing is made.
const fn making(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::MercadoLivre => "/items",
        ChannelKind::Shopee => "/api/v2/product/add_item",
        ChannelKind::TikTokShop => "/product/202309/products",
    }
}

#[test]
fn a_creation_whose_answer_is_lost_is_found_and_not_doubled() {
    for kind in ChannelKind::ALL {
        let stall = stall(kind);
        let codes = ["GAR-P-750", "GAR-A-750"];
        let offer = stall.offer(codes);
        let began = stall.clock.now();
        stall.market().suffer(vec![FaultRule::new(making(kind), Fault::TimeoutAfterCommit { ms: 0 })]);
        let lost = now(stall.publishing().create(&stall.account, &offer, None)).expect_err("a lost answer");
        assert_eq!(lost.kind, ErrorKind::Unreachable, "{kind:?}: {lost}");
        stall.market().suffer(Vec::new());
        let ids = stall.create(&offer, Some(began));
        let again = stall.create(&offer, Some(began));
        assert_eq!(ids, again, "{kind:?}");
        stall.wait();
        let carrying = stall.carrying(codes);
        let keys: Vec<_> = carrying.iter().map(|shown| &shown.key).collect();
        assert_eq!(carrying.len(), 2, "{kind:?}: each variant once: {keys:?}");
        assert!(carrying.iter().all(|shown| ids.contains(&shown.key.external_id)), "{kind:?}: {keys:?}");
        let found = now(stall.publishing().find(&stall.account, &offer, began)).expect("what was made");
        assert_eq!(
            found.iter().map(|one| &one.external_id).collect::<Vec<_>>(),
            ids.iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn an_attribute_that_is_refused_is_named() {
    for kind in ChannelKind::ALL {
        let stall = stall(kind);
        let mut offer = stall.offer(["GAR-P-350", "GAR-A-350"]);
        let missing = offer.attributes.remove(0).id;
        let faults = offer.check(&stall.rules());
        assert_eq!(
            faults.first().map(|fault| &fault.field),
            Some(&Field::Attribute(missing.clone())),
            "{kind:?}"
        );
        let refused = now(stall.publishing().create(&stall.account, &offer, None)).expect("an answer");
        let Submission::Refused(objections) = refused else { panic!("{kind:?} takes it: {refused:?}") };
        let (field, reason) = (&objections[0].field, objections[0].reason);
        assert_eq!(reason, Reason::Missing, "{kind:?}: {objections:?}");
        assert!(
            matches!(field, Field::Attribute(_)) && !objections[0].said.is_empty(),
            "{kind:?}: {objections:?}"
        );
        // TikTok Shop names it by its name for people.
        let named = if kind == ChannelKind::TikTokShop { "Material".to_owned() } else { missing };
        assert_eq!(*field, Field::Attribute(named), "{kind:?}");
        assert!(stall.carrying(["GAR-P-350", "GAR-A-350"]).is_empty(), "{kind:?}: nothing was made");
    }
}
