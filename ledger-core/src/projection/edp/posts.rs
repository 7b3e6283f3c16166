//! What lacked in a contract year, in the books of who owes it: accrued from the day after the year's end, payable once AWS has invoiced it.
//!
//! ```text
//! the day after the year's end   shortfall + lacked                accrued - lacked
//! a later day                    shortfall + what changed          accrued - what changed
//! the first invoice              accrued + all of it               bills - invoiced          difference + what is left
//! ```
//!
//! Accrued is what `show edp` prints as the shortfall of a year that has ended, and nothing where it prints none: then an invoice of AWS's is all
//! there is. What is given back, told or amended after the year has ended changes it on its own day. A commitment of several payers is owed by the
//! one that it names first when something of a year is posted first: an amendment that names another one first is for the years to come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::report::opened;
use super::{Purchased, Setting, Standing};
use crate::commitment::{Judged, Reckoned, period};
use crate::event::commitment::CommitmentTerms;
use crate::id::{AccountId, Reference};
use crate::money::{Amount, CENT, Currency, round_half_up};
use crate::projection::billing::books::{Account, Posting, Posts, Transaction, What};
use crate::time::{Basis, Instant};

/// The shortfalls of contract years, as books post them.
pub struct Shortfalls {
    owed: Vec<Owed>,
}

/// What is owed for a contract year.
struct Owed {
    payer: AccountId,
    /// The commitment and the year.
    called: String,
    currency: Currency,
    /// By day, on a day what lacked before what was invoiced.
    happened: Vec<Happened>,
}

/// Something that changes what is owed.
struct Happened {
    day: NaiveDate,
    events: Vec<u64>,
    what: Change,
}

enum Change {
    /// So much lacks from now on.
    Lacks(i128),
    /// So much more is invoiced, by this invoice.
    Invoiced(i128, String),
}

/// What is owed at a moment.
#[derive(Default)]
struct State<'a> {
    lacked: Option<i128>,
    invoiced: i128,
    /// By invoice, what was invoiced since something was known to lack.
    since: BTreeMap<&'a str, i128>,
}

impl<'a> State<'a> {
    fn take(&mut self, change: &'a Change) {
        match change {
            Change::Lacks(units) => self.lacked = Some(*units),
            Change::Invoiced(units, invoice) => {
                self.invoiced += units;
                if self.lacked.is_some() {
                    *self.since.entry(invoice).or_default() += units;
                }
            }
        }
    }

    /// What lacked is the cost, what is invoiced is owed, and what is beyond both is the difference. The first invoice ends the accrual.
    fn stands(&self) -> [(Account, i128); 4] {
        let ended = self.since.values().any(|units| *units != 0);
        let open = self.lacked.filter(|_| !ended).map_or(0, |lacked| (lacked - self.invoiced).max(0));
        let cost = self.lacked.unwrap_or(self.invoiced);
        [
            (Account::AwsBills, -self.invoiced),
            (Account::ShortfallAccrued, -open),
            (Account::Shortfall, cost),
            (Account::ShortfallDifference, self.invoiced + open - cost),
        ]
    }
}

impl Shortfalls {
    /// As commitments stand at a basis.
    pub fn of(setting: &Setting<'_>) -> Self {
        let past = Past { setting, days: BTreeMap::new() };
        Self { owed: setting.commitments().iter().scan(past, |past, standing| Some(of_commitment(past, standing))).flatten().collect() }
    }
}

/// How much lacked, and the events that say so.
type Lacked = (i128, Vec<u64>);

/// What lacked in each year at the end of each day that was looked at, with the events that say so: by commitment and the year's first moment.
/// All commitments are worked out together.
struct Past<'a> {
    setting: &'a Setting<'a>,
    days: BTreeMap<NaiveDate, BTreeMap<(Reference, Instant), Lacked>>,
}

impl Past<'_> {
    fn basis(&self, day: NaiveDate) -> Basis {
        let (basis, end) = (self.setting.view.basis(), Instant::midnight(next(day)));
        Basis { effective_before: Some(basis.effective_before.map_or(end, |before| before.min(end))), ..basis }
    }

    /// What lacked in a year at the end of a day.
    fn lacked(&mut self, day: NaiveDate, of: &(Reference, Instant)) -> Option<Lacked> {
        let basis = self.basis(day);
        let known = self.days.entry(day).or_insert_with(|| {
            let view = self.setting.view.again(basis);
            let then = Setting { view: &view, ..*self.setting };
            let mut known = BTreeMap::new();
            for standing in then.commitments() {
                for year in &standing.years {
                    if let Some(units) = standing.lacked(year) {
                        let of = (standing.contract.terms.commitment.clone(), year.year.from);
                        known.insert(of, (round_half_up(units, CENT), events(&standing, year)));
                    }
                }
            }
            known
        });
        known.get(of).cloned()
    }

    /// Who was to pay for what lacks, at the end of a day.
    fn payer(&self, day: NaiveDate, commitment: &Reference) -> Option<AccountId> {
        let view = self.setting.view.again(self.basis(day));
        let terms = view.commitments().into_iter().find(|(terms, _)| terms.commitment == *commitment);
        terms.and_then(|(terms, _)| terms.payers.first().copied())
    }
}

