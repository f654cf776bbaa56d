//! Publishing at the sandbox, each call recorded once.

use std::time::Duration;

use connect::conformance::catalogue::perform;
use connect::conformance::{Capability, CatalogueCall, CatalogueSamples, Outcome, RefusedOffer, Step, now};
use connect::{Account, Channel, ErrorKind, PictureUse};
use domain::attribute::Value;
use domain::offer::{Attribute, Change, Condition, Field, Offer, Package, Variant};
use domain::picture::Picture;
use domain::{Clock, Currency, ManualClock, Money};
use http::Method;
use serde_json::json;

use super::Recorder;

/// A category that requires a brand and nothing besides.
const CATEGORY: &str = "MLB30988";
/// A listing that was closed is locked for some seconds.
const LOCKED: Duration = Duration::from_secs(5);
const ONCE: [CatalogueCall; 14] = [
    CatalogueCall::Roots,
    CatalogueCall::Path,
    CatalogueCall::Predict,
    CatalogueCall::Rules,
    CatalogueCall::Owed,
    CatalogueCall::Brands,
    CatalogueCall::Upload,
    CatalogueCall::CreateAgain,
    CatalogueCall::Find,
    CatalogueCall::Standing,
    CatalogueCall::Update,
    CatalogueCall::TakeDown,
    CatalogueCall::PutUp,
    CatalogueCall::Delete,
];

fn picture() -> Picture {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x03\x20\x08\0\0\0\0";
    Picture::read(head.to_vec()).expect("a picture")
}

fn offer(picture: String) -> Offer {
    let variant = Variant {
        choices: Vec::new(),
        seller_sku: "GAR-500-UNICA".into(),
        gtin: None,
        price: Money::new(8_990, Currency::Brl),
        quantity_units: 5,
        picture: None,
    };
    Offer {
        reference: "drf-1".into(),
        title: "Garrafa Térmica Inox 500 ml".into(),
        description: "Mantém quente por oito horas.".into(),
        category: CATEGORY.into(),
        condition: Condition::New,
        brand: None,
        attributes: vec![Attribute { id: "BRAND".into(), values: vec![Value::Text("Acme".into())] }],
        pictures: vec![picture],
        axes: Vec::new(),
        variants: vec![variant],
        package: Some(Package { weight_grams: 420, length_mm: 260, width_mm: 90, height_mm: 90 }),
        fiscal: None,
        plan: None,
    }
}

/// What every call asked and was answered, and the samples that it was made with.
pub(super) fn record(
    channel: &dyn Channel,
    recorder: &Recorder,
    account: &Account,
    clock: &ManualClock,
) -> (CatalogueSamples, Vec<(Capability, Vec<Step>)>) {
    let publishing = channel.publishing().expect("the channel publishes");
    let pictures = channel.pictures().expect("the channel takes pictures");
    let uploaded = now(pictures.upload(account, &picture(), PictureUse::Offer)).expect("a picture");
    let mut it = CatalogueSamples {
        picture: picture(),
        offer: offer(uploaded.clone()),
        tried_since: clock.now(),
        listing: String::new(),
        change: Change { title: Some("Garrafa Térmica Inox com Alça".into()), ..Change::default() },
        refused: RefusedOffer {
            offer: Offer { attributes: Vec::new(), ..offer(uploaded) },
            steps: Vec::new(),
            field: Field::Attribute("BRAND".into()),
        },
        moderated: Vec::new(),
        down_ignored: Vec::new(),
    };
    let mut scripts = Vec::new();
    let poor = it.refused.offer.clone();
    it.refused.steps = recorder.record(|| now(publishing.create(account, &poor, None))).1;
    let (made, steps) = recorder.record(|| perform(CatalogueCall::Create, &it, account, channel));
    it.listing = listing_of(&made.expect("the offer is taken"));
    scripts.push((Capability::Catalogue(CatalogueCall::Create), steps));
    for call in ONCE {
        if call == CatalogueCall::TakeDown {
            recorder.noted().ignores_writes = true;
            let (kept, steps) = recorder.record(|| perform(call, &it, account, channel));
            assert_eq!(kept.expect_err("an ignored write").kind, ErrorKind::WriteNotApplied);
            it.down_ignored = steps;
            recorder.noted().ignores_writes = false;
        }
        if call == CatalogueCall::Delete {
            let hit = json!({ "item_id": it.listing, "hit": "waiting_for_patch" });
            recorder.market.control(Method::POST, "/_sandbox/moderation", &hit);
            it.moderated = recorder.record(|| now(publishing.standing(account, &it.listing))).1;
            let locked = now(publishing.delete(account, &it.listing)).expect_err("a locked listing");
            assert_eq!(locked.kind, ErrorKind::Conflict);
            clock.advance(LOCKED);
        }
        let (outcome, steps) = recorder.record(|| perform(call, &it, account, channel));
        outcome.unwrap_or_else(|error| panic!("{call}: {error:?}"));
        scripts.push((Capability::Catalogue(call), steps));
    }
    (it, scripts)
}

fn listing_of(made: &Outcome) -> String {
    let Outcome::Catalogue(connect::conformance::CatalogueOutcome::Submission(connect::Submission::Taken {
        external_ids,
        ..
    })) = made
    else {
        panic!("not taken: {made:?}");
    };
    external_ids[0].clone()
}
