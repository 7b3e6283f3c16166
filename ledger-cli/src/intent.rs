//! What somebody wants to record, read: from flags, from a file, or a line of a stream. Every mistake in it is found at once, and where.
//!
//! ```text
//! {"type": "offer.released", "value": {"offer": "offer-1", …}, "effective": "2026-01-10", "ref": "crm:0065"}
//!   members, each with its place  -each field alone->  what is wrong with it
//!                                 -all together->      Event
//! ```

use std::ops::Range;

use chrono::NaiveDate;
use ledger_core::chain::Hash;
use ledger_core::event::offer::Instalment;
use ledger_core::event::{Event, Source};
use ledger_core::feed::FEEDS;
use ledger_core::id::Actor;
use ledger_core::problem::{Code, Problem};
use ledger_core::schema::event_schema;
use ledger_core::time::{Instant, NotATime, Period};
use serde_json::{Map, Value};

use crate::decode::json::{self, Members};
use crate::failure::{Diagnostic, Excerpt, Exit, Failure, counted, nearest};

/// An intent, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// What is to be recorded.
    pub event: Event,
    /// When it was true; now, when nothing is said.
    pub effective_at: Option<Instant>,
    /// By which reference, and from which document.
    pub source: Option<Source>,
    /// Who records it, when the intent says so itself.
    pub actor: Option<Actor>,
}

/// Where an intent was written.
#[derive(Debug, Clone)]
pub enum Written {
    /// As flags of the command: names and values.
    Flags(Vec<(String, String)>),
    /// As JSON: what it is called, on which line of that it begins, and its text.
    Json {
        /// A file, or `standard input`.
        name: String,
        /// The line, from 1.
        line: u64,
        /// All of it.
        text: String,
    },
}

/// What an envelope may hold beside the value.
const ENVELOPE: &[&str] = &["type", "value", "effective", "ref", "awaits", "document", "actor"];

