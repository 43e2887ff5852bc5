//! The sites of one driver, with their lines of code.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::findings::{self, Number};
use crate::survey::report::{Driver, origin};
use crate::survey::sites::{Site, What};

/// One driver as Markdown: what it is, then its sites by finding.
pub fn driver(driver: &Driver, kernel: &str) -> String {
    let mut out = format!("# {} in {}\n\n", driver.name, origin(kernel));
    let _ = writeln!(
        out,
        "{}, {}, {} sites: {}.",
        driver.path,
        driver.class.as_str(),
        driver.sites.len(),
        driver.why.join("; ")
    );
    for (title, map) in [("Hooks", &driver.hooks), ("Operations", &driver.operations)] {
        if !map.is_empty() {
            let _ = writeln!(out, "\n{title}:\n");
            for (entry, values) in map {
                let _ = writeln!(out, "* `.{entry}` = `{}`", values.join("`, `"));
            }
        }
    }
    let mut groups: BTreeMap<Option<Number>, Vec<&Site>> = BTreeMap::new();
    for site in &driver.sites {
        groups.entry(site.finding).or_default().push(site);
    }
    for (number, sites) in groups {
        let title = match number.and_then(findings::find) {
            Some(finding) => finding.page().title().to_owned(),
            None => "Covered by no finding".to_owned(),
        };
        let _ = writeln!(out, "\n## {title}\n");
        for site in sites {
            let _ = write!(
                out,
                "    {}:{}: {} {}",
                site.file,
                site.line,
                says(site.what),
                site.symbol
            );
            if let Some(function) = &site.function {
                let _ = write!(out, " in {function}");
            }
            out.push('\n');
            if !site.code.is_empty() {
                let _ = writeln!(out, "        {}", site.code);
            }
        }
    }
    if !driver.unresolved.is_empty() {
        out.push_str("\n## Not judged\n\n");
        for it in &driver.unresolved {
            let _ = writeln!(out, "    {}:{}: whose `{}`?", it.file, it.line, it.name);
            if !it.code.is_empty() {
                let _ = writeln!(out, "        {}", it.code);
            }
        }
    }
    if driver.sites.iter().all(|site| site.code.is_empty()) {
        out.push_str("\nLines of code are shown when a kernel tree is given with `--kernel`.\n");
    }
    out
}

fn says(what: What) -> &'static str {
    match what {
        What::Call => "calls",
        What::Callback => "names",
        What::Macro => "uses",
        What::Embed => "embeds",
        What::TypeUse => "names the type",
        What::Downcast => "steps out of the base class to",
        What::Read => "reads",
        What::Write => "writes",
        What::ReadWrite => "changes",
        What::Free => "frees",
        What::Hook => "sets the hook",
        What::Override => "sets its own",
    }
}
