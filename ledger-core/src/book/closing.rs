//! The rules of a month's end: who may resolve a break with what, and when a month may be closed.
//!
//! None of these writes a fact of AWS's: a resolution names what is recorded already, or says that a difference may stand.

use super::Book;
use super::rules::Breaches;
use crate::event::close::{BreakAssigned, BreakResolved, DifferenceAccepted};
use crate::event::{Entry, Event};
use crate::problem::{Code, Problem};
use crate::projection::closing::{Closing, Found, State, difference, is_dated, open_by_currency};
use crate::projection::sources::Sources;
use crate::reconcile::{Kind, Reason};
use crate::report::grouped;
use crate::time::{Instant, Period};

/// What is to be done about a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Somebody is to look after it.
    Assign(&'a BreakAssigned),
    /// It is explained, or waits. With the entry that is named, when there is one.
    Resolve(&'a BreakResolved, Option<&'a Entry>),
    /// Its difference is accepted.
    Accept(&'a DifferenceAccepted),
}

/// The break of an id, or of its beginning.
///
/// # Errors
/// There is none, or there are several.
pub fn found<'f>(all: &'f [Found], id: &str) -> Result<&'f Found, Problem> {
    let mut begins = all.iter().filter(|found| found.told.id.as_str().starts_with(id));
    match (begins.next(), begins.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => Err(Problem::new(Code::E0305, id, "several breaks begin so").cure("dealbook breaks list --all")),
        _ => Err(Problem::new(Code::E0407, id, "no reconciliation has found it").cure("dealbook breaks list --all")),
    }
}

/// Decides about a break.
///
/// # Errors
/// Every rule that it breaks.
pub fn decide(book: &Book, found: &Found, deed: &Deed<'_>) -> Result<(), Vec<Problem>> {
    let mut breaches = Breaches::default();
    let id = found.told.id.as_str();
    let kind = Kind::of(&found.told.code);
    if !matches!(found.state, State::Open | State::Waiting) {
        breaches.add(Code::E0408, "id", id, format!("it is {}", found.state.as_str()), "dealbook breaks show");
    }
    let reason = |reason: &str, breaches: &mut Breaches| {
        let known: Vec<&str> = kind.map(|kind| kind.reasons().iter().map(|reason| reason.as_str()).collect()).unwrap_or_default();
        if !known.contains(&reason) {
            let why = format!("a break {} has other reasons", found.told.code);
            breaches.add(Code::E0203, "reason", reason, why, format!("one of {}", known.join(", ")));
        }
    };
    match deed {
        Deed::Assign(told) => {
            if !book.knows(&told.person) {
                breaches.add(
                    Code::E0406,
                    "person",
                    told.person.as_str(),
                    "no entry registers this person",
                    "dealbook record person.registered",
                );
            }
        }
        Deed::Resolve(told, entry) => {
            reason(&told.reason, &mut breaches);
            entry_of(told, *entry, &mut breaches);
        }
        Deed::Accept(told) => {
            reason(Reason::Accepted.as_str(), &mut breaches);
            if told.note.trim().is_empty() {
                breaches.add(Code::E0102, "note", "", "who accepts a difference says why", "--note TEXT");
            }
            if told.amount != difference(&found.told) {
                breaches.add(Code::E0401, "amount", told.amount.to_string(), "the difference is another", "run the reconciliation again");
            }
        }
    }
    breaches.done()
}

