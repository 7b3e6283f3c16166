//! A calendar of what ends. RFC 5545: lines end with CR and LF, none is longer than 75 bytes, and what is longer goes on behind a blank.

use ledger_core::report::{Cell, Report};
use ledger_core::time::Instant;

const LONGEST: usize = 75;

/// What ends, an event each at the moment at which it does. The same question gives the same bytes: the stamp is the end of the
/// asked time and not the clock.
pub(super) fn calendar(renewals: &Report, until: Option<Instant>) -> String {
    let mut out = String::new();
    let mut put = |name: &str, value: &str| fold(&format!("{name}:{value}"), &mut out);
    put("BEGIN", "VCALENDAR");
    put("VERSION", "2.0");
    put("PRODID", "-//dealbook//renewals//EN");
    for row in &renewals.rows {
        let cell = |name: &str| renewals.column(name).map(|at| &row[at]);
        let text = |name: &str| match cell(name) {
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::List(texts)) => texts.join(", "),
            Some(Cell::Money(amount, currency)) => format!("{amount} {currency}"),
            Some(Cell::Amount(amount)) => amount.to_string(),
            _ => String::new(),
        };
        let named = |name: &str, account: &str| Some(text(name)).filter(|name| !name.is_empty()).unwrap_or_else(|| text(account));
        let Some(Cell::Moment(ends)) = cell("ends") else { continue };
        put("BEGIN", "VEVENT");
        put("UID", &escaped(&format!("{}-{}@dealbook", text("kind"), text("subject"))));
        put("DTSTAMP", &stamp(until.unwrap_or(*ends)));
        put("DTSTART", &stamp(*ends));
        let buyer = named("buyer_name", "buyer");
        let with = if buyer.is_empty() { String::new() } else { format!(", {buyer}") };
        put("SUMMARY", &escaped(&format!("{} {} ends{with}", text("kind"), text("subject"))));
        let follows = text("follows");
        let next = if follows.is_empty() { text("next") } else { format!("{}: {follows}", text("next")) };
        let facts = [("seller", named("seller_name", "seller")), ("product", text("product")), ("value", text("value")), ("next", next)];
        let facts: Vec<String> =
            facts.into_iter().filter(|(_, fact)| !fact.is_empty()).map(|(name, fact)| format!("{name}: {fact}")).collect();
        put("DESCRIPTION", &escaped(&facts.join("\n")));
        put("END", "VEVENT");
    }
    put("END", "VCALENDAR");
    out
}

/// A moment: `20260420T000000Z`.
fn stamp(moment: Instant) -> String {
    moment.to_string().chars().filter(|c| !matches!(c, '-' | ':')).take(15).chain(['Z']).collect()
}

/// A text, with what has a meaning in a calendar escaped (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Writes a line, folded so that no part is longer than 75 bytes and no character is cut (RFC 5545, 3.1).
fn fold(line: &str, out: &mut String) {
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LONGEST {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_folded_between_characters() {
        let mut out = String::new();
        let line = format!("SUMMARY:{}{}", "x".repeat(66), "漢字".repeat(40));
        fold(&line, &mut out);
        assert!(out.split("\r\n").all(|part| part.len() <= LONGEST));
        assert_eq!(out.replace("\r\n ", "").trim_end(), line);
    }

    #[test]
    fn what_has_a_meaning_is_escaped() {
        assert_eq!(escaped("a,b;c\\d\ne\r"), "a\\,b\\;c\\\\d\\ne");
        assert_eq!(stamp("2026-04-20T01:02:03.000004Z".parse().unwrap()), "20260420T010203Z");
    }
}
