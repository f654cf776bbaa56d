//! Pictures of products: taken whole or not at all, in an order, of one product of one shop, and along
//! wherever the shop's data goes.

use std::io::Cursor;
use std::time::Duration;

use app::AppError;
use app::catalogue::Wish;
use app::pictures::{PictureError, Upload};
use domain::catalogue::{Agreed, Typed, TypedRow};
use domain::product_picture::{MAX_FILE_BYTES, MAX_PICTURES, PictureFault, Shift};
use domain::{OrganizationId, PictureId, ProductId, SkuId, TypedId as _};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use store::pictures::HeldPicture;
use tests::TestApp;

use crate::backups::{Vaulted, a_days_work, assert_same, backed_up, drilled, restored_to_a_file};
use crate::leaving::{archive, unpacked};

/// Everything that pictures can leave behind.
const TRACES: &str = "SELECT (SELECT COUNT(*) FROM product_picture) \
    + (SELECT COUNT(*) FROM audit_event WHERE action LIKE 'product.picture%')";

/// A picture of one colour.
pub(crate) fn png(red: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(60, 40, Rgb([red, 90, 90])));
    picture.write_to(&mut bytes, ImageFormat::Png).expect("it is written");
    bytes.into_inner()
}

fn upload(name: &str, bytes: Vec<u8>) -> Upload {
    Upload { name: name.into(), bytes }
}

/// Pictures that differ.
fn some(count: usize) -> Vec<Upload> {
    let red = |at: usize| u8::try_from(at * 16).expect("few pictures");
    (0..count).map(|at| upload(&format!("{at}.png"), png(red(at)))).collect()
}

/// A product in two colours.
pub(crate) async fn product(shop: &TestApp, code: &str) -> (ProductId, Vec<SkuId>) {
    let mut typed = Typed { title: format!("Caneca {code}"), ..Typed::default() };
    (typed.axes[0].name, typed.axes[0].options) = ("Cor".into(), "Preta, Branca".into());
    typed.spread(code).expect("two combinations");
    typed.fill(&TypedRow { cost: "12,50".into(), ..TypedRow::default() });
    let wish =
        Wish { of: None, product: typed.check().expect("nothing is wrong"), agreed: Agreed::default() };
    let id = shop.app().save_product(shop.organization, shop.member, wish).await.expect("it is kept");
    let held = shop.see(move |tenant| tenant.product(id)).await.expect("it is there");
    (id, held.product.variants.iter().filter_map(|variant| variant.sku).collect())
}

async fn add(
    shop: &TestApp,
    product: ProductId,
    sku: Option<SkuId>,
    files: Vec<Upload>,
) -> Result<Vec<PictureId>, PictureError> {
    shop.app().add_pictures(shop.organization, shop.member, product, sku, files).await
}

async fn held(shop: &TestApp, product: ProductId) -> Vec<HeldPicture> {
    shop.see(move |tenant| tenant.pictures_of(product)).await
}

async fn order(shop: &TestApp, product: ProductId) -> Vec<PictureId> {
    held(shop, product).await.into_iter().map(|picture| picture.id).collect()
}

