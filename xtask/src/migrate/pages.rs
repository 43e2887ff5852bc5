//! The pages of findings as tests: the code under "Before" compiles on the base class, and the tool makes of it what stands
//! under "After", or says by hand what the page says.
//!
//! One generated crate has a module for each page. It is built once on the base class, to be located in, and once on the parts;
//! each page is planned alone, so that what one does to an object says nothing of another's.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::{Group, TokenStream, TokenTree};

use super::check::check;
use super::edit::Edit;
use super::krate::{self, Krate};
use super::locate::{Site, locate};
use super::plan::{Only, Plan, Status, plan};
use super::rules;
use super::write::NewFile;
use crate::findings::{self, Finding, Page};

/// The code of a page as a module, and where in it a reader sees something.
struct Module {
    text: String,
    shown: Vec<Range<usize>>,
}

impl Module {
    fn new<'p>(head: &str, lines: impl Iterator<Item = findings::Line<'p>>) -> Self {
        let mut text = head.to_owned();
        let mut shown: Vec<Range<usize>> = Vec::new();
        for line in lines {
            let start = text.len();
            text.push_str(line.code);
            text.push('\n');
            match shown.last_mut() {
                _ if line.hidden => {}
                Some(last) if last.end == start => last.end = text.len(),
                _ => shown.push(start..text.len()),
            }
        }
        Self { text, shown }
    }

    /// What a reader would see after `edits`.
    fn shown_after(&self, edits: &[Edit]) -> String {
        let mut seen = String::new();
        for range in &self.shown {
            let mut at = range.start;
            for edit in edits {
                let (start, end) = (edit.range.start, edit.range.end);
                if start < at && end <= at || start >= range.end {
                    continue;
                }
                if start >= at {
                    seen.push_str(&self.text[at..start]);
                    seen.push_str(&edit.new);
                }
                at = end.min(range.end);
            }
            seen.push_str(&self.text[at..range.end]);
        }
        seen
    }
}

const BEFORE: &str = "use crate::around::*;\nuse gem_shmem::legacy;\n";
const AFTER: &str = "use crate::around::*;\nuse gem_uma::*;\n";
const OBJECT: &str = "use super::object::Bo;\n";

/// A page whose code makes the object itself needs no other.
fn head(page: &Page, head: &str) -> String {
    let own = page
        .before_lines()
        .any(|line| line.code.contains("struct Bo"));
    format!("{head}{}", if own { "" } else { OBJECT })
}

/// The generated crate, with a folder for each page.
struct Generated(tempfile::TempDir);

impl Generated {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate/pages");
        let read = |name: &str| std::fs::read_to_string(data.join(name)).expect("data");
        let root = folder.path();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let manifest =
            read("Cargo.toml.in").replace("@WORKSPACE@", &workspace.display().to_string());
        write(&root.join("Cargo.toml"), &manifest);
        write(&root.join("src/around.rs"), &read("around.rs"));
        let mut lib = String::from("pub mod around;\n");
        for finding in findings::all() {
            let name = name(finding);
            lib.push_str(&format!("pub mod {name};\n"));
            let module = root.join("src").join(&name);
            write(&module.join("mod.rs"), "pub mod object;\npub mod page;\n");
            write(&module.join("object.rs"), &read("object.rs"));
            let page = finding.page();
            let code = Module::new(&head(&page, BEFORE), page.before_lines());
            write(&module.join("page.rs"), &code.text);
        }
        write(&root.join("src/lib.rs"), &lib);
        Self(folder)
    }

    fn krate(&self) -> Krate {
        krate::at(self.0.path()).expect("a crate")
    }

    fn files(&self, finding: &Finding) -> Vec<PathBuf> {
        let root = self.0.path().canonicalize().expect("the folder");
        let module = root.join("src").join(name(finding));
        vec![module.join("object.rs"), module.join("page.rs")]
    }
}

