//! Every page with every sample in every language, held against the house's rules.

mod html;
mod words;

use std::collections::BTreeSet;

use html::{Tag, tags};

use crate::{Lang, Theme, assets, i18n, samples};

struct Page {
    name: String,
    html: String,
    tags: Vec<Tag>,
}

impl Page {
    /// A part is swapped into a page; it has no head of its own.
    fn is_part(&self) -> bool {
        self.name.contains(" part-")
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &Tag> {
        self.tags.iter().filter(move |tag| tag.is(name))
    }

    fn ids(&self) -> Vec<&str> {
        self.tags.iter().filter_map(|tag| tag.get("id")).collect()
    }
}

fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for lang in Lang::ALL {
        for (name, rendered) in samples::all(lang, Theme::Auto) {
            let name = format!("{} {name}", lang.tag());
            let html = rendered.unwrap_or_else(|error| panic!("{name}: {error}"));
            let tags = tags(&html).unwrap_or_else(|error| panic!("{name}: {error}"));
            pages.push(Page { name, html, tags });
        }
    }
    pages
}

#[test]
fn no_page_lacks_a_text() {
    for page in pages() {
        assert!(!page.html.contains(i18n::MISSING), "{}", page.name);
    }
}

#[test]
fn every_page_has_one_heading_one_main_and_a_language() {
    for page in pages().iter().filter(|page| !page.is_part()) {
        assert_eq!(page.all("h1").count(), 1, "{}", page.name);
        assert_eq!(page.all("main").count(), 1, "{}", page.name);
        let lang = page.all("html").find_map(|tag| tag.get("lang"));
        assert!(page.name.starts_with(lang.unwrap()), "{}", page.name);
        assert!(!page.html.contains("<title> ·"), "{}", page.name);
    }
}

/// ASVS 3.2.2, 3.4.3.
#[test]
fn nothing_is_inline_that_the_content_security_policy_forbids() {
    for page in pages() {
        for tag in &page.tags {
            let handler = tag.attribute_names().find(|name| *name == "style" || name.starts_with("on"));
            assert_eq!(handler, None, "{} <{}>", page.name, tag.name);
            assert!(!tag.is("style"), "{}", page.name);
            assert!(!tag.is("script") || tag.get("src").is_some(), "{}", page.name);
        }
        assert!(!page.html.contains("javascript:"), "{}", page.name);
    }
}

#[test]
fn every_input_has_a_name_that_people_hear() {
    for page in pages() {
        let labelled: BTreeSet<&str> = page.all("label").filter_map(|label| label.get("for")).collect();
        for kind in ["input", "select", "textarea"] {
            for field in page.all(kind).filter(|field| field.get("type") != Some("hidden")) {
                let id = field.get("id").unwrap_or_default();
                assert!(labelled.contains(id), "{}: {field:?}", page.name);
            }
        }
        for label in labelled {
            assert!(page.ids().contains(&label), "{}: label for {label}", page.name);
        }
    }
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    for page in pages() {
        let ids = page.ids();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{}: {ids:?}", page.name);
        for tag in &page.tags {
            for reference in ["aria-describedby", "aria-labelledby", "list"] {
                for id in tag.get(reference).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(&id), "{}: {reference}={id}", page.name);
                }
            }
        }
    }
}

#[test]
fn a_wrong_field_is_linked_from_the_summary_and_tied_to_its_sentence() {
    let pages = pages();
    let page = pages.iter().find(|page| page.name == "pt-BR sign-in-refused").unwrap();
    let field = page.all("input").find(|input| input.get("id") == Some("email")).unwrap();
    assert_eq!(field.get("aria-invalid"), Some("true"));
    assert_eq!(field.get("aria-describedby").map(str::trim), Some("email-error"));
    assert!(page.all("a").any(|link| link.get("href") == Some("#email")));
    assert!(page.html.contains("<title>Erro: "));
}

/// ASVS 3.5.1.
#[test]
fn every_form_that_changes_something_carries_the_token() {
    for page in pages() {
        let posts = page.all("form").filter(|form| form.get("method") == Some("post")).count();
        let tokens = page.all("input").filter(|input| input.get("name") == Some("csrf")).count();
        assert_eq!(posts, tokens, "{}", page.name);
        for form in page.all("form") {
            assert!(matches!(form.get("method"), Some("get" | "post" | "dialog")), "{}", page.name);
        }
    }
}

