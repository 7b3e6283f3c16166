//! A year of two sellers and two buyers, told by both sides in every format, with breaks planted of all kinds, and things that look like breaks
//! beside them: the program has to find exactly what was planted.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/year_files.rs"]
mod files;
#[path = "machine/parquet.rs"]
mod parquet;
#[path = "support/planted.rs"]
mod planted;
#[path = "support/year.rs"]
mod year;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use files::Format;
use year::{Billed, GLOBEX, INITECH, Planted, SELLERS, Year, date, money};

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
    let parameters =
        ["usd_line=0.05", "usd_period=1.00", "eur_line=0.05", "eur_period=1.00", "days=5"].map(|text| format!("parameters.{text}"));
    let mut fields = vec!["policy=tolerances"];
    fields.extend(parameters.iter().map(String::as_str));
    record(folder, 1, ("policy.set", "2025-01-01"), &fields, &[]);
    let key = "key=M1eOLpOnBBtiWUfmIeiG8qE6zXT7z8JLtEmZV1KCyE4=";
    record(folder, 1, ("person.registered", "2025-01-01"), &["person=mei", key, "roles=finance"], &[]);
    let card = [
        "policy=listing-fees",
        "parameters.public_saas=3",
        "parameters.public_server=20",
        "parameters.public_data=3",
        "parameters.private_usd=3 1000000:2",
        "parameters.renewal=1.5",
        "parameters.channel_uplift=0.5",
        "parameters.professional_services=2.5",
    ];
    record(folder, 1, ("policy.set", "2025-01-01"), &card, &[]);
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
    let cents = |text: &str| {
        assert!(text.split_once('.').is_some_and(|(_, fraction)| fraction.len() == 2), "{text} is in cents");
        text.replacen('.', "", 1).parse::<i64>().unwrap()
    };
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
    parts.iter().for_each(|(name, rows)| fs::write(folder.join(name), files::bill(rows, format)).unwrap());
    parts.into_iter().map(|(name, _)| name).collect()
}

