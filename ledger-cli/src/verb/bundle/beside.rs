//! What goes into a bundle beside its lines: the files they come from, and reports with their receipts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use ledger_core::bundle::{REPORTS, Writer};
use ledger_core::chain::{Hash, Head};
use ledger_core::report::{Receipt, Report, schema_name};
use ledger_store::scan::{Depth, ScanError, scan};
use serde_json::Value;

use super::{Args, Chosen};
use crate::ask;
use crate::context::Context;
use crate::failure::{Code, Failure, counted};
use crate::originals::{Originals, Place, named_in};
use crate::session::Session;
use crate::verb::{Verb, verify};

/// Asks the questions, as of the newest checkpoint where they name no other point.
///
/// # Errors
/// One cannot be asked, says more than is signed, or tells of other deals than the one that the bundle is of.
pub(super) fn answers(questions: &[String], chosen: &Chosen, newest: u64, context: &Context) -> Result<Vec<(Report, Receipt)>, Failure> {
    if questions.len() > REPORTS {
        return Err(Failure::usage(format!("a bundle has no more than {REPORTS} reports")));
    }
    questions.iter().map(|question| answer(question, chosen, newest, context)).collect()
}

fn answer(question: &str, chosen: &Chosen, newest: u64, context: &Context) -> Result<(Report, Receipt), Failure> {
    let mut words = ask::parted(question);
    let verb = words.first().cloned().unwrap_or_default();
    if !["show", "log", "trace", "diff"].contains(&verb.as_str()) {
        return Err(Failure::usage(format!("`{question}` is no report for a bundle"))
            .because("what show, log, trace and diff answer follows from the lines alone")
            .hint("dealbook bundle all --report 'show payouts --as-of 2026-03-31'"));
    }
    if verb != "diff" && !words.iter().any(|word| word == "--known-at" || word.starts_with("--known-at=")) {
        words.push(format!("--known-at=#{newest}"));
    }
    let (report, receipt) = context.taking(|context| Verb::parsed(&words)?.run(context))?;
    // What cannot be asked again is no answer that anybody could check.
    verify::question(&receipt.value())?;
    if receipt.head.seq > newest {
        return Err(Failure::new(Code::E0306, format!("no checkpoint covers event #{}, which `{question}` knows", receipt.head.seq))
            .because(format!("the newest is of #{newest}"))
            .hint("dealbook checkpoint signs what was recorded since; or ask of a point before"));
    }
    let refuse = |why: String| {
        Failure::usage(format!("`{question}` does not go into a bundle of one deal"))
            .because(why)
            .hint("dealbook bundle all --report … is for who may see all of it")
    };
    let Some(deal) = &chosen.deal else { return Ok((report, receipt)) };
    let is_its_own = receipt.args.get("query").and_then(|id| ask::parted(id).into_iter().next());
    if receipt.args.get("show").map(String::as_str) != Some("deal") || is_its_own.as_ref() != Some(deal) {
        return Err(refuse(format!("it tells of others; only `show deal {deal}` does not")));
    }
    let seq = report.column("seq");
    let told: Vec<u64> = report.rows.iter().filter_map(|row| report.row(row)[report.columns[seq?].name].as_u64()).collect();
    if let Some(other) = told.iter().find(|seq| !chosen.events.contains(seq)) {
        return Err(refuse(format!("it tells #{other}, which is of others too and left out")));
    }
    Ok((report, receipt))
}

/// Writes a report.
///
/// # Errors
/// Those of the writer.
pub(super) fn write<W: Write>(writer: &mut Writer<W>, report: &Report, receipt: &Receipt) -> io::Result<()> {
    let mut told = receipt.value();
    told["id"] = Value::from(receipt.id());
    let rows: Vec<Value> = report.rows.iter().map(|row| report.row(row)).collect();
    writer.report(&told, &schema_name(report.name), &rows)
}

/// The files that the chosen lines name, wherever they are below the folders, by digest.
///
/// # Errors
/// One is not there; the bundle is of a deal.
pub(super) fn originals(args: &Args, chosen: &Chosen, session: &Session, context: &Context) -> Result<BTreeMap<Hash, Place>, Failure> {
    if args.files.is_empty() {
        return Ok(BTreeMap::new());
    }
    if let Some(deal) = &chosen.deal {
        return Err(Failure::usage(format!("--files does not go with deal {deal}"))
            .because("a file of a feed has the rows of all deals, and a dossier says nothing of others")
            .hint("dealbook bundle all --files DIR is for who may see all of it"));
    }
    let mut imports = BTreeSet::new();
    scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
        let lines = checked.entries.iter().filter(|entry| chosen.events.contains(&entry.seq));
        imports.extend(lines.filter_map(|entry| entry.source.as_ref()?.import));
        Ok::<(), ScanError>(())
    })?;
    let mut named = named_in(&*session.source)?;
    named.retain(|named| imports.contains(&named.seq) || chosen.events.contains(&named.seq));
    let found = Originals::below(&args.files, &context.folder, &named)?;
    let missing: Vec<String> = named.iter().filter(|named| found.of(&named.digest).is_none()).map(|named| found.absence(named)).collect();
    if !missing.is_empty() && !args.allow_missing {
        let files = counted(missing.len() as u64, "source file");
        let failure = Failure::new(Code::E0301, format!("{files} of {} not found below the folders, by digest", named.len()));
        let failure = missing.iter().fold(failure, |failure, file| failure.because(file));
        return Err(failure.hint("name the folders they are in with --files, or leave them out with --allow-missing"));
    }
    missing.iter().for_each(|file| context.note(format_args!("note: not found, and left out: {file}")));
    Ok(named.iter().filter_map(|named| Some((named.digest, found.of(&named.digest)?.clone()))).collect())
}
