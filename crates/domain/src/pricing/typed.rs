//! Fees and rules as people type them. Bad input is told by stretch and column; nothing is guessed.

use super::{Ending, FeeTable, FeeTableError, Fees, Goal, MAX_PRICE_MINOR, MAX_STRETCHES, Policy, Share};
use crate::catalogue::{NumberFault, scaled};

/// Digits behind the mark of amounts and of percent.
const DIGITS: u32 = 2;
/// Most that a sale is to earn of its cost: a hundred times, in basis points.
const MAX_OF_COST_BASIS_POINTS: i64 = 1_000_000;

/// A stretch of a fee table, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedStretch {
    /// Its first price; the first stretch may leave it empty.
    pub from: String,
    /// Commission in percent.
    pub commission: String,
    /// The most that the commission takes; empty where it has no cap.
    pub cap: String,
    /// Fixed fee; empty for none.
    pub fixed: String,
    /// What the seller pays of the carriage; empty for nothing.
    pub freight: String,
}

impl TypedStretch {
    /// Whether nothing was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.from, &self.commission, &self.cap, &self.fixed, &self.freight]
            .into_iter()
            .all(|text| text.trim().is_empty())
    }
}

/// A column of a fee table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StretchColumn {
    /// First price.
    From,
    /// Commission.
    Commission,
    /// Its cap.
    Cap,
    /// Fixed fee.
    Fixed,
    /// Carriage.
    Freight,
}

impl StretchColumn {
    /// The word in forms and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::Commission => "commission",
            Self::Cap => "cap",
            Self::Fixed => "fixed",
            Self::Freight => "freight",
        }
    }
}

/// What is wrong with what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StretchWrong {
    /// It is no number that can be read.
    Number(NumberFault),
    /// It has to be told.
    Missing,
    /// More than all of the price.
    Whole,
    /// More than any price.
    TooLarge,
    /// The first stretch begins at nothing.
    Start,
    /// It does not begin above the one before.
    Order,
}

/// What is wrong where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StretchFault {
    /// The stretch by its place in the form, from 0.
    pub row: usize,
    /// The column.
    pub column: StretchColumn,
    /// What.
    pub wrong: StretchWrong,
}

fn amount(text: &str) -> Result<i64, StretchWrong> {
    let minor = scaled(text, DIGITS).map_err(StretchWrong::Number)?;
    if minor > MAX_PRICE_MINOR { Err(StretchWrong::TooLarge) } else { Ok(minor) }
}

fn amount_or(text: &str, none: i64) -> Result<i64, StretchWrong> {
    if text.trim().is_empty() { Ok(none) } else { amount(text) }
}

fn share(text: &str) -> Result<Share, StretchWrong> {
    if text.trim().is_empty() {
        return Err(StretchWrong::Missing);
    }
    let points = scaled(text, DIGITS).map_err(StretchWrong::Number)?;
    u32::try_from(points).ok().and_then(Share::from_basis_points).ok_or(StretchWrong::Whole)
}

