//! What was chosen of a ledger is chosen anew from all of it: a sample, a statement, the dossier of a deal. Anybody comes to the same.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};

use ledger_core::bundle::{self, Shown};
use ledger_core::event::Event;
use ledger_core::merkle::{Frontier, Node};
use ledger_core::sampling::Drawing;
use ledger_core::sampling::confirm::Accounts;
use ledger_core::time::Period;

use super::super::Checks;
use super::There;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::scratch;
use crate::session::Session;
use crate::verb::bundle::Chosen;

/// Draws the sample of a file anew from all lines, and sums a statement up again.
pub(in crate::verb::verify) fn rederive(checks: &mut Checks, shown: &Shown, there: &There) -> Result<(), Failure> {
    let Some((_, newest)) = shown.notes.last() else { return Ok(()) };
    let (size, called) = (newest.checkpoint.size, &there.called);
    let wrong = |why: &str| {
        Failure::new(Code::E0511, format!("{called} does not come to this: {why}")).because("lines were chosen, left out or changed")
    };
    let mut tree = Frontier::default();
    there.lines.iter().take(usize::try_from(size).unwrap_or(usize::MAX)).for_each(|line| tree.push(Node::leaf(line)));
    if !there.whole || tree.size() < size || tree.root() != newest.checkpoint.root {
        let why = format!("it is not the ledger up to the checkpoint of #{size}");
        checks.fail("against", &why, wrong(&why).hint("the whole ledger is wanted: dealbook bundle all"));
        return Ok(());
    }
    let entries = there.entries()?;
    let is_so = |file: &&bundle::File| {
        let entry = usize::try_from(file.seq - 1).ok().and_then(|at| entries.get(at));
        matches!(entry.map(|entry| &entry.event), Some(Event::SourceImported(it)) if it.digest == file.digest && it.file == file.file)
    };
    if let Some(file) = shown.named.values().find(|file| !is_so(file)) {
        let why = format!("event #{} is of another file than {} with {}", file.seq, file.file, file.digest);
        checks.fail("against", &why, wrong(&why));
    } else if !shown.named.is_empty() {
        checks.add("files", "ok", format!("{called} names the same"));
    }
    if let Some(sample) = &shown.sample {
        let mut drawing = Drawing::new(sample.question.clone());
        entries.iter().for_each(|entry| drawing.take(entry));
        match drawing.done() == *sample {
            true => checks.add("against", "ok", format!("drawn anew from {called}: the same table, line by line")),
            false => checks.fail("against", "another sample is drawn", wrong("another sample is drawn")),
        }
    }
    if let Some(told) = &shown.statement {
        let mut accounts = Accounts::default();
        entries.iter().filter(|entry| entry.seq <= size).for_each(|entry| accounts.take(entry));
        let statement = &told.statement;
        let again = accounts.of(statement.party, Period { from: statement.from, until: statement.until }, size);
        let has = again.left_out == shown.header.left_out && again.lines == shown.told;
        match again.confirmable == *told && has {
            true => checks.add("against", "ok", format!("summed up again from {called}: the same balances, and no line is missing")),
            false => checks.fail("against", "it comes to another statement", wrong("it comes to another statement")),
        }
    }
    Ok(())
}

/// The dossier of a deal, as it says that it is one.
pub(super) struct Dossier {
    deal: String,
    /// The size of its checkpoint.
    size: u64,
    left_out: Vec<u64>,
}

impl Dossier {
    pub(super) fn of(shown: &Shown) -> Option<Self> {
        let deal = shown.header.of.strip_prefix("deal ").filter(|_| shown.header.kind.is_none())?.to_owned();
        let size = shown.notes.last()?.1.checkpoint.size;
        Some(Self { deal, size, left_out: shown.header.left_out.clone() })
    }

    /// The lines that belong into it as of its checkpoint, and those of others that stay out.
    fn chosen(&self, there: &There, context: &Context) -> Result<Chosen, Failure> {
        let unwritable = |why: &std::io::Error| Failure::unwritable(&std::env::temp_dir(), why);
        let mut file = BufWriter::new(scratch::file().map_err(|why| unwritable(&why))?);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let written = there.lines.iter().take(size).try_for_each(|line| file.write_all(line).and_then(|()| file.write_all(b"\n")));
        written.and_then(|()| file.flush()).map_err(|why| unwritable(&why))?;
        let mut elsewhere = context.clone();
        elsewhere.global.ledger = Some(format!("jsonl:{}", file.get_ref().path().display()));
        Chosen::of_deal(&self.deal, &Session::open(&elsewhere)?)
    }

    /// The lines that are missing, those that are of others, and whether others are left out than it says.
    pub(super) fn compare(&self, here: &BTreeSet<u64>, there: &There, context: &Context) -> Result<(Vec<u64>, Vec<u64>, bool), Failure> {
        let chosen = self.chosen(there, context)?;
        let missing = chosen.events.difference(here).copied().collect();
        let foreign = here.difference(&chosen.events).copied().collect();
        Ok((missing, foreign, chosen.left_out != self.left_out))
    }
}
