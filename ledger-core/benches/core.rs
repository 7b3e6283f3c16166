//! What one core does per second with one event: `cargo bench -p ledger-core --bench core`.
//!
//! The rows are a year of the fixture's sellers. `bound` names what the step cannot be faster than: the hash of the same bytes.
#![expect(clippy::unwrap_used, reason = "a measurement that fails may panic")]
#![expect(clippy::disallowed_macros, reason = "a measurement prints")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the fixture")]

mod year;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ledger_core::chain::{self, Hash, Head};
use ledger_core::event::{Draft, Entry, Source, encode};
use ledger_core::feed::{Accounts, Cells, Fact, Fingerprint, Whose, recognise};
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{Billing, By, In, NoNames, Options, books, payouts};
use ledger_core::time::{Basis, Instant, Period};
use year::Year;

/// How many events a step is measured with: more than the caches hold.
const EVENTS: u64 = 20_000;
/// How many the answers are measured with.
const MANY: u64 = 1_000_000;

struct Fields(Vec<String>);

impl Cells for Fields {
    fn cell(&self, at: usize) -> &str {
        &self.0[at]
    }
}

/// What so many rows say.
fn facts(year: &Year, count: u64) -> impl Iterator<Item = Fact> {
    let header: Vec<&str> = year.header.iter().map(String::as_str).collect();
    let layout = recognise(&header).unwrap_or_else(|_| panic!("the fixture is a billing feed"));
    let accounts = Accounts::new();
    year.rows(count).map(move |(_, account, row)| {
        let whose = Whose { recipient: account.parse().unwrap(), accounts: &accounts, named: None };
        layout.read(&Fields(row), whose).fact.unwrap()
    })
}

fn draft(fact: Fact, row: u64) -> Draft {
    let source = Source::row(fact.key, 2, row, fact.stated_at);
    Draft { actor: "import".parse().unwrap(), effective_at: fact.effective_at, event: fact.event, source: Some(source) }
}

fn recorded_at() -> Instant {
    "2026-07-01T09:00:00.123456Z".parse().unwrap()
}

/// The lines of so many rows, and the head behind them.
fn lines(drafts: &[Draft]) -> Vec<Vec<u8>> {
    let mut head = Head::EMPTY;
    let write = |draft: &Draft| {
        let mut line = Vec::new();
        head = draft.write(head, recorded_at(), &mut line).unwrap();
        line
    };
    drafts.iter().map(write).collect()
}

