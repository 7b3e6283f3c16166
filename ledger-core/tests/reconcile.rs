//! Laws of reconciling: the order of lines does not matter, every row is in one class, what is of the same deals agrees, and each kind of break
//! is told from what only looks like it.
#![expect(clippy::unwrap_used, clippy::cloned_ref_to_slice_refs, reason = "a test stops at the first surprise, and its cases read alike")]

use ledger_core::chain::Hash;
use ledger_core::reconcile::{Break, Class, File, Held, Kind, Names, Reconciled, Reconciliation, Tolerance, Tolerances, When};
use ledger_core::statement::{Exact, Form, Line, Side, Subject};
use ledger_core::time::{Instant, Period};
use proptest::prelude::*;

const PAYER: &str = "777788889999";
const OTHER: &str = "222233334444";

fn march() -> Period {
    Period::parse("2026-03", "2026-04-03".parse().unwrap()).unwrap()
}

fn at(day: &str) -> Option<Instant> {
    Some(format!("{day}T00:00:00Z").parse().unwrap())
}

/// A line of a buyer's bill.
fn line(invoice: &str, product: &str, amount: &str) -> Line {
    Line {
        side: Side::Buyer,
        subject: Subject::Purchase,
        scope: PAYER.parse().unwrap(),
        month: march(),
        line_type: "Fee".to_owned(),
        amount: amount.parse().unwrap(),
        currency: "USD".parse().unwrap(),
        parts: vec![],
        date: at("2026-03-10"),
        invoice: (!invoice.is_empty()).then(|| invoice.parse().unwrap()),
        others: vec![],
        product: (!product.is_empty()).then(|| product.parse().unwrap()),
        account: Some("333344445555".parse().unwrap()),
        agreement: None,
        seller: None,
        trace: None,
        item: None,
        corrects: false,
        monthly: true,
        row: 0,
    }
}

/// What the ledger has of it.
fn held(invoice: &str, product: &str, amount: &str) -> Held {
    Held {
        side: Side::Buyer,
        subject: Subject::Purchase,
        scope: PAYER.parse().unwrap(),
        when: When::Inside,
        amount: amount.parse().unwrap(),
        currency: "USD".parse().unwrap(),
        date: at("2026-03-10"),
        planned: false,
        line_type: None,
        invoice: (!invoice.is_empty()).then(|| invoice.parse().unwrap()),
        product: (!product.is_empty()).then(|| product.parse().unwrap()),
        account: None,
        agreement: None,
        seller: None,
        trace: None,
        parts: vec![],
        priced: None,
        tax: None,
        explained: None,
        billed_in: None,
        events: vec![1],
        sources: vec![],
    }
}

fn names() -> Names {
    let products = ["prod-a", "prod-b", "prod-c"];
    let known = products.iter().map(|id| ((*id).to_owned(), (*id).to_owned()));
    let codes = products.iter().map(|id| (id.replace("prod-", "code-"), (*id).to_owned()));
    Names { products: known.chain(codes).collect(), sellers: std::iter::once(("Lumen Data".to_owned(), OTHER.parse().unwrap())).collect() }
}

/// Several files of lines, each with its rows numbered.
fn reconciled(files: &[Vec<Line>], ledger: &[Held], tolerances: &Tolerances) -> Reconciled {
    let mut reconciliation = Reconciliation::of(march(), names());
    for (number, lines) in files.iter().enumerate() {
        let digest = Hash::of(&[u8::try_from(number).unwrap()]);
        let file = File {
            digest,
            name: format!("{number}.csv"),
            form: Form::default(),
            tells_invoices: true,
            may_change: false,
            rows: lines.len() as u64,
            left_out: 0,
        };
        let file = reconciliation.file(file);
        for (row, line) in lines.iter().enumerate() {
            let row = if line.row == 0 { row as u64 + 1 } else { line.row };
            reconciliation.add(file, Line { row, ..line.clone() }, 1);
        }
    }
    ledger.iter().for_each(|held| reconciliation.hold(held.clone()));
    reconciliation.matched(tolerances).unwrap()
}

fn strict(lines: &[Line], ledger: &[Held]) -> Reconciled {
    reconciled(&[lines.to_vec()], ledger, &Tolerances { days: 5, ..Tolerances::default() })
}

fn tolerating(line: &str, period: &str) -> Tolerances {
    let tolerance = Tolerance { line: line.parse().unwrap(), period: period.parse().unwrap() };
    Tolerances { by_currency: std::iter::once(("USD".parse().unwrap(), tolerance)).collect(), days: 5, policy: None }
}

/// The breaks: code, billed, ledger.
fn codes(result: &Reconciled) -> Vec<String> {
    let told = |found: &Break| format!("{} {} {}", found.kind.code(), found.billed.in_cents(), found.ledger.in_cents());
    result.breaks.iter().map(told).collect()
}

fn classes(result: &Reconciled) -> Vec<(Class, u64)> {
    result.classes.iter().map(|(class, rows)| (*class, *rows)).collect()
}

