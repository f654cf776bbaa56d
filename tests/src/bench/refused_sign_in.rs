//! What the program spends on sign-ins that it refuses: somebody guesses on and on at the owner's
//! address, from one network, a hundred times a second.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use store::Location;
use tempfile::TempDir;
use url::{Url, form_urlencoded};

use super::load::{self, Outcome, Pace};
use super::program::{self, Program};
use super::report::{Bound, Figure, Report};
use super::stage::Ground;
use super::{Result, cpu, http};

const BENCH: &str = "refused-sign-in";
/// Tries a second.
const PER_SECOND: f64 = 100.0;
/// Connections that the tries come over.
const CONNECTIONS: usize = 16;
/// Tries that are looked at before the wait begins; more than any limit of a network's burst.
const FIRST_TRIES: usize = 30;
const EMAIL: &str = "dona@loja.example";
const PASSWORD: &str = "caneca vermelha na prateleira 42";

/// Measures the program over a fresh database for `span`, idle and while it refuses.
pub async fn run(ground: &Ground, span: Duration, report: &mut Report) -> Result<()> {
    let home = TempDir::new()?;
    let mut program = start(ground, &home)?;
    let (_, said) = program.ready()?;
    let ready: Value = serde_json::from_str(&said)?;
    let text = |key: &str| ready[key].as_str().map(str::to_owned).ok_or(format!("no {key} in {said}"));
    let (url, link) = (Url::parse(&text("url")?)?, Url::parse(&text("setup_link")?)?);
    let address = *url.socket_addrs(|| None)?.first().ok_or("the program has no address")?;
    set_up(address, link.path()).await?;

    let guess = Arc::new(vec![form("/sign-in", &[("email", EMAIL), ("password", "a wrong guess of mine")])]);
    for _ in 0..FIRST_TRIES {
        http::once(address, &guess[0]).await?;
    }
    let refused = http::once(address, &guess[0]).await?.status;
    if refused != 429 {
        return Err(format!("a guess too many is answered with {refused}").into());
    }
    let before = cpu::whole_time_of(program.id())?;
    tokio::time::sleep(span).await;
    let idle = cpu::whole_time_of(program.id())?.saturating_sub(before);

    let before = cpu::whole_time_of(program.id())?;
    let asked = Arc::clone(&guess);
    let pace = Pace::Open { per_second: PER_SECOND, from_sending: false };
    let outcome =
        tokio::task::spawn_blocking(move || load::run(address, &asked, CONNECTIONS, pace, span)).await??;
    let spent = cpu::whole_time_of(program.id())?.saturating_sub(before);
    program.end()?;
    tell(ground.name, &outcome, share(idle, span), share(spent, outcome.span), report);
    Ok(())
}

fn start(ground: &Ground, home: &TempDir) -> Result<Program> {
    let mut environment = BTreeMap::from([("HOME", home.path().display().to_string())]);
    let arguments = ["serve", "--json", "--listen", "127.0.0.1:0"];
    match &ground.location {
        // The file stands alone in a folder of the ground; the program makes its own beside it.
        Location::File(file) => {
            let folder = file.parent().ok_or("the database has no folder")?.join("shop");
            environment.insert("LOJISTA_DATA", folder.display().to_string());
        }
        Location::Server(url) => {
            environment.insert("LOJISTA_DATABASE_URL", url.clone());
            environment.insert("LOJISTA_KEY_FILE", home.path().join("keys").display().to_string());
        }
    }
    Program::start(&program::path()?, &arguments, &environment, &home.path().join("log"))
}

/// The owner, behind the one-time link.
async fn set_up(address: SocketAddr, path: &str) -> Result<()> {
    let fields = [("organization", "Casa Verde"), ("email", EMAIL), ("password", PASSWORD)];
    let answer = http::once(address, &form(path, &fields)).await?;
    if answer.status == 303 {
        Ok(())
    } else {
        Err(format!("the owner is not taken in: {}", answer.status).into())
    }
}

fn form(path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";
    http::request("POST", path, headers, &body)
}

/// A share of one core, in percent.
fn share(spent: Duration, of: Duration) -> f64 {
    spent.as_secs_f64() / of.as_secs_f64() * 100.0
}

fn tell(database: &'static str, outcome: &Outcome, idle: f64, busy: f64, report: &mut Report) {
    let mut figure = |name: &str, value: f64, unit, bound| {
        report.add(Figure { bench: BENCH, database, name: name.into(), value, unit, bound });
    };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand tries")]
    let refused = outcome.refused as f64;
    figure("sign-ins refused", refused / outcome.span.as_secs_f64(), "1/s", None);
    figure(
        "sign-ins let in",
        f64::from(u32::from(outcome.acknowledged > 0)),
        "",
        Some(Bound::Within(0.0, 0.0)),
    );
    figure("one core, idle", idle, "%", None);
    figure("one core, refusing", busy, "%", Some(Bound::AtMost(5.0)));
    figure("p99 of a refusal", outcome.quantile_ms(0.99), "ms", None);
    report.note(
        "refused-sign-in: all of the program's processor time, its idle work and the few guesses among them that are \
         due to be looked at included",
    );
}
