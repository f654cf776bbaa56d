//! Roles, and what each of them may: one table, which the pages, the commands and
//! `docs/security/access.md` read.
//!
//! A member's access is what was granted to them ([`Access`]): roles, and now and then more
//! than a role has. No role has everything by a wildcard; who adds a [`Permission`] says here
//! who has it.

use std::fmt::Write as _;
use std::time::Duration;

/// What a member is in an organization. Somebody may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Whose shop it is. There is always one.
    Owner,
    /// Runs the shop for its owner; does not make owners or administrators.
    Administrator,
    /// Products, listings and stock.
    Catalogue,
    /// Packs and sends.
    Dispatch,
    /// Answers buyers.
    Support,
    /// Fees and settlements.
    Finance,
    /// Looks at orders and figures; no buyer's data.
    Analyst,
    /// Sees how the shop is run, and changes nothing.
    Auditor,
}

impl Role {
    /// Every role there is, in the order shown.
    pub const ALL: [Self; 8] = [
        Self::Owner,
        Self::Administrator,
        Self::Catalogue,
        Self::Dispatch,
        Self::Support,
        Self::Finance,
        Self::Analyst,
        Self::Auditor,
    ];

    /// The word in rows, forms and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Catalogue => "catalogue",
            Self::Dispatch => "dispatch",
            Self::Support => "support",
            Self::Finance => "finance",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether the role administers: other members, the accounts, the backups.
    #[must_use]
    pub const fn administers(self) -> bool {
        matches!(self, Self::Owner | Self::Administrator)
    }
}

/// Makes the permissions out of the one table: each with its meaning and who has it.
macro_rules! permissions {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal: $($role:ident)*;)*) => {
        /// Something that not everybody may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[doc = $meaning])+ $name,)*
        }

        impl Permission {
            /// Every permission there is, in the order of the matrix.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word in audit rows and translation keys.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The permission of a word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.as_str() == word)
            }

            /// What it lets somebody do, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning),+),)* }
            }

            /// Who has it.
            #[must_use]
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => &[$(Role::$role),*],)* }
            }
        }
    };
}

permissions! {
    /// See orders and their timeline, without buyers' data
    SeeOrders = "see_orders": Owner Administrator Catalogue Dispatch Support Finance Analyst Auditor;
    /// Read orders again, take them out to a table, keep views
    WorkOrders = "work_orders": Owner Administrator Catalogue Dispatch Support Finance Analyst;
    /// Find orders by what a buyer says of themselves
    FindBuyers = "find_buyers": Owner Administrator Dispatch Support;
    /// See SKUs, their stock and their listings
    SeeStock = "see_stock": Owner Administrator Catalogue Dispatch Support Finance Analyst Auditor;
    /// See products, with what they cost
    SeeCatalogue = "see_catalogue": Owner Administrator Catalogue Finance Analyst Auditor;
    /// Make, change and publish products, their costs and what is known of them
    ChangeCatalogue = "change_catalogue": Owner Administrator Catalogue;
    /// Count and correct stock
    ChangeStock = "change_stock": Owner Administrator Catalogue Dispatch;
    /// Link listings to SKUs
    LinkListings = "link_listings": Owner Administrator Catalogue;
    /// See the accounts, how they stand and what was imported
    SeeConnections = "see_connections": Owner Administrator Catalogue Dispatch Auditor;
    /// Look for lost orders of an account now
    SweepConnections = "sweep_connections": Owner Administrator Catalogue Dispatch;
    /// Connect, import and disconnect accounts
    ManageConnections = "manage_connections": Owner Administrator;
    /// See fees, settlements and what was charged otherwise
    SeeMoney = "see_money": Owner Administrator Finance Analyst Auditor;
    /// See what went wrong, with its exchange without secrets
    SeeProblems = "see_problems": Owner Administrator Catalogue Dispatch Support Auditor;
    /// Try again what went wrong
    RetryProblems = "retry_problems": Owner Administrator Catalogue Dispatch Support;
    /// See which questions, returns and claims wait, without their texts
    SeeCases = "see_cases": Owner Administrator Dispatch Support Analyst Auditor;
    /// Read what a buyer wrote
    ReadCases = "read_cases": Owner Administrator Support;
    /// Answer buyers
    AnswerCases = "answer_cases": Owner Administrator Support;
    /// See the audit log and take it out
    SeeAudit = "see_audit": Owner Administrator Auditor;
    /// See what is kept of people, and for how long
    SeePrivacy = "see_privacy": Owner Administrator Auditor;
    /// Decide what is kept of people
    ManagePrivacy = "manage_privacy": Owner Administrator;
    /// Take everything of the shop along, and close it
    EndShop = "end_shop": Owner;
    /// See backups and drills
    SeeBackups = "see_backups": Owner Administrator Auditor;
    /// Take backups and try them out
    ManageBackups = "manage_backups": Owner Administrator;
    /// See which keys seal everything, and how old they are
    SeeKeys = "see_keys": Owner Administrator Auditor;
    /// Turn the keys
    ManageKeys = "manage_keys": Owner Administrator;
    /// See the members, what they were granted and how it was reviewed
    SeeMembers = "see_members": Owner Administrator Auditor;
    /// Invite members, grant and take access, let members leave, review
    ManageMembers = "manage_members": Owner Administrator;
    /// Make and take owners and administrators
    ManageAdministrators = "manage_administrators": Owner;
}

