//! Why the figures of a credit are what they are: a tree whose parts sum to each figure exactly.

use std::collections::BTreeSet;

use super::reports::cents;
use super::{Benefit, Credit, Incentives};
use crate::money::{Amount, Currency};
use crate::programme::{Definition, Expected};
use crate::projection::records::Rule;

macro_rules! rules {
    ($($id:ident $name:literal $text:literal,)+) => {
        $(const $id: Rule = Rule { name: $name, text: $text };)+

        /// Every rule by which credits are told.
        pub const RULES: &[Rule] = &[$($id),+];
    };
}

rules! {
    GRANTED "credit-granted/1" "as AWS granted it; what was split off belongs to the parts",
    APPLIED "credit-applied/1" "of each credit, account, service and month the last statement counts, a final one before an estimated one",
    ORDER "credit-order/1" "no statement says which credit: the one that ends soonest, then the one for the fewest services, then the oldest (AWS Billing user guide)",
    EXPIRED "credit-expiry/1" "what was left when it ended",
    REVOKED "credit-revoked/1" "what AWS took back",
    BALANCE "credit-balance/1" "granted less applied, expired and revoked",
    EXPECTED "benefit-expected/1" "the rate applied for, or the lowest, of the programme's base, as the programme was defined when it was applied for",
    DIFFERENCE "benefit-difference/1" "granted less expected; nothing counts by being expected",
    OWED "credit-passed-on/1" "what the definition has passed on to the customer, less what was passed on",
}

/// A figure of a credit, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The credit.
    pub grant: String,
    /// Which figure.
    pub figure: &'static str,
    /// Which part of it; nothing for the figure itself.
    pub part: Option<String>,
    /// How much; nothing where an event only says how it is worked out.
    pub amount: Option<Amount>,
    /// The currency.
    pub currency: Currency,
    /// By which rule.
    pub rule: Rule,
    /// By which event.
    pub seq: Option<u64>,
}

struct Tree {
    grant: String,
    currency: Currency,
    parts: Vec<Part>,
}

impl Tree {
    const fn of(grant: String, currency: Currency) -> Self {
        Self { grant, currency, parts: Vec::new() }
    }

    fn put(&mut self, figure: &'static str, part: Option<String>, units: Option<i128>, rule: Rule, seq: Option<u64>) {
        let (grant, currency) = (self.grant.clone(), self.currency);
        self.parts.push(Part { grant, figure, part, amount: units.map(cents), currency, rule, seq });
    }

    /// What is expected, of a base that an event tells, by a definition.
    fn expect(&mut self, expected: &Expected, base: Option<u64>, definition: &Definition<'_>) {
        let of = format!("{} % of {} {}", expected.rate, expected.base, expected.currency);
        self.put("expected", None, Some(expected.amount.units()), EXPECTED, None);
        self.put("expected", Some(of), Some(expected.amount.units()), EXPECTED, base);
        self.put("expected", Some(definition.rule()), None, EXPECTED, Some(definition.seq));
    }
}

/// What is expected of some applications, what was granted on them, and the difference, each above its parts.
pub fn why_expected(all: &Incentives<'_>, ids: &[String]) -> Vec<Part> {
    all.benefits().iter().filter(|benefit| ids.contains(&benefit.id)).flat_map(|benefit| of_benefit(all, benefit)).collect()
}

fn of_benefit(all: &Incentives<'_>, benefit: &Benefit) -> Vec<Part> {
    let (expected, granted) = (all.expected(benefit), all.granted_each(benefit));
    let currency = expected.as_ref().map(|(expected, _)| expected.currency);
    let currencies: BTreeSet<Currency> = currency.into_iter().chain(granted.iter().map(|(_, currency)| *currency)).collect();
    let mut parts = Vec::new();
    for of in currencies {
        let mut tree = Tree::of(benefit.id.clone(), of);
        let expected = expected.as_ref().filter(|(expected, _)| expected.currency == of);
        if let Some((expected, definition)) = expected {
            tree.expect(expected, benefit.base_told_by(), definition);
        }
        let in_one = granted.iter().find(|(_, currency)| *currency == of).map(|(granted, _)| granted.units());
        if let Some(units) = in_one {
            tree.put("granted", None, Some(units), GRANTED, None);
            for credit in benefit.credits.iter().filter_map(|id| all.credit(id)).filter(|credit| credit.currency == of) {
                tree.put("granted", Some(credit.id.clone()), Some(credit.original), GRANTED, Some(credit.seq));
            }
        }
        if let Some((expected, _)) = expected.filter(|_| !benefit.is_closed()) {
            let (granted, expected) = (in_one.unwrap_or(0), expected.amount.units());
            tree.put("difference", None, Some(granted - expected), DIFFERENCE, None);
            tree.put("difference", Some("granted".to_owned()), Some(granted), DIFFERENCE, None);
            tree.put("difference", Some("expected".to_owned()), Some(-expected), DIFFERENCE, None);
        }
        parts.extend(tree.parts);
    }
    parts
}

