//! What tests of bundles share: reading one, ending one that was changed, and the events that every ledger of theirs begins with.

use std::collections::BTreeMap;

use ledger_core::bundle::{Reader, Shown, Wrong};
use ledger_core::chain::Hash;
use ledger_core::event::Event;
use ledger_core::event::governance::{Algorithms, LedgerOpened, SourceImported};

pub(crate) const ORIGIN: &str = "ledger.example.com/emea";

pub(crate) fn read(bytes: &[u8]) -> Result<Shown, Wrong> {
    let mut reader = Reader::default();
    let text = bytes.strip_suffix(b"\n").ok_or(Wrong { line: 0, why: "no end of line".to_owned() })?;
    text.split(|byte| *byte == b'\n').try_for_each(|line| reader.take(line))?;
    reader.finish()
}

/// Ends a changed bundle anew, as whoever forges one would.
pub(crate) fn ended(lines: &[String]) -> Vec<u8> {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let end = format!("{{\"type\":\"end\",\"value\":{{\"b3\":\"{}\",\"lines\":{}}}}}\n", Hash::of(body.as_bytes()), lines.len());
    (body + &end).into_bytes()
}

/// The first line of a ledger.
pub(crate) fn opened() -> Event {
    let (name, origin) = ("emea".to_owned(), ORIGIN.to_owned());
    Event::LedgerOpened(Box::new(LedgerOpened { algorithms: Algorithms::default(), name, origin }))
}

/// A file of one row that was imported, but for what is said of it.
pub(crate) fn imported(bytes: &[u8], say: impl FnOnce(&mut SourceImported)) -> Event {
    let mut file = SourceImported {
        control_totals: vec![],
        decoded_bytes: bytes.len() as u64,
        digest: Hash::of(bytes),
        dropped: BTreeMap::default(),
        events: 1,
        fallbacks: BTreeMap::default(),
        feed: "billing_event".to_owned(),
        file: "data.csv".to_owned(),
        month: None,
        quarantined: 0,
        recipient: "444455556666".parse().unwrap(),
        repairs: None,
        replaces: None,
        rewritten: false,
        rewritten_from: None,
        rows: 1,
        version: None,
        year: None,
    };
    say(&mut file);
    Event::SourceImported(Box::new(file))
}
