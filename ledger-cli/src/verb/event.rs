//! `dealbook show event`

use std::collections::BTreeMap;

use ledger_core::chain::Head;
use ledger_core::event::{Entry, Event, Origin};
use ledger_core::report::{Cell, Column, Kind, Receipt, Report};
use ledger_core::time::Basis;
use ledger_store::scan::{Depth, ScanError, scan};

use super::facts::Facts;
use super::trace;
use crate::ask::{self, Point};
use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};
use crate::session::Session;

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![Column::new("field", "Field", Kind::Text), Column::new("value", "Value", Kind::Text)]
}

pub(super) fn show(query: &[String], reading: &Reading, context: &Context) -> Result<Exit, Failure> {
    let [which] = query else {
        return Err(Failure::usage("show event takes one event: its position or the beginning of its hash").hint("dealbook show event 1"));
    };
    let session = Session::open(context)?;
    let (asked, known) = session.asked(reading, context)?;
    let head = session.resolve(&point(which, context)?)?;
    let unknown =
        || Failure::new(Code::E0306, format!("the ledger has no event `{which}`")).because(format!("what is known ends at {known}"));
    let line = session.source.line(head.seq)?.filter(|_| head.seq <= known.seq).ok_or_else(unknown)?;
    let entry = Entry::read(&line, head.seq)?;
    let mut report = Report::new("event", columns());
    report.heading.push(format!("{head}  {}  effective {}", entry.event.type_name(), entry.effective_at));
    let mut add = |field: &str, value: String| report.rows.push(vec![Cell::text(field), Cell::Text(value)]);
    add("seq", head.seq.to_string());
    add("event", entry.event.type_name().to_owned());
    add("effective_at", entry.effective_at.to_string());
    add("recorded_at", entry.recorded_at.to_string());
    add("actor", entry.actor.to_string());
    if let Event::SourceRestated(restated) = &entry.event {
        add("restates", restated.entry.type_name().to_owned());
        restated.replaces.into_iter().for_each(|seq| add("replaces", format!("#{seq}")));
        restated.precedes.into_iter().for_each(|seq| add("precedes", format!("#{seq}")));
        add("withdrawn", restated.withdrawn.to_string());
    }
    if let Event::EntryCorrected(corrected) = &entry.event {
        add("corrects", format!("#{}", corrected.entry));
        add("reason", corrected.reason.clone());
    }
    for (path, text) in Facts::of(&entry.event).fields() {
        add(&format!("value.{path}"), text);
    }
    if let Some(source) = &entry.source {
        add("source", source.id.clone());
        source.stated_at.into_iter().for_each(|moment| add("stated_at", moment.to_string()));
        if source.origin == Some(Origin::Manual) {
            add("origin", "manual".to_owned());
        }
        source.document.into_iter().for_each(|digest| add("document", format!("b3:{digest}")));
        if let Some(import) = source.import {
            add("import", format!("#{import}"));
            if let Some(Event::SourceImported(file)) = session.entry(import)?.map(|entry| entry.event) {
                add("file", file.file.clone());
                add("file_digest", format!("b3:{}", file.digest));
            }
        }
        source.row.into_iter().for_each(|row| add("row", row.to_string()));
    }
    for (seq, what) in then(&session, &entry, asked.basis)? {
        add("then", format!("#{seq} {what}"));
    }
    add("hash", format!("b3:{}", head.hash));
    add("prev", format!("b3:{}", entry.prev));
    add("bytes", line.len().to_string());
    report.notes.push(format!("{} is the BLAKE3 of {} stored bytes", head.hash.short(), line.len()));
    let told = BTreeMap::from([("show".to_owned(), "event".to_owned()), ("query".to_owned(), ask::joined(&[which]))]);
    context.print(&report, &Receipt::new(&report, asked, told, known, "event/1"))?;
    Ok(Exit::Done)
}

/// An event, as it is written: a bare number is a position here, because nothing else is asked for.
fn point(text: &str, context: &Context) -> Result<Point, Failure> {
    match text.parse() {
        Ok(seq) if seq > 0 && text.len() < 16 => Ok(Point::Seq(seq)),
        _ => match ask::point("show event", text, context.today())? {
            Point::During(_) => Err(Failure::usage(format!("`{text}` is a time, not an event")).hint("dealbook log lists events")),
            point => Ok(point),
        },
    }
}

/// What was recorded later about an event, or about what it is about: restatements, corrections, approvals; collections and payouts.
fn then(session: &Session, entry: &Entry, basis: Basis) -> Result<BTreeMap<u64, String>, Failure> {
    let mut found = BTreeMap::new();
    let about_money = entry.event.billing().is_some();
    let linked = if about_money { trace::later(&session.states()?, basis, entry.seq) } else { Default::default() };
    for seq in linked {
        if let Some(later) = session.entry(seq)? {
            found.insert(seq, format!("{} {}", later.event.type_name(), later.effective_at));
        }
    }
    let before = Head { seq: entry.seq - 1, hash: entry.prev };
    scan(session.source.read(entry.seq).map_err(Failure::from)?, before, Depth::Entries, |checked| {
        for later in checked.entries.iter().filter(|later| later.seq <= basis.known_at) {
            let what = match &later.event {
                Event::SourceRestated(restated) if restated.replaces == Some(entry.seq) && restated.withdrawn => "withdrawn",
                Event::SourceRestated(restated) if restated.replaces == Some(entry.seq) => "restated",
                Event::SourceRestated(restated) if restated.precedes == Some(entry.seq) => "preceded by an older statement",
                Event::EntryCorrected(corrected) if corrected.entry == entry.seq => "corrected",
                Event::EntryApproved(approved) if approved.entry == entry.seq => "approved",
                _ => continue,
            };
            found.insert(later.seq, format!("{what} {}", later.recorded_at));
        }
        Ok::<(), ScanError>(())
    })?;
    Ok(found)
}
