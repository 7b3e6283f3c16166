//! Why payouts come to what they do: each measure, line by line, with the rows that make it.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::{Counted, Measure};
use super::payouts::Options;
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

/// A measure of a row of the payouts, in its currency.
type Whole = (String, Measure, Currency);

/// Why the wanted payouts, `804753256254 USD` or by agreement `804753256254 agmt-1 USD`, come to what they do: each measure that is not nothing, and
/// under it each line, rounded as it is in the sum, with the events that make it. The lines of a measure sum to it, to the cent.
pub fn why_payouts(state: &Billing, basis: Basis, options: Options<'_>, wanted: &[String]) -> Vec<Reason> {
    let unit = options.currency;
    let (sums, counted) = (state.charge_sums(basis, unit), state.counted());
    let billed = state.billed_by(basis, options.by);
    let moved = &state.movements;
    let mut by_charge: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    moved.at(basis).for_each(|at| by_charge.entry(moved.charge[at]).or_default().push(at));
    let mut found: BTreeMap<Whole, Vec<(i128, Reason)>> = BTreeMap::new();
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    state.each_line(&sums, &counted, |at| {
        let line = state.line(at.line);
        let party = state.texts.get(line.recipient);
        let Ok(currency) = state.currency(state.currency_of(at, unit)) else { return };
        let group = state.group(at, &counted, &billed, options);
        let whole = whole_of(party, &group, currency);
        if !wanted.contains(whole.as_str()) {
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
            let (subject, value) = (format!("{whole} {}", state.called(at, unit)), Cell::Money(amount, currency));
            let part = Reason { subject, field: measure.name(), value, rule: MEASURE, events, remark: None };
            found.entry((whole.clone(), measure, currency)).or_default().push((amount.units(), part));
        }
    });
    let told = |((subject, measure, currency), parts): (Whole, Vec<(i128, Reason)>)| {
        let remark = Some(if parts.len() == 1 { "1 line".to_owned() } else { format!("{} lines", parts.len()) });
        let value = Cell::Money(cents(parts.iter().map(|(units, _)| units).sum()), currency);
        let whole = Reason { subject, field: measure.name(), value, rule: MEASURE, events: Vec::new(), remark };
        std::iter::once(whole).chain(parts.into_iter().map(|(_, part)| part))
    };
    found.into_iter().flat_map(told).collect()
}

/// What tells a row of the payouts from the others.
fn whole_of(party: &str, group: &str, currency: Currency) -> String {
    if group.is_empty() { format!("{party} {currency}") } else { format!("{party} {group} {currency}") }
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
