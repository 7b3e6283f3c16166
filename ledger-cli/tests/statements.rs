//! Statements of every kind, read: every row of every file is in one class, and the sums are the file's, to the last decimal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "machine/parquet.rs"]
mod parquet;

use std::io::Write;
use std::path::{Path, PathBuf};

use ::parquet::basic::{Compression, GzipLevel, ZstdLevel};
use dealbook::failure::Failure;
use dealbook::statements::{Statements, read};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ledger_core::chain::Hash;
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

#[test]
fn a_seller_and_a_buyer_are_told_of_invoices() {
    let received = one_of(
        "answers",
        "invoices.json",
        r#"{
  "InvoiceSummaries": [
    {"AccountId": "777788889999", "InvoiceId": "INV-1", "ReceiverRole": "BUYER", "IssuedDate": 1772445600.0, "InvoiceType": "INVOICE",
     "BillingPeriod": {"Month": 2, "Year": 2026}, "Entity": {"InvoicingEntity": "Amazon Web Services, Inc.", "BillingEntity": "AWS_MARKETPLACE"},
     "BaseCurrencyAmount": {"TotalAmount": "1206.00", "TotalAmountBeforeTax": "1000.00", "CurrencyCode": "USD",
       "AmountBreakdown": {"Taxes": {"TotalAmount": "206.00", "Breakdown": [{"Amount": "206.00"}]}}}},
    {"AccountId": "111122223333", "InvoiceId": "INV-2", "ReceiverRole": "RESELLER", "IssuedDate": "2026-03-04T00:00:00Z",
     "InvoiceType": "CREDIT_MEMO", "OriginalInvoiceId": "INV-0", "BaseCurrencyAmount": {"TotalAmount": "50.00", "CurrencyCode": "USD"}},
    {"AccountId": "777788889999", "InvoiceId": "INV-3", "Entity": {"BillingEntity": "AWS"},
     "BaseCurrencyAmount": {"TotalAmount": "9.00", "CurrencyCode": "USD"}},
    {"AccountId": "777788889999", "InvoiceId": "INV-4", "InvoiceType": "PAYMENT_RECEIPT",
     "BaseCurrencyAmount": {"TotalAmount": "9.00", "CurrencyCode": "USD"}}
  ]
}"#,
    );
    assert_eq!(received.others.values().sum::<u64>(), 2);
    insta::assert_snapshot!(lines(&received));
}

#[test]
fn parquet_says_what_the_csv_says() {
    let text = unpacked("bills/cur2-2026-04.csv.gz");
    let csv = whole(&fixtures("bills/cur2-2026-04.csv.gz"));
    let packings =
        [Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default()), Compression::GZIP(GzipLevel::default()), Compression::UNCOMPRESSED];
    for (packing, group_of) in packings.into_iter().zip([500, 1_882, 4_096, 7]) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("no-name-that-says-so.csv");
        let bytes = parquet::of_csv(&text, packing, group_of);
        std::fs::write(&path, &bytes).unwrap();
        let received = whole(&path);
        assert_eq!(received.digest, Hash::of(&bytes));
        assert_eq!((&received.services, &received.totals, &received.classes), (&csv.services, &csv.totals, &csv.classes));
    }
}

/// A CUR 2.0 of a few columns.
const CUR: &str = "bill_payer_account_id,bill_billing_period_start_date,line_item_line_item_type,line_item_currency_code,bill_billing_entity,\
     line_item_product_code,line_item_legal_entity,line_item_unblended_cost,line_item_usage_account_id,identity_line_item_id,\
     identity_time_interval,bill_invoice_id,bill_bill_type,product";

fn cur(cells: &str) -> String {
    format!("777788889999,2026-03-01T00:00:00Z,{cells}")
}

