//! The printed table.

use std::fmt::Display;

/// How a measured value compares with its budget.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Budget {
    /// There is none.
    None,
    /// The rounds differ by more than it: the machine is too busy to tell.
    Unknown(f64),
    /// The value must be this or more.
    AtLeast(f64),
    /// The value must be this or less.
    AtMost(f64),
}

/// Begins a section of comparisons.
pub(crate) fn heading(title: &str) {
    columns(title, ["plain Envoy", "gateway", "ratio or difference"]);
}

/// Begins a section with other columns.
pub(crate) fn columns(title: &str, [first, second, third]: [&str; 3]) {
    println!("\n{title}");
    row("", &first, &second, &third, "budget");
}

/// Begins a part of a section.
pub(crate) fn group(title: &str) {
    println!("{title}");
}

/// One line of a comparison. `value` is what counts for the budget.
pub(crate) fn compare(
    what: &str,
    plain: &dyn Display,
    gateway: &dyn Display,
    outcome: &dyn Display,
    value: f64,
    budget: Budget,
) {
    let verdict = |kept: bool| if kept { "ok" } else { "MISSED" };
    let budget = match budget {
        Budget::None => String::new(),
        Budget::Unknown(limit) => format!("<= {limit} cannot tell: too much noise"),
        Budget::AtLeast(limit) => format!(">= {limit:.2} {}", verdict(value >= limit)),
        Budget::AtMost(limit) => format!("<= {limit} {}", verdict(value <= limit)),
    };
    row(&format!("  {what}"), plain, gateway, outcome, &budget);
}

fn row(what: &str, plain: &dyn Display, gateway: &dyn Display, outcome: &dyn Display, budget: &str) {
    let line = format!(
        "{what:34} {:>26} {:>26} {:>24}   {budget}",
        plain.to_string(),
        gateway.to_string(),
        outcome.to_string()
    );
    println!("{}", line.trim_end());
}
