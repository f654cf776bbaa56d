use domain::catalogue::{Axis, Facts, Gtin, Ncm, Origin, Product, Typed, TypedRow, Variant};
use domain::product_picture::{MAX_PICTURES, PictureFault};
use domain::{PictureId, ProductId, SkuId};

use super::{NOW, Reader, Rendered, add, brl};
use crate::pages::pictures::{self, PictureLine, Pictures};
use crate::pages::products::{Ask, CostLine, ProductLine, ProductPage, ProductsPage, decimal_mark, mistakes};
use crate::pages::{Choice, Pager};
use crate::{Chrome, Nav};

impl Reader {
    pub(super) fn mug(&self) -> Product {
        let variant = |colour: &str, code: &str, gtin: &str| Variant {
            sku: Some(SkuId::new(NOW, &self.entropy)),
            options: vec![colour.to_owned()],
            code: code.to_owned(),
            facts: Facts {
                gtin: Gtin::parse(gtin).ok(),
                cost: Some(brl(1_250)),
                tax_basis_points: Some(1_800),
                weight_g: Some(350),
                length_mm: Some(125),
                width_mm: Some(90),
                height_mm: Some(100),
                ncm: Ncm::parse("73239300"),
                origin: Origin::parse("0"),
            },
        };
        Product {
            title: "Caneca esmaltada 500 ml".to_owned(),
            brand: "Casa Verde".to_owned(),
            description: "Esmaltada por dentro e por fora.\nNão vai ao micro-ondas.".to_owned(),
            tags: vec!["cozinha".to_owned(), "presente".to_owned()],
            axes: vec![Axis {
                name: "Cor".to_owned(),
                options: vec!["Preta".to_owned(), "Branca".to_owned()],
            }],
            variants: vec![
                variant("Preta", "CAN-ESM-PRETA", "7891234567895"),
                variant("Branca", "CAN-ESM-BRANCA", ""),
            ],
        }
    }

    fn product_page(&self, typed: Typed, held: bool) -> ProductPage {
        ProductPage {
            chrome: self.chrome(Nav::Products),
            id: held.then(|| ProductId::new(NOW, &self.entropy)),
            version: 3,
            archived_at: None,
            typed,
            base: String::new(),
            common: TypedRow::default(),
            mistakes: Vec::new(),
            asks: Vec::new(),
            stale: Vec::new(),
            costs: Vec::new(),
            pictures: Pictures::default(),
        }
    }

    fn pictures(&self, count: usize) -> Pictures {
        let line = |place| PictureLine {
            id: PictureId::new(NOW, &self.entropy),
            place,
            variant: (place == 2).then(|| "Preta".to_owned()),
            thumb_px: (320, 240),
        };
        let variant = |colour: &str| Choice {
            value: SkuId::new(NOW, &self.entropy).to_string(),
            label: colour.to_owned(),
        };
        let variants = vec![variant("Preta"), variant("Branca")];
        Pictures { lines: (1..=count).map(line).collect(), variants, wrong: Vec::new() }
    }

    /// A file of each kind that is not taken.
    fn wrong_pictures(&self, chrome: &Chrome) -> Pictures {
        let faults = PictureFault::ALL.into_iter();
        let mut wrong: Vec<String> = faults.map(|why| pictures::fault(chrome, "frente.jpg", why)).collect();
        wrong.push(pictures::fault(chrome, "", PictureFault::Empty));
        for key in ["pictures-nothing", "pictures-no-room", "pictures-too-large"] {
            wrong.push(pictures::told(chrome, key, 3));
        }
        Pictures { wrong, ..self.pictures(MAX_PICTURES) }
    }

