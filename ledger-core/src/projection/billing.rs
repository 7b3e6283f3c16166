//! The money: every billing row as a movement on a line, summed at any basis.
//!
//! ```text
//! Line      whose money, and of what: buyer invoice, buyer line, recipient, pricing currency
//! Charge    what can be told of a row for ever: line, own invoice, class, payout currency, agreement, product, parties
//! Movement  charge, amount, when it took effect, when it was stated, at which position; plus or minus
//! Header    a payout that was sent or came back
//! ```
//!
//! Movements are only ever added. A row that is said again, and differently, is taken away and added anew, both when the source stated
//! it and at the position of the restatement; so an answer at a position does not change by anything that is recorded after it, and a
//! question is a filter and a sum. Columns stand apart, so that a question reads those it needs: a million rows are summed in
//! milliseconds, without an index or a snapshot per day.
//!
//! A line is AWS's own: buyer invoice, buyer line and recipient, a balance adjustment by its date, an invoice without a buyer invoice by
//! itself, each extended by both currencies (AWS's published queries on the billing event feed). A row without a payout currency belongs
//! to the payout currency that other rows of its line have.

pub mod books;
mod by_hand;
mod cash;
mod compared;
mod deferral;
mod disbursements;
mod fees;
mod findings;
mod invoices;
mod measure;
mod metered;
mod payouts;
mod purchases;
mod receivables;
mod received;
mod spend;
mod sums;
mod table;
mod tax;
mod trace;
mod whole;
mod wholesale;
mod why;

pub use by_hand::{Confirmed, Pending, openings};
pub use cash::cash;
pub use compared::{Earned, Payout, makes_net};
pub use deferral::{billings, deferral};
pub use disbursements::{disbursements, disbursements_in_parts};
pub use fees::{FeeEvent, FeeLine};
pub use findings::{Owed, findings, overview};
pub use invoices::invoices;
pub use measure::{MEASURES, Measure};
pub(crate) use metered::UsageLine;
pub use payouts::{By, In, Options, payouts};
pub use purchases::Bought;
pub use receivables::{Status, receivables};
pub use spend::{Purchase, spend, why_spend};
pub use tax::tax;
pub use trace::{Kind, Linked};
pub use whole::Whole;
pub use why::why_payouts;

use std::io::{self, BufRead, Write};

use crate::event::billing::{BillingEvent, TransactionType};
use crate::event::{Entry, Event};
use crate::id::AccountId;
use crate::money::{Amount, Currency, NotACurrency};
use crate::projection::Projection;
use crate::time::{Basis, Instant};

use table::{Bytes, NONE, Table, Texts, moment_of, moment_words, write_column};

/// Names of what the feeds only give ids for, looked up by whoever has them. Headings and groups use them, figures never.
pub trait Names {
    /// What a party is called.
    fn party(&self, account: &AccountId) -> Option<String>;

    /// Which AWS account it is that a recipient's feeds call so.
    fn account(&self, recipient: &AccountId, feed_account: &str) -> Option<AccountId>;

    /// Which cost centre a purchase belongs to.
    fn cost_centre(&self, _: Purchase<'_>) -> Option<String> {
        None
    }
}

/// Nobody's names.
pub struct NoNames;

impl Names for NoNames {
    fn party(&self, _: &AccountId) -> Option<String> {
        None
    }

    fn account(&self, _: &AccountId, _: &str) -> Option<AccountId> {
        None
    }
}

/// The state: all movements, and what they are movements of.
#[derive(Debug, Default, Clone)]
pub struct Billing {
    texts: Texts,
    lines: Table<7>,
    classes: Table<6>,
    deals: Table<3>,
    parties: Table<2>,
    charges: Table<7>,
    payouts: Table<2>,
    movements: Movements,
    headers: Vec<Header>,
    hands: Vec<by_hand::Hand>,
    taxes: tax::Taxes,
}

/// Whose money, and of what.
#[derive(Clone, Copy)]
struct Line {
    recipient: u32,
    currency: u32,
    kind: LineKind,
    /// The buyer's invoice, or the own one where there is no other.
    document: u32,
    /// Its line.
    item: u32,
    /// Of a balance adjustment.
    date: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineKind {
    BuyerInvoice,
    SellerOnly,
    Adjustment,
}

impl Line {
    fn words(self) -> [u32; 7] {
        let [low, high] = moment_words(self.date);
        [self.recipient, self.currency, self.kind as u32, self.document, self.item, low, high]
    }

