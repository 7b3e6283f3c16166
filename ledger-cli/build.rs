//! Packs the sample's seller data feeds into one compressed file, which the program carries.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let variable = |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let root = variable("CARGO_MANIFEST_DIR").join("../fixtures/seller-feeds/feeds");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    walk(&root, &mut files)?;
    files.sort();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for file in files {
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
