//! A page that is asked for again and again by a client in a process of its own, so that what
//! this process spends is the server's alone.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use store::Location;

use super::http::{self, Connection};
use super::load::{median, quantile};
use super::stage::Stage;
use super::{Error, Result, cpu};

/// Turns of each page; processor time is the middle of them.
pub const ROUNDS: usize = 5;
/// Requests that are not counted, at the start of each turn.
const WARM_UP: u32 = 20;

/// A page that is asked for in turns, and what came of it.
#[derive(Debug)]
pub struct Page {
    /// What it is called in the report.
    pub name: String,
    /// Rows of the shop that it is a page of.
    pub rows: u32,
    address: SocketAddr,
    cookie: String,
    path: String,
    latencies: Vec<Duration>,
    cpu_ms: Vec<f64>,
}

impl Page {
    /// A page of a shop with so many rows, for the owner of the session in `cookie`.
    #[must_use]
    pub fn new(name: String, rows: u32, address: SocketAddr, cookie: &str, path: &str) -> Self {
        let (cookie, path) = (cookie.to_owned(), path.to_owned());
        Self { name, rows, address, cookie, path, latencies: Vec::new(), cpu_ms: Vec::new() }
    }

    /// One turn; `processes` are those that work for the page.
    fn turn(&mut self, requests: u32, processes: &[u32]) -> Result<()> {
        let arguments = [
            "client".to_owned(),
            self.address.to_string(),
            self.path.clone(),
            WARM_UP.to_string(),
            requests.to_string(),
        ];
        let mut client = Command::new(std::env::current_exe()?);
        client.args(&arguments).env(COOKIE_VARIABLE, &self.cookie);
        let before = cpu::time_of_all(processes)?;
        let output = client.output()?;
        let spent = cpu::time_of_all(processes)?.saturating_sub(before);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            self.latencies.push(Duration::from_nanos(line.parse()?));
        }
        self.cpu_ms.push(spent.as_secs_f64() * 1e3 / f64::from(requests + WARM_UP));
        Ok(())
    }

    /// The middle of all answers' times.
    pub fn p50_ms(&mut self) -> f64 {
        self.latencies.sort_unstable();
        quantile(&self.latencies, 0.5).as_secs_f64() * 1e3
    }

    /// What one answer costs of the processor, in milliseconds: the middle of the turns.
    #[must_use]
    pub fn cpu_ms(&self) -> f64 {
        median(self.cpu_ms.clone())
    }
}

/// Asks for all pages in turns; `processes` are those that work for them.
pub fn in_turns(pages: &mut [Page], requests: u32, processes: &[u32]) -> Result<()> {
    for _ in 0..ROUNDS {
        for page in &mut *pages {
            page.turn(requests, processes)?;
        }
    }
    Ok(())
}

/// Hands the session to the client; a command line is readable to everyone.
const COOKIE_VARIABLE: &str = "LOJISTA_BENCH_COOKIE";

/// The client's process: asks for a page again and again, prints each answer's time in
/// nanoseconds.
pub async fn client(address: SocketAddr, path: &str, warm_up: u32, requests: u32) -> Result<String> {
    let cookie = std::env::var(COOKIE_VARIABLE)?;
    let request = http::request("GET", path, &cookie, "");
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    for number in 0..warm_up + requests {
        let begun = Instant::now();
        let answer = connection.send(&request).await?;
        let took = begun.elapsed();
        if answer.status != 200 {
            return Err(Error::from(format!("{path} was answered {}", answer.status)));
        }
        if number >= warm_up {
            times.push(took.as_nanos().to_string());
        }
    }
    Ok(times.join("\n"))
}

/// The processes that work for a page: this one, and on PostgreSQL its own.
pub async fn processes(stage: &Stage, location: &Location) -> Result<Vec<u32>> {
    let own = std::process::id();
    if let Location::File(_) = location {
        return Ok(vec![own]);
    }
    let pids = "SELECT pid::bigint FROM pg_stat_activity WHERE backend_type = 'client backend'";
    let pids =
        stage.app.store().installation().read(move |tx| tx.rows(pids, &[], |row| row.get::<i64>(0))).await?;
    let pids = pids.into_iter().map(u32::try_from).collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(pids.into_iter().chain([own]).collect())
}

/// `VALUES` of so many rows with so many parameters each.
#[must_use]
pub fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers: Vec<String> =
            (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", numbers.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
