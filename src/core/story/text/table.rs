//! The two tables: the kernel's segments, in the columns of `ipcs -m`, and the record of one.

use crate::story::event::{Field, SegmentRow};

/// The columns of `ipcs -m`, in its order, under its names, as wide as it makes them.
const IPCS: [&str; 7] = ["key", "shmid", "owner", "perms", "bytes", "nattch", "status"];
const CELL: usize = 10;

/// Below this many columns a row is told as a list.
const NARROW: usize = 72;

/// How wide a field's name and its values are, at least.
const NAME: usize = 14;
const VALUE: usize = 20;

pub(super) fn segments(rows: &[SegmentRow], width: usize) -> Vec<String> {
    if rows.is_empty() {
        return vec!["(no segment of ours)".to_owned()];
    }
    let rows = rows.iter().map(cells);
    if width < NARROW {
        return rows.flat_map(|cells| listed(&cells)).collect();
    }
    let heading = IPCS.map(str::to_owned);
    std::iter::once(heading)
        .chain(rows)
        .map(|cells| cells.map(|cell| format!("{cell:<CELL$}")).join(" "))
        .collect()
}

fn listed(cells: &[String; 7]) -> Vec<String> {
    IPCS.iter().zip(cells).map(|(name, cell)| format!("{name:<6} {cell}")).collect()
}

fn cells(SegmentRow { row, owner, .. }: &SegmentRow) -> [String; 7] {
    [
        format!("{:#010x}", row.key.0),
        row.shmid.to_string(),
        owner.clone(),
        format!("{:03o}", row.perms & 0o777),
        row.size.to_string(),
        row.nattch.to_string(),
        row.status(),
    ]
}

/// Any table: columns as wide as their widest cell, or a list where they do not fit.
pub(super) fn filled(heading: &[String], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let all = || std::iter::once(heading).chain(rows.iter().map(Vec::as_slice));
    let widest = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heading.len()).map(widest).collect();
    if widths.iter().map(|width| width + 2).sum::<usize>() > width + 2 {
        let list = |row: &Vec<String>| -> Vec<String> {
            heading.iter().zip(row).map(|(name, cell)| format!("{name}: {cell}")).collect()
        };
        return rows.iter().flat_map(list).collect();
    }
    let line = |row: &[String]| -> String {
        row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  ", width = *width)).collect()
    };
    all().map(line).collect()
}

/// One moment with what each field means, or several moments with a mark where they differ.
pub(super) fn record(
    moments: &[String],
    fields: &[Field],
    values: impl Fn(&Field) -> Vec<String>,
) -> Vec<String> {
    let width = fields.iter().flat_map(&values).map(|value| value.len()).fold(VALUE, usize::max);
    let line = |name: &str, values: &[String], rest: &str| {
        let cells: String = values.iter().map(|value| format!("{value:<width$} ")).collect();
        format!("{name:<NAME$} {cells}{rest}")
    };
    if moments.len() == 1 {
        return fields.iter().map(|field| line(&field.name, &values(field), &field.meaning)).collect();
    }
    let mark = |field: &Field| if field.moved { "moved" } else { "" };
    let rows = fields.iter().map(|field| line(&field.name, &values(field), mark(field)));
    std::iter::once(line("", moments, "")).chain(rows).collect()
}
