//! What is in a linked program: sizes of its sections and symbols.

use std::{fs, path::Path};

use object::{Object, ObjectSection, ObjectSymbol};

use crate::shell::Result;

/// A linked program.
pub(crate) struct Program {
    sections: Vec<(String, u64)>,
    symbols: Vec<(String, u64)>,
}

impl Program {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let file = object::File::parse(&*bytes).map_err(|e| format!("{} is no ELF file: {e}", path.display()))?;
        let sections = file
            .sections()
            .map(|section| (section.name().unwrap_or_default().to_owned(), section.size()));
        let symbols = file
            .symbols()
            .filter(|symbol| symbol.size() > 0)
            .map(|symbol| (symbol.name().unwrap_or_default().to_owned(), symbol.size()));
        Ok(Self {
            sections: sections.collect(),
            symbols: symbols.collect(),
        })
    }

    /// Bytes of the section with this name; an error if there is none, so that no renamed one counts as nothing.
    pub(crate) fn section(&self, name: &str) -> Result<u64> {
        let found = self.sections.iter().find(|(own, _)| own == name);
        Ok(found.ok_or_else(|| format!("no section {name}"))?.1)
    }

    /// Names (as the compiler mangled them) and sizes, bytes, the largest first.
    pub(crate) fn symbols(&self) -> Vec<(&str, u64)> {
        let mut symbols: Vec<_> = self.symbols.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        symbols.sort_by_key(|&(name, size)| (core::cmp::Reverse(size), name));
        symbols
    }
}
