//! The cells of a column, as text.

use std::fmt::Write as _;

use ledger_core::problem::{Code, Problem};
use ledger_core::time::Instant;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, ByteArray, DataType, FixedLenByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::ColumnDescriptor;

use super::super::csv::LONGEST_FIELD;

/// Some rows of a column: their texts, one behind the other.
#[derive(Default)]
pub(super) struct Batch {
    text: String,
    ends: Vec<usize>,
    bad: Vec<(usize, Bad)>,
}

/// Why a cell is no text.
#[derive(Clone, Copy)]
enum Bad {
    NotUtf8,
    TooLong,
    NotText,
}

impl Batch {
    pub(super) fn get(&self, at: usize) -> &str {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[from..self.ends[at]]
    }

    pub(super) fn bad(&self, at: usize) -> Option<Problem> {
        let (_, bad) = self.bad.iter().find(|(known, _)| *known == at)?;
        let (code, why) = match bad {
            Bad::NotUtf8 => (Code::E0311, "these bytes are not UTF-8"),
            Bad::TooLong => (Code::E0319, "a cell has at most 1 MiB"),
            Bad::NotText => (Code::E0206, "no text, number or moment can be made of its bytes"),
        };
        Some(Problem::new(code, "", why).cure("export it again"))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.bad.clear();
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    fn spoil(&mut self, bad: Bad) {
        self.bad.push((self.ends.len(), bad));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            _ if bytes.len() as u64 > LONGEST_FIELD => self.spoil(Bad::TooLong),
            Ok(text) => self.text.push_str(text),
            Err(_) => self.spoil(Bad::NotUtf8),
        }
    }

    /// A whole number of which so many places stand behind the point.
    fn decimal(&mut self, units: i128, scale: u32) {
        let (sign, digits) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
        let written = match 10_u128.checked_pow(scale) {
            Some(1) => write!(self.text, "{sign}{digits}"),
            Some(one) => write!(self.text, "{sign}{}.{:0width$}", digits / one, digits % one, width = scale as usize),
            None => return self.spoil(Bad::NotText),
        };
        written.expect("a text has room");
    }

    fn moment(&mut self, micros: i64) {
        let moment = Instant::from_micros(micros);
        if moment.is_in_range() {
            write!(self.text, "{moment}").expect("a text has room");
        } else {
            self.spoil(Bad::NotText);
        }
    }
}

/// What the numbers of a column stand for.
#[derive(Clone, Copy)]
enum Meaning {
    Plain,
    Decimal(u32),
    Day,
    Moment(Unit),
}

#[derive(Clone, Copy)]
enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Meaning {
    fn of(column: &ColumnDescriptor) -> Self {
        match column.logical_type_ref() {
            Some(LogicalType::Decimal(_)) => return Self::Decimal(scale(column)),
            Some(LogicalType::Date) => return Self::Day,
            Some(LogicalType::Timestamp(timestamp)) => {
                return Self::Moment(match timestamp.unit {
                    TimeUnit::MILLIS => Unit::Millis,
                    TimeUnit::MICROS => Unit::Micros,
                    TimeUnit::NANOS => Unit::Nanos,
                });
            }
            _ => (),
        }
        match column.converted_type() {
            ConvertedType::DECIMAL => Self::Decimal(scale(column)),
            ConvertedType::DATE => Self::Day,
            ConvertedType::TIMESTAMP_MILLIS => Self::Moment(Unit::Millis),
            ConvertedType::TIMESTAMP_MICROS => Self::Moment(Unit::Micros),
            _ => Self::Plain,
        }
    }

    fn number(self, number: i64, batch: &mut Batch) {
        let micros = match self {
            Self::Plain => return batch.decimal(i128::from(number), 0),
            Self::Decimal(scale) => return batch.decimal(i128::from(number), scale),
            Self::Day => number.checked_mul(86_400_000_000),
            Self::Moment(Unit::Millis) => number.checked_mul(1_000),
            Self::Moment(Unit::Micros) => Some(number),
            Self::Moment(Unit::Nanos) => Some(number.div_euclid(1_000)),
        };
        match micros {
            Some(micros) => batch.moment(micros),
            None => batch.spoil(Bad::NotText),
        }
    }

    /// Bytes, which are a text or, with the highest first, a whole number.
    fn bytes(self, bytes: &[u8], batch: &mut Batch) {
        match self {
            Self::Decimal(scale) if (1..=16).contains(&bytes.len()) => {
                let sign = if bytes[0] & 0x80 == 0 { 0_i128 } else { -1 };
                batch.decimal(bytes.iter().fold(sign, |units, byte| (units << 8) | i128::from(*byte)), scale);
            }
            Self::Decimal(_) => batch.spoil(Bad::NotText),
            _ => batch.bytes(bytes),
        }
    }
}

fn scale(column: &ColumnDescriptor) -> u32 {
    u32::try_from(column.type_scale()).unwrap_or_default()
}

/// A value of a column, written.
trait Write {
    fn write(&self, meaning: Meaning, batch: &mut Batch);
}

impl Write for bool {
    fn write(&self, _: Meaning, batch: &mut Batch) {
        batch.text.push_str(if *self { "true" } else { "false" });
    }
}

impl Write for i32 {
    fn write(&self, meaning: Meaning, batch: &mut Batch) {
        meaning.number(i64::from(*self), batch);
    }
}

impl Write for i64 {
    fn write(&self, meaning: Meaning, batch: &mut Batch) {
        meaning.number(*self, batch);
    }
}

