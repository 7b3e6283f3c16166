//! Whoever writes a bundle decides neither how long it takes to read nor how much memory: what it costs grows as its length does, and there is
//! an end to how much of anything there may be.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a test reads how long its own thread has run; the crate reads no files")]

#[path = "support/bundles.rs"]
mod bundles;

use std::fs;

use bundles::{ORIGIN, ended, imported, opened, read};
use ed25519_dalek::SigningKey;
use ledger_core::bundle::{Header, Kind, Writer};
use ledger_core::chain::Head;
use ledger_core::checkpoint::{Checkpoint, Note};
use ledger_core::event::{Draft, Event};
use ledger_core::merkle::{Node, Tree};
use ledger_core::sampling::Question;

/// How many nanoseconds this thread has run; nothing where no system tells.
fn ran() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// What reading costs, at best: as often as it takes for a clock that may stand still for some milliseconds.
fn cost(bundle: &[u8]) -> Option<u64> {
    let once = || {
        let (before, mut times) = (ran()?, 0);
        loop {
            _ = read(bundle);
            times += 1;
            let took = ran()? - before;
            if took > 40_000_000 {
                return Some(took / times);
            }
        }
    };
    (0..2).map(|_| once()).min()?
}

/// Holds that sixteen times as much costs about sixteen times as much. What grows with the square costs more, however small it begins.
fn grows_as_its_length(what: &str, few: usize, make: impl Fn(usize) -> Vec<u8>) {
    let (short, long) = (make(few), make(16 * few));
    if let Some((one, many)) = cost(&short).zip(cost(&long)) {
        let (few, more) = (short.len() as u64, long.len() as u64);
        assert!(10 * many * few < 17 * one * more, "{what}: {few} bytes took {one} ns, {more} took {many}");
    }
}

fn note(size: u64, root: Node) -> Note {
    let mut note = Note::unsigned(Checkpoint { origin: ORIGIN.to_owned(), size, root });
    note.sign(ORIGIN, &SigningKey::from_bytes(&[1; 32]));
    note
}

/// A note with so many signatures of nobody.
fn signed(size: u64, signatures: usize) -> String {
    let lines: String = (0..signatures).map(|at| format!("— {at} AAAAAAAA\n")).collect();
    format!("{}\n{lines}", Checkpoint { origin: ORIGIN.to_owned(), size, root: Node::empty() })
}

fn checkpoint(note: &str) -> String {
    format!("{{\"type\":\"checkpoint\",\"value\":{{\"note\":{}}}}}", serde_json::to_string(note).unwrap())
}

fn header(events: u64) -> String {
    format!("{{\"bundle\":\"dealbook.bundle/v1\",\"events\":{events},\"of\":\"a test\",\"origin\":\"{ORIGIN}\"}}")
}

/// The lines of these events, and the tree over them.
fn ledger(events: impl IntoIterator<Item = Event>) -> (Vec<Vec<u8>>, Tree) {
    let (mut head, mut lines, mut tree) = (Head::EMPTY, Vec::new(), Tree::default());
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    for event in std::iter::once(opened()).chain(events) {
        let mut line = Vec::new();
        head = Draft { actor: "li".parse().unwrap(), effective_at: at, event, source: None }.write(head, at, &mut line).unwrap();
        tree.push(Node::leaf(&line));
        lines.push(line);
    }
    (lines, tree)
}

/// A bundle of so many imports with their files, with a checkpoint at so many sizes, and whatever else.
fn bundle(imports: usize, notes: usize, say: impl FnOnce(Header) -> Header, more: impl FnOnce(&mut Writer<&mut Vec<u8>>)) -> Vec<u8> {
    let files: Vec<String> = (0..imports).map(|at| format!("row {at}")).collect();
    let (lines, tree) = ledger(files.iter().map(|file| imported(file.as_bytes(), |_| ())));
    let size = lines.len() as u64;
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out, &say(Header::new(ORIGIN, "a test", size, vec![]))).unwrap();
    let sizes: Vec<u64> = (size + 1 - notes as u64..=size).collect();
    sizes.iter().for_each(|size| writer.checkpoint(None, &note(*size, tree.root_at(*size).unwrap())).unwrap());
    let steps = sizes.windows(2).map(|pair| (pair[0], pair[1]));
    steps.for_each(|(from, to)| writer.consistency(from, to, tree.consistency(from, to).unwrap()).unwrap());
    lines.iter().for_each(|line| writer.event(line).unwrap());
    writer.inclusion(size, tree.inclusion(size - 1, size).unwrap()).unwrap();
    more(&mut writer);
    writer.end().unwrap();
    out
}

