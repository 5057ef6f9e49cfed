//! What the processes are told to look at after a step.
//!
//! **Invariant:** ids come from the model. What the kernel has beyond them shows in the sums of `SHM_INFO`.

use playground_core::machine::Machine;

/// What is to be looked at after a step: ids of segments and of sets.
pub struct Look {
    pub segments: Vec<i32>,
    pub sets: Vec<i32>,
}

impl Look {
    pub fn nothing() -> Look {
        Look { segments: Vec::new(), sets: Vec::new() }
    }

    pub fn segments(machine: &Machine, namespace: u64) -> Look {
        let namespace = machine.namespaces.get(&namespace).into_iter();
        let segments = namespace.flat_map(|namespace| namespace.segments.iter());
        Look { segments: segments.map(|segment| segment.permissions.id).collect(), sets: Vec::new() }
    }

    pub fn all(machine: &Machine, namespace: u64) -> Look {
        let sets = machine.namespaces.get(&namespace).into_iter().flat_map(|namespace| namespace.sets.iter());
        Look { sets: sets.map(|set| set.permissions.id).collect(), ..Look::segments(machine, namespace) }
    }
}
