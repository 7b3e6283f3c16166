//! Credits, what was expected of programmes, and what nobody applied for, as reports.

use std::collections::{BTreeMap, BTreeSet};

use super::{Benefit, Credit, Incentives};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::programme::{self, Deal, Definition, Expected, PROGRAMMES, Programme};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::Instant;

pub(super) fn cents(units: i128) -> Amount {
    let (exact, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
    if cents.units() == units { cents } else { exact }
}

fn amount(units: i128) -> Cell {
    Cell::Amount(cents(units))
}

fn maybe(value: Option<impl ToString>) -> Cell {
    Cell::or_empty(value, Cell::text)
}

/// The last day on which something that ends at a moment can be used.
pub(super) fn last_day(ends: Instant) -> Cell {
    Cell::Day(Instant::from_micros(ends.micros() - 1).day())
}

impl Incentives<'_> {
    fn name_of(&self, account: Option<AccountId>) -> Cell {
        maybe(account.and_then(|account| self.view.name_of(account)))
    }

    /// The benefit that a credit, or the one it is a part of, was granted on.
    pub(super) fn benefit_of_credit(&self, credit: &Credit) -> Option<&Benefit> {
        self.benefits().iter().find(|benefit| benefit.credits.contains(&credit.root))
    }

    /// What of a credit has still to be passed on to the customer; nothing when its programme asks for nothing of the kind.
    pub(super) fn to_pass_on(&self, credit: &Credit) -> Option<i128> {
        let benefit = self.benefit_of_credit(credit)?;
        self.definition_of(benefit).filter(|definition| definition.terms.pass_on)?;
        // A credit of the customer's own has nowhere to go.
        let buyer = benefit.deal.as_ref().and_then(|deal| deal.buyer);
        let passed: i128 = credit.passed_on.iter().map(|(units, _)| units).sum();
        (buyer != Some(credit.holder)).then(|| credit.granted() - passed)
    }
}

/// One row per credit: what was granted, and where it went. Of a credit that was split, what was split off stands with its parts.
pub fn incentives(all: &Incentives<'_>) -> Report {
    let mut report = Report::new(
        "incentives",
        vec![
            Column::new("grant", "Grant", Kind::Text),
            Column::new("programme", "Programme", Kind::Text),
            Column::new("holder", "Holder", Kind::Text),
            Column::new("holder_name", "Holder's name", Kind::Text),
            Column::new("granted", "Granted", Kind::Amount),
            Column::new("applied", "Applied", Kind::Amount),
            Column::new("expired", "Expired", Kind::Amount),
            Column::new("revoked", "Revoked", Kind::Amount),
            Column::new("balance", "Balance", Kind::Amount),
            Column::new("currency", "", Kind::Text),
            Column::new("expires", "Expires", Kind::Day),
            Column::new("at_risk", "At risk", Kind::Amount),
            Column::new("status", "Status", Kind::Text),
            Column::new("to_pass_on", "To pass on", Kind::Amount),
            Column::new("part_of", "Part of", Kind::Text),
            Column::new("application", "Application", Kind::Text),
            Column::new("agreement", "Agreement", Kind::Text),
            Column::new("begins", "Begins", Kind::Moment),
            Column::new("event", "#", Kind::Count),
        ],
    );
    report.shown = vec![
        "grant",
        "programme",
        "holder_name",
        "granted",
        "applied",
        "expired",
        "revoked",
        "balance",
        "currency",
        "expires",
        "at_risk",
        "status",
    ];
    let mut totals: BTreeMap<Currency, [i128; 5]> = BTreeMap::new();
    let (mut by_order, mut at_risk) = (Vec::new(), false);
    for credit in all.credits() {
        let risk = credit.at_risk(all.until);
        let owed = all.to_pass_on(credit);
        if owed.is_some() && !report.shown.contains(&"to_pass_on") {
            report.shown.push("to_pass_on");
        }
        at_risk |= risk.is_some();
        by_order.extend(credit.uses.iter().filter(|used| used.by_order).map(|used| used.month.clone()));
        let figures = [credit.granted(), credit.applied(), credit.expired, credit.taken_back(), credit.balance()];
        for (sum, figure) in totals.entry(credit.currency).or_default().iter_mut().zip(figures) {
            *sum += figure;
        }
        let [granted, applied, expired, revoked, balance] = figures.map(amount);
        let agreement = all.benefit_of_credit(credit).and_then(|benefit| benefit.deal.as_ref()).map(|deal| deal.agreement.to_string());
        report.rows.push(vec![
            Cell::text(&credit.id),
            maybe(credit.programme.as_deref().map(programme::title_of)),
            Cell::text(credit.holder),
            all.name_of(Some(credit.holder)),
            granted,
            applied,
            expired,
            revoked,
            balance,
            Cell::text(credit.currency),
            Cell::or_empty(credit.ends, last_day),
            Cell::or_empty(risk, Cell::Amount),
            Cell::text(credit.status(all.until)),
            Cell::or_empty(owed, amount),
            maybe(Some(&credit.root).filter(|root| **root != credit.id)),
            maybe(credit.application.as_ref()),
            maybe(agreement.or_else(|| credit.agreement.clone())),
            Cell::Moment(credit.starts),
            Cell::Count(credit.seq),
        ]);
    }
    for (currency, sums) in &totals {
        let mut line = vec![Cell::Empty; report.columns.len()];
        line[0] = Cell::text(currency);
        line[9] = Cell::text(currency);
        sums.iter().zip(4..).for_each(|(sum, at)| line[at] = amount(*sum));
        report.totals.push(line);
    }
    if at_risk {
        report
            .notes
            .push("at risk: what will be unused at the end, if as much is used per day as since the credit began (run rate)".to_owned());
    }
    by_order.sort_unstable();
    by_order.dedup();
    if !by_order.is_empty() {
        let said =
            "laid to credits by AWS's published order, because no statement says which were used (soonest end, fewest services, oldest)";
        report.notes.push(format!("{said}: {}", by_order.join(", ")));
    }
    report.notes.extend(all.quota());
    report
}

