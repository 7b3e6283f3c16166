//! Reports in a bundle: a receipt, and the rows it was given for. A row may hold nothing, which a line of the ledger never does: they are held
//! against the form that receipts have.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::LONGEST;
use crate::chain::{Hash, Head};
use crate::report::{Receipt, canonical};

/// How the line of a receipt begins, and the line of a row.
pub(super) const BEGINS: [&[u8]; 2] = [b"{\"type\":\"report\",", b"{\"type\":\"answer\","];
/// What stands before a row and behind it.
const AROUND: [&str; 2] = ["{\"type\":\"answer\",\"value\":", "}"];
/// So many reports go into a bundle at most: each is asked again of all its lines.
pub const REPORTS: usize = 100;
/// No receipt is longer, in bytes.
const LONGEST_RECEIPT: usize = 1 << 16;

/// A report with its receipt, which agree with each other and with the lines that are here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was asked, of which history.
    pub receipt: Value,
    /// The name and version of its rows' form.
    pub schema: String,
    /// The rows, each in canonical JSON: as values they would take many times the memory.
    pub rows: Vec<String>,
    /// The last line that was known then, if it is here.
    pub head: Option<Head>,
}

impl Answer {
    /// The lines of a report.
    pub(super) fn lines(receipt: &Value, schema: &str, rows: &[Value]) -> impl Iterator<Item = String> {
        let first = json!({ "type": "report", "value": { "receipt": receipt, "schema": schema } });
        let rows = rows.iter().map(|row| json!({ "type": "answer", "value": row }));
        std::iter::once(first).chain(rows).map(|line| canonical(&line))
    }

    /// Whether its receipt is that of these rows.
    fn hold(&self) -> Result<(), String> {
        let told = |key: &str| self.receipt[key].as_str().unwrap_or_default();
        let mut said = self.receipt.clone();
        let id = said.as_object_mut().and_then(|said| said.remove("id"));
        if id.as_ref().and_then(Value::as_str) != Some(&Receipt::id_of(&said)) {
            return Err("the receipt of the report is not called after what it says".to_owned());
        }
        // Its rows, as the receipt counted them in.
        let mut hasher = blake3::Hasher::new();
        for (at, row) in self.rows.iter().enumerate() {
            hasher.update(if at == 0 { b"[" } else { b"," });
            hasher.update(row.as_bytes());
        }
        hasher.update(if self.rows.is_empty() { b"[]" } else { b"]" });
        let data = Hash::from_bytes(*hasher.finalize().as_bytes()).to_string();
        if data != told("data") || self.receipt["totals"]["rows"].as_u64() != Some(self.rows.len() as u64) {
            return Err("the rows of the report are not those of its receipt".to_owned());
        }
        match self.head {
            Some(head) if head.hash.to_string() != told("head") => Err(format!("the report was asked of another history: {head} is here")),
            _ => Ok(()),
        }
    }
}

/// Reports, as their lines come.
#[derive(Default)]
pub(super) struct Answers {
    /// The positions they were asked of, as the header says.
    expected: VecDeque<u64>,
    /// The lines at these positions, as far as they are here.
    heads: BTreeMap<u64, Option<Head>>,
    all: Vec<Answer>,
}

impl Answers {
    pub(super) fn expected(sizes: &[u64]) -> Result<Self, String> {
        if sizes.len() > REPORTS {
            return Err(format!("a bundle has no more than {REPORTS} reports"));
        }
        let heads = sizes.iter().map(|size| (*size, (*size == 0).then_some(Head::EMPTY))).collect();
        Ok(Self { expected: sizes.iter().copied().collect(), heads, all: Vec::new() })
    }

    /// Looks at a line of the ledger: one of the reports may have been asked of it.
    pub(super) fn see(&mut self, head: Head) {
        if let Some(of) = self.heads.get_mut(&head.seq) {
            *of = Some(head);
        }
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, line: &[u8], newest: u64) -> Result<(), String> {
        if line.len() > if line.starts_with(BEGINS[0]) { LONGEST_RECEIPT } else { LONGEST } {
            return Err("this is no line of a bundle: it is too long".to_owned());
        }
        let mut value: Value = serde_json::from_slice(line).map_err(|_| "this is no line of a bundle".to_owned())?;
        if canonical(&value).as_bytes() != line || value.as_object().is_none_or(|fields| fields.len() != 2) {
            return Err("this is no line of a bundle".to_owned());
        }
        let (is_receipt, mut told) = (value["type"] == "report", value["value"].take());
        if !is_receipt {
            let last = self.all.last_mut().ok_or("it stands in the wrong place")?;
            let row = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix(AROUND[0])?.strip_suffix(AROUND[1]));
            last.rows.push(row.ok_or("this is no line of a bundle")?.to_owned());
            return Ok(());
        }
        self.hold_last()?;
        let (receipt, schema) = (told["receipt"].take(), told["schema"].as_str().unwrap_or_default().to_owned());
        let size = receipt["size"].as_u64().filter(|size| self.expected.pop_front() == Some(*size));
        let size = size.ok_or("the bundle does not say that it has this report")?;
        if told.as_object().is_none_or(|fields| fields.len() != 2) {
            return Err("this is no line of a bundle".to_owned());
        }
        if size > newest {
            return Err(format!("the report was asked of #{size}, which no checkpoint here covers"));
        }
        self.all.push(Answer { receipt, schema, rows: Vec::new(), head: self.heads.get(&size).copied().flatten() });
        Ok(())
    }

    /// Whether the report before agrees with its receipt.
    fn hold_last(&self) -> Result<(), String> {
        self.all.last().map_or(Ok(()), Answer::hold)
    }

    /// Whether all of them are here.
    pub(super) fn hold(&self) -> Result<(), String> {
        self.hold_last()?;
        self.expected.front().map_or(Ok(()), |size| Err(format!("the report that was asked of #{size} is missing")))
    }

    pub(super) fn done(self) -> Vec<Answer> {
        self.all
    }
}
