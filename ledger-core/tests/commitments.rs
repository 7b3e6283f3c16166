//! Commitments whose contract year had begun when the ledger did: what counts beside the figure of the old books, and what is said of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "commitments/instalments.rs"]
mod instalments;

use ledger_core::book::Book;
use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Draft, Entry, Source};
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{Billing, NoNames};
use ledger_core::projection::edp::{Setting, edp, findings, why};
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
        self.spent(recorded, month, json!({ "amounts": { "billed": amount } }));
    }

    /// A sum of a bill that is of Usage, in USD, of a CUR file, unless more is said.
    fn spent(&mut self, recorded: &str, month: &str, more: Value) {
        let told = json!({ "class": "services", "currency": "USD", "line_type": "Usage",
            "month": format!("{month}-01T00:00:00Z"), "payer": BUYER, "rows": 1, "statement": "cur" });
        self.record(recorded, &format!("{month}-01"), "spend.recorded", with(told, more));
    }

    /// What AWS says it has counted up to a day.
    fn stated(&mut self, recorded: &str, until: &str, counted: Value) -> u64 {
        let statement = json!({ "commitment": "PPA", "currency": "USD", "document": Hash::of(b"a statement"),
            "until": format!("{until}T00:00:00Z") });
        self.record(recorded, until, "commitment.statement", with(statement, counted))
    }

    fn summarised(&mut self, issued: &str, invoice: &str) {
        self.record(issued, issued, "invoice.summarised", json!({ "invoice": invoice }));
    }

    fn bill_of(&mut self, payer: &str, recorded: &str, month: &str, amount: &str) {
        self.spent(recorded, month, json!({ "amounts": { "billed": amount }, "payer": payer }));
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

    /// AWS's bills of two months, 31.00 each: 334.00 of services are forecast for 2026, and 535.00 will lack of 900.00.
    fn billed() -> Self {
        let year = json!({ "amount": "900.00", "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" });
        let mut ledger = Self::signed(json!({ "years": [year] }));
        for month in ["2025-12", "2026-01"] {
            ledger.bill("2026-02-01", month, "31.00");
        }
        ledger
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

fn of_2026() -> Value {
    json!({ "amount": "1200.00", "from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z" })
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
fn what_is_accepted_without_a_schedule_is_forecast_until_it_is_invoiced() {
    let mut ledger = Ledger::billed();
    ledger.offer("2026-02-02", "once", "540.00", json!({}));
    let figures = ["forecast_instalments", "shortfall", "surplus", "closing"];
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, figures), ["0.00", "535.00", "0.00", "once"]);
    let note = "PPA: once 540.00 closes the gap if invoiced by 2026-12-31: surplus 5.00";
    assert!(report.notes.iter().any(|told| told == note), "{:?}", report.notes);
    ledger.accepted("2026-02-03", "once", json!({ "value": "540.00" }), &[]);
    let note = "PPA: agmt-once 540.00 has no schedule and no invoice yet, and is forecast as one instalment";
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, figures), ["540.00", "0.00", "5.00", "-"]);
    assert!(report.notes.iter().any(|told| told == note), "{:?}", report.notes);
    let mut invoiced = json!({ "agreement": "agmt-once", "amount": "540.00", "balance_impacting": true, "counterparty": BUYER,
        "currency": "USD", "invoice": "INV-1", "invoice_date": "2026-02-12T00:00:00Z", "line": "L-1", "recipient": SELLER,
        "transaction_type": "SELLER_REV_SHARE" });
    // A part of it is told to be invoiced: what remains, nobody knows.
    invoiced["amount"] = "140.00".into();
    ledger.confirmed("2026-02-12", "2026-02-12", "invoice.issued", invoiced);
    let report = ledger.at("2026-02-13");
    assert_eq!(told(&report, ["marketplace", "forecast_instalments", "shortfall"]), ["140.00", "0.00", "395.00"]);
    assert!(!report.notes.iter().any(|told| told == note), "{:?}", report.notes);
}

