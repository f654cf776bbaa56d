//! Kits and counts without a marketplace: what an order books, and who has to be told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::kit::{Fault, VERSIONS_FROM};
use domain::member::SecondFactorRule;
use domain::order::{CancelledBy, FirstSight, LineSnapshot, SnapshotVersion};
use domain::split::Mode;
use domain::{
    ChannelKind, ConnectionId, Currency, ListingId, ListingState, ManualClock, MemberId, Money,
    OrderSnapshot, OrderState, OrganizationId, SeededEntropy, SkuId, StockTakeId, Tally, Timestamp,
    TokenLife,
};
use store::connections::SealedTokens;
use store::listings::SeenListing;
use store::people::create_organization;
use store::{Location, Store, StoreResult, Tenant};
use vault::password::{Cost, Passwords};
use vault::{Keyring, Sealed};

use crate::ingest::Taken;
use crate::kits::KitError;
use crate::shelf::AdjustError;
use crate::split::ModeError;
use crate::stock_take::{TakeError, Uncounted};
use crate::{App, Parts};

const NOON: Timestamp = Timestamp::from_millis(1_767_623_400_000);

/// A shop with an account, whose marketplace nobody calls.
struct Shop {
    app: App,
    organization: OrganizationId,
    connection: ConnectionId,
    member: MemberId,
    file: PathBuf,
}

impl Drop for Shop {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.file.clone().into_os_string();
            path.push(end);
            // What is left in the machine's folder for passing things does no harm.
            drop(std::fs::remove_file(path));
        }
    }
}

impl Shop {
    async fn open(name: &str) -> Self {
        let file = std::env::temp_dir().join(format!("lojista-{name}-{}.db", std::process::id()));
        let place = Location::File(file.clone());
        let opened = tokio::task::spawn_blocking(move || Store::open(&place)).await;
        let store = opened.expect("the opening ends").expect("the database opens");
        let entropy = Arc::new(SeededEntropy::new(7));
        let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let (organization, connection, member) = (
            OrganizationId::new(NOON, &*entropy),
            ConnectionId::new(NOON, &*entropy),
            MemberId::new(NOON, &*entropy),
        );
        let app = App::start(Parts {
            store,
            keyring: Arc::new(Keyring::generate(&SeededEntropy::new(3))),
            passwords: Passwords::new(cost).expect("the cost is allowed"),
            channels: BTreeMap::new(),
            clock: Arc::new(ManualClock::at(NOON)),
            entropy,
            public_url: "https://loja.example".to_owned(),
            second_factor: SecondFactorRule::Offered,
            node: "node-1".into(),
            faults: None,
        });
        let app = app.await.expect("the application starts");
        let made =
            app.store().installation().write(move |tx| create_organization(tx, organization, "Loja", NOON));
        made.await.expect("the shop is made");
        let shop = Self { app, organization, connection, member, file };
        shop.write(move |tenant| {
            let kind = ChannelKind::MercadoLivre;
            tenant.create_connection(connection, kind, "1", "Loja", "MLB", &tokens(), NOON)
        })
        .await;
        shop
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.app.organization(self.organization).write(work).await.expect("the write is kept")
    }

    /// A SKU of so many units, and a listing that sells it.
    async fn goods(&self, code: &'static str, units: i64) -> (SkuId, ListingId) {
        let app = self.app.clone();
        let (sku, listing) = (SkuId::new(NOON, app.entropy()), ListingId::new(NOON, app.entropy()));
        let connection = self.connection;
        self.write(move |tenant| {
            tenant.create_sku(sku, code, code, NOON)?;
            tenant.keep_listing(listing, connection, &seen(code), NOON)?;
            tenant.link_listing(listing, Some(sku))
        })
        .await;
        if units > 0 {
            let counted = self.app.adjust(self.organization, self.member, sku, units, 0, "contagem").await;
            counted.expect("the count is kept");
        }
        (sku, listing)
    }

    async fn kit(&self, kit: SkuId, recipe: &[(&str, i64)]) -> Result<(), KitError> {
        let recipe = recipe.iter().map(|(code, units)| ((*code).to_owned(), *units)).collect();
        self.app.keep_kit(self.organization, self.member, kit, recipe).await
    }

    async fn take(&self, order: &OrderSnapshot) -> Taken {
        let (app, connection, order) = (self.app.clone(), self.connection, order.clone());
        self.write(move |tenant| app.take_in(tenant, connection, &order, FirstSight::Live, "test")).await
    }

    async fn tally(&self, sku: SkuId) -> Tally {
        self.write(move |tenant| tenant.sku(sku)).await.expect("the SKU is there").tally
    }

    /// The version that a listing still has to be told.
    async fn due(&self, listing: ListingId) -> Option<i64> {
        self.write(move |tenant| tenant.due_version(listing)).await
    }

