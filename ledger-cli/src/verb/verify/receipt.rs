//! `verify --receipt R [FILE]`: what a receipt was given for is asked again, of the history that it names, and must come to the same.
//!
//! ```text
//! receipt   its id is the digest of what it says
//! history   the ledger has the line that it names, with that hash
//! answer    the same question at the same basis gives the same data
//! data      the rows that stand beside the receipt are those of the answer
//! beside    and so is what else is told there
//! file      what stands in FILE is that answer; else the line that differs
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ledger_core::bundle::Answer;
use ledger_core::chain::Head;
use ledger_core::report::{Beside, Receipt, Report, canonical};
use serde_json::Value;

use super::{Checks, told};
use crate::ask;
use crate::context::Context;
use crate::failure::{Code, Exit, Failure, counted};
use crate::render::{Format, Style, render};
use crate::session::Session;
use crate::verb::Verb;

/// The verbs whose answers can be asked for again: they only read.
const ASKED_AGAIN: [&str; 6] = ["show", "log", "trace", "diff", "check", "status"];

/// Holds a receipt against the ledger, and the answer it was given for against what the ledger answers now.
///
/// # Errors
/// There is no receipt in the file, or its question cannot be asked again. It is not what the ledger says: with exit code 5.
pub(super) fn verify(path: &Path, files: &[PathBuf], context: &Context) -> Result<Exit, Failure> {
    let Kept { receipt, data, told: beside_it } = Kept::read(path, context)?;
    let session = Session::open(context)?;
    let mut checks = Checks::new();
    said(&mut checks, &receipt);
    let head = history(&mut checks, &receipt, &session)?;
    if head.is_some() {
        let words = question(&receipt)?;
        let (report, again) = context.taking(|context| Verb::parsed(&words)?.run(context))?;
        answer(&mut checks, &receipt, &again, &words);
        if let Some(data) = &data {
            let data: Vec<String> = data.iter().map(canonical).collect();
            rows(&mut checks, data.iter().map(String::as_str), &report, path);
            beside(&mut checks, &beside_it, &report, receipt["size"].as_u64().unwrap_or(0), path);
        }
        for kept in files {
            let bytes = fs::read(context.folder.join(kept)).map_err(|why| Failure::unreadable(kept, &why))?;
            file(&mut checks, (kept, &bytes), (&report, &again), &receipt)?;
        }
    }
    let id = receipt["id"].as_str().unwrap_or_default().to_owned();
    let head = head.unwrap_or(session.head());
    let holds = format!("{id} holds: the answer follows from the events up to {head}; that they are true is not covered");
    let mut examined = checks.done_with(head, holds, "the receipt does not hold");
    let lacks: Vec<&str> = receipt["complete"]["lacks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !lacks.is_empty() {
        examined.report.notes.push(format!("the answer was incomplete when it was given: {}", lacks.join(", ")));
    }
    told(examined, BTreeMap::from([("receipt".to_owned(), id)]), context)
}

/// A receipt that somebody kept, with the rows and what else is told beside it.
struct Kept {
    receipt: Value,
    data: Option<Vec<Value>>,
    told: Told,
}

/// What an answer tells beside its rows; null is nothing.
#[derive(Default)]
struct Told {
    about: Value,
    closed: Value,
}

impl Kept {
    /// Reads a receipt, an answer in JSON or in NDJSON.
    fn read(path: &Path, context: &Context) -> Result<Self, Failure> {
        let bytes = fs::read(context.folder.join(path)).map_err(|why| Failure::unreadable(path, &why))?;
        let text = String::from_utf8_lossy(&bytes);
        let is_receipt = |value: &Value| ["args", "basis", "data", "head", "id", "size"].iter().all(|key| value.get(key).is_some());
        let found = match serde_json::from_str::<Value>(&text) {
            Ok(receipt) if is_receipt(&receipt) && receipt.get("type").is_none() => {
                Some(Self { receipt, data: None, told: Told::default() })
            }
            Ok(mut answer) if answer.get("receipt").is_some() => Some(Self {
                receipt: answer["receipt"].take(),
                data: answer["data"].as_array().cloned(),
                told: Told { about: answer["about"].take(), closed: answer["closed"].take() },
            }),
            _ => Self::of_lines(&text),
        };
        found.filter(|found| is_receipt(&found.receipt)).ok_or_else(|| {
            let failure = Failure::new(Code::E0327, format!("no receipt in {}", path.display()));
            failure.hint("an answer has one with -f json and -f ndjson; of other formats -o FILE writes FILE.receipt.json beside it")
        })
    }

