//! The parsers of `/proc`: whatever the text, they answer and never panic; what is printed, they read back.

use playground::call::{Key, Shmid};
use playground::evidence::maps::{self, Mapping};
use playground::evidence::segments::{self, Row};
use playground::evidence::{Unreadable, limits};
use proptest::prelude::*;
use proptest::sample::Index;

const TABLE: &str = "\
       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
         0     163843   600                 25600  4711     0      0 70000  1000 70000  1000          0          0 1795447862                  4096                     0
-559038737          7  3600                     1     1     1      2     0     0     0     0          1          1          1                     0                     0
";

const MAPS: &str = "\
05000000-05007000 rw-s 00000000 00:01 163843                             /SYSV00000000 (deleted)
55d4c0b5e000-55d4c0b60000 r--p 00000000 fe:00 1234                       /usr/bin/a b
7ffd7b9c4000-7ffd7b9e5000 rw-p 00000000 00:00 0                          [stack]
7ffd7b9f0000-7ffd7b9f2000 r-xp 00000000 00:00 0 
";

const LIMIT: &str = "18446744073692774399\n";

/// Hands a text to every parser. Each has to give back a value, or the text that it could not read.
fn read_by_all(text: &str) {
    let named =
        |unreadable: Unreadable| assert!(text.contains(&unreadable.0), "{unreadable} is not in {text:?}");
    segments::parse(text).map_or_else(named, drop);
    maps::parse(text).map_or_else(named, drop);
    limits::parse(text).map_or_else(named, drop);
}

/// The text with a stretch of it replaced.
fn with_a_wound((text, from, length, instead): (&str, Index, usize, String)) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let from = from.index(characters.len());
    let to = (from + length).min(characters.len());
    characters.splice(from..to, instead.chars());
    characters.into_iter().collect()
}

/// What the kernel writes, with something cut out, put in, or both.
fn wounded() -> impl Strategy<Value = String> {
    let instead = prop_oneof![Just(String::new()), "[0-9a-f -]{0,24}", "\\PC{0,8}", "\\s{1,3}"];
    (prop::sample::select(vec![TABLE, MAPS, LIMIT]), any::<Index>(), 0usize..40, instead)
        .prop_map(with_a_wound)
}

prop_compose! {
    fn row()(
        key: i32, shmid: i32, perms in 0u32..0o4000, size: usize, cpid: i32, lpid: i32, nattch: u64, uid: u32,
        gid: u32, memory: (usize, usize),
    ) -> Row {
        let (rss, swap) = memory;
        Row { key: Key(key), shmid: Shmid(shmid), perms, size, cpid, lpid, nattch, uid, gid, rss, swap }
    }
}

prop_compose! {
    fn mapping()(
        bounds: (usize, usize), perms in "[r-][w-][x-][sp]", offset: u64, device in "[0-9a-f]{2}:[0-9a-f]{2}",
        inode: u64, name in "|\\[heap\\]|/[!-~]([ -~]*[!-~])?",
    ) -> Mapping {
        let (start, end) = (bounds.0.min(bounds.1), bounds.0.max(bounds.1));
        Mapping { start: start.into(), end: end.into(), perms, offset, device, inode, name }
    }
}

/// The row in the kernel's own format (`sysvipc_shm_proc_show` in `ipc/shm.c`).
fn printed(row: &Row) -> String {
    let Row { key: Key(key), shmid, perms, size, cpid, lpid, nattch, uid, gid, rss, swap } = row;
    format!(
        "{key:10} {shmid:10}  {perms:4o} {size:21} {cpid:5} {lpid:5}  {nattch:5} {uid:5} {gid:5} {uid:5} {gid:5} \
         {:10} {:10} {:10} {rss:21} {swap:21}\n",
        0, 0, 0
    )
}

fn heading() -> String {
    TABLE.lines().take(1).map(|line| format!("{line}\n")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        read_by_all(&text);
    }

    #[test]
    fn no_lines_make_a_parser_panic(text in "([0-9a-z:/-]{0,20}[ \t\n]{1,2}){0,40}") {
        read_by_all(&text);
        read_by_all(&format!("{}{text}", heading()));
    }

    #[test]
    fn no_wound_makes_a_parser_panic(text in wounded()) {
        read_by_all(&text);
    }

    #[test]
    fn rows_are_read_as_the_kernel_prints_them(rows in prop::collection::vec(row(), 0..8)) {
        let table: String = heading() + &rows.iter().map(printed).collect::<String>();
        prop_assert_eq!(segments::parse(&table), Ok(rows));
    }

    #[test]
    fn columns_may_come_in_any_order(row in row(), order in Just((0..16).collect::<Vec<usize>>()).prop_shuffle()) {
        let table = heading() + &printed(&row);
        let shuffled: Vec<String> = table.lines().map(|line| {
            let cells: Vec<_> = line.split_whitespace().collect();
            order.iter().map(|&column| cells[column]).collect::<Vec<_>>().join(" ")
        }).collect();
        prop_assert_eq!(segments::parse(&shuffled.join("\n")), Ok(vec![row]));
    }

    #[test]
    fn mappings_are_read_as_they_are_printed(mappings in prop::collection::vec(mapping(), 0..8)) {
        let text: String = mappings.iter().map(|mapping| format!("{mapping}\n")).collect();
        prop_assert_eq!(maps::parse(&text), Ok(mappings));
    }

    #[test]
    fn whatever_is_read_of_maps_reads_the_same_when_printed(text in wounded()) {
        for mapping in maps::parse(&text).unwrap_or_default() {
            prop_assert_eq!(maps::parse(&mapping.to_string()), Ok(vec![mapping]));
        }
    }

    #[test]
    fn a_range_that_ends_before_it_starts_is_not_read(start: usize, end: usize) {
        let line = format!("{start:x}-{end:x} rw-s 00000000 00:01 7 /SYSV00000000 (deleted)");
        prop_assert_eq!(maps::parse(&line).is_ok(), start <= end);
    }

    #[test]
    fn a_mapping_answers_any_question(mapping in mapping(), address: usize, length: usize, id: i32) {
        let (from, to) = (address as u128, address as u128 + length as u128);
        let shares = from.max(mapping.start.0 as u128) < to.min(mapping.end.0 as u128);
        if length > 0 && mapping.length() > 0 && to <= usize::MAX as u128 {
            prop_assert_eq!(mapping.overlaps(address.into(), length), shares);
        }
        let _ = mapping.shows(Shmid(id));
    }

    #[test]
    fn limits_are_read_as_the_kernel_prints_them(limit: u64) {
        prop_assert_eq!(limits::parse(&format!("{limit}\n")), Ok(limit));
    }
}

#[test]
fn what_the_parsers_are_wounded_with_is_whole_at_first() {
    assert_eq!(segments::parse(TABLE).map(|rows| rows.len()), Ok(2));
    assert_eq!(maps::parse(MAPS).map(|mappings| mappings.len()), Ok(4));
    assert_eq!(limits::parse(LIMIT), Ok(18_446_744_073_692_774_399));
}
