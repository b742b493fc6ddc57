//! A hint that memory is about to be written.
//!
//! Called by queues. A line that another processor has read must be taken from it before it can
//! be written, which takes longer than all the rest of a put; said in good time, that happens
//! meanwhile.
//!
//! When a process dies here, nothing is left behind.
//!
//! Source: "AMD64 Architecture Programmer's Manual", volume 3, on `PREFETCHW`.

/// The line at `address` is about to be written. Any address will do.
#[inline(always)]
pub(crate) fn for_writing(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint that changes nothing and never faults. Processors of this architecture that
    // do not know it do nothing.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
