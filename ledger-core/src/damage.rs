//! What has been done to a chain that does not hold: which line was changed, is missing, was put in, stands twice or out of order.
//!
//! Following a chain ends at the first line that does not follow. Here all lines are looked at. A line is believed when its neighbours
//! name it: the one after it by its hash, or the one before it by being what it names. From the lines that are believed follows which
//! positions are empty, and from what stands between them in the log what has happened there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::chain::{Hash, Head, Link};
use crate::hash::Map;

/// A line as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// What it says of its place; nothing when it is no line.
    pub link: Option<Link>,
    /// The BLAKE3 of its bytes.
    pub hash: Hash,
}

impl Seen {
    /// Looks at a line.
    pub fn of(line: &[u8]) -> Self {
        Self { link: crate::chain::place(line), hash: Hash::of(line) }
    }
}

/// Something that was done to a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The event it was done to.
    pub at: u64,
    /// What was done.
    pub kind: Kind,
}

/// What can be done to a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The event was changed in place.
    Changed {
        /// What is known to have been its hash, when something names it.
        stored: Option<Hash>,
        /// What its bytes give.
        computed: Hash,
    },
    /// What stands in its place is no line of a ledger.
    Unreadable,
    /// It is missing, and so are those behind it up to this one.
    Missing {
        /// The last that is missing.
        last: u64,
    },
    /// A line that does not belong there stands before it.
    Inserted {
        /// The position that the line claims.
        claims: Option<u64>,
    },
    /// It stands once more, behind this one.
    Repeated {
        /// The event before the second occurrence; 0 before the first.
        behind: u64,
    },
    /// It stands in another place, behind this one.
    Reordered {
        /// The event before it; 0 before the first.
        behind: u64,
    },
    /// Event #1 names a line before it.
    WrongGenesis {
        /// The hash it names.
        prev: Hash,
    },
    /// The log ends before it, though it is known to have been there.
    Shorter {
        /// What is known.
        known: Head,
        /// Where the log ends.
        ends: u64,
    },
    /// Another event stands in its place than the one that is known to have been there.
    Differs {
        /// What is known.
        known: Head,
        /// What stands there.
        found: Hash,
    },
}

impl Damage {
    /// The first event that is no longer proven because of it.
    pub fn first(&self) -> u64 {
        match self.kind {
            Kind::Repeated { behind } => behind + 1,
            Kind::Reordered { behind } => self.at.min(behind + 1),
            Kind::Shorter { ends, .. } => ends + 1,
            _ => self.at,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        let behind = |behind: u64| if behind == 0 { "before event #1".to_owned() } else { format!("behind event #{behind}") };
        match self.kind {
            Kind::Changed { .. } => write!(out, "event #{at} does not match its hash: it was changed in place"),
            Kind::Unreadable => write!(out, "event #{at} is not a line of a ledger: it was changed in place"),
            Kind::Missing { last } if last == at => write!(out, "event #{at} is missing"),
            Kind::Missing { last } => write!(out, "events #{at} – #{last} are missing"),
            Kind::Inserted { claims: Some(claims) } => {
                write!(out, "a line that claims to be event #{claims} was inserted {}", behind(at - 1))
            }
            Kind::Inserted { claims: None } => write!(out, "a line that is none of a ledger was inserted {}", behind(at - 1)),
            Kind::Repeated { behind: place } => write!(out, "event #{at} is repeated {}", behind(place)),
            Kind::Reordered { behind: place } => write!(out, "event #{at} is out of order: it stands {}", behind(place)),
            Kind::WrongGenesis { prev } => write!(out, "event #1 does not begin a ledger: it names {prev} as the hash before it"),
            Kind::Shorter { known, ends } => write!(out, "the log ends at #{ends}, but it is known to have reached {known}"),
            Kind::Differs { known, found } => {
                write!(out, "event #{at} is {}, but {} is known to have been recorded there", found.short(), known.hash.short())
            }
        }
    }
}

/// Tells what has been done to a log whose lines are these, in the order in which they stand. `anchor` is a head that it is known to
/// have had. Nothing means that the chain holds.
pub fn damages(lines: &[Seen], anchor: Option<Head>) -> Vec<Damage> {
    Inquest::new(lines, anchor).verdict()
}

/// A line that holds a position.
#[derive(Debug, Clone, Copy)]
struct Holder {
    place: usize,
    /// It is believed: a neighbour names it, or is named by it.
    linked: bool,
}

struct Inquest<'a> {
    lines: &'a [Seen],
    anchor: Option<Head>,
    /// By hash, the occurrence that stands where it should.
    chosen: Map<Hash, usize>,
    holders: BTreeMap<u64, Holder>,
    found: Vec<Damage>,
}