impl Written {
    /// The text, as JSON: flags become the members of a value.
    ///
    /// A schedule may be given in words, `12 monthly from 2026-03-01`. A value that reads as JSON's list or object is one; otherwise the field's schema says whether a number, a flag or a text is meant,
    /// and a field that is a list takes what is repeated, or separated by commas.
    pub fn flags(kind: &str, sets: Vec<(String, String)>, envelope: &[(&str, &str)]) -> (Self, String) {
        let schema = event_schema(kind);
        let field = |name: &str| schema.as_ref().and_then(|schema| property(schema, name));
        let mut value = Map::new();
        let of = |name: &str| sets.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        for (name, text) in &sets {
            if let Some(schedule) = pattern(text).filter(|_| name == "schedule") {
                value.insert(name.clone(), schedule.laid_out(of("value"), of("currency")).unwrap_or_else(|| serde_json::json!(text)));
                continue;
            }
            let (name, inner) = name.split_once('.').map_or((name.as_str(), None), |(name, inner)| (name, Some(inner)));
            let shape = field(name);
            let of = shape.as_ref().and_then(|shape| shape["type"].as_str()).unwrap_or("string");
            if let Some(inner) = inner {
                let members = value.entry(name).or_insert_with(|| serde_json::json!({}));
                if let Some(members) = members.as_object_mut() {
                    members.insert(inner.to_owned(), serde_json::json!(text));
                }
                continue;
            }
            let told = match (of, serde_json::from_str::<Value>(text)) {
                (_, Ok(told @ (Value::Array(_) | Value::Object(_)))) => told,
                ("integer" | "boolean", Ok(told @ (Value::Number(_) | Value::Bool(_)))) => told,
                ("array", _) => text.split(',').map(|part| serde_json::json!(part.trim())).collect(),
                _ => serde_json::json!(text),
            };
            match (value.get_mut(name), told) {
                (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
                (_, told) => {
                    value.insert(name.to_owned(), told);
                }
            }
        }
        let mut whole = serde_json::json!({ "type": kind, "value": value });
        for (name, text) in envelope {
            whole[*name] = serde_json::json!(text);
        }
        let text = whole.to_string();
        let envelope = envelope.iter().map(|(name, text)| (format!("--{name}"), (*text).to_owned()));
        (Self::Flags(sets.into_iter().chain([("type".to_owned(), kind.to_owned())]).chain(envelope).collect()), text)
    }

    /// Where a field stands: `schedule.2.amount` is looked for inside of the value, and what is not there in what is around it.
    fn place(&self, field: Option<&str>, label: &str) -> Option<Excerpt> {
        match self {
            Self::Flags(flags) => {
                let field = field?;
                let is_it = |name: &str| field == name || name.strip_prefix("--") == Some(field) || field.split('.').next() == Some(name);
                let (name, text) = flags.iter().rfind(|(name, _)| is_it(name))?;
                let (source, from) = match name.as_str() {
                    "type" => (text.clone(), 0),
                    flag if flag.starts_with("--") => (format!("{flag} {text}"), flag.len() + 1),
                    name => (format!("--set {name}={text}"), name.len() + 7),
                };
                let span = from..source.len().max(from + 1);
                Some(Excerpt { file: "command line".to_owned(), line: 1, source: Some(source), span, label: label.to_owned() })
            }
            Self::Json { name, line, text } => {
                let at = field.and_then(|field| find(text, field)).unwrap_or_else(|| broken_at(text));
                Some(excerpt(name, *line, text, at, label))
            }
        }
    }

    /// What is wrong with it, each with its place.
    pub fn failure(&self, problems: &[Problem]) -> Failure {
        let mut diagnostics: Vec<Diagnostic> = problems.iter().map(|problem| self.diagnostic(problem)).collect();
        for at in 1..diagnostics.len() {
            let (before, rest) = diagnostics.split_at_mut(at);
            rest[0].hints.retain(|hint| !before.iter().any(|earlier| earlier.hints.contains(hint)));
        }
        let closing = vec![format!("{}; nothing was appended", counted(problems.len() as u64, "error"))];
        let exit = problems.first().map_or(Exit::Rejected, |problem| Exit::of(problem.code));
        Failure { exit, diagnostics, closing }
    }

    fn diagnostic(&self, problem: &Problem) -> Diagnostic {
        let excerpt = self.place(problem.column.as_deref(), &problem.why);
        let because = if excerpt.is_some() { vec![] } else { vec![problem.why.clone()] };
        Diagnostic {
            code: Some(problem.code),
            message: problem.headline().replace("the column ", ""),
            because,
            excerpts: excerpt.into_iter().collect(),
            hints: if problem.cure.is_empty() { vec![] } else { vec![problem.cure.clone()] },
            notes: vec![],
        }
    }
}

fn excerpt(file: &str, first: u64, text: &str, at: Range<usize>, label: &str) -> Excerpt {
    let start = text[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at.start..].find('\n').map_or(text.len(), |newline| at.start + newline);
    // At least one character, and all of it.
    let whole = text.ceil_char_boundary(at.end.min(end).max(at.start + 1));
    let span = at.start - start..whole - start;
    let line = first + text[..at.start].matches('\n').count() as u64;
    Excerpt { file: file.to_owned(), line, source: Some(text[start..end].to_owned()), span, label: label.to_owned() }
}

/// Where a text ceases to be an intent's JSON.
fn broken_at(text: &str) -> Range<usize> {
    let Err(why) = serde_json::from_str::<Members<'_>>(text) else { return 0..text.len().min(1) };
    let line: usize = text.split_inclusive('\n').take(why.line().saturating_sub(1)).map(str::len).sum();
    let mut at = (line + why.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at..at
}

/// Where a field stands in an intent's text, or the nearest that is around it.
fn find(text: &str, field: &str) -> Option<Range<usize>> {
    let whole: Members<'_> = serde_json::from_str(text).ok()?;
    let raw_of = |name: &str| whole.0.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.get());
    let around = raw_of("value").or_else(|| raw_of("type"))?;
    let at = json::below(around, field);
    // What is not in the value may stand beside it.
    let beside = if std::ptr::eq(at, around) { raw_of(field) } else { None };
    Some(json::within(text, beside.unwrap_or(at)))
}

/// A payment schedule in words: `12 monthly from 2026-03-01`.
struct Pattern {
    count: u32,
    months: u32,
    first: NaiveDate,
}

fn pattern(text: &str) -> Option<Pattern> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [count, every, "from", first] = words.as_slice() else { return None };
    let months = match *every {
        "monthly" => 1,
        "quarterly" => 3,
        "yearly" => 12,
        _ => return None,
    };
    Some(Pattern { count: count.parse().ok()?, months, first: first.parse().ok()? })
}

