//! What a verb is given of its surroundings: where the ledger is, what time it is, where output goes. A verb looks at nothing else.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger_core::report::{Asked, Receipt, Report};
use ledger_core::time::{Basis, Instant};

use crate::ask::{self, Point};
use crate::failure::{Code, Exit, Failure};
use crate::render::{Format, Style, beside, render};

/// The folder that makes a folder's ledger.
pub const FOLDER: &str = ".dealbook";
/// Progress is shown when a job takes longer than this.
const PATIENCE: Duration = Duration::from_millis(500);

/// Flags of every command.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The ledger: a folder, or scheme:location (default: .dealbook here or above)
    #[arg(short = 'L', long, global = true, value_name = "DIR", env = "DEALBOOK_DIR", hide_env = true)]
    pub ledger: Option<String>,
    /// How the answer is written (default: table)
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write to FILE, whose extension picks the format; - is standard output
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to use colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        hide_possible_values = true,
        env = "DEALBOOK_COLOR",
        hide_env = true,
        default_value = "auto",
        hide_default_value = true
    )]
    pub color: Color,
    /// Say nothing but the answer and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; repeat for yet more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Flags of every command that only reads.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Reading")]
pub struct Reading {
    /// Only what had happened by the end of DATE (2026-03-31, 2026-03, 2026Q1, FY2026, yesterday, or a moment)
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Only what the ledger had recorded by POINT (#1842, a hash prefix, a moment, or a checkpoint's name)
    #[arg(long, value_name = "POINT")]
    pub known_at: Option<String>,
    /// Of facts whose source dates its statements, only what it had said by the end of DATE
    #[arg(long, value_name = "DATE")]
    pub stated_by: Option<String>,
}

impl Reading {
    /// The clocks of the question. `resolve` turns a point into the position of the last line that was known then; nothing is the head.
    ///
    /// # Errors
    /// Wrong usage, or whatever `resolve` fails with.
    pub fn asked(&self, today: NaiveDate, resolve: impl FnOnce(Option<Point>) -> Result<u64, Failure>) -> Result<Asked, Failure> {
        let before =
            |flag, text: &Option<String>| text.as_ref().map(|text| ask::date(flag, text, today).map(|period| period.until)).transpose();
        let effective_before = before("--as-of", &self.as_of)?;
        let stated_before = before("--stated-by", &self.stated_by)?;
        let point = self.known_at.as_ref().map(|text| ask::point("--known-at", text, today)).transpose()?;
        let basis = Basis { effective_before, known_at: resolve(point)?, stated_before };
        Ok(Asked { as_of: self.as_of.clone(), known_at: self.known_at.clone(), stated_by: self.stated_by.clone(), basis })
    }
}

/// Flags of every command that appends.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Writing")]
pub struct Writing {
    /// Say what would be appended, and append nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Append only when the head is still this one
    #[arg(long, value_name = "HASH")]
    pub expect_head: Option<String>,
    /// Who records it (default: the verb's own name)
    #[arg(long, value_name = "NAME", env = "DEALBOOK_ACTOR", hide_env = true)]
    pub actor: Option<String>,
}

/// Where a ledger is: the backend that holds it and a place that the backend understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// `sled`, `jsonl`, `memory`, …
    pub scheme: String,
    /// A folder or a file, for most.
    pub place: PathBuf,
}

impl Location {
    /// Reads `scheme:location`; a bare path is `sled:`, and means the ledger inside when it is a folder that has one.
    pub fn parse(text: &str) -> Self {
        let is_scheme = |scheme: &str| scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        match text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            Some((scheme, place)) if scheme != "sled" => Self { scheme: scheme.to_owned(), place: place.into() },
            scheme => {
                let place = PathBuf::from(scheme.map_or(text, |(_, place)| place));
                let inside = place.join(FOLDER);
                Self { scheme: "sled".to_owned(), place: if inside.is_dir() { inside } else { place } }
            }
        }
    }

    /// The ledger of a folder: in it or above it.
    pub fn discover(from: &Path) -> Option<Self> {
        let folder = from.ancestors().map(|folder| folder.join(FOLDER)).find(|folder| folder.is_dir())?;
        Some(Self { scheme: "sled".to_owned(), place: folder })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.scheme, self.place.display())
    }
}

/// The surroundings of a verb.
#[derive(Debug, Clone)]
pub struct Context {
    /// The flags of every command.
    pub global: Global,
    /// The folder it was started in.
    pub folder: PathBuf,
    /// The clock, when it is stopped for tests.
    stopped: Option<Instant>,
    /// Where an answer goes that is not printed.
    taken: Option<Taken>,
}

