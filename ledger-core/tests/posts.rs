//! Laws of what credits and commitments post to the books, for random histories: everything balances at every basis, what the projections tell is
//! what the transactions come to, nothing is posted before it took effect, and every tree sums.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::cell::Cell as Counter;
use std::collections::{BTreeMap, BTreeSet};

use ledger_core::book::Book;
use ledger_core::chain::Head;
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::books::{Account, Asked, Posts, Transaction, balances, parties, told, transactions, why};
use ledger_core::projection::billing::{Billing, Names, NoNames};
use ledger_core::projection::closing::{Shut, Shuts};
use ledger_core::projection::edp::{Setting, Shortfalls, edp};
use ledger_core::projection::programmes::{Credits, Programmes, incentives};
use ledger_core::projection::records::Records;
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};

const PAYERS: [&str; 2] = ["777788889999", "444455556666"];
const SELLER: &str = "111122223333";
const DAY: i64 = 86_400_000_000;
const YEARS: [(&str, &str); 3] = [("2025-01", "2025-03"), ("2025-03", "2025-04"), ("2025-04", "2025-07")];

fn moment(day: u32) -> Instant {
    let first: Instant = "2025-01-01T00:00:00Z".parse().unwrap();
    Instant::from_micros(first.micros() + i64::from(day) * DAY)
}

fn instant(day: &str) -> Instant {
    format!("{day}T00:00:00Z").parse().unwrap()
}

fn first_of(month: &str) -> Instant {
    format!("{month}-01T00:00:00Z").parse().unwrap()
}

/// A ledger in memory.
#[derive(Default)]
struct Ledger {
    head: Option<Head>,
    entries: Vec<Entry>,
}

impl Ledger {
    fn record(&mut self, effective_at: Instant, kind: &str, value: Value) -> u64 {
        let event = serde_json::from_value(json!({ "type": kind, "value": value })).unwrap();
        self.append(effective_at, event, Source::manual("document:00".to_owned(), None))
    }

    fn append(&mut self, effective_at: Instant, event: Event, source: impl Into<Option<Source>>) -> u64 {
        let draft = Draft { actor: "li".parse().unwrap(), effective_at, event, source: source.into() };
        let mut line = Vec::new();
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), moment(700), &mut line).unwrap();
        self.entries.push(Entry::read_strictly(&line, head.seq).unwrap());
        self.head = Some(head);
        head.seq
    }

    fn confirmed(&mut self, effective_at: Instant, kind: &str, value: Value) -> u64 {
        let seq = self.record(effective_at, kind, value);
        self.record(moment(0), "entry.confirmed", json!({ "entry": seq }));
        seq
    }

    /// A commitment of one or two payers, in three contract years of which each has so much.
    fn commitment(&mut self, kind: &str, day: u32, payers: usize, amount: u32) {
        self.terms(kind, day, &PAYERS[..payers], amount, json!({}));
    }

    /// The same, with other terms beside.
    fn terms(&mut self, kind: &str, day: u32, payers: &[&str], amount: u32, others: Value) -> u64 {
        let year = |(from, until): (&str, &str)| json!({ "amount": money(amount), "from": first_of(from), "until": first_of(until) });
        let mut terms = json!({ "commitment": "PPA", "currency": "USD", "measure": { "columns": ["billed"] }, "payers": payers,
            "refunds": "memo", "years": YEARS.map(year) });
        for (name, value) in others.as_object().unwrap() {
            terms[name] = value.clone();
        }
        self.record(moment(day), kind, terms)
    }

    /// A row of the seller's: what the first payer bought, invoiced on a day and told on another.
    fn bought(&mut self, told: &str, number: u64, kind: &str, invoiced: &str, amount: &str) -> u64 {
        let row = json!({ "amount": amount, "balance_impacting": true, "counterparty": PAYERS[0], "currency": "USD", "invoice": "I-1",
            "invoice_date": instant(invoiced), "line": "L-1", "recipient": SELLER, "transaction_type": kind });
        let event = serde_json::from_value(json!({ "type": "invoice.issued", "value": row })).unwrap();
        self.append(instant(told), event, Source::row(format!("billing_event:{SELLER}:{number}"), 1, number, Some(instant(told))))
    }

    fn bill(&mut self, month: u32, payer: &str, amount: u32) {
        let month = first_of(&format!("2025-{month:02}"));
        let told = json!({ "amounts": { "billed": money(amount) }, "class": "services", "currency": "USD", "line_type": "Usage",
            "month": month, "payer": payer, "rows": 1, "statement": "cur" });
        self.record(month, "spend.recorded", told);
    }

    fn invoice(&mut self, effective_at: Instant, number: u8, year: &str, amount: &str) -> u64 {
        let told =
            json!({ "amount": amount, "commitment": "PPA", "currency": "USD", "invoice": format!("INV-{number}"), "year": first_of(year) });
        self.confirmed(effective_at, "shortfall.invoiced", told)
    }
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// One step of a random history.
#[derive(Debug, Clone)]
struct Step {
    what: u8,
    day: u32,
    which: u8,
    amount: u32,
    month: u8,
    flags: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..9_u8, 0..300_u32, 0..3_u8, 1..90_000_u32, 1..=7_u8, 0..8_u8);
    let step = step.prop_map(|(what, day, which, amount, month, flags)| Step { what, day, which, amount, month, flags });
    prop::collection::vec(step, 1..30)
}

