//! What belongs together: by keys, the tightest first; at each key single lines of one amount, then sums, then what the policy tolerates.

use std::collections::{BTreeMap, BTreeSet};

use super::intake::{ACCOUNT, AGREEMENT, ATTRIBUTES, INVOICE, Laid, Of, PRODUCT, Unit, is_summed};
use super::{Break, Class, Kind, Tolerances};
use crate::id::AccountId;
use crate::money::Currency;
use crate::statement::{Exact, Side, Subject};
use crate::time::Period;

const I: u8 = 1 << INVOICE;
const P: u8 = 1 << PRODUCT;
const A: u8 = 1 << ACCOUNT;
const G: u8 = 1 << AGREEMENT;

/// By which attributes lines with an invoice are put side by side. What a key leaves out must not contradict.
pub(super) const INVOICED: &[u8] = &[I | P | A | G, I | P | A, I | P | G, I | P, I | A, I | G, I];
/// The same where one of the two has no invoice: an instalment that is only planned, a file that tells none.
pub(super) const LOOSE: &[u8] = &[P | A | G, P | A, P | G, P, A, 0];

/// So many lines of one amount are looked through for one that fits. More of them are the same in all but what nobody told.
const NEAR: usize = 64;

/// Which lines are put side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Both have an invoice.
    Invoiced,
    /// The statement's kind tells no invoices.
    Untold,
    /// The ledger's line is only planned, or has no invoice.
    Planned,
}

impl Stage {
    pub(super) const ALL: &[Self] = &[Self::Invoiced, Self::Untold, Self::Planned];

    pub(super) const fn masks(self) -> &'static [u8] {
        match self {
            Self::Invoiced => INVOICED,
            _ => LOOSE,
        }
    }

    const fn takes_unit(self, unit: &Unit) -> bool {
        match self {
            _ if unit.provisional => false,
            Self::Invoiced => unit.attributes[INVOICE] != 0,
            Self::Untold => unit.attributes[INVOICE] == 0,
            Self::Planned => true,
        }
    }

    const fn takes_held(self, of: &Of) -> bool {
        match self {
            Self::Invoiced => of.attributes[INVOICE] != 0,
            // A payout without a trace, or with a test's, is no deposit.
            _ if matches!(of.held.subject, Subject::Deposit) => false,
            Self::Untold => true,
            Self::Planned => of.attributes[INVOICE] == 0,
        }
    }
}

/// What lines are put side by side by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) side: Side,
    pub(super) subject: Subject,
    pub(super) scope: Option<AccountId>,
    pub(super) currency: Option<Currency>,
    pub(super) attributes: [u32; ATTRIBUTES],
    pub(super) amount: Option<i128>,
}

fn masked(mut attributes: [u32; ATTRIBUTES], mask: u8) -> [u32; ATTRIBUTES] {
    attributes.iter_mut().enumerate().filter(|(at, _)| mask & 1 << at == 0).for_each(|(_, number)| *number = 0);
    attributes
}

/// Lines that are put side by side: the statement's and the ledger's.
pub(super) type Bucket = (Vec<u32>, Vec<u32>);

/// What became of lines.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) class: Class,
    pub(super) units: Vec<u32>,
    pub(super) held: Vec<u32>,
}

/// The matching as it goes.
#[derive(Debug)]
pub(super) struct Match<'a> {
    pub(super) laid: &'a Laid,
    pub(super) tolerances: &'a Tolerances,
    pub(super) period: Period,
    pub(super) unit_left: Vec<bool>,
    pub(super) held_left: Vec<bool>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) breaks: Vec<Break>,
    /// What lines came to be exact by, to know their copies.
    pub(super) exact: BTreeSet<Key>,
}

impl<'a> Match<'a> {
    pub(super) fn of(laid: &'a Laid, tolerances: &'a Tolerances, period: Period) -> Self {
        Self {
            laid,
            tolerances,
            period,
            unit_left: laid.units.iter().map(|unit| !unit.duplicate).collect(),
            held_left: laid.held.iter().map(|of| of.inside).collect(),
            outcomes: Vec::new(),
            breaks: Vec::new(),
            exact: BTreeSet::new(),
        }
    }

    pub(super) fn done(self) -> (&'a Laid, Vec<Outcome>, Vec<Break>) {
        (self.laid, self.outcomes, self.breaks)
    }

    /// Matches everything that matches.
    pub(super) fn settle(&mut self) {
        self.by_amounts();
        self.tolerate();
        self.provisional();
        self.against_itself();
    }

