//! The simulated TikTok Shop, and what may be asked of it in process.

use std::sync::Arc;

use domain::Clock;

use super::manifest::Manifest;
use super::sale::{self, SaleError, SaleRequest};
use super::snapshot::Snapshot;
use super::{Rules, World, robot, routes, seed};
use crate::clock::ShiftedClock;
use crate::frame::Frame;
use crate::traffic::Traffic;

/// What a simulated TikTok Shop is made from.
#[derive(Debug, Clone)]
pub struct TikTokShopConfig {
    /// Grows the world; the same seed gives the same world.
    pub seed: u64,
    /// Where clients reach it, as in `http://127.0.0.1:9102`.
    pub base_url: String,
    /// Where the application takes webhooks; `None` sends none until one is set.
    pub hook_url: Option<String>,
    /// Where a seller's browser is sent back to.
    pub redirect_uri: String,
    /// The buyer robot; `None` leaves all purchases to [`TikTokShop::sell`] and the control API.
    pub traffic: Option<Traffic>,
    /// Switches where the facts are unsure or shops differ.
    pub rules: Rules,
    /// Time; markets that share it share the leaps that any of them makes.
    pub clock: ShiftedClock,
}

impl TikTokShopConfig {
    /// Seed 1 on `http://127.0.0.1:9102`, no webhooks, no robot.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::beside(ShiftedClock::new(clock))
    }

    /// The same, on the clock of another market.
    #[must_use]
    pub fn beside(clock: ShiftedClock) -> Self {
        Self {
            seed: 1,
            base_url: "http://127.0.0.1:9102".to_owned(),
            hook_url: None,
            redirect_uri: "http://127.0.0.1:8080/connections/tiktok_shop/callback".to_owned(),
            traffic: None,
            rules: Rules::default(),
            clock,
        }
    }
}

/// The simulated TikTok Shop. Cheap to clone; all clones are the same world.
pub type TikTokShop = Frame<World>;

impl Frame<World> {
    /// A world grown from the configuration, its shops open.
    #[must_use]
    pub fn new(config: TikTokShopConfig) -> Self {
        use domain::Clock as _;
        let now = config.clock.now();
        let mut world = seed::grow(config.seed, &config.base_url, config.rules, now);
        world.app.redirect_url = config.redirect_uri;
        world.webhooks.url = config.hook_url;
        robot::set_traffic(&mut world, config.traffic);
        Self::open(world, routes(), config.clock)
    }

    /// A buyer buys. Gives the ids of the orders made.
    pub fn sell(&self, request: &SaleRequest) -> Result<Vec<i64>, SaleError> {
        self.with_world(|world| sale::sell(world, request))
    }

    /// What a checker of invariants needs to know.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.with_world(|world| Snapshot::of(world))
    }

    /// What a client needs to know to connect.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        self.with_world(|world| Manifest::of(world))
    }
}
