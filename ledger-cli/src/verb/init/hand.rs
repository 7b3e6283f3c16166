//! What people do with the sample's ledger once its feeds are imported: bills, contracts, programmes, credits, an offer. Each step is what a user
//! would do with `import`, `record` and `approve`, at a fixed moment, and is decided on by the same rules.

use std::path::Path;

use ed25519_dalek::SigningKey;
use ledger_core::book::Decision;
use ledger_core::chain::Hash;
use ledger_core::event::{Draft, Entry};
use ledger_core::id::Actor;
use ledger_core::problem::Problem;
use ledger_core::time::Instant;
use ledger_store::ledger::Ledger;
use ledger_store::scan::ScanError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::desk;
use crate::failure::Failure;
use crate::import::{Order, Said, files};
use crate::intent::{self, Written};
use crate::session::States;
use crate::signing;
use crate::verb::approve;

/// The steps, one a line.
const STEPS: &str = include_str!("../../../../fixtures/sample/steps.jsonl");

/// The people who sign, with keys that everybody can read.
const PEOPLE: &[(&str, &str)] =
    &[("mei", include_str!("../../../../fixtures/keys/mei.pem")), ("wang", include_str!("../../../../fixtures/keys/wang.pem"))];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// When.
    at: Instant,
    /// By whom.
    by: Actor,
    /// The paper that an intent is recorded from.
    #[serde(default)]
    document: Option<String>,
    /// Files to import.
    #[serde(default)]
    import: Vec<String>,
    /// An intent, as `record --file` reads it.
    #[serde(default)]
    record: Option<Value>,
    /// Who approves what the intent recorded.
    #[serde(default)]
    signed_by: Vec<Actor>,
}

/// Takes the steps, with the bills and papers that lie in a folder.
///
/// # Errors
/// A file is not there, a step breaks a rule, or the ledger cannot be written.
pub(super) fn take(ledger: &mut Ledger<States>, folder: &Path, context: &Context) -> Result<(), Failure> {
    let mut before = None;
    for (number, text) in (1..).zip(STEPS.lines()) {
        let written = Written::Json { name: "steps.jsonl".to_owned(), line: number, text: text.to_owned() };
        let refused = |problems: Vec<Problem>| written.failure(&problems);
        let step: Step = serde_json::from_str(text).expect("the sample's steps are written as they are read");
        // Each line is recorded at the moment of its group.
        if before.replace(step.at).is_some_and(|before| before != step.at) {
            ledger.commit()?;
        }
        if !step.import.is_empty() {
            let paths: Vec<_> = step.import.iter().map(|path| folder.join(path)).collect();
            let order = Order { said: Said::default(), actor: step.by.clone(), clock: &|| step.at, quarantine: false };
            crate::import::run(ledger, files::find(&paths)?, &order, context)?;
        }
        let Some(mut record) = step.record else { continue };
        if let Some(paper) = &step.document {
            let path = folder.join(paper);
            let bytes = std::fs::read(&path).map_err(|why| Failure::unreadable(&path, &why))?;
            record["document"] = json!(Hash::of(&bytes));
        }
        let intent = intent::read(&record.to_string()).map_err(refused)?;
        let effective_at = intent.effective_at.unwrap_or(step.at);
        let draft = Draft { actor: step.by, effective_at, event: intent.event, source: intent.source };
        let decision = desk::decided(ledger.states(), Some(ledger.known()), step.at, draft, None).map_err(refused)?;
        let Some(recorded) = append(ledger, decision, step.at)? else { continue };
        for person in step.signed_by {
            let approval = approve::signed(&recorded, person.clone(), Some(&key_of(&person)), None, step.at);
            let (entry, hash) = &recorded;
            let decision = desk::decided(ledger.states(), None, step.at, approval, Some((entry, *hash))).map_err(refused)?;
            append(ledger, decision, step.at)?;
        }
    }
    Ok(())
}

/// Stages what was decided. Gives the first entry of it.
fn append(ledger: &mut Ledger<States>, decision: Decision, now: Instant) -> Result<Option<(Entry, Hash)>, Failure> {
    let mut first = None;
    for (_, draft) in desk::would(decision).appended {
        let mut line = Vec::new();
        let head = draft.write(ledger.head(), now, &mut line)?;
        let entry = Entry::read(&line, head.seq).map_err(ScanError::from)?;
        first.get_or_insert((entry, head.hash));
        ledger.stage(now, draft)?;
    }
    Ok(first)
}

fn key_of(person: &Actor) -> SigningKey {
    let (_, pem) = PEOPLE.iter().find(|(name, _)| *name == person.as_str()).expect("who signs in the sample has a key");
    signing::parsed(pem).expect("the sample's keys are keys")
}
