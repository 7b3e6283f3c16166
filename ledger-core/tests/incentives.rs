//! Laws of programmes and credits, for random histories: what is granted goes somewhere, no basis uses what it does not know, every tree sums.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use ledger_core::chain::Head;
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::projection::Projection;
use ledger_core::projection::programmes::{Credit, Programmes, conservation, incentives, incentives_expected, incentives_missed, why};
use ledger_core::projection::records::Records;
use ledger_core::report::Cell;
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};

const HOLDERS: [&str; 2] = ["444455556666", "777788889999"];
const DAY: i64 = 86_400_000_000;

fn moment(day: u32) -> Instant {
    let first: Instant = "2025-01-01T00:00:00Z".parse().unwrap();
    Instant::from_micros(first.micros() + i64::from(day) * DAY)
}

fn event(kind: &str, value: &Value) -> Event {
    serde_json::from_value(json!({ "type": kind, "value": value })).unwrap()
}

/// A ledger in memory.
#[derive(Default)]
struct Ledger {
    head: Option<Head>,
    entries: Vec<Entry>,
}

impl Ledger {
    fn append(&mut self, day: u32, event: Event) -> u64 {
        let source = Some(Source::manual("document:00".to_owned(), None));
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: moment(day), event, source };
        let mut line = Vec::new();
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), moment(700), &mut line).unwrap();
        self.entries.push(Entry::read_strictly(&line, head.seq).unwrap());
        self.head = Some(head);
        head.seq
    }

    fn record(&mut self, day: u32, kind: &str, value: Value) -> u64 {
        self.append(day, event(kind, &value))
    }

    fn confirm(&mut self, seq: u64) {
        self.record(0, "entry.confirmed", json!({ "entry": seq }));
    }
}

fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> (Programmes, Records) {
    let (mut programmes, mut records) = (Programmes::default(), Records::default());
    for entry in entries {
        programmes.evolve(entry);
        records.evolve(entry);
    }
    (programmes, records)
}

/// One step of a random history.
#[derive(Debug, Clone)]
struct Step {
    what: u8,
    day: u32,
    credit: u8,
    other: u8,
    amount: u32,
    month: u8,
    flags: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..10_u8, 0..400_u32, 0..5_u8, 0..5_u8, 1..90_000_u32, 1..=12_u8, 0..8_u8);
    let step = step.prop_map(|(what, day, credit, other, amount, month, flags)| Step { what, day, credit, other, amount, month, flags });
    prop::collection::vec(step, 1..40)
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Plays a history: whatever is said is recorded, sense or not, as facts are.
fn play(steps: &[Step]) -> Ledger {
    let mut ledger = Ledger::default();
    for Step { what, day, credit, other, amount, month, flags } in steps.iter().cloned() {
        let (id, holder) = (format!("C-{credit}"), HOLDERS[usize::from(other) % 2]);
        let services: Vec<&str> = if flags & 2 == 0 { vec![] } else { vec!["AmazonEC2", "AmazonS3"] };
        let service = (flags & 4 != 0).then_some("AmazonEC2");
        let seq = match what {
            0 | 1 => {
                let mut told = json!({ "credit": id, "programme": "mpop", "holder": holder, "amount": money(amount * 10), "currency": "USD",
                    "services": services });
                if flags & 1 != 0 {
                    told["ends_at"] = json!(moment(day + 90));
                }
                ledger.record(day, "credit.granted", told)
            }
            2..=4 => {
                let mut told =
                    json!({ "account": holder, "amount": money(amount), "currency": "USD", "month": format!("2025-{month:02}") });
                if flags & 1 != 0 {
                    told["credit"] = json!(id);
                }
                if flags & 2 != 0 {
                    told["estimated"] = json!(true);
                }
                if let Some(service) = service {
                    told["service"] = json!(service);
                }
                ledger.record(day, "credit.applied", told)
            }
            5 => {
                let parts = json!([{ "credit": format!("C-{other}"), "amount": money(amount) }, { "credit": format!("{id}-{day}"), "amount": money(amount / 2) }]);
                ledger.record(day, "credit.split", json!({ "credit": id, "children": parts }))
            }
            6 => ledger.record(day, "credit.transferred", json!({ "credit": id, "to": holder })),
            7 => {
                let told = json!({ "credit": id, "amount": money(amount), "currency": "USD", "holder": holder });
                ledger.record(day, "credit.revoked", told)
            }
            8 => ledger.record(day, "credit.passed_on", json!({ "credit": id, "to": holder, "amount": money(amount), "currency": "USD" })),
            _ => {
                let entry = u64::from(amount) % (ledger.entries.len() as u64 + 1);
                let known =
                    ledger.entries.get(usize::try_from(entry).unwrap()).filter(|known| flags & 1 != 0 && !is_about_others(&known.event));
                let replacement = known.map(|known| serde_json::to_value(&known.event).unwrap());
                let mut told = json!({ "entry": known.map_or(entry, |known| known.seq), "reason": "a slip" });
                if let Some(replacement) = replacement {
                    told["replacement"] = replacement;
                }
                ledger.record(day, "entry.corrected", told)
            }
        };
        if flags != 7 {
            ledger.confirm(seq);
        }
    }
    ledger
}

