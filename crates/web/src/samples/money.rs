use domain::settlement::FeeKind;
use domain::{ChannelKind, OrderId};

use super::{NOW, Reader, Rendered, add, brl};
use crate::Nav;
use crate::pages::money::{DifferenceRow, DifferenceSum, DifferencesPage, MoneyRow, MoneyView};
use crate::pages::{Choice, Pager};

impl Reader {
    /// An order's money: settled with a difference, or still a forecast.
    pub(super) fn money(settled: bool) -> MoneyView {
        let row = |kind, forecast: Option<i64>, charged: Option<i64>| MoneyRow {
            is_part: false,
            differs: settled && forecast.is_some() && forecast != charged,
            kind,
            forecast: forecast.map(brl),
            charged: charged.filter(|_| settled).map(brl),
        };
        let part = |kind, charged| MoneyRow { is_part: true, ..row(kind, None, Some(charged)) };
        MoneyView {
            rows: vec![
                row(FeeKind::Goods, Some(42_960), Some(42_960)),
                row(FeeKind::AllFees, Some(-5_155), Some(-5_467)),
                part(FeeKind::Commission, -4_867),
                part(FeeKind::other("live_specials_fee_amount"), -600),
                row(FeeKind::Freight, Some(-2_090), Some(-2_090)),
            ],
            expected: Some(brl(35_715)),
            net: brl(if settled { 35_403 } else { 35_715 }),
            settled_at: settled.then(|| Self::ago(60 * 30)),
        }
    }

    fn differences(&self, rows: usize, channel: &str) -> DifferencesPage {
        let kinds = [
            (FeeKind::Commission, ChannelKind::MercadoLivre),
            (FeeKind::Freight, ChannelKind::MercadoLivre),
            (FeeKind::Programme, ChannelKind::Shopee),
            (FeeKind::AllFees, ChannelKind::TikTokShop),
            (FeeKind::Adjustment, ChannelKind::Shopee),
            (FeeKind::other("live_specials_fee_amount"), ChannelKind::TikTokShop),
        ];
        let row = |index: usize| {
            let (kind, channel) = kinds[index % kinds.len()].clone();
            let step = i64::try_from(index).unwrap_or_default();
            let change = if index % 4 == 3 { 125 } else { -312 - step };
            DifferenceRow {
                order: OrderId::new(NOW, &self.entropy),
                number: format!("20000{}", 9_876_543_210_i64 - step * 7_919),
                channel,
                kind,
                forecast: brl(-1_200),
                charged: brl(-1_200 + change),
                difference: brl(change),
                found_at: Self::ago(u64::try_from(index).unwrap_or_default() * 97),
            }
        };
        let sum = |channel, count, minor| DifferenceSum { channel, count, difference: brl(minor) };
        DifferencesPage {
            chrome: self.chrome(Nav::Money),
            channel: channel.to_owned(),
            channels: ChannelKind::ALL
                .map(|kind| Choice { value: kind.as_str().to_owned(), label: kind.label().to_owned() })
                .to_vec(),
            sums: if rows == 0 {
                Vec::new()
            } else {
                vec![
                    sum(ChannelKind::MercadoLivre, 41, -12_874),
                    sum(ChannelKind::Shopee, 1, -312),
                    sum(ChannelKind::TikTokShop, 3, 375),
                ]
            },
            rows: (0..rows).map(row).collect(),
            pager: Pager { newer: None, older: (rows > 0).then(|| "/differences?before=x".to_owned()) },
        }
    }

    pub(super) fn all_differences(&self, pages: &mut Vec<Rendered>) {
        add(pages, "differences", &self.differences(14, ""));
        add(pages, "differences-none-match", &self.differences(0, "shopee"));
        add(pages, "differences-none-yet", &self.differences(0, ""));
    }
}
