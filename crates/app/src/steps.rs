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

/// A new key is in the key file, and the installation was not told.
pub const KEY_FILE_WRITTEN: &str = "key file written, rotation not asked for";
/// A rotation was asked for, and the new key does not wrap yet.
pub const ROTATION_ASKED: &str = "rotation asked for, not begun";
/// The new key wraps, and everything older is still wrapped by the former one.
pub const ROTATION_BEGUN: &str = "rotation begun, nothing rewrapped";
/// Some keys were wrapped anew.
pub const KEYS_REWRAPPED: &str = "keys rewrapped, more to come";
/// All keys were wrapped anew, and the rotation is not ended.
pub const ROTATION_SWEPT: &str = "all keys rewrapped, rotation not ended";
/// A key was given up in the database and is still in the key file.
pub const KEY_RETIRED: &str = "key retired, still in the key file";

/// Those of a rotation of keys, in its order.
pub const ROTATION: [&str; 6] =
    [KEY_FILE_WRITTEN, ROTATION_ASKED, ROTATION_BEGUN, KEYS_REWRAPPED, ROTATION_SWEPT, KEY_RETIRED];

/// Nobody gets in any more, and nothing of the organization is destroyed.
pub const LEAVING_BEGUN: &str = "leaving begun, nothing destroyed";
/// One of its accounts was disconnected.
pub const LEAVING_DISCONNECTED: &str = "account left, more to come";
/// Its keys were destroyed, and its rows are there.
pub const LEAVING_SHREDDED: &str = "keys destroyed, rows still there";
/// Its rows were deleted, and the organization itself is there.
pub const LEAVING_EMPTIED: &str = "rows deleted, organization still there";

/// Those of an organization that leaves, in their order.
pub const LEAVING: [&str; 4] = [LEAVING_BEGUN, LEAVING_DISCONNECTED, LEAVING_SHREDDED, LEAVING_EMPTIED];

/// A platform has a picture, and the shop has not noted it.
pub const PICTURE_UPLOADED: &str = "picture uploaded, not noted";
/// A picture is noted, and its offer is not handed in.
pub const PICTURE_NOTED: &str = "picture noted, offer not handed in";
/// An offer was announced in the audit log and not yet sent.
pub const OFFER_ANNOUNCED: &str = "offer about to be handed in";
/// A platform has answered an offer, and the shop has not noted it.
pub const OFFER_TAKEN: &str = "offer answered, not noted";
/// What became of an offer is noted, and its job still runs.
pub const OFFER_NOTED: &str = "offer noted, job not ended";

/// Those of a publication, in their order.
pub const PUBLISHING: [&str; 5] =
    [PICTURE_UPLOADED, PICTURE_NOTED, OFFER_ANNOUNCED, OFFER_TAKEN, OFFER_NOTED];

/// A price was announced in the audit log and not yet sent.
pub const PRICE_ANNOUNCED: &str = "price about to be written";
/// A platform has taken a price that the shop has not noted.
pub const PRICE_WRITTEN: &str = "price written, not noted";
/// A price is noted, and its job still runs.
pub const PRICE_NOTED: &str = "price noted, job not ended";

/// Those of a price, in their order.
pub const PRICES: [&str; 3] = [PRICE_ANNOUNCED, PRICE_WRITTEN, PRICE_NOTED];

/// Those of a sale.
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
