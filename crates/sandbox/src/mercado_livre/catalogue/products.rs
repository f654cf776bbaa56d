//! Catalog products, promotions, visits and reviews: enough to read (fact sheet §6, §9).

use serde_json::{Value, json};

use super::data::{CATEGORIES, Category};
use super::pages::LISTING_LIFE;
use crate::call::Call;
use crate::dates::zulu;
use crate::mercado_livre::gate::{ANY_TOKEN, METRICS, PROMOTIONS, PUBLISHING};
use crate::mercado_livre::item::{Item, attribute_text};
use crate::mercado_livre::{SITE, World};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get};
use crate::text::reais;

/// Catalog products of a leaf.
const PRODUCTS_PER_LEAF: u64 = 3;
/// Where product numbers begin.
const FIRST_PRODUCT: u64 = 19_000_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/products/search", PUBLISHING, search),
        get("/products/{id}", PUBLISHING, show),
        get("/products/{id}/items", PUBLISHING, list_offers),
        get("/items/{id}/catalog_listing_eligibility", PUBLISHING, eligibility),
        get("/items/{id}/price_to_win", PUBLISHING, price_to_win),
        get("/item/{id}/performance", PUBLISHING, performance),
        get("/items/visits", METRICS, item_visits),
        get("/users/{id}/items_visits", METRICS, user_visits),
        get("/reviews/item/{id}", ANY_TOKEN, reviews),
        get("/seller-promotions/users/{id}", PROMOTIONS, user_promotions),
        get("/seller-promotions/items/{id}", PROMOTIONS, item_promotions),
        get("/seller-promotions/offers/{id}", PROMOTIONS, no_offer),
        get("/seller-promotions/candidates/{id}", PROMOTIONS, no_offer),
    ]
}

/// A product page of the catalog; made from its place in the tree, so it needs no memory.
struct Product {
    leaf: &'static Category,
    number: u64,
}

impl Product {
    fn all() -> impl Iterator<Item = Self> {
        let leaves = CATEGORIES.iter().filter(|row| row.is_leaf());
        let numbered = (FIRST_PRODUCT..).step_by(10).zip(leaves);
        numbered
            .flat_map(|(first, leaf)| (0..PRODUCTS_PER_LEAF).map(move |at| Self { leaf, number: first + at }))
    }

    fn find(id: &str) -> Option<Self> {
        Self::all().find(|product| product.id() == id)
    }

    fn id(&self) -> String {
        format!("{SITE}{}", self.number)
    }

    fn name(&self) -> String {
        let (_, domain) = self.leaf.domain.unwrap_or_default();
        format!("{domain} Genérica Modelo {}", self.number % 10 + 1)
    }

    /// A GTIN-13 with a right check digit.
    fn gtin(&self) -> String {
        let stem = format!("7899{:08}", self.number);
        let sum: u32 = stem
            .chars()
            .filter_map(|digit| digit.to_digit(10))
            .enumerate()
            .map(|(at, digit)| digit * if at % 2 == 0 { 1 } else { 3 })
            .sum();
        format!("{stem}{}", (10 - sum % 10) % 10)
    }

    fn as_json(&self, world: &World) -> Value {
        let (domain_id, _) = self.leaf.domain.unwrap_or_default();
        json!({
            "id": self.id(),
            "catalog_product_id": self.id(),
            "status": "active",
            "domain_id": domain_id,
            "name": self.name(),
            "family_name": self.name(),
            "type": "PRODUCT",
            "permalink": format!("{}/p/{}", world.base_url, self.id()),
            "attributes": [
                {"id": "BRAND", "name": "Marca", "value_id": "276243", "value_name": "Genérica"},
                {"id": "MODEL", "name": "Modelo", "value_id": null, "value_name": format!("Modelo {}", self.number % 10 + 1)},
                {"id": "GTIN", "name": "Código universal de produto", "value_id": null, "value_name": self.gtin()},
            ],
            "pictures": [],
            "parent_id": null,
            "children_ids": [],
            "settings": {"listing_strategy": "catalog_required", "exclusive": false},
            "buy_box_winner": null,
            "date_created": "2024-03-01T12:00:00Z",
        })
    }
}

