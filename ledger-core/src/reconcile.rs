//! Finance's question: does what AWS bills, pays and reports agree with the ledger? Lines of statements are matched with lines of the ledger,
//! and what does not agree becomes a typed break.
//!
//! ```text
//! Line   -Reconciliation::add->  unit      a row, or what rows that correct each other come to
//! Held   -Reconciliation::hold-> held      a line of the ledger, of the same side
//! units x held  -matching->  Outcome       each unit and each held line in exactly one
//! Outcome -control->  Reconciled | Untied  every row in one class; billed - ledger = breaks + tolerated + provisional, per currency
//! ```
//!
//! A line is compared with lines of its side and scope only: whose statement it is, in which currency, for which period. The result is the same
//! for the same lines in any order. Matching goes by keys, the tightest first, so that a million lines take seconds; nothing is a float, and
//! nothing is rounded.

mod breaks;
mod control;
mod intake;
mod kinds;
mod ledger;
mod matching;
mod seal;
mod whole;

use std::collections::BTreeMap;

use crate::chain::Hash;
use crate::id::{AccountId, AgreementId, InvoiceId, Reference};
use crate::money::{Amount, Currency};
use crate::statement::{Exact, Form, Line, Side, Subject};
use crate::time::{Instant, Period};

pub use control::{Counts, Section, Untied};
pub use kinds::{KINDS, Kind, Reason};
pub use ledger::{Ledger, ToldElsewhere};

use intake::{Lines, Texts};

/// Where the ledger's line stands in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// In the period: that no statement has it is a break.
    Inside,
    /// In another period that is not reconciled, or where it is open.
    Elsewhere,
    /// In another period, where a statement had it.
    Settled,
}

/// A line of the ledger, as it can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Whose view it belongs to.
    pub side: Side,
    /// What it is about.
    pub subject: Subject,
    /// Who pays; on the seller's side and at a bank, who is paid.
    pub scope: AccountId,
    /// Where it stands in time.
    pub when: When,
    /// How much; below zero what was given back.
    pub amount: Exact,
    /// In which currency.
    pub currency: Currency,
    /// When it was invoiced, paid or planned.
    pub date: Option<Instant>,
    /// Whether it is only planned, and no invoice is known.
    pub planned: bool,
    /// Of AWS's services: the type of the lines.
    pub line_type: Option<String>,
    /// The buyer's invoice.
    pub invoice: Option<InvoiceId>,
    /// The product, by its id.
    pub product: Option<Reference>,
    /// The account that used it.
    pub account: Option<AccountId>,
    /// The agreement.
    pub agreement: Option<AgreementId>,
    /// The seller of record.
    pub seller: Option<AccountId>,
    /// The bank's trace of a payout; none when it is a test's.
    pub trace: Option<Reference>,
    /// What the amount is made of, by the names that the payouts use.
    pub parts: Vec<(&'static str, Amount)>,
    /// What it was before it was paid out in another currency.
    pub priced: Option<(Exact, Currency)>,
    /// The tax on it, which stands beside it.
    pub tax: Option<Amount>,
    /// What explains a difference, where the ledger knows it beforehand.
    pub explained: Option<String>,
    /// The first moment of another month, in which a statement has told it already.
    pub billed_in: Option<Instant>,
    /// Positions of the events that say so.
    pub events: Vec<u64>,
    /// Digests of the files that say so.
    pub sources: Vec<Hash>,
}

/// A file whose lines are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its digest, decompressed.
    pub digest: Hash,
    /// Its name, as it was given.
    pub name: String,
    /// Its form: of two that tell the same, the lesser is compared.
    pub form: Form,
    /// Whether it tells invoices: where it does, a line without one is provisional.
    pub tells_invoices: bool,
    /// Whether its bill may still change, where no invoice tells that it is final: then every line is provisional.
    pub may_change: bool,
    /// Rows, the header not counted.
    pub rows: u64,
    /// Rows of it that are nobody's to compare: another provider's, or not to be read.
    pub left_out: u64,
}

