//! The simulated marketplaces of the demo: how each is opened, registered with, consented
//! at, and kept. The world outlives the program: a second start finds the orders, stock
//! and consents that the shop knows of.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use channels::market::ChannelConfig;
use channels::market::mercado_livre::{Limits, MercadoLivreConfig};
use channels::market::shopee::ShopeeConfig;
use channels::market::tiktok_shop::{self, TikTokShopConfig};
use connect::BaseUrl;
use domain::{ChannelKind, Clock, Restricted};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request};
use sandbox::{Addresses, Frame, Sandbox, SandboxConfig, ShiftedClock, ShopeeSandbox, Traffic};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::folder;

/// A seller of a simulated marketplace.
pub(super) struct Seller {
    /// Its public name.
    pub(super) name: String,
    /// What it fills into the consent page's form besides what stands in the address.
    fields: Vec<(&'static str, String)>,
}

/// A simulated platform, as the demo needs it.
pub(super) trait Simulated: sandbox::storefront::Storefront + Serialize + DeserializeOwned {
    /// Which channel it stands for.
    const KIND: ChannelKind;
    /// Its file in the demo's folder.
    const FILE: &'static str;
    /// A new world, on the clock of another one where there is any.
    fn grow(seed: u64, addresses: &Addresses, clock: Option<ShiftedClock>) -> Frame<Self>;
    /// The shop's registration there.
    fn registration(&self) -> Result<Arc<dyn ChannelConfig>, Failure>;
    /// Its sellers.
    fn sellers(&self) -> Vec<Seller>;
}

fn own_clock() -> ShiftedClock {
    ShiftedClock::new(Arc::new(SystemClock))
}

fn base(url: &str) -> Result<BaseUrl, Failure> {
    BaseUrl::parse(url).map_err(|error| Failure::at("the sandbox's address", error))
}

impl Simulated for sandbox::mercado_livre::World {
    const KIND: ChannelKind = ChannelKind::MercadoLivre;
    const FILE: &'static str = "sandbox-world.json";

    fn grow(seed: u64, addresses: &Addresses, clock: Option<ShiftedClock>) -> Frame<Self> {
        Sandbox::new(SandboxConfig {
            seed,
            base_url: addresses.base_url.clone(),
            hook_url: Some(addresses.hook_url.clone()),
            redirect_uri: addresses.redirect_uri.clone(),
            ..SandboxConfig::new(
                clock.map_or_else(|| Arc::new(SystemClock) as Arc<dyn Clock>, |it| Arc::new(it)),
            )
        })
    }

    fn registration(&self) -> Result<Arc<dyn ChannelConfig>, Failure> {
        let manifest = sandbox::Manifest::of(self);
        let app = manifest.apps.first();
        let app = app.ok_or_else(|| Failure::new("the simulated marketplace has no application"))?;
        Ok(Arc::new(MercadoLivreConfig {
            site: manifest.site.clone(),
            client_id: app.client_id.clone(),
            client_secret: Restricted::new(app.client_secret.clone()),
            api_base: base(&manifest.api_url)?,
            auth_base: base(manifest.authorization_url.trim_end_matches("/authorization"))?,
            limits: Limits::default(),
        }))
    }

    fn sellers(&self) -> Vec<Seller> {
        let sellers = sandbox::Manifest::of(self).sellers.into_iter();
        let seller = |id: i64, name| Seller { name, fields: vec![("user_id", id.to_string())] };
        sellers.map(|entry| seller(entry.user_id, entry.nickname)).collect()
    }
}

impl Simulated for sandbox::shopee::World {
    const KIND: ChannelKind = ChannelKind::Shopee;
    const FILE: &'static str = "sandbox-shopee.json";

    fn grow(seed: u64, addresses: &Addresses, clock: Option<ShiftedClock>) -> Frame<Self> {
        let config = sandbox::ShopeeConfig {
            seed,
            base_url: addresses.base_url.clone(),
            hook_url: Some(addresses.hook_url.clone()),
            redirect_uri: Some(addresses.redirect_uri.clone()),
            ..sandbox::ShopeeConfig::default()
        };
        ShopeeSandbox::beside(config, clock.unwrap_or_else(own_clock))
    }

