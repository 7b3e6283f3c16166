//! Money that people recorded: rows of AWS that have not come yet, and balances from before the ledger began.
//!
//! It counts when its approvals are there (`entry.confirmed`), and no more once the row has come: the row counts alone. Until then it stands on
//! a line of its own, pending.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Action, Billing, Said, UNDATED};
use crate::event::billing::{BillingEvent, TransactionType};
use crate::event::governance::{BalanceBroughtForward, EntryCorrected, SourceRestated};
use crate::event::{Entry, Event};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

/// Money that somebody recorded, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hand {
    /// Where it was confirmed.
    confirmed: Option<u64>,
    /// When it was true.
    effective: Instant,
    event: Event,
    /// The key of the row it awaits.
    key: Option<String>,
    /// Where it was taken back, or the row came.
    over: Option<u64>,
    /// The entry that a row names when it replaces this: its own, or the first that it corrects.
    root: u64,
    seq: u64,
}

impl Hand {
    /// What it says of money, as a movement; nothing for balances that are not receivables.
    fn movement(&self) -> Option<Event> {
        match &self.event {
            Event::BalanceBroughtForward(balance) => opened(balance).map(|row| Event::InvoiceIssued(Box::new(row))),
            event => Some(event.clone()),
        }
    }

    fn opening(&self) -> Option<&BalanceBroughtForward> {
        if let Event::BalanceBroughtForward(balance) = &self.event { Some(balance) } else { None }
    }

    fn money(&self) -> Option<(AccountId, Amount, Currency)> {
        match &self.event {
            Event::BalanceBroughtForward(balance) => Some((balance.party, balance.amount, balance.currency)),
            event => event.billing().map(|row| (row.recipient, row.amount, row.currency)),
        }
    }

    fn is_confirmed_by(&self, known_at: u64) -> bool {
        self.confirmed.is_some_and(|confirmed| confirmed <= known_at)
    }

    fn is_over_by(&self, known_at: u64) -> bool {
        self.over.is_some_and(|over| over <= known_at)
    }
}

/// An open receivable as a row that bills.
fn opened(balance: &BalanceBroughtForward) -> Option<BillingEvent> {
    if balance.kind != "receivable" {
        return None;
    }
    let mut row = BillingEvent::of(balance.party, TransactionType::SellerRevShare, balance.amount, balance.currency);
    row.agreement.clone_from(&balance.agreement);
    row.due = balance.due;
    row.invoice = balance.item.as_str().parse().ok();
    row.invoice_date = balance.invoice_date;
    row.line = balance.line.as_ref().and_then(|line| line.as_str().parse().ok());
    Some(row)
}

/// What people recorded of money, each with its confirmation: it counts from there on, and says what it says in its own entry.
#[derive(Debug, Default)]
pub struct Confirmed {
    /// The positions of both, by either.
    pairs: BTreeMap<u64, [u64; 2]>,
}

impl Confirmed {
    /// The same events; beside an entry stands its confirmation, and the other way round.
    pub fn beside(&self, events: Vec<u64>) -> Vec<u64> {
        if self.pairs.is_empty() {
            return events;
        }
        let mut told = BTreeSet::new();
        let both = |seq: u64| self.pairs.get(&seq).map_or(vec![seq], |pair| pair.to_vec());
        events.into_iter().flat_map(both).filter(|seq| told.insert(*seq)).collect()
    }

    /// The entries that were confirmed.
    pub fn entries(&self) -> BTreeSet<u64> {
        self.pairs.values().map(|[entry, _]| *entry).collect()
    }
}

/// Money that waits for its approvals, and counts nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its entry.
    pub seq: u64,
    /// Whose it is.
    pub party: AccountId,
    /// How much.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
}

impl Billing {
    /// Takes in what people record of money. Gives whether that is all there is to it.
    pub(super) fn by_hand(&mut self, entry: &Entry) -> bool {
        match &entry.event {
            Event::EntryConfirmed(confirmed) => self.confirm(confirmed.entry, entry.seq),
            Event::EntryCorrected(corrected) => self.take_back(corrected, entry),
            Event::SourceRestated(restated) => return self.row_came(restated, entry),
            event => {
                let is_money = event.billing().is_some() && entry.is_by_hand() || matches!(event, Event::BalanceBroughtForward(_));
                if !is_money {
                    self.detail_came(event, entry);
                    return false;
                }
                let key = entry.source.as_ref().map(|source| source.id.clone());
                let (seq, effective) = (entry.seq, entry.effective_at);
                self.hands.push(Hand { confirmed: None, effective, event: event.clone(), key, over: None, root: seq, seq });
            }
        }
        true
    }

