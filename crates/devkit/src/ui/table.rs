//! Tables that know how wide the screen is.
//!
//! A table of our own, because no table crate has what our screens need besides colours and wide
//! characters: columns that step aside, columns that go below their row, and equal rows told once.

use console::Style;

use super::phrase::Phrase;
use super::{To, Ui};

/// Blanks between two columns.
const GAP: usize = 2;
/// What a column keeps at least, however narrow the screen is.
const LEAST: usize = 8;
/// How far that is moved in which stands below its row.
const INDENT: usize = 4;

/// What a column does where the screen is too narrow for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Stays as it is, if that is possible at all.
    Keep,
    /// Goes on in further lines.
    Wrap,
    /// Is left out, the first such column first.
    Drop,
    /// Goes below the row, with its head before it.
    Below,
}

/// A column: what stands at its head, and how it gives way.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    head: &'static str,
    fit: Fit,
}

/// A column of a table.
pub(crate) const fn column(head: &'static str, fit: Fit) -> Column {
    Column { head, fit }
}

/// Rows of cells, and headings between them.
pub(crate) struct Table {
    columns: Vec<Column>,
    lines: Vec<TableEntry>,
}

enum TableEntry {
    Row(Vec<Phrase>),
    Heading(Phrase),
}

impl Table {
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), lines: Vec::new() }
    }

    /// Adds a row, which has a cell for each column.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Phrase; N]) {
        assert_eq!(N, self.columns.len(), "a row has a cell for each column");
        self.lines.push(TableEntry::Row(cells.into()));
    }

    /// Adds a line across all columns.
    pub(crate) fn heading(&mut self, text: impl Into<Phrase>) {
        self.lines.push(TableEntry::Heading(text.into()));
    }

    /// Tells rows once that differ in one column only, and gives their cells of that column as a
    /// list. Rows of different headings stay apart.
    pub(crate) fn fold(&mut self, by: usize) {
        let mut folded: Vec<TableEntry> = Vec::new();
        let mut first = 0;
        for line in self.lines.drain(..) {
            let TableEntry::Row(cells) = line else {
                folded.push(line);
                first = folded.len();
                continue;
            };
            let alike = folded[first..].iter_mut().find_map(|known| match known {
                TableEntry::Row(known) if are_alike(known, &cells, by) => Some(known),
                _ => None,
            });
            match alike {
                Some(known) => {
                    let list = std::mem::take(&mut known[by]);
                    known[by] = list.then(", ").then(cells[by].plain().trim_start());
                }
                None => folded.push(TableEntry::Row(cells)),
            }
        }
        self.lines = folded;
    }

    /// The table for a stream: as wide as it likes to be where that is no terminal.
    pub(crate) fn text(&self, ui: &Ui, to: To) -> String {
        self.laid_out(ui.width(to), ui.coloured(to))
    }

    fn rows(&self) -> impl Iterator<Item = &[Phrase]> {
        self.lines.iter().filter_map(|line| match line {
            TableEntry::Row(cells) => Some(&**cells),
            TableEntry::Heading(_) => None,
        })
    }

    fn laid_out(&self, most: Option<usize>, coloured: bool) -> String {
        let plan = Layout::new(self, most);
        let mut text = String::new();
        let heads = self.columns.iter().map(|it| Phrase::styled(it.head, Style::new().bold()));
        let heads: Vec<Phrase> = heads.collect();
        if plan.beside.iter().any(|column| !heads[column.at].is_empty()) && self.rows().count() > 0
        {
            put_beside(&mut text, &plan, &heads, coloured);
        }
        for line in &self.lines {
            match line {
                TableEntry::Heading(heading) => {
                    for part in heading.wrapped(most.unwrap_or(usize::MAX)) {
                        text.push_str(part.painted(coloured).trim_end());
                        text.push('\n');
                    }
                }
                TableEntry::Row(cells) => {
                    put_beside(&mut text, &plan, cells, coloured);
                    self.put_below(&mut text, &plan, cells, most, coloured);
                }
            }
        }
        text
    }

    fn put_below(
        &self,
        text: &mut String,
        plan: &Layout,
        cells: &[Phrase],
        most: Option<usize>,
        coloured: bool,
    ) {
        for at in plan.below.iter().copied().filter(|at| !cells[*at].is_empty()) {
            let head = self.columns[at].head;
            let label = if head.is_empty() { String::new() } else { format!("{head}: ") };
            let whole = Phrase::from(label).then(cells[at].clone());
            let room = most.map_or(usize::MAX, |most| most.saturating_sub(INDENT).max(LEAST));
            for line in whole.wrapped(room) {
                text.extend(std::iter::repeat_n(' ', INDENT));
                text.push_str(line.painted(coloured).trim_end());
                text.push('\n');
            }
        }
    }
}

