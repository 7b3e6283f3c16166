//! `trace`: from any id to the ids and events it is connected with.
//!
//! ```text
//! bank trace <-> payout <-> row <-> invoice, line <-> agreement, offer, product
//! ```
//!
//! From a payout the way leads to the rows it paid, to what they are about, and to the payouts that took it back or paid it again; from an
//! invoice, a line or an agreement to its rows and on to the payouts that paid them. Other lines of the same payout, and other payouts of the
//! same agreement, are a question of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Basis;

use super::table::NONE;
use super::{Billing, Header};

/// What an id is the id of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The bank's name for a transfer.
    BankTrace,
    /// Amazon's reference of a payout.
    DisbursementReference,
    /// A payout.
    Disbursement,
    /// An invoice.
    Invoice,
    /// The buyer's invoice.
    BuyerInvoice,
    /// A line of the buyer's invoice.
    BuyerLine,
    /// An agreement.
    Agreement,
    /// An offer.
    Offer,
    /// A product.
    Product,
}

impl Kind {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BankTrace => "bank trace",
            Self::DisbursementReference => "disbursement reference",
            Self::Disbursement => "disbursement",
            Self::Invoice => "invoice",
            Self::BuyerInvoice => "buyer invoice",
            Self::BuyerLine => "buyer line",
            Self::Agreement => "agreement",
            Self::Offer => "offer",
            Self::Product => "product",
        }
    }
}

/// What an id or an event is connected with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Linked {
    /// What the id is the id of; several kinds when one text is several things.
    pub is: BTreeSet<Kind>,
    /// The ids: kind, recipient, id.
    pub ids: BTreeSet<(Kind, String, String)>,
    /// The events, by position.
    pub events: BTreeSet<u64>,
}

impl Billing {
    /// What is connected with an id. Empty when the id is not known here.
    pub fn trace(&self, basis: Basis, id: &str) -> Linked {
        let Some(text) = self.texts.position(id) else { return Linked::default() };
        let headers = || self.headers_known(basis);
        let (mut linked, mut payouts) = (Linked::default(), BTreeSet::new());
        for header in headers() {
            let [_, own] = self.payouts.rows[header.payout as usize];
            let named = [(header.trace, Kind::BankTrace), (header.reference, Kind::DisbursementReference), (own, Kind::Disbursement)];
            for (_, kind) in named.into_iter().filter(|(named, _)| *named == text) {
                linked.is.insert(kind);
                payouts.insert(header.payout);
            }
        }
        let known = |at: usize| self.movements.payout[at];
        for payout in self.movements.at(basis).map(known).filter(|payout| *payout != NONE) {
            if self.payouts.rows[payout as usize][1] == text {
                linked.is.insert(Kind::Disbursement);
                payouts.insert(payout);
            }
        }
        let mut charges = vec![false; self.charges.len()];
        for (number, _) in self.charges.rows.iter().enumerate() {
            for (_, kind) in self.names_of(number).into_iter().filter(|(named, _)| *named == text) {
                linked.is.insert(kind);
                charges[number] = true;
            }
        }
        self.follow(basis, linked, charges, payouts)
    }

    /// The ids that begin so, with what each is the id of.
    pub fn ids_beginning(&self, start: &str) -> BTreeSet<(String, Kind)> {
        let count = u32::try_from(self.texts.len()).unwrap_or(NONE);
        let texts: BTreeSet<u32> = (0..count).filter(|number| self.texts.get(*number).starts_with(start)).collect();
        let named = (0..self.charges.len()).flat_map(|number| self.names_of(number));
        let headed =
            self.headers.iter().flat_map(|header| [(header.trace, Kind::BankTrace), (header.reference, Kind::DisbursementReference)]);
        let paid = self.payouts.rows.iter().map(|[_, own]| (*own, Kind::Disbursement));
        let found = named.chain(headed).chain(paid).filter(|(text, _)| texts.contains(text));
        found.map(|(text, kind)| (self.texts.get(text).to_owned(), kind)).collect()
    }

