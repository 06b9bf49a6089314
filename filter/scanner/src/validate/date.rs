//! Calendar dates inside numbers.

/// Whether `year`-`month`-`day` is a date of the Gregorian calendar.
pub(super) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

/// The number that `length` digits from `start` on are; `None` if there are fewer.
pub(super) fn number(digits: impl Iterator<Item = u32>, start: usize, length: usize) -> Option<u64> {
    let mut digits = digits.skip(start);
    (0..length).try_fold(0u64, |number, _| Some(number * 10 + u64::from(digits.next()?)))
}

/// As [`number`], for at most nine digits.
pub(super) fn part(digits: impl Iterator<Item = u32>, start: usize, length: usize) -> Option<u32> {
    number(digits, start, length).and_then(|number| u32::try_from(number).ok())
}

/// Whether a number of 10, 13, 16 or 19 digits counts the seconds, milli-, micro- or nanoseconds from 1970 to a time
/// between 2001 and 2036, as time stamps in logs do.
pub(super) fn is_epoch(digits: impl Iterator<Item = u32> + Clone) -> bool {
    let length = digits.clone().count();
    let seconds = number(digits, 0, 10).unwrap_or(0);
    matches!(length, 10 | 13 | 16 | 19) && (1_000_000_000..2_100_000_000).contains(&seconds)
}

/// Whether the digits begin with a time as `YYYYMMDDhhmm`, as time stamps in file names do.
pub(super) fn is_clock(digits: &(impl Iterator<Item = u32> + Clone)) -> bool {
    let at = |start, length| part(digits.clone(), start, length).unwrap_or(u32::MAX);
    (1970..2100).contains(&at(0, 4))
        && is_date(at(0, 4), at(4, 2), at(6, 2))
        && at(8, 2) < 24
        && at(10, 2) < 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar() {
        assert!(
            is_date(2024, 2, 29) && is_date(2000, 2, 29) && !is_date(1900, 2, 29) && !is_date(2023, 4, 31)
        );
        assert!(!is_date(2023, 13, 1) && !is_date(2023, 1, 0));
    }

    #[test]
    fn time_stamps() {
        let digits = |text: &'static str| super::super::digits(text.as_bytes());
        assert!(is_epoch(digits("1700000000")) && is_epoch(digits("1700000000123")));
        assert!(!is_epoch(digits("9201232387")) && !is_epoch(digits("17000000001")));
        assert!(is_clock(&digits("202405061530")) && !is_clock(&digits("199203052397")));
    }
}
