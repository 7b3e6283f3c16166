//! `findings`: what broke a rule, by how much it matters.

use ledger_core::finding::{self, Code, Severity};
use ledger_core::projection::billing;

use super::{Asking, Check, Ended, Outcome};
use crate::failure::Failure;
use crate::verb::show;

pub(super) const CHECK: Check = Check { name: "findings", about: "what broke a rule: fails when a finding matters much", run };

#[expect(clippy::unnecessary_wraps, reason = "as every check")]
fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let of_money = billing::findings(&asking.states.billing, asking.view.basis());
    let found = show::findings(asking.states, asking.view, of_money);
    let count =
        |severity: Severity| found.iter().filter(|found| Code::of(found.code).is_some_and(|code| code.severity == severity)).count();
    let ended = match (count(Severity::High), count(Severity::Medium)) {
        (0, 0) => Ended::Pass,
        (0, _) => Ended::Warn,
        _ => Ended::Fail,
    };
    let told: Vec<String> = [Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .filter(|severity| count(*severity) > 0)
        .map(|severity| format!("{} {}", count(severity), severity.as_str()))
        .collect();
    let detail = if told.is_empty() { "none".to_owned() } else { format!("{}: dealbook show findings", told.join(", ")) };
    Ok(Outcome { ended, detail, report: Some(finding::findings(&found)) })
}
