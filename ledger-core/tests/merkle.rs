//! The tree is RFC 6962's: other people's vectors are decided as they say, a real log of other people's is verified, and no bit of a proof
//! can change unseen.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads files, and stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use ledger_core::checkpoint::{Kind, Note, PublicKey};
use ledger_core::merkle::{Frontier, Node, Tree, verify_consistency, verify_inclusion};
use proptest::prelude::*;
use serde_json::Value;

fn vectors(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors").join(folder)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files(&entry, found) } else { found.push(entry) }
    }
}

fn hashes(value: &Value) -> Option<Vec<Node>> {
    value.as_array().map_or(Some(vec![]), |all| all.iter().map(|text| text.as_str()?.parse().ok()).collect())
}

/// A root. Some vectors of consistency have one that is no hash, because it is only compared: any hash stands for it, the same for the same
/// text.
fn any_hash(value: &Value) -> Node {
    let text = value.as_str().unwrap();
    text.parse().unwrap_or_else(|_| Node::leaf(text.as_bytes()))
}

#[test]
fn the_vectors_of_others_are_decided_as_they_say() {
    let mut found = vec![];
    files(&vectors("rfc6962"), &mut found);
    let (mut good, mut bad) = (0, 0);
    for path in &found {
        let vector: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let number = |name: &str| vector[name].as_u64().unwrap();
        let holds = hashes(&vector["proof"]).is_some_and(|proof| {
            if vector.get("leafIdx").is_some() {
                let hash = |name: &str| vector[name].as_str().unwrap().parse().ok();
                let (Some(leaf), Some(root)) = (hash("leafHash"), hash("root")) else { return false };
                verify_inclusion(leaf, number("leafIdx"), number("treeSize"), &proof, root).is_ok()
            } else {
                let at = |size: &str, root: &str| (number(size), any_hash(&vector[root]));
                verify_consistency(at("size1", "root1"), at("size2", "root2"), &proof).is_ok()
            }
        });
        assert_eq!(holds, vector["wantErr"] == false, "{}", path.display());
        if holds { good += 1 } else { bad += 1 }
    }
    assert_eq!((good, bad), (12, 184));
}

#[test]
fn a_log_of_others_is_verified() {
    let key: PublicKey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx".parse().unwrap();
    let folder = vectors("tlog-tiles");
    let note = |name: &str| {
        let note = Note::parse(&fs::read(folder.join(name)).unwrap()).unwrap();
        let by: Vec<_> = note.by(&key).map(|by| (by.kind, by.holds)).collect();
        assert_eq!(by, [(Kind::Log, true)], "{name}");
        assert_eq!(note.checkpoint.origin, "example.com/log/testdata");
        note.checkpoint
    };
    let mut tree = Tree::default();
    let mut before = None;
    for size in 0_u64..=15 {
        let checkpoint = note(&format!("checkpoint.{size}"));
        assert_eq!(checkpoint.size, size);
        if size > 0 {
            // The entries, each behind its length; their hashes are the tile, and the last one is new.
            let mut bundle = &fs::read(folder.join(format!("tile/entries/000.p/{size}"))).unwrap()[..];
            let mut tile = vec![];
            while let [high, low, rest @ ..] = bundle {
                let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
                tile.push(Node::leaf(entry));
                bundle = rest;
            }
            assert_eq!(tile.len() as u64, size);
            let hashes: Vec<u8> = tile.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
            assert_eq!(fs::read(folder.join(format!("tile/0/000.p/{size}"))).unwrap(), hashes);
            tree.push(*tile.last().unwrap());
        }
        assert_eq!(tree.root_at(size), Some(checkpoint.root), "size {size}");
        if let Some((old, root)) = before.filter(|(old, _)| *old > 0) {
            let proof = tree.consistency(old, size).unwrap();
            verify_consistency((old, root), (size, checkpoint.root), &proof).unwrap();
        }
        before = Some((size, checkpoint.root));
    }
    assert_eq!(note("checkpoint"), note("checkpoint.15"));
}

fn tree(size: u64) -> Tree {
    let mut tree = Tree::default();
    (0..size).for_each(|at| tree.push(Node::leaf(&at.to_be_bytes())));
    tree
}