fn name(finding: &Finding) -> String {
    format!("f{:02}", finding.number.0)
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn plan_of(files: &[PathBuf], sites: &[Site]) -> Plan {
    let here: Vec<Site> = sites
        .iter()
        .filter(|site| files.contains(&site.file))
        .cloned()
        .collect();
    plan(files, &here, &Only::default()).expect("a plan")
}

/// Code without its layout: without spaces, and without commas in front of a closing bracket.
fn tokens(code: &str) -> String {
    fn plain(tokens: TokenStream) -> TokenStream {
        let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
        if matches!(trees.last(), Some(TokenTree::Punct(last)) if last.as_char() == ',') {
            trees.pop();
        }
        let inner = |tree| match tree {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), plain(group.stream())))
            }
            other => other,
        };
        trees.into_iter().map(inner).collect()
    }
    plain(code.parse().expect("tokens")).to_string()
}

/// The edits of a file, in order, each once.
fn edits(plan: &Plan, file: usize) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for site in plan.sites.iter().filter(|site| !site.is_by_hand()) {
        for (at, edit) in &site.edits {
            if *at == file && !edits.contains(edit) {
                edits.push(edit.clone());
            }
        }
    }
    edits.sort_by_key(|edit| edit.range.start);
    edits
}

/// Names of functions and types in the code that an advice shows.
fn names_in(advice: &str) -> BTreeSet<String> {
    let spans = advice.split('`').skip(1).step_by(2);
    let calls = spans.flat_map(|span| {
        let at = |(at, _): (usize, &str)| span[at + 1..].to_owned();
        span.match_indices(['.', ':']).map(at).collect::<Vec<_>>()
    });
    calls
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .filter(|name: &String| name.len() > 1)
        .collect()
}

#[test]
fn the_tool_does_what_the_page_of_each_finding_shows() {
    let generated = Generated::new();
    let krate = generated.krate();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/migrate");
    let sites = locate(&krate, &target.join("locate")).expect("the code under `Before` compiles");
    let mut wrong = Vec::new();
    let mut results = Vec::new();
    for finding in findings::all() {
        let page = finding.page();
        let files = generated.files(finding);
        let own = !head(&page, "").is_empty();
        let plan = plan_of(if own { &files } else { &files[1..] }, &sites);
        let at = plan.sources.len() - 1;
        let here: Vec<_> = plan
            .sites
            .iter()
            .filter(|site| site.site.file == files[1] && site.site.finding == finding.number)
            .collect();
        let by_hand: Vec<_> = here.iter().filter(|site| site.is_by_hand()).collect();
        let before = Module::new(&head(&page, BEFORE), page.before_lines());
        let mut result = Module::new(&head(&page, AFTER), page.after_lines()).text;
        match (finding.rust_items().next(), by_hand.as_slice()) {
            // Nothing of the model stands for it: only a kernel tree can show it.
            (None, _) if here.is_empty() => {}
            (None, _) => wrong.push(format!("{}: has sites, and no items", finding.number)),
            (Some(_), _) if here.is_empty() => {
                wrong.push(format!("{}: its page has no such site", finding.number));
            }
            (Some(_), []) => {
                let seen = before.shown_after(&edits(&plan, at));
                if tokens(&seen) != tokens(&page.after()) {
                    wrong.push(format!("{}: the tool writes\n{seen}", finding.number));
                }
                let (_, text) = plan.results().expect("a result").swap_remove(at);
                result =
                    rules::imports(&plan.sources[at], text, "gem-shmem", false).expect("imports");
            }
            (Some(_), by_hand) => {
                let said = format!("{} {}", page.instead(), page.after());
                for site in by_hand {
                    let Status::ByHand { reason, advice } = &site.status else {
                        continue;
                    };
                    for name in names_in(advice)
                        .into_iter()
                        .filter(|name| !said.contains(name))
                    {
                        wrong.push(format!(
                            "{}: the page says nothing of `{name}`: {reason}: {advice}",
                            finding.number
                        ));
                    }
                }
            }
        }
        if own {
            let (_, text) = plan.results().expect("a result").swap_remove(0);
            let text = rules::imports(&plan.sources[0], text, "gem-shmem", false).expect("imports");
            results.push(NewFile {
                path: files[0].clone(),
                text,
            });
        } else {
            results.push(NewFile {
                path: files[0].clone(),
                text: String::new(),
            });
        }
        results.push(NewFile {
            path: files[1].clone(),
            text: result,
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    results.extend(super::manifest::with_gem_uma(&krate.root, "gem-shmem").expect("a manifest"));
    check(&krate, &results, &target).expect("the code under `After` compiles");
}
