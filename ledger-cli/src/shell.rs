//! From arguments to an exit code: parsing, help, and the one place where failures are printed.

use std::any::Any;
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, FromArgMatches, Parser};

use crate::context::{Context, ERROR_WIDTH, Global, Location, width};
use crate::failure::{Exit, Failure};
use crate::verb::{GROUPS, Verb};

const ABOUT: &str = "A tamper-evident ledger for AWS Marketplace deals";

const FIRST_STEPS: &[(&str, &str)] = &[
    ("dealbook init --sample demo && cd demo", "a ledger with a year of deals"),
    ("dealbook show payouts --as-of 2025-12-31", "what every party is owed"),
    ("dealbook verify", "prove that nothing was altered"),
];

#[derive(Debug, Parser)]
#[command(name = "dealbook", version, about = ABOUT, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// The whole command tree, with the help that groups the verbs.
pub fn command() -> Command {
    let command = Cli::command();
    let help = long_help(&command);
    command.override_help(help)
}

/// Runs the program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    match panic::catch_unwind(AssertUnwindSafe(|| run(&args))) {
        Ok(exit) => exit,
        Err(why) => bug(why.as_ref()),
    }
}

fn bug(why: &(dyn Any + Send)) -> Exit {
    // A reader that went away while clap or a table was written ends up here too: `println!` panics then.
    let text = why.downcast_ref::<String>().map(String::as_str).or_else(|| why.downcast_ref::<&str>().copied()).unwrap_or_default();
    if text.contains("Broken pipe") {
        return Exit::Done;
    }
    let _ = writeln!(
        io::stderr(),
        "error: this is a bug in dealbook; what was acknowledged before is safe\nnote: please report the lines above"
    );
    Exit::Failure
}

fn run(args: &[OsString]) -> Exit {
    let parsed = command().color(color_before_parsing(args)).try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { global, verb } = match parsed {
        Ok(cli) => cli,
        Err(why) => return misunderstood(why),
    };
    anstream::ColorChoice::from(global.color).write_global();
    let ran = Context::new(global).and_then(|context| match verb {
        Some(verb) => verb.run(&context),
        None => {
            let _ = anstream::stderr().lock().write_all(short_help(context.location().ok().as_ref()).as_bytes());
            Ok(Exit::Usage)
        }
    });
    ran.unwrap_or_else(|failure| {
        print(&failure);
        failure.exit
    })
}

fn print(failure: &Failure) {
    let width = width(&io::stderr()).unwrap_or(ERROR_WIDTH);
    // When standard error is gone there is nobody to tell.
    let _ = failure.print(&mut anstream::stderr().lock(), width);
}

/// clap prints its own errors and help, before `--color` has been read; so it is looked for beforehand.
fn color_before_parsing(args: &[OsString]) -> clap::ColorChoice {
    let mut args = args.iter().filter_map(|arg| arg.to_str());
    let mut choice = std::env::var("DEALBOOK_COLOR").unwrap_or_default();
    while let Some(arg) = args.next() {
        if let Some(value) = arg.strip_prefix("--color=") {
            value.clone_into(&mut choice);
        } else if arg == "--color" {
            args.next().unwrap_or_default().clone_into(&mut choice);
        }
    }
    match choice.as_str() {
        "always" => clap::ColorChoice::Always,
        "never" => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

/// What clap could not take, with a better tip where clap's own misleads.
fn misunderstood(mut why: clap::Error) -> Exit {
    if why.kind() == ErrorKind::UnknownArgument {
        let argument = why.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
        if ["--as-of", "--known-at", "--stated-by"].contains(&argument.as_str()) {
            let tip = StyledStr::from(format!("{argument} belongs to commands that only read, such as show, log and status"));
            why.remove(ContextKind::SuggestedArg);
            why.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        }
    }
    let _ = why.print();
    if why.use_stderr() { Exit::Usage } else { Exit::Done }
}

fn aligned(lines: &[(&str, &str)]) -> String {
    let width = lines.iter().map(|(left, _)| left.len()).max().unwrap_or(0) + 4;
    lines.iter().map(|(left, right)| format!("  {left:width$}{right}\n")).collect()
}

/// What is printed without any argument.
fn short_help(here: Option<&Location>) -> String {
    let start = match here {
        Some(location) => format!("The ledger here is {location}\n"),
        None => {
            let lines = [FIRST_STEPS[0], ("dealbook init", "an empty one in this folder")];
            format!("No ledger here. Start with\n{}", aligned(&lines))
        }
    };
    let then = [("dealbook status", "where things stand"), FIRST_STEPS[1], FIRST_STEPS[2]];
    format!("{ABOUT}\n\n{start}\nThen\n{}\nAll commands: dealbook --help     A topic: dealbook help time\n", aligned(&then))
}

/// `dealbook --help`: the verbs in their groups, which clap cannot do by itself.
fn long_help(command: &Command) -> String {
    let about = |verb: &str| command.find_subcommand(verb).and_then(Command::get_about).map(ToString::to_string).unwrap_or_default();
    let groups: String = GROUPS
        .iter()
        .map(|(group, verbs)| {
            let lines: String = verbs.iter().map(|verb| format!("  {verb:<13}{}\n", about(verb))).collect();
            format!("{group}\n{lines}\n")
        })
        .collect();
    format!(
        "{ABOUT}\n\nUsage: dealbook [options] <command>\n\nTry this first\n{}\n{groups}\
         Most used options\n\
         \x20 --as-of DATE       what had happened by DATE       -f, --format  table json csv …\n\
         \x20 --known-at POINT   what we had recorded by POINT   -o, --output  FILE\n\n\
         All options: dealbook help options     Exit codes: dealbook help exit-codes\n",
        aligned(FIRST_STEPS)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_is_in_one_group_and_explained() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| *verbs).copied().collect();
        let command = command();
        let mut verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        verbs.sort_unstable();
        assert_eq!(grouped, verbs);
        assert!(command.get_subcommands().all(|verb| verb.get_about().is_some()));
    }

    #[test]
    fn help_says_what_there_is() {
        insta::assert_snapshot!(long_help(&Cli::command()));
        let short = short_help(None);
        assert!(short.lines().count() <= 24);
        insta::assert_snapshot!(short);
    }
}
