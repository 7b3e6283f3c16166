//! A bundle is verified by itself, and nothing in it can change unseen: no byte, no line, no end.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "tests read fixtures; the crate reads no files")]

#[path = "support/bundles.rs"]
mod bundles;

use bundles::{ORIGIN, ended, imported, opened, read};
use ed25519_dalek::SigningKey;
use ledger_core::bundle::{File, Header, Reader, Writer};
use ledger_core::chain::{Hash, Head};
use ledger_core::checkpoint::{Checkpoint, Note};
use ledger_core::event::governance::RateSet;
use ledger_core::event::{Draft, Event, Source};
use ledger_core::merkle::{Node, Tree};
use proptest::prelude::*;

/// A ledger of so many lines: line 1, an import, its row, rates.
fn lines(count: u64) -> Vec<Vec<u8>> {
    let (mut head, mut lines) = (Head::EMPTY, Vec::new());
    for seq in 1..=count {
        let rate = || RateSet {
            base: "EUR".parse().unwrap(),
            quote: "USD".parse().unwrap(),
            rate: format!("1.{seq}").parse().unwrap(),
            source: "ECB".to_owned(),
        };
        let event = match seq {
            1 => opened(),
            2 => imported(b"row", |_| ()),
            _ => Event::RateSet(Box::new(rate())),
        };
        let source = (seq == 3).then(|| Source::row("billing_event:444455556666:be-1".to_owned(), 2, 1, None));
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut line = Vec::new();
        head = Draft { actor: "li".parse().unwrap(), effective_at: at, event, source }.write(head, at, &mut line).unwrap();
        lines.push(line);
    }
    lines
}

/// A bundle of these positions of a ledger of twelve lines, signed at some sizes.
fn bundle(chosen: &[u64], sizes: &[u64]) -> Vec<u8> {
    let lines = lines(12);
    let mut tree = Tree::default();
    lines.iter().for_each(|line| tree.push(Node::leaf(line)));
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out, &Header::new(ORIGIN, "a test", chosen.len() as u64, vec![])).unwrap();
    for size in sizes {
        let mut note = Note::unsigned(Checkpoint { origin: ORIGIN.to_owned(), size: *size, root: tree.root_at(*size).unwrap() });
        note.sign(ORIGIN, &SigningKey::from_bytes(&[1; 32]));
        writer.checkpoint((*size == 12).then_some("newest"), &note).unwrap();
    }
    for pair in sizes.windows(2) {
        writer.consistency(pair[0], pair[1], tree.consistency(pair[0], pair[1]).unwrap()).unwrap();
    }
    for seq in chosen {
        writer.event(&lines[*seq as usize - 1]).unwrap();
        if !chosen.contains(&(seq + 1)) {
            writer.inclusion(*seq, tree.inclusion(seq - 1, *sizes.last().unwrap()).unwrap()).unwrap();
        }
    }
    if chosen.contains(&3) && !chosen.contains(&2) {
        writer.source(File { digest: Hash::of(b"row"), file: "data.csv".to_owned(), seq: 2 }).unwrap();
    }
    writer.end().unwrap();
    out
}

#[test]
fn a_bundle_shows_what_it_holds() {
    let all: Vec<u64> = (1..=12).collect();
    let shown = read(&bundle(&all, &[5, 9, 12])).unwrap();
    assert_eq!((shown.whole, shown.runs, shown.last.seq, shown.notes.len(), shown.files), (true, 1, 12, 3, (1, 0)));
    let shown = read(&bundle(&[1, 3, 4, 7], &[12])).unwrap();
    assert_eq!((shown.whole, shown.runs, shown.last.seq, shown.notes.len(), shown.files), (false, 3, 7, 1, (0, 1)));
    // The beginning alone is not the whole.
    let shown = read(&bundle(&[1, 2, 3], &[5, 12])).unwrap();
    assert_eq!((shown.whole, shown.runs, shown.files), (false, 1, (1, 0)));
    assert_eq!(bundle(&all, &[5, 9, 12]), bundle(&all, &[5, 9, 12]), "the same bytes");
}

#[test]
fn no_byte_of_a_bundle_can_change_unseen() {
    for good in [bundle(&[1, 3, 4, 7], &[5, 12]), bundle(&(1..=12).collect::<Vec<_>>(), &[5, 12])] {
        assert!(read(&good).is_ok());
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(read(&changed).is_err(), "byte {at}: {}", String::from_utf8_lossy(&changed));
            assert!(read(&good[..at]).is_err(), "cut off at {at}");
        }
        let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
        for at in 0..lines.len() {
            let mut dropped = lines.clone();
            dropped.remove(at);
            let mut repeated = lines.clone();
            repeated.insert(at, lines[at]);
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            for (what, changed) in [("dropped", dropped), ("repeated", repeated), ("swapped", swapped)] {
                assert!(read(&changed.concat()).is_err(), "line {at} {what}");
            }
        }
    }
}

