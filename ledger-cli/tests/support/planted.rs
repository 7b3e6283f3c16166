//! The year's deals, and what is planted among them: breaks of all ten kinds, and what only looks like one.
#![expect(clippy::inconsistent_digit_grouping, reason = "cents are written as money is: 1_000_00")]

use super::files::Format;
use super::year::{Billed, Deposit, GLOBEX, INITECH, Planned, Planted, Reported, SELLERS, Sale, USERS, Year, sale, trace};

/// What the ledger knows of credits that lowered Globex's bills, by month.
pub(crate) const CREDITS_OF_THE_LEDGER: [(u32, i64); 3] = [(3, 60_00), (5, 100_00), (9, 80_00)];

/// Whether a format can tell a break: a discount of the commitment is no row in FOCUS, but a lower cost of the row that it is taken off.
pub(crate) fn is_told(planted: &Planted, format: Format) -> bool {
    planted.code != "R10" || planted.subject == "credits" || matches!(format, Format::Cur2 | Format::Legacy)
}

/// The rows of a month's bill as a format has them.
pub(crate) fn rows_of(year: &Year, month: u32, format: Format) -> Vec<Billed> {
    let of = |row: &&Billed| {
        let is_told = row.month == month || row.month + 1 == month && row.title == "of another month";
        is_told && (row.kind != "EdpDiscount" || matches!(format, Format::Cur2 | Format::Legacy))
    };
    year.bill.iter().filter(of).cloned().collect()
}

/// Twelve months.
pub(crate) fn year() -> Year {
    let mut year = Year::default();
    (1..=12).for_each(|month| every_month(&mut year, month));
    look_alikes(&mut year);
    for plant in [both_sides, not_in_book, not_billed, amounts, timing, duplicates, currencies, ambiguous, attributions, fees, credits] {
        plant(&mut year);
    }
    year.report();
    for plant in [sellers_reports, banks] {
        plant(&mut year);
    }
    year
}

fn number(month: u32, of: u32) -> String {
    format!("INV-{month:02}{of:02}")
}

/// What is sold and used in every month, and tempts a program in every one.
fn every_month(year: &mut Year, month: u32) {
    let cents = |base: i64| base + i64::from(month) * 37;
    year.both(Sale { tax: 82_50, ..sale(&number(month, 1), (month, 5), GLOBEX, 0, 0, cents(1_000_00)) });
    // One line of the ledger in three rows.
    let usage = Sale { is_usage: true, ..sale(&number(month, 2), (month, 28), GLOBEX, 1, 0, 900_00) };
    let row = year.row(&usage);
    year.sell(usage);
    [400_00, 299_99, 200_01].into_iter().for_each(|cents| year.bill(Billed { cents, ..row.clone() }));
    year.look_alikes.push((month, "a line in three rows"));
    year.both(Sale { currency: "EUR", ..sale(&number(month, 3), (month, 7), INITECH, 0, 2, cents(2_000_00)) });
    // Two invoices of one amount.
    year.both(sale(&number(month, 4), (month, 9), GLOBEX, 1, 1, 250_00));
    year.both(sale(&number(month, 5), (month, 9), GLOBEX, 1, 1, 250_00));
    year.look_alikes.push((month, "two invoices of one amount"));
    year.both(sale(&number(month, 6), (month, 11), GLOBEX, 2, 0, 700_00));
    // Three lines in one row.
    let lines = [100_10, 200_20, 300_30].map(|cents| sale(&number(month, 7), (month, 13), INITECH, 1, 2, cents));
    let row = year.row(&lines[0]);
    lines.into_iter().for_each(|line| year.sell(line));
    year.bill(Billed { cents: 600_60, ..row.clone() });
    year.look_alikes.push((month, "three lines in one row"));
    let service = Billed { payer: GLOBEX, invoice: String::new(), user: Some(USERS[0]), is_service: true, kind: "Usage", ..row.clone() };
    let amazon = ("AmazonEC2".to_owned(), "Amazon EC2".to_owned(), "Amazon Web Services Inc.".to_owned());
    let invoice = number(month, 91);
    year.bill(Billed { invoice, code: amazon.0, title: amazon.1, legal: amazon.2, cents: 312_34, currency: "USD", ..service.clone() });
    let model = ("code-bedrock".to_owned(), "Claude (Amazon Bedrock Edition)".to_owned(), "Anthropic PBC".to_owned());
    let is_service = false;
    year.bill(Billed { invoice: number(month, 90), code: model.0, title: model.1, legal: model.2, cents: 42_10, is_service, ..service });
    year.look_alikes.push((month, "a model on Amazon Bedrock"));
}

