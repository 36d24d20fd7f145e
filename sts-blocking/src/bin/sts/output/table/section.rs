//! A part of a table with its own columns.

use super::super::put;
use super::width;
use crate::failure::Failure;

/// What stands beside the text of a cell.
const PADDING: usize = 4;

pub(super) struct Section {
    title: String,
    indent: usize,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
    columns: Option<usize>,
    widths: Vec<usize>,
}

impl Section {
    pub(super) fn new(title: &str, indent: usize) -> Self {
        let title = title.to_owned();
        Self { title, indent, headers: Vec::new(), rows: Vec::new(), columns: None, widths: Vec::new() }
    }

    pub(super) fn header(&mut self, names: Vec<String>) {
        self.widen(&names);
        self.columns.get_or_insert(names.len());
        self.headers = names;
    }

    pub(super) fn row(&mut self, cells: Vec<String>) -> Result<(), Failure> {
        let columns = *self.columns.get_or_insert(cells.len());
        if cells.len() != columns {
            let sentence = format!("Row should have {columns} elements, instead it has {}", cells.len());
            return Err(Failure::general(sentence));
        }
        self.widen(&cells);
        self.rows.push(cells);
        Ok(())
    }

    fn widen(&mut self, cells: &[String]) {
        self.widths.resize(self.widths.len().max(cells.len()), 0);
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = (*width).max(width::of(cell));
        }
    }

    /// A header above a single row becomes a column beside it, where the table would be wider than the terminal.
    pub(super) fn turn(&mut self) {
        if self.rows.len() != 1 || self.headers.is_empty() {
            return;
        }
        let mut turned = Self::new(&self.title, self.indent);
        let cells = self.rows.pop().unwrap_or_default();
        for (header, cell) in std::mem::take(&mut self.headers).into_iter().zip(cells) {
            // Every row has two cells.
            let _ = turned.row(vec![header, cell]);
        }
        *self = turned;
    }

    pub(super) fn width(&self) -> usize {
        let cells: usize = self.widths.iter().map(|width| width + PADDING).sum();
        width::of(&self.title).max(cells) + 2 + 2 * self.indent
    }

    pub(super) fn render(&self, out: &mut String, width: usize, is_coloured: bool) {
        let edge = if is_coloured { "\u{1b}[2m\u{1b}[33m|\u{1b}[0m" } else { "|" }.repeat(self.indent);
        let mut line = |text: &str| put(out, format_args!("{edge}{text}{edge}\n"));
        let width = width.saturating_sub(2 * self.indent);
        line(&centred(&self.title, width, "|"));
        if self.headers.is_empty() && self.rows.is_empty() {
            line(&format!("+{}+", "-".repeat(width.saturating_sub(2))));
        }
        let widths = self.scaled(width);
        if !self.headers.is_empty() {
            line(&ruler(&widths));
            let cells = self.headers.iter().zip(&widths).enumerate();
            line(&cells.map(|(i, (name, &width))| centred(name, width, left_edge(i))).collect::<String>());
        }
        if self.rows.is_empty() || widths.is_empty() {
            return;
        }
        line(&ruler(&widths));
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate();
            line(
                &cells
                    .map(|(i, (cell, &width))| aligned(cell, width, left_edge(i), is_coloured))
                    .collect::<String>(),
            );
        }
        line(&ruler(&widths));
    }

    /// The widths of the columns, so that they have that width together.
    fn scaled(&self, total: usize) -> Vec<usize> {
        let natural: Vec<usize> = self.widths.iter().map(|width| width + PADDING).collect();
        let sum: usize = natural.iter().sum();
        if sum == 0 {
            return Vec::new();
        }
        // Exact for all widths that fit into memory; ties go to the even number, as in Python.
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let scale = |width: usize| (total as f64 / sum as f64 * width as f64).round_ties_even() as usize;
        let mut widths: Vec<usize> = natural.into_iter().map(scale).collect();
        let mut have: usize = widths.iter().sum();
        while have != total {
            let is_over = have > total;
            let columns: Vec<usize> =
                if is_over { (0..widths.len()).collect() } else { (0..widths.len()).rev().collect() };
            for i in columns {
                if have == total {
                    break;
                }
                if is_over {
                    widths[i] = widths[i].saturating_sub(1);
                    have -= 1;
                } else {
                    widths[i] += 1;
                    have += 1;
                }
            }
        }
        widths
    }
}

/// The first cell of a line has an edge on both sides.
fn left_edge(column: usize) -> &'static str {
    if column == 0 { "|" } else { "" }
}

fn ruler(widths: &[usize]) -> String {
    let pieces = widths.iter().enumerate().map(|(i, &width)| match i {
        0 => format!("+{}+", "-".repeat(width.saturating_sub(2))),
        _ => format!("{}+", "-".repeat(width.saturating_sub(1))),
    });
    pieces.collect()
}

fn centred(text: &str, width: usize, left: &str) -> String {
    let before = (width / 2).saturating_sub(width::of(text) / 2 + 1);
    let after = width.saturating_sub(1 + left.len() + before + width::of(text));
    format!("{left}{}{text}{}|", " ".repeat(before), " ".repeat(after))
}

fn aligned(text: &str, width: usize, left: &str, is_coloured: bool) -> String {
    let padding = if width::of(text) + 2 + left.len() < width { 2 } else { 0 };
    let after = width.saturating_sub(left.len() + padding + width::of(text) + 1);
    let (on, off) = if is_coloured { ("\u{1b}[1m\u{1b}[34m", "\u{1b}[0m") } else { ("", "") };
    format!("{left}{}{on}{text}{off}{}|", " ".repeat(padding), " ".repeat(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_what_is_left() {
        let mut section = Section::new("a long title that is wider", 0);
        section.row(vec!["a".into(), "b".into(), "c".into()]).unwrap();
        let widths = section.scaled(section.width());
        assert_eq!(widths.iter().sum::<usize>(), section.width());
    }
}
