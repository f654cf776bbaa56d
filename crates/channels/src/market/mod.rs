//! Marketplaces, and the one place that lists them.

mod division;
#[cfg(test)]
mod document;
mod json;
mod loose;
pub mod mercado_livre;
mod paper;
mod parcel;
mod places;
mod refusal;
pub mod shopee;
#[cfg(test)]
mod tests;
pub mod tiktok_shop;
mod zip;

use std::fmt;
use std::sync::Arc;

use connect::settings::{Setting, SettingError, Settings};
use connect::{BaseUrl, Channel, Outbound};
use domain::ChannelKind;

/// What a channel needs to be told: the app's registration at the platform.
pub trait ChannelConfig: fmt::Debug + Send + Sync {
    /// Which channel it is for.
    fn kind(&self) -> ChannelKind;
    /// Where its API is called.
    fn api_base(&self) -> &BaseUrl;
    /// The channel of the app.
    fn channel(&self, outbound: Arc<Outbound>) -> Arc<dyn Channel>;
}

/// The configuration that settings give; none when the channel is off.
type Configured = Result<Option<Arc<dyn ChannelConfig>>, SettingError>;

/// What a channel's folder hands in.
struct Market {
    /// What can be set.
    settings: &'static [Setting],
    /// Reads it.
    read: fn(&Settings) -> Configured,
}

/// Every channel's, in the order of [`ChannelKind::ALL`].
static MARKETS: [Market; ChannelKind::ALL.len()] =
    [mercado_livre::MARKET, shopee::MARKET, tiktok_shop::MARKET];

/// What can be set, channel by channel.
pub fn settings() -> impl Iterator<Item = &'static Setting> + Clone {
    MARKETS.iter().flat_map(|market| market.settings)
}

/// The channels that are configured.
///
/// # Errors
/// The first setting that is missing, wrong or at odds, with the mend.
pub fn configured(settings: &Settings) -> Result<Vec<Arc<dyn ChannelConfig>>, SettingError> {
    MARKETS.iter().filter_map(|market| (market.read)(settings).transpose()).collect()
}
