//! Reading what Acme Market posts: over the raw bytes, and without a call.

use connect::{HookEvent, HookRejection, HookRequest, Hooks};

use super::Acme;
use super::error::belongs_to;

impl Hooks for Acme {
    fn read(&self, _hook: HookRequest<'_>) -> Result<Vec<HookEvent>, HookRejection> {
        Err(HookRejection::Malformed(belongs_to("hook.rs")))
    }
}
