//! `--why`: from a state or a figure to the rule that makes it, the events it is made of, and the files and rows they stand in.

use std::collections::BTreeSet;

use ledger_core::chain::Hash;
use ledger_core::event::Event;
use ledger_core::projection::programmes::{self, Part};
use ledger_core::projection::records::{self, Reason, View};
use ledger_core::report::{Cell, Column, Kind, Report};

use super::show::Noun;
use crate::failure::Failure;
use crate::session::Session;

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("subject", "Subject", Kind::Text),
        Column::new("field", "What", Kind::Text),
        Column::new("value", "Is", Kind::Text),
        Column::new("rule", "By", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("hash", "Hash", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("file", "Source file", Kind::Text),
        Column::new("row", "Row", Kind::Count),
    ]
}

/// Why the things of a report are shown as they are; nothing for reports of other things.
pub(super) fn reasons(noun: Noun, view: &View<'_>, ids: &[String]) -> Option<Vec<Reason>> {
    match noun {
        Noun::Deals => Some(records::why_deals(view, ids)),
        Noun::Agreements => Some(records::why_agreements(view, ids)),
        Noun::Offers => Some(records::why_offers(view, ids)),
        Noun::Authorizations => Some(records::why_authorizations(view, ids)),
        _ => None,
    }
}

/// The report: a row for every event of every reason.
pub(super) fn report(reasons: &[Reason], session: &Session) -> Result<Report, Failure> {
    let mut report = Report::new("why", columns());
    for reason in reasons {
        let said = [Cell::text(&reason.subject), Cell::text(reason.field), Cell::text(text(&reason.value)), Cell::text(reason.rule.name)];
        if reason.events.is_empty() {
            report.rows.push([&said[..], &std::array::from_fn::<_, 6, _>(|_| Cell::Empty)].concat());
        }
        for seq in &reason.events {
            let (Some(line), Some(entry)) = (session.source.line(*seq)?, session.entry(*seq)?) else { continue };
            let file = entry.source.as_ref().and_then(|source| source.import).map(|import| session.entry(import)).transpose()?.flatten();
            let file = file.and_then(|entry| if let Event::SourceImported(said) = entry.event { Some(said.file) } else { None });
            let of_the_event = [
                Cell::Count(*seq),
                Cell::text(entry.event.type_name()),
                Cell::Text(format!("b3:{}", &Hash::of(&line).to_string()[..8])),
                Cell::text(&entry.actor),
                Cell::or_empty(file, Cell::Text),
                Cell::or_empty(entry.source.as_ref().and_then(|source| source.row), Cell::Count),
            ];
            report.rows.push([&said[..], &of_the_event].concat());
        }
    }
    let used: BTreeSet<&str> = reasons.iter().map(|reason| reason.rule.name).collect();
    let rules = records::RULES.iter().filter(|rule| used.contains(rule.name));
    report.notes = rules.map(|rule| format!("{}: {}", rule.name, rule.text)).collect();
    Ok(report)
}

/// The columns of [`figures`].
pub(super) fn columns_of_figures() -> Vec<Column> {
    vec![
        Column::new("grant", "Grant", Kind::Text),
        Column::new("figure", "Figure", Kind::Text),
        Column::new("part", "Part", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("rule", "By", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("hash", "Hash", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("document", "Document", Kind::Text),
    ]
}

/// The report: a row for each figure, and below it a row for each part. The parts of a figure sum to it.
pub(super) fn figures(parts: &[Part], session: &Session) -> Result<Report, Failure> {
    let mut report = Report::new("incentives-why", columns_of_figures());
    for part in parts {
        let entry = part.seq.map(|seq| session.entry(seq)).transpose()?.flatten();
        let line = part.seq.map(|seq| session.source.line(seq)).transpose()?.flatten();
        let document = entry.as_ref().and_then(|entry| entry.source.as_ref()?.document);
        report.rows.push(vec![
            Cell::text(&part.grant),
            Cell::text(part.figure),
            Cell::or_empty(part.part.as_ref(), Cell::text),
            Cell::or_empty(part.amount, Cell::Amount),
            Cell::text(part.currency),
            Cell::text(part.rule.name),
            Cell::or_empty(part.seq, Cell::Count),
            Cell::or_empty(entry.as_ref(), |entry| Cell::text(entry.event.type_name())),
            Cell::or_empty(line, |line| Cell::Text(format!("b3:{}", &Hash::of(&line).to_string()[..8]))),
            Cell::or_empty(entry.as_ref(), |entry| Cell::text(&entry.actor)),
            Cell::or_empty(document, |document| Cell::Text(format!("b3:{}", &document.to_string()[..8]))),
        ]);
    }
    let used: BTreeSet<&str> = parts.iter().map(|part| part.rule.name).collect();
    let rules = programmes::RULES.iter().filter(|rule| used.contains(rule.name));
    report.notes = rules.map(|rule| format!("{}: {}", rule.name, rule.text)).collect();
    Ok(report)
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Money(amount, currency) => format!("{amount} {currency}"),
        Cell::Moment(moment) => moment.to_string(),
        Cell::Count(count) => count.to_string(),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Cell::Text(text) => text.clone(),
        _ => String::new(),
    }
}
