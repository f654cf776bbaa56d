//! What holds of categories, pictures and publishing on every channel that has them.

use domain::attribute::{Need, Rules};
use domain::offer::{Change, Field};
use domain::picture::Picture;
use domain::{ListingState, Verdict};

use super::super::catalogue::{CatalogueCall, CatalogueOutcome, CatalogueSamples, RefusedOffer};
use super::super::harness::{Capability, Harness, Outcome, attempt, scripted};
use super::super::script::{Step, now};
use super::{expected, must_not_be_applied, must_not_be_called, succeed};
use crate::catalogue::{Category, PictureUse, Standing, Submission};
use crate::error::ErrorKind;

/// The samples of a channel that publishes.
fn samples(harness: &dyn Harness) -> Option<CatalogueSamples> {
    let it = harness.catalogue();
    let (channel, _) = scripted(harness, Vec::new());
    let has = [
        channel.categories().is_some(),
        channel.attributes().is_some(),
        channel.pictures().is_some(),
        channel.publishing().is_some(),
    ];
    let does = has.contains(&true);
    assert_eq!(it.is_some(), does, "Harness::catalogue and the accessors of Channel agree: {has:?}");
    it
}

/// What comes of a call when all is well; `None` where the channel lacks it.
fn done(harness: &dyn Harness, call: CatalogueCall) -> Option<CatalogueOutcome> {
    let outcome = succeed(harness, Capability::Catalogue(call));
    if let Outcome::Catalogue(outcome) = outcome {
        return Some(outcome);
    }
    assert!(matches!(outcome, Outcome::Lacking), "{call}: {outcome:?}");
    None
}

fn categories(harness: &dyn Harness, call: CatalogueCall) -> Vec<Category> {
    match done(harness, call) {
        Some(CatalogueOutcome::Categories(found)) => found,
        None => Vec::new(),
        other => panic!("{call}: no categories: {other:?}"),
    }
}

fn submission(harness: &dyn Harness, call: CatalogueCall) -> Option<Submission> {
    match done(harness, call) {
        Some(CatalogueOutcome::Submission(submission)) => Some(submission),
        None => None,
        other => panic!("{call}: nothing was handed in: {other:?}"),
    }
}

fn standing(harness: &dyn Harness, call: CatalogueCall) -> Option<Standing> {
    match done(harness, call) {
        Some(CatalogueOutcome::Standing(standing)) => Some(standing),
        None => None,
        other => panic!("{call}: no standing: {other:?}"),
    }
}

/// Roots have nothing above them; a path begins at one, and ends in its category.
pub fn categories_hang_together_or_there_are_none(harness: &dyn Harness) {
    let Some(it) = samples(harness) else { return };
    let (channel, _) = scripted(harness, Vec::new());
    if channel.categories().is_none() {
        return;
    }
    let roots = categories(harness, CatalogueCall::Roots);
    assert!(!roots.is_empty() && roots.iter().all(|root| root.parent.is_none()), "{roots:?}");
    let path = categories(harness, CatalogueCall::Path);
    let linked = path.windows(2).all(|two| two[1].parent.as_ref() == Some(&two[0].external_id));
    let begins = path.first().is_some_and(|first| first.parent.is_none());
    assert!(linked && begins, "a path goes down from a root: {path:?}");
    let last = path.last().map(|last| (last.external_id.as_str(), last.takes_offers));
    assert_eq!(last, Some((it.offer.category.as_str(), Some(true))), "where the offer goes");
    let proposed = categories(harness, CatalogueCall::Predict);
    assert!(proposed.iter().any(|one| one.external_id == it.offer.category), "{proposed:?}");
}

fn rules(harness: &dyn Harness) -> Option<Rules> {
    match done(harness, CatalogueCall::Rules) {
        Some(CatalogueOutcome::Rules(rules)) => Some(*rules),
        None => None,
        other => panic!("no rules: {other:?}"),
    }
}

/// A good offer passes; one without a required attribute is told which.
pub fn the_rules_of_a_category_let_a_good_offer_pass(harness: &dyn Harness) {
    let (Some(it), Some(rules)) = (samples(harness), rules(harness)) else { return };
    let faults = it.offer.check(&rules);
    assert!(faults.is_empty(), "the offer of the harness is good: {faults:?}");
    let required = rules.attributes.iter().find(|rule| rule.need == Need::Required && !rule.tells_variants);
    let required = required.expect("the harness scripts a category that requires an attribute");
    let mut poor = it.offer.clone();
    poor.attributes.retain(|attribute| attribute.id != required.id);
    let fields: Vec<Field> = poor.check(&rules).into_iter().map(|fault| fault.field).collect();
    assert_eq!(fields, [Field::Attribute(required.id.clone())]);
    if let Some(CatalogueOutcome::Owed(owed)) = done(harness, CatalogueCall::Owed) {
        assert!(owed.is_empty(), "nothing is owed by a good offer: {owed:?}");
    }
}

