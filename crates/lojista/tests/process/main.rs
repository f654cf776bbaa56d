//! The program as its users meet it: real processes, real ports, real files.

mod audit;
mod backup;
mod demo;
mod keys;
mod kit;
mod recover;
mod refusals;
mod sandbox;
mod serve;
