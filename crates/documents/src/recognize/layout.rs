//! Recognized words to Markdown: lines, paragraphs, lists, and headings where the height of the
//! words is a reliable sign.

use super::tsv::Word;
use crate::clean;
use crate::hyphens::Hyphens;

/// A paragraph whose words are less sure than this, from 0 to 100, on the whole is a picture that
/// was taken for text.
const NOISE_CONFIDENCE: f32 = 25.0;
/// Lines that a page needs before their height says what is a heading.
const HEADING_LINES_MIN: usize = 8;
/// Most lines of a heading.
const HEADING_LINES_MAX: usize = 2;
/// Most characters of a heading.
const HEADING_CHARACTERS_MAX: usize = 120;
/// How much higher than the page's usual line a heading's lines are at least, for each level.
const HEADING_HEIGHTS: [f32; 2] = [1.9, 1.45];
/// How sure a heading's words are at least.
const HEADING_CONFIDENCE: f32 = 70.0;
/// What stands for a point of a list, and what it is often taken for.
const BULLETS: [&str; 8] = ["•", "●", "▪", "■", "‣", "◦", "*", "¢"];

#[derive(Debug, Default)]
struct Line {
    text: String,
    /// Of its words, from the highest top to the lowest bottom.
    top: u32,
    bottom: u32,
}

#[derive(Debug, Default)]
struct Paragraph {
    lines: Vec<Line>,
    sureness: Sureness,
}

/// How sure words are, where longer ones count more.
#[derive(Debug, Default, Clone, Copy)]
struct Sureness {
    sum: f64,
    characters: usize,
}

impl Sureness {
    fn add(&mut self, word: &Word) {
        let characters = word.text.chars().count();
        self.sum += f64::from(word.confidence) * characters as f64;
        self.characters += characters;
    }

    /// From 0 to 100.
    fn mean(self) -> Option<f32> {
        (self.characters > 0).then(|| (self.sum / self.characters as f64) as f32)
    }
}

/// The words of a page in paragraphs.
#[derive(Debug, Default)]
pub(super) struct Layout {
    paragraphs: Vec<Paragraph>,
}

impl Layout {
    /// Words come in reading order.
    pub(super) fn of(words: impl Iterator<Item = Word>) -> Self {
        let mut paragraphs: Vec<Paragraph> = Vec::new();
        let mut at = None;
        for word in words {
            let (paragraph, line) = ((word.block, word.paragraph), word.line);
            if at.is_none_or(|(before, _)| before != paragraph) {
                paragraphs.push(Paragraph::default());
            }
            let Some(last) = paragraphs.last_mut() else {
                continue;
            };
            let bottom = word.top.saturating_add(word.height);
            if at != Some((paragraph, line)) {
                last.lines.push(Line {
                    top: word.top,
                    bottom,
                    ..Line::default()
                });
            }
            at = Some((paragraph, line));
            last.sureness.add(&word);
            if let Some(line) = last.lines.last_mut() {
                if !line.text.is_empty() {
                    line.text.push(' ');
                }
                line.text.push_str(&word.text);
                line.top = line.top.min(word.top);
                line.bottom = line.bottom.max(bottom);
            }
        }
        paragraphs.retain_mut(|paragraph| {
            paragraph
                .lines
                .retain(|line| line.text.contains(char::is_alphanumeric));
            let is_noise = paragraph.sureness.mean().unwrap_or(0.0) < NOISE_CONFIDENCE;
            !paragraph.lines.is_empty() && !is_noise
        });
        Self { paragraphs }
    }

    /// How sure the words are on the whole, from 0 to 1; none where there is no word.
    pub(super) fn confidence(&self) -> Option<f32> {
        let mut whole = Sureness::default();
        for paragraph in &self.paragraphs {
            whole.sum += paragraph.sureness.sum;
            whole.characters += paragraph.sureness.characters;
        }
        whole.mean().map(|mean| mean / 100.0)
    }

    pub(super) fn markdown(&self) -> String {
        let mut hyphens = Hyphens::default();
        let lines = self
            .paragraphs
            .iter()
            .flat_map(|paragraph| &paragraph.lines);
        lines.for_each(|line| hyphens.learn(&line.text));
        let usual = self.usual_height();
        let blocks = self.paragraphs.iter().map(|paragraph| {
            match usual.and_then(|usual| paragraph.heading_level(usual)) {
                Some(level) => format!("{} {}", "#".repeat(level), paragraph.in_one_line()),
                None => paragraph.in_lines(&hyphens),
            }
        });
        let text = blocks.collect::<Vec<_>>().join("\n\n");
        let mut cleaned = String::with_capacity(text.len());
        clean::push(&mut cleaned, &text);
        cleaned
    }

