//! `dealbook replay`

use std::collections::BTreeMap;

use ledger_core::chain::Head;
use ledger_core::event::Entry;
use ledger_core::projection::Projection;
use ledger_core::projection::known::Known;
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_core::time::Basis;
use ledger_store::ledger::States as _;
use ledger_store::scan::{Depth, ScanError, scan};

use crate::ask;
use crate::context::Context;
use crate::failure::{Code, Exit, Failure};
use crate::session::{Session, States};

/// Rebuild every projection from event 1 and compare
///
/// Nothing that was derived is used: every projection is folded anew from the log, and its digest and control totals are shown beside those
/// of the live state. Ends with exit code 5 when they are not equal.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only up to POINT
    #[arg(long, value_name = "POINT")]
    pub(crate) to: Option<String>,
    /// Show what each event changes (slow on a large ledger: every total is taken again behind every event)
    #[arg(long)]
    pub(crate) step: bool,
}

/// Every projection there is.
#[derive(Default)]
struct Fold {
    states: States,
    known: Known,
}

impl Fold {
    fn evolve(&mut self, entry: &Entry) {
        for state in self.states.all() {
            state.evolve(entry);
        }
        self.known.evolve(entry);
    }

    fn each(&self) -> Vec<&dyn Projection> {
        let mut each = self.states.each();
        each.push(&self.known);
        each
    }
}

type Totals = BTreeMap<String, String>;

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let to = match &args.to {
        Some(text) => session.resolve(&ask::point("--to", text, context.today())?)?,
        None => session.head(),
    };
    let (report, differ) = if args.step { (steps(&session, to, context)?, vec![]) } else { compared(&session, to, context)? };
    let mut asked = BTreeMap::from([("report".to_owned(), report.name.to_owned())]);
    asked.extend(args.to.map(|to| ("to".to_owned(), to)));
    context.print(&report, &Receipt::new(&report, Asked::everything(to.seq), asked, to, "replay/1"))?;
    if differ.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::new(Code::E0506, "the replay differs from the live state")
        .because(format!("not equal: {}", differ.join(", ")))
        .hint("the live state is derived: delete the folder `derived`, and it is folded again from the log")
        .note("the events are not affected: `dealbook verify` says whether they are as they were recorded"))
}

/// Folds the entries of the log that are to be kept, from its first up to a head, and lets `see` look behind every event.
fn fold(
    session: &Session,
    to: Head,
    context: &Context,
    keep: impl Fn(&Entry) -> bool,
    mut see: impl FnMut(&Entry, &Fold),
) -> Result<Fold, Failure> {
    let mut fold = Fold::default();
    if to.seq == 0 {
        return Ok(fold);
    }
    let mut progress = context.progress("replaying", to.seq);
    let blocks = session.source.read(1).map_err(Failure::from)?;
    scan(blocks, Head::EMPTY, Depth::Entries, |checked| {
        for entry in checked.entries.iter().filter(|entry| entry.seq <= to.seq && keep(entry)) {
            fold.evolve(entry);
            see(entry, &fold);
        }
        progress.add(checked.after.seq - checked.before.seq);
        Ok::<(), ScanError>(())
    })?;
    Ok(fold)
}

/// The states as they were at a head, folded from the first event.
pub(super) fn states_to(session: &Session, to: Head, context: &Context) -> Result<States, Failure> {
    states_where(session, to, context, |_| true)
}

/// The states as they would be at a head had only some entries been recorded.
pub(super) fn states_where(session: &Session, to: Head, context: &Context, keep: impl Fn(&Entry) -> bool) -> Result<States, Failure> {
    fold(session, to, context, keep, |_, _| ()).map(|fold| fold.states)
}

/// The columns of the comparison.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("projection", "Projection", Kind::Text),
        Column::new("what", "What", Kind::Text),
        Column::new("replayed", "Replayed", Kind::Text),
        Column::new("live", "Live", Kind::Text),
        Column::new("equal", "Equal", Kind::Flag),
    ]
}

