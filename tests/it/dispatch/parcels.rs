//! Orders in several packages and several orders in one, and invoices that were wrong.

use std::time::Duration;

use connect::conformance::now;
use connect::{ChannelError, Combining, ErrorKind, Parcels, Split, Window};
use domain::dispatch::{DocumentKind, Due, Format, InvoiceState, PackageLine, PackageSnapshot, PackageState};
use domain::parcels::{SplitPlan, SplitReason, Splitting};
use domain::{ChannelKind, Clock, Timestamp};
use sandbox::mercado_livre::{sales as mercado_livre, seed};
use sandbox::shopee::sales as shopee;
use sandbox::tiktok_shop::sale as tiktok_shop;
use sandbox::{Fault, FaultRule};

use super::{Buyer, Counter, REMORSE, REVIEW, SKU, chosen, counter, nfe};

/// What is in a cart beside [`SKU`].
const OTHER_SKU: &str = "CAB-HDMI-2M";
const BUYER: &str = "7021000000000000001";
/// Mercado Livre makes new shipments by then.
const MADE: Duration = Duration::from_mins(15);

impl Counter {
    fn parcels(&self) -> &dyn Parcels {
        self.channel.parcels().expect("all three split")
    }

    /// A purchase of two goods that may be sent: one of its orders and the only package.
    fn sold_two_goods(&self) -> (String, PackageSnapshot) {
        let order = match self.kind {
            ChannelKind::MercadoLivre => {
                let line = |sku: &str| {
                    let market = self.markets.mercado_livre();
                    let items = market.items_of(seed::CLASSIC_SELLER, sku);
                    let item_id = items.into_iter().next();
                    mercado_livre::SaleLine { item_id, quantity: 1, ..mercado_livre::SaleLine::default() }
                };
                let cart = vec![line(SKU), line(OTHER_SKU)];
                let sale = mercado_livre::SaleRequest::of_cart(cart);
                let orders = self.markets.mercado_livre().sandbox().sell(&sale);
                orders.expect("the seller offers both")[0].to_string()
            }
            ChannelKind::Shopee => {
                let line =
                    |sku: &str| shopee::SaleLine { sku: Some(sku.into()), ..shopee::SaleLine::default() };
                let sale = shopee::SaleRequest {
                    shop_id: Some(sandbox::shopee::seed::COMPANY_SHOP),
                    cart: vec![line(SKU), line(OTHER_SKU)],
                    ..shopee::SaleRequest::default()
                };
                let (shopee, _) = self.markets.beside().expect("all three are open");
                shopee.sandbox().sell(&sale).expect("the shop sells both").swap_remove(0)
            }
            ChannelKind::TikTokShop => self.bought_at_tiktok_shop(&[SKU, OTHER_SKU], None),
        };
        self.wait(REMORSE);
        let [package] = self.packages_of(&order).try_into().expect("one package");
        (order, package)
    }

    /// A purchase at TikTok Shop, by anybody or by this buyer.
    fn bought_at_tiktok_shop(&self, skus: &[&str], buyer: Option<&str>) -> String {
        let line = |sku: &&str| tiktok_shop::SaleLine {
            sku: Some((*sku).into()),
            quantity: 1,
            ..tiktok_shop::SaleLine::default()
        };
        let sale = tiktok_shop::SaleRequest {
            shop_id: Some(self.market().seller()),
            cart: skus.iter().map(line).collect(),
            buyer_id: buyer.map(str::to_owned),
            ..tiktok_shop::SaleRequest::default()
        };
        let (_, tiktok_shop) = self.markets.beside().expect("all three are open");
        tiktok_shop.sandbox().sell(&sale).expect("the shop sells it")[0].to_string()
    }

    fn packages_of(&self, order: &str) -> Vec<PackageSnapshot> {
        now(self.packages().of_order(&self.account, order)).expect("its packages")
    }

    fn split(&self, order: &str, plan: &SplitPlan) -> Result<Split, ChannelError> {
        now(self.parcels().split(&self.account, order, plan))
    }

    /// Writes below `path`; the answer is lost, and the second try finds what the first did.
    fn once<T: std::fmt::Debug>(&self, path: &str, write: impl Fn() -> Result<T, ChannelError>) -> T {
        self.market().suffer(vec![FaultRule::new(path, Fault::TimeoutAfterCommit { ms: 0 })]);
        let lost = write().expect_err("the answer is lost");
        assert_eq!(lost.kind, ErrorKind::Unreachable, "{:?}: {lost}", self.kind);
        self.market().suffer(Vec::new());
        let found = write().expect("it was done");
        let heard = self.market().heard();
        let writes = heard.iter().filter(|call| call.method != "GET" && call.path.starts_with(path)).count();
        assert_eq!(writes, 1, "{:?}: {path} was asked for once", self.kind);
        found
    }

