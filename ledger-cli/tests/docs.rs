//! The documents tell the truth: every console block that begins with `$ dealbook` or `$ cd` is run, in one folder per document, and must print
//! what stands there. `DEALBOOK_DOCS=overwrite` writes what was printed into the document instead.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A document with the folder its commands are run in.
struct Document {
    path: PathBuf,
    folder: tempfile::TempDir,
    /// Another machine: nothing is there but what is handed over.
    laptop: tempfile::TempDir,
    /// Keys that people sign with: copies, because what a key signed last is remembered beside it.
    keys: tempfile::TempDir,
}

impl Document {
    fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        let folder = tempfile::tempdir().unwrap();
        // Documents and feeds of AWS, under names that every machine has.
        for fixture in ["bills", "documents", "marketplace-api", "scenarios", "vectors"] {
            let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(fixture);
            std::os::unix::fs::symlink(there, folder.path().join(fixture)).unwrap();
        }
        let keys = tempfile::tempdir().unwrap();
        for key in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/keys")).unwrap() {
            let key = key.unwrap();
            fs::copy(key.path(), keys.path().join(key.file_name())).unwrap();
        }
        Self { path, folder, laptop: tempfile::tempdir().unwrap(), keys }
    }

    /// What a command prints: standard output, then standard error, then its exit code when that is not 0.
    fn run(&self, command: &str) -> String {
        let programs = Path::new(env!("CARGO_BIN_EXE_dealbook")).parent().unwrap();
        let path = format!("{}:/usr/bin:/bin", programs.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.folder.path()).env_clear();
        shell.envs([("PATH", path.as_str()), ("DEALBOOK_NOW", "2026-04-03T09:00:00Z")]);
        let output = shell.env("KEYS", self.keys.path()).env("LAPTOP", self.laptop.path()).output().unwrap();
        let mut printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => {}
            code => printed.push_str(&format!("[exit {}]\n", code.unwrap_or(-1))),
        }
        printed
    }

    /// The document as it would be if it told the truth.
    fn truth(&self) -> (String, String) {
        let text = fs::read_to_string(&self.path).unwrap();
        let mut truth = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            truth.push_str(line);
            truth.push('\n');
            if line != "```console"
                || !lines.peek().is_some_and(|line| ["$ dealbook", "$ cd "].iter().any(|begins| line.starts_with(begins)))
            {
                continue;
            }
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let mut first = true;
            for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                if !std::mem::take(&mut first) {
                    truth.push('\n');
                }
                truth.push_str(&format!("$ {command}\n{}", self.run(command)));
            }
            truth.push_str("```\n");
        }
        (text, truth)
    }
}

fn tells_the_truth(name: &str) {
    let document = Document::open(name);
    let (text, truth) = document.truth();
    if std::env::var_os("DEALBOOK_DOCS").is_some_and(|how| how == "overwrite") {
        fs::write(&document.path, &truth).unwrap();
        return;
    }
    for (number, (written, printed)) in text.lines().zip(truth.lines()).enumerate() {
        assert_eq!(written, printed, "{name}:{} is not what the program prints (DEALBOOK_DOCS=overwrite mends it)", number + 1);
    }
    assert_eq!(text.lines().count(), truth.lines().count(), "{name} ends early or late");
}

#[test]
fn the_readme_is_what_happens() {
    tells_the_truth("README.md");
}

#[test]
fn the_tutorial_is_what_happens() {
    tells_the_truth("docs/tutorial.md");
}

#[test]
fn what_is_said_of_security_is_what_happens() {
    tells_the_truth("docs/security.md");
}

/// Every scenario of deals that people record: a page each.
#[test]
fn the_deals_are_what_happens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/deals");
    let mut pages: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    assert!(pages.len() >= 16, "{pages:?}");
    for page in pages {
        tells_the_truth(&format!("fixtures/deals/{page}"));
    }
}
