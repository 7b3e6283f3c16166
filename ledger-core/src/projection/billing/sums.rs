//! What charges and lines come to at a basis.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::billing::TransactionType;
use crate::money::{Amount, Balance, CENT, round_half_up};
use crate::time::{Basis, Instant};

use super::measure::{Counted, MEASURES, Measure, counted};
use super::table::NONE;
use super::{Action, Billing, IN_BALANCE, In, MINUS, Movements, UNDATED, WIDE};

/// What the rows of one charge come to, in hundred-millionths. Small, because there are hundreds of thousands.
#[derive(Debug, Default, Clone, Copy)]
struct Narrow {
    net: i64,
    informational: i64,
    collected: i64,
    disbursed: i64,
    rows: i32,
    allocations: i32,
}

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

/// What every charge comes to.
pub(super) struct ChargeSums {
    narrow: Vec<Narrow>,
    /// What 64 bits do not hold, and what hardly ever occurs; to be added.
    rest: BTreeMap<u32, ChargeSum>,
}

impl ChargeSums {
    /// Whether a charge has rows.
    pub(super) fn has(&self, charge: u32) -> bool {
        self.narrow[charge as usize].rows > 0
    }

    /// What a charge comes to.
    pub(super) fn of(&self, charge: u32) -> ChargeSum {
        let narrow = &self.narrow[charge as usize];
        let sum = ChargeSum {
            net: narrow.net.into(),
            informational: narrow.informational.into(),
            unknown: 0,
            collected: narrow.collected.into(),
            disbursed: narrow.disbursed.into(),
            rows: narrow.rows.into(),
            allocations: narrow.allocations.into(),
        };
        if self.rest.is_empty() {
            return sum;
        }
        let Some(rest) = self.rest.get(&charge) else { return sum };
        ChargeSum {
            net: sum.net + rest.net,
            informational: sum.informational + rest.informational,
            unknown: rest.unknown,
            collected: sum.collected + rest.collected,
            disbursed: sum.disbursed + rest.disbursed,
            ..sum
        }
    }

    /// The charges that have rows, with what they come to.
    pub(super) fn present(&self) -> impl Iterator<Item = (u32, ChargeSum)> {
        (0..).zip(&self.narrow).filter(|(_, narrow)| narrow.rows > 0).map(|(charge, _)| (charge, self.of(charge)))
    }
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
    pub(super) sums: &'a Sums,
    /// What is in net and in no class.
    pub(super) unclassified: i128,
}

/// A sum for each measure, in hundred-millionths. It knows which ones were added to: most lines have six of twenty-eight.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    units: [i128; MEASURES],
    touched: u32,
}

const _: () = assert!(MEASURES <= 32, "a bit for each measure");

impl Default for Sums {
    fn default() -> Self {
        Self { units: [0; MEASURES], touched: 0 }
    }
}

impl Sums {
    pub(super) fn of(&self, measure: Measure) -> i128 {
        self.units[measure as usize]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.touched == 0
    }

    pub(super) fn all(&self) -> &[i128; MEASURES] {
        &self.units
    }

    pub(super) fn add(&mut self, measure: Measure, units: i128) {
        self.units[measure as usize] += units;
        self.touched |= 1 << measure as u32;
    }

    /// Adds other sums, each rounded half up to two places when so asked.
    pub(super) fn merge(&mut self, other: &Self, round: bool) {
        let mut left = other.touched;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            self.units[at] += if round { to_cents(other.units[at]) } else { other.units[at] };
        }
        self.touched |= other.touched;
    }

    fn clear(&mut self) {
        while self.touched != 0 {
            self.units[self.touched.trailing_zeros() as usize] = 0;
            self.touched &= self.touched - 1;
        }
    }
}

