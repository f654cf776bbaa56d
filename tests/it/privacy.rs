//! The privacy centre: a code to an address on file, a copy on the spot, and the register.

use std::sync::Arc;
use std::time::Duration;

use app::backup::depot::{Depot, Folder};
use app::backup::{Plan, Restore};
use app::disclosure::Disclosure;
use app::privacy::{Asked, CODE_TRIES, CodeLetter, MAX_TEXT_CHARS, Person, PrivacyError};
use app::register::{Answered, Erased, RegisterError};
use domain::privacy::{Regime, RequestKind};
use domain::retention::{REQUEST_KEPT, TICKET_LIFE};
use domain::{Actor, ManualClock, RequestId};
use sandbox::mail::CaughtMail;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::backup::RunKind;
use store::{Location, Store, Tx};
use tests::TestApp;
use tests::mailbox::{Mailbox, code_in};
use tests::shop::EMAIL;
use vault::Token;

const SKU: &str = "CAN-INOX-500";
const NETWORK: &str = "198.51.100.7";
const MOMENT: Duration = Duration::from_millis(1);
const ACCESS: Asked = Asked { kind: RequestKind::Access, regime: Regime::Lgpd };
const ERASE: Asked = Asked { kind: RequestKind::Erase, regime: Regime::Lgpd };

fn letter() -> CodeLetter {
    CodeLetter { subject: "Seu código".into(), text: "O código: {code}.\n".into() }
}

async fn want_from(shop: &TestApp, email: &str, network: &str) -> Result<Token, PrivacyError> {
    shop.app().want_code(shop.organization, email, network, letter()).await
}

/// Wants a code, after the wait since the last one.
async fn want(shop: &TestApp, email: &str) -> Token {
    shop.wait(Duration::from_secs(30));
    let token = want_from(shop, email, NETWORK).await.expect("it is taken");
    shop.run_until_idle().await;
    token
}

async fn show(shop: &TestApp, token: &Token, code: &str) -> bool {
    match shop.app().show_code(token.expose(), code).await {
        Ok(()) => true,
        Err(PrivacyError::Wrong) => false,
        Err(error) => panic!("{error}"),
    }
}

fn newest(mailbox: &Mailbox) -> CaughtMail {
    mailbox.catcher.mails().swap_remove(0)
}

/// Somebody who has shown that the owner's address is theirs.
async fn shown(shop: &TestApp) -> (Mailbox, Token) {
    let mailbox = shop.gets_mailbox().await;
    let token = want(shop, EMAIL).await;
    assert!(show(shop, &token, &code_in(&newest(&mailbox).text)).await);
    (mailbox, token)
}

async fn copy(shop: &TestApp, token: &Token) -> Disclosure {
    let ticket = shop.app().shown_to_be(token.expose()).await.expect("they have shown who they are");
    shop.app().disclose(ticket, ACCESS, "pt-BR").await.expect("a copy is made")
}

fn bia() -> Person {
    Person { contact: "bia@fora.example".into(), called: "Bia Souza".into(), text: "Apaguem tudo.".into() }
}

fn bia_with(change: impl FnOnce(&mut Person)) -> Person {
    let mut person = bia();
    change(&mut person);
    person
}

async fn ask(shop: &TestApp, asked: Asked, person: Person) -> Result<RequestId, PrivacyError> {
    shop.wait(Duration::from_secs(30));
    shop.app().ask_privacy(shop.organization, None, asked, person, "es", NETWORK).await
}

async fn end(shop: &TestApp, id: RequestId, refused: bool, text: &str) -> Result<bool, RegisterError> {
    let letter = ("Resposta".to_owned(), format!("A resposta: {text}"));
    let answered = Answered { refused, text: text.to_owned(), letter };
    shop.app().end_request(shop.organization, shop.member, id, answered).await
}

async fn erase(shop: &TestApp, id: RequestId, called: &str) -> Result<Erased, RegisterError> {
    shop.app().erase_buyers(shop.organization, shop.member, id, called).await
}

async fn swept(shop: &TestApp) {
    shop.wait(app::clockwork::SWEEP_EVERY);
    shop.settle().await;
}

/// Sells one unit, and waits until its buyer is found by the name that is given back.
async fn known_buyer(shop: &TestApp) -> String {
    shop.connect_classic().await;
    shop.app().find_buyers(shop.organization, shop.member, true).await.expect("it is switched on");
    let item = shop.market().items_of(CLASSIC_SELLER, SKU).swap_remove(0);
    let number = shop.sell(&item, 1);
    shop.run_until_idle().await;
    swept(shop).await;
    shop.market().sandbox().with_world(|world| {
        let order = world.orders.values().find(|order| order.id.to_string() == number).expect("it was sold");
        let buyer = &world.users[&order.buyer_id];
        format!("{} {}", buyer.first_name, buyer.last_name)
    })
}

