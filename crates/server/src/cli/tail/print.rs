//! A change as a line: for people, and as JSON.

use super::seen::Seen;
use crate::cli::tasks;
use crate::output::{Output, Tone, line, time};
use anstyle::{AnsiColor, Style};
use dutiful::Timestamp;
use serde::Serialize;
use serde_json::json;

/// What `tail --json` prints, one object a line.
pub(super) fn json(seen_at: Timestamp, seen: &Seen) -> impl Serialize {
    json!({ "seen_at": seen_at, "before": seen.before, "task": seen.task })
}

/// `2026-01-31 09:00:00  7  succeeded  ExampleTask  {"output":"hi"}`, cut where the terminal ends.
pub(super) fn text(seen_at: Timestamp, seen: &Seen) -> String {
    let task = &seen.task;
    let style = style(Tone::of(task.state));
    let at = time(Some(seen_at));
    let name = line(&task.task_name);
    let begin = format!("{at}  {:>6}  ", task.id);
    let state = format!("{:<11}", task.state.as_str());
    let rest = format!("  {name}  {}", line(&tasks::detail(task)));
    let used = begin.chars().count() + state.chars().count();
    let rest = match Output::width() {
        Some(width) => cut(&rest, usize::from(width).saturating_sub(used)),
        None => rest,
    };
    format!("{begin}{style}{state}{style:#}{}", rest.trim_end())
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}

fn style(tone: Tone) -> Style {
    let colour = match tone {
        Tone::Plain => return Style::new(),
        Tone::Good => AnsiColor::Green,
        Tone::Bad => AnsiColor::Red,
        Tone::Busy => AnsiColor::Yellow,
        Tone::Dim => AnsiColor::BrightBlack,
    };
    colour.on_default()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_long_line_ends_with_a_mark() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("abc", 0), "…");
    }
}
