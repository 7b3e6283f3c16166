//! A sample follows from the checkpoint, the auditor's text and what stands in the ledger, and from nothing else; and neither it nor a statement
//! can be changed unseen.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/bundles.rs"]
mod bundles;

use std::collections::{BTreeMap, BTreeSet};

use bundles::{ORIGIN, ended, opened, read};
use ed25519_dalek::SigningKey;
use ledger_core::bundle::{File, Header, Kind, Writer};
use ledger_core::chain::Head;
use ledger_core::checkpoint::{Checkpoint, Note};
use ledger_core::event::billing::{BillingEvent, TransactionType};
use ledger_core::event::catalogue::PartyRegistered;
use ledger_core::event::governance::{EntryConfirmed, EntryCorrected, RateSet, SourceRestated};
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::merkle::{Node, Tree};
use ledger_core::money::Amount;
use ledger_core::sampling::confirm::Accounts;
use ledger_core::sampling::{Drawing, Part, Question, Sample};
use ledger_core::time::{Instant, Period};
use proptest::prelude::*;

const SELLER: &str = "444455556666";
const BUYER: &str = "111122223333";

fn day(day: u32) -> Instant {
    format!("2026-01-{day:02}T00:00:00Z").parse().unwrap()
}

fn row(amount: &str, currency: &str, invoice: &str, buyer: Option<&str>) -> BillingEvent {
    let mut row =
        BillingEvent::of(SELLER.parse().unwrap(), TransactionType::SellerRevShare, amount.parse().unwrap(), currency.parse().unwrap());
    row.invoice = Some(invoice.parse().unwrap());
    row.counterparty = buyer.map(|buyer| buyer.parse().unwrap());
    row
}

fn invoiced(amount: &str, currency: &str) -> Event {
    Event::InvoiceIssued(Box::new(row(amount, currency, "INV-1", Some("acc-b"))))
}

fn imported(rows: u64, replaces: Option<u64>, digest: &str) -> Event {
    bundles::imported(digest.as_bytes(), |file| (file.events, file.rows, file.replaces) = (rows, rows, replaces))
}

/// A ledger of these events, behind its first line, each on a day of its own.
struct Ledger {
    lines: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    tree: Tree,
}

impl Ledger {
    fn of(events: impl IntoIterator<Item = (Event, Option<Source>)>) -> Self {
        let (mut head, mut ledger) = (Head::EMPTY, Self { lines: vec![], entries: vec![], tree: Tree::default() });
        for (at, (event, source)) in std::iter::once((opened(), None)).chain(events).enumerate() {
            let (at, mut line) = (day(1 + u32::try_from(at).unwrap() % 28), Vec::new());
            head = Draft { actor: "li".parse().unwrap(), effective_at: at, event, source }.write(head, at, &mut line).unwrap();
            ledger.tree.push(Node::leaf(&line));
            ledger.entries.push(Entry::read_strictly(&line, head.seq).unwrap());
            ledger.lines.push(line);
        }
        ledger
    }

