//! A ledger as a command meets it: opened for reading or writing, with the states its reports are made of.

use ledger_core::chain::Broken;
use ledger_core::event::Unreadable;
use ledger_store::LogError;
use ledger_store::scan::ScanError;

use crate::failure::{Code, Failure};

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Log(error) => error.into(),
            ScanError::Unreadable(error) => error.into(),
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Broken(broken) => broken.into(),
            other => Self::new(Code::E0505, other.to_string()).hint("`dealbook verify --full` reads every event again"),
        }
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
                failure.because(format!("stored    b3:{stored}")).because(format!("computed  b3:{computed}"))
            }
            _ => failure,
        };
        match broken {
            Broken::Newer { .. } => failure.exit(crate::failure::Exit::Failure).hint("use the newer dealbook"),
            _ => failure.hint("`dealbook verify` tells what is damaged and what is still proven"),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let message = error.to_string();
        match error {
            LogError::Broken(broken) => broken.into(),
            LogError::ShorterThanAnchor { .. } | LogError::DiffersFromAnchor { .. } => {
                Self::new(Code::E0504, message).hint("nothing was changed; restore the log from a copy, and compare: `dealbook copy`")
            }
            LogError::StoreAheadOfLog { .. } => Self::new(Code::E0507, message)
                .hint("nothing was changed; `dealbook copy sled:DIR jsonl:FILE` saves what the store has"),
            LogError::Locked { .. } => Self::new(Code::E0601, message).hint("wait for it, or end it; reading needs no lock"),
            LogError::Moved { .. } => Self::new(Code::E0602, message).hint("nothing was recorded; look at what came in between with `dealbook log`"),
            LogError::Exists { .. } => Self::new(Code::E0604, message).hint("choose another folder"),
            LogError::Parted { .. } => Self::new(Code::E0605, message).hint("nothing was copied"),
            LogError::Unknown { source, .. } => {
                Self::new(Code::E0606, message).because(source).hint("running the same command again is safe")
            }
            LogError::NotALedger { .. } => Self::new(Code::E0304, message).hint("`dealbook init` makes one"),
            LogError::Newer { .. } => Self::new(Code::E0505, message).exit(crate::failure::Exit::Failure).hint("use the newer dealbook"),
            LogError::NoSuchBackend { .. } => Self::usage(message),
            LogError::Io { source, .. } => Self::new(Code::E0603, message).because(source),
            _ => Self::new(Code::E0603, message),
        }
    }
}
