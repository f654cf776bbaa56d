//! Drafts and publishing, as a browser presses them.

use super::*;
use crate::drafts::{complete, product, product_of};

/// A form that is sent, whatever becomes of it.
async fn sent(visitor: &Visitor<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form(&[fields, &[("csrf", visitor.csrf.as_str())]].concat());
    ask(&visitor.router, Method::POST, path, &visitor.cookie, body).await
}

/// Chooses a category, saves what is typed, and publishes.
pub(super) async fn are_pressed(visitor: &mut Visitor<'_>) {
    let shop = visitor.shop;
    let product = product(shop).await;
    let connections = shop.see(|tenant| tenant.connections()).await;
    let account =
        connections.iter().find(|it| it.state == domain::ConnectionState::Active).expect("an account").id;
    let (path, all) = (format!("/products/{product}/drafts/{account}"), format!("/products/{product}"));
    let page = visitor.get(&format!("{path}/category")).await.text;
    let category = page.split("name=\"category\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let category = category.expect("the marketplace proposes one").to_owned();
    let (route, to) = ("/products/{id}/drafts/{connection}/category", format!("{path}/category"));
    visitor.press(route, &to, &[("category", &category)], Some("draft.created")).await;
    let refused = sent(visitor, &to, &[("category", "MLB0")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let typed = [
        ("version", "1"),
        ("title", "Garrafa Térmica Inox"),
        ("price", "1.234"),
        ("cells", "attr-X"),
        ("attr-X", "x"),
    ];
    let route = "/products/{id}/drafts/{connection}";
    visitor.press(route, &path, &typed, Some("draft.changed")).await;
    let page = visitor.get(&path).await.text;
    assert!(
        page.contains("value=\"1.234\"") && page.contains("value=\"Garrafa Térmica Inox\""),
        "nothing typed is lost"
    );
    let late = sent(visitor, &path, &[("version", "1"), ("title", "Outra")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("value=\"Outra\""), "nor what came late");
    it_keeps_itself(visitor, &path).await;
    complete(shop, product, account).await;
    let to = account.to_string();
    let route = "/products/{id}/publish";
    visitor.press(route, &format!("{all}/publish"), &[("to", &to)], Some("draft.publish_asked")).await;
    shop.run_until_idle().await;
    let page = visitor.get(&format!("{all}/drafts")).await.text;
    assert!(page.contains("href=\"/listings?text=MLB"), "the listing is shown: {page}");
    several_are_pressed(visitor, account).await;
}

/// What the page sends by itself while somebody types, and what is shown without being kept.
async fn it_keeps_itself(visitor: &mut Visitor<'_>, path: &str) {
    let shown = sent(visitor, path, &[("do", "preview"), ("version", "2"), ("title", "Só para ver")]).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.text.contains("<p class=\"strong\">Só para ver</p>"), "as a buyer sees it: {}", shown.text);
    assert!(shown.text.contains("data-unsaved"), "and its page knows: {}", shown.text);
    assert!(!visitor.get(path).await.text.contains("Só para ver"), "it was only shown");

    let of_version =
        |text: &str, version: &str| text.contains(&format!("name=\"version\" value=\"{version}\""));
    let kept =
        sent(visitor, path, &[("do", "keep"), ("version", "2"), ("title", "Garrafa que se guarda")]).await;
    assert_eq!(kept.status, StatusCode::OK);
    assert!(of_version(&kept.text, "3") && !kept.text.contains("data-unsaved"), "{}", kept.text);
    assert!(visitor.get(path).await.text.contains("value=\"Garrafa que se guarda\""));
    let again =
        sent(visitor, path, &[("do", "keep"), ("version", "3"), ("title", "Garrafa que se guarda")]).await;
    assert!(
        again.status == StatusCode::OK && of_version(&again.text, "3"),
        "nothing changed: {}",
        again.text
    );
    let late = sent(visitor, path, &[("do", "keep"), ("version", "2"), ("title", "Tarde")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let long = "x".repeat(domain::draft::MAX_TITLE_CHARS + 1);
    let refused = sent(visitor, path, &[("do", "keep"), ("version", "3"), ("title", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        visitor.get(path).await.text.contains("value=\"Garrafa que se guarda\""),
        "neither took its place"
    );
}

/// Publishes several at once: bad input first.
async fn several_are_pressed(visitor: &mut Visitor<'_>, account: domain::ConnectionId) {
    let route = "/products/publish";
    let (ready, missing) = (
        product_of(visitor.shop, "COP").await.to_string(),
        product_of(visitor.shop, "JAR").await.to_string(),
    );
    complete(visitor.shop, ready.parse().expect("an id"), account).await;
    let to = account.to_string();
    let nothing = visitor.get(route).await;
    assert_eq!((nothing.status, nothing.location()), (StatusCode::SEE_OTHER, "/products"));
    let nothing = sent(visitor, route, &[("to", &to)]).await;
    assert_eq!((nothing.status, nothing.location()), (StatusCode::SEE_OTHER, "/products"));
    let nowhere = sent(visitor, route, &[("product", &ready)]).await;
    assert_eq!(nowhere.location(), format!("{route}?product={ready}"));
    let too_many = vec![("product", ready.as_str()); app::publish::MAX_PRODUCTS + 1];
    let accounts = vec![("to", to.as_str()); app::publish::MAX_ACCOUNTS + 1];
    let nonsense = ("product", "prd_nonsense");
    for bad in [too_many, [&[("product", ready.as_str())][..], &accounts].concat(), vec![nonsense]] {
        assert_eq!(sent(visitor, route, &bad).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(visitor.get(&format!("{route}?{}", form(&bad))).await.status, StatusCode::BAD_REQUEST);
    }
    let unknown = domain::ProductId::new(visitor.shop.now(), visitor.shop.app().entropy()).to_string();
    let fields = [("product", ready.as_str()), ("product", unknown.as_str()), ("to", to.as_str())];
    assert_eq!(sent(visitor, route, &fields).await.status, StatusCode::NOT_FOUND);

    let fields = [("product", ready.as_str()), ("product", missing.as_str()), ("to", to.as_str())];
    let answer = visitor.press(route, route, &fields, Some("draft.publish_asked")).await;
    let result = answer.location().to_owned();
    let page = visitor.get(&result).await.text;
    assert!(page.contains("id=\"places\" data-poll>"), "it looks again by itself: {page}");
    assert!(page.contains("Sem rascunho"), "what was left out is named: {page}");
    visitor.shop.run_until_idle().await;
    let page = visitor.get(&result).await.text;
    assert!(page.contains("href=\"/listings?text=MLB") && !page.contains("data-poll>"), "{page}");
    assert!(page.contains("Sem rascunho"), "what was left out is named: {page}");
}
