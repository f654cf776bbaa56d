//! Pictures. They belong to the app and not to a shop.

use connect::{Account, Call, Part, PictureUse, Pictures};
use domain::picture::{Picture, PictureLimits};
use http::Method;

use super::super::Shopee;
use super::super::wire::owned;
use super::wire;
use crate::market::refusal;

const OPERATION: &str = "upload picture";

/// "upload_image": 10 MB. Pixels are not documented.
static LIMITS: PictureLimits = PictureLimits {
    most_bytes: 10 * 1024 * 1024,
    least_side_px: 1,
    least_long_side_px: 1,
    most_side_px: u32::MAX,
};

impl Pictures for Shopee {
    fn limits(&self) -> &'static PictureLimits {
        &LIMITS
    }

    fn upload<'a>(
        &'a self,
        _account: &'a Account,
        picture: &'a Picture,
        _of: PictureUse,
    ) -> Call<'a, String> {
        Box::pin(async move {
            refusal::picture(OPERATION, picture, &LIMITS)?;
            let parts =
                vec![Part::Field { name: "scene", value: "normal".into() }, Part::picture("image", picture)];
            let spec =
                self.app_call(OPERATION, Method::POST, ["media_space", "upload_image"]).multipart(parts);
            let (uploaded, answer): (wire::Uploaded, _) = self.ask(spec).await?;
            // Alone under one name, and as the only row of a list under the other.
            let row = uploaded.image_info_list.into_iter().flatten().find_map(|row| row.image_info);
            let image = uploaded.image_info.or(row);
            let id = image.and_then(|image| owned(image.image_id.as_ref()));
            id.ok_or_else(|| answer.garbled("a picture without an id"))
        })
    }
}
