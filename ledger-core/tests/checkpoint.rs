//! Notes, proofs and requests are read strictly: what was changed anywhere is refused, or is no longer signed.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads files, and stops at the first surprise")]

use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ledger_core::checkpoint::{Checkpoint, Kind, Note, PublicKey};
use ledger_core::merkle::{Disproved, Node, Tree};
use ledger_core::proof::{Proof, Request};

const ORIGIN: &str = "ledger.example.com/emea";
const WITNESS: &str = "northbridge.example";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8, name: &str, kind: Kind) -> PublicKey {
    PublicKey::named(name, kind, key(seed).verifying_key())
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    (0_u8..21).for_each(|at| tree.push(Node::leaf(&[at])));
    tree
}

fn note(size: u64) -> Note {
    let mut note = Note::unsigned(Checkpoint { origin: ORIGIN.to_owned(), size, root: tree().root_at(size).unwrap() });
    note.sign(ORIGIN, &key(1));
    note.cosign(WITNESS, &key(2), 1_775_206_800);
    note
}

/// Whether a note is signed by both keys.
fn is_signed(note: &Note) -> bool {
    [public(1, ORIGIN, Kind::Log), public(2, WITNESS, Kind::Cosigner)].iter().all(|key| {
        let by: Vec<_> = note.by(key).collect();
        by.len() == 1 && by[0].holds
    })
}

#[test]
fn a_note_is_signed_and_read_again() {
    let note = note(21);
    let text = note.to_string();
    assert_eq!(Note::parse(text.as_bytes()).as_ref(), Ok(&note));
    assert!(is_signed(&note));
    let witness = public(2, WITNESS, Kind::Cosigner);
    let by: Vec<_> = note.by(&witness).map(|by| (by.name.to_owned(), by.kind, by.at, by.holds)).collect();
    assert_eq!(by, [(WITNESS.to_owned(), Kind::Cosigner, Some(1_775_206_800), true)]);
    // The key alone is enough, whatever name it signed under; another key under the same name is another key.
    let alone: PublicKey = public(1, ORIGIN, Kind::Log).base64().parse().unwrap();
    assert!(note.by(&alone).all(|by| by.holds) && note.by(&alone).count() == 1);
    assert_eq!(note.by(&public(3, ORIGIN, Kind::Log)).count(), 0);
    assert_eq!(note.by(&public(1, ORIGIN, Kind::Cosigner)).count(), 0);
    // Signing again changes nothing; cosigning again renews the time.
    let mut again = note.clone();
    again.sign(ORIGIN, &key(1));
    assert_eq!(again, note);
    again.cosign(WITNESS, &key(2), 1_775_206_801);
    assert!(again.signatures.len() == 2 && again != note && is_signed(&again));
}

