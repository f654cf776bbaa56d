//! How secret a value is, carried by its type.
//!
//! [`Confidential`] and [`Restricted`] have no `Display`, no content in `Debug`, no
//! `Serialize` and no way into SQL: they persist only sealed (`vault::Sealed`) and are
//! read only by [`Confidential::reveal`] and [`Restricted::reveal`], which want a
//! [`Grant`]. The compile-fail tests in `tests/classes/` hold the compiler to it.

use std::fmt;

use zeroize::Zeroize;

use crate::access::Grant;

/// Anyone may see it: a published policy, a product title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Public<T>(pub T);

/// For members of the organization: stock, prices, order numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Internal<T>(pub T);

/// Both guarded classes as one, so that `vault` seals and opens either without telling
/// them apart. [`Confidential`] and [`Restricted`] alone implement it; it opens no way to
/// the value that they do not have themselves.
pub trait Guarded: closed::Closed {
    /// What is under guard.
    type Value: Zeroize;
    /// The word that binds a sealed value to its class.
    const CLASS: &'static str;
    /// Puts a value under guard.
    fn guard(value: Self::Value) -> Self;
    /// The value itself, for the holder of a grant.
    fn value(&self, grant: &Grant) -> &Self::Value;
}

mod closed {
    pub trait Closed {}
}

macro_rules! guarded {
    ($(#[$doc:meta])* $name:ident = $class:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name<T: Zeroize>(T);

        impl<T: Zeroize> $name<T> {
            /// Puts a value under guard. The caller's own copy is the caller's care.
            #[must_use]
            pub const fn new(value: T) -> Self {
                Self(value)
            }

            /// The value itself, for the holder of a grant.
            #[must_use]
            pub const fn reveal(&self, _grant: &Grant) -> &T {
                &self.0
            }
        }

        impl<T: Zeroize> closed::Closed for $name<T> {}

        impl<T: Zeroize> Guarded for $name<T> {
            type Value = T;
            const CLASS: &'static str = $class;
            fn guard(value: T) -> Self {
                Self::new(value)
            }
            fn value(&self, grant: &Grant) -> &T {
                self.reveal(grant)
            }
        }

        impl<T: Zeroize> fmt::Debug for $name<T> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl<T: Zeroize> Drop for $name<T> {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

guarded! {
    /// Personal data: names, addresses, documents, messages.
    Confidential = "confidential"
}
guarded! {
    /// Keys to something: tokens, passwords, seeds.
    Restricted = "restricted"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Actor, Purpose};
    use crate::time::Timestamp;

    #[test]
    fn debug_shows_the_class_and_nothing_else() {
        let token = Restricted::new(String::from("APP_USR-secret"));
        let name = Confidential::new(String::from("Maria Teste"));
        assert_eq!(format!("{token:?} {name:?}"), "Restricted(…) Confidential(…)");
    }

    #[test]
    fn a_grant_opens_it() {
        let grant = Grant::issue(Actor::system("test"), Purpose::CallChannel, Timestamp::EPOCH);
        assert_eq!(Restricted::new(String::from("s")).reveal(&grant), "s");
    }
}