impl<'a> Inquest<'a> {
    fn new(lines: &'a [Seen], anchor: Option<Head>) -> Self {
        let anchor = anchor.filter(|anchor| anchor.seq > 0);
        Self { lines, anchor, chosen: Map::default(), holders: BTreeMap::new(), found: Vec::new() }
    }

    fn verdict(mut self) -> Vec<Damage> {
        self.choose_occurrences();
        self.choose_holders();
        let order = self.in_order();
        self.fill_gaps(&order);
        self.judge_links();
        self.found.sort_by_key(|damage| (damage.first(), damage.at));
        self.found.dedup();
        self.found
    }

    fn link(&self, place: usize) -> Option<Link> {
        self.lines[place].link
    }

    /// Of lines that stand several times, the one that stands between its neighbours.
    fn choose_occurrences(&mut self) {
        let fits = |place: usize| {
            let own = self.lines[place];
            let follows = own.link.is_some_and(|link| match place {
                0 => link.prev == Hash::ZERO,
                _ => self.lines[place - 1].hash == link.prev,
            });
            let followed = self.lines.get(place + 1).and_then(|next| next.link).is_some_and(|link| link.prev == own.hash);
            u8::from(follows) + u8::from(followed)
        };
        for (place, line) in self.lines.iter().enumerate() {
            let best = self.chosen.entry(line.hash).or_insert(place);
            if *best != place && fits(place) > fits(*best) {
                *best = place;
            }
        }
    }

    /// For every position the line that belongs to the longest stretch of lines that name each other; one that leads to the anchor
    /// before all others.
    fn choose_holders(&mut self) {
        let mut by_seq: Vec<(u64, usize)> =
            self.chosen.values().filter_map(|place| self.link(*place).map(|link| (link.seq, *place))).filter(|(seq, _)| *seq > 0).collect();
        by_seq.sort_unstable();
        let parent = |place: usize| {
            let link = self.link(place)?;
            let above = *self.chosen.get(&link.prev)?;
            (self.link(above)?.seq + 1 == link.seq).then_some(above)
        };
        let mut depth = vec![0_u64; self.lines.len()];
        let mut reach = vec![1_u64; self.lines.len()];
        let mut anchored = vec![false; self.lines.len()];
        for (_, place) in &by_seq {
            depth[*place] = parent(*place).map_or(1, |above| depth[above] + 1);
        }
        for (seq, place) in by_seq.iter().rev() {
            anchored[*place] |= self.anchor == Some(Head { seq: *seq, hash: self.lines[*place].hash });
            if let Some(above) = parent(*place) {
                reach[above] = reach[above].max(reach[*place] + 1);
                anchored[above] |= anchored[*place];
            }
        }
        let mut holders: BTreeMap<u64, (bool, u64, usize)> = BTreeMap::new();
        for (seq, place) in by_seq {
            let stretch = depth[place] + reach[place] - 1;
            let begins = seq == 1 && self.link(place).is_some_and(|link| link.prev == Hash::ZERO);
            if stretch < 2 && !begins && !anchored[place] {
                continue;
            }
            let worth = (anchored[place], stretch, usize::MAX - place);
            let best = holders.entry(seq).or_insert(worth);
            *best = worth.max(*best);
        }
        let holder = |(_, _, inverted)| Holder { place: usize::MAX - inverted, linked: true };
        self.holders = holders.into_iter().map(|(seq, worth)| (seq, holder(worth))).collect();
    }

