use std::collections::BTreeMap;

use app::publish::Readiness;
use domain::attribute::{
    AttributeRule, Listed, Need, PriceRule, Rules, SkuRule, Span, ValueKind, VariantRule,
};
use domain::draft::{Draft, Goods, PublicationState, Shot, price_cell};
use domain::offer::{Brand, Fault, Field, Mend, Objection, Reason};
use domain::{ChannelKind, ConnectionId, Currency, ListingState, PictureId, Problem, ProductId};

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::drafts::{
    AccountLine, CategoryLine, CategoryPage, DraftPage, DraftsPage, MadeLine, Stale, Tab, mend, said,
};
use crate::pages::publish_many::{AccountChoice, PlaceLine, PublishPage};

/// A category that asks in every way there is.
fn rules() -> Rules {
    let rule = |id: &str, name: &str, kind| AttributeRule {
        id: id.to_owned(),
        name: name.to_owned(),
        kind,
        need: Need::Required,
        tells_variants: false,
        listed: Vec::new(),
        takes_others: true,
        units: Vec::new(),
        most_values: 1,
        most_chars: None,
    };
    let listed = || {
        [("1", "Aço"), ("2", "Vidro")]
            .map(|(id, name)| Listed { id: id.to_owned(), name: name.to_owned() })
            .to_vec()
    };
    Rules {
        category: "MLB1".to_owned(),
        title: Span::new(1, 20),
        description: Span::new(0, 1_000),
        pictures: Span::new(1, 9),
        attributes: vec![
            AttributeRule { listed: listed(), takes_others: false, ..rule("A", "Material", ValueKind::Word) },
            AttributeRule { listed: listed(), most_values: 3, ..rule("B", "Acabamentos", ValueKind::Word) },
            AttributeRule { listed: listed(), ..rule("C", "Linha", ValueKind::Word) },
            AttributeRule { most_values: 3, ..rule("D", "Modelos", ValueKind::Word) },
            AttributeRule { need: Need::Optional, ..rule("E", "Modelo", ValueKind::Word) },
            rule("F", "Peças", ValueKind::Number),
            AttributeRule { units: vec!["ml".into(), "L".into()], ..rule("G", "Volume", ValueKind::Measure) },
            rule("H", "Validade", ValueKind::Date),
        ],
        brand: Need::Required,
        gtin: Need::Optional,
        variants: VariantRule { most: 50, most_axes: 2, axis_chars: 14, option_chars: 20 },
        price: PriceRule { currency: Currency::Brl, least_minor: 800, most_minor: None, most_ratio: None },
        most_units: 999,
        sku: SkuRule { most_chars: 50, takes_spaces: true },
        weight: true,
        size: true,
        papers: Vec::new(),
    }
}

fn objection(field: Field, reason: Reason) -> Objection {
    Objection {
        field,
        reason,
        code: "item.attributes.missing_required".to_owned(),
        said: "The attribute is required".to_owned(),
        remedy: Some("Add it".to_owned()),
    }
}

impl Reader {
    fn tab(&self, channel: ChannelKind) -> Tab {
        Tab { connection: ConnectionId::new(NOW, &self.entropy), channel, name: "Casa Verde".to_owned() }
    }

    fn account_line(&self, channel: ChannelKind, state: Option<PublicationState>) -> AccountLine {
        AccountLine {
            tab: self.tab(channel),
            is_running: true,
            category: "Casa › Cozinha › Garrafas".to_owned(),
            faults: Some(0),
            state,
            trouble: None,
            objections: Vec::new(),
            made: Vec::new(),
        }
    }

    fn drafts_page(&self, rows: Vec<AccountLine>) -> DraftsPage {
        DraftsPage {
            chrome: self.chrome(Nav::Products),
            product: ProductId::new(NOW, &self.entropy),
            title: "Caneca esmaltada 500 ml".to_owned(),
            pictures: i64::try_from(rows.len()).unwrap_or_default(),
            rows,
        }
    }

    fn draft_page(&self, draft: Draft) -> DraftPage {
        let (goods, rules) = (self.mug(), rules());
        let brands = [Brand { id: Some("1".to_owned()), name: "Casa Verde".to_owned() }];
        let shots = [Shot { id: "1".to_owned(), sku: None }];
        let (units, reference) = (BTreeMap::new(), "draft");
        let reading = draft.offer(
            &rules,
            &Goods { product: &goods, pictures: &shots, units: &units, brands: &brands, reference },
        );
        let tab = self.tab(ChannelKind::MercadoLivre);
        DraftPage {
            chrome: self.chrome(Nav::Products),
            product: ProductId::new(NOW, &self.entropy),
            tabs: vec![tab.clone(), self.tab(ChannelKind::Shopee)],
            tab,
            version: 3,
            draft,
            rules: Some(rules),
            brands: vec!["Casa Verde".to_owned()],
            trouble: None,
            offer: Some(reading.offer),
            faults: reading.faults,
            objections: Vec::new(),
            pictures: vec![PictureId::new(NOW, &self.entropy)],
            saved_at: Some(NOW),
            is_unsaved: false,
            stale: None,
            too_much: None,
            pricings: super::prices::pricings(&goods),
            goods,
        }
    }

