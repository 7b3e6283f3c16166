//! Whole processes, on a ledger of a million events: `cargo bench -p ledger-cli --bench whole -- [ROWS] [RUNS]`.
//!
//! Each command is started as a user starts it, from a warm page cache, and timed from outside: opening, answering, printing. Where a
//! peer does something comparable it takes its turn in the same run. The table says what the target is; nothing is asserted.
#![expect(clippy::unwrap_used, reason = "a measurement that fails may panic")]
#![expect(clippy::float_arithmetic, reason = "it is what measurements are made of")]

#[path = "../../ledger-core/benches/year/mod.rs"]
mod year;

mod process;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use process::{Bench, Ran, print, shell, thousands};
use year::Year;

/// The end of the year: every row counts that took effect by then.
const AS_OF: &str = "2025-12-31";

/// The bytes of a file or of all files in a folder, as the disk has them.
fn on_disk(path: &Path) -> u64 {
    let metadata = path.metadata().unwrap();
    if !metadata.is_dir() {
        return metadata.blocks() * 512;
    }
    fs::read_dir(path).unwrap().map(|entry| on_disk(&entry.unwrap().path())).sum()
}

/// Writes so many rows in AWS's delivery layout. Gives the files.
fn deliver(feeds: &Path, count: u64) -> Vec<PathBuf> {
    let year = Year::read();
    let mut files: BTreeMap<PathBuf, csv::Writer<BufWriter<File>>> = BTreeMap::new();
    for (copy, account, row) in year.rows(count) {
        let month = copy % 12 + 1;
        let path = feeds.join(format!("{account}/billingeventfeed_v1/year=2025/month={month:02}/data.csv"));
        let writer = files.entry(path).or_insert_with_key(|path| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(path).unwrap()));
            writer.write_record(&year.header).unwrap();
            writer
        });
        writer.write_record(&row).unwrap();
    }
    files
        .into_iter()
        .map(|(path, writer)| {
            writer.into_inner().unwrap_or_else(|why| panic!("{why}")).flush().unwrap();
            path
        })
        .collect()
}

/// How long this disk takes to make 700 appended bytes durable.
fn disk(folder: &Path) -> (Duration, Duration) {
    let mut file = File::create(folder.join("disk")).unwrap();
    let mut waits: Vec<Duration> = (0..2_000)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[b'x'; 700]).unwrap();
            file.sync_data().unwrap();
            began.elapsed()
        })
        .collect();
    waits.sort_unstable();
    (waits[1_000], waits[1_980])
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let count = numbers.first().copied().unwrap_or(1_000_000);
    let runs = numbers.get(1).map_or(3, |runs| *runs as usize);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut bench = Bench { folder: folder.path().to_owned(), runs, rows: Vec::new() };
    println!(
        "{} cores, {}, Linux {}, {}; append and fdatasync of 700 bytes: p50 {:?}, p99 {:?}; load at the start: {}",
        shell("nproc"),
        shell("sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1"),
        shell("uname -r"),
        shell("rustc --version"),
        disk(folder.path()).0,
        disk(folder.path()).1,
        shell("cat /proc/loadavg")
    );
    let files = deliver(&folder.path().join("feeds"), count);
    let input: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    println!("{} rows in {} files, {} bytes a row\n", thousands(count), files.len(), input / count);
    shell("sync");

    import(&mut bench, count, &files);
    let log = bench.folder.join("big/.dealbook/log");
    let written: u64 = fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    disk_bound(&mut bench, count, input + written);
    proof(&mut bench, count);
    handed_out(&mut bench, count);
    answers(&mut bench, count);
    space(&mut bench, count, written);

    print(&bench);
}

/// A new ledger each time, all rows into it, durable when it ends.
fn import(bench: &mut Bench, count: u64, files: &[PathBuf]) {
    let ours = || {
        let _ = fs::remove_dir_all(bench.folder.join("big"));
        bench.time(bench.dealbook(&["init", "big", "--name", "big"]), None).unwrap();
        let ran = bench.measure(bench.dealbook(&["-L", "big", "-q", "import", "feeds"]));
        shell("sync");
        ran
    };
    let peer = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(bench.folder.join(format!("peer.sqlite{suffix}")));
        }
        let mut script = String::from("PRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\n");
        for (at, file) in files.iter().enumerate() {
            let skip = if at == 0 { "" } else { "--skip 1 " };
            script += &format!(".import --csv {skip}{} rows\n", file.display());
        }
        let ran = bench.time(bench.program("sqlite3", &["peer.sqlite"]), Some(&script));
        shell("sync");
        ran
    };
    let (ours, its) = bench.pair(bench.runs, ours, peer);
    bench.rate("`import`", count, "100,000/s, < 400 MB", ours, "`sqlite3`, `.import --csv`, WAL, FULL", its);
    let again = bench.measure(bench.dealbook(&["-L", "big", "-q", "import", "feeds"]));
    bench.rate("`import` again, nothing new", count, "", again, "", None);
}

