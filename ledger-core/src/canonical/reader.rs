//! The one form, read: a deserializer of serde's for canonical JSON and nothing else.
//!
//! It looks at each byte once, skips nothing and copies nothing: a text is handed out as it stands in the line. What it meets and does not
//! know (an escaped text, a blank, a value of a kind that lines hardly hold) it gives up on without a word, and `serde_json` reads the whole
//! line instead: that one tells what is wrong, or reads what is written otherwise. So it may know little, but what it reads must be what
//! `serde_json` reads.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, U64Deserializer};
use serde::de::{self, DeserializeSeed, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{ONES, escaped_in, is_same};

/// So deep may values stand in each other: `serde_json` goes as deep.
const DEEPEST: u8 = 127;

/// Reads a value. Nothing when the text is not its canonical form, and sometimes when it is: whoever asks then asks `serde_json`.
pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let mut reader = Reader { text, at: 0, room: DEEPEST };
    let value = T::deserialize(&mut reader).ok()?;
    (reader.at == text.len()).then_some(value)
}

/// It is not read here. Why does not matter: `serde_json` says it.
#[derive(Debug, thiserror::Error)]
#[error("not a value in canonical form")]
struct GivenUp;

impl de::Error for GivenUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Reader<'de> {
    text: &'de str,
    at: usize,
    room: u8,
}

