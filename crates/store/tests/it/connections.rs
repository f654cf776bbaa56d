//! Connections: one renewal at a time, a pair never lost, an authorisation taken once.

use std::time::Duration;

use domain::connection::ReauthorizationReason;
use domain::{ChannelKind, ConnectionId, ConnectionState, MemberId, Timestamp};
use store::StoreError;
use store::connections::{AuthorizationAttempt, RENEWAL_LEASE, SealedTokens, by_account, running};
use tokio::task::JoinSet;
use vault::{Sealed, TokenDigest};

use crate::kit::House;
use crate::shop::{Shop, tokens};

const DAY: Duration = Duration::from_hours(24);
const MOMENT: Duration = Duration::from_millis(1);

impl Shop<'_> {
    async fn lease(&self, connection: ConnectionId, version: i64, owner: &'static str) -> bool {
        let now = self.house.now();
        self.write(move |shop| shop.lease_renewal(connection, version, owner, now)).await
    }

    async fn replace(&self, connection: ConnectionId, version: i64, name: &str) -> bool {
        let tokens = tokens(name, self.house.now());
        self.write(move |shop| shop.replace_tokens(connection, version, &tokens)).await
    }

    async fn pair(&self, connection: ConnectionId) -> (String, i64) {
        let held = self.read(move |shop| shop.credentials(connection)).await.expect("a connection");
        let access = String::from_utf8(held.tokens.access.as_bytes().to_vec()).unwrap();
        (access, held.connection.token_version)
    }

    async fn set_state(&self, connection: ConnectionId, state: ConnectionState) {
        let now = self.house.now();
        self.write(move |shop| shop.set_connection_state(connection, state, now)).await;
    }

    async fn state(&self, connection: ConnectionId) -> ConnectionState {
        self.read(move |shop| shop.connection(connection)).await.expect("a connection").state
    }

    /// A running connection whose consent ends after so long.
    async fn ending(&self, after: Duration) -> ConnectionId {
        let (id, now) = (self.connection().await, self.house.now());
        let mut pair = tokens("ending", now);
        pair.life.consent_expires_at = Some(now.plus(after));
        assert!(self.write(move |shop| shop.replace_tokens(id, 1, &pair)).await);
        self.set_state(id, ConnectionState::Active).await;
        id
    }

    async fn begin(&self, member: MemberId, lasts: Duration) -> TokenDigest {
        let (state, now) = (self.house.digest(), self.house.now());
        let attempt = AuthorizationAttempt {
            state,
            member,
            channel: ChannelKind::MercadoLivre,
            verifier: Sealed::from_bytes(b"verifier".to_vec()),
            verifier_row: self.house.id(),
            expires_at: now.plus(lasts),
        };
        self.write(move |shop| shop.begin_authorization(&attempt, now)).await;
        state
    }

    async fn take(&self, state: TokenDigest, member: MemberId) -> Option<AuthorizationAttempt> {
        let now = self.house.now();
        self.write(move |shop| shop.take_authorization(&state, member, now)).await
    }
}

