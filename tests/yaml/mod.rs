//! `devkit-yaml` beside the programs whose YAML it reads.

mod corpus;
mod programs;