/// As many bytes as an import reads and writes.
fn disk_bound(bench: &mut Bench, count: u64, bytes: u64) {
    let size = format!("count={}", bytes >> 20);
    let dd = bench.time(bench.program("dd", &["if=/dev/zero", "of=zeros", "bs=1M", &size, "conv=fdatasync"]), None);
    let _ = fs::remove_file(bench.folder.join("zeros"));
    let shown = dd.map_or_else(String::new, |dd| {
        format!("{}/s ({:.2} s)", thousands((count as f64 / dd.took.as_secs_f64()) as u64), dd.took.as_secs_f64())
    });
    bench.row("(disk alone)", String::new(), "", "`dd` of the bytes of input and log, fdatasync", shown, None);
}

/// What it takes to prove that nothing was altered.
fn proof(bench: &mut Bench, count: u64) {
    let runs = bench.runs.max(5);
    let verify = |arguments: &[&str]| bench.measure(bench.dealbook(&[&["-L", "big", "-q"], arguments].concat()));
    let b3sum = || bench.time(bench.program("sh", &["-c", "b3sum big/.dealbook/log/*"]), None);
    let cat = || bench.time(bench.program("sh", &["-c", "cat big/.dealbook/log/* > /dev/null"]), None);
    let check = || bench.time(bench.program("sqlite3", &["peer.sqlite", "PRAGMA integrity_check"]), None);
    verify(&["verify"]);
    let (quick, its) = bench.pair(runs, || verify(&["verify"]), b3sum);
    let read = bench.median(runs, cat);
    let (full, checked) = bench.pair(3, || verify(&["verify", "--full"]), check);
    let replay = verify(&["replay"]);
    bench.rate("`verify`", count, "1,200,000/s", quick, "`b3sum` of the log (whole files: hashes trees, on both cores)", its);
    bench.row(
        "(reading alone)",
        String::new(),
        "",
        "`cat` of the log",
        read.map_or_else(String::new, |ran| format!("{:.2} s", ran.took.as_secs_f64())),
        None,
    );
    bench.rate("`verify --full`", count, "400,000/s, < 400 MB", full, "`sqlite3`, `PRAGMA integrity_check`", checked);
    bench.rate("`replay`", count, "", replay, "", None);
}

/// What it takes to sign, and to hand out and verify what was signed.
fn handed_out(bench: &mut Bench, count: u64) {
    let runs = bench.runs.max(5);
    bench.time(bench.dealbook(&["keygen", "log.pem"]), None).unwrap();
    let on = |bench: &Bench, arguments: &[&str]| bench.measure(bench.dealbook(&[&["-L", "big", "-q"], arguments].concat()));
    let lines = |bench: &Bench| bench.time(bench.program("sh", &["-c", "sha256sum big/.dealbook/log/*"]), None);
    let (signed, its) = bench.pair(runs, || on(bench, &["checkpoint", "--key", "log.pem", "-o", "log.note"]), || lines(bench));
    bench.wait("`checkpoint`", "", signed, "`sha256sum` of the log", its);
    let verify = bench.median(runs, || Some(on(bench, &["verify"]))).unwrap();
    bench.rate("`verify`, with a checkpoint at the head", count, "", verify, "", None);
    let (proven, its) = bench.pair(runs, || on(bench, &["prove", &(count / 2).to_string(), "-o", "half.proof"]), || lines(bench));
    bench.wait("`prove`", "", proven, "`sha256sum` of the log", its);
    let bytes = |bench: &Bench, name: &str| bench.folder.join(name).metadata().unwrap().len();
    let size = bytes(bench, "half.proof");
    bench.row("a proof", format!("{size} B"), "", "", String::new(), None);
    let bundled = on(bench, &["bundle", "all", "-o", "all.dealbundle"]);
    bench.rate("`bundle all`", count, "", bundled, "", None);
    let size = bytes(bench, "all.dealbundle") / count;
    bench.row("a bundle, per event", format!("{size} B"), "", "", String::new(), None);

    let key = shell(&format!("cat {}", bench.folder.join("big/.dealbook/checkpoints/key").display()));
    let verified = |bench: &Bench, file: &str| bench.measure(bench.dealbook(&["-q", "verify", file, "--key", &key]));
    for peer in ["sha256sum", "b3sum"] {
        let (ours, its) =
            bench.pair(runs, || verified(bench, "all.dealbundle"), || bench.time(bench.program(peer, &["all.dealbundle"]), None));
        bench.rate("`verify` of that bundle", count, "", ours, &format!("`{peer}` of it"), its);
    }
    let (ours, its) = bench.pair(9, || verified(bench, "half.proof"), || bench.time(bench.program("sha256sum", &["half.proof"]), None));
    bench.wait("`verify` of that proof", "", ours, "`sha256sum` of it", its);
}

