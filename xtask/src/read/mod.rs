//! Reading the project's own files: the tree as it stands, Rust and front-end sources as tokens, declarations in them.

pub mod rust;
pub mod shape;
pub mod tree;
pub mod web;
