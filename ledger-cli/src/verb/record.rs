//! `dealbook record`
//!
//! ```text
//! TYPE --set … | --file FILE | lines of a stream  -intent::read-> Intent  -decide-> appended | known already | refused, with every reason
//! ```

use std::io::{BufRead, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};

use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Draft, Event};
use ledger_core::id::Actor;
use ledger_core::problem::{Code, Problem};
use ledger_core::projection::known::Known;
use ledger_store::ledger::Ledger;
use serde_json::{Value, json};

use super::import;
use crate::context::{Context, Writing};
use crate::desk::{self, Told};
use crate::failure::{Exit, Failure};
use crate::intent::{self, Intent, Written};
use crate::session::{self, Session, States, Wanted};

/// Append one event, or one for each line of a stream
///
/// What is recorded is decided on first: an offer, an acceptance, an authorization or a policy that breaks a rule is refused with every reason,
/// and nothing is appended. What AWS says to have happened to an agreement, a party or a product is recorded from the document that shows it
/// (--document), and what it breaks is a finding; money comes from the feeds alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What happened, such as offer.released; dealbook schema --list names them all
    #[arg(value_name = "TYPE", required_unless_present = "file")]
    pub(crate) kind: Option<String>,
    /// Of an offer: a template that fills in what no --set says; may be repeated
    #[arg(long = "template", value_name = "NAME", conflicts_with = "file")]
    pub(crate) templates: Vec<String>,
    /// A field of it; a list is repeated or has commas, an object is JSON, a schedule `12 monthly from 2026-03-01`
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) sets: Vec<String>,
    /// An intent as JSON; - reads one per line from standard input, and answers each with a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "sets", "effective", "reference", "awaits", "document"])]
    pub(crate) file: Option<PathBuf>,
    /// When it was true: a day or a moment (default: now)
    #[arg(long, value_name = "DATE")]
    pub(crate) effective: Option<String>,
    /// Another system's name for it: sent twice, it is recorded once
    #[arg(long = "ref", value_name = "SYSTEM:ID")]
    pub(crate) reference: Option<String>,
    /// The natural key of the row of a feed that will say the same
    #[arg(long, value_name = "KEY")]
    pub(crate) awaits: Option<String>,
    /// The document that shows it; its BLAKE3 is recorded
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let actor = import::actor(args.writing.actor.as_deref(), "record")?;
    if args.file.as_deref() == Some(Path::new("-")) {
        return stream(&args, &actor, context);
    }
    let (written, text) = match (&args.file, &args.kind) {
        (Some(path), _) => file(path)?,
        (None, kind) => {
            let kind = kind.as_deref().unwrap_or_default();
            let mut given = sets(&args.sets)?;
            if !args.templates.is_empty() {
                fill_in(kind, &args.templates, &mut given, context)?;
            }
            if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
                ask(kind, &mut given, &mut std::io::stdin().lock(), &mut std::io::stderr().lock()).map_err(|why| Failure::output(&why))?;
            }
            let document = args.document.as_deref().map(digest).transpose()?;
            let envelope = [("effective", &args.effective), ("ref", &args.reference), ("awaits", &args.awaits), ("document", &document)];
            let envelope: Vec<(&str, &str)> = envelope.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?))).collect();
            Written::flags(kind, given, &envelope)
        }
    };
    let refused = |problems: Vec<Problem>| written.failure(&problems);
    let intent = intent::read(&text).and_then(|intent| one_actor(intent, args.writing.actor.as_deref())).map_err(refused)?;
    let decide =
        |states: &States, known: &Known| desk::decided(states, Some(known), context.now(), draft_of(intent, &actor, states, context), None);
    desk::decide_and_tell("record", &args.writing, context, decide, refused, |told, states| next(told, states, context))
}

/// What can be done with what was recorded.
fn next(told: &Told, states: &States, context: &Context) -> Vec<String> {
    let mut next = Vec::new();
    if let Some((Some(head), draft)) = told.appended.first() {
        let governs = matches!(draft.event, Event::PolicySet(_) | Event::PersonRegistered(_));
        if governs && !states.book.stands(head.seq) {
            next.push(desk::second_person(head.seq));
        }
        next.extend(desk::money_needs(states, draft, head.seq, context.now()));
        let roles = desk::approvals(states, &draft.event, draft.effective_at);
        if !roles.is_empty() {
            let roles = roles.into_iter().collect::<Vec<_>>().join(", ");
            next.push(format!("Needs approval by {roles}, not by {}: dealbook approve {} --key FILE --actor NAME", draft.actor, head.seq));
        }
        next.push(format!("Undo: dealbook correct {} --reason …", head.seq));
    }
    next
}

