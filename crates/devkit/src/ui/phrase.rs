//! Text that is laid out before it is painted: widths are those of the screen, whatever the colour.

use console::{Style, measure_text_width};

/// A short text, parts of which may have a style of their own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phrase {
    pieces: Vec<(String, Style)>,
}

impl Phrase {
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { pieces: vec![(text.into(), style)] }
    }

    /// Puts more behind it.
    pub(crate) fn then(mut self, more: impl Into<Self>) -> Self {
        self.pieces.extend(more.into().pieces);
        self
    }

    /// The text without its styles.
    pub(crate) fn plain(&self) -> String {
        self.pieces.iter().map(|(text, _)| &**text).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.iter().all(|(text, _)| text.is_empty())
    }

    /// Columns that it takes on a screen.
    pub(crate) fn width(&self) -> usize {
        measure_text_width(&self.plain())
    }

    /// The text as it goes to a stream.
    pub(crate) fn painted(&self, coloured: bool) -> String {
        let piece = |(text, style): &(String, Style)| {
            style.clone().force_styling(coloured && !text.is_empty()).apply_to(text).to_string()
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Lines of at most so many columns, broken at blanks, beside characters of two columns, and
    /// within a long word where it has a sign; where it has none, anywhere. All begin with as many
    /// blanks as the first.
    pub(crate) fn wrapped(&self, most: usize) -> Vec<Self> {
        if self.width() <= most {
            return vec![self.clone()];
        }
        let letters = self.letters();
        let indent = letters.iter().take_while(|letter| letter.sign == ' ').count();
        // A character of two columns has room all the same.
        let indent = indent.min(most / 2).min(most.saturating_sub(2));
        let mut lines = Vec::new();
        let mut rest = &letters[indent..];
        while !rest.is_empty() {
            let (line, after) = rest.split_at(line_end(rest, (most - indent).max(2)));
            let kept = line.iter().rposition(|letter| letter.sign != ' ').map_or(0, |at| at + 1);
            lines.push(Self::from(" ".repeat(indent)).then(self.part(&line[..kept])));
            let blanks = after.iter().take_while(|letter| letter.sign == ' ').count();
            rest = &after[blanks..];
        }
        lines
    }

    fn letters(&self) -> Vec<Letter> {
        let mut letters: Vec<Letter> = Vec::new();
        for (piece, (text, _)) in self.pieces.iter().enumerate() {
            for sign in text.chars() {
                let mut bytes = [0; 4];
                let width = measure_text_width(sign.encode_utf8(&mut bytes));
                let joined = letters.last().is_some_and(|before| before.sign == JOINER);
                letters.push(Letter { sign, width, piece, tied: width == 0 || joined });
            }
        }
        letters
    }

    fn part(&self, letters: &[Letter]) -> Self {
        let pieces = letters.chunk_by(|a, b| a.piece == b.piece).map(|alike| {
            let text = alike.iter().map(|letter| letter.sign).collect();
            (text, self.pieces[alike[0].piece].1.clone())
        });
        Self { pieces: pieces.collect() }
    }
}

/// Ties two characters into one picture.
const JOINER: char = '\u{200d}';

/// A character, and which piece it is of.
struct Letter {
    sign: char,
    width: usize,
    piece: usize,
    /// Whether it belongs to the one before it, so that no line begins with it.
    tied: bool,
}

/// How many characters stand on the first line.
fn line_end(letters: &[Letter], most: usize) -> usize {
    let mut used = 0;
    let (mut at_blank, mut at_slash, mut at_sign, mut anywhere) = (0, 0, 0, 1);
    for (at, letter) in letters.iter().enumerate() {
        if at > 0 && !letter.tied {
            let before = &letters[at - 1];
            if letter.sign == ' ' || before.sign == ' ' || letter.width > 1 || before.width > 1 {
                at_blank = at;
            } else if "/.,:;@=&?_-".contains(before.sign) {
                at_sign = at;
                at_slash = if before.sign == '/' { at } else { at_slash };
            }
            anywhere = at;
        }
        used += letter.width;
        if used > most && letter.sign != ' ' {
            return match (at_blank, at_sign) {
                (0, 0) => anywhere,
                // The parts of a path stay whole, unless that would leave most of the line empty.
                (0, _) if at_slash * 2 > at => at_slash,
                (0, sign) => sign,
                (blank, _) => blank,
            };
        }
    }
    letters.len()
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self::styled(text, Style::new())
    }
}

impl From<&str> for Phrase {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use console::Style;
    use proptest::prelude::*;

    use super::Phrase;

    #[test]
    fn lines_break_where_a_reader_would_break_them() {
        for (text, most, lines) in [
            ("a name that is long", 10, &["a name", "that is", "long"][..]),
            ("short", 10, &["short"]),
            ("exactly-10", 10, &["exactly-10"]),
            ("two  blanks  between", 10, &["two", "blanks", "between"]),
            ("example.com/path/to/x", 12, &["example.com/", "path/to/x"]),
            ("a eureka.client.serviceUrl", 12, &["a", "eureka.", "client.", "serviceUrl"]),
            ("0123456789ab", 5, &["01234", "56789", "ab"]),
            ("  posix and others", 9, &["  posix", "  and", "  others"]),
            ("生产环境的上海集群", 8, &["生产环境", "的上海集", "群"]),
            ("ab 生产", 4, &["ab", "生产"]),
            ("", 5, &[""]),
            // A mark that is set on a letter stays on it.
            ("aaaae\u{301}", 4, &["aaaa", "e\u{301}"]),
        ] {
            let found: Vec<String> =
                Phrase::from(text).wrapped(most).iter().map(Phrase::plain).collect();
            assert_eq!(found, lines, "{text} {most}");
        }
    }

    #[test]
    fn styles_stay_with_their_letters() {
        let phrase = Phrase::styled("red red", Style::new().red()).then(" and plain");
        let lines: Vec<String> = phrase.wrapped(7).iter().map(|line| line.painted(true)).collect();
        assert_eq!(lines, ["\u{1b}[31mred red\u{1b}[0m", "and", "plain"]);
        assert_eq!(phrase.painted(false), "red red and plain");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_letter_lost(text in "[a-z 生产🚀./\u{301}]{0,60}", most in 2_usize..30) {
            let lines = Phrase::from(&*text).wrapped(most);
            for line in &lines {
                prop_assert!(line.width() <= most, "{:?} {most}", line.plain());
            }
            let joined: String = lines.iter().map(Phrase::plain).collect();
            prop_assert_eq!(joined.replace(' ', ""), text.replace(' ', ""));
        }
    }
}