/// Everything of a month that is no bill: the files, with what of the ledger each is compared with.
fn reports(year: &Year, month: u32, folder: &Path) -> Vec<(String, &'static str, &'static [&'static str])> {
    let of_month = |name: &str| format!("{name}-{month:02}.csv");
    let mut files = vec![
        (of_month("revenue"), files::revenue(year, month), "seller", &["billed"][..]),
        (of_month("collections"), files::collections(year, month), "seller", &["collected", "disbursed"]),
        (of_month("bank"), files::bank(year, month), "bank", &["deposits"]),
    ];
    files.retain(|(.., text, _, _)| text.lines().count() > 1);
    files.iter().for_each(|(name, text, ..)| fs::write(folder.join(name), text).unwrap());
    files.into_iter().map(|(name, _, side, subjects)| (name, side, subjects)).collect()
}

/// Everything that finance may have of a month: bills in every format, reports of sellers in two, invoices.
fn everything(year: &Year, month: u32, folder: &Path) -> Vec<String> {
    let formats = [Format::Cur2, Format::Legacy, Format::Focus10, Format::Focus12];
    let mut files: Vec<String> = formats.iter().flat_map(|format| bills(year, month, *format, folder)).collect();
    files.extend(reports(year, month, folder).into_iter().map(|(name, ..)| name));
    for (seller, of) in SELLERS.iter().enumerate() {
        let text = files::disbursement(year, seller, month);
        if text.lines().count() > 1 {
            fs::create_dir_all(folder.join(of.account)).unwrap();
            files.push(format!("{}/disbursement-{month:02}.csv", of.account));
            fs::write(folder.join(files.last().unwrap()), text).unwrap();
        }
    }
    for payer in [GLOBEX, INITECH] {
        files.push(format!("invoices-{payer}-{month:02}.json"));
        fs::write(folder.join(files.last().unwrap()), files::invoices(year, payer, month)).unwrap();
    }
    files
}

/// Reconciles a month, in another one, or in it.
fn reconcile(folder: &Path, (month, now): (u32, u32), files: &[String], more: &[&str]) -> String {
    let mut args = vec!["reconcile", "", "-f", "csv", "--actor", "li"];
    let day = date(month, 1);
    args[1] = &day[..7];
    args.extend(files.iter().map(String::as_str));
    args.extend(more);
    ends(folder, now, &args, &[0, 4])
}

/// Takes in what was delivered in a month.
fn take_in(year: &Year, month: u32, folder: &Path) {
    let feeds = format!("feeds-{month:02}");
    year::deliver(year, month, &folder.join(&feeds));
    ends(folder, month, &["import", &feeds, "-q"], &[0, 4]);
    credit_applied(folder, month);
}

#[test]
fn exactly_what_was_planted_is_found_in_every_month_and_format() {
    let year = planted::year();
    let temporary = ledger();
    let folder = temporary.path();
    let (mut wrong, mut whole) = (Vec::new(), Vec::new());
    let mut check = |what: &str, found: Vec<Planted>, planted: Vec<Planted>| {
        let (found, planted): (BTreeSet<Planted>, BTreeSet<Planted>) = (found.into_iter().collect(), planted.into_iter().collect());
        wrong.extend(planted.difference(&found).map(|planted| format!("{what}: missing {planted:?}")));
        wrong.extend(found.difference(&planted).map(|found| format!("{what}: invented {found:?}")));
    };
    for month in 1..=12 {
        take_in(&year, month, folder);
        let reconciled = |files: &[String], more: &[&str]| found(&reconcile(folder, (month, month), files, more), month);
        for format in [Format::Legacy, Format::Focus12] {
            let mut expected = planted(&year, month, "buyer", BUYER);
            expected.retain(|planted| planted::is_told(planted, format));
            check(&format!("{format:?}"), reconciled(&bills(&year, month, format, folder), &["-n"]), expected);
        }
        // All of them at once: what two files tell counts once.
        let expected = year.breaks.iter().filter(|planted| planted.month == month).cloned().collect();
        check("everything", reconciled(&everything(&year, month, folder), &["-n"]), expected);
        check("CUR 2.0", reconciled(&bills(&year, month, Format::Cur2, folder), &[]), planted(&year, month, "buyer", BUYER));
        // Invoices alone, as a whole: nothing but what was planted in their lines, and the model, which no summary tells from a purchase.
        let of_month = planted(&year, month, "buyer", BUYER);
        for payer in [GLOBEX, INITECH] {
            let out = reconcile(folder, (month, month), &[format!("invoices-{payer}-{month:02}.json")], &["-n"]);
            let exact = |line: &str| line.contains(",invoices,exact,") || line.contains(",invoices,grouped,");
            if !out.lines().any(exact) {
                whole.push(format!("{month} {payer}: nothing agrees\n{out}"));
            }
            let known = |found: &Planted| found.invoice.ends_with("90") || of_month.iter().any(|planted| planted.invoice == found.invoice);
            whole.extend(found(&out, month).into_iter().filter(|found| !known(found)).map(|found| format!("{found:?}")));
        }
        for (file, side, subjects) in reports(&year, month, folder) {
            check(&file.clone(), reconciled(&[file], &[]), planted(&year, month, side, subjects));
        }
    }
    assert!(whole.is_empty(), "{} differ\n{}", whole.len(), whole.join("\n"));
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    what_the_ledger_holds_explains_them(&year, folder);
    what_waits_ends_by_itself(&year, folder);
    what_was_tolerated_is_listed_and_posted(folder);
}

/// What `breaks show` prints of a break.
fn shown(folder: &Path, (month, code, invoice): (u32, &str, &str)) -> String {
    let list = ends(folder, 13, &["breaks", "list", &date(month, 1)[..7], "--all", "-f", "csv"], &[0]);
    let row = list.lines().find(|row| row.contains(&format!(",{code},")) && row.contains(&format!(",{invoice},"))).unwrap();
    let id = row.split(',').next().unwrap();
    ends(folder, 13, &["breaks", "show", id, "-f", "csv"], &[0])
}

fn what_the_ledger_holds_explains_them(year: &Year, folder: &Path) {
    // What the feeds of January tell.
    take_in(year, 13, folder);
    for (of, evidence) in planted::EXPLAINED {
        let out = shown(folder, *of);
        assert!(out.contains(evidence), "{of:?}\n{out}");
    }
}

/// What was due in the last days of August and invoiced in September is no break of August's any more.
fn what_waits_ends_by_itself(year: &Year, folder: &Path) {
    let waits = found(&reconcile(folder, (8, 9), &bills(year, 8, Format::Cur2, folder), &[]), 8);
    assert_eq!(waits.iter().map(|planted| planted.code).collect::<Vec<_>>(), ["R02"]);
    let list = ends(folder, 13, &["breaks", "list", "2025-08", "--all", "-f", "csv"], &[0]);
    assert!(list.lines().any(|row| row.contains(",R04,timing,cleared,")), "{list}");
    // The same bill again is known already, and no break is there twice.
    let before = ends(folder, 13, &["breaks", "list", "--all", "-f", "csv"], &[0]);
    reconcile(folder, (8, 9), &bills(year, 8, Format::Cur2, folder), &[]);
    assert_eq!(ends(folder, 13, &["breaks", "list", "--all", "-f", "csv"], &[0]), before);
}

/// What an account stands at, in the books of Globex.
fn balance(folder: &Path, account: &str) -> Option<String> {
    let out = ends(folder, 13, &["show", "trial-balance", "--entity", GLOBEX, "-f", "csv"], &[0]);
    out.lines().find(|row| row.contains(account)).map(str::to_owned)
}

fn what_was_tolerated_is_listed_and_posted(folder: &Path) {
    // 1,234.03 for 1,234.00 in February, 1,233.96 in September.
    let log = fs::read_to_string(folder.join(".dealbook/log/00000000000000000001.jsonl")).unwrap();
    let listed: Vec<&str> = log.lines().filter_map(|line| line.split_once("\"tolerated\":[{\"").map(|(_, listed)| listed)).collect();
    assert_eq!(listed.len(), 2);
    assert!(
        listed[0].starts_with("billed\":\"1234.03\",\"currency\":\"USD\",") && listed[0].contains("\"ledger\":\"1234.00\""),
        "{}",
        listed[0]
    );
    assert!(listed[1].starts_with("billed\":\"1233.96\","), "{}", listed[1]);
    assert_eq!(balance(folder, "Expenses:Rounding").unwrap(), "777788889999,Expenses:Rounding,USD,,0.01,-0.01");
    // Software that nobody sells here is accepted: in the books once a second person has signed.
    let list = ends(folder, 13, &["breaks", "list", "2025-01", "-f", "csv"], &[0]);
    let id = list.lines().find(|row| row.contains(",R01,")).unwrap().split(',').next().unwrap().to_owned();
    let accepted = ["breaks", "resolve", &id, "--reason", "accepted", "--note", "bought by a team", "--document", "award.txt"];
    let out = ends(folder, 13, &[&accepted[..], &["--actor", "li", "-f", "csv"]].concat(), &[0]);
    let entry = out.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    assert_eq!(balance(folder, "Expenses:AcceptedDifferences"), None);
    ends(folder, 13, &["approve", &entry, "--actor", "mei", "--key", &fixture("keys/mei.pem")], &[0]);
    assert_eq!(balance(folder, "Expenses:AcceptedDifferences").unwrap(), "777788889999,Expenses:AcceptedDifferences,USD,640.00,,640.00");
    // Less the credits of 240.00, more what was accepted, less the cent.
    assert_eq!(balance(folder, "Liabilities:AWSBills").unwrap(), "777788889999,Liabilities:AWSBills,USD,,399.99,-399.99");
}

#[test]
fn a_file_without_invoices_is_provisional_and_then_compared_by_what_it_tells() {
    let year = planted::year();
    let temporary = ledger();
    let folder = temporary.path();
    (1..=12).for_each(|month| take_in(&year, month, folder));
    for month in 1..=12 {
        let files = bills(&year, month, Format::Focus10, folder);
        // Until the bill cannot change any more nothing that it says is a break.
        let early = found(&reconcile(folder, (month, month), &files, &["-n"]), month);
        assert!(early.iter().all(|found| found.billed == 0 || found.subject == "credits"), "{month}: {early:?}");
        let late = found(&reconcile(folder, (month, 13), &files, &["-n"]), month);
        // Nobody can tell which invoice is which; what they come to is the same, to the cents that are tolerated.
        let mut net: BTreeMap<&str, i64> = BTreeMap::new();
        late.iter().for_each(|found| *net.entry(found.currency).or_default() += found.billed - found.ledger);
        for planted in planted(&year, month, "buyer", BUYER).iter().filter(|planted| planted::is_told(planted, Format::Focus10)) {
            // By now what waited has been invoiced; tax is compared by invoice.
            if planted.code == "R04" && planted.invoice.is_empty() || planted.subject == "tax" {
                continue;
            }
            *net.entry(planted.currency).or_default() -= planted.billed - planted.ledger;
            if let Some((currency, cents)) = planted::in_another_currency(planted) {
                *net.entry(currency).or_default() += cents;
            }
        }
        assert!(net.values().all(|cents| cents.abs() <= 5), "{month}: {net:?}\n{late:?}");
        // Where one line alone is planted of its product and account, the code is told as well.
        for (code, invoices) in planted::TOLD_WITHOUT_INVOICES.iter().filter(|(_, of)| of.0 == month).map(|(code, of)| (code, of)) {
            assert!(late.iter().any(|found| found.code == *code && found.billed - found.ledger == invoices.1), "{month} {code}: {late:?}");
        }
    }
}

/// A bill that is not final: usage has no invoice yet. FOCUS has the column, and nothing in it.
fn early(year: &Year, month: u32, format: Format, folder: &Path) -> String {
    let mut rows = planted::rows_of(year, month, format);
    rows.iter_mut().filter(|row| row.kind == "Usage" || format == Format::Focus12).for_each(|row| row.invoice.clear());
    let name = format!("early-{format:?}-{month:02}.csv");
    fs::write(folder.join(&name), files::bill(&rows, format)).unwrap();
    name
}

#[test]
fn a_preliminary_bill_and_then_the_final_one_tell_every_line_once() {
    let year = planted::year();
    let temporary = ledger();
    let folder = temporary.path();
    let listed = |month: u32| ends(folder, 12, &["breaks", "list", &date(month, 1)[..7], "--all", "-f", "csv"], &[0]).lines().count() - 1;
    for month in 1..=12 {
        take_in(&year, month, folder);
        let expected = planted(&year, month, "buyer", BUYER);
        // Without invoices nothing that is billed is a break.
        let focus = found(&reconcile(folder, (month, month), &[early(&year, month, Format::Focus12, folder)], &["-n"]), month);
        let of_invoices = |found: &&Planted| found.billed != 0 && found.subject == "purchases";
        assert_eq!(focus.iter().find(of_invoices), None, "{month}");
        // The early bill has no invoice for usage, and says so as no break.
        let preliminary = early(&year, month, Format::Cur2, folder);
        let out = reconcile(folder, (month, month), std::slice::from_ref(&preliminary), &[]);
        assert!(out.contains(",purchases,provisional,,,3,900.00,900.00,0.00,USD"), "{month}: {out}");
        assert_eq!(found(&out, month), expected, "{month}");
        let before = listed(month);
        let last = bills(&year, month, Format::Cur2, folder);
        let out = reconcile(folder, (month, month), &last, &[]);
        assert!(!out.contains("provisional"), "{month}: {out}");
        assert_eq!(found(&out, month), expected, "{month}");
        // Every break has kept its id.
        assert_eq!((listed(month), before), (expected.len(), expected.len()), "{month}");
        // Both together tell nothing twice: the final one stands for the other, in every form that tells invoices.
        for format in [Format::Cur2, Format::Legacy, Format::Focus12] {
            let last = bills(&year, month, format, folder);
            let files = |both: bool| [last.clone(), if both { vec![early(&year, month, format, folder)] } else { vec![] }].concat();
            let [alone, both] = [false, true].map(|both| reconcile(folder, (month, month), &files(both), &["-n"]));
            assert_eq!(found(&both, month), found(&alone, month), "{month} {format:?}");
            let compared =
                |out: &str| out.lines().filter(|line| !line.contains("in another file too")).map(str::to_owned).collect::<Vec<_>>();
            let superseded = |line: &String| line.contains("before it was final");
            assert_eq!(
                compared(&both).into_iter().filter(|line| !superseded(line)).collect::<Vec<_>>(),
                compared(&alone),
                "{month} {format:?}"
            );
        }
    }
}

#[test]
fn of_two_versions_of_one_bill_the_final_one_is_recorded_and_two_alike_are_refused() {
    let year = planted::year();
    for format in [Format::Cur2, Format::Legacy, Format::Focus12] {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        ends(folder, 4, &["init", "--name", "bills"], &[0]);
        let last = files::bill(&planted::rows_of(&year, 3, format), format);
        fs::create_dir_all(folder.join("first")).unwrap();
        fs::create_dir_all(folder.join("second")).unwrap();
        fs::write(folder.join("first/bill.csv"), &last).unwrap();
        fs::rename(folder.join(early(&year, 3, format, folder)), folder.join("second/bill.csv")).unwrap();
        let out = ends(folder, 4, &["import", "first", "second", "-n", "-f", "csv"], &[0]);
        let alone = ends(folder, 4, &["import", "first", "-n", "-f", "csv"], &[0]);
        let new = |out: &str| out.lines().skip(1).map(|line| line.split(',').nth(5).unwrap().parse::<u64>().unwrap()).sum::<u64>();
        assert_eq!(new(&out), new(&alone), "{format:?}: {out}");
        // The same part of two final deliveries: one more row, and nothing says which is the later.
        let row = last.lines().last().unwrap().replace("li", "ljj");
        fs::write(folder.join("second/bill.csv"), format!("{last}{row}\n")).unwrap();
        for args in [&["import", "first", "second", "-n"][..], &["reconcile", "2025-03", "first", "second", "-n"]] {
            let output = dealbook(folder, 4, args);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{format:?} {args:?}: {told}");
            assert!(
                told.contains("E0329") && told.contains("second/bill.csv") && told.contains("first/bill.csv tells the bill of"),
                "{told}"
            );
        }
    }
}

#[test]
fn of_two_forms_of_one_bill_one_is_recorded() {
    let year = planted::year();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    ends(folder, 4, &["init", "--name", "bills"], &[0]);
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    let form = |format: Format| files::bill(&planted::rows_of(&year, 3, format), format);
    write("legacy.csv", &form(Format::Legacy));
    write("cur2.csv", &form(Format::Cur2));
    fs::rename(folder.join(early(&year, 3, Format::Cur2, folder)), folder.join("early2.csv")).unwrap();
    let import = |files: &[&str]| {
        let shown = |format: &str| ends(folder, 4, &[&["import"], files, &["-n", "-f", format]].concat(), &[0]);
        let new = |row: &str| row.split(',').nth(5).unwrap().parse::<u64>().unwrap();
        (shown("csv").lines().skip(1).map(new).sum::<u64>(), shown("table"))
    };
    let ((cur, _), (legacy, _)) = (import(&["cur2.csv"]), import(&["legacy.csv"]));
    assert!(cur > 0 && legacy > 0);
    // CUR 2.0 tells more; a legacy one that is final tells more than a CUR 2.0 that is not.
    let (both, told) = import(&["legacy.csv", "cur2.csv"]);
    assert_eq!(both, cur);
    assert!(told.contains("legacy.csv: the bill of") && told.contains("in another form; cur2.csv stands for it"), "{told}");
    let (both, told) = import(&["legacy.csv", "early2.csv"]);
    assert_eq!(both, legacy);
    assert!(told.contains("early2.csv: the bill of") && told.contains("in another form; legacy.csv stands for it"), "{told}");
    // What is recorded of the two is what the one says: it says nothing new afterwards.
    ends(folder, 4, &["import", "legacy.csv", "cur2.csv"], &[0]);
    assert_eq!(import(&["cur2.csv"]).0, 0);
}

#[test]
fn every_kind_of_break_is_planted_more_than_once_and_look_alikes_of_each_sort_are_there() {
    let year = planted::year();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    year.breaks.iter().for_each(|planted| *kinds.entry(planted.code).or_default() += 1);
    let codes: Vec<String> = (1..=10).map(|code| format!("R{code:02}")).collect();
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), codes);
    assert!(kinds.values().all(|times| *times >= 2), "{kinds:?}");
    let sides: BTreeSet<&str> = year.breaks.iter().map(|planted| planted.side).collect();
    assert_eq!(sides.len(), 3);
    let sorts: BTreeSet<&str> = year.look_alikes.iter().map(|(_, sort)| *sort).collect();
    assert_eq!((year.breaks.len(), year.look_alikes.len(), sorts.len()), (43, 60, 11), "{kinds:?}\n{sorts:?}");
}

