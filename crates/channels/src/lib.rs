//! The channels: each is one folder that turns a platform's words into the house's, and
//! keeps no state. Nothing outside of it knows a platform's wire format.

pub mod market;
