//! The manifest of a crate that is rewritten in place: it depends on `gem-uma` from now on.

use std::path::Path;

use toml_edit::{DocumentMut, Item, value};

use super::write::NewFile;
use crate::{Failure, Result};

/// The manifest with a dependency on `gem-uma`, found as `gem-shmem` is: through the workspace, beside it, or by the same version.
/// `None` when it has one.
pub fn with_gem_uma(root: &Path, dependency: &str) -> Result<Option<NewFile>> {
    let path = root.join("Cargo.toml");
    let failed = |what: String| Failure::new(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(&path)
        .map_err(|error| failed(format!("cannot read it: {error}")))?;
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error| failed(format!("cannot parse it: {error}")))?;
    let dependencies = document
        .get_mut("dependencies")
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| failed("it has no [dependencies]".to_owned()))?;
    if dependencies.contains_key("gem-uma") {
        return Ok(None);
    }
    let shmem = dependencies.get(dependency).ok_or_else(|| {
        failed(format!("`{dependency}` is not among its [dependencies]"))
            .next("move it there from a target's table")
    })?;
    let field = |name: &str| shmem.as_table_like().and_then(|table| table.get(name));
    let mut uma = toml_edit::InlineTable::new();
    if let Some(folder) = field("path").and_then(Item::as_str) {
        let sibling = Path::new(folder)
            .parent()
            .unwrap_or(Path::new(""))
            .join("gem-uma");
        uma.insert("path", sibling.to_string_lossy().as_ref().into());
    } else if field("workspace").is_some() {
        uma.insert("workspace", true.into());
    } else {
        let version = field("version")
            .and_then(Item::as_str)
            .or(shmem.as_str())
            .unwrap_or("*");
        uma.insert("version", version.into());
    }
    dependencies.insert("gem-uma", value(uma));
    Ok(Some(NewFile {
        path,
        text: document.to_string(),
    }))
}

/// A manifest in a copy of its tree: what it names outside of the tree is named by its whole path.
pub fn absolute(text: &str, manifest: &Path, tree: &Path) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else {
        return text.to_owned();
    };
    let folder = manifest.parent().unwrap_or(tree);
    for_each_path(document.as_item_mut(), &mut |path| {
        let target = folder.join(&*path);
        match target.canonicalize() {
            Ok(real) if !real.starts_with(tree) => *path = real.to_string_lossy().into_owned(),
            _ => {}
        }
    });
    document.to_string()
}

fn for_each_path(item: &mut Item, change: &mut dyn FnMut(&mut String)) {
    if let Some(table) = item.as_table_like_mut() {
        for (key, entry) in table.iter_mut() {
            match entry.as_str().map(str::to_owned) {
                Some(mut path) if key == "path" => {
                    change(&mut path);
                    *entry = value(path);
                }
                _ => for_each_path(entry, change),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(dependency: &str) -> String {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(
            root.path().join("Cargo.toml"),
            format!("[package]\nname = \"x\"\n\n# ours\n[dependencies]\n{dependency}\n"),
        )
        .unwrap();
        with_gem_uma(root.path(), "gem-shmem")
            .unwrap()
            .unwrap()
            .text
    }

    #[test]
    fn gem_uma_is_found_as_gem_shmem_is() {
        let text = manifest("gem-shmem = { path = \"../lib/gem-shmem\", features = [\"legacy\"] }");
        assert!(
            text.ends_with("gem-uma = { path = \"../lib/gem-uma\" }\n"),
            "{text}"
        );
        assert!(text.contains("# ours"));
        let text = manifest("gem-shmem = { workspace = true, features = [\"legacy\"] }");
        assert!(text.ends_with("gem-uma = { workspace = true }\n"), "{text}");
        let text = manifest("gem-shmem = { version = \"0.1\", features = [\"legacy\"] }");
        assert!(
            text.ends_with("gem-uma = { version = \"0.1\" }\n"),
            "{text}"
        );
    }
}
