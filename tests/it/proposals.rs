//! Proposals for listings without a SKU: only what a person confirms is linked, all of it or nothing.

use app::proposals::{ConfirmError, MAX_AT_ONCE, Stale, page};
use domain::catalogue::{Typed, TypedRow};
use domain::proposal::{Proposal, Reason};
use domain::{ListingId, SkuId, TypedId as _};
use store::listings::Listing;
use tests::TestApp;

const SHARED: &str = "CAN-INOX-500";

/// The id of a listing that nobody has.
fn nobodys(number: usize) -> ListingId {
    ListingId::from_bytes([u8::try_from(number).expect("a small number"); 16])
}

async fn unlinked(shop: &TestApp, code: &str) -> Listing {
    let sku = shop.sku(code).await.id;
    let listing = shop.listings().await.into_iter().find(|it| it.sku == Some(sku)).expect("it is linked");
    shop.app().link(shop.organization, shop.member, listing.id, None).await.expect("it is unlinked");
    shop.run_until_idle().await;
    listing
}

async fn proposed(shop: &TestApp, listing: ListingId) -> Vec<Proposal> {
    let found = shop.see(|tenant| page(tenant, None)).await;
    found.into_iter().find(|(it, _)| it.id == listing).expect("it has no SKU").1
}

async fn confirm(shop: &TestApp, picked: &[(ListingId, SkuId)]) -> Result<(), ConfirmError> {
    shop.app().confirm_links(shop.organization, shop.member, picked.to_vec()).await
}

async fn sku_of(shop: &TestApp, listing: ListingId) -> Option<SkuId> {
    shop.see(move |tenant| tenant.listing(listing)).await.expect("it is held").sku
}

fn stale(done: Result<(), ConfirmError>) -> Vec<(ListingId, Stale)> {
    match done {
        Err(ConfirmError::Stale(stale)) => stale,
        other => panic!("nothing was stale: {other:?}"),
    }
}

on_both! {
    async fn more_than_a_page_or_one_listing_twice_is_refused(shop) {
        shop.connect_classic().await;
        let listing = unlinked(&shop, SHARED).await.id;
        let (one, other) = (shop.sku(SHARED).await.id, shop.sku("CAB-HDMI-2M").await.id);
        assert!(matches!(confirm(&shop, &[(listing, one), (listing, other)]).await, Err(ConfirmError::Picked)));
        let many: Vec<_> = (0..=MAX_AT_ONCE).map(|number| (nobodys(number), one)).collect();
        assert!(matches!(confirm(&shop, &many).await, Err(ConfirmError::Picked)));
        assert_eq!(sku_of(&shop, listing).await, None);
    }

    async fn what_was_confirmed_is_linked_and_told(shop) {
        shop.connect_classic().await;
        let listing = unlinked(&shop, SHARED).await;
        let sku = shop.sku(SHARED).await;
        shop.app().adjust(shop.organization, shop.member, sku.id, 11, 0, "contagem").await.expect("it is counted");
        shop.run_until_idle().await;
        assert_ne!(shop.market().shows(&listing.external_id), 11, "nobody tells it without a SKU");
        let found = proposed(&shop, listing.id).await;
        assert_eq!((found[0].sku, found[0].reason), (sku.id, Reason::Code));
        assert_eq!(sku_of(&shop, listing.id).await, None, "a proposal links nothing");
        confirm(&shop, &[(listing.id, sku.id)]).await.expect("it is linked");
        shop.run_until_idle().await;
        assert_eq!(sku_of(&shop, listing.id).await, Some(sku.id));
        let available = shop.sku(SHARED).await.tally.available_units();
        assert_eq!(shop.market().shows(&listing.external_id), available);
        assert_eq!(shop.sku(SHARED).await.tally.on_hand_units, 11, "a link is no count of what was counted");
        assert_eq!(stale(confirm(&shop, &[(listing.id, sku.id)]).await), [(listing.id, Stale::Linked)]);
    }

    async fn nothing_is_linked_where_one_proposal_is_stale(shop) {
        shop.connect_classic().await;
        let (one, other) = (unlinked(&shop, SHARED).await.id, unlinked(&shop, "CAB-HDMI-2M").await.id);
        let (bottle, cable) = (shop.sku(SHARED).await.id, shop.sku("CAB-HDMI-2M").await.id);
        let picked = [(one, bottle), (other, cable)];
        let wrong = [(one, cable), (other, cable)];
        assert_eq!(stale(confirm(&shop, &wrong).await), [(one, Stale::Changed)], "nothing speaks for it");
        let unknown = [(nobodys(1), bottle), (other, cable)];
        assert_eq!(stale(confirm(&shop, &unknown).await), [(unknown[0].0, Stale::Over)]);

        let row = TypedRow { code: "CAB-HDMI-2M".into(), ..TypedRow::default() };
        let typed = Typed { title: shop.sku("CAB-HDMI-2M").await.title, rows: vec![row], ..Typed::default() };
        let agreed = domain::catalogue::Agreed { cost: true, adopt: true, drop: true };
        let wish = app::catalogue::Wish { of: None, product: typed.check().expect("it is right"), agreed };
        let product = shop.app().save_product(shop.organization, shop.member, wish).await.expect("it is kept");
        shop.app().archive_product(shop.organization, shop.member, product, true).await.expect("it is put away");
        assert_eq!(stale(confirm(&shop, &picked).await), [(other, Stale::Away)]);
        shop.app().archive_product(shop.organization, shop.member, product, false).await.expect("it is back");

        shop.app().link(shop.organization, shop.member, one, Some("NOVO")).await.expect("somebody links it");
        assert_eq!(stale(confirm(&shop, &picked).await), [(one, Stale::Linked)]);
        assert_eq!(sku_of(&shop, other).await, None, "nothing was linked by any of it");
        confirm(&shop, &picked[1..]).await.expect("the rest is linked");
        assert_eq!(sku_of(&shop, other).await, Some(cable));
        shop.run_until_idle().await;
    }

    async fn a_listing_is_confirmed_once_by_two_people(shop) {
        shop.connect_classic().await;
        let listing = unlinked(&shop, SHARED).await.id;
        let sku = shop.sku(SHARED).await.id;
        let picked = [(listing, sku)];
        let (one, other) = tokio::join!(confirm(&shop, &picked), confirm(&shop, &picked));
        assert_eq!([one.is_ok(), other.is_ok()].into_iter().filter(|done| *done).count(), 1);
        let lost = if one.is_ok() { other } else { one };
        assert_eq!(stale(lost), [(listing, Stale::Linked)]);
        shop.run_until_idle().await;
    }
}
