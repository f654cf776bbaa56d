//! The shop is closed: what is typed wrong is refused in words, and each button leaves its event.

use tests::shop::SHOP;
use web::Lang;

use super::{Method, StatusCode, Visitor, ask, form};

const PAGE: &str = "/privacy/leaving";

/// What is refused says what to do, and what was typed stands in its field again. The visitor has chosen
/// English before.
async fn wrong_wishes_are_refused(visitor: &Visitor<'_>) {
    let long = "fechamos ".repeat(60);
    for (name, reason, key) in [
        ("Outra loja", "fechamos", "leaving-error-name"),
        ("", "fechamos", "leaving-error-name"),
        (SHOP, "", "leaving-error-reason"),
        (SHOP, long.trim(), "leaving-error-reason"),
    ] {
        let fields = form(&[("name", name), ("reason", reason), ("csrf", &visitor.csrf)]);
        let refused = ask(&visitor.router, Method::POST, PAGE, &visitor.cookie, fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{key}");
        assert!(refused.text.contains(web::i18n::text(Lang::En, key)), "{}", refused.text);
        assert!(refused.text.contains(&format!("name=\"reason\" type=\"text\" value=\"{reason}\"")), "{key}");
    }
}

pub(super) async fn is_pressed(visitor: &mut Visitor<'_>) {
    wrong_wishes_are_refused(visitor).await;
    let wish = [("name", SHOP), ("reason", "fechamos")];
    let told = Some("organization.leaving");
    visitor.press(PAGE, PAGE, &wish, told).await;
    let page = visitor.get(PAGE).await.text;
    assert!(page.contains(web::i18n::text(Lang::En, "leaving-stay")), "{page}");
    assert!(!page.contains("name=\"reason\""), "nobody asks twice");
    visitor.press("/privacy/leaving/stay", "/privacy/leaving/stay", &[], told).await;
    let copied = Some("organization.copied");
    let zip = visitor.press("/privacy/leaving/copy", "/privacy/leaving/copy", &[], copied).await;
    let header = |name: &str| zip.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(header("content-type"), "application/zip");
    assert!(header("content-disposition").starts_with("attachment; filename=\"lojista-2026-"));
    assert!(
        zip.text.starts_with("PK") && zip.text.contains("README.txt") && zip.text.contains("manifest.json")
    );
}