/// What is no break: the same on both sides in another form.
fn look_alikes(year: &mut Year) {
    for (month, rows) in [(2, &[1_000_00, -100_00][..]), (10, &[1_000_00, -100_00])] {
        let sold = sale(&number(month, 20), (month, 14), GLOBEX, 0, 0, 900_00);
        let row = year.row(&sold);
        year.sell(sold);
        rows.iter().for_each(|cents| year.bill(Billed { cents: *cents, corrects: *cents < 0, ..row.clone() }));
        year.look_alikes.push((month, "a correction as a difference"));
    }
    for month in [3, 11] {
        let sold = sale(&number(month, 21), (month, 14), GLOBEX, 0, 0, 900_00);
        let row = year.row(&sold);
        year.sell(sold);
        for (cents, corrects) in [(1_000_00, false), (-1_000_00, true), (900_00, true)] {
            year.bill(Billed { cents, corrects, ..row.clone() });
        }
        year.look_alikes.push((month, "a correction that negates and replaces"));
    }
    for month in [4, 8] {
        let sold = sale(&number(month, 22), (month, 8), GLOBEX, 0, 0, 1_000_00);
        let row = year.row(&sold);
        year.sell(Sale { refund: Some((200_00, (month, 20))), ..sold });
        year.bill(row.clone());
        year.bill(Billed { cents: -200_00, corrects: true, ..row });
        year.look_alikes.push((month, "a refund that nets"));
    }
    for (month, apart) in [(2, 3), (9, -4)] {
        year.both(sale(&number(month, 23), (month, 15), GLOBEX, 0, 0, 1_234_00)).cents += apart;
        year.look_alikes.push((month, "rounding within tolerance"));
    }
    // Due on the last day but one, invoiced on the second of the next month, and billed there.
    year.planned.push(Planned { agreement: "agmt-30".to_owned(), at: (5, 30), cents: 3_000_00, value: 36_000_00, amended: None });
    year.both(Sale { agreement: "agmt-30".to_owned(), ..sale(&number(6, 24), (6, 2), GLOBEX, 0, 0, 3_000_00) });
    year.look_alikes.push((5, "an instalment that is due in the last days"));
    // A line of the month before in the file of this one.
    for month in [6, 9] {
        let row = year.row(&sale(&number(month, 25), (month, 3), GLOBEX, 0, 0, 11_00));
        year.bill(Billed { title: "of another month".to_owned(), cents: 0, ..row });
        year.look_alikes.push((month + 1, "a line of another month"));
    }
    // A credit that both know.
    credit(year, 3, 60_00);
    year.look_alikes.push((3, "a credit that both know"));
}

fn credit(year: &mut Year, month: u32, cents: i64) {
    let row = year.row(&sale("INV-0000", (month, 1), GLOBEX, 0, 0, 0));
    let (code, title, legal) = ("AmazonEC2".to_owned(), "Amazon EC2".to_owned(), "Amazon Web Services Inc.".to_owned());
    year.bill(Billed { invoice: String::new(), code, title, legal, kind: "Credit", cents: -cents, is_service: true, ..row });
}

fn both_sides(_: &mut Year) {}

