//! The published schemas say what is written: every field, and which of them may be left out.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "wire/examples.rs"]
mod examples;

use std::collections::BTreeSet;

use examples::EXAMPLES;
use ledger_core::schema::{event_schema, event_types};
use serde_json::{Value, json};

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

/// A schema with its reference looked up.
fn resolved<'a>(schema: &'a Value, at: &'a Value) -> &'a Value {
    at["$ref"].as_str().map_or(at, |name| &schema["$defs"][name.strip_prefix("#/$defs/").unwrap()])
}

#[test]
fn every_type_of_event_is_described() {
    for (name, full, sparse) in EXAMPLES {
        let schema = event_schema(name).unwrap_or_else(|| panic!("{name} has no schema"));
        let value = resolved(&schema, &schema["properties"]["event"]["properties"]["value"]);
        let [full, sparse]: [Value; 2] = [full, sparse].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(keys(&value["properties"]), keys(&full), "{name}");
        let required: BTreeSet<String> = value["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect();
        assert_eq!(required, keys(&sparse), "{name}");
        assert_eq!(value["additionalProperties"], json!(false), "{name}");
        let described = |schema: &Value| schema["description"].is_string();
        assert!(value["properties"].as_object().unwrap().values().all(described), "{name}");
        let text = schema.to_string();
        assert!(!text.contains("\"default\""), "{name}: {text}");
        assert_eq!(text.matches("\"null\"").count(), 1, "only the source of a line can be null: {text}");
    }
    assert_eq!(EXAMPLES.len(), event_types().len());
    assert_eq!(event_schema("no.such"), None);
}

#[test]
fn a_schema_describes_the_line() {
    let schema = event_schema("rate.set").unwrap();
    assert_eq!(schema["$id"], "dealbook/event/rate.set/v1");
    let line = ["actor", "effective_at", "event", "prev", "recorded_at", "seq", "source", "v"].map(str::to_owned);
    assert_eq!(keys(&schema["properties"]), BTreeSet::from(line));
    insta::assert_snapshot!(format!("{schema:#}"));
}
