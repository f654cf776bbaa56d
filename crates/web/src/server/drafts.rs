//! Publishing a product: the table of its accounts, the form of one account, and its categories.

use app::drafts::{DraftError, DraftWish, OpenDraft, Shelf};
use app::prices::Lack;
use app::publish::{Answer, MAX_ACCOUNTS};
use app::{App, AppError};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use connect::Category;
use domain::catalogue::COST_CURRENCY;
use domain::draft::{Draft, TooMuch, is_cell};
use domain::offer::{Condition, Fault, Field, Mend};
use domain::{ConnectionId, ConnectionState, ProductId, SkuId};
use serde::Deserialize;
use store::connections::Connection;
use store::drafts::HeldPublication;

use super::guard::{Failure, Fields, Form, May, Member, Posted, render, see_with};
use super::may;
use crate::pages::account::Obstacle;
use crate::pages::drafts::{
    AccountLine, CategoryLine, CategoryPage, DraftPage, DraftsPage, MadeLine, Stale, Tab,
};
use crate::{Chrome, Nav, Tone};

/// Lines told of what somebody else saved.
const MAX_STALE_LINES: usize = 20;
/// Categories shown of one level. The largest known has a few hundred.
const MAX_CATEGORIES: usize = 1_000;

pub(super) fn tab_of(connection: &Connection) -> Tab {
    Tab { connection: connection.id, channel: connection.channel, name: connection.name.clone() }
}

fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A product's title and the accounts that it can be published to.
async fn accounts(
    member: &Member,
    id: &str,
) -> Result<(Chrome, ProductId, String, Vec<Connection>), Failure> {
    let parsed = id.parse::<ProductId>().ok();
    let (chrome, found) = member
        .page(Some(Nav::Products), move |tenant| {
            let Some(product) = parsed.map(|id| tenant.product(id)).transpose()?.flatten() else {
                return Ok(None);
            };
            let mut connections = tenant.connections()?;
            connections.retain(|it| it.state != ConnectionState::Disconnected);
            connections.truncate(MAX_ACCOUNTS);
            Ok(Some((product.id, product.product.title, connections)))
        })
        .await?;
    match found {
        Some((product, title, connections)) => Ok((chrome, product, title, connections)),
        None => Err(Failure::of(Obstacle::NotFound).on(chrome)),
    }
}

/// The accounts of a product, with what is ready and what became of it.
pub(crate) async fn list(
    May(member, ..): May<may::SeeCatalogue>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let (chrome, product, title, connections) = accounts(&member, &id).await?;
    let (mut rows, mut pictures) = (Vec::new(), 0);
    for connection in connections {
        let open = member.web.app.open_draft(member.organization(), product, connection.id).await?;
        pictures = count(open.stock.pictures.len());
        rows.push(line_of(&open));
    }
    Ok(render(&DraftsPage { chrome, product, title, pictures, rows }))
}

/// The listings that an offer became.
pub(super) fn made_of(held: &HeldPublication) -> Vec<MadeLine> {
    let line = |made: &store::drafts::MadeListing| MadeLine {
        number: made.external_id.clone(),
        state: made.state,
        objections: made.objections.clone(),
    };
    held.listings.iter().map(line).collect()
}

fn line_of(open: &OpenDraft) -> AccountLine {
    let faults = match &open.asked {
        Ok(Some(asked)) => Some(count(open.stock.read(&open.draft, &open.product, asked).faults.len())),
        Ok(None) => Some(1),
        Err(_) => None,
    };
    let publication = open.publication.as_ref();
    AccountLine {
        tab: tab_of(&open.connection),
        is_running: open.connection.state == ConnectionState::Active,
        category: open.draft.category_name.clone(),
        faults,
        state: publication.map(|held| held.publication.state),
        trouble: publication.and_then(|held| held.trouble.as_ref()).map(|trouble| trouble.problem),
        objections: publication.map(|held| held.objections.clone()).unwrap_or_default(),
        made: publication.map(made_of).unwrap_or_default(),
    }
}

