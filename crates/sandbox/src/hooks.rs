//! Notifications on their way to the application: attempts, misses, disabled topics
//! (fact sheet §17).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dates::zulu;

/// Minutes after the event at which each attempt is made: eight over one hour.
pub const ATTEMPT_MINUTES: [u64; 8] = [0, 1, 3, 6, 12, 20, 35, 60];
/// How long the application may take for its 200.
pub const ANSWER_BUDGET: Duration = Duration::from_millis(500);
/// A sending without any report for this long counts as never answered.
pub const REPORT_PATIENCE: Duration = Duration::from_secs(10);
/// How long a delivered notification can be looked up.
pub const DELIVERED_RETENTION: Duration = Duration::from_hours(1);
/// How long a missed notification is kept.
pub const MISSED_RETENTION: Duration = Duration::from_hours(48);
/// Notifications of one topic given up in a row before the topic is switched off.
pub const CHRONIC_MISSES: u32 = 20;

/// A notification to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookDelivery {
    /// Names this sending in [`crate::Sandbox::hook_result`].
    pub id: u64,
    /// Where to POST it.
    pub url: String,
    /// Headers beyond the content type, such as a signature.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body (or what stands for it, when it was forged by hand).
    pub body: String,
}

/// What the application answered to a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// True when nothing stood in the body: some platforms ask for that.
    pub is_empty: bool,
}

impl HookAnswer {
    /// A status without a body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, is_empty: true }
    }
}

/// One try to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was sent.
    pub at: Timestamp,
    /// The status answered; `None` when nobody answered.
    pub status: Option<u16>,
    /// How long the answer took, in milliseconds.
    pub elapsed_ms: u64,
}

/// Where a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// To be sent at this instant.
    Waiting(Timestamp),
    /// Sent, not yet answered.
    InFlight,
    /// Answered with 200 in time.
    Delivered,
    /// Given up; listed by `/missed_feeds`.
    Missed,
    /// Swallowed by an injected fault: sent to nobody, listed nowhere.
    Lost,
}

/// One event for one application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The application.
    pub client_id: i64,
    /// The topic.
    pub topic: String,
    /// The seller.
    pub user_id: i64,
    /// The resource named in the body.
    pub resource: String,
    /// The body without `attempts` and `sent`.
    pub payload: Value,
    /// When the event happened.
    pub created: Timestamp,
    /// The tries so far.
    pub attempts: Vec<Attempt>,
    /// Where it stands.
    pub stage: Stage,
    /// A body sent as it is, for forged and malformed notifications.
    pub raw: Option<String>,
}

/// Where an application wants its notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The callback URL; without one nothing is sent.
    pub url: Option<String>,
    /// The topics switched on.
    pub topics: BTreeSet<String>,
    /// Topics that the platform switched off after chronic failure.
    pub disabled: BTreeSet<String>,
    /// Notifications missed in a row, by topic.
    pub misses: BTreeMap<String, u32>,
}

/// All notifications of a world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hooks {
    /// By application id.
    pub subscriptions: BTreeMap<i64, Subscription>,
    /// By number, oldest first.
    pub notifications: BTreeMap<u64, Notification>,
    next_number: u64,
    next_sending: u64,
    /// Which notification each open sending belongs to.
    sendings: BTreeMap<u64, (u64, Timestamp)>,
}

impl Hooks {
    /// True when the application hears of `topic` at present.
    #[must_use]
    pub fn listens(&self, client_id: i64, topic: &str) -> bool {
        self.subscriptions.get(&client_id).is_some_and(|subscription| {
            subscription.url.is_some()
                && subscription.topics.contains(topic)
                && !subscription.disabled.contains(topic)
        })
    }

    /// Puts a notification on its way.
    pub fn add(&mut self, notification: Notification) {
        self.next_number += 1;
        self.notifications.insert(self.next_number, notification);
    }

