//! Documents of AWS: judged as a whole, because one is small and may hold several facts.

use std::collections::BTreeMap;

use ledger_core::document::{self, Beside, DOCUMENTS, Document};
use ledger_core::event::{LONGEST_EVENT, encode};
use ledger_core::feed::{Fact, Fingerprint};
use ledger_core::hash::Map;
use ledger_core::id::AccountId;
use ledger_core::problem::{Code, Located, Problem, Problems};

use super::files::InFile;
use super::judge::{Content, Judged, Judgement, Known, Said, history_of, measured, whose};
use crate::decode::json;
use crate::failure::Failure;

/// Judges a file of documents.
///
/// # Errors
/// The file cannot be read.
pub(super) fn judge(
    file: InFile,
    said: &Said<'_>,
    known: Known<'_>,
    seen: &mut Map<Fingerprint, ()>,
    judgement: &mut Judgement,
) -> Result<(), Failure> {
    let Some(documents) = json::read(&file.path, &mut judgement.whole)? else { return Ok(()) };
    let shown = file.path.display().to_string();
    let mut reading = Reading { shown: &shown, kind: None, recipient: None, facts: Vec::new(), dropped: BTreeMap::new(), rows: 0 };
    let before = judgement.whole.total();
    for (line, text) in documents.each() {
        reading.take(&file, said, line, text, &mut judgement.whole);
    }
    let Reading { kind, recipient, facts, dropped, rows, .. } = reading;
    if rows == 0 && judgement.whole.total() == before {
        let problem = Problem::new(Code::E0316, "", "no document is in it").cure("get it again");
        judgement.whole.push(Located { file: shown.clone(), line: 0, column_number: None, problem });
    }
    let (Some(kind), Some(recipient)) = (kind, recipient) else { return Ok(()) };
    if judgement.whole.total() > before {
        return Ok(());
    }
    let mut new: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut totals = BTreeMap::new();
    for ((_, fact), print) in facts.iter().zip(Fingerprint::of_each(facts.iter().map(|(_, fact)| fact))) {
        if known.records.holds(print) || seen.insert(print, ()).is_some() {
            continue;
        }
        let (kind, money) = measured(&fact.event);
        *new.entry(kind).or_default() += 1;
        if let Some((currency, amount)) = money {
            let (sum, rows) = totals.entry((kind, currency)).or_insert((0, 0));
            *sum += amount.units();
            *rows += 1;
        }
    }
    let history = history_of(recipient, documents.digest, !new.is_empty(), known.sources);
    judgement.files.push(Judged {
        digest: documents.digest,
        decoded_bytes: documents.len(),
        rows,
        known: facts.len() as u64 - new.values().sum::<u64>(),
        new,
        totals,
        dropped,
        history,
        content: Content::Facts(facts),
        ..Judged::of(file, kind.name(), recipient)
    });
    Ok(())
}

/// No natural key is longer: a line has room for an event and for this.
const LONGEST_KEY: usize = 1_000;
/// So many kinds of what is not recorded are told by name.
const MOST_DROPPED: usize = 100;

/// What has been read of a file.
struct Reading<'a> {
    shown: &'a str,
    kind: Option<&'static dyn Document>,
    recipient: Option<AccountId>,
    facts: Vec<(u64, Fact)>,
    dropped: BTreeMap<String, u64>,
    rows: u64,
}

impl Reading<'_> {
    fn take(&mut self, file: &InFile, said: &Said<'_>, line: u64, text: &str, problems: &mut Problems) {
        self.rows += 1;
        let mut refuse = |at: u64, problem: Problem| {
            problems.push(Located { file: self.shown.to_owned(), line: line + at, column_number: None, problem });
        };
        let whole: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let Some(kind) = document::recognise(&whole) else { return refuse(0, unknown(&whole)) };
        if let Some(other) = self.kind.filter(|other| other.name() != kind.name()) {
            let why = format!("the documents before it are of kind {}", other.name());
            return refuse(0, Problem::new(Code::E0302, kind.name(), why).cure("put documents of one kind into one file"));
        }
        self.kind = Some(kind);
        let recipient = match whose(file, ("the document", kind.account(&whole)), said.account) {
            Ok(recipient) => recipient,
            Err(problem) => return refuse(0, problem),
        };
        if let Some(other) = self.recipient.filter(|other| *other != recipient) {
            let why = format!("it is {recipient}'s, and the documents before it are {other}'s");
            return refuse(
                0,
                Problem::new(Code::E0322, recipient.to_string(), why).cure("put each account's documents into a file of its own"),
            );
        }
        self.recipient = Some(recipient);
        let digest = ledger_core::chain::Hash::of(text.as_bytes());
        let told = document::read(kind, &whole, Beside { whose: recipient, names: said.names, effective_at: said.effective_at, digest });
        for problem in told.problems {
            let at = problem.column.as_deref().map_or(0, |path| json::line_of(text, path) - 1);
            refuse(at, problem);
        }
        for fact in &told.facts {
            if fact.key.len() > LONGEST_KEY {
                let why = format!("it makes a key of {} bytes, and there is room for {LONGEST_KEY}", fact.key.len());
                refuse(0, Problem::new(Code::E0319, "", why).cure("no id of AWS is so long; get the document again"));
            }
            let bytes = encode(&fact.event).len();
            if bytes > LONGEST_EVENT {
                let why = format!("it makes an event of {bytes} bytes, and there is room for {LONGEST_EVENT}");
                refuse(0, Problem::new(Code::E0319, "", why).cure("an offer with so many prices is not taken in yet"));
            }
        }
        self.facts.extend(told.facts.into_iter().map(|fact| (self.rows, fact)));
        for (what, times) in told.dropped {
            // So that the line that tells of the import holds them.
            let what = if self.dropped.len() < MOST_DROPPED || self.dropped.contains_key(&what) { what } else { "others".to_owned() };
            *self.dropped.entry(what).or_default() += times;
        }
    }
}

fn unknown(whole: &serde_json::Value) -> Problem {
    let members: Vec<&str> = whole.as_object().map(|members| members.keys().take(8).map(String::as_str).collect()).unwrap_or_default();
    let kinds = DOCUMENTS.iter().map(|kind| format!("{} ({})", kind.name(), kind.marks()[0].join(", "))).collect::<Vec<_>>();
    let found = if members.is_empty() { "no members".to_owned() } else { format!("members {}", members.join(", ")) };
    let why = format!("found {found}; the kinds are {}", kinds.join(", "));
    Problem::new(Code::E0302, members.join(", "), why).cure("`dealbook help files` lists every kind of file")
}
