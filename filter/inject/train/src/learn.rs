//! Logistic regression over features that are scaled by how much they tell by themselves.

use crate::counts::Counts;
use crate::rng::Rng;
use crate::vocabulary::vocabulary;
use aegis_inject::{FLOOR_NGRAMS, FLOOR_RELATIONS, GROUPS, HEADS, Head, KNOWN_NGRAMS, KNOWN_RELATIONS};
use aegis_inject::{Known, NGRAMS, RELATIONS};
use std::borrow::Cow;

/// A stretch of text to learn from.
#[derive(Debug, Clone)]
pub(crate) struct Sample<'a> {
    /// Addresses; while learning, places of those that are known.
    pub(crate) ngrams: Cow<'a, [u32]>,
    /// See `ngrams`.
    pub(crate) relations: Cow<'a, [u32]>,
    pub(crate) attack: bool,
    pub(crate) weight: f64,
    pub(crate) head: Head,
    /// Of [`GROUPS`].
    pub(crate) group: usize,
    /// Who wrote it: a hand, a technique or a labelled source.
    pub(crate) source: usize,
}

/// Weights before they are made integers.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    /// With weights by [`Head`].
    pub(crate) ngrams: Family<HEADS>,
    pub(crate) relations: Family<1>,
    pub(crate) biases: [f64; GROUPS],
}

/// Features of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Family<const TABLES: usize> {
    /// A table of those that have weights.
    pub(crate) known: Vec<u8>,
    pub(crate) weights: [Vec<f64>; TABLES],
}

/// Weights that are learned, of the features of one family.
#[derive(Debug)]
struct Table {
    /// By how much features tell by themselves: what they count is a multiple of it.
    ratios: Vec<f64>,
    weights: Vec<f64>,
    /// Sums of the squares of their gradients.
    squares: Vec<f64>,
}

const EPOCHS: usize = 6;
const RATE: f64 = 0.1;
/// Pulls every weight to nothing.
const DECAY: f64 = 2e-5;
/// How much more a harmless text counts the more it is taken for an attack: a threshold is where few of them are left.
const HARD: f64 = 15.0;
/// Counts that every feature begins with, in samples of weight one.
const SMOOTHING: f64 = 6.0;
/// What an n-gram that somebody else than a user wrote tells for him alone, beside 1 for what it tells for both.
const OF_OTHERS: f64 = 0.5;
/// What sums of squares begin with.
const SQUARE: f64 = 1e-4;

/// Learns from `samples`.
pub(crate) fn learn(mut samples: Vec<Sample<'_>>) -> Weights {
    let known_ngrams = vocabulary(&samples, NGRAMS, KNOWN_NGRAMS, |sample| &sample.ngrams);
    let known_relations = vocabulary(&samples, RELATIONS, KNOWN_RELATIONS, |sample| &sample.relations);
    for sample in &mut samples {
        sample.ngrams = places(Known::new(&known_ngrams), &sample.ngrams).into();
        sample.relations = places(Known::new(&known_relations), &sample.relations).into();
    }
    let of_others: Vec<&Sample<'_>> = samples.iter().filter(|sample| sample.head == Head::Other).collect();
    let all: Vec<&Sample<'_>> = samples.iter().collect();
    // Words mean much the same, whoever says them: others share the weights of users, and have some besides.
    let mut ngrams = Table::new(&all, 1.0, KNOWN_NGRAMS, |sample| &sample.ngrams);
    let mut ngrams_of_others = Table::new(&of_others, OF_OTHERS, KNOWN_NGRAMS, |sample| &sample.ngrams);
    let mut relations = Table::new(&all, 1.0, KNOWN_RELATIONS, |sample| &sample.relations);
    let (mut biases, mut bias_squares) = ([0.0; GROUPS], [SQUARE; GROUPS]);
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut rng = Rng::new(0x5eed);
    for _ in 0..EPOCHS {
        rng.shuffle(&mut order);
        for sample in order.iter().filter_map(|index| samples.get(*index)) {
            let (Some(bias), Some(bias_square)) =
                (biases.get_mut(sample.group), bias_squares.get_mut(sample.group))
            else {
                continue;
            };
            let of_others =
                (sample.head == Head::Other).then_some((&mut ngrams_of_others, &sample.ngrams, FLOOR_NGRAMS));
            let mut tables: Vec<(&mut Table, &[u32], f64)> = [
                (&mut ngrams, &sample.ngrams, FLOOR_NGRAMS),
                (&mut relations, &sample.relations, FLOOR_RELATIONS),
            ]
            .into_iter()
            .chain(of_others)
            .map(|(table, places, floor)| (table, &**places, value(places.len(), floor)))
            .collect();
            let logit =
                tables.iter().fold(*bias, |logit, (table, places, value)| logit + value * table.sum(places));
            let expected = 1.0 / (1.0 + (-logit).exp());
            let hard = if sample.attack { 1.0 } else { HARD.mul_add(expected, 1.0) };
            let error = (expected - f64::from(u8::from(sample.attack))) * sample.weight * hard;
            *bias_square += error * error;
            *bias -= RATE * error / bias_square.sqrt();
            for (table, places, value) in &mut tables {
                table.step(places, error * *value);
            }
        }
    }
    let (of_users, of_others) = (ngrams.done(), ngrams_of_others.done());
    let of_others = of_users.iter().zip(of_others).map(|(user, more)| user + more).collect();
    Weights {
        ngrams: Family { known: known_ngrams, weights: [of_users, of_others] },
        relations: Family { known: known_relations, weights: [relations.done()] },
        biases,
    }
}