    /// The longest run of holders that stand in the order of their positions, by position and place; the others are out of order.
    fn in_order(&mut self) -> Vec<(u64, usize)> {
        let all: Vec<(u64, usize)> = self.holders.iter().map(|(seq, holder)| (*seq, holder.place)).collect();
        if all.is_sorted_by_key(|(_, place)| *place) {
            return all;
        }
        // Patience: the smallest last place of a run of each length, and for each holder the one before it in its run.
        let (mut ends, mut before) = (Vec::<usize>::new(), vec![usize::MAX; all.len()]);
        for (at, (_, place)) in all.iter().enumerate() {
            let length = ends.partition_point(|end| all[*end].1 < *place);
            before[at] = if length > 0 { ends[length - 1] } else { usize::MAX };
            if length == ends.len() { ends.push(at) } else { ends[length] = at }
        }
        let mut run = BTreeSet::new();
        let mut at = ends.last().copied().unwrap_or(usize::MAX);
        while let Some(earlier) = before.get(at) {
            run.insert(at);
            at = *earlier;
        }
        let seqs: BTreeMap<usize, u64> = all.iter().map(|(seq, place)| (*place, *seq)).collect();
        for (at, (seq, place)) in all.iter().enumerate() {
            if !run.contains(&at) {
                let behind = seqs.range(..place).next_back().map_or(0, |(_, seq)| *seq);
                self.found.push(Damage { at: *seq, kind: Kind::Reordered { behind } });
            }
        }
        run.into_iter().map(|at| all[at]).collect()
    }

    /// What stands between two holders, and which positions there are without one.
    fn fill_gaps(&mut self, order: &[(u64, usize)]) {
        let held: BTreeSet<usize> = self.holders.values().map(|holder| holder.place).collect();
        let last = order.last().copied();
        let end = self.anchor.map_or(0, |anchor| anchor.seq).max(last.map_or(0, |(seq, _)| seq)) + 1;
        let (mut from, mut place) = (0, None);
        for (until, stop) in order.iter().copied().chain([(end, self.lines.len())]) {
            let strays: Vec<usize> = (place.map_or(0, |place: usize| place + 1)..stop).filter(|stray| !held.contains(stray)).collect();
            let taken: BTreeSet<u64> = self.holders.range(from + 1..until).map(|(seq, _)| *seq).collect();
            self.fill(from, until, stop == self.lines.len(), &strays, taken);
            (from, place) = (until, Some(stop));
        }
    }

    /// Gives the positions between two holders that are not taken to the strays between them: first to those that claim one of them, in
    /// order. Positions are never listed, because a forged line can claim any.
    fn fill(&mut self, from: u64, until: u64, at_end: bool, strays: &[usize], mut taken: BTreeSet<u64>) {
        let mut places: Vec<Option<u64>> = vec![None; strays.len()];
        let mut rest: Vec<usize> = Vec::new();
        let mut low = from;
        for (at, stray) in strays.iter().enumerate() {
            if self.chosen.get(&self.lines[*stray].hash) != Some(stray) {
                let seq = self.link(*stray).map(|link| link.seq);
                // Garbage that stands twice is garbage twice.
                match seq {
                    Some(seq) => self.found.push(Damage { at: seq, kind: Kind::Repeated { behind: low } }),
                    None => rest.push(at),
                }
                continue;
            }
            let claims = self.link(*stray).map(|link| link.seq).filter(|seq| *seq > low && *seq < until && !taken.contains(seq));
            match claims {
                Some(seq) => {
                    taken.insert(seq);
                    (places[at], low) = (Some(seq), seq);
                }
                None => rest.push(at),
            }
        }
        for at in rest {
            let low = places[..at].iter().rev().find_map(|place| *place).unwrap_or(from);
            let high = places[at..].iter().find_map(|place| *place).unwrap_or(until);
            let free = (low + 1..high).find(|seq| !taken.contains(seq));
            let link = self.link(strays[at]);
            // Behind the last line that is believed, what does not follow may be a next line that was changed.
            let next = (at_end && self.anchor.is_none() && at == 0).then_some(from + 1);
            let next = next.filter(|next| link.is_none_or(|link| link.seq == *next));
            match free.or(next) {
                Some(seq) => {
                    taken.insert(seq);
                    places[at] = Some(seq);
                    if link.is_none() {
                        self.found.push(Damage { at: seq, kind: Kind::Unreadable });
                    } else if link.is_some_and(|link| link.seq != seq) {
                        let computed = self.lines[strays[at]].hash;
                        self.found.push(Damage { at: seq, kind: Kind::Changed { stored: self.named_after(seq), computed } });
                    }
                }
                None => self.found.push(Damage { at: low + 1, kind: Kind::Inserted { claims: link.map(|link| link.seq) } }),
            }
        }
        for (at, stray) in strays.iter().enumerate() {
            if let (Some(seq), Some(link)) = (places[at], self.link(*stray))
                && link.seq == seq
            {
                self.holders.insert(seq, Holder { place: *stray, linked: false });
            }
        }
        let mut next = from + 1;
        for seq in taken.into_iter().chain([until]) {
            if next < seq {
                let kind = match self.anchor.filter(|anchor| at_end && seq == until && anchor.seq + 1 == until) {
                    Some(known) => Kind::Shorter { known, ends: next - 1 },
                    None => Kind::Missing { last: seq - 1 },
                };
                self.found.push(Damage { at: if let Kind::Shorter { known, .. } = kind { known.seq } else { next }, kind });
            }
            next = seq + 1;
        }
    }

