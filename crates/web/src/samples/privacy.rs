use super::{Reader, Rendered, add};
use crate::Nav;
use crate::pages::privacy::PrivacyPage;

impl Reader {
    pub(super) fn privacy(&self, pages: &mut Vec<Rendered>) {
        let page = |since, buyers| PrivacyPage { chrome: self.chrome(Nav::Privacy), since, buyers };
        add(pages, "privacy", &page(Some(Self::ago(60 * 24 * 12)), 1_284));
        add(pages, "privacy-off", &page(None, 0));
    }
}
