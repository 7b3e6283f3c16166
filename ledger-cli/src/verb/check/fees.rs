//! `fees`: what AWS charged for listing, against the rate card.

use ledger_core::fee::{self, Audit, Total, Verdict};
use ledger_core::money::Amount;

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};
use crate::render::grouped;

pub(super) const CHECK: Check =
    Check { name: "fees", about: "each listing fee against the rate card: fails when AWS charged too much", run };

/// Agreements beyond so many are counted and not named.
const MOST_NAMED: usize = 3;

#[expect(clippy::unnecessary_wraps, reason = "as every check")]
fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let basis = asking.view.basis();
    let audit = fee::audit(&asking.states.billing, asking.view, &asking.states.book.rate_cards(basis.known_at));
    let report = Some(fee::fees(&audit, asking.view));
    let (over, under, open) = (audit.count(Verdict::Over), audit.count(Verdict::Under), audit.count(Verdict::NotJudged));
    // Too little is nothing to claim, and often a renewal that the ledger does not know of.
    let ended = match (over, under + open) {
        (0, 0) => Ended::Pass,
        (0, _) => Ended::Warn,
        _ => Ended::Fail,
    };
    Ok(Outcome { ended, detail: detail(&audit, open), report })
}

fn detail(audit: &Audit<'_>, open: usize) -> String {
    let lines = counted(audit.lines.len() as u64, "line");
    if !audit.has_card && !audit.lines.is_empty() {
        return format!("no rate card is set, {lines} not judged: dealbook record policy.set --set policy=listing-fees …");
    }
    // What was charged too much comes first, the largest first; of nothing there is nothing to name.
    let all = audit.totals();
    let mut totals: Vec<_> = all.iter().filter(|(_, total)| (total.over, total.under) != (0, 0)).collect();
    totals.sort_by_key(|(_, total)| (-total.over, -total.under));
    let named = totals.iter().take(MOST_NAMED).map(|((agreement, currency), total)| {
        let amount = |units: i128, word: &str| {
            let (sum, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
            // What is finer than a cent is told as it is: a currency may have three decimals.
            let told = if sum == cents { cents } else { sum };
            (units != 0).then(|| format!("{} {currency} {word}", grouped(&told.to_string())))
        };
        let Total { over, under } = **total;
        let told: Vec<String> = [amount(over, "over"), amount(under, "under")].into_iter().flatten().collect();
        format!("{}: {}", if agreement.is_empty() { "no agreement" } else { agreement }, told.join(", "))
    });
    let mut told: Vec<String> = named.collect();
    if let Some(more) = totals.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        told.push(format!("and {more} more"));
    }
    match open {
        0 => told.push(lines),
        open => told.push(format!("{open} of {lines} not judged")),
    }
    told.join("; ")
}
