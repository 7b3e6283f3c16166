//! Files that were handed out: checkpoints, proofs, bundles. No ledger is opened, and nothing is asked of anybody.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger_core::chain::{self, Hash, Head};
use ledger_core::checkpoint::{Checkpoint, Malformed, Note, PublicKey};
use ledger_core::event::Entry;
use ledger_core::proof::{self, Proof, Request};

use super::signed::hold_signatures;
use super::{Checks, Examined, told};
use crate::context::Context;
use crate::failure::{Code, Exit, Failure, counted};
use crate::render::grouped;

const NOT_INTACT: &str = "this is not as it was handed out";

pub(super) fn run(files: &[PathBuf], keys: &[PublicKey], context: &Context) -> Result<Exit, Failure> {
    if keys.is_empty() {
        return Err(Failure::usage("--key KEY is wanted: whose signature counts?")
            .because("a signature by nobody in particular proves nothing")
            .hint("ask whoever keeps the ledger for the key, by another way than the file came"));
    }
    let mut read = Vec::new();
    for file in files {
        let bytes = std::fs::read(context.folder.join(file)).map_err(|why| Failure::unreadable(file, &why))?;
        read.push((file.display().to_string(), Handed::read(&bytes, &file.display().to_string())?, Hash::of(&bytes)));
    }
    let mut asked = BTreeMap::from([("key".to_owned(), keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))]);
    asked.insert("digests".to_owned(), read.iter().map(|(.., digest)| digest.to_string()).collect::<Vec<_>>().join(" "));
    let handed: Vec<(&str, &Handed)> = read.iter().map(|(name, handed, _)| (name.as_str(), handed)).collect();
    told(examine(&handed, keys), asked, context)
}

/// What a file holds.
enum Handed {
    Note(Note),
    Request(Request),
    Proof(Box<Proof>),
}

impl Handed {
    fn read(bytes: &[u8], name: &str) -> Result<Self, Failure> {
        let damaged = |what: &str, why: Malformed| {
            Failure::new(Code::E0511, format!("{name} is no whole {what}")).because(why).closing("NOT VERIFIED")
        };
        if bytes.starts_with(proof::MAGIC.as_bytes()) {
            return Proof::parse(bytes).map(|proof| Self::Proof(Box::new(proof))).map_err(|why| damaged("proof", why));
        }
        if bytes.starts_with(b"old ") {
            return Request::parse(bytes).map(Self::Request).map_err(|why| damaged("checkpoint", why));
        }
        match Note::parse(bytes) {
            Ok(note) => Ok(Self::Note(note)),
            Err(why) if memchr::memmem::find(bytes, "\n— ".as_bytes()).is_some() => Err(damaged("checkpoint", why)),
            Err(_) => Err(Failure::new(Code::E0302, format!("{name} is no checkpoint, proof or bundle"))
                .hint("dealbook checkpoint, prove and bundle write them; a file of lines is verified with -L jsonl:FILE")),
        }
    }

    fn note(&self) -> &Note {
        match self {
            Self::Note(note) => note,
            Self::Request(request) => &request.note,
            Self::Proof(proof) => &proof.note,
        }
    }
}

fn examine(handed: &[(&str, &Handed)], keys: &[PublicKey]) -> Examined {
    let mut checks = Checks::new();
    let mut verdicts = Vec::new();
    let mut proven = Head::EMPTY;
    for (name, handed) in handed {
        let Checkpoint { origin, size, root } = &handed.note().checkpoint;
        checks.add("checkpoint", "ok", format!("{origin}, {}, root {root}", counted(*size, "event")));
        match handed {
            Handed::Note(_) => {
                proven.seq = proven.seq.max(*size);
                verdicts.push(format!("{origin} is signed up to #{}; which events these are takes the ledger, a bundle or a proof", grouped(&size.to_string())));
            }
            Handed::Request(request) => {
                let detail = format!("{} from #{} on: --since with a note of that size holds it against it", counted(request.path.len() as u64, "hash"), request.old);
                checks.add("consistency", "not looked at", detail.replace("hashs", "hashes"));
                proven.seq = proven.seq.max(*size);
                verdicts.push(format!("{origin} is signed up to #{}", grouped(&size.to_string())));
            }
            Handed::Proof(proof) => {
                let head = hold_proof(&mut checks, proof, name);
                proven = if head.seq > proven.seq { head } else { proven };
                verdicts.push(format!(
                    "integrity of event {head} verified, in {origin} as of #{}; existence, accuracy and completeness of the facts not covered",
                    grouped(&size.to_string())
                ));
            }
        }
    }
    let notes: Vec<(String, &Note)> = handed.iter().map(|(name, handed)| ((*name).to_owned(), handed.note())).collect();
    hold_forks(&mut checks, &notes);
    hold_signatures(&mut checks, &notes, None, keys);
    checks.done_with(proven, verdicts.join("\n"), NOT_INTACT)
}

/// Whether two checkpoints of one size are two histories.
fn hold_forks(checks: &mut Checks, notes: &[(String, &Note)]) {
    for (at, (name, note)) in notes.iter().enumerate() {
        let (one, is_of) = (&note.checkpoint, |other: &Checkpoint| other.origin == note.checkpoint.origin && other.size == note.checkpoint.size);
        if let Some((other, parted)) = notes[..at].iter().find(|(_, other)| is_of(&other.checkpoint) && other.checkpoint.root != one.root) {
            let failure = Failure::new(Code::E0510, format!("{other} and {name} are two histories of {} up to #{}", one.origin, one.size))
                .because(format!("{other} has the root {}", parted.checkpoint.root))
                .because(format!("{name} has the root {}", one.root))
                .hint("when both are signed by one key, whoever has it told two histories: keep both notes, they are the proof");
            checks.fail("fork", format!("{other} and {name} have one size and two roots"), failure);
        }
    }
}

/// Whether a proof leads from its line to the root, and its line is the one of that place. Gives the line's head.
fn hold_proof(checks: &mut Checks, proof: &Proof, name: &str) -> Head {
    let seq = proof.index + 1;
    let wrong = |why: String| {
        Failure::new(Code::E0511, format!("{name} does not prove event #{seq}")).because(why).hint("ask for it again: dealbook prove")
    };
    let Some(line) = &proof.line else {
        checks.fail("inclusion", "the line is not in it", wrong("the line itself is not in it".to_owned()));
        return Head::EMPTY;
    };
    let head = Head { seq, hash: Hash::of(line) };
    if let Err(why) = proof.verify(line) {
        checks.fail("inclusion", why, wrong(why.to_string()));
        return head;
    }
    checks.add("inclusion", "ok", format!("#{seq} leads to the root by {}", counted(proof.path.len() as u64, "hash").replace("hashs", "hashes")));
    let read = chain::link(line, seq).map_err(|why| why.to_string()).and_then(|link| match link.seq {
        at if at == seq => Entry::read_strictly(line, seq).map_err(|why| why.to_string()),
        other => Err(format!("the line says that it is #{other}")),
    });
    match read {
        Ok(entry) => {
            let what = format!("{}, effective {}, recorded {} by {}", entry.event.type_name(), entry.effective_at, entry.recorded_at, entry.actor);
            checks.add("event", "ok", what);
        }
        Err(why) => checks.fail("event", &why, wrong(why.clone())),
    }
    head
}
