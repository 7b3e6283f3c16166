//! `closed`: every closed report comes to what was closed, by the program of today.

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};
use crate::verb::closed;

pub(super) const CHECK: Check =
    Check { name: "closed", about: "each closed report, computed again: fails when one comes to something else and is not restated", run };

#[expect(clippy::unnecessary_wraps, reason = "as every check")]
fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let all = closed::again(asking.states, asking.view.basis().known_at, asking.context);
    let differing: Vec<String> = all.iter().filter(|again| again.differs.is_some()).map(closed::Again::told).collect();
    let (ended, detail) = if differing.is_empty() { (Ended::Pass, told(&all)) } else { (Ended::Fail, differing.join("; ")) };
    Ok(Outcome { ended, detail, report: None })
}

/// What is said when nothing differs from what stands.
pub(crate) fn told(all: &[closed::Again]) -> String {
    let mut months: Vec<_> = all.iter().map(|again| again.month).collect();
    months.dedup();
    let restated = all.iter().filter(|again| again.restated.is_some()).count() as u64;
    let restated = if restated > 0 { format!(", {restated} as restated") } else { String::new() };
    match all.len() as u64 {
        0 => "no month is closed".to_owned(),
        reports => format!("{}, {}: each as closed{restated}", counted(months.len() as u64, "month"), counted(reports, "report")),
    }
}
