//! Which pages a range of the text stands on.

use crate::Page;

/// The numbers of the first and the last page of a range that is not empty. Pages without text lie
/// between others and are never the answer.
pub(super) fn of(pages: &[Page], start: usize, end: usize) -> (u32, u32) {
    let number = |index: usize| pages.get(index).or(pages.last()).map_or(1, |p| p.number);
    let first = pages.partition_point(|page| page.end <= start);
    let after = pages.partition_point(|page| page.start < end);
    (number(first), number(after.saturating_sub(1).max(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_on_the_pages_that_hold_its_ends() {
        let page = |(number, start, end)| Page {
            number,
            start,
            end,
            ..Page::default()
        };
        let pages = [(1, 0, 0), (2, 0, 10), (3, 10, 10), (4, 12, 20), (5, 22, 30)].map(page);
        assert_eq!(of(&pages, 0, 10), (2, 2));
        assert_eq!(of(&pages, 9, 13), (2, 4));
        assert_eq!(of(&pages, 12, 20), (4, 4));
        assert_eq!(of(&pages, 19, 30), (4, 5));
    }

    #[test]
    fn what_stands_outside_all_pages_is_on_the_nearest() {
        let page = |(number, start, end)| Page {
            number,
            start,
            end,
            ..Page::default()
        };
        assert_eq!(of(&[(7, 0, 5)].map(page), 6, 9), (7, 7));
        assert_eq!(of(&[], 6, 9), (1, 1));
    }
}
