//! Weights of a linear model in integers: the same on every machine.

use crate::known::{KNOWN_NGRAMS, KNOWN_RELATIONS, Known, RELATIONS};

/// Fraction bits of a logit.
pub const FRACTION: u32 = 16;

/// Distinct features with weights from which on more make each of them count less. A text of which few n-grams are known is
/// not judged by these few alone.
pub const FLOOR_NGRAMS: usize = 60;
/// See [`FLOOR_NGRAMS`].
pub const FLOOR_RELATIONS: usize = 8;

/// How a file of weights begins.
pub(crate) const MAGIC: &[u8; 8] = b"AEGINJ\x00\x07";

/// Bytes of the digest of what the weights were made from.
pub(crate) const DIGEST: usize = 32;

/// Lengths that logits begin at different values for: bytes as they read, each class twice as long as the one before.
const LENGTHS: usize = 10;

/// Texts whose logits begin at the same value: by [`Head`], script and length.
pub const GROUPS: usize = 4 * LENGTHS;

/// The binary logarithm of where the first class begins; shorter texts are in it, too.
const SHORTEST_LOG: u32 = 4;

/// What tells addresses of the second [`Head`] from those of the first: any number below [`RELATIONS`] but 0, with bits of
/// row and fingerprint.
const APART: u32 = 0x2_2a5a;
const _: () = assert!((APART as usize) < RELATIONS);

/// Windows of the texts that scores are fitted to; in a text with more of them each has to score higher.
const FREE_WINDOWS: usize = 10;

/// From here on more windows change nothing, or an attack could be drowned.
const MAX_COUNTED_WINDOWS: usize = 128;

/// The score that twice as many windows ask for.
const PER_DOUBLING: i64 = 4;

/// What n-grams add to the logit of a window at most: of attacks in labelled and written texts that reach the score 66 one
/// in 490 has only windows that take more. Where relations leave more to be done, and that is in an eighth of all windows
/// of harmless texts that are looked at, n-grams are not read.
pub(crate) const MOST_OF_NGRAMS: i64 = 3 << FRACTION;

/// What a rule adds to a logit: it knows the order of words, which the model does not.
const CONFIRMED: i64 = 1 << FRACTION;

/// How far below the logit of score 50 the model is sure that a text is harmless, by [`Head`]: of what is not the user's there
/// is more, and manuals override, replace and forget all day.
const HARMLESS: [i64; HEADS] = [7 << (FRACTION - 1), 2 << FRACTION];

/// How far above 90 what is scored 95 would be if scores had no end.
const HALF_WAY: i64 = 20;

/// What a stretch of text is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole of what a user wrote.
    Message,
    /// A part of it.
    MessageWindow,
    /// A part of something that somebody else wrote.
    DocumentWindow,
}

/// Who speaks to the model. The same words mean another thing in what a user wants done and in what somebody else does, so
/// there are weights for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Head {
    /// The user.
    User,
    /// A tool, a document, a web page.
    Other,
}

/// How many [`Head`]s there are.
pub const HEADS: usize = 2;

/// Where scores lie among logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calibration {
    /// The logit of score 50: of the worst source of harmless texts one in a hundred has more.
    pub at_50: i32,
    /// The logit of score 90: of all sources together one in two hundred has more at most, of templates that were not learned.
    pub at_90: i32,
}

/// What a model says about a stretch of text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Verdict {
    pub(crate) logit: i64,
    pub(crate) calibration: Calibration,
    /// Relations left it open.
    pub(crate) was_open: bool,
    /// N-grams were read, because it was open or because a rule found something.
    pub(crate) exact: bool,
    /// A rule found the skeleton of an attack there.
    pub(crate) confirmed: bool,
}

// === impl Verdict ===

impl Verdict {
    /// Whether the model is sure of it, whatever n-grams that were not read might say.
    pub(crate) fn is_harmless(self, head: Head) -> bool {
        let [user, other] = HARMLESS;
        let below = if head == Head::User { user } else { other };
        let most = if self.exact { self.logit } else { self.logit + MOST_OF_NGRAMS };
        most < i64::from(self.calibration.at_50) - below
    }

