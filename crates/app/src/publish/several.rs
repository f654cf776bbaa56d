//! Several products and accounts at once: where each draft stands, and one press for all that are ready.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ConnectionId, ConnectionState, MemberId, OrganizationId, Problem, ProductId};
use store::connections::Connection;
use store::drafts::HeldPublication;

use super::{Answer, MAX_ACCOUNTS};
use crate::App;
use crate::drafts::OpenDraft;
use crate::error::AppError;

/// Products that one press publishes at most: a page of their list.
pub const MAX_PRODUCTS: usize = 50;

/// Whether a product can be published to an account now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing stands in the way.
    Ready,
    /// So many things have to be mended first.
    Faults(usize),
    /// Nobody made a draft for the account yet.
    Missing,
    /// It is on its way.
    UnderWay,
    /// It is published.
    Published,
    /// The account does not run.
    NotRunning,
    /// The platform could not be asked what it requires.
    Trouble(Problem),
}

impl Readiness {
    /// The word in translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Faults(_) => "faults",
            Self::Missing => "missing",
            Self::UnderWay => "under_way",
            Self::Published => "published",
            Self::NotRunning => "not_running",
            Self::Trouble(_) => "trouble",
        }
    }
}

/// A product at an account, as far as publishing asks.
#[derive(Debug, Clone)]
pub struct Place {
    /// The product.
    pub product: ProductId,
    /// Its title.
    pub title: String,
    /// The account.
    pub connection: Connection,
    /// Whether it can be published there now.
    pub readiness: Readiness,
    /// What became of it.
    pub publication: Option<HeldPublication>,
}

/// Products at accounts: in the order in which they were asked for, each at every account.
#[derive(Debug, Clone)]
pub struct Places {
    /// The accounts that are not disconnected, whether they were asked for or not.
    pub connections: Vec<Connection>,
    /// Each product at each account that was asked for.
    pub places: Vec<Place>,
}

impl OpenDraft {
    /// Whether it can be published now, as far as that is known without its platform.
    fn at_rest(&self) -> Option<Readiness> {
        if self.connection.state != ConnectionState::Active {
            return Some(Readiness::NotRunning);
        }
        let is_taken =
            |held: &HeldPublication| held.publication.state == domain::draft::PublicationState::Taken;
        match &self.publication {
            Some(held) if held.publication.state.is_under_way() => Some(Readiness::UnderWay),
            Some(held) if is_taken(held) && !held.is_over() => Some(Readiness::Published),
            Some(_) | None => (self.version == 0).then_some(Readiness::Missing),
        }
    }

    fn by_its_rules(&self) -> Readiness {
        match &self.asked {
            Ok(Some(asked)) => match self.stock.read(&self.draft, &self.product, asked).faults.len() {
                0 => Readiness::Ready,
                faults => Readiness::Faults(faults),
            },
            // A category has to be chosen.
            Ok(None) => Readiness::Faults(1),
            Err(error) => Readiness::Trouble(error.problem()),
        }
    }
}

impl App {
    /// Where a product stands at an account. `away`: why the account's platform was not to be asked a moment ago;
    /// then it is not asked again.
    pub(super) async fn place(
        &self,
        organization: OrganizationId,
        product: ProductId,
        connection: ConnectionId,
        away: Option<Problem>,
    ) -> Result<Place, AppError> {
        let mut open = self.held_draft(organization, product, connection).await?;
        let readiness = match (open.at_rest(), away) {
            (Some(readiness), _) => readiness,
            (None, Some(problem)) => Readiness::Trouble(problem),
            (None, None) => {
                open.asked = self.asked_of(organization, connection, &open.draft.category).await;
                open.by_its_rules()
            }
        };
        Ok(Place {
            product,
            title: open.product.product.title,
            connection: open.connection,
            readiness,
            publication: open.publication,
        })
    }

    /// Where products stand at accounts; at all of the shop when none is named.
    ///
    /// # Errors
    /// One of them is not the organization's.
    pub async fn places(
        &self,
        organization: OrganizationId,
        products: &[ProductId],
        accounts: &[ConnectionId],
    ) -> Result<Places, AppError> {
        let (products, named) = (once(products, MAX_PRODUCTS), once(accounts, MAX_ACCOUNTS));
        let connections = self.these_and_accounts(organization, &products, &named).await?;
        let looked_at: Vec<ConnectionId> =
            if named.is_empty() { connections.iter().map(|it| it.id).collect() } else { named };
        let mut away: BTreeMap<ConnectionId, Problem> = BTreeMap::new();
        let mut places = Vec::new();
        for product in &products {
            for connection in &looked_at {
                let known = away.get(connection).copied();
                let place = self.place(organization, *product, *connection, known).await?;
                if let Readiness::Trouble(problem) = place.readiness
                    && is_of_the_account(problem)
                {
                    away.insert(*connection, problem);
                }
                places.push(place);
            }
        }
        Ok(Places { connections, places })
    }

    /// Asks for products to be published to accounts: a job for each draft that is ready. What is not ready is
    /// answered with its reason and stays as it is.
    ///
    /// # Errors
    /// One of them is not the organization's; then nothing was asked for.
    pub async fn publish_products(
        &self,
        organization: OrganizationId,
        member: MemberId,
        products: &[ProductId],
        accounts: &[ConnectionId],
    ) -> Result<Vec<(ProductId, ConnectionId, Answer)>, AppError> {
        let (products, accounts) = (once(products, MAX_PRODUCTS), once(accounts, MAX_ACCOUNTS));
        self.these_and_accounts(organization, &products, &accounts).await?;
        let mut answers = Vec::new();
        for product in &products {
            let asked = self.publish_product(organization, member, *product, &accounts).await?;
            answers.extend(asked.into_iter().map(|(connection, answer)| (*product, connection, answer)));
        }
        Ok(answers)
    }

    /// The accounts that are not disconnected, once everything that is named is known to be the organization's.
    async fn these_and_accounts(
        &self,
        organization: OrganizationId,
        products: &[ProductId],
        accounts: &[ConnectionId],
    ) -> Result<Vec<Connection>, AppError> {
        let (products, accounts) = (products.to_vec(), accounts.to_vec());
        self.organization(organization)
            .read(move |tenant| {
                for product in products {
                    if tenant.product(product)?.is_none() {
                        return Ok(Err(AppError::NotFound("product")));
                    }
                }
                let mut connections = tenant.connections()?;
                if !accounts.iter().all(|id| connections.iter().any(|it| it.id == *id)) {
                    return Ok(Err(AppError::NotFound("connection")));
                }
                connections.retain(|it| it.state != ConnectionState::Disconnected);
                connections.truncate(MAX_ACCOUNTS);
                Ok(Ok(connections))
            })
            .await?
    }
}

/// Whether a platform has nothing to say for the account at all, and not only for one category.
const fn is_of_the_account(problem: Problem) -> bool {
    matches!(
        problem,
        Problem::ConsentEnded | Problem::AppRefused | Problem::PlatformDown | Problem::RateLimited
    )
}

/// Each once, in their order.
fn once<T: Copy + Ord>(all: &[T], most: usize) -> Vec<T> {
    let mut seen = BTreeSet::new();
    all.iter().copied().filter(|one| seen.insert(*one)).take(most).collect()
}
