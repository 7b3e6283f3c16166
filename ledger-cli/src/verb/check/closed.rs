//! `closed`: every closed report comes to what was closed, by the program of today.

use ledger_core::report::{Cell, Column, Kind, Report};

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};
use crate::verb::closed::{Again, again, named};

pub(super) const CHECK: Check =
    Check { name: "closed", about: "each closed report, computed again: fails when one comes to something else and is not restated", run };

/// The columns of the report.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::new("month", "Month", Kind::Text),
        Column::new("report", "Report", Kind::Text),
        Column::new("figure", "Figure", Kind::Text),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("closed", "Closed", Kind::Amount),
        Column::new("now", "Now", Kind::Amount),
        Column::new("difference", "Difference", Kind::Amount),
        Column::new("restated_at", "Restated at", Kind::Count),
    ]
}

#[expect(clippy::unnecessary_wraps, reason = "as every check")]
fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let all = again(asking.states, asking.view.basis().known_at, asking.context);
    let mut report = Report::new("check-closed", columns());
    for again in &all {
        report.rows.extend(again.figures.iter().map(|figure| {
            vec![
                Cell::Text(named(again.month)),
                Cell::text(again.report.name),
                Cell::text(figure.column),
                Cell::text(&figure.currency),
                Cell::Amount(figure.closed),
                Cell::Amount(figure.now),
                Cell::Amount(figure.difference()),
                Cell::or_empty(again.restated, Cell::Count),
            ]
        }));
    }
    let ended = if all.iter().any(|again| again.differs) { Ended::Fail } else { Ended::Pass };
    Ok(Outcome { ended, detail: told(&all), report: Some(report) })
}

/// What is said of closed reports: how many there are, and what became of them.
pub(crate) fn told(all: &[Again]) -> String {
    let mut months: Vec<_> = all.iter().map(|again| again.month).collect();
    months.dedup();
    let reports = counted(all.len() as u64, "report");
    let restated = all.iter().filter(|again| again.restated.is_some() && !again.differs).count();
    let differing = all.iter().filter(|again| again.differs).count();
    let as_closed = all.len() - restated - differing;
    match all.len() {
        0 => "no month is closed".to_owned(),
        _ => {
            let kinds = [(as_closed, "as closed"), (restated, "as restated"), (differing, "not as closed")];
            let kinds: Vec<String> =
                kinds.into_iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
            format!("{}, {reports}: {}", counted(months.len() as u64, "month"), kinds.join(", "))
        }
    }
}
