//! `dealbook completions`

use clap_complete::{Shell, generate};

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Shell completions
///
/// For bash: dealbook completions bash > ~/.local/share/bash-completion/completions/dealbook
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// For which shell
    pub(crate) shell: Shell,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let mut text = vec![];
    generate(args.shell, &mut crate::shell::command(), "dealbook", &mut text);
    context.say(String::from_utf8_lossy(&text).trim_end())?;
    Ok(Exit::Done)
}