    /// Counts a hand, or counts it no more, as was said at a position.
    fn count(&mut self, at: usize, seq: u64, stated: i64, minus: bool) {
        let hand = &self.hands[at];
        let (Some(event), key) = (hand.movement(), hand.key.clone()) else { return };
        let effective = hand.opening().map_or(hand.effective, |balance| balance.cut_over).micros();
        self.take(&event, Said { seq, stated, effective, minus, key: key.as_deref() });
    }

    fn confirm(&mut self, entry: u64, seq: u64) {
        let waits = |hand: &Hand| hand.seq == entry && hand.confirmed.is_none() && hand.over.is_none();
        let Some(at) = self.hands.iter().position(waits) else { return };
        self.hands[at].confirmed = Some(seq);
        if self.hands[at].opening().is_some_and(|balance| self.has_rows_of(balance)) {
            self.hands[at].over = Some(seq);
            return;
        }
        self.count(at, seq, UNDATED, false);
    }

    /// Whether rows tell in detail what a balance brings forward.
    fn has_rows_of(&self, balance: &BalanceBroughtForward) -> bool {
        if balance.kind != "receivable" {
            return false;
        }
        let is_of_it = |charge: u32| {
            let line = self.line(self.charge(charge).line);
            let same =
                self.texts.get(line.recipient) == balance.party.as_str() && self.texts.get(line.currency) == balance.currency.as_str();
            let item = balance.line.as_ref().is_none_or(|of| self.texts.some(line.item) == Some(of.as_str()));
            same && self.texts.some(line.document) == Some(balance.item.as_str()) && item
        };
        let moved = &self.movements;
        let bills = |at: &usize| Action::of(moved.kind[*at]) == Action::Invoiced && is_of_it(moved.charge[*at]);
        (0..moved.seq.len()).filter(bills).map(|at| moved.sign(at)).sum::<i64>() > 0
    }

    fn take_back(&mut self, corrected: &EntryCorrected, entry: &Entry) {
        // A balance may have been brought forward for the wrong item, whose rows are here.
        let is_meant = |hand: &Hand| hand.seq == corrected.entry && (hand.over.is_none() || hand.opening().is_some());
        let Some(at) = self.hands.iter().position(is_meant) else { return };
        if self.hands[at].over.is_none() {
            if self.hands[at].confirmed.is_some() {
                self.count(at, entry.seq, UNDATED, true);
            }
            self.hands[at].over = Some(entry.seq);
        }
        if let Some(event) = &corrected.replacement {
            let (root, key) = (self.hands[at].root, self.hands[at].key.clone());
            let (event, effective, seq) = (event.clone(), entry.effective_at, entry.seq);
            self.hands.push(Hand { confirmed: None, effective, event, key, over: None, root, seq });
        }
    }

    /// A row came for what had been recorded by hand: the row counts alone. Gives whether it did.
    fn row_came(&mut self, restated: &SourceRestated, entry: &Entry) -> bool {
        let stands = |hand: &Hand| Some(hand.root) == restated.replaces && hand.opening().is_none();
        let Some(at) = self.hands.iter().rposition(stands) else { return false };
        let stated = entry.stated_at().map_or(UNDATED, Instant::micros);
        let said = Said {
            seq: entry.seq,
            stated,
            effective: entry.effective_at.micros(),
            minus: false,
            key: entry.source.as_ref().map(|source| source.id.as_str()),
        };
        // As for any version: from its statement on this one counts, until the one after it was stated.
        for (stated, undone) in [Some((stated, false)), restated.until.map(|until| (until.micros(), true))].into_iter().flatten() {
            if self.hands[at].confirmed.is_some() {
                self.count(at, entry.seq, stated, !undone);
            }
            if !restated.withdrawn {
                self.take(&restated.entry, Said { stated, minus: undone, ..said });
            }
        }
        self.hands[at].over.get_or_insert(entry.seq);
        true
    }

    /// Detail of what had been brought forward as one balance: the rows count alone.
    fn detail_came(&mut self, event: &Event, entry: &Entry) {
        if self.hands.is_empty() || !matches!(event, Event::InvoiceIssued(_)) {
            return;
        }
        let Some(row) = event.billing() else { return };
        let details = |hand: &Hand| hand.over.is_none() && hand.opening().is_some_and(|balance| balance.is_detailed_by(row));
        while let Some(at) = self.hands.iter().position(details) {
            if self.hands[at].confirmed.is_some() {
                self.count(at, entry.seq, entry.stated_at().map_or(UNDATED, Instant::micros), true);
            }
            self.hands[at].over = Some(entry.seq);
        }
    }