    fn of(words: [u32; 7]) -> Self {
        let [recipient, currency, kind, document, item, low, high] = words;
        let kind = match kind {
            0 => LineKind::BuyerInvoice,
            1 => LineKind::SellerOnly,
            _ => LineKind::Adjustment,
        };
        Self { recipient, currency, kind, document, item, date: moment_of([low, high]) }
    }
}

/// What makes the class of a row, and for an action that is not known its name.
#[derive(Clone, Copy)]
struct Class {
    kind: u32,
    invoice: u32,
    charge: u32,
    side: u32,
    wholesale: u32,
    action: u32,
}

/// Which agreement, offer and product a row is about.
#[derive(Clone, Copy)]
struct Deal {
    agreement: u32,
    offer: u32,
    product: u32,
}

/// What can be told of a row for ever.
#[derive(Clone, Copy)]
struct Charge {
    line: u32,
    invoice: u32,
    class: u32,
    payout_currency: u32,
    deal: u32,
    invoice_date: i64,
}

impl Charge {
    fn words(self) -> [u32; 7] {
        let [low, high] = moment_words(self.invoice_date);
        [self.line, self.invoice, self.class, self.payout_currency, self.deal, low, high]
    }

    fn of(words: [u32; 7]) -> Self {
        let [line, invoice, class, payout_currency, deal, low, high] = words;
        Self { line, invoice, class, payout_currency, deal, invoice_date: moment_of([low, high]) }
    }
}

/// What happened to a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Invoiced = 0,
    Forgiven = 1,
    Collected = 2,
    Disbursed = 3,
    Unknown = 4,
}

impl Action {
    const fn of(kind: u8) -> Self {
        match kind & 7 {
            0 => Self::Invoiced,
            1 => Self::Forgiven,
            2 => Self::Collected,
            3 => Self::Disbursed,
            _ => Self::Unknown,
        }
    }
}

/// Set in a movement's kind when AWS counts the row in the balance.
const IN_BALANCE: u8 = 1 << 3;
/// Set in a movement's kind when the row is taken away.
const MINUS: u8 = 1 << 7;
/// In the place of a moment that is not told. It lies before every moment, as what is not dated is inside every question.
const UNDATED: i64 = i64::MIN;
/// In the place of an amount that is kept in [`Movements::wide`].
const WIDE: i64 = i64::MIN;

/// The movements, a column each, in recorded order.
#[derive(Debug, Default, Clone)]
struct Movements {
    seq: Vec<u64>,
    charge: Vec<u32>,
    /// Action, whether it is in the balance, and whether it is taken away.
    kind: Vec<u8>,
    /// The payout that it was allocated to.
    payout: Vec<u32>,
    effective: Vec<i64>,
    stated: Vec<i64>,
    /// In hundred-millionths of the pricing currency.
    amount: Vec<i64>,
    /// By position, amounts that 64 bits do not hold.
    wide: Vec<(u64, i128)>,
    /// By position, amounts in the payout currency where they are others.
    paid: Vec<(u64, i128)>,
    /// What only rows that bill tell.
    billed: Vec<Billed>,
}

/// What only a row that bills tells: when the buyer must have paid, who is on the other side, and the period that is billed.
#[derive(Debug, Clone, Copy)]
struct Billed {
    /// The position of its movement.
    at: u64,
    due: i64,
    from: i64,
    until: i64,
    parties: u32,
}

/// A payout that was sent or came back, or one that is taken away because the source says it differently now.
#[derive(Debug, Clone, Copy)]
struct Header {
    seq: u64,
    effective: i64,
    stated: i64,
    payout: u32,
    /// The payout that it undoes.
    undoes: u32,
    minus: bool,
    failed: bool,
    currency: u32,
    paid_currency: u32,
    trace: u32,
    reference: u32,
    amount: i128,
    paid: i128,
}

/// What a movement and a header have of their entry.
#[derive(Clone, Copy)]
struct Said<'a> {
    seq: u64,
    stated: i64,
    effective: i64,
    minus: bool,
    /// The natural key of the row.
    key: Option<&'a str>,
}

impl Billing {
    /// The control totals at a basis: a fold of the events up to a position has those that a fold of all of them gives there.
    pub fn totals_at(&self, basis: Basis) -> Vec<(String, String)> {
        let (rows, lines, sums) = self.control(basis);
        let mut totals = vec![("rows".to_owned(), rows.to_string()), ("lines".to_owned(), lines.to_string())];
        for (name, balance) in sums {
            totals.extend(balance.iter().map(|(currency, sum)| (format!("{name} {currency}"), sum.half_up(2).to_string())));
        }
        totals
    }

