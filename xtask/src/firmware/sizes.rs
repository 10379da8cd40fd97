//! What a firmware takes of the chip's flash and memory.

use core::fmt;
use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    elf::Program,
    riscv,
    shell::{Result, capture},
};

/// Sizes of one firmware, bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct Sizes {
    /// The image, as it goes into the flash.
    pub(super) image: u64,
    /// Code that runs from the flash.
    pub(super) code: u64,
    /// Constants in the flash.
    pub(super) constants: u64,
    /// Static RAM: code that has to be in it, and variables, with those of all futures; without the heap.
    pub(super) ram: u64,
    /// Of that, the main task's future: the device with its service, and all they have under way.
    pub(super) task: u64,
    /// The heap, which only the radio's drivers use.
    pub(super) heap: u64,
    /// What is left for the stack.
    pub(super) stack: u64,
    /// Names and sizes, of everything that the linker placed.
    #[serde(skip)]
    pub(super) symbols: BTreeMap<String, u64>,
}

/// Sections of each kind, as esp-hal's linker scripts name them.
const CODE: &[&str] = &[".text"];
const CONSTANTS: &[&str] = &[".rodata", ".rodata.wifi", ".rodata_merge", ".flash.appdesc"];
const RAM: &[&str] = &[
    ".trap",
    ".rwtext",
    ".rwtext.wifi",
    ".data",
    ".data.wifi",
    ".bss",
    ".noinit",
    ".dram2_uninit",
];
/// Of a name that is longer, with all types that it is for, so much is kept, characters.
const LONGEST: usize = 150;
const STACK: &[&str] = &[".stack"];

impl Sizes {
    pub(super) fn of(program: &Path, image: &Path) -> Result<Self> {
        let program = Program::read(program)?;
        let sum = |names: &[&str]| names.iter().map(|name| program.section(name)).sum::<Result<u64>>();
        let mut symbols = BTreeMap::new();
        for (name, size) in program.symbols() {
            *symbols.entry(plain(name)).or_default() += size;
        }
        // The allocator has a static of that name, too, which manages the heaps.
        let all = |part: &str| -> u64 {
            let matching = symbols
                .iter()
                .filter(|(name, _)| name.ends_with(part) && !name.starts_with("esp_alloc"));
            matching.map(|(_, size)| size).sum()
        };
        let (heap, task) = (all("::HEAP"), all("::POOL"));
        Ok(Self {
            image: fs::metadata(image)?.len(),
            code: sum(CODE)?,
            constants: sum(CONSTANTS)?,
            ram: sum(RAM)?
                .checked_sub(heap)
                .ok_or("the heap is larger than the memory")?,
            task,
            heap,
            stack: sum(STACK)?,
            symbols,
        })
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            image,
            code,
            constants,
            ram,
            task,
            heap,
            stack,
            ..
        } = self;
        write!(f, "image {image}, code {code}, constants {constants}; ")?;
        write!(
            f,
            "static RAM {ram} (tasks {task}), heap {heap}, left for the stack {stack}"
        )
    }
}

/// A symbol as the source has it, without the compiler's hash, which is another one with each change.
fn plain(name: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(name));
    if name.len() <= LONGEST {
        return name;
    }
    let head: String = name.chars().take(LONGEST).collect();
    head + "..."
}

/// The compiler that builds for `target`: with another one, everything has another size.
pub(super) fn compiler(target: &str) -> Result<String> {
    let cargo = riscv::cargo(target, "firmware", &[])?;
    let rustc = cargo
        .get_envs()
        .find(|(name, _)| *name == "RUSTC")
        .and_then(|(_, value)| value);
    let mut rustc = std::process::Command::new(rustc.unwrap_or_else(|| "rustc".as_ref()));
    let version = capture(
        rustc
            .arg("--version")
            .current_dir(crate::shell::root().join("firmware")),
    )?;
    Ok(version.split_whitespace().nth(1).unwrap_or_default().to_owned())
}
