//! Fees, rules and prices, as a browser presses them.

use super::*;

/// A form that is sent, whatever becomes of it.
async fn sent(visitor: &Visitor<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form(&[fields, &[("csrf", visitor.csrf.as_str())]].concat());
    ask(&visitor.router, Method::POST, path, &visitor.cookie, body).await
}

/// Types fees, makes a rule, and changes a price that looks like a slip.
pub(super) async fn are_pressed(visitor: &mut Visitor<'_>) {
    let shop = visitor.shop;
    let listings = shop.listings().await;
    let listing = listings.iter().find(|it| it.sku.is_some() && it.price.is_some()).expect("one for sale");
    let path = format!("/prices/{}", listing.connection);

    let wrong = [("from-0", "5"), ("commission-0", "140"), ("fixed-0", "1.234")];
    let refused = sent(visitor, &format!("{path}/fees"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    assert!(refused.text.contains("id=\"commission-0-error\""), "it is told by its cell: {}", refused.text);
    let past = [("commission-0", "10"), ("day", "2001-01-01")];
    let refused = sent(visitor, &format!("{path}/fees"), &past).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fees = [("commission-0", "10"), ("fixed-0", "4,00"), ("from-1", "50"), ("commission-1", "6")];
    visitor.press("/prices/{id}/fees", &format!("{path}/fees"), &fees, Some("price.fees_kept")).await;

    let refused = sent(visitor, &format!("{path}/rule"), &[("kind", "price"), ("goal", "x")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let rule = [("do", "save"), ("kind", "price"), ("goal", "20"), ("ending", "c90"), ("floor", "1")];
    let route = "/prices/{id}/rule";
    visitor.press(route, &format!("{path}/rule"), &rule, Some("price.rule_kept")).await;
    let page = visitor.get(&path).await.text;
    assert!(page.contains("value=\"20,00\""), "the rule stands in its form: {page}");

    let field = format!("price-{}", listing.id);
    let picked = listing.id.to_string();
    let (list, route) = (format!("{path}/listings"), "/prices/{id}/listings");
    let low = [("pick", picked.as_str()), (field.as_str(), "0,50")];
    let refused = sent(visitor, &list, &low).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "below the floor: {}", refused.text);
    let odd = [("pick", picked.as_str()), (field.as_str(), "99999")];
    let staged = visitor.press(route, &list, &odd, Some("price.changes_staged")).await;
    let to = staged.location().to_owned();
    let route = "/prices/changes/{id}";
    visitor.press(route, &to, &[("do", "agree")], Some("price.changes_agreed")).await;
    let again = sent(visitor, &to, &[("do", "agree")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "there is nothing left to decide");
    shop.run_until_idle().await;
    let kept = shop.listings().await.into_iter().find(|it| it.id == listing.id).and_then(|it| it.price);
    assert_eq!(kept, listing.price, "nobody said that the odd one was meant");
}