#[test]
fn one_row_and_one_line_of_one_amount_are_exact_and_several_are_grouped() {
    let lines = [
        line("inv-1", "code-a", "100.00"),
        line("inv-2", "code-b", "60.00"),
        line("inv-2", "code-b", "40.000000000000"),
        line("inv-3", "code-c", "75"),
    ];
    let ledger = [
        held("inv-1", "prod-a", "100.00"),
        held("inv-2", "prod-b", "100.00"),
        held("inv-3", "prod-c", "50.00"),
        held("inv-3", "prod-c", "25.00"),
    ];
    let result = strict(&lines, &ledger);
    assert_eq!(classes(&result), [(Class::Exact, 1), (Class::Grouped, 3)]);
    assert!(result.breaks.is_empty());
}

#[test]
fn a_difference_within_the_policy_is_tolerated_and_listed_until_its_total_is_used_up() {
    let lines = [line("inv-1", "code-a", "100.02"), line("inv-2", "code-a", "99.96"), line("inv-3", "code-a", "100.06")];
    let ledger = [held("inv-1", "prod-a", "100"), held("inv-2", "prod-a", "100"), held("inv-3", "prod-a", "100")];
    let result = reconciled(&[lines.to_vec()], &ledger, &tolerating("0.05", "0.06"));
    assert_eq!(classes(&result), [(Class::Tolerated, 2), (Class::Broken, 1)]);
    assert_eq!(codes(&result), ["R03 100.06 100.00"]);
    assert_eq!(result.sections[0].tolerated, "-0.02".parse().unwrap());
    assert_eq!(result.sections[0].tolerated_gross, "0.06".parse().unwrap());
    assert_eq!(result.tolerated.len(), 2);
    // A cent less in total, and the larger of the two is a break.
    let result = reconciled(&[lines.to_vec()], &ledger, &tolerating("0.05", "0.05"));
    assert_eq!(codes(&result), ["R03 99.96 100.00", "R03 100.06 100.00"]);
}

#[test]
fn a_line_without_an_invoice_is_provisional_and_settles_when_the_bill_is_final() {
    let named = |invoice: &str| Line { item: Some("line-1".to_owned()), ..line(invoice, "code-a", "100.00") };
    let ledger = [held("inv-1", "prod-a", "100.00")];
    let early = strict(&[named("")], &ledger);
    assert_eq!(classes(&early), [(Class::Provisional, 1)]);
    assert!(early.breaks.is_empty());
    // Nothing of it is in the ledger yet: still no break, and the identity says what is open.
    let alone = strict(&[named("")], &[]);
    assert_eq!((classes(&alone), alone.sections[0].provisional), (vec![(Class::Provisional, 1)], "100.00".parse().unwrap()));
    // Both files together are one line.
    let both = reconciled(&[vec![named("")], vec![named("inv-1")]], &ledger, &Tolerances::default());
    assert_eq!(classes(&both), [(Class::Exact, 1), (Class::Repeated, 1)]);
    assert!(both.breaks.is_empty());
}

#[test]
fn a_file_that_tells_no_invoices_is_matched_without() {
    let mut reconciliation = Reconciliation::of(march(), names());
    let file = File {
        digest: Hash::of(b"focus 1.0"),
        name: "focus.csv".to_owned(),
        form: Form::default(),
        tells_invoices: false,
        may_change: false,
        rows: 2,
        left_out: 0,
    };
    let file = reconciliation.file(file);
    reconciliation.add(file, line("", "code-a", "100.00"), 1);
    reconciliation.add(file, line("", "code-b", "50.00"), 1);
    reconciliation.hold(held("inv-1", "prod-a", "100.00"));
    reconciliation.hold(held("inv-2", "prod-b", "40.00"));
    let result = reconciliation.matched(&Tolerances::default()).unwrap();
    assert_eq!(codes(&result), ["R03 50.00 40.00"]);
}

#[test]
fn what_the_file_itself_is_the_source_of_assures_nobody() {
    let own = Held { sources: vec![Hash::of(&[0])], ..held("inv-1", "prod-a", "100.00") };
    let result = strict(&[line("inv-1", "code-a", "100.00")], &[own.clone()]);
    assert_eq!(classes(&result), [(Class::SelfCompared, 1)]);
    // With another source beside it, it is that which is compared.
    let result = strict(&[line("inv-1", "code-a", "100.00")], &[own, held("inv-1", "prod-a", "100.00")]);
    assert_eq!(classes(&result), [(Class::Exact, 1)]);
    assert!(result.breaks.is_empty());
}

#[test]
fn lines_are_compared_with_their_side_and_scope_only() {
    let seller = Held { side: Side::Seller, subject: Subject::Billed, ..held("inv-1", "prod-a", "100.00") };
    let other = Held { scope: OTHER.parse().unwrap(), ..held("inv-9", "prod-a", "70.00") };
    let euros = Held { currency: "EUR".parse().unwrap(), ..held("inv-8", "prod-a", "80.00") };
    let result = strict(&[line("inv-1", "code-a", "100.00")], &[seller, other, euros]);
    // The seller's line is no line of a bill; what other payers and other currencies have is not asked of this one.
    assert_eq!(codes(&result), ["R01 100.00 0.00"]);
}