    fn plain(events: impl IntoIterator<Item = Event>) -> Self {
        Self::of(events.into_iter().map(|event| (event, None)))
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size, root: self.tree.root_at(size).unwrap() }
    }

    fn drawn(&self, question: Question) -> Sample {
        let mut drawing = Drawing::new(question);
        self.entries.iter().for_each(|entry| drawing.take(entry));
        drawing.done()
    }

    fn sample(&self, size: u64, seed: &str, wanted: u64) -> Sample {
        self.drawn(Question { types: vec!["invoice".to_owned()], ..Question::new(&self.checkpoint(size), seed, wanted, false).unwrap() })
    }

    /// A bundle of some lines, and what stands behind them.
    fn bundle(
        &self,
        size: u64,
        lines: BTreeSet<u64>,
        (kind, of): (Kind, String),
        tables: impl FnOnce(&mut Writer<&mut Vec<u8>>),
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let lines: BTreeSet<u64> = lines.into_iter().chain([1]).collect();
        let mut writer = Writer::begin(&mut out, &Header::new(ORIGIN, &of, lines.len() as u64, vec![]).with(kind)).unwrap();
        let mut note = Note::unsigned(self.checkpoint(size));
        note.sign(ORIGIN, &SigningKey::from_bytes(&[1; 32]));
        writer.checkpoint(None, &note).unwrap();
        for seq in &lines {
            writer.event(&self.lines[usize::try_from(*seq).unwrap() - 1]).unwrap();
            if !lines.contains(&(seq + 1)) {
                writer.inclusion(*seq, self.tree.inclusion(seq - 1, size).unwrap()).unwrap();
            }
        }
        let of = |seq: &u64| self.entries[usize::try_from(*seq).unwrap() - 1].clone();
        let imports: BTreeSet<u64> = lines.iter().filter_map(|seq| of(seq).source?.import).collect();
        for seq in imports.difference(&lines) {
            let Event::SourceImported(it) = of(seq).event else { panic!("#{seq}") };
            writer.source(File { digest: it.digest, file: it.file, seq: *seq }).unwrap();
        }
        tables(&mut writer);
        writer.end().unwrap();
        out
    }

    fn sampled(&self, size: u64, sample: &Sample) -> Vec<u8> {
        let between = sample.between(|seq| self.entries.get(usize::try_from(seq).unwrap() - 1).cloned());
        self.bundle(size, sample.lines().chain(between).collect(), (Kind::Sample, sample.of()), |writer| writer.sample(sample).unwrap())
    }
}

fn lines_of(bundle: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = std::str::from_utf8(bundle).unwrap().lines().map(str::to_owned).collect();
    lines.pop();
    lines
}

/// Amounts of every kind in one currency, another currency, and something without an amount.
fn mixed() -> Ledger {
    let amounts = ["100", "250.5", "0", "-40", "9000", "75.25", "-0.00000001", "60", "33", "12.5", "80"];
    let rows = amounts.iter().map(|amount| invoiced(amount, "USD")).chain([invoiced("5000", "JPY"), invoiced("7000", "JPY")]);
    Ledger::plain(rows)
}

/// Files: one that grew, and one beside it.
fn filed() -> Ledger {
    let from = |import, row| Some(Source::row(format!("billing_event:{SELLER}:be-{import}-{row}"), import, row, None));
    let row = |import, at| (invoiced("10", "USD"), from(import, at));
    Ledger::of([
        (imported(2, None, "one"), None),
        row(2, 1),
        row(2, 2),
        (imported(4, None, "other"), None),
        row(5, 2),
        row(5, 4),
        (imported(3, Some(2), "one grown"), None),
        row(8, 3),
    ])
}

/// A buyer, its invoice, its payment and a refund, and another's invoice.
fn billed() -> Ledger {
    let registered = |account: &str, aws: &str| {
        Event::PartyRegistered(Box::new(PartyRegistered {
            account: account.parse().unwrap(),
            aws_account: Some(aws.parse().unwrap()),
            catalog: None,
            encrypted_account: None,
            legal_name: None,
            mailing_address: None,
            recipient: SELLER.parse().unwrap(),
            tax_address: None,
            valid_from: day(1),
        }))
    };
    let fee = BillingEvent { transaction_type: TransactionType::AwsRevShare, ..row("-30", "USD", "INV-1", None) };
    let refund = BillingEvent { transaction_type: TransactionType::SellerRevShareRefund, ..row("-200", "USD", "INV-1", None) };
    Ledger::plain([
        registered("acc-b", BUYER),
        registered("acc-o", "999900001111"),
        Event::InvoiceIssued(Box::new(row("1000", "USD", "INV-1", Some("acc-b")))),
        Event::InvoiceIssued(Box::new(fee)),
        Event::InvoiceIssued(Box::new(row("500", "USD", "INV-2", Some("acc-o")))),
        Event::InvoiceCollected(Box::new(row("600", "USD", "INV-1", None))),
        Event::InvoiceAdjusted(Box::new(refund)),
        Event::InvoiceCollected(Box::new(row("500", "USD", "INV-2", None))),
        Event::InvoiceIssued(Box::new(row("70.50", "USD", "INV-3", Some(BUYER)))),
    ])
}

fn january(from: u32, until: u32) -> Period {
    Period { from: day(from), until: day(until) }
}

