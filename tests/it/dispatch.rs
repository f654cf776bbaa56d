//! Packages on their way from every marketplace: the invoice told, the handover said, the label
//! printed and the parcel followed, against the sandboxes in process.

use std::sync::Arc;
use std::time::Duration;

use channels::market::mercado_livre::Limits;
use connect::conformance::now;
use connect::outbound::Outbound;
use connect::{Account, Channel, ChannelError, Documents, ErrorKind, Invoices, Packages, Printout, Tracking};
use domain::dispatch::{
    DocumentKind, Due, Format, Handover, InvoiceState, PackageSnapshot, PackageState, Way,
};
use domain::invoice::{AccessKey, Nfe};
use domain::{Actor, ChannelKind, Clock, Grant, ManualClock, Problem, Purpose, Restricted, Timestamp};
use sandbox::mercado_livre::shipment::ShipmentStage;
use sandbox::{Fault, FaultRule, ShiftedClock};
use tests::marketplace::{self, Marketplaces};
use tests::shop::PUBLIC_URL;
use tests::{Market, Marketplace};

mod parcels;

/// 2026-11-10T13:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_794_315_600_000);
/// A code that all three shops have.
const SKU: &str = "CAN-INOX-500";
const STEP: Duration = Duration::from_secs(10);
/// The buyer may take a purchase back for an hour.
const REMORSE: Duration = Duration::from_mins(61);
/// A platform has decided about an invoice by then.
const REVIEW: Duration = Duration::from_mins(15);
/// The carrier has been there by then.
const COLLECTED: Duration = Duration::from_hours(8);
/// How often a label is asked for until it is made.
const TRIES: usize = 5;

/// A seller who sends packages from one marketplace.
struct Counter {
    kind: ChannelKind,
    channel: Arc<dyn Channel>,
    account: Account,
    refresh_token: Restricted<String>,
    clock: Arc<ManualClock>,
    markets: Marketplaces,
}

fn counter(kind: ChannelKind) -> Counter {
    let clock = Arc::new(ManualClock::at(START));
    let first = Market::new(7, clock.clone(), &marketplace::redirect(ChannelKind::MercadoLivre));
    let shifted = ShiftedClock::new(clock.clone());
    let markets = Marketplaces::one(first, Limits::default()).and_two_more(7, shifted, PUBLIC_URL);
    let outbound = Arc::new(Outbound::new(Arc::new(markets.clone()), clock.clone()));
    let channel = Arc::clone(&markets.channels(&outbound)[&kind]);
    let market = markets.at(kind);
    let (account, refresh_token) =
        now(marketplace::lasting_consent(channel.as_ref(), |url| market.approve(url)));
    Counter { kind, channel, account, refresh_token, clock, markets }
}

impl Counter {
    fn market(&self) -> &dyn Marketplace {
        self.markets.at(self.kind)
    }

    fn packages(&self) -> &dyn Packages {
        self.channel.packages().expect("all three have packages")
    }

    fn documents(&self) -> &dyn Documents {
        self.channel.documents().expect("all three print")
    }

    fn tracking(&self) -> &dyn Tracking {
        self.channel.tracking().expect("all three tell where parcels are")
    }

    fn invoices(&self) -> &dyn Invoices {
        self.channel.invoices().expect("all three want invoices")
    }

    /// Time goes by, and the platform does what it does by itself.
    fn wait(&self, span: Duration) {
        let end = self.clock.now().plus(span);
        while self.clock.now() < end {
            self.clock.advance(STEP);
            let _ = self.market().due_hooks(self.clock.now());
        }
    }

    /// The next token: the one in use has ended meanwhile.
    fn renew(&mut self) {
        let renewed = self.channel.authorization().refresh(&self.account, &self.refresh_token);
        let tokens = now(renewed).expect("the consent lasts");
        self.account.access_token = tokens.access_token;
        self.account.handle = tokens.handle.or(self.account.handle.take());
        self.refresh_token = tokens.refresh_token.expect("a lasting consent");
    }

