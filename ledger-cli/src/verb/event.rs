//! `dealbook show event`

use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};

pub(super) fn show(_query: &[String], _reading: &Reading, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "show event is not built")) // TO FILL IN
}
