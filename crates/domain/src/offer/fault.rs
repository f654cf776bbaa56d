//! What is wrong with an offer: found here before it is sent, or said by the platform.

use std::fmt;

/// A part of an offer. Variants are named by their place, from 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// No part of it that is known.
    Whole,
    /// Title.
    Title,
    /// Description.
    Description,
    /// Category.
    Category,
    /// Condition.
    Condition,
    /// Brand.
    Brand,
    /// The attribute of this id.
    Attribute(String),
    /// Pictures.
    Pictures,
    /// What variants differ in.
    Axes,
    /// The variants as a whole.
    Variants,
    /// What a variant is on the axes.
    Choices(usize),
    /// The seller's code of a variant.
    Sku(usize),
    /// The product code of a variant.
    Gtin(usize),
    /// The price of a variant.
    Price(usize),
    /// The quantity of a variant.
    Quantity(usize),
    /// Weight of the package.
    Weight,
    /// Sides of the package.
    Size,
    /// What an invoice says of it.
    Fiscal,
    /// How it is sent.
    Shipping,
}

impl Field {
    /// The word in databases: what it is, and behind a colon which one. Variants are counted from 0.
    #[must_use]
    pub fn as_word(&self) -> String {
        let name = self.name();
        match (self, self.variant()) {
            (Self::Attribute(id), _) => format!("{name}:{id}"),
            (_, Some(at)) => format!("{name}:{at}"),
            (_, None) => name.to_owned(),
        }
    }

    /// What it is, whichever one: the word in translation keys.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Title => "title",
            Self::Description => "description",
            Self::Category => "category",
            Self::Condition => "condition",
            Self::Brand => "brand",
            Self::Attribute(_) => "attribute",
            Self::Pictures => "pictures",
            Self::Axes => "axes",
            Self::Variants => "variants",
            Self::Choices(_) => "choices",
            Self::Sku(_) => "sku",
            Self::Gtin(_) => "gtin",
            Self::Price(_) => "price",
            Self::Quantity(_) => "quantity",
            Self::Weight => "weight",
            Self::Size => "size",
            Self::Fiscal => "fiscal",
            Self::Shipping => "shipping",
        }
    }

    /// The variant that it is of, by its place.
    #[must_use]
    pub const fn variant(&self) -> Option<usize> {
        match self {
            Self::Choices(at) | Self::Sku(at) | Self::Gtin(at) | Self::Price(at) | Self::Quantity(at) => {
                Some(*at)
            }
            Self::Whole
            | Self::Title
            | Self::Description
            | Self::Category
            | Self::Condition
            | Self::Brand
            | Self::Attribute(_)
            | Self::Pictures
            | Self::Axes
            | Self::Variants
            | Self::Weight
            | Self::Size
            | Self::Fiscal
            | Self::Shipping => None,
        }
    }

    /// The field of a word in a database.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let plain = [
            Self::Whole,
            Self::Title,
            Self::Description,
            Self::Category,
            Self::Condition,
            Self::Brand,
            Self::Pictures,
            Self::Axes,
            Self::Variants,
            Self::Weight,
            Self::Size,
            Self::Fiscal,
            Self::Shipping,
        ];
        let Some((name, which)) = word.split_once(':') else {
            return plain.into_iter().find(|field| field.name() == word);
        };
        if name == "attribute" {
            return Some(Self::Attribute(which.to_owned()));
        }
        let at = which.parse().ok()?;
        let of_variant =
            [Self::Choices(at), Self::Sku(at), Self::Gtin(at), Self::Price(at), Self::Quantity(at)];
        of_variant.into_iter().find(|field| field.name() == name)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_variant = |out: &mut fmt::Formatter<'_>, what: &str, at: &usize| {
            write!(out, "{what} of variant {}", at + 1)
        };
        match self {
            Self::Whole => out.write_str("the offer"),
            Self::Title => out.write_str("title"),
            Self::Description => out.write_str("description"),
            Self::Category => out.write_str("category"),
            Self::Condition => out.write_str("condition"),
            Self::Brand => out.write_str("brand"),
            Self::Attribute(id) => write!(out, "attribute {id}"),
            Self::Pictures => out.write_str("pictures"),
            Self::Axes => out.write_str("what variants differ in"),
            Self::Variants => out.write_str("variants"),
            Self::Choices(at) => of_variant(out, "options", at),
            Self::Sku(at) => of_variant(out, "code", at),
            Self::Gtin(at) => of_variant(out, "product code", at),
            Self::Price(at) => of_variant(out, "price", at),
            Self::Quantity(at) => of_variant(out, "quantity", at),
            Self::Weight => out.write_str("weight of the package"),
            Self::Size => out.write_str("sides of the package"),
            Self::Fiscal => out.write_str("invoice data"),
            Self::Shipping => out.write_str("shipping"),
        }
    }
}