fn steps(criterion: &mut Criterion) {
    let year = Year::read();
    let header: Vec<&str> = year.header.iter().map(String::as_str).collect();
    let layout = recognise(&header).unwrap_or_else(|_| panic!("the fixture is a billing feed"));
    let accounts = Accounts::new();
    let rows: Vec<_> = year.rows(EVENTS).map(|(_, account, row)| (account.parse().unwrap(), Fields(row))).collect();
    let facts: Vec<Fact> = facts(&year, EVENTS).collect();
    let drafts: Vec<Draft> = (1..).zip(&facts).map(|(row, fact)| draft(fact.clone(), row)).collect();
    let events: Vec<Vec<u8>> = drafts.iter().map(|draft| encode(&draft.event)).collect();
    let lines = lines(&drafts);
    let entries: Vec<Entry> = (1..).zip(&lines).map(|(seq, line)| Entry::read(line, seq).unwrap()).collect();
    let bytes: usize = lines.iter().map(Vec::len).sum();
    eprintln!("{EVENTS} lines of {} bytes on average", bytes as u64 / EVENTS);

    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Elements(EVENTS)).sample_size(10).measurement_time(Duration::from_secs(3));
    group.bench_function("row to fact", |bench| {
        bench.iter(|| {
            for (recipient, row) in &rows {
                black_box(layout.read(row, Whose { recipient: *recipient, accounts: &accounts, named: None }));
            }
        });
    });
    group.bench_function("fingerprint", |bench| {
        bench.iter(|| Fingerprint::of_each(&facts).len());
    });
    group.bench_function("encode event", |bench| {
        bench.iter(|| drafts.iter().for_each(|draft| drop(black_box(encode(&draft.event)))));
    });
    group.bench_function("write line (event encoded before)", |bench| {
        let (mut line, at) = (Vec::new(), recorded_at());
        bench.iter(|| {
            drafts.iter().zip(&events).fold(Head::EMPTY, |head, (draft, event)| {
                line.clear();
                draft.write_with(event, head, at, &mut line).unwrap()
            })
        });
    });
    group.bench_function("encode entry", |bench| {
        let (mut line, at) = (Vec::new(), recorded_at());
        bench.iter(|| {
            drafts.iter().fold(Head::EMPTY, |head, draft| {
                line.clear();
                draft.write(head, at, &mut line).unwrap()
            })
        });
    });
    group.bench_function("hash line (bound)", |bench| {
        bench.iter(|| lines.iter().fold(0, |sum: u8, line| sum ^ Hash::of(line).as_bytes()[0]));
    });
    group.bench_function("follow line", |bench| {
        bench.iter(|| lines.iter().fold(Head::EMPTY, |head, line| chain::follow(head, line).unwrap()));
    });
    group.bench_function("decode entry", |bench| {
        bench.iter(|| (1..).zip(&lines).for_each(|(seq, line)| drop(black_box(Entry::read(line, seq).unwrap()))));
    });
    group.bench_function("decode entry strictly", |bench| {
        bench.iter(|| (1..).zip(&lines).for_each(|(seq, line)| drop(black_box(Entry::read_strictly(line, seq).unwrap()))));
    });
    group.bench_function("evolve billing", |bench| {
        let fold = |mut state: Billing| {
            entries.iter().for_each(|entry| state.evolve(entry));
            state
        };
        bench.iter_batched(Billing::default, fold, BatchSize::PerIteration);
    });
    group.finish();
}

fn answers(criterion: &mut Criterion) {
    let (year, mut state) = (Year::read(), Billing::default());
    for (seq, fact) in (1..).zip(facts(&year, MANY)) {
        let Draft { actor, effective_at, event, source } = draft(fact, seq);
        let entry = Entry { actor, effective_at, event, prev: Hash::ZERO, recorded_at: recorded_at(), seq, source, v: chain::VERSION };
        state.evolve(&entry);
    }
    let saved = state.save();
    eprintln!("state of {MANY} rows: {} bytes", saved.len());
    let options = Options { by: By::Party, currency: In::Pricing, names: &NoNames };
    let mut group = criterion.benchmark_group("answers");
    group.throughput(Throughput::Elements(MANY)).sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, before) in [("payouts, end of June", "2025-07-01T00:00:00Z"), ("payouts, end of the year", "2026-01-01T00:00:00Z")] {
        let basis = Basis { effective_before: Some(before.parse().unwrap()), known_at: MANY, stated_before: None };
        group.bench_function(name, |bench| bench.iter(|| payouts(&state, basis, options)));
    }
    let month = Period { from: "2025-06-01T00:00:00Z".parse().unwrap(), until: "2025-07-01T00:00:00Z".parse().unwrap() };
    for party in books::parties(&state, &[]) {
        let basis = Basis { effective_before: Some(month.until), known_at: MANY, stated_before: None };
        let asked = books::Asked::of(party, basis, month.until, &NoNames);
        group.bench_function(format!("trial balance of {party}, end of June"), |bench| bench.iter(|| books::trial_balance(&state, asked)));
        let asked = books::Asked { within: Some(month), ..asked };
        group.bench_function(format!("journal of {party}, June"), |bench| bench.iter(|| books::journal(&state, asked)));
    }
    group.bench_function("load saved state", |bench| {
        bench.iter(|| {
            let mut loaded = Billing::default();
            assert!(loaded.load(&saved));
            loaded
        });
    });
    group.bench_function("save state", |bench| bench.iter(|| state.save()));
    group.finish();
}

criterion_group!(benches, steps, answers);
criterion_main!(benches);