impl Pattern {
    /// The instalments: equal parts of the value, in whole units of the currency, the larger ones first.
    fn laid_out(&self, value: Option<&str>, currency: Option<&str>) -> Option<Value> {
        let schedule = Instalment::equal(value?.parse().ok()?, currency?.parse().ok()?, self.count, self.first, self.months)?;
        serde_json::to_value(schedule).ok()
    }
}

/// The schema of a field of an event's value.
fn property(schema: &Value, name: &str) -> Option<Value> {
    let mut found = value_schema(schema)?.get("properties")?.get(name)?.clone();
    if let Some(reference) = found.get("$ref").and_then(Value::as_str) {
        found = schema.pointer(reference.strip_prefix('#')?)?.clone();
    }
    Some(found)
}

fn value_schema(schema: &Value) -> Option<&Value> {
    let value = schema.pointer("/properties/event/properties/value")?;
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => schema.pointer(reference.strip_prefix('#')?),
        None => Some(value),
    }
}

/// The fields that a type's value cannot do without.
pub fn required(kind: &str) -> Vec<String> {
    let schema = event_schema(kind).unwrap_or_default();
    let names = value_schema(&schema).and_then(|value| value.get("required")?.as_array().cloned()).unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads an intent.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(text: &str) -> Result<Intent, Vec<Problem>> {
    let members = match serde_json::from_str::<Members<'_>>(text) {
        Ok(Members(members)) => members,
        Err(why) => return Err(vec![not_json(text, &why)]),
    };
    let mut problems = Vec::new();
    for (name, _) in members.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str())) {
        let near = nearest(name, ENVELOPE.iter().copied());
        let cure = if near.is_empty() { format!("one of {}", ENVELOPE.join(", ")) } else { format!("did you mean `{}`?", near[0]) };
        problems.push(Problem::new(Code::E0103, name, "an intent has no such field").column(name).cure(cure));
    }
    let text_of = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, raw)| serde_json::from_str::<String>(raw.get()));
    let mut told = |name: &str| match text_of(name)? {
        Ok(text) => Some(text),
        Err(_) => {
            problems.push(Problem::new(Code::E0203, "", "a text stands here").column(name).cure("write it between quotes"));
            None
        }
    };
    let (kind, effective, reference, awaits) = (told("type"), told("effective"), told("ref"), told("awaits"));
    let (document, actor) = (told("document"), told("actor"));
    let effective_at = effective.and_then(|text| moment(&text).map_err(|problem| problems.push(problem)).ok());
    let document = document.and_then(|text| {
        let why = "it is no BLAKE3: 64 small hexadecimal digits";
        text.parse::<Hash>().map_err(|_| problems.push(Problem::new(Code::E0204, &text, why).column("document").cure("b3sum FILE"))).ok()
    });
    let actor = actor.and_then(|text| {
        let refuse = |why: ledger_core::id::NotAnId| {
            problems.push(Problem::new(Code::E0204, &text, why.to_string()).column("actor").cure("a short name"))
        };
        text.parse::<Actor>().map_err(refuse).ok()
    });
    let source = source_of(reference, awaits, document, &mut problems);
    let value = members.iter().find(|(name, _)| name == "value").map_or("{}", |(_, raw)| raw.get());
    let event = match kind {
        Some(kind) => event_of(&kind, &with_document(&kind, value, document), &mut problems),
        None => {
            let why = "nothing says what is to be recorded";
            problems.push(
                Problem::new(Code::E0102, "", why).column("type").cure("\"type\": \"offer.released\"; types: dealbook schema --list"),
            );
            None
        }
    };
    match event {
        Some(event) if problems.is_empty() => Ok(Intent { event, effective_at, source, actor }),
        _ => Err(problems),
    }
}

