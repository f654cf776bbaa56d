//! Drafts, and what became of them at their platforms.

use std::collections::BTreeMap;

use domain::draft::{Draft, Publication, PublicationState};
use domain::offer::{Condition, Field, Objection, Reason};
use domain::{Actor, ConnectionId, DraftId, ListingState, Problem, ProductId, Timestamp};

use crate::db::{Row, StoreError, StoreResult};
use crate::{Tenant, params};

/// A draft as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDraft {
    /// Id.
    pub id: DraftId,
    /// Of which product.
    pub product: ProductId,
    /// For which account.
    pub connection: ConnectionId,
    /// Counts up with each change.
    pub version: i64,
    /// What was typed.
    pub draft: Draft,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// A publication as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPublication {
    /// How far it is.
    pub publication: Publication,
    /// What went wrong last; `None` while nothing did.
    pub trouble: Option<Trouble>,
    /// What the platform has against the offer.
    pub objections: Vec<Objection>,
    /// The listings that it became.
    pub listings: Vec<MadeListing>,
    /// When any of that was noted last.
    pub changed_at: Timestamp,
}

/// What went wrong with a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What a person reads about.
    pub problem: Problem,
    /// The error's own words.
    pub error: String,
}

/// A listing that an offer became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeListing {
    /// The platform's id.
    pub external_id: String,
    /// Where it stands; `None` until it was looked at.
    pub state: Option<ListingState>,
    /// The platform's own word.
    pub platform_status: String,
    /// Whether its units are the house's to tell.
    pub is_linked: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// What the platform has against it.
    pub objections: Vec<Objection>,
}

impl HeldPublication {
    /// Whether everything that it became has ended at the platform.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.listings.is_empty() && self.listings.iter().all(|made| made.state == Some(ListingState::Closed))
    }
}

const COLUMNS: &str = "id, product_id, connection_id, version, title, description, category, category_name, \
    condition, brand, plan, price, updated_at";

fn draft(row: &Row<'_>) -> StoreResult<HeldDraft> {
    Ok(HeldDraft {
        id: row.get(0)?,
        product: row.get(1)?,
        connection: row.get(2)?,
        version: row.get(3)?,
        draft: Draft {
            title: row.get(4)?,
            description: row.get(5)?,
            category: row.get(6)?,
            category_name: row.get(7)?,
            condition: row.word(8, "draft", "condition", Condition::parse)?,
            brand: row.get(9)?,
            plan: row.get(10)?,
            price: row.get(11)?,
            cells: BTreeMap::new(),
        },
        updated_at: row.get(12)?,
    })
}

fn objection(row: &Row<'_>) -> StoreResult<(String, Objection)> {
    let field: String = row.get(1)?;
    let objection = Objection {
        // A field that a newer program named is told as the whole.
        field: Field::parse(&field).unwrap_or(Field::Whole),
        reason: row.word(2, "publication_objection", "reason", Reason::parse)?,
        code: row.get(3)?,
        said: row.get(4)?,
        remedy: row.get(5)?,
    };
    Ok((row.get(0)?, objection))
}

impl Tenant<'_, '_> {
    /// Keeps other changes of a draft waiting until this transaction ends.
    pub fn hold_draft(&mut self, product: ProductId, connection: ConnectionId) -> StoreResult<()> {
        self.tx.hold(&format!("draft {product}/{connection}"))
    }

    /// A draft.
    pub fn draft(&mut self, id: DraftId) -> StoreResult<Option<HeldDraft>> {
        let sql = format!("SELECT {COLUMNS} FROM draft WHERE organization_id = $1 AND id = $2");
        let found = self.tx.row(&sql, params![self.id, id], draft)?;
        found.map(|held| self.with_cells(held)).transpose()
    }