/// Where the weights of the features with these addresses are.
fn places(known: Known<'_>, addresses: &[u32]) -> Vec<u32> {
    let mut places: Vec<u32> = addresses.iter().filter_map(|address| known.place(*address)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn value(count: usize, floor: usize) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let count = count.max(floor) as f64;
    1.0 / count.sqrt()
}

// === impl Table ===

impl Table {
    /// Features count `share` of what they tell.
    fn new<'a>(
        samples: &[&'a Sample<'_>],
        share: f64,
        features: usize,
        of: impl Fn(&'a Sample<'_>) -> &'a [u32],
    ) -> Table {
        let Counts { features: counts, totals: [all_benign, all_attacks] } =
            Counts::of(samples, features, of);
        let part = |count: &f64, all: f64| (count + SMOOTHING) / SMOOTHING.mul_add(2.0, all);
        let ratio =
            |[benign, attacks]: &[f64; 2]| (part(attacks, all_attacks) / part(benign, all_benign)).ln();
        Table {
            ratios: counts.iter().map(|counts| share * ratio(counts)).collect(),
            weights: vec![0.0; features],
            squares: vec![SQUARE; features],
        }
    }

    fn sum(&self, places: &[u32]) -> f64 {
        let one = |place: &u32| Some(self.weights.get(*place as usize)? * self.ratios.get(*place as usize)?);
        places.iter().filter_map(one).sum()
    }

    /// Takes a step of `AdaGrad` (Duchi, Hazan and Singer, 2011) against what is wrong.
    fn step(&mut self, places: &[u32], error: f64) {
        for place in places {
            let place = *place as usize;
            if let (Some(weight), Some(square), Some(ratio)) =
                (self.weights.get_mut(place), self.squares.get_mut(place), self.ratios.get(place))
            {
                let gradient = error * ratio + DECAY * *weight;
                *square += gradient * gradient;
                *weight -= RATE * gradient / square.sqrt();
            }
        }
    }

    /// What each feature adds.
    fn done(self) -> Vec<f64> {
        self.weights.iter().zip(&self.ratios).map(|(weight, ratio)| weight * ratio).collect()
    }
}

// === impl Weights ===

impl Weights {
    /// The logit of a stretch of text of this group, with n-grams and relations at these addresses.
    pub(crate) fn logit(&self, head: Head, group: usize, ngrams: &[u32], relations: &[u32]) -> f64 {
        let [of_users, of_others] = &self.ngrams.weights;
        let weights = if head == Head::User { of_users } else { of_others };
        let [of_relations] = &self.relations.weights;
        self.biases.get(group).copied().unwrap_or_default()
            + share(weights, &places(Known::new(&self.ngrams.known), ngrams), FLOOR_NGRAMS)
            + share(of_relations, &places(Known::new(&self.relations.known), relations), FLOOR_RELATIONS)
    }
}

/// What features at these places add to a logit.
fn share(weights: &[f64], places: &[u32], floor: usize) -> f64 {
    let weights = places.iter().filter_map(|place| weights.get(*place as usize));
    value(places.len(), floor) * weights.sum::<f64>()
}
