//! The application, its shops and their buyers (fact sheet §3).

use std::collections::BTreeSet;

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::args::Args;
use super::envelope::{flat, ok, refuse};
use super::market::Door;
use super::world::secs;
use crate::call::Call;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get};

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// `partner_id`.
    pub id: i64,
    /// `partner_key`: its text signs.
    pub key: String,
    /// The address whose origin redirects must have, when one was declared.
    pub redirect_domain: Option<String>,
    /// The main account that owns all shops.
    pub main_account: i64,
}

/// Whether a shop may trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ShopStatus {
    /// It may.
    Normal,
    /// Its account was banned.
    Banned,
    /// Its account is frozen.
    Frozen,
}

/// How a shop is registered with the tax office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxId {
    /// A person: no NF-e, and of the buyer only the address.
    Cpf,
    /// A company: an NF-e before the shipment, and name, address and CPF of the buyer.
    Cnpj,
}

/// A shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) status: ShopStatus,
    pub(crate) tax_id: TaxId,
    /// Fourteen or eleven digits.
    pub(crate) tax_number: String,
    /// The channels switched on.
    pub(crate) channels: BTreeSet<i64>,
    /// The shop may split orders.
    pub(crate) may_split: bool,
    /// Stock cannot be changed while the shop is on holiday.
    pub(crate) on_holiday: bool,
    pub(crate) opened: Timestamp,
}

/// A person who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) cpf: String,
    pub(crate) phone: String,
    pub(crate) street: String,
    pub(crate) quarter: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip: String,
}

/// The region of everything here.
pub const REGION: &str = "BR";
/// The currency of everything here.
pub const CURRENCY: &str = "BRL";
/// The seller's papers were looked at and found good.
const ONBOARDED: i64 = 2;
/// Shops of a page at most.
const SHOPS_MAX: i64 = 100;

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        get("/api/v2/public/get_shops_by_partner", Door::Public, shops_by_partner),
        get("/api/v2/public/get_merchants_by_partner", Door::Public, |_, _| {
            flat(json!({"authed_merchant_list": [], "more": false}))
        }),
        get("/api/v2/public/get_shopee_ip_ranges", Door::Public, |_, _| {
            flat(json!({"ip_list": ["127.0.0.0/8"]}))
        }),
        get("/api/v2/shop/get_shop_info", Door::Shop, shop_info),
        get("/api/v2/shop/get_profile", Door::Shop, profile),
        get("/api/v2/shop/get_warehouse_detail", Door::Shop, |_, _| {
            Err(refuse(
                "warehouse.error_not_in_whitelist",
                "The shop is not in the multi-warehouse whitelist.",
            ))
        }),
        get("/api/v2/shop/get_br_shop_onboarding_info", Door::Shop, onboarding),
    ]
}

/// The shop whose token a call carries.
pub(crate) fn own<'a>(world: &'a World, call: &Call) -> Result<&'a Shop, Reply> {
    let shop = call.caller().ok().and_then(|caller| world.shops.get(&caller.user_id));
    shop.ok_or_else(|| refuse("error_shop", "The shop does not exist."))
}

/// The id of the shop whose token a call carries.
pub(crate) fn own_id(call: &Call) -> Result<i64, Reply> {
    call.caller.as_ref().map(|caller| caller.user_id).ok_or_else(|| refuse("error_shop", "There is no shop."))
}

fn shops_by_partner(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let page = args.by_number(1, SHOPS_MAX, Some(SHOPS_MAX))?;
    let linked: Vec<Value> = world
        .auth
        .links
        .iter()
        .map(|(shop, link)| {
            json!({"shop_id": shop, "region": REGION, "auth_time": secs(link.since),
                "expire_time": secs(link.until), "sip_affi_shop_list": []})
        })
        .collect();
    let (rows, more) = page.of(&linked);
    flat(json!({"authed_shop_list": rows, "more": more}))
}

fn shop_info(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, call)?;
    let link = world.auth.links.get(&shop.id);
    flat(json!({
        "shop_name": shop.name, "region": REGION, "status": shop.status,
        "auth_time": link.map(|link| secs(link.since)), "expire_time": link.map(|link| secs(link.until)),
        "is_cb": false, "is_upgraded_cbsc": false, "is_sip": false, "sip_affi_shops": [], "merchant_id": null,
        "shop_fulfillment_flag": "Others", "is_main_shop": false, "is_direct_shop": false,
        "linked_main_shop_id": 0, "linked_direct_shop_list": [], "is_one_awb": false,
        "is_mart_shop": false, "is_outlet_shop": false, "mart_shop_id": 0, "outlet_shop_info_list": [],
    }))
}

fn profile(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, call)?;
    let mut body = json!({"shop_logo": format!("{}/file/logo-{}", world.base_url, shop.id),
        "description": shop.description, "shop_name": shop.name});
    if shop.tax_id == TaxId::Cnpj {
        body["invoice_issuer"] = json!("Other");
    }
    ok(body)
}

fn onboarding(world: &mut World, call: &Call) -> Answer {
    let shop = own(world, call)?;
    let (kind, field) = if shop.tax_id == TaxId::Cnpj { ("CNPJ", "cnpj_id") } else { ("CPF", "cpf_id") };
    let mut body = json!({"tax_id_type": kind, "tax_id": shop.tax_number, "name": shop.name,
        "onboarding_status": ONBOARDED, "onboarding_passed": true, "submission_time": secs(shop.opened)});
    body[field] = json!(shop.tax_number);
    ok(body)
}
