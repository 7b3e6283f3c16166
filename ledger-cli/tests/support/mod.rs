//! What tests over whole folders of feeds share: the program as a user runs it, the rows of files as they stand, and the oracle.

#[path = "../../../ledger-core/tests/support/oracle.rs"]
pub(crate) mod oracle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use oracle::Payouts;

/// One row of a file, by column.
pub(crate) type Row = BTreeMap<String, String>;

/// A folder or file that the tests are given.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// Runs the program in a folder, at an instant, with nothing of this machine's environment.
pub(crate) fn dealbook(folder: &Path, now: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", now).output().unwrap()
}

/// What it printed, when it did as it was told.
pub(crate) fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Everything in and below a folder, in the order of its path's bytes.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap_or_else(|why| panic!("{}: {why}", folder.display())) {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    found
}

/// The text of a file, unpacked when it is packed.
pub(crate) fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return std::io::read_to_string(flate2::read::MultiGzDecoder::new(bytes.as_slice())).unwrap();
    }
    String::from_utf8(bytes).unwrap()
}

/// The rows of a file, by column.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// Whose feed a file in the delivery layout is, when it is one of billing events.
pub(crate) fn billing_recipient(path: &Path) -> Option<String> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let feed = parts.iter().rposition(|part| *part == "billingeventfeed_v1")?;
    Some(parts[feed.checked_sub(1)?].to_owned())
}

/// `show payouts -f csv`, in the oracle's terms: lines and hundredths that are not zero, by party and currency.
pub(crate) fn figures(csv: &str) -> Payouts {
    let mut payouts = Payouts::new();
    for mut row in rows(csv) {
        let key = (row.remove("party").unwrap(), row.remove("currency").unwrap());
        let hundredths = |(name, text): (String, String)| {
            let digits = if name == "lines" { text } else { text.replacen('.', "", 1) };
            (name, digits.parse::<i128>().unwrap())
        };
        assert!(payouts.insert(key, row.into_iter().map(hundredths).filter(|(_, sum)| *sum != 0).collect()).is_none());
    }
    payouts
}

/// The moment at which a day has ended, as the oracle writes moments.
pub(crate) fn end_of(day: &str) -> String {
    let day: chrono::NaiveDate = day.parse().unwrap_or_else(|_| panic!("the oracle asks for days only: {day}"));
    format!("{} 00:00:00", day.succ_opt().unwrap())
}
