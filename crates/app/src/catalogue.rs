//! What people do with products: make them, change them, put them away.
//!
//! A form is taken whole or not at all: everything is looked up and asked before the first row is
//! written, and all of it is one transaction.

use domain::catalogue::{Agreed, Facts, Found, Product, Question, questions};
use domain::{Actor, MemberId, OrganizationId, ProductId, SkuId};
use store::catalogue::HeldProduct;
use store::{StoreError, StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// Tries to save a product while somebody else takes its codes at the same moment.
const MAX_TRIES: u32 = 3;

/// A product as somebody wants it kept.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which one, and the version that they looked at; `None` for a new one.
    pub of: Option<(ProductId, i64)>,
    /// What it is to be.
    pub product: Product,
    /// What they agreed to.
    pub agreed: Agreed,
}

/// Why a product was not kept. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// Somebody else changed it since; this is what it is now.
    #[error("somebody else changed the product meanwhile")]
    Stale(Box<HeldProduct>),
    /// These codes belong to SKUs of products already.
    #[error("codes of other products: {}", .0.join(", "))]
    Taken(Vec<String>),
    /// Somebody has to agree to all of this; to some of it they may have.
    #[error("{} questions are open", .0.len())]
    Asks(Vec<Question>),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for ProductError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// What is to be done for a variant, by its place.
enum Way {
    /// Its SKU is one of the product's already: what people read of it, and what was known.
    Stays(String, Facts),
    /// A SKU that belongs to no product becomes this variant.
    Adopts,
    /// A SKU is to be made.
    Makes,
}

/// A wish that was found to be possible.
pub(crate) struct Prepared {
    product: Product,
    ways: Vec<Way>,
    before: Option<HeldProduct>,
}

impl App {
    /// Makes a product or changes one.
    ///
    /// # Errors
    /// Why it was not kept; then nothing of it was.
    pub async fn save_product(
        &self,
        organization: OrganizationId,
        member: MemberId,
        wish: Wish,
    ) -> Result<ProductId, ProductError> {
        for _ in 1..MAX_TRIES {
            let kept = self.try_product(organization, member, wish.clone()).await;
            let raced = matches!(&kept, Err(ProductError::App(AppError::Store(StoreError::Duplicate(_)))));
            if !raced {
                return kept;
            }
        }
        self.try_product(organization, member, wish).await
    }

