//! Orders in several packages, several orders in one package, and invoices of split orders.

use connect::conformance::parcels::{Parcelling, ParcelsHarness, ParcelsSamples};
use connect::conformance::{Step, now};
use connect::{Combinable, Combining, ErrorKind, Invoices, Parcels, Split};
use domain::dispatch::{InvoiceState, PackageLine};
use domain::parcels::{SplitLimits, SplitPlan, SplitReason, Splitting};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::dispatch::{success, upload};
use super::{ORDER_ID, PACKAGE_ID, PRODUCT_ID, SKU_ID, account, fault, get, post, scripted};
use crate::market::tests::nfe;

connect::parcels_conformance!(Kit);

const SECOND_ORDER: &str = "580000000000000002";
const SHIRTS: &str = "1153000000000000002";
const SOCKS: &str = "1153000000000000003";
const COMBINED: &str = "1153000000000000004";
const GROUP: &str = "1153000000000000009";

fn line(product: &str, sku: &str, units: i64) -> PackageLine {
    PackageLine {
        order_external_id: ORDER_ID.into(),
        listing_external_id: product.into(),
        variation_external_id: Some(sku.into()),
        units,
    }
}

fn lines() -> Vec<PackageLine> {
    vec![line(PRODUCT_ID, SKU_ID, 2), line("1729500000000000030", "1729500000000000031", 1)]
}

fn plan_of(lines: &[PackageLine]) -> SplitPlan {
    let parcels = lines.iter().map(|line| vec![line.clone()]).collect();
    SplitPlan::new(lines, parcels, SplitReason::Other).unwrap()
}

/// An order with its shirts in one package and its socks in another, or in the same one: as much
/// of it as splitting hangs on, since each value of it is replaced in each script.
fn order(id: &str, shirts: &str, socks: &str, invoice: &str) -> Value {
    let unit = |unit: &str, line: &PackageLine, package: &str| {
        json!({ "id": unit, "product_id": line.listing_external_id, "sku_id": line.variation_external_id,
            "display_status": "AWAITING_SHIPMENT", "package_id": package })
    };
    let goods = lines();
    let (shirt, sock) = (&goods[0], &goods[1]);
    json!({ "id": id, "status": "AWAITING_SHIPMENT", "need_upload_invoice": invoice, "line_items": [
        unit("577000000000000012", shirt, shirts),
        unit("577000000000000011", shirt, shirts),
        unit("577000000000000021", sock, socks),
    ] })
}

fn orders(rows: &[Value]) -> Step {
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    get("/order/202507/orders", &[("ids", &ids.join(","))]).answer(200, &success(&json!({ "orders": rows })))
}

/// What is read of a package with these orders.
fn package(id: &str, rows: &[Value]) -> Vec<Step> {
    let ids: Vec<Value> = rows.iter().map(|row| json!({ "id": row["id"] })).collect();
    let told = success(&json!({ "package_id": id, "package_status": "TO_FULFILL", "orders": ids }));
    vec![get(&format!("/fulfillment/202309/packages/{id}"), &[]).answer(200, &told), orders(rows)]
}

fn one(shirts: &str, socks: &str) -> Vec<Value> {
    vec![order(ORDER_ID, shirts, socks, "NEED_INVOICE")]
}

fn whole() -> Vec<Step> {
    let rows = one(PACKAGE_ID, PACKAGE_ID);
    [vec![orders(&rows)], package(PACKAGE_ID, &rows)].concat()
}

fn apart() -> Vec<Step> {
    let rows = one(SHIRTS, SOCKS);
    [vec![orders(&rows)], package(SHIRTS, &rows), package(SOCKS, &rows)].concat()
}

const GROUPS: &str = r#"{"splittable_groups":[{"id":"1","order_line_item_ids":["577000000000000011","577000000000000012"]},{"id":"2","order_line_item_ids":["577000000000000021"]}]}"#;

fn split() -> Step {
    let made = json!({ "packages": [{ "splittable_group_id": "1", "id": SHIRTS }, { "splittable_group_id": "2", "id": SOCKS }] });
    post(&format!("/fulfillment/202309/orders/{ORDER_ID}/split"), &[], GROUPS).answer(200, &success(&made))
}

fn attributes(may: bool, must: &Value) -> Vec<Step> {
    let row = json!({ "order_id": ORDER_ID, "can_split": may, "reason": if may { "" } else { "single SKU" },
        "must_split": must != &json!([]), "must_split_reasons": must });
    let asked = get("/fulfillment/202309/orders/split_attributes", &[("order_ids", ORDER_ID)]);
    let told = asked.answer(200, &success(&json!({ "split_attributes": [row] })));
    vec![orders(&one(PACKAGE_ID, PACKAGE_ID)), told]
}

