//! Time stamps of checkpoints: what an authority is sent, and what it answers. In between there is curl; this program speaks to nobody.

use std::path::{Path, PathBuf};

use ledger_core::timestamp::{self, Reply, Stamp};
use ledger_store::checkpoints::Kept;

use super::{Desk, shown};
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::signing;

/// Writes what an authority is sent.
pub(super) fn request(desk: &Desk, which: &str, context: &Context) -> Result<(), Failure> {
    let kept = named(desk, which)?;
    let bytes = timestamp::request(&kept.note.checkpoint);
    context.write(|out| out.write_all(&bytes))?;
    context.note(format_args!("To stamp checkpoint {kept}"));
    Ok(())
}

/// The checkpoint that a flag names: by its name or size; the newest when it names none.
fn named<'a>(desk: &'a Desk, which: &str) -> Result<&'a Kept, Failure> {
    let mut notes = desk.kept.notes.iter().rev();
    let size = which.strip_prefix('#').unwrap_or(which);
    let is_meant = |kept: &&Kept| which.is_empty() || kept.name.as_deref() == Some(which) || kept.note.checkpoint.size.to_string() == size;
    notes.find(is_meant).ok_or_else(|| {
        let what = if which.is_empty() { "there is no checkpoint".to_owned() } else { format!("no checkpoint is called `{which}`") };
        let kept: Vec<String> = desk.kept.notes.iter().map(ToString::to_string).collect();
        let failure = Failure::new(Code::E0301, what).hint("dealbook checkpoint --key FILE signs one");
        if kept.is_empty() { failure } else { failure.because(format!("there are {}", kept.join(", "))) }
    })
}

/// Keeps a reply beside the checkpoint that it stamps.
pub(super) fn keep(desk: &Desk, file: &Path, tsa: &[PathBuf], name: Option<&str>, context: &Context) -> Result<(), Failure> {
    let trusted = signing::certificates(&context.folder, tsa)?;
    let bytes = std::fs::read(context.folder.join(file)).map_err(|why| Failure::unreadable(file, &why))?;
    let refused = |why: &dyn std::fmt::Display| {
        Failure::new(Code::E0513, format!("{} was not kept", file.display()))
            .because(why)
            .hint("dealbook checkpoint --stamp-request writes what the authority is sent")
    };
    let reply = Reply::parse(&bytes).map_err(|why| refused(&why))?;
    let is_named = |kept: &&Kept| name.is_none() || kept.name.as_deref() == name;
    let mut stamped = desk.kept.notes.iter().rev().filter(is_named).filter(|kept| reply.is_of(&kept.note.checkpoint));
    let kept = stamped.next().ok_or_else(|| match name {
        Some(name) => refused(&format!("it stamps no checkpoint that is called {name}")),
        None => refused(&"it stamps no checkpoint that is kept here"),
    })?;
    let Stamp { not_later, authority, anchor, .. } = reply.verify(&kept.note.checkpoint, &trusted).map_err(|why| refused(&why))?;
    let path = desk.checkpoints.keep_stamp(kept, &bytes)?;
    let by = match anchor {
        Some(anchor) if anchor == authority => format!("{authority}, whom you trust"),
        Some(anchor) => format!("{authority}, whom {anchor} vouches for"),
        None => format!("{authority}, whose certificate was not looked at: --tsa"),
    };
    context.say(format_args!("Checkpoint {kept} was there not later than {not_later}, says {by}"))?;
    context.note(format_args!("Kept in {}", shown(&path, context)));
    Ok(())
}
