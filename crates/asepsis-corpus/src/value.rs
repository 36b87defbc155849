//! Dates, numbers and addresses of the net.

use crate::chance::Chance;
use crate::name::Names;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(crate) fn date(years: (usize, usize), chance: &mut Chance) -> String {
    let (y, m, d) = (chance.within(years.0, years.1), chance.within(1, 12), chance.within(1, 28));
    let name = MONTHS[m - 1];
    let short = &name[..3];
    match chance.unit() {
        x if x < 0.22 => format!("{m:02}/{d:02}/{y}"),
        x if x < 0.34 => format!("{m}/{d}/{:02}", y % 100),
        x if x < 0.44 => format!("{y}-{m:02}-{d:02}"),
        x if x < 0.58 => format!("{name} {d}, {y}"),
        x if x < 0.64 => format!("{d} {name} {y}"),
        x if x < 0.69 => format!("{d}-{short}-{y}"),
        x if x < 0.74 => format!("{short} {d}, {y}"),
        x if x < 0.79 => format!("{m}/{d}"),
        x if x < 0.84 => format!("{name} {d}{}", ordinal(d)),
        x if x < 0.88 => format!("{name} {y}"),
        x if x < 0.91 => format!("{m:02}-{d:02}-{y}"),
        x if x < 0.94 => format!("{d:02}.{m:02}.{y}"),
        x if x < 0.97 => format!("{}, {name} {d}, {y}", chance.pick(&DAYS)),
        _ => format!("{short} {d}"),
    }
}

fn ordinal(n: usize) -> &'static str {
    match (n % 10, n % 100) {
        (1, x) if x != 11 => "st",
        (2, x) if x != 12 => "nd",
        (3, x) if x != 13 => "rd",
        _ => "th",
    }
}

pub(crate) fn spoken_date(chance: &mut Chance) -> String {
    let tens = ["nineteen fifty", "nineteen sixty", "nineteen seventy", "nineteen eighty", "two thousand"];
    let ones = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    let days = ["first", "second", "third", "fifth", "tenth", "twelfth", "fifteenth", "twentieth", "thirtieth"];
    let month = MONTHS[chance.below(12)].to_lowercase();
    format!("{month} {} {} {}", chance.pick(&days), chance.pick(&tens), chance.pick(&ones))
}

fn digits(n: usize, chance: &mut Chance) -> String {
    (0..n).map(|_| char::from(b'0' + u8::try_from(chance.below(10)).unwrap_or(0))).collect()
}

fn letters(n: usize, chance: &mut Chance) -> String {
    (0..n).map(|_| char::from(b'A' + u8::try_from(chance.below(26)).unwrap_or(0))).collect()
}

pub(crate) fn phone(chance: &mut Chance) -> String {
    let (a, b, c) = (chance.within(201, 989), chance.within(200, 999), digits(4, chance));
    let base = match chance.unit() {
        x if x < 0.35 => format!("({a}) {b}-{c}"),
        x if x < 0.65 => format!("{a}-{b}-{c}"),
        x if x < 0.75 => format!("{a}.{b}.{c}"),
        x if x < 0.82 => format!("+1 {a} {b} {c}"),
        x if x < 0.88 => format!("{a}{b}{c}"),
        x if x < 0.92 => format!("1-{a}-{b}-{c}"),
        x if x < 0.96 => format!("{b}-{c}"),
        _ => format!("+{} {} {} {}", chance.within(20, 98), digits(2, chance), digits(3, chance), digits(4, chance)),
    };
    if chance.is(0.07) { format!("{base} ext. {}", digits(3, chance)) } else { base }
}

pub(crate) fn ssn(chance: &mut Chance) -> String {
    let (a, b, c) = (digits(3, chance), digits(2, chance), digits(4, chance));
    match chance.unit() {
        x if x < 0.7 => format!("{a}-{b}-{c}"),
        x if x < 0.85 => format!("{a} {b} {c}"),
        _ => format!("{a}{b}{c}"),
    }
}

/// A number or code of a record, a plan, a device.
pub(crate) fn code(chance: &mut Chance) -> String {
    let l = chance.within(1, 3);
    let n = chance.within(4, 10);
    match chance.unit() {
        x if x < 0.38 => digits(n, chance),
        x if x < 0.52 => format!("{}{}", letters(l, chance), digits(n, chance)),
        x if x < 0.66 => format!("{}-{}", letters(l, chance), digits(n, chance)),
        x if x < 0.74 => format!("{}-{}", digits(3, chance), digits(n, chance)),
        x if x < 0.80 => format!("{}-{}-{}", digits(3, chance), digits(3, chance), digits(3, chance)),
        x if x < 0.85 => format!("{}{}{}", letters(3, chance), digits(6, chance), letters(1, chance)),
        x if x < 0.89 => format!("{}-{}-{}", letters(2, chance), digits(4, chance), digits(2, chance)),
        x if x < 0.92 => format!("{}/{}", digits(4, chance), digits(4, chance)),
        x if x < 0.95 => format!("#{}", digits(n, chance)),
        x if x < 0.97 => format!("{} {} {}", digits(3, chance), digits(3, chance), digits(4, chance)),
        _ => format!(
            "{}{}{}{}{}",
            digits(1, chance),
            letters(2, chance),
            digits(1, chance),
            letters(2, chance),
            digits(2, chance)
        ),
    }
}

pub(crate) fn email(names: &Names, chance: &mut Chance) -> String {
    let (first, last) = (names.first(chance).to_lowercase(), names.last(chance).to_lowercase());
    let plain = |s: &str| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let (first, last) = (plain(&first), plain(&last));
    let local = match chance.unit() {
        x if x < 0.4 => format!("{first}.{last}"),
        x if x < 0.6 => format!("{}{last}", first.get(..1).unwrap_or("x")),
        x if x < 0.8 => format!("{first}{}", chance.within(1, 99)),
        _ => format!("{last}_{first}"),
    };
    let host = chance.say(&["example.com", "example.org", "mail.example.net", "health.example.org", "gmail.com"]);
    format!("{local}@{host}")
}