#[test]
fn no_byte_of_a_note_or_proof_can_change_unseen() {
    let note = note(21);
    let line = b"{\"seq\":8}".to_vec();
    let mut whole = tree();
    whole.push(Node::leaf(&line));
    let proof = |line: Option<Vec<u8>>| {
        let mut note = Note::unsigned(Checkpoint { origin: ORIGIN.to_owned(), size: 22, root: whole.root_at(22).unwrap() });
        note.sign(ORIGIN, &key(1));
        note.cosign(WITNESS, &key(2), 1_775_206_800);
        Proof { line, index: 21, path: whole.inclusion(21, 22).unwrap(), note }
    };
    let (with, without) = (proof(Some(line.clone())), proof(None));
    let is_note = |bytes: &[u8]| Note::parse(bytes).is_ok_and(|note| is_signed(&note));
    let is_proof = |bytes: &[u8]| {
        Proof::parse(bytes).is_ok_and(|proof| is_signed(&proof.note) && proof.verify(proof.line.as_deref().unwrap_or(&line)).is_ok())
    };
    type Judge<'a> = &'a dyn Fn(&[u8]) -> bool;
    let cases: [(String, Judge<'_>); 3] = [(note.to_string(), &is_note), (with.to_string(), &is_proof), (without.to_string(), &is_proof)];
    for (text, holds) in cases {
        let bytes = text.as_bytes();
        assert!(holds(bytes), "{text}");
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.to_vec();
                changed[at] ^= 1 << bit;
                assert!(!holds(&changed), "bit {bit} of byte {at}: {}", String::from_utf8_lossy(&changed));
            }
            assert!(!holds(&bytes[..at]), "cut off at {at}");
            for more in [b'\n', b' ', b'0', b'=', bytes[at]] {
                assert!(!holds(&[&bytes[..at], &[more], &bytes[at..]].concat()), "{more} put in at {at}");
            }
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            let mut repeated = lines.clone();
            repeated.insert(at, lines[at]);
            let mut dropped = lines.clone();
            dropped.remove(at);
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            for (what, changed) in [("repeated", repeated), ("dropped", dropped), ("swapped", swapped)] {
                // The two signatures may stand in any order, and `extra` is what the format itself calls optional.
                let harmless = (what == "swapped" && lines[at].starts_with('—') && lines[(at + 1) % lines.len()].starts_with('—'))
                    || (what == "dropped" && lines[at].starts_with("extra "));
                assert_eq!(holds(changed.concat().as_bytes()), harmless, "line {at} {what}");
            }
        }
        assert!(!holds(&[bytes, b"\n"].concat()) && !holds(&[b"\xef\xbb\xbf", bytes].concat()));
    }
}

#[test]
fn a_checkpoint_has_three_lines_in_one_form() {
    let good = format!("{ORIGIN}\n21\n{}\n", tree().root_at(21).unwrap());
    assert_eq!(Checkpoint::parse(&good).unwrap().to_string(), good);
    let root = Node::empty();
    for (wrong, why) in [
        (String::new(), "line 0: a checkpoint has exactly three lines: origin, size, root"),
        (format!("{ORIGIN}\n21\n{root}\nmore\n"), "line 4: a checkpoint has exactly three lines: origin, size, root"),
        (format!("\n21\n{root}\n"), "line 1: the origin is one line of text, and not empty"),
        (format!("{ORIGIN}\n021\n{root}\n"), "line 2: the size is a whole number without leading zeros"),
        (format!("{ORIGIN}\n+21\n{root}\n"), "line 2: the size is a whole number without leading zeros"),
        (format!("{ORIGIN}\n21\n{}\n", "A".repeat(44)), "line 3: the root is 32 bytes in base64"),
        (format!("{ORIGIN}\n21\n{root}"), "line 3: each line ends with one newline"),
    ] {
        assert_eq!(Checkpoint::parse(&wrong).unwrap_err().to_string(), why, "{wrong}");
    }
    let unsigned = Note::parse_open(good.as_bytes()).unwrap();
    assert_eq!((unsigned.to_string(), unsigned.signatures.len()), (good.clone(), 0));
    for (wrong, why) in [
        (good.clone(), "line 4: a note has a blank line and a signature here"),
        (format!("{good}\n"), "line 5: behind the blank line stand signatures, each ending with one newline"),
        (format!("{good}\n- {ORIGIN} AAAAAAAA\n"), "line 5: a signature is `— NAME BASE64`"),
        (format!("{good}\n— a+b AAAAAAAA\n"), "line 5: a signature is `— NAME BASE64`"),
        (format!("{good}\n— x AAAAAAA=\n— x AAAAAAE=\n"), "line 6: the key has signed above"),
        ("x".repeat(300_000), "line 1: a note is not that long"),
    ] {
        assert_eq!(Note::parse(wrong.as_bytes()).unwrap_err().to_string(), why);
    }
    assert_eq!(Note::parse(b"\xff").unwrap_err().to_string(), "line 1: a note is UTF-8 text");
}