fn is_about_others(event: &Event) -> bool {
    matches!(event, Event::EntryCorrected(_) | Event::EntryConfirmed(_))
}

/// What AWS granted, by the events alone: confirmed, not taken back, in time, the first of each id by the order of time.
fn granted(ledger: &Ledger, basis: &Basis) -> BTreeMap<String, i128> {
    let known = || ledger.entries.iter().filter(|entry| entry.seq <= basis.known_at);
    let corrected = |seq: u64| known().any(|entry| matches!(&entry.event, Event::EntryCorrected(it) if it.entry == seq));
    let confirmed = |seq: u64| known().any(|entry| matches!(&entry.event, Event::EntryConfirmed(it) if it.entry == seq));
    let mut roots: BTreeMap<String, ((Instant, u64), i128)> = BTreeMap::new();
    for entry in known().filter(|entry| !corrected(entry.seq) && basis.had_happened(entry.effective_at)) {
        let told = match &entry.event {
            Event::EntryCorrected(it) => it.replacement.as_ref(),
            event => Some(event),
        };
        if let Some(Event::CreditGranted(it)) = told.filter(|_| confirmed(entry.seq)) {
            let told = ((entry.effective_at, entry.seq), it.amount.units());
            let first = roots.entry(it.credit.to_string()).or_insert(told);
            *first = told.min(*first);
        }
    }
    roots.into_iter().map(|(id, (_, units))| (id, units)).collect()
}

