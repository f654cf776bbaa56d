//! Every change has its event, and the log proves itself to an outsider.

use std::fs;
use std::path::Path;

use app::audit::ExportError;
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use tests::TestApp;
use vault::export::{ENTRIES_FOLDER, Report};
use vault::{LogVerifier, verify_export};

const SHARED: &str = "CAN-INOX-500";

async fn a_days_work(shop: &TestApp) {
    shop.connect_classic().await;
    shop.sell(&shop.market().items_of(CLASSIC_SELLER, SHARED)[0], 1);
    shop.run_until_idle().await;
    let sku = shop.sku(SHARED).await;
    let adjusted = shop.app().adjust(shop.organization, shop.member, sku.id, 33, 2, "contagem").await;
    adjusted.expect("a count is taken");
    shop.run_until_idle().await;
}

fn verify(folder: &Path, key: &str) -> Report {
    let verifier: LogVerifier = key.parse().expect("the published key is one");
    verify_export(folder, &verifier).expect("the folder can be read")
}

on_both! {
    async fn every_change_has_its_event(shop) {
        a_days_work(&shop).await;
        for (changes, action) in [
            ("SELECT COUNT(*) FROM member", "member.created"),
            ("SELECT COUNT(*) FROM connection", "connection.authorized"),
            ("SELECT COUNT(*) FROM import_run", "connection.import_started"),
            ("SELECT COUNT(*) FROM import_run WHERE finished_at IS NOT NULL", "connection.imported"),
            ("SELECT COUNT(*) FROM orders", "order.taken_in"),
            ("SELECT COUNT(*) FROM ledger WHERE reason = 'import'", "sku.opened"),
            ("SELECT COUNT(*) FROM ledger WHERE kind = 'adjustment'", "sku.adjusted"),
        ] {
            let told = shop
                .read(move |tx| {
                    let sql = "SELECT COUNT(*) FROM audit_event WHERE action = $1 AND phase = 'done'";
                    tx.row(sql, store::params![action], |row| row.get::<i64>(0))
                })
                .await;
            let changed = shop.number(changes).await;
            assert!(changed > 0, "{action}");
            assert_eq!(told, Some(changed), "{action}");
        }
    }

    async fn a_write_to_the_platform_is_announced_before_and_told_after(shop) {
        a_days_work(&shop).await;
        let phase = |phase| format!("SELECT COUNT(*) FROM audit_event WHERE action = 'listing.stock_written' AND phase = '{phase}'");
        let (intents, done) = (phase("intent"), phase("done"));
        let intents = shop.read(move |tx| tx.row(&intents, &[], |row| row.get::<i64>(0))).await;
        let done = shop.read(move |tx| tx.row(&done, &[], |row| row.get::<i64>(0))).await;
        let writes = i64::try_from(shop.market().count(&http::Method::PUT, "/items/")).ok();
        assert!(writes > Some(0));
        assert_eq!((intents, done), (writes, writes));
    }

    async fn an_export_proves_itself_and_an_edited_one_does_not(shop) {
        a_days_work(&shop).await;
        let folder = tests::database::folder();
        let size = shop.app().export_audit(folder.path()).await.expect("the log is exported");
        let key = shop.app().audit_verifier();
        let report = verify(folder.path(), &key);
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!(i64::try_from(report.proven).ok(), Some(size));

        let file = fs::read_dir(folder.path().join(ENTRIES_FOLDER)).expect("entries").next();
        let file = file.expect("one file").expect("a readable folder").path();
        let mut bytes = fs::read(&file).expect("the file can be read");
        let place = bytes.windows(7).position(|part| part == b"sku.adj").expect("the count is in there");
        bytes[place] ^= 1;
        fs::write(&file, bytes).expect("the file can be written");
        assert!(!verify(folder.path(), &key).is_clean());
    }

    async fn an_event_rewritten_in_the_database_is_named_and_the_export_shows_what_it_said(shop) {
        a_days_work(&shop).await;
        shop.app().sequence_audit().await.expect("the events are sequenced");
        let rewritten = &["UPDATE audit_event SET actor = 'somebody else' WHERE action = 'sku.adjusted'"];
        assert!(shop.meddle(rewritten).await, "there is such an event");
        let folder = tests::database::folder();
        let refused = shop.app().export_audit(folder.path()).await.expect_err("a rewritten event");
        assert!(matches!(&refused, ExportError::Altered(events) if events.len() == 1), "{refused}");
        assert!(verify(folder.path(), &shop.app().audit_verifier()).is_clean(), "the leaves are untouched");
    }
}
