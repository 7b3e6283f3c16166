//! What was closed, beside what the same reports come to now.
//!
//! ```text
//! as it was closed -- at the position it was prepared at, by the program of today --> the same, or close.restated
//!                  -- at the asked position -----------------------------------------> what came after the close
//! ```

use ledger_core::chain::{Hash, Head};
use ledger_core::event::Entry;
use ledger_core::projection::closing::{Figure, figures, figures_of, is_dated};
use ledger_core::report::{Beside, Kind, Report};
use ledger_core::time::{Basis, Instant, Period};
use ledger_store::ledger::States as _;
use ledger_store::scan::{Depth, ScanError, scan};

use super::show::{self, Noun};
use crate::context::Context;
use crate::failure::Failure;
use crate::render::beside::amount;
use crate::session::{Session, States};

/// The reports that are closed, in full, and of each the figure that says most.
pub(super) const CLOSED: &[(Noun, &str)] = &[
    (Noun::Payouts, "net_revenue"), // one a line
    (Noun::Receivables, "uncollected"),
    (Noun::Spend, "spend"),
    (Noun::Edp, "counted"),
    (Noun::Incentives, "balance"),
];

/// Reports that are not closed in full, and of each the figure that says most, where that is not its first.
const OTHERS: &[(Noun, &str)] = &[(Noun::Invoices, "net_revenue"), (Noun::Fees, "charged"), (Noun::Tax, "tax"), (Noun::Unbilled, "amount")];

/// How a closed report comes out by the program of today, of the history that was closed.
pub(super) struct Again {
    /// The first moment of its month.
    pub(super) month: Instant,
    /// Which close, by the position of its first part.
    pub(super) close: u64,
    /// Where it was restated, when it was and that is in force.
    pub(super) restated: Option<u64>,
    /// As it comes out now.
    pub(super) report: Report,
    /// Whether that is something else than what stands.
    pub(super) differs: bool,
    /// The figure that says most, and every one that differs: as it stands, and now.
    pub(super) figures: Vec<Figure>,
    /// The projections whose version is another than when it was closed: `billing/3 is billing/4 now`.
    pub(super) versions: Vec<String>,
}

impl Again {
    /// What differs, a line for each figure.
    pub(super) fn told(&self) -> Vec<String> {
        let of = format!("{} {}", named(self.month), self.report.name);
        let differing = self.figures.iter().filter(|figure| figure.closed != figure.now);
        let each = |figure: &Figure| {
            let [closed, now] = [figure.closed, figure.now].map(amount);
            format!("{of}: {} closed {closed}, now {now} {}", figure.title.to_lowercase(), figure.currency).trim_end().to_owned()
        };
        let told: Vec<String> = differing.map(each).collect();
        if told.is_empty() { vec![format!("{of}: what it says beside its figures")] } else { told }
    }
}

/// `2026-03`.
pub(super) fn named(month: Instant) -> String {
    month.to_string()[..7].to_owned()
}

/// Every report of every close that is in force at a position, computed again of the history that it was closed of.
pub(super) fn again(states: &States, known_at: u64, context: &Context) -> Vec<Again> {
    let closing = &states.closing;
    let mut all = Vec::new();
    for month in closing.closed_months(&states.book, known_at).into_keys() {
        let Some(close) = closing.closed(month, &states.book, known_at) else { continue };
        let Some(period) = Period::month_from(month) else { continue };
        let basis = Basis { effective_before: Some(period.until), known_at: close.closed.known_at, stated_before: None };
        let versions = versions(&close.closed.projectors, states);
        for (noun, headline) in CLOSED {
            let Some((stands, restated)) = closing.stands(close, &show::noun(*noun), &states.book, known_at) else { continue };
            let report = show::answer(*noun, states, basis, context);
            let mut figures = figures(stands, &report).unwrap_or_default();
            figures.retain(|figure| figure.column == *headline || figure.closed != figure.now);
            let (differs, versions) = (report.digest() != stands.digest, versions.clone());
            all.push(Again { month, close: close.seq, restated, report, differs, figures, versions });
        }
    }
    all
}

/// The projections that have another version than a close names.
fn versions(closed: &[String], states: &States) -> Vec<String> {
    let now = states.each().into_iter().map(|state| (state.name(), format!("{}/{}", state.name(), state.version())));
    let other = |(name, now): (&str, String)| {
        let then = closed.iter().find(|then| then.split_once('/').is_some_and(|(known, _)| known == name))?;
        (*then != now).then(|| format!("{then} is {now} now"))
    };
    now.filter_map(other).collect()
}

