//! AWS's statements: the bills, reports and payouts that finance compares with the ledger, and what a month of a bill comes to.
//!
//! ```text
//! header  -recognise-> Layout         by its columns, never by its name or order
//! cells   -Layout::read-> Told        to compare: a line, a part of a sum of AWS's own services, or neither
//! told    -Reading::take-> Received   what a statement says: every row of it is in exactly one class
//!
//! cells   -Layout::bill-> BillLine    to record, of bills: who pays, for which month, of which type, how much by cost column
//! lines   -Sums::add-> -Sums::facts-> [Fact]   one spend.recorded for each payer, month and line type; of the Marketplace for each
//!                                     invoice, product and seller
//! ```
//!
//! Costs have up to a dozen decimals and exponents. They are summed exactly; on the way into the record they are rounded once, at the end, to
//! the eight decimals of an [`Amount`](crate::money::Amount), and what was rounded is said with all its decimals.

mod cur;
mod exact;
mod focus;
mod line;
mod received;
mod sums;

use crate::feed::{self, Complaint};
use crate::id::{AccountId, InvoiceId, Reference};
use crate::money::Currency;
use crate::problem::{Code, Problem};
use crate::time::{Instant, Period};

pub use exact::Exact;
pub use line::{Line, Side, Subject};
pub use received::{Class, Reading, Received, Summed};
pub use sums::Sums;

/// Every kind of statement there is. A new one is a file and a line.
pub const STATEMENTS: &[&dyn Statement] = &[&cur::Cur, &focus::Focus];

/// A column of a statement.
pub struct Column {
    /// The names it has had.
    pub names: &'static [&'static str],
    /// Whether a file without it is no such statement.
    pub needed: bool,
    /// Of a bill's cost column: what it is called in `spend.recorded`.
    pub cost: Option<&'static str>,
}

const fn needed(names: &'static [&'static str]) -> Column {
    Column { names, needed: true, cost: None }
}

const fn kept(names: &'static [&'static str]) -> Column {
    Column { names, needed: false, cost: None }
}

const fn cost(names: &'static [&'static str], cost: &'static str) -> Column {
    Column { names, needed: false, cost: Some(cost) }
}

/// One kind of statement.
pub trait Statement: Sync {
    /// Its name, which begins every natural key: `cur`.
    fn name(&self) -> &'static str;

    /// What people call it.
    fn title(&self) -> &'static str;

    /// Its columns.
    fn columns(&self) -> &'static [Column];

    /// What a row says to whoever compares it with the ledger; nothing when it cannot be read.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>>;

    /// How a row of a bill is recorded; nothing of the other kinds, and when it is of no use here.
    fn bill(&self, _: &Row<'_>) -> Option<BillLine> {
        None
    }

    /// Whether it is a bill, of which months are recorded.
    fn is_bill(&self) -> bool {
        false
    }
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<'a> {
    /// A line that is compared on its own.
    Line(Box<Line>),
    /// AWS's own services, which are compared as sums.
    Service(Service<'a>),
    /// Nothing to compare, and why: another provider's.
    Other(&'static str),
}

/// A row of AWS's own services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service<'a> {
    /// Who pays.
    pub payer: AccountId,
    /// The billing month.
    pub month: Period,
    /// Its type, as the file writes it.
    pub line_type: &'a str,
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub amount: Exact,
}

/// How a statement's columns lie in one file.
pub struct Layout {
    /// The kind of statement.
    pub statement: &'static dyn Statement,
    at: Vec<Option<usize>>,
    names: Vec<String>,
}

/// A header that is no statement's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecognised {
    /// The kind that has the most of its needed columns there.
    pub closest: &'static str,
    /// Which of them are there.
    pub present: Vec<&'static str>,
    /// Which are not.
    pub missing: Vec<&'static str>,
}

fn place(column: &Column, header: &[&str]) -> Option<usize> {
    column.names.iter().find_map(|name| header.iter().position(|known| known == name))
}

