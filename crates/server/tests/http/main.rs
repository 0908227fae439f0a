//! The whole service over HTTP, as people and programs meet it: the real router over a store filled by the demo, with a
//! second, foreign county beside it. One binary, so that the county is made once.
//!
//! Start reading at `world.rs`; then any file: each is one question to the server.

#![allow(clippy::unwrap_used, missing_docs)]

mod access;
mod administration;
mod answers;
mod attacks;
mod audit;
mod bad_input;
mod campaigns;
mod central;
mod central_forms;
mod contract;
mod duties;
mod existence;
mod exports;
mod floods;
mod guards;
mod invitations;
mod keys;
mod odata;
mod oidc;
mod openrosa;
mod particulars;
mod persons;
mod photos;
mod planning;
mod problems;
mod scripts;
mod surveys;
mod syslog;
mod visits;
mod world;
