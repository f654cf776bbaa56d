//! The house as people meet it: a real Chromium, the real server, the sandbox as the
//! marketplace. Main tasks in three languages; every page without a finding of axe-core,
//! without a word in the console, without a refused request.
//!
//! `LOJISTA_BROWSER_PICTURES=folder` keeps a picture of every page that is looked at.

/// Makes a test of each specification in every language: `name::pt_br`, `name::es`, `name::en`.
macro_rules! in_every_language {
    ($($(#[$doc:meta])* async fn $name:ident($visitor:ident, $shop:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn specification($visitor: &crate::visitor::Visitor, $shop: &crate::shop::Shop) $body

            #[test]
            fn pt_br() {
                crate::shop::play(web::Lang::PtBr, specification);
            }

            #[test]
            fn es() {
                crate::shop::play(web::Lang::Es, specification);
            }

            #[test]
            fn en() {
                crate::shop::play(web::Lang::En, specification);
            }
        }
    )*};
}

/// Makes one test of each specification, where the language makes no difference.
macro_rules! in_one_language {
    ($($(#[$doc:meta])* async fn $name:ident($visitor:ident, $shop:ident) $body:block)*) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            crate::shop::play(web::Lang::PtBr, async |$visitor, $shop| $body);
        }
    )*};
}

mod access;
mod axe;
mod backups;
mod browser;
mod catalogue;
mod coming_in;
mod connecting;
mod every_page;
mod look;
mod newcomer;
mod orders;
mod orders_list;
mod pictures;
mod privacy;
mod problems;
mod publishing;
mod shop;
mod sign_in;
mod stock;
mod visitor;
