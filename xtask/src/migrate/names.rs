//! What the parts are called as fields of a driver's struct.

/// The fields' names: the usual ones, or with `_part` behind where the driver has a field of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    names: Vec<(&'static str, String)>,
}

const USUAL: [&str; 6] = ["gem", "backing", "dmap", "cmap", "reclaim", "share"];

impl Names {
    /// Names that differ from all of `taken`.
    pub fn avoiding(taken: &[String]) -> Self {
        let names = USUAL
            .iter()
            .map(|usual| {
                let clashes = taken.iter().any(|name| name == usual);
                (
                    *usual,
                    if clashes {
                        format!("{usual}_part")
                    } else {
                        (*usual).to_owned()
                    },
                )
            })
            .collect();
        Self { names }
    }

    /// The name of a part's field.
    pub fn of(&self, usual: &str) -> &str {
        self.names
            .iter()
            .find(|(known, _)| *known == usual)
            .map_or("gem", |(_, name)| name)
    }

    /// Puts the driver's object for `{o}`, and the names of the fields for `{backing}` and the like.
    pub fn fill(&self, template: &str, owner: &str) -> String {
        let mut text = template.replace("{o}", owner);
        for (usual, name) in &self.names {
            text = text.replace(&format!("{{{usual}}}"), name);
        }
        text
    }
}