/// What can be granted to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// To be something.
    Role(Role),
    /// To have a buyer's name and address shown, order by order, each time on the trail. No role
    /// has it: it is granted by name, for a reason, until a day.
    BuyerData,
    /// To make oneself an administrator for [`Access::BROKEN_GLASS`] when none can be reached.
    BreakGlass,
}

impl Access {
    /// Longest life of a grant of buyers' data: then somebody has to say again that it is needed.
    pub const BUYER_DATA_MAX: Duration = Duration::from_hours(90 * 24);
    /// How long somebody administers who broke the glass.
    pub const BROKEN_GLASS: Duration = Duration::from_hours(1);

    /// Everything that can be granted.
    pub fn all() -> impl Iterator<Item = Self> {
        Role::ALL.into_iter().map(Self::Role).chain([Self::BuyerData, Self::BreakGlass])
    }

    /// The word in rows, forms and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Role(role) => role.as_str(),
            Self::BuyerData => "buyer_data",
            Self::BreakGlass => "break_glass",
        }
    }

    /// The access of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|access| access.as_str() == word)
    }

    const fn bit(self) -> u16 {
        1 << match self {
            Self::Role(role) => role as u16,
            Self::BuyerData => 8,
            Self::BreakGlass => 9,
        }
    }

    /// What somebody needs to grant or take it.
    #[must_use]
    pub const fn granted_by(self) -> Permission {
        match self {
            Self::BreakGlass => Permission::ManageAdministrators,
            Self::Role(role) if role.administers() => Permission::ManageAdministrators,
            Self::Role(_) | Self::BuyerData => Permission::ManageMembers,
        }
    }

    /// How long it lasts at most; `None` where it lasts until somebody decides.
    #[must_use]
    pub const fn longest(self) -> Option<Duration> {
        match self {
            Self::Role(_) | Self::BreakGlass => None,
            Self::BuyerData => Some(Self::BUYER_DATA_MAX),
        }
    }
}

/// Everything that a member was granted and has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Granted(u16);

impl Granted {
    /// One more.
    #[must_use]
    pub const fn with(self, access: Access) -> Self {
        Self(self.0 | access.bit())
    }

    /// Whether it was granted and still is.
    #[must_use]
    pub const fn has(self, access: Access) -> bool {
        self.0 & access.bit() != 0
    }

    /// Whether it has a role.
    #[must_use]
    pub const fn is(self, role: Role) -> bool {
        self.has(Access::Role(role))
    }