/// The replay beside the live state, and what is not equal in them.
fn compared(session: &Session, to: Head, context: &Context) -> Result<(Report, Vec<String>), Failure> {
    let replayed = fold(session, to, context, |_| true, |_, _| ())?;
    let live = Fold { states: session.states()?, known: session.known()? };
    let whole = to == session.head();
    let (mut report, mut differ) = (Report::new("replay", columns()), Vec::new());
    for (replayed, live) in replayed.each().into_iter().zip(live.each()) {
        let name = replayed.name();
        let mut row = |what: &str, replayed: Option<String>, live: Option<String>, comparable: bool| {
            let equal = comparable.then(|| replayed == live);
            if equal == Some(false) {
                differ.push(format!("{name} {what}"));
            }
            let cells = [replayed, live].map(|text| Cell::or_empty(text, Cell::Text));
            let [replayed, live] = cells;
            report.rows.push(vec![Cell::text(name), Cell::text(what), replayed, live, Cell::or_empty(equal, Cell::Flag)]);
        };
        let digest = |state: &dyn Projection| Some(format!("b3:{}", state.digest()));
        row("digest", digest(replayed), digest(live).filter(|_| whole), whole);
        let theirs: Option<Totals> = whole.then(|| live.totals().into_iter().collect());
        compare_totals(replayed.totals(), theirs, &mut row);
    }
    if !whole {
        // Of the projections only the money answers at any position from its state at the head.
        let (then, now) = (&replayed.states.billing, &live.states.billing);
        let at: Totals = now.totals_at(Basis::at(to.seq)).into_iter().collect();
        let equal = then.totals().into_iter().collect::<Totals>() == at;
        for row in report.rows.iter_mut().filter(|row| row[0] == Cell::text(then.name()) && row[1] != Cell::text("digest")) {
            let what = if let Cell::Text(what) = &row[1] { what.clone() } else { String::new() };
            let live = at.get(&what).cloned();
            let same = live.as_ref().map(|live| row[2] == Cell::text(live));
            row[3] = Cell::or_empty(live, Cell::Text);
            row[4] = Cell::Flag(same == Some(true));
        }
        if !equal {
            differ.push(format!("{} totals", then.name()));
        }
        report.notes.push(format!("the live state is that of {}; what it says of {to} is shown where it can be asked", session.head()));
    }
    report.notes.push(match differ.len() {
        0 if whole => "replay and live state are equal".to_owned(),
        0 => "nothing differs of what can be compared".to_owned(),
        _ => "replay and live state are NOT equal".to_owned(),
    });
    Ok((report, differ))
}

/// A line for every total that either side has.
fn compare_totals(replayed: Vec<(String, String)>, live: Option<Totals>, row: &mut impl FnMut(&str, Option<String>, Option<String>, bool)) {
    let comparable = live.is_some();
    let mut live = live.unwrap_or_default();
    for (what, total) in replayed {
        let theirs = live.remove(&what);
        row(&what, Some(total), theirs, comparable);
    }
    for (what, total) in live {
        row(&what, None, Some(total), comparable);
    }
}

/// The columns of the steps.
pub(super) fn step_columns() -> Vec<Column> {
    vec![
        Column::new("seq", "Event", Kind::Count),
        Column::new("event", "What happened", Kind::Text),
        Column::new("projection", "Projection", Kind::Text),
        Column::new("what", "What", Kind::Text),
        Column::new("before", "Before", Kind::Text),
        Column::new("after", "After", Kind::Text),
    ]
}

/// What each event changes.
fn steps(session: &Session, to: Head, context: &Context) -> Result<Report, Failure> {
    let totals = |fold: &Fold| -> Vec<Totals> { fold.each().iter().map(|state| state.totals().into_iter().collect()).collect() };
    let mut report = Report::new("steps", step_columns());
    let mut before = totals(&Fold::default());
    fold(
        session,
        to,
        context,
        |_| true,
        |entry, fold| {
            let after = totals(fold);
            let rows = report.rows.len();
            for (state, (before, after)) in fold.each().iter().zip(before.iter().zip(&after)) {
                for (what, total) in after.iter().filter(|(what, total)| before.get(*what) != Some(total)) {
                    report.rows.push(vec![
                        Cell::Count(entry.seq),
                        Cell::text(entry.event.type_name()),
                        Cell::text(state.name()),
                        Cell::text(what),
                        Cell::or_empty(before.get(what), Cell::text),
                        Cell::text(total),
                    ]);
                }
            }
            if report.rows.len() == rows {
                let none = || Cell::Empty;
                report.rows.push(vec![Cell::Count(entry.seq), Cell::text(entry.event.type_name()), none(), none(), none(), none()]);
            }
            before = after;
        },
    )?;
    Ok(report)
}
