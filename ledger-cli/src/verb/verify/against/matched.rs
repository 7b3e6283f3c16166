//! Which line here is which line there, and what is other about it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ledger_core::chain::{self, Hash, Head};
use ledger_core::money::Amount;
use ledger_core::report::{Cell, Report};
use serde_json::Value;

use crate::failure::counted;
use crate::verb::facts::walk;

/// A line that may be none. It is kept as it stands: taken apart it would take many times the memory.
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    pub(super) seq: Option<u64>,
    is_readable: bool,
    event: String,
    key: Option<String>,
    /// What it says, wherever it stands and whatever it follows.
    content: Hash,
}

impl Line {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        // No line of a ledger is longer; what is, says nothing.
        let value: Option<Value> =
            Some(&bytes).filter(|bytes| bytes.len() <= chain::LONGEST_LINE).and_then(|bytes| serde_json::from_slice(bytes).ok());
        let value = value.filter(Value::is_object);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let seq = value.as_ref().and_then(|value| value["seq"].as_u64());
        let event = value.as_ref().and_then(|value| text(&value["event"]["type"])).unwrap_or_default();
        let key = value.as_ref().and_then(|value| text(&value["source"]["id"]));
        let is_readable = value.is_some();
        let said = value.map(|mut value| {
            if let Some(members) = value.as_object_mut() {
                members.remove("prev");
                members.remove("seq");
            }
            value.to_string()
        });
        let content = Hash::of(said.as_ref().map_or(&bytes[..], |said| said.as_bytes()));
        Self { bytes, seq, is_readable, event, key, content }
    }

    pub(super) fn event(&self) -> &str {
        &self.event
    }

    /// The natural key of what it says.
    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = Vec::new();
        let value: Option<Value> = serde_json::from_slice(&self.bytes).ok();
        value.iter().for_each(|value| walk(value, &mut String::new(), &mut fields));
        let own = |path: String| path.strip_prefix("event.value.").map(str::to_owned).unwrap_or(path);
        fields.into_iter().filter(|(path, _)| path != "prev" && path != "seq").map(|(path, text)| (own(path), text)).collect()
    }
}

/// Which line here is which line there.
pub(super) struct Matched {
    /// By position here, the position there, in order.
    pairs: BTreeMap<usize, usize>,
    /// How many stand here behind everything that is there.
    pub(super) since: u64,
}

impl Matched {
    pub(super) fn of(old: &[Line], new: &[Line]) -> Self {
        let mut pairs = BTreeMap::new();
        let mut free: BTreeSet<usize> = (0..old.len()).collect();
        let by_seq: BTreeMap<u64, usize> = old.iter().enumerate().filter_map(|(at, line)| Some((line.seq?, at))).collect();
        let place = |line: &Line| line.seq.and_then(|seq| by_seq.get(&seq).copied());
        let mut take = |here: usize, there: usize, pairs: &mut BTreeMap<usize, usize>| {
            if free.remove(&there) {
                pairs.insert(here, there);
            }
        };
        // As it was, where it was; then wherever it stands now.
        for (here, line) in new.iter().enumerate() {
            if let Some(there) = place(line).filter(|there| old[*there].content == line.content) {
                take(here, there, &mut pairs);
            }
        }
        let mut by_content: BTreeMap<Hash, VecDeque<usize>> = BTreeMap::new();
        let used: BTreeSet<usize> = pairs.values().copied().collect();
        for (there, line) in old.iter().enumerate().filter(|(there, _)| !used.contains(there)) {
            by_content.entry(line.content).or_default().push_back(there);
        }
        for (here, line) in new.iter().enumerate() {
            if !pairs.contains_key(&here)
                && let Some(there) = by_content.get_mut(&line.content).and_then(VecDeque::pop_front)
            {
                take(here, there, &mut pairs);
            }
        }
        // What says something else of the same thing was edited; else what stands in its place.
        let used: BTreeSet<usize> = pairs.values().copied().collect();
        let by_key: BTreeMap<&str, usize> = old
            .iter()
            .enumerate()
            .filter(|(there, _)| !used.contains(there))
            .filter_map(|(there, line)| Some((line.key()?, there)))
            .collect();
        for (here, line) in new.iter().enumerate().filter(|(_, line)| line.is_readable) {
            let there = line
                .key()
                .and_then(|key| by_key.get(key).copied())
                .or_else(|| place(line).filter(|there| old[*there].event() == line.event()));
            if !pairs.contains_key(&here)
                && let Some(there) = there
            {
                take(here, there, &mut pairs);
            }
        }
        for (here, line) in new.iter().enumerate() {
            let there = place(line).or_else(|| here.checked_sub(1).map_or(Some(0), |before| pairs.get(&before).map(|there| there + 1)));
            if !pairs.contains_key(&here)
                && let Some(there) = there
            {
                take(here, there, &mut pairs);
            }
        }
        let last = pairs.keys().next_back().map_or(0, |last| last + 1);
        // What came since continues what is there; what only stands behind it was put there.
        let head = last.checked_sub(1).map_or(Some(Head::EMPTY), |at| Some(Head { seq: new[at].seq?, hash: Hash::of(&new[at].bytes) }));
        let follows = |head: Head| new[last..].iter().try_fold(head, |head, line| chain::follow(head, &line.bytes)).is_ok();
        let is_since = free.is_empty() && head.is_some_and(follows);
        Self { pairs, since: if is_since { (new.len() - last) as u64 } else { 0 } }
    }

