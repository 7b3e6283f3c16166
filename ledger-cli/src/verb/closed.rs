//! What was closed, beside what the same reports come to now.
//!
//! ```text
//! as it was closed -- at the position it was prepared at, by the program of today --> the same, or close.restated
//!                  -- at the asked position -----------------------------------------> what came after the close
//! ```

use ledger_core::chain::{Hash, Head};
use ledger_core::event::Entry;
use ledger_core::money::Amount;
use ledger_core::projection::closing::{Figure, figures, is_dated};
use ledger_core::report::{Beside, Report};
use ledger_core::time::{Basis, Instant, Period};
use ledger_store::ledger::States as _;
use ledger_store::scan::{Depth, ScanError, scan};

use super::show::{self, Noun};
use crate::context::Context;
use crate::failure::{Failure, counted};
use crate::render::grouped;
use crate::session::{Session, States};

/// The reports that are closed, in full, and of each the figure that says most.
pub(super) const CLOSED: &[(Noun, &str)] = &[
    (Noun::Payouts, "net_revenue"), // one a line
    (Noun::Receivables, "uncollected"),
    (Noun::Spend, "spend"),
    (Noun::Edp, "counted"),
    (Noun::Incentives, "balance"),
];

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

/// The figures of a report beside those that were closed, when it is asked for the end of a closed month and for what was known after the close.
///
/// # Errors
/// The log cannot be read.
pub(super) fn beside(noun: Noun, report: &Report, basis: &Basis, states: &States, session: &Session) -> Result<Vec<Beside>, Failure> {
    let asked = || {
        let (_, headline) = CLOSED.iter().find(|(known, _)| *known == noun)?;
        let until = basis.effective_before.filter(|_| basis.stated_before.is_none())?;
        let period = Period::month_of(Instant::from_micros(until.micros() - 1)).filter(|period| period.until == until)?;
        let (close, at) = states.closing.in_force(period.from, &states.book, basis.known_at)?;
        let (stands, restated_at) = states.closing.stands(close, &show::noun(noun), &states.book, basis.known_at)?;
        Some((*headline, period, at, restated_at, figures(stands, report)?))
    };
    let Some((headline, period, at, restated_at, figures)) = asked() else { return Ok(Vec::new()) };
    let from = session.source.head_at(at)?.unwrap_or(Head::EMPTY);
    let events = dated_after(session, from, basis.known_at, period.until)?.len() as u64;
    let is_told = |figure: &Figure| figure.column == headline || figure.closed != figure.now;
    let told = figures.into_iter().filter(is_told).map(|figure| Beside {
        month: named(period.from),
        closed_at: at,
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

/// The same for people: a line for each currency, and below it what else differs.
pub(super) fn lines(all: &[Beside]) -> Vec<String> {
    let look = |first: &Beside| match first.events {
        0 if all.iter().all(|beside| beside.difference.is_zero()) => String::new(),
        0 => " · dealbook verify --full".to_owned(),
        _ => format!(" · dealbook diff close-{} --as-of {}", first.month, last_day(&first.month)),
    };
    let told = |first: &Beside| {
        let restated = first.restated_at.map(|at| format!(", restated at #{at}")).unwrap_or_default();
        let (month, at, events) = (&first.month, first.closed_at, counted(first.events, "event"));
        let line = format!("closed {month} at #{at}{restated}: {}, {events}{}", changed(first), look(first));
        let others: Vec<String> = others(all, first);
        let others = (!others.is_empty()).then(|| format!("after close {}: {}", first.currency, others.join(", ")));
        [line].into_iter().chain(others)
    };
    all.iter().filter(|beside| beside.headline).flat_map(told).collect()
}

/// What a report came to when it was closed, and what came after it: a line for each currency.
pub(super) fn compared(all: &[Beside], report: &str) -> Vec<String> {
    let told = |first: &Beside| [vec![changed(first)], others(all, first)].concat().join(", ");
    all.iter().filter(|beside| beside.headline).map(|first| format!("{report}: {}", told(first))).collect()
}

fn changed(figure: &Beside) -> String {
    let (title, currency) = (figure.title.to_lowercase(), &figure.currency);
    format!("{title} {} {currency} · after close {} {currency}", amount(figure.closed), signed(figure.difference))
}

/// What differs beside the figure that says most, in the same currency.
fn others(all: &[Beside], first: &Beside) -> Vec<String> {
    let other = all.iter().filter(|beside| !beside.headline && beside.currency == first.currency);
    other.map(|beside| format!("{} {}", beside.title.to_lowercase(), signed(beside.difference))).collect()
}

fn amount(amount: Amount) -> String {
    grouped(&amount.to_string())
}

fn signed(difference: Amount) -> String {
    let sign = if difference.is_negative() || difference.is_zero() { "" } else { "+" };
    format!("{sign}{}", amount(difference))
}

/// The last day of a month that is written as people write it.
fn last_day(month: &str) -> String {
    let from = format!("{month}-01T00:00:00Z").parse().ok().and_then(Period::month_from);
    from.map(|period| Instant::from_micros(period.until.micros() - 1).day().to_string()).unwrap_or_default()
}
