//! The program is killed, at random and at every step that changes a file: what was acknowledged is there, and the next run goes on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "machine/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use ledger_core::chain::Head;
use ledger_core::event::{Draft, Event};
use ledger_store::appender::Appender;
use ledger_store::backend::{self, sled::Options};
use ledger_store::scan::Depth;
use support::{Dice, Place, Ran, billing, fault, month, run};

/// The files that are imported one after the other: small ones, and some of several groups.
const FILES: [u64; 6] = [40, 2_200, 1, 60, 1_300, 5];

/// A ledger with feeds beside it that are not yet imported.
fn feeds() -> Place {
    let place = Place::ledger();
    let mut from = 0;
    for (at, rows) in (0..).zip(FILES) {
        place.write(&file(at), billing(from..from + rows));
        from += rows;
    }
    place
}

fn file(at: u32) -> String {
    month(2025, at + 1)
}

/// What comes of the feeds when nobody interferes.
struct Undisturbed {
    before: Place,
    head: Head,
    payouts: String,
    /// How long each file took.
    took: Vec<Duration>,
}

static UNDISTURBED: LazyLock<Undisturbed> = LazyLock::new(|| {
    let before = feeds();
    let place = before.copied();
    let import = |at| {
        let began = Instant::now();
        place.run(["import", &file(at)]).done();
        began.elapsed()
    };
    let took = (0..FILES.len() as u32).map(import).collect();
    Undisturbed { head: place.verified(Depth::Strict), payouts: place.payouts(), before, took }
});

/// What one command acknowledged, `#12 b3:0123abcd`, stands in the ledger.
#[track_caller]
fn holds(place: &Place, acknowledged: &str) {
    let (seq, hash) = acknowledged.strip_prefix('#').and_then(|head| head.split_once(" b3:")).unwrap();
    let found = place.source().head_at(seq.parse().unwrap()).unwrap();
    assert!(found.is_some_and(|head| head.hash.to_string().starts_with(hash)), "{acknowledged} is lost: {found:?}");
}

/// Kills a child after a while, unless it has ended by then.
fn killed(mut child: Child, after: Duration) -> Ran {
    let began = Instant::now();
    while began.elapsed() < after && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(500));
    }
    child.kill().unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_import_killed_at_random_moments_loses_nothing_and_goes_on() {
    let all = &*UNDISTURBED;
    let mut dice = Dice::seeded(20_260_301);
    let (mut kills, mut unfinished, mut ledgers) = (0, 0, 0);
    while kills < 120 {
        let place = all.before.copied();
        let mut acknowledged = Vec::new();
        for at in 0..FILES.len() as u32 {
            for tries in 0.. {
                // In the end it is let be: the machine may have become slower than it was measured to be.
                let most = if tries < 40 { 1 } else { 100 } * u64::try_from(all.took[at as usize].as_micros()).unwrap();
                let ran = killed(place.start(["import", &file(at)]), Duration::from_micros(dice.roll(most)));
                acknowledged.extend(ran.acknowledged());
                let ended = ran.code.is_some();
                kills += usize::from(!ended);
                let head = place.verified(Depth::Chain);
                acknowledged.last().into_iter().for_each(|last| holds(&place, last));
                if ended {
                    ran.done();
                    break;
                }
                if kills % 3 == 0 {
                    // A reader needs no repair first, and counts what is there of an import that was cut off.
                    let status = place.run(["status"]).done();
                    unfinished += usize::from(status.out.contains("Unfinished"));
                    assert!(status.out.contains(&format!("Head        {head}")), "{status}");
                }
            }
        }
        acknowledged.iter().for_each(|head| holds(&place, head));
        assert_eq!(place.verified(Depth::Strict), all.head, "the same lines as if nobody had interfered");
        assert_eq!(place.payouts(), all.payouts);
        assert!(!place.run(["status"]).done().out.contains("Unfinished"));
        place.run(["verify", "--full"]).done();
        place.run(["replay"]).done();
        ledgers += 1;
    }
    println!("{kills} kills of {ledgers} ledgers, {unfinished} imports seen unfinished");
}

