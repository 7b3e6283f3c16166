//! `dealbook close`

use ledger_core::book::closing;
use ledger_core::chain::{Hash, Head};
use ledger_core::event::close::{CloseRestated, ClosedReport, PeriodClosed};
use ledger_core::event::{Draft, Entry, Event};
use ledger_core::id::Actor;
use ledger_core::problem::{Code, Problem};
use ledger_core::projection::closing::{State, is_dated};
use ledger_core::report::Report;
use ledger_core::time::{Basis, Period};
use ledger_store::ledger::States as _;

use super::closed::{self, Again, CLOSED};
use super::{import, reconcile, show};
use crate::context::{Context, Writing};
use crate::desk::Told;
use crate::failure::{Exit, Failure};
use crate::intent::Written;
use crate::session::{self, Session, States};

/// Seal a month
///
/// Prepared by one person, and in force when another has signed it who entered nothing by hand in the month. Refused while money waits for its
/// approvals, files are missing, or more is open than the policy `closing` lets be. There is no reopening: --revision supersedes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The month: 2026-03
    #[arg(value_name = "PERIOD")]
    pub(crate) period: String,
    /// Supersede the close of a month that is closed
    #[arg(long)]
    pub(crate) revision: bool,
    /// Record what closed reports come to by the program of today, where that is something else
    #[arg(long, conflicts_with = "revision", requires = "note")]
    pub(crate) restate: bool,
    /// Of --restate: why they differ
    #[arg(long, value_name = "TEXT", requires = "restate")]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// So many bytes of a report are in a part: as text inside of JSON it takes more room.
const PIECE: usize = 24_000;

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let month = reconcile::month(&args.period, context)?;
    let actor = import::actor(args.writing.actor.as_deref(), "close")?;
    let refused = |problems: Vec<Problem>| Written::Flags(vec![]).failure(&problems);
    let draft = |event| Draft { actor: actor.clone(), effective_at: context.now(), event, source: None };
    let decide = |states: &States, head: Head| -> Result<Vec<Draft>, Failure> {
        if args.restate {
            let note = args.note.as_deref().unwrap_or_default();
            let is_closed = states.closing.closed(month.from, &states.book, u64::MAX).is_some();
            let again = closed::again(states, u64::MAX, context).into_iter();
            let differing: Vec<Again> = again.filter(|again| again.month == month.from && again.differs).collect();
            closing::may_restate(is_closed, differing.len(), month, note).map_err(refused)?;
            return Ok(restated(month, differing, states, note).into_iter().map(draft).collect());
        }
        let pending: Vec<u64> = waiting(states);
        let whole = (&states.book, &states.closing, &states.sources);
        closing::may_close(whole, month, context.now(), &pending, args.revision).map_err(refused)?;
        Ok(closed(month, states, head, context).into_iter().map(draft).collect())
    };
    if args.writing.dry_run {
        let session = Session::open(context)?;
        session::expect(&args.writing, session.head())?;
        let states = session.states()?;
        let appended = decide(&states, session.head())?.into_iter().map(|draft| (None, draft)).collect();
        return Told { appended, known: None }.print("close", session.head(), &[], context);
    }
    let mut ledger = session::write(context)?;
    session::expect(&args.writing, ledger.head())?;
    let drafts = decide(ledger.states(), ledger.head())?;
    let mut appended = Vec::new();
    for draft in drafts {
        appended.push((Some(ledger.stage(context.now(), draft.clone())?), draft));
    }
    ledger.commit()?;
    let head = session::close(context, ledger)?;
    let name = &month.from.to_string()[..7];
    let what = if args.restate { "restatement" } else { "close" };
    let next = vec![
        format!("Prepared the {what} of {name}; it is in force when somebody else has signed it:"),
        format!("dealbook approve {} --key FILE --actor NAME", head.seq),
    ];
    Told { appended, known: None }.print("close", head, &next, context)
}

/// Money that waits for its approvals, and differences that do.
fn waiting(states: &States) -> Vec<u64> {
    let mut waiting = states.pending(&states.records.at(Basis::at(u64::MAX)));
    let found = states.closing.breaks(&states.book, u64::MAX);
    waiting.extend(found.iter().filter_map(|found| if let State::Pending(seq) = found.state { Some(seq) } else { None }));
    waiting.into_iter().collect()
}

/// The close as events: what it rests on, and the reports in full, cut into as many parts as it takes.
fn closed(month: Period, states: &States, head: Head, context: &Context) -> Vec<Event> {
    let everything = u64::MAX;
    let runs: Vec<u64> = states.closing.runs(everything).filter(|run| run.sealed.month == month.from).map(|run| run.seq).collect();
    let found = states.closing.breaks(&states.book, everything);
    let open = found.iter().filter(|found| found.month == month.from && (found.state.is_open() || found.state == State::Waiting));
    let first = PeriodClosed {
        breaks: open.map(|found| found.told.id.clone()).collect(),
        head: head.hash,
        known_at: head.seq,
        month: month.from,
        part: 1,
        parts: 0,
        policies: states.book.policies_of_close(context.now(), head.seq),
        projectors: projectors(states),
        reconciliations: runs,
        reports: Vec::new(),
        supersedes: states.closing.closed(month.from, &states.book, everything).map(|close| close.seq),
    };
    let next = || PeriodClosed {
        breaks: Vec::new(),
        policies: Default::default(),
        projectors: Vec::new(),
        reconciliations: Vec::new(),
        reports: Vec::new(),
        supersedes: None,
        ..first.clone()
    };
    let basis = Basis { effective_before: Some(month.until), known_at: head.seq, stated_before: None };
    let reports = CLOSED.iter().map(|(noun, _)| show::answer(*noun, states, basis, context));
    let parts = packed(reports);
    let count = parts.len() as u64;
    let event = |(part, reports): (u64, Vec<ClosedReport>)| {
        let whole = if part == 1 { first.clone() } else { next() };
        Event::PeriodClosed(Box::new(PeriodClosed { part, parts: count, reports, ..whole }))
    };
    (1..).zip(parts).map(event).collect()
}