#[test]
fn services_are_sums_and_models_are_no_deals() {
    let services = |line_type: &str, amount: &str| Line {
        subject: Subject::Services,
        line_type: line_type.to_owned(),
        product: None,
        ..line("", "", amount)
    };
    let model = Line { subject: Subject::Model, ..line("", "", "3.10") };
    let lines = [services("Usage", "0.0000000181"), services("Usage", "12.50"), services("Tax", "1.00"), model];
    let result = strict(&lines, &[]);
    assert_eq!(classes(&result), [(Class::Summed, 3), (Class::Model, 1)]);
    let recorded =
        |line_type: &str, amount: &str| Held { subject: Subject::Services, line_type: Some(line_type.to_owned()), ..held("", "", amount) };
    let result = strict(&lines, &[recorded("Usage", "12.40"), recorded("Tax", "1.00")]);
    assert_eq!(codes(&result), ["R03 12.5000000181 12.40"]);
    // Another kind of file calls the types otherwise: then only the whole can be compared.
    let result = strict(&lines, &[recorded("Consumption", "13.50")]);
    assert_eq!(codes(&result), ["R03 13.5000000181 13.50"]);
}

/// Each kind of break, planted, and beside it what only looks like it.
#[test]
fn every_kind_of_break_is_told_from_its_look_alike() {
    let one = |lines: &[Line], ledger: &[Held]| codes(&strict(lines, ledger));
    // R01: billed and unknown. A product that the ledger does not know is none, when the invoice has its amount.
    assert_eq!(one(&[line("inv-1", "code-x", "40.00")], &[]), ["R01 40.00 0.00"]);
    assert!(one(&[line("inv-1", "code-x", "40.00")], &[held("inv-1", "prod-a", "40.00")]).is_empty());

    // R02: known and not billed. A line of another period is not missed.
    let billed = line("inv-1", "code-a", "40.00");
    let known = held("inv-1", "prod-a", "40.00");
    let missed = held("inv-2", "prod-a", "24000.00");
    assert_eq!(one(&[billed.clone()], &[known.clone(), missed.clone()]), ["R02 0.00 24000.00"]);
    assert!(one(&[billed.clone()], &[known.clone(), Held { when: When::Elsewhere, ..missed }]).is_empty());
    let planned = Held { planned: true, ..held("", "prod-b", "24000.00") };
    assert_eq!(one(&[billed.clone()], &[known.clone(), planned.clone()]), ["R02 0.00 24000.00"]);
    assert!(one(&[billed.clone(), line("inv-7", "code-b", "24000.00")], &[known.clone(), planned.clone()]).is_empty());

    // R03: another amount. A split is none.
    assert_eq!(one(&[line("inv-1", "code-a", "41.00")], &[known.clone()]), ["R03 41.00 40.00"]);
    assert!(one(&[line("inv-1", "code-a", "41.00"), line("inv-1", "code-a", "-1.00")], &[known.clone()]).is_empty());
    // So is an instalment that was planned otherwise.
    assert_eq!(one(&[line("inv-7", "code-b", "24100.00")], &[planned.clone()]), ["R03 24100.00 24000.00"]);

    // R04: in another period; or planned for its last days.
    let april = Held { when: When::Elsewhere, date: at("2026-04-02"), ..known.clone() };
    assert_eq!(one(&[billed.clone()], &[april.clone()]), ["R04 40.00 0.00"]);
    assert_eq!(one(&[billed.clone()], &[known.clone(), Held { date: at("2026-03-30"), ..planned }]), ["R04 0.00 24000.00"]);
    assert!(one(&[billed.clone()], &[known.clone(), april.clone()]).is_empty());

    // The other half of one: another month's statement told it. Told here as well, it is none.
    let told = Held { billed_in: at("2026-02-01"), ..known.clone() };
    let beside = [line("inv-9", "code-b", "1.00")];
    assert_eq!(one(&beside, &[told.clone(), held("inv-9", "prod-b", "1.00")]), ["R04 0.00 40.00"]);
    assert!(one(&[billed.clone()], &[told]).is_empty());

    // R05: twice in one file, twice on one bill, or billed before. Two lines that the ledger has too are two.
    let named = Line { item: Some("line-1".to_owned()), ..billed.clone() };
    assert_eq!(one(&[named.clone(), named.clone()], &[known.clone()]), ["R05 40.00 0.00"]);
    assert_eq!(one(&[billed.clone(), billed.clone()], &[known.clone()]), ["R05 40.00 0.00"]);
    assert_eq!(one(&[billed.clone()], &[Held { when: When::Settled, ..april }]), ["R05 40.00 0.00"]);
    assert!(one(&[billed.clone(), billed.clone()], &[known.clone(), known.clone()]).is_empty());

    // R06: in another currency. The same number on another invoice is nothing of the kind.
    let euros = Held { currency: "EUR".parse().unwrap(), ..held("inv-1", "prod-a", "36.80") };
    assert_eq!(one(&[billed.clone()], &[euros.clone()]), ["R06 40.00 0.00"]);
    let elsewhere = Held { invoice: Some("inv-6".parse().unwrap()), ..euros };
    assert_eq!(one(&[billed.clone()], &[elsewhere]), ["R01 40.00 0.00"]);

    // At another rate: all parts by one factor. One part alone is a fee, or a price.
    let paid = |gross: &str, fee: &str, net: &str| Line {
        side: Side::Seller,
        subject: Subject::Disbursed,
        parts: vec![("gross", gross.parse().unwrap()), ("listing_fee", fee.parse().unwrap())],
        ..line("inv-1", "code-a", net)
    };
    let converted = Held {
        side: Side::Seller,
        subject: Subject::Disbursed,
        priced: Some(("970.00".parse().unwrap(), "EUR".parse().unwrap())),
        parts: vec![("gross", "1100.00".parse().unwrap()), ("listing_fee", "-33.00".parse().unwrap())],
        ..held("inv-1", "prod-a", "1067.00")
    };
    assert_eq!(one(&[paid("1080.00", "-32.40", "1047.60")], &[converted.clone()]), ["R06 1047.60 1067.00"]);
    assert_eq!(one(&[paid("1100.00", "-22.00", "1078.00")], &[converted.clone()]), ["R09 1078.00 1067.00"]);
    assert_eq!(one(&[paid("1000.00", "-33.00", "967.00")], &[converted.clone()]), ["R03 967.00 1067.00"]);
    assert_eq!(one(&[paid("1080.00", "-32.40", "1047.60")], &[Held { priced: None, ..converted.clone() }]), ["R03 1047.60 1067.00"]);

    // Of one part any other amount is so many times it: that is no rate.
    let single = Held { parts: vec![("gross", "1067.00".parse().unwrap())], ..converted.clone() };
    let alone = Line { parts: vec![("gross", "1047.60".parse().unwrap())], ..paid("0", "0", "1047.60") };
    assert_eq!(one(&[alone], &[single.clone()]), ["R03 1047.60 1067.00"]);
    let nothing = Held { parts: vec![("gross", "1067.00".parse().unwrap()), ("listing_fee", "0".parse().unwrap())], ..single };
    assert_eq!(one(&[paid("1047.60", "0", "1047.60")], &[nothing]), ["R03 1047.60 1067.00"]);

    // R07: it may be one or the other. With both billed there is no doubt.
    let of = |agreement: &str| Held { agreement: Some(agreement.parse().unwrap()), product: None, ..known.clone() };
    assert_eq!(one(&[billed.clone()], &[of("agmt-1"), of("agmt-2")]), ["R07 40.00 80.00"]);
    assert!(one(&[billed.clone(), billed.clone()], &[of("agmt-1"), of("agmt-2")]).is_empty());

    // R08: somebody else's. Who is not told is nobody else.
    let account = |account: &str| Held { account: Some(account.parse().unwrap()), ..known.clone() };
    assert_eq!(one(&[billed.clone()], &[account(OTHER)]), ["R08 40.00 40.00"]);
    assert!(one(&[billed.clone()], &[account("333344445555")]).is_empty());
    let payer = Held { scope: OTHER.parse().unwrap(), ..known.clone() };
    assert_eq!(one(&[billed.clone()], &[payer]), ["R08 40.00 0.00"]);
    let seller = Held { seller: Some(PAYER.parse().unwrap()), ..known.clone() };
    let sold = Line { seller: Some("Lumen Data".to_owned()), ..billed.clone() };
    assert_eq!(one(&[sold.clone()], &[seller.clone()]), ["R08 40.00 40.00"]);
    assert!(one(&[Line { seller: Some("Lumen".to_owned()), ..sold }], &[seller]).is_empty());

    // R09: the tax is in it, or the fee is another. A price that is another is R03.
    let taxed = Held { tax: Some("8.00".parse().unwrap()), ..known.clone() };
    assert_eq!(one(&[line("inv-1", "code-a", "48.00")], &[taxed.clone()]), ["R09 48.00 40.00"]);
    assert_eq!(one(&[line("inv-1", "code-a", "47.00")], &[taxed]), ["R03 47.00 40.00"]);
    let net = |gross: &str, fee: &str, net: &str| Line {
        side: Side::Seller,
        subject: Subject::Billed,
        parts: vec![("gross", gross.parse().unwrap()), ("listing_fee", fee.parse().unwrap())],
        ..line("inv-1", "prod-a", net)
    };
    let earned = Held {
        side: Side::Seller,
        subject: Subject::Billed,
        parts: vec![("gross", "100.00".parse().unwrap()), ("listing_fee", "-3.00".parse().unwrap())],
        ..held("inv-1", "prod-a", "97.00")
    };
    assert_eq!(one(&[net("100.00", "-5.00", "95.00")], &[earned.clone()]), ["R09 95.00 97.00"]);
    assert_eq!(one(&[net("98.00", "-3.00", "95.00")], &[earned]), ["R03 95.00 97.00"]);
    let tax = |amount: &str| Line { subject: Subject::Tax, ..line("inv-1", "code-a", amount) };
    let known_tax = Held { subject: Subject::Tax, ..held("inv-1", "prod-a", "8.00") };
    assert_eq!(one(&[tax("8.80")], &[known_tax.clone()]), ["R09 8.80 8.00"]);
    assert!(one(&[tax("8.00")], &[known_tax]).is_empty());

    // R10: another credit.
    let credit = |amount: &str| Line { subject: Subject::Credit, ..line("", "", amount) };
    let applied = Held { subject: Subject::Credit, ..held("", "", "-50.00") };
    assert_eq!(one(&[credit("-20.00"), credit("-40.00")], &[applied.clone()]), ["R10 -60.00 -50.00"]);
    assert!(one(&[credit("-20.00"), credit("-30.00")], &[applied]).is_empty());
    // A discount on a purchase. Where the ledger's price has it, there is none.
    let discount = Line { line_type: "EdpDiscount".to_owned(), ..line("inv-1", "code-a", "-2.00") };
    assert_eq!(one(&[billed.clone(), discount.clone()], &[known.clone()]), ["R10 -2.00 0.00"]);
    assert!(one(&[billed, discount], &[held("inv-1", "prod-a", "38.00")]).is_empty());
}

