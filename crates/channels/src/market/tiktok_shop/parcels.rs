//! The packages of an order: how far each is, and which one stands for the order.

use domain::Timestamp;

use super::is_id;
use super::wire::{Gap, Loose, Order, Package, filled, owned};

/// How far a package is: the words of the platform in their order, an unknown one where
/// it hides neither work nor a departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    ToFulfil,
    Arranged,
    Unknown,
    Away,
    WithBuyer,
    Cancelled,
}

impl Stage {
    /// How far a package of this status is.
    pub(super) fn of(status: &str) -> Self {
        match status {
            "TO_FULFILL" => Self::ToFulfil,
            // "Shipped" by the seller: its label is made, the carrier has not been there.
            "PROCESSING" => Self::Arranged,
            "FULFILLING" => Self::Away,
            "COMPLETED" => Self::WithBuyer,
            "CANCELLED" => Self::Cancelled,
            _ => Self::Unknown,
        }
    }

    /// Whether the goods have left the seller.
    pub(super) const fn is_away(self) -> bool {
        matches!(self, Self::Away | Self::WithBuyer)
    }
}

/// A package of an order, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) sub_status: Option<String>,
    pub(super) tracking_code: Option<String>,
    pub(super) updated_at: Option<Timestamp>,
}

impl Parcel {
    /// Status and, behind a slash, what tells more.
    pub(super) fn platform_status(&self) -> String {
        match &self.sub_status {
            Some(sub_status) => format!("{}/{sub_status}", self.status),
            None => self.status.clone(),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        Stage::of(&self.status)
    }

    /// Takes over what the package itself tells.
    pub(super) fn learn(&mut self, package: &Package) {
        if let Some(status) = owned(package.status.as_ref()) {
            self.status = status;
        }
        self.sub_status = owned(package.sub_status.as_ref());
        self.tracking_code = owned(package.tracking_number.as_ref()).or(self.tracking_code.take());
        self.updated_at = package.update_time.as_ref().and_then(Loose::unix_seconds);
    }
}

/// The packages that an order names, each once: its units tell more of them than its list
/// does. Before payment, and in some countries before shipping, there is none.
pub(super) fn of(order: &Order) -> Result<Vec<Parcel>, Gap> {
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut add = |id: Option<&Loose>, status: Option<&Loose>, tracking: Option<&Loose>| {
        let Some(id) = filled(id) else { return Ok(()) };
        if !is_id(id) {
            return Err(Gap("a package's id is no number".into()));
        }
        if !parcels.iter().any(|known| known.id == id) {
            parcels.push(Parcel {
                id: id.to_owned(),
                status: owned(status).unwrap_or_default(),
                sub_status: None,
                tracking_code: owned(tracking).or_else(|| owned(order.tracking_number.as_ref())),
                updated_at: None,
            });
        }
        Ok(())
    };
    for unit in order.units.iter().flatten() {
        add(unit.package_id.as_ref(), unit.package_status.as_ref(), unit.tracking_number.as_ref())?;
    }
    for listed in order.packages.iter().flatten() {
        add(listed.id.as_ref(), None, None)?;
    }
    Ok(parcels)
}

/// The package that stands for the order: the one with which most is left to do, among
/// those alike the first.
pub(super) fn foremost(parcels: &[Parcel]) -> Option<&Parcel> {
    parcels.iter().min_by_key(|parcel| (parcel.stage(), parcel.id.len(), &parcel.id))
}
