//! Numbers out of many.

use std::fmt;

/// The median of some numbers and their range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

// === impl Spread ===

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Spread {
        let sorted = sorted(values);
        let last = sorted.len() - 1;
        Spread { median: sorted[last / 2], min: sorted[0], max: sorted[last] }
    }
}

/// Median and range, with as many decimals as the format asks for, and signs if it does.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(0);
        let Spread { median, min, max } = self;
        if f.sign_plus() {
            return write!(f, "{median:+.decimals$} ({min:+.decimals$}..{max:+.decimals$})");
        }
        write!(f, "{median:.decimals$} ({min:.decimals$}..{max:.decimals$})")
    }
}

/// The value below which `share` of the values lie.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let sorted = sorted(values.iter().copied());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let index = (sorted.len() as f64 * share) as usize;
    sorted[index.min(sorted.len() - 1)]
}

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    assert!(!sorted.is_empty(), "nothing was measured");
    sorted.sort_by(f64::total_cmp);
    sorted
}
