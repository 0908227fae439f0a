//! Survey forms in the dialect of ODK: workbooks and XForms in, values out. No files, clock, network or database in here.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod evaluation;
pub mod form;
pub mod head;
pub mod tree;
pub mod xlsform;
pub mod xpath;
