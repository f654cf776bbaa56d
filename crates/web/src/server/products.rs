//! Products: the list, and the one form that makes and changes them.

use app::catalogue::{ProductError, Wish};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::ProductId;
use domain::catalogue::{
    Agreed, Cell, Fault, Field, MAX_AXES, MAX_VARIANTS, Question, Typed, TypedRow, search_ranges,
};
use serde::Deserialize;
use store::catalogue::{CostRow, HeldProduct, ProductFilter, ProductRow};
use store::pages::PAGE_ROWS;
use store::pictures::HeldPicture;

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::pictures::Pictures;
use crate::pages::products::{
    Ask, CostLine, Mistake, ProductLine, ProductPage, ProductsPage, decimal_mark, mistakes,
};
use crate::pages::{Choice, Pager, query_of};
use crate::{Chrome, Nav, Tone, i18n};

/// Rows taken from a form: those of SKUs whose options went stand beside all new ones.
const MAX_FORM_ROWS: usize = 2 * MAX_VARIANTS;
/// What somebody else saved is told in so many lines at most.
const MAX_STALE_LINES: usize = 20;
const LIST: &str = "/products";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    text: String,
    tag: String,
    show: String,
    after: String,
}

impl ListQuery {
    fn link(&self, after: &str) -> String {
        let mut pairs = query_of("/products");
        pairs.append_pair("text", &self.text).append_pair("tag", &self.tag).append_pair("show", &self.show);
        pairs.append_pair("after", after).finish()
    }
}

/// The list of products.
pub(crate) async fn list(
    May(member, ..): May<may::SeeCatalogue>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let text = query.text.trim();
    let filter = ProductFilter {
        words: (!text.is_empty()).then(|| search_ranges(text)),
        tag: query.tag.clone(),
        archived: query.show == "archived",
    };
    let after: Option<ProductId> = query.after.parse().ok();
    let (chrome, (mut rows, tags)) = member
        .page(Some(Nav::Products), move |tenant| {
            Ok((tenant.product_page(after, &filter)?, tenant.product_tags()?))
        })
        .await?;
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let older = rows.last().filter(|_| more).map(|row| query.link(&row.id.to_string()));
    let newer = after.map(|_| query.link(""));
    let choice = |tag: String| Choice { value: tag.clone(), label: tag };
    Ok(render(&ProductsPage {
        chrome,
        text: query.text,
        tag: query.tag,
        show: query.show,
        tags: tags.into_iter().map(choice).collect(),
        rows: rows.into_iter().map(line_of).collect(),
        pager: Pager { newer, older },
    }))
}

fn line_of(row: ProductRow) -> ProductLine {
    ProductLine {
        id: row.id,
        title: row.title,
        brand: row.brand,
        tags: row.tags,
        variants: row.variants,
        available_units: row.available_units,
        picture: row.picture,
    }
}

/// The form as it stands before anybody typed.
fn blank(chrome: Chrome) -> ProductPage {
    ProductPage {
        chrome,
        id: None,
        version: 0,
        archived_at: None,
        typed: Typed { rows: vec![TypedRow::default()], ..Typed::default() },
        base: String::new(),
        common: TypedRow::default(),
        mistakes: Vec::new(),
        asks: Vec::new(),
        stale: Vec::new(),
        costs: Vec::new(),
        pictures: Pictures::default(),
    }
}

/// A product as it is kept, with what stands beside its form.
pub(super) struct Found {
    held: HeldProduct,
    costs: Vec<CostRow>,
    pictures: Vec<HeldPicture>,
}

/// The form of a product that is kept.
pub(super) fn page_of(chrome: Chrome, found: Found) -> ProductPage {
    let Found { held, costs, pictures } = found;
    let mark = decimal_mark(chrome.lang);
    let line = |row: CostRow| CostLine {
        code: row.code,
        from: row.valid_from,
        cost: row.cost,
        tax: row.tax_basis_points.map(|tax| percent(tax, mark)).unwrap_or_default(),
    };
    ProductPage {
        id: Some(held.id),
        version: held.version,
        archived_at: held.archived_at,
        typed: Typed::of(&held.product, mark),
        costs: costs.into_iter().map(line).collect(),
        pictures: Pictures::of(&held.product, &pictures),
        ..blank(chrome)
    }
}

fn percent(basis_points: i64, mark: char) -> String {
    format!("{}{mark}{:02} %", basis_points / 100, basis_points % 100)
}

/// The form of a new product.
pub(crate) async fn begin(May(member, ..): May<may::ChangeCatalogue>) -> Result<Response, Failure> {
    Ok(render(&blank(member.chrome(Some(Nav::Products)).await?)))
}

