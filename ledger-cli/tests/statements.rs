//! Statements of every kind, read: every row of every file is in one class, and the sums are the file's, to the last decimal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use dealbook::failure::Failure;
use dealbook::statements::{Statements, read};
use flate2::read::GzDecoder;
use ledger_core::money::Currency;
use ledger_core::problem::Problems;
use ledger_core::statement::{Class, Exact, Line, Received, Subject};

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// Reads a file that is whole.
fn whole(path: &Path) -> Received {
    let mut statements = read(&[path.to_owned()], None, |_| ()).unwrap();
    assert!(statements.files.is_empty() && statements.rows.is_empty(), "{}", told(&statements));
    assert_eq!(statements.received.len(), 1);
    every_row_is_in_one_class(&statements);
    statements.received.remove(0)
}

fn of_text(text: &str) -> Statements {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, text).unwrap();
    let statements = read(&[path], None, |_| ()).unwrap();
    every_row_is_in_one_class(&statements);
    statements
}

fn unpacked(name: &str) -> String {
    std::io::read_to_string(GzDecoder::new(std::fs::File::open(fixtures(name)).unwrap())).unwrap()
}

/// What is wrong, as people are told.
fn told(statements: &Statements) -> String {
    [&statements.files, &statements.rows].into_iter().filter(|problems| !problems.is_empty()).map(printed).collect()
}

fn printed(problems: &Problems) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    Failure::problems(problems).print(&mut out, 140).unwrap();
    let printed = String::from_utf8(out.into_inner()).unwrap();
    printed.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn every_row_is_in_one_class(statements: &Statements) {
    for received in &statements.received {
        assert_eq!(received.classes.values().sum::<u64>(), received.rows, "{}", received.name);
        assert_eq!(received.rows_of(Class::Line), received.lines.len() as u64);
        assert_eq!(received.rows_of(Class::Summed), received.services.iter().map(|summed| summed.rows).sum::<u64>());
        for currency in received.currencies() {
            let sum = |lines: &mut dyn Iterator<Item = &Line>| {
                let of_currency = lines.filter(|line| line.currency == currency);
                of_currency.fold(Exact::default(), |sum, line| sum.checked_add(line.amount).unwrap())
            };
            let total = |class| received.totals.get(&(class, currency)).copied().unwrap_or_default();
            assert_eq!(sum(&mut received.lines.iter()), total(Class::Line));
            assert_eq!(sum(&mut received.services.iter().map(|summed| &summed.line)), total(Class::Summed));
        }
    }
}

/// What a class comes to, in dollars.
fn usd(received: &Received, class: Class) -> String {
    let usd: Currency = "USD".parse().unwrap();
    received.totals.get(&(class, usd)).copied().unwrap_or_default().written()
}

fn services(received: &Received) -> Vec<(String, u64, String)> {
    received.services.iter().map(|summed| (summed.line.line_type.clone(), summed.rows, summed.line.amount.written())).collect()
}

#[test]
fn a_real_cur_2_comes_to_what_its_rows_come_to() {
    let received = whole(&fixtures("bills/cur2-2026-04.csv.gz"));
    assert_eq!((received.kind, received.rows, received.lines.len()), ("cur", 1_882, 0));
    let of_type = |line_type: &str, rows, sum: &str| (line_type.to_owned(), rows, sum.to_owned());
    let expected = [of_type("Credit", 358, "-47.6816938998"), of_type("Tax", 13, "0"), of_type("Usage", 1_511, "47.6816938322")];
    assert_eq!(services(&received), expected);
    assert_eq!(usd(&received, Class::Summed), "-0.0000000676");
}

#[test]
fn a_real_legacy_cur_comes_to_what_its_rows_come_to() {
    let received = whole(&fixtures("bills/cur-legacy-2023-11.csv.gz"));
    assert_eq!((received.kind, received.rows, received.rows_of(Class::Summed)), ("cur", 1_281, 1_281));
    assert_eq!(usd(&received, Class::Summed), "1.6823086974");
    assert_eq!(services(&received)[0], ("Tax".to_owned(), 12, "0.08".to_owned()));
}

