//! Items as a seller's client reads them (fact sheet §5).

use serde_json::{Value, json};

use super::World;
use super::args::Args;
use super::envelope::{ok, refuse};
use super::item::{Item, ItemStatus, base_document, model_document, tier_documents};
use super::market::Door;
use super::shop::own_id;
use super::world::secs;
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get};
use crate::text::reais;

/// Items of a page, and of one question by ids.
const ITEMS_PAGE_MAX: i64 = 100;
const ITEMS_ASKED_MAX: usize = 50;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/product/get_item_list", Door::Shop, list),
        get("/api/v2/product/get_item_base_info", Door::Shop, base_info),
        get("/api/v2/product/get_item_extra_info", Door::Shop, extra_info),
        get("/api/v2/product/get_model_list", Door::Shop, models),
        get("/api/v2/product/search_item", Door::Shop, search),
        get("/api/v2/product/get_item_promotion", Door::Shop, promotions),
        get("/api/v2/product/get_item_violation_info", Door::Shop, violations),
    ]
}

pub(crate) fn unknown_item() -> Reply {
    refuse("product.error_item_not_found", "Item_id is not found.")
}

/// The shop's own items, newest change last.
fn own_items<'a>(world: &'a World, call: &Call) -> Result<Vec<&'a Item>, Reply> {
    let shop = own_id(call)?;
    Ok(world.items.values().filter(|item| item.shop_id == shop).collect())
}

/// One of the shop's own items.
pub(crate) fn own_item<'a>(world: &'a World, call: &Call, id: i64) -> Result<&'a Item, Reply> {
    let shop = own_id(call)?;
    world.items.get(&id).filter(|item| item.shop_id == shop).ok_or_else(unknown_item)
}

fn list(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let page = args.by_offset(ITEMS_PAGE_MAX)?;
    let words = args.some_list("item_status", ItemStatus::ALL.len())?;
    let statuses: Option<Vec<ItemStatus>> = words.iter().map(|word| ItemStatus::from_word(word)).collect();
    let statuses = statuses.ok_or_else(|| args.refuse("invalid field ItemStatus: unknown value"))?;
    let (from, to) = (args.instant("update_time_from")?, args.instant("update_time_to")?);
    let mut items: Vec<&Item> = own_items(world, call)?
        .into_iter()
        .filter(|item| statuses.contains(&item.status))
        .filter(|item| from.is_none_or(|from| secs(item.updated) >= secs(from)))
        .filter(|item| to.is_none_or(|to| secs(item.updated) <= secs(to)))
        .collect();
    items.sort_by_key(|item| (std::cmp::Reverse(item.updated), item.id));
    let (rows, more) = page.of(&items);
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|item| json!({"item_id": item.id, "item_status": item.status, "update_time": secs(item.updated), "tag": {"kit": false}}))
        .collect();
    let mut body = json!({"total_count": items.len(), "has_next_page": more});
    body["next_offset"] = json!(if more { page.next() } else { 0 });
    // An empty page has no list at all.
    if !rows.is_empty() {
        body["item"] = json!(rows);
    }
    ok(body)
}

fn asked<'a>(world: &'a World, call: &Call, args: &Args) -> Result<Vec<&'a Item>, Reply> {
    let ids = args.ids("item_id_list", ITEMS_ASKED_MAX)?;
    let items = own_items(world, call)?;
    let found: Vec<&Item> = items.into_iter().filter(|item| ids.contains(&item.id)).collect();
    if found.is_empty() { Err(unknown_item()) } else { Ok(found) }
}

fn base_info(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let (with_tax, with_policy) = (args.flag("need_tax_info")?, args.flag("need_complaint_policy")?);
    let rows = asked(world, call, &args)?.into_iter().map(|item| {
        let mut row = base_document(world, item, with_tax);
        if with_policy {
            row["complaint_policy"] = json!({});
        }
        row
    });
    ok(json!({"item_list": rows.collect::<Vec<_>>()}))
}

