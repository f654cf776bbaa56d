//! A point at which the program ends itself, as `kill -9` would end it there. Only the
//! program `lojista-with-points` of this package has one; the shipped program does not
//! even hold the code.

use std::collections::BTreeMap;
use std::env::{self, VarError};
use std::sync::atomic::{AtomicU32, Ordering};

use app::{Faults, steps};
use rustix::process::{Signal, getpid, kill_process};

/// Names the step at which the program ends itself.
const STEP: &str = "TORTURE_STEP";
/// At which time of passing it, counted from 1.
const PASS: &str = "TORTURE_PASS";

/// The `pass`th time that a program passes a step.
#[derive(Debug)]
pub struct Point {
    step: &'static str,
    pass: u32,
    passed: AtomicU32,
}

impl Point {
    /// The `pass`th passing of `step`.
    #[must_use]
    pub const fn new(step: &'static str, pass: u32) -> Self {
        Self { step, pass, passed: AtomicU32::new(0) }
    }

    /// The point that the environment names, if it names one.
    ///
    /// # Errors
    /// When it names a step that no way has, or a pass that is no number.
    pub fn from_environment() -> Result<Option<Self>, String> {
        match (env::var(STEP), env::var(PASS)) {
            (Err(VarError::NotPresent), _) => Ok(None),
            (Ok(step), pass) => Self::parse(&step, pass.as_deref().unwrap_or("1")).map(Some),
            (Err(error), _) => Err(format!("{STEP}: {error}")),
        }
    }

    fn parse(step: &str, pass: &str) -> Result<Self, String> {
        let known = steps::ALL
            .into_iter()
            .chain(steps::ROTATION)
            .chain(steps::LEAVING)
            .chain(steps::PUBLISHING)
            .find(|known| *known == step);
        let step = known.ok_or_else(|| format!("{STEP}: no way has a step \"{step}\""))?;
        let pass = pass.parse().ok().filter(|pass| *pass > 0);
        let pass = pass.ok_or_else(|| format!("{PASS}: a number from 1 on is needed"))?;
        Ok(Self::new(step, pass))
    }

    /// Says it in the environment of a program.
    pub(super) fn tell(&self, environment: &mut BTreeMap<&'static str, String>) {
        environment.insert(STEP, self.step.to_owned());
        environment.insert(PASS, self.pass.to_string());
    }

    /// Counts a passing of `step`; true at the one that is meant.
    fn is_reached(&self, step: &str) -> bool {
        step == self.step && self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.pass
    }
}

impl Faults for Point {
    fn dies_at(&self, step: &'static str) -> bool {
        if self.is_reached(step) {
            // Nothing comes after this; where it is refused, the program goes on and the
            // torture sees that it did not end.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_one_passing_of_one_step() {
        let point = Point::new(steps::ORDER_KEPT, 2);
        let reached = [steps::ORDER_KEPT, steps::HOOK_KEPT, steps::ORDER_KEPT, steps::ORDER_KEPT]
            .map(|step| point.is_reached(step));
        assert_eq!(reached, [false, false, true, false]);
    }

    #[test]
    fn what_is_told_is_understood() {
        let mut environment = BTreeMap::new();
        Point::new(steps::STOCK_WRITTEN, 3).tell(&mut environment);
        let heard = Point::parse(&environment[STEP], &environment[PASS]).unwrap();
        assert_eq!((heard.step, heard.pass), (steps::STOCK_WRITTEN, 3));
    }

    #[test]
    fn a_step_that_no_way_has_is_refused() {
        assert!(Point::parse("tea made, not drunk", "1").unwrap_err().contains("tea made"));
        for pass in ["0", "", "first"] {
            assert!(Point::parse(steps::HOOK_KEPT, pass).is_err(), "{pass:?}");
        }
    }
}
