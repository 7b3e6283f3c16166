//! Durable appends by many writers, beside peers in the same run: `cargo bench -p ledger-store --bench append -- [RUNS] [SECONDS]`.
//!
//! ```text
//! ours         tokio tasks -> Appender -> the sled backend: chain checked, segment synced, anchor, packing into sled
//! bare log     the same tasks, the same lines with the same chained hashes -> one write and one fdatasync per group: the limit
//! SQLite       a connection and a thread per writer, WAL, synchronous=FULL, one insert per transaction, as applications do it
//! SQLite, one  the same tasks -> one connection, one transaction per group
//! PostgreSQL   pgbench with a client per writer, one insert per transaction; where its programs are installed
//! ```
//!
//! Every line is answered only after it is durable. The engines take turns (A B C A B C), and medians are printed.
#![expect(clippy::unwrap_used, reason = "a measurement that fails may panic")]
#![expect(clippy::float_arithmetic, reason = "it is what measurements are made of")]

#[path = "../src/sample.rs"]
mod sample;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_store::appender::{Appender, Staging};
use ledger_store::backend::sled::{Meta, Options, Sled, create};
use ledger_store::{Hash, Head, Lines};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

/// How many different lines there are: more than a block of the store packs.
const TEMPLATES: u64 = 4_096;

/// How many write, and how many lines each sends at a time.
#[derive(Clone, Copy)]
struct Load {
    writers: usize,
    lines: u64,
    time: Duration,
}

/// What came of one run.
struct Ran {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

impl Ran {
    fn of(lines: u64, took: Duration, mut waits: Vec<Duration>) -> Self {
        waits.sort_unstable();
        let at = |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1))).copied().unwrap_or_default();
        Self { per_second: lines as f64 / took.as_secs_f64(), p50: at(50), p99: at(99) }
    }
}

/// Lines as an import writes them, without the two places that say where they stand.
struct Templates(Vec<[String; 3]>);

impl Templates {
    fn of(lines: &Lines) -> Self {
        let cut = |(line, seq): (&[u8], u64)| {
            let (start, rest) = std::str::from_utf8(line).unwrap().split_once(",\"prev\":\"").unwrap();
            let (middle, end) = rest[64..].split_once(&format!("\"seq\":{seq},")).unwrap();
            [format!("{start},\"prev\":\""), format!("{middle}\"seq\":"), format!(",{end}")]
        };
        Self(lines.iter().zip(1..).map(cut).collect())
    }

    /// The line behind a head.
    fn write(&self, head: Head, out: &mut Vec<u8>) {
        let [start, middle, end] = &self.0[(head.seq % TEMPLATES) as usize];
        write!(out, "{start}{}{middle}{}{end}", head.hash, head.seq + 1).unwrap();
    }
}

/// Lines that a peer makes durable in one go.
trait Sink: Send + 'static {
    fn commit(&mut self, base: Head, lines: &[u8], ends: &[usize]);
}

/// One write and one `fdatasync`.
struct Bare(File);

impl Sink for Bare {
    fn commit(&mut self, _: Head, lines: &[u8], _: &[usize]) {
        self.0.write_all(lines).unwrap();
        self.0.sync_data().unwrap();
    }
}

fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    connection.execute("CREATE TABLE IF NOT EXISTS lines (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)", ()).unwrap();
    connection
}

struct OneConnection(Connection);

impl Sink for OneConnection {
    fn commit(&mut self, base: Head, lines: &[u8], ends: &[usize]) {
        let transaction = self.0.transaction().unwrap();
        {
            let mut insert = transaction.prepare_cached("INSERT INTO lines VALUES (?1, ?2)").unwrap();
            let (mut start, mut seq) = (0, base.seq);
            for end in ends {
                seq += 1;
                insert.execute((seq as i64, &lines[start..*end])).unwrap();
                start = *end;
            }
        }
        transaction.commit().unwrap();
    }
}

