//! PostgreSQL and Redis of one's own: on free loopback ports, in a temporary folder,
//! with a password of chance, gone when the value is dropped.
//!
//! Start them on a thread that lives as long as they are needed: on Linux they are told
//! to stop when that thread ends, so that even `kill -9` of this process leaves none.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::workspace::find_program;

/// The longest wait for a server to answer after its start.
const START_LIMIT: Duration = Duration::from_mins(1);
/// The longest wait for a server to end after it was told to; then it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at a server that starts or stops.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The longest wait for one answer of a server that is being probed.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// Another process may take the free port that we found: then we look for another one.
const PORT_ATTEMPTS: usize = 3;
/// Bytes of chance in a password.
const PASSWORD_BYTES: usize = 24;
/// Lines of a server's log that an error quotes.
const LOG_LINES: usize = 12;
/// The system user that runs PostgreSQL when we are root, which it refuses to be run by.
const POSTGRES_SYSTEM_USER: &str = "postgres";
/// The PostgreSQL superuser of the new cluster. Row-level security does not bind it.
const POSTGRES_ROLE: &str = "lojista";
/// Room for many test processes that each hold a pool.
const POSTGRES_CONNECTIONS: u32 = 300;

/// Why a server could not be started. None of these heals by trying again.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A program is not installed.
    #[error("{program} is not installed: apt-get install -y {package}")]
    Missing {
        /// The program's file name.
        program: &'static str,
        /// The Debian package that holds it.
        package: &'static str,
    },
    /// A file or process of ours could not be made.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What we were about to do.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("{program} ended by itself; its last words:\n{log}")]
    Ended {
        /// The program's name.
        program: &'static str,
        /// The end of its log.
        log: String,
    },
    /// A server runs but does not answer.
    #[error("{program} did not answer within {} s; its last words:\n{log}", START_LIMIT.as_secs())]
    Silent {
        /// The program's name.
        program: &'static str,
        /// The end of its log.
        log: String,
    },
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> ServiceError {
    move |source| ServiceError::Io { doing, source }
}

/// Whether PostgreSQL waits for the disk at each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// As in production: what the tests of durability rely on.
    #[default]
    On,
    /// Faster, for work that never looks at what a crash leaves.
    Off,
}

impl Fsync {
    const fn setting(self) -> &'static str {
        match self {
            Self::On => "fsync=on",
            Self::Off => "fsync=off",
        }
    }
}

/// A PostgreSQL server of one's own.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    server: Server,
}

impl Postgres {
    /// Creates a cluster and starts its server; returns once it takes connections.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, cannot be set up, or does not come up.
    pub fn start(fsync: Fsync) -> Result<Self, ServiceError> {
        let initdb = postgres_program("initdb")?;
        let postgres = postgres_program("postgres")?;
        let folder = folder()?;
        let runner = Runner::for_postgres(folder.path())?;
        let password = password().map_err(io_error("read chance for a password"))?;
        init_cluster(&runner, &initdb, folder.path(), &password)?;
        let (server, port) = on_a_free_port(folder, |port, folder| {
            let mut command = runner.command(&postgres, "QUIT", folder);
            command.arg("-D").arg(folder.join("data"));
            for setting in [
                format!("port={port}"),
                format!("max_connections={POSTGRES_CONNECTIONS}"),
                "listen_addresses=127.0.0.1".into(),
                "unix_socket_directories=".into(),
                fsync.setting().into(),
            ] {
                command.arg("-c").arg(setting);
            }
            // SIGQUIT is PostgreSQL's immediate shutdown: nobody will read the data again.
            Process::start("postgres", command, Signal::QUIT, None, || postgres_answers(port))
        })?;
        let url = format!("postgres://{POSTGRES_ROLE}:{password}@127.0.0.1:{port}/postgres");
        Ok(Self { url, server })
    }

    /// Where to connect: `postgres://user:password@host:port/database`, as a superuser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of the server, for those who want to harm or measure it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.process.child.id()
    }

    /// The folder with its files and its `log`; removed when the server is dropped.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.server.folder.path()
    }
}

