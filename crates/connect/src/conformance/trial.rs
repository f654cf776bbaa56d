//! What the checks of every area do alike: a call of the contract under a script, in a spoilt
//! world, and with each of its answers spoilt.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use domain::{ManualClock, Verdict};
use serde_json::{Value, json};

use super::harness::{Harness, NOW, scripted};
use super::script::{Script, Step};
use crate::channel::Channel;
use crate::error::{ChannelError, ErrorKind};
use crate::outbound::TransportError;

/// What a call gave, and the script that it went by.
pub(super) type Attempt<T> = (Result<T, ChannelError>, Script);

/// The calls of an area, each with its script, and how they are made.
pub(super) struct Trial<'a, C, T> {
    /// Whose channel it is.
    pub(super) harness: &'a dyn Harness,
    /// Every call of the area.
    pub(super) calls: &'a [C],
    /// Requests and answers of a call when all is well; `None` for what the channel lacks.
    pub(super) script: &'a dyn Fn(C) -> Option<Vec<Step>>,
    /// Makes a call.
    pub(super) perform: &'a dyn Fn(C, &dyn Channel) -> Result<T, ChannelError>,
}

impl<C: Copy + Display, T: Debug> Trial<'_, C, T> {
    /// Makes a call under a script.
    pub(super) fn attempt(&self, call: C, steps: Vec<Step>) -> Attempt<T> {
        let (channel, script) = scripted(self.harness, steps);
        ((self.perform)(call, channel.as_ref()), script)
    }

    /// The same in a spoilt world: what the script does not know is not there.
    pub(super) fn survive(&self, call: C, steps: Vec<Step>) -> Result<T, ChannelError> {
        let (status, body) = self.harness.not_found();
        let script = Script::lenient(steps, status, &body);
        let channel = self.harness.channel(script.outbound(Arc::new(ManualClock::at(NOW))));
        (self.perform)(call, channel.as_ref())
    }

    /// A call that has to succeed and to ask for all of its script.
    #[track_caller]
    pub(super) fn succeed(&self, call: C, steps: Vec<Step>) -> T {
        let (outcome, script) = self.attempt(call, steps);
        let outcome =
            outcome.unwrap_or_else(|error| panic!("{call} has to succeed, and failed: {error}\n{error:?}"));
        script.done();
        outcome
    }

    /// Every call with its first step spoilt.
    fn spoil_first(&self, spoilt: impl Fn(Step) -> Step, due: (&ErrorKind, Verdict)) {
        for &call in self.calls {
            let Some(mut steps) = (self.script)(call) else { continue };
            steps[0] = spoilt(steps[0].clone());
            let error = self.attempt(call, steps).0.expect_err("a spoilt answer is no good one");
            assert!(
                (&error.kind, error.verdict()) == due,
                "{call} has to become {due:?}, and became: {error}"
            );
        }
    }

    /// Each step of each call, replaced by each of what `spoilt` makes of it. `judge` gets the
    /// call, the place and the step as they were, and what came of it.
    fn spoil_each(
        &self,
        spoilt: impl Fn(&Step) -> Vec<Step>,
        judge: impl Fn(C, usize, &Step, Result<T, ChannelError>),
    ) {
        for &call in self.calls {
            let steps = (self.script)(call).unwrap_or_default();
            for (at, step) in steps.iter().enumerate() {
                for odd in spoilt(step) {
                    let mut steps = steps.clone();
                    steps[at] = odd;
                    judge(call, at, step, self.survive(call, steps));
                }
            }
        }
    }

    /// Half an answer, however long the half is, in steps of `stride` bytes, and what proxies
    /// send instead.
    pub(super) fn cut_each(&self, stride: usize, judge: impl Fn(C, usize, &Step, Result<T, ChannelError>)) {
        let cuts = |step: &Step| {
            let pages = ["<html>busy</html>", "\"", "[", "{\"a\":"];
            let mut odd = step.with_each_cut(stride);
            odd.extend(pages.map(|body| step.clone().answer(200, body)));
            odd
        };
        self.spoil_each(cuts, judge);
    }

    /// A number, text, list, object or nothing where something else was.
    pub(super) fn replace_each_value(&self, judge: impl Fn(C, usize, &Step, Result<T, ChannelError>)) {
        let texts = ["", "a_word_of_tomorrow"].map(Value::from);
        let mut odd =
            vec![json!(null), json!(true), json!(-7), json!(1.5), json!([]), json!({}), json!({ "id": 7 })];
        odd.extend(texts);
        self.spoil_each(|step| step.with_each_value_replaced(&odd), judge);
    }

    /// No answer to a step, and one that says that the platform failed.
    pub(super) fn lose_each(&self, judge: impl Fn(C, usize, &Step, Result<T, ChannelError>)) {
        let failures =
            |step: &Step| vec![step.clone().fail(TransportError::Deadline), step.clone().answer(500, "")];
        self.spoil_each(failures, judge);
    }
}

/// Nothing, 5xx, 429, a refused token, a missing permission.
pub(super) fn a_failed_call_says_what_failed<C: Copy + Display, T: Debug>(trial: &Trial<'_, C, T>) {
    for failure in [TransportError::Connect, TransportError::Broken, TransportError::Deadline] {
        trial.spoil_first(|step| step.fail(failure), (&ErrorKind::Unreachable, Verdict::RETRY));
    }
    let fault = ErrorKind::PlatformFault { status: 503 };
    trial.spoil_first(|step| step.answer(503, "<html>down</html>"), (&fault, Verdict::RETRY));
    let limited = ErrorKind::RateLimited { not_before: None };
    trial.spoil_first(|step| step.answer(429, ""), (&limited, Verdict::RETRY));
    let (status, body) = trial.harness.token_refused();
    trial.spoil_first(|step| step.answer(status, &body), (&ErrorKind::TokenRefused, Verdict::RETRY));
    let (status, body) = trial.harness.permission_missing();
    trial.spoil_first(|step| step.answer(status, &body), (&ErrorKind::PermissionMissing, Verdict::Fail));
}

/// The requests of a script that change something.
pub(super) fn writes(steps: &[Step]) -> usize {
    steps.iter().filter(|step| !step.is_read()).count()
}
