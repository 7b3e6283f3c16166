//! What somebody else hands over is decided on in little time and memory, whatever it is; and what is put down meanwhile does not stay behind when
//! somebody loses patience.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

#[path = "support/run.rs"]
mod run;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use run::{NOW, WANG, ends, fails};

/// A signed ledger, and a bundle of all of it with a report.
fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    ends(there, "init --name demo --origin ledger.example.com/demo", 0);
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/keys/wang.pem"), there.join("log.pem")).unwrap();
    ends(there, "checkpoint --key log.pem", 0);
    let reported = run::run(there, &["bundle", "all", "--report", "show payouts", "-o", "all.dealbundle"]);
    assert!(reported.status.success(), "{}", run::err(&reported));
    folder
}

/// The most memory that verifying a file takes, in bytes, as the system tells it; nothing where it does not.
fn memory(folder: &Path, file: &str) -> Option<u64> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    program.args(["verify", file, "--key", WANG]).current_dir(folder).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    let mut most = None;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        most = most.max(peak.map(|peak| peak * 1024));
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

#[test]
fn what_is_no_bundle_is_refused_at_its_beginning() {
    let folder = ledger();
    let there = folder.path();
    let good = fs::read(there.join("all.dealbundle")).unwrap();
    let write = |bytes: &[u8]| fs::write(there.join("x.dealbundle"), bytes).unwrap();
    let verify = format!("verify x.dealbundle --key {WANG}");
    // Packed: a bundle is text, and unpacking is whose who trusts where it came from.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&good).unwrap();
    write(&packed.finish().unwrap());
    fails(there, &verify, 3, "error[E0302]: x.dealbundle is no checkpoint, proof or bundle");
    let first = good.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    // One line that does not end, behind a good header and in its place; a million that say nothing; a value without a bottom.
    for (what, begins, rest, why) in [
        ("a long line", first, b"x".repeat(30_000_000), "line 2: it is longer than 1,048,576 bytes"),
        (
            "a long header",
            b"{\"bundle\":\"dealbook.bundle/v1\"".len(),
            b"x".repeat(30_000_000),
            "line 1: it is longer than 1,048,576 bytes",
        ),
        ("empty lines", first, b"\n".repeat(10_000_000), "line 2: this is no line of a bundle"),
        ("tiny lines", first, b"{}\n".repeat(10_000_000), "line 2: this is no line of a bundle"),
        ("deep values", first, [&b"[".repeat(1_000_000)[..], b"\n"].concat(), "line 2: this is no line of a bundle"),
        ("no end", first, b"{}".to_vec(), "the last line has no end"),
    ] {
        write(&[&good[..begins], &rest].concat());
        let started = Instant::now();
        fails(there, &verify, 5, why);
        assert!(started.elapsed() < Duration::from_secs(20), "{what}: {:?}", started.elapsed());
        fails(there, &format!("{verify} --against all.dealbundle"), 3, "has no line of a ledger");
        fails(
            there,
            &format!("verify all.dealbundle --key {WANG} --against x.dealbundle"),
            5,
            "error[E0511]: x.dealbundle is not as it was handed out",
        );
    }
}

#[test]
fn rows_take_no_more_memory_than_they_are_long() {
    let folder = ledger();
    let there = folder.path();
    let good = fs::read_to_string(there.join("all.dealbundle")).unwrap();
    let report = good.lines().position(|line| line.starts_with("{\"type\":\"report\"")).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    // 10 MB of numbers: each takes two bytes here, and as a value more than fifty.
    let row = format!("{{\"type\":\"answer\",\"value\":[{}0]}}", "0,".repeat(400_000));
    let text = format!("{}\n{}\n{}\n", lines[..=report].join("\n"), vec![row; 12].join("\n"), lines[lines.len() - 1]);
    run::refitted(&there.join("rows.dealbundle"), &text);
    fails(there, &format!("verify rows.dealbundle --key {WANG}"), 5, "the rows of the report are not those of its receipt");
    if let Some((least, most)) = memory(there, "all.dealbundle").zip(memory(there, "rows.dealbundle")) {
        assert!(most < least + 2 * text.len() as u64 + 100_000_000, "{} bytes took {most}, and {} took {least}", text.len(), good.len());
    }
}

#[test]
fn more_reports_than_a_bundle_may_have_are_not_asked_for() {
    let folder = ledger();
    let questions = ["--report", "show payouts"].repeat(101);
    let refused = run::run(folder.path(), &[&["bundle", "all", "-o", "x"][..], &questions].concat());
    assert_eq!(refused.status.code(), Some(2));
    assert!(run::err(&refused).contains("a bundle has no more than 100 reports"), "{}", run::err(&refused));
}

#[test]
fn nothing_is_asked_of_lines_that_are_not_signed() {
    let folder = ledger();
    let (told, _) = ends(folder.path(), "verify all.dealbundle --key M1eOLpOnBBtiWUfmIeiG8qE6zXT7z8JLtEmZV1KCyE4=", 5);
    assert!(told.contains("nothing is asked of lines that are not signed as they should be"), "{told}");
}

#[test]
fn copies_of_a_ledger_go_when_a_signal_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    ends(there, "init --sample demo", 0);
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let scratch = there.join(format!("scratch-{name}"));
        fs::create_dir(&scratch).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_dealbook"));
        program.args(["-L", "demo", "selftest", "tamper"]).current_dir(there).env_clear().env("DEALBOOK_NOW", NOW).env("TMPDIR", &scratch);
        let mut child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        // Two folders: a victim, and a copy that is attacked.
        while fs::read_dir(&scratch).unwrap().count() < 2 {
            assert!(child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_secs(120), "nothing is attacked");
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let ended = child.wait().unwrap();
        assert_eq!(ended.signal(), Some(number), "{name}: {ended:?}");
        let left: Vec<_> = fs::read_dir(&scratch).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}
