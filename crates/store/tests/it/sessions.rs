//! Sessions, second factors, questions to browsers, and notices.

use std::time::Duration;

use domain::member::{Proof, SecurityNotice};
use domain::{Access, Actor, GrantId, MemberId, NoticeId, PasskeyId, Role, SessionId, Timestamp};
use store::StoreError;
use store::access::NewGrant;
use store::factors::{Asked, Question, keep_question, passkey_owner, question, use_question};
use store::sessions::{
    DEVICE_KEPT, Met, NETWORK_KEPT, NOTICE_KEPT, NewSession, SESSION_IDLE, SESSION_MAX, SignedIn, session,
};
use vault::passkey::{Challenge, Passkey};
use vault::{Sealed, TokenDigest};

use crate::kit::House;
use crate::shop::Shop;

const MOMENT: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_mins(1);

fn owner(id: GrantId, member: MemberId) -> NewGrant {
    NewGrant {
        id,
        member,
        access: Access::Role(Role::Owner),
        reason: "set-up".into(),
        by: Actor::Unknown,
        until: None,
    }
}

impl House {
    async fn who(&self, digest: TokenDigest) -> Option<SignedIn> {
        let now = self.now();
        self.read(move |tx| session(tx, &digest, now)).await
    }

    async fn signed_in(&self, digest: TokenDigest) -> bool {
        self.who(digest).await.is_some()
    }

    async fn forget(&self) -> u64 {
        let now = self.now();
        self.write(move |tx| store::retention::forget(tx, now)).await
    }

    async fn ask(&self, asked: Asked, lasts: Duration) -> TokenDigest {
        let (digest, until) = (self.digest(), self.now().plus(lasts));
        let kept = Question { asked, of: None, challenge: Challenge::from_kept("c".into()) };
        self.write(move |tx| keep_question(tx, &digest, &kept, until)).await;
        digest
    }

    async fn is_open(&self, digest: TokenDigest, asked: Asked) -> bool {
        let now = self.now();
        self.read(move |tx| question(tx, &digest, asked, now)).await.is_some()
    }
}

impl Shop<'_> {
    async fn sign_in(&self, member: MemberId, proof: Proof) -> (SessionId, TokenDigest) {
        let (id, digest, now) = (self.house.id(), self.house.digest(), self.house.now());
        let new = NewSession { id, digest, member, proof, device: "Firefox, Android".into() };
        self.write(move |shop| shop.open_session(&new, now)).await;
        (id, digest)
    }

    async fn meet(&self, member: MemberId, browser: TokenDigest) -> Met {
        let now = self.house.now();
        self.write(move |shop| shop.meet_device(member, &browser, "Chrome, Linux", now)).await
    }

    async fn app(&self, member: MemberId) -> bool {
        let now = self.house.now();
        self.write(move |shop| shop.keep_authenticator(member, &Sealed::from_bytes(vec![1]), now)).await
    }

    async fn step(&self, member: MemberId, step: i64) -> bool {
        let now = self.house.now();
        self.write(move |shop| shop.take_step(member, step, now)).await
    }

    async fn passkey(&self, member: MemberId, credential: &str) -> Result<PasskeyId, StoreError> {
        let (id, now, kept) = (self.house.id(), self.house.now(), passkey(credential, 0));
        let made = self.data.write(move |shop| shop.keep_passkey(id, member, "phone", &kept, now));
        made.await.map(|()| id)
    }

    async fn has_factor(&self, digest: TokenDigest) -> bool {
        self.house.who(digest).await.unwrap().standing.has_factor
    }
}

fn passkey(credential: &str, signatures: u32) -> Passkey {
    let key = serde_json::json!({ "id": credential, "key": { "kind": "ed_dsa", "key": "AA" },
                                  "signatures": signatures, "backed_up": false });
    serde_json::from_value(key).unwrap()
}

