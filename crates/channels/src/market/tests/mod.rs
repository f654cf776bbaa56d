//! What the tests of all channels have in common.

pub(super) mod buyer;
pub(super) mod fixture;
pub(super) mod goods;
pub(super) mod nfe;
pub(super) mod odd;