/// What a difference may be and still be no break: a policy. Of a currency that it does not name, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tolerances {
    /// By currency: per line, and in total per period.
    pub by_currency: BTreeMap<Currency, Tolerance>,
    /// So many days after the end of the period may a line arrive and be no more than late.
    pub days: u32,
    /// Where the policy was set.
    pub policy: Option<u64>,
}

/// What a difference may be in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Of a line.
    pub line: Amount,
    /// Of all lines of a period together, signs aside.
    pub period: Amount,
}

/// In which class a row is. Every row is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// One row, one line of the ledger, one amount.
    Exact,
    /// Apart by no more than the policy tolerates.
    Tolerated,
    /// Several rows or several lines of the ledger, that come to the same.
    Grouped,
    /// The bill is not final: no invoice id yet.
    Provisional,
    /// The ledger has no other source than this file: no assurance.
    SelfCompared,
    /// Part of a break.
    Broken,
    /// AWS's services, summed, where the ledger has no other source of the sum.
    Summed,
    /// A model on Amazon Bedrock: billed like a purchase, and no deal.
    Model,
    /// Tax of which the ledger has nothing.
    TaxAside,
    /// A whole invoice, of which other statements tell the lines, and they come to the same.
    WholeInvoice,
    /// The line stands in another file as well, and counts there.
    Repeated,
    /// Of a bill that was not final, beside the one that is.
    Superseded,
    /// Of another month.
    OtherMonth,
    /// Of another provider, or not to be read.
    LeftOut,
}

impl Class {
    /// Every class, in the order in which they are told.
    pub const ALL: &[Self] = &[
        Self::Exact,
        Self::Tolerated,
        Self::Grouped,
        Self::Provisional,
        Self::SelfCompared,
        Self::Broken,
        Self::Summed,
        Self::Model,
        Self::TaxAside,
        Self::WholeInvoice,
        Self::Repeated,
        Self::Superseded,
        Self::OtherMonth,
        Self::LeftOut,
    ];

    /// As programs and people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Tolerated => "within tolerance",
            Self::Grouped => "grouped",
            Self::Provisional => "provisional",
            Self::SelfCompared => "self-comparison, no assurance",
            Self::Broken => "broken",
            Self::Summed => "AWS services, summed",
            Self::Model => "models on Amazon Bedrock",
            Self::TaxAside => "tax, not compared",
            Self::WholeInvoice => "whole invoices, told by their lines",
            Self::Repeated => "in another file too",
            Self::Superseded => "of an earlier version of the bill",
            Self::OtherMonth => "of another month",
            Self::LeftOut => "left out",
        }
    }

    /// Whether its rows are compared with the ledger, and stand in the control totals.
    pub const fn is_compared(self) -> bool {
        matches!(self, Self::Exact | Self::Tolerated | Self::Grouped | Self::Provisional | Self::SelfCompared | Self::Broken)
    }
}

/// What does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Its id: the same in every run that finds it.
    pub id: String,
    /// What kind of break.
    pub kind: Kind,
    /// Whose view.
    pub side: Side,
    /// What it is about.
    pub subject: Subject,
    /// Whose statement.
    pub scope: AccountId,
    /// In which currency it was billed; the ledger's, when it was not.
    pub currency: Currency,
    /// What was billed.
    pub billed: Exact,
    /// What the ledger has of it in this period, in this currency.
    pub ledger: Exact,
    /// What the ledger has of it in this period in another currency.
    pub other: Option<(Currency, Exact)>,
    /// Since when it is open: the day of the line, the ledger's or the statement's.
    pub since: Option<Instant>,
    /// The invoice; the bank's trace of a deposit.
    pub invoice: Option<String>,
    /// The product.
    pub product: Option<String>,
    /// The account that used it.
    pub account: Option<String>,
    /// The agreement.
    pub agreement: Option<String>,
    /// The first of its rows: file and row.
    pub rows: Vec<(usize, u64)>,
    /// How many rows there are.
    pub row_count: u64,
    /// The ledger's events.
    pub events: Vec<u64>,
    /// The likely cause, in a few words.
    pub cause: String,
}

impl Break {
    /// What was billed and the ledger does not have; below zero the other way round.
    pub fn difference(&self) -> Exact {
        Exact::of_parts(self.billed.parts() - self.ledger.parts())
    }
}