/// Two orders, each in a package or both in one.
fn two(first: &str, second: &str) -> Vec<Value> {
    [(ORDER_ID, first), (SECOND_ORDER, second)].map(|(id, at)| order(id, at, at, "NEED_INVOICE")).to_vec()
}

fn group() -> Combinable {
    Combinable { external_id: GROUP.into(), orders: vec![ORDER_ID.into(), SECOND_ORDER.into()] }
}

fn listed() -> Step {
    let rows = json!([{ "id": GROUP, "order_ids": [ORDER_ID, SECOND_ORDER] },
        { "id": "?", "order_ids": [ORDER_ID, SECOND_ORDER] }, { "id": "7", "order_ids": [ORDER_ID] }]);
    get("/fulfillment/202309/combinable_packages/search", &[("page_size", "20")]).answer(
        200,
        &success(&json!({ "combinable_packages": rows, "next_page_token": "p2", "total_count": 21 })),
    )
}

fn combine() -> Step {
    let body = r#"{"combinable_packages":[{"id":"1153000000000000009","order_ids":["580000000000000001","580000000000000002"]}]}"#;
    let made =
        json!({ "packages": [{ "id": COMBINED, "order_ids": [ORDER_ID, SECOND_ORDER] }], "errors": [] });
    post("/fulfillment/202309/packages/combine", &[], body).answer(200, &success(&made))
}

fn separate() -> Vec<Step> {
    vec![orders(&two(PACKAGE_ID, SHIRTS))]
}

fn together() -> Vec<Step> {
    let rows = two(COMBINED, COMBINED);
    [vec![orders(&rows)], package(COMBINED, &rows)].concat()
}

fn uncombine() -> Step {
    let body = r#"{"order_ids":["580000000000000001","580000000000000002"]}"#;
    post(&format!("/fulfillment/202309/packages/{COMBINED}/uncombine"), &[], body)
        .answer(200, &success(&json!({ "packages": [] })))
}

fn taken_apart() -> Vec<Step> {
    let rows = two(PACKAGE_ID, SHIRTS);
    [separate(), package(PACKAGE_ID, &rows[..1]), package(SHIRTS, &rows[1..])].concat()
}

impl ParcelsHarness for Kit {
    fn parcels_samples(&self) -> Option<ParcelsSamples> {
        Some(ParcelsSamples {
            order_id: ORDER_ID.into(),
            plan: plan_of(&lines()),
            other_plan: plan_of(&[lines()[0].clone(), line("1729500000000000030", "1729500000000000032", 1)]),
            group: group(),
            combined_id: COMBINED.into(),
        })
    }

    fn parcels_script(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        Some(match parcelling {
            Parcelling::Splitting => attributes(true, &json!([])),
            Parcelling::Split => [whole(), vec![split()], apart()].concat(),
            Parcelling::Unsplit => return None,
            Parcelling::Combinable => vec![listed()],
            Parcelling::Combine => [separate(), vec![combine()], together()].concat(),
            Parcelling::TakeApart => [together(), vec![uncombine()], taken_apart()].concat(),
        })
    }

    fn parcelled_already(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Split => Some(apart()),
            Parcelling::Combine => Some(together()),
            Parcelling::TakeApart => Some(taken_apart()),
            Parcelling::Splitting | Parcelling::Unsplit | Parcelling::Combinable => None,
        }
    }

    fn parcelling_ignored(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Split => Some([whole(), vec![split()], whole()].concat()),
            Parcelling::Combine => Some([separate(), vec![combine()], separate()].concat()),
            Parcelling::TakeApart => Some([together(), vec![uncombine()], together()].concat()),
            Parcelling::Splitting | Parcelling::Unsplit | Parcelling::Combinable => None,
        }
    }
}

#[test]
fn an_order_is_split_by_the_units_of_its_skus() {
    let (channel, script) = scripted([whole(), vec![split()], apart()].concat());
    let made = now(channel.split(&account(), ORDER_ID, &plan_of(&lines()))).unwrap();
    script.done();
    let Split::Standing(packages) = made else { panic!("{made:?}") };
    let ids: Vec<&str> = packages.iter().map(|package| package.external_id.as_str()).collect();
    assert_eq!((ids, &packages[0].lines[..]), (vec![SHIRTS, SOCKS], &lines()[..1]));
}

