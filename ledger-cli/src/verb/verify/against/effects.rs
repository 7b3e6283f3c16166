//! What an edit does to the money: both histories are folded, and each figure that is another is told.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::event::Entry;
use ledger_core::money::Amount;
use ledger_core::report::{Cell, Report};
use ledger_core::time::Basis;
use ledger_store::ledger::States as _;

use super::matched::Line;
use crate::context::Context;
use crate::session::States;
use crate::verb::show::{self, Noun};

/// The reports whose figures are compared, and the columns that tell their rows apart.
const FIGURES: &[(Noun, &[&str])] =
    &[(Noun::Payouts, &["party"]), (Noun::Spend, &["cost_centre"]), (Noun::Edp, &["commitment", "year"]), (Noun::Incentives, &["grant"])];

/// Rows for each figure that is another, and the reports in which none is.
pub(super) fn effects(old: &[Line], new: &[Line], last: u64, report: &mut Report, context: &Context) -> Vec<String> {
    let fold = |lines: &[Line]| {
        let mut states = States::default();
        for (line, at) in lines.iter().zip(1..) {
            if let Ok(entry) = Entry::read(&line.bytes, at) {
                states.all().into_iter().for_each(|state| state.evolve(&entry));
            }
        }
        states
    };
    let (before, after) = (fold(old), fold(new));
    let mut unchanged = Vec::new();
    for (noun, keys) in FIGURES {
        let [was, is] = [&before, &after].map(|states| figures(&show::answer(*noun, states, Basis::at(last), context), keys));
        let all: BTreeSet<_> = was.keys().chain(is.keys()).collect();
        let rows = report.rows.len();
        for key in all.into_iter().filter(|key| was.get(*key) != is.get(*key)) {
            let (subject, figure, currency) = key;
            let text = |figures: &BTreeMap<_, Amount>| figures.get(key).map_or(Cell::Empty, Cell::text);
            let field = Cell::text(format!("{} {subject} {figure}", show::noun(*noun)));
            report.rows.push(vec![Cell::Empty, Cell::Empty, Cell::text("effect"), field, text(&was), text(&is), Cell::text(currency)]);
        }
        if report.rows.len() == rows {
            unchanged.push(show::noun(*noun));
        }
    }
    unchanged
}

/// The amounts of a report, by subject, figure and currency.
fn figures(report: &Report, keys: &[&str]) -> BTreeMap<(String, String, String), Amount> {
    let text = |row: &[Cell], name: &str| match report.column(name).map(|at| &row[at]) {
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Count(count)) => count.to_string(),
        _ => String::new(),
    };
    let of = |row: &[Cell]| {
        let subject = keys.iter().map(|key| text(row, key)).collect::<Vec<_>>().join(" ");
        let amounts = report.columns.iter().zip(row).filter_map(|(column, cell)| match cell {
            Cell::Amount(amount) => Some((column.title.trim_matches(['-', '=', ' ']).to_lowercase(), *amount)),
            _ => None,
        });
        amounts.map(|(figure, amount)| ((subject.clone(), figure, text(row, "currency")), amount)).collect::<Vec<_>>()
    };
    report.rows.iter().flat_map(|row| of(row)).collect()
}
