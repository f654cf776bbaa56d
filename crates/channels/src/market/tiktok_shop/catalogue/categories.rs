//! The tree of categories, which comes whole, and the platform's own guess.

use std::collections::BTreeMap;

use connect::{Account, Answer, Call, Categories, Category, ChannelError, ErrorKind};
use http::Method;
use serde_json::json;

use super::super::wire::{self as words, Gap, Loose, filled, owned};
use super::super::{TikTokShop, error, is_id, version};
use super::{region, wire};
use crate::market::refusal;

const LIST: &str = "list categories";
const FETCH: &str = "fetch category";
const PREDICT: &str = "predict category";
/// "No category matches the product".
const NO_IDEA: [&str; 2] = ["12019064", "12052912"];
/// What stands above a root.
const ABOVE_ROOTS: &str = "0";
/// Only where this is all that a category says of permissions, everybody may list.
const OPEN: &str = "AVAILABLE";

impl Categories for TikTokShop {
    fn children<'a>(&'a self, account: &'a Account, parent: Option<&'a str>) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            if parent.is_some_and(|parent| !is_id(parent)) {
                return Err(refusal::id(LIST));
            }
            let (tree, answer) = self.tree(LIST, account).await?;
            if parent.is_some_and(|parent| !tree.contains_key(parent)) {
                return Err(answer.fail(ErrorKind::NotFound));
            }
            Ok(tree.into_values().filter(|category| category.parent.as_deref() == parent).collect())
        })
    }

    fn path<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            if !is_id(external_id) {
                return Err(refusal::id(FETCH));
            }
            let (tree, answer) = self.tree(FETCH, account).await?;
            let mut path = Vec::<Category>::new();
            let mut next = Some(external_id.to_owned());
            while let Some(category) = next.as_ref().and_then(|id| tree.get(id)) {
                // A tree that bites its tail has no root.
                if path.len() >= tree.len() {
                    return Err(answer.garbled("categories that hang on each other"));
                }
                next.clone_from(&category.parent);
                path.push(category.clone());
            }
            if path.is_empty() {
                return Err(answer.fail(ErrorKind::NotFound));
            }
            path.reverse();
            Ok(path)
        })
    }

    fn predict<'a>(&'a self, account: &'a Account, title: &'a str) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            let path = ["product", version::PRODUCT, "categories", "recommend"];
            let here = region(&self.config.region);
            let mut body = json!({ "product_title": title, "locale": here.locale });
            if let Some(tree) = here.tree {
                body["category_version"] = json!(tree);
            }
            let spec = self.request(PREDICT, Method::POST, account, &path)?.json(body.to_string());
            let answer = self.outbound.call(spec).await?;
            match error::kind(&answer) {
                None => {}
                Some(ErrorKind::Refused { code, .. }) if NO_IDEA.contains(&code.as_str()) => {
                    return Ok(Vec::new());
                }
                Some(kind) => return Err(answer.fail(kind)),
            }
            let found: wire::Recommended = words::data(&answer)?;
            let Some(leaf) = owned(found.leaf_category_id.as_ref()).filter(|id| is_id(id)) else {
                return Ok(Vec::new());
            };
            let chain = found.categories.unwrap_or_default();
            let at = chain.iter().position(|row| filled(row.id.as_ref()) == Some(leaf.as_str()));
            let parent = at.and_then(|at| owned(chain.get(at.checked_sub(1)?)?.id.as_ref()));
            let row = at.and_then(|at| chain.get(at));
            Ok(vec![Category {
                name: row.and_then(|row| owned(row.local_name.as_ref())).unwrap_or_default(),
                takes_offers: Some(row.is_none_or(is_open)),
                external_id: leaf,
                parent,
            }])
        })
    }
}

impl TikTokShop {
    /// All categories by their ids, and the answer that tells of them.
    async fn tree(
        &self,
        operation: &'static str,
        account: &Account,
    ) -> Result<(BTreeMap<String, Category>, Answer), ChannelError> {
        let here = region(&self.config.region);
        let path = ["product", version::PRODUCT, "categories"];
        let spec = self.request(operation, Method::GET, account, &path)?.query("locale", here.locale);
        let spec = here.tree.into_iter().fold(spec, |spec, tree| spec.query("category_version", tree));
        let answer = self.ask(spec).await?;
        let found: wire::Categories = words::data(&answer)?;
        let Some(rows) = found.categories else { return Err(answer.garbled("categories is missing")) };
        let tree = rows.iter().map(category).collect::<Result<_, Gap>>();
        let tree = tree.map_err(|gap| answer.garbled(gap.0))?;
        Ok((tree, answer))
    }
}

/// Whether any shop may list there.
fn is_open(row: &wire::Category) -> bool {
    let words = row.permission_statuses.as_ref().map(|words| words.0.as_slice()).unwrap_or_default();
    words.iter().all(|word| word == OPEN)
}

fn category(row: &wire::Category) -> Result<(String, Category), Gap> {
    let id = owned(row.id.as_ref()).filter(|id| is_id(id));
    let id = id.ok_or_else(|| Gap::missing("id of a category"))?;
    let is_leaf = row.is_leaf.as_ref().is_some_and(Loose::is_true);
    let category = Category {
        external_id: id.clone(),
        name: owned(row.local_name.as_ref()).unwrap_or_default(),
        parent: owned(row.parent_id.as_ref()).filter(|parent| parent != ABOVE_ROOTS),
        takes_offers: Some(is_leaf && is_open(row)),
    };
    Ok((id, category))
}