    /// Everybody has been told everything.
    async fn settle(&self, listings: &[ListingId]) {
        let listings = listings.to_vec();
        self.write(move |tenant| {
            listings.iter().try_for_each(|listing| tenant.settle_outbox(*listing, NOON))
        })
        .await;
    }
}

fn tokens() -> SealedTokens {
    let life = TokenLife { issued_at: NOON, access_expires_at: NOON, consent_expires_at: None };
    SealedTokens {
        access: Sealed::from_bytes(vec![1]),
        refresh: None,
        life,
        scopes: String::new(),
        handle: None,
    }
}

fn seen(code: &str) -> SeenListing {
    SeenListing {
        external_id: format!("MLB-{code}"),
        variation_external_id: String::new(),
        stock_group: String::new(),
        title: code.to_owned(),
        seller_sku: Some(code.to_owned()),
        state: ListingState::Active,
        platform_status: "active".into(),
        ours: true,
        price: None,
        permalink: None,
        shown_units: 9,
    }
}

fn order(number: &str, goods: &[(&str, i64)]) -> OrderSnapshot {
    let line = |(code, units): &(&str, i64)| LineSnapshot {
        key: (*code).to_owned(),
        listing_external_id: format!("MLB-{code}"),
        variation_external_id: None,
        title: (*code).to_owned(),
        seller_sku: Some((*code).to_owned()),
        units: *units,
        unit_price: Money::new(100, Currency::Brl),
        sale_fee: None,
    };
    OrderSnapshot {
        channel: ChannelKind::MercadoLivre,
        external_id: number.to_owned(),
        pack_external_id: None,
        version: SnapshotVersion { order_at: NOON, shipment_at: Timestamp::EPOCH },
        placed_at: NOON,
        state: OrderState::ToDispatch,
        platform_status: "paid".into(),
        lines: goods.iter().map(line).collect(),
        total: Money::new(100, Currency::Brl),
        buyer_external_id: None,
        shipment: None,
        tags: Vec::new(),
    }
}

