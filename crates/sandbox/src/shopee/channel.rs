//! The logistics channels of Brazil (fact sheet §7).

use serde_json::{Value, json};

/// A channel.
#[expect(clippy::struct_excessive_bools, reason = "a row of a table, written by two functions")]
pub(crate) struct Channel {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    /// What the buyer pays, in centavos.
    pub(crate) fee: i64,
    /// What the carrier takes, in centavos.
    pub(crate) cost: i64,
    /// A courier comes.
    pub(crate) pickup: bool,
    /// The seller brings the parcel to a branch, or to the buyer.
    pub(crate) dropoff: bool,
    /// The seller reports the parcel's way.
    pub(crate) by_seller: bool,
    /// The order reads READY_TO_SHIP even when its shipment is arranged.
    pub(crate) hides_processed: bool,
}

/// Entrega Padrão: what most orders take.
pub const PADRAO: i64 = 90_003;
/// Logística do Vendedor.
pub const DO_VENDEDOR: i64 = 90_021;
/// Entrega Direta: never an item's only channel.
pub const ENTREGA_DIRETA: i64 = 90_022;
/// Entrega Expressa.
pub const EXPRESSA: i64 = 90_026;

const fn channel(id: i64, name: &'static str, fee: i64, cost: i64, pickup: bool, dropoff: bool) -> Channel {
    Channel { id, name, fee, cost, pickup, dropoff, by_seller: false, hides_processed: false }
}

const fn own(id: i64, name: &'static str, fee: i64, hides_processed: bool) -> Channel {
    Channel { id, name, fee, cost: fee, pickup: false, dropoff: true, by_seller: true, hides_processed }
}

/// All channels.
pub(crate) const CHANNELS: [Channel; 5] = [
    channel(PADRAO, "Entrega Padrão", 1_200, 2_000, true, true),
    own(DO_VENDEDOR, "Logística do Vendedor", 1_500, true),
    channel(ENTREGA_DIRETA, "Entrega Direta", 990, 1_500, true, false),
    own(90_025, "Samsung", 1_500, false),
    own(EXPRESSA, "Entrega Expressa", 2_490, true),
];

/// The channel of an id.
pub(crate) fn find(id: i64) -> Option<&'static Channel> {
    CHANNELS.iter().find(|channel| channel.id == id)
}

/// A channel as `get_channel_list` shows it to a shop that has it switched on or not.
pub(crate) fn document(channel: &Channel, enabled: bool) -> Value {
    json!({
        "logistics_channel_id": channel.id, "logistics_channel_name": channel.name, "enabled": enabled,
        "cod_enabled": false, "fee_type": "SIZE_INPUT", "size_list": [],
        "weight_limit": {"item_max_weight": 30, "item_min_weight": 0},
        "item_max_dimension": {"height": 100, "width": 100, "length": 100, "unit": "cm", "dimension_sum": 200},
        "volume_limit": {"item_max_volume": 0, "item_min_volume": 0}, "logistics_description": "",
        "force_enable": channel.id == PADRAO, "mask_channel_id": 0, "block_seller_cover_shipping_fee": false,
        "support_cross_border": false, "seller_logistic_has_configuration": channel.by_seller, "preprint": false,
        "logistics_capability": {"seller_logistics": channel.by_seller},
    })
}