#[test]
fn an_import_that_was_cut_off_is_said_and_finished_without_a_second_beginning() {
    let all = &*UNDISTURBED;
    let place = all.before.copied();
    place.run(["import", &file(0)]).done();
    // The second group of this file is never made durable.
    let mut import = place.command(["import", &file(1)]);
    let Some(import) = fault::meet(&mut import, "sync:/log/:2:kill") else { return };
    assert_eq!(run(import).code, None);
    let status = place.run(["status"]).done();
    let said = "Unfinished  #43 039235861748/billingeventfeed_v1/year=2025/month=02/data.csv: 1999 of 2200 events";
    assert!(status.out.contains(said), "{status}");
    let events = |place: &Place| String::from_utf8(place.log()).unwrap().matches("\"type\":\"source.imported\"").count();
    let before = events(&place);
    assert_eq!(before, 2);
    // The month's file may have grown meanwhile: what was lacking has come with it.
    let grown = place.copied();
    grown.write(&file(1), billing(40..2_240) + billing(9_000..9_010).split_once('\n').unwrap().1);
    grown.run(["import", &file(1)]).done();
    assert!(!grown.run(["status"]).done().out.contains("Unfinished"));
    place.run(["import", &file(1)]).done();
    assert_eq!(events(&place), before);
    assert!(!place.run(["status"]).done().out.contains("Unfinished"));
    for at in 2..FILES.len() as u32 {
        place.run(["import", &file(at)]).done();
    }
    assert_eq!((place.verified(Depth::Strict), place.payouts()), (all.head, all.payouts.clone()));
}

/// Runs a command that ends at the n-th change to a file below `.dealbook`. Nothing where that cannot be tested.
fn ended_at(place: &Place, args: &[&str], n: usize, how: &str) -> Option<Ran> {
    let mut command = place.command(args);
    let command = fault::meet(&mut command, &format!("change:.dealbook:{n}:{how}"))?;
    Some(run(command))
}

#[test]
fn an_import_killed_at_every_change_to_a_file_loses_nothing_and_goes_on() {
    let before = Place::ledger();
    before.write("first.csv", billing(0..30));
    before.write("second.csv", billing(30..1_400));
    before.run(["import", "first.csv", "--account", support::RECIPIENT]).done();
    let import = ["import", "second.csv", "--account", support::RECIPIENT];
    let whole = before.copied();
    whole.run(import).done();
    let (head, payouts, known) = (whole.verified(Depth::Strict), whole.payouts(), before.source().head());
    let mut dice = Dice::seeded(7);
    for n in 1.. {
        let place = before.copied();
        let Some(ran) = ended_at(&place, &import, n, if n % 2 == 0 { "kill" } else { "tear" }) else { return };
        if ran.code.is_some() {
            assert!(n > 20, "there are more changes than that: {n}");
            println!("killed at each of {} changes", n - 1);
            break;
        }
        assert!(place.verified(Depth::Chain).seq >= known.seq, "change {n}: {ran}");
        ran.acknowledged().iter().for_each(|head| holds(&place, head));
        // And while that is being put right, once more.
        let again = ended_at(&place, &import, 1 + dice.roll(24) as usize, "kill").unwrap();
        again.acknowledged().iter().for_each(|head| holds(&place, head));
        assert!(place.verified(Depth::Chain).seq >= known.seq, "change {n}: {again}");
        place.run(import).done();
        assert_eq!((place.verified(Depth::Chain), place.payouts()), (head, payouts.clone()), "change {n}");
        let quiet = place.run(import).done();
        assert!(!quiet.err.contains("note: "), "all is in order by now: {quiet}");
    }
}

#[test]
fn a_ledger_whose_making_was_cut_off_is_made_by_the_next_init() {
    let init = ["init", "--name", "test"];
    let whole = Place::empty();
    whole.run(init).done();
    let head = whole.verified(Depth::Strict);
    for n in 1.. {
        let place = Place::empty();
        let Some(ran) = ended_at(&place, &init, n, "kill") else { return };
        if ran.code.is_some() {
            assert!(n > 10, "there are more changes than that: {n}");
            break;
        }
        let again = place.run(init);
        if ran.acknowledged().is_some() || again.code == Some(7) {
            again.failed(7, "error[E0604]");
        } else {
            again.done();
        }
        assert_eq!(place.verified(Depth::Strict), head, "change {n}");
    }
}