/// Cells beside each other, in as many lines as the highest of them needs.
fn put_beside(text: &mut String, plan: &Layout, cells: &[Phrase], coloured: bool) {
    let parts: Vec<Vec<Phrase>> =
        plan.beside.iter().map(|column| cells[column.at].wrapped(column.width)).collect();
    let height = parts.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..height {
        let mut line = String::new();
        let mut owed = 0;
        for (part, column) in parts.iter().zip(&plan.beside) {
            let piece = part.get(at).filter(|piece| !piece.is_empty());
            if let Some(piece) = piece {
                line.extend(std::iter::repeat_n(' ', owed));
                line.push_str(&piece.painted(coloured));
                owed = column.width.saturating_sub(piece.width()) + GAP;
            } else {
                owed += column.width + GAP;
            }
        }
        text.push_str(line.trim_end_matches(' '));
        text.push('\n');
    }
}

fn are_alike(known: &[Phrase], cells: &[Phrase], by: usize) -> bool {
    let mut pairs = known.iter().zip(cells).enumerate();
    pairs.all(|(at, (known, cell))| at == by || known.plain() == cell.plain())
}

/// A column that stands beside the others.
struct Beside {
    at: usize,
    width: usize,
}

/// Which columns are shown where, and how wide.
struct Layout {
    beside: Vec<Beside>,
    below: Vec<usize>,
}

impl Layout {
    fn new(table: &Table, most: Option<usize>) -> Self {
        let natural = |at: usize| {
            let cells = table.rows().map(|row| row[at].width()).max().unwrap_or(0);
            let head = console::measure_text_width(table.columns[at].head);
            Beside { at, width: if cells == 0 { 0 } else { cells.max(head) } }
        };
        // A column that holds nothing in any row says nothing.
        let beside = (0..table.columns.len()).map(natural).filter(|column| column.width > 0);
        let mut plan = Self { beside: beside.collect(), below: Vec::new() };
        let Some(most) = most else { return plan };
        let fit = |column: &Beside| table.columns[column.at].fit;
        while plan.width() > most
            && let Some(at) = plan.beside.iter().position(|column| fit(column) == Fit::Drop)
        {
            plan.beside.remove(at);
        }
        let gives_way = |column: &Beside| fit(column) == Fit::Wrap;
        while plan.least(&gives_way) > most
            && let Some(at) = plan.beside.iter().rposition(|column| fit(column) == Fit::Below)
        {
            plan.below.insert(0, plan.beside.remove(at).at);
        }
        plan.shrink(most, &gives_way);
        plan.shrink(most, &|_| true);
        plan
    }

    fn width(&self) -> usize {
        self.with_gaps(|column| column.width)
    }

    /// The width where all columns that give way have given what they should at most.
    fn least(&self, gives_way: &dyn Fn(&Beside) -> bool) -> usize {
        self.with_gaps(
            |column| {
                if gives_way(column) { column.width.min(2 * LEAST) } else { column.width }
            },
        )
    }

    fn with_gaps(&self, width: impl Fn(&Beside) -> usize) -> usize {
        let widths: usize = self.beside.iter().map(width).sum();
        widths + GAP * self.beside.len().saturating_sub(1)
    }