fn of_commitment(past: &mut Past<'_>, standing: &Standing) -> Vec<Owed> {
    let terms = &standing.contract.terms;
    // Before it was signed nobody was known to owe anything.
    let told = past.setting.view.terms_told(&terms.commitment);
    let signed = told.iter().map(|(moment, _)| *moment).min().map_or(NaiveDate::MIN, Instant::day);
    let mut invoices = invoices(past.setting, standing, signed);
    let mut owed = Vec::new();
    for year in &standing.years {
        let mut happened = lacked(past, standing, year, &told);
        happened.extend(invoices.remove(&(year.year.from, terms.currency)).unwrap_or_default());
        owed.push((format!("{} year {}", terms.commitment, year.number), terms.currency, happened));
    }
    // Of a year that the contract does not have, or in another currency: nothing is worked out, and AWS has invoiced it.
    let others = invoices.into_iter();
    owed.extend(others.map(|((from, currency), happened)| (format!("{} year from {}", terms.commitment, from.day()), currency, happened)));
    let each = |(called, currency, mut happened): (String, Currency, Vec<Happened>)| {
        happened.sort_by_key(|happened| (happened.day, matches!(happened.what, Change::Invoiced(..))));
        let is_owed = happened.iter().any(|happened| !matches!(happened.what, Change::Lacks(0)));
        let first = happened.first().filter(|_| is_owed)?.day;
        let payer = past.payer(first, &terms.commitment).or_else(|| terms.payers.first().copied())?;
        Some(Owed { payer, called, currency, happened })
    };
    owed.into_iter().filter_map(each).collect()
}

/// What AWS has invoiced, by contract year and currency. Of an invoice that was told again it is what that changes.
fn invoices(setting: &Setting<'_>, standing: &Standing, signed: NaiveDate) -> BTreeMap<(Instant, Currency), Vec<Happened>> {
    let mut invoices: BTreeMap<(Instant, Currency), Vec<Happened>> = BTreeMap::new();
    for versions in setting.shortfall_invoices(&standing.contract.terms.commitment) {
        let before = std::iter::once(None).chain(versions.iter().map(|(_, told, ..)| Some(told)));
        for (before, (moment, told, seq, confirmed)) in before.zip(&versions) {
            let mut changes: BTreeMap<(Instant, Currency), (i128, String)> = BTreeMap::new();
            for (told, sign) in before.map(|told| (told, -1)).into_iter().chain([(told, 1)]) {
                let change = changes.entry((told.year, told.currency)).or_insert_with(|| (0, told.invoice.to_string()));
                change.0 += told.amount.units() * sign;
            }
            let events: Vec<u64> = if seq == confirmed { vec![*seq] } else { vec![*seq, *confirmed] };
            for (year, (units, invoice)) in changes {
                let what = Change::Invoiced(units, invoice);
                invoices.entry(year).or_default().push(Happened { day: moment.day().max(signed), events: events.clone(), what });
            }
        }
    }
    invoices
}

/// What lacks in a year: from the day after its end on, and from each later day on which something changed that. Nothing while none is told.
fn lacked(past: &mut Past<'_>, standing: &Standing, year: &Reckoned<Purchased>, terms: &[(Instant, CommitmentTerms)]) -> Vec<Happened> {
    let last = Instant::from_micros(year.year.until.micros() - 1).day();
    let signed = terms.iter().map(|(moment, _)| *moment).min().map_or(last, Instant::day);
    let since = next(last).max(signed);
    let Some(now) = standing.lacked(year).filter(|_| Instant::midnight(since) < standing.until) else { return Vec::new() };
    let told = standing.years.iter().flat_map(|of| &of.lines).filter(|judged| could_change(judged, year, terms));
    let changed = told.flat_map(|judged| judged.of.told.iter().copied()).chain(terms.iter().map(|(moment, _)| *moment)).map(Instant::day);
    let later: BTreeSet<NaiveDate> = changed.filter(|day| *day > since && Instant::midnight(*day) < standing.until).collect();
    let now = (round_half_up(now, CENT), events(standing, year));
    let of = (standing.contract.terms.commitment.clone(), year.year.from);
    let mut found: Vec<Happened> = Vec::new();
    for day in [since].into_iter().chain(later.iter().copied()).rev() {
        // On the last of these days it came to what it is; on one on which bills were missing, to what is told from the next one on.
        let told = if found.is_empty() { Some(now.clone()) } else { past.lacked(day, &of) };
        let told = told.or_else(|| match found.pop() {
            Some(Happened { events, what: Change::Lacks(units), .. }) => Some((units, events)),
            _ => None,
        });
        found.extend(told.map(|(units, events)| Happened { day, events, what: Change::Lacks(units) }));
    }
    found
}

