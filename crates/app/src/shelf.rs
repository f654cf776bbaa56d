//! What people do with stock: count, correct, link listings to SKUs.

use domain::{Actor, Delta, EntryKind, LedgerEntryId, ListingId, MemberId, OrganizationId, SkuId, Timestamp};
use store::stock::{NewEntry, Sku};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use crate::jobs::Work;
use crate::kits::parts_of;

/// Largest count taken, in units.
pub const MAX_COUNT_UNITS: i64 = 1_000_000;
/// Longest reason or code taken, in characters.
pub const MAX_TEXT_CHARS: usize = 120;

/// Why an adjustment was not made.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// A count below zero or beyond [`MAX_COUNT_UNITS`].
    #[error("the count must be between 0 and {MAX_COUNT_UNITS}")]
    Count,
    /// No reason, or too long a one.
    #[error("a reason of up to {MAX_TEXT_CHARS} characters is needed")]
    Reason,
    /// It is a kit: what lies on the shelf is what it is made of.
    #[error("it is a kit and is not counted; count what it is made of")]
    Kit,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// Sets what was counted on the shelf, and the units that are never offered.
    pub async fn adjust(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SkuId,
        on_hand_units: i64,
        safety_units: i64,
        reason: &str,
    ) -> Result<Sku, AdjustError> {
        let allowed = 0..=MAX_COUNT_UNITS;
        if !allowed.contains(&on_hand_units) || !allowed.contains(&safety_units) {
            return Err(AdjustError::Count);
        }
        let reason = reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > MAX_TEXT_CHARS {
            return Err(AdjustError::Reason);
        }
        let (app, now) = (self.clone(), self.clock().now());
        let adjusted = self
            .organization(organization)
            .write(move |tenant| {
                tenant.hold_kits_of(&[id])?;
                let Some(sku) = tenant.sku(id)? else { return Ok(Err(AppError::NotFound("SKU").into())) };
                if sku.is_kit {
                    return Ok(Err(AdjustError::Kit));
                }
                let entry = NewEntry {
                    id: LedgerEntryId::new(now, app.entropy()),
                    sku: id,
                    kind: EntryKind::Adjustment,
                    delta: Delta {
                        on_hand_units: on_hand_units - sku.tally.on_hand_units,
                        reserved_units: 0,
                    },
                    line: None,
                    reason: reason.clone(),
                    actor: Actor::Member(member),
                };
                tenant.set_safety(id, safety_units)?;
                tenant.append(&entry, now)?;
                let deed = Deed::new(Actor::Member(member), "sku.adjusted", id.to_string())
                    .with("from", sku.tally.on_hand_units)
                    .with("to", on_hand_units)
                    .with("safety", safety_units);
                app.outcome(tenant, &deed, "ok")?;
                app.tell_around(tenant, &[id])?;
                Ok(tenant.sku(id)?.ok_or_else(|| AppError::NotFound("SKU").into()))
            })
            .await
            .map_err(AppError::from)?;
        self.jobs_came.notify_one();
        adjusted
    }

    /// Links a listing to the SKU of a code (made when there is none), or unlinks it.
    /// Open orders of the listing take their units from the SKU from then on.
    pub async fn link(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ListingId,
        code: Option<&str>,
    ) -> Result<(), AppError> {
        let code = code
            .map(|code| code.trim().chars().take(MAX_TEXT_CHARS).collect::<String>())
            .filter(|code| !code.is_empty());
        let app = self.clone();
        let found = self
            .organization(organization)
            .write(move |tenant| {
                let Some(listing) = tenant.listing(id)? else { return Ok(false) };
                let sku = match &code {
                    Some(code) => Some(app.sku_for(tenant, code, &listing)?),
                    None => None,
                };
                tenant.link_listing(id, sku.as_ref().map(|sku| sku.id))?;
                app.after_link(tenant, member, &listing, sku.as_ref().map(|sku| sku.id))?;
                Ok(true)
            })
            .await?;
        self.jobs_came.notify_one();
        if found { Ok(()) } else { Err(AppError::NotFound("listing")) }
    }

    /// What follows once a listing was linked, or is linked no more: units of its open orders are set aside, it is
    /// told what it should show, and the log says who did it.
    pub(crate) fn after_link(
        &self,
        tenant: &mut store::Tenant<'_, '_>,
        member: MemberId,
        listing: &store::listings::Listing,
        sku: Option<SkuId>,
    ) -> store::StoreResult<()> {
        if let Some(sku) = sku {
            let now = self.clock().now();
            // What the platform sends lies on no shelf of ours.
            if listing.ours {
                self.settle_open_lines(tenant, listing, sku, Some(now))?;
            }
            // What waited to be told was of what it sold before; and what it was told of that may have
            // gone by the same number.
            tenant.settle_outbox(listing.id, now)?;
            let mut around: Vec<SkuId> = tenant.recipe(sku)?.iter().map(|part| part.sku).collect();
            around.push(sku);
            self.tell_around(tenant, &around)?;
            if let Some(sku) = tenant.sku(sku)?.filter(|_| listing.ours) {
                self.tell_one(tenant, listing, sku.tally.version, now)?;
            }
        }
        let linked = sku.map_or_else(|| String::from("none"), |sku| sku.to_string());
        let deed = Deed::new(Actor::Member(member), "listing.linked", listing.id.to_string());
        self.outcome(tenant, &deed.with("sku", linked), "ok")
    }

    pub(crate) fn sku_for(
        &self,
        tenant: &mut store::Tenant<'_, '_>,
        code: &str,
        listing: &store::listings::Listing,
    ) -> store::StoreResult<Sku> {
        let now = self.clock().now();
        let sku = tenant.create_sku(SkuId::new(now, self.entropy()), code, &listing.title, now)?;
        // What lies in the platform's own warehouse says nothing of our shelf.
        if sku.tally.version > 0 || !listing.ours {
            return Ok(sku);
        }
        let entry = NewEntry {
            id: LedgerEntryId::new(now, self.entropy()),
            sku: sku.id,
            kind: EntryKind::Opening,
            delta: Delta { on_hand_units: listing.shown_units, reserved_units: 0 },
            line: None,
            reason: "link".into(),
            actor: Actor::system("link"),
        };
        tenant.append(&entry, now)?;
        Ok(tenant.sku(sku.id)?.unwrap_or(sku))
    }

    /// Lines sold while the listing had no SKU: their units are set aside now. Where the
    /// count came from the platform's number, read at `counted_at`, it first grows by those
    /// sold before: the number no longer had them, the shelf still does. A kit has no count: its
    /// lines take units of its components.
    pub(crate) fn settle_open_lines(
        &self,
        tenant: &mut store::Tenant<'_, '_>,
        listing: &store::listings::Listing,
        sku: SkuId,
        counted_at: Option<Timestamp>,
    ) -> store::StoreResult<()> {
        let now = self.clock().now();
        let open = tenant.unlinked_open_lines(
            listing.connection,
            &listing.external_id,
            &listing.variation_external_id,
        )?;
        if open.is_empty() {
            return Ok(());
        }
        self.ask_for_house(tenant, &Work::ReckonProfits, "lines linked", now)?;
        let mut parts = parts_of(tenant, sku, 1)?;
        parts.sort_unstable();
        let touched: Vec<SkuId> = parts.iter().map(|(part, _)| *part).collect();
        let is_kit = touched != [sku];
        tenant.hold_kits_of(&touched)?;
        for (line, units, placed_at) in open {
            tenant.link_line(line, listing.id, sku)?;
            let entry = |sku, kind, delta, line| NewEntry {
                id: LedgerEntryId::new(now, self.entropy()),
                sku,
                kind,
                delta,
                line,
                reason: "open_order_when_linked".into(),
                actor: Actor::system("link"),
            };
            if !is_kit && counted_at.is_some_and(|counted| placed_at < counted) {
                let delta = Delta { on_hand_units: units, reserved_units: 0 };
                tenant.append(&entry(sku, EntryKind::Opening, delta, None), now)?;
            }
            let reserve = domain::Effect::Reserve;
            for (part, of_one) in &parts {
                let delta = reserve.delta(of_one.saturating_mul(units));
                tenant.append(&entry(*part, EntryKind::Line(reserve), delta, Some(line)), now)?;
            }
        }
        Ok(())
    }
}
