//! What a statement says, once it has been read: its lines, its sums of AWS's own services, and in which class every row of it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bills, Exact, Form, Layout, Line, Listed, Side, Subject, Told};
use crate::chain::Hash;
use crate::id::AccountId;
use crate::money::Currency;
use crate::problem::{Code, Problem};
use crate::time::{Instant, Period};

/// What became of a row. Every row of a statement is in exactly one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A line that is compared on its own.
    Line,
    /// A part of a sum of AWS's own services.
    Summed,
    /// Nothing to compare: another provider's.
    Other,
    /// It could not be read.
    Rejected,
}

/// A sum of AWS's own services, by payer, month, type and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summed {
    /// The sum, as a line of [`Subject::Services`]; its row is the last that it is of.
    pub line: Line,
    /// How many rows it is of.
    pub rows: u64,
}

/// A statement that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What its file is called.
    pub name: String,
    /// BLAKE3 of its bytes, after decompression: as `source.imported` names a file.
    pub digest: Hash,
    /// Which kind of statement it is: `cur`.
    pub kind: &'static str,
    /// What people call that kind.
    pub title: &'static str,
    /// How many rows it has, the header not counted.
    pub rows: u64,
    /// Its lines, in the order of their rows.
    pub lines: Vec<Line>,
    /// Its sums of AWS's own services, by payer, month, currency and type.
    pub services: Vec<Summed>,
    /// How many rows are in each class. They sum to the rows.
    pub classes: BTreeMap<Class, u64>,
    /// Of the rows with nothing to compare: how many, by why.
    pub others: BTreeMap<&'static str, u64>,
    /// Whose lists these rows show it to be.
    pub lists: BTreeSet<Listed>,
    /// Its form.
    pub form: Form,
    /// The bills it tells, and whether each is final.
    pub bills: Bills,
    /// Whether it has a column of invoices.
    pub tells_invoices: bool,
    /// What the rows of a class come to, in a currency, with all decimals.
    pub totals: BTreeMap<(Class, Currency), Exact>,
}

impl Received {
    /// How many rows are in a class.
    pub fn rows_of(&self, class: Class) -> u64 {
        self.classes.get(&class).copied().unwrap_or_default()
    }

    /// Everything that is compared: the lines, then the sums.
    pub fn compared(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().chain(self.services.iter().map(|summed| &summed.line))
    }

    /// Whose views it holds.
    pub fn sides(&self) -> BTreeSet<Side> {
        self.compared().map(|line| line.side).collect()
    }

    /// Whose statement it is: payers, or recipients.
    pub fn scopes(&self) -> BTreeSet<AccountId> {
        self.compared().map(|line| line.scope).collect()
    }

    /// The first moments of the months that it tells of.
    pub fn months(&self) -> BTreeSet<Instant> {
        self.compared().map(|line| line.month.from).collect()
    }

    /// Its currencies.
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.compared().map(|line| line.currency).collect()
    }
}

/// A statement, being read: row by row, in memory that grows with its lines and not with AWS's own rows.
#[derive(Debug)]
pub struct Reading {
    received: Received,
    services: BTreeMap<(AccountId, Instant, Currency), BTreeMap<String, Summed>>,
}

impl Reading {
    /// Nothing yet, of a file of a kind.
    pub fn of(layout: &Layout, name: String) -> Self {
        let statement = layout.statement;
        let received = Received {
            name,
            digest: Hash::ZERO,
            kind: statement.name(),
            title: statement.title(),
            rows: 0,
            lines: Vec::new(),
            services: Vec::new(),
            classes: BTreeMap::new(),
            others: BTreeMap::new(),
            lists: BTreeSet::new(),
            form: layout.form(),
            bills: Bills::default(),
            tells_invoices: layout.tells_invoices(),
            totals: BTreeMap::new(),
        };
        Self { received, services: BTreeMap::new() }
    }

    /// Takes what a row says, which is the row of this number.
    ///
    /// # Errors
    /// A sum has more digits than there is room for; the row then counts as rejected.
    pub fn take(&mut self, row: u64, told: Told<'_>) -> Result<(), Problem> {
        let class = match told {
            Told::Line(line) => {
                self.add(Class::Line, line.amount, line.currency)?;
                if line.side == Side::Buyer && line.subject != Subject::Invoice && !line.amount.is_zero() {
                    self.received.bills.take((line.scope, line.month.from), line.monthly, line.invoice.is_some());
                }
                self.received.lines.push(Line { row, ..*line });
                Class::Line
            }
            Told::Service(service) => {
                self.add(Class::Summed, service.amount, service.currency)?;
                if !service.amount.is_zero() {
                    self.received.bills.take((service.payer, service.month.from), service.monthly, service.invoiced);
                }
                let of_month = self.services.entry((service.payer, service.month.from, service.currency)).or_default();
                if !of_month.contains_key(service.line_type) {
                    of_month.insert(service.line_type.to_owned(), nothing(&service));
                }
                let summed = of_month.get_mut(service.line_type).expect("it was put there if it was not");
                let Some(sum) = summed.line.amount.checked_add(service.amount) else { return Err(self.no_room(service.amount)) };
                summed.line.amount = sum;
                summed.line.row = row;
                summed.rows += 1;
                Class::Summed
            }
            Told::Listed(why, list) => {
                *self.received.others.entry(why).or_default() += 1;
                self.received.lists.insert(list);
                Class::Other
            }
            Told::Other(why, money) => {
                if let Some((amount, currency)) = money {
                    self.add(Class::Other, amount, currency)?;
                }
                *self.received.others.entry(why).or_default() += 1;
                Class::Other
            }
        };
        *self.received.classes.entry(class).or_default() += 1;
        self.received.rows += 1;
        Ok(())
    }

    /// Adds to what a class comes to.
    fn add(&mut self, class: Class, amount: Exact, currency: Currency) -> Result<(), Problem> {
        let total = self.received.totals.entry((class, currency)).or_default();
        match total.checked_add(amount) {
            Some(sum) => *total = sum,
            None => return Err(self.no_room(amount)),
        }
        Ok(())
    }

    fn no_room(&mut self, amount: Exact) -> Problem {
        self.reject(1);
        let cure = "no month of AWS's comes to this: download the file again";
        Problem::new(Code::E0208, amount.written(), "the sum has more digits than there is room for").cure(cure)
    }

    /// Counts rows that could not be read.
    pub fn reject(&mut self, rows: u64) {
        if rows > 0 {
            *self.received.classes.entry(Class::Rejected).or_default() += rows;
            self.received.rows += rows;
        }
    }

    /// What was read, of a file with this digest.
    pub fn end(mut self, digest: Hash) -> Received {
        self.received.digest = digest;
        self.received.services = self.services.into_values().flat_map(BTreeMap::into_values).collect();
        self.received
    }
}

fn nothing(service: &super::Service<'_>) -> Summed {
    let whose: (AccountId, Period) = (service.payer, service.month);
    let nothing = (Exact::default(), service.currency);
    Summed { line: Line::of(Side::Buyer, Subject::Services, whose, service.line_type, nothing), rows: 0 }
}
