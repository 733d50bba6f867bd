//! Full-text search with what the engine has: FTS5, FULLTEXT, tsvector.

use crate::db::{Db, DbResult, Dialect, Sql};

/// Words that are searched for at once.
const WORDS_MAX: usize = 32;

/// Chunks that readers see with any of the words, the best first: words, collection, how many.
const FIND: Sql = Sql {
    sqlite: "/* dutiful.documents.words.find */
        SELECT c.id
        FROM dutiful_chunk_words AS w
        JOIN dutiful_chunks AS c ON c.id = w.rowid
        JOIN dutiful_documents AS d ON d.live = c.generation_id
        WHERE w.body MATCH ?1 AND d.collection = ?2
        ORDER BY w.rank, c.id LIMIT ?3",
    mysql: "/* dutiful.documents.words.find */
        SELECT found.id FROM (
          SELECT c.id, MATCH (c.body) AGAINST (? IN NATURAL LANGUAGE MODE) AS score
          FROM dutiful_chunks AS c
          JOIN dutiful_documents AS d ON d.live = c.generation_id
          WHERE MATCH (c.body) AGAINST (? IN NATURAL LANGUAGE MODE) AND d.collection = ?) AS found
        ORDER BY found.score DESC, found.id LIMIT ?",
    postgres: "/* dutiful.documents.words.find */
        SELECT c.id
        FROM to_tsquery('simple', $1::text) AS q
        JOIN dutiful_chunks AS c ON c.words @@ q
        JOIN dutiful_documents AS d ON d.live = c.generation_id
        WHERE d.collection = $2::text
        ORDER BY ts_rank(c.words, q, 1) DESC, c.id LIMIT $3::bigint",
};

/// The ids of chunks with any of the words of a question, the best first. A question without words finds none.
pub(crate) async fn find(
    db: &Db,
    collection: &str,
    question: &str,
    limit: i64,
) -> DbResult<Vec<i64>> {
    let words = words(question);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let params = match db.dialect() {
        Dialect::Sqlite => {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            vec![quoted.join(" OR ").into(), collection.into(), limit.into()]
        }
        Dialect::Mysql => {
            let text = words.join(" ");
            vec![
                text.as_str().into(),
                text.as_str().into(),
                collection.into(),
                limit.into(),
            ]
        }
        Dialect::Postgres => {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            vec![quoted.join(" | ").into(), collection.into(), limit.into()]
        }
    };
    let rows = db.look(&FIND, params).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Letters and digits between anything else; no character that means something to an engine is left.
fn words(question: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in question.split(|c: char| !c.is_alphanumeric()) {
        let word = word.to_lowercase();
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
        if words.len() == WORDS_MAX {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_an_engine_is_no_part_of_a_word() {
        let hostile = "it's \"quoted\" OR NEAR(x) -y +z* & | ! ( ';--";
        assert_eq!(
            words(hostile),
            ["it", "s", "quoted", "or", "near", "x", "y", "z"]
        );
        assert_eq!(
            words("Größe GRÖSSE größe 日本"),
            ["größe", "grösse", "日本"]
        );
        assert!(words("?!").is_empty());
        assert_eq!(
            words(&(0..100).map(|n| format!("w{n} ")).collect::<String>()).len(),
            WORDS_MAX
        );
    }
}