    /// Takes one event in, or away.
    fn take(&mut self, event: &Event, said: Said<'_>) {
        let action = match event {
            Event::InvoiceIssued(_) | Event::InvoiceAdjusted(_) | Event::BalanceAdjusted(_) => Action::Invoiced,
            Event::InvoiceForgiven(_) => Action::Forgiven,
            Event::InvoiceCollected(_) => Action::Collected,
            Event::DisbursementAllocated(_) => Action::Disbursed,
            Event::BillingUnclassified(_) => Action::Unknown,
            Event::DisbursementPaid(row) => return self.head(row, false, said),
            Event::DisbursementFailed(row) => return self.head(row, true, said),
            Event::TaxItemised(item) => return self.taxes.item(&mut self.texts, item, said),
            _ => return,
        };
        if let Some(row) = event.billing() {
            self.taxes.share(&mut self.texts, row, action, said);
            self.movement(row, action, said);
        }
    }

    fn movement(&mut self, row: &BillingEvent, action: Action, said: Said<'_>) {
        let charge = self.charge_of(row);
        let payout = row.disbursement.as_ref().map_or(NONE, |payout| self.payout(&row.recipient, payout.as_str()));
        let counterparty = self.texts.intern_some(row.counterparty.as_ref().map(|id| id.as_str()));
        let end_user = self.texts.intern_some(row.end_user.as_ref().map(|id| id.as_str()));
        let parties = if counterparty == NONE && end_user == NONE { NONE } else { self.parties.intern([counterparty, end_user]) };
        let in_balance = row.balance_impacting.unwrap_or(matches!(action, Action::Invoiced | Action::Forgiven));
        let mut kind = action as u8;
        if in_balance {
            kind |= IN_BALANCE;
        }
        if said.minus {
            kind |= MINUS;
        }
        let (at, units) = (self.movements.seq.len() as u64, row.amount.units());
        let narrow = i64::try_from(units).ok().filter(|narrow| *narrow != WIDE);
        let moved = &mut self.movements;
        moved.seq.push(said.seq);
        moved.charge.push(charge);
        moved.kind.push(kind);
        moved.payout.push(payout);
        moved.effective.push(said.effective);
        moved.stated.push(said.stated);
        moved.amount.push(narrow.unwrap_or(WIDE));
        if narrow.is_none() {
            moved.wide.push((at, units));
        }
        if let Some(paid) = row.disbursement_amount.filter(|paid| *paid != row.amount) {
            moved.paid.push((at, paid.units()));
        }
        let due = row.due.map_or(UNDATED, Instant::micros);
        let [from, until] = [row.usage_from, row.usage_until].map(|moment| moment.map_or(UNDATED, Instant::micros));
        if due != UNDATED || from != UNDATED || until != UNDATED || parties != NONE {
            moved.billed.push(Billed { at, due, from, until, parties });
        }
    }

    fn charge_of(&mut self, row: &BillingEvent) -> u32 {
        let texts = &mut self.texts;
        let invoice_date = row.invoice_date.map_or(UNDATED, Instant::micros);
        let invoice = texts.intern_some(row.invoice.as_ref().map(|id| id.as_str()));
        let item = texts.intern_some(row.line.as_ref().map(|id| id.as_str()));
        let line = Line {
            recipient: texts.intern(row.recipient.as_str()),
            currency: texts.intern(row.currency.as_str()),
            kind: LineKind::BuyerInvoice,
            document: invoice,
            item,
            date: UNDATED,
        };
        let line = if row.transaction_type == TransactionType::BalanceAdjustment {
            Line { kind: LineKind::Adjustment, document: NONE, item: NONE, date: invoice_date, ..line }
        } else if row.seller_only {
            Line { kind: LineKind::SellerOnly, ..line }
        } else {
            let document = row.buyer_invoice.as_ref().map_or(invoice, |id| texts.intern(id.as_str()));
            let item = row.buyer_line.as_ref().map_or(item, |id| texts.intern(id.as_str()));
            Line { document, item, ..line }
        };
        let class = [
            texts.intern(row.transaction_type.as_str()),
            texts.intern_some(row.invoice_variant.as_ref().map(|variant| variant.as_str())),
            texts.intern_some(row.charge_variant.as_ref().map(|variant| variant.as_str())),
            texts.intern_some(row.charge_side.as_ref().map(|side| side.as_str())),
            u32::from(row.wholesale),
            texts.intern_some(row.action.as_deref()),
        ];
        let deal = [
            texts.intern_some(row.agreement.as_ref().map(|id| id.as_str())),
            texts.intern_some(row.offer.as_ref().map(|id| id.as_str())),
            texts.intern_some(row.product.as_ref().map(|id| id.as_str())),
        ];
        let charge = Charge {
            line: self.lines.intern(line.words()),
            invoice,
            class: self.classes.intern(class),
            payout_currency: texts.intern_some(row.disbursement_currency.as_ref().map(Currency::as_str)),
            deal: self.deals.intern(deal),
            invoice_date,
        };
        self.charges.intern(charge.words())
    }