/// What is expected of some deals that fit a programme and have no application, `agmt-1 MPOP`, above its parts.
pub fn why_missed(all: &Incentives<'_>, ids: &[String]) -> Vec<Part> {
    let missed = all.missed().0.into_iter().map(|missed| (format!("{} {}", missed.deal.agreement, missed.programme.title()), missed));
    let mut parts = Vec::new();
    for (id, missed) in missed.filter(|(id, _)| ids.contains(id)) {
        let Some(expected) = missed.expected else { continue };
        let mut tree = Tree::of(id, expected.currency);
        tree.expect(&expected, missed.base_told_by(), &missed.definition);
        tree.put("expected", Some(missed.why), None, EXPECTED, Some(missed.deal.seq));
        parts.extend(tree.parts);
    }
    parts
}

/// The figures of some credits, each above its parts.
pub fn why(all: &Incentives<'_>, ids: &[String]) -> Vec<Part> {
    ids.iter().filter_map(|id| all.credit(id)).flat_map(|credit| of_credit(all, credit)).collect()
}

fn of_credit(all: &Incentives<'_>, credit: &Credit) -> Vec<Part> {
    let mut tree = Tree::of(credit.id.clone(), credit.currency);
    tree.put("granted", None, Some(credit.granted()), GRANTED, None);
    let as_granted = if credit.root == credit.id { "as granted".to_owned() } else { format!("split off `{}`", credit.root) };
    tree.put("granted", Some(as_granted), Some(credit.original), GRANTED, Some(credit.seq));
    for (units, seq) in &credit.split {
        tree.put("granted", Some("split off".to_owned()), Some(-units), GRANTED, Some(*seq));
    }
    for (_, holder, seq) in credit.holders.iter().skip(1) {
        tree.put("granted", Some(format!("transferred to {holder}")), None, GRANTED, Some(*seq));
    }
    if !credit.uses.is_empty() {
        tree.put("applied", None, Some(credit.applied()), APPLIED, None);
    }
    for used in &credit.uses {
        let estimated = if used.estimated { ", estimated" } else { "" };
        let service = used.service.as_deref().map(|service| format!(" {service}")).unwrap_or_default();
        let rule = if used.by_order { ORDER } else { APPLIED };
        tree.put("applied", Some(format!("{}{service}{estimated}", used.month)), Some(used.amount.units()), rule, Some(used.seq));
    }
    if let Some(ends) = credit.ends.filter(|_| credit.expired != 0) {
        tree.put("expired", None, Some(credit.expired), EXPIRED, None);
        tree.put("expired", Some(format!("left at {ends}")), Some(credit.expired), EXPIRED, Some(credit.seq));
    }
    if !credit.revoked.is_empty() {
        tree.put("revoked", None, Some(credit.taken_back()), REVOKED, None);
    }
    for (units, seq) in &credit.revoked {
        tree.put("revoked", Some("taken back".to_owned()), Some(*units), REVOKED, Some(*seq));
    }
    tree.put("balance", None, Some(credit.balance()), BALANCE, None);
    let figures =
        [("granted", credit.granted()), ("applied", -credit.applied()), ("expired", -credit.expired), ("revoked", -credit.taken_back())];
    for (part, units) in figures.into_iter().filter(|(_, units)| *units != 0) {
        tree.put("balance", Some(part.to_owned()), Some(units), BALANCE, None);
    }
    if let Some((benefit, (expected, definition))) =
        all.benefit_of_credit(credit).filter(|_| credit.root == credit.id).and_then(|benefit| Some((benefit, all.expected(benefit)?)))
    {
        tree.expect(&expected, benefit.base_told_by(), &definition);
    }
    if let Some(owed) = all.to_pass_on(credit) {
        tree.put("to pass on", None, Some(owed), OWED, None);
        tree.put("to pass on", Some("granted".to_owned()), Some(credit.granted()), OWED, Some(credit.seq));
        for (units, seq) in &credit.passed_on {
            tree.put("to pass on", Some("passed on".to_owned()), Some(-units), OWED, Some(*seq));
        }
    }
    tree.parts
}
