//! Commitments whose contract year had begun when the ledger did: what counts beside the figure of the old books, and what is said of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ledger_core::book::Book;
use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Draft, Entry, Source};
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{Billing, NoNames};
use ledger_core::projection::edp::{Setting, edp};
use ledger_core::projection::records::Records;
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use serde_json::{Value, json};

const BUYER: &str = "777788889999";
const OTHER: &str = "111122223333";
const SELLER: &str = "000057174132";

fn moment(day: &str) -> Instant {
    format!("{day}T00:00:00Z").parse().unwrap()
}

/// A ledger in memory.
#[derive(Default)]
struct Ledger {
    head: Option<Head>,
    billing: Billing,
    records: Records,
    book: Book,
}

impl Ledger {
    fn record(&mut self, recorded: &str, effective: &str, kind: &str, value: Value) -> u64 {
        let event = serde_json::from_value(json!({ "type": kind, "value": value })).unwrap();
        let source = Some(Source::manual(format!("document:{kind}:{effective}"), None));
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: moment(effective), event, source };
        let mut line = Vec::new();
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), moment(recorded), &mut line).unwrap();
        let entry = Entry::read_strictly(&line, head.seq).unwrap();
        let all: [&mut dyn Projection; 3] = [&mut self.billing, &mut self.records, &mut self.book];
        all.into_iter().for_each(|state| state.evolve(&entry));
        self.head = Some(head);
        head.seq
    }

    fn confirmed(&mut self, recorded: &str, effective: &str, kind: &str, value: Value) -> u64 {
        let seq = self.record(recorded, effective, kind, value);
        self.record(recorded, effective, "entry.confirmed", json!({ "entry": seq }));
        seq
    }

    /// 1,200.00 for 2025 and 1,200.00 for 2026, with more terms.
    fn signed(more: Value) -> Self {
        let mut ledger = Self::default();
        ledger.record("2026-01-01", "2025-01-01", "commitment.signed", terms(more));
        ledger
    }

    /// What had been counted, with the parts that are told of it.
    fn brought(&mut self, cut_over: &str, amount: &str, parts: Value) -> u64 {
        let balance = json!({ "amount": amount, "currency": "USD", "cut_over": format!("{cut_over}T00:00:00Z"),
            "document": Hash::of(b"a statement"), "item": "PPA", "kind": "commitment", "party": BUYER });
        self.confirmed(cut_over, cut_over, "balance.brought_forward", with(balance, parts))
    }

    fn bill(&mut self, recorded: &str, month: &str, amount: &str) {
        self.bill_of(BUYER, recorded, month, amount);
    }

    fn bill_of(&mut self, payer: &str, recorded: &str, month: &str, amount: &str) {
        let told = json!({ "amounts": { "billed": amount }, "class": "services", "currency": "USD", "line_type": "Usage",
            "month": format!("{month}-01T00:00:00Z"), "payer": payer, "rows": 1, "statement": "cur" });
        self.record(recorded, &format!("{month}-01"), "spend.recorded", told);
    }

    fn invoice(&mut self, day: &str, number: &str, amount: &str) {
        self.bought(day, day, "invoice.issued", "SELLER_REV_SHARE", number, amount);
    }

    fn bought(&mut self, day: &str, invoiced: &str, kind: &str, transaction_type: &str, number: &str, amount: &str) {
        let row = json!({ "amount": amount, "balance_impacting": true, "counterparty": BUYER, "currency": "USD", "invoice": number,
            "invoice_date": format!("{invoiced}T00:00:00Z"), "line": "L-1", "recipient": SELLER, "transaction_type": transaction_type });
        self.confirmed(day, day, kind, row);
    }

    /// An offer to the buyer, with more terms.
    fn offer(&mut self, day: &str, offer: &str, value: &str, more: Value) {
        let terms = json!({ "buyers": [BUYER], "currency": "USD", "delivery": "saas", "offer": offer, "products": [format!("prod-{offer}")],
            "seller": SELLER, "value": value });
        self.record(day, day, "offer.released", with(terms, more));
    }

    /// What records an acceptance that is decided on: the agreement, and its instalments.
    fn accepted(&mut self, day: &str, offer: &str, more: Value, instalments: &[(&str, &str)]) {
        let terms = json!({ "acceptor": BUYER, "agreement": format!("agmt-{offer}"), "currency": "USD", "offer": offer });
        self.record(day, day, "agreement.accepted", with(terms, more));
        for (due, amount) in instalments {
            let charge = json!({ "agreement": format!("agmt-{offer}"), "amount": amount, "charged_at": format!("{due}T00:00:00Z"),
                "currency": "USD", "term": "payment-schedule" });
            self.record(day, day, "charge.scheduled", charge);
        }
    }

    /// The report of the day before.
    fn at(&self, until: &str) -> Report {
        let basis = Basis { effective_before: Some(moment(until)), ..Basis::at(u64::MAX) };
        let view = self.records.at(basis);
        edp(&Setting { view: &view, billing: &self.billing, book: &self.book, names: &NoNames })
    }
}

