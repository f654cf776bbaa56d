//! Checkpoints leave the house by themselves, and a log that was rewritten or put back cannot
//! hide from those that left.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::App;
use app::audit_push::{FIRST_RETRY, PUSH_EVERY, PushPlace, PushTrouble};
use bytes::Bytes;
use connect::outbound::Sending;
use connect::{Outbound, Transport, TransportError, WireRequest, WireResponse};
use domain::ManualClock;
use http::{HeaderMap, StatusCode};
use tests::TestApp;
use vault::{LogVerifier, verify_export_with};

/// Somebody outside who takes checkpoints by POST.
#[derive(Debug, Clone)]
struct Outside {
    got: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<Option<StatusCode>>>,
}

impl Outside {
    fn new() -> Self {
        Self { got: Arc::default(), status: Arc::new(Mutex::new(Some(StatusCode::OK))) }
    }

    /// What it answers from now on; `None` for nothing.
    fn answers(&self, status: Option<StatusCode>) {
        *self.status.lock().expect("unpoisoned") = status;
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().expect("unpoisoned").clone()
    }

    fn place(&self, address: &str) -> PushPlace {
        let clock = Arc::new(ManualClock::at(domain::Timestamp::EPOCH));
        let outbound = Arc::new(Outbound::new(Arc::new(self.clone()), clock));
        PushPlace::address(address, outbound).expect("an address")
    }
}

