//! `show edp`: how far commitments are retired, at any basis. The rules are [`commitment`](crate::commitment)'s; here their lines are gathered.
//!
//! ```text
//! Billing   purchases of the payers, line by line      \
//! Records   the bills' Marketplace lines nobody else tells -> judged and filled, contract year by contract year
//!           AWS's own services, by month               /      -> report, lines, why
//! ```
//!
//! A purchase is known from the seller's feeds, or from the buyer's bill. Both meet at the buyer's invoice: what the feeds tell of one counts,
//! and a bill's line of the same invoice does not count again.

mod card;
mod forecast;
mod measure;
mod opening;
mod posts;
mod report;
mod retired;
mod statement;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub use self::forecast::{Closing, Forecast};
pub use self::measure::findings;
pub use self::posts::Shortfalls;
pub use self::report::{edp, why};
pub use self::retired::Retired;
pub use self::statement::Compared;
use super::billing::{Billing, Bought, Names};
use super::records::View;
use crate::book::Book;
use crate::commitment::{DEPLOYED_ON_AWS, Judged, Line, Opening, Reckoned, Rule, Why, in_force, judge, period, reckon};
use crate::event::commitment::{CommitmentTerms, ShortfallInvoiced, SpendRecorded};
use crate::id::{AccountId, ProductId, Reference};
use crate::money::{Amount, CENT, Currency, round_half_up};
use crate::time::{Instant, Period};

/// Where a purchase is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchased {
    /// Who pays.
    pub payer: AccountId,
    /// The buyer's invoice.
    pub invoice: Option<String>,
    /// The agreement.
    pub agreement: Option<String>,
    /// The product: its id, or what the bill calls it.
    pub product: Option<String>,
    /// Of what was given back, when.
    pub given_back: Option<Instant>,
    /// Of a bill that does not date it, the month: it counts on the last day of that, and may have been invoiced on any.
    pub undated: Option<Instant>,
    /// Positions of the events that say so.
    pub seqs: Vec<u64>,
    /// When rows of a feed that say so took effect; a bill's are of its month.
    pub told: BTreeSet<Instant>,
}

impl Purchased {
    fn by(payer: AccountId, product: Option<&ProductId>) -> Self {
        Self {
            payer,
            invoice: None,
            agreement: None,
            product: product.map(ToString::to_string),
            given_back: None,
            undated: None,
            seqs: Vec::new(),
            told: BTreeSet::new(),
        }
    }
}

/// The terms of a commitment that are in force.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The terms.
    pub terms: CommitmentTerms,
    /// Position of the event that says so.
    pub seq: u64,
}

/// A commitment as it stands at a basis.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its terms in force.
    pub contract: Contract,
    /// The contract years that had begun, each reckoned.
    pub years: Vec<Reckoned<Purchased>>,
    /// Purchases that count in no contract year.
    pub outside: usize,
    /// What was given back since the ledger began, of purchases of a contract year before it: the year is not reckoned.
    pub earlier: usize,
    /// What was brought forward and no contract year holds: since when it was to count, and the position that says so.
    pub misplaced: Option<(Instant, u64)>,
    /// What AWS's own services came to: by payer and month, with the positions that say so.
    pub services: BTreeMap<(AccountId, Instant), (i128, Vec<u64>)>,
    /// Months of payers that have ended and whose bills are not here, or tell nothing of it.
    pub missing: BTreeSet<(Instant, AccountId)>,
    /// The bills that are here and tell nothing of it, each with the reason.
    pub unread: BTreeMap<(Instant, AccountId), Unread>,
    /// The end of the asked time.
    pub until: Instant,
}

/// A year has so many months at most, and a question is not asked beyond ten of them.
const MONTHS: usize = 120;

/// The calendar months that begin inside of a period.
fn months(of: Period) -> Vec<Period> {
    let mut day = of.from.day();
    let mut found = Vec::new();
    while found.len() < MONTHS {
        let Ok(month) = Period::parse(&day.format("%Y-%m").to_string(), day) else { break };
        if month.from >= of.until {
            break;
        }
        if month.from >= of.from {
            found.push(month);
        }
        day = month.until.day();
    }
    found
}

/// What is known at a basis, and what it is asked with.
pub struct Setting<'a> {
    /// The records.
    pub view: &'a View<'a>,
    /// The money.
    pub billing: &'a Billing,
    /// The policies.
    pub book: &'a Book,
    /// Which accounts are meant.
    pub names: &'a dyn Names,
}

