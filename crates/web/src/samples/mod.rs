//! One believable shop on every page: what tests render, what the preview shows.

mod account;
mod backups;
mod centre;
mod connections;
mod desk;
mod drafts;
mod keys;
mod leaving;
mod members;
mod money;
mod money_view;
mod orders;
mod prices;
mod privacy;
mod products;
mod proposals;
mod returns;
mod security;
mod sheets;
mod stock;
mod trouble;

use std::time::Duration;

use askama::Template;
use domain::{Access, ChannelKind, ConnectionId, Currency, Money, SeededEntropy, Timestamp};

use crate::{Chrome, Flash, Lang, Nav, OwnerNotice, SignedIn, Theme, Tone};

/// A page with sample data: its name and its HTML, or why it would not render.
pub type Rendered = (&'static str, Result<String, askama::Error>);

/// The instant the samples live at: a Sunday afternoon in São Paulo.
const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);

/// Every page with every sample, for a reader of `lang` and `theme`.
#[must_use]
pub fn all(lang: Lang, theme: Theme) -> Vec<Rendered> {
    let reader = Reader { lang, theme, entropy: SeededEntropy::new(7) };
    let mut pages = Vec::new();
    reader.account(&mut pages);
    reader.orders(&mut pages);
    reader.products(&mut pages);
    reader.sheets(&mut pages);
    reader.drafts(&mut pages);
    reader.returns(&mut pages);
    reader.prices(&mut pages);
    reader.stock(&mut pages);
    reader.proposals(&mut pages);
    reader.connections(&mut pages);
    reader.trouble(&mut pages);
    reader.all_differences(&mut pages);
    reader.earnings(&mut pages);
    reader.desk(&mut pages);
    reader.members(&mut pages);
    reader.privacy(&mut pages);
    reader.centre(&mut pages);
    reader.security(&mut pages);
    reader.backups(&mut pages);
    reader.keys(&mut pages);
    reader.leaving(&mut pages);
    pages
}

/// What a page has around it, for tests of what goes beside pages.
#[cfg(test)]
pub(crate) fn chrome_of_tests(lang: Lang) -> Chrome {
    Reader { lang, theme: Theme::Auto, entropy: SeededEntropy::new(7) }.chrome(Nav::Money)
}

struct Reader {
    lang: Lang,
    theme: Theme,
    entropy: SeededEntropy,
}

impl Reader {
    fn gate(&self, path: &str) -> Chrome {
        Chrome {
            lang: self.lang,
            theme: self.theme,
            now: NOW,
            csrf: "sample".to_owned(),
            path: path.to_owned(),
            nav: None,
            member: None,
            flash: None,
        }
    }

    fn chrome(&self, nav: Nav) -> Chrome {
        Chrome {
            nav: Some(nav),
            member: Some(SignedIn {
                organization: "Casa Verde Utilidades".to_owned(),
                email: "ana@casaverde.example".to_owned(),
                granted: Access::all().collect(),
                problem_count: 41,
                disk_full: nav == Nav::Problems,
                security_notices: 2,
                owner_notices: if nav == Nav::Skus { self.owner_notices() } else { Vec::new() },
            }),
            ..self.gate(&format!("/{}", nav.as_str()))
        }
    }

    /// An account that stands still, and one that soon will.
    fn owner_notices(&self) -> Vec<OwnerNotice> {
        let notice = |channel, account: &str, ends_at| OwnerNotice {
            connection: ConnectionId::new(NOW, &self.entropy),
            channel,
            account: account.to_owned(),
            ends_at,
        };
        vec![
            notice(ChannelKind::TikTokShop, "Casa Verde", None),
            notice(ChannelKind::Shopee, "casaverde.oficial", Some(Self::ahead(9 * 24 * 60))),
        ]
    }

    fn flash(&self, nav: Nav, tone: Tone, key: &str) -> Chrome {
        let chrome = self.chrome(nav);
        let text = chrome.t(key).to_owned();
        Chrome { flash: Some(Flash { tone, text }), ..chrome }
    }

    fn ago(minutes: u64) -> Timestamp {
        NOW.minus(Duration::from_mins(minutes))
    }

    fn ahead(minutes: u64) -> Timestamp {
        NOW.plus(Duration::from_mins(minutes))
    }
}

const fn brl(minor: i64) -> Money {
    Money::new(minor, Currency::Brl)
}

fn add(pages: &mut Vec<Rendered>, name: &'static str, page: &impl Template) {
    pages.push((name, page.render()));
}