    /// The draft of a product for an account.
    pub fn draft_for(
        &mut self,
        product: ProductId,
        connection: ConnectionId,
    ) -> StoreResult<Option<HeldDraft>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM draft WHERE organization_id = $1 AND product_id = $2 AND connection_id = $3"
        );
        let found = self.tx.row(&sql, params![self.id, product, connection], draft)?;
        found.map(|held| self.with_cells(held)).transpose()
    }

    /// All drafts of a product.
    pub fn drafts_of(&mut self, product: ProductId) -> StoreResult<Vec<HeldDraft>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM draft WHERE organization_id = $1 AND product_id = $2 ORDER BY connection_id"
        );
        let found = self.tx.rows(&sql, params![self.id, product], draft)?;
        found.into_iter().map(|held| self.with_cells(held)).collect()
    }

    fn with_cells(&mut self, mut held: HeldDraft) -> StoreResult<HeldDraft> {
        let cells = self.tx.rows(
            "SELECT name, text FROM draft_cell WHERE organization_id = $1 AND draft_id = $2 ORDER BY name, place",
            params![self.id, held.id],
            |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)),
        )?;
        for (name, text) in cells {
            held.draft.cells.entry(name).or_default().push(text);
        }
        Ok(held)
    }

    /// Keeps a new draft.
    pub fn insert_draft(
        &mut self,
        id: DraftId,
        product: ProductId,
        connection: ConnectionId,
        draft: &Draft,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO draft (id, organization_id, product_id, connection_id, title, description, category, \
               category_name, condition, brand, plan, price, version, created_at, updated_at, actor) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13, $14)",
            params![
                id,
                self.id,
                product,
                connection,
                &draft.title,
                &draft.description,
                &draft.category,
                &draft.category_name,
                draft.condition.as_str(),
                &draft.brand,
                &draft.plan,
                &draft.price,
                now,
                &actor.to_string()
            ],
        )?;
        self.keep_cells(id, draft)
    }

    /// Changes a draft that is still at version `seen`; false when it is not, or not there.
    pub fn update_draft(
        &mut self,
        id: DraftId,
        seen: i64,
        draft: &Draft,
        actor: &Actor,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let touched = self.tx.execute(
            "UPDATE draft SET title = $4, description = $5, category = $6, category_name = $7, condition = $8, \
               brand = $9, plan = $10, price = $11, version = version + 1, updated_at = $12, actor = $13 \
             WHERE organization_id = $1 AND id = $2 AND version = $3",
            params![
                self.id,
                id,
                seen,
                &draft.title,
                &draft.description,
                &draft.category,
                &draft.category_name,
                draft.condition.as_str(),
                &draft.brand,
                &draft.plan,
                &draft.price,
                now,
                &actor.to_string()
            ],
        )?;
        if touched == 0 {
            return Ok(false);
        }
        self.tx.execute(
            "DELETE FROM draft_cell WHERE organization_id = $1 AND draft_id = $2",
            params![self.id, id],
        )?;
        self.keep_cells(id, draft)?;
        Ok(true)
    }

    fn keep_cells(&mut self, id: DraftId, draft: &Draft) -> StoreResult<()> {
        for (name, texts) in &draft.cells {
            for (place, text) in (0_i64..).zip(texts) {
                self.tx.at_the_end(
                    &id.to_string(),
                    Some(1),
                    "INSERT INTO draft_cell (draft_id, name, place, organization_id, text) \
                     VALUES ($1, $2, $3, $4, $5)",
                    params![id, name, place, self.id, text],
                )?;
            }
        }
        Ok(())
    }

    /// What became of a draft; `None` where nobody asked for it to be published.
    pub fn publication(&mut self, id: DraftId) -> StoreResult<Option<HeldPublication>> {
        let found = self.tx.row(
            "SELECT state, reference, tried_since, asked_at, problem, error, changed_at FROM publication \
             WHERE organization_id = $1 AND draft_id = $2",
            params![self.id, id],
            |row| {
                let publication = Publication {
                    state: row.word(0, "publication", "state", PublicationState::parse)?,
                    reference: row.get(1)?,
                    tried_since: row.get(2)?,
                    asked_at: row.get(3)?,
                };
                let problem: Option<String> = row.get(4)?;
                let error: Option<String> = row.get(5)?;
                let problem = problem.as_deref().and_then(Problem::parse);
                let trouble = problem.map(|problem| Trouble { problem, error: error.unwrap_or_default() });
                Ok((publication, trouble, row.get::<Timestamp>(6)?))
            },
        )?;
        let Some((publication, trouble, changed_at)) = found else { return Ok(None) };
        let objections = self.tx.rows(
            "SELECT external_id, field, reason, code, said, remedy FROM publication_objection \
             WHERE organization_id = $1 AND draft_id = $2 ORDER BY external_id, place",
            params![self.id, id],
            objection,
        )?;
        let of = |external_id: &str| -> Vec<Objection> {
            let own = objections.iter().filter(|(of, _)| of == external_id);
            own.map(|(_, objection)| objection.clone()).collect()
        };
        let listings = self.tx.rows(
            "SELECT external_id, state, platform_status, is_linked, made_at FROM publication_listing \
             WHERE organization_id = $1 AND draft_id = $2 ORDER BY external_id",
            params![self.id, id],
            |row| {
                let (external_id, state): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(MadeListing {
                    objections: of(&external_id),
                    external_id,
                    state: ListingState::parse(&state),
                    platform_status: row.get(2)?,
                    is_linked: row.get::<i64>(3)? == 1,
                    made_at: row.get(4)?,
                })
            },
        )?;
        Ok(Some(HeldPublication { publication, trouble, objections: of(""), listings, changed_at }))
    }

    /// Keeps how far a publication is. Objections against the offer are gone with it.
    pub fn keep_publication(
        &mut self,
        id: DraftId,
        publication: &Publication,
        trouble: Option<&Trouble>,
        now: Timestamp,
    ) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO publication (draft_id, organization_id, state, reference, tried_since, asked_at, problem, \
               error, changed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (draft_id) DO UPDATE SET state = excluded.state, reference = excluded.reference, \
               tried_since = excluded.tried_since, asked_at = excluded.asked_at, problem = excluded.problem, \
               error = excluded.error, changed_at = excluded.changed_at \
             WHERE publication.organization_id = excluded.organization_id",
            params![
                id,
                self.id,
                publication.state.as_str(),
                &publication.reference,
                publication.tried_since,
                publication.asked_at,
                trouble.map(|trouble| trouble.problem.as_str()),
                trouble.map(|trouble| trouble.error.as_str()),
                now
            ],
        )?;
        self.keep_objections(id, "", &[])
    }

    /// Keeps what the platform has against the offer (`external_id` empty) or a listing of it, in place of what it had.
    pub fn keep_objections(
        &mut self,
        id: DraftId,
        external_id: &str,
        objections: &[Objection],
    ) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM publication_objection WHERE organization_id = $1 AND draft_id = $2 AND external_id = $3",
            params![self.id, id, external_id],
        )?;
        for (place, objection) in (0_i64..).zip(objections) {
            self.tx.execute_exactly(
                1,
                "INSERT INTO publication_objection (draft_id, external_id, place, organization_id, field, reason, \
                   code, said, remedy) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                params![
                    id,
                    external_id,
                    place,
                    self.id,
                    &objection.field.as_word(),
                    objection.reason.as_str(),
                    &objection.code,
                    &objection.said,
                    objection.remedy.as_deref()
                ],
            )?;
        }
        Ok(())
    }

    /// Keeps the listings that an offer became; those that it became before are forgotten here.
    pub fn keep_made_listings(
        &mut self,
        id: DraftId,
        external_ids: &[String],
        now: Timestamp,
    ) -> StoreResult<()> {
        for table in ["publication_listing", "publication_objection"] {
            let sql = format!("DELETE FROM {table} WHERE organization_id = $1 AND draft_id = $2");
            self.tx.execute(&sql, params![self.id, id])?;
        }
        for external_id in external_ids {
            self.tx.execute(
                "INSERT INTO publication_listing (draft_id, external_id, organization_id, state, platform_status, \
                   is_linked, made_at) VALUES ($1, $2, $3, '', '', 0, $4) ON CONFLICT (draft_id, external_id) DO NOTHING",
                params![id, external_id, self.id, now],
            )?;
        }
        Ok(())
    }

    /// Notes where a listing stands, and what the platform has against it.
    pub fn note_standing(&mut self, id: DraftId, made: &MadeListing, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "UPDATE publication_listing SET state = $4, platform_status = $5, is_linked = $6, looked_at = $7 \
             WHERE organization_id = $1 AND draft_id = $2 AND external_id = $3",
            params![
                self.id,
                id,
                &made.external_id,
                made.state.map_or("", ListingState::as_str),
                &made.platform_status,
                i64::from(made.is_linked),
                now
            ],
        )?;
        self.keep_objections(id, &made.external_id, &made.objections)
    }

    /// The platform's id of a picture that an account has.
    pub fn uploaded_picture(
        &mut self,
        connection: ConnectionId,
        sha256: &[u8],
        made_for: &str,
    ) -> StoreResult<Option<String>> {
        self.tx.row(
            "SELECT external_id FROM uploaded_picture \
             WHERE organization_id = $1 AND connection_id = $2 AND sha256 = $3 AND made_for = $4",
            params![self.id, connection, sha256, made_for],
            |row| row.get(0),
        )
    }

    /// Keeps the platform's id of a picture.
    pub fn keep_uploaded_picture(
        &mut self,
        connection: ConnectionId,
        sha256: &[u8],
        made_for: &str,
        external_id: &str,
        now: Timestamp,
    ) -> StoreResult<()> {
        let touched = self.tx.execute(
            "INSERT INTO uploaded_picture (connection_id, sha256, made_for, organization_id, external_id, uploaded_at) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (connection_id, sha256, made_for) DO UPDATE SET external_id = excluded.external_id, \
               uploaded_at = excluded.uploaded_at \
             WHERE uploaded_picture.organization_id = excluded.organization_id",
            params![connection, sha256, made_for, self.id, external_id, now],
        )?;
        if touched == 1 { Ok(()) } else { Err(StoreError::RowCount { expected: 1, touched }) }
    }

    /// Forgets which pictures an account has, after its platform lost one: the next try uploads them anew.
    pub fn forget_uploaded_pictures(&mut self, connection: ConnectionId) -> StoreResult<()> {
        self.tx.execute(
            "DELETE FROM uploaded_picture WHERE organization_id = $1 AND connection_id = $2",
            params![self.id, connection],
        )?;
        Ok(())
    }
}