    /// The logit, and what a rule adds to it.
    pub(crate) fn confirmed_logit(self) -> i64 {
        self.logit + if self.confirmed { CONFIRMED } else { 0 }
    }
}

/// A trained model.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// SHA-256 of what it was made from.
    pub digest: &'a [u8],
    numbers: [i32; NUMBERS],
    /// The n-grams that have weights.
    pub(crate) known_ngrams: Known<'a>,
    /// By [`Head`].
    ngrams: [&'a [u8]; HEADS],
    known_relations: Known<'a>,
    relations: &'a [u8],
}

/// A model as it is trained.
#[derive(Debug, Clone)]
pub struct Parts {
    /// SHA-256 of what it was made from.
    pub digest: [u8; DIGEST],
    /// What a text begins with: see [`group`].
    pub biases: [i32; GROUPS],
    /// By [`Scope`] and script: with spaces between words, and without.
    pub calibrations: [[Calibration; 2]; 3],
    /// N-grams, with weights by [`Head`].
    pub ngrams: Family<HEADS>,
    /// Relations between concepts, whose addresses tell heads apart.
    pub relations: Family<1>,
}

/// Features of one kind as they are trained.
#[derive(Debug, Clone)]
pub struct Family<const TABLES: usize> {
    /// What a weight of 1 is worth.
    pub scale: i32,
    /// Those that have weights: a [`Known`].
    pub known: Vec<u8>,
    /// Tables of their weights, by their places.
    pub weights: [Vec<i8>; TABLES],
}

/// Two scales, the biases, and six calibrations.
const NUMBERS: usize = 2 + GROUPS + 12;

const HEADER: usize = MAGIC.len() + DIGEST + 4 * NUMBERS;

/// Why weights cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a file of weights of this version")]
pub struct ModelError;

// === impl Model ===

