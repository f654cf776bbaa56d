//! Tiers and models (fact sheet §5): up to two tiers, up to fifty models, every combination.

use serde_json::{Map, Value, json};

use super::World;
use super::args::Args;
use super::catalogue::{OPTION_NAME_MAX, TIER_NAME_MAX};
use super::envelope::{bare, ok, refuse};
use super::item::{Item, LOCATION, Model, Tier, TierOption, tier_documents};
use super::item_read::{own_item, unknown_item};
use super::item_write::{change, price_of, ratio_is_fair, stock_of};
use super::market::Door;
use crate::call::Call;
use crate::ids::Series;
use crate::reply::{Answer, Reply};
use crate::table::{Route, post};
use crate::text::reais;

pub(crate) const MODEL_IDS: Series = Series::new("shopee_model", 145_700_000_000);
/// Models of an item.
const MODELS_MAX: usize = 50;
/// Tiers of an item.
const TIERS_MAX: usize = 2;
/// Characters of a model's SKU.
const SKU_MAX: usize = 100;
/// What a model may have of its own.
const OWN: [&str; 3] = ["weight", "dimension", "pre_order"];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/product/init_tier_variation", Door::Shop, init),
        post("/api/v2/product/update_tier_variation", Door::Shop, update_tiers),
        post("/api/v2/product/add_model", Door::Shop, add_models),
        post("/api/v2/product/update_model", Door::Shop, update_models),
        post("/api/v2/product/delete_model", Door::Shop, delete_model),
    ]
}

fn wrong(message: &str) -> Reply {
    refuse("product.error_param", message)
}

/// The tiers in either spelling.
fn read_tiers(args: &Args) -> Result<Vec<Tier>, Reply> {
    let standard = args.raw("standardise_tier_variation").as_array().filter(|rows| !rows.is_empty());
    let (rows, names) = match (standard, args.raw("tier_variation").as_array()) {
        (Some(rows), _) => (rows, ("variation_name", "variation_option_list", "variation_option_name")),
        (None, Some(rows)) => (rows, ("name", "option_list", "option")),
        (None, None) => return Err(wrong("invalid field StandardiseTierVariation: value must  Not Null")),
    };
    if rows.is_empty() || rows.len() > TIERS_MAX {
        return Err(wrong("There must be one or two tiers."));
    }
    let text = |value: &Value, max: usize| {
        let text = value.as_str().filter(|text| !text.is_empty() && text.chars().count() <= max);
        text.map(str::to_owned).ok_or_else(|| wrong("The name of a tier or option is missing or too long."))
    };
    let read_option = |row: &Value| {
        let image = row["image_id"].as_str().or(row["image"]["image_id"].as_str());
        Ok(TierOption {
            id: row["variation_option_id"].as_i64().unwrap_or(0),
            name: text(&row[names.2], OPTION_NAME_MAX)?,
            image_id: image.filter(|id| !id.is_empty()).map(str::to_owned),
        })
    };
    let read_tier = |row: &Value| {
        let options = row[names.1].as_array().filter(|rows| !rows.is_empty());
        let options = options.ok_or_else(|| wrong("A tier needs options."))?;
        Ok(Tier {
            variation_id: row["variation_id"].as_i64().unwrap_or(0),
            group_id: row["variation_group_id"].as_i64().unwrap_or(0),
            name: text(&row[names.0], TIER_NAME_MAX)?,
            options: options.iter().map(read_option).collect::<Result<_, Reply>>()?,
        })
    };
    let tiers = rows.iter().map(read_tier).collect::<Result<Vec<Tier>, Reply>>()?;
    check_tiers(&tiers)?;
    Ok(tiers)
}

fn check_tiers(tiers: &[Tier]) -> Result<(), Reply> {
    for (index, tier) in tiers.iter().enumerate() {
        let pictured = tier.options.iter().filter(|option| option.image_id.is_some()).count();
        if pictured > 0 && (index > 0 || pictured < tier.options.len()) {
            return Err(wrong("Pictures stand on the first tier only, for all its options or for none."));
        }
        let mut names: Vec<&str> = tier.options.iter().map(|option| option.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(wrong("Two options have the same name."));
        }
    }
    Ok(())
}

/// Where a model stands in the tiers.
fn read_index(row: &Value, tiers: &[Tier]) -> Result<Vec<usize>, Reply> {
    let index: Option<Vec<usize>> = row["tier_index"]
        .as_array()
        .and_then(|it| it.iter().map(|at| at.as_u64().and_then(|at| usize::try_from(at).ok())).collect());
    let fits = |index: &Vec<usize>| {
        index.len() == tiers.len() && index.iter().zip(tiers).all(|(at, tier)| *at < tier.options.len())
    };
    index.filter(fits).ok_or_else(|| wrong("invalid field TierIndex: it fits no option"))
}

fn read_model(world: &mut World, row: &Value, tiers: &[Tier]) -> Result<Model, Reply> {
    let sku = row["model_sku"].as_str().unwrap_or_default();
    if sku.chars().count() > SKU_MAX {
        return Err(wrong("invalid field ModelSku: too long"));
    }
    let own = |name: &&&str| !row[**name].is_null();
    Ok(Model {
        tier_index: read_index(row, tiers)?,
        sku: sku.to_owned(),
        price: price_of(&row["original_price"])?,
        stock: stock_of(&row["seller_stock"]).map_err(|why| wrong(&why))?,
        gtin: row["gtin_code"].as_str().unwrap_or_default().to_owned(),
        campaign: None,
        extra: OWN.iter().filter(own).map(|name| ((*name).to_owned(), row[*name].clone())).collect(),
        id: world.ids.next(MODEL_IDS),
    })
}

