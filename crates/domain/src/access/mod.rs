//! Who came in, who was refused, who took what away, and which rights and rules were changed: the audit chain.
//!
//! Its facts stand in a chain of their own beside the one of the programme, so that whoever reads the programme's log does not
//! read over others' shoulders, and the audit administrator reads nothing of the programme. Only the server notes them
//! ([`Command::Note`] is for machines); changes of rights and rules are mirrored by the writer, in the transaction of the fact
//! itself ([`mirror`]). No passwords, tokens, or particulars of private persons stand here.

mod facts;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use facts::{
    AccountEvent, AuditRead, BackupMade, Changed, CheckpointMade, Exported, Fact, Refused, SignInRefused, SignedIn, SignedOut,
    Started, Stopped, Who, bounded,
};
pub use rules::{Command, MIRRORED, Note, mirror, mirrors};
pub use view::{Entry, Outcome};
