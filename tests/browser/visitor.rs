//! A person at the browser: reads, presses and fills by the words on the page.

use std::time::Duration;

use domain::Clock as _;
use serde_json::{Value, json};
use tests::bench::stage::SystemClock;
use web::{Lang, i18n};

use crate::browser::{Browser, Element, Refused, Result};
use crate::shop::EMAIL;

/// The longest wait for something to appear: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at the page.
const LOOK_EVERY: Duration = Duration::from_millis(40);
const FIND: &str = include_str!("find.js");

/// A person with one browser, reading one language.
#[derive(Debug)]
pub(crate) struct Visitor {
    browser: Browser,
    url: String,
    lang: Lang,
}

impl Visitor {
    pub(crate) fn new(browser: Browser, url: &str, lang: Lang) -> Self {
        Self { browser, url: url.to_owned(), lang }
    }

    /// The browser itself.
    pub(crate) const fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The language read.
    pub(crate) const fn lang(&self) -> Lang {
        self.lang
    }

    /// A text of the house in the visitor's language.
    pub(crate) fn word(&self, key: &str) -> &'static str {
        let text = i18n::text(self.lang, key);
        assert_ne!(text, i18n::MISSING, "there is no text {key}");
        text
    }

    /// Opens a page of the shop.
    pub(crate) async fn opens(&self, path: &str) {
        self.goes_to(&format!("{}{path}", self.url)).await;
    }

    /// Goes to an address.
    pub(crate) async fn goes_to(&self, url: &str) {
        self.browser.go(url).await.expect("the page loads");
    }

    /// Holds a session that began elsewhere.
    pub(crate) async fn comes_back_with(&self, session: &str) {
        // A cookie needs a page of its site.
        self.opens("/sign-in").await;
        self.browser.keep_cookie("session", session).await.expect("the cookie is taken");
    }

    /// Opens the menu of the signed-in person.
    pub(crate) async fn opens_the_menu(&self) {
        self.presses_at("", EMAIL).await;
    }

    /// Chooses a language in the open menu, whatever language the page is in.
    pub(crate) async fn chooses_language(&self, lang: Lang) {
        let find = "const list = document.getElementById('lang'); \
                    return [[...list.options].find((option) => option.value === arguments[0]), list.form.querySelector('button')]";
        let found = self.script(find, &json!([lang.tag()])).await;
        for part in 0..2 {
            let element = Element::of(&found[part]).expect("the menu has its list and its button");
            self.browser.click(&element).await.expect("it is pressed");
        }
    }

    /// Signs out as a session does that ran out.
    pub(crate) async fn forgets_the_session(&self) {
        self.browser.forget_cookies().await.expect("cookies are forgotten");
    }

    /// Presses the link or button that says the text of `key`.
    pub(crate) async fn presses(&self, key: &str) {
        self.presses_at("", self.word(key)).await;
    }

    /// Presses what says `name`, in the row or part of the page where `within` is read.
    pub(crate) async fn presses_at(&self, within: &str, name: &str) {
        let element = self.finds("press", name, within).await;
        self.browser
            .click(&element)
            .await
            .unwrap_or_else(|refused| panic!("“{name}” is pressed: {refused:?}"));
    }

    /// Fills the field labelled with the text of `key`.
    pub(crate) async fn fills(&self, key: &str, text: &str) {
        self.fills_at("", self.word(key), text).await;
    }

    /// Fills the field that `label` names, in the part of the page where `within` is read.
    pub(crate) async fn fills_at(&self, within: &str, label: &str, text: &str) {
        let field = self.finds("field", label, within).await;
        self.browser
            .type_into(&field, text)
            .await
            .unwrap_or_else(|why| panic!("“{label}” is filled: {why:?}"));
    }

    async fn finds(&self, kind: &str, name: &str, within: &str) -> Element {
        let what = if within.is_empty() {
            format!("“{name}”")
        } else {
            format!("“{name}” at “{within}”")
        };
        self.until(&what, async || {
            let found = self.browser.script(FIND, &json!([kind, name, within])).await?;
            Ok(Element::of(&found))
        })
        .await
    }

    /// The field labelled with the text of `key` holds a text.
    pub(crate) async fn holds(&self, key: &str, text: &str) {
        let field = self.finds("field", self.word(key), "").await;
        let value = self.script("return arguments[0].value", &json!([field.handle()])).await;
        assert_eq!(value, text, "what “{}” holds", self.word(key));
    }

    /// Waits until the page shows a text.
    pub(crate) async fn sees(&self, text: &str) {
        let script =
            "return document.body.innerText.replace(/\\s+/g, ' ').toLowerCase().includes(arguments[0])";
        let wanted = text.to_lowercase();
        self.until(&format!("“{text}”"), async || {
            let seen = self.browser.script(script, &json!([wanted])).await?;
            Ok((seen == Value::Bool(true)).then_some(()))
        })
        .await;
    }

    /// Waits until the page shows the text of `key`.
    pub(crate) async fn reads(&self, key: &str) {
        self.sees(self.word(key)).await;
    }

    /// Waits until the page at this path, or below it, is shown; gives its whole address.
    pub(crate) async fn arrives_at(&self, path: &str) -> String {
        let begin = format!("{}{path}", self.url);
        self.until(path, async || Ok(Some(self.browser.url().await?).filter(|url| url.starts_with(&begin))))
            .await
    }

    /// Waits until the page's heading says `heading`.
    pub(crate) async fn is_headed(&self, heading: &str) {
        self.until(&format!("the heading “{heading}”"), async || {
            let said = self
                .browser
                .script("return document.querySelector('h1')?.innerText.trim()", &json!([]))
                .await?;
            Ok((said == heading).then_some(()))
        })
        .await;
    }

    /// Waits until a script returns something true; gives what it returns.
    pub(crate) async fn waits_for(&self, what: &str, script: &str, arguments: &Value) -> Value {
        self.until(what, async || {
            let said = self.browser.script(script, arguments).await?;
            Ok(Some(said).filter(|said| !matches!(said, Value::Null | Value::Bool(false))))
        })
        .await
    }

    /// What a script returns now.
    pub(crate) async fn script(&self, script: &str, arguments: &Value) -> Value {
        self.browser.script(script, arguments).await.expect("the script runs")
    }

    /// Waits until the page is in a language.
    pub(crate) async fn is_spoken_to_in(&self, lang: Lang) {
        let look = async || {
            let spoken = self.browser.script("return document.documentElement.lang", &json!([])).await?;
            Ok((spoken == lang.tag()).then_some(()))
        };
        self.until(lang.tag(), look).await;
    }

    /// Looks until something is there. A page on its way to the next one refuses; that is
    /// no answer.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> T {
        let end = SystemClock.now().plus(PATIENCE);
        let mut last = Refused(String::new());
        while SystemClock.now() < end {
            match look().await {
                Ok(Some(found)) => return found,
                Ok(None) => {}
                Err(refused) => last = refused,
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let url = self.browser.url().await;
        let text = self.browser.script("return document.body.innerText", &json!([])).await;
        panic!("never came: {what}\nat {url:?}, last {last:?}\n{}", text.unwrap_or_default());
    }

    /// Holds everything since the last such look against the rule: nothing in the console,
    /// no answer that refuses.
    pub(crate) async fn nothing_went_wrong(&self) {
        let trouble = self.trouble().await;
        assert!(trouble.is_empty(), "the browser complains:\n{}", trouble.join("\n"));
    }

    /// Holds everything since the last such look against the rule, but for one page that
    /// was answered with `status`.
    pub(crate) async fn was_refused(&self, status: u16) {
        let trouble = self.trouble().await;
        let answer = format!("{status} ");
        let (expected, other): (Vec<String>, Vec<String>) = trouble
            .into_iter()
            .partition(|line| line.starts_with(&answer) || line.contains(&format!("status of {status}")));
        assert!(other.is_empty(), "the browser complains:\n{}", other.join("\n"));
        assert!(!expected.is_empty(), "nothing was answered with {status}");
    }

    /// What the console said and what was refused since the last such look.
    pub(crate) async fn trouble(&self) -> Vec<String> {
        let mut trouble = Vec::new();
        // What the marketplace's own pages do is not ours to mend.
        let elsewhere = |text: &str| text.starts_with("http://") && !text.starts_with(&self.url);
        for entry in self.browser.log("browser").await.expect("the browser keeps a log") {
            let (level, said) = (&entry["level"], entry["message"].as_str().unwrap_or_default());
            if (level == "WARNING" || level == "SEVERE") && !elsewhere(said) {
                trouble.push(format!("console: {level} {said}"));
            }
        }
        for entry in self.browser.log("performance").await.expect("the browser keeps a log") {
            let event: Value = entry["message"]
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            let (method, said) = (&event["message"]["method"], &event["message"]["params"]);
            let status = said["response"]["status"].as_i64().unwrap_or_default();
            let url = said["response"]["url"].as_str().unwrap_or_default();
            if method == "Network.responseReceived" && status >= 400 && !elsewhere(url) {
                trouble.push(format!("{status} {url}"));
            }
        }
        trouble
    }
}