    /// Takes from the widest column first, so that short ones stay whole.
    fn shrink(&mut self, most: usize, gives_way: &dyn Fn(&Beside) -> bool) {
        while self.width() > most {
            let widest = self.beside.iter_mut().filter(|column| gives_way(column));
            let Some(widest) = widest.max_by_key(|column| column.width) else { return };
            if widest.width <= LEAST {
                return;
            }
            widest.width -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use console::{Style, measure_text_width};
    use proptest::prelude::*;

    use super::{Fit, Table, column};
    use crate::ui::phrase::Phrase;

    fn sample() -> Table {
        let mut table = Table::new(&[
            column("context", Fit::Wrap),
            column("server", Fit::Wrap),
            column("auth", Fit::Drop),
            column("instead", Fit::Below),
        ]);
        let good = Phrase::styled("生产-上海🚀", Style::new().green());
        table.row([good, "https://10.0.0.1:6443".into(), "token".into(), "use another".into()]);
        table.row(["b".into(), "https://b.example".into(), "certificate".into(), "".into()]);
        table
    }

    #[test]
    fn columns_stand_below_each_other_in_any_script_and_colour() {
        let wide = "\
context      server                 auth         instead
生产-上海🚀  https://10.0.0.1:6443  token        use another
b            https://b.example      certificate
";
        assert_eq!(sample().laid_out(None, false), wide);
        let coloured = sample().laid_out(None, true);
        assert_eq!(console::strip_ansi_codes(&coloured), wide);
        assert!(coloured.contains("\u{1b}[32m生产-上海🚀\u{1b}[0m  https"), "{coloured}");
    }

    #[test]
    fn a_narrow_screen_has_less_beside_each_other() {
        for (most, wanted) in [
            (
                50,
                "\
context      server                 instead
生产-上海🚀  https://10.0.0.1:6443  use another
b            https://b.example
",
            ),
            (
                40,
                "\
context      server
生产-上海🚀  https://10.0.0.1:6443
    instead: use another
b            https://b.example
",
            ),
            (
                26,
                "\
context      server
生产-上海🚀  https://
             10.0.0.1:6443
    instead: use another
b            https://
             b.example
",
            ),
        ] {
            assert_eq!(sample().laid_out(Some(most), false), wanted, "{most}");
        }
    }

    #[test]
    fn equal_rows_are_told_once_within_their_heading() {
        let mut table = Table::new(&[column("", Fit::Wrap), column("verdict", Fit::Keep)]);
        table.heading("shells");
        for (name, verdict) in [("dash", "dropped"), ("bash", "kept"), ("mksh", "dropped")] {
            table.row([format!("  {name}").into(), verdict.into()]);
        }
        table.heading("others");
        table.row(["  sudo".into(), "dropped".into()]);
        table.fold(0);
        let wanted = "              verdict\nshells\n  dash, mksh  dropped\n  bash        kept\n\
                      others\n  sudo        dropped\n";
        assert_eq!(table.laid_out(None, false), wanted);
    }

    #[test]
    fn a_table_without_rows_is_nothing() {
        assert_eq!(Table::new(&[column("context", Fit::Keep)]).laid_out(Some(80), false), "");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_screen_and_nothing_is_lost_without_one(
            rows in prop::collection::vec(prop::collection::vec("[a-z 生🚀.]{0,40}", 5), 1..6),
            most in 60_usize..140,
        ) {
            let fits = [Fit::Wrap, Fit::Wrap, Fit::Drop, Fit::Below, Fit::Keep];
            let mut table = Table::new(&fits.map(|fit| column("head", fit)));
            for row in &rows {
                let cell = |at: usize| Phrase::from(row[at].trim());
                table.row([cell(0), cell(1), cell(2), cell(3), cell(4)]);
            }
            for line in table.laid_out(Some(most), false).lines() {
                prop_assert!(measure_text_width(line) <= most, "{line:?}");
            }
            let whole = table.laid_out(None, false);
            for cell in rows.iter().flatten() {
                prop_assert!(whole.contains(cell.trim()), "{cell:?} in {whole}");
            }
        }
    }
}