/// The writer that the test below starts and kills: this same program, started with a ledger in its environment.
#[test]
fn many_tasks_append() {
    const WRITERS: u64 = 16;
    let Some(ledger) = std::env::var_os("LEDGER_TO_APPEND_TO") else { return };
    let opened = backend::open(ledger.to_str().unwrap(), Options::default()).unwrap();
    let event = |n: u64| -> Event {
        let value = serde_json::json!({"kind": "PRODUCT", "legacy": n.to_string(), "new": format!("prod-{n}"), "recipient": support::RECIPIENT, "valid_from": "2025-01-01T00:00:00Z"});
        serde_json::from_value(serde_json::json!({"type": "id.mapped", "value": value})).unwrap()
    };
    let stage = move |n: u64, staging: &mut ledger_store::appender::Staging<'_>| {
        let now = "2026-03-01T06:00:00Z".parse().unwrap();
        let draft = Draft { actor: "test".parse().unwrap(), effective_at: now, event: event(n), source: None };
        let mut line = Vec::new();
        draft.write(staging.head(), now, &mut line).unwrap();
        staging.push(&line).unwrap()
    };
    let appender = Arc::new(Appender::start(opened.log, stage).unwrap());
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            let appender = appender.clone();
            tasks.spawn(async move {
                for n in 0.. {
                    let head = appender.submit(n * WRITERS + writer).await.unwrap();
                    // One write each, so that no acknowledgement is half of one.
                    let said = format!("acknowledged {} {}\n", head.seq, head.hash);
                    std::io::stdout().lock().write_all(said.as_bytes()).unwrap();
                    std::io::stdout().flush().unwrap();
                }
            });
        }
        tasks.join_next().await
    });
}

#[test]
fn no_event_that_a_killed_group_commit_acknowledged_is_lost() {
    let mut dice = Dice::seeded(64);
    let (mut all, mut kills) = (0, 0);
    let mut place = Place::ledger();
    while kills < 100 {
        if kills % 25 == 0 {
            place = Place::ledger();
        }
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "many_tasks_append", "--nocapture", "--test-threads=1"])
            .env("LEDGER_TO_APPEND_TO", place.at(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let acknowledgements = BufReader::new(writer.stdout.take().unwrap());
        let reading = std::thread::spawn(move || -> Vec<(u64, String)> {
            let heads = acknowledgements.lines().map_while(Result::ok).filter_map(|line| {
                let (seq, hash) = line.split_once("acknowledged ")?.1.split_once(' ')?;
                Some((seq.parse().unwrap(), hash.to_owned()))
            });
            heads.collect()
        });
        std::thread::sleep(Duration::from_millis(15 + dice.roll(110)));
        writer.kill().unwrap();
        writer.wait().unwrap();
        kills += 1;
        let acknowledged = reading.join().unwrap();
        // Opened by the program, which repairs what there is to repair, or only looked at.
        if kills % 5 == 0 {
            place.run(["verify"]).done();
        } else if kills % 3 == 0 {
            place.write("some.csv", billing(kills..kills + 3));
            place.run(["import", "some.csv", "--account", support::RECIPIENT]).done();
        } else {
            place.run(["status"]).done();
        }
        let head = place.verified(Depth::Chain);
        let source = place.source();
        let lines: Vec<Head> = {
            let mut heads = Vec::new();
            let first = acknowledged.iter().map(|(seq, _)| *seq).min().unwrap_or(head.seq + 1);
            let before = source.head_at(first - 1).unwrap().unwrap();
            let checked = |checked: ledger_store::scan::Checked| {
                heads.extend(checked.heads);
                Ok::<(), ledger_store::scan::ScanError>(())
            };
            ledger_store::scan::scan(source.read(first).unwrap(), before, Depth::Heads, checked).unwrap();
            heads
        };
        for (seq, hash) in &acknowledged {
            let line = lines.iter().find(|line| line.seq == *seq);
            assert!(line.is_some_and(|line| line.hash.to_string() == *hash), "#{seq} was acknowledged and is lost");
        }
        all += acknowledged.len();
    }
    place.verified(Depth::Strict);
    place.run(["verify"]).done();
    assert!(all > 1_000, "the writers had time to write: {all}");
    println!("{kills} kills, {all} acknowledged events");
}
