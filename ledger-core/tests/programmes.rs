//! What is decided about programmes and credits: every rule refuses what it is there for, and what is a fact is found instead.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ledger_core::book::{Book, Decision, Setting, correct, decide};
use ledger_core::chain::{Hash, Head};
use ledger_core::event::governance::EntryCorrected;
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::money::Amount;
use ledger_core::problem::Problem;
use ledger_core::projection::Projection;
use ledger_core::projection::programmes::{Programmes, incentives, incentives_expected, incentives_missed};
use ledger_core::projection::records::Records;
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use serde_json::{Value, json};

const ISV: &str = "000057174132";
const BUYER: &str = "444455556666";
const OTHER: &str = "777788889999";
const NOW: &str = "2026-01-01";

fn moment(text: &str) -> Instant {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

fn event(kind: &str, value: &Value) -> Event {
    serde_json::from_value(json!({ "type": kind, "value": value })).unwrap()
}

fn document() -> Option<Source> {
    let digest = Hash::of(b"a document");
    Some(Source::manual(format!("document:{digest}"), Some(digest)))
}

/// A ledger in memory, at which somebody sits.
#[derive(Default)]
struct Desk {
    head: Option<Head>,
    entries: Vec<(Entry, Hash)>,
    book: Book,
    records: Records,
    programmes: Programmes,
}

impl Desk {
    fn append(&mut self, draft: &Draft) -> u64 {
        let mut line = Vec::new();
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), moment(NOW), &mut line).unwrap();
        let entry = Entry::read_strictly(&line, head.seq).unwrap();
        self.book.evolve(&entry);
        self.records.evolve(&entry);
        self.programmes.evolve(&entry);
        self.entries.push((entry, head.hash));
        self.head = Some(head);
        head.seq
    }

    fn decide(&self, at: &str, kind: &str, value: &Value, source: Option<Source>) -> Result<Decision, Vec<Problem>> {
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: moment(at), event: event(kind, value), source };
        let view = self.records.at(Basis::at(u64::MAX));
        let now = moment(NOW);
        decide(&Setting { book: &self.book, view: &view, programmes: &self.programmes, subject: None, now, known: None }, draft)
    }

    fn record(&mut self, at: &str, kind: &str, value: Value, source: Option<Source>) -> u64 {
        let Decision::Record(drafts) = self.decide(at, kind, &value, source).unwrap_or_else(|why| panic!("{kind} {value}: {why:?}")) else {
            panic!("{kind} is known already");
        };
        let first = drafts.iter().map(|draft| self.append(draft)).collect::<Vec<_>>();
        first[0]
    }

    /// An intent of ours.
    fn done(&mut self, at: &str, kind: &str, value: Value) -> u64 {
        self.record(at, kind, value, None)
    }

    /// A fact of AWS's, confirmed when it is money.
    fn fact(&mut self, at: &str, kind: &str, value: Value) -> u64 {
        let seq = self.record(at, kind, value, document());
        if matches!(kind, "credit.granted" | "credit.applied" | "credit.revoked") {
            self.confirm(seq);
        }
        seq
    }

    fn confirm(&mut self, seq: u64) {
        let event = event("entry.confirmed", &json!({ "entry": seq }));
        self.append(&Draft { actor: "mei".parse().unwrap(), effective_at: moment(NOW), event, source: None });
    }

    fn refused(&self, at: &str, kind: &str, value: Value) -> Vec<String> {
        told(self.decide(at, kind, &value, None).unwrap_err())
    }

    fn refused_fact(&self, at: &str, kind: &str, value: Value) -> Vec<String> {
        told(self.decide(at, kind, &value, document()).unwrap_err())
    }

    fn correct(&mut self, entry: u64, replacement: Option<Event>) -> Result<u64, Vec<String>> {
        let subject = self.entries.get(usize::try_from(entry).unwrap() - 1).map(|(entry, hash)| (entry, *hash));
        let at = subject.unwrap().0.effective_at;
        let corrected = EntryCorrected { entry, reason: "a slip".to_owned(), replacement };
        let by = ("li".parse().unwrap(), moment(NOW));
        let decided = correct((&self.book, &self.records, &self.programmes), subject, by, at, corrected).map_err(told)?;
        Ok(decided.iter().map(|draft| self.append(draft)).collect::<Vec<_>>()[0])
    }

    fn findings(&self) -> Vec<String> {
        let view = self.records.at(Basis::at(u64::MAX));
        self.programmes
            .at(&view)
            .findings()
            .into_iter()
            .map(|found| format!("{} {}: {}", found.code, found.subject, found.message))
            .collect()
    }

    fn report(&self) -> Report {
        incentives(&self.programmes.at(&self.records.at(Basis::at(u64::MAX))))
    }

    fn column(&self, name: &str) -> Vec<Cell> {
        let report = self.report();
        let at = report.column(name).unwrap();
        report.rows.iter().map(|row| row[at].clone()).collect()
    }

    /// A ledger with WMP and MPOP defined, and a deal of three yearly instalments of 400,000.
    fn with_a_deal() -> Self {
        let mut desk = Self::default();
        let bands = json!([{ "lowest": "15", "highest": "15" }, { "lowest": "25", "highest": "25" }]);
        let evidence = json!(["source-outside-aws", "strategy", "decommission", "consumption", "registered-before-work"]);
        let wmp = json!({ "programme": "wmp", "beneficiaries": ["isv", "buyer"], "rates": bands, "evidence": evidence });
        desk.fact("2024-10-01", "programme.defined", wmp);
        let bands = json!([{ "lowest": "1", "highest": "2" }]);
        let mpop = json!({ "programme": "mpop", "beneficiaries": ["buyer"], "rates": bands, "apply_within_days": 90, "ends_at": "2025-11-01T00:00:00Z" });
        desk.fact("2025-01-01", "programme.defined", mpop);
        let years = ["2025-06-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z"];
        let schedule: Vec<Value> = years.iter().map(|at| json!({ "amount": "400000.00", "charged_at": at })).collect();
        desk.done(
            "2025-05-06",
            "offer.released",
            json!({ "offer": "offer-1", "seller": ISV, "buyers": [BUYER], "products": ["prod-1"], "delivery": "saas", "pricing": "contract",
                "value": "1200000.00", "currency": "USD", "name": "Anchor", "expires_at": "2025-07-01T00:00:00Z",
                "ends_at": "2028-06-01T00:00:00Z", "schedule": schedule }),
        );
        desk.done("2025-05-20", "agreement.accepted", json!({ "agreement": "agmt-1", "offer": "offer-1", "acceptor": BUYER }));
        desk
    }

    fn registered(&mut self) {
        self.done("2025-05-05", "opportunity.registered", evidence("O1"));
    }
}