    /// A draft in which everything is told.
    fn whole(&self) -> Draft {
        let mut draft = Draft::of(&self.mug());
        "Caneca".clone_into(&mut draft.title);
        "MLB1".clone_into(&mut draft.category);
        "Casa › Garrafas".clone_into(&mut draft.category_name);
        "49,90".clone_into(&mut draft.price);
        let told = [
            ("attr-A", "1"),
            ("attr-B", "2"),
            ("others-B", "Fosco"),
            ("attr-C", "Aço"),
            ("attr-D", "Um\nDois"),
        ];
        let more = [("attr-F", "2"), ("attr-G", "1,5"), ("unit-G", "L"), ("attr-H", "2027-01-31")];
        for (cell, text) in told.into_iter().chain(more) {
            draft.put(cell, vec![text.to_owned()]);
        }
        draft
    }

    /// Every mend and every reason there is, each at some field.
    fn all_snags(&self) -> DraftPage {
        let sku = self.mug().variants[0].sku;
        let mut page = self.draft_page(self.whole());
        let mends = [
            Mend::Fill,
            Mend::LeaveOut,
            Mend::Lengthen(5),
            Mend::Shorten(60),
            Mend::Add(1),
            Mend::TakeAway(9),
            Mend::ChooseListed,
            Mend::WriteNumber,
            Mend::WriteMeasure(vec!["ml".to_owned(), "L".to_owned()]),
            Mend::WriteDate,
            Mend::Distinguish,
            Mend::RemoveSpaces,
            Mend::CheckDigits,
            Mend::Raise(800),
            Mend::Lower(999),
            Mend::OverFloor(Some(900)),
            Mend::OverFloor(None),
            Mend::OtherCurrency,
            Mend::BringCloser(4),
            Mend::ByHand(vec!["INMETRO".to_owned()]),
        ];
        let fields = [
            Field::Whole,
            Field::Title,
            Field::Description,
            Field::Category,
            Field::Condition,
            Field::Brand,
            Field::Attribute("A".to_owned()),
            Field::Attribute("Z".to_owned()),
            Field::Pictures,
            Field::Axes,
            Field::Variants,
            Field::Choices(0),
            Field::Sku(0),
            Field::Gtin(1),
            Field::Price(0),
            Field::Quantity(0),
            Field::Weight,
            Field::Size,
            Field::Fiscal,
            Field::Shipping,
        ];
        let pairs = fields.iter().cycle().zip(mends.iter().cycle()).take(fields.len().max(mends.len()));
        page.faults = pairs.map(|(field, mend)| Fault { field: field.clone(), mend: mend.clone() }).collect();
        page.objections =
            Reason::ALL.map(|reason| objection(Field::Attribute("Linha".to_owned()), reason)).to_vec();
        if let Some(sku) = sku {
            page.draft.put(&price_cell(sku), vec!["0".to_owned()]);
        }
        debug_assert!(page.faults.iter().all(|fault| !mend(&page.chrome, fault, Currency::Brl).is_empty()));
        debug_assert!(page.objections.iter().all(|it| !said(&page.chrome, it).is_empty()));
        page
    }

    fn category_page(&self, text: &str, below: bool) -> CategoryPage {
        let line = |id: &str, name: &str, takes_offers| CategoryLine {
            id: id.to_owned(),
            name: name.to_owned(),
            takes_offers,
        };
        let leaf = line("MLB3", "Garrafas", Some(true));
        CategoryPage {
            chrome: self.chrome(Nav::Products),
            product: ProductId::new(NOW, &self.entropy),
            tab: self.tab(ChannelKind::MercadoLivre),
            text: text.to_owned(),
            chosen: String::new(),
            proposed: if text == "Caneca" { vec![leaf.clone()] } else { Vec::new() },
            path: vec![line("MLB1", "Casa", Some(false)), line("MLB2", "Cozinha", None)],
            below: if below { vec![leaf, line("MLB4", "Mesa", None)] } else { Vec::new() },
            wrong: false,
            trouble: None,
        }
    }

    fn place_line(&self, readiness: Readiness, state: Option<PublicationState>) -> PlaceLine {
        PlaceLine {
            product: ProductId::new(NOW, &self.entropy),
            title: "Caneca esmaltada 500 ml".to_owned(),
            tab: self.tab(ChannelKind::MercadoLivre),
            readiness,
            state,
            trouble: None,
            objections: Vec::new(),
            made: Vec::new(),
        }
    }