fn accounts(ledger: &Ledger) -> Accounts {
    let mut accounts = Accounts::default();
    ledger.entries.iter().for_each(|entry| accounts.take(entry));
    accounts
}

fn stated(ledger: &Ledger, period: Period) -> Vec<u8> {
    let size = ledger.lines.len() as u64;
    let told = accounts(ledger).of(BUYER.parse().unwrap(), period, size);
    ledger
        .bundle(size, told.lines, (Kind::Statement, told.confirmable.statement.of()), |writer| writer.statement(&told.confirmable).unwrap())
}

#[test]
fn credits_zeros_and_currencies_are_populations_of_their_own() {
    let ledger = mixed();
    let sample = ledger.sample(14, "PwC-7731", 4);
    let strata: Vec<_> =
        sample.strata.iter().map(|drawn| (drawn.stratum.label(), drawn.stratum.items, drawn.stratum.total.as_str())).collect();
    // By hand: 100 + 250.5 + 9000 + 75.25 + 60 + 33 + 12.5 + 80 = 9611.25.
    let expected = [("JPY above", 2, "12000"), ("USD above", 8, "9611.25"), ("USD below", 2, "40.00000001"), ("USD zero", 1, "1")];
    assert_eq!(strata, expected.map(|(label, items, total)| (label.to_owned(), items, total)));
    let usd = &sample.strata[1];
    // 9611.25 / 4 is below 9000; of the 611.25 that is left 611.25 / 3 = 203.75 is below 250.5; and 360.75 / 2 = 180.375 is above the rest.
    let whole: Vec<u64> = usd.picked.iter().filter(|picked| picked.because == "whole").map(|picked| picked.event).collect();
    assert_eq!((whole, usd.stratum.cells, usd.stratum.rest.as_str()), (vec![3, 6], 2, "360.75"));
    assert_eq!(usd.picked.iter().map(|picked| picked.cells.len()).sum::<usize>(), 2);
    // What is small enough is taken whole, credits by their absolute value.
    assert!(sample.strata[2].picked.iter().all(|picked| picked.because == "whole"));
    let other = ledger.sample(14, "PwC-7732", 4);
    assert_ne!(sample.question.sha256, other.question.sha256);
    assert!(read(&ledger.sampled(14, &sample)).is_ok() && read(&ledger.sampled(14, &other)).is_ok());
}

#[test]
fn what_stands_is_sampled_and_nothing_else() {
    let restated = |entry: Event, replaces, precedes, withdrawn| {
        Event::SourceRestated(Box::new(SourceRestated { entry, precedes, replaced: None, replaces, until: None, withdrawn }))
    };
    let by_hand = |event: Event, id: &str| (event, Some(Source::manual(id.to_owned(), None)));
    let corrected = |entry, amount: &str| {
        let replacement = Some(invoiced(amount, "USD"));
        Event::EntryCorrected(Box::new(EntryCorrected { entry, reason: "a slip".to_owned(), replacement }))
    };
    let confirmed = |entry| (Event::EntryConfirmed(Box::new(EntryConfirmed { entry })), None);
    let ledger = Ledger::of([
        (invoiced("10", "USD"), None), // 2: replaced by 3
        (restated(invoiced("20", "USD"), Some(2), None, false), None),
        (restated(invoiced("15", "USD"), Some(2), Some(3), false), None), // 4: stated before 3, came later
        (invoiced("30", "USD"), None),                                    // 5: withdrawn by 6
        (restated(invoiced("30", "USD"), Some(5), None, true), None),
        by_hand(invoiced("40", "USD"), "erp:1"), // 7: never confirmed
        by_hand(invoiced("50", "USD"), "erp:2"), // 8: confirmed by 9, corrected by 10
        confirmed(8),
        (corrected(8, "60"), None), // 10: confirmed by 11
        confirmed(10),
        by_hand(invoiced("70", "USD"), "erp:3"), // 12: corrected by 13, and then its row came
        (corrected(12, "71"), None),
        (restated(invoiced("72", "USD"), Some(12), None, false), None),
    ]);
    let standing = |size| {
        let sample = ledger.sample(size, "x", 100);
        sample.strata.iter().flat_map(|drawn| drawn.picked.iter().map(|picked| picked.event)).collect::<Vec<_>>()
    };
    assert_eq!(standing(14), [3, 10, 14]);
    assert_eq!(standing(9), [3, 8]);
    assert_eq!(standing(2), [2]);
    let one_party = |party: &str, from: u32| Question {
        party: Some(party.to_owned()),
        from: Some(day(from)),
        until: Some(day(11)),
        ..Question::new(&ledger.checkpoint(14), "x", 100, false).unwrap()
    };
    let taken = |question| ledger.drawn(question).lines().collect::<Vec<_>>();
    assert_eq!(taken(one_party(SELLER, 3)), [3, 10]);
    // Half-open: what took effect on the last day is not inside.
    assert_eq!(taken(one_party(SELLER, 4)), [10]);
    assert!(taken(one_party(BUYER, 1)).is_empty());
}

