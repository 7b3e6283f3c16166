//! How a command fails: a code, what happened, why, where, what to do, and the exit code that scripts see.
//!
//! The core and the store have small error types of their own and know nothing of exit codes; here they are mapped. A failure may hold
//! several diagnostics, because a damaged file is reported whole and not up to its first error.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use ledger_core::chain::Broken;
pub use ledger_core::problem::Code;
use ledger_core::problem::{Kind, Located, Problems};

use crate::decode;

/// The exit codes, which are a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done; or the answer is yes. Also when the reader of the output went away.
    Done = 0,
    /// Ours or the machine's: a bug, a disk.
    Failure = 1,
    /// The command was not understood.
    Usage = 2,
    /// The input is malformed; nothing was appended.
    Rejected = 3,
    /// Done, and there is something to look at: differences, breaks, findings.
    Findings = 4,
    /// The ledger is not intact; never used for anything else.
    Integrity = 5,
    /// Not found, or ambiguous.
    NotFound = 6,
    /// Conflict: the head moved, the ledger is locked, histories have parted.
    Conflict = 7,
    /// Ended with Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// Every exit code with its meaning, as `dealbook help exit-codes` prints it.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Done, "done; or the answer is yes (also when whoever reads the output closes it early)"),
        (Self::Failure, "failure of ours or of the machine: a bug, a disk"),
        (Self::Usage, "wrong usage"),
        (Self::Rejected, "input rejected: a file, an event or an intent is malformed or not allowed; nothing was appended"),
        (Self::Findings, "findings: differences, breaks, failed checks"),
        (Self::Integrity, "integrity failure; never used for anything else"),
        (Self::NotFound, "not found, or ambiguous"),
        (Self::Conflict, "conflict: the head moved, the ledger is locked or there already, two histories have parted"),
        (Self::Interrupted, "ended with Ctrl-C"),
    ];

    /// The exit code that goes with an error code.
    pub fn of(code: Code) -> Self {
        match code {
            Code::E0301 | Code::E0304 | Code::E0305 | Code::E0306 => Self::NotFound,
            Code::E0303 | Code::E0324 => Self::Failure,
            Code::E0323 => Self::Conflict,
            Code::E0402 => Self::Findings,
            Code::E0601 | Code::E0602 | Code::E0604 | Code::E0605 => Self::Conflict,
            Code::E0603 | Code::E0606 | Code::E0607 | Code::E0699 => Self::Failure,
            _ if code.as_str().starts_with("E05") => Self::Integrity,
            _ => Self::Rejected,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A place in a file, with the text that stands there when it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The file as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The line's text, when it could be read.
    pub source: Option<String>,
    /// Which bytes of the text are meant.
    pub span: Range<usize>,
    /// What is said at the caret.
    pub label: String,
}

/// One error with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code; none for wrong usage.
    pub code: Option<Code>,
    /// What happened, in lower case and without a full stop.
    pub message: String,
    /// Why, outermost first.
    pub because: Vec<String>,
    /// Where.
    pub excerpts: Vec<Excerpt>,
    /// What to do.
    pub hints: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The errors; none only when the reader of the output went away.
    pub diagnostics: Vec<Diagnostic>,
    /// What is said at the end: how many errors there were, and that nothing was appended.
    pub closing: Vec<String>,
}

