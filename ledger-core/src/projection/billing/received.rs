//! What AWS has of the buyers' money, where no row tells it.
//!
//! Files from before 2026 have no rows of collections. AWS pays out what it has collected: what was paid out of a line before the first row that
//! tells a collection of the same class had been collected, also when the payout came back. From that row on, rows tell.

use std::collections::BTreeMap;

use crate::hash::Map;
use crate::time::Basis;

use super::sums::{ChargeSums, LineAt};
use super::{Action, Billing};

/// What was received of charges beside what rows tell, in hundred-millionths.
#[derive(Debug, Default)]
pub(super) struct Received(BTreeMap<u32, i128>);

/// A line, and a class of rows.
type Place = (u32, u32);

/// What was collected or paid out at a moment.
struct Moved {
    place: Place,
    effective: i64,
    charge: u32,
    is_paid: bool,
    /// One, or minus one where a row was taken back.
    rows: i64,
    units: i128,
}

impl Received {
    /// Whether rows tell all that was received of a charge.
    pub(super) fn is_told(&self, charge: u32) -> bool {
        !self.0.contains_key(&charge)
    }

    /// What was received of a charge, told or not.
    pub(super) fn of(&self, charge: u32, sums: &ChargeSums) -> i128 {
        sums.of(charge).collected + self.0.get(&charge).copied().unwrap_or(0)
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
            1 => Some("of all lines, 1 that was paid out counts as collected: no row says that it was".to_owned()),
            lines => Some(format!("of all lines, {lines} that were paid out count as collected: no row says that they were")),
        }
    }

    /// Adds what the rows of a class of a line leave untold, of which so much is owed.
    fn add(&mut self, rows: &[Moved], owed: i128) {
        let moments = || rows.chunk_by(|one, other| one.effective == other.effective);
        let told_at = |rows: &[Moved]| rows.iter().filter(|row| !row.is_paid).map(|row| row.rows).sum::<i64>() > 0;
        let sum = |rows: &[Moved], is_paid: bool| rows.iter().filter(|row| row.is_paid == is_paid).map(|row| row.units).sum::<i128>();
        let (told, paid) = (sum(rows, false), sum(rows, true));
        let (mut standing, mut most) = (0_i128, 0_i128);
        let mut shares: Vec<(u32, i128)> = Vec::new();
        // What a row said and took back at one moment was never paid.
        for at_once in moments().take_while(|rows| !told_at(rows)) {
            standing += sum(at_once, true);
            if standing.unsigned_abs() > most.unsigned_abs() {
                most = standing;
            }
            shares.extend(at_once.iter().filter(|row| row.is_paid).map(|row| (row.charge, row.units)));
        }
        let received = told + most;
        // No more than is owed, unless more was told, or stands paid out.
        let of_its_sign = |units: i128| if units.signum() == received.signum() { units.unsigned_abs() } else { 0 };
        let bound = [owed, told, paid].map(of_its_sign).into_iter().max().unwrap_or(0);
        let untold = if received.unsigned_abs() > bound { received.signum() * bound.cast_signed() } else { received } - told;
        let Some((first, _)) = shares.first().copied().filter(|_| untold != 0) else { return };
        // What came back stays where it was paid out first.
        let rest = untold - shares.iter().map(|(_, units)| units).sum::<i128>();
        for (charge, units) in shares.into_iter().chain([(first, rest)]) {
            *self.0.entry(charge).or_default() += units;
        }
    }
}

impl Billing {
    /// What was received beside what rows tell.
    pub(super) fn received(&self, basis: Basis, sums: &ChargeSums) -> Received {
        let moved = &self.movements;
        // Most lines tell a collection before their payout: those are not looked at any closer.
        let mut first = vec![[i64::MAX; 2]; self.charges.len()];
        let mut unsure = vec![false; self.charges.len()];
        let cash = |at: &usize| match Action::of(moved.kind[*at]) {
            Action::Collected => Some((*at, false)),
            Action::Disbursed => Some((*at, true)),
            _ => None,
        };
        for (at, is_paid) in moved.at(basis).filter_map(|at| cash(&at)) {
            let charge = moved.charge[at] as usize;
            if moved.sign(at) > 0 {
                let known = &mut first[charge][usize::from(is_paid)];
                *known = (*known).min(moved.effective[at]);
            } else {
                unsure[charge] = true;
            }
        }
        let place = |charge: u32| -> Place {
            let [line, _, class, ..] = self.charges.rows[charge as usize];
            (line, class)
        };
        let may_lack = |charge: &u32| {
            let [told, paid] = first[*charge as usize];
            paid != i64::MAX && (unsure[*charge as usize] || paid < told)
        };
        let mut owed: Map<Place, i128> =
            sums.present().map(|(charge, _)| charge).filter(may_lack).map(|charge| (place(charge), 0)).collect();
        if owed.is_empty() {
            return Received::default();
        }
        for (charge, sum) in sums.present() {
            owed.entry(place(charge)).and_modify(|owed| *owed += sum.net + sum.unknown);
        }
        let row = |(at, is_paid): (usize, bool)| {
            let (charge, rows) = (moved.charge[at], moved.sign(at));
            let units = moved.amount(at) * i128::from(if is_paid { -rows } else { rows });
            Moved { place: place(charge), effective: moved.effective[at], charge, is_paid, rows, units }
        };
        let mut rows: Vec<Moved> =
            moved.at(basis).filter_map(|at| cash(&at)).map(row).filter(|row| owed.contains_key(&row.place)).collect();
        rows.sort_by_key(|row| (row.place, row.effective));
        let mut received = Received::default();
        for of_class in rows.chunk_by(|one, other| one.place == other.place) {
            received.add(of_class, owed[&of_class[0].place]);
        }
        received.0.retain(|_, units| *units != 0);
        received
    }
}
