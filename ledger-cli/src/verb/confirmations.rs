//! `dealbook show confirmations`

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::chain::Head;
use ledger_core::event::Event;
use ledger_core::event::governance::BalanceConfirmed;
use ledger_core::money::{Amount, Currency};
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_core::sampling::Standing;
use ledger_core::sampling::confirm::Accounts;
use ledger_store::scan::{Depth, ScanError, scan};

use super::show::{self, Leads, Noun, narrow};
use crate::ask::{self, Query};
use crate::context::{Context, Reading};
use crate::failure::{Exit, Failure, counted};
use crate::session::{Session, Wanted};

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("party", "Party", Kind::Text),
        Column::new("recipient", "Books of", Kind::Text),
        Column::new("from", "From", Kind::Day),
        Column::new("until", "Before", Kind::Day),
        Column::new("status", "Status", Kind::Text),
        Column::new("stated", "Stated", Kind::Amount),
        Column::new("ledger", "Ledger", Kind::Amount),
        Column::new("theirs", "Theirs", Kind::Amount),
        Column::new("difference", "Differs by", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("event", "#", Kind::Count),
        Column::new("document", "Document", Kind::Text),
    ]
}

/// What counterparties answered to their statements, and who has not for a period that others answered for.
pub(super) fn show(query: &[String], reading: &Reading, context: &Context) -> Result<Exit, Failure> {
    let words = Query::parse(query, context.today())?;
    let session = Session::open(context)?;
    let (asked, head) = session.asked(reading, context)?;
    let basis = asked.basis;
    let (mut answers, mut accounts) = (Standing::default(), Accounts::default());
    scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
        for entry in checked.entries.iter().filter(|entry| basis.had_been_stated(entry.seq, entry.stated_at())) {
            accounts.take(entry);
            answers.take(entry, |event| matches!(event, Event::BalanceConfirmed(_)));
        }
        Ok::<(), ScanError>(())
    })?;
    let answers: Vec<(u64, &BalanceConfirmed)> = answers
        .items()
        .filter(|item| basis.had_happened(item.effective_at))
        .filter_map(|item| if let Event::BalanceConfirmed(told) = &item.event { Some((item.seq, &**told)) } else { None })
        .collect();
    let periods: BTreeSet<_> = answers.iter().map(|(_, told)| (told.from, told.until)).collect();
    let mut report = Report::new("confirmations", columns());
    report.shown = vec!["party", "recipient", "until", "status", "stated", "ledger", "theirs", "difference", "currency", "event"];
    let mut open = 0;
    for (from, until) in periods {
        let closing = accounts.closings(until);
        let mut answered = BTreeSet::new();
        let day = |moment: ledger_core::time::Instant| Cell::Day(moment.day());
        for (seq, told) in answers.iter().filter(|(_, told)| (told.from, told.until) == (from, until)) {
            let place = (told.party, told.recipient, told.currency);
            answered.insert(place);
            let ledger = rounded(closing.get(&place).copied().unwrap_or_default(), told.currency);
            let [stated, theirs] = [told.amount, told.theirs.unwrap_or(told.amount)].map(|amount| rounded(amount.units(), told.currency));
            let difference = Amount::from_units(theirs.units() - ledger.units());
            let status = match (told.theirs.is_some(), difference.is_zero()) {
                (false, true) => "confirmed",
                (true, true) => "agrees now",
                (false, false) => "changed since",
                (true, false) => "differs",
            };
            report.rows.push(vec![
                Cell::text(told.party),
                Cell::text(told.recipient),
                day(from),
                day(until),
                Cell::text(status),
                Cell::Amount(stated),
                Cell::Amount(ledger),
                Cell::Amount(theirs),
                Cell::Amount(rounded(difference.units(), told.currency)),
                Cell::text(told.currency),
                Cell::Count(*seq),
                Cell::text(told.document),
            ]);
        }
        for ((party, recipient, currency), units) in closing.into_iter().filter(|(place, units)| *units != 0 && !answered.contains(place)) {
            open += 1;
            let ledger = Cell::Amount(rounded(units, currency));
            let mut row = vec![Cell::text(party), Cell::text(recipient), day(from), day(until), Cell::text("open"), Cell::Empty, ledger];
            row.extend([Cell::Empty, Cell::Empty, Cell::text(currency), Cell::Empty, Cell::Empty]);
            report.rows.push(row);
        }
    }
    if open > 0 && words.words.is_empty() {
        report.notes.push(format!("{} without an answer, of periods that others answered for", counted(open, "balance")));
    }
    let states = session.states_of(Wanted { billing: false, records: true })?;
    let view = states.records.at(basis);
    let report = narrow(report, &words, Noun::Confirmations, &Leads::new(&view, &states.billing))?;
    let mut told = BTreeMap::from([("show".to_owned(), "confirmations".to_owned())]);
    if !query.is_empty() {
        let query: Vec<String> = query.iter().map(|word| ask::absolute(word, context.today())).collect();
        told.insert("query".to_owned(), ask::joined(&query));
    }
    show::print(report, asked, head, told, "confirmations/1".to_owned(), &states, context)
}

/// A balance as it can be paid: half up to the smallest unit of its currency.
fn rounded(units: i128, currency: Currency) -> Amount {
    Amount::from_units(units).half_up(currency.decimals())
}
