//! Listings: the account's list by scan, and each item as it stands.

use connect::{Account, Answer, Call, ChannelError, ErrorKind, ListingSnapshot, Listings, Page};
use http::Method;

use super::hook::is_item;
use super::wire::{self, Loose, filled};
use super::{MercadoLivre, error, map};
use crate::market::refusal;

/// Ids on one page of the scan: the most that the platform gives.
const SCAN_PAGE: &str = "100";
/// Items of one multiget: the most that the platform takes.
const BULK_ITEMS: usize = 20;
const OPERATION: &str = "list listings";

impl Listings for MercadoLivre {
    fn page<'a>(&'a self, account: &'a Account, cursor: Option<&'a str>) -> Call<'a, Page<ListingSnapshot>> {
        Box::pin(async move {
            let mut scan = match cursor {
                None => self.scan(account, Scan::default()).await?,
                Some(text) => Scan::parse(text).ok_or_else(|| refusal::cursor(OPERATION))?,
            };
            let rest = scan.pending.split_off(scan.pending.len().min(BULK_ITEMS));
            let chunk = std::mem::replace(&mut scan.pending, rest);
            let items = if chunk.is_empty() { Vec::new() } else { self.bulk(account, &chunk).await? };
            let total = scan.total;
            // The next ids are asked for only after these items are safe: each call of a
            // scan moves it on, so a call must never be repeated for another's failure.
            if scan.pending.is_empty() && scan.scroll.is_some() && !chunk.is_empty() {
                scan = self.scan(account, scan).await?;
            }
            let next = if scan.pending.is_empty() { None } else { Some(scan.to_cursor()) };
            Ok(Page { items, next, total })
        })
    }

    fn fetch<'a>(&'a self, account: &'a Account, external_id: &'a str) -> Call<'a, Vec<ListingSnapshot>> {
        Box::pin(async move { Ok(self.read_item("fetch listing", account, external_id).await?.0) })
    }
}

impl MercadoLivre {
    /// An item as it stands, and the answer that says so.
    pub(super) async fn read_item(
        &self,
        operation: &'static str,
        account: &Account,
        external_id: &str,
    ) -> Result<(Vec<ListingSnapshot>, Answer), ChannelError> {
        let spec = self
            .request(operation, Method::GET, account, &["items", external_id])
            .query("include_attributes", "all");
        let answer = self.ask(spec).await?;
        let item: wire::Item = answer.json()?;
        if item.id.0 != external_id {
            return Err(answer.garbled("another item than was asked for"));
        }
        // Anybody's item can be read, and a hook can name any.
        if filled(item.seller_id.as_ref()).is_some_and(|seller| seller != account.external_id) {
            return Err(answer.fail(ErrorKind::PermissionMissing));
        }
        let snapshots = map::item(&item).map_err(|gap| answer.garbled(gap.0))?;
        Ok((snapshots, answer))
    }

    /// Asks for the next ids.
    async fn scan(&self, account: &Account, before: Scan) -> Result<Scan, ChannelError> {
        let path = ["users", account.external_id.as_str(), "items", "search"];
        let mut spec = self
            .request(OPERATION, Method::GET, account, &path)
            .query("search_type", "scan")
            .query("limit", SCAN_PAGE);
        if let Some(scroll) = &before.scroll {
            spec = spec.query("scroll_id", scroll);
        }
        let answer = self.ask(spec).await.map_err(|error| {
            let has_expired = before.scroll.is_some() && matches!(error.kind, ErrorKind::Refused { .. });
            if has_expired { ChannelError { kind: ErrorKind::PageExpired, ..error } } else { error }
        })?;
        let found: wire::ItemSearch = answer.json()?;
        let Some(ids) = found.results else {
            return Err(answer.garbled("results is missing"));
        };
        if !ids.iter().all(|id| is_item(&id.0)) {
            return Err(answer.garbled("a result is no item's id"));
        }
        let total = before.total.or(found.paging.and_then(|paging| paging.total()));
        let seen = before.seen + u64::try_from(ids.len()).unwrap_or_default();
        let is_short = total.is_some_and(|total| seen < total);
        if ids.is_empty() && is_short {
            // An answer that was lost has moved the scan on past ids that nobody has seen.
            return Err(answer.fail(ErrorKind::PageExpired));
        }
        // A page without a scroll is the last one, unless it is known that more follow.
        let given = filled(found.scroll_id.as_ref()).map(str::to_owned);
        let scroll = given.or_else(|| before.scroll.filter(|_| is_short));
        Ok(Scan { scroll, seen, total, pending: ids.into_iter().map(|id| id.0).collect() })
    }

    /// The items of `chunk`, by the new multiget or, where that is missing, the old one.
    async fn bulk(&self, account: &Account, chunk: &[String]) -> Result<Vec<ListingSnapshot>, ChannelError> {
        let ids = chunk.join(",");
        let query = |path: &[&str]| {
            self.request(OPERATION, Method::GET, account, path)
                .query("ids", &ids)
                .query("include_attributes", "all")
        };
        let answer = match self.ask(query(&["items", "bulk"])).await {
            Err(ChannelError { kind: ErrorKind::NotFound, .. }) => self.ask(query(&["items"])).await?,
            outcome => outcome?,
        };
        let entries: Vec<wire::BulkEntry> = answer.json()?;
        if entries.len() < chunk.len() {
            return Err(answer.garbled("fewer entries than were asked for"));
        }
        let mut snapshots = Vec::new();
        for entry in entries {
            let Some(body) = entry.body else {
                return Err(answer.garbled("an entry without a body"));
            };
            match entry.status_code.as_ref().and_then(Loose::count) {
                Some(200) => {}
                // Gone between the list and this call.
                Some(404 | 410) => continue,
                Some(status) => return Err(answer.fail(error::kind_of_entry(status))),
                None => return Err(answer.garbled("an entry without a status")),
            }
            let item: wire::Item =
                serde_json::from_str(body.get()).map_err(|_| answer.garbled("an entry that is no item"))?;
            if !chunk.contains(&item.id.0) {
                return Err(answer.garbled("an entry that was not asked for"));
            }
            if !map::hides_codes(&item) {
                snapshots.extend(map::item(&item).map_err(|gap| answer.garbled(gap.0))?);
                continue;
            }
            match self.read_item(OPERATION, account, &item.id.0).await {
                Ok((alone, _)) => snapshots.extend(alone),
                Err(ChannelError { kind: ErrorKind::NotFound, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(snapshots)
    }
}

/// How far a scan has come, and which ids it gave that are still to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Scan {
    scroll: Option<String>,
    seen: u64,
    total: Option<u64>,
    pending: Vec<String>,
}

impl Scan {
    fn to_cursor(&self) -> String {
        let total = self.total.map(|total| total.to_string()).unwrap_or_default();
        let scroll = self.scroll.as_deref().unwrap_or_default();
        format!("{};{total};{};{scroll}", self.seen, self.pending.join(","))
    }

    /// The scroll comes last: it is the platform's and may hold any character.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ';');
        let seen = parts.next()?.parse().ok()?;
        let total = match parts.next()? {
            "" => None,
            total => Some(total.parse().ok()?),
        };
        let pending: Vec<String> = parts.next()?.split(',').map(str::to_owned).collect();
        let scroll = parts.next().filter(|scroll| !scroll.is_empty()).map(str::to_owned);
        pending.iter().all(|id| is_item(id)).then_some(Self { scroll, seen, total, pending })
    }
}