    /// Numbers of the notifications due by `now`, oldest first.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<u64> {
        let is_due =
            |notification: &Notification| matches!(notification.stage, Stage::Waiting(at) if at <= now);
        self.notifications.iter().filter(|(_, it)| is_due(it)).map(|(number, _)| *number).collect()
    }

    /// When the next notification is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        let due_at = |notification: &Notification| match notification.stage {
            Stage::Waiting(at) => Some(at),
            Stage::InFlight | Stage::Delivered | Stage::Missed | Stage::Lost => None,
        };
        self.notifications.values().filter_map(due_at).min()
    }

    /// Sends notification `number` at `now`: what goes over the wire.
    pub fn send(&mut self, number: u64, now: Timestamp) -> Option<HookDelivery> {
        let notification = self.notifications.get_mut(&number)?;
        let url = self.subscriptions.get(&notification.client_id)?.url.clone()?;
        notification.stage = Stage::InFlight;
        self.next_sending += 1;
        self.sendings.insert(self.next_sending, (number, now));
        Some(HookDelivery {
            id: self.next_sending,
            url,
            headers: Vec::new(),
            body: notification.body_at(now),
        })
    }

    /// Takes note of an answer: 200 in time ends the matter, anything else plans the next
    /// attempt or gives up. A sending that is not open (a duplicate's) changes nothing.
    pub fn settle(&mut self, sending: u64, status: Option<u16>, elapsed: Duration) {
        let Some((number, sent)) = self.sendings.remove(&sending) else { return };
        let Some(notification) = self.notifications.get_mut(&number) else { return };
        if notification.stage == Stage::Delivered {
            return;
        }
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        notification.attempts.push(Attempt { at: sent, status, elapsed_ms });
        let topic = notification.topic.clone();
        let client_id = notification.client_id;
        notification.stage = if status == Some(200) && elapsed <= ANSWER_BUDGET {
            Stage::Delivered
        } else {
            match ATTEMPT_MINUTES.get(notification.attempts.len()) {
                Some(minutes) => Stage::Waiting(notification.created.plus(Duration::from_mins(*minutes))),
                None => Stage::Missed,
            }
        };
        let stage = notification.stage;
        if let Some(subscription) = self.subscriptions.get_mut(&client_id) {
            subscription.count(&topic, stage);
        }
    }

    /// Settles sendings that nobody has reported on, as after a crash of the sender.
    pub fn give_up_unreported(&mut self, now: Timestamp) {
        let old = |sent: Timestamp| now.since(sent) >= REPORT_PATIENCE;
        let unreported: Vec<u64> =
            self.sendings.iter().filter(|(_, (_, sent))| old(*sent)).map(|(sending, _)| *sending).collect();
        for sending in unreported {
            self.settle(sending, None, REPORT_PATIENCE);
        }
    }

    /// Forgets what is past its retention.
    pub fn prune(&mut self, now: Timestamp) {
        self.notifications.retain(|_, it| {
            let age = now.since(it.created);
            match it.stage {
                Stage::Waiting(_) | Stage::InFlight => true,
                Stage::Delivered | Stage::Lost => age <= DELIVERED_RETENTION,
                Stage::Missed => age <= MISSED_RETENTION,
            }
        });
    }
}

impl Subscription {
    fn count(&mut self, topic: &str, stage: Stage) {
        match stage {
            Stage::Delivered => {
                self.misses.remove(topic);
            }
            Stage::Missed => {
                let misses = self.misses.entry(topic.to_owned()).or_insert(0);
                *misses += 1;
                if *misses >= CHRONIC_MISSES {
                    self.disabled.insert(topic.to_owned());
                }
            }
            Stage::Waiting(_) | Stage::InFlight | Stage::Lost => {}
        }
    }
}

