//! The two tables: the kernel's segments, and the record of one.

use comfy_table::{ContentArrangement, Table, presets};

use crate::story::event::{Field, SegmentRow};

/// The columns of `ipcs -m`, in its order and under its names.
const IPCS: [&str; 7] = ["key", "shmid", "owner", "perms", "bytes", "nattch", "status"];

/// Below this many columns a row is told as a list.
const NARROW: usize = 56;

pub(super) fn segments(rows: &[SegmentRow], width: usize) -> Vec<String> {
    if rows.is_empty() {
        return vec!["(no segment of ours)".to_owned()];
    }
    let cells = rows.iter().map(cells);
    if width < NARROW {
        return cells
            .flat_map(|cells| {
                IPCS.iter().zip(cells).map(|(name, cell)| format!("{name:<7}{cell}")).collect::<Vec<_>>()
            })
            .collect();
    }
    drawn(IPCS.map(str::to_owned).into(), cells.map(Vec::from).collect(), width)
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

/// One moment with what each field means, or several moments with a star where they differ.
pub(super) fn record(moments: &[String], fields: &[Field], width: usize) -> Vec<String> {
    if let [_] = moments {
        let rows = fields
            .iter()
            .map(|field| vec![field.name.to_owned(), field.values[0].clone(), field.meaning.clone()]);
        return drawn(Vec::new(), rows.collect(), width);
    }
    let heading = [&["".to_owned()], moments, &["".to_owned()]].concat();
    let rows = fields.iter().map(|field| {
        let moved = if field.moved { "* moved" } else { "" };
        [&[field.name.to_owned()], &field.values[..], &[moved.to_owned()]].concat()
    });
    drawn(heading, rows.collect(), width)
}

fn drawn(heading: Vec<String>, rows: Vec<Vec<String>>, width: usize) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width as u16);
    if !heading.is_empty() {
        table.set_header(heading);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}