/// A value that names the document it is recorded from, where its type has a field for that and it does not say so itself.
fn with_document(kind: &str, value: &str, document: Option<Hash>) -> String {
    let says = |members: &Members<'_>| members.0.iter().any(|(name, _)| name == "document");
    match (document, serde_json::from_str::<Members<'_>>(value)) {
        (Some(document), Ok(members)) if required(kind).iter().any(|name| name == "document") && !says(&members) => {
            let rest = value.trim_start().strip_prefix('{').unwrap_or_default();
            let comma = if members.0.is_empty() { "" } else { "," };
            format!("{{\"document\":\"{document}\"{comma}{rest}")
        }
        _ => value.to_owned(),
    }
}

fn not_json(text: &str, why: &serde_json::Error) -> Problem {
    let line = text.lines().nth(why.line().saturating_sub(1)).unwrap_or_default();
    let said = why.to_string();
    Problem::new(Code::E0101, line, said.split(" at line ").next().unwrap_or_default()).cure("check it with any JSON tool")
}

fn source_of(reference: Option<String>, awaits: Option<String>, document: Option<Hash>, problems: &mut Vec<Problem>) -> Option<Source> {
    let parts = |text: &str| text.split_once(':').is_some_and(|(system, id)| !system.is_empty() && !id.is_empty());
    // What looks like the key of a row, or of a document, is one.
    let taken = |text: &str| text.split(':').count() > 2 || text.starts_with("document:");
    if let Some(text) = reference.as_ref().filter(|text| !parts(text) || taken(text)) {
        problems.push(Problem::new(Code::E0204, text, "it is no reference").column("ref").cure("write SYSTEM:ID, such as crm:0065"));
    }
    let is_key = |text: &str| {
        text.split(':').count() > 2 && text.split(':').next().is_some_and(|feed| FEEDS.iter().any(|known| known.name() == feed))
    };
    if let Some(text) = awaits.as_ref().filter(|text| !is_key(text)) {
        let cure = "write <feed>:<recipient>:<id>, as `dealbook show event` prints it of a row";
        problems.push(Problem::new(Code::E0204, text, "it is no natural key").column("awaits").cure(cure));
    }
    if let (Some(reference), Some(_)) = (&reference, &awaits) {
        problems.push(Problem::new(Code::E0401, reference, "it awaits a row as well").column("ref").cure("give one of `ref` and `awaits`"));
    }
    let id = reference.or(awaits).or_else(|| document.map(|digest| format!("document:{digest}")))?;
    Some(Source::manual(id, document))
}

/// Reads the date of something: a day, which means its first moment, or a moment.
pub fn moment(text: &str) -> Result<Instant, Problem> {
    let refuse = |code, why: String, cure: &str| Err(Problem::new(code, text, why).column("effective").cure(cure));
    match Period::parse(text, NaiveDate::default()) {
        Ok(period) if text.len() == 10 || text.ends_with('Z') => Ok(period.from),
        Err(NotATime::Ambiguous(one, other)) => {
            refuse(Code::E0207, "which is the day, and which the month?".to_owned(), &format!("write {one} or {other}"))
        }
        _ => refuse(Code::E0206, "it is no day and no moment".to_owned(), "write 2026-03-31, or 2026-03-31T12:00:00Z"),
    }
}