fn evidence(opportunity: &str) -> Value {
    json!({ "opportunity": opportunity, "from": "on-premises", "strategy": "refactor", "decommission_at": "2026-01-01T00:00:00Z",
        "consumption": "more", "work_planned_at": "2025-06-10T00:00:00Z" })
}

fn applied(programme: &str, more: Value) -> Value {
    let mut value = json!({ "application": "A1", "programme": programme, "agreement": "agmt-1", "beneficiary": BUYER });
    more.as_object().unwrap().iter().for_each(|(field, told)| value[field] = told.clone());
    value
}

fn granted(credit: &str, amount: &str, more: Value) -> Value {
    let mut value = json!({ "credit": credit, "programme": "mpop", "holder": BUYER, "amount": amount, "currency": "USD" });
    more.as_object().unwrap().iter().for_each(|(field, told)| value[field] = told.clone());
    value
}

fn told(problems: Vec<Problem>) -> Vec<String> {
    assert!(problems.iter().all(|problem| !problem.why.is_empty() && !problem.cure.is_empty()), "{problems:?}");
    problems.iter().map(|problem| format!("{} {}: {}", problem.code, problem.column.as_deref().unwrap_or_default(), problem.why)).collect()
}

#[test]
fn a_programme_is_defined_by_the_rules() {
    let mut desk = Desk::with_a_deal();
    let wrong = json!({ "programme": "mdf", "beneficiaries": ["everybody"], "evidence": ["goodwill"], "ends_at": "2024-01-01T00:00:00Z",
        "rates": [{ "lowest": "0", "highest": "2" }, { "lowest": "3", "highest": "2" }, { "lowest": "3", "highest": "101" }] });
    assert_eq!(
        desk.refused("2025-01-01", "programme.defined", wrong),
        [
            "E0203 programme: it is none of those there are",
            "E0102 document: a programme is defined from the terms that AWS published",
            "E0203 beneficiaries: it is none of those there are",
            "E0203 evidence: it is none of those there are",
            "E0401 rates: a band goes from a rate above 0 up to one of 100 at most",
            "E0401 rates: a band goes from a rate above 0 up to one of 100 at most",
            "E0401 rates: a band goes from a rate above 0 up to one of 100 at most",
            "E0415 ends_at: it holds from 2025-01-01T00:00:00Z",
        ]
    );
    let quota = json!({ "programme": "saas-co-sell", "rates": [{ "lowest": "1", "highest": "2" }] });
    assert_eq!(desk.refused_fact("2025-01-01", "programme.defined", quota), ["E0401 rates: it grants nobody a balance"]);
    let again = json!({ "programme": "mpop", "beneficiaries": ["buyer"] });
    assert_eq!(
        desk.refused_fact("2025-01-01", "programme.defined", again.clone()),
        ["E0408 programme: #2 defines it from the same moment"]
    );
    desk.fact("2025-02-01", "programme.defined", again);
    let late = json!({ "programme": "isv-accelerate", "holder": ISV, "until": "2025-01-01T00:00:00Z" });
    assert_eq!(
        desk.refused("2025-01-01", "enrolment.granted", late),
        ["E0418 type: AWS says this, and a document shows it", "E0415 until: it begins at 2025-01-01T00:00:00Z",]
    );
}

