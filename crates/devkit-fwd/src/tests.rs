//! Rules of the library, as tables.
