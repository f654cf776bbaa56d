//! Who does something, and why they may read what is guarded.

use std::borrow::Cow;
use std::fmt;

use crate::id::MemberId;
use crate::time::Timestamp;

/// Who acts. Stands in every audit row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    Member(MemberId),
    /// The program itself; the text names the job or command.
    System(Cow<'static, str>),
    /// Somebody who has not shown who they are (a refused sign-in, a bad hook).
    Unknown,
}

impl Actor {
    /// The program itself, in the role of `name`.
    #[must_use]
    pub const fn system(name: &'static str) -> Self {
        Self::System(Cow::Borrowed(name))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(id) => write!(out, "member:{id}"),
            Self::System(name) => write!(out, "system:{name}"),
            Self::Unknown => out.write_str("unknown"),
        }
    }
}

/// Why guarded data is read. Each purpose is a sentence an auditor can ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A channel is called with the connection's token.
    CallChannel,
    /// An order is being dispatched: name and address for the package.
    DispatchOrder,
    /// What a buyer wrote is read, or what a member answers is sent.
    AnswerBuyer,
    /// Somebody who administers sees whom they administer.
    Administer,
    /// A password or token is checked at sign-in.
    SignIn,
    /// Data is moved under a new key.
    RotateKeys,
    /// A person gets what is on file of them, or a member answers who asked for it.
    Disclose,
    /// A letter goes to its recipient.
    SendMail,
    /// A value goes under its key or into its blind index; nobody sees it.
    Seal,
}

impl Purpose {
    /// The word that stands in audit rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallChannel => "call_channel",
            Self::DispatchOrder => "dispatch_order",
            Self::AnswerBuyer => "answer_buyer",
            Self::Administer => "administer",
            Self::SignIn => "sign_in",
            Self::RotateKeys => "rotate_keys",
            Self::Disclose => "disclose",
            Self::SendMail => "send_mail",
            Self::Seal => "seal",
        }
    }
}

/// Permission to read guarded data for one purpose. `xtask tidy` keeps the places that
/// may issue one short: the store (after its audit row) and the programs' own calls.
#[derive(Debug, Clone)]
pub struct Grant {
    actor: Actor,
    purpose: Purpose,
    at: Timestamp,
}

impl Grant {
    /// Issues a grant. For personal data call `store`'s method that first writes the
    /// audit row; this constructor alone leaves no trace.
    #[must_use]
    pub const fn issue(actor: Actor, purpose: Purpose, at: Timestamp) -> Self {
        Self { actor, purpose, at }
    }

    /// Who reads.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Why they read.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// When the grant was issued.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}
