//! Pictures and films (fact sheet §5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::args::Args;
use super::envelope::{bare, ok, refuse};
use super::item::image_url;
use super::market::Door;
use super::shop::REGION;
use super::{World, push};
use crate::call::Call;
use crate::multipart::{Part, parts};
use crate::reply::{Answer, Reply};
use crate::table::{Route, get, post};

/// Pictures of one upload.
const IMAGES_MAX: usize = 9;
/// The largest picture, in bytes.
const IMAGE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The largest film, in bytes.
const VIDEO_BYTES_MAX: i64 = 30 * 1024 * 1024;

/// A film being uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    pub(crate) size: i64,
    pub(crate) received: i64,
    pub(crate) next_part: i64,
    pub(crate) complete: bool,
}

/// Pictures and films.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Media type by picture id.
    pub(crate) images: BTreeMap<String, String>,
    pub(crate) videos: BTreeMap<String, Video>,
}

/// The resources of this module.
pub(crate) fn routes() -> Vec<Route<World>> {
    vec![
        post("/api/v2/media_space/upload_image", Door::Public, upload_images),
        post("/api/v2/media_space/init_video_upload", Door::Public, begin_video),
        post("/api/v2/media_space/upload_video_part", Door::Public, take_video_part),
        post("/api/v2/media_space/complete_video_upload", Door::Public, complete_video),
        get("/api/v2/media_space/get_video_upload_result", Door::Public, video_result),
        // What a picture shows matters to nobody here: every one is a grey point.
        get("/file/{id}", Door::Open, |_, _| Ok(Reply::bytes("image/png", &POINT[..]))),
    ]
}

/// The media type by the first bytes of a file.
fn kind_of(content: &[u8]) -> Option<&'static str> {
    match content {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        _ => None,
    }
}

/// The parts of an upload.
pub(crate) fn form(call: &Call) -> Result<Vec<Part>, Reply> {
    parts(call).map_err(|_| refuse("error_param", "The request body is no multipart/form-data."))
}

/// Keeps a picture; gives its id.
pub(crate) fn keep_image(world: &mut World, kind: &str) -> String {
    let id = format!("br-11134207-{}", world.dice.hex(20));
    world.media.images.insert(id.clone(), kind.to_owned());
    id
}

fn image_document(world: &World, id: &str) -> Value {
    json!({"image_id": id, "image_url_list": [{"image_url_region": REGION, "image_url": image_url(world, id)}]})
}

fn upload_images(world: &mut World, call: &Call) -> Answer {
    let files: Vec<Part> = form(call)?.into_iter().filter(|part| part.name == "image").collect();
    if files.is_empty() || files.len() > IMAGES_MAX {
        return Err(refuse("error_param", "Between 1 and 9 parts named image are required."));
    }
    let mut rows = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let kind = kind_of(&file.content).filter(|_| file.content.len() <= IMAGE_BYTES_MAX);
        rows.push(match kind {
            Some(kind) => {
                let id = keep_image(world, kind);
                json!({"id": index, "error": "", "message": "", "image_info": image_document(world, &id)})
            }
            None => json!({"id": index, "error": "error_param", "message": "The picture must be JPG or PNG of at most 10 MB."}),
        });
    }
    let first = rows.iter().find(|row| row["error"] == "").map(|row| row["image_info"].clone());
    let Some(first) = first else {
        return Err(refuse("error_param", "The picture must be JPG or PNG of at most 10 MB."));
    };
    ok(json!({"image_info": first, "image_info_list": rows}))
}

fn begin_video(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    args.text("file_md5")?;
    let size = args.int("file_size")?;
    if !(1..=VIDEO_BYTES_MAX).contains(&size) {
        return Err(args.refuse("file_size must be at most 30 MB"));
    }
    let id = format!("br_{}", world.dice.hex(16));
    world.media.videos.insert(id.clone(), Video { size, received: 0, next_part: 0, complete: false });
    ok(json!({"video_upload_id": id}))
}

fn video<'a>(world: &'a mut World, id: &str) -> Result<&'a mut Video, Reply> {
    world.media.videos.get_mut(id).ok_or_else(|| refuse("error_not_found", "The video upload id is unknown."))
}

fn take_video_part(world: &mut World, call: &Call) -> Answer {
    let parts = form(call)?;
    let text = |name: &str| {
        parts
            .iter()
            .find(|part| part.name == name)
            .map(|part| String::from_utf8_lossy(&part.content).into_owned())
    };
    let id = text("video_upload_id").unwrap_or_default();
    let sequence: Option<i64> = text("part_seq").and_then(|text| text.trim().parse().ok());
    let content = parts.iter().find(|part| part.name == "part_content").map_or(0, |part| part.content.len());
    let video = video(world, &id)?;
    if sequence != Some(video.next_part) || content == 0 {
        return Err(refuse("error_param", "The parts must come in order, each with its content."));
    }
    video.next_part += 1;
    video.received += i64::try_from(content).unwrap_or(i64::MAX);
    bare()
}

fn complete_video(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let id = args.text("video_upload_id")?.to_owned();
    let video = video(world, &id)?;
    if video.received != video.size {
        return Err(refuse("error_param", "The parts are not as large as file_size said."));
    }
    video.complete = true;
    let shop = call.caller.as_ref().map_or(0, |caller| caller.user_id);
    push::emit(world, shop, 11, &json!({"video_upload_id": id, "status": "SUCCEEDED", "message": ""}));
    bare()
}

fn video_result(world: &mut World, call: &Call) -> Answer {
    let args = Args::of(call)?;
    let video = video(world, args.text("video_upload_id")?)?;
    ok(json!({"status": if video.complete { "SUCCEEDED" } else { "INITIATED" }, "message": ""}))
}

/// The smallest PNG: one grey point.
const POINT: [u8; 67] = [
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00,
    0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0xDA, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81,
    0xDA, 0x45, 0x08, 0x3B, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];