/// `GET /products/search?site_id=MLB&status=active&q=|product_identifier=|domain_id=`
fn search(world: &mut World, call: &Call) -> Answer {
    if call.query("site_id").is_some_and(|site| site != SITE) {
        return Err(reply::bad_request("bad_request", "Invalid site_id"));
    }
    let (text, gtin, domain) = (call.query("q"), call.query("product_identifier"), call.query("domain_id"));
    if text.is_none() && gtin.is_none() && domain.is_none() {
        return Err(reply::bad_request(
            "bad_request",
            "One of q, product_identifier or domain_id is required",
        ));
    }
    let page = call.page(10, 50)?;
    let words: Vec<String> =
        text.unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let matches = |product: &Product| {
        let name = product.name().to_lowercase();
        words.iter().all(|word| name.contains(word.as_str()) || product.leaf.words.contains(word.as_str()))
            && gtin.is_none_or(|gtin| product.gtin() == gtin)
            && domain.is_none_or(|domain| product.leaf.domain.is_some_and(|(id, _)| id == domain))
    };
    let found: Vec<Value> = Product::all().filter(matches).map(|product| product.as_json(world)).collect();
    Ok(Reply::ok(json!({
        "keywords": text,
        "query_type": if gtin.is_some() { "PRODUCT_IDENTIFIER" } else { "KEYWORDS" },
        "paging": page.paging(found.len()),
        "results": page.of(&found),
    })))
}

fn wanted(call: &Call) -> Result<Product, Reply> {
    let id = call.param("id");
    Product::find(id).ok_or_else(|| reply::not_found("not_found", &format!("Product with id {id} not found")))
}

fn show(world: &mut World, call: &Call) -> Answer {
    Ok(Reply::ok(wanted(call)?.as_json(world)))
}

fn list_offers(world: &mut World, call: &Call) -> Answer {
    let product = wanted(call)?;
    let page = call.page(50, 100)?;
    let offers: Vec<Value> = world
        .items
        .values()
        .filter(|item| item.catalog_listing && item.catalog_product_id.as_deref() == Some(&product.id()))
        .map(|item| {
            json!({"item_id": item.id, "seller_id": item.seller_id, "price": reais(item.price_minor),
                "currency_id": "BRL", "listing_type_id": item.listing_type_id, "condition": item.condition,
                "category_id": item.category_id, "shipping": item.shipping, "warranty": null})
        })
        .collect();
    if offers.is_empty() {
        return Err(reply::not_found("not_found", "No winners found"));
    }
    Ok(Reply::ok(json!({"paging": page.paging(offers.len()), "results": page.of(&offers)})))
}

fn own_item<'a>(world: &'a World, call: &Call) -> Result<&'a Item, Reply> {
    let id = call.param("id");
    let item = world.items.get(id);
    let item = item.ok_or_else(|| reply::not_found("not_found", &format!("Item with id {id} not found")))?;
    if item.seller_id == call.user_id()? { Ok(item) } else { Err(reply::access_denied()) }
}

/// Products of the catalog with this item's GTIN.
fn eligibility(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    let gtin = attribute_text(&item.attributes, "GTIN");
    let fits = !item.catalog_listing && Product::all().any(|product| gtin == Some(&product.gtin()));
    Ok(Reply::ok(json!({
        "id": item.id,
        "site_id": SITE,
        "domain_id": item.domain_id,
        "buy_box_eligible": fits,
        "variations": [],
        "status": if item.catalog_listing { "ALREADY_OPTED_IN" } else if fits { "READY_FOR_OPTIN" } else { "PRODUCT_NOT_FOUND" },
    })))
}

fn price_to_win(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    let Some(product) = item.catalog_product_id.as_deref().filter(|_| item.catalog_listing) else {
        return Err(reply::not_found("not_found", &format!("Item {} is not a catalog listing", item.id)));
    };
    let rivals = world
        .items
        .values()
        .filter(|other| other.catalog_listing && other.catalog_product_id.as_deref() == Some(product));
    let winner = rivals.min_by_key(|other| (other.price_minor, &other.id)).unwrap_or(item);
    let wins = winner.price_minor == item.price_minor;
    Ok(Reply::ok(json!({
        "item_id": item.id,
        "current_price": reais(item.price_minor),
        "currency_id": "BRL",
        "price_to_win": if wins { Value::Null } else { reais(winner.price_minor - 1) },
        "boosts": [],
        "status": if wins { "winning" } else { "competing" },
        "consistent": true,
        "visit_share": if wins { "maximum" } else { "minimum" },
        "competitors_sharing_first_place": null,
        "reason": [],
        "catalog_product_id": product,
        "winner": {"item_id": winner.id, "price": reais(winner.price_minor), "currency_id": "BRL", "boosts": []},
    })))
}

