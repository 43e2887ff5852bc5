//! What is known about the structures, functions and macros of a driver and of the DRM core.

use std::collections::HashMap;

/// A type, as far as field accesses need it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ty {
    /// A structure or union, or a pointer or array to it. How many stars there are does not matter:
    /// `.` and `->` both end at the same structure.
    Struct(String),
    /// Something that has no fields.
    Scalar,
}

/// Where a macro is defined, and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Macro {
    /// Its parameters; `None` for a macro without parentheses.
    pub(crate) parameters: Option<Vec<String>>,
    /// The file that defines it, as an index into the files read.
    pub(crate) file: usize,
    /// Where its body starts in that file.
    pub(crate) start: usize,
    /// Its body, cleaned, with continuations taken out of the way.
    pub(crate) body: Vec<u8>,
}

/// Declarations that every file of a driver sees.
#[derive(Debug, Default)]
pub(crate) struct Database {
    structs: HashMap<String, HashMap<String, Ty>>,
    functions: HashMap<String, Ty>,
    globals: HashMap<String, Ty>,
    typedefs: HashMap<String, Ty>,
    macros: HashMap<String, Vec<Macro>>,
}

impl Database {
    /// Adds a structure. A second one of the same name adds its fields.
    pub(crate) fn add_struct(&mut self, name: &str, fields: HashMap<String, Ty>) {
        self.structs
            .entry(name.to_owned())
            .or_default()
            .extend(fields);
    }

    /// Adds a function by what it returns.
    pub(crate) fn add_function(&mut self, name: &str, returns: Ty) {
        self.functions.insert(name.to_owned(), returns);
    }

    /// Adds a variable of file scope.
    pub(crate) fn add_global(&mut self, name: &str, ty: Ty) {
        self.globals.insert(name.to_owned(), ty);
    }

    /// Adds a name for a type.
    pub(crate) fn add_typedef(&mut self, name: &str, ty: Ty) {
        self.typedefs.insert(name.to_owned(), ty);
    }

    /// Adds a macro; there may be several of one name, for several configurations.
    pub(crate) fn add_macro(&mut self, name: &str, it: Macro) {
        self.macros.entry(name.to_owned()).or_default().push(it);
    }

    /// Adds everything of `other`; where both have a name, `other`'s stays.
    pub(crate) fn merge(&mut self, other: Database) {
        for (name, fields) in other.structs {
            self.structs.entry(name).or_default().extend(fields);
        }
        self.functions.extend(other.functions);
        self.globals.extend(other.globals);
        self.typedefs.extend(other.typedefs);
        for (name, list) in other.macros {
            self.macros.entry(name).or_default().extend(list);
        }
    }

    /// Forgets where macros are: their files are not kept.
    pub(crate) fn forget_files(&mut self) {
        for it in self.macros.values_mut().flatten() {
            it.file = usize::MAX;
        }
    }

    /// Whether a function, variable, type or structure of this name is declared.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.functions.contains_key(name)
            || self.globals.contains_key(name)
            || self.typedefs.contains_key(name)
            || self.structs.contains_key(name)
    }
}

/// A driver's own declarations in front of the core's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declarations<'a> {
    /// The driver's.
    pub(crate) own: &'a Database,
    /// The DRM core's.
    pub(crate) core: &'a Database,
}

impl<'a> Declarations<'a> {
    fn find<T>(
        &self,
        name: &str,
        map: impl Fn(&'a Database) -> &'a HashMap<String, T>,
    ) -> Option<&'a T> {
        map(self.own).get(name).or_else(|| map(self.core).get(name))
    }

    /// The type of a field. `None` if the structure or the field is not known.
    pub(crate) fn field(&self, of: &str, name: &str) -> Option<&'a Ty> {
        self.find(of, |db| &db.structs)
            .and_then(|fields| fields.get(name))
            .or_else(|| {
                self.core
                    .structs
                    .get(of)
                    .and_then(|fields| fields.get(name))
            })
    }

    /// Whether the structure's fields are known.
    pub(crate) fn knows_struct(&self, name: &str) -> bool {
        self.find(name, |db| &db.structs).is_some()
    }

    /// What a function returns.
    pub(crate) fn function(&self, name: &str) -> Option<&'a Ty> {
        self.find(name, |db| &db.functions)
    }

    /// The type of a variable of file scope.
    pub(crate) fn global(&self, name: &str) -> Option<&'a Ty> {
        self.find(name, |db| &db.globals)
    }

    /// The type a name stands for.
    pub(crate) fn typedef(&self, name: &str) -> Option<&'a Ty> {
        self.find(name, |db| &db.typedefs)
    }

    /// A macro, the first of its name.
    pub(crate) fn macro_named(&self, name: &str) -> Option<&'a Macro> {
        self.find(name, |db| &db.macros)?.first()
    }

    /// The structure of the variable that a use of macro `name` declares, if that is what it does:
    /// `DEFINE_THING(variable)`.
    pub(crate) fn declared_by(&self, name: &str) -> Option<Ty> {
        let it = self.macro_named(name)?;
        let body = String::from_utf8_lossy(&it.body);
        let mut words = body
            .split_whitespace()
            .skip_while(|word| matches!(*word, "static" | "const"));
        let (Some("struct"), Some(of), Some(variable)) = (words.next(), words.next(), words.next())
        else {
            return None;
        };
        let variable = variable.trim_end_matches([';', '=']);
        let first = it.parameters.as_ref()?.first()?;
        (variable == first).then(|| Ty::Struct(of.to_owned()))
    }

    /// The driver's own macros.
    pub(crate) fn own_macros(&self) -> impl Iterator<Item = (&'a str, &'a Macro)> {
        self.own
            .macros
            .iter()
            .flat_map(|(name, list)| list.iter().map(|it| (name.as_str(), it)))
    }

    /// Follows a chain of names for a type to what it is.
    pub(crate) fn resolve(&self, ty: Ty) -> Ty {
        let mut ty = ty;
        // A chain of names longer than this goes in a circle.
        for _ in 0..8 {
            let Ty::Struct(name) = &ty else { break };
            if self.knows_struct(name) {
                break;
            }
            match self.typedef(name) {
                Some(next) if *next != ty => ty = next.clone(),
                _ => break,
            }
        }
        ty
    }
}