/// Refuses models that are too many, stand in the same place, or differ too much in price.
fn check_models(models: &[Model]) -> Result<(), Reply> {
    if models.len() > MODELS_MAX {
        return Err(wrong("An item has at most 50 models."));
    }
    let mut places: Vec<&Vec<usize>> = models.iter().map(|model| &model.tier_index).collect();
    places.sort_unstable();
    if places.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(wrong("Two models have the same tier_index."));
    }
    if !ratio_is_fair(models.iter().map(|model| model.price)) {
        return Err(wrong("The highest price must be at most 4 times the lowest one."));
    }
    Ok(())
}

fn init(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let tiers = read_tiers(&args)?;
    let field = if args.raw("model").is_null() { "model_list" } else { "model" };
    let rows = args.rows(field, MODELS_MAX)?;
    change(world, call, id)?;
    let models = rows.iter().map(|row| read_model(world, row, &tiers)).collect::<Result<Vec<_>, Reply>>()?;
    check_models(&models)?;
    let now = world.now;
    let item = world.items.get_mut(&id).ok_or_else(unknown_item)?;
    item.dead_models.extend(item.models.iter().filter(|it| it.id != 0).map(|it| (it.id, now)));
    (item.tiers, item.models) = (tiers, models);
    let item = own_item(world, call, id)?;
    let (tiers, _) = tier_documents(world, item);
    ok(json!({"item_id": id, "tier_variation": tiers, "model": written(&item.models)}))
}

/// What a write says of models: less than a read.
fn written(models: &[Model]) -> Value {
    let row = |model: &Model| {
        json!({"tier_index": model.tier_index, "model_id": model.id, "model_sku": model.sku,
            "price_info": [{"original_price": reais(model.price)}],
            "seller_stock": [{"location_id": LOCATION, "stock": model.stock}]})
    };
    models.iter().map(row).collect()
}

fn update_tiers(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let tiers = read_tiers(&args)?;
    let listed = args.raw("model_list").as_array().cloned();
    let item = change(world, call, id)?;
    if item.tiers.len() != tiers.len() {
        return Err(wrong("The number of tiers cannot be changed here: use init_tier_variation."));
    }
    let mut models = Vec::new();
    for row in listed.iter().flatten() {
        let known = item.model(row["model_id"].as_i64().unwrap_or(0));
        let mut model = known.cloned().ok_or_else(|| wrong("The model does not exist."))?;
        model.tier_index = read_index(row, &tiers)?;
        models.push(model);
    }
    if listed.is_none() {
        // Models keep their places; those whose option is gone go with it.
        let stays =
            |model: &&Model| model.tier_index.iter().zip(&tiers).all(|(at, tier)| *at < tier.options.len());
        models = item.models.iter().filter(stays).cloned().collect();
    }
    check_models(&models)?;
    if models.is_empty() {
        return Err(wrong("At least one model must stay."));
    }
    (item.tiers, item.models) = (tiers, models);
    bare()
}

fn add_models(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let rows = args.rows("model_list", MODELS_MAX)?;
    let item = change(world, call, id)?.clone();
    if !item.has_models() {
        return Err(wrong("The item has no tiers: use init_tier_variation first."));
    }
    let new =
        rows.iter().map(|row| read_model(world, row, &item.tiers)).collect::<Result<Vec<_>, Reply>>()?;
    let all = [item.models, new.clone()].concat();
    check_models(&all)?;
    world.items.get_mut(&id).ok_or_else(unknown_item)?.models = all;
    ok(json!({"model": written(&new)}))
}

fn update_models(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.int("item_id")?;
    let rows = args.rows("model", MODELS_MAX)?;
    let item = change(world, call, id)?;
    if rows.iter().any(|row| item.model(row["model_id"].as_i64().unwrap_or(0)).is_none()) {
        return Err(wrong("The model does not exist."));
    }
    for row in rows {
        update_model(item, row);
    }
    bare()
}

fn update_model(item: &mut Item, row: &Value) {
    let Some(model) = item.model_mut(row["model_id"].as_i64().unwrap_or(0)) else { return };
    for (field, place) in [("model_sku", &mut model.sku), ("gtin_code", &mut model.gtin)] {
        if let Some(text) = row[field].as_str() {
            text.clone_into(place);
        }
    }
    let given = OWN.iter().filter(|name| !row[**name].is_null());
    let own: Map<String, Value> = given.map(|name| ((*name).to_owned(), row[*name].clone())).collect();
    model.extra.extend(own);
}

fn delete_model(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let (id, model_id) = (args.int("item_id")?, args.int("model_id")?);
    let now = world.now;
    let item = change(world, call, id)?;
    let model = item.model(model_id).ok_or_else(|| wrong("The model does not exist."))?;
    if model_id == 0 || item.models.len() == 1 {
        return Err(wrong("The last model cannot be deleted."));
    }
    if model.campaign.is_some() {
        return Err(wrong("A model in a promotion cannot be deleted."));
    }
    item.models.retain(|model| model.id != model_id);
    item.dead_models.insert(model_id, now);
    bare()
}
