//! Documents of AWS: what a change set, an answer of the Catalog or the Agreement API, or a notice of EventBridge says, in the field's words.
//!
//! A document is recognised by its members, never by its name or path. It may tell a part of a thing only, and come in any order: what it
//! says is recorded as it is told, and the parts are laid over each other when asked. `docs/formats/documents.md` is the table of all kinds.

mod agreement;
mod agreement_terms;
mod change_set;
mod entity;
mod invoice_summaries;
mod notification;
mod terms;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use crate::chain::Hash;
use crate::event::Event;
use crate::feed::{self, Complaint, Fact};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::problem::{Code, Problem};
use crate::time::Instant;

/// Every kind of document there is. A new one is a file and a line.
pub const DOCUMENTS: &[&dyn Document] = &[
    &notification::Notification,
    &change_set::ChangeSet,
    &entity::Entity,
    &agreement_terms::AgreementTermsGot,
    &agreement::AgreementDescribed,
    &invoice_summaries::InvoiceSummaries,
];

/// One kind of document.
pub trait Document: Sync {
    /// Its name, which begins every natural key: `change_set`.
    fn name(&self) -> &'static str;

    /// The members that one has, of which any group will do.
    fn marks(&self) -> &'static [&'static [&'static str]];

    /// Whose it is, when it says so.
    fn account(&self, whole: &Value) -> Option<AccountId>;

    /// Tells what it says, and everything that is wrong with it.
    fn read(&self, page: &Page<'_>);
}

/// The kind that a document is of, when it is one.
pub fn recognise(whole: &Value) -> Option<&'static dyn Document> {
    let has = |marks: &&[&str]| marks.iter().all(|mark| whole.get(mark).is_some_and(|value| !value.is_null()));
    DOCUMENTS.iter().copied().find(|document| document.marks().iter().any(has))
}

/// What a document does not say itself.
#[derive(Debug, Clone)]
pub struct Beside<'a> {
    /// Whose document it is.
    pub whose: AccountId,
    /// What AWS called the things that it names only by a placeholder.
    pub names: &'a BTreeMap<String, String>,
    /// When it took effect, where it does not say so.
    pub effective_at: Option<Instant>,
    /// The BLAKE3 of the document.
    pub digest: Hash,
}

/// What a document told.
#[derive(Debug, Default)]
pub struct Told {
    /// What it says.
    pub facts: Vec<Fact>,
    /// What it says that is of no use here, and how often: kinds of changes, terms and notices, in small letters.
    pub dropped: BTreeMap<String, u64>,
    /// Everything that is wrong with it; the field is the path to the value. There is nothing to be recorded when anything is.
    pub problems: Vec<Problem>,
}

/// Reads a document of a kind.
pub fn read(document: &dyn Document, whole: &Value, beside: Beside<'_>) -> Told {
    let mut whole = whole.clone();
    unfold(&mut whole);
    let page = Page { kind: document.name(), whole: &whole, beside, told: RefCell::default() };
    document.read(&page);
    page.told.into_inner()
}

/// Older answers have `Details`, JSON in a text, where newer ones have `DetailsDocument` as well.
fn unfold(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let (Some(Value::String(text)), false) = (members.get("Details"), members.contains_key("DetailsDocument"))
                && let Ok(details) = serde_json::from_str(text)
            {
                members.insert("DetailsDocument".to_owned(), details);
            }
            members.values_mut().for_each(unfold);
        }
        Value::Array(items) => items.iter_mut().for_each(unfold),
        _ => (),
    }
}

/// A document being read. It takes what is told, and remembers what was wrong.
pub struct Page<'a> {
    kind: &'static str,
    whole: &'a Value,
    beside: Beside<'a>,
    told: RefCell<Told>,
}

