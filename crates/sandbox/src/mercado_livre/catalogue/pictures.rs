//! Pictures: uploads, links to items, asynchronous download by URL, diagnosis
//! (fact sheet §6).

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::image::{Image, measure};
use super::validate::{MAX_PICTURES, PictureCheck};
use crate::call::Call;
use crate::dates::zulu;
use crate::ids::Series;
use crate::mercado_livre::gate::PUBLISHING;
use crate::mercado_livre::item::ItemStatus;
use crate::mercado_livre::service::ServiceEvent;
use crate::mercado_livre::service::multipart;
use crate::mercado_livre::{Event, SITE, World, notice};
use crate::reply::{self, Answer, Reply};
use crate::table::{Route, get, post};

/// Largest upload, in bytes.
pub const MAX_UPLOAD: usize = 10 * 1024 * 1024;
/// A picture needs this many pixels on one side at least.
pub const MIN_SIDE: u32 = 500;
/// Larger pictures are shown this large.
pub const MAX_SIDE: u32 = 1_920;
/// How long the platform takes to fetch a picture by its URL (our choice).
pub const FETCH_DELAY: Duration = Duration::from_secs(5);
const PENDING: &str = "picture_downloading_pending";
const IDS: Series = Series::new("picture", 70_000_000_000);

/// Where a picture stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureState {
    /// Usable.
    Ready,
    /// Still to be fetched from its URL.
    Pending,
    /// Could not be fetched or read; the text says why.
    Failed(String),
}

/// A picture of a seller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The id.
    pub id: String,
    /// Who brought it.
    pub owner_id: i64,
    /// Where it stands.
    pub state: PictureState,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// The URL it is fetched from.
    pub source: Option<String>,
    /// When it came.
    pub created: Timestamp,
}

/// All pictures.
pub type Pictures = BTreeMap<String, Picture>;

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/pictures/items/upload", PUBLISHING, upload),
        post("/pictures", PUBLISHING, upload),
        get("/pictures/{id}", PUBLISHING, show),
        get("/pictures/{id}/errors", PUBLISHING, list_errors),
        post("/items/{id}/pictures", PUBLISHING, link),
        post("/moderations/pictures/diagnostic", PUBLISHING, diagnose),
    ]
}

/// The addresses of one picture in one size.
fn address(id: &str, letter: char) -> (String, String) {
    let path = format!("http2.mlstatic.com/D_{id}-{letter}.jpg");
    (format!("http://{path}"), format!("https://{path}"))
}

fn shown(size: (u32, u32)) -> (u32, u32) {
    let largest = size.0.max(size.1).max(1);
    if largest <= MAX_SIDE {
        return size;
    }
    (size.0 * MAX_SIDE / largest, size.1 * MAX_SIDE / largest)
}

impl Picture {
    /// As it stands in the `pictures` of an item.
    #[must_use]
    pub fn in_item(&self) -> Value {
        let (url, secure_url) = address(&self.id, 'O');
        let (width, height) = shown(self.size);
        json!({
            "id": self.id,
            "url": url,
            "secure_url": secure_url,
            "size": format!("{width}x{height}"),
            "max_size": format!("{}x{}", self.size.0, self.size.1),
            "quality": "",
        })
    }

    fn uploaded(&self) -> Value {
        let (width, height) = shown(self.size);
        let scaled = |letter: char, most: u32| {
            let (url, secure_url) = address(&self.id, letter);
            let largest = width.max(height).max(1);
            let most = most.min(largest);
            let size = format!("{}x{}", width * most / largest, height * most / largest);
            json!({"size": size, "url": url, "secure_url": secure_url})
        };
        json!({
            "id": self.id,
            "variations": [scaled('F', MAX_SIDE), scaled('O', 500), scaled('V', 320), scaled('I', 90)],
        })
    }
}

/// The address of the small picture in item lists.
#[must_use]
pub fn thumbnail(id: &str) -> String {
    address(id, 'I').0
}

fn add(
    world: &mut World,
    owner_id: i64,
    state: PictureState,
    size: (u32, u32),
    source: Option<String>,
) -> Picture {
    let number = world.ids.next(IDS);
    let (at, prefix) = (world.now.to_rfc3339(), 600_000 + world.dice.below(399_999));
    let id = format!("{prefix}-{SITE}{number}_{}{}", &at[5..7], &at[..4]);
    let picture = Picture { id: id.clone(), owner_id, state, size, source, created: world.now };
    world.service.pictures.insert(id, picture.clone());
    picture
}