    fn head(&mut self, row: &BillingEvent, failed: bool, said: Said<'_>) {
        // A row's own id stands in its natural key alone; a payout recorded without a source goes by its position.
        let own = match said.key {
            Some(key) => key.rsplit(':').next().unwrap_or(key).to_owned(),
            None => format!("#{}", said.seq),
        };
        let payout = self.payout(&row.recipient, &own);
        let undoes = row.parent.as_ref().map_or(NONE, |parent| self.payout(&row.recipient, parent.as_str()));
        let texts = &mut self.texts;
        let currency = texts.intern(row.currency.as_str());
        let header = Header {
            seq: said.seq,
            effective: said.effective,
            stated: said.stated,
            payout,
            undoes,
            minus: said.minus,
            failed,
            currency,
            paid_currency: row.disbursement_currency.as_ref().map_or(currency, |currency| texts.intern(currency.as_str())),
            trace: texts.intern_some(row.bank_trace.as_ref().map(|id| id.as_str())),
            reference: texts.intern_some(row.disbursement_reference.as_ref().map(|id| id.as_str())),
            amount: row.amount.units(),
            paid: row.disbursement_amount.unwrap_or(row.amount).units(),
        };
        self.headers.push(header);
    }

    fn payout(&mut self, recipient: &AccountId, id: &str) -> u32 {
        let row = [self.texts.intern(recipient.as_str()), self.texts.intern(id)];
        self.payouts.intern(row)
    }

    fn line(&self, line: u32) -> Line {
        Line::of(self.lines.rows[line as usize])
    }

    fn charge(&self, charge: u32) -> Charge {
        Charge::of(self.charges.rows[charge as usize])
    }

    fn class(&self, class: u32) -> Class {
        let [kind, invoice, charge, side, wholesale, action] = self.classes.rows[class as usize];
        Class { kind, invoice, charge, side, wholesale, action }
    }

    fn deal(&self, deal: u32) -> Deal {
        let [agreement, offer, product] = self.deals.rows[deal as usize];
        Deal { agreement, offer, product }
    }

    /// A payout's recipient and id.
    fn payout_id(&self, payout: u32) -> (&str, &str) {
        let [recipient, id] = self.payouts.rows[payout as usize];
        (self.texts.get(recipient), self.texts.get(id))
    }

    /// The currency of an interned text.
    fn currency(&self, text: u32) -> Result<Currency, NotACurrency> {
        self.texts.get(text).parse()
    }

