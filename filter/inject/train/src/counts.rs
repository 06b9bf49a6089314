//! How often features stand in attacks and in harmless texts.

use crate::learn::Sample;

/// Of what a source has of a feature, more than one sample counts as this power: what several authors write tells more
/// than what one of them writes often, which is his style.
const POWER: f64 = 0.8;

/// Counts of harmless texts and of attacks.
#[derive(Debug)]
pub(crate) struct Counts {
    /// By feature.
    pub(crate) features: Vec<[f64; 2]>,
    /// Of all samples, as they weigh.
    pub(crate) totals: [f64; 2],
}

// === impl Counts ===

impl Counts {
    /// Counts of what `of` names in `samples`, of so many features.
    pub(crate) fn of<'a>(
        samples: &[&'a Sample<'_>],
        features: usize,
        of: impl Fn(&'a Sample<'_>) -> &'a [u32],
    ) -> Counts {
        let mut counts = Counts { features: vec![[0.0; 2]; features], totals: [0.0; 2] };
        let mut by_source = samples.to_vec();
        by_source.sort_by_key(|sample| sample.source);
        let mut own = vec![[0.0f64; 2]; features];
        let mut seen = Vec::new();
        for source in by_source.chunk_by(|left, right| left.source == right.source) {
            for sample in source {
                let class = usize::from(sample.attack);
                let add = |counts: &mut [f64; 2]| counts.get_mut(class).map(|count| *count += sample.weight);
                add(&mut counts.totals);
                for feature in of(sample) {
                    if let Some(own) = own.get_mut(*feature as usize) {
                        if own.iter().all(|count| *count <= 0.0) {
                            seen.push(*feature);
                        }
                        add(own);
                    }
                }
            }
            for feature in seen.drain(..) {
                let feature = feature as usize;
                if let (Some(own), Some(counts)) = (own.get_mut(feature), counts.features.get_mut(feature)) {
                    for (count, own) in counts.iter_mut().zip(std::mem::take(own)) {
                        *count += own.min(own.powf(POWER));
                    }
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_inject::Head;

    #[test]
    fn what_several_write_counts_more_than_what_one_writes_often() {
        let sample = |source, feature: u32, attack| Sample {
            ngrams: vec![feature].into(),
            relations: Vec::new().into(),
            attack,
            weight: 1.0,
            head: Head::User,
            group: 0,
            source,
        };
        let mut samples: Vec<Sample<'_>> = (0..8).map(|source| sample(source, 1, true)).collect();
        samples.extend((0..8).map(|_| sample(3, 2, true)));
        samples.push(sample(4, 2, false));
        let counts = Counts::of(&samples.iter().collect::<Vec<_>>(), 3, |sample| &sample.ngrams);
        let near = |left: f64, right: f64| (left - right).abs() < 1e-9;
        let [none, often, once] = [[0.0, 0.0], [0.0, 8.0], [1.0, 8.0_f64.powf(POWER)]];
        for (counts, expected) in counts.features.iter().zip([none, often, once]) {
            assert!(
                counts.iter().zip(expected).all(|(one, other)| near(*one, other)),
                "{counts:?} {expected:?}"
            );
        }
        assert!(counts.totals.iter().zip([1.0, 16.0]).all(|(one, other)| near(*one, other)));
    }
}
