//! A line of a statement that finance compares with the ledger: whose view it is, what it is about, how much, and all that tells which line
//! of the ledger it belongs to.

use super::Exact;
use crate::id::{AccountId, AgreementId, InvoiceId, Reference};
use crate::money::Currency;
use crate::time::{Instant, Period};

/// Whose view a statement is. It is compared with ledger lines of the same side only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What a buyer was billed: CUR, FOCUS, invoice summaries received as a buyer.
    Buyer,
    /// What a seller or reseller is told it earned and was paid: seller reports, invoice summaries received as one.
    Seller,
    /// What arrived in a bank account.
    Bank,
}

/// What a line is about. A line is compared with what the ledger has of the same subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Something bought through the Marketplace, or given back of it, before tax.
    Purchase,
    /// Tax on it.
    Tax,
    /// A credit that AWS took off the bill.
    Credit,
    /// A model of another provider on Amazon Bedrock: billed like a purchase from the Marketplace, and no deal.
    Model,
    /// AWS's own services and support: compared as sums by payer, month and line type.
    Services,
    /// A whole invoice or credit memo.
    Invoice,
    /// What a seller's invoice line comes to: its net, with the price, the fee, the wholesale cost and the taxes as parts.
    Billed,
    /// What was collected of a line.
    Collected,
    /// What was paid out of a line.
    Disbursed,
    /// A payout that arrived at a bank.
    Deposit,
    /// What AWS has counted towards a commitment.
    Commitment,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose view it is.
    pub side: Side,
    /// What it is about.
    pub subject: Subject,
    /// Whose statement it is: the payer, or the recipient of a seller's report; at a bank, whoever is paid.
    pub scope: AccountId,
    /// The billing month; of money that moved, the month in which it did.
    pub month: Period,
    /// Its type, as the file writes it.
    pub line_type: String,
    /// How much, with all its decimals; below zero what was given back.
    pub amount: Exact,
    /// In which currency.
    pub currency: Currency,
    /// What the amount is made of, by the names that the payouts use, where the file tells it.
    pub parts: Vec<(&'static str, Exact)>,
    /// When it was invoiced or paid, where the file tells it.
    pub date: Option<Instant>,
    /// The buyer's invoice. A bill that is not final has none.
    pub invoice: Option<InvoiceId>,
    /// Other invoices of the same sale: `listing_fee`, `wholesale`, `seller_issued`; of a credit memo the `original`.
    pub others: Vec<(&'static str, InvoiceId)>,
    /// The code or the id of the product.
    pub product: Option<Reference>,
    /// The account that used it.
    pub account: Option<AccountId>,
    /// The agreement, where the file tells it.
    pub agreement: Option<AgreementId>,
    /// The seller of record, as the file writes it.
    pub seller: Option<String>,
    /// The bank's trace of a payout.
    pub trace: Option<Reference>,
    /// What the file calls the line, unique in a month: two files that hold it hold one line.
    pub item: Option<String>,
    /// Whether it corrects a month that was invoiced already.
    pub corrects: bool,
    /// Whether it is of the month's own bill, which has its invoice when the month is over; what is bought upfront or given back has one at once.
    pub monthly: bool,
    /// The row of its file, from one, the header not counted.
    pub row: u64,
}

impl Line {
    /// A line of which only this is known yet.
    pub fn of(
        side: Side,
        subject: Subject,
        (scope, month): (AccountId, Period),
        line_type: &str,
        (amount, currency): (Exact, Currency),
    ) -> Self {
        Self {
            side,
            subject,
            scope,
            month,
            line_type: line_type.to_owned(),
            amount,
            currency,
            parts: Vec::new(),
            date: None,
            invoice: None,
            others: Vec::new(),
            product: None,
            account: None,
            agreement: None,
            seller: None,
            trace: None,
            item: None,
            corrects: false,
            monthly: false,
            row: 0,
        }
    }
}