    fn registration(&self) -> Result<Arc<dyn ChannelConfig>, Failure> {
        let manifest = sandbox::shopee::manifest::Manifest::of(self);
        Ok(Arc::new(ShopeeConfig {
            partner_id: manifest.partner_id.to_string(),
            partner_key: Restricted::new(manifest.partner_key),
            api_base: base(&manifest.api_url)?,
            auth_base: base(manifest.authorization_url.trim_end_matches("/auth"))?,
        }))
    }

    fn sellers(&self) -> Vec<Seller> {
        let shops = sandbox::shopee::manifest::Manifest::of(self).shops.into_iter();
        let seller = |id: i64, name| Seller { name, fields: vec![("account", id.to_string())] };
        shops.map(|shop| seller(shop.shop_id, shop.shop_name)).collect()
    }
}

impl Simulated for sandbox::tiktok_shop::World {
    const KIND: ChannelKind = ChannelKind::TikTokShop;
    const FILE: &'static str = "sandbox-tiktok-shop.json";

    fn grow(seed: u64, addresses: &Addresses, clock: Option<ShiftedClock>) -> Frame<Self> {
        Frame::<Self>::new(sandbox::tiktok_shop::TikTokShopConfig {
            seed,
            base_url: addresses.base_url.clone(),
            hook_url: Some(addresses.hook_url.clone()),
            redirect_uri: addresses.redirect_uri.clone(),
            ..sandbox::tiktok_shop::TikTokShopConfig::beside(clock.unwrap_or_else(own_clock))
        })
    }

    fn registration(&self) -> Result<Arc<dyn ChannelConfig>, Failure> {
        let manifest = sandbox::tiktok_shop::manifest::Manifest::of(self);
        let page = manifest.authorization_url.split("/open/authorize").next().unwrap_or_default();
        Ok(Arc::new(TikTokShopConfig {
            region: manifest.region.clone(),
            service_id: manifest.service_id.clone(),
            app_key: manifest.app_key.clone(),
            app_secret: Restricted::new(manifest.app_secret.clone()),
            api_base: base(&manifest.api_url)?,
            token_base: base(&manifest.auth_url)?,
            consent_base: base(page)?,
            platform_warehouses: std::collections::BTreeSet::new(),
            limits: tiktok_shop::Limits::default(),
        }))
    }

    fn sellers(&self) -> Vec<Seller> {
        let shops = sandbox::tiktok_shop::manifest::Manifest::of(self).shops.into_iter();
        shops.map(|shop| Seller { name: shop.name, fields: vec![("shop_id", shop.shop_id)] }).collect()
    }
}

/// What is kept.
#[derive(Deserialize)]
struct Kept<W> {
    /// How often the world was opened.
    runs: u64,
    world: W,
}

/// [`Kept`], without a copy of the world.
#[derive(Serialize)]
struct Keeping<'a, W> {
    runs: u64,
    world: &'a W,
}

/// A simulated platform of the demo, whichever it is.
pub(super) trait Stall: Send + Sync {
    /// Which channel it stands for.
    fn kind(&self) -> ChannelKind;
    /// The shop's registration there.
    fn registration(&self) -> Result<Arc<dyn ChannelConfig>, Failure>;
    /// Its sellers.
    fn sellers(&self) -> Vec<Seller>;
    /// The seller reads the consent page at `address` and clicks "authorise"; gives where
    /// the browser is sent back to.
    fn approve(&self, seller: &Seller, address: &str) -> Result<Url, Failure>;
    /// Lets visitors in. Their seed is the same at the first start and another one later,
    /// or the same purchases would come again.
    fn let_in(&self, orders_per_minute: u32, seed: u64);
    /// Answers at its address until the program ends.
    fn serve(&self, listener: TcpListener);
    /// Keeps the world.
    fn save(&self) -> Result<(), Failure>;
    /// The clock, for those beside it.
    fn clock(&self) -> ShiftedClock;
    /// What a client needs to know to connect, to the neighbours too.
    fn manifest(&self) -> serde_json::Value;
    /// Its name, and where one buys at it as its customers do.
    fn storefront(&self) -> Storefront;
    /// Shows another platform in this one's manifest.
    fn show(&self, neighbour: Arc<dyn Stall>);
}

