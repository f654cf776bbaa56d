//! An identity provider that the members of a shop under test sign in with, over real sockets.

use std::net::Ipv4Addr;
use std::sync::Arc;

use app::provider::{CALLBACK, ProviderRules};
use connect::{HttpTransport, IdentityProvider, Outbound, Registered};
use domain::{Clock, Restricted};
use sandbox::{IdentityConfig, IdentitySandbox};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::shop::{PUBLIC_URL, TestApp};

const CLIENT_ID: &str = "loja de teste";
const CLIENT_SECRET: &str = "segredo & cia: 100%";

/// The provider; it ends when this is dropped.
#[derive(Debug)]
pub struct TeamDoor {
    /// What it is.
    pub sandbox: IdentitySandbox,
    _serving: JoinSet<()>,
}

impl TestApp {
    /// Has an identity provider from now on, until the program starts anew.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn gets_provider(&self, rules: ProviderRules) -> TeamDoor {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let clock: Arc<dyn Clock> = Arc::new(self.market().sandbox().clock());
        let config = IdentityConfig {
            issuer: issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            redirect_uris: vec![format!("{PUBLIC_URL}{CALLBACK}")],
            seed: 1,
        };
        let sandbox = IdentitySandbox::new(config, Arc::clone(&clock));
        let serving = sandbox.spawn(listener);
        let transport = HttpTransport::new().expect("the network can be used");
        let registered = Registered {
            issuer,
            client_id: CLIENT_ID.to_owned(),
            client_secret: Restricted::new(CLIENT_SECRET.to_owned()),
            acr_values: rules.trusted_acr.clone(),
        };
        let outbound = Outbound::new(Arc::new(transport), Arc::clone(&clock));
        let provider = IdentityProvider::new(registered, outbound, clock).expect("an address of a provider");
        self.becomes(self.app().with_provider(Some((provider, rules))));
        TeamDoor { sandbox, _serving: serving }
    }
}

impl TeamDoor {
    /// Somebody stands at the page at `address`; returns the path and query that their browser comes
    /// back to the shop with.
    ///
    /// # Panics
    /// When the provider would send nobody back from there.
    #[must_use]
    pub fn lets(&self, address: &str, sub: &str, allows: bool) -> String {
        let url = Url::parse(address).expect("an address");
        let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let back = self.sandbox.decide(&asked, sub, allows).expect("the browser is sent back");
        let path = back.strip_prefix(PUBLIC_URL).expect("to the shop");
        path.to_owned()
    }
}
