//! Members: the list, one of them, invitations, reviews, leaving.

use app::App;
use app::invitations::{Invited, JoinError};
use app::members::{AccessError, Everybody, MemberSeen, Wish};
use app::reviews::Reviewed;
use app::sign_in::SignIn;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::role::{Access, Role};
use domain::{Actor, Confidential, Grant, GrantId, InvitationId, MemberId, Purpose, Restricted};
use std::time::Duration;
use store::access::GrantRow;
use store::reviews::Decision;

use super::account::{min_chars, password_problem};
use super::guard::{
    self, Failure, Fields, Member, OpenForm, Posted, Proven, ProvenForm, Reader, render, see_with,
};
use super::{cookies, may, see_other};
use crate::pages::account::Obstacle;
use crate::pages::members::{
    GrantView, InvitationView, InvitedPage, JoinPage, MemberPage, MemberView, MembersPage, ReviewItem,
    ReviewPage, ReviewView, TypedReason,
};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Nav, Tone};

const PAGE: &str = "/members";
const REVIEW: &str = "/members/review";
/// Fields that say why.
const LEAVE_REASON: &str = "leave-reason";
const SIGN_OUT_REASON: &str = "sign-out-reason";

fn grant_view(row: &GrantRow) -> GrantView {
    GrantView {
        id: row.id,
        access: row.access.clone(),
        reason: row.reason.clone(),
        granted_at: row.granted_at,
        expires_at: row.expires_at,
    }
}

/// An address for a page; the event that somebody looked was written when it was read.
fn shown(member: &Member, email: &Confidential<String>) -> String {
    let now = member.web.app.clock().now();
    // tidy: allowed because those who administer know whom they administer; `everybody` wrote the event.
    let grant = Grant::issue(Actor::Member(member.who.member), Purpose::Administer, now);
    email.reveal(&grant).clone()
}

fn member_view(reader: &Member, seen: &MemberSeen) -> MemberView {
    MemberView {
        id: seen.id,
        email: shown(reader, &seen.email),
        own: seen.id == reader.who.member,
        created_at: seen.created_at,
        last_seen_at: seen.last_seen_at,
        has_factor: seen.has_factor,
        grants: seen.grants.iter().map(grant_view).collect(),
    }
}

fn is_alone(everybody: &Everybody, reader: &Member) -> bool {
    let administers = |seen: &&MemberSeen| {
        let words = seen.grants.iter().filter_map(|grant| Role::parse(&grant.access));
        words.into_iter().any(Role::administers)
    };
    everybody.members.iter().filter(administers).all(|seen| seen.id == reader.who.member)
}

fn review_view(found: &Reviewed) -> ReviewView {
    let undecided = found.open.iter().filter(|(_, item)| item.decision.is_none()).count();
    ReviewView {
        opened_at: found.review.opened_at,
        due_at: found.review.due_at,
        closed_at: found.review.closed_at,
        undecided: i64::try_from(undecided).unwrap_or(i64::MAX),
    }
}

/// Everybody.
pub(crate) async fn list(Proven(member, ..): Proven<may::SeeMembers>) -> Result<Response, Failure> {
    Ok(render(&members_page(&member, "", TypedReason::default(), Errors::default()).await?))
}

async fn members_page(
    member: &Member,
    email: &str,
    reason: TypedReason,
    errors: Errors,
) -> Result<MembersPage, Failure> {
    let app = member.web.app.clone();
    let everybody = app.everybody(&member.who).await?;
    let (chrome, review) = member.page(Some(Nav::Members), move |tenant| app.last_review(tenant)).await?;
    Ok(MembersPage {
        chrome,
        members: everybody.members.iter().map(|seen| member_view(member, seen)).collect(),
        invitations: everybody
            .invitations
            .iter()
            .map(|(row, email)| InvitationView {
                id: row.id,
                email: shown(member, email),
                roles: row.roles.clone(),
                expires_at: row.expires_at,
            })
            .collect(),
        review: review.as_ref().map(review_view),
        alone: is_alone(&everybody, member),
        typed_email: email.to_owned(),
        reason,
        errors,
    })
}

/// One member.
pub(crate) async fn show(
    Proven(member, ..): Proven<may::SeeMembers>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    Ok(render(&member_page(&member, &id, TypedReason::default(), Errors::default()).await?))
}

async fn member_page(
    member: &Member,
    id: &str,
    reason: TypedReason,
    errors: Errors,
) -> Result<MemberPage, Failure> {
    let everybody = member.web.app.everybody(&member.who).await?;
    let chrome = member.chrome(Some(Nav::Members)).await?;
    let found = everybody.members.iter().find(|seen| seen.id.to_string() == id);
    let Some(seen) = found else { return Err(Failure::of(Obstacle::NotFound).on(chrome)) };
    Ok(MemberPage { chrome, whom: member_view(member, seen), reason, errors })
}

