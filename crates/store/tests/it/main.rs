//! The store's specifications. Each holds on SQLite and on PostgreSQL; where the tests'
//! PostgreSQL is, `LOJISTA_TEST_POSTGRES_URL` says (`cargo xtask test` starts one).

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of Tenant, named by its path, is not general enough over its lifetimes"
)]

#[macro_use]
mod kit;

mod audit;
mod buyers;
mod cases;
mod catalogue;
mod charges;
mod connections;
mod db;
mod disk;
mod goods_returns;
mod inbox;
mod jobs;
mod kits;
mod ledger;
mod limits;
mod lists;
mod migrations;
mod order_list;
mod orders;
mod paces;
mod papers;
mod people;
mod pictures;
mod prices;
mod profits;
mod proposals;
mod retention;
mod sessions;
mod shield;
mod shop;
mod splits;
mod tenants;
mod views;
