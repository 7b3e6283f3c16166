//! Which rows of a report query words choose.

use std::collections::BTreeSet;

use ledger_core::id::AccountId;
use ledger_core::projection::records::View;
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_core::time::{Instant, Period};

use super::leads::lead;
use super::{Leads, Noun, noun};
use crate::ask::{Key, Query, Wants};
use crate::failure::{Code, Failure};

/// Keeps the rows that a query asks for. Lines over all rows no longer hold then, and are left out. An account is found by its name as
/// well, also where the report gives only the account, and a product by its title. What a row does not tell, it may lead to.
pub(in crate::verb) fn narrow(mut report: Report, query: &Query, noun: Noun, leads: &Leads<'_>) -> Result<Report, Failure> {
    if query.words.is_empty() {
        return Ok(report);
    }
    let columns = report.columns.clone();
    query.words.iter().try_for_each(|word| refuse_strange(&word.wants, &columns, noun))?;
    // What is told by month is asked for by month, whatever other dates stand beside it.
    let monthly = columns.iter().any(|column| column.name == MONTH);
    let (mut kept, mut of) = (Vec::new(), [BTreeSet::new(), BTreeSet::new()]);
    report.rows.retain(|row| {
        let texts = |key: Key| texts(row, &columns, key, leads);
        let within = |period: &Period| {
            let dates = columns.iter().zip(row).filter(|(column, _)| !monthly || column.name == MONTH);
            dates.filter_map(|(column, cell)| moment_in(column.name, cell)).any(|moment| period.holds(moment))
        };
        let matches = query.matches(&texts, &within);
        kept.push(matches);
        of[usize::from(matches)].extend(row.first().into_iter().flat_map(words_in));
        matches
    });
    // A note on a row goes with it.
    let [gone, stays] = of;
    let is_of = |note: &str, name: &String| note.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(": "));
    report.notes.retain(|note| !gone.difference(&stays).any(|name| is_of(note, name)));
    let mut kept = kept.into_iter();
    report.cards.retain(|_| kept.next().unwrap_or(false));
    // What stands above says who is who: nobody else is to be introduced.
    let shown = |word: &str| report.rows.iter().flatten().any(|cell| matches!(cell, Cell::Text(text) if text == word));
    report.heading.retain(|line| line.split_once(' ').is_none_or(|(word, _)| word.parse::<AccountId>().is_err() || shown(word)));
    if !report.totals.is_empty() {
        report.totals.clear();
        report.notes.push("lines over all rows are left out, because a query chose some of them".to_owned());
    }
    Ok(report)
}

/// The texts of a row that a key looks at, with the names of the accounts and products among them.
fn texts(row: &[Cell], columns: &[Column], key: Key, leads: &Leads<'_>) -> Vec<String> {
    if !tells(columns, key) && lead(columns, key) {
        let words = leads.words(columns, row, key);
        let named: Vec<String> = words.iter().filter_map(|word| leads.party(word).or_else(|| leads.title(word))).collect();
        return words.into_iter().chain(named).collect();
    }
    let accounts = |column: &str| names_of(Key::Buyer).contains(&column) || names_of(Key::Party).contains(&column);
    let fits = |column: &str| key == Key::Any || names_of(key).contains(&column);
    let cells = || columns.iter().zip(row).filter(|(column, _)| fits(column.name));
    let words = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        cells().filter(|(column, _)| wanted(column.name)).flat_map(|(_, cell)| words_in(cell)).collect()
    };
    let named = words(&accounts).into_iter().filter_map(|word| leads.party(&word));
    let titled = words(&|column| column == "product").into_iter().filter_map(|word| leads.title(&word));
    words(&|_| true).into_iter().chain(named).chain(titled).collect()
}