#[test]
fn a_deposit_matches_by_its_trace_and_a_tests_never() {
    let deposit = |trace: &str, amount: &str| Line {
        side: Side::Bank,
        subject: Subject::Deposit,
        trace: Some(trace.parse().unwrap()),
        ..line("", "", amount)
    };
    let payout = |trace: Option<&str>, amount: &str, day: &str| Held {
        side: Side::Bank,
        subject: Subject::Deposit,
        trace: trace.map(|trace| trace.parse().unwrap()),
        date: at(day),
        ..held("", "", amount)
    };
    let result = strict(
        &[deposit("T1", "500.00"), deposit("testTraceId", "9.00"), deposit("T4", "70.00")],
        &[
            payout(Some("T1"), "500.00", "2026-03-05"),
            payout(None, "9.00", "2026-03-05"),
            payout(Some("T3"), "60.00", "2026-03-30"),
            payout(Some("T4"), "71.00", "2026-03-09"),
        ],
    );
    assert_eq!(codes(&result), ["R01 9.00 0.00", "R02 0.00 9.00", "R03 70.00 71.00", "R04 0.00 60.00"]);
}

/// A summary of a whole invoice, as the Invoicing API tells it, and the same as the ledger has it.
fn whole(invoice: &str, before_tax: &str, tax: &str) -> Line {
    let exact = |text: &str| text.parse::<Exact>().unwrap();
    let amount = exact(before_tax).checked_add(exact(tax)).unwrap();
    let parts = vec![("before_tax", exact(before_tax)), ("tax", exact(tax))];
    Line { subject: Subject::Invoice, amount, parts, account: None, item: Some(invoice.to_owned()), ..line(invoice, "", "0.00") }
}

