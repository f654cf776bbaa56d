//! Members: who they are, what they were granted, invitations and reviews.

use askama::Template;
use domain::role::{Access, Role};
use domain::{GrantId, InvitationId, MemberId, OrderId, Permission, Timestamp};

use crate::pages::Errors;
use crate::{Badge, Chrome, Tone};

/// Something granted, for people.
#[derive(Debug, Clone)]
pub struct GrantView {
    /// Id.
    pub id: GrantId,
    /// A word of [`Access`].
    pub access: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub granted_at: Timestamp,
    /// Until when, where it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A member in the list.
#[derive(Debug, Clone)]
pub struct MemberView {
    /// Id.
    pub id: MemberId,
    /// Their address.
    pub email: String,
    /// Whether it is the reader.
    pub own: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When they were last seen.
    pub last_seen_at: Option<Timestamp>,
    /// Whether they have a second factor.
    pub has_factor: bool,
    /// What they were granted.
    pub grants: Vec<GrantView>,
}

/// An invitation that is open.
#[derive(Debug, Clone)]
pub struct InvitationView {
    /// Id.
    pub id: InvitationId,
    /// To whom.
    pub email: String,
    /// As what.
    pub roles: Vec<Role>,
    /// When its link ends.
    pub expires_at: Timestamp,
}

/// How the last review stands.
#[derive(Debug, Clone, Copy)]
pub struct ReviewView {
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When what is undecided ends.
    pub due_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Grants of which nobody has decided yet.
    pub undecided: i64,
}

/// A reason that was typed, in the form it was typed in: it stands there again beside what is wrong.
#[derive(Debug, Clone, Default)]
pub struct TypedReason {
    /// The form's field.
    pub field: &'static str,
    /// What was typed.
    pub text: String,
}

impl TypedReason {
    fn of(&self, field: &str) -> &str {
        if self.field == field { &self.text } else { "" }
    }
}

/// `GET /members`, `POST /members/invite`. Fields: `email`, `role` (several), `reason`.
#[derive(Debug, Template)]
#[template(path = "members.html")]
pub struct MembersPage {
    /// Around it.
    pub chrome: Chrome,
    /// Everybody, the first one first.
    pub members: Vec<MemberView>,
    /// Invitations that are open.
    pub invitations: Vec<InvitationView>,
    /// The review that is open, or the last one.
    pub review: Option<ReviewView>,
    /// Whether the reader alone administers.
    pub alone: bool,
    /// What was typed.
    pub typed_email: String,
    /// Why, as it was typed.
    pub reason: TypedReason,
    /// What is wrong.
    pub errors: Errors,
}

impl MembersPage {
    const MANAGE: Permission = Permission::ManageMembers;

    fn roles(&self) -> Vec<Role> {
        Role::ALL.into_iter().filter(|role| self.chrome.may(Access::Role(*role).granted_by())).collect()
    }

    /// A review is begun by whoever may, while none is open.
    fn may_begin(&self) -> bool {
        self.chrome.may(Self::MANAGE) && self.review.is_none_or(|review| review.closed_at.is_some())
    }

    fn factor(&self, member: &MemberView) -> Badge {
        factor(&self.chrome, member.has_factor)
    }
}

/// `GET /members/{id}` and its forms. Fields: `access`, `reason`, `days`.
#[derive(Debug, Template)]
#[template(path = "member.html")]
pub struct MemberPage {
    /// Around it.
    pub chrome: Chrome,
    /// Who.
    pub whom: MemberView,
    /// Why, as it was typed.
    pub reason: TypedReason,
    /// What is wrong.
    pub errors: Errors,
}

impl MemberPage {
    const MANAGE: Permission = Permission::ManageMembers;
    /// Spans to choose from, in days; none is without an end.
    const DAYS: [i64; 4] = [1, 7, 30, 90];

    fn choices(&self) -> Vec<Access> {
        Access::all().filter(|access| self.chrome.may(access.granted_by())).collect()
    }

    fn factor(&self) -> Badge {
        factor(&self.chrome, self.whom.has_factor)
    }
}

/// The link of an invitation, shown once.
#[derive(Debug, Template)]
#[template(path = "invited.html")]
pub struct InvitedPage {
    /// Around it.
    pub chrome: Chrome,
    /// To whom.
    pub email: String,
    /// The link.
    pub link: String,
}

/// `GET|POST /join/{token}`. Field: `password`.
#[derive(Debug, Template)]
#[template(path = "join.html")]
pub struct JoinPage {
    /// Around it, without navigation.
    pub chrome: Chrome,
    /// The link's token.
    pub token: String,
    /// What the organization is called.
    pub organization: String,
    /// Fewest characters of a password.
    pub password_min_chars: i64,
    /// What is wrong.
    pub errors: Errors,
}

/// A grant under review.
#[derive(Debug, Clone)]
pub struct ReviewItem {
    /// Whose.
    pub email: String,
    /// Whether the reader holds it.
    pub own: bool,
    /// The grant.
    pub grant: GrantView,
    /// Whether it was kept; `None` where nobody has decided yet.
    pub kept: Option<bool>,
}

/// `GET /members/review`, `POST /members/review/{grant}`. Field: `decision`.
#[derive(Debug, Template)]
#[template(path = "review.html")]
pub struct ReviewPage {
    /// Around it.
    pub chrome: Chrome,
    /// How it stands; `None` where there was never one.
    pub review: Option<ReviewView>,
    /// What is asked, while it is open.
    pub items: Vec<ReviewItem>,
    /// Whether the reader alone administers, and so decides of themselves.
    pub alone: bool,
}

impl ReviewPage {
    const MANAGE: Permission = Permission::ManageMembers;
}

/// `POST /orders/{id}/recipient`: a buyer's name and address, shown once.
#[derive(Debug, Template)]
#[template(path = "recipient.html")]
pub struct RecipientPage {
    /// Around it.
    pub chrome: Chrome,
    /// The order.
    pub order: OrderId,
    /// The lines, the name first.
    pub lines: Vec<String>,
}

fn factor(chrome: &Chrome, has: bool) -> Badge {
    let (tone, icon, key) = if has {
        (Tone::Good, "key", "member-factor-yes")
    } else {
        (Tone::Watch, "alert", "member-factor-no")
    };
    Badge { tone, icon, text: chrome.t(key), detail: None }
}