fn with(mut one: Value, more: Value) -> Value {
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

fn terms(more: Value) -> Value {
    let year = |year: u32| json!({ "amount": "1200.00", "from": format!("{year}-01-01T00:00:00Z"), "until": format!("{}-01-01T00:00:00Z", year + 1) });
    let rule = json!({ "counts": "100", "from": "2025-01-01T00:00:00Z", "product_type": "any", "test": "invoice" });
    let terms = json!({ "commitment": "PPA", "currency": "USD", "eligibility": [rule], "measure": { "columns": ["billed"] },
        "payers": [BUYER], "refunds": "memo", "years": [year(2025), year(2026)] });
    with(terms, more)
}

/// Columns of the last contract year; what is not told is a dash.
fn told<const N: usize>(report: &Report, columns: [&str; N]) -> [String; N] {
    let row = report.rows.last().unwrap();
    columns.map(|name| match &row[report.column(name).unwrap()] {
        Cell::Amount(amount) => amount.to_string(),
        Cell::List(texts) => texts.join("; "),
        Cell::Empty => "-".to_owned(),
        other => panic!("{name}: {other:?}"),
    })
}

/// What people are told of the last contract year: label, remark.
fn card(report: &Report, label: &str) -> Option<String> {
    let lines = &report.cards.last().unwrap().lines;
    lines.iter().find(|line| line.label.starts_with(label)).map(|line| line.remark.clone())
}

#[test]
fn an_opening_on_the_first_day_of_a_year_is_told_and_has_no_run_rate() {
    let mut ledger = Ledger::signed(json!({}));
    ledger.brought("2026-01-01", "60.00", json!({ "marketplace": "0.00" }));
    let report = ledger.at("2026-01-11");
    // No month is billed, and no day lies before the cut-over.
    assert_eq!(told(&report, ["opening", "counted", "forecast_services", "shortfall"]), ["60.00", "60.00", "-", "-"]);
    assert_eq!(card(&report, "Brought forward").unwrap(), "counted to 2025-12-31, 0.00 of it Marketplace (#2)");
    assert_eq!(card(&report, "Forecast"), None);
    assert!(report.notes.contains(&"PPA: no month's bills are all here yet; no forecast is told".to_owned()), "{:?}", report.notes);
}

#[test]
fn before_the_first_bill_nothing_is_forecast() {
    let year = json!({ "amount": "1200.00", "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" });
    let mut ledger = Ledger::signed(json!({ "years": [year] }));
    let report = ledger.at("2026-01-21");
    assert_eq!(told(&report, ["forecast_services", "shortfall", "surplus"]), ["-", "-", "-"]);
    assert_eq!((card(&report, "Forecast"), card(&report, "Shortfall")), (None, None));
    assert!(report.notes.contains(&"PPA: no month's bills are all here yet; no forecast is told".to_owned()), "{:?}", report.notes);
    assert!(report.cards.last().unwrap().says.ends_with("; no forecast is told."), "{}", report.cards.last().unwrap().says);
    // A month before the year tells as much as one in it.
    ledger.bill("2026-01-05", "2025-12", "62.00");
    let report = ledger.at("2026-01-21");
    assert_eq!(told(&report, ["forecast_services", "shortfall"]), ["730.00", "470.00"]);
    assert_eq!(card(&report, "Forecast").unwrap(), "run rate 730.00 (mean day of 1 month), instalments 0.00");
}

#[test]
fn the_run_rate_is_of_months_that_every_payer_has_billed() {
    let year = json!({ "amount": "1200.00", "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" });
    let mut ledger = Ledger::signed(json!({ "payers": [BUYER, OTHER], "years": [year] }));
    for month in ["2025-10", "2025-11", "2025-12", "2026-01"] {
        ledger.bill("2026-02-01", month, "31.00");
    }
    // Nobody knows what the other one's months came to.
    assert_eq!(told(&ledger.at("2026-01-21"), ["forecast_services", "shortfall"]), ["-", "-"]);
    ledger.bill_of(OTHER, "2026-02-01", "2026-01", "31.00");
    // Two a day for the 334 days that are left.
    let report = ledger.at("2026-02-01");
    assert_eq!(told(&report, ["counted", "forecast_services", "shortfall"]), ["62.00", "668.00", "470.00"]);
    assert_eq!(card(&report, "Forecast").unwrap(), "run rate 668.00 (mean day of 1 month), instalments 0.00");
}

#[test]
fn instalments_are_their_payers() {
    let mut ledger = Ledger::signed(json!({}));
    for month in ["2025-12", "2026-01"] {
        ledger.bill("2026-02-01", month, "31.00");
    }
    let account = "222233334444";
    for offer in ["ours", "theirs"] {
        ledger.offer("2026-02-02", offer, "100.00", json!({ "buyers": [account, BUYER] }));
    }
    // An account of the payer's accepts, and the payer is invoiced; or it is the other way round.
    ledger.accepted(
        "2026-02-03",
        "ours",
        json!({ "acceptor": account, "payer": BUYER }),
        &[("2026-06-01", "60.00"), ("2026-07-01", "40.00")],
    );
    assert_eq!(told(&ledger.at("2026-02-11"), ["forecast_instalments"]), ["100.00"]);
    ledger.accepted("2026-02-03", "theirs", json!({ "payer": OTHER }), &[("2026-06-01", "100.00")]);
    assert_eq!(told(&ledger.at("2026-02-11"), ["forecast_instalments"]), ["100.00"]);
}

#[test]
fn bills_replace_what_was_counted_but_not_what_was_carried_over() {
    let mut ledger = Ledger::signed(json!({ "carry_over": { "limit": "10" } }));
    let opening = ledger.brought("2026-02-01", "400.00", json!({ "carried": "120.00", "marketplace": "30.00" }));
    assert_eq!(told(&ledger.at("2026-02-11"), ["opening", "carried", "counted"]), ["280.00", "120.00", "400.00"]);
    ledger.bill("2026-02-12", "2026-01", "310.00");
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["opening", "services", "carried", "counted"]), ["-", "310.00", "120.00", "430.00"]);
    assert_eq!(card(&report, "Carried over").unwrap(), format!("from the year before (#{opening})"));
}

