use app::proposals::Stale;
use domain::proposal::{CODE_PERCENT, GTIN_PERCENT, Proposal, Reason};
use domain::{ChannelKind, ListingId, SkuId};

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::Pager;
use crate::pages::proposals::{Gone, ProposalRow, ProposalsPage};

impl Reader {
    fn proposal(&self, code: &str, title: &str, percent: u8, reason: Reason) -> Proposal {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        Proposal {
            sku: SkuId::new(NOW, &self.entropy),
            code: code.to_owned(),
            title: title.to_owned(),
            percent,
            reason,
            met: words("Garrafa térmica inox"),
            missing: if reason == Reason::Words { words("alça esportiva") } else { Vec::new() },
        }
    }

    fn proposal_row(&self, number: &str, title: &str, proposals: Vec<Proposal>) -> ProposalRow {
        ProposalRow {
            id: ListingId::new(NOW, &self.entropy),
            number: number.to_owned(),
            title: title.to_owned(),
            channel: ChannelKind::MercadoLivre,
            connection: "Casa Verde".to_owned(),
            seller_sku: None,
            proposals,
            picked: None,
            stale: None,
        }
    }

    fn proposals_page(&self) -> ProposalsPage {
        let title = "Garrafa térmica inox 1 litro";
        let sure = vec![self.proposal("GAR-1L-INOX", title, GTIN_PERCENT, Reason::Gtin)];
        let by_code = self.proposal("GAR-1L-INOX", title, CODE_PERCENT, Reason::Code);
        let several = vec![
            by_code.clone(),
            self.proposal("GAR-1L-ESP", "Garrafa térmica inox com alça esportiva", 64, Reason::Words),
            self.proposal("GAR-ESP", "Garrafa térmica inox esportiva com alça e tampa", 41, Reason::Words),
        ];
        let named = ProposalRow {
            seller_sku: Some("gar 1l inox".to_owned()),
            picked: Some(by_code.sku),
            ..self.proposal_row("MLB4418820032", "Garrafa inox térmica 1 litro (Prata)", several)
        };
        ProposalsPage {
            chrome: self.chrome(Nav::Listings),
            rows: vec![
                self.proposal_row("MLB4418820031", "Garrafa térmica 1L aço inoxidável", sure),
                named,
                self.proposal_row("MLB4418820033", "Varal de chão dobrável", Vec::new()),
            ],
            gone: Vec::new(),
            after: String::new(),
            pager: Pager { newer: None, older: Some("/listings/proposals?after=x".to_owned()) },
        }
    }

    pub(super) fn proposals(&self, pages: &mut Vec<Rendered>) {
        add(pages, "listing-proposals", &self.proposals_page());
        let nothing = ProposalsPage { rows: Vec::new(), pager: Pager::default(), ..self.proposals_page() };
        add(pages, "listing-proposals-none", &nothing);
        let mut stale = self.proposals_page();
        stale.rows[0].stale = Some(Stale::Changed);
        stale.rows[2].stale = Some(Stale::Away);
        let gone = |number: &str, stale| Gone {
            number: number.to_owned(),
            title: "Caneca esmaltada".to_owned(),
            stale,
        };
        stale.gone = vec![gone("MLB4418820034", Stale::Linked), gone("MLB4418820035", Stale::Over)];
        add(pages, "listing-proposals-stale", &stale);
    }
}
