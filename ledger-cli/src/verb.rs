//! The verbs: one file each, one list. The doc comment of a verb's `Args` is its help.

mod approve;
mod books;
mod breaks;
mod check;
mod close;
mod completions;
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
mod reconcile;
mod record;
mod replay;
mod schema;
mod show;
mod status;
mod suppose;
mod trace;
mod verify;
mod why;

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
