//! Pictures of products: taken in, put in order, taken away.
//!
//! What was handed in is taken whole or not at all: every file is read and made anew before the
//! first one is kept, and all of them are one transaction.

mod remake;
#[cfg(test)]
mod remake_tests;

use domain::product_picture::{MAX_PICTURES, PictureFault, Shift, shifted, shown_name};
use domain::{Actor, MemberId, OrganizationId, PictureId, ProductId, SkuId};
use store::pictures::NewPicture;
use store::{StoreError, StoreResult, Tenant};
use tokio::sync::Semaphore;
use vault::token::sha256;

use crate::App;
use crate::audit::Deed;
use crate::error::AppError;
use remake::{Remade, remake};

/// Pictures that one program reads at once: each may take some 300 MB for a moment.
const READ_AT_ONCE: usize = 2;

/// Who reads a picture just now.
#[derive(Debug)]
pub(crate) struct Readers(Semaphore);

impl Default for Readers {
    fn default() -> Self {
        Self(Semaphore::new(READ_AT_ONCE))
    }
}

/// A file as it was handed in.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What its sender calls it: repeated to them, and nothing else.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why pictures were not taken. None of them was.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// These files are not taken: their names, and why.
    #[error("{} files are not taken", .0.len())]
    Faulty(Vec<(String, PictureFault)>),
    /// The product would have more than [`MAX_PICTURES`]; so many it may still get.
    #[error("there is room for {0} more pictures")]
    Full(usize),
    /// There was no file.
    #[error("no file was chosen")]
    Nothing,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for PictureError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

impl App {
    /// Takes pictures of a product in, behind those that it has; of one of its variants, where one is
    /// named.
    ///
    /// # Errors
    /// Why not; then nothing was kept.
    pub async fn add_pictures(
        &self,
        organization: OrganizationId,
        member: MemberId,
        product: ProductId,
        sku: Option<SkuId>,
        files: Vec<Upload>,
    ) -> Result<Vec<PictureId>, PictureError> {
        if files.is_empty() {
            return Err(PictureError::Nothing);
        }
        // Asked before the work, and again when they are kept.
        let held = self.organization(organization);
        let found = held.read(move |tenant| room(tenant, product, sku)).await?;
        enough(found, files.len())?;
        let pictures = self.read_pictures(files).await?;
        let app = self.clone();
        self.organization(organization)
            .write(move |tenant| {
                tenant.hold_catalogue()?;
                let count = pictures.len();
                match room(tenant, product, sku).map(|found| enough(found, count))? {
                    Ok(()) => app.keep_pictures(tenant, member, product, sku, pictures),
                    Err(refused) => Ok(Err(refused)),
                }
            })
            .await?
    }

    /// Makes every file anew, or says of each that is not taken why.
    async fn read_pictures(&self, files: Vec<Upload>) -> Result<Vec<(String, Remade)>, PictureError> {
        let (mut pictures, mut faulty) = (Vec::new(), Vec::new());
        for Upload { name, bytes } in files {
            let name = shown_name(&name);
            // The semaphore is never closed.
            let _turn = self.readers.0.acquire().await.map_err(|_| StoreError::Panicked)?;
            let read = tokio::task::spawn_blocking(move || remake(&bytes)).await;
            // What makes a reader panic is no picture.
            match read.unwrap_or(Err(PictureFault::Broken)) {
                Ok(picture) => pictures.push((name, picture)),
                Err(fault) => faulty.push((name, fault)),
            }
        }
        if faulty.is_empty() { Ok(pictures) } else { Err(PictureError::Faulty(faulty)) }
    }

