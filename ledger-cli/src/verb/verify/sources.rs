//! `verify --sources DIR`: the files that lines come from, looked for by what is in them. That one is missing, or another now, is no damage to the
//! ledger, which has their digests and no copy: it is told, and is for somebody to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ledger_core::chain::Hash;

use super::Checks;
use crate::ask;
use crate::failure::{Failure, counted};
use crate::originals::{Named, Originals};

/// Where files are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Where<'a> {
    /// The folders, as they were given.
    pub(super) folders: &'a [PathBuf],
    /// What they are seen from.
    pub(super) from: Option<&'a Path>,
}

impl Where<'_> {
    /// What was asked, for the receipt.
    pub(super) fn asked(&self, asked: &mut BTreeMap<String, String>) {
        if !self.folders.is_empty() {
            let folders: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
            asked.insert("sources".to_owned(), ask::joined(&folders));
        }
    }
}

/// Holds the files that are named against those below the folders, and those that came along, by digest.
///
/// # Errors
/// A folder cannot be read.
pub(super) fn hold(checks: &mut Checks, named: &[Named], enclosed: &BTreeSet<Hash>, below: Where<'_>) -> Result<(), Failure> {
    if below.folders.is_empty() && enclosed.is_empty() {
        return Ok(());
    }
    let found = Originals::below(below.folders, below.from.unwrap_or(Path::new("")), named)?;
    let mut files: BTreeMap<Hash, &Named> = BTreeMap::new();
    named.iter().for_each(|named| _ = files.entry(named.digest).or_insert(named));
    let (mut grown, mut absent) = (0, Vec::new());
    for named in files.values() {
        match found.of(&named.digest) {
            _ if enclosed.contains(&named.digest) => (),
            Some(place) => grown += u64::from(place.has_grown),
            None => absent.push(*named),
        }
    }
    absent.sort_by_key(|named| named.seq);
    let (here, other) = (files.len() - absent.len(), absent.iter().filter(|named| found.is_other(named)).count());
    let mut told = format!("{} named, {here} here and equal", files.len());
    if grown > 0 {
        told += &format!(", {grown} of them as the beginning of what has been appended to since");
    }
    if absent.len() > other {
        told += &format!(", {} missing", absent.len() - other);
    }
    if other > 0 {
        told += &format!(", {other} with other content");
    }
    let looked = !below.folders.is_empty();
    let result = match (absent.is_empty(), looked) {
        (true, _) => "ok",
        (false, true) => "differs",
        (false, false) => "told",
    };
    checks.add("source files", result, told);
    if !looked {
        return Ok(());
    }
    for named in &absent {
        checks.add("source files", if found.is_other(named) { "differs" } else { "missing" }, found.absence(named));
    }
    if !absent.is_empty() {
        let files = counted(absent.len() as u64, "source file");
        checks.differs.insert(format!("{files} not here as imported; no event is affected: the ledger has their digests"));
    }
    Ok(())
}
