//! The second pass: what was judged is appended.

use ledger_core::event::governance::SourceImported;
use ledger_core::event::{Draft, Event, encode};
use ledger_core::feed::{Accounts, Fact, Fingerprint, Whose};
use ledger_core::id::Actor;
use ledger_core::problem::Problems;
use ledger_core::time::Instant;
use ledger_store::ledger::{Ledger, Observed, States};
use ledger_store::scan::in_order;

use super::judge::{Content, History, Judged, changed};
use super::rows::{self, Chunks};
use crate::decode::csv::Rows;
use crate::failure::Failure;

/// Appends what a judged file says, behind its `source.imported`. Gives the number of events, that one not counted.
///
/// A chunk of rows is appended only when it is what was judged. An import that is cut off leaves whole events; importing the file again
/// goes on where it stopped.
///
/// # Errors
/// The file has changed since it was judged, or the ledger cannot be written.
pub fn record<S: States>(
    ledger: &mut Ledger<S>,
    judged: &Judged,
    accounts: &Accounts,
    actor: &Actor,
    clock: &dyn Fn() -> Instant,
    mut tick: impl FnMut(u64),
) -> Result<u64, Failure> {
    let import = match judged.history {
        History::Same => return Ok(0),
        History::Unfinished { import } => import,
        History::New | History::Grown { .. } => {
            let now = clock();
            let event = Event::SourceImported(Box::new(imported(judged)));
            ledger.stage(now, Draft { actor: actor.clone(), effective_at: now, event, source: None })?.seq
        }
    };
    if judged.events() == 0 {
        return Ok(0);
    }
    let (layout, named, chunks) = match &judged.content {
        Content::Rows { layout, named, chunks } => (layout, named, chunks),
        Content::Facts(facts) => return documents(ledger, facts, import, actor, clock, tick),
    };
    let mut ignored = Problems::new();
    let path = &judged.file.path;
    let changed = || changed(path);
    let mut rows = Rows::open(path, None, &mut ignored)?.ok_or_else(changed)?;
    let whose = Whose { recipient: judged.recipient, accounts, named: named.as_deref() };
    let mut digests = chunks.iter();
    let mut appended = 0;
    in_order(
        Chunks::new(&mut rows, &mut ignored),
        |chunk| {
            let read = rows::read(&chunk, layout, whose).filter_map(|(row, _, outcome)| Some((row, outcome.fact.ok()?)));
            let (rows, facts): (Vec<u64>, Vec<Fact>) = read.unzip();
            let prints = Fingerprint::of_each(&facts);
            let observed = |((row, fact), print): ((u64, Fact), _)| Observed { encoded: encode(&fact.event), fact, print, import, row };
            let facts: Vec<Observed> = rows.into_iter().zip(facts).zip(prints).map(observed).collect();
            (chunk.digest(), facts)
        },
        |(digest, facts)| {
            if digests.next() != Some(&digest) {
                return Err(changed());
            }
            let now = clock();
            let before = appended;
            for observed in facts {
                appended += u64::from(ledger.observe(now, actor, observed)?.is_some());
            }
            tick(appended - before);
            Ok(())
        },
    )?;
    if digests.next().is_some() { Err(changed()) } else { Ok(appended) }
}

/// Appends what documents say, which was kept since they were judged.
fn documents<S: States>(
    ledger: &mut Ledger<S>,
    facts: &[(u64, Fact)],
    import: u64,
    actor: &Actor,
    clock: &dyn Fn() -> Instant,
    mut tick: impl FnMut(u64),
) -> Result<u64, Failure> {
    let mut appended = 0;
    for ((row, fact), print) in facts.iter().zip(Fingerprint::of_each(facts.iter().map(|(_, fact)| fact))) {
        let observed = Observed { encoded: encode(&fact.event), fact: fact.clone(), print, import, row: *row };
        appended += u64::from(ledger.observe(clock(), actor, observed)?.is_some());
    }
    tick(appended);
    Ok(appended)
}

fn imported(judged: &Judged) -> SourceImported {
    let (replaces, rewritten, rewritten_from) = match judged.history {
        History::Grown { replaces, prefix_matches, rewritten_from } => (Some(replaces), !prefix_matches, rewritten_from),
        _ => (None, false, None),
    };
    let place = judged.file.place;
    SourceImported {
        control_totals: judged.control_totals(),
        decoded_bytes: judged.decoded_bytes,
        digest: judged.digest,
        dropped: judged.dropped.clone(),
        events: judged.events(),
        fallbacks: judged.fallbacks.clone(),
        feed: judged.feed.to_owned(),
        file: judged.file.name.clone(),
        month: place.month,
        recipient: judged.recipient,
        quarantined: judged.bad.len() as u64,
        repairs: judged.repairs,
        replaces,
        rewritten,
        rewritten_from,
        rows: judged.rows,
        version: place.version,
        year: place.year,
    }
}
