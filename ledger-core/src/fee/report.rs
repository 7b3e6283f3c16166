//! The audit as a report: a row for each line that carries a fee, or a price and no fee.

use super::audit::{Audit, Verdict, cents};
use crate::hash::Map;
use crate::money::{Amount, Currency};
use crate::projection::records::View;
use crate::report::{Cell, Column, Kind, Report};

/// The report: a row for each line that carries a fee, or a price and no fee. Charged is expected and difference, or else not judged, in each row and in each sum.
pub fn fees(audit: &Audit<'_>, view: &View<'_>) -> Report {
    let mut report = Report::new("fees", columns());
    report.shown = vec![
        "agreement",
        "invoice",
        "invoice_date",
        "class",
        "value",
        "currency",
        "price",
        "rate",
        "expected",
        "charged",
        "difference",
        "status",
        "reason",
    ];
    let mut titles: Map<&str, Option<String>> = Map::default();
    for judged in &audit.lines {
        let line = &judged.line;
        let title = line.product.and_then(|product| {
            titles.entry(product).or_insert_with(|| product.parse().ok().and_then(|product| view.title_of(&product, None))).clone()
        });
        let text = |text: Option<&str>| Cell::or_empty(text.filter(|text| !text.is_empty()), Cell::text);
        let only = |verdict: Verdict, amount: Option<Amount>| Cell::or_empty(amount.filter(|_| judged.verdict == verdict), Cell::Amount);
        let difference = judged.difference();
        let is_judged = judged.verdict != Verdict::NotJudged;
        report.rows.push(vec![
            text(line.agreement),
            text(Some(line.invoice)),
            text(line.line),
            Cell::or_empty(line.invoiced, |invoiced| Cell::Day(invoiced.day())),
            Cell::List(line.parties.iter().map(|party| (*party).to_owned()).collect()),
            Cell::or_empty(title.as_deref().or(line.product), Cell::text),
            Cell::or_empty(judged.rated.as_ref(), |rated| Cell::text(&rated.rows)),
            Cell::or_empty(judged.card, Cell::Count),
            value(judged.value),
            Cell::text(line.currency),
            Cell::or_empty(line.price, |price| Cell::Amount(cents(price))),
            Cell::or_empty(judged.rated.as_ref(), |rated| Cell::text(rated.rate)),
            Cell::or_empty(line.price.and_then(|price| percentage(line.charged, price)), Cell::Text),
            Cell::or_empty(judged.expected.filter(|_| is_judged), |expected| Cell::Amount(cents(expected))),
            Cell::Amount(judged.charged()),
            Cell::or_empty(difference, Cell::Amount),
            only(Verdict::Over, difference),
            only(Verdict::Under, difference.map(Amount::negated)),
            only(Verdict::NotJudged, Some(judged.charged())),
            Cell::text(judged.verdict.as_str()),
            Cell::or_empty(judged.reason.as_deref(), Cell::text),
        ]);
    }
    if !audit.has_card {
        report
            .notes
            .push("no rate card is set: dealbook record policy.set --set policy=listing-fees … (docs/formats/events.md)".to_owned());
    }
    report
}

/// A value, written with two decimals where they hold it.
fn value(value: Option<(Amount, Currency)>) -> Cell {
    let written =
        |(value, currency): (Amount, Currency)| Cell::Money(if value.half_up(2) == value { value.half_up(2) } else { value }, currency);
    Cell::or_empty(value, written)
}

/// The effective rate as AWS reports it: `truncate(abs(fee + refunded fee) / abs(price + refunded price), 4)`, a fraction (AWS's published
/// queries, `listing_fee_percentage`).
fn percentage(charged: i128, price: i128) -> Option<String> {
    let parts = charged.abs().checked_mul(10_000)?.checked_div(price.abs())?;
    Some(format!("{}.{:04}", parts / 10_000, parts % 10_000))
}

/// The columns of [`fees`].
fn columns() -> Vec<Column> {
    vec![
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("line", "Line", Kind::Text),
        Column::new("invoice_date", "Invoiced", Kind::Day),
        Column::new("party", "Charged to", Kind::List),
        Column::new("product", "Product", Kind::Text),
        Column::new("class", "Row of the card", Kind::Text),
        Column::new("card", "Card", Kind::Count),
        Column::new("value", "Value", Kind::Money),
        Column::new("currency", "", Kind::Text),
        Column::new("price", "Price", Kind::Amount),
        Column::new("rate", "Card %", Kind::Text),
        Column::new("listing_fee_percentage", "AWS's share", Kind::Text),
        Column::new("expected", "Expected", Kind::Amount),
        Column::new("charged", "Charged", Kind::Amount),
        Column::new("difference", "Difference", Kind::Amount),
        Column::new("over", "Over", Kind::Amount),
        Column::new("under", "Under", Kind::Amount),
        Column::new("not_judged", "Not judged", Kind::Amount),
        Column::new("status", "Result", Kind::Text),
        Column::new("reason", "Because", Kind::Text),
    ]
}

#[cfg(test)]
mod tests {
    use super::percentage;

    #[test]
    fn the_effective_rate_is_cut_off_as_aws_does_it() {
        for (charged, price, told) in
            [(2566, 85_538, Some("0.0299")), (-3, 100, Some("0.0300")), (3, -100, Some("0.0300")), (1, 0, None), (150, 100, Some("1.5000"))]
        {
            assert_eq!(percentage(charged, price).as_deref(), told);
        }
    }
}
