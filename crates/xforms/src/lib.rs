//! Survey forms in the dialect of ODK: workbooks and XForms in, values out. No files, clock, network or database in here.
//!
//! * [`head`]: what a server must know of a form or a filled form before it is taken in, in one pass.
//! * [`xlsform`]: workbooks → XForm, or all that is wrong in them by sheet, row and column.
//! * [`tree`]: XML as an arena, within limits. [`xpath`]: XPath 1.0 with ODK's functions over such trees.
//! * [`table`]: answers as tables, one for the form and one for every repeat.
//! * [`form`]: an XForm as a model, and what follows from what. [`evaluation`]: a filled form recomputed.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod evaluation;
pub mod form;
pub mod head;
pub mod table;
pub mod tree;
pub mod version;
pub mod xlsform;
pub mod xpath;
