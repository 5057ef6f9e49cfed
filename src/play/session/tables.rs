//! The kernel's tables as `ipcs` and `/proc` show them, and what a line has changed in them.

use playground_core::machine::{Mapping, Protection, Segment, Set, Target};

use super::told::Told;
use super::world::World;
use crate::language::Table;

/// The rows of `ipcs -m` and `ipcs -s`.
pub(super) fn ipcs(world: &World, table: Option<Table>) -> Vec<String> {
    let mut lines = Vec::new();
    if table != Some(Table::Sets) {
        lines.push("------ Shared Memory Segments --------".to_owned());
        lines.push("key        shmid      owner      perms      bytes      nattch     status".to_owned());
        lines.extend(world.segments().map(segment_row));
    }
    if table != Some(Table::Segments) {
        lines.push("------ Semaphore Arrays --------".to_owned());
        lines.push("key        semid      owner      perms      nsems".to_owned());
        lines.extend(world.sets().map(set_row));
    }
    lines
}

/// `ipcs -m -i ID`, without the times: IPC_STAT tells them, and here they may be a model's.
pub(super) fn segment_record(world: &World, id: i32) -> Option<Vec<String>> {
    let segment = world.segments().find(|segment| segment.permissions.id == id)?;
    let p = &segment.permissions;
    Some(vec![
        format!("Shared memory Segment shmid={id}"),
        format!("uid={} gid={} cuid={} cgid={}", p.uid, p.gid, p.cuid, p.cgid),
        format!("mode=0{:03o} access_perms=0{:03o}", p.mode, p.mode & 0o777),
        format!(
            "bytes={} lpid={} cpid={} nattch={}",
            segment.size, segment.lpid, segment.cpid, segment.attached
        ),
    ])
}

/// `ipcs -s -i ID`, without the times.
pub(super) fn set_record(world: &World, id: i32) -> Option<Vec<String>> {
    let set = world.sets().find(|set| set.permissions.id == id)?;
    let p = &set.permissions;
    let first = [
        format!("Semaphore Array semid={id}"),
        format!("uid={} gid={} cuid={} cgid={}", p.uid, p.gid, p.cuid, p.cgid),
        format!("mode=0{:03o} access_perms=0{:03o}", p.mode, p.mode & 0o777),
        format!("nsems = {}", set.semaphores.len()),
        "semnum     value      ncount     zcount     pid".to_owned(),
    ];
    let waits = |number: usize, for_zero: bool| {
        let blocking = set.waiters.iter().map(|waiter| waiter.blocking());
        blocking.filter(|op| usize::from(op.number) == number && (op.change == 0) == for_zero).count()
    };
    let rows = set.semaphores.iter().enumerate().map(|(number, semaphore)| {
        let (grow, zero) = (waits(number, false), waits(number, true));
        format!("{number:<10} {:<10} {grow:<10} {zero:<10} {}", semaphore.value, semaphore.pid)
    });
    Some(first.into_iter().chain(rows).collect())
}

/// The name of a user, as far as the model has names.
fn user(uid: u32) -> String {
    match uid {
        0 => "root".to_owned(),
        65534 => "nobody".to_owned(),
        uid => uid.to_string(),
    }
}

fn segment_row(segment: &Segment) -> String {
    let permissions = &segment.permissions;
    let status = status(segment);
    let row = format!(
        "0x{:08x} {:<10} {:<10} {:<10o} {:<10} {:<10} {status}",
        permissions.key.0,
        permissions.id,
        user(permissions.uid),
        permissions.mode & 0o777,
        segment.size,
        segment.attached,
    );
    row.trim_end().to_owned()
}

fn status(segment: &Segment) -> String {
    let marks = [(segment.is_marked(), "dest"), (segment.locked_for.is_some(), "locked")];
    let marks: Vec<_> = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect();
    marks.join(" ")
}

fn set_row(set: &Set) -> String {
    let permissions = &set.permissions;
    format!(
        "0x{:08x} {:<10} {:<10} {:<10o} {}",
        permissions.key.0,
        permissions.id,
        user(permissions.uid),
        permissions.mode & 0o777,
        set.semaphores.len(),
    )
}

/// `/proc/sysvipc/shm`, with the columns that say most.
pub(super) fn sysvipc_shm(world: &World) -> Vec<String> {
    let title =
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
            .to_owned();
    let rows = world.segments().map(|segment| {
        let p = &segment.permissions;
        format!(
            "{:10} {:10}  {:4o} {:21} {:5} {:5}  {:5} {:5} {:5} {:5} {:5}",
            p.key.0,
            p.id,
            p.mode,
            segment.size,
            segment.cpid,
            segment.lpid,
            segment.attached,
            p.uid,
            p.gid,
            p.cuid,
            p.cgid
        )
    });
    std::iter::once(title).chain(rows).collect()
}