#[test]
fn a_row_of_a_file_leads_to_the_lines_that_have_it() {
    let ledger = filed();
    let sample = ledger.drawn(Question::new(&ledger.checkpoint(9), "x", 100, true).unwrap());
    let rows: Vec<_> = sample.strata[0].rows.iter().map(|row| (row.import, row.row, row.found.clone())).collect();
    // The file that grew is one, by its last import; rows 1 and 3 of the other said nothing new.
    let expected = [(5, 1, vec![]), (5, 2, vec![6]), (5, 3, vec![]), (5, 4, vec![7]), (8, 1, vec![3]), (8, 2, vec![4]), (8, 3, vec![9])];
    assert_eq!(rows, expected);
    assert_eq!(sample.strata[0].stratum.part, Part::Rows);
    let few = ledger.drawn(Question::new(&ledger.checkpoint(9), "x", 3, true).unwrap());
    assert_eq!(few.strata[0].rows.len(), 3);
    assert!(read(&ledger.sampled(9, &few)).is_ok());
    let none = Question { types: vec!["offer".to_owned()], ..Question::new(&ledger.checkpoint(9), "x", 3, true).unwrap() };
    assert!(ledger.drawn(none).strata.is_empty());
}

#[test]
fn a_statement_tells_a_party_what_concerns_it_and_nothing_of_others() {
    let ledger = billed();
    let told = accounts(&ledger).of(BUYER.parse().unwrap(), january(7, 28), 10);
    // By hand: 1000 before the 7th; then 600 paid, 200 given back, 70.50 invoiced: 1000 + 70.50 - 200 - 600 = 270.50.
    let [stands] = told.confirmable.balances.as_slice() else { panic!("{told:?}") };
    let texts = [stands.opening, stands.invoiced, stands.credited, stands.collected, stands.closing].map(|amount| amount.to_string());
    assert_eq!(texts, ["1000.00", "70.50", "-200.00", "600.00", "270.50"]);
    // The buyer's name, the invoice that says whose the rows are, and the rows; not the fee, not the other buyer.
    assert_eq!(told.lines, BTreeSet::from([2, 4, 7, 8, 10]));
    assert!(read(&stated(&ledger, january(7, 28))).is_ok());
    // One period ends where the next begins.
    let before = accounts(&ledger).of(BUYER.parse().unwrap(), january(1, 7), 10);
    assert_eq!(before.confirmable.balances[0].closing, stands.opening);
    let all = accounts(&ledger).closings(day(28));
    let place = |party: &str| (party.parse().unwrap(), SELLER.parse().unwrap(), "USD".parse().unwrap());
    assert_eq!(all, BTreeMap::from([(place(BUYER), 270_5000_0000), (place("999900001111"), 0)]));
    // A line that says of another what it no longer says is nobody's to see.
    let mut shared = billed();
    let replaced = ledger_core::event::governance::Replaced {
        effective_at: day(10),
        entry: Event::InvoiceIssued(Box::new(row("70.50", "USD", "INV-3", Some("acc-o")))),
    };
    let entry = Event::InvoiceIssued(Box::new(row("70.50", "USD", "INV-3", Some("acc-b"))));
    let event = SourceRestated { entry, precedes: None, replaced: Some(replaced), replaces: Some(10), until: None, withdrawn: false };
    shared.entries.push(Entry { seq: 11, event: Event::SourceRestated(Box::new(event)), ..shared.entries[9].clone() });
    let told = accounts(&shared).of(BUYER.parse().unwrap(), january(7, 28), 11);
    assert_eq!(told.left_out, [11]);
    assert_eq!(told.confirmable.balances[0].closing.to_string(), "200.00");
}

