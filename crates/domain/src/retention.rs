//! What is kept, where, until when and why: one table for the whole house.
//!
//! Whatever deletes something because its time is over takes the time from here, and so do
//! the page of members and `docs/security/retention.md`. A test of `store` walks the tables of
//! both engines and fails for one that no class names.
//!
//! An organization that leaves takes all of its rows with it, whatever stands here, but for those of
//! the audit log (docs/decisions/0031).
//!
//! The words for people are the translation keys `retention-<class>` (what it is) and
//! `retention-<class>-why` (by which law or rule, and what for).

use std::time::Duration;

/// A day.
const DAY: Duration = Duration::from_hours(24);
/// A year of 365 days.
const YEAR: Duration = Duration::from_hours(365 * 24);

/// A session ends when it was not used for this long…
pub const SESSION_IDLE: Duration = Duration::from_mins(30);
/// …or this long after sign-in, used or not.
pub const SESSION_MAX: Duration = Duration::from_hours(12);
/// A browser that did not sign in for this long is a new one when it comes again.
pub const DEVICE_KEPT: Duration = DAY.saturating_mul(180);
/// Notices that were read are forgotten after this long.
pub const NOTICE_KEPT: Duration = DAY.saturating_mul(90);
/// A member's second step has to be answered within this.
pub const QUESTION_LIFE: Duration = Duration::from_mins(5);
/// A browser that was sent to the team's identity provider has to be back within this.
pub const ERRAND_LIFE: Duration = Duration::from_mins(15);
/// The owner's link is good for this long.
pub const SETUP_LINK_LIFE: Duration = DAY;
/// A consent has to come back from its platform within this.
pub const AUTHORIZATION_LIFE: Duration = Duration::from_mins(15);
/// A network that a member did not sign in from for this long is a strange one again.
pub const NETWORK_KEPT: Duration = DAY.saturating_mul(60);
/// The link of who lost every way in is good for this long.
pub const RECOVERY_LINK_LIFE: Duration = Duration::from_hours(1);
/// An invitation's link is good for this long.
pub const INVITATION_LIFE: Duration = DAY.saturating_mul(3);
/// Longest life of a key for programs.
pub const API_KEY_LIFE: Duration = YEAR;
/// How long an answer that failed is kept for another try.
pub const FAILED_ANSWER_KEPT: Duration = DAY.saturating_mul(7);
/// How long after a buyer's last order they are found. Flaws of durable goods can be
/// complained of for 90 days (Código de Defesa do Consumidor, art. 26, II): until then a
/// buyer may have a reason to call. Shopee's rules end there, too (policy 10.6).
pub const BUYERS_KEPT: Duration = DAY.saturating_mul(90);
/// How long the list of backups and drills goes back.
pub const BACKUP_RUNS_KEPT: Duration = DAY.saturating_mul(90);
/// Copies of keys are kept in backups for no more than this: a key that was destroyed has left
/// the last backup by then.
pub const BACKUP_KEYS_KEPT: Duration = DAY.saturating_mul(30);
/// Letters wait for the mail server for this long at most.
pub const MAIL_KEPT: Duration = DAY.saturating_mul(7);

/// How long it is known what was held and why, after a hold was lifted: claims between seller and
/// buyer end with five years (Código de Defesa do Consumidor, art. 27).
pub const HOLD_KEPT: Duration = YEAR.saturating_mul(5);

/// How long a table that somebody brought along can be applied and undone: a month's end lies in it.
pub const SHEET_KEPT: Duration = DAY.saturating_mul(30);

/// A code has to come back within this, and what it shows is good for as long again.
pub const TICKET_LIFE: Duration = Duration::from_mins(15);
/// How long requests about data are kept after their answer. Two years for California (11 CCR
/// 7101); five for claims (Código de Defesa do Consumidor, art. 27).
pub const REQUEST_KEPT: Duration = YEAR.saturating_mul(5);

