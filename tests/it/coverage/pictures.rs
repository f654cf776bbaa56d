//! Pictures of products, as a browser hands them in and is shown them.

use domain::PictureId;

use super::*;
use crate::pictures::{png, product};

const BOUNDARY: &str = "----it-is-a-form";

impl Visitor<'_> {
    /// Sends a form with files.
    async fn hands_in(&self, path: &str, csrf: &str, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=");
        body.extend(format!("{head}\"csrf\"\r\n\r\n{csrf}\r\n").into_bytes());
        for (name, bytes) in files {
            let part = format!("{head}\"files\"; filename=\"{name}\"\r\nContent-Type: image/jpeg\r\n\r\n");
            body.extend([part.as_bytes(), bytes, b"\r\n"].concat());
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
            .body(Body::from(body))
            .expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("an answer").into_parts();
        let bytes = to_bytes(body, LONGEST_ANSWER).await.expect("a whole answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

/// Hands in two pictures, moves one and removes it.
pub(super) async fn are_pressed(visitor: &mut Visitor<'_>, product: &str) {
    let (one, two) = (png(1), png(120));
    let before = visitor.events(Some("product.picture_added")).await;
    let path = format!("{product}/pictures");
    let files: [(&str, &[u8]); 2] = [("a.png", &one), ("b.png", &two)];
    let sent = visitor.hands_in(&path, &visitor.csrf, &files).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    assert_eq!(visitor.events(Some("product.picture_added")).await, before + 2);
    visitor.pressed.insert("/products/{id}/pictures");
    let page = visitor.get(product).await.text;
    let picture = page.split(&format!("{path}/")).nth(1).and_then(|rest| rest.split('"').next());
    let path = format!("{path}/{}", picture.expect("a picture"));
    let route = "/products/{id}/pictures/{picture}";
    visitor.press(route, &path, &[("do", "later"), ("place", "1")], Some("product.picture_moved")).await;
    visitor.press(route, &path, &[("do", "remove")], Some("product.picture_removed")).await;
}

on_both! {
    /// ASVS 3.2.1, 5.4.1, 14.3.2.
    async fn a_picture_is_shown_as_one_to_its_own_members_alone(shop) {
        let (id, _) = product(&shop, "CAN").await;
        let (mut visitor, nobody) = (Visitor::comes(&shop).await, Visitor::at_the_door(&shop));
        are_pressed(&mut visitor, &format!("/products/{id}")).await;
        let picture: PictureId = shop.see(move |tenant| tenant.pictures_of(id)).await[0].id;
        let path = format!("/products/{id}/pictures/{picture}");
        for address in [path.clone(), format!("{path}?size=small")] {
            let shown = visitor.get(&address).await;
            assert_eq!(shown.status, StatusCode::OK);
            let told = |name: header::HeaderName| shown.headers[name].to_str().expect("a text").to_owned();
            assert_eq!(told(header::CONTENT_TYPE), "image/jpeg");
            assert_eq!(told(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
            assert!(told(header::CACHE_CONTROL).starts_with("private, max-age="));
            assert_eq!(told(header::CONTENT_DISPOSITION), format!("inline; filename=\"{picture}.jpg\""));
            assert!(told(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
            assert_eq!(nobody.get(&address).await.status, StatusCode::SEE_OTHER, "who is not signed in goes there first");
        }
        let (other, _) = product(&shop, "BAL").await;
        for address in [
            format!("/products/{other}/pictures/{picture}"),
            format!("/products/{id}/pictures/{}", PictureId::new(shop.now(), &SeededEntropy::new(9))),
            format!("/products/{id}/pictures/..%2f..%2fetc%2fpasswd"),
            format!("/products/x/pictures/{picture}"),
        ] {
            assert_eq!(visitor.get(&address).await.status, StatusCode::NOT_FOUND, "{address}");
        }
    }

    /// ASVS 5.2.1, 5.2.2.
    async fn what_is_wrong_with_a_file_stands_on_the_product_s_page(shop) {
        let (id, _) = product(&shop, "CAN").await;
        let visitor = Visitor::comes(&shop).await;
        let path = format!("/products/{id}/pictures");
        let good = png(1);
        let page = b"<!doctype html><script>alert(1)</script>".as_slice();
        let refused = visitor.hands_in(&path, &visitor.csrf, &[("boa.png", &good), ("<b>mal.jpg", page)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("&#60;b&#62;mal.jpg: ") && refused.text.contains("Nenhuma foto foi guardada"), "{}", refused.text);
        let nothing = visitor.hands_in(&path, &visitor.csrf, &[("", b"")]).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        let long = vec![0; web::server::MAX_UPLOAD_BYTES];
        let long = visitor.hands_in(&path, &visitor.csrf, &[("a.png", &long)]).await;
        assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(long.text.contains("40 MB"), "{}", long.text);
        let forged = visitor.hands_in(&path, "forged", &[("a.png", &good)]).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN);
        let fields = [("csrf", visitor.csrf.as_str())];
        let no_files = ask(&visitor.router, Method::POST, &path, &visitor.cookie, form(&fields)).await;
        assert_eq!(no_files.status, StatusCode::FORBIDDEN, "a form of another kind has no token that is read");
        for strange in ["nothing", "prd_00000000000000000000000000"] {
            let path = format!("/products/{strange}/pictures");
            let missing = visitor.hands_in(&path, &visitor.csrf, &[("a.png", &good)]).await;
            assert_eq!(missing.status, StatusCode::NOT_FOUND, "{strange}");
        }
        assert_eq!(shop.number("SELECT COUNT(*) FROM product_picture").await, 0);
    }
}