/// [`CatalogueCall::Brands`].
pub fn brands_are_listed_or_there_are_none(harness: &dyn Harness) {
    match done(harness, CatalogueCall::Brands) {
        Some(CatalogueOutcome::Brands(page)) => {
            assert!(!page.items.is_empty(), "the harness scripts a list with something on it");
            assert!(page.items.iter().all(|brand| !brand.name.is_empty()), "{page:?}");
        }
        None => {}
        other => panic!("no brands: {other:?}"),
    }
}

/// The platform's id comes back; too large a file is refused without a call.
pub fn a_picture_is_uploaded_and_an_impossible_one_is_never_sent(harness: &dyn Harness) {
    let Some(CatalogueOutcome::Uploaded(id)) = done(harness, CatalogueCall::Upload) else { return };
    assert!(!id.is_empty(), "an uploaded picture has an id");
    let (channel, _) = scripted(harness, Vec::new());
    let pictures = channel.pictures().expect("a picture was uploaded");
    let it = samples(harness).expect("a picture was uploaded");
    let mut large = it.picture.bytes().to_vec();
    large.resize(pictures.limits().most_bytes + 1, 0);
    let large = Picture::read(large).expect("what follows a picture is no matter");
    let refused = now(pictures.upload(&harness.account(), &large, PictureUse::Offer));
    let refused = refused.expect_err("a picture that is too large");
    let is_refused = matches!(refused.kind, ErrorKind::Refused { .. }) && refused.verdict() == Verdict::Fail;
    assert!(is_refused, "a picture beyond Pictures::limits is Refused without a call, and was: {refused}");
}

/// [`CatalogueCall::Create`].
pub fn an_offer_is_published(harness: &dyn Harness) {
    let (Some(it), Some(made)) = (samples(harness), submission(harness, CatalogueCall::Create)) else {
        return;
    };
    let Submission::Taken { external_ids, .. } = made else { panic!("not taken: {made:?}") };
    assert!(external_ids.contains(&it.listing), "{external_ids:?} is not {}", it.listing);
}

/// What makes a listing: the first call of a creation that is no reading.
fn making(steps: &[Step]) -> Option<(http::Method, String)> {
    let step = steps.iter().find(|step| !step.is_read())?;
    let (method, target) = step.request();
    Some((method.clone(), target.to_owned()))
}

/// The listing is found by the offer's codes, and the same one comes back without another
/// being made.
pub fn an_offer_whose_answer_was_lost_is_found_and_not_doubled(harness: &dyn Harness) {
    let Some(made) = submission(harness, CatalogueCall::Create) else { return };
    let again = submission(harness, CatalogueCall::CreateAgain).expect("the channel publishes");
    let (Submission::Taken { external_ids: one, .. }, Submission::Taken { external_ids: same, .. }) =
        (made, again)
    else {
        panic!("an offer that is good is taken, each time");
    };
    assert_eq!(one, same, "the same listings, told twice");
    let steps = |call| harness.script(Capability::Catalogue(call)).unwrap_or_default();
    let making = making(&steps(CatalogueCall::Create)).expect("a creation writes");
    let repeated = steps(CatalogueCall::CreateAgain).iter().any(|step| {
        let (method, target) = step.request();
        (method, target) == (&making.0, making.1.as_str())
    });
    assert!(!repeated, "what exists is not made again by {making:?}");
    let Some(CatalogueOutcome::Found(found)) = done(harness, CatalogueCall::Find) else {
        panic!("a channel that publishes finds what it published");
    };
    assert!(found.iter().all(|one| same.contains(&one.external_id) && !one.seller_skus.is_empty()));
    assert_eq!(found.len(), same.len(), "{found:?}");
}

/// The field, and the platform's own word.
pub fn a_refused_offer_names_its_field(harness: &dyn Harness) {
    let Some(it) = samples(harness) else { return };
    let RefusedOffer { offer, steps, field } = it.refused;
    let (channel, script) = scripted(harness, steps);
    let publishing = channel.publishing().expect("an offer was refused");
    let outcome = now(publishing.create(&harness.account(), &offer, None));
    script.done();
    let Ok(Submission::Refused(objections)) = outcome else {
        panic!("an offer that the platform refuses is Submission::Refused, and was: {outcome:?}");
    };
    let about = objections.iter().find(|objection| objection.field == field);
    let about = about.unwrap_or_else(|| panic!("nothing about {field} in {objections:?}"));
    assert!(!about.said.is_empty(), "the platform's own words are kept: {about:?}");
}

