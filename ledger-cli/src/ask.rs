//! What a person writes to ask: points in the ledger's history, dates, and query words. Pure: today is an argument.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use ledger_core::time::{Instant, NotATime, Period};

use crate::failure::{Code, Exit, Failure};

/// A point in the ledger's history, before it is looked up: what `--known-at`, `--since` and `--to` take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// `#1842`: up to this event.
    Seq(u64),
    /// `aee00dcc` or `b3:aee00dcc`: up to the event whose hash begins so; at least 6 digits.
    Hash(String),
    /// A moment or a date: what was recorded before its end.
    During(Period),
    /// `close-2026-03`: the close of this month, or the checkpoint of this name.
    Name(String),
}

/// A text that is no point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPoint {
    /// It looks like a hash and is too short to be told from others.
    #[error("write at least 6 digits of a hash, or #{0} for a position")]
    Short(String),
    /// A number without `#`. Four digits may be meant for a year, too.
    #[error("write #{0} for event {0}{or_year}", or_year = or_year(.0))]
    Bare(String),
    /// No event is before the first.
    #[error("positions begin at #1")]
    Zero,
    /// A date that can be read in two ways, or none.
    #[error(transparent)]
    Time(#[from] NotATime),
    /// Nothing of the kind.
    #[error("write #1842, at least 6 digits of a hash, a moment 2026-03-31T12:00:00Z, or the name of a checkpoint")]
    Unknown,
}

/// So many digits tell a hash from a position.
const SHORTEST_HASH: usize = 6;

fn or_year(digits: &str) -> String {
    if digits.len() == 4 { format!(", or FY{digits} for the year") } else { String::new() }
}

impl Point {
    /// Reads a point; `today` resolves `yesterday`.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self, NotAPoint> {
        if let Some(digits) = text.strip_prefix('#') {
            return match digits.parse() {
                Ok(0) => Err(NotAPoint::Zero),
                Ok(seq) => Ok(Self::Seq(seq)),
                Err(_) => Err(NotAPoint::Unknown),
            };
        }
        if !text.is_empty() && text.len() < SHORTEST_HASH && text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(if text.parse() == Ok(0) { NotAPoint::Zero } else { NotAPoint::Bare(text.to_owned()) });
        }
        let hex = text.strip_prefix("b3:").unwrap_or(text);
        let is_hex = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_hex && (SHORTEST_HASH..=64).contains(&hex.len()) {
            return Ok(Self::Hash(hex.to_owned()));
        }
        match Period::parse(text, today) {
            Ok(period) => Ok(Self::During(period)),
            Err(NotATime::Ambiguous(one, other)) => Err(NotATime::Ambiguous(one, other).into()),
            Err(_) if is_hex => Err(NotAPoint::Short("1842".to_owned())),
            Err(_) if has_form_of_name(text) => Ok(Self::Name(text.to_owned())),
            Err(_) => Err(NotAPoint::Unknown),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => write!(out, "#{seq}"),
            Self::Hash(hex) => write!(out, "b3:{hex}"),
            Self::During(period) => write!(out, "before {}", period.until),
            Self::Name(name) => out.write_str(name),
        }
    }
}

/// Whether a checkpoint can be called so: what is a position, a hash or a time is none.
pub fn is_name(text: &str, today: NaiveDate) -> bool {
    matches!(Point::parse(text, today), Ok(Point::Name(_)))
}

/// The first moment of the month whose close is named so: `close-2026-03`.
pub fn closed_month(name: &str) -> Option<Instant> {
    let month = name.strip_prefix("close-").filter(|month| month.len() == 7)?;
    Period::month_from(format!("{month}-01T00:00:00Z").parse().ok()?).map(|period| period.from)
}

/// Whether a text stands for a point and not for a day: a position, a hash that says so, or a name.
pub fn is_point(text: &str, today: NaiveDate) -> bool {
    text.starts_with('#') || text.starts_with("b3:") || is_name(text, today)
}

fn has_form_of_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
}

