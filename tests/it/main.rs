//! The house's specifications: the whole application against the simulated marketplaces,
//! each on SQLite and on PostgreSQL.

/// Makes two tests of each specification: `name::sqlite` and `name::postgres`. The shop
/// sells on Mercado Livre or, after `three_markets:`, on all three marketplaces.
macro_rules! on_both {
    (demanding: $($specifications:tt)*) => {
        on_both! { @each demands_second_factor; $($specifications)* }
    };
    (three_markets: $($specifications:tt)*) => {
        on_both! { @each three_markets; $($specifications)* }
    };
    (@each $setting:ident; $($(#[$doc:meta])* async fn $name:ident($shop:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn specification(location: store::Location) {
                let $shop = tests::Builder::over(location).$setting().open().await;
                $body
            }

            #[test]
            fn sqlite() {
                tests::database::on_sqlite(specification);
            }

            #[test]
            fn postgres() {
                tests::database::on_postgres(specification);
            }
        }
    )*};
    ($($specifications:tt)*) => {
        on_both! { @each one_market; $($specifications)* }
    };
}

mod access;
mod api;
mod audit;
mod backups;
mod buckets;
mod buyers;
mod cases;
mod catalogue;
mod checkpoints;
mod conformance;
mod coverage;
mod dispatch;
mod documents;
mod drafts;
mod earnings;
mod flash;
mod guesses;
mod holds;
mod hooks;
mod import;
mod keys;
mod kits;
mod leaving;
mod limits;
mod mail;
mod money;
mod notices;
mod openapi;
mod order_in;
mod orders_list;
mod paces;
mod pictures;
mod platform_stock;
mod prices;
mod privacy;
mod problems;
mod proposals;
mod provider;
mod publish_many;
mod publishing;
mod recovery;
mod returns_stock;
mod secrets;
mod sheets;
mod shield;
mod sign_in;
mod simulation;
mod split;
mod stock;
mod stock_takes;
mod sweep;
mod three_markets;
mod tls;
mod tokens;
mod torture;
