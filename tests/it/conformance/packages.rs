//! Dispatch at the sandbox, each call recorded once: goods made to order, their invoice, label
//! and way.

use std::time::Duration;

use connect::conformance::dispatch::{Dispatch, DispatchHarness, DispatchSamples};
use connect::conformance::{Step, now};
use connect::{Account, Channel, ErrorKind, Invoices};
use domain::dispatch::{DocumentKind, Format, Handover};
use domain::invoice::{AccessKey, Nfe};
use domain::{Clock, ManualClock};
use sandbox::SaleRequest;
use sandbox::mercado_livre::shipment::ShipmentStage;
use serde_json::json;

use super::{Recorded, Recorder, Shelves, json_of};

/// Until a parcel exists, and until an invoice has been looked at.
pub(super) const A_WHILE: Duration = Duration::from_mins(15);

/// What was asked and answered.
pub(super) struct Recording {
    samples: DispatchSamples,
    scripts: Vec<(Dispatch, Vec<Step>)>,
    already: Vec<(Dispatch, Vec<Step>)>,
    ignored: Vec<Step>,
    without_invoice: Vec<Step>,
}

pub(super) fn wait(recorder: &Recorder, clock: &ManualClock, span: Duration) {
    let end = clock.now().plus(span);
    while clock.now() < end {
        clock.advance(Duration::from_secs(10));
        let _ = recorder.market.sandbox().tick(clock.now());
    }
}

/// Sells one unit more, which has still to be made: the order, its parcel, an invoice for it and
/// the buyer's zip code, which stands in that and on the label; and a wrong invoice.
fn sell(recorder: &Recorder, clock: &ManualClock, item: &str) -> (i64, i64, [Nfe; 2], String) {
    let sandbox = recorder.market.sandbox();
    let order = sandbox.sell(&SaleRequest::of_item(item, 1)).expect("the item is on sale")[0];
    wait(recorder, clock, A_WHILE);
    sandbox.with_world(|world| {
        let id = world.orders[&order].shipment_id.expect("a parcel was made");
        let parcel = world.shipments.get_mut(&id).expect("the parcel");
        parcel.stage = ShipmentStage::from_words("handling", Some("manufacturing"));
        let (seller, buyer) = (&world.users[&parcel.seller_id], &world.users[&parcel.buyer_id]);
        let cnpj: String = seller.document.1.chars().filter(char::is_ascii_digit).collect();
        let ((kind, document), zip) = (&buyer.document, &buyer.address.zip);
        let nfe = |number: u32| {
            let body = format!("352611{cnpj:0>14}55001{number:09}1{number:08}");
            let key = (0..10).find_map(|last| AccessKey::parse(&format!("{body}{last}")).ok());
            let key = key.expect("one digit follows from the others");
            let xml = format!(
                r#"<nfeProc versao="4.00"><NFe><infNFe Id="NFe{key}" versao="4.00"><ide><mod>55</mod><serie>1</serie>
                <nNF>{number}</nNF><dhEmi>2026-11-10T11:00:00-03:00</dhEmi><tpAmb>1</tpAmb></ide><emit><CNPJ>{cnpj}</CNPJ></emit>
                <dest><{kind}>{document}</{kind}><CEP>{zip}</CEP></dest><vNF>9999.00</vNF></infNFe></NFe>
                <protNFe><infProt><chNFe>{key}</chNFe><cStat>100</cStat></infProt></protNFe></nfeProc>"#
            );
            Nfe::read(xml.into_bytes()).expect("an invoice")
        };
        (order, id, [1, 2].map(nfe), zip.clone())
    })
}

/// An invoice told, told again, put in the place of a wrong one, and that again.
fn record_invoices(
    invoices: &dyn Invoices,
    recorder: &Recorder,
    account: &Account,
    id: &str,
    [right, wrong]: &[&Nfe; 2],
) -> [Vec<Step>; 4] {
    let told = [(); 2].map(|()| recorder.record(|| now(invoices.tell(account, id, right))));
    let replacing = invoices.replacing().expect("the channel takes another invoice");
    now(replacing.replace(account, id, wrong)).expect("it takes its place");
    let replaced = [(); 2].map(|()| recorder.record(|| now(replacing.replace(account, id, right))));
    let [first, again] = told;
    let [in_place, there] = replaced;
    [first, again, in_place, there].map(|(outcome, steps)| {
        outcome.expect("the invoice is in order");
        steps
    })
}

