//! Logistic regression over features that are scaled by how much they tell by themselves.

use crate::rng::Rng;
use crate::vocabulary::vocabulary;
use aegis_inject::{FLOOR_NGRAMS, FLOOR_RELATIONS, GROUPS, KNOWN_NGRAMS, KNOWN_RELATIONS, Known};
use aegis_inject::{NGRAMS, RELATIONS};
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
    /// Of [`GROUPS`].
    pub(crate) group: usize,
}

/// Weights before they are made integers.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    pub(crate) ngrams: Family,
    pub(crate) relations: Family,
    pub(crate) biases: [f64; GROUPS],
}

/// Features of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    /// A table of those that have weights.
    pub(crate) known: Vec<u8>,
    pub(crate) weights: Vec<f64>,
}

const EPOCHS: usize = 6;
const RATE: f64 = 0.1;
/// Pulls every weight to nothing.
const DECAY: f64 = 2e-5;
/// How much more a harmless text counts the more it is taken for an attack: a threshold is where few of them are left.
const HARD: f64 = 10.0;
/// Counts that every feature begins with, in samples of weight one.
const SMOOTHING: f64 = 6.0;

/// Learns from `samples`.
pub(crate) fn learn(mut samples: Vec<Sample<'_>>) -> Weights {
    let known = [
        vocabulary(&samples, NGRAMS, KNOWN_NGRAMS, |sample| &sample.ngrams),
        vocabulary(&samples, RELATIONS, KNOWN_RELATIONS, |sample| &sample.relations),
    ];
    let [known_ngrams, known_relations] = &known;
    for sample in &mut samples {
        sample.ngrams = places(Known::new(known_ngrams), &sample.ngrams).into();
        sample.relations = places(Known::new(known_relations), &sample.relations).into();
    }
    let ratios = [
        ratios(&samples, KNOWN_NGRAMS, |sample| &sample.ngrams),
        ratios(&samples, KNOWN_RELATIONS, |sample| &sample.relations),
    ];
    let mut weights = [vec![0.0; KNOWN_NGRAMS], vec![0.0; KNOWN_RELATIONS]];
    let mut squares = [vec![1e-4; KNOWN_NGRAMS], vec![1e-4; KNOWN_RELATIONS]];
    let (mut biases, mut bias_squares) = ([0.0; GROUPS], [1e-4; GROUPS]);
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut rng = Rng::new(0x5eed);
    for _ in 0..EPOCHS {
        rng.shuffle(&mut order);
        for sample in order.iter().filter_map(|index| samples.get(*index)) {
            let families = [(&*sample.ngrams, FLOOR_NGRAMS), (&*sample.relations, FLOOR_RELATIONS)];
            let (Some(bias), Some(bias_square)) =
                (biases.get_mut(sample.group), bias_squares.get_mut(sample.group))
            else {
                continue;
            };
            let mut logit = *bias;
            for ((places, floor), (weights, ratios)) in families.iter().zip(weights.iter().zip(&ratios)) {
                let value = value(places.len(), *floor);
                let one = |place: &u32| Some(weights.get(*place as usize)? * ratios.get(*place as usize)?);
                logit += value * places.iter().filter_map(one).sum::<f64>();
            }
            let expected = 1.0 / (1.0 + (-logit).exp());
            let hard = if sample.attack { 1.0 } else { HARD.mul_add(expected, 1.0) };
            let error = (expected - f64::from(u8::from(sample.attack))) * sample.weight * hard;
            *bias_square += error * error;
            *bias -= RATE * error / bias_square.sqrt();
            for (index, (places, floor)) in families.iter().enumerate() {
                let value = value(places.len(), *floor);
                let (Some(weights), Some(squares), Some(ratios)) =
                    (weights.get_mut(index), squares.get_mut(index), ratios.get(index))
                else {
                    continue;
                };
                for place in *places {
                    let place = *place as usize;
                    if let (Some(weight), Some(square), Some(ratio)) =
                        (weights.get_mut(place), squares.get_mut(place), ratios.get(place))
                    {
                        let gradient = error * value * ratio + DECAY * *weight;
                        *square += gradient * gradient;
                        *weight -= RATE * gradient / square.sqrt();
                    }
                }
            }
        }
    }
    let ([known_ngrams, known_relations], [ngrams, relations]) = (known, weights);
    let [ngram_ratios, relation_ratios] = ratios;
    let family = |known, weights: Vec<f64>, ratios: Vec<f64>| Family {
        known,
        weights: weights.iter().zip(&ratios).map(|(one, two)| one * two).collect(),
    };
    Weights {
        ngrams: family(known_ngrams, ngrams, ngram_ratios),
        relations: family(known_relations, relations, relation_ratios),
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

/// For each feature the logarithm of how much more common it is in attacks.
fn ratios<'a>(
    samples: &'a [Sample<'_>],
    features: usize,
    of: impl Fn(&'a Sample<'_>) -> &'a [u32],
) -> Vec<f64> {
    let mut counts = [vec![SMOOTHING; features], vec![SMOOTHING; features]];
    let mut totals = [SMOOTHING * 2.0; 2];
    for sample in samples {
        let class = usize::from(sample.attack);
        if let (Some(counts), Some(total)) = (counts.get_mut(class), totals.get_mut(class)) {
            *total += sample.weight;
            for place in of(sample) {
                if let Some(count) = counts.get_mut(*place as usize) {
                    *count += sample.weight;
                }
            }
        }
    }
    let [benign, attack] = &counts;
    let [all_benign, all_attack] = totals;
    attack.iter().zip(benign).map(|(one, two)| ((one / all_attack) / (two / all_benign)).ln()).collect()
}

fn value(count: usize, floor: usize) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let count = count.max(floor) as f64;
    1.0 / count.sqrt()
}

// === impl Weights ===

impl Weights {
    /// The logit of a stretch of text of this group, with n-grams and relations at these addresses.
    pub(crate) fn logit(&self, group: usize, ngrams: &[u32], relations: &[u32]) -> f64 {
        self.biases.get(group).copied().unwrap_or_default()
            + self.ngrams.logit(ngrams, FLOOR_NGRAMS)
            + self.relations.logit(relations, FLOOR_RELATIONS)
    }
}

// === impl Family ===

impl Family {
    fn logit(&self, addresses: &[u32], floor: usize) -> f64 {
        let places = places(Known::new(&self.known), addresses);
        let weights = places.iter().filter_map(|place| self.weights.get(*place as usize));
        value(places.len(), floor) * weights.sum::<f64>()
    }
}
