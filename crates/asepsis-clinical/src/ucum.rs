//! Units of UCUM (The Unified Code for Units of Measure, version 2.1, sections 2 and 3): the grammar of the case-sensitive form, with
//! the atoms that health care uses.

/// Parentheses in parentheses beyond this are no unit that anybody writes.
const DEEPEST: usize = 8;
/// The longest expression that is read, in bytes.
const LONGEST: usize = 128;

const PREFIXES: &[&str] = &[
    "Ki", "Mi", "Gi", "Ti", "da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a",
    "z", "y",
];

/// Atoms that take a prefix.
const METRIC: &[&str] = &[
    "m", "s", "g", "rad", "K", "C", "cd", "mol", "sr", "Hz", "N", "Pa", "J", "W", "A", "V", "F", "Ohm", "S", "Wb",
    "Cel", "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "l", "L", "ar", "t", "bar", "eq", "osm", "kat", "U", "[iU]", "[IU]",
    "cal", "B", "m[H2O]", "m[Hg]", "eV", "dyn", "erg", "P", "St", "Ci", "R", "RAD", "REM", "bit", "By", "[mU]",
    "[CFU]", "[PFU]", "[arb'U]", "[USP'U]", "tex", "mho", "u", "pc", "g%", "st", "Bd", "Np",
];

/// Atoms that stand alone.
const PLAIN: &[&str] = &[
    "%",
    "[ppth]",
    "[ppm]",
    "[ppb]",
    "[pptr]",
    "10*",
    "10^",
    "[pi]",
    "min",
    "h",
    "d",
    "wk",
    "mo",
    "a",
    "a_j",
    "mo_j",
    "deg",
    "'",
    "''",
    "gon",
    "[degF]",
    "[in_i]",
    "[ft_i]",
    "[yd_i]",
    "[lb_av]",
    "[oz_av]",
    "[gr]",
    "[pt_us]",
    "[qt_us]",
    "[gal_us]",
    "[foz_us]",
    "[tsp_us]",
    "[tbs_us]",
    "[cup_us]",
    "[drp]",
    "[pH]",
    "[hp_X]",
    "[HPF]",
    "[LPF]",
    "[APL'U]",
    "[GPL'U]",
    "[MPL'U]",
    "[beth'U]",
    "[anti'Xa'U]",
    "[todd'U]",
    "[dye'U]",
    "[smgy'U]",
    "[bdsk'U]",
    "[ka'U]",
    "[knk'U]",
    "[mclg'U]",
    "[tb'U]",
    "[CCID_50]",
    "[TCID_50]",
    "[EID_50]",
    "[Amb'a'1'U]",
    "[D'ag'U]",
    "[FFU]",
    "[BAU]",
    "[AU]",
    "[Lf]",
    "[hnsf'U]",
    "[MET]",
    "[PRU]",
    "[diop]",
    "[mesh_i]",
    "[Ch]",
    "[car_Au]",
    "[G]",
    "[psi]",
    "[in_i'H2O]",
    "[in_i'Hg]",
    "atm",
    "[mi_i]",
    "[sin_i]",
    "[sft_i]",
    "[cin_i]",
    "[bbl_us]",
    "[degRe]",
    "mesh",
];

/// Whether the text is a unit of UCUM in its case-sensitive form.
pub(crate) fn is_unit(text: &str) -> bool {
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    let mut parser = Parser { rest: text, depth: 0 };
    parser.term() && parser.rest.is_empty()
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn eat(&mut self, c: char) -> bool {
        let had = self.rest.strip_prefix(c);
        self.rest = had.unwrap_or(self.rest);
        had.is_some()
    }

    /// Components with points and slashes between them; the first may be missing before a slash.
    fn term(&mut self) -> bool {
        if !self.eat('/') && self.rest.is_empty() {
            return false;
        }
        loop {
            if !self.component() {
                return false;
            }
            if !(self.eat('.') || self.eat('/')) {
                return true;
            }
        }
    }

    fn component(&mut self) -> bool {
        if self.eat('(') {
            self.depth += 1;
            let good = self.depth <= DEEPEST && self.term() && self.eat(')');
            self.depth -= 1;
            return good && self.annotation().unwrap_or(true);
        }
        if let Some(good) = self.annotation() {
            return good;
        }
        let end = self.end();
        let (word, rest) = self.rest.split_at(end);
        let good = simple(word);
        self.rest = rest;
        good && self.annotation().unwrap_or(true)
    }

    /// `None` where there is none; whether it is closed and plain.
    fn annotation(&mut self) -> Option<bool> {
        let inner = self.rest.strip_prefix('{')?;
        let end = inner.find(['}', '{'])?;
        self.rest = &inner[end + 1..];
        Some(inner.as_bytes()[end] == b'}')
    }

    /// Where the unit ends: at a point, slash, parenthesis or brace outside of brackets.
    fn end(&self) -> usize {
        let mut inside = false;
        for (i, b) in self.rest.bytes().enumerate() {
            match b {
                b'[' => inside = true,
                b']' => inside = false,
                b'.' | b'/' | b'(' | b')' | b'{' if !inside => return i,
                _ => {}
            }
        }
        self.rest.len()
    }
}

/// A number, or an atom with a prefix and an exponent or without.
fn simple(word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    if atom(word) {
        return true;
    }
    let unit = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let unit = if unit.len() < word.len() { unit.strip_suffix(['+', '-']).unwrap_or(unit) } else { unit };
    unit.len() < word.len() && atom(unit)
}

fn atom(word: &str) -> bool {
    METRIC.contains(&word)
        || PLAIN.contains(&word)
        || PREFIXES.iter().any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| METRIC.contains(&rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_laboratories_and_orders_are_read() {
        let good = "mg/dL mmol/L g/dL % 10*3/uL 10*9/L U/L [iU]/L mm[Hg] /min {beats}/min kg/m2 mL/min/{1.73_m2} ug/kg/min \
            Cel [degF] meq/L ng/mL mg cm [in_i] [lb_av] mosm/kg {score} 1 m[IU]/L fL pg 10*-6 mL/h kcal/(8.h) ug{T4}/dL /[HPF] mL s h d wk mo a ug mcg";
        for unit in good.split_whitespace().filter(|u| *u != "mcg") {
            assert!(is_unit(unit), "{unit}");
        }
        for unit in [
            "mcg", "MG/DL", "cc", "mg/", "mg//dL", "mm Hg", "mmHg", "IU", "bpm", "", "(mg", "mg)", "{x", "lbs", "°C",
            "mEq/L",
        ] {
            assert!(!is_unit(unit), "{unit}");
        }
        assert!(!is_unit(&"(".repeat(100)));
    }
}
