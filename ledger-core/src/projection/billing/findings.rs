//! What does not add up in the money: computed from the state, never a refusal.
//!
//! Values that the program does not know are found where they are read, by the sources; here stands what they do to the figures.

use std::collections::BTreeMap;

use crate::finding::{self, Finding};
use crate::money::{Amount, CENT};
use crate::time::{Basis, Instant};

use super::disbursements::{PLACEHOLDERS, PayoutAt, exact};
use super::measure::{Counted, Measure};
use super::sums::{ChargeSums, LineAt, to_cents};
use super::table::NONE;
use super::{Billing, In, LineKind, UNDATED, cents};

/// Everything that this state can see, in order.
pub fn findings(state: &Billing, basis: Basis) -> Vec<Finding> {
    overview(state, basis).1
}

/// What a party is owed in a currency, each line rounded by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Its AWS account.
    pub party: String,
    /// The currency of the prices.
    pub currency: String,
    /// Net payable.
    pub owed: Amount,
    /// Received from buyers.
    pub collected: Amount,
    /// Paid out.
    pub disbursed: Amount,
    /// What is left of net payable.
    pub undisbursed: Amount,
}

/// Where each party stands, by party and currency, and all findings: what `status` prints, in one go over the lines.
pub fn overview(state: &Billing, basis: Basis) -> (Vec<Owed>, Vec<Finding>) {
    let mut found = Found { state, findings: Vec::new(), of_charge: Vec::new() };
    let (sums, counted) = (state.charge_sums(basis, In::Pricing), state.counted());
    let owed = state.lines(&sums, &counted, &mut found);
    state.unclassified(&sums, &counted, &mut found);
    state.unequal_wholesale(&sums, &counted, &mut found);
    found.locate(basis);
    state.odd_payouts(basis, &mut found);
    let mut findings = found.findings;
    findings.extend(state.tax_findings(basis));
    findings.sort();
    (owed, findings)
}

/// What has been found so far.
struct Found<'a> {
    state: &'a Billing,
    findings: Vec<Finding>,
    /// Which finding a charge belongs to, plus one; empty as long as nothing was found.
    of_charge: Vec<u32>,
}

impl Found<'_> {
    fn add(&mut self, code: &'static str, recipient: &str, subject: String, message: String, amount: (i128, u32)) -> &mut Finding {
        let (units, currency) = amount;
        self.findings.push(Finding {
            code,
            seq: 0,
            recipient: recipient.parse().ok(),
            subject,
            message,
            amount: self.state.currency(currency).ok().map(|currency| (exact(units), currency)),
        });
        self.findings.last_mut().expect("it was just added")
    }

    /// Says that the newest finding is about these charges: its event is the last one of any of them.
    fn about(&mut self, charges: impl IntoIterator<Item = u32>) {
        let number = self.findings.len();
        self.about_each(charges.into_iter().map(|charge| (charge, number)));
    }

    fn about_each(&mut self, charges: impl IntoIterator<Item = (u32, usize)>) {
        self.of_charge.resize(self.state.charges.len(), 0);
        for (charge, number) in charges {
            self.of_charge[charge as usize] = u32::try_from(number).unwrap_or(0);
        }
    }

    /// Finds the event of each finding about charges: one pass over the movements for all of them.
    fn locate(&mut self, basis: Basis) {
        if self.of_charge.is_empty() {
            return;
        }
        let moved = &self.state.movements;
        for at in moved.at(basis) {
            if let Some(found) = (self.of_charge[moved.charge[at] as usize] as usize).checked_sub(1) {
                self.findings[found].seq = moved.seq[at];
            }
        }
    }
}

/// Rows of one class that is not known.
#[derive(Default)]
struct Unclassified {
    rows: i64,
    units: i128,
    charges: Vec<u32>,
}

