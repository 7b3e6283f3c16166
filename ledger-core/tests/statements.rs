//! Statements, whatever stands in their cells: every row is in one class, and the classes come to what the rows come to.
#![expect(clippy::disallowed_methods, reason = "a test reads the page")]

use std::collections::BTreeMap;

use ledger_core::chain::Hash;
use ledger_core::id::AccountId;
use ledger_core::statement::{Class, Exact, Reading, Received, STATEMENTS, Told, recognise};
use proptest::prelude::*;

/// What may stand in a cell: what AWS writes, what a spreadsheet makes of it, and neither.
const CELLS: &[&str] = &[
    "",
    "NULL",
    "Not available",
    "777788889999",
    "7777",
    "7.77789E+11",
    "2026-03-01T00:00:00Z",
    "2026-03-05 10:00:00.000 UTC",
    "2026-02-28T23:00:00Z",
    "1772445600.0",
    "1/3/26",
    "USD",
    "usd",
    "AWS",
    "AWS Marketplace",
    "Microsoft",
    "Lumen Data",
    "Tax",
    "Credit",
    "Usage",
    "Refund",
    "Correction",
    "Disbursed",
    "CREDIT_MEMO",
    "PAYMENT_RECEIPT",
    "SELLER",
    "0",
    "12.5",
    "-7.0E-10",
    "1E999999999999",
    "99999999999999",
    "$50,000.00 ",
    "=1+1",
    "\u{1}",
    "Claude (Amazon Bedrock Edition)",
    "INV-1",
];

fn rows() -> impl Strategy<Value = Vec<Vec<usize>>> {
    // Rows near to a good one, so that not all are rejected.
    prop::collection::vec(prop::collection::vec(0..CELLS.len(), 40), 1..30)
}

/// A cell that fits its column more often than not.
fn cell(column: &str, choice: usize) -> &'static str {
    let column = column.to_ascii_lowercase();
    match column.as_str() {
        _ if choice.is_multiple_of(5) => CELLS[choice],
        name if name.contains("currency") && !name.contains("amount.total") => "USD",
        name if name.contains("date") || name.contains("periodstart") => "2026-03-01T00:00:00Z",
        name if name.contains("account") => "777788889999",
        name if name.contains("cost")
            || name.contains("amount")
            || name.contains("rev")
            || name.contains("fee")
            || name.contains("tax") =>
        {
            ["12.5", "-7.0E-10", "0"][choice % 3]
        }
        name if name.contains("entity") => ["AWS", "AWS Marketplace"][choice % 2],
        _ => CELLS[choice],
    }
}

proptest! {
    #[test]
    fn every_row_is_in_exactly_one_class(rows in rows(), whose in any::<bool>()) {
        for statement in STATEMENTS {
            let header: Vec<&str> = statement.columns().iter().map(|column| column.names[0]).collect();
            let mut layout = recognise(&header).unwrap();
            prop_assert_eq!(layout.statement.name(), statement.name());
            layout.whose = whose.then(|| "111122223333".parse::<AccountId>().unwrap());
            let mut reading = Reading::of(&layout, "a.csv".to_owned());
            let mut expected: BTreeMap<Class, (u64, Exact)> = BTreeMap::new();
            for (at, row) in rows.iter().enumerate() {
                let cells = |column: usize| cell(header[column], row[column % row.len()]);
                let (class, amount) = match layout.read(&cells) {
                    Ok(told) => {
                        let found = match &told {
                            Told::Line(line) => (Class::Line, line.amount),
                            Told::Service(service) => (Class::Summed, service.amount),
                            Told::Listed(..) => (Class::Other, Exact::default()),
                            Told::Other(_, money) => (Class::Other, money.map(|(amount, _)| amount).unwrap_or_default()),
                        };
                        match reading.take(at as u64 + 1, told) {
                            Ok(()) => found,
                            Err(_) => (Class::Rejected, Exact::default()),
                        }
                    }
                    Err(problems) => {
                        prop_assert!(!problems.is_empty(), "{}: what is rejected has a cause: {:?}", statement.name(), (0..header.len()).map(|at| (header[at], cells(at))).collect::<Vec<_>>());
                        reading.reject(1);
                        (Class::Rejected, Exact::default())
                    }
                };
                let (rows, sum) = expected.entry(class).or_default();
                *rows += 1;
                *sum = sum.checked_add(amount).unwrap();
            }
            let received: Received = reading.end(Hash::ZERO);
            prop_assert_eq!(received.rows, rows.len() as u64);
            prop_assert_eq!(received.classes.values().sum::<u64>(), received.rows);
            for (class, (rows, sum)) in expected {
                prop_assert_eq!(received.rows_of(class), rows);
                let total = received.totals.iter().filter(|((of, _), _)| *of == class).map(|(_, total)| *total);
                prop_assert_eq!(total.fold(Exact::default(), |sum, total| sum.checked_add(total).unwrap()), sum);
            }
            let summed = received.compared().fold(Exact::default(), |sum, line| sum.checked_add(line.amount).unwrap());
            let compared = [Class::Line, Class::Summed].iter().flat_map(|class| received.totals.iter().filter(move |((of, _), _)| of == class));
            prop_assert_eq!(compared.fold(Exact::default(), |sum, (_, total)| sum.checked_add(*total).unwrap()), summed);
        }
    }

    #[test]
    fn a_sum_has_all_decimals_of_its_parts(units in prop::collection::vec((-1_000_000_000_000_i64..1_000_000_000_000, 0_u32..18), 1..50)) {
        let written = |(units, places): &(i64, u32)| format!("{units}E-{places}");
        let sum = units.iter().map(|part| written(part).parse::<Exact>().unwrap()).fold(Exact::default(), |sum, part| sum.checked_add(part).unwrap());
        let exact: i128 = units.iter().map(|(units, places)| i128::from(*units) * 10_i128.pow(18 - places)).sum();
        prop_assert_eq!(sum, format!("{exact}E-18").parse::<Exact>().unwrap());
        prop_assert_eq!(sum.written().parse::<Exact>().unwrap(), sum);
    }
}

#[test]
fn the_page_names_every_kind_and_every_column_it_needs() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats");
    let [page, bills] = ["statements.md", "bills.md"].map(|name| std::fs::read_to_string(here.join(name)).unwrap());
    let loose = |text: &str| text.to_ascii_lowercase().replace([' ', '_'], "");
    let told = loose(&page) + &loose(&bills);
    for statement in STATEMENTS {
        assert!(page.contains(&format!("| `{}` |", statement.name())), "{}", statement.name());
        for column in statement.columns().iter().filter(|column| column.needed) {
            let last = column.names[0].rsplit('.').next().unwrap();
            assert!(told.contains(&loose(last)), "{}: {last}", statement.name());
        }
    }
}
