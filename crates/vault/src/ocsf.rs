//! Audit events as the Open Cybersecurity Schema Framework 1.8 writes them, one JSON object
//! each, for whoever gathers events of many programs (<https://schema.ocsf.io/1.8.0>).
//!
//! `class_uid` is category × 1000 + class, `type_uid` is `class_uid` × 100 + `activity_id`.
//! What the schema has no attribute for stands in `unmapped`. Subjects stand by id, as in the
//! log itself.

use serde_json::{Map, Value, json};

use crate::audit::{AuditEvent, Outcome, Phase};

/// The schema's version.
pub const SCHEMA_VERSION: &str = "1.8.0";
/// What the program is called in its events.
const PRODUCT: &str = "Lojista";

/// The classes of events that the house has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// 3001: somebody's account was made, changed, locked or deleted.
    AccountChange,
    /// 3002: somebody signed in or out, or was refused.
    Authentication,
    /// 3003: a session was given rights.
    AuthorizeSession,
    /// 3005: somebody was given access to something, or lost it.
    UserAccess,
    /// 6002: the program itself.
    Lifecycle,
    /// 6003: something was made, changed or deleted.
    Api,
    /// 6005: kept data was read, searched, exported or erased.
    Datastore,
}

impl Class {
    /// The class's number.
    #[must_use]
    pub const fn uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::AuthorizeSession => 3003,
            Self::UserAccess => 3005,
            Self::Lifecycle => 6002,
            Self::Api => 6003,
            Self::Datastore => 6005,
        }
    }

    const fn caption(self) -> &'static str {
        match self {
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::AuthorizeSession => "Authorize Session",
            Self::UserAccess => "User Access Management",
            Self::Lifecycle => "Application Lifecycle",
            Self::Api => "API Activity",
            Self::Datastore => "Datastore Activity",
        }
    }

    const fn category(self) -> (u32, &'static str) {
        match self {
            Self::AccountChange | Self::Authentication | Self::AuthorizeSession | Self::UserAccess => {
                (3, "Identity & Access Management")
            }
            Self::Lifecycle | Self::Api | Self::Datastore => (6, "Application Activity"),
        }
    }

    /// What the schema calls an activity of the class.
    const fn activity(self, id: u32) -> &'static str {
        match (self, id) {
            (Self::AccountChange | Self::Api, 1) | (Self::Datastore, 6) => "Create",
            (Self::AccountChange, 2) | (Self::Lifecycle, 6) => "Enable",
            (Self::AccountChange, 3) => "Password Change",
            (Self::AccountChange, 4) => "Password Reset",
            (Self::AccountChange, 5) | (Self::Lifecycle, 7) => "Disable",
            (Self::AccountChange, 6) | (Self::Api, 4) | (Self::Datastore, 7) => "Delete",
            (Self::AccountChange, 9) => "Lock",
            (Self::AccountChange, 10) => "MFA Factor Enable",
            (Self::AccountChange, 11) => "MFA Factor Disable",
            (Self::AccountChange, 12) => "Unlock",
            (Self::Authentication, 1) => "Logon",
            (Self::Authentication, 2) => "Logoff",
            (Self::AuthorizeSession | Self::UserAccess, 1) => "Assign Privileges",
            (Self::UserAccess, 2) => "Revoke Privileges",
            (Self::Api, 2) | (Self::Datastore, 1) => "Read",
            (Self::Api, 3) | (Self::Datastore, 2) => "Update",
            (Self::Datastore, 4) => "Query",
            _ => "Other",
        }
    }
}

/// An activity that the schema has no number for.
const OTHER: u32 = 99;
// Activities, by class.
const CREATE: u32 = 1;
const READ: u32 = 2;
const UPDATE: u32 = 3;
const DELETE: u32 = 4;
const LOGON: u32 = 1;
const LOGOFF: u32 = 2;
const ASSIGN: u32 = 1;
const REVOKE: u32 = 2;
const DATA_READ: u32 = 1;
const DATA_QUERY: u32 = 4;
const DATA_DELETE: u32 = 7;