/// Who records is said once, or twice the same.
fn one_actor(intent: Intent, flag: Option<&str>) -> Result<Intent, Vec<Problem>> {
    match (&intent.actor, flag) {
        (Some(told), Some(flag)) if told.as_str() != flag => {
            let why = format!("--actor says `{flag}`");
            Err(vec![Problem::new(Code::E0401, told.as_str(), why).column("actor").cure("say it once, or twice the same")])
        }
        _ => Ok(intent),
    }
}

fn draft_of(intent: Intent, actor: &Actor, states: &States, context: &Context) -> Draft {
    let Intent { event, effective_at, source, actor: own } = intent;
    let dated = || states.book.dated(&source.as_ref()?.id);
    let effective_at = effective_at.or_else(dated).unwrap_or_else(|| context.now());
    Draft { actor: own.unwrap_or_else(|| actor.clone()), effective_at, event, source }
}

/// `FIELD=VALUE`, each.
pub(super) fn sets(sets: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let pair = |set: &String| {
        let (field, value) = set.split_once('=').filter(|(field, _)| !field.is_empty()).ok_or_else(|| {
            Failure::usage(format!("invalid value `{set}` for --set")).hint("write FIELD=VALUE, such as --set offer=offer-1")
        })?;
        Ok((field.to_owned(), value.to_owned()))
    };
    sets.iter().map(pair).collect()
}

/// Fills in what templates say and no flag does, the first template before the next. A schedule's pattern stands in the template, and `from` its day
/// in the flag.
fn fill_in(kind: &str, templates: &[String], given: &mut Vec<(String, String)>, context: &Context) -> Result<(), Failure> {
    if !matches!(kind, "offer.drafted" | "offer.released") {
        let failure = Failure::usage(format!("--template does not fit `{kind}`"));
        return Err(failure.hint("--template goes with offer.drafted and offer.released"));
    }
    let session = Session::open(context)?;
    let states = session.states_of(Wanted { billing: false, records: false })?;
    for name in templates {
        let Some(fields) = states.book.template(name) else {
            let failure = Failure::new(Code::E0301, format!("no template is named `{name}`"));
            return Err(failure.suggest(name, states.book.templates()).hint("dealbook log type:template.saved"));
        };
        for (field, text) in fields {
            match given.iter_mut().find(|(known, _)| known == field) {
                Some((_, told)) if field == "schedule" && told.starts_with("from ") => *told = format!("{text} {told}"),
                Some(_) => (),
                None => given.push((field.clone(), text.clone())),
            }
        }
    }
    Ok(())
}

/// An intent's file.
pub(super) fn file(path: &Path) -> Result<(Written, String), Failure> {
    let text = std::fs::read_to_string(path).map_err(|why| Failure::unreadable(path, &why))?;
    Ok((Written::Json { name: path.display().to_string(), line: 1, text: text.clone() }, text))
}

/// An event with some fields set anew.
pub(super) fn over(event: &Event, sets: Vec<(String, String)>) -> (Written, String) {
    let event = match event {
        Event::EntryCorrected(corrected) => corrected.replacement.as_ref().unwrap_or(event),
        event => event,
    };
    let (written, text) = Written::flags(event.type_name(), sets.clone(), &[]);
    let mut whole = serde_json::to_value(event).unwrap_or_default();
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    for (name, text) in &sets {
        // A field inside of another is set or taken away there, and leaves its siblings as they are.
        let (mut under, mut from, mut parts) = (&mut whole["value"], &told["value"], name.split('.').peekable());
        while let Some(part) = parts.next() {
            if parts.peek().is_some() {
                (under, from) = (&mut under[part], &from[part]);
            } else if text.is_empty() {
                under.as_object_mut().map(|members| members.remove(part));
            } else {
                under[part] = from[part].clone();
            }
        }
    }
    (written, whole.to_string())
}

pub(super) fn digest(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|why| Failure::unreadable(path, &why))?;
    Ok(Hash::of(&bytes).to_string())
}

