//! The list of differences, and the money of one order.

use std::time::Duration;

use axum::extract::Query;
use axum::response::Response;
use domain::settlement::Reckoning;
use domain::{ChannelKind, DifferenceId, Money};
use serde::Deserialize;
use store::charges;
use store::pages::PAGE_ROWS;

use super::guard::{Failure, May, render};
use super::may;
use crate::Nav;
use crate::pages::money::{DifferenceRow, DifferenceSum, DifferencesPage, MoneyRow, MoneyView};
use crate::pages::{Choice, Pager, query_of};

/// What the sums at the top reach back over.
const SUMS_OF: Duration = Duration::from_hours(90 * 24);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    channel: String,
    before: String,
}

/// The list of differences.
pub(crate) async fn list(
    May(member, ..): May<may::SeeMoney>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let chrome = member.chrome(Some(Nav::Money)).await?;
    let only = ChannelKind::parse(&query.channel);
    let before: Option<DifferenceId> = query.before.parse().ok();
    let since = chrome.now.minus(SUMS_OF);
    let (mut rows, sums) = member
        .web
        .app
        .organization(member.organization())
        .read(move |tenant| Ok((tenant.difference_page(only, before)?, tenant.difference_sums(since)?)))
        .await?;
    let more = rows.len() > PAGE_ROWS as usize;
    rows.truncate(PAGE_ROWS as usize);
    let older = rows.last().filter(|_| more).map(|row| link_to(&query.channel, &row.id.to_string()));
    let newer = before.map(|_| link_to(&query.channel, ""));
    let choice = |kind: ChannelKind| Choice { value: kind.as_str().into(), label: kind.label().into() };
    Ok(render(&DifferencesPage {
        chrome,
        channel: only.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        channels: ChannelKind::ALL.into_iter().map(choice).collect(),
        sums: sums.iter().map(sum_of).collect(),
        rows: rows.into_iter().map(row_of).collect(),
        pager: Pager { newer, older },
    }))
}

fn link_to(channel: &str, before: &str) -> String {
    query_of("/differences").append_pair("channel", channel).append_pair("before", before).finish()
}

fn sum_of(sum: &charges::DifferenceSum) -> DifferenceSum {
    DifferenceSum { channel: sum.channel, count: sum.count, difference: sum.difference }
}

fn row_of(row: charges::DifferenceRow) -> DifferenceRow {
    let money = |minor| Money::new(minor, row.currency);
    DifferenceRow {
        order: row.order,
        number: row.order_external_id,
        channel: row.channel,
        forecast: money(row.difference.forecast),
        charged: money(row.difference.charged),
        difference: money(row.difference.minor()),
        kind: row.difference.kind,
        found_at: row.found_at,
    }
}

/// An order's money as its page shows it; `None` while nothing is known of it. What was
/// expected to be nothing and is nothing needs no row.
pub(crate) fn view(reckoning: &Reckoning) -> Option<MoneyView> {
    let money = |minor| Money::new(minor, reckoning.currency);
    let differences = reckoning.differences();
    let says_something = |entry: &domain::settlement::Entry| {
        entry.forecast.unwrap_or_default() != 0 || entry.charged.unwrap_or_default() != 0
    };
    let rows: Vec<MoneyRow> = reckoning
        .entries()
        .into_iter()
        .filter(says_something)
        .map(|entry| MoneyRow {
            forecast: entry.forecast.map(money),
            charged: entry.charged.map(money),
            is_part: entry.is_part,
            differs: differences.iter().any(|difference| difference.kind == entry.kind),
            kind: entry.kind,
        })
        .collect();
    (!rows.is_empty()).then(|| MoneyView {
        rows,
        expected: reckoning.expected(),
        net: reckoning.net(),
        settled_at: reckoning.settled_at,
    })
}

#[cfg(test)]
mod tests {
    use domain::settlement::{FeeKind, News, Sums};
    use domain::{Currency, Timestamp};

    use super::*;

    #[test]
    fn what_was_to_be_nothing_and_is_nothing_has_no_row() {
        let mut reckoning = Reckoning::new(Currency::Brl);
        assert!(view(&reckoning).is_none());
        let forecast = [(FeeKind::Goods, 5_000), (FeeKind::Tax, 0), (FeeKind::Commission, -600)];
        let charged = [(FeeKind::Goods, 5_000), (FeeKind::Commission, -700)];
        let news = News {
            at: Timestamp::from_millis(1),
            currency: Currency::Brl,
            forecast: Sums::from_iter(forecast),
            charged: Sums::from_iter(charged),
            settled_at: None,
        };
        reckoning.settle(&news).unwrap();
        let view = view(&reckoning).unwrap();
        let rows: Vec<_> = view.rows.iter().map(|row| (row.kind.as_words().0, row.differs)).collect();
        assert_eq!(rows, [("goods", false), ("commission", true)]);
        assert_eq!((view.net.minor, view.expected.unwrap().minor), (4_300, 4_400));
    }

    #[test]
    fn an_address_keeps_the_channel() {
        assert_eq!(link_to("shopee", "dif_1"), "/differences?channel=shopee&before=dif_1");
    }
}