impl<'a> Model<'a> {
    /// Reads a file of weights.
    pub fn read(bytes: &'a [u8]) -> Result<Model<'a>, ModelError> {
        let (header, tables) = bytes.split_at_checked(HEADER).ok_or(ModelError)?;
        let rest = header.strip_prefix(MAGIC).ok_or(ModelError)?;
        let (digest, numbers) = rest.split_at_checked(DIGEST).ok_or(ModelError)?;
        let (known_ngrams, tables) = tables.split_at_checked(KNOWN_NGRAMS).ok_or(ModelError)?;
        let (of_user, tables) = tables.split_at_checked(KNOWN_NGRAMS).ok_or(ModelError)?;
        let (of_other, tables) = tables.split_at_checked(KNOWN_NGRAMS).ok_or(ModelError)?;
        let (known_relations, relations) = tables.split_at_checked(KNOWN_RELATIONS).ok_or(ModelError)?;
        if relations.len() != KNOWN_RELATIONS {
            return Err(ModelError);
        }
        let mut values = [0; NUMBERS];
        for (value, bytes) in values.iter_mut().zip(numbers.chunks_exact(4)) {
            *value = i32::from_le_bytes(bytes.try_into().map_err(|_| ModelError)?);
        }
        let (known_ngrams, known_relations) = (Known::new(known_ngrams), Known::new(known_relations));
        let ngrams = [of_user, of_other];
        Ok(Model { digest, numbers: values, known_ngrams, ngrams, known_relations, relations })
    }

    /// What distinct relations at these places say of a text of this [`group`].
    pub fn of_relations(&self, group: usize, relations: &[u32]) -> i64 {
        let [_, scale, ..] = self.numbers;
        i64::from(self.number(2 + group)) + share(self.relations, relations, scale, FLOOR_RELATIONS)
    }

    /// What distinct n-grams at these places add to that.
    pub fn of_ngrams(&self, head: Head, ngrams: &[u32]) -> i64 {
        let ([scale, ..], [user, other]) = (self.numbers, self.ngrams);
        let weights = match head {
            Head::User => user,
            Head::Other => other,
        };
        share(weights, ngrams, scale, FLOOR_NGRAMS)
    }

    /// Where the weight of the relation with this address is, if it has one.
    #[inline]
    pub(crate) fn relation(&self, head: Head, address: u32) -> Option<u32> {
        self.known_relations.place(head.address(address))
    }

    /// The weight of the relation with this address.
    pub(crate) fn relation_weight(&self, head: Head, address: u32) -> i8 {
        let place = self.relation(head, address).and_then(|place| self.relations.get(place as usize));
        place.map_or(0, |weight| weight.cast_signed())
    }

    fn number(&self, index: usize) -> i32 {
        self.numbers.get(index).copied().unwrap_or_default()
    }

    /// Where scores lie among logits, of texts in a script with spaces or, `dense`, without.
    pub fn calibration(&self, scope: Scope, dense: bool) -> Calibration {
        let index = 2 + GROUPS + 4 * scope as usize + 2 * usize::from(dense);
        Calibration { at_50: self.number(index), at_90: self.number(index + 1) }
    }
}

/// The group of a text of `len` bytes as it reads, in a script with spaces or, `dense`, without.
pub fn group(head: Head, dense: bool, len: usize) -> usize {
    let length = (len.max(1).ilog2().saturating_sub(SHORTEST_LOG) as usize).min(LENGTHS - 1);
    LENGTHS * (2 * head as usize + usize::from(dense)) + length
}

// === impl Scope ===

impl Scope {
    /// Who speaks.
    pub fn head(self) -> Head {
        match self {
            Scope::Message | Scope::MessageWindow => Head::User,
            Scope::DocumentWindow => Head::Other,
        }
    }
}

// === impl Head ===

impl Head {
    /// The address of a relation with this address if this is who speaks.
    pub(crate) fn address(self, address: u32) -> u32 {
        match self {
            Head::User => address,
            Head::Other => address ^ APART,
        }
    }
}

/// What a window scores less in a text with so many of them, each of which is a chance to be wrong.
pub(crate) fn chances(windows: usize) -> i64 {
    let times = windows.clamp(FREE_WINDOWS, MAX_COUNTED_WINDOWS) / FREE_WINDOWS;
    let log = times.ilog2();
    // Straight between powers of two.
    let between = i64::try_from(times).unwrap_or_default() - (1 << log);
    PER_DOUBLING * i64::from(log) + ((PER_DOUBLING * between) >> log)
}

/// What one family of features adds to a logit.
fn share(weights: &[u8], places: &[u32], scale: i32, floor: usize) -> i64 {
    let weight = |place: &u32| weights.get(*place as usize).map_or(0, |weight| weight.cast_signed());
    let sum: i64 = places.iter().map(|place| i64::from(weight(place))).sum();
    let root = ((places.len().max(floor) as u64) << 16).isqrt();
    (sum * i64::from(scale)) * 256 / i64::try_from(root).unwrap_or(i64::MAX)
}

// === impl Calibration ===

impl Calibration {
    /// The score of 0 to 100 that `logit` means, `less` some. Above 90 it comes ever closer to 100 instead of ending there,
    /// so that what is surer still scores higher.
    pub(crate) fn score(self, logit: i64, less: i64) -> u8 {
        let width = i64::from(self.at_90.saturating_sub(self.at_50)).max(1);
        let score = 50 + 40 * (logit - i64::from(self.at_50)) / width - less;
        let above = (score - 90).max(0);
        let score = score.min(90) + 10 * above / (above + HALF_WAY);
        u8::try_from(score.clamp(0, 100)).unwrap_or_default()
    }
}

// === impl Parts ===

impl Parts {
    /// A model that says nothing.
    pub fn blank() -> Parts {
        Parts {
            digest: [0; DIGEST],
            biases: [0; GROUPS],
            calibrations: [[Calibration { at_50: 1, at_90: 2 }; 2]; 3],
            ngrams: Family::blank(KNOWN_NGRAMS),
            relations: Family::blank(KNOWN_RELATIONS),
        }
    }

