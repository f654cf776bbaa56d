//! Which backups are kept: all of the last hour, one an hour of the last day, one a day
//! after that. What outlived its time goes, lists first, then the chunks that no list names.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::retention::BACKUP_KEYS_KEPT;
use domain::{Actor, Timestamp};
use store::StoreError;
use vault::BackupKeys;

use super::depot::DepotName;
use super::error::BackupError;
use super::list::{Listed, Set, fetch, listed};
use super::take::chunk_file;
use super::{App, Plan};
use crate::audit::Deed;

/// So far back every backup is kept.
const EACH_WITHIN: Duration = Duration::from_hours(1);
/// So far back one an hour is kept.
const HOURLY_WITHIN: Duration = Duration::from_hours(24);
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Days that copies of keys are kept for at most.
fn keys_days() -> u32 {
    u32::try_from(BACKUP_KEYS_KEPT.as_secs() / (24 * 3_600)).unwrap_or(u32::MAX)
}

/// Lists that are kept no longer, of those that there are, the oldest first. The newest one
/// always stays.
fn outlived(lists: &[Listed], now: Timestamp, days: u32) -> Vec<&Listed> {
    let longest = Duration::from_hours(24 * u64::from(days));
    let mut seen = BTreeSet::new();
    let mut gone = Vec::new();
    // The newest one of each hour and day is met first.
    for listed in lists.iter().rev().skip(1) {
        let age = now.since(listed.taken_at);
        let millis = listed.taken_at.as_millis();
        let kept = if age <= EACH_WITHIN {
            true
        } else if age <= HOURLY_WITHIN {
            seen.insert(("hour", millis.div_euclid(HOUR_MS)))
        } else {
            age <= longest && seen.insert(("day", millis.div_euclid(DAY_MS)))
        };
        if !kept {
            gone.push(listed);
        }
    }
    gone
}

impl App {
    /// Takes away what outlived its time.
    pub(super) async fn retire_backups(&self, plan: &Plan) -> Result<(), BackupError> {
        let now = self.clock().now();
        let keys = BackupKeys::of(self.keyring());
        let plan = plan.clone();
        let place = plan.depot.place();
        let retired = tokio::task::spawn_blocking(move || retire(&plan, &keys, now)).await;
        let retired = retired.map_err(|_| StoreError::Panicked)?;
        if retired.gone > 0 {
            let app = self.clone();
            let deed =
                Deed::new(Actor::system("backup"), "backup.retired", place).with("backups", retired.gone);
            self.store().installation().write(move |tx| app.installation_event(tx, &deed, "done")).await?;
        }
        match retired.refused {
            None => Ok(()),
            Some(why) => Err(BackupError::NotRetired { left: retired.left, why: Box::new(why) }),
        }
    }
}

/// What became of those that outlived their time.
#[derive(Debug, Default)]
struct Retired {
    /// Backups that went.
    gone: usize,
    /// Lists that are still there.
    left: usize,
    /// Why.
    refused: Option<BackupError>,
}

/// Takes lists away, and what only they named. What is refused once is not asked for again until
/// the next backup: a place that forbids deleting says so each time.
fn retire(plan: &Plan, keys: &BackupKeys, now: Timestamp) -> Retired {
    let mut retired = Retired::default();
    for (set, days) in [(Set::Data, plan.keep_days), (Set::Keys, plan.keep_days.min(keys_days()))] {
        if let Err(error) = retire_set(plan, set, days, keys, now, &mut retired) {
            retired.refused.get_or_insert(error);
        }
    }
    retired
}

fn retire_set(
    plan: &Plan,
    set: Set,
    days: u32,
    keys: &BackupKeys,
    now: Timestamp,
    retired: &mut Retired,
) -> Result<(), BackupError> {
    let lists = listed(&*plan.depot, set)?;
    let old = outlived(&lists, now, days);
    for (number, listed) in old.iter().enumerate() {
        if let Err(error) = plan.depot.remove(&listed.name) {
            retired.left += old.len() - number;
            return Err(error.into());
        }
        retired.gone += usize::from(set == Set::Data);
    }
    if old.is_empty() { Ok(()) } else { remove_unnamed(plan, set, keys) }
}

/// Takes away chunks that no list names. A list that cannot be read names nobody knows
/// which: then all of them stay.
fn remove_unnamed(plan: &Plan, set: Set, keys: &BackupKeys) -> Result<(), BackupError> {
    let mut named: BTreeSet<DepotName> = BTreeSet::new();
    for listed in listed(&*plan.depot, set)? {
        let (list, _) = fetch(&*plan.depot, set, &listed.name, keys)?;
        for chunk in list.chunks() {
            let name = chunk.name.parse().map_err(|_| BackupError::Broken(chunk.name.clone()))?;
            named.insert(chunk_file(set, &name)?);
        }
    }
    for file in plan.depot.list(set.chunks())? {
        if !named.contains(&file) {
            plan.depot.remove(&file)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_366_991_000;

    fn taken(ages: &[i64]) -> Vec<Listed> {
        let listed = |(number, age): (i64, &i64)| Listed {
            name: DepotName::parse("lists/1").expect("a name"),
            number,
            taken_at: Timestamp::from_millis(NOW - age),
        };
        (1..).zip(ages).map(listed).collect()
    }

    fn kept(ages: &[i64], days: u32) -> Vec<i64> {
        let lists = taken(ages);
        let gone = outlived(&lists, Timestamp::from_millis(NOW), days);
        lists.iter().filter(|one| !gone.contains(one)).map(|one| NOW - one.taken_at.as_millis()).collect()
    }

    #[test]
    fn a_month_of_backups_a_minute_thins_out_to_a_few_dozen() {
        let ages: Vec<i64> = (0..30 * 24 * 60).rev().map(|minute| minute * 60_000).collect();
        let kept = kept(&ages, 30);
        let within = |from: i64, to: i64| kept.iter().filter(|age| (from..to).contains(*age)).count();
        assert_eq!(within(0, HOUR_MS + 1), 61, "each of the last hour");
        assert_eq!(within(HOUR_MS + 1, DAY_MS + 1), 24, "one an hour of the last day");
        assert!((29..=30).contains(&within(DAY_MS + 1, i64::MAX)), "one a day before");
    }

    #[test]
    fn what_is_older_than_its_days_goes_and_the_newest_stays_whatever_its_age() {
        assert_eq!(kept(&[40 * DAY_MS, 20 * DAY_MS], 30), [20 * DAY_MS]);
        assert_eq!(kept(&[400 * DAY_MS], 30), [400 * DAY_MS]);
        assert_eq!(kept(&[], 30), Vec::<i64>::new());
    }
}