    /// The packages that came of a split: where the platform makes new orders, these are found
    /// by the sweep.
    fn made(&self, split: Split, sold_at: Timestamp) -> Vec<PackageSnapshot> {
        match split {
            Split::Standing(packages) => packages,
            Split::Coming => {
                self.wait(MADE);
                let window = Window { from: sold_at, to: self.clock.now() };
                let found = now(self.channel.orders().updated_in(&self.account, window, None));
                let orders = found.expect("a page of orders").items;
                let packages = orders.iter().flat_map(|order| self.packages_of(&order.external_id));
                packages.filter(|package| package.state != PackageState::Cancelled).collect()
            }
        }
    }

    /// Tells a package's invoice and says how it goes.
    fn send(&self, package: &PackageSnapshot, number: u32) -> PackageSnapshot {
        let (id, order) = (package.external_id.as_str(), package.orders[0].as_str());
        self.tell(id, &self.nfe(order, number));
        self.wait(REVIEW);
        let seen = self.seen(id);
        if seen.due() != Some(Due::Handover) {
            return seen;
        }
        let ways = now(self.packages().ways(&self.account, id)).expect("ways");
        now(self.packages().arrange(&self.account, id, &chosen(&ways))).expect("it is arranged")
    }
}

/// Each good in a parcel of its own.
fn apart(package: &PackageSnapshot) -> SplitPlan {
    let parcels = package.lines.iter().map(|line| vec![line.clone()]).collect();
    SplitPlan::new(&package.lines, parcels, SplitReason::Fragile).expect("two goods")
}

/// Where a package is split.
fn splitting(kind: ChannelKind, order: &str, package: &str) -> String {
    match kind {
        ChannelKind::MercadoLivre => format!("/shipments/{package}/split"),
        ChannelKind::Shopee => "/api/v2/order/split_order".to_owned(),
        ChannelKind::TikTokShop => format!("/fulfillment/202309/orders/{order}/split"),
    }
}

