//! What stands in a ledger can be read for ever, has one form, and shows every change.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads its fixtures; the core never does")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use ledger_core::chain::{self, Broken, Hash, Head};
use ledger_core::event::{Draft, Entry, Event, Source, Unreadable};
use ledger_core::time::Instant;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[path = "wire/examples.rs"]
mod examples;
use examples::EXAMPLES;

/// An event from its type and the JSON of its value.
fn event(kind: &str, value: &Value) -> Result<Event, serde_json::Error> {
    serde_json::from_str(&format!(r#"{{"type":{},"value":{value}}}"#, json!(kind)))
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A line somewhere in a ledger that carries the event.
fn line(event: Event, source: Option<Source>) -> String {
    let draft = Draft { actor: "import".parse().unwrap(), effective_at: moment("2025-06-02T00:00:00Z"), event, source };
    let mut out = Vec::new();
    draft.write(Head { seq: 41, hash: Hash::of(b"the line before") }, moment("2026-01-01T00:00:00.000007Z"), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn source() -> Option<Source> {
    Some(Source::row("billing_event:000057174132:be-1".to_owned(), 2, 1041, Some(moment("2025-06-03T04:00:00Z"))))
}

fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

/// What an independent RFC 8785 library makes of the line.
fn canonical(line: &str) -> String {
    serde_json_canonicalizer::to_string(&value(line)).unwrap()
}

/// Every field an event's value may have, in the order of its declaration: serde names them when it meets one it does not know.
fn fields(kind: &str) -> Vec<String> {
    let why = event(kind, &json!({"no such field": 1})).unwrap_err().to_string();
    let (_, names) = why.split_once("expected ").unwrap_or_else(|| panic!("{kind}: {why}"));
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_event_has_its_golden_lines() {
    let (mut full, mut sparse) = (Vec::new(), Vec::new());
    for (kind, everything, least) in EXAMPLES {
        full.push(line(event(kind, &value(everything)).unwrap(), source()));
        sparse.push(line(event(kind, &value(least)).unwrap(), None));
    }
    insta::assert_snapshot!("full", full.join("\n"));
    insta::assert_snapshot!("sparse", sparse.join("\n"));
}

#[test]
fn every_event_has_an_example_that_is_full_and_one_that_is_sparse() {
    assert_eq!(
        EXAMPLES.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(),
        Event::TYPES,
        "an example for every type, in the catalogue's order"
    );
    for (kind, full, sparse) in EXAMPLES {
        let fields = fields(kind);
        assert!(fields.is_sorted(), "{kind}: the fields are not declared in sorted order: {fields:?}");
        assert_eq!(keys(&value(full)), fields, "{kind}: the full example lacks a field");
        for left_out in keys(&value(sparse)) {
            let mut less = value(sparse);
            less.as_object_mut().unwrap().remove(&left_out);
            assert!(event(kind, &less).is_err(), "{kind}: the sparse example could do without `{left_out}`");
        }
    }
}

#[test]
fn a_line_is_canonical_json() {
    for (kind, full, sparse) in EXAMPLES {
        for text in [full, sparse] {
            let line = line(event(kind, &value(text)).unwrap(), source());
            assert_eq!(line, canonical(&line), "{kind}");
        }
    }
}

#[test]
fn a_line_reads_as_it_was_written() {
    for (kind, full, sparse) in EXAMPLES {
        for text in [full, sparse] {
            let event = event(kind, &value(text)).unwrap();
            assert_eq!(event.type_name(), *kind);
            let line = line(event.clone(), source());
            let entry = Entry::read_strictly(line.as_bytes(), 42).unwrap();
            assert_eq!((&entry.event, &entry.source, entry.seq), (&event, &source(), 42), "{kind}");
        }
    }
}

#[test]
fn a_field_that_is_not_known_is_refused() {
    for (kind, full, _) in EXAMPLES {
        let mut more = value(full);
        more.as_object_mut().unwrap().insert("surprise".to_owned(), json!("1"));
        let why = event(kind, &more).unwrap_err().to_string();
        assert!(why.contains("unknown field `surprise`"), "{kind}: {why}");
    }
    let line = line(event("rate.set", &value(full("rate.set"))).unwrap(), source());
    for (place, with) in [
        (r#"{"actor":"#, r#"{"aaa":1,"actor":"#),
        (r#""event":{"#, r#""event":{"aaa":1,"#),
        (r#""source":{"#, r#""source":{"aaa":1,"#),
        (r#""event":{"type""#, r#""event":{"kind""#),
    ] {
        assert!(Entry::read(line.replacen(place, with, 1).as_bytes(), 42).is_err(), "{with}");
    }
}

#[test]
fn a_type_that_is_not_known_is_refused_by_name() {
    let why = event("offer.teleported", &json!({})).unwrap_err().to_string();
    assert!(why.contains("unknown variant `offer.teleported`"), "{why}");
    let line = line(event("offer.withdrawn", &json!({"offer": "offer-1"})).unwrap(), None).replace("offer.withdrawn", "offer.teleported");
    let why = Entry::read(line.as_bytes(), 42).unwrap_err();
    assert!(matches!(why, Unreadable::NotAnEntry { at: 42, .. }));
    assert!(why.to_string().starts_with("event #42 cannot be read: unknown variant `offer.teleported`"), "{why}");
}

#[test]
fn a_line_has_one_form() {
    let line = line(event("party.registered", &value(full("party.registered"))).unwrap(), source());
    assert!(line.contains(r#"Müller \"Nord\" & Söhne"#));
    for (what, other) in [
        ("a space", line.replacen(r#","event""#, r#", "event""#, 1)),
        ("a space before the end", line.replacen(r#""v":1}"#, r#""v":1 }"#, 1)),
        ("a newline after the end", format!("{line}\n")),
        ("keys in another order", line.replacen(r#""import":2,"row":1041"#, r#""row":1041,"import":2"#, 1)),
        ("the content before the tag", {
            let (before, rest) = line.split_once(r#"{"type":"party.registered","value":"#).unwrap();
            let (value, after) = rest.split_once(r#","prev""#).unwrap();
            format!(r#"{before}{{"value":{},"type":"party.registered"}},"prev"{after}"#, value.strip_suffix('}').unwrap())
        }),
        ("an escape that is not needed", line.replacen("Müller", "M\\u00fcller", 1)),
        ("an escaped solidus", line.replacen("acc-a", "acc\\/a", 1)),
        ("null for a field that is empty", line.replacen(r#""stated_at":"2025-06-03T04:00:00Z""#, r#""stated_at":null"#, 1)),
        ("a number with a point", line.replacen(r#""row":1041"#, r#""row":1041.0"#, 1)),
        ("a key twice", line.replacen(r#""row":1041"#, r#""row":1041,"row":1041"#, 1)),
    ] {
        assert_ne!(line, other, "{what}");
        assert!(Entry::read_strictly(other.as_bytes(), 42).is_err(), "{what} was taken");
    }
    assert!(Entry::read_strictly(line.as_bytes(), 42).is_ok());
}

#[test]
fn an_empty_field_is_left_out() {
    for (kind, full, _) in EXAMPLES {
        for field in fields(kind) {
            for nothing in [json!(null), json!([]), json!({}), json!(0), json!(false), json!("")] {
                let mut hollow = value(full);
                hollow[&field] = nothing.clone();
                if serde_json::to_value(event(kind, &hollow).ok()).unwrap()["value"] == hollow {
                    continue; // a field that is always there may be zero, false or an empty map, and is then written
                }
                let text = line(event(kind, &value(full)).unwrap(), None).replacen(&value(full).to_string(), &hollow.to_string(), 1);
                assert!(Entry::read_strictly(text.as_bytes(), 42).is_err(), "{kind}: `{field}` may be {nothing}");
            }
        }
    }
}

#[test]
fn grammars_are_strict() {
    let rate = |rate: &str| event("rate.set", &json!({"base": "EUR", "quote": "USD", "rate": rate, "source": "ECB"}));
    for text in ["1.083", "0", "-0.5", "1.50", "0.00000001"] {
        let line = line(rate(text).unwrap(), None);
        assert!(line.contains(&format!(r#""rate":"{text}""#)), "{line}");
    }
    for text in ["01", "1.", ".5", "+1", "-0", "1e3", "1,000", "0.000000001", " 1", ""] {
        assert!(rate(text).is_err(), "{text}");
    }
    assert!(event("rate.set", &json!({"base": "EUR", "quote": "USD", "rate": 1.5, "source": "ECB"})).is_err(), "a float is no amount");
    assert!(event("rate.set", &json!({"base": "eur", "quote": "USD", "rate": "1", "source": "ECB"})).is_err());
}

#[test]
fn a_value_that_aws_adds_is_kept() {
    for (kind, field, text) in [
        ("agreement.revised", "status", "PAUSED_FOR_REVIEW"),
        ("agreement.revised", "intent", "SPLIT"),
        ("invoice.issued", "transaction_type", "CARBON_SHARE"),
        ("invoice.issued", "charge_side", "WATCHING"),
        ("invoice.issued", "charge_variant", "BARTER"),
        ("invoice.issued", "invoice_variant", "BARTER"),
        ("offer.targeted", "polarity", "NegativeTargeting"),
        ("offer.targeted", "kind", "MoonPhases"),
        ("id.mapped", "kind", "PARTY"),
    ] {
        let (_, full, _) = EXAMPLES.iter().find(|(name, ..)| *name == kind).unwrap();
        let mut grown = value(full);
        grown[field] = json!(text);
        let line = line(event(kind, &grown).unwrap(), None);
        assert!(line.contains(&format!(r#""{field}":"{text}""#)), "{line}");
        assert!(Entry::read_strictly(line.as_bytes(), 42).is_ok());
    }
}

/// The types of a chain's events, as the documents name them.
#[test]
fn the_catalogue_is_documented_field_by_field() {
    let page = std::fs::read_to_string(fixture("../docs/formats/events.md")).unwrap();
    for kind in Event::TYPES {
        let row = page.lines().find(|row| row.starts_with(&format!("| `{kind}` |"))).unwrap_or_else(|| panic!("{kind} is not documented"));
        let told: BTreeSet<&str> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        let fields = fields(kind);
        let told_all = told == fields.iter().map(String::as_str).collect();
        let by_group = ["AUTHORIZATION", "OFFER", "STEP", "AGREEMENT", "BILLING"]
            .iter()
            .any(|group| row.contains(&format!("*{}*", group.to_lowercase())));
        assert!(told_all || by_group, "{kind}: documented {told:?}, has {fields:?}");
    }
    for (group, kind) in [
        ("authorization", "authorization.granted"),
        ("offer", "offer.released"),
        ("step", "offer.submitted"),
        ("agreement", "agreement.revised"),
        ("billing", "invoice.issued"),
    ] {
        let row =
            page.lines().find(|row| row.starts_with(&format!("| *{group}* |"))).unwrap_or_else(|| panic!("{group} is not documented"));
        let told: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert_eq!(told, fields(kind), "{group}");
    }
}

/// The full example of a type.
fn full(kind: &str) -> &'static str {
    EXAMPLES.iter().find(|(name, ..)| *name == kind).unwrap().1
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name)
}

/// A ledger of three lines, to be checked by hand.
fn three_lines() -> Vec<String> {
    let mut head = Head::EMPTY;
    [
        ("li", "2026-01-05T09:00:00Z", "ledger.opened", EXAMPLES[0].1),
        (
            "li",
            "2026-01-05T09:00:00Z",
            "offer.released",
            r#"{"currency": "USD", "name": "Anchor for Müller", "offer": "offer-1", "value": "10000.00"}"#,
        ),
        (
            "li",
            "2026-01-15T09:30:00Z",
            "agreement.accepted",
            r#"{"agreement": "agmt-1", "currency": "USD", "offer": "offer-1", "value": "10000.00"}"#,
        ),
    ]
    .into_iter()
    .map(|(actor, effective_at, kind, text)| {
        let event = event(kind, &value(text)).unwrap();
        let draft = Draft { actor: actor.parse().unwrap(), effective_at: moment(effective_at), event, source: None };
        let mut out = Vec::new();
        head = draft.write(head, moment("2026-01-15T10:00:00Z"), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    })
    .collect()
}

#[test]
fn the_test_vector_is_what_this_program_writes() {
    let written = three_lines().into_iter().map(|line| line + "\n").collect::<String>();
    let path = fixture("vectors/line/three-lines.jsonl");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        std::fs::write(&path, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), written);
    let page = std::fs::read_to_string(fixture("../docs/formats/line.md")).unwrap();
    for line in three_lines() {
        assert!(page.contains(&Hash::of(line.as_bytes()).to_string()), "the page gives each line's hash");
    }
}

#[test]
fn canonical_json_is_that_of_rfc_8785() {
    for name in ["arrays", "french", "structures", "unicode", "values", "weird"] {
        let read = |side: &str| std::fs::read_to_string(fixture(&format!("vectors/rfc8785/{side}/{name}.json"))).unwrap();
        assert_eq!(canonical(&read("input")), read("output"), "{name}: the library the lines are compared with is wrong");
        strings(&value(&read("input")), &mut |text| {
            assert_eq!(serde_json::to_string(text).unwrap(), canonical(&json!(text).to_string()), "{name}: a text is escaped otherwise");
        });
    }
}

fn strings(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            each(key);
            strings(value, each);
        }),
        _ => (),
    }
}

#[test]
fn a_hash_is_blake3() {
    let vectors = value(&std::fs::read_to_string(fixture("vectors/blake3.json")).unwrap());
    for case in vectors["cases"].as_array().unwrap() {
        let length = usize::try_from(case["input_len"].as_u64().unwrap()).unwrap();
        let input: Vec<u8> = (0..=250).cycle().take(length).collect();
        assert_eq!(Hash::of(&input).to_string(), case["hash"].as_str().unwrap(), "{length} bytes");
    }
}

/// A text with everything that an escape may be needed for.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,12}", "[\"\\\\/\u{0}-\u{1f}\u{7f}\u{2028}é😀]{1,6}"]
}

/// An example with some of its fields left out and its leaves changed. What a field cannot hold is left as it was.
fn entries() -> impl Strategy<Value = (usize, Vec<bool>, Vec<(usize, String)>, u64, i64)> {
    (
        0..EXAMPLES.len(),
        prop::collection::vec(any::<bool>(), 40),
        prop::collection::vec((0..60_usize, prop_oneof![3 => text(), 1 => "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,8})?"]), 0..6),
        1..1_u64 << 52,
        -62_135_596_800_000_000_i64..253_402_300_799_999_999,
    )
}

fn varied(kind: &str, full: &str, keep: &[bool], changes: &[(usize, String)]) -> Event {
    let mut kept: Map<String, Value> = value(full).as_object().unwrap().clone();
    for (field, keep) in fields(kind).into_iter().zip(keep) {
        let mut less = kept.clone();
        less.remove(&field);
        if !keep && event(kind, &Value::Object(less.clone())).is_ok() {
            kept = less;
        }
    }
    for (at, text) in changes {
        let mut changed = kept.clone();
        let at = at % changed.len().max(1);
        if let Some((_, leaf)) = changed.iter_mut().nth(at) {
            match leaf {
                Value::String(leaf) => leaf.clone_from(text),
                Value::Object(fields) => fields.values_mut().filter(|leaf| leaf.is_string()).for_each(|leaf| *leaf = json!(text)),
                Value::Number(number) => *number = text.len().into(),
                _ => (),
            }
        }
        if event(kind, &Value::Object(changed.clone())).is_ok() {
            kept = changed;
        }
    }
    event(kind, &Value::Object(kept)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_entry_has_one_canonical_line((which, keep, changes, seq, micros) in entries(), id in text(), sourced: bool, stated: bool) {
        let (kind, full, _) = EXAMPLES[which];
        let event = varied(kind, full, &keep, &changes);
        let at = Instant::from_micros(micros);
        let source = sourced.then(|| Source::row(id, seq, seq, stated.then_some(at)));
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: at, event: event.clone(), source: source.clone() };
        let (head, mut out) = (Head { seq: seq - 1, hash: Hash::of(&seq.to_le_bytes()) }, Vec::new());
        let after = draft.write(head, at, &mut out).unwrap();
        prop_assert_eq!(chain::follow(head, &out).unwrap(), after);
        let entry = Entry::read_strictly(&out, seq).unwrap();
        prop_assert_eq!(&entry.event, &event);
        prop_assert_eq!((&entry.source, entry.effective_at, entry.recorded_at, entry.seq), (&source, at, at, seq));
        let line = String::from_utf8(out).unwrap();
        prop_assert_eq!(&line, &canonical(&line));
    }
}

/// Follows every line and holds the end against the head that is known. Where it breaks, if it does.
fn verify(lines: &[Vec<u8>], known: Head) -> Result<(), u64> {
    let mut head = Head::EMPTY;
    for line in lines {
        head = chain::follow(head, line).map_err(|broken: Broken| broken.at())?;
    }
    if head == known { Ok(()) } else { Err(head.seq.min(known.seq).max(if head.seq == known.seq { head.seq } else { head.seq + 1 })) }
}

/// A ledger of so many lines, and its head.
fn ledger(length: usize) -> (Vec<Vec<u8>>, Head) {
    let (mut lines, mut head) = (Vec::new(), Head::EMPTY);
    for (kind, _, sparse) in EXAMPLES.iter().cycle().take(length) {
        let event = event(kind, &value(sparse)).unwrap();
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: moment("2025-06-02T00:00:00Z"), event, source: None };
        let mut line = Vec::new();
        head = draft.write(head, moment("2026-01-01T00:00:00Z"), &mut line).unwrap();
        lines.push(line);
    }
    (lines, head)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_byte_can_change_unseen(length in 1..9_usize, which: prop::sample::Index, byte: prop::sample::Index, flip in 1..=255_u8) {
        let (mut lines, head) = ledger(length);
        prop_assert_eq!(verify(&lines, head), Ok(()));
        let (line, byte) = (which.index(length), byte.index(lines[which.index(length)].len()));
        let prev = last(&lines[line], b"\"prev\":\"");
        lines[line][byte] ^= flip;
        let position = line as u64 + 1;
        let at = verify(&lines, head).unwrap_err();
        // Of two lines that disagree about a hash, the chain cannot say which one was changed: it names the one that is hashed.
        let in_link = (prev + 8..prev + 72).contains(&byte) && position > 1;
        prop_assert!(at == position || in_link && at == position - 1, "line {position} was changed at byte {byte}, reported at {at}");
    }

    #[test]
    fn no_line_can_be_dropped_unseen(length in 1..9_usize, which: prop::sample::Index) {
        let (mut lines, head) = ledger(length);
        let gone = which.index(length);
        lines.remove(gone);
        prop_assert_eq!(verify(&lines, head), Err(gone as u64 + 1));
    }

    #[test]
    fn no_line_can_be_repeated_unseen(length in 1..9_usize, which: prop::sample::Index, place: prop::sample::Index) {
        let (mut lines, head) = ledger(length);
        let (again, place) = (lines[which.index(length)].clone(), place.index(length + 1));
        lines.insert(place, again);
        // A line put in before its own copy is reported where the copy stands: there the second one is out of place.
        let position = if place == which.index(length) { place + 2 } else { place + 1 };
        prop_assert_eq!(verify(&lines, head), Err(position as u64));
    }

    #[test]
    fn no_lines_can_be_swapped_unseen(length in 2..9_usize, one: prop::sample::Index, other: prop::sample::Index) {
        let (mut lines, head) = ledger(length);
        let (one, other) = (one.index(length), other.index(length));
        prop_assume!(one != other);
        lines.swap(one, other);
        prop_assert_eq!(verify(&lines, head), Err(one.min(other) as u64 + 1));
    }
}

fn last(line: &[u8], what: &[u8]) -> usize {
    line.windows(what.len()).rposition(|window| window == what).unwrap()
}