/// Why a bill that is here tells nothing of a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is in these currencies, and not in the commitment's.
    Currency(BTreeSet<Currency>),
    /// Not every line that counts has a cost column of the measure; these columns they all have.
    Column(BTreeSet<String>),
}

impl Unread {
    fn words(&self, terms: &CommitmentTerms) -> String {
        let quoted = |column: &String| format!("`{column}`");
        match self {
            Self::Currency(found) => {
                let found: Vec<String> = found.iter().map(ToString::to_string).collect();
                format!("in {}, and the commitment is in {}", found.join(" and "), terms.currency)
            }
            Self::Column(found) => {
                let wanted: Vec<String> = terms.measure.columns.iter().map(quoted).collect();
                let found: Vec<String> = found.iter().map(quoted).collect();
                let has = if found.is_empty() { "no column in common".to_owned() } else { found.join(" and ") };
                format!("not every line that counts has the column {}; all have {has}", wanted.join(" or "))
            }
        }
    }
}

/// What a month's bill says, read as a commitment measures it.
struct Bill {
    services: i128,
    seqs: Vec<u64>,
    purchases: Vec<(SpendRecorded, u64, i128)>,
}

impl Setting<'_> {
    /// AWS's invoices for what lacked, each as it was told from each moment on: when, what, where, and where it got its last approval, before
    /// which it counts nowhere.
    fn shortfall_invoices(&self, commitment: &Reference) -> Vec<Vec<(Instant, ShortfallInvoiced, u64, u64)>> {
        let counts = |(moment, told, seq)| Some((moment, told, seq, self.book.confirmed_at(seq, self.view.basis().known_at)?));
        let all = self.view.shortfall_invoices(commitment).into_iter();
        all.map(|versions| versions.into_iter().filter_map(counts).collect()).collect()
    }

    /// The commitments as they stand. Of an empty ledger there are none.
    pub fn commitments(&self) -> Vec<Standing> {
        let Some(until) = self.view.until() else { return Vec::new() };
        let all = self.view.commitments();
        let payers: BTreeSet<AccountId> = all.iter().flat_map(|(terms, _)| terms.payers.clone()).collect();
        if payers.is_empty() {
            return Vec::new();
        }
        let known: RefCell<BTreeMap<(AccountId, String), Option<AccountId>>> = RefCell::default();
        let payer = |recipient: AccountId, opaque: &str| {
            *known.borrow_mut().entry((recipient, opaque.to_owned())).or_insert_with(|| {
                // Who records an invoice by hand, or supposes one, may write the account itself.
                self.names.account(&recipient, opaque).or_else(|| opaque.parse().ok())
            })
        };
        let wanted = |recipient: AccountId, opaque: Option<&str>| {
            opaque.and_then(|opaque| payer(recipient, opaque)).is_some_and(|account| payers.contains(&account))
        };
        let bought = self.billing.purchases(self.view.basis(), wanted);
        let agreements = self.agreements(&bought);
        let each = |(terms, seq): (CommitmentTerms, u64)| {
            let contract = Contract { terms, seq };
            let opening = self.opening(&contract.terms);
            let of_us = |bought: &Bought<'_>| payer(bought.recipient, bought.payer?).filter(|payer| contract.terms.payers.contains(payer));
            // By invoice, the products that feeds tell of it in the commitment's currency: these a bill does not add again.
            let mut told: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for bought in bought.iter().filter(|bought| bought.currency == contract.terms.currency) {
                told.entry(bought.invoice.unwrap_or("")).or_default().extend(bought.product);
            }
            let line = |bought: &Bought<'_>| self.line_of(bought, of_us(bought)?, &contract, &agreements);
            let lines = bought.iter().filter(|bought| !opening::precedes(bought, opening.as_ref())).filter_map(line).collect();
            self.standing(contract, opening.as_ref(), lines, &told, until)
        };
        all.into_iter().map(each).collect()
    }

    /// The kind of product of each agreement, and when it was accepted.
    fn agreements(&self, bought: &[Bought<'_>]) -> BTreeMap<String, (Option<String>, Option<Instant>)> {
        let wanted: BTreeSet<&str> = bought.iter().filter_map(|bought| bought.agreement).collect();
        if wanted.is_empty() {
            return BTreeMap::new();
        }
        let standings = self.view.agreements().into_iter().filter(|standing| wanted.contains(standing.terms.agreement.as_str()));
        let told = |standing: &super::records::Standing| {
            let kind = self.view.offer_of(standing).and_then(|offer| offer.delivery);
            (standing.terms.agreement.to_string(), (kind, standing.terms.accepted_at))
        };
        standings.map(told).collect()
    }

    fn line_of(
        &self,
        bought: &Bought<'_>,
        payer: AccountId,
        contract: &Contract,
        agreements: &BTreeMap<String, (Option<String>, Option<Instant>)>,
    ) -> Option<Judged<Purchased>> {
        let invoiced = bought.invoiced.or(bought.given_back)?;
        let (kind, accepted) = bought.agreement.and_then(|agreement| agreements.get(agreement)).cloned().unwrap_or_default();
        let product: Option<ProductId> = bought.product.and_then(|product| product.parse().ok());
        let given_back = bought.given_back.filter(|_| contract.terms.refunds == "memo");
        let line = Line {
            key: [payer.as_str(), bought.recipient.as_str(), bought.invoice.unwrap_or(""), bought.item.unwrap_or("")].join(":"),
            invoiced,
            counts_at: given_back.unwrap_or(invoiced),
            accepted,
            kind: product.as_ref().and_then(|product| self.view.delivery_of(product)).or(kind),
            price: bought.price,
            currency: bought.currency,
        };
        let of = Purchased {
            payer,
            invoice: bought.invoice.map(str::to_owned),
            agreement: bought.agreement.map(str::to_owned),
            product: bought.product.map(str::to_owned),
            given_back: bought.given_back,
            undated: None,
            seqs: bought.seqs.clone(),
            told: bought.told.clone(),
        };
        Some(self.judged(line, of, product.as_ref(), contract))
    }

    fn judged(&self, line: Line, of: Purchased, product: Option<&ProductId>, contract: &Contract) -> Judged<Purchased> {
        let rule = |kind: Option<&str>, day: Instant| self.rule(contract, kind, day);
        let deployed = |day: Instant| {
            product.is_some_and(|product| self.view.designations_of(product, day).iter().any(|held| held == DEPLOYED_ON_AWS))
        };
        judge(line, of, &contract.terms, rule, deployed)
    }

    /// The rule for a kind of product on a day: the contract's own, else the policy's.
    fn rule(&self, contract: &Contract, kind: Option<&str>, day: Instant) -> Option<Rule> {
        if let Some(says) = in_force(contract.terms.eligibility.iter(), kind, day) {
            return Some(Rule { says: says.clone(), name: contract.terms.commitment.to_string(), seq: contract.seq });
        }
        let (says, seq) = self.book.eligibility(kind, day, self.view.basis().known_at)?;
        Some(Rule { says, name: "policy edp-eligibility".to_owned(), seq })
    }

    fn standing(
        &self,
        contract: Contract,
        opening: Option<&Opening>,
        mut lines: Vec<Judged<Purchased>>,
        told: &BTreeMap<&str, BTreeSet<&str>>,
        until: Instant,
    ) -> Standing {
        let (mut services, mut billed, mut unread) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let by_code = self.view.products_by_code();
        let terms = &contract.terms;
        let is_before = |moment: Instant| opening.is_some_and(|opening| moment < opening.cut_over);
        for payer in &terms.payers.iter().copied().collect::<BTreeSet<AccountId>>() {
            // A bill is one once its month has ended; as long as nothing of it was recorded since, it is not all of it.
            let spent: Vec<_> = self.view.spend_of(*payer).into_iter().filter(|(spend, _)| months_end(spend.month) <= until).collect();
            let late = spent.iter().filter(|(spend, seq)| self.is_late(spend, *seq));
            let ended: BTreeSet<Instant> = late.map(|(spend, _)| spend.month).collect();
            for (month, bill) in bills(terms, spent).into_iter().filter(|(month, _)| ended.contains(month) && !is_before(*month)) {
                let bill = match bill {
                    Ok(bill) => bill,
                    Err(why) => {
                        unread.insert((month, *payer), why);
                        continue;
                    }
                };
                billed.insert((month, *payer));
                services.insert((*payer, month), (bill.services, bill.seqs));
                let news = bill.purchases.into_iter().filter(|(spend, ..)| !is_told(spend, told, &by_code));
                let lines_of_it = news.map(|(spend, seq, price)| self.line_of_bill(&spend, seq, price, &contract, &by_code));
                lines.extend(lines_of_it.filter(|judged| !is_before(judged.line.invoiced)));
            }
        }
        let sum = |of: Period| services.iter().filter(|((_, month), _)| of.holds(*month)).map(|(_, (sum, _))| sum).sum();
        let of = |judged: &Judged<Purchased>| terms.years.iter().find(|year| period(year).holds(judged.line.counts_at));
        let earlier = lines.iter().filter_map(of).filter(|year| is_before(Instant::from_micros(year.until.micros() - 1))).count();
        let outside = lines.iter().filter(|judged| of(judged).is_none()).count();
        let misplaced = self.misplaced(terms);
        let mut years = reckon(terms, opening, lines, sum);
        years.retain(|year| year.year.from < until);
        // Of a year that has ended every month counts, though the last one may end after it.
        let of_year = |year: &Reckoned<Purchased>| {
            let has_ended = year.year.until <= until;
            let inside = months(Period { from: year.year.from, until: year.year.until.min(until) });
            inside.into_iter().filter(move |month| has_ended || month.until <= until)
        };
        let wanted = years.iter().flat_map(of_year).flat_map(|month| terms.payers.iter().map(move |payer| (month.from, *payer)));
        let missing = wanted.filter(|month| !billed.contains(month) && !is_before(month.0)).collect();
        Standing { contract, years, outside, earlier, misplaced, services, missing, unread, until }
    }

    fn line_of_bill(
        &self,
        spend: &SpendRecorded,
        seq: u64,
        price: i128,
        contract: &Contract,
        by_code: &BTreeMap<String, ProductId>,
    ) -> Judged<Purchased> {
        let product = spend.product.as_ref().and_then(|code| by_code.get(code.as_str()));
        let invoice = spend.invoice.as_ref().map(ToString::to_string);
        let invoiced = self.view.invoiced(spend);
        let line = Line {
            key: [spend.payer.as_str(), "", invoice.as_deref().unwrap_or(""), spend.product.as_ref().map_or("", |code| code.as_str())]
                .join(":"),
            invoiced,
            counts_at: invoiced,
            accepted: None,
            kind: product.and_then(|product| self.view.delivery_of(product)),
            price,
            currency: spend.currency,
        };
        let of = Purchased {
            payer: spend.payer,
            invoice: invoice.clone(),
            agreement: None,
            product: product.map(ToString::to_string).or_else(|| spend.product.as_ref().map(ToString::to_string)),
            given_back: None,
            undated: self.view.issued_on(spend).is_none().then_some(spend.month),
            seqs: vec![seq],
            told: BTreeSet::new(),
        };
        if invoice.is_none() {
            return Judged { line, of, eligible: 0, counted: 0, why: Why::NotFinal(spend.month), rule: None };
        }
        self.judged(line, of, product, contract)
    }
}