    /// The height of the lines that most are like; none where there are too few.
    fn usual_height(&self) -> Option<f32> {
        let lines = self
            .paragraphs
            .iter()
            .flat_map(|paragraph| &paragraph.lines);
        let mut heights: Vec<u32> = lines.map(Line::height).collect();
        heights.sort_unstable();
        let middle = heights
            .get(heights.len() / 2)
            .filter(|height| **height > 0)?;
        (heights.len() >= HEADING_LINES_MIN).then_some(*middle as f32)
    }
}

impl Line {
    fn height(&self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }
}

impl Paragraph {
    /// The level of the heading that it is, by the height of its lines.
    fn heading_level(&self, usual: f32) -> Option<usize> {
        let characters: usize = self
            .lines
            .iter()
            .map(|line| line.text.chars().count())
            .sum();
        let letters = |line: &Line| line.text.chars().filter(|c| c.is_alphabetic()).count();
        let is_short =
            self.lines.len() <= HEADING_LINES_MAX && characters <= HEADING_CHARACTERS_MAX;
        let is_sure = self.sureness.mean().unwrap_or(0.0) >= HEADING_CONFIDENCE;
        if !is_short || !is_sure || !self.lines.iter().all(|line| letters(line) >= 3) {
            return None;
        }
        let lowest = self.lines.iter().map(Line::height).min()? as f32;
        let reached = |height: &f32| lowest >= usual * height;
        HEADING_HEIGHTS
            .iter()
            .position(reached)
            .map(|level| level + 1)
    }

    fn in_one_line(&self) -> String {
        let texts = self.lines.iter().map(|line| line.text.as_str());
        texts.collect::<Vec<_>>().join(" ")
    }

    fn in_lines(&self, hyphens: &Hyphens) -> String {
        let mut lines: Vec<String> = self.lines.iter().map(|line| line.text.clone()).collect();
        for below in 1..lines.len() {
            let (above, rest) = lines.split_at_mut(below);
            if let (Some(above), Some(below)) = (above.last_mut(), rest.first_mut()) {
                hyphens.join(above, below);
            }
        }
        lines.retain(|line| !line.is_empty());
        lines.iter_mut().for_each(|line| *line = escaped(line));
        lines.join("\n")
    }
}

/// A line that Markdown takes for nothing but text, or for the point of a list that it is.
fn escaped(line: &str) -> String {
    let text = line.replace('|', "\\|");
    if let Some((bullet, rest)) = text.split_once(' ')
        && BULLETS.contains(&bullet)
    {
        return format!("- {rest}");
    }
    if text.starts_with(['#', '>']) {
        return format!("\\{text}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(paragraph: u32, line: u32, height: u32, confidence: f32, text: &str) -> Word {
        Word {
            block: 1,
            paragraph,
            line,
            top: line * 50,
            height,
            confidence,
            text: text.to_owned(),
        }
    }

    fn page(words: Vec<Word>) -> (String, Option<f32>) {
        let layout = Layout::of(words.into_iter());
        (layout.markdown(), layout.confidence())
    }

    #[test]
    fn words_become_lines_and_paragraphs_and_divided_words_whole() {
        let (markdown, confidence) = page(vec![
            word(1, 1, 20, 90.0, "A"),
            word(1, 1, 20, 90.0, "reposi-"),
            word(1, 2, 20, 90.0, "tory"),
            word(1, 2, 20, 90.0, "grows"),
            word(2, 1, 20, 50.0, "#1"),
            word(2, 2, 20, 50.0, "•"),
            word(2, 2, 20, 50.0, "a|b"),
            word(2, 3, 20, 50.0, "---"),
        ]);
        assert_eq!(markdown, "A repository\ngrows\n\n\\#1\n- a\\|b");
        // 17 characters at 90 and 9 at 50.
        let expected = (17.0 * 0.9 + 9.0 * 0.5) / 26.0;
        assert!(
            (confidence.unwrap() - expected).abs() < 0.001,
            "{confidence:?}"
        );
    }

    #[test]
    fn nothing_recognized_is_an_empty_page_and_a_picture_taken_for_text_is_left_out() {
        assert_eq!(page(Vec::new()), (String::new(), None));
        let noise = vec![word(1, 1, 20, 10.0, "lI|"), word(2, 1, 20, 90.0, "Real")];
        assert_eq!(page(noise).0, "Real");
    }

    #[test]
    fn a_heading_is_clearly_higher_than_what_a_page_mostly_has() {
        let body = |count: u32| (1..=count).map(|n| word(9, n, 20 + n % 3, 95.0, "body text"));
        let large = |height| word(1, 1, height, 95.0, "Large");
        let with = |first: Word, count| page([first].into_iter().chain(body(count)).collect()).0;
        assert!(with(large(45), 10).starts_with("# Large\n\n"));
        assert!(with(large(32), 10).starts_with("## Large\n\n"));
        assert!(with(large(26), 10).starts_with("Large\n\n"));
        assert!(with(large(45), 3).starts_with("Large\n\n"));
        let unsure = word(1, 1, 45, 60.0, "Large");
        assert!(with(unsure, 10).starts_with("Large\n\n"));
    }
}
