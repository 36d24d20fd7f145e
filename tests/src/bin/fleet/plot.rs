//! The offered load as a picture.

use sts_tests::plot::{COLOURS, Svg};

use super::Group;
use super::world::{END, OUTAGE};

const WIDTH: f64 = 840.0;
/// Of one group.
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
/// Between groups.
const GAP: f64 = 80.0;
/// Seconds that a point stands for.
const STEP: usize = 10;
/// The others show where a line lies under another one.
const DASHES: [&str; 3] = ["", "7 4", "2 3"];

/// One panel for each group, one below the other.
pub(super) fn svg(groups: &[Group]) -> String {
    let height = TOP + groups.len() as f64 * (HEIGHT + GAP);
    let mut out = Svg::new(LEFT + WIDTH + 30.0, height);
    for (group, place) in groups.iter().zip(0..) {
        panel(&mut out, group, TOP + f64::from(place) * (HEIGHT + GAP));
    }
    out.finish()
}

fn panel(out: &mut Svg, group: &Group, top: f64) {
    let means: Vec<Vec<f64>> = group.runs.iter().map(|(_, run)| means(&run.offered)).collect();
    let most = means.iter().flatten().copied().fold(f64::from(group.limit), f64::max);
    let scale = Scale { top, most: most * 1.05 };
    let (from, to) = (scale.x(OUTAGE[0].as_secs_f64()), scale.x(OUTAGE[1].as_secs_f64()));
    let bottom = top + HEIGHT;
    out.rectangle(from, top, to - from, HEIGHT, "fill=\"#eeeeee\"");
    out.text(from + 6.0, top + 16.0, "start", "outage");
    out.rectangle(LEFT, top, WIDTH, HEIGHT, "fill=\"none\" stroke=\"#888888\"");
    out.text(LEFT, top - 12.0, "start", group.title);
    for minute in (0..=END.as_secs() / 60).step_by(5) {
        out.text(scale.x(minute as f64 * 60.0), bottom + 18.0, "middle", &minute.to_string());
    }
    out.text(LEFT + WIDTH, bottom + 36.0, "end", "minutes");
    let unit = 10_f64.powf((most / 2.0).log10().floor());
    let unit = if most / unit > 10.0 { unit * 5.0 } else { unit };
    for tick in (0..).map(|number| f64::from(number) * unit).take_while(|tick| *tick <= most) {
        out.text(LEFT - 8.0, scale.y(tick) + 4.0, "end", &format!("{tick:.0}"));
    }
    let limit = f64::from(group.limit);
    out.line(&[(LEFT, scale.y(limit)), (LEFT + WIDTH, scale.y(limit))], "#000000", "1 3");
    for ((means, colour), dashes) in means.iter().zip(COLOURS).zip(DASHES) {
        let points: Vec<_> = means
            .iter()
            .enumerate()
            .map(|(place, mean)| (scale.x(((place * STEP) as f64) + STEP as f64 / 2.0), scale.y(*mean)))
            .collect();
        out.line(&points, colour, dashes);
    }
    let mut x = LEFT;
    let names = group.runs.iter().map(|(name, _)| *name).zip(COLOURS.into_iter().zip(DASHES));
    for (name, (colour, dashes)) in names.chain([("the service's limit", ("#000000", "1 3"))]) {
        out.line(&[(x, bottom + 32.0), (x + 28.0, bottom + 32.0)], colour, dashes);
        out.text(x + 34.0, bottom + 36.0, "start", name);
        x += 150.0;
    }
    out.text(LEFT + WIDTH, top - 12.0, "end", "requests per second");
}

/// The mean of each step.
fn means(offered: &[u32]) -> Vec<f64> {
    offered.chunks(STEP).map(|chunk| chunk.iter().sum::<u32>() as f64 / chunk.len() as f64).collect()
}

/// From seconds and requests to places.
struct Scale {
    top: f64,
    most: f64,
}

impl Scale {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + WIDTH * seconds / END.as_secs_f64()
    }

    fn y(&self, requests: f64) -> f64 {
        self.top + HEIGHT * (1.0 - requests / self.most)
    }
}
