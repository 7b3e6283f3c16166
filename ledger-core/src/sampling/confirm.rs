//! A statement for a counterparty to confirm: what it was invoiced, what was taken back, what it paid, and where it stands.
//!
//! The external confirmation of ISA 505: the counterparty compares it with its own books and answers the auditor, and the answer is recorded as
//! `balance.confirmed`. What counts is what the two parties settle between them: the price and the taxes that a seller remits. The listing fee is
//! between a seller and AWS, and tax that AWS remits is between the buyer and AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::standing::{Item, Standing, said};
use crate::event::billing::{BillingEvent, TransactionType};
use crate::event::{Entry, Event};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::time::{Instant, Period};

/// What a statement says of itself.
pub const NOT_COVERED: &str = "The opening balances, and that no line is missing, are the keeper's word here; the whole ledger shows both.";

/// What a statement is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The size of the checkpoint: it tells what stands as of it.
    pub checkpoint: u64,
    /// The first moment of the period.
    pub from: Instant,
    /// What it does not show.
    pub not_covered: String,
    /// Who is to confirm it.
    pub party: AccountId,
    /// The first moment after the period.
    pub until: Instant,
}

impl Statement {
    /// What a bundle with it is of, in words: these and no others.
    pub fn of(&self) -> String {
        format!("a statement for {} from {} on, before {}", self.party, self.from, self.until)
    }
}

/// How a recipient and the party stand to each other, in one currency. Positive: the party owes the recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stands {
    /// At the end of the period: opening and invoiced and credited, less collected.
    pub closing: Amount,
    /// Received in the period.
    pub collected: Amount,
    /// Refunded, credited or forgiven in the period; below zero when it lowers what is owed.
    pub credited: Amount,
    /// The currency.
    pub currency: Currency,
    /// Invoiced in the period.
    pub invoiced: Amount,
    /// At the beginning of the period.
    pub opening: Amount,
    /// Whose books they are.
    pub recipient: AccountId,
}

/// A statement with what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmable {
    /// What it is of.
    pub statement: Statement,
    /// By recipient and currency.
    pub balances: Vec<Stands>,
}

/// A fold of the lines, for statements.
#[derive(Debug, Default)]
pub struct Accounts {
    standing: Standing,
    /// Lines that say of another party what they no longer say.
    shared: BTreeSet<u64>,
}

impl Accounts {
    /// Takes the next line.
    pub fn take(&mut self, entry: &Entry) {
        self.shared.extend(is_shared(entry).then_some(entry.seq));
        self.standing.take(entry, |event| event.billing().is_some() || matches!(event, Event::PartyRegistered(_)));
    }

    /// The statement of a party for a period.
    pub fn of(&self, party: AccountId, period: Period, checkpoint: u64) -> Told {
        let concern = Concern::of(self.standing.items(), party, &self.shared);
        let invoices: BTreeSet<_> = concern.rows.iter().filter(|row| period.holds(row.effective_at)).map(|row| row.invoice).collect();
        let recipients: BTreeSet<_> = invoices.iter().map(|(recipient, _)| *recipient).collect();
        let mut lines: BTreeSet<u64> =
            concern.names.iter().filter(|(_, recipient)| recipients.contains(recipient)).map(|(seq, _)| *seq).collect();
        // A row that says who is invoiced shows whose the other rows of its invoice are.
        let shown = |row: &&Row<'_>| period.holds(row.effective_at) || row.says_whose && invoices.contains(&row.invoice);
        lines.extend(concern.rows.iter().filter(shown).map(|row| row.seq));
        let statement = Statement { checkpoint, from: period.from, not_covered: NOT_COVERED.to_owned(), party, until: period.until };
        let balances = concern.balances(period, |_| None);
        let left_out = concern.left_out.into_iter().collect();
        Told { confirmable: Confirmable { statement, balances }, lines, left_out }
    }

