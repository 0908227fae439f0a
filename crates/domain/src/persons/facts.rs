//! What can become true of a private person's particulars, and the particulars themselves, which are in no fact.

use ::facts::Suite;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mask::{mask_id_number, mask_name, mask_telephone};
use crate::basics::{PersonId, ProblemId, Text};

crate::word_enum!(
    /// One thing known of a private person.
    Particular {
        /// 姓名
        Name => "name",
        /// 电话
        Telephone => "telephone",
        /// 公民身份号码
        IdNumber => "id_number",
    }
);

crate::word_enum!(
    /// What particulars are kept for.
    Purpose {
        /// To ask back whoever reported a problem.
        AskBack => "ask_back",
    }
);

crate::word_enum!(
    /// Why particulars were erased.
    ErasedBecause {
        /// An office was asked to.
        Asked => "asked",
        /// The person did it himself.
        Own => "own",
        /// They had been kept as long as the rule says.
        Expired => "expired",
        /// They came back with a backup from before.
        Restored => "restored",
    }
);

/// What a private person left of himself. In no fact, view or command: it lies sealed beside the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Particulars {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<60>>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<Text<30>>,
    /// Identity number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<Text<30>>,
}

impl Particulars {
    /// What is there.
    pub fn fields(&self) -> Vec<Particular> {
        let there = |field: &Particular| match field {
            Particular::Name => self.name.is_some(),
            Particular::Telephone => self.telephone.is_some(),
            Particular::IdNumber => self.id_number.is_some(),
        };
        Particular::ALL.iter().copied().filter(there).collect()
    }

    /// Whether nothing was left.
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty()
    }

    /// With every value masked.
    pub fn masked(&self) -> Particulars {
        fn shown<const N: usize>(value: Option<&Text<N>>, mask: fn(&str) -> String) -> Option<Text<N>> {
            value.and_then(|v| Text::new(&mask(v.as_str())).ok())
        }
        Particulars {
            name: shown(self.name.as_ref(), mask_name),
            telephone: shown(self.telephone.as_ref(), mask_telephone),
            id_number: shown(self.id_number.as_ref(), mask_id_number),
        }
    }

    /// What a fact carries: whoever has the particulars and the salt can show later that they were these. The salt lies
    /// with the particulars and goes with them; without it the digest says nothing.
    pub fn digest(&self, salt: &[u8]) -> String {
        let text = serde_json::to_vec(self).expect("plain data with string keys");
        Suite::Sha256.hash(&[b"qianwan/particulars/1\n", salt, b"\n", &text]).to_string()
    }
}

/// Whom to ask back, as a command carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The person whose particulars lie beside the log.
    pub person: PersonId,
    /// Salted digest of them.
    pub digest: String,
}

/// A reason.
pub type Reason = Text<500>;

/// Somebody left particulars with a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Who.
    pub person: PersonId,
    /// With which problem.
    pub problem: ProblemId,
    /// What for.
    pub purpose: Purpose,
    /// Salted digest of them.
    pub digest: String,
}

/// Somebody is about to see particulars in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmasked {
    /// Whose.
    pub person: PersonId,
    /// Which; all that there are where none is named.
    pub fields: Vec<Particular>,
    /// Why.
    pub reason: Reason,
    /// With which problem they were left.
    pub problem: Option<ProblemId>,
}

/// Particulars were erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Whose.
    pub person: PersonId,
    /// Why.
    pub because: ErasedBecause,
    /// In words, where there are any.
    pub reason: Option<Reason>,
}

crate::fact_kinds! {
    /// Facts about private persons.
    pub enum Fact {
        /// Left, with a report.
        "person.left@1" => Left,
        /// Shown in full, for a reason.
        "person.unmasked@1" => Unmasked,
        /// Erased.
        "person.erased@1" => Erased,
    }
}