/// Whether a line changes a year when it is told after that has ended: it was invoiced inside of the year, or before it where years follow from
/// each other. What was given back counts there when any terms have ever said so; else it is a memo, of the day on which that happened.
fn could_change(judged: &Judged<Purchased>, year: &Reckoned<Purchased>, terms: &[(Instant, CommitmentTerms)]) -> bool {
    let invoiced = judged.line.invoiced;
    let follows = |terms: &CommitmentTerms| terms.carry_over.is_some() || terms.cap.as_ref().is_some_and(|cap| cap.base == "term");
    let is_in = invoiced < year.year.until && (invoiced >= year.year.from || terms.iter().any(|(_, terms)| follows(terms)));
    is_in && (judged.of.given_back.is_none() || terms.iter().any(|(_, terms)| terms.refunds != "memo"))
}

fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// The events that say what a year came to: also what it began with, and where something was carried over, what the year before came to.
fn events(standing: &Standing, year: &Reckoned<Purchased>) -> Vec<u64> {
    let mut all = BTreeSet::from([standing.contract.seq]);
    let mut carried = year.carried;
    all.extend(events_of(standing, year));
    for before in standing.years.iter().rev().filter(|before| before.number < year.number) {
        if carried == 0 {
            break;
        }
        carried = before.carried;
        all.extend(events_of(standing, before));
    }
    all.into_iter().collect()
}

fn events_of<'a>(standing: &'a Standing, year: &'a Reckoned<Purchased>) -> impl Iterator<Item = u64> + 'a {
    let services = standing.services.iter().filter(|((_, month), _)| period(&year.year).holds(*month)).flat_map(|(_, (_, seqs))| seqs);
    let lines = year.lines.iter().flat_map(|judged| judged.of.seqs.iter().chain(judged.rule.iter().map(|rule| &rule.seq)));
    services.chain(lines).chain(opened(year).map(|opening| &opening.seq)).copied()
}

impl Owed {
    /// What something moved, when it moved anything.
    fn transaction<'a>(&'a self, happened: &'a Happened, before: &[(Account, i128)], after: &[(Account, i128)]) -> Option<Transaction<'a>> {
        let moved = before.iter().zip(after).map(|((account, before), (_, after))| (*account, after - before));
        let postings: Vec<Posting> = moved
            .filter(|(_, units)| *units != 0)
            .map(|(account, units)| Posting { account, currency: self.currency, amount: Amount::from_units(units) })
            .collect();
        let (what, invoice) = match &happened.what {
            Change::Lacks(_) => (What::ShortfallAccrued, None),
            Change::Invoiced(_, invoice) => (What::ShortfallInvoiced, Some(invoice.as_str())),
        };
        (!postings.is_empty()).then(|| Transaction {
            day: happened.day,
            effective: happened.day,
            what,
            payee: Some("AWS".to_owned()),
            invoice,
            line: Some(&self.called),
            agreement: None,
            payout: None,
            trace: None,
            events: happened.events.clone(),
            postings,
        })
    }
}

impl Posts for Shortfalls {
    fn parties(&self) -> BTreeSet<AccountId> {
        self.owed.iter().map(|owed| owed.payer).collect()
    }

    fn transactions(&self, party: AccountId) -> Vec<Transaction<'_>> {
        let mut all = Vec::new();
        for owed in self.owed.iter().filter(|owed| owed.payer == party) {
            let mut state = State::default();
            for happened in &owed.happened {
                let before = state.stands();
                state.take(&happened.what);
                all.extend(owed.transaction(happened, &before, &state.stands()));
            }
        }
        all
    }

    fn told(&self, party: AccountId, before: Instant) -> Vec<(Account, Currency, i128)> {
        let of = |owed: &Owed| {
            let mut state = State::default();
            owed.happened
                .iter()
                .filter(|happened| Instant::midnight(happened.day) < before)
                .for_each(|happened| state.take(&happened.what));
            state.stands().map(|(account, units)| (account, owed.currency, units))
        };
        self.owed.iter().filter(|owed| owed.payer == party).flat_map(of).collect()
    }
}