    /// Where every party stands with every recipient before a moment, in hundred-millionths of a currency: as its statement would say.
    pub fn closings(&self, until: Instant) -> BTreeMap<(AccountId, AccountId, Currency), i128> {
        let mut called: BTreeMap<(AccountId, &str), AccountId> = BTreeMap::new();
        for item in self.standing.items().filter(|item| !self.shared.contains(&item.seq)) {
            if let Event::PartyRegistered(it) = &item.event
                && let Some(account) = it.aws_account
            {
                called.insert((it.recipient, it.account.as_str()), account);
            }
        }
        let own = |account: &str| account.parse::<AccountId>().ok();
        let party = |recipient: AccountId, account: &str| called.get(&(recipient, account)).copied().or_else(|| own(account));
        let billed = || self.standing.items().filter_map(|item| Some((item, item.event.billing()?)));
        let mut whose: BTreeMap<(AccountId, &str), Option<AccountId>> = BTreeMap::new();
        for (_, row) in billed() {
            if let Some((invoice, account)) = row.invoice.as_ref().zip(row.counterparty.as_ref()) {
                let party = party(row.recipient, account.as_str());
                // An invoice that names two parties is neither's.
                whose
                    .entry((row.recipient, invoice.as_str()))
                    .and_modify(|known| *known = known.filter(|_| *known == party))
                    .or_insert(party);
            }
        }
        let mut closings = BTreeMap::new();
        for (item, row) in billed().filter(|(item, _)| item.effective_at < until && !self.shared.contains(&item.seq)) {
            let (Some(moves), Some(invoice)) = (moves(&item.event, row), row.invoice.as_ref()) else { continue };
            let named = row.counterparty.as_ref().map(|account| party(row.recipient, account.as_str()));
            let concerned = named.unwrap_or_else(|| whose.get(&(row.recipient, invoice.as_str())).copied().flatten());
            if let Some(party) = concerned {
                let sign = if moves == Moves::Collected { -1 } else { 1 };
                *closings.entry((party, row.recipient, row.currency)).or_default() += sign * row.amount.units();
            }
        }
        closings
    }
}

/// A statement with the lines that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it tells.
    pub confirmable: Confirmable,
    /// The lines that show it.
    pub lines: BTreeSet<u64>,
    /// Lines of the party that hold data of others too: they are not shown, and not in the sums.
    pub left_out: Vec<u64>,
}

/// Whether a line that restates something names another party in what it replaces.
fn is_shared(entry: &Entry) -> bool {
    let Event::SourceRestated(restated) = &entry.event else { return false };
    let Some(replaced) = &restated.replaced else { return false };
    match (&restated.entry, &replaced.entry) {
        (Event::PartyRegistered(now), Event::PartyRegistered(before)) => {
            before.aws_account.is_some() && now.aws_account != before.aws_account
        }
        (now, before) => match (now.billing(), before.billing()) {
            (Some(now), Some(before)) => before.counterparty.is_some() && now.counterparty != before.counterparty,
            _ => false,
        },
    }
}

impl Confirmable {
    /// Whether the lines of the file come to what it tells. `lines` are proven.
    ///
    /// # Errors
    /// Why not.
    pub fn hold(&self, size: u64, lines: &BTreeMap<u64, Entry>) -> Result<(), String> {
        let Statement { checkpoint, from, not_covered, party, until } = &self.statement;
        if *checkpoint != size || not_covered != NOT_COVERED || from >= until {
            return Err("it is not of this checkpoint, or of a kind that this program does not know".to_owned());
        }
        let items: Vec<Item> = lines
            .values()
            .filter_map(|entry| Some(Item { seq: entry.seq, effective_at: entry.effective_at, event: said(&entry.event)?.clone() }))
            .collect();
        let shared = lines.values().filter(|entry| is_shared(entry)).map(|entry| entry.seq).collect();
        let concern = Concern::of(items.iter(), *party, &shared);
        let mut known: BTreeSet<u64> = concern.names.iter().map(|(seq, _)| *seq).collect();
        known.extend(concern.rows.iter().map(|row| row.seq));
        let rotated = |entry: &Entry| matches!(entry.event, Event::KeyRotated(_));
        if let Some(entry) = lines.values().find(|entry| entry.seq > 1 && !known.contains(&entry.seq) && !rotated(entry)) {
            return Err(format!("event #{} does not concern {party}", entry.seq));
        }
        let place = |told: &Stands| (told.recipient, told.currency);
        let openings: BTreeMap<_, Amount> = self.balances.iter().map(|told| (place(told), told.opening)).collect();
        let found = concern.balances(Period { from: *from, until: *until }, |place| openings.get(&place).copied());
        let mut found: BTreeMap<_, Stands> = found.into_iter().map(|told| (place(&told), told)).collect();
        for ((recipient, currency), opening) in openings {
            // Nothing happened in the period: it stands as it stood.
            let (zero, opening) = (Amount::ZERO.in_units_of(currency), opening.in_units_of(currency));
            let stood = Stands { closing: opening, collected: zero, credited: zero, currency, invoiced: zero, opening, recipient };
            found.entry((recipient, currency)).or_insert(stood);
        }
        // Amounts of one value are equal in any form; here each has one.
        let is_same = |(told, found): (&Stands, &Stands)| told == found && format!("{told:?}") == format!("{found:?}");
        let same = found.len() == self.balances.len() && self.balances.iter().zip(found.values()).all(is_same);
        if same { Ok(()) } else { Err("its lines do not come to its balances".to_owned()) }
    }
}

/// A row between a recipient and the party.
struct Row<'a> {
    seq: u64,
    effective_at: Instant,
    invoice: (AccountId, &'a str),
    currency: Currency,
    moves: Moves,
    units: i128,
    /// Whether it names the party itself.
    says_whose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    Invoiced,
    Credited,
    Collected,
}