    /// Several products at once.
    fn publishing(&self, pages: &mut Vec<Rendered>) {
        let page = |rows: Vec<PlaceLine>, is_result| PublishPage {
            chrome: self.chrome(Nav::Products),
            products: rows.iter().map(|row| row.product).collect(),
            accounts: rows
                .iter()
                .take(2)
                .zip(1..)
                .map(|(row, ready)| AccountChoice { tab: row.tab.clone(), ready })
                .collect(),
            rows,
            is_result,
        };
        let all = || {
            let known = [
                Readiness::Ready,
                Readiness::Faults(3),
                Readiness::Missing,
                Readiness::NotRunning,
                Readiness::Trouble(Problem::PlatformDown),
                Readiness::UnderWay,
                Readiness::Published,
            ];
            known.map(|readiness| self.place_line(readiness, None)).to_vec()
        };
        add(pages, "publish", &page(all(), false));
        add(pages, "publish-none", &page(Vec::new(), false));
        let readiness = |state: PublicationState| match state {
            PublicationState::Taken => Readiness::Published,
            PublicationState::Asked | PublicationState::Uploading | PublicationState::HandingIn => {
                Readiness::UnderWay
            }
            PublicationState::Refused | PublicationState::Failed | PublicationState::Unknown => {
                Readiness::Ready
            }
        };
        let mut rows: Vec<PlaceLine> = PublicationState::ALL
            .into_iter()
            .map(|state| self.place_line(readiness(state), Some(state)))
            .collect();
        rows[1].trouble = Some(Problem::PlatformDown);
        rows[3].made =
            vec![MadeLine { number: "MLB4077301522".to_owned(), state: None, objections: Vec::new() }];
        rows[4].objections = vec![objection(Field::Title, Reason::Missing)];
        rows[6].trouble = Some(Problem::Garbled);
        rows.extend(all());
        add(pages, "publish-result", &page(rows, true));
    }

    pub(super) fn drafts(&self, pages: &mut Vec<Rendered>) {
        self.publishing(pages);
        add(pages, "drafts-none", &self.drafts_page(Vec::new()));
        let made = |state| MadeLine {
            number: "MLB4077301522".to_owned(),
            state,
            objections: vec![objection(Field::Pictures, Reason::TooLittle)],
        };
        let mut rows: Vec<AccountLine> = PublicationState::ALL
            .into_iter()
            .map(|state| self.account_line(ChannelKind::MercadoLivre, Some(state)))
            .collect();
        rows[1].trouble = Some(Problem::PlatformDown);
        rows[3].made = vec![made(Some(ListingState::UnderReview)), made(None)];
        rows[4].objections = vec![objection(Field::Title, Reason::Missing)];
        rows[6].trouble = Some(Problem::Garbled);
        rows.push(self.account_line(ChannelKind::Shopee, None));
        let tik_tok = || self.account_line(ChannelKind::TikTokShop, None);
        rows.push(AccountLine { is_running: false, ..tik_tok() });
        rows.push(AccountLine { category: String::new(), faults: Some(1), ..tik_tok() });
        rows.push(AccountLine { faults: Some(3), ..tik_tok() });
        rows.push(AccountLine { faults: None, ..tik_tok() });
        add(pages, "drafts", &self.drafts_page(rows));
        add(pages, "draft", &self.draft_page(self.whole()));
        add(pages, "draft-empty", &self.draft_page(Draft::of(&self.mug())));
        add(pages, "draft-snags", &self.all_snags());
        let none = DraftPage { rules: None, offer: None, ..self.draft_page(Draft::of(&self.mug())) };
        let faults = vec![Fault { field: Field::Category, mend: Mend::ChooseListed }];
        add(pages, "draft-no-category", &DraftPage { faults, ..none });
        let away =
            DraftPage { rules: None, offer: None, faults: Vec::new(), ..self.draft_page(self.whole()) };
        add(pages, "draft-trouble", &DraftPage { trouble: Some(Problem::PlatformDown), ..away });
        let lines =
            vec![("Título".to_owned(), "Caneca azul".to_owned()), ("Linha".to_owned(), String::new())];
        add(
            pages,
            "draft-stale",
            &DraftPage { stale: Some(Stale { lines }), ..self.draft_page(self.whole()) },
        );
        let chrome = self.chrome(Nav::Products);
        let too_much = Some(chrome.t("draft-too-much").to_owned());
        add(pages, "draft-too-much", &DraftPage { too_much, ..self.draft_page(self.whole()) });
        add(pages, "draft-category", &self.category_page("Caneca", true));
        add(pages, "draft-category-leaf", &CategoryPage { wrong: true, ..self.category_page("x", false) });
        let trouble = Some(Problem::PlatformDown);
        let chosen = "Casa › Garrafas".to_owned();
        add(
            pages,
            "draft-category-trouble",
            &CategoryPage { chosen, trouble, ..self.category_page("", false) },
        );
    }
}