/// Reads a fee table. Rows in which nothing was typed are left out.
///
/// # Errors
/// Everything that is wrong, by row and column; never none.
pub fn table_of(rows: &[TypedStretch]) -> Result<FeeTable, Vec<StretchFault>> {
    let (mut stretches, mut places, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for (row, typed) in rows.iter().enumerate().filter(|(_, typed)| !typed.is_empty()) {
        let is_first = places.is_empty();
        places.push(row);
        let mut fault = |column, wrong| faults.push(StretchFault { row, column, wrong });
        let mut read = |column, read: Result<i64, StretchWrong>| {
            read.map_err(|wrong| fault(column, wrong)).unwrap_or_default()
        };
        let from = match typed.from.trim() {
            "" if is_first => Ok(0),
            "" => Err(StretchWrong::Missing),
            text => amount(text),
        };
        let from = read(StretchColumn::From, from);
        let per_item_minor = read(StretchColumn::Fixed, amount_or(&typed.fixed, 0));
        let freight_minor = read(StretchColumn::Freight, amount_or(&typed.freight, 0));
        let cap = Some(typed.cap.trim()).filter(|text| !text.is_empty());
        let commission_cap_minor = cap.map(|text| read(StretchColumn::Cap, amount(text)));
        let commission = share(&typed.commission).map_err(|wrong| fault(StretchColumn::Commission, wrong));
        let commission = commission.unwrap_or_default();
        stretches.push((from, Fees { commission, commission_cap_minor, per_item_minor, freight_minor }));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    FeeTable::new(stretches).map_err(|error| {
        // Its stretches are counted from 1, among those that were typed.
        let at = |stretch: usize| places.get(stretch.saturating_sub(1)).copied().unwrap_or_default();
        let (row, column, wrong) = match error {
            FeeTableError::Start if places.is_empty() => {
                (0, StretchColumn::Commission, StretchWrong::Missing)
            }
            FeeTableError::Start => (at(1), StretchColumn::From, StretchWrong::Start),
            FeeTableError::Order(stretch) => (at(stretch), StretchColumn::From, StretchWrong::Order),
            FeeTableError::Negative(stretch) => (at(stretch), StretchColumn::Fixed, StretchWrong::TooLarge),
            FeeTableError::TooMany => (at(MAX_STRETCHES + 1), StretchColumn::From, StretchWrong::TooLarge),
        };
        vec![StretchFault { row, column, wrong }]
    })
}

/// A rule, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedPolicy {
    /// `amount`, `price` or `cost`: what the goal is a share of, if of anything.
    pub kind: String,
    /// The goal.
    pub goal: String,
    /// A word of [`endings`].
    pub ending: String,
    /// The floor; empty for none.
    pub floor: String,
    /// Whether no price may lose money.
    pub never_at_a_loss: bool,
    /// Packaging; empty for none.
    pub packaging: String,
}

/// How prices may be asked to end: the word in forms and translation keys, and the ending.
#[must_use]
pub fn endings() -> Vec<(&'static str, Ending)> {
    let known = [("c00", 100, 0), ("c50", 100, 50), ("c90", 100, 90), ("c99", 100, 99), ("u990", 1_000, 990)];
    let some = known.into_iter().filter_map(|(word, every, end)| Some((word, Ending::new(every, end)?)));
    std::iter::once(("any", Ending::ANY)).chain(some).collect()
}

/// Reads a rule.
///
/// # Errors
/// The fields that are wrong, by their names in the form.
pub fn policy_of(typed: &TypedPolicy) -> Result<Policy, Vec<(&'static str, StretchWrong)>> {
    let mut faults = Vec::new();
    let goal = match typed.kind.as_str() {
        _ if typed.goal.trim().is_empty() => Err(StretchWrong::Missing),
        "price" => share(&typed.goal).map(Goal::OfPrice),
        "cost" => of_cost(&typed.goal).map(Goal::OfCost),
        _ => amount(&typed.goal).map(Goal::Amount),
    };
    let goal = goal.map_err(|wrong| faults.push(("goal", wrong))).unwrap_or(Goal::Amount(0));
    let mut read = |field, text: &str| {
        amount_or(text, 0).map_err(|wrong| faults.push((field, wrong))).unwrap_or_default()
    };
    let floor_minor = read("floor", &typed.floor);
    let packaging_minor = read("packaging", &typed.packaging);
    let ending = endings().into_iter().find(|(word, _)| *word == typed.ending).map(|(_, ending)| ending);
    if ending.is_none() {
        faults.push(("ending", StretchWrong::Missing));
    }
    let ending = ending.unwrap_or(Ending::ANY);
    let policy =
        Policy { goal, ending, floor_minor, never_at_a_loss: typed.never_at_a_loss, packaging_minor };
    if faults.is_empty() { Ok(policy) } else { Err(faults) }
}

fn of_cost(text: &str) -> Result<u32, StretchWrong> {
    let points = scaled(text, DIGITS).map_err(StretchWrong::Number)?;
    let taken = points <= MAX_OF_COST_BASIS_POINTS;
    u32::try_from(points).ok().filter(|_| taken).ok_or(StretchWrong::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(from: &str, commission: &str, cap: &str, fixed: &str, freight: &str) -> TypedStretch {
        let text = str::to_owned;
        TypedStretch {
            from: text(from),
            commission: text(commission),
            cap: text(cap),
            fixed: text(fixed),
            freight: text(freight),
        }
    }

    fn wrong(rows: &[TypedStretch]) -> Vec<(usize, &'static str, StretchWrong)> {
        let faults = table_of(rows).unwrap_err();
        faults.into_iter().map(|fault| (fault.row, fault.column.as_str(), fault.wrong)).collect()
    }

    #[test]
    fn bad_input_is_told_by_stretch_and_column() {
        let missing = || StretchWrong::Missing;
        assert_eq!(wrong(&[]), [(0, "commission", missing())]);
        assert_eq!(wrong(&[TypedStretch::default()]), [(0, "commission", missing())]);
        assert_eq!(wrong(&[row("5", "10", "", "", "")]), [(0, "from", StretchWrong::Start)]);
        assert_eq!(wrong(&[row("", "101", "", "", "")]), [(0, "commission", StretchWrong::Whole)]);
        let bad = || StretchWrong::Number(NumberFault::NotANumber);
        assert_eq!(
            wrong(&[row("", "", "x", "-1", "")]),
            [(0, "fixed", bad()), (0, "cap", bad()), (0, "commission", missing())]
        );
        let gap = [row("0", "10", "", "4", ""), TypedStretch::default(), row("", "6", "", "", "")];
        assert_eq!(wrong(&gap), [(2, "from", missing())], "it is told by its place in the form");
        let back = [row("0", "10", "", "", ""), TypedStretch::default(), row("0", "6", "", "", "")];
        assert_eq!(wrong(&back), [(2, "from", StretchWrong::Order)]);
        let two_ways = wrong(&[row("", "10", "", "1.234", "")]);
        assert!(matches!(two_ways[0].2, StretchWrong::Number(NumberFault::Ambiguous { .. })), "{two_ways:?}");
        let large = row("", "10", "", "10000000,01", "");
        assert_eq!(wrong(&[large]), [(0, "fixed", StretchWrong::TooLarge)]);
        let many: Vec<_> = (0..=40).map(|from: i32| row(&from.to_string(), "1", "", "", "")).collect();
        assert_eq!(wrong(&many), [(40, "from", StretchWrong::TooLarge)]);
    }

    #[test]
    fn a_table_is_read_as_it_was_meant() {
        let table = table_of(&[
            row("", "10", "", "4,00", ""),
            TypedStretch::default(),
            row("R$ 50,00", "6 %", "100", "6", "1,5"),
        ])
        .unwrap();
        let fees = |points, cap, fixed, freight| Fees {
            commission: Share::from_basis_points(points).unwrap(),
            commission_cap_minor: cap,
            per_item_minor: fixed,
            freight_minor: freight,
        };
        assert_eq!(
            table.rows(),
            [(0, fees(1_000, None, 400, 0)), (5_000, fees(600, Some(10_000), 600, 150))]
        );
    }

    fn typed(kind: &str, goal: &str, ending: &str) -> TypedPolicy {
        TypedPolicy { kind: kind.into(), goal: goal.into(), ending: ending.into(), ..TypedPolicy::default() }
    }

    #[test]
    fn a_rule_that_is_none_names_its_fields() {
        let fields = |typed: &TypedPolicy| -> Vec<&'static str> {
            policy_of(typed).unwrap_err().into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(fields(&typed("amount", "", "any")), ["goal"]);
        assert_eq!(fields(&typed("price", "120", "any")), ["goal"]);
        assert_eq!(fields(&typed("cost", "10001", "")), ["goal", "ending"]);
        let all = TypedPolicy { floor: "x".into(), packaging: "1.234".into(), ..typed("amount", "1", "any") };
        assert_eq!(fields(&all), ["floor", "packaging"]);
    }

    #[test]
    fn a_rule_is_read_as_it_was_meant() {
        let rule = policy_of(&TypedPolicy {
            floor: "30".into(),
            packaging: "1,50".into(),
            never_at_a_loss: true,
            ..typed("cost", "150 %", "c90")
        });
        let ending = Ending::new(100, 90).unwrap();
        let goal = Goal::OfCost(15_000);
        let expected =
            Policy { goal, ending, floor_minor: 3_000, never_at_a_loss: true, packaging_minor: 150 };
        assert_eq!(rule, Ok(expected));
        assert_eq!(policy_of(&typed("amount", "0", "any")).map(|it| it.goal), Ok(Goal::Amount(0)));
        let half = Share::from_basis_points(50).unwrap();
        assert_eq!(policy_of(&typed("price", "0,5", "u990")).map(|it| it.goal), Ok(Goal::OfPrice(half)));
    }

    proptest! {
        #[test]
        fn nothing_typed_breaks_it(
            texts in proptest::collection::vec(".{0,8}", 5), goal in ".{0,12}", kind in "(amount|price|cost|x)",
        ) {
            let row = row(&texts[0], &texts[1], &texts[2], &texts[3], &texts[4]);
            if let Err(faults) = table_of(&[row]) {
                prop_assert!(!faults.is_empty());
            }
            let _ = policy_of(&typed(&kind, &goal, "any"));
        }
    }
}
