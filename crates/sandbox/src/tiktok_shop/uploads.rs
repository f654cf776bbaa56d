//! Pictures and files (fact sheet §8.1).

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::World;
use super::gate::{Door, upload};
use super::png;
use super::refusal::{Refusal, success};
use crate::call::Call;
use crate::ids::Series;
use crate::mercado_livre::catalogue::image;
use crate::mercado_livre::service::multipart::{self, Part};
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};

/// The largest picture.
const IMAGE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The largest PDF.
const PDF_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Pixels of a side.
const SIDES: std::ops::RangeInclusive<u32> = 100..=20_000;
/// Pixels of a side of a main picture.
const MAIN_SIDES: std::ops::RangeInclusive<u32> = 300..=4_000;
/// Pixels of the short side of a size chart.
const SIZE_CHART_MIN: u32 = 1_024;
/// What a picture can be for.
const USE_CASES: [&str; 6] = [
    "MAIN_IMAGE",
    "ATTRIBUTE_IMAGE",
    "DESCRIPTION_IMAGE",
    "CERTIFICATION_IMAGE",
    "SIZE_CHART_IMAGE",
    "CUSTOMIZATION_IMAGE",
];

const FILES: Series = Series::new("tiktok_file", 7_600_000_000_000_000_000);

/// A picture that was uploaded: its size, not its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// What it is for.
    pub use_case: String,
    /// When it came.
    pub created: Timestamp,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    const UPLOAD: Door = upload(&[202_309], "seller.product.basic");
    vec![
        post("/product/{v}/images/upload", UPLOAD, upload_image),
        post("/product/{v}/files/upload", UPLOAD, upload_file),
        get("/images/tos-br/{name}", Door::Open, show_image),
    ]
}

/// Where a picture can be looked at.
pub(crate) fn image_url(world: &World, uri: &str) -> String {
    format!("{}/images/{uri}", world.base_url)
}

fn form(call: &Call) -> Result<Vec<Part>, Refusal> {
    multipart::parts(call).map_err(|_| Refusal::not_a_form())
}

fn field(parts: &[Part], name: &str) -> Option<String> {
    let part = parts.iter().find(|part| part.name == name)?;
    Some(String::from_utf8_lossy(&part.content).into_owned())
}

fn file<'a>(parts: &'a [Part], name: &str) -> Result<&'a Part, Refusal> {
    parts.iter().find(|part| part.name == name).ok_or_else(|| Refusal::missing("body", name))
}

fn upload_image(world: &mut World, call: &Call) -> Answer {
    let parts = form(call)?;
    let data = file(&parts, "data")?;
    let use_case = field(&parts, "use_case").filter(|it| !it.is_empty()).unwrap_or("MAIN_IMAGE".to_owned());
    if !USE_CASES.contains(&use_case.as_str()) {
        return Err(Refusal::parameter("use_case", "it is unknown").into());
    }
    if data.content.len() > IMAGE_BYTES_MAX {
        return Err(Refusal::business(12_038_004, "The image is larger than 10 MB").into());
    }
    let no_image = || Refusal::business(12_038_002, "The image format is not supported");
    let size = image::measure(&data.content).ok_or_else(no_image)?;
    let both =
        |range: std::ops::RangeInclusive<u32>| range.contains(&size.width) && range.contains(&size.height);
    if !both(SIDES)
        || (use_case == "MAIN_IMAGE" && !both(MAIN_SIDES))
        || (use_case == "SIZE_CHART_IMAGE" && size.width.min(size.height) < SIZE_CHART_MIN)
    {
        return Err(Refusal::business(12_038_005, "The size of the image is out of range").into());
    }
    let uri = plant(world, size.width, size.height, &use_case);
    let url = image_url(world, &uri);
    success(json!({"uri": uri, "url": url, "height": size.height, "width": size.width, "use_case": use_case}))
}

/// Keeps a picture of this size; gives its uri.
pub(crate) fn plant(world: &mut World, width: u32, height: u32, use_case: &str) -> String {
    let uri = format!("tos-br/{}", world.dice.hex(32));
    let picture = Picture { width, height, use_case: use_case.to_owned(), created: world.now };
    world.pictures.insert(uri.clone(), picture);
    uri
}

fn upload_file(world: &mut World, call: &Call) -> Answer {
    let parts = form(call)?;
    let (data, name) = (file(&parts, "data")?, field(&parts, "name"));
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Refusal::missing("body", "name"))?;
    if !data.content.starts_with(b"%PDF-") {
        return Err(Refusal::parameter("data", "Expected a PDF file").into());
    }
    if data.content.len() > PDF_BYTES_MAX {
        return Err(Refusal::too_large().into());
    }
    let id = world.ids.next(FILES);
    let url = format!("{}/files/{id}", world.base_url);
    success(json!({"id": id.to_string(), "url": url, "name": name, "format": "PDF"}))
}

/// A grey picture in the place of the one uploaded.
fn show_image(world: &mut World, call: &Call) -> Answer {
    let uri = format!("tos-br/{}", call.param("name"));
    let missing = || Reply::html(StatusCode::NOT_FOUND, "not found".to_owned());
    world.pictures.get(&uri).ok_or_else(missing)?;
    Ok(Reply::bytes("image/png", png::blank(120, 120)))
}
