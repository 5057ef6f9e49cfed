//! What `/proc` tells of a process: its maps, its resident pages, its powers.
//!
//! **Invariant:** a line that cannot be read is no line; nothing else is left out.

use playground_core::sorted::SortedMap;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};

use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use playground_core::machine::{Capabilities, Host, Machine, Space};

use super::generate::WINDOW;
use super::perform::{KEY_FILES, faults, look_at_segment, read, syscall, vfork_with, write};
use super::script;

/// The word of a segment's record that counts its mappings.
const NATTCH: usize = 8;

/// Of how many pages of a mapping one looks whether they are there: it may be far longer than anything that was touched.
const LOOKED_AT: u64 = 1 << 12;

/// Whether there is such a process, be it one that only waits to be reaped.
pub fn is_child(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok()
}

/// Memory and swap, in pages.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc/meminfo");
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number")
    };
    (of("MemTotal:") + of("SwapTotal:")) * 1024 / page_size()
}

/// `RLIMIT_MEMLOCK` of this process.
pub fn memlock() -> Option<u64> {
    let limit = getrlimit(Resource::RLIMIT_MEMLOCK).expect("a limit").0;
    (limit != libc::RLIM_INFINITY).then_some(limit)
}

/// What a process may do, and what a program may that root starts from it: also root may have less than all.
pub fn capabilities_of(pid: u32) -> (Capabilities, Capabilities) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the status of a process");
    let of = |name: &str| {
        let word = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        script::capabilities(u64::from_str_radix(word.trim(), 16).expect("a number"))
    };
    (of("CapEff:"), of("CapBnd:"))
}

/// A line of `/proc/PID/maps`: the range, the rights, the offset, the inode and the name.
struct Line {
    start: u64,
    end: u64,
    rights: String,
    offset: u64,
    inode: u64,
    name: String,
}

fn line(text: &str) -> Option<Line> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (start, end) = words.first()?.split_once('-')?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    Some(Line {
        start: hex(start)?,
        end: hex(end)?,
        rights: (*words.get(1)?).to_owned(),
        offset: hex(words.get(2)?)?,
        inode: words.get(4)?.parse().ok()?,
        name: words.get(5).copied().unwrap_or_default().to_owned(),
    })
}

/// What `ftok` goes by: the device and the inode of each file that it is asked about.
pub fn key_files() -> SortedMap<String, (u64, u64)> {
    let paths = KEY_FILES.iter().map(|file| file.to_str().expect("a path").to_owned());
    let with_numbers = paths.filter_map(|path| {
        let file = fs::metadata(&path).ok()?;
        Some((path, (file.dev(), file.ino())))
    });
    with_numbers.collect()
}

/// The size of a page, in bytes.
fn page_size() -> u64 {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten();
    size.expect("the size of a page") as u64
}

/// This computer: what differs from kernel to kernel is found out by trying.
pub fn host() -> Host {
    let page = page_size();
    let mmap_min_addr = fs::read_to_string("/proc/sys/vm/mmap_min_addr").ok();
    Host {
        page_size: page,
        task_size: task_size(page),
        mmap_min_addr: mmap_min_addr.and_then(|text| text.trim().parse().ok()).unwrap_or(page).max(page),
        pieces_stay_apart: pieces_stay_apart(),
        limit_goes_before_cuts: limit_goes_before_cuts(),
        negative_set_goes_before_count: negative_set_goes_before_count(),
        settings_are_the_machines: settings_are_the_machines(),
        a_dump_ends_all: a_dump_ends_all(),
        first_store_faults: first_store_faults(),
        holes_shrink: mremap_of_nothing() == 0,
        mremap_takes_any_length: mremap_of_a_page_to_any_length() == libc::ENOMEM,
        ..Host::x86_64(memory())
    }
}

/// Where a process's addresses end: the highest page that can be mapped lies below it. Processors have addresses of
/// some number of bits, and x86-64 leaves the last page out.
fn task_size(page: u64) -> u64 {
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE) as u64;
    let is_below = |end: u64| {
        let (_, errno) = syscall(libc::SYS_mmap, [end - page, page, 0, flags, u64::MAX, 0]);
        if errno == 0 {
            syscall(libc::SYS_munmap, [end - page, page, 0, 0, 0, 0]);
        }
        errno == 0 || errno == libc::EEXIST
    };
    let ends = (36..=57).rev().flat_map(|bits| [1 << bits, (1 << bits) - page]);
    ends.into_iter().find(|end| is_below(*end)).expect("a page that can be mapped")
}

/// Attaches a segment of three pages, does something to it, and says how many mappings lead to it then.
fn mappings_after(change: impl FnOnce(u64)) -> u64 {
    let (id, errno) =
        syscall(libc::SYS_shmget, [0, 3 * page_size(), 0o600 | libc::IPC_CREAT as u64, 0, 0, 0]);
    assert_eq!(errno, 0, "a segment to try");
    let (address, errno) = syscall(libc::SYS_shmat, [id as u64, 0, 0, 0, 0, 0]);
    assert_eq!(errno, 0, "an attachment to try");
    change(address as u64);
    let mut mappings = 0;
    look_at_segment(id as u64, |word, value| {
        if word == NATTCH {
            mappings = value
        }
    });
    syscall(libc::SYS_shmdt, [address as u64, 0, 0, 0, 0, 0]);
    syscall(libc::SYS_shmctl, [id as u64, libc::IPC_RMID as u64, 0, 0, 0, 0]);
    mappings
}

/// Takes from two pages the right to be written, one after the other.
fn pieces_stay_apart() -> bool {
    let page = page_size();
    let protect = |start| syscall(libc::SYS_mprotect, [start, page, libc::PROT_READ as u64, 0, 0, 0]);
    let mappings = mappings_after(|start| {
        (0..2).for_each(|number| {
            protect(start + number * page);
        })
    });
    mappings == 3
}