/// A Redis (or Valkey) server of one's own. It keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    url: String,
    server: Server,
}

impl Redis {
    /// Starts a server; returns once it answers.
    ///
    /// # Errors
    /// When neither Redis nor Valkey is installed, or it does not come up.
    pub fn start() -> Result<Self, ServiceError> {
        let missing = ServiceError::Missing { program: "redis-server", package: "redis-server" };
        let program = redis_program().ok_or(missing)?;
        let password = password().map_err(io_error("read chance for a password"))?;
        let (server, port) = on_a_free_port(folder()?, |port, folder| {
            let mut command = Runner::Ourselves.command(&program, "TERM", folder);
            // The settings go in by standard input: a command line is readable to everyone.
            command.arg("-");
            let settings = format!(
                "bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\n\
                 daemonize no\ndir {:?}\n",
                folder.display().to_string()
            );
            Process::start("redis-server", command, Signal::TERM, Some(&settings), || redis_answers(port))
        })?;
        Ok(Self { url: format!("redis://default:{password}@127.0.0.1:{port}/"), server })
    }

    /// Where to connect: `redis://default:password@host:port/`. The user that every server has
    /// is named because some clients would take its absence for a user without a name.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of the server, for those who want to harm or measure it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.process.child.id()
    }

    /// The folder with its files and its `log`; removed when the server is dropped.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.server.folder.path()
    }
}

/// Where a program of PostgreSQL is: on `PATH`, or where Debian keeps it (newest first).
pub fn postgres_program(name: &'static str) -> Result<PathBuf, ServiceError> {
    let version = |folder: &PathBuf| {
        let name = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.parse::<u32>().unwrap_or_default()
    };
    let installed = fs::read_dir("/usr/lib/postgresql");
    let mut folders: Vec<PathBuf> =
        installed.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let folders: Vec<PathBuf> = folders.into_iter().map(|folder| folder.join("bin")).collect();
    find_program(name, &folders).ok_or(ServiceError::Missing { program: name, package: "postgresql" })
}

/// Where the server program of Redis, or of its successor Valkey, is.
#[must_use]
pub fn redis_program() -> Option<PathBuf> {
    find_program("redis-server", &[]).or_else(|| find_program("valkey-server", &[]))
}

/// As whom a server runs.
enum Runner {
    Ourselves,
    SystemUser(&'static str),
}

impl Runner {
    /// Gives `folder` to the system user of PostgreSQL when we are root.
    fn for_postgres(folder: &Path) -> Result<Self, ServiceError> {
        if !geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(io_error("read the list of users"))?;
        let no_user = ServiceError::Missing { program: "the system user postgres", package: "postgresql" };
        let (user, group) = ids_of(POSTGRES_SYSTEM_USER, &users).ok_or(no_user)?;
        chown(folder, Some(user), Some(group)).map_err(io_error("give PostgreSQL its folder"))?;
        Ok(Self::SystemUser(POSTGRES_SYSTEM_USER))
    }