#[test]
fn an_opportunity_comes_before_the_work() {
    let mut desk = Desk::with_a_deal();
    let wrong = json!({ "opportunity": "O1", "from": "the moon", "strategy": "rewrite", "work_planned_at": "2025-05-01T00:00:00Z" });
    assert_eq!(
        desk.refused("2025-05-05", "opportunity.registered", wrong),
        [
            "E0203 from: it is none of those there are",
            "E0203 strategy: it is none of those there are",
            "E0415 work_planned_at: it is registered at 2025-05-05T00:00:00Z",
        ]
    );
    assert_eq!(desk.refused("2026-02-01", "work.began", json!({ "opportunity": "O1" })), ["E0415 effective: that day has not come"]);
    let work = desk.done("2025-05-04", "work.began", json!({ "opportunity": "O1" }));
    assert_eq!(
        desk.refused("2025-06-04", "work.began", json!({ "opportunity": "O1" })),
        [format!("E0408 opportunity: #{work} says that it began at 2025-05-04T00:00:00Z")]
    );
    assert_eq!(desk.findings(), ["F51 O1: the work on it began, and no registration is recorded"]);
    assert_eq!(
        desk.refused("2025-05-05", "opportunity.registered", evidence("O1")),
        [format!("E0415 effective: the work on it began at 2025-05-04T00:00:00Z (#{work}), and an opportunity is registered before")]
    );
    desk.fact("2025-05-05", "opportunity.registered", evidence("O1"));
    let late = "it was registered at 2025-05-05T00:00:00Z, and the work began at 2025-05-04T00:00:00Z";
    assert_eq!(desk.findings(), [format!("F51 O1: {late}")]);
    desk.correct(work, None).unwrap();
    assert_eq!(desk.findings(), [""; 0]);
}