    /// Whether every number in the tables is the number of something: a loaded state can then be walked without a check.
    fn is_whole(&self) -> bool {
        let texts = self.texts.len();
        let text = |number: u32| number == NONE || (number as usize) < texts;
        let moved = &self.movements;
        let count = moved.seq.len();
        let same_length = [moved.charge.len(), moved.kind.len(), moved.payout.len(), moved.effective.len(), moved.stated.len()];
        let sparse = |last: Option<u64>| last.is_none_or(|last| last < count as u64);
        same_length.iter().all(|length| *length == count)
            && moved.amount.len() == count
            && moved.charge.iter().all(|charge| (*charge as usize) < self.charges.len())
            && moved.payout.iter().all(|payout| *payout == NONE || (*payout as usize) < self.payouts.len())
            && sparse(moved.wide.last().map(|last| last.0))
            && sparse(moved.paid.last().map(|last| last.0))
            && sparse(moved.billed.last().map(|last| last.at))
            && moved.billed.iter().all(|billed| billed.parties == NONE || (billed.parties as usize) < self.parties.len())
            && self.parties.rows.iter().all(|parties| parties.iter().all(|number| text(*number)))
            && self.lines.rows.iter().all(|[recipient, currency, _, document, item, ..]| {
                [recipient, currency, document, item].into_iter().all(|number| text(*number))
            })
            && self.classes.rows.iter().all(|[kind, invoice, charge, side, _, action]| {
                [kind, invoice, charge, side, action].into_iter().all(|number| text(*number))
            })
            && self.deals.rows.iter().all(|deal| deal.iter().all(|number| text(*number)))
            && self.charges.rows.iter().all(|[line, invoice, class, currency, deal, ..]| {
                (*line as usize) < self.lines.len()
                    && (*class as usize) < self.classes.len()
                    && (*deal as usize) < self.deals.len()
                    && text(*invoice)
                    && text(*currency)
            })
            && self.payouts.rows.iter().all(|payout| payout.iter().all(|number| text(*number)))
            && self.taxes.is_whole(texts)
            && self.headers.iter().all(|header| {
                (header.payout as usize) < self.payouts.len()
                    && (header.undoes == NONE || (header.undoes as usize) < self.payouts.len())
                    && [header.currency, header.paid_currency, header.trace, header.reference].into_iter().all(text)
            })
    }

    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let pair = |bytes: [u8; 24]| {
            let (at, value) = bytes.split_first_chunk::<8>()?;
            Some((u64::from_le_bytes(*at), i128::from_le_bytes(value.try_into().ok()?)))
        };
        let state = Self {
            texts: Texts::load(bytes)?,
            lines: Table::load(bytes)?,
            classes: Table::load(bytes)?,
            deals: Table::load(bytes)?,
            parties: Table::load(bytes)?,
            charges: Table::load(bytes)?,
            payouts: Table::load(bytes)?,
            movements: Movements {
                seq: bytes.column(u64::from_le_bytes)?,
                charge: bytes.column(u32::from_le_bytes)?,
                kind: bytes.column(|[kind]: [u8; 1]| kind)?,
                payout: bytes.column(u32::from_le_bytes)?,
                effective: bytes.column(i64::from_le_bytes)?,
                stated: bytes.column(i64::from_le_bytes)?,
                amount: bytes.column(i64::from_le_bytes)?,
                wide: bytes.column(pair)?.into_iter().collect::<Option<_>>()?,
                paid: bytes.column(pair)?.into_iter().collect::<Option<_>>()?,
                billed: bytes.column(Billed::of)?.into_iter().collect::<Option<_>>()?,
            },
            headers: bytes.column(Header::of)?.into_iter().collect::<Option<_>>()?,
            hands: serde_json::from_slice(&bytes.column(|[byte]: [u8; 1]| byte)?).ok()?,
            taxes: tax::Taxes::load(bytes)?,
        };
        (bytes.is_empty() && state.is_whole()).then_some(state)
    }
}

impl Billed {
    /// How wide it is saved.
    const WIDTH: usize = 4 * 8 + 4;

    fn bytes(&self) -> [u8; Self::WIDTH] {
        let mut bytes = [0; Self::WIDTH];
        let words = [self.at.to_le_bytes(), self.due.to_le_bytes(), self.from.to_le_bytes(), self.until.to_le_bytes()].concat();
        bytes.copy_from_slice(&[words, self.parties.to_le_bytes().to_vec()].concat());
        bytes
    }

    fn of(bytes: [u8; Self::WIDTH]) -> Option<Self> {
        let (words, parties) = bytes.split_at(32);
        let [at, due, from, until] = words.as_chunks::<8>().0 else { return None };
        let [due, from, until] = [due, from, until].map(|moment| i64::from_le_bytes(*moment));
        Some(Self { at: u64::from_le_bytes(*at), due, from, until, parties: u32::from_le_bytes(parties.try_into().ok()?) })
    }
}

impl Header {
    /// How wide a saved header is.
    const WIDTH: usize = 3 * 8 + 6 * 4 + 4 + 2 * 16;

    fn bytes(&self) -> [u8; Self::WIDTH] {
        let mut bytes = [0; Self::WIDTH];
        let flags = u32::from(self.minus) | u32::from(self.failed) << 1;
        let words = [self.payout, self.undoes, self.currency, self.paid_currency, self.trace, self.reference, flags];
        let parts = [self.seq.to_le_bytes(), self.effective.to_le_bytes(), self.stated.to_le_bytes()].concat();
        let parts = [parts, words.iter().flat_map(|word| word.to_le_bytes()).collect()].concat();
        let parts = [parts, [self.amount.to_le_bytes(), self.paid.to_le_bytes()].concat()].concat();
        bytes.copy_from_slice(&parts);
        bytes
    }

