//! AWS's bills: what a line of a cost and usage file says, and what the lines of a month come to.
//!
//! ```text
//! header  -recognise-> Layout            by its columns, never by its name or order
//! cells   -Layout::read-> BillLine       who pays, for which month, of which type, how much by cost column
//! lines   -Sums::add-> -Sums::facts-> [Fact]   one spend.recorded for each payer, month and line type; of the Marketplace for each
//!                                        invoice, product and seller
//! ```
//!
//! Costs have up to a dozen decimals and exponents. They are summed exactly, and rounded once, at the end, to the eight decimals of an
//! [`Amount`]; what was rounded is said with all its decimals.

mod cur;
mod focus;
mod line;
mod sum;

use std::collections::BTreeMap;

use crate::event::Event;
use crate::event::commitment::SpendRecorded;
use crate::feed::{self, Complaint, Fact};
use crate::id::{AccountId, InvoiceId, Reference};
use crate::money::{Amount, Currency, DECIMALS, round_half_up};
use crate::problem::{Code, Problem};
use crate::time::{Instant, Period};

pub use line::{Line, Side, Subject};

/// Every kind of bill there is. A new one is a file and a line.
pub const STATEMENTS: &[&dyn Statement] = &[&cur::Cur, &focus::Focus];

/// A column of a bill.
pub struct Column {
    /// The names it has had.
    pub names: &'static [&'static str],
    /// Whether a file without it is no such bill.
    pub needed: bool,
    /// Of a cost column: what it is called in `spend.recorded`.
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

/// One kind of bill.
pub trait Statement: Sync {
    /// Its name, which begins every natural key: `cur`.
    fn name(&self) -> &'static str;

    /// Its columns.
    fn columns(&self) -> &'static [Column];

    /// What a row says; nothing when it is of no use here.
    fn read(&self, row: &Row<'_>) -> Option<BillLine>;
}

/// How a bill's columns lie in one file.
pub struct Layout {
    /// The kind of bill.
    pub statement: &'static dyn Statement,
    at: Vec<Option<usize>>,
    names: Vec<String>,
}

/// The kind of bill that a header belongs to.
pub fn recognise(header: &[&str]) -> Option<Layout> {
    let place = |column: &Column| column.names.iter().find_map(|name| header.iter().position(|known| known == name));
    let fits = |statement: &&&'static dyn Statement| statement.columns().iter().all(|column| !column.needed || place(column).is_some());
    let statement = *STATEMENTS.iter().find(fits)?;
    let at: Vec<Option<usize>> = statement.columns().iter().map(place).collect();
    let called = |(column, at): (&Column, &Option<usize>)| at.map_or(column.names[0], |at| header[at]).to_owned();
    let names = statement.columns().iter().zip(&at).map(called).collect();
    Some(Layout { statement, at, names })
}

/// A row of a bill, being read. It remembers what was wrong.
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
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it. Nothing when it is of no use here.
    pub fn read<'a>(&'a self, cell: &'a dyn Fn(usize) -> &'a str) -> Result<Option<BillLine>, Vec<Problem>> {
        let row = Row { layout: self, cell, problems: std::cell::RefCell::default() };
        let line = self.statement.read(&row);
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

    fn read<T>(&self, column: usize, read: impl Fn(&str) -> Result<T, Complaint>) -> Option<T> {
        let text = self.text(column)?;
        read(text).map_err(|(code, why, cure)| self.complain(column, text, code, &why, cure)).ok()
    }

    fn needed<T>(&self, column: usize, read: impl Fn(&str) -> Result<T, Complaint>) -> Option<T> {
        if self.text(column).is_none() {
            self.complain(column, "", Code::E0201, "it is empty", "AWS always writes it; download the file again".to_owned());
        }
        self.read(column, read)
    }

    fn complain(&self, column: usize, found: &str, code: Code, why: &str, cure: String) {
        self.problems.borrow_mut().push(Problem::new(code, found, why).column(self.layout.names[column].clone()).cure(cure));
    }

    fn payer(&self, column: usize) -> Option<AccountId> {
        self.needed(column, feed::account)
    }

    fn currency(&self, column: usize) -> Option<Currency> {
        self.needed(column, feed::currency)
    }

    fn id<T: std::str::FromStr<Err: std::fmt::Display>>(&self, column: usize) -> Option<T> {
        self.read(column, |text| text.parse().map_err(|why: T::Err| (Code::E0204, why.to_string(), "write the id as AWS does".to_owned())))
    }

    /// A month, by the first moment of it.
    fn month(&self, column: usize) -> Option<Instant> {
        self.needed(column, |text| {
            let moment = feed::moment(text)?;
            let day = moment.day();
            match Period::parse(&day.format("%Y-%m").to_string(), day) {
                Ok(month) if month.from == moment => Ok(moment),
                _ => Err((
                    Code::E0206,
                    "no month begins then".to_owned(),
                    "AWS writes the first day of the month: 2026-03-01T00:00:00Z".to_owned(),
                )),
            }
        })
    }

    /// Every cost column that the row fills.
    fn costs(&self) -> Vec<(&'static str, Exact)> {
        let columns = self.layout.statement.columns().iter().enumerate();
        columns.filter_map(|(at, column)| Some((column.cost?, self.read(at, Exact::read)?))).collect()
    }
}

