//! `show spend`: what buyers were invoiced, by the cost centre that it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::AccountId;
use crate::money::Currency;
use crate::projection::records::{COST_CENTRE, Reason};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::{Billing, Bought, Names, cents};

/// What is known of whom to charge with a purchase: whose feed tells it, by which agreement, to whom, and when.
#[derive(Debug, Clone, Copy)]
pub struct Purchase<'a> {
    /// The recipient of the feed.
    pub recipient: &'a AccountId,
    /// The agreement.
    pub agreement: Option<&'a str>,
    /// The buyer, as the recipient's feeds name the account.
    pub buyer: Option<&'a str>,
    /// When it was invoiced.
    pub invoiced: Option<Instant>,
}

#[derive(Default)]
struct Spend<'a> {
    agreements: BTreeSet<&'a str>,
    buyers: BTreeSet<String>,
    lines: BTreeSet<(AccountId, Option<&'a str>, Option<&'a str>)>,
    units: i128,
}

/// The cost centre of a purchase, or that it has none.
fn centre_of(bought: &Bought<'_>, names: &dyn Names) -> Option<String> {
    let Bought { recipient, agreement, payer, invoiced, .. } = bought;
    names.cost_centre(Purchase { recipient, agreement: *agreement, buyer: *payer, invoiced: *invoiced })
}

const UNALLOCATED: &str = "unallocated";

/// Per cost centre and currency: the prices that buyers were invoiced, less what was given back, each line rounded half up to two places. What a
/// reseller pays an ISV is no spend of a buyer's. What belongs to no cost centre stands on a line of its own.
pub fn spend(state: &Billing, basis: Basis, names: &dyn Names) -> Report {
    let all = state.purchases(basis, |_, _| true);
    let mut found: BTreeMap<(bool, String, Currency), Spend<'_>> = BTreeMap::new();
    for bought in &all {
        let centre = centre_of(bought, names);
        let at = found.entry((centre.is_none(), centre.unwrap_or_default(), bought.currency)).or_default();
        at.units += bought.price;
        at.lines.insert((bought.recipient, bought.invoice, bought.item));
        at.agreements.extend(bought.agreement);
        let account = |buyer: &str| names.account(&bought.recipient, buyer).map_or_else(|| buyer.to_owned(), |account| account.to_string());
        at.buyers.extend(bought.payer.map(account));
    }
    let mut report = Report::new(
        "spend",
        vec![
            Column::new("cost_centre", "Cost centre", Kind::Text),
            Column::new("currency", "Currency", Kind::Text),
            Column::new("spend", "Spend", Kind::Amount),
            Column::new("lines", "Lines", Kind::Count),
            Column::new("agreements", "Agreements", Kind::Count),
            Column::new("buyer", "Buyers", Kind::List),
        ],
    );
    for ((unallocated, centre, currency), spend) in found {
        report.rows.push(vec![
            Cell::text(if unallocated { UNALLOCATED } else { &centre }),
            Cell::text(currency),
            Cell::Amount(cents(spend.units)),
            Cell::Count(spend.lines.len() as u64),
            Cell::Count(spend.agreements.len() as u64),
            if spend.buyers.is_empty() { Cell::Empty } else { Cell::List(spend.buyers.into_iter().collect()) },
        ]);
    }
    report
}

/// Why the wanted cost centres come to what they do: each line of an invoice, with its events.
pub fn why_spend(state: &Billing, basis: Basis, names: &dyn Names, ids: &[String]) -> Vec<Reason> {
    let part = |bought: Bought<'_>| {
        let subject = centre_of(&bought, names).unwrap_or_else(|| UNALLOCATED.to_owned());
        let invoice = [bought.invoice, bought.item].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let value = Cell::Money(cents(bought.price), bought.currency);
        let events = bought.seqs;
        ids.contains(&subject).then_some(Reason { subject, field: "spend", value, rule: COST_CENTRE, events, remark: Some(invoice) })
    };
    let mut parts: Vec<Reason> = state.purchases(basis, |_, _| true).into_iter().filter_map(part).collect();
    parts.sort_by(|one, other| (&one.subject, &one.remark, &one.events).cmp(&(&other.subject, &other.remark, &other.events)));
    parts
}