/// Reads the point given with a flag.
///
/// # Errors
/// Wrong usage, naming the flag.
pub fn point(flag: &str, text: &str, today: NaiveDate) -> Result<Point, Failure> {
    Point::parse(text, today).map_err(|why| wrong(flag, text, &why).hint("dealbook help time"))
}

/// Reads the date given with a flag.
///
/// # Errors
/// Wrong usage, naming the flag.
pub fn date(flag: &str, text: &str, today: NaiveDate) -> Result<Period, Failure> {
    Period::parse(text, today).map_err(|why| match why {
        NotATime::Ambiguous(..) => Failure::new(Code::E0207, format!("ambiguous date `{text}` for {flag}")).exit(Exit::Usage).because(why),
        _ => wrong(flag, text, &why).hint("dealbook help time"),
    })
}

fn wrong(flag: &str, text: &str, why: &dyn fmt::Display) -> Failure {
    Failure::usage(format!("invalid value `{text}` for {flag}")).because(why)
}

/// What a query word looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A bare word: any name or id.
    Any,
    /// `buyer:`
    Buyer,
    /// `party:`, a seller of either kind
    Party,
    /// `product:`
    Product,
    /// `offer:`
    Offer,
    /// `agreement:`
    Agreement,
    /// `invoice:`
    Invoice,
    /// `type:`, of an event; its beginning is enough
    Type,
    /// `cur:`, three letters
    Currency,
    /// `status:`
    Status,
    /// `ref:`, a CRM reference
    Reference,
    /// `cc:`, a cost centre
    CostCentre,
    /// `origin:`, of an event: `feed`, `manual` or `ledger`
    Origin,
    /// `actor:`, who recorded an event
    Actor,
    /// `approver:`, who approved an event
    Approver,
    /// `corrected:`, whether an event was corrected: `yes` or `no`
    Corrected,
    /// `after-close:`, whether an event was recorded after the close of the time in which it took effect: `yes`, `no`, or the month
    AfterClose,
    /// `backdated:`, whether a person recorded an event on a later day than it took effect: `yes` or `no`
    Backdated,
}

/// Every key with the word that stands for it.
const KEYS: &[(&str, Key)] = &[
    ("buyer", Key::Buyer),
    ("party", Key::Party),
    ("product", Key::Product),
    ("offer", Key::Offer),
    ("agreement", Key::Agreement),
    ("invoice", Key::Invoice),
    ("type", Key::Type),
    ("cur", Key::Currency),
    ("status", Key::Status),
    ("ref", Key::Reference),
    ("cc", Key::CostCentre),
    ("origin", Key::Origin),
    ("actor", Key::Actor),
    ("approver", Key::Approver),
    ("corrected", Key::Corrected),
    ("after-close", Key::AfterClose),
    ("backdated", Key::Backdated),
];

impl Key {
    /// The word that stands for it; nothing for a bare one.
    pub fn word(self) -> &'static str {
        KEYS.iter().find(|(_, key)| *key == self).map_or("", |(word, _)| word)
    }
}

/// One word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Whether it was preceded by `not:`.
    pub not: bool,
    /// What it asks for.
    pub wants: Wants,
}

/// What a word asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wants {
    /// A text, in lower case, somewhere in what the key names.
    Text(Key, String),
    /// A moment inside a period.
    Within(Period),
}

/// The words after the noun. Words with the same key widen (either may match), others narrow; every `not:` narrows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The words in order.
    pub words: Vec<Word>,
}

impl Query {
    /// Reads the words; `today` resolves `date:yesterday`.
    ///
    /// # Errors
    /// Wrong usage: an unknown key with the nearest one, an empty value, a date that is none.
    pub fn parse<T: AsRef<str>>(words: &[T], today: NaiveDate) -> Result<Self, Failure> {
        words.iter().map(|word| Word::parse(word.as_ref(), today)).collect::<Result<_, _>>().map(|words| Self { words })
    }