#[test]
fn an_application_keeps_to_its_programme() {
    let mut desk = Desk::with_a_deal();
    desk.registered();
    let refused = |desk: &Desk, at: &str, value: Value| desk.refused(at, "benefit.applied", value);
    assert_eq!(refused(&desk, "2025-05-25", applied("mdf", json!({}))), ["E0203 programme: it is none of those there are"]);
    assert_eq!(refused(&desk, "2025-05-25", applied("list-and-sell", json!({}))), ["E0407 programme: nothing defines it on 2025-05-25"]);
    assert_eq!(
        refused(&desk, "2025-05-25", applied("saas-co-sell", json!({}))),
        ["E0401 programme: SaaS Co-Sell Benefit is for AWS's sellers, and nobody applies for it"]
    );
    let by = "(MPOP as defined by #2 from 2025-01-01)";
    let wrong = applied("mpop", json!({ "rate": "2.5", "beneficiary": ISV, "opportunity": "O9" }));
    assert_eq!(
        refused(&desk, "2025-08-19", wrong),
        [
            format!("E0401 rate: the programme gives 1-2 % {by}"),
            "E0407 opportunity: no registration of it is recorded by then".to_owned(),
            format!("E0414 beneficiary: the programme is for the buyer {by}"),
            format!("E0415 effective: the deal could be applied for until 2025-08-19T00:00:00Z {by}"),
        ]
    );
    assert_eq!(
        refused(&desk, "2025-12-01", applied("mpop", json!({ "agreement": "agmt-9" }))),
        [
            format!("E0415 effective: it took applications until 2025-11-01T00:00:00Z {by}"),
            "E0407 agreement: no acceptance of it is recorded by then".to_owned(),
        ]
    );
    let by = "(WMP as defined by #1 from 2024-10-01)";
    assert_eq!(
        refused(&desk, "2025-05-25", applied("wmp", json!({}))),
        [format!("E0102 opportunity: the programme asks for evidence {by}")]
    );
    desk.done("2025-05-06", "opportunity.registered", json!({ "opportunity": "O2", "from": "aws" }));
    assert_eq!(
        refused(&desk, "2025-05-25", applied("wmp", json!({ "opportunity": "O2" }))),
        [
            format!("E0401 opportunity: the programme asks that the workload comes from outside of AWS {by}"),
            format!("E0401 opportunity: the programme asks that it is moved in one of AWS's seven ways {by}"),
            format!("E0401 opportunity: the programme asks that the system outside is switched off on a day {by}"),
            format!("E0401 opportunity: the programme asks that more is consumed on AWS {by}"),
        ]
    );
    assert_eq!(
        desk.refused("2025-05-25", "arr.stated", json!({ "amount": "0", "currency": "USD" })),
        [
            "E0102 document: it is a stated fact, and a document states it",
            "E0401 amount: nothing is no credit",
            "E0102 opportunity: it is the ARR of something",
        ]
    );
    // As a fact each of them is found instead.
    desk.fact("2025-08-19", "benefit.applied", applied("mpop", json!({ "beneficiary": ISV })));
    desk.fact("2025-08-20", "benefit.applied", applied("wmp", json!({ "application": "A2", "opportunity": "O2", "rate": "25" })));
    desk.fact("2025-08-20", "arr.stated", json!({ "agreement": "agmt-1", "amount": "400000.01", "currency": "USD" }));
    assert_eq!(desk.findings(), [
        "F56 A2: a first year's ARR of 400000.01 USD is stated, and the first twelve months commit 400000 USD".to_owned(),
        format!("F57 A1: `{ISV}` receives, and MPOP is for the buyer (MPOP as defined by #2 from 2025-01-01)"),
        "F58 A1: it was applied for at 2025-08-19T00:00:00Z, and closed at 2025-08-19T00:00:00Z (MPOP as defined by #2 from 2025-01-01)".to_owned(),
        "F58 A2: nothing recorded shows that the workload comes from outside of AWS, that it is moved in one of AWS's seven ways, that the system \
         outside is switched off on a day, that more is consumed on AWS (WMP as defined by #1 from 2024-10-01)"
            .to_owned(),
    ]);
}

