//! Instalments that stand on the buyer's bill alone.

use ledger_core::projection::records::instalments;

use super::*;

impl Ledger {
    /// A purchase on the bill of the month that ends that day, with more terms.
    fn purchased(&mut self, day: &str, invoice: &str, amount: &str, more: Value) {
        let month = format!("{}-01T00:00:00Z", &day[..7]);
        let line = json!({ "amounts": { "billed": amount, "unblended": amount }, "class": "marketplace", "currency": "USD", "invoice": invoice,
            "line_type": "Usage", "month": month, "payer": BUYER, "product": "code", "rows": 1, "statement": "cur" });
        self.record(day, day, "spend.recorded", with(line, more));
    }

    fn listed(&mut self, day: &str, product: &str, code: &str) {
        let told = json!({ "code": code, "product": product, "recipient": SELLER, "title": product,
            "valid_from": "2025-01-01T00:00:00Z" });
        self.record(day, day, "product.listed", told);
    }

    /// What the instalments of the day before have become: agreement, status, invoice, amount.
    fn instalments(&self, until: &str) -> Vec<String> {
        let basis = Basis { effective_before: Some(moment(until)), ..Basis::at(u64::MAX) };
        let report = instalments(&self.records.at(basis), &self.billing.invoiced(basis));
        let cell = |row: &[Cell], name: &str| match &row[report.column(name).unwrap()] {
            Cell::Money(amount, _) => amount.to_string(),
            cell => cell.json().as_str().unwrap_or("-").to_owned(),
        };
        report.rows.iter().map(|row| ["agreement", "status", "invoice", "invoiced"].map(|name| cell(row, name)).join(" ")).collect()
    }
}

#[test]
fn an_instalment_that_a_bill_tells_is_planned_no_more() {
    let mut ledger = Ledger::billed();
    ledger.offer("2026-02-02", "parts", "400.00", json!({}));
    let planned = [("2026-02-10", "100.00"), ("2026-03-10", "100.00"), ("2026-03-31", "100.00"), ("2026-06-10", "100.00")];
    ledger.accepted("2026-02-03", "parts", json!({}), &planned);
    ledger.purchased("2026-02-28", "INV-1", "100.00", json!({}));
    // One of March's is told, by each kind of file. The others are of another amount, or no purchase.
    ledger.purchased("2026-03-31", "INV-2", "99.999999", json!({}));
    ledger.purchased("2026-03-31", "INV-2", "100.00", json!({ "amounts": { "billed": "100.00" }, "statement": "focus" }));
    ledger.purchased("2026-03-31", "INV-3", "70.00", json!({}));
    ledger.purchased("2026-03-31", "INV-4", "80.00", json!({ "amounts": { "billed": "80.00", "public": "100.00", "unblended": "80.00" } }));
    for no_purchase in ["Credit", "Refund", "Tax"] {
        ledger.purchased("2026-03-31", "INV-5", "100.00", json!({ "line_type": no_purchase }));
    }
    let before = ["agmt-parts invoiced INV-1 100.00", "agmt-parts invoiced INV-2 100.00"];
    let rest = ["agmt-parts missing - -", "agmt-parts planned - -"];
    assert_eq!(ledger.instalments("2026-04-20"), [before, rest].concat());
    // AWS invoices within days: what is of March's end may stand on April's bill.
    ledger.purchased("2026-04-30", "INV-6", "100.00", json!({}));
    let rest = ["agmt-parts invoiced INV-6 100.00", "agmt-parts planned - -"];
    assert_eq!(ledger.instalments("2026-05-02"), [before, rest].concat());
    for (month, day) in [("2026-02", "2026-03-01"), ("2026-03", "2026-04-01"), ("2026-04", "2026-05-01")] {
        ledger.bill(day, month, "28.00");
    }
    assert_eq!(told(&ledger.at("2026-05-02"), ["forecast_instalments"]), ["100.00"]);
}

