//! A month's bill of a million rows against the ledger: `cargo bench -p ledger-cli --bench bills -- [ROWS] [RUNS]`.
//!
//! One row in sixteen is a purchase in AWS Marketplace, three rows to each line of the ledger; the others are AWS services. A hundred lines are
//! apart by a cent or more. DuckDB, where `python3` has it, adds up the same file and joins the same sums, in the same run: a plain aggregation and
//! join, without the classes, breaks, identities and provenance that `reconcile` tells.
#![expect(clippy::unwrap_used, reason = "a measurement that fails may panic")]
#![expect(clippy::float_arithmetic, reason = "it is what measurements are made of")]

#[expect(dead_code, reason = "shared with another measurement")]
mod process;
#[path = "../tests/machine/parquet.rs"]
mod written;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use parquet::basic::{Compression, ZstdLevel};
use process::{Bench, print, shell, thousands};

const HEADER: &str = "bill_billing_entity,bill_billing_period_start_date,bill_bill_type,bill_invoice_id,bill_payer_account_id,identity_line_item_id,identity_time_interval,line_item_currency_code,line_item_legal_entity,line_item_line_item_description,line_item_line_item_type,line_item_operation,line_item_product_code,line_item_unblended_cost,line_item_usage_account_id,line_item_usage_amount,line_item_usage_type,product_product_name,product_region_code";
/// One of so many rows is a purchase.
const OF: u64 = 16;
/// So many rows come to one line of the ledger.
const PARTS: u64 = 3;
/// So many lines are apart.
const APART: u64 = 100;

fn account(of: u64) -> String {
    format!("{:012}", 300_000_000_000 + of % 200)
}

/// What so many of a line's parts come to, in cents.
fn charged(line: u64, parts: u64) -> u64 {
    if parts == PARTS { price(line) } else { price(line) / PARTS * parts }
}

/// What a line of the ledger comes to, in cents.
fn price(line: u64) -> u64 {
    1_000 + line * 7_919 % 900_000
}

/// The bill.
fn bill(rows: u64) -> String {
    let mut text = String::with_capacity(usize::try_from(rows * 330).unwrap());
    text.push_str(HEADER);
    text.push('\n');
    for row in 0..rows {
        let (day, next) = (row % 30 + 1, row % 30 + 2);
        let start = "2026-03-01T00:00:00.000Z";
        if row % OF == 0 {
            let (line, part) = (row / OF / PARTS, row / OF % PARTS);
            let third = price(line) / PARTS;
            // The last part has what the others leave, and of some lines a cent and more than that.
            let more = if line < APART { line + 1 } else { 0 };
            let cents = if part + 1 == PARTS { price(line) - third * (PARTS - 1) + more } else { third };
            let invoice = format!("INV-{:06}", line / 4);
            write!(text, "AWS Marketplace,{start},Anniversary,{invoice},777788889999,li{row:09},2026-03-{day:02}T00:00:00Z/2026-03-{next:02}T00:00:00Z,USD,Acme Analytics,AWS Marketplace hourly software usage|us-east-1|m5.{part}xlarge,Usage,Hourly,code-prod-{},", line % 2 + 1).unwrap();
            writeln!(text, "{}.{:02},{},24,SoftwareUsage:m5.{part}xlarge,Acme,us-east-1", cents / 100, cents % 100, account(line)).unwrap();
        } else {
            let service = ["AmazonEC2", "AmazonS3", "AWSLambda", "AmazonRDS", "AmazonCloudWatch"][usize::try_from(row % 5).unwrap()];
            write!(text, "AWS,{start},Anniversary,AWS-1,777788889999,li{row:09},2026-03-{day:02}T00:00:00Z/2026-03-{next:02}T00:00:00Z,USD,\"Amazon Web Services, Inc.\",$0.0416 per On Demand Linux t3.medium Instance Hour,Usage,RunInstances:0002,{service},").unwrap();
            writeln!(text, "0.{:010},{},24,USE1-BoxUsage:t3.medium,{service},us-east-1", row * 104_729 % 9_999_999_999, account(row))
                .unwrap();
        }
    }
    text
}