/// The ids of an address.
fn ids(product: &str, connection: &str) -> Option<(ProductId, ConnectionId)> {
    Some((product.parse().ok()?, connection.parse().ok()?))
}

/// The draft of an account, and what its page shows around it.
struct Opened {
    chrome: Chrome,
    connections: Vec<Connection>,
    open: OpenDraft,
}

/// The draft of an account as it is kept.
async fn opened(member: &Member, product: &str, connection: &str) -> Result<Opened, Failure> {
    let (chrome, _, _, connections) = accounts(member, product).await?;
    let Some((product, connection)) = ids(product, connection) else {
        return Err(Failure::of(Obstacle::NotFound).on(chrome));
    };
    match member.web.app.open_draft(member.organization(), product, connection).await {
        Ok(open) => Ok(Opened { chrome, connections, open }),
        Err(error) => Err(Failure::from(error).on(chrome)),
    }
}

/// The form of an account as it is kept.
async fn page_of(member: &Member, product: &str, connection: &str) -> Result<DraftPage, Failure> {
    Ok(filled(opened(member, product, connection).await?))
}

/// The form with what the draft comes to as it stands.
fn filled(Opened { chrome, connections, open }: Opened) -> DraftPage {
    let (mut faults, mut offer, mut trouble) = (Vec::new(), None, None);
    let (mut rules, mut brands) = (None, Vec::new());
    match &open.asked {
        Ok(Some(asked)) => {
            let reading = open.stock.read(&open.draft, &open.product, asked);
            (offer, faults) = (Some(reading.offer), reading.faults);
            rules = Some(asked.rules.clone());
            brands = asked.brands.iter().map(|brand| brand.name.clone()).collect();
        }
        Ok(None) => faults.push(Fault { field: Field::Category, mend: Mend::ChooseListed }),
        Err(error) => trouble = Some(error.problem()),
    }
    let objections = open.publication.map(|held| held.objections).unwrap_or_default();
    DraftPage {
        chrome,
        product: open.product.id,
        tabs: connections.iter().map(tab_of).collect(),
        tab: tab_of(&open.connection),
        version: open.version,
        saved_at: open.saved_at,
        pictures: open.stock.pictures.iter().map(|picture| picture.id).collect(),
        goods: open.product.product,
        draft: open.draft,
        rules,
        brands,
        trouble,
        offer,
        faults,
        objections,
        is_unsaved: false,
        stale: None,
        too_much: None,
        pricings: open.stock.pricings,
    }
}

/// The form of one account.
pub(crate) async fn show(
    May(member, ..): May<may::SeeCatalogue>,
    Path((product, connection)): Path<(String, String)>,
) -> Result<Response, Failure> {
    Ok(render(&page_of(&member, &product, &connection).await?))
}

/// What was typed, over what is kept: fields that the form did not show stay as they are.
fn typed_over(kept: &Draft, fields: &Fields) -> Draft {
    let mut draft = Draft {
        title: fields.get("title").to_owned(),
        description: fields.get("description").replace("\r\n", "\n"),
        condition: Condition::parse(fields.get("condition")).unwrap_or(kept.condition),
        price: fields.get("price").to_owned(),
        ..kept.clone()
    };
    let was_shown = |name: &str| fields.names().any(|sent| sent == name);
    if was_shown("brand") {
        fields.get("brand").clone_into(&mut draft.brand);
    }
    if was_shown("plan") {
        fields.get("plan").clone_into(&mut draft.plan);
    }
    for cell in fields.all("cells").filter(|name| is_cell(name)) {
        draft.put(cell, fields.all(cell).map(str::to_owned).collect());
    }
    draft
}