#[test]
fn no_byte_of_a_sample_or_a_statement_can_change_unseen() {
    let (ledger, files) = (mixed(), filed());
    let rows = files.drawn(Question::new(&files.checkpoint(9), "x", 2, true).unwrap());
    for good in [ledger.sampled(14, &ledger.sample(14, "x", 3)), files.sampled(9, &rows), stated(&billed(), january(7, 28))] {
        assert!(read(&good).is_ok());
        // Every byte at the end of the tables, and some of the rest: `tests/bundle.rs` has every byte of that.
        let tables = good.len().saturating_sub(1_500);
        for at in (0..tables).step_by(17).chain(tables..good.len()) {
            let mut changed = good.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(read(&changed).is_err(), "byte {at}: {}", String::from_utf8_lossy(&changed));
        }
        let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
        for at in 0..lines.len() {
            assert!(read(&lines[..at].concat()).is_err(), "cut off before line {at}");
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            let mut dropped = lines.clone();
            dropped.remove(at);
            assert!(read(&swapped.concat()).is_err() && read(&dropped.concat()).is_err(), "line {at}");
        }
        // Nor with an end that fits: each table follows from its lines.
        let lines = lines_of(&good);
        for at in (0..lines.len()).filter(|at| lines[*at].starts_with("{\"type\":")) {
            let mut dropped = lines.clone();
            dropped.remove(at);
            assert!(read(&ended(&dropped)).is_err(), "without {}", lines[at]);
        }
    }
}

