//! What the lines of bills come to, for the record: `spend.recorded`.

use std::collections::BTreeMap;

use super::{Bill, BillLine, Bills, Exact};
use crate::event::Event;
use crate::event::commitment::{CentreShare, SpendRecorded};
use crate::feed::Fact;
use crate::id::{AccountId, InvoiceId, Reference};
use crate::money::Currency;
use crate::problem::{Code, Problem};
use crate::time::{Instant, Period};

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
    /// Of the first column, by the cost centre that rows are labelled with.
    centres: BTreeMap<String, Exact>,
    rows: u64,
    /// The file and the row that came last.
    last: (usize, u64),
}

/// What the lines of bills come to: of several files together, because AWS delivers a month in parts.
#[derive(Debug)]
pub struct Sums {
    statement: &'static str,
    sums: BTreeMap<Key, Sum>,
    /// The bills that were told, and whether each is final.
    pub bills: Bills,
}

impl Sums {
    /// Nothing yet, of a kind of bill.
    pub fn of(statement: &'static str) -> Self {
        Self { statement, sums: BTreeMap::new(), bills: Bills::default() }
    }

    /// Adds a line, from a row of a file.
    ///
    /// # Errors
    /// The sum has more digits than there is room for.
    pub fn add(&mut self, line: BillLine, (file, row): (usize, u64)) -> Result<(), Problem> {
        let BillLine { payer, month, class, line_type, currency, costs, invoice, product, seller, cost_centre, monthly, invoiced } = line;
        if costs.iter().any(|(_, cost)| !cost.is_zero()) {
            self.bills.take((payer, month), monthly, invoiced);
        }
        let sum = self.sums.entry(Key { payer, month, class, line_type, currency, invoice, product, seller }).or_default();
        if let (Some(centre), Some((column, cost))) = (cost_centre, costs.first()) {
            let known = sum.centres.entry(centre).or_default();
            *known = known.checked_add(*cost).ok_or_else(|| too_fine(column, *cost))?;
        }
        for (column, cost) in costs {
            let (known, filled) = sum.costs.entry(column).or_default();
            let Some(added) = known.checked_add(cost) else {
                return Err(too_fine(column, cost));
            };
            *known = added;
            *filled += 1;
        }
        sum.rows += 1;
        sum.last = (file, row);
        Ok(())
    }

    /// Takes out a bill, which another file tells as it is final.
    pub fn leave_out(&mut self, (payer, month): Bill) {
        self.sums.retain(|key, _| (key.payer, key.month) != (payer, month));
    }

    /// Adds what the lines of another file come to.
    ///
    /// # Errors
    /// A sum has more digits than there is room for.
    pub fn merge(&mut self, other: Self) -> Result<(), Problem> {
        for (key, sum) in other.sums {
            let into = self.sums.entry(key).or_default();
            for (centre, cost) in sum.centres {
                let known = into.centres.entry(centre).or_default();
                *known = known.checked_add(cost).ok_or_else(|| too_fine("cost_centre", cost))?;
            }
            for (column, (cost, rows)) in sum.costs {
                let (known, filled) = into.costs.entry(column).or_default();
                *known = known.checked_add(cost).ok_or_else(|| too_fine(column, cost))?;
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
            centres: shares(&sum.centres),
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

fn shares(centres: &BTreeMap<String, Exact>) -> Vec<CentreShare> {
    let share = |(centre, cost): (&String, &Exact)| CentreShare { amount: cost.rounded().0, cost_centre: centre.clone() };
    centres.iter().map(share).collect()
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
