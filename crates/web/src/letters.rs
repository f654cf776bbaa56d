//! The words of letters that the program writes by itself.

use app::notices::{Told, Wording};

use crate::{Lang, format, i18n};

/// Where the way out of whatever a letter tells begins; whoever goes there signs in first.
const SECURITY: &str = "/security";

/// Words for what members are told of their own sign-in: those of their pages, in their language.
#[derive(Debug, Clone, Copy)]
pub struct Letters;

impl Wording for Letters {
    fn notice(&self, told: &Told<'_>) -> (String, String) {
        let lang = Lang::parse(told.language).unwrap_or_default();
        let what = i18n::text(lang, &format!("security-notice-{}", told.notice.as_str()));
        let device = if told.device.is_empty() {
            String::new()
        } else {
            i18n::t(lang, "mail-notice-device", &[("device", told.device)])
        };
        let subject = i18n::t(lang, "mail-notice-subject", &[("what", what)]);
        // Some notices end as a sentence does.
        let what = what.trim_end_matches('.');
        let args = [
            ("what", what),
            ("when", &format::exact(lang, told.at)),
            ("device", &device),
            ("address", &format!("{}{SECURITY}", told.public_url)),
            ("name", told.organization),
        ];
        (subject, text(lang, "mail-notice-text", &args))
    }
}

/// A letter's text: `||` parts its paragraphs.
pub(crate) fn text(lang: Lang, key: &str, args: &[(&str, &str)]) -> String {
    i18n::t(lang, key, args).replace("||", "\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::member::SecurityNotice;

    use super::*;

    #[test]
    fn every_notice_has_words_in_every_language_and_says_what_to_do() {
        for (language, lang) in [("pt-BR", Lang::PtBr), ("es", Lang::Es), ("en", Lang::En)] {
            for notice in SecurityNotice::ALL {
                let told = Told {
                    notice,
                    device: "Firefox, Android",
                    at: Timestamp::from_millis(1_767_623_400_000),
                    language,
                    organization: "Casa Verde",
                    public_url: "https://loja.example",
                };
                let (subject, text) = Letters.notice(&told);
                let what = i18n::find(lang, &format!("security-notice-{}", notice.as_str())).expect("words");
                let what = what.trim_end_matches('.');
                assert!(subject.contains(what) && text.contains(what), "{subject}\n{text}");
                assert!(!text.contains(['{', '}']) && !text.contains("||"), "{text}");
                for part in ["Firefox, Android", "https://loja.example/security", "Casa Verde"] {
                    assert!(text.contains(part), "{part}: {text}");
                }
                assert_eq!(subject.lines().count(), 1);
            }
        }
    }
}