    /// A form in which everything is wrong that can be.
    fn wrong_product(&self) -> ProductPage {
        let mut typed = Typed::of(&self.mug(), decimal_mark(self.lang));
        "1.234".clone_into(&mut typed.rows[0].cost);
        "0,5".clone_into(&mut typed.rows[0].weight);
        "7891234567890".clone_into(&mut typed.rows[0].gtin);
        "Azul".clone_into(&mut typed.rows[1].options[0]);
        "12,345,6".clone_into(&mut typed.rows[1].cost);
        "99".clone_into(&mut typed.rows[1].origin);
        "7323".clone_into(&mut typed.rows[1].ncm);
        "1,25".clone_into(&mut typed.rows[1].length);
        "101".clone_into(&mut typed.rows[1].tax);
        let gtins = ["789", "SEM GTIN", "00000000"];
        typed.rows.extend(gtins.map(|gtin| TypedRow { gtin: gtin.to_owned(), ..TypedRow::default() }));
        typed.rows[2].cost = "9".repeat(30);
        typed.rows[2].code = "x".repeat(200);
        "Tamanho".clone_into(&mut typed.axes[1].name);
        "\u{7}".clone_into(&mut typed.title);
        typed.tags = (0..30).map(|at| at.to_string()).collect::<Vec<_>>().join(",");
        let faults = typed.check().err().unwrap_or_default();
        let page = self.product_page(typed, true);
        ProductPage { mistakes: mistakes(&page.chrome, &faults), ..page }
    }

    fn products_page(&self, rows: usize, text: &str) -> ProductsPage {
        let titles = ["Caneca esmaltada 500 ml", "Garrafa térmica inox 1 litro", "Balde"];
        let row = |at: usize| ProductLine {
            id: ProductId::new(NOW, &self.entropy),
            title: titles[at % 3].to_owned(),
            brand: if at == 2 { String::new() } else { "Casa Verde".to_owned() },
            tags: ["cozinha", "presente"].iter().take(2 - at % 3).map(|tag| (*tag).to_owned()).collect(),
            variants: 6,
            available_units: 120,
            picture: (at != 1).then(|| PictureId::new(NOW, &self.entropy)),
        };
        let tag = |tag: &str| Choice { value: tag.to_owned(), label: tag.to_owned() };
        ProductsPage {
            chrome: self.chrome(Nav::Products),
            text: text.to_owned(),
            tag: String::new(),
            show: String::new(),
            tags: if rows == 0 { Vec::new() } else { vec![tag("cozinha"), tag("presente")] },
            rows: (0..rows).map(row).collect(),
            pager: Pager { newer: None, older: (rows > 0).then(|| "?after=1".to_owned()) },
        }
    }

    pub(super) fn products(&self, pages: &mut Vec<Rendered>) {
        add(pages, "products", &self.products_page(3, ""));
        add(pages, "products-none-match", &self.products_page(0, "x"));
        add(pages, "products-none-yet", &self.products_page(0, ""));
        let blank = Typed { rows: vec![TypedRow::default()], ..Typed::default() };
        add(pages, "product-new", &self.product_page(blank, false));
        let typed = Typed::of(&self.mug(), decimal_mark(self.lang));
        let cost = |minor, hours: u64| CostLine {
            code: "CAN-ESM-PRETA".to_owned(),
            from: Self::ago(hours * 60),
            cost: minor,
            tax: String::new(),
        };
        let costs = vec![cost(Some(brl(1_250)), 2), cost(None, 90), cost(Some(brl(1_190)), 900)];
        let pictures = self.pictures(3);
        add(pages, "product", &ProductPage { costs, pictures, ..self.product_page(typed.clone(), true) });
        let wrong = self.wrong_pictures(&self.chrome(Nav::Products));
        add(
            pages,
            "product-pictures-wrong",
            &ProductPage { pictures: wrong, ..self.product_page(typed.clone(), true) },
        );
        let archived_at = Some(Self::ago(90));
        add(
            pages,
            "product-archived",
            &ProductPage { archived_at, ..self.product_page(typed.clone(), true) },
        );
        add(pages, "product-wrong", &self.wrong_product());
        let chrome = self.chrome(Nav::Products);
        let ask = |name, key: &str, line: &str| Ask {
            name,
            label: chrome.t(key),
            ticked: false,
            lines: vec![line.to_owned()],
        };
        let asks = vec![
            ask("agreed-cost", "product-agree-cost", "CAN-ESM-PRETA: R$ 12,50 → R$ 1.250,00"),
            ask("agreed-adopt", "product-agree-adopt", "GAR-1L-INOX"),
            ask("agreed-drop", "product-agree-drop", "CAN-ESM-BRANCA"),
        ];
        add(pages, "product-asks", &ProductPage { asks, ..self.product_page(typed.clone(), true) });
        let stale = vec!["“Caneca esmaltada”".to_owned()];
        add(pages, "product-stale", &ProductPage { stale, ..self.product_page(typed, true) });
    }
}