impl<'de> Reader<'de> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Result<(), GivenUp> {
        if self.next() != Some(byte) {
            return Err(GivenUp);
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), GivenUp> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(GivenUp);
        }
        self.at += word.len();
        Ok(())
    }

    /// A text in which nothing is escaped.
    fn string(&mut self) -> Result<&'de str, GivenUp> {
        self.take(b'"')?;
        let from = self.at;
        let (words, rest) = self.text.as_bytes()[from..].as_chunks();
        let mut length = 0;
        let mut found = 0;
        for word in words {
            found = escaped_in(u64::from_le_bytes(*word));
            if found != 0 {
                break;
            }
            length += 8;
        }
        if found != 0 {
            // The lowest byte that is found is one; those above it may be mistaken.
            length += found.trailing_zeros() as usize / 8;
        } else {
            length += rest.iter().position(|byte| escaped_in(u64::from(*byte) * ONES) != 0).ok_or(GivenUp)?;
        }
        self.at += length;
        self.take(b'"')?;
        self.text.get(from..from + length).ok_or(GivenUp)
    }

    fn number(&mut self) -> Result<u64, GivenUp> {
        let bytes = &self.text.as_bytes()[self.at..];
        let width = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if width == 0 || width > 16 || (bytes[0] == b'0' && width > 1) {
            return Err(GivenUp);
        }
        self.at += width;
        Ok(bytes[..width].iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')))
    }

    /// The next of these names, which stand in order: its number. Those before it are left out of what is read.
    fn name(&mut self, fields: &[&str], from: usize) -> Result<usize, GivenUp> {
        self.take(b'"')?;
        let rest = &self.text.as_bytes()[self.at..];
        let is_next = |name: &&str| rest.get(name.len()) == Some(&b'"') && is_same(&rest[..name.len()], name.as_bytes());
        let found = from + fields[from..].iter().position(is_next).ok_or(GivenUp)?;
        self.at += fields[found].len() + 1;
        Ok(found)
    }

    /// What stands between two brackets.
    fn within<T>(&mut self, [open, close]: [u8; 2], read: impl FnOnce(Parts<'_, 'de>) -> Result<T, GivenUp>) -> Result<T, GivenUp> {
        self.take(open)?;
        self.room = self.room.checked_sub(1).ok_or(GivenUp)?;
        let value = read(Parts { reader: self, close, begun: false })?;
        self.room += 1;
        self.take(close)?;
        Ok(value)
    }
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = GivenUp;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, GivenUp> {
        Err(GivenUp)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_borrowed_str(self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_borrowed_str(self.string()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_borrowed_str(self.string()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        let value = self.next() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        visitor.visit_bool(value)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        if self.next() != Some(b'n') {
            return visitor.visit_some(self);
        }
        self.word("null")?;
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, GivenUp> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.string()?))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        self.within(*b"[]", |parts| visitor.visit_seq(parts))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GivenUp> {
        self.within(*b"{}", |parts| visitor.visit_map(parts))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, GivenUp> {
        self.within(*b"{}", |parts| visitor.visit_map(Fields { parts, fields, next: 0 }))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

/// The parts of a list or an object, up to the bracket that closes it.
struct Parts<'r, 'de> {
    reader: &'r mut Reader<'de>,
    close: u8,
    /// Before the first part nothing separates.
    begun: bool,
}

impl<'de> Parts<'_, 'de> {
    /// Whether there is another part, which then comes next.
    fn another(&mut self) -> Result<bool, GivenUp> {
        if self.reader.next() == Some(self.close) {
            return Ok(false);
        }
        if std::mem::replace(&mut self.begun, true) {
            self.reader.take(b',')?;
        }
        Ok(true)
    }

    fn part<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, GivenUp> {
        if self.another()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> de::SeqAccess<'de> for Parts<'_, 'de> {
    type Error = GivenUp;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, GivenUp> {
        self.part(seed)
    }
}

impl<'de> de::MapAccess<'de> for Parts<'_, 'de> {
    type Error = GivenUp;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, GivenUp> {
        self.part(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, GivenUp> {
        self.reader.take(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// The fields of a struct. They stand in the order of their names, as they are declared: the next one is looked for from the last one on, and
/// told to serde by its number.
struct Fields<'r, 'de> {
    parts: Parts<'r, 'de>,
    fields: &'static [&'static str],
    next: usize,
}

impl<'de> de::MapAccess<'de> for Fields<'_, 'de> {
    type Error = GivenUp;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, GivenUp> {
        if !self.parts.another()? {
            return Ok(None);
        }
        let at = self.parts.reader.name(self.fields, self.next)?;
        self.next = at + 1;
        seed.deserialize(U64Deserializer::new(at as u64)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, GivenUp> {
        self.parts.next_value_seed(seed)
    }
}

#[cfg(test)]
#[path = "../../tests/wire/examples.rs"]
mod examples;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::examples::EXAMPLES;
    use super::*;
    use crate::event::Event;

    #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
    struct Sample {
        listed: Vec<Option<String>>,
        mapped: BTreeMap<String, u32>,
        nested: Option<Box<Sample>>,
        number: u64,
        yes: bool,
    }

    fn sample(text: &'static str) -> impl Strategy<Value = Sample> {
        let leaf = (
            prop::collection::vec(prop::option::of(text), 0..4),
            prop::collection::btree_map("[ -~]{0,9}", any::<u32>(), 0..4),
            0..=super::super::LARGEST,
            any::<bool>(),
        )
            .prop_map(|(listed, mapped, number, yes)| Sample { listed, mapped, nested: None, number, yes });
        leaf.prop_recursive(3, 8, 1, |inner| {
            inner.prop_map(|inner| Sample { listed: vec![], mapped: BTreeMap::new(), nested: Some(Box::new(inner)), number: 0, yes: true })
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in sample("[a-zA-Z0-9 é€:.-]{0,30}")) {
            let mut out = Vec::new();
            super::super::write(&mut out, &value);
            let text = String::from_utf8(out).unwrap();
            // A key may have something escaped in it; then it is left to the other reader.
            let expected = (!text.contains('\\')).then_some(value);
            prop_assert_eq!(read::<Sample>(&text), expected);
        }

        #[test]
        fn whatever_is_read_the_other_reader_reads_alike(
            value in sample(".{0,9}"),
            at in any::<prop::sample::Index>(),
            byte in prop::sample::select(b"\"\\,:[]{}0129ntf \n".to_vec()),
            insert in any::<bool>(),
        ) {
            let mut bytes = Vec::new();
            super::super::write(&mut bytes, &value);
            let at = at.index(bytes.len());
            if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
            prop_assume!(std::str::from_utf8(&bytes).is_ok());
            let text = String::from_utf8(bytes).unwrap();
            if let Some(read) = read::<Sample>(&text) {
                prop_assert_eq!(read, serde_json::from_str::<Sample>(&text).unwrap());
            }
        }
    }

    #[test]
    fn a_text_ends_where_it_is_closed() {
        for length in 0..40 {
            let text = format!("\"{}\"", "x".repeat(length));
            assert_eq!(read::<&str>(&text), Some(&text[1..=length]));
            assert_eq!(read::<&str>(&text[..=length]), None);
            for inside in ["\\", "\n", "\""] {
                assert_eq!(read::<&str>(&format!("\"{}{inside}yyyyyyyyy\"", "x".repeat(length))), None);
            }
        }
    }

    #[test]
    fn a_line_of_a_ledger_is_read() {
        let event = concat!(
            r#"{"type":"disbursement.allocated","value":{"agreement":"agmt-15ad99eb4ac20e36364bb3646","amount":"278.37","currency":"USD","#,
            r#""invoice_date":"2025-06-08T15:23:14Z","recipient":"000057174132","seller_only":true,"transaction_type":"AWS_REV_SHARE"}}"#
        );
        let line = format!(
            r#"{{"actor":"import","effective_at":"2025-06-11T06:30:00Z","event":{event},"prev":"{}","recorded_at":"2026-11-22T14:39:46.678996Z","seq":5000,"source":{{"id":"billing_event:000057174132:844a","import":2,"row":4998}},"v":1}}"#,
            "7f".repeat(32)
        );
        let read: crate::event::Entry = read(&line).unwrap();
        assert_eq!(read, serde_json::from_str(&line).unwrap());
        assert!(super::super::is_form_of(line.as_bytes(), &read));
    }

    #[test]
    fn every_event_is_read_in_which_nothing_is_escaped() {
        let mut read_here = 0;
        for (kind, full, sparse) in EXAMPLES {
            for value in [full, sparse] {
                let event: Event = serde_json::from_str(&format!(r#"{{"type":"{kind}","value":{value}}}"#)).unwrap();
                let text = String::from_utf8(crate::event::encode(&event)).unwrap();
                assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{kind}");
                let escaped = text.contains('\\');
                read_here += usize::from(!escaped);
                assert_eq!(read::<Event>(&text), (!escaped).then_some(event), "{kind}: {text}");
            }
        }
        assert!(read_here > EXAMPLES.len(), "most events have nothing escaped");
    }

    #[test]
    fn what_stands_too_deep_is_left_to_the_other_reader() {
        #[derive(Debug, Deserialize)]
        struct Nested(#[expect(dead_code, reason = "it is only counted")] Vec<Nested>);
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read::<Nested>(&nested(127)).is_some() && serde_json::from_str::<Nested>(&nested(127)).is_ok());
        assert!(read::<Nested>(&nested(128)).is_none() && serde_json::from_str::<Nested>(&nested(128)).is_err());
        assert!(read::<Nested>(&nested(100_000)).is_none());
    }

    #[test]
    fn what_is_no_canonical_form_is_not_read() {
        for text in ["01", "1.0", "-1", "1e3", "", " 1", "1 ", "99999999999999999"] {
            assert_eq!(read::<u64>(text), None, "{text}");
        }
        for text in ["[1,]", "[,1]", "[1 ,2]", "[1", "[1]]", "nul", "{}"] {
            assert_eq!(read::<Option<Vec<u64>>>(text), None, "{text}");
        }
    }
}
