//! What charges and lines come to at a basis.

use crate::event::billing::TransactionType;
use crate::money::{Amount, Balance, CENT, round_half_up};
use crate::time::{Basis, Instant};

use super::measure::{Counted, MEASURES, Measure, counted};
use super::table::NONE;
use super::{Action, Billing, IN_BALANCE, In, MINUS, Movements, UNDATED, WIDE};

/// What the rows of one charge come to, in hundred-millionths.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct ChargeSum {
    /// Invoiced and forgiven, touching the balance.
    pub(super) net: i128,
    /// Invoiced and forgiven, informational.
    pub(super) informational: i128,
    /// Touching the balance by an action that this program does not know: owed all the same, and in no class.
    pub(super) unknown: i128,
    /// Received from the buyer.
    pub(super) collected: i128,
    /// Paid out.
    pub(super) disbursed: i128,
    /// How many rows.
    pub(super) rows: i64,
    /// How many rows that paid out or took back.
    pub(super) allocations: i64,
}

/// A line, in one payout currency.
pub(super) struct LineAt<'a> {
    /// The line.
    pub(super) line: u32,
    /// The payout currency, or [`NONE`].
    pub(super) payout_currency: u32,
    /// Its charges that have rows.
    pub(super) charges: &'a [u32],
    /// The measures, unrounded.
    pub(super) sums: [i128; MEASURES],
    /// What is in net and in no class.
    pub(super) unclassified: i128,
}

impl Movements {
    /// How many movements had been recorded up to a position.
    pub(super) fn known(&self, known_at: u64) -> usize {
        self.seq.partition_point(|seq| *seq <= known_at)
    }

    /// The positions of the movements that a basis holds, in recorded order.
    pub(super) fn at(&self, basis: Basis) -> impl Iterator<Item = usize> {
        let happened = basis.effective_before.map_or(i64::MAX, Instant::micros);
        let stated = basis.stated_before.map_or(i64::MAX, Instant::micros);
        let known = self.known(basis.known_at);
        let (effective_at, stated_at) = (&self.effective[..known], &self.stated[..known]);
        (0..known).filter(move |at| effective_at[*at] < happened && stated_at[*at] < stated)
    }

    /// An amount in the pricing currency, as it was written.
    pub(super) fn amount(&self, at: usize) -> i128 {
        if self.amount[at] == WIDE { sparse(&self.wide, at).unwrap_or_default() } else { i128::from(self.amount[at]) }
    }

    /// An amount in the payout currency, as it was written.
    pub(super) fn paid(&self, at: usize) -> i128 {
        sparse(&self.paid, at).unwrap_or_else(|| self.amount(at))
    }

    /// One, or minus one when the movement takes a row away.
    pub(super) fn sign(&self, at: usize) -> i64 {
        if self.kind[at] & MINUS == 0 { 1 } else { -1 }
    }
}

/// The value at a position in a list of few.
fn sparse<T: Copy>(few: &[(u64, T)], at: usize) -> Option<T> {
    few.binary_search_by_key(&(at as u64), |entry| entry.0).ok().map(|found| few[found].1)
}

impl Billing {
    /// What each charge comes to, by its number.
    pub(super) fn charge_sums(&self, basis: Basis, unit: In) -> Vec<ChargeSum> {
        let mut sums = vec![ChargeSum::default(); self.charges.len()];
        let moved = &self.movements;
        for at in moved.at(basis) {
            let charge = moved.charge[at] as usize;
            let amount = match unit {
                In::Pricing => moved.amount(at),
                In::Disbursement if self.charges.rows[charge][3] == NONE => continue,
                In::Disbursement => moved.paid(at),
            };
            let (kind, sum) = (moved.kind[at], &mut sums[charge]);
            let (signed, one) = if kind & MINUS == 0 { (amount, 1) } else { (-amount, -1) };
            sum.rows += one;
            match Action::of(kind) {
                Action::Invoiced | Action::Forgiven if kind & IN_BALANCE != 0 => sum.net += signed,
                Action::Invoiced | Action::Forgiven => sum.informational += signed,
                Action::Collected => sum.collected += signed,
                Action::Disbursed => {
                    sum.disbursed -= signed;
                    sum.allocations += one;
                }
                Action::Unknown if kind & IN_BALANCE != 0 => sum.unknown += signed,
                Action::Unknown => (),
            }
        }
        sums
    }

    /// What each class is counted as, by its number.
    pub(super) fn counted(&self) -> Vec<Counted> {
        let texts = &self.texts;
        let numbers = 0..u32::try_from(self.classes.len()).unwrap_or(NONE);
        numbers
            .map(|class| {
                let class = self.class(class);
                let kind = TransactionType::from(texts.get(class.kind));
                counted(&kind, texts.some(class.invoice), texts.some(class.charge), texts.some(class.side), class.wholesale != 0)
            })
            .collect()
    }