/// The entry that a resolution names.
fn entry_of(told: &BreakResolved, entry: Option<&Entry>, breaches: &mut Breaches) {
    let reason = Reason::of(&told.reason);
    let needs = matches!(reason, Some(Reason::Arrived | Reason::Expectation));
    let Some(seq) = told.entry else {
        if needs {
            breaches.add(Code::E0102, "entry", "", "it names the entry that explains it", "--entry N");
        }
        return;
    };
    let name = format!("#{seq}");
    let Some(entry) = entry else {
        return breaches.add(Code::E0407, "entry", name, "the ledger does not go as far", "dealbook log");
    };
    let source = entry.source.as_ref();
    let is_a_fact = source.is_some_and(|source| source.import.is_some() || source.document.is_some());
    match reason {
        Some(Reason::Arrived) if !is_a_fact => {
            breaches.add(
                Code::E0401,
                "entry",
                name,
                "nobody but AWS says that a fact has arrived",
                "name the row, or what a document shows",
            );
        }
        Some(Reason::Expectation) if !matches!(entry.event, Event::EntryCorrected(_)) => {
            breaches.add(Code::E0401, "entry", name, "it corrects no expectation of ours", "dealbook correct N, and name the correction");
        }
        _ => (),
    }
}

/// Whether an entry is part of what a close is about: a person entered it by hand, and it is of the month; what is done about a break is of the
/// break's month. Who did so does not sign the close.
pub fn is_by_hand_in(entry: &Entry, month: Period, closing: &Closing) -> bool {
    let said = match &entry.event {
        Event::EntryCorrected(told) => told.replacement.as_ref().unwrap_or(&entry.event),
        event => event,
    };
    let of_break = match said {
        Event::BreakResolved(told) => closing.month_of(told.id.as_str()),
        Event::DifferenceAccepted(told) => closing.month_of(told.id.as_str()),
        _ => None,
    };
    if of_break == Some(month.from) {
        return true;
    }
    let is_about_the_close = matches!(
        entry.event,
        Event::EntryApproved(_)
            | Event::EntryConfirmed(_)
            | Event::PersonRegistered(_)
            | Event::ReconciliationSealed(_)
            | Event::BreakAssigned(_)
            | Event::PeriodClosed(_)
            | Event::CloseRestated(_)
    );
    let from_a_file = entry.source.as_ref().is_some_and(|source| source.import.is_some());
    !is_about_the_close && !from_a_file && month.holds(entry.effective_at)
}

/// Whether an entry that was recorded after a close of the month was prepared leaves it something else than what was looked at: what is dated in
/// the month or before it, a reconciliation, what was done about a break, a policy that lets it be closed, and the approval or correction of any.
pub fn bears_on(entry: &Entry, month: Period, closing: &Closing, named: &dyn Fn(u64) -> Option<Entry>) -> bool {
    let of_break = |id: &str| closing.month_of(id).is_some_and(|of| of <= month.from);
    let earlier = |seq: u64| named(seq).is_some_and(|told| told.seq < entry.seq && bears_on(&told, month, closing, named));
    let bears = match &entry.event {
        Event::BreakResolved(told) => of_break(told.id.as_str()),
        Event::DifferenceAccepted(told) => of_break(told.id.as_str()),
        Event::PolicySet(told) => super::policy::closing::NAME == told.policy.as_str(),
        Event::EntryApproved(told) => earlier(told.entry),
        Event::EntryConfirmed(told) => earlier(told.entry),
        Event::EntryCorrected(told) => earlier(told.entry),
        _ => false,
    };
    bears || is_dated(entry, month.until)
}

/// Whether a month may be restated, of which so many closed reports come to something else now.
///
/// # Errors
/// Everything that stands in the way.
pub fn may_restate(is_closed: bool, differing: usize, month: Period, note: &str) -> Result<(), Vec<Problem>> {
    let mut breaches = Breaches::default();
    let name = month.from.to_string()[..7].to_owned();
    if !is_closed {
        breaches.add(Code::E0408, "period", name.clone(), "it is not closed yet", format!("dealbook close {name}"));
    } else if differing == 0 {
        breaches.add(Code::E0408, "period", name, "every closed report comes to what it was", "nothing is to be restated");
    }
    if note.trim().is_empty() {
        breaches.add(Code::E0102, "note", "", "who restates what was closed says why", "--note TEXT");
    }
    breaches.done()
}

