//! A year of two sellers and two buyers, told by both sides in every format, with breaks planted of all kinds, and things that look like breaks
//! beside them: the program has to find exactly what was planted.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/planted.rs"]
mod planted;
#[path = "support/year.rs"]
mod year;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use year::{Billed, Format, GLOBEX, Planted, Year, date, money};

fn fixture(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "fixtures", name].iter().collect();
    path.display().to_string()
}

/// The third day after a month: its bill is final, and the last feeds of it are there.
fn dealbook(folder: &Path, month: u32, args: &[&str]) -> Output {
    let now = format!("{}T09:00:00Z", date(month + 1, 3));
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", now).output().unwrap()
}

#[track_caller]
fn ends(folder: &Path, month: u32, args: &[&str], codes: &[i32]) -> String {
    let output = dealbook(folder, month, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(codes.contains(&output.status.code().unwrap()), "{args:?}\n{out}\n{err}");
    out
}

/// Records something by hand, in a month; gives its position.
fn record(folder: &Path, month: u32, (kind, at): (&str, &str), fields: &[&str], more: &[&str]) -> String {
    let mut args = vec!["record", kind, "--effective", at, "--actor", "li", "-f", "csv"];
    fields.iter().for_each(|field| args.extend(["--set", field]));
    args.extend(more);
    ends(folder, month, &args, &[0]).lines().nth(1).unwrap().split(',').next().unwrap().to_owned()
}

/// Records something of money, which a second person signs.
fn signed(folder: &Path, month: u32, what: (&str, &str), fields: &[&str]) {
    let entry = record(folder, month, what, fields, &["--document", "award.txt"]);
    ends(folder, month, &["approve", &entry, "--actor", "mei", "--key", &fixture("keys/mei.pem")], &[0]);
}

/// The ledger before the year: what it tolerates, who signs, and a credit that Globex holds.
fn ledger() -> tempfile::TempDir {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    ends(folder, 1, &["init", "--name", "year"], &[0]);
    let parameters = ["usd_line=0.05", "usd_period=1.00", "eur_line=0.05", "eur_period=1.00", "days=5"].map(|text| format!("parameters.{text}"));
    let mut fields = vec!["policy=tolerances"];
    fields.extend(parameters.iter().map(String::as_str));
    record(folder, 1, ("policy.set", "2025-01-01"), &fields, &[]);
    let key = "key=M1eOLpOnBBtiWUfmIeiG8qE6zXT7z8JLtEmZV1KCyE4=";
    record(folder, 1, ("person.registered", "2025-01-01"), &["person=mei", key, "roles=finance"], &[]);
    fs::write(folder.join("award.txt"), "a credit of AWS's\n").unwrap();
    let holder = format!("holder={GLOBEX}");
    let granted = ["credit=C-1", "programme=wmp", &holder, "amount=5000.00", "currency=USD", "ends_at=2027-01-01T00:00:00Z"];
    signed(folder, 1, ("credit.granted", "2025-01-01"), &granted);
    temporary
}

/// What of the credit lowered the bill of a month, as the ledger has it.
fn credit_applied(folder: &Path, month: u32) {
    let Some((_, cents)) = planted::CREDITS_OF_THE_LEDGER.iter().find(|(of, _)| *of == month) else { return };
    let (account, day, amount) = (format!("account={GLOBEX}"), date(month, 28), format!("amount={}", money(*cents)));
    let of = format!("month={}", &day[..7]);
    let fields = ["credit=C-1", &account, &of, "service=AmazonEC2", &amount, "currency=USD"];
    signed(folder, month, ("credit.applied", &day), &fields);
}

/// The breaks that a report lists.
fn found(out: &str, month: u32) -> Vec<Planted> {
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let header = reader.headers().unwrap().clone();
    let cents = |text: &str| (text.parse::<f64>().unwrap() * 100.0).round() as i64;
    let leaked = |text: &str| -> &'static str { text.to_owned().leak() };
    let told = |row: csv::StringRecord| {
        let of = |name: &str| row[header.iter().position(|known| known == name).unwrap()].to_owned();
        let code = of("result").split(' ').next().unwrap().to_owned();
        code.starts_with('R').then(|| Planted {
            month,
            side: leaked(&of("side")),
            subject: leaked(&of("subject")),
            scope: of("scope"),
            code: leaked(&code),
            invoice: of("invoice"),
            billed: cents(&of("billed")),
            ledger: cents(&of("ledger")),
            currency: leaked(&of("currency")),
        })
    };
    let mut all: Vec<Planted> = reader.records().filter_map(|row| told(row.unwrap())).collect();
    all.sort();
    all
}

fn planted(year: &Year, month: u32, side: &str, subjects: &[&str]) -> Vec<Planted> {
    let of = |planted: &&Planted| planted.month == month && planted.side == side && subjects.contains(&planted.subject);
    let mut all: Vec<Planted> = year.breaks.iter().filter(of).cloned().collect();
    all.sort();
    all
}

const BUYER: &[&str] = &["purchases", "tax", "credits", "services", "models"];

/// The bill of a month: two files for a CUR, which overlap in a row.
fn bills(year: &Year, month: u32, format: Format, folder: &Path) -> Vec<String> {
    let rows: Vec<Billed> = planted::rows_of(year, month, format);
    let name = |part: &str| format!("{format:?}-{month:02}-{part}.csv");
    let parts = match format {
        Format::Cur2 | Format::Legacy => vec![(name("a"), rows[..=rows.len() / 2].to_vec()), (name("b"), rows[rows.len() / 2..].to_vec())],
        _ => vec![(name("all"), rows)],
    };
    parts.iter().for_each(|(name, rows)| fs::write(folder.join(name), year::bill(rows, format)).unwrap());
    parts.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn exactly_what_was_planted_is_found_in_every_month_and_format() {
    let year = planted::year();
    let temporary = ledger();
    let folder = temporary.path();
    let mut wrong = Vec::new();
    let mut check = |what: String, found: Vec<Planted>, planted: Vec<Planted>| {
        let (found, planted): (BTreeSet<Planted>, BTreeSet<Planted>) = (found.into_iter().collect(), planted.into_iter().collect());
        wrong.extend(planted.difference(&found).map(|planted| format!("{what}: missing {planted:?}")));
        wrong.extend(found.difference(&planted).map(|found| format!("{what}: invented {found:?}")));
    };
    for month in 1..=12 {
        let feeds = format!("feeds-{month:02}");
        year::deliver(&year, month, &folder.join(&feeds));
        ends(folder, month, &["import", &feeds, "-q"], &[0, 4]);
        credit_applied(folder, month);
        let period = &date(month, 1)[..7];
        let reconciled = |files: &[String], rehearsed: bool| {
            let mut args = vec!["reconcile", period];
            args.extend(files.iter().map(String::as_str));
            args.extend(["-f", "csv", "--actor", "li"]);
            args.extend(rehearsed.then_some("-n"));
            found(&ends(folder, month, &args, &[0, 4]), month)
        };
        for format in [Format::Legacy, Format::Focus12] {
            let files = bills(&year, month, format, folder);
            let mut expected = planted(&year, month, "buyer", BUYER);
            expected.retain(|planted| planted::is_told(planted, format));
            check(format!("{format:?}"), reconciled(&files, true), expected);
        }
        let files = bills(&year, month, Format::Cur2, folder);
        check("CUR 2.0".to_owned(), reconciled(&files, false), planted(&year, month, "buyer", BUYER));
        for (name, text, subjects) in [
            ("revenue", year::revenue(&year, month), &["billed"][..]),
            ("collections", year::collections(&year, month), &["collected", "disbursed"]),
        ] {
            let file = format!("{name}-{month:02}.csv");
            fs::write(folder.join(&file), text).unwrap();
            check(name.to_owned(), reconciled(&[file], false), planted(&year, month, "seller", subjects));
        }
        let file = format!("bank-{month:02}.csv");
        fs::write(folder.join(&file), year::bank(&year, month)).unwrap();
        check("bank".to_owned(), reconciled(&[file], false), planted(&year, month, "bank", &["deposits"]));
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
