//! Pictures of products, in their order.

use domain::{Actor, PictureId, ProductId, SkuId, Timestamp};

use crate::db::{Row, StoreError, StoreResult};
use crate::{Tenant, params};

/// A picture as it is kept, but for its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPicture {
    /// Id.
    pub id: PictureId,
    /// Its place among the product's, from 1 on.
    pub place: i64,
    /// The variant that it shows, where it does not show them all and the product still has it.
    pub sku: Option<SkuId>,
    /// SHA-256 of its file.
    pub sha256: [u8; 32],
    /// Pixels across.
    pub width_px: i64,
    /// Pixels down.
    pub height_px: i64,
    /// When it was taken in.
    pub created_at: Timestamp,
}

/// A picture that is to be kept: files of JPEG.
#[derive(Debug, Clone)]
pub struct NewPicture {
    /// Id.
    pub id: PictureId,
    /// Whose.
    pub product: ProductId,
    /// The variant that it shows.
    pub sku: Option<SkuId>,
    /// SHA-256 of its file.
    pub sha256: [u8; 32],
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Its file.
    pub bytes: Vec<u8>,
    /// A small one of the same.
    pub thumb: Vec<u8>,
}

fn held(row: &Row<'_>) -> StoreResult<HeldPicture> {
    let digest: Vec<u8> = row.get(3)?;
    let sha256 = digest.try_into().map_err(|digest: Vec<u8>| StoreError::Inconsistent {
        table: "product_picture",
        column: "sha256",
        value: format!("{} bytes", digest.len()),
    })?;
    Ok(HeldPicture {
        id: row.get(0)?,
        place: row.get(1)?,
        sku: row.get(2)?,
        sha256,
        width_px: row.get(4)?,
        height_px: row.get(5)?,
        created_at: row.get(6)?,
    })
}

impl Tenant<'_, '_> {
    /// The pictures of a product, in their order.
    pub fn pictures_of(&mut self, product: ProductId) -> StoreResult<Vec<HeldPicture>> {
        self.tx.rows(
            "SELECT p.id, p.place, v.sku_id, p.sha256, p.width_px, p.height_px, p.created_at FROM product_picture p \
             LEFT JOIN product_variant v ON v.sku_id = p.sku_id AND v.product_id = p.product_id \
             WHERE p.organization_id = $1 AND p.product_id = $2 ORDER BY p.place, p.id",
            params![self.id, product],
            held,
        )
    }

    /// How many pictures a product has; `None` where there is no such product.
    pub fn picture_count(&mut self, product: ProductId) -> StoreResult<Option<i64>> {
        self.tx.row(
            "SELECT (SELECT COUNT(*) FROM product_picture p WHERE p.product_id = product.id) FROM product \
             WHERE organization_id = $1 AND id = $2",
            params![self.id, product],
            |row| row.get(0),
        )
    }

    /// The file of a picture: a JPEG.
    pub fn picture_bytes(&mut self, id: PictureId) -> StoreResult<Option<Vec<u8>>> {
        self.tx.row(
            "SELECT bytes FROM product_picture WHERE organization_id = $1 AND id = $2",
            params![self.id, id],
            |row| row.get(0),
        )
    }

    /// The file of a product's picture as it is shown: a JPEG, a small one where that will do.
    pub fn picture_shown(
        &mut self,
        product: ProductId,
        id: PictureId,
        small: bool,
    ) -> StoreResult<Option<Vec<u8>>> {
        let column = if small { "thumb" } else { "bytes" };
        let sql = format!(
            "SELECT {column} FROM product_picture WHERE organization_id = $1 AND product_id = $2 AND id = $3"
        );
        self.tx.row(&sql, params![self.id, product, id], |row| row.get(0))
    }

    /// Keeps a picture behind those that its product has.
    pub fn add_picture(&mut self, new: &NewPicture, actor: &Actor, now: Timestamp) -> StoreResult<()> {
        self.tx.execute_exactly(
            1,
            "INSERT INTO product_picture (id, organization_id, product_id, place, sku_id, sha256, width_px, height_px, \
                                          created_at, actor, thumb, bytes) \
             VALUES ($1, $2, $3, (SELECT COALESCE(MAX(place), 0) + 1 FROM product_picture \
                                  WHERE organization_id = $2 AND product_id = $3), \
                     $4, $5, $6, $7, $8, $9, $10, $11)",
            params![
                new.id,
                self.id,
                new.product,
                new.sku,
                new.sha256.as_slice(),
                new.width_px,
                new.height_px,
                now,
                &actor.to_string(),
                &new.thumb,
                &new.bytes
            ],
        )
    }

    /// Puts the pictures of a product into this order.
    pub fn order_pictures(&mut self, product: ProductId, order: &[PictureId]) -> StoreResult<()> {
        for (place, id) in (1_i64..).zip(order) {
            self.tx.execute_exactly(
                1,
                "UPDATE product_picture SET place = $4 WHERE organization_id = $1 AND product_id = $2 AND id = $3",
                params![self.id, product, *id, place],
            )?;
        }
        Ok(())
    }

    /// Deletes a picture; false when the product has none such.
    pub fn remove_picture(&mut self, product: ProductId, id: PictureId) -> StoreResult<bool> {
        let sql = "DELETE FROM product_picture WHERE organization_id = $1 AND product_id = $2 AND id = $3";
        Ok(self.tx.execute(sql, params![self.id, product, id])? == 1)
    }
}
