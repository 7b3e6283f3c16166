//! Whole invoices: AWS's Invoicing API sums up what bills and reports tell line by line. An invoice whose lines another statement tells, and that
//! comes to the same, is compared by them; every other one is compared as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::intake::{INVOICE, Laid, Row, Unit};
use super::matching::{Bucket, Match};
use super::{Class, Kind};
use crate::id::AccountId;
use crate::money::Currency;
use crate::projection::billing::Measure;
use crate::statement::{Exact, Form, Side, Subject};

/// The parts of a summary, as its statement calls them; the ledger's lines of invoices have the first two.
pub(super) const BEFORE_TAX: &str = "before_tax";
pub(super) const TAX: &str = "tax";
const DISCOUNT: &str = "discount";

/// What tells the lines of invoices.
pub(super) const LINES: &[Subject] = &[Subject::Purchase, Subject::Model, Subject::Billed];

/// An invoice: whose view, whose, its currency and number.
pub(super) type Of = (Side, AccountId, Currency, u32);

pub(super) fn of_unit(unit: &Unit) -> Of {
    (unit.side, unit.scope, unit.currency, unit.attributes[INVOICE])
}

fn of_row(row: &Row) -> Of {
    (row.side, row.scope, row.currency, row.attributes[INVOICE])
}

fn part(parts: &[(&'static str, Exact)], name: &str) -> Option<i128> {
    parts.iter().find(|(known, _)| *known == name).map(|(_, amount)| amount.parts())
}

/// What stands on it before tax, as its summary says or as its total and its tax do.
fn before_tax(row: &Row) -> i128 {
    part(&row.parts, BEFORE_TAX).unwrap_or_else(|| row.amount - part(&row.parts, TAX).unwrap_or_default())
}

/// A model on Amazon Bedrock: the form of its statement, the payer, the currency, the invoice and how much.
pub(super) type Model = (Form, AccountId, Currency, u32, i128);

/// Takes out the invoices whose lines come to the same. A credit memo that the ledger does not know by its own number is meant by the number of
/// the invoice on which it gives back.
pub(super) fn told_by_lines(rows: &mut Vec<Row>, models: &[Model], known: &BTreeSet<&str>, laid: &mut Laid) {
    if !rows.iter().any(|row| row.subject == Subject::Invoice) {
        return;
    }
    // Of models each form of statement tells the same: the one that tells most stands for all.
    let meant = models.iter().map(|(form, ..)| *form).min();
    let mut lines: BTreeMap<Of, i128> = BTreeMap::new();
    for (_, payer, currency, invoice, units) in models.iter().filter(|(form, ..)| Some(*form) == meant) {
        *lines.entry((Side::Buyer, *payer, *currency, *invoice)).or_default() += units;
    }
    let price =
        |row: &Row| [Measure::Gross, Measure::GrossRefund].iter().filter_map(|measure| part(&row.parts, measure.name())).sum::<i128>();
    for row in rows.iter() {
        match row.subject {
            Subject::Purchase => *lines.entry(of_row(row)).or_default() += row.amount,
            Subject::Billed => *lines.entry(of_row(row)).or_default() += price(row),
            _ => (),
        }
    }
    let mut gone = 0;
    rows.retain(|row| {
        let stays = row.subject != Subject::Invoice || lines.get(&of_row(row)) != Some(&before_tax(row));
        if !stays {
            let counts = laid.repeated.entry((row.side, row.subject, row.scope, row.currency)).or_default();
            // What came in has been added up already, so that this cannot be too large.
            let _ = counts.add(1, row.amount, row.amount.checked_abs());
            gone += 1;
        }
        stays
    });
    if gone > 0 {
        *laid.aside.entry(Class::WholeInvoice).or_default() += gone;
    }
    for row in rows.iter_mut().filter(|row| row.subject == Subject::Invoice && row.original != 0) {
        let is_known = |number: u32| laid.text(number).is_some_and(|invoice| known.contains(invoice));
        if !is_known(row.attributes[INVOICE]) && is_known(row.original) {
            row.attributes[INVOICE] = row.original;
        }
    }
}

/// Whether it is what stands on an invoice that differs, or the tax, or a discount.
pub(super) fn amount(match_: &Match<'_>, (units, held): &Bucket) -> (Kind, String) {
    let told = |name: &str| units.iter().map(|at| part(&match_.unit(*at).parts, name)).sum::<Option<i128>>();
    let of_held = |at: &u32, name: &str| {
        let parts = &match_.of_held(*at).held.parts;
        parts.iter().find(|(known, _)| *known == name).and_then(|(_, amount)| Exact::of(*amount)).map_or(0, Exact::parts)
    };
    let ours = |name: &str| held.iter().map(|at| of_held(at, name)).sum::<i128>();
    let apart = match_.sum_of_units(units) - match_.sum_of_held(held);
    let shown = |parts: i128| Exact::of_parts(parts).in_cents();
    let tax = told(TAX).unwrap_or_default();
    let before = told(BEFORE_TAX).unwrap_or(match_.sum_of_units(units) - tax);
    if before == ours(BEFORE_TAX) {
        return (Kind::Fee, format!("the tax is {}, the ledger has {}", shown(tax), shown(ours(TAX))));
    }
    match told(DISCOUNT).filter(|discount| *discount != 0 && discount.abs() == apart.abs()) {
        Some(discount) => (Kind::Eligibility, format!("a discount of {} is taken off; the ledger has none", shown(discount.abs()))),
        None => (Kind::Amount, format!("before tax it is {}, the ledger has {}", shown(before), shown(ours(BEFORE_TAX)))),
    }
}
