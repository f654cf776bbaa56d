//! One-time links, and what a sign-in is checked against.

use std::time::Duration;

use domain::Timestamp;
use store::StoreError;
use store::people::{
    NewMember, any_organization, credentials, keep_setup_link, organizations, setup_link_is_good,
    use_setup_link,
};
use vault::{Sealed, TokenDigest};

use crate::kit::House;
use crate::shop::Shop;

const MOMENT: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_hours(24);

impl House {
    async fn link(&self, lasts: Duration) -> TokenDigest {
        let (digest, now) = (self.digest(), self.now());
        self.write(move |tx| keep_setup_link(tx, &digest, now, now.plus(lasts))).await;
        digest
    }

    async fn use_link(&self, digest: TokenDigest) -> bool {
        let now = self.now();
        let good = self.read(move |tx| setup_link_is_good(tx, &digest, now)).await;
        let used = self.write(move |tx| use_setup_link(tx, &digest, now)).await;
        assert_eq!(good, used, "what looks good can be used");
        used
    }

    async fn clean(&self) -> u64 {
        let now = self.now();
        self.write(move |tx| store::retention::forget(tx, now)).await
    }
}

on_both! {
    async fn a_new_house_has_no_organization_and_an_old_one_names_them_all(house: House) {
        assert!(!house.read(any_organization).await);
        let first = Shop::open(&house).await.id;
        house.wait(MOMENT);
        let second = Shop::open(&house).await.id;
        assert!(house.read(any_organization).await);
        assert_eq!(house.read(organizations).await, [first, second]);
    }

    async fn a_one_time_link_is_used_once(house: House) {
        let link = house.link(DAY).await;
        assert!(house.use_link(link).await);
        assert!(!house.use_link(link).await);
    }

    async fn a_one_time_link_ends(house: House) {
        let link = house.link(DAY).await;
        house.wait(DAY);
        assert!(!house.use_link(link).await);
    }

    async fn a_link_nobody_was_given_opens_nothing(house: House) {
        house.link(DAY).await;
        assert!(!house.use_link(house.digest()).await);
    }

    async fn a_newer_link_puts_an_unused_one_out_of_use(house: House) {
        let (lost, new) = (house.link(DAY).await, house.link(DAY).await);
        assert!(!house.use_link(lost).await);
        assert!(house.use_link(new).await);
    }

    async fn what_no_longer_counts_is_deleted_and_nothing_else(house: House) {
        house.link(DAY).await;
        assert_eq!(house.clean().await, 0);
        house.wait(DAY);
        assert_eq!(house.clean().await, 1);
    }

    async fn an_address_belongs_to_one_member_of_the_whole_installation(house: House) {
        let (one, other) = (Shop::open(&house).await, Shop::open(&house).await);
        let index = *house.digest().as_bytes();
        let new = |house: &House| NewMember {
            id: house.id(), email_index: index, email_sealed: Sealed::from_bytes(vec![9]),
            password_hash: "$argon2id$one".into(), language: "pt-BR".into(),
        };
        let (first, second, now) = (new(&house), new(&house), house.now());
        let member = first.id;
        one.write(move |shop| shop.create_member(&first, now)).await;
        let refused = other.data.write(move |shop| shop.create_member(&second, now)).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");

        one.write(move |shop| shop.set_password_hash(member, "$argon2id$two")).await;
        let found = house.read(move |tx| credentials(tx, &index)).await.unwrap();
        assert_eq!((found.member, found.organization, found.password_hash.as_str()), (member, one.id, "$argon2id$two"));
        assert!(house.read(|tx| credentials(tx, &[0; 32])).await.is_none());
        let sealed = one.read(move |shop| shop.member_email(member)).await.unwrap();
        assert_eq!(sealed.as_bytes(), [9]);
        assert_eq!(one.read(|shop| shop.name()).await, "Loja da Ana");
    }

    async fn nodes_that_start_together_agree_on_a_setting(house: House) {
        let other = house.open_again().unwrap();
        let one = house.store.installation().write(|tx| store::settings::get_or_set(tx, "door", "one"));
        let two = other.installation().write(|tx| store::settings::get_or_set(tx, "door", "two"));
        let (one, two) = tokio::join!(one, two);
        assert_eq!(one, two);
    }

    async fn a_counter_adds_up(house: House) {
        for (label, by) in [("malformed", 2), ("unknown", 1), ("malformed", 3)] {
            house.write(move |tx| store::counters::add(tx, "hook_refused", label, by, Timestamp::EPOCH)).await;
        }
        let all = house.read(store::counters::all).await;
        let told: Vec<_> = all.iter().map(|counter| (counter.label.as_str(), counter.value)).collect();
        assert_eq!(told, [("malformed", 5), ("unknown", 1)]);
    }
}