/// What the rows of [`incentives`] come to, by currency:
/// `1.00 applied + 2.00 expired + 0.00 revoked + 7.00 balance = 10.00 granted, USD`.
pub fn conservation(report: &Report) -> Vec<String> {
    let figures = ["applied", "expired", "revoked", "balance", "granted"].map(|name| report.column(name));
    let mut sums: BTreeMap<String, [i128; 5]> = BTreeMap::new();
    for row in &report.rows {
        let Some(Cell::Text(currency)) = report.column("currency").map(|at| &row[at]) else { continue };
        for (sum, at) in sums.entry(currency.clone()).or_default().iter_mut().zip(figures) {
            if let Some(Cell::Amount(amount)) = at.map(|at| &row[at]) {
                *sum += amount.units();
            }
        }
    }
    let line = |(currency, sums): (String, [i128; 5])| {
        let holds = if sums[..4].iter().sum::<i128>() == sums[4] { "=" } else { "is NOT" };
        let [applied, expired, revoked, balance, granted] = sums.map(cents);
        format!("{applied} applied + {expired} expired + {revoked} revoked + {balance} balance {holds} {granted} granted, {currency}")
    };
    sums.into_iter().map(line).collect()
}

impl Incentives<'_> {
    /// Quota that deals retired, by currency: it is nobody's balance.
    fn quota(&self) -> Vec<String> {
        let mut sums: BTreeMap<Currency, (i128, u64)> = BTreeMap::new();
        for fact in self.facts() {
            if let crate::event::Event::QuotaRetired(it) = &fact.event {
                let (sum, deals) = sums.entry(it.currency).or_default();
                (*sum, *deals) = (*sum + it.amount.units(), *deals + 1);
            }
        }
        let line = |(currency, (sum, deals)): (Currency, (i128, u64))| {
            let deals = if deals == 1 { "1 deal".to_owned() } else { format!("{deals} deals") };
            format!("quota of AWS's sellers retired by {deals} (SaaS Co-Sell Benefit), and nobody's balance: {} {currency}", cents(sum))
        };
        sums.into_iter().map(line).collect()
    }
}

