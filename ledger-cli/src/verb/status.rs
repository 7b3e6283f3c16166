//! `dealbook status`

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::event::Event;
use ledger_core::projection::records::{self, View};
use ledger_core::projection::{Projection, billing};
use ledger_core::report::{Cell, Column, Kind, Report, grouped};
use ledger_core::time::Instant;
use unicode_width::UnicodeWidthStr as _;

use super::show;
use crate::context::{Context, Global, Location, Reading};
use crate::failure::{Exit, Failure, counted};
use crate::session::{Session, States};

/// Where things stand: head, parties, findings, unfinished imports, gaps, what the next 30 days bring
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) reading: Reading,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let states = session.states()?;
    page(&session, &states, &args.reading, context)
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("party", "PARTY", Kind::Text),
        Column::new("name", "NAME", Kind::Text),
        Column::new("currency", "", Kind::Text),
        Column::new("owed", "OWED", Kind::Amount),
        Column::new("collected", "COLLECTED", Kind::Amount),
        Column::new("disbursed", "DISBURSED", Kind::Amount),
        Column::new("undisbursed", "UNDISBURSED", Kind::Amount),
    ]
}

/// The snapshot on one page.
fn page(session: &Session, states: &States, reading: &Reading, context: &Context) -> Result<Exit, Failure> {
    let (asked, head) = session.asked(reading, context)?;
    let basis = asked.basis;
    let view = states.records.at(basis);
    let (owed, of_money) = billing::overview(&states.billing, basis);
    let mut report = Report::new("status", columns());
    for of_party in owed {
        let name = of_party.party.parse().ok().and_then(|account| view.name_of(account));
        report.rows.push(vec![
            Cell::Text(of_party.party),
            Cell::or_empty(name, Cell::Text),
            Cell::Text(of_party.currency),
            Cell::Amount(of_party.owed),
            Cell::Amount(of_party.collected),
            Cell::Amount(of_party.disbursed),
            Cell::Amount(of_party.undisbursed),
        ]);
    }
    let name = match session.entry(1)?.map(|entry| entry.event) {
        Some(Event::LedgerOpened(opened)) => opened.name,
        _ => "an empty ledger".to_owned(),
    };
    let files = states.sources.imports_by(basis.known_at).count() as u64;
    report.heading.push(format!("{name}  {}, {}", counted(head.seq, "event"), counted(files, "file")));
    report.heading.push(format!("Head        {head}"));
    let findings = show::findings(states, &view, of_money).len() as u64;
    let gaps = states.sources.gaps(basis.known_at).len() as u64;
    report
        .heading
        .push(format!("Findings    {}", if findings == 0 { "none".to_owned() } else { format!("{findings}  dealbook show findings") }));
    report
        .heading
        .push(format!("Gaps        {}", if gaps == 0 { "none".to_owned() } else { format!("{gaps}  dealbook show sources --gaps") }));
    for import in states.sources.unfinished(basis.known_at) {
        let arrived = import.arrived_by(basis.known_at);
        report.heading.push(format!(
            "Unfinished  #{} {}: {arrived} of {} events; import it again to finish",
            import.seq, import.said.file, import.said.events
        ));
    }
    let mut pending: BTreeSet<u64> = states.billing.pending(&basis).iter().map(|waits| waits.seq).collect();
    pending.extend(states.programmes.at(&view).pending().map(|(seq, ..)| seq));
    if !pending.is_empty() {
        let entries = pending.iter().map(|seq| format!("#{seq}")).collect::<Vec<_>>().join(", ");
        report.heading.push(format!("Pending     {entries}: money that waits for approval, and counts nowhere"));
    }
    report.heading.extend(soon(states, &view));
    let projections: [&dyn Projection; 4] = [&states.billing, &states.records, &states.sources, &states.programmes];
    let projector = projections.map(|projection| format!("{}/{}", projection.name(), projection.version())).join(" ");
    let args = BTreeMap::from([("verb".to_owned(), "status".to_owned())]);
    show::print(report, asked, head, args, projector, states, context)
}

/// So many days are looked ahead.
const AHEAD: u64 = 30;

/// What comes in the next days after the end of the asked time: offers that nobody has accepted, credits that end with a balance, instalments.
fn soon(states: &States, view: &View<'_>) -> Vec<String> {
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
            _ => continue,
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
    told
}

/// What is shown after the sample was made: status, the verdict of `verify`, and the payouts.
pub(super) fn after_init(location: &Location, context: &Context) -> Result<Exit, Failure> {
    let there = Context::new(Global { ledger: Some(location.to_string()), ..context.global.clone() })?;
    let reading = Reading::default();
    run(Args { reading: reading.clone() }, &there)?;
    there.say("")?;
    super::verify::run(super::verify::Args { full: false, since: None }, &there)?;
    there.say("")?;
    show::run(show::Args::of(show::Noun::Payouts, reading), &there)?;
    there.say(
        "\nNext\n  dealbook show edp           how far commitments are retired\n  dealbook show incentives    credits: granted, used, left, at risk\n  \
         dealbook show fees          what AWS charged, against its rate card\n  dealbook show trial-balance the books of a party",
    )?;
    Ok(Exit::Done)
}