    /// The stretch of time outside of which nothing is asked for; nothing when no word names a date.
    pub fn span(&self) -> Option<Period> {
        let periods = self.words.iter().filter(|word| !word.not).filter_map(|word| match &word.wants {
            Wants::Within(period) => Some(*period),
            Wants::Text(..) => None,
        });
        periods.reduce(|one, other| Period { from: one.from.min(other.from), until: one.until.max(other.until) })
    }

    /// Whether something is asked for: `texts` gives what it has under a key (under [`Key::Any`] every name and id), `within` whether one of its
    /// moments lies in a period.
    pub fn matches(&self, texts: &dyn Fn(Key) -> Vec<String>, within: &dyn Fn(&Period) -> bool) -> bool {
        let holds = |wants: &Wants| match wants {
            Wants::Within(period) => within(period),
            Wants::Text(Key::Currency, text) => texts(Key::Currency).iter().any(|found| found.eq_ignore_ascii_case(text)),
            Wants::Text(key, text) => texts(*key).iter().any(|found| found.to_lowercase().contains(text)),
        };
        let same = |a: &Wants, b: &Wants| match (a, b) {
            (Wants::Text(Key::Any, _), _) => false,
            (Wants::Text(a, _), Wants::Text(b, _)) => a == b,
            (Wants::Within(_), Wants::Within(_)) => true,
            _ => false,
        };
        self.words.iter().all(|word| {
            if word.not {
                return !holds(&word.wants);
            }
            holds(&word.wants) || self.words.iter().any(|other| !other.not && same(&word.wants, &other.wants) && holds(&other.wants))
        })
    }
}

/// Words in one text, from which [`parted`] gets them back: one that holds a space stands in quotes.
pub fn joined<T: AsRef<str>>(words: &[T]) -> String {
    let quoted = |word: &str| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
    let told = |word: &T| {
        let word = word.as_ref();
        let is_plain = !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\\'));
        if is_plain { word.to_owned() } else { quoted(word) }
    };
    words.iter().map(told).collect::<Vec<_>>().join(" ")
}

/// A word of a query that means the same on every day: `date:2026-04-02` for yesterday's `date:yesterday`.
pub fn absolute(word: &str, today: NaiveDate) -> String {
    let place = word.rfind(':').map_or(0, |at| at + 1);
    let (key, text) = word.split_at(place);
    let day = match text {
        "today" => Some(today),
        "yesterday" => today.pred_opt(),
        _ => None,
    };
    let is_date = key.is_empty() || key.ends_with("date:");
    day.filter(|_| is_date).map_or_else(|| word.to_owned(), |day| format!("{key}{day}"))
}

/// The words of a text that [`joined`] made.
pub fn parted(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            '\\' if quoted => word.extend(chars.next()),
            ' ' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => {
                begun = true;
                word.push(c);
            }
        }
    }
    words.extend(begun.then_some(word));
    words
}

impl Word {
    fn parse(word: &str, today: NaiveDate) -> Result<Self, Failure> {
        if let Some(rest) = word.strip_prefix("not:") {
            let inner = Self::parse(rest, today)?;
            return Ok(Self { not: !inner.not, ..inner });
        }
        let text = |key, text: &str| match text.trim().to_lowercase() {
            empty if empty.is_empty() => {
                Err(Failure::usage(format!("the query word `{word}` asks for nothing")).hint("dealbook help query"))
            }
            text => Ok(Self { not: false, wants: Wants::Text(key, text) }),
        };
        let Some((name, value)) = word.split_once(':') else { return text(Key::Any, word) };
        if name == "date" {
            return date("`date:`", value, today).map(|period| Self { not: false, wants: Wants::Within(period) });
        }
        match name.parse::<KeyName>() {
            Ok(KeyName(key)) => text(key, value),
            // Ids and hashes hold colons too: only what looks like a key is taken for a mistyped one.
            Err(()) if name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && name != "b" && name != "arn" => {
                let names = KEYS.iter().map(|(name, _)| *name).chain(["date", "not"]);
                Err(Failure::usage(format!("unknown query key `{name}:`")).suggest(name, names).hint("dealbook help query"))
            }
            Err(()) => text(Key::Any, word),
        }
    }
}