/// What stands in the way of closing a month: a line each. `pending` are the entries of money that wait for their approvals.
///
/// # Errors
/// Everything that does.
pub fn may_close(
    (book, closing, sources): (&Book, &Closing, &Sources),
    month: Period,
    now: Instant,
    pending: &[u64],
    revises: bool,
) -> Result<(), Vec<Problem>> {
    let mut breaches = Breaches::default();
    let name = month.from.to_string()[..7].to_owned();
    let closed = closing.closed_months(book, u64::MAX);
    if now < month.until {
        breaches.add(Code::E0415, "period", name.clone(), "it is not over", "close it when it is");
    }
    match (closed.contains_key(&month.from), revises) {
        (true, false) => {
            breaches.add(Code::E0408, "period", name.clone(), "it is closed", "dealbook close PERIOD --revision supersedes it")
        }
        (false, true) => breaches.add(Code::E0408, "period", name.clone(), "it is not closed yet", "leave --revision out"),
        _ => (),
    }
    // The first month that is closed may be any; from there on one follows the other.
    if let Some(last) = closed.keys().next_back().and_then(|last| Period::month_from(*last)).filter(|_| !revises)
        && month.from > last.until
    {
        let next = last.until.to_string()[..7].to_owned();
        breaches.add(Code::E0408, "period", name.clone(), format!("{next} is not closed"), format!("dealbook close {next}"));
    }
    let runs: Vec<_> = closing.runs(u64::MAX).filter(|run| run.sealed.month == month.from).collect();
    if runs.is_empty() {
        breaches.add(Code::E0402, "period", name.clone(), "it is not reconciled", format!("dealbook reconcile {name} PATH"));
    }
    let compared = |run: &&crate::projection::closing::Run| {
        let itself: u64 = run.sealed.sections.iter().map(|section| section.self_compared).sum();
        let of_others = |class: &str| ["exact", "grouped", "within_tolerance", "broken"].contains(&class);
        let rows: u64 = run.sealed.classes.iter().filter(|(class, _)| of_others(class)).map(|(_, rows)| rows).sum();
        itself == 0 || rows > 0
    };
    if !runs.is_empty() && !runs.iter().any(compared) {
        let cure = "reconcile with a file that the ledger is not made of";
        breaches.add(Code::E0402, "period", name.clone(), "it is compared with itself alone, which assures nobody", cure);
    }
    if !pending.is_empty() {
        let entries: Vec<String> = pending.iter().map(|seq| format!("#{seq}")).collect();
        let why = format!("money waits for its approvals: {}", entries.join(", "));
        breaches.add(Code::E0404, "period", name.clone(), why, "dealbook approve N --key FILE");
    }
    let mut gaps = sources.gaps(u64::MAX);
    // What is missing of later months is of no matter here.
    gaps.retain(|gap| gap.month.to_string() <= name);
    let unfinished = sources.unfinished(u64::MAX).count();
    if unfinished > 0 {
        breaches.add(Code::E0402, "period", name.clone(), format!("{unfinished} imports are not complete"), "import the files again");
    }
    if gaps.len() > book.may_be_missing(now, u64::MAX) {
        breaches.add(
            Code::E0402,
            "period",
            name.clone(),
            format!("{} months of feeds are missing", gaps.len()),
            "dealbook show sources --gaps",
        );
    }
    for (currency, (count, sum)) in open_by_currency(&closing.breaks(book, u64::MAX), month.from) {
        let limit = book.may_be_open(currency, now, u64::MAX);
        if sum > limit || limit.is_zero() {
            let breaks = if count == 1 { "break".to_owned() } else { "breaks".to_owned() };
            let (sum, limit) = (sum.half_up(2), limit.half_up(2));
            let why =
                format!("{count} {breaks} of {} {currency} open, and the policy `closing` lets {limit} be", grouped(&sum.to_string()));
            breaches.add(Code::E0402, "period", name.clone(), why, format!("dealbook breaks list {name}"));
        }
    }
    breaches.done()
}