/// What is wrong, by the field that it is about; a failure where it is about none.
fn field_of(error: AccessError, fields: [&'static str; 3]) -> Result<(&'static str, &'static str), Failure> {
    let [what, until, reason] = fields;
    Ok(match error {
        AccessError::NotAllowed => (what, "access-error-not-allowed"),
        AccessError::NotOneself => (what, "access-error-oneself"),
        AccessError::LastOwner => (what, "access-error-last-owner"),
        AccessError::Passkey => (reason, "access-error-passkey"),
        AccessError::Reason => (reason, "access-error-reason"),
        AccessError::Until => (until, "access-error-until"),
        AccessError::Nothing => (what, "access-error-nothing"),
        AccessError::Email => ("email", "setup-error-email"),
        AccessError::Known => ("email", "access-error-known"),
        AccessError::App(error) => return Err(error.into()),
    })
}

fn wrong(chrome: &Chrome, (field, key): (&'static str, &'static str)) -> Errors {
    Errors(vec![FieldError { field, text: chrome.t(key).to_owned() }])
}

/// The page of everybody again, with what is wrong and what was typed.
async fn everybody_again(
    member: &Member,
    email: &str,
    reason: TypedReason,
    error: AccessError,
    fields: [&'static str; 3],
) -> Result<Response, Failure> {
    let errors = wrong(&member.chrome(None).await?, field_of(error, fields)?);
    let page = members_page(member, email, reason, errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// The page of a member again, with what is wrong and what was typed.
async fn member_again(
    member: &Member,
    id: &str,
    reason: TypedReason,
    error: AccessError,
    fields: [&'static str; 3],
) -> Result<Response, Failure> {
    let errors = wrong(&member.chrome(None).await?, field_of(error, fields)?);
    let page = member_page(member, id, reason, errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// A reason as it came.
fn typed(fields: &Fields, field: &'static str) -> TypedReason {
    TypedReason { field, text: fields.get(field).to_owned() }
}

/// Invites somebody.
pub(crate) async fn invite(
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let roles: Vec<Role> = fields.all("role").filter_map(Role::parse).collect();
    let (email, reason) = (fields.get("email").to_owned(), typed(&fields, "reason"));
    match member.web.app.invite(&member.who, &email, &roles, &reason.text).await {
        Ok(link) => {
            let chrome = member.chrome(Some(Nav::Members)).await?;
            Ok(render(&InvitedPage { chrome, email, link }))
        }
        Err(error) => everybody_again(&member, &email, reason, error, ["role", "role", "reason"]).await,
    }
}

/// Takes an invitation back.
pub(crate) async fn withdraw(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let member = posted.member;
    let Ok(id) = id.parse::<InvitationId>() else { return not_found(&member).await };
    match member.web.app.withdraw_invitation(&member.who, id).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-invitation-withdrawn")),
        Err(error) => refused(&member, error, PAGE).await,
    }
}

/// Grants something to a member.
pub(crate) async fn grant(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(to) = id.parse::<MemberId>() else { return not_found(&member).await };
    let now = member.web.app.clock().now();
    let days: Option<u64> = fields.get("days").parse().ok();
    let until = days.map(|days| now.plus(Duration::from_hours(days.saturating_mul(24))));
    let reason = typed(&fields, "reason");
    let outcome = match Access::parse(fields.get("access")) {
        None => Err(AccessError::Nothing),
        Some(access) => {
            member.web.app.grant(&member.who, to, Wish { access, reason: reason.text.clone(), until }).await
        }
    };
    match outcome {
        Ok(()) => Ok(see_with(&format!("{PAGE}/{to}"), Tone::Good, "flash-access-granted")),
        Err(error) => member_again(&member, &id, reason, error, ["access", "days", "reason"]).await,
    }
}

/// Takes something back.
pub(crate) async fn end(
    Path((id, grant)): Path<(String, String)>,
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (Ok(of), Ok(grant)) = (id.parse::<MemberId>(), grant.parse::<GrantId>()) else {
        return not_found(&member).await;
    };
    let back = format!("{PAGE}/{of}");
    match member.web.app.end_grant(&member.who, grant, fields.get("reason")).await {
        Ok(()) => Ok(see_with(&back, Tone::Good, "flash-access-ended")),
        Err(error) => refused(&member, error, &back).await,
    }
}

/// Lets a member leave.
pub(crate) async fn leave(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(who) = id.parse::<MemberId>() else { return not_found(&member).await };
    let reason = typed(&fields, LEAVE_REASON);
    match member.web.app.leave(&member.who, who, &reason.text).await {
        Ok(()) => Ok(see_with(PAGE, Tone::Good, "flash-member-left")),
        Err(error) => member_again(&member, &id, reason, error, [LEAVE_REASON; 3]).await,
    }
}

/// Ends the sessions of a member.
pub(crate) async fn sign_out(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(whom) = id.parse::<MemberId>() else { return not_found(&member).await };
    let reason = typed(&fields, SIGN_OUT_REASON);
    match member.web.app.end_sessions_of(&member.who, Some(whom), &reason.text).await {
        Ok(_) => Ok(see_with(&format!("{PAGE}/{whom}"), Tone::Good, "flash-sessions-ended")),
        Err(error) => member_again(&member, &id, reason, error, [SIGN_OUT_REASON; 3]).await,
    }
}

/// Ends everybody's sessions but the one that asks.
pub(crate) async fn sign_out_all(
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let reason = typed(&fields, SIGN_OUT_REASON);
    match member.web.app.end_sessions_of(&member.who, None, &reason.text).await {
        Ok(_) => Ok(see_with(PAGE, Tone::Good, "flash-sessions-ended")),
        Err(error) => everybody_again(&member, "", reason, error, [SIGN_OUT_REASON; 3]).await,
    }
}

/// What is asked in a review.
pub(crate) async fn show_review(Proven(member, ..): Proven<may::SeeMembers>) -> Result<Response, Failure> {
    let app = member.web.app.clone();
    let everybody = app.everybody(&member.who).await?;
    let (chrome, found) = member.page(Some(Nav::Members), move |tenant| app.last_review(tenant)).await?;
    let email_of = |id: MemberId| everybody.members.iter().find(|seen| seen.id == id);
    let items = found.iter().flat_map(|found| &found.open).filter_map(|(row, item)| {
        Some(ReviewItem {
            email: shown(&member, &email_of(row.member)?.email),
            own: row.member == member.who.member,
            grant: grant_view(row),
            kept: item.decision.map(|decision| decision == Decision::Keep),
        })
    });
    Ok(render(&ReviewPage {
        items: items.collect(),
        review: found.as_ref().map(review_view),
        alone: is_alone(&everybody, &member),
        chrome,
    }))
}

/// Opens a review.
pub(crate) async fn begin_review(
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let member = posted.member;
    match member.web.app.open_review(&member.who).await {
        Ok(()) => Ok(see_other(REVIEW)),
        Err(error) => refused(&member, error, PAGE).await,
    }
}

/// Decides of one grant.
pub(crate) async fn decide(
    Path(id): Path<String>,
    ProvenForm(posted, ..): ProvenForm<may::ManageMembers>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let decision = match fields.get("decision") {
        "keep" => Some(true),
        "end" => Some(false),
        _ => None,
    };
    let (Ok(grant), Some(keep)) = (id.parse::<GrantId>(), decision) else { return not_found(&member).await };
    match member.web.app.decide(&member.who, grant, keep).await {
        Ok(()) => Ok(see_other(REVIEW)),
        Err(error) => refused(&member, error, REVIEW).await,
    }
}

async fn not_found(member: &Member) -> Result<Response, Failure> {
    Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Members)).await?))
}

/// Why nothing was changed, as a sentence on the page that it was asked on.
async fn refused(member: &Member, error: AccessError, back: &str) -> Result<Response, Failure> {
    match field_of(error, [""; 3]) {
        Ok((_, key)) => Ok(see_with(back, Tone::Watch, key)),
        Err(failure) => Err(failure.on(member.chrome(Some(Nav::Members)).await?)),
    }
}

fn join_page(chrome: Chrome, app: &App, token: String, invited: Invited, errors: Errors) -> JoinPage {
    let password_min_chars = min_chars(app.password_min_chars(invited.administers));
    JoinPage { chrome, token, organization: invited.organization, password_min_chars, errors }
}

/// The form behind an invitation's link.
pub(crate) async fn show_join(reader: Reader, Path(token): Path<String>) -> Result<Response, Failure> {
    let app = reader.web.app.clone();
    let invited = app.invited_to(&token).await?;
    let chrome = reader.into_chrome();
    let Some(invited) = invited else { return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed)) };
    Ok(render(&join_page(chrome, &app, token, invited, Errors::default())))
}

