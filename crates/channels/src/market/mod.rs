//! Marketplaces, and the one place that lists them.

#[cfg(test)]
mod document;
mod loose;
pub mod mercado_livre;
#[cfg(test)]
mod odd;
mod places;
pub mod shopee;
pub mod tiktok_shop;

use std::sync::Arc;

use connect::settings::{Setting, SettingError, Settings};
use connect::{BaseUrl, Channel, Outbound};
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

    /// Where its API is called.
    #[must_use]
    pub const fn api_base(&self) -> &BaseUrl {
        match self {
            Self::MercadoLivre(config) => &config.api_base,
            Self::Shopee(config) => &config.api_base,
            Self::TikTokShop(config) => &config.api_base,
        }
    }
}

/// What can be set, by channel.
pub const SETTINGS: [&[Setting]; ChannelKind::ALL.len()] =
    [mercado_livre::settings::SETTINGS, shopee::settings::SETTINGS, tiktok_shop::settings::SETTINGS];

/// The channels that are configured.
///
/// # Errors
/// The first setting that is missing, wrong or at odds, with the mend.
pub fn configured(settings: &Settings) -> Result<Vec<ChannelConfig>, SettingError> {
    let all = [
        mercado_livre::settings::read(settings)?.map(ChannelConfig::MercadoLivre),
        shopee::settings::read(settings)?.map(ChannelConfig::Shopee),
        tiktok_shop::settings::read(settings)?.map(ChannelConfig::TikTokShop),
    ];
    Ok(all.into_iter().flatten().collect())
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
