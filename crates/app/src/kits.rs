//! Kits: what a sale of one takes from the shelf, who is told when a component moves, and the recipe itself
//! (`domain::kit`, `docs/decisions/0039-kits.md`).

use std::collections::BTreeMap;

use domain::kit::{self, Component, Fault, MAX_KITS_OF_ONE};
use domain::split::Mode;
use domain::{Actor, MemberId, OrganizationId, OutboxId, SkuId};
use store::stock::Sku;
use store::{StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// Why a recipe was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// What is wrong with it, in codes.
    #[error("the recipe cannot be used: {0:?}")]
    Recipe(Fault<String>),
    /// No SKU has this code.
    #[error("no SKU has the code {0}")]
    Unknown(String),
    /// The SKU has units of its own on the shelf.
    #[error(
        "{units} units of it are counted; they have to be counted as what they are made of, and it to zero"
    )]
    Counted {
        /// How many.
        units: i64,
    },
    /// Open orders have units of the SKU itself.
    #[error("open orders have {units} units of it; they have to leave or be called off first")]
    Reserved {
        /// How many.
        units: i64,
    },
    /// These SKUs are shared out over their listings, or may become so by themselves.
    #[error("{0:?} are split over their listings, or may become so by themselves; share them first")]
    Split(Vec<String>),
    /// A SKU in too many kits.
    #[error("{0} is in {MAX_KITS_OF_ONE} kits already")]
    TooManyKits(String),
    /// It is no kit.
    #[error("it is no kit")]
    NoKit,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

/// What a sale of so many units of a SKU takes from the shelf: of a kit its components by the recipe of now, of
/// everything else itself.
pub(crate) fn parts_of(
    tenant: &mut Tenant<'_, '_>,
    sku: SkuId,
    units: i64,
) -> StoreResult<Vec<(SkuId, i64)>> {
    let recipe = tenant.recipe(sku)?;
    if recipe.is_empty() {
        return Ok(vec![(sku, units)]);
    }
    Ok(recipe.into_iter().map(|part| (part.sku, part.units.saturating_mul(units))).collect())
}

impl App {
    /// Tells the listings of SKUs, and of the kits that contain any of them, what is available now.
    pub(crate) fn tell_around(&self, tenant: &mut Tenant<'_, '_>, skus: &[SkuId]) -> StoreResult<()> {
        let mut all = skus.to_vec();
        all.extend(tenant.kits_of(skus)?);
        all.sort_unstable();
        all.dedup();
        for id in all {
            if let Some(sku) = tenant.sku(id)? {
                self.tell_listings(tenant, id, sku.tally.version, None, &[])?;
            }
        }
        Ok(())
    }

    /// Makes a SKU the kit of a recipe, in codes and units, or changes the recipe of a kit.
    pub async fn keep_kit(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SkuId,
        recipe: Vec<(String, i64)>,
    ) -> Result<(), KitError> {
        let app = self.clone();
        let kept = self
            .organization(organization)
            .write(move |tenant| app.keep_kit_in(tenant, member, id, &recipe))
            .await
            .map_err(AppError::from)?;
        self.jobs_came.notify_one();
        kept
    }

    /// A kit is one no more: it has no units until somebody counts some, and its listings show none. What its open
    /// orders have set aside of its components stays theirs.
    pub async fn end_kit(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: SkuId,
    ) -> Result<(), KitError> {
        let app = self.clone();
        let ended = self
            .organization(organization)
            .write(move |tenant| {
                let Some(sku) = tenant.hold_skus(&[id])?.pop() else {
                    return Ok(Err(AppError::NotFound("SKU").into()));
                };
                if !sku.is_kit {
                    return Ok(Err(KitError::NoKit));
                }
                tenant.keep_recipe(id, &[])?;
                let deed = Deed::new(Actor::Member(member), "sku.kit_ended", id.to_string());
                app.outcome(tenant, &deed, "ok")?;
                app.tell_anew(tenant, id)?;
                Ok(Ok(()))
            })
            .await
            .map_err(AppError::from)?;
        self.jobs_came.notify_one();
        ended
    }