/// `/proc/sysvipc/sem`, with the columns that say most.
pub(super) fn sysvipc_sem(world: &World) -> Vec<String> {
    let title = "       key      semid perms      nsems   uid   gid  cuid  cgid".to_owned();
    let rows = world.sets().map(|set| {
        let p = &set.permissions;
        format!(
            "{:10} {:10}  {:4o} {:10} {:5} {:5} {:5} {:5}",
            p.key.0,
            p.id,
            p.mode,
            set.semaphores.len(),
            p.uid,
            p.gid,
            p.cuid,
            p.cgid
        )
    });
    std::iter::once(title).chain(rows).collect()
}

/// `/proc/PID/maps` of a process.
pub(super) fn maps(world: &World, pid: i32) -> Vec<String> {
    let space =
        world.machine.processes.get(&pid).and_then(|process| world.machine.spaces.get(&process.space));
    space
        .into_iter()
        .flat_map(|space| space.mappings.values())
        .map(|mapping| maps_line(world, mapping))
        .collect()
}

fn maps_line(world: &World, mapping: &Mapping) -> String {
    let range = format!("{:08x}-{:08x}", mapping.start, mapping.end);
    match &mapping.target {
        Target::Other => format!("{range} rw-p   the program, its heap or its stack"),
        Target::Segment(view) => {
            let segment = world.segments().find(|segment| segment.permissions.id == view.shmid);
            let key = segment.map_or(0, |segment| segment.made_with.0);
            let rights = rights(view.protection);
            format!(
                "{range} {rights}s {:08x} 00:01 {} /SYSV{key:08x} (deleted)",
                view.offset * 4096,
                view.shmid
            )
        }
    }
}

/// The rights of a mapping, as `/proc/PID/maps` shows them: `rw-`.
pub fn rights(protection: Protection) -> String {
    let marks = [(Protection::READ, 'r'), (Protection::WRITE, 'w'), (Protection::EXEC, 'x')];
    marks.into_iter().map(|(right, mark)| if protection.contains(right) { mark } else { '-' }).collect()
}

/// What a line has changed in the rows of segments and sets.
pub(super) fn changes(before: &World, after: &World) -> Vec<Told> {
    let segments = compared(before.segments().map(segment_fields), after.segments().map(segment_fields));
    let sets = compared(before.sets().map(set_fields), after.sets().map(set_fields));
    segments.into_iter().chain(sets).collect()
}

/// A row, and its fields by name.
type Row = (String, Vec<(&'static str, String)>);

fn segment_fields(segment: &Segment) -> Row {
    let p = &segment.permissions;
    let fields = vec![
        ("key", format!("0x{:08x}", p.key.0)),
        ("owner", user(p.uid)),
        ("perms", format!("{:03o}", p.mode & 0o777)),
        ("bytes", segment.size.to_string()),
        ("nattch", segment.attached.to_string()),
        ("status", status(segment)),
        ("lpid", segment.lpid.to_string()),
        ("pages", segment.pages.len().to_string()),
    ];
    (format!("segment {}", p.id), fields)
}

fn set_fields(set: &Set) -> Row {
    let values: Vec<String> = set.semaphores.iter().map(|semaphore| semaphore.value.to_string()).collect();
    let waiting: Vec<String> = set.waiters.iter().map(|waiter| waiter.pid.to_string()).collect();
    let fields = vec![
        ("perms", format!("{:03o}", set.permissions.mode & 0o777)),
        ("values", values.join(" ")),
        ("waiting", waiting.join(" ")),
    ];
    (format!("set {}", set.permissions.id), fields)
}

fn compared(before: impl Iterator<Item = Row>, after: impl Iterator<Item = Row>) -> Vec<Told> {
    let (before, after): (Vec<Row>, Vec<Row>) = (before.collect(), after.collect());
    let gone = before.iter().filter(|(what, _)| !after.iter().any(|(other, _)| other == what));
    let gone = gone.map(|(what, _)| Told::Changed { what: what.clone(), fields: vec![mark("gone")] });
    let here = after.iter().filter_map(|row| changed(before.iter().find(|(what, _)| *what == row.0), row));
    gone.chain(here).collect()
}

/// A row that is new or gone has no fields that moved.
fn mark(text: &str) -> (String, String, String) {
    (text.to_owned(), String::new(), String::new())
}

fn changed(before: Option<&Row>, (what, after): &Row) -> Option<Told> {
    let Some((_, before)) = before else {
        return Some(Told::Changed { what: what.clone(), fields: vec![mark("new")] });
    };
    let moved = before.iter().zip(after).filter(|(old, new)| old != new);
    let fields: Vec<_> =
        moved.map(|((name, old), (_, new))| ((*name).to_owned(), old.clone(), new.clone())).collect();
    (!fields.is_empty()).then(|| Told::Changed { what: what.clone(), fields })
}