impl<'a> Page<'a> {
    /// All of it.
    fn root(&'a self) -> Node<'a> {
        Node { page: self, value: self.whole, path: String::new() }
    }

    fn whose(&self) -> AccountId {
        self.beside.whose
    }

    /// Tells a fact, under a key of its own within this kind and account.
    fn tell(&self, key: &str, effective_at: Instant, stated_at: Option<Instant>, event: Event) {
        let key = format!("{}:{}:{key}", self.kind, self.beside.whose);
        self.told.borrow_mut().facts.push(Fact { key, effective_at, stated_at, withdrawn: false, event });
    }

    /// Notes that something it says is not recorded.
    fn drop(&self, what: &str) {
        let what = Some(snake(what)).filter(|what| (1..=64).contains(&what.len())).unwrap_or_else(|| "unnamed".to_owned());
        *self.told.borrow_mut().dropped.entry(what).or_default() += 1;
    }

    fn problem(&self, problem: Problem) {
        let problems = &mut self.told.borrow_mut().problems;
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// What AWS called a thing that the document names by a placeholder.
    fn named(&self, placeholder: &str) -> Option<&str> {
        self.beside.names.get(placeholder).map(String::as_str)
    }

    /// When it took effect: as it says, or as was said beside it.
    fn effective_at(&self, said: Option<Instant>, what: &str) -> Option<Instant> {
        let found = said.or(self.beside.effective_at);
        if found.is_none() {
            let cure = "import AWS's answer, which says it; or say since when it holds: --effective 2026-03-31";
            self.problem(Problem::new(Code::E0326, "", format!("nothing in {what} says when")).cure(cure));
        }
        found
    }
}

/// A value of a document, and the way to it.
#[derive(Clone)]
struct Node<'a> {
    page: &'a Page<'a>,
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// A member, whichever way its first letter is written: the Catalog API writes `Terms`, the Agreement API `terms`.
    fn get(&self, name: &str) -> Option<Node<'a>> {
        let members = self.value.as_object()?;
        let same = |known: &&String| {
            let (mut one, mut other) = (known.chars(), name.chars());
            one.next().map(|c| c.to_ascii_lowercase()) == other.next().map(|c| c.to_ascii_lowercase()) && one.as_str() == other.as_str()
        };
        let (name, value) = members.get_key_value(name).or_else(|| members.iter().find(|(known, _)| same(known)))?;
        (!value.is_null()).then(|| self.below(name, value))
    }

    fn below(&self, name: &str, value: &'a Value) -> Node<'a> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Node { page: self.page, value, path }
    }

