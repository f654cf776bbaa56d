//! The tree of categories, and the platform's own guess at one.

use connect::{Account, Answer, Call, Categories, Category, ChannelError};
use http::Method;

use super::super::MercadoLivre;
use super::super::wire::{Gap, filled, owned};
use super::wire::{self, Named};

const LIST: &str = "list categories";
const FETCH: &str = "fetch category";
const PREDICT: &str = "predict category";
/// Proposals: the most that the platform gives.
const PROPOSALS: &str = "8";

impl Categories for MercadoLivre {
    fn children<'a>(&'a self, account: &'a Account, parent: Option<&'a str>) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            let Some(parent) = parent else {
                let path = ["sites", self.config.site.as_str(), "categories"];
                let answer = self.ask(self.request(LIST, Method::GET, account, &path)).await?;
                let roots: Vec<Named> = answer.json()?;
                return named(&roots, None).map_err(|gap| answer.garbled(gap.0));
            };
            let (found, answer) = self.category(LIST, account, parent).await?;
            let children = found.children_categories.unwrap_or_default();
            named(&children, Some(parent)).map_err(|gap| answer.garbled(gap.0))
        })
    }

    fn path<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            let (found, answer) = self.category(FETCH, account, external_id).await?;
            let rows = found.path_from_root.as_deref().unwrap_or_default();
            let mut path = Vec::<Category>::new();
            for row in rows {
                let parent = path.last().map(|above| above.external_id.clone());
                path.push(one(row, parent).map_err(|gap| answer.garbled(gap.0))?);
            }
            match path.last_mut().filter(|last| last.external_id == external_id) {
                Some(last) => last.takes_offers = takes_offers(&found),
                None => return Err(answer.garbled("a path that does not end in its category")),
            }
            Ok(path)
        })
    }

    fn predict<'a>(&'a self, account: &'a Account, title: &'a str) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            let path = ["sites", self.config.site.as_str(), "domain_discovery", "search"];
            let spec = self
                .request(PREDICT, Method::GET, account, &path)
                .query("q", title)
                .query("limit", PROPOSALS);
            let answer = self.ask(spec).await?;
            let rows: Vec<wire::Proposal> = answer.json()?;
            // A proposal without a category helps nobody, and hides no other.
            let proposals = rows.into_iter().filter_map(|row| {
                let external_id = owned(row.category_id.as_ref())?;
                let name = owned(row.category_name.as_ref()).unwrap_or_default();
                Some(Category { external_id, name, parent: None, takes_offers: Some(true) })
            });
            Ok(proposals.collect())
        })
    }
}

impl MercadoLivre {
    /// A category by itself, and the answer that tells of it.
    pub(super) async fn category(
        &self,
        operation: &'static str,
        account: &Account,
        id: &str,
    ) -> Result<(wire::Category, Answer), ChannelError> {
        let answer = self.ask(self.request(operation, Method::GET, account, &["categories", id])).await?;
        let found: wire::Category = answer.json()?;
        if found.id.0 == id { Ok((found, answer)) } else { Err(answer.garbled("another category")) }
    }
}

/// Whether offers go there: into leaves that are open. `None` for words that say neither.
pub(super) fn takes_offers(category: &wire::Category) -> Option<bool> {
    let settings = category.settings.as_ref()?;
    let is_open = match filled(settings.status.as_ref()) {
        None | Some("enabled") => true,
        Some("disabled") => false,
        Some(_) => return None,
    };
    match filled(settings.listing_allowed.as_ref()) {
        Some("true" | "1") => Some(is_open),
        Some("false" | "0") => Some(false),
        Some(_) | None => None,
    }
}

fn named(rows: &[Named], parent: Option<&str>) -> Result<Vec<Category>, Gap> {
    rows.iter().map(|row| one(row, parent.map(str::to_owned))).collect()
}

fn one(row: &Named, parent: Option<String>) -> Result<Category, Gap> {
    let external_id = owned(row.id.as_ref()).ok_or_else(|| Gap::missing("id of a category"))?;
    let name = owned(row.name.as_ref()).unwrap_or_default();
    Ok(Category { external_id, name, parent, takes_offers: None })
}
