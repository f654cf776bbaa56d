//! Way 2: an offer goes out. Each step is kept before the next one begins, so that a try can be cut
//! off anywhere and goes on; no platform knows a repeated try, so one whose end is not known is
//! looked for before it is made again.

mod follow;
mod several;

use std::time::Duration;

use connect::{PictureUse, Submission};
use domain::draft::{AskError, Publication, PublicationState, Shot};
use domain::offer::{Field, Objection, Offer, Reason};
use domain::picture::Picture;
use domain::{Actor, ConnectionId, ConnectionState, DraftId, MemberId, OrganizationId, ProductId, Verdict};
use store::catalogue::HeldProduct;
use store::drafts::{HeldDraft, HeldPublication, Trouble};
use store::{StoreResult, Tenant};

use crate::audit::{Deed, NotDone};
use crate::caller::Caller;
use crate::drafts::{Asked, Stock};
use crate::error::AppError;
use crate::jobs::Work;
use crate::{App, steps};

pub use several::{MAX_PRODUCTS, Place, Places, Readiness};

/// Pictures that one job uploads, well inside a lease; the next one goes on.
const UPLOADS_A_TURN: usize = 2;
/// After a try whose end is not known nothing is looked for so long: platforms' searches are some seconds
/// behind them, and whoever made that try may still wait for its answer. The lease of a job.
const LOOK_AFTER: Duration = store::jobs::LEASE;
/// Accounts that one press publishes to at most.
pub const MAX_ACCOUNTS: usize = 20;

/// What asking for a publication came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is on its way now.
    Asked,
    /// So many things have to be mended first.
    Faults(usize),
    /// It was on its way already.
    UnderWay,
    /// It is published already.
    Published,
    /// The account does not run.
    NotRunning,
    /// The platform could not be asked.
    Trouble(domain::Problem),
}

/// Everything that a try is made of.
struct Try {
    held: HeldDraft,
    product: HeldProduct,
    publication: HeldPublication,
    stock: Stock,
    is_running: bool,
}

impl App {
    /// Asks for a product to be published to accounts, each by its own draft.
    pub async fn publish_product(
        &self,
        organization: OrganizationId,
        member: MemberId,
        product: ProductId,
        connections: &[ConnectionId],
    ) -> Result<Vec<(ConnectionId, Answer)>, AppError> {
        let mut answers = Vec::new();
        for connection in connections.iter().take(MAX_ACCOUNTS) {
            answers.push((*connection, self.publish_to(organization, member, product, *connection).await?));
        }
        self.jobs_came.notify_one();
        Ok(answers)
    }

    async fn publish_to(
        &self,
        organization: OrganizationId,
        member: MemberId,
        product: ProductId,
        connection: ConnectionId,
    ) -> Result<Answer, AppError> {
        match self.place(organization, product, connection, None).await?.readiness {
            Readiness::Ready => {}
            Readiness::Faults(faults) => return Ok(Answer::Faults(faults)),
            Readiness::Missing => return Ok(Answer::Faults(1)),
            Readiness::UnderWay => return Ok(Answer::UnderWay),
            Readiness::Published => return Ok(Answer::Published),
            Readiness::NotRunning => return Ok(Answer::NotRunning),
            Readiness::Trouble(problem) => return Ok(Answer::Trouble(problem)),
        }
        let (app, now, fresh) = (self.clone(), self.clock().now(), self.offer_name());
        let asked = self
            .organization(organization)
            .write(move |tenant| {
                tenant.hold_draft(product, connection)?;
                let Some(held) = tenant.draft_for(product, connection)? else { return Ok(None) };
                let before = tenant.publication(held.id)?;
                let is_over = before.as_ref().is_some_and(HeldPublication::is_over);
                let asked =
                    Publication::ask(before.as_ref().map(|held| &held.publication), is_over, fresh, now);
                if let Ok(publication) = &asked {
                    tenant.keep_publication(held.id, publication, None, now)?;
                    let deed = Deed::new(Actor::Member(member), "draft.publish_asked", held.id.to_string())
                        .with("product", product)
                        .with("connection", connection)
                        .with("version", held.version);
                    app.outcome(tenant, &deed, "ok")?;
                    app.ask(tenant, connection, &Work::Publish { draft: held.id }, "asked for", now)?;
                }
                Ok(Some(asked))
            })
            .await?;
        Ok(match asked.ok_or(AppError::NotFound("draft"))? {
            Ok(_) => Answer::Asked,
            Err(AskError::UnderWay) => Answer::UnderWay,
            Err(AskError::Published) => Answer::Published,
        })
    }