    /// The products that rows name with each agreement.
    pub fn products_by_agreement(&self, basis: Basis) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut told = vec![false; self.deals.len()];
        self.movements.at(basis).for_each(|at| told[self.charge(self.movements.charge[at]).deal as usize] = true);
        let mut products: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (number, _) in (0..).zip(told).filter(|(_, told)| *told) {
            let deal = self.deal(number);
            if let (Some(agreement), Some(product)) = (self.texts.some(deal.agreement), self.texts.some(deal.product)) {
                products.entry(agreement).or_default().insert(product);
            }
        }
        products
    }

    /// What is connected with events, given by position: those behind a natural key.
    pub fn trace_events(&self, basis: Basis, events: &[u64]) -> Linked {
        let (mut charges, mut payouts, mut behind) = (vec![false; self.charges.len()], BTreeSet::new(), Vec::new());
        for seq in &self.confirmed(basis.known_at).beside(events.to_vec()) {
            let moved = &self.movements;
            for at in moved.known(seq.saturating_sub(1))..moved.known(*seq) {
                behind.push(moved.charge[at]);
            }
            payouts.extend(self.headers_known(basis).filter(|header| header.seq == *seq).map(|header| header.payout));
        }
        self.widen(&mut charges, &behind);
        self.follow(basis, Linked::default(), charges, payouts)
    }

    /// Marks everything that was invoiced, collected and paid of the same as these charges: line, invoice and transaction type.
    fn widen(&self, charges: &mut [bool], of: &[u32]) {
        let same = |charge: &[u32; 7]| (charge[0], charge[1], self.classes.rows[charge[2] as usize][0]);
        let of: BTreeSet<(u32, u32, u32)> = of.iter().map(|charge| same(&self.charges.rows[*charge as usize])).collect();
        if !of.is_empty() {
            self.charges.rows.iter().zip(charges).for_each(|(charge, marked)| *marked |= of.contains(&same(charge)));
        }
    }

    fn follow(&self, basis: Basis, mut linked: Linked, mut charges: Vec<bool>, payouts: BTreeSet<u32>) -> Linked {
        let moved = &self.movements;
        let paid: Vec<u32> = moved.at(basis).filter(|at| payouts.contains(&moved.payout[*at])).map(|at| moved.charge[at]).collect();
        self.widen(&mut charges, &paid);
        let mut all = payouts;
        for at in moved.at(basis).filter(|at| moved.payout[*at] != NONE) {
            if charges[moved.charge[at] as usize] {
                all.insert(moved.payout[at]);
            }
        }
        let mut present = vec![false; charges.len()];
        for at in moved.at(basis).filter(|at| charges[moved.charge[*at] as usize]) {
            present[moved.charge[at] as usize] = true;
            linked.events.insert(moved.seq[at]);
        }
        for (number, _) in present.iter().enumerate().filter(|(_, present)| **present) {
            let recipient = self.texts.get(self.line(self.charges.rows[number][0]).recipient);
            for (text, kind) in self.names_of(number) {
                if let Some(id) = self.texts.some(text) {
                    linked.ids.insert((kind, recipient.to_owned(), id.to_owned()));
                }
            }
        }
        for payout in &all {
            let (recipient, id) = self.payout_id(*payout);
            linked.ids.insert((Kind::Disbursement, recipient.to_owned(), id.to_owned()));
        }
        for header in self.headers_known(basis).filter(|header| all.contains(&header.payout)) {
            let recipient = self.payout_id(header.payout).0;
            linked.events.insert(header.seq);
            for (text, kind) in [(header.trace, Kind::BankTrace), (header.reference, Kind::DisbursementReference)] {
                if let Some(id) = self.texts.some(text) {
                    linked.ids.insert((kind, recipient.to_owned(), id.to_owned()));
                }
            }
        }
        linked.events = self.confirmed(basis.known_at).beside(linked.events.into_iter().collect()).into_iter().collect();
        linked
    }

    /// The ids that a charge names.
    fn names_of(&self, charge: usize) -> [(u32, Kind); 6] {
        let charge = super::Charge::of(self.charges.rows[charge]);
        let (line, deal) = (self.line(charge.line), self.deal(charge.deal));
        [
            (charge.invoice, Kind::Invoice),
            (line.document, Kind::BuyerInvoice),
            (line.item, Kind::BuyerLine),
            (deal.agreement, Kind::Agreement),
            (deal.offer, Kind::Offer),
            (deal.product, Kind::Product),
        ]
    }

    /// The headers that a basis holds, also those that were restated since.
    pub(super) fn headers_known(&self, basis: Basis) -> impl Iterator<Item = Header> {
        let happened = basis.effective_before.map_or(i64::MAX, |moment| moment.micros());
        let stated = basis.stated_before.map_or(i64::MAX, |moment| moment.micros());
        let known = self.headers.partition_point(|header| header.seq <= basis.known_at);
        self.headers[..known].iter().copied().filter(move |header| header.effective < happened && header.stated < stated)
    }
}
