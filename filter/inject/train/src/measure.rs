//! Recall at a rate of false alarms.

/// Scores of one kind of texts; what is not judged at all has `-inf`, what a rule finds `inf`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Measure {
    pub(crate) attacks: Vec<f64>,
    pub(crate) benign: Vec<f64>,
}

// === impl Measure ===

impl Measure {
    pub(crate) fn add(&mut self, attack: bool, score: f64) {
        if attack { &mut self.attacks } else { &mut self.benign }.push(score);
    }

    /// The lowest score that at most `rate` of the harmless texts exceed.
    pub(crate) fn threshold(&self, rate: f64) -> f64 {
        threshold(&self.benign, rate)
    }

    /// The share of attacks above `threshold`.
    pub(crate) fn recall(&self, threshold: f64) -> f64 {
        share(&self.attacks, threshold)
    }

    /// The share of harmless texts above `threshold`.
    pub(crate) fn alarms(&self, threshold: f64) -> f64 {
        share(&self.benign, threshold)
    }

    /// The chance that an attack scores higher than a harmless text.
    pub(crate) fn auc(&self) -> f64 {
        let mut all: Vec<(f64, bool)> = self.attacks.iter().map(|score| (*score, true)).collect();
        all.extend(self.benign.iter().map(|score| (*score, false)));
        all.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (mut below, mut wins) = (0.0, 0.0);
        for group in all.chunk_by(|left, right| left.0.total_cmp(&right.0).is_eq()) {
            let attacks = count(group.iter().filter(|(_, attack)| *attack).count());
            let benign = count(group.len()) - attacks;
            wins += attacks * (below + benign / 2.0);
            below += benign;
        }
        wins / (count(self.attacks.len()) * count(self.benign.len())).max(1.0)
    }
}

/// The lowest threshold that at most `rate` of `scores` exceed.
pub(crate) fn threshold(scores: &[f64], rate: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|left, right| right.total_cmp(left));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let allowed = (rate * count(sorted.len())).floor() as usize;
    sorted.get(allowed).copied().unwrap_or(f64::NEG_INFINITY)
}

fn share(scores: &[f64], threshold: f64) -> f64 {
    count(scores.iter().filter(|score| **score > threshold).count()) / count(scores.len()).max(1.0)
}

#[expect(clippy::cast_precision_loss)]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_keep_their_rate() {
        let benign: Vec<f64> = (0..100).map(f64::from).collect();
        let measure = Measure { attacks: vec![98.5, 200.0, 3.0, f64::INFINITY], benign };
        let at_one = measure.threshold(0.01);
        assert!((at_one - 98.0).abs() + (measure.alarms(at_one) - 0.01).abs() < 1e-9);
        assert!((measure.recall(at_one) - 0.75).abs() < 1e-9);
        assert!((Measure { attacks: vec![2.0], benign: vec![1.0, 3.0] }.auc() - 0.5).abs() < 1e-9);
    }
}
