//! Files that were handed out: checkpoints, proofs, bundles. No ledger is opened, and nothing is asked of anybody.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use ledger_core::bundle::{self, Header, Shown, Stamped};
use ledger_core::chain::{self, Hash, Head};
use ledger_core::checkpoint::{Checkpoint, Keys, Malformed, Note, PublicKey};
use ledger_core::event::Entry;
use ledger_core::proof::{self, Proof, Request};
use ledger_core::sampling::confirm::Stands;
use ledger_core::timestamp::Certificate;

use super::against::{self, There};
use super::beside::Beside;
use super::signed::{hold_signatures, many};
use super::sources::Where;
use super::stamps;
use super::{Checks, Examined, fingerprints, kept, told};
use crate::context::Context;
use crate::failure::{Code, Exit, Failure, counted};
use crate::render::grouped;

const NOT_INTACT: &str = "this is not as it was handed out";

/// Whether the bundles among the files are samples or statements, by their first lines: `None` when there are both such and others.
pub(super) fn have_tables(files: &[PathBuf], context: &Context) -> Option<bool> {
    let first = |file: &PathBuf| {
        let mut line = Vec::new();
        let open = File::open(context.folder.join(file)).map(|file| BufReader::new(file.take(MOST_BYTES)));
        open.and_then(|mut open| open.read_until(b'\n', &mut line)).is_ok().then_some(line)
    };
    let headers = files.iter().filter_map(first).filter(|line| line.starts_with(bundle::MAGIC.as_bytes()));
    let mut have = headers.map(|line| memchr::memmem::find(&line, b",\"kind\":\"").is_some());
    let one = have.next().unwrap_or(false);
    have.all(|other| other == one).then_some(one)
}

/// Whose word counts: keys, and certificates of time stamping authorities.
pub(super) type Trusted<'a> = (&'a [PublicKey], &'a [Certificate]);

pub(super) fn run(
    files: &[PathBuf],
    trusted: Trusted<'_>,
    there: Option<&There>,
    sources: Where<'_>,
    context: &Context,
) -> Result<Exit, Failure> {
    let (keys, certificates) = trusted;
    let no_key = || {
        Failure::usage("--key KEY is wanted: whose signature counts?")
            .because("a signature by nobody in particular proves nothing")
            .hint("ask whoever keeps the ledger for the key, by another way than the file came")
    };
    if keys.is_empty() && certificates.is_empty() {
        return Err(no_key());
    }
    let open = |file: &PathBuf| File::open(context.folder.join(file)).map(BufReader::new).map_err(|why| Failure::unreadable(file, &why));
    let is_bundle = |file: &PathBuf| {
        let begins = open(file)?.fill_buf().map(|begins| begins.starts_with(bundle::MAGIC.as_bytes()));
        begins.map_err(|why| Failure::unreadable(file, &why))
    };
    // How large the ledger was at any checkpoint is known before a bundle is read: its tree is held against all of them.
    let (mut read, mut besides, mut sizes) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let bundles: Vec<bool> = files.iter().map(is_bundle).collect::<Result<_, _>>()?;
    for (at, file) in files.iter().enumerate().filter(|(at, _)| !bundles[*at]) {
        let (name, mut bytes) = (file.display().to_string(), Vec::new());
        open(file)?.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|why| Failure::unreadable(file, &why))?;
        let handed = Handed::read(&bytes, &name)?;
        sizes.extend(handed.notes(&name).iter().map(|(_, note)| note.checkpoint.size));
        read.insert(at, (name, handed, Hash::of(&bytes)));
    }
    for (_, file) in files.iter().enumerate().filter(|(at, _)| bundles[*at]) {
        sizes.extend(kept::sizes(open(file)?));
    }
    for (at, file) in files.iter().enumerate().filter(|(at, _)| bundles[*at]) {
        let (name, mut beside) = (file.display().to_string(), Beside::default());
        let reader = bundle::Reader::at(sizes.iter().copied());
        let (shown, digest) = read_by(reader, open(file)?, &name, |line| beside.see(line))?;
        besides.insert(name.clone(), beside);
        read.insert(at, (name, Handed::Bundle(Box::new(shown)), digest));
    }
    let read: Vec<(String, Handed, Hash)> = read.into_values().collect();
    // When a checkpoint was there, a time stamp says alone; what a bundle or proof shows stands on the ledger's own signature.
    if keys.is_empty() && read.iter().any(|(_, handed, _)| matches!(handed, Handed::Bundle(_) | Handed::Proof(_))) {
        return Err(no_key());
    }
    let mut asked = BTreeMap::from([("key".to_owned(), keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))]);
    if !certificates.is_empty() {
        asked.insert("tsa".to_owned(), fingerprints(certificates));
    }
    asked.insert("digests".to_owned(), read.iter().map(|(.., digest)| digest.to_string()).collect::<Vec<_>>().join(" "));
    sources.asked(&mut asked);
    let handed: Vec<(&str, &Handed)> = read.iter().map(|(name, handed, _)| (name.as_str(), handed)).collect();
    let examined = examine(&handed, trusted, there, |checks, name, shown, is_signed| match besides.get_mut(name) {
        Some(beside) => beside.hold(checks, (name, shown, is_signed), sources, context),
        None => Ok(()),
    })?;
    told(examined, asked, context)
}

