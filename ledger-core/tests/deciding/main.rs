//! What is decided about intents of ours: what follows from them, and what each rule refuses.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod agreements;
mod approvals;
mod desk;
mod entries;
mod laws;
mod offers;
