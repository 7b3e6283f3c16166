//! What a bill's lines are labelled with: cost categories and cost allocation tags. Source: AWS Data Exports, columns of the legacy report
//! (`costCategory/NAME`, `resourceTags/user:NAME`), of CUR 2.0 (the maps `cost_category`, `resource_tags`, `tags`) and of FOCUS (`Tags`,
//! `x_CostCategories`).
//!
//! A file may write one name in several ways, because AWS does when it makes a column of it: `CostCenter`, `cost_center` and `user:cost-center`
//! are one.

use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// The labels that say which cost centre a line belongs to: the cost category before the tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// The name of a cost category.
    pub category: Option<&'a str>,
    /// The name of a tag.
    pub tag: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Category,
    Tag,
}

/// Where a file has its labels.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Labels that have a column each, by their plain name.
    each: Vec<(Kind, String, usize)>,
    /// Columns that hold a map of labels.
    maps: Vec<(Kind, String, usize)>,
}

/// How the name of a column or of a key begins, and what it is then.
const BEGINNINGS: &[(&str, Kind)] = &[
    ("costCategory/", Kind::Category),
    ("cost_category_", Kind::Category),
    ("cost_category.", Kind::Category),
    ("resourceTags/", Kind::Tag),
    ("resource_tags_", Kind::Tag),
    ("resource_tags.", Kind::Tag),
    ("accountTag/", Kind::Tag),
];

const MAPS: &[(&str, Kind)] = &[
    ("cost_category", Kind::Category),
    ("x_CostCategories", Kind::Category),
    ("resource_tags", Kind::Tag),
    ("tags", Kind::Tag),
    ("Tags", Kind::Tag),
];

/// What kind of label a name is of, if it says so, and the name without that.
fn split(name: &str) -> (Option<Kind>, String) {
    let begins = BEGINNINGS.iter().find_map(|(begins, kind)| Some((*kind, name.strip_prefix(begins)?)));
    let (kind, rest) = begins.map_or((None, name), |(kind, rest)| (Some(kind), rest));
    let rest = rest.strip_prefix("user:").or_else(|| rest.strip_prefix("user_")).unwrap_or(rest);
    (kind, plain(rest))
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Columns {
    pub(super) fn of(header: &[&str]) -> Self {
        let mut columns = Self::default();
        for (at, name) in header.iter().enumerate() {
            if let Some((_, kind)) = MAPS.iter().find(|(map, _)| map == name) {
                columns.maps.push((*kind, (*name).to_owned(), at));
            } else if let (Some(kind), name) = split(name) {
                columns.each.push((kind, name, at));
            }
        }
        columns
    }

    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.each.iter().map(|(.., at)| *at).chain(self.maps.iter().map(|(.., at)| *at))
    }

    /// The cost centre that a row is labelled with, if it is.
    ///
    /// # Errors
    /// A column that should hold a map does not: its name and place.
    pub(super) fn centre<'a>(&self, labels: Labels<'_>, cell: &dyn Fn(usize) -> &'a str) -> Result<Option<String>, (&str, usize)> {
        for (kind, wanted) in [(Kind::Category, labels.category), (Kind::Tag, labels.tag)] {
            let Some((_, wanted)) = wanted.map(split) else { continue };
            let of_its_own =
                self.each.iter().filter(|(other, name, _)| *other == kind && *name == wanted).map(|(.., at)| cell(*at).to_owned());
            let mut found: Vec<String> = of_its_own.collect();
            for (of, name, at) in &self.maps {
                let pairs = read(cell(*at)).ok_or((name.as_str(), *at))?;
                let means = |key: &str| matches!(split(key), (told, name) if told.unwrap_or(*of) == kind && name == wanted);
                found.extend(pairs.into_iter().filter(|(key, _)| means(key)).map(|(_, value)| value));
            }
            if let Some(value) = found.into_iter().map(|value| value.trim().to_owned()).find(|value| !value.is_empty()) {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

/// A map of texts. What is no text is nobody's name.
fn read(text: &str) -> Option<BTreeMap<String, String>> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Value {
        Text(String),
        Other(IgnoredAny),
    }
    if matches!(text, "" | "{}" | "NULL" | "null") {
        return Some(BTreeMap::new());
    }
    let pairs: BTreeMap<String, Value> = serde_json::from_str(text).ok()?;
    let texts = pairs.into_iter().filter_map(|(key, value)| match value {
        Value::Text(text) => Some((key, text)),
        Value::Other(_) => None,
    });
    Some(texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn centre(header: &[&str], row: &[&str], labels: Labels<'_>) -> Result<Option<String>, (String, usize)> {
        Columns::of(header).centre(labels, &|at| row[at]).map_err(|(name, at)| (name.to_owned(), at))
    }

    #[test]
    fn one_name_is_written_in_many_ways() {
        for written in ["user:CostCenter", "resourceTags/user:cost_center", "user_cost_center", "CostCenter"] {
            let tag = Labels { category: None, tag: Some(written) };
            assert_eq!(centre(&["resourceTags/user:CostCenter"], &["4711"], tag), Ok(Some("4711".to_owned())), "{written}");
        }
        let tag = Labels { category: None, tag: Some("CostCenter") };
        for (column, cell) in [
            ("resourceTags/user:cost-center", "4711"),
            ("resource_tags_user_cost_center", "4711"),
            ("resource_tags", r#"{"user_cost_center":"4711","user_owner":"7"}"#),
            ("tags", r#"{"costCategory/cost_center":"9","resourceTags/cost_center":"4711"}"#),
            ("Tags", r#"{"user:Cost Center":" 4711 "}"#),
        ] {
            assert_eq!(centre(&[column], &[cell], tag), Ok(Some("4711".to_owned())), "{column}");
        }
        for (column, cell) in
            [("costCategory/CostCenter", "4711"), ("Tags", r#"{"CostCenter":7}"#), ("Tags", "NULL"), ("resource_tags", "")]
        {
            assert_eq!(centre(&[column], &[cell], tag), Ok(None), "{column}");
        }
        assert_eq!(centre(&["lineItem/Id", "Tags"], &["", "{broken"], tag), Err(("Tags".to_owned(), 1)));
    }

    #[test]
    fn the_category_goes_before_the_tag_and_an_empty_one_says_nothing() {
        let both = Labels { category: Some("Team"), tag: Some("team") };
        let header = ["costCategory/Team", "resource_tags"];
        assert_eq!(centre(&header, &["A", r#"{"user_team":"B"}"#], both), Ok(Some("A".to_owned())));
        assert_eq!(centre(&header, &["", r#"{"user_team":"B"}"#], both), Ok(Some("B".to_owned())));
        assert_eq!(centre(&header, &["", "{}"], both), Ok(None));
        assert_eq!(centre(&header, &["A", r#"{"user_team":"B"}"#], Labels::default()), Ok(None));
    }
}
