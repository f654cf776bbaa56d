//! Users, applications, sites and currencies (fact sheet §4).

use std::collections::BTreeSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::gate::{ANY_TOKEN, Permission, USERS};
use super::{SITE, World};
use crate::call::Call;
use crate::dates::{west, zulu};
use crate::ids::Series;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post};

/// A street address in Brazil.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The street.
    pub street: String,
    /// The number on the street.
    pub number: String,
    /// The quarter.
    pub neighborhood: String,
    /// The city.
    pub city: String,
    /// Two letters of the state, as in `SP`.
    pub state: String,
    /// Eight digits.
    pub zip: String,
}

/// A person or company with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id; beyond 32 bits for new users.
    pub id: i64,
    /// The public name.
    pub nickname: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The e-mail address.
    pub email: String,
    /// `CPF` or `CNPJ` and its digits.
    pub document: (String, String),
    /// Where parcels leave or arrive.
    pub address: Address,
    /// Tags that change behaviour, such as `user_product_seller`.
    pub tags: BTreeSet<String>,
    /// False for a suspended account.
    pub active: bool,
    /// True for somebody who sells.
    pub seller: bool,
    /// When the account was opened.
    pub registered: Timestamp,
}

impl User {
    /// True in the new listing model.
    #[must_use]
    pub fn sells_user_products(&self) -> bool {
        self.tags.contains("user_product_seller")
    }

    /// True when stock lies in several depots.
    #[must_use]
    pub fn has_depots(&self) -> bool {
        self.tags.contains("warehouse_management")
    }
}

/// An application of a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The id (`client_id`).
    pub id: i64,
    /// The secret.
    pub secret: String,
    /// The secret before the last rotation and until when it still works.
    pub old_secret: Option<(String, Timestamp)>,
    /// The registered callback addresses; compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// The functional permissions switched on.
    pub permissions: BTreeSet<Permission>,
    /// The scopes granted to its tokens.
    pub scopes: BTreeSet<String>,
    /// True when PKCE parameters are mandatory.
    pub pkce_required: bool,
    /// False for a blocked application.
    pub active: bool,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        get("/users/me", USERS, me),
        post("/users/test_user", USERS, create_test_user),
        get("/users/bulk", USERS, multiget),
        get("/users", USERS, multiget_old),
        get("/users/{id}", USERS, show),
        get("/users/{id}/addresses", USERS, addresses),
        get("/users/{id}/shipping_preferences", USERS, shipping_preferences),
        get("/users/{id}/shipping_modes", USERS, shipping_modes),
        get("/sites", ANY_TOKEN, |_, _| Ok(sites())),
        get("/sites/{site}", ANY_TOKEN, site),
        get("/currencies", ANY_TOKEN, |_, _| Ok(currencies())),
        get("/currencies/{id}", ANY_TOKEN, currency),
        get("/sites/{site}/search", ANY_TOKEN, |_, _| Err(reply::access_denied())),
    ]
}

fn me(world: &mut World, call: &Call) -> Answer {
    let id = call.user_id()?;
    Ok(Reply::ok(private_document(find(world, id)?)))
}

const TEST_USERS: Series = Series::new("test_user", 2_700_000_000);
/// Test users of one account at most.
const TEST_USERS_MAX: usize = 10;

/// Test users buy and sell among themselves; here they can sign in on the authorization page.
fn create_test_user(world: &mut World, call: &Call) -> Answer {
    let owner = find(world, call.user_id()?)?.clone();
    let body = call.json()?;
    if body["site_id"] != SITE {
        return Err(reply::bad_request("bad_request", "site_id must be MLB"));
    }
    if world.users.values().filter(|user| user.tags.contains("test_user")).count() >= TEST_USERS_MAX {
        return Err(reply::bad_request(
            "bad_request",
            "The account has reached its maximum of 10 test users",
        ));
    }
    let id = world.ids.next(TEST_USERS);
    let nickname = format!("TEST{:04}", id % 10_000);
    let password = format!("qatest{}", world.dice.below(10_000));
    let user = User {
        id,
        nickname: nickname.clone(),
        tags: ["normal", "test_user"].map(str::to_owned).into(),
        email: format!("test_user_{id}@sandbox.example"),
        registered: world.now,
        ..owner
    };
    world.users.insert(id, user);
    Ok(Reply::created(json!({"id": id, "nickname": nickname, "password": password, "site_status": "active"})))
}

