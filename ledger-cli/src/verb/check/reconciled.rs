//! `reconciled`: every month that was compared, and what is open of it.

use ledger_core::projection::closing::{Found, State};

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};

pub(super) const CHECK: Check =
    Check { name: "reconciled", about: "each month that was reconciled: fails while more is open than the policy `closing` lets be", run };

#[expect(clippy::unnecessary_wraps, reason = "as every check")]
fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let (states, known_at) = (asking.states, asking.view.basis().known_at);
    let found = states.closing.breaks(&states.book, known_at);
    let mut months: Vec<_> = states.closing.runs(known_at).map(|run| run.sealed.month).collect();
    months.sort_unstable();
    months.dedup();
    let of = |month| found.iter().filter(move |found: &&Found| found.month == month);
    let mut ended = if months.is_empty() { Ended::Warn } else { Ended::Pass };
    let mut told = Vec::new();
    for month in months {
        let (all, open) = (of(month).count() as u64, of(month).filter(|found| found.state.is_open()).count());
        let waiting = of(month).filter(|found| found.state == State::Waiting).count();
        let last = states.closing.runs(known_at).filter(|run| run.sealed.month == month).last();
        let provisional: u64 = last.map_or(0, |run| run.sealed.sections.iter().map(|section| section.provisional_rows).sum());
        let over = ledger_core::projection::closing::open_by_currency(&found, month);
        let too_much = over.iter().any(|(currency, (_, sum))| {
            let limit = states.book.may_be_open(*currency, asking.context.now(), known_at);
            *sum > limit || limit.is_zero()
        });
        if too_much {
            ended = Ended::Fail;
        } else if waiting as u64 + provisional > 0 && ended == Ended::Pass {
            ended = Ended::Warn;
        }
        let mut line = format!("{}: {}, {open} open", &month.to_string()[..7], counted(all, "break"));
        if waiting > 0 {
            line += &format!(", {waiting} waiting");
        }
        if provisional > 0 {
            line += &format!("; {}", counted(provisional, "provisional line"));
        }
        told.push(line);
    }
    let detail = if told.is_empty() { "no month was reconciled: dealbook reconcile PERIOD PATH".to_owned() } else { told.join("; ") };
    Ok(Outcome { ended, detail, report: None })
}