/// The invoices for what lacked that wait for their approvals, and count nowhere: of the commitments of a payer, or of all.
pub fn pending(view: &View<'_>, book: &Book, payer: Option<AccountId>) -> Vec<(u64, Amount, Currency)> {
    let of_payer = |terms: &CommitmentTerms| payer.is_none_or(|payer| terms.payers.contains(&payer));
    let all = view.commitments().into_iter().filter(|(terms, _)| of_payer(terms));
    let told = all.flat_map(|(terms, _)| view.shortfall_invoices(&terms.commitment)).flatten();
    let waits = told.filter(|(_, _, seq)| book.confirmed_at(*seq, view.basis().known_at).is_none());
    waits.map(|(_, told, seq)| (seq, told.amount, told.currency)).collect()
}

/// Whether feeds tell what a bill says of an invoice: of its product; where the bill's code is nobody's here, of the invoice at all.
fn is_told(spend: &SpendRecorded, told: &BTreeMap<&str, BTreeSet<&str>>, by_code: &BTreeMap<String, ProductId>) -> bool {
    let Some(products) = spend.invoice.as_ref().and_then(|invoice| told.get(invoice.as_str())) else { return false };
    let product = spend.product.as_ref().and_then(|code| by_code.get(code.as_str()));
    product.is_none_or(|product| products.is_empty() || products.contains(product.as_str()))
}