#[test]
fn what_was_offered_in_instalments_is_forecast_so_when_nobody_tells_them() {
    let mut ledger = Ledger::billed();
    let part = |day: &str, amount: &str| json!({ "amount": amount, "charged_at": format!("{day}T00:00:00Z") });
    let schedule = [part("2026-06-01", "50.00"), part("2026-12-01", "30.00"), part("2027-02-01", "20.00")];
    ledger.offer("2026-02-02", "parts", "100.00", json!({ "schedule": schedule }));
    ledger.accepted("2026-02-03", "parts", json!({ "value": "100.00" }), &[]);
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["forecast_instalments", "shortfall"]), ["80.00", "455.00"]);
    assert!(!report.notes.iter().any(|told| told.contains("no schedule")), "{:?}", report.notes);
}

#[test]
fn what_will_not_count_is_in_no_forecast() {
    let none = json!({ "counts": "0", "from": "2025-01-01T00:00:00Z", "product_type": "saas", "test": "invoice" });
    let mut ledger = Ledger::signed(json!({ "eligibility": [none] }));
    ledger.bill("2026-02-01", "2026-01", "31.00");
    ledger.offer("2026-02-02", "once", "540.00", json!({}));
    ledger.accepted("2026-02-03", "once", json!({ "value": "540.00" }), &[]);
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["forecast_instalments"]), ["0.00"]);
    assert!(!report.notes.iter().any(|told| told.contains("agmt-once")), "{:?}", report.notes);
}

#[test]
fn what_a_bill_tells_is_forecast_no_more() {
    let purchase = |product: &str, amount: &str| {
        json!({ "amounts": { "billed": amount }, "class": "marketplace", "currency": "USD", "invoice": "INV-1", "line_type": "Usage",
            "month": "2026-02-01T00:00:00Z", "payer": BUYER, "product": product, "rows": 1, "statement": "cur" })
    };
    // Its product, or as much for a product that nobody knows here; not what is neither.
    for (product, amount, expected) in [("prod-once", "500.00", "0.00"), ("prod-q", "540.00", "0.00"), ("prod-q", "500.00", "540.00")] {
        let mut ledger = Ledger::billed();
        ledger.offer("2026-02-02", "once", "540.00", json!({}));
        ledger.accepted("2026-02-03", "once", json!({ "value": "540.00" }), &[]);
        ledger.bill("2026-03-01", "2026-02", "28.00");
        ledger.record("2026-03-01", "2026-02-28", "spend.recorded", purchase(product, amount));
        assert_eq!(told(&ledger.at("2026-03-02"), ["marketplace", "forecast_instalments"]), [amount, expected], "{product} {amount}");
    }
}

#[test]
fn offers_close_a_gap_together() {
    let mut ledger = Ledger::billed();
    for (offer, value) in [("a", "100.00"), ("b", "300.00"), ("c", "250.00"), ("d", "90.00")] {
        ledger.offer("2026-02-02", offer, value, json!({}));
    }
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["shortfall", "closing"]), ["535.00", "b + c"]);
    let note = "PPA: b 300.00 and c 250.00 close the gap together if invoiced by 2026-12-31: surplus 15.00";
    assert!(report.notes.iter().any(|told| told == note), "{:?}", report.notes);
    // Not two of which only one can be accepted.
    ledger.offer("2026-02-02", "before", "1.00", json!({}));
    ledger.accepted("2026-02-02", "before", json!({ "value": "1.00" }), &[("2026-06-01", "1.00")]);
    for (offer, value) in [("b", "300.00"), ("c", "250.00")] {
        ledger.offer("2026-02-03", offer, value, json!({ "renews": "agmt-before" }));
    }
    assert_eq!(told(&ledger.at("2026-02-11"), ["shortfall", "closing"]), ["534.00", "-"]);
    // Where one does alone, there is no need of others.
    ledger.offer("2026-02-03", "e", "534.00", json!({}));
    assert_eq!(told(&ledger.at("2026-02-11"), ["shortfall", "closing"]), ["534.00", "e"]);
}