/// How long deletion may come after its due instant before a row counts as overdue: the
/// clockwork forgets every hour, and a program may stand still for a day.
pub const GRACE: Duration = DAY;

/// What starts a class's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It was last used.
    LastUse,
    /// It was made.
    Made,
    /// It was read.
    Read,
    /// Its buyer last ordered.
    LastOrder,
    /// It failed or ended.
    Ended,
    /// It was lifted.
    Lifted,
}

impl Since {
    /// The word in translation keys (`retention-since-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LastUse => "last_use",
            Self::Made => "made",
            Self::Read => "read",
            Self::LastOrder => "last_order",
            Self::Ended => "ended",
            Self::Lifted => "lifted",
        }
    }
}

/// Where a class is and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Rows of a table are deleted when a span has passed since the instant in a column.
    After {
        /// The table.
        table: &'static str,
        /// The column of the instant; where it is empty, the clock has not begun.
        column: &'static str,
        /// The span.
        span: Duration,
        /// What the instant is.
        since: Since,
    },
    /// Rows of a table are deleted at the instant in a column.
    At {
        /// The table.
        table: &'static str,
        /// The column of the instant.
        column: &'static str,
        /// How far after its making a row's end is set at most.
        longest: Duration,
    },
    /// Rows of these tables go with something else, or stay.
    With(&'static [&'static str], Fate),
    /// Files in the folder of the backups, for as long as the operator sets.
    Files {
        /// No longer than this, whatever is set.
        at_most: Option<Duration>,
    },
}

/// How a class ends that has no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Stays as long as the installation.
    Installation,
    /// Stays as long as the organization's books have to.
    Organization,
    /// Goes with its member.
    Member,
    /// What can be read in it is gone once the account is disconnected: its key is destroyed.
    Disconnected,
    /// Goes the moment its work is done.
    Done,
    /// Grows only: what is in it names nobody but members, by their ids.
    AppendOnly,
    /// Goes with what it belongs to.
    Owner,
}

impl Fate {
    /// The word in translation keys (`retention-fate-<word>`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installation => "installation",
            Self::Organization => "organization",
            Self::Member => "member",
            Self::Disconnected => "disconnected",
            Self::Done => "done",
            Self::AppendOnly => "append_only",
            Self::Owner => "owner",
        }
    }
}

impl Term {
    /// The tables that it speaks of.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        let (one, many): (Option<&'static str>, &'static [&'static str]) = match self {
            Self::After { table, .. } | Self::At { table, .. } => (Some(table), &[]),
            Self::With(tables, _) => (None, tables),
            Self::Files { .. } => (None, &[]),
        };
        one.into_iter().chain(many.iter().copied())
    }
}

/// The column that says whose a row is, in tables that a hold can keep: their rows belong to an
/// organization, and nothing but their time ends them. What guards a sign-in is never held.
#[must_use]
pub fn subject_column(table: &str) -> Option<&'static str> {
    match table {
        "buyer" => Some("id"),
        "device" | "security_notice" | "case_answer" | "privacy_request" => Some("member_id"),
        _ => None,
    }
}

/// A class of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// Its word, in translation keys and in the database.
    pub name: &'static str,
    /// Where it is and when it ends.
    pub terms: &'static [Term],
    /// Whether it says something about a person.
    pub personal: bool,
}

impl Class {
    /// The class of a word.
    #[must_use]
    pub fn parse(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }

    /// Whether a hold can keep it.
    #[must_use]
    pub fn can_be_held(&self) -> bool {
        self.tables().any(|table| subject_column(table).is_some())
    }

    /// The tables that it is in.
    pub fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.terms.iter().flat_map(Term::tables)
    }
}

const fn personal(name: &'static str, terms: &'static [Term]) -> Class {
    Class { name, terms, personal: true }
}

const fn other(name: &'static str, terms: &'static [Term]) -> Class {
    Class { name, terms, personal: false }
}

