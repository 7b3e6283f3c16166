//! `dealbook help`

use clap::Command;
use ledger_core::finding::CODES;
use ledger_core::problem::Code;

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Help on a command or a topic
///
/// Topics: time, query, files, formats, options, exit-codes, environment, errors, findings, and every error code such as E0211.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A command, a topic, or an error code
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
}

type Topic = (&'static str, fn() -> String);

/// The topics: written ones, and those made from the lists they are about.
const TOPICS: &[Topic] = &[
    ("time", || include_str!("../topics/time.txt").to_owned()),
    ("query", || include_str!("../topics/query.txt").to_owned()),
    ("files", || include_str!("../topics/files.txt").to_owned()),
    ("formats", || include_str!("../topics/formats.txt").to_owned()),
    ("options", options),
    ("exit-codes", exit_codes),
    ("environment", || include_str!("../topics/environment.txt").to_owned()),
    ("errors", errors),
    ("findings", findings),
];

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let mut command = crate::shell::command();
    // Gives every command the flags of all, which help on it should list.
    command.build();
    let Some(topic) = args.topic else {
        context.say(command.render_long_help().ansi())?;
        return Ok(Exit::Done);
    };
    if let Some((_, text)) = TOPICS.iter().find(|(name, _)| *name == topic) {
        context.say(text().trim_end())?;
        return Ok(Exit::Done);
    }
    if let Ok(code) = topic.parse::<Code>() {
        context.say(explained(code))?;
        return Ok(Exit::Done);
    }
    if let Some(verb) = command.find_subcommand_mut(&topic) {
        context.say(verb.render_long_help().ansi())?;
        return Ok(Exit::Done);
    }
    let names: Vec<String> =
        TOPICS.iter().map(|(name, _)| (*name).to_owned()).chain(command.get_subcommands().map(|verb| verb.get_name().to_owned())).collect();
    let topics = TOPICS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let failure = Failure::new(Code::E0301, format!("no command and no topic is named `{topic}`"));
    Err(failure.suggest(&topic, names.iter().map(String::as_str)).hint(format!("topics are {topics}, and every error code")))
}

fn explained(code: Code) -> String {
    format!("{code}: {}\n\n{}\n\nExit code {}.", code.meaning(), code.explanation(), Exit::of(code) as u8)
}

fn exit_codes() -> String {
    let lines: String = Exit::ALL.iter().map(|(exit, meaning)| format!("  {:>3}  {meaning}\n", *exit as u8)).collect();
    format!("Exit codes\n\n{lines}\nError codes and their meaning: dealbook help errors")
}

fn errors() -> String {
    let lines: String = Code::ALL.iter().map(|code| format!("  {code}  exit {}  {}\n", Exit::of(*code) as u8, code.meaning())).collect();
    format!("Error codes\n\n{lines}\nMore on one: dealbook help E0211")
}

fn findings() -> String {
    let lines: String = CODES
        .iter()
        .map(|code| format!("  {}  {:<6}  {}\n               {}\n", code.code, code.severity.as_str(), code.meaning, code.cure))
        .collect();
    format!("Findings\n\nWhat breaks a rule is recorded all the same, and found: dealbook show findings\n\n{lines}")
}

/// Every option with the commands that take it.
fn options() -> String {
    let command = crate::shell::command();
    let mut text = String::from("Options of every command\n\n");
    let line = |arg: &clap::Arg| {
        let short = arg.get_short().map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
        let value =
            arg.get_value_names().filter(|_| arg.get_action().takes_values()).map(|names| format!(" {}", names[0])).unwrap_or_default();
        let flag = format!("{short}--{}{value}", arg.get_long().unwrap_or_default());
        format!("  {flag:<24}  {}\n", arg.get_help().map(ToString::to_string).unwrap_or_default())
    };
    let flags = |command: &Command| -> Vec<String> { command.get_arguments().filter(|arg| arg.get_long().is_some()).map(line).collect() };
    text.extend(flags(&command));
    for verb in command.get_subcommands() {
        let own = flags(verb);
        if !own.is_empty() {
            text += &format!("\n{}\n\n{}", verb.get_name(), own.concat());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_fits_a_screen_in_width() {
        for (name, text) in TOPICS {
            let text = text();
            assert!(text.lines().all(|line| line.chars().count() <= 140), "{name}");
            assert!(text.lines().count() > 3, "{name}");
        }
    }

    #[test]
    fn the_published_list_of_errors_is_the_one_in_use() {
        let rows: String = Code::ALL.iter().map(|code| format!("| {code} | {} | {} |\n", code.meaning(), Exit::of(*code) as u8)).collect();
        let published = include_str!("../../../docs/errors.md");
        assert!(published.ends_with(&format!("| --- | --- | ---: |\n{rows}")), "docs/errors.md has to end with:\n{rows}");
    }

    #[test]
    fn the_published_list_of_findings_is_the_one_in_use() {
        let row = |code: &ledger_core::finding::Code| {
            format!("| {} | {} | {} | {} |\n", code.code, code.severity.as_str(), code.meaning, code.cure)
        };
        let rows: String = CODES.iter().map(row).collect();
        let published = include_str!("../../../docs/findings.md");
        assert!(published.ends_with(&format!("| --- | --- | --- | --- |\n{rows}")), "docs/findings.md has to end with:\n{rows}");
    }

    #[test]
    fn lists_say_what_the_program_does() {
        insta::assert_snapshot!(exit_codes());
        insta::assert_snapshot!(errors());
        insta::assert_snapshot!(options());
        insta::assert_snapshot!(explained(Code::E0211));
    }
}