fn buyer(month: u32) -> (u32, &'static str, &'static str, &'static str) {
    (month, "buyer", "purchases", GLOBEX)
}

fn not_in_book(year: &mut Year) {
    let row = year.row(&sale(&number(1, 50), (1, 9), GLOBEX, 0, 0, 640_00));
    let (code, title, legal) = ("code-other".to_owned(), "Other Software".to_owned(), "Other Software Inc.".to_owned());
    year.bill(Billed { code, title, legal, ..row });
    year.plant(buyer(1), ("R01", &number(1, 50)), (640_00, 0, "USD"));
    let row = year.row(&sale(&number(7, 50), (7, 9), INITECH, 0, 2, 880_00));
    (0..3).for_each(|_| year.bill(row.clone()));
    year.plant((7, "buyer", "purchases", INITECH), ("R01", &number(7, 50)), (2_640_00, 0, "USD"));
}

fn not_billed(year: &mut Year) {
    year.sell(sale(&number(2, 51), (2, 12), GLOBEX, 0, 0, 555_00));
    year.plant(buyer(2), ("R02", &number(2, 51)), (0, 555_00, "USD"));
    year.planned.push(Planned { agreement: "agmt-31".to_owned(), at: (8, 10), cents: 24_000_00, value: 96_000_00, amended: None });
    year.plant(buyer(8), ("R02", ""), (0, 24_000_00, "USD"));
}

fn amounts(year: &mut Year) {
    for (month, billed) in [(3, 1_100_00), (9, 950_00)] {
        year.both(sale(&number(month, 52), (month, 12), GLOBEX, 0, 0, 1_000_00)).cents = billed;
        year.plant(buyer(month), ("R03", &number(month, 52)), (billed, 1_000_00, "USD"));
    }
    // Amended from 48,000 to 49,440: 4,000 x 1.03 are billed before the feed tells the new instalment.
    let amended = Some(((10, 12), 49_440_00));
    year.planned.push(Planned { agreement: "agmt-32".to_owned(), at: (10, 14), cents: 4_000_00, value: 48_000_00, amended });
    let row = year.row(&sale(&number(10, 53), (10, 14), GLOBEX, 0, 0, 4_120_00));
    year.bill(row);
    year.plant(buyer(10), ("R03", &number(10, 53)), (4_120_00, 4_000_00, "USD"));
    // Restated, and the bill has what was said before.
    let restated = Some((900_00, (11, 20)));
    year.both(Sale { restated, ..sale(&number(11, 54), (11, 6), GLOBEX, 0, 0, 1_000_00) });
    year.plant(buyer(11), ("R03", &number(11, 54)), (1_000_00, 900_00, "USD"));
    // The bill has a refund that the feed tells a month later.
    let refund = Some((150_00, (13, 4)));
    year.both(Sale { refund, ..sale(&number(12, 55), (12, 6), GLOBEX, 0, 0, 1_000_00) }).cents = 850_00;
    year.plant(buyer(12), ("R03", &number(12, 55)), (850_00, 1_000_00, "USD"));
}

fn timing(year: &mut Year) {
    // Billed in April, and in the ledger of May: each month tells its half.
    for month in [4, 10] {
        let sold = sale(&number(month, 56), (month + 1, 3), GLOBEX, 0, 0, 640_00);
        let row = year.row(&sold);
        year.sell(sold);
        year.bill(Billed { month, ..row });
        year.plant(buyer(month), ("R04", &number(month, 56)), (640_00, 0, "USD"));
        year.plant(buyer(month + 1), ("R04", &number(month, 56)), (0, 640_00, "USD"));
    }
    // Due at the end of August, invoiced and billed in September.
    year.planned.push(Planned { agreement: "agmt-33".to_owned(), at: (8, 29), cents: 5_000_00, value: 60_000_00, amended: None });
    year.both(Sale { agreement: "agmt-33".to_owned(), ..sale(&number(9, 57), (9, 4), GLOBEX, 0, 0, 5_000_00) });
    year.plant(buyer(8), ("R04", ""), (0, 5_000_00, "USD"));
}

