//! Members, what they are granted, reviews, and a buyer's address.

use domain::Access;

use super::{Method, PASSWORD, StatusCode, Visitor, ask, form};

/// What of a text stands between two marks.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split(before).nth(1).and_then(|rest| rest.split(after).next()).expect("it stands on the page")
}

/// Invites somebody, who joins. Returns the member's page.
async fn somebody_joins(visitor: &mut Visitor<'_>) -> String {
    let email = "bia@loja.example";
    let wish = [("email", email), ("role", "dispatch"), ("reason", "equipe")];
    let invite = ("/members/invite", Some("member.invited"));
    visitor.press(invite.0, invite.0, &wish, invite.1).await;
    let page = visitor.get("/members").await.text;
    let withdraw = format!("/members/invitations/{}/withdraw", between(&page, "/members/invitations/", "/"));
    let gone = Some("member.invitation_withdrawn");
    visitor.press("/members/invitations/{id}/withdraw", &withdraw, &[], gone).await;
    let page = visitor.press(invite.0, invite.0, &wish, invite.1).await.text;
    let link = format!("/join/{}", between(&page, "/join/", "<"));
    let mut bia = Visitor::at_the_door(visitor.shop);
    bia.press("/join/{token}", &link, &[("password", PASSWORD)], Some("member.joined")).await;
    visitor.pressed.append(&mut bia.pressed);
    let page = visitor.get("/members").await.text;
    let row = page.split("<tr>").find(|row| row.contains(email)).expect("her row");
    format!("/members/{}", between(row, "href=\"/members/", "\""))
}

/// A reason that is too long is refused, and stands in its field again.
async fn nothing_typed_is_lost(visitor: &Visitor<'_>, path: &str, field: &str) {
    let long = "perdeu o celular ".repeat(20);
    let fields = form(&[(field, long.as_str()), ("csrf", &visitor.csrf)]);
    let refused = ask(&visitor.router, Method::POST, path, &visitor.cookie, fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let again = format!("name=\"{field}\" type=\"text\" value=\"{}", long.trim_end());
    assert!(refused.text.contains(&again), "{}", refused.text);
}

pub(super) async fn are_pressed(visitor: &mut Visitor<'_>) {
    let shop = visitor.shop;
    visitor.open("/members", "member.listed").await;
    let bia = somebody_joins(visitor).await;
    let given = [("access", "support"), ("reason", "atendimento"), ("days", "")];
    visitor.press("/members/{id}/grant", &format!("{bia}/grant"), &given, Some("access.granted")).await;
    let page = visitor.get(&bia).await.text;
    let end = between(&page, &format!("action=\"{bia}/end/"), "\"").to_owned();
    let why = [("reason", "mudou de equipe")];
    visitor.press("/members/{id}/end/{grant}", &format!("{bia}/end/{end}"), &why, Some("access.ended")).await;

    let review = "/members/review";
    visitor.press(review, review, &[], Some("access_review.opened")).await;
    let page = visitor.get(review).await.text;
    let decide = format!("{review}/{}", between(&page, "action=\"/members/review/", "\""));
    let keep = [("decision", "keep")];
    visitor.press("/members/review/{grant}", &decide, &keep, Some("access_review.decided")).await;
    nothing_typed_is_lost(visitor, &format!("{bia}/sign-out"), "sign-out-reason").await;
    nothing_typed_is_lost(visitor, &format!("{bia}/leave"), "leave-reason").await;
    nothing_typed_is_lost(visitor, "/members/sign-out", "sign-out-reason").await;
    let why = [("sign-out-reason", "perdeu o celular")];
    let ended = Some("session.ended");
    visitor.press("/members/{id}/sign-out", &format!("{bia}/sign-out"), &why, ended).await;
    visitor.press("/members/sign-out", "/members/sign-out", &why, ended).await;
    let leaving = [("leave-reason", "saiu da empresa")];
    visitor.press("/members/{id}/leave", &format!("{bia}/leave"), &leaving, Some("member.left")).await;

    // The owner is alone again, and so grants herself what the next two ask for.
    let own = format!("/members/{}/grant", shop.member);
    for access in [Access::BuyerData, Access::BreakGlass] {
        let wish = [("access", access.as_str()), ("reason", "etiquetas"), ("days", "7")];
        visitor.press("/members/{id}/grant", &own, &wish, Some("access.granted")).await;
    }
    let order = shop.texts("SELECT external_id FROM orders ORDER BY id DESC").await.swap_remove(0);
    let order = shop.order(&order).await.expect("an order").id;
    let path = format!("/orders/{order}/recipient");
    let purpose = [("purpose", "dispatch")];
    visitor.press("/orders/{id}/recipient", &path, &purpose, Some("recipient.revealed")).await;

    let wish = [("name", "planilha"), ("scope", "see_orders"), ("days", "30")];
    let keys = "/security/api-keys";
    visitor.press(keys, keys, &wish, Some("api_key.made")).await;
    let page = visitor.get(keys).await.text;
    let end = format!("{keys}/{}/end", between(&page, "action=\"/security/api-keys/", "/"));
    visitor.press("/security/api-keys/{id}/end", &end, &[], Some("api_key.ended")).await;

    // By a password the glass does not break: the specification of access breaks it.
    let fields = form(&[("reason", "banco fora do ar"), ("csrf", &visitor.csrf)]);
    let kept = ask(&visitor.router, Method::POST, "/security/break-glass", &visitor.cookie, fields).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", kept.text);
    visitor.pressed.insert("/security/break-glass");
}
