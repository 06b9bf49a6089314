//! What was found in a text and in its views, as one list.

use aegis_scanner::Match;

/// Joins matches whose values overlap, so that nothing of either is left behind. What is found in more than one view, or
/// inside of something else, counts once; of several rules that of the longest value does, and the first of those.
pub(super) fn disjoint(mut found: Vec<Match>) -> Vec<Match> {
    found.sort_by_key(|one| (one.value, std::cmp::Reverse(one.end)));
    let mut joined: Vec<Match> = Vec::with_capacity(found.len());
    // Length of the value whose rule counts.
    let mut longest = 0;
    for next in found {
        let len = next.end - next.value;
        match joined.last_mut() {
            Some(last) if next.value < last.end => {
                last.end = last.end.max(next.end);
                last.start = last.start.min(next.start);
                if len > longest {
                    (last.rule, longest) = (next.rule, len);
                }
            }
            last => {
                // A label may hold the value of another rule.
                let start = last.map_or(next.start, |last| next.start.max(last.end).min(next.value));
                joined.push(Match { start, ..next });
                longest = len;
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &[(u16, u64, u64, u64)]) -> Vec<Match> {
        list.iter().map(|&(rule, start, value, end)| Match { rule, start, value, end }).collect()
    }

    #[test]
    fn overlaps_are_joined_under_the_longest() {
        let joined = disjoint(found(&[
            (1, 0, 4, 10),
            (2, 30, 30, 40),
            (3, 8, 8, 20),
            (4, 31, 31, 35),
            (5, 18, 40, 45),
        ]));
        assert_eq!(joined, found(&[(3, 0, 4, 20), (2, 30, 30, 40), (5, 40, 40, 45)]));
    }

    #[test]
    fn the_same_match_counts_once_and_the_first_rule_wins() {
        assert_eq!(disjoint(found(&[(7, 0, 0, 5), (8, 0, 0, 5)])), found(&[(7, 0, 0, 5)]));
    }
}
