//! What is done to files that were handed out, by whoever can write files, or has the program changed: each gives whether there was something to
//! do it to.

use std::collections::BTreeSet;
use std::fs;

use ed25519_dalek::SigningKey;
use ledger_core::chain::Hash;
use ledger_core::checkpoint::Note;
use ledger_core::event::Entry;
use ledger_core::event::governance::KeyRotated;
use ledger_core::money::Amount;
use ledger_core::report::canonical;
use ledger_core::sampling::confirm::{Accounts, Stands};
use ledger_core::sampling::{Drawing, Sample};
use ledger_core::time::Period;
use serde_json::Value;

use super::edits::{anew, change_actor, changed, put, signed_anew};
use super::victim::{Line, Victim, YEARS, chained, with_value};
use crate::failure::Failure;
use crate::signing;
use crate::verb::bundle::{Chosen, Tables};

const EVENT: &[u8] = b"{\"actor\":";

/// A bundle with other lines, and an end that fits.
fn refitted(bundle: &[u8], change: impl FnOnce(Vec<Line>) -> Option<Vec<Line>>) -> Option<Vec<u8>> {
    let mut lines: Vec<Line> = bundle.strip_suffix(b"\n")?.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.pop();
    let lines = change(lines)?;
    let all: Vec<u8> = lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect();
    let end = format!("{{\"type\":\"end\",\"value\":{{\"b3\":\"{}\",\"lines\":{}}}}}\n", Hash::of(&all), lines.len());
    Some([all, end.into_bytes()].concat())
}

/// An amount in a bundle changed; its end fits, and if it is asked for the chain as well.
pub(super) fn amount(it: &Victim, is_chained: bool) -> Result<bool, Failure> {
    it.change("old.dealbundle", |bundle| {
        refitted(&changed(&bundle)?, |mut lines| {
            let from = lines.iter().position(|line| line.starts_with(EVENT))?;
            let until = lines.iter().rposition(|line| line.starts_with(EVENT))? + 1;
            if is_chained {
                let anew = chained(lines[from..until].to_vec());
                lines.splice(from..until, anew);
            }
            Some(lines)
        })
    })
}

/// A bundle without one of its lines.
pub(super) fn line_less(it: &Victim) -> Result<bool, Failure> {
    it.change("old.dealbundle", |bundle| {
        refitted(&bundle, |mut lines| {
            lines.remove(lines.iter().rposition(|line| line.starts_with(EVENT))?);
            Some(lines)
        })
    })
}

/// A bundle of another history, under the ledger's key or under one's own.
pub(super) fn another_history(it: &Victim, is_own_key: bool) -> Result<bool, Failure> {
    let other = it.again()?;
    let edit = |lines: &mut Vec<Line>| change_actor(&mut lines[1]);
    let done = if is_own_key {
        other.remove(super::victim::CHECKPOINTS)?;
        let done = anew(&other, edit)?;
        other.does("checkpoint --key thief.pem", Some("said"))?;
        done
    } else {
        signed_anew(&other, edit)?
    };
    other.does("bundle all", Some("new.dealbundle"))?;
    it.take_from(&other, "new.dealbundle")?;
    Ok(done)
}

/// A proof that says another place.
pub(super) fn moved(it: &Victim) -> Result<bool, Failure> {
    it.change("event.proof", |proof| {
        let at = memchr::memmem::find(&proof, b"\nindex ")? + 7;
        put(proof, at, |digit| if digit == b'9' { b'8' } else { digit + 1 })
    })
}

/// A dossier with other lines of the ledger, each with its proof.
pub(super) fn dossier(it: &Victim, change: fn(&mut BTreeSet<u64>) -> bool) -> Result<bool, Failure> {
    let Some(deal) = &it.deal else { return Ok(false) };
    let mut done = false;
    it.forges(&format!("bundle {deal}"), "deal.dealbundle", |chosen| done = change(&mut chosen.events))?;
    Ok(done)
}

/// Takes the line in the middle out.
pub(super) fn take_out(events: &mut BTreeSet<u64>) -> bool {
    let middle = events.iter().nth(events.len() / 2).copied().filter(|seq| *seq > 1);
    middle.is_some_and(|seq| events.remove(&seq))
}

/// Puts a line of something else in.
pub(super) fn put_in(events: &mut BTreeSet<u64>) -> bool {
    let last = events.last().copied().unwrap_or(1);
    (2..last).find(|seq| !events.contains(seq)).is_some_and(|seq| events.insert(seq))
}

/// A sample whose table is another.
pub(super) fn sample(it: &Victim, change: impl FnOnce(&mut Sample) -> bool) -> Result<bool, Failure> {
    sampled(it, |chosen| match &mut chosen.tables {
        Tables::Sample(sample) => change(sample),
        _ => false,
    })
}

/// A sample of a population from which an item was kept that would have been selected.
pub(super) fn steered(it: &Victim) -> Result<bool, Failure> {
    let entries = it.entries()?;
    sampled(it, |chosen| {
        let Tables::Sample(sample) = &mut chosen.tables else { return false };
        let Some(hidden) = sample.strata.iter().flat_map(|drawn| &drawn.picked).map(|picked| picked.event).next_back() else {
            return false;
        };
        let mut drawing = Drawing::new(sample.question.clone());
        entries.iter().filter(|entry| entry.seq != hidden).for_each(|entry| drawing.take(entry));
        **sample = drawing.done();
        chosen.events = sample.lines().chain([1]).collect();
        true
    })
}

