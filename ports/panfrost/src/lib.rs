//! panfrost
