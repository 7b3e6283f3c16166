//! Which files are meant, and what their paths tell: AWS's delivery layout is `<account>/<feed>_vN/year=YYYY/month=MM/data.csv`.

use std::path::{Component, Path, PathBuf};

use ledger_core::id::AccountId;

use crate::failure::{Code, Failure};

/// A file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in the ledger: from the recipient's folder on, or else its name.
    pub name: String,
    /// What its path tells.
    pub place: Place,
    /// What it was spooled from, where it is a stream.
    pub stream: Option<PathBuf>,
}

impl InFile {
    /// A stream that was spooled to a file.
    pub fn spooled(from: PathBuf, to: PathBuf) -> Self {
        let name = from.file_name().unwrap_or(from.as_os_str()).to_string_lossy().into_owned();
        Self { path: to, name, place: Place::default(), stream: Some(from) }
    }

    /// What it is called when something is said of it.
    pub fn shown(&self) -> String {
        match &self.stream {
            Some(from) if is_standard_input(from) => "standard input".to_owned(),
            from => from.as_ref().unwrap_or(&self.path).display().to_string(),
        }
    }

    /// Where the rows go that are set aside: beside the file, those of a stream into the current folder.
    pub fn rejected(&self) -> PathBuf {
        let name = |path: &Path| rejected(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
        match &self.stream {
            Some(from) => PathBuf::from(name(from)),
            None => self.path.with_file_name(name(&self.path)),
        }
    }
}

/// Whether a path stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a path in AWS's delivery layout tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The twelve digits directly above the feed's folder.
    pub recipient: Option<AccountId>,
    /// The feed's version.
    pub version: Option<u32>,
    /// The year of delivery.
    pub year: Option<u32>,
    /// The month of delivery.
    pub month: Option<u32>,
}

/// The files that some paths name: a file is itself, a folder is every `.csv`, `.json` and `.jsonl` below it, compressed or not. In the order of
/// their paths' bytes.
///
/// # Errors
/// A path that cannot be read.
pub fn find(paths: &[PathBuf]) -> Result<Vec<InFile>, Failure> {
    find_ending(paths, &[".csv", ".parquet", ".json", ".jsonl", ".ndjson"])
}

/// The files that some paths name, of a folder those below it whose names end so, compressed or not.
///
/// # Errors
/// A path that cannot be read.
pub(crate) fn find_ending(paths: &[PathBuf], endings: &[&str]) -> Result<Vec<InFile>, Failure> {
    find_meant(paths, &|path| is_meant(path, endings))
}

/// Every file that some paths name, of a folder all below it.
///
/// # Errors
/// A path that cannot be read.
pub(crate) fn find_every(paths: &[PathBuf]) -> Result<Vec<InFile>, Failure> {
    find_meant(paths, &|_| true)
}

fn find_meant(paths: &[PathBuf], is_meant: &dyn Fn(&Path) -> bool) -> Result<Vec<InFile>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = path.metadata().map_err(|why| Failure::unreadable(path, &why))?;
        if metadata.is_dir() {
            walk(path, is_meant, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    let mut files: Vec<InFile> = found.into_iter().map(describe).collect();
    files.sort_by(|a, b| a.path.as_os_str().as_encoded_bytes().cmp(b.path.as_os_str().as_encoded_bytes()));
    files.dedup();
    Ok(files)
}

fn walk(folder: &Path, is_meant: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |why| Failure::unreadable(folder, &why);
    for entry in folder.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
        // A link to a folder could lead anywhere, and round in circles.
        let is_link = kind.is_symlink();
        let kind = if is_link { path.metadata().map_err(|why| Failure::unreadable(&path, &why))?.file_type() } else { kind };
        if kind.is_dir() && is_link {
            return Err(Failure::new(Code::E0303, format!("`{}` is a link to a folder, which is not followed", path.display()))
                .hint("name the folder that it leads to"));
        } else if kind.is_dir() {
            walk(&path, is_meant, found)?;
        } else if kind.is_file() && is_meant(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// How the name of a file ends that holds rows which were set aside.
const REJECTED: &str = ".rejected.csv";

/// The name of the file that the rows of another go to which are set aside: `data.csv.gz` → `data.rejected.csv`.
pub fn rejected(name: &str) -> String {
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let stem = stem.strip_suffix(".csv").unwrap_or(stem);
    format!("{}{REJECTED}", if stem == "-" { "stdin" } else { stem })
}

/// Whether a file of this name has rows that were set aside.
pub fn are_mended(name: &str) -> bool {
    name.ends_with(REJECTED)
}

fn is_meant(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    // What --quarantine set aside stands beside its file, and is imported when somebody names it.
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    endings.iter().any(|ending| plain.ends_with(ending)) && !are_mended(&name)
}

fn describe(path: PathBuf) -> InFile {
    let parts: Vec<&str> =
        path.components().filter_map(|part| if let Component::Normal(part) = part { part.to_str() } else { None }).collect();
    let feed = parts.iter().rposition(|part| feed_version(part).is_some());
    let recipient = feed.and_then(|at| parts.get(at.checked_sub(1)?)?.parse().ok());
    let numbered = |prefix: &str| parts.iter().rev().find_map(|part| part.strip_prefix(prefix)?.parse().ok());
    let place = Place {
        recipient,
        version: feed.and_then(|at| feed_version(parts[at])),
        year: numbered("year="),
        month: numbered("month=").filter(|month| (1..=12).contains(month)),
    };
    let from = match (feed, recipient) {
        (Some(at), Some(_)) => at - 1,
        (Some(at), None) => at,
        _ => parts.len().saturating_sub(1),
    };
    let name = parts[from..].join("/");
    InFile { path, name, place, stream: None }
}

/// `billingeventfeed_v1` has version 1.
fn feed_version(folder: &str) -> Option<u32> {
    let (feed, version) = folder.rsplit_once("_v")?;
    feed.ends_with("feed").then(|| version.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_delivery_layout_tells_whose_month_it_is() {
        let file = describe("bucket/000057174132/billingeventfeed_v1/year=2025/month=03/data.csv.gz".into());
        assert_eq!(file.name, "000057174132/billingeventfeed_v1/year=2025/month=03/data.csv.gz");
        assert_eq!(file.place.recipient.unwrap().as_str(), "000057174132");
        assert_eq!((file.place.version, file.place.year, file.place.month), (Some(1), Some(2025), Some(3)));
    }

    #[test]
    fn the_account_must_stand_directly_above_the_feed() {
        let file = describe("000057174132/copies/offerfeed_v1/year=2025/month=13/data.csv".into());
        assert_eq!((file.place.recipient, file.place.month), (None, None));
        assert_eq!(file.name, "offerfeed_v1/year=2025/month=13/data.csv");
    }

    #[test]
    fn any_other_path_tells_nothing() {
        let file = describe("march.csv".into());
        assert_eq!((file.name.as_str(), file.place), ("march.csv", Place::default()));
    }
}
