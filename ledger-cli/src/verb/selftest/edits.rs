//! What is done to the lines of a log, and to a file: each gives whether there was something to do it to.

use super::victim::{CHECKPOINTS, Line, Victim};
use crate::failure::Failure;

/// Changes lines in the log and leaves all the rest.
pub(super) fn edited_in(it: &Victim, edit: impl Fn(&mut Vec<Line>) -> bool) -> Result<bool, Failure> {
    let mut lines = it.lines()?;
    let done = edit(&mut lines);
    it.write_log(&lines).map(|()| done)
}

/// Changes lines, and makes hashes, anchor and store fit.
pub(super) fn anew(it: &Victim, edit: impl Fn(&mut Vec<Line>) -> bool) -> Result<bool, Failure> {
    let mut lines = it.lines()?;
    let done = edit(&mut lines);
    it.write_anew(lines).map(|()| done)
}

/// The same, by whoever has the key: what was signed and what the key remembers of it is taken away, and the new history is signed.
pub(super) fn signed_anew(it: &Victim, edit: impl Fn(&mut Vec<Line>) -> bool) -> Result<bool, Failure> {
    it.remove(CHECKPOINTS)?;
    it.remove("key.pem.signed")?;
    let done = anew(it, edit)?;
    it.does("checkpoint --key key.pem", Some("other.note"))?;
    Ok(done)
}

/// Changes the first amount in the second half.
#[expect(clippy::ptr_arg, reason = "all edits are of one form")]
pub(super) fn change_amount(lines: &mut Vec<Line>) -> bool {
    let half = lines.len() / 2;
    let found = lines[half..].iter_mut().find_map(|line| Some((changed(line)?, line)));
    found.map(|(changed, line)| *line = changed).is_some()
}

/// A text with another first digit in the first field of money that it has.
pub(super) fn changed(text: &[u8]) -> Option<Vec<u8>> {
    let fields = ["amount", "value", "estimated_revenue", "total", "counted"].map(|field| format!("\"{field}\":\""));
    let starts = fields.iter().flat_map(|field| memchr::memmem::find_iter(text, field.as_bytes()).map(|at| at + field.len()));
    let at = starts.map(|at| if text[at] == b'-' { at + 1 } else { at }).filter(|at| text[*at].is_ascii_digit()).min()?;
    put(text.to_vec(), at, |digit| if digit == b'9' { b'8' } else { digit + 1 })
}

/// An answer with another first digit in its first figure: a text of digits with a point in it.
pub(super) fn other_figure(text: &[u8]) -> Option<Vec<u8>> {
    let is_amount = |text: &[u8]| {
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        text.len() > 2 && digits == text.len() - 1 && text.contains(&b'.')
    };
    let quotes: Vec<usize> = memchr::memchr_iter(b'"', text).collect();
    let at = quotes.windows(2).find(|pair| is_amount(&text[pair[0] + 1..pair[1]]))?[0] + 1;
    put(text.to_vec(), at, |digit| if digit == b'9' { b'8' } else { digit + 1 })
}

pub(super) fn put(mut text: Vec<u8>, at: usize, change: impl Fn(u8) -> u8) -> Option<Vec<u8>> {
    let byte = text.get_mut(at)?;
    *byte = change(*byte);
    Some(text)
}

/// Another digit in the year of `effective_at`.
pub(super) fn change_day(line: &mut Line) -> bool {
    let Some(at) = memchr::memmem::find(line, b"\"effective_at\":\"").map(|at| at + 18) else { return false };
    line[at] = if line[at] == b'0' { b'1' } else { line[at] - 1 };
    true
}

pub(super) fn change_actor(line: &mut Line) -> bool {
    let Some(letter) = line.get_mut(b"{\"actor\":\"".len()) else { return false };
    *letter = if *letter == b'x' { b'y' } else { b'x' };
    true
}

pub(super) fn delete(lines: &mut Vec<Line>, at: usize) -> bool {
    lines.remove(at);
    true
}

pub(super) fn insert(lines: &mut Vec<Line>) -> bool {
    let mut line = lines[lines.len() / 2].clone();
    let done = change_actor(&mut line);
    lines.insert(lines.len() / 2, line);
    done
}

pub(super) fn repeat(lines: &mut Vec<Line>) -> bool {
    let (line, at) = (lines[1].clone(), lines.len() / 2);
    lines.insert(at, line);
    true
}

#[expect(clippy::ptr_arg, reason = "all edits are of one form")]
pub(super) fn swap(lines: &mut Vec<Line>) -> bool {
    let at = lines.len() / 2;
    lines.swap(at, at + 1);
    lines[at] != lines[at + 1]
}

pub(super) fn overwrite(line: &mut Line) -> bool {
    line.fill(b'x');
    true
}

pub(super) fn cut(lines: &mut Vec<Line>) -> bool {
    lines.truncate(lines.len() / 2);
    true
}

/// A space where canonical JSON has none.
pub(super) fn respace(line: &mut Line) -> bool {
    line.insert(1, b' ');
    true
}
