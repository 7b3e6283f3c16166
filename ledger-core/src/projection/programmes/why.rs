//! Why the figures of a credit are what they are: a tree whose parts sum to each figure exactly.

use super::reports::cents;
use super::{Credit, Incentives};
use crate::money::{Amount, Currency};
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

struct Tree<'c> {
    credit: &'c Credit,
    parts: Vec<Part>,
}

impl Tree<'_> {
    fn put(&mut self, figure: &'static str, part: Option<String>, units: Option<i128>, rule: Rule, seq: Option<u64>) {
        let (grant, currency) = (self.credit.id.clone(), self.credit.currency);
        self.parts.push(Part { grant, figure, part, amount: units.map(cents), currency, rule, seq });
    }
}

/// The figures of some credits, each above its parts.
pub fn why(all: &Incentives<'_>, ids: &[String]) -> Vec<Part> {
    ids.iter().filter_map(|id| all.credit(id)).flat_map(|credit| of_credit(all, credit)).collect()
}

fn of_credit(all: &Incentives<'_>, credit: &Credit) -> Vec<Part> {
    let mut tree = Tree { credit, parts: Vec::new() };
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
        let of = format!("{} % of {} {}", expected.rate, expected.base, expected.currency);
        let base = benefit.first_year_arr.map(|(_, _, seq)| seq).or(benefit.deal.as_ref().map(|deal| deal.seq));
        tree.put("expected", None, Some(expected.amount.units()), EXPECTED, None);
        tree.put("expected", Some(of), Some(expected.amount.units()), EXPECTED, base);
        tree.put("expected", Some(definition.rule()), None, EXPECTED, Some(definition.seq));
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
