//! The function table: what only forwards to the base class goes, because the derive writes it; what the driver does itself stays
//! as functions of the type, named in `#[uma(..)]`.

use syn::visit::Visit;
use syn::{Expr, ImplItem, ImplItemFn, Stmt};

use super::{Edits, Refusal};
use crate::findings::Number;
use crate::migrate::context::Context;
use crate::migrate::edit::Edit;
use crate::migrate::model::{Model, ObjectType};
use crate::migrate::source::Source;

const F26: Number = Number(26);

/// What becomes of a function of the table.
enum Fate {
    /// The derive writes it.
    Forwarded,
    /// It stays, and the derive calls it.
    Own,
    /// It stays without its last statement, which freed the base class; the derive calls it before the parts go.
    Free {
        /// The bytes of that statement.
        last: std::ops::Range<usize>,
    },
}

/// What an operation answers that the table leaves out: the core's own answer, where the derive would write another.
const ABSENT: [(&str, &str); 6] = [
    ("print_info", "none"),
    ("get_sg_table", "refuse(ENOSYS)"),
    ("vmap", "refuse(EOPNOTSUPP)"),
    ("mmap", "refuse(EINVAL)"),
    // Without figures of its own, an object of the base class says nothing of its memory.
    ("status", "none"),
    ("rss", "none"),
];

fn fate(function: &ImplItemFn, source: &Source) -> Fate {
    let name = function.sig.ident.to_string();
    if name == "gem" {
        return Fate::Forwarded;
    }
    let stmts = &function.block.stmts;
    if let [only] = stmts.as_slice()
        && forwards(only, &name)
    {
        return Fate::Forwarded;
    }
    match stmts.last() {
        Some(last) if name == "free" && forwards(last, "free") => Fate::Free {
            last: source.range(last),
        },
        _ => Fate::Own,
    }
}

/// Whether a statement only calls the base class's function for this operation.
fn forwards(stmt: &Stmt, operation: &str) -> bool {
    let Stmt::Expr(expr, _) = stmt else {
        return false;
    };
    match expr {
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path)
            if path.path.segments.last().is_some_and(|last| is_adapter(&last.ident.to_string(), operation))),
        Expr::MethodCall(call) => {
            is_method(&call.method.to_string(), operation) && is_base(&call.receiver)
        }
        _ => false,
    }
}

/// Operations whose adapter has the operation's own name. A function of the driver may be called as the operation, too (`export`): that
/// forwards nothing.
const BARE: [&str; 3] = ["vm_open", "vm_close", "fault"];

fn is_adapter(name: &str, operation: &str) -> bool {
    name.strip_prefix("object_") == Some(operation)
        || (name == operation && BARE.contains(&operation))
}

fn is_method(name: &str, operation: &str) -> bool {
    match operation {
        "pin" => name == "pin_locked",
        "unpin" => name == "unpin_locked",
        _ => name == operation,
    }
}

fn is_base(expr: &Expr) -> bool {
    matches!(expr, Expr::Field(field) if matches!(&*field.base, Expr::Path(path) if path.path.is_ident("self")))
}

fn functions(item: &syn::ItemImpl) -> impl Iterator<Item = &ImplItemFn> {
    item.items.iter().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    })
}

/// The argument that only the last statement used.
fn unused_argument(function: &ImplItemFn, source: &Source) -> Option<Edit> {
    let Some(syn::FnArg::Typed(typed)) = function.sig.inputs.iter().nth(1) else {
        return None;
    };
    let syn::Pat::Ident(name) = &*typed.pat else {
        return None;
    };
    let mut uses = Uses {
        name: &name.ident,
        found: false,
    };
    let (_, rest) = function.block.stmts.split_last()?;
    rest.iter().for_each(|stmt| uses.visit_stmt(stmt));
    (!uses.found).then(|| Edit::insert(Number(14), source.range(&name.ident).start, "_"))
}

struct Uses<'n> {
    name: &'n syn::Ident,
    found: bool,
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.found |= ident == self.name;
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.found |= mac.tokens.to_string().contains(&self.name.to_string());
    }
}

/// A function of the type must not hide the operation of the same name, which others call.
fn own_name(function: &ImplItemFn, source: &Source) -> Edit {
    Edit::insert(F26, source.range(&function.sig.ident).end, "_own")
}

/// Whether the derive takes over the place that a site in the table stands in.
pub(super) fn is_taken_over(context: &Context<'_>, ty: &ObjectType<'_>, model: &Model<'_>) -> bool {
    let (Some((file, item)), Some(ImplItem::Fn(here))) = (ty.vtable, context.impl_item()) else {
        return true;
    };
    let source = &model.sources[file];
    functions(item)
        .find(|function| *function == here)
        .is_some_and(|function| match fate(function, source) {
            Fate::Forwarded => true,
            Fate::Own => false,
            Fate::Free { last } => last.contains(&context.site.start),
        })
}

/// The table as functions of the type, and the derive with its attributes on the struct.
pub(super) fn edits(ty: &ObjectType<'_>, model: &Model<'_>) -> Result<Edits, Refusal> {
    let (struct_file, item) = ty.item;
    let struct_source = &model.sources[struct_file];
    let Some((file, table)) = ty.vtable else {
        return Err(Refusal {
            reason: format!("the function table of `{}` is not an `impl` of this crate that can be seen", ty.name()),
            advice: "write `#[derive(UmaObject)]` on the struct, and `#[uma(open = ..)]` for what the driver does itself".to_owned(),
        });
    };
    let source = &model.sources[file];
    let mut edits = Vec::new();
    let mut answers = Vec::new();
    for function in functions(table) {
        let name = function.sig.ident.to_string();
        match fate(function, source) {
            Fate::Forwarded => edits.push((
                file,
                Edit::delete(F26, source.whole_item(source.range(function))),
            )),
            Fate::Own => {
                answers.push(format!("{name} = Self::{name}_own"));
                edits.push((file, own_name(function, source)));
            }
            Fate::Free { last } => {
                edits.push((file, Edit::delete(Number(14), source.whole_lines(last))));
                edits.extend(unused_argument(function, source).map(|edit| (file, edit)));
                edits.push((file, own_name(function, source)));
                answers.push("free_before = Self::free_own".to_owned());
            }
        }
    }
    for (operation, answer) in ABSENT {
        if functions(table).all(|function| function.sig.ident != operation) {
            answers.push(format!("{operation} = {answer}"));
        }
    }
    if functions(table).all(|function| matches!(fate(function, source), Fate::Forwarded)) {
        edits = vec![(
            file,
            Edit::delete(F26, source.whole_item(source.range(table))),
        )];
    } else if let Some((path, _)) = &table.trait_ {
        let header = source.range(path).start..source.range(&*table.self_ty).start;
        edits.push((file, Edit::delete(F26, header)));
    }
    let at = struct_source
        .range(&item.vis)
        .start
        .min(struct_source.range(&item.struct_token).start);
    let at = if struct_source.text_of(&item.vis).is_empty() {
        struct_source.range(&item.struct_token).start
    } else {
        at
    };
    let indent = struct_source.indent_at(at).to_owned();
    let mut attributes = format!("#[derive(UmaObject)]\n{indent}");
    if !answers.is_empty() {
        attributes.push_str(&format!("#[uma({})]\n{indent}", answers.join(", ")));
    }
    edits.push((struct_file, Edit::insert(Number(1), at, attributes)));
    Ok(edits)
}