async fn is_found(shop: &TestApp, name: &str) -> bool {
    shop.app().search_buyers(shop.organization, shop.member, name).await.is_ok()
}

on_both! {
    async fn a_code_reaches_the_address_on_file_and_shows_who_it_is_once(shop) {
        let mailbox = shop.gets_mailbox().await;
        let token = want(&shop, &EMAIL.to_uppercase()).await;
        let mail = newest(&mailbox);
        assert_eq!((mail.to.as_slice(), mail.subject.as_str()), ([EMAIL.to_owned()].as_slice(), "Seu código"));
        let code = code_in(&mail.text);
        assert!(shop.app().shown_to_be(token.expose()).await.is_err());
        let spaced = format!(" {} {} ", &code[..4], &code[4..]);
        assert!(show(&shop, &token, &spaced).await);
        assert_eq!(shop.app().shown_to_be(token.expose()).await.expect("shown").member, shop.member);
        assert!(!show(&shop, &token, &code).await, "a code is good once");
        let other = want(&shop, EMAIL).await;
        assert!(!show(&shop, &other, &code).await, "and for its own browser");
    }

    async fn an_address_that_nobody_has_gets_the_same_answer_and_no_letter(shop) {
        let mailbox = shop.gets_mailbox().await;
        let token = want(&shop, "ninguem@fora.example").await;
        assert_eq!(mailbox.catcher.mails().len(), 0);
        for code in ["", "0", "00000000", "12345678"] {
            assert!(!show(&shop, &token, code).await);
        }
        let rows = "SELECT CAST(COUNT(*) AS TEXT) FROM privacy_ticket WHERE code_hash IS NULL AND member_id IS NULL";
        assert_eq!(shop.texts(rows).await, ["1"]);
    }

    async fn five_codes_may_be_tried_and_the_right_one_is_then_wrong(shop) {
        let mailbox = shop.gets_mailbox().await;
        let token = want(&shop, EMAIL).await;
        let code = code_in(&newest(&mailbox).text);
        for _ in 0..CODE_TRIES {
            assert!(!show(&shop, &token, if code == "00000000" { "1" } else { "00000000" }).await);
        }
        assert!(!show(&shop, &token, &code).await);
        let refused = shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'privacy.code_shown' AND phase = 'refused'").await;
        assert_eq!(refused, CODE_TRIES);
    }

    async fn a_code_and_what_it_shows_end_after_a_quarter_of_an_hour(shop) {
        let mailbox = shop.gets_mailbox().await;
        let late = want(&shop, EMAIL).await;
        let code = code_in(&newest(&mailbox).text);
        shop.wait(TICKET_LIFE);
        assert!(!show(&shop, &late, &code).await);

        let token = want(&shop, EMAIL).await;
        assert!(show(&shop, &token, &code_in(&newest(&mailbox).text)).await);
        shop.wait(TICKET_LIFE.saturating_sub(MOMENT));
        assert!(shop.app().shown_to_be(token.expose()).await.is_ok());
        shop.wait(MOMENT);
        assert!(shop.app().shown_to_be(token.expose()).await.is_err());
        assert!(shop.app().shown_to_be("no token").await.is_err());
    }

    async fn a_letter_in_thirty_seconds_for_whoever_asks_and_whoever_gets(shop) {
        assert!(want_from(&shop, EMAIL, NETWORK).await.is_ok());
        for (email, network) in [("a@fora.example", NETWORK), (EMAIL, "203.0.113.9")] {
            let ended = want_from(&shop, email, network).await;
            assert!(matches!(ended, Err(PrivacyError::Wait(wait)) if wait <= Duration::from_secs(30)), "{email}");
        }
        assert!(want_from(&shop, "a@fora.example", "203.0.113.9").await.is_ok());
        for wrong in ["", "ana", "ana@", "a b@fora.example", "a@fora.example\r\nbcc: b@fora.example"] {
            assert!(matches!(want_from(&shop, wrong, "192.0.2.1").await, Err(PrivacyError::Incomplete)), "{wrong:?}");
        }
        shop.leaves_jobs();
    }

    async fn nothing_that_is_kept_of_a_ticket_or_request_can_be_read(shop) {
        let (_mailbox, _token) = shown(&shop).await;
        ask(&shop, ERASE, bia()).await.expect("it is taken");
        let mut all = shop.texts("SELECT payload || cause || COALESCE(error, '') FROM job").await;
        all.extend(shop.texts("SELECT details || subject_id || actor FROM audit_event").await);
        for sql in ["SELECT letter_sealed FROM privacy_ticket", "SELECT person_sealed FROM privacy_request"] {
            let rows = shop.read(move |tx| tx.rows(sql, &[], |row| row.get::<Vec<u8>>(0))).await;
            all.extend(rows.iter().map(|sealed| String::from_utf8_lossy(sealed).into_owned()));
        }
        let all = all.join("\n").to_lowercase();
        for word in [EMAIL, "bia", "souza", "apaguem", "fora.example"] {
            assert!(!all.contains(word), "{word} can be read");
        }
    }

    async fn a_copy_holds_what_is_on_file_and_is_in_the_register(shop) {
        let (_mailbox, token) = shown(&shop).await;
        let copy = copy(&shop, &token).await;
        let section = |name: &str| copy.sections.iter().find(|it| it.name == name).expect("a section");
        let person: Vec<String> = section("person").entries[0].iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert!(person.contains(&format!("email={EMAIL}")) && person.contains(&"role=owner".to_owned()), "{person:?}");
        assert!(!section("events").entries.is_empty());
        let all: Vec<&str> = copy.sections.iter().flat_map(|it| it.entries.iter().flatten()).map(|(_, value)| value.as_str()).collect();
        assert!(!all.concat().contains("argon2"), "no digest of the password is handed out");
        assert!(!format!("{copy:?}").contains(EMAIL), "and nothing is shown in a log");
        let rows = shop.see(|tenant| tenant.requests()).await;
        assert_eq!((rows.len(), rows[0].id, rows[0].state.as_str()), (1, copy.request, "answered"));
        shop.app().forget_ticket(token.expose()).await.expect("it ends");
        assert!(shop.app().shown_to_be(token.expose()).await.is_err());
    }

    async fn a_request_without_a_way_to_answer_it_is_refused(shop) {
        for person in [
            Person::default(),
            bia_with(|it| it.contact = String::new()),
            bia_with(|it| it.called = String::new()),
            bia_with(|it| it.contact = "x".repeat(255)),
            bia_with(|it| it.text = "x".repeat(MAX_TEXT_CHARS + 1)),
        ] {
            assert!(matches!(ask(&shop, ERASE, person).await, Err(PrivacyError::Incomplete)));
        }
        ask(&shop, ERASE, bia()).await.expect("it is taken");
        let soon = shop.app().ask_privacy(shop.organization, None, ERASE, bia(), "es", NETWORK).await;
        assert!(matches!(soon, Err(PrivacyError::Wait(_))));
        assert_eq!(shop.see(|tenant| tenant.requests()).await.len(), 1);
    }

    async fn an_answer_goes_by_letter_once_and_stays_in_the_register_for_its_time(shop) {
        let mailbox = shop.gets_mailbox().await;
        let id = ask(&shop, ERASE, bia()).await.expect("it is taken");
        assert!(matches!(end(&shop, id, false, "").await, Err(RegisterError::Incomplete)));
        assert!(end(&shop, id, true, "Não há nada seu aqui.").await.expect("it is answered"));
        assert!(matches!(end(&shop, id, false, "de novo").await, Err(RegisterError::Ended)));
        shop.run_until_idle().await;
        let mail = newest(&mailbox);
        assert_eq!((mailbox.catcher.mails().len(), mail.to.as_slice()), (1, ["bia@fora.example".to_owned()].as_slice()));
        assert!(mail.text.contains("Não há nada seu aqui."), "{mail:?}");
        let open = shop.app().open_request(shop.organization, shop.member, id).await.expect("it is kept");
        assert_eq!((open.row.state.as_str(), open.answer.as_deref()), ("refused", Some("Não há nada seu aqui.")));
        assert_eq!((open.person.called.as_str(), open.person.text.as_str()), ("Bia Souza", "Apaguem tudo."));
        shop.wait(REQUEST_KEPT);
        shop.turn().await;
        assert_eq!(shop.number("SELECT COUNT(*) FROM privacy_request").await, 0);
    }

    async fn who_cannot_be_reached_by_letter_is_answered_in_the_register(shop) {
        let id = ask(&shop, ERASE, bia_with(|it| it.contact = "+55 41 99999-1234".into())).await.expect("it is taken");
        assert!(!end(&shop, id, false, "Feito.").await.expect("it is answered"));
        assert_eq!(shop.number("SELECT COUNT(*) FROM mail").await, 0);
    }

    async fn a_request_that_nobody_answers_is_overdue_after_its_last_day(shop) {
        ask(&shop, ERASE, bia()).await.expect("it is taken");
        let due = shop.see(|tenant| tenant.requests()).await[0].due_at;
        shop.wait(due.since(shop.now()).saturating_sub(MOMENT));
        assert_eq!(shop.app().overdue_requests().await.expect("a count"), 0);
        shop.wait(MOMENT);
        assert_eq!(shop.app().overdue_requests().await.expect("a count"), 1);
    }

    async fn who_is_erased_is_not_found_and_not_asked_for_again(shop) {
        let name = known_buyer(&shop).await;
        assert!(is_found(&shop, &name).await);
        let id = ask(&shop, ERASE, bia_with(|it| it.called.clone_from(&name))).await.expect("it is taken");
        assert!(matches!(erase(&shop, id, "123").await, Err(RegisterError::Unreadable)));
        assert_eq!(erase(&shop, id, "Zuleica Inexistente").await.expect("nobody"), Erased::default());
        assert_eq!(erase(&shop, id, &name).await.expect("it is erased"), Erased { buyers: 1, held: 0 });
        assert!(!is_found(&shop, &name).await);
        assert_eq!(shop.number("SELECT COUNT(*) FROM erasure").await, 1);
        swept(&shop).await;
        shop.run_until_idle().await;
        assert!(!is_found(&shop, &name).await, "the sweep does not ask again");
        let row = shop.see(move |tenant| tenant.request(id)).await.expect("the request");
        assert_eq!(row.erased, 1);
    }

    async fn a_backup_from_before_an_erasure_does_not_bring_its_buyer_back(shop) {
        let folder = tests::database::folder();
        let depot: Arc<dyn Depot> = Arc::new(Folder::at(folder.path().join("backups")));
        let scratch = folder.path().join("scratch");
        let every = Duration::from_hours(1);
        shop.app().plan_backups(Plan { depot: Arc::clone(&depot), every, keep_days: 30, scratch });
        let name = known_buyer(&shop).await;
        let backed_up = async || {
            let run = shop.app().backup_now(RunKind::Backup, &Actor::system("test")).await.expect("it ends");
            assert_eq!(run.error, None);
            shop.wait(Duration::from_secs(1));
            run.taken_at
        };
        let before = backed_up().await;
        let id = ask(&shop, ERASE, bia_with(|it| it.called.clone_from(&name))).await.expect("it is taken");
        assert_eq!(erase(&shop, id, &name).await.expect("it is erased").buyers, 1);
        backed_up().await;
        let restore = Restore {
            depot,
            keyring: shop.app().shared_keyring(),
            at: before,
            clock: Arc::new(ManualClock::at(shop.now())),
            entropy: Arc::new(vault::OsEntropy),
            progress: Arc::new(|_, _| {}),
        };
        let place = Location::File(folder.path().join("back.db"));
        let restored = restore.run(&place).await.expect("it is whole");
        assert!(restored.checks.iter().all(|check| check.good), "{:?}", restored.checks);
        let store = tokio::task::spawn_blocking(move || Store::open(&place)).await.expect("it ends");
        let store = store.expect("the restored database opens");
        let counts = store.installation().read(|tx| {
            let count = |tx: &mut Tx<'_>, sql: &str| tx.row(sql, &[], |row| row.get::<i64>(0));
            Ok((count(tx, "SELECT COUNT(*) FROM buyer_term")?, count(tx, "SELECT COUNT(*) FROM buyer WHERE opposed_at IS NOT NULL")?))
        });
        let left = shop.number("SELECT COUNT(*) FROM buyer_term").await;
        assert_eq!(counts.await, Ok((Some(left), Some(1))), "nothing but what is left in the shop itself");
    }

    async fn a_hold_stands_before_an_erasure(shop) {
        let name = known_buyer(&shop).await;
        let id = ask(&shop, ERASE, bia_with(|it| it.called.clone_from(&name))).await.expect("it is taken");
        let (on, until) = (app::holds::HoldOn::Person(name.clone()), shop.now().plus(Duration::from_hours(48)));
        shop.app().place_hold(shop.organization, shop.member, &on, "processo 1", until).await.expect("it is held");
        assert_eq!(erase(&shop, id, &name).await.expect("it is looked at"), Erased { buyers: 0, held: 1 });
        assert!(is_found(&shop, &name).await);
        let refused = shop.texts("SELECT phase FROM audit_event WHERE action = 'request.erased'").await;
        assert_eq!(refused, ["refused"]);
    }
}