#[test]
fn it_is_said_when_what_was_carried_over_is_not_told() {
    let mut ledger = Ledger::signed(json!({ "carry_over": { "limit": "10" } }));
    ledger.brought("2026-02-01", "400.00", json!({ "marketplace": "30.00" }));
    let says = |report: &Report, what: &str| report.notes.iter().any(|note| note == what);
    // Is it in the 400.00? Then it is no service.
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["counted", "forecast_services"]), ["400.00", "-"]);
    assert!(says(&report, "PPA: what was carried over before the ledger is not told (#2)"), "{:?}", report.notes);
    ledger.bill("2026-02-12", "2026-01", "310.00");
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["carried", "counted"]), ["0.00", "310.00"]);
    assert!(says(&report, "PPA: what was carried over before the ledger is not told (#2)"), "{:?}", report.notes);
}

#[test]
fn a_bill_from_before_its_month_had_ended_replaces_nothing() {
    let mut ledger = Ledger::signed(json!({}));
    ledger.bill("2026-01-20", "2026-01", "200.00");
    ledger.brought("2026-02-01", "400.00", json!({ "marketplace": "30.00" }));
    assert_eq!(told(&ledger.at("2026-02-11"), ["opening", "services", "counted", "missing"]), ["400.00", "0.00", "400.00", "-"]);
    ledger.bill("2026-02-03", "2026-01", "310.00");
    assert_eq!(told(&ledger.at("2026-02-11"), ["opening", "services", "counted", "missing"]), ["-", "310.00", "310.00", "-"]);
}

#[test]
fn the_run_rate_of_an_opening_is_of_services_alone() {
    // 280.00 less 30.00 of Marketplace in 31 days of January, for the 334 that are left.
    let mut ledger = Ledger::signed(json!({ "carry_over": { "limit": "10" } }));
    ledger.brought("2026-02-01", "400.00", json!({ "carried": "120.00", "marketplace": "30.00" }));
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["forecast_services", "shortfall", "surplus"]), ["2693.55", "0.00", "1893.55"]);
}

