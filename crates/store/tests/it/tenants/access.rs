//! What members were granted, invitations and reviews: of one organization, tried from another.

use domain::role::{Access, Role};
use domain::{Actor, ApiKeyId, GrantId, InvitationId, MemberId, Permission, ReviewId, Timestamp};
use store::access::NewGrant;
use store::api_keys::NewApiKey;
use store::invitations::NewInvitation;
use store::people::NewMember;
use store::reviews::{Decision, ItemRow};
use vault::{Sealed, TokenDigest};

use super::{Read, Write, found, listed};
use crate::shop::Shop;

/// What there is of access.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    grant: GrantId,
    invitation: InvitationId,
    review: ReviewId,
    key: ApiKeyId,
    /// Somebody who left, and the hash of their address.
    former: MemberId,
    former_index: [u8; 32],
}

fn new_grant(id: GrantId, member: MemberId) -> NewGrant {
    NewGrant {
        id,
        member,
        access: Access::Role(Role::Owner),
        reason: "set-up".into(),
        by: Actor::Unknown,
        until: None,
    }
}

fn newcomer(id: MemberId, email_index: [u8; 32]) -> NewMember {
    NewMember {
        id,
        email_index,
        email_sealed: Sealed::from_bytes(vec![9]),
        password_hash: "forged".into(),
        language: "en".into(),
    }
}

fn new_key(id: ApiKeyId, member: MemberId, digest: TokenDigest, now: Timestamp) -> NewApiKey {
    let until = now.plus(std::time::Duration::from_hours(1));
    NewApiKey { id, member, name: "planilha".into(), digest, scopes: vec![Permission::SeeOrders], until }
}

/// Gives a member a role, invites somebody, lets somebody leave, and opens a review.
pub(super) async fn given(shop: &Shop<'_>, member: MemberId) -> Given {
    let (house, now) = (shop.house, shop.house.now());
    let given = Given {
        grant: house.id(),
        invitation: house.id(),
        review: house.id(),
        key: house.id(),
        former: house.id(),
        former_index: *house.digest().as_bytes(),
    };
    let (digest, key_digest, email_index) = (house.digest(), house.digest(), *house.digest().as_bytes());
    shop.write(move |shop| {
        shop.give(&new_grant(given.grant, member), now)?;
        shop.create_member(&newcomer(given.former, given.former_index), now)?;
        shop.leave(given.former, &Actor::Unknown, now)?;
        let invitation = NewInvitation {
            id: given.invitation,
            digest,
            email_index,
            email_sealed: Sealed::from_bytes(vec![1]),
            roles: vec![Role::Support],
            reason: "equipe".into(),
            by: member,
            until: now.plus(std::time::Duration::from_hours(1)),
        };
        shop.invite(&invitation, now)?;
        shop.keep_api_key(&new_key(given.key, member, key_digest, now), now)?;
        shop.open_review(given.review, &Actor::Unknown, now, now).map(drop)
    })
    .await;
    given
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("granted", |shop, of| shop.granted(of.member, of.now).map(|granted| granted.roles().count())),
    ("grants", |shop, of| listed(shop.grants(of.now))),
    ("open_grant", |shop, of| found(shop.open_grant(of.given.grant, of.now))),
    ("members_with", |shop, of| listed(shop.members_with(Role::Owner, of.now))),
    ("members", |shop, _| listed(shop.members())),
    ("is_member", |shop, of| shop.is_member(of.member).map(usize::from)),
    ("invitations", |shop, of| listed(shop.invitations(of.now))),
    ("former_member", |shop, of| found(shop.former_member(&of.given.former_index))),
    ("last_review", |shop, _| found(shop.last_review())),
    ("api_keys", |shop, of| listed(shop.api_keys(of.member, of.now))),
    ("leaving", |shop, _| found(shop.leaving())),
    ("key_owners", |shop, _| listed(shop.key_owners())),
    ("orders_not_sent", |shop, _| shop.orders_not_sent().map(|orders| usize::try_from(orders).unwrap())),
    ("own_rows", |shop, of| shop.own_rows(&of.table, None, 9).map(|rows| rows.each().count())),
    ("review_items", |shop, of| listed(shop.review_items(of.given.review))),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("give", |shop, of| shop.give(&new_grant(of.fresh(), of.member), of.now)),
    ("end_grant", |shop, of| shop.end_grant(of.given.grant, &Actor::Unknown, "forged", of.now).map(drop)),
    ("leave", |shop, of| shop.leave(of.member, &Actor::Unknown, of.now).map(drop)),
    ("end_invitation", |shop, of| shop.end_invitation(of.given.invitation).map(drop)),
    ("end_api_key", |shop, of| shop.end_api_key(of.member, of.given.key).map(drop)),
    ("touch_api_key", |shop, of| shop.touch_api_key(of.given.key, Timestamp::EPOCH)),
    ("bring_back", |shop, of| shop.bring_back(&newcomer(of.given.former, of.given.former_index))),
    ("decide", |shop, of| {
        let item = ItemRow { grant: of.given.grant, decision: Some(Decision::End), by_holder: false };
        shop.decide(of.given.review, item, &Actor::Unknown, of.now).map(drop)
    }),
    ("stay", |shop, _| shop.stay().map(drop)),
    ("begin_leaving", |shop, of| shop.begin_leaving("node", of.now, of.now).map(drop)),
    ("keep_leaving", |shop, of| shop.keep_leaving("node", of.now).map(drop)),
    ("close_to_everybody", |shop, of| shop.close_to_everybody(&Actor::Unknown, of.now).map(drop)),
    ("close_review", |shop, of| shop.close_review(of.given.review, of.now).map(drop)),
];
