//! Writing a chain ([`Head`]) and checking one ([`Verifier`]), one fact at a time and in constant memory.

use serde::{Deserialize, Serialize};

use crate::{ChainId, Checkpoint, Draft, Fact, Hash, MAX_BODY_BYTES, Suite, Unsound};

/// Opens the bytes whose digest is the hash of an empty chain.
const CHAIN_TAG: &[u8] = b"qianwan/chain/1\n";

/// Where a chain ends: all a writer needs to add the next fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Which chain.
    pub chain: ChainId,
    /// The digest it is built with.
    pub suite: Suite,
    /// How many facts it holds.
    pub size: u64,
    /// Hash of its last fact, or of the empty chain.
    pub hash: Hash,
}

impl Head {
    /// The head of a chain without facts. Its hash depends on the chain's name, so that chains cannot be swapped.
    pub fn empty(chain: ChainId, suite: Suite) -> Head {
        let hash = suite.hash(&[CHAIN_TAG, chain.to_string().as_bytes()]);
        Head { chain, suite, size: 0, hash }
    }

    /// Gives the draft its number and hashes, and moves the head onto it.
    ///
    /// It does not look at the texts: a writer calls [`Draft::check`] when the draft comes in, where a refusal can
    /// still be answered. An unsound fact would be sealed, and found by every [`Verifier`] afterwards.
    pub fn seal(&mut self, draft: Draft) -> Fact {
        let Draft { command, kind, subject, place, actor, effective_ms, recorded_ms, body } = draft;
        let mut fact = Fact {
            chain: self.chain,
            seq: self.size + 1,
            command,
            kind,
            subject,
            place,
            actor,
            effective_ms,
            recorded_ms,
            body,
            prev: self.hash,
            hash: Hash::ZERO,
        };
        fact.hash = fact.compute_hash(self.suite);
        self.size = fact.seq;
        self.hash = fact.hash;
        fact
    }
}

/// Checks facts in order, and names the first that breaks the chain. After an error it stands where it stood before.
#[derive(Clone, Debug)]
pub struct Verifier {
    head: Head,
    /// What others say the hash was at a size, latest first, so that the next one due is last.
    expected: Vec<(u64, Hash)>,
    canonical: Vec<u8>,
}

impl Verifier {
    /// A verifier of the whole chain, from its first fact.
    pub fn new(chain: ChainId, suite: Suite) -> Verifier {
        Verifier::resume(Head::empty(chain, suite))
    }

    /// A verifier of what follows a head that was verified before and kept where nobody else writes.
    pub fn resume(head: Head) -> Verifier {
        Verifier { head, expected: Vec::new(), canonical: Vec::new() }
    }

    /// The head after the facts checked so far.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Asks that the chain had hash `hash` when it held `size` facts, as somebody wrote down at the time.
    ///
    /// A different hash is [`Broken::CheckpointMismatch`], here when that size is the present one, otherwise from
    /// [`Verifier::check`] when it is reached. A size already passed cannot be judged and is refused.
    pub fn expect(&mut self, size: u64, hash: Hash) -> Result<(), Broken> {
        let Head { chain, size: now, hash: found, .. } = self.head;
        if size < now {
            return Err(Broken::CheckpointPassed { chain, seq: size, now });
        }
        if size == now {
            return self.compare(size, hash, found);
        }
        let at = self.expected.partition_point(|(later, _)| *later > size);
        self.expected.insert(at, (size, hash));
        Ok(())
    }

    /// [`Verifier::expect`] with what a checkpoint says, if it speaks of this chain and suite.
    pub fn consistent_with(&mut self, checkpoint: &Checkpoint) -> Result<(), Broken> {
        let Head { chain, suite, .. } = self.head;
        let seq = checkpoint.size;
        if checkpoint.origin.chain() != chain {
            return Err(Broken::WrongChain { chain, seq, found: checkpoint.origin.chain() });
        }
        if checkpoint.suite != suite {
            return Err(Broken::WrongSuite { chain, seq, expected: suite, found: checkpoint.suite });
        }
        self.expect(seq, checkpoint.hash)
    }

    /// Checks the next fact and moves onto it.
    pub fn check(&mut self, fact: &Fact) -> Result<(), Broken> {
        let Head { chain, suite, size, hash: prev } = self.head;
        let seq = size.saturating_add(1);
        if fact.chain != chain {
            return Err(Broken::WrongChain { chain, seq, found: fact.chain });
        }
        if fact.seq != seq {
            return Err(Broken::Gap { chain, seq: fact.seq, expected: seq, found: fact.seq });
        }
        if fact.prev != prev {
            return Err(Broken::PrevMismatch { chain, seq, expected: prev, found: fact.prev });
        }
        if fact.body.len() > MAX_BODY_BYTES {
            return Err(Broken::BadBody { chain, seq });
        }
        self.canonical.clear();
        fact.append_canonical(&mut self.canonical);
        let hash = suite.hash(&[&self.canonical]);
        if fact.hash != hash {
            return Err(Broken::HashMismatch { chain, seq, expected: hash, found: fact.hash });
        }
        fact.check().map_err(|unsound| match unsound {
            Unsound::Subject => Broken::BadSubject { chain, seq },
            Unsound::Actor => Broken::BadActor { chain, seq },
            Unsound::Body => Broken::BadBody { chain, seq },
        })?;
        for &(_, expected) in self.expected.iter().rev().take_while(|(at, _)| *at == seq) {
            self.compare(seq, expected, hash)?;
        }
        while self.expected.pop_if(|(at, _)| *at == seq).is_some() {}
        self.head.size = seq;
        self.head.hash = hash;
        Ok(())
    }

