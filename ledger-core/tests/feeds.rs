//! `docs/formats/feeds.md` says what the feeds are, and is held here against the feeds themselves: every table that can be made from them
//! is made, and compared.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger_core::feed::{Accounts, Cells, Column, FEEDS, Fact, Feed, Role, Whose, recognise};
use ledger_core::problem::Problem;
use ledger_core::time::Instant;

/// A row in which every column says its own name, or has a moment of its own.
struct Row(Vec<String>);

impl Cells for Row {
    fn cell(&self, at: usize) -> &str {
        &self.0[at]
    }
}

fn is_moment(name: &str) -> bool {
    name.ends_with("_date")
        || name.ends_with("_time")
        || ["time", "valid_from", "valid_to", "date_used_for_tax_calculation"].contains(&name)
}

/// A moment that only this column has.
fn moment(at: usize) -> Instant {
    format!("2025-03-{:02}T00:00:00Z", at + 1).parse().unwrap()
}

fn moments(columns: &[Column]) -> BTreeMap<String, &'static str> {
    let dated = columns.iter().filter(|column| is_moment(column.name));
    dated.enumerate().map(|(at, column)| (moment(at).to_string(), column.name)).collect()
}

/// Reads a row of a feed in which each column is itself, but for some.
fn read(feed: &dyn Feed, but: &[(&str, &str)]) -> Fact {
    outcome(feed, but).unwrap_or_else(|problems| panic!("{}: {problems:?}", feed.name()))
}

fn outcome(feed: &dyn Feed, but: &[(&str, &str)]) -> Result<Fact, Vec<Problem>> {
    let columns = feed.columns();
    let moments: BTreeMap<&str, String> = moments(columns).into_iter().map(|(moment, name)| (name, moment)).collect();
    let cell = |column: &Column| {
        let name = column.name;
        if let Some((_, text)) = but.iter().find(|(told, _)| *told == name) {
            return (*text).to_owned();
        }
        match name {
            "delete_date" => String::new(),
            "aws_account_id" => "111122223333".to_owned(),
            "action" => "INVOICED".to_owned(),
            "transaction_type" => "SELLER_REV_SHARE".to_owned(),
            name if is_moment(name) => moments[name].clone(),
            name if name.ends_with("currency") && !name.contains("_in_") || name == "currency_code" => "USD".to_owned(),
            name if name.contains("revision") || name.contains("balance_impacting") => "1".to_owned(),
            name if ["amount", "quantity", "rate", "in_pricing_currency", "agreement_value"].iter().any(|part| name.contains(part)) => {
                "1".to_owned()
            }
            name => name.to_owned(),
        }
    };
    let header: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let layout = recognise(&header).ok().unwrap();
    assert_eq!(layout.feed.name(), feed.name());
    let row = Row(columns.iter().map(cell).collect());
    let whose = Whose { recipient: "111122223333".parse().unwrap(), accounts: &Accounts::new(), named: None };
    layout.read(&row, whose).fact
}

fn listed(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// The key of a fact as its columns make it.
fn natural_key(feed: &dyn Feed, fact: &Fact) -> String {
    let mut key = fact.key.strip_prefix(&format!("{}:111122223333:", feed.name())).unwrap().to_owned();
    for (moment, name) in moments(feed.columns()) {
        key = key.replace(&moment, name);
    }
    // A revision is a number, and stands in the key as one.
    key.replace(":1", ":offer_revision")
}

fn effective_at(feed: &dyn Feed) -> String {
    let moments = moments(feed.columns());
    let told = |fact: &Fact| moments[&fact.effective_at.to_string()];
    let (filled, empty) = (read(feed, &[]), read(feed, &[("action_date", "")]));
    if told(&filled) == told(&empty) { format!("`{}`", told(&filled)) } else { format!("`{}`, else `{}`", told(&filled), told(&empty)) }
}

fn with_role(feed: &dyn Feed, role: Role) -> Vec<&'static str> {
    feed.columns().iter().filter(|column| column.role == role).map(|column| column.name).collect()
}