/// Whether the checkpoints of a bundle are signed by each of these keys.
pub(super) fn is_signed(shown: &Shown, name: &str, keys: &[PublicKey]) -> Result<(), Failure> {
    if keys.is_empty() {
        return Err(Failure::usage("--key KEY is wanted: whose signature counts?")
            .because(format!("{name} is compared with, and anybody can write one")));
    }
    let handed = Handed::Bundle(Box::new(shown.clone()));
    examine(&[(name, &handed)], (keys, &[]), None, |_, _, _, _| Ok(()))?.failure.map_or(Ok(()), Err)
}

/// No note or proof is longer.
const MOST_BYTES: u64 = 1 << 20;

/// Reads and verifies a bundle, line by line.
pub(super) fn read_bundle(from: impl BufRead, name: &str, see: impl FnMut(&[u8])) -> Result<(Shown, Hash), Failure> {
    read_by(bundle::Reader::default(), from, name, see)
}

fn read_by(mut reader: bundle::Reader, mut from: impl BufRead, name: &str, mut see: impl FnMut(&[u8])) -> Result<(Shown, Hash), Failure> {
    let wrong = |why: &dyn std::fmt::Display| {
        Failure::new(Code::E0511, format!("{name} is not as it was handed out"))
            .because(why)
            .hint("ask for it again: dealbook bundle")
            .closing("NOT VERIFIED")
    };
    let (mut hasher, mut line, mut count) = (blake3::Hasher::new(), Vec::new(), 0_u64);
    loop {
        line.clear();
        count += 1;
        let most = bundle::LONGEST as u64 + 2;
        from.by_ref().take(most).read_until(b'\n', &mut line).map_err(|why| Failure::unreadable(Path::new(name), &why))?;
        hasher.update(&line);
        match line.strip_suffix(b"\n") {
            Some(line) => {
                see(line);
                reader.take(line).map_err(|why| wrong(&why))?;
            }
            None if line.is_empty() => break,
            None if line.len() as u64 == most => {
                return Err(wrong(&format!("line {count}: it is longer than {} bytes", grouped(&bundle::LONGEST.to_string()))));
            }
            None => return Err(wrong(&"the last line has no end")),
        }
    }
    let shown = reader.finish().map_err(|why| wrong(&why))?;
    Ok((shown, Hash::from_bytes(*hasher.finalize().as_bytes())))
}

