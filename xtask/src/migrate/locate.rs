//! Step 1, locate: the compiler says where the crate leans on the base class, type-checked and to the byte.
//!
//! Every item of `gem_shmem::legacy` is deprecated under the feature `locate`, with its finding's number as the note. The
//! crate is checked with that feature, in a target folder of its own, and the deprecation messages are the sites.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::krate::{Krate, cargo};
use crate::findings::Number;
use crate::{Failure, Result};

/// One place where the crate leans on the base class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The file, as an absolute path.
    pub file: PathBuf,
    /// First byte in the file: of the item's name, or of the whole field expression.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The finding that the item stands for.
    pub finding: Number,
    /// The item, as the compiler names it.
    pub item: String,
    /// The calls of the macro in whose body the text is; none for text outside of a macro.
    pub expansions: BTreeSet<Expansion>,
}

/// A call of a macro.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expansion {
    /// The macro.
    pub name: String,
    /// The file that it is called in.
    pub file: PathBuf,
    /// First byte of the call.
    pub start: usize,
    /// The call in whose body this one stands.
    pub within: Option<Box<Expansion>>,
}

impl Site {
    /// The bytes in the file.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The last segment of the item's path: the name that the code uses.
    pub fn name(&self) -> &str {
        self.item.rsplit("::").next().unwrap_or(&self.item)
    }
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    manifest_path: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

/// A message as a person reads it, which is most of its bytes: looked at only where something is wrong.
#[derive(Deserialize)]
struct ForPeople {
    message: Rendered,
}

#[derive(Deserialize)]
struct Rendered {
    rendered: Option<String>,
}

fn rendered(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<ForPeople>(line)
        .ok()?
        .message
        .rendered
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: PathBuf,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
    expansion: Option<Box<Expanded>>,
}

#[derive(Deserialize)]
struct Expanded {
    span: Span,
    macro_decl_name: String,
}

/// The sites of a crate's library, sorted by file and place. The crate is compiled; what does not compile is reported as
/// the compiler reports it.
pub fn locate(krate: &Krate, target_dir: &Path) -> Result<Vec<Site>> {
    let output = cargo()
        .args([
            "check",
            "--lib",
            "--quiet",
            "--message-format",
            "json",
            "--package",
            &krate.package,
        ])
        .args(krate.apart())
        .arg("--features")
        .arg(format!("{}/locate", krate.dependency))
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(&krate.root)
        // A crate may allow or deny what it likes: the sites are wanted as warnings, all of them.
        .env("RUSTFLAGS", "--force-warn deprecated")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .map_err(|error| Failure::new(format!("cannot run cargo: {error}")))?;
    let mut sites: BTreeMap<_, Site> = BTreeMap::new();
    let mut errors = Vec::new();
    let mut files = Files {
        root: &krate.root,
        known: HashMap::new(),
    };
    let manifest = krate.root.join("Cargo.toml");
    for line in output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"{"))
    {
        let Ok(message) = serde_json::from_slice::<Message>(line) else {
            continue;
        };
        let (Some(diagnostic), "compiler-message") = (message.message, message.reason.as_str())
        else {
            continue;
        };
        if diagnostic.level == "error" {
            errors.extend(rendered(line));
            continue;
        }
        let ours = message.manifest_path.is_some_and(|path| path == manifest)
            && message
                .target
                .is_some_and(|target| target.kind.iter().all(|kind| kind != "custom-build"));
        if ours && let Some(site) = site_of(&diagnostic, &mut files)? {
            let expansions = site.expansions.clone();
            let place = (site.file.clone(), site.start, site.end);
            let key = (place, site.finding, site.item.clone());
            let known = sites.entry(key).or_insert(site);
            known.expansions.extend(expansions);
        }
    }
    if !output.status.success() {
        let text = if errors.is_empty() {
            String::from_utf8_lossy(&output.stderr).into_owned()
        } else {
            errors.join("\n")
        };
        return Err(Failure::new(format!(
            "`{}` does not compile:\n\n{}",
            krate.package,
            text.trim_end()
        ))
        .next("make it compile first; nothing was written"));
    }
    Ok(sites.into_values().collect())
}

