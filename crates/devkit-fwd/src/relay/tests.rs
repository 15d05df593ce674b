//! The relay, over memory.
