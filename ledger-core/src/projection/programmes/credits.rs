//! Credits: what was granted, and where it went. In every one of them, at every basis: granted = applied + expired + revoked + balance.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{Months, NaiveDate};

use super::Fact;
use crate::event::Event;
use crate::event::programme::{CreditApplied, CreditSplit};
use crate::finding;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::time::{Instant, Period};

/// The smallest part that a credit can be split into (AWS Billing API, `SplitCredit`).
pub(crate) const SMALLEST_PART: i128 = 100 * 100_000_000;
/// How many parts there can be.
pub(crate) const PARTS: std::ops::RangeInclusive<usize> = 2..=99;

/// Some of a credit that lowered a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whose charges were lowered.
    pub account: AccountId,
    /// By how much.
    pub amount: Amount,
    /// Whether AWS did not say which credit, and it was laid to this one in AWS's published order.
    pub by_order: bool,
    /// Whether the bill was not final.
    pub estimated: bool,
    /// The bill's month.
    pub month: String,
    /// The event that says so.
    pub seq: u64,
    /// The service whose charges were lowered.
    pub service: Option<String>,
}

/// A credit at a basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Its id.
    pub id: String,
    /// The credit that AWS granted, of which this is a part after splits; itself otherwise.
    pub root: String,
    /// The programme; nothing is told of a balance that was brought forward.
    pub programme: Option<String>,
    /// The application it was granted on.
    pub application: Option<String>,
    /// The agreement it was granted for, as the grant itself says.
    pub agreement: Option<String>,
    /// Who holds it.
    pub holder: AccountId,
    /// Its currency.
    pub currency: Currency,
    /// The services it pays for; all of them when empty.
    pub services: BTreeSet<String>,
    /// When it begins.
    pub starts: Instant,
    /// The first moment at which it has expired.
    pub ends: Option<Instant>,
    /// When it was granted, or split off.
    pub granted_at: Instant,
    /// The event by which it came to be.
    pub seq: u64,
    /// What was granted with it, before anything was split off.
    pub original: i128,
    /// What was split off it, and by which event.
    pub split: Vec<(i128, u64)>,
    /// What lowered bills.
    pub uses: Vec<Use>,
    /// What AWS took back, and by which event.
    pub revoked: Vec<(i128, u64)>,
    /// What had not been used when it ended.
    pub expired: i128,
    /// What its holder passed on to the customer, and by which event.
    pub passed_on: Vec<(i128, u64)>,
    /// Who held it, since when, and by which event.
    pub holders: Vec<(Instant, AccountId, u64)>,
}

impl Credit {
    /// What was granted and not split off.
    pub fn granted(&self) -> i128 {
        self.original - total(&self.split)
    }

    /// What lowered bills.
    pub fn applied(&self) -> i128 {
        self.uses.iter().map(|used| used.amount.units()).sum()
    }

    /// What AWS took back.
    pub fn taken_back(&self) -> i128 {
        total(&self.revoked)
    }

    /// What is left.
    pub fn balance(&self) -> i128 {
        self.granted() - self.applied() - self.taken_back() - self.expired
    }

    /// In a word.
    pub fn status(&self, until: Option<Instant>) -> &'static str {
        match () {
            () if self.balance() < 0 => "overdrawn",
            () if self.expired > 0 => "expired",
            () if self.balance() > 0 && until.is_some_and(|until| until <= self.starts) => "not begun",
            () if self.balance() > 0 => "active",
            () if !self.split.is_empty() => "split",
            () if self.taken_back() > 0 => "revoked",
            () => "used up",
        }
    }

    /// What will be unused when it ends, if as much of it is used per day as since it began; rounded half up to cents. Nothing when it never
    /// ends, has ended, or has not begun.
    pub fn at_risk(&self, until: Option<Instant>) -> Option<Amount> {
        let (until, ends) = (until?, self.ends?);
        let began = self.starts.max(self.granted_at);
        let (elapsed, left) = (i128::from(until.micros() - began.micros()), i128::from(ends.micros() - until.micros()));
        if elapsed <= 0 || left < 0 || self.balance() <= 0 {
            return None;
        }
        let unused = self.balance() - self.applied() * left / elapsed;
        Some(Amount::from_units(unused.max(0)).half_up(2))
    }

    fn holder_at(&self, moment: Instant) -> AccountId {
        self.holders.iter().rfind(|(since, ..)| *since < moment).or(self.holders.first()).map_or(self.holder, |(_, holder, _)| *holder)
    }

    fn pays_for(&self, service: Option<&str>) -> bool {
        self.services.is_empty() || service.is_none_or(|service| self.services.contains(service))
    }
}