/// Plays a history: most months have a bill, the rest is said whether it makes sense or not, as facts are.
fn play(payers: usize, whole: bool, steps: &[Step]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.commitment("commitment.signed", 0, payers, 100_000);
    for month in (1..=6).filter(|month| whole || *month != 4) {
        PAYERS[..payers].iter().for_each(|payer| ledger.bill(month, payer, 20_000));
    }
    for Step { what, day, which, amount, month, flags } in steps.iter().cloned() {
        let (credit, holder) = (format!("C-{which}"), PAYERS[usize::from(flags) % 2]);
        match what {
            0 => {
                _ = ledger.confirmed(
                    moment(day),
                    "credit.granted",
                    json!({ "credit": credit, "programme": "mpop", "holder": holder, "amount": money(amount * 10), "currency": "USD" }),
                )
            }
            1 | 2 => {
                let mut told =
                    json!({ "account": holder, "amount": money(amount), "currency": "USD", "month": format!("2025-{month:02}") });
                if flags & 4 != 0 {
                    told["credit"] = json!(credit);
                }
                if flags & 2 != 0 {
                    told["estimated"] = json!(true);
                }
                ledger.confirmed(moment(day), "credit.applied", told);
            }
            3 => _ = ledger.record(moment(day), "credit.transferred", json!({ "credit": credit, "to": holder })),
            4 => ledger.bill(u32::from(month), holder, amount),
            5 | 6 => {
                let year = if flags == 7 { "2024-01" } else { YEARS[usize::from(which)].0 };
                ledger.invoice(moment(day), which + 3 * (flags & 1), year, &money(amount));
            }
            7 => {
                let mut named = PAYERS[..payers].to_vec();
                if flags & 1 != 0 {
                    named.reverse();
                }
                ledger.terms("commitment.amended", day, &named, amount * 3, json!({}));
            }
            _ => {
                let entry = u64::from(amount) % (ledger.entries.len() as u64) + 1;
                ledger.record(moment(day), "entry.corrected", json!({ "entry": entry, "reason": "a slip" }));
            }
        }
    }
    ledger
}

/// What is known of a ledger.
struct Known {
    billing: Billing,
    records: Records,
    programmes: Programmes,
    book: Book,
    /// What was approved, and where.
    confirmed: BTreeMap<u64, u64>,
}

fn fold(ledger: &Ledger) -> Known {
    let (billing, records, programmes, book) = <(Billing, Records, Programmes, Book)>::default();
    let mut known = Known { billing, records, programmes, book, confirmed: BTreeMap::new() };
    for entry in &ledger.entries {
        let all: [&mut dyn Projection; 4] = [&mut known.billing, &mut known.records, &mut known.programmes, &mut known.book];
        all.into_iter().for_each(|state| state.evolve(entry));
        if let Event::EntryConfirmed(of) = &entry.event {
            known.confirmed.entry(of.entry).or_insert(entry.seq);
        }
    }
    known
}

fn units(report: &Report, row: &[Cell], name: &str) -> Option<i128> {
    if let Cell::Amount(amount) = row[report.column(name).unwrap()] { Some(amount.units()) } else { None }
}

fn sums<'t>(transactions: impl IntoIterator<Item = &'t Transaction<'t>>) -> BTreeMap<&'static str, i128> {
    let mut sums = BTreeMap::new();
    for posting in transactions.into_iter().flat_map(|transaction| &transaction.postings) {
        *sums.entry(posting.account.path()).or_default() += posting.amount.units();
    }
    sums.retain(|_, units| *units != 0);
    sums
}