    fn keep_kit_in(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        id: SkuId,
        typed: &[(String, i64)],
    ) -> StoreResult<Result<(), KitError>> {
        let mut recipe = Vec::with_capacity(typed.len());
        for (code, units) in typed {
            let Some(sku) = tenant.sku_by_code(code)? else {
                return Ok(Err(KitError::Unknown(code.clone())));
            };
            recipe.push(Component { sku: sku.id, units: *units });
        }
        // From here on nobody moves these, shares them out or makes kits of them. The kit first, as sales take it.
        let mut held = tenant.hold_skus(&[id])?;
        let Some(sku) = held.first().cloned() else {
            return Ok(Err(AppError::NotFound("SKU").into()));
        };
        let parts: Vec<SkuId> = recipe.iter().map(|part| part.sku).filter(|part| *part != id).collect();
        held.extend(tenant.hold_skus(&parts)?);
        if let Err(fault) = check(tenant, id, &recipe)? {
            return Ok(Err(KitError::Recipe(fault)));
        }
        if let Some(refused) = stands_against(tenant, &sku, &held)? {
            return Ok(Err(refused));
        }
        tenant.keep_recipe(id, &recipe)?;
        let word = if sku.is_kit { "sku.kit_changed" } else { "sku.kit_made" };
        let codes: Vec<String> = typed.iter().map(|(code, units)| format!("{units} × {code}")).collect();
        let deed = Deed::new(Actor::Member(member), word, id.to_string()).with("recipe", codes.join(", "));
        self.outcome(tenant, &deed, "ok")?;
        self.tell_anew(tenant, id)?;
        Ok(Ok(()))
    }

    /// Tells the listings of a SKU that became a kit, changed its recipe or ceased to be one: what waited to be told
    /// of what it was before is told no more.
    fn tell_anew(&self, tenant: &mut Tenant<'_, '_>, id: SkuId) -> StoreResult<()> {
        let now = self.clock().now();
        let Some(sku) = tenant.sku(id)? else { return Ok(()) };
        for listing in tenant.listings_of_sku(id)?.iter().filter(|listing| listing.ours) {
            tenant.settle_outbox(listing.id, now)?;
            tenant.put_out_again(OutboxId::new(now, self.entropy()), listing.id, sku.tally.version, now)?;
            let work = crate::jobs::Work::PushStock { listing: listing.id };
            self.ask(tenant, listing.connection, &work, "the kit changed", now)?;
        }
        Ok(())
    }
}

/// Looks a recipe over, and says what is wrong in codes.
fn check(
    tenant: &mut Tenant<'_, '_>,
    id: SkuId,
    recipe: &[Component],
) -> StoreResult<Result<(), Fault<String>>> {
    let plain: Vec<(SkuId, i64)> = recipe.iter().map(|part| (part.sku, part.units)).collect();
    // Nothing nests deeper than one step, so what hangs on what is read whole.
    let (mut inside, mut around) = (BTreeMap::new(), BTreeMap::new());
    for sku in plain.iter().map(|(sku, _)| *sku).chain([id]) {
        let parts: Vec<SkuId> = tenant.recipe(sku)?.into_iter().map(|part| part.sku).collect();
        inside.insert(sku, parts);
    }
    around.insert(id, tenant.kits_of(&[id])?);
    let of = |map: &BTreeMap<SkuId, Vec<SkuId>>, sku: SkuId| map.get(&sku).cloned().unwrap_or_default();
    let checked = kit::check(id, &plain, |sku| of(&inside, sku), |sku| of(&around, sku));
    let Err(fault) = checked else { return Ok(Ok(())) };
    let mut code =
        |sku: SkuId| -> StoreResult<String> { Ok(tenant.sku(sku)?.map(|sku| sku.code).unwrap_or_default()) };
    let mut codes = |path: Vec<SkuId>| path.into_iter().map(&mut code).collect::<StoreResult<Vec<String>>>();
    Ok(Err(match fault {
        Fault::Empty => Fault::Empty,
        Fault::TooMany => Fault::TooMany,
        Fault::Units(sku) => Fault::Units(codes(vec![sku])?.concat()),
        Fault::Twice(sku) => Fault::Twice(codes(vec![sku])?.concat()),
        Fault::Cycle(path) => Fault::Cycle(codes(path)?),
        Fault::TooDeep(path) => Fault::TooDeep(codes(path)?),
    }))
}

/// What keeps a SKU from being a kit of these, beside the recipe itself.
fn stands_against(tenant: &mut Tenant<'_, '_>, kit: &Sku, held: &[Sku]) -> StoreResult<Option<KitError>> {
    let tally = kit.tally;
    if !kit.is_kit && tally.reserved_units > 0 {
        return Ok(Some(KitError::Reserved { units: tally.reserved_units }));
    }
    if !kit.is_kit && tally.on_hand_units != 0 {
        return Ok(Some(KitError::Counted { units: tally.on_hand_units }));
    }
    let mut split = Vec::new();
    for sku in held {
        let chosen = tenant.hold_sku_split(sku.id)?;
        if chosen.is_some_and(|chosen| chosen.is_split || chosen.mode != Mode::Shared) {
            split.push(sku.code.clone());
        }
        let around = tenant.kits_of(&[sku.id])?;
        if sku.id != kit.id && !around.contains(&kit.id) && around.len() >= MAX_KITS_OF_ONE {
            return Ok(Some(KitError::TooManyKits(sku.code.clone())));
        }
    }
    Ok(if split.is_empty() { None } else { Some(KitError::Split(split)) })
}
