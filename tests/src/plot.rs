//! Plots as SVG: what those of the programs share.

use std::fmt::{Arguments, Write};

/// The colours of lines.
pub const COLOURS: [&str; 3] = ["#1b6ca8", "#d1495b", "#7a9e43"];

/// A picture that is drawn on, white at first. Places are pixels from the upper left.
#[derive(Debug)]
pub struct Svg {
    out: String,
}

impl Svg {
    /// An empty one of that size.
    #[must_use]
    pub fn new(width: f64, height: f64) -> Self {
        let out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" \
             font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        Self { out }
    }

    /// A rectangle with those attributes.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, style: &str) {
        self.element(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {style}/>"
        ));
    }

    /// Words that begin, end or have their middle (`anchor`) at a place. They are written as they are: no `<`, no `&`.
    pub fn text(&mut self, x: f64, y: f64, anchor: &str, words: &str) {
        self.element(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"));
    }

    /// A line through points; `dashes` as `stroke-dasharray` has them.
    pub fn line(&mut self, points: &[(f64, f64)], colour: &str, dashes: &str) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.element(format_args!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>",
            points.join(" ")
        ));
    }

    /// A dot.
    pub fn dot(&mut self, x: f64, y: f64, colour: &str) {
        self.element(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"));
    }

    fn element(&mut self, element: Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.out, "{element}");
    }

    /// The text of the file.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }
}
