//! What goes with the lines of a bundle: the files they come from, and reports. Its reader has held both against their digests and receipts; here
//! reports are asked again of the lines, when all of them are here, and files looked for that did not come along.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use ledger_core::bundle::Shown;
use ledger_core::chain::Hash;
use tempfile::NamedTempFile;

use super::sources::{self, Where};
use super::{Checks, receipt};
use crate::ask;
use crate::context::Context;
use crate::failure::{Failure, counted};
use crate::originals::{Named, named_by};
use crate::scratch::{self, Scratch};

/// What is kept of the lines of a bundle while it is read.
#[derive(Default)]
pub(super) struct Beside {
    begun: bool,
    /// The lines of the ledger, for reports to be asked of; deleted with this.
    lines: Option<BufWriter<Scratch<NamedTempFile>>>,
    failed: Option<io::Error>,
    /// How long files are, by their own events.
    lengths: BTreeMap<Hash, u64>,
}

impl Beside {
    /// Looks at the next line. What is kept counts only once the bundle has been verified.
    pub(super) fn see(&mut self, line: &[u8]) {
        if !std::mem::replace(&mut self.begun, true) {
            if memchr::memmem::find(line, b",\"reports\":[").is_some() {
                match scratch::file() {
                    Ok(file) => self.lines = Some(BufWriter::new(file)),
                    Err(why) => self.failed = Some(why),
                }
            }
        } else if line.starts_with(b"{\"actor\":") {
            if let Ok(Some(named)) = named_by(line, 0) {
                self.lengths.extend(named.bytes.map(|bytes| (named.digest, bytes)));
            }
            if let Some(lines) = &mut self.lines
                && let Err(why) = lines.write_all(line).and_then(|()| lines.write_all(b"\n"))
            {
                (self.lines, self.failed) = (None, Some(why));
            }
        }
    }

    /// Holds what goes with a bundle that has been verified. Its reports are asked again when it is signed by whom it should be.
    ///
    /// # Errors
    /// A report cannot be asked again, or a folder of `sources` not be read.
    pub(super) fn hold(
        &mut self,
        checks: &mut Checks,
        (name, shown, is_signed): (&str, &Shown, bool),
        sources: Where<'_>,
        context: &Context,
    ) -> Result<(), Failure> {
        let named: Vec<Named> = shown
            .sources
            .iter()
            .map(|file| Named { bytes: self.lengths.get(&file.digest).copied(), ..Named::from(file.clone()) })
            .collect();
        sources::hold(checks, &named, &shown.enclosed, sources)?;
        let failed = self.lines.as_mut().and_then(|lines| lines.flush().err()).or(self.failed.take());
        for told in &shown.answers {
            let words = ask::joined(&receipt::question(&told.receipt)?);
            let (id, rows) = (told.receipt["id"].as_str().unwrap_or_default(), counted(told.rows.len() as u64, "row"));
            let at = told.head.map_or_else(|| format!("#{}, whose line is not here", told.receipt["size"]), |head| head.to_string());
            checks.add("report", "ok", format!("{id}: dealbook {words}: {rows}, as its receipt says, known at {at}"));
            match (&self.lines, &failed) {
                _ if !is_signed => checks.add("answer", "not looked at", "nothing is asked of lines that are not signed as they should be"),
                (Some(lines), None) if shown.whole => {
                    let mut there = context.clone();
                    there.global.ledger = Some(format!("jsonl:{}", lines.get_ref().path().display()));
                    receipt::again(checks, told, Path::new(name), &there)?;
                }
                (_, Some(why)) => checks.add("answer", "not looked at", format!("the lines cannot be put down to be asked: {why}")),
                _ => checks.add("answer", "not looked at", "to ask again takes every line: dealbook bundle all"),
            }
        }
        Ok(())
    }
}