/// The rows that concern a party, and the lines that say by which names it goes.
struct Concern<'a> {
    rows: Vec<Row<'a>>,
    names: Vec<(u64, AccountId)>,
    /// Rows that concern others too.
    left_out: BTreeSet<u64>,
}

impl<'a> Concern<'a> {
    fn of(items: impl Iterator<Item = &'a Item> + Clone, party: AccountId, shared: &BTreeSet<u64>) -> Self {
        let mut names = Vec::new();
        let mut called: BTreeSet<(AccountId, &str)> = BTreeSet::new();
        for item in items.clone() {
            if let Event::PartyRegistered(it) = &item.event
                && it.aws_account == Some(party)
                && !shared.contains(&item.seq)
            {
                names.push((item.seq, it.recipient));
                called.insert((it.recipient, it.account.as_str()));
            }
        }
        let is_party = |recipient: AccountId, account: &str| account == party.as_str() || called.contains(&(recipient, account));
        // Whose an invoice is: the party's, when every row of it that names somebody names the party.
        let mut whose: BTreeMap<(AccountId, &str), (bool, bool)> = BTreeMap::new();
        let billed = || items.clone().filter_map(|item| Some((item, item.event.billing()?)));
        for (_, row) in billed() {
            if let Some((invoice, account)) = row.invoice.as_ref().zip(row.counterparty.as_ref()) {
                let (all, any) = whose.entry((row.recipient, invoice.as_str())).or_insert((true, false));
                let is_it = is_party(row.recipient, account.as_str());
                (*all, *any) = (*all && is_it, *any || is_it);
            }
        }
        let (mut rows, mut left_out) = (Vec::new(), BTreeSet::new());
        for (item, row) in billed() {
            let (Some(moves), Some(invoice)) = (moves(&item.event, row), row.invoice.as_ref()) else { continue };
            let place = (row.recipient, invoice.as_str());
            let (all, any) = whose.get(&place).copied().unwrap_or_default();
            let (concerns, alone) = match &row.counterparty {
                Some(account) => (is_party(row.recipient, account.as_str()), true),
                None => (any, all),
            };
            if concerns && (!alone || shared.contains(&item.seq)) {
                left_out.insert(item.seq);
            } else if concerns {
                rows.push(Row {
                    seq: item.seq,
                    effective_at: item.effective_at,
                    invoice: place,
                    currency: row.currency,
                    moves,
                    units: row.amount.units(),
                    says_whose: row.counterparty.is_some(),
                });
            }
        }
        Self { rows, names, left_out }
    }

    /// The balances, from the rows before the period or from openings that are told.
    fn balances(&self, period: Period, told: impl Fn((AccountId, Currency)) -> Option<Amount>) -> Vec<Stands> {
        let mut sums: BTreeMap<(AccountId, Currency), [i128; 4]> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.effective_at < period.until) {
            let [opening, invoiced, credited, collected] = sums.entry((row.invoice.0, row.currency)).or_default();
            match row.moves {
                Moves::Collected if row.effective_at < period.from => *opening -= row.units,
                _ if row.effective_at < period.from => *opening += row.units,
                Moves::Invoiced => *invoiced += row.units,
                Moves::Credited => *credited += row.units,
                Moves::Collected => *collected += row.units,
            }
        }
        let stands = |((recipient, currency), [before, invoiced, credited, collected]): (_, [i128; 4])| {
            let opening = told((recipient, currency)).map_or(before, Amount::units);
            let amount = |units| Amount::from_units(units).in_units_of(currency);
            Stands {
                closing: amount(opening + invoiced + credited - collected),
                collected: amount(collected),
                credited: amount(credited),
                currency,
                invoiced: amount(invoiced),
                opening: amount(opening),
                recipient,
            }
        };
        sums.into_iter().map(stands).collect()
    }
}

/// What a row does to what the party owes; nothing when it is not settled between the two.
fn moves(event: &Event, row: &BillingEvent) -> Option<Moves> {
    use TransactionType as T;
    let settled = matches!(
        row.transaction_type,
        T::SellerRevShare
            | T::SellerRevShareRefund
            | T::SellerRevShareCredit
            | T::SellerTaxShare
            | T::SellerTaxShareRefund
            | T::OtherSellerTaxShare
            | T::OtherSellerTaxShareRefund
    );
    if !settled || row.wholesale {
        return None;
    }
    let counts = row.balance_impacting != Some(false);
    match event {
        Event::InvoiceIssued(_) if counts => Some(Moves::Invoiced),
        Event::InvoiceAdjusted(_) | Event::InvoiceForgiven(_) if counts => Some(Moves::Credited),
        Event::InvoiceCollected(_) => Some(Moves::Collected),
        _ => None,
    }
}
