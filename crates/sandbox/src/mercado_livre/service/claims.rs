//! Claims: what goes wrong after a sale, as a state machine (fact sheet §15, §24).

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::changes::Change;
use super::returns::{self, Return, ReturnStatus};
use super::{ServiceEvent, lookup};
use crate::ids::Series;
use crate::mercado_livre::order::{Order, OrderStatus};
use crate::mercado_livre::shipment::{Shipment, ShipmentStage};
use crate::mercado_livre::{Event, World};

/// How long the seller has before the claim is decided without them (our choice).
pub const SELLER_TIME: Duration = Duration::from_hours(3 * 24);
/// How long a mediator takes to decide a dispute (our choice).
pub const MEDIATION_TIME: Duration = Duration::from_hours(7 * 24);
const IDS: Series = Series::new("claim", 5_300_000_000);

/// Who the parties are: the buyer complains, the seller responds.
pub const BUYER_ROLE: &str = "complainant";
/// See [`BUYER_ROLE`].
pub const SELLER_ROLE: &str = "respondent";

/// How far a claim has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStage {
    /// Between buyer and seller.
    Claim,
    /// Before a mediator.
    Dispute,
}

/// What kind of case a claim is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Something is wrong, and somebody may have to decide.
    #[default]
    Mediations,
    /// The buyer sends the product back without asking.
    Return,
    /// The buyer wants another one in its place.
    Change,
    /// The buyer calls the purchase off before it leaves.
    CancelPurchase,
}

impl ClaimKind {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mediations => "mediations",
            Self::Return => "return",
            Self::Change => "change",
            Self::CancelPurchase => "cancel_purchase",
        }
    }

    /// The kind of this name; `None` for one that is not simulated.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Mediations, Self::Return, Self::Change, Self::CancelPurchase]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// What the buyer wants to happen.
    const fn wish(self, problem: Problem) -> &'static str {
        match (self, problem) {
            (Self::Change, _) => "change_product",
            (Self::CancelPurchase, _) | (_, Problem::Cs) => "refund",
            (Self::Return, _) | (Self::Mediations, Problem::Pdd) => "return_product",
            (Self::Mediations, Problem::Pnr) => "product",
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Problem {
    /// The parcel did not arrive.
    Pnr,
    /// The product is different or defective.
    Pdd,
    /// Nothing: the purchase is called off.
    Cs,
}

impl Problem {
    /// The reason id of a claim.
    #[must_use]
    pub const fn reason_id(self) -> &'static str {
        match self {
            Self::Pnr => "PNR9508",
            Self::Pdd => "PDD9549",
            Self::Cs => "CS5301",
        }
    }

    /// The reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pnr => "O produto não chegou",
            Self::Pdd => "O produto veio diferente ou com defeito",
            Self::Cs => "O comprador desistiu da compra",
        }
    }
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// `payment_refunded`, `respondent_timeout`, `item_returned`, `partial_refunded`…
    pub reason: String,
    /// Who got what they wanted: `complainant` or `respondent`.
    pub benefited: String,
    /// `respondent`, `mediator` or `complainant`.
    pub closed_by: String,
    /// When.
    pub date_created: Timestamp,
}

/// A message inside a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMessage {
    /// Names the message; never repeats.
    pub hash: String,
    /// Who writes, by role.
    pub sender_role: String,
    /// To whom, by role.
    pub receiver_role: String,
    /// The text.
    pub text: String,
    /// File names.
    pub attachments: Vec<String>,
    /// The stage then.
    pub stage: ClaimStage,
    /// When.
    pub date_created: Timestamp,
}

/// What a party wants to happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// By role.
    pub player_role: String,
    /// The user.
    pub user_id: i64,
    /// `refund`, `return_product`, `change_product`, `partial_refund`.
    pub wish: String,
    /// Percentage of a partial refund.
    pub percentage: Option<i64>,
    /// `pending`, `accepted` or `rejected`.
    pub status: String,
    /// When.
    pub date_created: Timestamp,
}

/// One line of the history: who did what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The action.
    pub action: String,
    /// By role.
    pub player_role: String,
    /// The stage then.
    pub stage: ClaimStage,
    /// When.
    pub date: Timestamp,
}

