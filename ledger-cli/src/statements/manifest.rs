//! What a Data Export says it consists of: `manifest.json` beside its files, which lists them. A part that is missing makes a month too small,
//! and a part of an older delivery makes it too large.

use std::path::{Path, PathBuf};

use ledger_core::problem::Problems;
use serde::Deserialize;

use crate::decode::json;
use crate::failure::Failure;
use crate::import::files::InFile;

/// A manifest, compared with the files that were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What its file is called.
    pub name: String,
    /// The files that it lists, by their keys in S3, in its order.
    pub listed: Vec<String>,
    /// Those of them that were not given.
    pub absent: Vec<String>,
    /// Files that were given, lie beside or below it, and are listed by no manifest.
    pub extra: Vec<String>,
}

/// What is read of it: of a Data Export, or of a legacy report.
#[derive(Deserialize)]
struct Listing {
    #[serde(rename = "dataFiles", alias = "reportKeys")]
    files: Vec<String>,
}

/// Tells manifests from other JSON: which of the files are, and what they list.
///
/// # Errors
/// A file cannot be read.
pub(super) fn among(files: Vec<InFile>) -> Result<(Vec<Manifest>, Vec<InFile>), Failure> {
    let (mut read, mut others): (Vec<(PathBuf, Manifest)>, Vec<InFile>) = (Vec::new(), Vec::new());
    for file in files {
        // What is wrong with a file, whoever reads it as a statement tells.
        match json::is_json(&file.path)?.then(|| json::read(&file.path, &mut Problems::new())).transpose()?.flatten() {
            Some(documents) if documents.each().count() == 1 => {
                let listing = documents.each().find_map(|(_, text)| serde_json::from_str::<Listing>(text).ok());
                match listing {
                    Some(Listing { files: listed }) => {
                        read.push((root(&file.path), Manifest { name: file.name, listed, absent: Vec::new(), extra: Vec::new() }));
                    }
                    None => others.push(file),
                }
            }
            _ => others.push(file),
        }
    }
    let is_listed = |file: &InFile| read.iter().any(|(_, manifest)| manifest.listed.iter().any(|key| is(key, &file.path)));
    let extra: Vec<Vec<String>> = read
        .iter()
        .map(|(root, _)| {
            others.iter().filter(|file| file.path.starts_with(root) && !is_listed(file)).map(|file| file.name.clone()).collect()
        })
        .collect();
    let manifests = read.into_iter().zip(extra).map(|((_, mut manifest), extra)| {
        manifest.absent = manifest.listed.iter().filter(|key| !others.iter().any(|file| is(key, &file.path))).cloned().collect();
        manifest.extra = extra;
        manifest
    });
    Ok((manifests.collect(), others))
}

/// The folder of an export: AWS keeps its manifests in `metadata`, beside `data`.
fn root(manifest: &Path) -> PathBuf {
    let metadata = manifest.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "metadata"));
    metadata.unwrap_or(manifest).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Whether a key in S3 is a file here: by its name, and by its month, where a folder of the file tells that.
fn is(key: &str, path: &Path) -> bool {
    let month = path.iter().filter_map(|part| part.to_str()).find(|part| part.starts_with("BILLING_PERIOD="));
    let name = path.file_name().and_then(|name| name.to_str());
    key.rsplit('/').next() == name && month.is_none_or(|month| key.split('/').any(|part| part == month))
}
