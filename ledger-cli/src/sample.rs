//! The sample that the program carries: seller data feeds of five invented sellers in AWS's delivery layout, a buyer's bills, and papers.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use ledger_core::time::Instant;

use crate::failure::Failure;
use crate::import::files::InFile;

/// What its ledger is called, and by which name no other ledger goes.
pub const NAME: &str = "sample";
/// The origin in its first event.
pub const ORIGIN: &str = "dealbook.example/sample";

const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sample.gz"));

/// The folders it has: the feeds, the bills, and the papers that people recorded from.
pub const FOLDERS: [&str; 3] = ["feeds", "bills", "papers"];

/// Writes its files into a folder.
///
/// # Errors
/// The folder cannot be written.
pub fn unpack(folder: &Path) -> Result<(), Failure> {
    let mut packed = BufReader::new(GzDecoder::new(PACKED));
    let mut header = String::new();
    let mut next = || -> io::Result<Option<(String, Vec<u8>)>> {
        header.clear();
        if packed.read_line(&mut header)? == 0 {
            return Ok(None);
        }
        let (length, name) = header.trim_end().split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
        let mut content = vec![0; length.parse().map_err(io::Error::other)?];
        packed.read_exact(&mut content)?;
        Ok(Some((name.to_owned(), content)))
    };
    let unwritable = |why| Failure::unwritable(folder, &why);
    while let Some((name, content)) = next().map_err(unwritable)? {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unwritable)?;
        fs::write(&path, content).map_err(unwritable)?;
    }
    Ok(())
}

/// When the sample's ledger is opened.
pub fn opened_at() -> Instant {
    first_of(2025, 1, 0)
}

/// When a file of the sample is imported: what was delivered before 2025 with the first import, every later month on the first of the
/// next, at six in the morning.
pub fn imported_at(file: &InFile) -> Instant {
    let (year, month) = (file.place.year.unwrap_or_default(), file.place.month.unwrap_or(1));
    match (year, month) {
        (..2025, _) => first_of(2025, 1, 6),
        (_, 12) => first_of(year + 1, 1, 6),
        _ => first_of(year, month + 1, 6),
    }
}

fn first_of(year: u32, month: u32, hour: u32) -> Instant {
    let text = format!("{year:04}-{month:02}-01T{hour:02}:00:00Z");
    text.parse().expect("the first of a month is a day, and these hours are hours")
}
