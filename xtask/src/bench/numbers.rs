//! Medians and spreads, and how they are written.

/// The middle of some values, and how far they go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// None when there are no values.
    pub(crate) fn of(values: &[f64]) -> Option<Spread> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Spread { median, min, max })
    }

    /// "1,234/s (1,200 to 1,300)", each value written by `write`.
    pub(crate) fn told(self, write: impl Fn(f64) -> String, unit: &str) -> String {
        let [median, min, max] = [self.median, self.min, self.max].map(write);
        if min == max {
            return format!("{median}{unit}");
        }
        format!("{median}{unit} ({min} to {max})")
    }
}

/// "12,345" for large values, and as many decimals for small ones that they can be compared.
pub(crate) fn number(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.2}");
    }
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let spread = |values: &[f64]| Spread::of(values).unwrap();
        assert_eq!(spread(&[3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(
            (spread(&[3.0, 1.0]).min, spread(&[3.0, 1.0]).max),
            (1.0, 3.0)
        );
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn numbers_are_grouped_and_small_ones_have_decimals() {
        let written = [0.126, 9.0, 12.34, 123.4, 1_234.0, 1_234_567.0].map(number);
        assert_eq!(
            written,
            ["0.13", "9.00", "12.3", "123", "1,234", "1,234,567"]
        );
    }

    #[test]
    fn a_single_value_has_no_spread() {
        let one = Spread::of(&[2_000.0]).unwrap();
        assert_eq!(one.told(number, "/s"), "2,000/s");
        let two = Spread::of(&[2_000.0, 1_000.0]).unwrap();
        assert_eq!(two.told(number, ""), "1,500 (1,000 to 2,000)");
    }
}
