//! Tax items and tax shares as they came: fixed-width rows, as movements are.

use std::io::{self, Write};

use super::{BUYERS, FEE, WHOLESALE};
use crate::event::billing::{BillingEvent, TaxItemised, TransactionType};
use crate::money::Amount;
use crate::projection::billing::table::{Bytes, NONE, Table, Texts, write_column};
use crate::projection::billing::{Action, Said, UNDATED};
use crate::time::{Basis, Instant};

/// Items and shares, in recorded order.
#[derive(Debug, Default, Clone)]
pub(in crate::projection::billing) struct Taxes {
    /// Recipient, invoice, its line, currency.
    pub(super) lines: Table<4>,
    /// Of items: who remits, country, state, level, jurisdiction. Of shares: who remits, and what is taxed.
    pub(super) kinds: Table<5>,
    rows: Vec<Row>,
}

/// An item or a share, or one that is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) seq: u64,
    pub(super) effective: i64,
    pub(super) stated: i64,
    /// The date of the invoice.
    pub(super) dated: i64,
    pub(super) amount: i128,
    pub(super) taxable: i128,
    pub(super) line: u32,
    pub(super) kind: u32,
    /// The item's id; [`NONE`] of a share.
    pub(super) item: u32,
    pub(super) flags: u8,
}

const MINUS: u8 = 1;
pub(super) const FORGIVEN: u8 = 1 << 1;

impl Row {
    const WIDTH: usize = 4 * 8 + 2 * 16 + 3 * 4 + 1;

    fn bytes(&self) -> [u8; Self::WIDTH] {
        let mut bytes = [0; Self::WIDTH];
        let moments = [self.effective, self.stated, self.dated].map(i64::to_le_bytes).concat();
        let amounts = [self.amount, self.taxable].map(i128::to_le_bytes).concat();
        let words = [self.line, self.kind, self.item].map(u32::to_le_bytes).concat();
        bytes.copy_from_slice(&[&self.seq.to_le_bytes()[..], &moments, &amounts, &words, &[self.flags]].concat());
        bytes
    }

    fn of(bytes: [u8; Self::WIDTH]) -> Option<Self> {
        let (moments, rest) = bytes.split_at(32);
        let (amounts, words) = rest.split_at(32);
        let [seq, effective, stated, dated] = moments.as_chunks::<8>().0 else { return None };
        let [amount, taxable] = amounts.as_chunks::<16>().0 else { return None };
        let ([line, kind, item], [flags]) = words.as_chunks::<4>() else { return None };
        Some(Self {
            seq: u64::from_le_bytes(*seq),
            effective: i64::from_le_bytes(*effective),
            stated: i64::from_le_bytes(*stated),
            dated: i64::from_le_bytes(*dated),
            amount: i128::from_le_bytes(*amount),
            taxable: i128::from_le_bytes(*taxable),
            line: u32::from_le_bytes(*line),
            kind: u32::from_le_bytes(*kind),
            item: u32::from_le_bytes(*item),
            flags: *flags,
        })
    }
}

impl Taxes {
    pub(in crate::projection::billing) fn save(&self, out: &mut dyn Write) -> io::Result<()> {
        self.lines.save(out)?;
        self.kinds.save(out)?;
        write_column(out, &self.rows, Row::bytes)
    }

    pub(in crate::projection::billing) fn load(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (lines, kinds) = (Table::load(bytes)?, Table::load(bytes)?);
        Some(Self { lines, kinds, rows: bytes.column(Row::of)?.into_iter().collect::<Option<_>>()? })
    }

    /// Whether every number is the number of something, of so many texts.
    pub(in crate::projection::billing) fn is_whole(&self, texts: usize) -> bool {
        let text = |number: &u32| *number == NONE || (*number as usize) < texts;
        self.lines.rows.iter().all(|line| line.iter().all(text))
            && self.kinds.rows.iter().all(|kind| kind.iter().all(text))
            && self
                .rows
                .iter()
                .all(|row| (row.line as usize) < self.lines.len() && (row.kind as usize) < self.kinds.len() && text(&row.item))
    }