    /// A purchase that may be sent: its number and its only package.
    fn sold(&self) -> (String, PackageSnapshot) {
        let order = self.market().sell_sku(SKU, 2);
        self.wait(REMORSE);
        let packages = now(self.packages().of_order(&self.account, &order)).expect("its packages");
        let [package] = packages.try_into().expect("one package");
        (order, package)
    }

    fn seen(&self, id: &str) -> PackageSnapshot {
        now(self.packages().fetch(&self.account, id)).expect("the package")
    }

    fn tell(&self, id: &str, nfe: &Nfe) -> InvoiceState {
        now(self.invoices().tell(&self.account, id, nfe)).expect("the invoice is in order")
    }

    /// A package whose invoice the platform has taken.
    fn invoiced(&self) -> (String, PackageSnapshot) {
        let (order, package) = self.sold();
        self.tell(&package.external_id, &self.nfe(&order, 1));
        self.wait(REVIEW);
        let package = self.seen(&package.external_id);
        (order, package)
    }

    fn print(&self, id: &str, kind: DocumentKind, format: Format) -> Result<Vec<Printout>, ChannelError> {
        now(self.documents().print(&self.account, &[id.to_owned()], kind, format))
    }

    /// What is printed once the platform has made it.
    fn printed(&self, id: &str, kind: DocumentKind, format: Format) -> Vec<Printout> {
        for _ in 0..TRIES {
            match self.print(id, kind, format) {
                Err(error) if error.kind == ErrorKind::NotYet => self.wait(Duration::from_mins(2)),
                outcome => return outcome.expect("a document"),
            }
        }
        panic!("{:?}: it is never made", self.kind);
    }

    /// How often something was posted below `path`.
    fn posted(&self, path: &str) -> usize {
        let heard = self.market().heard();
        heard.iter().filter(|call| call.method == "POST" && call.path.starts_with(path)).count()
    }

    /// The invoice of an order, as the tax office authorised it.
    fn nfe(&self, order: &str, number: u32) -> Nfe {
        let (seller, buyer) = match self.kind {
            ChannelKind::MercadoLivre => self.parties(order),
            ChannelKind::Shopee => ("12345678000195".to_owned(), Buyer::default()),
            ChannelKind::TikTokShop => {
                let (_, tiktok_shop) = self.markets.beside().expect("all three are open");
                let cnpj = tiktok_shop
                    .sandbox()
                    .with_world(|world| world.shops.values().next().map(|shop| shop.cnpj.clone()));
                (cnpj.expect("the seed has a shop"), Buyer::default())
            }
        };
        nfe(&seller, &buyer, number)
    }

    /// Who sold and who bought an order of Mercado Livre.
    fn parties(&self, order: &str) -> (String, Buyer) {
        let order: i64 = order.parse().expect("ids are numbers");
        self.markets.mercado_livre().sandbox().with_world(|world| {
            let parcel = world.orders[&order].shipment_id.expect("a parcel was made");
            let parcel = &world.shipments[&parcel];
            let (seller, buyer) = (&world.users[&parcel.seller_id], &world.users[&parcel.buyer_id]);
            let (kind, digits) = buyer.document.clone();
            let zip = buyer.address.zip.clone();
            (seller.document.1.clone(), Buyer { kind, digits, zip })
        })
    }
}

/// What an invoice says of who bought.
struct Buyer {
    kind: String,
    digits: String,
    zip: String,
}

impl Default for Buyer {
    fn default() -> Self {
        Self { kind: "CPF".to_owned(), digits: "12345678909".to_owned(), zip: "20040002".to_owned() }
    }
}

