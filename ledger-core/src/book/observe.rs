//! Decisions: what a fact adds to what is already recorded.
//!
//! A fact is never refused. The first time a record is seen it is an event of its own type; every further version, and every record that
//! is first seen withdrawn, is a `source.restated` that names its neighbours in the order in which the source stated them. So a version
//! that arrives late does not overwrite a newer one, and any split of the same files comes to the same.

use crate::event::governance::{Replaced, SourceRestated};
use crate::event::{Entry, Event};
use crate::feed::Fact;
use crate::time::Instant;

/// A version of a record that the ledger holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its position.
    pub seq: u64,
    /// When the source stated it.
    pub stated_at: Option<Instant>,
    /// Whether the source took the record back with it.
    pub withdrawn: bool,
    /// When it was said to be true in the world.
    pub effective_at: Instant,
    /// What was said.
    pub event: Event,
}

impl From<Entry> for Version {
    fn from(entry: Entry) -> Self {
        let (seq, stated_at, effective_at) = (entry.seq, entry.stated_at(), entry.effective_at);
        let (event, withdrawn) = match entry.event {
            Event::SourceRestated(restated) => (restated.entry, restated.withdrawn),
            event => (event, false),
        };
        Self { seq, stated_at, withdrawn, effective_at, event }
    }
}

/// What a fact that is not yet known makes true, given every version of its record that is.
///
/// Versions of one moment stand in the order in which they were recorded: the later one is the one that counts.
pub fn observe(fact: Fact, versions: &[Version]) -> Event {
    let before =
        versions.iter().filter(|version| version.stated_at <= fact.stated_at).max_by_key(|version| (version.stated_at, version.seq));
    let after = versions.iter().filter(|version| version.stated_at > fact.stated_at).min_by_key(|version| (version.stated_at, version.seq));
    if before.is_none() && after.is_none() && !fact.withdrawn {
        return fact.event;
    }
    let replaced = before.filter(|version| !version.withdrawn);
    Event::SourceRestated(Box::new(SourceRestated {
        entry: fact.event,
        precedes: after.map(|version| version.seq),
        replaced: replaced.map(|version| Replaced { effective_at: version.effective_at, entry: version.event.clone() }),
        replaces: before.map(|version| version.seq),
        until: after.and_then(|version| version.stated_at),
        withdrawn: fact.withdrawn,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::governance::RateSet;

    fn moment(day: u32) -> Instant {
        format!("2026-01-{day:02}T00:00:00Z").parse().unwrap()
    }

    fn said(rate: &str) -> Event {
        let parse = |text: &str| text.parse().unwrap();
        Event::RateSet(Box::new(RateSet {
            base: parse("EUR"),
            quote: parse("USD"),
            rate: rate.parse().unwrap(),
            source: "a bank".to_owned(),
        }))
    }

    fn fact(day: u32, rate: &str, withdrawn: bool) -> Fact {
        Fact { key: "k".to_owned(), effective_at: moment(1), stated_at: Some(moment(day)), withdrawn, event: said(rate) }
    }

    fn version(seq: u64, day: u32, rate: &str, withdrawn: bool) -> Version {
        Version { seq, stated_at: Some(moment(day)), withdrawn, effective_at: moment(1), event: said(rate) }
    }

    fn restated(event: Event) -> SourceRestated {
        match event {
            Event::SourceRestated(restated) => *restated,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_version_is_an_event_of_its_own() {
        assert_eq!(observe(fact(3, "1.1", false), &[]), said("1.1"));
    }

    #[test]
    fn a_record_first_seen_withdrawn_is_recorded_and_counts_nothing() {
        let restated = restated(observe(fact(3, "1.1", true), &[]));
        assert_eq!((restated.replaces, restated.replaced, restated.withdrawn), (None, None, true));
    }

    #[test]
    fn a_later_version_replaces_the_one_before() {
        let restated = restated(observe(fact(5, "1.2", false), &[version(7, 3, "1.1", false)]));
        assert_eq!((restated.replaces, restated.precedes, restated.until), (Some(7), None, None));
        assert_eq!(restated.replaced.unwrap().entry, said("1.1"));
    }

    #[test]
    fn an_older_version_that_arrives_late_stands_until_the_newer_one() {
        let restated = restated(observe(fact(4, "1.2", false), &[version(7, 3, "1.1", false), version(9, 6, "1.3", false)]));
        assert_eq!((restated.replaces, restated.precedes, restated.until), (Some(7), Some(9), Some(moment(6))));
    }

    #[test]
    fn what_was_withdrawn_is_not_replaced() {
        let restated = restated(observe(fact(5, "1.2", false), &[version(7, 3, "1.1", true)]));
        assert_eq!((restated.replaces, restated.replaced), (Some(7), None));
    }

    #[test]
    fn of_two_versions_of_one_moment_the_later_recorded_counts() {
        let restated = restated(observe(fact(3, "1.3", false), &[version(7, 3, "1.1", false), version(8, 3, "1.2", false)]));
        assert_eq!((restated.replaces, restated.precedes), (Some(8), None));
    }
}
