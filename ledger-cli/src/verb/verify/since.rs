//! A head or a checkpoint that was noted earlier.

use std::path::Path;

use ledger_core::chain::Head;
use ledger_core::checkpoint::Note;

use super::Checks;
use super::signed::Roots;
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::history;

/// A head that was noted earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) seq: Option<u64>,
    /// Its hexadecimal digits, or the first of them.
    pub(super) hash: Option<String>,
    /// The checkpoint that was noted, when it is one.
    pub(super) note: Option<Note>,
}

impl Since {
    /// Reads what stands behind `--since`: a head, or the name of a file that holds one.
    pub(super) fn read(text: &str, context: &Context) -> Result<Self, Failure> {
        if let Some(since) = Self::parse(text) {
            return Ok(since);
        }
        let path = context.folder.join(text);
        if !path.is_file() {
            return Err(Failure::usage(format!("invalid value `{text}` for --since"))
                .because("write #SEQ:HASH, #SEQ, a hash, or the name of a file that holds one"));
        }
        if let Ok(note) = std::fs::read(&path).map_err(drop).and_then(|bytes| Note::parse(&bytes).map_err(drop)) {
            return Ok(Self { seq: Some(note.checkpoint.size), hash: None, note: Some(note) });
        }
        let note = std::fs::read_to_string(&path).map_err(|why| Failure::unreadable(Path::new(text), &why))?;
        let lines: Vec<&str> = note.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let since = match lines.as_slice() {
            [head] => Self::parse(head),
            [_, size, hash] => Self::parse(&format!("#{size}:{hash}")),
            _ => None,
        };
        since.ok_or_else(|| {
            Failure::usage(format!("{text} holds no head"))
                .because("a note has one line, #SEQ:HASH, or three: a name, the position, the hash; or it is a signed checkpoint")
        })
    }

    /// `#1842:HASH`, `#1842 b3:HASH`, `#1842`, `HASH`; of a hash at least eight digits.
    fn parse(text: &str) -> Option<Self> {
        let hex = |text: &str| {
            let digits = text.strip_prefix("b3:").unwrap_or(text);
            let is_hash = (8..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            is_hash.then(|| digits.to_owned())
        };
        let Some(rest) = text.trim().strip_prefix('#') else {
            return Some(Self { seq: None, hash: Some(hex(text.trim())?), note: None });
        };
        let end = rest.find([':', ' ']).unwrap_or(rest.len());
        let seq = rest[..end].parse().ok().filter(|seq| *seq > 0)?;
        let hash = match rest[end..].trim_start_matches([':', ' ']) {
            "" => None,
            text => Some(hex(text)?),
        };
        Some(Self { seq: Some(seq), hash, note: None })
    }

    pub(super) fn is(&self, head: Head) -> bool {
        self.seq.is_none_or(|seq| seq == head.seq) && self.hash.as_ref().is_none_or(|hash| head.hash.to_string().starts_with(hash.as_str()))
    }
}

impl std::fmt::Display for Since {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(note) = &self.note {
            return write!(out, "#{} {}", note.checkpoint.size, note.checkpoint.root);
        }
        match (self.seq, &self.hash) {
            (Some(seq), Some(hash)) => write!(out, "#{seq} b3:{hash}"),
            (Some(seq), None) => write!(out, "#{seq}"),
            (None, Some(hash)) => write!(out, "b3:{hash}"),
            (None, None) => Ok(()),
        }
    }
}

/// Holds a head that was noted earlier against the ledger.
pub(super) fn hold_since(checks: &mut Checks, since: &Since, found: &[Head], (head, origin): (Head, &str), roots: &Roots) {
    if let Some(note) = &since.note {
        let (older, called) = (&note.checkpoint, format!("the checkpoint of #{} that was noted", note.checkpoint.size));
        let failure = match roots.root(older.size) {
            _ if older.origin != origin => history::of_another(&called, older, origin),
            Some(root) if root == older.root => return checks.add("since", "ok", format!("the ledger continues {called}")),
            Some(_) => history::rewritten(&called, older),
            None => history::cut_off(&called, older, head),
        };
        return checks.fail("since", format!("the ledger does not continue {called}"), failure);
    }
    let matches = |head: &Head| since.hash.as_ref().is_none_or(|hash| head.hash.to_string().starts_with(hash.as_str()));
    let message = match found {
        [one] if matches(one) => return checks.add("since", "ok", format!("the ledger contains {since}")),
        [_, _, ..] => format!("{} events have a hash that begins like {since}: write more of it", found.len()),
        [one] => format!("the ledger has {one} where {since} was noted"),
        [] if since.seq.is_some_and(|seq| seq > head.seq) => format!("the ledger ends at {head}, before {since} that was noted"),
        [] => format!("no event of the ledger has the hash {since}"),
    };
    let failure = Failure::new(Code::E0504, message.clone())
        .because("the chain as it stands here holds, so it was cut off or written anew")
        .hint("compare it with a copy of your own: `dealbook copy`");
    checks.fail("since", message, failure);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_has_several_forms() {
        let hash = "ab".repeat(32);
        for (text, read) in [
            (format!("#12:{hash}"), Some((Some(12), Some(hash.clone())))),
            (format!("#12 b3:{hash}"), Some((Some(12), Some(hash.clone())))),
            (hash.clone(), Some((None, Some(hash.clone())))),
            ("b3:abababab".to_owned(), Some((None, Some("abababab".to_owned())))),
            ("#12".to_owned(), Some((Some(12), None))),
            ("#0".to_owned(), None),
            ("#12:xyz".to_owned(), None),
            ("abab".to_owned(), None),
            ("head.txt".to_owned(), None),
        ] {
            assert_eq!(Since::parse(&text).map(|since| (since.seq, since.hash)), read, "{text}");
        }
    }
}
