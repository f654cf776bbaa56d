use domain::profit::{Amounts, Lack, LineProfit, Part};
use domain::radar::{Against, Nature};
use domain::{ChannelKind, Currency, ListingId, OrderId, SkuId, Timestamp};
use store::profits::Counts;

use super::{NOW, Reader, Rendered, add, brl};
use crate::chart::{Chart, Series};
use crate::pages::money_view::{
    About, CostsPage, FeeWeek, FeesPage, LosingListing, MoneyPage, PayoutList, PayoutsPage, ProfitLine,
    ProfitView, ShiftView, SumRow, SumView, TypedCost, Uncosted, Unknown, Unsettled, part_of,
};
use crate::{Chrome, Nav};

/// Days of the sample.
const DAYS: i32 = 30;
/// SKUs of the sample, with what each is called.
const SKUS: [(&str, &str); 3] = [
    ("GAR-1L-INOX", "Garrafa térmica de aço inox 1 litro, com tampa que serve de copo"),
    ("CAN-INOX-500", "Caneca térmica 500 ml"),
    ("RPG-DADOS-7", "Jogo de 7 dados para RPG"),
];

fn profit(step: i64, cost: i64) -> LineProfit {
    let sales = 184_900 + step * 7_919 % 90_000;
    let amounts = [
        sales,
        -sales / 50,
        -sales * 14 / 100,
        -9_870,
        -sales * 4 / 100,
        -(step % 5) * 4_990,
        0,
        -sales * cost / 100,
    ];
    let uncosted_units = if step % 4 == 1 { 3 } else { 0 };
    LineProfit { amounts: Amounts::new(amounts), units: 31 + step % 9, uncosted_units, untaxed_units: 0 }
}

fn counts(step: i64) -> Counts {
    Counts { orders: 28 + step % 7, cancelled: step % 4, settled: 12, sent: 25, late: step % 3 }
}

fn view(profit: LineProfit, counts: Option<Counts>) -> SumView {
    SumView { currency: Currency::Brl, profit, counts }
}

impl Reader {
    /// What an order earns: all of it known, or with something missing.
    pub(super) fn profit(known: bool) -> ProfitView {
        let amounts = Amounts::new([21_480, 0, -2_577, -1_045, -859, 0, 0, if known { -11_200 } else { 0 }]);
        let line =
            LineProfit { amounts, units: 2, uncosted_units: if known { 0 } else { 2 }, untaxed_units: 0 };
        let lines = SKUS[..2].iter();
        let lines = lines.map(|(_, title)| ProfitLine { title: (*title).to_owned(), sum: view(line, None) });
        ProfitView {
            lines: lines.collect(),
            total: view(line + line, None),
            lacks: if known {
                Vec::new()
            } else {
                vec![
                    (Part::Freight, Lack::NotTold),
                    (Part::Fees, Lack::NotTold),
                    (Part::Tax, Lack::NoTax(1)),
                    (Part::Cost, Lack::NoCost(4)),
                ]
            },
            is_forecast: !known,
        }
    }

    fn losing_listings(&self) -> Vec<LosingListing> {
        let losing = |(index, (code, title)): (usize, &(&str, &str))| LosingListing {
            id: ListingId::new(NOW, &self.entropy),
            number: format!("MLB441882003{index}"),
            title: (*title).to_owned(),
            account: "Casa Verde".to_owned(),
            sku: SkuId::new(NOW, &self.entropy),
            code: (*code).to_owned(),
            price: brl(4_990),
            earns: brl(-312),
        };
        SKUS[..2].iter().enumerate().map(losing).collect()
    }

    fn sum_of_sku(&self, index: usize, cost: i64) -> SumRow {
        let (code, title) = SKUS[index % SKUS.len()];
        let id = SkuId::new(NOW, &self.entropy);
        let step = i64::try_from(index).unwrap_or_default();
        let about = About::Sku(Some((id, code.to_owned(), title.to_owned())));
        SumRow { about, sum: view(profit(step, cost), None) }
    }

    fn money_page(&self, by: &'static str, full: bool) -> MoneyPage {
        let chrome = Chrome { path: format!("/money?by={by}"), ..self.chrome(Nav::Money) };
        let steps: Vec<i64> = if full { (0..i64::from(DAYS)).collect() } else { Vec::new() };
        // One day that lost money.
        let of_day = |step: i64| profit(step, if step == 11 { 95 } else { 52 });
        let day = |step: &i64| NOW.business_midnight(i32::try_from(*step).unwrap_or_default() + 1 - DAYS);
        let rows: Vec<SumRow> = match by {
            "sku" => vec![
                self.sum_of_sku(0, 52),
                self.sum_of_sku(1, 40),
                SumRow { about: About::Sku(None), sum: view(profit(9, 0), None) },
            ],
            "channel" => ChannelKind::ALL
                .into_iter()
                .map(|channel| {
                    let about = About::Account { channel: Some(channel), name: "Casa Verde".to_owned() };
                    SumRow { about, sum: view(profit(3, 52), Some(counts(3))) }
                })
                .collect(),
            _ => steps
                .iter()
                .rev()
                .map(|step| {
                    let about = About::Day(day(step));
                    SumRow { about, sum: view(of_day(*step), Some(counts(*step))) }
                })
                .collect(),
        };
        let series = |class, below, values: Vec<i64>| Series { class, below, values };
        let share = |part: i64, whole: i64| part_of(part, whole).unwrap_or_default();
        let total = steps.iter().fold(LineProfit::default(), |sum, step| sum + of_day(*step));
        let counted = steps.iter().fold(Counts::default(), |sum, step| sum + counts(*step));
        MoneyPage {
            chrome,
            period: "30",
            by,
            sort: "profit",
            span: (NOW.business_midnight(1 - DAYS), NOW.business_midnight(1)),
            currency: Currency::Brl,
            currencies: if full { vec![Currency::Brl, Currency::Ars] } else { Vec::new() },
            total: view(total, Some(counted)),
            earned: Chart::of(&[
                series(
                    "sales",
                    "lost",
                    steps.iter().map(|step| of_day(*step).amounts.of(Part::Sales)).collect(),
                ),
                series("earned", "lost", steps.iter().map(|step| of_day(*step).amounts.profit()).collect()),
            ]),
            trouble: Chart::of(&[
                series("off", "off", steps.iter().map(|step| share(step % 4, 30)).collect()),
                series("late", "late", steps.iter().map(|step| share(step % 3, 25)).collect()),
            ]),
            rows: if full { rows } else { Vec::new() },
            left_out: if by == "sku" { 12 } else { 0 },
            losing: if full { vec![self.sum_of_sku(2, 97)] } else { Vec::new() },
            losing_listings: if full { self.losing_listings() } else { Vec::new() },
            shifts: if full { 2 } else { 0 },
            waiting: if full { 1_204 } else { 0 },
        }
    }

