//! A ledger that is not intact: what was done to it, and what is still proven.

use std::path::Path;

use ledger_core::chain::{Broken, Hash, Head};
use ledger_core::damage::{self, Damage, Kind as Done};
use ledger_core::event::Unreadable;
use ledger_store::LogError;
use ledger_store::checkpoints::Found;
use ledger_store::scan::ScanError;
use ledger_store::verify as store;

use super::ledger::Stored;
use super::since::Since;
use super::{Checks, Examined, signed};
use crate::context::Location;
use crate::failure::{Code, Failure};
use crate::render::grouped;

/// Damages beyond so many are counted and not described.
const MOST_DAMAGES: usize = 20;

/// What is said of a ledger that is not intact: every line is looked at.
pub(super) fn damaged(
    broken: ScanError,
    location: &Location,
    folder: Option<&Path>,
    since: Option<&Since>,
    stored: Option<Stored>,
    found: &Found,
) -> Result<Examined, Failure> {
    let seen = store::survey(folder.unwrap_or(&location.place), folder.is_some())?;
    let anchor = folder.and_then(|folder| store::anchored(folder).ok().flatten());
    let damages = damage::damages(&seen, anchor);
    let mut checks = Checks::new();
    let proven = damages.iter().map(Damage::first).min().map_or(seen.len() as u64, |first| first - 1);
    let hash = proven.checked_sub(1).and_then(|at| seen.get(usize::try_from(at).ok()?)).map_or(Hash::ZERO, |line| line.hash);
    let proven = Head { seq: proven, hash };
    let last = seen.iter().filter_map(|line| line.link).map(|link| link.seq).filter(|seq| *seq <= seen.len() as u64).max();
    let last = last.unwrap_or(0).max(anchor.map_or(0, |anchor| anchor.seq));
    let at_end = |damage: &&Damage| matches!(damage.kind, Done::Shorter { .. } | Done::Differs { .. });
    let inside = damages.iter().filter(|damage| !at_end(damage)).count();
    match (inside, damages.is_empty()) {
        // The chain holds; what is in it does not read.
        (0, true) => checks.add("chain", "ok", format!("{} hashed", crate::failure::counted(seen.len() as u64, "event"))),
        (0, false) => checks.add("chain", "ok", format!("what is there follows, up to #{}", seen.len())),
        _ => {
            let places = crate::failure::counted(inside as u64, "place");
            checks.add("chain", "failed", format!("{places} not as recorded, the first at #{}", proven.seq + 1));
        }
    }
    let ends: Vec<String> = damages.iter().filter(at_end).map(ToString::to_string).collect();
    match (folder, anchor) {
        (None, _) => checks.add("anchor", "none", "a file of lines has none"),
        (Some(_), _) if !ends.is_empty() => checks.add("anchor", "failed", ends.join("; ")),
        (Some(_), None) => checks.add("anchor", "none", "missing or unreadable"),
        (Some(_), Some(anchor)) if seen.iter().any(|line| line.hash == anchor.hash) => {
            checks.add("anchor", "ok", format!("the log contains {anchor}"));
        }
        (Some(_), Some(anchor)) => checks.add("anchor", "failed", format!("the log does not contain {anchor}")),
    }
    let end = match stored {
        Some(Ok(blocks)) => blocks.last().map(|(_, after)| *after),
        _ => None,
    };
    match end {
        Some(end) => checks.add("store", "ok", format!("it has one chain up to {end}")),
        None => checks.add("store", "not looked at", "the log is not intact"),
    }
    checks.add("re-encoding", "not looked at", "the log is not intact");
    checks.add("projections", "not looked at", "the log is not intact");
    let signed = signed::last_within(found, folder.unwrap_or(&location.place), folder.is_some(), proven.seq)?;
    match &signed {
        Some(kept) => checks.add("checkpoints", "ok", format!("{kept} lies before the damage, and is as it was signed")),
        None => checks.add("checkpoints", "not looked at", "none lies before the damage"),
    }
    if let Some(since) = since {
        let named = seen.iter().filter_map(|line| Some(Head { seq: line.link?.seq, hash: line.hash }));
        match &since.note {
            Some(_) => checks.add("since", "not looked at", "the log is not intact"),
            None if named.into_iter().any(|head| since.is(head)) => checks.add("since", "ok", format!("the log contains {since}")),
            None => checks.add("since", "failed", format!("the log does not contain {since}")),
        }
    }
    // Lines of a later version at the end may be a newer program's: nothing that stands behind them says otherwise.
    let is_newer = matches!(
        &broken,
        ScanError::Log(LogError::Broken(Broken::Newer { .. })) | ScanError::Unreadable(Unreadable::Broken(Broken::Newer { .. }))
    );
    let is_open = is_newer && damages.iter().all(|damage| matches!(damage.kind, Done::Unreadable));
    let mut failure = if damages.is_empty() || is_open { Failure::from(broken) } else { told(&damages, anchor) };
    if let Some(end) = end.filter(|end| end.seq > proven.seq) {
        failure = failure.hint(format!("the store still has everything up to {end}: `dealbook copy {location} jsonl:FILE` saves it"));
    }
    let signed = signed.map(|kept| format!(", checkpoint {kept}")).unwrap_or_default();
    let proven_text = match proven.seq {
        0 => "still proven  nothing".to_owned(),
        seq => format!("still proven  #1 – #{}{}", grouped(&seq.to_string()), signed),
    };
    failure.closing.push(proven_text);
    if last > proven.seq {
        let count = crate::failure::counted(last - proven.seq, "event");
        failure.closing.push(format!(
            "not proven    #{} – #{} ({count})",
            grouped(&(proven.seq + 1).to_string()),
            grouped(&last.to_string())
        ));
    }
    checks.failure = Some(failure);
    Ok(checks.done(proven))
}

/// Every damage as an error of its own.
fn told(damages: &[Damage], anchor: Option<Head>) -> Failure {
    // Nothing follows the line that the anchor names: that it alone was changed is not certain.
    const REWRITTEN: &str = "it was changed, or everything from an earlier event on was written anew";
    let at_anchor = |damage: &Damage| anchor.is_some_and(|anchor| anchor.seq == damage.at);
    let one = |damage: &Damage| {
        let code = match damage.kind {
            Done::Changed { .. } => Code::E0501,
            Done::Unreadable => Code::E0505,
            Done::Missing { .. } | Done::Inserted { .. } | Done::Repeated { .. } | Done::Reordered { .. } => Code::E0502,
            Done::WrongGenesis { .. } => Code::E0503,
            Done::Shorter { .. } | Done::Differs { .. } => Code::E0504,
        };
        let failure = Failure::new(code, damage.to_string());
        match damage.kind {
            Done::Changed { stored: Some(stored), computed } => {
                let failure =
                    failure.because(format!("its hash was recorded as {stored}")).because(format!("its bytes give          {computed}"));
                if at_anchor(damage) { failure.because(REWRITTEN) } else { failure }
            }
            Done::Differs { .. } => failure.because(REWRITTEN),
            _ => failure,
        }
    };
    let mut all = damages.iter().take(MOST_DAMAGES).map(one);
    let mut failure = all.next().unwrap_or_else(|| Failure::new(Code::E0501, "the chain is broken"));
    all.for_each(|more| failure.diagnostics.extend(more.diagnostics));
    match damages.len().checked_sub(MOST_DAMAGES) {
        None | Some(0) => failure,
        Some(more) => failure.note(format!("{more} more like these are not shown")),
    }
}
