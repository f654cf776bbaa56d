//! What people do with drafts: look at them with everything that their category asks, choose a
//! category, save what they typed.
//!
//! A draft is kept as it was typed, complete or not. What stands in its way is read anew each time,
//! by the platform's rules; those are asked of the platform and remembered for a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connect::{Category, ErrorKind};
use domain::attribute::{Need, Rules};
use domain::draft::{Draft, Goods, Reading, Shot, TooMuch};
use domain::offer::Brand;
use domain::{
    Actor, ConnectionId, ConnectionState, DraftId, MemberId, OrganizationId, ProductId, SkuId, Timestamp,
};
use store::catalogue::HeldProduct;
use store::connections::Connection;
use store::drafts::{HeldDraft, HeldPublication};
use store::{StoreError, StoreResult, Tenant};

use crate::audit::Deed;
use crate::caller::Caller;
use crate::error::AppError;
use crate::prices::{Pricing, Pricings, floor_faults};
use crate::{App, Change};

/// What a category asks is asked anew after this span: platforms change it now and then.
const RULES_LAST: Duration = Duration::from_mins(10);
/// Categories remembered at once; beyond that the oldest goes.
const MAX_REMEMBERED: usize = 128;
/// Pages of brands that are read of one category: a seller's own brand stands among the first, or is typed.
const BRAND_PAGES: u32 = 3;
/// Parts of a category's path that are kept for people, joined.
const PATH_MARK: &str = " › ";

/// What a category asks, with the brands that it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The rules.
    pub rules: Rules,
    /// Brands, where one is asked for beside the attributes.
    pub brands: Vec<Brand>,
}

type Remembered = BTreeMap<(ConnectionId, String), (Timestamp, Arc<Asked>)>;

/// What categories asked a while ago.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Remembered>);

impl Memory {
    fn get(&self, key: &(ConnectionId, String), now: Timestamp) -> Option<Arc<Asked>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, asked) = held.get(key)?;
        (at.plus(RULES_LAST) > now).then(|| Arc::clone(asked))
    }

    fn put(&self, key: (ConnectionId, String), now: Timestamp, asked: Arc<Asked>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(key, (now, asked));
        while held.len() > MAX_REMEMBERED {
            let oldest = held.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            held.remove(&oldest);
        }
    }
}

/// A draft as somebody looks at it.
#[derive(Debug)]
pub struct OpenDraft {
    /// The product.
    pub product: HeldProduct,
    /// The account.
    pub connection: Connection,
    /// What was typed; what the product tells while nobody typed anything.
    pub draft: Draft,
    /// Its version; 0 while it was never saved.
    pub version: i64,
    /// When it was saved last; `None` while it never was.
    pub saved_at: Option<Timestamp>,
    /// What became of it.
    pub publication: Option<HeldPublication>,
    /// What its category asks; `None` while none is chosen, or why the platform does not say.
    pub asked: Result<Option<Arc<Asked>>, AppError>,
    /// What the offer is made of beside what was typed.
    pub stock: Stock,
}

/// What a draft's offer is made of beside what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// The product's pictures.
    pub pictures: Vec<HeldPicture>,
    /// What each SKU may sell at the account when it is born.
    pub units: BTreeMap<SkuId, i64>,
    /// SKUs that are split: their listings are born with nothing and are given their share.
    pub split: Vec<SkuId>,
    /// What each SKU is priced by at the account.
    pub pricings: Pricings,
}

/// A picture of the product, as far as publishing asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPicture {
    /// Its name for the store.
    pub id: domain::PictureId,
    /// The variant that it shows alone.
    pub sku: Option<SkuId>,
    /// What is in it.
    pub sha256: Vec<u8>,
}

impl Stock {
    pub(crate) fn of(
        tenant: &mut Tenant<'_, '_>,
        held: &HeldProduct,
        connection: ConnectionId,
        now: Timestamp,
    ) -> StoreResult<Self> {
        let mut stock = Self::default();
        let fees = tenant.fees_at(connection, now)?;
        for picture in tenant.pictures_of(held.id)? {
            stock.pictures.push(HeldPicture {
                id: picture.id,
                sku: picture.sku,
                sha256: picture.sha256.to_vec(),
            });
        }
        for id in held.product.variants.iter().filter_map(|variant| variant.sku) {
            let Some(sku) = tenant.sku(id)? else { continue };
            let is_split = tenant.sku_split(id)?.is_some_and(|split| split.is_split);
            if is_split {
                stock.split.push(id);
            }
            stock.pricings.insert(id, Pricing::with(tenant, connection, id, fees.clone())?);
            stock.units.insert(id, if is_split { 0 } else { sku.tally.available_units() });
        }
        Ok(stock)
    }

    /// Stands for pictures that are not uploaded yet: the rules count them.
    fn shots(&self) -> Vec<Shot> {
        self.pictures.iter().map(|picture| Shot { id: picture.id.to_string(), sku: None }).collect()
    }

