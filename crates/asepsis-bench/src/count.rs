//! Counts the instructions of an exchange, which are the same however busy the machine is, the code that they lie in, and where they go.
//!
//! The gateway runs under callgrind on one core, where it puts no work aside.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::load::{Figures, Scenario, some};
use crate::println;
use crate::process::Process;

/// Exchanges before the count, after which everything has been made that is made once.
const BEFORE: u64 = 40;

/// Exchanges that are counted.
const COUNTED: u64 = 20;

/// The functions that are shown.
const SHOWN: usize = 40;

/// Drives a gateway that runs under callgrind, and prints what its exchanges took.
pub(crate) async fn run(gateway: &Process, key: &str, scenario: &Scenario, out: &Path) -> anyhow::Result<()> {
    let ask = async |how_many| {
        let mut figures = Figures::default();
        some(gateway.address, key, scenario, how_many, &mut figures).await?;
        if figures.errors > 0 {
            bail!("{} of {how_many} requests failed", figures.errors);
        }
        anyhow::Ok(())
    };
    ask(BEFORE).await?;
    control(gateway, "--instr=on")?;
    // What counts has to be translated first.
    ask(2).await?;
    control(gateway, "--zero")?;
    ask(COUNTED).await?;
    control(gateway, "--dump")?;
    control(gateway, "--instr=off")?;
    print(&Counted::read(out)?);
    Ok(())
}

fn control(gateway: &Process, what: &str) -> anyhow::Result<()> {
    let done = Command::new("callgrind_control").arg(what).arg(gateway.id().to_string()).output();
    let done = done.context("callgrind_control cannot be started")?;
    if !done.status.success() {
        bail!("callgrind_control {what}: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

/// What functions took.
#[derive(Default)]
struct Counted {
    /// By name: instructions, and the lines of code that they lie in.
    functions: HashMap<String, (u64, BTreeSet<u64>)>,
}

impl Counted {
    /// Reads what callgrind has dumped: a file for each thread.
    fn read(out: &Path) -> anyhow::Result<Self> {
        let mut counted = Self::default();
        for file in std::fs::read_dir(out)? {
            let path = file?.path();
            // The first dump is that of the counted exchanges; the last, at the end, has a name without a number.
            let is_dump =
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("out.1-"));
            if is_dump {
                counted.add(&std::fs::read_to_string(&path)?);
            }
        }
        if counted.functions.is_empty() {
            bail!("callgrind has written nothing");
        }
        Ok(counted)
    }

    /// Adds a dump in callgrind's format: <https://valgrind.org/docs/manual/cl-format.html>.
    fn add(&mut self, dump: &str) {
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut function, mut at, mut is_call) = ("", 0u64, false);
        for line in dump.lines() {
            let named = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn="));
            if let Some(named) = named {
                let (id, name) = named.split_once(' ').map_or((named, None), |(id, name)| (id, Some(name)));
                let name = *names.entry(id).or_insert(name.unwrap_or(id));
                if line.starts_with('f') {
                    function = name;
                }
                continue;
            }
            if line.starts_with("calls=") {
                is_call = true;
                continue;
            }
            let mut numbers = line.split_ascii_whitespace();
            let Some(address) = numbers.next().and_then(|place| address(place, at)) else { continue };
            at = address;
            // What a call took counts where it was taken.
            if std::mem::take(&mut is_call) {
                continue;
            }
            let cost = numbers.nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
            let (instructions, lines) = self.functions.entry(function.to_owned()).or_default();
            *instructions += cost;
            lines.insert(address / 64);
        }
    }
}

/// An address of a dump: itself, or how far it is from the last one.
fn address(place: &str, last: u64) -> Option<u64> {
    let hexadecimal = |text: &str| u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok();
    match place.as_bytes().first()? {
        b'*' => Some(last),
        b'+' => Some(last + distance(&place[1..])?),
        b'-' => last.checked_sub(distance(&place[1..])?),
        b'0' => hexadecimal(place),
        _ => None,
    }
}

fn distance(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn print(counted: &Counted) {
    let all: u64 = counted.functions.values().map(|(instructions, _)| instructions).sum();
    let lines: BTreeSet<u64> = counted.functions.values().flat_map(|(_, lines)| lines).copied().collect();
    let pages: BTreeSet<u64> = lines.iter().map(|line| line / 64).collect();
    println(&format!("{} instructions an exchange, in all threads", all / COUNTED));
    println(&format!("{} lines of 64 bytes of code, on {} pages", lines.len(), pages.len()));
    let mut functions: Vec<_> = counted.functions.iter().collect();
    functions.sort_by_key(|(name, (instructions, _))| (std::cmp::Reverse(*instructions), *name));
    println(&format!("\n{:>12} {:>6}  its own, of a function", "instructions", "lines"));
    for (name, (instructions, lines)) in functions.into_iter().take(SHOWN) {
        println(&format!("{:>12} {:>6}  {name}", instructions / COUNTED, lines.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_read_with_its_short_names_and_distances() {
        let mut counted = Counted::default();
        counted.add(
            "events: Ir\nfn=(1) one\n0x1000 0 5\n+4 0 2\ncfn=(2) two\ncalls=1 0x2000 0\n* 0 99\n+60 0 1\nfn=(2)\n0x2000 0 7\n-0x3c 0 1\n",
        );
        let of = |name: &str| counted.functions[name].clone();
        assert_eq!(of("one"), (8, BTreeSet::from([0x40, 0x41])));
        assert_eq!(of("two"), (8, BTreeSet::from([0x80, 0x7f])));
        assert_eq!(counted.functions.len(), 2);
    }
}
