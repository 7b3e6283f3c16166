//! Documents of AWS: every one of AWS's own samples is read, or refused for a stated reason.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ledger_core::chain::Hash;
use ledger_core::document::{self, Beside, Told as Read};
use ledger_core::event::{Draft, Entry, Source};
use ledger_core::feed::Fact;
use ledger_core::projection::Projection as _;
use ledger_core::projection::records::{self, Records};
use ledger_core::report::Report;
use ledger_core::time::Basis;
use proptest::prelude::*;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/marketplace-api")
}

fn all(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
}

/// What is said beside AWS's samples, which are requests: when they held, and what AWS called what they create.
fn names() -> BTreeMap<String, String> {
    let offer = "offer-2222222222222";
    let names = [
        ("CreateCPPO", offer),
        ("CreateCPPOoffer", offer),
        ("CreateOfferChange", offer),
        ("CreateProductChange", "prod-2222222222222"),
        ("CreateReplacementOffer", offer),
        ("CreateReplacementOfferResaleAuth", offer),
        ("MyCreateOfferChange", offer),
        ("Offer", offer),
        ("OfferSet", "offerset-2222222222222"),
        ("OfferSetCreation", "offerset-2222222222222"),
        ("ResaleAuthorization", "resaleauthz-2222222222222"),
        ("agreement", "agmt-2222222222222222222222222"),
    ];
    names.into_iter().map(|(name, id)| (name.to_owned(), id.to_owned())).collect()
}

fn read(text: &str, names: &BTreeMap<String, String>, is_dated: bool) -> (Option<&'static str>, Read) {
    let whole: serde_json::Value = serde_json::from_str(text).unwrap();
    let Some(kind) = document::recognise(&whole) else { return (None, Read::default()) };
    let whose = kind.account(&whole).unwrap_or_else(|| "777788889999".parse().unwrap());
    let effective_at = is_dated.then(|| "2023-03-01T00:00:00Z".parse().unwrap());
    (Some(kind.name()), document::read(kind, &whole, Beside { whose, names, effective_at, digest: Hash::of(text.as_bytes()) }))
}

