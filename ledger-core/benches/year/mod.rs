//! A year of billing rows of any size, the same on every machine: the rows of the fixture's five sellers again and again, each copy with
//! ids of its own. What belongs together in the fixture (a row and its payout, both sides of a channel deal) belongs together in a copy.

use std::fs;
use std::path::{Path, PathBuf};

/// Ids in hexadecimal.
const HEX: &[&str] = &["billing_event_id", "disbursement_billing_event_id", "parent_billing_event_id"];
/// Ids in the form of a UUID.
const UUID: &[&str] = &["line_item_id", "buyer_line_item_id", "transaction_reference_id", "buyer_transaction_reference_id"];
/// Numbers of invoices: digits, or a word and more.
const INVOICE: &[&str] = &["invoice_id", "buyer_invoice_id"];

/// Makes a fresh id of the form of an old one.
type Make = fn(&str, u64) -> String;

/// The rows of the fixture.
pub(crate) struct Year {
    /// The columns.
    pub(crate) header: Vec<String>,
    /// Whose row it is, and its fields.
    rows: Vec<(String, Vec<String>)>,
    /// How the ids of each column are made.
    made: Vec<Option<Make>>,
}

/// The folder of the fixture.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seller-feeds/feeds")
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn digits(text: &str, copy: u64) -> String {
    blake3::hash(format!("{text} {copy}").as_bytes()).to_hex().to_string()
}

fn uuid(text: &str, copy: u64) -> String {
    let hex = digits(text, copy);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

fn invoice(text: &str, copy: u64) -> String {
    let number = u64::from_str_radix(&digits(text, copy)[..15], 16).unwrap();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        (1_000_000_000 + number % 9_000_000_000).to_string()
    } else {
        format!("{}{number}", &text[..8])
    }
}

impl Year {
    /// Reads the fixture.
    pub(crate) fn read() -> Self {
        let (mut header, mut rows) = (Vec::<String>::new(), Vec::new());
        for folder in folders(&fixture()) {
            let account = folder.file_name().unwrap().to_string_lossy().into_owned();
            for file in folders(&folder.join("billingeventfeed_v1")).iter().flat_map(|year| folders(year)) {
                let mut reader = csv::Reader::from_path(file.join("data.csv")).unwrap();
                // The order of the columns differs from file to file.
                let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
                if header.is_empty() {
                    header.clone_from(&columns);
                }
                let from: Vec<Option<usize>> = header.iter().map(|name| columns.iter().position(|column| column == name)).collect();
                for row in reader.records() {
                    let row = row.unwrap();
                    let fields = from.iter().map(|at| at.map_or("", |at| &row[at]).to_owned()).collect();
                    rows.push((account.clone(), fields));
                }
            }
        }
        let made = |name: &str| -> Option<fn(&str, u64) -> String> {
            if HEX.contains(&name) {
                Some(|text, copy| digits(text, copy)[..40].to_owned())
            } else if UUID.contains(&name) {
                Some(uuid)
            } else if INVOICE.contains(&name) {
                Some(invoice)
            } else if name == "agreement_id" {
                Some(|text, copy| format!("agmt-{}", &digits(text, copy)[..25]))
            } else {
                None
            }
        };
        let made = header.iter().map(|name| made(name)).collect();
        Self { header, rows, made }
    }

    /// So many rows: the number of the copy, whose row it is, and its fields.
    pub(crate) fn rows(&self, count: u64) -> impl Iterator<Item = (u64, &str, Vec<String>)> {
        let fresh = |text: &String, made: &Option<fn(&str, u64) -> String>, copy| match made {
            Some(made) if !text.is_empty() => made(text, copy),
            _ => text.clone(),
        };
        let copies = (0..).flat_map(|copy| self.rows.iter().map(move |(account, row)| (copy, account.as_str(), row)));
        copies
            .map(move |(copy, account, row)| {
                (copy, account, row.iter().zip(&self.made).map(|(text, made)| fresh(text, made, copy)).collect())
            })
            .take(usize::try_from(count).unwrap())
    }
}
