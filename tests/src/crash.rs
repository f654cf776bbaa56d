//! Ending the program at a step, as a power cut would.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use app::Faults;

/// Ends the program at the step it is told to. What has ended stays so: every later step
/// of that program ends too, until [`Crash::disarm`] makes room for the next one.
#[derive(Debug, Default)]
pub struct Crash {
    steps_left: AtomicU32,
    named: Mutex<Option<&'static str>>,
    ended: AtomicBool,
    last_step: Mutex<Option<&'static str>>,
}

impl Crash {
    /// Ends the program at the `steps`th step from now; 0 means not at all.
    pub fn after(&self, steps: u32) {
        self.steps_left.store(steps, Ordering::SeqCst);
    }

    /// Ends the program when it next comes to the step of this name.
    pub fn at(&self, step: &'static str) {
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
    }

    /// Whether the program has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// The step at which it ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<&'static str> {
        *self.last_step.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing ends any more; for the next program.
    pub fn disarm(&self) {
        self.after(0);
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.last_step.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.ended.store(false, Ordering::SeqCst);
    }
}

impl Faults for Crash {
    fn dies_at(&self, step: &'static str) -> bool {
        if self.has_ended() {
            return true;
        }
        let named = *self.named.lock().unwrap_or_else(PoisonError::into_inner) == Some(step);
        let before = self.steps_left.load(Ordering::SeqCst);
        self.steps_left.store(before.saturating_sub(1), Ordering::SeqCst);
        let ends = named || before == 1;
        if ends {
            self.ended.store(true, Ordering::SeqCst);
            *self.last_step.lock().unwrap_or_else(PoisonError::into_inner) = Some(step);
        }
        ends
    }
}