/// Asks for the fields that are missing.
fn ask(kind: &str, given: &mut Vec<(String, String)>, input: &mut impl BufRead, out: &mut impl Write) -> std::io::Result<()> {
    for name in intent::required(kind) {
        if given.iter().any(|(known, _)| *known == name || known.starts_with(&format!("{name}."))) {
            continue;
        }
        write!(out, "{name}: ")?;
        out.flush()?;
        let mut line = String::new();
        input.read_line(&mut line)?;
        if !line.trim().is_empty() {
            given.push((name, line.trim().to_owned()));
        }
    }
    Ok(())
}

/// Decides on each line of standard input by itself, and answers each with a line once it is durable.
fn stream(args: &Args, actor: &Actor, context: &Context) -> Result<Exit, Failure> {
    enum Desk {
        Dry(Head, Box<States>, Box<Known>),
        Wet(Box<Ledger<States>>),
    }
    let mut desk = if args.writing.dry_run {
        let session = Session::open(context)?;
        session::expect(&args.writing, session.head())?;
        Desk::Dry(session.head(), Box::new(session.states()?), Box::new(session.known()?))
    } else {
        let ledger = session::write(context)?;
        session::expect(&args.writing, ledger.head())?;
        Desk::Wet(Box::new(ledger))
    };
    let mut exit = Exit::Done;
    let mut input = std::io::stdin().lock();
    for number in 1_u64.. {
        let mut bytes = Vec::new();
        let read = input.read_until(b'\n', &mut bytes).map_err(|why| Failure::unreadable(Path::new("standard input"), &why))?;
        if read == 0 {
            break;
        }
        let Ok(line) = String::from_utf8(bytes) else {
            exit = Exit::Rejected;
            let refused = Problem::new(Code::E0311, "", "the line is not UTF-8").cure("send it in UTF-8");
            context.say(json!({ "line": number, "result": "refused", "problems": [problem(&refused)] }))?;
            continue;
        };
        if line.trim().is_empty() {
            continue;
        }
        let (states, known) = match &desk {
            Desk::Dry(_, states, known) => (&**states, &**known),
            Desk::Wet(ledger) => (ledger.states(), ledger.known()),
        };
        let intent = intent::read(&line).and_then(|intent| one_actor(intent, args.writing.actor.as_deref()));
        let decided =
            intent.and_then(|intent| desk::decided(states, Some(known), context.now(), draft_of(intent, actor, states, context), None));
        let answer = match decided {
            Err(problems) => {
                exit = Exit::Rejected;
                json!({ "line": number, "result": "refused", "problems": problems.iter().map(problem).collect::<Vec<_>>() })
            }
            Ok(decision) => {
                let told = match &mut desk {
                    // The lines behind it are decided on as if it had been appended.
                    Desk::Dry(head, states, _) => {
                        let told = desk::would(decision);
                        *head = desk::pretend(states, *head, &told, context)?;
                        told
                    }
                    Desk::Wet(ledger) => desk::append(ledger, decision, context)?,
                };
                match told.known {
                    Some(seq) => json!({ "line": number, "result": "known", "event": seq }),
                    None => {
                        let events: Vec<Value> = told.appended.iter().map(appended).collect();
                        let result = if matches!(desk, Desk::Dry(..)) { "would append" } else { "appended" };
                        json!({ "line": number, "result": result, "events": events })
                    }
                }
            }
        };
        context.say(answer)?;
    }
    if let Desk::Wet(ledger) = desk {
        session::close(context, *ledger)?;
    }
    Ok(exit)
}

fn appended((head, draft): &(Option<Head>, Draft)) -> Value {
    let mut told = json!({ "type": draft.event.type_name() });
    if let Some(head) = head {
        told["event"] = json!(head.seq);
        told["hash"] = json!(head.hash.to_string());
    }
    told
}

fn problem(problem: &Problem) -> Value {
    json!({
        "code": problem.code.as_str(), "cure": problem.cure, "field": problem.column, "found": problem.found, "message": problem.headline(),
        "why": problem.why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_asked_for() {
        let mut given = vec![("offer".to_owned(), "offer-1".to_owned())];
        let mut out = Vec::new();
        ask("offer.product_added", &mut given, &mut "prod-1\n".as_bytes(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "product: ");
        assert_eq!(given[1], ("product".to_owned(), "prod-1".to_owned()));
    }
}