    /// An answer in NDJSON.
    fn of_lines(text: &str) -> Option<Self> {
        let mut lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>().ok()?;
        let is_about = lines.iter().rev().nth(1).is_some_and(|line| line["type"] == "about");
        lines.iter_mut().filter_map(Value::as_object_mut).for_each(|line| _ = line.remove("type"));
        let receipt = lines.pop()?;
        let about = if is_about { lines.pop()? } else { Value::Null };
        Some(Self { receipt, data: Some(lines), told: Told { about, closed: Value::Null } })
    }
}

/// The command line that a receipt was given for, with the clocks as they were resolved then.
pub(in crate::verb) fn question(receipt: &Value) -> Result<Vec<String>, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut args: Vec<(String, String)> =
        receipt["args"].as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect();
    let mut take = |key: &str| args.iter().position(|(known, _)| known == key).map(|at| args.remove(at).1);
    let mut words = Vec::new();
    if let Some(noun) = take("show") {
        words.extend(["show".to_owned(), noun]);
    } else if let Some(verb) = take("report").or_else(|| take("verb")) {
        words.push(verb);
    } else if let Some(from) = take("diff") {
        words.extend(["diff".to_owned(), from, take("to").unwrap_or_default()]);
    } else if let Some(what) = take("selftest") {
        words.extend(["selftest".to_owned(), what]);
    } else if let Some(checks) = take("check") {
        words.push("check".to_owned());
        words.extend(checks.split(' ').map(str::to_owned));
    }
    let supposes = take("if").is_some();
    if supposes || words.first().is_none_or(|verb| !ASKED_AGAIN.contains(&verb.as_str())) {
        let why = if supposes {
            "it supposes events that are not in the ledger"
        } else {
            "only answers of show, log, trace, diff, check and status can be"
        };
        return Err(Failure::new(Code::E0327, "what this receipt is for cannot be asked again").because(why));
    }
    words.extend(take("id"));
    words.extend(take("query").map(|query| ask::parted(&query)).unwrap_or_default());
    // Whoever hands a receipt over wrote it: its words name options of a question, and nothing else.
    let is_option = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if args.iter().any(|(key, _)| !is_option(key)) || words.iter().any(|word| word.starts_with('-')) {
        let why = "it names an option that no answer has";
        return Err(Failure::new(Code::E0327, "what this receipt is for cannot be asked again").because(why));
    }
    for (key, value) in args {
        words.push(if value == "true" { format!("--{key}") } else { format!("--{key}={value}") });
    }
    if words[0] != "diff" {
        for (flag, clock) in [("--as-of", &receipt["basis"]["as_of"]), ("--stated-by", &receipt["basis"]["stated_by"])] {
            words.extend(clock["before"].as_str().map(last_before).transpose()?.map(|at| format!("{flag}={at}")));
        }
        words.push(format!("--known-at=#{}", receipt["size"]));
    }
    Ok(words)
}

/// The day or the moment that ends at a moment: what was written after a clock may have meant another day since.
fn last_before(before: &str) -> Result<String, Failure> {
    let strange = |why: ledger_core::time::NotATime| Failure::new(Code::E0327, "a clock of the receipt is no moment").because(why);
    let before: ledger_core::time::Instant = before.parse().map_err(strange)?;
    let last = ledger_core::time::Instant::from_micros(before.micros() - 1);
    Ok(if before.day() == last.day() { last.to_string() } else { last.day().to_string() })
}

/// Asks again what a report in a bundle answers, of a ledger that is somewhere for the occasion, and holds its rows against that.
///
/// # Errors
/// Its question cannot be asked again.
pub(super) fn again(checks: &mut Checks, told: &Answer, name: &Path, context: &Context) -> Result<(), Failure> {
    let words = question(&told.receipt)?;
    let (report, again) = context.taking(|context| Verb::parsed(&words)?.run(context))?;
    answer(checks, &told.receipt, &again, &words);
    rows(checks, told.rows.iter().map(String::as_str), &report, name);
    Ok(())
}