#[test]
fn a_forged_bundle_is_refused_where_it_is_forged() {
    let text = String::from_utf8(bundle(&[1, 3, 4, 7], &[5, 12])).unwrap();
    let good: Vec<String> = text.lines().map(str::to_owned).collect();
    let good = &good[..good.len() - 1];
    assert!(read(&ended(good)).is_ok(), "the end is made as the format says");
    let kinds: Vec<&str> = good.iter().map(|line| line.split('"').nth(if line.starts_with("{\"type") { 3 } else { 1 }).unwrap()).collect();
    let event = ["actor", "inclusion"];
    let expected = [&["bundle", "checkpoint", "checkpoint", "consistency"][..], &event, &["actor"], &event, &event, &["source"]];
    assert_eq!(kinds, expected.concat());
    type Deed = fn(&mut Vec<String>);
    let cases: &[(&str, Deed, &str)] = &[
        ("another origin", |lines| lines[0] = lines[0].replace("emea", "apac"), "line 2: it is a checkpoint of"),
        (
            "another format",
            |lines| lines[0] = lines[0].replace("/v1", "/v2"),
            "line 1: `dealbook.bundle/v2` is a format that this program does not know",
        ),
        ("no consistency", |lines| drop(lines.remove(3)), "line 4: that a checkpoint continues the one before is not shown"),
        (
            "another consistency",
            |lines| lines[3] = lines[3].replace("\"from\":5", "\"from\":6"),
            "line 4: no checkpoints follow each other so",
        ),
        ("one checkpoint twice", |lines| lines.insert(1, lines[1].clone()), "line 3: checkpoints stand by size and name"),
        ("a line not proven", |lines| drop(lines.remove(5)), "line 6: "),
        ("the last line not proven", |lines| drop(lines.remove(10)), "line 11: event #7 b3:"),
        ("a line proven twice", |lines| lines.insert(6, lines[5].clone()), "line 7: the line before it is another one"),
        ("a changed event", |lines| lines[9] = lines[9].replace("1.7", "1.8"), "line 11: event #7 b3:"),
        ("a changed event in a run", |lines| lines[6] = lines[6].replace("1.3", "1.4"), "line 8: event #3 does not match its hash"),
        ("a changed first event", |lines| lines[4] = lines[4].replace("emea", "apac"), "line 5: event #1 begins the ledger"),
        (
            "an event in another form",
            |lines| lines[9] = lines[9].replace("{\"actor\":\"li\"", "{\"actor\": \"li\""),
            "line 10: event #7 is not in canonical form",
        ),
        ("no source", |lines| drop(lines.remove(11)), "line 12: the file of #2 is not named"),
        (
            "another source",
            |lines| lines[11] = lines[11].replace("\"seq\":2", "\"seq\":4"),
            "line 12: no line here comes from the file of #4",
        ),
        ("an event taken out", |lines| drop(lines.drain(9..11)), "line 11: it says that it has 4 events, and has 3"),
        ("out of order", |lines| lines.swap(1, 3), "line 2: no checkpoints follow each other so"),
        ("checkpoints behind", |lines| lines.push(lines[1].clone()), "line 13: it stands in the wrong place"),
        ("something else", |lines| lines.push("{}".to_owned()), "line 13: this is no line of a bundle"),
        ("a run not joined", |lines| lines.insert(7, lines[5].replace("\"seq\":1", "\"seq\":3")), "line 8: event #3 b3:"),
    ];
    for (what, deed, why) in cases {
        let mut forged = good.to_vec();
        deed(&mut forged);
        let wrong = read(&ended(&forged)).unwrap_err().to_string();
        assert!(wrong.starts_with(why), "{what}: {wrong}");
    }
    let more = [&ended(good)[..], b"{}\n"].concat();
    assert_eq!(read(&more).unwrap_err().to_string(), "line 14: nothing stands behind the end");
    // All of a ledger, with a root that is of another one.
    let all = String::from_utf8(bundle(&(1..=12).collect::<Vec<_>>(), &[12])).unwrap();
    let other = Checkpoint { origin: ORIGIN.to_owned(), size: 12, root: Node::empty() };
    let mut lines: Vec<String> = all.lines().map(str::to_owned).collect();
    lines.truncate(lines.len() - 1);
    let mut note = Note::unsigned(other);
    note.sign(ORIGIN, &SigningKey::from_bytes(&[1; 32]));
    lines[1] = format!("{{\"type\":\"checkpoint\",\"value\":{{\"note\":{}}}}}", serde_json::to_string(&note.to_string()).unwrap());
    let wrong = read(&ended(&lines)).unwrap_err().to_string();
    assert_eq!(wrong, "line 14: the events up to #12 do not come to the root of the checkpoint");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_choice_of_lines_is_proven(chosen in prop::collection::btree_set(1_u64..=12, 1..12), size in 1_u64..12) {
        let chosen: Vec<u64> = chosen.into_iter().collect();
        let shown = read(&bundle(&chosen, &[size, 12])).unwrap();
        prop_assert_eq!(shown.header.events, chosen.len() as u64);
        prop_assert_eq!(shown.last.seq, *chosen.last().unwrap());
        prop_assert_eq!(shown.runs, chosen.iter().filter(|seq| !chosen.contains(&(**seq - 1))).count() as u64);
    }
}