fn known(invoice: &str, before_tax: &str, tax: &str) -> Held {
    let Line { amount, .. } = whole(invoice, before_tax, tax);
    let parts = vec![("before_tax", before_tax.parse().unwrap()), ("tax", tax.parse().unwrap())];
    Held { subject: Subject::Invoice, amount, parts, ..held(invoice, "", "0.00") }
}

#[test]
fn a_whole_invoice_is_held_against_the_ledgers() {
    let all = |units: &[Line], ledger: &[Held]| {
        let result = strict(units, ledger);
        for section in &result.sections {
            let explained = section.breaks.checked_add(section.tolerated).and_then(|sum| sum.checked_add(section.provisional));
            assert_eq!(Some(section.difference()), explained);
        }
        (codes(&result), classes(&result), result.breaks.first().map(|found| found.cause.clone()).unwrap_or_default())
    };
    let (codes, classes, _) = all(&[whole("I-1", "100.00", "20.60")], &[known("I-1", "100.00", "20.60")]);
    assert_eq!((codes, classes), (vec![], vec![(Class::Exact, 1)]));
    let elsewhere = |when| Held { when, ..known("I-1", "100.00", "20.60") };
    let euros = Held { currency: "EUR".parse().unwrap(), ..known("I-1", "90.00", "18.00") };
    let discounted = {
        let mut line = whole("I-1", "90.00", "20.60");
        line.parts.push(("discount", "-10.00".parse().unwrap()));
        line
    };
    let theirs = Held { scope: OTHER.parse().unwrap(), ..known("I-1", "100.00", "20.60") };
    let one = || whole("I-1", "100.00", "20.60");
    for (units, ledger, expected, cause) in [
        (vec![one()], vec![], "R01 120.60 0.00", "1 row"),
        (vec![one()], vec![known("I-1", "100.00", "20.60"), known("I-2", "5.00", "0.00")], "R02 0.00 5.00", "invoiced 2026-03-10"),
        (vec![one()], vec![known("I-1", "101.00", "20.60")], "R03 120.60 121.60", "before tax it is 100.00, the ledger has 101.00"),
        (vec![one()], vec![elsewhere(When::Elsewhere)], "R04 120.60 0.00", "the ledger has it in 2026-03"),
        (vec![one(), one()], vec![known("I-1", "100.00", "20.60")], "R05 120.60 0.00", "the same file has this line already"),
        (vec![one()], vec![elsewhere(When::Settled)], "R05 120.60 0.00", "it was billed and matched in 2026-03"),
        (vec![one()], vec![euros], "R06 120.60 0.00", "the ledger has 108.00 EUR, which is 1.1167 USD for EUR"),
        (vec![one()], vec![theirs], "R08 120.60 0.00", "the ledger has it for payer 222233334444"),
        (vec![one()], vec![known("I-1", "100.00", "19.00")], "R09 120.60 119.00", "the tax is 20.60, the ledger has 19.00"),
        (
            vec![discounted],
            vec![known("I-1", "100.00", "20.60")],
            "R10 110.60 120.60",
            "a discount of 10.00 is taken off; the ledger has none",
        ),
    ] {
        let (codes, _, told) = all(&units, &ledger);
        assert_eq!((codes, told.as_str()), (vec![expected.to_owned()], cause));
    }
    // Two alike of one number in another's name: nobody knows which.
    let of = |agreement: &str| Held { agreement: Some(agreement.parse().unwrap()), ..known("I-1", "100.00", "20.60") };
    assert_eq!(all(&[one()], &[of("agmt-1"), of("agmt-2")]).0, ["R07 120.60 241.20"]);
    // What is given back is known by the number of the invoice it was charged on.
    let memo = Line { others: vec![("original", "I-1".parse().unwrap())], ..whole("M-7", "-10.00", "-2.06") };
    let (codes, classes, _) = all(&[one(), memo], &[known("I-1", "100.00", "20.60"), known("I-1", "-10.00", "-2.06")]);
    assert_eq!((codes, classes), (vec![], vec![(Class::Exact, 2)]));
}

