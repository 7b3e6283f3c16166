//! The files and reports that go with the lines of a bundle: each comes to its digest, agrees with its receipt, and can neither change nor be
//! left out unseen once it is announced.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/bundles.rs"]
mod bundles;

use std::collections::BTreeMap;

use bundles::{ORIGIN, ended, imported, opened, read};
use ed25519_dalek::SigningKey;
use ledger_core::bundle::{Header, Writer};
use ledger_core::chain::{Hash, Head};
use ledger_core::checkpoint::{Checkpoint, Note};
use ledger_core::event::{Draft, Event};
use ledger_core::merkle::{Node, Tree};
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use serde_json::Value;

const AT: &str = "2026-01-01T00:00:00Z";

/// Two files, by digest: one fills three lines.
fn files() -> BTreeMap<Hash, Vec<u8>> {
    let long: Vec<u8> = (0..900_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    [b"a,b\n1,2\n".to_vec(), long].into_iter().map(|bytes| (Hash::of(&bytes), bytes)).collect()
}

/// A ledger of two imports: its lines, and the head behind each.
fn ledger() -> (Vec<Vec<u8>>, Vec<Head>) {
    let (mut head, mut lines, mut heads) = (Head::EMPTY, Vec::new(), Vec::new());
    let named = files().into_values().zip(["one.csv", "two.csv"]).map(|(bytes, name)| imported(&bytes, |file| file.file = name.to_owned()));
    let events: Vec<Event> = std::iter::once(opened()).chain(named).collect();
    for event in events {
        let mut line = Vec::new();
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: AT.parse().unwrap(), event, source: None };
        head = draft.write(head, AT.parse().unwrap(), &mut line).unwrap();
        lines.push(line);
        heads.push(head);
    }
    (lines, heads)
}

fn answer(head: Head, amount: &str) -> (Value, Vec<Value>) {
    let columns = vec![Column::new("party", "", Kind::Text), Column::new("gross", "", Kind::Amount)];
    let mut report = Report::new("payouts", columns);
    report.rows = vec![vec![Cell::text("acme"), Cell::Amount(amount.parse().unwrap())], vec![Cell::Empty, Cell::Empty]];
    let args = BTreeMap::from([("show".to_owned(), "payouts".to_owned())]);
    let receipt = Receipt::new(&report, Asked::everything(head.seq), args, head, "payouts/1");
    let mut told = receipt.value();
    told["id"] = receipt.id().into();
    (told, report.rows.iter().map(|row| report.row(row)).collect())
}

/// A bundle of the lines up to a position, with these files and with a report of each of these heads.
fn bundle(until: usize, files: &BTreeMap<Hash, Vec<u8>>, asked: &[Head]) -> Vec<u8> {
    let (lines, _) = ledger();
    let mut tree = Tree::default();
    lines.iter().for_each(|line| tree.push(Node::leaf(line)));
    let mut out = Vec::new();
    let header = Header::new(ORIGIN, "a test", until as u64, vec![]).answering(asked.iter().map(|head| head.seq).collect());
    let mut writer = Writer::begin(&mut out, &header).unwrap();
    let size = lines.len() as u64;
    let mut note = Note::unsigned(Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root_at(size).unwrap() });
    note.sign(ORIGIN, &SigningKey::from_bytes(&[1; 32]));
    writer.checkpoint(None, &note).unwrap();
    lines[..until].iter().for_each(|line| writer.event(line).unwrap());
    writer.inclusion(until as u64, tree.inclusion(until as u64 - 1, size).unwrap()).unwrap();
    files.iter().for_each(|(digest, bytes)| writer.file(*digest, bytes.len() as u64, &bytes[..]).unwrap());
    for head in asked {
        let (receipt, rows) = answer(*head, "12.50");
        writer.report(&receipt, "dealbook/payouts/v1", &rows).unwrap();
    }
    writer.end().unwrap();
    out
}

#[test]
fn files_and_reports_come_along() {
    let (_, heads) = ledger();
    let shown = read(&bundle(3, &files(), &[heads[2], heads[1]])).unwrap();
    assert_eq!(shown.enclosed, files().into_keys().collect());
    let named: Vec<&str> = shown.sources.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(named, ["one.csv", "two.csv"]);
    assert_eq!(shown.answers.iter().map(|answer| answer.head.unwrap()).collect::<Vec<_>>(), [heads[2], heads[1]]);
    assert_eq!(shown.answers[0].rows.len(), 2);
    // Of what is not here no head can be told, and a file that is not named is in no bundle.
    let one: BTreeMap<Hash, Vec<u8>> = files().into_iter().take(1).collect();
    let shown = read(&bundle(2, &one, &[heads[2]])).unwrap();
    assert_eq!((shown.answers[0].head, shown.enclosed.len(), shown.whole), (None, 1, false));
    // A file that is read short, or is another, is not written.
    let (digest, bytes) = files().into_iter().next().unwrap();
    let mut writer = Writer::begin(Vec::new(), &Header::new(ORIGIN, "a test", 0, vec![])).unwrap();
    for (length, from) in [(bytes.len() + 1, &bytes[..]), (bytes.len(), &vec![b'x'; bytes.len()][..])] {
        let why = writer.file(digest, length as u64, from).unwrap_err();
        assert_eq!(why.to_string(), "a file changed while it was read");
    }
}