/// Makes whoever was invited a member, and signs them in.
pub(crate) async fn join(Path(token): Path<String>, form: OpenForm) -> Result<Response, Failure> {
    let OpenForm { reader, fields } = form;
    let (web, visit) = (reader.web.clone(), reader.visit.clone());
    let chrome = reader.into_chrome();
    let password = Restricted::new(fields.raw("password"));
    let email = match web.app.join(&token, password.clone(), chrome.lang.tag()).await {
        Ok(email) => email,
        Err(JoinError::LinkNotGood) => return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed)),
        Err(JoinError::App(error)) => return Err(Failure::from(error).on(chrome)),
        Err(JoinError::Password(problem)) => {
            let text = password_problem(&chrome, problem);
            let Some(invited) = web.app.invited_to(&token).await? else {
                return Ok(guard::obstacle(&chrome, Obstacle::LinkUsed));
            };
            let errors = Errors(vec![FieldError { field: "password", text }]);
            let page = join_page(chrome, &web.app, token, invited, errors);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response());
        }
    };
    let signed_in = web.app.sign_in_joined(&email, password, &visit).await;
    let Some(entry) = signed_in.ok().and_then(SignIn::entered) else { return Ok(see_other("/sign-in")) };
    let mut response = see_other("/orders");
    cookies::keep_entry(&mut response, &web, &entry);
    Ok(response)
}
