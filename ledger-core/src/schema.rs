//! JSON Schemas of lines, one per type of event, derived from the types that are read and written.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::chain::Hash;
use crate::event::{Entry, Event};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::report::AMOUNT_PATTERN;
use crate::time::Instant;

/// Says what a type with a grammar of its own looks like on the wire.
macro_rules! described {
    ($($type:ident { $($key:literal: $value:expr),+ })+) => {$(
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ $($key: $value),+ })
            }
        }
    )+};
}
pub(crate) use described;

described! {
    AccountId { "type": "string", "pattern": "^[0-9]{12}$" }
    Amount { "type": "string", "pattern": AMOUNT_PATTERN }
    Currency { "type": "string", "pattern": "^[A-Z]{3}$" }
    Hash { "type": "string", "pattern": "^[0-9a-f]{64}$" }
    Instant { "type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$" }
}

/// The name of the schema of an event's line: `dealbook/event/invoice.issued/v1`.
pub fn event_schema_name(name: &str) -> String {
    format!("dealbook/event/{name}/v1")
}

/// The fields of an event's value, by its type; none when there is no such type.
pub fn field_names(name: &str) -> Vec<String> {
    let schema = event_schema(name).unwrap_or_default();
    let value = schema.pointer("/properties/event/properties/value");
    let referred = |value: &Value| Some(schema.pointer(value.get("$ref")?.as_str()?.strip_prefix('#')?)?.clone());
    let value = value.map(|value| referred(value).unwrap_or_else(|| value.clone())).unwrap_or_default();
    value["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

/// The JSON Schema (2020-12) of the line that carries an event of this type; nothing when there is no such type.
pub fn event_schema(name: &str) -> Option<Value> {
    let root = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Entry>();
    let Value::Object(mut root) = Value::from(root) else { return None };
    // A field of a line is null only where its description says so: what is empty inside an event is left out.
    let source = root.get("properties")?.get("source")?.clone();
    let mut whole = Value::Object(std::mem::take(&mut root));
    without_null(&mut whole);
    let branches = whole["$defs"]["Event"]["oneOf"].as_array()?;
    let branch = branches.iter().find(|branch| branch["properties"]["type"]["const"] == name)?.clone();
    whole["properties"]["event"] = branch;
    whole["properties"]["source"] = source;
    whole["properties"]["v"] = json!({ "const": crate::chain::VERSION, "description": "The format version." });
    whole["$id"] = json!(event_schema_name(name));
    whole["title"] = json!(name);
    whole.as_object_mut()?.remove("description");
    keep_referenced(&mut whole);
    Some(whole)
}

/// The types there are, with what each says.
pub const fn event_types() -> &'static [&'static str] {
    Event::TYPES
}

/// Takes `null` out of what values may be.
fn without_null(value: &mut Value) {
    let is_null = |value: &Value| *value == json!("null") || *value == json!({ "type": "null" });
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|of| !is_null(of));
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = members.get_mut("anyOf") {
                any.retain(|of| !is_null(of));
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => (),
    }
}

/// Leaves out the definitions that nothing refers to any more.
fn keep_referenced(schema: &mut Value) {
    let Some(Value::Object(all)) = schema.as_object_mut().and_then(|schema| schema.remove("$defs")) else { return };
    let mut kept = Map::new();
    let mut waiting = references(schema);
    while let Some(name) = waiting.pop() {
        if let Some(definition) = all.get(&name).filter(|_| !kept.contains_key(&name)) {
            waiting.extend(references(definition));
            kept.insert(name, definition.clone());
        }
    }
    if !kept.is_empty() {
        schema["$defs"] = Value::Object(kept);
    }
}

/// The names of the definitions that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix("#/$defs/")).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => vec![],
    }
}