#[test]
fn a_credit_is_what_a_document_shows() {
    let mut desk = Desk::with_a_deal();
    let wrong = granted("C1", "0", json!({ "currency": "XXQ", "ends_at": "2025-05-01T00:00:00Z" }));
    assert_eq!(
        desk.refused("2025-06-01", "credit.granted", wrong),
        [
            "E0418 type: AWS says this, and a document shows it",
            "E0205 currency: ISO 4217 does not list it",
            "E0401 amount: nothing is no credit",
            "E0415 ends_at: it begins at 2025-06-01T00:00:00Z",
        ]
    );
    let pending = desk.record("2025-06-01", "credit.granted", granted("C1", "12000.00", json!({})), document());
    assert_eq!(desk.report().rows.len(), 0, "nobody has signed it");
    assert_eq!(
        desk.refused_fact("2025-06-02", "credit.granted", granted("C1", "1", json!({}))),
        ["E0408 credit: a credit of this id is recorded already"]
    );
    let pass = |credit: &str, to: &str, amount: &str, currency: &str| json!({ "credit": credit, "to": to, "amount": amount, "currency": currency });
    assert_eq!(
        desk.refused("2025-06-02", "credit.passed_on", pass("C1", OTHER, "1", "USD")),
        ["E0407 credit: it waits for its approvals, and counts nowhere"]
    );
    desk.confirm(pending);
    assert_eq!(
        desk.refused("2025-05-02", "credit.passed_on", pass("C1", OTHER, "1", "USD")),
        ["E0407 credit: no grant of it is recorded by then"]
    );
    assert_eq!(
        desk.refused("2025-06-02", "credit.passed_on", pass("C1", BUYER, "1", "EUR")),
        ["E0401 currency: the credit is in USD", "E0401 to: it holds the credit itself",]
    );
    assert_eq!(
        desk.refused("2025-06-02", "credit.passed_on", pass("C1", OTHER, "12000.01", "USD")),
        ["E0401 amount: 12000.00 of the credit has not been passed on"]
    );
    let used = |month: &str| json!({ "account": BUYER, "amount": "1.00", "currency": "USD", "month": month });
    assert_eq!(
        desk.refused("2025-06-02", "credit.applied", used("2025-13")),
        ["E0418 type: AWS says this, and a document shows it", "E0206 month: it is no month",]
    );
    assert_eq!(desk.refused_fact("2025-06-02", "credit.applied", used("2026-02")), ["E0415 month: that month has not come"]);
    assert_eq!(
        desk.refused("2025-06-02", "credit.revoked", json!({ "credit": "C2", "amount": "1", "currency": "USD", "holder": BUYER })),
        ["E0418 type: AWS says this, and a document shows it", "E0407 credit: no grant of it is recorded by then",]
    );
    let foreign = json!({ "credit": "C1", "amount": "1", "currency": "EUR", "holder": BUYER });
    assert_eq!(desk.refused_fact("2025-06-02", "credit.revoked", foreign), ["E0401 currency: the credit is in USD"]);
    assert_eq!(
        desk.refused("2025-06-02", "benefit.reviewed", json!({ "application": "A1", "status": "APPROVED" })),
        ["E0418 type: AWS says this, and a document shows it", "E0407 application: nobody had applied under this id by then",]
    );
    assert_eq!(
        desk.refused("2025-06-02", "quota.retired", json!({ "amount": "1", "currency": "USD" })),
        ["E0418 type: AWS says this, and a document shows it"]
    );
    let twins = json!({ "credit": "C1", "children": [{ "credit": "C2", "amount": "6000" }, { "credit": "C2", "amount": "6000" }] });
    assert_eq!(
        desk.refused("2025-06-02", "credit.split", twins),
        ["E0408 children: another credit has this id", "E0408 children: another credit has this id",]
    );
}

#[test]
fn a_grant_is_held_against_its_programme() {
    let mut desk = Desk::with_a_deal();
    desk.done("2025-05-25", "benefit.applied", applied("mpop", json!({})));
    desk.fact("2025-06-01", "credit.granted", granted("C1", "24000.01", json!({ "application": "A1" })));
    let message = "F50 A1: 24000.01 USD is not 1-2 % of 1200000.00 USD (MPOP as defined by #2 from 2025-01-01)";
    assert_eq!(desk.findings(), [message]);
    desk.fact("2025-06-02", "credit.granted", granted("C2", "1.00", json!({ "programme": "saas-co-sell" })));
    desk.fact("2024-06-02", "credit.granted", granted("C3", "1.00", json!({ "programme": "wmp" })));
    assert_eq!(
        desk.findings()[1..],
        [
            "F50 C2: SaaS Co-Sell Benefit is nobody's balance, and this is a credit",
            "F61 C2: nothing defines SaaS Co-Sell Benefit on 2025-06-02",
            "F61 C3: nothing defines WMP on 2024-06-02",
        ]
    );
    desk.fact("2025-06-03", "credit.granted", granted("C4", "1.00", json!({ "programme": "mppo" })));
    desk.fact("2025-06-03", "credit.granted", granted("C5", "1.00", json!({ "programme": "wmp" })));
    let found = desk.findings();
    for message in [
        "F61 C4: no programme `mppo` is known here",
        "F58 C5: nothing recorded shows what 15 or 25 % is of: a deal, or a first year's ARR (WMP as defined by #1 from 2024-10-01)",
    ] {
        assert!(found.iter().any(|told| told == message), "{found:#?}");
    }
}