on_both! {
    async fn a_session_says_who_is_signed_in(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        shop.write(move |shop| shop.set_preferences(member, "es", "dark")).await;
        let (id, digest) = shop.sign_in(member, Proof::Password).await;
        let now = house.now();
        let who = house.read(move |tx| session(tx, &digest, now)).await.unwrap();
        assert_eq!((who.session, who.member, who.organization), (id, member, shop.id));
        assert_eq!((who.organization_name.as_str(), who.language.as_str(), who.theme.as_str()), ("Loja da Ana", "es", "dark"));
        assert!(!house.signed_in(house.digest()).await, "another token");
    }

    /// ASVS 7.3.1.
    async fn a_session_that_is_not_used_ends(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let (_, digest) = shop.sign_in(member, Proof::Password).await;
        house.wait(SESSION_IDLE.saturating_sub(MOMENT));
        assert!(house.signed_in(digest).await);
        house.wait(MOMENT);
        assert!(!house.signed_in(digest).await);
    }

    /// ASVS 7.3.2.
    async fn a_session_that_is_used_ends_all_the_same(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let (id, digest) = shop.sign_in(member, Proof::Password).await;
        let begun = house.now();
        while house.now().since(begun) < SESSION_MAX {
            assert!(house.signed_in(digest).await);
            let now = house.wait(SESSION_IDLE / 2);
            shop.write(move |shop| shop.touch_session(id, now)).await;
        }
        assert!(!house.signed_in(digest).await);
    }

    /// ASVS 7.4.1.
    async fn a_session_ends_when_its_member_says_so_and_no_other_with_it(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let ((left, left_digest), (_, other)) = (shop.sign_in(member, Proof::Password).await, shop.sign_in(member, Proof::Password).await);
        shop.write(move |shop| shop.close_session(left)).await;
        assert!(!house.signed_in(left_digest).await);
        assert!(house.signed_in(other).await);
    }

    async fn a_session_says_how_its_member_proved_who_they_are(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let (id, digest) = shop.sign_in(member, Proof::Password).await;
        let opened = house.now();
        let who = house.who(digest).await.unwrap();
        assert_eq!((who.standing.proof, who.standing.proven_at), (Proof::Password, opened));
        assert!(!who.standing.administers, "nothing was granted yet");
        let (grant, now) = (house.id(), house.now());
        shop.write(move |shop| shop.give(&owner(grant, member), now)).await;
        let who = house.who(digest).await.unwrap();
        assert!(who.standing.administers && who.granted.is(Role::Owner), "an owner from this moment on");

        let (fresh, now) = (house.digest(), house.wait(MINUTE));
        shop.write(move |shop| shop.prove_session(id, &fresh, Proof::Passkey, now)).await;
        assert!(!house.signed_in(digest).await, "the token from before is worth nothing");
        let who = house.who(fresh).await.unwrap();
        assert_eq!((who.session, who.standing.proof, who.standing.proven_at), (id, Proof::Passkey, now));
    }

    /// ASVS 7.5.2.
    async fn other_sessions_end_and_ones_own_stays(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let (own, own_digest) = shop.sign_in(ana, Proof::Passkey).await;
        let (phone, _) = shop.sign_in(ana, Proof::Passkey).await;
        shop.sign_in(ana, Proof::Passkey).await;
        let (evas, evas_digest) = shop.sign_in(eva, Proof::Passkey).await;
        let end = |only| shop.write(move |shop| shop.close_others(ana, own, only));
        assert_eq!(end(Some(own)).await, 0, "one does not end the session one is in");
        assert_eq!(end(Some(evas)).await, 0, "nor somebody else's");
        assert_eq!(end(Some(phone)).await, 1);
        assert_eq!(end(None).await, 1);
        assert!(house.signed_in(own_digest).await && house.signed_in(evas_digest).await);
        let now = house.now();
        let listed = shop.read(move |shop| shop.sessions(ana, now)).await;
        assert_eq!(listed.iter().map(|row| (row.id, row.device.as_str())).collect::<Vec<_>>(), [(own, "Firefox, Android")]);
    }

    async fn the_first_browser_is_no_news_and_the_next_one_is(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let (desk, phone) = (house.digest(), house.digest());
        assert_eq!(shop.meet(ana, desk).await, Met::First);
        assert_eq!(shop.meet(ana, phone).await, Met::New);
        assert_eq!(shop.meet(ana, desk).await, Met::Known);
        assert_eq!(shop.meet(eva, desk).await, Met::First, "another member's");
        house.wait(DEVICE_KEPT);
        assert_eq!(house.forget().await, 3);
        assert_eq!(shop.meet(ana, desk).await, Met::First);
    }

    async fn an_app_counts_once_its_first_code_came_back(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let (_, digest) = shop.sign_in(member, Proof::Password).await;
        assert!(shop.app(member).await);
        assert!(shop.app(member).await, "begun anew");
        assert!(!shop.has_factor(digest).await);
        assert!(shop.step(member, 7).await);
        assert!(shop.has_factor(digest).await);
        assert!(!shop.app(member).await, "one that counts is not replaced");
        assert!(shop.write(move |shop| shop.remove_authenticator(member)).await);
        assert!(!shop.has_factor(digest).await);
    }

    async fn a_code_of_an_app_is_taken_once_and_none_before_it(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        shop.app(member).await;
        assert!(shop.step(member, 7).await);
        assert!(!shop.step(member, 7).await);
        assert!(!shop.step(member, 6).await);
        assert!(shop.step(member, 8).await);
    }

    async fn a_passkey_is_found_by_its_credential_and_belongs_to_one_member(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let (_, digest) = shop.sign_in(ana, Proof::Password).await;
        let id = shop.passkey(ana, "cred").await.unwrap();
        assert!(shop.has_factor(digest).await);
        let again = shop.passkey(eva, "cred").await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
        let (organization, member, row) = house.read(|tx| passkey_owner(tx, "cred")).await.unwrap();
        assert_eq!((organization, member, row.id, row.name.as_str()), (shop.id, ana, id, "phone"));
        assert!(house.read(|tx| passkey_owner(tx, "other")).await.is_none());

        let now = house.wait(MINUTE);
        shop.write(move |shop| shop.passkey_used(id, &passkey("cred", 9), now)).await;
        let kept = shop.read(move |shop| shop.passkeys(ana)).await;
        assert_eq!((kept[0].passkey.signatures, kept[0].last_used_at), (9, Some(now)));
        assert!(!shop.write(move |shop| shop.remove_passkey(eva, id)).await, "not hers");
        assert!(shop.write(move |shop| shop.remove_passkey(ana, id)).await);
        assert!(!shop.has_factor(digest).await);
    }

    async fn a_recovery_code_is_good_once_and_a_new_set_replaces_the_old(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let now = house.now();
        shop.write(move |shop| shop.replace_codes(ana, &[[1; 32], [2; 32]], now)).await;
        let take = |member, code: [u8; 32]| shop.write(move |shop| shop.use_code(member, &code, now));
        assert!(!take(eva, [1; 32]).await, "somebody else's");
        assert!(take(ana, [1; 32]).await);
        assert!(!take(ana, [1; 32]).await, "used");
        assert_eq!(shop.read(move |shop| shop.codes_left(ana)).await, 1);
        shop.write(move |shop| shop.replace_codes(ana, &[[3; 32]], now)).await;
        assert!(!take(ana, [2; 32]).await, "of the old set");
        assert!(take(ana, [3; 32]).await);
    }

    async fn a_question_is_answered_once_in_time_and_for_what_it_was_asked(house: House) {
        let digest = house.ask(Asked::PasskeySignIn, MINUTE).await;
        assert!(house.is_open(digest, Asked::PasskeySignIn).await);
        assert!(!house.is_open(digest, Asked::Confirm).await, "another purpose");
        assert!(house.write(move |tx| use_question(tx, &digest)).await);
        assert!(!house.write(move |tx| use_question(tx, &digest)).await);
        assert!(!house.is_open(digest, Asked::PasskeySignIn).await);

        let late = house.ask(Asked::SecondStep, MINUTE).await;
        house.wait(MINUTE.saturating_sub(MOMENT));
        assert!(house.is_open(late, Asked::SecondStep).await);
        house.wait(MOMENT);
        assert!(!house.is_open(late, Asked::SecondStep).await);
        assert_eq!(house.forget().await, 1);
    }

    async fn a_member_is_told_until_they_read_it(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let (id, now): (NoticeId, Timestamp) = (house.id(), house.now());
        shop.write(move |shop| shop.notify(id, ana, SecurityNotice::NewDevice, "Safari, iPhone", now)).await;
        let unread = |member| shop.read(move |shop| shop.unread_notices(member));
        assert_eq!((unread(ana).await, unread(eva).await), (1, 0));
        let told = shop.read(move |shop| shop.notices(ana)).await;
        assert_eq!((told[0].kind.as_str(), told[0].device.as_str(), told[0].seen), ("new-device", "Safari, iPhone", false));
        shop.write(move |shop| shop.notices_read(ana, now)).await;
        assert_eq!(unread(ana).await, 0);
        assert!(shop.read(move |shop| shop.notices(ana)).await[0].seen);
        house.wait(NOTICE_KEPT);
        assert_eq!(house.forget().await, 1);
    }

    async fn a_network_is_familiar_to_who_signed_in_there_while_they_come_again(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let knows = async |member, network: [u8; 32]| {
            let now = house.now();
            shop.read(move |shop| shop.knows_network(member, &network, now)).await
        };
        let meet = async |member, network: [u8; 32]| {
            let now = house.now();
            shop.write(move |shop| shop.meet_network(member, &network, now)).await;
        };
        assert!(!knows(ana, [1; 32]).await);
        meet(ana, [1; 32]).await;
        assert!(knows(ana, [1; 32]).await && !knows(ana, [2; 32]).await && !knows(eva, [1; 32]).await);
        house.wait(NETWORK_KEPT.saturating_sub(MOMENT));
        meet(ana, [1; 32]).await;
        assert_eq!(house.count("SELECT COUNT(*) FROM familiar_network").await, 1, "the same row");
        house.wait(NETWORK_KEPT.saturating_sub(MOMENT));
        assert!(knows(ana, [1; 32]).await);
        assert_eq!(house.forget().await, 0);
        house.wait(MOMENT);
        assert!(!knows(ana, [1; 32]).await, "also before the clockwork forgot it");
        assert_eq!(house.forget().await, 1);
    }

    async fn a_browser_is_known_to_who_signed_in_with_it(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva, browser) = (shop.member().await, shop.member().await, house.digest());
        shop.meet(ana, browser).await;
        let knows = async |member, browser| shop.read(move |shop| shop.knows_device(member, &browser)).await;
        assert!(knows(ana, browser).await);
        assert!(!knows(eva, browser).await && !knows(ana, house.digest()).await);
    }
}
