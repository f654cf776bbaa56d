//! Orders in several packages, and in one again.

use connect::conformance::parcels::{Parcelling, ParcelsHarness, ParcelsSamples};
use connect::conformance::{Step, now};
use connect::{Combinable, ErrorKind, Parcels, Reunion, Split};
use domain::dispatch::PackageLine;
use domain::parcels::{SplitLimits, SplitPlan, SplitReason, Splitting};
use serde_json::{Value, json};

use super::conformance::Kit;
use super::dispatch::{BARE, answered, taken};
use super::{ORDER_NUMBER, account, fault, scripted, shop};

connect::parcels_conformance!(Kit);

const WHOLE: &str = "OFG240000000000001";
const SHIRTS: &str = "OFG240000000000002";
const SOCKS: &str = "OFG240000000000003";

fn shirts(units: i64) -> Value {
    json!({ "item_id": 930_001, "model_id": 7_700_011, "model_quantity": units,
        "order_item_id": 930_001, "promotion_group_id": 0 })
}

fn socks() -> Value {
    json!({ "item_id": 930_002, "model_id": 0, "model_quantity": 1 })
}

fn line(item: &str, model: Option<&str>, units: i64) -> PackageLine {
    PackageLine {
        order_external_id: ORDER_NUMBER.into(),
        listing_external_id: item.into(),
        variation_external_id: model.map(str::to_owned),
        units,
    }
}

fn lines() -> Vec<PackageLine> {
    vec![line("930001", Some("7700011"), 2), line("930002", None, 1)]
}

fn plan_of(lines: &[PackageLine]) -> SplitPlan {
    let parcels = lines.iter().map(|line| vec![line.clone()]).collect();
    SplitPlan::new(lines, parcels, SplitReason::Other).unwrap()
}

/// What is read of an order that is in these packages.
fn seen(packages: &[(&str, Vec<Value>)], may_split: bool) -> Vec<Step> {
    let numbers: Vec<&str> = packages.iter().map(|(number, _)| *number).collect();
    let query = format!(
        "&order_sn_list={ORDER_NUMBER}&request_order_status_pending=true\
         &response_optional_fields=fulfillment_flag%2Cinvoice_data%2Cpackage_list"
    );
    let listed: Vec<Value> = numbers.iter().map(|number| json!({ "package_number": number })).collect();
    let order = json!({ "order_sn": ORDER_NUMBER, "order_status": "READY_TO_SHIP", "invoice_data": taken(),
        "fulfillment_flag": "fulfilled_by_local_seller", "package_list": listed });
    let row = |(number, items): &(&str, Vec<Value>)| {
        json!({ "order_sn": ORDER_NUMBER, "package_number": number, "fulfillment_status": "LOGISTICS_READY",
            "is_split_up": packages.len() > 1, "is_shipment_arranged": false, "tracking_number": "-",
            "can_split_order": may_split, "can_unsplit_order": packages.len() > 1, "item_list": items })
    };
    let rows: Vec<Value> = packages.iter().map(row).collect();
    let details = format!("&package_number_list={}", numbers.join("%2C"));
    vec![
        Step::get(&shop("order/get_order_detail", &query))
            .answer(200, &answered(&json!({ "order_list": [order] }))),
        Step::get(&shop("order/get_package_detail", &details))
            .answer(200, &answered(&json!({ "package_list": rows }))),
    ]
}

fn whole() -> Vec<Step> {
    seen(&[(WHOLE, vec![shirts(2), socks()])], true)
}

fn apart() -> Vec<Step> {
    seen(&[(SHIRTS, vec![shirts(2)]), (SOCKS, vec![socks()])], false)
}

const BODY: &str = r#"{"order_sn":"260921ABCDEF01","package_list":[{"item_list":[{"item_id":930001,"model_id":7700011,"model_quantity":2,"order_item_id":930001}]},{"item_list":[{"item_id":930002,"model_id":0,"model_quantity":1}]}]}"#;

fn split() -> Step {
    let made = json!({ "order_sn": ORDER_NUMBER, "package_list": [{ "package_number": SHIRTS }, { "package_number": SOCKS }] });
    Step::post(&shop("order/split_order", "")).with_body(BODY).answer(200, &answered(&made))
}

