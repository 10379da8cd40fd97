//! The machine: how an image starts, speaks and ends, and how a piece of work is measured.
//!
//! Speaking and ending is *semihosting*: an instruction sequence that a debugger, here QEMU, takes as a request. An
//! image defines `image`, which gives whether all went well.

use core::{
    arch::{asm, global_asm},
    fmt::{self, Write},
    panic::PanicInfo,
};

// Sets the stack, clears what has to begin as zero, and sends every trap to the end: none is expected.
global_asm!(
    ".section .init, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, __stack_top",
    "la t0, 3f",
    "csrw mtvec, t0",
    "la t0, __bss_start",
    "la t1, __bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: call {main}",
    ".balign 4",
    "3: csrr a0, mcause",
    "csrr a1, mepc",
    "call {trap}",
    ".text",
    main = sym main,
    trap = sym trap,
);

unsafe extern "Rust" {
    /// The image's own part.
    safe fn image() -> bool;
}

extern "C" fn main() -> ! {
    let good = image();
    exit(if good { 0 } else { 1 })
}

extern "C" fn trap(_cause: usize, _at: usize) -> ! {
    exit(3)
}

/// Ends the emulator with this status.
pub fn exit(status: u32) -> ! {
    /// The application ended by itself.
    const APPLICATION_EXIT: u32 = 0x20026;
    let block = [APPLICATION_EXIT, status];
    request(Operation::ExitExtended, block.as_ptr().addr());
    loop {
        core::hint::spin_loop();
    }
}

/// Ends with what the panic says.
pub fn panicked(info: &PanicInfo<'_>) -> ! {
    say(format_args!("{info}"));
    exit(2)
}

/// Prints a line.
pub fn say(line: fmt::Arguments<'_>) {
    let mut out = Out { text: [0; 128], len: 0 };
    // Formatting itself cannot fail here: the writer takes everything.
    let _ = writeln!(out, "{line}");
    out.flush();
}

/// Text on its way out, in pieces that end in a zero byte.
struct Out {
    text: [u8; 128],
    len: usize,
}

impl Out {
    fn flush(&mut self) {
        if let Some(end) = self.text.get_mut(self.len) {
            *end = 0;
            request(Operation::WriteText, self.text.as_ptr().addr());
        }
        self.len = 0;
    }
}

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.len + 1 == self.text.len() {
                self.flush();
            }
            if let Some(place) = self.text.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        Ok(())
    }
}

/// Requests of "Semihosting for AArch32 and AArch64", which the RISC-V semihosting specification takes over.
#[derive(Clone, Copy)]
enum Operation {
    WriteText = 0x04,
    ExitExtended = 0x20,
}

fn request(operation: Operation, argument: usize) {
    // SAFETY: the three instructions are the request's mark (RISC-V Semihosting, "Binary interface"): uncompressed, and
    // on one page because of the alignment. QEMU reads what `argument` points to, which outlives the call, and changes
    // a0 only.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".balign 16",
            "slli zero, zero, 0x1f",
            "ebreak",
            "srai zero, zero, 7",
            ".option pop",
            inlateout("a0") operation as u32 => _,
            in("a1") argument,
        );
    }
}

/// What a piece of work took.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Instructions.
    pub instructions: u64,
    /// Deepest stack below the caller, bytes.
    pub stack: usize,
}

/// Does `work` and measures it. The whole free stack is painted before, and looked through after.
#[inline(never)]
pub fn measure<R>(work: impl FnOnce() -> R) -> (R, Cost) {
    #[inline(never)]
    fn call<R>(work: impl FnOnce() -> R) -> R {
        work()
    }
    let (bottom, top) = (stack_bottom(), stack_pointer());
    for address in (bottom..top).step_by(4) {
        // SAFETY: between the stack's end and the stack pointer of this function, which calls nothing until it reads
        // the same words again, but for `work`.
        unsafe { (address as *mut u32).write_volatile(PAINT) };
    }
    let before = instructions();
    let result = call(work);
    let instructions = instructions() - before;
    // SAFETY: as above.
    let untouched = (bottom..top)
        .step_by(4)
        .take_while(|&address| unsafe { (address as *const u32).read_volatile() } == PAINT)
        .count();
    let stack = top - bottom - 4 * untouched;
    assert!(untouched > 0, "the stack is used up");
    (result, Cost { instructions, stack })
}

const PAINT: u32 = 0xa5c3_5a3c;

#[inline(always)]
fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

#[inline(always)]
fn stack_bottom() -> usize {
    unsafe extern "C" {
        safe static __stack_bottom: u32;
    }
    (&raw const __stack_bottom).addr()
}

/// Instructions since the machine started. The emulator counts them exactly with `-icount shift=0` only.
#[inline(always)]
fn instructions() -> u64 {
    loop {
        let (high, low, again): (u32, u32, u32);
        // SAFETY: reads counters.
        unsafe {
            asm!(
                "csrr {0}, minstreth",
                "csrr {1}, minstret",
                "csrr {2}, minstreth",
                out(reg) high, out(reg) low, out(reg) again,
                options(nostack, preserves_flags),
            );
        }
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}
