//! The address of the audit trail: what it is narrowed to and where the page begins.

use std::time::Duration;

use domain::{AuditId, MemberId, Timestamp};
use store::audit_page::{AuditEnd, AuditFilter, Whose};

use super::address::address;
use crate::pages::audit::AuditFields;

const DAY: Duration = Duration::from_hours(24);
/// How far back it is looked for what was begun and has not ended, when nobody says.
const OPEN_DAYS: u32 = 7;
/// Longest word or id of an address, in bytes: an id has 30.
const MAX_WORD_BYTES: usize = 100;

address! {
    /// What an address holds.
    AuditQuery { whose, period, from, until, who, kind, action, end, thing, before }
}

impl AuditQuery {
    /// What it is narrowed to, as an address writes it; empty for all events.
    pub(crate) fn filter_text(&self) -> String {
        Self { before: String::new(), ..self.clone() }.pairs()
    }

    /// The address of the page that begins behind an event; the first page without one.
    pub(crate) fn link(&self, before: Option<AuditId>) -> String {
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        let pairs = Self { before, ..self.clone() }.pairs();
        if pairs.is_empty() { "/audit".into() } else { format!("/audit?{pairs}") }
    }

    /// The event that the page begins behind.
    pub(crate) fn before(&self) -> Option<AuditId> {
        self.before.parse().ok()
    }

    /// What the store is asked for at `now`; `None` when the address holds what means nothing.
    pub(crate) fn filter(&self, now: Timestamp) -> Option<AuditFilter> {
        if self.texts().any(|(_, value)| value.len() > MAX_WORD_BYTES) {
            return None;
        }
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let end = match self.end.as_str() {
            "" => None,
            word => Some(AuditEnd::parse(word)?),
        };
        let period = match self.period.as_str() {
            "today" => Some(now.business_midnight(0)),
            "7d" => Some(now.minus(7 * DAY)),
            "30d" => Some(now.minus(30 * DAY)),
            _ => None,
        };
        let from = day(&self.from, 0)?.or(period);
        let from = from.or_else(|| (end == Some(AuditEnd::Open)).then(|| now.minus(OPEN_DAYS * DAY)));
        Some(AuditFilter {
            whose: match self.whose.as_str() {
                "" => Whose::Organization,
                "installation" => Whose::Installation,
                _ => return None,
            },
            from,
            until: day(&self.until, 1)?,
            actor: match filled(&self.who) {
                // Members stand in addresses by their id alone.
                Some(who) if who.parse::<MemberId>().is_ok() => Some(format!("member:{who}")),
                Some(who) if who == "unknown" => Some(who),
                Some(who) => Some(format!("system:{who}")),
                None => None,
            },
            kind: filled(&self.kind),
            action: filled(&self.action),
            end,
            subject: filled(&self.thing),
        })
    }

    /// The same for the page.
    pub(crate) fn into_page(self) -> AuditFields {
        AuditFields {
            text: self.filter_text(),
            installation: self.whose == "installation",
            period: self.period,
            from: self.from,
            until: self.until,
            who: self.who,
            kind: self.kind,
            action: self.action,
            end: self.end,
            thing: self.thing,
        }
    }
}

/// The midnight that begins a day of the business calendar (`2026-11-22`), or the one so many
/// days later. Nothing for nothing; `None` for what is no day.
#[expect(clippy::option_option, reason = "no day is something else than a wrong one")]
fn day(text: &str, days: i32) -> Option<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(None);
    }
    // Noon in UTC is the same day on the business calendar.
    Timestamp::parse(&format!("{text}T12:00:00Z")).map(|noon| Some(noon.business_midnight(days)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::SeededEntropy;

    const NOW: Timestamp = Timestamp::from_millis(1_795_366_991_000);

    fn filter(text: &str) -> Option<AuditFilter> {
        AuditQuery::parse(text).filter(NOW)
    }

    #[test]
    fn an_address_narrows_by_every_field_and_the_page_keeps_it() {
        let who = MemberId::new(NOW, &SeededEntropy::new(1));
        let text = format!(
            "from=2026-11-01&until=2026-11-30&who={who}&kind=order&action=order.changed&end=failed&thing=ord_1"
        );
        let found = filter(&text).unwrap();
        assert_eq!(found.from, Timestamp::parse("2026-11-01T03:00:00Z"));
        assert_eq!(found.until, Timestamp::parse("2026-12-01T03:00:00Z"), "its last day is in it");
        assert_eq!(found.actor, Some(format!("member:{who}")));
        assert_eq!((found.kind.as_deref(), found.action.as_deref()), (Some("order"), Some("order.changed")));
        assert_eq!((found.end, found.subject.as_deref()), (Some(AuditEnd::Failed), Some("ord_1")));
        let query = AuditQuery::parse(&format!("before=x&{text}&csrf=1"));
        assert_eq!(query.filter_text(), text);
        assert_eq!(query.link(None), format!("/audit?{text}"));
        let id = AuditId::new(NOW, &SeededEntropy::new(2));
        assert_eq!(AuditQuery::parse(&query.link(Some(id))[7..]).before(), Some(id));
    }

    #[test]
    fn the_installations_own_events_are_asked_for_by_name() {
        assert_eq!(filter("whose=installation").unwrap().whose, Whose::Installation);
        assert_eq!(filter("who=unknown").unwrap().whose, Whose::Organization);
    }

    #[test]
    fn parts_of_the_program_and_strangers_are_asked_for_by_their_names() {
        assert_eq!(filter("who=ingest").unwrap().actor.as_deref(), Some("system:ingest"));
        assert_eq!(filter("who=unknown").unwrap().actor.as_deref(), Some("unknown"));
    }

    #[test]
    fn what_has_not_ended_is_looked_for_in_the_last_days_when_nobody_says_since_when() {
        assert_eq!(filter("end=open").unwrap().from, Some(NOW.minus(7 * DAY)));
        assert_eq!(filter("end=open&period=30d").unwrap().from, Some(NOW.minus(30 * DAY)));
        assert_eq!(filter("").unwrap(), AuditFilter::default());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let long = "a".repeat(MAX_WORD_BYTES + 1);
        for wrong in
            ["end=perhaps", "whose=others", "from=yesterday", "until=2026-13-01", &format!("thing={long}")]
        {
            assert_eq!(filter(wrong), None, "{wrong}");
        }
    }
}
