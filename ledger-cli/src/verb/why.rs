//! `--why`: from a state or a figure to the rule that makes it, the events it is made of, and the files and rows they stand in.

use std::collections::BTreeSet;

use ledger_core::chain::Hash;
use ledger_core::event::Event;
use ledger_core::projection::edp;
use ledger_core::projection::records::{self, Reason};
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
        Column::new("remark", "Because", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("hash", "Hash", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("file", "Source file", Kind::Text),
        Column::new("row", "Row", Kind::Count),
    ]
}

/// Whether it can be told why the things of a report are shown as they are.
pub(super) fn tells(noun: Noun) -> bool {
    matches!(noun, Noun::Deals | Noun::Offers | Noun::Authorizations | Noun::Agreements | Noun::Edp)
}

/// Why the things of a report are shown as they are; nothing for reports of other things.
pub(super) fn reasons(noun: Noun, setting: &edp::Setting<'_>, ids: &[String]) -> Option<Vec<Reason>> {
    let view = setting.view;
    match noun {
        Noun::Edp => {
            let chosen =
                |reason: &Reason| ids.iter().any(|id| reason.subject.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with(' ')));
            Some(edp::why(setting).into_iter().filter(chosen).collect())
        }
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
        let said = [
            Cell::text(&reason.subject),
            Cell::text(reason.field),
            Cell::text(text(&reason.value)),
            Cell::text(reason.rule.name),
            Cell::or_empty(reason.remark.as_ref(), Cell::text),
        ];
        let known = reason.events.iter().any(|seq| *seq <= session.head().seq);
        if !known {
            report.rows.push([&said[..], &std::array::from_fn::<_, 6, _>(|_| Cell::Empty)].concat());
        }
        // A figure stands once, beside its first event: whoever sums the column sums figures.
        let again = [said[0].clone(), said[1].clone(), Cell::Empty, Cell::Empty, Cell::Empty];
        for (at, seq) in reason.events.iter().enumerate() {
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
            report.rows.push([if at == 0 { &said[..] } else { &again[..] }, &of_the_event].concat());
        }
    }
    let used: BTreeSet<&str> = reasons.iter().map(|reason| reason.rule.name).collect();
    let rules = records::RULES.iter().filter(|rule| used.contains(rule.name));
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
