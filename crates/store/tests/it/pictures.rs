//! Pictures of products: in their order, of one product each, and never many of them in memory at once.

use domain::catalogue::{Facts, Product, Variant};
use domain::{Actor, PictureId, ProductId, SkuId};
use store::StoreError;
use store::backup::{self as tables, Table};
use store::catalogue::ProductFilter;
use store::pictures::NewPicture;

use crate::kit::House;
use crate::shop::Shop;

/// As large as pictures are kept.
const LARGE: usize = domain::product_picture::MAX_KEPT_BYTES;

impl Shop<'_> {
    async fn single(&self, code: &str) -> (ProductId, SkuId) {
        let (id, now, sku) = (self.house.id(), self.house.now(), self.sku(code).await);
        let variant =
            Variant { sku: Some(sku), options: Vec::new(), code: code.into(), facts: Facts::default() };
        let (brand, description, title) = (String::new(), String::new(), code.to_owned());
        let what = Product { title, brand, description, tags: vec![], axes: vec![], variants: vec![variant] };
        self.write(move |shop| shop.insert_product(id, &what, &Actor::Unknown, now)).await;
        (id, sku)
    }

    async fn picture(&self, product: ProductId, sku: Option<SkuId>, digest: u8, size: usize) -> PictureId {
        let (id, now): (PictureId, _) = (self.house.id(), self.house.now());
        let sha256 = [digest; 32];
        let (bytes, thumb) = (vec![digest; size], vec![digest; 3]);
        let new = NewPicture { id, product, sku, sha256, width_px: 40, height_px: 30, bytes, thumb };
        self.write(move |shop| shop.add_picture(&new, &Actor::Unknown, now)).await;
        id
    }

    async fn in_order(&self, product: ProductId) -> Vec<(PictureId, i64)> {
        let held = self.read(move |shop| shop.pictures_of(product)).await;
        held.into_iter().map(|picture| (picture.id, picture.place)).collect()
    }
}

async fn heavy(house: &House) -> Table {
    let all = house.read(tables::tables).await;
    all.into_iter().find(|table| table.name == "product_picture").expect("the table is there")
}

