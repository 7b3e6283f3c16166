//! `dealbook man`

use std::fs;
use std::path::PathBuf;

use clap_mangen::Man;

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Man pages
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to write a page per command to; without it the main page is printed
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let command = crate::shell::command();
    let Some(dir) = args.dir else {
        let mut page = vec![];
        Man::new(command).render(&mut page).map_err(|why| Failure::output(&why))?;
        context.say(String::from_utf8_lossy(&page).trim_end())?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(&dir).and_then(|()| clap_mangen::generate_to(command, &dir)).map_err(|why| Failure::unwritable(&dir, &why))?;
    context.note(format_args!("Wrote man pages to {}", dir.display()));
    Ok(Exit::Done)
}