/// Every action of the house, its class, and which activity of the class it is. An action that
/// is not here fails the test of whoever writes it (`app`); a log that an older or newer program
/// wrote is exported all the same, as an activity of the last resort.
pub const ACTIONS: &[(&str, Class, u32)] = &[
    ("access.ended", Class::UserAccess, REVOKE),
    ("access.glass_broken", Class::UserAccess, ASSIGN),
    ("access.granted", Class::UserAccess, ASSIGN),
    ("access.used", Class::UserAccess, OTHER),
    ("access_review.closed", Class::Lifecycle, OTHER),
    ("access_review.decided", Class::UserAccess, OTHER),
    ("access_review.opened", Class::Lifecycle, OTHER),
    ("api_key.ended", Class::AuthorizeSession, OTHER),
    ("api_key.made", Class::AuthorizeSession, ASSIGN),
    ("audit.exported", Class::Datastore, DATA_READ),
    ("backup.asked", Class::Lifecycle, OTHER),
    ("backup.drilled", Class::Lifecycle, OTHER),
    ("backup.restored", Class::Lifecycle, OTHER),
    ("backup.retired", Class::Lifecycle, OTHER),
    ("backup.taken", Class::Lifecycle, OTHER),
    ("buyer.forgotten", Class::Datastore, DATA_DELETE),
    ("buyer.searched", Class::Datastore, DATA_QUERY),
    ("buyer_search.off", Class::Lifecycle, 7),
    ("buyer_search.on", Class::Lifecycle, 6),
    ("case.answered", Class::Api, UPDATE),
    ("case.changed", Class::Api, UPDATE),
    ("case.opened", Class::Api, CREATE),
    ("case.read", Class::Datastore, DATA_READ),
    ("checkpoint.parted", Class::Lifecycle, OTHER),
    ("connection.authorization_begun", Class::UserAccess, OTHER),
    ("connection.authorized", Class::UserAccess, ASSIGN),
    ("connection.callback", Class::UserAccess, ASSIGN),
    ("connection.disconnected", Class::UserAccess, REVOKE),
    ("connection.import_started", Class::Api, CREATE),
    ("connection.imported", Class::Api, CREATE),
    ("connection.key_renewed", Class::Lifecycle, OTHER),
    ("connection.stopped", Class::UserAccess, REVOKE),
    ("connection.sweep_asked", Class::Api, READ),
    ("connection.tokens_renewed", Class::AuthorizeSession, ASSIGN),
    ("draft.changed", Class::Api, UPDATE),
    ("draft.created", Class::Api, CREATE),
    ("draft.handed_in", Class::Api, CREATE),
    ("draft.publish_asked", Class::Api, UPDATE),
    ("fees.shifted", Class::Api, CREATE),
    ("hold.lifted", Class::Lifecycle, 7),
    ("hold.placed", Class::Lifecycle, 6),
    ("job.revived", Class::Api, UPDATE),
    ("keys.retired", Class::Lifecycle, OTHER),
    ("keys.rotated", Class::Lifecycle, OTHER),
    ("keys.rotation_begun", Class::Lifecycle, OTHER),
    ("listing.exported", Class::Datastore, DATA_READ),
    ("listing.linked", Class::Api, UPDATE),
    ("listing.price_written", Class::Api, UPDATE),
    ("listing.stock_written", Class::Api, UPDATE),
    ("mail.sent", Class::Api, CREATE),
    ("member.codes_made", Class::AccountChange, OTHER),
    ("member.created", Class::AccountChange, CREATE),
    ("member.factor_added", Class::AccountChange, 10),
    ("member.factor_removed", Class::AccountChange, 11),
    ("member.invitation_withdrawn", Class::AccountChange, OTHER),
    ("member.invited", Class::AccountChange, OTHER),
    ("member.joined", Class::AccountChange, CREATE),
    ("member.left", Class::AccountChange, DELETE),
    ("member.listed", Class::Datastore, DATA_READ),
    ("member.password_changed", Class::AccountChange, 3),
    ("member.provider_linked", Class::AccountChange, OTHER),
    ("member.provider_unlinked", Class::AccountChange, OTHER),
    ("member.recovered", Class::AccountChange, 4),
    ("member.recovery_begun", Class::AccountChange, OTHER),
    ("money.exported", Class::Datastore, DATA_READ),
    ("order.changed", Class::Api, UPDATE),
    ("order.exported", Class::Datastore, DATA_READ),
    ("order.goods_returned", Class::Api, UPDATE),
    ("order.nothing_returned", Class::Api, UPDATE),
    ("order.read_asked", Class::Api, READ),
    ("order.settled", Class::Api, UPDATE),
    ("order.taken_in", Class::Api, CREATE),
    ("organization.copied", Class::Datastore, DATA_READ),
    ("organization.leaving", Class::Lifecycle, OTHER),
    ("organization.left", Class::Datastore, DATA_DELETE),
    ("price.changes_agreed", Class::Api, UPDATE),
    ("price.changes_called_off", Class::Api, UPDATE),
    ("price.changes_staged", Class::Api, CREATE),
    ("price.fees_kept", Class::Api, UPDATE),
    ("price.rule_ended", Class::Api, UPDATE),
    ("price.rule_kept", Class::Api, UPDATE),
    ("privacy.code_shown", Class::Authentication, LOGON),
    ("privacy.code_wanted", Class::Authentication, OTHER),
    ("privacy.disclosed", Class::Datastore, DATA_READ),
    ("privacy.left", Class::Authentication, LOGOFF),
    ("product.archived", Class::Api, UPDATE),
    ("product.changed", Class::Api, UPDATE),
    ("product.created", Class::Api, CREATE),
    ("product.picture_added", Class::Api, UPDATE),
    ("product.picture_moved", Class::Api, UPDATE),
    ("product.picture_removed", Class::Api, UPDATE),
    ("product.restored", Class::Api, UPDATE),
    ("recipient.revealed", Class::Datastore, DATA_READ),
    ("request.answered", Class::Api, UPDATE),
    ("request.erased", Class::Datastore, DATA_DELETE),
    ("request.read", Class::Datastore, DATA_READ),
    ("request.received", Class::Api, CREATE),
    ("session.closed", Class::Authentication, LOGOFF),
    ("session.ended", Class::Authentication, LOGOFF),
    ("session.opened", Class::Authentication, LOGON),
    ("session.proven", Class::AuthorizeSession, ASSIGN),
    ("session.refused", Class::Authentication, LOGON),
    ("session.vouched", Class::Authentication, OTHER),
    ("sheet.agreed", Class::Api, UPDATE),
    ("sheet.applied", Class::Api, UPDATE),
    ("sheet.dropped", Class::Api, UPDATE),
    ("sheet.exported", Class::Datastore, DATA_READ),
    ("sheet.staged", Class::Api, CREATE),
    ("sheet.undo_begun", Class::Api, UPDATE),
    ("sheet.undone", Class::Api, UPDATE),
    ("sku.adjusted", Class::Api, UPDATE),
    ("sku.cost_set", Class::Api, UPDATE),
    ("sku.kit_changed", Class::Api, UPDATE),
    ("sku.kit_ended", Class::Api, UPDATE),
    ("sku.kit_made", Class::Api, UPDATE),
    ("sku.opened", Class::Api, CREATE),
    ("sku.shared", Class::Api, UPDATE),
    ("sku.sharing_chosen", Class::Api, UPDATE),
    ("sku.split", Class::Api, UPDATE),
    ("stock_take.applied", Class::Api, UPDATE),
    ("stock_take.begun", Class::Api, CREATE),
    ("stock_take.file_counted", Class::Api, UPDATE),
    ("stock_take.left", Class::Api, UPDATE),
    ("view.deleted", Class::Api, DELETE),
    ("view.moved", Class::Api, UPDATE),
    ("view.renamed", Class::Api, UPDATE),
    ("view.saved", Class::Api, CREATE),
];

