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

mod bank;
mod cur;
mod disbursement;
mod exact;
mod focus;
mod invoices;
mod labels;
mod line;
mod received;
mod seller_report;
mod sums;
mod versions;
mod words;

use std::collections::BTreeMap;

use crate::document;
use crate::feed::{self, Complaint};
use crate::id::{AccountId, InvoiceId, Reference};
use crate::money::Currency;
use crate::problem::{Code, Problem};
use crate::time::{Instant, Period};

pub use exact::Exact;
pub use labels::Labels;
pub use line::{Line, Side, Subject};
pub use received::{Class, Reading, Received, Summed};
pub use sums::Sums;
pub use versions::{Aside, Bill, Bills, Version, earlier, in_another_form};

/// Every kind of statement there is. A new one is a file and a line.
pub const STATEMENTS: &[&dyn Statement] = &[
    &cur::Cur,
    &focus::Focus,
    &seller_report::BILLED_REVENUE,
    &seller_report::COLLECTIONS,
    &disbursement::Disbursement,
    &invoices::Invoices,
    &bank::Bank,
];

/// What the cost columns of bills are called.
pub fn cost_columns() -> impl Iterator<Item = &'static str> {
    STATEMENTS.iter().filter(|statement| statement.is_bill()).flat_map(|statement| statement.columns()).filter_map(|column| column.cost)
}

/// A column of a statement.
pub struct Column {
    /// The names it has had.
    pub names: &'static [&'static str],
    /// Whether a file without it is no such statement.
    pub needed: bool,
    /// Of a column of money: what it is called, in `spend.recorded` if it is a bill's, in the payouts if it is a seller's report's.
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

    /// Whether its columns are written in one way or another: `Gross_Revenue`, `gross revenue`. Such names are given here in small letters, with
    /// an underscore for everything that is neither letter nor digit.
    fn is_loose(&self) -> bool {
        false
    }

    /// What a row says to whoever compares it with the ledger; nothing when it cannot be read.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>>;

    /// How a row of a bill is recorded; nothing of the other kinds, and when it is of no use here.
    fn bill(&self, _: &Row<'_>) -> Option<BillLine> {
        None
    }

    /// Where it tells invoices, if a file that has the column does.
    fn invoices(&self) -> Option<usize> {
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
    /// Nothing to compare, and why: another provider's. What it comes to is told where it is money.
    Other(&'static str, Option<(Exact, Currency)>),
    /// Nothing to compare, and why: somebody else's transfer. It tells whose list this is, of which month and currency.
    Listed(&'static str, Listed),
}

/// Whose list has a row: of such a list everything is expected that the ledger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Whose view it is.
    pub side: Side,
    /// What the list is of.
    pub subject: Subject,
    /// Whose list.
    pub scope: AccountId,
    /// The first moment of the month.
    pub month: Instant,
    /// The currency.
    pub currency: Currency,
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
    /// Whether it is of the month's own bill, which has its invoice when the month is over.
    pub monthly: bool,
    /// Whether it has an invoice.
    pub invoiced: bool,
}

/// How a statement's columns lie in one file.
pub struct Layout {
    /// The kind of statement.
    pub statement: &'static dyn Statement,
    /// Whose file it is, where its folder or the user says so: the reports of sellers and banks do not always.
    pub whose: Option<AccountId>,
    at: Vec<Option<usize>>,
    names: Vec<String>,
    labels: labels::Columns,
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

/// Where each column stands in a file, by its name as it is written, and as it is compared with the names of kinds whose columns are written in
/// one way or another.
struct Header<'a> {
    columns: &'a [&'a str],
    written: BTreeMap<&'a str, usize>,
    loose: BTreeMap<String, usize>,
}