#[test]
fn what_it_costs_grows_as_its_length() {
    grows_as_its_length("checkpoints", 500, |count| {
        let notes = (1..=count as u64).map(|size| checkpoint(&signed(size, 1)));
        ended(&std::iter::once(header(0)).chain(notes).collect::<Vec<_>>())
    });
    grows_as_its_length("signatures", 10, |count| {
        let notes = (1..=count as u64).map(|size| checkpoint(&signed(size, 100)));
        ended(&std::iter::once(header(0)).chain(notes).collect::<Vec<_>>())
    });
    grows_as_its_length("lines, each with a checkpoint", 100, |count| {
        let good = bundle(count, count, |header| header, |_| ());
        assert!(read(&good).unwrap().whole);
        good
    });
    grows_as_its_length("files", 100, |count| {
        let files: std::collections::BTreeMap<_, _> =
            (0..count).map(|at| format!("row {at}")).map(|file| (ledger_core::chain::Hash::of(file.as_bytes()), file)).collect();
        let put = |writer: &mut Writer<&mut Vec<u8>>| {
            files.iter().for_each(|(digest, file)| writer.file(*digest, file.len() as u64, file.as_bytes()).unwrap());
        };
        let good = bundle(count, 1, |header| header, put);
        assert_eq!(read(&good).unwrap().enclosed.len(), count);
        good
    });
    grows_as_its_length("rows of a report", 500, |count| {
        let begun = bundle(1, 1, |header| header.answering(vec![2]), |_| ());
        let mut lines: Vec<String> = String::from_utf8(begun).unwrap().lines().map(str::to_owned).collect();
        lines.pop();
        lines.push("{\"type\":\"report\",\"value\":{\"receipt\":{\"size\":2},\"schema\":\"x\"}}".to_owned());
        lines.extend((0..count).map(|row| format!("{{\"type\":\"answer\",\"value\":{{\"row\":{row}}}}}")));
        ended(&lines)
    });
    grows_as_its_length("items of a sample", 300, |count| {
        let begun = bundle(1, 1, |header| header.with(Kind::Sample), |_| ());
        let mut lines: Vec<String> = String::from_utf8(begun).unwrap().lines().map(str::to_owned).collect();
        lines.pop();
        let asked = Question::new(&Checkpoint { origin: ORIGIN.to_owned(), size: 2, root: Node::empty() }, "x", 5, false).unwrap();
        lines.push(format!("{{\"type\":\"sample\",\"value\":{}}}", serde_json::to_value(asked).unwrap()));
        let stratum = "\"cells\":1,\"items\":1,\"part\":\"zero\",\"rest\":\"1\",\"total\":\"1\",\"whole\":0";
        lines.push(format!("{{\"type\":\"stratum\",\"value\":{{{stratum}}}}}"));
        lines.extend((0..count).map(|at| format!("{{\"type\":\"item\",\"value\":{{\"because\":\"whole\",\"event\":{at}}}}}")));
        ended(&lines)
    });
}

#[test]
fn there_is_an_end_to_everything() {
    let refused = |lines: &[String], why: &str| {
        let wrong = read(&ended(lines)).unwrap_err();
        assert!(wrong.why.contains(why), "{wrong}\nnot: {why}");
    };
    let with = |more: Vec<String>| std::iter::once(header(0)).chain(more).collect::<Vec<_>>();
    // Of nesting, of a line, of lines that say nothing.
    for deep in [format!("{{\"type\":\"answer\",\"value\":{}}}", "[".repeat(100_000)), "[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        refused(&with(vec![deep]), "this is no line of a bundle");
    }
    let long = "x".repeat(ledger_core::bundle::LONGEST);
    refused(&with(vec![format!("{{\"type\":\"answer\",\"value\":\"{long}\"}}")]), "this is no line of a bundle: it is too long");
    refused(&with(vec![checkpoint(&long)]), "this is no line of a bundle");
    refused(&with(vec!["{}".to_owned(); 10_000]), "this is no line of a bundle");
    let wrong = read(&ended(&with(vec!["{}".to_owned(); 10_000]))).unwrap_err();
    assert_eq!(wrong.line, 2, "nothing is read behind the first fault");
    // Of what belongs into it.
    refused(&with(vec![checkpoint(&signed(1, 101))]), "a note has no more than 100 signatures");
    let receipt = format!("{{\"type\":\"report\",\"value\":{{\"receipt\":{{\"size\":\"{}\"}},\"schema\":\"x\"}}}}", "x".repeat(1 << 16));
    refused(&with(vec![receipt]), "this is no line of a bundle: it is too long");
    let reports = header(0)
        .replace("\"origin\":\"ledger.example.com/emea\"", &format!("\"origin\":\"{ORIGIN}\",\"reports\":[{}1]", "1,".repeat(100)));
    refused(&[reports], "a bundle has no more than 100 reports");
}