/// The same lines for the same tasks, chained with one hash each and made durable by a sink in groups of all who wait.
fn gather(mut sink: impl Sink, lines: &Templates, mut waiting: mpsc::Receiver<(u64, oneshot::Sender<()>)>) -> u64 {
    let (mut head, mut bytes, mut ends, mut answers) = (Head::EMPTY, Vec::new(), Vec::new(), Vec::new());
    while let Some(first) = waiting.blocking_recv() {
        let (base, mut next) = (head, Some(first));
        bytes.clear();
        ends.clear();
        while let Some((count, answer)) = next {
            for _ in 0..count {
                let start = bytes.len();
                lines.write(head, &mut bytes);
                head = Head { seq: head.seq + 1, hash: Hash::of(&bytes[start..]) };
                bytes.push(b'\n');
                ends.push(bytes.len());
            }
            answers.push(answer);
            next = if ends.len() < 4_096 { waiting.try_recv().ok() } else { None };
        }
        sink.commit(base, &bytes, &ends);
        for answer in answers.drain(..) {
            let _ = answer.send(());
        }
    }
    head.seq
}

/// Tasks that ask, wait for the answer, and ask again until the time is over. Gives how long each waited.
async fn storm<Asked: Future<Output = ()> + Send>(
    load: Load,
    ask: impl Fn() -> Asked + Clone + Send + 'static,
) -> (Duration, Vec<Duration>) {
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..load.writers {
        let ask = ask.clone();
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while began.elapsed() < load.time {
                let asked = Instant::now();
                ask().await;
                waits.push(asked.elapsed());
            }
            waits
        });
    }
    let waits = tasks.join_all().await.into_iter().flatten().collect();
    (began.elapsed(), waits)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn ours(folder: &Path, lines: &Arc<Templates>, load: Load) -> Ran {
    create(folder, &Meta::new("append", "append")).unwrap();
    let (log, _) = Sled::open(folder, Options::default()).unwrap();
    let (lines, mut line) = (lines.clone(), Vec::new());
    let stage = move |count: u64, staging: &mut Staging<'_>| {
        for _ in 0..count {
            line.clear();
            lines.write(staging.head(), &mut line);
            staging.push(&line).unwrap();
        }
    };
    let (took, waits, log) = runtime().block_on(async {
        let appender = Arc::new(Appender::start(Box::new(log), stage).unwrap());
        let asked = appender.clone();
        let (took, waits) = storm(load, move || {
            let appender = asked.clone();
            async move { appender.submit(load.lines).await.unwrap() }
        })
        .await;
        (took, waits, Arc::into_inner(appender).unwrap().close().await)
    });
    assert_eq!(log.head().seq, waits.len() as u64 * load.lines);
    log.close().unwrap();
    Ran::of(waits.len() as u64 * load.lines, took, waits)
}

fn peer(sink: impl Sink, lines: &Arc<Templates>, load: Load) -> Ran {
    let (asking, waiting) = mpsc::channel::<(u64, oneshot::Sender<()>)>(1_024);
    let lines = lines.clone();
    let thread = std::thread::spawn(move || gather(sink, &lines, waiting));
    let (took, waits) = runtime().block_on(storm(load, move || {
        let asking = asking.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            asking.send((load.lines, answer)).await.unwrap();
            answered.await.unwrap();
        }
    }));
    assert_eq!(thread.join().unwrap(), waits.len() as u64 * load.lines);
    Ran::of(waits.len() as u64 * load.lines, took, waits)
}