/// Keeps what was typed, complete or not; or shows how it comes out without keeping it. Where the page keeps it by
/// itself, it is answered with the page as it stands then.
pub(crate) async fn save(
    Path((product, connection)): Path<(String, String)>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let mut at = opened(&member, &product, &connection).await?;
    let seen = fields.get("version").parse().unwrap_or_default();
    let mut draft = typed_over(&at.open.draft, &fields);
    if fields.get("do") == "preview" {
        (at.open.draft, at.open.version) = (draft, seen);
        return Ok(render(&DraftPage { is_unsaved: true, ..filled(at) }));
    }
    let (mut tone, mut flash) = (Tone::Good, "flash-draft-saved".to_owned());
    if fields.get("do") == "suggest" {
        let (suggested, lacks) = suggest(&at.open, &draft);
        flash = String::from("flash-draft-suggested");
        if let Some(lack) = lacks.first() {
            (tone, flash) = (Tone::Watch, format!("flash-suggest-{}", lack.as_str()));
        }
        draft = suggested;
    }
    let (product, connection) = (at.open.product.id, at.open.connection.id);
    let wish = DraftWish { product, connection, seen, draft: draft.clone() };
    let saved = member.web.app.save_draft(member.organization(), member.who.member, wish).await;
    at.open.draft = draft;
    match saved {
        Ok(version) if fields.get("do") == "keep" => {
            if version != seen {
                at.open.saved_at = Some(member.web.app.clock().now());
            }
            at.open.version = version;
            Ok(render(&filled(at)))
        }
        Ok(_) => Ok(see_with(&format!("/products/{product}/drafts/{connection}"), tone, &flash)),
        Err(error) => not_kept(filled(at), error),
    }
}

/// The form with what was typed, and why that was not kept.
fn not_kept(mut page: DraftPage, why: DraftError) -> Result<Response, Failure> {
    match why {
        DraftError::Stale(now) => {
            let differences = page.draft.differences(&now.draft).into_iter().take(MAX_STALE_LINES);
            let lines = differences.map(|it| (field_name(&page, &it.field), it.theirs)).collect();
            (page.stale, page.version) = (Some(Stale { lines }), now.version);
            Ok((StatusCode::CONFLICT, render(&page)).into_response())
        }
        DraftError::TooMuch(too_much) => {
            page.too_much = Some(match too_much {
                TooMuch::Text { field, most } => {
                    let most = page.chrome.number(&count(most));
                    let long = page.chrome.ta("product-wrong-long", "most", &most);
                    format!("{}: {long}", page.chrome.word("offer-field", field))
                }
                TooMuch::Cells => page.chrome.t("draft-too-much").to_owned(),
            });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
        }
        DraftError::NoLeaf => Err(Failure::of(Obstacle::BadRequest).on(page.chrome)),
        DraftError::App(error) => Err(Failure::from(error).on(page.chrome)),
    }
}

/// The draft with the prices that the account's rule makes, and what is missing for those that it cannot make.
fn suggest(open: &OpenDraft, draft: &Draft) -> (Draft, Vec<Lack>) {
    if let Ok(Some(asked)) = &open.asked
        && asked.rules.price.currency != COST_CURRENCY
    {
        return (draft.clone(), vec![Lack::Fees]);
    }
    let skus: Vec<Option<SkuId>> = open.product.product.variants.iter().map(|variant| variant.sku).collect();
    App::suggest_prices(draft, &skus, &open.stock.pricings)
}

