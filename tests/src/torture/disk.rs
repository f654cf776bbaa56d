//! A disk that fills up while sales come in, and has room again later. Full means what it
//! means in life: the file system answers ENOSPC. That takes a file system of a few
//! megabytes, which is made in a mount namespace of its own and is gone with it.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use serde_json::Value;

use super::house::House;
use super::verdict::Verdict;
use super::{Ground, Options, Selling};
use crate::bench::program::Program;
use crate::bench::{Result, http, stage};

/// Set for the program that runs where the small disk is: the folder to mount it on.
pub const SMALL_DISK: &str = "TORTURE_SMALL_DISK";
/// Size of the small disk, in megabytes: a fresh shop takes four.
const SIZE_MEGABYTES: u32 = 24;
/// Room that is left when the load begins, in bytes: for what is written, not for long.
const ROOM_BYTES: u64 = 256 * 1024;
/// The disk is filled in pieces of this many bytes.
const BLOCK_BYTES: usize = 64 * 1024;
/// The longest wait for the disk to be full, and for the shop to notice that it is not.
const LIMIT: Duration = Duration::from_mins(5);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long hooks are refused before room is made.
const REFUSE_FOR: Duration = Duration::from_secs(5);
/// How long sales go on once there is room.
const GO_ON_FOR: Duration = Duration::from_secs(5);
/// What the owner reads while the disk is full; `disk-full` of the page's texts.
const SENTENCE: &str = "O disco do servidor está cheio";
/// The status of a hook that could not be kept.
const REFUSED: u16 = 503;

/// Runs this program again, with the same arguments, where a small disk may be mounted on
/// `folder`. Returns only when that cannot be done: why.
#[must_use]
pub fn on_a_small_disk(folder: &Path) -> String {
    let begin = namespace();
    let tried = Command::new(begin[0]).args(&begin[1..]).args(["--", "true"]).output();
    match tried {
        Ok(Output { status, .. }) if status.success() => {}
        Ok(Output { stderr, .. }) => return String::from_utf8_lossy(&stderr).trim().to_owned(),
        Err(error) => return format!("{}: {error}", begin[0]),
    }
    let Ok(program) = env::current_exe() else { return "this program has no file".to_owned() };
    let mut again = Command::new(begin[0]);
    again.args(&begin[1..]).arg("--").arg(program).args(env::args_os().skip(1)).env(SMALL_DISK, folder);
    again.exec().to_string()
}

/// How a mount namespace is begun: who is not root becomes root of one of their own.
fn namespace() -> Vec<&'static str> {
    let mut command = vec!["unshare", "--mount"];
    if !geteuid().is_root() {
        command.extend(["--user", "--map-root-user"]);
    }
    command
}

/// Mounts the small disk on `folder`.
fn mount(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let size = format!("size={SIZE_MEGABYTES}m,mode=0700");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output()?;
    if mounted.status.success() {
        return Ok(());
    }
    Err(format!("no small disk: {}", String::from_utf8_lossy(&mounted.stderr).trim()).into())
}

/// Fills the disk under the program until hooks are refused, makes room, and looks at
/// what is left. The program is never started anew.
pub async fn fill_the_disk(options: &Options, small_disk: &Path) -> Result<Verdict> {
    mount(small_disk)?;
    let house = House::new(options, Some(&small_disk.join("shop"))).await?;
    let ground = Ground::prepare(house, options.seed).await?;
    let mut program = ground.house.start()?;
    program.ready()?;
    let mut verdict = Verdict::default();
    let selling = Selling::start(&ground, options);
    let ballast = Ballast::leave(small_disk, ROOM_BYTES)?;
    until("hooks are refused", || async { Ok(refused_hooks(&ground).await? > 0) }).await?;
    until("the program says so", || async { Ok(health(&ground).await? == REFUSED) }).await?;
    if !page(&ground).await?.contains(SENTENCE) {
        verdict.wrong("the disk was full and the pages did not say so".to_owned());
    }
    tokio::time::sleep(REFUSE_FOR).await;
    ballast.remove()?;
    until("the program notices that there is room", || async { Ok(health(&ground).await? == 200) }).await?;
    if page(&ground).await?.contains(SENTENCE) {
        verdict.wrong("the disk had room and the pages still said it was full".to_owned());
    }
    tokio::time::sleep(GO_ON_FOR).await;
    let sold = selling.stop().await?;
    verdict.refused_hooks = Some(refused_hooks(&ground).await?);
    still_runs(&mut program, &mut verdict)?;
    ground.judge(sold, program, verdict).await
}

fn still_runs(program: &mut Program, verdict: &mut Verdict) -> Result<()> {
    if let Some(status) = program.ended()? {
        verdict.wrong(format!("the program ended by itself: {status}"));
    }
    Ok(())
}

/// A file that takes the place of everything else.
struct Ballast(PathBuf);

impl Ballast {
    /// Fills the disk that `folder` is on, and leaves `room` bytes.
    fn leave(folder: &Path, room: u64) -> Result<Self> {
        let path = folder.join("ballast");
        let mut file = File::create(&path)?;
        let block = vec![0_u8; BLOCK_BYTES];
        loop {
            match file.write(&block) {
                Ok(0) => return Err("the disk takes nothing and does not say why".into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
        file.set_len(file.metadata()?.len().saturating_sub(room))?;
        Ok(Self(path))
    }

    fn remove(self) -> Result<()> {
        Ok(std::fs::remove_file(self.0)?)
    }
}

async fn until<F: Future<Output = Result<bool>>>(what: &str, mut look: impl FnMut() -> F) -> Result<()> {
    let begun = Instant::now();
    while !look().await? {
        if begun.elapsed() > LIMIT {
            return Err(format!("waited in vain: {what}").into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Tries of hooks that the program answered with 503.
async fn refused_hooks(ground: &Ground) -> Result<usize> {
    let shown = stage::control(ground.sandbox, "GET", "/_sandbox/hooks", &Value::Null).await?;
    let attempts = shown["notifications"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|hook| hook["attempts"].as_array().into_iter().flatten());
    Ok(attempts.filter(|attempt| attempt["status"] == REFUSED).count())
}

async fn health(ground: &Ground) -> Result<u16> {
    let answer = http::once(ground.house.address()?, &http::request("GET", "/health", "", "")).await?;
    Ok(answer.status)
}

/// The orders page as the owner sees it.
async fn page(ground: &Ground) -> Result<String> {
    // A real shop, whose owner has no second factor yet: this is the page that is open to them.
    let request = http::request("GET", "/security", &ground.owner.cookie, "");
    let answer = http::once(ground.house.address()?, &request).await?;
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}
