//! Why a fee is judged as it is: what was charged, what should have been, and by which row of which card, event by event.

use super::audit::{Audit, Judged, cents};
use crate::money::{Amount, Currency};
use crate::projection::billing::{Billing, FeeLine};
use crate::projection::records::{FEE_CHARGED, FEE_DIFFERENCE, FEE_EXPECTED, FEE_PRICE, Reason, Rule};
use crate::report::Cell;
use crate::time::Basis;

/// What a line is called: agreement, invoice, line and currency, as far as they are told.
fn called(line: &FeeLine<'_>) -> String {
    let words = [line.agreement, Some(line.invoice), line.line, Some(line.currency)];
    words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A figure, and the parts that sum to it; what a figure is rounded by is a part, half a cent at most.
struct Tree {
    subject: String,
    currency: Currency,
    found: Vec<Reason>,
}

impl Tree {
    fn put(&mut self, field: &'static str, units: i128, rule: Rule, events: Vec<u64>, remark: Option<String>) {
        let value = Cell::Money(Amount::from_units(units).in_units_of(self.currency), self.currency);
        self.found.push(Reason { subject: self.subject.clone(), field, value, rule, events, remark });
    }

    /// A figure of the line in whole cents, and what each event says of it.
    fn figure(&mut self, [field, part]: [&'static str; 2], units: i128, rule: Rule, events: &[(u64, i128)]) {
        let shown = cents(units).units();
        self.put(field, shown, rule, Vec::new(), None);
        let told: i128 = events.iter().map(|(_, units)| units).sum();
        events.iter().filter(|(_, units)| *units != 0).for_each(|(seq, units)| self.put(part, *units, rule, vec![*seq], None));
        // What the events lack is a fault of ours, and no rounding.
        for (lacks, remark) in [(units - told, "unexplained"), (shown - units, "rounded half up")] {
            if lacks != 0 {
                self.put(part, lacks, rule, Vec::new(), Some(remark.to_owned()));
            }
        }
    }
}

/// Why the wanted lines, `AGREEMENT INVOICE LINE CURRENCY`, are judged as they are: price, charge and difference each with parts that sum to it,
/// and what was expected with the row of the card and where the card was set.
pub fn why(audit: &Audit<'_>, billing: &Billing, basis: Basis, wanted: &[String]) -> Vec<Reason> {
    let judged: Vec<(&Judged<'_>, String)> = audit.lines.iter().map(|judged| (judged, called(&judged.line))).collect();
    let judged: Vec<_> = judged.into_iter().filter(|(_, called)| wanted.contains(called)).collect();
    let lines: Vec<&FeeLine<'_>> = judged.iter().map(|(judged, _)| &judged.line).collect();
    let events = billing.fee_events(basis, &lines);
    let mut found = Vec::new();
    for (number, (judged, subject)) in judged.into_iter().enumerate() {
        let Ok(currency) = judged.line.currency.parse() else { continue };
        let own = |of: fn(&crate::projection::billing::FeeEvent) -> i128| -> Vec<(u64, i128)> {
            events.iter().filter(|event| event.line == number).map(|event| (event.seq, of(event))).collect()
        };
        let mut tree = Tree { subject, currency, found: Vec::new() };
        if let Some(price) = judged.line.price {
            tree.figure(["price", "price row"], price, FEE_PRICE, &own(|event| event.price));
        }
        tree.figure(["charged", "fee row"], judged.line.charged, FEE_CHARGED, &own(|event| event.charged));
        if let (Some(difference), Some(expected)) = (judged.difference(), judged.expected) {
            let expected = cents(expected).units();
            let of = |rated: &super::Rated, card: u64| format!("{} % of the price: {} of the card #{card}", rated.rate, rated.rows);
            let remark = judged.rated.as_ref().zip(judged.card).map(|(rated, card)| of(rated, card));
            tree.put("expected", expected, FEE_EXPECTED, judged.card.into_iter().collect(), remark);
            tree.put("difference", difference.units(), FEE_DIFFERENCE, Vec::new(), Some(judged.verdict.as_str().to_owned()));
            tree.put("charged less expected", judged.charged().units(), FEE_DIFFERENCE, Vec::new(), Some("charged".to_owned()));
            tree.put("charged less expected", -expected, FEE_DIFFERENCE, Vec::new(), Some("expected".to_owned()));
        }
        if let Some(reason) = &judged.reason {
            let status = Cell::text(judged.verdict.as_str());
            let (subject, events) = (tree.subject.clone(), judged.card.into_iter().collect());
            tree.found.push(Reason { subject, field: "status", value: status, rule: FEE_EXPECTED, events, remark: Some(reason.clone()) });
        }
        found.append(&mut tree.found);
    }
    found
}