    /// The positions here that do not stand in the order of there: as few as can be.
    fn moved(&self) -> BTreeSet<usize> {
        // The longest run of rising positions stands; what is not in it was moved.
        let all: Vec<(usize, usize)> = self.pairs.iter().map(|(here, there)| (*here, *there)).collect();
        let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
        for (at, (_, there)) in all.iter().enumerate() {
            let length = ends.partition_point(|end| all[*end].1 < *there);
            before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
            if length == ends.len() { ends.push(at) } else { ends[length] = at }
        }
        let mut stands = BTreeSet::new();
        let mut next = ends.last().copied();
        while let Some(at) = next {
            stands.insert(all[at].0);
            next = before[at];
        }
        all.iter().map(|(here, _)| *here).filter(|here| !stands.contains(here)).collect()
    }

    /// Rows for everything that is other, and how many of each kind there are.
    pub(super) fn tell(&self, old: &[Line], new: &[Line], report: &mut Report) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut rows: Vec<(u64, Vec<Cell>)> = Vec::new();
        let mut row = |line: &Line, what: &'static str, field: &str, texts: [Option<&str>; 2], currency: Option<&str>| {
            let seq = line.seq.unwrap_or(0);
            let [there, here] = texts.map(|text| Cell::or_empty(text, Cell::text));
            let field = Cell::or_empty(Some(field).filter(|field| !field.is_empty()), Cell::text);
            let cells = vec![
                Cell::or_empty(line.seq, Cell::Count),
                Cell::text(line.event()),
                Cell::text(what),
                field,
                there,
                here,
                Cell::or_empty(currency, Cell::text),
            ];
            rows.push((seq, cells));
        };
        let moved = self.moved();
        let mut anew = 0;
        for (here, there) in &self.pairs {
            let (was, is) = (&old[*there], &new[*here]);
            if moved.contains(here) {
                *counts.entry(MOVED).or_default() += 1;
                let place = format!("line {}", here + 1);
                row(was, MOVED, "", [Some(&format!("line {}", there + 1)), Some(&place)], None);
            }
            if was.content == is.content {
                anew += u64::from(was.bytes != is.bytes);
                continue;
            }
            if !is.is_readable {
                *counts.entry(UNREADABLE).or_default() += 1;
                row(was, UNREADABLE, "", [None, None], None);
                continue;
            }
            *counts.entry(EDITED).or_default() += 1;
            let (before, after) = (was.fields(), is.fields());
            let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let currency = before.get("currency").map(String::as_str);
            for field in fields.into_iter().filter(|field| before.get(*field) != after.get(*field)) {
                let texts = [before.get(field), after.get(field)].map(|text| text.map(String::as_str));
                let money = currency.filter(|_| texts.iter().flatten().any(|text| text.parse::<Amount>().is_ok()));
                row(was, EDITED, field, texts, money);
            }
        }
        let used: BTreeSet<usize> = self.pairs.values().copied().collect();
        let kept = used.last().map_or(0, |last| last + 1);
        if let [first, .., last] = &old[kept..] {
            counts.insert(CUT_OFF, (old.len() - kept) as u64);
            row(first, CUT_OFF, "", [last.seq.map(|seq| format!("up to #{seq}")).as_deref(), None], None);
        }
        let kept = if old.len() - kept > 1 { kept } else { old.len() };
        for (_, line) in old[..kept].iter().enumerate().filter(|(there, _)| !used.contains(there)) {
            *counts.entry(MISSING).or_default() += 1;
            row(line, MISSING, "", [line.key(), None], None);
        }
        let known: BTreeSet<Hash> = old.iter().map(|line| line.content).collect();
        let until = new.len() - usize::try_from(self.since).unwrap_or(0);
        for (_, line) in new[..until].iter().enumerate().filter(|(here, _)| !self.pairs.contains_key(here)) {
            let what = if known.contains(&line.content) { REPEATED } else { INSERTED };
            *counts.entry(what).or_default() += 1;
            row(line, what, "", [None, line.key()], None);
        }
        rows.sort_by_key(|(seq, _)| *seq);
        report.rows.extend(rows.into_iter().map(|(_, cells)| cells));
        if anew > 0 {
            report.notes.push(format!("{} the same, and bound to others: the chain was written anew", counted(anew, "event")));
            counts.entry(REBOUND).or_insert(anew);
        }
        counts
    }
}

const EDITED: &str = "edited";
pub(super) const MISSING: &str = "missing";
const CUT_OFF: &str = "cut off";
const INSERTED: &str = "inserted";
const REPEATED: &str = "repeated";
const MOVED: &str = "moved";
const UNREADABLE: &str = "unreadable";
const REBOUND: &str = "bound anew";
