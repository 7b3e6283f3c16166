//! Maps for look-ups only. Their order means nothing and nothing may depend on it: what is shown or saved is sorted first.

use std::hash::{BuildHasher, Hasher};

/// A map for look-ups.
#[expect(clippy::disallowed_types, reason = "the one place: with a fixed hasher, and never iterated for output")]
pub type Map<K, V> = std::collections::HashMap<K, V, Fixed>;

/// A hasher without a random seed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fixed;

impl BuildHasher for Fixed {
    type Hasher = Mix;

    fn build_hasher(&self) -> Mix {
        Mix(0)
    }
}

/// Multiply and rotate, a word at a time: fast for the short keys that are looked up here. It does not resist keys chosen to collide;
/// the worst they can do is to slow the reader of their own file down.
#[derive(Debug, Clone, Copy)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes its index from the low bits and a tag from the high ones; the product is best in the middle.
        self.0.rotate_left(26)
    }
}