fn shown(fact: &Fact) -> String {
    let event = serde_json::to_value(&fact.event).unwrap();
    let value = event["value"].as_object().unwrap();
    let mut line = event["type"].as_str().unwrap().to_owned();
    for (name, member) in value.iter().filter(|(name, _)| *name != "recipient") {
        let text = match member {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(items) if items.len() > 4 => format!("{} of them", items.len()),
            serde_json::Value::Array(items) => {
                let item = |item: &serde_json::Value| match item {
                    serde_json::Value::Object(members) => {
                        members.values().map(|member| member.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" ")
                    }
                    other => other.as_str().unwrap_or_default().to_owned(),
                };
                items.iter().map(item).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        write!(line, "  {name}={text}").unwrap();
    }
    line
}

#[test]
fn every_sample_of_aws_is_read_or_refused_for_a_stated_reason() {
    let root = samples();
    let mut files = Vec::new();
    all(&root, &mut files);
    files.sort();
    assert_eq!(files.len(), 86);
    let names = names();
    let mut out = String::new();
    let mut counts = BTreeMap::new();
    for file in files {
        let (kind, told) = read(&std::fs::read_to_string(&file).unwrap(), &names, true);
        let became = match kind {
            None => "refused: of no known kind",
            Some(_) if !told.problems.is_empty() => "refused",
            Some(_) if told.facts.is_empty() => "read: nothing to record",
            Some(_) => "recorded",
        };
        *counts.entry(became).or_insert(0) += 1;
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        writeln!(out, "{name}\n  {}{became}", kind.map(|kind| format!("{kind}, ")).unwrap_or_default()).unwrap();
        for problem in &told.problems {
            let field = problem.column.as_deref().unwrap_or("the document");
            writeln!(out, "  {} {field}: {}", problem.code.as_str(), problem.why).unwrap();
        }
        if told.problems.is_empty() {
            told.facts.iter().for_each(|fact| writeln!(out, "  {}", shown(fact)).unwrap());
            let dropped: Vec<String> = told.dropped.iter().map(|(what, times)| format!("{what} {times}")).collect();
            if !dropped.is_empty() {
                writeln!(out, "  of no use here: {}", dropped.join(", ")).unwrap();
            }
        }
    }
    insta::assert_snapshot!(format!("{counts:#?}\n{out}"));
}

#[test]
fn a_request_says_neither_when_nor_what_was_created() {
    let file = samples().join("catalog_api/channel_partner_offers/publish_cppo_price_markup/changeset.json");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, told) = read(&text, &BTreeMap::new(), true);
    let why: Vec<_> = told.problems.iter().map(|problem| (problem.code.as_str(), problem.why.as_str())).collect();
    assert_eq!(why, [("E0326", "nothing says what AWS called the Offer that `CreateCPPO` creates")]);
    let (_, told) = read(&text, &names(), false);
    let why: Vec<_> = told.problems.iter().map(|problem| (problem.code.as_str(), problem.why.as_str())).collect();
    assert_eq!(why, [("E0326", "nothing in a change set that is only asked for says when")]);
}

/// AWS's answer names what was created where it was created, and says when: nothing need be said beside it.
#[test]
fn an_answer_says_the_same_as_its_request_and_what_was_said_beside_it() {
    let mut files = Vec::new();
    all(&samples().join("catalog_api"), &mut files);
    let names = names();
    let mut compared = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (kind, asked) = read(&text, &names, true);
        if kind != Some("change_set") || !asked.problems.is_empty() || asked.facts.is_empty() {
            continue;
        }
        let mut answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        answer["ChangeSetId"] = "1a2b".into();
        answer["ChangeSetArn"] = "arn:aws:aws-marketplace:us-east-1:777788889999:AWSMarketplace/ChangeSet/1a2b".into();
        (answer["Status"], answer["EndTime"]) = ("SUCCEEDED".into(), "2023-03-01T00:00:00Z".into());
        for change in answer["ChangeSet"].as_array_mut().unwrap() {
            if let Some(id) = change.get("ChangeName").and_then(|name| names.get(name.as_str().unwrap())) {
                change["Entity"]["Identifier"] = format!("{id}@1").into();
            } else if change["Entity"].get("Identifier").is_none() {
                let kind = change["Entity"]["Type"].as_str().unwrap().split('@').next().unwrap().to_owned();
                change["Entity"]["Identifier"] = names[&kind].clone().into();
            }
            // Older answers have the details as a text only.
            if let Some(details) = change.as_object_mut().unwrap().remove("DetailsDocument") {
                change["Details"] = details.to_string().into();
            }
        }
        let (_, answered) = read(&answer.to_string(), &BTreeMap::new(), false);
        assert_eq!(answered.problems, vec![], "{}", file.display());
        let events = |told: &Read| told.facts.iter().map(|fact| (fact.effective_at, fact.event.clone())).collect::<Vec<_>>();
        assert_eq!(events(&answered), events(&asked), "{}", file.display());
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

/// The life of a channel partner's deal as AWS answers and tells it, to its ISV and to its partner.
fn a_cppo_life() -> Vec<Fact> {
    let folder = samples().join("../documents/cppo");
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut facts: Vec<Fact> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for whole in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
            let whole = whole.unwrap();
            let kind = document::recognise(&whole).unwrap();
            let whose = kind.account(&whole).unwrap_or_else(|| "444455556666".parse().unwrap());
            let beside = Beside { whose, names: &BTreeMap::new(), effective_at: None, digest: Hash::ZERO };
            let told = document::read(kind, &whole, beside);
            assert_eq!(told.problems, vec![]);
            // AWS repeats notices; a repeated one is known.
            facts.extend(told.facts.into_iter().filter(|fact| !facts.contains(fact)).collect::<Vec<_>>());
        }
    }
    facts
}

