//! Seller feeds as events, and as the rows they are: for tests that compare the two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger_core::book::{Version, observe};
use ledger_core::chain::Hash;
use ledger_core::event::{Entry, Source};
use ledger_core::feed::{Cells, Fact, Whose, recognise};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::Billing;

/// One row of a file, by column.
pub(crate) type Row = BTreeMap<String, String>;

struct Texts<'a>(&'a [String]);

impl Cells for Texts<'_> {
    fn cell(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }
}

/// Everything recorded so far: the state, and beside it the rows for the oracle.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) state: Billing,
    pub(crate) entries: Vec<Entry>,
    /// Whose it is, the head after it was read, and the row.
    pub(crate) rows: Vec<(String, u64, Row)>,
    versions: BTreeMap<String, Vec<Version>>,
}

impl Ledger {
    /// Takes a file in, as an import does.
    pub(crate) fn import(&mut self, recipient: &str, text: &str) {
        let table = records(text);
        let (header, rows) = table.split_first().expect("a file has a header");
        let columns: Vec<&str> = header.iter().map(String::as_str).collect();
        let layout = recognise(&columns).unwrap_or_else(|why| panic!("no feed: {why:?}"));
        let accounts = recipient_accounts(recipient);
        let whose = Whose { recipient: recipient.parse().unwrap(), accounts: &accounts, named: None };
        for row in rows {
            let fact = layout.read(&Texts(row), whose).fact.unwrap_or_else(|problems| panic!("{problems:?}"));
            self.record(fact);
            let row: Row = header.iter().cloned().zip(row.iter().cloned()).collect();
            self.rows.push((recipient.to_owned(), self.head(), row));
        }
    }

    /// Records what a fact adds, if it adds anything.
    pub(crate) fn record(&mut self, fact: Fact) {
        let versions = self.versions.entry(fact.key.clone()).or_default();
        let same = |version: &Version| {
            (version.stated_at, version.withdrawn, version.effective_at, &version.event)
                == (fact.stated_at, fact.withdrawn, fact.effective_at, &fact.event)
        };
        if versions.iter().any(same) {
            return;
        }
        let (seq, stated_at) = (self.entries.len() as u64 + 1, fact.stated_at);
        let source = Source::row(fact.key.clone(), 1, 1, stated_at);
        let (effective_at, withdrawn) = (fact.effective_at, fact.withdrawn);
        let event = fact.event.clone();
        versions.push(Version { seq, stated_at, withdrawn, effective_at, event });
        let earlier = versions.len() - 1;
        let event = observe(fact, &versions[..earlier]);
        let entry = Entry {
            actor: "import".parse().unwrap(),
            effective_at,
            event,
            prev: Hash::ZERO,
            recorded_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            seq,
            source: Some(source),
            v: 1,
        };
        self.state.evolve(&entry);
        self.entries.push(entry);
    }

    pub(crate) fn head(&self) -> u64 {
        self.entries.len() as u64
    }
}

/// In tests a recipient's feeds call its own account `own-<account>`.
fn recipient_accounts(recipient: &str) -> BTreeMap<String, AccountId> {
    BTreeMap::from([(format!("own-{recipient}"), recipient.parse().unwrap())])
}

/// The billing event files of the sample, with whose they are, by month and recipient.
pub(crate) fn files() -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for recipient in folders(&sample().join("feeds")) {
        let whose = recipient.file_name().unwrap().to_str().unwrap().to_owned();
        for year in folders(&recipient.join("billingeventfeed_v1")) {
            files.extend(folders(&year).into_iter().map(|month| (whose.clone(), month.join("data.csv"))));
        }
    }
    let month = |path: &Path| path.components().rev().skip(1).take(2).map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    files.sort_by_key(|(whose, path)| (month(path).into_iter().rev().collect::<Vec<_>>(), whose.clone()));
    files
}

/// The whole sample, month by month.
pub(crate) fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    for (recipient, path) in files() {
        ledger.import(&recipient, &read(&path));
    }
    ledger
}

pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seller-feeds")
}

#[expect(clippy::disallowed_methods, reason = "tests read the sample; the core never does")]
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[expect(clippy::disallowed_methods, reason = "tests read the sample; the core never does")]
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// RFC 4180, as far as the sample needs it.
pub(crate) fn records(text: &str) -> Vec<Vec<String>> {
    let (mut table, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => (),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                table.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        table.push(row);
    }
    table
}
