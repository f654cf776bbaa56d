//! What members do with their saved views.

use domain::view::{MAX_VIEW_FILTER_BYTES, MAX_VIEWS, Step, ViewName, moved};
use domain::{Actor, MemberId, OrganizationId, ViewId};
use store::{StoreError, StoreResult, Tenant};

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;

/// Why a view was not kept as wished.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// No name, or too long a one.
    #[error("a view needs a name of 1 to {} characters", domain::view::MAX_VIEW_NAME_CHARS)]
    Name,
    /// The member has a view of that name.
    #[error("there is a view of that name")]
    Taken,
    /// The member has as many views as there may be.
    #[error("there are {MAX_VIEWS} views already")]
    TooMany,
    /// No filter, or a longer one than any that the list makes.
    #[error("a view needs a filter of up to {MAX_VIEW_FILTER_BYTES} bytes")]
    Filter,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for ViewError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Duplicate(_)) { Self::Taken } else { Self::App(error.into()) }
    }
}

impl App {
    /// Gives a filter a name, behind the member's other views.
    pub async fn save_view(
        &self,
        organization: OrganizationId,
        member: MemberId,
        name: &str,
        filter: &str,
    ) -> Result<ViewId, ViewError> {
        let name = ViewName::parse(name).ok_or(ViewError::Name)?;
        if filter.is_empty() || filter.len() > MAX_VIEW_FILTER_BYTES {
            return Err(ViewError::Filter);
        }
        let (app, filter, now) = (self.clone(), filter.to_owned(), self.clock().now());
        let id = ViewId::new(now, self.entropy());
        let kept = self
            .organization(organization)
            .write(move |tenant| {
                if tenant.views(member)?.len() >= MAX_VIEWS {
                    return Ok(false);
                }
                tenant.keep_view(id, member, &name, &filter, now)?;
                app.note_view(tenant, member, "view.saved", id)?;
                Ok(true)
            })
            .await?;
        if kept { Ok(id) } else { Err(ViewError::TooMany) }
    }

    /// Gives a view another name.
    pub async fn rename_view(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ViewId,
        name: &str,
    ) -> Result<(), ViewError> {
        let name = ViewName::parse(name).ok_or(ViewError::Name)?;
        self.change_view(organization, member, id, "view.renamed", move |tenant| {
            tenant.rename_view(id, member, &name)
        })
        .await
    }

    /// Forgets a view; its orders stay where they are.
    pub async fn drop_view(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ViewId,
    ) -> Result<(), ViewError> {
        let work = move |tenant: &mut Tenant<'_, '_>| tenant.drop_view(id, member);
        self.change_view(organization, member, id, "view.deleted", work).await
    }

    /// Moves a view one place among its member's tabs.
    pub async fn move_view(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ViewId,
        step: Step,
    ) -> Result<(), ViewError> {
        self.change_view(organization, member, id, "view.moved", move |tenant| {
            let order: Vec<ViewId> = tenant.views(member)?.into_iter().map(|view| view.id).collect();
            tenant.arrange_views(member, &moved(&order, id, step))?;
            Ok(order.contains(&id))
        })
        .await
    }

    /// Changes a view of this member; nothing is noted where there is no such view.
    async fn change_view(
        &self,
        organization: OrganizationId,
        member: MemberId,
        id: ViewId,
        action: &'static str,
        change: impl FnOnce(&mut Tenant<'_, '_>) -> StoreResult<bool> + Send + 'static,
    ) -> Result<(), ViewError> {
        let app = self.clone();
        let found = self
            .organization(organization)
            .write(move |tenant| {
                let found = change(tenant)?;
                if found {
                    app.note_view(tenant, member, action, id)?;
                }
                Ok(found)
            })
            .await?;
        if found { Ok(()) } else { Err(AppError::NotFound("view").into()) }
    }

    /// Names stay out of the log: people write anything into them.
    fn note_view(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        action: &'static str,
        id: ViewId,
    ) -> StoreResult<()> {
        self.outcome(tenant, &Deed::new(Actor::Member(member), action, id.to_string()), "ok")
    }
}