impl Notification {
    /// The body as it is sent at `now`.
    #[must_use]
    pub fn body_at(&self, now: Timestamp) -> String {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut body = self.payload.clone();
        body["attempts"] = Value::from(self.attempts.len() + 1);
        body["sent"] = Value::from(zulu(now));
        body["received"] = Value::from(zulu(self.created));
        body.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const APP: i64 = 7;

    fn hooks_with(count: usize) -> Hooks {
        let mut hooks = Hooks::default();
        let subscription = Subscription {
            url: Some("http://127.0.0.1/hooks".to_owned()),
            topics: BTreeSet::from(["items".to_owned()]),
            ..Subscription::default()
        };
        hooks.subscriptions.insert(APP, subscription);
        for _ in 0..count {
            hooks.add(Notification {
                client_id: APP,
                topic: "items".to_owned(),
                user_id: 1,
                resource: "/items/MLB1".to_owned(),
                payload: json!({"topic": "items"}),
                created: Timestamp::EPOCH,
                attempts: Vec::new(),
                stage: Stage::Waiting(Timestamp::EPOCH),
                raw: None,
            });
        }
        hooks
    }

    /// Fails every attempt until nothing is due any more; gives the minutes of the attempts.
    fn fail_all(hooks: &mut Hooks) -> Vec<i64> {
        let mut minutes = Vec::new();
        while let Some(at) = hooks.next_at() {
            for number in hooks.due(at) {
                let sending = hooks.send(number, at).unwrap();
                hooks.settle(sending.id, Some(500), Duration::ZERO);
            }
            minutes.push(at.as_millis() / 60_000);
        }
        minutes
    }

    #[test]
    fn a_failing_application_gets_eight_attempts_over_an_hour_and_then_a_missed_feed() {
        let mut hooks = hooks_with(1);
        assert_eq!(fail_all(&mut hooks), [0, 1, 3, 6, 12, 20, 35, 60]);
        assert_eq!(hooks.notifications[&1].stage, Stage::Missed);
    }

    #[test]
    fn a_200_after_the_budget_is_a_failure() {
        let mut hooks = hooks_with(1);
        let sending = hooks.send(1, Timestamp::EPOCH).unwrap();
        hooks.settle(sending.id, Some(200), Duration::from_millis(501));
        assert!(matches!(hooks.notifications[&1].stage, Stage::Waiting(_)));
    }

    #[test]
    fn a_200_in_time_ends_the_matter() {
        let mut hooks = hooks_with(1);
        let sending = hooks.send(1, Timestamp::EPOCH).unwrap();
        hooks.settle(sending.id, Some(200), Duration::from_millis(500));
        assert_eq!(hooks.notifications[&1].stage, Stage::Delivered);
        assert_eq!(hooks.next_at(), None);
    }

    #[test]
    fn chronic_failure_switches_the_topic_off() {
        let mut hooks = hooks_with(usize::try_from(CHRONIC_MISSES).unwrap());
        assert!(hooks.listens(APP, "items"));
        fail_all(&mut hooks);
        assert!(!hooks.listens(APP, "items"));
    }

    #[test]
    fn a_sending_that_nobody_reports_on_is_tried_again() {
        let mut hooks = hooks_with(1);
        assert!(hooks.send(1, Timestamp::EPOCH).is_some());
        hooks.give_up_unreported(Timestamp::EPOCH.plus(REPORT_PATIENCE));
        assert_eq!(hooks.next_at(), Some(Timestamp::EPOCH.plus(Duration::from_mins(1))));
        assert_eq!(hooks.notifications[&1].attempts[0].status, None);
    }

    #[test]
    fn missed_notifications_are_forgotten_after_two_days() {
        let mut hooks = hooks_with(1);
        fail_all(&mut hooks);
        hooks.prune(Timestamp::EPOCH.plus(MISSED_RETENTION));
        assert_eq!(hooks.notifications.len(), 1);
        hooks.prune(Timestamp::EPOCH.plus(MISSED_RETENTION + Duration::from_millis(1)));
        assert!(hooks.notifications.is_empty());
    }
}