/// The calendar month that a moment lies in.
fn month_of(moment: Instant) -> Period {
    let day = moment.day();
    Period::parse(&day.format("%Y-%m").to_string(), day).unwrap_or(Period { from: moment, until: moment })
}

/// The first moment after a calendar month that begins then.
fn months_end(month: Instant) -> Instant {
    month_of(month).until
}

/// The bills of a payer, by month: of each the first cost column of the measure that it has, of one kind of file.
fn bills(terms: &CommitmentTerms, spend: Vec<(SpendRecorded, u64)>) -> BTreeMap<Instant, Result<Bill, Unread>> {
    let mut by_month: BTreeMap<Instant, Vec<(SpendRecorded, u64)>> = BTreeMap::new();
    for (told, seq) in spend {
        by_month.entry(told.month).or_default().push((told, seq));
    }
    by_month.into_iter().map(|(month, told)| (month, bill(terms, told))).collect()
}

/// The bill of a month. A column counts when every line of a kind of file that counts has it.
fn bill(terms: &CommitmentTerms, mut told: Vec<(SpendRecorded, u64)>) -> Result<Bill, Unread> {
    told.retain(|(spend, _)| !terms.measure.excluded.contains(&spend.line_type));
    let currencies: BTreeSet<Currency> = told.iter().map(|(spend, _)| spend.currency).collect();
    if !currencies.is_empty() && !currencies.contains(&terms.currency) {
        return Err(Unread::Currency(currencies));
    }
    told.retain(|(spend, _)| spend.currency == terms.currency);
    // By kind of file, the columns that every line of it has.
    let mut common: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (spend, _) in &told {
        let columns: BTreeSet<&str> = spend.amounts.keys().map(String::as_str).collect();
        common.entry(&spend.statement).and_modify(|known| known.retain(|column| columns.contains(column))).or_insert(columns);
    }
    let wanted = |column: &String| Some((column.clone(), (*common.iter().find(|(_, has)| has.contains(column.as_str()))?.0).to_owned()));
    let mut bill = Bill { services: 0, seqs: Vec::new(), purchases: Vec::new() };
    let Some((column, statement)) = terms.measure.columns.iter().find_map(wanted) else {
        let has = common.into_values().flatten().map(str::to_owned).collect();
        // Of a bill on which every line is excluded nothing counts, whatever its columns.
        return if told.is_empty() { Ok(bill) } else { Err(Unread::Column(has)) };
    };
    for (spend, seq) in told.into_iter().filter(|(spend, _)| spend.statement == statement) {
        let Some(units) = spend.amounts.get(&column).map(|amount| amount.units()) else { continue };
        match spend.class.as_str() {
            "marketplace" => bill.purchases.push((spend, seq, round_half_up(units, CENT))),
            "support" if !terms.measure.support => (),
            _ => {
                bill.services += units;
                bill.seqs.push(seq);
            }
        }
    }
    bill.services = round_half_up(bill.services, CENT);
    Ok(bill)
}