#[test]
fn an_opening_that_does_not_tell_its_marketplace_has_no_run_rate_and_may_have_used_the_cap() {
    let mut ledger = Ledger::signed(json!({ "cap": { "base": "year", "percent": "10" } }));
    ledger.brought("2026-02-01", "70.00", json!({}));
    ledger.invoice("2026-02-05", "INV-1", "90.00");
    let report = ledger.at("2026-02-11");
    // Of the cap of 120.00 the 70.00 may have used as much: 50.00 are certain.
    let figures = ["cap", "marketplace", "over_cap", "counted", "forecast_services", "shortfall", "surplus"];
    assert_eq!(told(&report, figures), ["120.00", "50.00", "40.00", "120.00", "-", "-", "-"]);
    let remark = card(&report, "Marketplace").unwrap();
    assert_eq!(remark, "cap 120.00 (10 % of the year), what of it was used before 2026-02-01 is not known: as if 70.00");
    for note in [
        "PPA: what of the cap was used before 2026-02-01 is not known (#2): 70.00 of it are left unused, lest more is counted than it lets count",
        "PPA: what of #2 were AWS's services is not told, and no month is billed since; no forecast is told",
    ] {
        assert!(report.notes.iter().any(|told| told == note), "{note}: {:?}", report.notes);
    }
    assert!(card(&report, "Forecast").is_none());
    assert!(report.cards.last().unwrap().says.ends_with("; no forecast is told."), "{}", report.cards.last().unwrap().says);
    // With a month that is billed there is a run rate.
    ledger.bill("2026-03-02", "2026-02", "28.00");
    assert_eq!(told(&ledger.at("2026-03-03"), ["forecast_services"]), ["306.00"]);
}

#[test]
fn purchases_of_a_year_before_the_ledger_lie_in_a_contract_year() {
    let mut ledger = Ledger::signed(json!({ "refunds": "invoice" }));
    ledger.brought("2026-02-01", "400.00", json!({ "marketplace": "30.00" }));
    ledger.bought("2025-06-10", "2025-06-10", "invoice.issued", "SELLER_REV_SHARE", "INV-1", "90.00");
    ledger.bought("2026-02-03", "2025-06-10", "invoice.adjusted", "SELLER_REV_SHARE_REFUND", "INV-1", "-20.00");
    let notes = ledger.at("2026-02-11").notes;
    assert!(notes.contains(&"PPA: 1 refund belongs to a contract year before the ledger, and counts nothing here".to_owned()), "{notes:?}");
    assert!(!notes.iter().any(|note| note.contains("in no contract year")), "{notes:?}");
}

#[test]
fn one_purchase_lies_in_no_contract_year() {
    let mut ledger = Ledger::signed(json!({}));
    ledger.invoice("2024-12-05", "INV-1", "90.00");
    let notes = ledger.at("2026-02-11").notes;
    assert!(notes.contains(&"PPA: 1 purchase lies in no contract year".to_owned()), "{notes:?}");
}

#[test]
fn it_is_said_when_no_year_holds_the_cut_over_any_more() {
    let mut ledger = Ledger::signed(json!({}));
    ledger.brought("2026-02-01", "400.00", json!({ "marketplace": "30.00" }));
    let year = json!({ "amount": "1200.00", "from": "2026-03-01T00:00:00Z", "until": "2027-03-01T00:00:00Z" });
    ledger.record("2026-03-01", "2026-03-01", "commitment.amended", terms(json!({ "years": [year] })));
    let report = ledger.at("2026-03-11");
    assert_eq!(told(&report, ["opening", "counted"]), ["-", "0.00"]);
    let note = "PPA: no contract year holds 2026-02-01, and what #2 brings forward counts nothing";
    assert!(report.notes.iter().any(|told| told == note), "{:?}", report.notes);
}

#[test]
fn a_month_that_a_statement_ends_in_explains_nothing_to_the_cent() {
    let mut ledger = Ledger::signed(json!({}));
    ledger.bill("2026-02-02", "2026-01", "310.00");
    ledger.bill("2026-03-02", "2026-02", "280.00");
    let statement = json!({ "commitment": "PPA", "counted": "400.00", "currency": "USD", "document": Hash::of(b"a statement"),
        "until": "2026-02-15T00:00:00Z" });
    let seq = ledger.record("2026-03-02", "2026-02-15", "commitment.statement", statement);
    let report = ledger.at("2026-03-03");
    assert_eq!(told(&report, ["aws_difference", "aws_explained"]), ["-90.00", "-"]);
    let note = format!(
        "PPA: differs by -90.00 from AWS to 2026-02-14 (#{seq}: 400.00, ours 310.00): nothing explains it to the cent; \
         may be month: it ends within 2026-02, whose bill of 280.00 is known as a whole only"
    );
    assert!(report.notes.contains(&note), "{:?}", report.notes);
}