#[test]
fn an_offer_closes_the_gap_without_what_it_replaces() {
    let mut ledger = Ledger::billed();
    ledger.offer("2026-02-02", "before", "240.00", json!({}));
    let instalments = [("2026-02-05", "60.00"), ("2026-06-01", "100.00"), ("2026-09-01", "80.00")];
    ledger.accepted("2026-02-02", "before", json!({ "value": "240.00" }), &instalments);
    ledger.offer("2026-02-03", "more", "480.00", json!({ "replaces": "agmt-before" }));
    // The first instalment is due already, the others are cancelled.
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["forecast_instalments", "shortfall", "closing"]), ["240.00", "295.00", "more"]);
    let note = "PPA: more 480.00 closes the gap if invoiced by 2026-12-31: surplus 5.00";
    assert!(report.notes.iter().any(|told| told == note), "{:?}", report.notes);
    ledger.accepted("2026-02-11", "more", json!({ "preceding": "agmt-before", "value": "480.00" }), &[]);
    ledger.record("2026-02-11", "2026-02-11", "agreement.ended", json!({ "agreement": "agmt-before", "status": "REPLACED" }));
    assert_eq!(told(&ledger.at("2026-02-12"), ["forecast_instalments", "surplus"]), ["540.00", "5.00"]);
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
    let seq = ledger.stated("2026-03-02", "2026-02-15", json!({ "counted": "400.00" }));
    let report = ledger.at("2026-03-03");
    assert_eq!(told(&report, ["aws_difference", "aws_explained"]), ["-90.00", "-"]);
    let note = format!(
        "PPA: differs by -90.00 from AWS to 2026-02-14 (#{seq}: 400.00, ours 310.00): nothing explains it to the cent; \
         may be month: it ends within 2026-02, whose bill of 280.00 is known as a whole only"
    );
    assert!(report.notes.contains(&note), "{:?}", report.notes);
}

#[test]
fn a_bill_without_the_column_of_the_measure_is_told_as_that() {
    let mut ledger = Ledger::signed(json!({ "measure": { "columns": ["net_unblendd"] }, "years": [of_2026()] }));
    for month in ["2026-01", "2026-02"] {
        ledger.spent("2026-03-02", month, json!({ "amounts": { "net_unblended": "300.00", "unblended": "310.00" } }));
    }
    let report = ledger.at("2026-04-03");
    let why = "not every line that counts has the column `net_unblendd`; all have `net_unblended` and `unblended`";
    let missing = format!("2026-01 to 2026-02 of {BUYER}: {why}; 2026-03 of {BUYER}");
    assert_eq!(told(&report, ["missing", "services", "shortfall"]), [missing.as_str(), "0.00", "-"]);
    let note = format!(
        "PPA: no bill of 2026-03 of {BUYER}; the bill of 2026-01 to 2026-02 of {BUYER} does not count: {why}; \
         no shortfall and no forecast is told"
    );
    assert!(report.notes.contains(&note), "{:?}", report.notes);
}

#[test]
fn words_that_no_bill_has_are_found_in_the_measure() {
    let measure = json!({ "columns": ["net_unblendd", "unblended", "own"], "excluded": ["tax", "Creditt", "Refund", "New"] });
    let mut ledger = Ledger::signed(json!({ "measure": measure }));
    ledger.spent("2026-02-02", "2026-01", json!({ "amounts": { "own": "310.00" }, "line_type": "New" }));
    let found: Vec<String> = findings(&ledger.records.at(Basis::at(u64::MAX))).into_iter().map(|found| found.message).collect();
    assert_eq!(
        found,
        [
            "measure.columns: `net_unblendd` is no cost column that AWS or a bill here is known to have",
            "measure.excluded: `tax` is no line type that AWS or a bill here is known to have; `Tax` is one",
            "measure.excluded: `Creditt` is no line type that AWS or a bill here is known to have",
        ]
    );
}

#[test]
fn a_bill_of_another_kind_of_file_is_told_with_the_columns_it_has() {
    let mut ledger = Ledger::signed(json!({ "measure": { "columns": ["net_unblended", "unblended"] }, "years": [of_2026()] }));
    ledger.spent("2026-02-02", "2026-01", json!({ "amounts": { "billed": "310.00" }, "statement": "focus" }));
    let report = ledger.at("2026-02-11");
    let missing =
        format!("2026-01 of {BUYER}: not every line that counts has the column `net_unblended` or `unblended`; all have `billed`");
    assert_eq!(told(&report, ["missing"]), [missing]);
    assert!(report.cards.last().unwrap().says.ends_with("; bills cannot be read as the contract measures them, no shortfall is told."));
}

