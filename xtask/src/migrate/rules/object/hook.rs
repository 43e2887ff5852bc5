//! The creation hook (F02): it gets an object that is being made, and builds the parts from it.

use syn::visit::{self, Visit};
use syn::{Expr, ExprField, ExprStruct, FnArg, ImplItem, ImplItemFn, Member, Pat, Stmt};

use super::{Edits, Refusal, definition};
use crate::findings::Number;
use crate::migrate::edit::Edit;
use crate::migrate::model::{Model, ObjectType};
use crate::migrate::source::Source;

const F02: Number = Number(2);

/// The hook as a function of the type, and the parts in its struct expression.
pub(super) fn edits(ty: &ObjectType<'_>, model: &Model<'_>) -> Result<Edits, Refusal> {
    let Some((file, item)) = ty.hook else {
        return Ok(Vec::new());
    };
    let source = &model.sources[file];
    let refuse = |reason: &str| {
        Refusal {
        reason: reason.to_owned(),
        advice: "build the parts from `New`: `Self { backing: Backing::new(&new, ..), .., gem: new.into_gem() }`".to_owned(),
    }
    };
    let [ImplItem::Fn(hook)] = item.items.as_slice() else {
        return Err(refuse("the hook's `impl` has more than the hook"));
    };
    let (Some(dev), Some(base)) = (argument(hook, 0), argument(hook, 1)) else {
        return Err(refuse("the arguments of the hook are no plain names"));
    };
    let mut scan = Scan {
        base: &base,
        dev: &dev,
        source,
        flags: Flags::default(),
        built: Vec::new(),
        sizes: Vec::new(),
        dev_used: false,
        elsewhere: false,
    };
    scan.visit_block(&hook.block);
    if scan.elsewhere {
        return Err(refuse(
            "the hook does more with the base class than to set its flags and to move it into the object",
        ));
    }
    let [built] = scan.built.as_slice() else {
        return Err(refuse(
            "the object is not built by one struct expression with the base class in it",
        ));
    };
    let mut edits = Vec::new();
    // `impl CreateObject for T` becomes `impl T`.
    let Some((path, _)) = &item.trait_ else {
        return Err(refuse("the hook is in no trait"));
    };
    let header = source.range(path).start..source.range(&*item.self_ty).start;
    edits.push((file, Edit::delete(F02, header)));
    let signature = source.range(&hook.sig);
    let (indent, name) = (
        source.indent_at(source.range(hook).start).to_owned(),
        ty.constructor(),
    );
    let doc = if hook.attrs.is_empty() {
        format!("/// Builds the parts of an object that is being made.\n{indent}")
    } else {
        String::new()
    };
    let new_signature = format!("{doc}pub fn {name}(new: New) -> Result<Self>");
    edits.push((file, Edit::replace(F02, signature, new_signature)));
    if scan.dev_used {
        let at = source.range(&hook.block).start + 1;
        edits.push((
            file,
            Edit::insert(
                F02,
                at,
                format!("\n{indent}    let {dev} = &new.dev().clone();"),
            ),
        ));
    }
    for (finding, range, new) in &scan.flags.edits {
        edits.push((
            file,
            Edit::replace(Number(*finding), range.clone(), new.clone()),
        ));
    }
    for range in &scan.sizes {
        edits.push((file, Edit::replace(F02, range.clone(), "new")));
    }
    edits.push((
        file,
        Edit::replace(F02, built.clone(), parts(ty, model, &scan.flags)),
    ));
    Ok(edits)
}

/// What the hook says of the object by writing flags.
#[derive(Default)]
struct Flags {
    /// Whether CPU mappings are write-combined, as an expression.
    write_combined: Option<String>,
    dirty: bool,
    edits: Vec<(u8, std::ops::Range<usize>, String)>,
}