/// Every class, those about people first.
pub const CLASSES: &[Class] = &[
    personal(
        "member",
        &[Term::With(
            &["member", "authenticator", "passkey", "recovery_code", "provider_link", "order_view"],
            Fate::Member,
        )],
    ),
    personal(
        "session",
        &[
            Term::After {
                table: "session",
                column: "last_seen_at",
                span: SESSION_IDLE,
                since: Since::LastUse,
            },
            Term::After { table: "session", column: "created_at", span: SESSION_MAX, since: Since::Made },
        ],
    ),
    personal(
        "device",
        &[Term::After { table: "device", column: "last_seen_at", span: DEVICE_KEPT, since: Since::LastUse }],
    ),
    personal(
        "notice",
        &[Term::After { table: "security_notice", column: "seen_at", span: NOTICE_KEPT, since: Since::Read }],
    ),
    personal(
        "once",
        &[
            Term::At { table: "challenge", column: "expires_at", longest: QUESTION_LIFE },
            Term::At { table: "provider_attempt", column: "expires_at", longest: ERRAND_LIFE },
            Term::At { table: "authorization_attempt", column: "expires_at", longest: AUTHORIZATION_LIFE },
            Term::At { table: "setup_link", column: "expires_at", longest: SETUP_LINK_LIFE },
            Term::At { table: "recovery_link", column: "expires_at", longest: RECOVERY_LINK_LIFE },
            Term::At {
                table: "privacy_ticket",
                column: "expires_at",
                longest: TICKET_LIFE.saturating_mul(2),
            },
        ],
    ),
    personal(
        "network",
        &[Term::After {
            table: "familiar_network",
            column: "last_seen_at",
            span: NETWORK_KEPT,
            since: Since::LastUse,
        }],
    ),
    personal(
        "invitation",
        &[Term::At { table: "invitation", column: "expires_at", longest: INVITATION_LIFE }],
    ),
    personal("api_key", &[Term::At { table: "api_key", column: "expires_at", longest: API_KEY_LIFE }]),
    personal(
        "access",
        &[Term::With(&["access_grant", "access_review", "access_review_item"], Fate::Organization)],
    ),
    personal(
        "limit",
        &[Term::At { table: "limit_taken", column: "given_back_at", longest: crate::limit::LONGEST_AHEAD }],
    ),
    personal(
        "buyer",
        &[
            Term::After {
                table: "buyer",
                column: "last_placed_at",
                span: BUYERS_KEPT,
                since: Since::LastOrder,
            },
            Term::With(&["buyer_term"], Fate::Owner),
        ],
    ),
    personal(
        "answer",
        &[Term::After {
            table: "case_answer",
            column: "ended_at",
            span: FAILED_ANSWER_KEPT,
            since: Since::Ended,
        }],
    ),
    personal("case", &[Term::With(&["service_case"], Fate::Organization)]),
    personal(
        "order",
        &[Term::With(
            &["orders", "order_line", "timeline", "reckoning", "charge", "charge_difference"],
            Fate::Organization,
        )],
    ),
    personal("mail", &[Term::At { table: "mail", column: "expires_at", longest: MAIL_KEPT }]),
    personal(
        "audit",
        &[Term::With(&["audit_event", "audit_tree", "audit_checkpoint", "audit_push"], Fate::AppendOnly)],
    ),
    personal(
        "request",
        &[Term::After {
            table: "privacy_request",
            column: "ended_at",
            span: REQUEST_KEPT,
            since: Since::Ended,
        }],
    ),
    personal("erasure", &[Term::With(&["erasure"], Fate::Installation)]),
    personal("backup", &[Term::Files { at_most: None }]),
    personal(
        "hold",
        &[Term::After {
            table: "retention_hold",
            column: "lifted_at",
            span: HOLD_KEPT,
            since: Since::Lifted,
        }],
    ),
    personal("leaving", &[Term::With(&["leaving"], Fate::Owner)]),
    other("backup_key", &[Term::Files { at_most: Some(BACKUP_KEYS_KEPT) }]),
    other(
        "backup_run",
        &[Term::After {
            table: "backup_run",
            column: "ended_at",
            span: BACKUP_RUNS_KEPT,
            since: Since::Ended,
        }],
    ),
    other(
        "account",
        &[Term::With(
            &["connection", "import_run", "pace", "settlement_sweep", "case_sweep"],
            Fate::Disconnected,
        )],
    ),
    other("key", &[Term::With(&["data_key"], Fate::Owner)]),
    other("key_file", &[Term::With(&["kek", "key_rotation", "key_holder"], Fate::Installation)]),
    other(
        "goods",
        &[Term::With(
            &[
                "sku",
                "sku_word",
                "listing",
                "listing_word",
                "ledger",
                "outbox",
                "sku_split",
                "listing_quota",
                "hold_back",
                "kit_component",
                "stock_take",
                "stock_take_line",
                "stock_return",
                "return_due",
            ],
            Fate::Organization,
        )],
    ),
    other(
        "product",
        &[Term::With(
            &[
                "product",
                "product_axis",
                "product_tag",
                "product_word",
                "product_variant",
                "product_picture",
                "sku_fact",
                "sku_cost",
                "draft",
                "draft_cell",
                "publication",
                "publication_objection",
                "publication_listing",
                "uploaded_picture",
            ],
            Fate::Organization,
        )],
    ),
    other(
        "price",
        &[Term::With(
            &["fee_table", "fee_stretch", "price_rule", "price_batch", "price_change"],
            Fate::Organization,
        )],
    ),
    other(
        "earning",
        &[Term::With(
            &[
                "profit_order",
                "profit_line",
                "profit_day",
                "shop_day",
                "profit_due",
                "fee_shift",
                "payout_unknown",
            ],
            Fate::Organization,
        )],
    ),
    other(
        "sheet",
        &[
            Term::At { table: "sheet", column: "expires_at", longest: SHEET_KEPT },
            Term::At { table: "sheet_item", column: "expires_at", longest: SHEET_KEPT },
            Term::At { table: "sheet_fault", column: "expires_at", longest: SHEET_KEPT },
        ],
    ),
    other("hook", &[Term::With(&["hook_batch"], Fate::Done)]),
    other("job", &[Term::With(&["job"], Fate::Done)]),
    other(
        "house",
        &[Term::With(&["organization", "setting", "counter", "schema_history"], Fate::Installation)],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_class_has_a_word_of_its_own() {
        let names: BTreeSet<&str> = CLASSES.iter().map(|class| class.name).collect();
        assert_eq!(names.len(), CLASSES.len());
        assert!(CLASSES.iter().all(|class| Class::parse(class.name) == Some(class)));
        assert_eq!(Class::parse("nothing"), None);
    }

    #[test]
    fn no_table_is_in_two_classes() {
        let mut seen = BTreeSet::new();
        for class in CLASSES {
            let tables: BTreeSet<&str> = class.tables().collect();
            for table in tables {
                assert!(seen.insert(table), "{table} is in {} and in another class", class.name);
            }
        }
    }

    #[test]
    fn no_clock_runs_for_nothing_or_for_ever() {
        let spans = CLASSES.iter().flat_map(|class| class.terms).filter_map(|term| match term {
            Term::After { span, .. } => Some(*span),
            Term::At { longest, .. } => Some(*longest),
            Term::Files { at_most } => *at_most,
            Term::With(..) => None,
        });
        for span in spans {
            assert!(span > Duration::ZERO && span <= 5 * YEAR, "{span:?}");
        }
    }

    #[test]
    fn what_is_kept_of_a_buyer_ends_where_the_strictest_platform_wants_it() {
        // Shopee's policy 10.6: personal data for 90 days at most.
        assert!(BUYERS_KEPT <= 90 * DAY);
    }
}
