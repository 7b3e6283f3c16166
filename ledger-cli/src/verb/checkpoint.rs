//! `dealbook checkpoint`
//!
//! ```text
//! lines -> tree -> (origin, size, root) -> continues every checkpoint there is? -> remembered beside the key -> signed -> kept
//!                        |                                                                                       ^
//!                        +-- --export -> --sign, on a machine without the ledger, -> note -> --import -----------+
//!                                                           note -> --cosign, by a witness -> note -> --import --+
//! kept note -> --stamp-request -> curl, to an authority -> reply -> --stamp -> kept beside it
//! ```

mod stamp;

use std::path::{Path, PathBuf};

use ledger_core::checkpoint::{Checkpoint, Keys, Kind, Note, PublicKey, is_key_name};
use ledger_core::event::governance::KeyRotated;
use ledger_core::event::{Draft, Event};
use ledger_core::merkle::Disproved;
use ledger_core::proof::Request;
use ledger_store::checkpoints::{Checkpoints, Found};

use super::import;
use crate::ask;
use crate::context::Context;
use crate::failure::{Code, Exit, Failure};
use crate::history::{self, History};
use crate::session::{self, Session};
use crate::signing::{self, Signer};

/// Sign the ledger as it stands, so that no line up to here can change unseen
///
/// Prints a signed note of three lines (origin, size, root), as C2SP defines it, and keeps it. Hand it out: whoever has it sees when history is
/// cut off, written anew, or told twice. Nothing is signed that does not continue what was signed before, by the ledger or with the key.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("instead").multiple(false).args(["export", "sign", "import", "cosign", "rotate", "stamp_request", "stamp"]))]
pub(crate) struct Args {
    /// A name for it, such as close-2026-03; --known-at takes it
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The private key to sign with, as keygen writes it; what it has signed is remembered in FILE.signed
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Print what a key elsewhere is to sign, and that it continues the last checkpoint
    #[arg(long)]
    pub(crate) export: bool,
    /// With --export: that it continues the checkpoint of SIZE instead, 0 for none
    #[arg(long, value_name = "SIZE", requires = "export")]
    pub(crate) since: Option<u64>,
    /// Sign what was exported, on a machine without the ledger
    #[arg(long, value_name = "FILE")]
    pub(crate) sign: Option<PathBuf>,
    /// Keep a note that was signed or cosigned elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Option<PathBuf>,
    /// Sign a note of somebody else's as a witness that saw it, with the time
    #[arg(long, value_name = "FILE", requires_all = ["of", "witness"])]
    pub(crate) cosign: Option<PathBuf>,
    /// With --cosign: the name the witness is known by, such as northbridge.example
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) witness: Option<String>,
    /// With --cosign and --import: the ledger's public key, or a file with it
    #[arg(long, value_name = "KEY")]
    pub(crate) of: Option<String>,
    /// Replace the key that signs by this one; --key is the one before, and both sign
    #[arg(long, value_name = "FILE")]
    pub(crate) rotate: Option<PathBuf>,
    /// Write what a time stamping authority (RFC 3161) is sent to stamp a kept checkpoint: the newest, or this one
    #[arg(long, value_name = "NAME|SIZE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["name", "key"])]
    pub(crate) stamp_request: Option<String>,
    /// Keep the authority's reply beside the checkpoint that it stamps, once it holds
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub(crate) stamp: Option<PathBuf>,
    /// With --stamp: the authority's certificate, or its root's, which you trust
    #[arg(long, value_name = "FILE", requires = "stamp")]
    pub(crate) tsa: Vec<PathBuf>,
    /// Who records it, with --rotate (default: checkpoint)
    #[arg(long, value_name = "NAME", env = "DEALBOOK_ACTOR", hide_env = true)]
    pub(crate) actor: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(name) = args.name.as_deref().filter(|name| !ask::is_name(name, context.today())) {
        return Err(Failure::usage(format!("invalid value `{name}` for --name"))
            .because("small letters first, then also digits, . _ and -; nothing that is a hash or a date"));
    }
    let name = args.name.as_deref();
    let key =
        || args.key.as_deref().map(|key| context.folder.join(key)).ok_or_else(|| Failure::usage("--key FILE is wanted: whose signature?"));
    if let Some(which) = &args.stamp_request {
        return stamp::request(&Desk::open(context)?, which, context).map(|()| Exit::Done);
    }
    if let Some(file) = &args.stamp {
        return stamp::keep(&Desk::open(context)?, file, &args.tsa, name, context).map(|()| Exit::Done);
    }
    let printed = if let Some(file) = &args.sign {
        offline(&read(file, context)?, &key()?)?
    } else if let Some(file) = &args.cosign {
        let of = signing::public(&context.folder, args.of.as_slice())?;
        witnessed(&read(file, context)?, &key()?, &of, args.witness.as_deref().unwrap_or_default(), context)?
    } else if args.export {
        export(&Desk::open(context)?, args.since)?
    } else if let Some(file) = &args.import {
        let of = signing::public(&context.folder, args.of.as_slice())?;
        imported(&Desk::open(context)?, &read(file, context)?, of.first(), name, context)?
    } else if let Some(new) = &args.rotate {
        rotated(&key()?, &context.folder.join(new), name, args.actor.as_deref(), context)?
    } else {
        let mut signer = Signer::open(&key()?)?;
        Desk::open(context)?.sign(&mut [&mut signer], name, context)?
    };
    // The note ends with a newline, and so does what is said.
    context.say(printed.trim_end_matches('\n'))?;
    Ok(Exit::Done)
}