/// `GET /item/{id}/performance`: how complete a listing is.
fn performance(world: &mut World, call: &Call) -> Answer {
    let item = own_item(world, call)?;
    let goals = [
        ("PICTURES", "Fotos", item.pictures.len() >= 3),
        ("DESCRIPTION", "Descrição", item.description.is_some()),
        ("GTIN", "Código universal de produto", attribute_text(&item.attributes, "GTIN").is_some()),
    ];
    let score = 40 + 20 * goals.iter().filter(|(_, _, met)| *met).count();
    let variables: Vec<Value> = goals
        .iter()
        .map(|(key, title, met)| {
            json!({"key": key, "title": title, "status": if *met { "COMPLETED" } else { "PENDING" },
                "score": if *met { 100 } else { 0 }, "rules": []})
        })
        .collect();
    Ok(Reply::ok(json!({
        "entity_type": "ITEM",
        "entity_id": item.id,
        "score": score,
        "level": if score >= 80 { "Good" } else { "Medium" },
        "level_wording": if score >= 80 { "Profissional" } else { "Satisfatória" },
        "calculated_at": zulu(world.now),
        "buckets": [{"key": "CHARACTERISTICS", "title": "Características", "status": if score == 100 { "COMPLETED" } else { "PENDING" },
            "score": score, "variables": variables}],
    })))
}

/// `GET /items/visits?ids=`: one id only.
fn item_visits(world: &mut World, call: &Call) -> Answer {
    let ids = call.query_list("ids");
    let [id] = ids[..] else {
        return Err(reply::bad_request("bad_request", "The parameter ids takes exactly one item id"));
    };
    if !world.items.contains_key(id) {
        return Err(reply::not_found("not_found", &format!("Item with id {id} not found")));
    }
    Ok(Reply::ok(json!({id: visits(id)})))
}

/// A fixed, believable number for an id.
fn visits(id: &str) -> u32 {
    id.bytes().fold(17, |sum, byte| (sum * 31 + u32::from(byte)) % 2_000)
}

fn user_visits(world: &mut World, call: &Call) -> Answer {
    let seller = call.number("id")?;
    let (Some(from), Some(to)) = (call.query("date_from"), call.query("date_to")) else {
        return Err(reply::bad_request("bad_request", "The parameters date_from and date_to are required"));
    };
    let total: u32 =
        world.items.values().filter(|item| item.seller_id == seller).map(|item| visits(&item.id)).sum();
    Ok(Reply::ok(json!({"user_id": seller, "date_from": from, "date_to": to, "total_visits": total,
        "visits_detail": [{"company": "mercadolibre", "quantity": total}]})))
}

fn reviews(world: &mut World, call: &Call) -> Answer {
    let id = call.param("id");
    if !world.items.contains_key(id) {
        return Err(reply::not_found("not_found", &format!("Item with id {id} not found")));
    }
    let page = call.page(5, 50)?;
    Ok(Reply::ok(json!({
        "paging": {"total": 0, "offset": page.offset, "limit": page.limit, "kvs_total": 0, "reviews_with_comment": 0},
        "reviews": [],
        "rating_average": 0,
        "rating_levels": {"one_star": 0, "two_star": 0, "three_star": 0, "four_star": 0, "five_star": 0},
        "helpful_reviews": {"best_max_stars": null, "best_min_stars": null},
    })))
}

fn version_two(call: &Call) -> Result<(), Reply> {
    if call.query("app_version") == Some("v2") {
        return Ok(());
    }
    Err(reply::bad_request("bad_request", "The parameter app_version=v2 is required"))
}

fn user_promotions(world: &mut World, call: &Call) -> Answer {
    version_two(call)?;
    if call.number("id")? != call.user_id()? {
        return Err(reply::not_yours());
    }
    let page = call.page(50, 50)?;
    let campaign = json!({"id": "P-MLB1000001", "type": "DEAL", "sub_type": null, "status": "pending",
        "name": "Semana de ofertas", "start_date": zulu(world.now), "finish_date": zulu(world.now.plus(LISTING_LIFE)),
        "deadline_date": null});
    Ok(Reply::ok(json!({"results": page.of(&[campaign]), "paging": page.paging(1)})))
}

