//! The simulated Mercado Livre, and what may be asked of it in process.

use std::sync::Arc;

use domain::Clock;

use crate::clock::ShiftedClock;
use crate::frame::Frame;
use crate::mercado_livre::manifest::Manifest;
use crate::mercado_livre::sales::{SaleError, SaleRequest};
use crate::mercado_livre::snapshot::Snapshot;
use crate::mercado_livre::{self, Rules, World, robot, sales, seed};
use crate::traffic::Traffic;

/// What a sandbox is made from.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Grows the world; the same seed gives the same world.
    pub seed: u64,
    /// Where clients reach it, as in `http://127.0.0.1:9080`.
    pub base_url: String,
    /// Where the application takes notifications; `None` sends none until one is set.
    pub hook_url: Option<String>,
    /// The callback address registered for the application.
    pub redirect_uri: String,
    /// The buyer robot; `None` leaves all purchases to [`Sandbox::sell`] and the control API.
    pub traffic: Option<Traffic>,
    /// Switches where the facts are unsure or clients differ.
    pub rules: Rules,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl SandboxConfig {
    /// Seed 1 on `http://127.0.0.1:9080`, no notifications, no robot.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            seed: 1,
            base_url: "http://127.0.0.1:9080".to_owned(),
            hook_url: None,
            redirect_uri: "http://127.0.0.1:8080/connections/mercado_livre/callback".to_owned(),
            traffic: None,
            rules: Rules::default(),
            clock,
        }
    }
}

/// The simulated Mercado Livre. Cheap to clone; all clones are the same world.
pub type Sandbox = Frame<World>;

impl Frame<World> {
    /// A world grown from the configuration, its shop open.
    #[must_use]
    pub fn new(config: SandboxConfig) -> Self {
        let clock = ShiftedClock::new(config.clock);
        let mut world = World::empty(config.seed, &config.base_url, clock.now());
        world.rules = config.rules;
        seed::plant(&mut world, &config.redirect_uri, config.hook_url);
        robot::set_traffic(&mut world, config.traffic);
        Self::open(world, mercado_livre::routes(), clock)
    }

    /// A buyer buys. Gives the ids of the orders made.
    pub fn sell(&self, request: &SaleRequest) -> Result<Vec<i64>, SaleError> {
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