fn folded(facts: &[Fact]) -> Vec<Report> {
    let mut records = Records::default();
    let mut head = ledger_core::chain::Head::EMPTY;
    for fact in facts {
        let source = Some(Source::row(fact.key.clone(), 1, 1, fact.stated_at));
        let draft = Draft { actor: "import".parse().unwrap(), effective_at: fact.effective_at, event: fact.event.clone(), source };
        let mut line = Vec::new();
        head = draft.write(head, "2026-04-03T09:00:00Z".parse().unwrap(), &mut line).unwrap();
        records.evolve(&Entry::read(&line, head.seq).unwrap());
    }
    let view = records.at(Basis::at(u64::MAX));
    vec![
        records::deals(&view),
        records::offers(&view),
        records::authorizations(&view),
        records::agreements(&view),
        records::products(&view),
    ]
}

#[test]
fn a_cppo_life_comes_out_of_its_documents() {
    let facts = a_cppo_life();
    assert_eq!(facts.len(), 13);
    let mut out = String::new();
    for report in folded(&facts) {
        writeln!(out, "{}", report.name).unwrap();
        for row in &report.rows {
            for (column, cell) in report.columns.iter().zip(row) {
                let text = format!("{cell:?}");
                if text != "Empty" {
                    writeln!(out, "  {} {text}", column.name).unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!(out);
}

proptest! {
    /// A notice after the acceptance it announces is normal.
    #[test]
    fn documents_in_any_order_tell_the_same(facts in Just(a_cppo_life()).prop_shuffle()) {
        let rows = |reports: Vec<Report>| reports.into_iter().map(|report| report.rows).collect::<Vec<_>>();
        prop_assert_eq!(rows(folded(&facts)), rows(folded(&a_cppo_life())));
    }
}

/// A ledger of documents, and of what was recorded beside them.
#[derive(Default)]
struct Told {
    head: Option<ledger_core::chain::Head>,
    records: Records,
    book: ledger_core::book::Book,
}

impl Told {
    fn append(&mut self, draft: &Draft) {
        let mut line = Vec::new();
        let head = self.head.unwrap_or(ledger_core::chain::Head::EMPTY);
        let head = draft.write(head, "2026-04-03T09:00:00Z".parse().unwrap(), &mut line).unwrap();
        let entry = Entry::read(&line, head.seq).unwrap();
        self.records.evolve(&entry);
        self.book.evolve(&entry);
        self.head = Some(head);
    }

    fn document(&mut self, whose: &str, at: &str, whole: &serde_json::Value) {
        let kind = document::recognise(whole).unwrap();
        let (names, digest) = (BTreeMap::new(), Hash::of(whole.to_string().as_bytes()));
        let beside = Beside { whose: whose.parse().unwrap(), names: &names, effective_at: Some(at.parse().unwrap()), digest };
        let told = document::read(kind, whole, beside);
        assert_eq!(told.problems, vec![]);
        for fact in told.facts {
            let source = Some(Source::row(fact.key, 1, 1, fact.stated_at));
            self.append(&Draft { actor: "import".parse().unwrap(), effective_at: fact.effective_at, event: fact.event, source });
        }
    }

    fn found(&self) -> Vec<String> {
        let view = self.records.at(Basis::at(u64::MAX));
        let found = ledger_core::book::audit(&self.book, &view);
        found.into_iter().map(|found| format!("{} {}: {}", found.code, found.subject, found.message)).collect()
    }
}

const ISV: &str = "111122223333";
const PARTNER: &str = "444455556666";

fn change(what: &str, kind: &str, id: &str, details: serde_json::Value) -> serde_json::Value {
    serde_json::json!({ "ChangeType": what, "Entity": { "Type": format!("{kind}@1.0"), "Identifier": id }, "DetailsDocument": details })
}

fn changes(all: &[serde_json::Value]) -> serde_json::Value {
    serde_json::json!({ "Catalog": "AWSMarketplace", "ChangeSet": all })
}

/// An offer that a partner releases under the authorization of these tests.
fn resold(id: &str, name: &str, buyer: &str, price: &str, currency: &str) -> serde_json::Value {
    let term = serde_json::json!({ "Type": "FixedUpfrontPricingTerm", "CurrencyCode": currency, "Price": price, "Duration": "P12M" });
    changes(&[
        change(
            "CreateOfferUsingResaleAuthorization",
            "Offer",
            id,
            serde_json::json!({ "ResaleAuthorizationId": "resaleauthz-1", "Name": name }),
        ),
        change("UpdatePricingTerms", "Offer", id, serde_json::json!({ "PricingModel": "Contract", "Terms": [term] })),
        change("UpdateTargeting", "Offer", id, serde_json::json!({ "PositiveTargeting": { "BuyerAccounts": [buyer] } })),
        change("ReleaseOffer", "Offer", id, serde_json::json!({})),
    ])
}

fn accepted(agreement: &str, offer: &str, buyer: &str, at: &str, product: &str) -> serde_json::Value {
    serde_json::json!({
        "agreementId": agreement, "acceptanceTime": at, "acceptor": { "accountId": buyer }, "proposer": { "accountId": PARTNER },
        "proposalSummary": { "offerId": offer, "resources": [{ "id": product, "type": "SaaSProduct" }] }, "status": "ACTIVE",
    })
}

#[test]
fn what_aws_lets_pass_and_our_rules_do_not_is_found() {
    let mut told = Told::default();
    let grant = |details: serde_json::Value| {
        changes(&[
            change("CreateResaleAuthorization", "ResaleAuthorization", "resaleauthz-1", details),
            change(
                "UpdateAvailability",
                "ResaleAuthorization",
                "resaleauthz-1",
                serde_json::json!({ "AvailabilityEndDate": "2026-01-31", "OffersMaxQuantity": 1 }),
            ),
            change(
                "UpdateBuyerTargetingTerms",
                "ResaleAuthorization",
                "resaleauthz-1",
                serde_json::json!({ "Terms": [{ "Type": "BuyerTargetingTerm", "PositiveTargeting": { "BuyerAccounts": ["777788889999"] } }] }),
            ),
            change("ReleaseResaleAuthorization", "ResaleAuthorization", "resaleauthz-1", serde_json::json!({})),
        ])
    };
    let details = serde_json::json!({ "ProductId": "prod-1", "Name": "Spring", "ResellerAccountId": PARTNER });
    told.document(ISV, "2026-01-05T00:00:00Z", &grant(details));
    told.document(PARTNER, "2026-01-10T00:00:00Z", &resold("offer-1", "Annual plan", "777788889999", "100.00", "USD"));
    // What is made before a restriction stands.
    let restrict = changes(&[change("RestrictResaleAuthorization", "ResaleAuthorization", "resaleauthz-1", serde_json::json!({}))]);
    told.document(ISV, "2026-01-20T00:00:00Z", &restrict);
    assert_eq!(told.found(), Vec::<String>::new());

    told.document(PARTNER, "2026-02-10T00:00:00Z", &resold("offer-2", "Annual plan", "222233334444", "100.00", "USD"));
    let found = told.found();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found.iter().all(|found| found.starts_with("F15 offer-2: ")), "{found:?}");
    for why in ["it is restricted", "it ended at 2026-02-01", "`resaleauthz-1` is for 777788889999", "1 of 1 offers"] {
        assert!(found.iter().any(|found| found.contains(why)), "{why}: {found:?}");
    }

    // The same name for the same buyer, at one time; a public offer in another currency than USD.
    told.document(PARTNER, "2026-02-11T00:00:00Z", &resold("offer-3", "annual plan ", "222233334444", "100.00", "USD"));
    assert!(told.found().contains(&"F17 offer-3: `222233334444` sees offer `offer-2` of the name `annual plan ` too".to_owned()));
    let euros = serde_json::json!({ "PricingModel": "Usage", "Terms": [{ "Type": "UsageBasedPricingTerm", "CurrencyCode": "EUR", "RateCards": [] }] });
    let public = changes(&[
        change("CreateOffer", "Offer", "offer-4", serde_json::json!({ "ProductId": "prod-2" })),
        change("UpdatePricingTerms", "Offer", "offer-4", euros),
        change("ReleaseOffer", "Offer", "offer-4", serde_json::json!({})),
    ]);
    told.document(ISV, "2026-02-12T00:00:00Z", &public);
    assert!(told.found().contains(&"F20 offer-4: currency EUR: a public offer is priced in USD".to_owned()), "{:?}", told.found());

    // The buyer's organisation does not list the product; two instalments lie before the acceptance.
    let policy = serde_json::json!({ "type": "policy.set", "value": { "policy": "private-marketplace", "parameters": { "222233334444": "prod-9" } } });
    let event = serde_json::from_value(policy).unwrap();
    told.append(&Draft { actor: "li".parse().unwrap(), effective_at: "2026-01-01T00:00:00Z".parse().unwrap(), event, source: None });
    told.document(PARTNER, "2026-03-01T00:00:00Z", &accepted("agmt-1", "offer-2", "222233334444", "2026-03-01T00:00:00Z", "prod-1"));
    let charge = |date: &str| serde_json::json!({ "chargeDate": date, "chargeAmount": "50.00" });
    let schedule = [charge("2026-01-01T00:00:00Z"), charge("2026-02-01T00:00:00Z"), charge("2026-06-01T00:00:00Z")];
    let terms = serde_json::json!({ "agreementId": "agmt-1", "acceptedTerms": [
        { "paymentScheduleTerm": { "type": "PaymentScheduleTerm", "id": "term-1", "currencyCode": "USD", "schedule": schedule } },
    ] });
    told.document(PARTNER, "2026-03-01T00:00:00Z", &terms);
    let found = told.found();
    assert!(found.iter().any(|found| found.starts_with("F19 agmt-1: ")), "{found:?}");
    assert!(found.iter().any(|found| found.starts_with("F16 agmt-1: ") && found.contains("2 instalments lie before")), "{found:?}");

    // A second agreement for the product, while the first one lasts.
    told.document(PARTNER, "2026-03-02T00:00:00Z", &accepted("agmt-2", "offer-3", "222233334444", "2026-03-02T00:00:00Z", "prod-1"));
    assert!(told.found().contains(&"F18 agmt-2: `222233334444` holds `agmt-1` for `prod-1` already".to_owned()), "{:?}", told.found());
}

fn whole(text: &str) -> Read {
    read(text, &BTreeMap::new(), true).1
}

fn refusals(text: &str) -> Vec<(String, String)> {
    let problems = whole(text).problems;
    problems.into_iter().map(|problem| (problem.code.as_str().to_owned(), problem.column.unwrap_or_default())).collect()
}

/// A notice of an offer, with its date of expiry as it is written in the JSON.
fn released(request: &str, offer: &str, expires: &str) -> String {
    format!(
        r#"{{"detail-type": "Offer Released - Proposer", "time": "2026-01-05T00:00:00Z", "account": "111122223333", "detail":
        {{"requestId": "{request}", "offer": {{"id": "{offer}", "name": "x", "expirationDate": {expires}}}}}}}"#
    )
}

fn terms(schedule: &str) -> String {
    format!(
        r#"{{"agreementId": "agmt-1", "acceptedTerms": [{{"paymentScheduleTerm":
        {{"type": "PaymentScheduleTerm", "currencyCode": "USD", "schedule": [{schedule}]}}}}]}}"#
    )
}

