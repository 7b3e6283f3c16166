//! What in a line looks as if it told of a person. Lines are never erased, so nothing personal may stand in one: people are ids, and who they
//! are is kept elsewhere, where it can be erased.
//!
//! It is a search for shapes, not for meaning: a name has no shape, and what is found may be harmless.

use serde_json::Value;

/// What something looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// `somebody@example.com`
    EMail,
    /// `+49 30 123456`, `0049 30 123456`, `030/123456`, `(555) 123-4567`, `555.123.4567`
    Phone,
    /// `12 Main Street`, `Hauptstr. 12`, `1 rue de Rivoli`, `P.O. Box 7`
    Street,
}

impl Shape {
    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EMail => "e-mail address",
            Self::Phone => "phone number",
            Self::Street => "street",
        }
    }
}

/// Something that looks personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Where in the line: `event.value.name`.
    pub field: String,
    /// What it looks like.
    pub shape: Shape,
    /// The text, with all but the first letter of each word covered: a report of it must not tell it again.
    pub masked: String,
}

/// The words of a street behind its number: `12 Main Street`.
const BEHIND: [&str; 13] =
    ["street", "avenue", "ave", "road", "rd", "boulevard", "blvd", "lane", "drive", "square", "terrace", "highway", "parkway"];
/// Those before its number: `rue de Rivoli 12`.
const BEFORE: [&str; 4] = ["rue", "calle", "avenida", "rua"];
/// Those that end a word before its number: `Hauptstraße 12`.
const ENDING: [&str; 6] = ["straße", "strasse", "str", "gasse", "weg", "straat"];

/// Everything in a line that looks personal, in the order of its fields. A line that is no JSON holds nothing that is looked for here: the
/// chain refuses it.
pub fn sightings(line: &[u8]) -> Vec<Sighting> {
    let Ok(text) = std::str::from_utf8(line) else { return Vec::new() };
    // Most lines hold nothing of the kind, and need not be taken apart to see that. What is escaped in one hides where a word begins.
    if !text.contains('\\') && shape_of(text).is_none() {
        return Vec::new();
    }
    serde_json::from_str(text).map(|value| sightings_in(&value)).unwrap_or_default()
}

/// The same of what is to become part of a line.
pub fn sightings_in(value: &Value) -> Vec<Sighting> {
    let mut found = Vec::new();
    look(value, &mut String::new(), &mut found);
    found
}

fn look(value: &Value, field: &mut String, found: &mut Vec<Sighting>) {
    let above = field.len();
    let mut within = |name: &str, value: &Value| {
        if above > 0 {
            field.push('.');
        }
        field.push_str(name);
        look(value, field, found);
        field.truncate(above);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| within(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| within(&at.to_string(), value)),
        Value::String(text) => {
            found.extend(shape_of(text).map(|shape| Sighting { field: field.clone(), shape, masked: masked(text) }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}

/// What a text looks like, the most telling first.
fn shape_of(text: &str) -> Option<Shape> {
    if has_e_mail(text) {
        Some(Shape::EMail)
    } else if has_phone(text) {
        Some(Shape::Phone)
    } else if has_street(text) {
        Some(Shape::Street)
    } else {
        None
    }
}

/// A local part, an at sign, and a domain that ends in letters. Natural keys have an at sign too, before a moment; packages, before a version.
fn has_e_mail(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let local = text[..at].chars().next_back();
        let domain = text[at + 1..].split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-'))).next().unwrap_or_default();
        let top = domain.trim_end_matches('.').rsplit_once('.');
        local.is_some_and(char::is_alphanumeric)
            && top.is_some_and(|(name, top)| name.contains(char::is_alphabetic) && top.len() > 1 && top.chars().all(char::is_alphabetic))
    })
}

/// `+` and eight to fifteen digits; the same behind `00` and grouped, or an area code and a slash; or ten digits grouped as in America. Digits
/// alone are an account or an invoice.
fn has_phone(text: &str) -> bool {
    let starts = |at: usize| text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    let international = text.match_indices('+').filter(|(at, _)| starts(*at)).any(|(at, _)| {
        let number = text[at + 1..].split(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '/' | '.'))).next();
        let digits = number.unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
        text[at + 1..].starts_with(|c: char| c.is_ascii_digit()) && (8..=15).contains(&digits)
    });
    international
        || text.match_indices('0').filter(|(at, _)| starts(*at)).any(|(at, _)| is_dialled(&text[at + 1..]))
        || text.match_indices(['-', '.']).any(|(at, _)| is_american(text, at))
}

/// Whether what stands behind a first zero is dialled: `049 30 1234567`, of another country, or `30/123456`, of another town.
fn is_dialled(text: &str) -> bool {
    let count = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    if let Some(rest) = text.strip_prefix('0') {
        let (country, number) = rest.split_at(count(rest));
        let digits = number.bytes().take_while(|byte| byte.is_ascii_digit() || b" -/().".contains(byte)).filter(u8::is_ascii_digit).count();
        let is_grouped = number.starts_with([' ', '-', '/', '(']);
        return (1..=3).contains(&country.len()) && !country.starts_with('0') && is_grouped && (6..=13).contains(&digits);
    }
    let (area, rest) = text.split_at(count(text));
    (2..=4).contains(&area.len()) && rest.strip_prefix('/').is_some_and(|number| (5..=10).contains(&count(number)))
}