/// An answer that is taken instead of printed.
type Taken = Arc<Mutex<Option<(Report, Receipt)>>>;

impl Context {
    /// Looks at the surroundings, once.
    ///
    /// # Errors
    /// When DEALBOOK_NOW is no moment, or the working folder is gone.
    pub fn new(global: Global) -> Result<Self, Failure> {
        let stopped = match env::var("DEALBOOK_NOW") {
            Ok(text) if !text.is_empty() => {
                let wrong = |why| Failure::usage(format!("invalid value `{text}` for DEALBOOK_NOW")).because(why);
                Some(text.parse().map_err(|why: ledger_core::time::NotATime| wrong(why.to_string()))?)
            }
            _ => None,
        };
        if let Some(path) = global.output.as_deref().filter(|path| global.format.is_none() && Format::is_foreign(path)) {
            return Err(Failure::usage(format!("nothing is written in the form of `{}`", path.display()))
                .hint("a spreadsheet opens .csv; -f chooses a format whatever the file is called: dealbook help formats"));
        }
        let folder = env::current_dir().map_err(|why| Failure::unreadable(Path::new("."), &why))?;
        Ok(Self { global, folder, stopped, taken: None })
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        self.stopped.unwrap_or_else(|| DateTime::<Utc>::from(SystemTime::now()).into())
    }

    /// What day it is, in UTC, because AWS bills in UTC.
    pub fn today(&self) -> NaiveDate {
        self.now().day()
    }

    /// Where the ledger is: -L, then DEALBOOK_DIR, then `.dealbook` here or above.
    ///
    /// # Errors
    /// When there is none.
    pub fn location(&self) -> Result<Location, Failure> {
        match &self.global.ledger {
            Some(text) if !text.is_empty() => Ok(Location::parse(text)),
            _ => Location::discover(&self.folder).ok_or_else(|| {
                Failure::new(Code::E0304, "no ledger here")
                    .because(format!("no folder {FOLDER} in {} or above it", self.folder.display()))
                    .hint("dealbook init --sample demo creates one with a year of deals; -L DIR names one elsewhere")
            }),
        }
    }

    /// The format of the answer: -f, then the extension of -o, then a table.
    pub fn format(&self) -> Format {
        self.chosen_format().unwrap_or(Format::Table)
    }

    /// The format that was asked for: -f, or else the extension of -o.
    pub fn chosen_format(&self) -> Option<Format> {
        self.global.format.or_else(|| self.file().and_then(Format::of_path))
    }

    /// The same, with another format where none was chosen.
    #[must_use]
    pub fn preferring(&self, format: Format) -> Self {
        let mut preferring = self.clone();
        preferring.global.format = self.chosen_format().or(Some(format));
        preferring
    }

    /// The file of -o; none for standard output.
    fn file(&self) -> Option<&Path> {
        self.global.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// The answer that a verb would print. Nothing is printed.
    ///
    /// # Errors
    /// When it failed without an answer, or has none.
    pub fn taking(&self, ask: impl FnOnce(&Self) -> Result<Exit, Failure>) -> Result<(Report, Receipt), Failure> {
        let (answer, ended) = self.asking(ask);
        answer.map_or_else(|| Err(ended.err().unwrap_or_else(|| Failure::usage("this command gives no answer"))), Ok)
    }

    /// The answer that a verb would print, if it has one, and how it ended. Nothing is printed.
    pub fn asking(&self, ask: impl FnOnce(&Self) -> Result<Exit, Failure>) -> (Option<(Report, Receipt)>, Result<Exit, Failure>) {
        let taken = Taken::default();
        let mut silent = self.clone();
        (silent.taken, silent.global.quiet) = (Some(taken.clone()), true);
        let ended = ask(&silent);
        let answer = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        (answer, ended)
    }

    /// The surroundings of somebody who works in another folder, on the ledger there, and hears nothing.
    #[must_use]
    pub fn within(&self, folder: &Path) -> Self {
        let global = Global { quiet: true, ..Global::default() };
        Self { global, folder: folder.to_owned(), stopped: self.stopped, taken: None }
    }

    /// Writes a report and its receipt where they belong.
    ///
    /// # Errors
    /// When the output cannot be written. A reader that went away is no error.
    pub fn print(&self, report: &Report, receipt: &Receipt) -> Result<(), Failure> {
        if let Some(taken) = &self.taken {
            *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some((report.clone(), receipt.clone()));
            return Ok(());
        }
        let format = self.format();
        if let Some(path) = self.file() {
            let style = Style { width: None, ascii: ascii(), spoken: spoken() };
            write_file(path, |file| {
                if format != Format::Table {
                    return render(report, receipt, format, file, style);
                }
                // A file is never coloured.
                let mut text = anstream::StripStream::new(vec![]);
                render(report, receipt, format, &mut text, style)?;
                file.write_all(&text.into_inner())
            })?;
            if !format.holds_receipt() && !is_special(path) {
                write_file(&beside(path), |file| file.write_all(receipt.printed().as_bytes()))?;
            }
            return Ok(());
        }
        let style = Style { width: width(&io::stdout()), ascii: ascii(), spoken: spoken() };
        let written = match format {
            Format::Table => {
                let mut out = BufWriter::new(anstream::stdout().lock());
                render(report, receipt, format, &mut out, style).and_then(|()| out.flush())
            }
            // Data goes out as it is: nothing that looks like an escape is taken out of it.
            _ => {
                let mut out = BufWriter::new(io::stdout().lock());
                render(report, receipt, format, &mut out, style).and_then(|()| out.flush())
            }
        };
        written.map_err(|why| Failure::output(&why))?;
        if !format.holds_receipt() {
            if !report.incomplete.is_empty() {
                self.note(format_args!("incomplete: {}", report.incomplete.join(", ")));
            }
            beside::lines(&report.closed).iter().for_each(|line| self.note(line));
            receipt.footer().iter().for_each(|line| self.note(line));
        }
        Ok(())
    }

    /// Writes what a command that appends did: what is to be said of it, and a report whose history is the head it led to.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn tell(&self, report: &Report, said: &str, head: ledger_core::chain::Head) -> Result<(), Failure> {
        let args = std::collections::BTreeMap::from([("verb".to_owned(), report.name.to_owned())]);
        let receipt = Receipt::new(report, Asked::everything(head.seq), args, head, format!("{}/1", report.name));
        if self.format() == Format::Table {
            self.say(said)?;
        } else {
            self.note(said);
        }
        self.print(report, &receipt)
    }