#[test]
fn what_the_marketplace_sells_is_told_apart_from_models_and_services() {
    let rows = [
        "Fee,USD,AWS Marketplace,code-1,Lumen Data,12000,111122223333,li-1,2026-03-01/2027-03-01,INV-1,Purchase,",
        "Tax,USD,AWS Marketplace,code-1,Lumen Data,2400,111122223333,li-2,2026-03-01/2026-04-01,INV-1,Purchase,",
        "Refund,USD,AWS Marketplace,code-1,Lumen Data,-500.000000001,111122223333,li-3,,INV-2,Refund,",
        "Credit,USD,AWS Marketplace,code-1,Lumen Data,-1.0E-7,111122223333,li-4,,INV-1,Anniversary,",
        "Usage,USD,AWS Marketplace,code-9,\"Anthropic, PBC\",7,111122223333,li-5,,,Anniversary,\
         \"{\"\"product_name\"\":\"\"Claude (Amazon Bedrock Edition)\"\"}\"",
        "Usage,USD,AWS,AmazonEC2,\"Amazon Web Services, Inc.\",0.1,111122223333,li-6,,,Anniversary,",
        "Usage,USD,AWS,AWSSupportBusiness,\"Amazon Web Services, Inc.\",0.2,111122223333,li-7,,,Anniversary,",
    ];
    let rows = rows.map(cur);
    let text = table(CUR, &rows.each_ref().map(String::as_str));
    let received = one_of("cur", "cur.csv", &text);
    insta::assert_snapshot!(lines(&received));
    assert_eq!(services(&received), [("Usage".to_owned(), 2, "0.3".to_owned())]);
    assert_eq!(usd(&received, Class::Line), "13906.999999899");
    assert_eq!(received.lines.iter().map(|line| line.row).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(received.lines.iter().filter(|line| line.corrects).count(), 1);
    // As Parquet and in the names of the legacy report it says the same.
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a");
    std::fs::write(&path, parquet::of_csv(&text, Compression::SNAPPY, 3)).unwrap();
    assert_eq!(whole(&path).lines, received.lines);
    let legacy = "bill/PayerAccountId,bill/BillingPeriodStartDate,lineItem/LineItemType,lineItem/CurrencyCode,bill/BillingEntity,\
         lineItem/ProductCode,lineItem/LegalEntity,lineItem/UnblendedCost,lineItem/UsageAccountId,identity/LineItemId,\
         identity/TimeInterval,bill/InvoiceId,bill/BillType,product/ProductName";
    assert_eq!(one_of("cur", "cur.csv", &text.replace(CUR, legacy)).lines, received.lines);
}

#[test]
fn a_correction_nets_the_same_in_both_forms() {
    let header = "BillingAccountId,BillingPeriodStart,ChargeCategory,ChargeClass,BillingCurrency,ServiceName,ProviderName,PublisherName,InvoiceId,\
         BilledCost,SubAccountId,x_ServiceCode";
    let row = |class: &str, cost: &str| {
        format!("777788889999,2026-03-01T00:00:00Z,Usage,{class},USD,Lumen Gateway,AWS,Lumen Data,INV-1,{cost},111122223333,code-1")
    };
    let delta = [row("", "100.0000001"), row("Correction", "-10")];
    let replaced = [row("", "100.0000001"), row("Correction", "-100.0000001"), row("Correction", "90.0000001")];
    let [delta, replaced] = [delta.to_vec(), replaced.to_vec()].map(|rows| {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        one_of("focus", "focus.csv", &table(header, &rows))
    });
    assert_eq!(usd(&delta, Class::Line), "90.0000001");
    assert_eq!(usd(&replaced, Class::Line), "90.0000001");
    assert_eq!(replaced.lines.iter().map(|line| line.corrects).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(shown(&delta.lines[1]), "Buyer Purchase 777788889999 2026-03 Usage -10 USD [INV-1 code-1 111122223333] ()");
}

#[test]
fn who_bills_is_told_by_whatever_column_there_is() {
    let header = "BillingAccountId,BillingPeriodStart,ChargeCategory,BillingCurrency,ServiceName,BilledCost,ProviderName,InvoiceIssuerName,\
         HostProviderName,ServiceProviderName,AllocatedMethodId";
    let classes = |whom: &str| {
        let row = format!("777788889999,2026-03-01T00:00:00Z,Usage,USD,Something,1,{whom},");
        let received = one_of("focus", "focus.csv", &table(header, &[&row]));
        received.classes.into_keys().next().unwrap()
    };
    for (whom, class) in [
        ("AWS,\"Amazon Web Services, Inc.\",AWS,AWS", Class::Summed),
        ("AWS,,,", Class::Summed),
        (",,,", Class::Summed),
        ("AWS,A reseller,AWS,Lumen Data", Class::Line),
        // 1.3: no provider any more.
        (",\"Amazon Web Services, Inc.\",AWS,AWS", Class::Summed),
        (",AWS,Lumen Data,Lumen Data", Class::Line),
        (",A reseller,AWS,AWS", Class::Summed),
        (",,AWS,Lumen Data", Class::Line),
        (",Microsoft,Microsoft,Microsoft", Class::Other),
        ("Microsoft,,,", Class::Other),
        (",,Microsoft,Microsoft", Class::Other),
    ] {
        assert_eq!(classes(whom), class, "{whom}");
    }
}

#[test]
fn the_specification_s_examples_are_refused_with_the_cause() {
    let mut out = String::new();
    for name in [
        "bills/focus-marketplace.csv",
        "statements/marketplace_m1_datadog.csv",
        "statements/saas-agreements/simple_saas_agreements_a1.csv",
        "statements/saas-agreements/simple_saas_agreements_a2.csv",
        "statements/saas-agreements/simple_saas_agreements_a3.csv",
        "statements/saas-agreements/simple_saas_agreements_b.csv",
        "statements/saas-agreements/simple_saas_agreements_c.csv",
    ] {
        let path = fixtures(name);
        let statements = read(std::slice::from_ref(&path), None, |_| ()).unwrap();
        every_row_is_in_one_class(&statements);
        let classes: Vec<_> = statements.received.iter().map(|received| (&received.classes, received.rows)).collect();
        out += &format!("=== {name}: {classes:?}\n{}\n", told(&statements).replace(&path.display().to_string(), name));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_manifest_tells_what_is_missing_and_what_is_too_many() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("export/data/BILLING_PERIOD=2026-03");
    let metadata = place.path().join("export/metadata/BILLING_PERIOD=2026-03");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::create_dir_all(&metadata).unwrap();
    let row = cur("Usage,USD,AWS,AmazonEC2,AWS,0.1,111122223333,li-6,,,Anniversary,");
    for (name, cost) in [("x-00001.csv", "0.1"), ("x-00003.csv", "0.3")] {
        std::fs::write(data.join(name), table(CUR, &[&row.replace("0.1", cost)])).unwrap();
    }
    let key = |name: &str, month: &str| format!("\"s3://bucket/export/data/BILLING_PERIOD={month}/{name}\"");
    let listing = [key("x-00001.csv", "2026-03"), key("x-00002.csv", "2026-03"), key("x-00003.csv", "2026-02")].join(",");
    std::fs::write(metadata.join("x-Manifest.json"), format!("{{\"dataFiles\":[{listing}]}}")).unwrap();
    let statements = read(&[place.path().join("export")], None, |_| ()).unwrap();
    assert_eq!(statements.received.len(), 2);
    let [manifest] = statements.manifests.as_slice() else { panic!("one manifest") };
    assert_eq!((manifest.name.as_str(), manifest.listed.len()), ("x-Manifest.json", 3));
    assert_eq!(
        manifest.absent,
        ["s3://bucket/export/data/BILLING_PERIOD=2026-03/x-00002.csv", "s3://bucket/export/data/BILLING_PERIOD=2026-02/x-00003.csv"]
    );
    assert_eq!(manifest.extra, ["x-00003.csv"]);
    // AWS's own manifest of a real export, whose file was renamed.
    let real = place.path().join("real");
    std::fs::create_dir(&real).unwrap();
    std::fs::copy(fixtures("statements/cur2-2026-04-manifest.json"), real.join("manifest.json")).unwrap();
    std::fs::copy(fixtures("bills/cur2-2026-04.csv.gz"), real.join("ha-project-CUR-daily-1-00001.csv.gz")).unwrap();
    let statements = read(std::slice::from_ref(&real), None, |_| ()).unwrap();
    assert_eq!((statements.received[0].rows, &statements.manifests[0].absent, &statements.manifests[0].extra), (1_882, &vec![], &vec![]));
}

#[test]
fn the_same_bytes_count_once() {
    let place = tempfile::tempdir().unwrap();
    let row = cur("Usage,USD,AWS,AmazonEC2,AWS,0.1,111122223333,li-6,,,Anniversary,");
    for name in ["a.csv", "b.csv"] {
        std::fs::write(place.path().join(name), table(CUR, &[&row])).unwrap();
    }
    let statements = read(&[place.path().to_owned()], None, |_| ()).unwrap();
    assert_eq!(
        (statements.received.len(), statements.notes.as_slice()),
        (1, ["b.csv is the same file as a.csv, and counts once".to_owned()].as_slice())
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn whatever_is_wrong_is_named_with_its_place_and_its_cure() {
    let good = cur("Usage,USD,AWS,AmazonEC2,AWS,0.1,111122223333,li-1,,,Anniversary,");
    let with = |from: &str, to: &str| table(CUR, &[&good, &good.replace(from, to)]).into_bytes();
    let text = table(CUR, &[&good]);
    let long = format!("{text}{}\n", good.replace("li-1", &"x".repeat(10 << 20)));
    let wide: String = (0..100_000).map(|at| format!("c{at},")).collect();
    let packed = parquet::of_csv(&text, Compression::SNAPPY, 10);
    let mut bomb = GzEncoder::new(vec![], flate2::Compression::fast());
    bomb.write_all(text.as_bytes()).unwrap();
    let line = format!("{}\n", good.replace("li-1", &"x".repeat(1_000_000)));
    (0..300).for_each(|_| bomb.write_all(line.as_bytes()).unwrap());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a NUL byte", with("li-1", "li\0")),
        ("a field of 10 MB", long.into_bytes()),
        ("100,000 columns", format!("{wide}\n{wide}\n").into_bytes()),
        ("a gzip file that expands without end", bomb.finish().unwrap()),
        ("a gzip file that was cut off", gzip(text.repeat(100).as_bytes())[..200].to_vec()),
        ("Parquet that was cut off", packed[..packed.len() - 9].to_vec()),
        ("Parquet with a cost that is no number", parquet::of_csv(&text.replace(",0.1,", ",dear,"), Compression::SNAPPY, 10)),
        (
            "Parquet with a wrong account",
            parquet::of_csv(&table(CUR, &[&good, &good.replace("777788889999", "7777")]), Compression::SNAPPY, 10),
        ),
        ("two columns of one name", text.replace("bill_bill_type", "product").into_bytes()),
        ("a formula for a cost", with(",0.1,", ",=1+1,")),
        ("a month in another zone", with("2026-03-01T00:00:00Z", "2026-02-28T23:00:00Z")),
        ("a month with an offset", with("2026-03-01T00:00:00Z", "2026-03-01T00:00:00+01:00")),
        ("a spreadsheet's account", with("777788889999", "7.77789E+11")),
        ("a spreadsheet's month", with("2026-03-01T00:00:00Z", "01/03/2026")),
        ("an amount with a thousands separator", with(",0.1,", ",\"1,000.00\",")),
        ("an amount without end", with(",0.1,", ",1E-40,")),
        ("a sum without end", table(CUR, &[&*good.replace(",0.1,", ",16000000000000000,"); 2]).into_bytes()),
        ("a row with a field too many", format!("{text}{good},\n").into_bytes()),
        ("a quote that never closes", with("li-1", "\"li-1")),
        ("no UTF-8", [text.as_bytes(), good.replace("li-1", "li-").as_bytes(), b"\xe9\n"].concat()),
        ("a header alone", format!("{CUR}\n").into_bytes()),
        ("nothing", Vec::new()),
        ("an empty answer", b"{\"InvoiceSummaries\": []}".to_vec()),
        ("a Cost Explorer download", b"Service,EC2-Instances($),Total costs($)\nService total,1,1\n".to_vec()),
        ("a detailed billing report", b"InvoiceID,PayerAccountId,LinkedAccountId,RecordType,ProductName,Cost\n1,2,3,4,5,6\n".to_vec()),
        (
            "a feed",
            std::fs::read(fixtures("seller-feeds/feeds/039235861748/accountfeed_v1/year=2010/month=01/data.csv")).unwrap_or_default(),
        ),
        ("some JSON", b"{\"Offers\": [{\"Id\": \"offer-1\"}]}".to_vec()),
    ];
    let mut out = String::new();
    for (name, bytes) in &cases {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        let statements = read(std::slice::from_ref(&path), None, |_| ()).unwrap();
        every_row_is_in_one_class(&statements);
        assert!(!statements.files.is_empty() || !statements.rows.is_empty(), "{name}");
        let classes: Vec<_> = statements.received.iter().map(|received| &received.classes).collect();
        let printed = told(&statements).replace(&path.display().to_string(), "a.csv");
        let printed: String = printed.lines().map(|line| format!("{}\n", line.chars().take(180).collect::<String>())).collect();
        out += &format!("=== {name}: {classes:?}\n{printed}\n");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn what_only_looks_wrong_is_read() {
    let good = cur("Usage,USD,AWS,AmazonEC2,AWS,0.1,111122223333,li-1,,,Anniversary,");
    let text = table(CUR, &[&good]);
    let plain = of_text(&text).received.remove(0);
    let same = |text: &str, what: &str| {
        let statements = of_text(text);
        assert!(statements.files.is_empty() && statements.rows.is_empty(), "{what}: {}", told(&statements));
        assert_eq!((&statements.received[0].services, statements.received[0].rows), (&plain.services, 1), "{what}");
        statements.notes
    };
    assert_eq!(same(&format!("\u{feff}{text}"), "a byte order mark").len(), 1);
    same(&text.replace('\n', "\r\n"), "CRLF");
    same(
        &text.replace("product\n", "product,=cmd()\n").replace("Anniversary,", "Anniversary,,=HYPERLINK(1)"),
        "a formula where nothing is read",
    );
    same(&text.replace("T00:00:00Z", "T00:00:00.000Z"), "milliseconds");
    same(&text.replace("0.1", "1.0E-1"), "an exponent");
    same(&(text.clone() + "\n\n"), "blank lines");
}
