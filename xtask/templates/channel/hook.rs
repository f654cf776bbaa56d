//! Reading what Acme Market posts: over the raw bytes, and without a call.

use connect::{HookEvent, HookRejection, HookRequest, Hooks};

use super::Acme;
use super::error::belongs_to;
use crate::market::refusal;

impl Hooks for Acme {
    fn read(&self, _hook: HookRequest<'_>) -> Result<Vec<HookEvent>, HookRejection> {
        Err(refusal::hook(&belongs_to("hook.rs")))
    }
}