    fn of(bytes: [u8; Self::WIDTH]) -> Option<Self> {
        let (moments, rest) = bytes.split_at(24);
        let (words, amounts) = rest.split_at(28);
        let [seq, effective, stated] = moments.as_chunks::<8>().0 else { return None };
        let words: Vec<u32> = words.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let [payout, undoes, currency, paid_currency, trace, reference, flags] = *words.as_slice() else { return None };
        let [amount, paid] = amounts.as_chunks::<16>().0 else { return None };
        Some(Self {
            seq: u64::from_le_bytes(*seq),
            effective: i64::from_le_bytes(*effective),
            stated: i64::from_le_bytes(*stated),
            payout,
            undoes,
            minus: flags & 1 != 0,
            failed: flags & 2 != 0,
            currency,
            paid_currency,
            trace,
            reference,
            amount: i128::from_le_bytes(*amount),
            paid: i128::from_le_bytes(*paid),
        })
    }
}

impl Projection for Billing {
    fn name(&self) -> &'static str {
        "billing"
    }

    fn version(&self) -> u32 {
        4
    }

    fn evolve(&mut self, entry: &Entry) {
        let said = Said {
            seq: entry.seq,
            stated: entry.stated_at().map_or(UNDATED, Instant::micros),
            effective: entry.effective_at.micros(),
            minus: false,
            key: entry.source.as_ref().map(|source| source.id.as_str()),
        };
        if let Event::EntryCorrected(corrected) = &entry.event {
            self.taxes.correct(corrected.entry, entry.seq);
            if let Some(item @ Event::TaxItemised(_)) = &corrected.replacement {
                self.take(item, said);
            }
        }
        if self.by_hand(entry) {
            return;
        }
        let Event::SourceRestated(restated) = &entry.event else { return self.take(&entry.event, said) };
        // From its statement on the version counts and the one before it does not; from the statement of the version after it, which was
        // recorded earlier and took the one before away itself, it is the other way round.
        let stretches = [Some((said.stated, false)), restated.until.map(|until| (until.micros(), true))];
        for (stated, undone) in stretches.into_iter().flatten() {
            if let Some(replaced) = &restated.replaced {
                let effective = replaced.effective_at.micros();
                self.take(&replaced.entry, Said { stated, effective, minus: !undone, ..said });
            }
            if !restated.withdrawn {
                self.take(&restated.entry, Said { stated, minus: undone, ..said });
            }
        }
    }

    fn save(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out).expect("memory takes what is written to it");
        out
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.texts.save(out)?;
        self.lines.save(out)?;
        self.classes.save(out)?;
        self.deals.save(out)?;
        self.parties.save(out)?;
        self.charges.save(out)?;
        self.payouts.save(out)?;
        let pair = |(at, value): &(u64, i128)| {
            let mut bytes = [0; 24];
            bytes[..8].copy_from_slice(&at.to_le_bytes());
            bytes[8..].copy_from_slice(&value.to_le_bytes());
            bytes
        };
        let moved = &self.movements;
        write_column(out, &moved.seq, |seq| seq.to_le_bytes())?;
        write_column(out, &moved.charge, |charge| charge.to_le_bytes())?;
        write_column(out, &moved.kind, |kind| [*kind])?;
        write_column(out, &moved.payout, |payout| payout.to_le_bytes())?;
        write_column(out, &moved.effective, |moment| moment.to_le_bytes())?;
        write_column(out, &moved.stated, |moment| moment.to_le_bytes())?;
        write_column(out, &moved.amount, |amount| amount.to_le_bytes())?;
        write_column(out, &moved.wide, pair)?;
        write_column(out, &moved.paid, pair)?;
        write_column(out, &moved.billed, Billed::bytes)?;
        write_column(out, &self.headers, Header::bytes)?;
        let hands = serde_json::to_vec(&self.hands).map_err(io::Error::other)?;
        write_column(out, &hands, |byte| [*byte])?;
        self.taxes.save(out)
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let mut unread = bytes;
        self.restore(&mut unread, bytes.len())
    }

    fn restore(&mut self, saved: &mut dyn BufRead, length: usize) -> bool {
        let loaded = Self::read(&mut Bytes::new(saved, length));
        let whole = loaded.is_some();
        *self = loaded.unwrap_or_default();
        whole
    }

    fn totals(&self) -> Vec<(String, String)> {
        self.totals_at(Basis::at(u64::MAX))
    }
}

/// A sum, as reports write it: two decimals.
fn cents(units: i128) -> Amount {
    Amount::from_units(units).half_up(2)
}
