//! The lines of the table.

use super::{Found, Limits};

/// Counts of one line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row {
    texts: f64,
    alone: [f64; 2],
    all: [f64; 2],
    anomaly: f64,
    signature: f64,
    flagged: f64,
    peers: [f64; 2],
}

/// The heading of a part of the table.
pub(super) fn heading(title: &str, peers: &[&str]) {
    println!("\n{title}");
    print!("  {:<44} {:>7}", "", "texts");
    for name in
        ["cl. 1 %", "cl. .1 %", "+anom. 1 %", "+an. .1 %", "anomaly", "signature", "verdict"].iter().chain(peers)
    {
        print!(" {name:>10}");
    }
    println!();
}

fn one(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

impl Row {
    pub(super) fn add(&mut self, found: &Found, limits: &Limits) {
        self.texts += 1.0;
        for at in 0..2 {
            self.alone[at] += one(found.sum > limits.alone[at]);
            // Where anomalies flag too much already, the limit is infinite and the classifier silent; anomalies still count.
            self.all[at] += one(found.anomaly || found.sum > limits.all[at]);
            self.peers[at] += one(found.peers >> at & 1 == 1);
        }
        self.anomaly += one(found.anomaly);
        self.signature += one(found.signature);
        self.flagged += one(found.flagged);
    }

    /// Adds another row that makes up a share of this one.
    pub(super) fn add_share(&mut self, share: f64, row: &Self) {
        let part = |n: f64| share * n / row.texts.max(1.0);
        self.texts += share;
        self.anomaly += part(row.anomaly);
        self.signature += part(row.signature);
        self.flagged += part(row.flagged);
        for at in 0..2 {
            self.alone[at] += part(row.alone[at]);
            self.all[at] += part(row.all[at]);
            self.peers[at] += part(row.peers[at]);
        }
    }

    pub(super) fn print(&self, name: &str, peers: usize) {
        print!("  {name:<44} {:>7.0}", self.texts);
        let shown =
            [self.alone[0], self.alone[1], self.all[0], self.all[1], self.anomaly, self.signature, self.flagged];
        for n in shown.iter().chain(&self.peers[..peers]) {
            print!(" {:>10.4}", n / self.texts.max(f64::MIN_POSITIVE));
        }
        println!();
    }
}
