//! The facade: what one engine does, the other does too.

use std::sync::mpsc;
use std::time::Duration;

use domain::{OrganizationId, TypedId, Verdict};
use store::db::Val;
use store::{Location, Store, StoreError, StoreResult, Tx, params};
use tokio::task::JoinSet;

use crate::kit::{Gate, House};

fn put(tx: &mut Tx<'_>, name: &str) -> StoreResult<()> {
    tx.execute_exactly(1, "INSERT INTO setting (name, value) VALUES ($1, $2)", params![name, "v"])
}

async fn names(house: &House) -> Vec<String> {
    house.read(|tx| tx.rows("SELECT name FROM setting ORDER BY name", &[], |row| row.get(0))).await
}

on_both! {
    async fn a_closure_that_fails_is_rolled_back_alone(house: House) {
        let gate = house.shut_gate();
        let mut writes = JoinSet::new();
        for index in 0..20 {
            let db = house.store.installation().clone();
            writes.spawn(async move {
                let kept = db.write(move |tx| {
                    put(tx, &format!("{index:02}"))?;
                    if index % 2 == 0 { Ok(()) } else { Err(StoreError::Driver("no".into())) }
                }).await;
                (index, kept)
            });
        }
        gate.open();
        while let Some(done) = writes.join_next().await {
            let (index, kept) = done.unwrap();
            assert_eq!(kept.is_ok(), index % 2 == 0);
        }
        let even: Vec<String> = (0..20).step_by(2).map(|index| format!("{index:02}")).collect();
        assert_eq!(names(&house).await, even);
    }

    async fn a_closure_that_panics_is_rolled_back_and_the_writer_goes_on(house: House) {
        let panicked: StoreResult<()> = house.try_write(|tx| {
            put(tx, "lost")?;
            panic!("on purpose")
        }).await;
        assert_eq!(panicked, Err(StoreError::Panicked));
        house.write(|tx| put(tx, "kept")).await;
        assert_eq!(names(&house).await, ["kept"]);
    }

    async fn a_read_that_panics_leaves_its_thread_alive(house: House) {
        for _ in 0..10 {
            let read: StoreResult<()> = house.store.installation().read(|_| panic!("on purpose")).await;
            assert_eq!(read, Err(StoreError::Panicked));
        }
        assert_eq!(names(&house).await, [""; 0]);
    }

    async fn what_is_answered_is_seen_by_every_later_reader(house: House) {
        for index in 0..50 {
            let name = format!("{index:02}");
            house.write(move |tx| put(tx, &name)).await;
            assert_eq!(house.count("SELECT COUNT(*) FROM setting").await, index + 1);
        }
    }

    async fn what_is_not_yet_committed_is_neither_seen_nor_answered(house: House) {
        let (gate, (written, begun)) = (Gate::default(), mpsc::channel());
        let write = tokio::spawn({
            let (gate, db) = (gate.clone(), house.store.installation().clone());
            async move {
                db.write(move |tx| {
                    put(tx, "slow")?;
                    written.send(()).unwrap();
                    gate.pass();
                    Ok(())
                }).await
            }
        });
        tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
        assert_eq!(names(&house).await, [""; 0]);
        assert!(!write.is_finished());
        gate.open();
        write.await.unwrap().unwrap();
        assert_eq!(names(&house).await, ["slow"]);
    }

    async fn all_queries_of_a_read_see_one_moment(house: House) {
        let (looked, begun) = mpsc::channel();
        let gate = Gate::default();
        let read = tokio::spawn({
            let (gate, db) = (gate.clone(), house.store.installation().clone());
            async move {
                db.read(move |tx| {
                    let mut count = || {
                        tx.row("SELECT COUNT(*) FROM setting", &[], |row| row.get::<i64>(0)).map(Option::unwrap)
                    };
                    let before = count()?;
                    looked.send(()).unwrap();
                    gate.pass();
                    Ok((before, count()?))
                }).await
            }
        });
        tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
        house.write(|tx| put(tx, "meanwhile")).await;
        gate.open();
        assert_eq!(read.await.unwrap(), Ok((0, 0)));
        assert_eq!(names(&house).await, ["meanwhile"]);
    }

    async fn a_read_cannot_write(house: House) {
        let refused = house.store.installation().read(|tx| put(tx, "x")).await;
        assert!(matches!(refused, Err(StoreError::Driver(_))), "{refused:?}");
        assert_eq!(names(&house).await, [""; 0]);
    }

    async fn parameters_bind_by_their_number_not_by_their_place(house: House) {
        house.write(|tx| tx.execute(
            "INSERT INTO setting (value, name) VALUES ($2, $1)", params!["the name", "the value"],
        )).await;
        let found = house.read(|tx| tx.row(
            "SELECT value, name FROM setting WHERE value = $2 AND name = $1 AND $1 <> $2",
            params!["the name", "the value"],
            |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)),
        )).await;
        assert_eq!(found, Some(("the value".into(), "the name".into())));
    }

    async fn a_parameter_without_a_value_is_refused(house: House) {
        let refused = house.try_write(|tx| {
            tx.execute("INSERT INTO setting (name, value) VALUES ($1, $2)", params!["one"])
        }).await;
        assert!(matches!(refused, Err(StoreError::Driver(_) | StoreError::Panicked)), "{refused:?}");
        assert_eq!(names(&house).await, [""; 0]);
    }

    async fn nulls_bytes_ids_and_negative_numbers_come_back_as_they_went(house: House) {
        let (id, all_bytes) = (house.id::<OrganizationId>(), (0..=255).collect::<Vec<u8>>());
        let sent = all_bytes.clone();
        house.write(move |tx| tx.execute(
            "INSERT INTO audit_event (id, organization_id, at, phase, actor, action, subject_kind, subject_id, \
                                      details, leaf, seq) \
             VALUES ($1, $2, $3, 'intent', $4, '', '', '', '{}', $5, $6)",
            &[Val::Id(id.to_bytes()), Val::Null, Val::Int(i64::MIN), "maçã 🥭 '\";--".into(), (&sent).into(),
              Val::Int(-1)],
        )).await;
        let found = house.read(|tx| tx.row(
            "SELECT id, organization_id, at, actor, leaf, seq FROM audit_event", &[],
            |row| Ok((row.get::<OrganizationId>(0)?, row.get::<Option<OrganizationId>>(1)?,
                row.get::<i64>(2)?, row.get::<String>(3)?, row.get::<Vec<u8>>(4)?, row.get::<Option<i64>>(5)?)),
        )).await;
        let expected = (id, None, i64::MIN, String::from("maçã 🥭 '\";--"), all_bytes, Some(-1));
        assert_eq!(found, Some(expected));
    }

    async fn a_null_where_a_value_is_expected_is_an_error(house: House) {
        let id = house.id::<OrganizationId>();
        house.write(move |tx| tx.execute(
            "INSERT INTO audit_event (id, at, phase, actor, action, subject_kind, subject_id, details) \
             VALUES ($1, 1, 'intent', '', '', '', '', '{}')",
            &[id.into()],
        )).await;
        let read = house.store.installation().read(|tx| {
            tx.row("SELECT organization_id FROM audit_event", &[], |row| row.get::<OrganizationId>(0))
        }).await;
        assert!(matches!(read, Err(StoreError::Driver(_))), "{read:?}");
    }

    async fn a_second_row_of_one_key_is_a_duplicate(house: House) {
        house.write(|tx| put(tx, "once")).await;
        let again = house.try_write(|tx| put(tx, "once")).await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    }

    async fn a_broken_rule_of_the_schema_is_no_duplicate(house: House) {
        let id = house.id::<OrganizationId>();
        for sql in [
            "INSERT INTO audit_tree (one, size, edge) VALUES (2, 0, $1)",
            "INSERT INTO data_key (id, organization_id, owner_kind, owner_id, wrapped, created_at) \
             VALUES ($1, $1, 'organization', $1, $2, 1)",
        ] {
            let params: Vec<Val<'static>> =
                if sql.contains("$2") { vec![id.into(), Val::Bytes(&[1])] } else { vec![Val::Bytes(&[1])] };
            let broken = house.try_write(move |tx| tx.execute(sql, &params)).await;
            assert!(matches!(broken, Err(StoreError::Driver(_))), "{broken:?}");
        }
    }

    async fn a_failed_statement_is_not_forgotten_by_a_closure_that_ignores_it(house: House) {
        house.write(|tx| put(tx, "once")).await;
        let ignored = house.try_write(|tx| {
            put(tx, "beside")?;
            let _ = put(tx, "once");
            Ok(())
        }).await;
        assert!(matches!(ignored, Err(StoreError::Duplicate(_))), "{ignored:?}");
        assert_eq!(names(&house).await, ["once"]);
    }

    async fn what_is_noted_is_seen_by_every_later_reader_and_undone_when_it_fails(house: House) {
        let db = house.store.installation();
        db.note(|tx| put(tx, "noted")).await.unwrap();
        let failed: StoreResult<()> = db.note(|tx| {
            put(tx, "undone")?;
            Err(StoreError::Driver("no".into()))
        }).await;
        assert!(failed.is_err());
        assert_eq!(names(&house).await, ["noted"]);
    }

    async fn what_is_left_for_the_end_runs_behind_everything_else_and_by_turns(house: House) {
        house.write(|tx| {
            let add = "UPDATE setting SET value = value || $2 WHERE name = $1";
            tx.at_the_end("2", Some(1), add, params!["a", " third"])?;
            tx.at_the_end("1", Some(1), add, params!["a", " second"])?;
            put(tx, "a")?;
            tx.execute_exactly(1, "UPDATE setting SET value = 'first' WHERE name = 'a'", &[])?;
            let seen: Option<String> = tx.row("SELECT value FROM setting WHERE name = 'a'", &[], |row| row.get(0))?;
            assert_eq!(seen.as_deref(), Some("first"));
            Ok(())
        }).await;
        let value: Option<String> = house.read(|tx| tx.row("SELECT value FROM setting WHERE name = 'a'", &[], |row| row.get(0))).await;
        assert_eq!(value.as_deref(), Some("first second third"));
    }

    async fn what_fails_at_the_end_undoes_all(house: House) {
        let missed = house.try_write(|tx| {
            put(tx, "a")?;
            tx.at_the_end("", Some(1), "UPDATE setting SET value = 'x' WHERE name = 'nobody'", &[])
        }).await;
        assert_eq!(missed, Err(StoreError::RowCount { expected: 1, touched: 0 }));
        let doubled = house.try_write(|tx| {
            for name in ["b", "b", "c"] {
                let add = "INSERT INTO setting (name, value) VALUES ($1, 'v')";
                tx.at_the_end("", Some(1), add, params![name])?;
            }
            Ok(())
        }).await;
        assert!(matches!(doubled, Err(StoreError::Duplicate(_))), "{doubled:?}");
        let undone = house.try_write(|tx| {
            let add = "INSERT INTO setting (name, value) VALUES ('d', 'v')";
            tx.at_the_end("", Some(1), add, &[])?;
            Err::<(), _>(StoreError::Driver("no".into()))
        }).await;
        assert!(undone.is_err());
        assert_eq!(names(&house).await, [""; 0]);
        house.write(|tx| put(tx, "e")).await;
    }

    async fn an_asker_who_goes_away_does_not_stop_the_work(house: House) {
        let gate = house.shut_gate();
        let mut write = Box::pin(house.try_write(|tx| put(tx, "left behind")));
        let polled = tokio::time::timeout(Duration::from_millis(1), &mut write).await;
        assert!(polled.is_err(), "the gate is shut");
        drop(write);
        gate.open();
        house.write(|tx| put(tx, "next")).await;
        // One thread at least has taken everything that was asked before.
        while names(&house).await.len() < 2 {
            tokio::task::yield_now().await;
        }
    }

    async fn a_write_beyond_the_queue_is_told_at_once(house: House) {
        let gate = house.shut_gate();
        let mut writes = JoinSet::new();
        for _ in 0..9_000 {
            let db = house.store.installation().clone();
            writes.spawn(async move { db.write(|_| Ok(())).await });
        }
        // The refused are answered while the gate is still shut.
        let first = writes.join_next().await.unwrap().unwrap();
        assert_eq!(first, Err(StoreError::Overloaded));
        assert_eq!(StoreError::Overloaded.verdict(), Verdict::RETRY);
        gate.open();
        let mut kept = 0;
        while let Some(done) = writes.join_next().await {
            kept += usize::from(done.unwrap().is_ok());
        }
        assert!(kept >= 8_000, "{kept} of those who waited were kept");
    }

    async fn a_value_that_the_program_does_not_know_is_named(house: House) {
        house.write(|tx| put(tx, "strange")).await;
        let read = house.store.installation().read(|tx| {
            tx.row("SELECT name FROM setting", &[], |row| row.word(0, "setting", "name", |_| None::<()>))
        }).await;
        let expected = StoreError::Inconsistent { table: "setting", column: "name", value: "strange".into() };
        assert_eq!(read, Err(expected));
    }

    async fn two_stores_that_hold_the_same_name_work_one_after_the_other(house: House) {
        let other = house.open_again().unwrap();
        let mut all = JoinSet::new();
        for index in 0..40 {
            let db = if index % 2 == 0 { house.store.installation().clone() } else { other.installation().clone() };
            all.spawn(async move {
                db.write(|tx| {
                    tx.hold("tally")?;
                    let held = store::settings::get(tx, "tally")?.and_then(|text| text.parse::<i64>().ok());
                    tx.execute(
                        "INSERT INTO setting (name, value) VALUES ('tally', $1) \
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                        params![&(held.unwrap_or(0) + 1).to_string()],
                    )
                }).await
            });
        }
        while let Some(done) = all.join_next().await {
            done.unwrap().unwrap();
        }
        let tally = house.read(|tx| store::settings::get(tx, "tally")).await;
        assert_eq!(tally.as_deref(), Some("40"));
    }
}

