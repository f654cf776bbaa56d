//! One-time links, sessions and refused sign-ins.

use std::time::Duration;

use domain::{MemberId, SessionId, Timestamp};
use store::StoreError;
use store::people::{
    FIRST_WAIT, FREE_FAILURES, MAX_WAIT, NewMember, SESSION_IDLE, SESSION_MAX, any_organization,
    count_sign_in_failure, credentials, forget_expired, forget_sign_in_failures, keep_setup_link,
    organizations, session, setup_link_is_good, sign_in_wait, use_setup_link,
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

    async fn signed_in(&self, digest: TokenDigest) -> bool {
        let now = self.now();
        self.read(move |tx| session(tx, &digest, now)).await.is_some()
    }

    async fn fail(&self, subject: &'static [u8]) -> Option<Duration> {
        let now = self.now();
        self.write(move |tx| count_sign_in_failure(tx, subject, now)).await;
        self.wait_of(subject).await
    }

    async fn wait_of(&self, subject: &'static [u8]) -> Option<Duration> {
        let now = self.now();
        self.read(move |tx| sign_in_wait(tx, subject, now)).await
    }

    async fn clean(&self) -> u64 {
        let now = self.now();
        self.write(move |tx| forget_expired(tx, now)).await
    }
}

impl Shop<'_> {
    async fn sign_in(&self, member: MemberId) -> (SessionId, TokenDigest) {
        let (id, digest, now) = (self.house.id(), self.house.digest(), self.house.now());
        self.write(move |shop| shop.open_session(id, &digest, member, now)).await;
        (id, digest)
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

    async fn a_session_says_who_is_signed_in(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        shop.write(move |shop| shop.set_preferences(member, "es", "dark")).await;
        let (id, digest) = shop.sign_in(member).await;
        let now = house.now();
        let who = house.read(move |tx| session(tx, &digest, now)).await.unwrap();
        assert_eq!((who.session, who.member, who.organization), (id, member, shop.id));
        assert_eq!((who.organization_name.as_str(), who.language.as_str(), who.theme.as_str()), ("Loja da Ana", "es", "dark"));
        assert!(!house.signed_in(house.digest()).await, "another token");
    }

    async fn a_session_that_is_not_used_ends(house: House) {
        let shop = Shop::open(&house).await;
        let (_, digest) = shop.sign_in(shop.member().await).await;
        house.wait(SESSION_IDLE.saturating_sub(MOMENT));
        assert!(house.signed_in(digest).await);
        house.wait(MOMENT);
        assert!(!house.signed_in(digest).await);
    }

    async fn a_session_that_is_used_ends_all_the_same(house: House) {
        let shop = Shop::open(&house).await;
        let (id, digest) = shop.sign_in(shop.member().await).await;
        let begun = house.now();
        while house.now().since(begun) < SESSION_MAX {
            assert!(house.signed_in(digest).await);
            let now = house.wait(SESSION_IDLE / 2);
            shop.write(move |shop| shop.touch_session(id, now)).await;
        }
        assert!(!house.signed_in(digest).await);
    }

    async fn a_session_ends_when_its_member_says_so_and_no_other_with_it(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let ((left, left_digest), (_, other)) = (shop.sign_in(member).await, shop.sign_in(member).await);
        shop.write(move |shop| shop.close_session(left)).await;
        assert!(!house.signed_in(left_digest).await);
        assert!(house.signed_in(other).await);
    }

    async fn the_first_failures_are_free_then_the_wait_doubles_up_to_its_bound(house: House) {
        for _ in 1..FREE_FAILURES {
            assert_eq!(house.fail(b"ana").await, None);
        }
        let mut expected = FIRST_WAIT;
        for _ in 0..40 {
            assert_eq!(house.fail(b"ana").await, Some(expected));
            expected = (expected * 2).min(MAX_WAIT);
        }
        assert_eq!(expected, MAX_WAIT);
        assert_eq!(house.wait_of(b"eva").await, None, "another subject does not wait");
        house.wait(MAX_WAIT);
        assert_eq!(house.wait_of(b"ana").await, None);
    }

    async fn a_sign_in_forgets_its_failures(house: House) {
        for _ in 0..FREE_FAILURES {
            house.fail(b"ana").await;
        }
        house.write(|tx| forget_sign_in_failures(tx, b"ana")).await;
        assert_eq!(house.wait_of(b"ana").await, None);
        assert_eq!(house.fail(b"ana").await, None, "it counts from the beginning");
    }

    async fn failures_of_long_ago_no_longer_count(house: House) {
        for _ in 0..FREE_FAILURES {
            house.fail(b"ana").await;
        }
        house.wait(MAX_WAIT * 4);
        assert!(house.fail(b"ana").await.is_some(), "not yet forgotten");
        house.wait(MAX_WAIT * 4 + MOMENT);
        assert_eq!(house.fail(b"ana").await, None);
    }

    async fn what_no_longer_counts_is_deleted_and_nothing_else(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        house.link(DAY).await;
        shop.sign_in(member).await;
        house.fail(b"ana").await;
        assert_eq!(house.clean().await, 0);
        house.wait(DAY);
        let (_, fresh) = shop.sign_in(member).await;
        house.fail(b"eva").await;
        assert_eq!(house.clean().await, 3, "a session, a link, a failure");
        assert!(house.signed_in(fresh).await);
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