    /// What a draft comes to with the product's pictures, uploaded or not.
    #[must_use]
    pub fn read(&self, draft: &Draft, held: &HeldProduct, asked: &Asked) -> Reading {
        let shots = self.shots();
        self.offer(draft, held, asked, &shots, "draft")
    }

    pub(crate) fn offer(
        &self,
        draft: &Draft,
        held: &HeldProduct,
        asked: &Asked,
        shots: &[Shot],
        reference: &str,
    ) -> Reading {
        let goods = Goods {
            product: &held.product,
            pictures: shots,
            units: &self.units,
            brands: &asked.brands,
            reference,
        };
        let mut reading = draft.offer(&asked.rules, &goods);
        // Nothing to sell is refused by every platform; a share of split units comes right after.
        if self.split.is_empty() && reading.offer.variants.iter().all(|variant| variant.quantity_units == 0) {
            let fault = domain::offer::Fault {
                field: domain::offer::Field::Quantity(0),
                mend: domain::offer::Mend::Raise(1),
            };
            reading.faults.push(fault);
        }
        let skus: Vec<Option<SkuId>> = held.product.variants.iter().map(|variant| variant.sku).collect();
        reading.faults.extend(floor_faults(&reading.offer, &skus, &self.pricings));
        reading
    }
}

/// A draft as somebody wants it kept.
#[derive(Debug, Clone)]
pub struct DraftWish {
    /// Of which product.
    pub product: ProductId,
    /// For which account.
    pub connection: ConnectionId,
    /// The version that they looked at; 0 where there was none.
    pub seen: i64,
    /// What they typed.
    pub draft: Draft,
}

/// Why a draft was not kept.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// Somebody else changed it since; this is what it is now.
    #[error("somebody else changed the draft meanwhile")]
    Stale(Box<HeldDraft>),
    /// More than is kept.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The category has others below it, or takes no offers.
    #[error("the category takes no offers")]
    NoLeaf,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for DraftError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// Categories to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shelf {
    /// What the platform proposes for the words, the likeliest first, each with its path.
    pub proposed: Vec<Category>,
    /// Where in the tree somebody stands, the root first; empty at the top.
    pub path: Vec<Category>,
    /// The categories right below.
    pub below: Vec<Category>,
}

impl App {
    /// A draft with everything that is needed to look at it.
    pub async fn open_draft(
        &self,
        organization: OrganizationId,
        product: ProductId,
        connection: ConnectionId,
    ) -> Result<OpenDraft, AppError> {
        let mut open = self.held_draft(organization, product, connection).await?;
        open.asked = self.asked_of(organization, connection, &open.draft.category).await;
        Ok(open)
    }

    /// The same without asking the platform for anything.
    pub(crate) async fn held_draft(
        &self,
        organization: OrganizationId,
        product: ProductId,
        connection: ConnectionId,
    ) -> Result<OpenDraft, AppError> {
        let now = self.clock().now();
        let found = self
            .organization(organization)
            .read(move |tenant| {
                let (Some(product), Some(account)) =
                    (tenant.product(product)?, tenant.connection(connection)?)
                else {
                    return Ok(None);
                };
                let held = tenant.draft_for(product.id, connection)?;
                let publication =
                    held.as_ref().map(|held| tenant.publication(held.id)).transpose()?.flatten();
                let stock = Stock::of(tenant, &product, connection, now)?;
                Ok(Some((product, account, held, publication, stock)))
            })
            .await?;
        let (product, connection, held, publication, stock) = found.ok_or(AppError::NotFound("product"))?;
        let version = held.as_ref().map_or(0, |held| held.version);
        let saved_at = held.as_ref().map(|held| held.updated_at);
        let draft = held.map_or_else(|| Draft::of(&product.product), |held| held.draft);
        Ok(OpenDraft { product, connection, draft, version, saved_at, publication, asked: Ok(None), stock })
    }

    /// What a category asks; `None` for no category.
    pub async fn asked_of(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        category: &str,
    ) -> Result<Option<Arc<Asked>>, AppError> {
        if category.is_empty() {
            return Ok(None);
        }
        let (key, now) = ((connection, category.to_owned()), self.clock().now());
        if let Some(asked) = self.categories.get(&key, now) {
            return Ok(Some(asked));
        }
        let caller = self.caller(organization, connection).await?;
        let Some(attributes) = caller.channel.attributes() else { return Ok(None) };
        let read = attributes.rules(&caller.account, category).await;
        let rules = caller.heard(read).await?;
        let brands =
            if rules.brand == Need::Optional { Vec::new() } else { brands(&caller, category).await? };
        let asked = Arc::new(Asked { rules, brands });
        self.categories.put(key, now, Arc::clone(&asked));
        Ok(Some(asked))
    }