    /// Hands out each line that has rows, in each of its payout currencies; lines in the order of their first appearance.
    pub(super) fn each_line(&self, sums: &[ChargeSum], counted: &[Counted], mut each: impl FnMut(&LineAt<'_>)) {
        let (starts, charges) = self.charges_by_line(sums);
        let mut currencies: Vec<u32> = Vec::new();
        let mut apart: Vec<u32> = Vec::new();
        for (line, bounds) in starts.windows(2).enumerate() {
            let of_line = &charges[bounds[0]..bounds[1]];
            if of_line.is_empty() {
                continue;
            }
            let line = u32::try_from(line).unwrap_or(NONE);
            let currency_of = |charge: u32| self.charges.rows[charge as usize][3];
            currencies.clear();
            for currency in of_line.iter().map(|charge| currency_of(*charge)).filter(|currency| *currency != NONE) {
                if !currencies.contains(&currency) {
                    currencies.push(currency);
                }
            }
            currencies.sort_by_key(|currency| self.texts.get(*currency));
            match currencies.as_slice() {
                [] => each(&self.line_at(line, NONE, of_line, sums, counted)),
                [only] => each(&self.line_at(line, *only, of_line, sums, counted)),
                [first, ..] => {
                    for currency in &currencies {
                        let belongs = |of: u32| of == *currency || of == NONE && currency == first;
                        apart.clear();
                        apart.extend(of_line.iter().copied().filter(|charge| belongs(currency_of(*charge))));
                        each(&self.line_at(line, *currency, &apart, sums, counted));
                    }
                }
            }
        }
    }

    /// The charges that have rows, ordered by line, and where each line's begin.
    fn charges_by_line(&self, sums: &[ChargeSum]) -> (Vec<usize>, Vec<u32>) {
        let present = || self.charges.rows.iter().zip(sums).enumerate().filter(|(_, (_, sum))| sum.rows > 0);
        let mut starts = vec![0; self.lines.len() + 1];
        for (_, (charge, _)) in present() {
            starts[charge[0] as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut charges = vec![NONE; starts[starts.len() - 1]];
        for (number, (charge, _)) in present() {
            let place = &mut next[charge[0] as usize];
            charges[*place] = u32::try_from(number).unwrap_or(NONE);
            *place += 1;
        }
        (starts, charges)
    }

    fn line_at<'a>(&self, line: u32, payout_currency: u32, charges: &'a [u32], sums: &[ChargeSum], counted: &[Counted]) -> LineAt<'a> {
        let mut at = LineAt { line, payout_currency, charges, sums: [0; MEASURES], unclassified: 0 };
        for charge in charges {
            let (sum, class) = (&sums[*charge as usize], &counted[self.charges.rows[*charge as usize][2] as usize]);
            at.unclassified += sum.unknown;
            if class.in_balance.is_none() {
                at.unclassified += sum.net;
            }
            let mut add = |measure: Measure, units: i128| at.sums[measure as usize] += units;
            if let Some(measure) = class.in_balance {
                add(measure, sum.net);
            }
            if let Some(measure) = class.informational {
                add(measure, sum.informational);
            }
            let owed = sum.net + sum.unknown;
            add(Measure::NetRevenue, owed);
            add(Measure::Collected, sum.collected);
            add(Measure::Disbursed, sum.disbursed);
            add(Measure::Uncollected, owed - sum.collected);
            add(Measure::AwaitingDisbursement, sum.collected - sum.disbursed);
            add(Measure::Undisbursed, owed - sum.disbursed);
        }
        at
    }

    /// Control totals: rows in force, lines, and per currency what is owed and what was paid out, rounded per line.
    pub(super) fn control(&self, basis: Basis) -> (i64, u64, [(&'static str, Balance); 2]) {
        let (sums, counted) = (self.charge_sums(basis, In::Pricing), self.counted());
        let (mut lines, mut net, mut disbursed) = (0, Balance::default(), Balance::default());
        self.each_line(&sums, &counted, |at| {
            lines += 1;
            if let Ok(currency) = self.currency(self.line(at.line).currency) {
                net.add(currency, rounded(at.sums[Measure::NetRevenue as usize]));
                disbursed.add(currency, rounded(at.sums[Measure::Disbursed as usize]));
            }
        });
        (sums.iter().map(|sum| sum.rows).sum(), lines, [("net", net), ("disbursed", disbursed)])
    }
}

/// What the rows in force that bill a charge say, by charge.
#[derive(Default)]
pub(super) struct BilledAt {
    /// When the buyer must have paid, the earliest if rows differ.
    pub(super) due: Vec<i64>,
    /// Who is on the other side, the one named first if rows differ.
    pub(super) parties: Vec<u32>,
}

impl Billing {
    /// What the rows in force that bill a charge say.
    pub(super) fn billed_at(&self, basis: Basis) -> BilledAt {
        let moved = &self.movements;
        let mut billed = moved.billed.iter().peekable();
        let (mut due, mut parties) = (Vec::with_capacity(moved.billed.len()), Vec::with_capacity(moved.billed.len()));
        for at in moved.at(basis) {
            while billed.next_if(|billed| billed.at < at as u64).is_some() {}
            if let Some(billed) = billed.next_if(|billed| billed.at == at as u64) {
                due.push((moved.charge[at], billed.due, moved.sign(at)));
                parties.push((moved.charge[at], billed.parties, moved.sign(at)));
            }
        }
        let charges = self.charges.len();
        BilledAt { due: settled(due, charges, UNDATED), parties: settled(parties, charges, NONE) }
    }
}

/// Per charge the least value that more rows state than take back.
fn settled<T: Copy + Ord>(mut said: Vec<(u32, T, i64)>, charges: usize, nothing: T) -> Vec<T> {
    said.sort_unstable();
    let mut settled = vec![nothing; charges];
    for same in said.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let (charge, value, _) = same[0];
        let known = &mut settled[charge as usize];
        if *known == nothing && same.iter().map(|(.., sign)| sign).sum::<i64>() > 0 {
            *known = value;
        }
    }
    settled
}

/// A line's sum, rounded half up to two places.
pub(super) fn rounded(units: i128) -> Amount {
    Amount::from_units(round_half_up(units, CENT))
}
