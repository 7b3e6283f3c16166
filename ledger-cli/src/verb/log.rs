//! `dealbook log`

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use ledger_core::chain::{Hash, Head};
use ledger_core::event::Entry;
use ledger_core::report::{Cell, Column, Kind, Receipt, Report};
use ledger_core::time::Basis;
use ledger_store::scan::{Depth, ScanError, scan};

use super::facts::{Facts, Lookup};
use crate::ask::{self, Query};
use crate::context::{Context, Reading};
use crate::failure::{Exit, Failure, counted};
use crate::session::{Session, States};

/// The event history
///
/// Query words narrow it: `log type:invoice buyer:globex date:2026Q1` (dealbook help query); a date is that on which it took effect.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Query words
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// At most so many events, the latest
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("seq", "#", Kind::Count),
        Column::new("recorded_at", "Recorded", Kind::Moment),
        Column::new("effective_at", "Effective", Kind::Moment),
        Column::new("event", "Event", Kind::Text),
        Column::new("party", "Party", Kind::Text),
        Column::new("subject", "Subject", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("source", "Source", Kind::Text),
        Column::new("hash", "Hash", Kind::Hash),
    ]
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let query = Query::parse(&args.query, context.today())?;
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let basis = asked.basis;
    // Names are only needed to look for them.
    let states = if query.words.is_empty() { States::default() } else { session.states()? };
    let lookup = RefCell::new(Lookup::new(states.records.at(basis), &states.book, &states.closing));
    let mut found: VecDeque<(Entry, Hash)> = VecDeque::new();
    let (mut count, mut progress) = (0_u64, context.progress("reading", head.seq));
    if head.seq > 0 {
        scan(session.source.read(1).map_err(Failure::from)?, Head::EMPTY, Depth::Entries, |checked| {
            progress.add(checked.after.seq - checked.before.seq);
            let told: Vec<Hash> = checked.entries.iter().skip(1).map(|entry| entry.prev).chain([checked.after.hash]).collect();
            for (entry, hash) in checked.entries.into_iter().zip(told) {
                if inside(&entry, &basis) && matches(&entry, &query, &lookup) {
                    count += 1;
                    found.push_back((entry, hash));
                    if args.limit.is_some_and(|limit| found.len() > limit) {
                        found.pop_front();
                    }
                }
            }
            Ok::<(), ScanError>(())
        })?;
    }
    drop(progress);
    let mut report = Report::new("log", columns());
    report.rows = found.iter().map(|(entry, hash)| row(entry, *hash)).collect();
    if count > found.len() as u64 {
        report.notes.push(format!("the latest {} of {}", found.len(), counted(count, "event")));
    }
    let mut told = BTreeMap::from([("report".to_owned(), "log".to_owned())]);
    let words: Vec<String> = args.query.iter().map(|word| ask::absolute(word, context.today())).collect();
    told.extend((!words.is_empty()).then(|| ("query".to_owned(), ask::joined(&words))));
    told.extend(args.limit.map(|limit| ("limit".to_owned(), limit.to_string())));
    context.print(&report, &Receipt::new(&report, asked, told, head, "log/1"))?;
    Ok(Exit::Done)
}

/// Whether an entry belongs to a basis.
pub(super) fn inside(entry: &Entry, basis: &Basis) -> bool {
    basis.had_been_stated(entry.seq, entry.stated_at()) && basis.had_happened(entry.effective_at)
}

fn matches(entry: &Entry, query: &Query, lookup: &RefCell<Lookup<'_>>) -> bool {
    if query.words.is_empty() {
        return true;
    }
    let facts = Facts::of(&entry.event);
    query.matches(&|key| lookup.borrow_mut().texts(entry, &facts, key), &|period| period.holds(entry.effective_at))
}

pub(super) fn row(entry: &Entry, hash: Hash) -> Vec<Cell> {
    let facts = Facts::of(&entry.event);
    vec![
        Cell::Count(entry.seq),
        Cell::Moment(entry.recorded_at),
        Cell::Moment(entry.effective_at),
        Cell::text(entry.event.type_name()),
        facts.party(),
        facts.subject(entry),
        facts.amount(),
        facts.currency(),
        Cell::or_empty(entry.source.as_ref(), |source| Cell::text(&source.id)),
        Cell::Hash(hash),
    ]
}
