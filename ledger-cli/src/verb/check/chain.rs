//! `chain`: every line follows the one before it.

use super::{Asking, Check, Ended, Outcome};
use crate::failure::{Failure, counted};
use crate::verb::verify;

pub(super) const CHECK: Check = Check { name: "chain", about: "every hash, as `dealbook verify` computes it", run };

/// A chain that is broken is no finding: the command ends as `verify` does.
fn run(asking: &Asking<'_>) -> Result<Outcome, Failure> {
    let examined = verify::examine(&asking.session.location, &verify::Wanted::default(), asking.context)?;
    if let Some(failure) = examined.failure {
        return Err(failure);
    }
    Ok(Outcome { ended: Ended::Pass, detail: counted(examined.proven.seq, "event"), report: None })
}
