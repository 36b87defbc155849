//! Units of doses and measures, and how they turn into each other.

/// What a unit measures. Only quantities of one dimension are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Dimension {
    /// No unit.
    Bare,
    /// In mg.
    Mass,
    /// In mL.
    Volume,
    /// In units; international units are compared with them.
    Activity,
    /// In mEq.
    Equivalent,
    /// In mmol.
    Mole,
    Percent,
    /// Tablets, puffs, drops.
    Piece,
    /// In mm.
    Length,
    /// In degrees Fahrenheit.
    Temperature,
    /// In hours.
    Time,
    Pressure,
    Beat,
    /// "times", which makes a number a count.
    Count,
}

impl Dimension {
    /// Whether a dose can be given in it.
    pub(crate) fn is_dose(self) -> bool {
        matches!(self, Self::Mass | Self::Volume | Self::Activity | Self::Equivalent | Self::Mole)
    }
}

/// A unit, with up to two units under the line: mg, mg/kg, mg/kg/day, units/mL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    pub(crate) dimension: Dimension,
    /// What one of it is in the base of its dimension.
    pub(crate) factor: f64,
    pub(crate) celsius: bool,
    pub(crate) per: [Option<Dimension>; 2],
}

impl Unit {
    pub(crate) const NONE: Self = Self { dimension: Dimension::Bare, factor: 1.0, celsius: false, per: [None; 2] };

    /// The unit of a row of `data/clinical/words.tsv`: dimension, blank, factor.
    pub(crate) fn named(row: &str) -> Self {
        let (name, factor) = row.split_once(' ').unwrap_or((row, "1"));
        let dimension = match name {
            "mass" => Dimension::Mass,
            "volume" => Dimension::Volume,
            "activity" => Dimension::Activity,
            "equivalent" => Dimension::Equivalent,
            "mole" => Dimension::Mole,
            "percent" => Dimension::Percent,
            "piece" => Dimension::Piece,
            "length" => Dimension::Length,
            "fahrenheit" | "celsius" => Dimension::Temperature,
            "hour" => Dimension::Time,
            "pressure" => Dimension::Pressure,
            "beat" => Dimension::Beat,
            "time-word" => Dimension::Count,
            _ => unreachable!("data/clinical/words.tsv names a dimension that the code does not know: {name}"),
        };
        Self { dimension, factor: factor.parse().unwrap_or(1.0), celsius: name == "celsius", per: [None; 2] }
    }

    /// This unit with another under the line, of which `count` are meant ("mg/5 mL").
    pub(crate) fn over(mut self, other: Self, count: f64) -> Self {
        let free = usize::from(self.per[0].is_some());
        self.per[free] = Some(other.dimension);
        // Per kilogram of the patient and per day are the customary bases.
        let base = match other.dimension {
            Dimension::Mass => 1e6,
            Dimension::Time => 24.0,
            _ => 1.0,
        };
        let divisor = other.factor * count / base;
        if divisor > 0.0 {
            self.factor /= divisor;
        }
        self
    }

    /// The value in the base of its dimension.
    pub(crate) fn base(&self, value: f64) -> f64 {
        if self.celsius { value * 1.8 + 32.0 } else { value * self.factor }
    }

    /// Ounces, pounds and kilograms: people are weighed in them.
    pub(crate) fn is_of_bodies(&self) -> bool {
        self.dimension == Dimension::Mass && self.per == [None; 2] && self.factor > 1000.0
    }

    /// What has to be equal for two quantities to be compared.
    pub(crate) fn shape(&self) -> Shape {
        Shape(self.dimension, self.per)
    }

    /// A plain dose: nothing under the line, and no unit that people are weighed in.
    pub(crate) fn is_plain_dose(&self) -> bool {
        self.dimension.is_dose() && self.per == [None; 2] && !self.is_of_bodies()
    }
}

/// The dimension of a unit with what is under the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shape(pub(crate) Dimension, pub(crate) [Option<Dimension>; 2]);
