//! Modules and the files they are made of, read from Kbuild makefiles.

use std::collections::BTreeMap;

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    /// Its name, without `.o`.
    pub(crate) name: String,
    /// The folder of its makefile.
    pub(crate) folder: String,
    /// The options it is built for.
    pub(crate) options: Vec<String>,
    /// Its C files, from the root of the tree.
    pub(crate) sources: Vec<String>,
}

/// The modules that the makefile of `folder` builds.
pub(crate) fn modules(folder: &str, text: &[u8]) -> Vec<Module> {
    let mut built: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in joined_lines(&String::from_utf8_lossy(text)) {
        let line = line.split('#').next().unwrap_or("");
        let Some((left, right)) = line.split_once('=') else {
            continue;
        };
        let left = left.trim_end_matches([':', '+', '?']).trim();
        let objects = right
            .split_whitespace()
            .filter_map(|word| word.strip_suffix(".o"));
        if let Some(condition) = left.strip_prefix("obj-") {
            for object in objects {
                let options = built.entry(object.to_owned()).or_default();
                if let Some(option) = option(condition) {
                    options.push(option.to_owned());
                }
            }
        } else if let Some((module, _)) = left
            .strip_suffix("-objs")
            .map(|name| (name, ""))
            .or_else(|| split_part(left))
        {
            parts
                .entry(module.to_owned())
                .or_default()
                .extend(objects.map(str::to_owned));
        }
    }
    built
        .into_iter()
        .map(|(name, options)| {
            let own = vec![name.clone()];
            let sources = parts.get(&name).unwrap_or(&own);
            let sources = sources
                .iter()
                .map(|object| format!("{folder}/{object}.c"))
                .collect();
            Module {
                name,
                folder: folder.to_owned(),
                options,
                sources,
            }
        })
        .collect()
}

/// `module-y`, `module-m` or `module-$(CONFIG_X)`.
fn split_part(left: &str) -> Option<(&str, &str)> {
    let at = left.find("-$(CONFIG_").or_else(|| left.rfind('-'))?;
    let (module, condition) = (&left[..at], &left[at + 1..]);
    (matches!(condition, "y" | "m") || option(condition).is_some()).then_some((module, condition))
}

fn option(condition: &str) -> Option<&str> {
    condition.strip_prefix("$(CONFIG_")?.strip_suffix(')')
}

fn joined_lines(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut line = String::new();
    for part in text.lines() {
        match part.strip_suffix('\\') {
            Some(part) => {
                line.push_str(part);
                line.push(' ');
            }
            None => {
                line.push_str(part);
                out.push(std::mem::take(&mut line));
            }
        }
    }
    out.push(line);
    out
}

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn modules_are_found_with_their_parts() {
        let text = b"a-y := b.o \\\n\tsub/c.o\na-$(CONFIG_X) += d.o # e.o\nobj-$(CONFIG_A) += a.o\nobj-$(CONFIG_F)\t+= f.o\nobj-y += sub/\n";
        let found = modules("dir", text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].sources, ["dir/b.c", "dir/sub/c.c", "dir/d.c"]);
        assert_eq!(found[0].options, ["A"]);
        assert_eq!(
            (found[1].name.as_str(), &found[1].sources[..]),
            ("f", &["dir/f.c".to_owned()][..])
        );
    }
}
