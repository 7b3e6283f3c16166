//! Documents of AWS: every one of AWS's own samples is read, or refused for a stated reason.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ledger_core::chain::Hash;
use ledger_core::document::{self, Beside, Told};
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

fn read(text: &str, names: &BTreeMap<String, String>, is_dated: bool) -> (Option<&'static str>, Told) {
    let whole: serde_json::Value = serde_json::from_str(text).unwrap();
    let Some(kind) = document::recognise(&whole) else { return (None, Told::default()) };
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
        let events = |told: &Told| told.facts.iter().map(|fact| (fact.effective_at, fact.event.clone())).collect::<Vec<_>>();
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