#[test]
fn a_bill_in_another_currency_is_told_as_that() {
    let mut ledger = Ledger::signed(json!({ "years": [of_2026()] }));
    ledger.spent("2026-02-02", "2026-01", json!({ "amounts": { "billed": "310.00" }, "currency": "EUR" }));
    let report = ledger.at("2026-02-11");
    assert_eq!(told(&report, ["missing"]), [format!("2026-01 of {BUYER}: in EUR, and the commitment is in USD")]);
}

#[test]
fn what_does_not_count_says_nothing_of_the_currency_of_a_bill() {
    let mut ledger = Ledger::signed(json!({ "measure": { "columns": ["billed"], "excluded": ["Tax"] }, "years": [of_2026()] }));
    ledger.spent("2026-02-02", "2026-01", json!({ "amounts": { "billed": "310.00" }, "currency": "EUR" }));
    ledger.spent("2026-02-02", "2026-01", json!({ "amounts": { "billed": "5.00" }, "line_type": "Tax" }));
    let missing = format!("2026-01 of {BUYER}: in EUR, and the commitment is in USD");
    assert_eq!(told(&ledger.at("2026-02-11"), ["missing"]), [missing]);
}

#[test]
fn a_bill_on_which_every_line_is_excluded_is_here_and_comes_to_nothing() {
    let mut ledger = Ledger::signed(json!({ "measure": { "columns": ["billed"], "excluded": ["Tax"] }, "years": [of_2026()] }));
    ledger.spent("2026-02-02", "2026-01", json!({ "amounts": { "unblended": "10.00" }, "line_type": "Tax" }));
    assert_eq!(told(&ledger.at("2026-02-11"), ["missing", "services"]), ["-", "0.00"]);
}

#[test]
fn a_year_that_has_ended_keeps_what_is_said_of_it() {
    let mut ledger = Ledger::signed(json!({ "carry_over": { "limit": "10" } }));
    for month in (1..=11).map(|month| format!("2025-{month:02}")).chain(["2026-01".to_owned()]) {
        ledger.bill("2026-02-02", &month, "100.00");
    }
    let seq = ledger.stated("2026-02-02", "2025-12-01", json!({ "counted": "1000.00" }));
    let report = ledger.at("2026-02-11");
    assert_eq!(
        report.notes,
        [
            format!("PPA: no bill of 2025-12 of {BUYER}; no shortfall of year 1 is told"),
            format!("PPA: differs by 100.00 from AWS to 2025-11-30 (#{seq}: 1,000.00, ours 1,100.00): nothing explains it to the cent"),
            "PPA: not every bill of the years before counts; no shortfall and no forecast is told".to_owned(),
        ]
    );
}

/// January's bill of 260.00, with a milestone and a window of so much that meet within January.
fn cut(milestone: &str, window: &str) -> Ledger {
    let day = |day: &str| format!("2026-{day}T00:00:00Z");
    let mut ledger = Ledger::signed(json!({ "years": [of_2026()],
        "milestones": [{ "amount": milestone, "by": day("01-15"), "name": "M" }],
        "windows": [{ "amount": window, "from": day("01-15"), "name": "W", "until": day("03-01") }] }));
    ledger.bill("2026-02-02", "2026-01", "260.00");
    ledger
}

#[test]
fn what_falls_inside_of_a_month_is_not_decided_by_its_bill() {
    let early = cut("250.00", "300.00").at("2026-01-21");
    let [milestone, _] = told(&early, ["milestones", "windows"]);
    assert_eq!(milestone, "M: 250.00 by 2026-01-14: cannot be told, it falls within 2026-01, whose bill is not here");
    let mut ledger = cut("250.00", "300.00");
    let within = "it falls within 2026-01, whose bill of 260.00 is known as a whole only";
    let report = ledger.at("2026-02-11");
    assert_eq!(
        told(&report, ["milestones", "windows"]),
        [
            format!("M: 250.00 by 2026-01-14: cannot be told, {within}"),
            format!("W: at least 0.00 of 300.00 from 2026-01-15 to 2026-02-28: at least 40.00 left, {within}"),
        ]
    );
    ledger.bill("2026-03-02", "2026-02", "100.00");
    let window = format!("W: at least 100.00 of 300.00 from 2026-01-15 to 2026-02-28: what is left cannot be told, {within}");
    assert_eq!(told(&ledger.at("2026-03-11"), ["windows"]), [window]);
    // More than all of the bill.
    let [milestone, window] = told(&cut("300.00", "250.00").at("2026-02-11"), ["milestones", "windows"]);
    assert_eq!(milestone, format!("M: 300.00 by 2026-01-14: missed by at least 40.00, {within}"));
    assert_eq!(window, format!("W: at least 0.00 of 250.00 from 2026-01-15 to 2026-02-28: what is left cannot be told, {within}"));
}