#[test]
fn a_grant_fits_the_application_that_it_names() {
    let mut desk = Desk::with_a_deal();
    desk.done("2025-05-25", "benefit.applied", applied("mpop", json!({})));
    desk.fact("2025-06-01", "credit.granted", granted("C1", "12000.00", json!({ "application": "A1" })));
    assert_eq!(desk.findings(), Vec::<String>::new());
    desk.fact("2025-06-02", "credit.granted", granted("C2", "1.00", json!({ "application": "A2" })));
    desk.fact("2025-06-03", "credit.granted", granted("C3", "1.00", json!({ "application": "A1", "programme": "wmp" })));
    let unfit = |desk: &Desk| desk.findings().into_iter().filter(|found| found.starts_with("F62")).collect::<Vec<_>>();
    let others = [
        "F62 C2: it names the application `A2`, and none of that name is recorded",
        "F62 C3: it names the application `A1`, which is for MPOP",
    ];
    assert_eq!(unfit(&desk), others);
    desk.fact("2025-06-04", "benefit.reviewed", json!({ "application": "A1", "status": "REJECTED" }));
    assert_eq!(unfit(&desk)[0], "F62 C1: it names the application `A1`, of which AWS said REJECTED");
}

#[test]
fn what_is_granted_in_two_currencies_is_told_in_both() {
    let mut desk = Desk::with_a_deal();
    desk.done("2025-05-25", "benefit.applied", applied("mpop", json!({})));
    desk.fact("2025-06-01", "credit.granted", granted("C1", "12000.00", json!({ "application": "A1" })));
    desk.fact("2025-06-02", "credit.granted", granted("C2", "500.00", json!({ "application": "A1", "currency": "EUR" })));
    let view = desk.records.at(Basis::at(u64::MAX));
    let report = incentives_expected(&desk.programmes.at(&view));
    let told = |name: &str| report.rows.iter().map(|row| row[report.column(name).unwrap()].clone()).collect::<Vec<_>>();
    let amount = |text: &str| Cell::Amount(text.parse().unwrap());
    assert_eq!(told("granted"), [amount("12000.00"), amount("500.00")]);
    assert_eq!(told("currency"), [Cell::text("USD"), Cell::text("EUR")]);
    assert_eq!(told("expected"), [amount("12000.00"), Cell::Empty]);
    assert_eq!(desk.findings(), ["F50 A1: 500.00 EUR is not 1-2 % of 1200000.00 USD (MPOP as defined by #2 from 2025-01-01)"]);
}

#[test]
fn a_credit_that_was_split_pays_for_no_later_month() {
    let mut desk = Desk::with_a_deal();
    desk.fact("2025-06-01", "credit.granted", granted("C1", "1000.00", json!({})));
    // Its parts sum to less than was left of it: some use of it is missing here.
    let parts = json!([{ "credit": "C2", "amount": "400.00" }, { "credit": "C3", "amount": "500.00" }]);
    desk.fact("2025-06-20", "credit.split", json!({ "credit": "C1", "children": parts }));
    desk.fact("2025-08-02", "credit.applied", json!({ "account": BUYER, "amount": "150.00", "currency": "USD", "month": "2025-07" }));
    let applied = desk.column("applied");
    assert_eq!(applied, ["0.00", "150.00", "0.00"].map(|text| Cell::Amount(text.parse().unwrap())));
    // June's bill came before the split.
    desk.fact("2025-08-03", "credit.applied", json!({ "account": BUYER, "amount": "60.00", "currency": "USD", "month": "2025-06" }));
    assert_eq!(desk.column("applied"), ["60.00", "150.00", "0.00"].map(|text| Cell::Amount(text.parse().unwrap())));
}