#[test]
fn lines_of_a_bill_are_handed_out_one_by_one() {
    // Two agreements on one invoice; each product is its own where it is known.
    let mut ledger = Ledger::default();
    for offer in ["a", "b"] {
        ledger.offer("2026-01-02", offer, "200.00", json!({}));
        ledger.accepted("2026-01-03", offer, json!({}), &[("2026-01-31", "100.00"), ("2026-02-28", "100.00")]);
    }
    ledger.listed("2026-01-02", "prod-a", "code-a");
    ledger.listed("2026-01-02", "prod-other", "code-other");
    ledger.purchased("2026-02-28", "INV-0", "100.00", json!({ "product": "code-other" }));
    for (day, invoice) in [("2026-02-28", "INV-1"), ("2026-03-31", "INV-2")] {
        for product in ["code-b", "code-a"] {
            ledger.purchased(day, invoice, "100.00", json!({ "product": product }));
        }
    }
    // Each on the bill of the month after, the oldest first; and none before its day.
    let of = |agreement: &str, told: [&str; 2]| told.map(|told| format!("agmt-{agreement} {told}"));
    let both = |told: [&str; 2]| [of("a", told), of("b", told)].concat();
    assert_eq!(ledger.instalments("2026-02-28"), both(["missing - -", "planned - -"]));
    // As long as the next bill is not here, a line is of its month.
    assert_eq!(ledger.instalments("2026-03-01"), both(["missing - -", "invoiced INV-1 100.00"]));
    assert_eq!(ledger.instalments("2026-04-02"), both(["invoiced INV-1 100.00", "invoiced INV-2 100.00"]));
}

#[test]
fn the_day_of_an_invoice_tells_whose_it_is() {
    let mut ledger = Ledger::default();
    ledger.offer("2026-01-02", "a", "200.00", json!({}));
    ledger.accepted("2026-01-03", "a", json!({}), &[("2026-01-30", "100.00"), ("2026-02-27", "100.00")]);
    ledger.purchased("2026-02-28", "INV-1", "100.00", json!({}));
    assert_eq!(ledger.instalments("2026-03-10"), ["agmt-a missing - -", "agmt-a invoiced INV-1 100.00"]);
    // So it is of January's end; a day more, and it would be nobody's.
    ledger.summarised("2026-02-04", "INV-1");
    assert_eq!(ledger.instalments("2026-03-10"), ["agmt-a invoiced INV-1 100.00", "agmt-a missing - -"]);
    ledger.purchased("2026-02-28", "INV-2", "100.00", json!({ "product": "other" }));
    ledger.summarised("2026-02-26", "INV-2");
    assert_eq!(ledger.instalments("2026-03-10"), ["agmt-a invoiced INV-1 100.00", "agmt-a missing - -"]);
}

#[test]
fn instalments_that_a_bill_sums_up_are_invoiced_together() {
    let mut ledger = Ledger::default();
    for (offer, amount) in [("a", "100.00"), ("b", "50.00"), ("c", "70.00")] {
        ledger.offer("2026-01-02", offer, amount, json!({ "products": ["prod-1"] }));
        ledger.accepted("2026-01-03", offer, json!({}), &[("2026-02-10", amount)]);
    }
    ledger.listed("2026-01-02", "prod-1", "code-1");
    ledger.purchased("2026-02-28", "INV-1", "220.00", json!({ "product": "code-1" }));
    let all = |told: &str, amounts: [&str; 3]| {
        ["a", "b", "c"].iter().zip(amounts).map(|(of, amount)| format!("agmt-{of} {told} {amount}")).collect::<Vec<_>>()
    };
    // One line of the file is one instalment.
    assert_eq!(ledger.instalments("2026-03-10"), all("missing -", ["-"; 3]));
    ledger.purchased("2026-02-28", "INV-2", "220.00", json!({ "product": "code-1", "rows": 3 }));
    assert_eq!(ledger.instalments("2026-03-10"), all("invoiced INV-2", ["100.00", "50.00", "70.00"]));
}