/// Holds every law at a basis, and gives what each account stands at, party by party.
fn check(known: &Known, basis: Basis) -> Result<BTreeMap<(String, Account), i128>, TestCaseError> {
    let view = known.records.at(basis);
    let setting = Setting { view: &view, billing: &known.billing, book: &known.book, names: &NoNames };
    let credits = known.programmes.at(&view);
    let others: [Box<dyn Posts>; 2] = [Box::new(Credits::of(&credits)), Box::new(Shortfalls::of(&setting))];
    let until = view.until().unwrap();
    let mut all: BTreeMap<(String, Account), i128> = BTreeMap::new();
    let mut cost: BTreeMap<&str, i128> = BTreeMap::new();
    for party in parties(&known.billing, &others) {
        let asked = Asked { others: &others, ..Asked::of(party, basis, until, &NoNames) };
        let journal = transactions(&known.billing, asked);
        for transaction in &journal {
            prop_assert_eq!(transaction.postings.iter().map(|posting| posting.amount.units()).sum::<i128>(), 0, "{:?}", transaction);
            prop_assert!(Instant::midnight(transaction.day) < until, "nothing is of a day that has not come: {:?}", transaction);
            for seq in &transaction.events {
                prop_assert!(*seq <= basis.known_at, "{:?}", transaction);
            }
        }
        let stands = balances(&known.billing, asked);
        let of_journal = sums(&journal);
        let of_balances: BTreeMap<&str, i128> =
            stands.iter().map(|((account, _), amount)| (account.path(), amount.units())).filter(|(_, units)| *units != 0).collect();
        prop_assert_eq!(&of_journal, &of_balances);
        for ((account, _), amount) in &stands {
            *all.entry((party.to_string(), *account)).or_default() += amount.units();
            *cost.entry(account.path()).or_default() += amount.units();
        }
        // What the projections tell on any day is what the transactions up to then come to.
        let days: BTreeSet<Instant> = journal
            .iter()
            .flat_map(|transaction| [0, 1].map(|after| Instant::from_micros(Instant::midnight(transaction.day).micros() + after * DAY)))
            .chain([until])
            .collect();
        for day in days {
            let told: BTreeMap<&str, i128> = told(&known.billing, asked, &[day])
                .remove(0)
                .into_iter()
                .map(|((account, _), amount)| (account, amount.units()))
                .filter(|(_, units)| *units != 0)
                .collect();
            prop_assert_eq!(sums(journal.iter().filter(|transaction| Instant::midnight(transaction.day) < day)), told, "before {}", day);
        }
        after_a_close(known, asked)?;
        // Each tree sums to its balance.
        let wanted: Vec<String> = stands.keys().map(|(account, currency)| format!("{account} {currency}")).collect();
        let mut trees: BTreeMap<String, [i128; 2]> = BTreeMap::new();
        for reason in why(&known.billing, asked, &wanted) {
            let Cell::Money(amount, _) = reason.value else { panic!("{reason:?}") };
            trees.entry(reason.subject).or_default()[usize::from(reason.field != "balance")] += amount.units();
            prop_assert!(reason.field == "balance" || !reason.events.is_empty(), "an event says so");
        }
        for ((account, currency), amount) in &stands {
            prop_assert_eq!(trees[&format!("{account} {currency}")], [amount.units(); 2]);
        }
    }
    // All of it is what `show incentives` and `show edp` print.
    let of = |account: Account| cost.get(account.path()).copied().unwrap_or(0);
    let uses = credits.credits().iter().flat_map(|credit| &credit.uses).filter(|used| first_of(&used.month) < until);
    let applied: i128 = uses.map(|used| used.amount.units()).sum();
    prop_assert_eq!(of(Account::CreditsApplied), -applied);
    let report = incentives(&credits);
    if until > first_of("2025-07") {
        prop_assert_eq!(report.rows.iter().filter_map(|row| units(&report, row, "applied")).sum::<i128>(), applied);
    }
    let counts = |seq: &u64| known.confirmed.get(seq).is_some_and(|at| *at <= basis.known_at);
    let invoices = view.shortfall_invoices(&"PPA".parse().unwrap());
    let stand = invoices.iter().filter_map(|versions| versions.iter().rfind(|(.., seq)| counts(seq)));
    let invoiced: i128 = stand.map(|(_, told, _)| told.amount.units()).sum();
    let report = edp(&setting);
    if !view.commitments().is_empty() {
        prop_assert_eq!(of(Account::AwsBills), applied - invoiced);
        let (mut expected, mut of_years) = (0, 0);
        for row in &report.rows {
            let Cell::Moment(ends) = row[report.column("ends").unwrap()] else { panic!("{row:?}") };
            let of_year = units(&report, row, "shortfall_invoiced").unwrap_or(0);
            of_years += of_year;
            expected += units(&report, row, "shortfall").filter(|_| ends < until).unwrap_or(of_year);
        }
        prop_assert_eq!(of(Account::Shortfall), expected + invoiced - of_years);
        prop_assert_eq!(of(Account::ShortfallDifference), invoiced - of(Account::Shortfall) - of(Account::ShortfallAccrued));
        prop_assert!(of(Account::ShortfallAccrued) <= 0);
    }
    Ok(all)
}

