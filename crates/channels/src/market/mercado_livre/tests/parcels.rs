//! Shipments in two, and invoices in the place of others.

use connect::conformance::parcels::{Parcelling, ParcelsHarness, ParcelsSamples};
use connect::conformance::{Step, now};
use connect::{Combinable, ErrorKind, InvoiceReplacing, Parcels, Split};
use domain::dispatch::{InvoiceState, PackageLine};
use domain::parcels::{SplitLimits, SplitPlan, SplitReason, Splitting};
use serde_json::json;

use super::conformance::Kit;
use super::dispatch::{fault, get, printable, shipment, told};
use super::{ORDER, SHIPMENT, account, scripted, with};
use crate::market::tests::nfe;

connect::parcels_conformance!(Kit);

const ID: &str = "44000000001";
const ONE: &str = "2000010000000001";
const TWO: &str = "2000010000000002";

fn line(order: &str, item: &str, units: i64) -> PackageLine {
    PackageLine {
        order_external_id: order.into(),
        listing_external_id: item.into(),
        variation_external_id: None,
        units,
    }
}

/// What the shipment of the fixtures holds.
fn whole() -> Vec<PackageLine> {
    vec![line(TWO, "MLB4000000002", 1), line(ONE, "MLB4000000001", 2), line(ONE, "MLB4000000003", 1)]
}

fn plan() -> SplitPlan {
    let parcels = vec![whole()[1..].to_vec(), whole()[..1].to_vec()];
    SplitPlan::new(&whole(), parcels, SplitReason::Fragile).unwrap()
}

fn order() -> Step {
    Step::get(&format!("/orders/{ONE}")).answer(200, ORDER)
}

fn open() -> Vec<Step> {
    [vec![order()], printable()].concat()
}

fn was_split() -> Step {
    get("").answer(200, &shipment("cancelled", "pack_splitted"))
}

const BODY: &str = r#"{"packs":[{"orders":[{"id":2000010000000001,"quantity":3}]},{"orders":[{"id":2000010000000002,"quantity":1}]}],"reason":"FRAGILE"}"#;

fn split(body: &str) -> Step {
    Step::post(&format!("/shipments/{ID}/split"))
        .with_header("x-format-new", "true")
        .with_body(body)
        .answer(200, "{}")
}

impl ParcelsHarness for Kit {
    fn parcels_samples(&self) -> Option<ParcelsSamples> {
        let other = [line(TWO, "MLB4000000002", 1), line(ONE, "MLB4000000001", 2)];
        let parcels = other.iter().map(|line| vec![line.clone()]).collect();
        Some(ParcelsSamples {
            order_id: ONE.into(),
            plan: plan(),
            other_plan: SplitPlan::new(&other, parcels, SplitReason::Other).unwrap(),
            group: Combinable { external_id: "1".into(), orders: vec![ONE.into(), TWO.into()] },
            combined_id: ID.into(),
        })
    }

    fn parcels_script(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        match parcelling {
            Parcelling::Splitting => Some(open()),
            Parcelling::Split => Some([open(), vec![split(BODY), was_split()]].concat()),
            Parcelling::Unsplit | Parcelling::Combinable | Parcelling::Combine | Parcelling::TakeApart => {
                None
            }
        }
    }

    fn parcelled_already(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        (parcelling == Parcelling::Split).then(|| vec![order(), was_split()])
    }

    fn parcelling_ignored(&self, parcelling: Parcelling) -> Option<Vec<Step>> {
        let after = get("").answer(200, &shipment("ready_to_ship", "ready_to_print"));
        (parcelling == Parcelling::Split).then(|| [open(), vec![split(BODY), after]].concat())
    }
}

#[test]
fn a_shipment_is_split_in_two_by_orders_and_units() {
    let (channel, _) = scripted(open());
    let limits = SplitLimits { divides_lines: true, most_parcels: Some(2) };
    let splitting = now(channel.splitting(&account(), ONE)).unwrap();
    assert_eq!(splitting, Splitting::Possible { limits, must: Vec::new() });
    let (channel, script) = scripted([open(), vec![split(BODY), was_split()]].concat());
    assert_eq!(now(channel.split(&account(), ONE, &plan())).unwrap(), Split::Coming);
    script.done();
    let (channel, _) = scripted([order(), was_split()]);
    assert_eq!(now(channel.splitting(&account(), ONE)).unwrap(), Splitting::Done);
}

#[test]
fn each_reason_has_its_word() {
    for (reason, word) in SplitReason::ALL.into_iter().zip([
        "FRAGILE",
        "ANOTHER_WAREHOUSE",
        "IRREGULAR_SHAPE",
        "DIMENSIONS_EXCEEDED",
        "OTHER_MOTIVE",
    ]) {
        let plan = SplitPlan::new(&whole(), plan().parcels().to_vec(), reason).unwrap();
        let steps = [open(), vec![split(&BODY.replace("FRAGILE", word)), was_split()]].concat();
        let (channel, script) = scripted(steps);
        now(channel.split(&account(), ONE, &plan)).unwrap();
        script.done();
    }
}

/// The code that a split is refused with, by us or by the platform.
fn refused(steps: Vec<Step>, plan: &SplitPlan) -> String {
    let (channel, script) = scripted(steps);
    let error = now(channel.split(&account(), ONE, plan)).unwrap_err();
    script.done();
    let ErrorKind::Refused { code, .. } = error.kind else { panic!("{error}") };
    code
}