#[test]
fn a_line_is_first_of_the_agreement_of_its_product() {
    let mut ledger = Ledger::default();
    ledger.offer("2026-01-02", "a", "100.00", json!({}));
    ledger.accepted("2026-01-03", "a", json!({}), &[("2026-02-11", "100.00")]);
    // Of what nobody has told the offer, nobody knows the product.
    ledger.accepted("2026-01-03", "b", json!({}), &[("2026-02-09", "100.00")]);
    ledger.listed("2026-01-02", "prod-a", "code-a");
    ledger.purchased("2026-02-28", "INV-1", "100.00", json!({ "product": "code-a" }));
    assert_eq!(ledger.instalments("2026-03-10"), ["agmt-a invoiced INV-1 100.00", "agmt-b missing - -"]);
}

#[test]
fn what_a_feed_tells_is_no_other_agreements_instalment() {
    let mut ledger = Ledger::default();
    for offer in ["a", "b"] {
        ledger.offer("2026-01-02", offer, "100.00", json!({}));
        ledger.accepted("2026-01-03", offer, json!({}), &[("2026-02-10", "100.00")]);
    }
    let row = json!({ "agreement": "agmt-b", "amount": "100.00", "balance_impacting": true, "buyer_invoice": "B-1", "product": "prod-b", "buyer_line": "L-1",
        "counterparty": BUYER, "currency": "USD", "invoice": "I-1", "invoice_date": "2026-02-10T00:00:00Z", "line": "L-1", "recipient": SELLER,
        "transaction_type": "SELLER_REV_SHARE" });
    ledger.confirmed("2026-02-11", "2026-02-10", "invoice.issued", row);
    ledger.purchased("2026-02-28", "B-1", "100.00", json!({}));
    assert_eq!(ledger.instalments("2026-03-10"), ["agmt-a missing - -", "agmt-b invoiced I-1 100.00"]);
    // On the same invoice, of a product that no feed tells anything of, it is.
    ledger.listed("2026-01-02", "prod-a", "code-a");
    ledger.purchased("2026-02-28", "B-1", "100.00", json!({ "product": "code-a" }));
    assert_eq!(ledger.instalments("2026-03-10"), ["agmt-a invoiced B-1 100.00", "agmt-b invoiced I-1 100.00"]);
}

#[test]
fn an_instalment_that_was_cancelled_and_is_billed_is_invoiced() {
    let mut ledger = Ledger::default();
    ledger.offer("2026-01-02", "a", "200.00", json!({}));
    ledger.accepted("2026-01-03", "a", json!({}), &[("2026-02-10", "100.00"), ("2026-05-10", "100.00")]);
    ledger.record("2026-04-10", "2026-04-10", "agreement.ended", json!({ "agreement": "agmt-a", "status": "CANCELLED" }));
    ledger.purchased("2026-02-28", "INV-1", "100.00", json!({}));
    assert_eq!(ledger.instalments("2026-06-10"), ["agmt-a invoiced INV-1 100.00", "agmt-a cancelled - -"]);
    ledger.purchased("2026-05-31", "INV-2", "100.00", json!({}));
    assert_eq!(ledger.instalments("2026-06-10"), ["agmt-a invoiced INV-1 100.00", "agmt-a invoiced INV-2 100.00"]);
}

#[test]
fn the_last_day_there_is_has_no_days_after_it() {
    let mut ledger = Ledger::default();
    ledger.offer("2026-01-02", "a", "100.00", json!({}));
    ledger.accepted("2026-01-03", "a", json!({}), &[("9999-12-31", "100.00")]);
    ledger.purchased("2026-02-28", "INV-1", "100.00", json!({}));
    let all = ledger.records.at(Basis::at(u64::MAX));
    let report = instalments(&all, &ledger.billing.invoiced(Basis::at(u64::MAX)));
    assert_eq!(report.rows[0][report.column("status").unwrap()], Cell::text("planned"));
}
