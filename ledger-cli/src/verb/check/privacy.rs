//! `privacy`: whether a line holds what looks personal. A line is never erased.

use ledger_core::chain::Head;
use ledger_core::privacy::{Shape, Sighting, sightings};
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_store::scan::ScanError;

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};

pub(super) const CHECK: Check =
    Check { name: "privacy", about: "lines that hold what looks like an e-mail address, a phone number or a street", run };

fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let (source, until) = (&asking.session.source, asking.view.basis().known_at.min(asking.session.head().seq));
    let mut found: Vec<(u64, Sighting)> = Vec::new();
    let mut head = Head::EMPTY;
    let mut progress = asking.context.progress("reading", until);
    let blocks = if until > 0 { source.read(1)? } else { Box::new(std::iter::empty()) };
    for block in blocks {
        let block = block?;
        if block.first > until {
            break;
        }
        for (seq, line) in (block.first..=until).zip(block.lines()) {
            found.extend(sightings(line).into_iter().map(|sighting| (seq, sighting)));
        }
        let before = head;
        head = block.follow(head).map_err(ScanError::from)?;
        progress.add(head.seq - before.seq);
    }
    drop(progress);
    Ok(outcome(&found, until))
}

/// It warns and does not fail: what it sees may be something else that is written like it, and what AWS wrote cannot be taken out.
fn outcome(found: &[(u64, Sighting)], looked_at: u64) -> Outcome {
    let count = |shape: Shape| found.iter().filter(|(_, sighting)| sighting.shape == shape).count() as u64;
    let told: Vec<String> = [Shape::EMail, Shape::Phone, Shape::Street]
        .into_iter()
        .filter(|shape| count(*shape) > 0)
        .map(|shape| format!("{} × {}", count(shape), shape.as_str()))
        .collect();
    let ended = if found.is_empty() { Ended::Pass } else { Ended::Warn };
    let events = counted(looked_at, "event");
    let detail = if told.is_empty() { events } else { format!("{} in {events}", told.join(", ")) };
    Outcome { ended, detail, report: Some(report(found)) }
}

/// The columns of the report.
pub(in crate::verb) fn columns() -> Vec<Column> {
    vec![
        Column::new("seq", "#", Kind::Count),
        Column::new("field", "Field", Kind::Text),
        Column::new("looks_like", "Looks like", Kind::Text),
        Column::new("covered", "Covered", Kind::Text),
    ]
}

/// Where it was seen. What was seen is covered: a report is handed on more easily than a ledger.
fn report(found: &[(u64, Sighting)]) -> Report {
    let mut report = Report::new("privacy", columns());
    let row = |(seq, sighting): &(u64, Sighting)| {
        vec![Cell::Count(*seq), Cell::text(&sighting.field), Cell::text(sighting.shape.as_str()), Cell::text(&sighting.masked)]
    };
    report.rows = found.iter().map(row).collect();
    report
}