/// A product with its costs and pictures, by the text of its id.
pub(super) async fn find(member: &Member, id: &str) -> Result<(Chrome, Option<Found>), Failure> {
    let id = id.parse::<ProductId>().ok();
    member
        .page(Some(Nav::Products), move |tenant| {
            let Some(id) = id else { return Ok(None) };
            let Some(held) = tenant.product(id)? else { return Ok(None) };
            Ok(Some(Found { held, costs: tenant.costs_of(id)?, pictures: tenant.pictures_of(id)? }))
        })
        .await
}

/// One product.
pub(crate) async fn show(
    May(member, ..): May<may::SeeCatalogue>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    match find(&member, &id).await? {
        (chrome, Some(found)) => Ok(render(&page_of(chrome, found))),
        (chrome, None) => Err(Failure::of(Obstacle::NotFound).on(chrome)),
    }
}

/// Makes a product, or spreads its rows.
pub(crate) async fn create(Form(posted, ..): Form<may::ChangeCatalogue>) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let page = blank(member.chrome(Some(Nav::Products)).await?);
    take(&member, page, &fields).await
}

/// Changes a product, or spreads its rows.
pub(crate) async fn change(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    match find(&member, &id).await? {
        (chrome, Some(found)) => take(&member, page_of(chrome, found), &fields).await,
        (chrome, None) => Err(Failure::of(Obstacle::NotFound).on(chrome)),
    }
}

/// What was typed, in place of what is kept.
fn typed_of(fields: &Fields) -> Typed {
    let count = fields.get("rows").parse::<usize>().unwrap_or_default().min(MAX_FORM_ROWS);
    let mut typed = Typed {
        title: fields.get("title").to_owned(),
        brand: fields.get("brand").to_owned(),
        description: fields.get("description").to_owned(),
        tags: fields.get("tags").to_owned(),
        ..Typed::default()
    };
    for (at, axis) in typed.axes.iter_mut().enumerate() {
        fields.get(&Field::AxisName(at).name()).clone_into(&mut axis.name);
        fields.get(&Field::AxisOptions(at).name()).clone_into(&mut axis.options);
    }
    typed.rows = (0..count).map(|at| row_of(fields, &at.to_string())).collect();
    typed
}

/// The row of a number; the row `all` is what goes into empty cells.
fn row_of(fields: &Fields, at: &str) -> TypedRow {
    let mut row = TypedRow {
        sku: fields.get(&format!("sku-{at}")).parse().ok(),
        goes: fields.get(&format!("goes-{at}")) == "1",
        ..TypedRow::default()
    };
    for cell in TypedRow::CELLS.into_iter().chain((0..MAX_AXES).map(Cell::Option)) {
        row.put(cell, fields.get(&format!("{}-{at}", cell.as_str())));
    }
    row
}

