//! A listing from its birth to its end. A creation carries a key, so that two tries of one
//! offer are one product; it is looked for all the same, as nobody says how long a key
//! lives. An edit of what is on sale is audited beside it.

use std::collections::BTreeSet;
use std::time::Duration;

use connect::{Account, Answer, Call, ChannelError, ErrorKind, Existing, Publishing, Standing, Submission};
use domain::offer::{Change, Offer};
use domain::{ListingState, Timestamp};
use http::Method;
use serde_json::json;

use super::super::wire::{self as words, Loose, filled, owned};
use super::super::{TikTokShop, error, is_id, version};
use super::{body, objections, region, wire};
use crate::market::refusal;

const CREATE: &str = "create listing";
const FIND: &str = "find listing";
const STANDING: &str = "fetch standing of listing";
const UPDATE: &str = "update listing";
const SET: &str = "put listing on or off sale";
const DELETE: &str = "delete listing";

/// The platform tells whole seconds by a clock of its own.
const CLOCK_SKEW: Duration = Duration::from_mins(5);
/// "Search Products": ten codes at once, a hundred products on a page.
const MOST_CODES: usize = 10;
const FOUND_PAGE: &str = "100";

impl Publishing for TikTokShop {
    fn create<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        tried_since: Option<Timestamp>,
    ) -> Call<'a, Submission> {
        Box::pin(async move {
            if let Some(since) = tried_since {
                let made = self.made_since(CREATE, account, offer, since).await?;
                if let Some(first) = made.into_iter().next() {
                    let external_ids = vec![first.external_id];
                    return Ok(Submission::Taken { external_ids, remarks: Vec::new() });
                }
            }
            let warehouse = self.warehouse(account).await?;
            let tree = region(&self.config.region).tree;
            let body = body::product(offer, &warehouse, tree).to_string();
            let path = ["product", version::PRODUCT, "products"];
            let spec = self.request(CREATE, Method::POST, account, &path)?.json(body);
            self.written(spec, None).await
        })
    }

    fn find<'a>(
        &'a self,
        account: &'a Account,
        offer: &'a Offer,
        since: Timestamp,
    ) -> Call<'a, Vec<Existing>> {
        Box::pin(self.made_since(FIND, account, offer, since))
    }

    fn standing<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Standing> {
        Box::pin(async move { Ok(self.stands(STANDING, account, external_id).await?.0) })
    }

    fn update<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        change: &'a Change,
    ) -> Call<'a, Submission> {
        Box::pin(async move {
            if change.is_nothing() {
                let external_ids = vec![external_id.to_owned()];
                return Ok(Submission::Taken { external_ids, remarks: Vec::new() });
            }
            let path = ["product", version::PARTIAL_EDIT, "products", external_id, "partial_edit"];
            let body = body::change(change).to_string();
            let spec = self.request(UPDATE, Method::POST, account, &path)?.json(body);
            self.written(spec, Some(external_id)).await
        })
    }

    fn set_on_sale<'a>(
        &'a self,
        account: &'a Account,
        external_id: &'a str,
        on_sale: bool,
    ) -> Call<'a, Standing> {
        Box::pin(async move {
            let (before, _) = self.stands(SET, account, external_id).await?;
            // Either step is refused where it has been made already.
            if goes_up(&before) == on_sale {
                return Ok(before);
            }
            let step = if on_sale { "activate" } else { "deactivate" };
            let path = ["product", version::PRODUCT, "products", step];
            let body = json!({ "product_ids": [external_id] }).to_string();
            let spec = self.request(SET, Method::POST, account, &path)?.json(body);
            error::wholly_succeeded(self.ask(spec).await?)?;
            let (after, answer) = self.stands(SET, account, external_id).await?;
            if goes_up(&after) == on_sale { Ok(after) } else { Err(answer.fail(ErrorKind::WriteNotApplied)) }
        })
    }

    fn delete<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, ()> {
        Box::pin(async move {
            let (_, _, answer) = self.read_product(DELETE, account, external_id).await?;
            let product: wire::Audited = words::data(&answer)?;
            if filled(product.status.as_ref()) == Some("DELETED") {
                return Ok(());
            }
            let path = ["product", version::PRODUCT, "products"];
            let body = json!({ "product_ids": [external_id] }).to_string();
            let spec = self.request(DELETE, Method::DELETE, account, &path)?.json(body);
            error::wholly_succeeded(self.ask(spec).await?)?;
            Ok(())
        })
    }
}

/// Whether a product is on sale or on its way there.
fn goes_up(standing: &Standing) -> bool {
    let status = standing.platform_status.split('/').next().unwrap_or_default();
    matches!(status, "ACTIVATE" | "PENDING" | "SCHEDULED") && standing.state != ListingState::Closed
}

