//! The Merkle tree over the lines of a ledger: RFC 6962, SHA-256. One leaf for each line; the leaf of line `seq` has the index `seq - 1`.
//!
//! ```text
//! leaf   SHA-256(0x00 || line)            node   SHA-256(0x01 || left || right)            empty tree   SHA-256("")
//! ```
//!
//! A root stands for a whole history. An inclusion proof shows a line in it, a consistency proof that one history continues another; both are
//! a few dozen hashes whatever the size. What is decided at the edges:
//!
//! - An empty tree has a root, and nothing is proven about it: no line is in it, and "continues the empty tree" says nothing, so a
//!   consistency proof from or to size 0 is refused, even between two empty trees.
//! - An inclusion proof is empty for the only leaf of a tree of size 1, and for no other. A consistency proof is empty between trees of one
//!   size, whose roots must then be equal, and between no others.
//! - A proof with a hash too few or too many is refused.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A hash of the tree: a leaf, an inner node, a root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node([u8; 32]);

impl Node {
    /// The node that has these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The leaf of a line.
    pub fn leaf(line: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(line).finalize().into())
    }

    /// The root of the empty tree.
    pub fn empty() -> Self {
        Self(Sha256::digest([]).into())
    }

    fn above(left: Self, right: Self) -> Self {
        Self(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }
}

/// As checkpoints and proofs write it: base64, 44 characters.
impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&Base64::encode_string(&self.0))
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A text that is not the base64 of 32 bytes, in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash of the tree is 32 bytes in base64")]
pub struct NotANode;

impl FromStr for Node {
    type Err = NotANode;

    fn from_str(text: &str) -> Result<Self, NotANode> {
        let mut bytes = [0; 32];
        let length = Base64::decode(text, &mut bytes).map_err(|_| NotANode)?.len();
        let node = Self(bytes);
        // Of the texts that decode to the same bytes, one is canonical.
        (length == 32 && node.to_string() == text).then_some(node).ok_or(NotANode)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::parsed(deserializer, "a hash of 32 bytes in base64")
    }
}

/// The right edge of a tree: enough to add leaves and to tell the root, in memory that does not grow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the complete subtrees that the leaves fall into, the largest and leftmost first.
    peaks: Vec<Node>,
}

impl Frontier {
    /// Adds a leaf.
    pub fn push(&mut self, leaf: Node) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("each one bit of the size has its peak");
            node = Node::above(left, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its root.
    pub fn root(&self) -> Node {
        self.peaks.iter().rev().copied().reduce(|right, left| Node::above(left, right)).unwrap_or_else(Node::empty)
    }
}

/// A whole tree: proves anything about itself and every smaller tree it began as. It takes 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The leaves, then the complete nodes of each level above.
    levels: Vec<Vec<Node>>,
}

impl Tree {
    /// Adds a leaf.
    pub fn push(&mut self, leaf: Node) {
        let mut node = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push(node);
            let [.., left, right] = nodes.as_slice() else { return };
            if nodes.len() % 2 == 1 {
                return;
            }
            node = Node::above(*left, *right);
        }
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root of its first `size` leaves; nothing if it has fewer.
    pub fn root_at(&self, size: u64) -> Option<Node> {
        match size {
            0 => Some(Node::empty()),
            _ => (size <= self.size()).then(|| self.over(0, size)),
        }
    }