    /// Takes an item in, or away.
    pub(in crate::projection::billing) fn item(&mut self, texts: &mut Texts, item: &TaxItemised, said: Said<'_>) {
        let line = [
            texts.intern(item.recipient.as_str()),
            texts.intern_some(item.invoice.as_ref().map(|id| id.as_str())),
            texts.intern_some(item.line.as_ref().map(|id| id.as_str())),
            texts.intern_some(item.currency.as_ref().map(|currency| currency.as_str())),
        ];
        let kind = [&item.liable, &item.country, &item.state, &item.jurisdiction_level, &item.jurisdiction];
        let kind = kind.map(|text| texts.intern_some(text.as_ref()));
        let row = Row {
            seq: said.seq,
            effective: said.effective,
            stated: said.stated,
            dated: item.invoice_date.map_or(UNDATED, Instant::micros),
            amount: item.amount.units(),
            taxable: item.taxable.map_or(0, Amount::units),
            line: self.lines.intern(line),
            kind: self.kinds.intern(kind),
            item: texts.intern(item.item.as_str()),
            flags: if said.minus { MINUS } else { 0 },
        };
        self.rows.push(row);
    }

    /// Takes a billing row in, or away, if it bills or forgives tax.
    pub(in crate::projection::billing) fn share(&mut self, texts: &mut Texts, row: &BillingEvent, action: Action, said: Said<'_>) {
        use TransactionType as T;
        let liable = match row.transaction_type {
            T::AwsTaxShare | T::AwsTaxShareRefund => "AWS",
            T::SellerTaxShare | T::SellerTaxShareRefund => "Seller",
            _ => return,
        };
        let forgiven = match action {
            Action::Invoiced => 0,
            Action::Forgiven => FORGIVEN,
            _ => return,
        };
        let invoice = row.invoice_variant.as_ref().map(|variant| variant.as_str());
        let charge = row.charge_variant.as_ref().map(|variant| variant.as_str()).or(invoice);
        // Without variants AWS's tax that touches the balance can only be that on the fee: the buyer's never does.
        let on_the_fee = invoice.is_none() && liable == "AWS" && row.balance_impacting.unwrap_or(true);
        let taxed = match (charge, invoice) {
            (Some("LISTING_FEE"), _) => FEE,
            (_, Some("RESALE")) => WHOLESALE,
            _ if on_the_fee => FEE,
            _ => BUYERS,
        };
        let line = [
            texts.intern(row.recipient.as_str()),
            texts.intern_some(row.invoice.as_ref().map(|id| id.as_str())),
            texts.intern_some(row.line.as_ref().map(|id| id.as_str())),
            texts.intern(row.currency.as_str()),
        ];
        let kind = [texts.intern(liable), NONE, NONE, NONE, texts.intern(taxed)];
        self.rows.push(Row {
            seq: said.seq,
            effective: said.effective,
            stated: said.stated,
            dated: row.invoice_date.map_or(UNDATED, Instant::micros),
            amount: row.amount.units(),
            taxable: 0,
            line: self.lines.intern(line),
            kind: self.kinds.intern(kind),
            item: NONE,
            flags: forgiven | if said.minus { MINUS } else { 0 },
        });
    }

    /// Takes back the item that an entry told which is corrected.
    pub(in crate::projection::billing) fn correct(&mut self, entry: u64, by: u64) {
        let start = self.rows.partition_point(|row| row.seq < entry);
        let said: Vec<Row> = self.rows[start..].iter().copied().take_while(|row| row.seq == entry).filter(|row| row.item != NONE).collect();
        self.rows.extend(said.into_iter().map(|row| Row { seq: by, flags: row.flags ^ MINUS, ..row }));
    }

    /// The rows that a basis holds, with plus or minus one.
    pub(super) fn at(&self, basis: Basis) -> impl Iterator<Item = (&Row, i64)> {
        let happened = basis.effective_before.map_or(i64::MAX, Instant::micros);
        let stated = basis.stated_before.map_or(i64::MAX, Instant::micros);
        let known = self.rows.partition_point(|row| row.seq <= basis.known_at);
        let held = self.rows[..known].iter().filter(move |row| row.effective < happened && row.stated < stated);
        held.map(|row| (row, if row.flags & MINUS == 0 { 1 } else { -1 }))
    }
}