/// What every call asked and was answered, of one more sale of `item`.
pub(super) fn record(
    channel: &dyn Channel,
    recorder: &Recorder,
    account: &Account,
    clock: &ManualClock,
    item: &str,
) -> Recording {
    let (order, parcel, [invoice, wrong], buyer) = sell(recorder, clock, item);
    let (order, id) = (order.to_string(), parcel.to_string());
    let packages = channel.packages().expect("the channel has packages");
    let documents = channel.documents().expect("the channel prints");
    let invoices = channel.invoices().expect("the channel takes invoices");
    let tracking = channel.tracking().expect("the channel tells where parcels are");
    let arrange = || recorder.record(|| now(packages.arrange(account, &id, &Handover::Ready)));
    let ids = [id.clone()];
    let print = |format| recorder.record(|| now(documents.print(account, &ids, DocumentKind::Label, format)));

    let (ways, of_ways) = recorder.record(|| now(packages.ways(account, &id)));
    ways.expect("made goods can be said to be there");
    recorder.noted().ignores_writes = true;
    let (outcome, ignored) = arrange();
    assert_eq!(outcome.expect_err("an ignored write").kind, ErrorKind::WriteNotApplied);
    recorder.noted().ignores_writes = false;
    let (outcome, of_arrange) = arrange();
    outcome.expect("they are there");
    let (outcome, without_invoice) = print(Format::Pdf);
    assert_eq!(outcome.expect_err("no label without an invoice").kind, ErrorKind::InvoiceMissing);
    let [of_tell, told_already, of_replace, replaced_already] =
        record_invoices(invoices, recorder, account, &id, &[&invoice, &wrong]);
    wait(recorder, clock, A_WHILE);
    let (outcome, arranged_already) = arrange();
    outcome.expect("it was said");
    let (outcome, of_fetch) = recorder.record(|| now(packages.fetch(account, &id)));
    outcome.expect("the package");
    let (outcome, of_order) = recorder.record(|| now(packages.of_order(account, &order)));
    outcome.expect("its packages");
    let (outcome, of_pdf) = print(Format::Pdf);
    outcome.expect("a label");
    let (outcome, of_zpl) = print(Format::Zpl);
    outcome.expect("a label");
    let (outcome, of_events) = recorder.record(|| now(tracking.events(account, &id)));
    outcome.expect("events");
    Recording {
        samples: DispatchSamples {
            order_id: order,
            package_id: id.clone(),
            handover: Handover::Ready,
            invoice: invoice.clone(),
            buyer,
        },
        scripts: vec![
            (Dispatch::PackagesOfOrder, of_order),
            (Dispatch::FetchPackage, of_fetch),
            (Dispatch::Ways, of_ways),
            (Dispatch::Arrange, of_arrange),
            (Dispatch::PrintPdf, of_pdf),
            (Dispatch::PrintZpl, of_zpl),
            (Dispatch::Events, of_events),
            (Dispatch::TellInvoice, of_tell),
            (Dispatch::ReplaceInvoice, of_replace),
        ],
        already: vec![
            (Dispatch::Arrange, arranged_already),
            (Dispatch::TellInvoice, told_already),
            (Dispatch::ReplaceInvoice, replaced_already),
        ],
        ignored,
        without_invoice,
    }
}

fn steps(scripts: &[(Dispatch, Vec<Step>)], dispatch: Dispatch) -> Option<Vec<Step>> {
    scripts.iter().find(|(recorded, _)| *recorded == dispatch).map(|(_, steps)| steps.clone())
}

impl Recorded {
    fn packages(&self) -> &Recording {
        assert!(self.shelves == Shelves::One, "depots change nothing of dispatch");
        self.packages.as_ref().expect("dispatch was recorded")
    }
}

impl DispatchHarness for Recorded {
    fn dispatch_samples(&self) -> Option<DispatchSamples> {
        Some(self.packages().samples.clone())
    }

    fn dispatch_script(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        steps(&self.packages().scripts, dispatch)
    }

    fn dispatched_already(&self, dispatch: Dispatch) -> Option<Vec<Step>> {
        steps(&self.packages().already, dispatch)
    }

    fn arrangement_ignored(&self) -> Option<Vec<Step>> {
        Some(self.packages().ignored.clone())
    }

    fn package_with_status(&self, status: &str) -> Option<Vec<Step>> {
        let mut steps = self.dispatch_script(Dispatch::FetchPackage)?;
        let mut shipment = json_of(&steps[0]);
        shipment["status"] = json!(status);
        shipment["substatus"] = json!(null);
        steps[0] = steps[0].clone().map_body(|_| shipment.to_string());
        // Nobody knows whether it has to be handed over.
        steps.retain(|step| !step.request().1.ends_with("/sla"));
        Some(steps)
    }

    fn invoice_missing(&self) -> Option<(Dispatch, Vec<Step>)> {
        Some((Dispatch::PrintPdf, self.packages().without_invoice.clone()))
    }
}

connect::dispatch_conformance!(recorded: Recorded::of(Shelves::One));