/// [`CatalogueCall::Update`].
pub fn a_listing_is_changed_and_nothing_is_no_change(harness: &dyn Harness) {
    let (Some(it), Some(made)) = (samples(harness), submission(harness, CatalogueCall::Update)) else {
        return;
    };
    let Submission::Taken { external_ids, .. } = made else { panic!("not taken: {made:?}") };
    assert_eq!(external_ids, std::slice::from_ref(&it.listing));
    let (channel, _) = scripted(harness, Vec::new());
    let publishing = channel.publishing().expect("a listing was changed");
    let nothing = now(publishing.update(&harness.account(), &it.listing, &Change::default()));
    assert!(matches!(nothing, Ok(Submission::Taken { .. })), "{nothing:?}");
}

/// Off sale it is not on sale, whatever the platform says; put up it is, or waits for it.
pub fn a_listing_is_taken_down_and_put_up(harness: &dyn Harness) {
    let Some(down) = standing(harness, CatalogueCall::TakeDown) else { return };
    assert_eq!(down.state, ListingState::Paused, "{down:?}");
    let up = standing(harness, CatalogueCall::PutUp).expect("the channel publishes");
    assert!(!matches!(up.state, ListingState::Closed | ListingState::NeedsAttention), "{up:?}");
    let it = samples(harness).expect("the channel publishes");
    let capability = Capability::Catalogue(CatalogueCall::TakeDown);
    let (outcome, script) = attempt(harness, capability, it.down_ignored);
    must_not_be_applied(capability, outcome);
    script.done();
}

/// [`CatalogueCall::Standing`].
pub fn what_moderation_objects_to_is_told_with_its_own_words(harness: &dyn Harness) {
    let Some(good) = standing(harness, CatalogueCall::Standing) else { return };
    assert!(good.objections.is_empty() && !good.platform_status.is_empty(), "{good:?}");
    let it = samples(harness).expect("the channel publishes");
    let capability = Capability::Catalogue(CatalogueCall::Standing);
    let (outcome, script) = attempt(harness, capability, it.moderated);
    let outcome = expected(capability, outcome);
    script.done();
    let Outcome::Catalogue(CatalogueOutcome::Standing(standing)) = outcome else {
        panic!("no standing: {outcome:?}");
    };
    assert_ne!(standing.state, ListingState::Active, "{standing:?}");
    assert!(standing.objections.iter().any(|objection| !objection.said.is_empty()), "{standing:?}");
}

/// [`CatalogueCall::Delete`].
pub fn a_listing_is_ended(harness: &dyn Harness) {
    let outcome = done(harness, CatalogueCall::Delete);
    assert!(matches!(outcome, None | Some(CatalogueOutcome::Deleted)), "{outcome:?}");
}

/// Ids come back from a database and cannot turn one resource into another.
pub fn a_listings_id_that_climbs_is_never_published(harness: &dyn Harness) {
    let Some(it) = samples(harness) else { return };
    let (channel, _) = scripted(harness, Vec::new());
    let account = harness.account();
    for id in ["..", ".", ""] {
        let not_called = |call, error| must_not_be_called(Capability::Catalogue(call), id, &error);
        if let Some(publishing) = channel.publishing() {
            let ended = now(publishing.delete(&account, id));
            not_called(CatalogueCall::Delete, ended.expect_err("no listing"));
            let stands = now(publishing.standing(&account, id));
            not_called(CatalogueCall::Standing, stands.expect_err("no listing"));
            let changed = now(publishing.update(&account, id, &it.change));
            not_called(CatalogueCall::Update, changed.expect_err("no listing"));
            let down = now(publishing.set_on_sale(&account, id, false));
            not_called(CatalogueCall::TakeDown, down.expect_err("no listing"));
        }
        if let Some(attributes) = channel.attributes() {
            let rules = now(attributes.rules(&account, id));
            not_called(CatalogueCall::Rules, rules.expect_err("no category"));
        }
        if let Some(tree) = channel.categories() {
            let below = now(tree.children(&account, Some(id)));
            not_called(CatalogueCall::Roots, below.expect_err("no category"));
        }
    }
}