    /// Whether one of its roles may do something.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        permission.roles().iter().any(|role| self.is(*role))
    }

    /// Whether one of its roles administers.
    #[must_use]
    pub fn administers(self) -> bool {
        Role::ALL.into_iter().any(|role| role.administers() && self.is(role))
    }

    /// Its roles, in the order shown.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.is(*role))
    }
}

impl FromIterator<Access> for Granted {
    fn from_iter<I: IntoIterator<Item = Access>>(all: I) -> Self {
        all.into_iter().fold(Self::default(), Self::with)
    }
}

/// The roles and what they may, as a table of Markdown.
#[must_use]
pub fn matrix() -> String {
    let mut text = String::from("| permission | lets somebody |");
    let mut line = String::from("\n|---|---|");
    for role in Role::ALL {
        let _ = write!(text, " {} |", role.as_str());
        line.push_str(":-:|");
    }
    text.push_str(&line);
    for permission in Permission::ALL {
        let _ = write!(text, "\n| `{}` | {} |", permission.as_str(), permission.meaning().trim());
        for role in Role::ALL {
            text.push_str(if permission.roles().contains(&role) { " ● |" } else { "  |" });
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn only(role: Role) -> Granted {
        Granted::default().with(Access::Role(role))
    }

    /// ASVS 8.2.1.
    #[test]
    fn who_was_granted_nothing_may_nothing() {
        for permission in Permission::ALL {
            assert!(!Granted::default().may(*permission), "{permission:?}");
        }
        assert!(!Granted::default().administers() && !Granted::default().has(Access::BuyerData));
    }

    #[test]
    fn each_permission_has_somebody_and_a_word_of_its_own() {
        let words: BTreeSet<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
        assert_eq!(words.len(), Permission::ALL.len());
        for permission in Permission::ALL {
            let roles = permission.roles();
            assert!(roles.contains(&Role::Owner), "{permission:?}: an owner is never locked out");
            assert_eq!(roles.iter().collect::<BTreeSet<_>>().len(), roles.len());
        }
    }

    #[test]
    fn words_lead_back() {
        for access in Access::all() {
            assert_eq!(Access::parse(access.as_str()), Some(access));
        }
        assert_eq!(Access::parse("root"), None);
        assert_eq!(Role::parse("buyer_data"), None);
    }

    #[test]
    fn roles_add_up_and_do_not_mix() {
        let both = only(Role::Dispatch).with(Access::Role(Role::Finance));
        for permission in Permission::ALL {
            let either = only(Role::Dispatch).may(*permission) || only(Role::Finance).may(*permission);
            assert_eq!(both.may(*permission), either, "{permission:?}");
        }
        assert_eq!(both.roles().collect::<Vec<_>>(), [Role::Dispatch, Role::Finance]);
    }

    #[test]
    fn no_access_comes_with_another() {
        for one in Access::all() {
            for other in Access::all() {
                assert_eq!(Granted::default().with(one).has(other), one == other, "{one:?} {other:?}");
            }
        }
        assert_eq!(Access::BuyerData.longest(), Some(Access::BUYER_DATA_MAX));
    }

    /// ASVS 8.2.2.
    #[test]
    fn an_analyst_meets_no_buyer_and_an_auditor_changes_nothing() {
        use Permission as P;
        for permission in [P::FindBuyers, P::ReadCases, P::AnswerCases] {
            assert!(!only(Role::Analyst).may(permission), "{permission:?}");
        }
        let sees = |permission: &&P| only(Role::Auditor).may(**permission);
        assert!(P::ALL.iter().filter(sees).all(|permission| permission.as_str().starts_with("see_")));
    }

    #[test]
    fn only_owners_make_owners_and_administrators() {
        for role in Role::ALL {
            let needs = Access::Role(role).granted_by();
            assert_eq!(only(Role::Administrator).may(needs), !role.administers(), "{role:?}");
            assert!(only(Role::Owner).may(needs));
            assert_eq!(only(role).administers(), only(role).may(Permission::ManageMembers));
        }
        assert!(!only(Role::Administrator).may(Access::BreakGlass.granted_by()));
    }
}
