//! How facts about credits become credits.
//!
//! Statements that name their credit count as they are; what they leave of a total that names none is laid out after them, so that no order of
//! arrival changes what AWS said.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Fact;
use super::credits::{Credit, Trouble, Use, grants, is_marketplace, month, unfit_split};
use crate::event::Event;
use crate::event::programme::{CreditApplied, CreditSplit};
use crate::finding;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::time::Instant;

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
    fold.close(until);
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
            let why = "a credit of this id was granted before: this counts nothing".to_owned();
            return self.trouble(finding::CREDIT_UNKNOWN, credit.seq, &credit.id, why, amount);
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
                split_at: None,
                ..parent.clone()
            };
            let before = self.credits.len();
            self.add(child);
            if self.credits.len() > before {
                self.credits[at].split.push((part.amount.units(), fact.seq));
                self.credits[at].split_at.get_or_insert(fact.effective_at);
            }
        }
    }

    /// Where a credit stands of which a fact tells an amount. Currencies never meet.
    fn known_in(&mut self, credit: &str, seq: u64, (amount, currency): (Amount, Currency)) -> Option<usize> {
        let at = self.known(credit, seq)?;
        let of = self.credits[at].currency;
        if of != currency {
            let why = format!("it is in {of}, and this in {currency}: it counts nothing");
            self.trouble(finding::CREDIT_UNKNOWN, seq, credit, why, Some((amount, currency)));
        }
        (of == currency).then_some(at)
    }

    /// Where a credit stands that a fact names.
    fn known(&mut self, credit: &str, seq: u64) -> Option<usize> {
        let found = self.find(credit);
        if found.is_none() {
            let why =
                if self.waiting.contains(credit) { "its grant waits for its approvals" } else { "no grant of this credit is recorded" };
            self.trouble(finding::CREDIT_UNKNOWN, seq, credit, why.to_owned(), None);
        }
        found
    }

    /// A statement that names its credit: that counts, whatever the order would be.
    fn apply(&mut self, statement: &Statement<'_>) {
        let (told, seq) = (statement.told, statement.seq);
        let Some(credit) = &told.credit else { return };
        let Some(at) = self.known_in(credit.as_str(), seq, (told.amount, told.currency)) else { return };
        self.moments[at].push((statement.first, told.amount.units()));
        self.spend(at, told, seq, told.amount, false);
    }

    fn spend(&mut self, at: usize, told: &CreditApplied, seq: u64, amount: Amount, by_order: bool) {
        let credit = &mut self.credits[at];
        let (account, estimated, month, service) = (told.account, told.estimated, told.month.clone(), told.service.clone());
        credit.uses.push(Use { account, amount, by_order, estimated, month, seq, service });
    }

    /// Transfers, and what was taken back or passed on.
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
                let Some(at) = self.known_in(it.credit.as_str(), fact.seq, (it.amount, it.currency)) else { return };
                self.credits[at].revoked.push((it.amount.units(), fact.seq));
            }
            Event::CreditPassedOn(it) => {
                let Some(at) = self.known_in(it.credit.as_str(), fact.seq, (it.amount, it.currency)) else { return };
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
                    let whole = credit.split_at.is_none_or(|split| period.from < split);
                    born && whole && fits && credit.holder_at(period.until) == told.account
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
                let message = format!(
                    "credits of {} lowered the bill of {}, and no credit recorded here has {amount} left",
                    told.account, told.month
                );
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
            let of_totals =
                credit.uses.iter().filter(|used| used.by_order && month(&used.month).is_some_and(|month| month.from < fact.effective_at));
            let used = named + of_totals.map(|used| used.amount.units()).sum::<i128>();
            let balance = credit.original - before(&credit.split) - used - before(&credit.revoked);
            if let Some(why) = unfit_split(told, balance) {
                let (id, currency) = (credit.id.clone(), credit.currency);
                let sum = Amount::from_units(told.children.iter().map(|part| part.amount.units()).sum()).half_up(2);
                self.trouble(finding::CREDIT_SPLIT_UNFIT, fact.seq, &id, why, Some((sum, currency)));
            }
        }
    }

    /// What expired, and what was used that should not have been.
    fn close(&mut self, until: Option<Instant>) {
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
        split_at: None,
        uses: Vec::new(),
        revoked: Vec::new(),
        expired: 0,
        passed_on: Vec::new(),
        holders: vec![(granted_at, holder, seq)],
    }
}
