//! Drafts and publications: of one organization, tried from another.

use domain::draft::{Draft, Publication, PublicationState};
use domain::offer::{Condition, Field, Objection, Reason};
use domain::{Actor, ConnectionId, DraftId, ListingState, ProductId, Timestamp};
use store::drafts::MadeListing;

use super::{Read, Write, found, listed};
use crate::shop::Shop;

fn typed(title: &str) -> Draft {
    let mut draft = Draft {
        title: title.into(),
        description: String::new(),
        category: "MLB1".into(),
        category_name: "Casa".into(),
        condition: Condition::New,
        brand: String::new(),
        plan: String::new(),
        price: "10".into(),
        cells: std::collections::BTreeMap::new(),
    };
    draft.put("attr-BRAND", vec!["Casa Verde".into()]);
    draft
}

fn asked(now: Timestamp) -> Publication {
    Publication { state: PublicationState::Asked, reference: "ref".into(), tried_since: None, asked_at: now }
}

fn made(now: Timestamp) -> MadeListing {
    MadeListing {
        external_id: "MLB1".into(),
        state: Some(ListingState::Closed),
        platform_status: "closed".into(),
        is_linked: true,
        made_at: now,
        objections: Vec::new(),
    }
}

fn objection() -> Objection {
    Objection {
        field: Field::Title,
        reason: Reason::Other,
        code: "forged".into(),
        said: "forged".into(),
        remedy: None,
    }
}

/// A draft that was published, with everything that can be kept of it.
pub(super) async fn draft(shop: &Shop<'_>, product: ProductId, connection: ConnectionId) -> DraftId {
    let (id, now) = (shop.house.id(), shop.house.now());
    shop.write(move |shop| {
        shop.insert_draft(id, product, connection, &typed("Caneca"), &Actor::Unknown, now)?;
        shop.keep_publication(id, &asked(now), None, now)?;
        shop.keep_made_listings(id, &["MLB1".to_owned()], now)?;
        shop.keep_objections(id, "", &[objection()])?;
        shop.keep_uploaded_picture(connection, &[1; 32], "offer", "PIC1", now)
    })
    .await;
    id
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("draft", |shop, of| found(shop.draft(of.draft))),
    ("draft_for", |shop, of| found(shop.draft_for(of.product, of.connection))),
    ("drafts_of", |shop, of| listed(shop.drafts_of(of.product))),
    ("publication", |shop, of| found(shop.publication(of.draft))),
    ("uploaded_picture", |shop, of| found(shop.uploaded_picture(of.connection, &[1; 32], "offer"))),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("insert_draft", |shop, of| {
        shop.insert_draft(of.fresh(), of.product, of.connection, &typed("forged"), &Actor::Unknown, of.now)
    }),
    ("update_draft", |shop, of| {
        shop.update_draft(of.draft, 1, &typed("forged"), &Actor::Unknown, of.now).map(drop)
    }),
    ("keep_publication", |shop, of| shop.keep_publication(of.draft, &asked(Timestamp::EPOCH), None, of.now)),
    ("keep_objections", |shop, of| shop.keep_objections(of.draft, "", &[objection()])),
    ("keep_objections of nothing", |shop, of| shop.keep_objections(of.draft, "", &[])),
    ("keep_made_listings", |shop, of| shop.keep_made_listings(of.draft, &["FORGED".to_owned()], of.now)),
    ("note_standing", |shop, of| shop.note_standing(of.draft, &made(of.now), of.now)),
    ("keep_uploaded_picture", |shop, of| {
        shop.keep_uploaded_picture(of.connection, &[1; 32], "offer", "FORGED", of.now)
    }),
    ("forget_uploaded_pictures", |shop, of| shop.forget_uploaded_pictures(of.connection)),
];