fn total(amounts: &[(i128, u64)]) -> i128 {
    amounts.iter().map(|(amount, _)| amount).sum()
}

/// A fact about credits that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) code: &'static str,
    pub(crate) seq: u64,
    pub(crate) credit: String,
    pub(crate) message: String,
    pub(crate) amount: Option<(Amount, Currency)>,
}

/// A bill's month as a stretch of time.
pub(crate) fn month(text: &str) -> Option<Period> {
    let from: NaiveDate = (text.len() == 7).then(|| format!("{text}-01").parse().ok()).flatten()?;
    let until = from.checked_add_months(Months::new(1))?;
    Some(Period { from: Instant::midnight(from), until: Instant::midnight(until) })
}

/// One statement that stands, of all that AWS made of one credit, account, service and month.
struct Statement<'a> {
    told: &'a CreditApplied,
    seq: u64,
    /// When the first of them was made.
    first: Instant,
}

/// The statements that stand, those that name their credit and the totals that do not.
fn statements<'a>(facts: &[&'a Fact]) -> (Vec<Statement<'a>>, Vec<Statement<'a>>) {
    let mut standing: BTreeMap<_, ((bool, Instant, u64), Statement<'a>)> = BTreeMap::new();
    for fact in facts {
        let Event::CreditApplied(told) = &fact.event else { continue };
        let key = (&told.month, told.account, &told.credit, &told.service, told.currency);
        let rank = (!told.estimated, fact.effective_at, fact.seq);
        let new = || Statement { told, seq: fact.seq, first: fact.effective_at };
        let (known, statement) = standing.entry(key).or_insert_with(|| (rank, new()));
        statement.first = statement.first.min(fact.effective_at);
        if rank > *known {
            *known = rank;
            *statement = Statement { first: statement.first, ..new() };
        }
    }
    standing.into_values().map(|(_, statement)| statement).partition(|statement| statement.told.credit.is_some())
}

/// Every credit, and what does not fit.
pub(super) fn fold(facts: &[&Fact], pending: &[&Fact], until: Option<Instant>) -> (Vec<Credit>, Vec<Trouble>) {
    let waiting = pending.iter().filter_map(|fact| grants(&fact.event)).map(str::to_owned).collect();
    let mut fold = Fold { waiting, ..Fold::default() };
    let mut in_time: Vec<&Fact> = facts.to_vec();
    in_time.sort_by_key(|fact| (fact.effective_at, fact.seq));
    for fact in &in_time {
        fold.open(fact);
    }
    let (named, totals) = statements(facts);
    for statement in &named {
        fold.apply(statement);
    }
    for fact in &in_time {
        fold.move_on(fact);
    }
    fold.lay_out(totals, &named);
    fold.judge_splits(&in_time);
    fold.close(&in_time, until);
    let mut credits = fold.credits;
    let order: BTreeMap<String, usize> = credits.iter().enumerate().rev().map(|(at, credit)| (credit.root.clone(), at)).collect();
    credits.sort_by_key(|credit| (order.get(&credit.root).copied(), credit.seq, credit.id.clone()));
    (credits, fold.troubles)
}

#[derive(Default)]
struct Fold {
    credits: Vec<Credit>,
    by_id: BTreeMap<String, usize>,
    troubles: Vec<Trouble>,
    /// The credits whose grants wait for their approvals.
    waiting: BTreeSet<String>,
    /// The moment of each statement that named a credit, by credit.
    moments: Vec<Vec<(Instant, i128)>>,
}

impl Fold {
    fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    fn trouble(&mut self, code: &'static str, seq: u64, credit: &str, message: String, amount: Option<(Amount, Currency)>) {
        self.troubles.push(Trouble { code, seq, credit: credit.to_owned(), message, amount });
    }

    fn add(&mut self, credit: Credit) {
        if self.by_id.contains_key(&credit.id) {
            let amount = Some((Amount::from_units(credit.original).half_up(2), credit.currency));
            self.trouble(finding::CREDIT_UNKNOWN, credit.seq, &credit.id, "a credit of this id was granted before; this counts nothing".into(), amount);
            return;
        }
        self.by_id.insert(credit.id.clone(), self.credits.len());
        self.credits.push(credit);
        self.moments.push(Vec::new());
    }

    /// Grants and splits: what makes credits.
    fn open(&mut self, fact: &Fact) {
        let (granted_at, seq) = (fact.effective_at, fact.seq);
        match &fact.event {
            Event::CreditGranted(it) => self.add(Credit {
                id: it.credit.to_string(),
                root: it.credit.to_string(),
                programme: Some(it.programme.to_string()),
                application: it.application.as_ref().map(ToString::to_string),
                agreement: it.agreement.as_ref().map(ToString::to_string),
                holder: it.holder,
                currency: it.currency,
                services: it.services.iter().cloned().collect(),
                starts: it.starts_at.unwrap_or(granted_at),
                ends: it.ends_at,
                original: it.amount.units(),
                ..blank(it.holder, it.currency, granted_at, seq)
            }),
            Event::BalanceBroughtForward(it) => self.add(Credit {
                id: it.item.to_string(),
                root: it.item.to_string(),
                starts: it.cut_over,
                ends: it.due,
                original: it.amount.units(),
                ..blank(it.party, it.currency, granted_at, seq)
            }),
            Event::CreditSplit(it) => self.split(it, fact),
            _ => (),
        }
    }

    fn split(&mut self, told: &CreditSplit, fact: &Fact) {
        let Some(at) = self.known(told.credit.as_str(), fact.seq) else { return };
        for part in &told.children {
            let parent = &self.credits[at];
            // Who holds it at that moment, a transfer at the same moment included, is settled with the transfers.
            let child = Credit {
                id: part.credit.to_string(),
                granted_at: fact.effective_at,
                seq: fact.seq,
                original: part.amount.units(),
                split: Vec::new(),
                ..parent.clone()
            };
            let before = self.credits.len();
            self.add(child);
            if self.credits.len() > before {
                self.credits[at].split.push((part.amount.units(), fact.seq));
            }
        }
    }

    /// Where a credit stands that a fact names.
    fn known(&mut self, credit: &str, seq: u64) -> Option<usize> {
        let found = self.find(credit);
        if found.is_none() {
            let why = if self.waiting.contains(credit) { "its grant waits for its approvals" } else { "no grant of this credit is recorded" };
            self.trouble(finding::CREDIT_UNKNOWN, seq, credit, why.to_owned(), None);
        }
        found
    }

    /// A statement that names its credit: that counts, whatever the order would be.
    fn apply(&mut self, statement: &Statement<'_>) {
        let (told, seq) = (statement.told, statement.seq);
        let Some(at) = told.credit.as_ref().and_then(|credit| self.known(credit.as_str(), seq)) else { return };
        if self.credits[at].currency != told.currency {
            let (id, of) = (self.credits[at].id.clone(), self.credits[at].currency);
            let message = format!("it is in {of}, and was applied in {}: that counts nothing", told.currency);
            return self.trouble(finding::CREDIT_UNKNOWN, seq, &id, message, Some((told.amount, told.currency)));
        }
        self.moments[at].push((statement.first, told.amount.units()));
        self.spend(at, told, seq, told.amount, false);
    }

    fn spend(&mut self, at: usize, told: &CreditApplied, seq: u64, amount: Amount, by_order: bool) {
        let credit = &mut self.credits[at];
        let (account, estimated, month, service) = (told.account, told.estimated, told.month.clone(), told.service.clone());
        credit.uses.push(Use { account, amount, by_order, estimated, month, seq, service });
    }

    /// Transfers, and what was taken back or passed on by an amount.
    fn move_on(&mut self, fact: &Fact) {
        match &fact.event {
            Event::CreditTransferred(it) => {
                let Some(at) = self.known(it.credit.as_str(), fact.seq) else { return };
                let credit = &mut self.credits[at];
                credit.holder = it.to;
                credit.holders.push((fact.effective_at, it.to, fact.seq));
            }
            // Its parts have the holder that it had by then.
            Event::CreditSplit(it) => {
                let Some(parent) = self.find(it.credit.as_str()).map(|at| self.credits[at].clone()) else { return };
                for part in &it.children {
                    if let Some(at) = self.find(part.credit.as_str()).filter(|at| self.credits[*at].seq == fact.seq) {
                        self.credits[at].holder = parent.holder;
                        self.credits[at].holders = vec![(fact.effective_at, parent.holder, fact.seq)];
                    }
                }
            }
            Event::CreditRevoked(it) => {
                let Some(at) = self.known(it.credit.as_str(), fact.seq) else { return };
                if let Some(amount) = it.amount {
                    self.credits[at].revoked.push((amount.units(), fact.seq));
                }
            }
            Event::CreditPassedOn(it) => {
                let Some(at) = self.known(it.credit.as_str(), fact.seq) else { return };
                self.credits[at].passed_on.push((it.amount.units(), fact.seq));
            }
            _ => (),
        }
    }

    /// Totals that do not say which credit: what the statements that do leave of them is laid to the account's credits, the one that expires
    /// soonest first, then the one for the fewest services, then the oldest (AWS Billing user guide, applying credits).
    fn lay_out(&mut self, mut totals: Vec<Statement<'_>>, named: &[Statement<'_>]) {
        // Of a service before of the whole bill.
        totals.sort_by_key(|total| (&total.told.month, total.told.service.is_none(), total.first, total.seq));
        let mut laid: Vec<(&CreditApplied, i128)> = named.iter().map(|named| (named.told, named.told.amount.units())).collect();
        for total in &totals {
            let told = total.told;
            let is_part = |(part, _): &&(&CreditApplied, i128)| {
                part.account == told.account
                    && part.month == told.month
                    && part.currency == told.currency
                    && (told.service.is_none() || told.service == part.service)
            };
            let known: i128 = laid.iter().filter(is_part).map(|(_, units)| units).sum();
            let mut rest = (told.amount.units() - known).max(0);
            laid.push((told, rest));
            let Some(period) = month(&told.month) else { continue };
            let mut order: Vec<usize> = (0..self.credits.len())
                .filter(|at| {
                    let credit = &self.credits[*at];
                    let born = credit.granted_at.max(credit.starts) < period.until && credit.ends.is_none_or(|ends| period.from < ends);
                    let fits = credit.currency == told.currency && credit.pays_for(told.service.as_deref());
                    born && fits && credit.holder_at(period.until) == told.account
                })
                .collect();
            order.sort_by_key(|at| {
                let credit = &self.credits[*at];
                let services = if credit.services.is_empty() { usize::MAX } else { credit.services.len() };
                (Reverse(credit.ends.map(Reverse)), services, credit.granted_at, credit.seq)
            });
            for at in order {
                let left = self.credits[at].balance().max(0);
                let part = left.min(rest);
                if part > 0 {
                    rest -= part;
                    self.spend(at, told, total.seq, Amount::from_units(part), true);
                }
            }
            if rest > 0 {
                let amount = Amount::from_units(rest).half_up(2);
                let message = format!("credits of {} lowered the bill of {}, and no credit recorded here has {amount} left", told.account, told.month);
                self.trouble(finding::CREDIT_BEYOND_BALANCE, total.seq, told.account.as_str(), message, Some((amount, told.currency)));
            }
        }
    }

    fn judge_splits(&mut self, facts: &[&Fact]) {
        for fact in facts {
            let Event::CreditSplit(told) = &fact.event else { continue };
            let Some(at) = self.find(told.credit.as_str()) else { continue };
            let credit = &self.credits[at];
            let before = |amounts: &[(i128, u64)]| {
                let by = |seq: u64| facts.iter().any(|other| other.seq == seq && (other.effective_at, seq) < (fact.effective_at, fact.seq));
                amounts.iter().filter(|(_, seq)| by(*seq)).map(|(amount, _)| amount).sum::<i128>()
            };
            let named: i128 = self.moments[at].iter().filter(|(first, _)| *first <= fact.effective_at).map(|(_, amount)| amount).sum();
            let of_totals = credit.uses.iter().filter(|used| used.by_order && month(&used.month).is_some_and(|month| month.from < fact.effective_at));
            let used = named + of_totals.map(|used| used.amount.units()).sum::<i128>();
            let balance = credit.original - before(&credit.split) - used - before(&credit.revoked);
            if let Some(why) = unfit_split(told, balance) {
                let (id, currency) = (credit.id.clone(), credit.currency);
                let sum = Amount::from_units(told.children.iter().map(|part| part.amount.units()).sum()).half_up(2);
                self.trouble(finding::CREDIT_SPLIT_UNFIT, fact.seq, &id, why, Some((sum, currency)));
            }
        }
    }

    /// What was taken back without an amount, and what expired.
    fn close(&mut self, facts: &[&Fact], until: Option<Instant>) {
        for fact in facts {
            let Event::CreditRevoked(told) = &fact.event else { continue };
            let (None, Some(at)) = (told.amount, self.find(told.credit.as_str())) else { continue };
            let credit = &mut self.credits[at];
            if credit.ends.is_none_or(|ends| fact.effective_at < ends) {
                credit.revoked.push((credit.balance().max(0), fact.seq));
            }
        }
        let mut troubles = Vec::new();
        for credit in &mut self.credits {
            if credit.ends.zip(until).is_some_and(|(ends, until)| ends < until) {
                credit.expired = credit.balance().max(0);
            }
            let mut trouble = |code, seq, message, units: i128| {
                let amount = Some((Amount::from_units(units).half_up(2), credit.currency));
                troubles.push(Trouble { code, seq, credit: credit.id.clone(), message, amount });
            };
            if credit.balance() < 0 {
                let last = credit.uses.iter().map(|used| used.seq).chain(credit.revoked.iter().map(|(_, seq)| *seq)).max();
                let message = format!("more of it was used than the {} granted", Amount::from_units(credit.granted()).half_up(2));
                trouble(finding::CREDIT_BEYOND_BALANCE, last.unwrap_or(credit.seq), message, -credit.balance());
            }
            for used in &credit.uses {
                let Some(period) = month(&used.month) else { continue };
                if let Some(ends) = credit.ends.filter(|ends| *ends <= period.from) {
                    let message = format!("it lowered the bill of {}, and had expired at {ends}", used.month);
                    trouble(finding::CREDIT_AFTER_END, used.seq, message, used.amount.units());
                }
                if period.until <= credit.starts {
                    let message = format!("it lowered the bill of {}, and begins at {}", used.month, credit.starts);
                    trouble(finding::CREDIT_AFTER_END, used.seq, message, used.amount.units());
                }
                if used.service.as_deref().is_some_and(is_marketplace) {
                    let message = format!("it lowered charges of {} in {}", used.service.as_deref().unwrap_or_default(), used.month);
                    trouble(finding::CREDIT_ON_MARKETPLACE, used.seq, message, used.amount.units());
                }
            }
        }
        self.troubles.append(&mut troubles);
    }
}