/// A claim about one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Ten digits.
    pub id: i64,
    /// The order.
    pub order_id: i64,
    /// The seller.
    pub seller_id: i64,
    /// The buyer.
    pub buyer_id: i64,
    /// What kind of case it is.
    #[serde(default)]
    pub kind: ClaimKind,
    /// What is wrong.
    pub problem: Problem,
    /// How far it got.
    pub stage: ClaimStage,
    /// How it ended; open while there is none.
    pub resolution: Option<Resolution>,
    /// Units claimed.
    pub quantity: i64,
    /// Units of the order.
    pub ordered: i64,
    /// True when the parcel had arrived.
    pub fulfilled: bool,
    /// Until when the responsible party must act.
    pub due: Timestamp,
    /// Messages, oldest first.
    pub messages: Vec<ClaimMessage>,
    /// What the parties want.
    pub expectations: Vec<Expectation>,
    /// Proofs of shipping, as sent.
    pub evidences: Vec<serde_json::Value>,
    /// Uploaded files: name to bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What happened.
    pub deeds: Vec<Deed>,
    /// The product on its way back.
    pub product_return: Option<Return>,
    /// The product that takes its place.
    #[serde(default)]
    pub change: Option<Change>,
    /// When it was opened.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// All claims by id.
pub type Claims = BTreeMap<i64, Claim>;

impl Claim {
    /// True while nothing is decided.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.resolution.is_none()
    }

    /// True once the seller has done anything.
    fn seller_acted(&self) -> bool {
        self.deeds.iter().any(|deed| deed.player_role == SELLER_ROLE)
    }

    /// What the seller may do now; the flag says what they must.
    #[must_use]
    pub fn seller_actions(&self) -> Vec<(&'static str, bool)> {
        if !self.is_open() {
            return Vec::new();
        }
        if self.stage == ClaimStage::Dispute {
            return vec![("send_message_to_mediator", false)];
        }
        if let Some(back) = &self.product_return {
            return if back.status == ReturnStatus::Delivered && back.review.is_none() {
                vec![("return_review_ok", false), ("return_review_fail", false), ("refund", false)]
            } else {
                vec![("send_message_to_complainant", false), ("refund", false)]
            };
        }
        let mut actions = vec![("send_message_to_complainant", !self.seller_acted()), ("refund", false)];
        if self.kind == ClaimKind::CancelPurchase {
            return actions;
        }
        actions.extend([("open_dispute", false), ("send_attachments", false)]);
        if self.kind == ClaimKind::Change {
            actions.extend([("allow_replace", false), ("allow_return", false)]);
            return actions;
        }
        actions.extend(match self.problem {
            Problem::Cs => Vec::new(),
            Problem::Pnr => {
                vec![
                    ("add_shipping_evidence", false),
                    ("send_tracking_number", false),
                    ("send_potential_shipping", false),
                ]
            }
            Problem::Pdd => vec![("allow_return", false), ("allow_partial_refund", false)],
        });
        actions
    }

    /// True when the seller may do this now.
    #[must_use]
    pub fn allows(&self, action: &str) -> bool {
        self.seller_actions().iter().any(|(name, _)| *name == action)
    }

    /// Names of related things.
    #[must_use]
    pub fn related_entities(&self) -> Vec<&'static str> {
        let back = self.product_return.iter().map(|_| "return");
        back.chain(self.change.iter().map(|_| "changes")).collect()
    }

    fn note(&mut self, action: &str, role: &str, now: Timestamp) {
        let deed =
            Deed { action: action.to_owned(), player_role: role.to_owned(), stage: self.stage, date: now };
        self.deeds.push(deed);
        self.updated = now;
    }
}

/// A buyer complains about an order that reached its seller. `None` when there is no such
/// order or a claim about it is open already.
pub fn open(world: &mut World, order_id: i64, problem: Problem, text: &str) -> Option<i64> {
    open_as(world, order_id, ClaimKind::Mediations, problem, text)
}

/// True when an order has got as far as this kind of claim needs: nothing that has not
/// arrived is sent back, and nothing that has left is called off.
fn is_due(world: &World, order: &Order, kind: ClaimKind) -> bool {
    match kind {
        ClaimKind::Mediations => true,
        ClaimKind::Return | ClaimKind::Change => lookup::is_delivered(world, order),
        ClaimKind::CancelPurchase => {
            order.status == OrderStatus::Paid
                && lookup::parcel(world, order).is_none_or(|parcel| !parcel.has_left_seller())
        }
    }
}

