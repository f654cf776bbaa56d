//! Products and what is known of SKUs: of one organization, tried from another.

use domain::TypedId as _;
use domain::catalogue::{Facts, Product, Variant, search_ranges};
use domain::proposal::Offered;
use domain::{Actor, Currency, Money, PictureId, ProductId, SkuId};
use store::catalogue::ProductFilter;
use store::pictures::NewPicture;

use super::{Read, Write, found, listed};
use crate::shop::Shop;

fn known() -> Facts {
    Facts { cost: Some(Money::new(900, Currency::Brl)), weight_g: Some(350), ..Facts::default() }
}

fn one(sku: Option<SkuId>) -> Product {
    Product {
        title: "Caneca".into(),
        brand: String::new(),
        description: String::new(),
        tags: vec!["cozinha".into()],
        axes: Vec::new(),
        variants: vec![Variant { sku, options: Vec::new(), code: "CAN-1".into(), facts: known() }],
    }
}

fn picture(id: PictureId, product: ProductId, sku: SkuId, digest: u8) -> NewPicture {
    let (bytes, thumb) = (vec![digest; 9], vec![digest; 3]);
    NewPicture { id, product, sku: Some(sku), sha256: [digest; 32], width_px: 4, height_px: 3, bytes, thumb }
}

/// Makes a product of a SKU, with everything that can be known of it. Its one picture has its id's bytes.
pub(super) async fn product(shop: &Shop<'_>, sku: SkuId) -> ProductId {
    let (id, now): (ProductId, _) = (shop.house.id(), shop.house.now());
    shop.write(move |shop| {
        shop.insert_product(id, &one(Some(sku)), &Actor::Unknown, now)?;
        shop.add_picture(&picture(pictured(id), id, sku, 7), &Actor::Unknown, now)?;
        shop.keep_facts(sku, &known())?;
        shop.keep_cost(sku, &known(), &Actor::Unknown, now)
    })
    .await;
    id
}

fn pictured(product: ProductId) -> PictureId {
    PictureId::from_bytes(product.to_bytes())
}

/// Each reading method, and how much it finds.
pub(super) const READS: &[(&str, Read)] = &[
    ("product", |shop, of| found(shop.product(of.product))),
    ("product_of", |shop, of| found(shop.product_of(of.sku))),
    ("code_owner", |shop, _| found(shop.code_owner("CAN-1"))),
    ("costs_of", |shop, of| listed(shop.costs_of(of.product))),
    ("facts_of", |shop, of| shop.facts_of(of.sku).map(|facts| usize::from(facts != Facts::default()))),
    ("sku_counted_at", |shop, of| found(shop.sku_counted_at(of.sku))),
    ("pictures_of", |shop, of| listed(shop.pictures_of(of.product))),
    ("picture_count", |shop, of| found(shop.picture_count(of.product))),
    ("picture_bytes", |shop, of| found(shop.picture_bytes(pictured(of.product)))),
    ("picture_shown", |shop, of| found(shop.picture_shown(of.product, pictured(of.product), true))),
    ("goods", |shop, of| found(shop.goods(of.sku))),
    ("goods_for", |shop, _| {
        listed(shop.goods_for(&Offered::read("Caneca azul", false, Some("CAN-1")), "Caneca azul"))
    }),
    ("unlinked_page", |shop, _| listed(shop.unlinked_page(None, 9))),
    ("unlinked_count", |shop, _| shop.unlinked_count().map(|count| usize::try_from(count).unwrap())),
    ("product_tags", |shop, _| listed(shop.product_tags())),
    ("product_page", |shop, _| listed(shop.product_page(None, &ProductFilter::default()))),
    ("product_page of a text and a tag", |shop, _| {
        let words = Some(search_ranges("can"));
        listed(shop.product_page(None, &ProductFilter { words, tag: "cozinha".into(), archived: false }))
    }),
];

/// Each writing method, used on what belongs to another.
pub(super) const WRITES: &[(&str, Write)] = &[
    ("insert_product", |shop, of| {
        shop.insert_product(of.fresh(), &one(Some(of.sku)), &Actor::Unknown, of.now)
    }),
    ("update_product", |shop, of| {
        shop.update_product(of.product, 1, &one(Some(of.sku)), &Actor::Unknown, of.now).map(drop)
    }),
    ("archive_product", |shop, of| {
        shop.archive_product(of.product, Some(of.now), &Actor::Unknown, of.now).map(drop)
    }),
    ("keep_facts", |shop, of| shop.keep_facts(of.sku, &Facts::default())),
    ("keep_cost", |shop, of| shop.keep_cost(of.sku, &Facts::default(), &Actor::Unknown, of.now)),
    ("add_picture", |shop, of| {
        shop.add_picture(&picture(of.fresh(), of.product, of.sku, 8), &Actor::Unknown, of.now)
    }),
    ("order_pictures", |shop, of| shop.order_pictures(of.product, &[pictured(of.product)])),
    ("remove_picture", |shop, of| shop.remove_picture(of.product, pictured(of.product)).map(drop)),
    ("word_lists", |shop, _| shop.word_lists(9).map(drop)),
    ("settle_skus", |shop, _| shop.settle_skus(None, 9).map(drop)),
    ("settle_listings", |shop, _| shop.settle_listings(None, 9).map(drop)),
    ("link_unlinked", |shop, of| shop.link_unlinked(of.unlinked, of.sku).map(drop)),
    ("title_sku", |shop, of| shop.title_sku(of.sku, "forged")),
];
