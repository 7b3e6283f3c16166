//! The wholesale legs of channel deals: what a reseller pays, and what another recipient is paid on the same invoice.
//!
//! Both sides stand in this ledger when both parties' feeds do. A leg cancels only when the sides sum to nothing exactly; a chain of
//! resellers is a pair for each of its wholesale invoices. Where the reseller passes the ISV's tax on from the buyer's invoice instead
//! of the wholesale invoice, that tax belongs to the pair as well.

use crate::hash::Map;

use super::Billing;
use super::measure::{Counted, Leg};
use super::sums::ChargeSums;
use super::table::NONE;

/// A wholesale invoice, in one currency.
pub(super) struct Wholesale {
    pub(super) invoice: u32,
    pub(super) currency: u32,
    pub(super) buyer: u32,
    /// [`NONE`] when nobody in this ledger is paid on it.
    pub(super) seller: u32,
    /// What is left when both sides are added, in hundred-millionths.
    pub(super) residual: i128,
}

impl Wholesale {
    /// Whether both sides are known and differ.
    pub(super) fn is_unequal(&self) -> bool {
        self.seller != NONE && self.residual != 0
    }

    /// Whether both sides are known and cancel.
    pub(super) fn cancels(&self) -> bool {
        self.seller != NONE && self.residual == 0
    }
}

/// All wholesale invoices of resellers.
#[derive(Default)]
pub(super) struct Pairing {
    /// The invoices, in the order of their first appearance.
    pub(super) pairs: Vec<Wholesale>,
    /// By charge, the invoice whose leg it is.
    of_charge: Vec<u32>,
}

impl Pairing {
    /// Whether a charge is a side of an invoice that cancels.
    pub(super) fn cancels(&self, charge: u32) -> bool {
        let pair = self.of_charge.get(charge as usize).and_then(|pair| self.pairs.get(*pair as usize));
        pair.is_some_and(Wholesale::cancels)
    }

    /// Where the invoice stands whose side a charge is.
    pub(super) fn pair_of(&self, charge: u32) -> Option<usize> {
        self.of_charge.get(charge as usize).filter(|pair| **pair != NONE).map(|pair| *pair as usize)
    }
}

impl Billing {
    /// Whether several recipients have lines here. Only then is there anything to eliminate.
    pub(super) fn has_several_parties(&self) -> bool {
        let first = self.lines.rows.first().map(|line| line[0]);
        self.lines.rows.iter().any(|line| Some(line[0]) != first)
    }

    /// Finds the wholesale invoices of resellers, and both sides of each.
    pub(super) fn wholesale(&self, sums: &ChargeSums, counted: &[Counted]) -> Pairing {
        let mut pairing = Pairing { pairs: Vec::new(), of_charge: vec![NONE; self.charges.len()] };
        let Pairing { pairs, of_charge } = &mut pairing;
        let mut by_invoice: Map<(u32, u32), u32> = Map::default();
        let leg_of = |charge: u32| counted[self.charges.rows[charge as usize][2] as usize].leg;
        let with_leg = |leg: Leg| (0..).take(self.charges.len()).filter(move |charge| leg_of(*charge) == leg && sums.has(*charge));
        let place = |charge: u32| {
            let [line, invoice, ..] = self.charges.rows[charge as usize];
            let [recipient, currency, ..] = self.lines.rows[line as usize];
            (line, (invoice, currency), recipient)
        };

        for charge in with_leg(Leg::Buying) {
            let (_, key, buyer) = place(charge);
            let pair = *by_invoice.entry(key).or_insert_with(|| {
                pairs.push(Wholesale { invoice: key.0, currency: key.1, buyer, seller: NONE, residual: 0 });
                u32::try_from(pairs.len() - 1).unwrap_or(NONE)
            });
            pairs[pair as usize].residual += sums.of(charge).net;
            of_charge[charge as usize] = pair;
        }
        if pairs.is_empty() {
            return pairing;
        }
        for charge in with_leg(Leg::Selling) {
            let (_, key, seller) = place(charge);
            let Some(pair) = by_invoice.get(&key) else { continue };
            let found = &mut pairs[*pair as usize];
            if found.buyer != seller {
                found.seller = seller;
                found.residual += sums.of(charge).net;
                of_charge[charge as usize] = *pair;
            }
        }
        if pairs.iter().any(Wholesale::is_unequal) {
            self.pass_tax_on(&mut pairing, sums, with_leg(Leg::PassedOn).collect(), with_leg(Leg::Buying).collect());
        }
        pairing
    }

    /// Gives an unequal invoice the tax that its buyer passes on from the buyer's invoice, where that makes it cancel.
    fn pass_tax_on(&self, pairing: &mut Pairing, sums: &ChargeSums, mut passed_on: Vec<u32>, buying: Vec<u32>) {
        let line_of = |charge: u32| self.charges.rows[charge as usize][0];
        let mut lines: Vec<(u32, u32)> = buying.iter().map(|charge| (pairing.of_charge[*charge as usize], line_of(*charge))).collect();
        lines.retain(|(pair, _)| pairing.pairs[*pair as usize].is_unequal());
        lines.sort_unstable();
        lines.dedup();
        for of_pair in lines.chunk_by(|one, other| one.0 == other.0) {
            let pair = of_pair[0].0;
            let belongs = |charge: &u32| of_pair.contains(&(pair, line_of(*charge)));
            let tax: i128 = passed_on.iter().filter(|charge| belongs(charge)).map(|charge| sums.of(*charge).net).sum();
            let residual = &mut pairing.pairs[pair as usize].residual;
            if tax != 0 && *residual + tax == 0 {
                *residual = 0;
                passed_on.iter().filter(|charge| belongs(charge)).for_each(|charge| pairing.of_charge[*charge as usize] = pair);
                passed_on.retain(|charge| !belongs(charge));
            }
        }
    }
}
