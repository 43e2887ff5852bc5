//! Reads `#[uma(...)]`.

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Path, Result, Token, parenthesized};

use super::ast::{Answer, Kind, Override};

/// Collects errors, to show all of them.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn collect<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// The operations that an attribute can answer for, and whether they can be refused, or left out.
pub(crate) const OPERATIONS: [(&str, bool, bool); 18] = [
    ("open", true, false),
    ("close", false, false),
    ("free_before", false, false),
    ("free_after", false, false),
    ("print_info", false, true),
    ("export", true, false),
    ("pin", true, false),
    ("unpin", false, false),
    ("get_sg_table", true, false),
    ("vmap", true, false),
    ("vunmap", false, false),
    ("mmap", true, false),
    ("vm_open", false, false),
    ("vm_close", false, false),
    ("fault", false, false),
    ("evict", true, true),
    ("status", false, true),
    ("rss", false, true),
];

/// What the attribute of a field says; `None` for a field without.
pub(crate) fn field(field: &syn::Field) -> Result<Option<(Kind, Span)>> {
    let mut found: Option<(Kind, Span)> = None;
    for attr in field
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("uma"))
    {
        let name: Ident = attr.parse_args_with(|input: ParseStream<'_>| {
            let name: Ident = input.parse()?;
            if input.peek(Token![=]) {
                return Err(Error::new(
                    name.span(),
                    format!("`{name} = ...` answers for an operation: write it on the struct, `#[uma({name} = ...)]`"),
                ));
            }
            Ok(name)
        })?;
        let kind = Kind::ALL
            .iter()
            .find(|(_, known)| name == known)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| unknown(&name, "part", Kind::ALL.iter().map(|(_, known)| *known)))?;
        if found.is_some() {
            return Err(Error::new(
                name.span(),
                "a field is one part: remove one of its `#[uma(...)]`",
            ));
        }
        found = Some((kind, name.span()));
    }
    Ok(found)
}

impl Parse for Override {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident = input.parse()?;
        let Some(&(_, refusable, optional)) = OPERATIONS.iter().find(|(known, _, _)| name == known)
        else {
            if Kind::ALL.iter().any(|(_, known)| name == known) {
                return Err(Error::new(
                    name.span(),
                    format!("`{name}` is a part: write `#[uma({name})]` on its field"),
                ));
            }
            let known = OPERATIONS.iter().map(|(known, _, _)| *known);
            return Err(unknown(&name, "operation", known));
        };
        if !input.peek(Token![=]) {
            return Err(Error::new(
                name.span(),
                format!(
                    "what is the answer? write `{name} = PATH`, `{name} = refuse(ERRNO)` or `{name} = none`"
                ),
            ));
        }
        input.parse::<Token![=]>()?;
        let path: Path = input.parse()?;
        let answer = if path.is_ident("refuse") {
            if !refusable {
                return Err(Error::new_spanned(
                    path,
                    format!(
                        "`{name}` returns no error, so it cannot be refused: write `{name} = PATH`"
                    ),
                ));
            }
            let content;
            parenthesized!(content in input);
            Answer::Refuse(content.parse()?)
        } else if path.is_ident("none") {
            if !optional {
                let instead = if refusable { "refuse(ERRNO)" } else { "PATH" };
                return Err(Error::new_spanned(
                    path,
                    format!("`{name}` cannot be left out: write `{name} = {instead}`"),
                ));
            }
            Answer::None
        } else {
            Answer::Call(path)
        };
        Ok(Self { name, answer })
    }
}

/// What the attributes of the struct say of operations.
pub(crate) fn object(attrs: &[Attribute]) -> Result<Vec<Override>> {
    let mut overrides: Vec<Override> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("uma")) {
        let list = attr.parse_args_with(Punctuated::<Override, Token![,]>::parse_terminated)?;
        for found in list {
            if overrides.iter().any(|other| other.name == found.name) {
                return Err(Error::new(
                    found.name.span(),
                    format!("`{}` is answered for twice: remove one", found.name),
                ));
            }
            overrides.push(found);
        }
    }
    Ok(overrides)
}

fn unknown<'a>(name: &Ident, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
    let text = name.to_string();
    let near = known
        .clone()
        .map(|known| (strsim::damerau_levenshtein(&text, known), known))
        .min()
        .filter(|(distance, known)| *distance * 2 <= known.len());
    let all = known.collect::<Vec<_>>().join(", ");
    let message = match near {
        Some((_, known)) => {
            format!("there is no {what} `{text}`: did you mean `{known}`? (there are: {all})")
        }
        None => format!("there is no {what} `{text}`: there are {all}"),
    };
    Error::new(name.span(), message)
}
