//! `dealbook close`

use ledger_core::book::closing;
use ledger_core::chain::{Hash, Head};
use ledger_core::event::close::{ClosedReport, PeriodClosed};
use ledger_core::event::{Draft, Event};
use ledger_core::id::Actor;
use ledger_core::problem::{Code, Problem};
use ledger_core::projection::closing::State;
use ledger_core::report::Report;
use ledger_core::time::{Basis, Period};
use ledger_store::ledger::States as _;

use super::show::{self, Noun};
use super::{import, reconcile};
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
    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// The reports that are closed, in full.
const CLOSED: &[Noun] = &[Noun::Payouts, Noun::Receivables, Noun::Spend, Noun::Edp, Noun::Incentives];

/// So many bytes of a report are in a part: as text inside of JSON it takes more room.
const PIECE: usize = 24_000;

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let month = reconcile::month(&args.period, context)?;
    let actor = import::actor(args.writing.actor.as_deref(), "close")?;
    let refused = |problems: Vec<Problem>| Written::Flags(vec![]).failure(&problems);
    let decide = |states: &States, head: Head| -> Result<Vec<Draft>, Failure> {
        let pending: Vec<u64> = waiting(states);
        let whole = (&states.book, &states.closing, &states.sources);
        closing::may_close(whole, month, context.now(), &pending, args.revision).map_err(refused)?;
        let draft = |event| Draft { actor: actor.clone(), effective_at: context.now(), event, source: None };
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
    let next = vec![
        format!("Prepared the close of {name}; it is in force when somebody else has signed it:"),
        format!("dealbook approve {} --key FILE --actor NAME", head.seq),
    ];
    Told { appended, known: None }.print("close", head, &next, context)
}

/// Money that waits for its approvals, and differences that do.
fn waiting(states: &States) -> Vec<u64> {
    let basis = Basis::at(u64::MAX);
    let view = states.records.at(basis);
    let mut waiting: Vec<u64> = states.billing.pending(&basis).iter().map(|pending| pending.seq).collect();
    waiting.extend(states.programmes.at(&view).pending().map(|(seq, ..)| seq));
    let found = states.closing.breaks(&states.book, u64::MAX);
    waiting.extend(found.iter().filter_map(|found| if let State::Pending(seq) = found.state { Some(seq) } else { None }));
    waiting.sort_unstable();
    waiting.dedup();
    waiting
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
        projectors: states.each().iter().map(|state| format!("{}/{}", state.name(), state.version())).collect(),
        reconciliations: runs,
        reports: Vec::new(),
        supersedes: states.closing.closed(month.from, &states.book, everything).map(|close| close.seq),
    };
    let basis = Basis { effective_before: Some(month.until), known_at: head.seq, stated_before: None };
    let next = |part: u64| PeriodClosed {
        breaks: Vec::new(),
        part,
        policies: Default::default(),
        projectors: Vec::new(),
        reconciliations: Vec::new(),
        reports: Vec::new(),
        supersedes: None,
        ..first.clone()
    };
    let mut parts = vec![first.clone()];
    let mut room = PIECE;
    for report in CLOSED.iter().map(|noun| show::answer(*noun, states, basis, context)) {
        let (data, digest, name) = (text_of(&report), report.digest(), report.name);
        for piece in pieces(&data) {
            if piece.len() > room {
                parts.push(next(parts.len() as u64 + 1));
                room = PIECE;
            }
            room = room.saturating_sub(piece.len());
            let piece = ClosedReport { data: piece.to_owned(), digest, report: name.to_owned() };
            parts.last_mut().expect("there is a first").reports.push(piece);
        }
    }
    let count = parts.len() as u64;
    parts.into_iter().map(|part| Event::PeriodClosed(Box::new(PeriodClosed { parts: count, ..part }))).collect()
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

/// Whether somebody may sign a close: all of it is there, and they entered nothing by hand in the month.
///
/// # Errors
/// They may not.
pub(super) fn may_sign(closed: &PeriodClosed, actor: &Actor, session: &Session) -> Result<(), Problem> {
    let name = closed.month.to_string()[..7].to_owned();
    if closed.part != closed.parts {
        let why = format!("it is part {} of {}", closed.part, closed.parts);
        return Err(Problem::new(Code::E0408, name, why).cure("sign the last part, which rests on the others"));
    }
    let Some(month) = Period::month_from(closed.month) else { return Ok(()) };
    let states = session.states().map_err(|_| Problem::new(Code::E0407, name.clone(), "the ledger cannot be read"))?;
    for (by, seq) in states.book.entered().filter(|(by, _)| *by == actor) {
        if session.entry(seq).ok().flatten().is_some_and(|entry| closing::is_by_hand_in(&entry, month)) {
            let why = format!("`{by}` entered #{seq} by hand in {name}");
            return Err(Problem::new(Code::E0403, name, why).cure("somebody signs it who entered nothing in the month"));
        }
    }
    Ok(())
}
