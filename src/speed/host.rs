//! What a measurement stands on, and what of it could not be controlled.

use std::fs;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::figures::Results;

/// The CPUs that this process may use, and how two of them are related.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The CPUs for the two processes: two of different cores, if there are such; the same one twice, if there is one.
    pub cpus: [usize; 2],
    /// How many there are to choose from.
    pub allowed: usize,
    /// Whether a process may be kept on a CPU.
    pub pins: bool,
    /// Whether both are threads of one core, which they share.
    pub one_core: bool,
    steal: Option<Steal>,
}

/// `/proc/stat`: time that the hypervisor gave to others, and all time, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Steal {
    stolen: u64,
    all: u64,
}

fn tracer_in(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    line.and_then(|pid| pid.trim().parse().ok()).filter(|pid| *pid != 0)
}

impl Host {
    /// Looks at the host as it is now.
    pub fn look() -> Host {
        let this = Pid::from_raw(0);
        let mask = sched_getaffinity(this);
        // What is set is what was there: this asks only whether one may.
        let pins = mask.is_ok_and(|mask| sched_setaffinity(this, &mask).is_ok());
        let allowed: Vec<usize> = mask.map_or_else(|_| vec![0], |mask| members(&mask));
        let first = allowed.first().copied().unwrap_or(0);
        let siblings = siblings_of(first);
        let apart = allowed.iter().skip(1).find(|cpu| !siblings.contains(cpu));
        let second = apart.or(allowed.get(1)).copied().unwrap_or(first);
        let one_core = second != first && siblings.contains(&second);
        Host { cpus: [first, second], allowed: allowed.len(), pins, one_core, steal: steal() }
    }

    /// Whether two processes can run at the same time.
    pub fn has_two(&self) -> bool {
        self.allowed > 1
    }

    /// Who traces this process, by `TracerPid` in `/proc/self/status`: strace, a debugger.
    pub fn tracer(&self) -> Option<u32> {
        tracer_in(&fs::read_to_string("/proc/self/status").unwrap_or_default())
    }

    /// Whether this is a debug build.
    pub fn is_debug(&self) -> bool {
        cfg!(debug_assertions)
    }

    /// What a reader of these figures should know, each with its name: to be asked when all is measured.
    pub fn told(&self, figures: &Results) -> Vec<[String; 2]> {
        let row = |name: &str, value: String| [name.to_owned(), value];
        vec![
            row("build", if self.is_debug() { "debug: not to be believed" } else { "release" }.to_owned()),
            row("rounds", rounds(figures)),
            row("processors", self.processors()),
            row("frequency", frequency(self.cpus[0])),
            row("other load", load()),
            row("steal time", self.stolen()),
        ]
    }

    fn processors(&self) -> String {
        let [first, second] = self.cpus;
        let kept = if self.pins { "pinned to" } else { "not pinned; there are" };
        match (self.has_two(), self.one_core) {
            (false, _) => format!("one only, CPU {first}: whoever spins keeps the other from running"),
            (true, true) => format!("{kept} CPU {first} and {second}, two threads of one core"),
            (true, false) => format!("{kept} CPU {first} and {second}, of {} allowed", self.allowed),
        }
    }

    fn stolen(&self) -> String {
        match (self.steal, steal()) {
            (Some(before), Some(after)) if after.all > before.all => {
                let share = 100.0 * (after.stolen - before.stolen) as f64 / (after.all - before.all) as f64;
                format!("{share:.1} % of the time went to other virtual machines")
            }
            _ => "not known here (/proc/stat)".to_owned(),
        }
    }
}

fn members(mask: &CpuSet) -> Vec<usize> {
    (0..CpuSet::count()).filter(|&cpu| mask.is_set(cpu).unwrap_or(false)).collect()
}

/// The CPUs that are threads of the same core, itself among them.
fn siblings_of(cpu: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    fs::read_to_string(path).map_or_else(|_| vec![cpu], |text| list(&text))
}

/// A list as the kernel writes it: `0,4` or `0-3,8`.
fn list(text: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.trim().split(',').filter_map(range).flatten().collect()
}

fn rounds(figures: &Results) -> String {
    let Results { rounds: finished, planned, .. } = *figures;
    let word = if finished < planned { ": the machine was too busy for more in this time" } else { "" };
    format!("{finished} of {planned}, in turn{word}")
}

fn frequency(cpu: usize) -> String {
    let read = |name: &str| fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/{name}"));
    match (read("scaling_governor"), read("scaling_cur_freq")) {
        (Ok(governor), Ok(now)) => {
            let megahertz = now.trim().parse::<u64>().unwrap_or(0) / 1000;
            format!("{megahertz} MHz now, governor {}", governor.trim())
        }
        _ => "not shown by this machine; it may change meanwhile".to_owned(),
    }
}

fn load() -> String {
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = average.split(' ').next().unwrap_or_default();
    if minute.is_empty() {
        "not known here (/proc/loadavg)".to_owned()
    } else {
        format!("load average {minute}, ourselves included")
    }
}

fn steal() -> Option<Steal> {
    steal_in(&fs::read_to_string("/proc/stat").ok()?)
}

/// The first line: `cpu user nice system idle iowait irq softirq steal …`; what follows is counted in the first two.
fn steal_in(stat: &str) -> Option<Steal> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
    Some(Steal { stolen: *ticks.get(7)?, all: ticks.iter().sum() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tracer_is_read_from_the_status() {
        assert_eq!(tracer_in("Name:\tsleep\nTracerPid:\t4711\nUid:\t0\n"), Some(4711));
        assert_eq!(tracer_in("TracerPid:\t0\n"), None);
    }

    #[test]
    fn lists_of_processors_are_ranges_and_numbers() {
        assert_eq!(list("0-2,8\n"), [0, 1, 2, 8]);
        assert_eq!(list("3"), [3]);
    }

    #[test]
    fn stolen_time_is_the_eighth_number() {
        let stat = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3\n";
        assert_eq!(steal_in(stat), Some(Steal { stolen: 8, all: 36 }));
        assert_eq!(steal_in("cpu 1 2 3\n"), None);
    }

    #[test]
    fn the_ground_names_a_processor_that_is_there() {
        let host = Host::look();
        assert_eq!(host.has_two(), host.cpus[0] != host.cpus[1]);
        assert_eq!(host.told(&Results::default()).len(), 6);
    }
}