#[test]
fn every_static_file_and_icon_that_a_page_names_exists() {
    let icons = include_str!("../../static/icons.svg");
    for page in pages() {
        let addresses = page.tags.iter().filter_map(|tag| tag.get("href").or(tag.get("src")));
        for address in addresses.filter(|address| address.starts_with("/static")) {
            let (path, symbol) = address.split_once('#').unwrap_or((address, ""));
            assert!(assets::find(path).is_some(), "{}: {address}", page.name);
            assert!(
                symbol.is_empty() || icons.contains(&format!("<symbol id=\"{symbol}\"")),
                "{}: {address}",
                page.name
            );
        }
        assert!(!page.html.contains("href=\"#\""), "{}", page.name);
    }
}

/// ASVS 1.2.1, 1.2.3.
#[test]
fn a_hostile_title_stays_text() {
    use crate::pages::problems::{ProblemGroup, ProblemItem, ProblemsPage};
    use askama::Template;
    use domain::{JobId, Problem, SeededEntropy, Timestamp};

    let chrome = crate::Chrome {
        lang: Lang::En,
        theme: Theme::Auto,
        now: Timestamp::EPOCH,
        csrf: "\"><script>".to_owned(),
        path: "/problems".to_owned(),
        nav: None,
        member: Some(crate::SignedIn {
            granted: domain::Access::all().collect(),
            organization: "<b>".to_owned(),
            email: "<i>".to_owned(),
            problem_count: 0,
            disk_full: false,
            owner_notices: Vec::new(),
            security_notices: 0,
        }),
        flash: None,
    };
    let item = ProblemItem {
        job: JobId::new(Timestamp::EPOCH, &SeededEntropy::new(1)),
        subject: "<script>alert(1)</script>".to_owned(),
        href: None,
        failed_at: Timestamp::EPOCH,
        attempts: 1,
        said: Some("<img src=x onerror=alert(1)>".to_owned()),
        exchange: None,
    };
    let group = ProblemGroup {
        problem: Problem::Refused,
        kind: "<u>".to_owned(),
        connection: None,
        count: 1,
        first_at: Timestamp::EPOCH,
        items: vec![item],
    };
    let html = ProblemsPage { chrome, groups: vec![group] }.render().unwrap();
    for hostile in ["<script>", "<b>", "<i>", "<u>", "<img src=x"] {
        assert!(!html.contains(hostile), "{hostile}");
    }
}

/// Uncompressed bytes; the promise is 12 KB and 60 KB after gzip, these are well under.
#[test]
fn styles_and_script_stay_small() {
    let size = |name| assets::all().iter().find(|asset| asset.name == name).unwrap().bytes.len();
    assert!(size("app.css") <= 24 * 1024, "{}", size("app.css"));
    assert!(size("app.js") <= 16 * 1024, "{}", size("app.js"));
    assert!(size("draft.js") <= 8 * 1024, "{}", size("draft.js"));
}

/// Relative luminance of `#rrggbb` (WCAG 2.2, definition of "relative luminance").
fn luminance(hex: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// A token's light and dark value.
fn token(name: &str) -> [&'static str; 2] {
    let css = include_str!("../../static/app.css");
    let (_, value) = css.split_once(&format!("--{name}: light-dark(")).unwrap();
    let (light, dark) = value.split_once(')').unwrap().0.split_once(", ").unwrap();
    [light, dark]
}

#[test]
fn every_ink_can_be_read_on_every_ground_in_light_and_dark() {
    for ink in ["ink", "ink-soft", "brand", "info", "good", "watch", "bad"] {
        for ground in ["paper", "sheet", "tint"] {
            for theme in 0..2 {
                let ratio = contrast(token(ink)[theme], token(ground)[theme]);
                assert!(ratio >= 4.5, "{ink} on {ground}, theme {theme}: {ratio:.2}");
            }
        }
    }
    for theme in 0..2 {
        assert!(contrast(token("on-brand")[theme], token("brand")[theme]) >= 4.5);
        assert!(contrast(token("paper")[theme], token("bad")[theme]) >= 4.5);
        assert!(contrast(token("edge")[theme], token("sheet")[theme]) >= 3.0);
    }
}

#[test]
fn contrast_is_computed_as_the_guidelines_do() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01);
}
