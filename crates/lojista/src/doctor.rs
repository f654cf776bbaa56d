//! `doctor`: looks for what is wrong.

use crate::cli::DoctorArgs;
use crate::failure::Failure;

pub(crate) fn run(_args: &DoctorArgs) -> Result<(), Failure> {
    Err(Failure::new("pending"))
}
