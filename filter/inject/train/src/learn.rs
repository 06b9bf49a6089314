//! Logistic regression over features that are scaled by how much they tell by themselves.

use crate::rng::Rng;
use crate::vocabulary::vocabulary;
use aegis_inject::{CONCEPTS, FLOOR_CONCEPTS, FLOOR_NGRAMS, GROUPS, KNOWN, Known};
use std::borrow::Cow;

/// A stretch of text to learn from.
#[derive(Debug, Clone)]
pub(crate) struct Sample<'a> {
    /// Addresses; while learning, places of those that are known.
    pub(crate) ngrams: Cow<'a, [u32]>,
    pub(crate) concepts: &'a [u32],
    pub(crate) attack: bool,
    pub(crate) weight: f64,
    /// Of [`GROUPS`].
    pub(crate) group: usize,
}

/// Weights before they are made integers.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    /// A table of the n-grams that have weights.
    pub(crate) known: Vec<u8>,
    pub(crate) ngrams: Vec<f64>,
    pub(crate) concepts: Vec<f64>,
    pub(crate) biases: [f64; GROUPS],
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
    let table = vocabulary(&samples);
    let known = Known::new(&table);
    for sample in &mut samples {
        sample.ngrams = places(known, &sample.ngrams).into();
    }
    let ratios = [
        ratios(&samples, KNOWN, |sample| &sample.ngrams),
        ratios(&samples, CONCEPTS, |sample| sample.concepts),
    ];
    let mut weights = [vec![0.0; KNOWN], vec![0.0; CONCEPTS]];
    let mut squares = [vec![1e-4; KNOWN], vec![1e-4; CONCEPTS]];
    let (mut biases, mut bias_squares) = ([0.0; GROUPS], [1e-4; GROUPS]);
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut rng = Rng::new(0x5eed);
    for _ in 0..EPOCHS {
        rng.shuffle(&mut order);
        for sample in order.iter().filter_map(|index| samples.get(*index)) {
            let families = [(&*sample.ngrams, FLOOR_NGRAMS), (sample.concepts, FLOOR_CONCEPTS)];
            let (Some(bias), Some(bias_square)) =
                (biases.get_mut(sample.group), bias_squares.get_mut(sample.group))
            else {
                continue;
            };
            let mut logit = *bias;
            for ((buckets, floor), (weights, ratios)) in families.iter().zip(weights.iter().zip(&ratios)) {
                let value = value(buckets.len(), *floor);
                let one = |bucket: &u32| Some(weights.get(*bucket as usize)? * ratios.get(*bucket as usize)?);
                logit += value * buckets.iter().filter_map(one).sum::<f64>();
            }
            let expected = 1.0 / (1.0 + (-logit).exp());
            let hard = if sample.attack { 1.0 } else { HARD.mul_add(expected, 1.0) };
            let error = (expected - f64::from(u8::from(sample.attack))) * sample.weight * hard;
            *bias_square += error * error;
            *bias -= RATE * error / bias_square.sqrt();
            for (index, (buckets, floor)) in families.iter().enumerate() {
                let value = value(buckets.len(), *floor);
                let (Some(weights), Some(squares), Some(ratios)) =
                    (weights.get_mut(index), squares.get_mut(index), ratios.get(index))
                else {
                    continue;
                };
                for bucket in *buckets {
                    let bucket = *bucket as usize;
                    if let (Some(weight), Some(square), Some(ratio)) =
                        (weights.get_mut(bucket), squares.get_mut(bucket), ratios.get(bucket))
                    {
                        let gradient = error * value * ratio + DECAY * *weight;
                        *square += gradient * gradient;
                        *weight -= RATE * gradient / square.sqrt();
                    }
                }
            }
        }
    }
    let scaled = |index: usize| -> Vec<f64> {
        let (weights, ratios) = (weights.get(index), ratios.get(index));
        weights.into_iter().flatten().zip(ratios.into_iter().flatten()).map(|(one, two)| one * two).collect()
    };
    Weights { ngrams: scaled(0), concepts: scaled(1), biases, known: table }
}

/// Where the weights of the n-grams with these addresses are.
fn places(known: Known<'_>, addresses: &[u32]) -> Vec<u32> {
    let mut places: Vec<u32> = addresses.iter().filter_map(|address| known.place(*address)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// For each feature the logarithm of how much more common it is in attacks.
fn ratios<'a>(
    samples: &'a [Sample<'_>],
    buckets: usize,
    of: impl Fn(&'a Sample<'_>) -> &'a [u32],
) -> Vec<f64> {
    let mut counts = [vec![SMOOTHING; buckets], vec![SMOOTHING; buckets]];
    let mut totals = [SMOOTHING * 2.0; 2];
    for sample in samples {
        let class = usize::from(sample.attack);
        if let (Some(counts), Some(total)) = (counts.get_mut(class), totals.get_mut(class)) {
            *total += sample.weight;
            for bucket in of(sample) {
                if let Some(count) = counts.get_mut(*bucket as usize) {
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
    /// The logit of a stretch of text of this group, with n-grams at these addresses.
    pub(crate) fn logit(&self, group: usize, addresses: &[u32], concepts: &[u32]) -> f64 {
        let ngrams = places(Known::new(&self.known), addresses);
        let sum = |weights: &[f64], buckets: &[u32]| -> f64 {
            buckets.iter().filter_map(|bucket| weights.get(*bucket as usize)).sum()
        };
        self.biases.get(group).copied().unwrap_or_default()
            + value(ngrams.len(), FLOOR_NGRAMS) * sum(&self.ngrams, &ngrams)
            + value(concepts.len(), FLOOR_CONCEPTS) * sum(&self.concepts, concepts)
    }
}
