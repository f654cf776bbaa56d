//! The command line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::{Config, ConfigError, Setting, Sources, config_file, settings};

/// Runs a seller's shop on every marketplace, and keeps its promises by itself.
#[derive(Debug, Parser)]
#[command(
    name = "lojista",
    version,
    arg_required_else_help = true,
    after_help = "\
Try it, without any account:

  lojista demo

Configuration: flags before environment (LOJISTA_…) before lojista.toml; docs/configuration.md names all of it."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line; prints help or what is wrong with it, and ends, itself.
    pub(crate) fn read() -> Self {
        let matches = with_settings(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// `serve --help` names everything that can be set.
fn with_settings(command: clap::Command) -> clap::Command {
    use std::fmt::Write as _;

    command.mut_subcommand("serve", |serve| {
        let mut text = serve.get_after_help().map(ToString::to_string).unwrap_or_default();
        text.push_str("\n\nEnvironment (a secret also by the variable with _FILE at its end):\n");
        for Setting { variable, about, default, .. } in settings() {
            // Writing to a String cannot fail.
            let _ = write!(text, "  {variable}\n      {about} [default: {default}]\n");
        }
        serve.after_long_help(text)
    })
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the shop.
    ///
    /// The first start makes the data folder and the key file, and prints a one-time link for
    /// the owner. SIGTERM or Ctrl-C ends it: nothing new is taken in, what runs may end.
    #[command(after_help = "Examples:\n  lojista serve\n  \
        LOJISTA_PUBLIC_URL=https://hub.example lojista serve --listen 0.0.0.0:8080\n  \
        lojista serve --config /etc/lojista.toml --json")]
    Serve(ServeArgs),
    /// Run a believable shop against a simulated marketplace, no account needed.
    ///
    /// Keeps everything in one folder of its own; a second start goes on where the first one
    /// ended. Orders arrive by themselves.
    #[command(after_help = "Examples:\n  lojista demo\n  lojista demo --seed 7 --orders-per-minute 30\n  \
        lojista demo --data /tmp/shop --listen 127.0.0.1:0 --json")]
    Demo(DemoArgs),
    /// Run the simulated marketplace alone, for developers.
    #[command(after_help = sandbox::HELP)]
    Sandbox(SandboxArgs),
    /// Bring the database's schema up to date and end.
    #[command(after_help = "Example:\n  lojista migrate --data /var/lib/lojista")]
    Migrate(ConfigArgs),
    /// Look for what is wrong, and say how to mend it.
    ///
    /// Mends nothing by itself. Exit code 1 when a check fails; warnings are no failure.
    #[command(after_help = "Examples:\n  lojista doctor\n  lojista doctor --json")]
    Doctor(DoctorArgs),
    /// The audit log: export it, verify an export.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Take a backup now.
    ///
    /// Sealed under the key file, and only what is new since the one before. The key file is
    /// not in it: keep a copy of that in another place.
    #[command(after_help = "Examples:\n  lojista backup --to /mnt/backups\n  \
        LOJISTA_BACKUP_DIR=/mnt/backups lojista backup --json")]
    Backup(BackupArgs),
    /// Fill an empty place from a backup.
    ///
    /// Needs the backups and the key file, nothing else. The data is proven before it is put in
    /// place; what is not empty is not touched. A backup of either engine goes into either.
    #[command(after_help = "Examples:\n  lojista restore --from /mnt/backups --into /var/lib/lojista\n  \
        lojista restore --from /mnt/backups --key-file /etc/lojista/keys --at 2026-11-22T14:30:00Z")]
    Restore(RestoreArgs),
    /// Restore the newest backup into a scratch file, prove it, and keep the verdict.
    #[command(after_help = "Example:\n  lojista restore-drill --json")]
    RestoreDrill(BackupArgs),
    /// The keys: how they stand, turn them, give up what nothing needs any more.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// People.
    #[command(subcommand)]
    User(UserCommand),
}

/// What can be done with the keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// How the keys stand: versions, ages, what each wraps, how far a rotation is.
    #[command(after_help = "Examples:\n  lojista keys status\n  lojista keys status --json")]
    Status(KeysArgs),
    /// Put a new key into the key file and have everything wrapped by it, while the shop runs.
    ///
    /// The former key stays in the file until `keys retire`. Where nodes have copies of the file
    /// each, copy it to them: nothing is wrapped by the new key before every running node holds
    /// it. Cut off anywhere, it goes on by itself, or with the same command. Keep a new copy of
    /// the key file apart from the data afterwards.
    #[command(after_help = "Examples:\n  lojista keys rotate\n  lojista keys rotate --no-wait\n  \
        lojista keys rotate --data /var/lib/lojista --json")]
    Rotate {
        #[command(flatten)]
        keys: KeysArgs,
        /// Begin it and leave the rest to the running shop.
        #[arg(long)]
        no_wait: bool,
    },
    /// Destroy keys that were rotated out and that nothing needs any more.
    ///
    /// Refuses while anything is wrapped by one, or a backup needs one, and names those backups.
    #[command(after_help = "Examples:\n  lojista keys retire\n  lojista keys retire --give-up-backups")]
    Retire {
        #[command(flatten)]
        keys: KeysArgs,
        /// Destroy them although backups need them, which are worth nothing afterwards.
        #[arg(long)]
        give_up_backups: bool,
    },
}

/// `keys …`.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Print the result as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Write everything an outsider needs to verify the log into a new folder.
    #[command(after_help = "Examples:\n  lojista audit export ./audit-2026-11\n  \
        lojista audit export ./audit-2026-11 --ocsf")]
    Export {
        /// The folder; it must be new or empty.
        folder: PathBuf,
        /// Write ocsf.jsonl beside the entries, too: the events as one JSON object a line, in the
        /// Open Cybersecurity Schema Framework 1.8, for programs that gather events.
        #[arg(long)]
        ocsf: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Verify an exported log: nothing changed, deleted, inserted or moved.
    ///
    /// Needs the exported files only: no database, no configuration, no word of the operator.
    #[command(after_help = "Examples:\n  lojista audit verify ./audit-2026-11\n  \
        lojista audit verify ./audit-2026-11 --key 'lojista/audit+a1b2c3d4+Ae…'\n  \
        lojista audit verify ./audit-2026-11 --checkpoint /mnt/elsewhere/00000000000000048200")]
    Verify {
        /// The exported folder.
        folder: PathBuf,
        /// The verifier key as the installation published it. Without it the key in the folder
        /// is believed, which shows mistakes but no forger.
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
        /// A checkpoint that was kept where the operator could not change it, such as one that
        /// the program sent there: proves that the export contains the log as it was then. Can
        /// be given several times.
        #[arg(long, value_name = "FILE")]
        checkpoint: Vec<PathBuf>,
        /// Print the result as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What can be done for people.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Print a new one-time link for the owner, while there is no organization yet.
    #[command(after_help = "Example:\n  lojista user link --public-url https://hub.example")]
    Link {
        #[command(flatten)]
        config: ConfigArgs,
        /// Where browsers reach the shop.
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
    },
    /// Print a one-time link for a member who lost every way in.
    ///
    /// Hand it over only to who you have recognised. It is good for one hour. Used, it sets a new
    /// password, ends every session and takes every second factor and recovery code away; until
    /// then nothing changes. The member is told, and the audit log keeps both and the reason.
    #[command(after_help = "Example:\n  lojista user recover ana@casaverde.example \
        --because 'phone lost, recognised in a video call' --public-url https://hub.example")]
    Recover {
        /// The e-mail address that the member signs in with.
        email: String,
        /// Why, for the audit log. It outlives the member: write nobody's data into it.
        #[arg(long, value_name = "TEXT")]
        because: String,
        #[command(flatten)]
        config: ConfigArgs,
        /// Where browsers reach the shop.
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
    },
}

/// Where the configuration is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file (else LOJISTA_CONFIG, else lojista.toml here, if there is one).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder (LOJISTA_DATA).
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
}

impl ConfigArgs {
    /// Reads the configuration with these and `more` flags on top: setting, flag, text.
    pub(crate) fn load(
        &self,
        more: &[(&'static str, &'static str, Option<String>)],
    ) -> Result<Config, ConfigError> {
        Config::load(&self.sources(more))
    }

    /// The sources of the configuration.
    fn sources(&self, more: &[(&'static str, &'static str, Option<String>)]) -> Sources {
        let environment = environment();
        let data = ("storage.data", "data", self.data.clone());
        let flags = std::iter::once(&data).chain(more);
        Sources {
            flags: flags.filter_map(|(key, flag, text)| Some((*key, *flag, text.clone()?))).collect(),
            file: config_file(self.config.clone(), &environment),
            environment,
        }
    }
}

/// The environment; what is not text is passed over.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Address and port to listen on (LOJISTA_LISTEN).
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where browsers and marketplaces reach the shop (LOJISTA_PUBLIC_URL).
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed, with commas between (LOJISTA_TRUSTED_PROXIES).
    #[arg(long, value_name = "ADDRESSES")]
    trusted_proxies: Option<String>,
    /// Once ready, print one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl ServeArgs {
    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        self.config.load(&[
            ("server.listen", "listen", self.listen.clone()),
            ("server.public_url", "public-url", self.public_url.clone()),
            ("server.trusted_proxies", "trusted-proxies", self.trusted_proxies.clone()),
        ])
    }
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The demo's folder (else lojista-demo in the user's data home, else ./data/lojista-demo).
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Grows the simulated world: the same seed gives the same sellers, products and buyers.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// About how many orders come in a minute; 0 for none.
    #[arg(long, value_name = "RATE", default_value_t = 6)]
    pub(crate) orders_per_minute: u32,
    /// Address and port to listen on [default: 127.0.0.1:8080, or a free port if that is taken].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Once ready, print one line of JSON: url, email, password, sandbox_manifest.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Mercado Livre answers on this port of this machine, Shopee and TikTok Shop on the next two; 0 takes free ones.
    #[arg(long, value_name = "PORT", default_value_t = 9100)]
    pub(crate) base_port: u16,
    /// Write addresses, credentials, sellers and their tokens into this file once ready.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Grows the world: the same seed, calls and times give the same answers.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where notifications go (can be set later by the control API).
    #[arg(long, value_name = "URL")]
    pub(crate) hook_url: Option<String>,
    /// The callback address registered for the application.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/connections/callback/mercado_livre"
    )]
    pub(crate) redirect_uri: String,
    /// Where Shopee's pushes go, byte for byte as they are signed (can be set later).
    #[arg(long, value_name = "URL")]
    pub(crate) shopee_hook_url: Option<String>,
    /// The redirect address declared for Shopee's application; any is taken when absent.
    #[arg(long, value_name = "URL")]
    pub(crate) shopee_redirect_uri: Option<String>,
    /// Where TikTok Shop's webhooks go (can be set later by its control API).
    #[arg(long, value_name = "URL")]
    pub(crate) tiktok_shop_hook_url: Option<String>,
    /// Where TikTok Shop sends a seller back to after the consent.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/connections/callback/tiktok_shop"
    )]
    pub(crate) tiktok_shop_redirect_uri: String,
    /// Where the identity provider sends browsers back to.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/sign-in/provider/callback")]
    pub(crate) oidc_redirect_uri: String,
    /// About how many orders customers place in a minute by themselves, on each marketplace.
    #[arg(long, value_name = "RATE", default_value_t = 0)]
    pub(crate) orders_per_minute: u32,
    /// Once ready, print the manifest as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `backup`, `restore-drill`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The folder that the backups lie in (LOJISTA_BACKUP_DIR); else the bucket that is configured.
    #[arg(long, value_name = "DIR")]
    to: Option<String>,
    /// Print the result as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl BackupArgs {
    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        self.config.load(&[("backup.dir", "to", self.to.clone())])
    }
}

/// `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// The folder that the backups lie in; else the place that is configured.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// An empty data folder, or an empty database (postgres://…); else the configured one.
    #[arg(long, value_name = "PLACE")]
    pub(crate) into: Option<String>,
    /// The newest backup up to this instant (2026-11-22T14:30:00Z); else the newest.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The key file (else LOJISTA_KEY_FILE, else keys in the data folder).
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Print the result as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Print the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        with_settings(Cli::command()).debug_assert();
    }

    #[test]
    fn the_help_of_serve_names_every_variable() {
        let mut command = with_settings(Cli::command());
        let help = command.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        for setting in settings() {
            assert!(help.contains(setting.variable), "{} is not in the help", setting.variable);
        }
        assert!(help.contains("lojista serve --config"));
    }

    #[test]
    fn every_command_shows_an_example() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            for inner in command.get_subcommands() {
                look(inner, &path);
            }
            if !command.has_subcommands() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("lojista "), "{path} has no example");
            }
        }
        look(&Cli::command(), "");
    }
}
