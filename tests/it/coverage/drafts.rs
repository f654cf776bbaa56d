//! Drafts and publishing, as a browser presses them.

use super::*;
use crate::drafts::{complete, product};

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
    complete(shop, product, account).await;
    let to = account.to_string();
    let route = "/products/{id}/publish";
    visitor.press(route, &format!("{all}/publish"), &[("to", &to)], Some("draft.publish_asked")).await;
    shop.run_until_idle().await;
    let page = visitor.get(&format!("{all}/drafts")).await.text;
    assert!(page.contains("href=\"/listings?text=MLB"), "the listing is shown: {page}");
}
