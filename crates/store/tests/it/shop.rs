//! An organization with what a shop has, in few words.

use std::time::Duration;

use domain::order::{FirstSight, LineSnapshot, ShipmentSnapshot, SnapshotVersion};
use domain::{
    Actor, ChannelKind, ConnectionId, Currency, Delta, EntryKind, LineId, ListingId, ListingState, MemberId,
    Money, Order, OrderId, OrderSnapshot, OrderState, OrganizationId, SkuId, Tally, Timestamp, TokenLife,
};
use store::connections::SealedTokens;
use store::listings::SeenListing;
use store::orders::NewLine;
use store::people::{NewMember, create_organization};
use store::stock::NewEntry;
use store::{Organization, StoreResult, Tenant};
use vault::Sealed;

use crate::kit::House;

/// One organization of a house.
pub(crate) struct Shop<'h> {
    pub(crate) house: &'h House,
    pub(crate) id: OrganizationId,
    pub(crate) data: Organization,
}

impl<'h> Shop<'h> {
    pub(crate) async fn open(house: &'h House) -> Self {
        let (id, now) = (house.id(), house.now());
        house.write(move |tx| create_organization(tx, id, "Loja da Ana", now)).await;
        Self { house, id, data: house.store.organization(id) }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.data.write(work).await.expect("the write is kept")
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<T> + Send + 'static,
    ) -> T {
        self.data.read(work).await.expect("the read succeeds")
    }

    pub(crate) async fn connection(&self) -> ConnectionId {
        let (id, now): (ConnectionId, _) = (self.house.id(), self.house.now());
        let tokens = tokens("first", now);
        let account = id.to_string();
        self.write(move |shop| {
            let channel = ChannelKind::MercadoLivre;
            shop.create_connection(id, channel, &account, "Loja", "MLB", &tokens, now)
        })
        .await;
        id
    }

    /// Takes the marks off what shows what it should, a few rows at a time.
    pub(crate) async fn settle_lists(&self) {
        const ROWS: u32 = 2;
        while self.write(|shop| shop.word_lists(ROWS)).await {}
        let mut skus = None;
        loop {
            skus = self.write(move |shop| shop.settle_skus(skus, ROWS)).await;
            if skus.is_none() {
                break;
            }
        }
        let mut listings = None;
        loop {
            listings = self.write(move |shop| shop.settle_listings(listings, ROWS)).await;
            if listings.is_none() {
                break;
            }
        }
    }

    pub(crate) async fn member(&self) -> MemberId {
        let (id, now): (MemberId, _) = (self.house.id(), self.house.now());
        let member = NewMember {
            id,
            email_index: *self.house.digest().as_bytes(),
            email_sealed: Sealed::from_bytes(vec![1, 2, 3]),
            password_hash: "$argon2id$first".into(),
            language: "pt-BR".into(),
        };
        self.write(move |shop| shop.create_member(&member, now)).await;
        id
    }

    pub(crate) async fn sku(&self, code: &str) -> SkuId {
        let (id, now, code) = (self.house.id(), self.house.now(), code.to_owned());
        self.write(move |shop| shop.create_sku(id, &code, "Caneca azul", now)).await.id
    }

    pub(crate) async fn stocked(&self, code: &str, units: i64) -> SkuId {
        let sku = self.sku(code).await;
        self.append(&self.count(sku, units)).await.expect("an opening count");
        sku
    }

    pub(crate) async fn listing(&self, connection: ConnectionId, external_id: &str) -> ListingId {
        let (id, now, seen) = (self.house.id(), self.house.now(), seen(external_id));
        self.write(move |shop| shop.keep_listing(id, connection, &seen, now)).await.id
    }

    pub(crate) fn count(&self, sku: SkuId, units: i64) -> NewEntry {
        NewEntry {
            id: self.house.id(),
            sku,
            kind: EntryKind::Adjustment,
            delta: Delta { on_hand_units: units, reserved_units: 0 },
            line: None,
            reason: "contagem".into(),
            actor: Actor::system("test"),
        }
    }