fn fail(checks: &mut Checks, check: &str, detail: String, because: &str) {
    let failure = Failure::new(Code::E0512, detail.clone()).because(because);
    checks.fail(check, detail, failure);
}

/// The receipt itself.
fn said(checks: &mut Checks, receipt: &Value) {
    let mut said = receipt.clone();
    let id = said.as_object_mut().and_then(|said| said.remove("id"));
    let (id, found) = (id.as_ref().and_then(Value::as_str).unwrap_or_default(), Receipt::id_of(&said));
    if id == found {
        checks.add("receipt", "ok", format!("{id} is the digest of what it says"));
    } else {
        fail(checks, "receipt", format!("it is called {id}, and what it says comes to {found}"), "it was changed after it was given");
    }
}

/// The line of the ledger that it names; nothing when the ledger has another one there, or none.
fn history(checks: &mut Checks, receipt: &Value, session: &Session) -> Result<Option<Head>, Failure> {
    let (size, named) = (receipt["size"].as_u64().unwrap_or(0), receipt["head"].as_str().unwrap_or_default());
    let head = if size == 0 { Some(Head::EMPTY) } else { session.source.head_at(size)? };
    match head {
        Some(head) if head.hash.to_string() == named => {
            checks.add("history", "ok", format!("the ledger has {head}"));
            return Ok(Some(head));
        }
        Some(head) => {
            let told = format!("the ledger has {head} where the receipt has b3:{}", named.get(..8).unwrap_or(named));
            fail(checks, "history", told, "it was given for another ledger, or this one was written anew since");
        }
        None => {
            let told = format!("the ledger ends at {}, before #{size} of the receipt", session.head());
            fail(checks, "history", told, "it was given for another ledger, or this one was cut off since");
        }
    }
    Ok(None)
}

/// What the same question comes to now.
fn answer(checks: &mut Checks, receipt: &Value, again: &Receipt, words: &[String]) {
    let now = again.value();
    let asked = format!("dealbook {}", ask::joined(words));
    let differing: Vec<&str> = ["data", "totals", "complete", "policies"].into_iter().filter(|key| receipt[key] != now[key]).collect();
    if differing.is_empty() {
        return checks.add("answer", "ok", format!("{asked}: the same data"));
    }
    let told = format!("{asked}: the {} of the receipt come to something else", differing.join(", "));
    let (then, projector) = (receipt["projector"].as_str().unwrap_or_default(), again.projector.as_str());
    if then == projector {
        fail(
            checks,
            "answer",
            told,
            "the same program gives the same answer of the same history: what the receipt says is not what was answered",
        );
    } else {
        // Nobody changed anything: that is to be looked at, and no damage.
        let why = format!("it was computed by {then}, and is now by {projector}: a rule of the program changed");
        checks.fail("answer", told.clone(), Failure::new(Code::E0402, told).because(why));
    }
}

/// The rows that somebody kept, against those of the answer.
fn rows<'a>(checks: &mut Checks, kept: impl ExactSizeIterator<Item = &'a str> + Clone, report: &Report, path: &Path) {
    let now: Vec<Value> = report.rows.iter().map(|row| report.row(row)).collect();
    let first = kept.clone().zip(&now).position(|(kept, now)| *kept != canonical(now));
    match first {
        None if kept.len() == now.len() => checks.add("data", "ok", format!("{} as answered", counted(now.len() as u64, "row"))),
        None => {
            let told = format!("{} has {}, the answer {}", path.display(), counted(kept.len() as u64, "row"), now.len());
            fail(checks, "data", told, CHANGED);
        }
        Some(at) => {
            let kept: Value = kept.clone().nth(at).and_then(|row| serde_json::from_str(row).ok()).unwrap_or_default();
            let fields = now[at].as_object().into_iter().flatten().filter(|(key, value)| kept.get(key) != Some(value));
            let differs = |(key, value): (&String, &Value)| format!("{key} is {} and was {value}", kept.get(key).unwrap_or(&Value::Null));
            let told: Vec<String> = fields.map(differs).collect();
            let told = if told.is_empty() { "it has what the answer has not".to_owned() } else { told.join(", ") };
            fail(checks, "data", format!("{} row {}: {told}", path.display(), at + 1), CHANGED);
        }
    }
}

