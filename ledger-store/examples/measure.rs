//! What the store does on this machine: `cargo run --release -p ledger-store --example measure [LINES]`.
//!
//! Durable appends by 1, 8 and 64 writers beside a bare log that appends and syncs in groups of the same size; an import in groups of
//! 1,000; what that takes on disk; and how fast it is opened, read and verified.
#![expect(clippy::unwrap_used, reason = "a measurement that fails may panic")]

#[path = "../src/sample.rs"]
mod sample;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_store::appender::Appender;
use ledger_store::backend::sled::{Meta, Options, Reader, Sled, create};
use ledger_store::{Head, Lines, Log, Source};

fn per_second(count: u64, took: Duration) -> u64 {
    (u128::from(count) * 1_000_000_000 / took.as_nanos().max(1)) as u64
}

fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}

fn open(path: &Path) -> Sled {
    let (log, notices) = Sled::open(path, Options::default()).unwrap();
    notices.iter().for_each(|notice| println!("  {notice}"));
    log
}

/// Lines made beforehand, so that making them is not measured.
fn made(base: Head, count: u64) -> Vec<Vec<u8>> {
    let mut lines = Lines::after(base);
    (0..count)
        .map(|_| {
            let line = sample::line(lines.head(), 0);
            let head = lines.push(&line).unwrap();
            lines.restart(head);
            line
        })
        .collect()
}

fn bare(path: &Path, lines: &[Vec<u8>], group: usize, time: Duration) -> u64 {
    let mut file = File::create(path).unwrap();
    let (began, mut count) = (Instant::now(), 0);
    let mut bytes = Vec::new();
    for group in lines.chunks(group).cycle() {
        bytes.clear();
        for line in group {
            // The bare log chains too: one hash per line.
            std::hint::black_box(ledger_store::Hash::of(line));
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        count += group.len() as u64;
        if began.elapsed() > time {
            break;
        }
    }
    per_second(count, began.elapsed())
}

fn writers(folder: &Path, writers: usize, time: Duration) -> u64 {
    let path = folder.join(format!("writers-{writers}"));
    create(&path, &Meta::new("measure", "measure")).unwrap();
    let log = Box::new(open(&path));
    let template = sample::line(Head::EMPTY, 0);
    let text = String::from_utf8(template).unwrap();
    let (start, rest) = text.split_once(",\"prev\":\"").unwrap();
    let (start, rest) = (start.to_owned(), rest[64..].replace("\"seq\":1,", "\"seq\":#,"));
    let (middle, end) = rest.split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let mut line = Vec::new();
    let stage = move |(): (), staging: &mut ledger_store::appender::Staging<'_>| {
        let head = staging.head();
        line.clear();
        write!(line, "{start},\"prev\":\"{}{middle}{}{end}", head.hash, head.seq + 1).unwrap();
        staging.push(&line).unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let began = Instant::now();
    let log = runtime.block_on(async {
        let appender = Arc::new(Appender::start(log, stage).unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..writers {
            let appender = appender.clone();
            tasks.spawn(async move {
                while began.elapsed() < time {
                    appender.submit(()).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        Arc::into_inner(appender).unwrap().close().await
    });
    let rate = per_second(log.head().seq, began.elapsed());
    log.close().unwrap();
    rate
}

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir_in(".").unwrap();
    let time = Duration::from_secs(2);
    let lines = made(Head::EMPTY, 20_000);
    for group in [1, 8, 64] {
        let bare = bare(&folder.path().join("bare"), &lines, group, time);
        let ours = writers(folder.path(), group, time);
        println!("{group:>2} writers: {ours} lines/s; bare log in groups of {group}: {bare}; {} %", ours * 100 / bare);
    }

    let path = folder.path().join("ledger");
    create(&path, &Meta::new("measure", "measure")).unwrap();
    let mut log = Box::new(open(&path));
    let (mut appending, mut bytes) = (Duration::ZERO, 0);
    let began = Instant::now();
    while log.head().seq < count {
        let lines = made(log.head(), 1_000.min(count - log.head().seq));
        let start = Instant::now();
        let mut group = Lines::after(log.head());
        for line in &lines {
            group.push(line).unwrap();
        }
        bytes += group.as_bytes().len() as u64;
        log.append(&group).unwrap();
        appending += start.elapsed();
    }
    println!(
        "import of {count} lines of {} B in groups of 1,000: {} lines/s appending, {:?} with making them",
        bytes / count,
        per_second(count, appending),
        began.elapsed()
    );
    let start = Instant::now();
    log.close().unwrap();
    println!("close: {:?}", start.elapsed());
    println!("log/ {} B per line, store/ {} B per line", size(&path.join("log")) / count, size(&path.join("store")) / count);
    let start = Instant::now();
    let reader = Reader::open(&path).unwrap();
    println!("open for reading: {:?}", start.elapsed());
    let start = Instant::now();
    reader.line(count / 2).unwrap().unwrap();
    println!("one line: {:?}", start.elapsed());
    let start = Instant::now();
    let head = reader.read(1).unwrap().fold(Head::EMPTY, |head, block| block.unwrap().follow(head).unwrap());
    assert_eq!(head, reader.head());
    println!("read and followed on one core: {} lines/s", per_second(count, start.elapsed()));
    let start = Instant::now();
    let log = Box::new(open(&path));
    println!("open for writing: {:?}", start.elapsed());
    log.close().unwrap();
    fs::remove_dir_all(path.join("store")).unwrap();
    let start = Instant::now();
    Box::new(open(&path)).close().unwrap();
    println!("store built again: {:?}, {} B per line", start.elapsed(), size(&path.join("store")) / count);
    let derived = ledger_store::derived::Derived::new(&path.join("derived"));
    derived.save("measure", 1, head, &vec![7; 50 << 20]).unwrap();
    let start = Instant::now();
    let loaded = derived.load("measure", 1, |_| true);
    println!("50 MiB of derived state loaded: {:?}", start.elapsed());
    assert_eq!(loaded.found.unwrap().1.len(), 50 << 20);
    let rss = fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", rss.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