/// A buyer opens a claim of any kind. `None` when there is no such order, it has not got
/// (or is past) where such a claim is possible, or a claim about it is open already.
pub fn open_as(
    world: &mut World,
    order_id: i64,
    kind: ClaimKind,
    problem: Problem,
    text: &str,
) -> Option<i64> {
    let order = world.orders.get(&order_id).filter(|order| order.reached_seller())?;
    if !is_due(world, order, kind) {
        return None;
    }
    if world.service.claims.values().any(|claim| claim.order_id == order_id && claim.is_open()) {
        return None;
    }
    let (seller_id, buyer_id, quantity) = (order.seller_id, order.buyer_id, order.quantity);
    let fulfilled = lookup::is_delivered(world, order);
    let (id, now) = (world.ids.next(IDS), world.now);
    let due = now.plus(SELLER_TIME);
    let mut claim = Claim {
        id,
        order_id,
        seller_id,
        buyer_id,
        kind,
        problem,
        stage: ClaimStage::Claim,
        resolution: None,
        quantity,
        ordered: quantity,
        fulfilled,
        due,
        messages: Vec::new(),
        expectations: Vec::new(),
        evidences: Vec::new(),
        files: BTreeMap::new(),
        deeds: Vec::new(),
        product_return: None,
        change: None,
        created: now,
        updated: now,
    };
    claim.expectations.push(Expectation {
        player_role: BUYER_ROLE.to_owned(),
        user_id: buyer_id,
        wish: kind.wish(problem).to_owned(),
        percentage: None,
        status: "pending".to_owned(),
        date_created: now,
    });
    claim.note("open_claim", BUYER_ROLE, now);
    world.service.claims.insert(id, claim);
    if let Some(order) = world.orders.get_mut(&order_id) {
        order.mediations.push(id);
        order.updated = now;
    }
    say(world, id, BUYER_ROLE, SELLER_ROLE, text, Vec::new());
    world.agenda.plan(due, Event::Service(ServiceEvent::ClaimDue(id)));
    tell(world, id, "claims");
    if kind == ClaimKind::Return {
        returns::begin(world, id);
    }
    Some(id)
}

/// Tells the seller's applications: `claims` for the claim itself, `claims_actions` for a
/// step within it.
pub(super) fn tell(world: &mut World, id: i64, action: &str) {
    let Some(seller) = world.service.claims.get(&id).map(|claim| claim.seller_id) else { return };
    lookup::notify(world, "post_purchase", seller, &format!("/post-purchase/v1/claims/{id}"), &[action]);
}

/// Writes a step into the history and tells of it.
pub(super) fn act(world: &mut World, id: i64, action: &str, role: &str) {
    let now = world.now;
    if let Some(claim) = world.service.claims.get_mut(&id) {
        claim.note(action, role, now);
    }
    tell(world, id, "claims_actions");
}

/// A message between the parties.
pub(super) fn say(world: &mut World, id: i64, from: &str, to: &str, text: &str, attachments: Vec<String>) {
    let (hash, now) = (world.dice.hex(32), world.now);
    let Some(claim) = world.service.claims.get_mut(&id) else { return };
    claim.messages.push(ClaimMessage {
        hash,
        sender_role: from.to_owned(),
        receiver_role: to.to_owned(),
        text: text.to_owned(),
        attachments,
        stage: claim.stage,
        date_created: now,
    });
    claim.updated = now;
}

/// Brings a mediator in.
pub fn open_dispute(world: &mut World, id: i64, role: &str) {
    let now = world.now;
    let Some(claim) = world.service.claims.get_mut(&id) else { return };
    claim.stage = ClaimStage::Dispute;
    claim.due = now.plus(MEDIATION_TIME);
    let due = claim.due;
    world.agenda.plan(due, Event::Service(ServiceEvent::ClaimDue(id)));
    act(world, id, "open_dispute", role);
    tell(world, id, "claims");
}

/// Ends a claim.
pub fn close(world: &mut World, id: i64, reason: &str, benefited: &str, closed_by: &str) {
    let now = world.now;
    let Some(claim) = world.service.claims.get_mut(&id).filter(|claim| claim.is_open()) else { return };
    claim.resolution = Some(Resolution {
        reason: reason.to_owned(),
        benefited: benefited.to_owned(),
        closed_by: closed_by.to_owned(),
        date_created: now,
    });
    claim.updated = now;
    let order_id = claim.order_id;
    if let Some(order) = world.orders.get_mut(&order_id) {
        order.updated = now;
    }
    tell(world, id, "claims");
}

/// Gives the buyer everything back and ends the claim.
pub fn refund(world: &mut World, id: i64, reason: &str, closed_by: &str) {
    let Some(order_id) = world.service.claims.get(&id).map(|claim| claim.order_id) else { return };
    lookup::refund(world, order_id);
    close(world, id, reason, BUYER_ROLE, closed_by);
}

/// The seller lets the buyer send the product back.
pub fn allow_return(world: &mut World, id: i64) {
    act(world, id, "allow_return", SELLER_ROLE);
    returns::begin(world, id);
}

/// The time of the responsible party is over.
pub(super) fn fall_due(world: &mut World, id: i64) {
    let Some(claim) = world.service.claims.get(&id) else { return };
    if !claim.is_open() || claim.due > world.now {
        return;
    }
    match claim.stage {
        ClaimStage::Claim if claim.product_return.is_some() => {}
        ClaimStage::Claim if claim.seller_acted() => open_dispute(world, id, BUYER_ROLE),
        ClaimStage::Claim => refund(world, id, "respondent_timeout", "mediator"),
        ClaimStage::Dispute => refund(world, id, "payment_refunded", "mediator"),
    }
}