struct KeyName(Key);

impl FromStr for KeyName {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        KEYS.iter().find(|(known, _)| *known == name).map(|(_, key)| Self(*key)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 4, 3).unwrap()
    }

    #[test]
    fn a_point_is_a_position_a_hash_or_a_moment() {
        for (text, read) in [
            ("#1842", "#1842"),
            ("aee00dcc", "b3:aee00dcc"),
            ("b3:aee00d", "b3:aee00d"),
            ("2026-03-31", "before 2026-04-01T00:00:00Z"),
            ("2026-03-31T12:00:00Z", "before 2026-03-31T12:00:00.000001Z"),
            ("yesterday", "before 2026-04-03T00:00:00Z"),
            ("FY2026", "before 2027-01-01T00:00:00Z"),
            ("1842", "write #1842 for event 1842, or FY1842 for the year"),
            ("18421", "write #18421 for event 18421"),
            ("#0", "positions begin at #1"),
            ("0", "positions begin at #1"),
            ("aee00", "write at least 6 digits of a hash, or #1842 for a position"),
            ("03/04/2026", "day and month cannot be told apart; write 2026-04-03 or 2026-03-04"),
            ("close-2026-03", "close-2026-03"),
            ("Soon", "write #1842, at least 6 digits of a hash, a moment 2026-03-31T12:00:00Z, or the name of a checkpoint"),
        ] {
            let found = Point::parse(text, today()).map_or_else(|why| why.to_string(), |point| point.to_string());
            assert_eq!(found, read, "{text}");
        }
    }

    fn asks(query: &[&str]) -> bool {
        let texts = |key: Key| -> Vec<String> {
            let texts: &[&str] = match key {
                Key::Any => &["Globex Retail", "777788889999", "offer-7mzk2q"],
                Key::Buyer => &["Globex Retail", "777788889999"],
                Key::Type => &["invoice.issued"],
                Key::Currency => &["USD"],
                Key::Status => &["open"],
                _ => &[],
            };
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let at = "2026-02-10T00:00:00Z".parse().unwrap();
        Query::parse(query, today()).unwrap().matches(&texts, &|period| period.holds(at))
    }

    #[test]
    fn words_of_one_key_widen_and_others_narrow() {
        for query in [
            &[][..],
            &["globex"],
            &["GLOBEX", "7mzk"],
            &["buyer:globex", "buyer:initech"],
            &["buyer:initech", "buyer:globex", "cur:usd"],
            &["type:invoice", "date:2026Q1", "status:open"],
            &["date:2026-01", "date:2026-02"],
            &["not:status:closed", "not:initech"],
        ] {
            assert!(asks(query), "{query:?}");
        }
        for query in [
            &["globex", "initech"][..],
            &["buyer:initech"],
            &["buyer:globex", "cur:EUR"],
            &["cur:US"],
            &["not:globex"],
            &["date:2026Q2"],
            &["buyer:globex", "not:buyer:retail"],
        ] {
            assert!(!asks(query), "{query:?}");
        }
    }

    #[test]
    fn a_mistyped_word_is_wrong_usage() {
        for (word, message) in [
            ("byuer:globex", "error: unknown query key `byuer:`"),
            ("buyer:", "error: the query word `buyer:` asks for nothing"),
            ("date:03/04/2026", "error[E0207]: ambiguous date `03/04/2026` for `date:`"),
            ("date:soon", "error: invalid value `soon` for `date:`"),
        ] {
            let failure = Query::parse(&[word], today()).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.to_string().starts_with(message), "{failure}");
        }
        let arn = Query::parse(&["arn:aws:x"], today()).unwrap();
        assert_eq!(arn.words[0].wants, Wants::Text(Key::Any, "arn:aws:x".into()));
    }
}