#[test]
fn two_goods_are_split_once_and_both_packages_leave() {
    for kind in ChannelKind::ALL {
        let counter = counter(kind);
        let sold_at = counter.clock.now();
        let (order, package) = counter.sold_two_goods();
        assert_eq!(package.lines.len(), 2, "{kind:?}: {package:?}");
        let can = now(counter.parcels().splitting(&counter.account, &order)).expect("an answer");
        assert!(matches!(can, Splitting::Possible { .. }), "{kind:?}: {can:?}");

        let plan = apart(&package);
        let path = splitting(kind, &order, &package.external_id);
        let split = counter.once(&path, || counter.split(&order, &plan));
        let can = now(counter.parcels().splitting(&counter.account, &order)).expect("an answer");
        assert_eq!(can, Splitting::Done, "{kind:?}");
        let packages = counter.made(split, sold_at);
        assert_eq!(packages.len(), 2, "{kind:?}: {packages:?}");
        let mut listings: Vec<&str> =
            packages.iter().flat_map(|it| &it.lines).map(|line| line.listing_external_id.as_str()).collect();
        let mut wanted: Vec<&str> =
            package.lines.iter().map(|line| line.listing_external_id.as_str()).collect();
        listings.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(listings, wanted, "{kind:?}: each good once");

        for (at, package) in (1..).zip(&packages) {
            // An order of Shopee has one invoice, whatever its packages.
            let number = if kind == ChannelKind::Shopee { 1 } else { at };
            let sent = counter.send(package, number);
            assert_eq!((sent.state, sent.due()), (PackageState::Arranged, Some(Due::Label)), "{kind:?}");
        }
        assert_eq!(counter.markets.unmatched(), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn a_plan_that_a_platform_does_not_follow_is_refused_before_it_is_asked() {
    for kind in ChannelKind::ALL {
        let counter = counter(kind);
        let (order, package) = counter.sold();
        // Two units of one good: only Mercado Livre sends them apart.
        let one = PackageLine { units: 1, ..package.lines[0].clone() };
        let plan = SplitPlan::new(&package.lines, vec![vec![one.clone()], vec![one]], SplitReason::Other);
        let plan = plan.expect("a unit for each parcel");
        let path = splitting(kind, &order, &package.external_id);
        let outcome = counter.split(&order, &plan);
        if kind == ChannelKind::MercadoLivre {
            assert_eq!(outcome.expect("it is done"), Split::Coming);
            assert_eq!(counter.posted(&path), 1);
            continue;
        }
        let error = outcome.expect_err("units of a SKU stay together");
        assert!(
            matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "plan_not_possible"),
            "{kind:?}: {error}"
        );
        assert_eq!(counter.posted(&path), 0, "{kind:?}");
    }
}

#[test]
fn a_split_of_shopee_is_taken_back_once() {
    let counter = counter(ChannelKind::Shopee);
    let (order, package) = counter.sold_two_goods();
    let split = counter.split(&order, &apart(&package)).expect("it is split");
    assert!(matches!(&split, Split::Standing(packages) if packages.len() == 2), "{split:?}");
    let reunion = counter.parcels().reunion().expect("Shopee takes it back");
    let whole =
        counter.once("/api/v2/order/unsplit_order", || now(reunion.unsplit(&counter.account, &order)));
    let goods = |of: &PackageSnapshot| {
        let mut lines = of.lines.clone();
        lines.sort_unstable();
        lines
    };
    assert_eq!(goods(&whole), goods(&package));
    assert_eq!(counter.send(&whole, 1).state, PackageState::Arranged);
}

fn combining(counter: &Counter) -> &dyn Combining {
    counter.parcels().combining().expect("TikTok Shop combines")
}

#[test]
fn orders_of_one_buyer_are_combined_once_and_taken_apart_once() {
    let counter = counter(ChannelKind::TikTokShop);
    let mut orders = [(); 2].map(|()| counter.bought_at_tiktok_shop(&[SKU], Some(BUYER)));
    counter.wait(REMORSE);
    orders.sort_unstable();
    let page = now(combining(&counter).combinable(&counter.account, None)).expect("a page");
    let group = page.items.iter().find(|group| group.orders == orders).expect("both can travel together");

    let combined = counter.once("/fulfillment/202309/packages/combine", || {
        now(combining(&counter).combine(&counter.account, group))
    });
    assert_eq!((&combined.orders[..], combined.lines.len()), (&orders[..], 2), "{combined:?}");
    let page = now(combining(&counter).combinable(&counter.account, None)).expect("a page");
    assert!(page.items.iter().all(|left| left.orders != orders), "{page:?}");

    let id = combined.external_id.as_str();
    let path = format!("/fulfillment/202309/packages/{id}/uncombine");
    let packages = counter.once(&path, || now(combining(&counter).take_apart(&counter.account, id, &orders)));
    assert_eq!(packages.len(), 2, "{packages:?}");
    for (number, package) in (1..).zip(&packages) {
        assert_eq!(counter.send(package, number).state, PackageState::Arranged, "{package:?}");
    }
    assert_eq!(counter.markets.unmatched(), Vec::<String>::new());
}

#[test]
fn a_combined_package_leaves_as_one() {
    let counter = counter(ChannelKind::TikTokShop);
    let orders = [(); 2].map(|()| counter.bought_at_tiktok_shop(&[SKU], Some(BUYER)));
    counter.wait(REMORSE);
    let page = now(combining(&counter).combinable(&counter.account, None)).expect("a page");
    let is_ours = |group: &&connect::Combinable| orders.iter().all(|order| group.orders.contains(order));
    let group = page.items.iter().find(is_ours).expect("both can travel together");
    let combined = now(combining(&counter).combine(&counter.account, group)).expect("they are combined");
    let sent = counter.send(&combined, 1);
    assert_eq!((sent.state, sent.orders.len()), (PackageState::Arranged, 2), "{sent:?}");
    let error = now(combining(&counter).take_apart(&counter.account, &sent.external_id, &orders));
    let error = error.expect_err("it is arranged");
    assert!(matches!(error.kind, ErrorKind::Refused { .. }), "{error}");
}

#[test]
fn a_wrong_invoice_of_mercado_livre_is_replaced_once() {
    let counter = counter(ChannelKind::MercadoLivre);
    let (order, package) = counter.sold();
    let id = package.external_id.as_str();
    let (wrong, right) = (counter.nfe(&order, 1), counter.nfe(&order, 2));
    let replacing = counter.invoices().replacing().expect("Mercado Livre takes another");
    let early = now(replacing.replace(&counter.account, id, &right)).expect_err("there is none");
    assert!(matches!(&early.kind, ErrorKind::Refused { code, .. } if code == "no_invoice_yet"), "{early}");
    counter.tell(id, &wrong);
    let told = now(counter.invoices().tell(&counter.account, id, &right)).expect_err("it has another");
    assert!(matches!(&told.kind, ErrorKind::Refused { code, .. } if code == "another_invoice"), "{told}");
    counter.once("/shipment_invoice/", || now(replacing.replace(&counter.account, id, &right)));
    counter.wait(REVIEW);
    assert_eq!(counter.tell(id, &right), InvoiceState::Accepted);
    let _ = counter.printed(id, DocumentKind::Label, Format::Pdf);
    let late = now(replacing.replace(&counter.account, id, &wrong)).expect_err("the label is printed");
    assert!(matches!(&late.kind, ErrorKind::Refused { code, .. } if code == "invoice_final"), "{late}");
}

#[test]
fn an_invoice_that_tiktok_shop_refused_is_followed_by_another() {
    let counter = counter(ChannelKind::TikTokShop);
    let (order, package) = counter.sold();
    let id = package.external_id.as_str();
    assert!(counter.invoices().replacing().is_none());
    assert_eq!(counter.tell(id, &nfe("99999999000199", &Buyer::default(), 1)), InvoiceState::InReview);
    counter.wait(REVIEW);
    assert_eq!(counter.seen(id).invoice, InvoiceState::Missing, "somebody else's CNPJ");
    counter.tell(id, &counter.nfe(&order, 1));
    counter.wait(REVIEW);
    assert_eq!(counter.seen(id).invoice, InvoiceState::Accepted);
}