/// The root by the book: RFC 6962, 2.1.
fn by_the_book(leaves: &[Vec<u8>]) -> Node {
    match leaves {
        [] => Node::empty(),
        [leaf] => Node::leaf(leaf),
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            use sha2::{Digest as _, Sha256};
            let bytes = [&[1][..], by_the_book(left).as_bytes(), by_the_book(right).as_bytes()].concat();
            Node::from_bytes(Sha256::digest(bytes).into())
        }
    }
}

fn flipped(node: Node, bit: usize) -> Node {
    let mut bytes = *node.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Node::from_bytes(bytes)
}

#[test]
fn the_root_is_the_books_at_every_size() {
    let (mut frontier, whole) = (Frontier::default(), tree(70));
    let leaves: Vec<Vec<u8>> = (0..70_u64).map(|at| at.to_be_bytes().to_vec()).collect();
    for size in 0..=70_usize {
        let root = by_the_book(&leaves[..size]);
        assert_eq!((frontier.size(), frontier.root()), (size as u64, root));
        assert_eq!(whole.root_at(size as u64), Some(root));
        if let Some(leaf) = leaves.get(size) {
            frontier.push(Node::leaf(leaf));
        }
    }
    assert_eq!(whole.root_at(71), None);
    assert_eq!(Base64::encode_string(Node::empty().as_bytes()), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn a_hash_has_one_text() {
    let text = Node::empty().to_string();
    assert_eq!(text.parse(), Ok(Node::empty()));
    // The last character carries two bits that mean nothing: they are zero, or it is refused.
    for wrong in [&text[..43], &text.replace("FU=", "FV="), &format!("{text}="), &text.replace('=', ""), "", &format!(" {text}")] {
        assert!(wrong.parse::<Node>().is_err(), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_leaf_is_proven_in_every_tree_that_has_it(size in 1_u64..600, cut in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let whole = tree(size);
        let (size, index) = (1 + cut.index(size as usize) as u64, cut.index(size as usize) as u64);
        let (leaf, root) = (Node::leaf(&index.to_be_bytes()), whole.root_at(size).unwrap());
        let proof = whole.inclusion(index, size).unwrap();
        let holds = |leaf, index, size, proof: &[Node], root| verify_inclusion(leaf, index, size, proof, root).is_ok();
        prop_assert!(holds(leaf, index, size, &proof, root));
        prop_assert!(!holds(flipped(leaf, bit), index, size, &proof, root));
        prop_assert!(!holds(leaf, index, size, &proof, flipped(root, bit)));
        prop_assert!(!holds(leaf, index + 1, size, &proof, root) && !holds(leaf, index ^ 1, size, &proof, root));
        for at in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[at] = flipped(wrong[at], bit);
            prop_assert!(!holds(leaf, index, size, &wrong, root));
            wrong.remove(at);
            prop_assert!(!holds(leaf, index, size, &wrong, root));
            wrong.insert(at, proof[at]);
            wrong.insert(at, proof[at]);
            prop_assert!(!holds(leaf, index, size, &wrong, root));
        }
        prop_assert_eq!(whole.inclusion(size, size), None);
    }

    #[test]
    fn every_tree_continues_every_tree_it_began_as(size in 1_u64..600, cut in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let whole = tree(size);
        let old = 1 + cut.index(size as usize) as u64;
        let (first, second) = ((old, whole.root_at(old).unwrap()), (size, whole.root_at(size).unwrap()));
        let proof = whole.consistency(old, size).unwrap();
        prop_assert_eq!(verify_consistency(first, second, &proof), Ok(()));
        prop_assert!(verify_consistency((old, flipped(first.1, bit)), second, &proof).is_err());
        prop_assert!(verify_consistency(first, (size, flipped(second.1, bit)), &proof).is_err());
        for at in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[at] = flipped(wrong[at], bit);
            prop_assert!(verify_consistency(first, second, &wrong).is_err());
            wrong.remove(at);
            prop_assert!(verify_consistency(first, second, &wrong).is_err());
            wrong.insert(at, proof[at]);
            wrong.insert(at, proof[at]);
            prop_assert!(verify_consistency(first, second, &wrong).is_err());
        }
        prop_assert!(verify_consistency((0, Node::empty()), second, &proof).is_err() && whole.consistency(0, size).is_none());
    }
}