/// A request or note out of a file.
fn read(file: &Path, context: &Context) -> Result<Request, Failure> {
    let bytes = std::fs::read(context.folder.join(file)).map_err(|why| Failure::unreadable(file, &why))?;
    Request::parse(&bytes).map_err(|why| {
        Failure::new(Code::E0302, format!("{} is no checkpoint", file.display()))
            .because(why)
            .hint("dealbook checkpoint --export writes one")
    })
}

/// A ledger with all that was signed of it.
struct Desk {
    history: History,
    checkpoints: Checkpoints,
    kept: Found,
}

impl Desk {
    fn open(context: &Context) -> Result<Self, Failure> {
        let session = Session::open(context)?;
        let (checkpoints, _) = history::checkpoints(&session)?;
        let history = History::of(&session)?;
        if !is_key_name(&history.origin) {
            return Err(Failure::new(Code::E0204, format!("`{}` cannot stand under a signature", history.origin))
                .because("an origin with a space or a + is no name of a key")
                .hint("an origin is given once: dealbook init --origin ledger.example.com/emea"));
        }
        let kept = history::kept(&checkpoints)?;
        let desk = Self { history, checkpoints, kept };
        // What stands in the folder and is not so is told before anything is signed.
        for kept in &desk.kept.notes {
            desk.history.continues(&kept.note.checkpoint, &format!("checkpoint {kept}"))?;
        }
        Ok(desk)
    }

    /// Signs the ledger as it stands: with the key in force first, and then with others.
    fn sign(&self, signers: &mut [&mut Signer], name: Option<&str>, context: &Context) -> Result<String, Failure> {
        let checkpoint = self.history.checkpoint();
        let public = signers[0].of(&checkpoint.origin);
        let keys = self.history.keys(&self.kept)?;
        if let Some(other) = keys.as_ref().map(Keys::last).filter(|last| **last != public) {
            return Err(Failure::new(Code::E0405, "the checkpoints of this ledger are signed with another key")
                .because(format!("that is {other}"))
                .hint("dealbook checkpoint --rotate NEW --key OLD replaces it, and both sign that"));
        }
        for before in signers.iter().filter_map(|signer| signer.before(&self.history.origin)) {
            self.history.continues(before, &format!("what this key has signed (#{})", before.size))?;
        }
        if keys.is_none() {
            self.checkpoints.keep_key(&public)?;
        }
        let mut note = Note::unsigned(checkpoint);
        for signer in signers {
            signer.remember(&note.checkpoint)?;
            note.sign(&self.history.origin, &signer.key);
        }
        self.keep(&note, name, &public, context)?;
        Ok(note.to_string())
    }