/// The seller's feeds that tell the same purchases, in AWS's delivery layout.
fn feeds(folder: &Path, rows: u64) {
    let put = |feed: &str, text: &str| {
        let folder = folder.join(format!("444455556666/{feed}feed_v1/year=2026/month=03"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("data.csv"), text).unwrap();
    };
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/bills/month-end/feeds/444455556666");
    let read = |feed: &str| fs::read_to_string(fixture.join(format!("{feed}feed_v1/year=2026/month=03/data.csv"))).unwrap();
    let mut accounts = read("account");
    for of in 0..200 {
        let (account, at) = (account(of), "2026-03-02T00:00:00Z");
        writeln!(accounts, "2018-01-01T00:00:00Z,{at},{at},,acct-{of},{account},enc-a{of},,,,Globex {of},AWSMarketplace").unwrap();
    }
    put("account", &accounts);
    put("product", &read("product"));
    let events = read("billingevent");
    let mut text = format!("{}\n", events.lines().next().unwrap());
    for line in 0..(rows / OF).div_ceil(PARTS) {
        // The last line may lack parts, when the rows end.
        let parts = (rows.div_ceil(OF) - line * PARTS).min(PARTS);
        let cents = charged(line, parts);
        let (invoice, day, at) = (format!("INV-{:06}", line / 4), line % 28 + 1, "2026-04-02T10:00:00Z");
        let (amount, user, product) = (format!("{}.{:02}", cents / 100, cents % 100), format!("acct-{}", line % 200), line % 2 + 1);
        write!(text, "acct-self,AWSMarketplace,b{line},{at},{at},{at},,acct-buyer,acct-self,{user},prod-{product},INVOICED,SELLER_REV_SHARE,,,USD,{amount},1,").unwrap();
        write!(text, "2026-03-{day:02}T10:00:00Z,{at},2026-03-01T00:00:00Z,2026-03-31T23:59:59Z,{invoice},,t-b{line},,AWS_INC,agmt-{},,USD,{amount},,{at},,", line % 2 + 1).unwrap();
        writeln!(text, "{invoice},2026-03-{day:02}T10:00:00Z,L-{line},L-{line},PURCHASE,PURCHASE,SELLING").unwrap();
    }
    put("billingevent", &text);
}

const DUCK: &str = r#"
import duckdb, sys
bill = f"read_parquet('{sys.argv[1]}')" if sys.argv[1].endswith(".parquet") else f"read_csv('{sys.argv[1]}')"
rows = duckdb.sql(f"""
    WITH billed AS (
        SELECT bill_invoice_id AS invoice, line_item_product_code AS product, line_item_usage_account_id AS account,
               sum(line_item_unblended_cost::DECIMAL(38, 10)) AS billed, count(*) AS rows
        FROM {bill} WHERE bill_billing_entity = 'AWS Marketplace' GROUP BY ALL),
    ledger AS (
        SELECT invoice, product, account, sum(amount::DECIMAL(38, 10)) AS ledger FROM read_csv('ledger.csv', types = {{'account': 'VARCHAR'}}) GROUP BY ALL)
    SELECT count(*), sum(coalesce(billed, 0) - coalesce(ledger, 0)) FROM billed FULL JOIN ledger
        ON billed.invoice = ledger.invoice AND billed.product = ledger.product AND billed.account::VARCHAR = ledger.account
    WHERE coalesce(billed, 0) <> coalesce(ledger, 0)""").fetchall()
services = duckdb.sql(f"SELECT line_item_line_item_type, sum(line_item_unblended_cost::DECIMAL(38, 10)), count(*) FROM {bill} WHERE bill_billing_entity = 'AWS' GROUP BY ALL").fetchall()
print(rows, services)
"#;

/// The ledger's side, as DuckDB is given it.
fn told(rows: u64) -> String {
    let mut text = String::from("invoice,product,account,amount\n");
    for line in 0..(rows / OF).div_ceil(PARTS) {
        let parts = (rows.div_ceil(OF) - line * PARTS).min(PARTS);
        let cents = charged(line, parts);
        writeln!(text, "INV-{:06},code-prod-{},{},{}.{:02}", line / 4, line % 2 + 1, account(line), cents / 100, cents % 100).unwrap();
    }
    text
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(1_000_000);
    let runs = numbers.get(1).map_or(3, |runs| usize::try_from(*runs).unwrap());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut bench = Bench { folder: folder.path().to_owned(), runs, rows: Vec::new() };
    println!("{} cores, load at the start: {}", shell("nproc"), shell("cat /proc/loadavg"));
    let text = bill(rows);
    feeds(&bench.folder.join("feeds"), rows);
    fs::write(bench.folder.join("ledger.csv"), told(rows)).unwrap();
    fs::write(bench.folder.join("duck.py"), DUCK).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    packed.write_all(text.as_bytes()).unwrap();
    fs::write(bench.folder.join("bill.csv.gz"), packed.finish().unwrap()).unwrap();
    for (name, compression) in [("snappy", Compression::SNAPPY), ("zstd", Compression::ZSTD(ZstdLevel::default()))] {
        fs::write(bench.folder.join(format!("{name}.parquet")), written::of_csv(&text, compression, 100_000)).unwrap();
    }
    let size = text.len();
    drop(text);
    println!("{} rows, {} bytes a row, {} purchases\n", thousands(rows), size as u64 / rows, thousands(rows.div_ceil(OF)));

    bench.time(bench.dealbook(&["init", "big", "--name", "big"]), None).unwrap();
    bench.time(bench.dealbook(&["-L", "big", "-q", "import", "feeds"]), None).unwrap();
    let found = bench.dealbook(&["-L", "big", "reconcile", "2026-03", "snappy.parquet", "-n", "-f", "csv"]).output().unwrap();
    let breaks = String::from_utf8_lossy(&found.stdout).lines().filter(|line| line.contains(",R03")).count();
    println!("{breaks} breaks R03 of {APART} planted\n");
    for file in ["bill.csv.gz", "snappy.parquet", "zstd.parquet"] {
        // It ends with 4, which says that there are breaks.
        let ask = format!("{} -L big -q reconcile 2026-03 {file} -n -f csv > answer; test $? -eq 4", env!("CARGO_BIN_EXE_dealbook"));
        let peer = || has_duck(&bench).then(|| bench.measure(bench.program("python3", &["duck.py", file])));
        let (ours, its) = bench.pair(bench.runs, || bench.measure(bench.program("sh", &["-c", &ask])), peer);
        bench.rate(&format!("`reconcile` of `{file}`"), rows, "10 s, 500 MB", ours, "DuckDB, aggregation and join", its);
    }
    print(&bench);
}

fn has_duck(bench: &Bench) -> bool {
    bench.program("python3", &["-c", "import duckdb"]).output().is_ok_and(|output| output.status.success())
}
