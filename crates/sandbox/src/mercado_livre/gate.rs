//! The gate every request passes: token, scope, functional permission, rate budget
//! (fact sheet §2, §3, §18).

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

use super::World;
use crate::call::{Call, Caller};
use crate::reply::{self, Reply};

/// A functional permission of an application (switched on by its developer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Users, applications, notifications.
    Users,
    /// Items, pictures, prices, categories, user products, moderation.
    Publishing,
    /// Questions, messages, claims, returns.
    Communication,
    /// Orders, packs, shipments, labels, feedback, claims, returns.
    Sales,
    /// Notes, invoices, billing data.
    Billing,
    /// Seller promotions.
    Promotions,
    /// Visits, trends.
    Metrics,
    /// Advertising.
    Advertising,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::Publishing,
        Self::Communication,
        Self::Sales,
        Self::Billing,
        Self::Promotions,
        Self::Metrics,
        Self::Advertising,
    ];
}

/// What a caller must hold to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nothing: OAuth itself and the control API.
    Open,
    /// A token whose application has one of these permissions; any application when empty.
    Token(&'static [Permission]),
}

/// Any token opens this.
pub const ANY_TOKEN: Door = Door::Token(&[]);
/// Users, applications, notifications.
pub const USERS: Door = Door::Token(&[Permission::Users]);
/// Items and what belongs to them.
pub const PUBLISHING: Door = Door::Token(&[Permission::Publishing]);
/// Questions and messages.
pub const COMMUNICATION: Door = Door::Token(&[Permission::Communication]);
/// Orders and shipments.
pub const SALES: Door = Door::Token(&[Permission::Sales]);
/// Claims and returns, which two permissions open.
pub const AFTER_SALE: Door = Door::Token(&[Permission::Communication, Permission::Sales]);
/// Billing data and notes.
pub const BILLING: Door = Door::Token(&[Permission::Billing]);
/// Seller promotions.
pub const PROMOTIONS: Door = Door::Token(&[Permission::Promotions]);
/// Visits.
pub const METRICS: Door = Door::Token(&[Permission::Metrics]);

/// Resources that share one rate budget per application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Everything without a budget of its own.
    #[default]
    General,
    /// Reading post-sale messages.
    MessagesRead,
    /// Writing post-sale messages.
    MessagesWrite,
    /// `/user-products/{id}/stock`.
    Stock,
    /// `/flex` resources.
    Flex,
    /// Never counted: OAuth and the control API.
    Free,
}

/// Requests per minute of the groups with a documented budget (fact sheet §3).
const MESSAGES_PER_MINUTE: u32 = 500;
const STOCK_PER_MINUTE: u32 = 100;
const FLEX_PER_MINUTE: u32 = 1_000;
/// Milliseconds of a rate window.
const WINDOW_MS: i64 = 60_000;
/// Milliseconds of the window that all groups share.
const HOUR_MS: i64 = 3_600_000;

/// Requests counted in the present minute, by application and group, and in the present
/// hour, by application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    minute: i64,
    counts: BTreeMap<i64, BTreeMap<Group, u32>>,
    hour: i64,
    hour_counts: BTreeMap<i64, u32>,
}

impl Rates {
    /// Counts one request; false when it exceeds `limit` in this minute.
    fn admit(&mut self, minute: i64, client_id: i64, group: Group, limit: u32) -> bool {
        if minute != self.minute {
            self.minute = minute;
            self.counts.clear();
        }
        let count = self.counts.entry(client_id).or_default().entry(group).or_insert(0);
        *count = count.saturating_add(1);
        *count <= limit
    }

    /// Counts one request of any group; false when it exceeds `limit` in this hour.
    fn admit_in_hour(&mut self, hour: i64, client_id: i64, limit: u32) -> bool {
        if hour != self.hour {
            self.hour = hour;
            self.hour_counts.clear();
        }
        let count = self.hour_counts.entry(client_id).or_insert(0);
        *count = count.saturating_add(1);
        *count <= limit
    }
}

/// Lets a request through `door`, or says why not. Whose token it is comes back for the
/// handler; behind an open door it is nobody's.
pub(crate) fn admit(
    world: &mut World,
    door: Door,
    group: Group,
    call: &Call,
) -> Result<Option<Caller>, Reply> {
    let Door::Token(permissions) = door else { return Ok(None) };
    let token = bearer(world, call)?;
    let grant = world.auth.use_access_token(&token, world.now).ok_or_else(reply::invalid_access_token)?;
    let caller = Caller { user_id: grant.user_id, client_id: grant.client_id };
    let scope = if call.method == Method::GET { "read" } else { "write" };
    if !grant.scopes.contains(scope) {
        return Err(reply::invalid_scopes());
    }
    let app = world.apps.get(&caller.client_id).ok_or_else(reply::invalid_access_token)?;
    if !permissions.is_empty() && !permissions.iter().any(|permission| app.permissions.contains(permission)) {
        return Err(reply::blocked_by_policy());
    }
    if !world.users.get(&caller.user_id).is_some_and(|user| user.active) {
        return Err(reply::not_yours());
    }
    let hour = world.now.as_millis().div_euclid(HOUR_MS);
    let hourly = world.rules.requests_per_hour;
    if hourly.is_some_and(|limit| !world.rates.admit_in_hour(hour, caller.client_id, limit)) {
        return Err(reply::too_many_requests());
    }
    let (group, limit) = budget(group, &world.rules);
    let minute = world.now.as_millis().div_euclid(WINDOW_MS);
    if limit.is_some_and(|limit| !world.rates.admit(minute, caller.client_id, group, limit)) {
        return Err(if group == Group::General {
            reply::too_many_requests()
        } else {
            reply::locally_rate_limited()
        });
    }
    Ok(Some(caller))
}

fn budget(group: Group, rules: &super::Rules) -> (Group, Option<u32>) {
    let limit = match group {
        Group::General => Some(rules.requests_per_minute),
        Group::MessagesRead | Group::MessagesWrite => Some(MESSAGES_PER_MINUTE),
        Group::Stock => Some(STOCK_PER_MINUTE),
        Group::Flex => Some(FLEX_PER_MINUTE),
        Group::Free => None,
    };
    (group, limit)
}

fn bearer(world: &World, call: &Call) -> Result<String, Reply> {
    let token = match call.header("authorization") {
        Some(value) => {
            value.strip_prefix("Bearer ").map(str::trim).ok_or_else(reply::authorization_absent)?
        }
        None if world.rules.access_token_query_allowed => {
            call.query("access_token").ok_or_else(reply::authorization_absent)?
        }
        None => return Err(reply::authorization_absent()),
    };
    if token.starts_with("APP_USR-") { Ok(token.to_owned()) } else { Err(reply::malformed_token(token)) }
}
