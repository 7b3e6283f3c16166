//! What import promises to whoever scripts it: the same numbers beforehand, nothing twice, nothing by halves, and exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "every file of tests uses its part")]
#[path = "machine/mod.rs"]
mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ledger_store::scan::Depth;
use support::{Place, RECIPIENT, Ran, billing, month, tools};

/// The sample's feeds of one recipient, and the other four's.
fn sample(recipient: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seller-feeds/feeds").join(recipient).display().to_string()
}

fn head(place: &Place) -> String {
    place.source().head().to_string()
}

/// The report of an import as data: what it says, without its receipt.
fn report(place: &Place, args: &[&str]) -> String {
    place.run([&["import", "-f", "csv"], args].concat()).done().out
}

#[test]
fn a_dry_run_appends_nothing_and_says_the_same_numbers() {
    let place = Place::ledger();
    for (at, recipient) in ["039235861748", "804753256254"].iter().enumerate() {
        let feeds = sample(recipient);
        let before = place.log();
        let dry = report(&place, &[&feeds, "--dry-run"]);
        let said = place.run(["import", &feeds, "-n"]).done().out.lines().next().unwrap().to_owned();
        assert!(place.log() == before, "nothing was appended");
        assert_eq!(report(&place, &[&feeds]), dry, "import {at}");
        let events = said.strip_prefix("Would append ").unwrap().split(' ').next().unwrap().replace(',', "");
        let appended = place.log().iter().filter(|byte| **byte == b'\n').count() - before.iter().filter(|byte| **byte == b'\n').count();
        let files = dry.lines().skip(1).map(|row| row.split(',').nth(2).unwrap().parse::<usize>().unwrap()).sum::<usize>();
        assert_eq!(events.parse::<usize>().unwrap() + files, appended, "each file adds its `source.imported`");
    }
    let again = place.run(["import", &sample("039235861748"), "-n"]).done();
    assert!(again.out.starts_with("Would append 0 events"), "{again}");
}

