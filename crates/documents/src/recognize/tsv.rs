//! Tesseract's table of words: where each one stands and how sure it is. What becomes of them
//! stands in `layout.rs`.

/// Columns before the text of a word.
const COLUMNS: usize = 11;

/// A word in the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) block: u32,
    pub(super) paragraph: u32,
    pub(super) line: u32,
    /// Pixels from the upper left corner.
    pub(super) top: u32,
    pub(super) height: u32,
    /// How sure it is, from 0 to 100.
    pub(super) confidence: f32,
    pub(super) text: String,
}

/// The words of the table, in its order. Lines that are none are left out: the table also has lines
/// for pages, blocks, paragraphs and lines of text, which say nothing more.
pub(super) fn words(table: &str) -> impl Iterator<Item = Word> {
    table.lines().filter_map(word)
}

fn word(line: &str) -> Option<Word> {
    let mut columns = line.splitn(COLUMNS + 1, '\t');
    let mut numbers = [0_f32; COLUMNS];
    for number in &mut numbers {
        *number = columns.next()?.trim().parse().ok()?;
    }
    let text = columns.next()?.trim();
    let [
        level,
        _,
        block,
        paragraph,
        line,
        _,
        _,
        top,
        _,
        height,
        confidence,
    ] = numbers;
    let is_word = level == 5.0 && confidence.is_finite() && !text.is_empty();
    is_word.then(|| Word {
        block: block as u32,
        paragraph: paragraph as u32,
        line: line as u32,
        top: top as u32,
        height: height as u32,
        confidence: confidence.clamp(0.0, 100.0),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_everything_else_is_passed_over() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
                     1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n\
                     5\t1\t2\t1\t3\t1\t10\t20\t30\t12\t96.5\tHello\n\
                     5\t1\t2\t1\t3\t2\t10\t20\t30\t12\t95\t \n\
                     5\t1\t2\t1\n\
                     5\t1\t-2\t1\t3\t3\t10\t1e30\t30\t12\t-1\ta\tb\n";
        let words: Vec<_> = words(table).collect();
        let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["Hello", "a\tb"]);
        assert_eq!((words[0].block, words[0].line, words[0].top), (2, 3, 20));
        assert_eq!((words[0].confidence, words[1].confidence), (96.5, 0.0));
    }
}
