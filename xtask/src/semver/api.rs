//! The public API of a crate as lines, from rustdoc's JSON.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::migrate::krate::cargo;
use crate::{Failure, Result};

/// The version of rustdoc's JSON that the library reads.
const FORMAT: u64 = 57;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    features: std::collections::BTreeMap<String, Vec<String>>,
}

/// The surface of the crate `name` in the workspace at `root`, with its default features: its features, its public items, and
/// the methods that implementors of its traits must write.
pub fn surface(root: &Path, name: &str) -> Result<String> {
    let (features, target) = features(root, name)?;
    let json = rustdoc_json(root, name, &target.join("semver"))?;
    let mut lines: BTreeSet<String> = required(&json)?
        .into_iter()
        .map(|method| format!("required {method}"))
        .collect();
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", json.display())))?;
    let items: Vec<String> = api.items().map(ToString::to_string).collect();
    if items.is_empty() {
        return Err(Failure::new(format!(
            "`{name}` has no public item: nothing was looked at"
        )));
    }
    let mut text = String::new();
    for feature in features {
        text.push_str(&format!("feature {feature}\n"));
    }
    for item in items {
        lines.remove(&item);
        text.push_str(&item);
        text.push('\n');
    }
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

fn features(root: &Path, name: &str) -> Result<(Vec<String>, PathBuf)> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|_| {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Failure::new(format!(
            "`cargo metadata` failed in {}:\n{stderr}",
            root.display()
        ))
    })?;
    let package = metadata
        .packages
        .into_iter()
        .find(|package| package.name == name)
        .ok_or_else(|| Failure::new(format!("there is no crate `{name}` in {}", root.display())))?;
    Ok((
        package.features.into_keys().collect(),
        metadata.target_directory,
    ))
}

/// Has rustdoc write its JSON. Any toolchain does, when it is told that it may.
fn rustdoc_json(root: &Path, name: &str, target: &Path) -> Result<PathBuf> {
    let output = cargo()
        .args([
            "rustdoc",
            "--quiet",
            "--lib",
            "--package",
            name,
            "--target-dir",
        ])
        .arg(target)
        .args([
            "--",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
            "--cap-lints",
            "allow",
        ])
        .current_dir(root)
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTDOCFLAGS")
        .output()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "rustdoc cannot read `{name}`:\n\n{}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        )));
    }
    let json = target
        .join("doc")
        .join(format!("{}.json", name.replace('-', "_")));
    let version = read(&json)?["format_version"].as_u64();
    if version != Some(FORMAT) {
        return Err(Failure::new(format!(
            "rustdoc writes version {} of its JSON, and the `public-api` library reads {FORMAT}",
            version.map_or_else(|| "?".to_owned(), |version| version.to_string())
        ))
        .next("use the toolchain that the workspace names as its rust-version: `cargo +1.95 xtask semver`"));
    }
    Ok(json)
}

fn read(json: &Path) -> Result<serde_json::Value> {
    let failed = |what: String| Failure::new(format!("cannot read {}: {what}", json.display()));
    let text = std::fs::read(json).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
}

/// The methods without a body of the crate's traits: `k::T::a`.
fn required(json: &Path) -> Result<Vec<String>> {
    let json = read(json)?;
    let mut methods = Vec::new();
    let items = json["index"].as_object().into_iter().flatten();
    for (id, item) in items {
        let Some(members) = item["inner"]["trait"]["items"].as_array() else {
            continue;
        };
        if item["crate_id"] != 0 {
            continue;
        }
        let path: Vec<&str> = json["paths"][id]["path"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect();
        for member in members {
            let member = &json["index"][member.to_string()];
            if member["inner"]["function"]["has_body"] == false
                && let Some(name) = member["name"].as_str()
            {
                methods.push(format!("{}::{name}", path.join("::")));
            }
        }
    }
    Ok(methods)
}