fn duplicates(year: &mut Year) {
    // The same line with the same id, the same with another, and one that was billed in the month before.
    let row = year.both(sale(&number(5, 58), (5, 12), GLOBEX, 0, 0, 410_00)).clone();
    year.bill.push(row);
    year.plant(buyer(5), ("R05", &number(5, 58)), (410_00, 0, "USD"));
    let row = year.both(sale(&number(11, 58), (11, 12), GLOBEX, 0, 0, 420_00)).clone();
    year.bill(row);
    year.plant(buyer(11), ("R05", &number(11, 58)), (420_00, 0, "USD"));
    let row = year.bill.iter().find(|row| row.invoice == number(6, 6)).unwrap().clone();
    year.bill(Billed { month: 7, ..row });
    year.plant(buyer(7), ("R05", &number(6, 6)), (700_00, 0, "USD"));
}

fn currencies(year: &mut Year) {
    let row = year.both(sale(&number(1, 59), (1, 12), GLOBEX, 0, 0, 1_000_00));
    (row.cents, row.currency) = (920_00, "EUR");
    year.plant(buyer(1), ("R06", &number(1, 59)), (920_00, 0, "EUR"));
    let row = year.both(Sale { currency: "EUR", ..sale(&number(12, 59), (12, 12), INITECH, 0, 2, 500_00) });
    (row.cents, row.currency) = (550_00, "USD");
    year.plant((12, "buyer", "purchases", INITECH), ("R06", &number(12, 59)), (550_00, 0, "USD"));
}

fn ambiguous(year: &mut Year) {
    // A row that may be either of two accounts', and two rows of two accounts that may be the ledger's one.
    for user in [0, 1] {
        year.sell(sale(&number(2, 60), (2, 16), GLOBEX, 0, user, 300_00));
    }
    let row = year.row(&sale(&number(2, 60), (2, 16), GLOBEX, 0, 0, 300_00));
    year.bill(Billed { user: None, ..row });
    year.plant(buyer(2), ("R07", &number(2, 60)), (300_00, 600_00, "USD"));
    year.sell(Sale { user: None, ..sale(&number(10, 60), (10, 16), GLOBEX, 0, 0, 300_00) });
    for user in [0, 1] {
        let row = year.row(&sale(&number(10, 60), (10, 16), GLOBEX, 0, user, 300_00));
        year.bill(row);
    }
    year.plant(buyer(10), ("R07", &number(10, 60)), (600_00, 300_00, "USD"));
}

fn attributions(year: &mut Year) {
    year.both(sale(&number(3, 61), (3, 16), GLOBEX, 0, 0, 777_00)).user = Some(USERS[1]);
    year.plant(buyer(3), ("R08", &number(3, 61)), (777_00, 777_00, "USD"));
    year.both(sale(&number(6, 61), (6, 16), GLOBEX, 0, 0, 778_00)).payer = INITECH;
    year.plant((6, "buyer", "purchases", INITECH), ("R08", &number(6, 61)), (778_00, 778_00, "USD"));
    year.both(sale(&number(9, 61), (9, 16), GLOBEX, 0, 0, 779_00)).legal = SELLERS[1].name.to_owned();
    year.plant(buyer(9), ("R08", &number(9, 61)), (779_00, 779_00, "USD"));
    let row = year.both(sale(&number(12, 61), (12, 16), GLOBEX, 0, 0, 780_00));
    (row.code, row.title) = ("code-prod-2".to_owned(), "Acme Vault".to_owned());
    year.plant(buyer(12), ("R08", &number(12, 61)), (780_00, 780_00, "USD"));
}

