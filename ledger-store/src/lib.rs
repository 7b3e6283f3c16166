//! Where lines live.
