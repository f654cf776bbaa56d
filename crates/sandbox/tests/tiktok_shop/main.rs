//! The simulated TikTok Shop, through its own HTTP surface.

mod after_sale;
mod fulfilment;
mod gate;
mod kit;
mod login;
mod money;
mod orders;
mod over_tcp;
mod products;
mod webhooks;
mod world;
