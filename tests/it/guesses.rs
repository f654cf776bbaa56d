//! Whoever guesses gets few tries, and whoever belongs here does not notice.

use std::time::Duration;

use app::App;
use app::sign_in::{Entry, Shown, SignIn, SignInError, Visit};
use axum::body::{Body, to_bytes};
use domain::Restricted;
use domain::limit::{
    CODE_PER_MEMBER_OF_STRANGERS, OWN_PASSWORD_PER_MEMBER, PASSKEY_QUESTION_PER_NETWORK,
    SIGN_IN_PER_ACCOUNT_AND_BROWSER, SIGN_IN_PER_ACCOUNT_AND_NETWORK, SIGN_IN_PER_ACCOUNT_OF_STRANGERS,
    SIGN_IN_PER_NETWORK,
};
use http::{Request, StatusCode, header};
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD};
use tower::ServiceExt as _;
use vault::totp::{STEP_SECONDS, Seed};
use web::WebConfig;

const HOME: &str = "198.51.100.7";
const WRONG: &str = "a wrong guess of a stranger";
const NOBODY: &str = "ninguem@loja.example";
const STEP: Duration = Duration::from_secs(STEP_SECONDS.unsigned_abs());

async fn tries(app: &App, email: &str, password: &str, visit: &Visit) -> Result<SignIn, SignInError> {
    app.sign_in(email, Restricted::new(password.to_owned()), visit).await
}

fn stranger(number: u32) -> Visit {
    Visit::from_network(&format!("203.{}.{}.{}", number / 65_536, number / 256 % 256, number % 256))
}

fn browser(entry: &Entry, network: &str) -> Visit {
    let device = entry.device.as_ref().map(|token| token.expose().to_owned());
    Visit { device, ..Visit::from_network(network) }
}

/// The owner comes in at home for the first time.
async fn at_home(shop: &TestApp) -> Entry {
    let entered = tries(&shop.app(), EMAIL, PASSWORD, &Visit::from_network(HOME)).await;
    entered.expect("the password is right").entered().expect("and enough")
}

/// Strangers guess until all of them have to wait.
async fn strangers_guess(shop: &TestApp, email: &str) {
    for number in 0..SIGN_IN_PER_ACCOUNT_OF_STRANGERS.burst {
        let guess = tries(&shop.app(), email, WRONG, &stranger(number)).await;
        assert!(matches!(guess, Err(SignInError::Wrong)), "{guess:?}");
    }
    let guess = tries(&shop.app(), email, WRONG, &stranger(999)).await;
    assert!(matches!(guess, Err(SignInError::Wait(_))), "{guess:?}");
}

async fn kept(shop: &TestApp) -> (i64, i64) {
    let events = shop.number("SELECT COUNT(*) FROM audit_event").await;
    (events, shop.number("SELECT COUNT(*) FROM limit_taken").await)
}

async fn authenticator(shop: &TestApp, entry: &Entry) -> Seed {
    let app = shop.app();
    let who = app.session(entry.session.expose()).await.unwrap().expect("the session is good");
    app.begin_authenticator(&who).await.expect("an app is begun");
    let new = app.new_authenticator(&who, EMAIL).await.unwrap().expect("it waits for its code");
    let seed = tests::authenticator::given(&new.secret);
    app.confirm_authenticator(&who, &seed.code(shop.now())).await.expect("the first code is right");
    shop.wait(STEP);
    seed
}

/// The question that a right password leads to, wherever it is typed.
async fn question(shop: &TestApp, visit: &Visit) -> String {
    match tries(&shop.app(), EMAIL, PASSWORD, visit).await.expect("the password is right") {
        SignIn::SecondStep(token) => token.expose().to_owned(),
        SignIn::Entered(_) => panic!("the password was enough"),
    }
}

async fn shows(shop: &TestApp, question: &str, code: &str, visit: &Visit) -> Result<Entry, SignInError> {
    shop.app().second_step(question, Shown::Code(code.to_owned()), visit).await
}