on_both! {
    /// ASVS 5.2.2, 2.3.3.
    async fn one_file_that_is_no_picture_and_nothing_of_the_form_is_kept(shop) {
        let (id, _) = product(&shop, "CAN").await;
        let whole = png(7);
        let cut = whole[..whole.len() / 2].to_vec();
        let files = vec![
            upload("frente.png", png(1)),
            upload("C:\\fotos\\verso.jpg", b"<svg onload=alert(1)>".to_vec()),
            upload("lado.png", cut),
            upload("vazio.png", Vec::new()),
            upload("enorme.png", vec![0; MAX_FILE_BYTES + 1]),
        ];
        let before = shop.number(TRACES).await;
        let refused = add(&shop, id, None, files).await;
        let Err(PictureError::Faulty(faulty)) = refused else { panic!("it was taken: {refused:?}") };
        let told: Vec<(&str, PictureFault)> = faulty.iter().map(|(name, why)| (name.as_str(), *why)).collect();
        assert_eq!(told, [
            ("verso.jpg", PictureFault::NoPicture),
            ("lado.png", PictureFault::Broken),
            ("vazio.png", PictureFault::Empty),
            ("enorme.png", PictureFault::TooLarge),
        ]);
        assert_eq!(shop.number(TRACES).await, before);
        assert!(matches!(add(&shop, id, None, Vec::new()).await, Err(PictureError::Nothing)));
    }

    async fn pictures_are_kept_behind_each_other_and_the_list_shows_the_first(shop) {
        let (id, skus) = product(&shop, "CAN").await;
        let first = add(&shop, id, None, some(2)).await.expect("they are kept");
        let third = add(&shop, id, Some(skus[1]), vec![upload("c.png", png(200))]).await.expect("it is kept");
        let pictures = held(&shop, id).await;
        assert_eq!(pictures.iter().map(|it| it.id).collect::<Vec<_>>(), [first[0], first[1], third[0]]);
        assert_eq!(pictures.iter().map(|it| it.place).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((pictures[0].sku, pictures[2].sku), (None, Some(skus[1])));
        assert_eq!((pictures[0].width_px, pictures[0].height_px), (60, 40));
        let page = shop.see(|tenant| tenant.product_page(None, &store::catalogue::ProductFilter::default())).await;
        assert_eq!(page[0].picture, Some(first[0]));
        let bytes = shop.see(move |tenant| tenant.picture_bytes(third[0])).await.expect("its file");
        assert_eq!(domain::picture::Picture::read(bytes).expect("a channel reads it").size_px(), (60, 40));
        let events = shop.texts("SELECT details FROM audit_event WHERE action = 'product.picture_added'").await;
        assert!(events.len() == 3 && events.iter().all(|it| it.contains("pic_") && !it.contains(".png")), "{events:?}");
    }

    async fn the_same_picture_is_not_kept_twice(shop) {
        let (id, _) = product(&shop, "CAN").await;
        add(&shop, id, None, vec![upload("a.png", png(1))]).await.expect("it is kept");
        for files in [
            vec![upload("outra.png", png(90)), upload("b.png", png(1))],
            vec![upload("c.png", png(80)), upload("b.png", png(80))],
        ] {
            let refused = add(&shop, id, None, files).await;
            assert!(matches!(&refused, Err(PictureError::Faulty(all)) if *all == [("b.png".to_owned(), PictureFault::Twice)]), "{refused:?}");
        }
        assert_eq!(held(&shop, id).await.len(), 1);
    }

    async fn there_is_room_for_so_many_and_no_more_also_for_two_at_once(shop) {
        let (id, _) = product(&shop, "CAN").await;
        let refused = add(&shop, id, None, some(MAX_PICTURES + 1)).await;
        assert!(matches!(refused, Err(PictureError::Full(MAX_PICTURES))), "{refused:?}");
        add(&shop, id, None, some(MAX_PICTURES - 1)).await.expect("they are kept");
        let refused = add(&shop, id, None, vec![upload("x.png", png(250)), upload("y.png", png(251))]).await;
        assert!(matches!(refused, Err(PictureError::Full(1))), "{refused:?}");
        let (one, two) = tokio::join!(
            add(&shop, id, None, vec![upload("x.png", png(250))]),
            add(&shop, id, None, vec![upload("y.png", png(251))]),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert_eq!(held(&shop, id).await.len(), MAX_PICTURES);
    }

    async fn a_picture_goes_where_it_is_put_and_what_is_left_closes_up(shop) {
        let (id, _) = product(&shop, "CAN").await;
        let ids = add(&shop, id, None, some(3)).await.expect("they are kept");
        let shift = async |picture, shift| {
            shop.app().move_picture(shop.organization, shop.member, id, picture, shift).await.expect("it is there");
        };
        shift(ids[2], Shift::Earlier).await;
        assert_eq!(order(&shop, id).await, [ids[0], ids[2], ids[1]]);
        shift(ids[0], Shift::To(9)).await;
        assert_eq!(order(&shop, id).await, [ids[2], ids[1], ids[0]]);
        let moves = "SELECT COUNT(*) FROM audit_event WHERE action = 'product.picture_moved'";
        assert_eq!(shop.number(moves).await, 2);
        shift(ids[2], Shift::Earlier).await;
        assert_eq!(shop.number(moves).await, 2, "what changes nothing is no event");
        shop.app().remove_picture(shop.organization, shop.member, id, ids[1]).await.expect("it is there");
        let left = held(&shop, id).await;
        assert_eq!(left.iter().map(|it| (it.id, it.place)).collect::<Vec<_>>(), [(ids[2], 1), (ids[0], 2)]);
        let again = shop.app().remove_picture(shop.organization, shop.member, id, ids[1]).await;
        assert!(matches!(again, Err(AppError::NotFound("picture"))), "{again:?}");
        assert_eq!(shop.number("SELECT COUNT(*) FROM audit_event WHERE action = 'product.picture_removed'").await, 1);
    }

    async fn what_belongs_to_another_product_or_shop_is_not_found(shop) {
        let ((mug, _), (bucket, skus)) = (product(&shop, "CAN").await, product(&shop, "BAL").await);
        let picture = add(&shop, mug, None, some(1)).await.expect("it is kept")[0];
        let app = shop.app();
        let foreign = OrganizationId::from_bytes([9; 16]);
        for (organization, of) in [(shop.organization, bucket), (foreign, mug)] {
            let moved = app.move_picture(organization, shop.member, of, picture, Shift::Later).await;
            assert!(matches!(moved, Err(AppError::NotFound(_))), "{moved:?}");
            let removed = app.remove_picture(organization, shop.member, of, picture).await;
            assert!(matches!(removed, Err(AppError::NotFound(_))), "{removed:?}");
        }
        let added = app.add_pictures(foreign, shop.member, mug, None, some(1)).await;
        assert!(matches!(added, Err(PictureError::App(AppError::NotFound(_)))), "{added:?}");
        let of_another = add(&shop, mug, Some(skus[0]), some(2)).await;
        assert!(matches!(of_another, Err(PictureError::App(AppError::NotFound(_)))), "{of_another:?}");
        assert_eq!((held(&shop, mug).await.len(), held(&shop, bucket).await.len()), (1, 0));
    }

    async fn pictures_come_back_from_a_backup_and_go_along_with_who_leaves(shop) {
        let vaulted = Vaulted::of(&shop);
        a_days_work(&shop).await;
        let (id, _) = product(&shop, "CAN").await;
        let ids = add(&shop, id, None, some(6)).await.expect("they are kept");
        backed_up(&shop).await;
        let (_folder, place, restored) = restored_to_a_file(&vaulted.restore(&shop)).await;
        restored.expect("it is whole");
        assert_same(&shop, &place).await;
        let (run, report) = drilled(&shop).await;
        assert!(report.checks.iter().all(|check| check.good), "{run:?} {report:?}");
        shop.wait(Duration::from_secs(1));

        let files = unpacked(&archive(&shop).await);
        let lines = String::from_utf8(files["product_picture-00001.jsonl"].clone()).expect("a text");
        assert_eq!(lines.lines().count(), ids.len());
        for picture in ids {
            let name = format!("product_picture/{}.jpg", picture.to_string().trim_start_matches("pic_"));
            assert!(lines.contains(&format!("\"file\":\"{name}\"")), "{name} in {lines}");
            let kept = shop.see(move |tenant| tenant.picture_bytes(picture)).await;
            assert_eq!(files.get(&name), kept.as_ref());
        }
    }
}
