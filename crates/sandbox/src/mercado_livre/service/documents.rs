//! Files attached to a sale: one PDF and one XML (fact sheet §13).

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::invoice::refuse;
use super::{lookup, multipart};
use crate::call::Call;
use crate::dates::west;
use crate::mercado_livre::World;
use crate::mercado_livre::gate::BILLING;
use crate::mercado_livre::shipment::Logistic;
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, delete, get, post};

/// Largest file attached to a sale, in bytes.
pub const MAX_DOCUMENT: usize = 1024 * 1024;

/// A file attached to a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The id.
    pub id: String,
    /// Name as uploaded.
    pub filename: String,
    /// `application/pdf` or `text/xml`.
    pub pdf: bool,
    /// The bytes.
    pub content: Vec<u8>,
    /// When it came.
    pub created: Timestamp,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/packs/{id}/fiscal_documents", BILLING, attach),
        get("/packs/{id}/fiscal_documents", BILLING, list),
        get("/packs/{id}/fiscal_documents/{document}", BILLING, download),
        delete("/packs/{id}/fiscal_documents", BILLING, remove),
    ]
}

/// The pack (or order) in the path, for its seller, and whether the platform's own biller
/// must be used.
fn own_pack(world: &World, call: &Call) -> Result<(i64, bool), Reply> {
    let (id, user) = (call.number("id")?, call.user_id()?);
    let orders = lookup::orders_of_pack(world, id);
    let first =
        orders.first().ok_or_else(|| reply::not_found("not_found", &format!("Pack {id} not found")))?;
    if first.seller_id != user {
        return Err(reply::not_yours());
    }
    let biller = lookup::parcel(world, first).is_some_and(|parcel| {
        matches!(parcel.logistic, Logistic::Fulfillment | Logistic::CrossDocking | Logistic::XdDropOff)
    });
    Ok((first.pack_id.unwrap_or(first.id), biller))
}

fn attach(world: &mut World, call: &Call) -> Answer {
    let (pack, biller) = own_pack(world, call)?;
    if biller {
        return Err(reply::error(
            StatusCode::FORBIDDEN,
            "forbidden",
            "you must use the biller of MercadoLibre",
        ));
    }
    let parts = multipart::parts(call)?;
    let files: Vec<_> = parts.into_iter().filter(|part| part.name == "fiscal_document").collect();
    if files.is_empty() {
        return Err(refuse("bad_request", "Required request part 'fiscal_document' is not present"));
    }
    let mut documents = Vec::new();
    for file in files {
        if file.content.len() > MAX_DOCUMENT {
            let message = "The file exceeds 1 MB";
            return Err(reply::error(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", message));
        }
        let pdf = file.content.starts_with(b"%PDF");
        if !pdf && !file.content.trim_ascii_start().starts_with(b"<") {
            return Err(refuse("bad_request", "Only PDF and XML files are accepted"));
        }
        let existing = world.service.fiscal.documents.get(&pack).into_iter().flatten().chain(&documents);
        if existing.into_iter().any(|document: &Document| document.pdf == pdf) {
            return Err(reply::conflict("conflict", "The pack already has a document of this type"));
        }
        let filename = file.filename.unwrap_or_default();
        let id = world.dice.uuid();
        documents.push(Document { id, filename, pdf, content: file.content.to_vec(), created: world.now });
    }
    let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    let answer = json!({"ids": ids});
    world.service.fiscal.documents.entry(pack).or_default().extend(documents);
    Ok(Reply::created(answer))
}

const fn media_type(document: &Document) -> &'static str {
    if document.pdf { "application/pdf" } else { "text/xml" }
}

fn list(world: &mut World, call: &Call) -> Answer {
    let (pack, _) = own_pack(world, call)?;
    let documents: Vec<Value> = world
        .service
        .fiscal
        .documents
        .get(&pack)
        .into_iter()
        .flatten()
        .map(|it| json!({"id": it.id, "date": west(it.created), "file_type": media_type(it), "filename": it.filename}))
        .collect();
    if documents.is_empty() {
        return Err(reply::not_found("not_found", "The pack has no fiscal documents"));
    }
    Ok(Reply::ok(json!({"pack_id": pack, "fiscal_documents": documents})))
}

fn download(world: &mut World, call: &Call) -> Answer {
    let (pack, _) = own_pack(world, call)?;
    let documents = world.service.fiscal.documents.get(&pack);
    let found = documents.into_iter().flatten().find(|document| document.id == call.param("document"));
    let found = found.ok_or_else(|| reply::not_found("not_found", "The document does not exist"))?;
    Ok(Reply::bytes(media_type(found), found.content.clone()))
}

fn remove(world: &mut World, call: &Call) -> Answer {
    let (pack, _) = own_pack(world, call)?;
    if world.service.fiscal.documents.remove(&pack).is_none() {
        return Err(reply::not_found("not_found", "The pack has no fiscal documents"));
    }
    Ok(Reply::ok(json!({"message": "Fiscal documents deleted"})))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Shop;
    use super::*;

    fn sold() -> (Shop, i64, i64) {
        let mut shop = Shop::open();
        let order = shop.sell();
        let parcel = shop.order(order).shipment_id.unwrap();
        (shop, order, parcel)
    }

    #[test]
    fn a_collected_parcel_wants_the_platforms_biller() {
        let (mut shop, order, parcel) = sold();
        shop.world.shipments.get_mut(&parcel).unwrap().logistic = Logistic::CrossDocking;
        let target = format!("/packs/{}/fiscal_documents", shop.pack(order));
        let refused = shop.upload(&target, "fiscal_document", "nota.pdf", b"%PDF-1.4");
        assert_eq!(refused.document()["message"], "you must use the biller of MercadoLibre");
    }

    #[test]
    fn a_pack_takes_one_pdf_and_one_xml() {
        let (mut shop, order, parcel) = sold();
        shop.world.shipments.get_mut(&parcel).unwrap().logistic = Logistic::DropOff;
        let target = format!("/packs/{}/fiscal_documents", shop.pack(order));
        let put =
            |shop: &mut Shop, content: &[u8]| shop.upload(&target, "fiscal_document", "nota", content).status;
        assert_eq!(put(&mut shop, b"%PDF-1.4"), StatusCode::CREATED);
        assert_eq!(put(&mut shop, b"<nfeProc/>"), StatusCode::CREATED);
        assert_eq!(put(&mut shop, b"%PDF-1.5"), StatusCode::CONFLICT);
        assert_eq!(put(&mut shop, b"GIF89a"), StatusCode::BAD_REQUEST);
        let listed = shop.get(&target);
        let id = listed.document()["fiscal_documents"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(shop.get(&format!("{target}/{id}")), Reply::bytes("application/pdf", &b"%PDF-1.4"[..]));
        shop.delete(&target);
        assert_eq!(shop.get(&target).status, StatusCode::NOT_FOUND);
    }
}