    /// The hash that the holder of the next position, or the anchor, names for a position.
    fn named_after(&self, seq: u64) -> Option<Hash> {
        let next = self.holders.get(&(seq + 1)).and_then(|next| self.link(next.place)).map(|link| link.prev);
        next.or_else(|| self.anchor.filter(|anchor| anchor.seq == seq).map(|anchor| anchor.hash))
    }

    /// Whether something speaks against a line: another hash is named for its position, by one that is itself not spoken against.
    fn judge_links(&mut self) {
        let mut found = Vec::new();
        // From the end, so that whether the next line can be believed is known.
        let mut next: Option<(u64, Holder, bool)> = None;
        for (seq, holder) in self.holders.iter().rev() {
            let hash = self.lines[holder.place].hash;
            let named =
                next.filter(|(after, ..)| *after == seq + 1).and_then(|(_, after, sound)| Some((self.link(after.place)?.prev, sound)));
            let anchored = self.anchor.filter(|anchor| anchor.seq == *seq).map(|anchor| anchor.hash);
            let sound = match (named, anchored) {
                (Some((named, _)), _) if named == hash => true,
                (None, Some(known)) => known == hash,
                (Some((_, sound)), _) => !sound,
                (None, None) => true,
            };
            let prev = self.link(holder.place).map(|link| link.prev);
            let begins_wrongly = *seq == 1 && prev != Some(Hash::ZERO);
            if begins_wrongly {
                found.push(Damage { at: 1, kind: Kind::WrongGenesis { prev: prev.unwrap_or(Hash::ZERO) } });
            } else if !sound {
                let stored = named.map(|(named, _)| named).or(anchored);
                found.push(Damage { at: *seq, kind: Kind::Changed { stored, computed: hash } });
            }
            if let Some(known) = self.anchor.filter(|anchor| anchor.seq == *seq && anchor.hash != hash && sound) {
                found.push(Damage { at: *seq, kind: Kind::Differs { known, found: hash } });
            }
            next = Some((*seq, *holder, sound && (holder.linked || named.is_some())));
        }
        self.found.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(seq: u64, prev: Hash, what: &str) -> String {
        format!(
            r#"{{"actor":"li","effective_at":"2026-01-01T00:00:00Z","event":"{what}","prev":"{prev}","recorded_at":"2026-01-01T00:00:00Z","seq":{seq},"source":null,"v":1}}"#
        )
    }

    fn chain(count: u64) -> Vec<String> {
        let mut head = Head::EMPTY;
        let mut lines = Vec::new();
        for seq in 1..=count {
            let line = line(seq, head.hash, &format!("event {seq}"));
            head = Head { seq, hash: Hash::of(line.as_bytes()) };
            lines.push(line);
        }
        lines
    }

    fn head(lines: &[String]) -> Option<Head> {
        lines.last().map(|line| Head { seq: lines.len() as u64, hash: Hash::of(line.as_bytes()) })
    }

    fn found(lines: &[String], anchor: Option<Head>) -> Vec<Damage> {
        let seen: Vec<Seen> = lines.iter().map(|line| Seen::of(line.as_bytes())).collect();
        damages(&seen, anchor)
    }

    fn said(lines: &[String], anchor: Option<Head>) -> Vec<String> {
        found(lines, anchor).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_chain_that_holds_has_no_damage() {
        for count in [0, 1, 2, 9] {
            let lines = chain(count);
            assert_eq!(said(&lines, head(&lines)), [""; 0]);
            assert_eq!(said(&lines, None), [""; 0]);
            assert_eq!(said(&lines, head(&lines[..lines.len() / 2])), [""; 0], "a log may be longer than its anchor");
        }
    }

    #[test]
    fn several_damages_are_told_apart() {
        let mut lines = chain(40);
        let anchor = head(&lines);
        lines[4] = lines[4].replace("event 5", "event five");
        lines.drain(11..14);
        lines.insert(19, line(99, Hash::of(b"elsewhere"), "a stranger"));
        lines[24] = "garbage".to_owned();
        lines.swap(30, 31);
        assert_eq!(
            said(&lines, anchor),
            [
                "event #5 does not match its hash: it was changed in place",
                "events #12 – #14 are missing",
                "a line that claims to be event #99 was inserted behind event #22",
                "event #27 is not a line of a ledger: it was changed in place",
                "event #33 is out of order: it stands behind event #34",
            ]
        );
    }

    #[test]
    fn the_beginning_and_the_end_are_told_apart_too() {
        let lines = chain(9);
        let anchor = head(&lines);
        let with = |at: usize, line: String| {
            let mut lines = lines.clone();
            lines[at] = line;
            lines
        };
        let foreign = with(0, lines[0].replace(&Hash::ZERO.to_string(), &Hash::of(b"elsewhere").to_string()));
        assert!(matches!(found(&foreign, anchor)[..], [Damage { at: 1, kind: Kind::WrongGenesis { .. } }]));
        assert_eq!(said(&lines[..6], anchor), [format!("the log ends at #6, but it is known to have reached {}", anchor.unwrap())]);
        assert_eq!(said(&lines[2..], anchor), ["events #1 – #2 are missing"]);
        // Whoever writes everything anew from some event on leaves a chain that holds; the anchor knows better.
        let mut rewritten = lines[..5].to_vec();
        for seq in 6..=12 {
            let head = head(&rewritten).unwrap();
            rewritten.push(line(seq, head.hash, "another story"));
        }
        assert!(matches!(found(&rewritten, anchor)[..], [Damage { at: 9, kind: Kind::Differs { .. } }]));
        assert_eq!(said(&rewritten, None), [""; 0], "a chain alone cannot show it");
    }

    fn first(found: &[Damage]) -> Option<u64> {
        found.iter().map(Damage::first).min()
    }

    proptest! {
        #[test]
        fn any_edit_is_a_change_at_its_place(count in 1_u64..30, at in any::<prop::sample::Index>(), how in 0..5) {
            let mut lines = chain(count);
            let anchor = head(&lines);
            let at = at.index(lines.len());
            let seq = at as u64 + 1;
            let prev = if at == 0 { Hash::ZERO } else { Hash::of(lines[at - 1].as_bytes()) };
            lines[at] = match how {
                0 => line(seq, prev, "forged"),
                1 => line(seq, Hash::of(b"forged"), &format!("event {seq}")),
                2 => line(seq + 70, prev, &format!("event {seq}")),
                3 => lines[at][..lines[at].len() / 2].to_owned(),
                _ => String::new(),
            };
            let found = found(&lines, anchor);
            prop_assert_eq!(found.len(), 1, "{:?}", found);
            prop_assert_eq!(found[0].at, seq);
            let fits = match found[0].kind {
                Kind::Changed { stored, computed } => how < 3 && stored.is_some() && computed == Hash::of(lines[at].as_bytes()),
                Kind::Unreadable => how >= 3,
                Kind::WrongGenesis { .. } => how == 1 && seq == 1,
                _ => false,
            };
            prop_assert!(fits, "{:?}", found);
        }

        #[test]
        fn any_run_that_is_dropped_is_missing(count in 1_u64..30, at in any::<prop::sample::Index>(), run in 1_usize..6) {
            let mut lines = chain(count);
            let anchor = head(&lines);
            let at = at.index(lines.len());
            let until = (at + run).min(lines.len());
            lines.drain(at..until);
            let found = found(&lines, anchor);
            prop_assert_eq!(found.len(), 1, "{:?}", found);
            prop_assert_eq!(found[0].first(), at as u64 + 1);
            match found[0].kind {
                Kind::Missing { last } => prop_assert_eq!((found[0].at, last), (at as u64 + 1, until as u64)),
                Kind::Shorter { ends, .. } => prop_assert!(until as u64 == count && ends == at as u64),
                _ => prop_assert!(false, "{:?}", found),
            }
        }

        #[test]
        fn any_line_that_stands_twice_is_repeated(count in 1_u64..30, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
            let mut lines = chain(count);
            let anchor = head(&lines);
            let (from, to) = (from.index(lines.len()), to.index(lines.len() + 1));
            let line = lines[from].clone();
            lines.insert(to, line);
            // Beside the original, the second of the two is the repeated one.
            let behind = if to == from { to + 1 } else { to } as u64;
            prop_assert_eq!(found(&lines, anchor), [Damage { at: from as u64 + 1, kind: Kind::Repeated { behind } }]);
        }

        #[test]
        fn any_two_lines_that_change_places_are_out_of_order(
            count in 2_u64..30, one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        ) {
            let mut lines = chain(count);
            let anchor = head(&lines);
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            prop_assume!(one != other);
            lines.swap(one, other);
            let found = found(&lines, anchor);
            prop_assert!(found.iter().all(|damage| matches!(damage.kind, Kind::Reordered { .. })), "{:?}", found);
            prop_assert_eq!(first(&found), Some(one.min(other) as u64 + 1));
        }

        #[test]
        fn any_line_that_is_put_in_is_found(count in 1_u64..30, at in any::<prop::sample::Index>(), how in 0..4) {
            let mut lines = chain(count);
            let anchor = head(&lines);
            let at = at.index(lines.len() + 1);
            let prev = if at == 0 { Hash::ZERO } else { Hash::of(lines[at - 1].as_bytes()) };
            // Behind the last line, what follows is simply the next event.
            prop_assume!(how != 0 || at < lines.len());
            lines.insert(at, match how {
                0 => line(at as u64 + 1, prev, "put in, and it follows"),
                1 => line(at as u64 + 1, Hash::of(b"elsewhere"), "put in"),
                2 => line(70, Hash::of(b"elsewhere"), "put in"),
                _ => "garbage".to_owned(),
            });
            let found = found(&lines, anchor);
            prop_assert_eq!(found.len(), 1, "{:?}", found);
            prop_assert!(matches!(found[0].kind, Kind::Inserted { .. }), "{:?}", found);
            prop_assert_eq!(found[0].at, at as u64 + 1);
        }

        #[test]
        fn nothing_that_is_done_to_lines_goes_unseen(count in 1_u64..20, deeds in prop::collection::vec((0..5, any::<u16>(), any::<u16>()), 1..6)) {
            let mut lines = chain(count);
            let (anchor, honest) = (head(&lines), lines.clone());
            for (deed, one, other) in deeds {
                if lines.is_empty() {
                    break;
                }
                let (one, other) = (usize::from(one) % lines.len(), usize::from(other) % lines.len());
                match deed {
                    0 => drop(lines.remove(one)),
                    1 => lines.swap(one, other),
                    2 => lines.insert(one, lines[other].clone()),
                    3 => lines[one] = lines[one].replace("event", "even"),
                    _ => lines.insert(one, "garbage".to_owned()),
                }
            }
            prop_assert_eq!(found(&lines, anchor).is_empty(), lines == honest);
        }
    }
}
