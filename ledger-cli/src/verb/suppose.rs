//! `--if FILE`: what the answer would be if some events had been recorded as well. Nothing is.

use std::path::Path;

use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Draft, Entry};
use ledger_core::id::Actor;
use ledger_core::report::Asked;
use ledger_core::time::Instant;
use ledger_store::ledger::States as _;

use crate::context::Context;
use crate::desk;
use crate::failure::{Failure, counted};
use crate::intent::{self, Written};
use crate::session::{Session, States, Wanted};

/// States that take supposed events in.
pub(super) struct Supposed {
    /// The states, behind the last of them.
    pub(super) states: States,
    /// The clocks, by which they are known.
    pub(super) asked: Asked,
    /// The digest of the file, for the receipt.
    pub(super) digest: Hash,
    /// What is said above the answer.
    pub(super) heading: String,
}

/// Folds the events of a file, one intent a line or one in all, over the states at a basis, each with what recording it would add of itself. They
/// are facts here: no rule is asked whether they may be recorded. One without a date takes effect at the end of the asked time.
pub(super) fn suppose(
    path: &Path,
    (mut asked, head): (Asked, Head),
    wanted: Wanted,
    session: &Session,
    context: &Context,
) -> Result<Supposed, Failure> {
    let bytes = std::fs::read(path).map_err(|why| Failure::unreadable(path, &why))?;
    let text = String::from_utf8_lossy(&bytes);
    let intents = intents(path, &text)?;
    // What follows from an event is told by the records.
    let wanted = Wanted { records: true, ..wanted };
    let mut states = if head == session.head() { session.states_of(wanted)? } else { super::replay::states_to(session, head, context)? };
    let last = session.entry(head.seq)?;
    let recorded_at = last.as_ref().map_or_else(|| context.now(), |last| last.recorded_at);
    let end = asked.basis.effective_before.map_or(recorded_at, |before| Instant::from_micros(before.micros() - 1));
    let actor: Actor = "supposed".parse().map_err(|why| Failure::usage("no actor").because(why))?;
    let (mut seq, mut told, mut known) = (head.seq, 0, 0);
    for intent in intents {
        let effective_at = intent.effective_at.unwrap_or(end);
        let draft = Draft { actor: actor.clone(), effective_at, event: intent.event, source: intent.source };
        let drafts = desk::supposed(&states, recorded_at, draft);
        let count = if drafts.is_empty() { &mut known } else { &mut told };
        *count += 1;
        for draft in drafts {
            seq += 1;
            let entry = Entry {
                actor: draft.actor,
                effective_at: draft.effective_at,
                event: draft.event,
                prev: Hash::ZERO,
                recorded_at,
                seq,
                // What waits for its row, or for a second person, is supposed to have come.
                source: None,
                v: ledger_core::chain::VERSION,
            };
            states.all().into_iter().for_each(|state| state.evolve(&entry));
        }
    }
    asked.basis.known_at = seq;
    let mut heading = format!("supposed: {} of {}", counted(told, "event"), path.display());
    for (count, what) in [(seq - head.seq - told, "that follow of themselves"), (known, "known already")] {
        if count > 0 {
            heading += &format!(", {count} {what}");
        }
    }
    heading += "; nothing is recorded";
    Ok(Supposed { states, asked, digest: Hash::of(&bytes), heading })
}

/// The intents of a file: one that is laid out over several lines, or one a line. Every mistake in them is told.
fn intents(path: &Path, text: &str) -> Result<Vec<intent::Intent>, Failure> {
    let name = path.display().to_string();
    let whole = serde_json::from_str::<serde_json::Value>(text).is_ok();
    let parts: Vec<(u64, &str)> = if whole { vec![(1, text)] } else { (1..).zip(text.lines()).collect() };
    let (mut intents, mut failure): (Vec<intent::Intent>, Option<Failure>) = (Vec::new(), None);
    for (line, text) in parts.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
        match intent::read(text) {
            Ok(intent) => intents.push(intent),
            Err(problems) => {
                let told = Written::Json { name: name.clone(), line, text: text.to_owned() }.failure(&problems);
                match &mut failure {
                    Some(failure) => failure.diagnostics.extend(told.diagnostics),
                    None => failure = Some(told),
                }
            }
        }
    }
    match failure {
        Some(mut failure) => {
            failure.closing = vec![format!("{}; nothing was supposed", counted(failure.diagnostics.len() as u64, "error"))];
            Err(failure)
        }
        None => Ok(intents),
    }
}