    /// The inclusion proof of a leaf in the tree of the first `size` leaves, the leaf's sibling first (RFC 6962, 2.1.1); nothing if it is not
    /// in it.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Node>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut low, mut high, mut path) = (0, size, Vec::new());
        while high - low > 1 {
            let split = low + left_of(high - low);
            if index < split {
                path.push(self.over(split, high));
                high = split;
            } else {
                path.push(self.over(low, split));
                low = split;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the tree of the first `size` leaves continues the one of the first `old` (RFC 6962, 2.1.2); nothing if there is none.
    pub fn consistency(&self, old: u64, size: u64) -> Option<Vec<Node>> {
        if old == 0 || old > size || size > self.size() {
            return None;
        }
        let (mut low, mut high, mut path) = (0, size, Vec::new());
        // Until what is left of the old tree is the whole of what is looked at.
        while old != high {
            let split = low + left_of(high - low);
            if old <= split {
                path.push(self.over(split, high));
                high = split;
            } else {
                path.push(self.over(low, split));
                low = split;
            }
        }
        // A subtree that begins with the first leaf is the old tree itself, whose root the reader has.
        if low > 0 {
            path.push(self.over(low, high));
        }
        path.reverse();
        Some(path)
    }

    /// The root over some leaves, which begin where a subtree does.
    fn over(&self, low: u64, high: u64) -> Node {
        let count = high - low;
        if count.is_power_of_two() {
            let level = count.trailing_zeros();
            let at = usize::try_from(low >> level).expect("the tree is in memory");
            return self.levels[level as usize][at];
        }
        let split = low + left_of(count);
        Node::above(self.over(low, split), self.over(split, high))
    }
}

/// How many of some leaves stand on the left: the largest power of two below their number.
const fn left_of(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// A proof that does not prove what it is said to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disproved {
    /// There is nothing to prove about such sizes.
    #[error("no proof has these sizes")]
    Sizes,
    /// It has a hash too few or too many.
    #[error("the proof has {found} hashes, which is not what these sizes need")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Whether a leaf stands at an index of the tree with this size and root (RFC 9162, 2.1.3.2).
///
/// # Errors
/// Why not.
pub fn verify_inclusion(leaf: Node, index: u64, size: u64, proof: &[Node], root: Node) -> Result<(), Disproved> {
    if index >= size {
        return Err(Disproved::Sizes);
    }
    let (mut at, mut last, mut node) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(Disproved::Length { found: proof.len() });
        }
        if at % 2 == 1 || at == last {
            node = Node::above(*sibling, node);
            // The right edge has levels without a sibling.
            let skipped = if at % 2 == 1 || at == 0 { 0 } else { at.trailing_zeros() };
            (at, last) = (at >> skipped, last >> skipped);
        } else {
            node = Node::above(node, *sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, node == root) {
        (0, true) => Ok(()),
        (0, false) => Err(Disproved::Root),
        _ => Err(Disproved::Length { found: proof.len() }),
    }
}

/// Whether the tree with the second size and root continues the one with the first (RFC 9162, 2.1.4.2).
///
/// # Errors
/// Why not.
pub fn verify_consistency((old, old_root): (u64, Node), (size, root): (u64, Node), proof: &[Node]) -> Result<(), Disproved> {
    if old == 0 || old > size {
        return Err(Disproved::Sizes);
    }
    let length = Disproved::Length { found: proof.len() };
    if old == size {
        return if !proof.is_empty() {
            Err(length)
        } else if old_root == root {
            Ok(())
        } else {
            Err(Disproved::Root)
        };
    }
    // An old tree that is one complete subtree is not told again.
    let (first, rest) = match (old.is_power_of_two(), proof) {
        (_, []) => return Err(length),
        (true, rest) => (old_root, rest),
        (false, [first, rest @ ..]) => (*first, rest),
    };
    let skipped = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> skipped, (size - 1) >> skipped);
    let (mut before, mut after) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if at % 2 == 1 || at == last {
            before = Node::above(*sibling, before);
            after = Node::above(*sibling, after);
            let skipped = if at % 2 == 1 || at == 0 { 0 } else { at.trailing_zeros() };
            (at, last) = (at >> skipped, last >> skipped);
        } else {
            after = Node::above(after, *sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    match (last, before == old_root && after == root) {
        (0, true) => Ok(()),
        (0, false) => Err(Disproved::Root),
        _ => Err(length),
    }
}