    /// A name for an offer that nothing else has: letters and digits.
    fn offer_name(&self) -> String {
        DraftId::new(self.clock().now(), self.entropy()).to_string().replace('_', "-")
    }

    /// Brings an offer to its platform. `last`: no more tries come by themselves.
    pub(crate) async fn publish_draft(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: DraftId,
        last: bool,
    ) -> Result<(), AppError> {
        let error = match self.try_to_publish(organization, connection, id).await {
            Ok(()) => return Ok(()),
            Err(AppError::Died(step)) => return Err(AppError::Died(step)),
            Err(error) => error,
        };
        let gives_up = last || matches!(error.verdict(), Verdict::Fail);
        // Waiting is no trouble; what came before it stays told.
        let waits = matches!(error, AppError::NotYet(_));
        if !waits || gives_up {
            let trouble = Trouble { problem: error.problem(), error: error.to_string() };
            let now = self.clock().now();
            self.organization(organization)
                .write(move |tenant| {
                    let Some(HeldPublication { mut publication, trouble: before, .. }) =
                        tenant.publication(id)?
                    else {
                        return Ok(());
                    };
                    if gives_up && publication.is_wanted() {
                        publication.give_up();
                    }
                    let told = before.filter(|_| waits).unwrap_or(trouble);
                    tenant.keep_publication(id, &publication, Some(&told), now)
                })
                .await?;
        }
        Err(error)
    }

    async fn try_to_publish(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: DraftId,
    ) -> Result<(), AppError> {
        let Some(mut one) = self.next_try(organization, id).await? else { return Ok(()) };
        if !one.is_running {
            return Err(AppError::ConnectionStopped);
        }
        let is_fresh = one.publication.publication.state == PublicationState::HandingIn
            && one.publication.changed_at.plus(LOOK_AFTER) > self.clock().now();
        if is_fresh {
            return Err(AppError::NotYet("a try whose end is not known is looked for a little later"));
        }
        let asked = self.asked_of(organization, connection, &one.held.draft.category).await?;
        let asked = asked.ok_or(AppError::NotFound("category"))?;
        if !one.stock.read(&one.held.draft, &one.product, &asked).faults.is_empty()
            && one.publication.publication.tried_since.is_none()
        {
            // Something changed since it was asked for; the draft's page names it.
            return self.refuse(organization, id, Vec::new()).await;
        }
        let caller = self.caller(organization, connection).await?;
        let Some(shots) = self.upload(organization, &caller, &mut one).await? else {
            let (app, now) = (self.clone(), self.clock().now());
            self.organization(organization)
                .write(move |tenant| {
                    app.ask(tenant, connection, &Work::Publish { draft: id }, "more pictures", now)
                })
                .await?;
            return Ok(());
        };
        let reference = one.publication.publication.reference.clone();
        let offer = one.stock.offer(&one.held.draft, &one.product, &asked, &shots, &reference).offer;
        // What may have been taken already is looked for first, whatever is asked of it today.
        if one.publication.publication.tried_since.is_none()
            && let Some(owed) = self.owed(&caller, &asked, &offer).await?
        {
            return self.refuse(organization, id, owed).await;
        }
        self.hand_in(organization, &caller, id, &offer).await
    }

