use std::sync::Arc;

use ledger_core::problem::Problems;
use parquet::basic::{Compression, ConvertedType, GzipLevel, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type, Int64Type, Int96,
    Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;

use super::*;

const SCHEMA: &str = "
    message export {
        optional binary name (UTF8);
        required double cost;
        optional float rate;
        optional int64 paid (DECIMAL(18, 4));
        optional int32 small (DECIMAL(9, 2));
        optional binary wide (DECIMAL(30, 10));
        optional fixed_len_byte_array(16) fixed (DECIMAL(38, 12));
        optional int64 millis (TIMESTAMP_MILLIS);
        optional int64 micros (TIMESTAMP_MICROS);
        optional int96 legacy;
        optional int32 day (DATE);
        optional boolean flag;
        optional group product (MAP) { repeated group key_value { required binary key (UTF8); optional binary value (UTF8); } }
        optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }
        optional group inner { optional binary text (UTF8); }
    }";

/// Writes a file with groups of three rows: values, nothing, and other values.
fn written(compression: Compression, groups: usize) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        let level = [1, 0, 1];
        macro_rules! column {
            ($kind:ty, $values:expr, $levels:expr, $starts:expr) => {{
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<$kind>().write_batch(&$values, $levels, $starts).unwrap();
                column.close().unwrap();
            }};
            ($kind:ty, $values:expr) => {
                column!($kind, $values, Some(&level), None)
            };
        }
        let text = |text: &str| ByteArray::from(text);
        column!(ByteArrayType, [text("Globex, \"Inc\""), text("é")]);
        column!(DoubleType, [0.300_000_000_000_000_04, 1.0e-7, -47.681_693_899_80], None, None);
        column!(FloatType, [0.1, 3.0]);
        column!(Int64Type, [-5, 12_345_678]);
        column!(Int32Type, [150, -1]);
        column!(ByteArrayType, [ByteArray::from(vec![0xff, 0x85]), ByteArray::from(vec![1])]);
        let fixed = |units: i128| FixedLenByteArray::from(units.to_be_bytes().to_vec());
        column!(FixedLenByteArrayType, [fixed(-1_500_000_000_000), fixed(1)]);
        column!(Int64Type, [1_772_323_200_000, -1]);
        column!(Int64Type, [1_772_323_200_000_000, 1]);
        let legacy = |day: u32| {
            let mut value = Int96::new();
            value.set_data(0, 0, day);
            value
        };
        column!(Int96Type, [legacy(2_440_588), legacy(2_440_589)]);
        column!(Int32Type, [20_513, 0]);
        column!(BoolType, [true, false]);
        // Two entries, no map, and one entry without a value.
        column!(ByteArrayType, [text("product_name"), text("b"), text("c")], Some(&[2, 2, 0, 2]), Some(&[0, 1, 0, 0]));
        column!(ByteArrayType, [text("Claude (Amazon Bedrock Edition)"), text("\"")], Some(&[3, 3, 0, 2]), Some(&[0, 1, 0, 0]));
        column!(ByteArrayType, [text("a")], Some(&[3, 0, 0]), Some(&[0, 0, 0]));
        column!(ByteArrayType, [text("deep")], Some(&[2, 0, 1]), None);
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The rows of a file, what is wrong with it, and whether it was read to its end.
fn read(bytes: &[u8]) -> (Vec<Vec<String>>, Problems, bool) {
    let (_folder, path) = file(bytes);
    let mut problems = Problems::new();
    let Some(mut rows) = Rows::open(&path, &mut problems).unwrap() else { return (Vec::new(), problems, false) };
    let columns = rows.header().len();
    rows.want((0..columns).filter(|column| rows_are_text(&rows.header()[*column])).collect::<Vec<_>>().into_iter());
    let mut given = Vec::new();
    while let Some(row) = rows.next(&mut problems) {
        given.push((0..columns).map(|column| row.get(column).to_owned()).collect());
    }
    let (_, _, seen, damaged) = rows.finish().unwrap();
    assert!(damaged || seen >= given.len() as u64);
    (given, problems, !damaged)
}

fn rows_are_text(name: &str) -> bool {
    !name.starts_with("tags")
}