    /// Single lines, sums, and the single lines that the sums made plain.
    pub(super) fn by_amounts(&mut self) {
        for stage in Stage::ALL {
            stage.masks().iter().for_each(|mask| self.exact(*stage, *mask));
            stage.masks().iter().for_each(|mask| self.sums(*stage, *mask));
            stage.masks().iter().for_each(|mask| self.exact(*stage, *mask));
        }
    }

    /// Settles lines: each is in one outcome.
    pub(super) fn settle_as(&mut self, class: Class, units: Vec<u32>, held: Vec<u32>) {
        units.iter().for_each(|at| self.unit_left[*at as usize] = false);
        held.iter().for_each(|at| self.held_left[*at as usize] = false);
        self.outcomes.push(Outcome { class, units, held });
    }

    /// Lines side by side, where there are some on both: those of the statements that are left, and those of the ledger that are wanted.
    pub(super) fn buckets(
        &self,
        key: impl Fn(Key) -> Key,
        wants_unit: impl Fn(&Unit) -> bool,
        wants_held: impl Fn(usize, &Of) -> bool,
    ) -> Vec<Bucket> {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let units = self.laid.units.iter().enumerate().filter(|(at, unit)| self.unit_left[*at] && wants_unit(unit));
        let units = units.map(|(at, unit)| (key(unit_key(unit)), false, number(at)));
        let held = self.laid.held.iter().enumerate().filter(|(at, of)| wants_held(*at, of));
        let held = held.map(|(at, of)| (key(held_key(of)), true, number(at)));
        let mut all: Vec<(Key, bool, u32)> = units.chain(held).collect();
        all.sort_unstable();
        let both = |group: &[(Key, bool, u32)]| {
            let split = group.partition_point(|(_, of_ledger, _)| !of_ledger);
            let numbers = |part: &[(Key, bool, u32)]| part.iter().map(|(.., at)| *at).collect::<Vec<_>>();
            (split > 0 && split < group.len()).then(|| (numbers(&group[..split]), numbers(&group[split..])))
        };
        all.chunk_by(|one, other| one.0 == other.0).filter_map(both).collect()
    }

    /// The buckets of a stage, by some attributes, of single amounts or of all.
    pub(super) fn of_stage(&self, stage: Stage, mask: u8, by_amount: bool) -> Vec<Bucket> {
        let key = |key: Key| Key { attributes: masked(key.attributes, mask), amount: key.amount.filter(|_| by_amount), ..key };
        self.buckets(key, |unit| stage.takes_unit(unit), |at, of| self.held_left[at] && stage.takes_held(of))
    }

