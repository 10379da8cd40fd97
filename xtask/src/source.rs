//! The project's own Rust files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::shell::{Result, root};

/// One Rust file of the workspace.
pub(crate) struct Source {
    /// Path from the top folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    /// The crate's folder name.
    pub(crate) fn krate(&self) -> &str {
        let mut parts = self.path.iter().filter_map(|p| p.to_str());
        match parts.next() {
            Some("crates") => parts.next().unwrap_or_default(),
            Some(first) => first,
            None => "",
        }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        let is = |name: &str| self.path.iter().any(|p| p == name);
        is("tests") || is("tests.rs") || is("benches") || self.krate() == "landfall-testkit"
    }
}

/// All Rust files of the workspace, sorted by path.
pub(crate) fn all() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in ["crates", "xtask", "no-std"] {
        collect(&root().join(folder), &mut sources)?;
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn collect(folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|n| n != "target") {
                collect(&path, sources)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path)?;
            sources.push(Source {
                path: path.strip_prefix(root())?.to_path_buf(),
                text,
            });
        }
    }
    Ok(())
}