fn nfe(seller: &str, buyer: &Buyer, number: u32) -> Nfe {
    let digits: String = seller.chars().filter(char::is_ascii_digit).collect();
    let body = format!("352611{digits:0>14}55001{number:09}1{number:08}");
    let key = (0..10).find_map(|last| AccessKey::parse(&format!("{body}{last}")).ok());
    let key = key.expect("one digit follows from the others");
    let Buyer { kind, digits: document, zip } = buyer;
    let xml = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><nfeProc versao="4.00" xmlns="http://www.portalfiscal.inf.br/nfe">
        <NFe><infNFe Id="NFe{key}" versao="4.00"><ide><mod>55</mod><serie>1</serie><nNF>{number}</nNF>
        <dhEmi>2026-11-10T11:00:00-03:00</dhEmi><tpAmb>1</tpAmb></ide>
        <emit><CNPJ>{digits}</CNPJ></emit><dest><{kind}>{document}</{kind}><enderDest><CEP>{zip}</CEP></enderDest></dest>
        <det><prod><CFOP>6102</CFOP></prod></det><total><ICMSTot><vNF>9999.00</vNF></ICMSTot></total></infNFe></NFe>
        <protNFe versao="4.00"><infProt><chNFe>{key}</chNFe><cStat>100</cStat></infProt></protNFe></nfeProc>"#
    );
    Nfe::read(xml.into_bytes()).expect("an invoice")
}

fn bytes(printout: &Printout) -> Vec<u8> {
    let grant = Grant::issue(Actor::system("test"), Purpose::DispatchOrder, Timestamp::EPOCH);
    printout.content.reveal(&grant).clone()
}

/// Where an invoice is told.
fn telling(kind: ChannelKind, package: &str) -> String {
    match kind {
        ChannelKind::MercadoLivre => format!("/shipments/{package}/invoice_data"),
        ChannelKind::Shopee => "/api/v2/order/upload_invoice_doc".to_owned(),
        ChannelKind::TikTokShop => "/fulfillment/202502/invoice/upload".to_owned(),
    }
}

/// Where a handover is said.
fn arranging(kind: ChannelKind, package: &str) -> String {
    match kind {
        ChannelKind::MercadoLivre => format!("/shipments/{package}/process/ready_to_ship"),
        ChannelKind::Shopee => "/api/v2/logistics/ship_order".to_owned(),
        ChannelKind::TikTokShop => format!("/fulfillment/202309/packages/{package}/ship"),
    }
}

#[test]
fn nothing_leaves_without_its_invoice_and_it_is_told_once() {
    for kind in ChannelKind::ALL {
        let counter = counter(kind);
        let (order, package) = counter.sold();
        let id = package.external_id.as_str();
        assert_eq!(package.orders, std::slice::from_ref(&order), "{kind:?}");
        let units: i64 = package.lines.iter().map(|line| line.units).sum();
        assert_eq!((units, package.invoice), (2, InvoiceState::Missing), "{kind:?}: {package:?}");
        assert_eq!(package.due(), Some(Due::Invoice), "{kind:?}: {package:?}");

        let drop_off = Handover::DropOff { branch: None };
        let error = now(counter.packages().arrange(&counter.account, id, &drop_off)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvoiceMissing, "{kind:?}: {error}");
        assert_eq!(error.problem(), Problem::InvoiceMissing);
        assert_eq!(counter.posted(&arranging(kind, id)), 0, "{kind:?}: nothing was said");

        let nfe = counter.nfe(&order, 1);
        let path = telling(kind, id);
        counter.market().suffer(vec![FaultRule::new(&path, Fault::TimeoutAfterCommit { ms: 0 })]);
        let lost = now(counter.invoices().tell(&counter.account, id, &nfe));
        counter.market().suffer(Vec::new());
        let lost = lost.expect_err("an answer that got lost");
        assert_eq!(lost.kind, ErrorKind::Unreachable, "{kind:?}: {lost}");
        counter.tell(id, &nfe);
        assert_eq!(counter.posted(&path), 1, "{kind:?}: the platform had it");
        counter.wait(REVIEW);
        let package = counter.seen(id);
        assert_ne!(package.due(), Some(Due::Invoice), "{kind:?}: {package:?}");
        assert!(
            matches!(package.invoice, InvoiceState::Accepted | InvoiceState::NotAsked),
            "{kind:?}: {package:?}"
        );
        assert_eq!(counter.tell(id, &nfe), InvoiceState::Accepted, "{kind:?}: it is known again");
        assert_eq!(counter.posted(&path), 1, "{kind:?}");
        assert_eq!(counter.markets.unmatched(), Vec::<String>::new(), "{kind:?}");
    }
}