/// Who names somebody of whom neither the report nor the ledger knows has mistyped: nothing found would be no answer. `all` is the report of all
/// dates. A bare word is a name where commitments are asked for; elsewhere it may be anything.
pub(super) fn refuse_unknown(all: &Report, query: &Query, of: Noun, view: &View<'_>, leads: &Leads<'_>) -> Result<(), Failure> {
    let of_parties = || view.named().map(|(_, name)| name);
    for word in query.words.iter().filter(|word| !word.not) {
        let Wants::Text(key, text) = &word.wants else { continue };
        let (what, told) = match key {
            Key::Buyer => ("buyer", Key::Buyer),
            Key::Party => ("party", Key::Party),
            Key::Any if of == Noun::Edp => ("buyer and no commitment", Key::Buyer),
            _ => continue,
        };
        let here = |key: Key| all.rows.iter().flat_map(|row| texts(row, &all.columns, key, leads)).collect::<Vec<_>>();
        let is_meant = |name: &String| name.to_lowercase().contains(text);
        let is_account = text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_account && !here(*key).iter().any(is_meant) && !of_parties().any(|name| is_meant(&name)) {
            let first = all.rows.iter().filter(|_| *key == Key::Any).filter_map(|row| row.first()).flat_map(words_in);
            let known: Vec<String> = here(told).into_iter().chain(first).chain(of_parties()).collect();
            let failure = Failure::new(Code::E0301, format!("no {what} matches `{text}`"));
            return Err(failure.suggest(text, known.iter().map(String::as_str)));
        }
    }
    Ok(())
}

/// A word about something that the report does not tell would find nothing: that is a misunderstanding, not an answer.
fn refuse_strange(wants: &Wants, columns: &[Column], of: Noun) -> Result<(), Failure> {
    let word = match wants {
        Wants::Text(Key::Any, _) => return Ok(()),
        Wants::Text(key, _) if tells(columns, *key) || lead(columns, *key) => return Ok(()),
        Wants::Within(_) if columns.iter().any(|column| column.name == MONTH || matches!(column.kind, Kind::Day | Kind::Moment)) => {
            return Ok(());
        }
        Wants::Text(key, _) => key.word(),
        Wants::Within(_) => "date",
    };
    let failure = Failure::usage(format!("`show {}` tells nothing that `{word}:` could choose by", noun(of)));
    let by_group = match word {
        "buyer" | "product" | "agreement" => Some(word),
        "date" => Some(MONTH),
        _ => None,
    };
    Err(match by_group.filter(|_| of == Noun::Payouts) {
        Some(group) => failure.hint(format!("dealbook show payouts --by {group} {word}:…")),
        None => failure.hint("dealbook help query"),
    })
}

/// Whether one of the columns tells what a word looks at.
fn tells(columns: &[Column], key: Key) -> bool {
    columns.iter().any(|column| names_of(key).contains(&column.name))
}

/// The column that groups by month.
const MONTH: &str = "month";

/// The columns that a query word looks at.
fn names_of(key: Key) -> &'static [&'static str] {
    match key {
        Key::Any => &[],
        Key::Buyer => &["buyer", "buyer_name", "counterparty", "counterparty_name"],
        Key::Party => &[
            "party",
            "party_name",
            "recipient",
            "seller",
            "seller_name",
            "partner",
            "partner_name",
            "isv",
            "isv_name",
            "holder",
            "holder_name",
            "beneficiary",
            "beneficiary_name",
        ],
        Key::Product => &["product"],
        Key::Offer => &["offer", "offer_name", "offer_set", "subject"],
        Key::Agreement => &["agreement", "deal", "initial", "preceding", "next", "accepted_by", "subject"],
        Key::Invoice => &["invoice", "subject"],
        Key::Type => &["kind", "feed", "code", "variant", "visibility", "programme"],
        Key::Currency => &["currency"],
        Key::Status => &["status", "state", "severity"],
        Key::Reference => &["reference", "bank_trace"],
        Key::CostCentre => &["cost_centre"],
        Key::Actor => &["actor"],
        // What became of an event, the log tells.
        Key::Origin | Key::Approver | Key::Corrected | Key::AfterClose | Key::Backdated => &[],
    }
}

pub(super) fn words_in(cell: &Cell) -> Vec<String> {
    match cell {
        Cell::Text(text) => vec![text.clone()],
        Cell::List(texts) => texts.clone(),
        Cell::Money(_, currency) => vec![currency.to_string()],
        _ => Vec::new(),
    }
}

fn moment_in(column: &str, cell: &Cell) -> Option<Instant> {
    match cell {
        Cell::Day(day) => Some(Instant::midnight(*day)),
        Cell::Moment(moment) => Some(*moment),
        Cell::Text(month) if column == MONTH => Some(Instant::midnight(format!("{month}-01").parse().ok()?)),
        _ => None,
    }
}
