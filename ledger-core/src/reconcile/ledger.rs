//! The ledger's side: what its projections hold of the views that statements tell.

use std::collections::{BTreeMap, BTreeSet};

use super::{Held, Names, Reconciliation, When, whole};
use crate::chain::Hash;
use crate::event::commitment::SpendRecorded;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::projection::billing::{Billing, Earned, Whole};
use crate::projection::edp::{Compared, Standing};
use crate::projection::programmes::Programmes;
use crate::projection::records::{View, not_told};
use crate::projection::sources::Sources;
use crate::statement::{Exact, Line, Side, Subject};
use crate::time::{Basis, Instant, Period};

/// A line that a statement of another month told: side, scope, invoice, and what it came to.
pub type ToldElsewhere = (Side, AccountId, String, Exact);

/// Whether the line of an invoice was matched in another month: of a side and subject, a scope, and the month's first moment.
type Settled<'a> = dyn Fn((Side, Subject), AccountId, Instant, &str) -> bool + 'a;

/// What the ledger's lines are made of.
#[derive(Clone, Copy)]
pub struct Ledger<'a> {
    /// The money.
    pub billing: &'a Billing,
    /// The records.
    pub view: &'a View<'a>,
    /// The credits.
    pub programmes: &'a Programmes,
    /// The files.
    pub sources: &'a Sources,
    /// Whether the line of an invoice was matched in another month, by side and subject, scope and the month's first moment.
    pub settled: &'a Settled<'a>,
    /// What statements of other months told too early or too late, and in which month: by side, scope, invoice and amount.
    pub told: &'a BTreeMap<ToldElsewhere, Instant>,
    /// What was sent to banks in an earlier month and was under way when it ended: who is paid, and the trace.
    pub under_way: &'a BTreeSet<(AccountId, String)>,
    /// What AWS has counted towards commitments in the month, and what we count: of each the payers, its terms, and both.
    pub counted: &'a [(Standing, Compared)],
    /// Whose bank lists of later months are reconciled: what was under way is looked for there.
    pub later: &'a BTreeSet<AccountId>,
}

/// A line before its place in time and its sources are known.
fn line(side: Side, subject: Subject, scope: AccountId, (amount, currency): (Exact, Currency)) -> Held {
    Held {
        side,
        subject,
        scope,
        when: When::Inside,
        amount,
        currency,
        date: None,
        planned: false,
        line_type: None,
        invoice: None,
        product: None,
        account: None,
        agreement: None,
        seller: None,
        trace: None,
        parts: Vec::new(),
        priced: None,
        tax: None,
        explained: None,
        billed_in: None,
        events: Vec::new(),
        sources: Vec::new(),
    }
}

fn exact(units: i128) -> Exact {
    // The ledger's amounts have eighteen digits before the point and cannot all be had with twenty-two decimals; those of a line can.
    Exact::of(Amount::from_units(units)).unwrap_or_default()
}