#[test]
fn a_folder_imported_twice_is_imported_once() {
    let place = Place::ledger();
    let feeds = sample("");
    place.run(["import", &feeds]).done();
    let (log, before) = (place.log(), head(&place));
    let again = place.run(["import", &feeds]).done();
    assert!(again.out.starts_with(&format!("Nothing new; head {before}\n")), "{again}");
    assert!(place.log() == log);
    // Its parts are known too, by whatever name.
    place.write("copy.csv", fs::read(format!("{}/billingeventfeed_v1/year=2025/month=07/data.csv", sample(RECIPIENT))).unwrap());
    let copy = place.run(["import", "copy.csv", "--account", RECIPIENT]).done();
    let row = copy.out.lines().find(|line| line.starts_with(RECIPIENT)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(row[4..7], ["19", "0", "19"], "rows, new, known: {copy}");
}

#[test]
fn an_expected_head_is_held_against_the_ledger() {
    let place = Place::ledger();
    place.write("a.csv", billing(0..3));
    let import = |more: &[&str]| place.run([&["import", "a.csv", "--account", RECIPIENT], more].concat());
    let whole = place.source().head();
    let hash = whole.hash.to_string();
    let log = place.log();
    let other = if hash.starts_with('0') { "1" } else { "0" }.repeat(8);
    let wrong =
        ["#2".to_owned(), "#0".to_owned(), other.clone(), format!("b3:{other}"), format!("#1 b3:{other}"), format!("#2:{}", &hash[..8])];
    for wrong in wrong {
        for more in [&["--expect-head", &wrong][..], &["--expect-head", &wrong, "--dry-run"]] {
            let ran = import(more);
            assert!(ran.err.contains(&whole.to_string()), "the head there is is named: {ran}");
            ran.failed(7, "error[E0602]");
        }
    }
    for nonsense in ["", "#", "#abc", "abc", "1", "#1 ", "#1:zzzzzz", "b3:", "head", &format!("{hash}0"), "#18446744073709551616x"] {
        import(&["--expect-head", nonsense]).failed(2, "--expect-head");
    }
    assert!(place.log() == log);
    for right in ["#1", &hash[..6], &hash, &format!("b3:{}", &hash[..8]), &whole.to_string(), &format!("#1:{hash}")] {
        import(&["--expect-head", right, "--dry-run"]).done();
    }
    import(&["--expect-head", &whole.to_string()]).done();
    import(&["--expect-head", &whole.to_string()]).failed(7, "error[E0602]");
}

#[test]
fn damaged_rows_are_set_aside_mended_and_imported() {
    let whole = Place::ledger();
    whole.write(&month(2025, 1), billing(0..50));
    whole.run(["import", "feeds"]).done();
    let place = Place::ledger();
    let good = billing(0..50);
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    // A thousands separator, a date of a spreadsheet, a field too few.
    let damaged: String = lines
        .iter()
        .enumerate()
        .map(|(at, line)| match at {
            7 => line.replace(",7.06,", ",\"7,000.06\","),
            20 => line.replace("2025-03-01T11:26:56Z", "3/1/2025 11:26"),
            33 => line.replacen("AWSMarketplace\n", "\n", 1).replacen(",,", ",", 1),
            _ => (*line).to_owned(),
        })
        .collect();
    let path = place.write(&month(2025, 1), &damaged);
    let log = place.log();
    let refused = place.run(["import", "feeds"]);
    assert!([":8:", ":21:", ":34"].iter().all(|line| refused.err.contains(line)), "all are reported at once: {refused}");
    refused.failed(3, "nothing was appended");
    assert!(place.log() == log);
    let rejected = path.with_file_name("data.rejected.csv");
    let dry = place.run(["import", "feeds", "--quarantine", "--dry-run"]).done();
    assert!(dry.out.starts_with("Would append 47 events") && place.log() == log && !rejected.exists(), "{dry}");
    let ran = place.run(["import", "feeds", "--quarantine"]).done();
    assert!(ran.out.starts_with("Appended #2 – #49 (48 events)") && ran.err.contains("note: 3 rows set aside in `"), "{ran}");
    assert!(["warning[E0211]", ":8:", ":21:", ":34"].iter().all(|told| ran.err.contains(told)), "it says which, and why: {ran}");
    assert!(!ran.err.contains("error") && !ran.err.contains("nothing was appended"), "{ran}");
    let text = fs::read_to_string(&rejected).unwrap();
    let expected: Vec<&str> = [0, 7, 20, 33].iter().map(|at| damaged.split_inclusive('\n').nth(*at).unwrap()).collect();
    assert_eq!(text, expected.concat(), "the header and the damaged rows as they were");
    assert_ne!(place.payouts(), whole.payouts());
    let incomplete = place.run(["show", "payouts"]).done();
    assert!(incomplete.out.contains("incomplete: "), "{incomplete}");
    // Mended by hand.
    fs::write(&rejected, [0, 7, 20, 33].map(|at| lines[at]).concat()).unwrap();
    place.run(["import", &rejected.display().to_string(), "--account", RECIPIENT]).done();
    assert_eq!(place.payouts(), whole.payouts());
    assert!(!place.run(["show", "payouts"]).done().out.contains("incomplete"));
    assert_eq!(place.run(["show", "findings", "-f", "csv"]).done().out.lines().count(), 1, "nothing but the header");
    // Whoever imports everything again loses nothing of what was mended.
    let log = place.log();
    place.run(["import", "feeds", "--quarantine"]).done();
    assert_eq!(fs::read_to_string(&rejected).unwrap(), [0, 7, 20, 33].map(|at| lines[at]).concat());
    assert!(place.log() == log);
}

#[test]
fn rows_that_were_set_aside_come_mended_whatever_the_file_is_called() {
    let good = billing(0..9);
    let damaged = good.replacen(",1.00,", ",\"1,000.00\",", 1).replacen(",4.03,", ",\"4,000.03\",", 1);
    assert_eq!(damaged.matches(",000.0").count(), 2);
    let others = billing(20..40);
    let mended = |lines: &[usize]| lines.iter().map(|at| good.split_inclusive('\n').nth(*at).unwrap()).collect::<String>();
    let bad: Vec<usize> = damaged.lines().enumerate().filter(|(at, line)| *at == 0 || line.contains(",000.0")).map(|(at, _)| at).collect();
    for (name, text, is_settled) in [
        ("march.rejected.csv", mended(&bad), true),
        ("march.rejected.csv", mended(&bad[..2]), false),
        ("march.csv", good.clone(), true),
        ("march.csv", good.clone() + others.split_once('\n').unwrap().1, true),
        ("march.csv", others.clone(), false),
    ] {
        let place = Place::ledger();
        place.write("march.csv", &damaged);
        place.run(["import", "march.csv", "--quarantine", "--account", RECIPIENT]).done();
        place.write(name, text);
        place.run(["import", name, "--account", RECIPIENT]).done();
        let said = place.run(["show", "payouts"]).done();
        assert_eq!(!said.out.contains("incomplete"), is_settled, "{name}: {said}");
    }
    // The next delivery has the damaged rows still: they are set aside again, and come with the file that was mended before.
    let place = Place::ledger();
    place.write(&month(2025, 1), &damaged);
    place.run(["import", "feeds", "--quarantine"]).done();
    let rejected = month(2025, 1).replace("data.csv", "data.rejected.csv");
    for grown in ["", billing(20..40).split_once('\n').unwrap().1] {
        place.write(&month(2025, 1), damaged.clone() + grown);
        place.run(["import", "feeds", "--quarantine"]).done();
        assert!(place.run(["show", "payouts"]).done().out.contains("incomplete"));
        place.write(&rejected, mended(&bad));
        place.run(["import", &rejected]).done();
        assert!(!place.run(["show", "payouts"]).done().out.contains("incomplete"));
        assert_eq!(place.run(["show", "findings", "-f", "csv"]).done().out.lines().count(), 1);
    }
}

#[test]
fn rows_that_cannot_be_set_aside_are_no_reason_to_forget_them() {
    let place = Place::ledger();
    let path = place.write(&month(2025, 1), billing(0..5).replacen(",1.00,", ",1.00 USD,", 1));
    // Nothing can be written where they would go.
    let rejected = path.with_file_name("data.rejected.csv");
    fs::create_dir(&rejected).unwrap();
    let log = place.log();
    place.run(["import", "feeds", "--quarantine"]).failed(1, "error[E0324]");
    assert!(place.log() == log, "nothing was appended");
    fs::remove_dir(&rejected).unwrap();
    place.run(["import", "feeds", "--quarantine"]).done();
    assert_eq!(fs::read_to_string(&rejected).unwrap().lines().count(), 2);
}

#[test]
fn a_row_too_long_for_a_line_is_a_damaged_row() {
    let place = Place::ledger();
    let with = |catalog: &str| {
        let rows = billing(0..1_200);
        let long = rows.rfind("AWSMarketplace").unwrap();
        rows[..long].to_owned() + catalog + &rows[long + "AWSMarketplace".len()..] + billing(1_200..1_210).split_once('\n').unwrap().1
    };
    place.write(&month(2025, 1), with(&"x".repeat(66_000)));
    let log = place.log();
    let refused = place.run(["import", "feeds"]);
    assert!(refused.err.contains("data.csv:1201"), "{refused}");
    refused.failed(3, "error[E0319]");
    assert!(place.log() == log, "nothing was appended");
    place.run(["import", "feeds", "--quarantine"]).done();
    assert_eq!(place.verified(Depth::Strict).seq, 1 + 1 + 1_209);
    assert!(!place.run(["status"]).done().out.contains("Unfinished"));
    // The name of a column that no feed knows is a part of every event.
    place.write(
        &month(2025, 2),
        billing(2_000..2_010)
            .replacen(",catalog\n", &format!(",catalog,{}\n", "y".repeat(40_000)), 1)
            .replace("AWSMarketplace\n", "AWSMarketplace,1\n"),
    );
    let log = place.log();
    place.run(["import", "feeds"]).failed(3, "error[E0319]");
    assert!(place.log() == log, "nothing was appended");
    // What is recorded can be restated, however long it is.
    let place = Place::ledger();
    for letter in ["a", "b"] {
        place.write(&month(2025, 1), with(&letter.repeat(30_000)));
        place.run(["import", "feeds"]).done();
    }
    assert!(String::from_utf8(place.log()).unwrap().contains("source.restated"));
    place.verified(Depth::Strict);
}

#[test]
fn what_was_set_aside_is_not_found_again_as_a_feed() {
    let place = Place::ledger();
    place.write(&month(2025, 1), billing(0..50).replacen(",1.00,", ",\"1,000.00\",", 1));
    place.run(["import", "feeds", "--quarantine"]).done();
    let (log, files) = (place.log(), fs::read_dir(place.at(&month(2025, 1)).parent().unwrap()).unwrap().count());
    let again = place.run(["import", "feeds", "--quarantine"]).done();
    assert!(place.log() == log && again.out.starts_with("Nothing new"), "{again}");
    assert_eq!(fs::read_dir(place.at(&month(2025, 1)).parent().unwrap()).unwrap().count(), files);
}

#[test]
fn rows_of_another_seller_are_refused() {
    let place = Place::ledger();
    let (own, other) = ("nQAWHb6D1pvnb6cx1Xytono7YVePoAjzFiXBKbaAnE", "pRBXIc7E2qwoc7dy2Yzupop8ZWfQpBkAgJYCLcbBoF");
    let rows = billing(0..40) + &billing(40..60).split_once('\n').unwrap().1.replace(own, other);
    place.write(&month(2025, 1), rows);
    let log = place.log();
    let refused = place.run(["import", "feeds"]);
    assert!(refused.err.contains(&format!("the first names {own}")) && refused.err.contains("data.csv:42"), "{refused}");
    refused.failed(3, "error[E0322]");
    assert!(place.log() == log);
}

/// Each amount can be written down; their sum, which the import records, could not be read again.
#[test]
fn amounts_that_sum_to_more_than_a_ledger_can_say_are_refused() {
    let place = Place::ledger();
    let rows = billing(0..3);
    let amounts: Vec<String> = rows
        .lines()
        .enumerate()
        .map(|(at, row)| {
            let cells: Vec<&str> = row.split(',').collect();
            let column = rows.lines().next().unwrap().split(',').position(|name| name == "amount").unwrap();
            let with = |cell: &str| [&cells[..column], &[cell][..], &cells[column + 1..]].concat().join(",");
            if at == 0 { row.to_owned() } else { with("999999999999999999") }
        })
        .collect();
    place.write(&month(2025, 1), amounts.join("\n") + "\n");
    let log = place.log();
    let refused = place.run(["import", "feeds"]);
    assert!(refused.err.contains("sum to more than 18 digits of USD"), "{refused}");
    refused.failed(3, "error[E0208]");
    assert!(place.log() == log);
}

#[test]
fn a_pipe_is_read_like_a_file_and_links_are_not_passed_over() {
    let place = Place::ledger();
    let pipe = place.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = place.start(["import", "pipe", "--account", RECIPIENT]);
    fs::write(&pipe, billing(0..30)).unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap()).done();
    assert!(ran.out.starts_with("Appended #2 – #32 (31 events)"), "{ran}");
    assert_eq!(fs::read_dir(place.at("tmp")).unwrap().count(), 0);
    // What is wrong with it is told by the name that the user knows, and what is set aside stays.
    let damaged = billing(60..70).replacen(",61.60,", ",61.60 USD,", 1);
    for (more, code) in [(None, 3), (Some("--quarantine"), 0), (Some("--quarantine"), 1)] {
        let child = place.start(["import", "pipe", "--account", RECIPIENT].into_iter().chain(more));
        fs::write(&pipe, damaged.replace("61.60", if code == 1 { "1.01" } else { "61.60" })).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap());
        assert!(ran.err.contains(if code == 1 { "error[E0324]" } else { "--> pipe:2:" }), "{ran}");
        assert_eq!(ran.code, Some(code), "{ran}");
    }
    assert_eq!(fs::read_to_string(place.at("pipe.rejected.csv")).unwrap().lines().count(), 2);
    assert_eq!(fs::read_dir(place.at("tmp")).unwrap().count(), 0);
    // A link to a file is the file; a link to a folder is said.
    let kept = place.write("kept.csv", billing(30..40));
    let linked = place.write(&month(2025, 2), "");
    fs::remove_file(&linked).unwrap();
    std::os::unix::fs::symlink(&kept, &linked).unwrap();
    let ran = place.run(["import", "feeds"]).done();
    assert!(ran.out.starts_with("Appended #43 – #53 (11 events)"), "{ran}");
    std::os::unix::fs::symlink(place.at("feeds"), place.at("feeds/again")).unwrap();
    place.run(["import", "feeds"]).failed(1, "is a link to a folder, which is not followed");
}

