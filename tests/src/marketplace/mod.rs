//! The three marketplaces of a test in words that all of them share: what buyers and the
//! seller do there, and how the house reaches them.

mod mercado_livre;
mod shopee;
mod tiktok_shop;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use channels::market::mercado_livre::Limits;
use connect::outbound::{BaseUrl, Outbound, Sending};
use connect::{Account, Channel, Consent, Transport, TransportError, WireRequest};
use domain::{ChannelKind, ConnectionId, Restricted, Timestamp, TypedId};
use sandbox::faults::FaultRule;
use sandbox::{HookDelivery, Market as Platform, ShiftedClock};

use crate::market::{Call, Market};
use crate::shop::PUBLIC_URL;

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Shopee, called in process.
pub type ShopeeMarket = Market<sandbox::shopee::World>;
/// TikTok Shop, called in process.
pub type TikTokShopMarket = Market<sandbox::tiktok_shop::World>;

/// What a sandbox in process does the same way whichever marketplace it plays.
pub trait InProcess: Transport {
    /// The hooks that are to be sent now.
    fn due_hooks(&self, now: Timestamp) -> Vec<HookDelivery>;
    /// How a hook was answered; `None` when nobody did.
    fn hook_answered(&self, id: u64, status: Option<u16>);
    /// What goes wrong from now on.
    fn suffer(&self, rules: Vec<FaultRule>);
    /// Calls made so far, the oldest first.
    fn heard(&self) -> Vec<Call>;
    /// Calls to addresses that the platform does not have.
    fn lost_calls(&self) -> Vec<String>;
}

impl<W: Platform> InProcess for Market<W> {
    fn due_hooks(&self, now: Timestamp) -> Vec<HookDelivery> {
        self.sandbox().tick(now)
    }

    fn hook_answered(&self, id: u64, status: Option<u16>) {
        self.sandbox().hook_result(id, status, Duration::ZERO);
    }

    fn suffer(&self, rules: Vec<FaultRule>) {
        self.storm(rules);
    }

    fn heard(&self) -> Vec<Call> {
        self.calls()
    }

    fn lost_calls(&self) -> Vec<String> {
        self.unmatched()
    }
}

/// A marketplace as its buyers, its seller and the house know it. Where one has several
/// sellers, it is the one whose goods all three offer under the same SKUs.
pub trait Marketplace: InProcess {
    /// Which one.
    fn kind(&self) -> ChannelKind;
    /// The seller, by the id that a connection keeps.
    fn seller(&self) -> String;
    /// The seller says yes on the consent page: what the browser brings back.
    fn approve(&self, authorize_url: &str) -> BTreeMap<String, String>;
    /// How long the consent lasts that the seller gives.
    fn consent_lasts(&self) -> Duration;
    /// The seller takes the consent back.
    fn end_consent(&self);

    /// Sends something like an order's hook that this marketplace never signed.
    fn forge_hook(&self, order: &str);
    /// How many pairs of tokens were asked for with a refresh token so far.
    fn renewed(&self) -> usize;

    /// A buyer buys and pays. Returns the order's number.
    fn sell_sku(&self, sku: &str, units: i64) -> String;
    /// Somebody buys several things at once, and it is one order; `None` where each thing becomes its own.
    fn sell_together(&self, _goods: &[(&str, i64)]) -> Option<String> {
        None
    }
    /// What the seller's listings of a SKU show.
    fn shown(&self, sku: &str) -> Vec<i64>;
    /// The parcel of an order leaves with the carrier.
    fn hand_over(&self, order: &str);
    /// The parcel of an order arrives.
    fn deliver(&self, order: &str);
    /// The buyer calls a fresh order off.
    fn call_off(&self, order: &str);
    /// The buyer keeps the goods that came.
    fn keep(&self, order: &str);
    /// The marketplace will take more commission than it has said, in minor units.
    fn overcharge(&self, order: &str, minor: i64);

    /// The buyer of an order that is to be sent asks to cancel it.
    fn ask_to_cancel(&self, order: &str);
    /// The buyer of an order that has arrived wants to send it back.
    fn ask_to_return(&self, order: &str);
    /// From here on the marketplace masks as little of its buyers as it ever does.
    fn show_buyers(&self);
}

/// Where the application believes a marketplace to be: nothing listens there, and each
/// has a port of its own, so that a call to the wrong one is noticed.
#[must_use]
pub const fn base_url(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::MercadoLivre => crate::market::BASE_URL,
        ChannelKind::Shopee => "http://127.0.0.1:10",
        ChannelKind::TikTokShop => "http://127.0.0.1:11",
    }
}

/// Where a marketplace sends the seller's browser back to.
#[must_use]
pub fn redirect(kind: ChannelKind) -> String {
    format!("{PUBLIC_URL}/connections/callback/{}", kind.as_str())
}

/// The account that `channel` has once a seller has consented; `approve` brings what the
/// browser brings back from an address.
///
/// # Panics
/// When the marketplace gives no tokens for it.
pub async fn consent(
    channel: &dyn Channel,
    approve: impl FnOnce(&str) -> BTreeMap<String, String>,
) -> Account {
    lasting_consent(channel, approve).await.0
}

