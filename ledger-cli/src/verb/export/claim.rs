//! The evidence of an application: what was recorded, in which order, with the hash of every line and the digest of every document, so that
//! whoever has the ledger can look each of them up.

use std::collections::BTreeMap;

use ledger_core::chain::Hash;
use ledger_core::projection::{Projection, programmes};
use ledger_core::report::{Cell, Column, Kind, Receipt, Report};

use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};
use crate::render::Format;
use crate::session::{Session, Wanted};

/// The columns of the report.
pub(in crate::verb) fn columns() -> Vec<Column> {
    vec![
        Column::new("part", "Part", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("effective_at", "Effective", Kind::Moment),
        Column::new("recorded_at", "Recorded", Kind::Moment),
        Column::new("says", "Says", Kind::Text),
        Column::new("actor", "Actor", Kind::Text),
        Column::new("hash", "Hash", Kind::Text),
        Column::new("document", "Document", Kind::Text),
    ]
}

pub(super) fn run(id: Option<&str>, reading: &Reading, context: &Context) -> Result<Exit, Failure> {
    let id =
        id.ok_or_else(|| Failure::usage("export claim takes an application or a credit").hint("dealbook show incentives --expected"))?;
    let session = Session::open(context)?;
    let (asked, head) = session.asked(reading, context)?;
    let states = session.states_of(Wanted { billing: false, records: true })?;
    let view = states.records.at(asked.basis);
    let all = states.programmes.at(&view);
    let Some(claim) = programmes::claim(&all, id) else {
        let known = all.benefits().iter().map(|benefit| benefit.id.as_str()).chain(all.credits().iter().map(|credit| credit.id.as_str()));
        let failure = Failure::new(Code::E0301, format!("no application and no credit is named `{id}`"));
        return Err(failure.suggest(id, known).hint("dealbook show incentives --expected"));
    };
    let mut report = Report::new("claim", columns());
    report.heading.push(format!("Evidence of {}, {}", claim.id, claim.programme));
    report.heading.push(claim.verdict.clone());
    let said = |part: &str, says: String| {
        let mut row = vec![Cell::Empty; report.columns.len()];
        (row[0], row[5]) = (Cell::text(part), Cell::Text(says));
        row
    };
    let mut rows = vec![said("verdict", claim.verdict)];
    rows.extend(claim.rule.map(|rule| said("programme", rule)));
    for (asks, is_shown) in claim.evidence {
        rows.push(said("evidence", format!("{}: {asks}", if is_shown { "shown" } else { "NOT shown" })));
    }
    for (seq, says, document) in claim.events {
        let (Some(line), Some(entry)) = (session.source.line(seq)?, session.entry(seq)?) else { continue };
        rows.push(vec![
            Cell::text("event"),
            Cell::Count(seq),
            Cell::text(entry.event.type_name()),
            Cell::Moment(entry.effective_at),
            Cell::Moment(entry.recorded_at),
            Cell::Text(says),
            Cell::text(&entry.actor),
            Cell::text(Hash::of(&line)),
            Cell::or_empty(document, Cell::text),
        ]);
    }
    report.rows = rows;
    report.incomplete = states.sources.lacks(&asked.basis);
    let told = BTreeMap::from([("export".to_owned(), "claim".to_owned()), ("id".to_owned(), id.to_owned())]);
    let projector = |state: &dyn Projection| format!("{}/{}", state.name(), state.version());
    let projectors = format!("{} {}", projector(&states.programmes), projector(&states.records));
    let receipt = Receipt::new(&report, asked, told, head, projectors);
    context.preferring(Format::Markdown).print(&report, &receipt)?;
    Ok(Exit::Done)
}