    fn keep_pictures(
        &self,
        tenant: &mut Tenant<'_, '_>,
        member: MemberId,
        product: ProductId,
        sku: Option<SkuId>,
        pictures: Vec<(String, Remade)>,
    ) -> StoreResult<Result<Vec<PictureId>, PictureError>> {
        let (actor, now) = (Actor::Member(member), self.clock().now());
        let mut known: Vec<[u8; 32]> =
            tenant.pictures_of(product)?.into_iter().map(|held| held.sha256).collect();
        let mut faulty = Vec::new();
        let mut fresh = Vec::new();
        for (name, picture) in pictures {
            let digest = sha256(&picture.bytes);
            if known.contains(&digest) {
                faulty.push((name, PictureFault::Twice));
            }
            known.push(digest);
            fresh.push((digest, picture));
        }
        if !faulty.is_empty() {
            return Ok(Err(PictureError::Faulty(faulty)));
        }
        let mut ids = Vec::new();
        for (digest, picture) in fresh {
            let id = PictureId::new(now, self.entropy());
            let Remade { width_px, height_px, bytes, thumb } = picture;
            let size = bytes.len();
            let new = NewPicture { id, product, sku, sha256: digest, width_px, height_px, bytes, thumb };
            tenant.add_picture(&new, &actor, now)?;
            let deed = Deed::new(actor.clone(), "product.picture_added", product.to_string())
                .with("picture", id)
                .with("bytes", size);
            self.outcome(tenant, &deed, "ok")?;
            ids.push(id);
        }
        Ok(Ok(ids))
    }

    /// Puts a picture elsewhere among its product's.
    pub async fn move_picture(
        &self,
        organization: OrganizationId,
        member: MemberId,
        product: ProductId,
        picture: PictureId,
        shift: Shift,
    ) -> Result<(), AppError> {
        let app = self.clone();
        let held = self.organization(organization);
        let moved = held.write(move |tenant| {
            tenant.hold_catalogue()?;
            let order: Vec<PictureId> =
                tenant.pictures_of(product)?.into_iter().map(|held| held.id).collect();
            let Some(after) = shifted(&order, picture, shift) else { return Ok(false) };
            if after != order {
                tenant.order_pictures(product, &after)?;
                let place = after.iter().position(|it| *it == picture).unwrap_or_default() + 1;
                let deed = Deed::new(Actor::Member(member), "product.picture_moved", product.to_string())
                    .with("picture", picture)
                    .with("place", place);
                app.outcome(tenant, &deed, "ok")?;
            }
            Ok(true)
        });
        if moved.await? { Ok(()) } else { Err(AppError::NotFound("picture")) }
    }

    /// Takes a picture away from its product, for good.
    pub async fn remove_picture(
        &self,
        organization: OrganizationId,
        member: MemberId,
        product: ProductId,
        picture: PictureId,
    ) -> Result<(), AppError> {
        let app = self.clone();
        let held = self.organization(organization);
        let removed = held.write(move |tenant| {
            tenant.hold_catalogue()?;
            if !tenant.remove_picture(product, picture)? {
                return Ok(false);
            }
            let left: Vec<PictureId> = tenant.pictures_of(product)?.into_iter().map(|held| held.id).collect();
            tenant.order_pictures(product, &left)?;
            let deed = Deed::new(Actor::Member(member), "product.picture_removed", product.to_string())
                .with("picture", picture);
            app.outcome(tenant, &deed, "ok")?;
            Ok(true)
        });
        if removed.await? { Ok(()) } else { Err(AppError::NotFound("picture")) }
    }
}

/// How many pictures a product may still get; `None` where there is no such product, or the SKU is no
/// variant of it.
fn room(tenant: &mut Tenant<'_, '_>, product: ProductId, sku: Option<SkuId>) -> StoreResult<Option<usize>> {
    if let Some(sku) = sku
        && tenant.product_of(sku)?.map(|(of, _)| of) != Some(product)
    {
        return Ok(None);
    }
    let held = tenant.picture_count(product)?;
    Ok(held.map(|held| MAX_PICTURES.saturating_sub(usize::try_from(held).unwrap_or(usize::MAX))))
}

fn enough(room: Option<usize>, wanted: usize) -> Result<(), PictureError> {
    match room {
        None => Err(AppError::NotFound("product").into()),
        Some(room) if room < wanted => Err(PictureError::Full(room)),
        Some(_) => Ok(()),
    }
}