fn unsplit() -> Step {
    let body = format!(r#"{{"order_sn":"{ORDER_NUMBER}"}}"#);
    Step::post(&shop("order/unsplit_order", "")).with_body(&body).answer(200, BARE)
}

impl ParcelsHarness for Kit {
    fn parcels_samples(&self) -> Option<ParcelsSamples> {
        Some(ParcelsSamples {
            order_id: ORDER_NUMBER.into(),
            plan: plan_of(&lines()),
            other_plan: plan_of(&[lines()[0].clone(), line("930003", None, 1)]),
            group: Combinable { external_id: "1".into(), orders: Vec::new() },
            combined_id: WHOLE.into(),
        })
    }

    fn parcels_script(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Splitting => Some(whole()),
            Parcelling::Split => Some([whole(), vec![split()], apart()].concat()),
            Parcelling::Unsplit => Some([apart(), vec![unsplit()], whole()].concat()),
            Parcelling::Combinable | Parcelling::Combine | Parcelling::TakeApart => None,
        }
    }

    fn parcelled_already(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Split => Some(apart()),
            Parcelling::Unsplit => Some(whole()),
            Parcelling::Splitting | Parcelling::Combinable | Parcelling::Combine | Parcelling::TakeApart => {
                None
            }
        }
    }

    fn parcelling_ignored(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Split => Some([whole(), vec![split()], whole()].concat()),
            Parcelling::Unsplit => Some([apart(), vec![unsplit()], apart()].concat()),
            Parcelling::Splitting | Parcelling::Combinable | Parcelling::Combine | Parcelling::TakeApart => {
                None
            }
        }
    }
}

#[test]
fn an_order_is_split_by_the_rows_of_its_package() {
    let (channel, script) = scripted([whole(), vec![split()], apart()].concat());
    let Split::Standing(packages) = now(channel.split(&account(), ORDER_NUMBER, &plan_of(&lines()))).unwrap()
    else {
        panic!("they stand at once")
    };
    script.done();
    let numbers: Vec<&str> = packages.iter().map(|package| package.external_id.as_str()).collect();
    assert_eq!(numbers, [SHIRTS, SOCKS]);
    assert_eq!(packages[1].lines, [line("930002", None, 1)]);
}

#[test]
fn whether_an_order_can_be_split_the_package_says() {
    let limits = SplitLimits { divides_lines: false, most_parcels: Some(5) };
    let splitting = |steps| now(scripted(steps).0.splitting(&account(), ORDER_NUMBER)).unwrap();
    assert_eq!(splitting(whole()), Splitting::Possible { limits, must: Vec::new() });
    assert_eq!(splitting(apart()), Splitting::Done);
    let closed = splitting(seen(&[(WHOLE, vec![shirts(2), socks()])], false));
    assert!(matches!(closed, Splitting::Impossible(_)), "{closed:?}");
    let early = splitting(seen(&[], true)[..1].to_vec());
    assert!(matches!(early, Splitting::Impossible(_)), "{early:?}");
}

/// The code that a split is refused with, by us or by the platform.
fn refused(steps: Vec<Step>, plan: &SplitPlan) -> String {
    let (channel, script) = scripted(steps);
    let error = now(channel.split(&account(), ORDER_NUMBER, plan)).unwrap_err();
    script.done();
    let ErrorKind::Refused { code, .. } = error.kind else { panic!("{error}") };
    code
}

#[test]
fn units_of_a_sku_stay_together_and_what_is_split_otherwise_stays_so() {
    let parcels = vec![
        vec![line("930001", Some("7700011"), 1)],
        vec![line("930001", Some("7700011"), 1), lines()[1].clone()],
    ];
    let divided = SplitPlan::new(&lines(), parcels, SplitReason::Other).unwrap();
    assert_eq!(refused(whole(), &divided), "plan_not_possible");
    let otherwise = seen(&[(SHIRTS, vec![shirts(1)]), (SOCKS, vec![shirts(1), socks()])], false);
    assert_eq!(refused(otherwise, &plan_of(&lines())), "split_otherwise");
    assert_eq!(refused(seen(&[], true)[..1].to_vec(), &plan_of(&lines())), "no_package");
}

#[test]
fn a_split_that_the_platform_refuses_says_why() {
    let code = "order.order_cannot_split";
    let no = split().answer(200, &fault(code, "The shop has no permission to split orders."));
    assert_eq!(refused([whole(), vec![no]].concat(), &plan_of(&lines())), code);
    let no = unsplit().answer(200, &fault("order.order_cannot_unsplit", "Its shipment is arranged."));
    let (channel, script) = scripted([apart(), vec![no]].concat());
    let error = now(channel.unsplit(&account(), ORDER_NUMBER)).unwrap_err();
    script.done();
    assert!(
        matches!(&error.kind, ErrorKind::Refused { code, .. } if code == "order.order_cannot_unsplit"),
        "{error}"
    );
}

#[test]
fn a_split_order_is_put_into_one_package_again() {
    let (channel, script) = scripted([apart(), vec![unsplit()], whole()].concat());
    let package = now(channel.unsplit(&account(), ORDER_NUMBER)).unwrap();
    script.done();
    assert_eq!((package.external_id.as_str(), package.lines), (WHOLE, lines()));
}