/// Every table of the page that the feeds can tell.
fn tables() -> String {
    let mut out = "| Feed | Event | Natural key, behind `<feed>:<recipient>:` | `effective_at` |\n| --- | --- | --- | --- |\n".to_owned();
    for feed in FEEDS {
        let fact = read(*feed, &[]);
        let event = if feed.name() == "billing_event" { "see below".to_owned() } else { format!("`{}`", fact.event.type_name()) };
        out += &format!("| `{}` | {event} | `{}` | {} |\n", feed.name(), natural_key(*feed, &fact), effective_at(*feed));
    }

    out += "\n| Billing event: `action` | `transaction_type` | Event |\n| --- | --- | --- |\n";
    let billing = FEEDS.iter().find(|feed| feed.name() == "billing_event").unwrap();
    for (action, kind) in [
        ("INVOICED", "SELLER_REV_SHARE"),
        ("INVOICED", "SELLER_REV_SHARE_REFUND"),
        ("INVOICED", "SELLER_REV_SHARE_CREDIT"),
        ("INVOICED", "BALANCE_ADJUSTMENT"),
        ("FORGIVEN", "SELLER_REV_SHARE"),
        ("COLLECTED", "SELLER_REV_SHARE"),
        ("DISBURSED", "SELLER_REV_SHARE"),
        ("ANY", "DISBURSEMENT"),
        ("ANY", "DISBURSEMENT_FAILURE"),
        ("ANY_OTHER", "SELLER_REV_SHARE"),
    ] {
        let shown = |text: &str| match text {
            "ANY" => "any".to_owned(),
            "ANY_OTHER" | "SELLER_REV_SHARE" => "any other".to_owned(),
            "SELLER_REV_SHARE_REFUND" => "`*_REFUND`".to_owned(),
            "SELLER_REV_SHARE_CREDIT" => "`*_CREDIT`".to_owned(),
            text => format!("`{text}`"),
        };
        let event = read(*billing, &[("action", action), ("transaction_type", kind)]).event.type_name();
        out += &format!("| {} | {} | `{event}` |\n", shown(action), shown(kind));
    }

    out += "\n| Feed | A file is of this feed when it has | Also recorded | Not recorded: told elsewhere | Never recorded | Columns that are new |\n";
    out += "| --- | --- | --- | --- | --- | --- |\n";
    for feed in FEEDS {
        let unknown = if feed.keeps_unknown() { "kept in `extra`" } else { "dropped, and counted" };
        let of = |role: Role| listed(with_role(*feed, role));
        out += &format!(
            "| `{}` | {} | {} | {} | {} | {unknown} |\n",
            feed.name(),
            of(Role::Needed),
            of(Role::Kept),
            of(Role::Told),
            of(Role::Private)
        );
    }
    out
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the page is compared; the core never reads one")]
fn the_page_says_what_the_feeds_are() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats/feeds.md")).unwrap();
    let tables = tables();
    for table in tables.split("\n\n") {
        assert!(page.contains(table.trim_end()), "docs/formats/feeds.md should have this table:\n\n{table}\n");
    }
    for rule in ["line-is-invoice", "payout-in-pricing-currency", "wholesale-by-sign"] {
        assert!(page.contains(&format!("`{rule}`")), "{rule}");
    }
}

#[test]
fn every_damaged_column_of_a_row_is_reported_at_once() {
    for feed in FEEDS {
        let damaged = |but: &[(&str, &str)]| -> BTreeSet<String> {
            outcome(*feed, but).err().into_iter().flatten().filter_map(|problem| problem.column).collect()
        };
        for damage in ["no such\tvalue", ""] {
            let each: Vec<(&str, &str)> = feed.columns().iter().map(|column| (column.name, damage)).collect();
            let alone: Vec<(&str, &str)> = each.into_iter().filter(|column| !damaged(&[*column]).is_empty()).collect();
            let names: BTreeSet<String> = alone.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert!(!names.is_empty());
            assert_eq!(damaged(&alone), names, "{}: {damage:?}", feed.name());
        }
    }
}
