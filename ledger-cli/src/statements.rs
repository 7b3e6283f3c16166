//! AWS's statements, read for comparing: files and folders in, what each of them says out. What a row says is the core's business; what is
//! wrong with a file, and which files are the same, is told here.

mod manifest;

use std::path::{Path, PathBuf};

use ledger_core::feed;
use ledger_core::id::AccountId;
use ledger_core::problem::{Code, Located, Problem, Problems};
use ledger_core::statement::{self, Aside, Bill, Layout, Reading, Received, STATEMENTS, Unrecognised, Version};
use ledger_core::time::Instant;

use crate::decode::table::Table;
use crate::failure::{Failure, counted};
use crate::import::files::{self, InFile};

pub use manifest::Manifest;

/// How the names of statements end. Of a folder only these are read; a file that is named is read whatever it is called.
const ENDINGS: &[&str] = &[".csv", ".parquet", ".json"];

/// The statements of some files.
#[derive(Debug)]
pub struct Statements {
    /// Those that could be read to their end, in the order of their paths. The same bytes stand here once.
    pub received: Vec<Received>,
    /// Where each of them lies.
    pub paths: Vec<PathBuf>,
    /// The manifests among the files: which parts of an export are missing, and which are too many.
    pub manifests: Vec<Manifest>,
    /// What is wrong with single rows, which are rejected.
    pub rows: Problems,
    /// What is wrong with whole files, of which nothing stands above.
    pub files: Problems,
    /// What else to tell.
    pub notes: Vec<String>,
}

/// Reads the statements that some paths name: files, and folders with all that is below them. `whose` they are need be said only where neither
/// a folder of 12 digits nor their rows do. `tick` is told of every few rows that were read.
///
/// # Errors
/// A path that cannot be read.
pub fn read(paths: &[PathBuf], whose: Option<AccountId>, mut tick: impl FnMut(u64)) -> Result<Statements, Failure> {
    let (manifests, files) = manifest::among(files::find_ending(paths, ENDINGS)?)?;
    let mut statements =
        Statements { received: Vec::new(), paths: Vec::new(), manifests, rows: Problems::new(), files: Problems::new(), notes: Vec::new() };
    for file in files {
        let Some(received) = one(&file, whose, &mut statements, &mut tick)? else { continue };
        if let Some(same) = statements.received.iter().find(|known| known.digest == received.digest) {
            statements.notes.push(format!("{} is the same file as {}, and counts once", received.name, same.name));
        } else {
            statements.received.push(received);
            statements.paths.push(file.path.clone());
        }
    }
    Ok(statements)
}

impl Statements {
    /// Which of the files tell a month's bill before it was final, beside one that tells it as it is: that one counts.
    ///
    /// # Errors
    /// Two files are versions of one bill, and nothing tells which is the later one.
    pub fn earlier(&self, month: Instant) -> Result<Vec<Aside>, Failure> {
        let versions: Vec<Version<'_>> = self.received.iter().map(version).collect();
        statement::earlier(&versions, |(_, of)| of == month).map_err(|(one, other, bill)| {
            let mut problems = Problems::new();
            problems.push(two_versions(&self.paths[one], &self.paths[other], bill));
            Failure::problems(&problems)
        })
    }
}

fn version(received: &Received) -> Version<'_> {
    Version { name: &received.name, form: received.form, bills: &received.bills }
}

/// Two versions of a bill, and nothing that tells which is the later one.
pub(crate) fn two_versions(one: &Path, other: &Path, (payer, month): Bill) -> Located {
    let why = format!("{} tells the bill of {payer} for {} as well", one.display(), &month.to_string()[..7]);
    whole_file(other, Problem::new(Code::E0329, "", why).cure("give the later one alone"))
}

/// What was left aside of a file, and how it tells that.
pub(crate) fn left_aside(aside: &Aside, names: &[&str], how: &str) -> String {
    let (payer, month) = aside.bill;
    let month = &month.to_string()[..7];
    format!("{}: the bill of {payer} for {month} {how}; {} stands for it", names[aside.file], names[aside.by])
}

