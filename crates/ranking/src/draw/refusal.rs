//! Why a draw is not made, or not accepted.

use crate::refusal::refusals;

refusals! {
    /// Why a draw is not made, or does not stand.
    pub enum DrawRefusal {
        /// The frame lists nobody.
        "frame-empty" FrameEmpty { } "the frame is empty",
        /// An id is empty, or holds a tab, a line break or another control character.
        "id-malformed" IdMalformed { /** The id. */ id: String } "id {id:?} is empty or holds a control character",
        /// An id is not in Unicode normalisation form C.
        "id-not-normalised" IdNotNormalised { /** The id as given. */ id: String, /** Its form C. */ normalised: String } "id {id:?} is not in Unicode form C ({normalised:?})",
        /// The same id twice.
        "id-twice" IdTwice { /** The id. */ id: String } "id {id:?} stands in the frame twice",
        /// Two ids that a reader cannot tell apart (the same in form KC, blanks and case apart).
        "ids-look-alike" IdsLookAlike { /** One id. */ first: String, /** The other. */ second: String } "ids {first:?} and {second:?} look alike",
        /// A unit of size zero can never be drawn with probability in proportion to size.
        "size-zero" SizeZero { /** The unit. */ id: String } "unit {id:?} has size 0 and could never be drawn",
        /// Sizes too large for exact arithmetic everywhere (product of sample size and total at most 2^53).
        "sizes-too-large" SizesTooLarge { } "sizes are too large for exact arithmetic: use a larger unit",
        /// Coordinates beyond a thousand million metres.
        "coordinate-too-large" CoordinateTooLarge { /** The unit. */ id: String } "coordinates of {id:?} are beyond 1,000,000,000",
        /// The plan is not JSON of the expected form.
        "plan-unreadable" PlanUnreadable { /** What is wrong. */ reason: String } "the plan cannot be read: {reason}",
        /// The plan draws from a stratum that the frame does not have.
        "stratum-unknown" StratumUnknown { /** The stratum. */ stratum: String } "the plan names stratum {stratum:?}, which the frame does not have",
        /// A stratum of the frame that the plan says nothing about.
        "stratum-not-planned" StratumNotPlanned { /** The stratum. */ stratum: String } "the plan says nothing about stratum {stratum:?}",
        /// More units are to be drawn than there are.
        "sample-too-large" SampleTooLarge { /** Stratum, or empty for the frame. */ stratum: String, /** Wanted. */ wanted: u64, /** There. */ there: u64 } "{wanted} units are to be drawn from {there} (stratum {stratum:?})",
        /// A draw needs an id of its own.
        "draw-id-missing" DrawIdMissing { } "the draw has no id",
        /// A secret shorter than 16 bytes can be guessed.
        "secret-too-short" SecretTooShort { /** Bytes. */ bytes: usize } "the secret has {bytes} bytes; 16 are the least",
        /// A beacon that the plan names is not there.
        "beacon-missing" BeaconMissing { /** Its name; empty where the plan names none and none was given. */ name: String } "beacon {name:?} is missing",
        /// A beacon that is not the one the plan names at this place.
        "beacon-other" BeaconOther { /** What the plan names. */ named: String, /** What was given. */ given: String } "the plan names beacon {named:?}; {given:?} was given",
        /// The commitment was published after the beacon could be known.
        "committed-too-late" CommittedTooLate { /** Unix seconds. */ committed_at: i64, /** Unix seconds. */ beacon_at: i64 } "committed at {committed_at}, but the beacon was known at {beacon_at}",
        /// The beacon came after the day until which the plan waits for it: the plan's fallback applies, never a choice.
        "beacon-late" BeaconLate { /** Unix seconds. */ beacon_at: i64, /** Unix seconds. */ deadline: i64 } "the beacon came at {beacon_at}, after the deadline {deadline}",
        /// A drand round whose randomness is not the hash of its signature.
        "beacon-forged" BeaconForged { /** The round. */ round: u64 } "the randomness of round {round} is not the hash of its signature",
        /// The frame is not the one that was published.
        "frame-changed" FrameChanged { /** Published hash. */ published: String, /** Hash found. */ found: String } "the frame changed after the commitment: published {published}, found {found}",
        /// The plan is not the one that was published.
        "plan-changed" PlanChanged { /** Published hash. */ published: String, /** Hash found. */ found: String } "the plan changed after the commitment: published {published}, found {found}",
        /// Another commitment than the published one.
        "commitment-changed" CommitmentChanged { /** Published. */ published: String, /** Found. */ found: String } "the commitment differs: published {published}, found {found}",
        /// The draw bears another id than the published one.
        "draw-id-changed" DrawIdChanged { /** Published. */ published: String, /** Found. */ found: String } "published as {published:?}, found {found:?}",
        /// The secret was not revealed: the draw cannot be checked; recover it from its shares.
        "secret-withheld" SecretWithheld { } "the secret was not revealed",
        /// The revealed secret is not the one that was committed to.
        "secret-other" SecretOther { /** The commitment. */ commitment: String } "the secret does not open the commitment {commitment}",
        /// Text that should be hexadecimal is not.
        "hex-unreadable" HexUnreadable { /** Which field. */ field: &'static str } "{field} is not hexadecimal of the right length",
        /// The record states another seed than what follows from its parts.
        "seed-differs" SeedDiffers { /** What follows. */ expected: String } "the seed is not what follows from the parts ({expected})",
        /// What the record says of a unit is not what follows from the draw.
        "unit-differs" UnitDiffers { /** The unit. */ id: String } "what is recorded of unit {id:?} does not follow from the draw",
        /// The record lists other units than the frame, or another order of selection, or other cut-offs.
        "selection-differs" SelectionDiffers { } "the recorded selection does not follow from the draw",
        /// Too few inspectors without an interest in a place.
        "nobody-admissible" NobodyAdmissible { /** The place. */ place: String, /** Without an interest. */ free: usize, /** Needed. */ needed: usize } "{free} inspectors have no interest in {place:?}; {needed} are needed",
        /// Shares: threshold and count must satisfy 2 <= k <= n <= 255.
        "share-numbers" ShareNumbers { /** Needed to recover. */ threshold: u8, /** Made. */ count: u8 } "{threshold} of {count} shares is not possible",
        /// Shares: not enough fresh random bytes were handed in.
        "share-entropy" ShareEntropy { /** Bytes given. */ got: usize, /** Bytes needed. */ needed: usize } "{got} random bytes where {needed} are needed",
        /// Shares: fewer than needed.
        "shares-too-few" SharesTooFew { /** Good shares. */ got: usize, /** Needed. */ needed: u8 } "{got} good shares; {needed} are needed",
        /// Shares: of differing length.
        "shares-unlike" SharesUnlike { } "the shares differ in length",
        /// RFC 3797: the pool or the sample is empty or too large for its 16-bit counter.
        "pool-out-of-range" PoolOutOfRange { /** Pool. */ pool: u64, /** Wanted. */ wanted: u64 } "{wanted} of a pool of {pool} cannot be drawn",
    }
}
