//! `--why`: from a state or a figure to the rule that makes it, the events it is made of, and the files and rows they stand in.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::chain::Hash;
use ledger_core::event::{Entry, Event};
use ledger_core::fee;
use ledger_core::projection::billing;
use ledger_core::projection::edp;
use ledger_core::projection::programmes::{self, Part};
use ledger_core::projection::records::{self, Reason};
use ledger_core::report::{Cell, Column, Kind, Report};

use super::show::{Args, Noun};
use crate::failure::Failure;
use crate::session::Session;

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("subject", "Subject", Kind::Text),
        Column::new("field", "What", Kind::Text),
        Column::new("value", "Is", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("rule", "By", Kind::Text),
        Column::new("remark", "Because", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("hash", "Hash", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("file", "Source file", Kind::Text),
        Column::new("row", "Row", Kind::Count),
        Column::new("document", "Document", Kind::Text),
    ]
}

/// Whether it can be told why the things of a report are shown as they are.
pub(super) fn tells(noun: Noun) -> bool {
    matches!(
        noun,
        Noun::Deals
            | Noun::Offers
            | Noun::Authorizations
            | Noun::Agreements
            | Noun::Renewals
            | Noun::Instalments
            | Noun::Spend
            | Noun::Payouts
            | Noun::Edp
            | Noun::Incentives
            | Noun::Fees
            | Noun::TrialBalance
    )
}

/// The columns that tell the things of a report apart, as far as it has them.
fn keys(report: &Report) -> &'static [&'static str] {
    match report.name {
        "payouts" => &["party", "product", "buyer", "agreement", "month", "currency"],
        "trial-balance" => &["account", "currency"],
        "fees" => &["agreement", "invoice", "line", "currency"],
        "incentives-missed" => &["agreement", "programme"],
        _ => &[],
    }
}

/// What the things of a report are called, each once: by what tells them apart, or else by their subject, or by the first column.
pub(super) fn called(report: &Report) -> Vec<String> {
    let columns: Vec<usize> = match keys(report) {
        [] => vec![report.column("subject").unwrap_or(0)],
        keys => keys.iter().filter_map(|key| report.column(key)).collect(),
    };
    let text = |cell: &Cell| if let Cell::Text(text) = cell { Some(text.clone()) } else { None };
    let id = |row: &Vec<Cell>| columns.iter().filter_map(|at| text(row.get(*at)?)).collect::<Vec<_>>().join(" ");
    let mut ids: Vec<String> = report.rows.iter().map(id).filter(|id| !id.is_empty()).collect();
    ids.dedup();
    ids
}

/// Why the things of a report are shown as they are; nothing for reports of other things.
pub(super) fn reasons(args: &Args, setting: &edp::Setting<'_>, ids: &[String]) -> Option<Vec<Reason>> {
    let view = setting.view;
    match args.noun {
        Noun::Edp => {
            let chosen =
                |reason: &Reason| ids.iter().any(|id| reason.subject.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with(' ')));
            Some(edp::why(setting).into_iter().filter(chosen).collect())
        }
        Noun::Fees => {
            let basis = view.basis();
            let audit = fee::audit(setting.billing, view, &setting.book.rate_cards(basis.known_at));
            Some(fee::why(&audit, setting.billing, basis, ids))
        }
        Noun::Payouts => Some(billing::why_payouts(setting.billing, view.basis(), args.payouts(setting.names), ids)),
        Noun::Spend => Some(billing::why_spend(setting.billing, view, setting.names, ids)),
        Noun::Instalments => Some(records::why_instalments(view, &setting.billing.invoiced(view.basis()), ids)),
        Noun::Renewals => {
            let granted = |id: &&String| id.parse().is_ok_and(|id| view.granted(&id).is_some());
            let authorizations: Vec<String> = ids.iter().filter(granted).cloned().collect();
            let rest = [records::why_agreements(view, ids), records::why_offers(view, ids)].concat();
            Some([rest, records::why_authorizations(view, &authorizations)].concat())
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
    let mut files: BTreeMap<u64, Option<String>> = BTreeMap::new();
    for reason in reasons {
        let money = if let Cell::Money(amount, currency) = &reason.value { Some((*amount, *currency)) } else { None };
        let said = [
            Cell::text(&reason.subject),
            Cell::text(reason.field),
            Cell::or_empty(text(&reason.value), Cell::Text),
            Cell::or_empty(money, |(amount, _)| Cell::Amount(amount)),
            Cell::or_empty(money, |(_, currency)| Cell::text(currency)),
            Cell::text(reason.rule.name),
            Cell::or_empty(reason.remark.as_ref(), Cell::text),
        ];
        // A figure stands once, beside its first event: whoever sums the column sums figures.
        let again = [&said[..2], &[const { Cell::Empty }; 5]].concat();
        let mut first = true;
        for seq in &reason.events {
            // What is only supposed has no line.
            let (Some(line), Some(entry)) = (session.source.line(*seq)?, session.entry(*seq)?) else { continue };
            let import = entry.source.as_ref().and_then(|source| source.import);
            let file = match import {
                Some(import) => match files.get(&import) {
                    Some(known) => known.clone(),
                    None => files.entry(import).or_insert(file_of(import, session)?).clone(),
                },
                None => None,
            };
            let of_the_event = [
                Cell::Count(*seq),
                Cell::text(entry.event.type_name()),
                Cell::Text(format!("b3:{}", &Hash::of(&line).to_string()[..8])),
                Cell::text(&entry.actor),
                Cell::or_empty(file, Cell::Text),
                Cell::or_empty(entry.source.as_ref().and_then(|source| source.row), Cell::Count),
                document(&entry),
            ];
            report.rows.push([if std::mem::take(&mut first) { &said[..] } else { &again[..] }, &of_the_event].concat());
        }
        if first {
            report.rows.push([&said[..], &[const { Cell::Empty }; 7]].concat());
        }
    }
    report.hide_empty("document");
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
            entry.as_ref().map_or(Cell::Empty, document),
        ]);
    }
    let used: BTreeSet<&str> = parts.iter().map(|part| part.rule.name).collect();
    let rules = programmes::RULES.iter().filter(|rule| used.contains(rule.name));
    report.notes = rules.map(|rule| format!("{}: {}", rule.name, rule.text)).collect();
    Ok(report)
}

/// The document that an entry was recorded from.
pub(super) fn document(entry: &Entry) -> Cell {
    let document = entry.source.as_ref().and_then(|source| source.document);
    Cell::or_empty(document, |document| Cell::Text(format!("b3:{}", &document.to_string()[..8])))
}

/// The file that an import read.
fn file_of(import: u64, session: &Session) -> Result<Option<String>, Failure> {
    let entry = session.entry(import)?;
    Ok(entry.and_then(|entry| if let Event::SourceImported(said) = entry.event { Some(said.file) } else { None }))
}

/// What is no money, in words.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Moment(moment) => Some(moment.to_string()),
        Cell::Count(count) => Some(count.to_string()),
        Cell::Flag(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}
