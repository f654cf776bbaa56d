//! The tree of categories, which comes whole and unpaged, and the platform's own guess.

use std::collections::BTreeMap;

use connect::{Account, Answer, Call, Categories, Category, ChannelError, ErrorKind};
use http::Method;

use super::super::Shopee;
use super::super::ids::{self, id};
use super::super::wire::{Gap, filled, is_true, owned};
use super::wire;

const LIST: &str = "list categories";
const FETCH: &str = "fetch category";
const PREDICT: &str = "predict category";
/// Names as sellers read them; a shop of another country gets its own where there is none.
const LANGUAGE: &str = "pt-br";

impl Categories for Shopee {
    fn children<'a>(&'a self, account: &'a Account, parent: Option<&'a str>) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            let parent = parent.map(|parent| ids::number(LIST, parent)).transpose()?;
            let (tree, answer) = self.tree(LIST, account).await?;
            if parent.is_some_and(|parent| !tree.contains_key(parent)) {
                return Err(answer.fail(ErrorKind::NotFound));
            }
            Ok(tree.into_values().filter(|category| category.parent.as_deref() == parent).collect())
        })
    }

    fn path<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<Category>> {
        Box::pin(async move {
            let number = ids::number(FETCH, external_id)?;
            let (tree, answer) = self.tree(FETCH, account).await?;
            let mut path = Vec::<Category>::new();
            let mut next = Some(number.to_owned());
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
            let spec = self
                .shop_call(PREDICT, Method::GET, account, ["product", "category_recommend"])
                .query("item_name", title);
            let (found, _): (wire::Recommended, _) = self.ask(spec).await?;
            let proposed = found.category_id.unwrap_or_default();
            if proposed.is_empty() {
                return Ok(Vec::new());
            }
            // They come without their names.
            let (tree, _) = self.tree(PREDICT, account).await?;
            Ok(proposed.iter().filter_map(|row| tree.get(id(Some(row))?)).cloned().collect())
        })
    }
}

impl Shopee {
    /// All categories by their ids, and the answer that tells of them.
    async fn tree(
        &self,
        operation: &'static str,
        account: &Account,
    ) -> Result<(BTreeMap<String, Category>, Answer), ChannelError> {
        let spec = self
            .shop_call(operation, Method::GET, account, ["product", "get_category"])
            .query("language", LANGUAGE);
        let (found, answer): (wire::Categories, _) = self.ask(spec).await?;
        let Some(rows) = found.category_list else {
            return Err(answer.garbled("category_list is missing"));
        };
        let tree = rows.iter().map(category).collect::<Result<_, Gap>>();
        let tree = tree.map_err(|gap| answer.garbled(gap.0))?;
        Ok((tree, answer))
    }
}

fn category(row: &wire::Category) -> Result<(String, Category), Gap> {
    let own = id(row.category_id.as_ref()).ok_or_else(|| Gap::missing("category_id"))?.to_owned();
    let name = filled(row.display_category_name.as_ref()).map(str::to_owned);
    let category = Category {
        external_id: own.clone(),
        name: name.or_else(|| owned(row.original_category_name.as_ref())).unwrap_or_default(),
        parent: id(row.parent_category_id.as_ref()).map(str::to_owned),
        takes_offers: Some(!is_true(row.has_children.as_ref())),
    };
    Ok((own, category))
}
