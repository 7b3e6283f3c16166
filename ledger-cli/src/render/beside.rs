//! What was closed, beside what the same report comes to now, in words: a line for each currency, and below it what else differs.

use ledger_core::money::Amount;
use ledger_core::report::Beside;
use ledger_core::time::{Instant, Period};

use super::grouped;
use crate::failure::counted;

/// For people.
pub(crate) fn lines(all: &[Beside]) -> Vec<String> {
    let look = |first: &Beside| match first.events {
        0 if all.iter().all(|beside| beside.difference.is_zero()) => String::new(),
        0 => " · dealbook verify --full".to_owned(),
        _ => format!(" · dealbook diff close-{} --as-of {}", first.month, first.as_of.clone().unwrap_or_else(|| last_day(&first.month))),
    };
    let told = |first: &Beside| {
        let restated = first.restated_at.map(|at| format!(", restated at #{at}")).unwrap_or_default();
        let as_of = first.as_of.as_ref().map(|day| format!(", as of {day}")).unwrap_or_default();
        let in_all = if first.narrowed { " of all rows" } else { "" };
        let (month, at, events) = (&first.month, first.closed_at, counted(first.events, "event"));
        let line = format!("closed {month} at #{at}{restated}{as_of}: {}, {events}{in_all}{}", changed(first), look(first));
        let others: Vec<String> = others(all, first);
        let others = (!others.is_empty()).then(|| format!("after close {}: {}", first.currency, others.join(", ")));
        [line].into_iter().chain(others)
    };
    all.iter().filter(|beside| beside.headline).flat_map(told).collect()
}

/// What a report came to when it was closed, and what came after it: a line for each currency.
pub(crate) fn compared(all: &[Beside], report: &str) -> Vec<String> {
    let told = |first: &Beside| [vec![changed(first)], others(all, first)].concat().join(", ");
    all.iter().filter(|beside| beside.headline).map(|first| format!("{report}: {}", told(first))).collect()
}

fn changed(figure: &Beside) -> String {
    let (title, currency) = (figure.title.to_lowercase(), &figure.currency);
    format!("{title} {} {currency} · after close {} {currency}", amount(figure.closed), signed(figure.difference))
}

/// What differs beside the figure that says most, in the same currency.
fn others(all: &[Beside], first: &Beside) -> Vec<String> {
    let other = all.iter().filter(|beside| !beside.headline && beside.currency == first.currency);
    other.map(|beside| format!("{} {}", beside.title.to_lowercase(), signed(beside.difference))).collect()
}

pub(crate) fn amount(amount: Amount) -> String {
    grouped(&amount.to_string())
}

fn signed(difference: Amount) -> String {
    let sign = if difference.is_negative() || difference.is_zero() { "" } else { "+" };
    format!("{sign}{}", amount(difference))
}

/// The last day of a month that is written as people write it.
fn last_day(month: &str) -> String {
    let from = format!("{month}-01T00:00:00Z").parse().ok().and_then(Period::month_from);
    from.map(|period| Instant::from_micros(period.until.micros() - 1).day().to_string()).unwrap_or_default()
}