fn show(world: &mut World, call: &Call) -> Answer {
    let id = call.number("id")?;
    let user = find(world, id)?;
    Ok(Reply::ok(if call.user_id()? == id { private_document(user) } else { public_document(user) }))
}

fn find(world: &World, id: i64) -> Result<&User, Reply> {
    world
        .users
        .get(&id)
        .ok_or_else(|| reply::not_found("not_found", &format!("User with id: {id} not found")))
}

/// The part of a user that everybody sees.
fn public_document(user: &User) -> Value {
    let sold = if user.seller {
        json!({"completed": 480, "canceled": 12, "total": 492})
    } else {
        json!({"total": 0})
    };
    json!({
        "id": user.id, "nickname": user.nickname, "country_id": "BR", "user_type": "normal", "site_id": SITE,
        "address": {"state": format!("BR-{}", user.address.state), "city": user.address.city},
        "points": if user.seller { 492 } else { 3 }, "tags": user.tags,
        "permalink": format!("http://perfil.mercadolivre.com.br/{}", user.nickname),
        "seller_reputation": {
            "level_id": user.seller.then_some("5_green"), "power_seller_status": user.seller.then_some("silver"),
            "transactions": {"period": "historic", "total": sold["total"], "completed": sold["completed"],
                "canceled": sold["canceled"], "ratings": {"positive": 0.97, "neutral": 0.02, "negative": 0.01}},
        },
        "status": {"site_status": if user.active { "active" } else { "deactive" }},
    })
}

fn private_document(user: &User) -> Value {
    let mut document = public_document(user);
    document["registration_date"] = json!(west(user.registered));
    document["first_name"] = json!(user.first_name);
    document["last_name"] = json!(user.last_name);
    document["email"] = json!(user.email);
    document["identification"] = json!({"type": user.document.0, "number": user.document.1});
    document["address"] = json!({
        "state": format!("BR-{}", user.address.state), "city": user.address.city, "zip_code": user.address.zip,
        "address": format!("{} {}", user.address.street, user.address.number),
    });
    document["phone"] = json!({"area_code": "11", "number": "30000000", "extension": "", "verified": true});
    document["alternative_phone"] = json!({"area_code": "", "number": "", "extension": ""});
    document["seller_experience"] = json!(if user.seller { "ADVANCED" } else { "NEWBIE" });
    document["buyer_reputation"] = json!({"tags": [], "canceled_transactions": 0});
    document["credit"] = json!({"consumed": 0, "credit_level_id": "MLB1"});
    document["context"] = json!({"source": null, "flow": null});
    let may =
        json!({"allow": user.active, "codes": [], "immediate_payment": {"required": false, "reasons": []}});
    document["status"] = json!({
        "site_status": if user.active { "active" } else { "deactive" }, "list": may, "sell": may, "buy": may,
        "billing": {"allow": user.active, "codes": []}, "mercadopago_tc_accepted": true,
        "mercadopago_account_type": "personal", "mercadoenvios": "accepted", "immediate_payment": false,
        "confirmed_email": true, "user_type": "simple_registration", "required_action": null,
    });
    document
}

fn multiget(world: &mut World, call: &Call) -> Answer {
    many(world, call, "status_code")
}

fn multiget_old(world: &mut World, call: &Call) -> Answer {
    many(world, call, "code")
}

fn many(world: &World, call: &Call, status_field: &str) -> Answer {
    let caller = call.user_id()?;
    let ids = call.query_list("ids");
    if ids.is_empty() || ids.len() > 20 {
        return Err(reply::bad_request("bad_request", "ids must hold 1 to 20 values"));
    }
    let entry = |id: &&str| match id.parse().ok().and_then(|id: i64| world.users.get(&id)) {
        Some(user) if user.id == caller => {
            json!({"id": user.id, status_field: 200, "body": private_document(user)})
        }
        Some(user) => json!({"id": user.id, status_field: 200, "body": public_document(user)}),
        None => {
            let refusal = reply::not_found("not_found", &format!("User with id: {id} not found"));
            json!({"id": id, status_field: 404, "body": refusal.document()})
        }
    };
    Ok(Reply::ok(ids.iter().map(entry).collect()))
}