fn answers(bench: &mut Bench, count: u64) {
    let payouts = ["-L", "big", "-q", "show", "payouts", "--as-of", AS_OF, "-f", "csv"];
    fs::remove_dir_all(bench.folder.join("big/.dealbook/derived")).unwrap();
    fs::create_dir(bench.folder.join("big/.dealbook/derived")).unwrap();
    let first = bench.measure(bench.dealbook(&payouts));
    let memory = bench.measure(bench.dealbook(&payouts)).peak;
    let sum = "SELECT recipient_account_id, currency, transaction_type, action, SUM(amount) FROM rows WHERE valid_from < '2026-01-01' GROUP BY 1, 2, 3, 4";
    let sqlite = || bench.time(bench.program("sqlite3", &["peer.sqlite", sum]), None);
    sqlite();
    let (plain, its) = bench.pair(9, || bench.time(bench.dealbook(&payouts), None).unwrap(), sqlite);
    let index = "CREATE INDEX sums ON rows (recipient_account_id, currency, transaction_type, action, valid_from, amount)";
    let indexed = bench.time(bench.program("sqlite3", &["peer.sqlite", index]), None);
    let (later, covered) = bench.pair(9, || bench.time(bench.dealbook(&payouts), None).unwrap(), sqlite);
    let later = if later.took < plain.took { later } else { plain };
    bench.rate("`show payouts --as-of`, first: all is folded", count, "", first, "`sqlite3`, `CREATE INDEX` for the sum", indexed);
    bench.wait(
        "`show payouts --as-of`, later",
        "120 ms",
        Ran { peak: memory, ..later },
        "`sqlite3`, a plain `SUM`, covering index",
        covered,
    );
    bench.wait("(the same)", "120 ms", plain, "`sqlite3`, a plain `SUM`, no index", its);

    standings(bench, count);

    bench.time(bench.dealbook(&["init", "sample", "--sample", "-q"]), None).unwrap();
    let (sample, big) = (bench.folder.join("sample"), bench.folder.join("big"));
    let start = bench.median(9, || bench.time(bench.program("true", &[]), None));
    let within = |folder: &Path, arguments: &[&str]| {
        bench.median(9, || {
            let mut command = bench.dealbook(arguments);
            command.current_dir(folder);
            bench.time(command, None)
        })
    };
    let (help, small, large) = (within(&big, &["--help"]), within(&sample, &["status"]), within(&big, &["status"]));
    let (verified, asked) = (within(&sample, &["verify"]), within(&sample, &["show", "payouts", "--as-of", AS_OF]));
    let made = bench.median(3, || {
        let _ = fs::remove_dir_all(bench.folder.join("again"));
        bench.time(bench.dealbook(&["init", "again", "--sample", "-q"]), None)
    });
    let rows = [
        ("`--help`", "50 ms", help),
        ("`status`, sample", "50 ms", small),
        ("`status`, this ledger", "50 ms", large),
        ("`verify`, sample", "", verified),
        ("`show payouts --as-of`, sample", "", asked),
        ("`init --sample`", "", made),
    ];
    for (what, target, ran) in rows {
        bench.wait(what, target, ran.unwrap(), "`true`: a process that does nothing", start);
    }
}