    async fn next_try(&self, organization: OrganizationId, id: DraftId) -> Result<Option<Try>, AppError> {
        let now = self.clock().now();
        Ok(self
            .organization(organization)
            .read(move |tenant| {
                let Some(held) = tenant.draft(id)? else { return Ok(None) };
                let Some(publication) = tenant.publication(id)? else { return Ok(None) };
                let Some(product) = tenant.product(held.product)? else { return Ok(None) };
                let stock = Stock::of(tenant, &product, held.connection, now)?;
                let account = tenant.connection(held.connection)?;
                let is_running = account.is_some_and(|it| it.state == ConnectionState::Active);
                let is_wanted = publication.publication.is_wanted();
                Ok(is_wanted.then_some(Try { held, product, publication, stock, is_running }))
            })
            .await?)
    }

    /// The product's pictures at the platform; `None` when there is more to upload than one job does.
    async fn upload(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        one: &mut Try,
    ) -> Result<Option<Vec<Shot>>, AppError> {
        let (mut shots, mut uploads) = (Vec::new(), 0);
        let connection = caller.connection.id;
        for picture in one.stock.pictures.clone() {
            let uses =
                [Some((PictureUse::Offer, None)), picture.sku.map(|sku| (PictureUse::Variant, Some(sku)))];
            for (of, sku) in uses.into_iter().flatten() {
                let (sha256, word) = (picture.sha256.clone(), use_word(of));
                let known = self
                    .organization(organization)
                    .read(move |tenant| tenant.uploaded_picture(connection, &sha256, word))
                    .await?;
                if let Some(id) = known {
                    shots.push(Shot { id, sku });
                    continue;
                }
                if uploads == UPLOADS_A_TURN {
                    return Ok(None);
                }
                uploads += 1;
                self.note_uploading(organization, one).await?;
                let id = self.upload_one(organization, caller, &picture, of).await?;
                shots.push(Shot { id, sku });
            }
        }
        Ok(Some(shots))
    }

    async fn note_uploading(&self, organization: OrganizationId, one: &mut Try) -> Result<(), AppError> {
        if one.publication.publication.state != PublicationState::Asked {
            return Ok(());
        }
        one.publication.publication.state = PublicationState::Uploading;
        let (id, publication, now) = (one.held.id, one.publication.publication.clone(), self.clock().now());
        self.organization(organization)
            .write(move |tenant| tenant.keep_publication(id, &publication, None, now))
            .await?;
        Ok(())
    }

    async fn upload_one(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        picture: &crate::drafts::HeldPicture,
        of: PictureUse,
    ) -> Result<String, AppError> {
        let pictures = caller.channel.pictures().ok_or(AppError::NotFound("way to upload pictures"))?;
        let id = picture.id;
        let bytes = self.organization(organization).read(move |tenant| tenant.picture_bytes(id)).await?;
        let file = Picture::read(bytes.ok_or(AppError::NotFound("picture"))?);
        let file = file.map_err(|_| AppError::NotFound("picture"))?;
        let uploaded = pictures.upload(&caller.account, &file, of).await;
        let external_id = caller.heard(uploaded).await?;
        self.step(steps::PICTURE_UPLOADED)?;
        let (connection, now) = (caller.connection.id, self.clock().now());
        let (sha256, kept) = (picture.sha256.clone(), external_id.clone());
        self.organization(organization)
            .write(move |tenant| tenant.keep_uploaded_picture(connection, &sha256, use_word(of), &kept, now))
            .await?;
        self.step(steps::PICTURE_NOTED)?;
        Ok(external_id)
    }

    /// What the platform requires of this very offer and was not told.
    async fn owed(
        &self,
        caller: &Caller,
        asked: &Asked,
        offer: &Offer,
    ) -> Result<Option<Vec<Objection>>, AppError> {
        let Some(attributes) = caller.channel.attributes() else { return Ok(None) };
        let read = attributes.owed(&caller.account, offer).await;
        let missing = |id: String| {
            let name = asked.rules.attribute(&id).map_or_else(|| id.clone(), |rule| rule.name.clone());
            Objection {
                field: Field::Attribute(id),
                reason: Reason::Missing,
                code: String::new(),
                said: name,
                remedy: None,
            }
        };
        let is_told = |id: &String| offer.attributes.iter().any(|told| told.id == *id);
        let owed = caller.heard(read).await?.into_iter().filter(|id| !is_told(id));
        let owed: Vec<Objection> = owed.map(missing).collect();
        Ok((!owed.is_empty()).then_some(owed))
    }

