//! What somebody who has all of a ledger's files can do to them: one entry each, one list.

use super::victim::{Line, Victim};
use crate::failure::Failure;

/// What is asked after an attack, with what the one who asks must have.
pub(super) struct Ask {
    pub(super) words: &'static str,
    pub(super) needs: &'static str,
    /// What it is that says no, when no check does.
    pub(super) by: &'static str,
}

const fn ask(words: &'static str, needs: &'static str, by: &'static str) -> Ask {
    Ask { words, needs, by }
}

/// Everything that finds no fault with what nobody attacked.
pub(super) const FINE: &[&[Ask]] = &[LEDGER, NOTE, PROOF, BUNDLE, ANSWER];
/// Of the ledger: each asks for more than the one before.
pub(super) const LEDGER: &[Ask] = &[
    ask("verify", "nothing", "chain"),
    ask("verify --full", "--full", "re-encoding"),
    ask("verify --key key.pub", "the public key", "signatures"),
    ask("verify --since old.note", "an old checkpoint", "since"),
    ask("verify --since new.note", "the newest checkpoint", "since"),
];
const NOTE: &[Ask] = &[ask("verify new.note --key key.pub", "the public key", "checkpoint")];
const PROOF: &[Ask] = &[ask("verify event.proof --key key.pub", "the public key", "proof")];
const BUNDLE: &[Ask] = &[ask("verify old.dealbundle --key key.pub", "the public key", "bundle")];
const ANSWER: &[Ask] = &[ask("verify --receipt answer.json", "the ledger", "receipt")];
const BOTH: &[Ask] = &[ask("verify new.note other.note --key key.pub", "both checkpoints", "fork")];
const SIGN: &[Ask] = &[ask("checkpoint --key key.pem", "what the key remembers", "checkpoint")];

/// An attack. `act` tells whether this ledger has what it takes.
pub(super) struct Attack {
    /// What is attacked, and what else is made to fit.
    pub(super) on: &'static str,
    pub(super) name: &'static str,
    pub(super) asks: &'static [Ask],
    pub(super) act: fn(&Victim) -> Result<bool, Failure>,
}

const fn attack(on: &'static str, name: &'static str, asks: &'static [Ask], act: fn(&Victim) -> Result<bool, Failure>) -> Attack {
    Attack { on, name, asks, act }
}

const CHECKPOINTS: &str = ".dealbook/checkpoints";
const SEGMENTS: &str = ".dealbook/log";
const STORE: &str = ".dealbook/store";
const ANCHOR: &str = ".dealbook/anchor";

const LOG: &str = "the log";
const FITTING: &str = "all, hashes anew";
const SIGNED: &str = "all, signed anew";
const BESIDE: &str = "what stands beside it";
const HANDED: &str = "what was handed out";

