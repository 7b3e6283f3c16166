//! `dealbook show deal`

use std::collections::BTreeMap;

use ledger_core::event::Event;
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_core::time::Basis;
use ledger_store::ledger::States as _;

use super::facts::Facts;
use super::log::inside;
use super::{show, trace};
use crate::ask;
use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure, counted};
use crate::session::{Session, States};

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("effective_at", "Effective", Kind::Moment),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("level", "Level", Kind::Text),
        Column::new("id", "Id", Kind::Text),
        Column::new("party", "Party", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("source", "Source", Kind::Text),
    ]
}

/// A deal as a timeline: what happened, in the order in which it did.
pub(super) fn show(query: &[String], reading: &Reading, context: &Context) -> Result<Exit, Failure> {
    let [id] = query else {
        return Err(Failure::usage("show deal takes one deal: the id of an agreement or offer of it").hint("dealbook show deals"));
    };
    let session = Session::open(context)?;
    let (asked, head) = session.asked(reading, context)?;
    let (states, basis) = (session.states()?, asked.basis);
    let deal = the_one(id, &states, basis)?;
    let events = trace::of_deal(&deal, &states, basis);
    let files: BTreeMap<u64, &str> =
        states.sources.imports_by(basis.known_at).map(|import| (import.seq, import.said.file.as_str())).collect();
    let mut rows = Vec::new();
    for seq in events {
        let Some(entry) = session.entry(seq)?.filter(|entry| inside(entry, &basis)) else { continue };
        let facts = Facts::of(&entry.event);
        let (level, id) = trace::place(&entry, &facts);
        let row_of = |source: &ledger_core::event::Source| match (source.import, source.row) {
            (Some(import), Some(row)) => format!("{}, row {row}", files.get(&import).copied().unwrap_or_default()),
            _ => source.id.clone(),
        };
        let corrects = match &entry.event {
            Event::EntryCorrected(corrected) => Some(format!("corrects #{}", corrected.entry)),
            _ => None,
        };
        let cells = vec![
            Cell::Moment(entry.effective_at),
            Cell::Count(entry.seq),
            Cell::text(entry.event.type_name()),
            Cell::text(level),
            Cell::Text(id),
            facts.party(),
            facts.amount(),
            facts.currency(),
            Cell::text(&entry.actor),
            Cell::or_empty(entry.source.as_ref().map(row_of).or(corrects), Cell::Text),
        ];
        rows.push(((entry.effective_at, entry.seq), cells));
    }
    rows.sort_by_key(|(place, _)| *place);
    let mut report = Report::new("deal", columns());
    report.heading.push(format!("deal {deal}"));
    report.rows = rows.into_iter().map(|(_, cells)| cells).collect();
    let told = BTreeMap::from([("show".to_owned(), "deal".to_owned()), ("query".to_owned(), ask::joined(&[id]))]);
    let projectors: Vec<String> = states.each().iter().map(|state| format!("{}/{}", state.name(), state.version())).collect();
    show::print(report, asked, head, told, projectors.join(" "), &states, context)
}

/// The one deal that an agreement or an offer belongs to.
pub(super) fn the_one(id: &str, states: &States, basis: Basis) -> Result<String, Failure> {
    let unknown = || {
        let view = states.records.at(basis);
        let names: Vec<String> = view.agreements().iter().map(|standing| standing.terms.agreement.to_string()).collect();
        Failure::new(Code::E0301, format!("no deal has an agreement or offer `{id}`"))
            .suggest(id, names.iter().map(String::as_str))
            .hint("dealbook show deals; an offer that nobody accepted is no deal yet: dealbook trace ID")
    };
    let deals = trace::deals_of(id, states, basis);
    match deals.first() {
        None => Err(unknown()),
        Some(deal) if deals.len() == 1 => Ok(deal.clone()),
        Some(_) => {
            let few: Vec<&str> = deals.iter().take(5).map(String::as_str).collect();
            let failure = Failure::new(Code::E0305, format!("`{id}` belongs to {}", counted(deals.len() as u64, "deal")));
            Err(failure.because(few.join(", ")).hint("name one of its agreements; dealbook show deals offer:… lists them"))
        }
    }
}
