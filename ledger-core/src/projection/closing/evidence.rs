//! What the ledger knows that explains a break, with the arithmetic.

use std::collections::BTreeSet;

use crate::event::close::SealedBreak;
use crate::event::{Entry, Event};
use crate::fee::{Cards, Judged, Verdict, audit, audit_as};
use crate::money::{Amount, Currency};
use crate::projection::billing::{Billing, FeeLine};
use crate::projection::records::{Standing, View};
use crate::report::grouped;
use crate::statement::{Exact, Subject};
use crate::time::{Basis, Instant};

/// Something that explains a break, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The event that says so.
    pub seq: u64,
    /// What it is, with its arithmetic.
    pub says: String,
    /// Whether it explains all of the difference.
    pub explains_all: bool,
}

fn shown(amount: Amount) -> String {
    let cents = amount.half_up(2);
    grouped(&if cents == amount { cents } else { amount }.to_string())
}

/// Everything that explains a break of a reconciliation that knew the ledger up to a position.
pub fn evidence(
    told: &SealedBreak,
    known_at: u64,
    (billing, view, cards): (&Billing, &View<'_>, &Cards),
    entry: &dyn Fn(u64) -> Option<Entry>,
) -> Vec<Evidence> {
    let exact = |text: &str| text.parse::<Exact>().ok().and_then(|exact| Some(exact.rounded()).filter(|(_, changed)| !changed));
    let (Some((billed, _)), Some((ledger, _))) = (exact(&told.billed), exact(&told.ledger)) else { return Vec::new() };
    let mut found = Vec::new();
    for at in &told.events {
        let Some(entry) = entry(*at) else { continue };
        match &entry.event {
            Event::SourceRestated(_) => found.extend(restated(&entry, billed, ledger)),
            Event::ChargeScheduled(charge) => {
                let amended = view.agreements().into_iter().find(|standing| standing.terms.agreement == charge.agreement);
                found.extend(amended.and_then(|standing| amended_value(standing, view, billed, ledger)));
            }
            _ => (),
        }
        if told.code == "R04" {
            let (day, recorded) = (entry.effective_at.day(), entry.recorded_at.day());
            found.push(Evidence { seq: *at, says: format!("it is of {day}, and was recorded on {recorded}"), explains_all: true });
        }
    }
    if let Some(invoice) = &told.invoice {
        found.extend(on_invoice(told, invoice, known_at, (billing, view), billed.units() - ledger.units()));
    }
    if told.code == "R09" && told.subject == Subject::Billed.as_str() {
        found.extend(fee(told, (billing, view, cards), billed.units() - ledger.units()));
    }
    let mut met = BTreeSet::new();
    found.retain(|evidence| met.insert((evidence.seq, evidence.says.clone())));
    found
}

/// The rate card in force on the day of the invoice says which of the two fees is right.
fn fee(told: &SealedBreak, (billing, view, cards): (&Billing, &View<'_>, &Cards), apart: i128) -> Vec<Evidence> {
    let currency = told.currency.to_string();
    let is_it = |line: &FeeLine<'_>| {
        Some(line.invoice) == told.invoice.as_deref() && line.currency == currency && line.parties.contains(&told.scope.as_str())
    };
    let fed = audit(billing, view, cards).lines;
    // What is reported more is charged less.
    let reported = audit_as(billing, view, cards, |line| line.charged -= if is_it(line) { apart } else { 0 }).lines;
    let of = |(fed, reported): (&Judged<'_>, &Judged<'_>)| {
        let (right, says, explains_all) = match (fed.verdict, reported.verdict) {
            (Verdict::Agrees, Verdict::Agrees) => return None,
            (_, Verdict::Agrees) => (reported, format!("the report has that fee, the feed {}", shown(fed.charged())), true),
            (Verdict::Agrees, _) => (fed, format!("the feed has that fee, the report {}", shown(reported.charged())), false),
            _ => return None,
        };
        let (rated, price, seq) = (right.rated.as_ref()?, right.line.price?, right.card?);
        let fee = shown(Amount::from_units(right.expected?));
        let arithmetic = format!("{} x {} % = {fee} by the rate card ({})", shown(Amount::from_units(price)), rated.rate, rated.rows);
        Some(Evidence { seq, says: format!("{arithmetic}: {says}"), explains_all })
    };
    fed.iter().zip(&reported).filter(|(fed, _)| is_it(&fed.line)).filter_map(of).collect()
}

/// The bill has what the source said before, or the other way round.
fn restated(entry: &Entry, billed: Amount, ledger: Amount) -> Option<Evidence> {
    let Event::SourceRestated(restated) = &entry.event else { return None };
    let (now, before) = (restated.entry.billing()?.amount, restated.replaced.as_ref()?.entry.billing()?.amount);
    let without = Amount::from_units(ledger.units() - now.units() + before.units());
    let explains_all = without == billed;
    let arithmetic = if explains_all {
        format!("; {} - {} + {} = {}: the bill has the row as it was", shown(ledger), shown(now), shown(before), shown(billed))
    } else {
        String::new()
    };
    let says = format!("restated on {}: {} became {}{arithmetic}", entry.recorded_at.day(), shown(before), shown(now));
    Some(Evidence { seq: entry.seq, says, explains_all })
}

/// The agreement was amended, and an instalment planned before it is of the old value.
fn amended_value(standing: &Standing, view: &View<'_>, billed: Amount, ledger: Amount) -> Option<Evidence> {
    let before = view.again(Basis { known_at: standing.seq.checked_sub(1)?, ..view.basis() });
    let old = before.agreements().into_iter().find(|known| known.terms.agreement == standing.terms.agreement)?.terms.value?;
    let new = standing.terms.value.filter(|new| *new != old && !old.is_zero())?;
    // Units are hundred-millionths: of a product and a quotient there is one factor too many on both sides.
    let explains_all = ledger.units().checked_mul(new.units())? == billed.units().checked_mul(old.units())?;
    let arithmetic =
        if explains_all { format!("; {} x {} / {} = {}", shown(ledger), shown(new), shown(old), shown(billed)) } else { String::new() };
    let says = format!("amended on {}: value {} became {}{arithmetic}", standing.since.day(), shown(old), shown(new));
    Some(Evidence { seq: standing.seq, says, explains_all })
}

/// What else stands on the invoice: what came after the reconciliation, and what was given back.
fn on_invoice(told: &SealedBreak, invoice: &str, known_at: u64, (billing, view): (&Billing, &View<'_>), apart: i128) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut refunds: Vec<(Option<Instant>, i128, u64, Currency)> = Vec::new();
    for bought in billing.purchases(view.basis(), |_, _| true).into_iter().filter(|bought| bought.invoice == Some(invoice)) {
        let Some(seq) = bought.seqs.iter().copied().max().filter(|_| bought.currency == told.currency) else { continue };
        if seq > known_at {
            let says = format!("{} came after the reconciliation: run it again", shown(Amount::from_units(bought.price)));
            found.push(Evidence { seq, says, explains_all: bought.price == apart });
        } else if bought.given_back.is_some() && !told.events.contains(&seq) {
            refunds.push((bought.given_back, bought.price, seq, bought.currency));
        }
    }
    for (day, price, seq, _) in refunds {
        let day = day.map(|day| day.day().to_string()).unwrap_or_default();
        let explains_all = price == apart;
        let equals = if explains_all { ", which is the difference" } else { "" };
        found.push(Evidence { seq, says: format!("{} given back on {day}{equals}", shown(Amount::from_units(price))), explains_all });
    }
    found
}
