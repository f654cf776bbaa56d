use crate::kit::{Running, complained, count, database, get, lojista, post, run, said};

const EMAIL: &str = "ana@casaverde.example";
const WHY: &str = "phone lost, recognised in a video call";

#[test]
fn who_lost_everything_comes_back_with_a_link_of_the_server_s_own() {
    let home = tempfile::tempdir().unwrap();
    let shop = Running::start(&mut lojista(
        home.path(),
        &["serve", "--data", "shop", "--listen", "127.0.0.1:0", "--json"],
    ));
    let ready = shop.json();
    let (url, setup) = (ready["url"].as_str().unwrap(), ready["setup_link"].as_str().unwrap());
    let owner =
        [("organization", "Casa Verde"), ("email", EMAIL), ("password", "caneca vermelha na prateleira 42")];
    assert_eq!(post(setup, &owner), 303);

    let recover = |email: &str, because: &str| {
        run(
            home.path(),
            &["user", "recover", email, "--because", because, "--data", "shop", "--public-url", url],
        )
    };
    for (email, because, say) in
        [("eva@casaverde.example", WHY, "no member has this"), (EMAIL, " ", "say why")]
    {
        let refused = recover(email, because);
        assert_eq!((refused.status.code(), said(&refused).as_str()), (Some(1), ""));
        assert!(complained(&refused).contains(say), "{}", complained(&refused));
    }
    let made = recover(EMAIL, WHY);
    assert!(made.status.success(), "{}", complained(&made));
    let link = said(&made).trim().to_owned();
    assert!(link.starts_with(&format!("{url}/recover/")), "{link}");
    assert!(!complained(&made).contains(link.rsplit('/').next().unwrap()), "the token is not in the log");

    assert_eq!(get(&link).0, 200);
    let fields = |password| [("email", EMAIL), ("password", password)];
    assert_eq!(post(&link, &fields("123456789012")), 422);
    assert_eq!(post(&link, &fields("quatro bananas na janela")), 303);
    assert_eq!(get(&link).0, 410, "it works once");
    assert_eq!(post(&format!("{url}/sign-in"), &fields("caneca vermelha na prateleira 42")), 401);
    assert_eq!(post(&format!("{url}/sign-in"), &fields("quatro bananas na janela")), 303);
    shop.end();
    let db = database(&home.path().join("shop"));
    let told = "SELECT COUNT(*) FROM audit_event WHERE action IN ('member.recovery_begun', 'member.recovered') \
                AND details LIKE '%phone lost%'";
    assert_eq!(count(&db, told), 2);
}
