//! The simulated Mercado Livre, asked the way a client asks it: the fact sheet as a test.

mod after_commit;
mod families;
mod flex;
mod full;
mod geography;
mod items;
mod kit;
mod login;
mod notifications;
mod orders;
mod over_tcp;
mod refusals;
mod shipments;
mod stock;
mod world;
