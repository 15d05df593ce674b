//! The list of commands: one module and one entry each, in the order of the help text.

mod completions;
mod envcheck;
mod fwd;
mod gomod_tag;
mod help;
mod kubecerts;
mod man;
mod mvn_unblock;

use crate::recipe::Recipe;

pub(crate) const RECIPES: &[Recipe] = &[
    fwd::RECIPE,
    kubecerts::RECIPE,
    envcheck::RECIPE,
    mvn_unblock::RECIPE,
    gomod_tag::RECIPE,
    completions::RECIPE,
    man::RECIPE,
    help::RECIPE,
];
