//! A CSV as the Parquet file that AWS's Data Exports would write of it: costs are doubles, dates are moments, a product is a map.

use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

/// Writes a CSV as Parquet, so many rows in a group.
pub(crate) fn of_csv(text: &str, compression: Compression, group_of: usize) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let kinds: Vec<Kind> = header.iter().enumerate().map(|(at, name)| kind(name, rows.iter().map(|row| &row[at]))).collect();
    let column = |(name, kind): (&String, &Kind)| match kind {
        Kind::Double => format!("optional double {name};"),
        Kind::Moment => format!("optional int64 {name} (TIMESTAMP_MILLIS);"),
        Kind::Map => {
            format!(
                "optional group {name} (MAP) {{ repeated group key_value {{ required binary key (UTF8); optional binary value (UTF8); }} }}"
            )
        }
        Kind::Text => format!("optional binary {name} (UTF8);"),
    };
    let schema = format!("message export {{ {} }}", header.iter().zip(&kinds).map(column).collect::<String>());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(parse_message_type(&schema).unwrap()), properties).unwrap();
    for rows in rows.chunks(group_of) {
        let mut group = writer.next_row_group().unwrap();
        for (at, kind) in kinds.iter().enumerate() {
            let cells = || rows.iter().map(|row| &row[at]);
            let levels: Vec<i16> = cells().map(|cell| i16::from(!cell.is_empty())).collect();
            let filled = || cells().filter(|cell| !cell.is_empty());
            match kind {
                Kind::Double => {
                    let mut column = group.next_column().unwrap().unwrap();
                    let values: Vec<f64> = filled().map(|cell| cell.parse().unwrap()).collect();
                    column.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
                    column.close().unwrap();
                }
                Kind::Moment => {
                    let mut column = group.next_column().unwrap().unwrap();
                    let values: Vec<i64> = filled().map(millis).collect();
                    column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
                    column.close().unwrap();
                }
                Kind::Text => {
                    let mut column = group.next_column().unwrap().unwrap();
                    let values: Vec<ByteArray> = filled().map(ByteArray::from).collect();
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
                    column.close().unwrap();
                }
                Kind::Map => {
                    let maps: Vec<Vec<(String, String)>> = cells().map(entries).collect();
                    let starts: Vec<i16> = maps.iter().flat_map(|map| (0..map.len().max(1)).map(|at| i16::from(at > 0))).collect();
                    let levels = |whole: i16| -> Vec<i16> {
                        maps.iter().flat_map(|map| if map.is_empty() { vec![0] } else { vec![whole; map.len()] }).collect()
                    };
                    for (part, whole) in [(0, 2), (1, 3)] {
                        let mut column = group.next_column().unwrap().unwrap();
                        let texts = maps.iter().flatten().map(|(key, value)| if part == 0 { key } else { value });
                        let values: Vec<ByteArray> = texts.map(|text| ByteArray::from(text.as_str())).collect();
                        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels(whole)), Some(&starts)).unwrap();
                        column.close().unwrap();
                    }
                }
            }
        }
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

enum Kind {
    Double,
    Moment,
    Map,
    Text,
}

/// By its name; a cost that is no number is a text.
fn kind<'a>(name: &str, mut cells: impl Iterator<Item = &'a str>) -> Kind {
    match name {
        "product" => Kind::Map,
        _ if name.ends_with("_cost") || name.ends_with("Cost") => {
            if cells.all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok()) {
                Kind::Double
            } else {
                Kind::Text
            }
        }
        _ if name.ends_with("_start_date") || name.ends_with("_end_date") || name.ends_with("PeriodStart") => Kind::Moment,
        _ => Kind::Text,
    }
}

fn millis(cell: &str) -> i64 {
    let moment = format!("{}Z", cell.trim_end_matches('Z').trim_end_matches(".000"));
    moment.parse::<ledger_core::time::Instant>().unwrap().micros() / 1_000
}

fn entries(cell: &str) -> Vec<(String, String)> {
    let map: std::collections::BTreeMap<String, String> =
        if cell.is_empty() { Default::default() } else { serde_json::from_str(cell).unwrap() };
    map.into_iter().collect()
}
