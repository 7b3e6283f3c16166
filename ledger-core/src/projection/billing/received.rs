//! What AWS has of the buyers' money, where no row tells it.
//!
//! Files from before 2026 have no rows of collections. AWS pays out what it has collected: what was paid out of a charge had been collected, also
//! when the payout came back. As soon as a row of the line says of the same class that something was collected, that counts.

use std::collections::BTreeMap;

use crate::hash::Map;
use crate::time::Basis;

use super::sums::{ChargeSums, LineAt};
use super::{Action, Billing};

/// What was received of each charge that was paid out and that no row tells of, in hundred-millionths.
#[derive(Debug, Default)]
pub(super) struct Received(BTreeMap<u32, i128>);

impl Received {
    /// Whether rows tell what was received of a charge.
    pub(super) fn is_told(&self, charge: u32) -> bool {
        !self.0.contains_key(&charge)
    }

    /// What was received of a charge, told or not.
    pub(super) fn of(&self, charge: u32, sums: &ChargeSums) -> i128 {
        self.0.get(&charge).copied().unwrap_or_else(|| sums.of(charge).collected)
    }

    /// What was received of a line, and whether no row tells some of it.
    pub(super) fn of_line(&self, at: &LineAt<'_>, sums: &ChargeSums) -> (i128, bool) {
        let untold = at.charges.iter().any(|charge| !self.is_told(*charge));
        (at.charges.iter().map(|charge| self.of(*charge, sums)).sum(), untold)
    }

    /// What a reader should know where lines were paid out that no row says were collected.
    pub(super) fn note(lines: u64) -> Option<String> {
        match lines {
            0 => None,
            1 => Some("1 line that was paid out counts as collected: no row says that it was".to_owned()),
            lines => Some(format!("{lines} lines that were paid out count as collected: no row says that they were")),
        }
    }
}

impl Billing {
    /// What was received of the charges that no row tells of.
    pub(super) fn received(&self, basis: Basis, sums: &ChargeSums) -> Received {
        let moved = &self.movements;
        let mut told = vec![0_i32; self.charges.len()];
        for at in moved.at(basis).filter(|at| Action::of(moved.kind[*at]) == Action::Collected) {
            told[moved.charge[at] as usize] += if moved.sign(at) < 0 { -1 } else { 1 };
        }
        let place = |charge: u32| {
            let [line, _, class, ..] = self.charges.rows[charge as usize];
            (line, class)
        };
        let is_untold = |charge: &u32| told[*charge as usize] <= 0;
        let paid = sums.present().filter(|(charge, sum)| sum.allocations > 0 && is_untold(charge));
        let mut places: Map<(u32, u32), bool> = paid.map(|(charge, _)| (place(charge), false)).collect();
        if places.is_empty() {
            return Received::default();
        }
        // The same may be told with another currency of payout, or with none.
        for (charge, _) in sums.present().filter(|(charge, _)| !is_untold(charge)) {
            places.entry(place(charge)).and_modify(|told| *told = true);
        }
        let is_wanted = |charge: u32| is_untold(&charge) && places.get(&place(charge)) == Some(&false);
        let rows = moved.at(basis).filter(|at| Action::of(moved.kind[*at]) == Action::Disbursed && is_wanted(moved.charge[*at]));
        let mut paid: Vec<((u32, u32), i64, u32, i128)> = rows
            .map(|at| (place(moved.charge[at]), moved.effective[at], moved.charge[at], -moved.amount(at) * i128::from(moved.sign(at))))
            .collect();
        paid.sort_unstable();
        let mut received = BTreeMap::new();
        for of_class in paid.chunk_by(|one, other| one.0 == other.0) {
            let (mut standing, mut most) = (0_i128, 0_i128);
            // What a row said and took back at one moment was never paid.
            for at_once in of_class.chunk_by(|one, other| one.1 == other.1) {
                standing += at_once.iter().map(|(.., units)| units).sum::<i128>();
                if standing.unsigned_abs() > most.unsigned_abs() {
                    most = standing;
                }
            }
            of_class.iter().for_each(|(_, _, charge, units)| *received.entry(*charge).or_default() += units);
            // What came back stays where it was paid out first.
            *received.entry(of_class[0].2).or_default() += most - standing;
        }
        Received(received)
    }
}