/// Reads a file. Nothing when it is no statement, or cannot be read to its end.
fn one(
    file: &InFile,
    whose: Option<AccountId>,
    statements: &mut Statements,
    tick: &mut impl FnMut(u64),
) -> Result<Option<Received>, Failure> {
    let Some(mut table) = Table::open(&file.path, &mut statements.files)? else { return Ok(None) };
    if table.header().is_empty() {
        let problem = Problem::new(Code::E0316, "", "nothing is in it").cure("get the statement again");
        statements.files.push(whole_file(&file.path, problem));
        return Ok(None);
    }
    let header: Vec<&str> = table.header().iter().map(String::as_str).collect();
    let mut layout = match statement::recognise(&header) {
        Ok(layout) => layout,
        Err(unrecognised) => {
            let (file, problem) = (file.path.display().to_string(), unknown_kind(&header, &unrecognised));
            statements.files.push(Located { file, line: 0, column_number: None, problem });
            return Ok(None);
        }
    };
    let folder: Option<AccountId> = file.path.ancestors().skip(1).find_map(|folder| folder.file_name()?.to_str()?.parse().ok());
    if let (Some(whose), Some(folder)) = (whose, folder)
        && whose != folder
    {
        let problem = Problem::new(Code::E0322, whose.to_string(), format!("its folder says {folder}, --account says {whose}"));
        statements.files.push(whole_file(&file.path, problem.cure("put the file into its own recipient's folder, or leave --account out")));
        return Ok(None);
    }
    layout.whose = whose.or(folder);
    table.want(layout.places());
    let header = table.header().to_vec();
    let shown = file.path.display().to_string();
    let mut reading = Reading::of(&layout, file.name.clone());
    let (mut problems, mut given) = (Problems::new(), 0);
    while let Some(row) = table.next(&mut problems) {
        given += 1;
        if let Err(found) = take(&layout, &mut reading, row.number, &|column| row.get(column)) {
            for problem in found {
                let place = problem.column.as_ref().and_then(|name| header.iter().position(|column| column == name));
                let column_number = place.map(|place| place as u64 + 1);
                problems.push(Located { file: shown.clone(), line: row.line, column_number, problem });
            }
        }
        if given % 1_000 == 0 {
            tick(1_000);
        }
    }
    tick(given % 1_000);
    let summary = table.finish()?;
    statements.notes.extend(summary.notes);
    if summary.damaged {
        statements.files.extend(problems);
        return Ok(None);
    }
    if summary.rows == 0 {
        let problem = Problem::new(Code::E0316, "", "no line is in it").cure("get the statement again");
        statements.files.push(whole_file(&file.path, problem));
        return Ok(None);
    }
    statements.rows.extend(problems);
    reading.reject(summary.rows - given);
    Ok(Some(reading.end(summary.digest)))
}

/// Takes a row. Whatever is wrong with it, it is counted.
fn take<'a>(layout: &'a Layout, reading: &mut Reading, row: u64, cell: &'a dyn Fn(usize) -> &'a str) -> Result<(), Vec<Problem>> {
    match layout.read(cell) {
        Ok(told) => reading.take(row, told).map_err(|problem| vec![problem]),
        Err(problems) => {
            reading.reject(1);
            Err(problems)
        }
    }
}

fn whole_file(path: &Path, problem: Problem) -> Located {
    Located { file: path.display().to_string(), line: 1, column_number: None, problem }
}

/// No kind of statement: what was found, what it looks like, and what would have been needed.
fn unknown_kind(header: &[&str], unrecognised: &Unrecognised) -> Problem {
    let Unrecognised { closest, present, missing } = unrecognised;
    let mut columns = header.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    if header.len() > 8 {
        columns += &format!(" and {} more", header.len() - 8);
    }
    let looks_like = looks_like(header).map(|kind| format!("; it looks like {kind}")).unwrap_or_default();
    let kinds: Vec<&str> = STATEMENTS.iter().map(|statement| statement.title()).collect();
    let mut why = format!("found columns {columns}{looks_like}");
    let mut cure = format!("give one of: {}", kinds.join(", "));
    if !present.is_empty() {
        let wanted = counted((present.len() + missing.len()) as u64, "needed column");
        why += &format!("; the closest kind is {closest}: {} of {wanted}", present.len());
        cure += &format!("; {closest} also needs {}", missing.join(", "));
    }
    Problem::new(Code::E0302, columns, why).cure(cure)
}

/// Files that people take for statements, and how they are told.
fn looks_like(header: &[&str]) -> Option<String> {
    let has = |name: &str| header.iter().any(|column| column.eq_ignore_ascii_case(name));
    if let Ok(layout) = feed::recognise(header) {
        return Some(format!("a seller data feed ({}), which is not compared but recorded: `dealbook import`", layout.feed.name()));
    }
    if header.iter().any(|column| column.ends_with("($)")) {
        return Some("a Cost Explorer download, which is summed up and has no invoice ids".to_owned());
    }
    if has("PayerAccountId") && has("LinkedAccountId") && has("RecordType") {
        return Some("a detailed billing report of the kind before the CUR, which AWS has ended".to_owned());
    }
    None
}