#[test]
fn every_type_is_written_as_a_csv_would_have_it() {
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(GzipLevel::default()), Compression::ZSTD(ZstdLevel::default())]
    {
        let (rows, problems, whole) = read(&written(compression, 2));
        assert!(problems.is_empty() && whole, "{:?}", problems.kinds());
        let first = [
            "Globex, \"Inc\"",
            "0.30000000000000004",
            "0.1",
            "-0.0005",
            "1.50",
            "-0.0000000123",
            "-1.500000000000",
            "2026-03-01T00:00:00Z",
            "2026-03-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "2026-03-01T00:00:00Z",
            "true",
            "{\"product_name\":\"Claude (Amazon Bedrock Edition)\",\"b\":\"\\\"\"}",
            "",
            "deep",
        ];
        let third = [
            "é",
            "-47.6816938998",
            "3",
            "1234.5678",
            "-0.01",
            "0.0000000001",
            "0.000000000001",
            "1969-12-31T23:59:59.999000Z",
            "1970-01-01T00:00:00.000001Z",
            "1970-01-02T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "false",
            "{\"c\":\"\"}",
            "",
            "",
        ];
        assert_eq!(rows.len(), 6);
        assert_eq!((&rows[0], &rows[3]), (&first.map(str::to_owned).to_vec(), &rows[0]));
        assert_eq!(rows[1].iter().map(String::as_str).collect::<Vec<_>>(), [vec!["", "0.0000001"], vec![""; 13]].concat());
        assert_eq!(rows[2], third.map(str::to_owned).to_vec());
    }
}

#[test]
fn a_list_is_no_cell() {
    let (_folder, path) = file(&written(Compression::SNAPPY, 1));
    let mut problems = Problems::new();
    let mut rows = Rows::open(&path, &mut problems).unwrap().unwrap();
    let tags = rows.header().iter().position(|name| name == "tags.list.element").unwrap();
    rows.want([tags].into_iter());
    assert!(rows.next(&mut problems).is_none());
    assert_eq!((problems.total(), problems.kinds()[0].first.line), (3, 1));
}

#[test]
fn bytes_that_are_no_text_spoil_their_row_alone() {
    let schema = Arc::new(parse_message_type("message a { required binary name; }").unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values = [ByteArray::from("a"), ByteArray::from(vec![0xff]), ByteArray::from(vec![b'x'; (1 << 20) + 1]), ByteArray::from("b")];
    column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let (rows, problems, whole) = read(&writer.into_inner().unwrap());
    assert_eq!((rows, whole), (vec![vec!["a".to_owned()], vec!["b".to_owned()]], true));
    let found: Vec<(Code, u64)> = problems.kinds().iter().map(|kind| (kind.first.problem.code, kind.first.line)).collect();
    assert_eq!(found, [(Code::E0311, 2), (Code::E0319, 3)]);
}

#[test]
fn a_file_that_was_cut_off_or_altered_is_never_believed_nor_a_crash() {
    let bytes = written(Compression::SNAPPY, 2);
    for length in (4..bytes.len()).step_by(7) {
        let (rows, problems, whole) = read(&bytes[..length]);
        assert!(rows.is_empty() && !whole, "{length}");
        assert_eq!(problems.kinds()[0].first.problem.code, Code::E0328, "{length}");
    }
    // A byte that is another one makes other values, or a file that is refused: it never ends the process.
    let mut state = 7_u64;
    for _ in 0..600 {
        let mut altered = bytes.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % altered.len();
            altered[at] ^= 1 << (state >> 29 & 7);
        }
        read(&altered);
    }
}

#[test]
fn a_file_made_to_exhaust_the_machine_is_left() {
    let schema = Arc::new(
        Type::group_type_builder("a")
            .with_fields(vec![Arc::new(
                Type::primitive_type_builder("name", Physical::BYTE_ARRAY)
                    .with_repetition(Repetition::REQUIRED)
                    .with_converted_type(ConvertedType::UTF8)
                    .build()
                    .unwrap(),
            )])
            .build()
            .unwrap(),
    );
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let same = vec![ByteArray::from("a"); 1_500_000];
    column.typed::<ByteArrayType>().write_batch(&same, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let (rows, problems, _) = read(&writer.into_inner().unwrap());
    assert!(rows.is_empty());
    assert_eq!(problems.kinds()[0].first.problem.code, Code::E0320);
}