#[test]
fn a_preliminary_cur_has_lines_without_an_invoice() {
    // Its payers have 13 digits: whoever generated it did not know better.
    let text = unpacked("statements/cur-legacy-marketplace-2025-03-preliminary.csv.gz");
    let statements = of_text(&text);
    assert_eq!((statements.received[0].rows_of(Class::Rejected), statements.received[0].rows), (240, 240));
    assert!(told(&statements).contains("error[E0215]: `9999999999999` is not a 12-digit AWS account id"), "{}", told(&statements));
    let mut mended = of_text(&text.replace("9999999999999", "999999999999"));
    assert!(mended.rows.is_empty(), "{}", told(&mended));
    let received = mended.received.remove(0);
    assert_eq!((received.rows_of(Class::Line), received.rows_of(Class::Summed)), (132, 108));
    assert_eq!(
        (usd(&received, Class::Line).as_str(), usd(&received, Class::Summed).as_str()),
        ("421.1154935237208552", "344.5490401557716088")
    );
    assert!(received.lines.iter().all(|line| line.subject == Subject::Purchase && line.invoice.is_none() && line.item.is_some()));
    assert!(received.lines.iter().all(|line| line.product.as_ref().is_some_and(|code| code.as_str() == "5hnnev4d0v7mapf09j0v8of0o2")));
}

#[test]
fn a_real_focus_file_holds_other_providers_too() {
    // Its payers have 13 digits and some accounts 11: whoever made it anonymous did that.
    let text = unpacked("statements/focus-1.0-sample.csv.gz");
    let statements = of_text(&text);
    let classes: Vec<(Class, u64)> = statements.received[0].classes.clone().into_iter().collect();
    assert_eq!(classes, [(Class::Other, 58), (Class::Rejected, 942)]);
    let mut mended = of_text(&text.replace("\"1234567890123\"", "\"123456789012\"").replace("\"90054491575\"", "\"090054491575\""));
    let received = mended.received.remove(0);
    let classes: Vec<(Class, u64)> = received.classes.clone().into_iter().collect();
    assert_eq!(classes, [(Class::Line, 1), (Class::Summed, 941), (Class::Other, 58)], "{}", told(&mended));
    let [line] = received.lines.as_slice() else { panic!("one purchase") };
    assert_eq!((line.amount.written().as_str(), line.seller.as_deref(), line.subject), ("0.342", Some("Red Hat Inc."), Subject::Purchase));
    assert_eq!(usd(&received, Class::Summed), "17.6646386184");
    assert_eq!(services(&received)[0].1, 1, "one credit");
}

/// A table without what needs a quote.
fn table(header: &str, rows: &[&str]) -> String {
    std::iter::once(header).chain(rows.iter().copied()).map(|line| format!("{line}\n")).collect()
}

fn one_of(folder: &str, name: &str, text: &str) -> Received {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(folder);
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    whole(&path)
}

/// A line in short: what it is about, whose, when, how much, and all that tells it apart.
fn shown(line: &Line) -> String {
    let (date, invoice) = (line.date.map(|date| date.to_string()), line.invoice.as_ref().map(ToString::to_string));
    let told = [date, invoice, line.product.as_ref().map(ToString::to_string), line.account.map(|account| account.to_string())];
    let told: Vec<String> = told.into_iter().flatten().collect();
    let parts: Vec<String> = line.parts.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
    let month = line.month.from.day().format("%Y-%m");
    let trace = line.trace.as_ref().map(|trace| format!(" trace {trace}")).unwrap_or_default();
    format!(
        "{:?} {:?} {} {month} {} {} {} [{}]{trace} ({})",
        line.side,
        line.subject,
        line.scope,
        line.line_type,
        line.amount,
        line.currency,
        told.join(" "),
        parts.join(", ")
    )
}

fn lines(received: &Received) -> String {
    received.lines.iter().map(|line| shown(line) + "\n").collect()
}

const BILLED: &str = "Invoice_Date,Invoice_ID,Listing_Fee_Invoice_ID,Wholesale_Invoice_ID,Subscriber_AWS_Account_ID,Agreement_ID,Product_ID,\
     Disbursement_Status,Disbursement_Date,Disburse_Bank_Trace_ID,Gross_Revenue,Gross_Refund,Listing_Fee,Wholesale_cost,Seller_Net_Revenue,\
     Collected_Net_Revenue,Uncollected_Net_Revenue,Currency,Transaction_Reference_ID,ISV_Account_ID,ISV_Company_Name,Reseller_AWS_Account_ID";

