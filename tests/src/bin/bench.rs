//! `cargo xtask bench`: the benchmarks, as a table and as JSON.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tests::bench::report::Report;
use tests::bench::stage::{self, Ground};
use tests::bench::{
    Result, connectors, fan_out, first_import, footprint, hook_intake, listings_page, masked_page,
    orders_page, page, permission, refused_sign_in, restore_drill, rotation, sealing, sheet_import,
    stock_changes,
};
use tests::database::POSTGRES_URL;

/// Measures what the house promises in figures, side by side in one run.
///
/// PostgreSQL is measured as well when LOJISTA_TEST_POSTGRES_URL names a server on this
/// machine; `cargo xtask bench` starts one.
#[derive(Debug, Parser)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  cargo xtask bench\n  \
    cargo xtask bench --only orders-page --orders 10000 --json figures.json"
)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    wishes: Wishes,
}

#[derive(Debug, Args)]
struct Wishes {
    /// Run this benchmark alone.
    #[arg(long, value_enum)]
    only: Option<Bench>,
    /// Write the figures to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Databases are made below this folder; it has to be on a real disk.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Seconds of each turn of hook-intake.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The largest shop of orders-page, in orders.
    #[arg(long, default_value_t = 1_000_000)]
    orders: u32,
    /// Requests of each turn of orders-page.
    #[arg(long, default_value_t = 200)]
    requests: u32,
    /// The larger shop of listings-page, in listings.
    #[arg(long, default_value_t = 500_000)]
    listings: u32,
    /// Seconds of sales of fan-out, and of changes of stock-changes.
    #[arg(long, default_value_t = 20)]
    sales_seconds: u64,
    /// Orders of first-import.
    #[arg(long, default_value_t = 100_000)]
    imported: u32,
    /// Seconds that refused-sign-in is idle, and refuses.
    #[arg(long, default_value_t = 10)]
    refused_seconds: u64,
    /// Turns of sealing, of 20 fields each, and of permission.
    #[arg(long, default_value_t = 2_000)]
    sealed: u32,
    /// Data keys of rotation.
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// SKUs of sheet-import.
    #[arg(long, default_value_t = 50_000)]
    skus: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    HookIntake,
    OrdersPage,
    FanOut,
    FirstImport,
    Connectors,
    Footprint,
    RefusedSignIn,
    Sealing,
    Permission,
    RestoreDrill,
    MaskedPage,
    Rotation,
    ListingsPage,
    StockChanges,
    SheetImport,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The client of orders-page, in a process of its own.
    #[command(hide = true)]
    Client {
        /// The server.
        address: SocketAddr,
        /// The page.
        path: String,
        /// Requests that are not counted.
        warm_up: u32,
        /// Requests that are.
        requests: u32,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.part {
        Some(Part::Client { address, path, warm_up, requests }) => {
            on_one_thread(page::client(address, &path, warm_up, requests)).map(|times| print!("{times}"))
        }
        None => measure(&arguments.wishes),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn on_one_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Where databases are made.
struct Grounds {
    folder: PathBuf,
    postgres: Option<String>,
}

impl Grounds {
    fn sqlite(&self) -> Result<Ground> {
        Ground::sqlite(&self.folder)
    }

    /// Measures on a fresh database of each kind that there is.
    fn each(&self, mut measure: impl FnMut(&Ground) -> Result<()>) -> Result<()> {
        measure(&self.sqlite()?)?;
        if let Some(url) = &self.postgres {
            measure(&Ground::postgres(url))?;
        }
        Ok(())
    }
}

fn measure(wishes: &Wishes) -> Result<()> {
    // tidy: long because it is one branch for each benchmark
    let folder = wishes.folder.clone().unwrap_or_else(env::temp_dir);
    let grounds = Grounds { folder: folder.clone(), postgres: env::var(POSTGRES_URL).ok() };
    let wants = |bench| wishes.only.is_none_or(|only| only == bench);
    let mut report = Report::default();
    let sqlite = || grounds.sqlite();
    let on_postgres = grounds.postgres.as_deref().map(|url| move || Ok(Ground::postgres(url)));
    if wants(Bench::HookIntake) {
        let span = Duration::from_secs(wishes.seconds);
        eprintln!("bench: hook-intake …");
        grounds.each(|ground| hook_intake::run(ground, span, &mut report))?;
    }
    if wants(Bench::OrdersPage) {
        let options = orders_page::Options { most_orders: wishes.orders, requests: wishes.requests };
        eprintln!("bench: orders-page …");
        orders_page::run(sqlite, options, &mut report)?;
        if let Some(ground) = &on_postgres {
            orders_page::run(ground, options, &mut report)?;
        }
    }
    if wants(Bench::FanOut) {
        let span = Duration::from_secs(wishes.sales_seconds);
        eprintln!("bench: fan-out …");
        grounds.each(|ground| fan_out::run(ground, span, &mut report))?;
    }
    if wants(Bench::FirstImport) {
        eprintln!("bench: first-import …");
        stage::server_runtime()?.block_on(first_import::run(&folder, wishes.imported, &mut report))?;
    }
    if wants(Bench::Connectors) {
        eprintln!("bench: connectors …");
        on_one_thread(connectors::run(&mut report))?;
    }
    if wants(Bench::Footprint) {
        eprintln!("bench: footprint …");
        on_one_thread(footprint::run(&folder, &mut report))?;
    }
    if wants(Bench::RefusedSignIn) {
        let span = Duration::from_secs(wishes.refused_seconds);
        eprintln!("bench: refused-sign-in …");
        grounds.each(|ground| on_one_thread(refused_sign_in::run(ground, span, &mut report)))?;
    }
    if wants(Bench::Sealing) {
        eprintln!("bench: sealing …");
        sealing::run(wishes.sealed, &mut report)?;
    }
    if wants(Bench::Permission) {
        eprintln!("bench: permission …");
        permission::run(wishes.sealed, &mut report);
    }
    if wants(Bench::RestoreDrill) {
        eprintln!("bench: restore-drill …");
        grounds.each(|ground| restore_drill::run(ground, &folder, wishes.orders, &mut report))?;
    }
    if wants(Bench::MaskedPage) {
        eprintln!("bench: masked-page …");
        let orders = wishes.orders.min(masked_page::MOST_ORDERS);
        grounds.each(|ground| masked_page::run(ground, orders, wishes.requests, &mut report))?;
    }
    if wants(Bench::Rotation) {
        eprintln!("bench: rotation …");
        grounds.each(|ground| rotation::run(ground, wishes.keys, &mut report))?;
    }
    if wants(Bench::ListingsPage) {
        eprintln!("bench: listings-page …");
        listings_page::run(sqlite, wishes.listings, wishes.requests, &mut report)?;
        if let Some(ground) = &on_postgres {
            listings_page::run(ground, wishes.listings, wishes.requests, &mut report)?;
        }
    }
    if wants(Bench::StockChanges) {
        let span = Duration::from_secs(wishes.sales_seconds);
        eprintln!("bench: stock-changes …");
        grounds.each(|ground| stock_changes::run(ground, span, &mut report))?;
    }
    if wants(Bench::SheetImport) {
        eprintln!("bench: sheet-import …");
        grounds.each(|ground| sheet_import::run(ground, wishes.skus, &mut report))?;
    }
    print!("{report}");
    if let Some(file) = &wishes.json {
        std::fs::write(file, format!("{:#}\n", report.json()))?;
    }
    println!("{} figures miss what the house promises", report.missed().count());
    Ok(())
}