#[test]
fn purchases_decide_by_their_days_what_a_bill_does_not() {
    let mut ledger = cut("250.00", "300.00");
    ledger.invoice("2026-01-10", "INV-1", "250.00");
    assert_eq!(told(&ledger.at("2026-02-11"), ["milestones"]), ["M: 250.00 by 2026-01-14: reached"]);
    ledger.invoice("2026-01-20", "INV-2", "301.00");
    let within = "it falls within 2026-01, whose bill of 260.00 is known as a whole only";
    let window = format!("W: at least 301.00 of 300.00 from 2026-01-15 to 2026-02-28: over by at least 1.00, {within}");
    assert_eq!(told(&ledger.at("2026-02-11"), ["windows"]), [window]);
    // A bill's purchase that no summary dates may be of any day of its month.
    let mut ledger = cut("300.00", "400.00");
    let bought = json!({ "amounts": { "billed": "60.00" }, "class": "marketplace", "invoice": "INV-3" });
    ledger.spent("2026-02-02", "2026-01", bought);
    let [milestone] = told(&ledger.at("2026-02-11"), ["milestones"]);
    let within = "it falls within 2026-01, whose bill of 320.00 is known as a whole only";
    assert_eq!(milestone, format!("M: 300.00 by 2026-01-14: cannot be told, {within}"));
    ledger.summarised("2026-01-12", "INV-3");
    let [milestone] = told(&ledger.at("2026-02-11"), ["milestones"]);
    let within = "it falls within 2026-01, whose bill of 260.00 is known as a whole only";
    assert_eq!(milestone, format!("M: 300.00 by 2026-01-14: cannot be told, {within}"));
    assert_eq!(
        told(&ledger.at("2026-02-11"), ["windows"])[0].split(',').next(),
        Some("W: at least 0.00 of 400.00 from 2026-01-15 to 2026-02-28: at least 140.00 left")
    );
}

#[test]
fn a_contract_year_that_begins_or_ends_within_a_month_says_what_becomes_of_its_bill() {
    let year = |year: u32| json!({ "amount": "1200.00", "from": format!("{year}-01-15T00:00:00Z"), "until": format!("{}-01-15T00:00:00Z", year + 1) });
    let mut ledger = Ledger::signed(json!({ "years": [year(2025)] }));
    ledger.bill("2026-02-02", "2025-01", "310.00");
    let begins = "PPA: year 1 begins within 2025-01, whose bill of 310.00 is known as a whole only: it counts in no contract year";
    assert!(ledger.at("2025-06-11").notes.iter().any(|note| note == begins), "{:?}", ledger.at("2025-06-11").notes);
    let ends = "PPA: year 1 ends within 2026-01, whose bill is not here: all of it counts";
    assert!(ledger.at("2026-02-11").notes.iter().any(|note| note == ends), "{:?}", ledger.at("2026-02-11").notes);
    let mut ledger = Ledger::signed(json!({ "years": [year(2025), year(2026)] }));
    ledger.bill("2026-02-02", "2026-01", "310.00");
    let begins = "PPA: year 2 begins within 2026-01, whose bill of 310.00 is known as a whole only: it counts in the year before";
    assert!(ledger.at("2026-02-11").notes.iter().any(|note| note == begins), "{:?}", ledger.at("2026-02-11").notes);
}

#[test]
fn a_milestone_of_a_year_that_begins_within_a_month_is_told_as_the_year_is() {
    let day = |day: &str| format!("{day}T00:00:00Z");
    let mut ledger = Ledger::signed(json!({
        "years": [{ "amount": "1200.00", "from": day("2025-01-15"), "until": day("2026-01-15") }],
        "milestones": [{ "amount": "510.00", "by": day("2025-07-01"), "name": "M" }, { "amount": "1100.00", "by": day("2026-01-15"), "name": "N" }] }));
    for month in (2..=12).map(|month| format!("2025-{month:02}")).chain(["2026-01".to_owned()]) {
        ledger.bill("2026-02-02", &month, "100.00");
    }
    let [milestones] = told(&ledger.at("2026-02-11"), ["milestones"]);
    assert_eq!(milestones, "M: 510.00 by 2025-06-30: missed by 10.00; N: 1,100.00 by 2026-01-14: reached");
}

