//! C, as far as the survey reads it: tokens, trees, declarations and the types of expressions.
//!
//! Two readings stand side by side. The lexer ([`lex`]) sees every token of a file, whatever the
//! preprocessor makes of it; the parser ([`parse`]) gives structure. A name is found by the first and
//! understood by the second, so code that does not parse cannot hide a site: it is reported with
//! what the tokens alone tell.

pub(crate) mod callers;
pub(crate) mod clean;
pub(crate) mod database;
pub(crate) mod expand;
pub(crate) mod index;
pub(crate) mod infer;
pub(crate) mod lex;
pub(crate) mod locks;
pub(crate) mod parse;
pub(crate) mod usage;