/// What a file holds.
pub(super) enum Handed {
    Bundle(Box<Shown>),
    Note(Note),
    Request(Request),
    Proof(Box<Proof>),
    Stamp(Vec<u8>),
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
        // DER is no text; what little of it happens to be is known by its name.
        if bytes.first() == Some(&0x30) && (name.ends_with(".tsr") || std::str::from_utf8(bytes).is_err()) {
            return Ok(Self::Stamp(bytes.to_vec()));
        }
        match Note::parse(bytes) {
            Ok(note) => Ok(Self::Note(note)),
            Err(why) if memchr::memmem::find(bytes, "\n— ".as_bytes()).is_some() => Err(damaged("checkpoint", why)),
            Err(_) => Err(Failure::new(Code::E0302, format!("{name} is no checkpoint, proof or bundle"))
                .hint("dealbook checkpoint, prove and bundle write them; a file of lines is verified with -L jsonl:FILE")),
        }
    }

    /// Its checkpoints, with what they are called.
    pub(super) fn notes<'a>(&'a self, name: &str) -> Vec<(String, &'a Note)> {
        match self {
            Self::Note(note) => vec![(name.to_owned(), note)],
            Self::Request(request) => vec![(name.to_owned(), &request.note)],
            Self::Proof(proof) => vec![(name.to_owned(), &proof.note)],
            Self::Stamp(_) => vec![],
            Self::Bundle(shown) => {
                let called = |name: &Option<String>, note: &Note| match name {
                    Some(name) => format!("checkpoint {name} (#{})", note.checkpoint.size),
                    None => format!("checkpoint #{}", note.checkpoint.size),
                };
                shown.notes.iter().map(|(name, note)| (called(name, note), note)).collect()
            }
        }
    }
}

/// Examines what was handed out; `beside` holds what goes with the lines of a bundle.
fn examine<'a>(
    handed: &[(&str, &'a Handed)],
    (keys, certificates): Trusted<'_>,
    there: Option<&There>,
    mut beside: impl FnMut(&mut Checks, &str, &Shown, bool) -> Result<(), Failure>,
) -> Result<Examined, Failure> {
    let mut checks = Checks::new();
    let mut verdicts = Vec::new();
    let mut proven = Head::EMPTY;
    let mut own = None;
    for (name, handed) in handed {
        let (head, verdict) = match handed {
            Handed::Stamp(_) => continue,
            Handed::Note(note) => hold_checkpoint(&mut checks, note, !keys.is_empty()),
            Handed::Request(request) => {
                let head = hold_checkpoint(&mut checks, &request.note, !keys.is_empty());
                let said = format!("that it continues #{}, by {}: for who has that checkpoint", request.old, hashes(request.path.len()));
                checks.add("consistency", "not looked at", said);
                head
            }
            Handed::Proof(proof) => hold_proof(&mut checks, proof, name),
            Handed::Bundle(shown) => {
                let rotations = shown.rotations.iter().map(|(seq, rotated)| (*seq, rotated));
                match Keys::of(&shown.header.origin, None, rotations) {
                    Ok(keys) => own = own.or(keys),
                    Err((seq, why)) => {
                        let failure = Failure::new(Code::E0509, format!("event #{seq} does not replace the key that signs: {why}"));
                        checks.fail("signatures", format!("#{seq}: {why}"), failure);
                    }
                }
                let held = hold_bundle(&mut checks, shown, there.is_some());
                // Nothing is asked of lines that nobody who is trusted has signed.
                let is_signed = || {
                    let mut signed = Checks::new();
                    let notes: Vec<(String, &Note)> = handed.notes(name);
                    hold_signatures(&mut signed, &notes, &notes[notes.len().saturating_sub(1)..], own.as_ref(), keys);
                    signed.failure.is_none()
                };
                beside(&mut checks, name, shown, !shown.answers.is_empty() && is_signed())?;
                if let Some(there) = there {
                    against::rederive(&mut checks, shown, there)?;
                }
                held
            }
        };
        proven = if head.seq > proven.seq { head } else { proven };
        verdicts.push(verdict);
    }
    let bundles = handed.iter().filter(|(_, handed)| matches!(handed, Handed::Bundle(_))).count();
    let named = |(name, handed): &(&str, &'a Handed)| {
        let of = if bundles > 1 && matches!(handed, Handed::Bundle(_)) { format!(" of {name}") } else { String::new() };
        handed.notes(name).into_iter().map(move |(called, note)| (called + &of, note)).collect::<Vec<_>>()
    };
    let notes: Vec<(String, &Note)> = handed.iter().flat_map(named).collect();
    let newest: Vec<(String, &Note)> = handed.iter().filter_map(|handed| named(handed).pop()).collect();
    kept::hold(&mut checks, handed, &notes);
    hold_signatures(&mut checks, &notes, &newest, own.as_ref(), keys);
    let of: Vec<&Checkpoint> = notes.iter().map(|(_, note)| &note.checkpoint).collect();
    let stamps = handed.iter().flat_map(|(name, handed)| match handed {
        Handed::Stamp(bytes) => vec![stamps::Beside { name: (*name).to_owned(), bytes, of: of.clone() }],
        Handed::Bundle(shown) => {
            let called = handed.notes(name);
            let beside = |stamped: &'_ Stamped| {
                let (called, note) = &called[stamped.of];
                (format!("the time stamp of {called}"), &note.checkpoint)
            };
            let beside = shown.stamps.iter().map(|stamped| (stamped, beside(stamped)));
            beside.map(|(stamped, (name, of))| stamps::Beside { name, bytes: &stamped.reply, of: vec![of] }).collect()
        }
        _ => vec![],
    });
    stamps::hold(&mut checks, &stamps.collect::<Vec<_>>(), certificates);
    Ok(checks.done_with(proven, verdicts.join("\n"), NOT_INTACT))
}

