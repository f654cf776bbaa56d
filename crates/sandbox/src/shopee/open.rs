//! The simulated Shopee, and what may be asked of it in process.

use std::sync::Arc;

use domain::Clock;

use super::manifest::Manifest;
use super::sales::{self, SaleError, SaleRequest};
use super::snapshot::Snapshot;
use super::{Rules, World, robot, routes, seed};
use crate::clock::ShiftedClock;
use crate::frame::Frame;
use crate::traffic::Traffic;

/// What a simulated Shopee is made from.
#[derive(Debug, Clone)]
pub struct ShopeeConfig {
    /// Grows the world; the same seed gives the same world.
    pub seed: u64,
    /// Where clients reach it, as in `http://127.0.0.1:9101`.
    pub base_url: String,
    /// The callback address of the application, byte for byte as it is signed; `None` sends
    /// no pushes until one is set.
    pub hook_url: Option<String>,
    /// The redirect address declared for the application; its origin is checked.
    pub redirect_uri: Option<String>,
    /// The buyer robot; `None` leaves all purchases to [`Frame::sell`] and the control API.
    pub traffic: Option<Traffic>,
    /// Switches where the facts are unsure.
    pub rules: Rules,
}

impl Default for ShopeeConfig {
    /// Seed 1 on `http://127.0.0.1:9101`, no pushes, any redirect, no robot.
    fn default() -> Self {
        Self {
            seed: 1,
            base_url: "http://127.0.0.1:9101".to_owned(),
            hook_url: None,
            redirect_uri: None,
            traffic: None,
            rules: Rules::default(),
        }
    }
}

impl Frame<World> {
    /// A world grown from the configuration, at a clock of its own on top of `clock`.
    #[must_use]
    pub fn new(config: ShopeeConfig, clock: Arc<dyn Clock>) -> Self {
        Self::beside(config, ShiftedClock::new(clock))
    }

    /// A world grown from the configuration that shares its time with other markets.
    #[must_use]
    pub fn beside(config: ShopeeConfig, clock: ShiftedClock) -> Self {
        let partner = seed::partner(config.seed, config.redirect_uri);
        let mut world = World::empty(config.seed, &config.base_url, partner, clock.now());
        world.rules = config.rules;
        seed::plant(&mut world, config.hook_url);
        robot::set_traffic(&mut world, config.traffic);
        Self::open(world, routes(), clock)
    }

    /// A buyer buys. Gives the numbers of the orders made.
    pub fn sell(&self, request: &SaleRequest) -> Result<Vec<String>, SaleError> {
        self.with_world(|world| sales::sell(world, request))
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
