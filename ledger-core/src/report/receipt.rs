//! Receipts: what was asked, of which history, and what the answer's digest is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Kind, Report, canonical};
use crate::chain::{Hash, Head};
use crate::time::{Basis, Instant};

/// A question's clocks, as they were given and as they were resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was written after `--as-of`.
    pub as_of: Option<String>,
    /// What was written after `--known-at`.
    pub known_at: Option<String>,
    /// What was written after `--stated-by`.
    pub stated_by: Option<String>,
    /// What they come to.
    pub basis: Basis,
}

impl Asked {
    /// Everything recorded up to a position, nothing else said.
    pub fn everything(known_at: u64) -> Self {
        Self { as_of: None, known_at: None, stated_by: None, basis: Basis::at(known_at) }
    }

    /// One line for people: `as of 2026-03-31 end of day UTC · known at #1842 b3:aee00dcc`.
    pub fn line(&self, head: Head) -> String {
        let clock = |word: &str, before: Option<Instant>| before.map(|before| format!("{word} {}", end_of(before)));
        let as_of = clock("as of", self.basis.effective_before).unwrap_or_else(|| "all dates".to_owned());
        let stated = clock(" · stated by", self.basis.stated_before).unwrap_or_default();
        format!("{as_of} · known at {head}{stated}")
    }
}

/// The last moment before, as people say it.
fn end_of(before: Instant) -> String {
    let last = Instant::from_micros(before.micros() - 1);
    if Instant::midnight(before.day()) == before { format!("{} end of day UTC", last.day()) } else { last.to_string() }
}

/// What was asked, of which history, and what came of it. It proves nothing by itself; whoever has the ledger can ask again and compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What was asked: the report, the query and every flag that changes the data. Never the format.
    pub args: BTreeMap<String, String>,
    /// The clocks.
    pub asked: Asked,
    /// What the answer lacks; nothing when it is complete.
    pub lacks: Vec<String>,
    /// BLAKE3 of the data's canonical JSON.
    pub data: Hash,
    /// The history it was asked of: position and hash of the last line that was known.
    pub head: Head,
    /// The policies that were applied, by name, and the version of each.
    pub policies: BTreeMap<String, String>,
    /// The projection and its version: `payouts/1`.
    pub projector: String,
    /// Rows and control totals.
    pub totals: Value,
}

impl Receipt {
    /// The receipt of a report. `head` is the line that the known-at of `asked` resolved to.
    pub fn new(report: &Report, asked: Asked, args: BTreeMap<String, String>, head: Head, projector: impl Into<String>) -> Self {
        Self {
            args,
            asked,
            lacks: report.incomplete.clone(),
            data: report.digest(),
            head,
            policies: BTreeMap::new(),
            projector: projector.into(),
            totals: report.control_totals(),
        }
    }

    /// As JSON, without its id.
    pub fn value(&self) -> Value {
        let clock = |given: &Option<String>, before: Option<Instant>| match before {
            Some(before) => json!({ "before": before, "given": given }),
            None => Value::Null,
        };
        let Asked { as_of, known_at, stated_by, basis } = &self.asked;
        json!({
            "args": self.args,
            "basis": {
                "as_of": clock(as_of, basis.effective_before),
                "known_at": { "given": known_at, "hash": self.head.hash, "seq": self.head.seq },
                "stated_by": clock(stated_by, basis.stated_before),
            },
            "complete": { "lacks": self.lacks },
            "data": self.data,
            "head": self.head.hash,
            "policies": self.policies,
            "projector": self.projector,
            "size": self.head.seq,
            "totals": self.totals,
        })
    }

    /// `r:` and the first 16 hexadecimal digits of the BLAKE3 of its canonical JSON.
    pub fn id(&self) -> String {
        Self::id_of(&self.value())
    }

    /// The id of a receipt that says this.
    pub fn id_of(value: &Value) -> String {
        format!("r:{}", &Hash::of(canonical(value).as_bytes()).to_string()[..16])
    }