/// Why a credit is not split so; nothing when it can be.
pub(crate) fn unfit_split(told: &CreditSplit, balance: i128) -> Option<String> {
    let parts = told.children.len();
    if !PARTS.contains(&parts) {
        return Some(format!("it is split into {parts}, and AWS splits a credit into 2 to 99"));
    }
    if let Some(small) = told.children.iter().find(|part| part.amount.units() < SMALLEST_PART) {
        return Some(format!("`{}` has {}, and no part has less than 100.00", small.credit, small.amount));
    }
    let sum: i128 = told.children.iter().map(|part| part.amount.units()).sum();
    let written = |units| Amount::from_units(units).half_up(2);
    (sum != balance).then(|| format!("its parts sum to {}, and {} was left of it", written(sum), written(balance)))
}

/// The credit that an event grants.
pub(super) fn grants(event: &Event) -> Option<&str> {
    match event {
        Event::CreditGranted(it) => Some(it.credit.as_str()),
        Event::BalanceBroughtForward(it) => Some(it.item.as_str()),
        _ => None,
    }
}

/// Whether charges are of AWS Marketplace, which the terms of promotional credits leave out.
pub(crate) fn is_marketplace(service: &str) -> bool {
    let plain: String = service.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    plain.contains("awsmarketplace")
}

fn blank(holder: AccountId, currency: Currency, granted_at: Instant, seq: u64) -> Credit {
    Credit {
        id: String::new(),
        root: String::new(),
        programme: None,
        application: None,
        agreement: None,
        holder,
        currency,
        services: BTreeSet::new(),
        starts: granted_at,
        ends: None,
        granted_at,
        seq,
        original: 0,
        split: Vec::new(),
        uses: Vec::new(),
        revoked: Vec::new(),
        expired: 0,
        passed_on: Vec::new(),
        holders: vec![(granted_at, holder, seq)],
    }
}