#[test]
fn what_was_brought_forward_at_the_first_moment_of_a_year_is_retired_in_it() {
    let by = json!([{ "amount": "50.00", "by": "2026-03-01T00:00:00Z", "name": "M" }]);
    let mut ledger = Ledger::signed(json!({ "carry_over": { "limit": "10" }, "milestones": by }));
    ledger.brought("2026-01-01", "50.00", json!({}));
    for month in ["2026-01", "2026-02"] {
        ledger.bill("2026-03-02", month, "0.00");
    }
    assert_eq!(told(&ledger.at("2026-03-11"), ["milestones"]), ["M: 50.00 by 2026-02-28: reached"]);
}

#[test]
fn a_line_that_counts_and_does_not_explains_nothing() {
    let rule = json!({ "counts": "60", "from": "2025-01-01T00:00:00Z", "product_type": "any", "test": "invoice" });
    let mut ledger = Ledger::signed(json!({ "years": [of_2026()], "eligibility": [rule] }));
    ledger.bill("2026-02-02", "2026-01", "300.00");
    ledger.invoice("2026-01-10", "INV-1", "100.00");
    ledger.stated("2026-02-03", "2026-02-01", json!({ "counted": "340.00" }));
    assert_eq!(told(&ledger.at("2026-02-11"), ["aws_difference", "aws_explained"]), ["20.00", "-"]);
}

#[test]
fn every_figure_of_a_year_is_what_its_reasons_sum_to() {
    let rule = json!({ "counts": "60", "from": "2025-01-01T00:00:00Z", "product_type": "any", "test": "invoice" });
    let mut ledger =
        Ledger::signed(json!({ "cap": { "base": "year", "percent": "5" }, "eligibility": [rule], "carry_over": { "limit": "10" } }));
    for month in (1..=12).map(|month| format!("2025-{month:02}")).chain((1..=3).map(|month| format!("2026-{month:02}"))) {
        ledger.bill("2026-04-02", &month, "101.37");
    }
    ledger.invoice("2025-05-10", "INV-1", "40.01");
    ledger.invoice("2026-01-10", "INV-2", "70.03");
    ledger.invoice("2026-02-10", "INV-3", "90.07");
    let made_of = ["opening", "services", "carried", "marketplace"];
    for until in ["2025-06-11", "2026-01-01", "2026-01-20", "2026-04-11", "2027-02-01"] {
        let basis = Basis { effective_before: Some(moment(until)), ..Basis::at(u64::MAX) };
        let view = ledger.records.at(basis);
        let reasons = why(&Setting { view: &view, billing: &ledger.billing, book: &ledger.book, names: &NoNames });
        let report = ledger.at(until);
        for row in &report.rows {
            let of_row = |name: &str| &row[report.column(name).unwrap()];
            let Cell::Count(year) = of_row("year") else { panic!("a year has a number") };
            let units = |cell: &Cell| if let Cell::Amount(amount) | Cell::Money(amount, _) = cell { amount.units() } else { 0 };
            let sum = |fields: &[&str]| -> i128 {
                let of_year =
                    reasons.iter().filter(|reason| reason.subject == format!("PPA year {year}") && fields.contains(&reason.field));
                of_year.map(|reason| units(&reason.value)).sum()
            };
            assert_eq!(sum(&made_of), units(of_row("counted")), "{until} {year}");
            for field in [
                "committed",
                "services",
                "not_counted",
                "cap",
                "over_cap",
                "marketplace",
                "carried",
                "counted",
                "straight_line",
                "forecast_services",
                "forecast_instalments",
                "shortfall",
                "surplus",
            ] {
                assert_eq!(sum(&[field]), units(of_row(field)), "{until} year {year}: {field}");
            }
        }
    }
}

/// January's bill of 300.00 and purchases of the month, with what AWS says of it.
fn held_against(purchases: &[(&str, &str)], says: Value) -> Report {
    let mut ledger = Ledger::signed(json!({ "years": [of_2026()] }));
    ledger.bill("2026-02-02", "2026-01", "300.00");
    for (number, amount) in purchases {
        ledger.invoice("2026-01-10", number, amount);
    }
    ledger.stated("2026-02-03", "2026-02-01", says);
    ledger.at("2026-02-11")
}