#[test]
fn no_byte_of_a_file_or_report_can_change_unseen() {
    let (_, heads) = ledger();
    let small: BTreeMap<Hash, Vec<u8>> = files().into_iter().filter(|(_, bytes)| bytes.len() < 100).collect();
    let good = bundle(3, &small, &[heads[2]]);
    assert!(read(&good).is_ok());
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(read(&changed).is_err(), "byte {at}");
        assert!(read(&good[..at]).is_err(), "cut off at {at}");
    }
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..lines.len() {
        let (mut dropped, mut repeated, mut swapped) = (lines.clone(), lines.clone(), lines.clone());
        dropped.remove(at);
        repeated.insert(at, lines[at]);
        swapped.swap(at, (at + 1) % lines.len());
        for (what, changed) in [("dropped", dropped), ("repeated", repeated), ("swapped", swapped)] {
            assert!(read(&changed.concat()).is_err(), "line {at} {what}");
        }
    }
}

#[test]
fn a_forged_file_or_report_is_refused_where_it_is_forged() {
    let (_, heads) = ledger();
    let text = String::from_utf8(bundle(3, &files(), &[heads[2], heads[1]])).unwrap();
    let good: Vec<String> = text.lines().map(str::to_owned).collect();
    let good = good[..good.len() - 1].to_vec();
    assert!(read(&ended(&good)).is_ok(), "the end is made as the format says");
    let of = |kind: &str| {
        let begins = format!("{{\"type\":\"{kind}\"");
        (0..good.len()).filter(|at| good[*at].starts_with(&begins)).collect::<Vec<_>>()
    };
    let (pieces, reports, rows) = (of("file"), of("report"), of("answer"));
    assert_eq!((pieces.len(), reports.len(), rows.len()), (4, 2, 4));
    let long = pieces.iter().copied().filter(|at| good[*at].len() > 1_000).collect::<Vec<_>>();
    let short = *pieces.iter().find(|at| good[**at].len() < 1_000).unwrap();
    let why = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        read(&ended(&lines)).unwrap_err().why
    };
    let replaced = |at: usize, from: &str, to: &str| {
        assert!(good[at].contains(from), "{}", good[at]);
        let (from, to) = (from.to_owned(), to.to_owned());
        why(&move |lines| lines[at] = lines[at].replacen(&from, &to, 1))
    };
    assert!(replaced(short, "\"b64\":\"Y", "\"b64\":\"Z").contains(" is another one: it comes to b3:"));
    assert_eq!(replaced(short, "\"b64\":\"Y", "\"b64\":\"*"), "a piece of a file is no base64");
    assert!(replaced(long[1], "\"at\":393216", "\"at\":393217").starts_with("it is not the next piece of the file b3:"));
    assert!(why(&|lines| drop(lines.remove(long[0]))).starts_with("it is not the next piece of the file b3:"));
    assert!(why(&|lines| drop(lines.remove(long[2]))).ends_with(" is cut off") || long[2] < short);
    assert_eq!(why(&|lines| lines.insert(short, lines[short].clone())), "files stand by digest, each once");
    let digest = files().into_keys().next().unwrap().to_string();
    let first = pieces[0];
    assert!(replaced(first, &digest, &"0".repeat(64)).starts_with("no line here names the file b3:"));
    // A figure in a report, and a report whose receipt was made to fit its figures but not its history.
    assert_eq!(replaced(rows[0], "12.5", "13.5"), "the rows of the report are not those of its receipt");
    assert_eq!(why(&|lines| drop(lines.remove(rows[0]))), "the rows of the report are not those of its receipt");
    assert_eq!(replaced(reports[0], "\"payouts/1\"", "\"payouts/2\""), "the receipt of the report is not called after what it says");
    let elsewhere = Head { seq: 3, hash: Hash::of(b"another history") };
    let forged = bundle(3, &BTreeMap::new(), &[elsewhere]);
    assert!(read(&forged).unwrap_err().why.starts_with("the report was asked of another history: #3 b3:"));
    let beyond = Head { seq: 4, hash: Hash::ZERO };
    let why_beyond = read(&bundle(3, &BTreeMap::new(), &[beyond])).unwrap_err().why;
    assert_eq!(why_beyond, "the report was asked of #4, which no checkpoint here covers");
    assert_eq!(why(&|lines| lines[0] = lines[0].replacen("[3,2]", "[3]", 1)), "the bundle does not say that it has this report");
    assert_eq!(why(&|lines| lines[0] = lines[0].replacen("[3,2]", "[3,2,1]", 1)), "the report that was asked of #1 is missing");
    assert_eq!(why(&|lines| lines.truncate(reports[1])), "the report that was asked of #2 is missing");
    assert_eq!(why(&|lines| drop(lines.drain(reports[0]..=reports[0]))), "it stands in the wrong place");
    // One form, and no more in it than there is to say.
    assert_eq!(replaced(rows[0], ":{", ": {"), "this is no line of a bundle");
    assert_eq!(replaced(reports[0], "{\"type\":\"report\",", "{\"type\":\"report\",\"u\":1,"), "this is no line of a bundle");
    assert_eq!(why(&|lines| lines[rows[0]] = "{\"type\":\"answer\",".to_owned()), "this is no line of a bundle");
}