    pub(crate) async fn append(&self, entry: &NewEntry) -> Option<Tally> {
        let (entry, now) = (entry.clone(), self.house.now());
        self.write(move |shop| shop.append(&entry, now)).await
    }

    /// Keeps the order of a snapshot; its lines are not linked.
    pub(crate) async fn order(&self, connection: ConnectionId, snapshot: &OrderSnapshot) -> OrderId {
        let (id, now) = (self.house.id(), self.house.now());
        let (snapshot, lines) = (snapshot.clone(), self.lines(snapshot));
        self.write(move |shop| {
            let (order, _) = Order::first_seen(&snapshot, FirstSight::Live);
            shop.insert_order(id, connection, &snapshot, &order, &lines, now)
        })
        .await;
        id
    }

    pub(crate) fn lines(&self, snapshot: &OrderSnapshot) -> Vec<NewLine> {
        snapshot.lines.iter().map(|_| NewLine { id: self.house.id(), listing: None, sku: None }).collect()
    }

    /// The id of an order's line, and of its order.
    pub(crate) async fn line(&self, connection: ConnectionId, number: &str) -> (LineId, OrderId) {
        let order = self.order(connection, &snapshot(number)).await;
        let number = number.to_owned();
        let held = self.write(move |shop| shop.held_order(connection, &number)).await;
        (held.expect("the order was kept").lines[0].id, order)
    }
}

/// A pair that can be told from others by `name`.
pub(crate) fn tokens(name: &str, now: Timestamp) -> SealedTokens {
    SealedTokens {
        access: Sealed::from_bytes(format!("{name} access").into_bytes()),
        refresh: Some(Sealed::from_bytes(format!("{name} refresh").into_bytes())),
        life: TokenLife {
            issued_at: now,
            access_expires_at: now.plus(Duration::from_hours(6)),
            consent_expires_at: None,
        },
        scopes: "offline_access read write".into(),
        handle: None,
    }
}

pub(crate) fn seen(external_id: &str) -> SeenListing {
    SeenListing {
        external_id: external_id.into(),
        variation_external_id: String::new(),
        stock_group: String::new(),
        title: "Caneca azul".into(),
        seller_sku: Some("CAN-1".into()),
        state: ListingState::Active,
        platform_status: "active".into(),
        ours: true,
        price: Some(Money::new(4_990, Currency::Brl)),
        permalink: None,
        shown_units: 7,
    }
}

pub(crate) fn line_snapshot(key: &str, units: i64) -> LineSnapshot {
    LineSnapshot {
        key: key.into(),
        listing_external_id: key.into(),
        variation_external_id: None,
        title: format!("Caneca {key}"),
        seller_sku: Some("CAN-1".into()),
        units,
        unit_price: Money::new(4_990, Currency::Brl),
        sale_fee: Some(Money::new(599, Currency::Brl)),
    }
}

/// A paid order of two units of one listing, placed at the beginning of the tests' day.
pub(crate) fn snapshot(number: &str) -> OrderSnapshot {
    let placed_at = Timestamp::from_millis(1_767_600_000_000);
    OrderSnapshot {
        channel: ChannelKind::MercadoLivre,
        external_id: number.into(),
        pack_external_id: Some(format!("pack-{number}")),
        version: SnapshotVersion { order_at: placed_at, shipment_at: Timestamp::EPOCH },
        placed_at,
        state: OrderState::ToDispatch,
        platform_status: "paid".into(),
        lines: vec![line_snapshot("MLB1", 2)],
        total: Money::new(9_980, Currency::Brl),
        buyer_external_id: Some("buyer-1".into()),
        shipment: Some(ShipmentSnapshot {
            external_id: format!("ship-{number}"),
            platform_status: "ready_to_ship/printed".into(),
            logistic_type: Some("cross_docking".into()),
            tracking_code: None,
            ship_by: Some(placed_at.plus(Duration::from_hours(24))),
        }),
        tags: vec!["paid".into(), "not_delivered".into()],
    }
}
