//! When something was there: time stamps against checkpoints and certificates, and what they and cosignatures prove of `recorded_at`.

use ledger_core::checkpoint::Checkpoint;
use ledger_core::time::Instant;
use ledger_core::timestamp::{Certificate, Refused, Reply, Stamp};
use ledger_store::checkpoints::{Found, KeptStamp};

use super::Checks;
use crate::failure::{Code, Failure};
use crate::render::grouped;

/// A moment that every line up to a size was there at, by somebody else's clock.
#[derive(Debug, Clone)]
pub(super) struct Before {
    pub(super) size: u64,
    pub(super) at: Instant,
    /// Who says so, and how: `the time stamp of tsa.example`.
    pub(super) says: String,
}

/// What is proven of `recorded_at`: the most lines, at the first moment that any of these has for them.
pub(super) fn recorded(all: &[Before]) -> Option<String> {
    let last = all.iter().min_by_key(|before| (std::cmp::Reverse(before.size), before.at))?;
    let lines = if last.size == 1 { "#1".to_owned() } else { format!("#1 – #{}", grouped(&last.size.to_string())) };
    let were = if last.size == 1 { "was" } else { "were" };
    Some(format!("{lines} {were} recorded not later than {}, by {}; recorded_at itself is the recorder's clock", last.at, last.says))
}

/// A reply that is held against a checkpoint.
pub(super) struct Beside<'a> {
    /// What it is called.
    pub(super) name: String,
    /// What the authority sent.
    pub(super) bytes: &'a [u8],
    /// The checkpoints that it may stamp.
    pub(super) of: Vec<&'a Checkpoint>,
}

/// The replies that a ledger has beside its checkpoints.
pub(super) fn kept<'a>(found: &'a Found) -> Vec<Beside<'a>> {
    let beside = |stamp: &'a KeptStamp| Beside {
        name: stamp.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: &stamp.bytes,
        of: stamp.of.iter().map(|kept| &kept.note.checkpoint).collect(),
    };
    found.stamps.iter().map(beside).collect()
}

/// Holds replies against checkpoints, their signatures against themselves, and their certificates against those that are trusted. As with
/// keys: those of other authorities are not looked at further, and of those that are trusted there must be one.
pub(super) fn hold(checks: &mut Checks, stamps: &[Beside<'_>], trusted: &[Certificate]) {
    let mut believed: Vec<(u64, Stamp)> = Vec::new();
    let mut others: Vec<(u64, Stamp)> = Vec::new();
    let mut failed = false;
    for Beside { name, bytes, of } in stamps {
        let verified = Reply::parse(bytes).and_then(|reply| {
            let stamped = of.iter().find(|checkpoint| reply.is_of(checkpoint)).ok_or(Refused::Another)?;
            let own = reply.verify(stamped, &[])?;
            let anchored = if trusted.is_empty() { None } else { Some(reply.verify(stamped, trusted)) };
            match anchored {
                Some(Ok(stamp)) => believed.push((stamped.size, stamp)),
                None | Some(Err(Refused::Untrusted(_))) => others.push((stamped.size, own)),
                Some(Err(why)) => return Err(why),
            }
            Ok(())
        });
        if let Err(why) = verified {
            failed = true;
            let failure = Failure::new(Code::E0513, format!("{name} proves no time of a checkpoint"))
                .because(&why)
                .hint("put it back from a copy, or ask for another: dealbook checkpoint --stamp-request");
            checks.fail("time stamps", format!("{name}: {why}"), failure);
        }
    }
    let told = |all: &[(u64, Stamp)]| {
        let (size, Stamp { at, authority, .. }) = all.iter().max_by_key(|(size, stamp)| (*size, std::cmp::Reverse(stamp.at)))?;
        let alone = all.iter().all(|(_, other)| other.authority == *authority);
        let (by, last) = if alone { (format!(" by {authority}"), String::new()) } else { (String::new(), format!(" by {authority}")) };
        Some(format!("{}{by}, the last{last} of #{size} at {at}", all.len()))
    };
    if let Some(told) = told(&believed) {
        checks.add("time stamps", "ok", told);
    } else if !trusted.is_empty() && !failed {
        let names: Vec<String> = trusted.iter().map(Certificate::name).collect();
        let failure = Failure::new(Code::E0513, format!("no time stamp here leads to {}", names.join(" or to ")))
            .because("another authority made it, or it was taken away")
            .hint("dealbook checkpoint --stamp FILE --tsa CERTIFICATE keeps one");
        checks.fail("time stamps", format!("none that leads to {}", names.join(" or to ")), failure);
    }
    if let Some(told) = told(&others) {
        let why = if trusted.is_empty() {
            "no certificate was given that you trust: --tsa"
        } else {
            "they lead to no certificate that you trust"
        };
        let check = if trusted.is_empty() { "time stamps" } else { "other stamps" };
        checks.add(check, "not looked at", format!("{told}; {why}"));
    }
    checks.before.extend(believed.into_iter().map(|(size, stamp)| Before {
        size,
        at: stamp.not_later,
        says: format!("the time stamp of {}", stamp.authority),
    }));
}