    /// The head, if nobody expects more facts than came: a chain cut short is [`Broken::CheckpointBeyondEnd`].
    pub fn finish(self) -> Result<Head, Broken> {
        let Head { chain, size, .. } = self.head;
        match self.expected.last() {
            Some(&(seq, _)) => Err(Broken::CheckpointBeyondEnd { chain, seq, size }),
            None => Ok(self.head),
        }
    }

    fn compare(&self, seq: u64, expected: Hash, found: Hash) -> Result<(), Broken> {
        if expected == found {
            return Ok(());
        }
        let chain = self.head.chain;
        Err(Broken::CheckpointMismatch { chain, seq, expected, found })
    }
}

/// How a chain is broken, and where. Times running backwards are not in the list: clocks go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are the words of the message above each variant")]
pub enum Broken {
    /// A fact, or a checkpoint, of another chain.
    #[error("chain {chain}, fact {seq}: belongs to chain {found}")]
    WrongChain { chain: ChainId, seq: u64, found: ChainId },
    /// A fact is missing, repeated or out of its order.
    #[error("chain {chain}: fact {expected} should come here, fact {found} came")]
    Gap { chain: ChainId, seq: u64, expected: u64, found: u64 },
    /// It does not follow the fact before it: one of the two was exchanged.
    #[error("chain {chain}, fact {seq}: says the hash before it is {found}, it is {expected}")]
    PrevMismatch { chain: ChainId, seq: u64, expected: Hash, found: Hash },
    /// Its content is not what was sealed.
    #[error("chain {chain}, fact {seq}: its content has hash {expected}, it was sealed as {found}")]
    HashMismatch { chain: ChainId, seq: u64, expected: Hash, found: Hash },
    /// Sealed with a body that is not a JSON object, or is too long.
    #[error("chain {chain}, fact {seq}: its body is not a JSON object of at most {MAX_BODY_BYTES} bytes")]
    BadBody { chain: ChainId, seq: u64 },
    /// Sealed with an empty or too long subject, or one with control characters.
    #[error("chain {chain}, fact {seq}: its subject is empty, too long or has control characters")]
    BadSubject { chain: ChainId, seq: u64 },
    /// Sealed with an empty or too long actor, or one with control characters.
    #[error("chain {chain}, fact {seq}: its actor is empty, too long or has control characters")]
    BadActor { chain: ChainId, seq: u64 },
    /// History is not the one somebody kept a checkpoint of: it was rewritten at or before this fact.
    #[error("chain {chain}, at size {seq}: the hash is {found}, a checkpoint says {expected}; facts up to here were rewritten")]
    CheckpointMismatch { chain: ChainId, seq: u64, expected: Hash, found: Hash },
    /// The chain ends before the size of a checkpoint: its tail was cut off.
    #[error("chain {chain}: ends at fact {size}, a checkpoint says it had {seq}")]
    CheckpointBeyondEnd { chain: ChainId, seq: u64, size: u64 },
    /// A checkpoint handed in after its size had gone by; nothing is known of it.
    #[error("chain {chain}: a checkpoint of size {seq} came too late to be judged, at size {now}")]
    CheckpointPassed { chain: ChainId, seq: u64, now: u64 },
    /// A checkpoint of the same chain in another suite.
    #[error("chain {chain}, at size {seq}: built with {expected}, a checkpoint says {found}")]
    WrongSuite { chain: ChainId, seq: u64, expected: Suite, found: Suite },
}

impl Broken {
    /// A word that stays the same when the message is reworded.
    pub fn code(&self) -> &'static str {
        match self {
            Broken::WrongChain { .. } => "wrong-chain",
            Broken::Gap { .. } => "gap",
            Broken::PrevMismatch { .. } => "prev-mismatch",
            Broken::HashMismatch { .. } => "hash-mismatch",
            Broken::BadBody { .. } => "bad-body",
            Broken::BadSubject { .. } => "bad-subject",
            Broken::BadActor { .. } => "bad-actor",
            Broken::CheckpointMismatch { .. } => "checkpoint-mismatch",
            Broken::CheckpointBeyondEnd { .. } => "checkpoint-beyond-end",
            Broken::CheckpointPassed { .. } => "checkpoint-passed",
            Broken::WrongSuite { .. } => "wrong-suite",
        }
    }

    /// The chain that was being checked.
    pub fn chain(&self) -> ChainId {
        self.parts().0
    }

    /// The number of the fact, or the size of the checkpoint, that breaks it.
    pub fn seq(&self) -> u64 {
        self.parts().1
    }

    fn parts(&self) -> (ChainId, u64) {
        match *self {
            Broken::WrongChain { chain, seq, .. }
            | Broken::Gap { chain, seq, .. }
            | Broken::PrevMismatch { chain, seq, .. }
            | Broken::HashMismatch { chain, seq, .. }
            | Broken::BadBody { chain, seq }
            | Broken::BadSubject { chain, seq }
            | Broken::BadActor { chain, seq }
            | Broken::CheckpointMismatch { chain, seq, .. }
            | Broken::CheckpointBeyondEnd { chain, seq, .. }
            | Broken::CheckpointPassed { chain, seq, .. }
            | Broken::WrongSuite { chain, seq, .. } => (chain, seq),
        }
    }
}