/// The findings in the notes of deprecated items that are used (`F15: write ..`), each place once, in the JSON messages of cargo.
#[cfg(test)]
pub fn deprecations(stdout: &[u8]) -> Vec<Number> {
    let lines = stdout.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok()?.message);
    let places: BTreeSet<_> = messages
        .filter(|diagnostic| {
            diagnostic
                .code
                .as_ref()
                .is_some_and(|code| code.code == "deprecated")
        })
        .filter_map(|diagnostic| {
            let note = diagnostic.message.split("`: ").nth(1)?;
            let finding: Number = note.split(':').next()?.parse().ok()?;
            let span = diagnostic.spans.iter().find(|span| span.is_primary)?;
            Some((
                span.file_name.clone(),
                span.byte_start,
                span.byte_end,
                finding,
            ))
        })
        .collect();
    places.into_iter().map(|(.., finding)| finding).collect()
}

/// What the compiler says is wrong, in the JSON messages of cargo.
pub fn errors(stdout: &[u8]) -> Vec<String> {
    let lines = stdout.split(|byte| *byte == b'\n');
    lines
        .filter(|line| {
            let message = serde_json::from_slice::<Message>(line).ok();
            let diagnostic = message.and_then(|message| message.message);
            diagnostic.is_some_and(|diagnostic| diagnostic.level == "error")
        })
        .filter_map(rendered)
        .collect()
}

fn site_of(diagnostic: &Diagnostic, files: &mut Files<'_>) -> Result<Option<Site>> {
    if diagnostic
        .code
        .as_ref()
        .is_none_or(|code| code.code != "deprecated")
    {
        return Ok(None);
    }
    // `use of deprecated field `path::of::item`: F03`
    let Some((head, note)) = diagnostic.message.rsplit_once(": ") else {
        return Ok(None);
    };
    let Ok(finding) = note.parse::<Number>() else {
        return Ok(None);
    };
    let item = head.split('`').nth(1).unwrap_or_default().to_owned();
    let Some(span) = diagnostic.spans.iter().find(|span| span.is_primary) else {
        return Ok(None);
    };
    Ok(Some(Site {
        file: files.find(span)?,
        start: span.byte_start,
        end: span.byte_end,
        finding,
        item,
        expansions: expansion_of(span, files)?.into_iter().collect(),
    }))
}

fn expansion_of(span: &Span, files: &mut Files<'_>) -> Result<Option<Expansion>> {
    let Some(expanded) = &span.expansion else {
        return Ok(None);
    };
    Ok(Some(Expansion {
        name: expanded.macro_decl_name.trim_end_matches('!').to_owned(),
        file: files.find(&expanded.span)?,
        start: expanded.span.byte_start,
        within: expansion_of(&expanded.span, files)?.map(Box::new),
    }))
}

/// Files by the names that the compiler gives them.
struct Files<'k> {
    root: &'k Path,
    known: HashMap<PathBuf, PathBuf>,
}

impl Files<'_> {
    /// Cargo runs the compiler in the workspace's folder, or in the crate's.
    fn find(&mut self, span: &Span) -> Result<PathBuf> {
        if let Some(file) = self.known.get(&span.file_name) {
            return Ok(file.clone());
        }
        let candidates = self.root.ancestors().map(|dir| dir.join(&span.file_name));
        let file = candidates
            .filter_map(|path| path.canonicalize().ok())
            .find(|path| path.is_file())
            .ok_or_else(|| {
                Failure::new(format!(
                    "the compiler names a file that is not there: {}",
                    span.file_name.display()
                ))
            })?;
        self.known.insert(span.file_name.clone(), file.clone());
        Ok(file)
    }
}