/// What the seller does about a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// Tell it.
    Fill,
    /// Leave it out.
    LeaveOut,
    /// Make it longer: so many characters at least.
    Lengthen(usize),
    /// Make it shorter: so many characters at most.
    Shorten(usize),
    /// Add some: so many at least.
    Add(usize),
    /// Take some away: so many at most.
    TakeAway(usize),
    /// Choose a listed value.
    ChooseListed,
    /// Write a number.
    WriteNumber,
    /// Write a number with one of these units.
    WriteMeasure(Vec<String>),
    /// Write a day.
    WriteDate,
    /// Make it differ from the others.
    Distinguish,
    /// Take out the spaces.
    RemoveSpaces,
    /// Check its digits: they make no code.
    CheckDigits,
    /// Raise it: so many minor units or units at least.
    Raise(i64),
    /// Lower it: so many minor units or units at most.
    Lower(i64),
    /// Raise it over the floor of the seller's own rule: so many minor units at least; `None` where no price would
    /// do.
    OverFloor(Option<i64>),
    /// Use the currency of the shop.
    OtherCurrency,
    /// Bring the prices closer: the dearest costs at most so many times the cheapest.
    BringCloser(i64),
    /// Publish by hand: papers have to be handed in that no program can.
    ByHand(Vec<String>),
}

impl fmt::Display for Mend {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fill => out.write_str("tell it"),
            Self::LeaveOut => out.write_str("leave it out: the category does not know it"),
            Self::Lengthen(least) => write!(out, "write at least {least} characters"),
            Self::Shorten(most) => write!(out, "write at most {most} characters"),
            Self::Add(least) => write!(out, "add some: at least {least}"),
            Self::TakeAway(most) => write!(out, "take some away: at most {most}"),
            Self::ChooseListed => out.write_str("choose one of the listed values"),
            Self::WriteNumber => out.write_str("write a number"),
            Self::WriteMeasure(units) => write!(out, "write a number with its unit: {}", units.join(", ")),
            Self::WriteDate => out.write_str("write a day"),
            Self::Distinguish => out.write_str("make it differ from the others"),
            Self::RemoveSpaces => out.write_str("take out the spaces"),
            Self::CheckDigits => out.write_str("check its digits: they make no code"),
            Self::Raise(least) => write!(out, "raise it to at least {least}"),
            Self::Lower(most) => write!(out, "lower it to at most {most}"),
            Self::OverFloor(Some(least)) => write!(out, "raise it over the floor: at least {least}"),
            Self::OverFloor(None) => out.write_str("no price is over the floor: change the rule"),
            Self::OtherCurrency => out.write_str("use the currency of the shop"),
            Self::BringCloser(times) => {
                write!(out, "bring the prices closer: the dearest costs at most {times} times the cheapest")
            }
            Self::ByHand(papers) => {
                write!(out, "publish by hand at the platform: it wants {}", papers.join(", "))
            }
        }
    }
}

/// Something wrong with an offer that is known before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub field: Field,
    /// What to do about it.
    pub mend: Mend,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.field, self.mend)
    }
}

/// Why a platform objects, in words that all platforms share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It is required and missing.
    Missing,
    /// It has a value that is not taken.
    NotTaken,
    /// It is too short, too poor or too small.
    TooLittle,
    /// It is too long, too large or too many.
    TooMuch,
    /// It is there twice.
    Twice,
    /// The platform does not know it, or no longer.
    Unknown,
    /// It may not be changed any more.
    Frozen,
    /// The shop may not: a permission, a brand, a limit, a task that is open.
    NotAllowed,
    /// Goods or words that are forbidden.
    Forbidden,
    /// The platform changed or left out something by itself.
    Adjusted,
    /// Anything else: the platform's own words say it.
    Other,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Self; 11] = [
        Self::Missing,
        Self::NotTaken,
        Self::TooLittle,
        Self::TooMuch,
        Self::Twice,
        Self::Unknown,
        Self::Frozen,
        Self::NotAllowed,
        Self::Forbidden,
        Self::Adjusted,
        Self::Other,
    ];

    /// The word in databases and translation keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotTaken => "not_taken",
            Self::TooLittle => "too_little",
            Self::TooMuch => "too_much",
            Self::Twice => "twice",
            Self::Unknown => "unknown",
            Self::Frozen => "frozen",
            Self::NotAllowed => "not_allowed",
            Self::Forbidden => "forbidden",
            Self::Adjusted => "adjusted",
            Self::Other => "other",
        }
    }

    /// The reason of a word in a database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What a platform has against an offer or a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// What it is about.
    pub field: Field,
    /// Why, in our words.
    pub reason: Reason,
    /// Its code, in the platform's word; empty where it has none.
    pub code: String,
    /// Its sentence, in the platform's words.
    pub said: String,
    /// What the platform advises; `None` where nothing mends it or it does not say.
    pub remedy: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_its_word() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::parse("because"), None);
    }

    #[test]
    fn every_field_survives_its_word() {
        let fields = [
            Field::Whole,
            Field::Title,
            Field::Attribute("BRAND:1".into()),
            Field::Choices(0),
            Field::Sku(1),
            Field::Gtin(2),
            Field::Price(199),
            Field::Quantity(3),
            Field::Shipping,
        ];
        for field in fields {
            assert_eq!(Field::parse(&field.as_word()), Some(field));
        }
        for none in ["", "price", "price:", "price:-1", "price:x", "colour"] {
            assert_eq!(Field::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_fault_names_field_and_mend() {
        let fault = Fault { field: Field::Attribute("BRAND".into()), mend: Mend::Fill };
        assert_eq!(fault.to_string(), "attribute BRAND: tell it");
        let fault = Fault { field: Field::Price(1), mend: Mend::Raise(600) };
        assert_eq!(fault.to_string(), "price of variant 2: raise it to at least 600");
    }
}