on_both! {
    /// ASVS 6.3.1.
    async fn a_thousand_networks_share_few_guesses_while_the_owner_comes_and_goes_at_home(shop) {
        at_home(&shop).await;
        let (before, began) = (shop.app().hashes_computed(), shop.now());
        let (mut refused, mut own) = (0_u32, 0);
        for number in 0..3_000 {
            shop.wait(Duration::from_millis(500));
            match tries(&shop.app(), EMAIL, WRONG, &stranger(number % 1_000)).await {
                Err(SignInError::Wait(_)) => refused += 1,
                guess => assert!(matches!(guess, Err(SignInError::Wrong)), "{guess:?}"),
            }
            if number % 100 == 0 {
                let home = tries(&shop.app(), EMAIL, PASSWORD, &Visit::from_network(HOME)).await;
                assert!(matches!(home, Ok(SignIn::Entered(_))), "{home:?}");
                own += 1;
            }
        }
        let spans = shop.now().since(began).as_secs() / SIGN_IN_PER_ACCOUNT_OF_STRANGERS.every.as_secs();
        let most = u64::from(SIGN_IN_PER_ACCOUNT_OF_STRANGERS.burst) + spans;
        let guesses = shop.app().hashes_computed() - before - own;
        assert!(guesses <= most, "{guesses} guesses were looked at, {most} may be");
        assert_eq!(guesses + u64::from(refused), 3_000, "whoever is refused costs no hash");
        let lucky = tries(&shop.app(), EMAIL, PASSWORD, &stranger(7)).await;
        assert!(matches!(lucky, Err(SignInError::Wait(_))), "the right guess waits, too: {lucky:?}");
    }

    async fn her_browser_comes_in_from_wherever_it_is_taken(shop) {
        let phone = at_home(&shop).await;
        strangers_guess(&shop, EMAIL).await;
        let abroad = browser(&phone, "192.0.2.44");
        let came = tries(&shop.app(), EMAIL, PASSWORD, &abroad).await;
        assert!(matches!(came, Ok(SignIn::Entered(_))), "{came:?}");
        let somebodys = Visit::from_network("192.0.2.45");
        let waits = tries(&shop.app(), EMAIL, PASSWORD, &somebodys).await;
        assert!(matches!(waits, Err(SignInError::Wait(_))), "a place that is new to her waits: {waits:?}");
    }

    async fn a_mark_of_another_account_s_browser_opens_no_shorter_way(shop) {
        let phone = at_home(&shop).await;
        strangers_guess(&shop, NOBODY).await;
        let waits = tries(&shop.app(), NOBODY, WRONG, &browser(&phone, HOME)).await;
        assert!(matches!(waits, Err(SignInError::Wait(_))), "{waits:?}");
    }

    async fn who_knows_her_browser_s_mark_has_few_guesses_in_all_networks(shop) {
        let phone = at_home(&shop).await;
        let mut looked_at = 0;
        for number in 0..50 {
            let stolen = browser(&phone, &stranger(number).network);
            looked_at += u32::from(matches!(tries(&shop.app(), EMAIL, WRONG, &stolen).await, Err(SignInError::Wrong)));
        }
        assert_eq!(looked_at, SIGN_IN_PER_ACCOUNT_AND_BROWSER.burst);
        let home = tries(&shop.app(), EMAIL, PASSWORD, &Visit::from_network(HOME)).await;
        assert!(home.is_ok(), "{home:?}");
    }

    async fn who_signs_in_ten_times_a_day_never_notices(shop) {
        for day in 0..5_u32 {
            for turn in 0..10_u32 {
                if turn % 4 == 3 {
                    let slip = tries(&shop.app(), EMAIL, "caneca vermelha na prateleira 24", &Visit::from_network(HOME)).await;
                    assert!(matches!(slip, Err(SignInError::Wrong)), "{slip:?}");
                }
                let came = tries(&shop.app(), EMAIL, PASSWORD, &Visit::from_network(HOME)).await;
                assert!(matches!(came, Ok(SignIn::Entered(_))), "day {day}, turn {turn}: {came:?}");
                shop.wait(Duration::from_secs(20));
            }
        }
        for _ in 0..100 {
            let at_once = tries(&shop.app(), EMAIL, PASSWORD, &Visit::from_network(HOME)).await;
            assert!(at_once.is_ok(), "who succeeds has taken nothing: {at_once:?}");
        }
    }

    async fn all_nodes_count_together_and_a_restart_forgives_nothing(shop) {
        at_home(&shop).await;
        let other = shop.second_process("node-2").await;
        let nodes = [shop.app(), other];
        for number in 0..SIGN_IN_PER_ACCOUNT_AND_NETWORK.burst {
            let node = &nodes[usize::try_from(number % 2).unwrap()];
            let guess = tries(node, EMAIL, WRONG, &stranger(1)).await;
            assert!(matches!(guess, Err(SignInError::Wrong)), "{guess:?}");
        }
        for node in &nodes {
            let guess = tries(node, EMAIL, WRONG, &stranger(1)).await;
            assert!(matches!(guess, Err(SignInError::Wait(_))), "{guess:?}");
        }
        shop.restart("node-3").await;
        let guess = tries(&shop.app(), EMAIL, PASSWORD, &stranger(1)).await;
        assert!(matches!(guess, Err(SignInError::Wait(_))), "{guess:?}");
        shop.wait(SIGN_IN_PER_ACCOUNT_AND_NETWORK.every);
        let guess = tries(&nodes[1], EMAIL, WRONG, &stranger(1)).await;
        assert!(matches!(guess, Err(SignInError::Wrong)), "one has come back: {guess:?}");
    }

    async fn neither_words_nor_work_tell_who_has_an_account(shop) {
        at_home(&shop).await;
        // What her own sign-in took is back; the clockwork forgets the rows.
        shop.wait(Duration::from_hours(2));
        shop.turn().await;
        let mut told = Vec::new();
        for (number, email) in [(1, EMAIL), (2, NOBODY)] {
            let mut answers = Vec::new();
            for _ in 0..SIGN_IN_PER_ACCOUNT_AND_NETWORK.burst + 2 {
                let (hashes, (events, limits)) = (shop.app().hashes_computed(), kept(&shop).await);
                let refused = tries(&shop.app(), email, WRONG, &stranger(number)).await.expect_err("it is wrong");
                let (more_events, more_limits) = kept(&shop).await;
                let work = (shop.app().hashes_computed() - hashes, more_events - events, more_limits - limits);
                answers.push((refused.to_string(), work));
            }
            told.push(answers);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0][0].1, (1, 1, 3), "a hash, an event, three limits");
        assert_eq!(told[0].last().map(|last| last.1), Some((0, 0, 0)), "who is refused costs nothing");
    }

    async fn what_is_kept_of_a_network_does_not_say_which(shop) {
        at_home(&shop).await;
        let kept: Vec<Vec<u8>> =
            shop.read(|tx| tx.rows("SELECT network_hash FROM familiar_network", &[], |row| row.get(0))).await;
        assert_eq!(kept.iter().map(Vec::len).collect::<Vec<_>>(), [32]);
        assert!(!kept[0].windows(HOME.len()).any(|part| part == HOME.as_bytes()));
        assert_ne!(kept[0], vault::token::sha256(HOME.as_bytes()));
    }

    async fn all_addresses_of_a_subscriber_are_one_network(shop) {
        let mut looked_at = 0;
        for number in 0..20 {
            let visit = Visit::from_network(&format!("2001:db8:7:8::{number:x}"));
            looked_at += u32::from(matches!(tries(&shop.app(), EMAIL, WRONG, &visit).await, Err(SignInError::Wrong)));
        }
        assert_eq!(looked_at, SIGN_IN_PER_ACCOUNT_AND_NETWORK.burst);
    }

    async fn one_network_tries_few_accounts(shop) {
        let mut looked_at = 0;
        for number in 0..60 {
            let guess = tries(&shop.app(), &format!("{number}@loja.example"), WRONG, &stranger(1)).await;
            looked_at += u32::from(matches!(guess, Err(SignInError::Wrong)));
        }
        assert_eq!(looked_at, SIGN_IN_PER_NETWORK.burst);
    }

    /// ASVS 6.6.3.
    async fn who_has_her_password_and_guesses_codes_keeps_her_browser_out_of_nothing(shop) {
        let phone = at_home(&shop).await;
        let seed = authenticator(&shop, &phone).await;
        let thief = stranger(1);
        let open = question(&shop, &thief).await;
        for _ in 0..CODE_PER_MEMBER_OF_STRANGERS.burst {
            let wrong = shows(&shop, &open, "000000", &thief).await;
            assert!(matches!(wrong, Err(SignInError::Wrong)), "{wrong:?}");
        }
        let waits = shows(&shop, &open, "000000", &stranger(2)).await;
        assert!(matches!(waits, Err(SignInError::Wait(_))), "from wherever: {waits:?}");
        let own = browser(&phone, HOME);
        let hers = question(&shop, &own).await;
        shows(&shop, &hers, &seed.code(shop.now()), &own).await.expect("her code is right");
    }

    async fn codes_that_are_right_take_nothing(shop) {
        let phone = at_home(&shop).await;
        let seed = authenticator(&shop, &phone).await;
        let new_place = stranger(1);
        for _ in 0..CODE_PER_MEMBER_OF_STRANGERS.burst * 3 {
            let open = question(&shop, &new_place).await;
            shows(&shop, &open, &seed.code(shop.now()), &new_place).await.expect("the code is right");
            shop.wait(STEP);
        }
    }

    async fn guesses_of_passwords_keep_no_passkey_out(shop) {
        for number in 0..SIGN_IN_PER_NETWORK.burst + 5 {
            let _refused = tries(&shop.app(), &format!("{number}@loja.example"), WRONG, &Visit::from_network(HOME)).await;
        }
        strangers_guess(&shop, EMAIL).await;
        let app = shop.app();
        let here = Visit::from_network(HOME);
        let (asked, _) = app.ask_passkey(&here).await.unwrap().expect("the shop has a name");
        let shown = app.sign_in_with_passkey(asked.expose(), "{}", &here).await;
        assert!(matches!(shown, Err(SignInError::Wrong)), "it was looked at: {shown:?}");
    }

    async fn questions_for_passkeys_fill_no_disk(shop) {
        let mut put = 0;
        for _ in 0..PASSKEY_QUESTION_PER_NETWORK.burst + 50 {
            put += u32::from(shop.app().ask_passkey(&stranger(1)).await.is_ok());
        }
        assert_eq!(put, PASSKEY_QUESTION_PER_NETWORK.burst);
        assert_eq!(shop.number("SELECT COUNT(*) FROM challenge").await, i64::from(put));
    }

    async fn who_found_a_screen_open_guesses_the_password_a_few_times(shop) {
        let entry = at_home(&shop).await;
        let app = shop.app();
        let who = app.session(entry.session.expose()).await.unwrap().expect("the session is good");
        let change = async |current: &str| {
            let new = Restricted::new("quatro bananas na janela".to_owned());
            app.change_password(&who, EMAIL, Restricted::new(current.to_owned()), new).await
        };
        for _ in 0..OWN_PASSWORD_PER_MEMBER.burst {
            assert!(matches!(change(WRONG).await, Err(app::factors::FactorError::Wrong)));
        }
        let hashes = app.hashes_computed();
        assert!(matches!(change(PASSWORD).await, Err(app::factors::FactorError::Wait(_))));
        assert_eq!(app.hashes_computed(), hashes);
        shop.wait(OWN_PASSWORD_PER_MEMBER.every);
        change(PASSWORD).await.expect("the right one, in time");
    }

    async fn whoever_has_to_wait_reads_how_long_and_what_else_to_do(shop) {
        let config = WebConfig { secure_cookies: true, trusted_proxies: Vec::new(), pages_per_minute: None, hook_door: "door".into() };
        let router = web::router(shop.app(), config);
        let mut last = None;
        for _ in 0..=SIGN_IN_PER_ACCOUNT_AND_NETWORK.burst {
            let body = Body::from(format!("email={EMAIL}&password=wrong+all+the+same"));
            let request = Request::post("/sign-in")
                .header("sec-fetch-site", "same-origin")
                .header(header::ACCEPT_LANGUAGE, "en")
                .body(body)
                .expect("a request");
            last = Some(router.clone().oneshot(request).await.expect("it is answered"));
        }
        let answer = last.expect("it was asked");
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers().get(header::RETRY_AFTER).map(|value| value.as_bytes()), Some(&b"30"[..]));
        let page = to_bytes(answer.into_body(), 1 << 20).await.expect("a page");
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("Try again in 30 s, or sign in now with a passkey."), "{page}");
    }
}
