//! The one form in which a line is written: canonical JSON (RFC 8785), as a serializer of serde's; [`reader`] reads it.
//!
//! A value has many forms in JSON and a hash knows one. Fields stand in the order of their names, nothing stands between them, and a
//! text is escaped only where it must be. What a line may not hold cannot be written by accident: a binary fraction, which money never is,
//! and a whole number that some reader of JSON would round are errors here.
//!
//! Texts are nearly all of a line, and hardly any of them has to be escaped: one look at all its bytes decides, and it is copied whole.

mod reader;

use std::fmt;

pub(crate) use reader::read;
use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct};

/// The largest whole number that every reader of JSON holds exactly.
pub(crate) const LARGEST: u64 = (1 << 53) - 1;

/// Appends a value in canonical form.
///
/// # Panics
/// When it holds what a line may not hold: which types those are is known when they are written, and their tests write them.
pub(crate) fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    value.serialize(&mut Writer { out, is_key: false }).expect("what is recorded can stand in a line");
}

/// Whether these bytes are the value in canonical form.
pub(crate) fn is_form_of(bytes: &[u8], value: &impl Serialize) -> bool {
    let mut unmatched = Unmatched(bytes);
    value.serialize(&mut Writer { out: &mut unmatched, is_key: false }).is_ok() && unmatched.0.is_empty()
}

/// Why a value is not written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Refused {
    /// It is not what stands in the bytes that it is compared with.
    #[error("the bytes differ")]
    Differs,
    /// It cannot stand in a line.
    #[error("{0}")]
    Unwritable(String),
}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::Unwritable(why.to_string())
    }
}

/// What takes the bytes that are written.
trait Sink {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused>;

    fn put_byte(&mut self, byte: u8) -> Result<(), Refused>;

    /// A text between quotes, in which nothing is escaped.
    fn put_quoted(&mut self, text: &str) -> Result<(), Refused>;
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn put_byte(&mut self, byte: u8) -> Result<(), Refused> {
        self.push(byte);
        Ok(())
    }

    fn put_quoted(&mut self, text: &str) -> Result<(), Refused> {
        self.reserve(text.len() + 2);
        self.push(b'"');
        self.extend_from_slice(text.as_bytes());
        self.push(b'"');
        Ok(())
    }
}

/// Takes what is written as long as it is the same as these bytes, and keeps those that are still to come.
struct Unmatched<'a>(&'a [u8]);

impl Sink for Unmatched<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.0 = self.0.strip_prefix(bytes).ok_or(Refused::Differs)?;
        Ok(())
    }

    fn put_byte(&mut self, byte: u8) -> Result<(), Refused> {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => self.0 = rest,
            _ => return Err(Refused::Differs),
        }
        Ok(())
    }

    fn put_quoted(&mut self, text: &str) -> Result<(), Refused> {
        let (found, rest) = self.0.split_at_checked(text.len() + 2).ok_or(Refused::Differs)?;
        let [b'"', same @ .., b'"'] = found else { return Err(Refused::Differs) };
        if !is_same(same, text.as_bytes()) {
            return Err(Refused::Differs);
        }
        self.0 = rest;
        Ok(())
    }
}

struct Writer<'a, S> {
    out: &'a mut S,
    /// Whether a text is the key of a map.
    is_key: bool,
}

impl<S: Sink> Writer<'_, S> {
    fn text(&mut self, text: &str) -> Result<(), Refused> {
        // RFC 8785 orders keys by their UTF-16 units: up to U+D7FF that is the order of their bytes, in which maps are written.
        if self.is_key && text.bytes().any(|byte| byte >= 0xEE) {
            return Err(ser::Error::custom("a key stands in another order"));
        }
        if must_escape(text.as_bytes()) {
            let escaped = serde_json::to_string(text).map_err(ser::Error::custom)?;
            return self.out.put(escaped.as_bytes());
        }
        self.out.put_quoted(text)
    }
}

/// Whether a byte is in a text that stands escaped in JSON. Eight bytes at a time, the last eight perhaps for the second time: most of a line
/// passes here.
fn must_escape(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk() else { return text.iter().any(|byte| escaped_in(u64::from(*byte) * ONES) != 0) };
    let (words, _) = text.as_chunks();
    words.iter().chain([last]).fold(0, |found, word| found | escaped_in(u64::from_le_bytes(*word))) != 0
}

