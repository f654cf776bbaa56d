//! Permissions as types: a handler that takes `May<SeeOrders>` is reached by nobody whose roles
//! do not include it (`domain::role` says which do).

use domain::Permission;

/// What a handler asks of its member.
pub(crate) trait Permit: Send + 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! permits {
    ($($name:ident)*) => {$(
        #[doc = concat!("[`Permission::", stringify!($name), "`].")]
        pub(crate) enum $name {}

        impl Permit for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

permits! {
    SeeOrders WorkOrders FindBuyers SeeStock SeeCatalogue ChangeCatalogue ChangeStock LinkListings SeeConnections SweepConnections
    ManageConnections SeeMoney SeeProblems RetryProblems SeeCases ReadCases AnswerCases SeeAudit
    SeePrivacy ManagePrivacy EndShop SeeBackups ManageBackups SeeKeys ManageKeys SeeMembers ManageMembers
}