impl Failure {
    /// A failure with a code. The exit code follows from it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::of(Exit::of(code), Some(code), message.into())
    }

    /// The command was not understood.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::of(Exit::Usage, None, message.into())
    }

    fn of(exit: Exit, code: Option<Code>, message: String) -> Self {
        let diagnostic = Diagnostic { code, message, because: vec![], excerpts: vec![], hints: vec![], notes: vec![] };
        Self { exit, diagnostics: vec![diagnostic], closing: vec![] }
    }

    /// A file that could not be read.
    pub fn unreadable(path: &Path, why: &io::Error) -> Self {
        let missing = why.kind() == io::ErrorKind::NotFound;
        let failure = Self::new(Code::E0303, format!("{} cannot be read", path.display())).because(reason(why));
        if missing { failure.exit(Exit::NotFound) } else { failure }
    }

    /// A file that could not be written.
    pub fn unwritable(path: &Path, why: &io::Error) -> Self {
        Self::new(Code::E0324, format!("{} cannot be written", path.display())).because(reason(why))
    }

    /// The output could not be written. When its reader has gone away nothing is said: that is no failure.
    pub fn output(why: &io::Error) -> Self {
        if why.kind() == io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Done, diagnostics: vec![], closing: vec![] };
        }
        Self::new(Code::E0324, "the output cannot be written").because(reason(why))
    }

    /// Every problem of some inputs, each kind once with an excerpt.
    pub fn problems(problems: &Problems) -> Self {
        let mut diagnostics: Vec<Diagnostic> = problems.kinds().iter().map(diagnostic).collect();
        decode::fill_excerpts(diagnostics.iter_mut().flat_map(|diagnostic| &mut diagnostic.excerpts));
        // The same advice at every kind is noise: it is given at the first.
        for at in 1..diagnostics.len() {
            let (before, rest) = diagnostics.split_at_mut(at);
            rest[0].hints.retain(|hint| !before.iter().any(|earlier| earlier.hints.contains(hint)));
        }
        let kinds = problems.kinds();
        let whole_files = kinds.iter().all(|kind| kind.first.line == 0);
        let places = counted(problems.rows(), if whole_files { "file" } else { "row" });
        let closing = format!("{} of error in {places}; nothing was appended", counted(kinds.len() as u64, "kind"));
        let disk = kinds.iter().any(|kind| kind.first.problem.code == Code::E0303);
        Self { exit: if disk { Exit::Failure } else { Exit::Rejected }, diagnostics, closing: vec![closing] }
    }

    /// Adds why, one step deeper.
    #[must_use]
    pub fn because(mut self, why: impl ToString) -> Self {
        self.last().because.push(why.to_string());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.last().hints.push(hint.into());
        self
    }

    /// Adds what else to know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.last().notes.push(note.into());
        self
    }

    /// Adds where.
    #[must_use]
    pub fn excerpt(mut self, excerpt: Excerpt) -> Self {
        self.last().excerpts.push(excerpt);
        self
    }

    /// Suggests the names that are near to the one that was not found.
    #[must_use]
    pub fn suggest<'a>(self, name: &str, among: impl IntoIterator<Item = &'a str>) -> Self {
        let near = nearest(name, among);
        if near.is_empty() { self } else { self.hint(format!("did you mean {}?", near.join(" or "))) }
    }

    /// Adds a line at the end.
    #[must_use]
    pub fn closing(mut self, line: impl Into<String>) -> Self {
        self.closing.push(line.into());
        self
    }

    /// Calls files as the user does: each by its second name, where its first one was read.
    #[must_use]
    pub fn renamed(mut self, names: &[(String, String)]) -> Self {
        for excerpt in self.diagnostics.iter_mut().flat_map(|diagnostic| &mut diagnostic.excerpts) {
            if let Some((_, name)) = names.iter().find(|(read, _)| *read == excerpt.file) {
                excerpt.file.clone_from(name);
            }
        }
        self
    }

    /// Sets another exit code than the one that goes with the code.
    #[must_use]
    pub fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    fn last(&mut self) -> &mut Diagnostic {
        self.diagnostics.last_mut().expect("a failure has at least one diagnostic")
    }

    /// Prints it, styled; a writer that strips colour makes it plain.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn print(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        self.diagnose(&Level::ERROR, out, width)?;
        if !self.closing.is_empty() {
            writeln!(out)?;
        }
        self.closing.iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    /// Prints it as what is to be known, where it is no reason to fail.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn warn(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        self.diagnose(&Level::WARNING, out, width)
    }

    fn diagnose(&self, level: &Level<'static>, out: &mut impl Write, width: usize) -> io::Result<()> {
        let renderer = Renderer::styled().term_width(width);
        for (at, diagnostic) in self.diagnostics.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            // One block with its excerpt, or a line each when there is none: the renderer joins them with a rule that points at nothing.
            if diagnostic.excerpts.iter().any(|excerpt| excerpt.source.is_some()) {
                writeln!(out, "{}", renderer.render(&diagnostic.groups(level)))?;
            } else {
                diagnostic.groups(level).into_iter().try_for_each(|group| writeln!(out, "{}", renderer.render(&[group])))?;
            }
        }
        Ok(())
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        let code = match broken {
            Broken::Unequal { .. } => Code::E0501,
            Broken::OutOfPlace { .. } => Code::E0502,
            Broken::WrongGenesis { .. } => Code::E0503,
            Broken::NotALine { .. } | Broken::Newer { .. } | Broken::TooLong { .. } => Code::E0505,
        };
        let failure = Self::new(code, broken.to_string());
        let failure = match broken {
            Broken::Unequal { stored, computed, .. } => {
                failure.because(format!("the next event says {stored}")).because(format!("its bytes give    {computed}"))
            }
            // Whether somebody changed it, or a newer program wrote it: what cannot be read cannot be vouched for.
            Broken::Newer { .. } => {
                failure.hint("when a newer dealbook wrote it, use that one; else it was changed, and `dealbook verify` tells where")
            }
            _ => failure,
        };
        match broken.at() {
            ..=1 => failure.note("nothing of this ledger is proven"),
            at => failure.note(format!("everything before event #{at} is proven")),
        }
    }
}