    async fn try_product(
        &self,
        organization: OrganizationId,
        member: MemberId,
        wish: Wish,
    ) -> Result<ProductId, ProductError> {
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                tenant.hold_catalogue()?;
                match prepare(tenant, wish)? {
                    Ok(prepared) => app.keep_product(tenant, member, prepared).map(Ok),
                    Err(refused) => Ok(Err(refused)),
                }
            })
            .await?
    }

    pub(crate) fn keep_product(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        prepared: Prepared,
    ) -> StoreResult<ProductId> {
        let Prepared { mut product, ways, before } = prepared;
        let (actor, now) = (Actor::Member(member), self.clock().now());
        let unchanged = before.as_ref().filter(|held| held.product == product);
        if let Some(held) = unchanged {
            return Ok(held.id);
        }
        for (at, way) in ways.iter().enumerate() {
            let title = product.variants.get(at).map(|variant| product.title_of(variant)).unwrap_or_default();
            let Some(variant) = product.variants.get_mut(at) else { continue };
            let known = match way {
                Way::Stays(before, known) => {
                    if let Some(sku) = variant.sku.filter(|_| *before != title) {
                        tenant.title_sku(sku, &title)?;
                    }
                    Some(known.clone())
                }
                Way::Adopts => match variant.sku {
                    Some(sku) => {
                        tenant.title_sku(sku, &title)?;
                        let known = tenant.facts_of(sku)?;
                        variant.facts = variant.facts.clone().or(known.clone());
                        Some(known)
                    }
                    None => None,
                },
                Way::Makes => {
                    let id = SkuId::new(now, self.entropy());
                    let made = tenant.create_sku(id, &variant.code, &title, now)?;
                    if made.id != id {
                        // Somebody took the code since it was looked up.
                        return Err(StoreError::Duplicate(String::from("sku")));
                    }
                    variant.sku = Some(id);
                    None
                }
            };
            let Some(sku) = variant.sku else { continue };
            self.keep_facts(tenant, sku, known.as_ref(), &variant.facts, &actor)?;
        }
        let variants = product.variants.len();
        let Some(held) = before else {
            let id = ProductId::new(now, self.entropy());
            tenant.insert_product(id, &product, &actor, now)?;
            let deed = Deed::new(actor, "product.created", id.to_string()).with("variants", variants);
            self.outcome(tenant, &deed, "ok")?;
            return Ok(id);
        };
        if !tenant.update_product(held.id, held.version, &product, &actor, now)? {
            return Err(StoreError::RowCount { expected: 1, touched: 0 });
        }
        let deed = Deed::new(actor, "product.changed", held.id.to_string())
            .with("parts", product.changed(&held.product).join(" "))
            .with("variants", variants)
            .with("version", held.version + 1);
        self.outcome(tenant, &deed, "ok")?;
        Ok(held.id)
    }

    pub(crate) fn keep_facts(
        &self,
        tenant: &mut Tenant<'_, '_>,
        sku: SkuId,
        known: Option<&Facts>,
        facts: &Facts,
        actor: &Actor,
    ) -> StoreResult<()> {
        let nothing = Facts::default();
        let known = known.unwrap_or(&nothing);
        if known != facts {
            tenant.keep_facts(sku, facts)?;
        }
        if known.costs_as(facts) {
            return Ok(());
        }
        tenant.keep_cost(sku, facts, actor, self.clock().now())?;
        let words = |facts: &Facts| {
            let cost = facts.cost.map_or_else(|| "none".to_owned(), |cost| cost.minor.to_string());
            let tax = facts.tax_basis_points.map_or_else(|| "none".to_owned(), |tax| tax.to_string());
            (cost, tax)
        };
        let (before, after) = (words(known), words(facts));
        let deed = Deed::new(actor.clone(), "sku.cost_set", sku.to_string())
            .with("from_minor", before.0)
            .with("to_minor", after.0)
            .with("from_tax", before.1)
            .with("to_tax", after.1);
        self.outcome(tenant, &deed, "ok")
    }

    /// Puts a product away, or takes it back. Its SKUs, their stock and their listings stay as they are.
    pub async fn archive_product(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ProductId,
        away: bool,
    ) -> Result<(), AppError> {
        let (app, now) = (self.clone(), self.clock().now());
        let found = self
            .organization(organization)
            .write(move |tenant| {
                let actor = Actor::Member(member);
                // Whoever saves it just now has looked it up already.
                tenant.hold_catalogue()?;
                if tenant.archive_product(id, away.then_some(now), &actor, now)? {
                    let action = if away { "product.archived" } else { "product.restored" };
                    app.outcome(tenant, &Deed::new(actor, action, id.to_string()), "ok")?;
                }
                Ok(tenant.product(id)?.is_some())
            })
            .await?;
        if found { Ok(()) } else { Err(AppError::NotFound("product")) }
    }
}

/// Looks everything up that a wish needs, and says what stands in its way.
pub(crate) fn prepare(
    tenant: &mut Tenant<'_, '_>,
    wish: Wish,
) -> StoreResult<Result<Prepared, ProductError>> {
    let Wish { of, mut product, agreed } = wish;
    let mut before = None;
    if let Some((id, seen)) = of {
        let Some(held) = tenant.product(id)? else {
            return Ok(Err(AppError::NotFound("product").into()));
        };
        if held.version != seen {
            return Ok(Err(ProductError::Stale(Box::new(held))));
        }
        before = Some(held);
    }
    let (mut ways, mut found, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &mut product.variants {
        if let Some(sku) = variant.sku {
            let product = before.as_ref().map(|held| &held.product);
            let known = product.and_then(|product| {
                let held = product.variants.iter().find(|held| held.sku == Some(sku))?;
                Some((held, product.title_of(held)))
            });
            let Some((held, title)) = known else {
                return Ok(Err(AppError::NotFound("SKU").into()));
            };
            // What stock and listings know it by stays.
            variant.code.clone_from(&held.code);
            ways.push(Way::Stays(title, held.facts.clone()));
            continue;
        }
        match tenant.code_owner(&variant.code)? {
            None => ways.push(Way::Makes),
            Some(owner) if owner.product.is_some() => taken.push(variant.code.clone()),
            Some(owner) => {
                variant.sku = Some(owner.sku);
                let on_hand_units = owner.tally.on_hand_units;
                found.push(Found { code: variant.code.clone(), title: owner.title, on_hand_units });
                ways.push(Way::Adopts);
            }
        }
    }
    if !taken.is_empty() {
        return Ok(Err(ProductError::Taken(taken)));
    }
    let known = before.as_ref().map(|held| &held.product);
    if questions(known, &product, &found, agreed).is_empty() {
        return Ok(Ok(Prepared { product, ways, before }));
    }
    let all = questions(known, &product, &found, Agreed::default());
    Ok(Err(ProductError::Asks(all)))
}
