//! What the next days bring.

use ledger_core::projection::records::{self, View};
use ledger_core::report::{Cell, grouped};
use ledger_core::time::Instant;
use unicode_width::UnicodeWidthStr as _;

use crate::session::States;

/// So many days are looked ahead.
const AHEAD: u64 = 30;
/// What comes beyond so many is counted.
const MOST: usize = 12;

/// What comes in the next days after the end of the asked time: offers that nobody has accepted, agreements and authorizations that end, credits
/// that end with a balance, instalments.
pub(super) fn soon(states: &States, view: &View<'_>) -> Vec<String> {
    let Some(now) = view.until() else { return Vec::new() };
    let ending = records::renewals(view, AHEAD, &states.programmes.at(view).ending());
    let cell = |row: &[Cell], name: &str| ending.column(name).map_or(Cell::Empty, |at| row[at].clone());
    let text = |row: &[Cell], names: [&str; 2]| {
        let told = names.map(|name| match cell(row, name) {
            Cell::Text(text) => text,
            Cell::List(texts) => texts.join(", "),
            _ => String::new(),
        });
        told.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    };
    let mut lines: Vec<(Instant, [String; 4], String)> = Vec::new();
    for row in &ending.rows {
        let (Cell::Moment(ends), kind) = (cell(row, "ends"), text(row, ["kind", "kind"])) else { continue };
        let says = match kind.as_str() {
            "offer" => "expires".to_owned(),
            "credit" => format!("expires, {}", text(row, ["next", "next"])),
            _ => match text(row, ["next", "next"]).as_str() {
                "nothing" => "ends, nothing follows".to_owned(),
                next => format!("ends, {next}"),
            },
        };
        let amount = match cell(row, "value") {
            Cell::Money(amount, currency) => format!("{} {currency}", grouped(&amount.to_string())),
            _ => String::new(),
        };
        // The last day on which it is of use.
        let last = Instant::from_micros(ends.micros() - 1);
        lines.push((last, [kind, text(row, ["subject", "subject"]), text(row, ["buyer_name", "buyer"]), amount], says));
    }
    let planned = records::instalments(view, &states.billing.invoiced(view.basis()));
    let at = |name: &str| planned.column(name).unwrap_or_default();
    for row in &planned.rows {
        let (Cell::Moment(day), Cell::Money(amount, currency)) = (&row[at("charged_at")], &row[at("planned")]) else { continue };
        let is_soon = *day >= now && (day.day() - now.day()).num_days() < AHEAD.cast_signed();
        let (Cell::Text(agreement), true) = (&row[at("agreement")], is_soon && row[at("status")] == Cell::text("planned")) else {
            continue;
        };
        let buyer = agreement.parse().ok().and_then(|id| view.agreement(&id)).and_then(|standing| view.acceptor(&standing));
        let buyer = buyer.map(|buyer| view.name_of(buyer).unwrap_or_else(|| buyer.to_string())).unwrap_or_default();
        let amount = format!("{} {currency}", grouped(&amount.to_string()));
        lines.push((*day, ["invoice".to_owned(), agreement.clone(), buyer, amount], "instalment".to_owned()));
    }
    if lines.is_empty() {
        return Vec::new();
    }
    lines.sort();
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let width = |at: usize| lines.iter().map(|(_, words, _)| words[at].width()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
    let line = |(day, [kind, subject, buyer, amount], says): &(Instant, [String; 4], String)| {
        let left = |text: &str, at: usize| format!("{text}{}  ", pad(text, widths[at]));
        let [kind, subject, buyer] = [left(kind, 0), left(subject, 1), left(buyer, 2)];
        format!("  {}  {kind}{subject}{buyer}{}{amount}  {says}", day.day(), pad(amount, widths[3]))
    };
    let mut told = vec![format!("Next {AHEAD} days")];
    told.extend(lines.iter().map(line));
    told.extend((more > 0).then(|| format!("  and {more} more: dealbook show renewals --within {AHEAD}d, dealbook show instalments")));
    told
}