#[test]
fn an_invoice_whose_lines_come_to_it_is_compared_by_them() {
    let lines = [line("I-1", "code-a", "60.00"), line("I-1", "code-b", "40.00"), line("I-2", "code-a", "7.00")];
    let ledger = [held("I-1", "prod-a", "60.00"), held("I-1", "prod-b", "41.00"), held("I-2", "prod-a", "7.00")];
    let wholes = [known("I-1", "101.00", "20.60"), known("I-2", "7.00", "0.00"), known("I-3", "9.00", "0.00")];
    let result =
        |summaries: [Line; 2]| strict(&[lines.to_vec(), summaries.to_vec()].concat(), &[ledger.to_vec(), wholes.to_vec()].concat());
    // The line that differs is told once, and what no bill has is not told of whole invoices.
    let told = result([whole("I-1", "100.00", "20.60"), whole("I-2", "7.00", "0.00")]);
    assert_eq!(codes(&told), ["R03 40.00 41.00"]);
    assert_eq!(classes(&told), [(Class::Exact, 2), (Class::Broken, 1), (Class::WholeInvoice, 2)]);
    // A summary that its lines do not come to is held against the ledger as well.
    let told = result([whole("I-1", "100.00", "20.60"), whole("I-2", "8.00", "0.00")]);
    assert_eq!(codes(&told), ["R03 40.00 41.00", "R03 8.00 7.00"]);
    // A model on Amazon Bedrock is on an invoice, and no deal.
    let model = Line { subject: Subject::Model, ..line("I-5", "code-m", "3.00") };
    let told = strict(&[model, whole("I-5", "3.00", "0.00")], &[]);
    assert_eq!((codes(&told), classes(&told)), (vec![], vec![(Class::Model, 1), (Class::WholeInvoice, 1)]));
}

#[test]
fn what_aws_counts_towards_a_commitment_is_held_against_our_count() {
    let counted = |theirs: &str, ours: &str, explained: Option<&str>| {
        let mut reconciliation = Reconciliation::of(march(), names());
        let agreement = Some("EDP-1".parse().unwrap());
        let stated =
            Line { subject: Subject::Commitment, agreement: agreement.clone(), invoice: None, account: None, ..line("", "", theirs) };
        reconciliation.state(stated);
        let explained = explained.map(str::to_owned);
        reconciliation.hold(Held { subject: Subject::Commitment, agreement, explained, ..held("", "", ours) });
        reconciliation.matched(&Tolerances::default()).unwrap()
    };
    assert_eq!(codes(&counted("1000.00", "1000.00", None)), [""; 0]);
    let result = counted("900.00", "1000.00", Some("line: AWS does not count invoice I-1 of 2026-03-10"));
    assert_eq!(codes(&result), ["R10 900.00 1000.00"]);
    assert_eq!(result.breaks[0].cause, "line: AWS does not count invoice I-1 of 2026-03-10");
    assert_eq!((result.breaks[0].row_count, result.classes.len()), (0, 0));
    assert_eq!(counted("900.00", "1000.00", None).breaks[0].cause, "AWS counts another total");
}