#[test]
fn a_key_has_one_text() {
    // C2SP's example of a log: the key of the vectors.
    let known = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    assert_eq!(known.parse::<PublicKey>().unwrap().to_string(), known);
    let alone = public(1, ORIGIN, Kind::Log).base64();
    assert_eq!(alone.parse::<PublicKey>().unwrap().to_string(), alone);
    for wrong in [&known.replace("33d7b496", "33d7b497"), &known.replace("+Ae", "+Be"), &known.replace("log", "lag"), "", "x", &alone[1..]]
    {
        assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
    }
}

#[test]
fn a_request_proves_that_a_checkpoint_continues_an_older_one() {
    let (older, newer) = (note(8), note(21));
    let request = Request { old: 8, path: tree().consistency(8, 21).unwrap(), note: newer.clone() };
    let text = request.to_string();
    assert_eq!(Request::parse(text.as_bytes()).as_ref(), Ok(&request));
    assert_eq!(request.continues(&older.checkpoint), Ok(()));
    assert_eq!(request.continues(&newer.checkpoint), Ok(()), "nothing new");
    let other = Checkpoint { root: Node::empty(), ..older.checkpoint.clone() };
    assert_eq!(request.continues(&other), Err(Disproved::Root));
    assert_eq!(request.continues(&note(9).checkpoint), Err(Disproved::Sizes), "it speaks of another older one");
    let fork = Checkpoint { root: Node::empty(), ..newer.checkpoint.clone() };
    assert_eq!(request.continues(&fork), Err(Disproved::Root), "two histories of one size");
    let plain = Request::parse(newer.to_string().as_bytes()).unwrap();
    assert_eq!((plain.old, plain.path.len(), plain.note == newer), (0, 0, true));
    assert_eq!(plain.continues(&older.checkpoint), Err(Disproved::Sizes));
    for (wrong, why) in [
        ("old 8", "line 1: a blank line and a checkpoint follow"),
        ("old 08\n\n", "line 1: `old N` is the size of the older checkpoint"),
        ("old 8\nxyz\n\n", "line 2: a proof has one hash of 32 bytes in base64 a line"),
    ] {
        assert_eq!(Request::parse(wrong.as_bytes()).unwrap_err().to_string(), why);
    }
}

#[test]
fn the_note_and_the_proof_of_the_page_are_what_this_program_writes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let key = |name: &str| SigningKey::from_pkcs8_pem(&read(&format!("fixtures/keys/{name}.pem"))).unwrap();
    let lines = read("fixtures/vectors/line/three-lines.jsonl");
    let mut tree = Tree::default();
    lines.lines().for_each(|line| tree.push(Node::leaf(line.as_bytes())));
    let mut note = Note::unsigned(Checkpoint { origin: ORIGIN.to_owned(), size: 3, root: tree.root_at(3).unwrap() });
    note.sign(ORIGIN, &key("wang"));
    note.cosign(WITNESS, &key("mei"), 1_775_206_800);
    let line = lines.lines().nth(1).unwrap().as_bytes().to_vec();
    let proof = Proof { line: Some(line), index: 1, path: tree.inclusion(1, 3).unwrap(), note: note.clone() };
    assert_eq!(read("fixtures/vectors/checkpoint/three-lines.note"), note.to_string());
    assert_eq!(read("fixtures/vectors/checkpoint/second.tlog-proof"), proof.to_string());
    let page = read("docs/formats/checkpoint.md");
    assert!(page.contains(&format!("```text\n{note}```")), "the note");
    assert!(proof.path.iter().all(|node| page.contains(&format!("\n{node}\n"))), "the hashes");
    for (name, of, kind) in [("wang", ORIGIN, Kind::Log), ("mei", WITNESS, Kind::Cosigner)] {
        assert!(page.contains(&format!("\n{}\n", PublicKey::named(of, kind, key(name).verifying_key()))), "{name}");
    }
}