impl Diagnostic {
    fn groups(&self, level: &Level<'static>) -> Vec<Group<'_>> {
        let mut title = level.clone().primary_title(&self.message);
        if let Some(code) = self.code {
            title = title.id(code.as_str());
        }
        let mut first = Group::with_title(title);
        for excerpt in &self.excerpts {
            first = first.element(excerpt.element());
        }
        let mut groups = vec![first];
        let mut add = |level: Level<'static>, lines: &[String]| {
            groups.extend(lines.iter().map(|line| Group::with_title(level.clone().secondary_title(line.clone()))));
        };
        let unseen = |excerpt: &&Excerpt| excerpt.source.is_none() && !excerpt.label.is_empty();
        let labels: Vec<String> = self.excerpts.iter().filter(unseen).map(|excerpt| excerpt.label.clone()).collect();
        add(Level::NOTE.with_name("because"), &labels);
        add(Level::NOTE.with_name("because"), &self.because);
        add(Level::HELP, &self.hints);
        add(Level::NOTE, &self.notes);
        groups
    }
}

impl Excerpt {
    fn element(&self) -> Element<'_> {
        let line = usize::try_from(self.line).unwrap_or(usize::MAX);
        match &self.source {
            Some(source) => {
                let label = (!self.label.is_empty()).then_some(self.label.as_str());
                let caret = AnnotationKind::Primary.span(self.span.clone()).label(label);
                Snippet::source(source.as_str()).line_start(line).path(self.file.as_str()).annotation(caret).into()
            }
            None if self.line == 0 => Origin::path(self.file.as_str()).into(),
            None => Origin::path(self.file.as_str()).line(line).into(),
        }
    }
}

/// What is said of one kind of problem, its excerpt still without text.
fn diagnostic(kind: &Kind) -> Diagnostic {
    let Located { file, line, column_number, problem } = &kind.first;
    let place = match (&problem.column, column_number) {
        (Some(column), Some(number)) => format!("column {number} `{column}`: "),
        (Some(column), None) => format!("column `{column}`: "),
        _ => String::new(),
    };
    let more = kind.count - 1;
    let mut notes = vec![];
    if more > 0 {
        let lines: Vec<String> = kind.lines[1..].iter().map(u64::to_string).collect();
        let hidden = more - lines.len() as u64;
        let lines = match lines.as_slice() {
            [] => String::new(),
            [only] => format!(", at line {only}"),
            [.., _] if hidden > 0 => format!(", at lines {} and {hidden} more", lines.join(", ")),
            [init @ .., last] => format!(", at lines {} and {last}", init.join(", ")),
        };
        notes.push(format!("{more} more like this{lines}"));
    }
    // The column's number goes with the span: `fill_excerpts` turns it into bytes of the line.
    let column = column_number.map_or(0, |number| usize::try_from(number).unwrap_or(0));
    Diagnostic {
        code: Some(problem.code),
        message: problem.headline(),
        because: vec![],
        excerpts: vec![Excerpt {
            file: file.clone(),
            line: *line,
            source: None,
            span: column..column,
            label: format!("{place}{}", problem.why),
        }],
        hints: if problem.cure.is_empty() { vec![] } else { vec![problem.cure.clone()] },
        notes,
    }
}

