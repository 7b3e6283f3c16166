//! What AWS charged too much for listing, as something that can be sent to AWS: a row for every event that shows it, with the hash of its
//! line, the file it came in, and the row there.
//!
//! Every amount stands once, so that each column can be summed: what an event says of the price and the fee in its own row, what the fee
//! should be and what was charged too much in the first row of the line.

use std::collections::BTreeMap;

use ledger_core::chain::Hash;
use ledger_core::event::Event;
use ledger_core::fee::{self, Audit, Judged, Verdict};
use ledger_core::money::Amount;
use ledger_core::projection::billing::FeeLine;
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_store::ledger::States as _;

use super::Args;
use crate::context::{Context, Global};
use crate::failure::{Code, Exit, Failure};
use crate::render::Format;
use crate::session::{Session, States};
use crate::verb::show;

/// The columns of the report.
pub(in crate::verb) fn columns() -> Vec<Column> {
    vec![
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("line", "Line", Kind::Text),
        Column::new("invoice_date", "Invoiced", Kind::Day),
        Column::new("product", "Product", Kind::Text),
        Column::new("class", "Row of the card", Kind::Text),
        Column::new("card", "Card", Kind::Count),
        Column::new("rate", "Card %", Kind::Text),
        Column::new("currency", "", Kind::Text),
        Column::new("price", "Price", Kind::Amount),
        Column::new("charged", "Charged", Kind::Amount),
        Column::new("expected", "Expected", Kind::Amount),
        Column::new("over", "Over", Kind::Amount),
        Column::new("party", "Charged to", Kind::Text),
        Column::new("billing_event", "Billing event", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("hash", "Hash", Kind::Hash),
        Column::new("file", "Source file", Kind::Text),
        Column::new("file_digest", "Digest of the file", Kind::Hash),
        Column::new("row", "Row", Kind::Count),
    ]
}

pub(super) fn write(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let of_file = || context.global.output.as_deref().and_then(Format::of_path);
    let format = context.global.format.or_else(of_file).or(Some(Format::Csv));
    let context = &Context::new(Global { format, ..context.global.clone() })?;
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let states = session.states()?;
    let view = states.records.at(asked.basis);
    let audit = fee::audit(&states.billing, &view, &states.book.rate_cards(asked.basis.known_at));
    let only = chosen(&args.ids, &audit)?;
    let is_asked =
        |judged: &&Judged<'_>| only.is_empty() || judged.line.agreement.is_some_and(|agreement| only.iter().any(|id| id == agreement));
    let of = |verdict: Verdict| audit.lines.iter().filter(is_asked).filter(move |judged| judged.verdict == verdict);
    let over: Vec<&Judged<'_>> = of(Verdict::Over).collect();
    let report = claim(&over, &session, &states, asked.basis)?;
    if over.is_empty() {
        context.note("note: nothing was charged too much");
    }
    let under: u64 = of(Verdict::Under).count() as u64;
    if under > 0 {
        let lines = crate::failure::counted(under, "line");
        context.note(format_args!(
            "note: {lines} of these agreements were charged too little, and are no part of the claim: dealbook show fees status:under"
        ));
    }
    let projectors: Vec<String> = states.each().iter().map(|state| format!("{}/{}", state.name(), state.version())).collect();
    let mut told = BTreeMap::from([("export".to_owned(), "fee-claim".to_owned())]);
    if !only.is_empty() {
        told.insert("agreements".to_owned(), only.join(" "));
    }
    show::print(report, asked, head, told, projectors.join(" "), &states, context)
}

/// The agreements that are meant: each by its id, or by what only one begins with.
fn chosen(only: &[String], audit: &Audit<'_>) -> Result<Vec<String>, Failure> {
    let known = audit.agreements();
    let one = |text: &String| {
        let begins: Vec<&str> = known.iter().copied().filter(|id| id.starts_with(text.as_str())).collect();
        match begins.as_slice() {
            [id] => Ok((*id).to_owned()),
            _ if known.contains(text.as_str()) => Ok(text.clone()),
            [] => Err(Failure::new(Code::E0301, format!("no agreement `{text}` has a listing fee")).suggest(text, known.iter().copied())),
            several => {
                Err(Failure::new(Code::E0305, format!("`{text}` is the beginning of {} agreements", several.len()))
                    .hint("write more of it"))
            }
        }
    };
    only.iter().map(one).collect()
}

/// The claim: the rows of each line together.
fn claim(over: &[&Judged<'_>], session: &Session, states: &States, basis: ledger_core::time::Basis) -> Result<Report, Failure> {
    let mut report = Report::new("fee-claim", columns());
    let lines: Vec<&FeeLine<'_>> = over.iter().map(|judged| &judged.line).collect();
    let mut last = None;
    for told in states.billing.fee_events(basis, &lines) {
        let (judged, line) = (over[told.line], lines[told.line]);
        let (Some(text), Some(entry)) = (session.source.line(told.seq)?, session.entry(told.seq)?) else { continue };
        let import = entry.source.as_ref().and_then(|source| source.import).map(|import| session.entry(import)).transpose()?.flatten();
        let import = import.and_then(|entry| if let Event::SourceImported(said) = entry.event { Some(said) } else { None });
        let is_first = last.replace(told.line) != Some(told.line);
        let amount = |units: i128| if units == 0 { Cell::Empty } else { Cell::Amount(exact(units)) };
        let once = |amount: Option<Amount>| Cell::or_empty(amount.filter(|_| is_first), Cell::Amount);
        let row = match &entry.event {
            Event::SourceRestated(restated) => restated.entry.billing(),
            event => event.billing(),
        };
        report.rows.push(vec![
            Cell::or_empty(line.agreement, Cell::text),
            Cell::text(line.invoice),
            Cell::or_empty(line.line, Cell::text),
            Cell::or_empty(line.invoiced, |invoiced| Cell::Day(invoiced.day())),
            Cell::or_empty(line.product, Cell::text),
            Cell::or_empty(judged.rated.as_ref(), |rated| Cell::text(&rated.rows)),
            Cell::or_empty(judged.card, Cell::Count),
            Cell::or_empty(judged.rated.as_ref(), |rated| Cell::text(rated.rate)),
            Cell::text(line.currency),
            amount(told.price),
            amount(told.charged),
            once(judged.expected.map(|expected| Amount::from_units(expected).half_up(2))),
            once(judged.difference()),
            Cell::or_empty(row, |row| Cell::text(row.recipient)),
            Cell::or_empty(entry.source.as_ref().and_then(|source| source.id.rsplit(':').next()), Cell::text),
            Cell::Count(told.seq),
            Cell::text(entry.event.type_name()),
            Cell::Hash(Hash::of(&text)),
            Cell::or_empty(import.as_ref(), |said| Cell::text(&said.file)),
            Cell::or_empty(import.as_ref(), |said| Cell::Hash(said.digest)),
            Cell::or_empty(entry.source.as_ref().and_then(|source| source.row), Cell::Count),
        ]);
    }
    Ok(report)
}

/// An amount as it was written: two decimals, or as many as it needs.
fn exact(units: i128) -> Amount {
    let amount = Amount::from_units(units);
    if amount.half_up(2) == amount { amount.half_up(2) } else { amount }
}