/// Takes the form in: nothing that was typed is lost, whatever becomes of it.
async fn take(member: &Member, kept: ProductPage, fields: &Fields) -> Result<Response, Failure> {
    let ticked = |name: &str| fields.get(name) == "1";
    let agreed =
        Agreed { cost: ticked("agreed-cost"), adopt: ticked("agreed-adopt"), drop: ticked("agreed-drop") };
    let mut page = ProductPage {
        typed: typed_of(fields),
        base: fields.get("base").to_owned(),
        common: row_of(fields, "all"),
        version: fields.get("version").parse().unwrap_or_default(),
        ..kept
    };
    if fields.get("do") == "spread" {
        let base = page.base.clone();
        let spread = page.typed.spread(&base);
        page.typed.fill(&page.common);
        return Ok(match spread {
            Ok(()) => render(&page),
            Err(faults) => with_faults(page, &faults),
        });
    }
    let product = match page.typed.check() {
        Ok(product) => product,
        Err(faults) => return Ok(with_faults(page, &faults)),
    };
    let wish = Wish { of: page.id.map(|id| (id, page.version)), product, agreed };
    let saved = member.web.app.save_product(member.organization(), member.who.member, wish);
    match saved.await {
        Ok(id) => Ok(see_with(&format!("{LIST}/{id}"), Tone::Good, "flash-product-saved")),
        Err(ProductError::Stale(now)) => Ok(with_newer(page, &now)),
        Err(ProductError::Taken(codes)) => Ok(with_taken(page, &codes)),
        Err(ProductError::Asks(questions)) => {
            page.asks = asks(&page.chrome, questions, agreed);
            Ok(again(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(ProductError::App(error)) => Err(Failure::from(error).on(page.chrome)),
    }
}

pub(super) fn again(status: StatusCode, page: &ProductPage) -> Response {
    (status, render(page)).into_response()
}

fn with_faults(mut page: ProductPage, faults: &[Fault]) -> Response {
    page.mistakes = mistakes(&page.chrome, faults);
    again(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn with_taken(mut page: ProductPage, codes: &[String]) -> Response {
    let rows = page.typed.rows.iter().enumerate();
    let taken = rows.filter(|(_, row)| row.sku.is_none() && codes.contains(&row.code));
    let text = page.chrome.t("product-wrong-taken");
    page.mistakes =
        taken.map(|(at, _)| Mistake { at: Field::Row(at, Cell::Code), text: text.to_owned() }).collect();
    again(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Somebody else was faster: what they saved stands beside what was typed.
fn with_newer(mut page: ProductPage, now: &HeldProduct) -> Response {
    let saved = Typed::of(&now.product, decimal_mark(page.chrome.lang));
    page.stale = differences(&page.chrome, &page.typed, &saved);
    page.typed.catch_up(&saved);
    (page.version, page.archived_at) = (now.version, now.archived_at);
    again(StatusCode::CONFLICT, &page)
}

/// What is saved and stands otherwise in the form, line by line.
fn differences(chrome: &Chrome, typed: &Typed, saved: &Typed) -> Vec<String> {
    let mut lines = Vec::new();
    let mut differ = |label: &str, mine: &str, theirs: &str| {
        if mine.trim() != theirs && lines.len() < MAX_STALE_LINES {
            let values = [("what", label), ("now", if theirs.is_empty() { "–" } else { theirs })];
            lines.push(i18n::t(chrome.lang, "product-stale-line", &values));
        }
    };
    let field = |field: Field| chrome.word("product-field", &field.name()).to_owned();
    differ(&field(Field::Title), &typed.title, &saved.title);
    differ(&field(Field::Brand), &typed.brand, &saved.brand);
    differ(&field(Field::Description), &typed.description.replace("\r\n", "\n"), &saved.description);
    differ(&field(Field::Tags), &typed.tags, &saved.tags);
    for (at, (mine, theirs)) in typed.axes.iter().zip(&saved.axes).enumerate() {
        let number = (at + 1).to_string();
        differ(&chrome.ta("product-axis", "n", &number), &mine.name, &theirs.name);
        differ(&chrome.ta("product-options", "n", &number), &mine.options, &theirs.options);
    }
    for theirs in &saved.rows {
        let Some(mine) = typed.rows.iter().find(|row| row.sku == theirs.sku) else {
            differ(&theirs.code, "", chrome.t("product-stale-new"));
            continue;
        };
        for cell in TypedRow::CELLS {
            let label = format!("{}, {}", chrome.word("product-cell", cell.as_str()), theirs.code);
            differ(&label, mine.cell(cell), theirs.cell(cell));
        }
    }
    for mine in typed.rows.iter().filter(|row| row.sku.is_some()) {
        if !saved.rows.iter().any(|row| row.sku == mine.sku) {
            differ(&mine.code, &mine.code, chrome.t("product-stale-gone"));
        }
    }
    lines
}

/// The boxes that have to be ticked first, those alike together.
fn asks(chrome: &Chrome, questions: Vec<Question>, agreed: Agreed) -> Vec<Ask> {
    let box_of = |name, key, ticked| Ask { name, label: chrome.t(key), ticked, lines: Vec::new() };
    let mut asks = [
        box_of("agreed-cost", "product-agree-cost", agreed.cost),
        box_of("agreed-adopt", "product-agree-adopt", agreed.adopt),
        box_of("agreed-drop", "product-agree-drop", agreed.drop),
    ];
    for question in questions {
        let (place, line) = match question {
            Question::Cost { code, before, after } => {
                let (before, after) = (chrome.money(&before), chrome.money(&after));
                let values = [("code", code.as_str()), ("before", &before), ("after", &after)];
                (0, i18n::t(chrome.lang, "product-ask-cost", &values))
            }
            Question::Adopt(found) => {
                let units = chrome.number(&found.on_hand_units);
                let values = [("code", found.code.as_str()), ("title", &found.title), ("units", &units)];
                (1, i18n::t(chrome.lang, "product-ask-adopt", &values))
            }
            Question::Drop { code } => (2, code),
        };
        asks[place].lines.push(line);
    }
    asks.into_iter().filter(|ask| !ask.lines.is_empty()).collect()
}

/// Puts a product away or takes it back.
pub(crate) async fn archive(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(id) = id.parse::<ProductId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Products)).await?));
    };
    let (away, key) = match fields.get("do") {
        "archive" => (true, "flash-product-archived"),
        "restore" => (false, "flash-product-restored"),
        _ => return Err(Failure::of(Obstacle::BadRequest).on(member.chrome(Some(Nav::Products)).await?)),
    };
    member.web.app.archive_product(member.organization(), member.who.member, id, away).await?;
    Ok(see_with(&format!("{LIST}/{id}"), Tone::Good, key))
}
