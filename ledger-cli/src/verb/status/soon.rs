//! What the next days bring.

use chrono::NaiveDate;
use ledger_core::money::{Amount, Currency};
use ledger_core::projection::records::{self, View};
use ledger_core::report::{Cell, grouped};
use ledger_core::time::Instant;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::session::States;

/// So many days are looked ahead.
const AHEAD: u64 = 30;
/// What comes beyond so many is counted.
const MOST: usize = 12;

/// What comes in the next days after the end of the asked time: offers that nobody has accepted, agreements and authorizations that end, credits
/// that end with a balance, instalments.
pub(super) struct Soon(Vec<Coming>);

/// What comes on a day.
struct Coming {
    /// The last day on which it is of use, or the day on which it happens.
    day: NaiveDate,
    /// Offer, agreement, authorization, credit or invoice.
    kind: String,
    subject: String,
    buyer: String,
    amount: Option<(Amount, Currency)>,
    /// What happens.
    says: String,
}

impl Coming {
    /// As people read it: kind, subject, buyer, amount.
    fn words(&self) -> [String; 4] {
        let amount = self.amount.map(|(amount, currency)| format!("{} {currency}", grouped(&amount.to_string()))).unwrap_or_default();
        [self.kind.clone(), self.subject.clone(), self.buyer.clone(), amount]
    }
}

impl Soon {
    pub(super) fn of(states: &States, view: &View<'_>) -> Self {
        let Some(now) = view.until() else { return Self(Vec::new()) };
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
        let mut coming: Vec<Coming> = Vec::new();
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
                Cell::Money(amount, currency) => Some((amount, currency)),
                _ => None,
            };
            let day = Instant::from_micros(ends.micros() - 1).day();
            coming.push(Coming {
                day,
                kind,
                subject: text(row, ["subject", "subject"]),
                buyer: text(row, ["buyer_name", "buyer"]),
                amount,
                says,
            });
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
            let (kind, says, amount) = ("invoice".to_owned(), "instalment".to_owned(), Some((*amount, *currency)));
            coming.push(Coming { day: day.day(), kind, subject: agreement.clone(), buyer, amount, says });
        }
        coming.sort_by_cached_key(|coming| (coming.day, coming.words(), coming.says.clone()));
        Self(coming)
    }

    /// For programs: everything.
    pub(super) fn json(&self) -> Value {
        let each = |coming: &Coming| {
            json!({
                "day": coming.day.to_string(),
                "kind": coming.kind,
                "subject": coming.subject,
                "buyer": coming.buyer,
                "amount": Cell::or_empty(coming.amount, |(amount, currency)| Cell::Money(amount, currency)).json(),
                "says": coming.says,
            })
        };
        self.0.iter().map(each).collect()
    }

    /// For people: the first of it.
    pub(super) fn lines(&self) -> Vec<String> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let more = self.0.len().saturating_sub(MOST);
        let lines: Vec<(NaiveDate, [String; 4], &str)> =
            self.0.iter().take(MOST).map(|coming| (coming.day, coming.words(), coming.says.as_str())).collect();
        let width = |at: usize| lines.iter().map(|(_, words, _)| words[at].width()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(text.width()));
        let line = |(day, [kind, subject, buyer, amount], says): &(NaiveDate, [String; 4], &str)| {
            let left = |text: &str, at: usize| format!("{text}{}  ", pad(text, widths[at]));
            let [kind, subject, buyer] = [left(kind, 0), left(subject, 1), left(buyer, 2)];
            format!("  {day}  {kind}{subject}{buyer}{}{amount}  {says}", pad(amount, widths[3]))
        };
        let mut told = vec![format!("Next {AHEAD} days")];
        told.extend(lines.iter().map(line));
        told.extend((more > 0).then(|| format!("  and {more} more: dealbook show renewals --within {AHEAD}d, dealbook show instalments")));
        told
    }
}
