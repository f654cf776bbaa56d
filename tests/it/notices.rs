//! What members are told of their sign-in by letter: each event once, in their language, and none is
//! lost while the mail server is down.

use app::provider::ProviderRules;
use app::sign_in::{Shown, SignIn, Visit};
use domain::member::SecurityNotice;
use domain::role::Role;
use domain::{Permission, Restricted};
use sandbox::mail::{CaughtMail, MailRefusal, MailStage};
use store::sessions::SignedIn;
use tests::TestApp;
use tests::shop::{EMAIL, PASSWORD, PUBLIC_URL};
use web::Lang;

fn visit() -> Visit {
    Visit { agent: "Firefox, Android".into(), ..Visit::from_network("203.0.113.9") }
}

async fn enter(shop: &TestApp) -> SignedIn {
    let password = Restricted::new(PASSWORD.to_owned());
    let entered = shop.app().sign_in(EMAIL, password, &visit()).await.expect("the password is right");
    let entry = entered.entered().expect("and enough");
    shop.app().session(entry.session.expose()).await.unwrap().expect("the session is good")
}

fn subject(lang: Lang, notice: SecurityNotice) -> String {
    let what = web::i18n::text(lang, &format!("security-notice-{}", notice.as_str()));
    web::i18n::t(lang, "mail-notice-subject", &[("what", what)])
}

/// Letters about one event.
fn about(mails: &[CaughtMail], notice: SecurityNotice) -> usize {
    mails.iter().filter(|mail| mail.subject == subject(Lang::PtBr, notice)).count()
}

on_both! {
    async fn every_event_of_a_sign_in_is_a_letter_to_its_member(shop) {
        let mailbox = shop.gets_mailbox().await;
        let (app, first) = (shop.app(), enter(&shop).await);
        shop.run_until_idle().await;
        assert_eq!(mailbox.catcher.mails().len(), 0, "the first browser of all is no news");
        let who = enter(&shop).await;
        app.begin_authenticator(&who).await.expect("an app is begun");
        let new = app.new_authenticator(&who, EMAIL).await.unwrap().expect("it waits for its code");
        let seed = tests::authenticator::given(&new.secret);
        let codes = app.confirm_authenticator(&who, &seed.code(shop.now())).await.unwrap().codes.expect("codes");
        let password = Restricted::new(PASSWORD.to_owned());
        let Ok(SignIn::SecondStep(question)) = app.sign_in(EMAIL, password, &visit()).await else { panic!("a second step") };
        app.second_step(question.expose(), Shown::Code(codes[0].to_string()), &visit()).await.expect("a recovery code");
        app.end_sessions(&who, None).await.expect("the others end");
        let (scopes, day) = (vec![Permission::SeeOrders], std::time::Duration::from_hours(24));
        app.make_api_key(&who, "Planilha", scopes, Some(day)).await.expect("a key");
        app.remove_authenticator(&who).await.expect("the app goes");
        let (current, next) = (Restricted::new(PASSWORD.to_owned()), Restricted::new("quatro bananas na janela".to_owned()));
        app.change_password(&who, EMAIL, current, next).await.expect("another password");
        app.recovery_link(EMAIL, "phone lost").await.expect("a link");
        shop.run_until_idle().await;
        let mails = mailbox.catcher.mails();
        for (notice, times) in [
            (SecurityNotice::NewDevice, 2), (SecurityNotice::AuthenticatorAdded, 1), (SecurityNotice::CodesMade, 1),
            (SecurityNotice::CodeUsed, 1), (SecurityNotice::SessionsEnded, 1), (SecurityNotice::ApiKeyMade, 1),
            (SecurityNotice::AuthenticatorRemoved, 1), (SecurityNotice::PasswordChanged, 1), (SecurityNotice::RecoveryBegun, 1),
        ] {
            assert_eq!(about(&mails, notice), times, "{notice:?}: {mails:?}");
        }
        let (member, told) = (shop.member, mails.len());
        assert_eq!(shop.see(move |tenant| tenant.notices(member)).await.len(), told, "what is told on pages is told by letter");
        for mail in &mails {
            assert_eq!(mail.to, [EMAIL.to_owned()]);
            assert!(mail.text.contains(&format!("{PUBLIC_URL}/security")) && mail.text.contains("Se não foi você"), "{mail:?}");
            for secret in [codes[0].as_str(), codes[1].as_str(), new.secret.as_str(), "/recover/", "/sign-in/", "lojista_", PASSWORD] {
                assert!(!mail.text.contains(secret) && !mail.subject.contains(secret), "{mail:?}");
            }
        }
        drop(first);
    }

    async fn a_letter_is_in_its_members_language_and_goes_to_nobody_else(shop) {
        let mailbox = shop.gets_mailbox().await;
        let (app, owner) = (shop.app(), enter(&shop).await);
        let link = app.invite(&owner, "bia@casa.example", &[Role::Dispatch], "equipe").await.expect("an invitation");
        let token = link.rsplit('/').next().expect("a token");
        app.join(token, Restricted::new("quatro bananas na janela".to_owned()), "es").await.expect("she joins");
        shop.run_until_idle().await;
        let mails = mailbox.catcher.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        let subject = subject(Lang::Es, SecurityNotice::AccessChanged);
        assert_eq!((mails[0].to.as_slice(), &mails[0].subject), (["bia@casa.example".to_owned()].as_slice(), &subject));
    }

    async fn a_mail_server_that_is_down_loses_none(shop) {
        let mailbox = shop.gets_mailbox().await;
        mailbox.catcher.refuse(vec![MailRefusal { stage: MailStage::Greeting, code: 421, count: 3 }]);
        enter(&shop).await;
        enter(&shop).await;
        shop.settle().await;
        assert_eq!(mailbox.catcher.mails().len(), 0);
        shop.run_until_idle().await;
        assert_eq!(about(&mailbox.catcher.mails(), SecurityNotice::NewDevice), 1);
    }

    async fn a_linked_account_is_told_and_without_a_mail_server_nothing_breaks(shop) {
        let team = shop.gets_provider(ProviderRules::default()).await;
        let who = enter(&shop).await;
        let link = async || {
            let (app, errand) = (shop.app(), app::provider::Errand::Link);
            let (token, address) = app.to_provider(errand, Some(&who), "/security", &visit()).await.expect("a way there");
            let back = team.lets(&address, "ana-0001", true);
            let back = url::Url::parse(&format!("{PUBLIC_URL}{back}")).expect("an address");
            let field = |name: &str| back.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
            let returned = app::provider::Returned {
                state: field("state").unwrap_or_default(), code: field("code").unwrap_or_default(), iss: field("iss"), error: None,
            };
            app.back_from_provider(token.expose(), &returned, Some(&who), "en", &visit()).await.expect("it is linked");
        };
        link().await;
        shop.app().unlink_provider(&who).await.expect("it is unlinked");
        assert_eq!(shop.number("SELECT COUNT(*) FROM mail").await, 0, "no letters without a server");
        let mailbox = shop.gets_mailbox().await;
        link().await;
        shop.app().unlink_provider(&who).await.expect("it is unlinked");
        shop.run_until_idle().await;
        let mails = mailbox.catcher.mails();
        assert_eq!((about(&mails, SecurityNotice::ProviderLinked), about(&mails, SecurityNotice::ProviderUnlinked)), (1, 1), "{mails:?}");
    }
}