impl fmt::Display for Failure {
    /// The messages in one line, for logs and tests.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Diagnostic { code, message, because, .. }) in self.diagnostics.iter().enumerate() {
            if at > 0 {
                out.write_str("; ")?;
            }
            match code {
                Some(code) => write!(out, "error[{code}]: {message}")?,
                None => write!(out, "error: {message}")?,
            }
            because.iter().try_for_each(|why| write!(out, ": {why}"))?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// What the operating system said, without its number.
fn reason(why: &io::Error) -> String {
    let text = why.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `1 row`, `2 rows`.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{} {thing}{}", crate::render::grouped(&count.to_string()), if count == 1 { "" } else { "s" })
}

/// The names that differ by little from one, nearest first, at most three.
pub fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = name.to_lowercase();
    let mut near: Vec<(f64, &str)> = among
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.dedup();
    near.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::problem::Problem;

    fn printed(failure: &Failure) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        failure.print(&mut out, 140).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn problems_of_one_kind_are_shown_once_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("billing_event.csv");
        let rows = "id,action,text,amount,currency\nbe-1,INVOICED,\"a, b\",\"4,000.00\",USD\nbe-2,INVOICED,x,\"5,000.00\",USD\n";
        std::fs::write(&path, rows).unwrap();
        let file = path.display().to_string();
        let mut problems = Problems::new();
        for line in [2, 3] {
            let problem = Problem::new(Code::E0211, "4,000.00", "thousands separator").column("amount");
            let problem = problem.cure("AWS writes 4000.00; a spreadsheet has probably re-saved this file. Download it again");
            problems.push(Located { file: file.clone(), line, column_number: Some(4), problem });
        }
        for line in 2..40 {
            let problem = Problem::new(Code::E0214, "1.11122E+11", "scientific notation").column("from_account_id");
            problems.push(Located { file: "gone.csv".into(), line, column_number: Some(9), problem });
        }
        let failure = Failure::problems(&problems);
        assert_eq!(failure.exit, Exit::Rejected);
        insta::assert_snapshot!(printed(&failure).replace(&file, "billing_event.csv"));
    }

    #[test]
    fn a_failure_says_why_and_what_to_do() {
        let failure = Failure::new(Code::E0301, "no buyer matches `glbex`")
            .because("the ledger has 3 buyers")
            .suggest("glbex", ["globex-retail", "initech-bank"])
            .note("nothing was asked");
        assert_eq!(failure.exit, Exit::NotFound);
        insta::assert_snapshot!(printed(&failure));
    }

    #[test]
    fn a_broken_chain_is_an_integrity_failure() {
        use ledger_core::chain::Hash;
        for (broken, code) in [
            (Broken::Unequal { at: 7, stored: Hash::of(b"a"), computed: Hash::of(b"b") }, Code::E0501),
            (Broken::OutOfPlace { expected: 7, found: 9 }, Code::E0502),
            (Broken::WrongGenesis { prev: Hash::of(b"a") }, Code::E0503),
            (Broken::NotALine { at: 7 }, Code::E0505),
            (Broken::Newer { at: 7, version: 2 }, Code::E0505),
        ] {
            let failure = Failure::from(broken);
            assert_eq!((failure.exit, failure.diagnostics[0].code), (Exit::Integrity, Some(code)));
        }
        insta::assert_snapshot!(printed(&Broken::Unequal { at: 7, stored: Hash::of(b"a"), computed: Hash::of(b"b") }.into()));
    }

    #[test]
    fn every_error_code_has_an_exit_code() {
        let of: Vec<String> = Code::ALL.iter().map(|code| format!("{code} {}", Exit::of(*code) as u8)).collect();
        insta::assert_snapshot!(of.join("\n"));
        let integrity = |code: &&Code| Exit::of(**code) == Exit::Integrity;
        assert!(Code::ALL.iter().filter(integrity).all(|code| code.as_str().starts_with("E05")), "5 is for integrity alone");
    }

    #[test]
    fn the_operating_system_is_quoted_without_its_numbers() {
        let failure = Failure::unreadable(Path::new("march.csv"), &io::Error::from_raw_os_error(2));
        assert_eq!(failure.to_string(), "error[E0303]: march.csv cannot be read: no such file or directory");
        assert_eq!(failure.exit, Exit::NotFound);
        assert_eq!(Failure::unreadable(Path::new("march.csv"), &io::Error::from_raw_os_error(13)).exit, Exit::Failure);
    }
}