    pub(super) fn unit(&self, at: u32) -> &'a Unit {
        &self.laid.units[at as usize]
    }

    pub(super) fn of_held(&self, at: u32) -> &'a Of {
        &self.laid.held[at as usize]
    }

    /// Whether nothing that both tell contradicts.
    pub(super) fn fits(&self, unit: u32, held: u32) -> bool {
        let (unit, of) = (self.unit(unit), self.of_held(held));
        contradiction(unit, of).is_none()
    }

    /// Pairs lines of a bucket of one amount, as far as they fit.
    pub(super) fn pairs(&self, (units, held): &Bucket) -> Vec<(u32, u32)> {
        let mut open: Vec<u32> = held.clone();
        let mut pairs = Vec::new();
        for unit in units {
            let found = open.iter().take(NEAR).position(|held| self.fits(*unit, *held));
            pairs.extend(found.map(|at| (*unit, open.remove(at))));
        }
        pairs
    }

    /// Whether some lines of a bucket of one amount are left over that are not all the same: then nobody knows which.
    pub(super) fn is_ambiguous(&self, (units, held): &Bucket, pairs: usize) -> bool {
        let differ = |all: &mut dyn Iterator<Item = [u32; ATTRIBUTES]>| all.collect::<BTreeSet<_>>().len() > 1;
        let unit_told = |at: &u32| self.unit(*at).attributes;
        let held_told = |at: &u32| self.of_held(*at).attributes;
        let fitting = |at: &&u32| units.iter().take(NEAR).any(|unit| self.fits(*unit, **at));
        let fitting_unit = |at: &&u32| held.iter().take(NEAR).any(|held| self.fits(**at, *held));
        pairs > 0
            && (pairs < held.len() && differ(&mut held.iter().take(NEAR).filter(fitting).map(held_told))
                || pairs < units.len() && differ(&mut units.iter().take(NEAR).filter(fitting_unit).map(unit_told)))
    }

    fn exact(&mut self, stage: Stage, mask: u8) {
        for bucket in self.of_stage(stage, mask, true) {
            let pairs = self.pairs(&bucket);
            if self.is_ambiguous(&bucket, pairs.len()) {
                continue;
            }
            for (unit, held) in pairs {
                self.exact.insert(unit_key(self.unit(unit)));
                let class = if self.unit(unit).count > 1 && !is_summed(self.unit(unit).subject) { Class::Grouped } else { Class::Exact };
                self.settle_as(class, vec![unit], vec![held]);
            }
        }
    }

    pub(super) fn sum_of_units(&self, units: &[u32]) -> i128 {
        units.iter().map(|at| self.unit(*at).amount).sum()
    }

    pub(super) fn sum_of_held(&self, held: &[u32]) -> i128 {
        held.iter().map(|at| self.of_held(*at).amount).sum()
    }

    /// Whether lines may be summed against each other: of what both sides tell, they tell one and the same.
    pub(super) fn may_sum(&self, (units, held): &Bucket, mask: u8) -> bool {
        // By neither invoice nor product only what is a sum already may be summed.
        let told = |attribute: usize| mask & 1 << attribute != 0 && units.iter().all(|at| self.unit(*at).attributes[attribute] != 0);
        if !told(INVOICE) && !told(PRODUCT) && units.iter().any(|at| !is_summed(self.unit(*at).subject)) {
            return false;
        }
        (0..ATTRIBUTES).filter(|attribute| mask & 1 << attribute == 0).all(|attribute| {
            let told = |number: &u32| *number != 0;
            let of_units = |at: &u32| if self.is_strange(*at, attribute) { 0 } else { self.unit(*at).attributes[attribute] };
            let ours: BTreeSet<u32> = units.iter().map(of_units).filter(told).collect();
            let theirs: BTreeSet<u32> = held.iter().map(|at| self.of_held(*at).attributes[attribute]).filter(told).collect();
            let types_of_lines = attribute == PRODUCT && units.iter().all(|at| is_summed(self.unit(*at).subject));
            ours.is_empty() || theirs.is_empty() || ours == theirs && ours.len() == 1 || types_of_lines && ours.is_disjoint(&theirs)
        })
    }

    fn is_strange(&self, unit: u32, attribute: usize) -> bool {
        attribute == PRODUCT && self.unit(unit).strange
    }

    fn sums(&mut self, stage: Stage, mask: u8) {
        for bucket in self.of_stage(stage, mask, false) {
            if self.may_sum(&bucket, mask) && self.sum_of_units(&bucket.0) == self.sum_of_held(&bucket.1) {
                self.settle_as(Class::Grouped, bucket.0, bucket.1);
            }
        }
    }

    /// What the policy tolerates, the smallest differences first, until the period's total is used up.
    fn tolerate(&mut self) {
        let mut used: BTreeMap<Currency, i128> = BTreeMap::new();
        for stage in Stage::ALL {
            for mask in stage.masks() {
                let mut near: Vec<(i128, Bucket)> = Vec::new();
                for bucket in self.of_stage(*stage, *mask, false) {
                    near.extend(self.within(bucket, *mask));
                }
                near.sort();
                for (apart, (units, held)) in near {
                    let currency = self.unit(units[0]).currency;
                    let Some(tolerance) = self.tolerances.by_currency.get(&currency) else { continue };
                    let used = used.entry(currency).or_default();
                    if Exact::of(tolerance.period).is_some_and(|total| *used + apart <= total.parts()) {
                        *used += apart;
                        self.settle_as(Class::Tolerated, units, held);
                    }
                }
            }
        }
    }

    /// The lines of a bucket that are apart by no more than is tolerated of one: each with its own, where there are as many, or all together.
    fn within(&self, bucket: Bucket, mask: u8) -> Vec<(i128, Bucket)> {
        let currency = self.unit(bucket.0[0]).currency;
        let of_line = self.tolerances.by_currency.get(&currency).and_then(|tolerance| Exact::of(tolerance.line));
        let Some(of_line) = of_line.filter(|_| self.may_sum(&bucket, mask)) else { return Vec::new() };
        let near = |units: Vec<u32>, held: Vec<u32>| {
            let apart = (self.sum_of_units(&units) - self.sum_of_held(&held)).abs();
            (apart <= of_line.parts()).then_some((apart, (units, held)))
        };
        let (mut units, mut held) = bucket;
        if units.len() != held.len() {
            return near(units, held).into_iter().collect();
        }
        units.sort_by_key(|at| (self.unit(*at).amount, *at));
        held.sort_by_key(|at| (self.of_held(*at).amount, *at));
        units.into_iter().zip(held).filter_map(|(unit, held)| near(vec![unit], vec![held])).collect()
    }

    /// Lines of a bill that is not final yet: beside what the ledger has of the same, if it has something, and never a break.
    fn provisional(&mut self) {
        let by = |mask: u8, by_amount: bool| {
            move |key: Key| Key { attributes: masked(key.attributes, mask), amount: key.amount.filter(|_| by_amount), ..key }
        };
        for (mask, by_amount) in [(P | A, true), (P, true), (P | A, false)] {
            let told = |attributes: &[u32; ATTRIBUTES]| attributes[PRODUCT] != 0 && (by_amount || attributes[ACCOUNT] != 0);
            let buckets = self.buckets(
                by(mask, by_amount),
                |unit| unit.provisional && told(&unit.attributes),
                |at, of| self.held_left[at] && told(&of.attributes),
            );
            for bucket in buckets {
                match by_amount {
                    true => {
                        for (unit, held) in self.pairs(&bucket) {
                            self.settle_as(Class::Provisional, vec![unit], vec![held]);
                        }
                    }
                    false => self.settle_as(Class::Provisional, bucket.0, bucket.1),
                }
            }
        }
        let left: Vec<u32> = self.left_units().filter(|at| self.unit(*at).provisional).collect();
        left.into_iter().for_each(|at| self.settle_as(Class::Provisional, vec![at], Vec::new()));
    }

    /// What a file is the source of agrees with it, and assures nobody of anything.
    fn against_itself(&mut self) {
        for by_amount in [true, false] {
            for mask in INVOICED.iter().chain(LOOSE) {
                let key = |key: Key| Key { attributes: masked(key.attributes, *mask), amount: key.amount.filter(|_| by_amount), ..key };
                let free: BTreeSet<u32> = self.outcomes.iter().flat_map(|outcome| outcome.held.iter().copied()).collect();
                let is_free = |at: usize| u32::try_from(at).is_ok_and(|at| !free.contains(&at));
                for bucket in self.buckets(key, |_| true, |at, of| of.own && is_free(at)) {
                    if by_amount {
                        for (unit, held) in self.pairs(&bucket) {
                            self.settle_as(Class::SelfCompared, vec![unit], vec![held]);
                        }
                    } else if self.may_sum(&bucket, *mask) && self.sum_of_units(&bucket.0) == self.sum_of_held(&bucket.1) {
                        self.settle_as(Class::SelfCompared, bucket.0, bucket.1);
                    }
                }
            }
        }
    }

    pub(super) fn left_units(&self) -> impl Iterator<Item = u32> {
        self.unit_left.iter().enumerate().filter(|(_, left)| **left).filter_map(|(at, _)| u32::try_from(at).ok())
    }

    pub(super) fn left_held(&self) -> impl Iterator<Item = u32> {
        self.held_left.iter().enumerate().filter(|(_, left)| **left).filter_map(|(at, _)| u32::try_from(at).ok())
    }

    /// A break of lines that are left.
    pub(super) fn break_of(&mut self, kind: Kind, units: Vec<u32>, held: Vec<u32>, cause: String) {
        let found = super::breaks::told(self, kind, &units, &held, cause);
        self.breaks.push(found);
        self.settle_as(Class::Broken, units, held);
    }
}

pub(super) fn unit_key(unit: &Unit) -> Key {
    Key {
        side: unit.side,
        subject: unit.subject,
        scope: Some(unit.scope),
        currency: Some(unit.currency),
        attributes: unit.attributes,
        amount: Some(unit.amount),
    }
}

fn held_key(of: &Of) -> Key {
    Key {
        side: of.held.side,
        subject: of.held.subject,
        scope: Some(of.held.scope),
        currency: Some(of.held.currency),
        attributes: of.attributes,
        amount: Some(of.amount),
    }
}

/// The first attribute of which the two tell different things. A product that the ledger does not know stands against none.
pub(super) fn contradiction(unit: &Unit, of: &Of) -> Option<usize> {
    (0..ATTRIBUTES).find(|at| {
        let (ours, theirs) = (unit.attributes[*at], of.attributes[*at]);
        let untold = ours == 0 || theirs == 0 || *at == PRODUCT && unit.strange && !is_summed(unit.subject);
        !untold && ours != theirs
    })
}

pub(super) fn mask_of(attributes: [u32; ATTRIBUTES], mask: u8) -> [u32; ATTRIBUTES] {
    masked(attributes, mask)
}
