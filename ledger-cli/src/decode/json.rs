//! JSON files: the documents in them, each with the line it begins on, and where in it a value stands.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;

use ledger_core::chain::Hash;
use ledger_core::problem::{Code, Located, Problem, Problems};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::source;
use crate::failure::Failure;

/// No file of documents is longer: it is read as a whole.
const LONGEST: u64 = 256 << 20;

/// A file of documents, read.
pub(crate) struct Documents {
    text: String,
    /// Where each stands in the text.
    places: Vec<Range<usize>>,
    /// BLAKE3 of the file, after decompression.
    pub(crate) digest: Hash,
    /// How many bytes it has then.
    pub(crate) length: u64,
}

impl Documents {
    /// The documents: the text of each, and the line it begins on.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u64, &str)> {
        let mut line = 1;
        let mut counted = 0;
        self.places.iter().map(move |place| {
            line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[counted..place.start]).count() as u64;
            counted = place.start;
            (line, &self.text[place.clone()])
        })
    }

    /// How many bytes the file has, after decompression.
    pub(crate) fn len(&self) -> u64 {
        self.text.len() as u64
    }
}

/// Whether a file holds JSON: its first character that is not white space opens an object or a list. A CSV header never does.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn is_json(path: &Path) -> Result<bool, Failure> {
    let unreadable = |why| Failure::unreadable(path, &why);
    let mut text = source::open(path).map_err(unreadable)?.text;
    let mut byte = [0];
    // What cannot be decompressed is told by whoever reads it.
    while text.read(&mut byte).is_ok_and(|read| read == 1) {
        if !byte[0].is_ascii_whitespace() {
            return Ok(matches!(byte[0], b'{' | b'['));
        }
    }
    Ok(false)
}

/// Reads a file of documents: one, one behind the other with or without line ends between them, or a list of them. Nothing when it is damaged.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn read(path: &Path, problems: &mut Problems) -> Result<Option<Documents>, Failure> {
    let shown = path.display().to_string();
    let mut refuse = |line: u64, problem: Problem| problems.push(Located { file: shown.clone(), line, column_number: None, problem });
    let mut bytes = Vec::new();
    let opened = source::open(path).map_err(|why| Failure::unreadable(path, &why))?;
    let is_compressed = opened.compressed.is_some();
    let read = match opened.damaged {
        Some(why) => Err(why),
        None => opened.text.take(LONGEST + 1).read_to_end(&mut bytes),
    };
    if let Err(why) = read {
        if !is_compressed {
            return Err(Failure::unreadable(path, &why));
        }
        refuse(0, Problem::new(Code::E0318, "", why.to_string()).cure("download it again"));
        return Ok(None);
    }
    if bytes.len() as u64 > LONGEST {
        refuse(0, Problem::new(Code::E0320, "", "a file of documents has at most 256 MiB").cure("split it"));
        return Ok(None);
    }
    let (digest, length) = (Hash::of(&bytes), bytes.len() as u64);
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(why) => {
            let at = why.utf8_error().valid_up_to();
            let line = 1 + memchr::memchr_iter(b'\n', &why.as_bytes()[..at]).count() as u64;
            refuse(line, Problem::new(Code::E0311, "", "the bytes are no UTF-8").cure("get it again"));
            return Ok(None);
        }
    };
    let mut places = Vec::new();
    let line_at = |at: usize| 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at.min(text.len())]).count() as u64;
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>();
    loop {
        let damaged = match values.next() {
            None => break,
            Some(Ok(raw)) => match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
                Ok(items) if raw.get().starts_with('[') => {
                    places.extend(items.into_iter().map(|item| within(&text, item.get())));
                    continue;
                }
                _ => {
                    places.push(within(&text, raw.get()));
                    continue;
                }
            },
            Some(Err(why)) => why,
        };
        let said = damaged.to_string();
        let why = said.split(" at line ").next().unwrap_or_default().to_owned();
        refuse(damaged.line() as u64, Problem::new(Code::E0101, "", why).cure("check it with any JSON tool, or get it again"));
        return Ok(None);
    }
    for place in &places {
        if let Err(why) = serde_json::from_str::<Distinct>(&text[place.clone()]) {
            let said = why.to_string();
            let line = line_at(place.start) + why.line() as u64 - 1;
            let why = said.split(" at line ").next().unwrap_or_default().to_owned();
            refuse(line, Problem::new(Code::E0101, "", why).cure("name each member once"));
            return Ok(None);
        }
    }
    Ok(Some(Documents { text, places, digest, length }))
}

/// The line, from 1, on which the value of a path begins in a document, or the nearest that is around it.
pub(crate) fn line_of(document: &str, path: &str) -> u64 {
    let at = within(document, below(document, path)).start;
    1 + memchr::memchr_iter(b'\n', &document.as_bytes()[..at]).count() as u64
}

/// Where a part of a text stands in it.
pub(crate) fn within(text: &str, part: &str) -> Range<usize> {
    let from = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    if from <= text.len() && from + part.len() <= text.len() { from..from + part.len() } else { 0..0 }
}

/// The value of a path in a text, or the nearest that is around it: `schedule.2.amount`, where lists count from 1.
pub(crate) fn below<'a>(text: &'a str, path: &str) -> &'a str {
    let mut at = text;
    for part in path.split('.') {
        let next = if let Ok(number) = part.parse::<usize>() {
            serde_json::from_str::<Vec<&RawValue>>(at).ok().and_then(|items| items.get(number.checked_sub(1)?).map(|raw| raw.get()))
        } else {
            let members = serde_json::from_str::<Members<'_>>(at).ok();
            members.and_then(|members| members.0.into_iter().find(|(known, _)| known == part).map(|(_, raw)| raw.get()))
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

/// The members of an object, in the order in which they are written.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> de::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members: Self::Value = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(de::Error::custom(format_args!("`{name}` is written twice")));
                    }
                    members.push((name, value));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(All).map(Members)
    }
}

/// JSON in which no object names a member twice, at any depth.
pub(crate) struct Distinct;

impl<'de> de::Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Distinct;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("JSON")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Distinct, M::Error> {
                let mut names = std::collections::BTreeSet::new();
                while let Some((name, Distinct)) = map.next_entry::<String, Distinct>()? {
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom(format_args!("`{name}` is written twice")));
                    }
                }
                Ok(Distinct)
            }

            fn visit_seq<S: de::SeqAccess<'de>>(self, mut items: S) -> Result<Distinct, S::Error> {
                while items.next_element::<Distinct>()?.is_some() {}
                Ok(Distinct)
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Distinct, E> {
                Ok(Distinct)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