#[test]
fn billed_revenue_is_a_line_with_its_parts() {
    let received = one_of(
        "reports",
        "billed.csv",
        &table(
            BILLED,
            &[
                "2026-03-05 10:00:00.000 UTC,INV-7,FEE-7,Not applicable,777788889999,agmt-1,prod-1,Not Disbursed,,Not applicable,1000.00,0.00,\
                 -30.00,0.00,970.00,0.00,970.00,USD,ref-1,111122223333,Lumen Data,Not applicable",
                "2026-03-06 10:00:00.000 UTC,INV-8,FEE-8,WS-8,777788889999,agmt-2,prod-2,Disbursed,2026-03-20 00:00:00.000 UTC,trace-1,\
                 1200.00,0.00,0.00,-1000.00,200.00,200.00,0.00,USD,ref-2,111122223333,Lumen Data,444455556666",
            ],
        ),
    );
    assert_eq!(received.kind, "billed_revenue");
    insta::assert_snapshot!(lines(&received));
    assert_eq!(
        received.lines[1].others.iter().map(|(called, id)| format!("{called} {id}")).collect::<Vec<_>>(),
        ["listing_fee FEE-8", "wholesale WS-8"]
    );
}

#[test]
fn collections_are_lines_once_money_moved() {
    let header = BILLED.replace("Uncollected_Net_Revenue", "Disbursement_Period").replace("Gross_Refund", "Last_Collection_Date");
    let rows = [
        "2026-03-05 10:00:00.000 UTC,INV-7,FEE-7,,777788889999,agmt-1,prod-1,Not Disbursed,,Not applicable,1000.00,,-30.00,0.00,970.00,,Not due,\
         USD,ref-1,111122223333,Lumen Data,",
        "2026-03-05 10:00:00.000 UTC,INV-8,FEE-8,,777788889999,agmt-1,prod-1,Not Disbursed,,Not applicable,1000.00,2026-03-30 00:00:00.000 UTC,\
         -30.00,0.00,970.00,970.00,Not due,USD,ref-2,111122223333,Lumen Data,",
        "2026-03-05 10:00:00.000 UTC,INV-9,FEE-9,,777788889999,agmt-1,prod-1,Disbursed,2026-03-31 00:00:00.000 UTC,trace-9,1000.00,\
         2026-03-30 00:00:00.000 UTC,-30.00,0.00,970.00,970.00,Not due,USD,ref-3,111122223333,Lumen Data,",
    ];
    let received = one_of("reports", "collections.csv", &table(&header, &rows));
    assert_eq!((received.kind, received.others.clone().into_iter().collect::<Vec<_>>()), ("collections", vec![("not collected yet", 1)]));
    insta::assert_snapshot!(lines(&received));
}

#[test]
fn a_disbursement_report_is_read_in_its_older_names_too() {
    let rows = ["2026-03-20,prod-code-1,970.00,1000.00,-30.00,0.00,-12.50"];
    let older = table("Deposit Date,Product Code,Net Amount,SellerRev,AWSRefFee,SellerRevRefund,SellerRevCredit", &rows);
    let received = one_of("111122223333", "disbursed.csv", &older);
    insta::assert_snapshot!(lines(&received));
    let newer = table("DisbursementDate,ProductCode,NetAmount,SellerRev,AWSRefFee,SellerRevRefund,SellerRevCredit", &rows);
    assert_eq!(lines(&one_of("111122223333", "disbursed.csv", &newer)), lines(&received));
    let nobodys = of_text(&older);
    assert!(told(&nobodys).contains("error[E0322]: whose feed this is cannot be told"), "{}", told(&nobodys));
}

#[test]
fn a_bank_tells_what_arrived() {
    let rows = ["trace-9,2026-04-01,970.00,USD,111122223333", ",2026-04-01,12.00,USD,", "TEST-1,2026-04-02,0.01,USD,111122223333"];
    let received = one_of("bank", "bank.csv", &table("Trace ID,Value Date,AMOUNT,Currency,Recipient", &rows));
    assert_eq!(received.others.clone().into_iter().collect::<Vec<_>>(), [("without a trace id", 1)]);
    insta::assert_snapshot!(lines(&received));
}