/// Eight bytes of one.
const ONES: u64 = u64::MAX / 255;

/// Whether two texts are the same. Names are short, and then calling a function for it takes longer than looking.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    /// The first and the last `N` bytes, which are all of up to twice as many.
    fn ends<const N: usize>(text: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        text.first_chunk().zip(text.last_chunk())
    }
    one.len() == other.len()
        && match one.len() {
            8..=16 => ends::<8>(one) == ends::<8>(other),
            4..=7 => ends::<4>(one) == ends::<4>(other),
            _ => one == other,
        }
}

/// Is not zero when one of these eight bytes is below a blank, a quote or a backslash.
const fn escaped_in(word: u64) -> u64 {
    const HIGH: u64 = ONES << 7;
    // Taking the limit away sets the highest bit of a byte below it; a byte that had it set before is none.
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(ONES * limit as u64) & !word & HIGH
    }
    below(word, b' ') | below(word ^ (ONES * b'"' as u64), 1) | below(word ^ (ONES * b'\\' as u64), 1)
}

/// Kinds of values that no line holds.
macro_rules! unwritable {
    ($($method:ident($($value:ty),*) $(-> $what:ident)?;)+) => {$(
        fn $method(self, $(_: $value),*) -> Result<unwritable!(@ $($what)?), Refused> {
            Err(Refused::Unwritable(concat!(stringify!($method), ": no line holds this kind of value").to_owned()))
        }
    )+};
    (@) => { () };
    (@ $what:ident) => { Self::$what };
}

impl<'w, S: Sink> ser::Serializer for &'w mut Writer<'_, S> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Parts<'w, S>;
    type SerializeMap = Parts<'w, S>;
    type SerializeStruct = Parts<'w, S>;
    type SerializeTuple = Impossible<(), Refused>;
    type SerializeTupleStruct = Impossible<(), Refused>;
    type SerializeTupleVariant = Impossible<(), Refused>;
    type SerializeStructVariant = Impossible<(), Refused>;

    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        self.text(text)
    }

    fn serialize_bool(self, value: bool) -> Result<(), Refused> {
        self.out.put(if value { b"true" } else { b"false" })
    }

    fn serialize_u64(self, value: u64) -> Result<(), Refused> {
        if value > LARGEST {
            return Err(Refused::Unwritable(format!("{value} is not exact in every reader of JSON")));
        }
        self.out.put(itoa::Buffer::new().format(value).as_bytes())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Refused> {
        self.serialize_u64(u64::from(value))
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.out.put(b"null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refused> {
        self.text(variant)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Refused> {
        Parts::begin(self, b'[')
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Refused> {
        Parts::begin(self, b'{')
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Refused> {
        Parts::begin(self, b'{')
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, _: &T) -> Result<(), Refused> {
        Err(Refused::Unwritable("an enumeration in a line has a tag".to_owned()))
    }

    unwritable! {
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_char(char);
        serialize_bytes(&[u8]);
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}

/// A list or an object whose parts are being written.
struct Parts<'w, S> {
    out: &'w mut S,
    /// Before the first part nothing separates.
    begun: bool,
}

impl<'w, S: Sink> Parts<'w, S> {
    fn begin(writer: &'w mut Writer<'_, S>, opening: u8) -> Result<Self, Refused> {
        writer.out.put_byte(opening)?;
        Ok(Self { out: writer.out, begun: false })
    }

    fn next(&mut self) -> Result<Writer<'_, S>, Refused> {
        if std::mem::replace(&mut self.begun, true) {
            self.out.put_byte(b',')?;
        }
        Ok(Writer { out: self.out, is_key: false })
    }
}

impl<S: Sink> SerializeSeq for Parts<'_, S> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut self.next()?)
    }

    fn end(self) -> Result<(), Refused> {
        self.out.put_byte(b']')
    }
}

impl<S: Sink> SerializeStruct for Parts<'_, S> {
    type Ok = ();
    type Error = Refused;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        let mut writer = self.next()?;
        // The names of fields are ours: none is escaped, and `tests/wire.rs` shows that they stand in order.
        writer.out.put_quoted(name)?;
        writer.out.put_byte(b':')?;
        value.serialize(&mut writer)
    }

    fn end(self) -> Result<(), Refused> {
        self.out.put_byte(b'}')
    }
}

