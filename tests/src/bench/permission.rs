//! What deciding whether somebody may do something costs.

use std::hint::black_box;
use std::time::Instant;

use domain::{Access, Granted, Permission, Role};

use super::load::median;
use super::report::{Bound, Figure, Report};

const BENCH: &str = "permission";
/// Turns that are not counted.
const WARM_UP: u32 = 50;
/// What one decision may cost, in microseconds.
const LIMIT_US: f64 = 1.0;

/// Measures `turns`, of each permission for whoever has all roles and for whoever has one.
pub fn run(turns: u32, report: &mut Report) {
    let single = Role::ALL.map(|role| Granted::default().with(Access::Role(role)));
    let all = Role::ALL.iter().fold(Granted::default(), |all, role| all.with(Access::Role(*role)));
    let people: Vec<Granted> = single.into_iter().chain([all]).collect();
    let decisions = people.len() * Permission::ALL.len();
    let count = f64::from(u32::try_from(decisions).unwrap_or(u32::MAX));
    let mut times = Vec::new();
    for turn in 0..turns + WARM_UP {
        let begun = Instant::now();
        for person in &people {
            for permission in Permission::ALL {
                black_box(black_box(*person).may(black_box(*permission)));
            }
        }
        if turn >= WARM_UP {
            times.push(begun.elapsed().as_secs_f64() * 1e6 / count);
        }
    }
    report.add(Figure {
        bench: BENCH,
        database: "-",
        name: "one decision: median".to_owned(),
        value: median(times),
        unit: "µs",
        bound: Some(Bound::AtMost(LIMIT_US)),
    });
    report.note(format!("permission: the middle of {turns} turns of {decisions} decisions each"));
}