/// A cost with all its decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exact(i128);

impl Exact {
    /// So many decimals are kept: AWS writes a dozen. There is room for ten thousand million million before the point.
    const DECIMALS: u32 = 22;

    /// Reads `0.0000001`, `-7.0E-10`, `12`.
    fn read(text: &str) -> Result<Self, Complaint> {
        let wrong = |why: &str| (Code::E0211, why.to_owned(), "AWS writes 12.5 or -7.0E-10; download the file again".to_owned());
        let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| wrong("its exponent is no number"))?;
        let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if whole.is_empty() && fraction.is_empty() || !all().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("it is no decimal number"));
        }
        let fine = || (Code::E0208, "more digits than there is room for".to_owned(), "download the file again".to_owned());
        let mut units: i128 = 0;
        for digit in all() {
            units = units.checked_mul(10).and_then(|units| units.checked_add(i128::from(digit - b'0'))).ok_or_else(fine)?;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| fine())?;
        let shift = exponent.checked_add(Self::DECIMALS.cast_signed()).and_then(|shift| shift.checked_sub(places)).ok_or_else(fine)?;
        let power = |places: u32| 10_i128.checked_pow(places).ok_or_else(fine);
        let units = match u32::try_from(shift) {
            _ if units == 0 => 0,
            Ok(places) => units.checked_mul(power(places)?).ok_or_else(fine)?,
            Err(_) => {
                let step = power(shift.unsigned_abs())?;
                if units % step != 0 {
                    return Err(fine());
                }
                units / step
            }
        };
        Ok(Self(if negative { -units } else { units }))
    }

    /// Rounded half up to eight decimals, and whether that changed it.
    fn rounded(self) -> (Amount, bool) {
        let step = 10_i128.pow(Self::DECIMALS - DECIMALS);
        let units = round_half_up(self.0, step) / step;
        (Amount::from_units(units), units * step != self.0)
    }

    /// All its decimals, without zeros at the end.
    fn written(self) -> String {
        let one = 10_u128.pow(Self::DECIMALS);
        let (sign, units) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let text = format!("{sign}{}.{:022}", units / one, units % one);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// What tells sums apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    payer: AccountId,
    month: Instant,
    class: &'static str,
    line_type: String,
    currency: Currency,
    invoice: Option<InvoiceId>,
    product: Option<Reference>,
    seller: Option<String>,
}

#[derive(Debug, Default)]
struct Sum {
    /// By column, and how many rows fill it.
    costs: BTreeMap<&'static str, (Exact, u64)>,
    rows: u64,
    /// The file and the row that came last.
    last: (usize, u64),
}

/// What the lines of bills come to: of several files together, because AWS delivers a month in parts.
#[derive(Debug)]
pub struct Sums {
    statement: &'static str,
    sums: BTreeMap<Key, Sum>,
}

impl Sums {
    /// Nothing yet, of a kind of bill.
    pub fn of(statement: &'static str) -> Self {
        Self { statement, sums: BTreeMap::new() }
    }

    /// Adds a line, from a row of a file.
    ///
    /// # Errors
    /// The sum has more digits than there is room for.
    pub fn add(&mut self, line: BillLine, (file, row): (usize, u64)) -> Result<(), Problem> {
        let BillLine { payer, month, class, line_type, currency, costs, invoice, product, seller } = line;
        let sum = self.sums.entry(Key { payer, month, class, line_type, currency, invoice, product, seller }).or_default();
        for (column, cost) in costs {
            let (known, filled) = sum.costs.entry(column).or_default();
            let Some(added) = known.0.checked_add(cost.0) else {
                return Err(too_fine(column, cost));
            };
            *known = Exact(added);
            *filled += 1;
        }
        sum.rows += 1;
        sum.last = (file, row);
        Ok(())
    }

    /// Adds what the lines of another file come to.
    ///
    /// # Errors
    /// A sum has more digits than there is room for.
    pub fn merge(&mut self, other: Self) -> Result<(), Problem> {
        for (key, sum) in other.sums {
            let into = self.sums.entry(key).or_default();
            for (column, (cost, rows)) in sum.costs {
                let (known, filled) = into.costs.entry(column).or_default();
                known.0 = known.0.checked_add(cost.0).ok_or_else(|| too_fine(column, cost))?;
                *filled += rows;
            }
            into.rows += sum.rows;
            into.last = into.last.max(sum.last);
        }
        Ok(())
    }

