//! What the program promises before there is any ledger: help, exit codes, streams, colour.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::process::{Command, Output, Stdio};

fn dealbook(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder.path()).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn without_arguments_it_says_where_to_start_and_ends_with_2() {
    let output = dealbook(&[], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("dealbook init --sample demo"));
    assert!(text(&output.stderr).lines().count() <= 24);
}

#[test]
fn a_ledger_has_a_name_of_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for args in [["init", "--name", ""], ["init", "--name", "two\nlines"], ["init", "--origin", " "]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
        let output = command.args(args).current_dir(folder.path()).env_clear().output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("it is one line of text, and not empty"), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn exit_codes_are_kept() {
    for (args, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["help", "time"], 0),
        (&["schema", "--list"], 0),
        (&["recncile"], 2),
        (&["show"], 2),
        (&["show", "payouts", "--asof", "2026"], 2),
        (&["import", "x.csv", "--as-of", "2026"], 2),
        (&["status", "-f", "xml"], 2),
        (&["help", "nothing"], 6),
        (&["schema", "nothing"], 6),
    ] {
        let output = dealbook(args, &[]);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", text(&output.stderr));
        assert_eq!(output.stdout.is_empty(), code != 0, "{args:?}");
    }
}

#[test]
fn a_near_miss_gets_a_tip() {
    for (args, tip) in [
        (&["verfy"][..], "a similar subcommand exists: 'verify'"),
        (&["show", "payouts", "--asof", "2026"], "a similar argument exists: '--as-of'"),
        (&["show", "payots"], "a similar value exists: 'payouts'"),
        (&["import", "x.csv", "--as-of", "2026"], "--as-of belongs to commands that only read"),
        (&["help", "exit-code"], "did you mean exit-codes?"),
    ] {
        let output = dealbook(args, &[]);
        assert!(text(&output.stderr).contains(tip), "{}", text(&output.stderr));
    }
}

#[test]
fn every_error_code_has_its_help() {
    let list = dealbook(&["help", "errors"], &[]);
    let codes: Vec<&str> = text(&list.stdout).split_whitespace().filter(|word| word.len() == 5 && word.starts_with("E0")).collect();
    assert!(codes.len() > 40);
    for code in codes {
        let output = dealbook(&["help", code], &[]);
        assert!(output.status.success() && text(&output.stdout).starts_with(code));
    }
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let coloured = |args: &[&str], variables: &[(&str, &str)]| text(&dealbook(args, variables).stderr).contains('\u{1b}');
    let failing = ["help", "nothing"];
    assert!(!coloured(&failing, &[]));
    assert!(coloured(&failing, &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&failing, &[("CLICOLOR_FORCE", "1"), ("DEALBOOK_COLOR", "never")]));
    assert!(coloured(&["--color", "always", "help", "nothing"], &[("NO_COLOR", "1")]));
    assert!(coloured(&["--color=always", "recncile"], &[]));
    assert!(!coloured(&["--color", "never", "recncile"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in [&["completions", "bash"][..], &["--help"], &["help", "options"], &["man"]] {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_dealbook")).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn output_goes_to_a_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("time.txt");
    let output = dealbook(&["help", "time", "-o", path.to_str().unwrap()], &[]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("Time\n"));
    let nowhere = dealbook(&["help", "time", "-o", "no/such/folder/time.txt"], &[]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(
        text(&nowhere.stderr).starts_with("error[E0324]: no/such/folder/time.txt cannot be written\nbecause: no such file or directory")
    );
}

#[test]
fn pages_are_written_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    assert!(dealbook(&["man", folder.path().to_str().unwrap()], &[]).status.success());
    assert!(folder.path().join("dealbook-show.1").is_file());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(text(&dealbook(&["completions", shell], &[]).stdout).contains("dealbook"));
    }
}