/// Wants to map something else over the page in the middle, with no memory left that it may map.
fn limit_goes_before_cuts() -> bool {
    let page = page_size();
    let (now, most) = getrlimit(Resource::RLIMIT_AS).expect("a limit");
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED) as u64;
    let mappings = mappings_after(|start| {
        setrlimit(Resource::RLIMIT_AS, 0, most).expect("a lower limit");
        let (_, errno) = syscall(libc::SYS_mmap, [start + page, page, 1, flags, u64::MAX, 0]);
        setrlimit(Resource::RLIMIT_AS, now, most).expect("the limit as it was");
        assert_eq!(errno, libc::ENOMEM, "RLIMIT_AS");
    });
    mappings == 1
}

/// Makes a call with two mistakes.
fn negative_set_goes_before_count() -> bool {
    let ops = [0u64; 501];
    let (_, errno) = syscall(libc::SYS_semop, [u64::MAX, ops.as_ptr() as u64, ops.len() as u64, 0, 0, 0]);
    errno == libc::EINVAL
}

/// Opens a setting for writing, and writes nothing. Who is not root of anything is answered the same on every kernel.
fn settings_are_the_machines() -> bool {
    nix::unistd::geteuid().is_root()
        && fs::OpenOptions::new().write(true).open("/proc/sys/kernel/shmmni").is_err()
}

/// Has a child whose own child of `vfork` reads where nothing is mapped, and says whether that ends the first one, too.
fn a_dump_ends_all() -> bool {
    extern "C" fn read_nothing(_: *mut libc::c_void) -> libc::c_int {
        read(0, 1) as libc::c_int
    }
    // SAFETY: the child makes system calls, and ends.
    match unsafe { fork() }.expect("a process to try") {
        ForkResult::Child => {
            vfork_with(0, read_nothing, std::ptr::null_mut());
            // SAFETY: it ends the process, which has nothing to tidy up.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            let ended = waitpid(child, None);
            let reaped = waitpid(None, None);
            assert!(matches!(reaped, Ok(WaitStatus::Signaled(..))), "a child of vfork: {reaped:?}");
            !matches!(ended, Ok(WaitStatus::Exited(..)))
        }
    }
}

/// Reads a byte, then writes it.
fn first_store_faults() -> bool {
    let mut took = 0;
    mappings_after(|start| {
        let mut own = 0u8;
        write(std::ptr::from_mut(&mut own) as u64, 1, read(start, 1));
        let before = faults();
        write(start, 1, 0);
        took = faults() - before;
    });
    took > 0
}

/// Leaves a page as long as it is where none is.
fn mremap_of_nothing() -> i32 {
    syscall(libc::SYS_mremap, [WINDOW, page_size(), page_size(), 0, 0, 0]).1
}

/// Wants to make a page longer than all that a process may have.
fn mremap_of_a_page_to_any_length() -> i32 {
    let (page, mut errno) = (page_size(), 0);
    mappings_after(|start| errno = syscall(libc::SYS_mremap, [start + 2 * page, page, 1 << 62, 0, 0, 0]).1);
    errno
}

/// What a process has mapped, as the model is told it. The kernel looks for room below the highest mapping under the
/// stack.
pub fn space_of(pid: u32, host: &Host) -> Space {
    let text = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the maps of a process");
    let lines: Vec<Line> = text.lines().filter_map(line).filter(|line| line.start < host.task_size).collect();
    let top = lines.iter().take_while(|line| line.name != "[stack]").map(|line| line.end).max();
    Space::new(lines.iter().map(|line| (line.start, line.end)), top.unwrap_or_default())
}

/// Where a process's attachments and their resident pages are not what the model says.
pub fn memory_differs(machine: &Machine, pid: i32, real: u32) -> Option<String> {
    let page = machine.host.page_size;
    let text = fs::read_to_string(format!("/proc/{real}/maps")).unwrap_or_default();
    let attached = text.lines().filter(|text| text.contains("/SYSV")).filter_map(line);
    let kernel: Vec<_> = attached
        .map(|line| {
            let present = present(real, line.start, line.end, page).unwrap_or_default();
            (line.start, line.end, line.rights, line.offset, line.inode, present)
        })
        .collect();
    let space = &machine.spaces[&machine.processes[&pid].space];
    let model: Vec<_> = space
        .views()
        .map(|(mapping, view)| {
            let flag = |bit: u8, letter: char| if view.protection.bits() & bit != 0 { letter } else { '-' };
            let rights: String = [flag(1, 'r'), flag(2, 'w'), flag(4, 'x'), 's'].into_iter().collect();
            let (first, end) = (mapping.start / page, mapping.end / page);
            let present = space.present.range(first..end.min(first + LOOKED_AT)).count() as u64;
            (mapping.start, mapping.end, rights, view.offset * page, view.shmid as u64, present)
        })
        .collect();
    (kernel != model).then(|| format!("the memory of {pid} (start, end, rights, offset, inode, pages):\n  kernel {kernel:x?}\n  model  {model:x?}"))
}

/// How many of a range's first pages are in a process's page table: the highest bit of each word of
/// `/proc/PID/pagemap`.
fn present(pid: u32, start: u64, end: u64, page: u64) -> std::io::Result<u64> {
    let pages = ((end - start) / page).min(LOOKED_AT);
    let mut words = vec![0; 8 * pages as usize];
    fs::File::open(format!("/proc/{pid}/pagemap"))?.read_exact_at(&mut words, start / page * 8)?;
    let present = words.as_chunks::<8>().0.iter().filter(|word| u64::from_le_bytes(**word) >> 63 == 1);
    Ok(present.count() as u64)
}
