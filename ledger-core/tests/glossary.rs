//! The glossary names types and fields that there are.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads the page, and stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, all: &mut Vec<String>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_type_of_the_glossary_is_there() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    sources(&here.join("src/event"), &mut all);
    all.push(fs::read_to_string(here.join("src/document.rs")).unwrap());
    sources(&here.join("src/sampling"), &mut all);
    all.push(fs::read_to_string(here.join("src/sampling.rs")).unwrap());
    let page = fs::read_to_string(here.join("../docs/glossary.md")).unwrap();
    let (_, table) = page.split_once("## AWS's words and ours").unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 28, "{rows:?}");
    for row in rows {
        let [_, here, gloss, of] = row.as_slice() else { panic!("four columns: {row:?}") };
        assert!(!here.is_empty() && gloss.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{row:?}");
        let name = of.trim_matches('`');
        let (kind, field) = name.split_once('.').map_or((name, None), |(kind, field)| (kind, Some(field)));
        let declared = |text: &&String| {
            ["pub struct ", "pub enum ", "    "].iter().any(|what| text.contains(&format!("{what}{kind} {{")))
                || text.contains(&format!("pub trait {kind}:"))
        };
        let text = all.iter().find(declared).unwrap_or_else(|| panic!("`{kind}` is no type of an event"));
        if let Some(field) = field {
            let body = text.split_once(&format!("pub struct {kind} {{")).unwrap().1;
            let body = body.split_once("\n}").unwrap().0;
            assert!(body.contains(&format!("    pub {field}: ")), "`{kind}` has no field `{field}`");
        }
    }
}
