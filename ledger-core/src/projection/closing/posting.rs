//! Which time was closed when, and what follows for what is recorded later: the day on which it is posted.
//!
//! ```text
//! recorded     before the close of March   after it                after that of April
//! true in      March -> March              March -> 1 April        March -> 1 May
//! ```
//!
//! Nothing of it stands in a line: it follows from the positions at which closes came into force. A close closes its month and all time before
//! it, so that there is one first open moment at every position, and it only moves forward.

use super::{Close, Closing, signed_at};
use crate::book::Book;
use crate::time::{Instant, Period};

/// From a position on, what was true before a moment is posted at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shut {
    /// The position of the signature with which the close came into force: what stands behind it was recorded after the close.
    pub at: u64,
    /// The first moment that is open.
    pub until: Instant,
}

/// What was closed by a position, in order: positions and moments both rise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shuts(Vec<Shut>);

/// Nothing was closed.
pub static NOTHING_CLOSED: Shuts = Shuts(Vec::new());

impl Shuts {
    /// Of these, in any order. One that closes nothing that was not closed before it is none.
    pub fn of(mut all: Vec<Shut>) -> Self {
        all.sort_by_key(|shut| (shut.at, std::cmp::Reverse(shut.until)));
        let mut kept: Vec<Shut> = Vec::new();
        for shut in all {
            if kept.last().is_none_or(|last| last.until < shut.until) {
                kept.push(shut);
            }
        }
        Self(kept)
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = Shut> {
        self.0.iter().copied()
    }

    /// Whether nothing was closed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first moment that was open when an entry was recorded; nothing while nothing was closed.
    pub fn open_at(&self, seq: u64) -> Option<Instant> {
        let before = self.0.partition_point(|shut| shut.at < seq);
        before.checked_sub(1).map(|last| self.0[last].until)
    }

    /// When something is posted: when it was true, or, where that was closed when it was recorded, at the first moment that was open.
    pub fn posted(&self, effective_at: Instant, seq: u64) -> Instant {
        self.open_at(seq).map_or(effective_at, |open| open.max(effective_at))
    }

    /// The close that closed all that is before a moment: what is recorded behind it is posted at that moment or later.
    pub fn closing(&self, before: Instant) -> Option<Shut> {
        self.0.get(self.0.partition_point(|shut| shut.until < before)).copied()
    }

    /// The closes after which something was recorded that was true before they ended, in order.
    pub fn passed(&self, effective_at: Instant, seq: u64) -> impl Iterator<Item = Shut> {
        self.iter().filter(move |shut| shut.at < seq && effective_at < shut.until)
    }
}

impl Closing {
    /// What was closed by a position: a line for each month, from when its first close came into force. A revision closes nothing anew.
    pub fn shuts(&self, book: &Book, known_at: u64) -> Shuts {
        let of = |close: &Close| Some(Shut { at: signed_at(close, book, known_at)?, until: Period::month_from(close.closed.month)?.until });
        Shuts::of(self.closes(known_at).filter_map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Instant {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    #[test]
    fn what_is_recorded_after_a_close_is_posted_in_the_first_open_month() {
        let shut = |at, until| Shut { at, until: day(until) };
        // The close of April was signed before that of March, which then closed nothing any more; a revision of April neither.
        let shuts = Shuts::of(vec![shut(90, "2026-05-01"), shut(40, "2026-03-01"), shut(60, "2026-05-01"), shut(61, "2026-04-01")]);
        assert_eq!(shuts.iter().map(|shut| shut.at).collect::<Vec<_>>(), [40, 60]);
        for (effective, seq, posted) in [
            ("2026-02-10", 39, "2026-02-10"),
            ("2026-02-10", 40, "2026-02-10"),
            ("2026-02-10", 41, "2026-03-01"),
            ("2026-01-10", 41, "2026-03-01"),
            ("2026-03-10", 41, "2026-03-10"),
            ("2026-03-10", 61, "2026-05-01"),
            ("2026-05-01", 99, "2026-05-01"),
        ] {
            assert_eq!(shuts.posted(day(effective), seq), day(posted), "#{seq} of {effective}");
        }
        assert_eq!(shuts.closing(day("2026-02-15")).map(|shut| shut.at), Some(40));
        assert_eq!(shuts.closing(day("2026-03-01")).map(|shut| shut.at), Some(40));
        assert_eq!(shuts.closing(day("2026-03-02")).map(|shut| shut.at), Some(60));
        assert_eq!(shuts.closing(day("2026-05-02")), None);
        assert_eq!(shuts.passed(day("2026-02-10"), 95).count(), 2);
        assert_eq!(shuts.passed(day("2026-03-10"), 50).count(), 0);
        assert_eq!(Shuts::default().posted(day("2026-02-10"), 7), day("2026-02-10"));
    }
}