/// An action's class and activity.
#[must_use]
pub fn class_of(action: &str) -> (Class, u32) {
    let row = ACTIONS.iter().find(|(known, ..)| *known == action);
    row.map_or((Class::Api, OTHER), |(_, class, activity)| (*class, *activity))
}

/// An event as one object of the schema. `sequence` is its place in the log, if it has one.
#[must_use]
pub fn record(event: &AuditEvent, sequence: Option<u64>) -> Value {
    let (class, activity) = class_of(&event.action);
    let (category, category_name) = class.category();
    let caption = if activity == OTHER { event.action.as_str() } else { class.activity(activity) };
    let (status_id, status, severity_id) = match event.phase {
        // Begun: how it ends is another event.
        Phase::Intent => (OTHER, "Begun", 1),
        Phase::Outcome(Outcome::Done) => (1, "Success", 1),
        Phase::Outcome(Outcome::Refused) => (2, "Failure", 2),
        Phase::Outcome(Outcome::Failed) => (2, "Failure", 3),
    };
    let mut out = json!({
        "activity_id": activity,
        "activity_name": caption,
        "actor": actor(&event.actor),
        "category_name": category_name,
        "category_uid": category,
        "class_name": class.caption(),
        "class_uid": class.uid(),
        "metadata": metadata(event, sequence),
        "severity_id": severity_id,
        "status": status,
        "status_id": status_id,
        "time": event.at.as_millis(),
        "type_uid": class.uid() * 100 + activity,
        "unmapped": {
            "phase": word_of(event.phase),
            "subject_kind": event.subject.kind,
            "subject_uid": event.subject.id,
            "details": event.details,
        },
    });
    if let Some(fields) = out.as_object_mut() {
        fields.extend(of_class(class, event));
    }
    out
}