/// Says the handover; the answer is lost, and the second try finds it said.
fn arranges_once(counter: &Counter, id: &str, handover: &Handover) -> PackageSnapshot {
    let (kind, path) = (counter.kind, arranging(counter.kind, id));
    counter.market().suffer(vec![FaultRule::new(&path, Fault::TimeoutAfterCommit { ms: 0 })]);
    let lost = now(counter.packages().arrange(&counter.account, id, handover)).unwrap_err();
    assert_eq!(lost.kind, ErrorKind::Unreachable, "{kind:?}: {lost}");
    counter.market().suffer(Vec::new());
    let found = now(counter.packages().arrange(&counter.account, id, handover)).expect("it was said");
    let again = now(counter.packages().arrange(&counter.account, id, handover)).expect("it was said");
    assert_eq!(counter.posted(&path), 1, "{kind:?}: said once");
    assert_eq!(found.external_id, again.external_id);
    found
}

/// The first way that is offered, with its first place and time.
fn chosen(ways: &[Way]) -> Handover {
    match ways.first().expect("a way is offered") {
        Way::Ready => Handover::Ready,
        Way::DropOff { branches } => {
            Handover::DropOff { branch: branches.first().map(|branch| branch.id.clone()) }
        }
        Way::Pickup { places } => {
            let place = places.first().expect("a place");
            Handover::Pickup {
                place: place.place.as_ref().map(|place| place.id.clone()),
                slot: place.slots.first().map(|slot| slot.id.clone()),
            }
        }
        Way::OwnCarrier { carriers } => Handover::OwnCarrier {
            carrier: carriers.first().map(|carrier| carrier.id.clone()),
            tracking_code: "AA123456789BR".to_owned(),
        },
    }
}

#[test]
fn a_handover_whose_answer_is_lost_is_found_and_not_said_twice() {
    for kind in [ChannelKind::Shopee, ChannelKind::TikTokShop] {
        let counter = counter(kind);
        let (_, package) = counter.invoiced();
        let id = package.external_id.as_str();
        assert_eq!(
            (package.state, package.due()),
            (PackageState::ToArrange, Some(Due::Handover)),
            "{kind:?}"
        );
        let ways = now(counter.packages().ways(&counter.account, id)).expect("ways");
        let Some(Way::Pickup { places }) = ways.first() else { panic!("{kind:?}: {ways:?}") };
        assert!(places[0].slots.iter().all(|slot| slot.from > Some(counter.clock.now())), "{places:?}");
        let arranged = arranges_once(&counter, id, &chosen(&ways));
        assert_eq!((arranged.state, arranged.due()), (PackageState::Arranged, Some(Due::Label)), "{kind:?}");
        assert_eq!(now(counter.packages().ways(&counter.account, id)).expect("no more ways"), []);
    }
}

#[test]
fn goods_that_were_made_are_said_to_be_there_once() {
    let counter = counter(ChannelKind::MercadoLivre);
    let (order, package) = counter.sold();
    let number: i64 = package.external_id.parse().expect("ids are numbers");
    counter.markets.mercado_livre().sandbox().with_world(|world| {
        let parcel = world.shipments.get_mut(&number).expect("the parcel");
        parcel.stage = ShipmentStage::from_words("handling", Some("manufacturing"));
    });
    let id = package.external_id.as_str();
    let ways = now(counter.packages().ways(&counter.account, id)).expect("ways");
    assert_eq!(ways, [Way::Ready]);
    let path = arranging(ChannelKind::MercadoLivre, id);
    let made =
        now(counter.packages().arrange(&counter.account, id, &Handover::Ready)).expect("they are there");
    assert_eq!((made.due(), counter.posted(&path)), (Some(Due::Invoice), 1), "{made:?}");
    counter.tell(id, &counter.nfe(&order, 1));
    counter.wait(REVIEW);
    let again = now(counter.packages().arrange(&counter.account, id, &Handover::Ready)).expect("it was said");
    assert_eq!((again.state, counter.posted(&path)), (PackageState::Arranged, 1));
}