/// What `validate_item` wants to know of a picture id.
#[must_use]
pub fn check(world: &World, id: &str) -> PictureCheck {
    match world.service.pictures.get(id) {
        None => PictureCheck::Unknown,
        Some(picture) => match picture.state {
            PictureState::Failed(_) => PictureCheck::Failed,
            PictureState::Ready if picture.size.0.max(picture.size.1) < MIN_SIDE => PictureCheck::TooSmall,
            PictureState::Ready | PictureState::Pending => PictureCheck::Good,
        },
    }
}

/// The `pictures` of an item made from what the seller sent (`{"id"}` or `{"source"}`), and
/// whether any of them is still to be fetched: the item then waits `paused` with the
/// sub-status `picture_downloading_pending` until [`fetched`]. A source that this seller has
/// sent before is the same picture: the platform caches by name.
pub fn accept(world: &mut World, seller_id: i64, sent: &[Value]) -> (Vec<Value>, bool) {
    let mut pictures = Vec::new();
    let mut pending = false;
    for entry in sent {
        let picture = match (entry["id"].as_str(), entry["source"].as_str()) {
            (Some(id), _) => world.service.pictures.get(id).cloned(),
            (None, Some(source)) => Some(from_source(world, seller_id, source)),
            (None, None) => None,
        };
        pictures.extend(picture.map(|picture| {
            pending |= picture.state == PictureState::Pending;
            picture.in_item()
        }));
    }
    (pictures, pending)
}

fn from_source(world: &mut World, seller_id: i64, source: &str) -> Picture {
    let known = world
        .service
        .pictures
        .values()
        .find(|picture| picture.owner_id == seller_id && picture.source.as_deref() == Some(source));
    if let Some(known) = known {
        return known.clone();
    }
    let picture = add(world, seller_id, PictureState::Pending, (1_200, 1_200), Some(source.to_owned()));
    let event = Event::Service(ServiceEvent::PictureFetched(picture.id.clone()));
    world.agenda.plan(world.now.plus(FETCH_DELAY), event);
    picture
}

/// A ready picture without any upload, for seed data.
pub fn plant(world: &mut World, seller_id: i64) -> Value {
    add(world, seller_id, PictureState::Ready, (1_200, 1_200), None).in_item()
}

/// Why a URL cannot be fetched: the word is part of the URL, so that a test can ask for it.
fn fetch_error(source: &str) -> Option<&'static str> {
    let web = source.starts_with("http://") || source.starts_with("https://");
    let cases = [
        ("not-found", "The image could not be downloaded: status 404"),
        ("redirect", "The image could not be downloaded: redirects are not followed"),
        ("broken", "The image could not be processed: unsupported format"),
    ];
    let named = cases.into_iter().find(|(word, _)| source.contains(word)).map(|(_, why)| why);
    named.or((!web).then_some("The image could not be downloaded: invalid URL"))
}

/// The platform has tried to fetch a picture: items that wait for nothing else go on sale.
pub fn fetched(world: &mut World, id: &str) {
    let Some(picture) = world.service.pictures.get_mut(id) else { return };
    let error = picture.source.as_deref().and_then(fetch_error);
    picture.state = error.map_or(PictureState::Ready, |why| PictureState::Failed(why.to_owned()));
    let waiting = |entry: &Value, pictures: &Pictures| {
        entry["id"]
            .as_str()
            .and_then(|id| pictures.get(id))
            .is_some_and(|it| it.state == PictureState::Pending)
    };
    let mut changed = Vec::new();
    for item in world.items.values_mut() {
        let uses = item.pictures.iter().any(|entry| entry["id"] == id);
        if !uses || item.pictures.iter().any(|entry| waiting(entry, &world.service.pictures)) {
            continue;
        }
        if item.sub_status.remove(PENDING) && item.sub_status.is_empty() && item.status == ItemStatus::Paused
        {
            item.status = ItemStatus::Active;
        }
        item.updated = world.now;
        changed.push((item.seller_id, item.id.clone()));
    }
    for (seller, item) in changed {
        notice::notify(world, seller, "items", &format!("/items/{item}"), &[]);
    }
}

