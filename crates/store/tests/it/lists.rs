//! What keeps lists quick: marks that are never missing, and words.

use domain::kit::Component;
use domain::{ListingId, ListingState, SkuId};
use store::lists::organizations_to_settle;
use store::pages::{ListingFilter, ListingShow, SkuFilter};

use crate::kit::House;
use crate::shop::{Shop, seen};

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's linear congruential generator (MMIX).
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = self.below(all.len() as u64);
        all[usize::try_from(place).expect("it fits")]
    }

    fn units(&mut self) -> i64 {
        i64::try_from(self.below(4)).expect("it fits")
    }
}

impl Shop<'_> {
    /// What differs, by looking at every listing.
    async fn differing(&self) -> Vec<ListingId> {
        let all = self.read(|shop| shop.listing_page(None, &ListingFilter::default())).await;
        let differs = |(listing, sku): (store::listings::Listing, Option<store::stock::Sku>)| {
            let should = sku?.tally.available_units();
            let is_told = listing.ours && listing.state.takes_stock();
            (is_told && listing.shown_units != should).then_some(listing.id)
        };
        all.into_iter().filter_map(differs).collect()
    }

    async fn drifting(&self) -> Vec<ListingId> {
        let filter = ListingFilter { show: ListingShow::Drift, ..ListingFilter::default() };
        let found = self.read(move |shop| shop.listing_page(None, &filter)).await;
        found.into_iter().map(|(listing, _)| listing.id).collect()
    }

    async fn change_a_list(&self, dice: &mut Dice, skus: &[SkuId], listings: &[ListingId]) {
        let (sku, listing, units, now) = (dice.of(skus), dice.of(listings), dice.units(), self.house.now());
        let (kit, part) = (skus[0], dice.of(&skus[1..]));
        match dice.below(7) {
            0 => drop(self.append(&self.count(part, units - 1)).await),
            1 => self.write(move |shop| shop.set_safety(part, units)).await,
            2 => {
                let recipe = [Component { sku: part, units: 1 + units }];
                let recipe = if units == 0 { Vec::new() } else { recipe.to_vec() };
                self.write(move |shop| shop.keep_recipe(kit, &recipe)).await;
            }
            3 => self.write(move |shop| shop.note_confirmed(listing, units, 1, now)).await,
            4 => {
                let state = dice.of(&[ListingState::Active, ListingState::Paused, ListingState::Closed]);
                self.write(move |shop| shop.note_shown(listing, units, state, "seen", now)).await;
            }
            5 => {
                let later = now.plus(std::time::Duration::from_secs(1));
                self.write(move |shop| shop.note_sold(listing, 1, later)).await;
            }
            _ => self.write(move |shop| shop.link_listing(listing, Some(sku))).await,
        }
    }
}

on_both! {
    async fn whatever_changes_what_differs_is_found_though_marks_are_taken_off(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let mut skus = vec![shop.sku("KIT").await];
        for code in ["A", "B"] {
            skus.push(shop.stocked(code, 3).await);
        }
        let mut listings = Vec::new();
        for number in ["1", "2", "3", "4"] {
            listings.push(shop.listing(connection, number).await);
        }
        let mut dice = Dice(23);
        for step in 0..250 {
            shop.change_a_list(&mut dice, &skus, &listings).await;
            if dice.below(3) == 0 {
                shop.settle_lists().await;
            }
            assert_eq!(shop.drifting().await, shop.differing().await, "step {step}");
        }
    }

    async fn nothing_is_marked_where_everything_shows_what_it_should(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let sku = shop.stocked("A", 7).await;
        let listing = shop.listing(connection, "1").await;
        shop.write(move |shop| shop.link_listing(listing, Some(sku))).await;
        let marked = async || house.read(organizations_to_settle).await;
        assert_eq!(marked().await, [shop.id]);
        shop.settle_lists().await;
        assert_eq!(marked().await, []);
        let (again, now, seen) = (house.id(), house.now(), seen("1"));
        shop.write(move |shop| shop.keep_listing(again, connection, &seen, now)).await;
        assert_eq!(marked().await, [], "it was seen again as it was");
        shop.append(&shop.count(sku, 1)).await;
        shop.settle_lists().await;
        assert_eq!(marked().await, [shop.id], "what differs stays marked");
    }

    async fn rows_of_before_get_their_words(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.sku("CAN-1").await;
        shop.listing(connection, "MLB1").await;
        house.write(|tx| {
            for sql in [
                "DELETE FROM sku_word", "DELETE FROM listing_word",
                "UPDATE sku SET has_words = 0", "UPDATE listing SET has_words = 0",
            ] {
                tx.execute(sql, &[])?;
            }
            Ok(())
        }).await;
        let found = async || {
            let (skus, listings) = (
                SkuFilter { text: "caneca".into(), ..SkuFilter::default() },
                ListingFilter { text: "caneca mlb1".into(), ..ListingFilter::default() },
            );
            let skus = shop.read(move |shop| shop.sku_page("", &skus)).await.len();
            (skus, shop.read(move |shop| shop.listing_page(None, &listings)).await.len())
        };
        assert_eq!(found().await, (0, 0));
        shop.settle_lists().await;
        assert_eq!(found().await, (1, 1));
    }
}