    /// A member that must be there.
    fn needed(&self, name: &str) -> Option<Node<'a>> {
        let found = self.get(name);
        let is_empty = |node: &Node<'_>| node.value.as_str().is_some_and(str::is_empty);
        if found.as_ref().is_none_or(is_empty) {
            let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
            let why = if found.is_none() { "it is not there" } else { "it is empty" };
            let cure = "AWS always writes it; get the document again";
            self.page.problem(Problem::new(Code::E0201, "", why).column(path).cure(cure));
            return None;
        }
        found
    }

    /// The items of a list; none when the member is not there.
    fn items(&self, name: &str) -> Vec<Node<'a>> {
        let Some(list) = self.get(name) else { return Vec::new() };
        match list.value.as_array() {
            Some(items) => (1..).zip(items).map(|(number, item): (u64, _)| list.below(&number.to_string(), item)).collect(),
            None => {
                list.complain(Code::E0203, "a list is wanted", "AWS writes it between [ and ]");
                Vec::new()
            }
        }
    }

    /// Its text. A number is the text that it is written as.
    fn text(&self) -> Option<String> {
        match self.value {
            Value::String(text) if is_placeholder(text) => {
                let cure = "fill the template in, or import what AWS answered";
                self.page.problem(Problem::new(Code::E0325, text, "a placeholder stands here").column(&self.path).cure(cure));
                None
            }
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                self.complain(Code::E0203, "a text is wanted", "AWS writes it between quotes");
                None
            }
        }
    }

    fn text_of(&self, name: &str) -> Option<String> {
        self.get(name)?.text()
    }

    fn id<T: FromStr<Err: Display>>(&self) -> Option<T> {
        let text = self.text()?;
        self.keep(&text, text.parse().map_err(|why: T::Err| (Code::E0204, why.to_string(), "write the id as AWS does".to_owned())))
    }

    fn id_of<T: FromStr<Err: Display>>(&self, name: &str) -> Option<T> {
        self.get(name)?.id()
    }

    fn account(&self) -> Option<AccountId> {
        let text = self.text()?;
        let complaint =
            || (Code::E0215, "an AWS account id has 12 digits".to_owned(), "write it between quotes, leading zeros included".to_owned());
        self.keep(&text, text.parse().map_err(|_| complaint()))
    }

    fn amount(&self) -> Option<Amount> {
        let text = self.text()?;
        self.keep(&text, feed::amount(&text))
    }

    fn count(&self) -> Option<u64> {
        let text = self.text()?;
        let complaint = || (Code::E0202, "a whole number is wanted".to_owned(), "write digits only".to_owned());
        self.keep(&text, text.parse().map_err(|_| complaint()))
    }

    fn currency(&self) -> Option<Currency> {
        let text = self.text()?;
        let complaint =
            || (Code::E0205, "a currency is three capital letters".to_owned(), "write the ISO 4217 code, such as USD".to_owned());
        self.keep(&text, text.parse().map_err(|_| complaint()))
    }

    /// A moment, as any of AWS's APIs writes it: as a text, or in seconds since 1970.
    fn moment(&self) -> Option<Instant> {
        let text = self.text()?;
        self.keep(&text, if self.value.is_number() { epoch(&text) } else { moment(&text) })
    }

    fn moment_of(&self, name: &str) -> Option<Instant> {
        self.get(name)?.moment()
    }

    /// The first moment after a date that is told as the last day inside, or as that day's last second.
    /// Source: AWS Marketplace Catalog API, offers: "expires at 23:59:59.999 UTC on the date provided".
    fn after(&self) -> Option<Instant> {
        let last = self.moment()?;
        // After the last day of all there is no other: who says so means that there is no end.
        let next = || last.day().succ_opt().map(Instant::midnight).filter(|next| next.is_in_range()).unwrap_or(last);
        let is_day = self.value.as_str().is_some_and(|text| text.len() == 10);
        let is_last_second = Instant::midnight(last.day()).micros() + 86_399_000_000 <= last.micros();
        Some(if is_day || is_last_second { next() } else { last })
    }

    fn complain(&self, code: Code, why: &str, cure: &str) {
        let found = self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned);
        let found: String = found.chars().take(80).collect();
        self.page.problem(Problem::new(code, found, why).column(&self.path).cure(cure));
    }

    fn keep<T>(&self, found: &str, read: Result<T, Complaint>) -> Option<T> {
        read.map_err(|(code, why, cure)| self.page.problem(Problem::new(code, found, why).column(&self.path).cure(cure))).ok()
    }
}

/// `{{BUYER_IDS}}`: what a template leaves open.
fn is_placeholder(text: &str) -> bool {
    text.starts_with("{{") && text.ends_with("}}")
}

/// Every form in which AWS's APIs write a moment as a text: ISO 8601 in UTC, with `Z` or `+0000`, or a day alone.
pub(crate) fn moment(text: &str) -> Result<Instant, Complaint> {
    feed::moment(text.strip_suffix("+0000").or_else(|| text.strip_suffix("+00:00")).unwrap_or(text))
}

/// A moment in seconds since 1970, exactly and not through a float.
pub(crate) fn epoch(text: &str) -> Result<Instant, Complaint> {
    let seconds: Option<Amount> = text.parse().ok();
    let micros = seconds.and_then(|seconds| i64::try_from(seconds.units() / 100).ok());
    let moment = micros.map(Instant::from_micros).filter(|moment| moment.is_in_range());
    let why = || "a number is read as seconds since 1970, and this is none of the years 1 to 9999".to_owned();
    moment.ok_or_else(|| (Code::E0206, why(), "write seconds, not milliseconds; or the moment as a text".to_owned()))
}

/// The date header of an HTTP answer: `Wed, 26 Jul 2023 23:42:37 GMT`.
fn http_date(text: &str) -> Option<Instant> {
    let read = chrono::NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    Some(Instant::from_micros(read.and_utc().timestamp_micros())).filter(|moment| moment.is_in_range())
}

/// When AWS answered, where the answer still has its HTTP headers.
fn answered_at(root: &Node<'_>) -> Option<Instant> {
    http_date(&root.get("ResponseMetadata")?.get("HTTPHeaders")?.text_of("date")?)
}