    /// The file of these weights.
    pub fn write(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend(self.digest);
        let calibrations = self.calibrations.iter().flatten().flat_map(|one| [one.at_50, one.at_90]);
        let scales = [self.ngrams.scale, self.relations.scale];
        for number in scales.into_iter().chain(self.biases).chain(calibrations) {
            file.extend(number.to_le_bytes());
        }
        self.ngrams.write(&mut file);
        self.relations.write(&mut file);
        file
    }
}

// === impl Family ===

impl<const TABLES: usize> Family<TABLES> {
    fn blank(features: usize) -> Family<TABLES> {
        let weights = std::array::from_fn(|_| vec![0; features]);
        Family { scale: 0, known: vec![0; features], weights }
    }

    fn write(&self, file: &mut Vec<u8>) {
        file.extend(&self.known);
        file.extend(self.weights.iter().flatten().map(|weight| weight.cast_unsigned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut parts = Parts::blank();
        parts.digest = [7; DIGEST];
        (parts.ngrams.scale, parts.relations.scale) = (1 << FRACTION, 2 << FRACTION);
        parts.biases = std::array::from_fn(|index| i32::try_from(index).unwrap());
        parts.calibrations[2][1] = Calibration { at_50: 50, at_90: 90 };
        let user = 3 << 8 | 9;
        let other = Head::Other.address(user);
        parts.ngrams.known = Known::table(KNOWN_NGRAMS, [user].into_iter());
        parts.relations.known = Known::table(KNOWN_RELATIONS, [other].into_iter());
        parts.ngrams.weights[0][3 * 8] = 60;
        parts.ngrams.weights[1][3 * 8] = -6;
        let place = Known::new(&parts.relations.known).place(other).unwrap();
        parts.relations.weights[0][place as usize] = -8;
        let file = parts.write();
        let model = Model::read(&file).unwrap();
        assert_eq!(model.digest, [7; DIGEST]);
        assert_eq!(model.calibration(Scope::DocumentWindow, true), parts.calibrations[2][1]);
        assert_eq!([Head::User, Head::Other].map(|head| model.relation_weight(head, user)), [0, -8]);
        assert_eq!(model.relation(Head::Other, user), Some(place));
        // Over the roots of 60 and of 8.
        let ngram = [model.known_ngrams.place(user).unwrap()];
        let of_ngrams = [Head::User, Head::Other].map(|head| model.of_ngrams(head, &ngram));
        assert_eq!(of_ngrams.map(|logit| (logit * 100) >> FRACTION), [774, -78]);
        assert_eq!(((5 - model.of_relations(5, &[place])) * 100) >> FRACTION, 565);
        assert!(Model::read(file.get(1..).unwrap()).is_err());
        assert!(Model::read(file.get(..file.len() - 1).unwrap()).is_err());
    }

    #[test]
    fn groups_are_apart_and_every_length_has_one() {
        let mut groups: Vec<usize> = Vec::new();
        for (head, dense) in
            [(Head::User, false), (Head::User, true), (Head::Other, false), (Head::Other, true)]
        {
            groups.extend((0..20).map(|bits| group(head, dense, 1 << bits)));
        }
        groups.dedup();
        assert_eq!(groups, (0..GROUPS).collect::<Vec<_>>());
    }

    #[test]
    fn many_windows_ask_for_more_and_never_for_too_much() {
        assert_eq!([0, 1, 10, 15, 20, 30, 40].map(chances), [0, 0, 0, 0, 4, 6, 8]);
        assert_eq!(chances(128), 14);
        assert_eq!(chances(usize::MAX), chances(128));
        let calibration = Calibration { at_50: 100, at_90: 140 };
        assert_eq!(
            [(140, 0), (140, 16), (160, 0), (400, 16)].map(|(logit, less)| calibration.score(logit, less)),
            [90, 74, 95, 99]
        );
    }
}
