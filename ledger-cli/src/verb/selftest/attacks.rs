//! What somebody who has all of a ledger's files can do to them, and to what was handed out: one entry each, one list.

use ledger_core::event::governance::KeyRotated;

use super::edits::{
    anew, change_actor, change_amount, change_day, changed, cut, delete, edited_in, insert, other_figure, overwrite, put, repeat, respace,
    signed_anew, swap,
};
use super::forged;
use super::victim::{CHECKPOINTS, Victim};
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

/// Everything that finds no fault with what nobody attacked, with the file that it takes.
pub(super) const FINE: &[(&str, &[Ask])] = &[
    ("key.pub", LEDGER),
    ("new.note", NOTE),
    ("event.proof", PROOF),
    ("old.dealbundle", BUNDLE),
    ("new.dealbundle", HISTORY),
    ("deal.dealbundle", DEAL),
    ("sample.dealbundle", SAMPLE),
    ("statement.dealbundle", STATEMENT),
    ("stamped.tsr", STAMP),
    ("answer.json", ANSWER),
];
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
const HISTORY: &[Ask] = &[
    ask("verify new.dealbundle --key key.pub", "the public key", "bundle"),
    ask("verify new.dealbundle old.note --key key.pub", "an old checkpoint", "kept"),
];
const DEAL: &[Ask] = &[
    ask("verify deal.dealbundle --key key.pub", "the public key", "bundle"),
    ask("verify deal.dealbundle --key key.pub --against new.dealbundle", "all of the ledger", "against"),
];
const SAMPLE: &[Ask] = &[
    ask("verify sample.dealbundle --key key.pub", "the public key", "bundle"),
    ask("verify sample.dealbundle --key key.pub --against new.dealbundle", "all of the ledger", "against"),
];
const STATEMENT: &[Ask] = &[
    ask("verify statement.dealbundle --key key.pub", "the public key", "bundle"),
    ask("verify statement.dealbundle --key key.pub --against new.dealbundle", "all of the ledger", "against"),
];
const STAMP: &[Ask] = &[ask("verify stamped.note stamped.tsr --tsa root.pem", "the authority's root", "time stamps")];
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

const SEGMENTS: &str = ".dealbook/log";
const STORE: &str = ".dealbook/store";
const ANCHOR: &str = ".dealbook/anchor";