/// The event, when nothing is wrong with it. Each field is read alone first, so that all mistakes are found.
fn event_of(kind: &str, value: &str, problems: &mut Vec<Problem>) -> Option<Event> {
    if !Event::TYPES.contains(&kind) {
        let near = nearest(kind, Event::TYPES.iter().copied());
        let cure =
            if near.is_empty() { "types: dealbook schema --list".to_owned() } else { format!("did you mean `{}`?", near.join("` or `")) };
        problems.push(Problem::new(Code::E0104, kind, "there is no such type").column("type").cure(cure));
        return None;
    }
    let Ok(Members(members)) = serde_json::from_str(value) else {
        let why = "a value is an object that names each field once";
        problems.push(Problem::new(Code::E0101, value, why).column("value").cure(format!("dealbook schema {kind}")));
        return None;
    };
    if let Err(why) = serde_json::from_str::<json::Distinct>(value) {
        let said = why.to_string();
        let why = said.split(" at line ").next().unwrap_or_default().to_owned();
        problems.push(Problem::new(Code::E0101, "", why).column("value").cure("name each field once, in text that is UTF-8"));
        return None;
    }
    let before = problems.len();
    let read = |members: Value| serde_json::from_value::<Event>(serde_json::json!({ "type": kind, "value": members }));
    for (name, raw) in &members {
        let alone = serde_json::from_str::<Value>(raw.get()).unwrap_or_default();
        if let Err(why) = read(serde_json::json!({ name.as_str(): alone })) {
            problems.extend(wrong(kind, name, raw.get(), &why.to_string()));
        }
    }
    for name in required(kind) {
        let cure = if name == "document" { "--document FILE".to_owned() } else { format!("--set {name}=…") };
        if !members.iter().any(|(known, _)| *known == name) {
            problems.push(Problem::new(Code::E0102, "", format!("`{kind}` has one")).column(name.clone()).cure(cure));
        }
    }
    if problems.len() > before {
        return None;
    }
    match read(serde_json::from_str(value).unwrap_or_default()) {
        Ok(event) => Some(event),
        Err(why) => {
            problems.push(Problem::new(Code::E0203, value, why.to_string()).column("value").cure(format!("dealbook schema {kind}")));
            None
        }
    }
}

/// What a reader's error says of one field; nothing when it only misses others.
fn wrong(kind: &str, name: &str, found: &str, why: &str) -> Option<Problem> {
    if why.starts_with("missing field") && !why.contains(" at ") && !found.trim_start().starts_with(['{', '[']) {
        return None;
    }
    if why.starts_with("missing field") {
        // Of the field itself, or of what is around it? What is around it misses what the type requires.
        let missed = why.split('`').nth(1).unwrap_or_default();
        if required(kind).iter().any(|required| required == missed) {
            return None;
        }
    }
    let found = found.trim_matches('"');
    if let Some(unknown) = why.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        let known: Vec<&str> = why.split('`').skip(3).step_by(2).collect();
        let near = nearest(unknown, known.iter().copied());
        let cure = if near.is_empty() { format!("dealbook schema {kind}") } else { format!("did you mean `{}`?", near.join("` or `")) };
        return Some(Problem::new(Code::E0103, unknown, format!("`{kind}` has no such field")).column(name).cure(cure));
    }
    let says = |words: &str| why.contains(words);
    if pattern(found).is_some() {
        let cure = "write --set value=… and --set currency=… as well, or the instalments one by one as JSON";
        return Some(Problem::new(Code::E0203, found, "a schedule in words splits a value in a currency").column(name).cure(cure));
    }
    let (code, cure) = if says("digits") && says("account") || says("12-digit") {
        (Code::E0215, "an AWS account is twelve digits, between quotes")
    } else if says("YYYY-MM-DD") || says("a moment") {
        (Code::E0206, "write it to the second: 2026-03-31T00:00:00Z; the end of a day is the first moment of the next")
    } else if says("currency") {
        (Code::E0205, "three capital letters, such as USD")
    } else if says("amount") || says("grouped") || says("exponent") || says("point") || says("?(0|[1-9]") {
        (Code::E0211, "write 4000.00, between quotes")
    } else if says("u64") || says("u32") {
        (Code::E0202, "write digits only, without quotes")
    } else {
        (Code::E0203, "dealbook schema says what it may be")
    };
    Some(Problem::new(code, found, why).column(name).cure(cure))
}