/// A commitment of three buyers of the fixture's, whom the account feeds name.
const SIGNED: &str = r#"{"type": "commitment.signed", "effective": "2025-01-01", "value": {
    "buyer": "Northgate Mining", "cap": {"base": "year", "percent": "25"}, "commitment": "PPA-1", "currency": "USD",
    "eligibility": [{"counts": "100", "deployed_on_aws": false, "from": "2020-01-01T00:00:00Z", "product_type": "any", "test": "invoice"}],
    "measure": {"columns": ["net_unblended", "billed"], "excluded": ["Tax", "Credit", "Refund"], "support": true},
    "payers": ["000466243874", "000122613277", "000317052441"], "refunds": "invoice",
    "years": [{"amount": "4000000.00", "from": "2025-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}]}}"#;

/// What commitments, programmes and books stand at, beside what plain text accounting takes to add one party's books up.
fn standings(bench: &mut Bench, count: u64) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seller-feeds/feeds");
    for folder in fs::read_dir(fixture).unwrap() {
        let accounts = folder.unwrap().path().join("accountfeed_v1");
        bench.time(bench.dealbook(&["-L", "big", "-q", "import", accounts.to_str().unwrap()]), None).unwrap();
    }
    fs::write(bench.folder.join("signed.json"), SIGNED).unwrap();
    bench.time(bench.dealbook(&["-L", "big", "-q", "record", "--file", "signed.json", "--actor", "bench"]), None).unwrap();
    let export = ["-L", "big", "-q", "export", "hledger", "--as-of", AS_OF, "-o", "books.journal"];
    bench.time(bench.dealbook(&export), None).unwrap();
    let transactions = plain(&bench.folder.join("books.journal"), &bench.folder.join("books.ledger"));

    let peer = "`ledger balance` of one party's books";
    let balance = ["-f", "books.ledger", "--end", "2026-01-01", "balance"];
    // It takes seconds for what takes milliseconds here: one turn is enough.
    let its = bench.time(bench.program("ledger", &balance), None);
    if its.is_none() {
        eprintln!(
            "SKIPPED: `ledger` is not installed (https://ledger-cli.org), so these stand beside nothing: edp, incentives, trial-balance"
        );
    }
    println!("one party's books: {} transactions of {} events\n", thousands(transactions), thousands(count));
    for (noun, target) in [("edp", "150 ms"), ("incentives", "150 ms"), ("trial-balance", "< 400 MB")] {
        let show = ["-L", "big", "-q", "show", noun, "--as-of", AS_OF, "-f", "csv"];
        let memory = bench.measure(bench.dealbook(&show)).peak;
        let ours = bench.median(9, || bench.time(bench.dealbook(&show), None)).unwrap();
        bench.wait(&format!("`show {noun} --as-of`, later"), target, Ran { peak: memory, ..ours }, peer, its);
    }
}

/// Writes a journal as `ledger` reads it: without hledger's balance assertions, and without comments, which may be longer than its lines. Gives
/// the number of transactions.
fn plain(journal: &Path, into: &Path) -> u64 {
    let mut into = BufWriter::new(File::create(into).unwrap());
    let mut transactions = 0;
    for line in BufReader::new(File::open(journal).unwrap()).lines().map(Result::unwrap) {
        transactions += u64::from(line.starts_with("20"));
        if !line.starts_with("    ;") {
            writeln!(into, "{}", line.split(" =*").next().unwrap()).unwrap();
        }
    }
    into.flush().unwrap();
    transactions
}

fn space(bench: &mut Bench, count: u64, written: u64) {
    let peer = on_disk(&bench.folder.join("peer.sqlite"));
    let input = on_disk(&bench.folder.join("feeds"));
    let folder = bench.folder.join("big/.dealbook");
    bench.row("bytes per line", format!("{}", written / count), "", "", String::new(), None);
    for (part, target) in [("log", ""), ("store", "160 B"), ("derived", "")] {
        let bytes = on_disk(&folder.join(part));
        let (name, its) = match part {
            "log" => ("the feeds' files", input),
            "store" => ("`gzip -1` of the log", gzip(&folder.join("log"))),
            _ => ("`peer.sqlite`, with its index", peer),
        };
        let ratio = bytes as f64 / its as f64;
        bench.row(&format!("`{part}/` per event"), format!("{} B", bytes / count), target, name, format!("{} B", its / count), Some(ratio));
    }
}

fn gzip(log: &Path) -> u64 {
    shell(&format!("cat {}/* | gzip -1 | wc -c", log.display())).parse().unwrap_or(1)
}