#[test]
fn a_time_stamp_stands_behind_its_checkpoint() {
    let file = |name: &str| std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors").join(name)).unwrap();
    let note = Note::parse(&file("checkpoint/three-lines.note")).unwrap();
    let lines = String::from_utf8(file("line/three-lines.jsonl")).unwrap();
    let mut tree = Tree::default();
    lines.lines().for_each(|line| tree.push(Node::leaf(line.as_bytes())));
    let bundle = |stamps: &[&[u8]]| {
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, &Header::new(&note.checkpoint.origin, "a test", 3, vec![])).unwrap();
        writer.checkpoint(None, &note).unwrap();
        stamps.iter().for_each(|reply| writer.time_stamp(reply).unwrap());
        lines.lines().for_each(|line| writer.event(line.as_bytes()).unwrap());
        writer.inclusion(3, tree.inclusion(2, 3).unwrap()).unwrap();
        writer.end().unwrap();
        out
    };
    let mut replies = [file("timestamp/rsa.tsr"), file("timestamp/ecdsa.tsr")];
    replies.sort();
    let [one, two] = [&replies[0][..], &replies[1][..]];
    let shown = read(&bundle(&[one, two])).unwrap();
    let held: Vec<(usize, &[u8])> = shown.stamps.iter().map(|stamped| (stamped.of, &stamped.reply[..])).collect();
    assert_eq!(held, [(0, one), (0, two)]);
    let refused = |stamps: &[&[u8]], why: &str| {
        let wrong = read(&bundle(stamps)).unwrap_err().to_string();
        assert!(wrong.contains(why), "{wrong}\nnot: {why}");
    };
    refused(&[two, one], "line 4: the time stamps of a checkpoint stand by their bytes, each once");
    refused(&[one, one], "line 4: the time stamps of a checkpoint stand by their bytes, each once");
    refused(&[&file("timestamp/close-2025-03.tsr")], "line 3: it stamps something else");
    refused(&[&one[..one.len() - 1]], "line 3: it is no reply of a time stamping authority");
    refused(&[&vec![0x30; 2 * ledger_core::timestamp::LONGEST]], "line 3: a time stamp is no base64, or is too long");
    let good: Vec<String> = String::from_utf8(bundle(&[one])).unwrap().lines().map(str::to_owned).collect();
    let mut moved = good[..good.len() - 1].to_vec();
    moved.swap(1, 2);
    assert_eq!(read(&ended(&moved)).unwrap_err().to_string(), "line 2: it stands in the wrong place");
    let mut moved = good[..good.len() - 1].to_vec();
    moved.swap(2, 3);
    assert_eq!(read(&ended(&moved)).unwrap_err().to_string(), "line 4: it stands in the wrong place");
}

#[test]
fn the_root_is_given_at_any_size_that_is_wanted() {
    let all: Vec<u64> = (1..=12).collect();
    let mut tree = Tree::default();
    lines(12).iter().for_each(|line| tree.push(Node::leaf(line)));
    let roots = |chosen: &[u64]| {
        let (bytes, mut reader) = (bundle(chosen, &[12]), Reader::at([3, 7, 13]));
        bytes.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').try_for_each(|line| reader.take(line)).unwrap();
        reader.finish().unwrap().roots
    };
    assert_eq!(roots(&all), [(3, tree.root_at(3).unwrap()), (7, tree.root_at(7).unwrap())].into());
    // As far as the lines go on from the first.
    assert_eq!(roots(&[1, 2, 3, 5, 6, 7]), [(3, tree.root_at(3).unwrap())].into());
    assert_eq!(roots(&[2, 3]), [].into());
}
