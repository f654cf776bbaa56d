//! What the platform keeps of a sale: fixed rules instead of the real, changing table.

use serde_json::{Value, json};

use super::data::Category;
use crate::text::reais;

/// From this price on freight is free for the buyer and no fixed fee is kept, in centavos.
pub const FREE_SHIPPING_FROM: i64 = 7_900;
/// What the premium listing type costs beyond the classic one, in thousandths.
const PREMIUM_EXTRA_PERMILLE: i64 = 50;
/// Sale fee where the category is not known, in thousandths.
const DEFAULT_FEE_PERMILLE: i64 = 120;

/// A listing type: how prominent a listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingType {
    /// No fee, little exposure.
    Free,
    /// Clássico.
    Classic,
    /// Premium: instalments without interest.
    Premium,
}

impl ListingType {
    /// All of them, best first, as the platform lists them.
    pub const ALL: [Self; 3] = [Self::Premium, Self::Classic, Self::Free];

    /// `gold_pro`, `gold_special`, `free`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Classic => "gold_special",
            Self::Premium => "gold_pro",
        }
    }

    /// Name in Portuguese.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "Grátis",
            Self::Classic => "Clássico",
            Self::Premium => "Premium",
        }
    }

    /// The type with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.id() == id)
    }

    const fn exposure(self) -> &'static str {
        match self {
            Self::Free => "lowest",
            Self::Classic => "mid",
            Self::Premium => "highest",
        }
    }
}

/// What is kept of one sale, in centavos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleFee {
    /// Thousandths of the price, with what instalments cost.
    pub permille: i64,
    /// The part of `permille` that pays for instalments.
    pub financing_permille: i64,
    /// Kept whatever the price.
    pub fixed: i64,
    /// All together.
    pub total: i64,
}

/// How a listing is sent, as far as fees depend on it (since March 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freight<'a> {
    /// `me2`, `me1`, `custom`, `not_specified`.
    pub mode: Option<&'a str>,
    /// `self_service` (Flex), `cross_docking`, …
    pub logistic_type: Option<&'a str>,
}

impl Freight<'_> {
    /// Below the free-shipping threshold only Flex within ME2 pays the fixed fee, and every
    /// other mode. Who does not say how they send gets the higher, wrong number.
    fn pays_fixed_fee(self) -> bool {
        match (self.mode, self.logistic_type) {
            (Some("me2"), Some(logistic_type)) => logistic_type == "self_service",
            _ => true,
        }
    }
}

/// The fee for selling one unit at `price` centavos.
#[must_use]
pub fn sale_fee(
    category: Option<&Category>,
    listing: ListingType,
    price: i64,
    freight: Freight<'_>,
) -> SaleFee {
    if listing == ListingType::Free {
        return SaleFee { permille: 0, financing_permille: 0, fixed: 0, total: 0 };
    }
    let financing_permille = if listing == ListingType::Premium { PREMIUM_EXTRA_PERMILLE } else { 0 };
    let base = category.map_or(DEFAULT_FEE_PERMILLE, |category| category.fee_permille);
    let permille = base + financing_permille;
    let fixed = match price {
        _ if !freight.pays_fixed_fee() => 0,
        ..1_250 => price / 2,
        1_250..2_900 => 625,
        2_900..5_000 => 650,
        5_000..FREE_SHIPPING_FROM => 675,
        _ => 0,
    };
    SaleFee { permille, financing_permille, fixed, total: (price * permille + 500) / 1_000 + fixed }
}

/// One entry of `listing_prices`.
#[must_use]
pub fn listing_price(
    category: Option<&Category>,
    listing: ListingType,
    price: i64,
    freight: Freight<'_>,
    stop_time: &str,
) -> Value {
    let fee = sale_fee(category, listing, price, freight);
    json!({
        "currency_id": "BRL",
        "free_relist": false,
        "listing_exposure": listing.exposure(),
        "listing_fee_amount": 0,
        "listing_fee_details": {"fixed_fee": 0, "gross_amount": 0},
        "listing_type_id": listing.id(),
        "listing_type_name": listing.name(),
        "requires_picture": listing != ListingType::Free,
        "sale_fee_amount": reais(fee.total),
        "sale_fee_details": {
            "financing_add_on_fee": percent(fee.financing_permille),
            "fixed_fee": reais(fee.fixed),
            "gross_amount": reais(fee.total),
            "meli_percentage_fee": percent(fee.permille - fee.financing_permille),
            "percentage_fee": percent(fee.permille),
        },
        "stop_time": stop_time,
    })
}

/// Thousandths as the percentage the platform prints.
fn percent(permille: i64) -> Value {
    reais(permille * 10)
}

#[cfg(test)]
mod tests {
    use super::super::data::category;
    use super::*;

    const FLEX: Freight<'_> = Freight { mode: Some("me2"), logistic_type: Some("self_service") };
    const PICKED_UP: Freight<'_> = Freight { mode: Some("me2"), logistic_type: Some("cross_docking") };
    const UNSAID: Freight<'_> = Freight { mode: None, logistic_type: None };

    fn fixed(price: i64, freight: Freight<'_>) -> i64 {
        sale_fee(category("MLB3697"), ListingType::Classic, price, freight).fixed
    }

    #[test]
    fn below_the_threshold_only_flex_pays_the_fixed_fee_within_me2() {
        assert_eq!([fixed(5_000, FLEX), fixed(5_000, PICKED_UP)], [675, 0]);
        assert_eq!(fixed(FREE_SHIPPING_FROM, FLEX), 0);
    }

    #[test]
    fn who_does_not_say_how_they_send_gets_the_wrong_number() {
        assert_eq!(fixed(5_000, UNSAID), 675);
    }

    #[test]
    fn premium_costs_the_instalments_on_top() {
        let fee = |listing| sale_fee(category("MLB3697"), listing, 10_000, PICKED_UP).total;
        assert_eq!(
            [fee(ListingType::Classic), fee(ListingType::Premium), fee(ListingType::Free)],
            [1_300, 1_800, 0]
        );
    }

    #[test]
    fn amounts_are_json_floats_in_reais() {
        let entry = listing_price(category("MLB3697"), ListingType::Classic, 4_990, FLEX, "2046-01-01");
        assert_eq!(entry["sale_fee_amount"], json!(12.99));
        assert_eq!(entry["sale_fee_details"]["percentage_fee"], json!(13.0));
    }
}
