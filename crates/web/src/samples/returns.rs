use domain::goods_return::Back;
use domain::{ChannelKind, LineId, MemberId, OrderId, SkuId, TypedId as _};

use super::{NOW, Reader, Rendered, add};
use crate::Nav;
use crate::pages::returns::{BackRow, ReceiptRow, ReturnPage, ReturnsPage, ReturnsView, WaitingRow};
use crate::pages::{Errors, FieldError, Pager};

impl Reader {
    pub(super) fn returns_view(has_receipts: bool, is_waiting: bool) -> ReturnsView {
        let who = |letter: u8| MemberId::from_bytes([letter; 16]).to_string();
        let receipt = |minutes, whole_units, damaged_units, reason: &str| ReceiptRow {
            at: Self::ago(minutes),
            whole_units,
            damaged_units,
            reason: reason.to_owned(),
            who: who(7),
            is_reader: minutes < 100,
        };
        let receipts = if has_receipts {
            vec![
                receipt(4_000, 0, 0, "O pacote <não> chegou"),
                receipt(400, 2, 0, "Arrependimento"),
                receipt(40, 1, 1, "Caixa amassada"),
            ]
        } else {
            Vec::new()
        };
        ReturnsView { receipts, is_open: true, is_waiting }
    }

    fn return_page(&self, rows: usize, errors: Errors) -> ReturnPage {
        let goods = [
            ("GAR-1L-INOX", "Garrafa térmica inox 1 litro", [3, 2, 1]),
            ("POTE-KIT3", "Kit 3 potes herméticos de vidro com tampa de bambu", [1, 0, 0]),
        ];
        let row = |(code, title, [left_units, back_units, damaged_units]): (&str, &str, [i64; 3])| BackRow {
            line: LineId::new(NOW, &self.entropy),
            sku: SkuId::new(NOW, &self.entropy),
            code: code.to_owned(),
            title: title.to_owned(),
            back: Back { left_units, back_units, damaged_units },
            whole: if errors.any() { "7".to_owned() } else { String::new() },
            damaged: String::new(),
            error: errors.0.first().filter(|error| error.field == "whole-0").map(|error| error.text.clone()),
        };
        ReturnPage {
            chrome: self.chrome(Nav::Orders),
            order: OrderId::new(NOW, &self.entropy),
            order_number: "2000009876543210".to_owned(),
            channel: ChannelKind::MercadoLivre,
            rows: goods.into_iter().take(rows).map(row).collect(),
            view: Self::returns_view(rows == 2, rows == 2),
            next: 4,
            reason: String::new(),
            errors,
        }
    }

    pub(super) fn returns(&self, pages: &mut Vec<Rendered>) {
        let row = |minutes, channel, summary: &str| WaitingRow {
            order: OrderId::new(NOW, &self.entropy),
            number: "2000009876543210".to_owned(),
            channel,
            connection: "Casa Verde".to_owned(),
            summary: summary.to_owned(),
            since: Self::ago(minutes),
        };
        let waiting = ReturnsPage {
            chrome: self.chrome(Nav::Orders),
            rows: vec![
                row(9_000, ChannelKind::TikTokShop, "Garrafa térmica inox 1 litro +2"),
                row(700, ChannelKind::MercadoLivre, "Varal de chão <dobrável> em alumínio"),
            ],
            pager: Pager { newer: None, older: Some("/returns?after=1.x".to_owned()) },
        };
        add(pages, "returns", &waiting);
        add(pages, "returns-none", &ReturnsPage { rows: Vec::new(), pager: Pager::default(), ..waiting });
        add(pages, "return", &self.return_page(2, Errors::default()));
        add(pages, "return-one", &self.return_page(1, Errors::default()));
        add(pages, "return-none-left", &self.return_page(0, Errors::default()));
        let done = self.return_page(2, Errors::default());
        let view = ReturnsView { is_open: false, is_waiting: false, ..done.view };
        add(pages, "return-all-back", &ReturnPage { view, ..done });
        let chrome = self.chrome(Nav::Orders);
        let wrong = |field, text: String| Errors(vec![FieldError { field, text }]);
        let many = wrong("whole-0", chrome.tn("return-error-many", &2));
        add(pages, "return-many", &self.return_page(2, many));
        let reason = wrong("reason", chrome.t("count-error-reason").to_owned());
        add(pages, "return-reason", &self.return_page(2, reason));
    }
}
