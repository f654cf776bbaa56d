//! Cases: kept as the platforms tell them, listed by what is due soonest, answered once.

use domain::case::{Case, CaseKind, CaseState, Outcome, Task};
use domain::{
    AnswerId, CaseId, CaseKey, CaseSnapshot, CaseVersion, ChannelKind, ConnectionId, Currency, Desk, Money,
    Problem, Timestamp,
};
use store::cases::{AnswerState, CaseFilter, CasePlace, HeldCase, NewAnswer};
use store::pages::PAGE_ROWS;
use vault::Sealed;

use crate::kit::House;
use crate::shop::{Shop, snapshot};

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_767_623_400_000 + hours * HOUR_MS)
}

fn waits(hours: i64) -> CaseState {
    CaseState::WaitsForSeller { task: Task::Decide, until: Some(at(hours)) }
}

fn case(number: &str, kind: CaseKind, state: CaseState) -> CaseSnapshot {
    CaseSnapshot {
        channel: ChannelKind::MercadoLivre,
        key: CaseKey { desk: Desk::Returns, external_id: number.to_owned() },
        version: CaseVersion { at: at(0), read_at: at(1) },
        case: Case {
            kind,
            state,
            platform_status: "REQUESTED".into(),
            reason: Some("PDD9549".into()),
            opened_at: at(-3),
            order_external_id: Some("2000010000000001".into()),
            listing_external_id: None,
            amount: Some(Money::new(4_490, Currency::Brl)),
        },
    }
}

impl Shop<'_> {
    async fn keep(&self, connection: ConnectionId, snapshot: &CaseSnapshot) -> CaseId {
        let (id, now, snapshot): (CaseId, _, _) = (self.house.id(), self.house.now(), snapshot.clone());
        self.write(move |shop| shop.insert_case(id, connection, &snapshot, now)).await;
        id
    }

    async fn cases(&self, filter: CaseFilter, after: Option<CasePlace>) -> Vec<HeldCase> {
        self.read(move |shop| shop.case_page(&filter, after)).await
    }

    async fn case_numbers(&self, filter: CaseFilter) -> Vec<String> {
        self.cases(filter, None).await.into_iter().map(|case| case.key.external_id).collect()
    }

    async fn answered(&self, case: CaseId, text: &[u8]) -> (AnswerId, bool) {
        let (id, now, member): (AnswerId, _, _) = (self.house.id(), self.house.now(), self.member().await);
        let text = Some(Sealed::from_bytes(text.to_vec()));
        let new = NewAnswer { id, case, member, verb: "reply", reason: None, text };
        (id, self.write(move |shop| shop.keep_answer(&new, now)).await)
    }
}

