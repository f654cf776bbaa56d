//! Marketplaces, and the one place that lists them.

#[cfg(test)]
mod document;
mod loose;
pub mod mercado_livre;
mod places;
pub mod shopee;
pub mod tiktok_shop;

use std::sync::Arc;

use connect::{Channel, Outbound};
use domain::ChannelKind;

use self::mercado_livre::{MercadoLivre, MercadoLivreConfig};
use self::shopee::{Shopee, ShopeeConfig};
use self::tiktok_shop::{TikTokShop, TikTokShopConfig};

/// What a channel needs to be told: the app's registration at the platform.
#[derive(Debug, Clone)]
pub enum ChannelConfig {
    /// Mercado Livre.
    MercadoLivre(MercadoLivreConfig),
    /// Shopee.
    Shopee(ShopeeConfig),
    /// TikTok Shop.
    TikTokShop(TikTokShopConfig),
}

impl ChannelConfig {
    /// Which channel it is for.
    #[must_use]
    pub const fn kind(&self) -> ChannelKind {
        match self {
            Self::MercadoLivre(_) => ChannelKind::MercadoLivre,
            Self::Shopee(_) => ChannelKind::Shopee,
            Self::TikTokShop(_) => ChannelKind::TikTokShop,
        }
    }
}

/// The channel of a configuration.
#[must_use]
pub fn channel(config: ChannelConfig, outbound: Arc<Outbound>) -> Arc<dyn Channel> {
    match config {
        ChannelConfig::MercadoLivre(config) => Arc::new(MercadoLivre::new(config, outbound)),
        ChannelConfig::Shopee(config) => Arc::new(Shopee::new(config, outbound)),
        ChannelConfig::TikTokShop(config) => Arc::new(TikTokShop::new(config, outbound)),
    }
}