on_both! {
    async fn a_handle_stays_until_another_one_comes(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let mut held = Vec::new();
        for (version, handle) in (1..).zip([None, Some("ROW_1"), None, Some("ROW_2")]) {
            let handle = handle.map(str::to_owned);
            let pair = SealedTokens { handle, ..tokens("next", house.now()) };
            assert!(shop.write(move |shop| shop.replace_tokens(connection, version, &pair)).await);
            let seen = shop.read(move |shop| shop.credentials(connection)).await.expect("a connection");
            assert_eq!(seen.tokens.handle, seen.connection.handle);
            held.push(seen.connection.handle);
        }
        assert_eq!(held, [None, Some("ROW_1".into()), Some("ROW_1".into()), Some("ROW_2".into())]);
    }

    async fn a_new_connection_waits_for_the_owners_consent_to_the_dry_run(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        let held = shop.read(move |shop| shop.connection(id)).await.unwrap();
        assert_eq!((held.state, held.token_version, held.site.as_str()), (ConnectionState::DryRun, 1, "MLB"));
        assert_eq!((held.state_since, held.created_at, held.last_hook_at), (house.now(), house.now(), None));
        assert_eq!(held.life, tokens("first", house.now()).life);
        assert_eq!(house.read(running).await.len(), 0);
        shop.set_state(id, ConnectionState::Active).await;
        let run = house.read(running).await;
        assert_eq!((run.len(), run[0].0, run[0].1.id), (1, shop.id, id));
    }

    async fn accounts_that_stand_still_or_soon_will_wait_for_their_owner(house: House) {
        let (shop, other) = (Shop::open(&house).await, Shop::open(&house).await);
        other.ending(Duration::ZERO).await;
        let (late, soon) = (shop.ending(DAY * 20).await, shop.ending(DAY * 3).await);
        let (endless, stopped, left) =
            (shop.connection().await, shop.ending(DAY * 30).await, shop.ending(DAY).await);
        shop.set_state(endless, ConnectionState::Active).await;
        shop.set_state(stopped, ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded)).await;
        shop.set_state(left, ConnectionState::Disconnected).await;
        let waiting = |days: u32| {
            let until = house.now().plus(DAY * days);
            shop.read(move |shop| Ok(shop.needing_owner(until)?.into_iter().map(|held| held.id).collect::<Vec<_>>()))
        };
        assert_eq!(waiting(1).await, [stopped]);
        assert_eq!(waiting(14).await, [stopped, soon]);
        assert_eq!(waiting(21).await, [stopped, soon, late]);
    }

    async fn every_state_comes_back_as_it_was_set(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        for state in [
            ConnectionState::Active, ConnectionState::Disconnected, ConnectionState::DryRun,
            ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded),
        ] {
            shop.set_state(id, state).await;
            assert_eq!(shop.state(id).await, state);
        }
    }

    async fn an_account_is_connected_once_in_the_whole_installation(house: House) {
        let (one, other) = (Shop::open(&house).await, Shop::open(&house).await);
        let first = one.connection().await;
        for shop in [&one, &other] {
            let (id, now, account) = (house.id(), house.now(), first.to_string());
            let again = shop.data.write(move |shop| {
                let pair = tokens("again", now);
                shop.create_connection(id, ChannelKind::MercadoLivre, &account, "Loja", "MLB", &pair, now)
            }).await;
            assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
        }
        let account = first.to_string();
        let found = house.read(move |tx| by_account(tx, "mercado_livre", &account)).await;
        assert_eq!(found, Some((one.id, first, false)), "known, but not yet running");
    }

    async fn the_right_to_renew_goes_to_one_of_many(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        let other = house.open_again().unwrap().organization(shop.id);
        let now = house.now();
        let mut workers = JoinSet::new();
        for worker in 0..8 {
            let data = if worker % 2 == 0 { shop.data.clone() } else { other.clone() };
            workers.spawn(async move {
                data.write(move |shop| shop.lease_renewal(id, 1, &worker.to_string(), now)).await.unwrap()
            });
        }
        assert_eq!(workers.join_all().await.into_iter().filter(|leased| *leased).count(), 1);
    }

    async fn the_lease_of_a_worker_that_died_ends_by_itself(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        assert!(shop.lease(id, 1, "dead").await);
        house.wait(RENEWAL_LEASE);
        assert!(!shop.lease(id, 1, "eva").await);
        house.wait(MOMENT);
        assert!(shop.lease(id, 1, "eva").await);
    }

    async fn nobody_renews_a_pair_that_was_renewed_already(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        assert!(shop.lease(id, 1, "ana").await);
        assert!(shop.replace(id, 1, "second").await);
        assert!(!shop.lease(id, 1, "eva").await, "the pair of version 1 is gone");
        assert!(shop.lease(id, 2, "eva").await, "the renewal ended the lease");
    }

    async fn only_a_connection_in_use_is_renewed(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        shop.set_state(id, ConnectionState::Disconnected).await;
        assert!(!shop.lease(id, 1, "ana").await);
        shop.set_state(id, ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded)).await;
        assert!(!shop.lease(id, 1, "ana").await);
    }

    async fn a_pair_is_replaced_only_for_the_version_it_was_made_from(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        assert!(shop.replace(id, 1, "second").await);
        assert!(!shop.replace(id, 1, "stale").await);
        assert_eq!(shop.pair(id).await, ("second access".into(), 2));
    }

    async fn a_renewal_that_failed_keeps_the_pair_and_frees_the_lease_of_its_owner_alone(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        shop.lease(id, 1, "ana").await;
        shop.write(move |shop| shop.release_renewal(id, "eva", "not mine")).await;
        assert!(!shop.lease(id, 1, "eva").await);
        shop.write(move |shop| shop.release_renewal(id, "ana", "HTTP 503")).await;
        let held = shop.read(move |shop| shop.connection(id)).await.unwrap();
        assert_eq!(held.renewal_error.as_deref(), Some("HTTP 503"));
        assert_eq!(shop.pair(id).await, ("first access".into(), 1));
        assert!(shop.lease(id, 1, "eva").await);
        shop.replace(id, 1, "second").await;
        assert_eq!(shop.read(move |shop| shop.connection(id)).await.unwrap().renewal_error, None);
    }

    async fn an_access_that_was_refused_counts_as_ended_unless_it_was_replaced(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        let ends = async || shop.read(move |shop| shop.connection(id)).await.unwrap().life.access_expires_at;
        let planned = ends().await;
        let refused = house.wait(MOMENT);
        shop.write(move |shop| shop.expire_access(id, 2, refused)).await;
        assert_eq!(ends().await, planned, "another pair");
        shop.write(move |shop| shop.expire_access(id, 1, refused)).await;
        assert_eq!(ends().await, refused);
        let later = house.wait(MOMENT);
        shop.write(move |shop| shop.expire_access(id, 1, later)).await;
        assert_eq!(ends().await, refused, "what has ended gets no longer life");
        shop.replace(id, 1, "second").await;
        shop.write(move |shop| shop.expire_access(id, 1, later)).await;
        assert_eq!(ends().await, tokens("second", later).life.access_expires_at);
    }

    async fn a_consent_is_that_of_the_last_yes(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        let consent = async || {
            let held = shop.read(move |shop| shop.connection(id)).await.unwrap();
            (held.created_at, held.consented_at)
        };
        let first = house.now();
        assert_eq!(consent().await, (first, first));
        let second = house.wait(MOMENT);
        shop.write(move |shop| shop.note_consent(id, second)).await;
        assert_eq!(consent().await, (first, second));
        let unknown = house.id();
        let refused = shop.data.write(move |shop| shop.note_consent(unknown, second)).await;
        assert_eq!(refused, Err(StoreError::RowCount { expected: 1, touched: 0 }));
    }

    async fn a_late_refusal_does_not_stop_a_connection_that_was_renewed(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        shop.set_state(id, ConnectionState::Active).await;
        shop.replace(id, 1, "second").await;
        let now = house.now();
        for (version, stops) in [(1, false), (2, true), (2, false)] {
            let reason = ReauthorizationReason::ConsentEnded;
            let stopped = shop.write(move |shop| shop.stop_connection(id, version, reason, now)).await;
            assert_eq!(stopped, stops, "the pair of version {version}");
        }
        let ended = ConnectionState::NeedsReauthorization(ReauthorizationReason::ConsentEnded);
        assert_eq!(shop.state(id).await, ended);
    }

    async fn what_was_noted_never_steps_back(house: House) {
        let shop = Shop::open(&house).await;
        let id = shop.connection().await;
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        for at in [early, late, early] {
            shop.write(move |shop| {
                shop.note_hook(id, at)?;
                shop.note_sweep(id, at, at)?;
                shop.note_missed(id, at)
            }).await;
        }
        let held = shop.read(move |shop| shop.connection(id)).await.unwrap();
        assert_eq!((held.last_hook_at, held.swept_to), (Some(late), Some(late)));
        assert_eq!((held.last_sweep_at, held.last_missed_at), (Some(early), Some(early)), "these say when, not up to where");
    }

    async fn an_authorisation_is_taken_once(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let state = shop.begin(member, Duration::from_mins(10)).await;
        let taken = shop.take(state, member).await.unwrap();
        assert_eq!((taken.channel, taken.verifier.as_bytes()), (ChannelKind::MercadoLivre, b"verifier".as_slice()));
        assert!(shop.take(state, member).await.is_none());
    }

    /// ASVS 10.2.1.
    async fn an_authorisation_is_taken_only_by_the_member_who_began_it(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, eva) = (shop.member().await, shop.member().await);
        let state = shop.begin(ana, Duration::from_mins(10)).await;
        assert!(shop.take(state, eva).await.is_none());
        assert!(shop.take(house.digest(), ana).await.is_none(), "an unknown state");
        assert!(shop.take(state, ana).await.is_some());
    }

    async fn an_authorisation_that_comes_back_too_late_is_refused(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let state = shop.begin(member, Duration::from_mins(10)).await;
        house.wait(Duration::from_mins(10));
        assert!(shop.take(state, member).await.is_none());
    }
}
