//! Shipping documents: asked for, made, printed (fact sheet §7).

use serde_json::{Value, json};

use super::args::Args;
use super::envelope::{batch, failed_row, refuse};
use super::market::Door;
use super::order::{Label, Order, Package, PackageStatus};
use super::order_read::{carrier, own_order};
use super::{World, push};
use crate::call::Call;
use crate::pdf;
use crate::reply::{Answer, Reply};
use crate::table::{Route, post};
use crate::zip;

/// Orders of one call.
const BATCH_MAX: usize = 50;
/// A page to be printed.
const NORMAL: &str = "NORMAL_AIR_WAYBILL";
/// Text for a label printer, with the declaration of the content beside it.
const THERMAL: &str = "THERMAL_AIR_WAYBILL";
/// What can be chosen.
const KINDS: [&str; 2] = [NORMAL, THERMAL];

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/logistics/get_shipping_document_parameter", Door::Shop, parameter),
        post("/api/v2/logistics/create_shipping_document", Door::Shop, create),
        post("/api/v2/logistics/get_shipping_document_result", Door::Shop, result),
        post("/api/v2/logistics/download_shipping_document", Door::Shop, download),
        post("/api/v2/logistics/get_shipping_document_data_info", Door::Shop, |_, _| {
            Err(refuse("error_permission", "Sellers in BR cannot print labels of their own."))
        }),
    ]
}

fn sn_of(row: &Value) -> &str {
    row["order_sn"].as_str().unwrap_or_default()
}

fn not_printable() -> Reply {
    refuse("logistics.package_can_not_print", "The package can not print now.")
}

/// The package that a row means, when its label can be printed now.
fn printable<'a>(world: &'a World, call: &Call, row: &Value) -> Result<(&'a Order, &'a Package), Reply> {
    let order = own_order(world, call, sn_of(row))
        .map_err(|_| refuse("logistics.error_not_found", "The order is not found."))?;
    let number = row["package_number"].as_str().filter(|number| !number.is_empty());
    let package = match number {
        Some(number) => order.package(number),
        None if order.is_split() => None,
        None => order.packages.first(),
    };
    let package = package
        .ok_or_else(|| refuse("logistics.package_number_not_exist", "The package number does not exist."))?;
    match package.status {
        PackageStatus::RequestCreated | PackageStatus::PickupRetry if package.tracking.is_some() => {
            Ok((order, package))
        }
        PackageStatus::Ready | PackageStatus::NotStart => {
            Err(refuse("logistics.order_status_error", "The order status does not allow this."))
        }
        PackageStatus::RequestCreated
        | PackageStatus::PickupRetry
        | PackageStatus::PickupDone
        | PackageStatus::DeliveryDone
        | PackageStatus::Invalid
        | PackageStatus::RequestCanceled
        | PackageStatus::PickupFailed
        | PackageStatus::DeliveryFailed
        | PackageStatus::Lost => Err(not_printable()),
    }
}

fn failure(row: &Value, refusal: &Reply) -> Value {
    let said = refusal.document();
    let text = |name: &str| said[name].as_str().unwrap_or_default();
    failed_row(sn_of(row), text("error"), text("message"))
}

fn parameter(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = args.rows("order_list", BATCH_MAX)?.iter().map(|row| match printable(world, call, row) {
        Ok((order, package)) => json!({"order_sn": order.sn, "package_number": package.number,
            "suggest_shipping_document_type": NORMAL, "selectable_shipping_document_type": KINDS}),
        Err(refusal) => failure(row, &refusal),
    });
    batch(&rows.collect::<Vec<_>>())
}

fn create(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = args.rows("order_list", BATCH_MAX)?.iter().map(|row| {
        let checked = printable(world, call, row).and_then(|(order, package)| {
            if row["tracking_number"].as_str() != package.tracking.as_deref() {
                return Err(refuse("logistics.tracking_number_invalid", "The tracking number is invalid."));
            }
            let kind = row["shipping_document_type"].as_str().unwrap_or(NORMAL);
            if !KINDS.contains(&kind) {
                return Err(refuse(
                    "logistics.shipping_document_type_error",
                    "The document type is not offered.",
                ));
            }
            Ok((order.sn.clone(), package.number.clone(), kind.to_owned()))
        });
        match checked {
            Ok((sn, number, kind)) => {
                let polls_left = world.rules.label_polls;
                if let Some(package) = world.orders.get_mut(&sn).and_then(|order| order.package_mut(&number))
                {
                    package.label = Some(Label { kind, polls_left, failed: false });
                }
                if polls_left == 0 {
                    tell(world, &sn, &number);
                }
                json!({"order_sn": sn, "package_number": number})
            }
            Err(refusal) => failure(row, &refusal),
        }
    });
    batch(&rows.collect::<Vec<_>>())
}