    /// The receipt as it is printed: its canonical JSON with its id added.
    pub fn printed(&self) -> String {
        let mut value = self.value();
        value["id"] = json!(self.id());
        canonical(&value)
    }

    /// What stands below a report for people.
    pub fn footer(&self) -> Vec<String> {
        let rows = self.totals["rows"].as_u64().unwrap_or(0);
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        vec![format!("{} · {rows}", self.asked.line(self.head)), format!("receipt {}", self.id())]
    }

    pub(super) fn schema() -> Value {
        let clock = json!({
            "type": ["object", "null"],
            "properties": { "before": { "type": "string", "format": "date-time" }, "given": { "type": ["string", "null"] } },
        });
        json!({
            "type": "object",
            "required": ["args", "basis", "complete", "data", "head", "id", "policies", "projector", "size", "totals"],
            "properties": {
                "args": { "type": "object", "additionalProperties": { "type": "string" } },
                "basis": {
                    "type": "object",
                    "properties": {
                        "as_of": clock,
                        "known_at": { "type": "object", "properties": {
                            "given": { "type": ["string", "null"] }, "hash": Kind::Hash.schema(), "seq": Kind::Count.schema(),
                        } },
                        "stated_by": clock,
                    },
                },
                "complete": { "type": "object", "properties": { "lacks": { "type": "array", "items": { "type": "string" } } } },
                "data": Kind::Hash.schema(),
                "head": Kind::Hash.schema(),
                "id": { "type": "string", "pattern": "^r:[0-9a-f]{16}$" },
                "policies": { "type": "object", "additionalProperties": { "type": "string" } },
                "projector": { "type": "string" },
                "size": Kind::Count.schema(),
                "totals": { "type": "object" },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Cell, Column, Kind};

    fn report() -> Report {
        let money = |text: &str, currency: &str| Cell::Money(text.parse().unwrap(), currency.parse().unwrap());
        let columns = [("party", Kind::Text), ("currency", Kind::Text), ("gross", Kind::Money), ("lines", Kind::Count)];
        let mut report = Report::new("payouts", columns.map(|(name, kind)| Column::new(name, "", kind)).to_vec());
        report.rows = vec![
            vec![Cell::text("000057174132"), Cell::text("USD"), money("2431710.56", "USD"), Cell::Count(43)],
            vec![Cell::text("北桥 \"A\"\u{1}\n"), Cell::text("EUR"), money("-0.5", "EUR"), Cell::Empty],
        ];
        report
    }

    #[test]
    fn a_receipt_is_canonical_and_names_what_was_asked() {
        let basis = Basis { effective_before: Some("2026-04-01T00:00:00Z".parse().unwrap()), ..Basis::at(1842) };
        let asked = Asked { as_of: Some("2026Q1".into()), known_at: Some("#1842".into()), stated_by: None, basis };
        let head = Head { seq: 1842, hash: Hash::of(b"line") };
        let receipt = Receipt::new(&report(), asked, BTreeMap::from([("report".into(), "payouts".into())]), head, "payouts/1");
        assert_eq!(canonical(&receipt.value()), serde_json_canonicalizer::to_string(&receipt.value()).unwrap());
        insta::assert_snapshot!(receipt.printed());
        insta::assert_snapshot!(receipt.footer().join("\n"), @r"
        as of 2026-03-31 end of day UTC · known at #1842 b3:0bc2cb83 · 2 rows
        receipt r:6a0aeafa8bad4bbc
        ");
    }

    #[test]
    fn a_moment_is_not_called_the_end_of_a_day() {
        let basis = Basis { stated_before: Some("2026-03-31T12:00:00.000001Z".parse().unwrap()), ..Basis::at(0) };
        let asked = Asked { stated_by: Some("2026-03-31T12:00:00Z".into()), basis, ..Asked::everything(0) };
        assert_eq!(asked.line(Head::EMPTY), "all dates · known at #0 b3:00000000 · stated by 2026-03-31T12:00:00Z");
    }
}
