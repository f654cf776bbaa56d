use std::time::Duration;

use app::backup::{Check, DrillReport};
use store::backup::RunState;

use super::{Reader, Rendered, add};
use crate::Nav;
use crate::pages::backups::{BackupView, BackupsPage, DrillView, FailedView, PlanView, UnderWay};

impl Reader {
    pub(super) fn backups(&self, pages: &mut Vec<Rendered>) {
        let bare = || BackupsPage {
            chrome: self.chrome(Nav::Backups),
            plan: None,
            last_good: None,
            failed: None,
            under_way: Vec::new(),
            drill: None,
        };
        let plan = || PlanView {
            place: "/mnt/backups/casa-verde".to_owned(),
            every: Duration::from_hours(1),
            keep_days: 30,
            kept: Some(54),
            oldest: Some(Self::ago(60 * 24 * 29)),
        };
        let last = |minutes, is_late| BackupView {
            number: 1_412,
            taken_at: Self::ago(minutes),
            rows: 1_284_311,
            bytes_added: 3_481_902,
            is_late,
        };
        add(pages, "backups-off", &bare());
        add(
            pages,
            "backups-none",
            &BackupsPage { plan: Some(PlanView { kept: Some(0), oldest: None, ..plan() }), ..bare() },
        );
        add(
            pages,
            "backups",
            &BackupsPage {
                plan: Some(plan()),
                last_good: Some(last(23, false)),
                under_way: vec![
                    UnderWay {
                        kind: "backup",
                        state: RunState::Running,
                        done: 410_000,
                        total: Some(1_284_311),
                    },
                    UnderWay { kind: "drill", state: RunState::Waiting, done: 0, total: None },
                ],
                drill: Some(drill(Self::ago(60 * 24 * 2), true)),
                ..bare()
            },
        );
        add(
            pages,
            "backups-bad",
            &BackupsPage {
                plan: Some(PlanView { kept: None, oldest: None, ..plan() }),
                last_good: Some(last(60 * 30, true)),
                failed: Some(FailedView {
                    at: Self::ago(12),
                    error: "the place for backups is full: free some space, or name another place".to_owned(),
                }),
                under_way: vec![UnderWay { kind: "drill", state: RunState::Running, done: 12, total: None }],
                drill: Some(drill(Self::ago(90), false)),
                ..bare()
            },
        );
    }
}

fn drill(at: domain::Timestamp, good: bool) -> DrillView {
    let names = ["integrity", "references", "rows", "audit", "opens", "erasures"];
    let check = |name: &str| Check {
        name: name.to_owned(),
        good: good || name != "audit",
        count: 31_204,
        finding: String::new(),
        millis: 1_250,
    };
    DrillView {
        at,
        good,
        number: Some(1_388),
        report: Some(DrillReport {
            recovery_point_ms: 41_000,
            recovery_time_ms: 96_500,
            rows: 1_281_007,
            checks: names.into_iter().map(check).collect(),
        }),
        error: (!good).then(|| "audit: the event aud_… no longer says what was signed".to_owned()),
    }
}