/// True while a mediator looks at an order.
pub(super) fn in_dispute(world: &World, order_id: i64) -> bool {
    let disputed =
        |claim: &Claim| claim.order_id == order_id && claim.is_open() && claim.stage == ClaimStage::Dispute;
    world.service.claims.values().any(disputed)
}

/// The open claims about a purchase.
pub(super) fn open_claims_of_pack(world: &World, pack_id: i64) -> Vec<i64> {
    let orders = lookup::orders_of_pack(world, pack_id);
    let concerns = |claim: &&Claim| claim.is_open() && orders.iter().any(|order| order.id == claim.order_id);
    world.service.claims.values().filter(concerns).map(|claim| claim.id).collect()
}

/// When a parcel reached its buyer.
pub(super) fn delivered_at(parcel: &Shipment) -> Option<Timestamp> {
    parcel.history.iter().rfind(|(_, stage)| *stage == ShipmentStage::Delivered).map(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{SELLER, Shop};
    use super::*;

    fn claimed(problem: Problem) -> (Shop, i64, i64) {
        let mut shop = Shop::open();
        let order = shop.sell();
        shop.deliver(order);
        let claim = open(&mut shop.world, order, problem, "Veio quebrado").unwrap();
        (shop, order, claim)
    }

    fn claim(shop: &Shop, id: i64) -> &Claim {
        &shop.world.service.claims[&id]
    }

    #[test]
    fn a_claim_names_its_order_and_waits_for_the_seller() {
        let (shop, order, id) = claimed(Problem::Pdd);
        assert_eq!(shop.order(order).mediations, [id]);
        assert!(claim(&shop, id).seller_actions().contains(&("send_message_to_complainant", true)));
        assert_eq!(shop.heard("post_purchase"), [format!("/post-purchase/v1/claims/{id}")]);
    }

    #[test]
    fn an_order_has_one_open_claim_at_most_and_an_unpaid_one_none() {
        let (mut shop, order, _) = claimed(Problem::Pdd);
        assert_eq!(open(&mut shop.world, order, Problem::Pnr, "De novo"), None);
        assert_eq!(open(&mut shop.world, 1, Problem::Pnr, "Nada"), None);
    }

    #[test]
    fn a_silent_seller_loses_by_timeout() {
        let (mut shop, order, id) = claimed(Problem::Pnr);
        shop.wait(SELLER_TIME);
        let end = claim(&shop, id).resolution.clone().unwrap();
        assert_eq!((end.reason.as_str(), end.benefited.as_str()), ("respondent_timeout", BUYER_ROLE));
        assert_eq!(shop.order(order).status, OrderStatus::Cancelled);
        assert_eq!(shop.order(order).cancel.as_ref().unwrap().group, "mediations");
    }

    #[test]
    fn a_seller_who_spoke_faces_a_mediator_instead() {
        let (mut shop, _, id) = claimed(Problem::Pdd);
        let body = serde_json::json!({"receiver_role": BUYER_ROLE, "message": "Vamos resolver"});
        shop.post(&format!("/post-purchase/v1/claims/{id}/actions/send-message"), &body);
        shop.wait(SELLER_TIME);
        assert_eq!(claim(&shop, id).stage, ClaimStage::Dispute);
        assert_eq!(claim(&shop, id).seller_actions(), [("send_message_to_mediator", false)]);
        shop.wait(MEDIATION_TIME);
        assert!(!claim(&shop, id).is_open());
    }

    #[test]
    fn a_dispute_blocks_the_messages_to_the_buyer() {
        let (mut shop, order, id) = claimed(Problem::Pdd);
        open_dispute(&mut shop.world, id, SELLER_ROLE);
        let path = format!("/messages/packs/{}/sellers/{SELLER}?tag=post_sale", shop.pack(order));
        let status = shop.get(&path).document()["conversation_status"].clone();
        assert_eq!(
            (&status["substatus"], &status["claim_ids"][0]),
            (&"blocked_by_mediation".into(), &id.into())
        );
    }

    #[test]
    fn a_product_comes_back_step_by_step_and_counts_as_fine_when_nobody_looks() {
        let (mut shop, _, id) = claimed(Problem::Pdd);
        allow_return(&mut shop.world, id);
        let status = |shop: &Shop| claim(shop, id).product_return.as_ref().unwrap().status;
        let mut seen = vec![status(&shop)];
        for _ in 0..3 {
            shop.wait(returns::STEP);
            seen.push(status(&shop));
        }

        assert_eq!(
            seen,
            [
                ReturnStatus::Pending,
                ReturnStatus::LabelGenerated,
                ReturnStatus::Shipped,
                ReturnStatus::Delivered
            ]
        );
        assert!(claim(&shop, id).allows("return_review_fail"));
        shop.wait(returns::REVIEW_TIME);
        assert_eq!(claim(&shop, id).resolution.as_ref().unwrap().reason, "item_returned");
    }
}
