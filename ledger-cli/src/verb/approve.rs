//! `dealbook approve`

use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use ledger_core::book::approval_of;
use ledger_core::chain::Hash;
use ledger_core::event::governance::EntryApproved;
use ledger_core::event::{Draft, Entry, Event};
use ledger_core::id::Actor;
use ledger_core::problem::Problem;
use ledger_core::projection::known::Known;
use ledger_core::time::Instant;

use super::import;
use crate::context::{Context, Writing};
use crate::desk;
use crate::failure::{Code, Exit, Failure};
use crate::intent::Written;
use crate::session::{Session, States};
use crate::signing;

/// Approve an entry as a second person
///
/// Signs the hash of the entry with --key. Without a key the approval is recorded as asserted: reports say so, and no rule that asks for a
/// second person is satisfied by it. Nobody approves an entry of their own.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The entry, by its number
    #[arg(value_name = "EVENT")]
    pub(crate) event: String,
    /// The private key to sign with, as keygen writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let seq = number(&args.event)?;
    let actor = import::actor(args.writing.actor.as_deref(), "approve")?;
    let key = args.key.as_deref().map(signing::private).transpose()?;
    let session = Session::open(context)?;
    let refused = |problems: Vec<Problem>| Written::Flags(vec![]).failure(&problems);
    let Some(subject) = subject(&session, seq)? else {
        let why = format!("the ledger ends at {}", session.head());
        return Err(refused(vec![Problem::new(Code::E0407, format!("#{seq}"), why).cure("dealbook log")]));
    };
    super::close::may_sign(&subject.0, &actor, &session, context).map_err(refused)?;
    let draft = signed(&subject, actor, key.as_ref(), args.note.clone(), context.now());
    let subject = Some((&subject.0, subject.1));
    let asserted = args.key.is_none().then(|| "asserted, not authenticated: it satisfies no rule that asks for a second person".to_owned());
    let decide = |states: &States, _: &Known| desk::decided(states, None, context.now(), draft, subject);
    desk::decide_and_tell("approve", &args.writing, context, decide, refused, |_, _| asserted.into_iter().collect())
}

/// The approval of an entry: the signature of its hash, when there is a key.
pub(super) fn signed((entry, hash): &(Entry, Hash), actor: Actor, key: Option<&SigningKey>, note: Option<String>, now: Instant) -> Draft {
    let signature = key.map(|key| Base64::encode_string(&key.sign(approval_of(*hash).as_bytes()).to_bytes()));
    let approved = EntryApproved { entry: entry.seq, hash: *hash, note, signature };
    Draft { actor, effective_at: now, event: Event::EntryApproved(Box::new(approved)), source: None }
}

/// The number of an entry.
pub(super) fn number(text: &str) -> Result<u64, Failure> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits.parse().ok().filter(|seq| *seq > 0).ok_or_else(|| {
        Failure::usage(format!("invalid value `{text}` for EVENT"))
            .hint("an entry is named by its number: 42 or #42; dealbook log shows them")
    })
}

/// An entry and the hash of its line.
pub(super) fn subject(session: &Session, seq: u64) -> Result<Option<(Entry, Hash)>, Failure> {
    let Some(line) = session.source.line(seq)? else { return Ok(None) };
    let entry = Entry::read(&line, seq).map_err(|why| Failure::new(Code::E0505, why.to_string()))?;
    Ok(Some((entry, Hash::of(&line))))
}