/// What was tolerated, line by line: it is posted to rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tolerated {
    /// Whose view.
    pub side: Side,
    /// What it is about.
    pub subject: Subject,
    /// Whose statement.
    pub scope: AccountId,
    /// The currency.
    pub currency: Currency,
    /// The invoice.
    pub invoice: Option<String>,
    /// What was billed.
    pub billed: Exact,
    /// What the ledger has.
    pub ledger: Exact,
    /// The ledger's events.
    pub events: Vec<u64>,
}

/// How a period reconciles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The files, in the order of their digests.
    pub files: Vec<File>,
    /// What was compared, by side, subject, scope and currency.
    pub sections: Vec<Section>,
    /// How many rows are in each class, all files together.
    pub classes: BTreeMap<Class, u64>,
    /// What does not agree.
    pub breaks: Vec<Break>,
    /// What was tolerated.
    pub tolerated: Vec<Tolerated>,
}

/// A reconciliation that is being made.
#[derive(Debug)]
pub struct Reconciliation {
    period: Period,
    names: Names,
    files: Vec<File>,
    texts: Texts,
    lines: Lines,
    held: Vec<Held>,
}

/// What statements call things by, and what the ledger knows them by.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Product ids by product id, code and title.
    pub products: BTreeMap<String, String>,
    /// Accounts by the names of sellers.
    pub sellers: BTreeMap<String, AccountId>,
}

impl Reconciliation {
    /// Of a period, which is a calendar month.
    pub fn of(period: Period, names: Names) -> Self {
        Self { period, names, files: Vec::new(), texts: Texts::default(), lines: Lines::default(), held: Vec::new() }
    }

    /// Another file; its lines are added under the number that is given back.
    pub fn file(&mut self, file: File) -> usize {
        self.files.push(file);
        self.files.len() - 1
    }

    /// How many rows a file had, and how many of them are nobody's to compare: known when it is read.
    pub fn counted(&mut self, file: usize, rows: u64, left_out: u64) {
        if let Some(file) = self.files.get_mut(file) {
            (file.rows, file.left_out) = (rows, left_out);
        }
    }

    /// A payer's bill in a file is an earlier version of what another file tells as it is final: to be said before its lines are added.
    pub fn supersede(&mut self, file: usize, payer: AccountId) {
        self.lines.superseded.insert((file, payer));
    }

    /// A line of a file, which is a row, or the sum of so many.
    pub fn add(&mut self, file: usize, line: Line, rows: u64) {
        let Some(of) = self.files.get(file) else { return };
        self.lines.add((file, of), (line, rows), self.period, &self.names, &mut self.texts);
    }

    /// Somebody's list of this month, of which nothing need be compared: that a line of the ledger is missing there is a break.
    pub fn list(&mut self, side: Side, subject: Subject, scope: AccountId, currency: Currency) {
        self.lines.list(side, subject, scope, currency);
    }

    /// A line of the ledger.
    pub fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// What a source has said that the ledger holds already: it is compared like a line, and is no row of any file.
    pub fn state(&mut self, line: Line) {
        self.lines.state(line, &mut self.texts);
    }

    /// Whether there are lines of this.
    pub fn tells(&self, side: Side, subject: Subject) -> bool {
        self.lines.tells(side, subject)
    }

    /// Whether a line names this text: an invoice, a trace.
    pub fn names(&self, text: &str) -> bool {
        self.texts.has(text)
    }

    /// Whose statements there are: the ledger's lines of these are wanted.
    pub fn scopes(&self) -> Vec<(Side, AccountId)> {
        self.lines.scopes()
    }

    /// Matches, and proves that nothing was lost.
    ///
    /// # Errors
    /// The control totals do not tie, or a sum has more digits than there is room for: a bug, or amounts that nobody bills.
    pub fn matched(self, tolerances: &Tolerances) -> Result<Reconciled, Untied> {
        let Self { period, files, texts, lines, held, .. } = self;
        let laid = intake::lay(lines, held, &files, texts)?;
        let mut match_ = matching::Match::of(&laid, tolerances, period);
        match_.settle();
        breaks::find(&mut match_);
        control::prove(match_, files)
    }
}
