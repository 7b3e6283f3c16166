//! `journal-entries`: what people entered that an auditor would look at first: of money by hand, dated back, after the close, round.

use ledger_core::event::{Entry, Event};
use ledger_core::money::Amount;
use ledger_core::report::{Cell, Column, Kind, Report};

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};
use crate::verb::facts::Facts;

pub(super) const CHECK: Check =
    Check { name: "journal-entries", about: "what was entered by hand and is unusual: dated back, after the close, round", run };

/// Dated back is what took effect in an earlier month than it was recorded in, and more than so many days before.
const DAYS: i64 = 30;
/// Round is what is a multiple of so much.
const ROUND: i128 = 1_000 * 100_000_000;

/// The columns of the report.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("subject", "Subject", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("effective_at", "Effective", Kind::Moment),
        Column::new("recorded_at", "Recorded", Kind::Moment),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("unusual", "Unusual", Kind::List),
    ]
}

/// Entries about the ledger itself: nothing is posted by them.
fn is_about_the_ledger(event: &Event) -> bool {
    matches!(
        event,
        Event::EntryApproved(_)
            | Event::EntryConfirmed(_)
            | Event::PersonRegistered(_)
            | Event::PolicySet(_)
            | Event::TemplateSaved(_)
            | Event::ReconciliationSealed(_)
            | Event::BreakAssigned(_)
            | Event::BreakResolved(_)
            | Event::PeriodClosed(_)
            | Event::CloseRestated(_)
    )
}

fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let (states, known_at) = (asking.states, asking.view.basis().known_at);
    let shuts = states.closing.shuts(&states.book, known_at);
    let mut report = Report::new("check-entries", columns());
    let mut looked_at = 0_u64;
    for (_, seq) in states.book.entered().filter(|(_, seq)| *seq <= known_at) {
        let Some(entry) = asking.session.entry(seq)?.filter(|entry| !is_about_the_ledger(&entry.event)) else { continue };
        looked_at += 1;
        let facts = Facts::of(&entry.event);
        let amount = facts.text("amount").and_then(|text| text.parse::<Amount>().ok());
        let after_close = shuts.passed(entry.effective_at, entry.seq).next().is_some();
        let unusual = unusual(&entry, amount, after_close);
        if unusual.is_empty() {
            continue;
        }
        report.rows.push(vec![
            Cell::Count(seq),
            Cell::text(entry.event.type_name()),
            Cell::or_empty(facts.name(), Cell::Text),
            Cell::text(&entry.actor),
            Cell::Moment(entry.effective_at),
            Cell::Moment(entry.recorded_at),
            Cell::or_empty(amount, |amount| Cell::Amount(if amount.half_up(2) == amount { amount.half_up(2) } else { amount })),
            Cell::or_empty(amount.and_then(|_| facts.text("currency")), Cell::text),
            Cell::List(unusual.into_iter().map(str::to_owned).collect()),
        ]);
    }
    let found = report.rows.len();
    let ended = if found == 0 { Ended::Pass } else { Ended::Warn };
    let detail = format!("{found} unusual of {} by hand", counted(looked_at, "entry").replace("entrys", "entries"));
    Ok(Outcome { ended, detail, report: Some(report) })
}

/// What is unusual of an entry.
fn unusual(entry: &Entry, amount: Option<Amount>, after_close: bool) -> Vec<&'static str> {
    let (effective, recorded) = (entry.effective_at.day(), entry.recorded_at.day());
    let dated_back =
        (recorded - effective).num_days() > DAYS && effective.format("%Y-%m").to_string() < recorded.format("%Y-%m").to_string();
    let round = amount.is_some_and(|amount| !amount.is_zero() && amount.units() % ROUND == 0);
    [
        (dated_back, "dated back"),
        (after_close, "after the close"),
        (round, "round"),
        (matches!(entry.event, Event::EntryCorrected(_)), "a correction"),
        (matches!(entry.event, Event::DifferenceAccepted(_)), "a difference accepted"),
    ]
    .into_iter()
    .filter_map(|(is_so, word)| is_so.then_some(word))
    .collect()
}