impl Transport for Outside {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        let status = *self.status.lock().expect("unpoisoned");
        if status.is_some() {
            let note = String::from_utf8(request.body.to_vec()).expect("a text");
            self.got.lock().expect("unpoisoned").push(format!("{} {}\n{note}", request.method, request.url));
        }
        Box::pin(async move {
            let status = status.ok_or(TransportError::Connect)?;
            Ok(WireResponse { status, headers: HeaderMap::new(), body: Bytes::new() })
        })
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Something happens, is given its place, and checkpoints go out where they are due.
async fn something_happens(shop: &TestApp, app: &App) {
    app.note_export_by_command("folder").await.expect("the event is kept");
    app.sequence_audit().await.expect("the events are sequenced");
    shop.wait(PUSH_EVERY);
    app.push_checkpoints().await.expect("the database answers");
}

async fn trouble(app: &App) -> Option<PushTrouble> {
    app.push_states().await.expect("the database answers")[0].trouble
}

async fn sizes(app: &App) -> Vec<Option<i64>> {
    let states = app.push_states().await.expect("the database answers");
    states.into_iter().map(|state| state.newest.map(|(size, _)| size)).collect()
}

/// A statement on the database behind the program's back.
async fn rewrite(app: &App, sql: &'static str) {
    let touched = app.store().installation().write(move |tx| tx.execute(sql, &[])).await;
    assert!(touched.is_ok_and(|touched| touched > 0), "{sql}");
}

on_both! {
    async fn each_place_gets_the_newest_checkpoint_as_it_was_signed(shop) {
        let (folder, outside) = (tests::database::folder(), Outside::new());
        let address = "https://contador.example/lojas/7/";
        let app = shop.app().publishing(vec![PushPlace::folder(folder.path().into()), outside.place(address)]);
        assert_eq!(sizes(&app).await, [None, None]);
        something_happens(&shop, &app).await;
        something_happens(&shop, &app).await;
        let files = files_in(folder.path());
        assert_eq!(files.len(), 2, "one file for each, and no half ones");
        let newest = fs::read_to_string(&files[1]).expect("a note");
        let verifier: LogVerifier = app.audit_verifier().parse().expect("the key");
        let checkpoint = verifier.verify(&newest).expect("as it was signed");
        let size = i64::try_from(checkpoint.size).ok();
        assert_eq!(files[1].file_name().and_then(|name| name.to_str()), Some(format!("{:020}", checkpoint.size).as_str()));
        assert_eq!(outside.got().last(), Some(&format!("POST {address}\n{newest}")));
        assert_eq!(sizes(&app).await, [size, size]);
        assert_eq!(app.push_states().await.expect("states")[1].place, "https://contador.example/…", "its path may be a key");

        app.push_checkpoints().await.expect("the database answers");
        shop.wait(PUSH_EVERY);
        app.push_checkpoints().await.expect("the database answers");
        assert_eq!((files_in(folder.path()).len(), outside.got().len()), (2, 2), "what is there is not sent again");
    }

    async fn two_nodes_send_a_checkpoint_once(shop) {
        let outside = Outside::new();
        let place = || vec![outside.place("https://contador.example/")];
        let (one, other) = (shop.app().publishing(place()), shop.second_process("node-2").await.publishing(place()));
        one.sequence_audit().await.expect("the events are sequenced");
        let (left, right) = tokio::join!(one.push_checkpoints(), other.push_checkpoints());
        assert!(left.is_ok() && right.is_ok());
        assert_eq!(outside.got().len(), 1);
    }

    async fn a_place_that_is_away_is_tried_again_and_catches_up(shop) {
        let outside = Outside::new();
        let app = shop.app().publishing(vec![outside.place("https://contador.example/")]);
        for (answer, why) in [(None, PushTrouble::Unreachable), (Some(StatusCode::BAD_GATEWAY), PushTrouble::Refused)] {
            outside.answers(answer);
            something_happens(&shop, &app).await;
            assert_eq!((trouble(&app).await, sizes(&app).await), (Some(why), vec![None]));
        }
        outside.answers(Some(StatusCode::NO_CONTENT));
        shop.wait(FIRST_RETRY);
        app.push_checkpoints().await.expect("the database answers");
        assert_eq!(trouble(&app).await, Some(PushTrouble::Refused), "the second wait is longer");
        shop.wait(FIRST_RETRY);
        app.push_checkpoints().await.expect("the database answers");
        assert_eq!(trouble(&app).await, None);
        assert_eq!(shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'checkpoint.parted'").await, 0);
    }

    async fn a_folder_that_is_not_there_is_not_made_and_said(shop) {
        let folder = tests::database::folder();
        let missing = folder.path().join("mount");
        let app = shop.app().publishing(vec![PushPlace::folder(missing.clone())]);
        something_happens(&shop, &app).await;
        assert_eq!(trouble(&app).await, Some(PushTrouble::Folder));
        assert!(!missing.exists(), "a mount that is away must not become a folder of this machine");
    }

    async fn a_log_rewritten_in_its_past_is_an_alarm_and_is_not_sent(shop) {
        let (folder, outside) = (tests::database::folder(), Outside::new());
        let app = shop.app().publishing(vec![PushPlace::folder(folder.path().into()), outside.place("https://contador.example/")]);
        something_happens(&shop, &app).await;
        rewrite(&app, "UPDATE audit_event SET leaf = (SELECT leaf FROM audit_event WHERE seq = 1) WHERE seq = 0").await;
        something_happens(&shop, &app).await;
        let states = app.push_states().await.expect("states");
        assert!(states.iter().all(|state| state.trouble == Some(PushTrouble::Parted)), "{states:?}");
        assert_eq!((files_in(folder.path()).len(), outside.got().len()), (1, 1), "nothing more went out");
        something_happens(&shop, &app).await;
        let told = shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'checkpoint.parted'").await;
        assert_eq!(told, 2, "told once for each place");
    }

    async fn an_older_database_put_back_is_seen_by_what_lies_in_the_folder(shop) {
        let folder = tests::database::folder();
        let app = shop.app().publishing(vec![PushPlace::folder(folder.path().into())]);
        something_happens(&shop, &app).await;
        something_happens(&shop, &app).await;
        // Yesterday's database knows nothing of the last event, nor of what was sent.
        for sql in [
            "DELETE FROM audit_push",
            "DELETE FROM audit_checkpoint WHERE size = (SELECT MAX(size) FROM audit_checkpoint)",
            "DELETE FROM audit_event WHERE seq = (SELECT MAX(seq) FROM audit_event)",
        ] {
            rewrite(&app, sql).await;
        }
        shop.wait(PUSH_EVERY);
        app.push_checkpoints().await.expect("the database answers");
        assert_eq!(trouble(&app).await, Some(PushTrouble::Parted));
        assert_eq!(files_in(folder.path()).len(), 2);
    }

    async fn a_folder_of_another_installation_is_left_alone(shop) {
        let folder = tests::database::folder();
        fs::write(folder.path().join(format!("{:020}", 7)), "another/log\n7\nAAAA\n\n— x AAAA\n").expect("a file");
        let app = shop.app().publishing(vec![PushPlace::folder(folder.path().into())]);
        something_happens(&shop, &app).await;
        assert_eq!(trouble(&app).await, Some(PushTrouble::Foreign));
        assert_eq!(files_in(folder.path()).len(), 1);
    }

    async fn a_checkpoint_that_left_proves_a_later_export_and_exposes_a_rewritten_one(shop) {
        let pushed = tests::database::folder();
        let app = shop.app().publishing(vec![PushPlace::folder(pushed.path().into())]);
        something_happens(&shop, &app).await;
        let kept = files_in(pushed.path());
        app.note_export_by_command("folder").await.expect("the event is kept");
        let verifier: LogVerifier = app.audit_verifier().parse().expect("the key");
        let honest = tests::database::folder();
        app.export_audit(honest.path()).await.expect("the log is exported");
        let report = verify_export_with(honest.path(), &verifier, &kept).expect("readable");
        assert!(report.is_clean() && report.kept[0].contained, "{report:?}");
        assert!(report.kept[0].size < report.entries, "the log has grown since");

        // The operator starts the log anew, with everything signed as it should be.
        for sql in ["DELETE FROM audit_checkpoint", "DELETE FROM audit_tree", "DELETE FROM audit_event WHERE seq = 0",
                    "UPDATE audit_event SET seq = NULL, leaf = NULL"] {
            rewrite(&app, sql).await;
        }
        let forged = tests::database::folder();
        app.export_audit(forged.path()).await.expect("the log is exported");
        assert!(verify_export_with(forged.path(), &verifier, &[]).expect("readable").is_clean(), "by itself it looks whole");
        let report = verify_export_with(forged.path(), &verifier, &kept).expect("readable");
        assert!(!report.is_clean() && !report.kept[0].contained, "{report:?}");
        shop.wait(Duration::from_secs(1));
    }
}