    /// The movements, by position, that bring a balance forward, or take one back that was.
    pub(super) fn openings_moved(&self) -> BTreeSet<usize> {
        let counted = self.hands.iter().filter(|hand| hand.opening().is_some() && hand.confirmed.is_some());
        let turns = counted.flat_map(|hand| [(hand.confirmed, 1), (hand.over, -1)]);
        let positions = turns.filter_map(|(seq, sign)| Some((seq?, sign))).flat_map(|(seq, sign)| {
            let moved = &self.movements;
            (moved.known(seq.saturating_sub(1))..moved.known(seq)).filter(move |at| moved.sign(*at) == sign)
        });
        positions.collect()
    }

    /// What people recorded of money and others had confirmed by a position.
    pub fn confirmed(&self, known_at: u64) -> Confirmed {
        let pairs = self.hands.iter().filter_map(|hand| Some([hand.seq, hand.confirmed.filter(|seq| *seq <= known_at)?]));
        Confirmed { pairs: pairs.flat_map(|pair| pair.map(|seq| (seq, pair))).collect() }
    }

    /// What waits for its approvals at a basis.
    pub fn pending(&self, basis: &Basis) -> Vec<Pending> {
        let known_at = basis.known_at;
        let waits = |hand: &&Hand| {
            hand.seq <= known_at && basis.had_happened(hand.effective) && !hand.is_confirmed_by(known_at) && !hand.is_over_by(known_at)
        };
        let told = |hand: &Hand| {
            let (party, amount, currency) = hand.money()?;
            Some(Pending { seq: hand.seq, party, amount, currency })
        };
        self.hands.iter().filter(waits).filter_map(told).collect()
    }

    /// The balances brought forward that a question from before their cut-over would miss: what, and since when it is accounted for.
    pub fn not_yet(&self, basis: &Basis) -> Vec<(String, Instant)> {
        let Some(before) = basis.effective_before else { return Vec::new() };
        let counts = |hand: &&Hand| hand.is_confirmed_by(basis.known_at) && !hand.is_over_by(basis.known_at);
        let misses = |hand: &Hand| {
            // What had been counted of a commitment is no money of anybody's.
            let balance = hand.opening().filter(|balance| balance.kind != "commitment")?;
            (balance.cut_over >= before).then(|| (format!("{} {}", balance.kind, balance.item), balance.cut_over))
        };
        self.hands.iter().filter(counts).filter_map(misses).collect()
    }
}

impl Billing {
    /// The balances brought forward that have their approvals and were not taken back or replaced, whenever their cut-over is, with their positions.
    pub(crate) fn openings_at(&self, basis: Basis) -> impl Iterator<Item = (&BalanceBroughtForward, u64)> {
        let counts = move |hand: &&Hand| hand.is_confirmed_by(basis.known_at) && !hand.is_over_by(basis.known_at);
        self.hands.iter().filter(counts).filter_map(|hand| Some((hand.opening()?, hand.seq)))
    }
}

/// One row per balance that was brought forward, and whether it counts. `detailed` names those that bills have replaced, and by which position.
pub fn openings(state: &Billing, basis: Basis, detailed: &BTreeMap<u64, u64>) -> Report {
    let mut report = Report::new(
        "openings",
        vec![
            Column::new("event", "#", Kind::Count),
            Column::new("kind", "Kind", Kind::Text),
            Column::new("item", "Item", Kind::Text),
            Column::new("party", "Party", Kind::Text),
            Column::new("amount", "Amount", Kind::Money),
            Column::new("currency", "Currency", Kind::Text),
            Column::new("cut_over", "Cut-over", Kind::Moment),
            Column::new("status", "Status", Kind::Text),
            Column::new("by", "By", Kind::Count),
            Column::new("document", "Document", Kind::Text),
        ],
    );
    for hand in state.hands.iter().filter(|hand| hand.seq <= basis.known_at) {
        let Some(balance) = hand.opening() else { continue };
        let (status, by) = if hand.is_over_by(basis.known_at) {
            ("replaced", hand.over)
        } else if let Some(bill) = detailed.get(&hand.seq) {
            ("replaced", Some(*bill))
        } else if hand.is_confirmed_by(basis.known_at) {
            ("counts", hand.confirmed)
        } else {
            ("pending", None)
        };
        report.rows.push(vec![
            Cell::Count(hand.seq),
            Cell::text(&balance.kind),
            Cell::text(&balance.item),
            Cell::text(balance.party),
            Cell::Money(balance.amount, balance.currency),
            Cell::text(balance.currency),
            Cell::Moment(balance.cut_over),
            Cell::text(status),
            Cell::or_empty(by, Cell::Count),
            Cell::text(balance.document),
        ]);
    }
    report
}
