//! The BLAKE3 of many short texts at once.
//!
//! A line is shorter than the pieces in which BLAKE3 works side by side, so hashing one line waits for one step after the other and
//! leaves most of the processor idle. Lines that are already there are therefore hashed sixteen at a time, which takes a fraction of the
//! time and gives the same. `docs/adr/0007-lines-hashed-together.md` says what this rests on.

use blake3::IncrementCounter;
use blake3::platform::{Platform, le_bytes_from_words_32, words_from_le_bytes_32};

use super::Hash;

/// What a chunk has at most: nearly all lines are one. The longest texts that are hashed here are two.
const CHUNK: usize = 1_024;
const BLOCK: usize = 64;
/// So many texts are hashed together where the processor can.
const TOGETHER: usize = 16;

// BLAKE3 specification, 2.1 and 2.2: the first value of the chain, and the flags of a block.
const IV: [u32; 8] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 2;
const PARENT: u8 = 4;
const ROOT: u8 = 8;

/// The hash of each text, in order.
pub fn hash_each(texts: &[&[u8]]) -> Vec<Hash> {
    let platform = Platform::detect();
    let mut hashes = vec![Hash::ZERO; texts.len()];
    // Texts that wait, by how many blocks they have before the last.
    let mut waiting: [Vec<(usize, &[u8])>; CHUNK / BLOCK] = std::array::from_fn(|_| Vec::with_capacity(TOGETHER));
    let mut longer = Vec::with_capacity(TOGETHER);
    for (at, text) in texts.iter().enumerate() {
        if text.len() <= BLOCK || text.len() > 2 * CHUNK {
            hashes[at] = Hash::of(text);
            continue;
        }
        if text.len() > CHUNK {
            longer.push((at, *text));
            if longer.len() == TOGETHER {
                two_chunks(platform, &mut longer, &mut hashes);
            }
            continue;
        }
        let blocks = (text.len() - 1) / BLOCK;
        waiting[blocks].push((at, text));
        if waiting[blocks].len() == TOGETHER {
            together(platform, blocks, &mut waiting[blocks], &mut hashes);
        }
    }
    for (blocks, texts) in waiting.iter_mut().enumerate().filter(|(_, texts)| !texts.is_empty()) {
        together(platform, blocks, texts, &mut hashes);
    }
    two_chunks(platform, &mut longer, &mut hashes);
    hashes
}

/// Hashes texts that have as many blocks before the last as each other.
fn together(platform: Platform, blocks: usize, texts: &mut Vec<(usize, &[u8])>, hashes: &mut [Hash]) {
    macro_rules! by_blocks {
        ($($n:literal)+) => {
            match blocks {
                $($n => chain_of::<{ $n * BLOCK }>(platform, texts, 0),)+
                _ => unreachable!("a text of one chunk has up to 15 blocks before its last"),
            }
        };
    }
    let chained = by_blocks!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    for ((at, text), so_far) in texts.drain(..).zip(chained) {
        let mut words = words_from_le_bytes_32(&so_far);
        compress(platform, &mut words, &text[blocks * BLOCK..], 0, CHUNK_END | ROOT);
        hashes[at] = Hash::from_bytes(le_bytes_from_words_32(&words));
    }
}

/// Hashes texts of two chunks: the first of each together, and what is left of it alone.
fn two_chunks(platform: Platform, texts: &mut Vec<(usize, &[u8])>, hashes: &mut [Hash]) {
    let firsts = chain_of::<CHUNK>(platform, texts, CHUNK_END);
    for ((at, text), first) in texts.drain(..).zip(firsts) {
        let (mut words, rest) = (IV, &text[CHUNK..]);
        let last = (rest.len() - 1) / BLOCK;
        for (number, block) in rest.chunks(BLOCK).enumerate() {
            let begins = if number == 0 { CHUNK_START } else { 0 };
            let ends = if number == last { CHUNK_END } else { 0 };
            compress(platform, &mut words, block, 1, begins | ends);
        }
        let mut above = [0; BLOCK];
        above[..32].copy_from_slice(&first);
        above[32..].copy_from_slice(&le_bytes_from_words_32(&words));
        let mut root = IV;
        compress(platform, &mut root, &above, 0, PARENT | ROOT);
        hashes[at] = Hash::from_bytes(le_bytes_from_words_32(&root));
    }
}

/// Takes one block, which may be shorter than a whole one, into the value of a chain.
fn compress(platform: Platform, words: &mut [u32; 8], block: &[u8], chunk: u64, flags: u8) {
    let mut whole = [0; BLOCK];
    whole[..block.len()].copy_from_slice(block);
    #[expect(clippy::cast_possible_truncation, reason = "a block has 64 bytes")]
    platform.compress_in_place(words, &whole, block.len() as u8, chunk, flags);
}

/// The value of the chain behind the first `N` bytes of each text, the last block of which has these flags.
fn chain_of<const N: usize>(platform: Platform, texts: &[(usize, &[u8])], last: u8) -> [[u8; 32]; TOGETHER] {
    let mut out = [0; 32 * TOGETHER];
    let beginnings: Vec<&[u8; N]> = texts.iter().filter_map(|(_, text)| text.first_chunk()).collect();
    platform.hash_many(&beginnings, &IV, 0, IncrementCounter::No, 0, CHUNK_START, last, &mut out[..32 * beginnings.len()]);
    let (each, _) = out.as_chunks();
    std::array::from_fn(|at| each[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_together_hash_as_each_alone() {
        let bytes: Vec<u8> = (0..70_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        // Every length around one chunk and two, the lengths of a block side by side, and long ones between them.
        let lengths = (0..=2_200).chain((0..2_000).map(|n| n * 7 % 2_100)).chain([4_096, 65_535, 64, 65, 1_024, 1_025, 2_048, 2_049]);
        let texts: Vec<&[u8]> = lengths.enumerate().map(|(at, length)| &bytes[at..at + length]).collect();
        let alone: Vec<Hash> = texts.iter().map(|text| Hash::of(text)).collect();
        assert_eq!(hash_each(&texts), alone);
        for count in 0..40 {
            assert_eq!(hash_each(&texts[700..700 + count]), alone[700..700 + count]);
        }
    }
}