#[test]
fn a_broken_connection_to_the_server_is_replaced() {
    crate::kit::on_postgres(async |house: House| {
        for _ in 0..6 {
            let broken = house
                .try_write(|tx| {
                    tx.rows("SELECT 1 FROM pg_terminate_backend(pg_backend_pid())", &[], |_| Ok(()))
                })
                .await;
            assert!(matches!(broken, Err(StoreError::Unreachable(_))), "{broken:?}");
        }
        for index in 0..12 {
            house.write(move |tx| put(tx, &format!("{index:02}"))).await;
        }
        assert_eq!(names(&house).await.len(), 12);
    });
}

#[test]
fn a_full_disk_of_the_server_is_named() {
    crate::kit::on_postgres(async |house: House| {
        let full = house
            .try_write(|tx| {
                put(tx, "lost")?;
                tx.execute("DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$", &[])
            })
            .await;
        assert_eq!(full, Err(StoreError::DiskFull));
        assert_eq!(names(&house).await, [""; 0]);
    });
}

#[test]
fn a_server_that_does_not_answer_is_told_from_an_address_that_is_none() {
    let opened = |url: &str| Store::open(&Location::Server(url.into())).err();
    let silent = opened("postgres://nobody@127.0.0.1:1/none");
    assert!(matches!(silent, Some(StoreError::Unreachable(_))), "{silent:?}");
    let nonsense = opened("postgres://nobody@127.0.0.1:port/none");
    assert!(matches!(nonsense, Some(StoreError::Driver(_))), "{nonsense:?}");
}

#[test]
fn an_address_with_a_password_is_not_printed() {
    let location = Location::Server("postgres://user:geheim@host/db".into());
    assert_eq!(format!("{location:?}"), "postgres:…");
}