pub(super) const ATTACKS: &[Attack] = &[
    attack(LOG, "an amount changed", LEDGER, |it| edited_in(it, change_amount)),
    attack(LOG, "a day changed", LEDGER, |it| edited_in(it, |lines| change_day(&mut lines[1]))),
    attack(LOG, "who recorded it changed", LEDGER, |it| edited_in(it, |lines| change_actor(&mut lines[1]))),
    attack(LOG, "the first line changed", LEDGER, |it| edited_in(it, |lines| change_actor(&mut lines[0]))),
    attack(LOG, "the last line changed", LEDGER, |it| edited_in(it, |lines| lines.last_mut().is_some_and(change_actor))),
    attack(LOG, "a line deleted", LEDGER, |it| edited_in(it, |lines| delete(lines, lines.len() / 2))),
    attack(LOG, "the first line deleted", LEDGER, |it| edited_in(it, |lines| delete(lines, 0))),
    attack(LOG, "a line inserted", LEDGER, |it| edited_in(it, insert)),
    attack(LOG, "a line repeated", LEDGER, |it| edited_in(it, repeat)),
    attack(LOG, "two lines swapped", LEDGER, |it| edited_in(it, swap)),
    attack(LOG, "a line made unreadable", LEDGER, |it| edited_in(it, |lines| overwrite(&mut lines[2]))),
    attack(LOG, "the end cut off", LEDGER, |it| edited_in(it, cut)),
    attack(LOG, "the end cut off, and the anchor deleted", LEDGER, |it| {
        it.remove(ANCHOR)?;
        edited_in(it, cut)
    }),
    attack(LOG, "another history, with hashes that fit", LEDGER, |it| {
        let other = it.again()?;
        let done = anew(&other, |lines| change_actor(&mut lines[1]))?;
        it.take_from(&other, SEGMENTS)?;
        Ok(done)
    }),
    attack(FITTING, "an amount changed", LEDGER, |it| anew(it, change_amount)),
    attack(FITTING, "a line deleted", LEDGER, |it| anew(it, |lines| delete(lines, lines.len() / 2))),
    attack(FITTING, "the end cut off", LEDGER, |it| anew(it, cut)),
    attack(FITTING, "an amount changed, and the checkpoints deleted", LEDGER, |it| {
        it.remove(CHECKPOINTS)?;
        anew(it, change_amount)
    }),
    attack(FITTING, "an amount changed, and signed with another key", LEDGER, |it| {
        it.remove(CHECKPOINTS)?;
        let done = anew(it, change_amount)?;
        it.does("checkpoint --key thief.pem", Some("said"))?;
        Ok(done)
    }),
    attack(SIGNED, "an amount changed", LEDGER, |it| signed_anew(it, change_amount)),
    attack(SIGNED, "back-dated", LEDGER, |it| signed_anew(it, |lines| change_day(&mut lines[1]))),
    attack(SIGNED, "a line deleted", LEDGER, |it| signed_anew(it, |lines| delete(lines, lines.len() / 2))),
    attack(SIGNED, "a line inserted", LEDGER, |it| signed_anew(it, insert)),
    attack(SIGNED, "two lines swapped", LEDGER, |it| signed_anew(it, swap)),
    attack(SIGNED, "the end cut off", LEDGER, |it| signed_anew(it, cut)),
    attack(SIGNED, "rolled back to a copy made after the checkpoint", LEDGER, Victim::roll_back),
    attack(SIGNED, "all of it, from the first line on", LEDGER, |it| signed_anew(it, |lines| change_actor(&mut lines[0]))),
    attack(SIGNED, "a line written in another form", LEDGER, |it| signed_anew(it, |lines| respace(&mut lines[1]))),
    attack(BESIDE, "the store is that of another history", LEDGER, |it| {
        let other = it.again()?;
        let done = anew(&other, |lines| change_actor(&mut lines[1]))?;
        it.take_from(&other, STORE)?;
        Ok(done)
    }),
    attack(BESIDE, "the anchor is that of another history", LEDGER, |it| {
        let other = it.again()?;
        let done = anew(&other, |lines| change_actor(&mut lines[1]))?;
        it.take_from(&other, ANCHOR)?;
        Ok(done)
    }),
    attack(BESIDE, "a derived state forged", LEDGER, |it| {
        let lines = it.lines()?;
        it.forge_sums(&lines, &lines[..lines.len() / 2])
    }),
    attack(BESIDE, "a kept checkpoint changed", LEDGER, |it| {
        let kept = std::fs::read_dir(it.at(CHECKPOINTS));
        let names = kept.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let note = names.filter(|name| name.ends_with(".note")).max().unwrap_or_default();
        it.change(&format!("{CHECKPOINTS}/{note}"), |note| put(note, 60, |byte| byte ^ 1))
    }),
    attack(HANDED, "a checkpoint's size changed", NOTE, |it| {
        it.change("new.note", |note| {
            let size = note.iter().position(|byte| *byte == b'\n')? + 1;
            put(note, size, |digit| if digit == b'9' { b'8' } else { digit + 1 })
        })
    }),
    attack(HANDED, "a checkpoint signed with another key", NOTE, |it| {
        it.remove(CHECKPOINTS)?;
        it.does("checkpoint --key thief.pem", Some("new.note"))?;
        Ok(true)
    }),
    attack(HANDED, "a proof with another line in it", PROOF, |it| {
        it.change("event.proof", |proof| {
            let at = memchr::memmem::find(&proof, b"extra ")? + 40;
            put(proof, at, |letter| if letter == b'A' { b'B' } else { b'A' })
        })
    }),
    attack(HANDED, "an amount in a bundle changed", BUNDLE, |it| it.change("old.dealbundle", |bundle| changed(&bundle))),
    attack(HANDED, "a bundle with a line less, and an end that fits", BUNDLE, |it| it.change("old.dealbundle", shorter)),
    attack(HANDED, "a figure in an answer changed", ANSWER, |it| it.change("answer.json", |answer| other_figure(&answer))),
    attack("the key", "two histories signed with it", BOTH, |it| {
        let other = it.again()?;
        let done = signed_anew(&other, |lines| change_actor(&mut lines[1]))?;
        it.take_from(&other, "other.note")?;
        Ok(done)
    }),
    attack("the key", "another history signed after the first", SIGN, |it| {
        it.remove(CHECKPOINTS)?;
        anew(it, |lines| change_actor(&mut lines[1]))
    }),
];

/// Changes lines in the log and leaves all the rest.
fn edited_in(it: &Victim, edit: impl Fn(&mut Vec<Line>) -> bool) -> Result<bool, Failure> {
    let mut lines = it.lines()?;
    let done = edit(&mut lines);
    it.write_log(&lines).map(|()| done)
}