    /// Keeps what somebody typed. Gives the draft's version.
    ///
    /// # Errors
    /// Why it was not kept; then nothing of it was.
    pub async fn save_draft(
        &self,
        organization: OrganizationId,
        member: MemberId,
        wish: DraftWish,
    ) -> Result<i64, DraftError> {
        wish.draft.fits()?;
        let (app, product, connection) = (self.clone(), wish.product, wish.connection);
        let version = self
            .organization(organization)
            .write(move |tenant| app.keep_draft(tenant, &Actor::Member(member), &wish))
            .await?
            .map_err(|stale| DraftError::Stale(Box::new(stale)))?
            .ok_or(DraftError::App(AppError::NotFound("product")))?;
        self.announce(organization, Change::Draft { product, connection, version });
        Ok(version)
    }

    fn keep_draft(
        &self,
        tenant: &mut Tenant<'_, '_>,
        actor: &Actor,
        wish: &DraftWish,
    ) -> StoreResult<Result<Option<i64>, HeldDraft>> {
        let now = self.clock().now();
        tenant.hold_draft(wish.product, wish.connection)?;
        let (product, account) = (tenant.product(wish.product)?, tenant.connection(wish.connection)?);
        let known = product.is_some() && account.is_some_and(|it| it.state != ConnectionState::Disconnected);
        if !known {
            return Ok(Ok(None));
        }
        let deed = |action, id: DraftId, version: i64| {
            let deed = Deed::new(actor.clone(), action, id.to_string()).with("product", wish.product);
            deed.with("connection", wish.connection).with("version", version)
        };
        let Some(held) = tenant.draft_for(wish.product, wish.connection)? else {
            let id = DraftId::new(now, self.entropy());
            tenant.insert_draft(id, wish.product, wish.connection, &wish.draft, actor, now)?;
            self.outcome(tenant, &deed("draft.created", id, 1), "ok")?;
            return Ok(Ok(Some(1)));
        };
        if held.draft == wish.draft {
            return Ok(Ok(Some(held.version)));
        }
        if held.version != wish.seen {
            return Ok(Err(held));
        }
        if !tenant.update_draft(held.id, held.version, &wish.draft, actor, now)? {
            return Err(StoreError::RowCount { expected: 1, touched: 0 });
        }
        self.outcome(tenant, &deed("draft.changed", held.id, held.version + 1), "ok")?;
        Ok(Ok(Some(held.version + 1)))
    }

    /// Categories for words, and those below one.
    pub async fn category_shelf(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        words: &str,
        under: Option<&str>,
    ) -> Result<Shelf, AppError> {
        let caller = self.caller(organization, connection).await?;
        let Some(tree) = caller.channel.categories() else { return Ok(Shelf::default()) };
        let mut found = Shelf::default();
        if !words.trim().is_empty() {
            let proposed = tree.predict(&caller.account, words.trim()).await;
            found.proposed = caller.heard(proposed).await?;
        }
        if let Some(under) = under {
            let path = tree.path(&caller.account, under).await;
            found.path = caller.heard(path).await?;
        }
        let below = tree.children(&caller.account, under).await;
        found.below = caller.heard(below).await?;
        Ok(found)
    }

    /// Puts a draft into a category. Gives the draft's version.
    ///
    /// # Errors
    /// Why it was not put there; the draft is as it was.
    pub async fn choose_category(
        &self,
        organization: OrganizationId,
        member: MemberId,
        product: ProductId,
        connection: ConnectionId,
        category: &str,
    ) -> Result<i64, DraftError> {
        let open = self.open_draft(organization, product, connection).await?;
        let caller = self.caller(organization, connection).await?;
        let tree = caller.channel.categories().ok_or(AppError::NotFound("category"))?;
        let read = tree.path(&caller.account, category).await;
        let path = match caller.heard(read).await {
            Err(AppError::Channel(error)) if is_unknown(&error.kind) => return Err(DraftError::NoLeaf),
            read => read?,
        };
        if path.last().is_none_or(|last| last.takes_offers == Some(false)) {
            return Err(DraftError::NoLeaf);
        }
        let names: Vec<&str> = path.iter().map(|part| part.name.as_str()).collect();
        let mut draft = open.draft;
        category.clone_into(&mut draft.category);
        draft.category_name = names.join(PATH_MARK);
        match self.asked_of(organization, connection, category).await {
            Ok(Some(asked)) => draft.fill(&asked.rules, &open.product.product),
            Ok(None) => {}
            Err(AppError::Channel(error)) if is_unknown(&error.kind) => return Err(DraftError::NoLeaf),
            Err(error) => return Err(error.into()),
        }
        let wish = DraftWish { product, connection, seen: open.version, draft };
        self.save_draft(organization, member, wish).await
    }
}

/// Whether a platform says that there is no such category for offers.
const fn is_unknown(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Refused { .. } | ErrorKind::NotFound)
}

async fn brands(caller: &Caller, category: &str) -> Result<Vec<Brand>, AppError> {
    let Some(attributes) = caller.channel.attributes() else { return Ok(Vec::new()) };
    let (mut all, mut cursor) = (Vec::new(), None);
    for _ in 0..BRAND_PAGES {
        let read = attributes.brands(&caller.account, category, cursor.as_deref()).await;
        let page = caller.heard(read).await?;
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(all)
}
