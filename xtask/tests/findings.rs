//! Every item of the base class stands for a finding, and every finding says what to do.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Visibility};
use xtask::findings::{self, Number};

/// What carries other items, and is found by them: a use of the carrier alone does nothing.
const CARRIERS: [(&str, &str); 7] = [
    ("Fields", "its fields are found one by one"),
    ("Flag", "found by the fields of this type"),
    ("Flag::get", "found by the field that it is called on"),
    ("Flag::set", "found by the field that it is called on"),
    ("ListNode", "found by the field of this type"),
    (
        "ListNode::is_linked",
        "found by the field that it is called on",
    ),
    (
        "Object::locked",
        "found by the field that is reached through it",
    ),
];

/// Public items of `gem_shmem::legacy`, by name, with the finding that each is marked with.
fn items() -> BTreeMap<String, Option<Number>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gem-shmem/src/legacy");
    let mut items = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the base class") {
        let path = entry.expect("a file").path();
        let file = syn::parse_file(&std::fs::read_to_string(&path).expect("text")).expect("Rust");
        file.items.iter().for_each(|item| collect(item, &mut items));
    }
    items
}

fn collect(item: &Item, items: &mut BTreeMap<String, Option<Number>>) {
    let mut add = |name: String, vis: &Visibility, attrs: &[Attribute], outer: &[Attribute]| {
        if matches!(vis, Visibility::Public(_)) {
            // A field without a mark of its own has that of its struct.
            items.insert(name, marked(attrs).or(marked(outer)));
        }
    };
    match item {
        Item::Fn(item) => add(item.sig.ident.to_string(), &item.vis, &item.attrs, &[]),
        Item::Struct(item) => {
            add(item.ident.to_string(), &item.vis, &item.attrs, &[]);
            if let Fields::Named(fields) = &item.fields {
                for field in &fields.named {
                    let name = field.ident.as_ref().expect("a name");
                    add(
                        format!("{}::{name}", item.ident),
                        &field.vis,
                        &field.attrs,
                        &item.attrs,
                    );
                }
            }
        }
        Item::Trait(item) => {
            add(item.ident.to_string(), &item.vis, &item.attrs, &[]);
            // Whoever implements or calls it names the trait, or has the type that is found.
            assert!(
                item.items
                    .iter()
                    .all(|item| matches!(item, TraitItem::Fn(_)))
            );
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let syn::Type::Path(of) = &*item.self_ty else {
                return;
            };
            let of = of.path.segments.last().expect("a type").ident.to_string();
            for function in &item.items {
                if let ImplItem::Fn(function) = function {
                    add(
                        format!("{of}::{}", function.sig.ident),
                        &function.vis,
                        &function.attrs,
                        &[],
                    );
                }
            }
        }
        _ => {}
    }
}

/// The number in `#[cfg_attr(feature = "locate", deprecated(note = "F03"))]`.
fn marked(attrs: &[Attribute]) -> Option<Number> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg_attr"))
        .find_map(|attr| {
            let text = quote::quote!(#attr).to_string();
            let note = text.split("note = \"").nth(1)?;
            note.split('"').next()?.parse().ok()
        })
}

#[test]
fn every_public_item_of_the_base_class_stands_for_a_finding() {
    let items = items();
    assert!(items.len() > 40, "{items:#?}");
    let unmarked: Vec<&String> = items
        .iter()
        .filter(|(name, number)| {
            number.is_none() && CARRIERS.iter().all(|(carrier, _)| carrier != name)
        })
        .map(|(name, _)| name)
        .collect();
    assert!(unmarked.is_empty(), "without a finding: {unmarked:?}");
    for (carrier, _) in CARRIERS {
        assert!(
            items.contains_key(carrier),
            "`{carrier}` is gone: take it off the list"
        );
    }
}

#[test]
fn every_finding_says_what_to_write_instead() {
    for finding in findings::all() {
        let page = finding.page();
        assert!(page.instead().len() > 20, "{}", finding.number);
        assert!(
            page.before() != page.after(),
            "{}: before and after are the same",
            finding.number
        );
        for (when, code) in [("before", page.before()), ("after", page.after())] {
            let body = format!("fn page() {{ {code} }}");
            let parses = syn::parse_file(&code).is_ok() || syn::parse_file(&body).is_ok();
            assert!(parses, "{} {when} is no Rust:\n{code}", finding.number);
        }
    }
}