impl Ledger<'_> {
    /// What statements call things, and what the ledger knows them by.
    pub fn names(&self) -> Names {
        let recipients: BTreeSet<AccountId> = self.sources.imports().iter().map(|import| import.said.recipient).collect();
        let sellers = recipients.into_iter().filter_map(|account| Some((self.view.name_of(account)?, account)));
        Names { products: self.view.products_by_name(), sellers: sellers.collect() }
    }

    /// Gives a reconciliation the ledger's lines of its sides and scopes, and lines of others that it names.
    pub fn hold(&self, period: Period, reconciliation: &mut Reconciliation) {
        let scopes = reconciliation.scopes();
        let of = |side: Side| -> BTreeSet<AccountId> { scopes.iter().filter(|(of, _)| *of == side).map(|(_, scope)| *scope).collect() };
        let (payers, sellers, paid) = (of(Side::Buyer), of(Side::Seller), of(Side::Bank));
        let digests: BTreeSet<Hash> = reconciliation.files.iter().map(|file| file.digest).collect();
        let brought = self.sources.brought(|digest| digests.contains(digest));
        let file_of = |seq: u64| {
            let run = brought.partition_point(|(first, ..)| *first <= seq).checked_sub(1).map(|at| brought[at]);
            run.filter(|(_, last, _)| seq <= *last).map(|(.., digest)| digest)
        };
        let mut held = Vec::new();
        if !payers.is_empty() {
            let told = self.purchases(period, &payers, reconciliation, &mut held);
            for payer in &payers {
                self.bills(period, *payer, told.contains(payer), &|seq| file_of(seq).is_some(), &mut held);
            }
            self.planned(period, &payers, &mut held);
            self.commitments(period, &payers, reconciliation, &mut held);
            self.credits(period, &payers, &mut held);
        }
        if !sellers.is_empty() {
            self.earned(period, &sellers, reconciliation, &mut held);
            if reconciliation.tells(Side::Seller, Subject::Invoice) {
                let recipient = |told: &Whole<'_>| Some(told.recipient).filter(|recipient| sellers.contains(recipient));
                self.invoices(period, Side::Seller, &recipient, reconciliation, &mut held);
            }
        }
        if !paid.is_empty() {
            self.payouts(period, &paid, reconciliation, &mut held);
        }
        self.told_early(&mut held);
        for mut held in held {
            held.sources.extend(held.events.iter().filter_map(|seq| file_of(*seq)));
            held.sources.dedup();
            reconciliation.hold(held);
        }
    }

    /// What a statement of another month told, line by line or as what the lines of an invoice come to.
    fn told_early(&self, held: &mut [Held]) {
        if self.told.is_empty() {
            return;
        }
        let of = |held: &Held| Some((held.side, held.subject, held.scope, held.currency, held.invoice.as_ref()?.to_string()));
        let mut sums: BTreeMap<_, i128> = BTreeMap::new();
        for line in held.iter().filter(|held| held.when == When::Inside) {
            if let Some(of) = of(line) {
                *sums.entry(of).or_default() += line.amount.parts();
            }
        }
        for line in held {
            let Some(of) = of(line) else { continue };
            let told = |amount: Exact| self.told.get(&(of.0, of.2, of.4.clone(), amount)).copied();
            line.billed_in = told(line.amount).or_else(|| told(Exact::of_parts(*sums.get(&of)?)));
        }
    }

    /// Where a line of another month stands.
    fn when(&self, period: Period, of: (Side, Subject), scope: AccountId, date: Option<Instant>, invoice: &str) -> When {
        match date.and_then(Period::month_of) {
            Some(month) if month == period => When::Inside,
            Some(month) if (self.settled)(of, scope, month.from, invoice) => When::Settled,
            _ => When::Elsewhere,
        }
    }

    /// What buyers were invoiced, as sellers' feeds tell it; and of which payers they tell anything.
    fn purchases(
        &self,
        period: Period,
        payers: &BTreeSet<AccountId>,
        reconciliation: &Reconciliation,
        held: &mut Vec<Held>,
    ) -> BTreeSet<AccountId> {
        let mut accounts: BTreeMap<(AccountId, String), Option<AccountId>> = BTreeMap::new();
        let mut account = |recipient: AccountId, feed: Option<&str>| {
            let feed = feed?;
            let resolve = || feed.parse().ok().and_then(|feed| self.view.account_of(recipient, &feed)).or_else(|| feed.parse().ok());
            *accounts.entry((recipient, feed.to_owned())).or_insert_with(resolve)
        };
        let mut told: BTreeSet<AccountId> = BTreeSet::new();
        let mut taxes: BTreeMap<(AccountId, &str), i128> = BTreeMap::new();
        let mut lines: BTreeMap<(AccountId, &str), u32> = BTreeMap::new();
        let earned = self.billing.earned(Basis { effective_before: None, ..self.view.basis() }, |_| true);
        for line in earned.iter().filter(|line| line.tax != 0) {
            *taxes.entry((line.recipient, line.invoice.unwrap_or_default())).or_default() += line.tax;
        }
        let bought = self.billing.purchases(self.view.basis(), |_, _| true);
        for bought in &bought {
            *lines.entry((bought.recipient, bought.invoice.unwrap_or_default())).or_default() += 1;
        }
        let mut taxed: BTreeSet<(AccountId, &str)> = BTreeSet::new();
        let mut buyers: BTreeMap<(AccountId, &str), AccountId> = BTreeMap::new();
        for bought in &bought {
            let Some(payer) = account(bought.recipient, bought.payer) else { continue };
            told.insert(payer);
            // Usage is billed in the month in which it ended, and invoiced in the next one.
            let invoiced = match (bought.used_until, bought.invoiced) {
                (Some(used), Some(invoiced)) if used < invoiced => Some(Instant::from_micros(used.micros() - 1)),
                (_, invoiced) => invoiced,
            };
            let invoice = bought.invoice.unwrap_or_default();
            let date = bought.given_back.or(invoiced);
            let when = self.when(period, (Side::Buyer, Subject::Purchase), payer, date, invoice);
            let named = reconciliation.names(invoice);
            let wanted = payers.contains(&payer) && when == When::Inside;
            if !wanted && !named {
                continue;
            }
            let of = (bought.recipient, invoice);
            let tax = taxes.get(&of).copied();
            if !invoice.is_empty() {
                buyers.insert(of, payer);
            }
            held.push(Held {
                when,
                date: bought.given_back.or(bought.invoiced),
                invoice: bought.invoice.and_then(|invoice| invoice.parse().ok()),
                product: bought.product.and_then(|product| product.parse().ok()),
                account: account(bought.recipient, bought.end_user),
                agreement: bought.agreement.and_then(|agreement| agreement.parse().ok()),
                seller: Some(bought.recipient),
                tax: tax.filter(|_| lines.get(&of) == Some(&1)).map(Amount::from_units),
                events: bought.seqs.clone(),
                ..line(Side::Buyer, Subject::Purchase, payer, (exact(bought.price), bought.currency))
            });
            if let Some(tax) = tax.filter(|_| named && taxed.insert(of)) {
                held.push(Held {
                    when,
                    date: bought.invoiced,
                    invoice: bought.invoice.and_then(|invoice| invoice.parse().ok()),
                    events: bought.seqs.clone(),
                    ..line(Side::Buyer, Subject::Tax, payer, (exact(tax), bought.currency))
                });
            }
        }
        if reconciliation.tells(Side::Buyer, Subject::Invoice) {
            let payer = |told: &Whole<'_>| buyers.get(&(told.recipient, told.buyers?)).filter(|_| told.of_price).copied();
            self.invoices(period, Side::Buyer, &payer, reconciliation, held);
        }
        told
    }

    /// Whole invoices: of buyers, those of their purchases; of sellers and resellers, those of a sale, of a listing fee, of what a reseller buys.
    fn invoices(
        &self,
        period: Period,
        side: Side,
        scope: &dyn Fn(&Whole<'_>) -> Option<AccountId>,
        reconciliation: &Reconciliation,
        held: &mut Vec<Held>,
    ) {
        for told in self.billing.whole_invoices(self.view.basis(), |_| true) {
            let Some(scope) = scope(&told) else { continue };
            // Usage is billed in the month in which it ended, and invoiced in the next one.
            let date = match (told.used_until, told.dated) {
                (Some(used), Some(dated)) if used < dated && told.before_tax > 0 => Some(Instant::from_micros(used.micros() - 1)),
                (_, dated) => dated,
            };
            let when = self.when(period, (side, Subject::Invoice), scope, date, told.invoice);
            if when != When::Inside && !reconciliation.names(told.invoice) {
                continue;
            }
            held.push(Held {
                when,
                date: told.dated,
                invoice: told.invoice.parse().ok(),
                parts: vec![(whole::BEFORE_TAX, Amount::from_units(told.before_tax)), (whole::TAX, Amount::from_units(told.tax))],
                events: told.seqs,
                ..line(side, Subject::Invoice, scope, (exact(told.before_tax + told.tax), told.currency))
            });
        }
    }

    /// What AWS has counted towards commitments of the payers by its own statement, beside what we count.
    fn commitments(&self, period: Period, payers: &BTreeSet<AccountId>, reconciliation: &mut Reconciliation, held: &mut Vec<Held>) {
        for (standing, compared) in self.counted {
            let terms = &standing.contract.terms;
            let Some(payer) = terms.payers.iter().find(|payer| payers.contains(payer)) else { continue };
            let of = (*payer, period);
            let (Some(theirs), Some(ours)) = (Exact::of(compared.statement.counted), Exact::of(compared.ours)) else { continue };
            let agreement = terms.commitment.as_str().parse().ok();
            let mut stated = Line::of(Side::Buyer, Subject::Commitment, of, "statement", (theirs, terms.currency));
            let last = Some(Instant::from_micros(compared.statement.until.micros() - 1));
            (stated.agreement, stated.date) = (agreement.clone(), last);
            reconciliation.state(stated);
            held.push(Held {
                date: last,
                agreement,
                explained: compared.explained.first().or(compared.parts.first()).or(compared.perhaps.as_ref()).cloned(),
                events: vec![compared.seq],
                ..line(Side::Buyer, Subject::Commitment, *payer, (ours, terms.currency))
            });
        }
    }

    /// What a bill of a payer says of the month, where one was imported: of several kinds the one that is not compared with itself. Purchases
    /// only, where no seller's feed tells them.
    fn bills(&self, period: Period, payer: AccountId, told: bool, own: &dyn Fn(u64) -> bool, held: &mut Vec<Held>) {
        let products = self.view.products_by_name();
        let spent: Vec<(SpendRecorded, u64)> =
            self.view.spend_of(payer).into_iter().filter(|(spend, _)| spend.month == period.from).collect();
        let kind = spent.iter().map(|(spend, seq)| (own(*seq), spend.statement.as_str())).min().map(|(_, kind)| kind.to_owned());
        for (spend, seq) in spent.into_iter().filter(|(spend, _)| Some(&spend.statement) == kind.as_ref()) {
            let Some(amount) = billed(&spend) else { continue };
            let known = spend.product.as_ref().and_then(|product| products.get(product.as_str())?.parse().ok());
            let of = |subject| line(Side::Buyer, subject, payer, (amount, spend.currency));
            match spend.class.as_str() {
                "marketplace" if told || spend.line_type == "Credit" => (),
                "marketplace" => held.push(Held {
                    invoice: spend.invoice.clone(),
                    product: known.or_else(|| spend.product.clone()),
                    events: vec![seq],
                    ..of(if spend.line_type == "Tax" { Subject::Tax } else { Subject::Purchase })
                }),
                _ if spend.line_type == "Credit" => (),
                _ => held.push(Held { line_type: Some(spend.line_type.clone()), events: vec![seq], ..of(Subject::Services) }),
            }
        }
    }

    /// Instalments that are planned for the month and have not become an invoice.
    fn planned(&self, period: Period, payers: &BTreeSet<AccountId>, held: &mut Vec<Held>) {
        let invoiced = self.billing.invoiced(self.view.basis());
        let standings: BTreeMap<&str, _> =
            self.view.agreements().into_iter().map(|standing| (standing.terms.agreement.as_str(), standing)).collect();
        for (agreement, charge, seq) in not_told(self.view, &invoiced) {
            let Some(standing) = standings.get(agreement).filter(|_| period.holds(charge.charged_at)) else { continue };
            let payer = standing.terms.payer.or_else(|| self.view.acceptor(standing));
            let Some(payer) = payer.filter(|payer| payers.contains(payer)) else { continue };
            let products = self.view.offer_of(standing).map(|offer| self.view.products_of(&offer)).unwrap_or_default();
            let product = products.first().filter(|_| products.len() == 1);
            let Some(amount) = Exact::of(charge.amount) else { continue };
            held.push(Held {
                date: Some(charge.charged_at),
                planned: true,
                product: product.and_then(|product| product.as_str().parse().ok()),
                agreement: agreement.parse().ok(),
                events: vec![seq],
                ..line(Side::Buyer, Subject::Purchase, payer, (amount, charge.currency))
            });
        }
    }

    /// Credits that lowered the month's bill: a sum for each payer that holds some.
    fn credits(&self, period: Period, payers: &BTreeSet<AccountId>, held: &mut Vec<Held>) {
        let month = period.from.day().format("%Y-%m").to_string();
        let incentives = self.programmes.at(self.view);
        let mut sums: BTreeMap<(AccountId, Currency), (i128, Vec<u64>)> = BTreeMap::new();
        for credit in incentives.credits() {
            if payers.contains(&credit.holder) {
                sums.entry((credit.holder, credit.currency)).or_default();
            }
            for used in credit.uses.iter().filter(|used| used.month == month && payers.contains(&used.account)) {
                let sum = sums.entry((used.account, credit.currency)).or_default();
                sum.0 -= used.amount.units();
                sum.1.push(used.seq);
            }
        }
        for ((payer, currency), (units, events)) in sums {
            held.push(Held { events, ..line(Side::Buyer, Subject::Credit, payer, (exact(units), currency)) });
        }
    }

    /// What sellers earned in the month, what was collected of it and what was paid out.
    fn earned(&self, period: Period, sellers: &BTreeSet<AccountId>, reconciliation: &Reconciliation, held: &mut Vec<Held>) {
        let basis = self.view.basis();
        let wanted = |recipient: AccountId| sellers.contains(&recipient);
        let mut hold = |subject: Subject, earned: Earned<'_>| {
            let invoice = earned.invoice.unwrap_or_default();
            let when = self.when(period, (Side::Seller, subject), earned.recipient, earned.date, invoice);
            if when != When::Inside && !reconciliation.names(invoice) {
                return;
            }
            held.push(Held {
                when,
                date: earned.date,
                invoice: earned.invoice.and_then(|invoice| invoice.parse().ok()),
                product: earned.product.and_then(|product| product.parse().ok()),
                agreement: earned.agreement.and_then(|agreement| agreement.parse().ok()),
                trace: earned.trace.and_then(|trace| trace.parse().ok()),
                priced: earned.priced.map(|(units, currency)| (exact(units), currency)),
                parts: earned.parts.iter().map(|(name, units)| (*name, Amount::from_units(*units))).collect(),
                events: earned.seqs,
                ..line(Side::Seller, subject, earned.recipient, (exact(earned.amount), earned.currency))
            });
        };
        // A report of the month tells its lines as they stood when it was over.
        let until = Basis { effective_before: Some(basis.effective_before.map_or(period.until, |asked| asked.min(period.until))), ..basis };
        self.billing.earned(until, wanted).into_iter().for_each(|earned| hold(Subject::Billed, earned));
        let paid = self.billing.moved(until, true, wanted);
        let paid_out: BTreeSet<(AccountId, String)> =
            paid.iter().map(|paid| (paid.recipient, paid.invoice.unwrap_or_default().to_owned())).collect();
        paid.into_iter().for_each(|earned| hold(Subject::Disbursed, earned));
        // What was paid out is told as such.
        let collected = self.billing.moved(until, false, wanted).into_iter();
        let waits = |earned: &Earned<'_>| !paid_out.contains(&(earned.recipient, earned.invoice.unwrap_or_default().to_owned()));
        collected.filter(waits).for_each(|earned| hold(Subject::Collected, earned));
    }

    /// What was sent to banks.
    fn payouts(&self, period: Period, paid: &BTreeSet<AccountId>, reconciliation: &Reconciliation, held: &mut Vec<Held>) {
        for sent in self.billing.sent(self.view.basis()) {
            let trace = sent.trace.unwrap_or_default();
            let named = reconciliation.names(trace);
            // A payout is in transit until the bank has it: what was under way at the end of a month is the next one's.
            let when = match self.when(period, (Side::Bank, Subject::Deposit), sent.recipient, Some(sent.date), trace) {
                When::Elsewhere if sent.date < period.from && (named || self.under_way.contains(&(sent.recipient, trace.to_owned()))) => {
                    When::Inside
                }
                When::Inside if !named && self.later.contains(&sent.recipient) => When::Elsewhere,
                when => when,
            };
            if !paid.contains(&sent.recipient) || when != When::Inside && !named {
                continue;
            }
            held.push(Held {
                when,
                date: Some(sent.date),
                trace: sent.trace.and_then(|trace| trace.parse().ok()),
                events: vec![sent.seq],
                ..line(Side::Bank, Subject::Deposit, sent.recipient, (exact(sent.amount), sent.currency))
            });
        }
    }
}

/// What a sum of a bill comes to, as its lines are compared: unblended in a CUR, billed in FOCUS.
fn billed(spend: &SpendRecorded) -> Option<Exact> {
    let column = ["unblended", "billed"].into_iter().find(|column| spend.amounts.contains_key(*column))?;
    match spend.exact.get(column) {
        Some(all) => all.parse().ok(),
        None => Exact::of(spend.amounts[column]),
    }
}
