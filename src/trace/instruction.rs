//! What an instruction has done to a watched word: whether it has read it, written it, or both, and whether at once.
//!
//! x86 instructions have no fixed length, and a thread stops *after* the one that touched the word. Decoding begins
//! at the start of the function, where it is known, or else at several places before; these agree after a few
//! instructions.
//!
//! **Invariant:** the bytes of the program decide, and what the processor said of the access: an instruction that
//! contradicts either is none.

use super::AccessKind;

/// What is known of one access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub kind: AccessKind,
    /// What was read, where a register still holds it.
    pub read: Option<u64>,
    /// What was written, where a register or the instruction itself holds it.
    pub written: Option<u64>,
    /// How much it adds or takes away, where a register or the instruction itself says so.
    pub adds: Option<u64>,
}

/// By which way through the program a thread has come where it stands, as far as one can tell at a glance.
#[derive(Debug)]
pub(super) struct Footprint {
    /// The place, how deep the stack is, and where the function returns to, if it keeps that where functions usually do.
    pub way: [u64; 3],
    /// What its last calls have left in the registers and beneath the stack.
    pub marks: Vec<u64>,
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Instructions, footprint, has_made_a_call};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::collections::HashMap;

    use iced_x86::{
        Code, Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
        Register,
    };
    use nix::libc::user_regs_struct;
    use nix::sys::ptrace;
    use nix::unistd::Pid;

    use super::super::memory;
    use super::{AccessKind, Decoded, Footprint};

    /// How far before a place decoding begins where no start of a function is known.
    const BEFORE: u64 = 64;
    /// A function longer than this is decoded from its middle.
    const LONGEST: u64 = 1 << 20;
    /// So many bytes beneath the stack are looked at: what calls that have returned have left there.
    const BENEATH: u64 = 512;

    /// The address of the next instruction of a stopped thread.
    fn pointer(tid: Pid) -> Option<u64> {
        ptrace::getregs(tid).ok().map(|registers| registers.rip)
    }

    /// Where a thread stands, and what it has left behind on its way there.
    pub fn footprint(tid: Pid) -> Option<Footprint> {
        let all = ptrace::getregs(tid).ok()?;
        let caller = memory::word(tid, all.rbp.wrapping_add(8), 8).unwrap_or(0);
        // A call may change these, and does.
        let mut marks =
            vec![all.rax, all.rcx, all.rdx, all.rsi, all.rdi, all.r8, all.r9, all.r10, all.r11, all.eflags];
        let beneath = memory::read(tid, all.rsp.wrapping_sub(BENEATH), BENEATH as usize).unwrap_or_default();
        marks.extend(beneath.as_chunks::<8>().0.iter().map(|bytes| u64::from_ne_bytes(*bytes)));
        Some(Footprint { way: [all.rip, all.rsp, caller], marks })
    }

    /// Whether the last instruction of a thread was a system call.
    pub fn has_made_a_call(tid: Pid) -> bool {
        const SYSCALL: [u8; 2] = [0x0f, 0x05];
        pointer(tid).is_some_and(|next| memory::read(tid, next - 2, 2).is_ok_and(|bytes| bytes == SYSCALL))
    }

    /// Instructions that were decoded before, by process and the address after them: loops meet few of them often.
    #[derive(Default)]
    pub struct Instructions {
        known: HashMap<(i32, u64, bool), Option<Instruction>>,
    }

    impl Instructions {
        /// What the thread's last instruction has done, and the address after it. `start` finds where the function begins.
        pub fn last(
            &mut self,
            tid: Pid,
            pid: i32,
            wrote: bool,
            start: impl FnOnce(u64) -> Option<u64>,
        ) -> Option<(Option<Decoded>, u64)> {
            let registers = Registers { tid, general: ptrace::getregs(tid).ok()? };
            let end = registers.general.rip;
            let key = (pid, end, wrote);
            let known = self.known.entry(key).or_insert_with(|| ending_at(tid, end, wrote, start(end)));
            Some((known.map(|instruction| decoded(&instruction, &registers)), end))
        }

        /// A process runs another program.
        pub fn forget(&mut self, pid: i32) {
            self.known.retain(|(owner, ..), _| *owner != pid);
        }
    }

    fn ending_at(tid: Pid, end: u64, wrote: bool, start: Option<u64>) -> Option<Instruction> {
        let from_start = start
            .filter(|start| end > *start && end - start < LONGEST)
            .and_then(|start| last_before(tid, start, end))
            .filter(|instruction| fits(instruction, wrote));
        from_start.or_else(|| by_majority(tid, end, wrote))
    }

    /// The instruction that ends at `end`, if decoding from `start` comes to one.
    fn last_before(tid: Pid, start: u64, end: u64) -> Option<Instruction> {
        let bytes = memory::read(tid, start, (end - start) as usize).ok()?;
        last_in(&bytes, start)
    }

    fn last_in(bytes: &[u8], start: u64) -> Option<Instruction> {
        let mut decoder = Decoder::with_ip(64, bytes, start, DecoderOptions::NONE);
        let mut last = None;
        while decoder.can_decode() {
            let instruction = decoder.decode();
            if instruction.is_invalid() {
                return None;
            }
            last = Some(instruction);
        }
        last
    }

    /// From wherever decoding begins, it falls into step with the program soon.
    fn by_majority(tid: Pid, end: u64, wrote: bool) -> Option<Instruction> {
        let bytes =
            (1..=BEFORE).rev().find_map(|before| memory::read(tid, end - before, before as usize).ok())?;
        let start = end - bytes.len() as u64;
        let mut votes: HashMap<u64, (usize, Instruction)> = HashMap::new();
        for skipped in 0..bytes.len() {
            let last = last_in(&bytes[skipped..], start + skipped as u64);
            if let Some(last) = last.filter(|instruction| fits(instruction, wrote)) {
                votes.entry(last.ip()).or_insert((0, last)).0 += 1;
            }
        }
        votes.into_values().max_by_key(|(count, _)| *count).map(|(_, instruction)| instruction)
    }

    /// Whether an instruction uses memory as the processor says.
    fn fits(instruction: &Instruction, wrote: bool) -> bool {
        access(instruction).is_some_and(|access| writes(access) == wrote)
    }

    /// How it uses memory, if it does: of several uses, as `push (mem)` makes them, the named one comes first.
    fn access(instruction: &Instruction) -> Option<OpAccess> {
        let mut factory = InstructionInfoFactory::new();
        factory.info(instruction).used_memory().first().map(|used| used.access())
    }

    fn writes(access: OpAccess) -> bool {
        use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
        matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
    }

    fn decoded(instruction: &Instruction, registers: &Registers) -> Decoded {
        let source = value(instruction, 1, registers);
        let plain = |kind, read, written| Decoded { kind, read, written, adds: None };
        match (access(instruction), instruction.mnemonic()) {
            (Some(OpAccess::Write | OpAccess::CondWrite), _) => plain(AccessKind::Write, None, source),
            (Some(access), mnemonic) if writes(access) => {
                let swaps = is_compare(instruction.code());
                if swaps && !is_zero_flag_set(registers) {
                    return plain(AccessKind::Read, Some(registers.general.rax), None);
                }
                let kind = match mnemonic {
                    Mnemonic::Xchg => AccessKind::Exchange,
                    _ if instruction.has_lock_prefix() => AccessKind::Atomic,
                    _ => AccessKind::ReadThenWrite,
                };
                let written = source.filter(|_| swaps);
                let read = match mnemonic {
                    Mnemonic::Xadd | Mnemonic::Xchg => source,
                    _ => Some(registers.general.rax).filter(|_| swaps),
                };
                Decoded { kind, read, written, adds: adds(mnemonic, source) }
            }
            (_, mnemonic) if is_load(mnemonic) => {
                plain(AccessKind::Read, value(instruction, 0, registers), None)
            }
            _ => plain(AccessKind::Read, None, None),
        }
    }

    /// Whether an instruction leaves in its register what it has read.
    fn is_load(mnemonic: Mnemonic) -> bool {
        use Mnemonic::{Mov, Movd, Movq, Movsd, Movss, Movsx, Movsxd, Movzx, Vmovd, Vmovq, Vmovsd, Vmovss};
        let loads = [Mov, Movd, Movq, Movsd, Movss, Movsx, Movsxd, Movzx, Vmovd, Vmovq, Vmovsd, Vmovss];
        loads.contains(&mnemonic)
    }

    /// How much an instruction adds or takes away.
    fn adds(mnemonic: Mnemonic, source: Option<u64>) -> Option<u64> {
        match mnemonic {
            Mnemonic::Add | Mnemonic::Sub => source,
            Mnemonic::Or => source.filter(|source| *source == 0),
            Mnemonic::Inc | Mnemonic::Dec => Some(1),
            _ => None,
        }
    }

    fn is_compare(code: Code) -> bool {
        use Code::{Cmpxchg_rm8_r8, Cmpxchg_rm16_r16, Cmpxchg_rm32_r32, Cmpxchg_rm64_r64};
        matches!(code, Cmpxchg_rm8_r8 | Cmpxchg_rm16_r16 | Cmpxchg_rm32_r32 | Cmpxchg_rm64_r64)
    }

    fn is_zero_flag_set(registers: &Registers) -> bool {
        registers.general.eflags & 1 << 6 != 0
    }

    /// What an operand holds now, if it is a number or a register.
    fn value(instruction: &Instruction, operand: u32, registers: &Registers) -> Option<u64> {
        if operand >= instruction.op_count() {
            return None;
        }
        match instruction.op_kind(operand) {
            OpKind::Register => registers.held(instruction.op_register(operand)),
            OpKind::Memory => None,
            _ => instruction.try_immediate(operand).ok(),
        }
    }

    /// The registers of a stopped thread.
    struct Registers {
        tid: Pid,
        general: user_regs_struct,
    }

    impl Registers {
        /// What a register holds: of a wide one, the lowest eight bytes.
        fn held(&self, register: Register) -> Option<u64> {
            if register.is_xmm() { self.floating(register.number()) } else { held(register, &self.general) }
        }

        fn floating(&self, number: usize) -> Option<u64> {
            let all = ptrace::getregset::<ptrace::regset::NT_PRFPREG>(self.tid).ok()?;
            let words = all.xmm_space.as_chunks::<4>().0.get(number)?;
            Some(u64::from(words[1]) << 32 | u64::from(words[0]))
        }
    }

    fn held(register: Register, all: &user_regs_struct) -> Option<u64> {
        let whole = match register.full_register() {
            Register::RAX => all.rax,
            Register::RBX => all.rbx,
            Register::RCX => all.rcx,
            Register::RDX => all.rdx,
            Register::RSI => all.rsi,
            Register::RDI => all.rdi,
            Register::RBP => all.rbp,
            Register::RSP => all.rsp,
            Register::R8 => all.r8,
            Register::R9 => all.r9,
            Register::R10 => all.r10,
            Register::R11 => all.r11,
            Register::R12 => all.r12,
            Register::R13 => all.r13,
            Register::R14 => all.r14,
            Register::R15 => all.r15,
            _ => return None,
        };
        Some(match register.size() {
            8 => whole,
            size => whole & ((1 << (8 * size)) - 1),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn kind(bytes: &[u8], zero_flag: bool) -> AccessKind {
            let instruction = last_in(bytes, 0x1000).expect("an instruction");
            // SAFETY: the struct is made of numbers, for which zeros are values.
            let mut general: user_regs_struct = unsafe { std::mem::zeroed() };
            general.eflags = u64::from(zero_flag) << 6;
            let registers = Registers { tid: Pid::this(), general };
            decoded(&instruction, &registers).kind
        }

        #[test]
        fn each_way_to_use_a_word_is_told_from_the_others() {
            let cases: [(&[u8], AccessKind); 8] = [
                (&[0x8b, 0x07], AccessKind::Read),                // mov (%rdi),%eax
                (&[0x39, 0x07], AccessKind::Read),                // cmp %eax,(%rdi)
                (&[0x89, 0x07], AccessKind::Write),               // mov %eax,(%rdi)
                (&[0x83, 0x07, 0x01], AccessKind::ReadThenWrite), // addl $1,(%rdi)
                (&[0xf0, 0x83, 0x07, 0x01], AccessKind::Atomic),  // lock addl $1,(%rdi)
                (&[0xf0, 0x0f, 0xc1, 0x07], AccessKind::Atomic),  // lock xadd %eax,(%rdi)
                (&[0x0f, 0xc1, 0x07], AccessKind::ReadThenWrite), // xadd %eax,(%rdi)
                (&[0x87, 0x07], AccessKind::Exchange),            // xchg %eax,(%rdi), locked by itself
            ];
            for (bytes, expected) in cases {
                assert_eq!(kind(bytes, true), expected, "{bytes:x?}");
            }
        }

        #[test]
        fn a_compare_and_swap_that_failed_has_only_read() {
            let locked = [0xf0, 0x0f, 0xb1, 0x0f]; // lock cmpxchg %ecx,(%rdi)
            assert_eq!(kind(&locked, true), AccessKind::Atomic);
            assert_eq!(kind(&locked, false), AccessKind::Read);
            assert_eq!(kind(&locked[1..], true), AccessKind::ReadThenWrite);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) use unknown::{Instructions, footprint, has_made_a_call};

/// Machines whose watchpoints are not known need no decoder.
#[cfg(not(target_arch = "x86_64"))]
mod unknown {
    use nix::unistd::Pid;

    use super::{Decoded, Footprint};

    #[derive(Default)]
    pub struct Instructions;

    impl Instructions {
        pub fn last(
            &mut self,
            _: Pid,
            _: i32,
            _: bool,
            _: impl FnOnce(u64) -> Option<u64>,
        ) -> Option<(Option<Decoded>, u64)> {
            None
        }

        pub fn forget(&mut self, _: i32) {}
    }

    pub fn footprint(_: Pid) -> Option<Footprint> {
        None
    }

    pub fn has_made_a_call(_: Pid) -> bool {
        false
    }
}
