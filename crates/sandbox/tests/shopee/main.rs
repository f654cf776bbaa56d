//! The simulated Shopee, asked the way a client asks it: the fact sheet as a test.

mod gate;
mod kit;
mod login;
mod money;
mod orders;
mod over_tcp;
mod products;
mod pushes;
mod returns;
mod shipping;
mod world;
