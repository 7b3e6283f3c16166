//! The verbs: one file each, one list. The doc comment of a verb's `Args` is its help.

mod approve;
mod books;
mod breaks;
mod bundle;
mod check;
mod checkpoint;
mod close;
mod closed;
mod completions;
mod confirmations;
mod copy;
mod correct;
mod deal;
mod diff;
mod event;
mod export;
pub(crate) mod facts;
mod help;
mod import;
mod init;
mod keygen;
mod log;
mod man;
mod prove;
mod reconcile;
mod record;
mod replay;
mod schema;
mod selftest;
mod show;
mod status;
mod suppose;
mod trace;
mod verify;
mod why;

use clap::{Command, FromArgMatches as _, Subcommand as _};

use crate::context::Context;
use crate::failure::{Exit, Failure};

macro_rules! verbs {
    ($($group:literal { $($verb:ident $module:ident,)+ })+) => {
        /// What can be asked of the program.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Verb {
            $($($verb($module::Args),)+)+
        }

        /// The groups in which `--help` lists the verbs. A verb that is not built is not in it.
        pub(crate) const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$(stringify!($module)),+])),+];

        impl Verb {
            /// The verb that a command line names, without the flags of every command.
            ///
            /// # Errors
            /// Wrong usage.
            pub(crate) fn parsed(words: &[String]) -> Result<Self, Failure> {
                let command = Self::augment_subcommands(Command::new("dealbook").no_binary_name(true).disable_help_subcommand(true));
                let matches = command.try_get_matches_from(words).map_err(|why| Failure::usage(why.to_string()))?;
                Self::from_arg_matches(&matches).map_err(|why| Failure::usage(why.to_string()))
            }

            /// Runs it.
            ///
            /// # Errors
            /// When it failed.
            pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
                match self { $($(Self::$verb(args) => $module::run(args, context),)+)+ }
            }
        }
    };
}

verbs! {
    "Start" {
        Init init,
        Status status,
    }
    "Record" {
        Record record,
        Import import,
        Correct correct,
        Approve approve,
        Keygen keygen,
    }
    "Ask" {
        Show show,
        Log log,
        Diff diff,
        Trace trace,
    }
    "Close" {
        Reconcile reconcile,
        Breaks breaks,
        Check check,
        Close close,
    }
    "Prove" {
        Verify verify,
        Checkpoint checkpoint,
        Prove prove,
        Bundle bundle,
        Selftest selftest,
        Replay replay,
    }
    "Share" {
        Export export,
        Copy copy,
    }
    "Tools" {
        Schema schema,
        Completions completions,
        Man man,
        Help help,
    }
}
