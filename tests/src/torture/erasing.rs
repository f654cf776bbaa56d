//! Erasures, ended with SIGKILL. `lojista-with-points` erases one buyer after the other when its
//! environment says so, and says of each that it is done.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use app::privacy::{Asked, Person};
use domain::buyer::readings;
use domain::privacy::{Regime, RequestKind};
use domain::{Clock as _, ConnectionId, MemberId, OrganizationId, RequestId, SubjectId};
use sandbox::mercado_livre::seed::CLASSIC_SELLER;
use store::buyers::TermHash;
use store::{Store, StoreResult, Tx, params};
use vault::{Keyring, OsEntropy};

use super::keeping::{Kept, open, wait};
use crate::bench::Result;
use crate::bench::stage::{self, Stage, SystemClock};

/// Says in the environment where the shop lies whose buyers are to be erased.
pub const ERASES: &str = "TORTURE_ERASES";
/// Buyers that one point erases.
const BATCH: usize = 24;

/// Whom the erasures are asked of.
pub(super) struct Erasing {
    organization: OrganizationId,
    connection: ConnectionId,
    /// What each buyer of a batch is called, and is found by.
    buyers: Vec<(String, Vec<TermHash>)>,
}

/// What of buyers is there.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    /// Buyers that were erased.
    erased: i64,
    /// Entries of the erasure ledger.
    ledger: i64,
    /// Events of the log.
    events: i64,
    /// What the request says.
    told: i64,
    /// Buyers that are found.
    found: i64,
}

impl Erasing {
    /// Connects an account, and takes the request that erasures belong to.
    pub(super) async fn prepare(stage: &Stage, address: std::net::SocketAddr) -> Result<Self> {
        let connection = stage.authorize(address, CLASSIC_SELLER).await?;
        let asked = Asked { kind: RequestKind::Erase, regime: Regime::Lgpd };
        let person = Person {
            contact: "bia@fora.example".to_owned(),
            called: "Bia Souza".to_owned(),
            text: String::new(),
        };
        stage.app.ask_privacy(stage.organization, None, asked, person, "pt-BR", "torture").await?;
        let buyers = (0..BATCH).map(|number| {
            // Two words of letters alone, which no other buyer has.
            let word: String =
                number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
            let called = format!("Pessoa Torturada{word}");
            let terms = readings(&called).into_iter().flatten().collect::<Vec<_>>();
            let hashes = stage.app.hashes(stage.organization, &terms);
            (called, hashes)
        });
        Ok(Self { organization: stage.organization, connection, buyers: buyers.collect() })
    }

    /// Puts a batch of buyers into the shop.
    pub(super) async fn put(&self, shop: &Path) -> Result<()> {
        let (organization, connection, buyers) = (self.organization, self.connection, self.buyers.clone());
        let put = move |tx: &mut Tx<'_>| {
            for (called, hashes) in &buyers {
                let (id, now) = (SubjectId::new(SystemClock.now(), &OsEntropy), SystemClock.now());
                let external = format!("{id}/{called}");
                tx.execute(
                    "INSERT INTO buyer (id, organization_id, connection_id, external_id, last_placed_at, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $5)",
                    params![id, organization, connection, external.as_str(), now],
                )?;
                for hash in hashes {
                    tx.execute(
                        "INSERT INTO buyer_term (organization_id, term, buyer_id) VALUES ($1, $2, $3)",
                        params![organization, hash.as_slice(), id],
                    )?;
                }
            }
            Ok(())
        };
        Ok(open(shop).await?.installation().write(put).await?)
    }

    /// Ends erasures by force; says whether they were still at work, and which were called done.
    pub(super) fn kill(program: &Path, shop: &Path, after: Duration) -> Result<(bool, BTreeSet<String>)> {
        let mut child = start(program, shop)?;
        wait(after);
        let at_work = child.try_wait()?.is_none();
        child.kill()?;
        let done = said(&mut child)?;
        child.wait()?;
        Ok((at_work, done))
    }

    /// Erases all that are left.
    pub(super) fn whole(program: &Path, shop: &Path) -> Result<()> {
        let mut child = start(program, shop)?;
        said(&mut child)?;
        let ended = child.wait()?;
        if ended.success() { Ok(()) } else { Err(format!("the erasures ended with {ended}").into()) }
    }

    /// After a kill: each buyer is erased with everything that belongs to it, or not at all; and who was
    /// called erased is.
    pub(super) async fn judge(
        &self,
        shop: &Path,
        done: &BTreeSet<String>,
        number: u32,
        kept: &mut Kept,
    ) -> Result<()> {
        let store = open(shop).await?;
        let found = store.installation().read(counts).await?;
        if !found.is_whole() {
            kept.lost.push(format!("point {number}, erasure: half of one is there: {found:?}"));
        }
        let there = store.installation().read(still_there).await?;
        let back: Vec<&String> = done.iter().filter(|id| there.contains(*id)).collect();
        if !back.is_empty() {
            kept.falsely_good.push(format!("point {number}: called erased and there: {back:?}"));
        }
        Ok(())
    }

    /// After all were erased: nobody is found, not even in what a backup from before brings back.
    pub(super) async fn judge_all(
        &self,
        shop: &Path,
        restored: &Path,
        number: u32,
        kept: &mut Kept,
    ) -> Result<()> {
        for (whose, place) in [("the shop", shop), ("an older backup", restored)] {
            let found = open(place).await?.installation().read(counts).await?;
            if found.found > 0 || found.erased == 0 {
                kept.lost.push(format!("point {number}, erasure: {whose} has {found:?}"));
            }
        }
        Ok(())
    }
}