#[test]
fn a_forged_table_is_refused_for_what_it_is() {
    let (ledger, files) = (mixed(), filed());
    let sample = lines_of(&ledger.sampled(14, &ledger.sample(14, "x", 4)));
    let rows = lines_of(&files.sampled(9, &files.drawn(Question::new(&files.checkpoint(9), "x", 3, true).unwrap())));
    let statement = lines_of(&stated(&billed(), january(7, 28)));
    for lines in [&sample, &rows, &statement] {
        assert!(read(&ended(lines)).is_ok());
    }
    type Deed<'a> = &'a dyn Fn(&mut Vec<String>);
    let change = |lines: &mut Vec<String>, of: &str, from: &str, to: &str| {
        let at =
            lines.iter().position(|line| line.starts_with(of) && line.contains(from)).unwrap_or_else(|| panic!("no {from} in {lines:#?}"));
        lines[at] = lines[at].replacen(from, to, 1);
    };
    let drawn = sample.iter().find(|line| line.contains("\"drawn\"")).unwrap();
    let without_drawn = |lines: &mut Vec<String>| lines.retain(|line| line != drawn);
    let not_sample = "the sample is not what it says: ";
    let usd = "the sample is not what it says: the stratum USD above: ";
    let cases: &[(&Vec<String>, Deed<'_>, String)] = &[
        (&sample, &|lines| change(lines, "{\"bundle\"", ",\"kind\":\"sample\"", ""), "it stands in the wrong place".to_owned()),
        (&sample, &|lines| change(lines, "{\"bundle\"", "\"sample\"", "\"statement\""), "it stands in the wrong place".to_owned()),
        (
            &sample,
            &|lines| lines.truncate(lines.iter().position(|line| line.contains("\"type\":\"sample\"")).unwrap()),
            "its table is missing".to_owned(),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"sample\"", "\"seed\":\"x\"", "\"seed\":\"y\""),
            format!("{not_sample}its seed is not that of the checkpoint"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"sample\"", "\"seed\":\"x\"", "\"seed\":\"x \""),
            format!("{not_sample}a seed is printable ASCII"),
        ),
        (&sample, &|lines| change(lines, "{\"type\":\"sample\"", "cells/v1", "cells/v2"), format!("{not_sample}it is drawn by a method")),
        (&sample, &|lines| change(lines, "{\"type\":\"sample\"", "does not test", "tests"), format!("{not_sample}it is drawn by a method")),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"sample\"", "\"wanted\":4", "\"wanted\":0"),
            format!("{not_sample}nobody asks for so many"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"sample\"", "\"wanted\":4", "\"wanted\":5"),
            "its parts do not come to the whole".to_owned(),
        ),
        (
            &sample,
            &|lines| {
                change(lines, "{\"type\":\"sample\"", "[\"invoice\"]", "[\"offer\"]");
                change(lines, "{\"bundle\"", "a sample of invoice", "a sample of offer");
            },
            "it is not of the population".to_owned(),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"bundle\"", "a sample of invoice", "a sample of all events"),
            "it says that it is of `a sample of all events`, and its table is of `a sample of invoice`".to_owned(),
        ),
        (
            &statement,
            &|lines| change(lines, "{\"bundle\"", "from 2026-01-07", "from 2026-01-01"),
            format!("and its table is of `a statement for {BUYER} from 2026-01-07T00:00:00Z on, before 2026-01-28T00:00:00Z`"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"item\"", "\"amount\":\"9000\"", "\"amount\":\"9001\""),
            format!("{usd}event #6: its line has another amount"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"item\"", "\"because\":\"whole\",\"event\":6", "\"because\":\"drawn\",\"event\":6"),
            format!("{usd}event #6: it is not selected for that"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"item\"", "\"event\":6", "\"event\":7"),
            format!("{usd}event #7: its line is not here"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"item\"", "\"event\":6", "\"event\":60"),
            format!("{usd}event #60: it stands in the wrong place"),
        ),
        (&sample, &|lines| change(lines, "{\"type\":\"item\"", "\"cells\":[0]", "\"cells\":[1]"), format!("{usd}event #")),
        (&sample, &|lines| change(lines, "{\"type\":\"item\"", "\"before\":\"280.75", "\"before\":\"1280.75"), format!("{usd}event #")),
        (&sample, &|lines| change(lines, "{\"type\":\"item\"", "\"before\":\"", "\"before\":\"x"), "is no number of units".to_owned()),
        (&sample, &without_drawn, format!("{usd}event #")),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"stratum\",\"value\":{\"cells\":2", "\"total\":\"9611.25\"", "\"total\":\"9612.25\""),
            format!("{usd}its parts do not come to the whole"),
        ),
        (
            &sample,
            &|lines| change(lines, "{\"type\":\"stratum\",\"value\":{\"cells\":2", "\"rest\":\"360.75\"", "\"rest\":\"361.75\""),
            usd.to_string(),
        ),
        (&sample, &|lines| change(lines, "{\"type\":\"stratum\"", "\"zero\"", "\"above\""), "stands in the wrong place".to_owned()),
        (&rows, &|lines| change(lines, "{\"type\":\"row\"", "\"cell\":0", "\"cell\":1"), "it is not the row that is drawn".to_owned()),
        (&rows, &|lines| change(lines, "{\"type\":\"row\"", "\"digest\":\"", "\"digest\":\"0"), "this is no line of a bundle".to_owned()),
        (&rows, &|lines| change(lines, "{\"type\":\"row\"", "data.csv", "date.csv"), "its import says something else".to_owned()),
        (
            &rows,
            &|lines| change(lines, "{\"type\":\"stratum\"", "\"cells\":3", "\"cells\":2"),
            "its parts do not come to the whole".to_owned(),
        ),
        (
            &rows,
            &|lines| drop(lines.remove(lines.iter().rposition(|line| line.contains("\"type\":\"row\"")).unwrap())),
            "a row is drawn of each cell".to_owned(),
        ),
        (&rows, &|lines| change(lines, "{\"type\":\"row\"", "\"found\":[", "\"found\":[1,"), "event #1 is not of that row".to_owned()),
        (
            &statement,
            &|lines| change(lines, "{\"type\":\"statement\"", "\"checkpoint\":10", "\"checkpoint\":9"),
            "the statement is not what it says: it is not of this checkpoint".to_owned(),
        ),
        (
            &statement,
            &|lines| ["{\"type\":\"statement\"", "{\"bundle\""].iter().for_each(|of| change(lines, of, BUYER, "999900001111")),
            "does not concern 999900001111".to_owned(),
        ),
        (
            &statement,
            &|lines| change(lines, "{\"type\":\"balance\"", "\"270.50\"", "\"170.50\""),
            "its lines do not come to its balances".to_owned(),
        ),
        (
            &statement,
            &|lines| change(lines, "{\"type\":\"balance\"", "\"600.00\"", "\"500.00\""),
            "its lines do not come to its balances".to_owned(),
        ),
    ];
    for (lines, deed, why) in cases {
        let mut forged = (*lines).clone();
        deed(&mut forged);
        let wrong = read(&ended(&forged)).expect_err(why).to_string();
        assert!(wrong.contains(why.as_str()), "{wrong}\nnot: {why}");
    }
    let mut doubled = files.drawn(Question::new(&files.checkpoint(9), "x", 7, true).unwrap());
    doubled.strata[0].rows[1].found = vec![6, 6];
    assert!(read(&files.sampled(9, &doubled)).unwrap_err().why.ends_with("row 2 of data.csv: its lines stand in the wrong place"));
    // A form of its own, and more of a table than there can be.
    let mut longer = statement.clone();
    change(&mut longer, "{\"type\":\"balance\"", "\"270.50\"", "\"270.500\"");
    assert!(read(&ended(&longer)).unwrap_err().why.ends_with("its lines do not come to its balances"));
    let stratum = sample.iter().position(|line| line.starts_with("{\"type\":\"stratum\"")).unwrap();
    let mut many = sample.clone();
    many.splice(stratum..stratum, std::iter::repeat_n(sample[stratum].clone(), 1_000));
    let wrong = read(&ended(&many)).unwrap_err();
    assert_eq!((wrong.line, wrong.why.as_str()), (stratum as u64 + 1_001, "it stands in the wrong place"));
    // Row 2 of one file is told to be row 2 of another; of a file that grew twice it is the row that came with the first import.
    let mut other = files.drawn(Question::new(&files.checkpoint(9), "x", 7, true).unwrap());
    other.strata[0].rows.iter_mut().filter(|row| row.import == 8 && row.row == 2).for_each(|row| row.found = vec![6]);
    let wrong = read(&files.sampled(9, &other)).unwrap_err().why;
    assert!(wrong.ends_with("row 2 of data.csv: event #6 is not of that row"), "{wrong}");
    let grown = Ledger::of([
        (imported(1, None, "one"), None),
        (invoiced("10", "USD"), Some(Source::row(format!("billing_event:{SELLER}:be-2-1"), 2, 1, None))),
        (imported(2, Some(2), "two"), None),
        (imported(3, Some(4), "three"), None),
    ]);
    let twice = grown.drawn(Question::new(&grown.checkpoint(5), "x", 3, true).unwrap());
    assert_eq!(twice.strata[0].rows[0].found, [3]);
    assert!(read(&grown.sampled(5, &twice)).is_ok());
    // A line that nobody selected, and a file that overlaps with another.
    let more = ledger.sample(14, "x", 4);
    let bundle = ledger.bundle(14, more.lines().chain(2..=14).collect(), (Kind::Sample, more.of()), |writer| writer.sample(&more).unwrap());
    assert!(read(&bundle).unwrap_err().why.ends_with("is in no table"), "{:?}", read(&bundle));
    let mut over = files.drawn(Question::new(&files.checkpoint(9), "x", 7, true).unwrap());
    for row in over.strata[0].rows.iter_mut().filter(|row| row.import == 8) {
        (row.before, row.row) = (row.before - 1, row.row + 1);
    }
    let wrong = read(&files.sampled(9, &over)).unwrap_err().why;
    assert!(wrong.ends_with("its file overlaps with another") || wrong.ends_with("it is not the row that is drawn"), "{wrong}");
}

