//! Which features get a weight.

use crate::counts::Counts;
use crate::learn::Sample;
use aegis_inject::Known;

/// A table of those that tell most about the label, as [`Known`] reads it: `places` of so many `addresses`.
///
/// How much one tells is the likelihood ratio of its counts in attacks and in harmless texts against chance, of which only
/// the texts that have it are counted here: Dunning,
/// "Accurate Methods for the Statistics of Surprise and Coincidence", 1993, <https://aclanthology.org/J93-1003/>.
pub(crate) fn vocabulary<'a>(
    samples: &'a [Sample<'_>],
    addresses: usize,
    places: usize,
    of: impl Fn(&'a Sample<'_>) -> &'a [u32],
) -> Vec<u8> {
    let Counts { features, totals } = Counts::of(&samples.iter().collect::<Vec<_>>(), addresses, of);
    let all = totals.iter().sum::<f64>();
    let told = |counts: &[f64; 2]| -> f64 {
        let sum = counts.iter().sum::<f64>();
        let one = |(count, total): (&f64, &f64)| {
            let expected = sum * total / all;
            if *count > 0.0 { count * (count / expected).ln() } else { 0.0 }
        };
        counts.iter().zip(&totals).map(one).sum()
    };
    let mut ranked: Vec<(f64, u32)> =
        features.iter().map(told).zip(0..).filter(|(told, _)| *told > 0.0).collect();
    ranked.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    Known::table(places, ranked.into_iter().map(|(_, address)| address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_inject::Head;

    #[test]
    fn what_tells_nothing_gives_way_to_what_does() {
        let row = |fingerprint: u32| 5 << 8 | fingerprint;
        // Twenty n-grams of one row: the first ten are in all texts, the others in attacks or in harmless texts alone.
        let common: Vec<u32> = (1..=10).map(row).collect();
        let of = |own: std::ops::Range<u32>| common.iter().copied().chain(own.map(row)).collect::<Vec<_>>();
        let texts = [(of(11..16), true), (of(16..21), false)];
        let samples: Vec<Sample<'_>> = texts
            .iter()
            .map(|(ngrams, attack)| Sample {
                ngrams: ngrams.as_slice().into(),
                relations: Vec::new().into(),
                attack: *attack,
                weight: 1.0,
                head: Head::User,
                group: 0,
                source: 0,
            })
            .collect();
        let table = vocabulary(&samples, 6 << 8, 48, |sample| &sample.ngrams);
        let known = |fingerprint| Known::new(&table).place(row(fingerprint)).is_some();
        assert_eq!((1..=20).filter(|one| known(*one)).collect::<Vec<_>>(), (11..=18).collect::<Vec<_>>());
    }
}