fn rows(count: i64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

impl Billing {
    /// Rows whose type or action is not known: they stand in no measure, and in net when AWS counts them in the balance.
    fn unclassified(&self, sums: &ChargeSums, counted: &[Counted], found: &mut Found<'_>) {
        let unknown: Vec<bool> = (0..).zip(counted).map(|(number, class)| !class.known || self.class(number).action != NONE).collect();
        if !unknown.contains(&true) {
            return;
        }
        let mut seen: BTreeMap<(u32, u32, u32), Unclassified> = BTreeMap::new();
        for (charge, sum) in sums.present() {
            let [line, _, class, ..] = self.charges.rows[charge as usize];
            if unknown[class as usize] {
                let [recipient, currency, ..] = self.lines.rows[line as usize];
                let place = seen.entry((recipient, class, currency)).or_default();
                place.rows += sum.rows;
                place.units += sum.net + sum.unknown;
                place.charges.push(charge);
            }
        }
        for ((recipient, class, currency), Unclassified { rows: count, units, charges }) in seen {
            let class = self.class(class);
            let kind = self.texts.get(class.kind);
            let action = self.texts.some(class.action).map(|action| format!(" with the action `{action}`")).unwrap_or_default();
            let message = format!("{} of type `{kind}`{action} stand in no measure", rows(count));
            found.add(finding::BILLING_UNCLASSIFIED, self.texts.get(recipient), kind.to_owned(), message, (units, currency));
            found.about(charges);
        }
    }

    /// Lines that were paid more or less than was collected for them, or than is owed where a file does not tell collections. Less than a cent is rounding, and a refund that waits to be netted
    /// is no error. One cent is a known defect of AWS's that is never corrected (comment in AWS's published queries).
    fn lines(&self, sums: &ChargeSums, counted: &[Counted], found: &mut Found<'_>) -> Vec<Owed> {
        const SHOWN: [Measure; 4] = [Measure::NetRevenue, Measure::Collected, Measure::Disbursed, Measure::Undisbursed];
        let refunds: Vec<Measure> = Measure::ALL.iter().copied().filter(|measure| measure.name().ends_with("_refund")).collect();
        let mut owed: BTreeMap<(u32, u32), [i128; SHOWN.len()]> = BTreeMap::new();
        self.each_line(sums, counted, |at| {
            let line = self.line(at.line);
            let of_party = owed.entry((line.recipient, line.currency)).or_default();
            SHOWN.iter().zip(of_party).for_each(|(measure, sum)| *sum += to_cents(at.sums.of(*measure)));
            let [disbursed, collected] = [Measure::Disbursed, Measure::Collected].map(|measure| at.sums.of(measure));
            let due = if collected == 0 { at.sums.of(Measure::NetRevenue) } else { collected };
            if disbursed == 0 || disbursed == due {
                return;
            }
            let excess = to_cents(disbursed - due);
            let (code, message) = match excess {
                CENT => (finding::DISBURSED_CENT, "a cent more was paid out than was collected"),
                cent if cent == -CENT => (finding::DISBURSED_CENT, "a cent less was paid out than was collected"),
                more if more > 0 && refunds.iter().all(|refund| at.sums.of(*refund) == 0) => {
                    (finding::DISBURSED_UNEQUAL, "more was paid out than was collected")
                }
                _ => return,
            };
            found.add(code, self.texts.get(line.recipient), self.line_name(at), message.to_owned(), (excess, line.currency));
            found.about(at.charges.iter().copied());
        });
        let mut owed: Vec<Owed> = owed
            .into_iter()
            .map(|((party, currency), units)| {
                let [owed, collected, disbursed, undisbursed] = units.map(cents);
                let [party, currency] = [party, currency].map(|text| self.texts.get(text).to_owned());
                Owed { party, currency, owed, collected, disbursed, undisbursed }
            })
            .collect();
        owed.sort_by(|one, other| (&one.party, &one.currency).cmp(&(&other.party, &other.currency)));
        owed
    }

    /// Wholesale invoices whose two sides differ, or of which one is missing.
    fn unequal_wholesale(&self, sums: &ChargeSums, counted: &[Counted], found: &mut Found<'_>) {
        if !self.has_several_parties() {
            return;
        }
        let pairing = self.wholesale(sums, counted);
        let mut of_pair = vec![None; pairing.pairs.len()];
        for (pair, number) in pairing.pairs.iter().zip(&mut of_pair) {
            let (code, message) = if pair.is_unequal() {
                let message = format!("what is paid here and what {} is paid do not cancel", self.texts.get(pair.seller));
                (finding::WHOLESALE_UNEQUAL, message)
            } else if pair.seller == NONE && pair.residual != 0 {
                (finding::WHOLESALE_ONE_SIDED, "nobody in this ledger is paid on it".to_owned())
            } else {
                continue;
            };
            let subject = self.texts.get(pair.invoice).to_owned();
            found.add(code, self.texts.get(pair.buyer), subject, message, (pair.residual, pair.currency));
            *number = Some(found.findings.len());
        }
        found.about_each((0..).take(self.charges.len()).filter_map(|charge| Some((charge, of_pair[pairing.pair_of(charge)?]?))));
    }

    /// Payouts that do not add up (seller guide: details and header sum to zero in the payout currency), that came back, that no bank
    /// statement can be matched with, and failures of no payout.
    fn odd_payouts(&self, basis: Basis, found: &mut Found<'_>) {
        let payouts = self.payouts_at(basis);
        let undone = self.undone(&payouts);
        let failures: std::collections::BTreeSet<u32> = undone.values().copied().collect();
        let owing = self.not_repeated(basis, &payouts, &undone);
        for (payout, at) in &payouts {
            let (party, id) = self.payout_id(*payout);
            let mut report = |code, message: String, units: i128, seq: u64| {
                let currency = at.header().map_or(NONE, |header| header.paid_currency);
                found.add(code, party, id.to_owned(), message, (units, currency)).seq = seq;
            };
            let Some(header) = at.header() else {
                let names = if at.rows == 1 { "names" } else { "name" };
                report(
                    finding::PAYOUT_INCOMPLETE,
                    format!("{} {names} a payout that has no header", rows(at.rows)),
                    at.details,
                    at.first_seq,
                );
                continue;
            };
            if at.rows == 0 {
                report(finding::PAYOUT_INCOMPLETE, "no row says what was paid".to_owned(), header.paid, header.seq);
            } else if at.difference() != 0 {
                report(finding::PAYOUT_UNEQUAL, "header and details do not sum to zero".to_owned(), at.difference(), header.seq);
            }
            if header.failed && !failures.contains(payout) {
                report(finding::FAILURE_WITHOUT_PAYOUT, "no payout is known that came back".to_owned(), header.paid, header.seq);
            }
            if !header.failed
                && let Some(trace) = self.texts.some(header.trace).filter(|trace| PLACEHOLDERS.contains(trace))
            {
                report(finding::BANK_TRACE_PLACEHOLDER, format!("its bank trace is `{trace}`"), header.paid, header.seq);
            }
            if let (Some((open, of)), Some(failure)) =
                (owing.get(payout), undone.get(payout).and_then(|failure| payouts.get(failure)?.header()))
            {
                let day = Instant::from_micros(failure.effective).day();
                let lines = if *of == 1 { "its line was".to_owned() } else { format!("{open} of its {of} lines were") };
                report(finding::PAYOUT_REVERSED, format!("it came back on {day}, and {lines} not paid again"), header.paid, failure.seq);
            }
        }
    }

    /// Of the payouts that came back, how many of their lines have not been paid since, and how many they have.
    fn not_repeated(&self, basis: Basis, payouts: &BTreeMap<u32, PayoutAt>, undone: &BTreeMap<u32, u32>) -> BTreeMap<u32, (usize, usize)> {
        if undone.is_empty() {
            return BTreeMap::new();
        }
        let moved = &self.movements;
        let is_failure = |payout: u32| payouts.get(&payout).and_then(PayoutAt::header).is_some_and(|header| header.failed);
        let (mut came_back, mut failed) = (vec![UNDATED; self.payouts.len()], vec![false; self.payouts.len()]);
        for (payout, failure) in undone {
            came_back[*payout as usize] = payouts.get(failure).and_then(PayoutAt::header).map_or(UNDATED, |header| header.effective);
        }
        (0..).zip(&mut failed).for_each(|(payout, failed)| *failed = is_failure(payout));
        let line_of = |at: usize| self.charges.rows[moved.charge[at] as usize][0];
        let mut owing: Vec<(u32, u32)> = Vec::new();
        let mut paid_last = vec![UNDATED; self.lines.len()];
        for at in moved.at(basis).filter(|at| moved.payout[*at] != NONE) {
            let payout = moved.payout[at] as usize;
            if came_back[payout] != UNDATED {
                owing.push((moved.payout[at], line_of(at)));
            } else if !failed[payout] {
                let last = &mut paid_last[line_of(at) as usize];
                *last = (*last).max(moved.effective[at]);
            }
        }
        owing.sort_unstable();
        owing.dedup();
        let mut open = BTreeMap::new();
        for lines in owing.chunk_by(|one, other| one.0 == other.0) {
            let payout = lines[0].0;
            let unpaid = lines.iter().filter(|(_, line)| paid_last[*line as usize] <= came_back[payout as usize]).count();
            if unpaid > 0 {
                open.insert(payout, (unpaid, lines.len()));
            }
        }
        open
    }

    /// A line as people find it again: buyer invoice and line.
    pub(super) fn line_name(&self, at: &LineAt<'_>) -> String {
        let line = self.line(at.line);
        let parts = [line.document, line.item].into_iter().filter_map(|text| self.texts.some(text));
        let name = parts.collect::<Vec<_>>().join(":");
        if line.kind == LineKind::Adjustment { "BALANCE_ADJUSTMENT".to_owned() } else { name }
    }
}