on_both! {
    async fn pictures_come_back_in_their_order_and_the_first_one_is_in_the_list(house: House) {
        let shop = Shop::open(&house).await;
        let (product, sku) = shop.single("CAN").await;
        assert_eq!(shop.read(move |shop| shop.picture_count(product)).await, Some(0));
        let one = shop.picture(product, Some(sku), 1, 9).await;
        let two = shop.picture(product, None, 2, 8).await;
        assert_eq!(shop.in_order(product).await, [(one, 1), (two, 2)]);
        shop.write(move |shop| shop.order_pictures(product, &[two, one])).await;
        assert_eq!(shop.in_order(product).await, [(two, 1), (one, 2)]);
        let held = shop.read(move |shop| shop.pictures_of(product)).await;
        assert_eq!((held[1].sku, held[1].sha256, held[1].width_px, held[1].height_px), (Some(sku), [1; 32], 40, 30));
        assert_eq!(held[1].created_at, house.now());
        let rows = shop.read(|shop| shop.product_page(None, &ProductFilter::default())).await;
        assert_eq!(rows[0].picture, Some(two));
        assert_eq!(shop.read(move |shop| shop.picture_count(product)).await, Some(2));
        assert_eq!(shop.read(move |shop| shop.picture_bytes(one)).await, Some(vec![1; 9]));
        assert_eq!(shop.read(move |shop| shop.picture_shown(product, one, true)).await, Some(vec![1; 3]));
        assert_eq!(shop.read(move |shop| shop.picture_shown(product, one, false)).await, Some(vec![1; 9]));
    }

    async fn a_picture_is_found_with_its_own_product_alone(house: House) {
        let shop = Shop::open(&house).await;
        let ((product, _), (other, _)) = (shop.single("CAN").await, shop.single("BAL").await);
        let id = shop.picture(product, None, 1, 9).await;
        assert_eq!(shop.read(move |shop| shop.picture_shown(other, id, true)).await, None);
        assert!(!shop.write(move |shop| shop.remove_picture(other, id)).await);
        let refused = shop.data.write(move |shop| shop.order_pictures(other, &[id])).await;
        assert!(matches!(refused, Err(StoreError::RowCount { .. })), "{refused:?}");
        assert!(shop.write(move |shop| shop.remove_picture(product, id)).await);
        assert!(!shop.write(move |shop| shop.remove_picture(product, id)).await, "once");
        assert_eq!(shop.read(move |shop| shop.picture_bytes(id)).await, None);
    }

    async fn the_same_picture_is_not_kept_twice_of_one_product(house: House) {
        let shop = Shop::open(&house).await;
        let ((product, _), (other, _)) = (shop.single("CAN").await, shop.single("BAL").await);
        shop.picture(product, None, 1, 9).await;
        shop.picture(other, None, 1, 9).await;
        let (id, now): (PictureId, _) = (house.id(), house.now());
        let (bytes, thumb) = (vec![1], vec![1]);
        let twice = NewPicture { id, product, sku: None, sha256: [1; 32], width_px: 1, height_px: 1, bytes, thumb };
        let refused = shop.data.write(move |shop| shop.add_picture(&twice, &Actor::Unknown, now)).await;
        assert!(matches!(refused, Err(StoreError::Duplicate(_))), "{refused:?}");
    }

    async fn a_picture_of_a_variant_that_went_stays_as_one_of_the_product(house: House) {
        let shop = Shop::open(&house).await;
        let (product, sku) = shop.single("CAN").await;
        shop.picture(product, Some(sku), 1, 9).await;
        let now = house.now();
        let mut what = shop.read(move |shop| shop.product(product)).await.expect("it is there").product;
        what.variants.clear();
        assert!(shop.write(move |shop| shop.update_product(product, 1, &what, &Actor::Unknown, now)).await);
        let held = shop.read(move |shop| shop.pictures_of(product)).await;
        assert_eq!((held.len(), held[0].sku), (1, None));
    }

    async fn pictures_as_large_as_they_are_kept_leave_and_come_back_few_at_a_time(house: House) {
        let shop = Shop::open(&house).await;
        let (product, _) = shop.single("CAN").await;
        for digest in 1..=9 {
            shop.picture(product, None, digest, LARGE).await;
        }
        let table = heavy(&house).await;
        assert_eq!(table.rows_at_once(1_024), 4, "so many are in memory at once");
        assert_eq!(table.rows_at_once(2), 2);
        let (read, own) = (table.clone(), table.clone());
        let chunks = house.read(move |tx| {
            let mut chunks = Vec::new();
            tables::dump(tx, &read, None, |chunk| {
                chunks.push(chunk);
                Ok::<_, StoreError>(())
            })?;
            Ok(chunks)
        }).await;
        assert_eq!(chunks.iter().map(|chunk| chunk.rows).sum::<u32>(), 9);
        for chunk in &chunks {
            assert!(chunk.rows == 1 && chunk.bytes.len() < LARGE + 1_024, "{} rows, {} bytes", chunk.rows, chunk.bytes.len());
        }
        let before = shop.read(move |shop| shop.pictures_of(product)).await;
        house.write(move |tx| {
            tables::clear(tx, std::slice::from_ref(&table))?;
            for chunk in &chunks {
                let values = tables::values(&chunk.bytes, table.columns.len())?;
                tables::load(tx, &table, &table.columns, &values)?;
            }
            Ok(())
        }).await;
        assert_eq!(shop.read(move |shop| shop.pictures_of(product)).await, before);
        let (first, last) = (before[0].id, before[8].id);
        assert_eq!(shop.read(move |shop| shop.picture_bytes(first)).await, Some(vec![1; LARGE]));
        assert_eq!(shop.read(move |shop| shop.picture_bytes(last)).await, Some(vec![9; LARGE]));
        let listed = shop.read(move |shop| {
            Ok(shop.own_rows(&own, None, own.rows_at_once(256))?.each().count())
        }).await;
        assert_eq!(listed, 4);
    }
}