    /// Writes what a command did that people are told in words: programs have the report.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn tell_in_words(&self, report: &Report, said: &str, head: ledger_core::chain::Head) -> Result<(), Failure> {
        if self.is_for_people() { self.say(said) } else { self.tell(report, said, head) }
    }

    /// Whether it is people who read the output.
    pub fn is_for_people(&self) -> bool {
        matches!(self.format(), Format::Table | Format::Markdown)
    }

    /// Writes text to standard output, or to the file of -o.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&self, text: impl fmt::Display) -> Result<(), Failure> {
        match self.file() {
            _ if self.taken.is_some() => Ok(()),
            Some(path) => write_file(path, |file| writeln!(file, "{text}")),
            None => writeln!(anstream::stdout().lock(), "{text}").map_err(|why| Failure::output(&why)),
        }
    }

    /// Writes what is no report to standard output, or to the file of -o, byte for byte.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        match self.file() {
            Some(path) => write_file(path, |file| write(file)),
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                write(&mut out).and_then(|()| out.flush()).map_err(|why| Failure::output(&why))
            }
        }
    }

    /// Writes a note to standard error, unless -q.
    pub fn note(&self, text: impl fmt::Display) {
        if !self.global.quiet {
            // When standard error is gone there is nobody to tell.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Tells of problems that do not end the command, on standard error.
    pub fn warn(&self, problems: &Failure) {
        if !self.global.quiet {
            let width = width(&io::stderr()).unwrap_or(ERROR_WIDTH);
            let _ = problems.warn(&mut anstream::stderr().lock(), width);
        }
    }

    /// Shows how far a job is, on standard error, when that is a terminal and the job takes longer than half a second.
    pub fn progress(&self, what: &'static str, length: u64) -> Progress {
        let wanted = !self.global.quiet && io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb");
        let bar = wanted.then(|| {
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
            let template = "{msg} {bar:30} {percent} % {eta}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what);
            bar
        });
        Progress { bar, started: std::time::Instant::now(), shown: false }
    }
}

/// How far a job is.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    started: std::time::Instant,
    shown: bool,
}

impl Progress {
    /// So much more is done.
    pub fn add(&mut self, done: u64) {
        let Some(bar) = &self.bar else { return };
        if !self.shown && self.started.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        bar.inc(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Errors are not wider than this when no terminal says otherwise.
pub const ERROR_WIDTH: usize = 140;

/// How wide a terminal is; nothing when it is none.
pub fn width(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0)))
}

/// Whether only ASCII is wanted: DEALBOOK_ASCII, or a terminal that can do no more.
fn ascii() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    set("DEALBOOK_ASCII") || (io::stdout().is_terminal() && env::var_os("TERM").is_some_and(|term| term == "dumb"))
}