fn hashes(count: usize) -> String {
    if count == 1 { "1 hash".to_owned() } else { format!("{count} hashes") }
}

pub(super) fn position(seq: u64) -> String {
    format!("#{}", grouped(&seq.to_string()))
}

/// What a checkpoint says by itself: it names no line.
fn hold_checkpoint(checks: &mut Checks, note: &Note, signed: bool) -> (Head, String) {
    let Checkpoint { origin, size, root } = &note.checkpoint;
    checks.add("checkpoint", "ok", format!("{origin}, {}, root {root}", counted(*size, "event")));
    let signed = if signed { "is signed" } else { "is said to be signed" };
    let verdict = format!("{origin} {signed} up to {}; which events these are takes the ledger, a bundle or a proof", position(*size));
    (Head { seq: *size, hash: Hash::ZERO }, verdict)
}

/// What a bundle has shown.
fn hold_bundle(checks: &mut Checks, shown: &Shown, again: bool) -> (Head, String) {
    let Header { of, origin, events, left_out, .. } = &shown.header;
    let newest = shown.notes.last().map_or(0, |(_, note)| note.checkpoint.size);
    checks.add("bundle", "ok", format!("{of}, of {origin}"));
    let runs = if shown.whole { "no gaps".to_owned() } else { counted(shown.runs, "run") };
    checks.add("chain", "ok", format!("{} hashed, {runs}, the last is {}", counted(*events, "event"), shown.last));
    let tree = if shown.whole { "the root is that of all of them" } else { "each run leads to the root" };
    checks.add("tree", "ok", format!("{tree}, of checkpoint {}", position(newest)));
    checks.add("checkpoints", "ok", many(shown.notes.len() as u64));
    let (here, named) = shown.files;
    let files = match (here, named) {
        (0, 0) => "no event comes from a file".to_owned(),
        (here, 0) => format!("{} named, each by its own event", counted(here, "file")),
        (0, named) => format!("{} named, by the keeper's word: the events that say so are not here", counted(named, "file")),
        (here, named) => format!("{} named by events, {} by the keeper's word", counted(here, "file"), counted(named, "file")),
    };
    checks.add("files", "ok", files);
    hold_tables(checks, shown, again);
    if !left_out.is_empty() {
        let events: Vec<String> = left_out.iter().map(|seq| format!("#{seq}")).collect();
        checks.add("left out", "told", format!("{}, because they are of others too", events.join(", ")));
    }
    let verified = if shown.whole { format!("to {}", shown.last) } else { format!("of {}", counted(*events, "event")) };
    let verdict = format!(
        "integrity verified {verified}, in {origin} as of {}; existence, accuracy and completeness of the facts not covered",
        position(newest)
    );
    (shown.last, verdict)
}