fn check(ledger: &Ledger, basis: Basis) -> Result<(), TestCaseError> {
    let (programmes, records) = fold(&ledger.entries);
    let view = records.at(basis);
    let all = programmes.at(&view);
    let oracle = granted(ledger, &basis);
    let mut families: BTreeMap<&str, [i128; 5]> = BTreeMap::new();
    for credit in all.credits() {
        let figures = [credit.granted(), credit.applied(), credit.expired, credit.taken_back(), credit.balance()];
        prop_assert_eq!(figures[0], figures[1..].iter().sum::<i128>(), "{}", credit.id);
        prop_assert!(credit.expired == 0 || credit.balance() == 0, "what expired is gone");
        prop_assert!(credit.expired >= 0 && credit.applied() >= 0 && credit.taken_back() >= 0);
        families.entry(&credit.root).or_default().iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
        let overdrawn = all.findings().iter().any(|found| found.code == "F52" && found.subject == credit.id);
        prop_assert_eq!(credit.balance() < 0, overdrawn, "more than there is of `{}` is found, and nothing else", credit.id);
    }
    for (root, [sum, applied, expired, revoked, balance]) in &families {
        // A part may take an id that AWS granted later: then the grant counts nothing, and that is found.
        let granted = oracle.get(*root).copied().unwrap_or_default();
        prop_assert_eq!(*sum, granted, "the parts of `{}` are what was granted", root);
        prop_assert_eq!(granted, applied + expired + revoked + balance);
    }
    for id in oracle.keys() {
        let taken = all.credit(id).is_some_and(|credit| credit.root != *id);
        prop_assert!(taken || families.contains_key(id.as_str()), "`{}` was granted", id);
    }
    // Of a total that names no credit, no more is laid to credits than was told.
    let mut laid: BTreeMap<u64, i128> = BTreeMap::new();
    for used in all.credits().iter().flat_map(|credit: &Credit| &credit.uses).filter(|used| used.by_order) {
        *laid.entry(used.seq).or_default() += used.amount.units();
    }
    for found in all.findings().into_iter().filter(|found| found.code == "F52" && HOLDERS.contains(&found.subject.as_str())) {
        *laid.entry(found.seq).or_default() += found.amount.unwrap().0.units();
    }
    for (seq, units) in laid {
        let told = match &ledger.entries[usize::try_from(seq).unwrap() - 1].event {
            Event::CreditApplied(told) => told.amount.units(),
            Event::EntryCorrected(it) => match it.replacement.as_ref().unwrap() {
                Event::CreditApplied(told) => told.amount.units(),
                _ => 0,
            },
            _ => 0,
        };
        prop_assert!(0 < units && units <= told, "{} of {} was laid out", units, told);
    }
    // The report says the same, and so do the trees.
    let report = incentives(&all);
    prop_assert!(conservation(&report).iter().all(|line| line.contains(" = ")));
    let ids: Vec<String> = all.credits().iter().map(|credit| credit.id.clone()).collect();
    let mut figures: BTreeMap<(String, &str), (i128, i128)> = BTreeMap::new();
    for part in why(&all, &ids) {
        let (figure, parts) = figures.entry((part.grant.clone(), part.figure)).or_default();
        let units = part.amount.map_or(0, |amount| amount.units());
        if part.part.is_none() { *figure += units } else { *parts += units }
    }
    for ((grant, figure), (whole, parts)) in &figures {
        prop_assert_eq!(whole, parts, "{} of {}", figure, grant);
        let row = report.rows.iter().find(|row| row[0] == Cell::text(grant)).unwrap();
        if let Some(Cell::Amount(amount)) = report.column(figure).map(|at| &row[at]) {
            prop_assert_eq!(amount.units(), *whole, "{} of {}", figure, grant);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn what_is_granted_goes_somewhere_at_every_basis(steps in steps(), day in 0..500_u32, back in 0..20_u64) {
        let ledger = play(&steps);
        let last = ledger.entries.len() as u64;
        for known_at in [last, last.saturating_sub(back)] {
            for effective_before in [None, Some(moment(day))] {
                check(&ledger, Basis { effective_before, known_at, stated_before: None })?;
            }
        }
    }

    /// As of a day, as if nothing that took effect later had ever been recorded; known at a position, as if nothing had followed.
    #[test]
    fn a_basis_uses_only_what_it_knows(steps in steps(), day in 0..500_u32, back in 0..20_u64) {
        let ledger = play(&steps);
        let known_at = (ledger.entries.len() as u64).saturating_sub(back);
        let basis = Basis { effective_before: Some(moment(day)), known_at, stated_before: None };
        // That an entry was wrong, or is confirmed, is known when it is recorded, whenever it was true.
        let inside = |entry: &&Entry| entry.seq <= known_at && (basis.had_happened(entry.effective_at) || is_about_others(&entry.event));
        let reports = |entries: &[&Entry]| {
            let (programmes, records) = fold(entries.iter().copied());
            let view = records.at(basis);
            let all = programmes.at(&view);
            (incentives(&all), incentives_expected(&all), incentives_missed(&all), all.findings())
        };
        let everything: Vec<&Entry> = ledger.entries.iter().collect();
        let known: Vec<&Entry> = ledger.entries.iter().filter(inside).collect();
        prop_assert_eq!(reports(&everything), reports(&known));
    }

    #[test]
    fn a_saved_state_goes_on_as_it_would_have(steps in steps(), at: prop::sample::Index) {
        let ledger = play(&steps);
        let (whole, _) = fold(&ledger.entries);
        let cut = at.index(ledger.entries.len());
        let (mut state, _) = fold(&ledger.entries[..cut]);
        let saved = state.save();
        prop_assert!(state.load(&saved));
        ledger.entries[cut..].iter().for_each(|entry| state.evolve(entry));
        prop_assert_eq!(state.save(), whole.save());
        prop_assert!(!state.load(b"[]"));
        prop_assert_eq!(state, Programmes::default());
    }
}
