//! Mercado Livre in the frame that all simulated markets share.

use std::time::Duration;

use domain::Timestamp;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::gate::{self, Door, Group};
use super::{World, notice, robot};
use crate::call::Call;
use crate::faults::{Fault, Faults};
use crate::frame::{Addresses, Market, Misfit};
use crate::hooks::{HookAnswer, HookDelivery};
use crate::ids::Ids;
use crate::log::Log;
use crate::reply::{self, Body, Reply};
use crate::table::Route;
use crate::traffic::Traffic;

impl Market for World {
    type Door = Door;
    type Group = Group;

    fn now(&self) -> Timestamp {
        self.now
    }

    fn advance_to(&mut self, now: Timestamp) {
        Self::advance_to(self, now);
    }

    fn next_event_at(&self) -> Option<Timestamp> {
        self.agenda.next_at().into_iter().chain(self.hooks.next_at()).min()
    }

    fn faults(&mut self) -> &mut Faults {
        &mut self.faults
    }

    fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    fn admit(&mut self, route: &Route<Self>, call: &mut Call) -> Result<(), Reply> {
        call.caller = gate::admit(self, route.door, route.group, call)?;
        Ok(())
    }

    fn misfit(&mut self, misfit: Misfit<'_>) -> Reply {
        match misfit {
            Misfit::UnknownPath => reply::not_found("not_found", "the requested resource does not exist"),
            Misfit::OtherMethod(call) if call.method == Method::OPTIONS => {
                Reply::ok(json!({"name": call.path, "description": "Simulated resource"}))
            }
            Misfit::OtherMethod(_) => {
                reply::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed")
            }
            Misfit::BodyTooLarge => reply::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "the request body is too large or was cut off",
            ),
        }
    }

    fn instead(&mut self, fault: &Fault) -> Option<Reply> {
        fault.instead()
    }

    fn finish(&mut self, reply: Reply, call: &Call) -> Reply {
        select_fields(reply, call)
    }

    fn move_to(&mut self, addresses: &Addresses, ids_seed: u64) {
        self.base_url.clone_from(&addresses.base_url);
        for app in self.apps.values_mut() {
            app.redirect_uris = vec![addresses.redirect_uri.clone()];
        }
        for subscription in self.hooks.subscriptions.values_mut() {
            subscription.url = Some(addresses.hook_url.clone());
            subscription.disabled.clear();
        }
        self.ids = Ids::new(ids_seed);
    }

    fn visit(&mut self, traffic: Option<Traffic>) {
        robot::set_traffic(self, traffic);
    }

    fn orders_placed(&self) -> usize {
        self.orders.len()
    }

    fn take_due(&mut self) -> Vec<HookDelivery> {
        notice::take_due(self)
    }

    fn settle(&mut self, sending: u64, answer: Option<HookAnswer>, elapsed: Duration) {
        self.hooks.settle(sending, answer.map(|answer| answer.status), elapsed);
    }
}

/// Keeps only the fields that `?attributes=` names. Multigets select by themselves.
fn select_fields(mut reply: Reply, call: &Call) -> Reply {
    let wanted = call.query_list("attributes");
    if call.method == Method::GET
        && !wanted.is_empty()
        && reply.status.is_success()
        && let Body::Json(Value::Object(fields)) = &mut reply.body
    {
        fields.retain(|name, _| wanted.contains(&name.as_str()));
    }
    reply
}
