//! What sealing and opening one field costs.

use std::hint::black_box;
use std::time::Instant;

use domain::{Actor, Grant, MemberId, OrganizationId, Purpose, Restricted, Timestamp};
use vault::{DataKey, OsEntropy, Place, open, seal};

use super::Result;
use super::load::median;
use super::report::{Bound, Figure, Report};

const BENCH: &str = "sealing";
/// Length of the field, in bytes.
const FIELD_BYTES: usize = 200;
/// Fields sealed between two looks at the clock, which would cost as much as one.
const AT_ONCE: u32 = 20;
/// Turns that are not counted.
const WARM_UP: u32 = 50;
/// What one field may cost, in microseconds.
const LIMIT_US: f64 = 10.0;

/// Measures `turns` of so many fields each.
pub fn run(turns: u32, report: &mut Report) -> Result<()> {
    let key = DataKey::generate(Timestamp::EPOCH, &OsEntropy);
    let organization = OrganizationId::new(Timestamp::EPOCH, &OsEntropy);
    let member = MemberId::new(Timestamp::EPOCH, &OsEntropy);
    let place = Place::new(organization, "member", "email_sealed", member, 1);
    // tidy: allowed because nothing but the bench's own text is opened with it.
    let grant = Grant::issue(Actor::system("bench"), Purpose::Seal, Timestamp::EPOCH);
    let value = Restricted::new("x".repeat(FIELD_BYTES));
    let (mut sealing, mut opening) = (Vec::new(), Vec::new());
    for turn in 0..turns + WARM_UP {
        let mut sealed = Vec::with_capacity(AT_ONCE as usize);
        let begun = Instant::now();
        for _ in 0..AT_ONCE {
            sealed.push(seal(&key, &place, black_box(&value), &OsEntropy)?);
        }
        let sealed_in = begun.elapsed();
        let begun = Instant::now();
        for one in &sealed {
            black_box(open::<Restricted<String>>(&key, &place, black_box(one), &grant)?);
        }
        let opened_in = begun.elapsed();
        if turn >= WARM_UP {
            sealing.push(sealed_in.as_secs_f64() * 1e6 / f64::from(AT_ONCE));
            opening.push(opened_in.as_secs_f64() * 1e6 / f64::from(AT_ONCE));
        }
    }
    for (name, times) in [("seal 200 bytes: median", sealing), ("open 200 bytes: median", opening)] {
        report.add(Figure {
            bench: BENCH,
            database: "-",
            name: name.to_owned(),
            value: median(times),
            unit: "µs",
            bound: Some(Bound::AtMost(LIMIT_US)),
        });
    }
    report.note(format!("sealing: the middle of {turns} turns of {AT_ONCE} fields each, on one thread"));
    Ok(())
}