/// The account in an ARN: `arn:aws:aws-marketplace:us-east-1:123456789012:AWSMarketplace/Offer/offer-1`.
fn account_in_arn(arn: &str) -> Option<AccountId> {
    arn.split(':').nth(4)?.parse().ok()
}

/// `AddDimensions` and `Change Set Failed` as the keys of a map on the wire.
fn snake(text: &str) -> String {
    let (mut out, mut after_small) = (String::new(), false);
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => {
                if c.is_ascii_uppercase() && after_small {
                    out.push('_');
                }
                out.push(c.to_ascii_lowercase());
            }
            _ if !out.ends_with('_') => out.push('_'),
            _ => (),
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    out.trim_matches('_').to_owned()
}

/// How a product of an entity type is delivered: `SaaSProduct@1.0` → `saas`.
fn delivery(entity_type: &str) -> Option<&'static str> {
    Some(match entity_type.split('@').next()? {
        "AmiProduct" => "ami",
        "ContainerProduct" => "container",
        "SaaSProduct" => "saas",
        "MachineLearningProduct" => "machine-learning",
        "ProfessionalServicesProduct" => "professional-services",
        "DataProduct" => "data",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_moment_is_read_exactly() {
        for (text, canonical) in [
            ("2023-05-31", "2023-05-31T00:00:00Z"),
            ("2018-02-27T13:45:22Z", "2018-02-27T13:45:22Z"),
            ("2020-12-01T00:00:00.000Z", "2020-12-01T00:00:00Z"),
            ("2018-09-20T19:45:03.115+0000", "2018-09-20T19:45:03.115000Z"),
        ] {
            assert_eq!(moment(text).unwrap().to_string(), canonical, "{text}");
        }
        for (text, canonical) in [("1690000000", "2023-07-22T04:26:40Z"), ("1690000000.123", "2023-07-22T04:26:40.123000Z")] {
            assert_eq!(epoch(text).unwrap().to_string(), canonical, "{text}");
        }
        for text in ["", ".", "31/05/2023", "2018-09-20T19:45:03+0100", "20260401", "1690000000", "10000-01-01T00:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
        // Milliseconds, the first second of the year 10000, and what no clock holds.
        for text in ["1690000000123", "253402300800", "-62135596801", "9223372036854.775807", "99999999999999999999"] {
            assert!(epoch(text).is_err(), "{text}");
        }
        assert_eq!(http_date("Wed, 26 Jul 2023 23:42:37 GMT").unwrap().to_string(), "2023-07-26T23:42:37Z");
    }

    #[test]
    fn what_is_not_recorded_has_a_name_that_a_map_may_have() {
        assert_eq!(snake("AddDimensions"), "add_dimensions");
        assert_eq!(snake("Change Set Failed"), "change_set_failed");
        assert_eq!(snake("change set FAILED"), "change_set_failed");
        assert_eq!(snake("Purchase Agreement Ending - Acceptor"), "purchase_agreement_ending_acceptor");
        assert_eq!(snake("refundPolicy"), "refund_policy");
    }

    #[test]
    fn no_kind_is_taken_for_another() {
        for (text, kind) in [
            (r#"{"Catalog": "AWSMarketplace", "ChangeSet": []}"#, Some("change_set")),
            (r#"{"detail-type": "Offer Released", "detail": {}, "source": "aws.marketplacecatalog"}"#, Some("notification")),
            (r#"{"EntityType": "Offer@1.0", "EntityIdentifier": "offer-1@2", "DetailsDocument": {}}"#, Some("entity")),
            (r#"{"acceptedTerms": []}"#, Some("agreement_terms")),
            (r#"{"agreementId": "agmt-1", "acceptedTerms": []}"#, Some("agreement_terms")),
            (r#"{"agreementId": "agmt-1", "status": "ACTIVE"}"#, Some("agreement")),
            (r#"{"agreementViewSummaries": []}"#, Some("agreement")),
            (r#"{"CHANGESET_ID": "1"}"#, None),
            ("[]", None),
        ] {
            assert_eq!(recognise(&serde_json::from_str(text).unwrap()).map(Document::name), kind, "{text}");
        }
    }
}
