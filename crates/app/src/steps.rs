//! The steps of the ways at which the program may end, in the order of a sale: what was
//! done before a step is there afterwards, what comes behind it is not. The simulator and
//! the torture end the program at each of them.

/// A hook was read and is not in the inbox.
pub const HOOK_READ: &str = "hook read, not kept";
/// A hook is in the inbox and the platform was not answered.
pub const HOOK_KEPT: &str = "hook kept, not answered";
/// Jobs were made of hooks and no worker was told.
pub const HOOKS_SORTED: &str = "hooks sorted, nobody told";
/// A job was taken and nothing of it was done.
pub const JOB_TAKEN: &str = "job taken, not begun";
/// The platform gave a new pair of tokens, the old one is worth nothing, and only this
/// program knows.
pub const TOKEN_RENEWED: &str = "token renewed, not kept";
/// An order was read at its platform.
pub const ORDER_FETCHED: &str = "order fetched, not kept";
/// An order, its stock and the listings to be told are kept, and its job still runs.
pub const ORDER_KEPT: &str = "order kept, job not ended";
/// A quantity was announced in the audit log and not yet sent.
pub const STOCK_ANNOUNCED: &str = "stock about to be written";
/// A platform has taken a quantity that the shop has not noted.
pub const STOCK_WRITTEN: &str = "stock written, not noted";
/// A quantity is noted, and its job still runs.
pub const STOCK_NOTED: &str = "stock noted, job not ended";

/// All of them.
pub const ALL: [&str; 10] = [
    HOOK_READ,
    HOOK_KEPT,
    HOOKS_SORTED,
    JOB_TAKEN,
    TOKEN_RENEWED,
    ORDER_FETCHED,
    ORDER_KEPT,
    STOCK_ANNOUNCED,
    STOCK_WRITTEN,
    STOCK_NOTED,
];