#[test]
fn an_order_of_several_goods_stays_whole_and_three_parcels_are_too_many() {
    let lines = whole();
    let parcels = vec![vec![lines[0].clone(), lines[1].clone()], vec![lines[2].clone()]];
    let torn = SplitPlan::new(&whole(), parcels, SplitReason::Other).unwrap();
    assert_eq!(refused(open(), &torn), "plan_not_possible");
    let three = lines.into_iter().map(|line| vec![line]).collect();
    let three = SplitPlan::new(&whole(), three, SplitReason::Other).unwrap();
    assert_eq!(refused(open(), &three), "plan_not_possible");
}

#[test]
fn units_of_one_order_go_into_both() {
    let rows = json!([{ "order_id": ONE, "item_id": "MLB4000000001", "requested_quantity": 3 }]).to_string();
    let steps = [open(), vec![split(r#"{"packs":[{"orders":[{"id":2000010000000001,"quantity":1}]},{"orders":[{"id":2000010000000001,"quantity":2}]}],"reason":"OTHER_MOTIVE"}"#), was_split()]].concat();
    let steps: Vec<Step> = steps
        .into_iter()
        .map(
            |step| if step.request().1.ends_with("/orders") { step.map_body(|_| rows.clone()) } else { step },
        )
        .collect();
    let parcel = |units| vec![line(ONE, "MLB4000000001", units)];
    let plan = SplitPlan::new(&parcel(3), vec![parcel(1), parcel(2)], SplitReason::Other).unwrap();
    let (channel, script) = scripted(steps);
    assert_eq!(now(channel.split(&account(), ONE, &plan)).unwrap(), Split::Coming);
    script.done();
}

#[test]
fn flex_full_and_what_has_left_are_not_split() {
    for kind in ["self_service", "fulfillment"] {
        let steps = vec![order(), get("").answer(200, &with(SHIPMENT, &[("/logistic/type", json!(kind))]))];
        let (channel, script) = scripted(steps.clone());
        let splitting = now(channel.splitting(&account(), ONE)).unwrap();
        script.done();
        assert!(matches!(&splitting, Splitting::Impossible(why) if why.contains(kind)), "{splitting:?}");
        assert_eq!(refused(steps, &plan()), "not_to_be_split");
    }
    let rows = get("/orders").answer(200, super::SHIPMENT_ORDERS);
    let shipped = vec![order(), get("").answer(200, &shipment("shipped", "")), rows];
    assert_eq!(refused(shipped, &plan()), "not_to_be_split");
    let none =
        Step::get(&format!("/orders/{ONE}")).answer(200, &with(ORDER, &[("/shipping/id", json!(null))]));
    assert_eq!(refused(vec![none], &plan()), "no_package");
}

#[test]
fn a_split_that_the_platform_refuses_says_why() {
    let no = split(BODY).answer(400, &fault("invalid_split"));
    assert_eq!(refused([open(), vec![no]].concat(), &plan()), "invalid_split");
}

pub(super) fn replacement() -> Step {
    Step::put("/shipment_invoice/9/?siteId=MLB")
        .with_header("content-type", "application/xml")
        .with_body(&nfe::xml())
        .answer(200, &told(nfe::KEY).1)
}

pub(super) fn looked_at(substatus: &str, invoice: &(u16, String)) -> Vec<Step> {
    let invoice = get("/invoice_data?siteId=MLB").answer(invoice.0, &invoice.1);
    vec![get("").answer(200, &shipment("ready_to_ship", substatus)), invoice]
}

#[test]
fn an_invoice_takes_the_place_of_another_by_its_id() {
    let steps = [looked_at("ready_to_print", &told("1")), vec![replacement()]].concat();
    let (channel, script) = scripted(steps);
    assert_eq!(now(channel.replace(&account(), ID, &nfe::nfe())).unwrap(), InvoiceState::InReview);
    script.done();
    for (substatus, state) in
        [("invoice_pending", InvoiceState::InReview), ("ready_to_print", InvoiceState::Accepted)]
    {
        let (channel, script) = scripted(looked_at(substatus, &told(nfe::KEY)));
        assert_eq!(now(channel.replace(&account(), ID, &nfe::nfe())).unwrap(), state);
        script.done();
    }
}

#[test]
fn an_invoice_is_not_replaced_before_there_is_one_or_once_the_label_is_printed() {
    let none = (404, fault("not_found"));
    let no = replacement().answer(400, &fault("wrong_receiver_cpf"));
    for (steps, due) in [
        (looked_at("invoice_pending", &none), "no_invoice_yet"),
        (looked_at("printed", &told("1")), "invoice_final"),
        (looked_at("picked_up", &told("1")), "invoice_final"),
        ([looked_at("ready_to_print", &told("1")), vec![no]].concat(), "wrong_receiver_cpf"),
    ] {
        let (channel, script) = scripted(steps);
        let error = now(channel.replace(&account(), ID, &nfe::nfe())).unwrap_err();
        script.done();
        assert!(matches!(&error.kind, ErrorKind::Refused { code, .. } if code == due), "{due}: {error}");
    }
}