/// A form's field as people read it.
fn field_name(page: &DraftPage, name: &str) -> String {
    let id = name.strip_prefix("attr-").or(name.strip_prefix("unit-")).or(name.strip_prefix("others-"));
    let rule = id.and_then(|id| page.rules.as_ref()?.attribute(id));
    match (rule, name.strip_prefix("price-")) {
        (Some(rule), _) => rule.name.clone(),
        (None, Some(sku)) => {
            let mut variants = page.goods.variants.iter();
            let code = variants
                .find(|it| it.sku.is_some_and(|own| own.to_string() == sku))
                .map(|it| it.code.as_str());
            format!("{}, {}", page.chrome.t("offer-field-price"), code.unwrap_or(sku))
        }
        (None, None) => page.chrome.word("offer-field", name).to_owned(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CategoryQuery {
    text: Option<String>,
    under: String,
}

fn category_line(category: Category) -> CategoryLine {
    CategoryLine { id: category.external_id, name: category.name, takes_offers: category.takes_offers }
}

/// The page of categories, with what the platform shows.
async fn category_page(
    member: &Member,
    product: &str,
    connection: &str,
    query: CategoryQuery,
) -> Result<CategoryPage, Failure> {
    let page = page_of(member, product, connection).await?;
    // At first the title is what is looked for.
    let text = query.text.unwrap_or_else(|| page.draft.title.clone());
    let under = Some(query.under.as_str()).filter(|under| !under.is_empty());
    let (organization, account) = (member.organization(), page.tab.connection);
    let shelf = member.web.app.category_shelf(organization, account, &text, under).await;
    let (shelf, trouble) = match shelf {
        Ok(shelf) => (shelf, None),
        Err(error @ (AppError::Channel(_) | AppError::ConnectionStopped)) => {
            (Shelf::default(), Some(error.problem()))
        }
        Err(error) => return Err(Failure::from(error).on(page.chrome)),
    };
    let lines = |all: Vec<Category>| all.into_iter().take(MAX_CATEGORIES).map(category_line).collect();
    Ok(CategoryPage {
        chrome: page.chrome,
        product: page.product,
        tab: page.tab,
        text,
        chosen: page.draft.category_name,
        proposed: lines(shelf.proposed),
        path: lines(shelf.path),
        below: lines(shelf.below),
        wrong: false,
        trouble,
    })
}

/// Categories to choose from.
pub(crate) async fn categories(
    May(member, ..): May<may::SeeCatalogue>,
    Path((product, connection)): Path<(String, String)>,
    Query(query): Query<CategoryQuery>,
) -> Result<Response, Failure> {
    Ok(render(&category_page(&member, &product, &connection, query).await?))
}

/// Puts a draft into a category.
pub(crate) async fn choose(
    Path((product, connection)): Path<(String, String)>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let chosen = fields.get("category").to_owned();
    let known = ids(&product, &connection).filter(|_| !chosen.is_empty());
    if let Some((product, connection)) = known {
        let (app, who) = (&member.web.app, member.who.member);
        match app.choose_category(member.organization(), who, product, connection, &chosen).await {
            Ok(_) => {
                let back = format!("/products/{product}/drafts/{connection}");
                return Ok(see_with(&back, Tone::Good, "flash-draft-category"));
            }
            Err(DraftError::App(error)) => {
                return Err(Failure::from(error).on(member.chrome(Some(Nav::Products)).await?));
            }
            Err(DraftError::NoLeaf | DraftError::Stale(_) | DraftError::TooMuch(_)) => {}
        }
    }
    let query = CategoryQuery { text: Some(fields.get("text").to_owned()), under: String::new() };
    let mut page = category_page(&member, &product, &connection, query).await?;
    page.wrong = true;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
}

/// Publishes a product to the accounts that are ticked.
pub(crate) async fn publish(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let Ok(product) = id.parse::<ProductId>() else {
        return Err(Failure::of(Obstacle::NotFound).on(member.chrome(Some(Nav::Products)).await?));
    };
    let back = format!("/products/{product}/drafts");
    let to: Vec<ConnectionId> = fields.all("to").filter_map(|id| id.parse().ok()).collect();
    if to.is_empty() {
        return Ok(see_with(&back, Tone::Watch, "flash-publish-nothing"));
    }
    let asked = member.web.app.publish_product(member.organization(), member.who.member, product, &to).await;
    let answers = match asked {
        Ok(answers) => answers,
        Err(error) => return Err(Failure::from(error).on(member.chrome(Some(Nav::Products)).await?)),
    };
    let is_asked = |(_, answer): &(ConnectionId, Answer)| *answer == Answer::Asked;
    let (tone, key) = match answers.iter().filter(|answer| is_asked(answer)).count() {
        0 => (Tone::Watch, "flash-publish-none"),
        asked if asked < answers.len() => (Tone::Watch, "flash-publish-some"),
        _ => (Tone::Good, "flash-publish-asked"),
    };
    Ok(see_with(&back, tone, key))
}
