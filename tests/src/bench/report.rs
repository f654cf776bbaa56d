//! Figures: each with its unit and, where the house promises one, its bound.

use std::fmt;

use serde_json::{Value, json};

/// What a figure is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Within these two.
    Within(f64, f64),
}

impl Bound {
    /// Whether a figure keeps it.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
            Self::Within(low, high) => (low..=high).contains(&value),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(out, "≤ {limit}"),
            Self::AtLeast(limit) => write!(out, "≥ {limit}"),
            Self::Within(low, high) => write!(out, "{low} – {high}"),
        }
    }
}

/// One measured figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The benchmark.
    pub bench: &'static str,
    /// The database it ran on (`sqlite`, `postgres`), or `-`.
    pub database: &'static str,
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what (`ms`, `1/s`, `ratio`, `MB`…).
    pub unit: &'static str,
    /// What the house promises.
    pub bound: Option<Bound>,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Adds a sentence on how a figure was taken.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Figures that miss what the house promises.
    pub fn missed(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(|figure| figure.bound.is_some_and(|bound| !bound.holds(figure.value)))
    }

    /// All of it as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "bench": figure.bench,
                    "database": figure.database,
                    "name": figure.name,
                    "value": figure.value,
                    "unit": figure.unit,
                    "target": figure.bound.map(|bound| bound.to_string()),
                    "met": figure.bound.map(|bound| bound.holds(figure.value)),
                })
            })
            .collect();
        json!({"figures": figures, "notes": self.notes})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or_default();
        for figure in &self.figures {
            let Figure { bench, database, name, value, unit, bound } = figure;
            write!(out, "{bench:<12} {database:<9} {name:<width$} {:>12} {unit:<6}", short(*value))?;
            if let Some(bound) = bound {
                let word = if bound.holds(*value) { "met" } else { "MISSED" };
                write!(out, " {:<12} {word}", bound.to_string())?;
            }
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(())
    }
}

/// Large figures without a fraction, small ones with as much as can be told apart.
fn short(value: f64) -> String {
    if value.abs() >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, bound: Option<Bound>) -> Figure {
        Figure { bench: "a", database: "-", name: "b".into(), value, unit: "ms", bound }
    }

    #[test]
    fn a_bound_holds_up_to_its_edge() {
        assert!(Bound::AtMost(2.0).holds(2.0) && !Bound::AtMost(2.0).holds(2.1));
        assert!(Bound::AtLeast(0.4).holds(0.4) && !Bound::AtLeast(0.4).holds(0.39));
        assert!(Bound::Within(0.7, 1.3).holds(1.0) && !Bound::Within(0.7, 1.3).holds(1.4));
    }

    #[test]
    fn a_figure_that_could_not_be_taken_meets_no_bound() {
        for bound in [Bound::AtMost(2.0), Bound::AtLeast(0.4), Bound::Within(0.7, 1.3)] {
            assert!(!bound.holds(f64::NAN), "{bound}");
        }
    }

    #[test]
    fn what_is_missed_is_said_in_table_and_json() {
        let mut report = Report::default();
        report.add(figure(3.0, Some(Bound::AtMost(2.0))));
        report.add(figure(1.0, None));
        assert_eq!(report.missed().count(), 1);
        assert!(report.to_string().contains("MISSED"));
        assert_eq!(report.json()["figures"][0]["met"], false);
        assert_eq!(report.json()["figures"][1]["met"], Value::Null);
    }

    #[test]
    fn a_note_is_made_once() {
        let mut report = Report::default();
        report.note("both share two cores");
        report.note("both share two cores");
        assert_eq!(report.json()["notes"].as_array().map(Vec::len), Some(1));
    }
}
