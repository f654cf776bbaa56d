//! TikTok Shop in the frame that all simulated markets share.

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde_json::Value;

use super::gate::{self, Door};
use super::refusal::{Refusal, numbered};
use super::{World, robot, webhook};
use crate::call::Call;
use crate::faults::{self, Fault, Faults, html_page, status_of};
use crate::frame::{Addresses, CONTROL_PREFIX, Market, Misfit};
use crate::hooks::{HookAnswer, HookDelivery};
use crate::ids::Ids;
use crate::log::Log;
use crate::reply::{Body, Reply};
use crate::table::Route;
use crate::traffic::Traffic;

impl World {
    /// Numbers an answer, and makes it HTTP 200 where the switch says so.
    fn seal(&mut self, mut reply: Reply) -> Reply {
        self.requests += 1;
        self.every_second_fails = false;
        let digits: String = self.now.to_rfc3339().chars().filter(char::is_ascii_digit).take(14).collect();
        let refused = matches!(&reply.body, Body::Json(document) if document["code"].as_i64().is_some_and(|code| code != 0));
        if self.rules.refusals_with_200 && refused && reply.status != StatusCode::TOO_MANY_REQUESTS {
            reply.status = StatusCode::OK;
        }
        if self.rules.unknown_extra_fields
            && let Body::Json(document) = &mut reply.body
        {
            add_novelties(&mut document["data"]);
        }
        numbered(reply, &format!("{digits}{:018X}", self.requests))
    }

    fn internal_error(&self) -> Refusal {
        Refusal::internal(status_of(self.rules.internal_error_status))
    }

    fn refusal_for(&self, injected: faults::Refusal) -> Refusal {
        match injected {
            faults::Refusal::InvalidAccessToken => Refusal::expired_token(),
            faults::Refusal::AuthorizationAbsent
            | faults::Refusal::InvalidTokenOldShape
            | faults::Refusal::InvalidCallerOfClaims => Refusal::unknown_token(),
            faults::Refusal::InvalidScopes
            | faults::Refusal::AccessDenied
            | faults::Refusal::BlockedByPolicy => Refusal::missing_scope("the endpoint"),
            faults::Refusal::NotYours => Refusal::foreign_cipher(),
            faults::Refusal::ItemLocked => self.internal_error(),
            faults::Refusal::TooManyRequests => Refusal::too_many(1),
            faults::Refusal::LocallyRateLimited => Refusal::hour_used_up(60),
        }
    }
}

/// Puts a field that no document lists into every object.
fn add_novelties(value: &mut Value) {
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(add_novelties),
        Value::Object(fields) => {
            fields.values_mut().for_each(add_novelties);
            fields.insert("novel_field".to_owned(), Value::from("novel"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Market for World {
    type Door = Door;
    type Group = ();

    fn now(&self) -> Timestamp {
        self.now
    }

    fn advance_to(&mut self, now: Timestamp) {
        Self::advance_to(self, now);
    }

    fn next_event_at(&self) -> Option<Timestamp> {
        self.agenda.next_at().into_iter().chain(self.webhooks.next_at()).min()
    }

    fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    fn admit(&mut self, route: &Route<Self>, call: &mut Call) -> Result<(), Reply> {
        let admitted = gate::admit(self, route.door, route.path, call);
        call.caller = admitted.map_err(|refusal| self.seal(refusal.into()))?;
        Ok(())
    }

    fn misfit(&mut self, misfit: Misfit<'_>) -> Reply {
        let refusal = match misfit {
            Misfit::UnknownPath => Refusal::unknown_path(),
            Misfit::OtherMethod(_) => Refusal::unknown_method(),
            Misfit::BodyTooLarge => Refusal::too_large(),
        };
        self.seal(refusal.into())
    }

    fn instead(&mut self, fault: &Fault) -> Option<Reply> {
        let refusal = match fault {
            Fault::Status { status: 429 } => Refusal::too_many(1),
            Fault::Status { status } => Refusal::internal(status_of(*status)),
            Fault::TimeoutBeforeCommit { .. } => self.internal_error(),
            Fault::Refuse { refusal } => self.refusal_for(*refusal),
            Fault::Code { code, message, status } => {
                let code = code.parse().unwrap_or(36_009_003);
                Refusal::new(status_of(status.unwrap_or(200)), code, message.clone())
            }
            Fault::HtmlBody => return Some(html_page()),
            Fault::PartialMultiget => {
                self.every_second_fails = true;
                return None;
            }
            Fault::Latency { .. }
            | Fault::Partial { .. }
            | Fault::TimeoutAfterCommit { .. }
            | Fault::StaleRead { .. }
            | Fault::HalfJson
            | Fault::FlipTypes
            | Fault::UnknownEnum
            | Fault::HookDrop
            | Fault::HookDuplicate
            | Fault::HookReorder
            | Fault::HookLate { .. } => return None,
        };
        Some(self.seal(refusal.into()))
    }

    fn finish(&mut self, reply: Reply, call: &Call) -> Reply {
        if call.path.starts_with(CONTROL_PREFIX) { reply } else { self.seal(reply) }
    }

    fn move_to(&mut self, addresses: &Addresses, ids_seed: u64) {
        self.base_url.clone_from(&addresses.base_url);
        self.app.redirect_url.clone_from(&addresses.redirect_uri);
        self.webhooks.url = Some(addresses.hook_url.clone());
        self.ids = Ids::new(ids_seed);
    }

    fn visit(&mut self, traffic: Option<Traffic>) {
        robot::set_traffic(self, traffic);
    }

    fn orders_placed(&self) -> usize {
        self.orders.len()
    }

    fn take_due(&mut self) -> Vec<HookDelivery> {
        webhook::take_due(self)
    }

    fn settle(&mut self, sending: u64, answer: Option<HookAnswer>, elapsed: Duration) {
        webhook::settle(self, sending, answer, elapsed);
    }
}