impl Write for Int96 {
    fn write(&self, _: Meaning, batch: &mut Batch) {
        // The days of 1970 are so many since the Julian calendar's first.
        let [low, high, day] = [self.data()[0], self.data()[1], self.data()[2]].map(i128::from);
        let micros = (day - 2_440_588) * 86_400_000_000 + ((high << 32) | low) / 1_000;
        match i64::try_from(micros) {
            Ok(micros) => batch.moment(micros),
            Err(_) => batch.spoil(Bad::NotText),
        }
    }
}

impl Write for f32 {
    fn write(&self, _: Meaning, batch: &mut Batch) {
        write!(batch.text, "{self}").expect("a text has room");
    }
}

impl Write for f64 {
    fn write(&self, _: Meaning, batch: &mut Batch) {
        write!(batch.text, "{self}").expect("a text has room");
    }
}

impl Write for ByteArray {
    fn write(&self, meaning: Meaning, batch: &mut Batch) {
        meaning.bytes(self.as_bytes(), batch);
    }
}

impl Write for FixedLenByteArray {
    fn write(&self, meaning: Meaning, batch: &mut Batch) {
        meaning.bytes(self.as_bytes(), batch);
    }
}

/// Reads a column of one group of rows.
pub(super) struct Reader {
    leaves: Vec<Leaf>,
    /// Of a map: its keys and its values.
    parts: [Batch; 2],
}

struct Leaf {
    reader: ColumnReader,
    meaning: Meaning,
    /// From here on a level says that there is a value.
    whole: i16,
    repeats: bool,
    levels: Vec<i16>,
    starts: Vec<i16>,
}

impl Reader {
    pub(super) fn of(group: &dyn RowGroupReader, leaves: &[usize]) -> Result<Self, ParquetError> {
        let leaf = |at: &usize| {
            let metadata = group.metadata();
            let column = metadata.column(*at).column_descr();
            let (meaning, whole) = (Meaning::of(column), column.max_def_level());
            let reader = group.get_column_reader(*at)?;
            Ok(Leaf { reader, meaning, whole, repeats: column.max_rep_level() > 0, levels: Vec::new(), starts: Vec::new() })
        };
        Ok(Self { leaves: leaves.iter().map(leaf).collect::<Result<_, ParquetError>>()?, parts: Default::default() })
    }

    /// Reads so many rows, and says how many there were.
    pub(super) fn read(&mut self, rows: usize, into: &mut Batch) -> Result<usize, ParquetError> {
        into.clear();
        match self.leaves.as_mut_slice() {
            [only] if !only.repeats => {
                let read = only.read(rows, into)?;
                Ok(read)
            }
            [keys, values] => {
                let [names, texts] = &mut self.parts;
                names.clear();
                texts.clear();
                let read = keys.read(rows, names)?;
                if values.read(rows, texts)? != read || keys.starts != values.starts {
                    return Err(ParquetError::General("a map has other keys than values".to_owned()));
                }
                objects(keys, (names, texts), into);
                Ok(read)
            }
            _ => {
                // A list, or a map in something else: not written.
                (0..rows).for_each(|_| {
                    into.spoil(Bad::NotText);
                    into.end();
                });
                Ok(rows)
            }
        }
    }
}

/// The maps of some rows, as JSON objects; nothing where there is no map, or nothing in it.
fn objects(keys: &Leaf, (names, texts): (&Batch, &Batch), into: &mut Batch) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut open = false;
    for (at, start) in keys.starts.iter().enumerate() {
        if *start == 0 && at > 0 {
            into.text.push_str(if open { "}" } else { "" });
            into.end();
            open = false;
        }
        if keys.levels[at] == keys.whole {
            into.text.push(if open { ',' } else { '{' });
            write!(into.text, "{}:{}", quoted(names.get(at)), quoted(texts.get(at))).expect("a text has room");
            open = true;
        }
    }
    if !keys.starts.is_empty() {
        into.text.push_str(if open { "}" } else { "" });
        into.end();
    }
}

impl Leaf {
    /// Reads so many rows, a cell for each level: of what does not repeat, a cell for each row.
    fn read(&mut self, rows: usize, into: &mut Batch) -> Result<usize, ParquetError> {
        self.levels.clear();
        self.starts.clear();
        let Self { reader, meaning, whole, repeats, levels, starts } = self;
        let (meaning, whole, repeats) = (*meaning, *whole, *repeats);
        match reader {
            ColumnReader::BoolColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::Int32ColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::Int64ColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::Int96ColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::FloatColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::DoubleColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::ByteArrayColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => fill(reader, rows, meaning, whole, repeats, (levels, starts), into),
        }
    }
}

fn fill<T: DataType<T: Write>>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    meaning: Meaning,
    whole: i16,
    repeats: bool,
    (levels, starts): (&mut Vec<i16>, &mut Vec<i16>),
    into: &mut Batch,
) -> Result<usize, ParquetError> {
    let mut values = Vec::new();
    let mut read = 0;
    while read < rows {
        let (records, given, _) =
            reader.read_records(rows - read, (whole > 0).then_some(&mut *levels), repeats.then_some(&mut *starts), &mut values)?;
        if records == 0 && given == 0 {
            break;
        }
        read += records;
    }
    let is_filled: Box<dyn Iterator<Item = bool>> =
        if whole > 0 { Box::new(levels.iter().map(|level| *level == whole)) } else { Box::new(values.iter().map(|_| true)) };
    let (mut cells, mut given) = (0, values.iter());
    for is_filled in is_filled {
        if is_filled {
            let Some(value) = given.next() else { return Err(ParquetError::General("a value is missing".to_owned())) };
            value.write(meaning, into);
        }
        into.end();
        cells += 1;
    }
    if !repeats && cells != read {
        return Err(ParquetError::General(format!("{cells} cells in {read} rows")));
    }
    Ok(read)
}