impl Counts {
    /// Whether each erasure has all its parts, once.
    fn is_whole(&self) -> bool {
        [self.ledger, self.events, self.told].iter().all(|count| *count == self.erased)
    }
}

fn counts(tx: &mut Tx<'_>) -> StoreResult<Counts> {
    let mut count =
        |sql: &str| Ok::<i64, store::StoreError>(tx.row(sql, &[], |row| row.get(0))?.unwrap_or_default());
    Ok(Counts {
        erased: count("SELECT COUNT(*) FROM buyer WHERE opposed_at IS NOT NULL")?,
        ledger: count("SELECT COUNT(*) FROM erasure")?,
        events: count("SELECT COUNT(*) FROM audit_event WHERE action = 'request.erased'")?,
        told: count("SELECT erased FROM privacy_request")?,
        found: count("SELECT COUNT(*) FROM buyer_term")?,
    })
}

/// The buyers that are found by something, as they are called at their platform.
fn still_there(tx: &mut Tx<'_>) -> StoreResult<BTreeSet<String>> {
    let sql =
        "SELECT b.external_id FROM buyer b WHERE EXISTS (SELECT 1 FROM buyer_term t WHERE t.buyer_id = b.id)";
    Ok(tx.rows(sql, &[], |row| row.get(0))?.into_iter().collect())
}

fn start(program: &Path, shop: &Path) -> Result<Child> {
    let mut command = Command::new(program);
    command.env_clear().env(ERASES, shop).stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command.spawn()?)
}

/// What it called done until its end.
fn said(child: &mut Child) -> Result<BTreeSet<String>> {
    let output = child.stdout.take().ok_or("the erasures have no output")?;
    // A line that was cut off was not said.
    let lines: std::io::Result<Vec<String>> = BufReader::new(output)
        .split(b'\n')
        .map(|line| line.map(|line| String::from_utf8_lossy(&line).into_owned()))
        .collect();
    Ok(lines?.into_iter().filter_map(|line| line.strip_suffix(" is erased").map(str::to_owned)).collect())
}

/// Erases the buyers of a shop, one after the other, and says each: what [`ERASES`] asks for.
///
/// # Errors
/// When the shop does not open, or an erasure fails.
pub async fn erase_all(shop: PathBuf) -> Result<()> {
    let keyring = Keyring::load(&shop.join("keys"))?;
    let store: Store = open(&shop).await?;
    let sandbox = sandbox::Sandbox::new(sandbox::SandboxConfig::new(std::sync::Arc::new(SystemClock)));
    let marketplace = stage::registration(&sandbox.manifest()).ok_or("the sandbox has no application")?;
    let app = stage::start(store, keyring, marketplace, "http://localhost").await?;
    let (organization, request, member) =
        app.store().installation().read(whose).await?.ok_or("no request waits")?;
    for external in app.store().installation().read(still_there).await? {
        let called = external.split_once('/').map_or("", |(_, called)| called);
        let erased = app.erase_buyers(organization, member, request, called).await?;
        if erased.buyers != 1 {
            return Err(format!("{called}: {erased:?}").into());
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{external} is erased")?;
        out.flush()?;
    }
    Ok(())
}

fn whose(tx: &mut Tx<'_>) -> StoreResult<Option<(OrganizationId, RequestId, MemberId)>> {
    let sql = "SELECT p.organization_id, p.id, m.id FROM privacy_request p \
               JOIN member m ON m.organization_id = p.organization_id";
    tx.row(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}
