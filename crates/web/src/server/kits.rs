//! A SKU becomes a kit, changes what it is made of, or ceases to be one.

use app::kits::KitError;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::SkuId;
use domain::kit::{Fault, MAX_COMPONENTS, MAX_KITS_OF_ONE, MAX_UNITS_OF_ONE};
use store::{StoreResult, Tenant};

use super::guard::{Failure, Fields, Form, Posted, render, see_with};
use super::{may, skus};
use crate::pages::kits::{FREE_ROWS, InKit, KitView, PartRow, TypedPart};
use crate::pages::{Errors, FieldError};
use crate::{Chrome, Tone};

/// Codes suggested while one is typed.
const MAX_SUGGESTIONS: u32 = 500;

/// What a page shows of kits around a SKU.
pub(super) fn view_of(tenant: &mut Tenant<'_, '_>, id: SkuId, is_kit: bool) -> StoreResult<KitView> {
    let parts = tenant.components(id)?;
    let mut inside = Vec::new();
    for kit in tenant.kits_of(&[id])? {
        let units = tenant.recipe(kit)?.into_iter().find(|part| part.sku == id).map_or(0, |part| part.units);
        if let Some(kit) = tenant.sku(kit)? {
            inside.push(InKit { id: kit.id, code: kit.code, units });
        }
    }
    let mut rows: Vec<TypedPart> = parts
        .iter()
        .map(|part| TypedPart { code: part.sku.code.clone(), units: part.units.to_string() })
        .collect();
    with_free_rows(&mut rows);
    let row = |part: store::kits::ComponentRow| PartRow {
        id: part.sku.id,
        available_units: part.sku.tally.available_units(),
        makes: domain::kit::kits_of(part.sku.tally.available_units(), part.units),
        code: part.sku.code,
        title: part.sku.title,
        units: part.units,
    };
    Ok(KitView {
        is_kit,
        parts: parts.into_iter().map(row).collect(),
        inside,
        rows,
        codes: tenant.sku_codes(MAX_SUGGESTIONS)?,
        errors: Errors::default(),
    })
}

fn with_free_rows(rows: &mut Vec<TypedPart>) {
    let all = (rows.len() + FREE_ROWS).min(MAX_COMPONENTS.max(rows.len()));
    rows.resize(all, TypedPart::default());
}

/// The rows of a form that have anything in them.
fn typed(fields: &Fields) -> Vec<TypedPart> {
    // One more than there may be: too many are refused in words, and not cut off.
    (0..=MAX_COMPONENTS)
        .map(|row| TypedPart {
            code: fields.get(&format!("code-{row}")).to_owned(),
            units: fields.get(&format!("units-{row}")).to_owned(),
        })
        .filter(|row| !row.code.is_empty() || !row.units.is_empty())
        .collect()
}

/// Takes a recipe in, or ends the kit.
pub(crate) async fn change(
    Path(id): Path<String>,
    Form(posted, ..): Form<may::ChangeCatalogue>,
) -> Result<Response, Failure> {
    let Posted { member, fields, .. } = posted;
    let (chrome, found) = skus::sku_of_form(&member, &id).await?;
    let (app, organization, who) = (&member.web.app, member.organization(), member.who.member);
    let sku = found.id();
    let mut rows = typed(&fields);
    let done = if fields.get("do") == "end" {
        app.end_kit(organization, who, sku).await.map(|()| "flash-kit-ended")
    } else {
        // What is no number is no count of units: the domain refuses it, with the row's code.
        let units = |row: &TypedPart| row.units.parse::<i64>().unwrap_or(0);
        let recipe = rows.iter().map(|row| (row.code.clone(), units(row))).collect();
        app.keep_kit(organization, who, sku, recipe).await.map(|()| "flash-kit")
    };
    match done {
        Ok(flash) => Ok(see_with(&format!("/skus/{sku}"), Tone::Good, flash)),
        Err(KitError::App(error)) => Err(Failure::from(error).on(chrome)),
        Err(error) => {
            let text = words(&chrome, &error);
            with_free_rows(&mut rows);
            let kit = KitView {
                rows,
                errors: Errors(vec![FieldError { field: "kit", text }]),
                ..found.kit().clone()
            };
            let page = skus::page_with_kit(chrome, found, kit);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)).into_response())
        }
    }
}

/// What stands in the way, and what to do about it.
fn words(chrome: &Chrome, error: &KitError) -> String {
    let number = |limit: i64| chrome.number(&limit);
    match error {
        KitError::Recipe(fault) => match fault {
            Fault::Empty => chrome.t("kit-error-empty").to_owned(),
            Fault::TooMany => chrome.tn("kit-error-many", &i64::try_from(MAX_COMPONENTS).unwrap_or(i64::MAX)),
            Fault::Units(code) => {
                let most = number(MAX_UNITS_OF_ONE);
                crate::i18n::t(chrome.lang, "kit-error-units", &[("code", code), ("most", &most)])
            }
            Fault::Twice(code) => chrome.ta("kit-error-twice", "code", code),
            Fault::Cycle(path) => chrome.ta("kit-error-cycle", "path", &path.join(" → ")),
            Fault::TooDeep(path) => chrome.ta("kit-error-deep", "path", &path.join(" → ")),
        },
        KitError::Unknown(code) if code.is_empty() => chrome.t("kit-error-code").to_owned(),
        KitError::Unknown(code) => chrome.ta("kit-error-unknown", "code", code),
        KitError::Counted { units } => chrome.tn("kit-error-counted", units),
        KitError::Reserved { units } => chrome.tn("kit-error-reserved", units),
        KitError::Split(codes) => chrome.ta("kit-error-split", "codes", &codes.join(", ")),
        KitError::TooManyKits(code) => {
            let most = number(i64::try_from(MAX_KITS_OF_ONE).unwrap_or(i64::MAX));
            crate::i18n::t(chrome.lang, "kit-error-kits", &[("code", code), ("most", &most)])
        }
        KitError::NoKit => chrome.t("kit-error-none").to_owned(),
        KitError::App(error) => error.to_string(),
    }
}
