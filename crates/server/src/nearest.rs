//! "Did you mean": the known name that is nearest to a misspelt one.

/// How alike two names must be: 1 is equal, 0 has nothing in common.
const ALIKE: f64 = 0.7;

/// The nearest of `known`, if any is near.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wrong, &name.to_lowercase()), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_nonsense_finds_none() {
        let known = ["ExampleTask", "TranscribeDocument"];
        assert_eq!(nearest("exampletask", known), Some("ExampleTask"));
        assert_eq!(
            nearest("TranscribeDocumnet", known),
            Some("TranscribeDocument")
        );
        assert_eq!(nearest("qqq", known), None);
    }
}