fn upload(world: &mut World, call: &Call) -> Answer {
    let owner = call.user_id()?;
    let part = multipart::file(call, "file")?;
    if part.content.len() > MAX_UPLOAD {
        let message = "The file exceeds the maximum size of 10 MB";
        return Err(reply::error(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", message));
    }
    let Some(Image { width, height }) = measure(&part.content) else {
        return Err(reply::bad_request("bad_request", "The file is not a valid JPG or PNG image"));
    };
    if width.max(height) < MIN_SIDE {
        let message =
            format!("The image must have at least {MIN_SIDE} pixels on one side, it has {width}x{height}");
        return Err(reply::bad_request("bad_request", &message));
    }
    let picture = add(world, owner, PictureState::Ready, (width, height), None);
    Ok(Reply::created(picture.uploaded()))
}

fn owned(world: &World, call: &Call, id: &str) -> Result<Picture, Reply> {
    let user = call.user_id()?;
    let picture = world.service.pictures.get(id).filter(|picture| picture.owner_id == user);
    picture.cloned().ok_or_else(|| reply::not_found("picture_not_found", &format!("Picture {id} not found")))
}

fn show(world: &mut World, call: &Call) -> Answer {
    let picture = owned(world, call, call.param("id"))?;
    let mut body = picture.uploaded();
    body["status"] = json!(match picture.state {
        PictureState::Ready => "ACTIVE",
        PictureState::Pending => "PENDING",
        PictureState::Failed(_) => "ERROR",
    });
    Ok(Reply::ok(body))
}

fn list_errors(world: &mut World, call: &Call) -> Answer {
    let picture = owned(world, call, call.param("id"))?;
    let errors = match &picture.state {
        PictureState::Failed(why) => {
            json!([{"message": why, "source": picture.source, "date": zulu(picture.created)}])
        }
        PictureState::Ready | PictureState::Pending => json!([]),
    };
    Ok(Reply::ok(json!({"id": picture.id, "errors": errors})))
}

fn link(world: &mut World, call: &Call) -> Answer {
    let user = call.user_id()?;
    let body = call.json()?;
    let id =
        body["id"].as_str().ok_or_else(|| reply::bad_request("bad_request", "The field id is required"))?;
    let picture = owned(world, call, id)?;
    let item = world.items.get_mut(call.param("id"));
    let item = item.ok_or_else(|| {
        reply::not_found("not_found", &format!("Item with id {} not found", call.param("id")))
    })?;
    if item.seller_id != user {
        return Err(reply::not_yours());
    }
    if item.catalog_listing {
        return Err(reply::bad_request("bad_request", "Pictures of a catalog listing are not modifiable"));
    }
    if item.pictures.len() >= MAX_PICTURES {
        let message = format!("The item already has the maximum of {MAX_PICTURES} pictures");
        return Err(reply::bad_request("item.pictures.max", &message));
    }
    item.pictures.push(picture.in_item());
    item.updated = world.now;
    let (seller, resource) = (item.seller_id, format!("/items/{}", item.id));
    notice::notify(world, seller, "items", &resource, &[]);
    Ok(Reply::created(picture.in_item()))
}

fn diagnose(world: &mut World, call: &Call) -> Answer {
    let body = call.json()?;
    let named = body["picture_id"].as_str().or_else(|| body["id"].as_str());
    let picture = named.map(|id| owned(world, call, id)).transpose()?;
    if picture.is_none() && body["picture_url"].as_str().is_none() {
        return Err(reply::bad_request("bad_request", "One of picture_id or picture_url is required"));
    }
    let too_small = picture.as_ref().is_some_and(|it| it.size.0.max(it.size.1) < MIN_SIDE);
    let check =
        |name: &str, fails: bool| json!({"name": name, "result": if fails { "failed" } else { "passed" }});
    Ok(Reply::ok(json!({
        "id": named,
        "diagnostics": [{
            "picture_type": body["context"]["picture_type"].as_str().unwrap_or("thumbnail"),
            "action": if too_small { "diagnostic" } else { "empty" },
            "detections": [
                check("white_background", false),
                check("minimum_size", too_small),
                check("text", false),
                check("watermark", false),
            ],
        }],
    })))
}

#[cfg(test)]
mod tests {
    use super::super::image::png;
    use super::*;
    use crate::mercado_livre::service::testing::{STRANGER, Shop, listing};

    const UPLOAD: &str = "/pictures/items/upload";

    #[test]
    fn an_uploaded_picture_has_an_id_of_the_platforms_form_and_is_linked() {
        let mut shop = Shop::open();
        let uploaded = shop.upload(UPLOAD, "file", "a.png", &png(2_400, 1_200));
        assert_eq!(uploaded.status, StatusCode::CREATED);
        let id = uploaded.document()["id"].as_str().unwrap().to_owned();
        assert!(id.contains("-MLB") && id.ends_with("_112026"), "{id}");
        assert_eq!(uploaded.document()["variations"][0]["size"], "1920x960");
        let item = shop.item.clone();
        let linked = shop.post(&format!("/items/{item}/pictures"), &json!({"id": id}));
        assert_eq!(
            (linked.status, &linked.document()["max_size"]),
            (StatusCode::CREATED, &json!("2400x1200"))
        );
        assert_eq!(shop.world.items[&item].pictures.len(), 2);
    }

    #[test]
    fn what_is_small_or_no_picture_is_refused() {
        let mut shop = Shop::open();
        for content in [png(499, 499), b"GIF89a".to_vec(), Vec::new()] {
            assert_eq!(shop.upload(UPLOAD, "file", "a.png", &content).status, StatusCode::BAD_REQUEST);
        }
        let large = [png(800, 800), vec![0; MAX_UPLOAD]].concat();
        assert_eq!(shop.upload(UPLOAD, "file", "a.png", &large).status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(shop.upload(UPLOAD, "other", "a.png", &png(800, 800)).status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn an_item_waits_for_its_pictures_and_then_goes_on_sale() {
        let mut shop = Shop::open();
        let mut body = listing();
        body["pictures"] = json!([{"source": "https://img.example/other.jpg"}]);
        let created = shop.post("/items", &body);
        let id = created.document()["id"].as_str().unwrap().to_owned();
        assert_eq!(created.document()["sub_status"], json!([PENDING]));
        shop.wait(FETCH_DELAY);
        assert_eq!(shop.world.items[&id].status, ItemStatus::Active);
        assert!(shop.world.items[&id].sub_status.is_empty());
    }

    #[test]
    fn a_source_that_cannot_be_fetched_is_told_in_the_errors() {
        let mut shop = Shop::open();
        let seller = shop.world.items[&shop.item].seller_id;
        for source in [
            "https://img.example/not-found.jpg",
            "https://img.example/redirect.jpg",
            "ftp://img.example/a.jpg",
        ] {
            let (pictures, pending) = accept(&mut shop.world, seller, &[json!({"source": source})]);
            let id = pictures[0]["id"].as_str().unwrap().to_owned();
            assert!(pending);
            shop.wait(FETCH_DELAY);
            assert_eq!(check(&shop.world, &id), PictureCheck::Failed);
            let errors = shop.get(&format!("/pictures/{id}/errors"));
            assert_eq!(errors.document()["errors"][0]["source"], source);
        }
    }

    #[test]
    fn the_same_source_is_the_same_picture() {
        let mut shop = Shop::open();
        let seller = shop.world.items[&shop.item].seller_id;
        let sent = [json!({"source": "https://img.example/a.jpg"})];
        let (first, _) = accept(&mut shop.world, seller, &sent);
        let (second, pending) = accept(&mut shop.world, seller, &sent);
        assert_eq!((first, pending), (second, false));
    }

    #[test]
    fn a_foreign_picture_does_not_exist() {
        let mut shop = Shop::open();
        let id = shop.upload(UPLOAD, "file", "a.png", &png(800, 800)).document()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(shop.get_as(STRANGER, &format!("/pictures/{id}")).status, StatusCode::NOT_FOUND);
        assert_eq!(shop.get(&format!("/pictures/{id}")).document()["status"], "ACTIVE");
    }

    #[test]
    fn a_diagnosis_names_what_it_looked_at() {
        let mut shop = Shop::open();
        let body = json!({"picture_url": "https://img.example/a.jpg"});
        let diagnosed = shop.post("/moderations/pictures/diagnostic", &body);
        let first = &diagnosed.document()["diagnostics"][0]["detections"][0];
        assert_eq!(first, &json!({"name": "white_background", "result": "passed"}));
        assert_eq!(shop.post("/moderations/pictures/diagnostic", &json!({})).status, StatusCode::BAD_REQUEST);
    }
}