/// The same order, later, in another state.
fn later(order: &OrderSnapshot, state: OrderState) -> OrderSnapshot {
    let version = SnapshotVersion { order_at: NOON.plus(Duration::from_secs(9)), ..order.version };
    OrderSnapshot { state, version, ..order.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_that_is_sold_books_its_components_and_tells_all_but_its_own_listing() {
    let shop = Shop::open("kit-sold").await;
    let ((vase, of_vase), (bulb, of_bulb)) = (shop.goods("VASE", 10).await, shop.goods("BULB", 9).await);
    let ((kit, of_kit), (other, of_other)) = (shop.goods("KIT", 0).await, shop.goods("OTHER", 0).await);
    shop.kit(kit, &[("VASE", 3), ("BULB", 1)]).await.expect("it becomes a kit");
    shop.kit(other, &[("BULB", 2)]).await.expect("it becomes a kit");
    assert!(shop.due(of_kit).await > Some(VERSIONS_FROM), "its listing is told at once");
    let all = [of_vase, of_bulb, of_kit, of_other];
    shop.settle(&all).await;
    let sold = order("1", &[("KIT", 2)]);
    assert!(matches!(shop.take(&sold).await, Taken::New(_)));
    assert_eq!(shop.take(&sold).await, Taken::Unchanged, "twice is once");
    assert_eq!((shop.tally(vase).await.reserved_units, shop.tally(bulb).await.reserved_units), (6, 2));
    assert_eq!((shop.tally(kit).await.available_units(), shop.tally(other).await.available_units()), (1, 3));
    assert_eq!(shop.due(of_kit).await, None, "its platform took the kits off by itself");
    assert_eq!(shop.due(of_vase).await, Some(shop.tally(vase).await.version));
    assert_eq!(shop.due(of_bulb).await, Some(shop.tally(bulb).await.version));
    assert_eq!(shop.due(of_other).await, Some(shop.tally(other).await.version));
    shop.settle(&all).await;
    shop.kit(kit, &[("BULB", 5)]).await.expect("a recipe may change");
    shop.take(&later(&sold, OrderState::Cancelled(CancelledBy::Buyer))).await;
    let (vases, bulbs) = (shop.tally(vase).await, shop.tally(bulb).await);
    assert_eq!((vases.reserved_units, vases.on_hand_units), (0, 10), "what was booked comes back");
    assert_eq!((bulbs.reserved_units, bulbs.on_hand_units), (0, 9));
    assert_eq!(shop.tally(kit).await.available_units(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_of_a_kit_and_its_component_tells_both_and_what_leaves_leaves_the_shelf() {
    let shop = Shop::open("kit-cart").await;
    let (vase, of_vase) = shop.goods("VASE", 12).await;
    let (kit, of_kit) = shop.goods("KIT", 0).await;
    shop.kit(kit, &[("VASE", 3)]).await.expect("it becomes a kit");
    shop.settle(&[of_vase, of_kit]).await;
    let sold = order("1", &[("KIT", 1), ("VASE", 2)]);
    shop.take(&sold).await;
    assert_eq!(shop.tally(vase).await.reserved_units, 5);
    assert_eq!(shop.due(of_vase).await, Some(shop.tally(vase).await.version), "it fell by two, not five");
    assert_eq!(shop.due(of_kit).await, Some(shop.tally(kit).await.version), "it fell by one, not two");
    shop.take(&later(&sold, OrderState::Shipped)).await;
    let vases = shop.tally(vase).await;
    assert_eq!((vases.on_hand_units, vases.reserved_units), (7, 0));
    // More than there is: everybody is told, whoever sold it.
    shop.settle(&[of_vase, of_kit]).await;
    shop.take(&order("2", &[("KIT", 3)])).await;
    assert_eq!(shop.tally(vase).await.oversold_units(), 2);
    assert!(shop.due(of_kit).await.is_some() && shop.due(of_vase).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_kit_is_refused_with_the_reason() {
    let shop = Shop::open("kit-refused").await;
    let ((vase, _), (kit, _), (bulb, _)) =
        (shop.goods("VASE", 4).await, shop.goods("KIT", 0).await, shop.goods("BULB", 0).await);
    assert!(matches!(shop.kit(vase, &[("BULB", 1)]).await, Err(KitError::Counted { units: 4 })));
    assert!(matches!(shop.kit(kit, &[("NONE", 1)]).await, Err(KitError::Unknown(code)) if code == "NONE"));
    assert!(matches!(shop.kit(kit, &[]).await, Err(KitError::Recipe(Fault::Empty))));
    shop.kit(kit, &[("VASE", 2)]).await.expect("it becomes a kit");
    let deep = shop.kit(bulb, &[("KIT", 1)]).await;
    assert!(
        matches!(&deep, Err(KitError::Recipe(Fault::TooDeep(path))) if path[..] == ["BULB", "KIT", "VASE"]),
        "{deep:?}"
    );
    let ring = shop.kit(vase, &[("KIT", 1)]).await;
    assert!(
        matches!(&ring, Err(KitError::Recipe(Fault::Cycle(path))) if path[..] == ["VASE", "KIT", "VASE"]),
        "{ring:?}"
    );
    let counted = shop.app.adjust(shop.organization, shop.member, kit, 5, 0, "contagem").await;
    assert!(matches!(counted, Err(AdjustError::Kit)), "{counted:?}");
    for sku in [kit, vase] {
        let chosen = shop.app.choose_mode(shop.organization, shop.member, sku, Mode::Split).await;
        assert!(matches!(chosen, Err(ModeError::InKit)), "{chosen:?}");
    }
    shop.take(&order("1", &[("BULB", 1)])).await;
    assert!(matches!(shop.kit(bulb, &[("VASE", 1)]).await, Err(KitError::Reserved { units: 1 })));
    shop.app.end_kit(shop.organization, shop.member, kit).await.expect("it ends");
    assert!(matches!(shop.app.end_kit(shop.organization, shop.member, kit).await, Err(KitError::NoKit)));
    assert_eq!(shop.tally(kit).await.available_units(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_is_applied_whole_and_forgives_what_left_meanwhile() {
    let shop = Shop::open("kit-count").await;
    let (vase, _) = shop.goods("VASE", 10).await;
    let (kit, of_kit) = shop.goods("KIT", 0).await;
    shop.kit(kit, &[("VASE", 3)]).await.expect("it becomes a kit");
    let take: StockTakeId =
        shop.app.begin_stock_take(shop.organization, shop.member).await.expect("a count begins");
    let refused = shop.app.scan(shop.organization, take, "2×KIT").await;
    assert!(matches!(refused, Err(TakeError::Uncounted(Uncounted::Kit(_)))), "{refused:?}");
    let counted = shop.app.scan(shop.organization, take, "8×VASE").await.expect("eight");
    assert_eq!(counted.units, 8);
    shop.take(&later(&order("1", &[("VASE", 1)]), OrderState::Shipped)).await;
    shop.settle(&[of_kit]).await;
    let applied = shop.app.apply_stock_take(shop.organization, shop.member, take, "balanço").await;
    assert_eq!(applied.expect("it is applied"), 1);
    assert_eq!(shop.tally(vase).await.on_hand_units, 7, "eight were there, and one left since");
    assert_eq!(shop.due(of_kit).await, Some(shop.tally(kit).await.version), "the kit's listing is told");
    let again = shop.app.apply_stock_take(shop.organization, shop.member, take, "balanço").await;
    assert!(matches!(again, Err(TakeError::Over)), "{again:?}");
}