/// Rounds half up to two places. A remainder of 128 bits is slow to take, and hardly ever needed.
pub(super) fn to_cents(units: i128) -> i128 {
    const STEP: i64 = 1_000_000;
    const _: () = assert!(STEP as i128 == CENT);
    match i64::try_from(units) {
        Ok(narrow) if narrow.unsigned_abs() < 1 << 62 => {
            let shifted = if narrow < 0 { narrow - STEP / 2 } else { narrow + STEP / 2 };
            i128::from(shifted - shifted % STEP)
        }
        _ => round_half_up(units, CENT),
    }
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

    /// Whether a basis holds the movement at a position.
    pub(super) fn holds(&self, at: usize, basis: Basis) -> bool {
        let before = |moment: Option<Instant>| moment.map_or(i64::MAX, Instant::micros);
        let (happened, stated) = (before(basis.effective_before), before(basis.stated_before));
        self.seq[at] <= basis.known_at && self.effective[at] < happened && self.stated[at] < stated
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
    /// What each charge comes to.
    pub(super) fn charge_sums(&self, basis: Basis, unit: In) -> ChargeSums {
        let mut sums = ChargeSums { narrow: vec![Narrow::default(); self.charges.len()], rest: BTreeMap::new() };
        let moved = &self.movements;
        let mut paid = moved.paid.iter().peekable();
        for at in moved.at(basis) {
            let (number, kind) = (moved.charge[at], moved.kind[at]);
            let mut amount = moved.amount[at];
            let mut wide = None;
            if amount == WIDE {
                wide = Some(moved.amount(at));
            }
            if unit == In::Disbursement {
                if self.charges.rows[number as usize][3] == NONE {
                    continue;
                }
                while paid.next_if(|(row, _)| *row < at as u64).is_some() {}
                if let Some((_, other)) = paid.next_if(|(row, _)| *row == at as u64) {
                    wide = i64::try_from(*other).map_or(Some(*other), |other| {
                        amount = other;
                        None
                    });
                }
            }
            let minus = kind & MINUS != 0;
            let sum = &mut sums.narrow[number as usize];
            sum.rows += if minus { -1 } else { 1 };
            let action = Action::of(kind);
            let counts_down = minus != (action == Action::Disbursed);
            let place = match action {
                Action::Invoiced | Action::Forgiven if kind & IN_BALANCE != 0 => Some(&mut sum.net),
                Action::Invoiced | Action::Forgiven => Some(&mut sum.informational),
                Action::Collected => Some(&mut sum.collected),
                Action::Disbursed => {
                    sum.allocations += if minus { -1 } else { 1 };
                    Some(&mut sum.disbursed)
                }
                Action::Unknown => None,
            };
            if let (Some(place), None) = (place, wide) {
                let added = if counts_down { place.checked_sub(amount) } else { place.checked_add(amount) };
                if let Some(added) = added {
                    *place = added;
                    continue;
                }
            }
            let signed = wide.unwrap_or(i128::from(amount)) * if counts_down { -1 } else { 1 };
            let rest = sums.rest.entry(number).or_default();
            match action {
                Action::Invoiced | Action::Forgiven if kind & IN_BALANCE != 0 => rest.net += signed,
                Action::Invoiced | Action::Forgiven => rest.informational += signed,
                Action::Collected => rest.collected += signed,
                Action::Disbursed => rest.disbursed += signed,
                Action::Unknown if kind & IN_BALANCE != 0 => rest.unknown += signed,
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
    pub(super) fn each_line(&self, sums: &ChargeSums, counted: &[Counted], mut each: impl FnMut(&LineAt<'_>)) {
        let (first, next) = self.charges_by_line();
        let (mut of_line, mut apart, mut currencies): (Vec<u32>, Vec<u32>, Vec<u32>) = Default::default();
        let mut scratch = Sums::default();
        for (line, first) in (0..).zip(first) {
            of_line.clear();
            currencies.clear();
            let mut charge = first;
            while charge != NONE {
                if sums.has(charge) {
                    of_line.push(charge);
                    let currency = self.charges.rows[charge as usize][3];
                    if currency != NONE && !currencies.contains(&currency) {
                        currencies.push(currency);
                    }
                }
                charge = next[charge as usize];
            }
            if of_line.is_empty() {
                continue;
            }
            let mut hand_out = |currency: u32, charges: &[u32]| {
                scratch.clear();
                let unclassified = self.line_sums(charges, sums, counted, &mut scratch);
                each(&LineAt { line, payout_currency: currency, charges, sums: &scratch, unclassified });
            };
            match currencies.as_slice() {
                [] => hand_out(NONE, &of_line),
                [only] => hand_out(*only, &of_line),
                _ => {
                    currencies.sort_by_key(|currency| self.texts.get(*currency));
                    for currency in &currencies {
                        let belongs = |of: u32| of == *currency || of == NONE && *currency == currencies[0];
                        apart.clear();
                        apart.extend(of_line.iter().copied().filter(|charge| belongs(self.charges.rows[*charge as usize][3])));
                        hand_out(*currency, &apart);
                    }
                }
            }
        }
    }

    /// The first charge of each line, and after each charge the next one of its line.
    fn charges_by_line(&self) -> (Vec<u32>, Vec<u32>) {
        let mut first = vec![NONE; self.lines.len()];
        let mut next = vec![NONE; self.charges.len()];
        for (charge, words) in self.charges.rows.iter().enumerate().rev() {
            let head = &mut first[words[0] as usize];
            next[charge] = *head;
            *head = u32::try_from(charge).unwrap_or(NONE);
        }
        (first, next)
    }

    /// Adds the charges of a line up, and gives what is in net and in no class.
    fn line_sums(&self, charges: &[u32], sums: &ChargeSums, counted: &[Counted], into: &mut Sums) -> i128 {
        let mut unclassified = 0;
        for charge in charges {
            let (sum, class) = (sums.of(*charge), &counted[self.charges.rows[*charge as usize][2] as usize]);
            unclassified += sum.unknown;
            match class.in_balance {
                Some(measure) => into.add(measure, sum.net),
                None => unclassified += sum.net,
            }
            if let Some(measure) = class.informational {
                into.add(measure, sum.informational);
            }
            let owed = sum.net + sum.unknown;
            into.add(Measure::NetRevenue, owed);
            into.add(Measure::Collected, sum.collected);
            into.add(Measure::Disbursed, sum.disbursed);
            into.add(Measure::Uncollected, owed - sum.collected);
            into.add(Measure::AwaitingDisbursement, sum.collected - sum.disbursed);
            into.add(Measure::Undisbursed, owed - sum.disbursed);
        }
        unclassified
    }

    /// Control totals: rows in force, lines, and per currency what is owed and what was paid out, rounded per line.
    pub(super) fn control(&self, basis: Basis) -> (i64, u64, [(&'static str, Balance); 2]) {
        let (sums, counted) = (self.charge_sums(basis, In::Pricing), self.counted());
        let (mut lines, mut net, mut disbursed) = (0, Balance::default(), Balance::default());
        self.each_line(&sums, &counted, |at| {
            lines += 1;
            if let Ok(currency) = self.currency(self.line(at.line).currency) {
                net.add(currency, rounded(at.sums.of(Measure::NetRevenue)));
                disbursed.add(currency, rounded(at.sums.of(Measure::Disbursed)));
            }
        });
        (sums.present().map(|(_, sum)| sum.rows).sum(), lines, [("net", net), ("disbursed", disbursed)])
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
                let sign = if moved.kind[at] & MINUS == 0 { 1 } else { -1 };
                due.push((moved.charge[at], billed.due, sign));
                parties.push((moved.charge[at], billed.parties, sign));
            }
        }
        let charges = self.charges.len();
        BilledAt { due: settled(&due, charges, UNDATED), parties: settled(&parties, charges, NONE) }
    }
}

/// Per charge the least value that more rows state than take back. Nearly all rows of a charge state the same: they are counted where they
/// stand, and only those of charges that say different things are sorted.
fn settled<T: Copy + Ord>(said: &[(u32, T, i32)], charges: usize, nothing: T) -> Vec<T> {
    let mut settled = vec![nothing; charges];
    let mut times = vec![0; charges];
    let mut differing: BTreeSet<u32> = BTreeSet::new();
    for (charge, value, sign) in said {
        let (known, times) = (&mut settled[*charge as usize], &mut times[*charge as usize]);
        // What was taken back as often as it was stated says nothing.
        if *times != 0 && *known != *value {
            differing.insert(*charge);
        }
        *known = *value;
        *times += sign;
    }
    for (known, _) in settled.iter_mut().zip(times).filter(|(_, times)| *times <= 0) {
        *known = nothing;
    }
    let mut sorted: Vec<_> = said.iter().filter(|(charge, ..)| differing.contains(charge)).collect();
    sorted.sort_unstable();
    differing.iter().for_each(|charge| settled[*charge as usize] = nothing);
    for same in sorted.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        let (charge, value, _) = *same[0];
        let known = &mut settled[charge as usize];
        if *known == nothing && same.iter().map(|(.., sign)| sign).sum::<i32>() > 0 {
            *known = value;
        }
    }
    settled
}

/// A line's sum, rounded half up to two places.
pub(super) fn rounded(units: i128) -> Amount {
    Amount::from_units(to_cents(units))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_settled_is_the_least_that_stands(said in prop::collection::vec((0..3_u32, 0..4_u32, prop::sample::select(vec![1, -1])), 0..24)) {
            let nothing = 3;
            for (charge, settled) in (0..).zip(settled(&said, 3, nothing)) {
                let times = |value: u32| said.iter().filter(|row| (row.0, row.1) == (charge, value)).map(|row| row.2).sum::<i32>();
                prop_assert_eq!(settled, (0..nothing).find(|value| times(*value) > 0).unwrap_or(nothing));
            }
        }
    }
}
