//! Why payouts come to what they do: each measure, line by line, with the rows that make it.

use std::collections::BTreeMap;

use super::measure::{Counted, Measure};
use super::sums::LineAt;
use super::table::NONE;
use super::{Action, Billing, IN_BALANCE, In, LineKind, cents};
use crate::money::Currency;
use crate::projection::records::{MEASURE, Reason};
use crate::report::Cell;
use crate::time::Basis;

/// Which movements of a line make a measure.
fn makes(measure: Measure, action: Action, in_balance: bool, counted: &Counted) -> bool {
    use Action as A;
    let invoiced = matches!(action, A::Invoiced | A::Forgiven);
    let owed = in_balance && (invoiced || action == A::Unknown);
    match measure {
        Measure::NetRevenue => owed,
        Measure::Collected => action == A::Collected,
        Measure::Disbursed => action == A::Disbursed,
        Measure::Uncollected => owed || action == A::Collected,
        Measure::AwaitingDisbursement => matches!(action, A::Collected | A::Disbursed),
        Measure::Undisbursed => owed || action == A::Disbursed,
        other => invoiced && (if in_balance { counted.in_balance } else { counted.informational }) == Some(other),
    }
}

/// Why the wanted payouts, `804753256254 USD`, come to what they do: each measure that is not nothing, and under it each line, rounded as it is in
/// the sum, with the events that make it. The lines of a measure sum to it, to the cent.
pub fn why_payouts(state: &Billing, basis: Basis, unit: In, wanted: &[String]) -> Vec<Reason> {
    let (sums, counted) = (state.charge_sums(basis, unit), state.counted());
    let moved = &state.movements;
    let mut by_charge: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    moved.at(basis).for_each(|at| by_charge.entry(moved.charge[at]).or_default().push(at));
    let mut found: BTreeMap<(&str, Currency, Measure), (i128, Vec<Reason>)> = BTreeMap::new();
    state.each_line(&sums, &counted, |at| {
        let line = state.line(at.line);
        let party = state.texts.get(line.recipient);
        let Ok(currency) = state.currency(state.currency_of(at, unit)) else { return };
        let whole = format!("{party} {currency}");
        if !wanted.contains(&whole) {
            return;
        }
        for measure in Measure::ALL.iter().copied().filter(|measure| at.sums.of(*measure) != 0) {
            let of = |charge: &u32| by_charge.get(charge).into_iter().flatten().copied();
            let is_of_it = |row: &usize| {
                let class = state.charge(moved.charge[*row]).class;
                makes(measure, Action::of(moved.kind[*row]), moved.kind[*row] & IN_BALANCE != 0, &counted[class as usize])
            };
            let mut events: Vec<u64> = at.charges.iter().flat_map(of).filter(is_of_it).map(|row| moved.seq[row]).collect();
            events.sort_unstable();
            events.dedup();
            let amount = cents(at.sums.of(measure));
            let (sum, parts) = found.entry((party, currency, measure)).or_default();
            *sum += amount.units();
            parts.push(Reason {
                subject: format!("{whole} {}", state.called(at, unit)),
                field: measure.name(),
                value: Cell::Money(amount, currency),
                rule: MEASURE,
                events,
                remark: None,
            });
        }
    });
    let whole = |((party, currency, measure), (sum, parts)): ((&str, Currency, Measure), (i128, Vec<Reason>))| {
        let remark = Some(format!("{} lines", parts.len()));
        let (subject, value) = (format!("{party} {currency}"), Cell::Money(cents(sum), currency));
        std::iter::once(Reason { subject, field: measure.name(), value, rule: MEASURE, events: Vec::new(), remark }).chain(parts)
    };
    found.into_iter().flat_map(whole).collect()
}

impl Billing {
    /// What a line is called: its invoice and its number on it, and the other of its two currencies.
    fn called(&self, at: &LineAt<'_>, unit: In) -> String {
        let line = self.line(at.line);
        let name = match line.kind {
            LineKind::Adjustment => "balance adjustment".to_owned(),
            _ => [self.texts.some(line.document), self.texts.some(line.item)].into_iter().flatten().collect::<Vec<_>>().join(" "),
        };
        match unit {
            _ if at.payout_currency == NONE || at.payout_currency == line.currency => name,
            In::Pricing => format!("{name} paid in {}", self.texts.get(at.payout_currency)),
            In::Disbursement => format!("{name} priced in {}", self.texts.get(line.currency)),
        }
    }
}