    /// `program` with a clean environment, told `death` (a signal name) if we die.
    fn command(&self, program: &Path, death: &str, folder: &Path) -> Command {
        let mut command = if cfg!(target_os = "linux") {
            let mut command = Command::new("setpriv");
            if let Self::SystemUser(user) = self {
                command.args(["--reuid", user, "--regid", user, "--init-groups"]);
            }
            command.args(["--pdeathsig", death, "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env_clear().env("LC_ALL", "C").current_dir(folder);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
    }
}

/// User and group id of `name` in the text of a passwd file (passwd(5)).
fn ids_of(name: &str, users: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let mut ids = fields.skip(1).map(str::parse::<u32>);
        Some((ids.next()?.ok()?, ids.next()?.ok()?))
    })
}

fn folder() -> Result<TempDir, ServiceError> {
    tempfile::Builder::new().prefix("lojista-").tempdir().map_err(io_error("make a temporary folder"))
}

fn password() -> io::Result<String> {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn init_cluster(runner: &Runner, initdb: &Path, folder: &Path, password: &str) -> Result<(), ServiceError> {
    // The folder is closed to others; the file has to be its owner's for initdb to read it.
    let file = folder.join("password");
    fs::write(&file, password).map_err(io_error("write the password of PostgreSQL"))?;
    let owner = fs::metadata(folder).map_err(io_error("look at the folder of PostgreSQL"))?;
    chown(&file, Some(owner.uid()), Some(owner.gid())).map_err(io_error("give PostgreSQL its password"))?;
    let mut command = runner.command(initdb, "TERM", folder);
    command.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(&file);
    command.args(["-U", POSTGRES_ROLE, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    let done = command.stdin(Stdio::null()).output().map_err(io_error("start initdb"))?;
    fs::remove_file(&file).map_err(io_error("remove the password of PostgreSQL"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(ServiceError::Ended { program: "initdb", log: last_lines(&String::from_utf8_lossy(&done.stderr)) })
}

/// Starts a server on a port that is free now, again on another one if it is taken meanwhile.
fn on_a_free_port(
    folder: TempDir,
    start: impl Fn(u16, &Path) -> Result<Process, ServiceError>,
) -> Result<(Server, u16), ServiceError> {
    let mut attempt = 1;
    loop {
        let port = free_port().map_err(io_error("find a free port"))?;
        match start(port, folder.path()) {
            Ok(process) => return Ok((Server { process, folder }, port)),
            Err(ServiceError::Ended { log, .. })
                if attempt < PORT_ATTEMPTS && log.to_lowercase().contains("address already in use") =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A server that runs, and the folder that goes when it has ended (in this order).
#[derive(Debug)]
struct Server {
    process: Process,
    folder: TempDir,
}

/// A process of ours that ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stop: Signal,
}

impl Process {
    /// Starts `command` in its own folder, hands it `settings`, waits until it `answers`.
    pub(crate) fn start(
        program: &'static str,
        mut command: Command,
        stop: Signal,
        settings: Option<&str>,
        answers: impl Fn() -> bool,
    ) -> Result<Self, ServiceError> {
        let folder = command.get_current_dir().unwrap_or(Path::new("."));
        let log_file = folder.join("log");
        let log = File::create(&log_file).map_err(io_error("make the log of a server"))?;
        let errors = log.try_clone().map_err(io_error("make the log of a server"))?;
        let input = if settings.is_some() { Stdio::piped() } else { Stdio::null() };
        // A group of its own: Ctrl-C is for us; we stop the server when the tests have ended.
        command.stdin(input).stdout(log).stderr(errors).process_group(0);
        let child = command.spawn().map_err(io_error("start a server"))?;
        let mut process = Self { child, stop };
        if let (Some(settings), Some(mut input)) = (settings, process.child.stdin.take()) {
            input.write_all(settings.as_bytes()).map_err(io_error("hand a server its settings"))?;
        }
        let last_words = || last_lines(&fs::read_to_string(&log_file).unwrap_or_default());
        let begun = Instant::now();
        while !answers() {
            if process.has_ended() {
                return Err(ServiceError::Ended { program, log: last_words() });
            }
            if begun.elapsed() > START_LIMIT {
                return Err(ServiceError::Silent { program, log: last_words() });
            }
            pause();
        }
        Ok(process)
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let begun = Instant::now();
        if !self.has_ended() {
            // It may have ended since the look: then there is nobody to tell.
            let _ = kill_process(Pid::from_child(&self.child), self.stop);
        }
        while !self.has_ended() {
            if begun.elapsed() > STOP_LIMIT {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            pause();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a server that starts or ends gives no event to wait for")]
fn pause() {
    std::thread::sleep(LOOK_EVERY);
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

/// Whether PostgreSQL asks who we are. While it starts up it answers with an error instead
/// (PostgreSQL manual, "Message Formats": StartupMessage, protocol 3.0).
fn postgres_answers(port: u16) -> bool {
    let parameters = format!("user\0{POSTGRES_ROLE}\0database\0postgres\0\0");
    let length = u32::try_from(8 + parameters.len()).unwrap_or_default();
    let mut hello = length.to_be_bytes().to_vec();
    hello.extend(196_608_u32.to_be_bytes());
    hello.extend(parameters.as_bytes());
    ask(port, &hello).is_ok_and(|answer| answer == b'R')
}

/// Whether Redis answers at all: it says `-NOAUTH` to somebody without the password.
fn redis_answers(port: u16) -> bool {
    ask(port, b"PING\r\n").is_ok_and(|answer| answer == b'-')
}

/// The first byte of the answer to `question`.
fn ask(port: u16, question: &[u8]) -> io::Result<u8> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&server, PROBE_LIMIT)?;
    stream.set_read_timeout(Some(PROBE_LIMIT))?;
    stream.write_all(question)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postgres_of_ones_own_answers_and_leaves_nothing_behind() {
        let postgres = Postgres::start(Fsync::Off).unwrap();
        let folder = postgres.folder().to_path_buf();
        let port = port_of(postgres.url());
        assert!(postgres_answers(port));
        drop(postgres);
        assert!(!postgres_answers(port), "the server still answers");
        assert!(!folder.exists(), "{} is still there", folder.display());
    }

    #[test]
    fn a_redis_of_ones_own_answers_and_leaves_nothing_behind() {
        let redis = Redis::start().unwrap();
        let folder = redis.folder().to_path_buf();
        let port = port_of(redis.url());
        assert!(redis_answers(port));
        drop(redis);
        assert!(!redis_answers(port), "the server still answers");
        assert!(!folder.exists(), "{} is still there", folder.display());
    }

    #[test]
    fn a_redis_takes_its_own_password_and_no_other() {
        let redis = Redis::start().unwrap();
        let port = port_of(redis.url());
        let sign_in = |password: &str| ask(port, format!("AUTH default {password}\r\n").as_bytes()).unwrap();
        let user = redis.url().strip_prefix("redis://default:").unwrap();
        let (password, _) = user.split_once('@').unwrap();
        assert_eq!([sign_in(password), sign_in("another")], [b'+', b'-']);
    }

    #[test]
    fn two_servers_get_two_ports_and_two_passwords() {
        let (one, other) = (Redis::start().unwrap(), Redis::start().unwrap());
        assert_ne!(port_of(one.url()), port_of(other.url()));
        assert_ne!(one.url().split('@').next(), other.url().split('@').next());
    }

    #[test]
    fn a_server_that_ends_at_once_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no memory for you >&2; exit 1"]).current_dir(folder.path());
        let failed = Process::start("sh", command, Signal::TERM, None, || false).unwrap_err();
        assert_eq!(failed.to_string(), "sh ended by itself; its last words:\nno memory for you");
    }

    #[test]
    fn a_taken_port_is_left_for_another_one() {
        let tries = std::cell::Cell::new(0);
        let started = on_a_free_port(folder().unwrap(), |_, folder| {
            tries.set(tries.get() + 1);
            if tries.get() == 1 {
                return Err(ServiceError::Ended {
                    program: "sleep",
                    log: "bind: Address already in use".into(),
                });
            }
            let mut command = Command::new("sleep");
            command.arg("600").current_dir(folder);
            Process::start("sleep", command, Signal::TERM, None, || true)
        });
        assert!(started.is_ok());
        assert_eq!(tries.get(), 2);
    }

    #[test]
    fn the_ids_of_a_user_are_read_from_the_right_line() {
        let users =
            "root:x:0:0:root:/:/bin/sh\nmypostgres:x:7:7::/:\npostgres:x:101:104:PostgreSQL:/:/bin/sh\n";
        assert_eq!(ids_of("postgres", users), Some((101, 104)));
        assert_eq!(ids_of("nobody", users), None);
    }

    fn port_of(url: &str) -> u16 {
        let (_, server) = url.split_once("@127.0.0.1:").unwrap();
        server.split('/').next().unwrap().parse().unwrap()
    }
}