/// Changes lines, and makes hashes, anchor and store fit.
fn anew(it: &Victim, edit: impl Fn(&mut Vec<Line>) -> bool) -> Result<bool, Failure> {
    let mut lines = it.lines()?;
    let done = edit(&mut lines);
    it.write_anew(lines).map(|()| done)
}

/// The same, by whoever has the key: what was signed and what the key remembers of it is taken away, and the new history is signed.
fn signed_anew(it: &Victim, edit: impl Fn(&mut Vec<Line>) -> bool) -> Result<bool, Failure> {
    it.remove(CHECKPOINTS)?;
    it.remove("key.pem.signed")?;
    let done = anew(it, edit)?;
    it.does("checkpoint --key key.pem", Some("other.note"))?;
    Ok(done)
}

/// Changes the first amount in the second half.
#[expect(clippy::ptr_arg, reason = "all edits are of one form")]
fn change_amount(lines: &mut Vec<Line>) -> bool {
    let half = lines.len() / 2;
    let found = lines[half..].iter_mut().find_map(|line| Some((changed(line)?, line)));
    found.map(|(changed, line)| *line = changed).is_some()
}

/// A text with another first digit in the first field of money that it has.
fn changed(text: &[u8]) -> Option<Vec<u8>> {
    let fields = ["amount", "value", "estimated_revenue", "total", "counted"].map(|field| format!("\"{field}\":\""));
    let starts = fields.iter().flat_map(|field| memchr::memmem::find_iter(text, field.as_bytes()).map(|at| at + field.len()));
    let at = starts.map(|at| if text[at] == b'-' { at + 1 } else { at }).filter(|at| text[*at].is_ascii_digit()).min()?;
    put(text.to_vec(), at, |digit| if digit == b'9' { b'8' } else { digit + 1 })
}

/// An answer with another first digit in its first figure: a text of digits with a point in it.
fn other_figure(text: &[u8]) -> Option<Vec<u8>> {
    let is_amount = |text: &[u8]| {
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        text.len() > 2 && digits == text.len() - 1 && text.contains(&b'.')
    };
    let quotes: Vec<usize> = memchr::memchr_iter(b'"', text).collect();
    let at = quotes.windows(2).find(|pair| is_amount(&text[pair[0] + 1..pair[1]]))?[0] + 1;
    put(text.to_vec(), at, |digit| if digit == b'9' { b'8' } else { digit + 1 })
}

fn put(mut text: Vec<u8>, at: usize, change: impl Fn(u8) -> u8) -> Option<Vec<u8>> {
    let byte = text.get_mut(at)?;
    *byte = change(*byte);
    Some(text)
}

/// Another digit in the year of `effective_at`.
fn change_day(line: &mut Line) -> bool {
    let Some(at) = memchr::memmem::find(line, b"\"effective_at\":\"").map(|at| at + 18) else { return false };
    line[at] = if line[at] == b'0' { b'1' } else { line[at] - 1 };
    true
}

fn change_actor(line: &mut Line) -> bool {
    let Some(letter) = line.get_mut(b"{\"actor\":\"".len()) else { return false };
    *letter = if *letter == b'x' { b'y' } else { b'x' };
    true
}

fn delete(lines: &mut Vec<Line>, at: usize) -> bool {
    lines.remove(at);
    true
}

fn insert(lines: &mut Vec<Line>) -> bool {
    let mut line = lines[lines.len() / 2].clone();
    let done = change_actor(&mut line);
    lines.insert(lines.len() / 2, line);
    done
}

fn repeat(lines: &mut Vec<Line>) -> bool {
    let (line, at) = (lines[1].clone(), lines.len() / 2);
    lines.insert(at, line);
    true
}

#[expect(clippy::ptr_arg, reason = "all edits are of one form")]
fn swap(lines: &mut Vec<Line>) -> bool {
    let at = lines.len() / 2;
    lines.swap(at, at + 1);
    lines[at] != lines[at + 1]
}

fn overwrite(line: &mut Line) -> bool {
    line.fill(b'x');
    true
}

fn cut(lines: &mut Vec<Line>) -> bool {
    lines.truncate(lines.len() / 2);
    true
}

/// A space where canonical JSON has none.
fn respace(line: &mut Line) -> bool {
    line.insert(1, b' ');
    true
}

/// A bundle without one of the ledger's lines, its end made anew.
fn shorter(bundle: Vec<u8>) -> Option<Vec<u8>> {
    let mut lines: Vec<&[u8]> = bundle.split_inclusive(|byte| *byte == b'\n').collect();
    let at = lines.iter().rposition(|line| line.starts_with(b"{\"actor\":"))?;
    lines.remove(at);
    lines.pop();
    let all = lines.concat();
    let end = format!("{{\"type\":\"end\",\"value\":{{\"b3\":\"{}\",\"lines\":{}}}}}\n", ledger_core::chain::Hash::of(&all), lines.len());
    Some([all, end.into_bytes()].concat())
}