#[test]
fn a_bill_as_parquet_is_imported_as_its_csv_is() {
    let year = planted::year();
    let text = files::bill(&planted::rows_of(&year, 4, Format::Cur2), Format::Cur2);
    let told = |file: &str, bytes: &[u8]| {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        ends(folder, 4, &["init", "--name", "bills"], &[0]);
        fs::create_dir(folder.join("bills")).unwrap();
        fs::write(folder.join("bills").join(file), bytes).unwrap();
        ends(folder, 4, &["import", "bills", "-q"], &[0]);
        // What was said by the file, without where.
        let log = fs::read_to_string(folder.join(".dealbook/log/00000000000000000001.jsonl")).unwrap();
        let of = |line: &str| Some(line.split_once("\"event\":{\"type\":\"spend.recorded\",")?.1.split_once("},\"prev\":")?.0.to_owned());
        log.lines().filter_map(of).collect::<Vec<_>>()
    };
    let packed = parquet::of_csv(&text, ::parquet::basic::Compression::SNAPPY, 7);
    let (csv, packed) = (told("cur.csv", text.as_bytes()), told("cur.snappy.parquet", &packed));
    assert!(csv.len() > 10, "{csv:?}");
    assert_eq!(packed, csv);
    // A feed is delivered as CSV.
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    ends(folder, 4, &["init", "--name", "feeds"], &[0]);
    let feed =
        "valid_from,insert_date,update_date,delete_date,product_id,manufacturer_account_id,product_code,title,catalog\na,b,c,d,e,f,g,h,i\n";
    fs::write(folder.join("feed.parquet"), parquet::of_csv(feed, ::parquet::basic::Compression::SNAPPY, 7)).unwrap();
    let output = dealbook(folder, 4, &["import", "feed.parquet"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a feed as Parquet"), "{output:?}");
}