    fn keep(&self, note: &Note, name: Option<&str>, key: &PublicKey, context: &Context) -> Result<(), Failure> {
        let path = self.checkpoints.keep(name, note)?;
        let called = name.map(|name| format!(" {name}")).unwrap_or_default();
        context.note(format_args!("Checkpoint{called} of #{} kept in {}", note.checkpoint.size, shown(&path, context)));
        context.note(format_args!("Key {key}"));
        Ok(())
    }
}

fn shown(path: &Path, context: &Context) -> String {
    path.strip_prefix(&context.folder).unwrap_or(path).display().to_string()
}

fn export(desk: &Desk, since: Option<u64>) -> Result<String, Failure> {
    let checkpoint = desk.history.checkpoint();
    let old = since.unwrap_or_else(|| desk.kept.notes.last().map_or(0, |kept| kept.note.checkpoint.size));
    if old == 0 {
        return Ok(checkpoint.to_string());
    }
    let path = desk.history.tree.consistency(old, checkpoint.size).ok_or_else(|| {
        Failure::new(Code::E0306, format!("the ledger has no event #{old}")).because(format!("its head is {}", desk.history.head))
    })?;
    // What others have signed of it goes along, for witnesses.
    let same = desk.kept.notes.iter().rev().find(|kept| kept.note.checkpoint == checkpoint);
    let note = same.map_or_else(|| Note::unsigned(checkpoint), |kept| kept.note.clone());
    Ok(Request { old, path, note }.to_string())
}

/// Signs as the ledger, where the ledger is not.
fn offline(request: &Request, key: &Path) -> Result<String, Failure> {
    let mut signer = Signer::open(key)?;
    let origin = request.note.checkpoint.origin.clone();
    if !is_key_name(&origin) {
        return Err(Failure::new(Code::E0204, format!("`{origin}` cannot stand under a signature")).because("it has a space or a +"));
    }
    follows(request, &signer)?;
    let mut note = request.note.clone();
    signer.remember(&note.checkpoint)?;
    note.sign(&origin, &signer.key);
    Ok(note.to_string())
}

/// Signs as a witness.
fn witnessed(request: &Request, key: &Path, of: &[PublicKey], name: &str, context: &Context) -> Result<String, Failure> {
    if !is_key_name(name) {
        return Err(Failure::usage(format!("invalid value `{name}` for --as")).because("a name of a key has no space and no +"));
    }
    let mut signer = Signer::open(key)?;
    let mut note = request.note.clone();
    of.iter().try_for_each(|of| signed_by(&note, of, "it"))?;
    follows(request, &signer)?;
    signer.remember(&note.checkpoint)?;
    note.cosign(name, &signer.key, context.now().micros().div_euclid(1_000_000).unsigned_abs());
    context.note(format_args!("Key {}", PublicKey::named(name, Kind::Cosigner, signer.key.verifying_key())));
    Ok(note.to_string())
}

/// Whether what is to be signed continues what the key has signed of that ledger.
fn follows(request: &Request, signer: &Signer) -> Result<(), Failure> {
    let Checkpoint { origin, size, .. } = &request.note.checkpoint;
    let Some(before) = signer.before(origin) else { return Ok(()) };
    let called = format!("what this key has signed (#{})", before.size);
    if *size < before.size {
        return Err(Failure::new(Code::E0508, format!("it ends at #{size}, before {called}"))
            .because("a ledger never becomes shorter: this is an old export, or a ledger that was cut off"));
    }
    match request.continues(before) {
        Ok(()) => Ok(()),
        Err(Disproved::Sizes) => Err(Failure::new(Code::E0408, format!("it does not show that it continues {called}"))
            .because(format!("it speaks of the checkpoint of #{}", request.old))
            .hint(format!("dealbook checkpoint --export --since {} shows it", before.size))),
        Err(why) => Err(Failure::new(Code::E0508, format!("it does not continue {called}"))
            .because(why)
            .hint("somebody has two histories of this ledger: keep both notes, and compare")),
    }
}

