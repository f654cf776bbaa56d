//! Pictures.

use connect::{Account, Call, Part, PictureUse, Pictures};
use domain::picture::{Picture, PictureLimits};
use http::Method;

use super::super::MercadoLivre;
use super::super::wire::owned;
use super::wire;
use crate::market::refusal;

const OPERATION: &str = "upload picture";

/// "Imagens": up to 10 MB, at least 500 pixels on one side. Larger ones are shown smaller,
/// so there is no most.
static LIMITS: PictureLimits = PictureLimits {
    most_bytes: 10 * 1024 * 1024,
    least_side_px: 1,
    least_long_side_px: 500,
    most_side_px: u32::MAX,
};

impl Pictures for MercadoLivre {
    fn limits(&self) -> &'static PictureLimits {
        &LIMITS
    }

    fn upload<'a>(&'a self, account: &'a Account, picture: &'a Picture, _of: PictureUse) -> Call<'a, String> {
        Box::pin(async move {
            refusal::picture(OPERATION, picture, &LIMITS)?;
            let file = Part::picture("file", picture);
            let path = ["pictures", "items", "upload"];
            let spec = self.request(OPERATION, Method::POST, account, &path).multipart(vec![file]);
            let answer = self.ask(spec).await?;
            let uploaded: wire::Uploaded = answer.json()?;
            owned(uploaded.id.as_ref()).ok_or_else(|| answer.garbled("a picture without an id"))
        })
    }
}