#[test]
fn an_earlier_version_of_a_bill_counts_nothing() {
    let mut reconciliation = Reconciliation::of(march(), names());
    for (number, superseded) in [(0_u8, false), (1, true)] {
        let (digest, name, form) = (Hash::of(&[number]), format!("{number}.csv"), Form::default());
        let file = reconciliation.file(File { digest, name, form, tells_invoices: true, may_change: false, rows: 2, left_out: 0 });
        if superseded {
            reconciliation.supersede(file, PAYER.parse().unwrap());
        }
        let invoice = if superseded { "" } else { "I-1" };
        reconciliation.add(file, line(invoice, "code-a", "10.00"), 1);
        reconciliation.add(file, Line { subject: Subject::Services, line_type: "Usage".to_owned(), ..line("", "", "5.00") }, 1);
    }
    reconciliation.hold(held("I-1", "prod-a", "10.00"));
    let services = Held { subject: Subject::Services, line_type: Some("Usage".to_owned()), ..held("", "", "5.00") };
    reconciliation.hold(services);
    let result = reconciliation.matched(&Tolerances::default()).unwrap();
    assert_eq!(codes(&result), [""; 0]);
    assert_eq!(classes(&result), [(Class::Exact, 2), (Class::Superseded, 2)]);
}

#[test]
fn a_break_keeps_its_id_while_it_is_open() {
    let first = strict(&[line("inv-1", "code-a", "41.00")], &[held("inv-1", "prod-a", "40.00")]);
    let lines = [line("inv-1", "code-a", "42.00"), line("inv-2", "code-b", "7.00")];
    let again = strict(&lines, &[held("inv-1", "prod-a", "40.00")]);
    assert_eq!(first.breaks[0].id, again.breaks.iter().find(|found| found.invoice.as_deref() == Some("inv-1")).unwrap().id);
    let ids: std::collections::BTreeSet<&str> = again.breaks.iter().map(|found| found.id.as_str()).collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn a_row_that_bills_nothing_lacks_nothing() {
    let result = strict(
        &[line("inv-1", "code-a", "40.00"), line("inv-1", "code-a", "0"), line("inv-9", "code-b", "0.000")],
        &[held("inv-1", "prod-a", "40.00")],
    );
    assert_eq!(classes(&result), [(Class::Exact, 3)]);
    // What was billed and given back comes to nothing too: nobody is asked for it, and the class says that there were rows.
    let result = strict(&[line("inv-9", "code-b", "5.00"), line("inv-9", "code-b", "-5.00")], &[]);
    assert_eq!((codes(&result), classes(&result)), (vec![], vec![(Class::Grouped, 2)]));
}

#[test]
fn of_several_invoices_an_instalment_is_the_nearest() {
    let planned = Held { planned: true, agreement: Some("agmt-1".parse().unwrap()), ..held("", "prod-a", "4000.00") };
    let lines = [line("inv-1", "code-a", "640.00"), line("inv-2", "code-a", "4120.00"), line("inv-3", "code-a", "2500.00")];
    assert_eq!(codes(&strict(&lines, &[planned])), ["R01 640.00 0.00", "R01 2500.00 0.00", "R03 4120.00 4000.00"]);
}

#[test]
fn an_amount_there_is_no_room_for_is_told() {
    let mut reconciliation = Reconciliation::of(march(), names());
    let file = File {
        digest: Hash::of(b"x"),
        name: "x.csv".to_owned(),
        form: Form::default(),
        tells_invoices: true,
        may_change: false,
        rows: 2,
        left_out: 0,
    };
    let file = reconciliation.file(file);
    for _ in 0..2 {
        reconciliation.add(file, line("inv-1", "code-a", "9999999999999999"), 1);
    }
    let why = reconciliation.matched(&Tolerances::default()).unwrap_err();
    assert_eq!(why.to_string(), "a sum has more digits than there is room for");
}

#[test]
fn rows_that_nobody_counted_are_told() {
    let mut reconciliation = Reconciliation::of(march(), names());
    let file = File {
        digest: Hash::of(b"x"),
        name: "x.csv".to_owned(),
        form: Form::default(),
        tells_invoices: true,
        may_change: false,
        rows: 3,
        left_out: 1,
    };
    let file = reconciliation.file(file);
    reconciliation.add(file, line("inv-1", "code-a", "1.00"), 1);
    let why = reconciliation.matched(&Tolerances::default()).unwrap_err();
    assert_eq!(why.to_string(), "the files have 3 rows, and 2 are in a class");
}

/// A deal: invoice, product, account, amount in cents, and into how many rows the bill splits it.
type Deal = (u8, usize, u8, i64, Vec<i64>);

fn deals() -> impl Strategy<Value = Vec<Deal>> {
    proptest::collection::vec((0..6_u8, 0..3_usize, 0..3_u8, -50_000..500_000_i64, proptest::collection::vec(-900..900_i64, 0..3)), 0..24)
}

fn cents(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

/// The same deals on both sides. The ledger may not tell the account.
fn both_sides(deals: &[Deal], tells_accounts: bool) -> (Vec<Line>, Vec<Held>) {
    let letter = |product: usize| ["a", "b", "c"][product];
    let (mut lines, mut ledger) = (Vec::new(), Vec::new());
    for (invoice, product, account, amount, split) in deals {
        let (invoice, account) = (format!("inv-{invoice}"), format!("33334444555{account}").parse().unwrap());
        let rest = amount - split.iter().sum::<i64>();
        for part in split.iter().chain([&rest]) {
            let row = lines.len() as u64 + 1;
            lines.push(Line { account: Some(account), row, ..line(&invoice, &format!("code-{}", letter(*product)), &cents(*part)) });
        }
        let known = held(&invoice, &format!("prod-{}", letter(*product)), &cents(*amount));
        ledger.push(Held { account: tells_accounts.then_some(account), events: vec![ledger.len() as u64 + 1], ..known });
    }
    (lines, ledger)
}

proptest! {
    #[test]
    fn what_is_of_the_same_deals_agrees(deals in deals(), tells_accounts: bool) {
        let (lines, ledger) = both_sides(&deals, tells_accounts);
        let result = strict(&lines, &ledger);
        prop_assert_eq!(codes(&result), Vec::<String>::new());
    }

    #[test]
    fn the_order_of_lines_does_not_matter(deals in deals(), others in deals(), seed in any::<u64>()) {
        let (lines, _) = both_sides(&deals, true);
        let (_, ledger) = both_sides(&others, seed % 2 == 0);
        let (mut mixed, mut turned) = (lines.clone(), ledger.clone());
        // Rotate and interleave: any order does, and a seed tells which.
        if !mixed.is_empty() { let by = usize::try_from(seed).unwrap_or(7) % mixed.len(); mixed.rotate_left(by); }
        turned.reverse();
        mixed.sort_by_key(|line| line.row.wrapping_mul(seed | 1));
        let tolerances = tolerating("5.00", "40.00");
        prop_assert_eq!(reconciled(&[lines], &ledger, &tolerances), reconciled(&[mixed], &turned, &tolerances));
    }

    /// Any lines against any lines: that there is a result says that its totals tie, and here they are held against sums made apart from it.
    #[test]
    fn billed_less_ledger_is_breaks_and_tolerated_and_provisional(deals in deals(), others in deals(), gone in 0..9_usize, blank in 0..5_u8) {
        let (mut lines, _) = both_sides(&deals, true);
        let (_, ledger) = both_sides(&others, gone % 2 == 0);
        lines.iter_mut().step_by(gone + 1).for_each(|line| line.scope = OTHER.parse().unwrap());
        lines.iter_mut().filter(|line| line.row % 5 == u64::from(blank)).for_each(|line| line.invoice = None);
        let result = reconciled(&[lines.clone()], &ledger, &tolerating("9.00", "100.00"));
        let whole = |amount: Exact| amount.in_cents().replace('.', "").parse::<i128>().unwrap();
        let billed: i128 = lines.iter().map(|line| whole(line.amount)).sum();
        prop_assert_eq!(billed, result.sections.iter().map(|section| whole(section.billed.net)).sum::<i128>());
        let apart = |part: fn(&ledger_core::reconcile::Section) -> Exact| result.sections.iter().map(|section| whole(part(section))).sum::<i128>();
        let difference = billed - apart(|section| section.ledger.net);
        let explained = apart(|section| section.breaks) + apart(|section| section.tolerated);
        prop_assert_eq!(difference, explained + apart(|section| section.provisional));
        let broken: i128 = result.breaks.iter().map(|found| whole(found.difference())).sum();
        prop_assert_eq!(broken, apart(|section| section.breaks));
        prop_assert_eq!(result.classes.values().sum::<u64>(), lines.len() as u64);
    }

    /// A correction is told as the difference, or as the old row taken away and a new one: it comes to the same.
    #[test]
    fn a_correction_nets_the_same_in_either_form(deals in deals(), others in deals(), which in any::<usize>(), new in -40_000..400_000_i64) {
        let (lines, _) = both_sides(&deals, true);
        let (_, ledger) = both_sides(&others, true);
        prop_assume!(!lines.is_empty());
        let old = lines[which % lines.len()].clone();
        let was: i64 = old.amount.in_cents().replace('.', "").parse().unwrap();
        let corrected = |cents_of: i64, row: u64| Line { amount: cents(cents_of).parse().unwrap(), corrects: true, row, ..old.clone() };
        let delta = [lines.clone(), vec![corrected(new - was, 900)]].concat();
        let replaced = [lines, vec![corrected(-was, 900), corrected(new, 901)]].concat();
        let (one, other) = (strict(&delta, &ledger), strict(&replaced, &ledger));
        let told = |result: &Reconciled| {
            let breaks: Vec<_> = result.breaks.iter().map(|found| (found.id.clone(), found.kind, found.billed, found.ledger)).collect();
            let sums: Vec<_> = result.sections.iter().map(|section| (section.billed.net, section.ledger, section.breaks)).collect();
            (breaks, sums)
        };
        prop_assert_eq!(told(&one), told(&other));
    }
}

#[test]
fn every_kind_has_its_code_and_its_reasons() {
    for (at, kind) in ledger_core::reconcile::KINDS.iter().enumerate() {
        assert_eq!(kind.code(), format!("R{:02}", at + 1));
        assert_eq!(Kind::of(kind.code()), Some(*kind));
        assert!(!kind.reasons().is_empty());
    }
}