fn item_promotions(world: &mut World, call: &Call) -> Answer {
    version_two(call)?;
    own_item(world, call)?;
    Ok(Reply::ok(json!([])))
}

fn no_offer(_: &mut World, call: &Call) -> Answer {
    Err(reply::not_found("not_found", &format!("{} not found", call.param("id"))))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::validate::is_gtin;
    use super::*;
    use crate::mercado_livre::service::testing::{SELLER, STRANGER, Shop};

    #[test]
    fn every_product_has_an_id_of_its_own_and_a_valid_gtin() {
        let ids: std::collections::BTreeSet<_> = Product::all().map(|product| product.id()).collect();
        assert_eq!(ids.len(), Product::all().count());
        assert!(Product::all().all(|product| is_gtin(&product.gtin())));
    }

    #[test]
    fn products_are_found_by_words_gtin_and_domain() {
        let mut shop = Shop::open();
        let gtin = Product::all().next().unwrap().gtin();
        for (query, total) in [
            (format!("product_identifier={gtin}"), 1),
            ("domain_id=MLB-HEADPHONES".to_owned(), 3),
            ("q=xyzzy".to_owned(), 0),
        ] {
            let found = shop.get(&format!("/products/search?status=active&site_id=MLB&{query}"));
            assert_eq!(found.document()["paging"]["total"], total, "{query}");
        }
        assert_eq!(shop.get("/products/search?site_id=MLB").status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_classic_item_has_no_price_to_win() {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        assert_eq!(shop.get(&format!("/items/{item}/price_to_win")).status, StatusCode::NOT_FOUND);
        let eligible = shop.get(&format!("/items/{item}/catalog_listing_eligibility"));
        assert_eq!(eligible.document()["status"], "PRODUCT_NOT_FOUND");
    }

    #[test]
    fn the_cheapest_offer_wins_the_catalog_page() {
        let mut shop = Shop::open();
        let product = Product::all().next().unwrap().id();
        let mine = shop.item.clone();
        let catalog = |item: &mut Item| {
            item.catalog_listing = true;
            item.catalog_product_id = Some(product.clone());
        };
        catalog(shop.world.items.get_mut(&mine).unwrap());
        let mut rival = shop.world.items[&mine].clone();
        (rival.id, rival.seller_id, rival.price_minor) = ("MLB1".to_owned(), STRANGER, 9_000);
        shop.world.items.insert(rival.id.clone(), rival);
        let shown = shop.get(&format!("/items/{mine}/price_to_win"));
        assert_eq!(
            (&shown.document()["status"], &shown.document()["price_to_win"]),
            (&json!("competing"), &json!(89.99))
        );
        assert_eq!(shop.get(&format!("/products/{product}/items")).document()["paging"]["total"], 2);
    }

    #[test]
    fn a_description_raises_the_performance() {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        let score =
            |shop: &mut Shop| shop.get(&format!("/item/{item}/performance")).document()["score"].as_u64();
        let before = score(&mut shop);
        shop.post(&format!("/items/{item}/description"), &json!({"plain_text": "Bom produto"}));
        assert!(score(&mut shop) > before);
    }

    #[test]
    fn visits_take_one_id_and_reviews_are_empty_but_well_formed() {
        let mut shop = Shop::open();
        let item = shop.item.clone();
        assert!(shop.get(&format!("/items/visits?ids={item}")).document()[&item].is_u64());
        assert_eq!(shop.get(&format!("/items/visits?ids={item},{item}")).status, StatusCode::BAD_REQUEST);
        let reviews = shop.get(&format!("/reviews/item/{item}"));
        assert_eq!(
            (&reviews.document()["reviews"], &reviews.document()["rating_average"]),
            (&json!([]), &json!(0))
        );
    }

    #[test]
    fn promotions_want_version_two_and_their_owner() {
        let mut shop = Shop::open();
        let target = format!("/seller-promotions/users/{SELLER}");
        assert_eq!(shop.get(&target).status, StatusCode::BAD_REQUEST);
        assert_eq!(shop.get(&format!("{target}?app_version=v2")).document()["results"][0]["type"], "DEAL");
        assert_eq!(shop.get_as(STRANGER, &format!("{target}?app_version=v2")).status, StatusCode::FORBIDDEN);
    }
}