#[test]
fn the_chance_of_an_item_is_its_amount() {
    let ledger = Ledger::plain(["100", "200", "700"].map(|amount| invoiced(amount, "USD")));
    let mut hits = BTreeMap::<u64, u32>::new();
    for seed in 0..2_000 {
        let sample = ledger.sample(4, &format!("seed {seed}"), 1);
        *hits.entry(sample.strata[0].picked[0].event).or_default() += 1;
    }
    // Five standard deviations around 200, 400 and 1400 of 2000.
    for (event, expected, tolerance) in [(2, 200, 68), (3, 400, 90), (4, 1_400, 103)] {
        let found = hits[&event];
        assert!(found.abs_diff(expected) <= tolerance, "#{event}: {found}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_sample_is_sized_by_value(
        amounts in prop::collection::vec((-50_000_i64..1_000_000, 0_u32..9), 1..40),
        wanted in 1_u64..20,
        seed in "[a-z0-9]([a-z0-9 ]{0,10}[a-z0-9])?",
        more in 0_usize..5,
    ) {
        let amounts: Vec<Amount> = amounts.iter().map(|(units, zeros)| Amount::from_units(i128::from(*units) * 10_i128.pow(*zeros))).collect();
        let text = |amount: &Amount| invoiced(&amount.to_string(), "USD");
        let ledger = Ledger::plain(amounts.iter().map(text));
        let size = ledger.lines.len() as u64;
        let sample = ledger.sample(size, &seed, wanted);
        for drawn in &sample.strata {
            let part = drawn.stratum.part;
            let is_of = |amount: &&Amount| match part {
                Part::Above => amount.units() > 0,
                Part::Below => amount.units() < 0,
                _ => amount.is_zero(),
            };
            let weight = |amount: &Amount| if part == Part::Zero { 1 } else { amount.units().unsigned_abs() };
            let items: Vec<(u64, u128)> = (2..).zip(&amounts).filter(|(_, amount)| is_of(amount)).map(|(seq, amount)| (seq, weight(amount))).collect();
            let total: u128 = items.iter().map(|(_, weight)| weight).sum();
            prop_assert_eq!(&drawn.stratum.total, &part.written(total));
            prop_assert_eq!(drawn.stratum.items, items.len() as u64);
            let hits: BTreeMap<u64, usize> = drawn.picked.iter().map(|picked| (picked.event, picked.cells.len())).collect();
            // At or above the interval: always.
            for (seq, weight) in &items {
                prop_assert!(weight * u128::from(wanted) < total || hits.contains_key(seq));
                // Below the final one: in one cell, or across an edge in two.
                prop_assert!(hits.get(seq).is_none_or(|count| *count <= 2));
            }
            let units: u128 = items.iter().filter(|(seq, _)| drawn.picked.iter().any(|picked| picked.event == *seq && picked.because == "whole")).map(|(_, weight)| weight).sum();
            prop_assert_eq!(&drawn.stratum.rest, &part.written(total - units));
            // As many as were asked for, by cells and whole items, or all there are.
            prop_assert_eq!(drawn.stratum.whole + drawn.stratum.cells, wanted.min(items.len() as u64));
            prop_assert_eq!(hits.values().sum::<usize>() as u64, drawn.stratum.cells);
        }
        // It is read back as it was written, and the same is the same.
        let bytes = ledger.sampled(size, &sample);
        prop_assert_eq!(read(&bytes).unwrap().sample.unwrap(), sample.clone());
        prop_assert_eq!(&bytes, &ledger.sampled(size, &ledger.sample(size, &seed, wanted)));
        // What is recorded later does not change what is drawn at an old checkpoint.
        let later = Ledger::plain(amounts.iter().map(text).chain((0..more).map(|_| invoiced("123456", "USD"))));
        prop_assert_eq!(later.sample(size, &seed, wanted), sample);
    }

    #[test]
    fn what_is_not_of_the_population_changes_nothing(wanted in 1_u64..6, other in 1_u32..9) {
        let rate = |at: u32| Event::RateSet(Box::new(RateSet {
            base: "EUR".parse().unwrap(), quote: "USD".parse().unwrap(), rate: format!("1.{at}").parse().unwrap(), source: "ECB".to_owned(),
        }));
        let ledger = Ledger::plain((0..other).map(rate).chain(["100", "30", "7", "90"].map(|amount| invoiced(amount, "USD"))));
        let sample = ledger.sample(ledger.lines.len() as u64, "x", wanted);
        prop_assert!(sample.lines().all(|seq| seq > u64::from(other) + 1));
        prop_assert_eq!(&sample.strata[0].stratum.total, "227");
    }
}
