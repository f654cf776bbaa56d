//! How many customers come by themselves.

use serde::{Deserialize, Serialize};

/// How busy a market's buyer robot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Purchases a minute, about; 0 rests.
    pub orders_per_minute: u32,
    /// Where its chance begins; set apart from the chance that grows the world.
    #[serde(default)]
    pub seed: u64,
}