/// Whether a key has signed a note as its ledger.
fn signed_by(note: &Note, key: &PublicKey, called: &str) -> Result<(), Failure> {
    let by: Vec<bool> = note.by(key).filter(|by| by.kind == Kind::Log).map(|by| by.holds).collect();
    match by.as_slice() {
        [] => Err(Failure::new(Code::E0509, format!("{called} is not signed by {key}"))),
        by if by.iter().all(|holds| *holds) => Ok(()),
        _ => Err(Failure::new(Code::E0509, format!("the signature of {key} does not hold"))),
    }
}

/// Keeps what was signed elsewhere.
fn imported(desk: &Desk, request: &Request, of: Option<&PublicKey>, name: Option<&str>, context: &Context) -> Result<String, Failure> {
    let note = &request.note;
    desk.history.continues(&note.checkpoint, &format!("the note of #{}", note.checkpoint.size))?;
    let key = match (desk.history.keys(&desk.kept)?, of) {
        (Some(keys), _) => keys.at(note.checkpoint.size).clone(),
        (None, Some(of)) => PublicKey::named(&desk.history.origin, Kind::Log, of.key),
        (None, None) => {
            return Err(Failure::usage("--of KEY is wanted: this ledger has no checkpoint yet, and does not know the key that signs"));
        }
    };
    signed_by(note, &key, "the note")?;
    if desk.kept.key.is_none() && desk.history.keys(&desk.kept)?.is_none() {
        desk.checkpoints.keep_key(&key)?;
    }
    desk.keep(note, name, &key, context)?;
    Ok(note.to_string())
}

/// Replaces the key: an event that both sign, and a checkpoint that both sign.
fn rotated(old: &Path, new: &Path, name: Option<&str>, actor: Option<&str>, context: &Context) -> Result<String, Failure> {
    let actor = import::actor(actor, "checkpoint")?;
    // One key in two hands would wait for itself.
    let place = |path: &Path| path.canonicalize().map_err(|why| Failure::unreadable(path, &why));
    if place(old)? == place(new)? {
        return Err(Failure::usage("--rotate and --key name one file").because("a key is replaced by another"));
    }
    let (mut old, mut new) = (Signer::open(old)?, Signer::open(new)?);
    let desk = Desk::open(context)?;
    let origin = desk.history.origin.clone();
    match desk.history.keys(&desk.kept)? {
        None => {
            return Err(Failure::usage("there is no key to replace: nothing has been signed yet").hint("dealbook checkpoint --key FILE"));
        }
        Some(keys) if *keys.last() != old.of(&origin) => {
            let failure = Failure::new(Code::E0405, "the checkpoints of this ledger are signed with another key");
            return Err(failure.because(format!("that is {}", keys.last())));
        }
        Some(keys) if keys.holds(&new.of(&origin)) => {
            return Err(Failure::new(Code::E0405, "that key has signed checkpoints of this ledger before")
                .because("a key that was replaced is not taken back")
                .hint("dealbook keygen FILE makes a new one"));
        }
        Some(_) => {}
    }
    if let Some(before) = old.before(&origin) {
        desk.history.continues(before, &format!("what this key has signed (#{})", before.size))?;
    }
    let mut ledger = session::write(context)?;
    if ledger.head() != desk.history.head {
        return Err(Failure::new(Code::E0602, format!("the head is {}, not {}", ledger.head(), desk.history.head))
            .hint("somebody wrote meanwhile; nothing was appended: run it again"));
    }
    let event = Event::KeyRotated(Box::new(KeyRotated::signed(&origin, &old.key, &new.key)));
    ledger.stage(context.now(), Draft { actor, effective_at: context.now(), event, source: None })?;
    ledger.commit()?;
    let head = session::close(context, ledger)?;
    context.note(format_args!("Appended {head} key.rotated"));
    Desk::open(context)?.sign(&mut [&mut new, &mut old], name, context)
}