#[test]
fn labels_are_printed_and_parcels_followed() {
    for kind in ChannelKind::ALL {
        let mut counter = counter(kind);
        let (_, package) = counter.invoiced();
        let id = package.external_id.as_str();
        if package.due() == Some(Due::Handover) {
            let ways = now(counter.packages().ways(&counter.account, id)).expect("ways");
            now(counter.packages().arrange(&counter.account, id, &chosen(&ways))).expect("it is arranged");
        }
        for (wanted, format) in counter.documents().offered() {
            let printed = counter.printed(id, *wanted, *format);
            let label = printed.iter().find(|it| it.kind == *wanted).expect("what was asked for");
            let beginning: &[u8] = match format {
                Format::Pdf => b"%PDF-1.",
                Format::Zpl => b"^XA",
            };
            assert_eq!(label.format, *format, "{kind:?}: {printed:?}");
            assert!(bytes(label).starts_with(beginning), "{kind:?}: {wanted:?} as {format:?}");
            let declared = printed.iter().any(|it| it.kind == DocumentKind::ContentDeclaration);
            let with_label = kind == ChannelKind::Shopee && *format == Format::Zpl;
            assert_eq!(declared, with_label, "{kind:?}: the declaration comes with the thermal label");
        }
        let code = counter.seen(id).tracking_code.expect("a number");
        assert!(code.len() > 4, "{kind:?}: {code}");
        counter.wait(COLLECTED);
        counter.renew();
        let package = counter.seen(id);
        assert_eq!((package.state, package.due()), (PackageState::Sent, None), "{kind:?}: {package:?}");
        let events = now(counter.tracking().events(&counter.account, id)).expect("events");
        assert!(
            events.len() > 1 && events.iter().all(|event| !event.words.is_empty()),
            "{kind:?}: {events:?}"
        );
        assert!(events.windows(2).all(|two| two[0].at <= two[1].at), "{kind:?}: {events:?}");
        assert_eq!(counter.markets.unmatched(), Vec::<String>::new(), "{kind:?}");
    }
}

#[test]
fn a_label_before_its_time_is_refused_with_its_reason() {
    for kind in ChannelKind::ALL {
        let counter = counter(kind);
        let (_, package) = counter.sold();
        let error =
            counter.print(&package.external_id, DocumentKind::Label, Format::Pdf).expect_err("too early");
        match kind {
            ChannelKind::MercadoLivre => assert_eq!(error.kind, ErrorKind::InvoiceMissing),
            ChannelKind::Shopee | ChannelKind::TikTokShop => {
                assert!(matches!(error.kind, ErrorKind::Refused { .. }), "{kind:?}: {error}");
            }
        }
    }
}

#[test]
fn several_parcels_of_mercado_livre_are_one_file() {
    let counter = counter(ChannelKind::MercadoLivre);
    let (_, one) = counter.invoiced();
    let (order, two) = counter.sold();
    counter.tell(&two.external_id, &counter.nfe(&order, 2));
    counter.wait(REVIEW);
    let ids = [one.external_id, two.external_id];
    let label = DocumentKind::Label;
    let pages = now(counter.documents().print(&counter.account, &ids, label, Format::Pdf)).expect("labels");
    assert_eq!(pages.len(), 1);
    let text = String::from_utf8_lossy(&bytes(&pages[0])).into_owned();
    assert!(text.contains("/Count 2"), "a page for each parcel");
    let words = now(counter.documents().print(&counter.account, &ids, label, Format::Zpl)).expect("labels");
    let text = String::from_utf8_lossy(&bytes(&words[0])).into_owned();
    assert!(ids.iter().all(|id| text.contains(id)), "{text}");
    assert_eq!(counter.seen(&ids[0]).platform_status, "ready_to_ship/printed");
}
