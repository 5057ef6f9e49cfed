//! What the kernel counts of each mapping of a segment, and when a segment goes. Source: shmop(2), shmctl(2).
//!
//! `shm_nattch` counts mappings, not processes: an attachment cut in two counts twice. Each mapping more sets
//! `shm_atime`, each one less sets `shm_dtime`, and both set `shm_lpid` to the process in which it happens.
//!
//! **Invariant:** `attached` is the number of mappings that lead to the segment. Whatever makes or ends one does it
//! through [`Machine::opened`] and [`Machine::closed`].

use super::Machine;
use super::namespace::Namespace;
use super::segment::Segment;
use super::space::{Mapping, View};

impl Machine {
    /// A mapping more.
    pub(super) fn opened(&mut self, pid: i32, mapping: &Mapping) {
        let now = self.seconds();
        let Some(segment) = mapping.view().and_then(|view| self.segment_mut(view)) else { return };
        (segment.attached, segment.atime, segment.lpid) = (segment.attached + 1, now, pid);
    }

    /// A mapping less. The last one takes a segment along that is marked.
    pub(super) fn closed(&mut self, pid: i32, mapping: &Mapping) {
        let now = self.seconds();
        let Some(view) = mapping.view() else { return };
        let Some(segment) = self.segment_mut(view) else { return };
        (segment.attached, segment.dtime, segment.lpid) = (segment.attached.saturating_sub(1), now, pid);
        self.remove_if_due(view.namespace, view.shmid);
        self.remove_unreachable(view.namespace);
    }

    /// A segment that a mapping leads to, in whatever namespace.
    pub(super) fn segment_mut(&mut self, view: &View) -> Option<&mut Segment> {
        self.namespace_mut(view.namespace)?.segments.find_mut(view.shmid)
    }

    /// Removes a segment that nobody has attached, if it is marked, or `kernel.shm_rmid_forced` marks all.
    pub(super) fn remove_if_due(&mut self, namespace: u64, shmid: i32) {
        if self.namespaces.get(&namespace).is_some_and(|namespace| is_due(namespace, shmid)) {
            self.remove_segment(namespace, shmid);
        }
    }

    /// Removes a segment: its pages, its promise, and what it takes of somebody's locked memory.
    pub(super) fn remove_segment(&mut self, namespace: u64, shmid: i32) {
        self.unlock(namespace, shmid);
        let page_size = self.host.page_size;
        let Some(namespace) = self.namespace_mut(namespace) else { return };
        if let Some(segment) = namespace.segments.remove(shmid) {
            namespace.shm_tot = namespace.shm_tot.saturating_sub(segment.size.div_ceil(page_size));
        }
    }
}

fn is_due(namespace: &Namespace, shmid: i32) -> bool {
    let forced = namespace.limits.shm_rmid_forced;
    namespace
        .segments
        .find(shmid)
        .is_ok_and(|segment| segment.attached == 0 && (segment.is_marked() || forced))
}