#[test]
fn every_moment_that_is_recorded_can_be_read_again() {
    for (written, expires) in [
        (r#""2026-12-31T23:59:59.999Z""#, "2027-01-01T00:00:00Z"),
        (r#""9999-12-31""#, "9999-12-31T00:00:00Z"),
        (r#""9999-12-31T23:59:59.999Z""#, "9999-12-31T23:59:59.999000Z"),
        ("253402300799", "9999-12-31T23:59:59Z"),
    ] {
        let told = whole(&released("r-1", "offer-1", written));
        assert_eq!(told.problems, vec![], "{written}");
        let event = serde_json::to_value(&told.facts.last().unwrap().event).unwrap();
        assert_eq!(event["value"]["expires_at"], expires, "{written}");
        serde_json::from_value::<ledger_core::event::Event>(event).unwrap();
    }
    for written in ["253402300800", "1770000000000", r#""20260401""#, r#""1770000000""#, "9223372036854.775807"] {
        let refused = refusals(&released("r-1", "offer-1", written));
        assert_eq!(refused, [("E0206".to_owned(), "detail.offer.expirationDate".to_owned())], "{written}");
    }
}

#[test]
fn what_is_needed_and_empty_is_refused() {
    let refused = |text: &str| refusals(text).into_iter().map(|(code, path)| format!("{code} {path}")).collect::<Vec<_>>();
    assert_eq!(refused(r#"{"agreementId": "", "acceptanceTime": "2026-01-05T00:00:00Z"}"#), ["E0201 agreementId"]);
    assert_eq!(refused(r#"{"agreementId": "agmt-1", "acceptanceTime": ""}"#), ["E0201 acceptanceTime"]);
    let without_currency = terms(r#"{"chargeDate": "2026-03-10T00:00:00Z", "chargeAmount": "1"}"#).replace(r#""currencyCode": "USD","#, "");
    assert_eq!(refused(&without_currency), ["E0201 acceptedTerms.1.paymentScheduleTerm.currencyCode"]);
    assert_eq!(
        refused(&terms(r#"{"chargeDate": "", "chargeAmount": "1"}"#)),
        ["E0201 acceptedTerms.1.paymentScheduleTerm.schedule.1.chargeDate"]
    );
    let of = |id: &str| described(id, "2026-01-09T00:00:00Z", "nine").to_string();
    assert_eq!(refused(&of("@1")), ["E0204 EntityIdentifier"]);
    assert_eq!(refused(r#"{"EntityDetails": [1]}"#), ["E0203 EntityDetails"]);
    assert!(
        document::recognise(&serde_json::json!({ "agreementId": "agmt-1", "acceptedTerms": null }))
            .is_some_and(|kind| kind.name() == "agreement")
    );
    assert!(document::recognise(&serde_json::json!({ "Catalog": "AWSMarketplace", "ChangeSet": null })).is_none());
}

#[test]
fn a_number_is_the_text_that_it_is_written_as() {
    let charges = |amount: &str| {
        let told = whole(&terms(&format!(r#"{{"chargeDate": "2026-03-10T00:00:00Z", "chargeAmount": {amount}}}"#)));
        let amount = |fact: &Fact| serde_json::to_value(&fact.event).unwrap()["value"]["amount"].as_str().map(str::to_owned);
        (told.facts.iter().find_map(amount), told.problems.len())
    };
    assert_eq!(charges("9007199254740993.25"), (Some("9007199254740993.25".to_owned()), 0));
    assert_eq!(charges("123456789012345.6789"), (Some("123456789012345.6789".to_owned()), 0));
    assert_eq!(charges("1e5"), (None, 1));
    assert_eq!(charges("0.30000000000000000001"), (None, 1));
}

#[test]
fn what_is_charged_on_one_day_is_one_charge() {
    let of = |day: &str, amount: &str| format!(r#"{{"chargeDate": "2026-{day}T00:00:00Z", "chargeAmount": "{amount}"}}"#);
    let told = whole(&terms(&[of("03-10", "100.00"), of("04-10", "70"), of("03-10", "50.00")].join(", ")));
    let charges: Vec<String> = told.facts.iter().filter(|fact| fact.event.type_name() == "charge.scheduled").map(shown).collect();
    assert_eq!(charges.len(), 2);
    assert!(charges[0].contains("amount=150 ") && charges[1].contains("amount=70 "), "{charges:?}");
}

#[test]
fn one_request_may_release_several_offers() {
    let mut keys: Vec<String> = Vec::new();
    for offer in ["offer-1", "offer-2"] {
        keys.extend(whole(&released("r-1", offer, r#""2026-12-31""#)).facts.into_iter().map(|fact| fact.key));
    }
    assert_eq!(keys, ["notification:111122223333:r-1/offer_released/offer-1", "notification:111122223333:r-1/offer_released/offer-2"]);
}

fn described(offer: &str, at: &str, name: &str) -> serde_json::Value {
    serde_json::json!({
        "EntityType": "Offer@1.0", "EntityIdentifier": offer, "EntityArn": "arn:aws:aws-marketplace:us-east-1:111122223333:AWSMarketplace/Offer/x",
        "LastModifiedDate": at, "DetailsDocument": { "Name": name, "State": "Draft" },
    })
}

#[test]
fn what_was_said_later_stands_however_it_is_numbered() {
    let mut told = Told::default();
    told.document(ISV, "2026-01-09T00:00:00Z", &described("offer-a@9", "2026-01-09T00:00:00Z", "nine"));
    told.document(ISV, "2026-01-10T00:00:00Z", &described("offer-a@10", "2026-01-10T00:00:00Z", "ten"));
    let view = told.records.at(Basis::at(u64::MAX));
    assert!(format!("{:?}", records::offers(&view).rows).contains("ten"));

    // An availability of before the release is over with it.
    let available = |until: &str| serde_json::json!({ "AvailabilityEndDate": until });
    let mut told = Told::default();
    told.document(ISV, "2026-01-05T00:00:00Z", &changes(&[change("UpdateAvailability", "Offer", "offer-b", available("2026-02-01"))]));
    let release = [
        change("UpdateAvailability", "Offer", "offer-b", available("2026-06-30")),
        change("ReleaseOffer", "Offer", "offer-b", serde_json::json!({})),
    ];
    told.document(ISV, "2026-01-10T00:00:00Z", &changes(&release));
    let view = told.records.at(Basis::at(u64::MAX));
    assert!(format!("{:?}", records::offers(&view).rows).contains("2026-07-01T00:00:00Z"));
    // One of after it stands.
    told.document(ISV, "2026-03-05T00:00:00Z", &changes(&[change("UpdateAvailability", "Offer", "offer-b", available("2026-04-30"))]));
    let view = told.records.at(Basis::at(u64::MAX));
    assert!(format!("{:?}", records::offers(&view).rows).contains("2026-05-01T00:00:00Z"));
}

#[test]
fn who_says_again_that_it_is_over_does_not_say_that_it_ended_later() {
    let mut told = Told::default();
    let mut agreement = accepted("agmt-1", "offer-1", "777788889999", "2026-01-10T00:00:00Z", "prod-1");
    told.document(PARTNER, "2026-01-10T00:00:00Z", &agreement);
    let charge = |day: &str| format!(r#"{{"chargeDate": "2026-{day}T00:00:00Z", "chargeAmount": "100.00"}}"#);
    told.document(PARTNER, "2026-01-10T00:00:00Z", &serde_json::from_str(&terms(&[charge("02-10"), charge("04-10")].join(", "))).unwrap());
    let ended = serde_json::json!({
        "detail-type": "Purchase Agreement Ended - Proposer", "time": "2026-03-15T00:00:00Z", "account": PARTNER,
        "detail": { "requestId": "r-9", "agreement": { "id": "agmt-1", "status": "CANCELLED" } },
    });
    told.document(PARTNER, "2026-03-15T00:00:00Z", &ended);
    let planned = |told: &Told| {
        let view = told.records.at(Basis::at(u64::MAX));
        let rows = records::instalments(&view, &records::Feeds::default()).rows;
        rows.iter().map(|row| format!("{:?}", row[3])).collect::<Vec<_>>()
    };
    let before = planned(&told);
    assert_eq!(before, [r#"Text("missing")"#, r#"Text("cancelled")"#]);
    agreement["status"] = "CANCELLED".into();
    told.document(PARTNER, "2026-06-01T00:00:00Z", &agreement);
    assert_eq!(planned(&told), before);
}

#[test]
fn a_word_that_nobody_knows_is_no_answer_and_no_end() {
    let mut told = Told::default();
    let mut agreement = accepted("agmt-1", "offer-1", "777788889999", "2026-01-10T00:00:00Z", "prod-1");
    agreement["status"] = "WEIRD".into();
    assert_eq!(whole(&agreement.to_string()).dropped, BTreeMap::from([("status_weird".to_owned(), 1)]));
    told.document(PARTNER, "2026-01-10T00:00:00Z", &agreement);
    let view = told.records.at(Basis::at(u64::MAX));
    assert!(format!("{:?}", records::agreements(&view).rows).contains("ACTIVE"));
    for (request, status, at) in [("r-1", "PENDING_APPROVAL", "2026-02-01T00:00:00Z"), ("r-2", "PENDING_REVIEW", "2026-02-02T00:00:00Z")] {
        let notice = serde_json::json!({
            "detail-type": "Agreement Cancellation Request Created - Proposer", "time": at, "account": PARTNER,
            "detail": { "requestId": request, "agreement": { "id": "agmt-1" }, "agreementCancellationRequest": { "id": "acr-1", "statusCode": status } },
        });
        told.document(PARTNER, at, &notice);
    }
    let until = Some("2026-03-01T00:00:00Z".parse().unwrap());
    let view = told.records.at(Basis { effective_before: until, ..Basis::at(u64::MAX) });
    assert!(format!("{:?}", records::agreements(&view).rows).contains("CANCELLED"));
}

#[test]
fn a_charge_that_a_later_answer_lists_no_more_is_planned_no_more() {
    let mut told = Told::default();
    told.document(PARTNER, "2026-01-10T00:00:00Z", &accepted("agmt-1", "offer-1", "777788889999", "2026-01-10T00:00:00Z", "prod-1"));
    let charge = |day: &str| format!(r#"{{"chargeDate": "2026-{day}T00:00:00Z", "chargeAmount": "100.00"}}"#);
    let answered = |days: &[&str], date: &str| {
        let mut answer: serde_json::Value =
            serde_json::from_str(&terms(&days.iter().map(|day| charge(day)).collect::<Vec<_>>().join(", "))).unwrap();
        answer["ResponseMetadata"] = serde_json::json!({ "HTTPHeaders": { "date": date } });
        answer
    };
    let planned = |told: &Told| {
        let view = told.records.at(Basis::at(u64::MAX));
        let rows = records::instalments(&view, &records::Feeds::default()).rows;
        rows.iter().map(|row| format!("{:?}", row[1])).collect::<Vec<_>>()
    };
    let answers =
        [answered(&["03-10", "04-10"], "Mon, 12 Jan 2026 00:00:00 GMT"), answered(&["03-10", "05-10"], "Mon, 02 Feb 2026 00:00:00 GMT")];
    told.document(PARTNER, "2026-01-12T00:00:00Z", &answers[0]);
    let before = planned(&told);
    assert!(before.len() == 2 && before[1].contains("2026-04-10"), "{before:?}");
    told.document(PARTNER, "2026-02-02T00:00:00Z", &answers[1]);
    let after = planned(&told);
    assert!(after.len() == 2 && after[1].contains("2026-05-10"), "{after:?}");
}