/// The kind of statement that a header belongs to.
///
/// # Errors
/// It belongs to none.
pub fn recognise(header: &[&str]) -> Result<Layout, Unrecognised> {
    let split = |statement: &'static dyn Statement| -> (Vec<&'static str>, Vec<&'static str>) {
        let needed = statement.columns().iter().filter(|column| column.needed);
        let (present, missing): (Vec<&Column>, Vec<&Column>) = needed.partition(|column| place(column, header).is_some());
        let names = |columns: Vec<&'static Column>| columns.into_iter().map(|column| column.names[0]).collect();
        (names(present), names(missing))
    };
    // Of two kinds whose needed columns are all there, the one that needs more is meant.
    let fits = STATEMENTS.iter().filter(|statement| split(**statement).1.is_empty());
    let Some(statement) = fits.max_by_key(|statement| split(**statement).0.len()).copied() else {
        let nearness = |statement: &&&'static dyn Statement| {
            let (present, missing) = split(**statement);
            present.len() * 1000 / (present.len() + missing.len())
        };
        let closest = STATEMENTS.iter().rev().max_by_key(nearness).expect("there are kinds of statements");
        let (present, missing) = split(*closest);
        return Err(Unrecognised { closest: closest.title(), present, missing });
    };
    let at: Vec<Option<usize>> = statement.columns().iter().map(|column| place(column, header)).collect();
    let called = |(column, at): (&Column, &Option<usize>)| at.map_or(column.names[0], |at| header[at]).to_owned();
    let names = statement.columns().iter().zip(&at).map(called).collect();
    Ok(Layout { statement, at, names })
}

/// A row of a statement, being read. It remembers what was wrong.
pub struct Row<'a> {
    layout: &'a Layout,
    cell: &'a dyn Fn(usize) -> &'a str,
    problems: std::cell::RefCell<Vec<Problem>>,
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// Who pays.
    pub payer: AccountId,
    /// The first moment of the month.
    pub month: Instant,
    /// `services`, `support` or `marketplace`.
    pub class: &'static str,
    /// The type of the line, as the file writes it.
    pub line_type: String,
    /// The currency.
    pub currency: Currency,
    /// By cost column.
    pub costs: Vec<(&'static str, Exact)>,
    /// Of the Marketplace: the buyer's invoice.
    pub invoice: Option<InvoiceId>,
    /// Of the Marketplace: the code of the product.
    pub product: Option<Reference>,
    /// Of the Marketplace: the seller of record.
    pub seller: Option<String>,
}

impl Layout {
    /// Which columns of the file are read, by their place.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.at.iter().copied().flatten()
    }

    /// Reads a row as what is compared.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read<'a>(&'a self, cell: &'a dyn Fn(usize) -> &'a str) -> Result<Told<'a>, Vec<Problem>> {
        let row = Row { layout: self, cell, problems: std::cell::RefCell::default() };
        let told = self.statement.read(&row);
        let problems = row.problems.into_inner();
        match told {
            Some(told) if problems.is_empty() => Ok(told),
            _ => Err(problems),
        }
    }

    /// Reads a row of a bill as it is recorded.
    ///
    /// # Errors
    /// Everything that is wrong with it. Nothing when it is of no use here.
    pub fn bill<'a>(&'a self, cell: &'a dyn Fn(usize) -> &'a str) -> Result<Option<BillLine>, Vec<Problem>> {
        let row = Row { layout: self, cell, problems: std::cell::RefCell::default() };
        let line = self.statement.bill(&row);
        let problems = row.problems.into_inner();
        if problems.is_empty() { Ok(line) } else { Err(problems) }
    }
}