impl<S: Sink> SerializeMap for Parts<'_, S> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        let mut writer = self.next()?;
        writer.is_key = true;
        key.serialize(&mut writer)?;
        writer.out.put_byte(b':')
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut Writer { out: self.out, is_key: false })
    }

    fn end(self) -> Result<(), Refused> {
        self.out.put_byte(b'}')
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn written(value: &impl Serialize) -> Result<String, Refused> {
        let mut out = Vec::new();
        value.serialize(&mut Writer { out: &mut out, is_key: false })?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[derive(Debug, Clone, serde::Serialize)]
    struct Sample {
        listed: Vec<Option<String>>,
        mapped: BTreeMap<String, u32>,
        nested: Option<Box<Sample>>,
        number: u64,
        yes: bool,
    }

    fn sample() -> impl Strategy<Value = Sample> {
        let leaf = (
            prop::collection::vec(prop::option::of(any::<String>()), 0..4),
            prop::collection::btree_map("[ -~]{0,6}", any::<u32>(), 0..4),
            0..=LARGEST,
            any::<bool>(),
        )
            .prop_map(|(listed, mapped, number, yes)| Sample { listed, mapped, nested: None, number, yes });
        leaf.prop_recursive(3, 8, 1, |inner| {
            inner.prop_map(|inner| Sample {
                listed: vec![None],
                mapped: BTreeMap::new(),
                nested: Some(Box::new(inner)),
                number: 0,
                yes: true,
            })
        })
    }

    proptest! {
        #[test]
        fn it_is_what_an_independent_library_writes(value in sample()) {
            let text = written(&value).unwrap();
            prop_assert_eq!(&text, &serde_json_canonicalizer::to_string(&value).unwrap());
            prop_assert!(is_form_of(text.as_bytes(), &value));
        }

        #[test]
        fn no_other_bytes_are_its_form(value in sample(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut other = written(&value).unwrap().into_bytes();
            let at = at.index(other.len());
            prop_assume!(other[at] != byte);
            other[at] = byte;
            prop_assert!(!is_form_of(&other, &value));
            prop_assert!(!is_form_of(&other[..at], &value));
        }
    }

    #[test]
    fn a_text_is_escaped_where_json_says_so() {
        for byte in 0..=255 {
            for at in 0..20 {
                let mut text = [b'x'; 20];
                text[at] = byte;
                assert_eq!(must_escape(&text), byte < b' ' || byte == b'"' || byte == b'\\', "{byte} at {at}");
            }
        }
    }

    #[test]
    fn a_key_that_would_stand_elsewhere_is_in_no_line() {
        let map = |key: &str| BTreeMap::from([(key.to_owned(), 1_u32)]);
        assert_eq!(written(&map("風")).unwrap(), "{\"風\":1}");
        assert!(written(&map("Ａ")).is_err() && written(&map("😀")).is_err());
        assert!(!is_form_of("{\"Ａ\":1}".as_bytes(), &map("Ａ")));
    }

    #[test]
    fn texts_are_the_same_when_every_byte_is() {
        for length in 0..20 {
            let text = vec![b'x'; length];
            assert!(is_same(&text, &text.clone()) && !is_same(&text, &vec![b'x'; length + 1]));
            for at in 0..length {
                let mut other = text.clone();
                other[at] = b'y';
                assert!(!is_same(&text, &other), "{at} of {length}");
            }
        }
    }

    #[test]
    fn what_a_line_may_not_hold_is_refused() {
        assert_eq!(written(&LARGEST).unwrap(), "9007199254740991");
        assert!(written(&(LARGEST + 1)).unwrap_err().to_string().starts_with("9007199254740992 is not exact"));
        for refused in [written(&1.5_f64), written(&-1_i64), written(&(1, 2)), written(&'c'), written(&())] {
            assert!(refused.unwrap_err().to_string().ends_with("no line holds this kind of value"));
        }
        assert!(written(&Ok::<u32, u32>(1)).unwrap_err().to_string().contains("has a tag"));
    }
}
