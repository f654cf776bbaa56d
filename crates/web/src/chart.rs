//! Charts as plain SVG: no script, coloured by the style sheet's own tokens, so light and dark are
//! theirs. What a chart shows stands in the table beneath it, too; a chart says so to who does not see.
//!
//! A chart is as wide as its place; its bars stretch with it, its words are the page's.

/// Width of a chart, in its own units.
pub const WIDTH: i64 = 1_000;
/// Height of a chart, in its own units.
pub const HEIGHT: i64 = 200;

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Class of the style sheet: what it is.
    pub class: &'static str,
    /// Left edge.
    pub x: i64,
    /// Upper edge.
    pub y: i64,
    /// Width.
    pub width: i64,
    /// Height.
    pub height: i64,
}

/// What is drawn for each day.
#[derive(Debug, Clone)]
pub struct Series {
    /// Class of its bars.
    pub class: &'static str,
    /// Class of bars below zero.
    pub below: &'static str,
    /// One for each day.
    pub values: Vec<i64>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Its bars.
    pub bars: Vec<Bar>,
    /// Where zero is.
    pub zero_y: i64,
    /// The highest value.
    pub highest: i64,
    /// The lowest value; zero where none is below.
    pub lowest: i64,
}

fn scaled(value: i64, units: i64, whole: i64) -> i64 {
    i64::try_from(i128::from(value) * i128::from(units) / i128::from(whole.max(1))).unwrap_or_default()
}

impl Chart {
    /// Bars side by side for each day, all on one scale. `None` where there is nothing to see.
    #[must_use]
    pub fn of(series: &[Series]) -> Option<Self> {
        let days = i64::try_from(series.iter().map(|one| one.values.len()).max()?).ok()?;
        let all = || series.iter().flat_map(|one| one.values.iter().copied());
        let (highest, lowest) = (all().max()?.max(0), all().min()?.min(0));
        if highest == 0 && lowest == 0 {
            return None;
        }
        let whole = highest.saturating_sub(lowest);
        let zero_y = scaled(highest, HEIGHT, whole);
        let count = i64::try_from(series.len()).ok()?;
        let mut bars = Vec::new();
        for (place, one) in (0..).zip(series) {
            for (day, value) in (0..).zip(&one.values) {
                let left = WIDTH * day / days;
                let room = (WIDTH * (day + 1) / days - left) * 9 / 10;
                let (x, end) = (left + room * place / count, left + room * (place + 1) / count);
                // What is there is seen, however small.
                let height = scaled(value.saturating_abs(), HEIGHT, whole).max(i64::from(*value != 0));
                if height == 0 {
                    continue;
                }
                let (class, y) = if *value < 0 { (one.below, zero_y) } else { (one.class, zero_y - height) };
                bars.push(Bar { class, x, y: y.max(0), width: (end - x).max(1), height });
            }
        }
        Some(Self { bars, zero_y, highest, lowest })
    }
}

#[cfg(test)]
mod tests {
    use domain::{Entropy as _, SeededEntropy};

    use super::*;

    fn series(values: &[i64]) -> Series {
        Series { class: "up", below: "down", values: values.to_vec() }
    }

    #[test]
    fn nothing_makes_no_chart() {
        assert_eq!(Chart::of(&[]), None);
        assert_eq!(Chart::of(&[series(&[])]), None);
        assert_eq!(Chart::of(&[series(&[0, 0])]), None);
    }

    #[test]
    fn a_loss_hangs_below_zero() {
        let chart = Chart::of(&[series(&[100, -100])]).unwrap();
        assert_eq!((chart.zero_y, chart.highest, chart.lowest), (100, 100, -100));
        let told: Vec<_> =
            chart.bars.iter().map(|bar| (bar.class, bar.x, bar.y, bar.width, bar.height)).collect();
        assert_eq!(told, [("up", 0, 0, 450, 100), ("down", 500, 100, 450, 100)]);
    }

    #[test]
    fn what_is_small_is_still_seen() {
        let chart = Chart::of(&[series(&[1, 1_000_000])]).unwrap();
        assert_eq!(chart.bars[0].height, 1);
    }

    #[test]
    fn every_bar_stays_in_the_picture() {
        for seed in 0..500 {
            let chance = SeededEntropy::new(seed);
            // Sizes from a single unit to nearly all that 64 bits hold.
            let value = || {
                let size = chance.below(1 << (1 + chance.below(61)));
                let minor = i64::try_from(size).unwrap();
                if chance.below(3) == 0 { -minor } else { minor }
            };
            let days = 1 + chance.below(99);
            let (one, other): (Vec<i64>, Vec<i64>) = (0..days).map(|_| (value(), value())).unzip();
            let Some(chart) = Chart::of(&[series(&one), series(&other)]) else { continue };
            for bar in chart.bars {
                assert!(bar.x >= 0 && bar.x + bar.width <= WIDTH + 1, "seed {seed}: {bar:?}");
                assert!(bar.y >= 0 && bar.y + bar.height <= HEIGHT + 1, "seed {seed}: {bar:?}");
            }
        }
    }
}