on_both! {
    async fn a_case_is_held_as_it_was_kept_and_linked_to_its_order(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let order = shop.order(connection, &snapshot("2000010000000001")).await;
        let told = case("1", CaseKind::Return, waits(5));
        let id = shop.keep(connection, &told).await;
        let key = told.key.clone();
        let held = shop.write(move |shop| shop.held_case(connection, &key)).await.expect("it is held");
        let expected = HeldCase {
            id,
            connection,
            channel: told.channel,
            key: told.key.clone(),
            version: told.version,
            case: told.case.clone(),
            order: Some(order),
            answer: None,
        };
        assert_eq!(held, expected);

        let mut moved = case("1", CaseKind::Claim, CaseState::NeedsAttention("a_word".into()));
        moved.version = CaseVersion { at: at(2), read_at: at(2) };
        moved.case.amount = None;
        let news = moved.clone();
        shop.write(move |shop| shop.update_case(id, &news)).await;
        let held = shop.read(move |shop| shop.case(id)).await.expect("it is held");
        assert_eq!((held.case, held.version), (moved.case, moved.version));
    }

    async fn what_is_due_soonest_stands_first_page_by_page(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let count = i64::from(PAGE_ROWS) + 7;
        for index in 0..count {
            // Two of a kind are due together.
            let due = (count - index) / 2;
            shop.keep(connection, &case(&format!("{index}"), CaseKind::Return, waits(due))).await;
        }
        let first = shop.cases(CaseFilter::default(), None).await;
        assert_eq!(first.len(), PAGE_ROWS as usize + 1);
        let last = &first[PAGE_ROWS as usize - 1];
        let place = last.case.place(last.version);
        let after = CasePlace { rank: place.rank, at: place.at, id: last.id };
        let second = shop.cases(CaseFilter::default(), Some(after)).await;
        let all: Vec<_> = first[..PAGE_ROWS as usize].iter().chain(&second).collect();
        assert_eq!(all.len(), usize::try_from(count).unwrap());
        assert!(all.is_sorted_by_key(|case| (case.case.place(case.version), case.id)));
    }

    async fn a_list_shows_what_it_is_narrowed_to(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        for (number, kind, state) in [
            ("over", CaseKind::Claim, CaseState::Closed(Outcome::ForBuyer)),
            ("theirs", CaseKind::Return, CaseState::WaitsForBuyer),
            ("unknown", CaseKind::Claim, CaseState::NeedsAttention("x".into())),
            ("late", CaseKind::Question, waits(-1)),
            ("soon", CaseKind::Return, waits(1)),
        ] {
            shop.keep(connection, &case(number, kind, state)).await;
        }
        let of = |filter| shop.case_numbers(filter);
        assert_eq!(of(CaseFilter::default()).await, ["late", "soon", "unknown", "theirs"]);
        let kind = |kind| CaseFilter { kind: Some(kind), ..CaseFilter::default() };
        assert_eq!(of(kind(CaseKind::Return)).await, ["soon", "theirs"]);
        let state = |state: &str| CaseFilter { state: Some(state.to_owned()), ..CaseFilter::default() };
        assert_eq!(of(state("closed")).await, ["over"]);
        assert_eq!(of(state("needs_attention")).await, ["unknown"]);
        let channel = |channel| CaseFilter { channel: Some(channel), ..CaseFilter::default() };
        assert_eq!(of(channel(ChannelKind::Shopee)).await, [""; 0]);
        assert_eq!(of(channel(ChannelKind::MercadoLivre)).await.len(), 4);
    }

    async fn another_organization_sees_no_case(house: House) {
        let (shop, other) = (Shop::open(&house).await, Shop::open(&house).await);
        let connection = shop.connection().await;
        let told = case("1", CaseKind::Return, waits(5));
        let id = shop.keep(connection, &told).await;
        assert_eq!(other.cases(CaseFilter::default(), None).await, []);
        assert_eq!(other.read(move |shop| shop.case(id)).await, None);
        let key = told.key.clone();
        assert_eq!(other.read(move |shop| shop.look_at_case(connection, &key)).await, None);
        let now = house.now();
        assert_eq!(other.read(move |shop| shop.open_cases_unread_since(connection, now, 9)).await, []);
        let (answer, kept) = shop.answered(id, b"sealed").await;
        assert!(kept);
        assert_eq!(other.read(move |shop| shop.case_answer(id)).await, None);
        assert!(other.read(move |shop| shop.answer_text(answer)).await.is_none());
        let failed = other.data.write(move |shop| shop.note_answer_sent(answer, now)).await;
        assert!(failed.is_err(), "another's answer is not ended");
    }

    async fn open_cases_are_found_by_order_and_by_how_long_nobody_read_them(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        shop.keep(connection, &case("over", CaseKind::Claim, CaseState::Closed(Outcome::ForBuyer))).await;
        shop.keep(connection, &case("open", CaseKind::Return, waits(1))).await;
        let numbers = |keys: Vec<CaseKey>| keys.into_iter().map(|key| key.external_id).collect::<Vec<_>>();
        let of_order = shop.read(move |shop| shop.open_cases_of_order(connection, "2000010000000001")).await;
        assert_eq!(numbers(of_order), ["open"]);
        let of_other = shop.read(move |shop| shop.open_cases_of_order(connection, "2")).await;
        assert_eq!(numbers(of_other), [""; 0]);
        let unread = shop.read(move |shop| shop.open_cases_unread_since(connection, at(2), 9)).await;
        assert_eq!(numbers(unread), ["open"]);
        let read = shop.read(move |shop| shop.open_cases_unread_since(connection, at(1), 9)).await;
        assert_eq!(numbers(read), [""; 0]);
    }

    async fn one_answer_is_on_its_way_and_its_text_is_forgotten_when_it_arrives(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let id = shop.keep(connection, &case("1", CaseKind::Question, waits(5))).await;
        let (first, kept) = shop.answered(id, b"sealed").await;
        assert!(kept);
        assert!(!shop.answered(id, b"another").await.1, "one is on its way");
        let now = house.now();
        shop.write(move |shop| shop.note_answer_failed(first, Problem::Refused, "no", now)).await;
        let (second, kept) = shop.answered(id, b"mended").await;
        assert!(kept, "one that failed makes room");
        let text = shop.read(move |shop| shop.answer_text(second)).await.expect("it waits");
        assert_eq!(text.as_bytes(), b"mended");
        shop.write(move |shop| shop.note_answer_sent(second, now)).await;
        let answer = shop.read(move |shop| shop.case_answer(id)).await.expect("it is held");
        assert_eq!((answer.id, answer.state, answer.problem), (second, AnswerState::Sent, None));
        assert_eq!(shop.read(move |shop| shop.answer_text(second)).await.map(|it| it.as_bytes().to_vec()), None);
    }

    async fn an_answer_that_failed_is_forgotten_in_time(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        let id = shop.keep(connection, &case("1", CaseKind::Question, waits(5))).await;
        let (answer, _) = shop.answered(id, b"sealed").await;
        let now = house.now();
        shop.write(move |shop| shop.note_answer_failed(answer, Problem::Refused, "no", now)).await;
        house.write(move |tx| store::retention::forget(tx, now)).await;
        assert!(shop.read(move |shop| shop.answer_text(answer)).await.is_some());
        let later = house.wait(domain::retention::FAILED_ANSWER_KEPT);
        house.write(move |tx| store::retention::forget(tx, later)).await;
        assert!(shop.read(move |shop| shop.answer_text(answer)).await.is_none());
        assert!(shop.read(move |shop| shop.case_answer(id)).await.is_none(), "nothing to send without it");
    }

    async fn a_connections_cases_are_swept_from_where_it_was(house: House) {
        let shop = Shop::open(&house).await;
        let connection = shop.connection().await;
        assert_eq!(shop.read(move |shop| shop.cases_swept_to(connection)).await, None);
        for hours in [1, 2] {
            shop.write(move |shop| shop.note_case_sweep(connection, at(hours))).await;
            assert_eq!(shop.read(move |shop| shop.cases_swept_to(connection)).await, Some(at(hours)));
        }
    }
}
