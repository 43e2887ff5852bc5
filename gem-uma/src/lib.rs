//! gem-uma