/// Where one buys as customers do.
pub(super) struct Storefront {
    pub(super) name: &'static str,
    pub(super) url: String,
}

struct Open<W: Simulated> {
    frame: Frame<W>,
    base_url: String,
    path: PathBuf,
    runs: u64,
}

/// Opens the world of the folder, or grows a new one; on `clock`, where another one has it.
pub(super) fn open<W: Simulated>(
    folder: &Path,
    seed: u64,
    addresses: &Addresses,
    clock: Option<ShiftedClock>,
) -> Result<Arc<dyn Stall>, Failure> {
    let path = folder.join(W::FILE);
    let frame = W::grow(seed, addresses, clock);
    let runs = match std::fs::read(&path) {
        Ok(text) => {
            let kept: Kept<W> = serde_json::from_slice(&text).map_err(|error| unusable(&path, &error))?;
            let runs = kept.runs + 1;
            frame.go_on(kept.world, addresses, seed.wrapping_add(runs));
            runs
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => 1,
        Err(error) => return Err(unusable(&path, &error)),
    };
    let stall = Open { frame, base_url: addresses.base_url.clone(), path, runs };
    stall.save()?;
    Ok(Arc::new(stall))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!(
        "the demo's world {} cannot be used ({error}): begin anew with another folder (--data), or delete this one",
        path.display()
    ))
}

impl<W: Simulated> Stall for Open<W> {
    fn storefront(&self) -> Storefront {
        Storefront { name: W::NAME, url: format!("{}{}", self.base_url, sandbox::storefront::PATH) }
    }

    fn kind(&self) -> ChannelKind {
        W::KIND
    }

    fn registration(&self) -> Result<Arc<dyn ChannelConfig>, Failure> {
        self.frame.with_world(|world| world.registration())
    }

    fn sellers(&self) -> Vec<Seller> {
        self.frame.with_world(|world| world.sellers())
    }

    fn approve(&self, seller: &Seller, address: &str) -> Result<Url, Failure> {
        let refused = |why: &dyn std::fmt::Display| Failure::at("the sandbox's consent page", why);
        let page = Url::parse(address).map_err(|error| refused(&error))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(page.query_pairs())
            .extend_pairs(&seller.fields)
            .append_pair("decision", "approve")
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(page.path())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .map_err(|error| refused(&error))?;
        let reply = self.frame.answer(request).reply;
        let location = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(LOCATION.as_str()));
        let location = location.ok_or_else(|| refused(&format!("it answered {}", reply.status)))?;
        Url::parse(&location.1).map_err(|error| refused(&error))
    }

    fn let_in(&self, orders_per_minute: u32, seed: u64) {
        let placed = self.frame.with_world(|world| world.orders_placed());
        let seed = seed.wrapping_add(u64::try_from(placed).unwrap_or(0));
        self.frame.set_traffic(Some(Traffic { orders_per_minute, seed }));
    }

    fn serve(&self, listener: TcpListener) {
        let serving = self.frame.spawn(listener);
        // It ends with the program.
        tokio::spawn(serving.join_all());
    }

    fn save(&self) -> Result<(), Failure> {
        let text = self.frame.with_world(|world| serde_json::to_vec(&Keeping { runs: self.runs, world }));
        text.map_err(io::Error::from).and_then(|text| folder::write_private(&self.path, &text)).map_err(
            |error| Failure::at(&format!("the demo's world {} cannot be kept", self.path.display()), error),
        )
    }

    fn clock(&self) -> ShiftedClock {
        self.frame.clock()
    }

    fn show(&self, neighbour: Arc<dyn Stall>) {
        self.frame.show_neighbour(neighbour.kind().as_str(), move || neighbour.manifest());
    }

    fn manifest(&self) -> serde_json::Value {
        self.frame.manifest_document()
    }
}