impl Standing {
    /// The contract year that the asked time ends in, or else the last that had begun.
    pub fn current(&self) -> Option<&Reckoned<Purchased>> {
        self.years.last()
    }

    /// Whether every bill of the payers is here, up to the end of the asked time.
    pub fn is_whole(&self, year: &Reckoned<Purchased>) -> bool {
        let (terms, of_year) = (&self.contract.terms, period(&year.year));
        // What is carried over, and a cap on the term, come from the years before.
        let follows = terms.carry_over.is_some() || terms.cap.as_ref().is_some_and(|cap| cap.base == "term");
        !self.missing.iter().any(|(month, _)| of_year.holds(*month) || follows && *month < of_year.from)
    }

    /// Whether a year was over at the end of the asked time.
    pub fn has_ended(&self, year: &Reckoned<Purchased>) -> bool {
        year.year.until <= self.until
    }

    /// What lacked in a year that has ended. Nothing is told while bills are missing.
    pub fn lacked(&self, year: &Reckoned<Purchased>) -> Option<i128> {
        (self.has_ended(year) && self.is_whole(year)).then(|| year.lacking())
    }

    /// What a year's commitment comes to by a moment when it is retired evenly, in cents.
    pub fn straight_line(&self, year: &Reckoned<Purchased>) -> Amount {
        let (from, until) = (year.year.from.micros(), year.year.until.micros());
        let gone = i128::from(self.until.micros().min(until) - from);
        let (units, all) = (year.year.amount.units(), i128::from(until - from));
        // Whole parts first: the product of both would not fit.
        Amount::from_units(round_half_up(units / all * gone + units % all * gone / all, CENT)).half_up(2)
    }
}