/// Whatever was known when a month was closed, up to its end the books stay what they were then; what differs comes later, and in the end it is
/// the same.
fn after_a_close(known: &Known, asked: Asked<'_>) -> Result<(), TestCaseError> {
    let month = |back: i64| first_of(&Instant::from_micros(asked.until.micros() - back * DAY).to_string()[..7]);
    let at = |part: u64| asked.basis.known_at.min(60) * part / 4;
    let shuts = Shuts::of(vec![Shut { at: at(2), until: month(90) }, Shut { at: at(3), until: month(31) }]);
    let bases: Vec<Basis> = shuts
        .iter()
        .map(|shut| {
            let before = asked.basis.effective_before.map_or(shut.until, |before| before.min(shut.until));
            Basis { effective_before: Some(before), known_at: shut.at, ..asked.basis }
        })
        .collect();
    let then: Vec<Vec<Box<dyn Posts>>> = bases
        .iter()
        .map(|basis| {
            let view = known.records.at(*basis);
            let setting = Setting { view: &view, billing: &known.billing, book: &known.book, names: &NoNames };
            let both: [Box<dyn Posts>; 2] = [Box::new(Credits::of(&known.programmes.at(&view))), Box::new(Shortfalls::of(&setting))];
            both.into()
        })
        .collect();
    let posted = Asked { shuts: &shuts, then: &then, ..asked };
    let journal = transactions(&known.billing, posted);
    prop_assert_eq!(sums(&journal), sums(&transactions(&known.billing, asked)));
    for transaction in &journal {
        prop_assert_eq!(transaction.postings.iter().map(|posting| posting.amount.units()).sum::<i128>(), 0, "{:?}", transaction);
        prop_assert!(transaction.day >= transaction.effective, "{:?}", transaction);
    }
    let before = |moment: Instant| sums(journal.iter().filter(move |transaction| Instant::midnight(transaction.day) < moment));
    for ((shut, basis), others) in shuts.iter().zip(&bases).zip(&then) {
        let at_close = Asked { basis: *basis, until: asked.until.min(shut.until), others, ..asked };
        let stood: BTreeMap<&'static str, i128> = balances(&known.billing, at_close)
            .into_iter()
            .map(|((account, _), amount)| (account.path(), amount.units()))
            .filter(|(_, units)| *units != 0)
            .collect();
        prop_assert_eq!(before(shut.until), stood, "closed before {}", shut.until);
    }
    let days = journal.iter().map(|transaction| Instant::from_micros(Instant::midnight(transaction.day).micros() + DAY));
    for day in days.collect::<BTreeSet<_>>() {
        let told: BTreeMap<&str, i128> = told(&known.billing, posted, &[day])
            .remove(0)
            .into_iter()
            .map(|((account, _), amount)| (account, amount.units()))
            .filter(|(_, units)| *units != 0)
            .collect();
        prop_assert_eq!(before(day), told, "before {}", day);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_posted_beside_the_feeds_balances_and_is_told_at_any_basis(
        steps in steps(), payers in 1..=2_usize, whole: bool, day in 1..330_u32, back in 0..20_u64,
    ) {
        let ledger = play(payers, whole, &steps);
        let (known, last) = (fold(&ledger), ledger.entries.len() as u64);
        for known_at in [last, last.saturating_sub(back).max(1)] {
            for effective_before in [None, Some(moment(day))] {
                check(&known, Basis { effective_before, known_at, stated_before: None })?;
            }
        }
    }

    /// What shortfalls come to on a day is what had been posted by then, however much later it is looked at: no day that has passed is touched.
    #[test]
    fn what_happens_later_is_posted_later(steps in steps(), payers in 1..=2_usize, days in prop::collection::vec(1..330_u32, 6)) {
        let ledger = play(payers, true, &steps);
        let (known, last) = (fold(&ledger), ledger.entries.len() as u64);
        let shortfalls = |basis: Basis| {
            let view = known.records.at(basis);
            Shortfalls::of(&Setting { view: &view, billing: &known.billing, book: &known.book, names: &NoNames })
        };
        let at_the_end = shortfalls(Basis::at(last));
        for day in days.into_iter().map(moment) {
            let then = shortfalls(Basis { effective_before: Some(day), ..Basis::at(last) });
            for party in PAYERS.map(|party| party.parse().unwrap()) {
                let now = at_the_end.transactions(party);
                let by_then = now.iter().filter(|transaction| Instant::midnight(transaction.day) < day);
                prop_assert_eq!(sums(by_then), sums(&then.transactions(party)), "{} {}", party, day);
            }
        }
    }

    /// What is taken back leaves nothing behind.
    #[test]
    fn a_correction_nets_to_nothing(steps in steps(), payers in 1..=2_usize, amount in 1..90_000_u32) {
        let mut ledger = play(payers, true, &steps);
        let before = check(&fold(&ledger), Basis::at(ledger.entries.len() as u64))?;
        let invoice = ledger.invoice(moment(200), 9, YEARS[0].0, &money(amount));
        // Until it has its approvals, it counts nowhere.
        prop_assert_eq!(&before, &check(&fold(&ledger), Basis::at(invoice))?);
        let changed = check(&fold(&ledger), Basis::at(invoice + 1))?;
        // Corrected to another amount it waits again, and what stood is gone at once; then that is taken back, too.
        let other = json!({ "amount": money(amount + 1), "commitment": "PPA", "currency": "USD", "invoice": "INV-9", "year": first_of(YEARS[0].0) });
        let replacement = json!({ "type": "shortfall.invoiced", "value": other });
        let corrected = ledger.append(
            moment(200),
            serde_json::from_value(json!({ "type": "entry.corrected", "value": { "entry": invoice, "reason": "a slip", "replacement": replacement } })).unwrap(),
            None,
        );
        let waits = check(&fold(&ledger), Basis::at(corrected))?;
        prop_assert!(waits.get(&(PAYERS[0].to_owned(), Account::AwsBills)) == before.get(&(PAYERS[0].to_owned(), Account::AwsBills)));
        ledger.record(moment(200), "entry.corrected", json!({ "entry": corrected, "reason": "a slip" }));
        let after = check(&fold(&ledger), Basis::at(ledger.entries.len() as u64))?;
        let stand = |all: BTreeMap<(String, Account), i128>| all.into_iter().filter(|(_, units)| *units != 0).collect::<BTreeMap<_, _>>();
        let before = stand(before);
        if before != stand(after.clone()) || before == stand(changed.clone()) {
            // The commitment itself was taken back: nobody is known to owe anything.
            prop_assert_eq!(&before, &stand(after));
            prop_assert!(!before.keys().any(|(_, account)| *account == Account::Shortfall) && before == stand(changed));
        }
    }
}

/// By account and party, in cents, at the end of a day.
fn on(known: &Known, day: &str) -> Vec<String> {
    let basis = Basis { effective_before: Some(day.parse().unwrap()), ..Basis::at(u64::MAX) };
    let stands = check(known, basis).unwrap();
    let told = |((party, account), units): ((String, Account), i128)| format!("{} {account} {}", &party[..4], units / 1_000_000);
    stands.into_iter().filter(|(_, units)| *units != 0).map(told).collect()
}

#[test]
fn a_shortfall_is_accrued_and_then_invoiced() {
    let mut ledger = Ledger::default();
    ledger.commitment("commitment.signed", 0, 1, 100_000);
    (1..=6).for_each(|month| ledger.bill(month, PAYERS[0], 20_000));
    // 1,000.00 committed for two months, 400.00 spent: 600.00 lack from 1 March on.
    let known = fold(&ledger);
    assert!(on(&known, "2025-03-01T00:00:00Z").is_empty(), "on the last day of February");
    let accrued = ["7777 Liabilities:AccruedShortfall -60000", "7777 Expenses:AWS:Shortfall 60000"];
    assert_eq!(on(&known, "2025-03-02T00:00:00Z"), accrued);
    // AWS invoices 12.34 less: 587.66 is owed, and the difference has a name.
    ledger.invoice("2025-03-20T08:00:00Z".parse().unwrap(), 1, "2025-01", "587.66");
    let known = fold(&ledger);
    assert_eq!(on(&known, "2025-03-20T00:00:00Z"), accrued, "nothing before it took effect");
    let invoiced = ["7777 Liabilities:AWSBills -58766", "7777 Expenses:AWS:Shortfall 60000", "7777 Expenses:AWS:ShortfallDifference -1234"];
    assert_eq!(on(&known, "2025-03-21T00:00:00Z"), invoiced);
}

#[test]
fn what_changes_a_shortfall_later_is_posted_later() {
    let mut ledger = Ledger::default();
    ledger.commitment("commitment.signed", 0, 1, 100_000);
    (1..=6).for_each(|month| ledger.bill(month, PAYERS[0], 20_000));
    // On 1 May the contract is amended: 900.00 for each year, so that 500.00 lacked in the first, and 700.00 in the second.
    ledger.commitment("commitment.amended", 120, 1, 90_000);
    let of = |day: &str| on(&fold(&ledger), day);
    assert_eq!(of("2025-05-01T00:00:00Z"), ["7777 Liabilities:AccruedShortfall -140000", "7777 Expenses:AWS:Shortfall 140000"]);
    assert_eq!(of("2025-05-02T00:00:00Z"), ["7777 Liabilities:AccruedShortfall -120000", "7777 Expenses:AWS:Shortfall 120000"]);
    // AWS's invoice is restated from 500.00 to 480.00: 20.00 less is owed.
    ledger.invoice("2025-05-10T00:00:00Z".parse().unwrap(), 1, "2025-01", "500.00");
    ledger.invoice("2025-05-20T00:00:00Z".parse().unwrap(), 1, "2025-01", "480.00");
    let open = ["7777 Liabilities:AccruedShortfall -70000", "7777 Expenses:AWS:Shortfall 120000"];
    let of = |day: &str| on(&fold(&ledger), day);
    assert_eq!(of("2025-05-11T00:00:00Z"), [&["7777 Liabilities:AWSBills -50000"][..], &open].concat());
    let difference = ["7777 Expenses:AWS:ShortfallDifference -2000"];
    assert_eq!(of("2025-05-21T00:00:00Z"), [&["7777 Liabilities:AWSBills -48000"][..], &open, &difference].concat());
}

/// The shortfalls as they stand at the end of the day before.
fn shortfalls(known: &Known, before: &str, names: &dyn Names) -> Shortfalls {
    let view = known.records.at(Basis { effective_before: Some(instant(before)), ..Basis::at(u64::MAX) });
    Shortfalls::of(&Setting { view: &view, billing: &known.billing, book: &known.book, names })
}

/// What was accrued: day, whose, cents and the events behind it.
fn accrued(of: &Shortfalls) -> Vec<(String, String, i128, Vec<u64>)> {
    let each = |party: AccountId| {
        let cents = |transaction: &Transaction<'_>| sums([transaction]).get(Account::Shortfall.path()).copied().unwrap_or(0) / 1_000_000;
        let told = of.transactions(party).into_iter();
        told.map(|of| (of.day.to_string(), party.as_str()[..4].to_owned(), cents(&of), of.events)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = of.parties().into_iter().flat_map(each).collect();
    all.sort();
    all
}

fn brief(all: &[(String, String, i128, Vec<u64>)]) -> Vec<String> {
    all.iter().map(|(day, party, cents, _)| format!("{day} {party} {cents}")).collect()
}

/// All that is bought counts, and what is given back is of the day of its invoice.
fn purchases_count(refunds: &str) -> Value {
    let any = json!({ "counts": "100", "deployed_on_aws": false, "from": first_of("2024-01"), "product_type": "any", "test": "invoice" });
    json!({ "eligibility": [any], "refunds": refunds })
}

#[test]
fn who_is_named_first_later_owes_what_is_accrued_later() {
    let mut ledger = Ledger::default();
    ledger.commitment("commitment.signed", 0, 2, 100_000);
    (1..=6).for_each(|month| PAYERS.iter().for_each(|payer| ledger.bill(month, payer, 10_000)));
    // On 1 May the other payer is named first: what was accrued on 1 March and 1 April stays where it is.
    ledger.terms("commitment.amended", 120, &[PAYERS[1], PAYERS[0]], 100_000, json!({}));
    let known = fold(&ledger);
    let posted = brief(&accrued(&shortfalls(&known, "2025-08-01", &NoNames)));
    assert_eq!(posted, ["2025-03-01 7777 60000", "2025-04-01 7777 80000", "2025-07-01 4444 40000"]);
    // What AWS invoices for the first year is of who had it accrued.
    ledger.invoice(instant("2025-07-10"), 1, "2025-01", "600.00");
    let stands = on(&fold(&ledger), "2025-08-01T00:00:00Z");
    assert!(stands.contains(&"7777 Liabilities:AWSBills -60000".to_owned()), "{stands:?}");
    assert!(stands.contains(&"7777 Liabilities:AccruedShortfall -80000".to_owned()), "{stands:?}");
}

#[test]
fn an_accrual_names_what_it_began_with() {
    let mut ledger = Ledger::default();
    let carry = json!({ "carry_over": { "limit": "100" } });
    let signed = ledger.terms("commitment.signed", 0, &PAYERS[..1], 30_000, carry);
    let opening = json!({ "amount": "250.00", "currency": "USD", "cut_over": first_of("2025-02"), "document": "00".repeat(32), "item": "PPA",
        "kind": "commitment", "marketplace": "0.00", "party": PAYERS[0] });
    ledger.confirmed(first_of("2025-02"), "balance.brought_forward", opening);
    let bill = ledger.entries.len() as u64 + 1;
    (2..=6).for_each(|month| ledger.bill(month, PAYERS[0], 10_000));
    // 250.00 brought forward and 100.00 spent: 50.00 are carried over, and of 300.00 for March 150.00 lack. The third year lacks nothing.
    let posted = accrued(&shortfalls(&fold(&ledger), "2025-08-01", &NoNames));
    assert_eq!(brief(&posted), ["2025-04-01 7777 15000"]);
    assert_eq!(posted[0].3, [signed, signed + 1, bill, bill + 1], "the terms, the opening, and the bills of February and March");
}

#[test]
fn what_is_given_back_after_the_year_is_of_the_day_on_which_it_was() {
    let mut ledger = Ledger::default();
    ledger.terms("commitment.signed", 0, &PAYERS[..1], 100_000, purchases_count("invoice"));
    (1..=6).for_each(|month| ledger.bill(month, PAYERS[0], 20_000));
    ledger.bought("2025-02-10", 1, "SELLER_REV_SHARE", "2025-02-10", "300.00");
    // 1,000.00 less 400.00 and 300.00. Half of the purchase is given back on 12 April, and 20.00 on 20 April.
    ledger.bought("2025-04-12", 2, "SELLER_REV_SHARE_REFUND", "2025-02-10", "-150.00");
    let before = fold(&ledger);
    ledger.bought("2025-04-20", 3, "SELLER_REV_SHARE_REFUND", "2025-02-10", "-20.00");
    let known = fold(&ledger);
    let of_first = |known: &Known, before: &str| {
        let posted = accrued(&shortfalls(known, before, &NoNames));
        brief(&posted).into_iter().filter(|told| !told.starts_with("2025-04-01")).collect::<Vec<_>>()
    };
    assert_eq!(of_first(&known, "2025-04-12"), ["2025-03-01 7777 30000"]);
    assert_eq!(of_first(&known, "2025-04-13"), ["2025-03-01 7777 30000", "2025-04-12 7777 15000"]);
    let all = ["2025-03-01 7777 30000", "2025-04-12 7777 15000", "2025-04-20 7777 2000"];
    assert_eq!(of_first(&known, "2025-05-01"), all);
    assert_eq!(of_first(&before, "2025-05-01"), all[..2], "and nothing before it was recorded");
}

#[test]
fn a_purchase_of_the_year_that_is_told_after_it_is_of_the_day_on_which_it_is() {
    let mut ledger = Ledger::default();
    ledger.terms("commitment.signed", 0, &PAYERS[..1], 100_000, purchases_count("memo"));
    (1..=6).for_each(|month| ledger.bill(month, PAYERS[0], 20_000));
    ledger.bought("2025-03-05", 1, "SELLER_REV_SHARE", "2025-02-27", "250.00");
    let known = fold(&ledger);
    let posted = |before: &str| brief(&accrued(&shortfalls(&known, before, &NoNames)));
    assert_eq!(posted("2025-03-05"), ["2025-03-01 7777 60000"]);
    assert_eq!(posted("2025-03-20"), ["2025-03-01 7777 60000", "2025-03-05 7777 -25000"]);
}

/// Counts how often the purchases of all commitments are gathered: each time the account of the one buyer is asked for once.
#[derive(Default)]
struct Counting(Counter<usize>);

impl Names for Counting {
    fn party(&self, _: &AccountId) -> Option<String> {
        None
    }

    fn account(&self, _: &AccountId, _: &str) -> Option<AccountId> {
        self.0.set(self.0.get() + 1);
        None
    }
}

#[test]
fn a_day_that_can_change_no_year_is_not_worked_out() {
    let gathered = |refunds: &str| {
        let mut ledger = Ledger::default();
        ledger.terms("commitment.signed", 0, &PAYERS[..1], 100_000, purchases_count(refunds));
        (1..=6).for_each(|month| ledger.bill(month, PAYERS[0], 20_000));
        ledger.bought("2025-03-10", 1, "SELLER_REV_SHARE", "2025-03-10", "300.00");
        for day in 1..=9 {
            ledger.bought(&format!("2025-04-{:02}", day + 9), day + 1, "SELLER_REV_SHARE_REFUND", "2025-03-10", "-10.00");
        }
        let names = Counting::default();
        let posted = accrued(&shortfalls(&fold(&ledger), "2025-08-01", &names));
        (names.0.get(), posted.len())
    };
    assert_eq!(gathered("memo"), (1, 3), "three years, and no other day");
    // Today, the day after the second year, and each of its refunds but the last; the first and the third year are not looked at again.
    assert_eq!(gathered("invoice"), (1 + 1 + 8, 3 + 9));
}

#[test]
fn what_is_invoiced_before_the_year_has_ended_is_not_accrued_again() {
    let mut ledger = Ledger::default();
    ledger.commitment("commitment.signed", 0, 1, 100_000);
    (1..=6).for_each(|month| ledger.bill(month, PAYERS[0], 20_000));
    ledger.invoice(first_of("2025-02"), 1, "2025-01", "250.00");
    let known = fold(&ledger);
    assert_eq!(on(&known, "2025-02-15T00:00:00Z"), ["7777 Liabilities:AWSBills -25000", "7777 Expenses:AWS:Shortfall 25000"]);
    let rest = ["7777 Liabilities:AWSBills -25000", "7777 Liabilities:AccruedShortfall -35000", "7777 Expenses:AWS:Shortfall 60000"];
    assert_eq!(on(&known, "2025-03-02T00:00:00Z"), rest);
}

#[test]
fn while_bills_are_missing_nothing_is_accrued_and_an_invoice_stands_alone() {
    let mut ledger = Ledger::default();
    ledger.commitment("commitment.signed", 0, 2, 100_000);
    ledger.bill(1, PAYERS[0], 20_000);
    let known = fold(&ledger);
    assert!(on(&known, "2025-03-25T00:00:00Z").is_empty());
    ledger.invoice(first_of("2025-03"), 1, "2025-01", "600.00");
    assert_eq!(on(&fold(&ledger), "2025-03-25T00:00:00Z"), ["7777 Liabilities:AWSBills -60000", "7777 Expenses:AWS:Shortfall 60000"]);
}

#[test]
fn a_credit_lowers_the_cost_of_who_held_it_in_the_month_of_the_bill() {
    let mut ledger = Ledger::default();
    let day = |day: &str| -> Instant { format!("{day}T00:00:00Z").parse().unwrap() };
    let granted = json!({ "credit": "C", "programme": "mpop", "holder": PAYERS[0], "amount": "500.00", "currency": "USD" });
    ledger.confirmed(day("2025-01-05"), "credit.granted", granted);
    let applied = |month: &str, amount: &str, estimated: bool| json!({ "credit": "C", "account": PAYERS[0], "month": month, "amount": amount, "currency": "USD", "estimated": estimated });
    ledger.confirmed(day("2025-01-20"), "credit.applied", applied("2025-01", "90.00", true));
    ledger.confirmed(day("2025-02-03"), "credit.applied", applied("2025-01", "120.00", false));
    ledger.record(day("2025-02-10"), "credit.transferred", json!({ "credit": "C", "to": PAYERS[1] }));
    ledger.confirmed(day("2025-03-03"), "credit.applied", applied("2025-02", "30.00", false));
    // What waits for a second person posts nothing.
    ledger.record(day("2025-03-04"), "credit.applied", applied("2025-03", "7.00", false));
    let known = fold(&ledger);
    let of = |party: &str, cents: i32| {
        [format!("{party} Liabilities:AWSBills {cents}"), format!("{party} Expenses:AWS:CreditsApplied {}", -cents)]
    };
    assert!(on(&known, "2025-01-20T00:00:00Z").is_empty());
    assert_eq!(on(&known, "2025-01-21T00:00:00Z"), of("7777", 9_000), "an estimate");
    assert_eq!(on(&known, "2025-02-04T00:00:00Z"), of("7777", 12_000), "the bill, in the place of the estimate");
    assert_eq!(on(&known, "2025-04-01T00:00:00Z"), [of("4444", 3_000), of("7777", 12_000)].concat(), "who held it in that month");
}
