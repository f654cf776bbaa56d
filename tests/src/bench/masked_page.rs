//! What the page of orders costs because something on it is sealed.
//!
//! Of its 50 rows none holds a sealed value (docs/decisions/0008): who bought is not kept, and
//! the buyer's id is a pseudonym. What the page opens is the reader's own address in its head:
//! one data key is unwrapped and one value opened. Both are done here apart, in turns with the
//! page, and taken off what the page takes; and, for a page whose every row held a sealed name
//! under a key of its own, put on 50 times.

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::{Actor, Confidential, Grant, Purpose, Timestamp};
use store::keys::KeyOwner;
use vault::{KeyContext, Place};

use super::http::{self, Connection};
use super::load::{median, quantile};
use super::orders_page::Shop;
use super::report::{Bound, Figure, Report};
use super::stage::{self, Ground, Stage};
use super::{Error, Result};

const BENCH: &str = "masked-page";
/// The size of the shop, in orders: the page does not grow with it.
pub const MOST_ORDERS: u32 = 10_000;
/// Rows of the page.
const ROWS: f64 = 50.0;
/// Turns of page and opening.
const ROUNDS: usize = 5;
/// Requests that are not counted.
const WARM_UP: u32 = 20;
/// Times that the value is opened in one turn.
const OPENED: u32 = 500;
/// What opening may add to the page.
const LIMIT: f64 = 1.15;

/// Measures on one database, with a shop of so many orders.
pub fn run(ground: &Ground, orders: u32, requests: u32, report: &mut Report) -> Result<()> {
    let runtime = stage::server_runtime()?;
    let shop = runtime.block_on(Shop::open(&ground.location, orders))?;
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut pages, mut openings) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        pages.append(&mut client.block_on(ask(&shop, requests))?);
        openings.push(client.block_on(open_address(&shop.stage))?);
    }
    pages.sort_unstable();
    let page = quantile(&pages, 0.5).as_secs_f64() * 1e6;
    let one = median(openings);
    let without = page - one;
    let mut figure = |name: &str, value, unit, bound| {
        report.add(Figure { bench: BENCH, database: ground.name, name: name.to_owned(), value, unit, bound });
    };
    figure("first page: p50", page, "µs", None);
    figure("what it opens: unwrap and open, median", one, "µs", None);
    figure("page ÷ page without opening anything", page / without, "ratio", Some(Bound::AtMost(LIMIT)));
    let masked = (without + (ROWS + 1.0) * one) / without;
    figure("were each of 50 rows sealed by itself: page ÷ without", masked, "ratio", None);
    report.note(format!(
        "masked-page: p50 of {ROUNDS} turns of {requests} requests; the page opens its reader's address alone, so \
         the page without it is the page less what opening it takes, measured in turns with it"
    ));
    Ok(())
}

async fn ask(shop: &Shop, requests: u32) -> Result<Vec<Duration>> {
    let request = http::request("GET", "/orders", &shop.stage.cookie, "");
    let mut connection = Connection::open(shop.address).await?;
    let mut times = Vec::new();
    for number in 0..WARM_UP + requests {
        let begun = Instant::now();
        let answer = connection.send(&request).await?;
        let took = begun.elapsed();
        if answer.status != 200 {
            return Err(Error::from(format!("/orders was answered {}", answer.status)));
        }
        if number >= WARM_UP {
            times.push(took);
        }
    }
    Ok(times)
}

/// What unwrapping the organization's key and opening the reader's address take, in
/// microseconds: the middle of many.
async fn open_address(stage: &Stage) -> Result<f64> {
    let (member, organization) = (stage.member, stage.organization);
    let data = stage.app.organization(organization);
    let held =
        data.read(move |tenant| Ok((tenant.member_email(member)?, tenant.data_key(KeyOwner::Organization)?)));
    let (Some(sealed), Some((id, wrapped))) = held.await? else {
        return Err("the owner has no address".into());
    };
    let keyring = stage.app.keyring();
    let owner = KeyOwner::Organization.context();
    let context = KeyContext { organization: Some(organization), owner: &owner };
    let place = Place::new(organization, "member", "email_sealed", member, 1);
    // tidy: allowed because the bench's own owner is opened, as each of its pages does.
    let grant = Grant::issue(Actor::Member(member), Purpose::SignIn, Timestamp::EPOCH);
    let mut times = Vec::new();
    for _ in 0..OPENED {
        let begun = Instant::now();
        let key = keyring.unwrap(id, black_box(&wrapped), &context)?;
        let opened: Confidential<String> = vault::open(&key, &place, black_box(&sealed), &grant)?;
        black_box(opened);
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}