#[test]
fn a_split_that_aws_does_not_make_is_found_when_it_is_a_fact() {
    let mut desk = Desk::with_a_deal();
    desk.fact("2025-06-01", "credit.granted", granted("C1", "1000.00", json!({})));
    let parts = |amounts: &[&str]| -> Vec<Value> {
        (2..).zip(amounts).map(|(at, amount)| json!({ "credit": format!("C{at}"), "amount": amount })).collect()
    };
    assert_eq!(
        desk.refused("2025-06-02", "credit.split", json!({ "credit": "C1", "children": parts(&["400", "500"]) })),
        ["E0401 children: its parts sum to 900.00, and 1000.00 was left of it"]
    );
    desk.fact("2025-06-02", "credit.split", json!({ "credit": "C1", "children": parts(&["400", "500"]) }));
    assert_eq!(desk.findings()[0], "F55 C1: its parts sum to 900.00, and 1000.00 was left of it");
    let amounts = |name| {
        desk.column(name)
            .iter()
            .map(|cell| if let Cell::Amount(amount) = cell { amount.to_string() } else { String::new() })
            .collect::<Vec<_>>()
    };
    assert_eq!(amounts("granted"), ["100.00", "400.00", "500.00"]);
    assert_eq!(amounts("balance"), ["100.00", "400.00", "500.00"]);
}

/// Vector T12 and the rest of AWS's order: soonest end, then fewest services, then oldest; what never ends is last.
#[test]
fn credits_are_used_in_the_published_order() {
    let mut desk = Desk::with_a_deal();
    let (soon, late) = ("2026-02-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let mut grant = |at: &str, credit: &str, ends: Option<&str>, services: &[&str]| {
        let mut more = json!({ "services": services });
        if let Some(ends) = ends {
            more["ends_at"] = json!(ends);
        }
        desk.fact(at, "credit.granted", granted(credit, "10.00", more));
    };
    grant("2025-01-01", "never", None, &["AmazonEC2"]);
    grant("2025-01-02", "all", Some(late), &[]);
    grant("2025-01-03", "two", Some(late), &["AmazonEC2", "AmazonS3"]);
    grant("2025-01-05", "new", Some(late), &["AmazonEC2"]);
    grant("2025-01-04", "old", Some(late), &["AmazonEC2"]);
    grant("2025-06-01", "soon", Some(soon), &["AmazonEC2", "AmazonS3"]);
    grant("2025-01-01", "other", Some(soon), &["AmazonRDS"]);
    let order = ["soon", "old", "new", "two", "all", "never"];
    for (at, _) in order.iter().enumerate() {
        let total =
            json!({ "account": BUYER, "amount": (at * 10 + 5).to_string(), "currency": "USD", "month": "2025-12", "service": "AmazonEC2" });
        let total = desk.fact("2026-01-01", "credit.applied", total);
        let view = desk.records.at(Basis::at(u64::MAX));
        let all = desk.programmes.at(&view);
        for (place, id) in order.iter().enumerate() {
            let expected = if place < at {
                "10"
            } else if place == at {
                "5"
            } else {
                "0"
            };
            assert_eq!(Amount::from_units(all.credit(id).unwrap().applied()).to_string(), expected, "{id} with {at}5.00 used");
        }
        assert_eq!(all.credit("other").unwrap().applied(), 0, "it pays for another service");
        drop(all);
        drop(view);
        desk.correct(total, None).unwrap();
    }
}

#[test]
fn an_estimate_gives_way_to_the_bill() {
    let mut desk = Desk::with_a_deal();
    desk.fact("2025-06-01", "credit.granted", granted("C1", "1000.00", json!({})));
    let used = |amount: &str, estimated: bool| json!({ "credit": "C1", "account": BUYER, "amount": amount, "currency": "USD", "month": "2025-07", "estimated": estimated });
    desk.fact("2025-07-20", "credit.applied", used("80.00", true));
    desk.fact("2025-08-03", "credit.applied", used("95.50", false));
    // What is recorded late of an earlier estimate changes nothing.
    desk.fact("2025-07-25", "credit.applied", used("90.00", true));
    assert_eq!(desk.column("applied"), [Cell::Amount("95.50".parse().unwrap())]);
    let before = Basis { effective_before: Some(moment("2025-08-01")), ..Basis::at(u64::MAX) };
    let view = desk.records.at(before);
    let report = incentives(&desk.programmes.at(&view));
    assert_eq!(report.rows[0][report.column("applied").unwrap()], Cell::Amount("90.00".parse().unwrap()));
}