/// Push 15: a label is ready, or will never be.
pub(crate) fn tell(world: &mut World, sn: &str, number: &str) {
    let Some(order) = world.orders.get(sn) else { return };
    let failed = order.package(number).and_then(|it| it.label.as_ref()).is_some_and(|label| label.failed);
    let status = if failed { "FAILED" } else { "READY" };
    let shop = order.shop_id;
    push::emit(world, shop, 15, &json!({"ordersn": sn, "package_number": number, "status": status}));
}

fn result(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let rows = args.rows("order_list", BATCH_MAX)?.iter().map(|row| {
        let found = printable(world, call, row).and_then(|(order, package)| {
            if package.label.is_none() {
                return Err(must_be_made());
            }
            Ok((order.sn.clone(), package.number.clone()))
        });
        match found {
            Ok((sn, number)) => {
                let (status, ended) = poll(world, &sn, &number);
                if ended {
                    tell(world, &sn, &number);
                }
                json!({"order_sn": sn, "package_number": number, "status": status})
            }
            Err(refusal) => failure(row, &refusal),
        }
    });
    batch(&rows.collect::<Vec<_>>())
}

fn must_be_made() -> Reply {
    refuse("logistics.shipping_document_should_print_first", "The document should be created first.")
}

/// One question about a label: its status, and whether this question was the last in vain.
fn poll(world: &mut World, sn: &str, number: &str) -> (&'static str, bool) {
    let label =
        world.orders.get_mut(sn).and_then(|order| order.package_mut(number)).and_then(|it| it.label.as_mut());
    match label {
        None => ("FAILED", false),
        Some(label) if label.polls_left > 0 => {
            label.polls_left -= 1;
            ("PROCESSING", label.polls_left == 0)
        }
        Some(label) => (if label.failed { "FAILED" } else { "READY" }, false),
    }
}

fn download(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let kind = args.opt_text("shipping_document_type")?.unwrap_or(NORMAL);
    let rows = args.rows("order_list", BATCH_MAX)?;
    let mut found = Vec::new();
    for row in rows {
        let (order, package) = printable(world, call, row)?;
        let label = package.label.as_ref().ok_or_else(must_be_made)?;
        if label.kind != kind || label.failed {
            return Err(must_be_made());
        }
        if label.polls_left > 0 {
            return Err(refuse("logistics.download_later", "The document is being made, download it later."));
        }
        found.push((order, package));
    }
    if found.windows(2).any(|pair| pair[0].0.channel_id != pair[1].0.channel_id) {
        let message = "Packages of different couriers can not be downloaded together.";
        return Err(refuse("logistics.packages_can_not_download_together", message));
    }
    if kind == THERMAL {
        let text: String = found.iter().map(|(order, package)| zpl(order, package)).collect();
        let declarations: Vec<Vec<String>> =
            found.iter().map(|(order, package)| declaration(order, package)).collect();
        let declarations = pdf::document(&declarations);
        let files = [("etiquetas.txt", text.as_bytes()), ("declaracao_de_conteudo.pdf", &declarations)];
        return Ok(Reply::bytes("application/octet-stream", zip::archive(&files)));
    }
    let pages: Vec<Vec<String>> = found.iter().map(|(order, package)| page(world, order, package)).collect();
    Ok(Reply::bytes("application/pdf", pdf::document(&pages)))
}

fn contents(order: &Order, package: &Package) -> Vec<String> {
    let part = |(index, quantity): &(usize, i64)| {
        order.lines.get(*index).map(|line| format!("{quantity} x {}", line.item_name))
    };
    package.parts.iter().filter_map(part).collect()
}

/// The declaration of the content, which travels with the parcel.
fn declaration(order: &Order, package: &Package) -> Vec<String> {
    let mut lines = vec!["DECLARAÇÃO DE CONTEÚDO".to_owned(), format!("Pedido: {}", order.sn)];
    lines.extend(contents(order, package));
    lines
}

fn page(world: &World, order: &Order, package: &Package) -> Vec<String> {
    let mut lines = vec![
        format!("Shopee - {}", carrier(order)),
        format!("Pedido: {}", order.sn),
        format!("Pacote: {}", package.number),
        format!("Rastreio: {}", package.tracking.as_deref().unwrap_or_default()),
    ];
    if let Some(buyer) = world.buyers.get(&order.buyer_id) {
        lines.push(format!("Destinatário: {}", buyer.name));
        lines.push(format!("{}, 100 - {}", buyer.street, buyer.quarter));
        lines.push(format!("{} - {} - CEP {}", buyer.city, buyer.state, buyer.zip));
    }
    if let Some(key) = order.invoice["access_key"].as_str() {
        lines.push(format!("NF-e: {key}"));
    }
    lines.extend(contents(order, package));
    lines
}

fn zpl(order: &Order, package: &Package) -> String {
    let tracking = package.tracking.as_deref().unwrap_or_default();
    format!(
        "^XA^CI28^PW812^LL1218^FO40,40^A0N,40,40^FD{}^FS^FO40,100^A0N,30,30^FDPedido {}^FS^FO40,160^BY3^BCN,160,Y,N,N^FD{tracking}^FS^XZ\n",
        carrier(order),
        order.sn
    )
}