fn extra_info(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = asked(world, call, &args)?.into_iter().map(|item| {
        let stars: Vec<i64> =
            world.reviews.iter().filter(|it| it.item_id == item.id).map(|it| it.stars).collect();
        let count = i64::try_from(stars.len()).unwrap_or(0);
        // Hundredths of a star go out as a number with two decimals, as prices do.
        let rating = if count == 0 { 0 } else { stars.iter().sum::<i64>() * 100 / count };
        json!({"item_id": item.id, "sale": item.sold, "views": item.sold * 7, "likes": item.sold / 2,
            "rating_star": reais(rating), "comment_count": count})
    });
    ok(json!({"item_list": rows.collect::<Vec<_>>()}))
}

fn models(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let item = own_item(world, call, args.int("item_id")?)?;
    let (tiers, standard) = tier_documents(world, item);
    let models: Vec<Value> =
        if item.has_models() { item.models.iter().map(model_document).collect() } else { Vec::new() };
    ok(json!({"tier_variation": tiers, "standardise_tier_variation": standard, "model": models}))
}

fn search(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let size = args.page_size(ITEMS_PAGE_MAX, None)?;
    // The offset is opaque text: clients must not count with it.
    let skip = match args.opt_text("offset")? {
        None => 0,
        Some(text) => {
            let number = text.strip_prefix("o_").or(Some(text)).and_then(|text| text.parse::<usize>().ok());
            number.ok_or_else(|| args.refuse("invalid field Offset: wrong value"))?
        }
    };
    let name = args.opt_text("item_name")?.map(str::to_lowercase);
    let sku = args.opt_text("item_sku")?;
    let statuses = args.list("item_status");
    if name.is_none() && sku.is_none() && statuses.is_empty() && !args.has("attribute_status") {
        return Err(args.refuse("one of item_name, item_sku, attribute_status and item_status is required"));
    }
    let hits: Vec<i64> = own_items(world, call)?
        .into_iter()
        .filter(|item| !item.status.is_deleted())
        .filter(|item| name.as_ref().is_none_or(|name| item.name.to_lowercase().contains(name)))
        .filter(|item| sku.is_none_or(|sku| item.sku == sku || item.models.iter().any(|it| it.sku == sku)))
        .filter(|item| statuses.is_empty() || statuses.iter().any(|word| word == item.status.word()))
        .map(|item| item.id)
        .collect();
    let page: Vec<i64> = hits.iter().skip(skip).take(size).copied().collect();
    let next = skip + page.len();
    let next = if next < hits.len() { format!("o_{next}") } else { String::new() };
    ok(json!({"item_id_list": page, "total_count": hits.len(), "next_offset": next}))
}

fn promotions(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = asked(world, call, &args)?.into_iter().map(|item| {
        let running = item.models.iter().filter_map(|model| {
            let campaign = model.campaign.as_ref()?;
            Some(json!({"promotion_type": "Discount Promotions", "promotion_id": campaign.id, "model_id": model.id,
                "start_time": secs(item.created), "end_time": secs(campaign.until),
                "promotion_price_info": [{"promotion_price": reais(campaign.price)}],
                "promotion_stock_info_v2": {"summary_info": {"total_reserved_stock": campaign.reserved}},
                "promotion_staging": "ongoing"}))
        });
        json!({"item_id": item.id, "promotion": running.collect::<Vec<_>>()})
    });
    ok(json!({"success_list": rows.collect::<Vec<_>>(), "failure_list": []}))
}

fn violations(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = asked(world, call, &args)?.into_iter().map(|item| {
        json!({"item_id": item.id, "item_name": item.name, "item_status": item.status, "deboost": item.deboosted,
            "item_status_details": item.violations, "deboost_details": []})
    });
    ok(json!({"item_list": rows.collect::<Vec<_>>()}))
}
