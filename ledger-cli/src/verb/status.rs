//! `dealbook status`

mod soon;

use std::collections::BTreeMap;

use ledger_core::event::Event;
use ledger_core::projection::{Projection, billing};
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_store::checkpoints::Checkpoints;
use serde_json::{Value, json};

use self::soon::Soon;
use super::show;
use crate::context::{Context, Global, Location, Reading};
use crate::failure::{Exit, Failure, counted};
use crate::session::{self, Session, States};

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

/// The JSON Schema of what is told beside the parties.
pub(super) fn about() -> Value {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let object = |properties: Value| {
        let required: Vec<String> = properties.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        json!({ "type": "object", "required": required, "properties": properties })
    };
    let text = || json!({ "type": "string" });
    object(json!({
        "name": text(),
        "events": count(),
        "files": count(),
        "findings": count(),
        "gaps": count(),
        "unfinished": list(object(json!({ "event": count(), "file": text(), "arrived": count(), "events": count() }))),
        "pending": list(count()),
        "checkpoint": { "type": ["integer", "null"], "minimum": 0, "description": "the size of the last one that was signed" },
        "soon": list(object(json!({
            "day": { "type": "string", "format": "date" },
            "kind": text(),
            "subject": text(),
            "buyer": text(),
            "amount": { "type": ["object", "null"], "required": ["amount", "currency"], "properties": { "amount": text(), "currency": text() } },
            "says": text(),
        }))),
    }))
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
    let (checkpoint, soon) = (checkpoint(session, head.seq)?, Soon::of(states, &view));
    report
        .heading
        .push(format!("Findings    {}", if findings == 0 { "none".to_owned() } else { format!("{findings}  dealbook show findings") }));
    report
        .heading
        .push(format!("Gaps        {}", if gaps == 0 { "none".to_owned() } else { format!("{gaps}  dealbook show sources --gaps") }));
    let mut unfinished = Vec::new();
    for import in states.sources.unfinished(basis.known_at) {
        let arrived = import.arrived_by(basis.known_at);
        unfinished.push(json!({ "event": import.seq, "file": import.said.file, "arrived": arrived, "events": import.said.events }));
        report.heading.push(format!(
            "Unfinished  #{} {}: {arrived} of {} events; import it again to finish",
            import.seq, import.said.file, import.said.events
        ));
    }
    let pending = states.pending(&view);
    if !pending.is_empty() {
        let entries = pending.iter().map(|seq| format!("#{seq}")).collect::<Vec<_>>().join(", ");
        report.heading.push(format!("Pending     {entries}: money that waits for approval, and counts nowhere"));
    }
    if let Some((kept, size)) = &checkpoint {
        let since = match head.seq - size {
            0 => "at the head".to_owned(),
            since => format!("{} since", counted(since, "event")),
        };
        report.heading.push(format!("Checkpoint  {kept}, {since}"));
    }
    report.heading.extend(soon.lines());
    report.about = json!({
        "name": name,
        "events": head.seq,
        "files": files,
        "findings": findings,
        "gaps": gaps,
        "unfinished": unfinished,
        "pending": pending,
        "checkpoint": checkpoint.map(|(_, size)| size),
        "soon": soon.json(),
    });
    let projections: [&dyn Projection; 4] = [&states.billing, &states.records, &states.sources, &states.programmes];
    let projector = projections.map(|projection| format!("{}/{}", projection.name(), projection.version())).join(" ");
    let args = BTreeMap::from([("verb".to_owned(), "status".to_owned())]);
    show::print(report, asked, head, args, projector, states, context)
}

/// The last checkpoint that was signed up to a position, and how far it goes, when there is one.
fn checkpoint(session: &Session, seq: u64) -> Result<Option<(String, u64)>, Failure> {
    let Some(folder) = session::folder_of(&session.location) else { return Ok(None) };
    let kept = Checkpoints::of(&folder).read()?;
    let last = kept.notes.iter().rev().find(|kept| kept.note.checkpoint.size <= seq);
    Ok(last.map(|kept| (kept.to_string(), kept.note.checkpoint.size)))
}

/// What is shown after the sample was made: status, the verdict of `verify`, and the payouts.
pub(super) fn after_init(location: &Location, context: &Context) -> Result<Exit, Failure> {
    let there = Context::new(Global { ledger: Some(location.to_string()), ..context.global.clone() })?;
    let reading = Reading::default();
    run(Args { reading: reading.clone() }, &there)?;
    there.say("")?;
    super::verify::run(super::verify::Args::default(), &there)?;
    there.say("")?;
    show::run(show::Args::of(show::Noun::Payouts, reading), &there)?;
    let next = [
        ("show edp", "how far commitments are retired"),
        ("show incentives", "credits: granted, used, left, at risk"),
        ("show fees", "what AWS charged, against its rate card"),
        ("show trial-balance", "the books of a party"),
    ];
    let line = |(ask, about): (&str, &str)| format!("  dealbook {ask:<20}{about}");
    if there.is_for_people() {
        there.say(format!("\nNext\n{}", next.map(line).join("\n")))?;
    }
    Ok(Exit::Done)
}
