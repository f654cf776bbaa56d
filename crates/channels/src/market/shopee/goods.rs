//! Where an order's goods are, read from its packages.

/// Where the goods of one package are, as far as stock and the seller's work are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goods {
    WithSeller,
    Away,
    WithBuyer,
    /// The package is off; its goods never left.
    Off,
    Unknown,
}

/// Where a package of this status (`logistics_status`, `fulfillment_status`) is.
pub(super) fn goods(status: &str) -> Goods {
    match status {
        "LOGISTICS_NOT_START"
        | "LOGISTICS_PENDING_ARRANGE"
        // Not arranged, or arranged with its number still to come.
        | "LOGISTICS_READY"
        | "LOGISTICS_REQUEST_CREATED"
        | "LOGISTICS_PICKUP_RETRY"
        | "LOGISTICS_PICKUP_FAILED" => Goods::WithSeller,
        "LOGISTICS_PICKUP_DONE" | "LOGISTICS_DELIVERY_FAILED" | "LOGISTICS_LOST" => Goods::Away,
        "LOGISTICS_DELIVERY_DONE" => Goods::WithBuyer,
        "LOGISTICS_INVALID" | "LOGISTICS_REQUEST_CANCELED" | "LOGISTICS_COD_REJECTED" => Goods::Off,
        _ => Goods::Unknown,
    }
}

/// Where the packages of an order are.
#[derive(Debug)]
pub(super) struct Whereabouts(pub(super) Vec<Goods>);

impl Whereabouts {
    pub(super) fn has_packages(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) fn any(&self, goods: Goods) -> bool {
        self.0.contains(&goods)
    }

    /// Whether goods are away or with the buyer.
    pub(super) fn any_left(&self) -> bool {
        self.any(Goods::Away) || self.any(Goods::WithBuyer)
    }

    pub(super) fn all_off(&self) -> bool {
        self.has_packages() && self.0.iter().all(|goods| *goods == Goods::Off)
    }

    /// Whether all that were sent have arrived.
    pub(super) fn all_with_buyer(&self) -> bool {
        let mut sent = self.0.iter().filter(|goods| **goods != Goods::Off).peekable();
        sent.peek().is_some() && sent.all(|goods| *goods == Goods::WithBuyer)
    }
}