fn fees(year: &mut Year) {
    // The tax in the price, and another tax.
    let sold = Sale { tax: 82_50, ..sale(&number(4, 62), (4, 17), GLOBEX, 0, 0, 1_000_00) };
    let row = year.row(&sold);
    year.sell(sold);
    year.bill(Billed { cents: 1_082_50, ..row });
    year.plant(buyer(4), ("R09", &number(4, 62)), (1_082_50, 1_000_00, "USD"));
    // A deal of 1,200,000, whose fee the card says is 2 %.
    year.planned.push(Planned { agreement: "agmt-34".to_owned(), at: (1, 2), cents: 0, value: 1_200_000_00, amended: None });
    year.both(Sale { agreement: "agmt-34".to_owned(), ..sale(&number(2, 64), (2, 18), GLOBEX, 0, 0, 1_000_00) });
    let tax = year.bill.iter_mut().find(|row| row.invoice == number(11, 1) && row.kind == "Tax").unwrap();
    tax.cents = 90_00;
    year.plant((11, "buyer", "tax", GLOBEX), ("R09", &number(11, 1)), (90_00, 82_50, "USD"));
}

fn credits(year: &mut Year) {
    credit(year, 5, 120_00);
    year.plant((5, "buyer", "credits", GLOBEX), ("R10", ""), (-120_00, -100_00, "USD"));
    year.plant((9, "buyer", "credits", GLOBEX), ("R10", ""), (0, -80_00, "USD"));
    // The commitment's discount on purchases, which earn none.
    for month in [6, 12] {
        let row = year.both(sale(&number(month, 63), (month, 18), GLOBEX, 0, 0, 1_000_00)).clone();
        year.bill(Billed { kind: "EdpDiscount", cents: -50_00, ..row });
        year.plant(buyer(month), ("R10", &number(month, 63)), (-50_00, 0, "USD"));
    }
}

/// What only sellers' reports and payouts say otherwise.
fn sellers_reports(year: &mut Year) {
    let place = |all: &[Reported], invoice: &str| all.iter().position(|row| row.sale.invoice == invoice).unwrap();
    let acme = SELLERS[0].account;
    let billed = |month: u32| (month, "seller", "billed", acme);
    // Not in the book.
    let mut row = year.revenue[place(&year.revenue, &number(3, 4))].clone();
    (row.sale.invoice, row.parts, row.reference) = (number(3, 70), (500_00, -15_00), "tref-x".to_owned());
    year.revenue.push(row);
    year.plant(billed(3), ("R01", &number(3, 70)), (485_00, 0, "USD"));
    // Not reported.
    let at = place(&year.revenue, &number(5, 4));
    year.revenue.remove(at);
    year.plant(billed(5), ("R02", &number(5, 4)), (0, 242_50, "USD"));
    // Another price.
    let at = place(&year.revenue, &number(6, 4));
    year.revenue[at].parts.0 += 10_00;
    year.plant(billed(6), ("R03", &number(6, 4)), (252_50, 242_50, "USD"));
    // Twice.
    let row = year.revenue[place(&year.revenue, &number(8, 4))].clone();
    year.revenue.push(row);
    year.plant(billed(8), ("R05", &number(8, 4)), (242_50, 0, "USD"));
    // Another fee: 2 % of a large deal for the feed's 3 %, and 5 %.
    for (month, of, price, fee) in [(2, 64, 1_000_00, -20_00), (12, 4, 250_00, -12_50)] {
        let at = place(&year.revenue, &number(month, of));
        let was = year.revenue[at].parts.1;
        year.revenue[at].parts.1 = fee;
        year.plant(billed(month), ("R09", &number(month, of)), (price + fee, price + was, "USD"));
    }
    // Paid out at another rate: 1.08 for 1.10.
    for month in [7, 11] {
        let at = place(&year.payouts, &number(month, 3));
        let row = &mut year.payouts[at];
        let was = row.parts.0 + row.parts.1;
        row.parts = (row.sale.cents * 108 / 100, -row.sale.fee() * 108 / 100);
        let is = row.parts.0 + row.parts.1;
        year.plant((month + 1, "seller", "disbursed", acme), ("R06", &number(month, 3)), (is, was, "USD"));
    }
}

