//! Where people record: an intent is decided on over what is recorded, and what is decided is appended and told.

use std::collections::BTreeSet;

use ledger_core::book::{self, Decision, Setting, approvals_needed, decide};
use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Draft, Entry, Event};
use ledger_core::problem::Problem;
use ledger_core::projection::known::Known;
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_core::time::{Basis, Instant};
use ledger_store::ledger::{Ledger, States as _};
use ledger_store::scan::ScanError;

use crate::context::{Context, Writing};
use crate::failure::{Exit, Failure, counted};
use crate::session::{self, Session, States};
use crate::verb::facts::Facts;

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was appended, each with the head behind it; without one when nothing is to be appended.
    pub appended: Vec<(Option<Head>, Draft)>,
    /// Where it is recorded already.
    pub known: Option<u64>,
}

/// Decides on an intent.
///
/// # Errors
/// Every rule that it breaks.
pub fn decided(
    states: &States,
    known: Option<&Known>,
    now: Instant,
    draft: Draft,
    subject: Option<(&Entry, Hash)>,
) -> Result<Decision, Vec<Problem>> {
    let view = states.records.at(Basis::at(u64::MAX));
    decide(&Setting { book: &states.book, view: &view, programmes: &states.programmes, subject, now, known }, draft)
}

/// What recording an intent would add, if every rule let it.
pub fn supposed(states: &States, now: Instant, draft: Draft) -> Vec<Draft> {
    let view = states.records.at(Basis::at(u64::MAX));
    let setting = Setting { book: &states.book, view: &view, programmes: &states.programmes, subject: None, now, known: None };
    book::supposed(&setting, draft)
}

/// What is said of money that was recorded by hand: who must still sign it before it counts. Nothing of anything else.
pub fn money_needs(states: &States, draft: &Draft, seq: u64, now: Instant) -> Option<String> {
    let view = states.records.at(Basis::at(u64::MAX));
    let setting = Setting { book: &states.book, view: &view, programmes: &states.programmes, subject: None, now, known: None };
    let missing = book::money_needs(&setting, &draft.event, seq, &draft.actor).filter(|missing| !missing.is_empty())?;
    let who = missing.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!("Pending, and counts nowhere, until signed by {who}: dealbook approve {seq} --key FILE --actor NAME"))
}

/// The roles that must still approve the offer that a draft or its submission is about.
pub fn approvals(states: &States, event: &Event, at: Instant) -> BTreeSet<String> {
    let view = states.records.at(Basis::at(u64::MAX));
    approvals_needed(
        &Setting { book: &states.book, view: &view, programmes: &states.programmes, subject: None, now: at, known: None },
        event,
        at,
    )
}

/// What is said of a policy or a person that counts only once somebody else has signed it.
pub fn second_person(seq: u64) -> String {
    format!("Counts only when a second person has signed it: dealbook approve {seq} --key FILE --actor NAME")
}

/// What would be appended.
pub fn would(decision: Decision) -> Told {
    match decision {
        Decision::Known(seq) => Told { appended: vec![], known: Some(seq) },
        Decision::Record(drafts) => Told { appended: drafts.into_iter().map(|draft| (None, draft)).collect(), known: None },
    }
}

/// Folds what would be appended, so that what comes next can be decided on.
///
/// # Errors
/// A line would be too long.
pub fn pretend(states: &mut States, head: Head, told: &Told, context: &Context) -> Result<Head, Failure> {
    let (mut head, now) = (head, context.now());
    for (_, draft) in &told.appended {
        let mut line = Vec::new();
        head = draft.write(head, now, &mut line)?;
        let entry = Entry::read(&line, head.seq).map_err(ScanError::from)?;
        for state in states.all() {
            state.evolve(&entry);
        }
    }
    Ok(head)
}

/// Appends what was decided. It is durable when this returns.
///
/// # Errors
/// The ledger cannot be written.
pub fn append(ledger: &mut Ledger<States>, decision: Decision, context: &Context) -> Result<Told, Failure> {
    let mut told = would(decision);
    let now = context.now();
    for (head, draft) in &mut told.appended {
        *head = Some(ledger.stage(now, draft.clone())?);
    }
    ledger.commit()?;
    Ok(told)
}

/// Decides, appends what is decided unless it is only rehearsed, and tells it with what can be done next.
///
/// # Errors
/// What `refused` makes of the rules that are broken; the head is not the expected one; the ledger cannot be written.
pub fn decide_and_tell(
    name: &'static str,
    writing: &Writing,
    context: &Context,
    decide: impl FnOnce(&States, &Known) -> Result<Decision, Vec<Problem>>,
    refused: impl FnOnce(Vec<Problem>) -> Failure,
    next: impl FnOnce(&Told, &States) -> Vec<String>,
) -> Result<Exit, Failure> {
    if writing.dry_run {
        let session = Session::open(context)?;
        session::expect(writing, session.head())?;
        let (states, known) = (session.states()?, session.known()?);
        let told = would(decide(&states, &known).map_err(refused)?);
        return told.print(name, session.head(), &next(&told, &states), context);
    }
    let mut ledger = session::write(context)?;
    session::expect(writing, ledger.head())?;
    let decision = decide(ledger.states(), ledger.known()).map_err(refused)?;
    let told = append(&mut ledger, decision, context)?;
    let next = next(&told, ledger.states());
    let head = session::close(context, ledger)?;
    told.print(name, head, &next, context)
}

/// The columns of what is told.
pub fn columns() -> Vec<Column> {
    vec![
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "EVENT", Kind::Text),
        Column::new("subject", "SUBJECT", Kind::Text),
        Column::new("effective_at", "EFFECTIVE", Kind::Moment),
        Column::new("hash", "HASH", Kind::Text),
    ]
}

impl Told {
    /// Prints what was appended, and what can be done next.
    pub(crate) fn print(&self, name: &'static str, head: Head, next: &[String], context: &Context) -> Result<Exit, Failure> {
        let mut report = Report::new(name, columns());
        for (head, draft) in &self.appended {
            report.rows.push(vec![
                Cell::or_empty(head.map(|head| head.seq), Cell::Count),
                Cell::text(draft.event.type_name()),
                Cell::or_empty(Facts::of(&draft.event).name(), Cell::Text),
                Cell::Moment(draft.effective_at),
                Cell::or_empty(head.map(|head| head.hash.short()), Cell::Text),
            ]);
        }
        if let Some(seq) = self.known {
            report.rows.push([vec![Cell::Count(seq)], vec![Cell::Empty; 4]].concat());
        }
        report.notes.extend(next.iter().cloned());
        let first = self.appended.iter().find_map(|(head, _)| *head);
        let said = match (self.known, first) {
            (Some(seq), _) => format!("Known already: it is #{seq}; nothing was appended"),
            (None, None) => format!("Would append {}", counted(self.appended.len() as u64, "event")),
            (None, Some(first)) if self.appended.len() == 1 => format!("Appended #{}", first.seq),
            (None, Some(first)) => format!("Appended #{} – #{}", first.seq, first.seq + self.appended.len() as u64 - 1),
        };
        context.tell(&report, &format!("{said}  head {head}"), head)?;
        Ok(Exit::Done)
    }
}
