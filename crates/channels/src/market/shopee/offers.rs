//! Pure translations of listings from the API's words into the house's.

use connect::{ListingKey, ListingSnapshot, StockControl};
use domain::{Currency, ListingState, Money, Timestamp};

use super::ids::id;
use super::places::Places;
use super::wire::{Gap, Item, Model, ModelList, PriceInfo, filled, instant, is_true, owned};

/// A listing and where its units lie.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) snapshot: ListingSnapshot,
    pub(super) places: Places,
}

/// Whether an item's price and stock are those of its models.
pub(super) fn has_models(item: &Item) -> bool {
    is_true(item.has_model.as_ref())
}

/// An item without models.
pub(super) fn single(item: &Item) -> Result<Offer, Gap> {
    let places = Places::read(item.stock_info_v2.as_ref())?;
    let listing = Listing::of(item)?;
    let prices = item.price_info.as_deref();
    let state = (item_state(item), owned(item.item_status.as_ref()).unwrap_or_default());
    Ok(listing.offer(None, listing.title.clone(), owned(item.item_sku.as_ref()), state, prices, places))
}

/// An item with models: one offer for each. None are told while its tiers are being changed.
pub(super) fn several(item: &Item, list: &ModelList) -> Result<Vec<Offer>, Gap> {
    let models = list.models.as_deref().ok_or_else(|| Gap::missing("model"))?;
    let listing = Listing::of(item)?;
    models.iter().map(|model| listing.variation(item, list, model)).collect()
}

/// What the variations of an item have in common.
struct Listing {
    external_id: String,
    title: String,
    updated_at: Timestamp,
}

impl Listing {
    fn of(item: &Item) -> Result<Self, Gap> {
        Ok(Self {
            external_id: item.item_id.0.clone(),
            title: owned(item.item_name.as_ref()).unwrap_or_default(),
            updated_at: instant(item.update_time.as_ref()).ok_or_else(|| Gap::missing("update_time"))?,
        })
    }

    fn variation(&self, item: &Item, list: &ModelList, model: &Model) -> Result<Offer, Gap> {
        let number = id(model.model_id.as_ref()).ok_or_else(|| Gap::missing("model_id"))?.to_owned();
        let places = Places::read(model.stock_info_v2.as_ref())?;
        let title = match options(list, model) {
            Some(options) => format!("{} ({options})", self.title),
            None => self.title.clone(),
        };
        let sku = owned(model.model_sku.as_ref()).or_else(|| owned(item.item_sku.as_ref()));
        let state = model_state(item, model);
        Ok(self.offer(Some(number), title, sku, state, model.price_info.as_deref(), places))
    }

    fn offer(
        &self,
        variation_external_id: Option<String>,
        title: String,
        seller_sku: Option<String>,
        (state, platform_status): (ListingState, String),
        prices: Option<&[PriceInfo]>,
        places: Places,
    ) -> Offer {
        let by_platform = places.is_by_platform();
        let snapshot = ListingSnapshot {
            key: ListingKey { external_id: self.external_id.clone(), variation_external_id },
            stock_group: None,
            title,
            seller_sku,
            state,
            platform_status,
            quantity_units: places.shown_units(),
            stock_control: if by_platform { StockControl::Platform } else { StockControl::Seller },
            price: prices.and_then(price),
            permalink: None,
            updated_at: self.updated_at,
        };
        Offer { snapshot, places }
    }
}

/// The price without promotions: the one that is written.
fn price(prices: &[PriceInfo]) -> Option<Money> {
    prices.iter().find_map(|price| {
        let currency = Currency::from_code(filled(price.currency.as_ref())?)?;
        price.original_price.as_ref().or(price.current_price.as_ref())?.money(currency)
    })
}

/// What makes a variation that one (`Preta, M`), by whichever form of the tiers tells it.
fn options(list: &ModelList, model: &Model) -> Option<String> {
    let index = model.tier_index.as_deref().unwrap_or_default();
    let chosen: Vec<usize> = index.iter().filter_map(|at| usize::try_from(at.count()?).ok()).collect();
    let standard = list.standardise_tier_variation.as_deref().unwrap_or_default();
    let of_standard = chosen.iter().enumerate().filter_map(|(tier, at)| {
        filled(Some(&standard.get(tier)?.variation_option_list.get(*at)?.variation_option_name))
    });
    let legacy = list.tier_variation.as_deref().unwrap_or_default();
    let of_legacy = chosen
        .iter()
        .enumerate()
        .filter_map(|(tier, at)| filled(Some(&legacy.get(tier)?.option_list.get(*at)?.option)));
    let name = filled(model.model_name.as_ref()).map(str::to_owned);
    [of_standard.collect::<Vec<_>>(), of_legacy.collect()]
        .into_iter()
        .find(|words| !words.is_empty())
        .map(|words| words.join(", "))
        .or(name)
}

fn item_state(item: &Item) -> ListingState {
    match filled(item.item_status.as_ref()).unwrap_or_default() {
        "NORMAL" => ListingState::Active,
        "UNLIST" => ListingState::Paused,
        // Taken off until the seller has mended it and the platform has looked again.
        "BANNED" | "REVIEWING" => ListingState::UnderReview,
        "SELLER_DELETE" | "SHOPEE_DELETE" => ListingState::Closed,
        _ => ListingState::NeedsAttention,
    }
}

/// A model that is not on sale pauses its listing; another word than is known about it
/// waits for a person.
fn model_state(item: &Item, model: &Model) -> (ListingState, String) {
    let status = owned(item.item_status.as_ref()).unwrap_or_default();
    let of_item = item_state(item);
    match filled(model.model_status.as_ref()) {
        None | Some("MODEL_NORMAL") => (of_item, status),
        Some(word) => {
            let state = match (of_item, word) {
                (ListingState::Active, "MODEL_UNAVAILABLE") => ListingState::Paused,
                (ListingState::Active | ListingState::Paused, other) if other != "MODEL_UNAVAILABLE" => {
                    ListingState::NeedsAttention
                }
                (of_item, _) => of_item,
            };
            (state, format!("{status}/{word}"))
        }
    }
}