/// One row per application, and per credit that came without one, and one more for every other currency in which something was granted: what was expected by the programme as it was defined then, and what AWS
/// granted.
pub fn incentives_expected(all: &Incentives<'_>) -> Report {
    let mut report = Report::new(
        "incentives-expected",
        vec![
            Column::new("application", "Application", Kind::Text),
            Column::new("programme", "Programme", Kind::Text),
            Column::new("beneficiary", "Beneficiary", Kind::Text),
            Column::new("beneficiary_name", "Beneficiary's name", Kind::Text),
            Column::new("agreement", "Agreement", Kind::Text),
            Column::new("applied_at", "Applied", Kind::Day),
            Column::new("status", "Status", Kind::Text),
            Column::new("base", "Of", Kind::Amount),
            Column::new("rate", "%", Kind::Amount),
            Column::new("expected", "Expected", Kind::Amount),
            Column::new("granted", "Granted", Kind::Amount),
            Column::new("difference", "Difference", Kind::Amount),
            Column::new("currency", "", Kind::Text),
            Column::new("rule", "By", Kind::Text),
            Column::new("opportunity", "Opportunity", Kind::Text),
            Column::new("event", "#", Kind::Count),
        ],
    );
    report.shown = vec![
        "application",
        "programme",
        "beneficiary_name",
        "status",
        "base",
        "rate",
        "expected",
        "granted",
        "difference",
        "currency",
        "rule",
    ];
    for benefit in all.benefits() {
        let (expected, granted) = (all.expected(benefit), all.granted_each(benefit));
        let currency = expected.map(|(expected, _)| expected.currency).or(granted.first().map(|(_, currency)| *currency));
        let in_one = granted.iter().find(|(_, of)| Some(*of) == currency).map(|(granted, _)| *granted);
        let difference = expected.map(|(expected, _)| in_one.map_or(0, Amount::units) - expected.amount.units());
        let rule = all.definition_of(benefit).map(|definition| definition.rule());
        let figures = [
            Cell::or_empty(expected, |(expected, _)| amount(expected.base.units())),
            Cell::or_empty(expected, |(expected, _)| Cell::Amount(expected.rate)),
            Cell::or_empty(expected, |(expected, _)| Cell::Amount(expected.amount)),
            Cell::or_empty(in_one, Cell::Amount),
            Cell::or_empty(difference.filter(|_| !benefit.is_closed()), amount),
            maybe(currency),
        ];
        // In another currency nothing was expected: what was granted there has a row of its own.
        let beside = granted.iter().filter(|(_, of)| Some(*of) != currency);
        let others =
            beside.map(|(granted, of)| [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Amount(*granted), Cell::Empty, Cell::text(of)]);
        for figures in std::iter::once(figures).chain(others) {
            let first = [
                Cell::text(&benefit.id),
                Cell::text(programme::title_of(&benefit.programme)),
                Cell::text(benefit.beneficiary),
                all.name_of(Some(benefit.beneficiary)),
                maybe(benefit.deal.as_ref().map(|deal| &deal.agreement)),
                Cell::Day(benefit.at.day()),
                Cell::text(all.state_of(benefit)),
            ];
            let last = [maybe(rule.as_ref()), maybe(benefit.opportunity.as_ref()), Cell::Count(benefit.seq)];
            report.rows.push(first.into_iter().chain(figures).chain(last).collect());
        }
    }
    report.notes.push("difference: granted less expected; nothing counts by being expected".to_owned());
    report
}

