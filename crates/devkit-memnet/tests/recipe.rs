//! The code that the recipe page shows is the code of the examples, which run as tests.

use std::fs;
use std::path::Path;

#[test]
fn the_recipe_quotes_the_examples() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(here.join(file)).unwrap();
    let examples = [read("examples/grpc_health.rs"), read("examples/hyper.rs")];
    let page = read("../../docs/recipes/in-memory-grpc.md");
    let quotes: Vec<&str> =
        page.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(quotes.len() >= 4, "only {} blocks of code were found", quotes.len());
    for quote in quotes {
        assert!(examples.iter().any(|example| example.contains(quote)), "nobody runs:\n{quote}");
    }
}