/// Applications do it so: each writer has a connection, and a row is a transaction. The rows are not chained, which would cost a read each.
fn sqlite(path: &Path, lines: &Arc<Templates>, load: Load) -> Ran {
    drop(connect(path));
    let connections: Vec<Connection> = (0..load.writers).map(|_| connect(path)).collect();
    let began = Instant::now();
    let write = |writer: u64, mut connection: Connection| {
        let (mut waits, mut line, mut seq) = (Vec::new(), Vec::new(), writer);
        while began.elapsed() < load.time {
            let asked = Instant::now();
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
            for _ in 0..load.lines {
                line.clear();
                lines.write(Head { seq, hash: Hash::ZERO }, &mut line);
                seq += 1;
                transaction.prepare_cached("INSERT INTO lines (line) VALUES (?1)").unwrap().execute((&line[..],)).unwrap();
            }
            transaction.commit().unwrap();
            waits.push(asked.elapsed());
        }
        waits
    };
    let waits: Vec<Duration> = std::thread::scope(|scope| {
        let write = &write;
        let threads: Vec<_> = (0..).zip(connections).map(|(writer, connection)| scope.spawn(move || write(writer, connection))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    Ran::of(waits.len() as u64 * load.lines, began.elapsed(), waits)
}

/// A server of its own, as durable as the others: `fsync`, `synchronous_commit` and full pages on, synced with `fdatasync`.
struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    /// As whom the server runs: it refuses to be root.
    user: Vec<String>,
}

impl Postgres {
    /// Starts one, where its programs are installed.
    fn start(folder: &Path) -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?.map(|entry| entry.unwrap().path().join("bin"));
        let programs = versions.filter(|programs| programs.join("initdb").exists() && programs.join("pgbench").exists()).max()?;
        let root = Command::new("id").arg("-u").output().ok()?.stdout == b"0\n";
        let user = if root { "setpriv --reuid=postgres --regid=postgres --clear-groups env HOME=/tmp" } else { "env" };
        let server = Self { folder: folder.to_owned(), programs, user: user.split(' ').map(str::to_owned).collect() };
        fs::create_dir(folder).ok()?;
        if root && !Command::new("chown").arg("postgres:").arg(folder).status().ok()?.success() {
            return None;
        }
        server.run("initdb", &["-D", &server.at("data"), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C"])?;
        let settings = format!(
            "listen_addresses=''\nunix_socket_directories='{}'\nmax_connections=100\nshared_buffers=256MB\nmax_wal_size=4GB\n\
             fsync=on\nfull_page_writes=on\nwal_sync_method=fdatasync\nsynchronous_commit=on\n",
            folder.display()
        );
        File::options().append(true).open(folder.join("data/postgresql.conf")).ok()?.write_all(settings.as_bytes()).ok()?;
        server.run("pg_ctl", &["-D", &server.at("data"), "-l", &server.at("log.txt"), "-w", "start"])?;
        Some(server)
    }

    fn at(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(&self.user[0]);
        command.args(&self.user[1..]).arg(self.programs.join(program)).args(arguments).current_dir(&self.folder);
        // What the server inherits must not be waited for.
        let output = command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if program == "pg_ctl" {
            return output.stdout(std::process::Stdio::null()).status().ok()?.success().then(String::new);
        }
        let output = output.output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn append(&self, lines: &Templates, load: Load) -> Option<Ran> {
        let socket = self.folder.display().to_string();
        let table =
            "DROP TABLE IF EXISTS lines; CREATE TABLE lines (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line TEXT NOT NULL)";
        self.run("psql", &["-X", "-q", "-h", &socket, "-U", "postgres", "-c", table, "-c", "CHECKPOINT"])?;
        let mut line = Vec::new();
        lines.write(Head::EMPTY, &mut line);
        let line = String::from_utf8(line).ok()?.replace('\'', "''");
        let many = if load.lines > 1 {
            format!("SELECT line FROM line, generate_series(1,{})", load.lines)
        } else {
            "SELECT line FROM line".into()
        };
        let one = format!("DROP TABLE IF EXISTS line; CREATE TABLE line AS SELECT '{line}'::text AS line");
        self.run("psql", &["-X", "-q", "-h", &socket, "-U", "postgres", "-c", &one])?;
        let script = self.folder.join("script.sql");
        fs::write(&script, format!("INSERT INTO lines (line) {many};\n")).ok()?;
        let (writers, seconds) = (load.writers.to_string(), load.time.as_secs().max(1).to_string());
        let threads = load.writers.min(2).to_string();
        let arguments = ["-n", "-M", "prepared", "-h", &socket, "-U", "postgres", "-c", &writers, "-j", &threads, "-T", &seconds];
        let logged = ["--log", "--log-prefix=waits", "-f", &script.display().to_string(), "postgres"].map(str::to_owned);
        let arguments: Vec<&str> = arguments.into_iter().chain(logged.iter().map(String::as_str)).collect();
        let said = self.run("pgbench", &arguments)?;
        let per_second: f64 = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())?;
        let mut waits = Vec::new();
        for path in fs::read_dir(&self.folder).ok()?.map(|entry| entry.unwrap().path()) {
            if path.file_name()?.to_string_lossy().starts_with("waits") {
                let text = fs::read_to_string(&path).ok()?;
                waits.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok()).map(Duration::from_micros));
                fs::remove_file(&path).ok()?;
            }
        }
        let ran = Ran::of(0, load.time, waits);
        Some(Ran { per_second: per_second * load.lines as f64, ..ran })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["-D", &self.at("data"), "-m", "immediate", "-w", "stop"]);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long this disk takes to make an appended line durable.
fn disk(folder: &Path, lines: &Templates) -> Ran {
    let mut file = File::create(folder.join("disk")).unwrap();
    let (mut line, mut waits, began) = (Vec::new(), Vec::new(), Instant::now());
    for seq in 0..2_000 {
        line.clear();
        lines.write(Head { seq, hash: Hash::ZERO }, &mut line);
        let asked = Instant::now();
        file.write_all(&line).unwrap();
        file.sync_data().unwrap();
        waits.push(asked.elapsed());
    }
    Ran::of(2_000, began.elapsed(), waits)
}

fn said(what: &str) -> String {
    fs::read_to_string(what).unwrap_or_default().trim().to_owned()
}

fn main() {
    let numbers: Vec<f64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let runs = numbers.first().map_or(5, |runs| *runs as usize);
    let time = Duration::from_secs_f64(numbers.get(1).copied().unwrap_or(2.0));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    // The server's own user must find its way in.
    let _ = Command::new("chmod").arg("755").arg(folder.path()).status();
    let made: Lines = sample::lines(Head::EMPTY, TEMPLATES, 0);
    let (bytes, lines) = (made.as_bytes().len(), Arc::new(Templates::of(&made)));
    let disk = disk(folder.path(), &lines);
    println!(
        "lines of {} bytes; append and fdatasync of one: p50 {:?}, p99 {:?}; load at the start: {}\n",
        bytes as u64 / TEMPLATES,
        disk.p50,
        disk.p99,
        said("/proc/loadavg")
    );
    let postgres = Postgres::start(&folder.path().join("postgres"));
    if postgres.is_none() {
        println!("PostgreSQL is not installed here, or does not start: left out\n");
    }
    println!(
        "| writers x lines | engine | lines/s, median of {runs} | lowest - highest | p50 | p99 | ours / it |\n|---|---|--:|--:|--:|--:|--:|"
    );
    for (writers, count) in [(1, 1), (8, 1), (64, 1), (1, 1_000)] {
        let load = Load { writers, lines: count, time };
        let mut engines: Vec<(&str, Vec<Ran>)> = Vec::new();
        for run in 0..runs {
            let at = folder.path().join(format!("{writers}-{count}-{run}"));
            fs::create_dir(&at).unwrap();
            let mut ran = vec![
                ("ours", ours(&at.join("ours"), &lines, load)),
                ("bare log", peer(Bare(File::create(at.join("bare")).unwrap()), &lines, load)),
                ("SQLite", sqlite(&at.join("many.sqlite"), &lines, load)),
                ("SQLite, one", peer(OneConnection(connect(&at.join("one.sqlite"))), &lines, load)),
            ];
            ran.extend(postgres.as_ref().and_then(|postgres| Some(("PostgreSQL", postgres.append(&lines, load)?))));
            for (at, (name, ran)) in ran.into_iter().enumerate() {
                match engines.get_mut(at) {
                    Some((_, before)) => before.push(ran),
                    None => engines.push((name, vec![ran])),
                }
            }
            fs::remove_dir_all(&at).unwrap();
        }
        let rates = |ran: &[Ran]| ran.iter().map(|ran| ran.per_second).collect::<Vec<_>>();
        let first = rates(&engines[0].1);
        for (name, ran) in &engines {
            let wait = |of: fn(&Ran) -> Duration| median(ran.iter().map(|ran| of(ran).as_secs_f64() * 1e6).collect());
            // Of each turn its own ratio: what disturbs a turn disturbs both.
            let ratios = first.iter().zip(rates(ran)).map(|(ours, its)| ours / its).collect();
            let (low, high) = rates(ran).iter().fold((f64::MAX, 0.0_f64), |(low, high), rate| (low.min(*rate), high.max(*rate)));
            println!(
                "| {writers} x {count} | {name} | {:.0} | {low:.0} - {high:.0} | {:.0} us | {:.0} us | {:.2} |",
                median(rates(ran)),
                wait(|ran| ran.p50),
                wait(|ran| ran.p99),
                median(ratios)
            );
        }
    }
    println!("\nload at the end: {}", said("/proc/loadavg"));
}