const fn word_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Intent => "intent",
        Phase::Outcome(Outcome::Done) => "done",
        Phase::Outcome(Outcome::Refused) => "refused",
        Phase::Outcome(Outcome::Failed) => "failed",
    }
}

/// What a class must have beyond what every event has.
fn of_class(class: Class, event: &AuditEvent) -> Map<String, Value> {
    let thing = json!([{"type": event.subject.kind, "uid": event.subject.id}]);
    // The network address of a member is not kept.
    let source = json!({"svc_name": PRODUCT});
    let fields = match class {
        Class::AccountChange => json!({"user": user(&event.subject.id)}),
        Class::Authentication => {
            json!({"user": user(&event.actor), "service": {"name": PRODUCT}, "session": {"uid": event.subject.id}})
        }
        Class::AuthorizeSession => json!({"user": user(&event.actor), "privileges": [event.action]}),
        Class::UserAccess => {
            json!({"user": user(&event.actor), "privileges": [event.action], "resources": thing})
        }
        Class::Lifecycle => json!({"app": {"name": PRODUCT, "vendor_name": PRODUCT}}),
        Class::Api => {
            json!({"api": {"operation": event.action}, "resources": thing, "src_endpoint": source})
        }
        Class::Datastore => json!({
            "src_endpoint": source,
            "table": {"name": event.subject.kind, "uid": event.subject.id},
            "type_id": 3,
        }),
    };
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn metadata(event: &AuditEvent, sequence: Option<u64>) -> Value {
    let mut out = json!({
        "event_code": event.action,
        "log_name": "audit",
        "product": {"name": PRODUCT, "vendor_name": PRODUCT},
        "uid": event.id.to_string(),
        "version": SCHEMA_VERSION,
    });
    if let Some(sequence) = sequence {
        out["sequence"] = sequence.into();
    }
    if let Some(organization) = event.organization {
        out["tenant_uid"] = organization.to_string().into();
    }
    out
}

/// Who, as the log writes it: a member is a user, a part of the program an application.
fn actor(text: &str) -> Value {
    match text.split_once(':') {
        Some(("system", name)) => json!({"app_name": name}),
        _ => json!({"user": user(text)}),
    }
}

fn user(text: &str) -> Value {
    // 1 is a person, 3 the system, 0 unknown.
    let (type_id, uid) = match text.split_once(':') {
        Some(("member", id)) => (1, id),
        Some(("system", name)) => (3, name),
        _ if text.starts_with("mem_") => (1, text),
        _ => (0, "unknown"),
    };
    json!({"type_id": type_id, "uid": uid})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tests::event;

    fn told(action: &str, actor: &str, phase: Phase) -> Value {
        let event = AuditEvent { action: action.to_owned(), actor: actor.to_owned(), phase, ..event(7) };
        record(&event, Some(7))
    }

    const DONE: Phase = Phase::Outcome(Outcome::Done);

    #[test]
    fn every_object_has_what_the_schema_wants_of_all_and_of_its_class() {
        for (action, class, activity) in ACTIONS {
            let it = told(action, "member:mem_1", DONE);
            for name in
                ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"]
            {
                assert!(!it[name].is_null(), "{action} has no {name}");
            }
            assert_eq!(it["category_uid"].as_u64(), it["class_uid"].as_u64().map(|class| class / 1000));
            assert_eq!(it["type_uid"].as_u64(), Some(u64::from(class.uid() * 100 + activity)), "{action}");
            let needed: &[&str] = match class {
                Class::AccountChange | Class::AuthorizeSession => &["user"],
                Class::Authentication => &["user", "service"],
                Class::UserAccess => &["user", "privileges"],
                Class::Lifecycle => &["app"],
                Class::Api => &["actor", "api", "src_endpoint"],
                Class::Datastore => &["actor", "src_endpoint", "table"],
            };
            for name in needed {
                assert!(!it[*name].is_null(), "{action} has no {name}");
            }
            let named = class.activity(*activity) != "Other";
            assert!(named || *activity == OTHER, "{action}: the class has no activity {activity}");
        }
    }

    #[test]
    fn the_table_is_in_order_and_has_each_action_once() {
        assert!(ACTIONS.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn a_sign_in_is_a_logon_of_the_member() {
        let it = told("session.opened", "member:mem_1", DONE);
        assert_eq!((it["class_uid"].as_u64(), it["activity_name"].as_str()), (Some(3002), Some("Logon")));
        assert_eq!(it["user"], json!({"type_id": 1, "uid": "mem_1"}));
        assert_eq!((it["status_id"].as_u64(), it["metadata"]["sequence"].as_u64()), (Some(1), Some(7)));
    }

    #[test]
    fn a_refusal_and_a_failure_are_no_success_and_an_intent_is_neither() {
        let ends = [
            (Phase::Outcome(Outcome::Refused), 2, 2),
            (Phase::Outcome(Outcome::Failed), 2, 3),
            (Phase::Intent, 99, 1),
        ];
        for (phase, status, severity) in ends {
            let it = told("listing.stock_written", "system:fan-out", phase);
            assert_eq!(
                (it["status_id"].as_u64(), it["severity_id"].as_u64()),
                (Some(status), Some(severity))
            );
            assert_eq!(it["actor"], json!({"app_name": "fan-out"}));
        }
    }

    #[test]
    fn who_is_not_known_is_said_to_be_unknown() {
        let it = told("session.refused", "unknown", Phase::Outcome(Outcome::Refused));
        assert_eq!(it["user"], json!({"type_id": 0, "uid": "unknown"}));
    }

    #[test]
    fn an_action_that_nobody_knows_is_exported_all_the_same() {
        let it = told("moon.painted", "system:x", DONE);
        assert_eq!(
            (it["type_uid"].as_u64(), it["activity_name"].as_str()),
            (Some(600_399), Some("moon.painted"))
        );
    }

    #[test]
    fn an_event_without_a_place_has_no_sequence() {
        assert!(record(&event(7), None)["metadata"].get("sequence").is_none());
    }
}