/// The parts, as fields of the struct expression. The header comes last: it consumes what the others are built from.
fn parts(ty: &ObjectType<'_>, model: &Model<'_>, flags: &Flags) -> String {
    let caching = match flags.write_combined.as_deref() {
        None | Some("false") => String::new(),
        Some("true") => ".caching(Caching::WriteCombined)".to_owned(),
        Some(_) => {
            ".caching(if write_combined { Caching::WriteCombined } else { Caching::Cached })"
                .to_owned()
        }
    };
    let dirty = if flags.dirty || model.marks_dirty(&ty.name()) {
        ".dirty(true)"
    } else {
        ""
    };
    let mut fields: Vec<String> = definition::needed(model)
        .filter(|(field, ..)| *field != "gem")
        .map(|(field, _, part, _)| {
            let options = match field {
                "backing" => format!(", BackingOptions::as_base_class(){dirty}"),
                "cmap" => format!(", CpuMapOptions::as_base_class(){caching}"),
                "reclaim" => ", ReclaimOptions::as_base_class()".to_owned(),
                "share" => ", ShareOptions::default()".to_owned(),
                _ => String::new(),
            };
            format!("{}: {part}::new(&new{options})", model.names.of(field))
        })
        .collect();
    fields.push(format!("{}: new.into_gem()", model.names.of("gem")));
    fields.join(", ")
}

fn argument(hook: &ImplItemFn, at: usize) -> Option<String> {
    match hook.sig.inputs.iter().nth(at)? {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

struct Scan<'s> {
    base: &'s str,
    dev: &'s str,
    source: &'s Source,
    flags: Flags,
    /// The field of the struct expression that the base class is moved into.
    built: Vec<std::ops::Range<usize>>,
    /// `base.base`, the header.
    sizes: Vec<std::ops::Range<usize>>,
    dev_used: bool,
    /// Whether the base class is used in a way that no part has.
    elsewhere: bool,
}

impl Scan<'_> {
    fn is_base(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Path(path) if path.path.is_ident(self.base))
    }

    /// `base.FLAG.set(VALUE);`
    fn flag(&mut self, stmt: &Stmt) -> bool {
        let Stmt::Expr(Expr::MethodCall(call), Some(_)) = stmt else {
            return false;
        };
        let (Expr::Field(field), true) = (&*call.receiver, call.method == "set") else {
            return false;
        };
        if !self.is_base(&field.base) {
            return false;
        }
        let (Member::Named(name), Some(value)) = (&field.member, call.args.first()) else {
            return false;
        };
        let value = self.source.text_of(value).to_owned();
        let range = self.source.range(stmt);
        match name.to_string().as_str() {
            "map_wc" => {
                let constant = value == "true" || value == "false";
                let (range, new) = if constant {
                    (self.source.whole_lines(range), String::new())
                } else {
                    (range, format!("let write_combined = {value};"))
                };
                self.flags.edits.push((10, range, new));
                self.flags.write_combined = Some(value);
            }
            // The backing knows when its pages were used.
            "pages_mark_accessed_on_put" => {
                let range = self.source.whole_lines(range);
                self.flags.edits.push((12, range, String::new()));
            }
            "pages_mark_dirty_on_put" if value == "true" => {
                self.flags
                    .edits
                    .push((11, self.source.whole_lines(range), String::new()));
                self.flags.dirty = true;
            }
            _ => return false,
        }
        true
    }
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        if self.flag(stmt) {
            // Its value may use the device.
            if let Stmt::Expr(Expr::MethodCall(call), _) = stmt {
                call.args.iter().for_each(|arg| self.visit_expr(arg));
            }
        } else {
            visit::visit_stmt(self, stmt);
        }
    }

    fn visit_expr_struct(&mut self, expr: &'ast ExprStruct) {
        for field in &expr.fields {
            if self.is_base(&field.expr) {
                self.built.push(self.source.range(field));
            } else {
                self.visit_expr(&field.expr);
            }
        }
    }

    fn visit_expr_field(&mut self, field: &'ast ExprField) {
        if self.is_base(&field.base)
            && matches!(&field.member, Member::Named(name) if name == "base")
        {
            self.sizes.push(self.source.range(field));
        } else {
            visit::visit_expr_field(self, field);
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.dev_used |= path.path.is_ident(self.dev);
        self.elsewhere |= path.path.is_ident(self.base);
    }
}