fn piped(place: &Place, args: &[&str], bytes: &[u8]) -> Ran {
    let mut child = place.command(args).stdin(Stdio::piped()).spawn().unwrap();
    // A program that fails before it has read everything is no failure of this one.
    let _ = child.stdin.take().unwrap().write_all(bytes);
    child.wait_with_output().unwrap().into()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn standard_input_and_gzip_are_read_like_files() {
    let feed = billing(0..300);
    let whole = Place::ledger();
    whole.write(&month(2025, 1), &feed);
    whole.run(["import", "feeds"]).done();
    let import = ["import", "-", "--account", RECIPIENT];
    let heads = [feed.clone().into_bytes(), gzip(feed.as_bytes())].map(|bytes| {
        let place = Place::ledger();
        let ran = piped(&place, &import, &bytes).done();
        assert!(ran.out.starts_with("Appended #2 – #302 (301 events)"), "{ran}");
        assert_eq!(place.payouts(), whole.payouts());
        let again = piped(&place, &import, &bytes).done();
        assert!(again.out.starts_with("Nothing new"), "{again}");
        assert_eq!(fs::read_dir(place.at("tmp")).unwrap().count(), 0, "what was spooled is gone");
        assert!(!String::from_utf8(place.log()).unwrap().contains(&*place.at("tmp").to_string_lossy()));
        place.verified(Depth::Strict)
    });
    assert_eq!(heads[0], heads[1], "the same lines on every run, whichever way they came");
    let place = Place::ledger();
    place.write(&format!("{}.gz", month(2025, 1)), gzip(feed.as_bytes()));
    place.run(["import", "feeds"]).done();
    assert_eq!(place.payouts(), whole.payouts());
    // What is cut off is refused as a whole.
    let packed = gzip(feed.as_bytes());
    let place = Place::ledger();
    piped(&place, &import, &packed[..packed.len() / 2]).failed(3, "error[E0318]");
    let empty = piped(&place, &import, b"");
    assert!(empty.err.contains("--> standard input\n"), "{empty}");
    empty.failed(3, "error[E0316]");
    assert_eq!(place.verified(Depth::Strict).seq, 1);
    assert_eq!(fs::read_dir(place.at("tmp")).unwrap().count(), 0);
}

#[test]
fn a_file_that_changes_between_the_passes_is_not_recorded() {
    let place = Place::ledger();
    place.write(&month(2025, 1), billing(0..3_500));
    let second = place.write(&month(2025, 2), billing(3_500..3_550));
    let import = place.start(["import", "feeds"]);
    // The first group of the first file stands: everything has been judged, and most is still to be recorded.
    let began = Instant::now();
    while place.log().len() < 100_000 {
        assert!(began.elapsed() < Duration::from_secs(60), "the import began");
        std::thread::sleep(Duration::from_millis(1));
    }
    fs::write(&second, billing(3_500..3_549)).unwrap();
    let ran: Ran = import.wait_with_output().unwrap().into();
    assert!(ran.err.contains("month=02") && ran.err.contains("run the same import again"), "{ran}");
    ran.failed(7, "error[E0323]");
    assert!(!String::from_utf8(place.log()).unwrap().contains("month=02"), "nothing of it was recorded");
    place.run(["import", "feeds"]).done();
    assert!(!place.run(["status"]).done().out.contains("Unfinished"));
    let whole = Place::ledger();
    whole.write(&month(2025, 1), billing(0..3_549));
    whole.run(["import", "feeds"]).done();
    assert_eq!(place.payouts(), whole.payouts());
}

#[test]
fn every_exit_code_has_its_case() {
    let place = Place::ledger();
    place.write("good.csv", billing(0..2));
    place.write("damaged.csv", billing(0..2).replace(",1.00,", ",1.00 USD,"));
    place.write("unknown.csv", "one,two\n1,2\n");
    place.run(["import", "good.csv", "--account", RECIPIENT]).done();
    place.run(["import", "good.csv", "--account", RECIPIENT, "-o", "no/such/folder"]).failed(1, "error[E0324]");
    place.run(["import"]).failed(2, "PATH");
    place.run(["import", "good.csv", "--account", "4444"]).failed(2, "--account");
    place.run(["import", "damaged.csv", "--account", RECIPIENT]).failed(3, "error[E0211]");
    place.run(["import", "unknown.csv", "--account", RECIPIENT]).failed(3, "error[E0302]");
    fs::create_dir(place.at("empty")).unwrap();
    place.run(["import", "empty"]).failed(3, "error[E0302]: no file that can be imported is in these paths");
    place.run(["import", "good.csv"]).failed(3, "error[E0322]");
    place.run(["import", "missing.csv"]).failed(6, "error[E0303]");
    let elsewhere = Place::empty();
    elsewhere.write("good.csv", billing(0..2));
    elsewhere.run(["import", "good.csv"]).failed(6, "error[E0304]");
    place.run(["import", "good.csv", "--expect-head", "#9"]).failed(7, "error[E0602]");
    place.run(["init"]).failed(7, "error[E0604]");
    fs::write(place.at(".dealbook/log/00000000000000000001.jsonl"), "").unwrap();
    place.run(["import", "good.csv", "--account", RECIPIENT]).failed(5, "error[E0504]");
    place.run(["status"]).failed(5, "error[E0504]");
}

#[test]
fn one_sync_of_the_log_makes_a_group_durable() {
    if !tools::can_run("strace", &["--version"]) {
        return tools::skip("what is synced", "no strace");
    }
    let place = Place::ledger();
    place.write("feed.csv", billing(0..4_500));
    let traced = place.at("trace");
    let program = place.command(["import", "feed.csv", "--account", RECIPIENT]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-e", "trace=fdatasync,fsync,write", "-o"]).arg(&traced).arg(program.get_program()).args(program.get_args());
    let variables = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
    strace.current_dir(program.get_current_dir().unwrap()).env_clear().envs(variables);
    // strace itself is found by the tests' own path.
    strace.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = strace.output().unwrap();
    if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("ptrace") {
        return tools::skip("what is synced", "strace may not trace here");
    }
    Ran::from(output).done();
    let trace = fs::read_to_string(traced).unwrap();
    let calls = |call: &str, file: &str| {
        let is = |line: &&str| line.split_once(' ').is_some_and(|(_, rest)| rest.trim_start().starts_with(call)) && line.contains(file);
        trace.lines().filter(is).count()
    };
    // 4,501 lines in groups of 1,000.
    assert_eq!((calls("write(", "/log/0"), calls("fdatasync(", "/log/0"), calls("fsync(", "/log/0")), (5, 5, 0), "{trace}");
    assert_eq!(calls("fsync(", "/log>"), 0, "no segment was begun");
    // Acknowledged when it is durable: the word to the user comes behind the last sync.
    let at = |what: &str| trace.rfind(what).unwrap();
    assert!(at("Appended #2") > trace[..at("Appended #2")].rfind("fdatasync").unwrap());
}