const LOG: &str = "the log";
const FITTING: &str = "all, hashes anew";
const SIGNED: &str = "all, signed anew";
const COPY: &str = "all, from a copy";
const BESIDE: &str = "what stands beside it";
const REPLACED: &str = "a key replaced";
const STAMPED: &str = "a time stamp";
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
    attack(SIGNED, "all of it, from the first line on", LEDGER, |it| signed_anew(it, |lines| change_actor(&mut lines[0]))),
    attack(SIGNED, "a line written in another form", LEDGER, |it| signed_anew(it, |lines| respace(&mut lines[1]))),
    attack(COPY, "rolled back to one made after the old checkpoint", LEDGER, Victim::roll_back),
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
    attack(BESIDE, "a kept checkpoint changed", LEDGER, |it| it.change(&it.newest(".note"), |note| put(note, 60, |byte| byte ^ 1))),
    attack(REPLACED, "the old key did not sign that", LEDGER, |it| {
        let alone = |good: KeyRotated, _: &str, _: [&_; 3]| KeyRotated { previous_signature: good.key_signature.clone(), ..good };
        forged::replacement(it, alone)
    }),
    attack(REPLACED, "the new key did not sign that", LEDGER, |it| {
        let alone = |good: KeyRotated, _: &str, _: [&_; 3]| KeyRotated { key_signature: good.previous_signature.clone(), ..good };
        forged::replacement(it, alone)
    }),
    attack(REPLACED, "by a key that never signed", LEDGER, |it| {
        forged::replacement(it, |_, origin, [_, next, thief]| KeyRotated::signed(origin, thief, next))
    }),
    attack(REPLACED, "a checkpoint since, signed with the old key", LEDGER, |it| forged::signed_by(it, "key.pem")),
    attack(REPLACED, "a checkpoint since, signed with a key nobody rotated to", LEDGER, |it| forged::signed_by(it, "thief.pem")),
    attack(REPLACED, "a bundle since, signed with the old key", HISTORY, |it| forged::signed_by(it, "key.pem")),
    attack(STAMPED, "of another checkpoint, kept beside ours", LEDGER, forged::stamp_beside),
    attack(STAMPED, "of another checkpoint", STAMP, |it| forged::instead(it, "another.tsr", "stamped.tsr")),
    attack(STAMPED, "its time changed", STAMP, |it| {
        it.change("stamped.tsr", |reply| {
            let at = memchr::memmem::find(&reply, b"20260403090500Z")? + 3;
            put(reply, at, |digit| digit - 1)
        })
    }),
    attack(STAMPED, "a bit of its signature flipped", STAMP, |it| {
        it.change("stamped.tsr", |reply| {
            let last = reply.len() - 1;
            put(reply, last, |byte| byte ^ 1)
        })
    }),
    attack(STAMPED, "cut off", STAMP, |it| it.change("stamped.tsr", |reply| Some(reply[..reply.len() - 1].to_vec()))),
    attack(STAMPED, "by a certificate that had expired", STAMP, |it| forged::instead(it, "expired.tsr", "stamped.tsr")),
    attack(STAMPED, "by an authority that the auditor does not trust", STAMP, |it| forged::instead(it, "another-root.pem", "root.pem")),
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
    attack(HANDED, "a proof moved to another place", PROOF, forged::moved),
    attack(HANDED, "an amount in a bundle changed", BUNDLE, |it| it.change("old.dealbundle", |bundle| changed(&bundle))),
    attack(HANDED, "the same, and its end made to fit", BUNDLE, |it| forged::amount(it, false)),
    attack(HANDED, "the same, and chain and end made to fit", BUNDLE, |it| forged::amount(it, true)),
    attack(HANDED, "a bundle with a line less, and an end that fits", BUNDLE, forged::line_less),
    attack(HANDED, "a bundle of another history, signed with another key", HISTORY, |it| forged::another_history(it, true)),
    attack(HANDED, "a bundle of another history, signed with the key", HISTORY, |it| forged::another_history(it, false)),
    attack(HANDED, "a line left out of a deal's dossier", DEAL, |it| forged::dossier(it, forged::take_out)),
    attack(HANDED, "a line of another deal put into a dossier", DEAL, |it| forged::dossier(it, forged::put_in)),
    attack(HANDED, "an amount in a sample's table changed", SAMPLE, |it| {
        forged::sample(it, |sample| {
            let mut amounts = sample.strata.iter_mut().flat_map(|drawn| &mut drawn.picked).filter_map(|picked| picked.amount.as_mut());
            amounts.next().map(|amount| *amount = forged::more(*amount)).is_some()
        })
    }),
    attack(HANDED, "another text named in a sample", SAMPLE, |it| {
        forged::sample(it, |sample| {
            sample.question.seed.push('s');
            true
        })
    }),
    attack(HANDED, "a sample steered: an item kept out of it", SAMPLE, forged::steered),
    attack(HANDED, "a balance in a statement changed", STATEMENT, |it| {
        forged::statement(it, |stands| stands.closing = forged::more(stands.closing).in_units_of(stands.currency))
    }),
    attack(HANDED, "an opening balance changed, and the closing with it", STATEMENT, |it| {
        forged::statement(it, |stands| {
            stands.opening = forged::more(stands.opening).in_units_of(stands.currency);
            stands.closing = forged::more(stands.closing).in_units_of(stands.currency);
        })
    }),
    attack(HANDED, "a payment left out of a statement, which comes to that", STATEMENT, forged::concealed),
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