#[test]
fn a_grant_on_which_something_rests_is_not_taken_back() {
    let mut desk = Desk::with_a_deal();
    let grant = desk.fact("2025-06-01", "credit.granted", granted("C1", "1000.00", json!({})));
    let used = json!({ "credit": "C1", "account": BUYER, "amount": "400.00", "currency": "USD", "month": "2025-07" });
    let used = desk.fact("2025-08-03", "credit.applied", used);
    assert_eq!(desk.correct(grant, None).unwrap_err(), ["E0419 entry: `C1` rests on it: no grant of this credit is recorded"]);
    let less = Some(event("credit.granted", &granted("C1", "399.99", json!({}))));
    assert_eq!(desk.correct(grant, less).unwrap_err(), ["E0419 entry: `C1` rests on it: more of it was used than the 399.99 granted"]);
    let more = desk.correct(grant, Some(event("credit.granted", &granted("C1", "1200.00", json!({}))))).unwrap();
    assert_eq!(desk.findings(), ["F59 C1: its grant waits for its approvals"], "it waits for a second person again");
    desk.confirm(more);
    assert_eq!(desk.column("balance"), [Cell::Amount("800.00".parse().unwrap())]);
    let euros = Some(event("credit.granted", &granted("C1", "1200.00", json!({ "currency": "EUR" }))));
    assert_eq!(desk.correct(more, euros).unwrap_err(), ["E0419 entry: `C1` rests on it: it is in EUR, and this in USD: it counts nothing"]);
    desk.correct(used, None).unwrap();
    let again = desk.correct(more, Some(event("credit.granted", &granted("C1", "5.00", json!({}))))).unwrap();
    desk.confirm(again);
    assert_eq!(desk.column("granted"), [Cell::Amount("5.00".parse().unwrap())]);
    desk.correct(again, None).unwrap();
    assert_eq!(desk.report().rows.len(), 0);
}

#[test]
fn a_balance_brought_forward_is_a_grant() {
    let mut desk = Desk::with_a_deal();
    let digest = Hash::of(b"a document");
    let value = json!({ "kind": "grant", "item": "C0", "party": BUYER, "amount": "700.00", "currency": "USD", "document": digest.to_string(),
        "cut_over": "2025-02-01T00:00:00Z", "due": "2025-09-01T00:00:00Z" });
    let seq = desk.record("2025-02-01", "balance.brought_forward", value, document());
    assert_eq!(desk.report().rows.len(), 0);
    desk.confirm(seq);
    assert_eq!(desk.column("granted"), [Cell::Amount("700.00".parse().unwrap())]);
    assert_eq!(desk.column("expired"), [Cell::Amount("700.00".parse().unwrap())], "its end has passed");
}

#[test]
fn deals_that_fit_and_that_nobody_applied_for_are_missed() {
    let mut desk = Desk::with_a_deal();
    let missed = |desk: &Desk| -> Vec<String> {
        let view = desk.records.at(Basis::at(u64::MAX));
        let report = incentives_missed(&desk.programmes.at(&view));
        let at = report.column("programme").unwrap();
        report.rows.iter().map(|row| if let Cell::Text(text) = &row[at] { text.clone() } else { String::new() }).collect()
    };
    assert_eq!(missed(&desk), ["MPOP"]);
    let mut opportunity = evidence("O1");
    opportunity["agreement"] = json!("agmt-1");
    desk.done("2025-05-05", "opportunity.registered", opportunity);
    assert_eq!(missed(&desk), ["MPOP", "WMP"]);
    desk.fact("2025-01-01", "programme.defined", json!({ "programme": "isv-accelerate" }));
    desk.done("2025-02-01", "product.designated", json!({ "product": "prod-1", "designation": "deployed-on-aws", "holds": true }));
    assert_eq!(missed(&desk), ["MPOP", "WMP", "ISV Accelerate"]);
    desk.fact("2025-03-01", "enrolment.granted", json!({ "programme": "isv-accelerate", "holder": ISV }));
    desk.fact("2025-01-01", "programme.defined", json!({ "programme": "saas-co-sell" }));
    assert_eq!(missed(&desk), ["MPOP", "WMP", "SaaS Co-Sell Benefit"]);
    desk.fact("2025-06-01", "quota.retired", json!({ "agreement": "agmt-1", "amount": "1200000.00", "currency": "USD" }));
    desk.done("2025-05-25", "benefit.applied", applied("mpop", json!({})));
    assert_eq!(missed(&desk), ["WMP"]);
    assert!(desk.findings().is_empty());
}
