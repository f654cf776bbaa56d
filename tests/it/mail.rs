//! Letters: kept sealed until the mail server has them, tried again or left to a person.

use std::net::Ipv4Addr;
use std::time::Duration;

use app::mail::Draft;
use domain::retention::MAIL_KEPT;
use domain::{Confidential, MailId, Problem};
use sandbox::mail::{MailRefusal, MailStage};
use store::jobs::DeadJobs;
use tests::TestApp;

const RECIPIENT: &str = "bia@fora.example";
const TEXT: &str = "Olá, Bia: o código é 482913.\n";

async fn post(shop: &TestApp, good_for: Duration) -> MailId {
    let app = shop.app();
    let draft = Draft {
        kind: "test",
        to: Confidential::new(RECIPIENT.into()),
        subject: "Seu código".into(),
        text: Confidential::new(TEXT.into()),
        good_for,
    };
    let kept = app.organization(shop.organization).write(move |tenant| app.post(tenant, &draft)).await;
    kept.expect("it is kept")
}

async fn waiting(shop: &TestApp) -> i64 {
    shop.number("SELECT COUNT(*) FROM mail").await
}

async fn ended(shop: &TestApp) -> Vec<String> {
    shop.texts("SELECT phase FROM audit_event WHERE action = 'mail.sent' ORDER BY id").await
}

fn refuse(stage: MailStage, code: u16, count: u32) -> Vec<MailRefusal> {
    vec![MailRefusal { stage, code, count }]
}

async fn revive(shop: &TestApp) {
    let (id, now) = (shop.problems().await[0].id, shop.now());
    let revived = shop
        .app()
        .organization(shop.organization)
        .write(move |tenant| tenant.revive(&DeadJobs::One(id), now))
        .await;
    assert_eq!(revived.expect("the database answers"), 1);
}

on_both! {
    async fn a_letter_arrives_once_and_is_forgotten(shop) {
        let mailbox = shop.gets_mailbox().await;
        let id = post(&shop, MAIL_KEPT).await;
        shop.run_until_idle().await;
        let mails = mailbox.catcher.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!((mails[0].to.as_slice(), mails[0].subject.as_str()), ([RECIPIENT.to_owned()].as_slice(), "Seu código"));
        assert_eq!((mails[0].text.trim_end(), mails[0].from.as_str()), (TEXT.trim_end(), "loja@loja.example"));
        assert!(mails[0].message_id.contains(&id.to_string()), "{mails:?}");
        assert_eq!((waiting(&shop).await, ended(&shop).await), (0, vec!["done".to_owned()]));
    }

    async fn nobody_reads_it_while_it_waits(shop) {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr()).expect("a port");
        shop.mails_to(free);
        shop.leaves_jobs();
        post(&shop, MAIL_KEPT).await;
        shop.settle().await;
        let mut all = shop.texts("SELECT kind || payload || cause || COALESCE(error, '') FROM job").await;
        all.extend(shop.texts("SELECT details || subject_id || actor FROM audit_event").await);
        all.extend(shop.read(|tx| tx.rows("SELECT letter_sealed FROM mail", &[], |row| row.get::<Vec<u8>>(0))).await
            .iter().map(|sealed| String::from_utf8_lossy(sealed).into_owned()));
        let all = all.join("\n");
        assert!(all.contains("send_mail"), "{all}");
        for word in [RECIPIENT, "Bia", "482913", "código"] {
            assert!(!all.contains(word), "{word} can be read");
        }
    }

    async fn a_server_that_says_later_gets_it_later(shop) {
        let mailbox = shop.gets_mailbox().await;
        for (stage, code) in [(MailStage::Greeting, 421), (MailStage::Recipient, 451), (MailStage::Letter, 452)] {
            mailbox.catcher.refuse(refuse(stage, code, 2));
            let before = mailbox.catcher.mails().len();
            post(&shop, MAIL_KEPT).await;
            shop.settle().await;
            assert_eq!((mailbox.catcher.mails().len(), waiting(&shop).await), (before, 1), "{stage:?}");
            shop.run_until_idle().await;
            assert_eq!((mailbox.catcher.mails().len(), waiting(&shop).await), (before + 1, 0), "{stage:?}");
        }
        assert_eq!(ended(&shop).await, ["done", "done", "done"], "a try in between is no end");
    }

    async fn a_refusal_waits_for_a_person_and_goes_when_it_is_mended(shop) {
        let mailbox = shop.gets_mailbox().await;
        mailbox.catcher.refuse(refuse(MailStage::Recipient, 550, 1));
        post(&shop, MAIL_KEPT).await;
        shop.run_until_idle().await;
        let letters = shop.problems().await;
        assert_eq!((letters.len(), letters[0].problem, letters[0].connection), (1, Problem::MailRefused, None));
        assert!(letters[0].error.contains("550") && !letters[0].error.contains(RECIPIENT), "{:?}", letters[0]);
        assert_eq!(waiting(&shop).await, 1, "it is kept for another try");
        revive(&shop).await;
        shop.run_until_idle().await;
        assert_eq!((mailbox.catcher.mails().len(), waiting(&shop).await), (1, 0));
        assert_eq!(ended(&shop).await, ["failed", "done"]);
    }

    async fn a_server_that_stays_away_waits_for_a_person(shop) {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr()).expect("a port");
        shop.mails_to(free);
        shop.leaves_dead_letters();
        let begun = shop.now();
        post(&shop, MAIL_KEPT).await;
        shop.run_until_idle().await;
        assert_eq!(shop.problems().await[0].problem, Problem::MailServer);
        assert!(shop.now().since(begun) >= Duration::from_mins(15), "it was tried for a while");
        assert_eq!(ended(&shop).await, ["failed"]);
    }

    async fn without_a_server_a_letter_waits_for_the_operator(shop) {
        assert!(!shop.app().sends_mail());
        post(&shop, MAIL_KEPT).await;
        shop.run_until_idle().await;
        assert_eq!(shop.problems().await[0].problem, Problem::MailServer);
        let mailbox = shop.gets_mailbox().await;
        revive(&shop).await;
        shop.run_until_idle().await;
        assert_eq!(mailbox.catcher.mails().len(), 1);
    }

    async fn what_is_too_late_is_not_sent(shop) {
        let mailbox = shop.gets_mailbox().await;
        mailbox.catcher.refuse(refuse(MailStage::Greeting, 421, 1));
        post(&shop, Duration::from_secs(1)).await;
        shop.run_until_idle().await;
        assert_eq!((mailbox.catcher.mails().len(), waiting(&shop).await), (0, 0));
        post(&shop, Duration::from_hours(1)).await;
        shop.wait(Duration::from_hours(2));
        shop.turn().await;
        assert_eq!(waiting(&shop).await, 0, "the clockwork forgets it");
        shop.run_until_idle().await;
        assert_eq!(mailbox.catcher.mails().len(), 0);
    }

    async fn many_letters_go_out_side_by_side(shop) {
        let mailbox = shop.gets_mailbox().await;
        for _ in 0..20 {
            post(&shop, MAIL_KEPT).await;
        }
        shop.run_until_idle().await;
        assert_eq!((mailbox.catcher.mails().len(), waiting(&shop).await), (20, 0));
    }
}