/// What somebody kept of what is told beside the rows, against what is told now. An answer that tells nothing there claims nothing.
fn beside(checks: &mut Checks, kept: &Told, report: &Report, size: u64, path: &Path) {
    let mut differing: BTreeSet<String> = BTreeSet::new();
    if !kept.about.is_null() {
        let (nothing, of) = (serde_json::Map::new(), |about: &Value| about.as_object().cloned());
        let (then, now) = (of(&kept.about), of(&report.about).unwrap_or_default());
        if then.is_none() {
            differing.insert("about".to_owned());
        }
        let then = then.unwrap_or(nothing);
        let is_other = |key: &&String| match (key.as_str(), then.get(*key), now.get(*key)) {
            // No line says when it was signed, so it may have been signed since.
            (CHECKPOINT, Some(told), Some(_)) => !told.is_null() && told.as_u64().is_none_or(|told| told > size),
            (_, told, is) => told != is,
        };
        differing.extend(then.keys().chain(now.keys()).filter(is_other).map(|key| format!("about.{key}")));
    }
    if !kept.closed.is_null() && kept.closed != report.closed.iter().map(Beside::json).collect::<Value>() {
        differing.insert("closed".to_owned());
    }
    if !differing.is_empty() {
        let differing: Vec<String> = differing.into_iter().collect();
        fail(checks, "beside", format!("{}: {} of what is told beside the rows", path.display(), differing.join(", ")), CHANGED);
    } else if !kept.about.is_null() || !kept.closed.is_null() {
        let but = if kept.about.get(CHECKPOINT).is_some() { "; no line tells when its checkpoint was signed" } else { "" };
        checks.add("beside", "ok", format!("what is told beside the rows as answered{but}"));
    }
}

/// What `status` tells of the last checkpoint.
const CHECKPOINT: &str = "checkpoint";

/// A file in any format, against the answer in that format.
fn file(checks: &mut Checks, (path, bytes): (&Path, &[u8]), (report, again): (&Report, &Receipt), receipt: &Value) -> Result<(), Failure> {
    let kept = String::from_utf8_lossy(bytes);
    // The question was asked in other words then: its own receipt stands in the answer.
    let (own, id) = (canonical(receipt), receipt["id"].as_str().unwrap_or_default());
    let written = |(format, style): (Format, Style)| {
        let mut out = anstream::StripStream::new(Vec::new());
        render(report, again, format, &mut out, style).map_err(|why| Failure::output(&why))?;
        // Without its brace: NDJSON says first what a line is.
        Ok(String::from_utf8_lossy(&out.into_inner()).replace(&again.printed()[1..], &own[1..]).replace(&again.id(), id))
    };
    let styles = [(false, false), (true, false), (false, true)].map(|(ascii, spoken)| Style { width: None, ascii, spoken });
    let of = |format: Format| styles.map(|style| (format, style));
    let formats = match Format::of_path(path) {
        Some(format) => of(format).to_vec(),
        None => <Format as clap::ValueEnum>::value_variants().iter().flat_map(|format| of(*format)).collect(),
    };
    let all: Vec<String> = formats.into_iter().map(written).collect::<Result<_, Failure>>()?;
    if all.iter().any(|now| *now == kept) {
        checks.add("file", "ok", format!("{} as answered", path.display()));
        return Ok(());
    }
    let common = |now: &String| now.lines().zip(kept.lines()).take_while(|(now, kept)| now == kept).count();
    let nearest = all.iter().max_by_key(|now| common(now)).map(String::as_str).unwrap_or_default();
    let at = common(&nearest.to_owned());
    let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
    let (kept, now) = excerpts(&line(&kept), &line(nearest));
    fail(checks, "file", format!("{} line {}: `{kept}` where the answer has `{now}`", path.display(), at + 1), CHANGED);
    Ok(())
}

/// Two lines around where they begin to differ.
fn excerpts(one: &str, other: &str) -> (String, String) {
    const AROUND: usize = 16;
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(AROUND);
    let cut = |line: &str| {
        let told: String = line.chars().skip(from).take(3 * AROUND).collect();
        let (before, after) = (if from > 0 { "…" } else { "" }, if line.chars().count() > from + 3 * AROUND { "…" } else { "" });
        format!("{before}{told}{after}")
    };
    (cut(one), cut(other))
}

const CHANGED: &str = "what is kept is not what was answered";
