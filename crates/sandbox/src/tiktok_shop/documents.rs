//! Labels and packing slips: real PDF, PNG and ZPL behind addresses that end (fact sheet §11).

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::World;
use super::ask::Ask;
use super::gate::{Door, shop};
use super::order_read::recipient_document;
use super::package::{Package, PackageStatus, destination};
use super::png;
use super::refusal::{Refusal, success};
use crate::call::Call;
use crate::pdf;
use crate::reply::{Answer, Reply};
use crate::table::{Route, get};

/// How long a document can be fetched.
pub const DOCUMENT_LIFE: Duration = Duration::from_hours(24);

/// What can be printed for a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentKind {
    /// The label.
    ShippingLabel,
    /// What is inside.
    PackingSlip,
    /// Both, a page each.
    ShippingLabelAndPackingSlip,
    /// The label as a PNG.
    ShippingLabelPicture,
    /// For dangerous goods.
    HazmatLabel,
    /// The short form of the note.
    InvoiceLabel,
}

impl DocumentKind {
    fn from_word(word: &str) -> Option<Self> {
        serde_json::from_value(json!(word)).ok()
    }
}

/// An address given out for a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The parcel.
    pub package_id: i64,
    /// What.
    pub kind: DocumentKind,
    /// True for ZPL in place of PDF.
    pub zpl: bool,
    /// Until when it can be fetched.
    pub until: Timestamp,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const READ: Door = shop(&[202_309], "seller.fulfillment.basic");
    vec![
        get("/fulfillment/{v}/packages/{id}/shipping_documents", READ, order_document),
        get("/documents/{key}", Door::Open, fetch),
    ]
}

fn order_document(world: &mut World, call: &Call) -> Answer {
    let ask = Ask::of(call)?;
    let package = world.package_of(ask.shop_id(), ask.id("id"))?;
    let sent = ask.query("document_type").ok_or_else(|| Refusal::missing("query", "document_type"))?;
    let kind = DocumentKind::from_word(sent);
    let kind = kind.ok_or_else(|| Refusal::parameter("document_type", "it is unknown"))?;
    if !matches!(ask.query("document_size"), None | Some("A6" | "A5")) {
        return Err(Refusal::parameter("document_size", "Expected A6 or A5").into());
    }
    let zpl = match ask.query("document_format") {
        None | Some("PDF") => false,
        Some("ZPL") => true,
        Some(_) => return Err(Refusal::parameter("document_format", "Expected PDF or ZPL").into()),
    };
    match package.status {
        PackageStatus::ToFulfill | PackageStatus::Cancelled => {
            return Err(Refusal::business(21_023_035, "The package has to be shipped first").into());
        }
        PackageStatus::Processing | PackageStatus::Fulfilling | PackageStatus::Completed => {}
    }
    if package.shipping_type == "SELLER" && kind != DocumentKind::PackingSlip {
        let message = "The seller's own shipping has no platform label";
        return Err(Refusal::business(21_023_036, message).into());
    }
    if package.label_at.is_some_and(|at| at > world.now) {
        return Err(
            Refusal::business(11_034_037, "The document is still being generated, try again later").into()
        );
    }
    let (package_id, tracking) = (package.id, package.tracking_number.clone());
    let key = world.dice.hex(40);
    let now = world.now;
    world.documents.retain(|_, document| document.until > now);
    world.documents.insert(key.clone(), Document { package_id, kind, zpl, until: now.plus(DOCUMENT_LIFE) });
    success(json!({"doc_url": format!("{}/documents/{key}", world.base_url), "tracking_number": tracking}))
}

fn fetch(world: &mut World, call: &Call) -> Answer {
    let gone = || Reply::html(StatusCode::FORBIDDEN, "<h1>Request has expired</h1>".to_owned());
    let document =
        world.documents.get(call.param("key")).filter(|it| it.until > world.now).ok_or_else(gone)?;
    let package = world.packages.get(&document.package_id).ok_or_else(gone)?;
    let pages = match document.kind {
        DocumentKind::ShippingLabelAndPackingSlip => vec![label(world, package), slip(world, package)],
        DocumentKind::PackingSlip => vec![slip(world, package)],
        DocumentKind::InvoiceLabel => vec![invoice_label(world, package)],
        DocumentKind::ShippingLabel | DocumentKind::ShippingLabelPicture | DocumentKind::HazmatLabel => {
            vec![label(world, package)]
        }
    };
    Ok(if document.kind == DocumentKind::ShippingLabelPicture {
        Reply::bytes("image/png", png::bars(&package.tracking_number))
    } else if document.zpl {
        Reply::bytes("application/zpl", zpl(&pages, &package.tracking_number))
    } else {
        Reply::bytes("application/pdf", pdf::document(&pages))
    })
}

fn shop_name(world: &World, package: &Package) -> String {
    world.shops.get(&package.shop_id).map(|shop| shop.name.clone()).unwrap_or_default()
}

fn label(world: &World, package: &Package) -> Vec<String> {
    let mut lines = vec![
        "TIKTOK SHOP (SIMULADO)".to_owned(),
        format!("Pacote {}", package.id),
        format!("Rastreio {}", package.tracking_number),
        format!("Remetente: {}", shop_name(world, package)),
    ];
    if let Some((buyer, address)) = destination(world, package) {
        // The printed label is the one place where the address is clear.
        let to = recipient_document(buyer, address, false, true);
        lines.push(format!("Para: {}", buyer.name));
        lines.push(to["full_address"].as_str().unwrap_or_default().to_owned());
    }
    lines
}

fn slip(world: &World, package: &Package) -> Vec<String> {
    let mut lines = vec![format!("Pacote {}", package.id), format!("Loja: {}", shop_name(world, package))];
    for order in package.order_ids.iter().filter_map(|id| world.orders.get(id)) {
        lines.push(format!("Pedido {}", order.id));
        for line in order.lines.iter().filter(|line| package.line_ids.contains(&line.id)) {
            lines.push(format!("1 x {} {}", line.seller_sku, line.product_name));
        }
    }
    lines
}

fn invoice_label(world: &World, package: &Package) -> Vec<String> {
    let key = package.invoice.access_key.clone().unwrap_or_default();
    let mut lines = vec!["DANFE SIMPLIFICADO".to_owned(), format!("Emitente: {}", shop_name(world, package))];
    lines.push("Chave de acesso:".to_owned());
    lines.push(key);
    lines
}

fn zpl(pages: &[Vec<String>], code: &str) -> String {
    let page = |lines: &Vec<String>| {
        // 203 dpi: 40 dots between lines, the bar code below the last one.
        let fields: String = lines
            .iter()
            .enumerate()
            .map(|(row, line)| {
                format!("^FO40,{}^A0N,30,30^FD{}^FS\n", 40 + row * 40, line.replace(['^', '~'], " "))
            })
            .collect::<Vec<_>>()
            .concat();
        format!("^XA\n^CI28\n{fields}^FO40,{}^BY3^BCN,120,Y,N,N^FD{code}^FS\n^XZ\n", 60 + lines.len() * 40)
    };
    pages.iter().map(page).collect::<Vec<_>>().concat()
}