/// What the tables of a bundle tell, which agree with its lines.
fn hold_tables(checks: &mut Checks, shown: &Shown, again: bool) {
    const REDERIVED: &str = "which items there are, and that it is all of it: --against the whole ledger tells";
    if let Some(sample) = &shown.sample {
        let asked = &sample.question;
        checks.add("question", "told", asked.told());
        let drawn =
            format!("agrees with itself: with the checkpoint of {}, with `{}` and with its lines", position(asked.checkpoint), asked.seed);
        checks.add("sample", "ok", drawn);
        for told in sample.told() {
            checks.add("stratum", if again { "ok" } else { "told" }, format!("{}: {}", told.stratum, told.detail));
        }
        if !again {
            checks.add("population", "not looked at", REDERIVED);
        }
        checks.add("omitted", "not covered", &asked.not_covered);
    }
    if let Some(told) = &shown.statement {
        for stands in &told.balances {
            let Stands { closing, collected, credited, currency, invoiced, opening, recipient } = stands;
            let detail = format!(
                "{recipient}: {opening} + {invoiced} invoiced + {credited} credited - {collected} collected = {closing} {currency}"
            );
            checks.add("balance", "ok", detail);
        }
        if !again {
            checks.add("opening", "not looked at", REDERIVED);
        }
    }
}

/// Whether a proof leads from its line to the root, and its line is the one of that place.
fn hold_proof(checks: &mut Checks, proof: &Proof, name: &str) -> (Head, String) {
    let (seq, Checkpoint { origin, size, .. }) = (proof.index + 1, &proof.note.checkpoint);
    let line = proof.line.as_deref().unwrap_or_default();
    let head = Head { seq, hash: Hash::of(line) };
    let verdict = format!(
        "integrity of event {head} verified, in {origin} as of {}; existence, accuracy and completeness of the facts not covered",
        position(*size)
    );
    let wrong = |why: &str| {
        Failure::new(Code::E0511, format!("{name} does not prove event #{seq}")).because(why).hint("ask for it again: dealbook prove")
    };
    if line.is_empty() {
        checks.fail("inclusion", "the line is not in it", wrong("the line itself is not in it"));
    } else if let Err(why) = proof.verify(line) {
        checks.fail("inclusion", why, wrong(&why.to_string()));
    } else {
        checks.add(
            "inclusion",
            "ok",
            format!("{} leads to the root of {} by {}", position(seq), position(*size), hashes(proof.path.len())),
        );
    }
    let read = chain::link(line, seq).map_err(|why| why.to_string()).and_then(|link| match link.seq {
        at if at == seq => Entry::read_strictly(line, seq).map_err(|why| why.to_string()),
        other => Err(format!("the line says that it is #{other}")),
    });
    match read {
        Ok(entry) => {
            let what =
                format!("{}, effective {}, recorded {} by {}", entry.event.type_name(), entry.effective_at, entry.recorded_at, entry.actor);
            checks.add("event", "ok", what);
        }
        Err(why) => checks.fail("event", &why, wrong(&why)),
    }
    (head, verdict)
}