/// The same with the refresh token, for a test that outlasts the account's token.
///
/// # Panics
/// When the marketplace gives no tokens for it, or none that lasts.
pub async fn lasting_consent(
    channel: &dyn Channel,
    approve: impl FnOnce(&str) -> BTreeMap<String, String>,
) -> (Account, Restricted<String>) {
    let redirect_uri = &redirect(channel.spec().kind);
    let url = channel.authorization().authorize_url("state", CHALLENGE, redirect_uri);
    let mut fields = approve(&url);
    let code = &Restricted::new(fields.remove("code").expect("the seller consents"));
    let consent =
        Consent { code, fields: &fields, verifier: &Restricted::new(VERIFIER.to_owned()), redirect_uri };
    let tokens = channel.authorization().exchange(consent).await.expect("the code is good");
    let account = Account {
        connection: ConnectionId::from_bytes([1; 16]),
        external_id: tokens.account_external_id,
        handle: tokens.handle,
        access_token: tokens.access_token,
    };
    (account, tokens.refresh_token.expect("a lasting consent"))
}

fn base(kind: ChannelKind) -> BaseUrl {
    BaseUrl::parse(base_url(kind)).expect("the address is one of this machine")
}

/// The way to the marketplaces: a call goes to the one whose address it names.
#[derive(Clone)]
pub struct Marketplaces {
    mercado_livre: Market,
    beside: Option<(ShopeeMarket, TikTokShopMarket)>,
    limits: Limits,
    /// Calls to addresses where no marketplace is.
    strayed: Arc<Mutex<Vec<String>>>,
}

impl std::fmt::Debug for Marketplaces {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.all().iter().map(|market| market.kind())).finish()
    }
}

impl Marketplaces {
    /// Mercado Livre alone.
    #[must_use]
    pub fn one(mercado_livre: Market, limits: Limits) -> Self {
        Self { mercado_livre, beside: None, limits, strayed: Arc::default() }
    }

    /// Shopee and TikTok Shop as well, grown from `seed`, at the same time.
    #[must_use]
    pub fn and_two_more(self, seed: u64, clock: ShiftedClock, public_url: &str) -> Self {
        let shopee = shopee::market(seed, clock.clone(), public_url);
        let tiktok_shop = tiktok_shop::market(seed, clock, public_url);
        Self { beside: Some((shopee, tiktok_shop)), ..self }
    }

    /// Mercado Livre.
    #[must_use]
    pub const fn mercado_livre(&self) -> &Market {
        &self.mercado_livre
    }

    /// Shopee and TikTok Shop, where this test has them.
    #[must_use]
    pub const fn beside(&self) -> Option<&(ShopeeMarket, TikTokShopMarket)> {
        self.beside.as_ref()
    }

    /// All that this test has.
    #[must_use]
    pub fn all(&self) -> Vec<&dyn Marketplace> {
        let mut all: Vec<&dyn Marketplace> = vec![&self.mercado_livre];
        if let Some((shopee, tiktok_shop)) = &self.beside {
            all.extend([shopee as &dyn Marketplace, tiktok_shop]);
        }
        all
    }

    /// The one of this kind.
    ///
    /// # Panics
    /// When this test has it not.
    #[must_use]
    pub fn at(&self, kind: ChannelKind) -> &dyn Marketplace {
        let found = self.all().into_iter().find(|market| market.kind() == kind);
        found.unwrap_or_else(|| panic!("{} is not open", kind.as_str()))
    }

    /// The connectors to all of them, by one outbound client.
    #[must_use]
    pub fn channels(&self, outbound: &Arc<Outbound>) -> BTreeMap<ChannelKind, Arc<dyn Channel>> {
        let mercado_livre = mercado_livre::connector(&self.mercado_livre, self.limits, Arc::clone(outbound));
        let mut channels = BTreeMap::from([(ChannelKind::MercadoLivre, mercado_livre)]);
        if let Some((shopee, tiktok_shop)) = &self.beside {
            channels.insert(ChannelKind::Shopee, shopee::connector(shopee, Arc::clone(outbound)));
            channels
                .insert(ChannelKind::TikTokShop, tiktok_shop::connector(tiktok_shop, Arc::clone(outbound)));
        }
        channels
    }

    /// Calls that came to no marketplace, or to an address that it does not have.
    #[must_use]
    pub fn unmatched(&self) -> Vec<String> {
        let strayed = self.strayed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.all().into_iter().flat_map(InProcess::lost_calls).chain(strayed).collect()
    }
}

impl Transport for Marketplaces {
    fn send(&self, request: WireRequest) -> Sending<'_> {
        let at = |market: &&dyn Marketplace| {
            request.url.as_str().starts_with(&format!("{}/", base_url(market.kind())))
        };
        if let Some(market) = self.all().into_iter().find(at) {
            return market.send(request);
        }
        let mut strayed = self.strayed.lock().unwrap_or_else(PoisonError::into_inner);
        strayed.push(format!("{} {}", request.method, request.url));
        Box::pin(std::future::ready(Err(TransportError::Connect)))
    }
}