/// The user of the path, who must be the caller.
fn own<'a>(world: &'a World, call: &Call) -> Result<&'a User, Reply> {
    let id = call.number("id")?;
    if call.user_id()? == id { find(world, id) } else { Err(reply::access_denied()) }
}

fn addresses(world: &mut World, call: &Call) -> Answer {
    let user = own(world, call)?;
    Ok(Reply::ok(json!([{
        "id": user.id, "user_id": user.id, "contact": format!("{} {}", user.first_name, user.last_name),
        "address_line": format!("{} {}", user.address.street, user.address.number), "zip_code": user.address.zip,
        "street_name": user.address.street, "street_number": user.address.number,
        "city": {"id": null, "name": user.address.city}, "state": {"id": format!("BR-{}", user.address.state), "name": user.address.state},
        "country": {"id": "BR", "name": "Brasil"}, "neighborhood": {"id": null, "name": user.address.neighborhood},
        "types": ["default_selling_address", "shipping"], "status": "active", "date_created": zulu(user.registered),
    }])))
}

fn shipping_preferences(world: &mut World, call: &Call) -> Answer {
    own(world, call)?;
    Ok(Reply::ok(json!({
        "modes": ["me2", "custom", "not_specified"], "local_pick_up": false, "option": "in", "services": [], "tags": [],
        "logistics": [{"mode": "me2", "types": [
            {"type": "cross_docking", "default": true, "status": "active"},
            {"type": "xd_drop_off", "default": false, "status": "active"},
            {"type": "drop_off", "default": false, "status": "active"},
            {"type": "self_service", "default": false, "status": "active"}]}],
    })))
}

fn shipping_modes(world: &mut World, call: &Call) -> Answer {
    own(world, call)?;
    Ok(Reply::ok(json!([
        {"mode": "me2", "logistic_types": ["cross_docking", "xd_drop_off", "drop_off", "self_service"], "shipping_attributes": {}},
        {"mode": "not_specified", "shipping_attributes": {}},
    ])))
}

/// Sites, with their currency and its number of decimals.
const SITES: [(&str, &str, &str, &str, u8); 7] = [
    ("MLB", "Brasil", "BRL", "Real", 2),
    ("MLA", "Argentina", "ARS", "Peso argentino", 2),
    ("MLM", "Mexico", "MXN", "Peso Mexicano", 2),
    ("MLC", "Chile", "CLP", "Peso Chileno", 0),
    ("MCO", "Colombia", "COP", "Peso colombiano", 2),
    ("MLU", "Uruguay", "UYU", "Peso Uruguayo", 2),
    ("MPE", "Perú", "PEN", "Soles", 2),
];

fn sites() -> Reply {
    let entry = |(id, name, currency, _, _)| json!({"id": id, "name": name, "default_currency_id": currency});
    Reply::ok(SITES.into_iter().map(entry).collect())
}

fn site(_: &mut World, call: &Call) -> Answer {
    let found = SITES.into_iter().find(|site| site.0 == call.param("site"));
    let (id, name, currency, _, _) = found.ok_or_else(|| reply::not_found("not_found", "Site not found"))?;
    Ok(Reply::ok(json!({"id": id, "name": name, "default_currency_id": currency, "country_id": "BR",
        "currencies": [{"id": currency, "symbol": "R$"}]})))
}

fn currency_document((_, _, id, description, decimals): (&str, &str, &str, &str, u8)) -> Value {
    json!({"id": id, "symbol": if id == "BRL" { "R$" } else { "$" }, "description": description, "decimal_places": decimals})
}

fn currencies() -> Reply {
    Reply::ok(SITES.into_iter().map(currency_document).collect())
}

fn currency(_: &mut World, call: &Call) -> Answer {
    let found = SITES.into_iter().find(|site| site.2 == call.param("id"));
    let site = found.ok_or_else(|| reply::not_found("not_found", "Currency not found"))?;
    Ok(Reply::ok(currency_document(site)))
}
