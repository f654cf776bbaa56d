//! Pictures. Each says what it is for, and no shop is named.

use connect::{Account, Call, Part, PictureUse, Pictures};
use domain::picture::{Picture, PictureLimits};
use http::Method;

use super::super::wire::{self as words, owned};
use super::super::{TikTokShop, version};
use super::wire;
use crate::market::refusal;

const OPERATION: &str = "upload picture";

/// "Upload Product Image": 10 MB; a main picture has 300 to 4,000 pixels on each side.
static LIMITS: PictureLimits = PictureLimits {
    most_bytes: 10 * 1024 * 1024,
    least_side_px: 300,
    least_long_side_px: 300,
    most_side_px: 4_000,
};

impl Pictures for TikTokShop {
    fn limits(&self) -> &'static PictureLimits {
        &LIMITS
    }

    fn upload<'a>(&'a self, account: &'a Account, picture: &'a Picture, of: PictureUse) -> Call<'a, String> {
        Box::pin(async move {
            refusal::picture(OPERATION, picture, &LIMITS)?;
            let purpose = match of {
                PictureUse::Offer => "MAIN_IMAGE",
                PictureUse::Variant => "ATTRIBUTE_IMAGE",
            };
            let parts =
                vec![Part::Field { name: "use_case", value: purpose.into() }, Part::picture("data", picture)];
            let path = ["product", version::PRODUCT, "images", "upload"];
            let spec = self
                .request_without_shop(OPERATION, Method::POST, &account.access_token, &path)
                .multipart(parts);
            let answer = self.ask(spec).await?;
            let uploaded: wire::Uploaded = words::data(&answer)?;
            owned(uploaded.uri.as_ref()).ok_or_else(|| answer.garbled("a picture without its uri"))
        })
    }
}