/// One row per deal and programme that it fits, and for which nothing was applied, granted or retired: by what is recorded of the deal, and by the
/// programme as it was defined when the deal was accepted.
pub fn incentives_missed(all: &Incentives<'_>) -> Report {
    let mut report = Report::new(
        "incentives-missed",
        vec![
            Column::new("agreement", "Agreement", Kind::Text),
            Column::new("programme", "Programme", Kind::Text),
            Column::new("buyer", "Buyer", Kind::Text),
            Column::new("buyer_name", "Buyer's name", Kind::Text),
            Column::new("accepted", "Accepted", Kind::Day),
            Column::new("why", "Fits", Kind::Text),
            Column::new("beneficiaries", "To", Kind::List),
            Column::new("expected", "Expected", Kind::Amount),
            Column::new("currency", "", Kind::Text),
            Column::new("status", "Status", Kind::Text),
            Column::new("open_until", "Until", Kind::Day),
            Column::new("rule", "By", Kind::Text),
        ],
    );
    let (missed, undefined) = all.missed();
    for Missed { deal, programme, why, definition, expected, closes, .. } in missed {
        let is_closed = closes.zip(all.until).is_some_and(|(closes, until)| closes < until);
        report.rows.push(vec![
            Cell::text(&deal.agreement),
            Cell::text(programme.title()),
            maybe(deal.buyer),
            all.name_of(deal.buyer),
            Cell::Day(deal.accepted.day()),
            Cell::Text(why),
            Cell::List(definition.terms.beneficiaries.clone()),
            Cell::or_empty(expected, |expected| Cell::Amount(expected.amount)),
            maybe(expected.map(|expected| expected.currency)),
            Cell::text(if is_closed { "closed" } else { "open" }),
            Cell::or_empty(closes, last_day),
            Cell::text(definition.rule()),
        ]);
    }
    report.shown = vec!["agreement", "programme", "buyer_name", "accepted", "why", "expected", "currency", "status", "open_until", "rule"];
    if !undefined.is_empty() {
        let undefined: Vec<&str> = undefined.into_iter().collect();
        report.notes.push(format!("not defined when deals that would fit were accepted (programme.defined): {}", undefined.join(", ")));
    }
    report
}

/// A deal that fits a programme, and for which nothing was applied, granted or retired.
pub(super) struct Missed<'a> {
    pub(super) deal: Deal,
    pub(super) programme: &'static dyn Programme,
    /// Why it fits.
    pub(super) why: String,
    /// How the programme was defined when the deal was accepted.
    pub(super) definition: Definition<'a>,
    pub(super) expected: Option<Expected>,
    /// Until when it can be applied for.
    closes: Option<Instant>,
    /// The event that stated the ARR.
    stated: Option<u64>,
}

impl Missed<'_> {
    /// The event that tells the base: the ARR that was stated last, or the deal.
    pub(super) fn base_told_by(&self) -> Option<u64> {
        self.stated.or(Some(self.deal.seq))
    }
}

impl Incentives<'_> {
    /// The deals that fit a programme and have nothing of it; and the programmes that were not defined when such a deal was accepted.
    pub(super) fn missed(&self) -> (Vec<Missed<'_>>, BTreeSet<&'static str>) {
        let (mut found, mut undefined) = (Vec::new(), BTreeSet::new());
        for deal in self.deals() {
            for programme in PROGRAMMES.iter().copied() {
                let name = programme.name();
                let Some(why) = programme.fits(&deal) else { continue };
                let of_it = |benefit: &&Benefit| {
                    benefit.programme == name && benefit.deal.as_ref().is_some_and(|of| of.agreement == deal.agreement)
                };
                let taken = self.benefits().iter().any(|benefit| of_it(&benefit))
                    || (programme.is_joined() && deal.enrolled.contains(name))
                    || (!programme.keeps_balance() && self.has_retired_quota(&deal.agreement));
                if taken {
                    continue;
                }
                let Some(definition) = self.definition(name, deal.accepted) else {
                    undefined.insert(programme.title());
                    continue;
                };
                let stated = self.first_year_arr(Some(&deal.agreement), deal.opportunity.as_ref().map(|it| &it.opportunity));
                let first_year_arr = stated.map(|(amount, currency, _)| (amount, currency));
                let base = programme.base(&programme::Told { deal: Some(&deal), first_year_arr });
                let expected = base.and_then(|base| definition.expected(base, None));
                // Only of a programme that takes it as its base.
                let stated = stated.filter(|_| programme.base(&programme::Told { deal: None, first_year_arr }).is_some());
                let (closes, stated) = (definition.closes(deal.accepted), stated.map(|(.., seq)| seq));
                found.push(Missed { deal: deal.clone(), programme, why, definition, expected, closes, stated });
            }
        }
        (found, undefined)
    }
}