/// Whether the dash or point at this place is the last one of `(555) 123-4567`, `555-123-4567` or `555.123.4567`.
fn is_american(text: &str, dash: usize) -> bool {
    let (before, after) = (&text.as_bytes()[..dash], &text.as_bytes()[dash + 1..]);
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let ends = after.len() >= 4
        && digits(&after[..4])
        && after.get(4).is_none_or(|next| !(next.is_ascii_alphanumeric() || *next == text.as_bytes()[dash]));
    let Some((rest, middle)) = before.split_last_chunk::<3>() else { return false };
    let between = [&b") "[..], b")", &text.as_bytes()[dash..=dash]].into_iter().find_map(|between| rest.strip_suffix(between));
    let area = between.and_then(|rest| rest.split_last_chunk::<3>());
    let starts = |rest: &[u8]| rest.last().is_none_or(|last| !(last.is_ascii_alphanumeric() || b"-.".contains(last)));
    ends && digits(middle) && area.is_some_and(|(rest, area)| digits(area) && starts(rest))
}

/// A number with the word of a street near it.
fn has_street(text: &str) -> bool {
    // A number and another word, at least.
    if !text.contains(' ') || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '.')).filter(|word| !word.is_empty()).collect();
    let is_number = |at: usize| words.get(at).is_some_and(|word| word.len() <= 5 && word.starts_with(|c: char| c.is_ascii_digit()));
    let near = |at: usize| (2..=4).any(|back| at >= back && is_number(at - back));
    words.iter().enumerate().any(|(at, word)| {
        let plain = word.trim_end_matches('.');
        let is_street = BEHIND.contains(&plain) || *word == "st." || *word == "st" && at + 1 == words.len();
        is_street && near(at)
            || BEFORE.contains(&plain) && (at > 0 && is_number(at - 1) || (2..=4).any(|on| is_number(at + on)))
            || ENDING.iter().any(|ending| plain.len() > ending.len() && plain.ends_with(ending)) && is_number(at + 1)
            || *word == "p.o." && words.get(at + 1) == Some(&"box")
    })
}

/// The text with all but the first letter of each word covered.
fn masked(text: &str) -> String {
    let mut inside = false;
    let cover = |c: char| {
        let shown = !c.is_alphanumeric() || !inside;
        inside = c.is_alphanumeric();
        if shown { c } else { '·' }
    };
    text.chars().map(cover).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_personal_is_seen() {
        let seen = |text: &str| shape_of(text);
        for text in ["li@example.com", "ask Li.Wei+aws@mail.example.co.uk, please", "<a@b.de>"] {
            assert_eq!(seen(text), Some(Shape::EMail), "{text}");
        }
        for text in [
            "+49 30 1234567",
            "call +1 (555) 123-4567",
            "(555) 123-4567",
            "(555)123-4567",
            "555-123-4567",
            "555.123.4567",
            "0049 30 1234567",
            "Tel. 030/123456-78",
        ] {
            assert_eq!(seen(text), Some(Shape::Phone), "{text}");
        }
        for text in [
            "12 Main Street",
            "410 Terry Ave. North",
            "10 Downing St",
            "Hauptstraße 12",
            "Hauptstr. 12",
            "221b Baker Street, London",
            "P.O. Box 7",
            "rue de Rivoli 12",
            "1 Rue de Rivoli",
        ] {
            assert_eq!(seen(text), Some(Shape::Street), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_it_is_not() {
        for text in [
            "agreement:000000000001:agr-1@2026-03-01T00:00:00Z",
            "111122223333",
            "2026-03-01T10:11:12.123456Z",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "123-456-78901",
            "1-123-456-7890-1",
            "12 months, 3 instalments",
            "Street View for 12 sites",
            "b3:8873029178e5",
            "MCowBQYDK2VwAyEA+12/34",
            "AnyCompany Via Cloud",
            "pkg@1.2.beta",
            "Norwegian Lane Assist 2",
            "000057174132",
            "billing_event:000057174132:0049301234567",
            "00:00:00.000000Z",
            "10.123.4567.1",
            "1.555.123.4567",
            "04/2026 and 05/2026",
            "3 for st petersburg",
            "",
        ] {
            assert_eq!(shape_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_sighting_says_where_and_does_not_tell_it_again() {
        let line = br#"{"actor":"li@example.com","event":{"type":"x","value":{"notes":["fine","+49 30 1234567"]}}}"#;
        let sighting = |field: &str, shape, masked: &str| Sighting { field: field.to_owned(), shape, masked: masked.to_owned() };
        assert_eq!(
            sightings(line),
            [sighting("actor", Shape::EMail, "l·@e······.c··"), sighting("event.value.notes.1", Shape::Phone, "+4· 3· 1······")]
        );
        assert_eq!(sightings(b"no json, li@example.com"), []);
        assert_eq!(sightings(br#"{"note":"call\n+49 30 1234567"}"#)[0].shape, Shape::Phone);
    }
}
