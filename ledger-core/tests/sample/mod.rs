//! The sample's seller feeds as the entries an import makes of them. Billing events are left out: another test has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger_core::book::{Version, observe};
use ledger_core::chain::Hash;
use ledger_core::event::{Entry, Event, Source};
use ledger_core::feed::{Cells, Fact, Whose, recognise};
use ledger_core::projection::Projection;
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};

struct Texts(Vec<String>);

impl Cells for Texts {
    fn cell(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }
}

/// Entries under way, with the versions of every record that came from a source.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    versions: BTreeMap<String, Vec<Version>>,
}

impl Ledger {
    /// Records an event of our own.
    pub(crate) fn say(&mut self, effective_at: &str, event: Event) -> u64 {
        self.append(moment(effective_at), event, None)
    }

    /// Records what a source says, if it adds anything.
    pub(crate) fn state(&mut self, fact: Fact) {
        let versions = self.versions.entry(fact.key.clone()).or_default();
        let same = |version: &Version| {
            (version.stated_at, version.withdrawn, version.effective_at, &version.event)
                == (fact.stated_at, fact.withdrawn, fact.effective_at, &fact.event)
        };
        if versions.iter().any(same) {
            return;
        }
        let event = observe(fact.clone(), versions);
        let source = Source::row(fact.key.clone(), 1, 1, fact.stated_at);
        let seq = self.append(fact.effective_at, event, Some(source));
        let Fact { key, effective_at, stated_at, withdrawn, event } = fact;
        self.versions.entry(key).or_default().push(Version { seq, stated_at, withdrawn, effective_at, event });
    }

    fn append(&mut self, effective_at: Instant, event: Event, source: Option<Source>) -> u64 {
        let seq = self.entries.len() as u64 + 1;
        self.entries.push(Entry {
            actor: "li".parse().unwrap(),
            effective_at,
            event,
            prev: Hash::ZERO,
            recorded_at: moment("2026-03-01T12:00:00Z"),
            seq,
            source,
            v: 1,
        });
        seq
    }

    /// Reads the sample's files, in the order of months or in the opposite one.
    pub(crate) fn of_sample(reversed: bool) -> Self {
        let mut files = files();
        if reversed {
            files.reverse();
        }
        let mut ledger = Self::default();
        for (recipient, path) in files {
            let mut table = table(&read(&path)).into_iter();
            let header = table.next().expect("a file has a header");
            let columns: Vec<&str> = header.iter().map(String::as_str).collect();
            let layout = recognise(&columns).unwrap_or_else(|why| panic!("no feed: {why:?}"));
            let accounts = BTreeMap::new();
            for row in table {
                ledger.state(
                    layout
                        .read(&Texts(row), Whose { recipient: recipient.parse().unwrap(), accounts: &accounts, named: None })
                        .fact
                        .unwrap_or_else(|problems| panic!("{problems:?}")),
                );
            }
        }
        ledger
    }
}

/// The fold of entries.
pub(crate) fn fold<P: Projection + Default>(entries: &[Entry]) -> P {
    let mut state = P::default();
    entries.iter().for_each(|entry| state.evolve(entry));
    state
}

pub(crate) fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A basis from the day after an as-of, and the day after a stated-by; `""` for none.
pub(crate) fn basis(known_at: u64, effective_before: &str, stated_before: &str) -> Basis {
    let day = |text: &str| (!text.is_empty()).then(|| moment(&format!("{text}T00:00:00Z")));
    Basis { effective_before: day(effective_before), known_at, stated_before: day(stated_before) }
}

/// A report as lines of cells, with only these columns when any are named.
pub(crate) fn lines(report: &Report, columns: &[&str]) -> Vec<String> {
    let wanted: Vec<usize> =
        (0..report.columns.len()).filter(|at| columns.is_empty() || columns.contains(&report.columns[*at].name)).collect();
    report.rows.iter().map(|row| wanted.iter().map(|at| written(&row[*at])).collect::<Vec<_>>().join(" | ")).collect()
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Empty => "-".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Amount(amount) => amount.to_string(),
        Cell::Money(amount, currency) => format!("{amount} {currency}"),
        Cell::Day(day) => day.to_string(),
        Cell::Moment(moment) => moment.to_string(),
        Cell::Hash(hash) => hash.to_string(),
        Cell::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Cell::List(items) => items.join(", "),
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seller-feeds")
}

/// The agreements of a scenario, as the sample lists them.
pub(crate) fn scenario(name: &str) -> Vec<String> {
    let mut agreements: Vec<String> = table(&read(&sample().join("scenarios.csv")))
        .into_iter()
        .filter(|row| row[0] == name && !row[2].is_empty())
        .map(|row| row[2].clone())
        .collect();
    agreements.sort();
    agreements.dedup();
    agreements
}

fn files() -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for recipient in folders(&sample().join("feeds")) {
        let whose = recipient.file_name().unwrap().to_str().unwrap().to_owned();
        for feed in folders(&recipient).into_iter().filter(|feed| !feed.ends_with("billingeventfeed_v1")) {
            for year in folders(&feed) {
                files.extend(folders(&year).into_iter().map(|month| (whose.clone(), month.join("data.csv"))));
            }
        }
    }
    files.sort_by_key(|(whose, path)| {
        let parts: Vec<String> = path.iter().rev().map(|part| part.to_str().unwrap().to_owned()).take(4).collect();
        (parts[2].clone(), parts[1].clone(), whose.clone(), parts[3].clone())
    });
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// RFC 4180, as far as the sample needs it.
fn table(text: &str) -> Vec<Vec<String>> {
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