#[test]
fn the_platform_says_whether_an_order_can_or_must_be_split() {
    let limits = SplitLimits { divides_lines: false, most_parcels: None };
    let splitting = |steps| now(scripted(steps).0.splitting(&account(), ORDER_ID)).unwrap();
    let must = vec!["OVERWEIGHT".to_owned()];
    assert_eq!(splitting(attributes(true, &json!(["OVERWEIGHT"]))), Splitting::Possible { limits, must });
    assert_eq!(splitting(attributes(false, &json!([]))), Splitting::Impossible("single SKU".into()));
    assert_eq!(splitting(vec![orders(&one(SHIRTS, SOCKS))]), Splitting::Done);
}

/// The code that a split is refused with, by us or by the platform.
fn refused(steps: Vec<Step>, plan: &SplitPlan) -> String {
    let (channel, script) = scripted(steps);
    let error = now(channel.split(&account(), ORDER_ID, plan)).unwrap_err();
    script.done();
    let ErrorKind::Refused { code, .. } = error.kind else { panic!("{error}") };
    code
}

#[test]
fn a_split_that_cannot_be_says_why() {
    let shirt = || line(PRODUCT_ID, SKU_ID, 1);
    let parcels = vec![vec![shirt()], vec![shirt(), lines()[1].clone()]];
    let divided = SplitPlan::new(&lines(), parcels, SplitReason::Other).unwrap();
    assert_eq!(refused(whole(), &divided), "plan_not_possible");
    let no = split().answer(200, &fault(21_011_002, "The invoice was already uploaded"));
    assert_eq!(refused([whole(), vec![no]].concat(), &plan_of(&lines())), "21011002");
    let combined = two(COMBINED, COMBINED);
    let steps = [vec![orders(&combined[..1])], package(COMBINED, &combined)].concat();
    assert_eq!(refused(steps, &plan_of(&lines())), "plan_not_possible", "the other order is in it, too");
}

#[test]
fn what_can_be_combined_comes_in_pages_and_only_with_its_name() {
    let (channel, _) = scripted([listed()]);
    let page = now(channel.combinable(&account(), None)).unwrap();
    assert_eq!((page.items, page.total), (vec![group()], Some(21)));
    let query = [("page_size", "20"), ("page_token", "p2")];
    let last = get("/fulfillment/202309/combinable_packages/search", &query)
        .answer(200, &success(&json!({ "next_page_token": "" })));
    let (channel, script) = scripted([last]);
    let page = now(channel.combinable(&account(), page.next.as_deref())).unwrap();
    script.done();
    assert_eq!((page.items, page.next), (vec![], None));
}

#[test]
fn a_combination_that_fails_inside_of_a_good_answer_failed() {
    let failed = json!({ "packages": [], "errors": [{ "code": 21_011_003, "message": "The orders differ in buyer",
        "detail": { "id": GROUP, "order_ids": [ORDER_ID, SECOND_ORDER] } }] });
    let (channel, script) = scripted([separate(), vec![combine().answer(200, &success(&failed))]].concat());
    let error = now(channel.combine(&account(), &group())).unwrap_err();
    script.done();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "21011003"), "{error}");
    let alone = Combinable { orders: vec![ORDER_ID.into(), ORDER_ID.into()], ..group() };
    let (channel, _) = scripted([]);
    let error = now(channel.combine(&account(), &alone)).unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "plan_not_possible"), "{error}");
}

#[test]
fn orders_are_taken_out_of_their_own_package_alone() {
    let (channel, script) = scripted([together(), vec![uncombine()], taken_apart()].concat());
    let packages = now(channel.take_apart(&account(), COMBINED, &group().orders)).unwrap();
    script.done();
    assert_eq!(packages.len(), 2);
    let (channel, script) = scripted(together());
    let error = now(channel.take_apart(&account(), PACKAGE_ID, &group().orders)).unwrap_err();
    script.done();
    assert!(
        matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "combined_otherwise"),
        "{error}"
    );
}

/// The order has one word for the invoices of all its packages.
#[test]
fn each_package_of_a_split_order_gets_its_invoice_whatever_the_order_says() {
    for word in ["NEED_INVOICE", "INVOICE_PROCESSING", "INVOICE_UPLOADED"] {
        let rows = [order(ORDER_ID, PACKAGE_ID, SOCKS, word)];
        let seen = package(PACKAGE_ID, &rows);
        let (channel, script) = scripted([seen.clone(), vec![upload()]].concat());
        assert_eq!(now(channel.tell(&account(), PACKAGE_ID, &nfe::nfe())).unwrap(), InvoiceState::InReview);
        script.done();
        let known =
            json!({ "errors": [{ "code": 10_007_014, "message": "The invoice is already being uploaded" }] });
        let again = upload().answer(200, &success(&known));
        let (channel, script) = scripted([seen, vec![again]].concat());
        assert_eq!(now(channel.tell(&account(), PACKAGE_ID, &nfe::nfe())).unwrap(), InvoiceState::InReview);
        script.done();
    }
}
