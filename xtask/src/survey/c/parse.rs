//! Trees of C files and of expressions.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// How long one file may take. Kernel files take milliseconds; only a file made to be hard comes
/// near.
const TIME: Duration = Duration::from_secs(20);
/// The largest file that is parsed, in bytes. Hand-written files are far below.
const SIZE: usize = 8 << 20;

/// What an expression is wrapped in to be parsed alone.
const BEFORE: &[u8] = b"void f(void){x=(";
const AFTER: &[u8] = b");}";

fn parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_c::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// Parses a file; `None` if it is too large or takes too long.
pub(crate) fn file(text: &[u8]) -> Option<Tree> {
    if text.len() > SIZE {
        return None;
    }
    let end = Instant::now() + TIME;
    let mut stop = |_: &tree_sitter::ParseState| {
        if Instant::now() < end {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    parser()?.parse_with_options(
        &mut |at, _| text.get(at..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut stop)),
    )
}

/// An expression parsed alone, with the text it stands in.
pub(crate) struct Expression {
    tree: Tree,
    text: Vec<u8>,
}

impl Expression {
    /// Parses `text` as one expression.
    pub(crate) fn parse(text: &[u8]) -> Option<Expression> {
        let text = [BEFORE, text, AFTER].concat();
        let tree = file(&text)?;
        Some(Expression { tree, text })
    }

    /// The expression's node; `None` if the text was none.
    pub(crate) fn node(&self) -> Option<Node<'_>> {
        let at = BEFORE.len();
        let inside = self
            .tree
            .root_node()
            .descendant_for_byte_range(at, self.text.len() - AFTER.len())?;
        let mut node = inside;
        // The range may meet the expression itself, the parentheses around it, or the assignment.
        if node.kind() == "assignment_expression" {
            node = node.child_by_field_name("right")?;
        }
        if node.kind() == "parenthesized_expression" && node.start_byte() < at {
            node = node.named_child(0)?;
        }
        (!matches!(
            node.kind(),
            "ERROR" | "compound_statement" | "translation_unit"
        ))
        .then_some(node)
    }

    /// The text the node's positions are in.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

/// The nodes from the root down to the smallest that spans `start..end`, found in one descent.
pub(crate) fn path<'t>(tree: &'t Tree, start: usize, end: usize) -> Vec<Node<'t>> {
    let mut cursor = tree.walk();
    let mut path = vec![cursor.node()];
    loop {
        if cursor.goto_first_child_for_byte(start).is_none() {
            return path;
        }
        // The first child that ends after `start`; it is ours only if it spans the whole.
        let node = cursor.node();
        if node.start_byte() > start || node.end_byte() < end {
            return path;
        }
        path.push(node);
    }
}

/// The text of a node.
pub(crate) fn text_of<'t>(node: Node<'_>, text: &'t [u8]) -> &'t str {
    text.get(node.byte_range())
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .unwrap_or("")
}