impl TikTokShop {
    /// Makes a call that hands in what an offer says: a new product, or `edited`.
    async fn written(
        &self,
        spec: connect::CallSpec,
        edited: Option<&str>,
    ) -> Result<Submission, ChannelError> {
        let answer = match self.ask(spec).await {
            Ok(answer) => answer,
            Err(error) => return objections::of(error).map(Submission::Refused),
        };
        let written: wire::Written = words::data(&answer)?;
        let id = owned(written.product_id.as_ref()).filter(|id| is_id(id));
        let id = id.or_else(|| edited.map(str::to_owned));
        let Some(id) = id.filter(|id| edited.is_none_or(|edited| edited == id)) else {
            return Err(answer.garbled("no product_id, or another product's"));
        };
        let remarks = objections::remarks(&answer, written.warnings.as_deref().unwrap_or_default());
        Ok(Submission::Taken { external_ids: vec![id], remarks })
    }

    /// The warehouse that new products' units are put into: the default one that sells.
    async fn warehouse(&self, account: &Account) -> Result<String, ChannelError> {
        let path = ["logistics", version::WAREHOUSES, "warehouses"];
        let answer = self.ask(self.request(CREATE, Method::GET, account, &path)?).await?;
        let found: wire::Warehouses = words::data(&answer)?;
        let all = found.warehouses.unwrap_or_default();
        let sells = |it: &&wire::Warehouse| {
            filled(it.kind.as_ref()) == Some("SALES_WAREHOUSE")
                && filled(it.effect_status.as_ref()).is_none_or(|status| status == "ENABLED")
                && filled(it.id.as_ref()).is_some_and(|id| !self.config.platform_warehouses.contains(id))
        };
        let is_default = |it: &&wire::Warehouse| it.is_default.as_ref().is_some_and(Loose::is_true);
        let chosen = all.iter().filter(sells).find(is_default).or_else(|| all.iter().find(sells));
        let id = chosen.and_then(|it| owned(it.id.as_ref())).filter(|id| is_id(id));
        id.ok_or_else(|| {
            answer.fail(ErrorKind::Refused {
                code: "12052115".into(),
                message: "the shop has no warehouse that sells; set one up in the seller centre".into(),
            })
        })
    }

    /// Products made since `since` that carry codes of the offer.
    async fn made_since(
        &self,
        operation: &'static str,
        account: &Account,
        offer: &Offer,
        since: Timestamp,
    ) -> Result<Vec<Existing>, ChannelError> {
        let codes: BTreeSet<&str> = offer.variants.iter().map(|it| it.seller_sku.as_str()).collect();
        let asked: Vec<&str> = codes.iter().copied().take(MOST_CODES).collect();
        let path = ["product", version::PRODUCT_SEARCH, "products", "search"];
        let body = json!({ "seller_skus": asked, "status": "ALL" }).to_string();
        let spec =
            self.request(operation, Method::POST, account, &path)?.query("page_size", FOUND_PAGE).json(body);
        let answer = self.ask(spec).await?;
        let found: wire::Found = words::data(&answer)?;
        let from = since.minus(CLOCK_SKEW);
        let mut existing = Vec::new();
        for product in found.products.unwrap_or_default() {
            let id = owned(product.id.as_ref()).filter(|id| is_id(id));
            let id = id.ok_or_else(|| answer.garbled("a product without its id"))?;
            let created = product.create_time.as_ref().and_then(Loose::unix_seconds);
            let is_over = filled(product.status.as_ref()) == Some("DELETED");
            let held = product.skus.iter().flatten().filter_map(|sku| owned(sku.seller_sku.as_ref()));
            let held: BTreeSet<String> = held.filter(|code| codes.contains(code.as_str())).collect();
            if !is_over && !held.is_empty() && created.is_some_and(|created| created >= from) {
                existing.push(Existing { external_id: id, seller_skus: held.into_iter().collect() });
            }
        }
        existing.sort_by(|one, other| one.external_id.cmp(&other.external_id));
        Ok(existing)
    }

    /// Where a product stands, and the answer that says so.
    async fn stands(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<(Standing, Answer), ChannelError> {
        if !is_id(id) {
            return Err(refusal::id(operation));
        }
        let (_, shown, answer) = self.read_product(operation, account, id).await?;
        let product: wire::Audited = words::data(&answer)?;
        let Some(first) = shown.into_iter().next() else {
            return Err(answer.garbled("a product without variations"));
        };
        let failures = product.audit_failed_reasons.unwrap_or_default();
        // Of a listing the word says whether it takes a quantity, and that it does while it is looked at.
        let state = match first.platform_status.split('/').next() {
            Some("PENDING") => ListingState::UnderReview,
            Some("FAILED") => ListingState::NeedsAttention,
            _ => first.state,
        };
        let standing = Standing {
            external_id: id.to_owned(),
            state,
            platform_status: first.platform_status,
            objections: objections::audit(&answer, &failures),
        };
        Ok((standing, answer))
    }
}
