use super::Card;
use super::shape::{Shape, schema};

impl Card {
    /// The card as an XML document: the same fields in the same order. A signature stands there to the letter, but who checks it checks
    /// a document that was written anew.
    pub fn write(&self) -> String {
        let schema = schema();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        out.push_str(&format!("<{} xmlns=\"{}\">\n", schema.root.name, schema.namespace));
        let mut writing = Writing { card: self, out };
        for child in &schema.root.children {
            writing.element(child, "", 1);
        }
        if let Some(signature) = &self.signature {
            writing.out.push_str(&format!("\t{signature}\n"));
        }
        writing.out.push_str(&format!("</{}>\n", schema.root.name));
        writing.out
    }
}

struct Writing<'a> {
    card: &'a Card,
    out: String,
}

impl Writing<'_> {
    fn element(&mut self, shape: &Shape, above: &str, depth: usize) {
        for count in 1.. {
            let step = if shape.many { format!("{}[{count}]", shape.name) } else { shape.name.clone() };
            let path = if above.is_empty() { step } else { format!("{above}/{step}") };
            let tabs = "\t".repeat(depth);
            if shape.children.is_empty() {
                let Some(text) = self.card.text(&path) else { return };
                self.out.push_str(&format!("{tabs}<{0}>{1}</{0}>\n", shape.name, escaped(text)));
            } else {
                let below = format!("{path}/");
                let any = self.card.fields.iter().any(|field| field.path.starts_with(&below));
                if !any && !self.card.empty.contains(&path) {
                    return;
                }
                self.out.push_str(&format!("{tabs}<{}>\n", shape.name));
                for child in &shape.children {
                    self.element(child, &path, depth + 1);
                }
                self.out.push_str(&format!("{tabs}</{}>\n", shape.name));
            }
            if !shape.many {
                return;
            }
        }
    }
}

/// What may stand between tags, so that it is read as the same: a carriage return would become a line feed.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}