impl<'a> Header<'a> {
    fn of(columns: &'a [&'a str]) -> Self {
        // Of two that are written alike the first is meant.
        let places = || columns.iter().enumerate().rev();
        let written = places().map(|(at, name)| (*name, at)).collect();
        Self { columns, written, loose: places().map(|(at, name)| (loose(name), at)).collect() }
    }

    fn place(&self, statement: &dyn Statement, column: &Column) -> Option<usize> {
        let is_loose = statement.is_loose();
        column.names.iter().find_map(|name| if is_loose { self.loose.get(*name) } else { self.written.get(name) }).copied()
    }

    /// Which of a kind's needed columns are there, and which are not.
    fn split(&self, statement: &'static dyn Statement) -> (Vec<&'static str>, Vec<&'static str>) {
        let needed = statement.columns().iter().filter(|column| column.needed);
        let (present, missing): (Vec<&Column>, Vec<&Column>) = needed.partition(|column| self.place(statement, column).is_some());
        let names = |columns: Vec<&'static Column>| columns.into_iter().map(|column| column.names[0]).collect();
        (names(present), names(missing))
    }
}

fn loose(name: &str) -> String {
    name.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The kind of statement that a header belongs to.
///
/// # Errors
/// It belongs to none.
pub fn recognise(header: &[&str]) -> Result<Layout, Unrecognised> {
    let header = Header::of(header);
    // Of two kinds whose needed columns are all there, the one that needs more is meant.
    let fits = STATEMENTS.iter().filter(|statement| header.split(**statement).1.is_empty());
    let Some(statement) = fits.max_by_key(|statement| header.split(**statement).0.len()).copied() else {
        let nearness = |statement: &&&'static dyn Statement| {
            let (present, missing) = header.split(**statement);
            present.len() * 1000 / (present.len() + missing.len())
        };
        let closest = STATEMENTS.iter().rev().max_by_key(nearness).expect("there are kinds of statements");
        let (present, missing) = header.split(*closest);
        return Err(Unrecognised { closest: closest.title(), present, missing });
    };
    let at: Vec<Option<usize>> = statement.columns().iter().map(|column| header.place(statement, column)).collect();
    let called = |(column, at): (&Column, &Option<usize>)| at.map_or(column.names[0], |at| header.columns[at]).to_owned();
    let names = statement.columns().iter().zip(&at).map(called).collect();
    Ok(Layout { statement, whose: None, at, names, labels: labels::Columns::of(header.columns) })
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
    /// Of the Marketplace: the cost centre that it is labelled with.
    pub cost_centre: Option<String>,
    /// Whether it is of the month's own bill, which has its invoice when the month is over.
    pub monthly: bool,
    /// Whether it has an invoice.
    pub invoiced: bool,
}

/// Which kind of statement a file is, and in which form of it. Of two forms that tell the same the lesser tells more: CUR 2.0 before the legacy
/// CUR before FOCUS 1.2 before 1.0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Form {
    /// The place of the kind in [`STATEMENTS`].
    kind: usize,
    /// Whether its invoices are not told.
    untold: bool,
    /// Which of its names the first column has.
    names: usize,
}

impl Layout {
    /// Its form.
    pub fn form(&self) -> Form {
        let (kind, first) = (self.statement.name(), &self.statement.columns()[0]);
        Form {
            kind: STATEMENTS.iter().position(|statement| statement.name() == kind).unwrap_or(STATEMENTS.len()),
            untold: !self.tells_invoices(),
            names: first.names.iter().position(|name| self.names.first().is_some_and(|written| written == name)).unwrap_or_default(),
        }
    }

    /// Whether the file tells invoices: a bill may leave the column out.
    pub fn tells_invoices(&self) -> bool {
        self.statement.invoices().is_none_or(|column| self.at[column].is_some())
    }

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

    /// Which columns hold labels, by their place.
    pub fn labelled(&self) -> impl Iterator<Item = usize> {
        self.labels.places()
    }

