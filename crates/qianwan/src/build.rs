//! What this binary was built from.

/// In one line.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("QIANWAN_BUILT_FROM"), ")");

/// With all that a report of trouble wants.
pub const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("QIANWAN_BUILT_FROM"),
    "\ntarget: ",
    env!("QIANWAN_BUILT_FOR"),
    "\nprofile: ",
    env!("QIANWAN_BUILT_AS"),
);
