//! The buyer robot: customers who come by themselves.

use serde::{Deserialize, Serialize};

/// How busy the robot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Purchases a minute, about.
    pub orders_per_minute: u32,
    /// Where its chance begins.
    pub seed: u64,
}