impl<'a> Row<'a> {
    /// The text of a column; nothing when it is empty. Some files write nothing as a word.
    fn text(&self, column: usize) -> Option<&'a str> {
        let text = (self.cell)(self.layout.at[column]?);
        (!text.is_empty() && text != "NULL" && text != "null").then_some(text)
    }

    fn read<T>(&self, column: usize, read: impl Fn(&'a str) -> Result<T, Complaint>) -> Option<T> {
        let text = self.text(column)?;
        read(text).map_err(|(code, why, cure)| self.complain(column, text, code, &why, cure)).ok()
    }

    fn needed<T>(&self, column: usize, read: impl Fn(&'a str) -> Result<T, Complaint>) -> Option<T> {
        if self.text(column).is_none() {
            self.complain(column, "", Code::E0201, "it is empty", "AWS always writes it; download the file again".to_owned());
        }
        self.read(column, read)
    }

    fn complain(&self, column: usize, found: &str, code: Code, why: &str, cure: String) {
        self.problems.borrow_mut().push(Problem::new(code, found, why).column(self.layout.names[column].clone()).cure(cure));
    }

    /// A text that must be there.
    fn word(&self, column: usize) -> Option<&'a str> {
        self.needed(column, Ok)
    }

    fn payer(&self, column: usize) -> Option<AccountId> {
        self.needed(column, feed::account)
    }

    fn currency(&self, column: usize) -> Option<Currency> {
        self.needed(column, feed::currency)
    }

    /// A cost that must be there.
    fn cost(&self, column: usize) -> Option<Exact> {
        self.needed(column, Exact::read)
    }

    fn id<T: std::str::FromStr<Err: std::fmt::Display>>(&self, column: usize) -> Option<T> {
        self.read(column, |text| text.parse().map_err(|why: T::Err| (Code::E0204, why.to_string(), "write the id as AWS does".to_owned())))
    }

    /// A month, by the first moment of it.
    fn month(&self, column: usize) -> Option<Period> {
        self.needed(column, |text| {
            let cure = "AWS writes the first day of the month, in UTC: 2026-03-01T00:00:00Z";
            Period::month_from(feed::moment(text)?).ok_or_else(|| (Code::E0206, "no month begins then".to_owned(), cure.to_owned()))
        })
    }

    /// Every cost column that the row fills.
    fn costs(&self) -> Vec<(&'static str, Exact)> {
        let columns = self.layout.statement.columns().iter().enumerate();
        columns.filter_map(|(at, column)| Some((column.cost?, self.read(at, Exact::read)?))).collect()
    }
}

/// What every bill tells of a charge, as far as it can be read.
struct Charge<'a> {
    payer: Option<AccountId>,
    month: Option<Period>,
    currency: Option<Currency>,
    line_type: Option<&'a str>,
    /// `services`, `support` or `marketplace`.
    class: &'static str,
    seller: Option<&'a str>,
}

impl<'a> Charge<'a> {
    fn is_marketplace(&self) -> bool {
        self.class == "marketplace"
    }

    /// As it is recorded.
    fn bill(&self, row: &Row<'_>, invoice: impl Fn() -> Option<InvoiceId>, product: impl Fn() -> Option<Reference>) -> Option<BillLine> {
        let costs = row.costs();
        let (invoice, product) = if self.is_marketplace() { (invoice(), product()) } else { (None, None) };
        Some(BillLine {
            payer: self.payer?,
            month: self.month?.from,
            class: self.class,
            line_type: self.line_type?.to_owned(),
            currency: self.currency?,
            costs,
            invoice,
            product,
            seller: self.seller.filter(|_| self.is_marketplace()).map(str::to_owned),
        })
    }

    /// As it is compared: AWS's own as a part of a sum, a purchase by what is told of it beside.
    fn told(&self, amount: Option<Exact>, is_model: bool, with: impl FnOnce(&mut Line)) -> Option<Told<'a>> {
        let (payer, month, currency, line_type, amount) = (self.payer?, self.month?, self.currency?, self.line_type?, amount?);
        if !self.is_marketplace() {
            return Some(Told::Service(Service { payer, month, line_type, currency, amount }));
        }
        let subject = match line_type {
            _ if is_model => Subject::Model,
            "Tax" => Subject::Tax,
            "Credit" => Subject::Credit,
            _ => Subject::Purchase,
        };
        let mut line = Line::of(Side::Buyer, subject, (payer, month), line_type, (amount, currency));
        line.seller = self.seller.map(str::to_owned);
        with(&mut line);
        Some(Told::Line(Box::new(line)))
    }
}

/// Whether a product is another provider's model on Amazon Bedrock. Source: the product names that AWS's Cloud Intelligence Dashboards tell apart.
fn is_model(name: &str) -> bool {
    name.contains("Bedrock Edition)")
}