    fn fees_page(&self, full: bool) -> FeesPage {
        let natures = [
            (Nature::Share(200), Against::Told, 4_100),
            (Nature::Fixed(150), Against::Former, 900),
            (Nature::Share(-100), Against::Former, -700),
            (Nature::Fixed(-60), Against::Told, -360),
            (Nature::Unclear, Against::Former, 1_233),
        ];
        let shift = |(nature, against, extra)| ShiftView {
            account: "Casa Verde".to_owned(),
            against,
            since: Self::ago(60 * 24 * 9),
            found_at: Self::ago(60 * 5),
            orders: 6,
            expected_share: Some(1_400),
            charged_share: Some(1_600),
            extra: brl(extra),
            nature,
        };
        let week = |week: i32| FeeWeek {
            account: "Casa Verde".to_owned(),
            from: NOW.business_midnight(-7 * (week + 1)),
            orders: 61,
            share: Some(1_412 + i64::from(week)),
            kept: (week != 2).then_some(10_120),
        };
        FeesPage {
            chrome: Chrome { path: "/money/fees".to_owned(), ..self.chrome(Nav::Money) },
            shifts: if full { natures.into_iter().map(shift).collect() } else { Vec::new() },
            weeks: if full { (0..4).map(week).collect() } else { Vec::new() },
            losing_listings: if full { self.losing_listings() } else { Vec::new() },
        }
    }

    fn payouts_page(&self, full: bool, accounts: bool) -> PayoutsPage {
        let list = |channel| PayoutList { channel, has_list: channel != ChannelKind::MercadoLivre };
        let number = "20009876543210";
        let unsettled = Unsettled {
            order: OrderId::new(NOW, &self.entropy),
            number: number.to_owned(),
            channel: ChannelKind::MercadoLivre,
            placed_at: Self::ago(60 * 24 * 52),
            total: brl(42_960),
        };
        let unknown = Unknown {
            account: "casaverde.oficial".to_owned(),
            number: number.to_owned(),
            settled_at: Self::ago(60 * 24 * 3),
        };
        PayoutsPage {
            chrome: Chrome { path: "/money/payouts".to_owned(), ..self.chrome(Nav::Money) },
            lists: if accounts { ChannelKind::ALL.into_iter().map(list).collect() } else { Vec::new() },
            differences: 41,
            difference: vec![brl(-12_874)],
            unsettled: if full { vec![unsettled] } else { Vec::new() },
            unknown: if full { vec![unknown] } else { Vec::new() },
        }
    }

    fn costs_page(&self, full: bool) -> CostsPage {
        let row = |(code, title): &(&str, &str)| Uncosted {
            sku: SkuId::new(NOW, &self.entropy),
            code: (*code).to_owned(),
            title: (*title).to_owned(),
            units: 41,
        };
        let day = |at: Timestamp| at.to_business_field().chars().take(10).collect::<String>();
        CostsPage {
            chrome: Chrome { path: "/money/costs".to_owned(), ..self.chrome(Nav::Money) },
            rows: if full { SKUS.iter().map(row).collect() } else { Vec::new() },
            unlinked_units: if full { 7 } else { 0 },
            days: (day(NOW.business_midnight(-90)), day(NOW)),
            typed: None,
        }
    }

    pub(super) fn earnings(&self, pages: &mut Vec<Rendered>) {
        add(pages, "money", &self.money_page("day", true));
        add(pages, "money-by-channel", &self.money_page("channel", true));
        add(pages, "money-by-sku", &self.money_page("sku", true));
        add(pages, "money-none-yet", &self.money_page("day", false));
        add(pages, "money-fees", &self.fees_page(true));
        add(pages, "money-fees-none", &self.fees_page(false));
        add(pages, "money-payouts", &self.payouts_page(true, true));
        add(pages, "money-payouts-none", &self.payouts_page(false, true));
        add(pages, "money-payouts-no-account", &self.payouts_page(false, false));
        add(pages, "money-costs", &self.costs_page(true));
        add(pages, "money-costs-none", &self.costs_page(false));
        let page = self.costs_page(true);
        let sku = page.rows[0].sku;
        let text = page.chrome.t("flash-cost-number");
        let (cost, tax, from) = ("1.234".to_owned(), "6,5".to_owned(), page.days.0.clone());
        let typed = Some(TypedCost { sku, cost, tax, from, wrong: "cost", text });
        add(pages, "money-costs-refused", &CostsPage { typed, ..page });
    }
}
