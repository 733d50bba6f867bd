//! Names of a table that is not ours, put into a statement in place of words in braces.

/// What stands for each word. Names are quoted, so that whatever they hold stays a name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<(&'static str, String)>);

impl Names {
    /// `{word}` is this name.
    pub(crate) fn name(&mut self, word: &'static str, name: &str) {
        self.0
            .push((word, format!("`{}`", name.replace('`', "``"))));
    }

    /// `{word}` is this text of ours.
    pub(crate) fn text(&mut self, word: &'static str, text: &'static str) {
        self.0.push((word, text.to_owned()));
    }

    /// The statement with the names in their places. What a name holds is not looked at again.
    pub(super) fn apply(&self, statement: &str) -> String {
        let mut written = String::with_capacity(statement.len() * 2);
        let mut rest = statement;
        while let Some((before, after)) = rest.split_once('{') {
            written.push_str(before);
            let found = after.split_once('}').and_then(|(word, after)| {
                let (_, name) = self.0.iter().find(|(known, _)| *known == word)?;
                Some((name, after))
            });
            match found {
                Some((name, after)) => {
                    written.push_str(name);
                    rest = after;
                }
                None => {
                    written.push('{');
                    rest = after;
                }
            }
        }
        written.push_str(rest);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_name_whatever_it_holds() {
        let mut names = Names::default();
        names.name("table", "a`; DROP TABLE b; -- {id}");
        names.name("id", "id");
        names.text("made", "NULL");
        assert_eq!(
            names.apply("SELECT {id}, {made}, '{}' FROM {table} WHERE {id} > ?"),
            "SELECT `id`, NULL, '{}' FROM `a``; DROP TABLE b; -- {id}` WHERE `id` > ?"
        );
    }
}