fn banks(year: &mut Year) {
    let place = |year: &Year, trace: &str| year.bank.iter().position(|deposit| deposit.trace == trace).unwrap();
    let (acme, borealis) = (SELLERS[0].account, SELLERS[1].account);
    year.bank.push(Deposit { seller: 0, at: (4, 19), trace: "000999".to_owned(), cents: 77_00, currency: "USD" });
    year.plant((4, "bank", "deposits", acme), ("R01", "000999"), (77_00, 0, "USD"));
    let lost = year.bank.remove(place(year, &trace(1, 6, "USD")));
    year.plant((6, "bank", "deposits", borealis), ("R02", &lost.trace), (0, lost.cents, "USD"));
    let at = place(year, &trace(1, 10, "USD"));
    let was = year.bank[at].cents;
    year.bank[at].cents -= 15_00;
    year.plant((10, "bank", "deposits", borealis), ("R03", &trace(1, 10, "USD")), (was - 15_00, was, "USD"));
    let twice = year.bank[place(year, &trace(1, 9, "USD"))].clone();
    year.plant((9, "bank", "deposits", borealis), ("R05", &twice.trace), (twice.cents, 0, "USD"));
    year.bank.push(twice);
}

/// What the ledger says of some of them: month, code and invoice, and what `breaks show` prints.
pub(crate) const EXPLAINED: &[((u32, &str, &str), &str)] = &[
    // Seats were added: the instalment was planned before.
    (
        (10, "R03", "INV-1053"),
        "value 48,000.00 became 49,440.00; 4,000.00 x 49,440.00 / 48,000.00 = 4,120.00; explains all of the difference",
    ),
    // The row was restated, and the bill has it as it was.
    (
        (11, "R03", "INV-1154"),
        "1,000.00 became 900.00; 900.00 - 900.00 + 1,000.00 = 1,000.00: the bill has the row as it was; explains all",
    ),
    // The refund came with the feeds of January.
    ((12, "R03", "INV-1255"), "-150.00 came after the reconciliation: run it again; explains all of the difference"),
    // The event of the next month.
    ((4, "R04", "INV-0456"), "it is of 2025-05-03, and was recorded on 2025-05-03; explains all of the difference"),
    ((5, "R04", "INV-0456"), "it was billed in 2025-04"),
    // The tier of the rate card.
    (
        (2, "R09", "INV-0264"),
        "1,000.00 x 2 % = 20.00 by the rate card (private_usd from 1000000): the report has that fee, the feed 30.00; explains all",
    ),
    ((1, "R06", "INV-0159"), "the ledger has 1000.00 USD, which is 0.92 EUR for USD"),
    ((8, "R06", "INV-0703"), "paid at 1.08 USD for EUR; the ledger's rate is 1.1"),
];

/// What a file without invoices tells all the same: code, month and difference.
pub(crate) const TOLD_WITHOUT_INVOICES: &[(&str, (u32, i64))] = &[
    ("R01", (1, 640_00)),
    ("R07", (2, -300_00)),
    ("R01", (3, 777_00)),
    ("R05", (5, 410_00)),
    ("R10", (5, -20_00)),
    ("R01", (7, 2_640_00)),
    ("R05", (7, 700_00)),
    ("R02", (8, -24_000_00)),
    ("R10", (9, 80_00)),
];

/// What the ledger has of a break in another currency than the bill.
pub(crate) fn in_another_currency(planted: &Planted) -> Option<(&'static str, i64)> {
    match (planted.code, planted.currency) {
        ("R06", "EUR") => Some(("USD", 1_000_00)),
        ("R06", _) => Some(("EUR", 500_00)),
        _ => None,
    }
}