fn sampled(it: &Victim, change: impl FnOnce(&mut Chosen) -> bool) -> Result<bool, Failure> {
    if !it.at("sample.dealbundle").is_file() {
        return Ok(false);
    }
    let mut done = false;
    it.forges("bundle all --sample 5 --seed selftest", "sample.dealbundle", |chosen| done = change(chosen))?;
    Ok(done)
}

/// One more than an amount.
pub(super) fn more(amount: Amount) -> Amount {
    Amount::from_units(amount.units() + 100_000_000)
}

/// A statement whose first balance is another.
pub(super) fn statement(it: &Victim, change: fn(&mut Stands)) -> Result<bool, Failure> {
    stated(it, |chosen| {
        let Tables::Statement(told) = &mut chosen.tables else { return false };
        told.balances.first_mut().map(change).is_some()
    })
}

/// A statement of a ledger that lacks one of the lines that it is of.
pub(super) fn concealed(it: &Victim) -> Result<bool, Failure> {
    let entries = it.entries()?;
    stated(it, |chosen| {
        let is_money = |entry: &&Entry| chosen.events.contains(&entry.seq) && entry.event.billing().is_some();
        let (Tables::Statement(told), Some(hidden)) = (&mut chosen.tables, entries.iter().rfind(is_money)) else { return false };
        let mut accounts = Accounts::default();
        entries.iter().filter(|entry| entry.seq != hidden.seq).for_each(|entry| accounts.take(entry));
        let period = Period { from: told.statement.from, until: told.statement.until };
        let again = accounts.of(told.statement.party, period, told.statement.checkpoint);
        (*told, chosen.events, chosen.left_out) = (again.confirmable, again.lines, again.left_out);
        chosen.events.insert(1);
        true
    })
}

fn stated(it: &Victim, change: impl FnOnce(&mut Chosen) -> bool) -> Result<bool, Failure> {
    let Some(party) = it.party else { return Ok(false) };
    let mut done = false;
    it.forges(&format!("bundle {YEARS} --statement {party}"), "statement.dealbundle", |chosen| done = change(chosen))?;
    Ok(done)
}

/// A ledger whose key was replaced as it should be, and then that line written again as somebody else would; nobody has signed it since.
pub(super) fn replacement(it: &Victim, forge: impl Fn(KeyRotated, &str, [&SigningKey; 3]) -> KeyRotated) -> Result<bool, Failure> {
    it.does("checkpoint --rotate next.pem --key key.pem", Some("said"))?;
    it.remove(&it.newest(".note"))?;
    let keys = ["key.pem", "next.pem", "thief.pem"].map(|name| signing::private(&it.at(name)));
    let [key, next, thief] = keys.map(|key| key.ok());
    let (Some(key), Some(next), Some(thief)) = (key, next, thief) else { return Ok(false) };
    let origin = note(it, "old.note").map(|note| note.checkpoint.origin).unwrap_or_default();
    let forged = forge(KeyRotated::signed(&origin, &key, &next), &origin, [&key, &next, &thief]);
    anew(it, |lines| {
        let Some(last) = lines.last_mut() else { return false };
        let KeyRotated { key, key_signature, previous, previous_signature } = &forged;
        let fields = [("key", key), ("key_signature", key_signature), ("previous", previous), ("previous_signature", previous_signature)];
        for (name, value) in fields {
            *last = with_value(last, format!("\"{name}\":\"").as_bytes(), b'"', value.as_bytes());
        }
        true
    })
}

fn note(it: &Victim, name: &str) -> Option<Note> {
    Note::parse(&fs::read(it.at(name)).ok()?).ok()
}

/// Replaces the key, and has the newest checkpoint signed by another than the one that signs now: in the ledger, and in a bundle of it.
pub(super) fn signed_by(it: &Victim, name: &str) -> Result<bool, Failure> {
    it.does("checkpoint --rotate next.pem --key key.pem", Some("said"))?;
    it.does("bundle all", Some("new.dealbundle"))?;
    let key = signing::private(&it.at(name))?;
    let signed = |text: &[u8]| {
        let mut note = Note::parse(text).ok()?;
        note.signatures.clear();
        note.sign(&note.checkpoint.origin.clone(), &key);
        Some(note.to_string())
    };
    let newest = it.newest(".note");
    let kept = it.change(&newest, |note| signed(&note).map(String::into_bytes))?;
    let handed = it.change("new.dealbundle", |bundle| {
        refitted(&bundle, |mut lines| {
            let newest = lines.iter_mut().rfind(|line| line.starts_with(b"{\"type\":\"checkpoint\""))?;
            let mut record: Value = serde_json::from_slice(newest).ok()?;
            record["value"]["note"] = signed(record["value"]["note"].as_str()?.as_bytes())?.into();
            *newest = canonical(&record).into_bytes();
            Some(lines)
        })
    })?;
    Ok(kept && handed)
}

/// Puts a time stamp of another checkpoint beside the newest one.
pub(super) fn stamp_beside(it: &Victim) -> Result<bool, Failure> {
    let (from, to) = (it.at("stamped.tsr"), it.at(&it.newest(".note")).with_extension("tsr"));
    fs::copy(&from, &to).map_err(|why| Failure::unwritable(&to, &why))?;
    Ok(true)
}

/// Puts a file in the place of another.
pub(super) fn instead(it: &Victim, other: &str, of: &str) -> Result<bool, Failure> {
    let bytes = fs::read(it.at(other)).map_err(|why| Failure::unreadable(&it.at(other), &why))?;
    it.change(of, |_| Some(bytes))
}
