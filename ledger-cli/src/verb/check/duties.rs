//! `duties`: who entered, who approved, and who closed. Nobody signs a close of a month in which they entered something by hand.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::book::closing::is_by_hand_in;
use ledger_core::id::Actor;
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_core::time::Period;

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};

pub(super) const CHECK: Check =
    Check { name: "duties", about: "who entered, approved and closed: fails when one person did what takes two", run };

/// The columns of the report.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::new("person", "Person", Kind::Text),
        Column::new("entered", "Entered", Kind::Count),
        Column::new("approved", "Approved", Kind::Count),
        Column::new("signed", "Signed", Kind::Count),
        Column::new("prepared", "Closes prepared", Kind::Count),
        Column::new("closed", "Closes signed", Kind::Count),
        Column::new("remark", "Remark", Kind::Text),
    ]
}

#[derive(Default)]
struct Duties {
    entered: u64,
    approved: u64,
    signed: u64,
    prepared: u64,
    closed: u64,
    remarks: BTreeSet<String>,
}

fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let (states, known_at) = (asking.states, asking.view.basis().known_at);
    let mut duties: BTreeMap<Actor, Duties> = BTreeMap::new();
    let mut entries = Vec::new();
    for (actor, seq) in states.book.entered().filter(|(_, seq)| *seq <= known_at) {
        let mine = duties.entry(actor.clone()).or_default();
        mine.entered += 1;
        for approval in states.book.approvals(seq).filter(|approval| approval.seq <= known_at) {
            let theirs = duties.entry(approval.by.clone()).or_default();
            theirs.approved += 1;
            theirs.signed += u64::from(approval.signed);
        }
        entries.extend(asking.session.entry(seq)?);
    }
    for close in states.closing.closes(known_at) {
        duties.entry(close.actor.clone()).or_default().prepared += 1;
        let Some(month) = Period::month_from(close.closed.month) else { continue };
        for approval in states.book.approvals(close.last).filter(|approval| approval.signed && approval.seq <= known_at) {
            let signer = duties.entry(approval.by.clone()).or_default();
            signer.closed += 1;
            let by_hand = entries.iter().find(|entry| entry.actor == approval.by && is_by_hand_in(entry, month, &states.closing));
            let name = &close.closed.month.to_string()[..7];
            signer.remarks.extend(by_hand.map(|entry| format!("signed the close of {name}, and entered #{} in it", entry.seq)));
        }
    }
    let mut report = Report::new("check-duties", columns());
    let broken = duties.values().filter(|duties| !duties.remarks.is_empty()).count() as u64;
    let people = duties.len() as u64;
    for (person, duties) in duties {
        let counts = [duties.entered, duties.approved, duties.signed, duties.prepared, duties.closed].map(Cell::Count);
        let remark = duties.remarks.into_iter().collect::<Vec<_>>().join("; ");
        report.rows.push(
            [vec![Cell::text(person)], counts.to_vec(), vec![if remark.is_empty() { Cell::Empty } else { Cell::Text(remark) }]].concat(),
        );
    }
    let people = if people == 1 { "1 person".to_owned() } else { format!("{people} people") };
    let (ended, detail) = match broken {
        0 => (Ended::Pass, people),
        broken => (Ended::Fail, format!("{people}, {} that takes two", counted(broken, "duty").replace("dutys", "duties"))),
    };
    Ok(Outcome { ended, detail, report: Some(report) })
}