/// The entries behind a head, up to a position, that are dated before a moment.
pub(super) fn dated_after(session: &Session, from: Head, to: u64, before: Instant) -> Result<Vec<(Entry, Hash)>, Failure> {
    after(session, from, to, |entry| is_dated(entry, before))
}

/// The entries behind a head, up to a position, that are wanted.
pub(super) fn after(session: &Session, from: Head, to: u64, wants: impl Fn(&Entry) -> bool) -> Result<Vec<(Entry, Hash)>, Failure> {
    let mut found = Vec::new();
    if from.seq >= to {
        return Ok(found);
    }
    scan(session.source.read(from.seq + 1)?, from, Depth::Entries, |checked| {
        let told: Vec<Hash> = checked.entries.iter().skip(1).map(|entry| entry.prev).chain([checked.after.hash]).collect();
        let all = checked.entries.into_iter().zip(told);
        found.extend(all.filter(|(entry, _)| entry.seq > from.seq && entry.seq <= to && wants(entry)));
        Ok::<(), ScanError>(())
    })?;
    Ok(found)
}

/// What a report tells first: of those that are closed in full the figure that says most, of others too where the first column does not.
fn headline(noun: Noun, report: &Report) -> Option<&'static str> {
    let known = CLOSED.iter().chain(OTHERS).find(|(known, _)| *known == noun).map(|(_, column)| *column);
    let first = || report.columns.iter().find(|column| column.kind == Kind::Amount).map(|column| column.name);
    known.filter(|column| report.column(column).is_some()).or_else(first)
}

/// A question that lies in closed time.
pub(super) struct Asked {
    /// What is shown.
    pub(super) noun: Noun,
    /// Whether all of it is asked for, as it is closed.
    pub(super) whole: bool,
    /// Whether some rows are chosen.
    pub(super) narrowed: bool,
    /// At which basis.
    pub(super) basis: Basis,
}

/// The figures of a report beside those that were closed, when it is asked for a day of closed time and for what was known after the close. What
/// the close holds in full is taken from there; any other question is asked `again` of the lines that were closed.
///
/// # Errors
/// The log cannot be read.
pub(super) fn beside(
    report: &Report,
    asked: &Asked,
    (states, session): (&States, &Session),
    again: impl FnOnce(Basis) -> Result<Report, Failure>,
) -> Result<Vec<Beside>, Failure> {
    let (basis, closing) = (asked.basis, &states.closing);
    let Some(until) = basis.effective_before.filter(|_| basis.stated_before.is_none()) else { return Ok(Vec::new()) };
    let last = Instant::from_micros(until.micros() - 1);
    // A close closes its month and all time before it: the first one that closed the day is meant.
    let months = closing.closed_months(&states.book, basis.known_at);
    let closed = Period::month_of(last).and_then(|of| months.range(of.from..).next()).and_then(|(month, _)| Period::month_from(*month));
    let Some((month, (close, at))) = closed.and_then(|month| Some((month, closing.in_force(month.from, &states.book, basis.known_at)?)))
    else {
        return Ok(Vec::new());
    };
    let is_end = month.until == until;
    let recorded = closing.stands(close, &show::noun(asked.noun), &states.book, basis.known_at).filter(|_| is_end && asked.whole);
    let (figures, restated_at) = match recorded {
        Some((stands, restated_at)) => (figures(stands, report), restated_at),
        // What cannot be asked of what was closed, it knew nothing of: somebody who had no books yet.
        None => {
            let nothing = || Report::new(report.name, report.columns.clone());
            (Some(figures_of(&again(Basis { known_at: at, ..basis }).unwrap_or_else(|_| nothing()), report)), None)
        }
    };
    let (Some(figures), Some(headline)) = (figures, headline(asked.noun, report)) else { return Ok(Vec::new()) };
    let from = session.source.head_at(at)?.unwrap_or(Head::EMPTY);
    let events = dated_after(session, from, basis.known_at, until)?.len() as u64;
    let is_told = |figure: &Figure| figure.column == headline || figure.closed != figure.now;
    let as_of = (!is_end).then(|| if until == Instant::midnight(until.day()) { last.day().to_string() } else { until.to_string() });
    let told = figures.into_iter().filter(is_told).map(|figure| Beside {
        month: named(month.from),
        closed_at: at,
        as_of: as_of.clone(),
        recorded: recorded.is_some(),
        narrowed: asked.narrowed,
        restated_at,
        column: figure.column,
        title: figure.title,
        headline: figure.column == headline,
        difference: figure.difference(),
        currency: figure.currency,
        closed: figure.closed,
        now: figure.now,
        events,
    });
    Ok(told.collect())
}
