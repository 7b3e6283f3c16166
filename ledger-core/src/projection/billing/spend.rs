//! `show spend`: what buyers were invoiced, by the cost centre that it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::AccountId;
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::measure::Measure;
use super::table::NONE;
use super::{Billing, In, Names, UNDATED, cents};

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
struct Spend {
    agreements: BTreeSet<u32>,
    buyers: BTreeSet<String>,
    lines: BTreeSet<u32>,
    units: i128,
}

/// Per cost centre and currency: the prices that buyers were invoiced, less what was refunded. What a reseller pays an ISV is no spend of a buyer's.
/// What belongs to no cost centre stands on a line of its own.
pub fn spend(state: &Billing, basis: Basis, names: &dyn Names) -> Report {
    let (sums, counted) = (state.charge_sums(basis, In::Pricing), state.counted());
    let billed = state.billed_at(basis);
    let mut found: BTreeMap<(bool, String, &str), Spend> = BTreeMap::new();
    for (number, sum) in sums.present() {
        let charge = state.charge(number);
        let class = state.class(charge.class);
        let is_price = matches!(counted[charge.class as usize].in_balance, Some(Measure::Gross | Measure::GrossRefund));
        let is_wholesale = state.texts.some(class.charge).or(state.texts.some(class.invoice)) == Some("RESALE");
        if !is_price || is_wholesale || sum.net == 0 {
            continue;
        }
        let (line, deal) = (state.line(charge.line), state.deal(charge.deal));
        let Ok(recipient) = state.texts.get(line.recipient).parse::<AccountId>() else { continue };
        let parties = billed.parties[number as usize];
        let buyer = (parties != NONE).then(|| state.texts.some(state.parties.rows[parties as usize][0])).flatten();
        let invoiced = (charge.invoice_date != UNDATED).then(|| Instant::from_micros(charge.invoice_date));
        let purchase = Purchase { recipient: &recipient, agreement: state.texts.some(deal.agreement), buyer, invoiced };
        let centre = names.cost_centre(purchase);
        let key = (centre.is_none(), centre.unwrap_or_default(), state.texts.get(line.currency));
        let at = found.entry(key).or_default();
        at.units += sum.net;
        at.lines.insert(charge.line);
        at.agreements.extend((deal.agreement != NONE).then_some(deal.agreement));
        at.buyers
            .extend(buyer.map(|buyer| names.account(&recipient, buyer).map_or_else(|| buyer.to_owned(), |account| account.to_string())));
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
            Cell::text(if unallocated { "unallocated" } else { &centre }),
            Cell::text(currency),
            Cell::Amount(cents(spend.units)),
            Cell::Count(spend.lines.len() as u64),
            Cell::Count(spend.agreements.len() as u64),
            if spend.buyers.is_empty() { Cell::Empty } else { Cell::List(spend.buyers.into_iter().collect()) },
        ]);
    }
    report
}
