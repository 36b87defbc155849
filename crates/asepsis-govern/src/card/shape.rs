//! Which elements there are, in which order: `data/govern/card.toml` as a tree.

use std::sync::LazyLock;

use serde::Deserialize;

/// An element of the schema.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) many: bool,
    pub(crate) optional: bool,
    /// What it holds; nothing for those with a text.
    pub(crate) children: Vec<Shape>,
    pub(crate) fact: Option<String>,
}

/// The schema.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) namespace: String,
    pub(crate) root: Shape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    namespace: String,
    root: String,
    #[serde(rename = "as_of")]
    _as_of: String,
    element: Vec<Element>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    path: String,
    #[serde(default)]
    many: bool,
    #[serde(default)]
    optional: bool,
    /// The parent may be absent.
    #[serde(default)]
    optional_parent: bool,
    /// The parent may stand several times.
    #[serde(default)]
    many_parent: bool,
    #[serde(default)]
    fact: Option<String>,
}

/// The schema, v0.2.
pub(crate) fn schema() -> &'static Schema {
    static SHIPPED: LazyLock<Schema> = LazyLock::new(|| {
        let file: File = toml::from_str(include_str!("../../../../data/govern/card.toml"))
            .expect("the shipped schema can be read, as a test proves");
        let mut root = Shape { name: file.root, many: false, optional: false, children: Vec::new(), fact: None };
        for element in file.element {
            root.add(element);
        }
        Schema { namespace: file.namespace, root }
    });
    &SHIPPED
}

impl Shape {
    fn add(&mut self, element: Element) {
        let names: Vec<_> = element.path.split('/').collect();
        let mut at = self;
        for (depth, name) in names.iter().enumerate() {
            let parent = depth + 2 == names.len();
            // Elements stand in order, so that one which is there already is the last.
            if at.children.last().is_none_or(|last| last.name != *name) {
                at.children.push(Self {
                    name: (*name).to_owned(),
                    many: parent && element.many_parent,
                    optional: parent && element.optional_parent,
                    children: Vec::new(),
                    fact: None,
                });
            }
            let last = at.children.len() - 1;
            at = &mut at.children[last];
        }
        (at.many, at.optional, at.fact) = (element.many, element.optional, element.fact);
    }
}