    /// The sums as facts, each with the file and the row that it ends in. `known` gives what the ledger has of a payer's month, and whether the
    /// bill still said so: what it says no more is taken back, in the file that ends the month.
    pub fn facts(&self, known: impl Fn(AccountId, Instant) -> Vec<(SpendRecorded, bool)>) -> Vec<((usize, u64), Fact)> {
        let mut facts = Vec::new();
        let mut by_month: BTreeMap<(AccountId, Instant), Vec<(&Key, &Sum)>> = BTreeMap::new();
        for (key, sum) in &self.sums {
            by_month.entry((key.payer, key.month)).or_default().push((key, sum));
        }
        for ((payer, month), of_month) in by_month {
            let mut before: BTreeMap<Of, (SpendRecorded, bool)> =
                known(payer, month).into_iter().map(|(known, stands)| (of(&known), (known, stands))).collect();
            let last = of_month.iter().map(|(_, sum)| sum.last).max().unwrap_or_default();
            for (key, sum) in of_month {
                let mut told = self.told(key, sum);
                if let Some((known, stands)) = before.remove(&of(&told)) {
                    // What is said again, after something else was said, is another statement than the first time.
                    told.revision = known.revision;
                    told.revision += u64::from(known != told || !stands);
                }
                facts.push((sum.last, self.fact(told, false)));
            }
            let gone = before.into_values().filter(|(_, stands)| *stands);
            facts.extend(gone.map(|(known, _)| (last, self.fact(known, true))));
        }
        facts
    }

    fn told(&self, key: &Key, sum: &Sum) -> SpendRecorded {
        // A column that some of the lines leave empty is no sum of all of them.
        let filled = || sum.costs.iter().filter(|(_, (_, filled))| *filled == sum.rows);
        let rounded = || filled().map(|(column, (cost, _))| ((*column).to_owned(), *cost, cost.rounded()));
        SpendRecorded {
            amounts: rounded().map(|(column, _, (amount, _))| (column, amount)).collect(),
            class: key.class.to_owned(),
            currency: key.currency,
            exact: rounded().filter(|(_, _, (_, changed))| *changed).map(|(column, cost, _)| (column, cost.written())).collect(),
            invoice: key.invoice.clone(),
            line_type: key.line_type.clone(),
            month: key.month,
            payer: key.payer,
            product: key.product.clone(),
            revision: 0,
            rows: sum.rows,
            seller: key.seller.clone(),
            statement: self.statement.to_owned(),
        }
    }

    fn fact(&self, told: SpendRecorded, withdrawn: bool) -> Fact {
        let month = told.month.day().format("%Y-%m").to_string();
        let of_marketplace =
            [told.invoice.as_ref().map(ToString::to_string), told.product.as_ref().map(ToString::to_string), told.seller.clone()];
        let mut key = format!("{}:{}:{month}:{}:{}:{}", self.statement, told.payer, told.class, told.line_type, told.currency);
        if told.class == "marketplace" {
            of_marketplace.into_iter().for_each(|part| key.extend([":", &part.unwrap_or_default()]));
        }
        // A month's bill is true of all of it: at its last moment.
        let end = Period::parse(&month, told.month.day()).map_or(told.month, |period| Instant::from_micros(period.until.micros() - 1));
        Fact { key, effective_at: end, stated_at: None, withdrawn, event: Event::SpendRecorded(Box::new(told)) }
    }
}

fn too_fine(column: &str, cost: Exact) -> Problem {
    Problem::new(Code::E0208, cost.written(), "the sum has more digits than there is room for").column(column)
}

/// What tells the sums of a month apart.
type Of = (String, String, Currency, Option<InvoiceId>, Option<Reference>, Option<String>);

fn of(spend: &SpendRecorded) -> Of {
    let (invoice, product, seller) = (spend.invoice.clone(), spend.product.clone(), spend.seller.clone());
    (spend.class.clone(), spend.line_type.clone(), spend.currency, invoice, product, seller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_read_and_written_with_all_their_decimals() {
        for (text, written, amount) in [
            ("12.5", "12.5", "12.5"),
            ("-7.0E-10", "-0.0000000007", "0"),
            ("1.81E-8", "0.0000000181", "0.00000002"),
            ("0", "0", "0"),
            ("1E3", "1000", "1000"),
            ("1.68230869740", "1.6823086974", "1.6823087"),
        ] {
            let exact = Exact::read(text).unwrap();
            assert_eq!((exact.written().as_str(), exact.rounded().0), (written, amount.parse().unwrap()), "{text}");
        }
        for text in ["", "1,000.00", "$5", "1E", "1E-30", "1E2147483647", "1E-2147483648", "--1", "."] {
            assert!(Exact::read(text).is_err(), "{text}");
        }
    }
}