/// The restatement of a close as events, in as many parts as it takes.
fn restated(month: Period, again: Vec<Again>, states: &States, note: &str) -> Vec<Event> {
    let close = again.first().map_or(0, |again| again.close);
    let parts = packed(again.into_iter().map(|again| again.report));
    let count = parts.len() as u64;
    let event = |(part, reports): (u64, Vec<ClosedReport>)| {
        let projectors = if part == 1 { projectors(states) } else { Vec::new() };
        let told = CloseRestated { close, month: month.from, note: note.to_owned(), part, parts: count, projectors, reports };
        Event::CloseRestated(Box::new(told))
    };
    (1..).zip(parts).map(event).collect()
}

fn projectors(states: &States) -> Vec<String> {
    states.each().iter().map(|state| format!("{}/{}", state.name(), state.version())).collect()
}

/// Reports in full, in pieces, so many in a part as fit a line. There is always a first part.
fn packed(reports: impl Iterator<Item = Report>) -> Vec<Vec<ClosedReport>> {
    let (mut parts, mut room) = (vec![Vec::new()], PIECE);
    for report in reports {
        let (data, digest) = (text_of(&report), report.digest());
        for piece in pieces(&data) {
            if piece.len() > room {
                parts.push(Vec::new());
                room = PIECE;
            }
            room = room.saturating_sub(piece.len());
            let piece = ClosedReport { data: piece.to_owned(), digest, report: report.name.to_owned() };
            parts.last_mut().expect("there is a first").push(piece);
        }
    }
    parts
}

/// A report's data as canonical JSON: what its digest is of.
fn text_of(report: &Report) -> String {
    let text = report.data().to_string();
    debug_assert_eq!(Hash::of(text.as_bytes()), report.digest());
    text
}

/// A text in pieces that fit a line.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > PIECE {
        let mut cut = PIECE;
        while !rest.is_char_boundary(cut) {
            cut -= 1;
        }
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Whether somebody may sign a close, or what restates one.
///
/// # Errors
/// They entered something by hand in the month, it is not whole, it might not be prepared now, or something that bears on it was recorded since
/// it was prepared.
pub(super) fn may_sign(entry: &Entry, actor: &Actor, session: &Session, context: &Context) -> Result<(), Vec<Problem>> {
    let (month, part, parts) = match &entry.event {
        Event::PeriodClosed(told) => (told.month, told.part, told.parts),
        Event::CloseRestated(told) => (told.month, told.part, told.parts),
        _ => return Ok(()),
    };
    let name = closed::named(month);
    if part != parts {
        let why = format!("it is part {part} of {parts}");
        return Err(vec![Problem::new(Code::E0408, name, why).cure("sign the last part, which rests on the others")]);
    }
    let Some(month) = Period::month_from(month) else { return Ok(()) };
    let unread = || vec![Problem::new(Code::E0407, name.clone(), "the ledger cannot be read")];
    let states = session.states().map_err(|_| unread())?;
    let named = |seq: u64| session.entry(seq).ok().flatten();
    // One more signature changes nothing of a close that is in force.
    let in_force = states.closing.closed(month.from, &states.book, u64::MAX).is_some_and(|close| close.last == entry.seq);
    if let Event::PeriodClosed(told) = &entry.event
        && !in_force
    {
        let (prepared, revises) = (Head { seq: told.known_at, hash: told.head }, told.supersedes.is_some());
        let bears = |entry: &Entry| closing::bears_on(entry, month, &states.closing, &named);
        let since = closed::after(session, prepared, session.head().seq, bears).map_err(|_| unread())?;
        if let Some((entry, _)) = since.first() {
            let is_dated = is_dated(entry, month.until);
            let what = if is_dated { "is dated in it" } else { "bears on it" };
            let why = format!("#{} {what}, and was recorded since it was prepared", entry.seq);
            let again = if revises { " --revision" } else { "" };
            return Err(vec![Problem::new(Code::E0408, name.clone(), why).cure(format!("dealbook close {name}{again} prepares it anew"))]);
        }
        let whole = (&states.book, &states.closing, &states.sources);
        closing::may_close(whole, month, context.now(), &waiting(&states), revises)?;
    }
    for (by, seq) in states.book.entered().filter(|(by, _)| *by == actor) {
        if named(seq).is_some_and(|entry| closing::is_by_hand_in(&entry, month, &states.closing)) {
            let why = format!("`{by}` entered #{seq} by hand in {name}");
            return Err(vec![Problem::new(Code::E0403, name, why).cure("somebody signs it who entered nothing in the month")]);
        }
    }
    Ok(())
}