    /// Reads a row of a bill as it is recorded. Of the Marketplace's, the labels of its month say the cost centre.
    ///
    /// # Errors
    /// Everything that is wrong with it. Nothing when it is of no use here.
    pub fn bill<'a, 'l>(
        &'a self,
        cell: &'a dyn Fn(usize) -> &'a str,
        labels: impl Fn(Instant) -> Labels<'l>,
    ) -> Result<Option<BillLine>, Vec<Problem>> {
        let row = Row { layout: self, cell, problems: std::cell::RefCell::default() };
        let mut line = self.statement.bill(&row);
        let mut problems = row.problems.into_inner();
        if let Some(line) = line.as_mut().filter(|line| line.class == "marketplace") {
            match self.labels.centre(labels(line.month), cell) {
                Ok(centre) => line.cost_centre = centre,
                Err((name, at)) => {
                    let problem = Problem::new(Code::E0203, cell(at), "it is no map of labels").column(name.to_owned());
                    problems.push(problem.cure("AWS writes a JSON object of texts: {\"user_team\":\"A\"}; download the file again"));
                }
            }
        }
        if problems.is_empty() { Ok(line) } else { Err(problems) }
    }
}

impl<'a> Row<'a> {
    /// The text of a column; nothing when it is empty. Some files write nothing as a word.
    fn text(&self, column: usize) -> Option<&'a str> {
        let text = (self.cell)(self.layout.at[column]?);
        (!text.is_empty() && !matches!(text, "NULL" | "null" | "Not available" | "Not applicable" | "Not provided")).then_some(text)
    }

    /// Whether the file has the column at all.
    fn has(&self, column: usize) -> bool {
        self.layout.at[column].is_some()
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

    /// Whose the row is: as its file's folder or the user says, else as the row tells.
    fn whose(&self, column: usize, told: Option<AccountId>) -> Option<AccountId> {
        let whose = self.layout.whose.or(told);
        if whose.is_none() {
            let cure = "put the file into a folder that is named by the 12 digits of whose it is".to_owned();
            self.complain(column, "", Code::E0322, "neither its folder nor the row says whose it is", cure);
        }
        whose
    }

    fn account(&self, column: usize) -> Option<AccountId> {
        self.read(column, feed::account)
    }

    /// A moment, as AWS's queries and APIs write it: with `UTC` behind it, or as seconds since 1970.
    fn moment(&self, column: usize) -> Option<Instant> {
        self.read(column, |text| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.len() > 8;
            if is_number { document::epoch(text) } else { document::moment(text.strip_suffix(" UTC").unwrap_or(text)) }
        })
    }

    /// The month of a moment that must be there.
    fn month_of(&self, column: usize) -> Option<(Instant, Period)> {
        self.needed(column, |_| Ok(()))?;
        let moment = self.moment(column)?;
        Some((moment, Period::month_of(moment)?))
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

    /// Every column of money that the row fills.
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
    monthly: bool,
    invoiced: bool,
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
            cost_centre: None,
            monthly: self.monthly,
            invoiced: self.invoiced,
        })
    }

    /// As it is compared: AWS's own as a part of a sum, a purchase by what is told of it beside.
    fn told(&self, amount: Option<Exact>, is_model: bool, with: impl FnOnce(&mut Line)) -> Option<Told<'a>> {
        let (payer, month, currency, line_type, amount) = (self.payer?, self.month?, self.currency?, self.line_type?, amount?);
        if !self.is_marketplace() {
            let Self { monthly, invoiced, .. } = *self;
            return Some(Told::Service(Service { payer, month, line_type, currency, amount, monthly, invoiced }));
        }
        let subject = match line_type {
            _ if is_model => Subject::Model,
            "Tax" => Subject::Tax,
            "Credit" => Subject::Credit,
            _ => Subject::Purchase,
        };
        let mut line = Line::of(Side::Buyer, subject, (payer, month), line_type, (amount, currency));
        line.seller = self.seller.map(str::to_owned);
        line.monthly = self.monthly;
        with(&mut line);
        Some(Told::Line(Box::new(line)))
    }
}

/// Whether a product is another provider's model on Amazon Bedrock. Source: the product names that AWS's Cloud Intelligence Dashboards tell apart.
fn is_model(name: &str) -> bool {
    name.contains("Bedrock Edition)")
}
