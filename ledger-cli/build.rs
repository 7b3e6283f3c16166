//! Packs the sample's seller data feeds, bills and papers into one compressed file, which the program carries.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let variable = |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let fixtures = variable("CARGO_MANIFEST_DIR").join("../fixtures");
    let mut files = Vec::new();
    for (root, folder) in [("seller-feeds", "feeds"), ("sample", "bills"), ("sample", "papers")] {
        let root = fixtures.join(root);
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        let mut found = Vec::new();
        walk(&root.join(folder), &mut found)?;
        found.sort();
        files.extend(found.into_iter().map(|file| (root.clone(), file)));
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for (root, file) in files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let content = fs::read(&file)?;
        // Name and length on a line, then so many bytes: read back by `sample.rs`.
        writeln!(packed, "{} {name}", content.len())?;
        packed.write_all(&content)?;
    }
    fs::write(variable("OUT_DIR").join("sample.gz"), packed.finish()?)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
