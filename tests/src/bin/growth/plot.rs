//! Costs over sizes, both on scales of powers of ten: there, what grows as its size does is a line of one slope.

use sts_tests::plot::{COLOURS, Svg};

use crate::Point;

const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 60.0;
/// From a panel to the next one.
const STEP: (f64, f64) = (WIDTH + 90.0, HEIGHT + 90.0);
const COLUMNS: usize = 2;
/// Of the lines that grow as their size does.
const LINEAR: (&str, &str) = ("#888888", "6 4");

pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) size: &'static str,
    pub(super) cost: &'static str,
    pub(super) series: Vec<(&'static str, Vec<Point>)>,
}

/// As a table has it: three digits.
pub(super) fn number(value: f64) -> String {
    let digits = match value {
        value if value >= 100.0 || value == value.round() => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((&*text, ""), |(whole, _)| (whole, &text[whole.len()..]));
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",") + rest
}

/// A share, with two digits that say something.
pub(super) fn share(value: f64) -> String {
    let digits = if value < 0.01 { 4 } else { 2 };
    format!("{value:.digits$}")
}

pub(super) fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(COLUMNS);
    let mut out = Svg::new(LEFT + COLUMNS as f64 * STEP.0 - 50.0, TOP + rows as f64 * STEP.1 - 20.0);
    out.line(&[(LEFT, 18.0), (LEFT + 36.0, 18.0)], LINEAR.0, LINEAR.1);
    out.text(
        LEFT + 44.0,
        22.0,
        "start",
        "what it would be if it grew as its size does, from the first point on",
    );
    for (number, panel) in panels.iter().enumerate() {
        let (column, row) = (number % COLUMNS, number / COLUMNS);
        draw(&mut out, panel, LEFT + column as f64 * STEP.0, TOP + row as f64 * STEP.1);
    }
    out.finish()
}

/// Powers of ten, from one to another one, on a line of pixels.
struct Scale {
    from: i32,
    to: i32,
    start: f64,
    length: f64,
}

impl Scale {
    fn new(values: impl Iterator<Item = f64> + Clone, start: f64, length: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let from = least.log10().floor() as i32;
        let to = values.fold(least, f64::max).log10().ceil() as i32;
        Self { from, to: to.max(from + 1), start, length }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value.log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.start + self.length * share
    }

    fn top(&self) -> f64 {
        10_f64.powi(self.to)
    }
}

fn draw(out: &mut Svg, panel: &Panel, left: f64, top: f64) {
    let bottom = top + HEIGHT;
    let points = panel.series.iter().flat_map(|(_, points)| points);
    let across = Scale::new(points.clone().map(|point| point.size), left, WIDTH);
    let up = Scale::new(points.map(|point| point.cost), bottom, -HEIGHT);
    out.text(left, top - 10.0, "start", panel.title);
    out.text(left + WIDTH, top - 10.0, "end", panel.cost);
    for power in across.from..=across.to {
        let x = across.place(10_f64.powi(power));
        out.line(&[(x, top), (x, bottom)], "#e4e4e4", "");
        out.text(x, bottom + 18.0, "middle", &number(10_f64.powi(power)));
    }
    for power in up.from..=up.to {
        let y = up.place(10_f64.powi(power));
        out.line(&[(left, y), (left + WIDTH, y)], "#e4e4e4", "");
        out.text(left - 8.0, y + 4.0, "end", &number(10_f64.powi(power)));
    }
    out.rectangle(left, top, WIDTH, HEIGHT, "fill=\"none\" stroke=\"#888888\"");
    out.text(left + WIDTH, bottom + 36.0, "end", panel.size);
    for (_, points) in &panel.series {
        linear(out, points, &across, &up);
    }
    let mut x = left;
    for ((name, points), colour) in panel.series.iter().zip(COLOURS) {
        let places: Vec<_> =
            points.iter().map(|point| (across.place(point.size), up.place(point.cost))).collect();
        out.line(&places, colour, "");
        for (x, y) in places {
            out.dot(x, y, colour);
        }
        if panel.series.len() > 1 {
            out.dot(x + 4.0, bottom + 32.0, colour);
            out.text(x + 12.0, bottom + 36.0, "start", name);
            x += 12.0 + 7.5 * name.len() as f64;
        }
    }
}

/// From the first point as far as the panel reaches.
fn linear(out: &mut Svg, points: &[Point], across: &Scale, up: &Scale) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let size = last.size.min(first.size * up.top() / first.cost);
    let at = |size: f64| (across.place(size), up.place(first.cost * size / first.size));
    out.line(&[at(first.size), at(size)], LINEAR.0, LINEAR.1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let numbers = [0.123, 1.0, 9.876, 12.34, 123.4, 8_000.0, 1_234_567.8].map(number);
        assert_eq!(numbers, ["0.12", "1", "9.88", "12.3", "123", "8,000", "1,234,568"]);
    }

    #[test]
    fn what_grows_as_its_size_does_lies_on_the_line() {
        let points = [1.0, 10.0, 1_000.0].map(|size| Point { size, cost: 3.0 * size }).to_vec();
        let panel = Panel { title: "t", size: "s", cost: "c", series: vec![("one", points)] };
        let svg = svg(&[panel]);
        // Both scales reach from a power of ten to another one: 1 to 1,000 and 1 to 10,000.
        let place = |size: f64| {
            let x = LEFT + WIDTH * size.log10() / 3.0;
            let y = TOP + HEIGHT - HEIGHT * (3.0 * size).log10() / 4.0;
            format!("{x:.1},{y:.1}")
        };
        let (first, middle, last) = (place(1.0), place(10.0), place(1_000.0));
        assert!(svg.contains(&format!("points=\"{first} {last}\"")), "{svg}");
        assert!(svg.contains(&format!("points=\"{first} {middle} {last}\"")), "{svg}");
    }
}