#[test]
fn several_lines_explain_a_difference_when_no_others_do() {
    let purchases = [("INV-1", "10.00"), ("INV-2", "20.00"), ("INV-3", "45.00"), ("INV-4", "7.00")];
    let report = held_against(&purchases, json!({ "counted": "352.00", "marketplace": "52.00", "services": "300.00" }));
    let lines = "lines: AWS does not count invoice INV-1 of 2026-01-10, and does not count invoice INV-2 of 2026-01-10";
    let part = "Marketplace differs by 30.00 (52.00, ours 82.00)";
    assert_eq!(told(&report, ["aws_difference", "aws_explained"]), ["30.00".to_owned(), format!("{part}; {lines}")]);
    // The same without its parts.
    let report = held_against(&purchases, json!({ "counted": "352.00" }));
    assert_eq!(told(&report, ["aws_explained"]), [lines]);
    // Two sets come to it.
    let more = [("INV-1", "10.00"), ("INV-2", "20.00"), ("INV-3", "45.00"), ("INV-4", "25.00"), ("INV-5", "5.00")];
    let report = held_against(&more, json!({ "counted": "375.00" }));
    assert_eq!(told(&report, ["aws_difference", "aws_explained"]), ["30.00", "-"]);
    let note = "nothing explains it to the cent; may be one of several sets of lines";
    assert!(report.notes.iter().any(|told| told.ends_with(note)), "{:?}", report.notes);
}

#[test]
fn the_parts_of_a_statement_are_held_against_ours() {
    // What is lacking of the services is no purchase, though one comes to as much.
    let report = held_against(&[("INV-1", "10.00")], json!({ "counted": "300.00", "services": "290.00" }));
    assert_eq!(told(&report, ["aws_explained"]), ["AWS services differ by 10.00 (290.00, ours 300.00)"]);
    let note = "PPA: differs by 10.00 from AWS to 2026-01-31 (#5: 300.00, ours 310.00): AWS services differ by 10.00 (290.00, ours 300.00)";
    assert_eq!(report.notes.last().unwrap(), note);
    // Both parts differ, and the total does not.
    let report = held_against(&[("INV-1", "10.00")], json!({ "counted": "310.00", "marketplace": "0.00", "services": "310.00" }));
    let note = "PPA: agrees with AWS to 2026-01-31 in total (#5): AWS services differ by -10.00 (310.00, ours 300.00), \
        Marketplace differs by 10.00 (0.00, ours 10.00): \
        rule: AWS does not count what PPA any since 2025-01-01 lets count; or line: AWS does not count invoice INV-1 of 2026-01-10";
    assert_eq!(report.notes.last().unwrap(), note);
    // Its parts are not what it says it has counted.
    let report = held_against(&[("INV-1", "10.00")], json!({ "counted": "310.00", "marketplace": "1.00", "services": "2.00" }));
    let note = "PPA: agrees with AWS to 2026-01-31 in total (#5): its parts 2.00 and 1.00 do not come to its total";
    assert_eq!(report.notes.last().unwrap(), note);
}

#[test]
fn what_aws_carries_over_is_a_part_of_its_own() {
    let mut ledger = Ledger::signed(json!({ "carry_over": { "limit": "10" } }));
    for month in (1..=12).map(|month| format!("2025-{month:02}")).chain(["2026-01".to_owned()]) {
        ledger.bill("2026-02-02", &month, "110.00");
    }
    let says = |counted: &str, services: &str| json!({ "counted": counted, "marketplace": "0.00", "services": services });
    ledger.stated("2026-02-03", "2026-02-01", says("230.00", "230.00"));
    assert_eq!(told(&ledger.at("2026-02-11"), ["carried", "aws_difference", "aws_explained"]), ["120.00", "0.00", "-"]);
    ledger.stated("2026-02-04", "2026-02-01", says("210.00", "110.00"));
    let part = "what was carried over differs by 20.00 (100.00, ours 120.00)";
    assert_eq!(told(&ledger.at("2026-02-11"), ["aws_difference", "aws_explained"]), ["20.00", part]);
}