    async fn hand_in(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        id: DraftId,
        offer: &Offer,
    ) -> Result<(), AppError> {
        let publishing = caller.channel.publishing().ok_or(AppError::NotFound("way to publish"))?;
        let deed = Deed::new(Actor::system("publishing"), "draft.handed_in", id.to_string())
            .with("connection", caller.connection.id)
            .with("variants", offer.variants.len());
        let (app, now, kept) = (self.clone(), self.clock().now(), deed.clone());
        let tried_since = self
            .organization(organization)
            .write(move |tenant| {
                let Some(mut held) = tenant.publication(id)? else { return Ok(None) };
                let since = held.publication.hand_in(now);
                tenant.keep_publication(id, &held.publication, held.trouble.as_ref(), now)?;
                app.intent(tenant, &kept).map(|()| Some(since))
            })
            .await?
            .ok_or(AppError::NotFound("publication"))?;
        self.step(steps::OFFER_ANNOUNCED)?;
        let created = publishing.create(&caller.account, offer, tried_since).await;
        self.step(steps::OFFER_TAKEN)?;
        match caller.heard(created).await {
            Ok(Submission::Taken { external_ids, remarks }) => {
                self.note_taken(organization, caller, id, deed, external_ids, remarks).await
            }
            Ok(Submission::Refused(objections)) => {
                let (app, connection) = (self.clone(), caller.connection.id);
                let is_lost =
                    objections.iter().any(|it| it.field == Field::Pictures && it.reason == Reason::Unknown);
                self.organization(organization)
                    .write(move |tenant| {
                        if is_lost {
                            tenant.forget_uploaded_pictures(connection)?;
                        }
                        app.not_done(tenant, &deed, NotDone::Refused, "the platform refuses what it says")
                    })
                    .await?;
                self.refuse(organization, id, objections).await
            }
            Err(error) => {
                let (app, why) = (self.clone(), error.to_string());
                self.organization(organization)
                    .write(move |tenant| app.not_done(tenant, &deed, NotDone::Failed, &why))
                    .await?;
                Err(error)
            }
        }
    }

    async fn note_taken(
        &self,
        organization: OrganizationId,
        caller: &Caller,
        id: DraftId,
        deed: Deed,
        external_ids: Vec<String>,
        remarks: Vec<Objection>,
    ) -> Result<(), AppError> {
        let (app, now, connection) = (self.clone(), self.clock().now(), caller.connection.id);
        self.organization(organization)
            .write(move |tenant| {
                let Some(mut held) = tenant.publication(id)? else { return Ok(()) };
                held.publication.take();
                tenant.keep_publication(id, &held.publication, None, now)?;
                tenant.keep_made_listings(id, &external_ids, now)?;
                tenant.keep_objections(id, "", &remarks)?;
                app.outcome(tenant, &deed.with("listings", external_ids.len()), "taken")?;
                app.ask(tenant, connection, &Work::FollowListings { draft: id }, "published", now)
            })
            .await?;
        self.jobs_came.notify_one();
        self.step(steps::OFFER_NOTED)
    }

    /// It is refused, and nothing was made.
    async fn refuse(
        &self,
        organization: OrganizationId,
        id: DraftId,
        objections: Vec<Objection>,
    ) -> Result<(), AppError> {
        let now = self.clock().now();
        let keep = move |tenant: &mut Tenant<'_, '_>| -> StoreResult<()> {
            let Some(mut held) = tenant.publication(id)? else { return Ok(()) };
            held.publication.refuse();
            tenant.keep_publication(id, &held.publication, None, now)?;
            tenant.keep_objections(id, "", &objections)
        };
        self.organization(organization).write(keep).await?;
        Ok(())
    }
}

const fn use_word(of: PictureUse) -> &'static str {
    match of {
        PictureUse::Offer => "offer",
        PictureUse::Variant => "variant",
    }
}