/// Whether bars and rules are left out, for who listens: DEALBOOK_ACCESSIBLE.
fn spoken() -> bool {
    env::var_os("DEALBOOK_ACCESSIBLE").is_some_and(|value| !value.is_empty())
}

/// `payouts.csv.receipt.json`
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".receipt.json");
    name.into()
}

/// Writes a file whole or not at all: beside it first, then in its place. A device or a pipe is written through.
fn write_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), Failure> {
    let through = |file: File| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.flush()
    };
    let written = if is_special(path) {
        File::options().write(true).open(path).and_then(through)
    } else {
        // What a link leads to is written, and the link stays.
        let linked = path.read_link().map(|to| path.parent().unwrap_or(Path::new("")).join(to));
        let target = path.canonicalize().or(linked).unwrap_or_else(|_| path.to_owned());
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = target.with_file_name(name);
        let written = File::create(&partial).and_then(through).and_then(|()| fs::rename(&partial, &target));
        if written.is_err() {
            // What is there of it is of no use.
            let _ = fs::remove_file(&partial);
        }
        written
    };
    written.map_err(|why| Failure::unwritable(path, &why))
}

/// Whether something is there that can be written to and is no file: a device, a pipe. It cannot be put in place whole.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_found_upwards() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::create_dir(root.path().join(FOLDER)).unwrap();
        assert_eq!(Location::discover(&deep).unwrap().place, root.path().join(FOLDER));
        assert_eq!(Location::parse(root.path().to_str().unwrap()).place, root.path().join(FOLDER));
    }

    #[test]
    fn a_file_of_data_has_its_receipt_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (report, receipt) = crate::render::tests::payouts(ledger_core::report::Layout::Statement);
        let write = |name: &str| {
            let path = folder.path().join(name);
            let global = Global { output: Some(path.clone()), color: Color::Always, ..Global::default() };
            Context::new(global).unwrap().print(&report, &receipt).unwrap();
            fs::read_to_string(path).unwrap()
        };
        assert!(write("payouts.csv").starts_with("party,name,currency,"));
        assert_eq!(fs::read_to_string(folder.path().join("payouts.csv.receipt.json")).unwrap(), receipt.printed());
        assert!(!write("payouts").contains('\u{1b}'), "a file is never coloured");
        assert!(write("payouts.json").contains(&receipt.id()));
        std::os::unix::fs::symlink(folder.path().join("payouts.json"), folder.path().join("link")).unwrap();
        write("link");
        assert!(
            folder.path().join("link").is_symlink() && !fs::read_to_string(folder.path().join("payouts.json")).unwrap().starts_with('{')
        );
        fs::remove_file(folder.path().join("link")).unwrap();
        // A link to what is not there yet makes it.
        std::os::unix::fs::symlink("payouts.json", folder.path().join("link")).unwrap();
        fs::remove_file(folder.path().join("payouts.json")).unwrap();
        write("link");
        assert!(folder.path().join("link").is_symlink() && folder.path().join("payouts.json").is_file());
        fs::remove_file(folder.path().join("link")).unwrap();
        let global = Global { output: Some(folder.path().to_owned()), ..Global::default() };
        Context::new(global).unwrap().print(&report, &receipt).unwrap_err();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["payouts", "payouts.csv", "payouts.csv.receipt.json", "payouts.json"]);
    }

    #[test]
    fn a_location_has_a_scheme_or_is_a_folder() {
        for (text, scheme, place) in [
            ("jsonl:a.jsonl", "jsonl", "a.jsonl"),
            ("sled:x", "sled", "x"),
            ("x/y", "sled", "x/y"),
            ("./a:b", "sled", "./a:b"),
            ("memory:", "memory", ""),
        ] {
            assert_eq!(Location::parse(text), Location { scheme: scheme.into(), place: place.into() }, "{text}");
        }
    }

    #[test]
    fn the_clocks_are_given_and_resolved() {
        let today = NaiveDate::from_ymd_opt(2026, 4, 3).unwrap();
        let reading = Reading { as_of: Some("2026Q1".into()), known_at: Some("#7".into()), stated_by: None };
        let asked = reading.asked(today, |point| if point == Some(Point::Seq(7)) { Ok(7) } else { Ok(0) }).unwrap();
        assert_eq!(asked.basis.effective_before, Some("2026-04-01T00:00:00Z".parse().unwrap()));
        assert_eq!((asked.basis.known_at, asked.basis.stated_before), (7, None));
        let wrong = Reading { as_of: Some("03/04/2026".into()), ..Reading::default() };
        assert_eq!(wrong.asked(today, |_| Ok(0)).unwrap_err().exit, Exit::Usage);
    }
}
