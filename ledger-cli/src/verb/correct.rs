//! `dealbook correct`

use std::path::PathBuf;

use ledger_core::book::{self, Decision};
use ledger_core::event::Event;
use ledger_core::event::governance::EntryCorrected;
use ledger_core::problem::Problem;
use ledger_core::projection::known::Known;

use super::{approve, import, record};
use crate::context::{Context, Writing};
use crate::desk::{self, Told};
use crate::failure::{Exit, Failure};
use crate::intent::{Written, moment};
use crate::session::{Session, States};

/// Take an entry back, or put another in its place
///
/// One event reverses the entry and holds what stands instead, so that neither is ever without the other; both stay in the log and lead to
/// each other. Entries that a feed brought are not corrected: AWS restates them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The entry, by its number
    #[arg(value_name = "EVENT")]
    pub(crate) event: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// A field of what stands instead, over what the entry said; FIELD= takes it away
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) sets: Vec<String>,
    /// What stands instead, as JSON
    #[arg(long, value_name = "FILE", conflicts_with = "sets")]
    pub(crate) file: Option<PathBuf>,
    /// When it was true: a day or a moment (default: as the entry said)
    #[arg(long, value_name = "DATE")]
    pub(crate) effective: Option<String>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let seq = approve::number(&args.event)?;
    let actor = import::actor(args.writing.actor.as_deref(), "correct")?;
    let session = Session::open(context)?;
    let found = approve::subject(&session, seq)?;
    let sets = record::sets(&args.sets)?;
    let (written, text) = match (&args.file, &found) {
        (Some(path), _) => {
            let (written, text) = record::file(path)?;
            (written, Some(text))
        }
        // Another date is another statement of the same.
        (None, Some((entry, _))) if !sets.is_empty() || args.effective.is_some() => {
            let (written, text) = record::over(&entry.event, sets);
            (written, Some(text))
        }
        _ => (Written::Flags(vec![]), None),
    };
    let refused = |problems: Vec<Problem>| written.failure(&problems);
    let intent = text.as_deref().map(crate::intent::read).transpose().map_err(refused)?;
    let effective = args.effective.as_deref().map(moment).transpose().map_err(|problem| refused(vec![problem]))?;
    let told = intent.as_ref().and_then(|intent| intent.effective_at);
    let effective_at = effective.or(told).or(found.as_ref().map(|(entry, _)| entry.effective_at)).unwrap_or_else(|| context.now());
    let corrected = EntryCorrected { entry: seq, reason: args.reason.clone(), replacement: intent.map(|intent| intent.event) };
    let subject = found.as_ref().map(|(entry, hash)| (entry, *hash));
    let decide = |states: &States, _: &Known| {
        let by = (actor.clone(), context.now());
        book::correct((&states.book, &states.records, &states.programmes), subject, by, effective_at, corrected.clone())
            .map(Decision::Record)
    };
    let governs = found.as_ref().is_some_and(|(entry, _)| matches!(entry.event, Event::PolicySet(_) | Event::PersonRegistered(_)));
    let next = |told: &Told, states: &States| {
        let kept = "the entry stays in the log; the correction leads to it, and dealbook show event leads back".to_owned();
        let first = told.appended.first().and_then(|(head, _)| *head);
        let waits = first.filter(|head| governs && !states.book.stands(head.seq)).map(|head| desk::second_person(head.seq));
        let money = told.appended.first().and_then(|(head, draft)| desk::money_needs(states, draft, (*head)?.seq, context.now()));
        [Some(kept), waits, money].into_iter().flatten().collect()
    };
    desk::decide_and_tell("correct", &args.writing, context, decide, refused, next)
}
