//! The house's specifications: the whole application against the simulated marketplace,
//! each on SQLite and on PostgreSQL.

/// Makes two tests of each specification: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($shop:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn specification(location: store::Location) {
                let $shop = tests::Builder::over(location).open().await;
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
}

mod audit;
mod conformance;
mod hooks;
mod import;
mod order_in;
mod problems;
mod secrets;
mod simulation;
mod stock;
mod sweep;
mod tokens;
mod torture;
