//! Writes the guides that are generated, all but plain text, Markdown and HTML, from their Markdown:
//! `cargo run -p dutiful-documents --example make_guides`.

mod generate;

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("guides");
    for generated in generate::all() {
        fs::write(folder.join(generated.file_name), generated.bytes)?;
        println!("{}", generated.file_name);
    }
    Ok(())
}
