//! The house under torture: its data, and how the program is started on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::{MemberId, OrganizationId};
use sandbox::Manifest;
use serde_json::json;
use store::{Location, Store};
use tempfile::TempDir;
use vault::{Keyring, OsEntropy};

use super::{Item, NO_LIMIT_PER_MINUTE, Options, Point, Programs, REST_LIMIT, UNITS};
use crate::bench::Result;
use crate::bench::program::Program;
use crate::bench::stage::{self, CHANNEL, Stage};

/// The house, and the marketplace beside it.
pub(super) struct House {
    pub(super) folder: TempDir,
    pub(super) location: Location,
    programs: Programs,
    shop: PathBuf,
    listen: String,
    environment: BTreeMap<&'static str, String>,
}

/// Whose shop it is.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    organization: OrganizationId,
    member: MemberId,
    /// The session, as a header of requests.
    pub(super) cookie: String,
}

impl House {
    /// A house that keeps its data in `shop`, or in a folder of its own.
    pub(super) async fn new(options: &Options, shop: Option<&Path>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lojista-torture-").tempdir_in(&options.folder)?;
        let shop = shop.map_or_else(|| folder.path().join("shop"), Path::to_path_buf);
        std::fs::create_dir_all(&shop)?;
        // Free now, and nobody else's soon: the program takes the same one at every start.
        let (listener, address) = stage::listen().await?;
        drop(listener);
        let location =
            options.postgres.clone().unwrap_or_else(|| Location::File(shop.join("lojista.sqlite")));
        Ok(Self {
            folder,
            location,
            programs: options.programs.clone(),
            shop,
            listen: address.to_string(),
            environment: BTreeMap::new(),
        })
    }

    pub(super) fn keys(&self) -> PathBuf {
        self.shop.join("keys")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Where the program answers.
    pub(super) fn address(&self) -> Result<std::net::SocketAddr> {
        Ok(self.listen.parse()?)
    }

    pub(super) fn public_url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Starts the marketplace, as a process of its own.
    pub(super) fn start_sandbox(&self, seed: u64) -> Result<Program> {
        let redirect = format!("{}/connections/callback/{}", self.public_url(), CHANNEL.as_str());
        let seed = seed.to_string();
        let arguments =
            ["sandbox", "--base-port", "0", "--json", "--seed", &seed, "--redirect-uri", &redirect];
        let log = self.folder.path().join("sandbox-log");
        Program::start(&self.programs.shipped, &arguments, &BTreeMap::new(), &log)
    }

    /// Configures the program for the sandbox.
    pub(super) fn configure(&mut self, manifest: &Manifest) -> Result<()> {
        let app = manifest.apps.first().ok_or("the sandbox has no application")?;
        self.environment = BTreeMap::from([
            ("LOJISTA_MERCADO_LIVRE_CLIENT_ID", app.client_id.clone()),
            ("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET", app.client_secret.clone()),
            ("LOJISTA_MERCADO_LIVRE_API_URL", manifest.api_url.clone()),
            ("LOJISTA_MERCADO_LIVRE_AUTHORIZATION_URL", manifest.api_url.clone()),
            ("LOJISTA_LISTEN", self.listen.clone()),
        ]);
        match &self.location {
            Location::File(_) => {
                self.environment.insert("LOJISTA_DATA", self.shop.display().to_string());
            }
            Location::Server(url) => {
                self.environment.insert("LOJISTA_DATABASE_URL", url.clone());
                self.environment.insert("LOJISTA_KEY_FILE", self.keys().display().to_string());
            }
        }
        Ok(())
    }

    /// Starts the program as it is shipped.
    pub(super) fn start(&self) -> Result<Program> {
        Program::start(&self.programs.shipped, &["serve", "--json"], &self.environment, &self.log())
    }

    /// Starts the program that ends itself at a point.
    pub(super) fn start_until(&self, point: &Point) -> Result<Program> {
        let mut environment = self.environment.clone();
        point.tell(&mut environment);
        Program::start(&self.programs.with_points, &["serve", "--json"], &environment, &self.log())
    }

    pub(super) async fn open_store(&self) -> Result<Store> {
        let location = self.location.clone();
        Ok(tokio::task::spawn_blocking(move || Store::open(&location)).await??)
    }

    /// The application in the owner's hands, beside the program or in its place. It does
    /// nothing by itself.
    pub(super) async fn as_owner(&self, owner: &Owner, manifest: &Manifest) -> Result<Stage> {
        let marketplace = stage::registration(manifest).ok_or("the sandbox has no application")?;
        let keyring = Keyring::load(&self.keys())?;
        let app = stage::start(self.open_store().await?, keyring, marketplace, &self.public_url()).await?;
        let Owner { organization, member, cookie } = owner.clone();
        Ok(Stage { app, organization, member, hook_door: String::new(), cookie })
    }

    /// Makes a shop with both sellers connected and plenty of everything, by the
    /// application's own use cases; the program takes it over from there.
    pub(super) async fn prepare(&self, manifest: &Manifest) -> Result<(Vec<Item>, Owner)> {
        let marketplace = stage::registration(manifest).ok_or("the sandbox has no application")?;
        let sandbox = manifest.api_url.trim_start_matches("http://").parse()?;
        let rules = json!({"requests_per_minute": NO_LIMIT_PER_MINUTE});
        stage::control(sandbox, "PUT", "/_sandbox/rules", &rules).await?;
        let keyring = Keyring::create(&self.keys(), &OsEntropy)?;
        let stage = Stage::open(&self.location, keyring, marketplace, &self.public_url()).await?;
        let work = stage.work();
        for seller in &manifest.sellers {
            stage.connect(sandbox, seller.user_id).await?;
        }
        stage.until_idle(REST_LIMIT).await?;
        let items: Vec<Item> = stage
            .plain_listings()
            .await?
            .into_iter()
            .filter_map(|listing| Some(Item { sku: listing.sku?, external_id: listing.external_id }))
            .collect();
        for item in &items {
            stage.app.adjust(stage.organization, stage.member, item.sku, UNITS, 0, "counted").await?;
        }
        stage.until_idle(REST_LIMIT).await?;
        work.iter().for_each(tokio::task::JoinHandle::abort);
        let hooks = json!({"url": format!("{}{}", self.public_url(), stage.hook_path())});
        stage::control(sandbox, "PUT", "/_sandbox/hooks", &hooks).await?;
        let Stage { organization, member, cookie, .. } = stage;
        let owner = Owner { organization, member, cookie };
        if items.is_empty() { Err("the sellers have nothing to sell".into()) } else { Ok((items, owner)) }
    }
}
